//! The syntax tree of a test file: what an author wrote, nothing looked up, each piece with its place.
//!
//! It keeps all that is needed to print the text back: the order of statements, quoted names, the text of events, comments.

use crate::ir::Comparison;
use crate::span::Span;
use crate::syntax::ast::{Integer, Name, Text};
use crate::time::Timestamp;

/// One `.test.audience` file.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// The tests whose text follows the grammar, in order.
    pub tests: Vec<Test>,
    /// The comments, in order; from `#` to the end of the line.
    pub comments: Vec<Span>,
}

/// `test "…" { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What it is called.
    pub title: Text,
    /// The statements, in order.
    pub statements: Vec<Statement>,
    /// The whole test.
    pub span: Span,
}

impl Test {
    /// As of when it is run: its first `now`. (A sound test has exactly one.)
    pub fn now(&self) -> Option<Timestamp> {
        self.statements.iter().find_map(|statement| match statement.kind {
            StatementKind::Now(now) => Some(now),
            _ => None,
        })
    }
}

/// One line of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it says.
    pub kind: StatementKind,
    /// Where.
    pub span: Span,
}

/// What a test can say.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum StatementKind {
    /// `now 2026-06-30T00:00:00Z`
    Now(Timestamp),
    /// `events "fixtures/buyers.jsonl"`: a file of events, relative to the test file.
    Events(Text),
    /// `event { … }`
    Event(Event),
    /// `expect …`
    Expect(Expectation),
}

/// An event that is written in the test itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The JSON object, as written.
    pub json: Box<str>,
    /// Where it stands, the brackets included.
    pub span: Span,
}

/// What must hold in the end.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Expectation {
    /// `expect "user_id:u1" not in big_spenders`
    Membership {
        /// The profile or account, as `TYPE:VALUE`.
        profile: Text,
        /// The word `not`.
        not: Option<Span>,
        /// The audience.
        audience: Name,
    },
    /// `expect "user_id:u1" filtered at google_ads from big_spenders`
    Delivery {
        /// The profile, as `TYPE:VALUE`.
        profile: Text,
        /// What becomes of it.
        outcome: Expected,
        /// The destination.
        destination: Name,
        /// The audience; `None` for any of those that are sent there.
        from: Option<Name>,
    },
    /// `expect size of big_spenders >= 2`
    Size {
        /// The audience.
        audience: Name,
        /// How its size compares with the number.
        operator: Operator,
        /// The number.
        size: Integer,
    },
}

/// What is expected to become of a profile at a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// `delivered to`
    Delivered,
    /// `filtered at`
    Filtered,
}

/// How a size is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equals,
    /// `<`, `<=`, `>`, `>=`
    Compare(Comparison),
}

impl Operator {
    /// Whether a size passes.
    pub fn holds(self, size: usize, bound: u32) -> bool {
        let order = (size as u64).cmp(&u64::from(bound));
        match self {
            Operator::Equals => order.is_eq(),
            Operator::Compare(comparison) => comparison.holds(order),
        }
    }
}
