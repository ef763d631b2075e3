//! Profiles kept up to date while events arrive, in any order (EV-14).
//!
//! # How it is built, and what an event costs
//! Events that share an identifier, dropped ones included, are *connected*; how those of one connected set resolve does not
//! depend on any other event. So each set is kept by itself: its events, and the profiles that they lead to.
//!
//! - An event that comes after all those that it is connected to, the usual case, is folded at once: its identifiers are
//!   looked up, its history, traits and consent are appended to. Where it connects two sets, the smaller is added to the
//!   larger, so that an event changes sets a number of times that is logarithmic at most.
//! - A late event all of whose identifiers were on one profile when it happened changes nothing about who is who. It is put
//!   where it belongs: in the history by a binary search among the events of its name, each trait unless a later event set
//!   it, the account. A consent object among those of the profile makes that profile's objects be folded again.
//! - Any other late event may change how the events after it resolve. Its connected set is folded anew, in canonical order:
//!   n log n in the events of the set. That is done once for all events that come together, when they are
//!   [settled](State::settle); so taking a whole history in at once costs one sort of each set.
//!
//! What is read between two settlings is what was there at the first.

mod retain;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::accounts::Accounts;
use super::event::{Claim, Effect, Event, Identifier};
use super::events::{EventId, Events, Kept, Link};
use super::fold::Fold;
use super::ledger::Moment;
use super::people::{IdentifierId, People, PersonId, Touched};
use super::violations::{Limits, Violations};
use crate::model::{IdentityRules, Profile, Profiles, matched};
use crate::value::Object;

/// A connected set: events, and the profiles that they lead to.
#[derive(Debug, Default)]
struct Set {
    /// In the order they came.
    events: Vec<EventId>,
    /// The latest.
    last: Option<EventId>,
    /// The set that took this one in.
    into: Option<SetId>,
    /// Whether it has to be folded anew,
    unsettled: bool,
    /// and whether anything of it was folded before.
    is_folded: bool,
    limits: Limits,
}

/// The number of a connected set, which is never that of another. Where one takes another in, it keeps its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SetId(u32);

/// What a profile is made of.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// The message ids of the events that resolved to it.
    pub(crate) events: Vec<Arc<str>>,
    pub(crate) identifiers: BTreeSet<Identifier>,
    /// Events that resolved to others though they carry one of its identifiers, and the identifiers that were dropped from
    /// each. One that came to the event's profile by another way later is still one that this event did not bring.
    pub(crate) dropped: Vec<(Arc<str>, Vec<Identifier>)>,
    /// Identifiers that its events carry and nobody has: it may have had them before an event came late.
    pub(crate) former: BTreeSet<Identifier>,
}

/// What an event is about, so that it can be told what it may change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'e> {
    /// Its name in the history.
    pub(crate) event: Option<&'e str>,
    /// The traits that it sets, or takes away.
    pub(crate) traits: Option<&'e Object>,
    /// Whether it is a group call.
    pub(crate) is_group: bool,
    /// Whether it has a consent object.
    pub(crate) consent: bool,
}

/// The state of all profiles and accounts.
#[derive(Debug)]
pub(crate) struct State {
    rules: IdentityRules,
    configured: Vec<Box<str>>,
    events: Events,
    people: People,
    accounts: Accounts,
    sets: Vec<Set>,
    /// The set of each identifier, which another may have taken in since.
    set_of: Vec<Option<SetId>>,
    /// Those to be folded anew.
    unsettled: Vec<SetId>,
}

impl State {
    /// No event yet. `configured`: the ids of the categories that the workspace declares.
    pub(crate) fn new(rules: IdentityRules, configured: Vec<Box<str>>) -> Self {
        State {
            rules,
            configured,
            events: Events::default(),
            people: People::default(),
            accounts: Accounts::default(),
            sets: Vec::new(),
            set_of: Vec::new(),
            unsettled: Vec::new(),
        }
    }

    /// Takes an event in; no other may have its message id. It shows when it is [settled](State::settle).
    pub(crate) fn insert(&mut self, event: Event) {
        self.take(event, false);
    }

    /// Takes in one of many that come together: nothing is folded before all of them are there, and then set by set, so that
    /// all that an event changes is at hand.
    pub(crate) fn insert_of_many(&mut self, event: Event) {
        self.take(event, true);
    }

