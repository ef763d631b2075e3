//! The rules of an `identity` block, from their text to who is whom (ID-2 to ID-9, ID-15).

use volens::model::IdentityRules;
use volens::{Engine, Error};

use super::identity::{people, seen};
use super::*;

/// The settings of a workspace with these rules.
fn ruled(rules: &str) -> Settings {
    Settings {
        identity: rules_of(&format!("identity {{ {rules} }}")),
        ..settings()
    }
}

fn rules_of(text: &str) -> IdentityRules {
    let engine = Engine::from_text("identity.audience", text).unwrap_or_else(|error| panic!("{text}: {error}"));
    engine.identity().clone()
}

/// The identifiers of the only profile that an event makes under the rules.
fn of(rules: &str, event: Json) -> Vec<String> {
    identifiers(only(&ingest_with(ruled(rules), [event])))
}

fn listed(text: &str) -> Vec<(String, u32)> {
    let rules = rules_of(text);
    rules
        .listed
        .iter()
        .map(|rule| (rule.kind.to_string(), rule.limit))
        .collect()
}

fn named(rules: &[(&str, u32)]) -> Vec<(String, u32)> {
    rules.iter().map(|(kind, limit)| ((*kind).to_owned(), *limit)).collect()
}

#[test]
fn the_order_is_the_priority_and_user_id_stays_first() {
    assert_eq!(rules_of("audience a {}"), IdentityRules::default());
    assert_eq!(listed("audience a {}"), named(&[("user_id", 1), ("email", 5)]));
    assert_eq!(listed("identity {}"), named(&[("user_id", 1)]));
    assert_eq!(
        listed("identity { phone limit 2  email limit 3 }"),
        named(&[("user_id", 1), ("phone", 2), ("email", 3)])
    );
    assert_eq!(
        listed("identity { phone limit 2  \"user_id\" limit 7 }"),
        named(&[("phone", 2), ("user_id", 7)])
    );
}

/// An external id of a person.
fn external(kind: &str, id: &str) -> Json {
    json!({"id": id, "type": kind, "collection": "users", "encoding": "none"})
}

#[test]
fn the_label_goes_by_the_priority() {
    for (rules, label) in [
        ("", "user_id:u1"),
        ("identity { phone limit 1 }", "user_id:u1"),
        ("identity { phone limit 1  user_id limit 1 }", "phone:p1"),
        // Of those that are not listed, the first by alphabet; `email` is one of them here.
        ("identity { email limit 1  user_id limit 1 }", "email:x@x.com"),
        ("identity { }", "user_id:u1"),
    ] {
        let engine = Engine::from_text("a", rules).unwrap();
        let event = track(
            "E",
            "2026-01-01",
            json!({"context": {"traits": {"email": "x@x.com"}, "externalIds": [external("phone", "p1")]}}),
        );
        let ingested = engine.ingest(event.to_string().as_bytes(), at("2026-07-01")).unwrap();
        assert_eq!(engine.label(only(&ingested)), label, "{rules}");
    }
}

#[test]
fn what_is_not_listed_follows_by_alphabet() {
    // Two user ids meet in one event's identifiers; the lowest goes first, until the rest fits.
    let events = || {
        [
            seen(1, Some("u1"), Some("a"), Some("x@x.com")),
            seen(2, Some("u2"), Some("a"), Some("y@x.com")),
        ]
    };
    // `anonymous_id` is lower than `email`: only it goes.
    let ordinary = ingest_with(settings(), events());
    assert_eq!(people(&ordinary)[1], ["email:y@x.com", "user_id:u2"]);
    // Not listed, `email` is lower than `anonymous_id`: it goes first, and the rest does not fit yet.
    let listed = ingest_with(ruled("user_id limit 1"), events());
    assert_eq!(people(&listed)[1], ["user_id:u2"]);
    // Five of each.
    let devices = (1..=6).map(|n| seen(n, Some("u"), Some(&format!("a{n}")), None));
    assert_eq!(people(&ingest_with(ruled("phone limit 1"), devices))[0].len(), 6);
}

