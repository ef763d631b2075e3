//! A set of events as text: who is in which audience, and what becomes of them at each destination.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use crate::diagnostic::visible;
use crate::engine::{AudienceRun, Engine, Error, Outcome, Run};
use crate::ingest::Ingested;
use crate::ir::Subject;
use crate::model::account_label;
use crate::time::Timestamp;

/// All profiles that the events lead to, sorted by label, with the audiences that each is in and what becomes of it at each
/// of their destinations, as of `now`.
///
/// `events` is the text of JSON lines, as [`Engine::ingest`] reads it. Refused events are listed with their line, code and
/// reason, so that a slip in a fixture does not pass for somebody who is left out. Where the workspace has audiences of
/// accounts, the accounts are listed as well: they are the members of those, and their users are delivered.
///
/// ```
/// use volens::{Engine, testing};
///
/// let engine = Engine::from_text("shop.audience", r#"
///     category Advertising
///     destination google_ads requires Advertising
///     audience pros { who trait plan = "pro"  send to google_ads }
/// "#)?;
/// let events = r#"
///     {"type": "identify", "userId": "u1", "timestamp": "2026-06-01", "traits": {"plan": "pro"}}
///     {"type": "identify", "userId": "u2", "timestamp": "2026-06-01", "traits": {"plan": "free"}}
/// "#;
/// let text = testing::deliveries(&engine, events, "2026-06-30".parse()?)?;
/// assert_eq!(text, "\
/// As of 2026-06-30T00:00:00Z, consent enforcement on
/// 2 events read: 2 applied, 0 duplicate, 0 later than this instant, 0 rejected
///
/// user_id:u1
///   pros → google_ads: filtered: Advertising not collected
///
/// user_id:u2
///   (in no audience)
/// ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::TooCostly`]
pub fn deliveries(engine: &Engine, events: impl AsRef<[u8]>, now: Timestamp) -> Result<String, Error> {
    let ingested = engine.ingest(events.as_ref(), now)?;
    let run = engine.run(&ingested.profiles, now)?;
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, engine, &ingested, &run);
    Ok(out)
}

fn write(out: &mut String, engine: &Engine, ingested: &Ingested, run: &Run) -> fmt::Result {
    let enforcement = if run.enforcement { "on" } else { "off" };
    writeln!(out, "As of {}, consent enforcement {enforcement}", run.now)?;
    let counts = &ingested.counts;
    writeln!(
        out,
        "{} events read: {} applied, {} duplicate, {} later than this instant, {} rejected",
        counts.read, counts.applied, counts.duplicate, counts.later, counts.rejected
    )?;
    for (violation, count) in &ingested.violations {
        writeln!(out, "left out: {violation}: {count}")?;
    }
    for reject in &ingested.rejects {
        let reason = visible(&reject.reason);
        writeln!(out, "line {} rejected: {}: {reason}", reject.line, reject.code)?;
    }

    let mut profiles: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for user in ingested.profiles.users() {
        profiles.entry(engine.label(user)).or_default();
    }
    if run.audiences.iter().any(|audience| audience.of == Subject::Account) {
        for id in ingested.profiles.accounts().keys() {
            profiles.entry(account_label(id)).or_default();
        }
    }
    for audience in &run.audiences {
        rows(audience, &mut profiles);
    }
    for (label, rows) in &profiles {
        writeln!(out, "\n{}", visible(label))?;
        if rows.is_empty() {
            writeln!(out, "  (in no audience)")?;
        }
        for row in rows {
            writeln!(out, "  {row}")?;
        }
    }
    Ok(())
}

/// Adds the rows of one audience to those whom it concerns.
fn rows(audience: &AudienceRun, profiles: &mut BTreeMap<String, Vec<String>>) {
    let name = visible(&audience.name);
    let mut add = |label: &str, row: String| profiles.entry(label.to_owned()).or_default().push(row);
    // A member that is a person has a row for each destination; an account itself is delivered nowhere.
    let note = match audience.of {
        _ if audience.destinations.is_empty() => Some("(sent nowhere)"),
        Subject::Account => Some("(its users are delivered)"),
        Subject::User => None,
    };
    if let Some(note) = note {
        for member in &audience.members {
            add(member, format!("{name} {note}"));
        }
    }
    for destination in &audience.destinations {
        let to = visible(&destination.name);
        for member in &destination.delivered {
            add(member, format!("{name} → {to}: {}", Outcome::Delivered));
        }
        for filtered in &destination.filtered {
            let missing = filtered.categories.iter().map(|(id, state)| (&**id, *state));
            let outcome = Outcome::Filtered(missing.collect());
            add(&filtered.profile, format!("{name} → {to}: {outcome}"));
        }
    }
}
