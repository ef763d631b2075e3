//! language.md, Grammar: what is said beside the rules themselves.

use volens::ir::{MessageForm, Removal};

use crate::support::*;

#[test]
fn keywords_are_lower_case_and_whole_words() {
    for (sound, broken) in [
        (
            "who trait x > 5 and trait y exists",
            "who trait x > 5and trait y exists",
        ),
        ("who trait x = 5 or trait y exists", "who trait x = 5or trait y exists"),
        ("who performed \"E\" within 7 days", "who performed \"E\" within 7days"),
        (
            "who performed \"E\" within 7 days",
            "who performed \"E\" within 7 daysx",
        ),
        (
            "who performed \"E\" at least 2 times",
            "who performed \"E\" at least 2times",
        ),
        (
            "who performed \"E\" between 1 and 2 days ago",
            "who performed \"E\" between 1and 2 days ago",
        ),
        ("who trait x within last 7 days", "who trait x within last 7days"),
        ("lookback 7 days", "lookback 7days"),
        ("who trait x = 1", "Who trait x = 1"),
        ("who trait x = 1", "who Trait x = 1"),
        ("who trait x = true", "who trait x = True"),
        ("who trait x exists", "who trait x EXISTS"),
        ("who performed \"E\"", "who PERFORMED \"E\""),
        (
            "who trait x exists and trait y exists",
            "who trait x exists AND trait y exists",
        ),
        ("send to d", "send_to d"),
        ("include anonymous", "includeanonymous"),
        ("who trait a.b = 1", "who trait a . b = 1"),
        ("who trait a.b = 1", "who trait a. b = 1"),
        ("who trait a.b = 1", "who trait a .b = 1"),
        (
            "who performed \"E\" where (a.b = 1)",
            "who performed \"E\" where (a. b = 1)",
        ),
        (
            "who performed \"E\" where (a = trait b.c)",
            "who performed \"E\" where (a = trait b .c)",
        ),
    ] {
        let text = |clause: &str| format!("destination d requires nothing\naudience a {{ {clause} }}");
        assert!(errors(&text(sound)).is_empty(), "{sound}: {:?}", errors(&text(sound)));
        assert!(!errors(&text(broken)).is_empty(), "{broken}");
    }
}

#[test]
fn a_trailing_comma_ends_lists_and_schemas_alone() {
    let declared = "category A\ndestination d requires A\n";
    for (text, sound) in [
        ("audience a { who trait x in [1, 2,] }", true),
        ("audience a { who trait x not in [1,] }", true),
        ("audience a { who trait x contains any of [1,] }", true),
        ("trait x: one of [\"a\", \"b\",]", true),
        ("event \"E\" { p: string, }", true),
        ("event \"E\" { p: string, q: list of one of [1,], }", true),
        ("audience a { who trait x in [,] }", false),
        ("audience a { who trait x in [1,,] }", false),
        ("event \"E\" { , }", false),
        ("event \"E\" { p: string,, }", false),
        ("destination e requires A,", false),
        ("destination e requires A, {}", false),
        ("destination e requires A { receives consent, }", false),
        ("audience a { send to d, }", false),
        ("identity { phone from traits.p, limit 1 }", false),
        ("identity { phone limit 1, }", false),
        ("identity { block \"x\", }", false),
        ("audience a { who performed \"E\" where (x = 1,) }", false),
        ("audience a { consent to A, }", false),
    ] {
        let text = format!("{declared}{text}");
        assert_eq!(errors(&text).is_empty(), sound, "{text}");
    }
}

/// The places where no other test writes a reserved word as a name: `as`, its references, consent conditions, schemas'
/// names of events (always quoted) aside.
#[test]
fn reserved_words_need_quotes_wherever_a_name_stands() {
    let words = "account all and any audience category consent destination event identity include is lookback member no not \
                 nothing or performed requires send then to trait who";
    for word in words.split_whitespace() {
        let quoted = format!("\"{word}\"");
        for place in [
            "audience a { who performed \"E\" as $ }",
            "audience a { who performed \"E\" as \"$\" then performed \"F\" where (x = $.y) }",
            "category \"$\" audience a { who consent $ is denied }",
            "category \"$\" audience a { who not consent to $ }",
            "category \"$\" audience a { consent to A and $ } category A",
            "identity { $ limit 1 }",
            "category \"$\" category A destination d requires A, $",
            "destination \"$\" requires nothing destination e requires nothing audience a { send to e, $ }",
        ] {
            let sound = place.replace("\"$\"", &quoted).replace('$', &quoted);
            assert!(errors(&sound).is_empty(), "{sound}: {:?}", errors(&sound));
            let bare = place.replace("\"$\"", &quoted).replace('$', word);
            assert!(!errors(&bare).is_empty(), "{bare}");
        }
    }
}

