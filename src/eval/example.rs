//! Shows a recorder one event or element out of many: the one on which it is best seen why the answer is what it is.
//!
//! Evaluating without a recorder does not come here.

use std::ops::Range;

use super::node::{Evaluation, Place};
use super::performed::Funnel;
use super::row::{Events, Matched};
use super::trace::{Recorder, Shown};
use crate::ir::{NodeId, Performed};
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

/// As many of the latest events as are looked at to find one to show: where thousands are alike, any of them will do.
const TRIED: usize = 100;

impl<'e> Evaluation<'e> {
    /// Shows the latest event that counts, or, where more are needed than the `counted`, the latest that comes nearest to it.
    pub(super) fn show<R: Recorder<'e>>(
        &self,
        performed: &'e Performed,
        range: Range<usize>,
        counted: usize,
        recorder: &mut R,
    ) {
        let events = self.row.events(performed.event);
        let of = range.len();
        let passes = |at| self.passes(performed.filter, place(&first(events, at)));
        let passed = range.clone().filter(|at| passes(*at)).count();
        let funnel = self.funnel(performed);
        let lacking = counted < performed.count.at_least as usize;
        let mut latest = Candidates::default();
        for at in range.rev().take(TRIED) {
            let candidate = if !passes(at) {
                &mut latest.far
            } else if self.steps_hold(funnel, &first(events, at)) {
                &mut latest.counted
            } else {
                &mut latest.near
            };
            candidate.get_or_insert(at);
            let found = if lacking { latest.near } else { latest.counted };
            if found.is_some() {
                break;
            }
        }
        let Candidates {
            counted: one,
            near,
            far,
        } = latest;
        let chosen = if lacking {
            near.or(far).or(one)
        } else {
            one.or(near).or(far)
        };
        recorder.enter(Shown::Event {
            step: 0,
            event: chosen.map(|at| (events.time(at), events.message_id(at))),
            counts: chosen.is_some() && chosen == one,
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
            counts: first.counted.is_some(),
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
    Matched::alone(events, at, 0)
}

fn place<'e, 'p>(matched: &'p Matched<'e, 'p>) -> Place<'e, 'p> {
    Place {
        event: Some(matched),
        item: None,
    }
}
