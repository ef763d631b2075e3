//! The predicate IR: what a workspace means, with every name resolved, and nothing of how it was written.
//!
//! A [`Program`] has tables (categories, destinations, traits, events) and one arena of [`Node`]s. Nodes refer to the
//! tables by slot and to each other by [`NodeId`]; a node's children always stand before it. Equal predicates are one
//! node, so a condition that fifty audiences use is evaluated once. Nodes are built only through [`Builder`], which
//! normalises: constants are folded, `and` and `or` are flattened, freed of repeats and put in order of cost.
//!
//! Consent is no part of the node graph where it restricts an audience: [`Audience::consent`] is a field of its own,
//! so that no rewrite can fold it away. (`consent to …` *inside* a condition is a node like any other.)
//!
//! # The forms
//! | language | IR |
//! |---|---|
//! | `and`, `or`, `not` | [`Node::And`], [`Node::Or`], [`Node::Not`] |
//! | `trait p test`, `p test` in a filter | [`Node::Test`] |
//! | `any [trait] p ( … )` | [`Node::Element`] |
//! | `performed …`, funnels | [`Node::Performed`], [`Step`] |
//! | `member of a` | [`Node::Member`] |
//! | `consent to c`, `consent c is …` | [`Node::Consent`] |
//! | `any user`, `all users`, `no user` | [`Node::Users`] |
//! | `x != v`, `x not in […]` | [`Test::NotEquals`], [`Test::NoneOf`] |
//! | `x does not exist`, `x does not contain v` | [`Node::Not`] of [`Test::Exists`], [`Test::Contains`] (with a reference: [`Test::Omits`]) |
//! | `x contains any of […]` | [`Test::ContainsAny`] |
//! | windows | one [`Window`], intersected |
//! | `lookback d` | intersected into each window of the audience |
//! | a computed trait | a [`TraitSource::Computed`] in the table of traits, read like any trait |
//!
//! A program also has the conditions of users as instructions, for evaluation (`flat.rs`). They follow from the tables when a
//! program is built or read, so the tables are not to be changed afterwards; consent that an audience requires is no part of
//! them.
//!
//! The JSON form (serde) carries [`FORMAT`]; [`Program::from_json`] refuses another format by its number, and every
//! program that could not be evaluated safely.

mod build;
mod check;
mod flat;
mod lookback;
mod names;
mod only;

use std::cmp::Ordering;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::consent::ConsentState;
use crate::time::{Duration, Timestamp, Window};
use crate::value::{Number, Path};

pub use build::Builder;
pub(crate) use check::MAX_STEPS;
pub use check::ProgramError;
pub(crate) use flat::{Ask, Filter, Flat, NONE, Reading, Scan, Then, YES};
pub use lookback::Lookback;
pub(crate) use names::{Names, Want};

/// The version of the JSON form that this library writes.
pub const FORMAT: u32 = 1;

macro_rules! slot {
    ($(#[$doc:meta] $name:ident)*) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The place in its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// The slot at this place of its table.
            pub fn at(index: usize) -> Self {
                $name(u32::try_from(index).unwrap_or(u32::MAX))
            }
        }
    )*};
}

slot! {
    /// A place in [`Program::nodes`].
    NodeId
    /// A place in [`Program::categories`].
    CategorySlot
    /// A place in [`Program::destinations`].
    DestinationSlot
    /// A place in [`Program::traits`].
    TraitSlot
    /// A place in [`Program::events`].
    EventSlot
    /// A place in [`Event::properties`] of the event in question.
    PropertySlot
    /// A place in [`Program::audiences`].
    AudienceSlot
}

