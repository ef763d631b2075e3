//! Warnings: that each kind is told where it is, that what is fine is not warned of, and that no warning is wrong.

use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;
use volens::diagnostic::{Code, Diagnostic};
use volens::{ConsentState, Engine, Profile, Timestamp, Value};

const DAY: i64 = 86_400_000;

fn now() -> Timestamp {
    "2026-06-30T00:00:00Z".parse().unwrap()
}

/// A workspace in which nothing is unused.
fn frame(audience: &str) -> String {
    format!(
        "category A\ncategory B\ndestination ads requires A, B\ndestination crm requires nothing\n\
         audience used {{ who trait used = true send to ads, crm }}\n{audience}\n"
    )
}

fn engine(text: &str) -> Engine {
    Engine::from_text("w.audience", text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Each warning as `code: underlined text | related text | …`.
fn warnings(text: &str) -> Vec<String> {
    let engine = engine(text);
    let told = engine.warnings().iter().map(|warning| {
        let mut line = format!("{}: {}", warning.code, engine.sources().slice(warning.span));
        for related in &warning.related {
            write!(line, " | {}", engine.sources().slice(related.span)).unwrap();
        }
        line
    });
    told.collect()
}

#[track_caller]
fn check(condition: &str, expected: &[&str]) {
    let text = frame(&format!("audience a {{ who {condition} }}"));
    assert_eq!(warnings(&text), expected, "{condition}");
}

// ---- conditions that never or always hold

#[test]
fn contradictions_are_told_with_their_places() {
    for (first, last) in [
        ("trait x > 5", "trait x < 3"),
        ("trait x > 5", "trait x <= 5"),
        ("trait x > 5", "trait x = 5"),
        ("trait x = 1", "trait x = 2"),
        ("trait x = \"a\"", "trait x = \"b\""),
        ("trait x = \"a\"", "trait x != \"a\""),
        ("trait x = \"a\"", "trait x > 1"),
        ("trait x = \"a\"", "trait x = true"),
        ("trait x = true", "trait x = false"),
        ("trait x = 2026-01-01", "trait x = 2026-01-02"),
        ("trait x = 2026-01-01", "trait x = 5"),
        ("trait x in [1, 2]", "trait x = 3"),
        ("trait x in [1, 2]", "trait x in [3, \"a\"]"),
        ("trait x in [1, 2]", "trait x not in [2, 1, 0]"),
        ("trait x in [1, 2]", "trait x > 2"),
        ("trait x exists", "trait x does not exist"),
        ("trait x = 1", "trait x does not exist"),
        ("trait x != 1", "not trait x exists"),
        ("trait x before 2020-01-01", "trait x after 2021-01-01"),
        ("trait x before 2020-01-01", "trait x after 2020-01-01"),
        ("trait x within last 3 days", "trait x before last 3 days"),
        ("trait x within last 3 days", "trait x within next 3 days"),
        ("trait x after next 3 days", "trait x within next 2 days"),
        ("trait x after next 1 day", "trait x = 7"),
        ("trait x starts with \"a\"", "trait x starts with \"b\""),
        ("trait x starts with \"ab\"", "trait x does not contain \"b\""),
        ("trait x = \"abc\"", "trait x ends with \"b\""),
        (
            "trait x contains any of [\"a\", \"b\"]",
            "not trait x contains any of [\"b\", \"a\", \"c\"]",
        ),
        ("trait x contains \"a\"", "trait x does not contain \"a\""),
        ("trait x > trait y", "not trait x > trait y"),
        ("performed \"E\" at least 3 times", "performed \"E\" at most 2 times"),
        ("performed \"E\" exactly 2 times", "performed \"E\" exactly 3 times"),
        ("performed \"E\" within 7 days", "not performed \"E\" within 7 days"),
        (
            "performed \"E\" within 7 days",
            "performed \"E\" exactly 0 times within 30 days",
        ),
        ("performed \"E\" where (p = 1)", "not performed \"E\""),
        (
            "performed \"E\" at least 2 times then performed \"F\"",
            "performed \"E\" at most 1 time",
        ),
        ("consent A is denied", "consent to A"),
        ("consent A is denied", "consent A is conflicted"),
        ("consent to A", "not consent A is granted"),
        ("member of used", "not member of used"),
        ("any trait l (item = 1)", "not any trait l (item = 1)"),
        ("(trait x = 1 or trait y = 1)", "not (trait y = 1 or trait x = 1)"),
        ("not (trait x = 1 or trait y = 1)", "trait x = 1"),
        ("(trait x = 1 or trait x = 2)", "trait x > 2"),
    ] {
        let expected = format!("never-holds: {last} | {first}");
        check(&format!("{first} and {last}"), &[&expected]);
        // The innocent are not named, and brackets of the same kind make no difference.
        check(
            &format!("trait z = 1 and ({first} and (performed \"G\" and {last}))"),
            &[&expected],
        );
        // It is the group that never holds, not all around it.
        check(&format!("member of used or ({first} and {last})"), &[&expected]);
    }
    check(
        "performed \"E\" where (p > 5 and q = 1 and p < 3)",
        &["never-holds: p < 3 | p > 5"],
    );
    check(
        "any trait l (price > 5 and any tags (item = 1 and item = 2))",
        &["never-holds: item = 2 | item = 1"],
    );
    check(
        "(trait x = 1 or trait y = 1) and not trait x = 1 and trait z = 1 and not trait y = 1",
        &["never-holds: not trait y = 1 | (trait x = 1 or trait y = 1) | not trait x = 1"],
    );
}

#[test]
fn what_always_holds_is_told() {
    for (first, last) in [
        ("trait x > 5", "not trait x > 5"),
        ("not trait x > 5", "trait x > 3"),
        ("trait x exists", "trait x does not exist"),
        ("trait x exists", "trait x does not contain \"a\""),
        ("not trait x = 1", "not trait x = 2"),
        ("performed \"E\" at most 2 times", "performed \"E\" at least 2 times"),
        ("performed \"E\" exactly 0 times", "performed \"E\""),
        (
            "performed \"E\" within 30 days",
            "performed \"E\" exactly 0 times within 7 days",
        ),
        ("consent to A", "not consent to A"),
        ("member of used", "not member of used"),
    ] {
        let expected = format!("always-holds: {last} | {first}");
        check(&format!("{first} or {last}"), &[&expected]);
        check(&format!("(trait z = 1 or {first}) or {last}"), &[&expected]);
        check(&format!("member of used and ({first} or {last})"), &[&expected]);
    }
    check(
        "consent A is granted or consent A is denied or consent A is conflicted or consent A is not collected",
        &[
            "always-holds: consent A is not collected | consent A is granted | consent A is denied | consent A is conflicted",
        ],
    );
}

#[test]
fn what_can_hold_is_not_warned_of() {
    for condition in [
        // One value is read as several types.
        "trait x = \"5\" and trait x = 5",
        "trait x = 5 and trait x != \"5\"",
        "trait x = \"true\" and trait x = true",
        "trait x = \"2026-01-01\" and trait x = 2026-01-01",
        "trait x = 5 and trait x contains \".0\"",
        "trait x > 5 and trait x starts with \"1e\"",
        // Lists and what is absent.
        "trait x contains \"a\" and trait x contains \"b\" and trait x != \"a\"",
        "trait x > 5 or trait x <= 5",
        "trait x = 1 or trait x != 1",
        "trait x exists or trait x = 1",
        "trait x != 1 and trait x not in [2]",
        "trait x does not exist and trait x does not contain \"a\"",
        "trait x contains \"a\" and not trait x starts with \"\"",
        "trait x = \"abc\" and trait x ends with \"bc\" and trait x starts with \"ab\"",
        // One choice has to be taken back for another.
        "(consent A is denied or member of used) and (consent A is denied or not member of used)",
        // Between the two there is something.
        "trait x > 5 and trait x < 6",
        "trait x >= 5 and trait x <= 5",
        "trait x after 2020-01-01 and trait x before 2020-01-02",
        // It depends on when it is asked.
        "trait x before 2020-01-01 and trait x within last 7 days",
        // Other values, events, windows.
        "trait x > 5 and trait y < 3",
        "trait x = 1 and trait x.y = 1",
        "performed \"E\" and not performed \"F\"",
        "performed \"E\" within 30 days and performed \"E\" exactly 0 times within 7 days",
        "performed \"E\" and not performed \"E\" where (p = 1)",
        "performed \"E\" where (p = 1) and not performed \"E\" where (p = 2)",
        "performed \"E\" and performed \"E\" exactly 0 times before 2026-01-01",
        "performed \"E\" between 7 and 30 days ago and performed \"E\" exactly 0 times within 7 days",
        "performed \"E\" then performed \"F\" and performed \"E\" then not performed \"F\"",
        "consent A is denied and consent to B",
        "consent A is denied or consent A is not collected or consent to A",
        "any trait l (item = 1) and any trait l (item = 2)",
        "trait x > trait y and trait x < trait z",
        // Said twice is only said twice.
        "trait x = 1 and trait x = 1",
    ] {
        check(condition, &[]);
    }
}

#[test]
fn clauses_are_part_of_what_an_audience_asks_for() {
    let told = warnings(&frame("audience a { who consent A is denied consent to B and A }"));
    assert_eq!(told, ["never-holds: A | consent A is denied"]);
    let told = warnings(&frame(
        "audience a { consent to A who trait x = 1 and not consent to A send to ads }",
    ));
    assert_eq!(
        told,
        ["never-holds: consent to A | not consent to A"],
        "and no second warning"
    );
    let told = warnings(&frame(
        "audience a { who consent A is denied or trait x = 1 consent to A }",
    ));
    assert_eq!(told, [""; 0]);
}

// ---- deliveries

#[test]
fn an_audience_of_those_who_refused_is_not_sent_where_consent_is_required() {
    let refusers = "audience refusers { who trait y = 1 and (consent B is denied or consent B is not collected) }\n";
    for (who, reason) in [
        ("consent A is denied", Some("consent A is denied")),
        ("trait x = 1 and not consent to B", Some("not consent to B")),
        (
            "consent B is denied or consent B is conflicted",
            Some("consent B is denied or consent B is conflicted"),
        ),
        (
            "not (consent to A and consent to B)",
            Some("not (consent to A and consent to B)"),
        ),
        (
            "member of refusers",
            Some("(consent B is denied or consent B is not collected)"),
        ),
        ("consent A is denied or trait x = 1", None),
        ("not member of refusers", None),
        ("member of refusers or trait x = 1", None),
        ("consent to A", None),
    ] {
        let audience = format!("{refusers}audience a {{ who {who} send to crm, ads }}");
        let expected: Vec<String> = reason
            .map(|reason| format!("nobody-delivered: ads | {reason}"))
            .into_iter()
            .collect();
        assert_eq!(warnings(&frame(&audience)), expected, "{who}");
        let off = frame(&format!("consent enforcement off\n{audience}"));
        assert_eq!(warnings(&off), [""; 0], "{who}");
        let disabled = frame(&audience).replace("category A", "category A disabled");
        let disabled = disabled.replace("category B", "category B disabled");
        assert_eq!(warnings(&disabled), [""; 0], "{who}");
    }
}

// ---- words

#[test]
fn not_before_a_funnel_is_told_and_brackets_say_that_it_is_meant() {
    let funnel = "performed \"E\" then performed \"F\"";
    let expected = format!("negated-funnel: not | {funnel}");
    check(&format!("not {funnel}"), &[&expected]);
    check(&format!("trait x = 1 and (trait y = 2 or not {funnel})"), &[&expected]);
    check(&format!("not ({funnel})"), &[]);
    check(&format!("not (trait x = 1 and {funnel})"), &[]);
    check("not performed \"E\"", &[]);
    check("performed \"E\" then not performed \"F\"", &[]);
}

#[test]
fn a_count_under_then_not_is_told() {
    let of = |count: &str| format!("performed \"E\" then not performed \"F\" {count} within 1 day");
    for count in [
        "at least 2 times",
        "at most 1 time",
        "at most 0 times",
        "exactly 1 time",
        "exactly 0 times",
    ] {
        check(&of(count), &[&format!("negated-count: {count} | not")]);
        check(&of(count).replace("then not", "then"), &[]);
    }
    check(&of("at least 1 time"), &[]);
    check(&of(""), &[]);
}

/// The help says how to write the same without `not`.
#[test]
fn a_count_without_not_says_the_same() {
    for (count, without) in [
        ("at least 2 times", "at most 1 time"),
        ("at most 1 time", "at least 2 times"),
        ("at most 0 times", "at least 1 time"),
        ("exactly 0 times", ""),
    ] {
        let text = format!(
            "audience not_so {{ who performed \"E\" then not performed \"F\" {count} within 2 days }}\n\
             audience so {{ who performed \"E\" then performed \"F\" {without} within 2 days }}"
        );
        let engine = engine(&text);
        let help = engine.warnings()[0].help.as_deref().unwrap();
        let said = format!("write `then performed \"F\" {without}`");
        let none = "write `then performed \"F\"` to say the same";
        assert!(
            help.starts_with(if without.is_empty() { none } else { &said }),
            "{help}"
        );
        for events in 0..3u32.pow(5) {
            let mut profile = Profile::builder().user_id("u1");
            for day in 0..5 {
                let name = match events / 3u32.pow(day) % 3 {
                    0 => continue,
                    1 => "E",
                    _ => "F",
                };
                let at = Timestamp::from_millis(now().as_millis() - i64::from(day) * DAY / 2);
                profile = profile.event(name, at, Vec::<(&str, Value)>::new());
            }
            let profile = profile.build();
            let member = |audience| engine.is_member(audience, &profile, now()).unwrap();
            assert_eq!(member("not_so"), member("so"), "{count}: {events}");
        }
    }
}

#[test]
fn a_path_that_names_the_part_of_the_event_is_told() {
    for (condition, path) in [
        ("performed \"E\" where (properties.revenue > 50)", "properties.revenue"),
        (
            "performed \"E\" where (not (x = 1 and event.revenue exists))",
            "event.revenue",
        ),
        ("performed \"E\" where (context.page.url = \"/\")", "context.page.url"),
        (
            "performed \"E\" where (any properties.products (price > 5))",
            "properties.products",
        ),
        (
            "performed \"E\" then performed \"F\" where (properties.x = 1)",
            "properties.x",
        ),
        (
            "performed \"E\" as e then performed \"F\" where (x = e.properties.x)",
            "properties.x",
        ),
        ("performed \"E\" where (x > trait traits.limit)", "traits.limit"),
        ("trait traits.plan = \"pro\"", "traits.plan"),
        (
            "member of used or not trait context.traits.plan exists",
            "context.traits.plan",
        ),
        ("any trait traits.tags (item = 1)", "traits.tags"),
    ] {
        check(condition, &[&format!("doubtful-path: {path}")]);
    }
    for condition in [
        // The word alone may be a name like any other, and so may it further down, in an element, or of the other kind.
        "performed \"E\" where (properties exists and event = 1 and x.properties.y = 1)",
        "performed \"E\" where (any products (properties.size = 1))",
        "performed \"E\" where (traits.x = 1) and trait properties.x = 1 and trait event.x = 1",
        "trait traits exists and trait context = 1",
        // That is the property `x` of the event called `event`.
        "performed \"E\" as \"event\" then performed \"F\" where (x = \"event\".x)",
    ] {
        check(condition, &[]);
    }
    let computed = "trait sum_of_it = sum of properties.x from \"E\" where (event.y = 1)\n\
        audience a { who trait sum_of_it > 1 }\n\
        audience b of accounts { who account trait traits.seats > 1 and any user (trait traits.x = 1) }";
    let expected = ["properties.x", "event.y", "traits.seats", "traits.x"];
    assert_eq!(
        warnings(computed),
        expected.map(|path| format!("doubtful-path: {path}"))
    );
    // What a schema declares is meant, for each kind of its own.
    let asked = "audience a { who trait traits.x = \"1\" and performed \"E\" where (properties.x > 1) }\n\
        audience b of accounts { who account trait traits.x = \"1\" }";
    let (events, traits) = ("event \"E\" { properties.x: number }", "trait traits.x: string");
    let accounts = "account trait traits.x: string";
    for (schemas, expected) in [
        (String::new(), 3),
        (events.to_owned(), 2),
        (traits.to_owned(), 2),
        (format!("{events}\n{traits}"), 1),
        (format!("{events}\n{traits}\n{accounts}"), 0),
    ] {
        assert_eq!(warnings(&format!("{schemas}\n{asked}")).len(), expected, "{schemas}");
    }
}

#[test]
fn rules_by_which_two_people_can_become_one_are_told() {
    for (rules, expected) in [
        ("user_id limit 2", &["2"][..]),
        ("user_id limit 1 per year", &["1 per year"]),
        ("phone limit 3 user_id limit 1", &["user_id | phone"]),
        ("email limit 1 phone limit 1 user_id limit 1", &["user_id | email"]),
        ("email limit 1 user_id limit 3", &["user_id | email", "3"]),
        ("userid limit 1", &["userid"]),
        ("groupid limit 1", &["groupid"]),
        (
            "user_id limit 1 \"e-mail\" limit 1 android_id limit 2",
            &["\"e-mail\"", "android_id"],
        ),
        // Those of the guide, and what stands behind `user_id` where it is not listed.
        (
            "user_id limit 1 email limit 5 per year \"android.id\" limit 5 per month phone limit 3",
            &[],
        ),
        ("email limit 2 crm_id limit 1", &[]),
        ("block \"test\"", &[]),
    ] {
        let expected: Vec<String> = expected
            .iter()
            .map(|place| format!("risky-identity: {place}"))
            .collect();
        let told = warnings(&frame(&format!("identity {{ {rules} }}")));
        assert_eq!(told, expected, "{rules}");
    }
}

// ---- what nothing uses

#[test]
fn what_nothing_uses_is_told() {
    let text = "category A\ncategory B\ncategory C disabled\ncategory D\ncategory E\ncategory F\n\
        destination used requires A\ndestination unused requires B, C\n\
        audience a { who consent D is denied consent to E send to used }";
    assert_eq!(warnings(text), ["unused-category: F", "unused-destination: unused"]);
    // A trait is read by a condition or by another computed trait; a user's and an account's are not the same.
    let text = "trait a = count of \"E\"\ntrait b = count of \"E\" where (x > trait a)\ntrait c = count of \"E\"\n\
        account trait a = count of \"E\"\naccount trait d = sum of x from \"E\"\naccount trait e = last of x from \"E\"\n\
        audience u { who trait b > 1 and any trait c (item = 1) }\n\
        audience v of accounts { who account trait d > trait e }";
    assert_eq!(warnings(text), ["unused-trait: a"]);
    assert_eq!(
        warnings("destination d"),
        ["silent-destination: d", "unused-destination: d"]
    );
}

#[test]
fn nothing_is_said_to_be_unused_because_of_an_error() {
    let text = "category A\ndestination d requires nothing\naudience a { who trait x = send to d }";
    let Err(volens::Error::Definitions(errors)) = Engine::from_text("w.audience", text) else {
        panic!("there is an error in it");
    };
    assert!(errors.diagnostics().iter().all(Diagnostic::is_error));
}

// ---- how it is told

#[test]
fn warnings_read_like_this() {
    let (mut all, mut seen) = (String::new(), BTreeSet::new());
    for audience in [
        "audience a { who trait x > 5 and trait x < 3 }",
        "audience a { who trait x = 1 and (trait y = 2 or trait y = 3) and not trait y in [2, 3] }",
        "audience a { who (trait x = 1 or trait y = 1) and not trait x = 1 and not trait y = 1 }",
        "audience a { who consent A is denied and consent to A }",
        "audience a { who trait x exists or trait x does not exist }",
        "audience a { who consent A is denied or consent A is granted or consent A is conflicted or consent A is not collected }",
        "audience a { who consent A is denied consent to A }",
        "audience a { who not consent to A send to ads }",
        "audience refusers { who consent B is denied }\naudience a { who member of refusers send to ads }",
        "audience a { who not performed \"Cart Viewed\" then performed \"Order Completed\" }",
        "audience a { who performed \"E\" then not performed \"F\" exactly 1 time }",
        "audience a { who performed \"E\" then not performed \"F\" at least 2 times }",
        "audience a { who performed \"E\" then not performed \"F\" at most 2 times }",
        "audience a { who performed \"E\" then not performed \"F\" exactly 0 times }",
        "category C\ndestination d requires nothing\ntrait orders = count of \"E\"",
        "destination d",
        "audience a { who performed \"E\" where (properties.revenue > 50) or trait traits.plan = \"pro\" }",
        "audience a { who performed \"E\" where (context.page.url = \"/\") }",
        "audience a of accounts { who account trait traits.plan = \"pro\" }",
        "identity { phone limit 1 user_id limit 2 userid limit 1 }",
        "identity { user_id limit 1 per week groupid limit 1 }",
    ] {
        let engine = engine(&frame(audience));
        for warning in engine.warnings() {
            assert!(!warning.is_error() && warning.help.is_some());
            assert!(Code::WARNINGS.contains(&warning.code));
            seen.insert(warning.code);
            writeln!(all, "{}\n", warning.to_text(engine.sources())).unwrap();
        }
    }
    assert_eq!(seen.len(), Code::WARNINGS.len());
    insta::with_settings!({omit_expression => true}, {
        insta::assert_snapshot!("warnings", all);
    });
}

// ---- no warning is wrong

const LITERALS: [&str; 12] = [
    "1",
    "2",
    "1.5",
    "\"1\"",
    "\"2.0\"",
    "\"a\"",
    "\"ab\"",
    "\"true\"",
    "true",
    "2026-06-29",
    "\"2026-06-29\"",
    "2026-07-02T00:00Z",
];

/// Values around the literals, of every kind and in every form.
const VALUES: [&str; 36] = [
    "null",
    "{}",
    "{\"a\": 1}",
    "[]",
    "[1]",
    "[\"1\"]",
    "[\"a\", 2]",
    "[\"2.0\", true]",
    "[\"ab\", \"1.0\", \"2026-06-29\"]",
    "[1.5, null, {}]",
    "true",
    "false",
    "\"true\"",
    "0",
    "1",
    "\"1\"",
    "\"1.0\"",
    "1.2",
    "1.5",
    "\"1.50\"",
    "1.7",
    "2",
    "\"2.0\"",
    "\"2.00\"",
    "3",
    "\"a\"",
    "\"ab\"",
    "\"b\"",
    "\"ba\"",
    "\"\"",
    "\"2026-06-29\"",
    "\"2026-06-29T00:00Z\"",
    "\"2026-06-28\"",
    "\"2026-06-30T00:00:00.000Z\"",
    "\"2026-07-02\"",
    "\"2027-01-01\"",
];

fn literal() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(&LITERALS[..])
}

/// The tests of which the warnings know exactly what they tell apart.
fn exact_test() -> impl Strategy<Value = String> {
    let number = prop::sample::select(&["1", "1.5", "2"][..]);
    let comparison = prop::sample::select(&["<", "<=", ">", ">="][..]);
    let list = || prop::collection::vec(literal(), 1..3).prop_map(|list| list.join(", "));
    prop_oneof![
        Just("exists".to_owned()),
        Just("does not exist".to_owned()),
        literal().prop_map(|literal| format!("= {literal}")),
        literal().prop_map(|literal| format!("!= {literal}")),
        (comparison, number).prop_map(|(comparison, number)| format!("{comparison} {number}")),
        list().prop_map(|list| format!("in [{list}]")),
        list().prop_map(|list| format!("not in [{list}]")),
        prop::sample::select(&["before", "after"][..]).prop_map(|word| format!("{word} 2026-06-29")),
    ]
}

fn test() -> impl Strategy<Value = String> {
    let no_date = || literal().prop_filter("dates are no text", |literal| !literal.starts_with("2026"));
    let window = prop::sample::select(&["within last", "within next", "before last", "after next"][..]);
    let days = prop::sample::select(&["1 day", "2 days", "60 hours"][..]);
    let list = || prop::collection::vec(literal(), 1..3).prop_map(|list| list.join(", "));
    prop_oneof![
        4 => exact_test(),
        1 => literal().prop_map(|literal| format!("contains {literal}")),
        1 => literal().prop_map(|literal| format!("does not contain {literal}")),
        1 => list().prop_map(|list| format!("contains any of [{list}]")),
        1 => no_date().prop_map(|literal| format!("starts with {literal}")),
        1 => no_date().prop_map(|literal| format!("ends with {literal}")),
        1 => (window, days).prop_map(|(window, days)| format!("{window} {days}")),
        1 => Just("= trait other".to_owned()),
        1 => Just("< trait other".to_owned()),
    ]
}

fn leaf() -> impl Strategy<Value = String> {
    let state = prop::sample::select(&["granted", "denied", "conflicted", "not collected"][..]);
    let category = prop::sample::select(&["A", "B"][..]);
    let count = prop::sample::select(
        &[
            "",
            " at least 2 times",
            " at most 1 time",
            " exactly 0 times",
            " exactly 2 times",
        ][..],
    );
    let window = prop::sample::select(
        &[
            "",
            " within 2 days",
            " within 4 days",
            " before 2026-06-29",
            " between 1 and 3 days ago",
        ][..],
    );
    let filter = prop::sample::select(&["", " where (p = 1)", " where (p > 1)"][..]);
    let next = prop::sample::select(&["", "", " then performed \"F\"", " then not performed \"E\""][..]);
    let path = prop::sample::select(&["x", "x", "x", "other"][..]);
    prop_oneof![
        6 => (path, test()).prop_map(|(path, test)| format!("trait {path} {test}")),
        2 => (category, state).prop_map(|(category, state)| format!("consent {category} is {state}")),
        3 => (count, window, filter, next).prop_map(|(count, window, filter, next)| {
            format!("performed \"E\"{count}{window}{filter}{next}")
        }),
        1 => Just("member of used".to_owned()),
        1 => Just("any trait x (item = 1)".to_owned()),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    leaf().prop_recursive(3, 12, 4, |inner| {
        let joined = |word: &'static str| {
            prop::collection::vec(inner.clone(), 2..4).prop_map(move |parts| format!("({})", parts.join(word)))
        };
        prop_oneof![
            3 => joined(" and "),
            3 => joined(" or "),
            2 => inner.clone().prop_map(|inner| format!("not {inner}")),
        ]
    })
}

fn profile() -> impl Strategy<Value = Profile> {
    let value = || prop::sample::select(&VALUES[..]);
    let state = || prop::sample::select(&ConsentState::ALL[..]);
    let event = (
        prop::sample::select(&["E", "E", "F"][..]),
        0..6i64,
        prop::sample::select(&VALUES[..]),
    );
    (value(), value(), state(), state(), prop::collection::vec(event, 0..4)).prop_map(|(x, other, a, b, events)| {
        let json = |text: &str| volens::value::parse(text).unwrap();
        let profile = Profile::builder()
            .user_id("u1")
            .trait_("x", json(x))
            .trait_("other", json(other))
            .consent("A", a)
            .consent("B", b);
        let happened = events.into_iter().fold(profile, |profile, (name, days, p)| {
            let at = Timestamp::from_millis(now().as_millis() - days * DAY);
            profile.event(name, at, vec![("p", json(p))])
        });
        happened.build()
    })
}

/// The condition that a warning speaks of: all that it underlines, joined.
fn spoken_of(warning: &Diagnostic, engine: &Engine) -> Option<(String, bool)> {
    let (joiner, holds) = match warning.code {
        Code::NeverHolds => (" and ", false),
        Code::AlwaysHolds => (" or ", true),
        _ => return None,
    };
    let spans = warning.related.iter().map(|label| label.span).chain([warning.span]);
    let parts: Vec<String> = spans
        .map(|span| format!("({})", engine.sources().slice(span)))
        .collect();
    Some((parts.join(joiner), holds))
}

fn at_least(cases: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig {
        cases: config.cases.max(cases),
        failure_persistence: None,
        ..config
    }
}

proptest! {
    #![proptest_config(at_least(1500))]

    #[test]
    fn no_profile_refutes_a_warning(
        condition in condition(),
        profiles in prop::collection::vec(profile(), 40),
    ) {
        let warned = engine(&frame(&format!("audience a {{ who {condition} }}")));
        for warning in warned.warnings() {
            let Some((spoken_of, expected)) = spoken_of(warning, &warned) else { continue };
            let text = frame(&format!("audience told {{ who {spoken_of} }}"));
            let told = engine(&text);
            for profile in &profiles {
                let holds = told.is_member("told", profile, now()).unwrap();
                prop_assert_eq!(holds, expected, "{}: {:?}", spoken_of, profile);
            }
        }
    }

    /// Where no value of any kind makes a group of such tests hold, that is told; and where one does, it is not.
    #[test]
    fn tests_on_one_value_are_told_exactly(
        parts in prop::collection::vec((any::<bool>(), exact_test()), 2..5),
        and in any::<bool>(),
    ) {
        let parts: Vec<String> = parts
            .into_iter()
            .map(|(negated, test)| format!("{}trait x {test}", if negated { "not " } else { "" }))
            .collect();
        let condition = parts.join(if and { " and " } else { " or " });
        let engine = engine(&frame(&format!("audience a {{ who {condition} }}")));
        let holds = |value: &&str| {
            let value = volens::value::parse(value).unwrap();
            let profile = Profile::builder().user_id("u1").trait_("x", value).build();
            engine.is_member("a", &profile, now()).unwrap()
        };
        let never = !VALUES.iter().any(&holds);
        let always = VALUES.iter().all(holds);
        let told = |code| engine.warnings().iter().any(|warning| warning.code == code);
        prop_assert_eq!(told(Code::NeverHolds), and && never, "{}", condition);
        prop_assert_eq!(told(Code::AlwaysHolds), !and && always, "{}", condition);
    }
}
