//! The profiles while they are being built, and how an event finds its own (ID-10 to ID-23).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::event::{Claim, Identifier};
use super::identifiers::ANONYMOUS_ID;
use super::ledger::Ledger;
use super::violations::{TIME_LIMIT, VALUE_LIMIT, Violations};
use crate::model::{IdentityRules, Period, USER_ID};
use crate::time::Timestamp;
use crate::value::Value;

/// A profile under construction. Its parts keep the places of events in canonical order, so that a merge is a union.
#[derive(Default)]
pub(super) struct Person {
    /// With the time of the event that added each, for limits over a period (ID-7).
    pub(super) identifiers: BTreeMap<Identifier, Timestamp>,
    /// With the place of the event that set each. A removal is remembered as null, so that it can win a merge.
    pub(super) traits: BTreeMap<Box<str>, (usize, Value)>,
    pub(super) accounts: BTreeSet<Box<str>>,
    pub(super) consent: Ledger,
    /// The places of the events that stand in its history; in no order after a merge.
    pub(super) events: Vec<usize>,
}

impl Person {
    fn has(&self, kind: &str) -> bool {
        self.of_kind(kind).next().is_some()
    }

    /// When each identifier of a type was added.
    fn of_kind(&self, kind: &str) -> impl Iterator<Item = Timestamp> {
        let first = Identifier {
            kind: kind.to_owned().into(),
            value: "".into(),
        };
        let from_there = self.identifiers.range(first..);
        from_there
            .take_while(move |(id, _)| id.kind == kind)
            .map(|(_, added)| *added)
    }

    /// Takes in another (ID-20 to ID-22); of a trait of both the later wins (ID-21). Its consent is given back, for it is not
    /// merged like the rest (ID-25).
    fn absorb(&mut self, other: Person) -> Ledger {
        // The smaller is put into the larger; what is on both sides (traits alone) is told apart by its place.
        let (mut identifiers, mut traits) = (other.identifiers, other.traits);
        if identifiers.len() > self.identifiers.len() {
            std::mem::swap(&mut self.identifiers, &mut identifiers);
        }
        if traits.len() > self.traits.len() {
            std::mem::swap(&mut self.traits, &mut traits);
        }
        self.identifiers.extend(identifiers);
        for (key, (order, value)) in traits {
            match self.traits.get_mut(&key) {
                Some(own) if own.0 > order => {}
                Some(own) => *own = (order, value),
                None => {
                    self.traits.insert(key, (order, value));
                }
            }
        }
        self.accounts.extend(other.accounts);
        // They are sorted in the end, so the longer list need not be moved.
        let mut others = other.events;
        if others.len() > self.events.len() {
            std::mem::swap(&mut self.events, &mut others);
        }
        self.events.extend(others);
        other.consent
    }
}

/// Who has identifiers of a type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Profile(usize),
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

/// How the profiles that an event finds belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joining {
    /// There is one at most, and nothing to compare.
    Plain,
    /// One user on one more device (CP-13).
    Login,
    /// Stored profiles are compared (CP-11).
    Merge,
    /// The event itself is one side of the comparison (CP-14).
    NewUser,
}

/// Where an event goes.
pub(super) struct Resolution {
    /// The identifiers that merge protection left to the event.
    claims: Vec<Claim>,
    /// The profiles that it finds by them, the earliest created first.
    places: Vec<usize>,
    pub(super) joining: Joining,
}

/// All profiles, in order of creation. One that was merged into an earlier one leaves its place empty.
#[derive(Default)]
pub(super) struct People {
    places: Vec<Option<Person>>,
    /// Looked up only, never walked: its order is not the same twice.
    by_identifier: HashMap<Identifier, usize>,
}

impl People {
    fn get(&self, place: usize) -> Option<&Person> {
        self.places.get(place)?.as_ref()
    }

    fn get_mut(&mut self, place: usize) -> Option<&mut Person> {
        self.places.get_mut(place)?.as_mut()
    }

    /// Those that are left, in order of creation.
    pub(super) fn into_iter(self) -> impl Iterator<Item = Person> {
        self.places.into_iter().flatten()
    }

