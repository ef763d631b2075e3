//! A profile laid out by the slots of a program, so that evaluating looks up no name.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use super::computed;
use super::funnel::Room;
use crate::consent::ConsentState;
use crate::ir::{
    AudienceSlot, CategorySlot, EventSlot, Performed, Program, PropertySlot, Subject, TraitSlot, TraitSource,
};
use crate::model::{PastEvent, Profile};
use crate::time::Timestamp;
use crate::value::{Object, Value};

/// A user or an account, bound to a program as of an instant. It borrows the profile's values, and keeps its buffers
/// when it is bound again.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    now: Timestamp,
    subject: Subject,
    /// By trait slot.
    traits: Vec<Held<'a>>,
    /// By event slot, the places of an event's times and values.
    events: Vec<Layout<'a>>,
    /// The times of all events, one name after the other, each in time order.
    times: Vec<Timestamp>,
    /// For each name one property after the other, and for each of these the value in each event.
    values: Vec<Option<&'a Value>>,
    /// By category slot.
    consent: Vec<ConsentState>,
    /// Has one of the identifiers that make a member (AM-6).
    known: bool,
    /// Has an `anonymous_id`.
    anonymous: bool,
    /// A bit for each audience slot.
    members: Vec<u64>,
    /// How many events the steps of the audience at hand have looked at,
    spent: Cell<u64>,
    /// and how many they may: [`BUDGET`](Row::BUDGET), or less for a first try.
    budget: Cell<u64>,
    /// What is known of the events of the funnel at hand: for each step a place per event of any name, each two bits.
    funnel: RefCell<Vec<u64>>,
    /// For funnels over many events; boxed, as most programs have none and rows stand in long lists.
    room: RefCell<Option<Box<Room>>>,
}

/// The value of a trait.
#[derive(Debug, Clone)]
enum Held<'a> {
    /// Lent by the profile; `None` where it is absent.
    Lent(Option<&'a Value>),
    /// Made here, of a computed trait.
    Made(Value),
    /// A trait of the other subject.
    Elsewhere,
}

#[derive(Debug, Clone, Copy)]
struct Layout<'a> {
    past: &'a [PastEvent],
    times: usize,
    values: usize,
    properties: usize,
}

/// The value of a computed trait: lent by an event, or made.
pub(super) enum Computed<'a> {
    Absent,
    Lent(&'a Value),
    Made(Value),
}

/// What of a profile is wanted.
pub(super) trait Wanted {
    fn event(&self, slot: EventSlot) -> bool;
    fn has_trait(&self, slot: TraitSlot) -> bool;
    /// Of the events of a name, those after this instant.
    fn after(&self, _: EventSlot, _now: Timestamp) -> Timestamp {
        Timestamp::MIN
    }
}

/// All of it.
struct All;

impl Wanted for All {
    fn event(&self, _: EventSlot) -> bool {
        true
    }

    fn has_trait(&self, _: TraitSlot) -> bool {
        true
    }
}

impl Default for Row<'_> {
    /// A row that is bound to nothing: of every condition the one on an empty profile.
    fn default() -> Self {
        Row {
            now: Timestamp::EPOCH,
            subject: Subject::User,
            traits: Vec::new(),
            events: Vec::new(),
            times: Vec::new(),
            values: Vec::new(),
            consent: Vec::new(),
            known: false,
            anonymous: false,
            members: Vec::new(),
            spent: Cell::new(0),
            budget: Cell::new(Self::BUDGET),
            funnel: RefCell::default(),
            room: RefCell::default(),
        }
    }
}

impl<'a> Row<'a> {
    /// How many events the steps of funnels may look at for one audience, before evaluating gives up: seconds of work. Only a
    /// funnel over very many events comes near it.
    pub const BUDGET: u64 = 100_000_000;

    /// A user's profile, as of `now`.
    pub fn new(program: &Program, profile: &'a Profile, now: Timestamp) -> Self {
        let mut row = Row::default();
        row.bind(program, profile, now);
        row
    }

