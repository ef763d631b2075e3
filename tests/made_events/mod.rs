//! Events made so that they collide: few ids, emails and instants, consent objects of every kind, and some that are refused.

#![allow(
    dead_code,
    clippy::indexing_slicing,
    reason = "each test file uses some of it; what is no test function here serves tests alone"
)]

use proptest::collection::{btree_map, vec};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value as Json, json};
use volens::ingest::Ingested;

pub(crate) const UPDATE: &str = "Segment Consent Preference Updated";

/// Those that workspaces declare.
pub(crate) const CATEGORIES: [&str; 3] = ["Advertising", "Analytics", "Functional"];

/// The names of destinations in integrations objects. One differs from another by a capital, and one looks like the key that
/// is about all of them.
pub(crate) const KINDS: [&str; 5] = ["Facebook", "facebook", "amplitude", "All", "crm"];

/// What is no `true`.
pub(crate) fn no_grant() -> impl Strategy<Value = Json> {
    let others = [
        json!("true"),
        json!(1),
        json!(null),
        json!([true]),
        json!({"granted": true}),
    ];
    prop_oneof![5 => Just(json!(false)), 3 => select(others.to_vec())]
}

/// A `categoryPreferences` that is an object; now and then with ids that nobody declared, or that no category can have.
pub(crate) fn preferences() -> impl Strategy<Value = Json> {
    let value = || prop_oneof![6 => Just(json!(true)), 4 => no_grant()];
    let declared = CATEGORIES.map(|id| weighted(0.6, value()).prop_map(move |value| (id, value)));
    let others = btree_map(select(vec!["advertising", "Sale", "1bad", ""]), value(), 1..3);
    (declared, weighted(0.2, others)).prop_map(|(declared, others)| {
        let declared = declared.into_iter().filter_map(|(id, value)| Some((id, value?)));
        let listed: Map<String, Json> = declared
            .chain(others.into_iter().flatten())
            .map(|(id, value)| (id.to_owned(), value))
            .collect();
        listed.into()
    })
}

/// A consent object of any kind, or none.
pub(crate) fn consent() -> impl Strategy<Value = Option<Json>> {
    let broken = [
        json!(null),
        json!({}),
        json!([]),
        json!("granted"),
        json!(true),
        json!({"version": 2}),
        json!({"Advertising": true}),
        json!({"categoryPreferences": null}),
        json!({"categoryPreferences": {}}),
        json!({"categoryPreferences": true}),
        json!({"categoryPreferences": ["Advertising"]}),
    ];
    let version = select(vec![json!(1), json!("1"), json!(null)]);
    prop_oneof![
        4 => Just(None),
        8 => (preferences(), weighted(0.2, version)).prop_map(|(preferences, version)| {
            let mut consent = json!({"categoryPreferences": preferences});
            if let Some(version) = version {
                consent["version"] = version;
            }
            Some(consent)
        }),
        2 => select(broken.to_vec()).prop_map(Some),
    ]
}

/// An integrations object of any kind, or none.
pub(crate) fn integrations() -> impl Strategy<Value = Option<Json>> {
    let name = select(KINDS.into_iter().chain(["All", "nobody"]).collect::<Vec<_>>());
    let no = [json!(null), json!("true"), json!(0), json!([])];
    let flag = prop_oneof![
        4 => Just(json!(true)),
        4 => Just(json!(false)),
        1 => Just(json!({"id": 7})),
        1 => select(no.to_vec()),
    ];
    let broken = [json!(null), json!({}), json!([]), json!("none"), json!(true)];
    prop_oneof![
        3 => Just(None),
        4 => btree_map(name, flag, 1..4).prop_map(|flags| Some(json!(flags))),
        1 => select(broken.to_vec()).prop_map(Some),
    ]
}

prop_compose! {
    /// Who an event is about, by ids that meet.
    fn who()(
        user in weighted(0.5, select(vec!["u1", "u2", "u3", "0"])),
        anonymous in weighted(0.7, select(vec!["a1", "a2", "a3", "a4", "a5", "a6", "a7"])),
        email in weighted(0.4, select(vec!["x@x.com", "y@x.com", "Z@x.com"])),
        phones in vec(weighted(0.3, select(vec!["1", "2", "3", "X", "0"])), 3),
        external in weighted(0.1, select(vec!["1", "2"])),
    ) -> Json {
        let mut event = json!({
            "userId": user, "anonymousId": anonymous,
            "traits": {"email": email, "phone": phones[0]},
            "context": {"traits": {"email": email, "phone": phones[1]}},
            "properties": {"phone": phones[2], "email": "P@x.com"},
        });
        if let Some(id) = external {
            event["context"]["externalIds"] =
                json!([{"id": id, "type": "phone", "collection": "users", "encoding": "none"}]);
        }
        event
    }
}

prop_compose! {
    /// An event. Its time and that of its receipt lie within twelve minutes, so that many meet in one instant and many are
    /// late; some have an id that another has.
    pub(crate) fn event()(
        kind in select(vec!["track", "track", "page", "identify", "identify", "group", "alias"]),
        deliberate in any::<bool>(),
        mut event in who(),
        minute in 0..12u32,
        received in weighted(0.7, 0..12u32),
        id in weighted(0.8, 0..30u32),
        value in 0..3u32,
        consent in consent(),
        integrations in integrations(),
    ) -> Json {
        event["type"] = json!(kind);
        event["event"] = json!(if deliberate { UPDATE } else { "E" });
        event["groupId"] = json!(format!("g{value}"));
        event["previousId"] = json!("p");
        event["name"] = json!(format!("n{value}"));
        event["timestamp"] = json!(minute_of(minute));
        event["traits"]["plan"] = [json!("free"), json!("pro"), json!(null)][value as usize].clone();
        if let Some(received) = received {
            event["receivedAt"] = json!(minute_of(received));
        }
        if let Some(id) = id {
            event["messageId"] = json!(format!("m{id}"));
        }
        if let Some(consent) = consent {
            event["context"]["consent"] = consent;
        }
        if let Some(integrations) = integrations {
            event["integrations"] = integrations;
        }
        event
    }
}

/// A time of the day on which all events are.
pub(crate) fn minute_of(minute: u32) -> String {
    format!("2026-01-01T00:{minute:02}:00Z")
}

/// Events, some of which are repeated: as they are, or as an honest retry, which is received at another time.
pub(crate) fn events() -> impl Strategy<Value = Vec<Json>> {
    let repeats = vec((any::<Index>(), weighted(0.5, 0..12u32)), 0..4);
    (vec(event(), 0..24), repeats).prop_map(|(mut events, repeats)| {
        for (at, received) in repeats {
            let Some(mut again) = (!events.is_empty()).then(|| at.get(&events).clone()) else {
                continue;
            };
            if let Some(received) = received {
                again["receivedAt"] = json!(minute_of(received));
            }
            events.push(again);
        }
        events
    })
}

/// Everything that an ingested set leads to, as JSON in creation order.
pub(crate) fn state(ingested: &Ingested) -> Json {
    let accounts: Vec<Json> = ingested
        .profiles
        .accounts()
        .iter()
        .map(|(id, account)| json!({"id": id, "traits": account.traits, "users": account.users}))
        .collect();
    json!({"users": ingested.profiles.users(), "accounts": accounts})
}

/// The same events in another order, some of them again.
pub(crate) fn shuffled(events: &[Json], repeats: &[Index], seed: u64) -> Vec<Json> {
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
