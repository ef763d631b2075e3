//! Asks a user's row by instructions (`ir::flat`): the same answers as [`node`](super::node)'s, sooner.
//!
//! What an instruction does not answer itself is asked of its node. An answer for an audience may need both.
//!
//! What is asked in most audiences stands in one loop that needs few registers; the rest is called, so that it costs
//! only those who use it.

use std::ops::Range;

use super::node::{Evaluation, Place};
use super::row::{Events, Matched, Read, Row, between, up_to};
use crate::ir::{Ask, EventSlot, Filter, NONE, NodeId, Program, Scan, Then, TraitSlot, YES};
use crate::time::Timestamp;
use crate::value::Value;

/// So many events that may follow are looked at one by one; where there are more, the node knows faster ways.
const FEW: u64 = 256;

/// Whether a condition of users holds of a prepared row; `None` where it has no instructions.
///
/// Tests on traits are answered here without a call, so that an audience that has no others needs nothing else.
#[inline]
pub(super) fn holds(program: &Program, condition: NodeId, row: &Row<'_>) -> Option<bool> {
    let asked = Asked { program, row };
    let flat = program.flat();
    let mut at = flat.entry(condition);
    while let Some(instruction) = flat.instructions.get(at as usize) {
        let Some(holds) = asked.at_once(&instruction.ask) else {
            return Some(asked.from(at));
        };
        at = if holds { instruction.yes } else { instruction.no };
    }
    (at != NONE).then_some(at == YES)
}

#[derive(Clone, Copy)]
struct Asked<'e> {
    program: &'e Program,
    row: &'e Row<'e>,
}

impl<'e> Asked<'e> {
    /// Asks one instruction after the other, from this one on; `false` where that cost more than the row has.
    #[inline(never)]
    fn from(self, from: u32) -> bool {
        let flat = self.program.flat();
        let mut at = from;
        while let Some(instruction) = flat.instructions.get(at as usize) {
            let holds = match &instruction.ask {
                Ask::Scan { scan } => self.scan(*scan),
                Ask::Total {
                    slot,
                    least,
                    most,
                    node,
                } => self.total(*slot, *least, *most, *node),
                ask => self.at_once(ask).unwrap_or_else(|| self.other(ask)),
            };
            at = if holds { instruction.yes } else { instruction.no };
        }
        at == YES && !self.row.is_exhausted()
    }

    /// What can be answered without a call.
    #[inline(always)]
    fn at_once(self, ask: &Ask) -> Option<bool> {
        match ask {
            Ask::Words { slot, words } => Some(self.read(*slot).is_some_and(|read| read.word & words != 0)),
            Ask::Number { slot, low, high } => {
                let read = self.read(*slot);
                Some(read.is_some_and(|read| *low <= read.number && read.number <= *high))
            }
            Ask::EndsWith { slot, text, .. } => {
                let text = self.program.flat().texts.get(*text as usize)?;
                ends_with(self.read(*slot)?.text?.as_bytes(), text.as_bytes())
            }
            _ => None,
        }
    }

    fn read(self, slot: TraitSlot) -> Option<&'e Read<'e>> {
        self.row.read(slot)
    }

