//! Audiences are asked by instructions, conditions by their nodes: each test on each value, where they could part.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what is no test function here serves tests alone"
)]

mod eval_support;

use eval_support::*;
use volens::eval::{Row, holds, matches};
use volens::ir::{
    Aggregate, AudienceSlot, Comparison, Count, DateTest, Function, Instant, Literal, NodeId, Program, Subject, Test,
    Trait, TraitSource, ValueRef,
};
use volens::time::Window;
use volens::{Profile, Value};

const TEXTS: [&str; 12] = [
    "",
    "5",
    "5.0",
    "true",
    "pro",
    "prod",
    "ample.com",
    "@example.com",
    "@example.comes.in",
    "a text of more than sixteen bytes",
    "2026-06-15",
    "äöü@example.com",
];
const NUMBERS: [&str; 12] = [
    "5",
    "5.000000000000001",
    "4.999999999999999",
    "0",
    "-1",
    "0.1",
    "9007199254740992",
    "9007199254740993",
    "9007199254740994",
    "18446744073709551615",
    "1e21",
    "-1e300",
];
const COMPARISONS: [Comparison; 4] = [
    Comparison::Less,
    Comparison::AtMost,
    Comparison::Greater,
    Comparison::AtLeast,
];

fn tests() -> Vec<Test> {
    let mut constants: Vec<Literal> = TEXTS.into_iter().map(text).collect();
    constants.extend(NUMBERS.into_iter().map(number));
    constants.extend([Literal::Boolean(true), Literal::Date(date("2026-06-15"))]);
    let mut tests = vec![Test::Exists, Test::Date(DateTest::Before(Instant::At(NOW)))];
    for constant in &constants {
        let of = || literal(constant.clone());
        tests.extend([
            Test::Equals(of()),
            Test::NotEquals(of()),
            Test::Contains(of()),
            Test::StartsWith(of()),
            Test::EndsWith(of()),
        ]);
        tests.extend(COMPARISONS.map(|comparison| Test::Compare(comparison, of())));
    }
    for list in [
        &constants[1..3],
        &constants[3..9],
        &constants[1..14],
        &constants[12..15],
        &constants,
    ] {
        tests.push(Test::OneOf(list.iter().cloned().collect()));
        tests.push(Test::NoneOf(list.iter().cloned().collect()));
    }
    tests
}

fn values() -> Vec<Value> {
    let mut values: Vec<Value> = TEXTS.into_iter().chain(NUMBERS).map(Value::from).collect();
    values.extend(NUMBERS.map(json));
    let others = [
        "null",
        "true",
        r#""someone@example.com""#,
        r#""someone@example.comes""#,
        r#"["5",5,"pro"]"#,
        r#"{"a":5}"#,
    ];
    values.extend(others.map(json));
    values
}

/// Each condition as an audience of its own.
fn audiences(mut s: Space, nodes: Vec<NodeId>) -> (Program, Vec<(NodeId, AudienceSlot)>) {
    let slots = nodes.into_iter().map(|node| (node, s.audience(Subject::User, node)));
    let slots = slots.collect();
    (s.checked(), slots)
}

/// How many audiences the profile is in, of which both say the same.
fn agreed(program: &Program, slots: &[(NodeId, AudienceSlot)], profile: &Profile) -> usize {
    let row = Row::new(program, profile, NOW);
    let same = |(node, slot): &&(NodeId, AudienceSlot)| {
        let by_node = holds(program, *node, &row, &[], &mut ());
        let by_instructions = matches(program, *slot, &row, &[]);
        assert_eq!(by_instructions, by_node, "{:?} of {profile:?}", program.node(*node));
        by_node
    };
    slots.iter().filter(same).count()
}

fn person() -> volens::model::ProfileBuilder {
    Profile::builder().user_id("u")
}

