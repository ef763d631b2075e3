//! Events of people and their accounts.

#![allow(clippy::unwrap_used, reason = "what is no test function here serves tests alone")]

use serde_json::{Value, json};
use volens::{Engine, Profiles, Timestamp};

pub(crate) fn now() -> Timestamp {
    "2026-06-30".parse().unwrap()
}

pub(crate) fn people(engine: &Engine, events: &[Value]) -> Profiles {
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let ingested = engine.ingest(lines.as_bytes(), now()).unwrap();
    assert_eq!(ingested.counts.rejected, 0, "{:?}", ingested.rejects);
    ingested.profiles
}

pub(crate) fn event(kind: &str, user: &str, rest: Value) -> Value {
    let mut event = json!({"type": kind, "timestamp": "2026-06-20T00:00:00Z"});
    let id = if user.starts_with('a') { "anonymousId" } else { "userId" };
    event[id] = user.into();
    for (key, value) in rest.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

pub(crate) fn group(user: &str, account: &str, traits: Value) -> Value {
    event("group", user, json!({"groupId": account, "traits": traits}))
}
