//! Where raw events go: the cases of `cases/consent_reconcile.json`, and what they leave open.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod routing;

use std::collections::BTreeMap;

use routing::{Destination, UPDATE, Workspace, parsed, receivers, routed};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use volens::Engine;
use volens::enforce::{Discard, Payload, Routing};
use volens::ingest::RejectCode;

const CONSENT: &str = "discarded: FILTERED_BY_END_USER_CONSENT";
const INTEGRATIONS: &str = "discarded: FILTERED_BY_INTEGRATIONS_OBJECT";

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    category_destination_map: BTreeMap<String, Vec<String>>,
    disabled_categories: Vec<String>,
    destinations: Vec<String>,
    destination_types: BTreeMap<String, String>,
    non_enforcing_destinations: Vec<String>,
    consent_sharing_destinations: Vec<String>,
    event: Json,
    expected_destinations: Vec<String>,
    expected_discards: BTreeMap<String, String>,
    compat_expected_destinations: Vec<String>,
}

impl Case {
    fn workspace(&self) -> Workspace {
        let mapped = self.category_destination_map.keys();
        let categories = mapped.map(|id| (id.clone(), !self.disabled_categories.contains(id)));
        let destination = |name: &String| {
            let kind = self.destination_types.get(name).unwrap_or(name);
            let requires = self.category_destination_map.iter();
            Destination {
                name: name.clone(),
                kind: kind.clone(),
                requires: requires
                    .filter(|(_, kinds)| kinds.contains(kind))
                    .map(|(id, _)| id.clone())
                    .collect(),
                receives_consent: self.consent_sharing_destinations.contains(name),
                storage: self.non_enforcing_destinations.contains(name),
            }
        };
        Workspace {
            categories: categories.collect(),
            destinations: self.destinations.iter().map(destination).collect(),
            enforcement: true,
        }
    }
}

/// All of the file's cases are about routing; none is left out.
fn cases() -> Vec<Case> {
    let file: File = serde_json::from_str(include_str!("cases/consent_reconcile.json")).unwrap();
    assert_eq!(file.cases.len(), 26);
    file.cases
}

#[test]
fn each_case_goes_where_it_must_and_nowhere_else() {
    for case in cases() {
        let id = &case.id;
        let routed = routed(&case.workspace().engine(), &case.event).unwrap_or_else(|code| panic!("{id}: {code}"));
        let names: Vec<&String> = routed.iter().map(|(name, _)| name).collect();
        assert_eq!(names, case.destinations.iter().collect::<Vec<_>>(), "{id}");
        for (name, outcome) in &routed {
            let expected = match case.expected_discards.get(name) {
                Some(code) => format!("discarded: {code}"),
                None if case.event["event"] == UPDATE && case.consent_sharing_destinations.contains(name) => {
                    "delivered: consent only".to_owned()
                }
                None => "delivered".to_owned(),
            };
            assert_eq!(*outcome, expected, "{id} {name}");
        }
        let delivered: Vec<&String> = names
            .into_iter()
            .filter(|name| !case.expected_discards.contains_key(*name))
            .collect();
        assert_eq!(delivered, case.expected_destinations.iter().collect::<Vec<_>>(), "{id}");
    }
}

/// The yardstick of invariant 3 is itself measured.
#[test]
fn the_literal_reading_is_that_of_the_cases() {
    for case in cases() {
        let workspace = case.workspace();
        let reached = workspace.destinations.iter();
        let reached = reached.filter(|destination| workspace.compat(&case.event, destination));
        let names: Vec<&String> = reached.map(|destination| &destination.name).collect();
        let expected: Vec<&String> = case.compat_expected_destinations.iter().collect();
        assert_eq!(names, expected, "{}", case.id);
    }
}

fn shop() -> Engine {
    let text = r#"
        category ad
        category analytics
        category picks disabled
        destination facebook requires ad, analytics
        destination "google-ads" requires ad
        destination amplitude requires analytics, picks { type "Amplitude" receives consent }
        destination onsite requires picks
        destination mixpanel requires nothing
        destination raw { storage }
    "#;
    Engine::from_text("shop.audience", text).unwrap()
}

/// An order with this context and integrations object; `null` where there is none.
fn order(context: Json, integrations: Json) -> Json {
    json!({
        "type": "track", "event": "Order Completed", "userId": "u1",
        "context": context, "integrations": integrations,
    })
}

