//! When an answer about a profile can change by the mere passing of time.
//!
//! Between the instants that a [`Watch`] names nothing that its conditions see comes or goes: no event enters or leaves a
//! window, no date test turns round. So an answer as of one instant is the answer up to the next of these. The other way
//! round nothing is said: at such an instant something is seen differently, and the answer may still be the same.

use std::collections::HashMap;

use crate::ir::{
    AudienceSlot, DateTest, EventSlot, Function, Node, NodeId, Program, PropertySlot, Reference, Subject, Test,
    TraitSlot, TraitSource, ValueRef,
};
use crate::model::{PastEvent, Profile};
use crate::time::{Duration, Timestamp, Window};
use crate::value::{Object, Path, Value};

/// What changes with time in a set of conditions.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    windows: Vec<Window>,
    /// By event, its windows.
    events: Vec<(EventSlot, Vec<Cause>)>,
    dates: Vec<Dated>,
    known_windows: HashMap<(EventSlot, Window), Cause>,
    known_dates: HashMap<Dated, Cause>,
}

/// One thing that changes with time: events of a name in a window, or a date test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Cause {
    /// By its number among the windows.
    Window(u32),
    /// By its number among the date tests.
    Date(u32),
}

/// A date test on all values at a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Dated {
    source: Source,
    /// As in [`Values`].
    inside: Vec<Vec<Box<str>>>,
    test: DateTest,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Source {
    Trait(Subject, Path),
    /// Of every event of the name, whether a window holds it or not: more instants than there need be, and none less.
    Property(EventSlot, PropertySlot),
}

/// Where a test stands.
#[derive(Debug, Clone, Default)]
struct Site {
    /// The event that a filter is asked about.
    event: Option<EventSlot>,
    /// The list whose elements a filter is asked about.
    list: Option<Values>,
}

/// The values that a condition looks at, wherever they are.
#[derive(Debug, Clone, Default)]
struct Values {
    source: Option<Source>,
    /// For each `any`, the path into an element.
    inside: Vec<Vec<Box<str>>>,
}

impl Watch {
    /// What changes with time in these audiences, and in those that they refer to.
    pub fn new(program: &Program, audiences: impl IntoIterator<Item = AudienceSlot>) -> Self {
        let mut watch = Watch::default();
        let mut open: Vec<_> = audiences.into_iter().collect();
        let mut seen = vec![false; program.audiences.len()];
        while let Some(slot) = open.pop() {
            match seen.get_mut(slot.index()) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            if let Some(audience) = program.audiences.get(slot.index()) {
                watch.add(program, audience.who, &mut Vec::new());
                program.referred(audience.who, &mut |slot| open.push(slot));
            }
        }
        watch
    }

    /// The next instant after `now` at which something is seen differently of a user.
    pub fn next(&self, program: &Program, profile: &Profile, now: Timestamp) -> Option<Timestamp> {
        let mut next = Next::after(now);
        self.each(program, profile, |_, past, window| next.window(past, window));
        for dated in &self.dates {
            self.values(program, profile, dated, |date| next.date(&dated.test, date));
        }
        next.instant()
    }

    /// The same of an account with these traits. What its users do is their own: each has a [`next`](Watch::next).
    pub fn next_of_account(&self, traits: &Object, now: Timestamp) -> Option<Timestamp> {
        let mut next = Next::after(now);
        for dated in &self.dates {
            if let Source::Trait(Subject::Account, path) = &dated.source {
                dates(traits.at(path), &dated.inside, &mut |date| next.date(&dated.test, date));
            }
        }
        next.instant()
    }

    /// What is seen differently of a user as of `to` than as of `from`, which is before.
    pub(super) fn changed(
        &self,
        program: &Program,
        profile: &Profile,
        (from, to): (Timestamp, Timestamp),
        mut visit: impl FnMut(Cause),
    ) {
        self.each(program, profile, |cause, past, window| {
            if range(past, window, from) != range(past, window, to) {
                visit(cause);
            }
        });
        for (number, dated) in (0..).zip(&self.dates) {
            let mut next = Next::after(from);
            self.values(program, profile, dated, |date| next.date(&dated.test, date));
            if next.instant().is_some_and(|next| next <= to) {
                visit(Cause::Date(number));
            }
        }
    }

    /// Takes in what changes with time in a condition, and tells it.
    pub(super) fn add(&mut self, program: &Program, condition: NodeId, causes: &mut Vec<Cause>) {
        self.node(program, condition, &Site::default(), causes);
    }

