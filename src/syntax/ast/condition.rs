//! Conditions and filters, `performed` with its steps, tests and what they compare with.

use serde::{Deserialize, Serialize};

use super::super::json;
use super::{Comparison, Name, Quantifier, Text};
use crate::consent::ConsentState;
use crate::span::Span;
use crate::time::{Timestamp, Unit};
use crate::value::Number;

/// A condition on a profile, or a filter on an event or an element of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Condition {
    /// What it is.
    pub kind: ConditionKind,
    /// Where.
    #[serde(skip)]
    pub span: Span,
}

/// The forms of a condition. In a filter only the logic, [`Test`](ConditionKind::Test) and [`Any`](ConditionKind::Any)
/// occur, and no traits are looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ConditionKind {
    /// `a and b and c`; at least two.
    And(#[serde(with = "json::several")] Vec<Condition>),
    /// `a or b or c`; at least two.
    Or(#[serde(with = "json::several")] Vec<Condition>),
    /// `not a`
    Not(Box<Condition>),
    /// `( a )`
    Brackets(Box<Condition>),
    /// `trait path test`, or in a filter `path test`
    Test {
        /// What is tested.
        value: ValuePath,
        /// What must hold of it.
        test: Test,
    },
    /// `any trait path ( … )`, or in a filter `any path ( … )`
    Any {
        /// The list.
        list: ValuePath,
        /// What one of its elements must pass.
        filter: Box<Condition>,
    },
    /// `performed "…" …`
    Performed(Performed),
    /// `any user ( … )`, `all users ( … )`, `no user ( … )`
    Users {
        /// How many of an account's users.
        quantifier: Quantifier,
        /// What they meet.
        condition: Box<Condition>,
    },
    /// `member of x`
    MemberOf(Name),
    /// `consent to C`
    ConsentTo(Name),
    /// `consent C is …`
    ConsentIs {
        /// The category.
        category: Name,
        /// The state.
        state: ConsentState,
    },
}

/// Whose value a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Root {
    /// `trait …`: the traits of the profile.
    Trait,
    /// `account trait …`: the traits of the account.
    AccountTrait,
    /// The properties of the event that a filter looks at.
    Property,
    /// The element of a list that an `any` looks at.
    Element,
    /// The properties of an event that an earlier `as` named.
    Event,
}

/// A path, from a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValuePath {
    /// Where it starts.
    pub root: Root,
    /// The names, outermost first; empty for `item`, the element itself, alone.
    pub keys: Vec<Name>,
    /// The path, without the words `trait` or `account trait`.
    pub span: Span,
}

/// `performed "Order Completed" at least 2 times within 30 days where (…)`, with the steps of a funnel
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Performed {
    /// The event's name.
    pub event: Text,
    /// The modifiers, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<Modifier>,
    /// `then …`, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// `then not performed "Order Completed" within 1 day where (…)`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The word `not`.
    #[serde(default, with = "json::flag", skip_serializing_if = "Option::is_none")]
    pub not: Option<Span>,
    /// The event's name.
    pub event: Text,
    /// The modifiers, in order; more kinds than a step may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<Modifier>,
    /// The whole step.
    #[serde(skip)]
    pub span: Span,
}

/// A modifier of `performed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Modifier {
    /// Which, and its value.
    pub kind: ModifierKind,
    /// Where.
    #[serde(skip)]
    pub span: Span,
}

/// The modifiers of `performed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ModifierKind {
    /// `as checkout`
    As(Name),
    /// `at least 2 times`
    Count {
        /// At least, at most, exactly.
        bound: Bound,
        /// How often.
        times: Integer,
    },
    /// `within [last] 30 days`
    Within {
        /// The word `last` is written.
        last: bool,
        /// How long.
        duration: DurationText,
    },
    /// `between 30 and 90 days ago`
    Between {
        /// The near bound.
        newest: Integer,
        /// The far bound.
        oldest: Integer,
        /// The unit of both.
        unit: Unit,
    },
    /// `before 2026-06-30`
    Before(Timestamp),
    /// `after 2026-06-30`
    After(Timestamp),
    /// `where ( … )`
    Where(Condition),
}

/// The bound of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Bound {
    /// `at least`
    AtLeast,
    /// `at most`
    AtMost,
    /// `exactly`
    Exactly,
}

impl Bound {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Bound::AtLeast => "at least",
            Bound::AtMost => "at most",
            Bound::Exactly => "exactly",
        }
    }
}

/// A whole number of a count or duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Integer {
    /// Its value.
    pub value: u32,
    /// Where.
    pub span: Span,
}

/// `30 days`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DurationText {
    /// How many.
    pub count: Integer,
    /// Of what.
    pub unit: Unit,
    /// Both words.
    #[serde(skip)]
    pub span: Span,
}

/// What must hold of a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Test {
    /// The operator, with its operand.
    pub kind: TestKind,
    /// Operator and operand.
    #[serde(skip)]
    pub span: Span,
}

/// The tests of language.md.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum TestKind {
    /// `=`
    Equals(Operand),
    /// `!=`
    NotEquals(Operand),
    /// `<`, `<=`, `>`, `>=`
    Compare(Comparison, Operand),
    /// `in […]`
    In(Vec<Literal>),
    /// `not in […]`
    NotIn(Vec<Literal>),
    /// `contains`
    Contains(Operand),
    /// `does not contain`
    DoesNotContain(Operand),
    /// `contains any of […]`
    ContainsAnyOf(Vec<Literal>),
    /// `starts with`
    StartsWith(Operand),
    /// `ends with`
    EndsWith(Operand),
    /// `exists`
    Exists,
    /// `does not exist`
    DoesNotExist,
    /// `before`
    Before(Operand),
    /// `after`
    After(Operand),
    /// `within last`
    WithinLast(DurationText),
    /// `within next`
    WithinNext(DurationText),
    /// `before last`
    BeforeLast(DurationText),
    /// `after next`
    AfterNext(DurationText),
}

impl TestKind {
    /// What the value is compared with, where that is one thing.
    pub fn operand(&self) -> Option<&Operand> {
        match self {
            TestKind::Equals(operand)
            | TestKind::NotEquals(operand)
            | TestKind::Compare(_, operand)
            | TestKind::Contains(operand)
            | TestKind::DoesNotContain(operand)
            | TestKind::StartsWith(operand)
            | TestKind::EndsWith(operand)
            | TestKind::Before(operand)
            | TestKind::After(operand) => Some(operand),
            TestKind::In(_)
            | TestKind::NotIn(_)
            | TestKind::ContainsAnyOf(_)
            | TestKind::Exists
            | TestKind::DoesNotExist
            | TestKind::WithinLast(_)
            | TestKind::WithinNext(_)
            | TestKind::BeforeLast(_)
            | TestKind::AfterNext(_) => None,
        }
    }
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Operand {
    /// A constant.
    Literal(Literal),
    /// `trait path`
    Trait(ValuePath),
    /// `name.path`: a property of the event that an earlier `as name` matched.
    Event {
        /// The event's name in its funnel.
        name: Name,
        /// The property.
        path: ValuePath,
    },
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Literal {
    /// Its value.
    pub value: LiteralValue,
    /// Where.
    #[serde(skip)]
    pub span: Span,
}

/// The value of a constant.
#[derive(Debug, Clone, PartialEq)]
pub enum LiteralValue {
    /// `"text"`
    Text(Box<str>),
    /// `5`
    Number(Number),
    /// `true`
    Boolean(bool),
    /// `2026-06-30`
    Date(Timestamp),
}
