//! Invariants 4 to 7, over events made so that they collide.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::*;

fn preferences() -> impl Strategy<Value = Json> {
    let value =
        prop_oneof![4 => Just(json!(true)), 3 => Just(json!(false)), 1 => Just(json!("yes")), 1 => Just(json!(null))];
    let entry = |name: &'static str| weighted(0.6, value.clone()).prop_map(move |value| (name, value));
    (entry("Advertising"), entry("Analytics"), weighted(0.1, Just(true))).prop_map(|(a, b, malformed)| {
        let listed = [a, b]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let malformed = malformed.map(|value| ("1bad".to_owned(), json!(value)));
        listed.chain(malformed).collect::<serde_json::Map<_, _>>().into()
    })
}

fn consent() -> impl Strategy<Value = Option<Json>> {
    prop_oneof![
        3 => Just(None),
        6 => preferences().prop_map(|preferences| Some(json!({"categoryPreferences": preferences}))),
        1 => Just(Some(json!(null))),
        1 => Just(Some(json!({}))),
    ]
}

prop_compose! {
    fn event()(
        kind in select(vec!["track", "track", "page", "identify", "identify", "group", "alias"]),
        deliberate in any::<bool>(),
        user in weighted(0.5, select(vec!["u1", "u2", "u3", "0"])),
        anonymous in weighted(0.7, select(vec!["a1", "a2", "a3", "a4", "a5", "a6", "a7"])),
        email in weighted(0.4, select(vec!["x@x.com", "y@x.com", "Z@x.com"])),
        minute in 0..12u32,
        received in weighted(0.7, 0..12u32),
        id in weighted(0.8, 0..30u32),
        value in 0..3u32,
        consent in consent(),
        phones in vec(weighted(0.3, select(vec!["1", "2", "3", "X", "0"])), 3),
    ) -> Json {
        let plan = [json!("free"), json!("pro"), json!(null)][value as usize].clone();
        let name = if deliberate { "Segment Consent Preference Updated" } else { "E" };
        let mut event = json!({
            "type": kind, "event": name, "userId": user, "anonymousId": anonymous, "groupId": format!("g{value}"),
            "previousId": "p", "timestamp": format!("2026-01-01T00:{minute:02}:00Z"), "name": format!("n{value}"),
            "traits": {"plan": plan, "email": email, "phone": phones[0]},
            "context": {"traits": {"email": email, "phone": phones[1]}},
            "properties": {"phone": phones[2], "email": "P@x.com"},
        });
        if let Some(received) = received {
            event["receivedAt"] = json!(format!("2026-01-01T00:{received:02}:00Z"));
        }
        if let Some(id) = id {
            event["messageId"] = json!(format!("m{id}"));
        }
        if let Some(consent) = consent {
            event["context"]["consent"] = consent;
        }
        event
    }
}

fn events() -> impl Strategy<Value = Vec<Json>> {
    vec(event(), 0..24)
}

/// Everything that an ingested set leads to, as JSON in creation order.
fn state(ingested: &Ingested) -> Json {
    let accounts: Vec<Json> = ingested
        .profiles
        .accounts()
        .iter()
        .map(|(id, account)| json!({"id": id, "traits": account.traits, "users": account.users}))
        .collect();
    json!({"users": ingested.profiles.users(), "accounts": accounts})
}

/// A sliding limit, so that time takes part in merge protection.
fn sliding() -> Settings {
    use volens::model::{IdentifierRule, Period};
    let mut settings = settings();
    settings.identity.listed.push(IdentifierRule {
        kind: "anonymous_id".into(),
        from: Vec::new(),
        limit: 3,
        period: Period::Week,
    });
    settings
}

/// Any rules over the types that the events have: their order, places, limits and periods, and what is blocked.
fn rules() -> impl Strategy<Value = IdentityRules> {
    use volens::model::{IdentifierRule, IdentifierSource, Period, SourceRoot};
    let place = |root, path: &[&str]| IdentifierSource {
        root,
        path: path.iter().map(|key| (*key).into()).collect(),
    };
    let places = vec![
        place(SourceRoot::Traits, &["phone"]),
        place(SourceRoot::Context, &["traits", "phone"]),
        place(SourceRoot::Properties, &["phone"]),
        place(SourceRoot::Properties, &["email"]),
    ];
    let rule = move |kind: &'static str| {
        let from = subsequence(places.clone(), 0..=4).prop_shuffle();
        let period = select(vec![Period::Ever, Period::Week, Period::Month, Period::Year]);
        (from, 1..4u32, period).prop_map(move |(from, limit, period)| IdentifierRule {
            kind: kind.into(),
            from,
            limit,
            period,
        })
    };
    let listed = ["user_id", "email", "anonymous_id", "phone"].map(|kind| weighted(0.8, rule(kind)));
    let listed = listed.prop_map(|rules| rules.into_iter().flatten().collect::<Vec<_>>());
    let blocked = subsequence(vec!["X", "a1", "Y@X.com"], 0..=3);
    (listed.prop_shuffle(), blocked).prop_map(|(listed, blocked)| {
        let mut rules = IdentityRules::default();
        rules.listed = listed;
        blocked.into_iter().for_each(|value| rules.block(value));
        rules
    })
}

