//! What is taken away from stored events: of people who are forgotten, and history beyond the retention.
//!
//! What a record of it says holds from the moment it is stored, for everyone who reads; the events themselves are rewritten
//! after that. A crash in between leaves nobody to be seen, and the rewriting is done when the store is next opened.

use std::collections::{HashMap, HashSet};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::record::{Forgotten, Hash, Stored};
use super::scrub;
use crate::ingest::{Claim, Content, Event, Refusal, RejectCode, Shared, decode};
use crate::model::IdentityRules;
use crate::time::Timestamp;
use crate::value::{JsonError, Look, Tree, Value};

/// The key of the keyed hashes: without it nobody can find out whether a given person was forgotten.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Key(pub(super) [u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    pub(super) fn message(&self, message_id: &str) -> Hash {
        self.hash(&[b"message", message_id.as_bytes()])
    }

    pub(super) fn identifier(&self, kind: &str, value: &str) -> Hash {
        self.hash(&[b"identifier", kind.as_bytes(), value.as_bytes()])
    }

    /// Each part with its length before it, so that no two lists of parts are the same bytes.
    fn hash(&self, parts: &[&[u8]]) -> Hash {
        let mut hash = Hash::default();
        // A key of any length will do.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return hash;
        };
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        let whole = mac.finalize().into_bytes();
        hash.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
        hash
    }
}

/// Everything that is to be hidden of the events that are stored.
#[derive(Debug, Clone)]
pub(super) struct Erasure {
    pub(super) key: Key,
    events: HashSet<Hash>,
    /// The identifiers of the people who were forgotten. Whoever comes with one of them again is somebody new; it is taken
    /// out of events of others that are in `hidden`.
    identifiers: HashSet<Hash>,
    /// By event, the identifiers that it carries for nobody.
    hidden: HashMap<Hash, HashSet<Hash>>,
    /// History at or before it is dropped.
    pub(super) horizon: Option<Timestamp>,
}

/// What is left of the record of an event.
pub(super) enum Rest {
    All,
    /// This JSON instead, with or without history.
    Some {
        json: String,
        without_history: bool,
    },
    Nothing,
}

impl Erasure {
    pub(super) fn new(key: Key) -> Self {
        Erasure {
            key,
            events: HashSet::new(),
            identifiers: HashSet::new(),
            hidden: HashMap::new(),
            horizon: None,
        }
    }

    pub(super) fn forget(&mut self, forgotten: Forgotten) {
        self.events.extend(forgotten.events);
        self.identifiers.extend(forgotten.identifiers);
        for (event, identifiers) in forgotten.hidden {
            self.hidden.entry(event).or_default().extend(identifiers);
        }
    }

    pub(super) fn drop_history(&mut self, horizon: Timestamp) {
        self.horizon = self.horizon.max(Some(horizon));
    }

    /// Whether an event is one of a person who was forgotten.
    pub(super) fn is_forgotten(&self, message_id: &str) -> bool {
        !self.events.is_empty() && self.events.contains(&self.key.message(message_id))
    }

    /// Whether something of a stored event was taken away, so that it cannot be compared with another.
    pub(super) fn is_changed(&self, stored: &Stored<'_>) -> bool {
        stored.without_history || self.is_hidden(stored.message_id)
    }

    /// Whether something of an event with this id is hidden.
    pub(super) fn is_hidden(&self, message_id: &str) -> bool {
        self.hidden_in(message_id).is_some()
    }

    /// Whether an event would be a part of history that is dropped.
    pub(super) fn is_before_horizon(&self, event: &Event) -> bool {
        self.horizon.is_some_and(|horizon| event.times.timestamp <= horizon)
    }

    /// Reads a stored event as far as it may be seen; `None` where nothing of it is, or where it has no usable identifier
    /// under these rules.
    ///
    /// # Errors
    /// Why a stored event is no event; it was one when it was stored.
    pub(super) fn event(
        &self,
        stored: &Stored<'_>,
        rules: &IdentityRules,
        shared: &mut Shared,
    ) -> Result<Option<Event>, Refusal> {
        if self.is_forgotten(stored.message_id) {
            return Ok(None);
        }
        let mut tree = Tree::default();
        let node = tree.read(stored.json).map_err(unread)?;
        let as_it_stands = is_own_id(node, stored) && !self.is_hidden(stored.message_id);
        let decoded = if as_it_stands {
            decode(node, rules, stored.received_at, Content::Kept, shared)
        } else {
            let mut value = value(stored, shared)?;
            self.hide(&mut value, stored, rules, shared)?;
            decode(&value, rules, stored.received_at, Content::Kept, shared)
        };
        let Some(mut event) = usable(decoded)? else {
            return Ok(None);
        };
        if let Some(hidden) = self.hidden_in(stored.message_id) {
            event
                .claims
                .retain(|claim| !hidden.contains(&self.key.identifier(&claim.id.kind, &claim.id.value)));
            if event.claims.is_empty() {
                return Ok(None);
            }
        }
        if stored.without_history || self.is_before_horizon(&event) {
            event.leave_history();
        }
        Ok(Some(event))
    }

