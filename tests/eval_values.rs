//! The tables "Values" and "Time" of language.md, with answers written down from there.

mod eval_support;

use eval_support::*;
use volens::ir::{Comparison, DateTest, Instant, Literal, Literals, Node, Operand, Subject, Test, ValueRef};
use volens::time::Window;
use volens::{Profile, Timestamp};

/// The kinds of value, in the order of the columns below.
const VALUES: [&str; 14] = [
    "absent",
    "null",
    r#""""#,
    r#""pro""#,
    r#""5""#,
    r#""05""#,
    "5",
    "5.5",
    "true",
    r#""true""#,
    r#""2026-06-15""#,
    r#"["pro",5,true,"2026-06-15"]"#,
    "[]",
    r#"{"pro":5}"#,
];

/// Answers of one test, a column for each of [`VALUES`]: `+` it holds, `-` it does not.
fn check(name: &str, test: &Test, answers: &str) {
    let found: Vec<&str> = VALUES
        .iter()
        .map(|value| {
            if test_holds(test.clone(), value, "absent") {
                "+"
            } else {
                "-"
            }
        })
        .collect();
    assert_eq!(found.join(" "), answers, "{name}");
}

/// The same for the test with `not` in front, by a node of its own.
fn check_not(name: &str, test: &Test, answers: &str) {
    let found: Vec<&str> = VALUES
        .iter()
        .map(|value| {
            let mut s = Space::default();
            let node = s.trait_("x", test.clone());
            let not = s.b.not(node);
            let program = s.finish();
            let mut profile = Profile::builder();
            if *value != "absent" {
                profile = profile.trait_("x", json(value));
            }
            if holds_of(&program, not, &profile.build()) {
                "+"
            } else {
                "-"
            }
        })
        .collect();
    assert_eq!(found.join(" "), answers, "not {name}");
}

fn june_15() -> Literal {
    Literal::Date(date("2026-06-15"))
}

#[test]
fn exists() {
    check("exists", &Test::Exists, "- - + + + + + + + + + + + +");
    check_not("exists", &Test::Exists, "+ + - - - - - - - - - - - -");
}

#[test]
fn equals() {
    for (name, operand, answers) in [
        ("pro", text("pro"), "- - - + - - - - - - - - - -"),
        ("empty text", text(""), "- - + - - - - - - - - - - -"),
        ("text 5", text("5"), "- - - - + - + - - - - - - -"),
        ("text true", text("true"), "- - - - - - - - + + - - - -"),
        ("5", number("5"), "- - - - + - + - - - - - - -"),
        ("5.0", number("5.0"), "- - - - + - + - - - - - - -"),
        ("5.5", number("5.5"), "- - - - - - - + - - - - - -"),
        ("true", Literal::Boolean(true), "- - - - - - - - + + - - - -"),
        ("false", Literal::Boolean(false), "- - - - - - - - - - - - - -"),
        ("date", june_15(), "- - - - - - - - - - + - - -"),
    ] {
        check(name, &Test::Equals(literal(operand)), answers);
    }
}

#[test]
fn not_equal_is_there_and_not_equal() {
    for (name, operand, answers) in [
        ("pro", text("pro"), "- - + - + + + + + + + + + +"),
        ("text 5", text("5"), "- - + + - + - + + + + + + +"),
        ("5", number("5"), "- - + + - + - + + + + + + +"),
        ("true", Literal::Boolean(true), "- - + + + + + + - - + + + +"),
        ("false", Literal::Boolean(false), "- - + + + + + + + + + + + +"),
        ("date", june_15(), "- - + + + + + + + + - + + +"),
    ] {
        check(name, &Test::NotEquals(literal(operand)), answers);
    }
}

#[test]
fn comparisons_are_of_numbers() {
    let compare = |comparison, operand| Test::Compare(comparison, literal(number(operand)));
    check("<", &compare(Comparison::Less, "5.5"), "- - - - + - + - - - - - - -");
    check("<=", &compare(Comparison::AtMost, "5.5"), "- - - - + - + + - - - - - -");
    check(">", &compare(Comparison::Greater, "5"), "- - - - - - - + - - - - - -");
    check(">=", &compare(Comparison::AtLeast, "5"), "- - - - + - + + - - - - - -");
    check(
        ">= 0",
        &compare(Comparison::AtLeast, "0"),
        "- - - - + - + + - - - - - -",
    );
}

