//! Columns keep values exactly, and what is prepared for a column means what the test means.

use std::borrow::Cow;

use proptest::prelude::*;

use super::bits::{self, BLOCK};
use super::block::Room;
use super::column::{Cell, Column, Growing, number as number_of};
use super::pair::Compared;
use super::plan::Plan;
use super::segment::Segment;
use super::select::{Asker, Select, Unary};
use crate::eval::many::TooCostly;
use crate::ir::{
    Aggregate, Audience, AudienceSlot, Builder, Comparison, Count, DateTest, EventSlot, Function, Instant, Literal,
    Node, NodeId, Operand, Performed, Program, PropertySlot, Reference, Step, Subject, Test, Trait, TraitSlot,
    TraitSource, ValueRef,
};
use crate::model::Profile;
use crate::time::{Duration, Timestamp, Window};
use crate::value::{Number, Path, Value};

/// The beginning of 2026: of the dates below some lie on the edges of what is asked, and some a millisecond beside them.
const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const DAY: Duration = Duration::from_millis(86_400_000);
const A_DAY_AND_MORE: Duration = Duration::from_millis(86_400_001);

fn program() -> Program {
    Builder::new().finish(true, vec![], vec![], vec![], vec![])
}

fn parsed(text: &str) -> Number {
    Number::parse(text).unwrap()
}

/// Numbers that lie on the edges of the forms of columns.
fn number() -> impl Strategy<Value = Option<Value>> {
    let number = |text: &'static str| Some(Value::Number(parsed(text)));
    let edges = [
        "0",
        "-0.0",
        "1",
        "-1",
        "49.9",
        "0.1",
        "0.30000000000000004",
        "1e-9",
        "1e-10",
        "4194303.99",
        "4194304.01",
        "4194304.37",
        "12345678.9",
        "2147483647",
        "-2147483648",
        "2147483648",
        "9007199254740992",
        "9007199254740993",
        "9007199254740994.5",
        "999999999999999999",
        "1000000000000000000",
        "9223372036854775807",
        "18446744073709551615",
        "1e20",
        "1e300",
        "5e-324",
    ];
    prop_oneof![
        4 => prop::sample::select(edges.to_vec()).prop_map(number),
        4 => (-100_000i64..100_000).prop_map(|cents| Number::from_f64(cents as f64 / 100.0).map(Value::Number)),
    ]
}

fn text() -> impl Strategy<Value = Option<Value>> {
    let few = prop::sample::select(vec!["", "a", "b", "5", "2025-12-31"]).prop_map(str::to_owned);
    let dates = prop::sample::select(vec![
        "2025-12-30T23:59:59.999Z",
        "2025-12-31T00:00:00.001Z",
        "2025-12-31T23:59:59.999Z",
        "2026-01-01",
        "2026-01-01T00:00:00.001Z",
        "2026-01-02",
        "2026-01-02T00:00:00.001Z",
        "2026-01-03",
    ]);
    let dates = dates.prop_map(str::to_owned);
    prop_oneof![few, dates, "[a-c]{0,9}"].prop_map(|text| Some(Value::from(text)))
}

fn absent() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![Just(None), Just(Some(Value::Null))]
}

fn other() -> impl Strategy<Value = Option<Value>> {
    let list = prop::collection::vec(0i64..3, 0..3);
    prop_oneof![
        any::<bool>().prop_map(|flag| Some(Value::Bool(flag))),
        list.prop_map(|items| Some(Value::List(items.into_iter().map(Value::from).collect()))),
    ]
}

/// Mostly of one kind, as columns are.
fn values() -> impl Strategy<Value = Vec<Option<Value>>> {
    prop_oneof![
        prop::collection::vec(
            prop_oneof![8 => number(), 6 => text(), 2 => absent(), 2 => other()],
            0..200
        ),
        prop::collection::vec(prop_oneof![8 => number(), 1 => absent()], 0..200),
        prop::collection::vec(prop_oneof![8 => text(), 1 => absent()], 0..200),
    ]
}

