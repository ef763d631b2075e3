//! Two values of one person, compared: of two traits, of an event and a trait, of two events of a funnel.

use std::cmp::Ordering;

use super::column::{Column, Indices, Ints, Texts, power};
use super::select::Asker;
use crate::ir::{Comparison, Operand, Test};
use crate::value::Value;

/// Two columns, and what is asked of a value of the first and one of the second.
#[derive(Debug)]
pub(super) enum Compared<'s> {
    Never,
    /// Numbers, each times a power of ten, are in such an order.
    Units {
        own: &'s Ints,
        times: i128,
        other: &'s Ints,
        others: i128,
        holds: fn(Ordering) -> bool,
    },
    /// Texts that repeat are equal, or are not. By the code in the second column, that of the same text in the first; 0 for none.
    Codes {
        own: &'s Indices,
        other: &'s Indices,
        codes: Vec<u32>,
        equal: bool,
    },
    /// The same of texts that do not repeat.
    Texts {
        own: &'s Texts,
        other: &'s Texts,
        equal: bool,
    },
    /// Each two are asked about.
    Each {
        own: Option<&'s Column>,
        other: &'s Column,
        test: &'s Test,
        asker: &'s Asker<'s>,
    },
}

impl<'s> Compared<'s> {
    /// Of a test that refers to another value; no column where there never is a value.
    pub(super) fn new(
        own: Option<&'s Column>,
        other: Option<&'s Column>,
        test: &'s Test,
        asker: &'s Asker<'s>,
    ) -> Compared<'s> {
        // A test that refers to nothing does not hold.
        let Some(other) = other.filter(|column| !matches!(column, Column::Absent)) else {
            return Compared::Never;
        };
        let each = Compared::Each {
            own,
            other,
            test,
            asker,
        };
        let (Some(own), Some(holds)) = (own, order(test)) else {
            return each;
        };
        let equal = match test {
            Test::Equals(_) => Some(true),
            Test::NotEquals(_) => Some(false),
            _ => None,
        };
        match (own, other, equal) {
            (Column::Absent, _, _) => Compared::Never,
            (Column::Units(own), Column::Units(other), _) => {
                let scale = own.scale.max(other.scale);
                let times = |column: u8| i128::from(power(scale - column));
                Compared::Units {
                    own: &own.cells,
                    times: times(own.scale),
                    other: &other.cells,
                    others: times(other.scale),
                    holds,
                }
            }
            (Column::Codes(own), Column::Codes(other), Some(equal)) => match translated(&other.values, &own.values) {
                Some(codes) => Compared::Codes {
                    own: &own.cells,
                    other: &other.cells,
                    codes,
                    equal,
                },
                None => each,
            },
            (Column::Texts(own), Column::Texts(other), Some(equal)) => Compared::Texts { own, other, equal },
            _ => each,
        }
    }

    /// Whether it holds of the value at a place of the first column and the one at a place of the second.
    pub(super) fn holds(&self, own: usize, other: usize) -> bool {
        match self {
            Compared::Never => false,
            Compared::Units {
                own: owns,
                times,
                other: all,
                others,
                holds,
            } => match (owns.at(own), all.at(other)) {
                (Some(a), Some(b)) => holds((i128::from(a) * times).cmp(&(i128::from(b) * others))),
                _ => false,
            },
            Compared::Codes {
                own: owns,
                other: all,
                codes,
                equal,
            } => match (owns.at(own), all.at(other)) {
                (0, _) | (_, 0) => false,
                (a, b) => codes.get(b).is_some_and(|same| (*same as usize == a) == *equal),
            },
            Compared::Texts {
                own: owns,
                other: all,
                equal,
            } => match (owns.text(own), all.text(other)) {
                (Some(a), Some(b)) => (a == b) == *equal,
                _ => false,
            },
            Compared::Each {
                own: owns,
                other: all,
                test,
                asker,
            } => {
                let value = owns.and_then(|column| column.value(own));
                asker.compares(test, value.as_deref(), all.value(other).as_deref())
            }
        }
    }
}

/// The orders of two numbers that a test holds of, if it refers to the other one and asks for an order.
fn order(test: &Test) -> Option<fn(Ordering) -> bool> {
    let (order, operand): (fn(Ordering) -> bool, &Operand) = match test {
        Test::Equals(operand) => (Ordering::is_eq, operand),
        Test::NotEquals(operand) => (Ordering::is_ne, operand),
        Test::Compare(Comparison::Less, operand) => (Ordering::is_lt, operand),
        Test::Compare(Comparison::AtMost, operand) => (Ordering::is_le, operand),
        Test::Compare(Comparison::Greater, operand) => (Ordering::is_gt, operand),
        Test::Compare(Comparison::AtLeast, operand) => (Ordering::is_ge, operand),
        _ => return None,
    };
    matches!(operand, Operand::Reference(_)).then_some(order)
}

/// By code of the one list, the code of the same text in the other, 0 for none. `None` where not all are texts: a number is the
/// same as several texts.
fn translated(from: &[Value], to: &[Value]) -> Option<Vec<u32>> {
    let from = from.iter().map(Value::as_str).collect::<Option<Vec<&str>>>()?;
    let to = to.iter().map(Value::as_str).collect::<Option<Vec<&str>>>()?;
    if !from.is_sorted() || !to.is_sorted() {
        return None;
    }
    let mut rest = (1..).zip(&to).peekable();
    let mut codes = vec![0];
    for text in from {
        while rest.next_if(|(_, other)| **other < text).is_some() {}
        codes.push(rest.next_if(|(_, other)| **other == text).map_or(0, |(code, _)| code));
    }
    Some(codes)
}

/// An event that a filter looks at, whose it is, and the events that the steps before matched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'m> {
    /// The place of the profile in its segment.
    pub(super) person: usize,
    /// The place of the event among all of its name.
    pub(super) event: usize,
    /// The event of the step before.
    pub(super) before: Option<&'m Spot<'m>>,
}

impl Spot<'_> {
    /// An event of a profile, with no other before it.
    pub(super) fn first(person: usize, event: usize) -> Self {
        Spot {
            person,
            event,
            before: None,
        }
    }

    fn place(&self, side: Side) -> Option<usize> {
        match side {
            Side::Person => Some(self.person),
            Side::Event(back) => {
                let mut spot = self;
                for _ in 0..back {
                    spot = spot.before?;
                }
                Some(spot.event)
            }
        }
    }
}

/// Whose value is compared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Person,
    /// That of the event so many steps before the one at hand; 0 for that one itself.
    Event(u32),
}

/// A test on two values, as a filter asks it.
#[derive(Debug)]
pub(super) struct Pair<'s> {
    pub(super) own: Side,
    pub(super) other: Side,
    pub(super) compared: Compared<'s>,
}

impl Pair<'_> {
    pub(super) fn holds(&self, spot: &Spot<'_>) -> bool {
        match (spot.place(self.own), spot.place(self.other)) {
            (Some(own), Some(other)) => self.compared.holds(own, other),
            // Steps that are not there match nothing.
            _ => false,
        }
    }
}