/// A whole workspace, compiled.
///
/// Reading one with serde checks it as [`Program::from_json`] does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "check::Unchecked")]
#[non_exhaustive]
pub struct Program {
    /// The version of the JSON form: [`FORMAT`].
    pub format: u32,
    /// Whether deliveries are held to consent (CE-1).
    pub enforcement: bool,
    /// Consent categories, in order of declaration.
    pub categories: Vec<Category>,
    /// Destinations, in order of declaration.
    pub destinations: Vec<Destination>,
    /// The traits that conditions read, each once.
    pub traits: Vec<Trait>,
    /// The events that conditions look at, each once.
    pub events: Vec<Event>,
    /// The predicates. A node's children stand before it.
    pub nodes: Vec<Node>,
    /// Audiences, in order of declaration.
    pub audiences: Vec<Audience>,
    /// The audiences in an order in which each stands after those it refers to (AM-3).
    pub order: Vec<AudienceSlot>,
    /// The nodes that are funnels.
    #[serde(skip)]
    funnels: Vec<NodeId>,
    /// The audiences by their names.
    #[serde(skip)]
    by_name: HashMap<Box<str>, AudienceSlot>,
    /// The conditions as instructions.
    #[serde(skip)]
    flat: Flat,
}

/// A consent category (CC-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// The id, as consent objects spell it.
    pub id: Box<str>,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
    /// `false` where it is switched off: not required of anybody, still stored (CC-9).
    pub enabled: bool,
}

/// Where members are delivered to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// Its name in definitions.
    pub name: Box<str>,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Box<str>>,
    /// The categories that it requires, all of them (CC-7), as declared and in that order: also the disabled ones.
    pub requires: Vec<CategorySlot>,
    /// Its name in an event's integrations object.
    pub kind: Box<str>,
    /// The form of entries and exits.
    pub message: MessageForm,
    /// What is sent after a revocation (CE-11).
    pub removal: Removal,
    /// Whether preference updates are sent to it (CV-9).
    pub receives_consent: bool,
    /// Object storage, which does not enforce consent (CC-10).
    pub storage: bool,
}

/// The form of entries and exits (AO-2, AO-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageForm {
    /// `Audience Entered` and `Audience Exited`.
    #[default]
    Track,
    /// An identify call with the audience's key as a trait.
    Identify,
}

/// What a destination is sent when a member revokes consent (CE-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// One minimal removal, then nothing.
    #[default]
    Once,
    /// Nothing at all.
    Never,
}

/// Whose trait, or whose audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A person.
    #[default]
    User,
    /// An account: a group of users.
    Account,
}

impl Subject {
    /// How its traits are written.
    pub fn trait_keyword(self) -> &'static str {
        match self {
            Subject::User => "trait",
            Subject::Account => "account trait",
        }
    }
}

/// A trait that some condition reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trait {
    /// Whose.
    pub of: Subject,
    /// Where its value comes from.
    pub source: TraitSource,
}

impl Trait {
    /// The path of one that is sent, of a user.
    pub(crate) fn sent_by_user(&self) -> Option<&Path> {
        match &self.source {
            TraitSource::Sent(path) if self.of == Subject::User => Some(path),
            _ => None,
        }
    }
}

/// Where the value of a trait comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraitSource {
    /// Sent by identify or group calls; a path into the traits.
    Sent(Path),
    /// Computed from events (CT-1).
    Computed(Aggregate),
}

/// A computed trait: a function over the events that pass (CT-10 to CT-18).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aggregate {
    /// The trait's name.
    pub name: Box<str>,
    /// The function.
    pub function: Function,
    /// The events.
    pub event: EventSlot,
    /// When.
    #[serde(default, skip_serializing_if = "is_default")]
    pub window: Window,
    /// Which of them; a constant `true` where the author wrote no `where`.
    pub filter: NodeId,
}

/// What a computed trait computes. All but `Count` read one property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Function {
    /// The number of events.
    Count,
    /// The exact sum of the numbers.
    Sum(PropertySlot),
    /// The sum divided by the count.
    Average(PropertySlot),
    /// The smallest number.
    Minimum(PropertySlot),
    /// The largest number.
    Maximum(PropertySlot),
    /// The value of the earliest event that has one.
    First(PropertySlot),
    /// The value of the latest event that has one.
    Last(PropertySlot),
    /// The most common value, if it occurs at least so often.
    MostFrequent {
        /// The property.
        property: PropertySlot,
        /// The minimum frequency (CT-14).
        at_least: u32,
    },
    /// The distinct values as text, sorted by code point.
    UniqueList(PropertySlot),
    /// How many distinct values.
    UniqueCount(PropertySlot),
}

/// An event that some condition looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The name, as track calls spell it.
    pub name: Box<str>,
    /// The properties that conditions read of it, each once.
    pub properties: Vec<Path>,
}

