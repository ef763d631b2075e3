//! What an evaluation saw, for those who ask why.

use crate::consent::ConsentState;
use crate::ir::NodeId;
use crate::time::Timestamp;
use crate::value::Value;

/// Is told of each node of a condition as it is evaluated: [`open`](Recorder::open) before its children,
/// [`close`](Recorder::close) after them.
///
/// Filters over events and list elements are told as one number, not node by node: the [`Fact`] of the node that has the
/// filter says how many passed. Then the filter is told once more, node by node, about one event or element that shows best
/// why the answer is what it is: between [`enter`](Recorder::enter) and [`leave`](Recorder::leave).
pub trait Recorder<'e> {
    /// Whether anything is kept. If so, `and` and `or` look at all their children and events are counted to the end, so
    /// that what is told is complete; if not, evaluation stops as soon as the answer is known.
    const RECORDS: bool;

    /// A node is about to be evaluated.
    fn open(&mut self, node: NodeId);

    /// It was: whether it holds, and what decided that.
    fn close(&mut self, node: NodeId, holds: bool, fact: Fact<'e>);

    /// What follows is about this user of the account, by place; `None`: about the account again.
    fn user(&mut self, user: Option<usize>);

    /// What follows is about one event or element that the node at hand looked at.
    fn enter(&mut self, shown: Shown<'e>);

    /// Nothing more about that one.
    fn leave(&mut self);
}

/// Records nothing, at no cost.
impl Recorder<'_> for () {
    const RECORDS: bool = false;

    fn open(&mut self, _: NodeId) {}

    fn close(&mut self, _: NodeId, _: bool, _: Fact<'_>) {}

    fn user(&mut self, _: Option<usize>) {}

    fn enter(&mut self, _: Shown<'_>) {}

    fn leave(&mut self) {}
}

/// One of the many that a node looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shown<'e> {
    /// An event of `performed`, or one that followed it.
    Event {
        /// 0 for the first `performed`, then 1, 2, … for its steps, each after the event that the step before shows.
        step: u32,
        /// Its time and message id; `None` where there is no event to look at, or so many follow one another that none was
        /// chosen: then `of` is not 0.
        event: Option<(Timestamp, &'e str)>,
        /// Whether it counts: it passes, and its steps hold. Of the first `performed` it is then the latest that does.
        counts: bool,
        /// How many pass this step's own filter, whatever follows them.
        passed: usize,
        /// How many of that name are inside the window.
        of: usize,
        /// Whether so many are enough, or under `then not` too few: of the first `performed`, what the node says.
        holds: bool,
    },
    /// An element of a list, by place.
    Element(usize),
}

/// What decided whether a node holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact<'e> {
    /// Nothing that the node and its children do not tell.
    None,
    /// A value was tested.
    Value {
        /// The value; `None` where it is absent or null.
        value: Option<&'e Value>,
        /// What a reference in the test led to, if there is one and it led to something.
        reference: Option<&'e Value>,
    },
    /// The elements of a list were tried.
    Elements {
        /// How many pass.
        passed: usize,
        /// How many there are; `None` where there is no list.
        of: Option<usize>,
        /// What stands where the list should; `None` where it is absent or null.
        value: Option<&'e Value>,
    },
    /// Events were counted.
    Events {
        /// How many counted: inside the window, past the filter, and with their steps.
        counted: usize,
        /// How many of that name are inside the window.
        of: usize,
        /// The window: strictly later than this,
        after: Timestamp,
        /// and not later than this.
        until: Timestamp,
    },
    /// The stored consent.
    Consent(ConsentState),
    /// The users of an account were asked.
    Users {
        /// How many meet the condition.
        met: usize,
        /// How many there are.
        of: usize,
    },
}

/// A recorder that keeps everything, each node before its children.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace<'e> {
    records: Vec<Record<'e>>,
    /// The places of the records that are still open.
    open: Vec<usize>,
    user: Option<usize>,
    examples: Vec<Example<'e>>,
    /// The places of the examples that are still entered.
    entered: Vec<usize>,
}

/// An event or element that was shown, and the node that it was shown for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Example<'e> {
    /// The place of the record of that node.
    pub of: usize,
    /// The event or element.
    pub shown: Shown<'e>,
}

/// What was found about one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record<'e> {
    /// The node.
    pub node: NodeId,
    /// How many nodes it stands inside of.
    pub depth: usize,
    /// The user of the account that it was asked about, by place; `None` for the row itself.
    pub user: Option<usize>,
    /// The example that it was asked about, by place; `None` for the subject itself.
    pub example: Option<usize>,
    /// Whether it holds.
    pub holds: bool,
    /// What decided that.
    pub fact: Fact<'e>,
}

impl<'e> Trace<'e> {
    /// An empty trace.
    pub fn new() -> Self {
        Trace::default()
    }

    /// What was found, each node before its children.
    pub fn records(&self) -> &[Record<'e>] {
        &self.records
    }

    /// The events and elements that filters were shown on.
    pub fn examples(&self) -> &[Example<'e>] {
        &self.examples
    }

    /// Of each user of the account, by place, whether a condition holds that a quantifier asks of them.
    pub fn users(&self, condition: NodeId) -> impl Iterator<Item = (usize, bool)> {
        let asked = self.records.iter().filter(move |record| record.node == condition);
        asked.filter_map(|record| Some((record.user?, record.holds)))
    }

    /// What was found about a node, asked about this example or the subject itself: the place of the first such record, for
    /// all of them say the same.
    pub fn find(&self, node: NodeId, example: Option<usize>) -> Option<usize> {
        self.records
            .iter()
            .position(|record| record.node == node && record.example == example)
    }
}

impl<'e> Recorder<'e> for Trace<'e> {
    const RECORDS: bool = true;

    fn open(&mut self, node: NodeId) {
        self.records.push(Record {
            node,
            depth: self.open.len(),
            user: self.user,
            example: self.entered.last().copied(),
            holds: false,
            fact: Fact::None,
        });
        self.open.push(self.records.len() - 1);
    }

    fn close(&mut self, _: NodeId, holds: bool, fact: Fact<'e>) {
        let record = self.open.pop().and_then(|at| self.records.get_mut(at));
        if let Some(record) = record {
            record.holds = holds;
            record.fact = fact;
        }
    }

    fn user(&mut self, user: Option<usize>) {
        self.user = user;
    }

    fn enter(&mut self, shown: Shown<'e>) {
        // A node enters while it is open.
        let of = self.open.last().copied().unwrap_or_default();
        self.entered.push(self.examples.len());
        self.examples.push(Example { of, shown });
    }

    fn leave(&mut self) {
        self.entered.pop();
    }
}