    /// What is left of the record of an event.
    ///
    /// # Errors
    /// As for [`event`](Erasure::event).
    pub(super) fn rest(
        &self,
        stored: &Stored<'_>,
        rules: &IdentityRules,
        shared: &mut Shared,
    ) -> Result<Rest, Refusal> {
        if self.is_forgotten(stored.message_id) {
            return Ok(Rest::Nothing);
        }
        let mut value = value(stored, shared)?;
        let mut changed = self.hide(&mut value, stored, rules, shared)?;
        let mut without_history = stored.without_history;
        if !without_history
            && scrub::is_past(&value)
            && scrub::timestamp(&value, stored.received_at).is_some_and(|at| Some(at) <= self.horizon)
        {
            scrub::leave_history(&mut value, rules);
            (without_history, changed) = (true, true);
        }
        Ok(if changed {
            Rest::Some {
                json: value.canonical(),
                without_history,
            }
        } else {
            Rest::All
        })
    }

    /// What is left of the record of an event that another has taken the place of: nothing if all that it names is forgotten.
    ///
    /// # Errors
    /// As for [`event`](Erasure::event).
    pub(super) fn rest_of_replaced(
        &self,
        stored: &Stored<'_>,
        rules: &IdentityRules,
        shared: &mut Shared,
        is_forgotten: impl Fn(&Hash) -> bool,
    ) -> Result<Rest, Refusal> {
        let rest = self.rest(stored, rules, shared)?;
        let (json, without_history) = match &rest {
            Rest::Nothing => return Ok(rest),
            Rest::All => (stored.json, stored.without_history),
            Rest::Some { json, without_history } => (&**json, *without_history),
        };
        let mut value = value(&Stored { json, ..*stored }, shared)?;
        let Some(event) = usable(decode(&value, rules, stored.received_at, Content::LeftOut, shared))? else {
            return Ok(rest);
        };
        let claims = event.claims.into_iter();
        let (hidden, left): (Vec<Claim>, Vec<Claim>) =
            claims.partition(|claim| is_forgotten(&self.key.identifier(&claim.id.kind, &claim.id.value)));
        if hidden.is_empty() {
            return Ok(rest);
        }
        if left.is_empty() {
            return Ok(Rest::Nothing);
        }
        scrub::hide(&mut value, &hidden, &left);
        Ok(Rest::Some {
            json: value.canonical(),
            without_history,
        })
    }

    /// Takes identifiers of people who were forgotten out of an event of somebody else; whether there were any.
    fn hide(
        &self,
        value: &mut Value,
        stored: &Stored<'_>,
        rules: &IdentityRules,
        shared: &mut Shared,
    ) -> Result<bool, Refusal> {
        let Some(hashes) = self.hidden_in(stored.message_id) else {
            return Ok(false);
        };
        let Some(event) = usable(decode(&*value, rules, stored.received_at, Content::LeftOut, shared))? else {
            return Ok(false);
        };
        let (hidden, left): (Vec<Claim>, Vec<Claim>) = event.claims.into_iter().partition(|claim| {
            let hash = self.key.identifier(&claim.id.kind, &claim.id.value);
            hashes.contains(&hash) && self.identifiers.contains(&hash)
        });
        if !hidden.is_empty() {
            scrub::hide(value, &hidden, &left);
        }
        Ok(!hidden.is_empty())
    }

    fn hidden_in(&self, message_id: &str) -> Option<&HashSet<Hash>> {
        if self.hidden.is_empty() {
            return None;
        }
        self.hidden.get(&self.key.message(message_id))
    }
}

/// The event as it came, with the message id that was derived from it.
fn value(stored: &Stored<'_>, shared: &mut Shared) -> Result<Value, Refusal> {
    let mut tree = Tree::default();
    let node = tree.read(stored.json).map_err(unread)?;
    let is_own_id = is_own_id(node, stored);
    let mut value = node.to_value(shared.keys());
    if let Value::Object(event) = &mut value
        && !is_own_id
    {
        event.insert("messageId", Value::String(stored.message_id.into()));
    }
    Ok(value)
}

/// Whether an event came with the message id that it is stored under.
fn is_own_id<'v>(event: impl Look<'v>, stored: &Stored<'_>) -> bool {
    event.get("messageId").and_then(Look::text) == Some(stored.message_id)
}

fn unread(error: JsonError) -> Refusal {
    RejectCode::BadRequest.because(error.to_string())
}

/// Rules may have changed since the event was stored (ID-14).
fn usable(decoded: Result<Event, Refusal>) -> Result<Option<Event>, Refusal> {
    match decoded {
        Ok(event) => Ok(Some(event)),
        Err(refusal) if refusal.code == RejectCode::NoUsableIdentifier => Ok(None),
        Err(refusal) => Err(refusal),
    }
}