fn prefers(preferences: Json) -> Json {
    json!({"consent": {"categoryPreferences": preferences}})
}

fn all() -> Vec<&'static str> {
    vec!["facebook", "google-ads", "amplitude", "onsite", "mixpanel", "raw"]
}

/// Those that need no consent: without categories, or with none that is switched on.
fn open() -> Vec<&'static str> {
    vec!["onsite", "mixpanel", "raw"]
}

#[test]
fn consent_decides_by_each_category_that_is_switched_on() {
    let rows = [
        (json!({}), all()),
        (Json::Null, all()),
        (prefers(json!({"ad": true, "analytics": true})), all()),
        // CC-7: both.
        (
            prefers(json!({"ad": true})),
            vec!["google-ads", "onsite", "mixpanel", "raw"],
        ),
        // CC-9: `picks` is not asked for, nor does it stand in for another.
        (
            prefers(json!({"analytics": true, "picks": false})),
            vec!["amplitude", "onsite", "mixpanel", "raw"],
        ),
        (prefers(json!({"picks": true})), open()),
        // CR-12: one that the workspace does not know.
        (prefers(json!({"sale": true})), open()),
    ];
    for (context, expected) in rows {
        assert_eq!(
            receivers(&shop(), &order(context.clone(), Json::Null)),
            expected,
            "{context}"
        );
    }
}

#[test]
fn whatever_is_there_and_is_no_true_is_a_refusal() {
    let refusing = [
        json!(null),
        json!({}),
        json!([]),
        json!("granted"),
        json!(true),
        json!({"version": 2}),
        json!({"ad": true, "analytics": true}),
        json!({"categoryPreferences": null}),
        json!({"categoryPreferences": {}}),
        json!({"categoryPreferences": true}),
        json!({"categoryPreferences": ["ad", "analytics"]}),
        json!({"categoryPreferences": {"ad": "true", "analytics": 1}}),
        json!({"categoryPreferences": {"ad": null, "analytics": [true]}}),
        json!({"categoryPreferences": {"AD": true, "Analytics": true, " ad": true}}),
    ];
    for consent in refusing {
        let event = order(json!({"consent": consent}), Json::Null);
        assert_eq!(receivers(&shop(), &event), open(), "{event}");
    }
}

#[test]
fn integrations_restrict_and_never_grant() {
    let granted = prefers(json!({"ad": true, "analytics": true}));
    let rows = [
        // CR-14: by name, else `All`, else yes.
        (granted.clone(), json!({"facebook": false}), without(&["facebook"])),
        (
            granted.clone(),
            json!({"All": false, "facebook": true}),
            vec!["facebook"],
        ),
        (
            granted.clone(),
            json!({"All": true, "facebook": false}),
            without(&["facebook"]),
        ),
        // The type is the name here, and exactly it (CR-15).
        (
            granted.clone(),
            json!({"Amplitude": false, "amplitude": true, "Facebook": false}),
            without(&["amplitude"]),
        ),
        // CR-15: an object is a yes; what is neither that nor `true` is a no.
        (
            granted.clone(),
            json!({"All": false, "facebook": {"id": 7}}),
            vec!["facebook"],
        ),
        (granted.clone(), json!({"All": {"id": 7}}), all()),
        (granted.clone(), json!({"facebook": null}), without(&["facebook"])),
        (granted.clone(), json!({"facebook": "true"}), without(&["facebook"])),
        (granted.clone(), json!({"facebook": 1}), without(&["facebook"])),
        (granted.clone(), json!({"facebook": []}), without(&["facebook"])),
        (granted.clone(), json!({"All": null}), vec![]),
        (granted.clone(), json!({}), all()),
        // What is no object restricts, nobody knows how far.
        (granted.clone(), json!([]), vec![]),
        (granted.clone(), json!("none"), vec![]),
        (granted.clone(), json!(true), vec![]),
        // A yes in it is no consent (CR-4, DEC-3).
        (
            prefers(json!({})),
            json!({"facebook": true, "mixpanel": false}),
            vec!["onsite", "raw"],
        ),
        (
            prefers(json!({"ad": true})),
            json!({"All": true, "facebook": true}),
            without(&["facebook", "amplitude"]),
        ),
    ];
    for (context, integrations, expected) in rows {
        let event = order(context, integrations);
        assert_eq!(receivers(&shop(), &event), expected, "{event}");
    }
}

fn without(names: &[&str]) -> Vec<&'static str> {
    all().into_iter().filter(|name| !names.contains(name)).collect()
}

