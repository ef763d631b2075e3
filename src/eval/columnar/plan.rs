//! A program prepared for one segment and one instant: how each condition is asked of a block.

use super::aggregate::{Computing, OnComputed};
use super::column::Column;
use super::count::{Counting, Passing};
use super::filter::{EventFilter, sent, unary};
use super::ladder::{Ladder, Rungs};
use super::pair::Compared;
use super::segment::Segment;
use super::select::{Asker, Ranges, Select};
use super::windows::Windows;
use crate::consent::ConsentState;
use crate::eval::row::{Row, Wanted};
use crate::eval::until::Read;
use crate::ir::{
    AudienceSlot, CategorySlot, EventSlot, Node, NodeId, Performed, Program, Reference, Subject, Test, TraitSlot,
    TraitSource, ValueRef,
};
use crate::model::Profile;

/// How a condition is asked of a block.
#[derive(Debug)]
pub(super) enum Way<'s> {
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
    /// By the evaluator of one profile;
    One,
    /// of those alone who have an event in the window: whether it holds of the others is known.
    OneInside(Passing<'s>, bool),
}

/// Where the value of a trait is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Held<'s> {
    /// In a column, if there is any.
    Sent(Option<&'s Column>),
    Computed(TraitSlot),
}

impl Way<'_> {
    /// The trait and the ranges, if it is about where a number of a trait lies.
    fn ranges(&self, program: &Program, id: NodeId) -> Option<(TraitSlot, &Ranges)> {
        match (self, program.node(id)) {
            (Way::Computed(slot, on), _) => on.ranges().map(|ranges| (*slot, ranges)),
            (
                Way::Select(Select::Units { ranges, .. }),
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
            Way::Const(_) | Way::Member(_) | Way::Consent(..) => 0,
            Way::Rungs(..) => 1,
            Way::Select(select) if select.is_quick() => 1,
            Way::Select(_) | Way::Compared(_) => 2,
            Way::Computed(..) | Way::Between(..) => 3,
            Way::Count(counting) if !counting.is_funnel() => 3,
            Way::Count(_) => 4,
            // Of a gate, as much as the dearest of its parts; see `Plan::cost`.
            Way::Not(_) | Way::All(_) | Way::Any(_) => 0,
            // Of one that is asked one by one, as much as its kind; see `Plan::add`.
            Way::One | Way::OneInside(..) => 5,
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

/// Which of many sets of people are kept for a block, each with its number: there is room for those alone.
#[derive(Debug, Default)]
pub(super) struct Kept {
    numbers: Vec<Option<u32>>,
    pub(super) count: usize,
}

impl Kept {
    fn new(kept: impl Iterator<Item = bool>) -> Self {
        let mut next = 0;
        let number = |kept: bool| {
            kept.then(|| {
                next += 1;
                next - 1
            })
        };
        let numbers: Vec<Option<u32>> = kept.map(number).collect();
        Kept {
            numbers,
            count: next as usize,
        }
    }

    /// The number of one of them; `None` where it is not kept.
    pub(super) fn number(&self, at: usize) -> Option<usize> {
        self.numbers.get(at).copied().flatten().map(|number| number as usize)
    }
}

/// A program prepared for a segment.
#[derive(Debug)]
pub(super) struct Plan<'s> {
    /// By node; of those that are no conditions on people, such as filters, nothing.
    ways: Vec<Option<Way<'s>>>,
    costs: Vec<u8>,
    /// By node, how often it is asked for: the answer to one that is asked for once need not be kept.
    uses: Vec<u32>,
    pub(super) answers: Kept,
    /// By audience slot, whether a condition asks for its members,
    referred: Vec<bool>,
    /// which are then kept.
    pub(super) members: Kept,
    /// By trait slot, the computed traits that conditions ask for.
    computed: Vec<Option<Computing<'s>>>,
    /// By trait slot, the bounds of those that are asked for many ranges.
    pub(super) ladders: Vec<Option<Ladder>>,
    pub(super) windows: Windows,
    pub(super) alone: Alone<'s>,
}

/// What those conditions read that are asked of the evaluator of one profile.
#[derive(Debug, Default)]
pub(super) struct Alone<'s> {
    read: Read,
    funnels: Vec<&'s Performed>,
}

impl Wanted for Alone<'_> {
    // They are asked by their nodes.
    const AUDIENCES: bool = false;

    fn event(&self, slot: EventSlot) -> bool {
        self.read.event(slot)
    }

    fn has_trait(&self, slot: TraitSlot) -> bool {
        self.read.has_trait(slot)
    }
}

impl<'s> Alone<'s> {
    fn new(program: &'s Program, conditions: &[NodeId]) -> Self {
        let funnels = conditions.iter().filter_map(|id| match program.node(*id) {
            Node::Performed(performed) if !performed.steps.is_empty() => Some(performed),
            _ => None,
        });
        Alone {
            read: Read::by(program, conditions.iter().copied()),
            funnels: funnels.collect(),
        }
    }

    /// What they read of a profile, laid out.
    pub(super) fn row<'a>(&self, program: &Program, profile: &'a Profile, asker: &Asker<'_>) -> Row<'a> {
        let mut row = Row::default().with_budget(asker.budget());
        row.bind_part(program, profile, asker.now(), self, self.funnels.iter().copied());
        row
    }
}

/// How events are counted that are looked at one profile after the other: nothing has to be asked of those who have none.
fn inside<'s>(segment: &'s Segment, performed: &'s Performed, asker: &Asker<'_>) -> Way<'s> {
    let bounds = performed.window.bounds(asker.now());
    segment.events(performed.event).map_or(Way::One, |events| {
        let passing = Passing::new((performed.event, events), bounds, EventFilter::Always);
        Way::OneInside(passing, performed.count.holds(0))
    })
}

