//! Which events of a column pass a filter.

use super::column::Column;
use super::pair::{Compared, Pair, Side, Spot};
use super::segment::{Events, Segment};
use super::select::{Asker, Select, Unary};
use crate::ir::{Node, NodeId, Program, PropertySlot, Reference, Subject, TraitSlot, TraitSource, ValueRef};

/// A filter over the events of one name that reads what is in columns: their properties, those of the events that earlier
/// steps matched, and traits that were sent.
#[derive(Debug)]
pub(super) enum EventFilter<'s> {
    Always,
    Never,
    One(Select<'s>),
    Pair(Pair<'s>),
    Not(Box<EventFilter<'s>>),
    All(Vec<EventFilter<'s>>),
    Any(Vec<EventFilter<'s>>),
}

/// What filters can read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a, 's> {
    pub(super) program: &'s Program,
    pub(super) segment: &'s Segment,
    pub(super) asker: &'s Asker<'s>,
    /// The events of each step, from the first `performed` to the one whose filter it is.
    pub(super) steps: &'a [&'s Events],
}

impl<'s> EventFilter<'s> {
    /// `None` for one that reads anything else, such as a computed trait.
    pub(super) fn new(scope: Scope<'_, 's>, filter: NodeId) -> Option<Self> {
        EventFilter::part(scope, filter, &mut 0)
    }

    /// A part of one that has so many parts already. Parts that are shared stand here as often as they are used, so there is
    /// an end to it.
    fn part(scope: Scope<'_, 's>, filter: NodeId, parts: &mut usize) -> Option<Self> {
        const MOST: usize = 1000;
        *parts += 1;
        if *parts > MOST {
            return None;
        }
        let mut all = |nodes: &[NodeId]| -> Option<Vec<EventFilter<'s>>> {
            nodes
                .iter()
                .map(|node| EventFilter::part(scope, *node, parts))
                .collect()
        };
        Some(match scope.program.node(filter) {
            Node::Const(true) => EventFilter::Always,
            Node::Const(false) => EventFilter::Never,
            Node::Not(inner) => EventFilter::Not(EventFilter::part(scope, *inner, parts)?.into()),
            Node::And(nodes) => EventFilter::All(all(nodes)?),
            Node::Or(nodes) => EventFilter::Any(all(nodes)?),
            node => match unary(scope.program, node) {
                Some((ValueRef::Property(slot), unary)) => {
                    let events = scope.steps.last()?;
                    EventFilter::One(Select::new(events.properties.get(slot.index())?, unary, scope.asker))
                }
                Some(_) => return None,
                None => EventFilter::Pair(scope.pair(node)?),
            },
        })
    }

    pub(super) fn passes(&self, spot: &Spot<'_>) -> bool {
        match self {
            EventFilter::Always => true,
            EventFilter::Never => false,
            EventFilter::One(select) => select.holds(spot.event),
            EventFilter::Pair(pair) => pair.holds(spot),
            EventFilter::Not(inner) => !inner.passes(spot),
            EventFilter::All(filters) => filters.iter().all(|filter| filter.passes(spot)),
            EventFilter::Any(filters) => filters.iter().any(|filter| filter.passes(spot)),
        }
    }
}

impl<'s> Scope<'_, 's> {
    /// `None` for what is no test on two values, or on one that is in no column.
    fn pair(self, node: &'s Node) -> Option<Pair<'s>> {
        let Node::Test { value, test } = node else { return None };
        let at_hand = self.steps.len().checked_sub(1)?;
        let (own, own_column) = match value {
            ValueRef::Property(slot) => (Side::Event(0), self.property(at_hand, *slot)),
            ValueRef::Trait(slot) => (Side::Person, sent(self.program, self.segment, *slot)?),
            ValueRef::Item(_) => return None,
        };
        let (other, other_column) = match test.reference()? {
            Reference::Trait(slot) => (Side::Person, sent(self.program, self.segment, slot)?),
            Reference::Step { step, property } => match at_hand.checked_sub(step as usize) {
                Some(back) => {
                    let back = Side::Event(u32::try_from(back).ok()?);
                    (back, self.property(step as usize, property))
                }
                // A later step has matched nothing yet.
                None => (Side::Event(0), None),
            },
        };
        Some(Pair {
            own,
            other,
            compared: Compared::new(own_column, other_column, test, self.asker),
        })
    }

    fn property(self, step: usize, slot: PropertySlot) -> Option<&'s Column> {
        self.steps.get(step)?.properties.get(slot.index())
    }
}

/// The column of a trait; none where no user has it. `None` for one that is computed.
pub(super) fn sent<'s>(program: &Program, segment: &'s Segment, slot: TraitSlot) -> Option<Option<&'s Column>> {
    match program.traits.get(slot.index()) {
        Some(source) if source.of == Subject::User => match &source.source {
            TraitSource::Sent(_) => Some(segment.traits.get(slot.index())),
            TraitSource::Computed(_) => None,
        },
        // A user has none of an account's traits.
        _ => Some(None),
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
