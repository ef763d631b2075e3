//! What many events say alike, kept once: keys, names, consent objects.

use std::collections::HashSet;
use std::sync::Arc;

use super::preferences::Preferences;
use crate::value::{Keys, Leaf, Look};

/// What was read before.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    keys: Keys,
    /// Most consent objects say what another said already.
    preferences: HashSet<Arc<Preferences>>,
    /// Some of them, each where an object that says the same looks for it, so that most need not be read at all.
    recent: Vec<Option<Arc<Preferences>>>,
}

/// How many there are places for.
const SLOTS: usize = 64;

impl Shared {
    /// One that remembers; the default one remembers no keys, for a single event.
    pub(crate) fn new() -> Self {
        Shared {
            keys: Keys::new(),
            ..Shared::default()
        }
    }

    /// The keys and names that were read before.
    pub(crate) fn keys(&mut self) -> &mut Keys {
        &mut self.keys
    }

    /// What a consent object says; the one that was read before, if that said the same.
    pub(super) fn preferences<'v>(&mut self, consent: impl Look<'v>) -> Arc<Preferences> {
        let slot = slot(consent);
        let recent = self.recent.get(slot).and_then(Option::as_ref);
        if let Some(known) = recent.filter(|known| known.is_of(consent)) {
            return Arc::clone(known);
        }
        let preferences = Preferences::read(consent, &mut self.keys);
        let preferences = match self.preferences.get(&preferences) {
            Some(known) => Arc::clone(known),
            None => {
                let preferences = Arc::new(preferences);
                self.preferences.insert(Arc::clone(&preferences));
                preferences
            }
        };
        self.recent.resize(SLOTS, None);
        if let Some(recent) = self.recent.get_mut(slot) {
            *recent = Some(Arc::clone(&preferences));
        }
        preferences
    }

    /// Lets go of what grows with what senders make up.
    pub(super) fn clear(&mut self) {
        self.preferences.clear();
        self.recent.clear();
    }
}

/// Where to look for what says the same: told by the lengths of the ids and who was granted, which need not tell all apart.
fn slot<'v>(consent: impl Look<'v>) -> usize {
    let listed = consent.get("categoryPreferences").and_then(Look::entries);
    listed.into_iter().flatten().fold(0, |slot: usize, (id, value)| {
        let granted = usize::from(value.leaf() == Leaf::Bool(true));
        slot.wrapping_mul(31).wrapping_add(2 * id.len() + granted)
    }) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse;

    #[test]
    fn what_is_shared_is_what_was_read() {
        let texts = [
            r#"{"categoryPreferences":{"A":true,"B":false}}"#,
            r#"{"categoryPreferences":{"B":false,"A":true}}"#,
            r#"{"categoryPreferences":{"A":true}}"#,
            r#"{"categoryPreferences":{"A":true,"B":false,"C":true}}"#,
            r#"{"categoryPreferences":{"A":true,"B":null}}"#,
            r#"{"categoryPreferences":{"A":false,"B":true}}"#,
            r#"{"categoryPreferences":{"A":true,"B":false,"1":true}}"#,
            r#"{"categoryPreferences":{"1":true}}"#,
            r#"{"categoryPreferences":{}}"#,
            r#"{"categoryPreferences":null}"#,
            r#"{"categoryPreferences":[true]}"#,
            "{}",
            "null",
            "true",
        ];
        let mut shared = Shared::new();
        for text in texts.iter().chain(texts.iter().rev()).chain(&texts) {
            let consent = parse(text).unwrap();
            let alone = Preferences::read(&consent, &mut Keys::default());
            assert_eq!(*shared.preferences(&consent), alone, "{text}");
        }
        let read = |text| Preferences::read(&parse(text).unwrap(), &mut Keys::default());
        for (one, other) in texts
            .iter()
            .flat_map(|one| texts.iter().map(move |other| (*one, *other)))
        {
            if read(one).is_of(&parse(other).unwrap()) {
                assert_eq!(read(one), read(other), "{one} {other}");
            }
        }
    }
}