/// DEC-4: where nobody was asked, a mapped destination has to be named.
#[test]
fn without_a_consent_object_a_mapped_destination_must_be_named() {
    let rows = [
        (json!({"facebook": true}), vec!["facebook", "onsite", "mixpanel", "raw"]),
        (
            json!({"facebook": {"id": 7}, "mixpanel": false}),
            vec!["facebook", "onsite", "raw"],
        ),
        (json!({"nobody": true}), open()),
        (json!({"All": true}), all()),
        (json!({"All": true, "facebook": false}), without(&["facebook"])),
        (json!({"All": false}), vec![]),
        (json!({}), all()),
        (Json::Null, all()),
    ];
    for (integrations, expected) in rows {
        for context in [json!({}), Json::Null] {
            let event = order(context, integrations.clone());
            assert_eq!(receivers(&shop(), &event), expected, "{event}");
        }
    }
    // An object that says nothing is one all the same: then consent is what blocks, and the reason.
    let event = order(json!({"consent": {}}), json!({"facebook": true}));
    let reasons: Vec<String> = routed(&shop(), &event)
        .unwrap()
        .into_iter()
        .map(|(_, how)| how)
        .collect();
    assert_eq!(
        reasons,
        [CONSENT, CONSENT, CONSENT, "delivered", "delivered", "delivered"]
    );
}

#[test]
fn consent_is_the_reason_where_both_block() {
    let event = order(prefers(json!({"ad": true})), json!({"All": false}));
    let reasons: Vec<String> = routed(&shop(), &event)
        .unwrap()
        .into_iter()
        .map(|(_, how)| how)
        .collect();
    assert_eq!(
        reasons,
        [CONSENT, INTEGRATIONS, CONSENT, INTEGRATIONS, INTEGRATIONS, INTEGRATIONS]
    );
    assert!(Discard::EndUserConsent < Discard::IntegrationsObject);
}

/// CV-9, DEC-21.
#[test]
fn a_preference_update_reaches_those_who_are_to_be_told_and_tells_no_more() {
    let mut update = order(prefers(json!({"ad": false, "1 Ann Smith": true})), Json::Null);
    update["event"] = json!(UPDATE);
    let delivered = ["amplitude", "onsite", "mixpanel", "raw"];
    assert_eq!(receivers(&shop(), &update), delivered);

    let how = |event: &Json| routed(&shop(), event).unwrap()[2].1.clone();
    assert_eq!(how(&update), "delivered: consent only");
    let granted = json!({"ad": true, "analytics": true});
    update["context"] = prefers(granted.clone());
    assert_eq!(how(&update), "delivered: consent only");
    update["integrations"] = json!({"Amplitude": false});
    assert_eq!(how(&update), INTEGRATIONS);

    // Only the track call of exactly that name is one.
    let page = json!({"type": "page", "event": UPDATE, "userId": "u1", "context": prefers(json!({}))});
    assert_eq!(how(&page), CONSENT);
    let nearly = order(prefers(json!({})), Json::Null);
    for name in [
        "segment consent preference updated",
        "Segment Consent Preferences Updated",
    ] {
        let mut nearly = nearly.clone();
        nearly["event"] = json!(name);
        assert_eq!(how(&nearly), CONSENT, "{name}");
    }
}

#[test]
fn consent_only_is_what_it_says() {
    let event = json!({
        "type": "track", "event": UPDATE, "messageId": "m1", "userId": "u1", "anonymousId": "a1", "channel": "web",
        "timestamp": "2026-06-01", "sentAt": "2026-06-01", "receivedAt": "2026-06-01", "originalTimestamp": "2026-06-01",
        "properties": {"page": "/cancer"}, "traits": {"email": "ann@acme.example"},
        "integrations": {"Amplitude": {"session": 7}},
        "context": {
            "ip": "203.0.113.7", "traits": {"email": "ann@acme.example"}, "externalIds": [],
            "consent": {"categoryPreferences": {"ad": false, "1 Ann Smith": true}, "version": 2, "by": "Ann"},
        },
    });
    let expected = json!({
        "type": "track", "event": UPDATE, "messageId": "m1", "userId": "u1", "anonymousId": "a1",
        "timestamp": "2026-06-01", "sentAt": "2026-06-01", "receivedAt": "2026-06-01", "originalTimestamp": "2026-06-01",
        "context": {"consent": {"categoryPreferences": {"ad": false}, "version": 2}},
    });
    let event = parsed(&event);
    assert_eq!(*Payload::ConsentOnly.of(&event), parsed(&expected));
    assert_eq!(*Payload::Event.of(&event), event);

    let least = json!({"type": "track", "event": UPDATE, "anonymousId": "a1", "context": prefers(json!({}))});
    assert_eq!(*Payload::ConsentOnly.of(&parsed(&least)), parsed(&least));
}

