//! A profile laid out by the slots of a program, so that evaluating looks up no name.

mod events;
mod reader;
mod sheet;

use std::cell::{Cell, OnceCell, RefCell};

use super::computed;
use super::funnel::Room;
use crate::consent::ConsentState;
use crate::ir::{
    AudienceSlot, CategorySlot, EventSlot, Flat, Performed, Program, Reading, Subject, TraitSlot, TraitSource,
};
use crate::model::Profile;
use crate::time::Timestamp;
use crate::value::{Decimal, Number, Object, Path, Value};

use events::Past;
pub(super) use events::{Events, Matched, between, up_to};
pub use reader::{Loaded, Reader};
use sheet::Sheet;

/// A user or an account, bound to a program as of an instant. It borrows the profile's values, and keeps its buffers
/// when it is bound again.
///
/// The fields stay in this order: where many rows are asked one after the other, what every audience asks lies together.
#[derive(Debug, Clone)]
#[repr(C)]
pub struct Row<'a> {
    /// A bit for each of the first categories that is granted.
    granted: u64,
    /// Has one of the identifiers that make a member (AM-6).
    known: bool,
    /// Has an `anonymous_id`.
    anonymous: bool,
    /// Whether `read` and `numbers` say all that the program's instructions ask of them.
    prepared: bool,
    /// Whether a trait was asked for that is computed late.
    asked: Cell<bool>,
    subject: Subject,
    /// How many events the steps of the audience at hand have looked at,
    spent: Cell<u64>,
    /// and how many they may: [`BUDGET`](Row::BUDGET), or less for a first try.
    budget: Cell<u64>,
    /// By trait slot, how a trait that was sent reads to instructions.
    read: Vec<Read<'a>>,
    now: Timestamp,
    /// By event slot, the places of an event's times and values.
    events: Vec<Layout<'a>>,
    /// The times of all events, one name after the other, each in time order.
    times: Vec<Timestamp>,
    /// For each name one of the properties that instructions read as numbers after the other, and for each of these the
    /// number in each event; `NaN` for what is none.
    numbers: Vec<f64>,
    /// The same of the properties that are summed, in billionths; 0 for what no sum counts.
    sums: Vec<i64>,
    /// By trait slot.
    traits: Vec<Held<'a>>,
    /// Counts the instants that it was moved to, from 1 on.
    round: u64,
    /// As `numbers`, of every property that is read: the value, if there is one.
    values: Vec<Option<&'a Value>>,
    /// By category slot.
    consent: Vec<ConsentState>,
    /// A bit for each audience slot.
    members: Vec<u64>,
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
    /// A computed trait that is a number, made when it is asked for.
    Late(Late),
    /// A trait of the other subject.
    Elsewhere,
}

/// A number that is computed at most once.
#[derive(Debug, Clone, Default)]
struct Late {
    /// As billionths, which instructions ask for, and the row's `round` in which they did.
    billionths: Cell<(u64, i64)>,
    /// It was asked for; from then on a trait that has no value, or refers to itself, is absent.
    asked: Cell<bool>,
    value: OnceCell<Value>,
}

/// How instructions read a trait that was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read<'a> {
    /// Which of the texts it is that it is compared with ([`Reading::word`]).
    pub(super) word: u64,
    /// `NaN` where it cannot be read as a number, or is asked for none.
    pub(super) number: f64,
    /// Its text, if it is a string.
    pub(super) text: Option<&'a str>,
}

#[derive(Debug, Clone, Copy)]
struct Layout<'a> {
    past: Past<'a>,
    count: usize,
    times: usize,
    values: usize,
    properties: usize,
    numbers: usize,
    /// `None` where a value is too large.
    sums: Option<usize>,
}

impl<'a> Layout<'a> {
    fn events<'e>(&'e self, times: &'e [Timestamp], values: &'e [Option<&'a Value>]) -> Events<'e, 'a> {
        let count = self.count;
        let values = values.get(self.values..self.values + count * self.properties);
        Events {
            past: &self.past,
            times: times.get(self.times..self.times + count).unwrap_or_default(),
            values: values.unwrap_or_default(),
        }
    }
}

impl Late {
    fn forget(&mut self) {
        self.asked.set(false);
        self.value.take();
    }
}

