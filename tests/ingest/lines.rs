//! Lines, batches, duplicates, what is counted and what is kept of the refused.

use volens::Value;

use super::*;

const PLAIN: &str = r#"{"type":"track","event":"E","userId":"u1","timestamp":"2026-01-01"}"#;

#[test]
fn blank_lines_bom_and_crlf_are_fine() {
    let file = format!("\u{feff}{PLAIN}\r\n\r\n \t \n\n  {} \n", PLAIN.replace("u1", "u2"));
    let ingested = read(file.as_bytes());
    assert_eq!((ingested.counts.read, ingested.counts.applied), (2, 2));
    assert_eq!(
        codes(&read(format!("{PLAIN}\n\u{feff}{PLAIN}").as_bytes())),
        [RejectCode::BadRequest]
    );
    assert_eq!(read("\u{feff}\n".as_bytes()).counts.read, 0);
}

#[test]
fn a_torn_last_line_is_refused_and_a_whole_one_needs_no_newline() {
    let ingested = read(format!("{PLAIN}\n{}", &PLAIN[..40]).as_bytes());
    assert_eq!(
        (ingested.counts.applied, codes(&ingested)),
        (1, vec![RejectCode::BadRequest])
    );
    assert_eq!(ingested.rejects[0].line, 2);
    assert_eq!(read(PLAIN.as_bytes()).counts.applied, 1);
}