/// An audience: who is a member, under which consent, and where members go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// Its name: the key of the membership trait (AO-1).
    pub name: Box<str>,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Box<str>>,
    /// An audience of users or of accounts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub of: Subject,
    /// The condition; a constant `true` where there is no `who`.
    pub who: NodeId,
    /// `consent to` clauses: a member must have granted each of these. Sorted, each once.
    pub consent: Vec<CategorySlot>,
    /// Whether an anonymous id suffices (AM-6).
    pub include_anonymous: bool,
    /// Where members are sent, in order of declaration of the destinations, each once.
    pub destinations: Vec<DestinationSlot>,
}

/// A predicate. Evaluating one needs a subject, an instant `now`, and inside a filter one event or list element.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Node {
    /// Always, or never.
    Const(bool),
    /// The other way round.
    Not(NodeId),
    /// All of them; at least two.
    And(Vec<NodeId>),
    /// One of them; at least two.
    Or(Vec<NodeId>),
    /// A test on one value.
    Test {
        /// The value.
        value: ValueRef,
        /// What must hold of it.
        test: Test,
    },
    /// One element of a list passes the filter.
    Element {
        /// The list.
        list: ValueRef,
        /// The filter; its values are [`ValueRef::Item`]s.
        filter: NodeId,
    },
    /// Events, counted.
    Performed(Performed),
    /// Membership of another audience.
    Member(AudienceSlot),
    /// The stored consent to a category is in this state.
    Consent {
        /// The category.
        category: CategorySlot,
        /// The state.
        state: ConsentState,
    },
    /// A condition on the users of an account (AA-1 to AA-4).
    Users {
        /// How many of them.
        quantifier: Quantifier,
        /// The condition on one user.
        condition: NodeId,
    },
}

impl Node {
    /// Visits the nodes that this one is made of.
    fn children(&mut self, visit: &mut impl FnMut(&mut NodeId)) {
        match self {
            Node::Const(_) | Node::Test { .. } | Node::Member(_) | Node::Consent { .. } => {}
            Node::Not(child) | Node::Element { filter: child, .. } | Node::Users { condition: child, .. } => {
                visit(child)
            }
            Node::And(nodes) | Node::Or(nodes) => nodes.iter_mut().for_each(visit),
            Node::Performed(performed) => {
                visit(&mut performed.filter);
                performed.steps.iter_mut().for_each(|step| visit(&mut step.filter));
            }
        }
    }
}

/// How many users of an account must meet a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantifier {
    /// At least one.
    Any,
    /// Each, and there is one.
    All,
    /// None; also where there is none.
    No,
}

impl Quantifier {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Quantifier::Any => "any user",
            Quantifier::All => "all users",
            Quantifier::No => "no user",
        }
    }
}

/// What a test looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueRef {
    /// A trait of the subject.
    Trait(TraitSlot),
    /// A property of the event at hand.
    Property(PropertySlot),
    /// A path into the element at hand; empty for the element itself.
    Item(Vec<Box<str>>),
}

/// What must hold of a value (language.md, Values). Each test holds or does not; there is no unknown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// There, and not null.
    Exists,
    /// `=`
    Equals(Operand),
    /// `!=`: there, and not equal.
    NotEquals(Operand),
    /// `<`, `<=`, `>`, `>=`, as numbers.
    Compare(Comparison, Operand),
    /// `in`
    OneOf(Literals),
    /// `not in`: there, and none of these.
    NoneOf(Literals),
    /// `contains`: a substring, or an element of a list.
    Contains(Operand),
    /// `contains any of`
    ContainsAny(Vec<Literal>),
    /// `does not contain` with a reference: it does not hold where the reference is absent, so it is no mere negation.
    Omits(Reference),
    /// `starts with`, both as text.
    StartsWith(Operand),
    /// `ends with`, both as text.
    EndsWith(Operand),
    /// The value as a date.
    Date(DateTest),
}

