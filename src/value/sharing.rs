//! Reads the values of something larger.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

use super::keys::Keys;
use super::look::Look;
use super::tree::Tree;
use super::{Object, Value};

/// Reads the objects and texts of something larger, from any format; they share their keys. The default one shares nothing,
/// which is for a single object.
#[derive(Debug, Default)]
pub(crate) struct Sharing<'t> {
    keys: RefCell<Keys>,
    /// The room that each object is read into.
    tree: RefCell<Tree<'t>>,
}

impl<'t> Sharing<'t> {
    pub(crate) fn new() -> Self {
        Sharing {
            keys: RefCell::new(Keys::few()),
            tree: RefCell::default(),
        }
    }

    /// Reads an object, which is refused as a value of its own is.
    pub(crate) fn object(&self) -> impl DeserializeSeed<'t, Value = Object> {
        Whole(self)
    }

    /// Reads a text that is likely to come again.
    pub(crate) fn text(&self) -> impl DeserializeSeed<'t, Value = Arc<str>> {
        Key(&self.keys)
    }
}

#[derive(Clone, Copy)]
struct Whole<'s, 't>(&'s Sharing<'t>);

impl<'t> DeserializeSeed<'t> for Whole<'_, 't> {
    type Value = Object;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Object, D::Error> {
        let mut tree = self.0.tree.borrow_mut();
        tree.take(deserializer)?;
        let node = tree.checked().map_err(D::Error::custom)?;
        match node.to_value(&mut self.0.keys.borrow_mut()) {
            Value::Object(object) => Ok(object),
            _ => Err(D::Error::custom("expected an object")),
        }
    }
}

/// Reads a text, shared where it is known.
#[derive(Clone, Copy)]
struct Key<'s>(&'s RefCell<Keys>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Arc<str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Arc<str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Arc<str>, E> {
        Ok(self.0.borrow_mut().shared(text))
    }
}
