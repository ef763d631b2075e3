//! What many events say alike, kept once: keys, names, consent objects.

use std::collections::HashSet;
use std::sync::Arc;

use super::event::{Effect, Event};
use super::preferences::Preferences;
use crate::value::{JsonError, Reader, Value};

/// What was read before.
#[derive(Debug)]
pub(crate) struct Shared {
    reader: Reader,
    /// Most consent objects say what another said already.
    preferences: HashSet<Arc<Preferences>>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Shared {
            reader: Reader::sharing(),
            preferences: HashSet::new(),
        }
    }

    /// Reads JSON; its keys are those that were read before.
    pub(crate) fn parse(&mut self, text: &str) -> Result<Value, JsonError> {
        self.reader.parse(text)
    }

    /// Lets an event share what others have.
    pub(crate) fn share(&mut self, event: &mut Event) {
        if let Some(given) = &mut event.consent {
            match self.preferences.get(&given.preferences) {
                Some(known) => given.preferences = Arc::clone(known),
                None => {
                    self.preferences.insert(Arc::clone(&given.preferences));
                }
            }
        }
        if let Effect::Past { name, .. } = &mut event.effect {
            // Most events have the name of another.
            *name = self.reader.shared(name);
        }
    }

    /// Lets go of what grows with what senders make up.
    pub(super) fn clear(&mut self) {
        self.preferences.clear();
    }
}
