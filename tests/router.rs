//! The strict policy for raw events without a consent object, and streams of raw events: the library's side of
//! `volens route`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod routing;

use std::io;

use routing::{UPDATE, parsed};
use serde_json::{Value as Json, json};
use volens::enforce::Policy;
use volens::ingest::{Counts, RejectCode};
use volens::{ConsentState, Engine, Profile, Profiles, Timestamp};

const SHOP: &str = r#"
category ad
category analytics
category picks disabled
destination ads requires ad { type "Ads" }
destination measured requires ad, analytics { receives consent }
destination onsite requires picks
destination crm requires nothing
"#;

fn shop() -> Engine {
    Engine::from_text("shop.audience", SHOP).unwrap()
}

/// What becomes of an event at each destination, in short.
fn told(routed: &[volens::engine::Routed<'_>]) -> Vec<String> {
    let short = |routing: String| match routing.as_str() {
        "discarded: FILTERED_BY_END_USER_CONSENT" => "consent".to_owned(),
        "discarded: FILTERED_BY_INTEGRATIONS_OBJECT" => "integrations".to_owned(),
        _ => routing,
    };
    routed.iter().map(|routed| short(routed.routing.to_string())).collect()
}

/// What is stored, by category.
type States<'s> = &'s [(&'s str, ConsentState)];

fn person(states: States<'_>) -> Profile {
    let mut person = Profile::builder().user_id("u1");
    for (category, state) in states {
        person = person.consent(category, *state);
    }
    person.build()
}

fn visit(more: Json) -> Json {
    let mut event = json!({"type": "page", "userId": "u1"});
    let object = event.as_object_mut().unwrap();
    object.extend(more.as_object().unwrap().clone());
    event
}

#[test]
fn without_an_object_what_is_stored_decides_under_the_strict_policy() {
    use ConsentState::{Conflicted, Denied, Granted, NotCollected};
    let yes = [("ad", Granted), ("analytics", Granted)];
    let rows: [(States<'_>, [&str; 2]); 7] = [
        (&yes, ["delivered", "delivered"]),
        (&[("ad", Granted)], ["delivered", "consent"]),
        (&[("ad", Granted), ("analytics", Denied)], ["delivered", "consent"]),
        (&[("ad", Conflicted), ("analytics", Granted)], ["consent", "consent"]),
        (&[("ad", NotCollected)], ["consent", "consent"]),
        // Ids are compared exactly, and what is switched off stands in for nothing.
        (&[("AD", Granted), ("picks", Granted)], ["consent", "consent"]),
        (&[], ["consent", "consent"]),
    ];
    let engine = shop();
    let event = parsed(&visit(json!({})));
    let open = ["delivered"; 4];
    assert_eq!(told(&engine.route_for(&event, Policy::Documented).unwrap()), open);
    assert_eq!(Policy::default(), Policy::Documented);
    for (states, expected) in rows {
        let person = person(states);
        let routed = engine.route_for(&event, Policy::Strict(&[person.consent()])).unwrap();
        assert_eq!(told(&routed)[..2], expected, "{states:?}");
        // What requires nothing that is switched on receives everybody.
        assert_eq!(told(&routed)[2..], ["delivered", "delivered"], "{states:?}");
    }
    // Of several everybody, and nobody is no grant.
    let (yes, no) = (person(&yes), person(&[("ad", Denied), ("analytics", Granted)]));
    for people in [&[][..], &[yes.consent(), no.consent()], &[no.consent(), yes.consent()]] {
        let routed = engine.route_for(&event, Policy::Strict(people)).unwrap();
        assert_eq!(told(&routed), ["consent", "consent", "delivered", "delivered"]);
    }
}

#[test]
fn an_object_of_its_own_decides_whatever_is_stored() {
    let engine = shop();
    let granted = person(&[("ad", ConsentState::Granted), ("analytics", ConsentState::Granted)]);
    let objects = [
        json!({"ad": true, "analytics": true}),
        json!({"ad": false}),
        json!({}),
        json!(null),
    ];
    for preferences in objects {
        let event = parsed(&visit(
            json!({"context": {"consent": {"categoryPreferences": preferences}}}),
        ));
        let documented = engine.route(&event).unwrap();
        for people in [&[][..], &[granted.consent()]] {
            assert_eq!(engine.route_for(&event, Policy::Strict(people)).unwrap(), documented);
        }
    }
    // A preference update reaches whoever is told of consent, also of somebody unknown.
    let update = json!({"type": "track", "event": UPDATE, "userId": "u1",
        "context": {"consent": {"categoryPreferences": {"ad": false}}}});
    let routed = engine.route_for(&parsed(&update), Policy::Strict(&[])).unwrap();
    assert_eq!(told(&routed)[..2], ["consent", "delivered: consent only"]);
}

#[test]
fn the_strict_policy_adds_no_receiver_by_the_integrations_object() {
    let engine = shop();
    let yes = person(&[("ad", ConsentState::Granted), ("analytics", ConsentState::Granted)]);
    // DEC-4: what needs consent is wanted by name, although it is known now that the person agreed.
    let named = parsed(&visit(json!({"integrations": {"Ads": true}})));
    let documented = engine.route(&named).unwrap();
    assert_eq!(
        told(&documented),
        ["delivered", "integrations", "delivered", "delivered"]
    );
    assert_eq!(
        engine.route_for(&named, Policy::Strict(&[yes.consent()])).unwrap(),
        documented
    );
    // Consent is the reason where both block.
    let unwanted = parsed(&visit(json!({"integrations": {"All": false}})));
    assert_eq!(
        told(&engine.route(&unwanted).unwrap()),
        ["integrations", "integrations", "integrations", "integrations"]
    );
    assert_eq!(
        told(&engine.route_for(&unwanted, Policy::Strict(&[])).unwrap()),
        ["consent", "consent", "integrations", "integrations"]
    );
}

#[test]
fn off_is_about_members_under_the_strict_policy_too() {
    let off = Engine::from_text("shop.audience", &format!("consent enforcement off\n{SHOP}")).unwrap();
    let routed = off.route_for(&parsed(&visit(json!({}))), Policy::Strict(&[]));
    assert_eq!(told(&routed.unwrap())[..2], ["consent", "consent"]);
}

/// `u1` agreed to ads, `u2` refused, and of `u3` only the device `a3` is known, which refused.
fn people(engine: &Engine) -> Profiles {
    let asked = |more: Json, ad: bool| {
        let mut event = json!({"type": "identify", "timestamp": "2026-06-01",
            "context": {"consent": {"categoryPreferences": {"ad": ad, "analytics": ad}}}});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event.to_string()
    };
    let events = [
        asked(
            json!({"userId": "u1", "anonymousId": "a1", "traits": {"email": "One@x.com"}}),
            true,
        ),
        asked(json!({"userId": "u2", "anonymousId": "a2"}), false),
        asked(json!({"anonymousId": "a3"}), false),
        asked(json!({"anonymousId": "a4"}), true),
    ];
    let now = Timestamp::parse("2026-06-30").unwrap();
    engine.ingest(events.join("\n").as_bytes(), now).unwrap().profiles
}

#[test]
fn the_person_is_found_by_the_most_important_identifier_and_nobody_else_is_betrayed() {
    let engine = shop();
    let people = people(&engine);
    let rows = [
        (json!({"userId": "u1"}), "delivered"),
        (json!({"anonymousId": "a1"}), "delivered"),
        (json!({"userId": "u1", "anonymousId": "never seen"}), "delivered"),
        (
            json!({"anonymousId": "a1", "context": {"traits": {"email": " ONE@x.com "}}}),
            "delivered",
        ),
        (json!({"userId": "u2"}), "consent"),
        (json!({"userId": "u9"}), "consent"),
        // A new user at a device of somebody who agreed is not that person.
        (json!({"userId": "u9", "anonymousId": "a4"}), "consent"),
        (
            json!({"userId": "u9", "context": {"traits": {"email": "one@x.com"}}}),
            "consent",
        ),
        // A device of somebody who refused, or who is only a device.
        (json!({"userId": "u1", "anonymousId": "a2"}), "consent"),
        (json!({"userId": "u1", "anonymousId": "a3"}), "consent"),
        (json!({"userId": "u1", "anonymousId": "a4"}), "delivered"),
        // What names nobody is no identifier.
        (json!({"userId": "0", "anonymousId": "a1"}), "delivered"),
    ];
    for (who, expected) in rows {
        let mut event = json!({"type": "track", "event": "E"});
        event.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        let routed = engine.among(&people).route(&parsed(&event)).unwrap();
        assert_eq!(told(&routed)[0], expected, "{who}");
        assert_eq!(told(&routed)[3], "delivered", "{who}");
    }
    let refused = json!({"type": "track", "userId": "u1"});
    assert_eq!(
        engine.among(&people).route(&parsed(&refused)),
        Err(RejectCode::EventNotDefined)
    );
}

/// The lines, in the form `line[.item] message_id who destinations…`.
fn lines(mut router: volens::engine::Router<'_>, text: &str) -> (Vec<String>, Counts, Vec<(u64, RejectCode)>) {
    let mut lines = Vec::new();
    router
        .read("events", text.as_bytes(), |event| {
            let item = event.item.map(|item| format!(".{item}")).unwrap_or_default();
            let delivered = event.destinations.iter().filter(|routed| routed.routing.is_delivered());
            let delivered: Vec<&str> = delivered.map(|routed| routed.destination).collect();
            let id = event.message_id.chars().take(8).collect::<String>();
            lines.push(format!(
                "{}{item} {id} {} {}",
                event.line,
                event.who,
                delivered.join(",")
            ));
            Ok::<(), io::Error>(())
        })
        .unwrap();
    let (counts, rejects) = router.finish();
    let rejects = rejects.iter().map(|reject| {
        assert_eq!(&*reject.file, "events");
        (reject.line, reject.code)
    });
    (lines, counts, rejects.collect())
}

#[test]
fn a_stream_hands_each_event_over_once_and_in_order() {
    let consent = r#""context":{"consent":{"categoryPreferences":{"ad":true}}}"#;
    let text = format!(
        r#"
{{"type":"page","userId":"u1","messageId":"m1"}}
{{"type":"page","userId":"u1","messageId":"m1","sentAt":"2026-06-01","receivedAt":"2026-06-01"}}
{{"type":"page","userId":"u1","messageId":"m1",{consent}}}
{{"type":"page","userId":"u1","messageId":"m1"}}

not json
{{"batch":[{{"type":"page","userId":"u2","messageId":"b1"}},{{"type":"page"}},{{"type":"page","anonymousId":"a2"}}],{consent}}}
{{"type":"page","anonymousId":"a2",{consent}}}
{{"type":"page","userId":"u3","messageId":"far","timestamp":"9999-01-01"}}
{{"type":"page","userId":"u3","messageId":"old","timestamp":"1969-01-01"}}"#
    );
    let engine = shop();
    let (lines, counts, rejects) = lines(engine.router(), &text);
    let (item, rest) = (lines[2].clone(), [&lines[..2], &lines[3..]].concat());
    assert_eq!(
        rest,
        [
            "2 m1 user_id:u1 ads,measured,onsite,crm",
            "8.1 b1 user_id:u2 ads,onsite,crm",
            "10 far user_id:u3 ads,measured,onsite,crm",
        ]
    );
    // Its id is derived from what it says; so the line after it, which says the same, is a repeat.
    assert!(
        item.starts_with("8.3 volens-") && item.ends_with(" anonymous_id:a2 ads,onsite,crm"),
        "{item}"
    );
    let expected = Counts {
        read: 11,
        applied: 4,
        duplicate: 3,
        later: 0,
        rejected: 4,
    };
    assert_eq!(counts, expected);
    assert_eq!(
        rejects,
        [
            (4, RejectCode::MessageIdConflict),
            (7, RejectCode::BadRequest),
            (8, RejectCode::NoUserAnonId),
            (11, RejectCode::TimestampBefore1970),
        ]
    );
}

#[test]
fn repeats_are_seen_across_streams_and_the_first_read_counts() {
    let engine = shop();
    let mut router = engine.router();
    // In canonical order the second would come first: but the first has gone out.
    let events = [("2026-06-02", "one"), ("2026-06-01", "two"), ("2026-06-02", "one")];
    let mut seen = Vec::new();
    for (time, name) in events {
        let line = json!({"type": "track", "event": name, "userId": "u1", "messageId": "m", "timestamp": time});
        let read = router.read(name, line.to_string().as_bytes(), |event| {
            seen.push(event.event.as_object().unwrap().get("event").unwrap().canonical());
            Ok::<(), io::Error>(())
        });
        read.unwrap();
    }
    assert_eq!(seen, ["\"one\""]);
    let (counts, rejects) = router.finish();
    assert_eq!((counts.applied, counts.duplicate, counts.rejected), (1, 1, 1));
    assert_eq!(
        (&*rejects[0].file, rejects[0].code),
        ("two", RejectCode::MessageIdConflict)
    );
}

#[test]
fn a_stream_under_the_strict_policy_is_held_to_what_is_stored() {
    let engine = shop();
    let people = people(&engine);
    let text = r#"{"type":"page","userId":"u1","messageId":"m1"}
{"type":"page","userId":"u2","messageId":"m2"}
{"type":"page","userId":"u2","messageId":"m3","context":{"consent":{"categoryPreferences":{"ad":true}}}}"#;
    let (lines, ..) = lines(engine.among(&people).router(), text);
    assert_eq!(
        lines,
        [
            "1 m1 user_id:u1 ads,measured,onsite,crm",
            "2 m2 user_id:u2 onsite,crm",
            "3 m3 user_id:u2 ads,onsite,crm",
        ]
    );
}

#[test]
fn whoever_takes_the_events_can_stop() {
    let engine = shop();
    let mut router = engine.router();
    router.keep_rejects(0);
    let text = "{}\n{\"type\":\"page\",\"userId\":\"u1\"}\n{\"type\":\"page\",\"userId\":\"u2\"}\n";
    let stopped = router.read("events", text.as_bytes(), |event| {
        assert_eq!(event.line, 2);
        Err(io::Error::other("full"))
    });
    assert_eq!(stopped.unwrap_err().to_string(), "full");
    let (counts, rejects) = router.finish();
    assert_eq!((counts.read, counts.applied, counts.rejected), (2, 1, 1));
    assert!(rejects.is_empty());
}

#[test]
fn everybody_whom_an_alias_names_must_have_agreed() {
    let engine = shop();
    let device = json!({"device": {"type": "ios", "id": "i2"}});
    let rows = [
        (json!({"previousId": "never seen"}), "delivered"),
        (json!({"previousId": "u1"}), "delivered"),
        (json!({"previousId": "a4"}), "delivered"),
        // A user, or a device, who refused.
        (json!({"previousId": "u2"}), "consent"),
        (json!({"previousId": "a2"}), "consent"),
        (json!({"previousId": "a3"}), "consent"),
        (json!({"previousId": "a1", "anonymousId": "a2"}), "consent"),
        (
            json!({"previousId": "a1", "anonymousId": "a1", "context": device}),
            "delivered",
        ),
        (
            json!({"previousId": "a1", "context": {"traits": {"email": " TWO@x.com"}}}),
            "consent",
        ),
        (
            json!({"previousId": "a1", "traits": {"email": "one@x.com"}, "context": {"traits": {"email": "two@x.com"}}}),
            "consent",
        ),
        // What names nobody is no identifier.
        (json!({"previousId": "0"}), "delivered"),
        // It is about its user.
        (json!({"userId": "u9", "previousId": "u1"}), "consent"),
    ];
    let more = json!({"type": "identify", "userId": "u2", "timestamp": "2026-06-02", "traits": {"email": "two@x.com"}});
    let refused = json!({"type": "identify", "userId": "u2", "anonymousId": "a2", "timestamp": "2026-06-01",
        "context": {"consent": {"categoryPreferences": {"ad": false}}}});
    let agreed = json!({"type": "identify", "userId": "u1", "anonymousId": "a1", "timestamp": "2026-06-01",
        "traits": {"email": "one@x.com"}, "context": {"consent": {"categoryPreferences": {"ad": true}}}});
    let devices = [("a3", false), ("a4", true)].map(|(id, ad)| {
        json!({"type": "page", "anonymousId": id, "timestamp": "2026-06-01",
            "context": {"consent": {"categoryPreferences": {"ad": ad}}}})
    });
    let events = [&[more, refused, agreed][..], &devices].concat();
    let events: Vec<String> = events.iter().map(Json::to_string).collect();
    let now = Timestamp::parse("2026-06-30").unwrap();
    let known = engine.ingest(events.join("\n").as_bytes(), now).unwrap().profiles;
    for (who, expected) in rows {
        let mut event = json!({"type": "alias", "userId": "u1"});
        event.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        let routed = engine.among(&known).route(&parsed(&event)).unwrap();
        assert_eq!(told(&routed)[0], expected, "{who}");
        assert_eq!(told(&routed)[3], "delivered", "{who}");
        // A stream says the same.
        let (streamed, ..) = lines(engine.among(&known).router(), &event.to_string());
        assert_eq!(streamed[0].contains(" ads,"), expected == "delivered", "{who}");
    }
}
