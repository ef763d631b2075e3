//! What many events say alike, kept once: keys, names, consent objects.

use std::collections::HashSet;
use std::sync::Arc;

use super::preferences::Preferences;
use crate::value::{Keys, Look};

/// What was read before.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    keys: Keys,
    /// Most consent objects say what another said already.
    preferences: HashSet<Arc<Preferences>>,
}

impl Shared {
    /// One that remembers; the default one remembers no keys, for a single event.
    pub(crate) fn new() -> Self {
        Shared {
            keys: Keys::new(),
            preferences: HashSet::new(),
        }
    }

    /// The keys and names that were read before.
    pub(crate) fn keys(&mut self) -> &mut Keys {
        &mut self.keys
    }

    /// What a consent object says; the one that was read before, if that said the same.
    pub(super) fn preferences<'v>(&mut self, consent: impl Look<'v>) -> Arc<Preferences> {
        let preferences = Preferences::read(consent, &mut self.keys);
        if let Some(known) = self.preferences.get(&preferences) {
            return Arc::clone(known);
        }
        let preferences = Arc::new(preferences);
        self.preferences.insert(Arc::clone(&preferences));
        preferences
    }

    /// Lets go of what grows with what senders make up.
    pub(super) fn clear(&mut self) {
        self.preferences.clear();
    }
}