    /// The same of a trait.
    pub(super) fn add_trait(&mut self, program: &Program, slot: TraitSlot, causes: &mut Vec<Cause>) {
        let Some(TraitSource::Computed(aggregate)) = program.traits.get(slot.index()).map(|known| &known.source) else {
            return;
        };
        self.window(aggregate.event, aggregate.window, causes);
        self.filter(program, aggregate.filter, aggregate.event, causes);
    }

    /// Gives each event's windows with the events of its name.
    fn each<'p>(&self, program: &Program, profile: &'p Profile, mut visit: impl FnMut(Cause, &'p [PastEvent], Window)) {
        for (slot, causes) in &self.events {
            let Some(event) = program.events.get(slot.index()) else {
                continue;
            };
            let past = profile.history().of(&event.name);
            if past.is_empty() {
                continue;
            }
            for cause in causes {
                if let Cause::Window(number) = cause
                    && let Some(window) = self.windows.get(*number as usize)
                {
                    visit(*cause, past, *window);
                }
            }
        }
    }

    fn values(&self, program: &Program, profile: &Profile, dated: &Dated, mut visit: impl FnMut(Timestamp)) {
        match &dated.source {
            Source::Trait(Subject::User, path) => dates(profile.traits().at(path), &dated.inside, &mut visit),
            Source::Trait(Subject::Account, _) => {}
            Source::Property(slot, property) => {
                let Some(event) = program.events.get(slot.index()) else {
                    return;
                };
                let Some(path) = event.properties.get(property.index()) else {
                    return;
                };
                for past in profile.history().of(&event.name) {
                    dates(past.properties.at(path), &dated.inside, &mut visit);
                }
            }
        }
    }

    fn node(&mut self, program: &Program, id: NodeId, site: &Site, causes: &mut Vec<Cause>) {
        match program.node(id) {
            Node::Const(_) | Node::Member(_) | Node::Consent { .. } => {}
            Node::Not(child) | Node::Users { condition: child, .. } => self.node(program, *child, site, causes),
            Node::And(nodes) | Node::Or(nodes) => {
                nodes.iter().for_each(|node| self.node(program, *node, site, causes));
            }
            Node::Test { value, test } => {
                if let ValueRef::Trait(slot) = value {
                    self.add_trait(program, *slot, causes);
                }
                if let Some(Reference::Trait(slot)) = test.reference() {
                    self.add_trait(program, slot, causes);
                }
                if let Test::Date(test) = test
                    && moves(test)
                {
                    let Values { source, inside } = site.values(program, value);
                    if let Some(source) = source {
                        self.date(source, inside, test.clone(), causes);
                    }
                }
            }
            Node::Element { list, filter } => {
                if let ValueRef::Trait(slot) = list {
                    self.add_trait(program, *slot, causes);
                }
                let site = Site {
                    list: Some(site.values(program, list)),
                    ..site.clone()
                };
                self.node(program, *filter, &site, causes);
            }
            Node::Performed(performed) => {
                self.window(performed.event, performed.window, causes);
                self.filter(program, performed.filter, performed.event, causes);
                for step in &performed.steps {
                    // What follows is looked for up to `now`.
                    self.window(step.event, Window::ALL, causes);
                    self.filter(program, step.filter, step.event, causes);
                }
            }
        }
    }

    fn filter(&mut self, program: &Program, filter: NodeId, event: EventSlot, causes: &mut Vec<Cause>) {
        let site = Site {
            event: Some(event),
            list: None,
        };
        self.node(program, filter, &site, causes);
    }

    fn window(&mut self, event: EventSlot, window: Window, causes: &mut Vec<Cause>) {
        let number = u32::try_from(self.windows.len()).unwrap_or(u32::MAX);
        let cause = *self
            .known_windows
            .entry((event, window))
            .or_insert(Cause::Window(number));
        if cause == Cause::Window(number) {
            self.windows.push(window);
            match self.events.iter_mut().find(|(known, _)| *known == event) {
                Some((_, causes)) => causes.push(cause),
                None => self.events.push((event, vec![cause])),
            }
        }
        causes.push(cause);
    }

    fn date(&mut self, source: Source, inside: Vec<Vec<Box<str>>>, test: DateTest, causes: &mut Vec<Cause>) {
        let dated = Dated { source, inside, test };
        let number = u32::try_from(self.dates.len()).unwrap_or(u32::MAX);
        let cause = *self.known_dates.entry(dated.clone()).or_insert(Cause::Date(number));
        if cause == Cause::Date(number) {
            self.dates.push(dated);
        }
        causes.push(cause);
    }
}