/// What the profile's switch is off for are members of audiences; raw events are held to consent all the same.
#[test]
fn enforcement_of_members_switched_off_changes_nothing_here() {
    let mut workspace = cases().remove(0).workspace();
    let refusing = order(prefers(json!({"ad": false})), Json::Null);
    assert_eq!(receivers(&workspace.engine(), &refusing), ["mixpanel"]);
    workspace.enforcement = false;
    assert_eq!(receivers(&workspace.engine(), &refusing), ["mixpanel"]);
}

#[test]
fn a_refused_event_goes_nowhere_and_its_code_is_told() {
    let route = |event: Json| shop().route(&parsed(&event)).map(|_| ());
    let update =
        |consent: Json| json!({"type": "track", "event": UPDATE, "userId": "u1", "context": {"consent": consent}});
    let long = "x".repeat(32_768);
    let rows = [
        (json!([]), RejectCode::BadRequest),
        (json!({"userId": "u1"}), RejectCode::TypeRequired),
        (
            json!({"batch": [order(json!({}), json!({}))]}),
            RejectCode::TypeRequired,
        ),
        (json!({"type": "page"}), RejectCode::NoUserAnonId),
        (order(json!("none"), json!({})), RejectCode::ContextNotObject),
        (
            json!({"type": "page", "userId": "u1", "properties": {"x": long}}),
            RejectCode::EventTooLarge,
        ),
        (
            json!({"type": "page", "userId": "u1", "timestamp": "yesterday"}),
            RejectCode::TimestampInvalid,
        ),
        (json!({"type": "page", "userId": "0"}), RejectCode::NoUsableIdentifier),
        (update(json!(null)), RejectCode::ConsentMissing),
        (update(json!({"categoryPreferences": []})), RejectCode::ConsentNotObject),
        (
            update(json!({"categoryPreferences": {"ad": "true"}})),
            RejectCode::ConsentNotBool,
        ),
        (
            update(json!({"categoryPreferences": {}, "version": "2"})),
            RejectCode::ConsentVersionNotNumber,
        ),
    ];
    for (event, code) in rows {
        assert_eq!(route(event), Err(code));
    }
    let deep = (0..127).fold(json!(0), |inner, _| json!([inner]));
    let deep = json!({"type": "page", "userId": "u1", "properties": {"x": deep}});
    let deep = shop().route(&deep_value(&deep)).map(|_| ());
    assert_eq!(deep, Err(RejectCode::TooDeep));
    // Of any type, and without any time.
    for event in [
        json!({"type": "alias", "userId": "u1", "previousId": "a1"}),
        json!({"type": "group", "anonymousId": "a1", "groupId": "g"}),
        json!({"type": "identify", "userId": "u1"}),
    ] {
        assert_eq!(receivers(&shop(), &event), all(), "{event}");
    }
}

/// As a host could make it: text of this depth is not parsed.
fn deep_value(json: &Json) -> volens::Value {
    match json {
        Json::Array(items) => volens::Value::List(items.iter().map(deep_value).collect()),
        Json::Object(object) => {
            let entries = object.iter().map(|(key, value)| (key.as_str(), deep_value(value)));
            volens::Value::Object(entries.collect())
        }
        scalar => parsed(scalar),
    }
}

#[test]
fn as_json_it_has_the_documented_codes() {
    let engine = shop();
    let event = parsed(&order(prefers(json!({"ad": true})), json!({"google-ads": false})));
    let shown = serde_json::to_value(&engine.route(&event).unwrap()[..2]).unwrap();
    assert_eq!(
        shown,
        json!([
            {"destination": "facebook", "routing": {"discarded": "FILTERED_BY_END_USER_CONSENT"}},
            {"destination": "google-ads", "routing": {"discarded": "FILTERED_BY_INTEGRATIONS_OBJECT"}},
        ])
    );
    let delivered = serde_json::to_value(Routing::Delivered(Payload::ConsentOnly)).unwrap();
    assert_eq!(delivered, json!({"delivered": "consent_only"}));
}
