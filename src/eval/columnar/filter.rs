//! Which events of a column pass a filter, and which two events have the same value.

use super::column::{Column, Indices, Ints, Texts, power};
use super::segment::Events;
use super::select::{Asker, Select, Unary};
use crate::ir::{Node, NodeId, Operand, Program, Reference, Test, ValueRef};
use crate::value::Value;

/// A filter over the events of one name that reads their properties alone.
#[derive(Debug)]
pub(super) enum Filter<'s> {
    Always,
    Never,
    One(Select<'s>),
    Not(Box<Filter<'s>>),
    All(Vec<Filter<'s>>),
    Any(Vec<Filter<'s>>),
}

impl<'s> Filter<'s> {
    /// `None` for one that reads anything else: a trait, or an event of another step.
    pub(super) fn new(program: &'s Program, events: &'s Events, filter: NodeId, asker: &'s Asker<'s>) -> Option<Self> {
        Filter::part(program, events, filter, asker, &mut 0)
    }

    /// A part of one that has so many parts already. Parts that are shared stand here as often as they are used, so there is
    /// an end to it.
    fn part(
        program: &'s Program,
        events: &'s Events,
        filter: NodeId,
        asker: &'s Asker<'s>,
        parts: &mut usize,
    ) -> Option<Self> {
        const MOST: usize = 1000;
        *parts += 1;
        if *parts > MOST {
            return None;
        }
        let mut all = |nodes: &[NodeId]| -> Option<Vec<Filter<'s>>> {
            let filters = nodes
                .iter()
                .map(|node| Filter::part(program, events, *node, asker, parts));
            filters.collect()
        };
        Some(match program.node(filter) {
            Node::Const(true) => Filter::Always,
            Node::Const(false) => Filter::Never,
            Node::Not(inner) => Filter::Not(Filter::part(program, events, *inner, asker, parts)?.into()),
            Node::And(nodes) => Filter::All(all(nodes)?),
            Node::Or(nodes) => Filter::Any(all(nodes)?),
            node => {
                let (value, unary) = unary(program, node)?;
                let ValueRef::Property(slot) = value else { return None };
                Filter::One(Select::new(events.properties.get(slot.index())?, unary, asker))
            }
        })
    }

    pub(super) fn passes(&self, at: usize) -> bool {
        match self {
            Filter::Always => true,
            Filter::Never => false,
            Filter::One(select) => select.holds(at),
            Filter::Not(inner) => !inner.passes(at),
            Filter::All(filters) => filters.iter().all(|filter| filter.passes(at)),
            Filter::Any(filters) => filters.iter().any(|filter| filter.passes(at)),
        }
    }
}

/// The value and the condition on it, if a node is a condition on one value that reads nothing else.
pub(super) fn unary<'p>(program: &'p Program, node: &'p Node) -> Option<(&'p ValueRef, Unary<'p>)> {
    match node {
        Node::Test { value, test } if test.reference().is_none() => Some((value, Unary::Test(test))),
        Node::Element { list, filter } if is_closed(program, *filter) => Some((list, Unary::Element(*filter))),
        _ => None,
    }
}

/// Whether a filter over the elements of a list reads nothing but these.
fn is_closed(program: &Program, filter: NodeId) -> bool {
    match program.node(filter) {
        Node::Const(_) => true,
        Node::Not(inner) => is_closed(program, *inner),
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().all(|node| is_closed(program, *node)),
        Node::Test { value, test } => matches!(value, ValueRef::Item(_)) && test.reference().is_none(),
        Node::Element { list, filter } => matches!(list, ValueRef::Item(_)) && is_closed(program, *filter),
        Node::Performed(_) | Node::Member(_) | Node::Consent { .. } | Node::Users { .. } => false,
    }
}

/// Two properties of events of two names, and whether their values are the same.
#[derive(Debug)]
pub(super) enum Same<'s> {
    Never,
    /// Each times a power of ten.
    Units(&'s Ints, i128, &'s Ints, i128),
    /// By the code in the first column, that of the same text in the second; 0 for none.
    Codes(&'s Indices, &'s Indices, Vec<u32>),
    Texts(&'s Texts, &'s Texts),
}

impl<'s> Same<'s> {
    /// Of `= NAME.PROPERTY` in the filter of the only step of a funnel. `None` for any other test, and for columns whose
    /// values cannot be compared by their form.
    fn new(program: &'s Program, first: &'s Events, then: &'s Events, test: NodeId) -> Option<Self> {
        let Node::Test {
            value: ValueRef::Property(own),
            test: Test::Equals(Operand::Reference(reference)),
        } = program.node(test)
        else {
            return None;
        };
        let Reference::Step { step: 0, property } = reference else {
            return None;
        };
        let column = |events: &'s Events, slot: usize| events.properties.get(slot);
        match (column(first, property.index())?, column(then, own.index())?) {
            (Column::Absent, _) | (_, Column::Absent) => Some(Same::Never),
            (Column::Units(first), Column::Units(then)) => {
                let scale = first.scale.max(then.scale);
                let times = |other: u8| i128::from(power(scale - other));
                Some(Same::Units(
                    &first.cells,
                    times(first.scale),
                    &then.cells,
                    times(then.scale),
                ))
            }
            (Column::Codes(first), Column::Codes(then)) => Some(Same::Codes(
                &first.cells,
                &then.cells,
                translated(&first.values, &then.values)?,
            )),
            (Column::Texts(first), Column::Texts(then)) => Some(Same::Texts(first, then)),
            _ => None,
        }
    }

    /// Whether the event of the first name and the one of the second have the same value.
    fn holds(&self, first: usize, then: usize) -> bool {
        match self {
            Same::Never => false,
            Same::Units(a, times, b, others) => match (a.at(first), b.at(then)) {
                (Some(a), Some(b)) => i128::from(a) * times == i128::from(b) * others,
                _ => false,
            },
            Same::Codes(a, b, codes) => {
                let code = codes.get(a.at(first)).copied().unwrap_or(0);
                code != 0 && code as usize == b.at(then)
            }
            Same::Texts(a, b) => a.text(first).is_some_and(|text| b.text(then) == Some(text)),
        }
    }
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

/// The filter of the only step of a funnel: what it asks of the event itself, and what must be the same as in the event
/// before.
#[derive(Debug)]
pub(super) struct Following<'s> {
    own: Vec<Filter<'s>>,
    same: Vec<Same<'s>>,
}

impl<'s> Following<'s> {
    /// `None` for one that reads anything else.
    pub(super) fn new(
        program: &'s Program,
        first: &'s Events,
        then: &'s Events,
        filter: NodeId,
        asker: &'s Asker<'s>,
    ) -> Option<Self> {
        let parts = match program.node(filter) {
            Node::And(nodes) => nodes.as_slice(),
            Node::Const(true) => &[],
            _ => &[filter],
        };
        let mut following = Following {
            own: Vec::new(),
            same: Vec::new(),
        };
        for part in parts {
            match Same::new(program, first, then, *part) {
                Some(same) => following.same.push(same),
                None => following.own.push(Filter::new(program, then, *part, asker)?),
            }
        }
        Some(following)
    }

    /// Whether an event of the second name passes after one of the first.
    pub(super) fn passes(&self, first: usize, then: usize) -> bool {
        self.same.iter().all(|same| same.holds(first, then)) && self.own.iter().all(|filter| filter.passes(then))
    }
}