    /// An account with these traits and users, as of `now`.
    pub fn account(program: &Program, traits: &'a Object, users: &[&Row<'a>], now: Timestamp) -> Self {
        let mut row = Row::default();
        row.bind_account(program, traits, users, now);
        row
    }

    /// The row with less to spend, which tests can use up.
    #[cfg(test)]
    pub(super) fn with_budget(self, budget: u64) -> Self {
        self.budget.set(budget);
        self
    }

    /// What the audience at hand has spent of it.
    pub(super) fn spent(&self) -> u64 {
        self.spent.get()
    }

    /// Binds the row to a user's profile, as of `now`; it is a member of nothing until it is evaluated.
    pub fn bind(&mut self, program: &Program, profile: &'a Profile, now: Timestamp) {
        self.bind_part(program, profile, now, &All, program.funnels());
    }

    /// Binds the row to a part of a profile: what is not wanted must not be asked about.
    pub(super) fn bind_part<'n>(
        &mut self,
        program: &Program,
        profile: &'a Profile,
        now: Timestamp,
        wanted: &impl Wanted,
        funnels: impl Iterator<Item = &'n Performed>,
    ) {
        self.clear(program, Subject::User);
        self.bind_traits(program, profile.traits(), wanted);
        for (at, event) in program.events.iter().enumerate() {
            let slot = EventSlot::at(at);
            let past = match wanted.event(slot) {
                true => {
                    let past = profile.history().of(&event.name);
                    let after = wanted.after(slot, now);
                    let first = past.partition_point(|event| event.timestamp <= after);
                    past.get(first..).unwrap_or_default()
                }
                false => &[],
            };
            self.events.push(Layout {
                past,
                times: self.times.len(),
                values: self.values.len(),
                properties: event.properties.len(),
            });
            self.times.extend(past.iter().map(|event| event.timestamp));
            for path in &event.properties {
                self.values.extend(past.iter().map(|event| event.properties.at(path)));
            }
        }
        let states = program.categories.iter().map(|c| profile.consent().state(&c.id));
        self.consent.extend(states);
        (self.known, self.anonymous) = profile.identifiers().admit();
        self.make_room(funnels);
        self.move_to(program, &[], now, wanted);
    }

    /// Binds the row to an account, as of `now`. `users` are bound already, to the same program and instant.
    pub fn bind_account(&mut self, program: &Program, traits: &'a Object, users: &[&Row<'a>], now: Timestamp) {
        self.clear(program, Subject::Account);
        self.bind_traits(program, traits, &All);
        self.set_now(program, users, now);
    }

    /// Moves the row to another instant: computed traits are computed anew, all else stays. `users` as in
    /// [`bind_account`](Row::bind_account), none for a user. Memberships are those of the old instant until the row is
    /// evaluated.
    pub fn set_now(&mut self, program: &Program, users: &[&Row<'a>], now: Timestamp) {
        self.move_to(program, users, now, &All);
    }

    /// The same of a part of it.
    pub(super) fn move_to(&mut self, program: &Program, users: &[&Row<'a>], now: Timestamp, wanted: &impl Wanted) {
        self.now = now;
        self.spent.set(0);
        // In the order of the table: a filter may refer to a trait that is computed before.
        for (at, source) in program.traits.iter().enumerate() {
            if let TraitSource::Computed(aggregate) = &source.source
                && source.of == self.subject
                && wanted.has_trait(TraitSlot::at(at))
            {
                let value = computed::compute(program, aggregate, self, users);
                if let Some(held) = self.traits.get_mut(at) {
                    *held = match value {
                        Computed::Absent => Held::Lent(None),
                        Computed::Lent(value) => Held::Lent(Some(value)),
                        Computed::Made(value) => Held::Made(value),
                    };
                }
            }
        }
    }

    /// The instant that it is evaluated as of.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A user's row, or an account's.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// The stored consent to a category.
    pub fn consent(&self, category: CategorySlot) -> ConsentState {
        self.consent.get(category.index()).copied().unwrap_or_default()
    }

    /// Whether its identifiers suffice for a member (AM-6).
    pub fn is_eligible(&self, include_anonymous: bool) -> bool {
        self.known || include_anonymous && self.anonymous
    }

    /// Whether it is in an audience, as far as it was evaluated or [told](Row::set_member).
    pub fn is_member(&self, audience: AudienceSlot) -> bool {
        let word = self.members.get(audience.index() / 64);
        word.is_some_and(|word| word >> (audience.index() % 64) & 1 == 1)
    }

    /// Tells it whether it is in an audience: of a user, whether any of its accounts is.
    pub fn set_member(&mut self, audience: AudienceSlot, member: bool) {
        if let Some(word) = self.members.get_mut(audience.index() / 64) {
            let bit = 1 << (audience.index() % 64);
            *word = if member { *word | bit } else { *word & !bit };
        }
    }

    /// Whether evaluating the row was given up because an audience cost more than [`BUDGET`](Row::BUDGET). Then no answer
    /// about it means anything until it is bound again, and [`evaluate_audience`](super::evaluate_audience) says of no audience that it is a member.
    pub fn is_exhausted(&self) -> bool {
        self.spent.get() > self.budget.get()
    }

    /// Another audience begins; what is exhausted stays so.
    pub(super) fn begin(&self) {
        if !self.is_exhausted() {
            self.spent.set(0);
        }
    }

    /// Pays for looking at one event of a step; `false` where nothing is left.
    pub(super) fn spend(&self) -> bool {
        self.spent.set(self.spent.get().saturating_add(1));
        !self.is_exhausted()
    }

    /// What comes of looking at no more than so many events; `None` where that did not suffice.
    pub(super) fn spending_at_most<T>(&self, some: u64, look: impl FnOnce() -> T) -> Option<T> {
        let all = self.budget.get();
        self.budget.set(all.min(self.spent.get().saturating_add(some)));
        let found = look();
        let sufficed = !self.is_exhausted();
        self.budget.set(all);
        sufficed.then_some(found)
    }

    /// What comes of looking at no more than so many events, which are not held against the answer: they count as not
    /// spent. `None` where that did not suffice.
    pub(super) fn apart<T>(&self, some: u64, look: impl FnOnce() -> T) -> Option<T> {
        let spent = self.spent.get();
        let found = self.spending_at_most(some, look);
        self.spent.set(spent);
        found
    }

    /// The buffers for a funnel over many events, to be given back.
    pub(super) fn take_room(&self) -> Box<Room> {
        self.room.take().unwrap_or_default()
    }

    pub(super) fn give_room(&self, room: Box<Room>) {
        self.room.replace(Some(room));
    }

    /// Forgets what is known of the events of another funnel.
    pub(super) fn forget_funnel(&self) {
        if let Ok(mut funnel) = self.funnel.try_borrow_mut() {
            funnel.fill(0);
        }
    }

    /// Whether the steps after an event of a funnel hold, if that is known.
    pub(super) fn remembered(&self, step: u32, at: usize) -> Option<bool> {
        let funnel = self.funnel.try_borrow().ok()?;
        let (word, shift) = self.funnel_place(step, at);
        let bits = funnel.get(word)? >> shift;
        (bits & 1 == 1).then_some(bits & 2 == 2)
    }

    pub(super) fn remember(&self, step: u32, at: usize, holds: bool) {
        let (word, shift) = self.funnel_place(step, at);
        if let Ok(mut funnel) = self.funnel.try_borrow_mut()
            && let Some(word) = funnel.get_mut(word)
        {
            *word |= (1 | u64::from(holds) << 1) << shift;
        }
    }

    /// The word and the bit for an event at a step.
    fn funnel_place(&self, step: u32, at: usize) -> (usize, usize) {
        let place = (step as usize).saturating_mul(self.times.len()).saturating_add(at);
        (place / 32, place % 32 * 2)
    }

    /// The value of a trait; `None` where it is absent or null, or of the other subject.
    pub fn trait_value(&self, slot: TraitSlot) -> Option<&Value> {
        match self.traits.get(slot.index())? {
            Held::Lent(value) => *value,
            Held::Made(value) => Some(value),
            Held::Elsewhere => None,
        }
    }

    /// Whether the trait is one of this row's subject.
    pub(super) fn has_trait(&self, slot: TraitSlot) -> bool {
        !matches!(self.traits.get(slot.index()), Some(Held::Elsewhere))
    }

    pub(super) fn events(&self, slot: EventSlot) -> Events<'_, 'a> {
        let Some(layout) = self.events.get(slot.index()) else {
            return Events::NONE;
        };
        let count = layout.past.len();
        Events {
            past: layout.past,
            times: self.times.get(layout.times..layout.times + count).unwrap_or_default(),
            values: self
                .values
                .get(layout.values..layout.values + count * layout.properties)
                .unwrap_or_default(),
        }
    }

    fn clear(&mut self, program: &Program, subject: Subject) {
        self.subject = subject;
        self.traits.clear();
        self.events.clear();
        self.times.clear();
        self.values.clear();
        self.consent.clear();
        self.known = false;
        self.anonymous = false;
        self.members.clear();
        self.members.resize(program.audiences.len().div_ceil(64), 0);
        self.funnel.get_mut().clear();
    }

    /// Makes room for the largest of the funnels, so that evaluating need not.
    fn make_room<'n>(&mut self, funnels: impl Iterator<Item = &'n Performed>) {
        let mut places = 0;
        for performed in funnels {
            let slots = performed.steps.iter().map(|step| step.event).chain([performed.event]);
            let events = slots.map(|slot| self.events(slot).len()).sum();
            self.room
                .get_mut()
                .get_or_insert_default()
                .fit(performed.steps.len(), events);
            if performed.steps.len() > 1 {
                places = places.max((performed.steps.len() + 1) * self.times.len());
            }
        }
        self.funnel.get_mut().resize(places.div_ceil(32), 0);
    }

    fn bind_traits(&mut self, program: &Program, traits: &'a Object, wanted: &impl Wanted) {
        let subject = self.subject;
        let held = program
            .traits
            .iter()
            .enumerate()
            .map(|(at, known)| match &known.source {
                _ if known.of != subject => Held::Elsewhere,
                TraitSource::Sent(path) if wanted.has_trait(TraitSlot::at(at)) => Held::Lent(traits.at(path)),
                TraitSource::Sent(_) | TraitSource::Computed(_) => Held::Lent(None),
            });
        self.traits.extend(held);
    }
}

