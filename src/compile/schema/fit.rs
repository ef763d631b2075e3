//! Which test fits which type: one that no value of the type can pass, or that every one does, fits it not.
//!
//! | type | literals | operators |
//! |---|---|---|
//! | `string` | any | all |
//! | `number` | numbers, text | `=`, `in`, `<`, those on text |
//! | `boolean` | `true`, `false`, text | `=`, `in`, those on text |
//! | `timestamp` | dates, text | `=`, `in`, those on dates, those on text (with text alone) |
//! | `one of` | what one of its values equals | what one of its values passes |
//! | `list of` | those of its elements | `exists`, `contains` |
//! | an object, or a list of them | – | `exists` |
//!
//! Two values fit each other if both are of one type or one is text; with `<` both must be numbers or text, with `before`
//! dates or text. A list or an object as the other side never does.

use std::cell::Cell;

use super::values::Values;
use super::{Held, Kind, Schemas, Typed};
use crate::span::Span;
use crate::syntax::ast::{Comparison, Literal, LiteralValue, Operand, TestKind};

/// Why a test does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    /// Its operator is for values of another type.
    Operator,
    /// The operand is of another type.
    Literal(Span),
    /// The operand is none of the values that there are.
    NoValue(Span),
    /// The operand is a list or an object.
    Several,
    /// The operand holds values of another type.
    OtherType,
}

/// What a value is compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Text,
    Number,
    Boolean,
    Timestamp,
}

/// How many literals of one list are told of.
const TOLD: usize = 10;

