//! What an explanation says is what evaluation says, over generated conditions and profiles.

use proptest::prelude::*;
use volens::compile::Outline;
use volens::eval::{Row, evaluate, holds};
use volens::explain::{Condition, Kind};
use volens::{ConsentState, Engine, Profile, Timestamp, Value};

use super::{now, value};

const FRAME: &str = "category Advertising\naudience other { who trait plan = \"pro\" consent to Advertising }\n";

fn leaf() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        r#"trait plan = "pro""#,
        r#"trait plan != "pro""#,
        "trait plan exists",
        "trait plan does not exist",
        "trait n >= 5",
        "trait n < 5",
        "trait n = trait m",
        r#"trait tags contains "x""#,
        r#"trait tags does not contain "x""#,
        "trait plan does not contain trait m",
        r#"any trait tags (item = "x" or item does not exist)"#,
        r#"any trait tags (not (item = "x" and not item = "y"))"#,
        "consent to Advertising",
        "consent Advertising is denied",
        "member of other",
        r#"performed "A""#,
        r#"performed "A" at most 1 time within 3 days where (k = 1 or not k exists)"#,
        r#"performed "A" exactly 0 times where (k = 1 and (k exists and k < 2))"#,
        r#"performed "A" as a then not performed "B" within 1 day where (k = a.k)"#,
        r#"performed "A" at least 2 times then performed "B" where (k does not exist)"#,
        r#"performed "A" as a then performed "B" then performed "C" at most 1 time where (k = a.k or k = 2)"#,
    ])
    .prop_map(str::to_owned)
}

fn condition() -> impl Strategy<Value = String> {
    leaf().prop_recursive(4, 24, 3, |inner| {
        let joined = |word: &'static str| move |parts: Vec<String>| format!("({})", parts.join(word));
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(joined(" and ")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(joined(" or ")),
            inner.prop_map(|inner| format!("not {inner}")),
        ]
    })
}

fn profile() -> impl Strategy<Value = Profile> {
    let maybe = |values: Vec<&'static str>| prop::option::of(prop::sample::select(values));
    let events = prop::collection::vec((0..3usize, 0i64..6, prop::option::of(1..3i32)), 0..10);
    (
        maybe(vec![r#""pro""#, r#""free""#, "5", "[]"]),
        maybe(vec!["4", "5", r#""5""#]),
        maybe(vec!["5", r#""pro""#]),
        maybe(vec![r#"["x","y"]"#, r#"[null]"#, "[]", r#""x""#]),
        prop::sample::select(&ConsentState::ALL[..]),
        any::<bool>(),
        events,
    )
        .prop_map(|(plan, n, m, tags, consent, known, events)| {
            let mut profile = Profile::builder().consent("Advertising", consent);
            profile = if known {
                profile.user_id("u1")
            } else {
                profile.identifier("anonymous_id", "a1")
            };
            for (key, json) in [("plan", plan), ("n", n), ("m", m), ("tags", tags)] {
                if let Some(json) = json {
                    profile = profile.trait_(key, value(json));
                }
            }
            for (name, day, k) in events {
                let time = Timestamp::from_millis(now().as_millis() - day * 86_400_000 / 2);
                profile = profile.event(["A", "B", "C"][name], time, k.map(|k| ("k", Value::from(k))));
            }
            profile.build()
        })
}

/// Every written condition on the profile holds as its node does; the parts of a filter agree with one another.
fn agrees(engine: &Engine, row: &Row<'_>, outline: &Outline, told: &Condition) -> Result<(), TestCaseError> {
    prop_assert_eq!(engine.sources().slice(outline.span), &told.source);
    let of_node = holds(engine.program(), outline.node, row, &[], &mut ());
    prop_assert_eq!(told.holds, Some(of_node), "{}", told.source);
    consistent(told)?;
    if matches!(told.kind, Kind::And | Kind::Or | Kind::Not) {
        prop_assert_eq!(outline.children.len(), told.children.len());
        for (outline, told) in outline.children.iter().zip(&told.children) {
            agrees(engine, row, outline, told)?;
        }
    }
    Ok(())
}

fn consistent(told: &Condition) -> Result<(), TestCaseError> {
    prop_assert!(!told.because.is_empty(), "{}", told.source);
    let parts: Option<Vec<bool>> = told.children.iter().map(|child| child.holds).collect();
    match (told.kind, parts) {
        (Kind::And, Some(parts)) => prop_assert_eq!(told.holds, Some(parts.iter().all(|holds| *holds))),
        (Kind::Or, Some(parts)) => prop_assert_eq!(told.holds, Some(parts.iter().any(|holds| *holds))),
        (Kind::Not, Some(parts)) => prop_assert_eq!(told.holds, Some(!parts[0])),
        (Kind::And | Kind::Or | Kind::Not, None) => prop_assert_eq!(told.holds, None),
        // Some element passes exactly if the one that is shown does.
        (Kind::Any, Some(parts)) if told.holds.is_some() => prop_assert_eq!(told.holds, parts.last().copied()),
        _ => {}
    }
    told.children.iter().try_for_each(consistent)
}

proptest! {
    #[test]
    fn an_explanation_says_what_evaluation_says(condition in condition(), clauses in 0..4u8, profile in profile()) {
        let consent = if clauses & 1 == 1 { "consent to Advertising" } else { "" };
        let anonymous = if clauses & 2 == 2 { "include anonymous" } else { "" };
        let text = format!("{FRAME}audience a {{ who {condition} {consent} {anonymous} }}");
        let engine = Engine::from_text("w.audience", &text).unwrap();
        let why = engine.explain("a", &profile, now()).unwrap();
        prop_assert_eq!(why.member, engine.is_member("a", &profile, now()).unwrap());
        prop_assert_eq!(why.conditions.holds, Some(why.member));
        let mut row = Row::new(engine.program(), &profile, now());
        evaluate(engine.program(), &mut row, &[]);
        let audience = engine.program().audience("a").unwrap();
        let who = engine.places().outline(audience).unwrap().who.as_ref().unwrap();
        agrees(&engine, &row, who, &why.conditions.children[1])?;
        // The text says no other thing.
        let mark = if why.member { " is a member of a" } else { " is not a member of a" };
        prop_assert!(why.to_string().contains(mark));
        prop_assert_eq!(engine.explain("a", &profile, now()).unwrap(), why);
    }
}