    fn take(&mut self, event: Event, is_of_many: bool) {
        // Both numbers end where memory has ended long before.
        let Some(event) = Kept::of(event, &mut self.people) else {
            return;
        };
        let sets = self.sets_of(&event.links);
        let Some(id) = self.events.insert(event) else { return };
        self.accounts.take(id, &self.events);
        let Some(place) = self.join(id, &sets) else { return };
        if is_of_many {
            self.unsettle(place);
        }
        let Some(set) = self.sets.get_mut(place.0 as usize) else {
            return;
        };
        let is_latest = set.last.is_none_or(|last| self.events.order(last, id).is_lt());
        if !set.unsettled {
            set.is_folded = true;
            let person = if is_latest {
                self.apply(place, id)
            } else {
                self.apply_late(id)
            };
            match person {
                Some(_) => self.resolved(id, person),
                None => self.unsettle(place),
            }
            if let Some(person) = person.filter(|_| !is_latest) {
                self.people.touch(Touched::Event(person, id));
            }
        }
        if let Some(set) = self.sets.get_mut(place.0 as usize) {
            set.events.push(id);
            if is_latest {
                set.last = Some(id);
            }
        }
    }

    /// Takes an event out: one whose message id belongs to an event that comes before it. `claims` are those of the event.
    pub(crate) fn remove(&mut self, message_id: &str, claims: &[Claim]) {
        let mut links = claims.iter().filter_map(|claim| self.people.find(&claim.id));
        let Some(place) = links.find_map(|id| self.set(id)) else {
            return;
        };
        self.reset(place);
        self.unsettle(place);
        let Some(set) = self.sets.get_mut(place.0 as usize) else {
            return;
        };
        let is_it = |id: &EventId| {
            let event = self.events.get(*id);
            event.is_some_and(|event| &*event.message_id == message_id)
        };
        let Some(at) = set.events.iter().position(is_it) else {
            return;
        };
        let id = set.events.swap_remove(at);
        let order = |a: &&EventId, b: &&EventId| self.events.order(**a, **b);
        set.last = set.events.iter().max_by(order).copied();
        self.accounts.take_back(id, &self.events);
        self.events.remove(id);
    }

    /// Folds anew what has to be.
    pub(crate) fn settle(&mut self) {
        for place in std::mem::take(&mut self.unsettled) {
            self.reset(place);
            let Some(set) = self.sets.get_mut(place.0 as usize) else {
                continue;
            };
            // It may stand here twice, or have been taken in by another that does.
            if !std::mem::take(&mut set.unsettled) {
                continue;
            }
            let mut events = std::mem::take(&mut set.events);
            events.sort_by(|a, b| self.events.order(*a, *b));
            for id in &events {
                let person = self.apply(place, *id);
                self.resolved(*id, person);
            }
            if let Some(set) = self.sets.get_mut(place.0 as usize) {
                set.events = events;
                set.is_folded = true;
            }
        }
    }

    /// How many events there are.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// The profiles and accounts, as they were settled last. They stay as they are while further events come.
    pub(crate) fn profiles(&self) -> Profiles {
        Profiles::new(self.people.profiles(&self.events), self.accounts.traits())
    }

    /// The profile that has an identifier.
    pub(crate) fn find(&self, kind: &str, value: &str) -> Option<Arc<Profile>> {
        let person = self.owner(kind, value)?;
        Some(self.people.get(person)?.profile.clone())
    }

    /// What the profile that has an identifier is made of.
    pub(crate) fn trace(&self, kind: &str, value: &str) -> Option<Trace> {
        let person = self.owner(kind, value)?;
        let identifiers = self.people.get(person)?.identifiers().collect::<Vec<_>>();
        let set = self.set(*identifiers.first()?)?;
        let named = |id: IdentifierId| self.people.named(id).cloned();
        let mut trace = Trace {
            identifiers: identifiers.into_iter().filter_map(named).collect(),
            ..Trace::default()
        };
        for id in &self.sets.get(set.0 as usize)?.events {
            let Some(event) = self.events.get(*id) else { continue };
            let own = event.person.map(|own| self.people.current(own));
            let owner = |link: &Link| self.people.owner(link.id);
            if own == Some(person) {
                trace.events.push(event.message_id.clone());
                let former = event.links.iter().filter(|link| owner(link).is_none());
                trace.former.extend(former.filter_map(|link| named(link.id)));
            } else if event.links.iter().any(|link| owner(link) == Some(person)) {
                let came_with = |link: &&Link| self.people.came_with(link.id, *id, &self.events);
                let dropped = event.links.iter().filter(|link| !came_with(link));
                let dropped = dropped.filter_map(|link| named(link.id)).collect();
                trace.dropped.push((event.message_id.clone(), dropped));
            }
        }
        Some(trace)
    }

