//! An event as the fold needs it: decoded, validated, and nothing kept that changes no profile.

use std::borrow::Cow;
use std::sync::Arc;

use super::preferences::Given;
use crate::time::Timestamp;
use crate::value::Object;

/// An identifier: its type and its value, as they are matched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Identifier {
    pub(super) kind: Cow<'static, str>,
    pub(super) value: Box<str>,
}

/// An identifier that an event carries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    pub(super) id: Identifier,
    /// From the call's own `userId` or `anonymousId`: what a login is told by (CP-13).
    pub(super) own: bool,
}

/// What an event does besides resolving to a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
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
pub(super) struct LeftOut {
    pub(super) blocked: u32,
    pub(super) malformed_external: u32,
    pub(super) reserved_traits: u32,
}

/// An accepted event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) times: Times,
    pub(super) message_id: Arc<str>,
    /// Sorted, each once, never empty.
    pub(super) claims: Vec<Claim>,
    pub(super) consent: Option<Given>,
    pub(super) effect: Effect,
    pub(super) left_out: LeftOut,
}

/// When an event happened and when it was received, both always known in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) timestamp: Timestamp,
    pub(super) received: Timestamp,
}

impl Times {
    /// The earlier of the two: it leads the canonical order (EV-14) and is the time of consent (CP-10).
    pub(super) fn earlier(self) -> Timestamp {
        self.timestamp.min(self.received)
    }

    /// The canonical order of events that do not share both (EV-14).
    pub(super) fn order(self) -> (Timestamp, Timestamp) {
        (self.earlier(), self.received)
    }
}
