//! The lines by which a store accounts for what it has taken away: no personal data, and nothing from which any could be
//! told.

use super::record::{Dropped, Forgotten};

/// `{"time": …, "action": "forgotten", "events": 12}`
pub(super) fn forgotten(forgotten: &Forgotten) -> String {
    let line = serde_json::json!({
        "time": forgotten.at,
        "action": "forgotten",
        "events": forgotten.events.len(),
    });
    line.to_string()
}

/// `{"time": …, "action": "history dropped", "up_to": …}`
pub(super) fn dropped(dropped: &Dropped) -> String {
    let line = serde_json::json!({
        "time": dropped.at,
        "action": "history dropped",
        "up_to": dropped.horizon,
    });
    line.to_string()
}
