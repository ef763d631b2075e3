//! Schemas: what must be declared once anything is, which test fits which type, and that a schema only forbids.

use proptest::prelude::*;
use volens::diagnostic::{Code, Diagnostic};
use volens::{Engine, Error, Profile, Timestamp, Value};

fn errors(text: &str) -> Vec<Diagnostic> {
    match Engine::from_text("w.audience", text) {
        Ok(_) => Vec::new(),
        Err(Error::Definitions(errors)) => errors.diagnostics().iter().filter(|d| d.is_error()).cloned().collect(),
        Err(error) => panic!("{error}"),
    }
}

/// The codes of the errors, and what they underline.
fn told(text: &str) -> Vec<String> {
    let of = |d: &Diagnostic| format!("{} {}", d.code, &text[d.span.range()]);
    errors(text).iter().map(of).collect()
}

/// The types of the table below, each with values that it may hold.
fn types() -> Vec<(&'static str, Vec<Value>)> {
    let texts = |texts: &[&str]| texts.iter().map(|text| Value::from(*text)).collect::<Vec<_>>();
    let list = |items: Vec<Value>| Value::List(items);
    let dates = [
        "2020-01-01",
        "2026-06-30",
        "2026-06-30T00:00:00Z",
        "2026-07-01T00:00:00Z",
        "2050-12-31T10:00:00.5+02:00",
    ];
    let object: Value = volens::value::parse(r#"{"x": "5"}"#).unwrap();
    vec![
        ("v: string", texts(&["5", "x", "true", "2026-06-30", "", "vip"])),
        (
            "v: number",
            vec![
                Value::from(5),
                Value::from(49.9),
                Value::from(-1),
                Value::from("5"),
                Value::from("49.90"),
            ],
        ),
        (
            "v: boolean",
            vec![
                Value::from(true),
                Value::from(false),
                Value::from("true"),
                Value::from("false"),
            ],
        ),
        ("v: timestamp", texts(&dates)),
        (r#"v: one of ["5", "x"]"#, texts(&["5", "x"])),
        (
            "v: list of string",
            vec![list(vec![]), list(texts(&["5"])), list(texts(&["x", "true"]))],
        ),
        (
            "v: list of number",
            vec![
                list(vec![]),
                list(vec![Value::from(5)]),
                list(vec![Value::from("5"), Value::from(7)]),
            ],
        ),
        ("v.x: string", vec![object.clone(), list(vec![object])]),
    ]
}

/// Which test fits which type: a column for each of [`types`].
const FITS: &[(&str, &str)] = &[
    ("= 5", "yynnynnn"),
    ("= \"5\"", "yyyyynnn"),
    ("= true", "ynynnnnn"),
    ("= 2026-06-30", "ynnynnnn"),
    ("!= 5", "yynnynnn"),
    ("!= \"5\"", "yyyyynnn"),
    ("!= false", "ynynnnnn"),
    ("!= 2026-06-30", "ynnynnnn"),
    ("in [5]", "yynnynnn"),
    ("in [\"5\", \"x\"]", "yyyyynnn"),
    ("in [true]", "ynynnnnn"),
    ("not in [\"5\"]", "yyyyynnn"),
    ("not in [2026-06-30]", "ynnynnnn"),
    ("< 7", "yynnynnn"),
    ("<= 5", "yynnynnn"),
    ("> 7", "yynnnnnn"),
    (">= 5", "yynnynnn"),
    ("contains \"5\"", "yyyyyyyn"),
    ("contains 5", "yynnyyyn"),
    ("contains true", "ynynnynn"),
    ("contains 2026-06-30", "ynnnnynn"),
    ("contains any of [\"5\"]", "yyyyyyyn"),
    ("contains any of [5, true]", "ynnnnynn"),
    ("does not contain \"5\"", "yyyyyyyn"),
    ("does not contain true", "ynynnynn"),
    ("starts with \"5\"", "yyyyynnn"),
    ("starts with 5", "yynnynnn"),
    ("ends with true", "ynynnnnn"),
    ("exists", "yyyyyyyy"),
    ("does not exist", "yyyyyyyy"),
    ("before 2026-06-30", "ynnynnnn"),
    ("after 2026-06-30", "ynnynnnn"),
    ("within last 5 days", "ynnynnnn"),
    ("within next 5 days", "ynnynnnn"),
    ("before last 5 days", "ynnynnnn"),
    ("after next 5 days", "ynnynnnn"),
];

/// A workspace in which a value of this type is tested: a trait, a property, a property of an element, an account's trait.
fn workspaces(declared: &str, test: &str) -> [(String, String); 4] {
    let below = declared.to_owned();
    [
        (
            format!("trait {below}\n"),
            format!("audience a {{ who trait v {test} }}"),
        ),
        (
            format!("event \"E\" {{ {below} }}\n"),
            format!("audience a {{ who performed \"E\" where (v {test}) }}"),
        ),
        (
            format!("event \"E\" {{ products.{below} }}\n"),
            format!("audience a {{ who performed \"E\" where (any products (v {test})) }}"),
        ),
        (
            format!("account trait {below}\n"),
            format!("audience a of accounts {{ who account trait v {test} }}"),
        ),
    ]
}

#[test]
fn every_test_fits_the_types_it_should() {
    let mut cells = 0;
    for (test, row) in FITS {
        assert_eq!(row.len(), types().len(), "{test}");
        for ((declared, _), cell) in types().iter().zip(row.chars()) {
            for (schema, audience) in workspaces(declared, test) {
                cells += 1;
                let text = schema + &audience;
                let found = errors(&text);
                if cell == 'y' {
                    assert!(found.is_empty(), "{text}: {found:?}");
                } else {
                    assert_eq!(found.len(), 1, "{text}: {found:?}");
                    assert_eq!(found[0].code, Code::WrongType, "{text}");
                    assert!(!found[0].related.is_empty() && found[0].help.is_some(), "{text}");
                }
            }
        }
    }
    assert_eq!(cells, FITS.len() * 8 * 4);
}

fn now() -> Timestamp {
    "2026-07-01T12:00:00Z".parse().unwrap()
}

fn holds(engine: &Engine, value: &Value) -> bool {
    let profile = Profile::builder().user_id("u1").trait_("v", value.clone()).build();
    engine.is_member("a", &profile, now()).unwrap()
}

/// What a schema refuses is no loss: the test has one answer for all values of the type.
#[test]
fn a_test_that_does_not_fit_tells_nothing_apart() {
    let mut refused = 0;
    for (test, row) in FITS {
        let engine = Engine::from_text("w.audience", &format!("audience a {{ who trait v {test} }}")).unwrap();
        for ((declared, values), cell) in types().iter().zip(row.chars()) {
            let answers: Vec<bool> = values.iter().map(|value| holds(&engine, value)).collect();
            // Here the rule is stricter: a timestamp is compared with dates and text, and every value of a list counts.
            let stricter = ["contains 5", "starts with 5", "ends with 5"].contains(test) && *declared == "v: timestamp"
                || *test == "contains any of [5, true]";
            if cell == 'n' && !stricter {
                refused += 1;
                assert!(
                    answers.iter().all(|answer| *answer == answers[0]),
                    "{declared}: {test}: {answers:?}"
                );
            }
        }
    }
    assert!(refused > 80, "{refused}");
}

#[test]
fn elements_have_types_of_their_own() {
    let schema = r#"
event "E" {
  tags: list of string, sizes: list of number, grid: list of list of number,
  plans: list of one of ["free", "pro"],
  products.name: string, products.price: number, products.labels: list of string, products.variants.sku: string,
}
"#;
    let cases = [
        ("any tags (item starts with \"vip\")", ""),
        ("any sizes (item > 5)", ""),
        ("any sizes (item = true)", "wrong-type true"),
        ("any sizes (item = \"5\")", ""),
        ("any grid (any item (item > 5))", ""),
        ("any grid (any item (item = true))", "wrong-type true"),
        ("any grid (item > 5)", "wrong-type > 5"),
        ("any grid (item contains 5)", ""),
        ("grid contains 5", "wrong-type contains 5"),
        ("any grid (item exists)", ""),
        ("any plans (item = \"pro\")", ""),
        ("any plans (item = \"prp\")", "wrong-type \"prp\""),
        ("plans contains \"prp\"", "wrong-type \"prp\""),
        ("plans contains any of [\"pro\", \"prp\"]", "wrong-type \"prp\""),
        ("any tags (x = 1)", "wrong-type x"),
        ("any products (price > 5 and name = \"x\")", ""),
        ("any products (price = true)", "wrong-type true"),
        ("any products (prize > 5)", "unknown-name prize"),
        ("any products (item exists)", ""),
        ("any products (item = 5)", "wrong-type = 5"),
        ("any products (labels contains \"x\")", ""),
        ("any products (any labels (item = \"x\"))", ""),
        ("any products (any variants (sku = \"x\"))", ""),
        ("any products (any variants (sk = \"x\"))", "unknown-name sk"),
        ("any products (any price (item = 1))", "wrong-type price"),
        ("any products.labels (item = \"x\")", ""),
        ("products.price > 5", ""),
        ("products exists", ""),
        ("products contains \"x\"", "wrong-type contains \"x\""),
        ("any prodcts (price > 5)", "unknown-name prodcts"),
        // One above it is declared: it is known, and nothing is said of what it holds.
        ("tags.first = 5", ""),
    ];
    for (filter, expected) in cases {
        let text = format!("{schema}audience a {{ who performed \"E\" where ({filter}) }}");
        assert_eq!(told(&text).join(", "), expected, "{filter}");
    }
}

#[test]
fn once_one_is_declared_all_must_be() {
    let cases: &[(&str, &str, &str)] = &[
        // Nothing is declared: everything may be used.
        ("", "performed \"X\" where (y = 1) and trait z = 1", ""),
        ("event \"E\" {}", "performed \"E\"", ""),
        ("event \"E\" {}", "performed \"F\"", "unknown-name \"F\""),
        ("event \"E\" {}", "performed \"e\"", "unknown-name \"e\""),
        (
            "event \"E\" {}",
            "performed \"E\" then performed \"F\"",
            "unknown-name \"F\"",
        ),
        (
            "event \"E\" {}",
            "performed \"E\" then not performed \"F\"",
            "unknown-name \"F\"",
        ),
        ("event \"E\" {}", "performed \"E\" where (x = 1)", "unknown-name x"),
        ("event \"E\" {}", "performed \"F\" where (x = 1)", "unknown-name \"F\""),
        // Events and traits are kinds of their own.
        ("event \"E\" {}", "trait z = 1", ""),
        ("trait z: number", "performed \"E\" where (x = 1)", ""),
        ("trait z: number", "trait z = 1", ""),
        ("trait z: number", "trait y = 1", "unknown-name y"),
        ("trait z: number", "any trait y (item = 1)", "unknown-name y"),
        ("trait z.a: number", "trait z exists and trait z.a = 1", ""),
        ("trait z.a: number", "trait z.b = 1", "unknown-name z.b"),
        ("trait z: string", "trait z.b = 1", ""),
        // Page and screen calls are events like any other, and their names properties like any other.
        (
            "event \"E\" {}",
            "performed \"Page Viewed\"",
            "unknown-name \"Page Viewed\"",
        ),
        (
            "event \"Page Viewed\" { url: string }",
            "performed \"Page Viewed\" where (page_name = \"Home\")",
            "unknown-name page_name",
        ),
        (
            "event \"Page Viewed\" { page_name: string }",
            "performed \"Page Viewed\" where (page_name = \"Home\")",
            "",
        ),
        // Through references.
        (
            "trait z: string",
            "performed \"E\" where (x = trait y)",
            "unknown-name y",
        ),
        ("trait z: string", "trait z = trait y", "unknown-name y"),
        (
            "event \"E\" { x: string }",
            "performed \"E\" as e then performed \"E\" where (x = e.y)",
            "unknown-name y",
        ),
        (
            "event \"E\" { x: string }",
            "performed \"E\" as e then performed \"E\" where (x = e.x)",
            "",
        ),
        // Consent is no trait, whatever is declared.
        (
            "trait z: string",
            "trait segment_consent_preference exists",
            "reserved-trait segment_consent_preference",
        ),
        // Computed traits are declared where they are computed; their own events and properties are uses.
        ("trait z: string\ntrait c = count of \"E\"", "trait c > 1", ""),
        (
            "event \"E\" {}\ntrait c = count of \"F\"",
            "trait c > 1",
            "unknown-name \"F\"",
        ),
        (
            "event \"E\" {}\ntrait c = sum of x from \"E\"",
            "trait c > 1",
            "unknown-name x",
        ),
        (
            "event \"E\" { x: number }\ntrait c = count of \"E\" where (y = 1)",
            "trait c > 1",
            "unknown-name y",
        ),
        // A broken item may declare what it seems to; its own error is the only one.
        (
            "event \"E\" {}\nevent \"F\" { x number }",
            "performed \"F\" where (y = 1)",
            "syntax",
        ),
        (
            "event \"E\" {}\nevent F { x: number }",
            "performed \"F thing\"",
            "syntax",
        ),
        (
            "trait z: string\ntrait y: nmber",
            "trait y = 1 and trait y.x = 2",
            "syntax",
        ),
    ];
    for (declarations, condition, expected) in cases {
        let text = format!("{declarations}\naudience a {{ who {condition} }}");
        let found = told(&text).join(", ");
        if *expected == "syntax" {
            assert!(
                found.starts_with("syntax ") && !found.contains("unknown"),
                "{text}: {found}"
            );
        } else {
            assert_eq!(&found, expected, "{text}");
        }
    }
}

#[test]
fn the_traits_of_users_and_accounts_are_kinds_of_their_own() {
    let of_accounts = |declarations: &str, condition: &str| {
        told(&format!("{declarations}\naudience a of accounts {{ who {condition} }}")).join(", ")
    };
    assert_eq!(of_accounts("trait z: string", "account trait y = 1"), "");
    assert_eq!(
        of_accounts("account trait z: string", "account trait y = 1"),
        "unknown-name y"
    );
    assert_eq!(of_accounts("account trait z: string", "any user (trait y = 1)"), "");
    assert_eq!(
        of_accounts("trait z: string", "any user (trait y = 1)"),
        "unknown-name y"
    );
    // As an operand, a trait is the account's outside of a quantifier, and the user's inside.
    let both = "account trait a: string\ntrait u: string";
    assert_eq!(of_accounts(both, "account trait a = trait u"), "unknown-name u");
    assert_eq!(of_accounts(both, "any user (trait u = trait a)"), "unknown-name a");
    assert_eq!(
        of_accounts("trait z: string\naccount trait z: number", "account trait z > 1"),
        ""
    );
}

#[test]
fn both_sides_of_a_reference_must_be_comparable() {
    let schema = r#"
trait s: string
trait n: number
trait b: boolean
trait t: timestamp
trait o: one of [1, 2]
trait l: list of number
trait p.x: string
"#;
    let cases = [
        ("trait s = trait n", ""),
        ("trait s = trait t", ""),
        ("trait n = trait n", ""),
        ("trait n = trait o", ""),
        ("trait n = trait b", "wrong-type b"),
        ("trait n != trait t", "wrong-type t"),
        ("trait b = trait t", "wrong-type t"),
        ("trait o = trait b", "wrong-type b"),
        ("trait n < trait s", ""),
        ("trait n < trait t", "wrong-type t"),
        ("trait t < trait n", "wrong-type < trait n"),
        ("trait s before trait t", ""),
        ("trait t after trait n", "wrong-type n"),
        ("trait n before trait t", "wrong-type before trait t"),
        ("trait l contains trait n", ""),
        ("trait l contains trait b", "wrong-type b"),
        ("trait l = trait n", "wrong-type = trait n"),
        ("trait s = trait l", "wrong-type l"),
        ("trait s != trait p", "wrong-type p"),
        ("trait n contains trait s", ""),
        ("trait n starts with trait b", ""),
    ];
    for (condition, expected) in cases {
        let text = format!("{schema}audience a {{ who {condition} }}");
        assert_eq!(told(&text).join(", "), expected, "{condition}");
    }
    // What is not declared cannot be compared either if the other side rules it out.
    let text = "trait l: list of string\naudience a { who performed \"E\" where (x = trait l) }";
    assert_eq!(told(text).join(", "), "wrong-type l");
}

#[test]
fn computed_traits_have_the_type_of_their_function() {
    let schema = r#"
event "E" { n: number, s: string, b: boolean, d: timestamp, l: list of number, p.x: string, o: one of ["a", "b"] }
trait known: string
"#;
    let cases = [
        ("count of \"E\"", "c > 1", ""),
        ("count of \"E\"", "c = true", "wrong-type true"),
        (
            "sum of n from \"E\"",
            "c within last 3 days",
            "wrong-type within last 3 days",
        ),
        ("average of s from \"E\"", "c = 1", ""),
        ("minimum of n from \"E\"", "c contains 1", ""),
        ("maximum of b from \"E\"", "c > 1", "wrong-type b"),
        ("sum of d from \"E\"", "c > 1", "wrong-type d"),
        ("sum of l from \"E\"", "c > 1", "wrong-type l"),
        ("sum of o from \"E\"", "c > 1", "wrong-type o"),
        ("sum of p from \"E\"", "c > 1", "wrong-type p"),
        ("sum of p.x from \"E\"", "c > 1", ""),
        ("unique count of s from \"E\"", "c = true", "wrong-type true"),
        ("unique count of p from \"E\"", "c > 1", "wrong-type p"),
        ("most frequent of n from \"E\"", "c = 1", ""),
        ("most frequent of l from \"E\"", "c = \"1\"", ""),
        ("unique list of n from \"E\"", "c contains \"1\"", ""),
        ("unique list of n from \"E\"", "c = \"1\"", "wrong-type = \"1\""),
        ("first of b from \"E\"", "c = 5", "wrong-type 5"),
        ("last of d from \"E\"", "c before 2026-01-01", ""),
        ("last of d from \"E\"", "c > 5", "wrong-type > 5"),
        ("last of o from \"E\"", "c = \"z\"", "wrong-type \"z\""),
        ("last of p from \"E\"", "c exists", ""),
    ];
    for (function, condition, expected) in cases {
        let text = format!("{schema}trait c = {function}\naudience a {{ who trait {condition} }}");
        assert_eq!(told(&text).join(", "), expected, "{function}: {condition}");
    }
    let text = "event \"E\" { n: number }\ntrait known: string\ntrait c = unique list of n from \"E\"\n\
                audience a { who any trait c (item = \"1\") }";
    assert_eq!(told(text).join(", "), "");
}

#[test]
fn schemas_may_not_contradict_themselves() {
    let cases = [
        (
            "event \"E\" { a: string }\nevent \"E\" { b: string }",
            "duplicate-name \"E\"",
        ),
        ("event \"E\" { a: string, a: number }", "duplicate-name a"),
        ("event \"E\" { a: string, \"a\": string }", "duplicate-name \"a\""),
        ("event \"E\" { a: string, a.b: number }", "bad-schema a.b"),
        ("event \"E\" { a.b: number, a: list of string }", "bad-schema a"),
        ("event \"E\" { a.b.c: number, a.b.d: string, a.e: string }", ""),
        // A key with a dot in quotes is another path.
        ("event \"E\" { a.b: number, \"a.b\": number }", ""),
        ("event \"E\" { a: string }\nevent \"F\" { a: number }", ""),
        ("trait a: string\ntrait a: string", "duplicate-name a"),
        ("trait a: string\naccount trait a: number", ""),
        ("account trait a: string\naccount trait a: string", "duplicate-name a"),
        ("trait a.b: string\ntrait a: string", "bad-schema a"),
        ("trait a: one of [\"x\", \"y\", \"x\"]", "bad-schema \"x\""),
        ("trait a: one of [1, 1.0]", "bad-schema 1.0"),
        ("trait a: one of [1, \"1\"]", ""),
        (
            "trait a: one of [2026-01-01, 2026-01-01T00:00:00Z]",
            "bad-schema 2026-01-01T00:00:00Z",
        ),
        ("trait a: string\ntrait a = count of \"E\"", "duplicate-name a"),
        ("trait a.b: string\ntrait a = count of \"E\"", "duplicate-name a"),
        ("account trait a: string\ntrait a = count of \"E\"", ""),
        (
            "account trait a: string\naccount trait a = count of \"E\"",
            "duplicate-name a",
        ),
        (
            "trait segment_consent_preference: string",
            "reserved-trait segment_consent_preference",
        ),
        (
            "trait Segment_Consent_Preference.Advertising: boolean",
            "reserved-trait Segment_Consent_Preference.Advertising",
        ),
        ("event \"\" {}", "bad-name \"\""),
        ("trait \"\": string", "bad-name \"\""),
        ("event \"E\" { a.\"\": string }", "bad-name \"\""),
    ];
    for (text, expected) in cases {
        assert_eq!(told(text).join(", "), expected, "{text}");
    }
    let deep = format!("trait a: {}string", "list of ".repeat(65));
    assert_eq!(errors(&deep)[0].code, Code::Limit);
    let deep = format!("trait a: {}string", "list of ".repeat(64));
    assert!(errors(&deep).is_empty());
}

#[test]
fn an_event_declared_twice_is_one_error() {
    let text = "event \"E\" { a: string }\nevent \"E\" { a: string, b: string }\n\
                audience x { who performed \"E\" where (a = \"1\" and b = \"1\") }";
    assert_eq!(told(text), ["duplicate-name \"E\""]);
}

#[test]
fn what_is_said_of_names_and_values() {
    let schema = r#"event "Order Completed" { revenue: number, products.price: number }
trait plan: one of ["free", "pro", "business"]
trait address.city: string
"#;
    let conditions = [
        "performed \"Order Complete\"",
        "performed \"order completed\"",
        "performed \"Order Completed\" where (Revenue > 5)",
        "performed \"Order Completed\" where (discount > 5)",
        "performed \"Order Completed\" where (any products (weight > 5))",
        "trait adress.city = \"Bonn\"",
        "trait address.zip = \"53111\"",
        "trait plan = \"busines\"",
        "trait plan = \"enterprise\"",
        "trait plan starts with \"gold\"",
        "trait address = \"Bonn\"",
    ];
    let mut all = String::new();
    for condition in conditions {
        let text = format!("{schema}audience a {{ who {condition} }}");
        let Err(Error::Definitions(errors)) = Engine::from_text("w.audience", &text) else {
            panic!("{condition}");
        };
        let told: Vec<String> = errors
            .diagnostics()
            .iter()
            .map(|d| d.to_text(errors.sources()))
            .collect();
        all += &format!("{condition}\n{}\n\n", told.join("\n"));
    }
    insta::assert_snapshot!("messages", all);
}

/// Ten thousand values and as many uses take no longer than reading them.
#[test]
fn many_declarations_and_uses_are_quick() {
    let values: Vec<String> = (0..9_000).map(|n| format!("\"value number {n}\"")).collect();
    let mut text = format!("trait many: one of [{}]\n", values.join(","));
    for n in 0..4_000 {
        text += &format!("trait t{n}.x.y: number\n");
    }
    text += "audience a { who trait t0.x.y = 1";
    for n in 0..4_000 {
        text += &format!(
            " and trait t{n}.x.y > 5 and trait many starts with \"zzz\" and trait many = \"zzz\" and trait u{n} = 1"
        );
    }
    text += " }";
    // With a look at all others for each, this would not end.
    let found = errors(&text);
    assert!(found.len() >= 4_000, "{}", found.len());
}

fn any_value() -> impl Strategy<Value = Value> {
    let all: Vec<Value> = types().into_iter().flat_map(|(_, values)| values).collect();
    prop::sample::select(all)
}

proptest! {
    /// What passes with a schema is the same program without it, and answers for whatever is sent.
    #[test]
    fn a_schema_changes_nothing_but_what_is_refused(
        declared in prop::sample::select(types().into_iter().map(|(declared, _)| declared).collect::<Vec<_>>()),
        tests in prop::collection::vec((prop::sample::select(FITS.to_vec()), any::<bool>()), 1..5),
        or in any::<bool>(),
        value in any_value(),
    ) {
        let joiner = if or { " or " } else { " and " };
        let parts: Vec<String> = tests
            .iter()
            .map(|((test, _), not)| format!("{}trait v {test}", if *not { "not " } else { "" }))
            .collect();
        let audience = format!("audience a {{ who {} }}", parts.join(joiner));
        let plain = Engine::from_text("w.audience", &audience).unwrap();
        let at = types().iter().position(|(name, _)| *name == declared).unwrap();
        let fits = tests.iter().all(|((_, row), _)| row.as_bytes()[at] == b'y');
        match Engine::from_text("w.audience", &format!("trait {declared}\nevent \"E\" {{}}\n{audience}")) {
            Ok(checked) => {
                prop_assert!(fits);
                prop_assert_eq!(checked.program(), plain.program());
                prop_assert_eq!(holds(&checked, &value), holds(&plain, &value));
            }
            Err(_) => prop_assert!(!fits),
        }
    }
}
