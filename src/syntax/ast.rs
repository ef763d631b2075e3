//! The syntax tree: what an author wrote, nothing resolved, each piece with its place.
//!
//! It keeps all that is needed to print the text back: quoted names, the order of modifiers, brackets, comments.

use serde::{Deserialize, Serialize};

use super::json;
use crate::consent::ConsentState;
use crate::span::Span;
use crate::time::{Timestamp, Unit};
use crate::value::Number;

pub use crate::ir::{Comparison, MessageForm, Quantifier, Removal, Subject};
pub use crate::model::{Period, SourceRoot};

/// One `.audience` file.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// The sound items, in order.
    pub items: Vec<Item>,
    /// The comments, in order; from `#` to the end of the line.
    pub comments: Vec<Span>,
    /// Names that broken items declare: they count as declared, so that their uses are no errors (language.md).
    pub broken: Vec<Broken>,
}

/// What can be told of an item that has a syntax error.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// What it seems to declare.
    pub kind: Declares,
    /// The name it seems to declare.
    pub name: Name,
}

/// The kinds of names; each kind has names of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Declares {
    /// `category`
    Category,
    /// `destination`
    Destination,
    /// `audience`
    Audience,
    /// `event`
    Event,
    /// `trait`
    Trait,
    /// `account trait`
    AccountTrait,
}

impl Declares {
    /// The keyword, which is also what messages call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Declares::Category => "category",
            Declares::Destination => "destination",
            Declares::Audience => "audience",
            Declares::Event => "event",
            Declares::Trait => "trait",
            Declares::AccountTrait => "account trait",
        }
    }

    /// The traits of a subject.
    pub fn trait_of(subject: Subject) -> Self {
        match subject {
            Subject::User => Declares::Trait,
            Subject::Account => Declares::AccountTrait,
        }
    }
}

/// A declaration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Item {
    /// `category …`
    Category(Category),
    /// `destination …`
    Destination(Destination),
    /// `audience … { … }`
    Audience(Audience),
    /// `consent enforcement on` or `off`
    #[serde(rename = "consent_enforcement")]
    Enforcement(Enforcement),
    /// `event "…" { … }`
    Event(EventSchema),
    /// `trait …: …`
    Trait(TraitSchema),
    /// `trait … = …`
    Computed(ComputedTrait),
    /// `identity { … }`
    Identity(Identity),
}

/// A name, as written: `shoes` or `"shoes"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name, without quotes and escapes.
    pub text: Box<str>,
    /// Whether it stands in quotes.
    pub quoted: bool,
    /// Where.
    pub span: Span,
}

/// A string, with its escapes resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: Box<str>,
    /// Where, the quotes included.
    pub span: Span,
}

/// `category Advertising "Ads and retargeting" disabled`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// The id.
    pub name: Name,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
    /// The word `disabled`.
    #[serde(default, with = "json::flag", skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Span>,
    /// The whole item.
    #[serde(skip)]
    pub span: Span,
}

/// `destination google_ads requires Advertising { … }`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// The name.
    pub name: Name,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
    /// What it requires; `None` where it says nothing about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<Requires>,
    /// The settings, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
    /// The whole item.
    #[serde(skip)]
    pub span: Span,
}

/// What a destination requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requires {
    /// `requires nothing`
    Nothing(Span),
    /// `requires A, B`
    Categories(Vec<Name>),
}

/// A setting of a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Setting {
    /// Which, and its value.
    pub kind: SettingKind,
    /// Where.
    #[serde(skip)]
    pub span: Span,
}

/// The settings of a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SettingKind {
    /// `type "…"`
    Type(Text),
    /// `message track`
    Message(MessageForm),
    /// `removal once`
    Removal(Removal),
    /// `receives consent`
    ReceivesConsent,
    /// `storage`
    Storage,
}

impl SettingKind {
    /// The keyword.
    pub fn as_str(&self) -> &'static str {
        match self {
            SettingKind::Type(_) => "type",
            SettingKind::Message(_) => "message",
            SettingKind::Removal(_) => "removal",
            SettingKind::ReceivesConsent => "receives consent",
            SettingKind::Storage => "storage",
        }
    }
}

/// `consent enforcement on` or `off`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enforcement {
    /// `on`
    pub on: bool,
    /// The whole item.
    #[serde(skip)]
    pub span: Span,
}

/// `audience cart_abandoners "…" { … }`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// The name.
    pub name: Name,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
    /// Of whom, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Of>,
    /// The clauses, in order.
    pub clauses: Vec<Clause>,
    /// The whole item.
    #[serde(skip)]
    pub span: Span,
}