impl<'a> Read<'a> {
    pub(super) const NOTHING: Read<'static> = Read {
        word: 0,
        number: f64::NAN,
        text: None,
    };

    /// `None` where the value is a number that is no double.
    fn new(reading: &Reading, value: &'a Value) -> Option<Self> {
        let mut read = Read::NOTHING;
        if !reading.words.is_empty() {
            read.word = match value {
                Value::String(text) => reading.word_of(text),
                value => value.read_text().map_or(0, |text| reading.word_of(&text)),
            };
        }
        if reading.number
            && let Some(number) = value.read_number()
        {
            read.number = number.exact()?;
        }
        if reading.text {
            read.text = value.as_str();
        }
        Some(read)
    }
}

/// The value of a computed trait: lent by an event, or made.
pub(super) enum Computed<'a> {
    Absent,
    Lent(&'a Value),
    Made(Value),
}

/// What of a profile is wanted.
pub(super) trait Wanted {
    /// Whether whole audiences are to be asked, which is done by instructions.
    const AUDIENCES: bool = true;

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
            prepared: false,
            traits: Vec::new(),
            read: Vec::new(),
            events: Vec::new(),
            times: Vec::new(),
            values: Vec::new(),
            numbers: Vec::new(),
            sums: Vec::new(),
            consent: Vec::new(),
            granted: 0,
            round: 0,
            asked: Cell::new(false),
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

