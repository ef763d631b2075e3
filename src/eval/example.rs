//! Shows a recorder one event or element out of many: the one on which it is best seen why the answer is what it is.
//!
//! Evaluating without a recorder does not come here. What is looked at to choose is not held against the answer: where
//! choosing costs too much, nothing is shown.

use std::ops::Range;

use super::node::{Evaluation, Place};
use super::performed::Funnel;
use super::row::{Events, Matched, Row};
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

/// What is shown of a step, 0 for the first `performed`.
struct Choice {
    /// The place of the event; `None` where there is none.
    at: Option<usize>,
    counts: bool,
    passed: usize,
    of: usize,
    holds: bool,
}

/// As many of the latest events as are looked at to find one to show: where thousands are alike, any of them will do.
const TRIED: usize = 100;
/// As many looks at events of steps as choosing is worth: a part of a second.
const WORTH: u64 = Row::BUDGET / 10;

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
        let holds = performed.count.holds(counted);
        let chosen = self.row.apart(WORTH, || {
            let funnel = self.funnel(performed);
            let lacking = counted < performed.count.at_least as usize;
            let (at, counts) = self.choose(performed, funnel, range, lacking);
            let mut choices = vec![Choice {
                at,
                counts,
                passed,
                of,
                holds,
            }];
            if let Some(at) = at.filter(|at| passes(*at)) {
                self.choose_next(funnel, &first(events, at), &mut choices);
            }
            choices
        });
        let choices = chosen.unwrap_or_else(|| {
            vec![Choice {
                at: None,
                counts: false,
                passed,
                of,
                holds,
            }]
        });
        self.tell(performed, &choices, None, recorder);
    }

    /// Of the first events, the one to show, and whether it counts.
    fn choose(
        &self,
        performed: &Performed,
        funnel: Funnel<'_>,
        range: Range<usize>,
        lacking: bool,
    ) -> (Option<usize>, bool) {
        let events = self.row.events(performed.event);
        let mut latest = Candidates::default();
        for at in range.rev().take(TRIED) {
            let matched = first(events, at);
            let candidate = if !self.passes(performed.filter, place(&matched)) {
                &mut latest.far
            } else if self.steps_hold(funnel, &matched) {
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
        (chosen, chosen.is_some() && chosen == one)
    }

    /// Chooses for the next step after a matched event: of the events that pass there, the first whose own steps hold, or the
    /// first of all. The recursion is as deep as there are steps.
    fn choose_next(&self, funnel: Funnel<'_>, before: &Matched<'e, '_>, choices: &mut Vec<Choice>) {
        let Some(step) = funnel.steps.get(before.step as usize) else {
            return;
        };
        let range = self.following(step, before);
        let of = range.len();
        let next = |at| Matched {
            events: self.row.events(step.event),
            at,
            step: before.step.saturating_add(1),
            before: Some(before),
        };
        let mut passed = 0;
        let mut first = Candidates::default();
        for at in range {
            if !self.row.spend() {
                return;
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
        let at = first.counted.or(first.near).or(first.far);
        choices.push(Choice {
            at,
            counts: first.counted.is_some(),
            passed,
            of,
            holds: step.count.holds(passed) != step.negated,
        });
        if let Some(at) = at.filter(|_| passed > 0) {
            self.choose_next(funnel, &next(at), choices);
        }
    }

    /// Tells what was chosen, one step after the other.
    fn tell<R: Recorder<'e>>(
        &self,
        performed: &'e Performed,
        choices: &[Choice],
        before: Option<&Matched<'e, '_>>,
        recorder: &mut R,
    ) {
        let Some((choice, rest)) = choices.split_first() else {
            return;
        };
        let step = before.map_or(0, |before| before.step.saturating_add(1));
        let at_step = before.and_then(|before| performed.steps.get(before.step as usize));
        let (event, filter) = at_step.map_or((performed.event, performed.filter), |step| (step.event, step.filter));
        let events = self.row.events(event);
        recorder.enter(Shown::Event {
            step,
            event: choice.at.map(|at| (events.time(at), events.message_id(at))),
            counts: choice.counts,
            passed: choice.passed,
            of: choice.of,
            holds: choice.holds,
        });
        if let Some(at) = choice.at {
            let matched = Matched {
                events,
                at,
                step,
                before,
            };
            self.node(filter, place(&matched), recorder);
            self.tell(performed, rest, Some(&matched), recorder);
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
