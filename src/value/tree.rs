//! JSON as it stands in a text: read and checked, and nothing of it copied.
//!
//! Of most events only a part is kept, and much of the rest is never looked at. So a text is read into a few vectors that
//! the next text uses again, in which strings point into the text; what is kept is copied from there.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::{JsonError, MAX_DEPTH};
use super::keys::Keys;
use super::look::{Fields, Leaf, Look};
use super::{Number, Object, Value};

/// Up to how many keys each is compared with each, which for so few is faster than to put them in order.
const FEW: usize = 16;

/// A text's JSON.
#[derive(Debug, Default)]
pub(crate) struct Tree<'t> {
    /// The entries of all objects, and the items of all lists; those of one stand together.
    entries: Vec<Entry<'t>>,
    items: Vec<Item<'t>>,
    /// The same of those that are not whole yet, the innermost last.
    open_entries: Vec<Entry<'t>>,
    open_items: Vec<Item<'t>>,
    root: Item<'t>,
    duplicate: Option<String>,
    too_deep: bool,
}

type Entry<'t> = (Cow<'t, str>, Item<'t>);

#[derive(Debug, Default)]
enum Item<'t> {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    /// Borrowed, unless there are escapes in it.
    Text(Cow<'t, str>),
    List(Range<usize>),
    Object(Range<usize>),
}

/// A value in a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'n> {
    tree: &'n Tree<'n>,
    item: &'n Item<'n>,
}

impl<'t> Tree<'t> {
    /// Reads one JSON value and nothing after it, instead of what was read before. See [`parse`](super::parse).
    pub(crate) fn read(&mut self, text: &'t str) -> Result<Node<'_>, JsonError> {
        let mut reader = serde_json::Deserializer::from_str(text);
        // The depth is counted here, and what is deeper is skipped without recursion.
        reader.disable_recursion_limit();
        let read = self.take(&mut reader).and_then(|()| reader.end());
        read.map_err(|error| JsonError::Invalid(error.to_string()))?;
        self.checked()
    }

    /// Reads a value, whatever there is in it; [`checked`](Tree::checked) tells whether it can be taken.
    pub(super) fn take<D: Deserializer<'t>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        // A text that is no JSON may have left something behind.
        self.entries.clear();
        self.items.clear();
        self.open_entries.clear();
        self.open_items.clear();
        (self.duplicate, self.too_deep) = (None, false);
        self.root = Seed { depth: 0, tree: self }.deserialize(deserializer)?;
        Ok(())
    }

    /// What was read, if it has no duplicate key and is not too deep.
    pub(super) fn checked(&mut self) -> Result<Node<'_>, JsonError> {
        if let Some(key) = self.duplicate.take() {
            return Err(JsonError::DuplicateKey(key));
        }
        if self.too_deep {
            return Err(JsonError::TooDeep);
        }
        Ok(Node {
            tree: self,
            item: &self.root,
        })
    }
}

impl<'n> Node<'n> {
    fn own_entries(self) -> Option<&'n [Entry<'n>]> {
        match self.item {
            Item::Object(range) => self.tree.entries.get(range.clone()),
            _ => None,
        }
    }

    fn own_items(self) -> Option<&'n [Item<'n>]> {
        match self.item {
            Item::List(range) => self.tree.items.get(range.clone()),
            _ => None,
        }
    }

    fn beside(self, item: &'n Item<'n>) -> Self {
        Node { item, ..self }
    }
}

impl<'n> Fields<'n> for Node<'n> {
    type Field = Self;

    fn get(self, key: &str) -> Option<Self> {
        let mut entries = self.own_entries()?.iter();
        let (_, item) = entries.find(|(other, _)| **other == *key)?;
        Some(self.beside(item))
    }
}

