//! Profiles laid out in columns.

use std::sync::Arc;

use super::bits::{self, BLOCK, Bits};
use super::column::{Cell, Column, Growing};
use super::select::part;
use crate::consent::ConsentState;
use crate::eval::members::has_accounts;
use crate::eval::row::between;
use crate::ir::{CategorySlot, EventSlot, Program, Subject, TraitSource};
use crate::model::{Consent, History, Identifiers, PastEvent, Profile};
use crate::time::Timestamp;
use crate::value::{Object, Path, Value};

/// What a program reads of some profiles, column by column.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(super) count: usize,
    /// The profiles, where they are at hand anyway.
    pub(super) people: Vec<Arc<Profile>>,
    /// By trait slot; of accounts and of computed traits there is nothing.
    pub(super) traits: Vec<Column>,
    /// By event slot.
    pub(super) events: Vec<Events>,
    /// By category slot, a state for each profile.
    pub(super) consent: Vec<Vec<ConsentState>>,
    /// Who has one of the identifiers that make a member, and who has an anonymous one (AM-6).
    known: Vec<bool>,
    anonymous: Vec<bool>,
}

/// The events of one name: profile by profile, each one's in time order.
#[derive(Debug)]
pub(crate) struct Events {
    /// Where those of each profile begin, and those of the last one end.
    pub(crate) starts: Vec<u32>,
    pub(crate) times: Vec<i64>,
    /// By property slot.
    pub(crate) properties: Vec<Column>,
}

/// The columns of a segment, made by whoever has no profiles. Each has as many places as there are profiles; nobody has an
/// account.
#[cfg(feature = "parquet")]
#[derive(Debug)]
pub(crate) struct Columns {
    /// By trait slot; of accounts and of computed traits there is nothing.
    pub(crate) traits: Vec<Column>,
    /// By event slot.
    pub(crate) events: Vec<Events>,
    /// By category slot, a state for each profile.
    pub(crate) consent: Vec<Vec<ConsentState>>,
    /// Who has one of the identifiers that make a member, and who has an anonymous one (AM-6).
    pub(crate) known: Vec<bool>,
    pub(crate) anonymous: Vec<bool>,
}

/// A segment that grows.
#[derive(Debug)]
pub(super) struct GrowingSegment {
    traits: Vec<Growing>,
    events: Vec<GrowingEvents>,
    consent: Vec<Vec<ConsentState>>,
    known: Vec<bool>,
    anonymous: Vec<bool>,
    /// Whether the program has audiences of accounts.
    with_accounts: bool,
}

impl GrowingSegment {
    pub(super) fn new(program: &Program) -> Self {
        let events = program.events.iter();
        GrowingSegment {
            traits: program.traits.iter().map(|_| Growing::new()).collect(),
            events: events.map(|event| GrowingEvents::new(event.properties.len())).collect(),
            consent: program.categories.iter().map(|_| Vec::new()).collect(),
            known: Vec::new(),
            anonymous: Vec::new(),
            with_accounts: has_accounts(program),
        }
    }

    /// How many profiles it has.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// How many events of one name it has at the most.
    pub(super) fn events(&self) -> usize {
        self.events.iter().map(|events| events.times.len()).max().unwrap_or(0)
    }

    /// Lays out one profile more.
    pub(super) fn push(&mut self, program: &Program, profile: &Profile) {
        for (source, column) in program.traits.iter().zip(&mut self.traits) {
            if let (Subject::User, TraitSource::Sent(path)) = (source.of, &source.source) {
                column.push(Cell::of(profile.traits().at(path)));
            }
        }
        for (event, events) in program.events.iter().zip(&mut self.events) {
            events.push(profile.history().of(&event.name), &event.properties);
        }
        for (category, states) in program.categories.iter().zip(&mut self.consent) {
            states.push(profile.consent().state(&category.id));
        }
        let (known, anonymous) = match self.with_accounts && profile.accounts().next().is_some() {
            // Whose accounts may decide is not for columns, and nobody is a member by mistake.
            true => (false, false),
            false => profile.identifiers().admit(),
        };
        self.known.push(known);
        self.anonymous.push(anonymous);
    }

