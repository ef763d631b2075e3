//! Every code of EV-17a, which of two comes first, and the limits at the edge.

use std::collections::BTreeSet;

use super::*;

fn nested(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

/// A track call as text, with this behind its properties' opening brace.
fn line_with(properties: &str) -> String {
    format!(r#"{{"type":"track","event":"E","userId":"u","timestamp":"2026-01-01","properties":{{{properties}}}}}"#)
}

/// A track call of exactly so many bytes.
fn line_of(bytes: usize) -> String {
    let empty = line_with(r#""p":"""#);
    line_with(&format!(r#""p":"{}""#, "x".repeat(bytes - empty.len())))
}

/// What is refused before it is looked at as an event.
fn broken_lines() -> Vec<(Vec<u8>, RejectCode)> {
    use RejectCode::{BadRequest, DuplicateKey, EmptyBatch, EventTooLarge, TooDeep};
    let deep = |levels: usize| line_with(&format!(r#""p":{}"#, nested(levels)));
    let twice = line_with(r#""a":1,"a":2"#);
    let large = |line: String| line.replacen('{', &format!("{{\"pad\":\"{}\",", "x".repeat(33_000)), 1);
    let text = |line: String, code| (line.into_bytes(), code);
    vec![
        text("{".into(), BadRequest),
        text("nul".into(), BadRequest),
        text("[]".into(), BadRequest),
        text("\"type\"".into(), BadRequest),
        text(r#"{"type":"track","event":"Order Comp"#.into(), BadRequest),
        text(line_with("") + " trailing", BadRequest),
        text(line_with("") + &line_with(""), BadRequest),
        text(line_with(r#""p":"\ud800""#), BadRequest),
        text(line_with(r#""p":1e999"#), BadRequest),
        text(line_with(r#""p":NaN"#), BadRequest),
        (
            b"{\"type\":\"track\",\"event\":\"\xff\",\"userId\":\"u\"}".to_vec(),
            BadRequest,
        ),
        text(large("{".to_owned() + &line_with("")), BadRequest),
        text(format!("[{}]", "0,".repeat(20_000) + "0"), BadRequest),
        text(r#"{"batch":{}}"#.into(), BadRequest),
        text(r#"{"batch":null}"#.into(), BadRequest),
        text(r#"{"batch":[]}"#.into(), EmptyBatch),
        text(line_of(32_769), EventTooLarge),
        text(large(twice.clone()), EventTooLarge),
        text(large(deep(200)), EventTooLarge),
        text(twice, DuplicateKey),
        text(r#"{"type":"track","type":"track"}"#.into(), DuplicateKey),
        text(line_with(&format!(r#""d":{},"a":1,"a":2"#, nested(200))), DuplicateKey),
        // The event and its properties are two of the 127.
        text(deep(126), TooDeep),
        text(deep(100_000 / 8), TooDeep),
        text(
            large(format!(r#"{{"batch":[{}]}}"#, line_with(r#""a":1,"a":2"#))),
            DuplicateKey,
        ),
        text(large(format!(r#"{{"batch":[{}]}}"#, deep(200))), TooDeep),
    ]
}

#[test]
fn broken_lines_are_refused_one_by_one_and_the_rest_goes_on() {
    for (line, code) in broken_lines() {
        let mut file = line.clone();
        file.extend(b"\n");
        file.extend(line_with("").into_bytes());
        let ingested = read(&file);
        let shown = String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
        assert_eq!(codes(&ingested), [code], "{shown}");
        assert_eq!((ingested.counts.read, ingested.counts.applied), (2, 1), "{shown}");
        let reject = &ingested.rejects[0];
        assert_eq!((&*reject.file, reject.line), ("events.jsonl", 1));
        match std::str::from_utf8(&line) {
            Ok(text) => assert_eq!((&*reject.input.text(), reject.input.hex()), (text, None)),
            Err(_) => assert_eq!(reject.input.hex().unwrap().len(), line.len() * 2),
        }
    }
}

/// A change that breaks a call: the place, and what stands there then (`null` where nothing does).
type Fault = (RejectCode, &'static [&'static str], Json);

/// The calls that faults are tried on, with their faults.
fn faults() -> Vec<(Json, Vec<Fault>)> {
    use RejectCode as C;
    let preferences = &["context", "consent", "categoryPreferences"];
    let update = json!({
        "type": "track", "event": "Segment Consent Preference Updated", "userId": "u", "messageId": "m",
        "timestamp": "2026-01-01", "context": {"consent": {"categoryPreferences": {"Advertising": true}}},
    });
    let of_update: Vec<Fault> = vec![
        (C::TypeRequired, &["type"], json!(null)),
        (C::TypeUnknown, &["type"], json!("trak")),
        (C::TypeUnknown, &["type"], json!(5)),
        (C::ContextNotObject, &["context"], json!("context")),
        (C::NoUserAnonId, &["userId"], json!(null)),
        (C::IdNotString, &["userId"], json!("")),
        (C::IdNotString, &["userId"], json!(5)),
        (C::IdNotString, &["messageId"], json!(5)),
        (C::EventNotDefined, &["event"], json!(null)),
        (C::EventNotString, &["event"], json!({})),
        (C::GroupIdRequired, &["context", "groupId"], json!("")),
        (C::PropertiesNotObject, &["properties"], json!([])),
        (C::TraitsNotObject, &["traits"], json!("traits")),
        (C::TimestampInvalid, &["timestamp"], json!("yesterday")),
        (C::TimestampInvalid, &["timestamp"], json!("2026-02-30T10:00:00Z")),
        (C::TimestampInvalid, &["timestamp"], json!("2026-01-01T10:00:00")),
        (C::TimestampInvalid, &["timestamp"], json!(1_767_225_600)),
        (C::TimestampInvalid, &["originalTimestamp"], json!("")),
        (C::TimestampInvalid, &["sentAt"], json!(false)),
        (C::TimestampInvalid, &["receivedAt"], json!({})),
        (
            C::TimestampBefore1970,
            &["timestamp"],
            json!("1969-12-31T23:59:59.999Z"),
        ),
        (C::TimestampBefore1970, &["receivedAt"], json!("1969-12-31")),
        (C::MessageIdTooLong, &["messageId"], json!("m".repeat(101))),
        (C::GroupIdTooLong, &["context", "groupId"], json!("g".repeat(501))),
        (C::TooManyTraits, &["traits"], keys(301)),
        (C::TooManyProperties, &["properties"], keys(301)),
        (C::ConsentMissing, preferences, json!(null)),
        (C::ConsentMissing, &["context", "consent"], json!("no")),
        (C::ConsentNotObject, preferences, json!(["Advertising"])),
        (
            C::ConsentNotBool,
            preferences,
            json!({"Advertising": true, "Analytics": "false"}),
        ),
        (C::ConsentNotBool, preferences, json!({"Advertising": null})),
        (
            C::ConsentVersionNotNumber,
            &["context", "consent", "version"],
            json!("2"),
        ),
        (C::NoUsableIdentifier, &["userId"], json!("00-00")),
        (C::NoUsableIdentifier, &["userId"], json!("anonymous")),
    ];
    let page = json!({"type": "page", "userId": "u", "timestamp": "2026-01-01"});
    let of_page: Vec<Fault> = vec![
        (C::IdNotString, &["userId"], json!([])),
        (C::IdNotString, &["anonymousId"], json!(["a"])),
        (C::IdNotString, &["anonymousId"], json!("")),
        (C::PropertiesNotObject, &["properties"], json!(1)),
        (C::NameNotString, &["name"], json!("")),
        (C::NameNotString, &["name"], json!(5)),
        (C::CategoryNotString, &["category"], json!("")),
        (C::CategoryNotString, &["category"], json!(["a"])),
        (C::TimestampInvalid, &["timestamp"], json!("2026-01-01 10:00Z")),
    ];
    let alias =
        json!({"type": "alias", "userId": "u", "previousId": "p", "anonymousId": "a", "timestamp": "2026-01-01"});
    let of_alias: Vec<Fault> = vec![
        (C::NoUserAnonId, &["userId"], json!(null)),
        (C::IdNotString, &["anonymousId"], json!("")),
        (C::PreviousIdRequired, &["previousId"], json!(null)),
        (C::PreviousIdRequired, &["previousId"], json!("")),
        (C::PropertiesNotObject, &["properties"], json!(1)),
    ];
    let group = json!({"type": "group", "userId": "u", "groupId": "g", "timestamp": "2026-01-01"});
    let of_group: Vec<Fault> = vec![
        (C::IdNotString, &["userId"], json!(false)),
        (C::GroupIdRequired, &["groupId"], json!(null)),
        (C::GroupIdRequired, &["groupId"], json!("")),
        (C::GroupIdRequired, &["groupId"], json!(5)),
        (C::TraitsNotObject, &["traits"], json!([])),
        (C::GroupIdTooLong, &["groupId"], json!("g".repeat(501))),
        (C::TooManyTraits, &["traits"], keys(301)),
    ];
    let identify = json!({"type": "identify", "userId": "u", "timestamp": "2026-01-01"});
    let of_identify: Vec<Fault> = vec![
        (C::TraitsNotObject, &["traits"], json!(1)),
        (C::TooManyTraits, &["traits"], keys(300)),
        (C::NoUsableIdentifier, &["userId"], json!("null")),
    ];
    vec![
        (update, of_update),
        (page, of_page),
        (alias, of_alias),
        (group, of_group),
        (identify, of_identify),
    ]
}

fn broken(mut event: Json, (_, place, value): &Fault) -> Json {
    let mut here = &mut event;
    for key in *place {
        here = here.as_object_mut().unwrap().entry(*key).or_insert(json!({}));
    }
    *here = value.clone();
    event
}

/// Whether the second undoes the first.
fn collide(a: &Fault, b: &Fault) -> bool {
    a.1.starts_with(b.1) || b.1.starts_with(a.1)
}

#[test]
fn every_fault_has_its_code_and_leaves_no_trace() {
    for (call, faults) in faults() {
        accepted([call.clone()]);
        for fault in &faults {
            let event = broken(call.clone(), fault);
            let ingested = ingest([event.clone()]);
            assert_eq!(codes(&ingested), [fault.0], "{event}");
            assert!(
                ingested.profiles.users().is_empty() && ingested.profiles.accounts().is_empty(),
                "{event}"
            );
        }
    }
}

#[test]
fn of_two_faults_the_first_by_ev_17a_is_reported() {
    let mut pairs = 0;
    for (call, faults) in faults() {
        for a in &faults {
            for b in faults.iter().filter(|b| !collide(a, b)) {
                let event = broken(broken(call.clone(), a), b);
                let first = a.0.min(b.0);
                assert_eq!(codes(&ingest([event.clone()])), [first], "{event}");
                pairs += 1;
            }
        }
    }
    assert!(pairs > 500, "{pairs}");
}

#[test]
fn every_code_is_met_once_at_least() {
    let mut met: BTreeSet<RejectCode> = broken_lines().into_iter().map(|(_, code)| code).collect();
    met.extend(faults().into_iter().flat_map(|(_, faults)| faults).map(|fault| fault.0));
    // That one takes two events: see `lines`.
    met.insert(RejectCode::MessageIdConflict);
    // Those take a store: see `tests/space`.
    met.extend([RejectCode::Forgotten, RejectCode::OlderThanRetention]);
    assert_eq!(met.into_iter().collect::<Vec<_>>(), RejectCode::ALL);
    assert!(RejectCode::ALL.is_sorted());
    let names: BTreeSet<&str> = RejectCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), RejectCode::ALL.len());
}

#[test]
fn what_stands_exactly_at_a_limit_is_accepted() {
    assert_eq!(read(line_of(32_768).as_bytes()).counts.applied, 1);
    assert_eq!(
        read(format!("  {}\t\r\n", line_of(32_768)).as_bytes()).counts.applied,
        1,
        "white space is not counted"
    );
    assert_eq!(
        read(line_with(&format!(r#""p":{}"#, nested(125))).as_bytes())
            .counts
            .applied,
        1
    );
    let identify = json!({"type": "identify", "userId": "u", "timestamp": "2026-01-01"});
    let group = json!({"type": "group", "userId": "u", "groupId": "g", "timestamp": "2026-01-01"});
    accepted([with(identify, json!({"traits": keys(299)}))]);
    accepted([with(group.clone(), json!({"traits": keys(300)}))]);
    accepted([with(group, json!({"groupId": "é".repeat(500)}))]);
    accepted([track("E", "2026-01-01", json!({"properties": keys(300)}))]);
    accepted([track("E", "2026-01-01", json!({"messageId": "é".repeat(100)}))]);
    accepted([track(
        "E",
        "2026-01-01",
        json!({"context": {"groupId": "g".repeat(500)}}),
    )]);
    accepted([track("E", "1970-01-01T00:00:00Z", json!({}))]);
}

#[test]
fn what_is_null_is_absent_and_what_is_not_asked_for_is_not_checked() {
    let nulls = json!({
        "context": null, "properties": null, "traits": null, "messageId": null, "anonymousId": null, "sentAt": null,
        "receivedAt": null, "originalTimestamp": null, "integrations": null, "name": 5, "groupId": 5,
    });
    let ingested = accepted([track("", "2026-01-01", nulls)]);
    assert_eq!(only(&ingested).history().of("").len(), 1, "an empty event name is one");
    accepted([json!({"type": "page", "anonymousId": "a", "name": null, "category": null})]);
    accepted([track(
        "E",
        "2026-01-01",
        json!({"context": {"groupId": null, "traits": 5, "device": [], "consent": 5}}),
    )]);
}

#[test]
fn an_alias_without_user_id_is_refused_even_with_an_anonymous_id() {
    let alias = json!({"type": "alias", "anonymousId": "a", "previousId": "p"});
    assert_eq!(codes(&ingest([alias])), [RejectCode::NoUserAnonId]);
}

#[test]
fn the_documented_texts_are_given() {
    let reason = |event: Json| ingest([event]).rejects[0].reason.to_string();
    let update = |consent: Json| {
        track(
            "Segment Consent Preference Updated",
            "2026-01-01",
            json!({"context": {"consent": consent}}),
        )
    };
    assert_eq!(
        reason(json!({"type": "page"})),
        "The userID or anonymousID was not provided"
    );
    assert_eq!(
        reason(update(json!({"categoryPreferences": {"A": 1}}))),
        "Consent preferences for the categories must be boolean"
    );
    assert_eq!(
        reason(update(json!({"categoryPreferences": {}, "version": "2"}))),
        "Version must be a number"
    );
    // A version that is null is none: the preferences count, above all where they refuse.
    let ingested = ingest([with(
        update(json!({"categoryPreferences": {"A": false}, "version": null})),
        json!({"userId": "u1"}),
    )]);
    assert_eq!(ingested.counts.applied, 1);
}

#[test]
fn what_is_no_object_is_a_bad_request_whatever_it_holds() {
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    for line in [r#"[{"a":1,"a":2}]"#, &deep, "1", "null", r#""text""#] {
        assert_eq!(codes(&read(line.as_bytes())), [RejectCode::BadRequest], "{line}");
    }
}
