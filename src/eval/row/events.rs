//! The events of a row as conditions look at them.

use std::ops::Range;

use super::sheet::{Found, Sheet};
use crate::ir::PropertySlot;
use crate::model::PastEvent;
use crate::time::Timestamp;
use crate::value::Value;

/// Where the events of one name stand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Past<'a> {
    /// In a profile.
    Kept(&'a [PastEvent]),
    /// In what was read of a text.
    Read(&'a [Found], &'a Sheet),
}

/// The events of one name of one row, in time order.
#[derive(Debug, Clone, Copy)]
pub(in crate::eval) struct Events<'e, 'a> {
    pub(super) past: &'e Past<'a>,
    pub(super) times: &'e [Timestamp],
    pub(super) values: &'e [Option<&'a Value>],
}

impl<'e, 'a> Events<'e, 'a> {
    pub(super) const NONE: Events<'static, 'static> = Events {
        past: &Past::Kept(&[]),
        times: &[],
        values: &[],
    };

    pub(in crate::eval) fn len(self) -> usize {
        self.times.len()
    }

    /// The places of the events with `after < t ≤ until`.
    pub(in crate::eval) fn between(self, after: Timestamp, until: Timestamp) -> Range<usize> {
        between(self.times, after, until)
    }

    pub(in crate::eval) fn time(self, at: usize) -> Timestamp {
        self.times.get(at).copied().unwrap_or(Timestamp::MAX)
    }

    pub(in crate::eval) fn message_id(self, at: usize) -> &'a str {
        self.tie(at).map_or("", |(_, message_id)| message_id)
    }

    /// What decides between events of one timestamp that stand in several histories: canonical order (DEC-40).
    pub(in crate::eval) fn tie(self, at: usize) -> Option<(Timestamp, &'a str)> {
        match *self.past {
            Past::Kept(past) => past.get(at).map(|event| (event.received_at, &*event.message_id)),
            Past::Read(found, sheet) => found.get(at).map(|found| (found.time, sheet.message_id(found))),
        }
    }

    /// A property of the event at a place; `None` where it is absent or null.
    pub(in crate::eval) fn value(self, at: usize, property: PropertySlot) -> Option<&'a Value> {
        let at = property.index().checked_mul(self.times.len())?.checked_add(at)?;
        *self.values.get(at)?
    }
}

/// The times with `t ≤ until`.
pub(in crate::eval) fn up_to<T: Ord>(times: &[T], until: T) -> &[T] {
    match times.last() {
        Some(last) if *last > until => times.get(..times.partition_point(|t| *t <= until)).unwrap_or_default(),
        _ => times,
    }
}

/// The places of the times with `after < t ≤ until`. Windows mostly end now, after the last event, and hold few or none: so a
/// few are looked at from the end, before their beginning is searched.
pub(in crate::eval) fn between<T: Ord>(times: &[T], after: T, until: T) -> Range<usize> {
    const FEW: usize = 8;
    let inside = up_to(times, until);
    let end = inside.len();
    let few = inside.iter().rev().take(FEW).take_while(|t| **t > after).count();
    let start = match few {
        FEW => inside.partition_point(|t| *t <= after),
        few => end - few,
    };
    start..end
}

/// An event that a filter looks at, and the events that the steps before it matched.
#[derive(Debug, Clone, Copy)]
pub(in crate::eval) struct Matched<'e, 'p> {
    pub(in crate::eval) events: Events<'e, 'e>,
    pub(in crate::eval) at: usize,
    /// 0 for the first `performed`, then 1, 2, …
    pub(in crate::eval) step: u32,
    pub(in crate::eval) before: Option<&'p Matched<'e, 'p>>,
}

impl<'e> Matched<'e, '_> {
    /// An event that is asked nothing about those before it.
    pub(in crate::eval) fn alone(events: Events<'e, 'e>, at: usize, step: u32) -> Self {
        Matched {
            events,
            at,
            step,
            before: None,
        }
    }

    pub(in crate::eval) fn time(&self) -> Timestamp {
        self.events.time(self.at)
    }

    pub(in crate::eval) fn value(&self, property: PropertySlot) -> Option<&'e Value> {
        self.events.value(self.at, property)
    }

    /// A property of the event that this step or an earlier one matched.
    pub(in crate::eval) fn value_of(&self, step: u32, property: PropertySlot) -> Option<&'e Value> {
        let mut matched = self;
        while matched.step != step {
            matched = matched.before?;
        }
        matched.value(property)
    }
}