#[test]
fn from_adds_places_where_the_default_place_has_none() {
    const PHONE: &str = "phone from traits.phone, context.traits.phone, properties.tel limit 3";
    let identify = |more: Json| {
        with(
            json!({"type": "identify", "userId": "u1", "timestamp": "2026-01-01"}),
            more,
        )
    };
    let p = |value: &str| vec![format!("phone:{value}"), "user_id:u1".to_owned()];
    let none = vec!["user_id:u1".to_owned()];
    for (event, expected) in [
        (identify(json!({"traits": {"phone": "1"}})), p("1")),
        (identify(json!({"context": {"traits": {"phone": "2"}}})), p("2")),
        (
            identify(json!({"traits": {"phone": "1"}, "context": {"traits": {"phone": "2"}}})),
            p("1"),
        ),
        // The first that holds a string: numbers, lists and null are none.
        (
            identify(json!({"traits": {"phone": 1}, "context": {"traits": {"phone": "2"}}})),
            p("2"),
        ),
        (
            identify(json!({"traits": {"phone": null}, "context": {"traits": {"phone": ["3"]}}})),
            none.clone(),
        ),
        (track("E", "2026-01-01", json!({"properties": {"tel": "3"}})), p("3")),
        // A value that is blocked is a string; another one in its place could be somebody else's.
        (
            identify(json!({"traits": {"phone": "anonymous"}, "context": {"traits": {"phone": "2"}}})),
            none.clone(),
        ),
        (
            identify(json!({"traits": {"phone": ""}, "context": {"traits": {"phone": "2"}}})),
            none.clone(),
        ),
        // An external id is the default place of a type of one's own.
        (
            identify(json!({"traits": {"phone": "1"}, "context": {"externalIds": [external("phone", "0170")]}})),
            p("0170"),
        ),
        (
            identify(json!({"traits": {"phone": "1"}, "context": {"externalIds": [external("phone", "null")]}})),
            none.clone(),
        ),
        // One that is malformed is none.
        (
            identify(json!({"traits": {"phone": "1"}, "context": {"externalIds": [external("Phone", "2")]}})),
            p("1"),
        ),
        // The traits of a group are the account's; those of other calls are no person's either.
        (
            json!({"type": "group", "userId": "u1", "groupId": "g", "traits": {"phone": "1"}}),
            none.clone(),
        ),
        (
            json!({"type": "group", "userId": "u1", "groupId": "g", "context": {"traits": {"phone": "2"}}}),
            p("2"),
        ),
        (
            track("E", "2026-01-01", json!({"traits": {"phone": "1"}})),
            none.clone(),
        ),
        (identify(json!({"properties": {"tel": "3"}})), none.clone()),
        // An alias identifies by its `userId` alone (ID-26).
        (
            json!({"type": "alias", "userId": "u1", "previousId": "p", "context": {"traits": {"phone": "2"}}}),
            none.clone(),
        ),
        // Spelling counts, and a path is followed through objects only.
        (
            identify(json!({"traits": {"Phone": "1", "traits.phone": "1"}})),
            none.clone(),
        ),
        (identify(json!({"context": {"traits": "phone"}})), none),
    ] {
        assert_eq!(of(PHONE, event.clone()), expected, "{event}");
    }
}

#[test]
fn places_of_the_types_that_there_are() {
    let email = "email from properties.email, context.mail.address limit 5";
    // Emails are lower-cased and trimmed wherever they stand (DEC-46).
    let event = track("E", "2026-01-01", json!({"properties": {"email": " Jane@X.com "}}));
    assert_eq!(of(email, event.clone()), ["email:jane@x.com", "user_id:u1"]);
    assert_eq!(of("email limit 5", event.clone()), ["user_id:u1"]);
    let both = with(event.clone(), json!({"context": {"traits": {"email": "c@x.com"}}}));
    assert_eq!(of(email, both), ["email:c@x.com", "user_id:u1"]);
    // An external id of type `email` gives one too.
    let both = with(
        event,
        json!({"context": {"externalIds": [external("email", "e@x.com")]}}),
    );
    assert_eq!(of(email, both), ["email:e@x.com", "user_id:u1"]);
    // Keys with dots and odd names in quotes, several levels.
    let event = track("E", "2026-01-01", json!({"properties": {"a.b": {"the c": "v"}}}));
    assert_eq!(
        of("card from properties.a.b, properties.\"a.b\".\"the c\" limit 1", event),
        ["card:v", "user_id:u1"]
    );
    // The calls' own ids come before all.
    let event = json!({"type": "page", "anonymousId": "a", "properties": {"id": "p"}});
    assert_eq!(
        of("user_id from properties.id limit 1", event.clone()),
        ["anonymous_id:a", "user_id:p"]
    );
    let event = with(event, json!({"userId": "u"}));
    assert_eq!(
        of("user_id from properties.id limit 1", event),
        ["anonymous_id:a", "user_id:u"]
    );
    // Two types may read one place, and one type may name it twice.
    let event = track("E", "2026-01-01", json!({"properties": {"n": "7"}}));
    assert_eq!(
        of(
            "a from properties.n limit 1  b from properties.n, properties.n limit 1",
            event
        ),
        ["a:7", "b:7", "user_id:u1"]
    );
}

