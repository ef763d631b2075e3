//! The ingestor, from lines to profiles.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod consent;
mod identity;
mod identity_rules;
mod lines;
#[path = "../made_events/mod.rs"]
mod made_events;
mod many;
mod properties;
mod refusals;
mod threads;
mod times;
mod traits;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use volens::ingest::{Ingested, Ingestor, RejectCode, Settings};
use volens::model::{IdentityRules, Profile};
use volens::{ConsentState, Timestamp};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn settings() -> Settings {
    Settings {
        identity: IdentityRules::default(),
        categories: vec!["Advertising".into(), "Analytics".into()],
        received_at: at("2026-07-01"),
        now: at("2026-07-01"),
    }
}

fn ingest_with(settings: Settings, events: impl IntoIterator<Item = Json>) -> Ingested {
    let mut ingestor = Ingestor::new(settings);
    for (number, event) in (1..).zip(events) {
        ingestor.line("events.jsonl", number, event.to_string().as_bytes());
    }
    ingestor.finish()
}

fn ingest(events: impl IntoIterator<Item = Json>) -> Ingested {
    ingest_with(settings(), events)
}

/// The bytes as a file.
fn read(bytes: &[u8]) -> Ingested {
    let mut ingestor = Ingestor::new(settings());
    ingestor.read("events.jsonl", bytes).unwrap();
    ingestor.finish()
}

fn codes(ingested: &Ingested) -> Vec<RejectCode> {
    ingested.rejects.iter().map(|reject| reject.code).collect()
}

/// All events were applied.
fn accepted(events: impl IntoIterator<Item = Json>) -> Ingested {
    let ingested = ingest(events);
    assert_eq!(ingested.counts.applied, ingested.counts.read, "{:?}", ingested.rejects);
    ingested
}

fn only(ingested: &Ingested) -> &Profile {
    assert_eq!(ingested.profiles.users().len(), 1);
    &ingested.profiles.users()[0]
}

fn find<'i>(ingested: &'i Ingested, kind: &str, value: &str) -> &'i Profile {
    let found = ingested.profiles.find(kind, value);
    found.unwrap_or_else(|| panic!("no profile has {kind}:{value}"))
}

/// `type:value` of all its identifiers.
fn identifiers(profile: &Profile) -> Vec<String> {
    profile
        .identifiers()
        .iter()
        .map(|(kind, value)| format!("{kind}:{value}"))
        .collect()
}

fn states(profile: &Profile) -> BTreeMap<&str, ConsentState> {
    profile.consent().categories().collect()
}

/// The event with more keys at its top.
fn with(mut event: Json, more: Json) -> Json {
    let more = more.as_object().unwrap().clone();
    event.as_object_mut().unwrap().extend(more);
    event
}

/// A track call by `u1`; what tells it from others is `more`.
fn track(name: &str, timestamp: &str, more: Json) -> Json {
    let event = json!({"type": "track", "event": name, "userId": "u1", "timestamp": timestamp});
    with(event, more)
}

fn keys(count: usize) -> Json {
    (0..count)
        .map(|i| (format!("k{i}"), json!(i)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