#[test]
fn lists_of_constants_may_be_of_mixed_types() {
    let all: Literals = [text("pro"), number("5.5"), Literal::Boolean(true), june_15()]
        .into_iter()
        .collect();
    check("in", &Test::OneOf(all.clone()), "- - - + - - - + + + + - - -");
    check("not in", &Test::NoneOf(all), "- - + - + + + - - - - + + +");
    let numbers: Literals = ["7", "5", "-1", "5.0"].map(number).into_iter().collect();
    check("in numbers", &Test::OneOf(numbers), "- - - - + - + - - - - - - -");
    let texts: Literals = ["z", "5", "", "true"].map(text).into_iter().collect();
    check("in texts", &Test::OneOf(texts), "- - + - + - + - + + - - - -");
}

#[test]
fn contains_is_a_substring_or_an_element() {
    for (name, operand, answers) in [
        ("pro", text("pro"), "- - - + - - - - - - - + - -"),
        ("ro", text("ro"), "- - - + - - - - - - - - - -"),
        ("empty text", text(""), "- - + + + + + + + + + - - -"),
        ("text 5", text("5"), "- - - - + + + + - - + + - -"),
        ("5", number("5"), "- - - - + + + + - - + + - -"),
        ("true", Literal::Boolean(true), "- - - - - - - - + + - + - -"),
        ("rue", text("rue"), "- - - - - - - - + + - - - -"),
        // A date finds elements of lists alone.
        ("date", june_15(), "- - - - - - - - - - - + - -"),
    ] {
        check(name, &Test::Contains(literal(operand)), answers);
    }
    check_not(
        "contains pro",
        &Test::Contains(literal(text("pro"))),
        "+ + + - + + + + + + + - + +",
    );
    check(
        "any of",
        &Test::ContainsAny(vec![text("ro"), number("5")]),
        "- - - + + + + + - - + + - -",
    );
    check(
        "any of nothing",
        &Test::ContainsAny(vec![]),
        "- - - - - - - - - - - - - -",
    );
}

