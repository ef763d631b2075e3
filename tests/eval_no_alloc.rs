//! Evaluating allocates nothing: what it needs is laid out when a row is bound.

mod eval_support;

use allocation_counter::measure;
use eval_support::*;
use volens::eval::{Reader, Row, evaluate, holds};
use volens::ir::{
    Aggregate, Comparison, Count, DateTest, Function, Literal, Node, Operand, Quantifier, Reference, Subject, Test,
    Trait, TraitSource, ValueRef,
};
use volens::time::{Duration, Window};
use volens::value::Object;
use volens::{ConsentState, Profile, Value};

/// Every kind of node and test, the answers of which are all needed.
fn space() -> Space {
    let mut s = Space::default();
    let category = s.category("A");
    let other = Reference::Trait(s.trait_slot(Subject::User, "other"));
    let tests = [
        Test::Exists,
        Test::Equals(literal(text("1e+21"))),
        Test::NotEquals(literal(number("5"))),
        Test::Equals(literal(Literal::Boolean(true))),
        Test::Compare(Comparison::Less, literal(number("5.5"))),
        Test::OneOf([text("a"), number("0.1"), Literal::Date(NOW)].into_iter().collect()),
        Test::NoneOf([text("a"), number("0.1")].into_iter().collect()),
        Test::Contains(literal(number("5"))),
        Test::ContainsAny(vec![text("x"), number("1e21")]),
        Test::StartsWith(literal(number("0.1"))),
        Test::EndsWith(Operand::Reference(other)),
        Test::Contains(Operand::Reference(other)),
        Test::Omits(other),
        Test::Date(DateTest::WithinLast(days(3))),
    ];
    let mut nodes = Vec::new();
    for name in ["text", "number", "big", "flag", "list", "date", "none", "object"] {
        for test in &tests {
            nodes.push(s.trait_(name, test.clone()));
        }
        let filter = s.test(ValueRef::Item(vec!["a".into()]), tests[2].clone());
        let list = ValueRef::Trait(s.trait_slot(Subject::User, name));
        nodes.push(s.b.leaf(Node::Element { list, filter }));
    }
    for state in ConsentState::ALL {
        nodes.push(s.b.leaf(Node::Consent { category, state }));
    }
    let filter = s.filter("E", "x", Test::Contains(literal(number("5"))));
    nodes.push(s.funnel("E", within(days(9)), filter, at_least(3), vec![]));
    let mut step = s.then("F");
    step.within = Some(Duration::from_millis(5));
    let mut last = s.then_not("G");
    let first = s.step_reference(0, "E", "x");
    last.filter = s.filter("G", "x", Test::Equals(Operand::Reference(first)));
    nodes.push(s.funnel("E", Window::ALL, filter, exactly(2), vec![step, last]));
    let (event, property) = s.property("E", "x");
    for function in [Function::Sum(property), Function::UniqueList(property)] {
        let source = TraitSource::Computed(Aggregate {
            name: "t".into(),
            function,
            event,
            window: Window::ALL,
            filter: s.yes(),
        });
        let slot = s.b.trait_slot(Trait {
            of: Subject::User,
            source,
        });
        nodes.push(s.test(ValueRef::Trait(slot), Test::Contains(literal(text("5")))));
    }
    for node in nodes.clone() {
        let slot = s.audience_with(Subject::User, node, vec![category], true);
        nodes.push(s.b.leaf(Node::Member(slot)));
    }
    for node in nodes {
        let not = s.b.not(node);
        s.audience(Subject::User, not);
        for quantifier in [Quantifier::Any, Quantifier::All, Quantifier::No] {
            let users = s.b.leaf(Node::Users {
                quantifier,
                condition: node,
            });
            s.audience(Subject::Account, users);
        }
    }
    s
}

