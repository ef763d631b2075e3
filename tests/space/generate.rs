//! Events made so that they collide: few identifiers, few instants, few message ids.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};
use volens::Timestamp;
use volens::model::{IdentifierRule, IdentityRules, Period};
use volens::space::Settings;

/// The instant of a minute of the hour that all events are of.
pub(crate) fn minute(minute: u32) -> Timestamp {
    text(minute).parse().unwrap()
}

fn text(minute: u32) -> String {
    format!("2026-01-{:02}T00:{:02}:00Z", 1 + minute / 4 * 3, minute % 4)
}

/// The last minute that any event is of.
pub(crate) const LAST: u32 = 19;

fn consent() -> impl Strategy<Value = Option<Json>> {
    let value = select(vec![
        json!(true),
        json!(true),
        json!(true),
        json!(false),
        json!(false),
        json!("true"),
        json!(null),
    ]);
    let listed = vec((select(vec!["Advertising", "Analytics", "Other", "1bad"]), value), 0..3);
    prop_oneof![
        3 => Just(None),
        6 => listed.prop_map(|listed| {
            let preferences: serde_json::Map<_, _> = listed.into_iter().map(|(id, value)| (id.to_owned(), value)).collect();
            Some(json!({"categoryPreferences": preferences}))
        }),
        1 => select(vec![json!(null), json!({}), json!([]), json!({"categoryPreferences": []})]).prop_map(Some),
    ]
}

prop_compose! {
    pub(crate) fn event()(
        kind in select(vec!["track", "track", "track", "page", "screen", "identify", "identify", "group", "alias"]),
        name in select(vec!["Segment Consent Preference Updated", "E", "F"]),
        user in weighted(0.5, select(vec!["u1", "u2", "u3", "0", ""])),
        anonymous in weighted(0.7, select(vec!["a1", "a2", "a3", "a4", "a5", "a6", "a7", "null"])),
        email in weighted(0.4, select(vec!["x@x.com", "y@x.com", "Z@x.com", " z@X.com"])),
        external in weighted(0.2, (select(vec!["phone", "crm"]), select(vec!["1", "2", "3"]))),
        times in (weighted(0.9, 0..=LAST), weighted(0.6, 0..=LAST), weighted(0.1, 0..=LAST)),
        id in weighted(0.8, 0..30u32),
        plan in select(vec![json!("free"), json!("pro"), json!(null), json!({"n": 1})]),
        consent in consent(),
    ) -> Json {
        let (timestamp, received, sent) = times;
        let mut event = json!({
            "type": kind, "event": name, "userId": user, "anonymousId": anonymous, "groupId": format!("g{}", id.unwrap_or(0) % 3),
            "previousId": "p", "name": "n",
            "traits": {"plan": plan, "email": email},
            "context": {"traits": {"email": email}},
            "properties": {"plan": plan},
        });
        for (key, value) in [("timestamp", timestamp), ("receivedAt", received), ("sentAt", sent)] {
            if let Some(value) = value {
                event[key] = json!(text(value));
            }
        }
        if let Some((kind, value)) = external {
            event["context"]["externalIds"] = json!([{"id": value, "type": kind, "collection": "users", "encoding": "none"}]);
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

/// Rules with their own order, limits and periods.
pub(crate) fn settings() -> impl Strategy<Value = Settings> {
    let period = || select(vec![Period::Ever, Period::Ever, Period::Week, Period::Month]);
    let rule = move |kind: &'static str| {
        (1..4u32, period()).prop_map(move |(limit, period)| IdentifierRule {
            kind: kind.into(),
            from: Vec::new(),
            limit,
            period,
        })
    };
    let listed = ["user_id", "email", "anonymous_id", "phone"].map(|kind| weighted(0.6, rule(kind)));
    (
        listed
            .prop_map(|rules| rules.into_iter().flatten().collect::<Vec<_>>())
            .prop_shuffle(),
        any::<bool>(),
    )
        .prop_map(|(listed, standard)| {
            let mut identity = IdentityRules::default();
            if !standard {
                identity.listed = listed;
            }
            Settings {
                identity,
                categories: vec!["Advertising".into(), "Analytics".into()],
            }
        })
}