    /// The row with so much to spend.
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
    pub(super) fn bind_part<'n, W: Wanted>(
        &mut self,
        program: &Program,
        profile: &'a Profile,
        now: Timestamp,
        wanted: &W,
        funnels: impl Iterator<Item = &'n Performed>,
    ) {
        self.clear(program, Subject::User);
        self.prepared = W::AUDIENCES;
        self.bind_traits(program, |_, path| profile.traits().at(path), wanted);
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
            self.lay_out(Past::Kept(past), past.len(), event.properties.len());
            self.times.extend(past.iter().map(|event| event.timestamp));
            for path in &event.properties {
                self.values.extend(past.iter().map(|event| event.properties.at(path)));
            }
            self.prepare_events(program.flat(), slot, W::AUDIENCES);
        }
        self.bind_consent(program.categories.iter().map(|c| profile.consent().state(&c.id)));
        (self.known, self.anonymous) = profile.identifiers().admit();
        self.make_room(funnels);
        self.move_to(program, &[], now, wanted);
    }

    /// Binds the row to what was read of a user's profile, as of `now`.
    fn bind_sheet(&mut self, program: &Program, sheet: &'a Sheet, now: Timestamp) {
        self.clear(program, Subject::User);
        self.prepared = true;
        self.bind_traits(program, |slot, _| sheet.sent(slot), &All);
        for (at, event) in program.events.iter().enumerate() {
            let slot = EventSlot::at(at);
            let found = sheet.events(slot);
            self.lay_out(Past::Read(found, sheet), found.len(), event.properties.len());
            self.times.extend(found.iter().map(|found| found.time));
            for property in 0..event.properties.len() {
                self.values
                    .extend(found.iter().map(|found| sheet.value(found, property)));
            }
            self.prepare_events(program.flat(), slot, true);
        }
        self.bind_consent(sheet.consent());
        (self.known, self.anonymous) = sheet.admit();
        self.make_room(program.funnels());
        self.move_to(program, &[], now, &All);
    }

    /// The places of the events of the next name, which are to follow.
    fn lay_out(&mut self, past: Past<'a>, count: usize, properties: usize) {
        self.events.push(Layout {
            past,
            count,
            times: self.times.len(),
            values: self.values.len(),
            properties,
            numbers: self.numbers.len(),
            sums: Some(self.sums.len()),
        });
    }

    fn bind_consent(&mut self, states: impl Iterator<Item = ConsentState>) {
        self.consent.extend(states);
        for (at, state) in self.consent.iter().take(64).enumerate() {
            self.granted |= u64::from(state.is_granted()) << at;
        }
    }

    /// Binds the row to an account, as of `now`. `users` are bound already, to the same program and instant.
    pub fn bind_account(&mut self, program: &Program, traits: &'a Object, users: &[&Row<'a>], now: Timestamp) {
        self.clear(program, Subject::Account);
        self.bind_traits(program, |_, path| traits.at(path), &All);
        self.set_now(program, users, now);
    }

    /// Moves the row to another instant: computed traits are those of that instant, all else stays. `users` as in
    /// [`bind_account`](Row::bind_account), none for a user. Memberships are those of the old instant until the row is
    /// evaluated.
    #[inline]
    pub fn set_now(&mut self, program: &Program, users: &[&Row<'a>], now: Timestamp) {
        self.move_to(program, users, now, &All);
    }

    /// The same of a part of it.
    #[inline]
    pub(super) fn move_to(&mut self, program: &Program, users: &[&Row<'a>], now: Timestamp, wanted: &impl Wanted) {
        self.now = now;
        self.spent.set(0);
        self.round += 1;
        if self.asked.replace(false) {
            self.forget();
        }
        // In the order of the table: a filter may refer to a trait that is computed before.
        for slot in &program.flat().computed {
            if wanted.has_trait(*slot) {
                self.compute_now(program, users, *slot);
            }
        }
    }

    #[inline(never)]
    fn forget(&mut self) {
        for held in &mut self.traits {
            if let Held::Late(late) = held {
                late.forget();
            }
        }
    }

    #[inline(never)]
    fn compute_now(&mut self, program: &Program, users: &[&Row<'a>], slot: TraitSlot) {
        if let Some(source) = program.traits.get(slot.index())
            && let TraitSource::Computed(aggregate) = &source.source
            && source.of == self.subject
        {
            let value = computed::compute(program, aggregate, self, users);
            if let Some(held) = self.traits.get_mut(slot.index()) {
                *held = match value {
                    Computed::Absent => Held::Lent(None),
                    Computed::Lent(value) => Held::Lent(Some(value)),
                    Computed::Made(value) => Held::Made(value),
                };
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

    /// Whether the stored consent to a category is granted.
    pub(super) fn has_granted(&self, category: CategorySlot) -> bool {
        match category.index() {
            at @ 0..64 => self.granted >> at & 1 == 1,
            _ => self.consent(category).is_granted(),
        }
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

    /// Another audience begins; what is exhausted stays so, which is `false`.
    pub(super) fn begin(&self) -> bool {
        let begins = !self.is_exhausted();
        if begins {
            self.spent.set(0);
        }
        begins
    }

    /// Pays for looking at one event of a step; `false` where nothing is left.
    pub(super) fn spend(&self) -> bool {
        self.pay(1);
        !self.is_exhausted()
    }

    /// Pays for so many.
    pub(super) fn pay(&self, looks: u64) {
        self.spent.set(self.spent.get().saturating_add(looks));
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

    /// The value of a trait; `None` where it is absent or null, or of the other subject. `program` is the one that the row is
    /// bound to: a number that it computes is made when it is asked for.
    pub fn trait_value(&self, program: &Program, slot: TraitSlot) -> Option<&Value> {
        match self.traits.get(slot.index())? {
            Held::Lent(value) => *value,
            Held::Made(value) => Some(value),
            Held::Late(late) => {
                if !late.asked.replace(true) {
                    self.asked.set(true);
                    self.compute(program, slot, late);
                }
                late.value.get()
            }
            Held::Elsewhere => None,
        }
    }

    fn compute(&self, program: &Program, slot: TraitSlot, late: &Late) {
        if let Some(total) = self.total(program, slot) {
            if let Some(number) = total.number() {
                // Nobody else sets it: it is asked for once.
                let _ = late.value.set(Value::Number(number));
            }
        } else if let Some(TraitSource::Computed(aggregate)) =
            program.traits.get(slot.index()).map(|known| &known.source)
            && let Computed::Made(value) = computed::compute(program, aggregate, self, &[])
        {
            let _ = late.value.set(value);
        }
    }

    /// A sum over all events of a window, of values that are at hand.
    #[inline]
    fn total(&self, program: &Program, slot: TraitSlot) -> Option<Decimal> {
        let total = program.flat().totals.get(slot.index())?.as_ref()?;
        let layout = self.events.get(total.event.index())?;
        let (after, until) = total.when.bounds(self.now);
        let times = up_to(self.times(total.event), until);
        let values = self.sums.get(layout.sums? + total.column * layout.count..)?;
        let mut sum = 0;
        // The latest first, as most windows are the last days.
        for (time, billionths) in times.iter().zip(values.get(..times.len())?).rev() {
            if *time <= after {
                break;
            }
            sum += i128::from(*billionths);
        }
        Some(Decimal::of_billionths(sum))
    }

    /// A [`total`](Row::total), if it is of few billionths.
    #[inline]
    pub(super) fn total_billionths(&self, program: &Program, slot: TraitSlot) -> Option<i64> {
        let Some(Held::Late(late)) = self.traits.get(slot.index()) else {
            return None;
        };
        let (round, known) = late.billionths.get();
        if round == self.round {
            return Some(known);
        }
        let billionths = self.total(program, slot)?.few_billionths()?;
        late.billionths.set((self.round, billionths));
        Some(billionths)
    }

    /// Whether instructions can be asked of the row.
    pub(super) fn is_prepared(&self) -> bool {
        self.prepared
    }

    /// How instructions read a trait that was sent.
    pub(super) fn read(&self, slot: TraitSlot) -> Option<&Read<'a>> {
        self.read.get(slot.index())
    }

    /// Whether the trait is one of this row's subject.
    pub(super) fn has_trait(&self, slot: TraitSlot) -> bool {
        !matches!(self.traits.get(slot.index()), Some(Held::Elsewhere))
    }

    pub(super) fn events(&self, slot: EventSlot) -> Events<'_, 'a> {
        let Some(layout) = self.events.get(slot.index()) else {
            return Events::NONE;
        };
        layout.events(&self.times, &self.values)
    }

    /// The times of the events of a name.
    pub(super) fn times(&self, slot: EventSlot) -> &[Timestamp] {
        let Some(layout) = self.events.get(slot.index()) else {
            return &[];
        };
        let times = self.times.get(layout.times..);
        times.and_then(|times| times.get(..layout.count)).unwrap_or_default()
    }

    /// One of the properties that instructions read as numbers, of each event of a name.
    pub(super) fn numbers(&self, slot: EventSlot, column: usize) -> &[f64] {
        let Some(layout) = self.events.get(slot.index()) else {
            return &[];
        };
        let count = layout.count;
        let numbers = self.numbers.get(layout.numbers + column * count..);
        numbers.and_then(|numbers| numbers.get(..count)).unwrap_or_default()
    }

    /// Reads the events of a name, which are laid out, as numbers.
    fn prepare_events(&mut self, flat: &Flat, slot: EventSlot, audiences: bool) {
        let columns = flat.numbers.get(slot.index()).filter(|_| audiences);
        let Some(layout) = self.events.get_mut(slot.index()).filter(|layout| layout.count > 0) else {
            return;
        };
        let events = layout.events(&self.times, &self.values);
        for property in columns.into_iter().flatten() {
            for at in 0..events.len() {
                let number = events.value(at, *property).and_then(Value::read_number);
                let exact = number.map(Number::exact);
                // A number that is no double is rare, and asked for by its node.
                self.prepared &= exact != Some(None);
                self.numbers.push(exact.flatten().unwrap_or(f64::NAN));
            }
        }
        let mut too_large = false;
        for property in flat.sums.get(slot.index()).into_iter().flatten() {
            for at in 0..events.len() {
                let number = events.value(at, *property).and_then(Value::read_number);
                let billionths = number.and_then(Decimal::round).map_or(Some(0), Decimal::billionths);
                too_large |= billionths.is_none();
                self.sums.push(billionths.unwrap_or_default());
            }
        }
        if too_large {
            layout.sums = None;
        }
    }

    fn clear(&mut self, program: &Program, subject: Subject) {
        self.subject = subject;
        self.prepared = false;
        self.traits.clear();
        self.read.clear();
        self.events.clear();
        self.times.clear();
        self.values.clear();
        self.numbers.clear();
        self.sums.clear();
        self.consent.clear();
        self.granted = 0;
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

    fn bind_traits(
        &mut self,
        program: &Program,
        sent: impl Fn(TraitSlot, &Path) -> Option<&'a Value>,
        wanted: &impl Wanted,
    ) {
        let subject = self.subject;
        let held = program
            .traits
            .iter()
            .enumerate()
            .map(|(at, known)| match &known.source {
                _ if known.of != subject => Held::Elsewhere,
                TraitSource::Sent(path) if wanted.has_trait(TraitSlot::at(at)) => {
                    Held::Lent(sent(TraitSlot::at(at), path))
                }
                TraitSource::Computed(aggregate)
                    if subject == Subject::User
                        && aggregate.function.is_late()
                        && wanted.has_trait(TraitSlot::at(at)) =>
                {
                    Held::Late(Late::default())
                }
                TraitSource::Sent(_) | TraitSource::Computed(_) => Held::Lent(None),
            });
        self.traits.extend(held);
        if !self.prepared {
            return;
        }
        for (reading, held) in program.flat().readings.iter().zip(&self.traits) {
            let read = match held {
                Held::Lent(Some(value)) if !reading.is_empty() => Read::new(reading, value),
                _ => Some(Read::NOTHING),
            };
            // A number that is no double is rare, and asked for by its node.
            self.prepared &= read.is_some();
            self.read.push(read.unwrap_or(Read::NOTHING));
        }
    }
}