impl<'s> Plan<'s> {
    /// `None` where conditions are nested too deep.
    pub(super) fn new(program: &'s Program, segment: &'s Segment, asker: &'s Asker<'s>) -> Option<Self> {
        if depth(program) > DEEPEST {
            return None;
        }
        let mut plan = Plan {
            ways: program.nodes.iter().map(|_| None).collect(),
            costs: vec![0; program.nodes.len()],
            uses: vec![0; program.nodes.len()],
            answers: Kept::default(),
            referred: vec![false; program.audiences.len()],
            members: Kept::default(),
            computed: program.traits.iter().map(|_| None).collect(),
            ladders: program.traits.iter().map(|_| None).collect(),
            windows: Windows::default(),
            alone: Alone::default(),
        };
        let users = program.audiences.iter().filter(|audience| audience.of == Subject::User);
        users.for_each(|audience| plan.add(program, segment, asker, audience.who));
        plan.lay_ladders(program);
        plan.alone = Alone::new(program, &plan.one_by_one().collect::<Vec<NodeId>>());
        plan.answers = Kept::new(plan.uses.iter().map(|uses| *uses > 1));
        plan.members = Kept::new(plan.referred.iter().copied());
        let counted = plan.ways.iter_mut().filter_map(|ask| match ask {
            Some(Way::Count(counting)) => Some(&mut counting.passing),
            _ => None,
        });
        let computed = plan.computed.iter_mut().flatten();
        plan.windows = Windows::share(counted.chain(computed.map(|computing| &mut computing.passing)));
        Some(plan)
    }

    /// Finds the traits of which many ranges are asked for, and asks for all of these together.
    fn lay_ladders(&mut self, program: &Program) {
        let mut asked: Vec<Vec<(usize, &Ranges)>> = program.traits.iter().map(|_| Vec::new()).collect();
        for (id, ask) in self.ways.iter().enumerate() {
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
            if let (Some(ask), Some(uses)) = (self.ways.get_mut(id), self.uses.get_mut(id)) {
                // It is kept on the ladder.
                (*ask, *uses) = (Some(Way::Rungs(slot, rungs)), 1);
            }
        }
    }

    pub(super) fn way(&self, id: NodeId) -> &Way<'s> {
        self.ways
            .get(id.index())
            .and_then(Option::as_ref)
            .unwrap_or(&Way::Const(false))
    }

    /// The conditions that are asked of the evaluator of one profile.
    pub(super) fn one_by_one(&self) -> impl Iterator<Item = NodeId> {
        let ways = self.ways.iter().enumerate();
        ways.filter(|(_, way)| matches!(way, Some(Way::One | Way::OneInside(..))))
            .map(|(id, _)| NodeId::at(id))
    }

    /// The recursion is as deep as conditions are nested, which `Program::from_json` and the language bound.
    fn add(&mut self, program: &'s Program, segment: &'s Segment, asker: &'s Asker<'s>, id: NodeId) {
        if let Some(uses) = self.uses.get_mut(id.index()) {
            *uses = uses.saturating_add(1);
        }
        if !matches!(self.ways.get(id.index()), Some(None)) {
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
            Node::Const(value) => Way::Const(*value),
            Node::Not(inner) => Way::Not(*inner),
            Node::And(nodes) => Way::All(self.by_cost(nodes)),
            Node::Or(nodes) => Way::Any(self.by_cost(nodes)),
            Node::Member(audience) => Way::Member(*audience),
            Node::Consent { category, state } => Way::Consent(*category, *state),
            Node::Performed(performed) => Counting::new(program, segment, performed, asker)
                .map_or_else(|| inside(segment, performed, asker), Way::Count),
            Node::Test { .. } | Node::Element { .. } => self.on_trait(program, segment, asker, node),
            Node::Users { .. } => Way::One,
        };
        let cost = match &ask {
            Way::Not(inner) => self.cost(*inner),
            // The dearest stands last.
            Way::All(nodes) | Way::Any(nodes) => nodes.last().map_or(0, |last| self.cost(*last)),
            // A look at two values is done before many events are gone through.
            Way::One if matches!(node, Node::Test { .. } | Node::Element { .. }) => 3,
            ask => ask.cost(),
        };
        if let (Some(place), Some(known)) = (self.ways.get_mut(id.index()), self.costs.get_mut(id.index())) {
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
    ) -> Way<'s> {
        let on = match (node, unary(program, node)) {
            (_, Some((ValueRef::Trait(slot), unary))) => {
                self.held(program, segment, asker, *slot).map(|held| match held {
                    Held::Sent(None) => Way::Const(false),
                    Held::Sent(Some(column)) => Way::Select(Select::new(column, unary, asker)),
                    Held::Computed(slot) => match self.computing(slot) {
                        Some(computing) => Way::Computed(slot, computing.on(unary, asker)),
                        None => Way::One,
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
        on.unwrap_or(Way::One)
    }

    /// A test on two traits; `None` where one is in no column.
    fn between(
        &mut self,
        program: &'s Program,
        segment: &'s Segment,
        asker: &'s Asker<'s>,
        own: TraitSlot,
        test: &'s Test,
    ) -> Option<Way<'s>> {
        let Some(Reference::Trait(other)) = test.reference() else {
            return None;
        };
        let own = self.held(program, segment, asker, own)?;
        let other = self.held(program, segment, asker, other)?;
        Some(match (own, other) {
            (Held::Sent(own), Held::Sent(other)) => Way::Compared(Compared::new(own, other, test, asker)),
            _ => Way::Between(own, other, test),
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
