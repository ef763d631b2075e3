//! Looking into JSON, wherever it stands: in a [`Value`] that is kept, or in a [`Tree`](super::Tree) that only points into a
//! text. What events are decoded by is written once, for both.

use super::keys::Keys;
use super::{Number, Object, Value};

/// What may have fields.
pub(crate) trait Fields<'v>: Copy {
    type Field: Look<'v>;

    /// The value of a key, `null` included; `None` also where this is no object.
    fn get(self, key: &str) -> Option<Self::Field>;
}

/// A JSON value that can be looked into.
pub(crate) trait Look<'v>: Fields<'v, Field = Self> {
    /// Which kind it is, with what it holds unless that is more values.
    fn leaf(self) -> Leaf<'v>;

    /// The entries of an object, in any order.
    fn entries(self) -> Option<impl Iterator<Item = (&'v str, Self)>>;

    /// The elements of a list.
    fn items(self) -> Option<impl Iterator<Item = Self>>;

    /// A value of its own; its keys are shared with those that were read before.
    fn to_value(self, keys: &mut Keys) -> Value;

    /// `None` for `null`, which is the same as absent.
    fn present(self) -> Option<Self> {
        (self.leaf() != Leaf::Null).then_some(self)
    }

    /// The text, if it is a string.
    fn text(self) -> Option<&'v str> {
        match self.leaf() {
            Leaf::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same, if it is an object.
    fn object(self) -> Option<Self> {
        (self.leaf() == Leaf::Object).then_some(self)
    }
}

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf<'v> {
    Null,
    Bool(bool),
    Number(Number),
    Text(&'v str),
    List,
    Object,
}

impl<'v> Fields<'v> for &'v Object {
    type Field = &'v Value;

    fn get(self, key: &str) -> Option<&'v Value> {
        self.get(key)
    }
}

impl<'v> Fields<'v> for &'v Value {
    type Field = Self;

    fn get(self, key: &str) -> Option<Self> {
        self.as_object()?.get(key)
    }
}

impl<'v> Look<'v> for &'v Value {
    fn leaf(self) -> Leaf<'v> {
        match self {
            Value::Null => Leaf::Null,
            Value::Bool(value) => Leaf::Bool(*value),
            Value::Number(number) => Leaf::Number(*number),
            Value::String(text) => Leaf::Text(text),
            Value::List(_) => Leaf::List,
            Value::Object(_) => Leaf::Object,
        }
    }

    fn entries(self) -> Option<impl Iterator<Item = (&'v str, Self)>> {
        Some(self.as_object()?.iter())
    }

    fn items(self) -> Option<impl Iterator<Item = Self>> {
        Some(self.as_list()?.iter())
    }

    /// Its keys are shared as they are.
    fn to_value(self, _: &mut Keys) -> Value {
        self.clone()
    }
}
