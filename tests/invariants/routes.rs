//! Invariants 1, 2, 3 and 9: where a raw event goes. The workspaces have several categories, some switched off, and
//! destinations mapped to none, one or several, in several instances; the events are of every kind.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Value as Json, json};
use volens::Engine;

use crate::made_events::{CATEGORIES, KINDS, UPDATE, event, events};
use crate::routing::{Destination, Workspace, parsed, receivers, routed};

const CONSENT: &str = "discarded: FILTERED_BY_END_USER_CONSENT";
const INTEGRATIONS: &str = "discarded: FILTERED_BY_INTEGRATIONS_OBJECT";

/// All instances of one type require the same (CC-6), and storage requires nothing (CC-10).
fn instances() -> impl Strategy<Value = (Vec<String>, Vec<bool>, bool)> {
    let requires = prop_oneof![1 => Just(Vec::new()), 3 => subsequence(CATEGORIES.to_vec(), 1..=3)];
    (requires, vec(any::<bool>(), 1..=2), any::<bool>()).prop_map(|(requires, receives, storage)| {
        let storage = storage && requires.is_empty();
        (requires.into_iter().map(str::to_owned).collect(), receives, storage)
    })
}

pub(crate) fn workspace() -> impl Strategy<Value = Workspace> {
    let enabled = CATEGORIES.map(|id| prop::bool::weighted(0.75).prop_map(move |on| (id.to_owned(), on)));
    let kinds = KINDS.map(|kind| weighted(0.8, instances()).prop_map(move |made| (kind, made)));
    (enabled, kinds, prop::bool::weighted(0.8)).prop_map(|(categories, kinds, enforcement)| {
        let made = kinds.into_iter().filter_map(|(kind, made)| Some((kind, made?)));
        let destinations = made.flat_map(|(kind, (requires, receives, storage))| {
            let one = move |(at, receives_consent): (usize, bool)| Destination {
                name: format!("{kind} {at}"),
                kind: kind.to_owned(),
                requires: requires.clone(),
                receives_consent,
                storage,
            };
            receives.into_iter().enumerate().map(one)
        });
        Workspace {
            categories: categories.into(),
            destinations: destinations.collect(),
            enforcement,
        }
    })
}

fn consent_of(event: &Json) -> Option<&Json> {
    event["context"].as_object()?.get("consent")
}

fn is_update(event: &Json) -> bool {
    event["type"] == "track" && event["event"] == UPDATE
}

fn grants(event: &Json, category: &str) -> bool {
    consent_of(event).is_some_and(|consent| consent["categoryPreferences"][category] == true)
}

/// What the rules say of an event that is accepted, from its JSON.
fn expected(workspace: &Workspace, destination: &Destination, event: &Json) -> &'static str {
    let needed: Vec<&str> = workspace.enforced(destination).collect();
    let granted = needed.iter().all(|category| grants(event, category));
    let is_told = is_update(event) && destination.receives_consent;
    if consent_of(event).is_some() && !granted && !is_told {
        return CONSENT;
    }
    let integrations = &event["integrations"];
    let allowed = match integrations.as_object() {
        None => integrations.is_null(),
        Some(flags) => match flags.get(&destination.kind).or(flags.get("All")) {
            Some(flag) => *flag == true || flag.is_object(),
            None => flags.is_empty() || consent_of(event).is_some() || needed.is_empty(),
        },
    };
    match allowed {
        false => INTEGRATIONS,
        true if is_told => "delivered: consent only",
        true => "delivered",
    }
}

/// Whether the ingestor refuses the event.
fn is_refused(engine: &Engine, event: &Json) -> bool {
    let now = crate::shop::now();
    engine.ingestor(now, now).event(parsed(event)).is_err()
}

/// The places of what is `true` in an object.
fn trues(object: &Json) -> Vec<String> {
    let entries = object.as_object().into_iter().flatten();
    entries
        .filter(|(_, value)| **value == true)
        .map(|(key, _)| key.clone())
        .collect()
}

