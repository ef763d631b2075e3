//! What must hold under any rules of identity, and of any bytes. The invariants that hold without rules, too, are in
//! `tests/invariants`.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::*;
use crate::made_events::{event, events, shuffled, state};

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