#[test]
fn an_advertising_id_needs_the_leave_to_track() {
    let rules = "\"ios.idfa\" from properties.idfa limit 5  adid from context.device.advertisingId limit 5";
    let event = |device: Json| {
        track(
            "E",
            "2026-01-01",
            json!({"properties": {"idfa": "p1"}, "context": {"device": device}}),
        )
    };
    let found = |device: Json| of(rules, event(device));
    assert_eq!(
        found(json!({"advertisingId": "x1", "adTrackingEnabled": true})),
        ["adid:x1", "ios.idfa:p1", "user_id:u1"]
    );
    for tracking in [json!(false), json!("true"), json!(null)] {
        let device = json!({"type": "ios", "advertisingId": "x1", "adTrackingEnabled": tracking});
        assert_eq!(found(device), ["user_id:u1"]);
    }
    assert_eq!(found(json!({"advertisingId": "x1"})), ["user_id:u1"]);
}

#[test]
fn a_configured_place_joins_profiles_within_the_limits() {
    let call = |day: u32, user: &str, phone: &str| json!({"type": "identify", "userId": user, "timestamp": format!("2026-01-{day:02}"), "traits": {"phone": phone}});
    let device = |day: u32, id: &str, phone: &str| json!({"type": "page", "anonymousId": id, "timestamp": format!("2026-01-{day:02}"), "context": {"traits": {"phone": phone}}});
    let rules = "phone from traits.phone, context.traits.phone limit 2 per week";
    let ingested = ingest_with(
        ruled(rules),
        [
            device(1, "a", "1"),
            call(2, "u1", "1"),
            call(3, "u2", "1"),
            call(3, "u1", "2"),
            call(4, "u1", "3"),
            call(8, "u1", "4"),
        ],
    );
    assert_eq!(
        people(&ingested),
        [
            // The third phone within a week is one too many; the fourth comes when the first is a week old.
            vec!["anonymous_id:a", "phone:1", "phone:2", "phone:4", "user_id:u1"],
            // A phone does not make one person of two users (ID-12).
            vec!["user_id:u2"],
        ]
    );
    assert_eq!(
        ingested.violations,
        BTreeMap::from([
            ("Identifier value limit exceeded", 1),
            ("Identifier value time limit exceeded", 1)
        ])
    );
}

#[test]
fn a_period_ends_after_7_30_and_365_days() {
    let seen = |device: &str, timestamp: &str| json!({"type": "page", "userId": "u", "anonymousId": device, "timestamp": timestamp});
    for (period, last, first_after) in [
        ("week", "2024-01-07T23:59:59.999Z", "2024-01-08"),
        ("month", "2024-01-30T23:59:59.999Z", "2024-01-31"),
        // 2024 has 366 days.
        ("year", "2024-12-30T23:59:59.999Z", "2024-12-31"),
    ] {
        let rules = format!("anonymous_id limit 1 per {period}");
        let with_second = |timestamp: &str| {
            let ingested = ingest_with(ruled(&rules), [seen("a", "2024-01-01"), seen("b", timestamp)]);
            only(&ingested).identifiers().of("anonymous_id").count()
        };
        assert_eq!((with_second(last), with_second(first_after)), (1, 2), "{period}");
    }
    let ever = ingest_with(
        ruled("anonymous_id limit 1"),
        [seen("a", "2024-01-01"), seen("b", "2026-01-01")],
    );
    assert_eq!(people(&ever), [["anonymous_id:a", "user_id:u"]]);
    assert_eq!(
        ever.violations,
        BTreeMap::from([("Identifier value limit exceeded", 1)])
    );
}