fn literal() -> impl Strategy<Value = Literal> {
    let numbers = [
        "0",
        "49.9",
        "0.1",
        "4194304.37",
        "9007199254740993",
        "-500.25",
        "1e20",
        "5",
        "1e-9",
    ];
    prop_oneof![
        prop::sample::select(numbers.to_vec()).prop_map(|text| Literal::Number(parsed(text))),
        prop::sample::select(vec!["", "a", "b", "5", "49.9", "ab"]).prop_map(|text| Literal::Text(text.into())),
        any::<bool>().prop_map(Literal::Boolean),
        Just(Literal::Date(Timestamp::parse("2025-12-31").unwrap())),
    ]
}

fn test() -> impl Strategy<Value = Test> {
    let operand = || literal().prop_map(Operand::Literal);
    let comparison = prop::sample::select(vec![
        Comparison::Less,
        Comparison::AtMost,
        Comparison::Greater,
        Comparison::AtLeast,
    ]);
    let list = || prop::collection::vec(literal(), 1..4).prop_map(|list| list.into_iter().collect());
    let date = Timestamp::parse("2025-12-31").unwrap();
    prop_oneof![
        Just(Test::Exists),
        operand().prop_map(Test::Equals),
        operand().prop_map(Test::NotEquals),
        (comparison, operand()).prop_map(|(comparison, operand)| Test::Compare(comparison, operand)),
        list().prop_map(Test::OneOf),
        list().prop_map(Test::NoneOf),
        operand().prop_map(Test::Contains),
        prop::collection::vec(literal(), 1..3).prop_map(Test::ContainsAny),
        operand().prop_map(Test::StartsWith),
        operand().prop_map(Test::EndsWith),
        prop::sample::select(vec![
            DateTest::Before(Instant::At(date)),
            DateTest::After(Instant::At(date)),
            DateTest::WithinLast(DAY),
            DateTest::WithinLast(A_DAY_AND_MORE),
            DateTest::WithinNext(DAY),
            DateTest::BeforeLast(DAY),
            DateTest::BeforeLast(Duration::ZERO),
            DateTest::AfterNext(DAY),
            DateTest::AfterNext(Duration::ZERO),
        ])
        .prop_map(Test::Date),
    ]
}

/// A test on two values.
fn comparing() -> impl Strategy<Value = Test> {
    let other = Reference::Trait(TraitSlot(0));
    let operand = Operand::Reference(other);
    prop::sample::select(vec![
        Test::Equals(operand.clone()),
        Test::NotEquals(operand.clone()),
        Test::Compare(Comparison::Less, operand.clone()),
        Test::Compare(Comparison::AtMost, operand.clone()),
        Test::Compare(Comparison::Greater, operand.clone()),
        Test::Compare(Comparison::AtLeast, operand.clone()),
        Test::Contains(operand.clone()),
        Test::Omits(other),
        Test::StartsWith(operand.clone()),
        Test::EndsWith(operand),
        Test::Date(DateTest::Before(Instant::Of(other))),
        Test::Date(DateTest::After(Instant::Of(other))),
    ])
}

fn column(values: &[Option<Value>]) -> Column {
    let mut growing = Growing::new();
    values.iter().for_each(|value| growing.push(Cell::of(value.as_ref())));
    growing.finish()
}

fn audience(name: &str, who: NodeId) -> Audience {
    Audience {
        name: name.into(),
        label: None,
        of: Subject::User,
        who,
        consent: vec![],
        include_anonymous: false,
        destinations: vec![],
    }
}

