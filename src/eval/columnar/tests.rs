//! Columns keep values exactly, and what is prepared for a column means what the test means.

use proptest::prelude::*;

use super::bits::{self, BLOCK};
use super::column::{Cell, Column, Growing};
use super::select::{Asker, Select, Unary};
use crate::ir::{Builder, Comparison, DateTest, Instant, Literal, Operand, Program, Test};
use crate::time::{Duration, Timestamp};
use crate::value::{Number, Value};

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

fn column(values: &[Option<Value>]) -> Column {
    let mut growing = Growing::new();
    values.iter().for_each(|value| growing.push(Cell::of(value.as_ref())));
    growing.finish()
}

proptest! {
    #[test]
    fn a_column_keeps_each_value(values in values()) {
        let column = column(&values);
        for (at, value) in values.iter().enumerate() {
            let kept = value.clone().filter(|value| *value != Value::Null);
            prop_assert_eq!(column.has(at), kept.is_some());
            prop_assert_eq!(column.value(at), kept, "{} of {:?}", at, column);
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
}
