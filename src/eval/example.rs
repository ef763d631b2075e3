//! Shows a recorder one event or element out of many: the one on which it is best seen why the answer is what it is.
//!
//! Evaluating without a recorder does not come here.

use super::node::{Evaluation, Place};
use super::performed::{Counted, Funnel};
use super::row::{Events, Matched};
use super::trace::{Recorder, Shown};
use crate::ir::{NodeId, Performed};
use crate::time::Timestamp;
use crate::value::Value;

/// Events to choose from, by place.
#[derive(Default)]
struct Candidates {
    /// The filter lets it through, and what must follow it follows.
    counted: Option<usize>,
    /// The filter lets it through, but its steps do not hold.
    near: Option<usize>,
    /// The filter holds it back.
    far: Option<usize>,
}

impl<'e> Evaluation<'e> {
    /// Counts as [`count`](Evaluation::count) does, but to the end, and shows the latest event that counts, or, where more
    /// are needed, the latest that comes nearest to it.
    pub(super) fn show<R: Recorder<'e>>(
        &self,
        performed: &'e Performed,
        after: Timestamp,
        until: Timestamp,
        recorder: &mut R,
    ) -> Counted {
        let events = self.row.events(performed.event);
        let range = events.between(after, until);
        let of = range.len();
        let funnel = self.funnel(performed);
        let (mut counted, mut passed) = (0, 0);
        let mut latest = Candidates::default();
        for at in range {
            let matched = first(events, at);
            let passes = self.passes(performed.filter, place(&matched));
            let counts = passes && self.steps_hold(funnel, &matched);
            passed += usize::from(passes);
            counted += usize::from(counts);
            let candidate = match (passes, counts) {
                (true, true) => &mut latest.counted,
                (true, false) => &mut latest.near,
                (false, _) => &mut latest.far,
            };
            *candidate = Some(at);
        }
        let Candidates {
            counted: one,
            near,
            far,
        } = latest;
        let chosen = if counted < performed.count.at_least as usize {
            near.or(far).or(one)
        } else {
            one.or(near).or(far)
        };
        recorder.enter(Shown::Event {
            step: 0,
            event: chosen.map(|at| (events.time(at), events.message_id(at))),
            passed,
            of,
            holds: performed.count.holds(counted),
        });
        if let Some(at) = chosen {
            let matched = first(events, at);
            self.node(performed.filter, place(&matched), recorder);
            if chosen != far {
                self.show_next(funnel, &matched, recorder);
            }
        }
        recorder.leave();
        Counted {
            counted,
            of,
            latest: one.map(|at| events.time(at)),
        }
    }

    /// Shows the next step after a matched event: of the events that pass there, the first whose own steps hold, or the first
    /// of all. The recursion is as deep as there are steps.
    fn show_next<R: Recorder<'e>>(&self, funnel: Funnel<'e>, before: &Matched<'e, '_>, recorder: &mut R) {
        let Some(step) = funnel.steps.get(before.step as usize) else {
            return;
        };
        let events = self.row.events(step.event);
        let range = self.following(step, before);
        let of = range.len();
        let next = |at| Matched {
            events,
            at,
            step: before.step.saturating_add(1),
            before: Some(before),
        };
        let mut passed = 0;
        let mut first = Candidates::default();
        for at in range {
            if !self.row.spend() {
                break;
            }
            let matched = next(at);
            if !self.passes(step.filter, place(&matched)) {
                first.far = Some(at);
                continue;
            }
            passed += 1;
            if first.counted.is_none() {
                let counts = self.steps_hold(funnel, &matched);
                let candidate = if counts { &mut first.counted } else { &mut first.near };
                candidate.get_or_insert(at);
            }
        }
        let chosen = first.counted.or(first.near).or(first.far);
        recorder.enter(Shown::Event {
            step: before.step.saturating_add(1),
            event: chosen.map(|at| (events.time(at), events.message_id(at))),
            passed,
            of,
            holds: step.count.holds(passed) != step.negated,
        });
        if let Some(at) = chosen {
            let matched = next(at);
            self.node(step.filter, place(&matched), recorder);
            if passed > 0 {
                self.show_next(funnel, &matched, recorder);
            }
        }
        recorder.leave();
    }

    /// Shows the first element that passes, or the first of all.
    pub(super) fn show_element<R: Recorder<'e>>(
        &self,
        items: &'e [Value],
        filter: NodeId,
        place: Place<'e, '_>,
        recorder: &mut R,
    ) {
        let passes = |item| {
            let item = Some(item);
            self.passes(filter, Place { item, ..place })
        };
        let at = items.iter().position(passes).unwrap_or_default();
        if let Some(item) = items.get(at) {
            recorder.enter(Shown::Element(at));
            let item = Some(item);
            self.node(filter, Place { item, ..place }, recorder);
            recorder.leave();
        }
    }
}

fn first<'e, 'p>(events: Events<'e, 'e>, at: usize) -> Matched<'e, 'p> {
    Matched {
        events,
        at,
        step: 0,
        before: None,
    }
}

fn place<'e, 'p>(matched: &'p Matched<'e, 'p>) -> Place<'e, 'p> {
    Place {
        event: Some(matched),
        item: None,
    }
}