    pub(super) fn finish(self) -> Segment {
        Segment {
            count: self.known.len(),
            people: Vec::new(),
            traits: self.traits.into_iter().map(Growing::finish).collect(),
            events: self.events.into_iter().map(GrowingEvents::finish).collect(),
            consent: self.consent,
            known: self.known,
            anonymous: self.anonymous,
        }
    }
}

#[cfg(feature = "parquet")]
impl From<Columns> for Segment {
    fn from(columns: Columns) -> Self {
        Segment {
            count: columns.known.len(),
            people: Vec::new(),
            traits: columns.traits,
            events: columns.events,
            consent: columns.consent,
            known: columns.known,
            anonymous: columns.anonymous,
        }
    }
}

impl Segment {
    pub(super) fn new(program: &Program, profiles: &[Arc<Profile>]) -> Segment {
        let mut growing = GrowingSegment::new(program);
        profiles.iter().for_each(|profile| growing.push(program, profile));
        growing.finish()
    }

    /// The same, which keeps the profiles.
    pub(super) fn with_people(program: &Program, profiles: &[Arc<Profile>]) -> Segment {
        Segment {
            people: profiles.to_vec(),
            ..Segment::new(program, profiles)
        }
    }

    /// The room it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let traits: usize = self.traits.iter().map(Column::bytes).sum();
        let events = self.events.iter().map(|events| {
            let properties: usize = events.properties.iter().map(Column::bytes).sum();
            properties + events.starts.capacity() * 4 + events.times.capacity() * 8
        });
        let consent: usize = self.consent.iter().map(Vec::capacity).sum();
        traits + events.sum::<usize>() + consent + self.known.capacity() + self.anonymous.capacity()
    }

    /// Who of the block from `start` on has identifiers that suffice for a member.
    pub(super) fn eligible(&self, start: usize, include_anonymous: bool) -> Bits {
        let known = bits::pack(part(&self.known, start), |known| known);
        if !include_anonymous {
            return known;
        }
        let mut eligible = bits::pack(part(&self.anonymous, start), |anonymous| anonymous);
        bits::add(&mut eligible, &known);
        eligible
    }

    /// Whose stored consent to a category is in this state. In a category that there is not, everybody's is not collected.
    pub(super) fn consent(&self, start: usize, category: CategorySlot, state: ConsentState) -> Bits {
        match self.consent.get(category.index()) {
            Some(states) => bits::pack(part(states, start), |stored| stored == state),
            None if state == ConsentState::NotCollected => bits::first(self.in_block(start)),
            None => bits::NONE,
        }
    }

    /// Whether nothing makes the profile at a place a member of anything.
    pub(super) fn is_nobody(&self, at: usize) -> bool {
        let has = |all: &[bool]| all.get(at).copied().unwrap_or(false);
        !has(&self.known) && !has(&self.anonymous)
    }

    /// How many profiles the block from `start` on has.
    pub(super) fn in_block(&self, start: usize) -> usize {
        self.count.saturating_sub(start).min(BLOCK)
    }

    pub(super) fn events(&self, slot: EventSlot) -> Option<&Events> {
        self.events.get(slot.index())
    }

    /// The profile at a place, as far as the program can tell it from the one that was laid out.
    pub(super) fn profile(&self, program: &Program, at: usize) -> Profile {
        let mut identifiers = Identifiers::default();
        for (kind, has) in [("user_id", &self.known), ("anonymous_id", &self.anonymous)] {
            if has.get(at).copied().unwrap_or(false) {
                identifiers.insert(kind, "x");
            }
        }
        let paths = program.traits.iter().map(|source| match &source.source {
            TraitSource::Sent(path) if source.of == Subject::User => Some(path),
            _ => None,
        });
        let traits = object(paths, &self.traits, at);
        let mut history = History::default();
        for (event, events) in program.events.iter().zip(&self.events) {
            for place in events.of(at) {
                let past = PastEvent {
                    timestamp: Timestamp::from_millis(events.time(place)),
                    received_at: Timestamp::EPOCH,
                    message_id: "".into(),
                    properties: object(event.properties.iter().map(Some), &events.properties, place).into(),
                };
                history.insert(&event.name, past);
            }
        }
        let consent = self.stored_consent(program, at);
        Profile::new(identifiers, traits, std::collections::BTreeSet::new(), consent, history)
    }

    /// The consent of the profile at a place, to the categories of the program.
    pub(super) fn stored_consent(&self, program: &Program, at: usize) -> Consent {
        let mut consent = Consent::default();
        for (category, states) in program.categories.iter().zip(&self.consent) {
            consent.set(&category.id, states.get(at).copied().unwrap_or_default());
        }
        consent
    }
}

