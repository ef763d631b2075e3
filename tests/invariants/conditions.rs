//! Invariant 8: with constants, what is there and what is not, what contains and what does not, and each condition and its
//! `not` are exact complements; `=` and `!=` are not. All through the text of definitions. `tests/meaning` has the same of
//! whole workspaces; here are the values, each operator beside each.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};
use volens::{ConsentState, Engine, Profile, Timestamp};

use crate::routing::parsed;

/// Values that constants meet, of every kind; `null` is as good as absent.
fn value() -> impl Strategy<Value = Json> {
    let scalars = [
        json!(null),
        json!(true),
        json!(false),
        json!(5),
        json!(5.0),
        json!(-1),
        json!(9007199254740993_i64),
        json!(""),
        json!("5"),
        json!("5.0"),
        json!("true"),
        json!("pro"),
        json!("prod"),
        json!("2026-06-15"),
        json!("2026-06-15T00:00:00"),
    ];
    let scalar = || select(scalars.to_vec());
    prop_oneof![
        4 => scalar(),
        1 => vec(scalar(), 0..3).prop_map(Json::from),
        1 => scalar().prop_map(|inner| json!({"item": inner})),
    ]
}

const CONSTANTS: [&str; 8] = [
    r#""""#,
    r#""5""#,
    r#""true""#,
    r#""pro""#,
    "5",
    "9007199254740992",
    "true",
    "false",
];

fn constant() -> impl Strategy<Value = &'static str> {
    select(&CONSTANTS[..])
}

/// A test, without what it is about.
fn test() -> impl Strategy<Value = String> {
    let of_any = select(vec![
        "=",
        "!=",
        "contains",
        "does not contain",
        "starts with",
        "ends with",
    ]);
    let of_numbers = select(vec!["<", "<=", ">", ">="]);
    let of_lists = select(vec!["in", "not in", "contains any of"]);
    let alone = [
        "exists",
        "does not exist",
        "= 2026-06-15",
        "!= 2026-06-15",
        "before 2026-06-15",
        "after 2026-06-14T12:00:00Z",
        "within last 20 days",
        "within next 20 days",
        "before last 20 days",
        "after next 20 days",
    ];
    prop_oneof![
        3 => (of_any, constant()).prop_map(|(operator, constant)| format!("{operator} {constant}")),
        1 => (of_numbers, select(vec!["5", "-1.5", "9007199254740992"])).prop_map(|(o, c)| format!("{o} {c}")),
        1 => (of_lists, constant(), constant()).prop_map(|(o, one, other)| format!("{o} [{one}, {other}]")),
        2 => select(alone.to_vec()).prop_map(str::to_owned),
    ]
}

/// A filter on an event or an element.
fn filter(path: &'static str) -> impl Strategy<Value = String> {
    let one = test().prop_map(move |test| format!("{path} {test}"));
    one.prop_recursive(2, 4, 2, |inner| {
        let two = (select(vec!["and", "or"]), inner.clone(), inner.clone());
        prop_oneof![
            inner.prop_map(|filter| format!("not ({filter})")),
            two.prop_map(|(joiner, one, other)| format!("({one}) {joiner} ({other})")),
        ]
    })
}

/// A condition.
fn condition() -> impl Strategy<Value = String> {
    let modifiers = select(vec![
        "",
        "at least 2 times",
        "at most 1 time",
        "exactly 0 times",
        "within 20 days",
    ]);
    let performed =
        (modifiers, filter("x")).prop_map(|(modifier, filter)| format!(r#"performed "E" {modifier} where ({filter})"#));
    let followed = (select(vec!["then", "then not"]), filter("x"))
        .prop_map(|(then, filter)| format!(r#"performed "E" {then} performed "E" where ({filter})"#));
    let leaf = prop_oneof![
        4 => test().prop_map(|test| format!("trait x {test}")),
        1 => filter("item").prop_map(|filter| format!("any trait x ({filter})")),
        2 => performed,
        1 => followed,
        1 => select(ConsentState::ALL.to_vec()).prop_map(|state| format!("consent A is {state}")),
        1 => Just("consent to A".to_owned()),
        1 => Just("member of others".to_owned()),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let two = (select(vec!["and", "or"]), inner.clone(), inner.clone());
        prop_oneof![
            inner.prop_map(|condition| format!("not ({condition})")),
            two.prop_map(|(joiner, one, other)| format!("({one}) {joiner} ({other})")),
        ]
    })
}

fn now() -> Timestamp {
    Timestamp::parse("2026-06-30").unwrap()
}

/// A person with the trait `x`, an event `E` for each of these values of its property `x`, and a consent to `A`.
fn person(x: Option<&Json>, events: &[(Json, i64)], consent: ConsentState) -> Profile {
    let mut person = Profile::builder().user_id("u1").consent("A", consent);
    if let Some(x) = x {
        person = person.trait_("x", parsed(x));
    }
    for (x, day) in events {
        let time = Timestamp::from_millis(now().as_millis() - day * 86_400_000);
        person = person.event("E", time, [("x", parsed(x))]);
    }
    person.build()
}

/// Whether each of these conditions holds of somebody.
fn hold<const N: usize>(conditions: [&str; N], person: &Profile) -> [bool; N] {
    let audiences = conditions.iter().enumerate();
    let audiences: String = audiences
        .map(|(at, condition)| format!("audience a{at} {{ who {condition} }}\n"))
        .collect();
    let text = format!("category A\naudience others {{ who trait x exists }}\n{audiences}");
    let engine = Engine::from_text("conditions.audience", &text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    std::array::from_fn(|at| engine.is_member(&format!("a{at}"), person, now()).unwrap())
}

proptest! {
    #[test]
    fn invariant_8_a_condition_and_its_not_are_complements(
        condition in condition(),
        x in prop::option::of(value()),
        events in vec((value(), -1..40i64), 0..4),
        consent in select(ConsentState::ALL.to_vec()),
    ) {
        let person = person(x.as_ref(), &events, consent);
        let [holds, fails] = hold([&condition, &format!("not ({condition})")], &person);
        prop_assert_ne!(holds, fails, "{}", condition);
    }

    #[test]
    fn invariant_8_each_constant_makes_complements_and_equality_does_not(
        x in prop::option::of(value()),
        constant in constant(),
        other in constant(),
    ) {
        let there = x.as_ref().is_some_and(|x| !x.is_null());
        // Of a trait, and of a property of the only event.
        let event = [(x.clone().unwrap_or_default(), 1)];
        let person = person(x.as_ref(), &event, ConsentState::Granted);
        for (before, after) in [("trait x ", ""), (r#"performed "E" where (x "#, ")")] {
            let both = |one: &str, other: &str| {
                let [one, other] = [one, other].map(|test| format!("{before}{test}{after}"));
                hold([&one, &other], &person)
            };
            let [exists, absent] = both("exists", "does not exist");
            prop_assert_eq!([exists, absent], [there, !there]);
            let [contains, omits] = both(&format!("contains {constant}"), &format!("does not contain {constant}"));
            prop_assert_ne!(contains, omits, "{} {}", before, constant);
            // These are complements of what is there alone: neither holds of what is not.
            let [equal, different] = both(&format!("= {constant}"), &format!("!= {constant}"));
            prop_assert!(!(equal && different));
            prop_assert_eq!(equal || different, there);
            let list = format!("[{constant}, {other}]");
            let [within, without] = both(&format!("in {list}"), &format!("not in {list}"));
            prop_assert!(!(within && without));
            prop_assert_eq!(within || without, there);
        }
    }
}
