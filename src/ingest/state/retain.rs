//! What retention takes away: history, and the events that have no other trace.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::{SetId, State};
use crate::ingest::event::Effect;
use crate::ingest::events::{EventId, Link};
use crate::ingest::violations::Limits;
use crate::model::Period;
use crate::time::Timestamp;

impl State {
    /// The message ids of the events at or before an instant that leave no trace where history at or before it is dropped:
    /// without them who is who, traits, accounts and consent come to the same, and so does whatever happened after that
    /// instant.
    ///
    /// Of the events with just the same identifiers such a one is neither the first nor the last; each trait that it set was set
    /// again by a later one of these; of those that name its account there is an earlier one; and it says nothing of consent.
    /// What somebody answered is kept for good: it is what consent is proved by.
    ///
    /// All is asked of the events with the same identifiers, and not of the profile, because the others may be somebody else's
    /// tomorrow: an event may come late that is older, if it says something of consent, or the rules may change. The second
    /// event with the same identifiers finds them where the first has left them, whatever came before and between: what was over
    /// a limit then is over it now. So it can be done without. The last is for the case that another event takes the place of
    /// the first. One person must not become two, of whom one has refused.
    ///
    /// Where limits are of a time, what was too many once is not for ever, and so an event that names several identifiers stays.
    /// So does one that says nothing of time: it would count as a new one when it comes again.
    pub(crate) fn without_trace(&self, horizon: Timestamp) -> HashSet<Arc<str>> {
        let of_accounts: HashSet<EventId> = self.accounts.setters().collect();
        let is_of_a_time = self.rules.listed.iter().any(|rule| rule.period != Period::Ever);
        let mut without_trace = HashSet::new();
        for set in &self.sets {
            let mut events = set.events.clone();
            events.sort_by(|a, b| self.events.order(*a, *b));
            let mut needed = self.firsts(&events);
            needed.extend(self.lasts(&events));
            for id in events {
                let Some(event) = self.events.get(id) else { continue };
                let is_none = event.times.timestamp <= horizon
                    && event.is_timed
                    && event.consent.is_none()
                    && (event.links.len() == 1 || !is_of_a_time)
                    && !needed.contains(&id)
                    && !of_accounts.contains(&id);
                if is_none {
                    without_trace.insert(event.message_id.clone());
                }
            }
        }
        without_trace
    }

    /// Of events in canonical order the first with each set of identifiers, and the first of these that names each account.
    fn firsts(&self, events: &[EventId]) -> HashSet<EventId> {
        let mut seen: HashSet<(&[Link], Option<&str>)> = HashSet::new();
        let is_first = |id: &EventId| {
            let Some(event) = self.events.get(*id) else {
                return false;
            };
            let is_first = seen.insert((&event.links, None));
            match &event.effect {
                Effect::Group { id, .. } => seen.insert((&event.links, Some(id))) || is_first,
                _ => is_first,
            }
        };
        events.iter().copied().filter(is_first).collect()
    }

    /// Of events in canonical order the last with each set of identifiers, and the last of these that sets each trait.
    fn lasts(&self, events: &[EventId]) -> HashSet<EventId> {
        let mut seen: HashSet<(&[Link], Option<&str>)> = HashSet::new();
        let is_last = |id: &EventId| {
            let Some(event) = self.events.get(*id) else {
                return false;
            };
            let mut is_last = seen.insert((&event.links, None));
            if let Effect::Traits(traits) = &event.effect {
                for (key, _) in traits.entries() {
                    is_last |= seen.insert((&event.links, Some(key)));
                }
            }
            is_last
        };
        events.iter().rev().copied().filter(is_last).collect()
    }

    /// Drops the history at or before an instant, and the events [`without_trace`](State::without_trace). Who is who is to be
    /// [settled](State::settle) then: what was left out of them is not counted any more.
    pub(crate) fn drop_history(&mut self, horizon: Timestamp, without_trace: &HashSet<Arc<str>>) {
        let mut gone: BTreeSet<EventId> = BTreeSet::new();
        let mut recounted = BTreeSet::new();
        for (place, set) in (0..).zip(&mut self.sets) {
            for id in &set.events {
                let Some(event) = self.events.get_mut(*id) else {
                    continue;
                };
                if without_trace.contains(&event.message_id) {
                    gone.insert(*id);
                    if set.limits != Limits::default() {
                        recounted.insert(SetId(place));
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