impl Site {
    /// Where a value comes from.
    fn values(&self, program: &Program, value: &ValueRef) -> Values {
        let source = match value {
            ValueRef::Trait(slot) => program.traits.get(slot.index()).and_then(|known| match &known.source {
                TraitSource::Sent(path) => Some(Source::Trait(known.of, path.clone())),
                TraitSource::Computed(aggregate) => {
                    let property = property_given(aggregate.function)?;
                    Some(Source::Property(aggregate.event, property))
                }
            }),
            ValueRef::Property(property) => self.event.map(|event| Source::Property(event, *property)),
            ValueRef::Item(path) => {
                let mut values = self.list.clone().unwrap_or_default();
                values.inside.push(path.clone());
                return values;
            }
        };
        Values {
            source,
            inside: Vec::new(),
        }
    }
}

/// The property whose values a computed trait can have; numbers are no dates.
fn property_given(function: Function) -> Option<PropertySlot> {
    match function {
        Function::First(property)
        | Function::Last(property)
        | Function::MostFrequent { property, .. }
        | Function::UniqueList(property) => Some(property),
        Function::Count
        | Function::Sum(_)
        | Function::Average(_)
        | Function::Minimum(_)
        | Function::Maximum(_)
        | Function::UniqueCount(_) => None,
    }
}

/// Whether a date test depends on `now`.
fn moves(test: &DateTest) -> bool {
    !matches!(test, DateTest::Before(_) | DateTest::After(_))
}

/// Visits the dates among the values at a place. Where a computed trait takes the elements of a list one by one, each
/// counts: so of a list its elements do, too.
fn dates(value: Option<&Value>, inside: &[Vec<Box<str>>], visit: &mut impl FnMut(Timestamp)) {
    let Some(value) = value else { return };
    match inside.split_first() {
        None => match value {
            Value::List(items) => items.iter().filter_map(date).for_each(visit),
            value => date(value).into_iter().for_each(visit),
        },
        Some((path, inside)) => {
            let alone = std::slice::from_ref(value);
            for item in value.as_list().unwrap_or(alone) {
                let mut value = Some(item);
                for key in path {
                    value = value.and_then(Value::as_object).and_then(|object| object.get(key));
                }
                dates(value, inside, visit);
            }
        }
    }
}

fn date(value: &Value) -> Option<Timestamp> {
    Timestamp::parse(value.as_str()?)
}

/// The places of the events in a window, as of an instant.
fn range(past: &[PastEvent], window: Window, now: Timestamp) -> (usize, usize) {
    let (after, until) = window.bounds(now);
    let up_to = |instant| past.partition_point(|event| event.timestamp <= instant);
    let start = up_to(after);
    (start, up_to(until).max(start))
}

/// The first instant after one.
struct Next {
    now: Timestamp,
    next: Timestamp,
}

impl Next {
    fn after(now: Timestamp) -> Self {
        Next {
            now,
            next: Timestamp::MAX,
        }
    }

    /// There is none at the end of time.
    fn instant(self) -> Option<Timestamp> {
        (self.next < Timestamp::MAX).then_some(self.next)
    }

    fn at(&mut self, instant: Timestamp) {
        if instant > self.now {
            self.next = self.next.min(instant);
        }
    }

    /// An event comes into a window when it is as old as its near bound, and is out when it is as old as its far one.
    fn window(&mut self, past: &[PastEvent], window: Window) {
        let mut at_age = |age: Duration| {
            let after = self.now.minus(age).max(window.after.unwrap_or(Timestamp::MIN));
            let first = past.get(past.partition_point(|event| event.timestamp <= after));
            if let Some(first) = first.filter(|first| window.before.is_none_or(|before| first.timestamp < before)) {
                self.at(first.timestamp.plus(age));
            }
        };
        at_age(window.newest);
        if let Some(oldest) = window.oldest {
            at_age(oldest);
        }
    }

    fn date(&mut self, test: &DateTest, date: Timestamp) {
        match test {
            DateTest::Before(_) | DateTest::After(_) => {}
            DateTest::WithinLast(length) => {
                self.at(date);
                self.at(date.plus(*length));
            }
            DateTest::WithinNext(length) => {
                self.at(date.minus(*length));
                self.at(date);
            }
            DateTest::BeforeLast(length) => self.at(date.plus(*length)),
            DateTest::AfterNext(length) => self.at(date.minus(*length)),
        }
    }
}
