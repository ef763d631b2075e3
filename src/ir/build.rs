//! The way to make nodes: normalise, then share.

use std::collections::HashMap;

use super::{
    Audience, AudienceSlot, Category, Destination, Event, EventSlot, FORMAT, Flat, Node, NodeId, Program, PropertySlot,
    Trait, TraitSlot,
};
use crate::value::Path;

/// Builds the nodes and tables of a [`Program`].
#[derive(Debug, Default)]
pub struct Builder {
    nodes: Vec<Node>,
    ids: HashMap<Node, NodeId>,
    traits: Vec<Trait>,
    trait_slots: HashMap<Trait, TraitSlot>,
    events: Vec<Event>,
    event_slots: HashMap<Box<str>, EventSlot>,
    property_slots: HashMap<(EventSlot, Path), PropertySlot>,
}

impl Builder {
    /// A builder without nodes.
    pub fn new() -> Self {
        Builder::default()
    }

    /// The slot of a trait.
    pub fn trait_slot(&mut self, wanted: Trait) -> TraitSlot {
        if let Some(slot) = self.trait_slots.get(&wanted) {
            return *slot;
        }
        let slot = TraitSlot::at(self.traits.len());
        self.traits.push(wanted.clone());
        self.trait_slots.insert(wanted, slot);
        slot
    }

    /// The slot of an event.
    pub fn event_slot(&mut self, name: &str) -> EventSlot {
        if let Some(slot) = self.event_slots.get(name) {
            return *slot;
        }
        let slot = EventSlot::at(self.events.len());
        self.events.push(Event {
            name: name.into(),
            properties: Vec::new(),
        });
        self.event_slots.insert(name.into(), slot);
        slot
    }

    /// The name of an event.
    pub(crate) fn event_name(&self, event: EventSlot) -> &str {
        self.events.get(event.index()).map_or("", |event| &event.name)
    }

    /// The slot of a property of an event.
    pub fn property_slot(&mut self, event: EventSlot, path: Path) -> PropertySlot {
        let key = (event, path);
        if let Some(slot) = self.property_slots.get(&key) {
            return *slot;
        }
        let Some(table) = self.events.get_mut(event.index()) else {
            return PropertySlot(u32::MAX);
        };
        let slot = PropertySlot::at(table.properties.len());
        table.properties.push(key.1.clone());
        self.property_slots.insert(key, slot);
        slot
    }

    /// `true` or `false`.
    pub fn constant(&mut self, value: bool) -> NodeId {
        self.share(Node::Const(value))
    }

    /// The other way round: constants are turned, two negations go away.
    pub fn not(&mut self, node: NodeId) -> NodeId {
        match self.nodes.get(node.index()) {
            Some(Node::Const(value)) => {
                let value = !value;
                self.constant(value)
            }
            Some(Node::Not(inner)) => *inner,
            _ => self.share(Node::Not(node)),
        }
    }

    /// All of them. `true` for none.
    pub fn and(&mut self, nodes: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.group(nodes, true)
    }

    /// One of them. `false` for none.
    pub fn or(&mut self, nodes: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.group(nodes, false)
    }

    /// Any node that is no constant, negation or group.
    pub fn leaf(&mut self, node: Node) -> NodeId {
        match node {
            Node::Const(value) => self.constant(value),
            Node::Not(inner) => self.not(inner),
            Node::And(nodes) => self.and(nodes),
            Node::Or(nodes) => self.or(nodes),
            leaf => self.share(leaf),
        }
    }

    /// The program of these nodes.
    pub fn finish(
        self,
        enforcement: bool,
        categories: Vec<Category>,
        destinations: Vec<Destination>,
        audiences: Vec<Audience>,
        order: Vec<AudienceSlot>,
    ) -> Program {
        Program {
            format: FORMAT,
            enforcement,
            categories,
            destinations,
            traits: self.traits,
            events: self.events,
            nodes: self.nodes,
            audiences,
            order,
            funnels: Vec::new(),
            by_name: HashMap::new(),
            flat: Flat::default(),
        }
        .derive()
    }

    /// `and` where `neutral` is true, else `or`: the neutral constant goes away, the other one decides alone.
    fn group(&mut self, nodes: impl IntoIterator<Item = NodeId>, neutral: bool) -> NodeId {
        let mut flat = Vec::new();
        for id in nodes {
            match self.nodes.get(id.index()) {
                Some(Node::Const(value)) if *value == neutral => {}
                Some(Node::Const(_)) => return self.constant(!neutral),
                Some(Node::And(inner)) if neutral => flat.extend_from_slice(inner),
                Some(Node::Or(inner)) if !neutral => flat.extend_from_slice(inner),
                _ => flat.push(id),
            }
        }
        flat.sort_by_key(|id| (self.cost(*id), *id));
        flat.dedup();
        match flat.as_slice() {
            [] => self.constant(neutral),
            [only] => *only,
            _ if neutral => self.share(Node::And(flat)),
            _ => self.share(Node::Or(flat)),
        }
    }

    /// What is cheap to evaluate stands first: consent and membership are one look, traits a test, events a scan.
    fn cost(&self, id: NodeId) -> u8 {
        match self.nodes.get(id.index()) {
            None | Some(Node::Const(_)) => 0,
            Some(Node::Consent { .. } | Node::Member(_)) => 1,
            Some(Node::Test { .. }) => 2,
            Some(Node::Not(inner)) => self.cost(*inner),
            // Sorted, so the last child is the dearest.
            Some(Node::And(nodes) | Node::Or(nodes)) => nodes.last().map_or(0, |last| self.cost(*last)),
            Some(Node::Element { .. }) => 3,
            Some(Node::Performed(p)) if p.steps.is_empty() => 4,
            Some(Node::Performed(_)) => 5,
            Some(Node::Users { .. }) => 6,
        }
    }

    fn share(&mut self, node: Node) -> NodeId {
        if let Some(id) = self.ids.get(&node) {
            return *id;
        }
        let id = NodeId::at(self.nodes.len());
        self.nodes.push(node.clone());
        self.ids.insert(node, id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::ConsentState;
    use crate::ir::CategorySlot;

    fn consent(builder: &mut Builder, n: u32) -> NodeId {
        builder.leaf(Node::Consent {
            category: CategorySlot(n),
            state: ConsentState::Granted,
        })
    }

    #[test]
    fn equal_predicates_are_one_node() {
        let mut b = Builder::new();
        let (x, y) = (consent(&mut b, 0), consent(&mut b, 1));
        let first = b.and([x, y]);
        let second = b.and([y, x, y]);
        assert_eq!(first, second);
        assert_eq!(consent(&mut b, 0), x);
    }

    #[test]
    fn groups_are_flat_and_constants_are_folded() {
        let mut b = Builder::new();
        let (x, y, z) = (consent(&mut b, 0), consent(&mut b, 1), consent(&mut b, 2));
        let (yes, no) = (b.constant(true), b.constant(false));
        let inner = b.and([y, z]);
        let nested = b.and([x, inner, yes]);
        assert_eq!(nested, b.and([x, y, z]));
        assert_eq!(b.and([x, no]), no);
        assert_eq!(b.or([x, yes]), yes);
        assert_eq!(b.or([x, no]), x);
        assert_eq!(b.and([]), yes);
        assert_eq!(b.or([]), no);
        let not = b.not(x);
        assert_eq!(b.not(not), x);
        assert_eq!(b.not(yes), no);
    }
}
