//! What retention takes away: history, and the events that have no other trace.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::{SetId, State};
use crate::ingest::event::Effect;
use crate::ingest::events::{EventId, Link};
use crate::ingest::people::PersonId;
use crate::ingest::violations::Limits;
use crate::time::Timestamp;

impl State {
    /// The message ids of the events at or before an instant that leave no trace where history at or before it is dropped:
    /// without them who is who, traits, accounts and consent come to the same, and so does whatever happened after that
    /// instant.
    ///
    /// Such an event carries identifiers that all had their profiles before it, and brought none of these together; each trait
    /// that it set was set again later; of the calls that name a profile's account there is an earlier one; and it says nothing
    /// of consent. What somebody answered is kept for good: it is what consent is proved by.
    ///
    /// Of the events with the same identifiers the last is kept, too: should one come late that is older, which it may if it
    /// says something of consent, and come between what brought them together, they are brought together all the same. One
    /// person must not become two, of whom one has refused.
    pub(crate) fn without_trace(&self, horizon: Timestamp) -> HashSet<Arc<str>> {
        let setters: HashSet<EventId> = self.people.setters().chain(self.accounts.setters()).collect();
        let mergers: HashSet<EventId> = self.people.mergers().collect();
        let mut named: BTreeSet<(PersonId, &str)> = BTreeSet::new();
        let mut without_trace = HashSet::new();
        for set in &self.sets {
            let mut events = set.events.clone();
            events.sort_by(|a, b| self.events.order(*a, *b));
            let kept = events
                .iter()
                .filter_map(|id| Some((&*self.events.get(*id)?.links, *id)));
            let last: HashMap<&[Link], EventId> = kept.collect();
            for id in events {
                let Some(event) = self.events.get(id) else { continue };
                let is_first = match (&event.effect, event.person) {
                    (Effect::Group { id, .. }, Some(person)) => named.insert((self.people.current(person), id)),
                    _ => false,
                };
                let is_none = event.times.timestamp <= horizon
                    && event.consent.is_none()
                    && !is_first
                    && last.get(&*event.links) != Some(&id)
                    && !setters.contains(&id)
                    && !mergers.contains(&id)
                    && self.people.had_all(id, &event.links, &self.events);
                if is_none {
                    without_trace.insert(event.message_id.clone());
                }
            }
        }
        without_trace
    }

    /// Drops the history at or before an instant, and the events [`without_trace`](State::without_trace). Who is who is to be
    /// [settled](State::settle) then: what was left out of them is not counted any more.
    pub(crate) fn drop_history(&mut self, horizon: Timestamp, without_trace: &HashSet<Arc<str>>) {
        let mut gone: BTreeSet<EventId> = BTreeSet::new();
        let mut recounted = Vec::new();
        for (place, set) in (0..).zip(&mut self.sets) {
            for id in &set.events {
                let Some(event) = self.events.get_mut(*id) else {
                    continue;
                };
                if without_trace.contains(&event.message_id) {
                    gone.insert(*id);
                    if set.limits != Limits::default() && recounted.last() != Some(&SetId(place)) {
                        recounted.push(SetId(place));
                    }
                } else if event.times.timestamp <= horizon {
                    event.effect.leave_history();
                }
            }
            set.events.retain(|id| !gone.contains(id));
            set.events.shrink_to_fit();
            let order = |a: &EventId, b: &EventId| self.events.order(*a, *b);
            set.last = set.events.iter().copied().max_by(order);
        }
        recounted.into_iter().for_each(|place| self.unsettle(place));
        self.accounts.let_go(&gone);
        for id in gone {
            self.events.remove(id);
        }
        self.people.drop_history(horizon);
    }
}