#[test]
fn the_first_word_of_a_property_is_free_but_for_eight() {
    for word in ["not", "any", "and", "or", "true", "false", "trait", "item"] {
        for place in [
            "audience a { who performed \"E\" where ($ exists) }",
            "audience a { who performed \"E\" where ($.x = 1) }",
            "audience a { who performed \"E\" where (x = 1 and any $ (y = 1)) }",
            "trait t = sum of $ from \"E\"",
            "event \"E\" { $: number }",
        ] {
            let quoted = place.replace('$', &format!("\"{word}\""));
            assert!(errors(&quoted).is_empty(), "{quoted}: {:?}", errors(&quoted));
            assert!(!errors(&place.replace('$', word)).is_empty(), "{place} {word}");
        }
        // Behind a dot, and in traits, it is free.
        for place in [
            "audience a { who performed \"E\" where (x.$ exists) }",
            "audience a { who trait $ exists and trait x.$.y = trait $ }",
            "audience a { who any trait $ (x.$ = 1) }",
            "trait $: number",
        ] {
            let text = place.replace('$', word);
            assert!(errors(&text).is_empty(), "{text}: {:?}", errors(&text));
        }
    }
    for word in [
        "to",
        "is",
        "who",
        "send",
        "consent",
        "audience",
        "performed",
        "in",
        "exists",
        "where",
        "within",
    ] {
        let text = format!(
            "audience a {{ who performed \"E\" where ({word} = 1 and {word}.{word} exists) and trait {word} exists }}"
        );
        assert!(errors(&text).is_empty(), "{text}");
    }
}

