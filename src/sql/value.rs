//! Tests on values (language.md, Values): what a value is read as is in its columns already, so no engine reads anything itself.

use std::cmp::Ordering;

use super::Unsupported;
use super::expr::{Expr, TextTest};
use crate::ir::{Comparison, DateTest, Instant, Literal, Literals, Operand, Test};
use crate::time::Timestamp;
use crate::value::{Decimal, Number};
use crate::warehouse::Reading;

/// A value of the row at hand.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// In value columns: of the table that has this alias, under this name.
    Columns { alias: Box<str>, name: String },
    /// The same of a text that was made of some value, with [`OF_TEXT`] alone: a large number can be another one than its text.
    Made { alias: Box<str>, name: String },
    /// Never there.
    Absent,
    /// A number of events, NULL where it is 0; always there.
    Count(Expr),
    /// An exact sum, NULL where it is of nothing, which is 0; always there.
    Sum(Expr),
    /// An exact sum in billionths, and of how many values.
    Average { sum: Expr, count: Expr },
    /// The smallest or largest double.
    Extreme(Expr),
    /// A number in two parts, the nearest double and what is left; NULL where there is none.
    Number(Expr, Expr),
}

/// What an element of a list has to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'w> {
    /// The same as this.
    Equal(&'w Operand),
    /// One of these.
    Among(&'w [Literal]),
}

/// Asks whether a list that the value is has such an element.
pub(super) trait Elements {
    fn has(&mut self, wanted: Wanted<'_>) -> Result<Expr, Unsupported>;
}

/// What a text is read as that was made of some value.
pub(super) const OF_TEXT: [Reading; 5] = [
    Reading::Kind,
    Reading::Text,
    Reading::Number,
    Reading::Boolean,
    Reading::Time,
];

/// Doubles of smaller magnitude are exactly the number that they stand for, so they alone decide.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Value {
    pub(super) fn columns(alias: &str, name: impl Into<String>) -> Value {
        Value::Columns {
            alias: alias.into(),
            name: name.into(),
        }
    }

    /// A text that was made of other values.
    pub(super) fn made(alias: &str, name: &str) -> Value {
        Value::Made {
            alias: alias.into(),
            name: name.into(),
        }
    }

    /// Columns of the value, under another name.
    pub(super) fn renamed(&self, name: &str, readings: &[Reading]) -> Vec<(Expr, Box<str>)> {
        let columns = readings.iter().filter_map(|reading| {
            let column = self.read(*reading)?;
            Some((column, format!("{name}:{reading}").into()))
        });
        columns.collect()
    }

    pub(super) fn read(&self, reading: Reading) -> Option<Expr> {
        match self {
            Value::Made { .. } if !OF_TEXT.contains(&reading) => None,
            Value::Columns { alias, name } | Value::Made { alias, name } => {
                Some(Expr::column(alias, &format!("{name}:{reading}")))
            }
            _ => None,
        }
    }

    fn exists(&self) -> Expr {
        match self {
            Value::Absent => Expr::Bool(false),
            Value::Columns { .. } | Value::Made { .. } => {
                self.read(Reading::Kind).map_or(Expr::Bool(false), Expr::exists)
            }
            Value::Count(_) | Value::Sum(_) => Expr::Bool(true),
            Value::Average { count, .. } => count.clone().compare(Comparison::AtLeast, Expr::Int(1)),
            Value::Extreme(number) | Value::Number(number, _) => number.clone().exists(),
        }
    }

    /// Whether it is a text, a number or a boolean.
    fn is_scalar(&self) -> Expr {
        match self.read(Reading::Key) {
            Some(key) => key.exists(),
            None => self.exists(),
        }
    }

    /// Compared with a number, as numbers.
    fn number(&self, comparison: Option<Comparison>, number: Number) -> Result<Expr, Unsupported> {
        let (double, rest) = number.in_parts();
        let plainly = |value: Expr| match comparison {
            Some(comparison) => value.compare(comparison, Expr::Double(double)),
            None => value.equals(Expr::Double(double)),
        };
        Ok(match self {
            Value::Absent => Expr::Bool(false),
            Value::Columns { .. } | Value::Made { .. } => {
                let Some(value) = self.read(Reading::Number) else {
                    return Ok(Expr::Bool(false));
                };
                if double.abs() < EXACT {
                    return Ok(plainly(value));
                }
                let Some(value_rest) = self.read(Reading::Rest) else {
                    return Err(Unsupported::TextBesideLargeNumber);
                };
                ordered(comparison, (value, value_rest), (Expr::Double(double), Expr::Int(rest)))
            }
            Value::Extreme(value) | Value::Number(value, _) if double.abs() < EXACT => plainly(value.clone()),
            Value::Number(value, value_rest) => ordered(
                comparison,
                (value.clone(), value_rest.clone()),
                (Expr::Double(double), Expr::Int(rest)),
            ),
            Value::Extreme(_) => {
                return Err(Unsupported::ExtremeBesideLargeNumber);
            }
            Value::Count(count) => counted(count, comparison, number),
            Value::Sum(sum) => on_decimals(comparison, number, |billionths, comparison| {
                Ok(compared(sum, comparison, Expr::Decimal(billionths), 0.cmp(&billionths)))
            })?,
            Value::Average { sum, count } => on_decimals(comparison, number, |billionths, comparison| {
                average(sum, count, billionths, comparison)
            })?,
        })
    }

    fn is_text(&self, texts: &[&str]) -> Result<Expr, Unsupported> {
        if let Some(text) = self.read(Reading::Text) {
            return Ok(text.among(texts.iter().copied().map(Expr::text).collect()));
        }
        // The text of a number is its canonical one, so a text is that of one number at the most.
        let numbers = texts
            .iter()
            .filter_map(|text| Number::parse(text).filter(|number| &*number.text() == *text));
        let mut any = Vec::new();
        for number in numbers {
            any.push(self.number(None, number)?);
        }
        Ok(Expr::any(any))
    }

    fn is_date(&self, dates: &[Timestamp]) -> Expr {
        let time = self.read(Reading::Time);
        time.map_or(Expr::Bool(false), |time| {
            time.among(dates.iter().map(|date| Expr::Int(date.as_millis())).collect())
        })
    }

    fn is_boolean(&self, boolean: bool) -> Expr {
        let read = self.read(Reading::Boolean);
        read.map_or(Expr::Bool(false), |read| read.equals(Expr::Bool(boolean)))
    }

    pub(super) fn equals(&self, literal: &Literal) -> Result<Expr, Unsupported> {
        match literal {
            Literal::Text(text) => self.is_text(&[text]),
            Literal::Number(number) => self.number(None, *number),
            Literal::Boolean(boolean) => Ok(self.is_boolean(*boolean)),
            Literal::Date(date) => Ok(self.is_date(&[*date])),
        }
    }

    /// As a number, in two parts.
    fn parts(&self) -> Option<(Expr, Expr)> {
        match self {
            Value::Count(count) => Some((Expr::AsDouble(Box::new(or_0(count))), Expr::Int(0))),
            Value::Sum(sum) => Some((
                Expr::Nearest(Box::new(or_0(sum))),
                Expr::NearestRest(Box::new(or_0(sum))),
            )),
            Value::Number(number, rest) => Some((number.clone(), rest.clone())),
            _ => Some((self.read(Reading::Number)?, self.read(Reading::Rest)?)),
        }
    }

    fn is_number(&self) -> bool {
        matches!(self, Value::Count(_) | Value::Sum(_) | Value::Number(..))
    }

    /// Two values compared: as numbers if either is one, as booleans if either is one, else as text. Those that are the same have
    /// the same key; two strings that are read as one number must be written alike, too.
    pub(super) fn same(&self, other: &Value) -> Result<Expr, Unsupported> {
        if (self.is_number() || other.is_number())
            && let Some((value, other)) = self.parts().zip(other.parts())
        {
            return Ok(ordered(None, value, other));
        }
        let (Some((key, numeral)), Some((other_key, other_numeral))) = (self.keyed(), other.keyed()) else {
            return self.beside(other);
        };
        Ok(Expr::all([key.equals(other_key), numeral.differs(other_numeral).not()]))
    }

    fn keyed(&self) -> Option<(Expr, Expr)> {
        self.read(Reading::Key).zip(self.read(Reading::Numeral))
    }

    /// What is not in columns, compared with another value.
    fn beside(&self, other: &Value) -> Result<Expr, Unsupported> {
        match (self, other) {
            (Value::Absent, _) | (_, Value::Absent) => Ok(Expr::Bool(false)),
            _ => Err(Unsupported::ComputedBesideValue),
        }
    }

    fn compared(&self, comparison: Comparison, other: &Value) -> Result<Expr, Unsupported> {
        match (self.parts(), other.parts()) {
            (Some(value), Some(other)) => Ok(ordered(Some(comparison), value, other)),
            _ => self.beside(other),
        }
    }

    fn text_test(&self, test: TextTest, other: &str) -> Result<Expr, Unsupported> {
        match self.read(Reading::Text) {
            Some(_) if other.is_empty() => Ok(self.read(Reading::Text).map_or(Expr::Bool(false), Expr::exists)),
            Some(text) => Ok(Expr::Text2(test, Box::new(text), Box::new(Expr::text(other)))),
            None if matches!(self, Value::Absent) => Ok(Expr::Bool(false)),
            None => Err(Unsupported::TextOfComputedNumber),
        }
    }

    fn text_test_of(&self, test: TextTest, other: &Value) -> Result<Expr, Unsupported> {
        match (self.read(Reading::Text), other.read(Reading::Text)) {
            (Some(text), Some(other)) => Ok(Expr::Text2(test, Box::new(text), Box::new(other))),
            _ => self.beside(other),
        }
    }

    fn on_text(&self, test: TextTest, operand: &Operand, referred: Option<&Value>) -> Result<Expr, Unsupported> {
        match (operand, referred) {
            (Operand::Literal(literal), _) => match written(literal) {
                Some(text) => self.text_test(test, &text),
                // A date is no text.
                None => Ok(Expr::Bool(false)),
            },
            (Operand::Reference(_), Some(other)) => self.text_test_of(test, other),
            (Operand::Reference(_), None) => Ok(Expr::Bool(false)),
        }
    }

    /// Whether a test holds of it. `referred` is what the test's reference leads to, if it has one.
    pub(super) fn holds(
        &self,
        test: &Test,
        now: Timestamp,
        referred: Option<&Value>,
        elements: &mut dyn Elements,
    ) -> Result<Expr, Unsupported> {
        let equal = |operand: &Operand| match (operand, referred) {
            (Operand::Literal(literal), _) => self.equals(literal),
            (Operand::Reference(_), Some(other)) => self.same(other),
            (Operand::Reference(_), None) => Ok(Expr::Bool(false)),
        };
        // A reference to nothing, a list or an object: the test does not hold, the negative forms included.
        let decided = |operand: &Operand| match operand {
            Operand::Literal(_) => Expr::Bool(true),
            Operand::Reference(_) => referred.map_or(Expr::Bool(false), Value::is_scalar),
        };
        Ok(match test {
            Test::Exists => self.exists(),
            Test::Equals(operand) => equal(operand)?,
            Test::NotEquals(operand) => Expr::all([decided(operand), self.exists(), equal(operand)?.not()]),
            Test::Compare(comparison, Operand::Literal(Literal::Number(number))) => {
                self.number(Some(*comparison), *number)?
            }
            Test::Compare(_, Operand::Literal(_)) => Expr::Bool(false),
            Test::Compare(comparison, Operand::Reference(_)) => match referred {
                Some(other) => self.compared(*comparison, other)?,
                None => Expr::Bool(false),
            },
            Test::OneOf(list) => self.is_among(list)?,
            Test::NoneOf(list) => Expr::all([self.exists(), self.is_among(list)?.not()]),
            Test::Contains(operand) => Expr::any([
                self.on_text(TextTest::Contains, operand, referred)?,
                elements.has(Wanted::Equal(operand))?,
            ]),
            Test::ContainsAny(literals) => {
                let mut any = Vec::new();
                for literal in literals {
                    let operand = Operand::Literal(literal.clone());
                    any.push(self.on_text(TextTest::Contains, &operand, None)?);
                }
                any.push(elements.has(Wanted::Among(literals))?);
                Expr::any(any)
            }
            Test::Omits(reference) => {
                let operand = Operand::Reference(*reference);
                let found = Expr::any([
                    self.on_text(TextTest::Contains, &operand, referred)?,
                    elements.has(Wanted::Equal(&operand))?,
                ]);
                Expr::all([decided(&operand), found.not()])
            }
            Test::StartsWith(operand) => self.on_text(TextTest::StartsWith, operand, referred)?,
            Test::EndsWith(operand) => self.on_text(TextTest::EndsWith, operand, referred)?,
            Test::Date(test) => self.dated(test, now, referred),
        })
    }

    pub(super) fn is_among(&self, list: &Literals) -> Result<Expr, Unsupported> {
        let texts: Vec<&str> = list.texts.iter().map(|text| &**text).collect();
        let mut any = vec![self.is_text(&texts)?];
        let (near, far): (Vec<Number>, Vec<Number>) = list
            .numbers
            .iter()
            .partition(|number| number.in_parts().0.abs() < EXACT);
        match self.read(Reading::Number) {
            Some(read) => any.push(read.among(near.iter().map(|number| Expr::Double(number.in_parts().0)).collect())),
            None => {
                for number in near {
                    any.push(self.number(None, number)?);
                }
            }
        }
        for number in far {
            any.push(self.number(None, number)?);
        }
        any.extend(list.booleans.iter().map(|boolean| self.is_boolean(*boolean)));
        any.push(self.is_date(&list.dates));
        Ok(Expr::any(any))
    }

    fn dated(&self, test: &DateTest, now: Timestamp, referred: Option<&Value>) -> Expr {
        let Some(time) = self.read(Reading::Time) else {
            return Expr::Bool(false);
        };
        let at = |at: Timestamp| Expr::Int(at.as_millis());
        let instant = |instant: &Instant| match instant {
            Instant::At(date) => Some(at(*date)),
            Instant::Of(_) => referred.and_then(|other| other.read(Reading::Time)),
        };
        let compared = |comparison, other: Option<Expr>| {
            other.map_or(Expr::Bool(false), |other| time.clone().compare(comparison, other))
        };
        let between = |after: Timestamp, until: Timestamp| {
            Expr::all([
                time.clone().compare(Comparison::Greater, at(after)),
                time.clone().compare(Comparison::AtMost, at(until)),
            ])
        };
        match test {
            DateTest::Before(other) => compared(Comparison::Less, instant(other)),
            DateTest::After(other) => compared(Comparison::Greater, instant(other)),
            DateTest::WithinLast(duration) => between(now.minus(*duration), now),
            DateTest::WithinNext(duration) => between(now, now.plus(*duration)),
            DateTest::BeforeLast(duration) => compared(Comparison::AtMost, Some(at(now.minus(*duration)))),
            DateTest::AfterNext(duration) => compared(Comparison::Greater, Some(at(now.plus(*duration)))),
        }
    }
}

/// The text that a literal is beside text; a date is none.
fn written(literal: &Literal) -> Option<Box<str>> {
    match literal {
        Literal::Text(text) => Some(text.clone()),
        Literal::Number(number) => Some((*number.text()).into()),
        Literal::Boolean(boolean) => Some(if *boolean { "true" } else { "false" }.into()),
        Literal::Date(_) => None,
    }
}

/// Numbers in two parts compared: the nearest doubles decide unless they are equal.
fn ordered(comparison: Option<Comparison>, value: (Expr, Expr), other: (Expr, Expr)) -> Expr {
    let Some(comparison) = comparison else {
        return Expr::all([value.0.equals(other.0), value.1.equals(other.1)]);
    };
    let strictly = match comparison {
        Comparison::Less | Comparison::AtMost => Comparison::Less,
        Comparison::Greater | Comparison::AtLeast => Comparison::Greater,
    };
    Expr::any([
        value.0.clone().compare(strictly, other.0.clone()),
        Expr::all([value.0.equals(other.0), value.1.compare(comparison, other.1)]),
    ])
}

fn or_0(number: &Expr) -> Expr {
    Expr::Or0(Box::new(number.clone()))
}

/// A number that is NULL where it is 0, compared with one beside which 0 is so. Where 0 would not do, NULL does not either, and an
/// engine need not look at those who have none.
fn compared(number: &Expr, comparison: Option<Comparison>, other: Expr, zero: Ordering) -> Expr {
    let does = comparison.map_or(zero.is_eq(), |comparison| comparison.holds(zero));
    let number = if does { or_0(number) } else { number.clone() };
    match comparison {
        Some(comparison) => number.compare(comparison, other),
        None => number.equals(other),
    }
}

/// A whole number compared with any. Counts are doubles of the same value.
fn counted(count: &Expr, comparison: Option<Comparison>, number: Number) -> Expr {
    let whole = number.as_i128().and_then(|whole| i64::try_from(whole).ok());
    let other = whole.map_or(Expr::Double(number.as_f64()), Expr::Int);
    compared(count, comparison, other, Number::from(0_i64).compare(number))
}

/// No sum comes near it: 10¹⁰ values of the largest that are added.
const FARTHEST: i128 = 10_i128.pow(37);

/// Which decimals meet a comparison with a number: a sum is compared as the number that it is, which is the nearest double where it
/// is not whole. From which decimal on that number reaches the other one is found here, so that the engine compares decimals.
fn on_decimals(
    comparison: Option<Comparison>,
    number: Number,
    compared: impl Fn(i128, Option<Comparison>) -> Result<Expr, Unsupported>,
) -> Result<Expr, Unsupported> {
    let value = |at: i128| Decimal::of_billionths(at).number();
    // The first decimal whose number is not less, or is greater.
    let first = |beyond: bool| {
        let reached = |at: i128| match value(at).map(|value| value.compare(number)) {
            Some(order) => order.is_gt() || !beyond && order.is_eq(),
            None => at > 0,
        };
        let (mut low, mut high) = (-FARTHEST, FARTHEST);
        while low < high {
            let middle = low + (high - low) / 2;
            if reached(middle) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        low
    };
    let at = |place: i128, comparison: Comparison| match place {
        place if place <= -FARTHEST => Ok(Expr::Bool(matches!(
            comparison,
            Comparison::AtLeast | Comparison::Greater
        ))),
        place if place >= FARTHEST - 1 => Ok(Expr::Bool(matches!(comparison, Comparison::Less | Comparison::AtMost))),
        place => compared(place, Some(comparison)),
    };
    match comparison {
        Some(Comparison::AtLeast) => at(first(false), Comparison::AtLeast),
        Some(Comparison::Less) => at(first(false), Comparison::Less),
        // The last decimal that is not beyond stands in the definition, where it stands at all.
        Some(Comparison::Greater) => at(first(true) - 1, Comparison::Greater),
        Some(Comparison::AtMost) => at(first(true) - 1, Comparison::AtMost),
        None => match (first(false), first(true)) {
            (from, to) if from >= to => Ok(Expr::Bool(false)),
            (from, to) if to - from == 1 => compared(from, None),
            (from, to) => Ok(Expr::all([at(from, Comparison::AtLeast)?, at(to, Comparison::Less)?])),
        },
    }
}

/// A quotient, rounded half-even to billionths, compared with billionths: twice the sum with an odd number of half billionths for
/// each value, where a tie belongs to the even neighbour.
fn average(sum: &Expr, count: &Expr, billionths: i128, comparison: Option<Comparison>) -> Result<Expr, Unsupported> {
    let reaches = |billionths: i128, reached: bool| {
        let halves = billionths
            .checked_mul(2)
            .and_then(|twice| i64::try_from(twice - 1).ok());
        let Some(halves) = halves else {
            return Err(Unsupported::AverageBesideLargeNumber);
        };
        let comparison = match (billionths % 2 == 0, reached) {
            (true, true) => Comparison::AtLeast,
            (false, true) => Comparison::Greater,
            (true, false) => Comparison::Less,
            (false, false) => Comparison::AtMost,
        };
        let twice = Expr::Times(Box::new(sum.clone()), Box::new(Expr::Int(2)));
        let bound = Expr::Times(
            Box::new(Expr::Whole(Box::new(count.clone()))),
            Box::new(Expr::Int(halves)),
        );
        Ok(twice.compare(comparison, bound))
    };
    match comparison {
        Some(Comparison::AtLeast) => reaches(billionths, true),
        Some(Comparison::Less) => reaches(billionths, false),
        Some(Comparison::Greater) => reaches(billionths + 1, true),
        Some(Comparison::AtMost) => reaches(billionths + 1, false),
        None => Ok(Expr::all([reaches(billionths, true)?, reaches(billionths + 1, false)?])),
    }
}
