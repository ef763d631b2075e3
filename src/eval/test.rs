//! Tests on values, as the tables of language.md ("Values", "Time") say.

use std::cmp::Ordering;

use crate::ir::{Comparison, DateTest, Instant, Literal, Literals, Operand, Reference, Test};
use crate::time::{Duration, Timestamp};
use crate::value::{Number, Value};

/// What a value is compared with: a constant that says how the value is read, or a scalar that a reference led to.
#[derive(Clone, Copy)]
enum Against<'v> {
    Literal(&'v Literal),
    Value(&'v Value),
}

/// Whether a test holds of a value. `resolve` gives what a reference leads to.
///
/// A reference to nothing, a list or an object decides first: the test does not hold, the negative forms included. Then
/// an absent value, of which only [`Test::Omits`] holds. Then a value that cannot be read as the operand's type, of
/// which only the negative forms hold: each of these is the negation of the positive one from here on.
pub(super) fn holds<'v>(
    test: &'v Test,
    value: Option<&'v Value>,
    now: Timestamp,
    resolve: impl Fn(Reference) -> Option<&'v Value>,
) -> bool {
    let referred = |reference: &Reference| resolve(*reference).filter(|value| is_scalar(value));
    let against = |operand: &'v Operand| match operand {
        Operand::Literal(literal) => Some(Against::Literal(literal)),
        Operand::Reference(reference) => referred(reference).map(Against::Value),
    };
    let value = value.and_then(Value::present);
    if let Test::Omits(reference) = test {
        let other = referred(reference).map(Against::Value);
        return other.is_some_and(|other| value.is_none_or(|value| !contains(value, other)));
    }
    let Some(value) = value else {
        return false;
    };
    match test {
        Test::Exists => true,
        Test::Equals(operand) => against(operand).is_some_and(|other| equals(value, other)),
        Test::NotEquals(operand) => against(operand).is_some_and(|other| !equals(value, other)),
        Test::Compare(comparison, operand) => against(operand).is_some_and(|other| compare(value, *comparison, other)),
        Test::OneOf(list) => is_in(value, list),
        Test::NoneOf(list) => !is_in(value, list),
        Test::Contains(operand) => against(operand).is_some_and(|other| contains(value, other)),
        Test::ContainsAny(list) => list.iter().any(|literal| contains(value, Against::Literal(literal))),
        Test::StartsWith(operand) => {
            against(operand).is_some_and(|other| both_as_text(value, other, |value, other| value.starts_with(other)))
        }
        Test::EndsWith(operand) => {
            against(operand).is_some_and(|other| both_as_text(value, other, |value, other| value.ends_with(other)))
        }
        Test::Date(test) => {
            let date = read_date(value).zip(dates(test, now, referred));
            date.is_some_and(|(t, (after, until))| after < t && t <= until)
        }
        // Decided above.
        Test::Omits(_) => false,
    }
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_))
}

fn read_date(value: &Value) -> Option<Timestamp> {
    Timestamp::parse(value.as_str()?)
}

fn equals(value: &Value, other: Against<'_>) -> bool {
    match other {
        Against::Literal(Literal::Text(text)) => text_meets(value, |value| value == &**text),
        Against::Literal(Literal::Number(number)) => is_number(value, *number),
        Against::Literal(Literal::Boolean(boolean)) => value.read_bool() == Some(*boolean),
        Against::Literal(Literal::Date(date)) => read_date(value) == Some(*date),
        Against::Value(other) => same(value, other),
    }
}

/// Two values compared: as numbers if either is one, as booleans if either is one, else as text.
fn same(value: &Value, other: &Value) -> bool {
    match (value, other) {
        (Value::Number(_), _) | (_, Value::Number(_)) => {
            other.read_number().is_some_and(|number| is_number(value, number))
        }
        (Value::Bool(_), _) | (_, Value::Bool(_)) => {
            let value = value.read_bool();
            value.is_some() && value == other.read_bool()
        }
        (Value::String(value), Value::String(other)) => value == other,
        _ => false,
    }
}

/// A scalar as it meets others. Values that are the same ([`same`]) have the same key; but not all that have are the
/// same: the texts `5` and `5.0` are not, though each is the same as the number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key<'v> {
    Boolean(bool),
    Number(Number),
    Text(&'v str),
}

impl<'v> Key<'v> {
    /// The key of a value; `None` for a list and an object, which are the same as nothing.
    pub(super) fn of(value: &'v Value) -> Option<Self> {
        if let Some(number) = value.read_number() {
            return Some(Key::Number(number));
        }
        if let Some(boolean) = value.read_bool() {
            return Some(Key::Boolean(boolean));
        }
        value.as_str().map(Key::Text)
    }
}

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Key::Boolean(a), Key::Boolean(b)) => a.cmp(b),
            (Key::Number(a), Key::Number(b)) => a.compare(*b),
            (Key::Text(a), Key::Text(b)) => a.cmp(b),
            (Key::Boolean(_), _) | (Key::Number(_), Key::Text(_)) => Ordering::Less,
            _ => Ordering::Greater,
        }
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key<'_> {}