impl Events {
    /// The places of a profile's events.
    pub(super) fn of(&self, at: usize) -> std::ops::Range<usize> {
        match self.starts.get(at..at.saturating_add(2)) {
            Some(&[start, end]) => start as usize..end as usize,
            _ => 0..0,
        }
    }

    /// The places of a profile's events with `after < t ≤ until`.
    pub(super) fn between(&self, at: usize, after: i64, until: i64) -> std::ops::Range<usize> {
        let all = self.of(at);
        let times = self.times.get(all.clone()).unwrap_or_default();
        let inside = between(times, after, until);
        all.start + inside.start..all.start + inside.end
    }

    /// When the event at a place happened.
    pub(super) fn time(&self, place: usize) -> i64 {
        self.times.get(place).copied().unwrap_or(i64::MAX)
    }
}

/// The object of the values that columns have at a place, by their paths. A path that leads into another's value finds there
/// what it says itself; the shorter is set first.
fn object<'p>(paths: impl Iterator<Item = Option<&'p Path>>, columns: &[Column], at: usize) -> Object {
    let mut found: Vec<(&Path, Value)> = paths
        .zip(columns)
        .filter_map(|(path, column)| Some((path?, column.value(at)?.into_owned())))
        .collect();
    found.sort_by_key(|(path, _)| path.keys().len());
    let mut object = Object::default();
    for (path, value) in found {
        if let Some((first, rest)) = path.keys().split_first() {
            set(&mut object, first, rest, value);
        }
    }
    object
}

fn set(object: &mut Object, first: &str, rest: &[Box<str>], value: Value) {
    let value = match rest.split_first() {
        None => value,
        Some((next, rest)) => {
            let mut inner = match object.remove(first) {
                Some(Value::Object(inner)) => inner,
                _ => Object::default(),
            };
            set(&mut inner, next, rest, value);
            Value::Object(inner)
        }
    };
    object.insert(first, value);
}

#[derive(Debug)]
struct GrowingEvents {
    starts: Vec<u32>,
    times: Vec<i64>,
    properties: Vec<Growing>,
}

impl GrowingEvents {
    fn new(properties: usize) -> Self {
        GrowingEvents {
            starts: vec![0],
            times: Vec::new(),
            properties: (0..properties).map(|_| Growing::new()).collect(),
        }
    }

    /// The events of the next profile.
    fn push(&mut self, past: &[PastEvent], paths: &[Path]) {
        self.times.extend(past.iter().map(|event| event.timestamp.as_millis()));
        for (path, column) in paths.iter().zip(&mut self.properties) {
            past.iter()
                .for_each(|event| column.push(Cell::of(event.properties.at(path))));
        }
        self.starts.push(u32::try_from(self.times.len()).unwrap_or(u32::MAX));
    }

    fn finish(mut self) -> Events {
        self.times.shrink_to_fit();
        Events {
            starts: self.starts,
            times: self.times,
            properties: self.properties.into_iter().map(Growing::finish).collect(),
        }
    }
}
