//! Definitions as JSON: the tree for those who build definitions with a program (docs/json.md).
//!
//! The JSON says what the text says, and no more: no places, no comments, and of names only what they are, for quotes are
//! put where they are needed. What is read goes through the text: it is printed and parsed again, so that nothing gets
//! past the grammar.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ast::{
    ClauseKind, Condition, ConditionKind, File, Integer, Item, Literal, LiteralValue, Modifier, ModifierKind, Name,
    Operand, Requires, Root, Text, ValuePath,
};
use super::parse::parse;
use super::print::print;
use super::stack::with_room;
use crate::diagnostic::Diagnostic;
use crate::span::{FileId, Sources, Span};
use crate::time::Timestamp;
use crate::value::Number;

/// The version of the JSON form that this library writes.
pub const JSON_FORMAT: u32 = 1;

/// The longest text of JSON, in bytes: it says in more words what 1 MiB of definitions say.
pub const MAX_JSON: usize = 16 * 1024 * 1024;

/// The most brackets inside one another. A definition of the deepest nesting has fewer.
const MAX_DEPTH: usize = 512;

/// Why JSON is no file of definitions.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not JSON, or not in the form of definitions.
    #[error("this is not a file of definitions as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Longer ([`MAX_JSON`]) or deeper than it may be.
    #[error("{0}")]
    Limit(String),
    /// Written by another version of this library.
    #[error("the definitions have format {found}, this library reads format {JSON_FORMAT}")]
    Format {
        /// The format that the file says it has.
        found: u32,
    },
    /// What it says cannot be written as text.
    #[error("this cannot be written as a definition: {}", .0.message)]
    Syntax(Box<Diagnostic>, Sources),
    /// It holds something that cannot stand where it stands, such as a property outside of a filter.
    #[error("this says something that a definition cannot say")]
    Changed,
}

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    items: &'a [Item],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(rename = "format")]
    _format: u32,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Header {
    format: u32,
}

/// The definitions of a tree as JSON; [`from_json`] reads it.
///
/// ```
/// use volens::span::FileId;
/// use volens::syntax;
///
/// let (tree, _) = syntax::parse(FileId(0), "audience pros { who trait plan = \"pro\" }");
/// let json = syntax::to_json(&tree);
/// let back = syntax::from_json(&json.to_string()).unwrap();
/// assert_eq!(syntax::print(&back), "audience pros {\n  who trait plan = \"pro\"\n}\n");
/// ```
pub fn to_json(file: &File) -> serde_json::Value {
    let written = Written {
        format: JSON_FORMAT,
        items: &file.items,
    };
    // Every key is text and every number is one of JSON's, so there is nothing that could fail.
    with_room(|| serde_json::to_value(&written).unwrap_or_default())
}

/// Reads definitions from JSON. Their places are those of the text that [`print()`] makes of them.
///
/// # Errors
/// [`JsonError`] says what is wrong, and where in the JSON if that can be told.
pub fn from_json(text: &str) -> Result<File, JsonError> {
    if text.len() > MAX_JSON {
        return Err(JsonError::Limit(format!(
            "definitions as JSON have at most 16 MiB ({MAX_JSON} bytes)"
        )));
    }
    if depth(text) > MAX_DEPTH {
        return Err(JsonError::Limit(format!("brackets are more than {MAX_DEPTH} deep")));
    }
    let items = with_room(|| read(text))?;
    let mut wanted = File {
        items,
        comments: Vec::new(),
        broken: Vec::new(),
    };
    let text = print(&wanted);
    let (file, errors) = parse(FileId(0), &text);
    if let Some(error) = errors.into_iter().next() {
        let mut sources = Sources::default();
        sources.add("the definitions as text".to_owned(), text);
        return Err(JsonError::Syntax(Box::new(error), sources));
    }
    let mut read = file.clone();
    wanted.forget_places();
    read.forget_places();
    wanted.items.iter_mut().for_each(without_brackets);
    read.items.iter_mut().for_each(without_brackets);
    if wanted != read {
        return Err(JsonError::Changed);
    }
    Ok(file)
}

/// Takes the brackets out of an item: printing puts some in.
fn without_brackets(item: &mut Item) {
    match item {
        Item::Audience(audience) => {
            for clause in &mut audience.clauses {
                if let ClauseKind::Who(condition) = &mut clause.kind {
                    unbracketed(condition);
                }
            }
        }
        Item::Computed(computed) => filters(&mut computed.modifiers),
        _ => {}
    }
}

