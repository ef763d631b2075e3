//! A program prepared for one segment and one instant: how each condition is asked of a block.

use super::aggregate::{Computing, OnComputed};
use super::column::Column;
use super::count::Counting;
use super::filter::{sent, unary};
use super::ladder::{Ladder, Rungs};
use super::pair::Compared;
use super::segment::Segment;
use super::select::{Asker, Ranges, Select};
use super::windows::Windows;
use crate::consent::ConsentState;
use crate::ir::{
    AudienceSlot, CategorySlot, Node, NodeId, Program, Reference, Subject, Test, TraitSlot, TraitSource, ValueRef,
};

/// How a condition is asked of a block.
#[derive(Debug)]
pub(super) enum Ask<'s> {
    Const(bool),
    Not(NodeId),
    /// The cheapest first.
    All(Vec<NodeId>),
    Any(Vec<NodeId>),
    Member(AudienceSlot),
    Consent(CategorySlot, ConsentState),
    Select(Select<'s>),
    /// One of many ranges of one value.
    Rungs(TraitSlot, Rungs),
    Computed(TraitSlot, OnComputed<'s>),
    /// Two traits that were sent.
    Compared(Compared<'s>),
    /// Two traits of which one at least is computed.
    Between(Held<'s>, Held<'s>, &'s Test),
    Count(Counting<'s>),
    /// By the evaluator of one profile.
    One,
}

/// Where the value of a trait is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Held<'s> {
    /// In a column, if there is any.
    Sent(Option<&'s Column>),
    Computed(TraitSlot),
}

impl Ask<'_> {
    /// The trait and the ranges, if it is about where a number of a trait lies.
    fn ranges(&self, program: &Program, id: NodeId) -> Option<(TraitSlot, &Ranges)> {
        match (self, program.node(id)) {
            (Ask::Computed(slot, on), _) => on.ranges().map(|ranges| (*slot, ranges)),
            (
                Ask::Select(Select::Units { ranges, .. }),
                Node::Test {
                    value: ValueRef::Trait(slot),
                    ..
                },
            ) => Some((*slot, ranges)),
            _ => None,
        }
    }

    /// What asking it costs, about.
    fn cost(&self) -> u8 {
        match self {
            Ask::Const(_) | Ask::Member(_) | Ask::Consent(..) => 0,
            Ask::Rungs(..) => 1,
            Ask::Select(select) if select.is_quick() => 1,
            Ask::Select(_) | Ask::Compared(_) => 2,
            Ask::Computed(..) | Ask::Between(..) => 3,
            Ask::Count(counting) if !counting.is_funnel() => 3,
            Ask::Count(_) => 4,
            // Of a gate, as much as the dearest of its parts; see `Plan::cost`.
            Ask::Not(_) | Ask::All(_) | Ask::Any(_) => 0,
            // Of one that is asked one by one, as much as its kind; see `Plan::add`.
            Ask::One => 5,
        }
    }
}

/// How deep conditions may be nested: more than twice as deep as authors may nest them. A program that was made otherwise can
/// be deeper than a thread's stack has room for.
const DEEPEST: usize = 150;

/// How deep the nodes are nested at the most.
fn depth(program: &Program) -> usize {
    let mut depths: Vec<usize> = Vec::with_capacity(program.nodes.len());
    for node in &program.nodes {
        // Children stand before.
        let depth = |id: &NodeId| depths.get(id.index()).copied().unwrap_or(0);
        let below = match node {
            Node::Not(child) | Node::Element { filter: child, .. } | Node::Users { condition: child, .. } => {
                depth(child)
            }
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().map(depth).max().unwrap_or(0),
            Node::Performed(performed) => {
                let steps = performed.steps.iter().map(|step| &step.filter);
                steps.chain([&performed.filter]).map(depth).max().unwrap_or(0)
            }
            Node::Const(_) | Node::Test { .. } | Node::Member(_) | Node::Consent { .. } => 0,
        };
        depths.push(below + 1);
    }
    depths.into_iter().max().unwrap_or(0)
}

/// A program prepared for a segment.
#[derive(Debug)]
pub(super) struct Plan<'s> {
    /// By node; of those that are no conditions on people, such as filters, nothing.
    asks: Vec<Option<Ask<'s>>>,
    costs: Vec<u8>,
    /// By node, how often it is asked for: the answer to one that is asked for once need not be kept.
    uses: Vec<u32>,
    /// By audience slot, whether a condition asks for its members.
    pub(super) referred: Vec<bool>,
    /// By trait slot, the computed traits that conditions ask for.
    computed: Vec<Option<Computing<'s>>>,
    /// By trait slot, the bounds of those that are asked for many ranges.
    pub(super) ladders: Vec<Option<Ladder>>,
    pub(super) windows: Windows,
}

impl<'s> Plan<'s> {
    /// `None` where conditions are nested too deep.
    pub(super) fn new(program: &'s Program, segment: &'s Segment, asker: &'s Asker<'s>) -> Option<Self> {
        if depth(program) > DEEPEST {
            return None;
        }
        let mut plan = Plan {
            asks: program.nodes.iter().map(|_| None).collect(),
            costs: vec![0; program.nodes.len()],
            uses: vec![0; program.nodes.len()],
            referred: vec![false; program.audiences.len()],
            computed: program.traits.iter().map(|_| None).collect(),
            ladders: program.traits.iter().map(|_| None).collect(),
            windows: Windows::default(),
        };
        let users = program.audiences.iter().filter(|audience| audience.of == Subject::User);
        users.for_each(|audience| plan.add(program, segment, asker, audience.who));
        plan.lay_ladders(program);
        let counted = plan.asks.iter_mut().filter_map(|ask| match ask {
            Some(Ask::Count(counting)) => Some(&mut counting.passing),
            _ => None,
        });
        let computed = plan.computed.iter_mut().flatten();
        plan.windows = Windows::share(counted.chain(computed.map(|computing| &mut computing.passing)));
        Some(plan)
    }

    /// Finds the traits of which many ranges are asked for, and asks for all of these together.
    fn lay_ladders(&mut self, program: &Program) {
        let mut asked: Vec<Vec<(usize, &Ranges)>> = program.traits.iter().map(|_| Vec::new()).collect();
        for (id, ask) in self.asks.iter().enumerate() {
            if let Some((slot, ranges)) = ask.as_ref().and_then(|ask| ask.ranges(program, NodeId::at(id)))
                && let Some(asked) = asked.get_mut(slot.index())
            {
                asked.push((id, ranges));
            }
        }
        let mut rungs = Vec::new();
        for (slot, asked) in asked.into_iter().enumerate() {
            let Some(ladder) = Ladder::new(asked.iter().map(|(_, ranges)| *ranges)) else {
                continue;
            };
            for (id, ranges) in asked {
                rungs.extend(ladder.rungs(ranges).map(|rungs| (id, TraitSlot::at(slot), rungs)));
            }
            if let Some(place) = self.ladders.get_mut(slot) {
                *place = Some(ladder);
            }
        }
        for (id, slot, rungs) in rungs {
            if let (Some(ask), Some(uses)) = (self.asks.get_mut(id), self.uses.get_mut(id)) {
                // It is kept on the ladder.
                (*ask, *uses) = (Some(Ask::Rungs(slot, rungs)), 1);
            }
        }
    }

    pub(super) fn ask(&self, id: NodeId) -> &Ask<'s> {
        self.asks
            .get(id.index())
            .and_then(Option::as_ref)
            .unwrap_or(&Ask::Const(false))
    }

    /// The conditions that are asked of the evaluator of one profile.
    pub(super) fn one_by_one(&self) -> impl Iterator<Item = NodeId> {
        let asks = self.asks.iter().enumerate();
        asks.filter(|(_, ask)| matches!(ask, Some(Ask::One)))
            .map(|(id, _)| NodeId::at(id))
    }

    /// Whether a condition is asked for in several places.
    pub(super) fn is_shared(&self, id: NodeId) -> bool {
        self.uses.get(id.index()).is_some_and(|uses| *uses > 1)
    }

    /// The recursion is as deep as conditions are nested, which `Program::from_json` and the language bound.
    fn add(&mut self, program: &'s Program, segment: &'s Segment, asker: &'s Asker<'s>, id: NodeId) {
        if let Some(uses) = self.uses.get_mut(id.index()) {
            *uses = uses.saturating_add(1);
        }
        if !matches!(self.asks.get(id.index()), Some(None)) {
            return;
        }
        let node = program.node(id);
        if let Node::Member(audience) = node
            && let Some(referred) = self.referred.get_mut(audience.index())
        {
            *referred = true;
        }
        if let Node::Not(inner) = node {
            self.add(program, segment, asker, *inner);
        }
        if let Node::And(nodes) | Node::Or(nodes) = node {
            nodes.iter().for_each(|node| self.add(program, segment, asker, *node));
        }
        let ask = match node {
            Node::Const(value) => Ask::Const(*value),
            Node::Not(inner) => Ask::Not(*inner),
            Node::And(nodes) => Ask::All(self.by_cost(nodes)),
            Node::Or(nodes) => Ask::Any(self.by_cost(nodes)),
            Node::Member(audience) => Ask::Member(*audience),
            Node::Consent { category, state } => Ask::Consent(*category, *state),
            Node::Performed(performed) => {
                Counting::new(program, segment, performed, asker).map_or(Ask::One, Ask::Count)
            }
            Node::Test { .. } | Node::Element { .. } => self.on_trait(program, segment, asker, node),
            Node::Users { .. } => Ask::One,
        };
        let cost = match &ask {
            Ask::Not(inner) => self.cost(*inner),
            // The dearest stands last.
            Ask::All(nodes) | Ask::Any(nodes) => nodes.last().map_or(0, |last| self.cost(*last)),
            // A look at two values is done before many events are gone through.
            Ask::One if matches!(node, Node::Test { .. }) => 3,
            ask => ask.cost(),
        };
        if let (Some(place), Some(known)) = (self.asks.get_mut(id.index()), self.costs.get_mut(id.index())) {
            (*place, *known) = (Some(ask), cost);
        }
    }

    fn cost(&self, id: NodeId) -> u8 {
        self.costs.get(id.index()).copied().unwrap_or(0)
    }

    fn by_cost(&self, nodes: &[NodeId]) -> Vec<NodeId> {
        let mut nodes = nodes.to_vec();
        nodes.sort_by_key(|id| self.cost(*id));
        nodes
    }

    fn on_trait(
        &mut self,
        program: &'s Program,
        segment: &'s Segment,
        asker: &'s Asker<'s>,
        node: &'s Node,
    ) -> Ask<'s> {
        let on = match (node, unary(program, node)) {
            (_, Some((ValueRef::Trait(slot), unary))) => {
                self.held(program, segment, asker, *slot).map(|held| match held {
                    Held::Sent(None) => Ask::Const(false),
                    Held::Sent(Some(column)) => Ask::Select(Select::new(column, unary, asker)),
                    Held::Computed(slot) => match self.computing(slot) {
                        Some(computing) => Ask::Computed(slot, computing.on(unary, asker)),
                        None => Ask::One,
                    },
                })
            }
            (
                Node::Test {
                    value: ValueRef::Trait(own),
                    test,
                },
                None,
            ) => self.between(program, segment, asker, *own, test),
            _ => None,
        };
        on.unwrap_or(Ask::One)
    }

    /// A test on two traits; `None` where one is in no column.
    fn between(
        &mut self,
        program: &'s Program,
        segment: &'s Segment,
        asker: &'s Asker<'s>,
        own: TraitSlot,
        test: &'s Test,
    ) -> Option<Ask<'s>> {
        let Some(Reference::Trait(other)) = test.reference() else {
            return None;
        };
        let own = self.held(program, segment, asker, own)?;
        let other = self.held(program, segment, asker, other)?;
        Some(match (own, other) {
            (Held::Sent(own), Held::Sent(other)) => Ask::Compared(Compared::new(own, other, test, asker)),
            _ => Ask::Between(own, other, test),
        })
    }

    /// Where the value of a trait is; `None` where it is in no column.
    fn held(
        &mut self,
        program: &'s Program,
        segment: &'s Segment,
        asker: &'s Asker<'s>,
        slot: TraitSlot,
    ) -> Option<Held<'s>> {
        if let Some(column) = sent(program, segment, slot) {
            return Some(Held::Sent(column));
        }
        let TraitSource::Computed(aggregate) = &program.traits.get(slot.index())?.source else {
            return None;
        };
        let computed = self.computed.get_mut(slot.index())?;
        if computed.is_none() {
            *computed = Some(Computing::new(program, segment, aggregate, asker)?);
        }
        Some(Held::Computed(slot))
    }

    /// How a computed trait is computed that conditions ask for.
    pub(super) fn computing(&self, slot: TraitSlot) -> Option<&Computing<'s>> {
        self.computed.get(slot.index())?.as_ref()
    }
}
