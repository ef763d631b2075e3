//! language.md, Conditions, of users.

use volens::Engine;
use volens::diagnostic::Code;

use crate::support::*;

fn did(events: &[(&str, i64)]) -> Vec<String> {
    events.iter().map(|(name, millis)| track(name, *millis, "{}")).collect()
}

#[test]
fn a_mix_of_and_and_or_shows_both_readings() {
    for (mixed, readings) in [
        (
            "trait a = 1 or trait b = 1 and trait c = 1",
            [
                "(trait a = 1 or trait b = 1) and trait c = 1",
                "trait a = 1 or (trait b = 1 and trait c = 1)",
            ],
        ),
        (
            "trait a = 1 and consent to A or trait c = 1",
            [
                "trait a = 1 and (consent to A or trait c = 1)",
                "(trait a = 1 and consent to A) or trait c = 1",
            ],
        ),
    ] {
        let text = |condition: &str| format!("category A\naudience a {{ who {condition} }}");
        let found = errors(&text(mixed));
        assert_eq!((found.len(), found[0].code), (1, Code::MixedAndOr));
        let help = found[0].help.as_deref().unwrap();
        for reading in readings {
            assert!(help.contains(reading), "{help}");
            assert!(errors(&text(reading)).is_empty());
        }
    }
    for inside in [
        "performed \"E\" where (a = 1 or b = 1 and c = 1)",
        "any trait l (a = 1 and b = 1 or c = 1)",
    ] {
        assert_eq!(
            errors(&format!("audience a {{ who {inside} }}"))[0].code,
            Code::MixedAndOr
        );
    }
}

#[test]
fn counts_are_of_what_passes_the_filter_inside_the_window() {
    let event = |millis, x: i32| track("E", millis, &format!("{{\"x\":{x}}}"));
    for (n, answers) in [
        (0, [false, false, true, true, true, false, true]),
        (1, [true, false, false, true, false, true, true]),
        (2, [true, true, false, false, false, false, true]),
        (3, [true, true, false, false, false, false, false]),
    ] {
        let mut events = vec![event(-5 * DAY, 1), event(-1, 0), track("F", -1, "{\"x\":1}")];
        events.extend((0..n).map(|k| event(-k - 2, 1)));
        let counts = [
            "",
            "at least 2 times",
            "exactly 0 times",
            "at most 1 time",
            "at most 0 times",
            "exactly 1 time",
            "at most 2 times",
        ];
        let found = counts.map(|count| holds(&format!("performed \"E\" {count} within 5 days where (x = 1)"), &events));
        assert_eq!(found, answers, "{n}");
    }
    refused("performed \"E\" at least 0 times", "at least 0 times");
    // For a profile without any event at all.
    assert!(holds("performed \"E\" exactly 0 times", &[]) && holds("performed \"E\" at most 3 times", &[]));
}

