//! What an evaluation saw, for those who ask why.

use crate::consent::ConsentState;
use crate::ir::NodeId;
use crate::time::Timestamp;
use crate::value::Value;

/// Is told of each node of a condition as it is evaluated: [`open`](Recorder::open) before its children,
/// [`close`](Recorder::close) after them.
///
/// Filters over events and list elements are told as one number, not node by node: the [`Fact`] of the node that has the
/// filter says how many passed.
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
}

/// Records nothing, at no cost.
impl Recorder<'_> for () {
    const RECORDS: bool = false;

    fn open(&mut self, _: NodeId) {}

    fn close(&mut self, _: NodeId, _: bool, _: Fact<'_>) {}

    fn user(&mut self, _: Option<usize>) {}
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
}

impl<'e> Recorder<'e> for Trace<'e> {
    const RECORDS: bool = true;

    fn open(&mut self, node: NodeId) {
        self.records.push(Record {
            node,
            depth: self.open.len(),
            user: self.user,
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
}
