//! That the generators reach what the invariants speak of: a property over events that never meet would always hold.

use std::collections::BTreeSet;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::made_events::{event, events};
use crate::routes::workspace;
use crate::routing::routed;
use crate::shop::{ingest, now, shop};

/// The same values on every run.
fn made<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

#[test]
fn each_way_of_an_event_is_gone() {
    let mut ways = BTreeSet::new();
    for (workspace, event) in made(&(workspace(), event()), 1500) {
        let asked = event["context"].get("consent").is_some();
        match routed(&workspace.engine(), &event) {
            Err(code) => {
                ways.insert(code.to_string());
            }
            Ok(routed) => {
                for ((_, how), destination) in routed.into_iter().zip(&workspace.destinations) {
                    let needed = match workspace.enforced(destination).count() {
                        0 => "nothing",
                        1 => "one",
                        _ => "several",
                    };
                    ways.insert(format!("{how}, asked: {asked}, needed: {needed}"));
                }
            }
        }
    }
    let mut expected = BTreeSet::new();
    for needed in ["nothing", "one", "several"] {
        for asked in [true, false] {
            for how in ["delivered", "discarded: FILTERED_BY_INTEGRATIONS_OBJECT"] {
                expected.insert(format!("{how}, asked: {asked}, needed: {needed}"));
            }
        }
        expected.insert(format!("delivered: consent only, asked: true, needed: {needed}"));
        if needed != "nothing" {
            expected.insert(format!(
                "discarded: FILTERED_BY_END_USER_CONSENT, asked: true, needed: {needed}"
            ));
        }
    }
    let codes = [
        "no_user_anon_id",
        "no_usable_identifier",
        "consent_categorypreferences_should_exist",
        "consent_categorypreferences_fields_should_be_object",
        "consent_categorypreferences_fields_should_be_bool",
        "consent_version_should_be_number",
    ];
    expected.extend(codes.map(str::to_owned));
    assert_eq!(ways, expected);
}

#[test]
fn each_rule_of_consent_decides_and_each_count_counts() {
    let shop = shop();
    let mut rules = BTreeSet::new();
    let mut delivered = BTreeSet::new();
    let mut filtered = BTreeSet::new();
    let (mut duplicates, mut conflicts) = (0, 0);
    for events in made(&events(), 400) {
        let ingested = ingest(&shop, &events);
        duplicates += ingested.counts.duplicate;
        let codes = ingested.rejects.iter().map(|reject| reject.code.as_str());
        conflicts += codes.filter(|code| *code == "message_id_conflict").count();
        for profile in ingested.profiles.users() {
            rules.extend(profile.consent().history().iter().map(|change| change.rule.to_string()));
        }
        for audience in shop.run(&ingested.profiles, now()).unwrap().audiences {
            for destination in audience.destinations {
                let pair = (audience.name.to_string(), destination.name.to_string());
                if !destination.delivered.is_empty() {
                    delivered.insert(pair.clone());
                }
                if !destination.filtered.is_empty() {
                    filtered.insert(pair);
                }
            }
        }
    }
    let expected = [
        "CP-11", "CP-12", "CP-13", "CP-14", "CP-16", "CP-3", "CP-4", "CP-5", "CP-6", "CP-6a", "CP-9",
    ];
    assert_eq!(rules.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    assert!(conflicts > 0 && duplicates > 0, "{conflicts} {duplicates}");
    let pairs = shop
        .program()
        .audiences
        .iter()
        .map(|audience| audience.destinations.len());
    assert_eq!(delivered.len(), pairs.sum::<usize>(), "{delivered:?}");
    assert!(filtered.len() >= 10, "{filtered:?}");
}
