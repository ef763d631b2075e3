//! An event as the fold needs it: decoded, validated, and nothing kept that changes no profile.

use std::sync::Arc;

use super::index::{Hashing, IdentifierHash};
use super::preferences::Given;
pub(crate) use crate::model::Identifier;
use crate::time::Timestamp;
use crate::value::Object;

/// An identifier that an event carries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Claim {
    pub(crate) id: Identifier,
    /// From the call's own `userId` or `anonymousId`: what a login is told by (CP-13).
    pub(crate) own: bool,
}

/// What an event does besides resolving to a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Track, page, screen: it stands in the history.
    Past { name: Arc<str>, properties: Arc<Object> },
    /// Identify: it sets traits.
    Traits(Object),
    /// Group: it makes the person a user of the account and sets the account's traits.
    Group { id: Box<str>, traits: Object },
    /// Alias, or a group whose id is blocked.
    Nothing,
}

/// What was left out of an event: violations, if it comes to be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LeftOut {
    pub(super) blocked: u32,
    pub(super) malformed_external: u32,
    pub(super) reserved_traits: u32,
}

/// An accepted event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) times: Times,
    pub(crate) message_id: Arc<str>,
    /// Sorted, each once, never empty.
    pub(crate) claims: Vec<Claim>,
    pub(super) consent: Option<Given>,
    pub(super) effect: Effect,
    pub(super) left_out: LeftOut,
    /// Whether it says itself when it happened; else that is when it came.
    pub(super) is_timed: bool,
}

impl Event {
    /// Whether it stands in the history.
    pub(crate) fn is_past(&self) -> bool {
        matches!(self.effect, Effect::Past { .. })
    }

    /// What its identifiers are looked up by, one after the other.
    pub(super) fn identifier_hashes(&self, hashing: &Hashing) -> impl Iterator<Item = IdentifierHash> {
        self.claims.iter().map(|claim| hashing.identifier(&claim.id))
    }

    /// Whether it has a consent object.
    pub(crate) fn has_consent(&self) -> bool {
        self.consent.is_some()
    }

    /// Whether it is about the same identifiers as another, and says the same of consent.
    pub(crate) fn agrees(&self, other: &Event) -> bool {
        self.claims == other.claims && self.consent == other.consent
    }

    /// What it says of identity and consent alone.
    pub(crate) fn without_effect(&self) -> Event {
        Event {
            times: self.times,
            message_id: self.message_id.clone(),
            claims: self.claims.clone(),
            consent: self.consent.clone(),
            effect: Effect::Nothing,
            left_out: self.left_out,
            is_timed: self.is_timed,
        }
    }

    /// Leaves it what it says of identity and consent alone, if it stands in the history.
    pub(crate) fn leave_history(&mut self) {
        self.effect.leave_history();
    }
}

impl Effect {
    /// One that stands in the history has none any more.
    pub(super) fn leave_history(&mut self) {
        if matches!(self, Effect::Past { .. }) {
            *self = Effect::Nothing;
        }
    }
}

/// When an event happened and when it was received, both always known in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) timestamp: Timestamp,
    pub(crate) received: Timestamp,
}

impl Times {
    /// The earlier of the two: it leads the canonical order (EV-14) and is the time of consent (CP-10).
    pub(crate) fn earlier(self) -> Timestamp {
        self.timestamp.min(self.received)
    }

    /// The canonical order of events that do not share both (EV-14).
    pub(crate) fn order(self) -> (Timestamp, Timestamp) {
        (self.earlier(), self.received)
    }
}
