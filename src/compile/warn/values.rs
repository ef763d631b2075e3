//! The kinds of values that some tests can tell apart (language.md, Values).
//!
//! A value is absent, an object, a list or a scalar. Of a scalar the tests see its text, the number, boolean or date that
//! it is read as, and whether its text begins with, ends with or contains others. A text that a test names is known
//! exactly, and so is all that it is read as. Any other is drawn as *some* text: each number, each stretch of numbers
//! between two that are named, and each date likewise, with each way in which it can begin, end and contain.
//!
//! Some of what is drawn may not exist: there may be no double between two that are named, and no date that is both
//! before 2020 and within the last week, if it is 2026. It counts as possible, because here is no `now`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::ir::{Comparison, DateTest, Instant, Literal, Literals, Operand, Test};
use crate::time::{Duration, Timestamp};
use crate::value::Number;

/// As many tests on parts of the text are told apart; each doubles the samples.
const NEEDLES: usize = 6;
/// The longest `contains any of` that is looked into.
const CHOICES: usize = 32;
/// As many samples are drawn of one value.
const DRAWN: usize = 50_000;

/// A kind of value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sample<'p> {
    Absent,
    Object,
    /// Which of the tests on parts find an element.
    List(Bits),
    Scalar(Scalar<'p>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scalar<'p> {
    text: SomeText<'p>,
    /// The place of the number that it is read as.
    number: Option<usize>,
    boolean: Option<bool>,
    /// The place of the date that it is read as, and that of its distance from `now`.
    date: Option<(usize, usize)>,
}

#[derive(Debug, Clone, PartialEq)]
enum SomeText<'p> {
    Known(&'p str),
    /// None that any test names; which of the tests on parts hold of it.
    Other(Bits),
}

/// One bit for each test on parts of the text.
type Bits = u8;

/// What tests on one value tell apart, and the samples of it.
#[derive(Debug, Default)]
pub(super) struct Samples<'p> {
    texts: BTreeSet<&'p str>,
    /// Sorted, once [`draw`](Samples::draw) is called. Places count them and the stretches between: of the n-th number it is
    /// 2n + 1, of the stretch before it 2n.
    numbers: Vec<Number>,
    dates: Vec<Timestamp>,
    /// How long after `now` a bound is, in milliseconds.
    distances: Vec<i64>,
    needles: Vec<&'p Test>,
    drawn: Option<Vec<Sample<'p>>>,
}

impl<'p> Samples<'p> {
    /// Takes note of what a test on a literal tells apart. `false` where it would be too much.
    pub(super) fn note(&mut self, test: &'p Test) -> bool {
        match test {
            Test::Exists | Test::Omits(_) => {}
            Test::Equals(operand) | Test::NotEquals(operand) | Test::Compare(_, operand) => {
                if let Operand::Literal(literal) = operand {
                    self.literal(literal);
                }
            }
            Test::OneOf(list) | Test::NoneOf(list) => {
                self.texts.extend(list.texts.iter().map(|text| &**text));
                self.numbers.extend(&list.numbers);
                self.dates.extend(&list.dates);
            }
            Test::Contains(_) | Test::ContainsAny(_) | Test::StartsWith(_) | Test::EndsWith(_) => {
                if self.needles.contains(&test) {
                    return true;
                }
                if self.needles.len() == NEEDLES || elements(test).len() > CHOICES {
                    return false;
                }
                self.needles.push(test);
            }
            Test::Date(test) => match test {
                DateTest::Before(Instant::At(at)) | DateTest::After(Instant::At(at)) => self.dates.push(*at),
                DateTest::Before(Instant::Of(_)) | DateTest::After(Instant::Of(_)) => {}
                DateTest::WithinLast(length) => self.distances.extend([0, ago(*length)]),
                DateTest::WithinNext(length) => self.distances.extend([0, length.as_millis()]),
                DateTest::BeforeLast(length) => self.distances.push(ago(*length)),
                DateTest::AfterNext(length) => self.distances.push(length.as_millis()),
            },
        }
        true
    }

    fn literal(&mut self, literal: &'p Literal) {
        match literal {
            Literal::Text(text) => {
                self.texts.insert(text);
            }
            Literal::Number(number) => self.numbers.push(*number),
            Literal::Date(date) => self.dates.push(*date),
            Literal::Boolean(_) => {}
        }
    }

