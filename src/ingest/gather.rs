//! The accepted events while they are collected: decoded, with what is needed to tell which of them repeat another.

use std::hash::{BuildHasher, RandomState};

use super::event::{Event, Times};
use super::events::{EventId, Events, Kept};
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
        self.insert(event, place);
        self.texts.push(raw);
    }

    /// Takes an event whose text is among those that are [appended](Gathered::append) next.
    pub(super) fn insert(&mut self, event: Event, place: Place) {
        // The numbers of both end where memory has ended long before.
        let kept = Kept::of(event, &mut self.people);
        if kept.and_then(|kept| self.events.insert(kept)).is_some() {
            self.places.push(place);
        }
    }

    /// The texts of the events inserted since the last text.
    pub(super) fn append(&mut self, texts: Texts) {
        self.texts.append(texts);
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
    fn same_ids(&self) -> Vec<Vec<EventId>> {
        // Sorting numbers is a lot cheaper than sorting ids. Two ids of one hash only cost a second look.
        let seed = RandomState::new();
        let message_id = |id: EventId| self.events.get(id).map(|event| &event.message_id);
        let ids = self.events.ids();
        let mut hashes: Vec<(u64, EventId)> = ids.map(|id| (seed.hash_one(message_id(id)), id)).collect();
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