#[test]
fn page_and_screen_calls_are_events() {
    let events = [
        call("page", -2, r#""name":"Pricing","properties":{"path":"/pricing"}"#),
        call("screen", -1, r#""name":"Home","properties":{}"#),
    ];
    for (condition, expected) in [
        (
            r#"performed "Page Viewed" where (page_name = "Pricing" and path = "/pricing")"#,
            true,
        ),
        (r#"performed "Page Viewed" where (page_name = "Home")"#, false),
        (r#"performed "Page Viewed" where (screen_name exists)"#, false),
        (r#"performed "Screen Viewed" where (screen_name = "Home")"#, true),
        (r#"performed "Screen Viewed" where (page_name exists)"#, false),
        (r#"performed "Pricing""#, false),
        (
            r#"performed "Page Viewed" then performed "Screen Viewed" where (screen_name = "Home")"#,
            true,
        ),
    ] {
        assert_eq!(holds(condition, &events), expected, "{condition}");
    }
}

#[test]
fn a_funnel_looks_at_every_first_event_and_any_may_serve() {
    let then = r#"performed "A" then performed "B""#;
    let not = r#"performed "A" then not performed "B""#;
    for (events, followed, unfollowed) in [
        (vec![], false, false),
        (vec![("A", -5)], false, true),
        (vec![("B", -5)], false, false),
        (vec![("A", -5), ("B", -5)], false, true),
        (vec![("A", -5), ("B", -4)], true, false),
        (vec![("B", -6), ("A", -5)], false, true),
        (vec![("A", -9), ("B", -7), ("A", -5)], true, true),
        (vec![("A", -9), ("A", -7), ("B", -5)], true, false),
        (vec![("A", -9), ("A", -5), ("B", -5)], true, true),
    ] {
        assert_eq!(holds(then, &did(&events)), followed, "{events:?}");
        assert_eq!(holds(not, &did(&events)), unfollowed, "{events:?}");
    }
    // The first event's own modifiers say which A's there are, a step's own which B's.
    let modified = r#"performed "A" within 2 days where (x = 1) then performed "B" within 1 day where (x = 2)"#;
    let event = |name, millis, x: i32| track(name, millis, &format!("{{\"x\":{x}}}"));
    for (first, step, expected) in [
        ((-2 * DAY + 1, 1), (-DAY + 1, 2), true),
        ((-2 * DAY, 1), (-DAY, 2), false),
        ((-DAY, 0), (-1, 2), false),
        ((-DAY, 1), (-1, 0), false),
        ((-DAY, 1), (0, 2), true),
        ((-DAY - 1, 1), (0, 2), false),
    ] {
        let events = [event("A", first.0, first.1), event("B", step.0, step.1)];
        assert_eq!(holds(modified, &events), expected, "{events:?}");
    }
    // Each further step starts from the B that matched: the second B serves.
    let chain = r#"performed "A" then performed "B" then performed "C" within 1 minute"#;
    assert!(holds(
        chain,
        &did(&[
            ("A", -9 * MINUTE),
            ("B", -8 * MINUTE),
            ("B", -2 * MINUTE),
            ("C", -MINUTE)
        ])
    ));
    assert!(!holds(
        chain,
        &did(&[("A", -9 * MINUTE), ("B", -8 * MINUTE), ("C", -6 * MINUTE)])
    ));
    assert!(
        !holds(chain, &did(&[("A", -3), ("B", -2), ("C", -2)])),
        "strictly later"
    );
}

#[test]
fn then_not_asks_for_one_way_without_and_does_not_wait() {
    let condition = r#"performed "A" then performed "B" then not performed "C" within 1 hour"#;
    for (events, expected) in [
        (vec![("A", -9 * HOUR), ("B", -8 * HOUR)], true),
        (vec![("A", -9 * HOUR), ("B", -8 * HOUR), ("C", -7 * HOUR)], false),
        (vec![("A", -9 * HOUR), ("B", -8 * HOUR), ("C", -7 * HOUR + 1)], true),
        // The other B has none after it.
        (
            vec![("A", -9 * HOUR), ("B", -8 * HOUR), ("C", -7 * HOUR), ("B", -HOUR)],
            true,
        ),
        // Before the hour has passed it holds, until C comes.
        (vec![("A", -2), ("B", -1)], true),
        (vec![("A", -2), ("B", 0)], true),
        (vec![("A", -2), ("B", -1), ("C", 0)], false),
        (vec![("A", -2), ("B", -1), ("C", 1)], true),
        (vec![("A", -2)], false),
    ] {
        assert_eq!(holds(condition, &did(&events)), expected, "{events:?}");
    }
    refused(r#"performed "A" then not performed "B" then performed "C""#, "then not");
}

#[test]
fn names_of_events_are_known_in_their_own_funnel_alone() {
    // Any event before it, not only the one just before.
    let chain = r#"performed "A" as a then performed "B" as b then performed "C" where (x = a.x and y = b.y)"#;
    let events = |x: i32, y: i32| {
        [
            track("A", -3, "{\"x\":1}"),
            track("B", -2, "{\"y\":2}"),
            track("C", -1, &format!("{{\"x\":{x},\"y\":{y}}}")),
        ]
    };
    assert!(holds(chain, &events(1, 2)) && !holds(chain, &events(1, 1)) && !holds(chain, &events(2, 2)));
    for (condition, underlined) in [
        (r#"performed "A" as a then performed "B" as a"#, "a"),
        (
            r#"performed "A" as a and performed "B" then performed "C" where (x = a.x)"#,
            "a",
        ),
        (r#"performed "A" as a and performed "B" where (x = a.x)"#, "a"),
        (r#"performed "A" as a where (x = a.y)"#, "a"),
        (
            r#"performed "A" then performed "B" where (x = b.x) then performed "C" as b"#,
            "b",
        ),
        (r#"performed "A" as a and trait x = a.x"#, "a"),
    ] {
        let text = format!("audience z {{ who {condition} }}");
        let found = errors(&text);
        assert_eq!(found.len(), 1, "{condition}: {found:?}");
        assert!(text[found[0].span.range()].starts_with(underlined), "{condition}");
    }
    // The same name in two funnels is two names.
    assert!(errors(
        r#"audience z { who performed "A" as a then performed "B" where (x = a.x) and performed "C" as a then performed "D" where (y = a.y) }"#
    )
    .is_empty());
}

#[test]
fn counts_in_funnels_count_the_firsts_or_the_last_steps() {
    let events = did(&[("A", -9), ("A", -8), ("B", -7), ("B", -6), ("A", -5)]);
    for (condition, expected) in [
        // Two A's have a B after them, the third has none.
        (r#"performed "A" at least 2 times then performed "B""#, true),
        (r#"performed "A" at least 3 times then performed "B""#, false),
        (r#"performed "A" exactly 2 times then performed "B""#, true),
        (r#"performed "A" exactly 1 time then not performed "B""#, true),
        (r#"performed "A" at most 1 time then performed "B""#, false),
        (r#"performed "A" exactly 0 times then performed "C""#, true),
        (r#"performed "A" then performed "B" at least 2 times"#, true),
        (r#"performed "A" then performed "B" at least 3 times"#, false),
        (r#"performed "A" then performed "B" exactly 0 times"#, true),
        // Under `then not` the count must not hold.
        (
            r#"performed "A" exactly 2 times then not performed "B" exactly 0 times"#,
            true,
        ),
        (
            r#"performed "A" exactly 3 times then not performed "B" at least 3 times"#,
            true,
        ),
        (
            r#"performed "A" exactly 1 time then not performed "B" at least 2 times"#,
            true,
        ),
    ] {
        assert_eq!(holds(condition, &events), expected, "{condition}");
    }
    for (condition, underlined) in [
        (
            r#"performed "A" then performed "B" at least 2 times then performed "C""#,
            "at least 2 times",
        ),
        (
            r#"performed "A" then performed "B" at least 0 times"#,
            "at least 0 times",
        ),
        (r#"performed "A" then not performed "B" as b"#, "as b"),
        (
            r#"performed "A" then performed "B" within last 1 day"#,
            "within last 1 day",
        ),
        (
            r#"performed "A" then performed "B" before 2026-01-01"#,
            "before 2026-01-01",
        ),
        (
            r#"performed "A" then performed "B" after 2026-01-01"#,
            "after 2026-01-01",
        ),
        (
            r#"performed "A" then performed "B" between 1 and 2 days ago"#,
            "between 1 and 2 days ago",
        ),
    ] {
        let text = format!("audience a {{ who {condition} }}");
        let found = errors(&text);
        assert_eq!(found.len(), 1, "{condition}: {found:?}");
        let span = &text[found[0].span.range()];
        assert!(
            underlined.contains(span) || span.contains(underlined),
            "{condition}: {span}"
        );
    }
}

#[test]
fn member_of_is_as_of_the_same_now_and_never_a_circle() {
    let text = "audience a { who member of b } audience b { who not member of c } audience c { who performed \"E\" within 1 day }";
    let engine = engine(text);
    let people = people(&engine, &[track("E", -DAY + 1, "{}")]);
    let u1 = people.find("user_id", "u1").unwrap();
    let held = |millis| engine.is_member("a", u1, at(millis).parse().unwrap()).unwrap();
    assert!(!held(0) && held(1));
    let error = &errors(
        "audience a { who member of b } audience b { who trait x = 1 or not member of c } audience c { who member of a }",
    )[0];
    assert_eq!(error.code, Code::Cycle);
    assert!(error.message.contains("a → b → c → a"), "{}", error.message);
    assert_eq!(errors("audience a { who member of a }")[0].code, Code::Cycle);
}

#[test]
fn where_sees_properties_and_never_the_context() {
    let event = r#""event":"E","properties":{"page":{"url":"p"},"context":{"ip":"q"}},"context":{"page":{"url":"c"},"ip":"1.2.3.4","x":1}"#;
    let events = [call("track", -1, event)];
    for (filter, expected) in [
        (r#"page.url = "p""#, true),
        (r#"page.url = "c""#, false),
        (r#"context.ip = "q""#, true),
        (r#"context.page.url exists"#, false),
        ("x exists", false),
        ("ip exists", false),
        ("properties.page.url exists", false),
    ] {
        assert_eq!(
            holds(&format!("performed \"E\" where ({filter})"), &events),
            expected,
            "{filter}"
        );
    }
    let events = [call("track", -1, r#""event":"E","context":{"x":1}"#)];
    assert!(!holds("performed \"E\" where (context.x exists)", &events));
}

#[test]
fn consent_is_read_as_stored_and_only_true_is_a_grant() {
    let state = |preferences: &str| {
        let context = format!(r#""event":"E","context":{{"consent":{{"categoryPreferences":{preferences}}}}}"#);
        vec![call("track", -2, &context)]
    };
    let mut conflicted = state(r#"{"A":true}"#);
    conflicted.push(call(
        "track",
        -2,
        r#""event":"E","messageId":"m2","context":{"consent":{"categoryPreferences":{"A":false}}}"#,
    ));
    for disabled in ["", "disabled"] {
        for (events, stored) in [
            (state(r#"{"A":true}"#), "granted"),
            (state(r#"{"A":false}"#), "denied"),
            (state(r#"{"B":true}"#), "not collected"),
            (did(&[("E", -1)]), "not collected"),
        ] {
            for asked in ["granted", "denied", "conflicted", "not collected"] {
                let text = format!("category A {disabled} category B audience a {{ who consent A is {asked} }}");
                assert_eq!(member(&text, &events), asked == stored, "{stored} {asked} {disabled}");
            }
            for clause in ["who consent to A", "consent to A", "who not (not consent to A)"] {
                let text = format!("category A {disabled} category B audience a {{ {clause} }}");
                assert_eq!(
                    member(&text, &events),
                    stored == "granted",
                    "{stored} {clause} {disabled}"
                );
            }
        }
        // At one instant two events contradict each other: no grant.
        for clause in ["consent to A", "who consent to A", "who consent A is granted"] {
            assert!(!member(
                &format!("category A {disabled} audience a {{ {clause} }}"),
                &conflicted
            ));
        }
    }
}

#[test]
fn a_conflicted_preference_is_no_grant() {
    let profile = volens::Profile::builder()
        .user_id("u1")
        .consent("A", volens::ConsentState::Conflicted)
        .build();
    for (clauses, expected) in [
        ("who consent A is conflicted", true),
        ("who consent to A", false),
        ("consent to A", false),
        ("who consent A is denied", false),
        ("who consent A is not collected", false),
        ("who not consent to A", true),
    ] {
        let engine = Engine::from_text("w", &format!("category A audience a {{ {clauses} }}")).unwrap();
        assert_eq!(engine.is_member("a", &profile, now()).unwrap(), expected, "{clauses}");
    }
}

#[test]
fn only_who_can_be_reached_is_a_member() {
    for (identifier, known, anonymous) in [
        ("user_id", true, true),
        ("email", true, true),
        ("android.idfa", true, true),
        ("ios.idfa", true, true),
        ("anonymous_id", false, true),
        ("phone", false, false),
        ("android.id", false, false),
        ("ios.push_token", false, false),
        ("group_id", false, false),
    ] {
        let profile = volens::Profile::builder().identifier(identifier, "x").build();
        for (clause, expected) in [("", known), ("include anonymous", anonymous)] {
            let engine = engine(&format!(
                "audience a {{ {clause} }} audience b {{ {clause} who not trait x = 1 }}"
            ));
            assert_eq!(
                engine.is_member("a", &profile, now()).unwrap(),
                expected,
                "{identifier} {clause}"
            );
            assert_eq!(
                engine.is_member("b", &profile, now()).unwrap(),
                expected,
                "{identifier} {clause}"
            );
        }
    }
}