impl<'n> Look<'n> for Node<'n> {
    fn leaf(self) -> Leaf<'n> {
        match self.item {
            Item::Null => Leaf::Null,
            Item::Bool(value) => Leaf::Bool(*value),
            Item::Number(number) => Leaf::Number(*number),
            Item::Text(text) => Leaf::Text(text),
            Item::List(_) => Leaf::List,
            Item::Object(_) => Leaf::Object,
        }
    }

    fn entries(self) -> Option<impl Iterator<Item = (&'n str, Self)>> {
        let entries = self.own_entries()?.iter();
        Some(entries.map(move |(key, item)| (&**key, self.beside(item))))
    }

    fn items(self) -> Option<impl Iterator<Item = Self>> {
        Some(self.own_items()?.iter().map(move |item| self.beside(item)))
    }

    fn to_value(self, keys: &mut Keys) -> Value {
        match self.item {
            Item::Null => Value::Null,
            Item::Bool(value) => Value::Bool(*value),
            Item::Number(number) => Value::Number(*number),
            Item::Text(text) => Value::String(Box::from(&**text)),
            Item::List(_) => {
                let items = self.own_items().unwrap_or_default().iter();
                Value::List(items.map(|item| self.beside(item).to_value(keys)).collect())
            }
            Item::Object(_) => {
                let entries = self.own_entries().unwrap_or_default().iter();
                let value = |(key, item): &'n Entry<'n>| (keys.shared(key), self.beside(item).to_value(keys));
                Value::Object(Object::of_different(entries.map(value).collect()))
            }
        }
    }
}

/// What reads a value.
struct Seed<'s, 't> {
    depth: u32,
    tree: &'s mut Tree<'t>,
}

impl<'t> Seed<'_, 't> {
    /// Whether one more container can stand in those that this one stands in.
    fn has_room(&mut self) -> bool {
        let has_room = self.depth < MAX_DEPTH;
        self.tree.too_deep |= !has_room;
        has_room
    }

    fn inside(&mut self) -> Seed<'_, 't> {
        Seed {
            depth: self.depth + 1,
            tree: self.tree,
        }
    }
}

impl<'t> DeserializeSeed<'t> for Seed<'_, 't> {
    type Value = Item<'t>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Item<'t>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Seed<'_, 't> {
    type Value = Item<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Item<'t>, E> {
        Ok(Item::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Item<'t>, E> {
        Ok(Item::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Item<'t>, E> {
        Ok(Item::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Item<'t>, E> {
        Ok(Item::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Item<'t>, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number beyond the doubles"))?;
        Ok(Item::Number(number))
    }

    fn visit_borrowed_str<E>(self, value: &'t str) -> Result<Item<'t>, E> {
        Ok(Item::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Item<'t>, E> {
        Ok(Item::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Item<'t>, E> {
        Ok(Item::Text(Cow::Owned(value)))
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut seq: A) -> Result<Item<'t>, A::Error> {
        if !self.has_room() {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Item::Null);
        }
        let begin = self.tree.open_items.len();
        while let Some(item) = seq.next_element_seed(self.inside())? {
            self.tree.open_items.push(item);
        }
        let Tree { items, open_items, .. } = self.tree;
        let start = items.len();
        items.extend(open_items.drain(begin.min(open_items.len())..));
        Ok(Item::List(start..items.len()))
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut map: A) -> Result<Item<'t>, A::Error> {
        if !self.has_room() {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Item::Null);
        }
        let begin = self.tree.open_entries.len();
        while let Some(key) = map.next_key_seed(Key)? {
            let item = map.next_value_seed(self.inside())?;
            self.tree.open_entries.push((key, item));
        }
        let Tree {
            entries,
            open_entries,
            duplicate,
            ..
        } = self.tree;
        let start = entries.len();
        entries.extend(open_entries.drain(begin.min(open_entries.len())..));
        if let Some(key) = twice(entries.get(start..).unwrap_or_default()) {
            *duplicate = Some(key.to_owned());
        }
        Ok(Item::Object(start..entries.len()))
    }
}

/// The first key, in order, that stands there twice.
fn twice<'e>(entries: &'e [Entry<'_>]) -> Option<&'e str> {
    let rest = |at: usize| entries.get(at + 1..).unwrap_or_default();
    let is_twice = |(at, (key, _)): (usize, &Entry<'_>)| rest(at).iter().any(|(other, _)| other == key);
    if entries.len() <= FEW && !entries.iter().enumerate().any(is_twice) {
        return None;
    }
    let mut keys: Vec<&str> = entries.iter().map(|(key, _)| &**key).collect();
    keys.sort_unstable();
    keys.windows(2).find_map(|pair| match pair {
        [a, b] if a == b => Some(*a),
        _ => None,
    })
}

/// What reads a key.
struct Key;

impl<'t> DeserializeSeed<'t> for Key {
    type Value = Cow<'t, str>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Cow<'t, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for Key {
    type Value = Cow<'t, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'t str) -> Result<Cow<'t, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Cow<'t, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }

    fn visit_string<E>(self, key: String) -> Result<Cow<'t, str>, E> {
        Ok(Cow::Owned(key))
    }
}