#[test]
fn a_reject_is_the_json_of_the_rejects_file() {
    let ingested = read(b"{\"type\":\"nope\"}\n{\"a\":\"\xff\"}");
    let json = serde_json::to_value(&ingested.rejects).unwrap();
    assert_eq!(
        json[0],
        json!({
            "file": "events.jsonl", "line": 1, "code": "type_unknown", "input": "{\"type\":\"nope\"}",
            "reason": "`type` is none of `identify`, `track`, `page`, `screen`, `group` and `alias`",
        })
    );
    assert_eq!(
        json[1],
        json!({
            "file": "events.jsonl", "line": 2, "code": "bad_request", "reason": "the line is not UTF-8",
            "input": "{\"a\":\"\u{fffd}\"}", "input_hex": "7b2261223a22ff227d",
        })
    );
    let text = serde_json::to_string(&ingested.rejects[0]).unwrap();
    assert!(
        text.starts_with(r#"{"file":"events.jsonl","line":1,"code":"type_unknown","reason":""#),
        "{text}"
    );
    let counts = serde_json::to_string(&ingested.counts).unwrap();
    assert_eq!(counts, r#"{"read":2,"applied":0,"duplicate":0,"later":0,"rejected":2}"#);
}

#[test]
fn rejects_stand_in_the_order_of_sources_and_lines_whenever_they_were_known() {
    let other = with(
        json!({"type": "page", "userId": "u1"}),
        json!({"messageId": "m", "timestamp": "2026-01-03"}),
    );
    let mut ingestor = Ingestor::new(settings());
    ingestor.line(
        "b",
        1,
        track("E", "2026-01-01", json!({"messageId": "m"}))
            .to_string()
            .as_bytes(),
    );
    ingestor.line("b", 2, other.to_string().as_bytes());
    ingestor.line("b", 3, b"{}");
    ingestor.line("a", 1, b"{}");
    ingestor.line("b", 4, br#"{"batch":[{},{"type":"page"}]}"#);
    let ingested = ingestor.finish();
    let shown: Vec<String> = ingested
        .rejects
        .iter()
        .map(|r| format!("{}:{} {}", r.file, r.line, r.code))
        .collect();
    assert_eq!(
        shown,
        [
            "b:2 message_id_conflict",
            "b:3 type_required",
            "b:4 type_required",
            "b:4 no_user_anon_id",
            "a:1 type_required",
        ]
    );
    assert_eq!(*ingested.rejects[0].input.text(), other.to_string());
}

#[test]
fn a_host_can_give_values() {
    let mut ingestor = Ingestor::new(settings());
    let value = |event: Json| Value::from(event);
    assert_eq!(ingestor.event(value(track("E", "2026-01-01", json!({})))), Ok(()));
    assert_eq!(ingestor.event(value(json!(5))), Err(RejectCode::BadRequest));
    assert_eq!(
        ingestor.event(value(json!({"batch": []}))),
        Err(RejectCode::TypeRequired)
    );
    let large = track("E", "2026-01-01", json!({"properties": {"p": "x".repeat(33_000)}}));
    assert_eq!(ingestor.event(value(large)), Err(RejectCode::EventTooLarge));
    let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(
        ingestor.event(value(track("D", "2026-01-01", json!({"x": deep(126)})))),
        Ok(())
    );
    assert_eq!(
        ingestor.event(value(track("D", "2026-01-01", json!({"x": deep(127)})))),
        Err(RejectCode::TooDeep)
    );
    let ingested = ingestor.finish();
    assert_eq!(
        (ingested.counts.read, ingested.counts.applied, ingested.counts.rejected),
        (6, 2, 4)
    );
    assert_eq!((&*ingested.rejects[0].file, ingested.rejects[0].line), ("", 2));
}

#[test]
fn each_message_id_is_applied_once() {
    let event = |more: Json| track("E", "2026-01-01", with(json!({"messageId": "m"}), more));
    // What a retry changes is not compared; white space and the order of keys are nothing.
    let ingested = read(
        [
            event(json!({"sentAt": "2026-01-01", "receivedAt": "2026-01-01"})).to_string(),
            event(json!({"sentAt": "2026-01-02", "receivedAt": "2026-01-02"})).to_string(),
            r#"{"userId":"u1", "timestamp": "2026-01-01","messageId":"m","event":"E","type":"track"}"#.to_owned(),
        ]
        .join("\n")
        .as_bytes(),
    );
    assert_eq!(
        (
            ingested.counts.applied,
            ingested.counts.duplicate,
            ingested.counts.rejected
        ),
        (1, 2, 0)
    );
    assert_eq!(only(&ingested).history().len(), 1);
}

#[test]
fn of_one_message_id_and_two_bodies_the_first_in_canonical_order_counts() {
    let event = |name, day| track(name, day, json!({"messageId": "m"}));
    let late = event("Late", "2026-01-02");
    let early = event("Early", "2026-01-01");
    for events in [[late.clone(), early.clone(), late.clone()], [early, late.clone(), late]] {
        let ingested = ingest(events);
        assert_eq!(only(&ingested).history().of("Early").len(), 1);
        assert_eq!(codes(&ingested), [RejectCode::MessageIdConflict; 2]);
        assert_eq!((ingested.counts.applied, ingested.counts.duplicate), (1, 0));
    }
}

#[test]
fn one_message_id_at_one_instant_is_told_apart_by_canonical_json() {
    let event = |name| track(name, "2026-01-01", json!({"messageId": "m"}));
    for events in [
        [event("A"), event("B"), event("B"), event("A")],
        [event("B"), event("A"), event("A"), event("B")],
    ] {
        let ingested = ingest(events);
        assert_eq!(only(&ingested).history().of("A").len(), 1);
        assert_eq!(
            (
                ingested.counts.applied,
                ingested.counts.duplicate,
                ingested.counts.rejected
            ),
            (1, 1, 2)
        );
    }
}

#[test]
fn an_event_without_message_id_gets_one_from_its_canonical_json() {
    let plain = track("E", "2026-01-01", json!({}));
    let empty = track("E", "2026-01-01", json!({"messageId": ""}));
    let ingested = read(format!("{plain}\n {plain}\n{}", plain.to_string().replace(':', " : ")).as_bytes());
    assert_eq!((ingested.counts.applied, ingested.counts.duplicate), (1, 2));
    let id = ingested.profiles.users()[0].history().of("E")[0].message_id.clone();
    assert!(id.starts_with("volens-") && id.len() == 71, "{id}");
    assert_eq!(ingest([plain, empty]).counts.applied, 2);
}

#[test]
fn what_comes_from_after_now_is_later_and_leaves_no_trace() {
    let mut settings = settings();
    settings.now = at("2026-01-02");
    let ingested = ingest_with(
        settings,
        [
            track("E", "2026-01-02T00:00:00Z", json!({})),
            track("F", "2026-01-02T00:00:00.001Z", json!({"anonymousId": "a"})),
            track("F", "2026-01-02T00:00:00.001Z", json!({"anonymousId": "a"})),
            // Dated ahead but received in time; and received later, but dated in time.
            track("G", "2026-03-01", json!({"receivedAt": "2026-01-01"})),
            track("H", "2026-01-01", json!({"receivedAt": "2026-03-01"})),
            track("I", "2026-03-01", json!({"event": 5})),
        ],
    );
    let counts = ingested.counts;
    assert_eq!(
        (counts.read, counts.applied, counts.later, counts.rejected),
        (6, 3, 2, 1)
    );
    assert_eq!(identifiers(only(&ingested)), ["user_id:u1"]);
}

#[test]
fn a_batch_is_its_items_and_the_good_ones_are_kept() {
    let batch = json!({"batch": [
        track("A", "2026-01-01", json!({})),
        {"type": "page"},
        "x",
        track("B", "2026-01-01", json!({})),
    ], "sentAt": "2026-01-05"});
    let ingested = ingest([batch]);
    assert_eq!((ingested.counts.read, ingested.counts.applied), (4, 2));
    assert_eq!(codes(&ingested), [RejectCode::NoUserAnonId, RejectCode::BadRequest]);
    assert_eq!(*ingested.rejects[1].input.text(), *"\"x\"");
}

#[test]
fn an_event_with_a_type_is_no_batch() {
    let ingested = accepted([track("A", "2026-01-01", json!({"batch": 5}))]);
    assert_eq!(ingested.counts.applied, 1);
    assert_eq!(ingest([json!({"type": null, "batch": [{}, {}]})]).counts.read, 2);
}

#[test]
fn items_take_the_context_around_them_and_their_own_keys_win() {
    let consent = |granted: bool| json!({"categoryPreferences": {"Advertising": granted}});
    let outer = json!({"traits": {"email": "outer@x.com"}, "consent": consent(false)});
    let own = |context: Json| track("E", "2026-01-01", json!({"context": context}));
    let state = |context: Json| {
        let ingested = accepted([json!({"batch": [own(context)], "context": outer})]);
        let profile = only(&ingested);
        let email: Vec<String> = profile.identifiers().of("email").map(str::to_owned).collect();
        (
            email.join(","),
            profile.consent().state("Advertising"),
            profile.consent().state("Analytics"),
        )
    };
    use ConsentState::{Denied, Granted, NotCollected};
    assert_eq!(state(json!(null)), ("outer@x.com".into(), Denied, NotCollected));
    assert_eq!(state(json!({})), ("outer@x.com".into(), Denied, NotCollected));
    assert_eq!(
        state(json!({"consent": consent(true)})),
        ("outer@x.com".into(), Granted, NotCollected)
    );
    let analytics = json!({"categoryPreferences": {"Analytics": true}});
    assert_eq!(
        state(json!({"consent": analytics, "traits": {}})),
        (String::new(), NotCollected, Granted),
        "a consent object is replaced, never mixed"
    );
    assert_eq!(
        state(json!({"consent": null})),
        ("outer@x.com".into(), Denied, Denied),
        "null refuses"
    );
}

#[test]
fn a_refused_item_keeps_what_stood_around_it() {
    let batch = json!({"batch": [{"type": "page", "context": {"a": 1}}], "context": {"a": 2, "b": 3}, "integrations": {"All": false}});
    let ingested = ingest([batch]);
    assert_eq!(
        *ingested.rejects[0].input.text(),
        *r#"{"context":{"a":1,"b":3},"integrations":{"All":false},"type":"page"}"#
    );
}

#[test]
fn a_context_around_a_batch_that_is_no_object_breaks_each_item() {
    let item = || track("E", "2026-01-01", json!({"context": {}}));
    let ingested = ingest([json!({"batch": [item(), {"userId": "u"}], "context": 5})]);
    assert_eq!(
        codes(&ingested),
        [RejectCode::ContextNotObject, RejectCode::TypeRequired]
    );
    assert_eq!(
        ingested.rejects[0].input.text().matches("\"context\":{}").count(),
        1,
        "as it was sent"
    );
    assert_eq!(
        accepted([json!({"batch": [item()], "context": null})]).counts.applied,
        1
    );
}

#[test]
fn batches_have_limits_of_their_own() {
    let item =
        |number: usize| json!({"type": "page", "userId": "u", "timestamp": "2026-01-01", "name": number.to_string()});
    let batch = |count: usize| json!({"batch": (0..count).map(item).collect::<Vec<_>>()});
    assert_eq!(ingest([batch(2500)]).counts.applied, 2500);
    let ingested = ingest([batch(2501)]);
    assert_eq!((ingested.counts.read, ingested.counts.rejected), (2501, 2501));
    assert_eq!(ingested.rejects[2500].code, RejectCode::EventTooLarge);
    assert!(
        ingested.rejects[0].reason.contains("2501 items"),
        "{}",
        ingested.rejects[0].reason
    );

    let padded = |bytes: usize| {
        let line = |pad: usize| json!({"batch": [item(1), item(2)], "pad": "x".repeat(pad)}).to_string();
        line(bytes - line(0).len())
    };
    assert_eq!(read(padded(512_000).as_bytes()).counts.applied, 2);
    let ingested = read(padded(512_001).as_bytes());
    assert_eq!(codes(&ingested), [RejectCode::EventTooLarge; 2]);
    assert!(
        ingested.rejects[0].reason.contains("512001 bytes"),
        "{}",
        ingested.rejects[0].reason
    );

    // An item is measured by its own canonical JSON, before the context around it is added.
    let sized = |bytes: usize| {
        let empty = json!({"type": "page", "userId": "u", "p": ""}).to_string().len();
        json!({"type": "page", "userId": "u", "p": "x".repeat(bytes - empty)})
    };
    let ingested = ingest([json!({"batch": [sized(32_768), sized(32_769)], "context": {"pad": "x".repeat(1000)}})]);
    assert_eq!(
        (ingested.counts.applied, codes(&ingested)),
        (1, vec![RejectCode::EventTooLarge])
    );
}

#[test]
fn a_batch_of_countless_items_is_refused_as_one() {
    let line = format!("{{\"batch\":[{}0]}}", "0,".repeat(200_000));
    let ingested = read(line.as_bytes());
    assert_eq!((ingested.counts.read, ingested.counts.rejected), (1, 1));
    assert_eq!(ingested.rejects[0].code, RejectCode::EventTooLarge);
}

#[test]
fn a_line_beyond_all_measure_is_refused_by_its_beginning() {
    use std::io::{BufReader, Read, repeat};
    let long = (&b"{\"type\":\""[..]).chain(repeat(b'x').take(65 << 20));
    let file = long.chain(&b"\n"[..]).chain(PLAIN.as_bytes());
    let mut ingestor = Ingestor::new(settings());
    ingestor.read("f", BufReader::new(file)).unwrap();
    let ingested = ingestor.finish();
    assert_eq!(
        (ingested.counts.applied, codes(&ingested)),
        (1, vec![RejectCode::EventTooLarge])
    );
    assert_eq!(ingested.rejects[0].input.text().len(), 64 << 10);
}

#[test]
fn an_error_of_the_reader_is_given_and_what_came_before_is_kept() {
    use std::io::{BufReader, Error, Read};
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(Error::other("gone"))
        }
    }
    let file = format!("{PLAIN}\n{PLAIN}");
    let mut ingestor = Ingestor::new(settings());
    let error = ingestor
        .read("f", BufReader::new(file.as_bytes().chain(Broken)))
        .unwrap_err();
    assert_eq!(error.to_string(), "gone");
    assert_eq!(ingestor.finish().counts.read, 1);
}

#[test]
fn what_surrounds_a_batch_is_no_larger_than_an_event() {
    let batch = |bytes: usize| {
        let padding = "x".repeat(bytes);
        json!({"context": {"p": padding}, "batch": [track("E", "2026-01-01", json!({"userId": "u1", "messageId": "m"}))]})
    };
    // `{"context":{"p":""}}` has 20 bytes of its own.
    let read = |batch: Json| read(batch.to_string().as_bytes());
    assert_eq!(read(batch(32_748)).counts.applied, 1);
    let ingested = read(batch(32_749));
    assert_eq!(codes(&ingested), [RejectCode::EventTooLarge]);
    assert!(
        ingested.rejects[0].reason.contains("32769 bytes"),
        "{}",
        ingested.rejects[0].reason
    );
}

#[test]
fn only_the_first_refused_events_are_kept_where_no_more_are_wanted() {
    let mut ingestor = Ingestor::new(settings());
    ingestor.keep_rejects(3);
    for line in (1..=500).rev() {
        ingestor.line("events.jsonl", line, b"x");
    }
    let ingested = ingestor.finish();
    assert_eq!(ingested.counts.rejected, 500);
    let lines: Vec<u64> = ingested.rejects.iter().map(|reject| reject.line).collect();
    assert_eq!(lines, [1, 2, 3]);
}

#[test]
fn the_first_of_each_code_are_kept_beyond_those() {
    let mut ingestor = Ingestor::new(settings());
    ingestor.keep_rejects(3);
    ingestor.keep_rejects_of_each(2);
    for line in 1..=900 {
        // A code that most have, one that is rare, and one that comes once.
        let text: &[u8] = match line {
            899 => br#"{"type": "track", "event": "E"}"#,
            _ if line % 300 == 0 => b"[]x",
            _ => b"{}",
        };
        ingestor.line("events.jsonl", line, text);
    }
    let ingested = ingestor.finish();
    let kept: Vec<(u64, RejectCode)> = ingested
        .rejects
        .iter()
        .map(|reject| (reject.line, reject.code))
        .collect();
    let expected = [
        (1, RejectCode::TypeRequired),
        (2, RejectCode::TypeRequired),
        (3, RejectCode::TypeRequired),
        (300, RejectCode::BadRequest),
        (600, RejectCode::BadRequest),
        (899, RejectCode::NoUserAnonId),
    ];
    assert_eq!(kept, expected);
    let refused: Vec<(RejectCode, u64)> = ingested.refused.into_iter().collect();
    let expected = [
        (RejectCode::BadRequest, 3),
        (RejectCode::TypeRequired, 896),
        (RejectCode::NoUserAnonId, 1),
    ];
    assert_eq!(refused, expected);
}

#[test]
fn each_event_that_is_applied_is_handed_over_once_as_it_was_sent() {
    let event = |id: &str, time: &str, name: &str| json!({"type": "track", "event": name, "userId": "u1", "messageId": id, "timestamp": time});
    let integrations = json!({"All": false});
    let lines = [
        // Of two bodies with one id the first in canonical order counts, though it comes last.
        event("m1", "2026-06-02", "Late"),
        event("m2", "2026-06-01", "Once"),
        event("m2", "2026-06-01", "Once"),
        json!({"batch": [event("m3", "2026-06-01", "In a batch")], "integrations": integrations}),
        event("m4", "2026-08-01", "Later"),
        event("m1", "2026-06-01", "Early"),
        json!({"type": "track"}),
    ];
    let mut ingestor = Ingestor::new(settings());
    for (number, line) in (1..).zip(&lines) {
        ingestor.line("events.jsonl", number, line.to_string().as_bytes());
    }
    let mut given = Vec::new();
    let ingested = ingestor.finish_with(|event| given.push(serde_json::to_value(event).unwrap()));
    let mut in_batch = event("m3", "2026-06-01", "In a batch");
    in_batch["integrations"] = integrations;
    let expected = [
        event("m2", "2026-06-01", "Once"),
        in_batch,
        event("m1", "2026-06-01", "Early"),
    ];
    assert_eq!(given, expected);
    assert_eq!(ingested.counts.applied, 3);
}

#[test]
fn one_label_names_one_person() {
    let external = |kind: &str| json!({"type": kind, "id": "bob", "collection": "users", "encoding": "none"});
    for kind in ["email:mailto", " ", "a b", "a\u{7}", ":"] {
        let context = json!({"externalIds": [external(kind)]});
        let ingested = accepted([track("E", "2026-01-01", json!({"userId": "u1", "context": context}))]);
        assert_eq!(identifiers(only(&ingested)), ["user_id:u1"], "{kind:?}");
        assert_eq!(ingested.violations["malformed external id"], 1);
    }
}