impl Schemas<'_> {
    /// Why a test on a value does not fit; `other` is what its operand refers to. Not empty at most once, save for the
    /// literals of a list.
    pub(super) fn misfits(&self, held: Held, test: &TestKind, other: Option<Held>, spent: &Cell<usize>) -> Vec<Misfit> {
        if let Some(other) = other {
            return self.reference(held, test, other).into_iter().collect();
        }
        let typed = match held {
            _ if matches!(test, TestKind::Exists | TestKind::DoesNotExist) => return Vec::new(),
            Held::Anything => return Vec::new(),
            Held::Parts(_) => return vec![Misfit::Operator],
            Held::Value(typed) => typed,
        };
        let one = |misfit: Option<Misfit>| misfit.into_iter().collect();
        let operator = |fits: bool| one((!fits).then_some(Misfit::Operator));
        let each = |literals: &[Literal], kind: Kind| {
            let misfits = literals.iter().filter_map(|literal| self.equality(kind, literal));
            let mut misfits: Vec<Misfit> = misfits.take(TOLD).collect();
            if matches!(misfits.first(), Some(Misfit::Literal(_))) {
                misfits.truncate(1);
            }
            misfits
        };
        if typed.lists > 0 {
            return match test {
                _ if typed.lists > 1 => vec![Misfit::Operator],
                TestKind::Contains(Operand::Literal(literal)) | TestKind::DoesNotContain(Operand::Literal(literal)) => {
                    one(self.equality(typed.kind, literal))
                }
                TestKind::ContainsAnyOf(literals) => each(literals, typed.kind),
                _ => vec![Misfit::Operator],
            };
        }
        let kind = typed.kind;
        match test {
            TestKind::Equals(Operand::Literal(literal)) | TestKind::NotEquals(Operand::Literal(literal)) => {
                one(self.equality(kind, literal))
            }
            TestKind::In(literals) | TestKind::NotIn(literals) => each(literals, kind),
            TestKind::Compare(comparison, Operand::Literal(literal)) => self.compared(kind, *comparison, literal),
            TestKind::Contains(Operand::Literal(literal)) | TestKind::DoesNotContain(Operand::Literal(literal)) => {
                one(self.as_text(kind, literal, spent, |value, text| value.contains(text)))
            }
            TestKind::StartsWith(Operand::Literal(literal)) => {
                one(self.as_text(kind, literal, spent, |value, text| value.starts_with(text)))
            }
            TestKind::EndsWith(Operand::Literal(literal)) => {
                one(self.as_text(kind, literal, spent, |value, text| value.ends_with(text)))
            }
            TestKind::ContainsAnyOf(literals) => {
                let misfits = literals
                    .iter()
                    .filter_map(|literal| self.as_text(kind, literal, spent, |value, text| value.contains(text)));
                misfits.take(1).collect()
            }
            TestKind::Before(Operand::Literal(literal)) | TestKind::After(Operand::Literal(literal)) => {
                match (self.values(kind).and_then(Values::dates), &literal.value) {
                    (Some((first, last)), LiteralValue::Date(date)) => operator(match test {
                        TestKind::Before(_) => first < *date,
                        _ => last > *date,
                    }),
                    _ => operator(self.is_date(kind)),
                }
            }
            TestKind::WithinLast(_) | TestKind::WithinNext(_) | TestKind::BeforeLast(_) | TestKind::AfterNext(_) => {
                operator(self.is_date(kind))
            }
            // With references, above.
            _ => Vec::new(),
        }
    }

    fn values(&self, kind: Kind) -> Option<&Values> {
        match kind {
            Kind::OneOf(at) => self.values.get(at),
            Kind::String | Kind::Number | Kind::Boolean | Kind::Timestamp => None,
        }
    }

    fn is_date(&self, kind: Kind) -> bool {
        match self.values(kind) {
            Some(values) => values.dates().is_some(),
            None => matches!(kind, Kind::String | Kind::Timestamp),
        }
    }

    fn equality(&self, kind: Kind, literal: &Literal) -> Option<Misfit> {
        if let Some(values) = self.values(kind) {
            return (!values.has(&literal.value)).then_some(Misfit::NoValue(literal.span));
        }
        let fits = matches!(
            (kind, &literal.value),
            (Kind::String, _)
                | (_, LiteralValue::Text(_))
                | (Kind::Number, LiteralValue::Number(_))
                | (Kind::Boolean, LiteralValue::Boolean(_))
                | (Kind::Timestamp, LiteralValue::Date(_))
        );
        (!fits).then_some(Misfit::Literal(literal.span))
    }

    fn compared(&self, kind: Kind, comparison: Comparison, literal: &Literal) -> Vec<Misfit> {
        let fits = match (self.values(kind), &literal.value) {
            (Some(values), LiteralValue::Number(number)) => values.reaches(comparison, *number),
            (Some(_), _) => false,
            (None, _) => matches!(kind, Kind::String | Kind::Number),
        };
        (!fits).then_some(Misfit::Operator).into_iter().collect()
    }

    /// The tests that take both sides as text.
    fn as_text(
        &self,
        kind: Kind,
        literal: &Literal,
        spent: &Cell<usize>,
        test: impl Fn(&str, &str) -> bool,
    ) -> Option<Misfit> {
        if let Some(values) = self.values(kind) {
            let fits = |text: &str| values.any_text(spent, |value| test(value, text));
            let fits = match &literal.value {
                LiteralValue::Text(text) => fits(text),
                LiteralValue::Number(number) => fits(&number.text()),
                LiteralValue::Boolean(boolean) => fits(if *boolean { "true" } else { "false" }),
                LiteralValue::Date(_) => false,
            };
            return (!fits).then_some(Misfit::NoValue(literal.span));
        }
        // The text of a date is not the date: with a date literal, `contains` finds elements of lists alone.
        let fits = matches!(
            (kind, &literal.value),
            (Kind::String, _)
                | (_, LiteralValue::Text(_))
                | (Kind::Number, LiteralValue::Number(_))
                | (Kind::Boolean, LiteralValue::Boolean(_))
        );
        (!fits).then_some(Misfit::Literal(literal.span))
    }

    fn class(&self, kind: Kind) -> Class {
        match kind {
            Kind::String => Class::Text,
            Kind::Number => Class::Number,
            Kind::Boolean => Class::Boolean,
            Kind::Timestamp => Class::Timestamp,
            Kind::OneOf(_) => {
                let kinds = self.values(kind).map(Values::kinds).unwrap_or_default();
                match (kinds.text, kinds.number, kinds.boolean, kinds.date) {
                    (false, true, false, false) => Class::Number,
                    (false, false, true, false) => Class::Boolean,
                    (false, false, false, true) => Class::Timestamp,
                    _ => Class::Text,
                }
            }
        }
    }

    /// A test that compares with another value.
    fn reference(&self, held: Held, test: &TestKind, other: Held) -> Option<Misfit> {
        let other = match other {
            Held::Parts(_) => return Some(Misfit::Several),
            Held::Value(typed) if typed.lists > 0 => return Some(Misfit::Several),
            Held::Value(Typed { kind, .. }) => Some(self.class(kind)),
            Held::Anything => None,
        };
        let mut elements = false;
        let value = match held {
            Held::Parts(_) => return Some(Misfit::Operator),
            Held::Value(typed) if typed.lists > 0 => {
                elements = matches!(test, TestKind::Contains(_) | TestKind::DoesNotContain(_));
                if !elements || typed.lists > 1 {
                    return Some(Misfit::Operator);
                }
                Some(self.class(typed.kind))
            }
            Held::Value(typed) => Some(self.class(typed.kind)),
            Held::Anything => None,
        };
        let both = |classes: [Class; 2]| {
            if value.is_some_and(|class| !classes.contains(&class)) {
                return Some(Misfit::Operator);
            }
            let fits = other.is_none_or(|class| classes.contains(&class));
            (!fits).then_some(Misfit::OtherType)
        };
        match test {
            TestKind::Compare(..) => return both([Class::Text, Class::Number]),
            TestKind::Before(_) | TestKind::After(_) => return both([Class::Text, Class::Timestamp]),
            TestKind::Equals(_) | TestKind::NotEquals(_) => {}
            TestKind::Contains(_) | TestKind::DoesNotContain(_) if elements => {}
            // Both as text.
            _ => return None,
        }
        let (value, other) = (value?, other?);
        let fits = value == other || value == Class::Text || other == Class::Text;
        (!fits).then_some(Misfit::OtherType)
    }
}