/// The same events in another order, some of them again.
fn shuffled(events: &[Json], repeats: &[Index], seed: u64) -> Vec<Json> {
    let mut again = events.to_vec();
    if !events.is_empty() {
        again.extend(repeats.iter().map(|at| at.get(events).clone()));
    }
    // Sorting by a hash of place and seed is a permutation.
    let mut keyed: Vec<(u64, Json)> = (1u64..)
        .zip(again)
        .map(|(i, event)| {
            let mixed = (seed ^ i).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (mixed ^ (mixed >> 29), event)
        })
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, event)| event).collect()
}

/// The outcome without what counts arrivals.
fn outcome(settings: Settings, events: Vec<Json>) -> (Json, u64, BTreeMap<&'static str, u64>) {
    let ingested = ingest_with(settings, events);
    let counts = ingested.counts;
    assert_eq!(
        counts.read,
        counts.applied + counts.duplicate + counts.later + counts.rejected
    );
    let mut violations = ingested.violations.clone();
    violations.remove("No matching identifiers on event");
    (state(&ingested), counts.applied, violations)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Invariant 4.
    #[test]
    fn order_and_repeats_leave_no_trace(
        events in events(),
        repeats in vec(any::<Index>(), 0..8),
        seed in any::<u64>(),
    ) {
        let shuffled = shuffled(&events, &repeats, seed);
        for settings in [settings(), sliding()] {
            prop_assert_eq!(outcome(settings.clone(), events.clone()), outcome(settings, shuffled.clone()));
        }
    }

    /// Invariant 4, whatever the rules of identity are; and none of them lets somebody have what is blocked, or one
    /// identifier belong to two.
    #[test]
    fn under_any_rules_order_and_repeats_leave_no_trace(
        events in events(),
        rules in rules(),
        repeats in vec(any::<Index>(), 0..8),
        seed in any::<u64>(),
    ) {
        let settings = Settings { identity: rules.clone(), ..settings() };
        let shuffled = shuffled(&events, &repeats, seed);
        prop_assert_eq!(outcome(settings.clone(), events.clone()), outcome(settings.clone(), shuffled));
        let ingested = ingest_with(settings, events);
        let mut owned = std::collections::BTreeSet::new();
        for (kind, value) in ingested.profiles.users().iter().flat_map(|user| user.identifiers().iter()) {
            prop_assert!(!rules.is_blocked(kind, value), "{kind}:{value}");
            prop_assert!(owned.insert((kind.to_owned(), value.to_owned())), "{kind}:{value} twice");
        }
    }

    /// What is never exceeded: a limit for ever.
    #[test]
    fn under_any_rules_nobody_has_more_than_a_limit_for_ever(events in events(), rules in rules()) {
        let ingested = ingest_with(Settings { identity: rules.clone(), ..settings() }, events);
        for rule in rules.listed.iter().filter(|rule| rule.period == volens::model::Period::Ever) {
            for user in ingested.profiles.users() {
                prop_assert!(user.identifiers().of(&rule.kind).count() <= rule.limit as usize, "{}", rule.kind);
            }
        }
    }

    /// Invariant 5.
    #[test]
    fn without_an_explicit_true_nothing_is_granted(events in events()) {
        let silent = events.into_iter().map(|mut event| {
            let preferences = &mut event["context"]["consent"]["categoryPreferences"];
            if preferences["Advertising"] == json!(true) {
                preferences["Advertising"] = json!("true");
            }
            event
        });
        for profile in ingest(silent).profiles.users() {
            prop_assert_ne!(profile.consent().state("Advertising"), ConsentState::Granted);
        }
    }

    /// Invariant 6, for an email that merges two people who have no device in common.
    #[test]
    fn after_a_merge_only_what_both_sides_granted_is_granted(
        left in vec((any::<bool>(), preferences()), 0..5),
        right in vec((any::<bool>(), preferences()), 0..5),
        interleaved in any::<bool>(),
        own in consent(),
    ) {
        let side = |who: &Json, spoken: &[(bool, Json)], start: usize, step: usize| -> Vec<Json> {
            let first = with(json!({"type": "page", "timestamp": "2026-01-01T00:00:00Z"}), who.clone());
            let said = spoken.iter().enumerate().map(|(i, (deliberate, preferences))| {
                let name = if *deliberate { "Segment Consent Preference Updated" } else { "E" };
                let timestamp = format!("2026-01-01T01:{:02}:00Z", start + i * step);
                with(track(name, &timestamp, json!({"context": {"consent": {"categoryPreferences": preferences}}})), who.clone())
            });
            std::iter::once(first).chain(said).collect()
        };
        let (start, step) = if interleaved { (1, 2) } else { (20, 1) };
        let left_side = side(&json!({"userId": null, "anonymousId": "a1"}), &left, 0, step);
        let right_side = side(&json!({"userId": "u1"}), &right, start, step);
        let mut linked = json!({"type": "page", "anonymousId": "a1", "timestamp": "2026-01-01T00:00:01Z", "context": {"traits": {"email": "x@x.com"}}});
        linked["messageId"] = json!("link");
        let mut merge = json!({"type": "identify", "userId": "u1", "timestamp": "2026-01-01T02:00:00Z", "context": {"traits": {"email": "x@x.com"}}});
        if let Some(own) = &own {
            merge["context"]["consent"] = own.clone();
        }
        let before = ingest(left_side.iter().chain(&right_side).chain([&linked]).cloned());
        let after = ingest(left_side.iter().chain(&right_side).chain([&linked, &merge]).cloned());
        prop_assert_eq!(before.profiles.users().len(), 2);
        let merged = only(&after).consent();
        for category in ["Advertising", "Analytics"] {
            let sides = [("anonymous_id", "a1"), ("user_id", "u1")].map(|(k, v)| find(&before, k, v).consent().state(category));
            let agreed = sides[0].is_granted() == sides[1].is_granted();
            let grants = own.as_ref().is_some_and(|own| own["categoryPreferences"][category] == json!(true));
            let refuses = own.is_some() && !grants;
            let state = merged.state(category);
            if !agreed {
                prop_assert_eq!(state, ConsentState::Conflicted);
            } else if grants {
                prop_assert_eq!(state, ConsentState::Granted);
            } else if sides[0].is_granted() && !refuses {
                prop_assert_eq!(state, ConsentState::Granted);
            } else {
                prop_assert!(!state.is_granted());
            }
        }
    }

    /// Invariant 7.
    #[test]
    fn what_is_refused_leaves_no_trace(events in events(), broken in vec((any::<Index>(), 0..4u8), 1..6)) {
        let clean = outcome(settings(), events.clone());
        let mut dirty = events.clone();
        for (at, how) in broken {
            let mut event = at.get(&events.iter().cloned().chain([track("E", "2026-01-01", json!({}))]).collect::<Vec<_>>()).clone();
            match how {
                0 => event["type"] = json!("nope"),
                1 => event["timestamp"] = json!("2026-02-30"),
                2 => event["properties"] = json!([]),
                _ => event["context"] = json!("broken"),
            }
            dirty.push(event);
        }
        prop_assert_eq!(clean, outcome(settings(), dirty));
    }

    /// Whatever the bytes are, each line is counted once at least and nothing panics.
    #[test]
    fn arbitrary_bytes_are_taken_or_refused(bytes in vec(any::<u8>(), 0..400)) {
        let counts = read(&bytes).counts;
        prop_assert_eq!(counts.read, counts.applied + counts.duplicate + counts.later + counts.rejected);
    }

    /// The same for what is nearly an event: one with a few bytes changed.
    #[test]
    fn damaged_events_are_taken_or_refused(event in event(), changes in vec((any::<Index>(), any::<u8>()), 0..6), batch in any::<bool>()) {
        let event = if batch { json!({"batch": [event.clone(), event], "context": {"a": 1}}) } else { event };
        let mut bytes = event.to_string().into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let ingested = read(&bytes);
        let counts = ingested.counts;
        prop_assert!(counts.read >= 1 || bytes.iter().all(u8::is_ascii_whitespace));
        prop_assert_eq!(counts.read, counts.applied + counts.duplicate + counts.later + counts.rejected);
        prop_assert_eq!(counts.rejected, ingested.rejects.len() as u64);
        for reject in &ingested.rejects {
            prop_assert!(serde_json::to_string(reject).is_ok());
        }
    }
}