proptest! {
    #[test]
    fn invariant_1_a_mapped_destination_receives_no_event_without_each_grant(
        workspace in workspace(),
        event in event(),
    ) {
        let reached = receivers(&workspace.engine(), &event);
        for destination in &workspace.destinations {
            let ordinary = !(is_update(&event) && destination.receives_consent);
            if ordinary && consent_of(&event).is_some() && reached.contains(&destination.name) {
                for category in workspace.enforced(destination) {
                    prop_assert!(grants(&event, category), "{} without {category}", destination.name);
                }
            }
        }
    }

    #[test]
    fn invariant_2_one_more_category_never_adds_a_receiver(
        workspace in workspace(),
        event in event(),
        kind in select(&KINDS[..]),
        category in select(&CATEGORIES[..]),
    ) {
        let before = receivers(&workspace.engine(), &event);
        let mut stricter = workspace.clone();
        for destination in &mut stricter.destinations {
            if destination.kind == kind && !destination.requires.iter().any(|known| known == category) {
                destination.requires.push(category.to_owned());
                destination.storage = false;
            }
        }
        let after = receivers(&stricter.engine(), &event);
        for destination in &workspace.destinations {
            let [was, is] = [&before, &after].map(|reached| reached.contains(&destination.name));
            prop_assert!(was || !is, "{} is added", destination.name);
            prop_assert!(was == is || destination.kind == kind, "{} is about another", destination.name);
        }
    }

    #[test]
    fn invariant_2_a_true_that_becomes_anything_else_never_adds_a_receiver(
        workspace in workspace(),
        event in event(),
        at in any::<Index>(),
        other in prop_oneof![
            Just(None),
            select(vec![json!(false), json!(null), json!("true"), json!(1), json!([true]), json!({})]).prop_map(Some),
        ],
    ) {
        let engine = workspace.engine();
        let before = receivers(&engine, &event);
        let mut changed = event.clone();
        let listed = trues(&event["context"]["consent"]["categoryPreferences"]);
        if !listed.is_empty() {
            let preferences = changed["context"]["consent"]["categoryPreferences"].as_object_mut().unwrap();
            match &other {
                Some(other) => preferences.insert(at.get(&listed).clone(), other.clone()),
                None => preferences.remove(at.get(&listed)),
            };
        }
        for name in receivers(&engine, &changed) {
            prop_assert!(before.contains(&name), "{name} is added");
        }
        // So it is with a destination that was wanted by name; there an object is as good as `true`.
        let mut unwanted = event.clone();
        let named = trues(&event["integrations"]);
        if let (Some(other), false) = (other.filter(|other| !other.is_object()), named.is_empty()) {
            unwanted["integrations"][at.get(&named)] = other;
        }
        for name in receivers(&engine, &unwanted) {
            prop_assert!(before.contains(&name), "{name} is added");
        }
    }

    #[test]
    fn invariant_3_nobody_receives_what_the_literal_reading_keeps_from_them(
        workspace in workspace(),
        event in event(),
    ) {
        let reached = receivers(&workspace.engine(), &event);
        for destination in &workspace.destinations {
            let literally = workspace.compat(&event, destination);
            prop_assert!(literally || !reached.contains(&destination.name), "{}", destination.name);
        }
    }

    #[test]
    fn invariant_9_each_destination_gets_an_event_or_one_reason_why_not(
        workspace in workspace(),
        event in event(),
    ) {
        let engine = workspace.engine();
        match routed(&engine, &event) {
            Err(code) => {
                // A refused event is in no pair at all, and those are refused that make no profiles.
                prop_assert!(is_refused(&engine, &event), "{code}");
            }
            Ok(routed) => {
                prop_assert!(!is_refused(&engine, &event));
                let expected: Vec<(String, String)> = workspace
                    .destinations
                    .iter()
                    .map(|destination| (destination.name.clone(), expected(&workspace, destination, &event).to_owned()))
                    .collect();
                prop_assert_eq!(routed, expected);
            }
        }
    }

    #[test]
    fn the_strict_policy_only_ever_takes_receivers_away(
        workspace in workspace(),
        mut events in vec(event(), 1..16),
    ) {
        // Each has an id of its own, so that all that are accepted are folded.
        for (number, event) in events.iter_mut().enumerate() {
            event["messageId"] = json!(format!("i{number}"));
        }
        let engine = workspace.engine();
        let lines: Vec<String> = events.iter().map(Json::to_string).collect();
        let people = engine.ingest(lines.join("\n").as_bytes(), crate::shop::now()).unwrap().profiles;
        for event in &events {
            let documented = engine.route(&parsed(event));
            let strict = engine.among(&people).route(&parsed(event));
            if consent_of(event).is_some() || documented.is_err() {
                prop_assert_eq!(strict, documented);
                continue;
            }
            // The profile that the event stands in the history of, which says nothing of how it was found.
            let own = people.users().iter().find(|profile| {
                profile.history().iter().any(|(_, past)| past.iter().any(|past| event["messageId"] == *past.message_id))
            });
            let (documented, strict) = (documented.unwrap(), strict.unwrap());
            for ((destination, documented), strict) in workspace.destinations.iter().zip(&documented).zip(&strict) {
                let [was, is] = [documented, strict].map(|routed| routed.routing.is_delivered());
                prop_assert!(was || !is, "{} is added", destination.name);
                for category in workspace.enforced(destination).filter(|_| is) {
                    // Identify and group calls stand in no history.
                    let state = own.map(|profile| profile.consent().state(category));
                    prop_assert!(state.is_none_or(|state| state.is_granted()), "{} without {category}", destination.name);
                }
                if workspace.enforced(destination).next().is_none() {
                    prop_assert_eq!(documented, strict);
                }
            }
        }
    }

    #[test]
    fn a_stream_is_routed_like_its_events_each_once(
        workspace in workspace(),
        events in events(),
    ) {
        let engine = workspace.engine();
        let lines: Vec<String> = events.iter().map(Json::to_string).collect();
        let mut router = engine.router();
        let mut seen = BTreeSet::new();
        let mut wrong = Vec::new();
        let read = router.read("events", lines.join("\n").as_bytes(), |routed| {
            let at = usize::try_from(routed.line - 1).unwrap();
            if !seen.insert(routed.message_id.to_owned())
                || engine.route(&parsed(&events[at])).as_deref() != Ok(&routed.destinations[..])
            {
                wrong.push(at);
            }
            Ok::<(), std::io::Error>(())
        });
        read.unwrap();
        prop_assert!(wrong.is_empty(), "{wrong:?}");
        let (counts, rejects) = router.finish();
        prop_assert_eq!(counts.read, events.len() as u64);
        prop_assert_eq!(counts.read, counts.applied + counts.duplicate + counts.rejected);
        prop_assert_eq!(counts.rejected, rejects.len() as u64);
        // As many ids as a run applies, which goes by the same rules.
        let run = crate::shop::ingest_lines(&engine, lines.iter().map(String::as_str));
        prop_assert_eq!((counts.applied, seen.len() as u64), (run.counts.applied, run.counts.applied));
    }
}