    /// Draws the samples. What was noted later would not be told apart.
    pub(super) fn draw(&mut self) {
        self.texts.extend(["true", "false"]);
        self.numbers.sort_by(|a, b| a.compare(*b));
        self.numbers.dedup_by(|a, b| a.compare(*b).is_eq());
        self.dates.sort_unstable();
        self.dates.dedup();
        self.distances.sort_unstable();
        self.distances.dedup();
        let all_bits = || (0..1u16 << self.needles.len()).filter_map(|bits| Bits::try_from(bits).ok());
        let of_texts: Vec<Bits> = all_bits().filter(|bits| self.can_be_text(*bits)).collect();
        let of_lists = all_bits().filter(|bits| self.can_be_list(*bits));
        let (numbers, distances) = (2 * self.numbers.len() + 1, 2 * self.distances.len() + 1);
        let dates = if self.dates.is_empty() && self.distances.is_empty() {
            0
        } else {
            (2 * self.dates.len() + 1) * distances
        };
        let count = (numbers + dates + 1).saturating_mul(of_texts.len());
        if count.saturating_add(self.texts.len() * distances) > DRAWN {
            return;
        }
        let mut drawn = vec![Sample::Absent, Sample::Object];
        drawn.extend(of_lists.map(Sample::List));
        for text in &self.texts {
            let known = Scalar {
                text: SomeText::Known(text),
                number: Number::parse(text).map(|number| place(&self.numbers, |n| n.compare(number))),
                boolean: text.parse().ok(),
                date: None,
            };
            match Timestamp::parse(text) {
                Some(date) => drawn.extend((0..distances).map(|distance| {
                    Sample::Scalar(Scalar {
                        date: Some((place(&self.dates, |d| d.cmp(&date)), distance)),
                        ..known.clone()
                    })
                })),
                None => drawn.push(Sample::Scalar(known)),
            }
        }
        for bits in of_texts {
            let other = Scalar {
                text: SomeText::Other(bits),
                number: None,
                boolean: None,
                date: None,
            };
            drawn.extend((0..numbers).map(|number| {
                Sample::Scalar(Scalar {
                    number: Some(number),
                    ..other.clone()
                })
            }));
            drawn.extend((0..dates).map(|date| {
                Sample::Scalar(Scalar {
                    date: Some((date / distances, date % distances)),
                    ..other.clone()
                })
            }));
            drawn.push(Sample::Scalar(other));
        }
        self.drawn = Some(drawn);
    }

    /// Whether there are too many kinds to be drawn.
    pub(super) fn are_too_many(&self) -> bool {
        self.drawn.is_none()
    }

