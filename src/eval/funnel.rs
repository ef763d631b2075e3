//! Funnels over many events, answered without comparing each event with each that follows.
//!
//! `performed.rs` has the plain way, which says what a funnel means: for each first event, look at those that follow,
//! and for each of these at those that follow it. What is here gives the same numbers, for these reasons:
//!
//! * **A window moves one way.** Asked in order of time, the events that may follow begin ever later and end ever later.
//!   So each step has a [`Slide`] that takes in every event once, at its end, and lets it go at its beginning; how many
//!   count is what is inside. The events it takes in are themselves asked in order of time, so the same holds for the
//!   step after.
//! * **Nothing changes until an event comes in or goes out.** Where the steps after an event do not hold, neither do
//!   they after a later one for which the window has the same events; those are passed over.
//! * **Filters that refer to no step** ask an event the same whatever came before it: they are asked once.
//! * **References to one property of one step** make all events of that step alike whose property has the same value:
//!   one group, which the slides go through once. Where the reference is an equality that is and-ed, a step of the
//!   group can only be matched by events whose own value has the same [`Key`](super::test::Key): the others are not
//!   looked at. The filter itself is still asked, as a key says less than the test.
//! * **Steps after the last one that refers** hold or not whatever the group: they are asked once, before.
//!
//! Other funnels are not answered here: references to two steps make their events depend on each other.

use std::cmp::Ordering;
use std::ops::Range;

use super::node::{Evaluation, Place};
use super::row::{Events, Matched};
use super::test::{Key, alike};
use crate::ir::{Node, NodeId, Operand, Performed, Program, PropertySlot, Reference, Step, Test, ValueRef};
use crate::time::Timestamp;

/// Buffers for the funnel at hand, made when a row is bound.
#[derive(Debug, Clone, Default)]
pub(super) struct Room {
    /// Places of events: for each step those that may match it.
    listed: Vec<u32>,
    /// For each step, in the part of its list, the places in `listed` of what counts in its window.
    counted: Vec<u32>,
    slides: Vec<Slide>,
}

impl Room {
    /// Makes room for a funnel of so many steps over so many events in all.
    pub(super) fn fit(&mut self, steps: usize, events: usize) {
        let fitted = |length: usize, wanted: usize| length.max(wanted);
        self.listed.resize(fitted(self.listed.len(), events), 0);
        self.counted.resize(fitted(self.counted.len(), events), 0);
        self.slides.resize(fitted(self.slides.len(), steps), Slide::default());
    }
}

/// The window of a step, which moves over the events that may match it.
#[derive(Debug, Clone, Copy, Default)]
struct Slide {
    /// All that may match the step.
    whole: Part,
    /// Those of the group at hand.
    list: Part,
    /// The next one to take in.
    next: usize,
    /// What counts, of those that were taken in and not let go.
    inside: Part,
    /// Its filter refers to a step, so it is asked in each group.
    refers: bool,
}

/// A part of a buffer.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    start: usize,
    end: usize,
}

impl Part {
    fn range(self) -> Range<usize> {
        self.start..self.end
    }

    fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

impl Slide {
    /// A window that has not moved yet.
    fn over(self, list: Part) -> Self {
        let inside = Part {
            start: list.start,
            end: list.start,
        };
        Slide {
            list,
            next: list.start,
            inside,
            ..self
        }
    }
}

/// The step that later ones refer to.
#[derive(Debug, Clone, Copy)]
struct Referred {
    /// 0 for the first `performed`.
    step: u32,
    /// The property, if there is one alone.
    property: Option<PropertySlot>,
    /// The last step that refers to it; 0 for the one after the first `performed`.
    last: usize,
}

/// Whether the steps after an event hold.
struct Followed {
    holds: bool,
    /// If not: up to when, at the earliest, that stays so for later events.
    until: Timestamp,
}

/// Visits the references of a filter to earlier steps.
pub(super) fn references(program: &Program, filter: NodeId, visit: &mut impl FnMut(u32, PropertySlot)) {
    match program.node(filter) {
        Node::Not(child) | Node::Element { filter: child, .. } => references(program, *child, visit),
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| references(program, *node, visit)),
        Node::Test { test, .. } => {
            if let Some(Reference::Step { step, property }) = test.reference() {
                visit(step, property);
            }
        }
        // No other node stands in a filter.
        _ => {}
    }
}

