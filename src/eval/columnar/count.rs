//! Counts the events of profiles, and what follows them.

use super::filter::{EventFilter, Scope};
use super::pair::Spot;
use super::segment::{Events, Segment};
use super::select::Asker;
use super::windows::Window;
use crate::ir::{Count, EventSlot, Performed, Program};
use crate::time::{Duration, Timestamp};

/// Up to so many events that may follow are looked at one by one, or so many for each event in the window, whichever is more. A
/// profile that takes more is left to the evaluator of one profile, which puts them in order; but for that it is made again,
/// which costs as much as some hundred looks for each of its events.
const FEW: usize = 4096;
const FEW_EACH: usize = 64;

/// `performed …`, prepared for a segment.
#[derive(Debug)]
pub(super) struct Counting<'s> {
    pub(super) passing: Passing<'s>,
    count: Count,
    steps: Vec<Step<'s>>,
    now: Timestamp,
}

/// The events of one name in a window that pass a filter.
#[derive(Debug)]
pub(super) struct Passing<'s> {
    pub(super) events: &'s Events,
    pub(super) window: Window,
    /// The number of the window, if others look at it, too.
    pub(super) shared: Option<usize>,
    pub(super) filter: EventFilter<'s>,
}

/// A step of a funnel.
#[derive(Debug)]
struct Step<'s> {
    events: &'s Events,
    within: Option<Duration>,
    filter: EventFilter<'s>,
    count: Count,
    negated: bool,
}

impl<'s> Passing<'s> {
    /// `events` are those of the slot.
    pub(super) fn new(
        (slot, events): (EventSlot, &'s Events),
        (after, until): (Timestamp, Timestamp),
        filter: EventFilter<'s>,
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
        self.window(at)
            .filter(move |place| self.filter.passes(&Spot::first(at, *place)))
    }
}

impl<'s> Counting<'s> {
    /// `None` for what reads more than is in columns.
    pub(super) fn new(
        program: &'s Program,
        segment: &'s Segment,
        performed: &'s Performed,
        asker: &'s Asker<'s>,
    ) -> Option<Self> {
        let filter = |steps: &[&'s Events], filter| {
            let scope = Scope {
                program,
                segment,
                asker,
                steps,
            };
            EventFilter::new(scope, filter)
        };
        let first = segment.events(performed.event)?;
        let mut events = vec![first];
        let first_filter = filter(&events, performed.filter)?;
        let mut steps = Vec::new();
        for step in &performed.steps {
            let then = segment.events(step.event)?;
            events.push(then);
            steps.push(Step {
                events: then,
                within: step.within,
                filter: filter(&events, step.filter)?,
                count: step.count,
                negated: step.negated,
            });
        }
        let window = performed.window.bounds(asker.now());
        Some(Counting {
            passing: Passing::new((performed.event, first), window, first_filter),
            count: performed.count,
            steps,
            now: asker.now(),
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
        let counted = match (self.steps.as_slice(), &self.passing.filter) {
            ([], EventFilter::Always) => window.len(),
            // From the end: what happened last is at hand.
            ([], _) => self.passing.of(at).rev().take(enough).count(),
            (steps, _) => {
                let mut counted = 0;
                let mut looks = FEW.max(window.len().saturating_mul(FEW_EACH));
                for place in self.passing.of(at).rev() {
                    if counted >= enough {
                        break;
                    }
                    let first = Spot::first(at, place);
                    counted +=
                        usize::from(self.followed(steps, &first, self.passing.events.time(place), &mut looks)?);
                }
                counted
            }
        };
        Some(self.count.holds(counted))
    }

    /// Whether the steps hold after an event of this time; `None` where that takes more looks than are left. The recursion is as
    /// deep as there are steps.
    fn followed(&self, steps: &[Step<'_>], before: &Spot<'_>, time: i64, looks: &mut usize) -> Option<bool> {
        let Some((step, rest)) = steps.split_first() else {
            return Some(true);
        };
        let until = Timestamp::from_millis(time).followed_until(step.within, self.now);
        let following = step.events.between(before.person, time, until.as_millis());
        let enough = step.count.decided_at();
        let mut counted = 0;
        for event in following {
            if counted >= enough {
                break;
            }
            *looks = looks.checked_sub(1)?;
            let next = Spot {
                event,
                before: Some(before),
                ..*before
            };
            counted +=
                usize::from(step.filter.passes(&next) && self.followed(rest, &next, step.events.time(event), looks)?);
        }
        Some(step.count.holds(counted) != step.negated)
    }

    /// Whether it takes more than a look at a window.
    pub(super) fn is_funnel(&self) -> bool {
        !self.steps.is_empty()
    }
}
