//! language.md, Values.

use crate::support::*;

const COLUMNS: [&str; 13] = [
    "absent",
    "null",
    r#""""#,
    r#""pro""#,
    r#""5""#,
    "5",
    "5.5",
    "true",
    r#""true""#,
    r#""2026-06-15""#,
    r#"["pro",5,true,"2026-06-15"]"#,
    "[]",
    r#"{"pro":5}"#,
];

/// The table of what holds, a row for each form of test and a column for each kind of value.
#[test]
fn each_test_on_each_kind_of_value() {
    for (test, answers) in [
        ("exists", "- - + + + + + + + + + + +"),
        ("does not exist", "+ + - - - - - - - - - - -"),
        (r#"= "pro""#, "- - - + - - - - - - - - -"),
        (r#"= "5""#, "- - - - + + - - - - - - -"),
        ("= 5", "- - - - + + - - - - - - -"),
        ("= 5.50", "- - - - - - + - - - - - -"),
        ("= true", "- - - - - - - + + - - - -"),
        ("= false", "- - - - - - - - - - - - -"),
        ("= 2026-06-15", "- - - - - - - - - + - - -"),
        (r#"!= "pro""#, "- - + - + + + + + + + + +"),
        ("!= 5", "- - + + - - + + + + + + +"),
        ("!= true", "- - + + + + + - - + + + +"),
        ("!= 2026-06-15", "- - + + + + + + + - + + +"),
        (r#"in ["pro", 5.5, true, 2026-06-15]"#, "- - - + - - + + + + - - -"),
        (r#"not in ["pro", 5.5, true, 2026-06-15]"#, "- - + - + + - - - - + + +"),
        ("< 5.5", "- - - - + + - - - - - - -"),
        ("<= 5.5", "- - - - + + + - - - - - -"),
        ("> 5", "- - - - - - + - - - - - -"),
        (">= 5", "- - - - + + + - - - - - -"),
        (r#"contains "5""#, "- - - - + + + - - + + - -"),
        ("contains 5", "- - - - + + + - - + + - -"),
        (r#"contains "ru""#, "- - - - - - - + + - - - -"),
        ("contains true", "- - - - - - - + + - + - -"),
        ("contains 2026-06-15", "- - - - - - - - - - + - -"),
        (r#"does not contain "5""#, "+ + + + - - - + + - - + +"),
        ("does not contain 2026-06-15", "+ + + + + + + + + + - + +"),
        (r#"contains any of ["pr", true]"#, "- - - + - - - + + - + - -"),
        (r#"contains any of ["pro", 2026-06-15]"#, "- - - + - - - - - - + - -"),
        (r#"starts with "5""#, "- - - - + + + - - - - - -"),
        ("starts with 5", "- - - - + + + - - - - - -"),
        ("ends with 5", "- - - - + + + - - + - - -"),
        (r#"ends with "e""#, "- - - - - - - + + - - - -"),
        ("before 2026-06-16", "- - - - - - - - - + - - -"),
        ("after 2026-06-14T23:59:59.999Z", "- - - - - - - - - + - - -"),
        ("within last 30 days", "- - - - - - - - - + - - -"),
        ("within next 30 days", "- - - - - - - - - - - - -"),
        ("before last 15 days", "- - - - - - - - - + - - -"),
        ("after next 1 day", "- - - - - - - - - - - - -"),
    ] {
        let found: Vec<&str> = COLUMNS
            .iter()
            .map(|value| if test_holds(test, value) { "+" } else { "-" })
            .collect();
        assert_eq!(found.join(" "), answers, "{test}");
    }
}

#[test]
fn contains_any_of_is_the_or_of_its_elements() {
    let operands = [r#""pro""#, r#""ru""#, "5", "true", "2026-06-15"];
    for value in COLUMNS {
        let alone = operands.map(|operand| test_holds(&format!("contains {operand}"), value));
        for (at, first) in operands.iter().enumerate() {
            for (then, second) in operands.iter().enumerate().skip(at + 1) {
                assert_eq!(
                    test_holds(&format!("contains any of [{first}, {second}]"), value),
                    alone[at] || alone[then],
                    "{value} {first} {second}"
                );
            }
        }
    }
}

#[test]
fn those_who_have_none_are_not_unequal() {
    assert!(!test_holds("!= 5", "absent") && !test_holds("!= 5", "null"));
    assert!(!test_holds("not in [5]", "absent"));
    assert!(holds("not trait x = 5", &[identify("{}")]));
    assert!(holds("not trait x in [5]", &[identify("{}")]));
    assert!(!holds("not trait x = 5", &[identify(r#"{"x":5}"#)]));
}

#[test]
fn absent_and_null_are_one() {
    for test in [
        "exists",
        "does not exist",
        "= \"null\"",
        "!= 1",
        "does not contain \"u\"",
        "starts with \"\"",
    ] {
        assert_eq!(test_holds(test, "absent"), test_holds(test, "null"), "{test}");
    }
    // A trait that is set to null is removed; a path through null leads to nothing.
    assert!(!holds(
        "trait x exists",
        &[identify(r#"{"x":1}"#), call("identify", -1, r#""traits":{"x":null}"#)]
    ));
    assert!(holds("trait x.y does not exist", &[identify(r#"{"x":null}"#)]));
}

#[test]
fn strings_that_are_exactly_json_numbers_are_numbers() {
    for (value, is) in [
        (r#""49.90""#, true),
        (r#""4.99e1""#, true),
        (r#""499E-1""#, true),
        (r#""49.9""#, true),
        (r#""049.9""#, false),
        (r#"" 49.9""#, false),
        (r#""49.9 ""#, false),
        (r#""49,9""#, false),
        (r#""+49.9""#, false),
        (r#""49.9€""#, false),
        (r#""49.""#, false),
        (r#""""#, false),
    ] {
        assert_eq!(test_holds("= 49.9", value), is, "{value}");
        assert_eq!(test_holds("> 1", value), is, "{value}");
        assert!(test_holds("!= 1", value), "{value}: it is there");
    }
    for value in [
        r#""007""#,
        r#"" 5""#,
        r#""1,000""#,
        r#"".5""#,
        r#""0x5""#,
        r#""Infinity""#,
        r#""NaN""#,
    ] {
        for test in ["= 7", "= 5", "= 1000", "> -1e300", "< 1e300", "in [7, 5, 1000, 0.5]"] {
            assert!(!test_holds(test, value), "{value} {test}");
        }
    }
}

#[test]
fn numbers_and_booleans_are_read_as_their_canonical_text() {
    for (value, text) in [
        ("5", "5"),
        ("5.0", "5"),
        ("-0.0", "0"),
        ("0.10", "0.1"),
        ("1e21", "1e+21"),
        ("1E20", "100000000000000000000"),
        ("0.0000001", "1e-7"),
        ("9007199254740993", "9007199254740993"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709551615", "18446744073709551615"),
        // One more is a double like any other.
        ("18446744073709551616", "18446744073709552000"),
        ("true", "true"),
        ("false", "false"),
    ] {
        for test in [
            "= \"$\"",
            "in [\"$\"]",
            "starts with \"$\"",
            "ends with \"$\"",
            "contains \"$\"",
        ] {
            assert!(test_holds(&test.replace('$', text), value), "{value} {test} {text}");
        }
        assert!(
            test_holds(&format!("contains \"{text}\""), &format!("[[],{value}]")),
            "{value}"
        );
    }
    assert!(!test_holds("= \"5.0\"", "5.0") && test_holds("= \"5.0\"", r#""5.0""#));
    assert!(!test_holds("= \"True\"", "true"));
}

#[test]
fn booleans_are_read_from_two_strings_alone() {
    for (value, yes, no) in [
        ("true", true, false),
        ("false", false, true),
        (r#""true""#, true, false),
        (r#""false""#, false, true),
        (r#""TRUE""#, false, false),
        (r#"" true""#, false, false),
        (r#""yes""#, false, false),
        (r#""1""#, false, false),
        ("1", false, false),
        ("0", false, false),
    ] {
        assert_eq!(
            (test_holds("= true", value), test_holds("= false", value)),
            (yes, no),
            "{value}"
        );
        assert_eq!(
            (test_holds("!= true", value), test_holds("!= false", value)),
            (!yes, !no),
            "{value}"
        );
    }
}

#[test]
fn dates_are_strings_of_one_form() {
    for (value, is) in [
        ("2026-06-15", true),
        ("2026-06-15T00:00Z", true),
        ("2026-06-15T00:00:00Z", true),
        ("2026-06-15T00:00:00.0Z", true),
        ("2026-06-15T00:00:00.000999999Z", true),
        ("2026-06-15T00:00:00.001Z", false),
        ("2026-06-15T18:00+18:00", true),
        ("2026-06-14T06:00:00-18:00", true),
        ("2026-06-15T18:01+18:01", false),
        ("2026-06-15T00:00:00.0000000000Z", false),
        ("2026-06-15T00:00:00.Z", false),
        ("2026-06-15T00:00:00", false),
        ("2026-06-15t00:00:00Z", false),
        ("2026-06-15T00:00:00z", false),
        ("2026-06-15 00:00:00Z", false),
        ("2026-06-15T00:00:00+0000", false),
        ("2026-06-15Z", false),
        ("2026-6-15", false),
        ("15.06.2026", false),
        (" 2026-06-15", false),
        ("2026-06-14T24:00:00Z", false),
        ("2026-02-30", false),
    ] {
        let value = format!("\"{value}\"");
        assert_eq!(test_holds("= 2026-06-15", &value), is, "{value}");
        assert_eq!(test_holds("in [2026-06-15]", &value), is, "{value}");
        assert_eq!(test_holds("!= 2026-06-15", &value), !is, "{value}");
    }
    // A number is no date, nor does a date compare as text.
    assert!(!test_holds("= 2026-06-15", "1781481600000"));
    assert!(!test_holds("before 9999-12-31", "0") && !test_holds("after 1970-01-01", "20260615"));
    // Literals have the same form: nine decimals are cut to milliseconds.
    assert!(test_holds(
        "= 2026-06-15T00:00:00.123999999Z",
        r#""2026-06-15T02:00:00.123+02:00""#
    ));
    assert!(!test_holds(
        "after 2026-06-15T00:00:00.123Z",
        r#""2026-06-15T00:00:00.123999999Z""#
    ));
}

#[test]
fn integers_are_exact_over_their_whole_range() {
    for (is, others) in [
        ("9007199254740993", vec!["9007199254740992", "9007199254740994"]),
        ("-9223372036854775808", vec!["-9223372036854775807"]),
        (
            "9223372036854775807",
            vec!["9223372036854775806", "9223372036854775808"],
        ),
        (
            "18446744073709551615",
            vec!["18446744073709551614", "18446744073709551616"],
        ),
    ] {
        for value in [is.to_owned(), format!("\"{is}\"")] {
            assert!(test_holds(&format!("= {is}"), &value), "{value}");
            assert!(test_holds(&format!("in [{is}]"), &value), "{value}");
            for other in &others {
                assert!(!test_holds(&format!("= {other}"), &value), "{value} {other}");
                assert!(!test_holds(&format!("in [{other}]"), &value), "{value} {other}");
                assert!(test_holds(&format!("!= {other}"), &value), "{value} {other}");
                let less = test_holds(&format!("< {other}"), &value);
                assert_ne!(less, test_holds(&format!("> {other}"), &value), "{value} {other}");
            }
        }
    }
    // Beyond, and with a fraction or an exponent, the nearest double.
    assert!(test_holds("= 18446744073709551617", "18446744073709551616"));
    assert!(test_holds("= -9223372036854775809", "-9223372036854775808"));
    assert!(test_holds("= 9007199254740993.0", "9007199254740992"));
    assert!(!test_holds("= 9007199254740993.0", "9007199254740993"));
    assert!(test_holds("= 9007199254740993e0", "9007199254740992"));
    // By mathematical value.
    assert!(test_holds("= 1.0", "1") && test_holds("= 1", "1.0") && test_holds("= 10e-1", "\"1\""));
    assert!(test_holds("= 0", "-0.0") && !test_holds("< 0", "-0.0"));
    assert!(test_holds("> 9007199254740992.0", "9007199254740993"));
    assert!(test_holds("< 18446744073709551616", "18446744073709551615"));
}

#[test]
fn a_number_beyond_the_doubles_cannot_be_read() {
    for number in ["1e400", "-1e400", "1.8e308"] {
        for test in [
            format!("= {number}"),
            format!("< {number}"),
            format!("in [1, {number}]"),
        ] {
            refused(&format!("trait x {test}"), number);
        }
    }
    for text in [
        "trait x: one of [1, $]",
        "audience a { who performed \"E\" where (any l (x > $)) }",
        "audience a { who trait x contains any of [$] }",
    ] {
        one_error(&text.replace('$', "1e400"), "1e400");
    }
    // In an event that is a bad request, and nothing of it is kept.
    let engine = engine("audience a {}");
    let line = identify(r#"{"x":1e400}"#);
    let ingested = engine.ingest(line.as_bytes(), now()).unwrap();
    assert_eq!(ingested.counts.rejected, 1);
    assert_eq!(ingested.rejects[0].code.as_str(), "bad_request");
    assert!(ingested.profiles.find("user_id", "u1").is_none());
    // As text it stays what it is, and is no number.
    assert!(test_holds("= \"1e400\"", r#""1e400""#) && test_holds("!= 5", r#""1e400""#));
    assert!(!test_holds("> 5", r#""1e400""#));
    // What is too small is 0, the nearest double.
    assert!(test_holds("= 0", "1e-400"));
}

#[test]
fn text_and_dates_have_no_order() {
    for condition in ["trait x < \"5\"", "performed \"E\" where (x >= \"abc\")"] {
        let errors = errors(&format!("audience a {{ who {condition} }}"));
        let help = errors[0].help.as_deref().unwrap();
        assert!(help.contains("before") && help.contains("after"), "{condition}: {help}");
    }
    for (operator, instead) in [("<", "before"), ("<=", "before"), (">", "after"), (">=", "after")] {
        for operand in ["\"2026-01-01\"", "2026-01-01"] {
            for condition in [
                format!("trait x {operator} {operand}"),
                format!("performed \"E\" where (x {operator} {operand})"),
            ] {
                let errors = errors(&format!("audience a {{ who {condition} }}"));
                assert_eq!(errors.len(), 1, "{condition}");
                let said = format!(
                    "{} {}",
                    errors[0].message,
                    errors[0].help.as_deref().unwrap_or_default()
                );
                assert!(said.contains(instead), "{condition}: {said}");
            }
        }
    }
}

#[test]
fn text_operators_take_both_sides_as_text() {
    assert!(
        test_holds("starts with 49", "49.9") && test_holds("ends with 9", "49.9") && test_holds("contains 9.9", "49.9")
    );
    assert!(test_holds("contains true", r#""untrue""#) && test_holds("starts with false", r#""falsehood""#));
    // The literal's own text is canonical, too.
    assert!(test_holds("starts with 5.0", "\"5 apples\"") && !test_holds("ends with 5.50", "\"15.50\""));
    // A date has no text: however it is spelt, it finds elements alone.
    for spelt in [
        "2026-06-15",
        "2026-06-15T00:00Z",
        "2026-06-15T00:00:00Z",
        "2026-06-15T00:00:00.000Z",
    ] {
        let value = format!("\"since {spelt}\"");
        assert!(!test_holds("contains 2026-06-15", &value), "{spelt}");
        assert!(test_holds("does not contain 2026-06-15", &value), "{spelt}");
        assert!(
            test_holds("contains 2026-06-15", &format!("[0,\"{spelt}\"]")),
            "{spelt}"
        );
    }
    for test in ["starts with 2026-06-15", "ends with 2026-06-15"] {
        assert!(
            !errors(&format!("audience a {{ who trait x {test} }}")).is_empty(),
            "{test}"
        );
    }
}

#[test]
fn text_compares_by_code_point_and_case() {
    for (value, operand, equal) in [
        (r#""Pro""#, "pro", false),
        (r#""é""#, "\\u00e9", true),
        (r#""e\u0301""#, "é", false),
        (r#""\ud83d\ude00""#, "😀", true),
        (r#""STRASSE""#, "straße", false),
        (r#""pro ""#, "pro", false),
    ] {
        for (test, positive) in [
            ("= \"$\"", true),
            ("in [\"$\", \"z\"]", true),
            ("!= \"$\"", false),
            ("not in [\"$\", \"z\"]", false),
        ] {
            let test = test.replace('$', operand);
            assert_eq!(test_holds(&test, value), equal == positive, "{value} {test}");
        }
    }
    assert!(!test_holds("contains \"PRO\"", r#""product""#) && !test_holds("starts with \"P\"", r#""pro""#));
}

/// A reference whose value is absent, null, a list or an object decides: no test holds, the negative ones included.
#[test]
fn a_missing_reference_holds_in_no_form() {
    let forms = [
        "= $",
        "!= $",
        "< $",
        "<= $",
        "> $",
        ">= $",
        "contains $",
        "does not contain $",
        "starts with $",
        "ends with $",
        "before $",
        "after $",
    ];
    for other in ["absent", "null", "[5]", "[]", r#"{"a":5}"#] {
        for x in ["absent", "5", r#""2026-06-15""#, "[5]", "[]", r#"{"a":5}"#] {
            let object = |key: &str, value: &str| match value {
                "absent" => "{}".to_owned(),
                value => format!("{{\"{key}\":{value}}}"),
            };
            let events = [
                identify(&object("x", x)),
                call("identify", -98 * DAY, &format!("\"traits\":{}", object("other", other))),
                track("A", -2, &object("other", other)),
                track("B", -1, &object("x", x)),
            ];
            let funnel = |filter: &str| format!(r#"performed "A" as first then performed "B" where ({filter})"#);
            let conditions: Vec<String> = forms
                .iter()
                .flat_map(|form| {
                    let (trait_, step) = (form.replace('$', "trait other"), form.replace('$', "first.other"));
                    [
                        format!("trait x {trait_}"),
                        funnel(&format!("x {step}")),
                        // Only `not` in front turns it round.
                        format!("not not trait x {trait_}"),
                        format!(r#"performed "A" as first then not performed "B" where (not x {step})"#),
                    ]
                })
                .collect();
            let found = each_holds(&conditions, &events);
            for (condition, holds) in conditions.iter().zip(found) {
                assert!(!holds, "{x} {condition} {other}");
            }
        }
    }
}

#[test]
fn references_compare_as_the_values_are() {
    for (x, test, other, expected) in [
        // Numbers if either side is one, …
        ("5", "=", r#""5.0""#, true),
        (r#""5.0""#, "=", "5", true),
        (r#""5.0""#, "=", r#""5""#, false),
        ("5", "!=", r#""abc""#, true),
        ("1", "=", "true", false),
        // … booleans if either is one, …
        ("true", "=", r#""true""#, true),
        (r#""false""#, "=", "false", true),
        (r#""yes""#, "!=", "true", true),
        // … else text.
        (r#""a""#, "=", r#""a""#, true),
        (r#""a""#, "=", r#""A""#, false),
        // As numbers, as dates.
        (r#""4.5""#, "<", r#""5""#, true),
        (r#""10""#, "<", r#""9""#, false),
        (r#""a""#, "<", r#""b""#, false),
        ("5", ">=", r#""5.0""#, true),
        (r#""2026-06-15""#, "before", r#""2026-06-15T00:00:00.001Z""#, true),
        (r#""2026-06-15T01:00+02:00""#, "before", r#""2026-06-15""#, true),
        (r#""2026-06-15""#, "after", r#""2026-06-15""#, false),
        ("5", "before", r#""2026-06-15""#, false),
        // On a list, each element in this way.
        (r#"["5.0"]"#, "contains", "5", true),
        (r#"["5.0"]"#, "contains", r#""5""#, false),
        (r#"["5.0"]"#, "does not contain", "5", false),
        (r#"[true]"#, "contains", r#""true""#, true),
        // The value's own kind.
        ("[5]", "!=", "5", true),
        ("absent", "!=", "5", false),
        ("absent", "does not contain", "5", true),
        (r#"{"a":5}"#, "does not contain", "5", true),
        ("15.25", "contains", "5.2", true),
    ] {
        let traits = match x {
            "absent" => format!("{{\"other\":{other}}}"),
            x => format!("{{\"other\":{other},\"x\":{x}}}"),
        };
        let condition = format!("trait x {test} trait other");
        assert_eq!(holds(&condition, &[identify(&traits)]), expected, "{x} {test} {other}");
    }
}

#[test]
fn any_looks_for_one_element_and_item_is_the_element() {
    let with = |list: &str| [identify(&format!("{{\"l\":{list}}}"))];
    for (list, whole, item, field) in [
        (r#"[{"category":"shoes","price":60}]"#, true, false, false),
        (
            r#"[{"category":"shoes","price":40},{"category":"hats","price":60}]"#,
            false,
            false,
            false,
        ),
        (r#"["new","vip-1"]"#, false, true, false),
        (r#"[{"item":"vip"}]"#, false, false, true),
        (r#"{"category":"shoes","price":60,"item":"vip"}"#, false, false, false),
        (r#""vip""#, false, false, false),
        ("5", false, false, false),
        ("true", false, false, false),
        ("[]", false, false, false),
        ("null", false, false, false),
    ] {
        let events = with(list);
        assert_eq!(
            holds(r#"any trait l (category = "shoes" and price > 50)"#, &events),
            whole,
            "{list}"
        );
        assert_eq!(
            holds(r#"any trait l (item starts with "vip")"#, &events),
            item,
            "{list}"
        );
        assert_eq!(holds(r#"any trait l ("item" = "vip")"#, &events), field, "{list}");
    }
    // On what is no list, no filter holds of an element, not even one that asks for nothing.
    for list in ["{}", "5", r#""x""#, "null"] {
        assert!(!holds("any trait l (x does not exist)", &with(list)), "{list}");
        assert!(!holds("any trait l (not item = 7)", &with(list)), "{list}");
        assert!(holds("not any trait l (item exists)", &with(list)), "{list}");
    }
}
