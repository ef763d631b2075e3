//! Counts events, and follows the steps of a funnel.

use std::ops::Range;

use super::funnel;
use super::node::{Evaluation, Place};
use super::row::Matched;
use crate::ir::{Node, NodeId, Performed, Program, Step};
use crate::time::Timestamp;

/// Up to so many looks at events nothing is put in order.
const FEW: u64 = 256;

/// Events that were counted.
pub(super) struct Counted {
    /// How many pass, with their steps; unless all were wanted, no more than decide the answer.
    pub(super) counted: usize,
    /// How many are in the window.
    pub(super) of: usize,
}

/// The steps of a funnel, and what can be remembered of them.
#[derive(Clone, Copy)]
pub(super) struct Funnel<'f> {
    pub(super) steps: &'f [Step],
    /// Events at this step and later ones are remembered: whether the steps after such an event hold depends on nothing
    /// that came before it.
    remembered_from: u32,
}

impl<'e> Evaluation<'e> {
    /// Counts the events with `after < t ≤ until` that pass and whose steps hold: all of them, or as many as decide.
    pub(super) fn count(&self, performed: &Performed, after: Timestamp, until: Timestamp, all: bool) -> Counted {
        let events = self.row.events(performed.event);
        let range = events.between(after, until);
        let of = range.len();
        let enough = if all { usize::MAX } else { performed.count.decided_at() };
        let counted = if !performed.steps.is_empty() {
            self.count_funnel(performed, range, enough)
        } else if matches!(self.program.node(performed.filter), Node::Const(true)) {
            of
        } else {
            let passes = |at: &usize| {
                let event = Some(&Matched::alone(events, *at, 0));
                self.passes(performed.filter, Place { event, item: None })
            };
            range.filter(passes).take(enough).count()
        };
        Counted { counted, of }
    }

    /// Few events are compared each with each. Once that has looked at more events than there are, it pays to put them in
    /// order first; where the funnel does not allow that, the plain way goes on, as far as
    /// [`Row::BUDGET`](super::Row::BUDGET) reaches.
    fn count_funnel(&self, performed: &Performed, range: Range<usize>, enough: usize) -> usize {
        let lengths = performed.steps.iter().map(|step| self.row.events(step.event).len());
        let some = FEW.saturating_add(2 * (range.len() + lengths.sum::<usize>()) as u64);
        let plainly = || self.count_plainly(performed, range.clone(), enough);
        self.row
            .spending_at_most(some, plainly)
            .or_else(|| funnel::count(self, performed, range.clone(), enough))
            .unwrap_or_else(plainly)
    }

    /// What a funnel means. It looks, step by step, at the number of events times the number of those that may follow:
    /// what is known of an event at one step is remembered, however many ways lead to it. Only where a filter refers to an
    /// event further back than the step before, each way counts for itself.
    pub(super) fn count_plainly(&self, performed: &Performed, range: Range<usize>, enough: usize) -> usize {
        let events = self.row.events(performed.event);
        let funnel = self.funnel(performed);
        let mut counted = 0;
        for at in range {
            if counted >= enough || self.row.is_exhausted() {
                break;
            }
            let matched = Matched::alone(events, at, 0);
            counted += usize::from(self.matches(performed.filter, funnel, &matched));
        }
        counted
    }

    /// The steps, to be asked about one event after the other.
    pub(super) fn funnel<'f>(&self, performed: &'f Performed) -> Funnel<'f> {
        let funnel = Funnel::new(self.program, &performed.steps);
        if funnel.remembers() {
            // What the row still knows is of another funnel.
            self.row.forget_funnel();
        }
        funnel
    }

    fn matches(&self, filter: NodeId, funnel: Funnel<'_>, matched: &Matched<'e, '_>) -> bool {
        let event = Some(matched);
        // The first events are as many as there are; it is the steps after them that multiply.
        (matched.step == 0 || self.row.spend())
            && self.passes(filter, Place { event, item: None })
            && self.steps_hold(funnel, matched)
    }

    /// Whether the steps hold after a matched event. The recursion is as deep as there are steps.
    pub(super) fn steps_hold(&self, funnel: Funnel<'_>, matched: &Matched<'e, '_>) -> bool {
        let step_at = matched.step.saturating_add(1);
        let Some(step) = funnel.steps.get(matched.step as usize) else {
            return true;
        };
        let remembered = funnel.is_remembered(matched.step);
        if remembered && let Some(known) = self.row.remembered(matched.step, matched.at) {
            return known;
        }
        let events = self.row.events(step.event);
        let enough = step.count.decided_at();
        let mut counted = 0;
        for at in self.following(step, matched) {
            if counted >= enough || self.row.is_exhausted() {
                break;
            }
            let next = Matched {
                events,
                at,
                step: step_at,
                before: Some(matched),
            };
            counted += usize::from(self.matches(step.filter, funnel, &next));
        }
        let holds = step.count.holds(counted) != step.negated;
        if remembered {
            self.row.remember(matched.step, matched.at, holds);
        }
        holds
    }

    /// The places of the events that may be the next step's after a matched event.
    pub(super) fn following(&self, step: &Step, matched: &Matched<'e, '_>) -> Range<usize> {
        let (after, now) = (matched.time(), self.row.now());
        let until = after.followed_until(step.within, now);
        self.row.events(step.event).between(after, until)
    }
}

impl<'f> Funnel<'f> {
    fn new(program: &Program, steps: &'f [Step]) -> Self {
        // The first `performed` is asked about each of its events once, so there is nothing to remember of it, and of one
        // step nothing at all.
        let mut remembered_from = u32::MAX;
        if steps.len() > 1 {
            // From the last step back: how far the filters that are still to come refer.
            let mut farthest = u32::MAX;
            let last = u32::try_from(steps.len()).unwrap_or(u32::MAX);
            for (step, at) in steps.iter().rev().zip((1..=last).rev()) {
                farthest = farthest.min(farthest_reference(program, step.filter));
                // Whether the steps from `at` on hold after an event at the step before.
                if farthest >= at - 1 && at > 1 {
                    remembered_from = at - 1;
                } else {
                    break;
                }
            }
        }
        Funnel { steps, remembered_from }
    }

    /// Whether events of any step are remembered.
    fn remembers(self) -> bool {
        (self.remembered_from as usize) < self.steps.len()
    }

    fn is_remembered(self, step: u32) -> bool {
        step >= self.remembered_from && (step as usize) < self.steps.len()
    }
}

/// The earliest step that a filter refers to; `u32::MAX` for none.
fn farthest_reference(program: &Program, filter: NodeId) -> u32 {
    let mut farthest = u32::MAX;
    funnel::references(program, filter, &mut |step, _| farthest = farthest.min(step));
    farthest
}