fn profile(user: &str) -> Profile {
    let mut profile = Profile::builder()
        .identifier("user_id", user)
        .consent("A", ConsentState::Granted)
        .trait_("other", 5)
        .trait_("text", "15 x")
        .trait_("number", 0.1)
        .trait_("big", 1e21)
        .trait_("flag", true)
        .trait_("list", json(r#"[{"a":1e21},"5",5,0.1]"#))
        .trait_("date", "2026-06-29T12:00:00.5Z")
        .trait_("object", json(r#"{"a":1}"#));
    for i in 0..20 {
        for name in ["E", "F", "G"] {
            profile = profile.event(name, at(-i), [("x", Value::from(i * 5 % 7))]);
        }
    }
    profile.build()
}

#[test]
fn evaluating_allocates_nothing() {
    let program = space().finish();
    let (first, second) = (profile("u1"), profile("u2"));
    let mut users = [Row::new(&program, &first, NOW), Row::new(&program, &second, NOW)];
    let traits = Object::default();
    let mut account = Row::account(&program, &traits, &refs(&users), NOW);
    let counted = measure(|| {
        for user in &mut users {
            evaluate(&program, user, &[]);
        }
    });
    assert_eq!(counted.count_total, 0);
    let of_account = refs(&users);
    let counted = measure(|| evaluate(&program, &mut account, &of_account));
    assert_eq!(counted.count_total, 0);
    // That something was evaluated at all.
    let members = program.order.iter().filter(|slot| users[0].is_member(**slot)).count();
    let accounts = program.order.iter().filter(|slot| account.is_member(**slot)).count();
    assert!(members > 50 && accounts > 50, "{members} {accounts}");
}

#[test]
fn nor_does_a_funnel_over_many_events() {
    let mut s = Space::default();
    let mut first = s.then("F");
    first.within = Some(days(1));
    let mut last = s.then_not("G");
    let reference = s.step_reference(0, "E", "x");
    last.filter = s.filter("G", "x", Test::Equals(Operand::Reference(reference)));
    let filter = s.yes();
    let node = s.funnel("E", Window::ALL, filter, at_least(900), vec![first, last]);
    let slot = s.audience(Subject::User, node);
    let program = s.finish();
    let mut profile = Profile::builder().identifier("user_id", "u1");
    for i in 0..3_000i64 {
        let name = ["E", "F", "G"][usize::try_from(i % 3).unwrap()];
        profile = profile.event(name, at(i - 3_000), [("x", Value::from(format!("{}.0", i % 90)))]);
    }
    let profile = profile.build();
    let row = Row::new(&program, &profile, NOW);
    // A copy has its own room.
    for mut row in [row.clone(), row] {
        let counted = measure(|| evaluate(&program, &mut row, &[]));
        assert_eq!(counted.count_total, 0);
        assert!(row.is_member(slot));
    }
}

/// Values such as days, telephone numbers and postcodes, which start and end like a number.
#[test]
fn reading_what_is_almost_a_number_allocates_nothing() {
    for value in [
        "2026-06-15",
        "030 1234 5678",
        "01234",
        "0.1000000000000000055511151231257827",
    ] {
        let mut s = Space::default();
        let node = s.trait_("x", Test::Equals(literal(number("5"))));
        let program = s.finish();
        let profile = Profile::builder().trait_("x", value).build();
        let row = Row::new(&program, &profile, NOW);
        let counted = measure(|| {
            holds(&program, node, &row, &[], &mut ());
        });
        assert_eq!(counted.count_total, 0, "{value}");
    }
}

#[test]
fn the_counter_counts() {
    let counted = measure(|| {
        std::hint::black_box(Vec::<u8>::with_capacity(10));
    });
    assert_eq!(counted.count_total, 1);
}

#[test]
fn binding_again_reuses_the_buffers() {
    let mut s = Space::default();
    let plan = s.trait_("text", Test::Exists);
    let filter = s.filter("E", "x", Test::Exists);
    let performed = s.funnel("E", Window::ALL, filter, Count::ONCE, vec![]);
    let both = s.b.and([plan, performed]);
    let slot = s.audience(Subject::User, both);
    let program = s.finish();
    let profile = profile("u1");
    let mut row = Row::new(&program, &profile, NOW);
    let counted = measure(|| row.bind(&program, &profile, at(-1)));
    assert_eq!(counted.count_total, 0);
    assert!(!row.is_member(slot) && holds(&program, both, &row, &[], &mut ()));
}

/// A row that is read from JSON needs the texts that the program reads, and one list of keys.
#[test]
fn reading_again_reuses_the_buffers() {
    let mut s = Space::default();
    let plan = s.trait_("text", Test::Exists);
    let filter = s.filter("E", "x", Test::Exists);
    let performed = s.funnel("E", Window::ALL, filter, Count::ONCE, vec![]);
    let both = s.b.and([plan, performed]);
    let slot = s.audience(Subject::User, both);
    let program = s.finish();
    let json = serde_json::to_string(&profile("u1")).unwrap();
    let mut reader = Reader::default();
    for round in 0..3 {
        let counted = measure(|| {
            let mut row = reader.read(&program, &json, NOW).unwrap();
            evaluate(&program, &mut row, &[]);
            assert!(row.is_member(slot));
        });
        assert!(round == 0 || counted.count_total == 2, "{}", counted.count_total);
    }
}
