//! The events that a space was given, each once and for good.
//!
//! A [`Journal`] knows which events are stored, refuses those that must not come back, and makes the others durable. What
//! they lead to, the profiles, is not its concern: so events can be stored without any profile being built.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use super::erase::{Erasure, Key, Rest};
use super::error::SpaceError;
use super::index::{Found, Index};
use super::intake::{Commit, Intake};
use super::reading::{By, Read, ReadEvent};
use super::record::{self, Delivered, Dropped, Forgotten, Hash, Stored};
use super::replay::{self, Applied};
use super::rewrite::{Needless, Rewriting, change, delivered_change};
use super::{Horizon, audit};
use crate::deliver::{Ledger, Message};
use crate::ingest::{
    Event, Ingestor, Input, MOST_THREADS, Refusal, RejectCode, Relation, Shared, Taken, conflict, forgotten,
};
use crate::model::IdentityRules;
use crate::store::{Batch, Change, Entry, Position, Storage, StoreError};
use crate::time::Timestamp;
use crate::value::Value;

/// The events of a space, in a storage.
#[derive(Debug)]
pub struct Journal<S> {
    pub(super) storage: S,
    rules: IdentityRules,
    pub(super) index: Index,
    pub(super) erasure: Erasure,
    /// What was forgotten or dropped and may still lie in the storage, as lines for people.
    unerased: Vec<String>,
    /// Where it is told who was forgotten, and the identifiers: what was delivered to them before is forgotten, too.
    pub(super) forgotten: Vec<(Position, HashSet<Hash>)>,
    /// The last record of what was delivered,
    pub(super) delivered: Option<Position>,
    /// and whether its messages were taken.
    pub(super) handed_out: bool,
    /// On how many threads events are read.
    threads: NonZeroUsize,
}

impl<S: Storage> Journal<S> {
    /// Opens the journal in a storage: one that was never used becomes a new journal. `rules`: those of the workspace,
    /// by which an event has an identifier or none.
    ///
    /// # Errors
    /// Those of the storage; records that no version of a space has written.
    pub fn open(storage: S, rules: IdentityRules) -> Result<Self, SpaceError> {
        let mut journal = Journal {
            storage,
            rules,
            index: Index::default(),
            erasure: Erasure::new(Key::default()),
            unerased: Vec::new(),
            forgotten: Vec::new(),
            delivered: None,
            handed_out: false,
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        };
        journal.load()?;
        Ok(journal)
    }

    /// Reads everything but the events themselves.
    fn load(&mut self) -> Result<(), SpaceError> {
        let mut founded = false;
        let mut index = Index::default();
        let mut erasure = Erasure::new(Key::default());
        let mut unerased = Vec::new();
        let mut forgotten = Vec::new();
        let mut delivered = None;
        let mut handed_out = false;
        let storage = &self.storage;
        let mut buffer = Vec::new();
        scan(storage, |entry| {
            match entry.kind {
                record::FOUNDING if !founded => {
                    let key = entry.payload.try_into().map_err(|_| unknown(entry, "a key"))?;
                    founded = true;
                    erasure = Erasure::new(Key(key));
                }
                _ if !founded => return Err(SpaceError::NotASpace),
                record::EVENT => {
                    let stored = stored(entry)?;
                    let other = is_other(storage, index.get(stored.message_id), stored.message_id, &mut buffer)?;
                    index.set(stored.message_id, entry.position, other);
                }
                record::FORGOTTEN => {
                    let person = Forgotten::read(entry.payload).ok_or_else(|| unknown(entry, "what was forgotten"))?;
                    unerased.push(audit::forgotten(&person));
                    forgotten.push((entry.position, person.of_deliveries()));
                    erasure.forget(person);
                }
                record::DROPPED => {
                    let dropped = Dropped::read(entry.payload).ok_or_else(|| unknown(entry, "a horizon"))?;
                    unerased.push(audit::dropped(&dropped));
                    erasure.drop_history(dropped.horizon);
                }
                record::ERASED => unerased.clear(),
                record::DELIVERED => (delivered, handed_out) = (Some(entry.position), false),
                record::HANDED_OUT => handed_out = true,
                _ => return Err(unknown(entry, "its kind")),
            }
            Ok(())
        })?;
        (self.index, self.erasure, self.unerased) = (index, erasure, unerased);
        (self.forgotten, self.delivered, self.handed_out) = (forgotten, delivered, handed_out);
        if !founded {
            self.found()?;
        }
        Ok(())
    }