impl Test {
    /// The other value that it compares with, if it does.
    pub fn reference(&self) -> Option<Reference> {
        match self {
            Test::Equals(operand)
            | Test::NotEquals(operand)
            | Test::Compare(_, operand)
            | Test::Contains(operand)
            | Test::StartsWith(operand)
            | Test::EndsWith(operand) => match operand {
                Operand::Reference(reference) => Some(*reference),
                Operand::Literal(_) => None,
            },
            Test::Omits(reference)
            | Test::Date(DateTest::Before(Instant::Of(reference)) | DateTest::After(Instant::Of(reference))) => {
                Some(*reference)
            }
            Test::Exists | Test::OneOf(_) | Test::NoneOf(_) | Test::ContainsAny(_) | Test::Date(_) => None,
        }
    }
}

/// An order of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Comparison {
    /// `<`
    #[serde(rename = "<")]
    Less,
    /// `<=`
    #[serde(rename = "<=")]
    AtMost,
    /// `>`
    #[serde(rename = ">")]
    Greater,
    /// `>=`
    #[serde(rename = ">=")]
    AtLeast,
}

impl Comparison {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Comparison::Less => "<",
            Comparison::AtMost => "<=",
            Comparison::Greater => ">",
            Comparison::AtLeast => ">=",
        }
    }

    /// Whether it holds of two numbers that are in this order.
    ///
    /// ```
    /// use volens::ir::Comparison;
    ///
    /// assert!(Comparison::AtMost.holds(1.cmp(&2)));
    /// assert!(Comparison::AtMost.holds(2.cmp(&2)));
    /// assert!(!Comparison::AtMost.holds(3.cmp(&2)));
    /// ```
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Less => order.is_lt(),
            Comparison::AtMost => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::AtLeast => order.is_ge(),
        }
    }
}

/// A test on the instant that a value is read as.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateTest {
    /// t < T
    Before(Instant),
    /// t > T
    After(Instant),
    /// now − D < t ≤ now
    WithinLast(Duration),
    /// now < t ≤ now + D
    WithinNext(Duration),
    /// t ≤ now − D
    BeforeLast(Duration),
    /// t > now + D
    AfterNext(Duration),
}

/// What `before` and `after` compare with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instant {
    /// A date in the definition.
    At(Timestamp),
    /// A value, read as a date.
    Of(Reference),
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// A constant, which also says how the value is read.
    Literal(Literal),
    /// Another value of the same profile.
    Reference(Reference),
}

/// Another value of the same profile. Where it is absent, null, a list or an object, the test does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reference {
    /// A trait of the subject.
    Trait(TraitSlot),
    /// A property of the event that an earlier step of the funnel matched.
    Step {
        /// 0 for the first `performed`, then 1, 2, …
        step: u32,
        /// The property, in that step's event.
        property: PropertySlot,
    },
}

/// A constant of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Literal {
    /// `"text"`
    Text(Box<str>),
    /// `5`
    Number(Number),
    /// `true`
    Boolean(bool),
    /// `2026-06-30`
    Date(Timestamp),
}

/// The values of a list, by type: a value is in the list if, read as that type, it is one of those.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Literals {
    /// Sorted by code point, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<Box<str>>,
    /// Sorted by value, each value once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<Number>,
    /// Sorted, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub booleans: Vec<bool>,
    /// Sorted, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<Timestamp>,
}

impl FromIterator<Literal> for Literals {
    fn from_iter<I: IntoIterator<Item = Literal>>(literals: I) -> Self {
        let mut lists = Literals::default();
        for literal in literals {
            match literal {
                Literal::Text(text) => lists.texts.push(text),
                Literal::Number(number) => lists.numbers.push(number),
                Literal::Boolean(value) => lists.booleans.push(value),
                Literal::Date(date) => lists.dates.push(date),
            }
        }
        lists.sort();
        lists
    }
}

