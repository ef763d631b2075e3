//! Traits, each with the event that set it, so that an event that comes late changes only what it would have changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::events::{EventId, Events};
use crate::value::{Object, Value};

/// Which event set each trait. A trait that was removed is still here, so that the removal can win over what is older.
#[derive(Debug, Default)]
pub(super) struct SetBy(BTreeMap<Arc<str>, EventId>);

impl SetBy {
    /// Sets traits, but for those that a later event has set (TR-2); null removes one (TR-3).
    pub(super) fn set(&mut self, values: &mut Object, new: &Object, by: EventId, events: &Events) {
        if self.0.is_empty() {
            // The first that sets any, the usual case: they need not be put into place one by one.
            self.0.extend(new.entries().map(|(key, _)| (key.clone(), by)));
            *values = new.clone();
            values.retain(|_, value| value.present().is_some());
            return;
        }
        // Most traits are set to what they are.
        let changed = new
            .entries()
            .filter(|(key, value)| self.claim(key, by, events) && values.get(key) != value.present());
        let changed: Vec<(Arc<str>, Value)> = changed.cloned().collect();
        put(values, changed);
    }

    /// The events that set them as they are.
    pub(super) fn setters(&self) -> impl Iterator<Item = EventId> {
        self.0.values().copied()
    }

    /// Takes in the traits of another profile; of a trait of both the later wins (ID-21).
    pub(super) fn absorb(&mut self, values: &mut Object, others: Object, other: SetBy, events: &Events) {
        let mut others: BTreeMap<Arc<str>, Value> = others.into_iter().collect();
        let claimed = other.0.into_iter().filter(|(key, by)| self.claim(key, *by, events));
        let claimed = claimed.map(|(key, _)| {
            let value = others.remove(&key).unwrap_or_default();
            (key, value)
        });
        let claimed: Vec<(Arc<str>, Value)> = claimed.collect();
        put(values, claimed);
    }

    /// Whether an event is the latest to set a trait; then it is the one that did.
    fn claim(&mut self, key: &Arc<str>, by: EventId, events: &Events) -> bool {
        match self.0.get_mut(key) {
            Some(known) if events.order(*known, by).is_gt() => false,
            Some(known) => {
                *known = by;
                true
            }
            None => {
                self.0.insert(key.clone(), by);
                true
            }
        }
    }
}

/// Sets values, or removes those that are null. All at once: one by one, each new key would move all others.
fn put(values: &mut Object, changed: Vec<(Arc<str>, Value)>) {
    let is_removed = changed.iter().any(|(_, value)| value.present().is_none());
    values.extend(changed);
    if is_removed {
        values.retain(|_, value| value.present().is_some());
    }
}