#[test]
fn elements_are_read_as_the_operands_type() {
    for (list, operand, expected) in [
        (r#"["5"]"#, number("5"), true),
        ("[5]", text("5"), true),
        (r#"["true"]"#, Literal::Boolean(true), true),
        ("[true]", text("true"), true),
        (r#"["2026-06-15T00:00Z"]"#, june_15(), true),
        // No substrings of elements, no elements of elements.
        (r#"["prod"]"#, text("pro"), false),
        (r#"[["pro"]]"#, text("pro"), false),
        (r#"[{"x":"pro"}]"#, text("pro"), false),
        ("[null]", text(""), false),
        ("[null]", text("null"), false),
    ] {
        assert_eq!(
            test_holds(Test::Contains(literal(operand)), list, "absent"),
            expected,
            "{list}"
        );
    }
}

#[test]
fn starts_and_ends_with_take_both_as_text() {
    for (name, operand, starts, ends) in [
        (
            "text 5",
            text("5"),
            "- - - - + - + + - - - - - -",
            "- - - - + + + + - - + - - -",
        ),
        (
            "5",
            number("5"),
            "- - - - + - + + - - - - - -",
            "- - - - + + + + - - + - - -",
        ),
        (
            "empty text",
            text(""),
            "- - + + + + + + + + + - - -",
            "- - + + + + + + + + + - - -",
        ),
        (
            "true",
            Literal::Boolean(true),
            "- - - - - - - - + + - - - -",
            "- - - - - - - - + + - - - -",
        ),
        (
            "pro",
            text("pro"),
            "- - - + - - - - - - - - - -",
            "- - - + - - - - - - - - - -",
        ),
        (
            "date",
            june_15(),
            "- - - - - - - - - - - - - -",
            "- - - - - - - - - - - - - -",
        ),
    ] {
        check(name, &Test::StartsWith(literal(operand.clone())), starts);
        check(name, &Test::EndsWith(literal(operand)), ends);
    }
}

#[test]
fn date_tests_read_strings_in_the_form_of_dates() {
    let only_the_date = "- - - - - - - - - - + - - -";
    for test in [
        DateTest::Before(Instant::At(date("2026-06-16"))),
        DateTest::After(Instant::At(date("2026-06-14"))),
        DateTest::WithinLast(days(30)),
        DateTest::BeforeLast(days(1)),
    ] {
        check("date", &Test::Date(test), only_the_date);
    }
    let never = "- - - - - - - - - - - - - -";
    for test in [
        DateTest::Before(Instant::At(date("2026-06-15"))),
        DateTest::After(Instant::At(date("2026-06-15"))),
        DateTest::WithinNext(days(30)),
        DateTest::AfterNext(days(1)),
    ] {
        check("date", &Test::Date(test), never);
    }
    for (value, expected) in [
        (r#""2026-06-15T00:00:00Z""#, true),
        (r#""2026-06-15T02:00+02:00""#, true),
        (r#""2026-06-14T24:00:00Z""#, false),
        // No zone; lower case; a number.
        (r#""2026-06-15T00:00:00""#, false),
        (r#""2026-06-15t00:00:00z""#, false),
        ("1781481600000", false),
    ] {
        assert_eq!(
            test_holds(Test::Equals(literal(june_15())), value, "absent"),
            expected,
            "{value}"
        );
    }
}

/// Instants around now and a day to both sides, in the order of the columns below.
const INSTANTS: [i64; 8] = [-DAY - 1, -DAY, -DAY + 1, -1, 0, 1, DAY, DAY + 1];
const DAY: i64 = 86_400_000;

#[test]
fn date_tests_are_half_open_to_the_millisecond() {
    let now = Instant::At(NOW);
    for (name, test, answers) in [
        ("within last", DateTest::WithinLast(days(1)), "- - + + + - - -"),
        ("within next", DateTest::WithinNext(days(1)), "- - - - - + + -"),
        ("before last", DateTest::BeforeLast(days(1)), "+ + - - - - - -"),
        ("after next", DateTest::AfterNext(days(1)), "- - - - - - - +"),
        ("before", DateTest::Before(now.clone()), "+ + + + - - - -"),
        ("after", DateTest::After(now), "- - - - - + + +"),
    ] {
        let found: Vec<&str> = INSTANTS
            .iter()
            .map(|millis| {
                let value = format!("\"{}\"", at(*millis));
                if test_holds(Test::Date(test.clone()), &value, "absent") {
                    "+"
                } else {
                    "-"
                }
            })
            .collect();
        assert_eq!(found.join(" "), answers, "{name}");
    }
}

#[test]
fn windows_are_half_open_to_the_millisecond() {
    let between = |newest, oldest| Window {
        newest,
        ..within(oldest)
    };
    let after = |millis| Window {
        after: Some(at(millis)),
        ..Window::ALL
    };
    let before = |millis| Window {
        before: Some(at(millis)),
        ..Window::ALL
    };
    for (name, window, answers) in [
        ("no window", Window::ALL, "+ + + + + - - -"),
        ("within", within(days(1)), "- - + + + - - -"),
        ("between", between(days(1), days(2)), "+ + - - - - - -"),
        ("before", before(-DAY), "+ - - - - - - -"),
        ("before now", before(0), "+ + + + - - - -"),
        ("before later", before(5 * DAY), "+ + + + + - - -"),
        ("after", after(-DAY), "- - + + + - - -"),
        ("after now", after(0), "- - - - - - - -"),
        ("after before", after(-DAY - 1).intersect(before(-1)), "- + + - - - - -"),
    ] {
        let found: Vec<&str> = INSTANTS
            .iter()
            .map(|millis| {
                let mut s = Space::default();
                let node = s.performed("E", window, at_least(1));
                let profile = Profile::builder().event("E", at(*millis), []).build();
                if holds_of(&s.finish(), node, &profile) {
                    "+"
                } else {
                    "-"
                }
            })
            .collect();
        assert_eq!(found.join(" "), answers, "{name}");
    }
}

#[test]
fn a_window_takes_all_events_of_an_instant_or_none() {
    let mut s = Space::default();
    let node = s.performed("E", within(days(1)), exactly(3));
    let mut profile = Profile::builder();
    for millis in [-DAY, -DAY, -DAY + 1, -DAY + 1, 0, 1, 1] {
        profile = profile.event("E", at(millis), []);
    }
    assert!(holds_of(&s.finish(), node, &profile.build()));
}

#[test]
fn references_compare_as_their_types_say() {
    type Make = fn(Operand) -> Test;
    let equals: Make = Test::Equals;
    let differs: Make = Test::NotEquals;
    let less: Make = |operand| Test::Compare(Comparison::Less, operand);
    let at_least: Make = |operand| Test::Compare(Comparison::AtLeast, operand);
    let contains: Make = Test::Contains;
    let starts: Make = Test::StartsWith;
    let ends: Make = Test::EndsWith;
    for (name, test, value, other, expected) in [
        // Numbers if either side is one.
        ("=", equals, "5", r#""5.0""#, true),
        ("=", equals, r#""5.0""#, "5", true),
        ("=", equals, r#""5""#, r#""5.0""#, false),
        ("=", equals, "5", r#""abc""#, false),
        ("=", equals, "1", "true", false),
        ("!=", differs, "1", "true", true),
        ("!=", differs, "5", r#""5.0""#, false),
        ("!=", differs, "5", r#""abc""#, true),
        // Booleans if either side is one.
        ("=", equals, "true", r#""true""#, true),
        ("=", equals, r#""true""#, "true", true),
        ("=", equals, "true", r#""yes""#, false),
        ("=", equals, r#""yes""#, "false", false),
        ("!=", differs, r#""yes""#, "false", true),
        // Else text.
        ("=", equals, r#""a""#, r#""a""#, true),
        ("=", equals, r#""a""#, r#""A""#, false),
        // `<` and its like: both as numbers.
        ("<", less, r#""4.5""#, r#""5""#, true),
        ("<", less, "4.5", r#""5""#, true),
        ("<", less, "5", "5", false),
        ("<", less, r#""a""#, r#""b""#, false),
        (">=", at_least, "5", r#""5.0""#, true),
        (">=", at_least, "true", "1", false),
        // Text outside lists, whatever the types.
        ("contains", contains, "15.25", "5.2", true),
        ("contains", contains, r#""is true""#, "true", true),
        ("starts with", starts, r#""5 apples""#, "5", true),
        ("starts with", starts, "5", r#""5.0""#, false),
        ("ends with", ends, r#""apples: 5""#, "5", true),
        // In lists each element compares as above.
        ("contains", contains, r#"["5.0"]"#, "5", true),
        ("contains", contains, "[5]", r#""5.0""#, true),
        ("contains", contains, r#"["5.0"]"#, r#""5""#, false),
        ("contains", contains, r#"[true]"#, r#""true""#, true),
        ("contains", contains, r#"[[5],{"a":5},null]"#, "5", false),
        // The value's own kind: a list or object is there, and not equal.
        ("=", equals, "[5]", "5", false),
        ("!=", differs, "[5]", "5", true),
        ("!=", differs, r#"{"a":5}"#, "5", true),
        ("<", less, "[4]", "5", false),
        ("contains", contains, r#"{"a":5}"#, "5", false),
        ("starts with", starts, "[5]", "5", false),
        // An absent value.
        ("=", equals, "absent", "5", false),
        ("!=", differs, "absent", "5", false),
        ("!=", differs, "null", "5", false),
        ("contains", contains, "absent", "5", false),
    ] {
        let holds = test_holds(test(Operand::Reference(other_trait())), value, other);
        assert_eq!(holds, expected, "{value} {name} trait other = {other}");
    }
}

#[test]
fn a_reference_to_nothing_a_list_or_an_object_decides() {
    for value in VALUES {
        for other in ["absent", "null", "[5]", "[]", r#"{"a":5}"#] {
            let operand = || Operand::Reference(other_trait());
            for test in [
                Test::Equals(operand()),
                Test::NotEquals(operand()),
                Test::Compare(Comparison::Less, operand()),
                Test::Compare(Comparison::AtLeast, operand()),
                Test::Contains(operand()),
                Test::Omits(other_trait()),
                Test::StartsWith(operand()),
                Test::EndsWith(operand()),
                Test::Date(DateTest::Before(Instant::Of(other_trait()))),
                Test::Date(DateTest::After(Instant::Of(other_trait()))),
            ] {
                assert!(!test_holds(test.clone(), value, other), "{value} {test:?} {other}");
            }
        }
    }
}

#[test]
fn omits_is_not_contains_where_the_reference_is_there() {
    for (value, other, expected) in [
        ("absent", "5", true),
        ("null", "5", true),
        (r#""15""#, "5", false),
        (r#""16""#, "5", true),
        ("[5]", r#""5.0""#, false),
        ("[6]", r#""5.0""#, true),
        (r#"{"a":5}"#, "5", true),
    ] {
        assert_eq!(
            test_holds(Test::Omits(other_trait()), value, other),
            expected,
            "{value} {other}"
        );
    }
}

#[test]
fn before_and_after_a_reference_read_both_as_dates() {
    let before = || Test::Date(DateTest::Before(Instant::Of(other_trait())));
    let after = || Test::Date(DateTest::After(Instant::Of(other_trait())));
    let (early, late) = (r#""2026-06-15""#, r#""2026-06-15T00:00:00.001Z""#);
    assert!(test_holds(before(), early, late) && !test_holds(after(), early, late));
    assert!(test_holds(after(), late, early) && !test_holds(before(), late, early));
    assert!(!test_holds(before(), early, early) && !test_holds(after(), early, early));
    for bad in [r#""tomorrow""#, "5", "true"] {
        assert!(!test_holds(before(), early, bad) && !test_holds(after(), early, bad));
        assert!(!test_holds(before(), bad, late) && !test_holds(after(), bad, early));
    }
}

#[test]
fn big_integers_are_exact() {
    let compare = |value: &str, comparison, operand| {
        test_holds(Test::Compare(comparison, literal(number(operand))), value, "absent")
    };
    let equals = |value: &str, operand| test_holds(Test::Equals(literal(number(operand))), value, "absent");
    assert!(equals("9007199254740993", "9007199254740993"));
    assert!(equals(r#""9007199254740993""#, "9007199254740993"));
    assert!(!equals("9007199254740993", "9007199254740992"));
    assert!(compare("9007199254740993", Comparison::Greater, "9007199254740992.0"));
    assert!(equals("18446744073709551615", "18446744073709551615"));
    assert!(!equals("18446744073709551615", "18446744073709551614"));
    assert!(compare(
        "18446744073709551615",
        Comparison::Less,
        "18446744073709551616"
    ));
    assert!(equals("1", "1.0") && equals("1.0", "1") && equals("1e2", "100"));
    assert!(equals("-9223372036854775808", "-9223372036854775808"));
    // Between two values the same holds.
    let same = |value: &str, other| test_holds(Test::Equals(Operand::Reference(other_trait())), value, other);
    assert!(same(r#""18446744073709551615""#, "18446744073709551615"));
    assert!(!same("9007199254740993", "9007199254740992.0"));
    let list: Literals = ["9007199254740992", "18446744073709551615"]
        .map(number)
        .into_iter()
        .collect();
    assert!(!test_holds(Test::OneOf(list.clone()), "9007199254740993", "absent"));
    assert!(test_holds(Test::OneOf(list), "18446744073709551615", "absent"));
}

#[test]
fn numbers_and_booleans_have_canonical_text() {
    for (value, canonical) in [
        ("5", "5"),
        ("5.0", "5"),
        ("-0", "0"),
        ("0.1", "0.1"),
        ("49.90", "49.9"),
        ("1e21", "1e+21"),
        ("1e20", "100000000000000000000"),
        ("1e-7", "1e-7"),
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551615", "18446744073709551615"),
        ("true", "true"),
        ("false", "false"),
    ] {
        for test in [
            Test::Equals(literal(text(canonical))),
            Test::StartsWith(literal(text(canonical))),
            Test::Contains(literal(text(canonical))),
            Test::OneOf([text(canonical)].into_iter().collect()),
        ] {
            assert!(test_holds(test, value, "absent"), "{value} as text is {canonical}");
        }
    }
    assert!(!test_holds(Test::Equals(literal(text("49.90"))), "49.90", "absent"));
    // A string is its own text: no canonical form.
    assert!(test_holds(Test::Equals(literal(text("49.90"))), r#""49.90""#, "absent"));
}

#[test]
fn only_strings_that_are_exactly_json_numbers_are_numbers() {
    for (value, expected) in [
        (r#""49.90""#, true),
        (r#""4.99e1""#, true),
        (r#""007""#, false),
        (r#"" 49.9""#, false),
        (r#""49,9""#, false),
        (r#""+49.9""#, false),
        ("true", false),
    ] {
        let test = Test::Compare(Comparison::Greater, literal(number("1")));
        assert_eq!(test_holds(test, value, "absent"), expected, "{value}");
    }
}

#[test]
fn text_compares_by_code_point_and_case() {
    let equals = |value: &str, operand| test_holds(Test::Equals(literal(text(operand))), value, "absent");
    assert!(!equals(r#""Pro""#, "pro"));
    assert!(equals(r#""\u00e9""#, "é"));
    // e and an accent are other code points than é.
    assert!(!equals(r#""e\u0301""#, "é"));
    assert!(equals(r#""\ud83d\ude00""#, "😀"));
    let starts = |value, operand| test_holds(Test::StartsWith(literal(text(operand))), value, "absent");
    assert!(starts(r#""👍🏽 ok""#, "👍"));
    assert!(!starts(r#""STRASSE""#, "straße"));
    let contains = |value, operand| test_holds(Test::Contains(literal(text(operand))), value, "absent");
    assert!(contains(r#""naïve 👩‍👩‍👧""#, "👩"));
    assert!(!contains(r#""İ""#, "i"));
    // A list is sorted by code point, also beyond the sixteen-bit ones.
    let list: Literals = ["😀", "\u{ffff}", "a", "Z", "é"].map(text).into_iter().collect();
    for value in ["😀", "\u{ffff}", "a", "Z", "é"] {
        assert!(
            test_holds(Test::OneOf(list.clone()), &format!("\"{value}\""), "absent"),
            "{value}"
        );
    }
    assert!(!test_holds(Test::OneOf(list), r#""z""#, "absent"));
}

#[test]
fn paths_end_at_what_is_no_object() {
    let mut s = Space::default();
    let city = s.trait_("address.city", Test::Equals(literal(text("Berlin"))));
    let none = s.trait_("address.city.name", Test::Exists);
    let program = s.finish();
    let of = |address: &str| Profile::builder().trait_("address", json(address)).build();
    assert!(holds_of(&program, city, &of(r#"{"city":"Berlin"}"#)));
    assert!(!holds_of(&program, city, &of(r#"{"city":null}"#)));
    assert!(!holds_of(&program, city, &of(r#"[{"city":"Berlin"}]"#)));
    assert!(!holds_of(&program, none, &of(r#"{"city":"Berlin"}"#)));
}

#[test]
fn what_is_read_as_an_operand_of_an_event_is_the_same() {
    let mut s = Space::default();
    let (_, property) = s.property("E", "x");
    let filter = s.b.leaf(Node::Test {
        value: ValueRef::Property(property),
        test: Test::Compare(Comparison::Greater, literal(number("40"))),
    });
    let node = s.funnel("E", Window::ALL, filter, at_least(1), vec![]);
    // A trait of the same name is another value.
    s.trait_slot(Subject::User, "x");
    s.audience(Subject::User, node);
    let program = s.checked();
    let of = |value: &str| Profile::builder().event("E", NOW, [("x", json(value))]).build();
    assert!(holds_of(&program, node, &of(r#""49.90""#)));
    assert!(!holds_of(&program, node, &of("[49.9]")));
    assert!(!holds_of(
        &program,
        node,
        &Profile::builder().event("E", NOW, []).trait_("x", 50).build()
    ));
}

#[test]
fn times_far_away_do_no_harm() {
    let far = Timestamp::MAX;
    for test in [
        DateTest::WithinLast(days(u32::MAX)),
        DateTest::BeforeLast(days(u32::MAX)),
        DateTest::After(Instant::At(far)),
    ] {
        let holds = test_holds(Test::Date(test.clone()), r#""9999-12-31T23:59:59.999Z""#, "absent");
        assert!(!holds, "{test:?}");
    }
    let next = Test::Date(DateTest::WithinNext(days(u32::MAX)));
    assert!(test_holds(next, r#""9999-12-31T23:59:59.999Z""#, "absent"));
}
