//! JSON-like values: what traits and properties hold, and how a condition reads them.

mod decimal;
mod json;
mod keys;
mod look;
mod number;
mod scan;
mod sharing;
mod tree;

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

pub(crate) use decimal::{Decimal, FEW_BILLIONTHS};
pub use json::{JsonError, MAX_DEPTH, parse};
pub(crate) use keys::Keys;
pub(crate) use look::{Fields, Leaf, Look};
pub use number::{Number, NumberText};
pub(crate) use scan::{Key, Scan};
pub(crate) use sharing::Sharing;
pub(crate) use tree::Tree;

/// A JSON value. An absent value and `Null` mean the same to every condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Box<str>),
    /// An array.
    List(Vec<Value>),
    /// An object.
    Object(Object),
}

/// Up to how many keys an object is looked through one by one: most differ in length, and their text need not be read.
const FEW: usize = 16;

/// A JSON object: its keys in code point order, each once.
///
/// Keys are shared: of many objects read one after the other, those with equal keys hold one text of them. The entries take
/// no more room than they need, and changing one is the exception.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Object {
    entries: Box<[(Arc<str>, Value)]>,
}

impl Object {
    /// The value of a key, `null` included.
    pub fn get(&self, key: &str) -> Option<&Value> {
        if self.entries.len() > FEW {
            let at = self.find(key).ok()?;
            return self.entries.get(at).map(|(_, value)| value);
        }
        let mut entries = self.entries.iter();
        entries.find(|(other, _)| **other == *key).map(|(_, value)| value)
    }

    /// The value at a path of keys; absent and `null` are the same.
    pub fn at(&self, path: &Path) -> Option<&Value> {
        let (first, rest) = path.keys().split_first()?;
        self.get(first)?.at(rest)
    }

    /// Sets a key, and gives back what it held.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: Value) -> Option<Value> {
        let key = key.into();
        match self.find(&key) {
            Ok(at) => self.entries.get_mut(at).map(|(_, old)| std::mem::replace(old, value)),
            Err(at) => {
                self.change(|entries| {
                    entries.reserve_exact(1);
                    entries.insert(at, (key, value));
                });
                None
            }
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.find(key).ok()?;
        Some(self.change(|entries| entries.remove(at).1))
    }

    /// Keeps the entries that `keep` says yes to.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str, &Value) -> bool) {
        if !self.iter().all(|(key, value)| keep(key, value)) {
            self.change(|entries| entries.retain(|(key, value)| keep(key, value)));
        }
    }

    /// The entries in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (&**key, value))
    }

    /// The same, with keys that can be shared.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &(Arc<str>, Value)> {
        self.entries.iter()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// An object of entries whose keys differ, in any order.
    fn of_different(mut entries: Vec<(Arc<str>, Value)>) -> Self {
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Object {
            entries: entries.into_boxed_slice(),
        }
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(other, _)| (**other).cmp(key))
    }

    fn change<T>(&mut self, change: impl FnOnce(&mut Vec<(Arc<str>, Value)>) -> T) -> T {
        let mut entries = std::mem::take(&mut self.entries).into_vec();
        let done = change(&mut entries);
        self.entries = entries.into_boxed_slice();
        done
    }
}

impl<K: Into<Arc<str>>> FromIterator<(K, Value)> for Object {
    /// Of two entries with one key the later counts.
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(entries: I) -> Self {
        let mut entries: Vec<(Arc<str>, Value)> = entries.into_iter().map(|(k, v)| (k.into(), v)).collect();
        entries.reverse();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.dedup_by(|later, kept| later.0 == kept.0);
        Object {
            entries: entries.into_boxed_slice(),
        }
    }
}

impl Extend<(Arc<str>, Value)> for Object {
    /// Sets keys, and moves the other entries once at the most.
    fn extend<I: IntoIterator<Item = (Arc<str>, Value)>>(&mut self, entries: I) {
        let mut new = Vec::new();
        for (key, value) in entries {
            match self.find(&key).ok().and_then(|at| self.entries.get_mut(at)) {
                Some((_, old)) => *old = value,
                None => new.push((key, value)),
            }
        }
        if !new.is_empty() {
            // Two parts that are in order are put into one another.
            *self = std::mem::take(self).into_iter().chain(new).collect();
        }
    }
}

impl IntoIterator for Object {
    type Item = (Arc<str>, Value);
    type IntoIter = std::vec::IntoIter<(Arc<str>, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_vec().into_iter()
    }
}

impl Value {
    /// `None` for `null`, which is the same as absent.
    pub fn present(&self) -> Option<&Value> {
        match self {
            Value::Null => None,
            value => Some(value),
        }
    }

    /// The value at these keys, outermost first; absent and `null` are the same.
    #[inline]
    pub(crate) fn at(&self, keys: &[Box<str>]) -> Option<&Value> {
        let mut value = self;
        for key in keys {
            value = value.as_object()?.get(key)?;
        }
        value.present()
    }

    /// The object, if it is one.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if it is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// Read as a number: a number, or a string that is exactly a JSON number (language.md, Values).
    pub fn read_number(&self) -> Option<Number> {
        match self {
            Value::Number(number) => Some(*number),
            Value::String(text) => Number::parse(text),
            _ => None,
        }
    }

    /// Read as a boolean: a boolean, or the strings `"true"` and `"false"` (language.md, Values).
    pub fn read_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            Value::String(text) => match &**text {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// Read as text: a string, or the canonical JSON text of a number or boolean (language.md, Values).
    pub fn read_text(&self) -> Option<Text<'_>> {
        match self {
            Value::String(text) => Some(Text::Borrowed(text)),
            Value::Bool(value) => Some(Text::Borrowed(if *value { "true" } else { "false" })),
            Value::Number(number) => Some(Text::Number(number.text())),
            Value::Null | Value::List(_) | Value::Object(_) => None,
        }
    }