impl Literals {
    fn sort(&mut self) {
        self.texts.sort();
        self.texts.dedup();
        self.numbers.sort_by(|a, b| a.compare(*b));
        self.numbers.dedup_by(|a, b| a.compare(*b).is_eq());
        self.booleans.sort_unstable();
        self.booleans.dedup();
        self.dates.sort_unstable();
        self.dates.dedup();
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.texts.len() + self.numbers.len() + self.booleans.len() + self.dates.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// `performed …`: the events that pass, and whose steps hold, are so many.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Performed {
    /// The events.
    pub event: EventSlot,
    /// When.
    #[serde(default, skip_serializing_if = "is_default")]
    pub window: Window,
    /// Which of them; a constant `true` where the author wrote no `where`.
    pub filter: NodeId,
    /// How many.
    pub count: Count,
    /// `then …`: what must follow each event that counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// `then …` or `then not …`: an event strictly after the one that the step before matched.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// `then not`; only the last step.
    pub negated: bool,
    /// The events.
    pub event: EventSlot,
    /// No later than this after the step before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Duration>,
    /// Which of them.
    pub filter: NodeId,
    /// How many must follow; other than "at least 1" only on the last step.
    pub count: Count,
}

/// How many: from `at_least` to `at_most`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// The fewest.
    pub at_least: u32,
    /// The most, if there is a bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u32>,
}

impl Count {
    /// At least once.
    pub const ONCE: Count = Count {
        at_least: 1,
        at_most: None,
    };

    /// Whether `n` is so many.
    pub fn holds(self, n: usize) -> bool {
        n >= self.at_least as usize && self.at_most.is_none_or(|most| n <= most as usize)
    }

    /// The number from which on the answer no longer changes, so that counting can stop.
    pub fn decided_at(self) -> usize {
        self.at_most
            .map_or(self.at_least as usize, |most| (most as usize).saturating_add(1))
    }
}

fn funnels(nodes: &[Node]) -> Vec<NodeId> {
    let is_funnel = |node: &Node| matches!(node, Node::Performed(performed) if !performed.steps.is_empty());
    let nodes = nodes.iter().enumerate().filter(|(_, node)| is_funnel(node));
    nodes.map(|(at, _)| NodeId::at(at)).collect()
}

fn by_name(audiences: &[Audience]) -> HashMap<Box<str>, AudienceSlot> {
    let audiences = audiences.iter().enumerate();
    audiences
        .map(|(at, audience)| (audience.name.clone(), AudienceSlot::at(at)))
        .collect()
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Program {
    /// Makes what follows from the tables.
    fn derive(mut self) -> Self {
        self.funnels = funnels(&self.nodes);
        self.by_name = by_name(&self.audiences);
        self.flat = Flat::new(&self);
        self
    }

    /// The conditions as instructions.
    pub(crate) fn flat(&self) -> &Flat {
        &self.flat
    }

    /// What is read of profiles, by name.
    pub(crate) fn names(&self) -> &Names {
        self.flat.names.get_or_init(|| Names::new(self))
    }

    /// The node; a constant `false` for an id that is not of this program.
    pub fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id.index()).unwrap_or(&Node::Const(false))
    }

    /// The audience of this name.
    pub fn audience(&self, name: &str) -> Option<AudienceSlot> {
        self.by_name.get(name).copied()
    }

    /// Each `performed` that has steps.
    pub(crate) fn funnels(&self) -> impl Iterator<Item = &Performed> {
        self.funnels.iter().filter_map(|id| match self.node(*id) {
            Node::Performed(performed) => Some(performed),
            _ => None,
        })
    }

    /// Visits the audiences that a condition asks for by `member of`.
    pub(crate) fn referred(&self, condition: NodeId, visit: &mut impl FnMut(AudienceSlot)) {
        match self.node(condition) {
            Node::Member(audience) => visit(*audience),
            Node::Not(child) | Node::Users { condition: child, .. } => self.referred(*child, visit),
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| self.referred(*node, visit)),
            Node::Const(_) | Node::Test { .. } | Node::Element { .. } | Node::Performed(_) | Node::Consent { .. } => {}
        }
    }

    /// The id of a category.
    pub fn category_id(&self, category: CategorySlot) -> &str {
        self.categories
            .get(category.index())
            .map_or("", |category| &category.id)
    }

    /// The categories that a delivery to this destination requires: those declared, without the disabled ones (CC-9).
    pub fn enforced<'p>(&'p self, destination: &'p Destination) -> impl Iterator<Item = CategorySlot> + 'p {
        let enabled = |c: &CategorySlot| self.categories.get(c.index()).is_none_or(|c| c.enabled);
        destination.requires.iter().copied().filter(enabled)
    }
}