#[test]
fn each_test_on_each_trait() {
    // With few texts a word is a bit, with many a number.
    for more in [0, 100] {
        let mut s = Space::default();
        let mut tests = tests();
        tests.extend((0..more).map(|i| Test::Equals(literal(text(&format!("word {i}"))))));
        let nodes = tests.into_iter().map(|test| s.trait_("x", test)).collect();
        let (program, slots) = audiences(s, nodes);
        let mut members = agreed(&program, &slots, &person().build());
        for value in values() {
            members += agreed(&program, &slots, &person().trait_("x", value).build());
        }
        members += agreed(&program, &slots, &person().trait_("x", "word 7").build());
        assert!(members > 1000, "{members}");
    }
}

/// Two values at a time: a number that is no double makes a row ask all by its nodes.
#[test]
fn each_test_on_each_event() {
    let mut s = Space::default();
    let mut nodes = Vec::new();
    for test in tests() {
        let filter = s.filter("E", "x", test);
        for count in [Count::ONCE, exactly(1), at_most(0), at_least(2)] {
            nodes.push(s.funnel("E", within(days(3)), filter, count, vec![]));
        }
        let mut step = s.then("E");
        step.filter = filter;
        nodes.push(s.funnel("E", Window::ALL, filter, at_least(1), vec![step.clone()]));
        step.negated = true;
        step.within = Some(days(1));
        nodes.push(s.funnel("E", within(days(2)), filter, exactly(1), vec![step]));
    }
    let (program, slots) = audiences(s, nodes);
    let mut members = 0;
    let day = days(1).as_millis();
    for pair in values().windows(2) {
        let mut profile = person();
        for (at_day, value) in [-4, -3, -2, -1, 0, 1].into_iter().zip(pair.iter().cycle()) {
            profile = profile.event("E", at(at_day * day), [("x", value.clone())]);
        }
        members += agreed(&program, &slots, &profile.build());
    }
    assert!(members > 1000, "{members}");
}

#[test]
fn sums_beside_numbers() {
    let bounds = [
        "0",
        "0.3",
        "0.30000000000000004",
        "500",
        "499.999999999",
        "-0.000000001",
        "9007199.254740992",
        "9007199.254740993",
        "9007199.254740994",
        "9007199254740993",
        "1e18",
        "1e300",
    ];
    let sums: [&[&str]; 13] = [
        &[],
        &["0.1", "0.2"],
        &["0.1", "\"0.2\"", "true"],
        &["500"],
        &["499.999999999"],
        &["499.9999999994", "0.0000000006"],
        &["-0.000000001"],
        &["9007199.254740992"],
        &["9007199.254740993"],
        &["9007199.254740994"],
        &["9007199254740992", "1"],
        &["1e18", "500"],
        &["999999999999999999", "1", "-999999999999999999"],
    ];
    let mut s = Space::default();
    let (event, property) = s.property("E", "x");
    let mut nodes = Vec::new();
    for (function, window) in [
        (Function::Sum(property), within(days(3))),
        (Function::Sum(property), Window::ALL),
        (Function::Average(property), Window::ALL),
        (Function::Maximum(property), within(days(3))),
    ] {
        let source = TraitSource::Computed(Aggregate {
            name: format!("{function:?} {window:?}").into(),
            function,
            event,
            window,
            filter: s.yes(),
        });
        let slot = s.b.trait_slot(Trait {
            of: Subject::User,
            source,
        });
        for bound in bounds {
            let of = || literal(number(bound));
            let comparisons = COMPARISONS.map(|comparison| Test::Compare(comparison, of()));
            for test in comparisons
                .into_iter()
                .chain([Test::Equals(of()), Test::NotEquals(of())])
            {
                nodes.push(s.test(ValueRef::Trait(slot), test));
            }
        }
    }
    let (program, slots) = audiences(s, nodes);
    let mut members = 0;
    for values in sums {
        let mut profile = person().event("E", at(-days(3).as_millis()), [("x", 1.into())]);
        for value in values {
            profile = profile.event("E", at(-1), [("x", json(value))]);
        }
        members += agreed(&program, &slots, &profile.build());
    }
    assert!(members > 1000, "{members}");
}
