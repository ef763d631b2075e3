//! Schemas, computed traits, and the rules of identity.

use serde::{Deserialize, Serialize};

use super::super::json;
use super::{Integer, Literal, Modifier, Name, Period, SourceRoot, Subject, Text, ValuePath};
use crate::span::Span;

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
#[serde(rename_all = "snake_case", deny_unknown_fields)]
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
#[serde(rename_all = "snake_case", deny_unknown_fields)]
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
