//! What a failure says of whom it is about: why they are in the audiences concerned, or not, as `volens explain` tells it.

use super::who::Who;
use crate::diagnostic::visible;
use crate::engine::{Among, AudienceRun, Error, Outcome};
use crate::explain::Explanation;
use crate::ir::Subject;
use crate::model::account_label;
use crate::time::Timestamp;

/// As many explanations as anybody reads below one failure,
const SHOWN: usize = 3;
/// and as many lines of each.
const LINES: usize = 40;

/// Lines for people, about the audiences that an expectation is about, and of a delivery the destination.
pub(super) fn explain(
    among: &Among<'_>,
    who: &Who<'_>,
    audiences: &[&AudienceRun],
    at: Option<&str>,
    now: Timestamp,
) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    for audience in audiences.iter().take(SHOWN) {
        explain_one(among, who, audience, at, now, &mut lines)?;
    }
    if let Some(rest) = audiences.len().checked_sub(SHOWN).filter(|rest| *rest > 0) {
        lines.push(format!("and {rest} more of the audiences that are sent there"));
    }
    Ok(lines)
}

fn explain_one(
    among: &Among<'_>,
    who: &Who<'_>,
    audience: &AudienceRun,
    at: Option<&str>,
    now: Timestamp,
    lines: &mut Vec<String>,
) -> Result<(), Error> {
    let name = &*audience.name;
    match (audience.of, who.profile, who.account) {
        (Subject::User, Some(profile), _) => add(&among.explain(name, profile, now)?, at, lines),
        (Subject::Account, _, Some(account)) => add(&among.explain_account(name, account, now)?, at, lines),
        // A user is delivered as one of its accounts: of the one that matches, if one does.
        (Subject::Account, Some(profile), None) => {
            let is_member = |id: &&str| {
                let label = account_label(id);
                audience
                    .members
                    .binary_search_by(|member| (**member).cmp(&label))
                    .is_ok()
            };
            let account = profile.accounts().find(is_member).or_else(|| profile.accounts().next());
            let Some(account) = account else {
                lines.push(format!("{} has no account", who.shown()));
                return Ok(());
            };
            let explanation = among.explain_account(name, account, now)?;
            add(&explanation, None, lines);
            let deliveries = among.deliveries(name, profile, now)?;
            for delivery in deliveries.iter().filter(|delivery| Some(delivery.destination) == at) {
                let outcome = match &delivery.outcome {
                    Outcome::NotMember if explanation.member => "left out by the audience's clauses".to_owned(),
                    outcome => outcome.to_string(),
                };
                lines.push(format!(
                    "{} at {}: {outcome}",
                    who.shown(),
                    visible(delivery.destination)
                ));
            }
        }
        (Subject::User, None, _) | (Subject::Account, None, None) => {}
    }
    Ok(())
}

/// The lines of an explanation that are not blank; of its destinations the one in question.
fn add(explanation: &Explanation, at: Option<&str>, lines: &mut Vec<String>) {
    let conditions = explanation.conditions_text().to_string();
    let conditions: Vec<&str> = conditions.lines().filter(|line| !line.is_empty()).collect();
    lines.extend(conditions.iter().take(LINES).map(|line| (*line).to_owned()));
    if let Some(rest) = conditions.len().checked_sub(LINES).filter(|rest| *rest > 0) {
        lines.push(format!("… and {rest} lines more, which `volens explain` shows"));
    }
    if let Some(at) = at {
        let destination = explanation.destination_text(at).to_string();
        lines.extend(destination.lines().take(LINES).map(str::to_owned));
    }
}
