//! The syntax tree: what an author wrote, nothing resolved, each piece with its place.
//!
//! It keeps all that is needed to print the text back: quoted names, the order of modifiers, brackets, comments.

mod condition;
mod schema;

use serde::{Deserialize, Serialize};

use super::json;
use crate::span::Span;

pub use crate::ir::{Comparison, MessageForm, Quantifier, Removal, Subject};
pub use crate::model::{Period, SourceRoot};
pub use condition::*;
pub use schema::*;

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
#[serde(rename_all = "snake_case", deny_unknown_fields)]
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
#[serde(rename_all = "snake_case", deny_unknown_fields)]
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
#[serde(rename_all = "snake_case", deny_unknown_fields)]
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
