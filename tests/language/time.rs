//! language.md, Time.

use crate::support::*;

/// Instants around now, a day and two before it and a day after it.
const INSTANTS: [i64; 11] = [
    -2 * DAY - 1,
    -2 * DAY,
    -2 * DAY + 1,
    -DAY - 1,
    -DAY,
    -DAY + 1,
    0,
    1,
    DAY,
    DAY + 1,
    2 * DAY,
];

fn answers(holds: impl Fn(i64) -> bool) -> String {
    let answers = INSTANTS.map(|millis| if holds(millis) { "+" } else { "-" });
    answers.join(" ")
}

#[test]
fn windows_are_half_open_to_the_millisecond() {
    for (window, expected) in [
        ("", "+ + + + + + + - - - -"),
        ("within 1 day", "- - - - - + + - - - -"),
        ("within last 24 hours", "- - - - - + + - - - -"),
        ("within 2880 minutes", "- - + + + + + - - - -"),
        ("between 1 and 2 days ago", "- - + + + - - - - - -"),
        ("between 0 and 1 days ago", "- - - - - + + - - - -"),
        ("between 24 and 48 hours ago", "- - + + + - - - - - -"),
        ("before 2026-06-29", "+ + + + - - - - - - -"),
        ("after 2026-06-29", "- - - - - + + - - - -"),
        ("before 2026-07-09", "+ + + + + + + - - - -"),
        (
            "after 2026-06-28 before 2026-06-29T00:00:00.001Z",
            "- - + + + - - - - - -",
        ),
        ("within 2 days before 2026-06-29", "- - + + - - - - - - -"),
        ("within 2 days after 2026-06-28T23:59:59.999Z", "- - - - + + + - - - -"),
    ] {
        let found = answers(|millis| holds(&format!("performed \"E\" {window}"), &[track("E", millis, "{}")]));
        assert_eq!(found, expected, "{window}");
    }
}

#[test]
fn tests_of_a_value_are_half_open_to_the_millisecond() {
    for (test, expected) in [
        ("within last 1 day", "- - - - - + + - - - -"),
        ("within next 1 day", "- - - - - - - + + - -"),
        ("before last 1 day", "+ + + + + - - - - - -"),
        ("after next 1 day", "- - - - - - - - - + +"),
        ("before 2026-06-29", "+ + + + - - - - - - -"),
        ("after 2026-06-29", "- - - - - + + + + + +"),
        ("before last 0 days", "+ + + + + + + - - - -"),
        ("after next 0 days", "- - - - - - - + + + +"),
    ] {
        let found = answers(|millis| test_holds(test, &format!("\"{}\"", at(millis))));
        assert_eq!(found, expected, "{test}");
    }
}

