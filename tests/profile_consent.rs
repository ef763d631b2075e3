//! The cases of consent on profiles (`cases/profile_consent.json`): as they stand, in any order, and repeated.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::BTreeMap;

use serde::Deserialize;
use volens::ingest::{Ingested, Ingestor, Settings};
use volens::model::IdentityRules;
use volens::{ConsentState, Timestamp, Value};

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    categories: Vec<Box<str>>,
    events: Vec<Value>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    profiles: Vec<ExpectedProfile>,
    rejected: Vec<ExpectedReject>,
    profile_count: usize,
}

#[derive(Deserialize)]
struct ExpectedProfile {
    #[serde(rename = "match")]
    by: BTreeMap<String, String>,
    consent: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct ExpectedReject {
    #[serde(rename = "messageId")]
    message_id: String,
    code: String,
    message: Option<String>,
}

fn cases() -> Vec<Case> {
    let file: File = serde_json::from_str(include_str!("cases/profile_consent.json")).unwrap();
    assert_eq!(file.cases.len(), 36);
    file.cases
}

fn ingest<'e>(case: &Case, events: impl IntoIterator<Item = &'e Value>) -> Ingested {
    let now = Timestamp::parse("2025-01-01").unwrap();
    let mut ingestor = Ingestor::new(Settings {
        identity: IdentityRules::default(),
        // Switched-off categories are configured, too.
        categories: case.categories.clone(),
        received_at: now,
        now,
    });
    for (number, event) in (1..).zip(events) {
        ingestor.line(&case.id, number, event.canonical().as_bytes());
    }
    ingestor.finish()
}

fn state(word: &str) -> ConsentState {
    match word {
        "true" => ConsentState::Granted,
        "false" => ConsentState::Denied,
        "conflict" => ConsentState::Conflicted,
        "absent" => ConsentState::NotCollected,
        _ => panic!("unknown state {word}"),
    }
}

fn assert_profiles(case: &Case, ingested: &Ingested, how: &str) {
    let id = &case.id;
    assert_eq!(
        ingested.profiles.users().len(),
        case.expected.profile_count,
        "{id} {how}"
    );
    for expected in &case.expected.profiles {
        assert!(!expected.by.is_empty(), "{id}");
        for (kind, value) in &expected.by {
            let profile = ingested.profiles.find(kind, value);
            let profile = profile.unwrap_or_else(|| panic!("{id} {how}: no profile has {kind}:{value}"));
            for (category, word) in &expected.consent {
                assert_eq!(
                    profile.consent().state(category),
                    state(word),
                    "{id} {how}: {kind}:{value} {category}"
                );
            }
            for (category, _) in profile.consent().categories() {
                assert!(
                    expected.consent.contains_key(category),
                    "{id} {how}: {category} is stored"
                );
            }
        }
    }
}

/// SplitMix64: the same shuffles on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[test]
fn every_case_holds() {
    for case in &cases() {
        let ingested = ingest(case, &case.events);
        assert_profiles(case, &ingested, "as written");
        let rejects: Vec<_> = ingested.rejects.iter().collect();
        assert_eq!(rejects.len(), case.expected.rejected.len(), "{}: {rejects:?}", case.id);
        for (reject, expected) in rejects.iter().zip(&case.expected.rejected) {
            assert_eq!(reject.code.as_str(), expected.code, "{}", case.id);
            assert!(
                reject
                    .input
                    .text()
                    .contains(&format!("\"messageId\":\"{}\"", expected.message_id))
            );
            if let Some(message) = &expected.message {
                assert_eq!(*reject.reason, **message, "{}", case.id);
            }
        }
        let applied = case.events.len() - rejects.len();
        assert_eq!(ingested.counts.applied, applied as u64, "{}", case.id);
    }
}

#[test]
fn every_case_holds_in_any_order_of_arrival() {
    for case in &cases() {
        for seed in 0..10 {
            let mut events: Vec<_> = case.events.iter().collect();
            Random(seed).shuffle(&mut events);
            assert_profiles(case, &ingest(case, events), &format!("shuffled by {seed}"));
        }
    }
}

#[test]
fn every_case_holds_with_repeats() {
    for case in &cases() {
        for seed in 0..10 {
            let mut events: Vec<_> = case.events.iter().chain(&case.events).collect();
            Random(seed).shuffle(&mut events);
            let ingested = ingest(case, events);
            assert_profiles(case, &ingested, &format!("doubled and shuffled by {seed}"));
            let once = (case.events.len() - case.expected.rejected.len()) as u64;
            assert_eq!(
                (ingested.counts.applied, ingested.counts.duplicate),
                (once, once),
                "{}",
                case.id
            );
        }
    }
}
