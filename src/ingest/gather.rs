//! The accepted events while they are collected: decoded, with what is needed to tell which of them repeat another.

use super::event::{Event, Times};
use super::events::{EventId, Events, Kept};
use super::index::{Hashing, IdentifierHash};
use super::input::{Input, Raw};
use super::order::{Fate, Place, settle};
use super::people::People;
use super::texts::Texts;
use crate::value::Value;

/// Events in the order they came.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Only their identifiers are known so far.
    people: People,
    events: Events,
    /// By event: where each stood, and what it came in as.
    places: Vec<Place>,
    texts: Texts,
    /// Of the `messageId` of each: sorting numbers is a lot cheaper than sorting ids.
    hashes: Vec<u64>,
}

/// What can be made of events where they are read, so that it need not be made one after the other.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Each with its line and its number in a batch.
    events: Vec<(Event, u64, u32)>,
    /// What they came in as.
    texts: Texts,
    /// The hash of each `messageId`,
    message_ids: Vec<u64>,
    /// and those of all identifiers of the first event, the second, and so on.
    identifiers: Vec<IdentifierHash>,
}

impl Read {
    pub(super) fn push(&mut self, event: Event, (line, item): (u64, u32), raw: Raw<'_>, hashing: &Hashing) {
        self.texts.push(raw);
        self.message_ids.push(hashing.message_id(&event.message_id));
        self.identifiers.extend(event.identifier_hashes(hashing));
        self.events.push((event, line, item));
    }

    /// How many events there are.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// Ends it.
    pub(super) fn close(&mut self) {
        self.texts.close();
    }
}

/// One that has the id of another.
pub(super) struct Repeat {
    pub(super) place: Place,
    pub(super) message_id: std::sync::Arc<str>,
    /// What it came in as, where it says something else; `None` for a copy.
    pub(super) conflict: Option<Input>,
}

impl Gathered {
    pub(super) fn push(&mut self, event: Event, place: Place, raw: Raw<'_>) {
        let hash = self.people.hashing().message_id(&event.message_id);
        let kept = Kept::of(event, &mut self.people);
        self.insert(kept, place, hash);
        self.texts.push(raw);
    }

    /// Takes events of a source that were read elsewhere.
    pub(super) fn append(&mut self, source: u32, read: Read) {
        let mut looked = self.people.look_up(read.identifiers);
        for ((event, line, item), hash) in read.events.into_iter().zip(read.message_ids) {
            let place = Place { source, line, item };
            let claims = event.claims.len();
            let kept = Kept::looked_up(event, looked.by_ref().take(claims), &mut self.people);
            self.insert(kept, place, hash);
        }
        self.texts.append(read.texts);
    }

    fn insert(&mut self, event: Option<Kept>, place: Place, hash: u64) {
        // The numbers end where memory has ended long before.
        if event.and_then(|event| self.events.insert(event)).is_some() {
            self.places.push(place);
            self.hashes.push(hash);
        }
    }

    /// What makes the hashes of what is [appended](Gathered::append).
    pub(super) fn hashing(&self) -> &Hashing {
        self.people.hashing()
    }

    /// The people and the events, of each `messageId` the first; the others are told of (EV-17). Who wants to see what those
    /// events came in as is given that.
    pub(super) fn done(
        mut self,
        mut tell: impl FnMut(Repeat),
        applied: Option<&mut dyn FnMut(&Value)>,
    ) -> (People, Events) {
        for same_id in self.same_ids() {
            let times: Vec<Times> = same_id
                .iter()
                .filter_map(|id| Some(self.events.get(*id)?.times))
                .collect();
            let input = |at: usize| same_id.get(at).and_then(|id| self.texts.get(id.index()));
            let fates = settle(&times, input);
            for (id, fate) in same_id.into_iter().zip(fates) {
                if fate == Fate::First {
                    continue;
                }
                let conflict = (fate == Fate::Conflict).then(|| self.texts.get(id.index())).flatten();
                if let (Some(event), Some(place)) = (self.events.remove(id), self.places.get(id.index())) {
                    tell(Repeat {
                        place: *place,
                        message_id: event.message_id,
                        conflict,
                    });
                }
            }
        }
        if let Some(applied) = applied {
            for id in self.events.ids() {
                if let Some(input) = self.texts.get(id.index()) {
                    applied(&input.value());
                }
            }
        }
        self.people.seal();
        (self.people, self.events)
    }

    /// Events that have an id together, in the order of their times.
    fn same_ids(&mut self) -> Vec<Vec<EventId>> {
        // Two ids of one hash only cost a second look.
        let message_id = |id: EventId| self.events.get(id).map(|event| &event.message_id);
        let mut hashes: Vec<(u64, EventId)> = self.hashes.drain(..).zip(self.events.ids()).collect();
        hashes.sort_unstable();
        let mut same_ids = Vec::new();
        for same_hash in hashes.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let mut ids: Vec<EventId> = same_hash.iter().map(|(_, id)| *id).collect();
            ids.sort_by_key(|id| {
                self.events
                    .get(*id)
                    .map(|event| (&event.message_id, event.times.order()))
            });
            let same = ids.chunk_by(|a, b| message_id(*a) == message_id(*b));
            same_ids.extend(same.filter(|same| same.len() > 1).map(<[EventId]>::to_vec));
        }
        // As they came, so that texts that stand together are asked for together.
        same_ids.sort_unstable();
        same_ids
    }
}