fn filters(modifiers: &mut [Modifier]) {
    for modifier in modifiers {
        if let ModifierKind::Where(filter) = &mut modifier.kind {
            unbracketed(filter);
        }
    }
}

/// Not deeper than the parser's limit on nesting, for what was printed of it was parsed.
fn unbracketed(condition: &mut Condition) {
    while let ConditionKind::Brackets(inner) = &mut condition.kind {
        let kind = std::mem::replace(&mut inner.kind, ConditionKind::And(Vec::new()));
        condition.kind = kind;
    }
    match &mut condition.kind {
        ConditionKind::And(parts) | ConditionKind::Or(parts) => parts.iter_mut().for_each(unbracketed),
        ConditionKind::Not(inner)
        | ConditionKind::Any { filter: inner, .. }
        | ConditionKind::Users { condition: inner, .. } => unbracketed(inner),
        ConditionKind::Performed(performed) => {
            filters(&mut performed.modifiers);
            performed.steps.iter_mut().for_each(|step| filters(&mut step.modifiers));
        }
        _ => {}
    }
}

fn read(text: &str) -> Result<Vec<Item>, JsonError> {
    // First alone, because a file of another format has parts that this library does not know.
    let Header { format } = deep(text)?;
    if format != JSON_FORMAT {
        return Err(JsonError::Format { found: format });
    }
    let Read { items, .. } = deep(text)?;
    Ok(items)
}

/// Reads JSON of a depth that was looked at.
fn deep<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// How deep the brackets of a JSON text are, those in strings aside.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut string, mut escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if string => escaped = true,
            b'"' => string = !string,
            b'[' | b'{' if !string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

// ---- names, and what is written in another way than it is kept

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Name {
            text: Box::deserialize(deserializer)?,
            quoted: false,
            span: Span::default(),
        })
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Text {
            text: Box::deserialize(deserializer)?,
            span: Span::default(),
        })
    }
}

impl Serialize for Integer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.value)
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Integer {
            value: u32::deserialize(deserializer)?,
            span: Span::default(),
        })
    }
}