/// How many events of a range pass and have steps that hold, but not more than `enough`; `None` for a funnel of
/// which later steps refer to more than one.
pub(super) fn count(
    evaluation: &Evaluation<'_>,
    performed: &Performed,
    range: Range<usize>,
    enough: usize,
) -> Option<usize> {
    let referred = referred(evaluation.program, performed)?;
    let mut search = Search {
        of: evaluation,
        steps: &performed.steps,
        room: evaluation.row.take_room(),
        end: 0,
    };
    let counted = search.count(performed, range, enough, referred);
    evaluation.row.give_room(search.room);
    Some(counted)
}

/// What the steps refer to; `None` for more than one step, or one that is not before them.
fn referred(program: &Program, performed: &Performed) -> Option<Option<Referred>> {
    let mut found: Option<Referred> = None;
    let mut fits = true;
    references(program, performed.filter, &mut |_, _| fits = false);
    for (at, step) in performed.steps.iter().enumerate() {
        references(program, step.filter, &mut |to, property| {
            fits &= to as usize <= at && found.is_none_or(|found| found.step == to);
            let same = found.is_none_or(|found| found.property == Some(property));
            found = Some(Referred {
                step: to,
                property: same.then_some(property),
                last: at,
            });
        });
    }
    fits.then_some(found)
}

/// The property that a filter wants to equal the one referred to, in an equality that is and-ed; and the latter.
fn key_of(program: &Program, filter: NodeId) -> Option<(PropertySlot, PropertySlot)> {
    match program.node(filter) {
        Node::Test {
            value: ValueRef::Property(own),
            test: Test::Equals(Operand::Reference(Reference::Step { property, .. })),
        } => Some((*own, *property)),
        // An `and` in an `and` is one with it.
        Node::And(nodes) => nodes
            .iter()
            .filter(|node| matches!(program.node(**node), Node::Test { .. }))
            .find_map(|node| key_of(program, *node)),
        _ => None,
    }
}

/// One funnel being answered.
struct Search<'s, 'e> {
    of: &'s Evaluation<'e>,
    /// Those that are still looked for. What is listed of the last one has all later ones behind it.
    steps: &'s [Step],
    room: Box<Room>,
    /// How much of the room is used.
    end: usize,
}

impl<'s, 'e> Search<'s, 'e> {
    fn count(
        &mut self,
        performed: &'s Performed,
        range: Range<usize>,
        enough: usize,
        referred: Option<Referred>,
    ) -> usize {
        if range.is_empty() {
            return 0;
        }
        let events = self.of.row.events(performed.event);
        let earliest = events.time(range.start);
        for (at, step) in performed.steps.iter().enumerate() {
            let mut refers = false;
            references(self.of.program, step.filter, &mut |_, _| refers = true);
            let events = self.of.row.events(step.event);
            let places = events.between(earliest, self.of.row.now());
            let whole = self.list(events, places, if refers { None } else { Some(step.filter) });
            let slide = Slide {
                whole,
                refers,
                ..Slide::default()
            };
            self.set(at, slide.over(whole));
        }
        let range = match referred {
            Some(referred) if referred.step == 0 => {
                let firsts = self.list(events, range, Some(performed.filter));
                self.settle_after(performed, referred.last);
                return self
                    .settle_groups(performed, referred, events, firsts, enough)
                    .range()
                    .len();
            }
            Some(referred) => {
                self.settle_after(performed, referred.last);
                self.settle_referred(performed, referred);
                range
            }
            None => range,
        };
        let mut counted = 0;
        for at in range {
            if counted >= enough || self.of.row.is_exhausted() {
                break;
            }
            let first = Matched::alone(events, at, 0);
            counted += usize::from(self.passes(performed.filter, &first) && self.follows(&first).holds);
        }
        counted
    }

