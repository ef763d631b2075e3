//! Takes parts of an event's JSON away, so that what is left is still an event.

use crate::ingest::{ANONYMOUS_ID, Claim, times};
use crate::model::{IdentityRules, SourceRoot, USER_ID, is_preference_update, matched};
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

/// Takes every string away that is one of these identifiers, wherever a person can be named. What is `left` to the event
/// stays, also where it reads like one of them: one person's customer number can be another's phone.
pub(super) fn hide(event: &mut Value, hidden: &[Claim], left: &[Claim]) {
    let is_one_of = |claims: &[Claim], text: &str| {
        let mut claims = claims.iter().map(|claim| &claim.id);
        claims.any(|id| *matched(&id.kind, text) == *id.value)
    };
    let elsewhere: Vec<Claim> = left.iter().filter(|claim| !claim.own).cloned().collect();
    let is_hidden = |text: &str| is_one_of(hidden, text) && !is_one_of(&elsewhere, text);
    let Value::Object(event) = event else { return };
    // These two have a type of their own.
    for (key, kind) in [("userId", USER_ID), ("anonymousId", ANONYMOUS_ID)] {
        let own = event.get(key).and_then(Value::as_str);
        if own.is_some_and(|own| is_one_of(hidden, own) && !left.iter().any(|claim| is_own(claim, kind, own))) {
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

fn is_own(claim: &Claim, kind: &str, value: &str) -> bool {
    claim.own && claim.id.kind == kind && *claim.id.value == *matched(kind, value)
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
        let identifying: Vec<&str> = looked_at(rules, SourceRoot::Context).collect();
        context.retain(|key, _| KEPT_OF_CONTEXT.contains(&key) || identifying.contains(&key));
        event.insert("context", Value::Object(context));
    }
    if let Some(Value::Object(properties)) = event.remove("properties") {
        let identifying = identifying(&properties, rules);
        event.insert("properties", Value::Object(identifying));
    }
    // Who changed their preferences deliberately is told by the name (CP-16).
    if event.get("event").is_some() && !is_preference_update(&*event) {
        event.insert("event", Value::String("".into()));
    }
}

/// The properties at which the rules look for identifiers.
fn identifying(properties: &Object, rules: &IdentityRules) -> Object {
    let mut kept = Object::default();
    for key in looked_at(rules, SourceRoot::Properties) {
        if let Some(value) = properties.get(key) {
            kept.insert(key, value.clone());
        }
    }
    kept
}

/// The keys of a part of an event below which the rules look for identifiers.
fn looked_at(rules: &IdentityRules, root: SourceRoot) -> impl Iterator<Item = &str> {
    let sources = rules.listed.iter().flat_map(|rule| &rule.from);
    let sources = sources.filter(move |source| source.root == root);
    sources.filter_map(|source| source.path.first()).map(|key| &**key)
}