/// `"nothing"`, or a list of categories. An empty list is refused: nobody must come to require nothing by choosing nothing.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum RequiresJson<'a> {
    Word(Cow<'a, str>),
    Categories(Cow<'a, [Name]>),
}

impl Serialize for Requires {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = match self {
            Requires::Nothing(_) => RequiresJson::Word("nothing".into()),
            Requires::Categories(names) => RequiresJson::Categories(names.into()),
        };
        json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Requires {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match RequiresJson::deserialize(deserializer) {
            Ok(RequiresJson::Word(word)) if word == "nothing" => Ok(Requires::Nothing(Span::default())),
            Ok(RequiresJson::Categories(names)) if !names.is_empty() => Ok(Requires::Categories(names.into_owned())),
            _ => Err(D::Error::custom(
                "`requires` is a list of at least one category, or \"nothing\"",
            )),
        }
    }
}

/// A path with the word that says where it starts.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PathJson<'a> {
    Trait(Cow<'a, [Name]>),
    AccountTrait(Cow<'a, [Name]>),
    Property(Cow<'a, [Name]>),
    Element(Cow<'a, [Name]>),
}

fn path(root: Root, keys: Vec<Name>) -> ValuePath {
    let span = Span::default();
    ValuePath { root, keys, span }
}

impl Serialize for ValuePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let keys = Cow::from(&self.keys);
        let json = match self.root {
            Root::Trait => PathJson::Trait(keys),
            Root::AccountTrait => PathJson::AccountTrait(keys),
            Root::Property | Root::Event => PathJson::Property(keys),
            Root::Element => PathJson::Element(keys),
        };
        json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ValuePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (root, keys) = match PathJson::deserialize(deserializer)? {
            PathJson::Trait(keys) => (Root::Trait, keys),
            PathJson::AccountTrait(keys) => (Root::AccountTrait, keys),
            PathJson::Property(keys) => (Root::Property, keys),
            PathJson::Element(keys) => (Root::Element, keys),
        };
        if keys.is_empty() && root != Root::Element {
            return Err(D::Error::custom("a path has at least one name"));
        }
        Ok(path(root, keys.into_owned()))
    }
}

/// The path of a property where there can be no other.
pub(super) mod property {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(path: &ValuePath, serializer: S) -> Result<S::Ok, S::Error> {
        path.keys.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ValuePath, D::Error> {
        let keys = Vec::<Name>::deserialize(deserializer)?;
        if keys.is_empty() {
            return Err(D::Error::custom("a path has at least one name"));
        }
        Ok(path(Root::Property, keys))
    }
}

/// The same where there may be none.
pub(super) mod optional_property {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(path: &Option<ValuePath>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_ref().map(|path| &path.keys).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ValuePath>, D::Error> {
        property::deserialize(deserializer).map(Some)
    }
}

/// A constant is the JSON value of it, a date an object, a reference an object that says to what.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OperandJson<'a> {
    Date(DateJson),
    Trait(TraitJson<'a>),
    Event(EventJson<'a>),
    Text(Cow<'a, str>),
    Boolean(bool),
    Number(Number),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DateJson {
    date: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TraitJson<'a> {
    r#trait: Cow<'a, [Name]>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventJson<'a> {
    event: Name,
    property: Cow<'a, [Name]>,
}

const OPERAND: &str =
    "an operand is text, a number, true or false, {\"date\": …}, {\"trait\": […]} or {\"event\": …, \"property\": […]}";

fn literal_json(value: &LiteralValue) -> OperandJson<'_> {
    match value {
        LiteralValue::Text(text) => OperandJson::Text((&**text).into()),
        LiteralValue::Number(number) => OperandJson::Number(*number),
        LiteralValue::Boolean(value) => OperandJson::Boolean(*value),
        LiteralValue::Date(date) => OperandJson::Date(DateJson { date: *date }),
    }
}

impl Serialize for LiteralValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        literal_json(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LiteralValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Operand::deserialize(deserializer)? {
            Operand::Literal(literal) => Ok(literal.value),
            Operand::Trait(_) | Operand::Event { .. } => Err(D::Error::custom(
                "a list holds text, numbers, true and false, and {\"date\": …}",
            )),
        }
    }
}

impl Serialize for Operand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = match self {
            Operand::Literal(literal) => literal_json(&literal.value),
            Operand::Trait(path) => OperandJson::Trait(TraitJson {
                r#trait: (&path.keys).into(),
            }),
            Operand::Event { name, path } => OperandJson::Event(EventJson {
                event: name.clone(),
                property: (&path.keys).into(),
            }),
        };
        json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Operand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = OperandJson::deserialize(deserializer).map_err(|_| D::Error::custom(OPERAND))?;
        let value = match json {
            OperandJson::Text(text) => LiteralValue::Text(text.into()),
            OperandJson::Number(number) => LiteralValue::Number(number),
            OperandJson::Boolean(value) => LiteralValue::Boolean(value),
            OperandJson::Date(DateJson { date }) => LiteralValue::Date(date),
            OperandJson::Trait(TraitJson { r#trait: keys }) if !keys.is_empty() => {
                return Ok(Operand::Trait(path(Root::Trait, keys.into_owned())));
            }
            OperandJson::Event(EventJson { event, property }) if !property.is_empty() => {
                return Ok(Operand::Event {
                    name: event,
                    path: path(Root::Event, property.into_owned()),
                });
            }
            OperandJson::Trait(_) | OperandJson::Event(_) => {
                return Err(D::Error::custom("a path has at least one name"));
            }
        };
        let span = Span::default();
        Ok(Operand::Literal(Literal { value, span }))
    }
}

/// The conditions of `and` or `or`.
pub(super) mod several {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(parts: &[Condition], serializer: S) -> Result<S::Ok, S::Error> {
        parts.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Condition>, D::Error> {
        let parts = Vec::<Condition>::deserialize(deserializer)?;
        if parts.len() < 2 {
            return Err(D::Error::custom("`and` and `or` join at least two conditions"));
        }
        Ok(parts)
    }
}

/// A word that stands there or does not: `true`, or absent.
pub(super) mod flag {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(flag: &Option<Span>, serializer: S) -> Result<S::Ok, S::Error> {
        flag.is_some().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Span>, D::Error> {
        Ok(bool::deserialize(deserializer)?.then(Span::default))
    }
}

pub(super) fn is_zero(count: &u32) -> bool {
    *count == 0
}
