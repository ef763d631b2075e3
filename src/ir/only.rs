//! One audience of a program, as a program of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::{AudienceSlot, Node, NodeId, Program, TraitSource};

impl Program {
    /// The program of one audience and those that it refers to, without the nodes that only others need. The tables of
    /// categories, destinations, traits and events stay whole, so that their slots mean the same.
    #[must_use]
    pub fn only(&self, audience: AudienceSlot) -> Program {
        let mut kept = Kept::default();
        let computed = self.traits.iter().filter_map(|source| match &source.source {
            TraitSource::Computed(aggregate) => Some(aggregate.filter),
            TraitSource::Sent(_) => None,
        });
        computed.for_each(|filter| kept.node(self, filter));
        let mut open = vec![audience];
        while let Some(slot) = open.pop() {
            if let Some(audience) = self.audiences.get(slot.index())
                && kept.audiences.insert(slot)
            {
                kept.node(self, audience.who);
                open.append(&mut kept.referred);
            }
        }
        kept.program(self)
    }
}

/// What a part of a program needs.
#[derive(Default)]
struct Kept {
    audiences: BTreeSet<AudienceSlot>,
    nodes: BTreeSet<NodeId>,
    /// Audiences that nodes refer to, still to be looked at.
    referred: Vec<AudienceSlot>,
}

impl Kept {
    fn node(&mut self, program: &Program, id: NodeId) {
        if !self.nodes.insert(id) {
            return;
        }
        let node = program.node(id);
        if let Node::Member(audience) = node {
            self.referred.push(*audience);
        }
        node.clone().children(&mut |child| self.node(program, *child));
    }

    /// The order of what is left stays as it was, so children still stand before their parents.
    fn program(&self, whole: &Program) -> Program {
        let audiences: BTreeMap<AudienceSlot, usize> = self.audiences.iter().copied().zip(0..).collect();
        let nodes: BTreeMap<NodeId, usize> = self.nodes.iter().copied().zip(0..).collect();
        let audience = |slot: AudienceSlot| AudienceSlot::at(audiences.get(&slot).copied().unwrap_or_default());
        let node = |id: NodeId| NodeId::at(nodes.get(&id).copied().unwrap_or_default());
        let mut program = whole.clone();
        program.nodes = self.nodes.iter().map(|id| whole.node(*id).clone()).collect();
        for each in &mut program.nodes {
            each.children(&mut |child| *child = node(*child));
            if let Node::Member(target) = each {
                *target = audience(*target);
            }
        }
        for source in &mut program.traits {
            if let TraitSource::Computed(aggregate) = &mut source.source {
                aggregate.filter = node(aggregate.filter);
            }
        }
        program.audiences = self
            .audiences
            .iter()
            .filter_map(|slot| whole.audiences.get(slot.index()))
            .cloned()
            .collect();
        for each in &mut program.audiences {
            each.who = node(each.who);
        }
        let order = whole.order.iter().filter(|slot| self.audiences.contains(slot));
        program.order = order.map(|slot| audience(*slot)).collect();
        program.derive()
    }
}