/// The events of one name of one row, in time order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Events<'e, 'a> {
    past: &'a [PastEvent],
    times: &'e [Timestamp],
    values: &'e [Option<&'a Value>],
}

impl<'e, 'a> Events<'e, 'a> {
    const NONE: Events<'static, 'static> = Events {
        past: &[],
        times: &[],
        values: &[],
    };

    pub(super) fn len(self) -> usize {
        self.times.len()
    }

    /// The places of the events with `after < t ≤ until`.
    pub(super) fn between(self, after: Timestamp, until: Timestamp) -> Range<usize> {
        let end = self.times.partition_point(|t| *t <= until);
        let start = self.times.partition_point(|t| *t <= after);
        start..end
    }

    pub(super) fn time(self, at: usize) -> Timestamp {
        self.times.get(at).copied().unwrap_or(Timestamp::MAX)
    }

    pub(super) fn message_id(self, at: usize) -> &'a str {
        self.past.get(at).map_or("", |event| &event.message_id)
    }

    /// What decides between events of one timestamp that stand in several histories: canonical order (DEC-40).
    pub(super) fn tie(self, at: usize) -> Option<(Timestamp, &'a str)> {
        let event = self.past.get(at)?;
        Some((event.received_at, &event.message_id))
    }

    /// A property of the event at a place; `None` where it is absent or null.
    pub(super) fn value(self, at: usize, property: PropertySlot) -> Option<&'a Value> {
        let at = property.index().checked_mul(self.times.len())?.checked_add(at)?;
        *self.values.get(at)?
    }
}

/// An event that a filter looks at, and the events that the steps before it matched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matched<'e, 'p> {
    pub(super) events: Events<'e, 'e>,
    pub(super) at: usize,
    /// 0 for the first `performed`, then 1, 2, …
    pub(super) step: u32,
    pub(super) before: Option<&'p Matched<'e, 'p>>,
}

impl<'e> Matched<'e, '_> {
    /// An event that is asked nothing about those before it.
    pub(super) fn alone(events: Events<'e, 'e>, at: usize, step: u32) -> Self {
        Matched {
            events,
            at,
            step,
            before: None,
        }
    }

    pub(super) fn time(&self) -> Timestamp {
        self.events.time(self.at)
    }

    pub(super) fn value(&self, property: PropertySlot) -> Option<&'e Value> {
        self.events.value(self.at, property)
    }

    /// A property of the event that this step or an earlier one matched.
    pub(super) fn value_of(&self, step: u32, property: PropertySlot) -> Option<&'e Value> {
        let mut matched = self;
        while matched.step != step {
            matched = matched.before?;
        }
        matched.value(property)
    }
}
