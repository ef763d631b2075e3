//! What is stored of people's consent and was not acted upon yet.
//!
//! A live engine acts upon stored events one by one, but what is stored is known: nobody is to be handed out on a grant of which
//! it is known that it was taken back. So beside the state, which is as of the event that is acted upon, there is another for
//! those whom something that waits concerns, with all of that in it. Events that share no identifier, directly or through
//! others, do not see each other, so the others need not be in it: it takes the room of the events that are connected to those
//! that wait, without what they say beside identity and consent, until the last of these is acted upon.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::Settings;
use super::replay::Applied;
use crate::ingest::{Claim, Event, Identifier, SetId, State};
use crate::model::Consent;
use crate::time::Timestamp;

/// What is known beyond the state of a space.
#[derive(Debug)]
pub(super) struct Ahead {
    state: State,
    /// The message ids of the events that are in it: of each id one, and what took another's place is not put beside it again.
    ids: HashSet<Arc<str>>,
    /// The connected sets of the space that are in it. One that takes in another, or begins with an event that is in it, is looked
    /// at once more.
    copied: BTreeSet<SetId>,
    /// How many events of each message id are in it and not of the space yet.
    waiting: HashMap<Arc<str>, usize>,
    /// What is dated after it is not known.
    pub(super) until: Timestamp,
}

impl Ahead {
    pub(super) fn new(settings: &Settings, until: Timestamp) -> Self {
        Ahead {
            state: State::new(settings.identity.clone(), settings.categories.clone()),
            ids: HashSet::new(),
            copied: BTreeSet::new(),
            waiting: HashMap::new(),
            until,
        }
    }

    /// Takes in an event that is known and not of the space yet, and takes out the one whose place it takes. `from` is the state
    /// of the space.
    pub(super) fn know(&mut self, event: &Event, instead_of: Option<&Event>, from: &State) {
        *self.waiting.entry(event.message_id.clone()).or_default() += 1;
        self.take_out(instead_of, from);
        self.put(event, from);
    }

    /// An event comes to the space, or, if it `waits`, to those that are still to come.
    pub(super) fn take(&mut self, applied: &Applied, waits: bool, from: &State) {
        let id = &applied.event.message_id;
        if applied.is_ahead {
            if !waits {
                self.no_longer_waits(id);
            }
        } else if !self.waiting.contains_key(id) {
            self.take_out(applied.instead_of.as_ref(), from);
            if !waits {
                self.put(&applied.event, from);
            }
        }
    }

    /// An event that was still to come comes to the space.
    pub(super) fn enter(&mut self, event: &Event, from: &State) {
        if !self.no_longer_waits(&event.message_id) {
            self.put(event, from);
        }
    }

    pub(super) fn settle(&mut self) {
        self.state.settle();
    }

    /// Whether all that is in it is of the space by now.
    pub(super) fn is_over(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What is known of the consent by which an identifier is sent; `None` if no more than the space says. Without an owner it is
    /// that of nobody.
    pub(super) fn consent(&self, kind: &str, value: &str) -> Option<Consent> {
        if !self.state.carries(kind, value) {
            return None;
        }
        let profile = self.state.find(kind, value);
        Some(profile.map_or_else(Consent::default, |profile| profile.consent().clone()))
    }

    /// Those whom what it knows may concern.
    pub(super) fn identifiers(&self) -> impl Iterator<Item = &Identifier> {
        self.state.identifiers()
    }

    fn no_longer_waits(&mut self, id: &Arc<str>) -> bool {
        let Some(count) = self.waiting.get_mut(id) else {
            return false;
        };
        *count -= 1;
        if *count == 0 {
            self.waiting.remove(id);
        }
        true
    }

    fn put(&mut self, event: &Event, from: &State) {
        self.copy(&event.claims, from);
        self.insert(event.without_effect());
    }

    fn insert(&mut self, event: Event) {
        if self.ids.insert(event.message_id.clone()) {
            self.state.insert(event);
        }
    }

    fn take_out(&mut self, event: Option<&Event>, from: &State) {
        if let Some(event) = event {
            self.copy(&event.claims, from);
            self.state.remove(&event.message_id, &event.claims);
            self.ids.remove(&event.message_id);
        }
    }

    /// Sees to it that all that the space has about these identifiers is here, too.
    fn copy(&mut self, claims: &[Claim], from: &State) {
        for claim in claims {
            if let Some(set) = from.set_with(&claim.id)
                && self.copied.insert(set)
            {
                from.events_of(set).for_each(|event| self.insert(event));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::{Content, Shared, decode};
    use crate::model::IdentityRules;
    use crate::value::{self, Value};

    /// An identify call of one person.
    fn event(id: &str) -> Event {
        let text = format!(
            r#"{{"type": "identify", "messageId": "{id}", "timestamp": "2026-06-01T00:00:00Z", "userId": "u1"}}"#
        );
        let event: Value = value::parse(&text).unwrap();
        let rules = IdentityRules::default();
        let decoded = decode(&event, &rules, Timestamp::EPOCH, Content::Kept, &mut Shared::new());
        decoded.unwrap_or_else(|_| panic!("{text}"))
    }

    fn state() -> State {
        State::new(IdentityRules::default(), vec!["A".into()])
    }

    fn ahead() -> Ahead {
        let settings = Settings {
            identity: IdentityRules::default(),
            categories: vec!["A".into()],
        };
        Ahead::new(&settings, Timestamp::MAX)
    }

    /// One event more of a stream.
    fn comes(ahead: &mut Ahead, state: &mut State, event: Event) {
        let applied = Applied {
            received_at: event.times.earlier(),
            event,
            instead_of: None,
            in_turn: true,
            is_ahead: false,
        };
        ahead.take(&applied, false, state);
        state.insert(applied.event);
    }

    #[test]
    fn an_event_of_somebody_new_is_in_it_once() {
        let (mut ahead, mut state) = (ahead(), state());
        for id in ["m1", "m2", "m3"] {
            comes(&mut ahead, &mut state, event(id));
        }
        assert_eq!(ahead.state.len(), 3);
    }
}
