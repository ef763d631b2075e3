//! What a journal holds, for one who acts upon events one by one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::SpaceError;
use super::erase::Key;
use super::journal::{Journal, scan, stored};
use super::reading::Read;
use super::record::{self, Delivered, Hash, Stored};
use crate::deliver::Message;
use crate::ingest::Event;
use crate::store::{Position, Storage};
use crate::time::Timestamp;

/// An event that was stored, and the one with its message id that it takes the place of.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) event: Event,
    pub(crate) instead_of: Option<Event>,
    /// When it came.
    pub(crate) received_at: Timestamp,
    /// It is one of a stream: nothing of it is known before its turn.
    pub(crate) in_turn: bool,
    /// It is in what the space [knows ahead](super::ahead).
    pub(crate) is_ahead: bool,
}

/// What a journal holds.
pub(super) enum Logged<'l> {
    /// An event that was acted upon.
    Event(Event),
    /// One that was not yet.
    New(Applied),
    /// What destinations were sent; it may be nothing.
    Delivered(&'l [u8]),
    /// People were forgotten who had these identifiers.
    Forgotten(&'l dyn Fn(&str, &str) -> bool),
}

/// How far a journal was acted upon.
pub(super) struct Acted {
    /// The events before it were.
    pub(super) end: Position,
    /// The instant that was come to.
    pub(super) now: Timestamp,
    /// Messages of which nobody knows whether they were taken.
    pub(super) messages: Vec<Message>,
}

impl<S: Storage> Journal<S> {
    /// Gives what the journal holds, in the order of storing, for one who acts upon events one by one: those before the end of
    /// what was acted upon as the state that there was then, those after it as they came.
    pub(super) fn replay(
        &self,
        acted: Option<&Acted>,
        mut give: impl FnMut(Logged<'_>) -> Result<(), SpaceError> + Send,
    ) -> Result<u64, SpaceError> {
        let mut unusable = 0;
        // Of those whose place another took after that: the last one of each id before it.
        let mut replaced: HashMap<Box<str>, Event> = HashMap::new();
        let mut last: HashMap<Arc<str>, Event> = HashMap::new();
        let end = acted.map(|acted| acted.end);
        let is_before = |position: Position| end.is_none_or(|end| position < end);
        let mut is_given = false;
        let (index, erasure, forgotten) = (&self.index, &self.erasure, &self.forgotten);
        // Whether it is the one that counts now.
        let wanted = |stored: &Stored<'_>, position| {
            if erasure.is_forgotten(stored.message_id) {
                return None;
            }
            let is_current = index.is_at(stored.message_id, position);
            // What took its place before that is the one that counted.
            let is_needed = end.is_some_and(|end| index.is_from(stored.message_id, end));
            (is_current || is_needed || !is_before(position)).then_some(is_current)
        };
        let was_forgotten =
            |position, kind: &str, value: &str| forgotten_at(forgotten, &erasure.key, position, kind, value);
        self.reading().each(&self.storage, wanted, |read| {
            let read = match read {
                Read::Event(read) => read,
                Read::Other(_, record::DELIVERED, payload) => {
                    let delivered = Delivered::read(&payload);
                    let delivered =
                        delivered.ok_or_else(|| SpaceError::UnknownRecord("what was delivered".to_owned()))?;
                    return give(Logged::Delivered(delivered.ledger));
                }
                Read::Other(position, record::FORGOTTEN, _) => {
                    return give(Logged::Forgotten(&|kind, value| was_forgotten(position, kind, value)));
                }
                Read::Other(..) => return Ok(()),
            };
            let is_before = is_before(read.position);
            if !is_before && !std::mem::replace(&mut is_given, true) {
                for event in replaced.values() {
                    give(Logged::Event(event.clone()))?;
                }
            }
            let Some(event) = read.event else {
                unusable += 1;
                return Ok(());
            };
            match (is_before, read.wanted) {
                (true, true) => give(Logged::Event(event)),
                (true, false) => {
                    replaced.insert((&*event.message_id).into(), event);
                    Ok(())
                }
                (false, is_current) => {
                    let id = &*event.message_id;
                    let instead_of = last.remove(id).or_else(|| replaced.remove(id));
                    if !is_current {
                        last.insert(event.message_id.clone(), event.clone());
                    }
                    give(Logged::New(Applied {
                        event,
                        instead_of,
                        received_at: read.received_at,
                        in_turn: read.in_turn,
                        is_ahead: false,
                    }))
                }
            }
        })?;
        Ok(unusable)
    }

    /// How far the journal was acted upon; `None` if it never was.
    pub(super) fn acted(&self) -> Result<Option<Acted>, SpaceError> {
        let Some(position) = self.delivered else {
            return Ok(None);
        };
        let mut payload = Vec::new();
        self.storage.read(position, &mut payload)?;
        let delivered = Delivered::read(&payload);
        let delivered = delivered.ok_or_else(|| SpaceError::UnknownRecord("what was delivered".to_owned()))?;
        let mut end = position;
        if let Some(next) = delivered.next {
            // It is the last one of its id before the record.
            scan(&self.storage, |entry| {
                if entry.kind == record::EVENT && entry.position < position {
                    let stored = stored(entry)?;
                    if self.erasure.key.message(stored.message_id) == next {
                        end = entry.position;
                    }
                }
                Ok(())
            })?;
        }
        Ok(Some(Acted {
            end,
            now: delivered.now,
            messages: if self.handed_out {
                Vec::new()
            } else {
                delivered.messages
            },
        }))
    }
}

/// Whether an identifier is among those of the person of whom it is told at a position that they were forgotten.
pub(super) fn forgotten_at(
    forgotten: &[(Position, HashSet<Hash>)],
    key: &Key,
    position: Position,
    kind: &str,
    value: &str,
) -> bool {
    let at = forgotten.binary_search_by_key(&position, |(position, _)| *position);
    let forgotten = at.ok().and_then(|at| forgotten.get(at));
    forgotten.is_some_and(|(_, identifiers)| identifiers.contains(&key.identifier(kind, value)))
}