    /// Begins a new journal. One that is open to read only stays empty.
    fn found(&mut self) -> Result<(), SpaceError> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| std::io::Error::other(error.to_string()))?;
        let mut batch = Batch::new();
        batch.push(record::FOUNDING, &key);
        match self.storage.append(&batch) {
            Err(StoreError::ReadOnly { .. }) => {}
            done => {
                done?;
                self.erasure = Erasure::new(Key(key));
            }
        }
        Ok(())
    }

    /// Starts to take events in; those from after `now` are stored and counted as later. Events without any time count as
    /// received at `received_at`, which is `now` in most cases.
    pub fn intake(&mut self, now: Timestamp, received_at: Timestamp) -> Intake<'_> {
        let rules = self.rules.clone();
        Intake::new(self, &rules, now, received_at, Ingestor::for_texts)
    }

    /// On how many threads stored events are read; as many as the machine runs at once, if nobody says, and never more than
    /// 256. What comes of them is the same with any number.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    ///
    /// use volens::store::Memory;
    /// use volens::{Engine, Timestamp};
    ///
    /// let engine = Engine::from_text("a.audience", r#"audience buyers { who performed "Order Completed" within last 30 days }"#)?;
    /// let mut journal = engine.journal(Memory::new())?;
    /// journal.threads(NonZeroUsize::MIN);
    /// let space = engine.space_of(journal, "2026-06-30".parse::<Timestamp>()?)?;
    /// assert!(space.profiles().users().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn threads(&mut self, most: NonZeroUsize) {
        self.threads = most.min(MOST_THREADS);
    }

    /// How many events are stored.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// History at or before this instant was dropped; `None` if none was.
    pub fn horizon(&self) -> Option<Timestamp> {
        self.erasure.horizon
    }

    /// Ends the journal, and gives the storage back.
    pub fn into_storage(self) -> S {
        self.storage
    }

    /// The storage.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// Gives every event that is stored, in the order of storing, as far as it may be seen. Gives back how many have no
    /// usable identifier under the rules as they are now (ID-14).
    pub(super) fn each(&self, mut give: impl FnMut(Event) + Send) -> Result<u64, SpaceError> {
        let mut unusable = 0;
        // One that another has taken the place of is not of the state.
        let (index, erasure) = (&self.index, &self.erasure);
        let wanted = |stored: &Stored<'_>, position| {
            let is_current = index.is_at(stored.message_id, position);
            (is_current && !erasure.is_forgotten(stored.message_id)).then_some(())
        };
        self.reading().each(&self.storage, wanted, |read| {
            match read {
                Read::Event(ReadEvent { event: Some(event), .. }) => give(event),
                Read::Event(_) => unusable += 1,
                Read::Other(..) => {}
            }
            Ok(())
        })?;
        Ok(unusable)
    }

    pub(super) fn reading(&self) -> By<'_> {
        By {
            erasure: &self.erasure,
            rules: &self.rules,
            threads: self.threads,
        }
    }

    /// Gives every event as it was sent, as far as it may be seen; those whose history was dropped are not among them.
    pub(super) fn each_sent(&self, mut give: impl FnMut(&Event, &Value)) -> Result<(), SpaceError> {
        let mut shared = Shared::new();
        self.each_stored(|stored| {
            let Some(event) = self.erasure.event(stored, &self.rules, &mut shared)? else {
                return Ok(());
            };
            let input = match self.erasure.rest(stored, &self.rules, &mut shared)? {
                Rest::All if !stored.without_history => Input::of_text(stored.json),
                Rest::Some {
                    json,
                    without_history: false,
                } => Input::of_text(json),
                Rest::All | Rest::Some { .. } | Rest::Nothing => return Ok(()),
            };
            give(&event, &input.value());
            Ok(())
        })
    }

    fn each_stored(&self, mut give: impl FnMut(&Stored<'_>) -> Result<(), SpaceError>) -> Result<(), SpaceError> {
        scan(&self.storage, |entry| {
            if entry.kind != record::EVENT {
                return Ok(());
            }
            let stored = stored(entry)?;
            // One that another has taken the place of is not of the state.
            if !self.index.is_at(stored.message_id, entry.position) || self.erasure.is_forgotten(stored.message_id) {
                return Ok(());
            }
            give(&stored)
        })
    }

    /// What destinations were sent, as far as it was written down: for each identifier, audience and destination.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn ledger(&self) -> Result<Ledger, SpaceError> {
        let mut ledger = Ledger::new();
        if self.delivered.is_none() {
            return Ok(ledger);
        }
        scan(&self.storage, |entry| {
            match entry.kind {
                record::DELIVERED => {
                    let delivered = delivered(entry)?;
                    if !delivered.ledger.is_empty() {
                        ledger.read(delivered.ledger)?;
                    }
                }
                record::FORGOTTEN => ledger.forget(|kind, value| self.was_forgotten_at(entry.position, kind, value)),
                _ => {}
            }
            Ok(())
        })?;
        Ok(ledger)
    }

    /// Whether an identifier is among those of the person of whom it is told here that they were forgotten.
    fn was_forgotten_at(&self, position: Position, kind: &str, value: &str) -> bool {
        replay::forgotten_at(&self.forgotten, &self.erasure.key, position, kind, value)
    }

    /// Whether an identifier is among those of the person who was forgotten last.
    pub(super) fn was_forgotten_last(&self, kind: &str, value: &str) -> bool {
        let last = self.forgotten.last();
        last.is_some_and(|(_, identifiers)| identifiers.contains(&self.erasure.key.identifier(kind, value)))
    }

    /// Writes down what was acted upon, as of `now`: all that is stored, or up to an event that was not. And what destinations
    /// are sent for that: it is durable before any of it is handed out.
    pub(super) fn deliver(
        &mut self,
        now: Timestamp,
        next: Option<&str>,
        ledger: &[u8],
        messages: &[Message],
    ) -> Result<(), SpaceError> {
        let delivered = Delivered {
            now,
            next: next.map(|id| self.erasure.key.message(id)),
            ledger,
            messages: messages.to_vec(),
        };
        let mut batch = Batch::new();
        batch.push_with(record::DELIVERED, |out| delivered.write(out));
        self.delivered = self.storage.append(&batch)?.first().copied();
        self.handed_out = false;
        Ok(())
    }

    /// Writes down, where all that is stored was acted upon and all messages were taken, what destinations were sent as a whole.
    /// Gives where that begins.
    pub(super) fn deliver_whole(&mut self, now: Timestamp, ledger: &[Vec<u8>]) -> Result<Option<Position>, SpaceError> {
        let mut batch = Batch::new();
        for part in ledger {
            let delivered = Delivered {
                now,
                next: None,
                ledger: part,
                messages: Vec::new(),
            };
            batch.push_with(record::DELIVERED, |out| delivered.write(out));
        }
        let positions = self.storage.append(&batch)?;
        self.delivered = positions.last().copied();
        self.handed_out = false;
        Ok(positions.first().copied())
    }

    /// Writes down that the messages were taken.
    pub(super) fn handed_out(&mut self) -> Result<(), SpaceError> {
        let mut batch = Batch::new();
        batch.push(record::HANDED_OUT, &[]);
        self.storage.append(&batch)?;
        self.handed_out = true;
        Ok(())
    }

    /// Stores what an ingestor has taken in: all of it is durable when this returns, and counted there as applied, as later
    /// than `now` (it is stored, too), as a duplicate, or refused.
    pub(super) fn store(&mut self, ingestor: &mut Ingestor, now: Timestamp) -> Result<Vec<Applied>, SpaceError> {
        let ordered = ingestor.ordered();
        self.store_all(ordered, ingestor, now, false)
    }

    /// Does the same in the order in which events came, so that each can be acted upon by itself; `in_turn`: as if each had come
    /// only when those before it were.
    pub(super) fn store_arrived(
        &mut self,
        ingestor: &mut Ingestor,
        now: Timestamp,
        in_turn: bool,
    ) -> Result<Vec<Applied>, SpaceError> {
        let mut applied = Vec::new();
        let mut together: Vec<Taken> = Vec::new();
        let mut ids: HashSet<Arc<str>> = HashSet::new();
        for taken in ingestor.arrived() {
            // Of two with one id, the second is compared with what is stored of the first.
            if !ids.insert(taken.event.message_id.clone()) {
                applied.extend(self.store_all(std::mem::take(&mut together), ingestor, now, in_turn)?);
                ids.clear();
                ids.insert(taken.event.message_id.clone());
            }
            together.push(taken);
        }
        applied.extend(self.store_all(together, ingestor, now, in_turn)?);
        Ok(applied)
    }

    /// Stores events with different ids, in this order.
    fn store_all(
        &mut self,
        events: Vec<Taken>,
        ingestor: &mut Ingestor,
        now: Timestamp,
        in_turn: bool,
    ) -> Result<Vec<Applied>, SpaceError> {
        let mut batch = Batch::new();
        let mut applied = Vec::new();
        let mut places = Vec::new();
        let mut buffer = Vec::new();
        let mut shared = Shared::new();
        for taken in events {
            if let Some(refusal) = self.refusal(&taken.event) {
                ingestor.reject(taken.place, refusal, taken.input);
                continue;
            }
            let place = self.place_with(&taken.event.message_id, &mut buffer)?;
            let mut instead_of = None;
            if place.is_some() {
                let old = read_stored(&buffer)?;
                let (relation, input) = self.relation(&taken, &old, &mut shared)?;
                let conflict = (!relation.is_copy).then(|| conflict(&taken.event.message_id));
                if !relation.is_first {
                    match conflict {
                        None => ingestor.counts_mut().duplicate += 1,
                        Some(conflict) => ingestor.reject(taken.place, conflict, taken.input),
                    }
                    continue;
                }
                // It takes the place of the one that was there, which is the duplicate, or the one refused.
                match conflict {
                    None => ingestor.counts_mut().duplicate += 1,
                    Some(conflict) => ingestor.reject(taken.place, conflict, input),
                }
                instead_of = self.erasure.event(&old, &self.rules, &mut shared)?;
            } else if taken.event.times.earlier() > now {
                ingestor.counts_mut().later += 1;
            } else {
                ingestor.counts_mut().applied += 1;
            }
            let Taken {
                mut event,
                input,
                received_at,
                ..
            } = taken;
            let text = input.text();
            let stored = Stored {
                without_history: false,
                in_turn,
                received_at,
                message_id: &event.message_id,
                json: &text,
            };
            // One of which only what it says of consent counts, or not all that it names.
            let is_hidden = self.erasure.is_hidden(&event.message_id);
            let rest = match is_hidden || event.is_past() && self.erasure.is_before_horizon(&event) {
                true => self.erasure.rest(&stored, &self.rules, &mut shared)?,
                false => Rest::All,
            };
            let stored = match &rest {
                Rest::Some { json, without_history } => Stored {
                    without_history: *without_history,
                    json,
                    ..stored
                },
                Rest::All | Rest::Nothing => stored,
            };
            let without_history = stored.without_history;
            batch.push_with(record::EVENT, |out| stored.write(out));
            if is_hidden && let Some(seen) = self.erasure.event(&stored, &self.rules, &mut shared)? {
                event = seen;
            }
            if without_history {
                event.leave_history();
            }
            let other = matches!(self.index.get(&event.message_id), Some(Found::Perhaps(_))) && place.is_none();
            places.push((event.message_id.clone(), other));
            applied.push(Applied {
                event,
                instead_of,
                received_at,
                in_turn,
                is_ahead: false,
            });
        }
        let positions = self.storage.append(&batch)?;
        let first = positions.first().copied();
        for ((message_id, other), position) in places.into_iter().zip(positions) {
            // What has the same hash and came just now is another, too.
            let now = matches!(self.index.get(&message_id), Some(Found::Perhaps(at)) if Some(at) >= first);
            self.index.set(&message_id, position, other || now);
        }
        Ok(applied)
    }

    /// How an event that came stands to the stored one that has its id, and what that one says.
    fn relation(&self, taken: &Taken, old: &Stored<'_>, shared: &mut Shared) -> Result<(Relation, Input), SpaceError> {
        let left = |stored: &Stored<'_>, shared: &mut Shared| {
            let rest = self.erasure.rest(stored, &self.rules, shared)?;
            Ok::<_, Refusal>(match rest {
                Rest::Some { json, .. } => Input::of_text(json),
                Rest::All | Rest::Nothing => Input::of_text(stored.json),
            })
        };
        if !self.erasure.is_changed(old) {
            let input = Input::of_text(old.json);
            return Ok((taken.relation(&input, old.received_at), input));
        }
        // Of one whose history was dropped or in which something was hidden nobody can tell whether it is the same. But when it
        // was, whom it is about and what it says of consent is left: a refusal must not be lost because it has the same id, nor
        // a grant be later than it is.
        let text = taken.input.text();
        let new = Stored {
            without_history: false,
            in_turn: false,
            received_at: taken.received_at,
            message_id: &taken.event.message_id,
            json: &text,
        };
        let seen = self.erasure.event(&new, &self.rules, shared)?;
        let (by, input) = (left(&new, shared)?, left(old, shared)?);
        let is_copy = match (&seen, self.erasure.event(old, &self.rules, shared)?) {
            (Some(new), Some(old)) => new.agrees(&old) && by.timestamp() == input.timestamp(),
            (None, None) => true,
            _ => false,
        };
        // One that names nobody any more takes nobody's place.
        let is_first = !is_copy && seen.is_some() && taken.relation_by(&by, &input, old.received_at).is_first;
        Ok((Relation { is_copy, is_first }, input))
    }

    /// Why an event must not be stored.
    fn refusal(&self, event: &Event) -> Option<Refusal> {
        if self.is_forgotten(&event.message_id) {
            return Some(forgotten());
        }
        // What it says of consent counts whatever its age: a refusal must not be lost because it comes late.
        let horizon = self
            .erasure
            .horizon
            .filter(|_| self.erasure.is_before_horizon(event) && !event.has_consent());
        horizon.map(|horizon| {
            let reason = format!(
                "history up to {horizon} was dropped, and it is of {}",
                event.times.timestamp
            );
            RejectCode::OlderThanRetention.because(reason)
        })
    }

    /// Whether the event of this `messageId` is one of a person who was forgotten, and so would be refused.
    pub fn is_forgotten(&self, message_id: &str) -> bool {
        self.erasure.is_forgotten(message_id)
    }

    /// Takes a person's events away: first for every reader, then from the storage.
    pub(super) fn forget(&mut self, forgotten: Forgotten) -> Result<(), SpaceError> {
        let mut batch = Batch::new();
        batch.push_with(record::FORGOTTEN, |out| forgotten.write(out));
        let positions = self.storage.append(&batch)?;
        self.unerased.push(audit::forgotten(&forgotten));
        let identifiers = forgotten.of_deliveries();
        self.forgotten
            .extend(positions.first().map(|position| (*position, identifiers)));
        self.erasure.forget(forgotten);
        self.erase(&Needless::default())
    }

    /// Drops the history at or before an instant, in the same way; `at` is when that is done, for the audit. What events say of
    /// identity and consent stays, and so does each event: which of them leave no trace then only a [`Space`](super::Space) can
    /// tell.
    ///
    /// # Errors
    /// Those of the storage. What was dropped is not seen any more once it is stored that it was.
    pub fn drop_history(&mut self, horizon: Horizon, at: Timestamp) -> Result<(), SpaceError> {
        self.drop_history_and(horizon, at, &Needless::default())
    }

    /// Does the same, and takes away altogether what need not be kept then: only who has the profiles knows that.
    pub(super) fn drop_history_and(
        &mut self,
        horizon: Horizon,
        at: Timestamp,
        needless: &Needless,
    ) -> Result<(), SpaceError> {
        let horizon = horizon.instant();
        if self.erasure.horizon >= Some(horizon) {
            return Ok(());
        }
        let mut batch = Batch::new();
        let dropped = Dropped { at, horizon };
        batch.push_with(record::DROPPED, |out| dropped.write(out));
        self.storage.append(&batch)?;
        self.unerased.push(audit::dropped(&dropped));
        self.erasure.drop_history(horizon);
        self.erase(needless)
    }

    pub(super) fn erasure(&self) -> &Erasure {
        &self.erasure
    }

    /// Takes away from the storage what was forgotten or dropped, if that was not done. Whether it was not.
    ///
    /// # Errors
    /// Those of the storage. It can be done again.
    pub fn finish_erasure(&mut self) -> Result<bool, SpaceError> {
        if self.unerased.is_empty() {
            return Ok(false);
        }
        self.erase(&Needless::default())?;
        Ok(true)
    }

    fn erase(&mut self, needless: &Needless) -> Result<(), SpaceError> {
        let mut failed = None;
        let mut shared = Shared::new();
        let (erasure, forgotten) = (&self.erasure, &self.forgotten);
        let by = Rewriting {
            erasure,
            rules: &self.rules,
            index: &self.index,
            acted: self.acted()?.map(|acted| acted.end),
            forgotten,
            needless,
        };
        let last = self.delivered;
        let is_taken = self.handed_out;
        let rewritten = self.storage.rewrite(&mut |entry| {
            let change = match entry.kind {
                record::DELIVERED if Some(entry.position) < needless.delivered_before => Ok(Change::Remove),
                // Of what is over nothing is left but what it changed in the ledger.
                record::DELIVERED => {
                    delivered_change(entry, erasure, forgotten, Some(entry.position) == last, is_taken)
                }
                record::HANDED_OUT if Some(entry.position) < last => Ok(Change::Remove),
                _ => change(entry, &by, &mut shared),
            };
            change.unwrap_or_else(|error| {
                failed.get_or_insert(error);
                Change::Keep
            })
        });
        // Whatever became of it, nothing need be where it was.
        self.load()?;
        rewritten?;
        if let Some(error) = failed {
            return Err(error);
        }
        // A line that a crash lets stand twice says the same twice.
        for line in &self.unerased {
            self.storage.note(line)?;
        }
        let mut batch = Batch::new();
        batch.push(record::ERASED, &[]);
        self.storage.append(&batch)?;
        self.unerased.clear();
        Ok(())
    }

    /// Where the event of a message id is stored, and its record.
    fn place_with(&self, message_id: &str, buffer: &mut Vec<u8>) -> Result<Option<Position>, SpaceError> {
        let position = match self.index.get(message_id) {
            None => return Ok(None),
            Some(Found::Here(position) | Found::Perhaps(position)) => position,
        };
        self.storage.read(position, buffer)?;
        let stored = read_stored(buffer)?;
        Ok((stored.message_id == message_id).then_some(position))
    }
}