    /// Finds the profiles of an event, dropping the identifiers that would break a limit (ID-10, ID-11).
    pub(super) fn resolve(
        &self,
        mut claims: Vec<Claim>,
        timestamp: Timestamp,
        with_consent: bool,
        rules: &IdentityRules,
        violations: &mut Violations,
    ) -> Resolution {
        loop {
            let found: BTreeSet<usize> = claims.iter().filter_map(|claim| self.place(claim)).collect();
            let places: Vec<usize> = found.into_iter().collect();
            // The last one left matches by itself, whatever the limits say (ID-13).
            let over = (claims.len() > 1).then(|| self.over_limit(&claims, &places, timestamp, rules));
            let Some(period) = over.flatten() else {
                let joining = self.joining(&claims, &places, with_consent);
                return Resolution {
                    claims,
                    places,
                    joining,
                };
            };
            violations.count(if period == Period::Ever {
                VALUE_LIMIT
            } else {
                TIME_LIMIT
            });
            let lowest = claims
                .iter()
                .enumerate()
                .max_by_key(|(_, claim)| (rules.rank(&claim.id.kind), &claim.id.value))
                .map(|(at, _)| at);
            if let Some(at) = lowest {
                claims.remove(at);
            }
        }
    }

    fn place(&self, claim: &Claim) -> Option<usize> {
        self.by_identifier.get(&claim.id).copied()
    }

    /// The period of the first type, in the order of priority, of which the resulting profile would have too many
    /// (ID-11). Where one of the profiles has all values of a type already, nothing is added and nothing counted (ID-7).
    fn over_limit(
        &self,
        claims: &[Claim],
        places: &[usize],
        timestamp: Timestamp,
        rules: &IdentityRules,
    ) -> Option<Period> {
        let people: Vec<&Person> = places.iter().filter_map(|place| self.get(*place)).collect();
        let new = claims.iter().filter(|claim| self.place(claim).is_none());
        let new: Vec<&Identifier> = new.map(|claim| &claim.id).collect();
        let mut kinds: BTreeSet<&str> = new.iter().map(|id| &*id.kind).collect();
        if people.len() > 1 {
            // Of one profile only the types of new values can grow; of several, those that another has too. So the largest
            // need not be looked through.
            let largest = people
                .iter()
                .enumerate()
                .max_by_key(|(_, person)| person.identifiers.len());
            let largest = largest.map(|(at, _)| at);
            let others = people.iter().enumerate().filter(|(at, _)| Some(*at) != largest);
            kinds.extend(
                others
                    .flat_map(|(_, person)| person.identifiers.keys())
                    .map(|id| &*id.kind),
            );
        }
        // No type can have more than all have together: a wide limit need not be counted against.
        let most = people.iter().map(|person| person.identifiers.len()).sum::<usize>() + new.len();
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

    fn joining(&self, claims: &[Claim], places: &[usize], with_consent: bool) -> Joining {
        let people = || places.iter().filter_map(|place| self.get(*place));
        let is_new_user = || {
            let is_new = |kind: &str| {
                let mut of_kind = claims.iter().filter(|claim| claim.id.kind == kind).peekable();
                of_kind.peek().is_some() && of_kind.all(|claim| self.place(claim).is_none())
            };
            is_new(USER_ID) && is_new(ANONYMOUS_ID) && !people().any(|person| person.has(USER_ID))
        };
        if places.is_empty() {
            return Joining::Plain;
        }
        if with_consent && is_new_user() {
            return Joining::NewUser;
        }
        let own = |kind| claims.iter().find(|claim| claim.own && claim.id.kind == kind);
        let own_place = |kind| own(kind).and_then(|claim| self.place(claim));
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

    /// Carries a resolution out: creates, merges, adds the identifiers. Gives the event's profile, and the consent of those
    /// that were merged into it.
    pub(super) fn settle(
        &mut self,
        resolution: Resolution,
        timestamp: Timestamp,
    ) -> Option<(&mut Person, Vec<Ledger>)> {
        let mut ledgers = Vec::new();
        let mut places = resolution.places.into_iter();
        let place = places.next().unwrap_or_else(|| {
            self.places.push(Some(Person::default()));
            self.places.len() - 1
        });
        // The earliest created survives (ID-19).
        for later in places {
            let Some(absorbed) = self.places.get_mut(later).and_then(Option::take) else {
                continue;
            };
            for id in absorbed.identifiers.keys() {
                self.by_identifier.insert(id.clone(), place);
            }
            if let Some(person) = self.get_mut(place) {
                ledgers.push(person.absorb(absorbed));
            }
        }
        for Claim { id, .. } in resolution.claims {
            if !self.by_identifier.contains_key(&id) {
                self.by_identifier.insert(id.clone(), place);
                if let Some(person) = self.get_mut(place) {
                    person.identifiers.insert(id, timestamp);
                }
            }
        }
        self.get_mut(place).map(|person| (person, ledgers))
    }
}