    /// Canonical JSON: no white space, keys in code point order, numbers as [`Number::text`].
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        self.write_canonical(&mut out);
        out
    }

    fn write_canonical(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Number(number) => out.push_str(&number.text()),
            Value::String(text) => out.push_str(&quoted(text)),
            Value::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write_canonical(out);
                }
                out.push(']');
            }
            Value::Object(object) => {
                out.push('{');
                for (i, (key, value)) in object.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    out.push_str(&quoted(key));
                    out.push(':');
                    value.write_canonical(out);
                }
                out.push('}');
            }
        }
    }
}

/// A text as a JSON string, in double quotes.
pub(crate) fn quoted(text: &str) -> String {
    // A string always serialises.
    serde_json::to_string(text).unwrap_or_default()
}

/// The text that a value is read as, without allocating.
#[derive(Debug, Clone, Copy)]
pub enum Text<'a> {
    /// A string's or boolean's own text.
    Borrowed(&'a str),
    /// A number's text, on the stack.
    Number(NumberText),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::Borrowed(text) => text,
            Text::Number(text) => text,
        }
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(b) => Value::Bool(b),
            serde_json::Value::Number(n) => {
                let number = n.as_i64().map(Number::from).or_else(|| n.as_u64().map(Number::from));
                let number = number.or_else(|| n.as_f64().and_then(Number::from_f64));
                number.map_or(Value::Null, Value::Number)
            }
            serde_json::Value::String(s) => Value::String(s.into()),
            serde_json::Value::Array(items) => Value::List(items.into_iter().map(Value::from).collect()),
            serde_json::Value::Object(map) => Value::Object(map.into_iter().map(|(k, v)| (k, v.into())).collect()),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::String(text.into())
    }
}

impl<V: Into<Value>> From<Vec<V>> for Value {
    fn from(items: Vec<V>) -> Self {
        Value::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Value::Number(value.into())
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Value::from(i64::from(value))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Value::from(u64::from(value))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<f64> for Value {
    /// NaN and the infinities, which JSON does not have, are `null`.
    fn from(value: f64) -> Self {
        Number::from_f64(value).map_or(Value::Null, Value::Number)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Number(value.into())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(number) => number.serialize(serializer),
            Value::String(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items),
            Value::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::DeserializeSeed::deserialize(Sharing::default().object(), deserializer)
    }
}

/// A path of keys into an object: `address.city`. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Path(Vec<Box<str>>);

impl Path {
    /// A path of these keys, outermost first.
    pub fn new<K: Into<Box<str>>>(keys: impl IntoIterator<Item = K>) -> Self {
        Path(keys.into_iter().map(Into::into).collect())
    }

    /// The keys, outermost first.
    pub fn keys(&self) -> &[Box<str>] {
        &self.0
    }
}

impl fmt::Display for Path {
    /// As an author writes it: a key that is no plain name stands in quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, key) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            f.write_str(&written(key))?;
        }
        Ok(())
    }
}

/// A name as an author has to write it: in quotes where it is no plain one.
pub(crate) fn written(name: &str) -> Cow<'_, str> {
    if is_plain_name(name) {
        name.into()
    } else {
        quoted(name).into()
    }
}

/// Whether a name can stand without quotes: `[A-Za-z_][A-Za-z0-9_-]*`.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn paths_walk_objects_and_take_null_for_absent() {
        let o = object(r#"{"a":{"b":{"c":1}},"n":null,"x":{"n":null}}"#);
        assert_eq!(o.at(&Path::new(["a", "b", "c"])), Some(&Value::from(1)));
        assert_eq!(o.at(&Path::new(["n"])), None);
        assert_eq!(o.at(&Path::new(["x", "n"])), None);
        assert_eq!(o.at(&Path::new(["a", "b", "c", "d"])), None);
        assert_eq!(o.at(&Path::new(["zzz"])), None);
    }

    #[test]
    fn objects_keep_order_and_replace() {
        let mut o: Object = [("b", Value::from(1)), ("a", Value::from(2)), ("b", Value::from(3))]
            .into_iter()
            .collect();
        assert_eq!(o.get("b"), Some(&Value::from(3)));
        assert_eq!(o.insert("a", Value::from(9)), Some(Value::from(2)));
        assert_eq!(o.iter().map(|(k, _)| k).collect::<String>(), "ab");
        assert_eq!(o.remove("a"), Some(Value::from(9)));
        assert_eq!(o.len(), 1);
    }

    #[test]
    fn canonical_text_sorts_keys_and_writes_numbers_once() {
        let value = parse(r#" { "b" : [1.0, 1e21, "\u00e9\n"], "a" : null } "#).unwrap();
        assert_eq!(value.canonical(), "{\"a\":null,\"b\":[1,1e+21,\"é\\n\"]}");
    }

    #[test]
    fn values_are_read_as_the_literal_says() {
        assert!(Value::from("49.90").read_number().is_some());
        assert!(Value::from("007").read_number().is_none());
        assert!(Value::from(true).read_number().is_none());
        assert_eq!(Value::from("true").read_bool(), Some(true));
        assert_eq!(Value::from("True").read_bool(), None);
        assert_eq!(&*Value::from(5).read_text().unwrap(), "5");
        assert_eq!(&*Value::from(false).read_text().unwrap(), "false");
        assert!(Value::List(vec![]).read_text().is_none());
    }
}