    /// What was left out of the events, by the documented names (ID-15).
    pub(crate) fn violations(&self) -> BTreeMap<&'static str, u64> {
        let mut violations = Violations::default();
        self.sets.iter().for_each(|set| violations.add_limits(set.limits));
        let events = self.sets.iter().flat_map(|set| &set.events);
        for event in events.filter_map(|id| self.events.get(*id)) {
            violations.add_left_out(event.left_out);
        }
        violations.done()
    }

    /// From now on keeps what becomes of whom.
    pub(crate) fn keep_touched(&mut self) {
        self.people.keep_touched();
    }

    /// What became of whom since this was asked last, in the order in which it did. Events are told as long as nothing else
    /// is taken in or out.
    pub(crate) fn take_touched(&mut self) -> Vec<Touched> {
        self.people.take_touched()
    }

    /// All profiles, each with its number.
    pub(crate) fn people(&self) -> impl Iterator<Item = (PersonId, &Arc<Profile>)> {
        self.people.all().map(|(id, person)| (id, &person.profile))
    }

    /// A profile by its number.
    pub(crate) fn person(&self, id: PersonId) -> Option<&Arc<Profile>> {
        self.people.get(id).map(|person| &person.profile)
    }

    /// What an event is about.
    pub(crate) fn about(&self, id: EventId) -> Option<About<'_>> {
        let event = self.events.get(id)?;
        Some(About {
            event: match &event.effect {
                Effect::Past { name, .. } => Some(name),
                _ => None,
            },
            traits: match &event.effect {
                Effect::Traits(traits) => Some(traits),
                _ => None,
            },
            is_group: matches!(event.effect, Effect::Group { .. }),
            consent: event.consent.is_some(),
        })
    }

    /// The connected set of an identifier, if any event carries it.
    pub(crate) fn set_with(&self, id: &Identifier) -> Option<SetId> {
        self.set(self.people.find(id)?)
    }

    /// The events of a connected set, with what they say of identity and consent.
    pub(crate) fn events_of(&self, set: SetId) -> impl Iterator<Item = Event> {
        let events = self.sets.get(set.0 as usize).into_iter().flat_map(|set| &set.events);
        let events = events.filter_map(|id| self.events.get(*id));
        events.map(|event| {
            let claim = |link: &Link| {
                let id = self.people.named(link.id)?.clone();
                Some(Claim { id, own: link.own })
            };
            Event {
                times: event.times,
                message_id: event.message_id.clone(),
                claims: event.links.iter().filter_map(claim).collect(),
                consent: event.consent.clone(),
                effect: Effect::Nothing,
                left_out: event.left_out,
                is_timed: event.is_timed,
            }
        })
    }

    /// Whether any event carries an identifier.
    pub(crate) fn carries(&self, kind: &str, value: &str) -> bool {
        self.people.find(&identifier(kind, value)).is_some()
    }

    /// The identifiers that events carry.
    pub(crate) fn identifiers(&self) -> impl Iterator<Item = &Identifier> {
        self.people.identifiers()
    }

    /// An identifier by its number.
    pub(crate) fn named(&self, id: IdentifierId) -> Option<&Identifier> {
        self.people.named(id)
    }

    /// The traits of an account that a group call names.
    pub(crate) fn account(&self, id: &str) -> Option<&Object> {
        self.accounts.of(id)
    }

    /// The accounts that group calls name.
    pub(crate) fn account_ids(&self) -> impl Iterator<Item = &str> {
        self.accounts.ids()
    }

    /// The number of the profile that has an identifier.
    pub(crate) fn owner(&self, kind: &str, value: &str) -> Option<PersonId> {
        self.people.owner(self.people.find(&identifier(kind, value))?)
    }

    /// The sets of identifiers, each once.
    fn sets_of(&mut self, links: &[Link]) -> Vec<SetId> {
        let mut sets: Vec<SetId> = links.iter().filter_map(|link| self.set(link.id)).collect();
        sets.sort_unstable();
        sets.dedup();
        sets
    }

    /// The set of an identifier.
    fn set(&self, id: IdentifierId) -> Option<SetId> {
        let mut place = (*self.set_of.get(id.index())?)?;
        while let Some(into) = self.sets.get(place.0 as usize)?.into {
            place = into;
        }
        Some(place)
    }

    /// Makes one set of these, or a new one where there is none, and puts the identifiers of an event into it.
    fn join(&mut self, id: EventId, sets: &[SetId]) -> Option<SetId> {
        let size = |place: &&SetId| self.sets.get(place.0 as usize).map(|set| set.events.len());
        let place = match sets.iter().max_by_key(size) {
            Some(place) => *place,
            None => {
                self.sets.push(Set::default());
                SetId(u32::try_from(self.sets.len() - 1).ok()?)
            }
        };
        for other in sets.iter().filter(|other| **other != place) {
            self.take_in(place, *other);
        }
        for link in self.events.get(id)?.links.iter() {
            let at = link.id.index();
            if self.set_of.len() <= at {
                self.set_of.resize(at + 1, None);
            }
            if let Some(set) = self.set_of.get_mut(at) {
                *set = Some(place);
            }
        }
        Some(place)
    }

    fn take_in(&mut self, place: SetId, other: SetId) {
        let Some(other) = self.sets.get_mut(other.0 as usize) else {
            return;
        };
        let taken = std::mem::replace(
            other,
            Set {
                into: Some(place),
                ..Set::default()
            },
        );
        let Some(set) = self.sets.get_mut(place.0 as usize) else {
            return;
        };
        set.events.extend(taken.events);
        set.is_folded |= taken.is_folded;
        set.limits.add(taken.limits);
        set.last = match (set.last, taken.last) {
            (Some(own), Some(other)) if self.events.order(own, other).is_gt() => Some(own),
            (own, other) => other.or(own),
        };
        if taken.unsettled {
            self.unsettle(place);
        }
    }

    fn unsettle(&mut self, place: SetId) {
        if let Some(set) = self.sets.get_mut(place.0 as usize)
            && !set.unsettled
        {
            set.unsettled = true;
            self.unsettled.push(place);
        }
    }

    /// Forgets what the events of a set lead to.
    fn reset(&mut self, place: SetId) {
        let Some(set) = self.sets.get_mut(place.0 as usize) else {
            return;
        };
        set.limits = Limits::default();
        if !std::mem::take(&mut set.is_folded) {
            return;
        }
        for id in &set.events {
            if let Some(event) = self.events.get_mut(*id) {
                self.people.reset(event);
            }
        }
    }

    fn resolved(&mut self, id: EventId, person: Option<PersonId>) {
        if let Some(event) = self.events.get_mut(id) {
            event.person = person;
        }
    }

    /// Folds an event that comes after all others of its set.
    fn apply(&mut self, place: SetId, id: EventId) -> Option<PersonId> {
        let limits = &mut self.sets.get_mut(place.0 as usize)?.limits;
        let by = Fold {
            events: &self.events,
            rules: &self.rules,
            configured: &self.configured,
        };
        self.people.apply(id, by, limits)
    }

    /// Puts a late event where it belongs, if that is all there is to do.
    fn apply_late(&mut self, id: EventId) -> Option<PersonId> {
        let by = Fold {
            events: &self.events,
            rules: &self.rules,
            configured: &self.configured,
        };
        let event = self.events.get(id)?;
        let person = self.people.owner_at(id, &event.links, &self.events)?;
        let at = Moment {
            event: id,
            time: event.times.earlier(),
        };
        let taken = self.people.get_mut(person)?.take_late(at, event, by);
        taken.then_some(person)
    }
}

/// An identifier as events name it.
fn identifier(kind: &str, value: &str) -> Identifier {
    Identifier {
        kind: kind.to_owned().into(),
        value: matched(kind, value).into(),
    }
}
