//! What a failure says of the profile it is about: where it is a member, and what becomes of it.

use crate::diagnostic::visible;
use crate::engine::{Engine, Error};
use crate::model::Profile;
use crate::time::Timestamp;

/// As many audiences as anybody reads below one failure.
const SHOWN: usize = 20;

/// Lines for people.
pub(super) fn explain(engine: &Engine, profile: &Profile, now: Timestamp) -> Result<Vec<String>, Error> {
    let label = visible(&engine.label(profile));
    let audiences = engine.memberships(profile, now)?;
    if audiences.is_empty() {
        return Ok(vec![format!("{label} is in no audience")]);
    }
    let mut lines = vec![format!("{label} is in:")];
    for audience in audiences.iter().take(SHOWN) {
        let deliveries = engine.deliveries(audience, profile, now)?;
        let to: Vec<String> = deliveries
            .iter()
            .map(|delivery| format!("{} {}", visible(delivery.destination), delivery.outcome))
            .collect();
        let to = if to.is_empty() {
            "sent nowhere".to_owned()
        } else {
            to.join("; ")
        };
        lines.push(format!("  {} → {to}", visible(audience)));
    }
    if let Some(rest) = audiences.len().checked_sub(SHOWN).filter(|rest| *rest > 0) {
        lines.push(format!("  and {rest} more"));
    }
    Ok(lines)
}
