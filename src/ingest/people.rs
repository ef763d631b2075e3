//! The profiles while events come in, and how an event finds its own (ID-10 to ID-23).
//!
//! [`People::apply`] takes events in canonical order. What it keeps of an identity is enough to tell, for an event that
//! comes late, whether it would have changed anything about who is who ([`People::owner_at`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::event::{Claim, Identifier};
use super::events::{EventId, Events, Kept, Link, Links};
use super::fold::Fold;
use super::identifiers::ANONYMOUS_ID;
use super::index::{Hashing, IdentifierHash, Index};
use super::ledger::Moment;
use super::person::{Joining, Person};
use super::violations::Limits;
use crate::model::{IdentityRules, Period, Profile, USER_ID};
use crate::time::Timestamp;

/// The number of an identifier that some event carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct IdentifierId(u32);

/// The number of a profile. It is given anew when the profile is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PersonId(u32);

impl IdentifierId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }

    #[cfg(test)]
    pub(super) fn numbered(number: u32) -> Self {
        IdentifierId(number)
    }
}

impl PersonId {
    /// The profile of a number.
    pub(crate) fn at(index: usize) -> Self {
        PersonId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// Its number, for tables: there are no gaps but those of profiles that are gone.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What an identifier is looked up by, and its number, if it had one then.
pub(super) type Looked = (IdentifierHash, Option<IdentifierId>);

/// What became of a profile or an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touched {
    /// It took an event in; who is who stayed as it was.
    Event(PersonId, EventId),
    /// The event brought it an identifier.
    Identified(PersonId, EventId),
    /// It was made, or another was merged into it.
    Whole(PersonId),
    /// It is gone. Its number may be given anew.
    Gone(PersonId),
    /// Whose identifier it is may have changed.
    Identifier(IdentifierId),
}

#[derive(Debug)]
struct Known {
    /// None where others have [adopted](People::adopt) it.
    id: Option<Arc<Identifier>>,
    /// None while only events carry it from which it was dropped.
    attached: Option<Attached>,
}

/// How an identifier came to a profile.
#[derive(Debug, Clone, Copy)]
struct Attached {
    /// The event that added it, and the profile it added it to.
    by: EventId,
    to: PersonId,
    /// The profile that has taken that one in since.
    owner: PersonId,
}

#[derive(Debug)]
enum Slot {
    Free,
    Person(Box<Person>),
    /// It was taken in by another, by an event.
    Merged {
        into: PersonId,
        by: EventId,
    },
}

/// Who has identifiers of a type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Profile(PersonId),
    Event,
}

/// The identifiers of one type that a resulting profile would have.
#[derive(Default)]
struct Tally {
    last: Option<Side>,
    sides: u32,
    /// Those within the period of the limit.
    counted: u32,
}

impl Tally {
    fn add(&mut self, side: Side, counts: bool) {
        if self.last.replace(side) != Some(side) {
            self.sides += 1;
        }
        self.counted += u32::from(counts);
    }

    /// Whether no profile has all of them already.
    fn grows(&self) -> bool {
        self.sides > 1 || self.last == Some(Side::Event)
    }
}

/// Where an event goes.
struct Resolution {
    /// The identifiers that merge protection left to the event.
    links: Vec<Link>,
    /// The profiles that it finds by them, the earliest created first.
    places: Vec<PersonId>,
    joining: Joining,
}

/// All profiles and the identifiers that they are found by.
#[derive(Debug, Default)]
pub(super) struct People {
    slots: Vec<Slot>,
    free: Vec<PersonId>,
    known: Vec<Known>,
    by_identifier: Index,
    /// What became of whom, if somebody wants to know.
    touched: Option<Vec<Touched>>,
}

impl People {
    /// From now on keeps what becomes of whom, until it is [asked for](People::take_touched).
    pub(super) fn keep_touched(&mut self) {
        self.touched.get_or_insert_default();
    }