#[test]
fn blocked_values_are_blocked_for_every_type() {
    let rules = "phone from traits.phone limit 5  block \"Test\", \"Info@X.com\", \"g1\"";
    let identify = |user: &str, traits: Json| json!({"type": "identify", "userId": user, "traits": traits});
    for (event, expected) in [
        (identify("u1", json!({"phone": "Test"})), vec!["user_id:u1"]),
        // Compared exactly (ID-4) …
        (
            identify("test", json!({"phone": "tEST"})),
            vec!["phone:tEST", "user_id:test"],
        ),
        // … but emails as they are matched, in either spelling.
        (identify("u1", json!({"email": " info@x.COM"})), vec!["user_id:u1"]),
        (identify("u1", json!({"email": "Info@X.com"})), vec!["user_id:u1"]),
        (identify("info@x.com", json!({})), vec!["user_id:info@x.com"]),
        // Those of ID-8 stay blocked.
        (identify("u1", json!({"phone": "000-000"})), vec!["user_id:u1"]),
    ] {
        assert_eq!(of(rules, event.clone()), expected, "{event}");
    }
    let events = [
        identify("Test", json!({})),
        json!({"type": "group", "userId": "u1", "groupId": "g1"}),
    ];
    let ingested = ingest_with(ruled(rules), events);
    assert_eq!(codes(&ingested), [RejectCode::NoUsableIdentifier]);
    assert!(ingested.profiles.accounts().is_empty());
    assert_eq!(
        ingested.violations,
        BTreeMap::from([("ID value blocked", 1), ("No matching identifiers on event", 1)])
    );
}

#[test]
fn a_rule_for_a_type_that_no_event_can_carry_has_no_effect() {
    let mut settings = ruled("phone from traits.phone limit 1");
    for kind in ["Phone", "a:b", "group_id", ""] {
        settings.identity.listed[1].kind = kind.into();
        let event = json!({"type": "identify", "userId": "u", "traits": {"phone": "1"}});
        assert_eq!(
            people(&ingest_with(settings.clone(), [event])),
            [["user_id:u"]],
            "{kind}"
        );
    }
}

#[test]
fn consent_of_two_people_is_kept_apart_by_the_rules() {
    // The workspace lets no two users be one, and the shared phone of a household is not a person.
    let text = r#"
        category Advertising
        destination ads requires Advertising
        audience all_users { send to ads }
        identity {
          phone from traits.phone limit 1
          block "+49 30 0"
        }
    "#;
    let call = |user: &str, day: u32, phone: &str, granted: bool| {
        json!({"type": "identify", "userId": user, "timestamp": format!("2026-01-{day:02}"), "traits": {"phone": phone},
            "context": {"consent": {"categoryPreferences": {"Advertising": granted}}}})
    };
    let now = at("2026-07-01");
    let run = |text: &str, phone: &str| {
        let engine = Engine::from_text("a", text).unwrap();
        let mut ingestor = engine.ingestor(now, now);
        for event in [call("ann", 1, phone, true), call("ben", 2, phone, false)] {
            ingestor.line("e", 1, event.to_string().as_bytes());
        }
        let profiles = ingestor.finish().profiles;
        let run = engine.run(&profiles, now).unwrap();
        let destination = &run.audiences[0].destinations[0];
        let filtered: Vec<&str> = destination.filtered.iter().map(|f| &*f.profile).collect();
        (destination.delivered.join(" "), filtered.join(" "))
    };
    let apart = ("user_id:ann".to_owned(), "user_id:ben".to_owned());
    assert_eq!(run(text, "+49 30 0"), apart, "blocked");
    assert_eq!(
        run(text, "+49 171 5"),
        apart,
        "of two users, the phone stays the first one's"
    );
    // Rules that let two users be one person make their consent conflict, and a conflict is no grant.
    let loose = text.replace("identity {", "identity { user_id limit 2");
    let (delivered, filtered) = run(&loose, "+49 171 5");
    assert_eq!((delivered.as_str(), filtered.as_str()), ("", "user_id:ann"));
}

#[test]
fn a_workspace_with_an_error_in_its_rules_takes_nothing_in() {
    let text = "audience a {}\nidentity { user_id limit 0 }";
    assert!(matches!(Engine::from_text("a", text), Err(Error::Definitions(_))));
}
