//! The values of a `one of`, each as all the types that it can be read as.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Comparison;
use crate::span::{Sources, Span};
use crate::syntax::ast::{Literal, LiteralValue};
use crate::time::Timestamp;
use crate::value::{Number, Value};

/// How many comparisons of texts are made in all for `contains` and its kin; beyond, they are taken to fit.
pub(super) const PATIENCE: usize = 2_000_000;

/// Some values, sorted by each type that they can be read as.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// As the author wrote them, in that order.
    pub(super) written: Vec<Span>,
    texts: BTreeSet<Box<str>>,
    numbers: Vec<Number>,
    booleans: BTreeSet<bool>,
    dates: BTreeSet<Timestamp>,
    kinds: Kinds,
}

/// The types of the literals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Kinds {
    pub(super) text: bool,
    pub(super) number: bool,
    pub(super) boolean: bool,
    pub(super) date: bool,
}

/// What makes two literals the same.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'v> {
    Text(&'v str),
    /// Equal numbers have one text.
    Number(String),
    Boolean(bool),
    Date(Timestamp),
}

impl Values {
    /// A value that stands twice is an error.
    pub(super) fn new(literals: &[Literal], sources: &Sources, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut values = Values::default();
        let mut seen: BTreeMap<Key<'_>, Span> = BTreeMap::new();
        for literal in literals {
            let key = match &literal.value {
                LiteralValue::Text(text) => Key::Text(text),
                LiteralValue::Number(number) => Key::Number((*number.text()).to_owned()),
                LiteralValue::Boolean(boolean) => Key::Boolean(*boolean),
                LiteralValue::Date(date) => Key::Date(*date),
            };
            if let Some(first) = seen.get(&key) {
                let message = format!("`{}` stands twice among these values", sources.slice(literal.span));
                diagnostics.push(
                    Diagnostic::error(Code::BadSchema, literal.span, message)
                        .related(*first, "the first one")
                        .help("remove one of them"),
                );
                continue;
            }
            seen.insert(key, literal.span);
            values.written.push(literal.span);
            values.add(literal, sources);
        }
        values.numbers.sort_by(|a, b| a.compare(*b));
        values
    }

    fn add(&mut self, literal: &Literal, sources: &Sources) {
        let value = match &literal.value {
            LiteralValue::Text(text) => {
                self.kinds.text = true;
                Value::String(text.clone())
            }
            LiteralValue::Number(number) => {
                self.kinds.number = true;
                Value::Number(*number)
            }
            LiteralValue::Boolean(boolean) => {
                self.kinds.boolean = true;
                Value::Bool(*boolean)
            }
            // A date is sent as text.
            LiteralValue::Date(_) => {
                self.kinds.date = true;
                Value::from(sources.slice(literal.span))
            }
        };
        self.numbers.extend(value.read_number());
        self.booleans.extend(value.read_bool());
        self.dates.extend(value.as_str().and_then(Timestamp::parse));
        self.texts.extend(value.read_text().map(|text| (*text).into()));
    }

    /// Whether one of the values, read as the literal's type, equals it.
    pub(super) fn has(&self, literal: &LiteralValue) -> bool {
        match literal {
            LiteralValue::Text(text) => self.texts.contains(text),
            LiteralValue::Number(number) => self.numbers.binary_search_by(|n| n.compare(*number)).is_ok(),
            LiteralValue::Boolean(boolean) => self.booleans.contains(boolean),
            LiteralValue::Date(date) => self.dates.contains(date),
        }
    }

    /// Whether one of the values is so much.
    pub(super) fn reaches(&self, comparison: Comparison, number: Number) -> bool {
        let end = match comparison {
            Comparison::Less | Comparison::AtMost => self.numbers.first(),
            Comparison::Greater | Comparison::AtLeast => self.numbers.last(),
        };
        end.is_some_and(|end| comparison.holds(end.compare(number)))
    }

    /// The earliest and the latest of them that is a date.
    pub(super) fn dates(&self) -> Option<(Timestamp, Timestamp)> {
        Some((*self.dates.first()?, *self.dates.last()?))
    }

    /// Whether the text of one of the values passes.
    pub(super) fn any_text(&self, spent: &Cell<usize>, test: impl Fn(&str) -> bool) -> bool {
        if spent.get() > PATIENCE {
            return true;
        }
        spent.set(spent.get().saturating_add(self.texts.len()));
        self.texts.iter().any(|text| test(text))
    }

    /// Whether one of them is a number.
    pub(super) fn has_number(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// The texts among them.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }

    pub(super) fn kinds(&self) -> Kinds {
        self.kinds
    }
}
