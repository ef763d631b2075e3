//! What must hold of every run, whatever the events: the promise that Volens makes.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use volens::engine::Run;
use volens::{Engine, Profiles, Timestamp};

const CATEGORIES: [&str; 3] = ["Advertising", "Analytics", "Personalization"];

const WORKSPACE: &str = r#"
category Advertising
category Analytics
category Personalization disabled

destination ads      requires Advertising
destination measured requires Advertising, Analytics
destination picks    requires Personalization, Analytics
destination off      requires Personalization
destination crm      requires nothing

audience everybody  { include anonymous  send to ads, measured, picks, off, crm }
audience buyers     { who performed "Order Completed"  send to ads, crm }
audience asked      { consent to Analytics  send to ads, measured }
audience unsettled  { who consent Advertising is conflicted or not consent to Analytics  send to ads, picks }
"#;

/// What each destination of the workspace needs, without the category that is switched off.
fn needs(destination: &str) -> &'static [&'static str] {
    match destination {
        "ads" => &["Advertising"],
        "measured" => &["Advertising", "Analytics"],
        "picks" => &["Analytics"],
        _ => &[],
    }
}

fn preference() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => Just(json!(true)),
        3 => Just(json!(false)),
        1 => Just(json!("true")),
        1 => Just(json!(1)),
        1 => Just(Value::Null),
    ]
}

fn consent() -> impl Strategy<Value = Option<Value>> {
    let listed = prop::collection::btree_map(prop::sample::select(&CATEGORIES[..]), preference(), 0..=3);
    prop_oneof![
        3 => Just(None),
        6 => listed.prop_map(|listed| Some(json!({ "categoryPreferences": listed }))),
        1 => Just(Some(json!({}))),
        1 => Just(Some(Value::Null)),
        1 => Just(Some(json!({ "categoryPreferences": ["Advertising"] }))),
    ]
}

fn event() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(&["Order Completed", "Segment Consent Preference Updated", "identify"][..]);
    let some = |values: &'static [&'static str]| prop::option::of(prop::sample::select(values));
    (
        name,
        some(&["u1", "u2", "u3"]),
        some(&["a1", "a2", "a3"]),
        some(&["x@example.com", "y@example.com"]),
        consent(),
        0u8..6,
        0u8..3,
    )
        .prop_map(|(name, user, anonymous, email, consent, minute, late)| {
            let mut context = serde_json::Map::new();
            if let Some(email) = email {
                context.insert("traits".into(), json!({ "email": email }));
            }
            if let Some(consent) = consent {
                context.insert("consent".into(), consent);
            }
            let mut event = json!({
                "type": if name == "identify" { "identify" } else { "track" },
                "timestamp": format!("2026-06-01T00:{minute:02}:00Z"),
                "receivedAt": format!("2026-06-01T00:{:02}:00Z", minute + late),
                "context": context,
            });
            if name != "identify" {
                event["event"] = json!(name);
            }
            if let Some(user) = user {
                event["userId"] = json!(user);
            }
            if let Some(anonymous) = anonymous {
                event["anonymousId"] = json!(anonymous);
            }
            event
        })
}

fn now() -> Timestamp {
    Timestamp::parse("2026-06-30").unwrap()
}

fn run(engine: &Engine, events: &[Value]) -> (Run, Profiles) {
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let ingested = engine.ingest(lines.as_bytes(), now()).unwrap();
    let counts = ingested.counts;
    assert_eq!(
        counts.read,
        counts.applied + counts.duplicate + counts.later + counts.rejected
    );
    (engine.run(&ingested.profiles, now()).unwrap(), ingested.profiles)
}

proptest! {
    #[test]
    fn nobody_is_delivered_without_every_grant(events in prop::collection::vec(event(), 0..24)) {
        let engine = Engine::from_text("invariants.audience", WORKSPACE).unwrap();
        let (run, profiles) = run(&engine, &events);
        let granted_by_somebody: BTreeSet<&str> = CATEGORIES
            .into_iter()
            .filter(|c| events.iter().any(|e| e["context"]["consent"]["categoryPreferences"][c] == json!(true)))
            .collect();
        for audience in &run.audiences {
            let members: BTreeSet<&str> = audience.members.iter().map(|m| &**m).collect();
            prop_assert_eq!(members.len(), audience.size);
            for destination in &audience.destinations {
                let delivered: BTreeSet<&str> = destination.delivered.iter().map(|m| &**m).collect();
                let filtered: BTreeSet<&str> = destination.filtered.iter().map(|f| &*f.profile).collect();
                // Each member is in exactly one of the two lists.
                prop_assert!(delivered.is_disjoint(&filtered));
                prop_assert_eq!(&(&delivered | &filtered), &members);
                for label in &delivered {
                    let (kind, value) = label.split_once(':').unwrap();
                    let consent = profiles.find(kind, value).unwrap().consent();
                    for category in needs(&destination.name) {
                        prop_assert!(consent.state(category).is_granted(), "{} at {}", label, destination.name);
                        // No sequence of events without an explicit `true` ever yields a grant.
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

    #[test]
    fn the_order_of_arrival_and_repeats_leave_no_trace(
        (events, shuffled) in prop::collection::vec(event(), 0..16).prop_flat_map(|events| {
            let doubled: Vec<Value> = events.iter().chain(&events).cloned().collect();
            (Just(events), Just(doubled).prop_shuffle())
        }),
    ) {
        let engine = Engine::from_text("invariants.audience", WORKSPACE).unwrap();
        prop_assert_eq!(run(&engine, &events).0, run(&engine, &shuffled).0);
    }

    /// Requiring one more category never adds a receiver.
    #[test]
    fn a_further_requirement_never_adds_a_receiver(events in prop::collection::vec(event(), 0..24)) {
        let engine = Engine::from_text("invariants.audience", WORKSPACE).unwrap();
        let (run, _) = run(&engine, &events);
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
