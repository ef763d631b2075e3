//! Invariant 10; and the promise itself, of members of audiences.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use volens::engine::Run;
use volens::{Engine, Profiles, Timestamp};

use crate::made_events::{CATEGORIES, events};
use crate::shop::{ingest, needs, now, shop, shops};

/// The members of each audience of users, asked for one by one.
fn one_by_one(engine: &Engine, profiles: &Profiles) -> BTreeMap<String, BTreeSet<String>> {
    let mut members: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for profile in profiles.users() {
        for audience in engine.among(profiles).memberships(profile, now()).unwrap() {
            members
                .entry(audience.to_owned())
                .or_default()
                .insert(engine.label(profile));
        }
    }
    members
}

fn members(run: &Run) -> BTreeMap<String, BTreeSet<String>> {
    let of_users = run
        .audiences
        .iter()
        .filter(|audience| audience.of == volens::ir::Subject::User);
    let members = of_users.map(|audience| {
        let members = audience.members.iter().map(|label| label.to_string());
        (audience.name.to_string(), members.collect::<BTreeSet<_>>())
    });
    members.filter(|(_, members)| !members.is_empty()).collect()
}

proptest! {
    #[test]
    fn invariant_10_a_run_is_a_function_of_now_and_the_events(events in events(), minute in 0..12u32) {
        let earlier = Timestamp::parse(&crate::made_events::minute_of(minute)).unwrap();
        for (engine, again) in shops().into_iter().zip(shops()) {
            let text = |run: &Run| serde_json::to_string(run).unwrap();
            let profiles = ingest(&engine, &events).profiles;
            let run = engine.run(&profiles, now()).unwrap();
            // Whatever else was asked in between, of this engine or another, of these profiles or the same made again.
            let before = engine.run(&profiles, earlier).unwrap();
            prop_assert_eq!(text(&engine.run(&profiles, now()).unwrap()), text(&run));
            prop_assert_eq!(text(&engine.run(&profiles, earlier).unwrap()), text(&before));
            let repeated = ingest(&again, &events).profiles;
            prop_assert_eq!(text(&again.run(&repeated, now()).unwrap()), text(&run));
            // And whoever else is there.
            prop_assert_eq!(one_by_one(&engine, &profiles), members(&run));
        }
    }

    /// Invariants 1, 5 and 9 of those who are delivered.
    #[test]
    fn nobody_is_delivered_without_every_grant(events in events()) {
        let engine = shop();
        let profiles = ingest(&engine, &events).profiles;
        let run = engine.run(&profiles, now()).unwrap();
        let granted_by_somebody: BTreeSet<&str> = CATEGORIES
            .into_iter()
            .filter(|c| events.iter().any(|e| e["context"]["consent"]["categoryPreferences"][c] == true))
            .collect();
        for audience in &run.audiences {
            let members: BTreeSet<&str> = audience.members.iter().map(|m| &**m).collect();
            prop_assert_eq!(members.len(), audience.size);
            for destination in &audience.destinations {
                let delivered: BTreeSet<&str> = destination.delivered.iter().map(|m| &**m).collect();
                let filtered: BTreeSet<&str> = destination.filtered.iter().map(|f| &*f.profile).collect();
                prop_assert!(delivered.is_disjoint(&filtered));
                // Each member is in exactly one of the two lists; of accounts their users are.
                if audience.of == volens::ir::Subject::User {
                    prop_assert_eq!(&(&delivered | &filtered), &members);
                }
                for label in &delivered {
                    let (kind, value) = label.split_once(':').unwrap();
                    let consent = profiles.find(kind, value).unwrap().consent();
                    for category in needs(&destination.name) {
                        prop_assert!(consent.state(category).is_granted(), "{} at {}", label, destination.name);
                        prop_assert!(granted_by_somebody.contains(category));
                    }
                }
                for filtered in &destination.filtered {
                    prop_assert!(!filtered.categories.is_empty());
                    prop_assert!(filtered.categories.values().all(|state| !state.is_granted()));
                    prop_assert!(filtered.categories.keys().all(|c| needs(&destination.name).contains(&&**c)));
                }
            }
        }
    }

    /// Invariant 2 of those who are delivered: requiring one more category never adds a receiver.
    #[test]
    fn a_further_requirement_never_adds_a_receiver(events in events()) {
        let engine = shop();
        let run = engine.run(&ingest(&engine, &events).profiles, now()).unwrap();
        let everybody = &run.audiences[0];
        let delivered = |name: &str| -> BTreeSet<&str> {
            let destination = everybody.destinations.iter().find(|d| &*d.name == name).unwrap();
            destination.delivered.iter().map(|m| &**m).collect()
        };
        prop_assert!(delivered("measured").is_subset(&delivered("ads")));
        prop_assert!(delivered("measured").is_subset(&delivered("picks")));
        prop_assert!(delivered("ads").is_subset(&delivered("crm")));
        prop_assert_eq!(delivered("crm"), delivered("off"));
    }
}
