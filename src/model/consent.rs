//! What a profile says about each consent category, and how it came to say so.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::consent::ConsentState;
use crate::time::Timestamp;
use crate::value::Object;

/// The consent of one profile: a state for each category ever collected, and the changes that led there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consent {
    /// By category id. A category that is absent was never collected; `NotCollected` itself never stands here.
    #[serde(deserialize_with = "states")]
    categories: BTreeMap<Arc<str>, ConsentState>,
    /// Oldest first.
    pub(crate) history: Vec<ConsentChange>,
}

/// One change of one category: an audit record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentChange {
    /// The consent time of the event that brought it: the earlier of its timestamp and its receipt (CP-10).
    pub time: Timestamp,
    /// That event.
    pub message_id: Arc<str>,
    /// The category.
    pub category: Arc<str>,
    /// Before.
    pub from: ConsentState,
    /// After.
    pub to: ConsentState,
    /// The rule that decided, by its id.
    pub rule: Cow<'static, str>,
}

impl Consent {
    /// These states, reached by these changes.
    pub fn new(categories: BTreeMap<Box<str>, ConsentState>, history: Vec<ConsentChange>) -> Self {
        let collected = categories
            .into_iter()
            .filter(|(_, state)| *state != ConsentState::NotCollected);
        Consent {
            categories: collected.map(|(id, state)| (id.into(), state)).collect(),
            history,
        }
    }

    /// The state of a category; the id is compared exactly (CC-2).
    pub fn state(&self, category: &str) -> ConsentState {
        self.categories.get(category).copied().unwrap_or_default()
    }

    /// The same, but for what another does not grant.
    pub(crate) fn within(&self, other: &Consent) -> Consent {
        let mut within = self.clone();
        for (category, state) in &mut within.categories {
            if state.is_granted() {
                *state = other.state(category);
            }
        }
        within
            .categories
            .retain(|_, state| *state != ConsentState::NotCollected);
        within
    }

    /// Sets a state without a record of why: for hosts that keep consent themselves.
    pub fn set(&mut self, category: &str, state: ConsentState) {
        if state == ConsentState::NotCollected {
            self.categories.remove(category);
        } else {
            self.categories.insert(category.into(), state);
        }
    }

    /// Carries a change out and keeps its record.
    pub(crate) fn change(&mut self, change: ConsentChange) {
        match self.categories.get_mut(&change.category) {
            Some(state) if change.to != ConsentState::NotCollected => *state = change.to,
            None if change.to != ConsentState::NotCollected => {
                self.categories.insert(change.category.clone(), change.to);
            }
            _ => self.set(&change.category, change.to),
        }
        self.history.push(change);
    }

    /// The categories that were ever collected, by id.
    pub fn categories(&self) -> impl Iterator<Item = (&str, ConsentState)> {
        self.categories.iter().map(|(id, state)| (&**id, *state))
    }

    /// What changed, oldest first.
    pub fn history(&self) -> &[ConsentChange] {
        &self.history
    }
}

/// Reads states; a category that stands twice is an error, for one of the two could be a refusal.
fn states<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Arc<str>, ConsentState>, D::Error> {
    let mut states = BTreeMap::new();
    for (category, state) in Object::deserialize(deserializer)? {
        let known = ConsentState::ALL
            .into_iter()
            .find(|known| state.as_str() == Some(known.as_str()));
        let state = known.ok_or_else(|| D::Error::custom(format!("`{}` is no state of consent", state.canonical())))?;
        if state != ConsentState::NotCollected {
            states.insert(category, state);
        }
    }
    Ok(states)
}
