//! The text an event came in as: kept to say what was refused, and to compare bodies of one `messageId`.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use super::batch::Outer;
use crate::value::{self, Value};

/// What stood in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input(Kept);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kept {
    /// A line, or the canonical JSON of a value that a host gave.
    Text(Box<str>),
    /// A line that is not UTF-8.
    Bytes(Box<[u8]>),
    /// The canonical JSON of an item of a batch, and what the batch adds to each. They are joined only when asked for:
    /// one large `context` may stand around thousands of items.
    Item { item: Box<str>, outer: Arc<Outer> },
}

/// The same while it is read: a line is copied only where it is kept.
pub(super) struct Raw<'t> {
    /// A line; the canonical JSON of a value that a host gave, or of an item of a batch.
    pub(super) text: Cow<'t, str>,
    /// What a batch adds to the item.
    pub(super) outer: Option<Arc<Outer>>,
}

impl<'t> Raw<'t> {
    pub(super) fn of_text(text: impl Into<Cow<'t, str>>) -> Self {
        Raw {
            text: text.into(),
            outer: None,
        }
    }
}

impl From<Raw<'_>> for Input {
    fn from(Raw { text, outer }: Raw<'_>) -> Self {
        let text = text.into_owned().into();
        Input(match outer {
            Some(outer) => Kept::Item { item: text, outer },
            None => Kept::Text(text),
        })
    }
}

impl Input {
    pub(crate) fn of_text(text: impl Into<Box<str>>) -> Self {
        Input(Kept::Text(text.into()))
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Input::of_text(text),
            Err(_) => Input(Kept::Bytes(bytes.into())),
        }
    }

    /// The line, trimmed; of an item of a batch, its canonical JSON with the `context` and `integrations` of the batch,
    /// so that it can be sent again by itself. Bytes that are not UTF-8 are replaced: [`hex`](Input::hex) has them.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.0 {
            Kept::Text(text) => Cow::Borrowed(text),
            Kept::Bytes(bytes) => String::from_utf8_lossy(bytes),
            Kept::Item { .. } => Cow::Owned(self.value().canonical()),
        }
    }

    /// The bytes in hexadecimal, where they are not UTF-8.
    pub fn hex(&self) -> Option<String> {
        match &self.0 {
            Kept::Bytes(bytes) => Some(hex(bytes)),
            Kept::Text(_) | Kept::Item { .. } => None,
        }
    }

    /// Whether it is an item of a batch.
    pub(super) fn is_item(&self) -> bool {
        matches!(self.0, Kept::Item { .. })
    }

    /// The `timestamp` that its sender gave it: that clock which a retry does not change.
    pub(crate) fn timestamp(&self) -> Option<Value> {
        self.value().as_object()?.get("timestamp").cloned()
    }

    /// The event; `null` for an input that never was one.
    pub(crate) fn value(&self) -> Value {
        match &self.0 {
            Kept::Text(text) => value::parse(text).unwrap_or_default(),
            Kept::Bytes(_) => Value::Null,
            Kept::Item { item, outer } => outer.around(value::parse(item).unwrap_or_default()),
        }
    }
}

/// Bytes in hexadecimal, lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            // A String takes whatever is written to it.
            let _ = write!(out, "{byte:02x}");
            out
        })
}
