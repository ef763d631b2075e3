//! The events that state is made of, each at a number that stays, and their canonical order.
//!
//! Everything that is kept of an event names it by its number: four bytes instead of its place in canonical order, which
//! would change with every event that comes late.

use std::cmp::Ordering;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::event::{Effect, Event, LeftOut, Times};
use super::people::{IdentifierId, Looked, People, PersonId};
use super::preferences::Given;
use crate::model::PastEvent;

/// An event among [`Events`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EventId(u32);

impl EventId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A claim on an identifier that is known by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Link {
    pub(super) id: IdentifierId,
    /// From the call's own `userId` or `anonymousId`: what a login is told by (CP-13).
    pub(super) own: bool,
}

/// The claims of an event. Most events have two at most, which stand here, and not in a place of their own.
#[derive(Debug)]
pub(super) enum Links {
    One([Link; 1]),
    Two([Link; 2]),
    Many(Box<[Link]>),
}

impl From<Vec<Link>> for Links {
    fn from(links: Vec<Link>) -> Self {
        match *links.as_slice() {
            [link] => Links::One([link]),
            [first, second] => Links::Two([first, second]),
            _ => Links::Many(links.into()),
        }
    }
}

impl Deref for Links {
    type Target = [Link];

    fn deref(&self) -> &[Link] {
        match self {
            Links::One(links) => links,
            Links::Two(links) => links,
            Links::Many(links) => links,
        }
    }
}

impl DerefMut for Links {
    fn deref_mut(&mut self) -> &mut [Link] {
        match self {
            Links::One(links) => links,
            Links::Two(links) => links,
            Links::Many(links) => links,
        }
    }
}

/// An event as it is kept, so that it can be folded again.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) times: Times,
    pub(super) message_id: Arc<str>,
    /// Sorted by identifier, each once.
    pub(super) links: Links,
    pub(super) consent: Option<Given>,
    pub(super) effect: Effect,
    pub(super) left_out: LeftOut,
    /// Whether it says itself when it happened.
    pub(super) is_timed: bool,
    /// The profile that it resolved to, when it was folded last; others may have taken that one in since.
    pub(super) person: Option<PersonId>,
}

impl Kept {
    /// An event whose identifiers are known by their numbers. There are at most `u32::MAX` of those; beyond, `None`.
    pub(super) fn of(event: Event, people: &mut People) -> Option<Kept> {
        let hashes = event.identifier_hashes(people.hashing()).collect();
        let looked = people.look_up(hashes);
        Kept::looked_up(event, looked, people)
    }

    /// The same of one whose identifiers were looked up before.
    pub(super) fn looked_up(event: Event, looked: impl Iterator<Item = Looked>, people: &mut People) -> Option<Kept> {
        Some(Kept {
            times: event.times,
            message_id: event.message_id,
            links: people.link(event.claims, looked)?,
            consent: event.consent,
            effect: event.effect,
            left_out: event.left_out,
            is_timed: event.is_timed,
            person: None,
        })
    }

    /// How it stands in the history, if it does.
    pub(super) fn past(&self) -> Option<(&Arc<str>, PastEvent)> {
        let Effect::Past { name, properties } = &self.effect else {
            return None;
        };
        let past = PastEvent {
            timestamp: self.times.timestamp,
            received_at: self.times.received,
            message_id: self.message_id.clone(),
            properties: properties.clone(),
        };
        Some((name, past))
    }
}

/// Events by their numbers. A number that is free again is given anew.
#[derive(Debug, Default)]
pub(super) struct Events {
    kept: Vec<Option<Kept>>,
    free: Vec<EventId>,
}

impl Events {
    /// Takes one in. There are at most `u32::MAX`; beyond, `None`.
    pub(super) fn insert(&mut self, event: Kept) -> Option<EventId> {
        if let Some(id) = self.free.pop() {
            if let Some(place) = self.kept.get_mut(id.0 as usize) {
                *place = Some(event);
            }
            return Some(id);
        }
        let id = u32::try_from(self.kept.len()).ok()?;
        self.kept.push(Some(event));
        Some(EventId(id))
    }

    pub(super) fn get(&self, id: EventId) -> Option<&Kept> {
        self.kept.get(id.0 as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: EventId) -> Option<&mut Kept> {
        self.kept.get_mut(id.0 as usize)?.as_mut()
    }

    pub(super) fn remove(&mut self, id: EventId) -> Option<Kept> {
        let event = self.kept.get_mut(id.0 as usize)?.take();
        self.free.extend(event.is_some().then_some(id));
        event
    }

    /// Takes one away where no others come: its number is not given anew.
    pub(super) fn take(&mut self, id: EventId) -> Option<Kept> {
        self.kept.get_mut(id.0 as usize)?.take()
    }

    /// The numbers of all, in the order they were given.
    pub(super) fn ids(&self) -> impl Iterator<Item = EventId> {
        let kept = (0..).zip(&self.kept);
        kept.filter_map(|(id, event)| event.is_some().then_some(EventId(id)))
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len() - self.free.len()
    }

    /// Canonical order (EV-14). No two events have one message id, so no two are equal.
    pub(super) fn order(&self, a: EventId, b: EventId) -> Ordering {
        let key = |id| self.get(id).map(|event| (event.times.order(), &event.message_id));
        key(a).cmp(&key(b))
    }
}
