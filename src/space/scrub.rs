//! Takes parts of an event's JSON away, so that what is left is still an event.

use crate::ingest::{Identifier, times};
use crate::model::{IdentityRules, SourceRoot, is_preference_update, matched};
use crate::time::Timestamp;
use crate::value::{Object, Value};

/// A value that never identifies anybody (ID-8).
const NOBODY: &str = "null";
/// What an event keeps of itself when its history is dropped: who it is about, when, and what it says of consent.
const KEPT: [&str; 11] = [
    "anonymousId",
    "context",
    "event",
    "messageId",
    "originalTimestamp",
    "properties",
    "receivedAt",
    "sentAt",
    "timestamp",
    "type",
    "userId",
];
/// What its context keeps: consent, and where identifiers stand (ID-2, ID-3).
const KEPT_OF_CONTEXT: [&str; 5] = ["consent", "device", "externalIds", "integrations", "traits"];

/// Takes every string away that is one of these identifiers, wherever a person can be named.
pub(super) fn hide(event: &mut Value, identifiers: &[Identifier]) {
    let is_hidden = |text: &str| identifiers.iter().any(|id| *matched(&id.kind, text) == *id.value);
    let Value::Object(event) = event else { return };
    for key in ["userId", "anonymousId"] {
        if event.get(key).and_then(Value::as_str).is_some_and(is_hidden) {
            event.remove(key);
        }
    }
    for key in ["context", "traits", "properties", "integrations"] {
        if let Some(mut part) = event.remove(key) {
            take_strings(&mut part, &is_hidden);
            event.insert(key, part);
        }
    }
    // An event has to have an id, though it may be nobody's. Null is none.
    let has = |key| event.get(key).and_then(Value::present).is_some();
    if !has("userId") && !has("anonymousId") {
        event.insert("userId", Value::String(NOBODY.into()));
    }
}

fn take_strings(value: &mut Value, is_hidden: &dyn Fn(&str) -> bool) {
    let hidden = |value: &Value| value.as_str().is_some_and(is_hidden);
    match value {
        Value::List(items) => {
            items.retain(|item| !hidden(item));
            items.iter_mut().for_each(|item| take_strings(item, is_hidden));
        }
        Value::Object(object) => {
            let entries = std::mem::take(object).into_iter().filter(|(_, value)| !hidden(value));
            *object = entries
                .map(|(key, mut value)| {
                    take_strings(&mut value, is_hidden);
                    (key, value)
                })
                .collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether an event stands in the history.
pub(super) fn is_past(event: &Value) -> bool {
    let kind = event.as_object().and_then(|event| event.get("type")?.as_str());
    matches!(kind, Some("track" | "page" | "screen"))
}

/// When an event happened.
pub(super) fn timestamp(event: &Value, received_at: Timestamp) -> Option<Timestamp> {
    Some(times(event.as_object()?, received_at).ok()?.timestamp)
}

/// Leaves of an event what it says of identity and consent.
pub(super) fn leave_history(event: &mut Value, rules: &IdentityRules) {
    let Value::Object(event) = event else { return };
    event.retain(|key, _| KEPT.contains(&key));
    if let Some(Value::Object(mut context)) = event.remove("context") {
        context.retain(|key, _| KEPT_OF_CONTEXT.contains(&key));
        event.insert("context", Value::Object(context));
    }
    if let Some(Value::Object(properties)) = event.remove("properties") {
        let identifying = identifying(&properties, rules);
        event.insert("properties", Value::Object(identifying));
    }
    // Who changed their preferences deliberately is told by the name (CP-16).
    if event.get("event").is_some() && !is_preference_update(event) {
        event.insert("event", Value::String("".into()));
    }
}

/// The properties at which the rules look for identifiers.
fn identifying(properties: &Object, rules: &IdentityRules) -> Object {
    let sources = rules.listed.iter().flat_map(|rule| &rule.from);
    let keys = sources
        .filter(|source| source.root == SourceRoot::Properties)
        .filter_map(|source| source.path.first());
    let kept = keys.filter_map(|key| Some((key.clone(), properties.get(key)?.clone())));
    kept.collect()
}