    fn text(self, number: u32) -> &'e str {
        self.program.flat().texts.get(number as usize).map_or("", |text| text)
    }

    #[inline(never)]
    fn other(self, ask: &Ask) -> bool {
        match *ask {
            Ask::Word { slot, word } => self.read(slot).is_some_and(|read| read.word == word),
            Ask::StartsWith { slot, text, node } => match self.read(slot) {
                Some(Read { text: Some(value), .. }) => value.starts_with(self.text(text)),
                _ => self.node(node),
            },
            Ask::EndsWith { slot, text, node } => match self.read(slot) {
                Some(Read { text: Some(value), .. }) => value.ends_with(self.text(text)),
                _ => self.node(node),
            },
            Ask::Exists { slot } => self.row.trait_value(self.program, slot).is_some(),
            Ask::Consent { category, state } => self.row.consent(category) == state,
            Ask::Member { audience } => self.row.is_member(audience),
            Ask::Node { node } => self.node(node),
            // Answered where they are asked.
            Ask::Computed { slot, low, high, node } => self.computed(slot, low, high, node),
            Ask::Words { .. } | Ask::Number { .. } | Ask::Scan { .. } | Ask::Total { .. } => false,
        }
    }

    fn evaluation(self) -> Evaluation<'e> {
        Evaluation::new(self.program, self.row, &[])
    }

    #[inline(never)]
    fn node(self, node: NodeId) -> bool {
        self.evaluation().condition(node, &mut ())
    }

    #[inline(never)]
    fn total(self, slot: TraitSlot, least: i64, most: i64, node: NodeId) -> bool {
        match self.row.total_billionths(self.program, slot) {
            Some(billionths) => least <= billionths && billionths <= most,
            None => self.node(node),
        }
    }

    fn computed(self, slot: TraitSlot, low: f64, high: f64, node: NodeId) -> bool {
        let value = self.row.trait_value(self.program, slot);
        let Some(number) = value.and_then(Value::read_number) else {
            return false;
        };
        match number.exact() {
            Some(number) => low <= number && number <= high,
            None => self.node(node),
        }
    }

    fn scan(self, number: u32) -> bool {
        let Some(scan) = self.program.flat().scans.get(number as usize) else {
            return false;
        };
        match &scan.then {
            None => self.performed(scan),
            Some(then) => self.funnel(scan, then).unwrap_or_else(|| self.node(scan.node)),
        }
    }

    /// The latest events are looked at first, as most windows are the last days, and no more of them than decide.
    #[inline(never)]
    fn performed(self, scan: &Scan) -> bool {
        let (after, until) = scan.when.bounds(self.row.now());
        let enough = scan.count.decided_at();
        let times = up_to(self.row.times(scan.event), until);
        let counted = match scan.filter {
            Filter::All => times.iter().rev().take(enough).take_while(|t| **t > after).count(),
            Filter::Number { column, low, high } => {
                let numbers = self.row.numbers(scan.event, column);
                let mut counted = 0;
                let numbers = numbers.get(..times.len()).unwrap_or_default();
                for (time, number) in times.iter().zip(numbers).rev() {
                    if *time <= after || counted >= enough {
                        break;
                    }
                    counted += usize::from(low <= *number && *number <= high);
                }
                counted
            }
            Filter::Node(filter) => {
                let events = self.row.events(scan.event);
                let passes = |at: &usize| self.passes_node(filter, &Matched::alone(events, *at, 0));
                between(times, after, until).rev().filter(passes).take(enough).count()
            }
        };
        scan.count.holds(counted)
    }

    /// Looks at each event that passes whether it is followed as the step says; `None` where that takes long.
    #[inline(never)]
    fn funnel(self, scan: &Scan, then: &Then) -> Option<bool> {
        let (after, until) = scan.when.bounds(self.row.now());
        let enough = scan.count.decided_at();
        let times = self.row.times(scan.event);
        let (mut counted, mut looks) = (0, 0);
        for at in between(times, after, until) {
            if counted >= enough {
                break;
            }
            let first = First { event: scan.event, at };
            if self.first_passes(scan.filter, first) {
                let time = times.get(at).copied().unwrap_or(Timestamp::MAX);
                counted += usize::from(self.followed(then, first, time, &mut looks)?);
            }
        }
        self.row.pay(looks);
        Some(scan.count.holds(counted))
    }

    #[inline(never)]
    fn followed(self, then: &Then, first: First, time: Timestamp, looks: &mut u64) -> Option<bool> {
        let until = time.followed_until(then.within, self.row.now());
        let range = between(self.row.times(then.event), time, until);
        let mut counted = 0;
        if !range.is_empty() {
            *looks += range.len() as u64;
            if *looks > FEW {
                return None;
            }
            counted = self.count_following(then, first, range);
        }
        Some(then.count.holds(counted) != then.negated)
    }

    #[inline(never)]
    fn count_following(self, then: &Then, first: First, range: Range<usize>) -> usize {
        let enough = then.count.decided_at();
        match then.filter {
            Filter::All => range.len(),
            Filter::Number { column, low, high } => {
                let numbers = self.row.numbers(then.event, column).get(range).unwrap_or_default();
                let passes = |number: &&f64| low <= **number && **number <= high;
                numbers.iter().filter(passes).take(enough).count()
            }
            Filter::Node(filter) => {
                let first = first.matched(self.row);
                let events = self.row.events(then.event);
                let passes = |at: &usize| {
                    let next = Matched {
                        events,
                        at: *at,
                        step: 1,
                        before: Some(&first),
                    };
                    self.passes_node(filter, &next)
                };
                range.filter(passes).take(enough).count()
            }
        }
    }

    #[inline]
    fn first_passes(self, filter: Filter, first: First) -> bool {
        match filter {
            Filter::All => true,
            Filter::Number { column, low, high } => {
                let number = self.row.numbers(first.event, column).get(first.at);
                number.is_some_and(|number| low <= *number && *number <= high)
            }
            Filter::Node(filter) => self.passes_node(filter, &first.matched(self.row)),
        }
    }

    #[inline(never)]
    fn passes_node(self, filter: NodeId, matched: &Matched<'e, '_>) -> bool {
        let event = Some(matched);
        self.evaluation().passes(filter, Place { event, item: None })
    }
}

/// The first event of a funnel. It is laid out only for those who look at more than its time.
#[derive(Clone, Copy)]
struct First {
    event: EventSlot,
    at: usize,
}

impl First {
    fn matched<'e>(self, row: &'e Row<'e>) -> Matched<'e, 'e> {
        let events: Events<'e, 'e> = row.events(self.event);
        Matched::alone(events, self.at, 0)
    }
}

/// Texts of 8 to 16 bytes, such as the domains of addresses, are two words each; `None` for others.
#[inline(always)]
fn ends_with(value: &[u8], text: &[u8]) -> Option<bool> {
    let (first, last) = (text.first_chunk::<8>()?, text.last_chunk::<8>()?);
    if text.len() > 16 {
        return None;
    }
    let end = value.len().checked_sub(text.len()).and_then(|at| value.get(at..));
    Some(end.is_some_and(|end| end.first_chunk() == Some(first) && end.last_chunk() == Some(last)))
}