impl<S: Storage> Commit for Journal<S> {
    fn commit(&mut self, ingestor: &mut Ingestor, now: Timestamp) -> Result<(), SpaceError> {
        self.store(ingestor, now)?;
        Ok(())
    }
}

/// Whether the position of an id in the index is that of another id with the same hash.
fn is_other<S: Storage>(
    storage: &S,
    found: Option<Found>,
    message_id: &str,
    buffer: &mut Vec<u8>,
) -> Result<bool, SpaceError> {
    match found {
        Some(Found::Perhaps(position)) => {
            storage.read(position, buffer)?;
            Ok(read_stored(buffer)?.message_id != message_id)
        }
        Some(Found::Here(_)) | None => Ok(false),
    }
}

/// Scans a storage with a function that has errors of its own.
pub(super) fn scan<S: Storage>(
    storage: &S,
    mut each: impl FnMut(&Entry<'_>) -> Result<(), SpaceError>,
) -> Result<(), SpaceError> {
    let mut failed = None;
    let scanned = storage.scan(&mut |entry| {
        each(&entry).map_err(|error| {
            let stopped = StoreError::Stopped("the scan was stopped".into());
            failed = Some(error);
            stopped
        })
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(scanned?),
    }
}

pub(super) fn stored<'r>(entry: &Entry<'r>) -> Result<Stored<'r>, SpaceError> {
    read_stored(entry.payload)
}

pub(super) fn delivered<'r>(entry: &Entry<'r>) -> Result<Delivered<'r>, SpaceError> {
    Delivered::read(entry.payload).ok_or_else(|| unknown(entry, "what was delivered"))
}

pub(super) fn read_stored(payload: &[u8]) -> Result<Stored<'_>, SpaceError> {
    Stored::read(payload).ok_or_else(|| SpaceError::UnknownRecord("an event".to_owned()))
}

fn unknown(entry: &Entry<'_>, what: &str) -> SpaceError {
    SpaceError::UnknownRecord(format!("kind {}, {what}", entry.kind))
}
