//! Counts events, and follows the steps of a funnel.

use super::node::{Evaluation, Place};
use super::row::Matched;
use crate::ir::{Node, NodeId, Performed, Step};
use crate::time::Timestamp;

/// Events that were counted.
pub(super) struct Counted {
    /// How many pass, with their steps; unless all were wanted, no more than decide the answer.
    pub(super) counted: usize,
    /// How many are in the window.
    pub(super) of: usize,
}

impl<'e> Evaluation<'e> {
    /// Counts the events with `after < t ≤ until` that pass and whose steps hold: all of them, or as many as decide.
    ///
    /// For a funnel of one step this is the number of A's times the number of B's that follow each; every further step
    /// multiplies again, since any B may serve and a later filter may refer to it.
    pub(super) fn count(&self, performed: &Performed, after: Timestamp, until: Timestamp, all: bool) -> Counted {
        let events = self.row.events(performed.event);
        let range = events.between(after, until);
        let of = range.len();
        let enough = if all { usize::MAX } else { performed.count.decided_at() };
        if performed.steps.is_empty() && matches!(self.program.node(performed.filter), Node::Const(true)) {
            return Counted { counted: of, of };
        }
        let mut counted = 0;
        for at in range {
            if counted >= enough {
                break;
            }
            let matched = Matched {
                events,
                at,
                step: 0,
                before: None,
            };
            counted += usize::from(self.matches(performed.filter, &performed.steps, &matched));
        }
        Counted { counted, of }
    }

    fn matches(&self, filter: NodeId, steps: &[Step], matched: &Matched<'e, '_>) -> bool {
        let event = Some(matched);
        self.passes(filter, Place { event, item: None }) && self.steps_hold(steps, matched)
    }

    /// Whether the steps hold after a matched event. The recursion is as deep as there are steps.
    fn steps_hold(&self, steps: &[Step], matched: &Matched<'e, '_>) -> bool {
        let Some((step, rest)) = steps.split_first() else {
            return true;
        };
        let (after, now) = (matched.time(), self.row.now());
        let until = step.within.map_or(now, |within| after.plus(within).min(now));
        let events = self.row.events(step.event);
        let enough = step.count.decided_at();
        let mut counted = 0;
        for at in events.between(after, until) {
            if counted >= enough {
                break;
            }
            let next = Matched {
                events,
                at,
                step: matched.step.saturating_add(1),
                before: Some(matched),
            };
            counted += usize::from(self.matches(step.filter, rest, &next));
        }
        step.count.holds(counted) != step.negated
    }
}