/// Two audiences of users. In one a funnel that nothing but trying each with each answers; in the other that funnel, and a
/// condition that holds of nobody, of which columns believe that it costs more.
fn costly() -> Program {
    let mut b = Builder::new();
    let events = ["A", "B", "C"].map(|name| b.event_slot(name));
    let [_, x_b, x_c] = events.map(|event| b.property_slot(event, Path::new(["x"])));
    let x_a = PropertySlot(0);
    let differs = |b: &mut Builder, own: PropertySlot, step: u32, property: PropertySlot| {
        let reference = Reference::Step { step, property };
        b.leaf(Node::Test {
            value: ValueRef::Property(own),
            test: Test::NotEquals(Operand::Reference(reference)),
        })
    };
    let all = b.constant(true);
    let second = differs(&mut b, x_b, 0, x_a);
    let third = [differs(&mut b, x_c, 0, x_a), differs(&mut b, x_c, 1, x_b)];
    let third = b.and(third);
    let step = |event: EventSlot, filter: NodeId| Step {
        negated: false,
        event,
        within: None,
        filter,
        count: Count::ONCE,
    };
    let performed = |filter: NodeId, steps: Vec<Step>| {
        Node::Performed(Performed {
            event: events[0],
            window: Window::ALL,
            filter,
            count: Count::ONCE,
            steps,
        })
    };
    let funnel = b.leaf(performed(all, vec![step(events[1], second), step(events[2], third)]));
    let most = b.trait_slot(Trait {
        of: Subject::User,
        source: TraitSource::Computed(Aggregate {
            name: "most".into(),
            function: Function::Maximum(x_a),
            event: events[0],
            window: Window::ALL,
            filter: all,
        }),
    });
    let above = b.leaf(Node::Test {
        value: ValueRef::Property(x_a),
        test: Test::Compare(Comparison::Greater, Operand::Reference(Reference::Trait(most))),
    });
    let nobody = b.leaf(performed(above, Vec::new()));
    let both = b.and([funnel, nobody]);
    let audiences = vec![audience("funnel", funnel), audience("settled", both)];
    b.finish(true, vec![], vec![], audiences, vec![AudienceSlot(0), AudienceSlot(1)])
}

/// Person after person, each with so many events of each name.
fn performers(program: &Program, counts: &[i64]) -> Segment {
    let person = |(at, count): (usize, &i64)| {
        let mut profile = Profile::builder().identifier("user_id", &at.to_string());
        for event in 0..*count {
            for (name, after) in [("A", 0), ("B", 10_000), ("C", 20_000)] {
                profile = profile.event(name, Timestamp::from_millis(after + event), [("x", 1.into())]);
            }
        }
        std::sync::Arc::new(profile.build())
    };
    let people: Vec<_> = counts.iter().enumerate().map(person).collect();
    Segment::with_people(program, &people)
}

/// By audience who is in it, of profiles of which the first is number 1 000, with so much to spend on one.
fn members_within(program: &Program, segment: &Segment, budget: u64) -> Result<Vec<u64>, TooCostly> {
    let asker = Asker::new(program, NOW).with_budget(budget);
    let none = || vec![0; program.audiences.len()];
    super::evaluate(program, &asker, (1_000, segment), none, |all, audience, _, bits| {
        all[audience.index()] = bits[0]
    })
}

#[test]
fn what_costs_too_much_has_no_result_and_names_the_profile() {
    let program = costly();
    // 40 · 40 ways are few, 100 · 100 are looked at by the evaluator of one profile.
    let segment = performers(&program, &[1, 40, 100, 2]);
    assert_eq!(members_within(&program, &segment, 1_000_000), Ok(vec![0, 0]));
    assert_eq!(members_within(&program, &segment, 5_000), Err(TooCostly(1_002)));
}

/// A program of so many audiences, of which some are no conditions that columns have.
fn audiences(plain: u32, alone: u32) -> Program {
    let mut b = Builder::new();
    let event = b.event_slot("A");
    let property = b.property_slot(event, Path::new(["x"]));
    let all = b.constant(true);
    let count = b.trait_slot(Trait {
        of: Subject::User,
        source: TraitSource::Computed(Aggregate {
            name: "count".into(),
            function: Function::Count,
            event,
            window: Window::ALL,
            filter: all,
        }),
    });
    let above = b.leaf(Node::Test {
        value: ValueRef::Property(property),
        test: Test::Compare(Comparison::Greater, Operand::Reference(Reference::Trait(count))),
    });
    let audiences = (0..plain + alone).map(|at| {
        let who = b.leaf(Node::Performed(Performed {
            event,
            window: Window::ALL,
            filter: if at < plain { all } else { above },
            count: Count {
                at_least: at + 1,
                at_most: None,
            },
            steps: vec![],
        }));
        audience(&at.to_string(), who)
    });
    let audiences: Vec<Audience> = audiences.collect();
    let order = (0..audiences.len()).map(AudienceSlot::at).collect();
    b.finish(true, vec![], vec![], audiences, order)
}

