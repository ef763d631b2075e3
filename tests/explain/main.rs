//! Explanations: what they say of every form of condition, that they say what evaluation says, and that nobody's text can
//! spoil them.

mod agrees;

use insta::assert_snapshot;
use serde_json::json;
use volens::explain::{Condition, Explanation, Kind, Until};
use volens::model::ProfileBuilder;
use volens::{ConsentState, Engine, Error, Profile, Timestamp, Value};

fn now() -> Timestamp {
    "2026-06-30T00:00:00Z".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn value(json: &str) -> Value {
    volens::value::parse(json).unwrap()
}

fn explain(workspace: &str, audience: &str, profile: &Profile) -> Explanation {
    let engine = Engine::from_text("w.audience", workspace).unwrap_or_else(|error| panic!("{error}"));
    engine.explain(audience, profile, now()).unwrap()
}

/// What is said of one condition, and whether it holds.
fn told(condition: &str, profile: &Profile) -> Condition {
    let workspace = format!(
        "category Advertising\naudience staff {{ who trait email ends with \"@acme.example\" }}\n\
         audience a {{\n  who {condition}\n  include anonymous\n}}\n"
    );
    let explanation = explain(&workspace, "a", profile);
    explanation.conditions.children[1].clone()
}

/// `yes: …` or `no: …`.
fn sentence(condition: &str, profile: &Profile) -> String {
    let told = told(condition, profile);
    let holds = if told.holds.unwrap() { "yes" } else { "no" };
    format!("{holds}: {}", told.because)
}

fn person() -> ProfileBuilder {
    Profile::builder().user_id("u1")
}

#[test]
fn each_test_says_what_it_found() {
    let profile = person()
        .trait_("plan", "free")
        .trait_("text_49", "49.90")
        .trait_("n", 400)
        .trait_("goal", 500)
        .trait_("yes", true)
        .trait_("day", "2026-06-15")
        .trait_("soon", "2026-07-02")
        .trait_("tags", value(r#"["vip", "new"]"#))
        .trait_("object", value(r#"{"a": 1}"#))
        .trait_("null", Value::Null)
        .build();
    let cases = [
        ("trait plan exists", r#"yes: trait plan is "free""#),
        ("trait revenue exists", "no: trait revenue is absent"),
        ("trait null exists", "no: trait null is absent"),
        ("trait plan does not exist", r#"no: trait plan is "free""#),
        ("trait revenue does not exist", "yes: trait revenue is absent"),
        (r#"trait plan = "free""#, r#"yes: trait plan is "free""#),
        (r#"trait plan = "pro""#, r#"no: trait plan is "free", not "pro""#),
        ("trait plan = 5", r#"no: trait plan is "free", which is no number"#),
        ("trait plan = true", r#"no: trait plan is "free", which is no boolean"#),
        (
            "trait plan = 2026-06-15",
            r#"no: trait plan is "free", which is no date"#,
        ),
        (
            r#"trait object = "x""#,
            r#"no: trait object is {"a":1}, which is no text"#,
        ),
        ("trait text_49 = 49.9", r#"yes: trait text_49 is "49.90""#),
        (r#"trait plan != "pro""#, r#"yes: trait plan is "free", not "pro""#),
        (r#"trait plan != "free""#, r#"no: trait plan is "free""#),
        ("trait plan != 5", r#"yes: trait plan is "free", which is no number"#),
        (r#"trait revenue != "x""#, "no: trait revenue is absent"),
        ("trait n < 500", "yes: trait n is 400, less than 500"),
        ("trait n <= 300", "no: trait n is 400, not at most 300"),
        ("trait n > 500", "no: trait n is 400, not more than 500"),
        ("trait n >= 400", "yes: trait n is 400, at least 400"),
        (
            "trait n >= trait goal",
            "no: trait n is 400, not at least trait goal (500)",
        ),
        ("trait n = trait n", "yes: trait n is 400, like trait n (400)"),
        ("trait n != trait n", "no: trait n is 400, like trait n (400)"),
        (
            "trait n != trait nothing",
            "no: trait nothing is absent, so nothing compares with it",
        ),
        (
            "trait n = trait tags",
            r#"no: trait tags is ["vip","new"], which nothing compares with"#,
        ),
        (
            r#"trait plan in ["pro", "business"]"#,
            r#"no: trait plan is "free", not one of "business", "pro""#,
        ),
        (
            r#"trait plan in ["free", 5]"#,
            r#"yes: trait plan is "free", one of "free", 5"#,
        ),
        (
            r#"trait plan in ["a", "b", "c", "d"]"#,
            r#"no: trait plan is "free", not one of "a", "b", "c" and 1 other"#,
        ),
        (
            r#"trait plan not in ["a", "b", "c", "d", 5]"#,
            r#"yes: trait plan is "free", not one of "a", "b", "c" and 2 others"#,
        ),
        (
            r#"trait plan not in ["free"]"#,
            r#"no: trait plan is "free", one of "free""#,
        ),
        (
            r#"trait plan contains "re""#,
            r#"yes: trait plan is "free", which contains "re""#,
        ),
        (
            r#"trait tags contains "x""#,
            r#"no: trait tags is ["vip","new"], which does not contain "x""#,
        ),
        (
            r#"trait tags does not contain "vip""#,
            r#"no: trait tags is ["vip","new"], which contains "vip""#,
        ),
        (
            r#"trait tags does not contain "x""#,
            r#"yes: trait tags is ["vip","new"], which does not contain "x""#,
        ),
        (
            "trait tags does not contain trait plan",
            r#"yes: trait tags is ["vip","new"], which does not contain trait plan ("free")"#,
        ),
        (
            "trait plan does not contain trait plan",
            r#"no: trait plan is "free", which contains trait plan ("free")"#,
        ),
        (
            r#"trait tags contains any of ["vip", "x"]"#,
            r#"yes: trait tags is ["vip","new"], which contains one of "vip", "x""#,
        ),
        (
            r#"trait tags contains any of ["x"]"#,
            r#"no: trait tags is ["vip","new"], which contains none of "x""#,
        ),
        (
            r#"trait plan starts with "fr""#,
            r#"yes: trait plan is "free", which starts with "fr""#,
        ),
        (
            r#"trait plan ends with "x""#,
            r#"no: trait plan is "free", which does not end with "x""#,
        ),
        (
            "trait day before 2026-06-15",
            r#"no: trait day is "2026-06-15", not before 2026-06-15T00:00:00Z"#,
        ),
        (
            "trait day after 2026-06-14",
            r#"yes: trait day is "2026-06-15", after 2026-06-14T00:00:00Z"#,
        ),
        (
            "trait day before trait soon",
            r#"yes: trait day is "2026-06-15", before trait soon ("2026-07-02")"#,
        ),
        (
            "trait plan after 2026-06-14",
            r#"no: trait plan is "free", which is no date"#,
        ),
        (
            "trait day within last 1 week",
            r#"no: trait day is "2026-06-15", not within the last 7 days (since 2026-06-23T00:00:00Z)"#,
        ),
        (
            "trait soon within next 3 days",
            r#"yes: trait soon is "2026-07-02", within the next 3 days (until 2026-07-03T00:00:00Z)"#,
        ),
        (
            "trait day before last 5 days",
            r#"yes: trait day is "2026-06-15", at least 5 days ago (until 2026-06-25T00:00:00Z)"#,
        ),
        (
            "trait day after next 2 hours",
            r#"no: trait day is "2026-06-15", not more than 2 hours ahead (after 2026-06-30T02:00:00Z)"#,
        ),
        (
            r#"any trait tags (item = "vip")"#,
            "yes: 1 of 2 in trait tags passes; shown is number 1",
        ),
        (
            r#"any trait tags (item = "new")"#,
            "yes: 1 of 2 in trait tags passes; shown is number 2",
        ),
        (
            r#"any trait tags (item exists)"#,
            "yes: 2 of 2 in trait tags pass; shown is number 1",
        ),
        (
            r#"any trait tags (item = "x")"#,
            "no: none of 2 in trait tags passes; shown is the first",
        ),
        (
            r#"any trait plan (item = "x")"#,
            r#"no: trait plan is "free", which is no list"#,
        ),
        (r#"any trait nothing (item = "x")"#, "no: trait nothing is absent"),
        ("member of staff", "no: user_id:u1 is not in staff"),
        ("not member of staff", "yes: user_id:u1 is not in staff"),
        (r#"trait plan = "pro" or trait n = 5"#, "no: none of 2 holds"),
        (r#"trait plan = "free" or trait n = 5"#, r#"yes: trait plan is "free""#),
        (r#"trait plan = "free" and trait n = 5"#, "no: trait n is 400, not 5"),
        (r#"trait plan = "free" and trait n = 400"#, "yes: all 2 hold"),
    ];
    for (condition, expected) in cases {
        assert_eq!(sentence(condition, &profile), expected, "{condition}");
    }
}

#[test]
fn events_are_counted_in_words() {
    let profile = person()
        .event("A", at("2026-06-01"), [("k", Value::from(1))])
        .event("A", at("2026-06-20"), [("k", Value::from(2))])
        .event("A", at("2026-06-29"), [("k", Value::from(3))])
        .event("B", at("2026-06-20T00:30:00Z"), [("k", Value::from(2))])
        .build();
    let cases = [
        (
            r#"performed "A""#,
            r#"yes: 3 "A" events, the last at 2026-06-29T00:00:00Z"#,
        ),
        (r#"performed "B""#, r#"yes: 1 "B" event, at 2026-06-20T00:30:00Z"#),
        (r#"performed "C""#, r#"no: no "C" event"#),
        (r#"performed "C" exactly 0 times"#, r#"yes: no "C" event"#),
        (
            r#"performed "C" at least 2 times"#,
            r#"no: no "C" event; at least 2 needed"#,
        ),
        (
            r#"performed "A" at least 3 times within 20 days"#,
            r#"no: 2 "A" events within the last 20 days (since 2026-06-10T00:00:00Z), the last at 2026-06-29T00:00:00Z; at least 3 needed"#,
        ),
        (
            r#"performed "A" exactly 0 times within 2 weeks"#,
            r#"no: 2 "A" events within the last 14 days (since 2026-06-16T00:00:00Z), the last at 2026-06-29T00:00:00Z; none allowed"#,
        ),
        (
            r#"performed "A" at most 1 time between 5 and 40 days ago"#,
            r#"no: 2 "A" events between 5 days and 40 days ago (since 2026-05-21T00:00:00Z, until 2026-06-25T00:00:00Z), the last at 2026-06-20T00:00:00Z; at most 1 allowed"#,
        ),
        (
            r#"performed "A" exactly 2 times after 2026-06-21 before 2026-07-01"#,
            r#"no: 1 "A" event after 2026-06-21T00:00:00Z, before 2026-07-01T00:00:00Z, at 2026-06-29T00:00:00Z; exactly 2 needed"#,
        ),
        (
            r#"performed "A" where (k >= 2)"#,
            r#"yes: 2 of 3 "A" events pass its filter, the last at 2026-06-29T00:00:00Z"#,
        ),
        (
            r#"performed "A" at least 2 times where (k = 2)"#,
            r#"no: 1 of 3 "A" events passes its filter; shown is the one at 2026-06-29T00:00:00Z; at least 2 needed"#,
        ),
        (
            r#"performed "A" where (k = 9)"#,
            r#"no: none of 3 "A" events passes its filter; shown is the one at 2026-06-29T00:00:00Z"#,
        ),
        (
            r#"performed "B" where (k = 9)"#,
            r#"no: the only "B" event does not pass its filter; shown is the one at 2026-06-20T00:30:00Z"#,
        ),
        (
            r#"performed "A" then performed "B" within 1 hour"#,
            r#"yes: 1 of 3 "A" events was followed by "B" within 1 hour, at 2026-06-20T00:00:00Z"#,
        ),
        (
            r#"performed "A" then not performed "B""#,
            r#"yes: 1 of 3 "A" events was not followed by "B", at 2026-06-29T00:00:00Z"#,
        ),
        (
            r#"performed "A" at least 3 times then not performed "B""#,
            r#"no: 1 of 3 "A" events was not followed by "B"; shown is the one at 2026-06-20T00:00:00Z; at least 3 needed"#,
        ),
        (
            r#"performed "A" where (k >= 2) then performed "C" then performed "B" at least 2 times"#,
            r#"no: none of 2 matching "A" events was followed by "C", then by at least 2 "B" events; shown is the one at 2026-06-29T00:00:00Z"#,
        ),
    ];
    for (condition, expected) in cases {
        assert_eq!(sentence(condition, &profile), expected, "{condition}");
    }
}

#[test]
fn a_failed_filter_shows_the_event_that_came_nearest() {
    let profile = person()
        .event("A", at("2026-06-20"), [("k", Value::from(1)), ("id", "x".into())])
        .event("B", at("2026-06-21"), [("id", "y".into())])
        .build();
    let filtered = told(r#"performed "A" where (k = 2 and not (id exists or z = 1))"#, &profile);
    let filter = &filtered.children[0];
    assert_eq!((filter.kind, filter.holds), (Kind::And, Some(false)));
    assert_eq!(filter.children[0].because, "k is 1, not 2");
    assert_eq!(filter.children[1].because, r#"id is "x""#);

    let funnel = told(
        r#"performed "A" as a then performed "B" where (id = a.id) then performed "C" where (k = 1)"#,
        &profile,
    );
    let [first, second] = funnel.children.as_slice() else {
        panic!("{funnel:?}")
    };
    assert_eq!((first.kind, first.holds), (Kind::Then, Some(false)));
    assert_eq!(
        first.because,
        r#"the only "B" event after that does not pass its filter, at 2026-06-21T00:00:00Z"#
    );
    assert_eq!(first.children[0].because, r#"id is "y", not a.id ("x")"#);
    // Nothing is said to hold or not of an event that does not exist.
    assert_eq!((second.holds, second.children[0].holds), (None, None));
    assert_eq!(second.because, "no event gets as far as this step");

    let nobody = told(r#"performed "C" where (k = 1)"#, &profile);
    assert_eq!((nobody.holds, nobody.children[0].holds), (Some(false), None));
}

#[test]
fn the_same_filter_in_two_places_is_told_of_each_place() {
    // One node, asked of an element, and of the elements of that element.
    let profile = person()
        .trait_(
            "list",
            value(r#"[{"x": 1, "inner": [{"x": 2}, {"x": 1}], "other": [{"x": 3}]}]"#),
        )
        .build();
    let any = told(
        "any trait list (x = 1 and any inner (x = 1) and not any other (x = 1))",
        &profile,
    );
    assert_eq!(any.holds, Some(true));
    let parts = &any.children[0].children;
    assert_eq!((parts[0].holds, &*parts[0].because), (Some(true), "x is 1"));
    assert_eq!(parts[1].because, "1 of 2 in inner passes; shown is number 2");
    assert_eq!(parts[1].children[0].because, "x is 1");
    let other = &parts[2].children[0];
    assert_eq!(other.children[0].because, "x is 3, not 1");
}

#[test]
fn consent_says_when_and_by_which_message() {
    let engine = Engine::from_text(
        "w.audience",
        r#"
category Advertising
category Analytics
category Functional disabled
destination ads requires Advertising, Analytics
destination off requires Functional
destination crm requires nothing
audience a {
  who consent Advertising is conflicted or not consent to Analytics
  send to ads, off, crm
}
audience b { consent to Advertising and Analytics }
"#,
    )
    .unwrap();
    let event = |id: &str, day: &str, yes: bool| {
        json!({
            "type": "track", "event": "Segment Consent Preference Updated", "userId": "u1", "messageId": id,
            "timestamp": day, "context": {"consent": {"categoryPreferences": {"Advertising": yes}}}
        })
        .to_string()
    };
    let events = [event("m1", "2026-05-01", true), event("m7", "2026-06-01", false)].join("\n");
    let people = engine.ingest(events.as_bytes(), now()).unwrap().profiles;
    let profile = people.find("user_id", "u1").unwrap();
    let why = engine.explain("a", profile, now()).unwrap();
    let denied = "consent to Advertising is denied (since 2026-06-01T00:00:00Z, message m7)";
    let who = &why.conditions.children[1];
    assert_eq!(who.children[0].because, format!("{denied}, not conflicted"));
    assert_eq!(who.children[1].because, "consent to Analytics was never collected");
    let [ads, off, crm] = why.destinations.as_slice() else {
        panic!("{why:?}")
    };
    assert_eq!((ads.delivered, off.delivered, crm.delivered), (false, true, true));
    assert_eq!(
        ads.because,
        format!("{denied}; consent to Analytics was never collected")
    );
    assert_eq!(off.because, "what it requires is disabled");
    assert_eq!(crm.because, "it requires no consent");
    assert!(ads.requires.iter().all(|preference| preference.enforced));
    assert!(!off.requires[0].enforced);

    let why = engine.explain("b", profile, now()).unwrap();
    assert!(!why.member);
    let clauses = &why.conditions.children[1..];
    assert_eq!(clauses.len(), 2);
    assert_eq!(
        (clauses[0].holds, &*clauses[0].source, &*clauses[0].because),
        (Some(false), "Advertising", denied)
    );
    assert_eq!(clauses[1].holds, Some(false));
}

#[test]
fn with_enforcement_off_it_is_said_so() {
    let workspace = "consent enforcement off\ncategory A\ndestination d requires A\naudience a { send to d }";
    let why = explain(workspace, "a", &person().build());
    assert!(why.destinations[0].delivered);
    assert_eq!(why.destinations[0].because, "consent enforcement is off");
    assert!(!why.destinations[0].requires[0].enforced);
}

#[test]
fn who_cannot_be_a_member_is_told_why() {
    let visitor = Profile::builder().identifier("anonymous_id", "a1").build();
    let why = explain("audience a {}", "a", &visitor);
    assert!(!why.member);
    let identifier = &why.conditions.children[0];
    assert_eq!((identifier.kind, identifier.holds), (Kind::Identifier, Some(false)));
    assert!(why.to_string().contains("does not say `include anonymous`"), "{why}");
    let why = explain("audience a { include anonymous }", "a", &visitor);
    assert!(why.member);
    assert_eq!(why.conditions.children[0].source, "include anonymous");
}

#[test]
fn every_condition_that_is_written_is_told() {
    // Repeated, turned round twice, and flattened by the compiler.
    let condition = r#"trait a = 1 and (trait a = 1 and (trait a = 1 and trait b = 2)) and not not trait a = 1
        and not trait b does not exist"#;
    let profile = person().trait_("a", 1).trait_("b", 2).build();
    let who = told(condition, &profile);
    fn leaves(condition: &Condition, sources: &mut Vec<(String, bool)>) {
        if condition.children.is_empty() {
            sources.push((condition.source.clone(), condition.holds.unwrap()));
        }
        condition.children.iter().for_each(|child| leaves(child, sources));
    }
    let mut found = Vec::new();
    leaves(&who, &mut found);
    let a = || ("trait a = 1".to_owned(), true);
    let expected = [
        a(),
        a(),
        a(),
        ("trait b = 2".into(), true),
        a(),
        ("trait b does not exist".into(), false),
    ];
    assert_eq!(found, expected);
    assert_eq!(who.holds, Some(true));
}

#[test]
fn another_audience_is_told_once_and_one_level_deep() {
    let workspace = r#"
audience inner { who trait n = 1 }
audience middle { who member of inner }
audience outer { who member of middle and not member of middle and member of inner }
"#;
    let why = explain(workspace, "outer", &person().trait_("n", 1).build());
    let parts = &why.conditions.children[1].children;
    let middle = &parts[0].children;
    assert_eq!(middle.len(), 2);
    assert_eq!(
        (middle[1].kind, middle[1].holds, middle[1].children.len()),
        (Kind::Member, Some(true), 0)
    );
    // Told above.
    assert!(parts[1].children[0].children.is_empty());
    assert_eq!(parts[2].children[1].because, "trait n is 1");

    // However often it is referred to, an explanation stays as small as what is written.
    let many = vec!["member of big"; 500].join(" and ");
    let big = vec!["trait n = 1"; 500].join(" and ");
    let workspace = format!("audience big {{ who {big} }}\naudience a {{ who {many} }}");
    let why = explain(&workspace, "a", &person().build());
    assert!(serde_json::to_string(&why).unwrap().len() < 400_000);
}

#[test]
fn lookback_is_named_where_it_cuts() {
    let workspace = r#"audience a {
  who performed "A" and performed "A" within 2 days
  lookback 10 days
}"#;
    let profile = person().event("A", at("2026-06-01"), [("k", Value::from(1))]).build();
    let parts = explain(workspace, "a", &profile).conditions.children[1]
        .children
        .clone();
    assert_eq!(
        parts[0].because,
        r#"no "A" event within the last 10 days (since 2026-06-20T00:00:00Z, as `lookback` says)"#
    );
    assert_eq!(
        parts[1].because,
        r#"no "A" event within the last 2 days (since 2026-06-28T00:00:00Z)"#
    );
}

#[test]
fn what_senders_chose_is_short_and_seen() {
    let hostile = "\u{1b}[2J\u{202e}".to_owned() + &"x".repeat(100_000);
    let profile = Profile::builder()
        .identifier("user_id", &hostile)
        .trait_("plan", hostile.as_str())
        .build();
    let why = explain(r#"audience a { who trait plan = "pro" }"#, "a", &profile);
    let because = &why.conditions.because;
    assert!(because.len() < 200, "{}", because.len());
    for text in [because, &why.to_string()] {
        assert!(text.len() < 2_000, "{}", text.len());
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(text.contains("\\u{202e}"), "{text}");
    }
}

#[test]
fn the_file_is_named_where_there_are_several() {
    let mut sources = volens::span::Sources::default();
    sources.add("a.audience", "audience a { who trait x = 1 }");
    sources.add("b.audience", "# é\naudience b { who trait x = 1 and member of a }");
    let engine = Engine::from_sources(sources).unwrap();
    let why = engine.explain("b", &person().build(), now()).unwrap();
    let json = serde_json::to_value(&why).unwrap();
    let who = &json["conditions"]["children"][1];
    assert_eq!(who["file"], "b.audience");
    // Bytes, not characters.
    assert_eq!(who["span"], json!([22, 49]));
    let member = &who["children"][1];
    assert_eq!(member["children"][1]["file"], "a.audience");
    assert_eq!(member["children"][1]["span"], json!([17, 28]));
    // In one file there is nothing to tell apart.
    let why = explain("audience b { who trait x = 1 }", "b", &person().build());
    assert_eq!(serde_json::to_value(&why).unwrap()["conditions"]["file"], json!(null));
}

#[test]
fn the_json_has_the_keys_of_its_description() {
    let workspace = r#"
category Advertising
destination google_ads requires Advertising
destination crm requires nothing
audience cart_abandoners {
  who performed "Checkout Started" within 7 days then not performed "Order Completed" within 1 day
    and not trait plan = "free"
  send to google_ads, crm
}
"#;
    let profile = person()
        .consent("Advertising", ConsentState::Denied)
        .event("Checkout Started", at("2026-06-29"), [("k", Value::from(1))])
        .build();
    let json = serde_json::to_value(explain(workspace, "cart_abandoners", &profile)).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        keys(&json),
        "audience conditions destinations member now profile until would_change"
    );
    assert_eq!(json["now"], "2026-06-30T00:00:00Z");
    assert_eq!(json["until"], "2026-07-06T00:00:00Z");
    assert_eq!(
        (&json["profile"], &json["member"]),
        (&json!("user_id:u1"), &json!(true))
    );
    assert_eq!(json["conditions"]["kind"], "and");
    fn each(workspace: &str, condition: &serde_json::Value, seen: &mut usize) {
        *seen += 1;
        let object = condition.as_object().unwrap();
        let keys: Vec<&str> = object.keys().map(String::as_str).collect();
        assert_eq!(keys, ["because", "children", "holds", "kind", "source", "span"]);
        let [from, to] = condition["span"].as_array().unwrap().as_slice() else {
            panic!("{condition}")
        };
        let span = from.as_u64().unwrap() as usize..to.as_u64().unwrap() as usize;
        assert_eq!(&workspace[span], condition["source"].as_str().unwrap());
        assert!(condition["holds"].is_boolean());
        assert!(!condition["because"].as_str().unwrap().is_empty());
        condition["children"]
            .as_array()
            .unwrap()
            .iter()
            .for_each(|child| each(workspace, child, seen));
    }
    let mut seen = 0;
    each(workspace, &json["conditions"], &mut seen);
    // The root, the identifier, `and`, the funnel with its step, `not` with its test.
    assert_eq!(seen, 7);
    assert_eq!(
        json["destinations"]["google_ads"],
        json!({
            "delivered": false,
            "requires": {"Advertising": "denied"},
            "preferences": [{
                "category": "Advertising", "state": "denied", "required": true, "enforced": true,
                // A host that sets consent itself keeps no record of why.
                "since": null, "message_id": null, "rule": null,
            }],
            "because": "consent to Advertising is denied",
        })
    );
    assert_eq!(json["destinations"]["crm"]["requires"], json!({}));
    assert_eq!(
        json["would_change"],
        json!([
            "consent to Advertising would deliver to google_ads",
            "`performed \"Checkout Started\" within 7 days then not performed \"Order Completed\" within 1 day` would have to no \
             longer hold to end its membership",
        ])
    );
}

#[test]
fn an_unknown_audience_is_an_error() {
    let engine = Engine::from_text("w.audience", "audience a {}").unwrap();
    let error = engine.explain("b", &person().build(), now()).unwrap_err();
    assert!(matches!(error, Error::UnknownAudience(name) if name == "b"));
}

/// Until when the answer about an audience with this condition is what it is.
fn until(condition: &str, profile: &Profile) -> Until {
    explain(&format!("audience a {{ who {condition} }}"), "a", profile).until
}

#[test]
fn it_is_told_until_when() {
    let profile = person()
        .trait_("day", "2026-06-29T12:00:00Z")
        .trait_("soon", "2026-07-10")
        .trait_("spent", 5)
        .event("A", at("2026-06-25"), [("k", Value::from(1))])
        .event("A", at("2026-06-28"), [("k", Value::from(2))])
        // Dated ahead.
        .event("B", at("2026-07-01"), [("k", Value::from(1))])
        .build();
    let day = |day: &str| Until::At(at(day));
    let cases = [
        ("trait spent = 5", Until::Never),
        (r#"performed "A""#, Until::Never),
        (r#"performed "C" within 7 days"#, Until::Never),
        // The first event leaves the window, but the second is still in it.
        (r#"performed "A" within 7 days"#, day("2026-07-05")),
        (r#"performed "A" at least 2 times within 7 days"#, day("2026-07-02")),
        (r#"performed "A" exactly 0 times within 7 days"#, day("2026-07-05")),
        (r#"performed "A" between 5 and 6 days ago"#, day("2026-07-01")),
        (r#"performed "A" between 3 and 4 days ago"#, day("2026-07-01")),
        (r#"performed "A" where (k = 1) within 7 days"#, day("2026-07-02")),
        (r#"performed "B""#, day("2026-07-01")),
        (r#"performed "A" then not performed "B""#, day("2026-07-01")),
        ("trait day within last 1 day", day("2026-06-30T12:00:00Z")),
        ("trait soon within next 1 week", day("2026-07-03")),
        ("trait soon before last 1 day", day("2026-07-11")),
        ("trait soon after next 2 days", day("2026-07-08")),
        ("trait soon before 2026-07-01", Until::Never),
        // What changes changes nothing.
        (r#"performed "A" within 7 days or trait spent = 5"#, Until::Never),
        (r#"performed "A" within 7 days and trait spent = 6"#, Until::Never),
        // The one comes as the other goes.
        (
            r#"performed "A" within 2 days or performed "A" between 2 and 5 days ago"#,
            day("2026-07-03"),
        ),
    ];
    for (condition, expected) in cases {
        assert_eq!(until(condition, &profile), expected, "{condition}");
    }
    let engine = Engine::from_text("w.audience", "audience a { who performed \"A\" within 7 days }").unwrap();
    assert_eq!(engine.until("a", &profile, now()).unwrap(), Some(at("2026-07-05")));
    assert_eq!(engine.until("a", &profile, at("2026-07-05")).unwrap(), None);
    assert!(matches!(
        engine.until("b", &profile, now()),
        Err(Error::UnknownAudience(_))
    ));
    let why = engine.explain("a", &profile, now()).unwrap();
    assert_eq!(
        why.to_string().lines().nth(1).unwrap(),
        "until 2026-07-05T00:00:00Z, if nothing else happens"
    );
    let why = engine.explain("a", &profile, at("2026-07-05")).unwrap();
    assert_eq!(
        why.to_string().lines().nth(1).unwrap(),
        "for good, if nothing else happens"
    );
    assert_eq!(serde_json::to_value(&why).unwrap()["until"], serde_json::Value::Null);
    assert!(
        serde_json::to_value(&why)
            .unwrap()
            .as_object()
            .unwrap()
            .contains_key("until")
    );
}

#[test]
fn long_histories_are_tried_to_the_end() {
    let engine = Engine::from_text(
        "w.audience",
        r#"audience a { who performed "A" within 1 hour where (k = 1) }"#,
    )
    .unwrap();
    let mut profile = person();
    for minute in 0..10_000 {
        let time = Timestamp::from_millis(now().as_millis() + minute * 60_000);
        profile = profile.event("A", time, [("k", Value::from(1))]);
    }
    // An hour after the last one.
    let last = Timestamp::from_millis(now().as_millis() + (9_999 + 60) * 60_000);
    assert_eq!(engine.until("a", &profile.build(), now()).unwrap(), Some(last));
}

#[test]
fn where_too_much_changes_nothing_is_said_of_it() {
    // Each event comes and goes by itself, and none of that matters.
    let engine = Engine::from_text(
        "w.audience",
        r#"audience a { who performed "A" within 1 hour where (k = 2) or performed "A" exactly 0 times where (k = 3) within 2 hours }"#,
    )
    .unwrap();
    let mut profile = person();
    for n in 0..12_000 {
        let time = Timestamp::from_millis(now().as_millis() + n * 1000);
        profile = profile.event("A", time, [("k", Value::from(1))]);
    }
    let profile = profile.build();
    let found = engine.until("a", &profile, now());
    assert!(matches!(found, Err(Error::TooManyInstants { profile }) if profile == "user_id:u1"));
    let why = engine.explain("a", &profile, now()).unwrap();
    assert_eq!(why.until, Until::Unknown);
    assert_eq!(why.to_string().lines().nth(1).unwrap(), "until when is not known");
    assert!(
        !serde_json::to_value(&why)
            .unwrap()
            .as_object()
            .unwrap()
            .contains_key("until")
    );
}

// ---- the shop

#[test]
fn the_shop_is_explained() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop");
    let engine = Engine::load(&root).unwrap();
    let events = std::fs::File::open(root.join("events.jsonl")).unwrap();
    let people = engine.ingest(std::io::BufReader::new(events), now()).unwrap().profiles;
    let run = engine.run(&people, now()).unwrap();
    let mut text = String::new();
    for audience in &run.audiences {
        // A member who is delivered, one who is held back, and the first who is out.
        let delivered = audience.destinations.iter().find_map(|d| d.delivered.first());
        let filtered = audience
            .destinations
            .iter()
            .find_map(|d| d.filtered.first())
            .map(|f| &f.profile);
        let mut labels: Vec<String> = people.users().iter().map(|user| engine.label(user)).collect();
        labels.sort();
        let outside = labels
            .iter()
            .find(|label| !audience.members.iter().any(|member| **member == ***label));
        let members = delivered.into_iter().chain(filtered).map(|label| label.to_string());
        for label in members.chain(outside.cloned()) {
            let (kind, id) = label.split_once(':').unwrap();
            let why = engine
                .explain(&audience.name, people.find(kind, id).unwrap(), now())
                .unwrap();
            text.push_str(&format!("{why}\n\n"));
        }
        // Nobody is explained otherwise than evaluated, and nobody delivered otherwise than the run says.
        for user in people.users() {
            let why = engine.explain(&audience.name, user, now()).unwrap();
            let is_in = |labels: &[std::sync::Arc<str>]| labels.iter().any(|label| **label == *why.profile);
            assert_eq!(why.member, is_in(&audience.members), "{why}");
            assert_eq!(why.conditions.holds, Some(why.member), "{why}");
            for (destination, told) in audience.destinations.iter().zip(&why.destinations) {
                assert_eq!(told.delivered, is_in(&destination.delivered), "{why}");
            }
        }
    }
    assert_snapshot!(text.trim_end());
}

// ---- what must always hold