    /// Lists the events of a range that pass a filter, in order of time.
    fn list(&mut self, events: Events<'e, 'e>, range: Range<usize>, filter: Option<NodeId>) -> Part {
        let start = self.end;
        for at in range {
            if filter.is_none_or(|filter| self.passes(filter, &Matched::alone(events, at, 0)))
                && let Some(place) = self.room.listed.get_mut(self.end)
            {
                *place = u32::try_from(at).unwrap_or(u32::MAX);
                self.end += 1;
            }
        }
        Part { start, end: self.end }
    }

    /// Of the last step that refers, leaves those events that the later steps follow. These are asked no more.
    fn settle_after(&mut self, performed: &'s Performed, last: usize) {
        if let Some(step) = performed.steps.get(last)
            && last + 1 < performed.steps.len()
        {
            let events = self.of.row.events(step.event);
            let slide = self.slide(last);
            let matched = u32::try_from(last + 1).unwrap_or(u32::MAX);
            let mut left = Part {
                end: slide.whole.start,
                ..slide.whole
            };
            for place in slide.whole.range() {
                let at = self.at(place);
                if self.follows(&Matched::alone(events, at, matched)).holds {
                    self.keep(&mut left, at);
                }
            }
            self.set(last, Slide { whole: left, ..slide }.over(left));
        }
        self.steps = performed.steps.get(..=last).unwrap_or_default();
    }

    /// Of the step that is referred to, leaves those events that the later steps follow.
    fn settle_referred(&mut self, performed: &'s Performed, referred: Referred) {
        let at = (referred.step as usize).saturating_sub(1);
        if let Some(step) = performed.steps.get(at) {
            let events = self.of.row.events(step.event);
            let slide = self.slide(at);
            let left = self.settle_groups(performed, referred, events, slide.whole, usize::MAX);
            self.part(left).sort_unstable();
            self.set(at, Slide { whole: left, ..slide }.over(left));
        }
        self.steps = performed.steps.get(..=at).unwrap_or_default();
    }

    /// Of the events that are referred to, leaves those that the later steps follow, or `enough` of them. They are
    /// gone through value by value, of each in order of time.
    fn settle_groups(
        &mut self,
        performed: &Performed,
        referred: Referred,
        events: Events<'e, 'e>,
        list: Part,
        enough: usize,
    ) -> Part {
        let group = |a: usize, b: usize| match referred.property {
            Some(property) => alike(events.value(a, property), events.value(b, property)),
            // References to more than one property: no event is like another.
            None => a.cmp(&b),
        };
        self.part(list)
            .sort_unstable_by(|a, b| group(*a as usize, *b as usize).then(a.cmp(b)));
        let later = referred.step as usize..=referred.last;
        for (at, step) in later
            .clone()
            .zip(performed.steps.get(later.clone()).unwrap_or_default())
        {
            if let Some((own, _)) = key_of(self.of.program, step.filter) {
                let events = self.of.row.events(step.event);
                let key = |at: u32| events.value(at as usize, own).and_then(Key::of);
                let whole = self.slide(at).whole;
                self.part(whole)
                    .sort_unstable_by(|a, b| key(*a).cmp(&key(*b)).then(a.cmp(b)));
            }
        }
        let mut left = Part {
            end: list.start,
            ..list
        };
        let mut before = None;
        for place in list.range() {
            if left.range().len() >= enough || self.of.row.is_exhausted() {
                break;
            }
            let at = self.at(place);
            if before.is_none_or(|before| group(before, at) != Ordering::Equal) {
                before = Some(at);
                for (at_step, step) in later
                    .clone()
                    .zip(performed.steps.get(later.clone()).unwrap_or_default())
                {
                    let slide = self.slide(at_step);
                    let list = self.narrowed(step, slide.whole, events, at);
                    self.set(at_step, slide.over(list));
                }
            }
            if self.follows(&Matched::alone(events, at, referred.step)).holds {
                self.keep(&mut left, at);
            }
        }
        left
    }

    /// Of what may match a step, the part with the key of the event that is referred to.
    fn narrowed(&mut self, step: &Step, whole: Part, referred: Events<'e, 'e>, at: usize) -> Part {
        let Some((own, other)) = key_of(self.of.program, step.filter) else {
            return whole;
        };
        let Some(wanted) = referred.value(at, other).and_then(Key::of) else {
            // A reference to nothing: no event equals it.
            return Part {
                end: whole.start,
                ..whole
            };
        };
        let events = self.of.row.events(step.event);
        let key = |at: &u32| events.value(*at as usize, own).and_then(Key::of);
        let list = self.part(whole);
        let start = whole.start + list.partition_point(|at| key(at) < Some(wanted));
        let end = whole.start + list.partition_point(|at| key(at) <= Some(wanted));
        Part { start, end }
    }