#[test]
fn a_step_ends_with_the_last_millisecond_of_its_time() {
    for (after, followed) in [(-1, false), (0, false), (1, true), (HOUR, true), (HOUR + 1, false)] {
        let events = [track("A", -2 * HOUR, "{}"), track("B", after - 2 * HOUR, "{}")];
        assert_eq!(
            holds(r#"performed "A" then performed "B" within 1 hour"#, &events),
            followed,
            "{after}"
        );
        assert_eq!(
            holds(r#"performed "A" then not performed "B" within 60 minutes"#, &events),
            !followed,
            "{after}"
        );
    }
    // What lies after now is not seen, in time for the step or not.
    let events = [track("A", -MINUTE, "{}"), track("B", 1, "{}")];
    assert!(!holds(r#"performed "A" then performed "B" within 1 hour"#, &events));
    assert!(holds(r#"performed "A" then not performed "B" within 1 hour"#, &events));
    assert!(holds(
        r#"performed "A" then performed "B""#,
        &[track("A", -1, "{}"), track("B", 0, "{}")]
    ));
}

#[test]
fn adjacent_windows_share_no_instant_and_leave_none_out() {
    for millis in INSTANTS
        .into_iter()
        .filter(|millis| (-2 * DAY + 1..=0).contains(millis))
    {
        let events = [track("E", millis, "{}")];
        let near = holds("performed \"E\" within 1 day", &events);
        let far = holds("performed \"E\" between 1 and 2 days ago", &events);
        assert_ne!(near, far, "{millis}");
        let value = format!("\"{}\"", at(millis));
        assert_ne!(
            test_holds("within last 1 day", &value),
            test_holds("before last 1 day", &value),
            "{millis}"
        );
    }
}

#[test]
fn a_day_is_24_hours() {
    for (duration, millis) in [
        ("1 day", DAY),
        ("7 days", 7 * DAY),
        ("1 week", 7 * DAY),
        ("1 hour", HOUR),
        ("60 minutes", HOUR),
    ] {
        let holds = |millis| {
            holds(
                &format!("performed \"E\" within {duration}"),
                &[track("E", millis, "{}")],
            )
        };
        assert!(holds(1 - millis) && !holds(-millis), "{duration}");
    }
    // Across the night in which clocks are set, too.
    let engine = engine("audience a { who performed \"E\" within 1 day }");
    let people = people(
        &engine,
        &[track("E", 0, "{}").replace("2026-06-30T00:00:00", "2026-03-28T12:00:00")],
    );
    let u1 = people.find("user_id", "u1").unwrap();
    let held = |now: &str| engine.is_member("a", u1, now.parse().unwrap()).unwrap();
    assert!(held("2026-03-29T11:59:59.999Z") && !held("2026-03-29T12:00:00Z"));
}

#[test]
fn the_caller_gives_now_and_the_answer_is_its_function() {
    let engine = engine("trait n = count of \"E\" audience a { who performed \"E\" and trait n = 2 }");
    let people = people(
        &engine,
        &[track("E", -DAY, "{}"), track("E", 0, "{}"), track("E", 1, "{}")],
    );
    let u1 = people.find("user_id", "u1").unwrap();
    let held = |millis| {
        let now = at(millis).parse().unwrap();
        let found = engine.is_member("a", u1, now).unwrap();
        assert_eq!(found, engine.is_member("a", u1, now).unwrap());
        found
    };
    assert_eq!([-1, 0, 1, -1, 0].map(held), [false, true, false, false, true]);
}

#[test]
fn a_window_that_can_hold_no_instant_is_an_error() {
    let date = "2026-01-01";
    for window in [
        "within 0 days",
        "within last 0 minutes",
        "between 90 and 30 days ago",
        "between 30 and 30 days ago",
        "between 0 and 0 hours ago",
        "after 2026-01-02 before 2026-01-01",
        "before 2026-01-01 after 2026-01-01",
        "within 30 days between 30 and 90 days ago",
        "within 7 days between 1 and 2 weeks ago",
        "after 2026-01-01T00:00+01:00 before 2025-12-31T23:00Z",
    ] {
        for frame in ["audience a { who performed \"E\" $ }", "trait t = count of \"E\" $"] {
            let found = errors(&frame.replace('$', window));
            assert_eq!(found.len(), 1, "{window}: {found:?}");
        }
    }
    for window in [
        "within 30 days between 29 and 90 days ago".to_owned(),
        "within 8 days between 1 and 2 weeks ago".to_owned(),
        "between 0 and 1 days ago".to_owned(),
        "after 2026-01-01 before 2026-01-02".to_owned(),
        // Whether it can hold is found without looking at now.
        format!("within 1 minute before {date}"),
        "after 2999-01-01".to_owned(),
    ] {
        assert!(
            errors(&format!("audience a {{ who performed \"E\" {window} }}")).is_empty(),
            "{window}"
        );
    }
    for step in [
        "then performed \"F\" within 0 days",
        "then not performed \"F\" within 0 hours",
    ] {
        assert_eq!(
            errors(&format!("audience a {{ who performed \"E\" {step} }}")).len(),
            1,
            "{step}"
        );
    }
}