#[test]
fn a_condition_without_a_form_does_not_take_all_others_out_of_columns() {
    let pays = |plain, alone| super::pays(&audiences(plain, alone), 5_000);
    assert!(!pays(20, 0) && pays(60, 0));
    assert!(!pays(60, 1) && pays(1_000, 1) && pays(1_000, 50));
    // Of audiences that are all asked one by one nothing is gained.
    assert!(!pays(0, 1_000) && !pays(300, 300));
    assert!(!super::pays(&audiences(1_000, 0), 900));
}

#[test]
fn where_a_condition_settles_it_nothing_costs_too_much() {
    let whole = costly();
    let program = whole.only(AudienceSlot(1));
    let segment = performers(&program, &[1, 100]);
    // In columns the funnel is asked first, and given up; then the audience is asked as a whole.
    let asker = Asker::new(&program, NOW).with_budget(5_000);
    let plan = Plan::new(&program, &segment, &asker).unwrap();
    let mut room = Room::new(&program, &plan);
    assert!(super::block::evaluate((&program, &segment), &plan, &asker, 0, &mut room, |_, _| {}).is_err());
    assert_eq!(members_within(&program, &segment, 5_000), Ok(vec![0]));
}

proptest! {
    #[test]
    fn a_column_keeps_each_value(values in values()) {
        let column = column(&values);
        for (at, value) in values.iter().enumerate() {
            let kept = value.clone().filter(|value| *value != Value::Null);
            prop_assert_eq!(column.has(at), kept.is_some());
            prop_assert_eq!(column.value(at).map(Cow::into_owned), kept, "{} of {:?}", at, column);
        }
        prop_assert_eq!(column.value(values.len()), None);
    }

    #[test]
    fn what_is_prepared_for_a_column_is_what_the_test_says(values in values(), tests in prop::collection::vec(test(), 1..8)) {
        let (program, column) = (program(), column(&values));
        let asker = Asker::new(&program, NOW);
        for test in &tests {
            let select = Select::new(&column, Unary::Test(test), &asker);
            let mut found = bits::first(BLOCK);
            select.narrow(0, &mut found);
            for (at, value) in values.iter().enumerate() {
                let expected = asker.holds(Unary::Test(test), value.as_ref());
                prop_assert_eq!(select.holds(at), expected, "{:?} of {:?}: {:?}", test, value, select);
                prop_assert_eq!(found[at / 64] >> (at % 64) & 1 == 1, expected, "{:?} of {:?}", test, value);
            }
        }
    }

    #[test]
    fn two_columns_are_compared_as_their_values_are(
        values in values(),
        others in values(),
        tests in prop::collection::vec(comparing(), 1..5),
    ) {
        let (program, own, other) = (program(), column(&values), column(&others));
        let asker = Asker::new(&program, NOW);
        // The same of values that are mostly equal.
        let near: Vec<_> = values.iter().enumerate().map(|(at, value)| others.get(at * 3).unwrap_or(value).clone()).collect();
        let beside = column(&near);
        for test in &tests {
            for (others, other) in [(&others, &other), (&near, &beside)] {
                let compared = Compared::new(Some(&own), Some(other), test, &asker);
                for (at, value) in values.iter().enumerate() {
                    for to in [at, at / 2, 0] {
                        let referred = others.get(to).and_then(Option::as_ref);
                        let expected = asker.compares(test, value.as_ref(), referred);
                        prop_assert_eq!(compared.holds(at, to), expected, "{:?} of {:?} and {:?}", test, value, referred);
                    }
                }
                let nowhere = Compared::new(None, Some(other), test, &asker);
                prop_assert_eq!(nowhere.holds(0, 0), asker.compares(test, None, others.first().and_then(Option::as_ref)));
                let to_nothing = Compared::new(Some(&own), None, test, &asker);
                prop_assert!(!to_nothing.holds(0, 0));
            }
        }
    }

    #[test]
    fn a_column_s_numbers_are_what_its_values_read_as(values in values()) {
        let column = column(&values);
        if let Some(numbers) = column.numbers() {
            for (at, value) in values.iter().enumerate() {
                let read = value.as_ref().and_then(Value::read_number);
                let kept = numbers.as_ref().and_then(|numbers| Some(number_of(numbers.units(at)?, numbers.scale)));
                prop_assert_eq!(kept, read, "{} of {:?}", at, column);
            }
        }
    }
}
