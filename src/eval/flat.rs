//! Asks a user's row by instructions ([`crate::ir`]'s flat form): the same answers as [`node`](super::node)'s, sooner.
//!
//! What an instruction does not answer itself is asked of its node. An answer for an audience may need both.

use super::node::{Evaluation, Place};
use super::row::{Matched, Read, Row, between};
use crate::ir::{Ask, Filter, NO, NodeId, Program, Scan, Then, TraitSlot, YES};
use crate::time::Timestamp;

/// So many events that may follow are looked at one by one; where there are more, the node knows faster ways.
const FEW: u64 = 256;

/// Whether a condition holds of a row; `None` where that is to be asked of its node.
#[inline]
pub(super) fn holds(program: &Program, condition: NodeId, row: &Row<'_>) -> Option<bool> {
    let entry = program.flat().entry(condition).filter(|_| row.is_prepared())?;
    Some(Asked { program, row }.from(entry))
}

#[derive(Clone, Copy)]
struct Asked<'e> {
    program: &'e Program,
    row: &'e Row<'e>,
}

impl<'e> Asked<'e> {
    /// Asks one instruction after the other, from this one on.
    fn from(self, entry: u32) -> bool {
        let flat = self.program.flat();
        let mut at = entry;
        while let Some(instruction) = flat.instructions.get(at as usize) {
            let holds = match instruction.ask {
                Ask::Words { slot, words } => self.read(slot).word & words != 0,
                Ask::Word { slot, word } => self.read(slot).word == word,
                Ask::Number { slot, low, high } => {
                    let number = self.read(slot).number;
                    low <= number && number <= high
                }
                Ask::EndsWith { slot, text, node } => match self.read(slot).text {
                    Some(value) => value.ends_with(self.text(text)),
                    None => self.node(node),
                },
                Ask::StartsWith { slot, text, node } => match self.read(slot).text {
                    Some(value) => value.starts_with(self.text(text)),
                    None => self.node(node),
                },
                Ask::Computed { slot, low, high } => {
                    let value = self.row.trait_value(self.program, slot);
                    let number = value.and_then(|value| value.read_number());
                    number.is_some_and(|number| number.is_between(low, high))
                }
                Ask::Exists { slot } => self.row.trait_value(self.program, slot).is_some(),
                Ask::Consent { category, state } => self.row.consent(category) == state,
                Ask::Member { audience } => self.row.is_member(audience),
                Ask::Scan { scan } => flat.scans.get(scan as usize).is_some_and(|scan| self.scan(scan)),
                Ask::Node { node } => self.node(node),
            };
            at = if holds { instruction.yes } else { instruction.no };
        }
        debug_assert!(at == YES || at == NO);
        at == YES
    }

    fn read(self, slot: TraitSlot) -> Read<'e> {
        self.row.read(slot).copied().unwrap_or(Read::NOTHING)
    }

    fn text(self, number: u32) -> &'e str {
        self.program.flat().texts.get(number as usize).map_or("", |text| text)
    }

    fn evaluation(self) -> Evaluation<'e> {
        Evaluation::new(self.program, self.row, &[])
    }

    fn node(self, node: NodeId) -> bool {
        self.evaluation().condition(node, &mut ())
    }

    fn scan(self, scan: &Scan) -> bool {
        let (after, until) = scan.window.bounds(self.row.now());
        let enough = scan.count.decided_at();
        let counted = match &scan.then {
            None => self.count(scan, after, until, enough),
            Some(then) => match self.count_followed(scan, then, after, until, enough) {
                Some(counted) => counted,
                None => return self.node(scan.node),
            },
        };
        scan.count.holds(counted)
    }

    /// How many events of the window pass, up to `enough`. The latest are looked at first: most windows are the last days.
    fn count(self, scan: &Scan, after: Timestamp, until: Timestamp, enough: usize) -> usize {
        let times = self.row.times(scan.event);
        let end = match times.last() {
            None => return 0,
            Some(last) if *last <= until => times.len(),
            Some(_) => times.partition_point(|t| *t <= until),
        };
        let times = times.get(..end).unwrap_or_default();
        let inside = |t: &Timestamp| *t > after;
        match scan.filter {
            Filter::All => {
                // Whether there are enough shows in one of them.
                let last = times.len().checked_sub(enough).and_then(|at| times.get(at));
                if enough > 0 && last.is_some_and(inside) {
                    enough
                } else {
                    times.iter().rev().take(enough).take_while(|t| inside(t)).count()
                }
            }
            Filter::Number { column, low, high } => {
                let numbers = self.row.numbers(scan.event, column);
                let numbers = numbers.get(..end).unwrap_or_default();
                let mut counted = 0;
                for (time, number) in times.iter().zip(numbers).rev() {
                    if counted >= enough || !inside(time) {
                        break;
                    }
                    counted += usize::from(low <= *number && *number <= high);
                }
                counted
            }
            Filter::Node(filter) => {
                let events = self.row.events(scan.event);
                let evaluation = self.evaluation();
                let passes = |at: &usize| {
                    let event = Some(&Matched::alone(events, *at, 0));
                    evaluation.passes(filter, Place { event, item: None })
                };
                between(times, after, until).rev().filter(passes).take(enough).count()
            }
        }
    }

    /// How many events of the window pass and are followed as the step says, up to `enough`; `None` where that takes long.
    fn count_followed(
        self,
        scan: &Scan,
        then: &Then,
        after: Timestamp,
        until: Timestamp,
        enough: usize,
    ) -> Option<usize> {
        let times = self.row.times(scan.event);
        let range = between(times, after, until);
        let mut counted = 0;
        let mut looks = 0;
        if range.is_empty() {
            return Some(0);
        }
        let events = self.row.events(scan.event);
        for at in range {
            if counted >= enough {
                break;
            }
            let matched = Matched::alone(events, at, 0);
            if self.passes(scan.filter, scan.event, &matched) {
                counted += usize::from(self.followed(then, &matched, &mut looks)?);
            }
        }
        self.row.pay(looks);
        Some(counted)
    }

    fn followed(self, then: &Then, matched: &Matched<'e, '_>, looks: &mut u64) -> Option<bool> {
        let (after, now) = (matched.time(), self.row.now());
        let until = then.within.map_or(now, |within| after.plus(within).min(now));
        let range = between(self.row.times(then.event), after, until);
        let enough = then.count.decided_at();
        let mut counted = 0;
        if !range.is_empty() {
            let events = self.row.events(then.event);
            for at in range {
                if counted >= enough {
                    break;
                }
                *looks += 1;
                if *looks > FEW {
                    return None;
                }
                let next = Matched {
                    events,
                    at,
                    step: 1,
                    before: Some(matched),
                };
                counted += usize::from(self.passes(then.filter, then.event, &next));
            }
        }
        Some(then.count.holds(counted) != then.negated)
    }

    fn passes(self, filter: Filter, event: crate::ir::EventSlot, matched: &Matched<'e, '_>) -> bool {
        match filter {
            Filter::All => true,
            Filter::Number { column, low, high } => {
                let number = self.row.numbers(event, column).get(matched.at);
                number.is_some_and(|number| low <= *number && *number <= high)
            }
            Filter::Node(filter) => {
                let event = Some(matched);
                self.evaluation().passes(filter, Place { event, item: None })
            }
        }
    }
}
