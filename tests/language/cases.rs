//! language.md, Tests.

use volens::cases::{Inputs, Suite};

use crate::support::*;

const WORKSPACE: &str = "category A destination ads requires A destination crm requires nothing destination \"all\" requires nothing\n\
    audience a { who trait plan = \"pro\" send to ads, crm, \"all\" } audience b { send to crm } audience \"any\" {}";

/// The problems of a file of tests, and whether each of its cases passed.
fn run(text: &str) -> (Vec<String>, Vec<bool>) {
    let engine = engine(WORKSPACE);
    let report = Suite::from_text(&engine, "w.test.audience", text).run(&mut Inputs::default(), &mut || {});
    let file = &report.files[0];
    let problems = file.problems.iter().filter(|problem| problem.is_error());
    (
        problems.map(|problem| problem.message.clone()).collect(),
        file.cases.iter().map(|case| case.passed()).collect(),
    )
}

const EVENTS: &str = r#"
    event {"type": "identify", "userId": "u1", "timestamp": "2026-06-01T00:00:00Z", "traits": {"plan": "pro"}}
    event {"type": "track", "event": "E", "userId": "u2", "timestamp": "2026-06-02T00:00:00Z"}"#;

#[test]
fn each_form_of_expectation_holds_or_not() {
    for (expectation, holds) in [
        (r#""user_id:u1" in a"#, true),
        (r#""user_id:u2" in a"#, false),
        (r#""user_id:u2" not in a"#, true),
        (r#""user_id:u1" not in a"#, false),
        (r#""user_id:u1" filtered at ads"#, true),
        (r#""user_id:u1" delivered to ads"#, false),
        (r#""user_id:u1" delivered to crm"#, true),
        (r#""user_id:u1" delivered to crm from a"#, true),
        (r#""user_id:u2" delivered to crm"#, true),
        (r#""user_id:u2" delivered to crm from a"#, false),
        (r#""user_id:u2" delivered to crm from b"#, true),
        (r#""user_id:u1" delivered to "all""#, true),
        ("size of a = 1", true),
        ("size of b > 1", true),
        ("size of b < 2", false),
        ("size of b >= 2", true),
        ("size of b <= 1", false),
        ("size of \"any\" = 2", true),
    ] {
        let text = format!("test \"t\" {{ now 2026-06-30 {EVENTS} expect {expectation} }}");
        assert_eq!(run(&text), (vec![], vec![holds]), "{expectation}");
    }
}

#[test]
fn a_test_has_exactly_one_now_and_names_what_there_is() {
    let all = format!("now 2026-06-30T00:00:00+02:00 {EVENTS}");
    for (statements, sound) in [
        (format!("{all} expect size of a = 1"), true),
        // In any order.
        (format!("expect size of a = 1 {all}"), true),
        (format!("{EVENTS} expect size of a = 1"), false),
        (format!("{all} now 2026-06-29 expect size of a = 1"), false),
        (format!("{all} expect size of nobody = 1"), false),
        (format!("{all} expect \"user_id:u1\" delivered to nowhere"), false),
        (
            format!("{all} expect \"user_id:u1\" delivered to crm from nobody"),
            false,
        ),
        // A reserved word is a name in quotes alone, a keyword a whole word in small letters.
        (format!("{all} expect size of any = 2"), false),
        (format!("{all} expect \"user_id:u1\" delivered to all"), false),
        (format!("{all} expect \"user_id:u1\" in any"), false),
        (format!("{all} Expect size of a = 1"), false),
        (format!("{all} expect size of a != 1"), false),
        (format!("{all} expect size of a = 1.0"), false),
        (format!("{all} expect size of a = 4294967295"), true),
        (format!("{all} expect size of a = 4294967296"), false),
        (format!("{all} expect user_id:u1 in a"), false),
        (format!("{all} event [] expect size of a = 1"), false),
    ] {
        let (problems, _) = run(&format!("test \"t\" {{ {statements} }}"));
        assert_eq!(problems.is_empty(), sound, "{statements}: {problems:?}");
    }
    // `now` is what the caller gives: an event behind it is not seen.
    let early = format!("test \"t\" {{ now 2026-06-01T12:00Z {EVENTS} expect size of b = 1 }}");
    assert_eq!(run(&early), (vec![], vec![true]));
}
