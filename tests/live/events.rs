//! Events of few people, names, values and instants, so that they meet, and so that windows end just where something begins.

use serde_json::{Value as Json, json};
use volens::Timestamp;

use crate::choices::Choices;
use crate::make::{CATEGORIES, EVENTS};

/// 2026-06-28T00:00:00Z: about then most things happen.
const START: i64 = 1_782_604_800_000;
const HOUR: i64 = 3_600_000;
/// Before it nothing happens.
pub(crate) const EARLIEST: Timestamp = Timestamp::from_millis(START - 1000 * HOUR);
const STEPS: [i64; 12] = [
    0,
    1,
    HOUR / 2,
    HOUR,
    HOUR,
    2 * HOUR,
    24 * HOUR,
    24 * HOUR,
    25 * HOUR,
    48 * HOUR,
    72 * HOUR,
    168 * HOUR,
];
const NUMBERS: [&str; 10] = [
    "5",
    "5.5",
    "0",
    "-1",
    "0.1",
    "1000",
    "9007199254740993",
    "1",
    "4.999",
    "6",
];
const TEXTS: [&str; 12] = [
    "5",
    "5.0",
    "true",
    "pro",
    "p",
    "",
    "2026-06-29",
    "2026-06-30T00:00:00.001Z",
    "2026-06-28",
    "2026-07-01T00:00Z",
    "b",
    "ü5",
];

pub(crate) fn text(instant: Timestamp) -> String {
    instant.to_string()
}

/// An instant near the start, on an edge or a millisecond beside it.
pub(crate) fn instant(choices: &mut Choices) -> Timestamp {
    let sign = if choices.once_in(3) { -1 } else { 1 };
    let far = STEPS[choices.below(STEPS.len())] + STEPS[choices.below(STEPS.len())] * i64::from(choices.once_in(3));
    let beside = [0, 0, 0, 1, -1][choices.below(5)];
    Timestamp::from_millis(START + sign * far + beside)
}

/// What time passes.
pub(crate) fn later(choices: &mut Choices, than: Timestamp) -> Timestamp {
    let than = than.max(Timestamp::from_millis(START - 48 * HOUR));
    Timestamp::from_millis(
        than.as_millis() + STEPS[choices.below(STEPS.len())] + [0, 0, 0, -1][choices.below(4)].max(0),
    )
}

fn value(choices: &mut Choices, depth: usize) -> Json {
    match choices.below(if depth > 0 { 9 } else { 6 }) {
        0 | 1 => serde_json::from_str(NUMBERS[choices.below(NUMBERS.len())]).unwrap(),
        2..=4 => json!(TEXTS[choices.below(TEXTS.len())]),
        5 => json!(choices.once_in(2)),
        6 | 7 => {
            let length = choices.below(4);
            (0..length).map(|_| value(choices, depth - 1)).collect()
        }
        _ => object(choices, &["p", "a", "q", "item"], depth - 1),
    }
}

fn object(choices: &mut Choices, keys: &[&str], depth: usize) -> Json {
    let mut object = json!({});
    for key in keys {
        if choices.once_in(2) {
            object[*key] = if choices.once_in(12) {
                Json::Null
            } else {
                value(choices, depth)
            };
        }
    }
    object
}

/// A consent object, or none.
fn consent(choices: &mut Choices) -> Option<Json> {
    match choices.below(6) {
        0..=2 => None,
        3 => Some(json!({})),
        _ => {
            let mut preferences = json!({});
            for category in CATEGORIES {
                if choices.below(4) > 0 {
                    preferences[category] = json!(choices.below(3) > 0);
                }
            }
            Some(json!({"categoryPreferences": preferences}))
        }
    }
}

/// An event; `number` makes its message id, which now and then is that of another.
pub(crate) fn event(choices: &mut Choices, number: usize) -> Json {
    let id = if choices.once_in(20) { number / 2 } else { number };
    let mut event = json!({
        "messageId": format!("m{id}"),
        "timestamp": text(instant(choices)),
    });
    if choices.once_in(4) {
        event["receivedAt"] = json!(text(instant(choices)));
    }
    let who = choices.below(12);
    if !who.is_multiple_of(3) {
        event["userId"] = json!(["u1", "u2", "u3"][who % 2 + choices.below(2)]);
    }
    if who % 3 != 1 {
        event["anonymousId"] = json!(["a1", "a2", "a3", "a4"][choices.below(4)]);
    }
    let mut traits = json!({});
    match choices.below(8) {
        0..=3 => {
            event["type"] = json!("track");
            event["event"] = json!(EVENTS[choices.below(EVENTS.len())]);
            event["properties"] = object(choices, &["p", "q", "o", "l"], 2);
        }
        4 | 5 => {
            event["type"] = json!("identify");
            traits = object(choices, &["a", "b", "c", "o", "l", "n"], 2);
        }
        6 => {
            event["type"] = json!("group");
            event["groupId"] = json!(["g", "h"][choices.below(2)]);
            traits = object(choices, &["a", "b", "c", "o", "l"], 2);
        }
        _ => {
            event["type"] = json!("track");
            event["event"] = json!("Segment Consent Preference Updated");
            event["context"]["consent"] =
                json!({"categoryPreferences": {"A": choices.once_in(2), "B": choices.once_in(2), "C": true}});
        }
    }
    if event["type"] != "group" && choices.once_in(4) {
        event["context"]["traits"]["email"] = json!(["x@x.com", "y@x.com"][choices.below(2)]);
    }
    if event["type"] != "track" {
        event["traits"] = traits;
    }
    if event["context"]["consent"].is_null() {
        if let Some(consent) = consent(choices) {
            event["context"]["consent"] = consent;
        } else if let Some(context) = event["context"].as_object_mut() {
            context.remove("consent");
        }
        if event["context"].is_null() {
            event.as_object_mut().unwrap().remove("context");
        }
    }
    event
}
