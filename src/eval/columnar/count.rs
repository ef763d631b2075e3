//! Counts the events of profiles, and what follows them.

use super::filter::{Filter, Following};
use super::segment::{Events, Segment, narrow};
use super::select::Asker;
use super::windows::Window;
use crate::ir::{Count, EventSlot, Performed, Program};
use crate::time::{Duration, Timestamp};

/// Up to so many pairs of events are compared each with each; a profile with more is left to the evaluator of one profile,
/// which puts them in order.
const FEW: usize = 4096;

/// `performed …`, prepared for a segment.
#[derive(Debug)]
pub(super) struct Counting<'s> {
    pub(super) passing: Passing<'s>,
    count: Count,
    follow: Option<Follow<'s>>,
}

/// The events of one name in a window that pass a filter.
#[derive(Debug)]
pub(super) struct Passing<'s> {
    pub(super) events: &'s Events,
    pub(super) window: Window,
    /// The number of the window, if others look at it, too.
    pub(super) shared: Option<usize>,
    pub(super) filter: Filter<'s>,
}

/// The only step of a funnel.
#[derive(Debug)]
struct Follow<'s> {
    events: &'s Events,
    within: Option<Duration>,
    filter: Following<'s>,
    count: Count,
    negated: bool,
    now: Timestamp,
}

impl<'s> Passing<'s> {
    /// `events` are those of the slot.
    pub(super) fn new(
        (slot, events): (EventSlot, &'s Events),
        (after, until): (Timestamp, Timestamp),
        filter: Filter<'s>,
    ) -> Self {
        Passing {
            events,
            window: (slot, after.as_millis(), until.as_millis()),
            shared: None,
            filter,
        }
    }

    /// The places of a profile's events in the window, whether or not they pass.
    pub(super) fn window(&self, at: usize) -> std::ops::Range<usize> {
        let (_, after, until) = self.window;
        self.events.between(at, after, until)
    }

    /// The places of those that pass, in time order.
    pub(super) fn of(&self, at: usize) -> impl DoubleEndedIterator<Item = usize> {
        self.window(at).filter(|place| self.filter.passes(*place))
    }
}

impl<'s> Counting<'s> {
    /// `None` for what reads more than the events and their properties, and for funnels of several steps.
    pub(super) fn new(
        program: &'s Program,
        segment: &'s Segment,
        performed: &'s Performed,
        asker: &'s Asker<'s>,
    ) -> Option<Self> {
        let first = segment.events(performed.event)?;
        let filter = Filter::new(program, first, performed.filter, asker)?;
        let follow = match performed.steps.as_slice() {
            [] => None,
            [step] => {
                let then = segment.events(step.event)?;
                Some(Follow {
                    events: then,
                    within: step.within,
                    filter: Following::new(program, first, then, step.filter, asker)?,
                    count: step.count,
                    negated: step.negated,
                    now: asker.now(),
                })
            }
            _ => return None,
        };
        Some(Counting {
            passing: Passing::new((performed.event, first), performed.window.bounds(asker.now()), filter),
            count: performed.count,
            follow,
        })
    }

    /// Whether no event in the window is so many.
    pub(super) fn holds_of_none(&self) -> bool {
        self.count.holds(0)
    }

    /// Whether a profile's events are so many; `None` where that is left to the evaluator of one profile.
    pub(super) fn holds(&self, at: usize) -> Option<bool> {
        let enough = self.count.decided_at();
        let window = self.passing.window(at);
        if window.is_empty() {
            return Some(self.holds_of_none());
        }
        let counted = match (&self.follow, &self.passing.filter) {
            (None, Filter::Always) => window.len(),
            // From the end: what happened last is at hand.
            (None, _) => self.passing.of(at).rev().take(enough).count(),
            (Some(follow), _) => {
                let then = follow.events.of(at);
                if window.len().saturating_mul(then.len()) > FEW {
                    return None;
                }
                let holds = |place: &usize| follow.holds(self.passing.events, *place, then.clone());
                self.passing.of(at).rev().filter(holds).take(enough).count()
            }
        };
        Some(self.count.holds(counted))
    }

    /// Whether it takes more than a look at a window.
    pub(super) fn is_funnel(&self) -> bool {
        self.follow.is_some()
    }
}

impl Follow<'_> {
    /// Whether so many follow an event; `then` are the profile's events of the other name.
    fn holds(&self, events: &Events, first: usize, then: std::ops::Range<usize>) -> bool {
        let after = events.times.get(first).copied().unwrap_or(i64::MAX);
        let until = Timestamp::from_millis(after).followed_until(self.within, self.now);
        let times = self.events.times.get(then.clone()).unwrap_or_default();
        let following = narrow(then.start, times, after, until.as_millis());
        let passes = |place: &usize| self.filter.passes(first, *place);
        let counted = following.filter(passes).take(self.count.decided_at()).count();
        self.count.holds(counted) != self.negated
    }
}