#[test]
fn modifiers_come_in_any_order_and_each_kind_once() {
    let modifiers = [
        "as e",
        "at least 2 times",
        "within 5 days",
        "between 1 and 9 days ago",
        "before 2026-06-29",
        "after 2026-06-20",
        "where (x = 1)",
    ];
    for turn in 0..modifiers.len() {
        let mut turned = modifiers;
        turned.rotate_left(turn);
        let condition = format!("performed \"E\" {}", turned.join(" "));
        // Two that pass, and one outside of each window.
        let good = |millis| track("E", millis, r#"{"x":1}"#);
        let events = [good(-2 * DAY), good(-3 * DAY), good(-5 * DAY), good(-DAY + 1)];
        assert!(holds(&condition, &events), "{condition}");
        assert!(!holds(&condition, &events[1..]), "{condition}");
    }
    for modifier in modifiers {
        let condition = format!("performed \"E\" {modifier} {modifier}");
        assert_eq!(
            errors(&format!("audience a {{ who {condition} }}")).len(),
            1,
            "{condition}"
        );
    }
    for (first, second) in [
        ("at least 1 time", "at most 3 times"),
        ("within 1 day", "within last 2 days"),
    ] {
        assert!(!errors(&format!("audience a {{ who performed \"E\" {first} {second} }}")).is_empty());
    }
}

#[test]
fn what_a_destination_does_not_say_is_the_default() {
    let engine = engine(
        "category A destination plain requires A\n\
         destination full requires A { receives consent removal never message identify type \"Mailer\" }",
    );
    let [plain, full] = &*engine.program().destinations else {
        panic!("two");
    };
    assert_eq!(
        (&*plain.kind, plain.message, plain.removal),
        ("plain", MessageForm::Track, Removal::Once)
    );
    assert!(!plain.receives_consent && !plain.storage);
    assert_eq!(
        (&*full.kind, full.message, full.removal),
        ("Mailer", MessageForm::Identify, Removal::Never)
    );
    assert!(full.receives_consent && !full.storage);
    for (requires, sound) in [("requires A", false), ("requires nothing", true), ("", true)] {
        assert_eq!(
            errors(&format!("category A destination lake {requires} {{ storage }}")).is_empty(),
            sound,
            "{requires}"
        );
    }
}

#[test]
fn clauses_add_up_or_stand_once() {
    let declared = "category A category B\ndestination d requires nothing destination e requires nothing\n";
    let text = format!("{declared}audience a {{ send to d consent to A send to e consent to B }}");
    let engine = engine(&text);
    let audience = &engine.program().audiences[0];
    assert_eq!((audience.destinations.len(), audience.consent.len()), (2, 2));
    let granted = |categories: &str| {
        let consent = format!(r#""event":"E","context":{{"consent":{{"categoryPreferences":{categories}}}}}"#);
        member(&text, &[call("track", -1, &consent)])
    };
    assert!(granted(r#"{"A":true,"B":true}"#) && !granted(r#"{"A":true,"B":false}"#) && !granted(r#"{"B":true}"#));
    for clause in ["who trait x = 1", "include anonymous", "lookback 5 days"] {
        assert!(errors(&format!("audience a {{ {clause} }}")).is_empty());
        assert_eq!(
            errors(&format!("audience a {{ {clause} {clause} }}")).len(),
            1,
            "{clause}"
        );
    }
    // Without `who` everybody is a member.
    assert!(member("audience a {}", &[track("E", -1, "{}")]));
}

#[test]
fn lookback_cuts_an_audiences_own_events_alone() {
    let old = [track("E", -30 * DAY, "{}"), identify("{\"x\":1}")];
    let recent = [track("E", -30 * DAY + 1, "{}"), identify("{\"x\":1}")];
    for (text, sees_old) in [
        ("audience a { lookback 30 days who performed \"E\" }", false),
        (
            "audience a { lookback 30 days who performed \"E\" within 90 days }",
            false,
        ),
        (
            "audience a { lookback 30 days who member of b } audience b { who performed \"E\" }",
            true,
        ),
        (
            "audience a { who member of b } audience b { who performed \"E\" lookback 30 days }",
            false,
        ),
        (
            "trait n = count of \"E\" audience a { lookback 30 days who trait n = 1 }",
            true,
        ),
        ("audience a { lookback 30 days who trait x = 1 }", true),
    ] {
        assert!(member(text, &recent), "{text}");
        assert_eq!(member(text, &old), sees_old, "{text}");
    }
}

#[test]
fn counts_and_durations_have_integers_up_to_two_to_the_32() {
    for place in [
        "audience a { who performed \"E\" at most $ times }",
        "audience a { who performed \"E\" exactly $ times }",
        "audience a { who performed \"E\" within $ weeks }",
        "audience a { who performed \"E\" between 1 and $ weeks ago }",
        "audience a { who performed \"E\" then performed \"F\" within $ minutes }",
        "audience a { who trait x within last $ days }",
        "audience a { who trait x after next $ weeks }",
        "audience a { lookback $ weeks }",
        "trait t = most frequent of x from \"E\" at least $ times",
        "identity { phone limit $ }",
    ] {
        let sound = place.replace('$', "4294967295");
        assert!(errors(&sound).is_empty(), "{sound}");
        for broken in [
            "4294967296",
            "99999999999",
            "18446744073709551616",
            "340282366920938463463374607431768211456",
        ] {
            assert_eq!(errors(&place.replace('$', broken)).len(), 1, "{place} {broken}");
        }
    }
    assert!(holds(
        "performed \"E\" at most 4294967295 times",
        &[track("E", -1, "{}")]
    ));
    assert!(holds(
        "performed \"E\" within 4294967295 weeks",
        &[track("E", -999 * DAY, "{}")]
    ));
    for broken in ["5.0", "1e3", "-1", "05", "+5", "5_000"] {
        assert!(
            !errors(&format!("audience a {{ who performed \"E\" within {broken} days }}")).is_empty(),
            "{broken}"
        );
    }
}

#[test]
fn literals_are_those_of_json_and_dates() {
    for literal in [
        "0",
        "-0",
        "-1.5e-3",
        "1E+2",
        "0.10",
        "\"\"",
        "\"a\\u00e9\\n\\\"\"",
        "true",
        "2026-06-30T12:30-18:00",
    ] {
        assert!(
            errors(&format!("audience a {{ who trait x = {literal} }}")).is_empty(),
            "{literal}"
        );
    }
    for literal in [
        "01",
        ".5",
        "5.",
        "+5",
        "1e",
        "0x5",
        "Infinity",
        "null",
        "'a'",
        "\"\\x\"",
        "{}",
        "[1]",
        "2026-06-30T12:30",
        "2026-06-30T12:30-18:01",
        "2026-06-31",
        "2026-06-30t12:30Z",
        "2026-06-30T12:30z",
        "2026-06-30T12:30:00.0123456789Z",
        "2026-06-30T12Z",
        "2026-06-30T24:00Z",
        "26-06-30",
    ] {
        assert!(
            !errors(&format!("audience a {{ who trait x = {literal} }}")).is_empty(),
            "{literal}"
        );
    }
    // A bare day is midnight UTC.
    assert!(
        test_holds("= 2026-06-15", "\"2026-06-15T00:00:00Z\"") && !test_holds("before 2026-06-15", "\"2026-06-15\"")
    );
}

#[test]
fn singular_and_plural_are_one() {
    for (one, many) in [
        ("minute", "minutes"),
        ("hour", "hours"),
        ("day", "days"),
        ("week", "weeks"),
    ] {
        for n in [1, 2] {
            for unit in [one, many] {
                assert!(
                    errors(&format!("audience a {{ who performed \"E\" within {n} {unit} }}")).is_empty(),
                    "{n} {unit}"
                );
            }
        }
    }
    for times in ["1 time", "1 times", "3 time", "3 times"] {
        assert!(
            errors(&format!("audience a {{ who performed \"E\" exactly {times} }}")).is_empty(),
            "{times}"
        );
    }
    for unit in ["second", "seconds", "month", "months", "year", "d"] {
        assert!(
            !errors(&format!("audience a {{ who performed \"E\" within 1 {unit} }}")).is_empty(),
            "{unit}"
        );
    }
}