/// An order in which two values are equal only if no test can tell references to them apart: all that are no scalars,
/// and scalars of the same type, value and text.
pub(super) fn alike(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let is_text = |value: Option<&Value>| matches!(value, Some(Value::String(_)));
    let text = |a: &Value, b: &Value| match (a.read_text(), b.read_text()) {
        (Some(a), Some(b)) => a.cmp(&*b),
        _ => Ordering::Equal,
    };
    match (a, b) {
        (Some(a), Some(b)) if a == b => Ordering::Equal,
        _ => a
            .and_then(Key::of)
            .cmp(&b.and_then(Key::of))
            .then_with(|| is_text(a).cmp(&is_text(b)))
            .then_with(|| a.zip(b).map_or(Ordering::Equal, |(a, b)| text(a, b))),
    }
}

fn is_number(value: &Value, number: Number) -> bool {
    value.read_number().is_some_and(|value| value.compare(number).is_eq())
}

fn compare(value: &Value, comparison: Comparison, other: Against<'_>) -> bool {
    let other = match other {
        Against::Literal(Literal::Number(number)) => Some(*number),
        Against::Literal(_) => None,
        Against::Value(other) => other.read_number(),
    };
    let (Some(other), Some(value)) = (other, value.read_number()) else {
        return false;
    };
    comparison.holds(value.compare(other))
}

/// Whether a value, read as the type of one of the list's parts, is in that part. Each part is sorted.
fn is_in(value: &Value, list: &Literals) -> bool {
    let texts = || text_meets(value, |text| is_among(text, &list.texts));
    let numbers = || {
        let number = value.read_number();
        number.is_some_and(|number| list.numbers.binary_search_by(|n| n.compare(number)).is_ok())
    };
    let booleans = || {
        value
            .read_bool()
            .is_some_and(|boolean| list.booleans.contains(&boolean))
    };
    let dates = || read_date(value).is_some_and(|date| list.dates.binary_search(&date).is_ok());
    // A value is not even read as a type that the list has none of.
    (!list.texts.is_empty() && texts())
        || (!list.numbers.is_empty() && numbers())
        || (!list.booleans.is_empty() && booleans())
        || (!list.dates.is_empty() && dates())
}

/// Texts of other lengths are told apart without looking at them, so a short list is faster from end to end.
fn is_among(text: &str, sorted: &[Box<str>]) -> bool {
    const SHORT: usize = 8;
    if sorted.len() <= SHORT {
        sorted.iter().any(|other| **other == *text)
    } else {
        sorted.binary_search_by(|other| (**other).cmp(text)).is_ok()
    }
}

/// In a list an element that equals; elsewhere a substring.
fn contains(value: &Value, other: Against<'_>) -> bool {
    match value {
        Value::List(items) => items.iter().any(|item| equals(item, other)),
        _ => both_as_text(value, other, |value, other| value.contains(other)),
    }
}

fn both_as_text(value: &Value, other: Against<'_>, test: impl Fn(&str, &str) -> bool) -> bool {
    match other {
        Against::Literal(Literal::Text(other)) => text_meets(value, |value| test(value, other)),
        // A date is no text: with `contains` it finds elements of lists alone.
        Against::Literal(Literal::Date(_)) => false,
        Against::Literal(Literal::Number(other)) => text_meets(value, |value| test(value, &other.text())),
        Against::Literal(Literal::Boolean(other)) => {
            text_meets(value, |value| test(value, if *other { "true" } else { "false" }))
        }
        Against::Value(other) => text_meets(other, |other| text_meets(value, |value| test(value, other))),
    }
}

/// Whether a value can be read as text, and that meets a test. Most values are strings, which need no copy of anything.
fn text_meets(value: &Value, test: impl FnOnce(&str) -> bool) -> bool {
    match value {
        Value::String(text) => test(text),
        value => value.read_text().is_some_and(|text| test(&text)),
    }
}

/// The instants of which a test on a date holds: after the first, up to the second. `None` where it refers to none. No date is
/// [`Timestamp::MIN`].
pub(super) fn dates<'v>(
    test: &DateTest,
    now: Timestamp,
    referred: impl Fn(&Reference) -> Option<&'v Value>,
) -> Option<(Timestamp, Timestamp)> {
    const INSTANT: Duration = Duration::from_millis(1);
    let instant = |instant: &Instant| match instant {
        Instant::At(at) => Some(*at),
        Instant::Of(reference) => referred(reference).and_then(read_date),
    };
    Some(match test {
        DateTest::Before(other) => (Timestamp::MIN, instant(other)?.minus(INSTANT)),
        DateTest::After(other) => (instant(other)?, Timestamp::MAX),
        DateTest::WithinLast(duration) => (now.minus(*duration), now),
        DateTest::WithinNext(duration) => (now, now.plus(*duration)),
        DateTest::BeforeLast(duration) => (Timestamp::MIN, now.minus(*duration)),
        DateTest::AfterNext(duration) => (now.plus(*duration), Timestamp::MAX),
    })
}
