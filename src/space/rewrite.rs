//! What becomes of each record when a storage is rewritten, so that what was forgotten or dropped is in no file.

use std::collections::HashSet;
use std::sync::Arc;

use super::erase::{Erasure, Rest};
use super::error::SpaceError;
use super::index::Index;
use super::journal::{delivered, stored};
use super::record::{self, Hash, Stored};
use crate::deliver::{self, Scrubbed};
use crate::ingest::Shared;
use crate::model::{IdentityRules, USER_ID};
use crate::store::{Change, Entry, Position};

/// What becomes of events when the storage is rewritten.
pub(super) struct Rewriting<'j> {
    pub(super) erasure: &'j Erasure,
    pub(super) rules: &'j IdentityRules,
    pub(super) index: &'j Index,
    /// The records before it were acted upon, where any ever was.
    pub(super) acted: Option<Position>,
    pub(super) forgotten: &'j [(Position, HashSet<Hash>)],
    pub(super) needless: &'j Needless,
}

/// What need not be kept.
#[derive(Debug, Default)]
pub(super) struct Needless {
    /// The message ids of events that leave no trace.
    pub(super) without_trace: HashSet<Arc<str>>,
    /// What was delivered, as it was told before this: it is told as a whole from there on.
    pub(super) delivered_before: Option<Position>,
}

impl Rewriting<'_> {
    /// What is left of an event.
    fn rest(&self, entry: &Entry<'_>, stored: &Stored<'_>, shared: &mut Shared) -> Result<Rest, SpaceError> {
        let Rewriting {
            erasure, rules, index, ..
        } = self;
        let was_acted_upon = self.acted.is_none_or(|acted| entry.position < acted);
        if index.is_at(stored.message_id, entry.position) {
            if was_acted_upon && self.needless.without_trace.contains(stored.message_id) {
                return Ok(Rest::Nothing);
            }
            return Ok(erasure.rest(stored, rules, shared)?);
        }
        // One that another has taken the place of is still needed where that was not acted upon yet.
        let is_needed = self
            .acted
            .is_some_and(|acted| was_acted_upon && index.is_from(stored.message_id, acted));
        if !is_needed {
            return Ok(Rest::Nothing);
        }
        // Nobody knows of it whose it was: what it names of people who were forgotten since is taken out.
        let after = forgotten_after(self.forgotten, entry.position);
        Ok(erasure.rest_of_replaced(stored, rules, shared, |hash| {
            after.iter().any(|(_, identifiers)| identifiers.contains(hash))
        })?)
    }
}

/// What becomes of a record when the storage is rewritten.
pub(super) fn change(entry: &Entry<'_>, by: &Rewriting<'_>, shared: &mut Shared) -> Result<Change, SpaceError> {
    if entry.kind != record::EVENT {
        return Ok(Change::Keep);
    }
    let stored = stored(entry)?;
    Ok(match by.rest(entry, &stored, shared)? {
        Rest::All => Change::Keep,
        Rest::Nothing => Change::Remove,
        Rest::Some { json, without_history } => {
            let mut payload = Vec::new();
            let stored = Stored {
                without_history,
                json: &json,
                ..stored
            };
            stored.write(&mut payload);
            Change::Replace(payload)
        }
    })
}

/// Those who were forgotten after this.
fn forgotten_after(forgotten: &[(Position, HashSet<Hash>)], position: Position) -> &[(Position, HashSet<Hash>)] {
    let after = forgotten.partition_point(|(at, _)| *at <= position);
    forgotten.get(after..).unwrap_or_default()
}

/// What becomes of a record of what was delivered: those who were forgotten after it are taken out.
pub(super) fn delivered_change(
    entry: &Entry<'_>,
    erasure: &Erasure,
    forgotten: &[(Position, HashSet<Hash>)],
    is_last: bool,
    is_taken: bool,
) -> Result<Change, SpaceError> {
    let mut delivered = delivered(entry)?;
    let after = forgotten_after(forgotten, entry.position);
    let is_forgotten = |kind: &str, value: &str| {
        let hash = erasure.key.identifier(kind, value);
        after.iter().any(|(_, identifiers)| identifiers.contains(&hash))
    };
    let count = delivered.messages.len();
    if !is_last || is_taken {
        delivered.messages.clear();
    }
    delivered.messages.retain(|message| {
        let (kind, value) = message.identifier();
        let goes_along = message.user_id().is_some_and(|user_id| is_forgotten(USER_ID, user_id));
        !is_forgotten(kind, value) && !goes_along
    });
    let mut is_same = delivered.messages.len() == count;
    let mut scrubbed = None;
    if !after.is_empty() && !delivered.ledger.is_empty() {
        match deliver::scrub(delivered.ledger, is_forgotten)? {
            Scrubbed::Same => {}
            Scrubbed::Changed(ledger) => scrubbed = Some(ledger),
            Scrubbed::Empty => scrubbed = Some(Vec::new()),
        }
    }
    if let Some(ledger) = &scrubbed {
        (delivered.ledger, is_same) = (ledger, false);
    }
    if delivered.ledger.is_empty() && !is_last {
        // All that it said was said again.
        return Ok(Change::Remove);
    }
    if is_same {
        return Ok(Change::Keep);
    }
    let mut payload = Vec::new();
    delivered.write(&mut payload);
    Ok(Change::Replace(payload))
}