    /// What became of whom since this was asked last.
    pub(super) fn take_touched(&mut self) -> Vec<Touched> {
        self.touched.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(super) fn touch(&mut self, touched: Touched) {
        if let Some(all) = &mut self.touched {
            all.push(touched);
        }
    }

    /// All profiles, each with its number, in the order of these.
    pub(super) fn all(&self) -> impl Iterator<Item = (PersonId, &Person)> {
        let slots = (0..).zip(&self.slots);
        slots.filter_map(|(number, slot)| match slot {
            Slot::Person(person) => Some((PersonId(number), &**person)),
            Slot::Free | Slot::Merged { .. } => None,
        })
    }

    pub(super) fn get(&self, person: PersonId) -> Option<&Person> {
        match self.slots.get(person.0 as usize)? {
            Slot::Person(person) => Some(person),
            Slot::Free | Slot::Merged { .. } => None,
        }
    }

    pub(super) fn get_mut(&mut self, person: PersonId) -> Option<&mut Person> {
        match self.slots.get_mut(person.0 as usize)? {
            Slot::Person(person) => Some(person),
            Slot::Free | Slot::Merged { .. } => None,
        }
    }

    /// Drops the history of all profiles at or before an instant.
    pub(super) fn drop_history(&mut self, horizon: Timestamp) {
        for slot in &mut self.slots {
            if let Slot::Person(person) = slot {
                person.drop_history(horizon);
            }
        }
    }

    /// The profiles, in order of creation.
    pub(super) fn profiles(&self, events: &Events) -> Vec<Arc<Profile>> {
        let people = self.slots.iter().filter_map(|slot| match slot {
            Slot::Person(person) => Some(&**person),
            Slot::Free | Slot::Merged { .. } => None,
        });
        let mut people: Vec<&Person> = people.collect();
        people.sort_by(|a, b| events.order(a.created, b.created));
        people.into_iter().map(|person| person.profile.clone()).collect()
    }

    /// The number of an identifier, if any event carries it.
    pub(super) fn find(&self, id: &Identifier) -> Option<IdentifierId> {
        self.by_identifier.get(self.by_identifier.hashing().identifier(id))
    }

    /// What identifiers are looked up by, and which of them have a number: many at once, for then the memory that each of them
    /// asks for is on its way together.
    pub(super) fn look_up(&self, hashes: Vec<IdentifierHash>) -> impl Iterator<Item = Looked> + use<> {
        let found: Vec<Option<IdentifierId>> = hashes.iter().map(|hash| self.by_identifier.get(*hash)).collect();
        hashes.into_iter().zip(found)
    }

    /// What makes the hashes that identifiers are looked up by.
    pub(super) fn hashing(&self) -> &Hashing {
        self.by_identifier.hashing()
    }

    /// The profile that has an identifier.
    pub(super) fn owner(&self, id: IdentifierId) -> Option<PersonId> {
        self.attached(id).map(|attached| attached.owner)
    }

    /// The claims of an event as links, given what each was [looked up](People::look_up) by. There are at most `u32::MAX`
    /// identifiers; beyond, `None`.
    pub(super) fn link(&mut self, claims: Vec<Claim>, looked: impl Iterator<Item = Looked>) -> Option<Links> {
        let links = claims
            .into_iter()
            .zip(looked)
            .map(|(Claim { id, own }, (hash, known))| {
                if let Some(id) = known {
                    return Some(Link { id, own });
                }
                let next = IdentifierId(u32::try_from(self.known.len()).ok()?);
                let number = self.by_identifier.get_or_insert(hash, next);
                if number == next {
                    self.known.push(Known {
                        id: Some(Arc::new(id)),
                        attached: None,
                    });
                }
                Some(Link { id: number, own })
            });
        links.collect::<Option<Vec<Link>>>().map(Links::from)
    }

    /// Takes over from others what the identifiers of these events are, which no other event there has. Their numbers, which
    /// the events name, are new; in the same order.
    pub(super) fn adopt(&mut self, others: &mut People, events: &mut [Kept]) {
        let links = events.iter().flat_map(|event| event.links.iter());
        let mut old: Vec<IdentifierId> = links.map(|link| link.id).collect();
        old.sort_unstable();
        old.dedup();
        let first = self.known.len();
        for id in &old {
            let known = others.known.get_mut(id.index());
            self.known.push(Known {
                id: known.and_then(|known| known.id.take()),
                attached: None,
            });
        }
        for link in events.iter_mut().flat_map(|event| event.links.iter_mut()) {
            let at = old.binary_search(&link.id).unwrap_or_default();
            link.id = IdentifierId(u32::try_from(first + at).unwrap_or(u32::MAX));
        }
    }

    /// Ends what only new events need: after it no identifier is found by its name.
    pub(super) fn seal(&mut self) {
        self.by_identifier = Index::default();
    }

    /// Gives the profiles away, each with the event that created it. Their identifiers must not come again.
    pub(super) fn take_profiles(&mut self, mut give: impl FnMut(EventId, Arc<Profile>)) {
        for slot in self.slots.drain(..) {
            if let Slot::Person(person) = slot {
                give(person.created, person.into_profile());
            }
        }
        self.free.clear();
    }

    /// Takes in an event that comes after all that were taken in and are connected to it. Gives its profile.
    pub(super) fn apply(&mut self, id: EventId, by: Fold<'_>, limits: &mut Limits) -> Option<PersonId> {
        let event = by.events.get(id)?;
        let at = Moment {
            event: id,
            time: event.times.earlier(),
        };
        if let Some(place) = self.known_place(&event.links) {
            self.get_mut(place)?.take(at, event, by);
            self.touch(Touched::Event(place, id));
            return Some(place);
        }
        let resolution = self.resolve(event, by, limits);
        let joining = resolution.joining;
        let is_alone = resolution.places.len() == 1;
        for absorbed in resolution.places.iter().skip(1) {
            self.touch(Touched::Gone(*absorbed));
        }
        let (place, others) = self.settle(resolution, id, event, by.events)?;
        self.touch(match is_alone {
            true => Touched::Identified(place, id),
            false => Touched::Whole(place),
        });
        let person = self.get_mut(place)?;
        person.join(others, joining, at, event, by);
        // After a comparison, so that it cannot settle the conflicts that it caused (CP-15).
        person.take(at, event, by);
        Some(place)
    }

    /// The profile that has taken this one in since, or this one itself.
    pub(super) fn current(&self, person: PersonId) -> PersonId {
        let mut place = person;
        while let Some(Slot::Merged { into, .. }) = self.slots.get(place.0 as usize) {
            place = *into;
        }
        place
    }

    /// The identifiers that events carry.
    pub(super) fn identifiers(&self) -> impl Iterator<Item = &Identifier> {
        self.known.iter().filter_map(|known| known.id.as_deref())
    }

    /// An identifier by its number.
    pub(super) fn named(&self, id: IdentifierId) -> Option<&Identifier> {
        self.known.get(id.index())?.id.as_deref()
    }

    /// Whether an event that comes late leaves everything about identities as it is: all that it claims was on one
    /// profile, when it happened. Then this is the profile that has taken that one in since, or that one itself.
    pub(super) fn owner_at(&self, id: EventId, links: &[Link], events: &Events) -> Option<PersonId> {
        let mut owners = links.iter().map(|link| {
            let attached = self.attached(link.id)?;
            let is_before = |other| events.order(other, id).is_lt();
            let mut place = is_before(attached.by).then_some(attached.to)?;
            while let Some(Slot::Merged { into, by }) = self.slots.get(place.0 as usize) {
                if !is_before(*by) {
                    break;
                }
                place = *into;
            }
            Some((place, attached.owner))
        });
        let (place, owner) = owners.next()??;
        owners
            .all(|other| other.is_some_and(|(other, _)| other == place))
            .then_some(owner)
    }

    /// Whether an identifier was on the profile that an event resolved to as soon as it had: otherwise it was dropped from
    /// it. The event is one that did not come late to a profile that had all its identifiers.
    pub(super) fn came_with(&self, identifier: IdentifierId, id: EventId, events: &Events) -> bool {
        let is_after = |other| events.order(other, id).is_gt();
        let Some(attached) = self.attached(identifier).filter(|attached| !is_after(attached.by)) else {
            return false;
        };
        let mut place = attached.to;
        while let Some(Slot::Merged { into, by }) = self.slots.get(place.0 as usize) {
            if is_after(*by) {
                break;
            }
            place = *into;
        }
        events.get(id).is_some_and(|event| event.person == Some(place))
    }

    /// Forgets the profile that an event resolved to and who has its identifiers, before connected events are folded anew.
    pub(super) fn reset(&mut self, event: &mut Kept) {
        for link in event.links.iter() {
            self.touch(Touched::Identifier(link.id));
            if let Some(known) = self.known.get_mut(link.id.index()) {
                known.attached = None;
            }
        }
        let Some(place) = event.person.take() else { return };
        if let Some(slot) = self.slots.get_mut(place.0 as usize)
            && !matches!(slot, Slot::Free)
        {
            *slot = Slot::Free;
            self.free.push(place);
            self.touch(Touched::Gone(place));
        }
    }

    fn attached(&self, id: IdentifierId) -> Option<Attached> {
        self.known.get(id.index())?.attached
    }

    /// The profile of a link.
    fn place(&self, link: &Link) -> Option<PersonId> {
        self.owner(link.id)
    }

    fn identifier(&self, link: &Link) -> Option<&Identifier> {
        self.named(link.id)
    }

    fn is_of(&self, link: &Link, kind: &str) -> bool {
        self.identifier(link).is_some_and(|id| id.kind == kind)
    }

    /// The profile that has all of these identifiers already: the usual case, in which nothing is to be told apart.
    fn known_place(&self, links: &[Link]) -> Option<PersonId> {
        let (first, others) = links.split_first()?;
        let place = self.place(first)?;
        others
            .iter()
            .all(|other| self.place(other) == Some(place))
            .then_some(place)
    }

    /// Finds the profiles of an event, dropping the identifiers that would break a limit (ID-10, ID-11).
    fn resolve(&self, event: &Kept, by: Fold<'_>, limits: &mut Limits) -> Resolution {
        let Fold { events, rules, .. } = by;
        let mut links = event.links.to_vec();
        loop {
            let mut places: Vec<PersonId> = links.iter().filter_map(|link| self.place(link)).collect();
            places.sort_unstable();
            places.dedup();
            let created = |place: &PersonId| self.get(*place).map(|person| person.created);
            // The earliest created first (ID-19).
            places.sort_by(|a, b| match (created(a), created(b)) {
                (Some(a), Some(b)) => events.order(a, b),
                _ => a.cmp(b),
            });
            // The last one left matches by itself, whatever the limits say (ID-13).
            let over = (links.len() > 1).then(|| self.over_limit(&links, &places, event.times.timestamp, rules));
            let Some(period) = over.flatten() else {
                let joining = self.joining(&links, &places, event.consent.is_some());
                return Resolution { links, places, joining };
            };
            limits.count(period);
            let lowest = links
                .iter()
                .enumerate()
                .filter_map(|(at, link)| Some((at, self.identifier(link)?)))
                .max_by_key(|(_, id)| (rules.rank(&id.kind), &id.value))
                .map(|(at, _)| at);
            if let Some(at) = lowest {
                links.remove(at);
            }
        }
    }

    /// The period of the first type, in the order of priority, of which the resulting profile would have too many
    /// (ID-11). Where one of the profiles has all values of a type already, nothing is added and nothing counted (ID-7).
    fn over_limit(
        &self,
        links: &[Link],
        places: &[PersonId],
        timestamp: Timestamp,
        rules: &IdentityRules,
    ) -> Option<Period> {
        let people: Vec<&Person> = places.iter().filter_map(|place| self.get(*place)).collect();
        let new = links.iter().filter(|link| self.place(link).is_none());
        let new: Vec<&Identifier> = new.filter_map(|link| self.identifier(link)).collect();
        let mut kinds: BTreeSet<&str> = new.iter().map(|id| &*id.kind).collect();
        if people.len() > 1 {
            // Of one profile only the types of new values can grow; of several, those that another has too. So the largest
            // need not be looked through.
            let largest = people.iter().enumerate().max_by_key(|(_, person)| person.size());
            let largest = largest.map(|(at, _)| at);
            let others = people.iter().enumerate().filter(|(at, _)| Some(*at) != largest);
            kinds.extend(others.flat_map(|(_, person)| person.kinds()));
        }
        // No type can have more than all have together: a wide limit need not be counted against.
        let most = people.iter().map(|person| person.size()).sum::<usize>() + new.len();
        let over = kinds.into_iter().filter(|kind| {
            let (limit, period) = rules.limit(kind);
            if u32::try_from(most).is_ok_and(|most| most <= limit) {
                return false;
            }
            let counts = |added: Timestamp| period.duration().is_none_or(|length| added > timestamp.minus(length));
            let mut tally = Tally::default();
            for (person, place) in people.iter().zip(places) {
                let added = person.of_kind(kind);
                added.for_each(|added| tally.add(Side::Profile(*place), counts(added)));
            }
            let of_event = new.iter().filter(|id| id.kind == **kind);
            of_event.for_each(|_| tally.add(Side::Event, counts(timestamp)));
            tally.grows() && tally.counted > limit
        });
        let first = over.min_by_key(|kind| rules.rank(kind));
        first.map(|kind| rules.limit(kind).1)
    }

    fn joining(&self, links: &[Link], places: &[PersonId], with_consent: bool) -> Joining {
        let people = || places.iter().filter_map(|place| self.get(*place));
        let is_new_user = || {
            let is_new = |kind: &str| {
                let mut of_kind = links.iter().filter(|link| self.is_of(link, kind)).peekable();
                of_kind.peek().is_some() && of_kind.all(|link| self.place(link).is_none())
            };
            is_new(USER_ID) && is_new(ANONYMOUS_ID) && !people().any(|person| person.has(USER_ID))
        };
        if places.is_empty() {
            return Joining::Plain;
        }
        if with_consent && is_new_user() {
            return Joining::NewUser;
        }
        let own = |kind| links.iter().find(|link| link.own && self.is_of(link, kind));
        let own_place = |kind| own(kind).and_then(|link| self.place(link));
        match *places {
            [_] => Joining::Plain,
            [_, _] => match (own_place(USER_ID), own_place(ANONYMOUS_ID)) {
                (Some(_), Some(device)) if !self.get(device).is_some_and(|d| d.has(USER_ID)) => Joining::Login,
                _ => Joining::Merge,
            },
            // An event has one anonymousId, which can be on one profile only: of three, one pair is no login.
            _ => Joining::Merge,
        }
    }

    /// Carries a resolution out: creates, merges, adds the identifiers. Gives the event's profile, and those that were
    /// merged into it, whose consent is still their own.
    fn settle(
        &mut self,
        resolution: Resolution,
        by: EventId,
        event: &Kept,
        events: &Events,
    ) -> Option<(PersonId, Vec<Person>)> {
        let mut places = resolution.places.into_iter();
        let place = match places.next() {
            Some(place) => place,
            None => self.create(by)?,
        };
        let mut absorbed = Vec::new();
        // The earliest created survives (ID-19).
        for later in places {
            let Some(slot) = self.slots.get_mut(later.0 as usize) else {
                continue;
            };
            let merged = Slot::Merged { into: place, by };
            let Slot::Person(mut other) = std::mem::replace(slot, merged) else {
                continue;
            };
            for id in other.identifiers() {
                let known = self.known.get_mut(id.index());
                if let Some(attached) = known.and_then(|known| known.attached.as_mut()) {
                    attached.owner = place;
                }
            }
            if let Some(person) = self.get_mut(place) {
                person.absorb(&mut other, events);
                absorbed.push(*other);
            }
        }
        for Link { id, .. } in resolution.links {
            let Some(known) = self.known.get_mut(id.index()) else {
                continue;
            };
            if known.attached.is_none() {
                known.attached = Some(Attached {
                    by,
                    to: place,
                    owner: place,
                });
                let identifier = known.id.clone();
                if let (Some(person), Some(identifier)) = (self.get_mut(place), identifier) {
                    person.identify(identifier, id, event.times.timestamp);
                }
            }
        }
        Some((place, absorbed))
    }

    /// There are at most `u32::MAX`; beyond, `None`.
    fn create(&mut self, by: EventId) -> Option<PersonId> {
        let person = Slot::Person(Box::new(Person::new(by)));
        if let Some(place) = self.free.pop() {
            if let Some(slot) = self.slots.get_mut(place.0 as usize) {
                *slot = person;
            }
            return Some(place);
        }
        let place = u32::try_from(self.slots.len()).ok()?;
        self.slots.push(person);
        Some(PersonId(place))
    }
}