    /// Whether the steps after a matched event hold. The recursion is as deep as there are steps.
    fn follows(&mut self, matched: &Matched<'e, '_>) -> Followed {
        let at = matched.step as usize;
        let steps = self.steps;
        let Some(step) = steps.get(at) else {
            return Followed::YES;
        };
        let mut slide = self.slide(at);
        let events = self.of.row.events(step.event);
        let (after, now) = (matched.time(), self.of.row.now());
        let until = after.followed_until(step.within, now);
        let time = |at: &u32| events.time(*at as usize);
        let list = self.part(slide.list);
        let start = slide.list.start + list.partition_point(|at| time(at) <= after);
        let end = slide.list.start + list.partition_point(|at| time(at) <= until);
        slide.next = slide.next.max(start);
        while !slide.inside.is_empty() && self.counted(slide.inside.start) < start {
            slide.inside.start += 1;
        }
        let enough = step.count.decided_at();
        while slide.inside.range().len() < enough && slide.next < end {
            if !self.of.row.spend() {
                return Followed::NO;
            }
            let place = slide.next;
            slide.next += 1;
            let next = Matched {
                events,
                at: self.at(place),
                step: matched.step.saturating_add(1),
                before: Some(matched),
            };
            if slide.refers && !self.passes(step.filter, &next) {
                continue;
            }
            let followed = self.follows(&next);
            if followed.holds {
                if let Some(counted) = self.room.counted.get_mut(slide.inside.end) {
                    *counted = u32::try_from(place).unwrap_or(u32::MAX);
                    slide.inside.end += 1;
                }
            } else if slide.next < end && events.time(self.at(slide.next)) < followed.until {
                let rest = Part { start: slide.next, end };
                slide.next += self.part(rest).partition_point(|at| time(at) < followed.until);
            }
        }
        self.set(at, slide);
        let counted = slide.inside.range().len();
        if step.count.holds(counted) != step.negated {
            return Followed::YES;
        }
        let leaves = if slide.inside.is_empty() {
            Timestamp::MAX
        } else {
            events.time(self.at(self.counted(slide.inside.start)))
        };
        let enters = match step.within {
            Some(within) if counted < enough && end < slide.list.end => events.time(self.at(end)).minus(within),
            _ => Timestamp::MAX,
        };
        Followed {
            holds: false,
            until: leaves.min(enters),
        }
    }

    fn passes(&self, filter: NodeId, event: &Matched<'e, '_>) -> bool {
        let event = Some(event);
        self.of.passes(filter, Place { event, item: None })
    }

    fn slide(&self, step: usize) -> Slide {
        self.room.slides.get(step).copied().unwrap_or_default()
    }

    fn set(&mut self, step: usize, slide: Slide) {
        if let Some(place) = self.room.slides.get_mut(step) {
            *place = slide;
        }
    }

    fn part(&mut self, part: Part) -> &mut [u32] {
        self.room.listed.get_mut(part.range()).unwrap_or_default()
    }

    /// The event at a place of the lists.
    fn at(&self, place: usize) -> usize {
        self.room.listed.get(place).map_or(usize::MAX, |at| *at as usize)
    }

    fn counted(&self, place: usize) -> usize {
        self.room.counted.get(place).map_or(usize::MAX, |at| *at as usize)
    }

    /// Leaves an event in a list that is gone through.
    fn keep(&mut self, left: &mut Part, at: usize) {
        if let Some(place) = self.room.listed.get_mut(left.end) {
            *place = u32::try_from(at).unwrap_or(u32::MAX);
            left.end += 1;
        }
    }
}

impl Followed {
    const YES: Followed = Followed {
        holds: true,
        until: Timestamp::MAX,
    };
    const NO: Followed = Followed {
        holds: false,
        until: Timestamp::MIN,
    };
}

#[cfg(test)]
mod tests;