/// `of users` or `of accounts`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Of {
    /// Of whom.
    pub subject: Subject,
    /// Both words.
    #[serde(skip)]
    pub span: Span,
}

/// `event "Order Completed" { revenue: number, "products.name": string }`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSchema {
    /// The event's name.
    pub name: Text,
    /// Its properties, in order.
    pub properties: Vec<PropertySchema>,
    /// The whole item.
    #[serde(skip)]
    pub span: Span,
}

/// `revenue: number`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropertySchema {
    /// The property.
    #[serde(with = "json::property")]
    pub path: ValuePath,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Both.
    #[serde(skip)]
    pub span: Span,
}

/// `trait plan: one of ["free", "pro"]`, `account trait seats: number`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraitSchema {
    /// The trait; its root says whose.
    pub path: ValuePath,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: Type,
    /// The whole item.
    #[serde(skip)]
    pub span: Span,
}

/// What a schema says of a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Type {
    /// How many times `list of` stands in front: 0 for a single value.
    #[serde(default, skip_serializing_if = "json::is_zero")]
    pub lists: u32,
    /// What a single value is.
    pub element: ElementType,
    /// Where.
    #[serde(skip)]
    pub span: Span,
}

/// The type of a single value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ElementType {
    /// `string`
    String,
    /// `number`
    Number,
    /// `boolean`
    Boolean,
    /// `timestamp`
    Timestamp,
    /// `one of […]`
    OneOf(Vec<Literal>),
}

/// `trait revenue_90d "…" = sum of revenue from "Order Completed" within 90 days`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComputedTrait {
    /// Whose.
    pub of: Subject,
    /// The name.
    pub name: Name,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
    /// What is computed.
    pub function: Function,
    /// Of which property; `None` for `count`.
    #[serde(default, with = "json::optional_property", skip_serializing_if = "Option::is_none")]
    pub property: Option<ValuePath>,
    /// The event's name.
    pub event: Text,
    /// The modifiers, in order; more kinds than there may be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<Modifier>,
    /// The whole item.
    #[serde(skip)]
    pub span: Span,
}

/// The functions of a computed trait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Function {
    /// `count of "…"`
    Count,
    /// `sum of … from "…"`
    Sum,
    /// `average of … from "…"`
    Average,
    /// `minimum of … from "…"`
    Minimum,
    /// `maximum of … from "…"`
    Maximum,
    /// `first of … from "…"`
    First,
    /// `last of … from "…"`
    Last,
    /// `most frequent of … from "…"`
    MostFrequent,
    /// `unique list of … from "…"`
    UniqueList,
    /// `unique count of … from "…"`
    UniqueCount,
}

impl Function {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Function::Count => "count",
            Function::Sum => "sum",
            Function::Average => "average",
            Function::Minimum => "minimum",
            Function::Maximum => "maximum",
            Function::First => "first",
            Function::Last => "last",
            Function::MostFrequent => "most frequent",
            Function::UniqueList => "unique list",
            Function::UniqueCount => "unique count",
        }
    }
}

/// A clause of an audience.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Clause {
    /// Which, and what it says.
    pub kind: ClauseKind,
    /// The whole clause.
    #[serde(skip)]
    pub span: Span,
}

/// The clauses of an audience.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClauseKind {
    /// `who …`
    Who(Condition),
    /// `consent to A and B`
    ConsentTo(Vec<Name>),
    /// `include anonymous`
    IncludeAnonymous,
    /// `lookback 90 days`
    Lookback(DurationText),
    /// `send to a, b`
    SendTo(Vec<Name>),
}

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
#[serde(rename_all = "snake_case")]
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
#[serde(rename_all = "snake_case")]
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
#[serde(rename_all = "snake_case")]
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
#[serde(rename_all = "snake_case")]
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

/// `identity { email from traits.email limit 5 per year  block "test" }`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The types of identifiers, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
    /// The values after `block`, in order.
    #[serde(default, rename = "block", skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<Text>,
    /// The whole item.
    #[serde(skip)]
    pub span: Span,
}

/// `phone from traits.phone, context.traits.phone limit 3 per month`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    /// The type.
    pub name: Name,
    /// Where to look besides the default place, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Source>,
    /// How many a profile may have.
    pub limit: Integer,
    /// Over which time they are counted.
    #[serde(default)]
    pub period: Period,
    /// All of it.
    #[serde(skip)]
    pub span: Span,
}

/// `context.traits.phone`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The part of the event in which it starts.
    pub root: SourceRoot,
    /// The names below, outermost first.
    pub keys: Vec<Name>,
    /// All of it.
    #[serde(skip)]
    pub span: Span,
}
