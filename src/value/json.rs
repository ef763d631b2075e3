//! Reading JSON text into [`Value`]s: what is refused, and why, in one pass that cannot exhaust the stack.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::keys::Keys;
use super::{Object, Value};
use crate::value::Number;

/// How many containers may stand in one another.
pub const MAX_DEPTH: u32 = 127;

/// Why a text is not a JSON value that can be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not JSON, or a number beyond the doubles, or a lone surrogate.
    #[error("not JSON: {0}")]
    Invalid(String),
    /// An object has a key twice.
    #[error("an object has the key `{0}` twice")]
    DuplicateKey(String),
    /// More than [`MAX_DEPTH`] containers in one another.
    #[error("more than {MAX_DEPTH} containers in one another")]
    TooDeep,
}

/// Reads one JSON value and nothing after it. Duplicate keys and too deep nesting are refused, in this order, once the text
/// is known to be JSON.
///
/// ```
/// use volens::value::{self, JsonError};
///
/// assert!(value::parse(r#"{"plan": "pro"}"#).is_ok());
/// assert_eq!(value::parse(r#"{"a": 1, "a": 2}"#), Err(JsonError::DuplicateKey("a".into())));
/// ```
///
/// # Errors
/// See [`JsonError`].
pub fn parse(text: &str) -> Result<Value, JsonError> {
    Reader::default().parse(text)
}

/// Reads texts one after the other, as [`parse`] does; the objects in them share their keys.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    keys: Keys,
    /// Room for the entries of objects that are not whole yet.
    entries: Vec<(Arc<str>, Value)>,
}

impl Reader {
    /// One that remembers keys.
    pub(crate) fn sharing() -> Self {
        Reader {
            keys: Keys::new(),
            entries: Vec::new(),
        }
    }

    /// A text that is likely to come again; the one that was given before, if it is remembered.
    pub(crate) fn shared(&mut self, text: &str) -> Arc<str> {
        self.keys.shared(text)
    }

    pub(crate) fn parse(&mut self, text: &str) -> Result<Value, JsonError> {
        let notes = Notes {
            keys: RefCell::new(std::mem::take(&mut self.keys)),
            entries: RefCell::new(std::mem::take(&mut self.entries)),
            ..Notes::default()
        };
        let mut reader = serde_json::Deserializer::from_str(text);
        // The depth is counted here, and what is deeper is skipped without recursion.
        reader.disable_recursion_limit();
        let seed = Seed {
            depth: 0,
            notes: &notes,
        };
        let value = seed
            .deserialize(&mut reader)
            .and_then(|value| reader.end().map(|()| value));
        self.keys = notes.keys.into_inner();
        self.entries = notes.entries.into_inner();
        // A text that is no JSON may have left something behind.
        self.entries.clear();
        let value = value.map_err(|error| JsonError::Invalid(error.to_string()))?;
        if let Some(key) = notes.duplicate.take() {
            return Err(JsonError::DuplicateKey(key));
        }
        if notes.too_deep.get() {
            return Err(JsonError::TooDeep);
        }
        Ok(value)
    }
}

/// Reads the objects and texts of something larger, from any format; they share their keys, save by default.
#[derive(Default)]
pub(crate) struct Sharing(Notes);

impl Sharing {
    pub(crate) fn new() -> Self {
        Sharing(Notes {
            keys: RefCell::new(Keys::few()),
            ..Notes::default()
        })
    }

    /// Reads an object, which is refused as a value of its own is.
    pub(crate) fn object(&self) -> impl for<'de> DeserializeSeed<'de, Value = Object> {
        Shared(&self.0)
    }

    /// Reads a text that is likely to come again.
    pub(crate) fn text(&self) -> impl for<'de> DeserializeSeed<'de, Value = Arc<str>> {
        Key(&self.0.keys)
    }
}

struct Shared<'n>(&'n Notes);

impl<'de> DeserializeSeed<'de> for Shared<'_> {
    type Value = Object;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Object, D::Error> {
        match self.0.whole(deserializer)? {
            Value::Object(object) => Ok(object),
            _ => Err(serde::de::Error::custom("expected an object")),
        }
    }
}