    pub(super) fn get(&self, at: usize) -> Option<&Sample<'p>> {
        self.drawn.as_ref()?.get(at)
    }

    /// Whether a test that was noted holds of a sample: the tables of language.md.
    pub(super) fn holds(&self, test: &Test, sample: &Sample<'p>) -> bool {
        match (sample, test) {
            (Sample::Absent, _) => false,
            (_, Test::Exists) => true,
            (Sample::Object | Sample::List(_), Test::NotEquals(_) | Test::NoneOf(_)) => true,
            (Sample::List(bits), Test::Contains(_) | Test::ContainsAny(_)) => self.has(*bits, test),
            (Sample::Object | Sample::List(_), _) => false,
            (Sample::Scalar(scalar), test) => self.holds_of(test, scalar),
        }
    }

    fn holds_of(&self, test: &Test, scalar: &Scalar<'p>) -> bool {
        match test {
            Test::Equals(Operand::Literal(literal)) => self.equals(scalar, literal),
            Test::NotEquals(Operand::Literal(literal)) => !self.equals(scalar, literal),
            Test::Compare(comparison, Operand::Literal(Literal::Number(number))) => {
                let bound = place(&self.numbers, |n| n.compare(*number));
                scalar.number.is_some_and(|number| match comparison {
                    Comparison::Less => number < bound,
                    Comparison::AtMost => number <= bound,
                    Comparison::Greater => number > bound,
                    Comparison::AtLeast => number >= bound,
                })
            }
            Test::OneOf(list) => self.is_in(scalar, list),
            Test::NoneOf(list) => !self.is_in(scalar, list),
            Test::Contains(_) | Test::ContainsAny(_) | Test::StartsWith(_) | Test::EndsWith(_) => match scalar.text {
                SomeText::Known(text) => meets(text, test),
                SomeText::Other(bits) => self.has(bits, test),
            },
            Test::Date(test) => scalar
                .date
                .is_some_and(|(date, distance)| self.date_holds(test, date, distance)),
            // Those with a reference are not noted.
            _ => false,
        }
    }

    fn equals(&self, scalar: &Scalar<'p>, literal: &Literal) -> bool {
        match literal {
            Literal::Text(text) => scalar.text == SomeText::Known(text),
            Literal::Number(number) => scalar.number == Some(place(&self.numbers, |n| n.compare(*number))),
            Literal::Boolean(boolean) => scalar.boolean == Some(*boolean),
            Literal::Date(date) => scalar.date.map(|(date, _)| date) == Some(place(&self.dates, |d| d.cmp(date))),
        }
    }

    fn is_in(&self, scalar: &Scalar<'p>, list: &Literals) -> bool {
        let text = match scalar.text {
            SomeText::Known(text) => list.texts.binary_search_by(|other| (**other).cmp(text)).is_ok(),
            SomeText::Other(_) => false,
        };
        let number = scalar.number.and_then(|place| named(&self.numbers, place));
        let date = scalar.date.and_then(|(place, _)| named(&self.dates, place));
        text || number.is_some_and(|number| list.numbers.binary_search_by(|n| n.compare(*number)).is_ok())
            || scalar.boolean.is_some_and(|boolean| list.booleans.contains(&boolean))
            || date.is_some_and(|date| list.dates.binary_search(date).is_ok())
    }

    fn date_holds(&self, test: &DateTest, date: usize, distance: usize) -> bool {
        let bound = |millis: i64| place(&self.distances, |d| d.cmp(&millis));
        match test {
            DateTest::Before(Instant::At(at)) => date < place(&self.dates, |d| d.cmp(at)),
            DateTest::After(Instant::At(at)) => date > place(&self.dates, |d| d.cmp(at)),
            DateTest::Before(Instant::Of(_)) | DateTest::After(Instant::Of(_)) => false,
            DateTest::WithinLast(length) => bound(ago(*length)) < distance && distance <= bound(0),
            DateTest::WithinNext(length) => bound(0) < distance && distance <= bound(length.as_millis()),
            DateTest::BeforeLast(length) => distance <= bound(ago(*length)),
            DateTest::AfterNext(length) => distance > bound(length.as_millis()),
        }
    }

    fn has(&self, bits: Bits, test: &Test) -> bool {
        let at = self.needles.iter().position(|needle| *needle == test);
        at.is_some_and(|at| bits >> at & 1 == 1)
    }

    /// Whether there can be a text of which these tests hold, and the others do not, as far as each two of them tell.
    fn can_be_text(&self, bits: Bits) -> bool {
        let all = || self.needles.iter().map(|test| (*test, self.has(bits, test)));
        all().all(|(one, holds)| {
            let parts = parts_of(one);
            // What is in every text; and a date, which is in none.
            if !holds {
                return !meets("", one);
            }
            !parts.is_empty()
                && all().all(|(other, also)| {
                    let same = std::mem::discriminant(one) == std::mem::discriminant(other);
                    let end = matches!(one, Test::StartsWith(_) | Test::EndsWith(_));
                    let implied = (same || !elements(other).is_empty()) && parts.iter().all(|part| meets(part, other));
                    // Two beginnings, or two endings, of one text: one of them is the other's.
                    let nested = || parts_of(other).iter().all(|part| meets(part, one));
                    if also {
                        !(same && end) || implied || nested()
                    } else {
                        !implied
                    }
                })
        })
    }

    /// The same for the elements of a list.
    fn can_be_list(&self, bits: Bits) -> bool {
        let all = || self.needles.iter().map(|test| (elements(test), self.has(bits, test)));
        all().filter(|(_, holds)| *holds).all(|(one, _)| {
            let implied = |other: &[Literal]| one.iter().all(|literal| other.contains(literal));
            !one.is_empty() && all().all(|(other, also)| also || !implied(other))
        })
    }
}

/// Whether a test on parts holds of a text.
fn meets(text: &str, test: &Test) -> bool {
    let parts = parts_of(test);
    parts.iter().any(|part| match test {
        Test::StartsWith(_) => text.starts_with(&**part),
        Test::EndsWith(_) => text.ends_with(&**part),
        _ => text.contains(&**part),
    })
}

/// The texts that a test on parts looks for in a text; a date is none.
fn parts_of(test: &Test) -> Vec<Cow<'_, str>> {
    fn text(literal: &Literal) -> Option<Cow<'_, str>> {
        match literal {
            Literal::Text(text) => Some(Cow::Borrowed(text)),
            Literal::Number(number) => Some(Cow::Owned((*number.text()).to_owned())),
            Literal::Boolean(boolean) => Some(Cow::Borrowed(if *boolean { "true" } else { "false" })),
            Literal::Date(_) => None,
        }
    }
    let literals = match test {
        Test::StartsWith(Operand::Literal(literal)) | Test::EndsWith(Operand::Literal(literal)) => {
            std::slice::from_ref(literal)
        }
        test => elements(test),
    };
    literals.iter().filter_map(text).collect()
}

/// The values that a test looks for among the elements of a list; none for other tests.
fn elements(test: &Test) -> &[Literal] {
    match test {
        Test::Contains(Operand::Literal(literal)) => std::slice::from_ref(literal),
        Test::ContainsAny(literals) => literals,
        _ => &[],
    }
}

fn ago(length: Duration) -> i64 {
    -length.as_millis()
}

/// The place of something among those that are named, which are sorted.
fn place<T>(named: &[T], compare: impl Fn(&T) -> std::cmp::Ordering) -> usize {
    match named.binary_search_by(compare) {
        Ok(at) => 2 * at + 1,
        Err(at) => 2 * at,
    }
}

/// What is named at a place; nothing for a stretch between.
fn named<T>(all: &[T], place: usize) -> Option<&T> {
    all.get(place / 2).filter(|_| place % 2 == 1)
}
