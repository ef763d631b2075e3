//! Computed traits (CT-10 to CT-23, as language.md settles them).

use std::cmp::Ordering;

use super::node::{Evaluation, Place};
use super::row::{Computed, Events, Matched, Row};
use crate::ir::{Aggregate, Function, Program, PropertySlot, Subject};
use crate::value::{Decimal, Number, Text, Value};

/// The value of a computed trait of a row: over its own events, or over those of all users of an account (CT-8).
pub(super) fn compute<'a>(program: &Program, aggregate: &Aggregate, row: &Row<'a>, users: &[&Row<'a>]) -> Computed<'a> {
    let passing = Passing {
        program,
        aggregate,
        row,
        users,
    };
    match aggregate.function {
        Function::Count => made(whole(passing.events().count())),
        Function::Sum(property) => made(passing.sum(property).0.number()),
        Function::Average(property) => {
            let (sum, count) = passing.sum(property);
            made(sum.over(count).and_then(Decimal::number))
        }
        Function::Minimum(property) => made(passing.numbers(property).min_by(|a, b| a.compare(*b))),
        Function::Maximum(property) => made(passing.numbers(property).max_by(|a, b| a.compare(*b))),
        Function::First(property) => passing.edge(property, Ordering::Less),
        Function::Last(property) => passing.edge(property, Ordering::Greater),
        Function::MostFrequent { property, .. } | Function::UniqueList(property) | Function::UniqueCount(property) => {
            of_texts(aggregate.function, passing.values(property))
        }
    }
}

/// Of the values of a property, in any order, what a function of their texts makes; nothing by any other function.
pub(super) fn of_texts<'v>(function: Function, values: impl Iterator<Item = &'v Value>) -> Computed<'static> {
    let mut texts = sorted_texts(values);
    if let Function::MostFrequent { at_least, .. } = function {
        return most_frequent(&texts, at_least);
    }
    texts.dedup_by(|a, b| **a == **b);
    match function {
        Function::UniqueCount(_) => made(whole(texts.len())),
        Function::UniqueList(_) if !texts.is_empty() => {
            Computed::Made(Value::List(texts.iter().map(|text| Value::from(&**text)).collect()))
        }
        _ => Computed::Absent,
    }
}

fn made(number: Option<Number>) -> Computed<'static> {
    number.map_or(Computed::Absent, |number| Computed::Made(Value::Number(number)))
}

fn whole(count: usize) -> Option<Number> {
    u64::try_from(count).ok().map(Number::from)
}

/// The most common of sorted texts, the first of those that are equally common.
fn most_frequent(texts: &[Text<'_>], at_least: u32) -> Computed<'static> {
    let runs = texts.chunk_by(|a, b| **a == **b);
    // Of equal ones `max_by` takes the last.
    let most = runs.rev().max_by_key(|run| run.len());
    let most = most.filter(|run| run.len() >= at_least as usize).and_then(<[_]>::first);
    most.map_or(Computed::Absent, |text| Computed::Made(Value::from(&**text)))
}

fn by_code_point(a: &Text<'_>, b: &Text<'_>) -> Ordering {
    (**a).cmp(&**b)
}

/// The texts of all scalar values, and of the scalar elements of lists, sorted by code point.
fn sorted_texts<'v>(values: impl Iterator<Item = &'v Value>) -> Vec<Text<'v>> {
    let mut texts = Vec::new();
    for value in values {
        match value {
            Value::List(items) => texts.extend(items.iter().filter_map(Value::read_text)),
            value => texts.extend(value.read_text()),
        }
    }
    texts.sort_by(by_code_point);
    texts
}

/// The events that an aggregate is over.
struct Passing<'c, 'a> {
    program: &'c Program,
    aggregate: &'c Aggregate,
    row: &'c Row<'a>,
    users: &'c [&'c Row<'a>],
}

impl<'c, 'a> Passing<'c, 'a> {
    /// The events inside the window that pass the filter, each with its place: user by user, in time order.
    fn events(&self) -> impl Iterator<Item = (Events<'c, 'a>, usize)> {
        self.sources().iter().flat_map(|source| self.events_of(source))
    }

    /// Whose events: a user's own, or those of the account's users.
    fn sources(&self) -> &[&'c Row<'a>] {
        match self.row.subject() {
            Subject::User => std::slice::from_ref(&self.row),
            Subject::Account => self.users,
        }
    }

    fn events_of(&self, source: &'c Row<'a>) -> impl DoubleEndedIterator<Item = (Events<'c, 'a>, usize)> {
        let (after, until) = self.aggregate.window.bounds(self.row.now());
        let events = source.events(self.aggregate.event);
        // References are to the traits of the subject, an account's also where the event is a user's.
        let evaluation = Evaluation::new(self.program, self.row, self.users);
        let passes = move |at: &usize| {
            let matched = Matched::alone(events, *at, 0);
            let event = Some(&matched);
            evaluation.passes(self.aggregate.filter, Place { event, item: None })
        };
        events.between(after, until).filter(passes).map(move |at| (events, at))
    }

    fn values(&self, property: PropertySlot) -> impl Iterator<Item = &'a Value> {
        self.events().filter_map(move |(events, at)| events.value(at, property))
    }

    fn numbers(&self, property: PropertySlot) -> impl Iterator<Item = Number> {
        self.values(property).filter_map(Value::read_number)
    }

    /// The sum, and of how many values.
    fn sum(&self, property: PropertySlot) -> (Decimal, u64) {
        let values = self.numbers(property).filter_map(Decimal::round);
        values.fold((Decimal::ZERO, 0), |(sum, count), value| (sum.plus(value), count + 1))
    }

    /// The value of the earliest event that has one, or of the latest. Those of one user are in the order of EV-14
    /// already; between users of an account the message id breaks a tie.
    fn edge(&self, property: PropertySlot, wanted: Ordering) -> Computed<'a> {
        let mut found: Option<(Events<'c, 'a>, usize)> = None;
        for source in self.sources() {
            let mut events = self.events_of(source);
            let has = |(events, at): &(Events<'c, 'a>, usize)| events.value(*at, property).is_some();
            let edge = match wanted {
                Ordering::Greater => events.rfind(has),
                _ => events.find(has),
            };
            let key = |(events, at): (Events<'c, 'a>, usize)| (events.time(at), events.tie(at));
            if let Some(edge) = edge
                && found.is_none_or(|found| key(edge).cmp(&key(found)) == wanted)
            {
                found = Some(edge);
            }
        }
        let value = found.and_then(|(events, at)| events.value(at, property));
        value.map_or(Computed::Absent, Computed::Lent)
    }
}