#[derive(Default)]
struct Notes {
    duplicate: Cell<Option<String>>,
    too_deep: Cell<bool>,
    keys: RefCell<Keys>,
    /// The entries of the objects that are not whole yet, the innermost last.
    entries: RefCell<Vec<(Arc<str>, Value)>>,
}

impl Notes {
    /// Reads a value. A duplicate key or too deep nesting is an error.
    fn whole<'de, D: Deserializer<'de>>(&self, deserializer: D) -> Result<Value, D::Error> {
        let seed = Seed { depth: 0, notes: self };
        let value = seed.deserialize(deserializer)?;
        if let Some(key) = self.duplicate.take() {
            return Err(serde::de::Error::custom(JsonError::DuplicateKey(key)));
        }
        if self.too_deep.get() {
            return Err(serde::de::Error::custom(JsonError::TooDeep));
        }
        Ok(value)
    }
}

#[derive(Clone, Copy)]
struct Seed<'n> {
    depth: u32,
    notes: &'n Notes,
}

impl Seed<'_> {
    /// The seed for what a container holds; `None` where the container itself is one too many.
    fn inside(self) -> Option<Self> {
        if self.depth >= MAX_DEPTH {
            self.notes.too_deep.set(true);
            return None;
        }
        Some(Seed {
            depth: self.depth + 1,
            notes: self.notes,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number beyond the doubles"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        match self.inside() {
            Some(seed) => {
                while let Some(item) = seq.next_element_seed(seed)? {
                    items.push(item);
                }
                items.shrink_to_fit();
            }
            None => while seq.next_element::<IgnoredAny>()?.is_some() {},
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Some(seed) = self.inside() else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Value::Object(Object::default()));
        };
        let notes = self.notes;
        let begin = notes.entries.borrow().len();
        while let Some(key) = map.next_key_seed(Key(&notes.keys))? {
            let value = map.next_value_seed(seed)?;
            notes.entries.borrow_mut().push((key, value));
        }
        let mut stack = notes.entries.borrow_mut();
        let own = stack.get_mut(begin..).unwrap_or_default();
        own.sort_by(|a, b| a.0.cmp(&b.0));
        let twice = own.windows(2).find_map(|pair| match pair {
            [a, b] if a.0 == b.0 => Some(a.0.to_string()),
            _ => None,
        });
        if twice.is_some() {
            notes.duplicate.set(twice);
        }
        let begin = begin.min(stack.len());
        let entries = stack.drain(begin..).collect();
        Ok(Value::Object(Object { entries }))
    }
}

/// Reads a key, shared where it is known.
#[derive(Clone, Copy)]
struct Key<'n>(&'n RefCell<Keys>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Arc<str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Arc<str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Arc<str>, E> {
        Ok(self.0.borrow_mut().shared(key))
    }
}

impl<'de> serde::Deserialize<'de> for Value {
    /// A duplicate key or too deep nesting is an error here as well.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Notes::default().whole(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        "[".repeat(levels) + &"]".repeat(levels)
    }

    #[test]
    fn depth_ends_at_127_without_recursion_beyond() {
        assert!(parse(&nested(127)).is_ok());
        assert_eq!(parse(&nested(128)), Err(JsonError::TooDeep));
        assert_eq!(parse(&nested(1_000_000)), Err(JsonError::TooDeep));
        assert!(matches!(parse(&"[".repeat(1_000_000)), Err(JsonError::Invalid(_))));
    }

    #[test]
    fn what_is_not_json_comes_before_what_is_not_taken() {
        assert!(matches!(parse(r#"{"a":1,"a":2"#), Err(JsonError::Invalid(_))));
        assert_eq!(
            parse(&format!(r#"{{"d":{},"a":1,"a":2}}"#, nested(200))),
            Err(JsonError::DuplicateKey("a".into()))
        );
        for bad in ["", "{} x", "1e999", r#""\ud800""#, "nul", "[1,]", "{'a':1}", "01"] {
            assert!(matches!(parse(bad), Err(JsonError::Invalid(_))), "{bad}");
        }
    }

    #[test]
    fn integers_are_exact_and_doubles_nearest() {
        for (text, canonical) in [
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("18446744073709551616", "18446744073709552000"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("1e-400", "0"),
        ] {
            assert_eq!(parse(text).map(|v| v.canonical()), Ok(canonical.to_owned()));
        }
    }
}
