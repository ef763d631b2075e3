//! Batches: one line that holds several events (EV-6, EV-7, EV-16).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::IgnoredAny;

use super::input::Raw;
use super::reject::{Refusal, RejectCode};
use crate::value::{Look, Object, Value};

/// The most bytes of a batch (EV-16: 500 KB).
pub(super) const LARGEST_BATCH: usize = 512_000;
/// The most items of a batch (EV-16).
const MOST_ITEMS: usize = 2_500;
/// The most items that are refused one by one. Beyond, a record of each would cost many times the line's own memory, and
/// the batch is refused as one.
const MOST_ITEMS_LISTED: usize = 100_000;

/// What a batch adds to each of its items.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Outer(Object);

/// The keys that an item takes from around it.
const SHARED: [&str; 2] = ["context", "integrations"];

impl Outer {
    /// The item with what stands around it; of two keys the item's own wins, so that a `consent` is replaced as a whole,
    /// never mixed (DEC-51).
    pub(super) fn around(&self, item: Value) -> Value {
        let Value::Object(mut item) = item else {
            return item;
        };
        for (key, outer) in self.0.iter() {
            // Null is absent here as everywhere: what is said of the whole batch, a refusal too, is said of the item.
            let own = item.remove(key).unwrap_or_default();
            let merged = match (own, outer) {
                (Value::Null, outer) => outer.clone(),
                (Value::Object(own), Value::Object(outer)) => Value::Object(filled(own, outer)),
                (own, _) => own,
            };
            item.insert(key, merged);
        }
        Value::Object(item)
    }
}

fn filled(own: Object, outer: &Object) -> Object {
    // Of two entries with one key the later counts.
    let outer = outer.entries().cloned();
    outer.chain(own).collect()
}

/// One item, ready to be decoded or already refused.
pub(super) struct Item {
    pub(super) event: Result<Value, Refusal>,
    pub(super) raw: Raw<'static>,
}

/// Whether an object is a batch and not an event.
pub(super) fn is_batch<'v>(value: impl Look<'v>) -> bool {
    value.get("batch").is_some() && value.get("type").and_then(Look::present).is_none()
}

/// The same, of a text that is JSON but was refused for what it holds.
pub(super) fn is_batch_text(text: &str) -> bool {
    let keys: BTreeMap<String, Option<IgnoredAny>> = serde_json::from_str(text).unwrap_or_default();
    keys.contains_key("batch") && !matches!(keys.get("type"), Some(Some(_)))
}

/// The items of a batch.
///
/// # Errors
/// The refusal of the batch as one.
pub(super) fn items(batch: Value, length: usize, largest_event: usize) -> Result<Vec<Item>, Refusal> {
    let Value::Object(mut batch) = batch else {
        return Err(RejectCode::BadRequest.because("the batch is not an object"));
    };
    let Some(Value::List(items)) = batch.remove("batch") else {
        return Err(RejectCode::BadRequest.because("`batch` is not an array"));
    };
    if items.is_empty() {
        return Err(RejectCode::EmptyBatch.because("the batch has no items"));
    }
    let taken = SHARED.into_iter().filter_map(|key| {
        let value = batch.remove(key)?;
        value.present().is_some().then_some((key, value))
    });
    let outer: Object = taken.collect();
    let around = Value::Object(outer.clone()).canonical().len();
    let refused = if length > LARGEST_BATCH {
        Some(format!("the batch has {length} bytes, more than {LARGEST_BATCH}"))
    } else if items.len() > MOST_ITEMS {
        Some(format!("the batch has {} items, more than {MOST_ITEMS}", items.len()))
    } else if around > largest_event {
        // It becomes a part of every item, and none may be larger than an event: a small batch would else make gigabytes.
        Some(format!(
            "what the batch adds to each item has {around} bytes, more than {largest_event}"
        ))
    } else {
        None
    };
    let refused = refused.map(|reason| RejectCode::EventTooLarge.because(reason));
    if items.len() > MOST_ITEMS_LISTED
        && let Some(refusal) = refused
    {
        return Err(refusal);
    }

    let bad_context = outer.get("context").filter(|c| c.as_object().is_none()).cloned();
    let outer = Arc::new(Outer(outer));
    let item = |item: Value| {
        let text = item.canonical();
        let event = match (&refused, &bad_context) {
            (Some(refusal), _) => Err(refusal.clone()),
            _ if item.as_object().is_none() => {
                Err(RejectCode::BadRequest.because("an item of a batch is not an object"))
            }
            _ if text.len() > largest_event => Err(too_large(text.len(), largest_event)),
            // In the item's place, so that what comes before it in EV-17a is found first.
            (None, Some(context)) => Ok(with_context(item, context)),
            (None, None) => Ok(outer.around(item)),
        };
        let raw = Raw {
            text: text.into(),
            outer: Some(Arc::clone(&outer)),
        };
        Item { event, raw }
    };
    Ok(items.into_iter().map(item).collect())
}

/// The refusal of an event that is too large (EV-16).
pub(super) fn too_large(length: usize, largest: usize) -> Refusal {
    RejectCode::EventTooLarge.because(format!("the event has {length} bytes, more than {largest}"))
}

fn with_context(item: Value, context: &Value) -> Value {
    match item {
        Value::Object(mut object) => {
            object.insert("context", context.clone());
            Value::Object(object)
        }
        other => other,
    }
}
