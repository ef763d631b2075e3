//! Many ranges of one value, answered together.
//!
//! Hundreds of audiences with a threshold of their own on one trait are common. Instead of comparing each profile's value with
//! each of them, its place among all bounds is found once; then, from the highest bound down, each bound's set is the one
//! above it and those who lie between.

use super::bits::{self, BLOCK, Bits};
use super::select::Ranges;

/// Fewer bounds are compared one by one.
const FEW: usize = 8;

/// The bounds of a value, sorted, each once.
#[derive(Debug)]
pub(super) struct Ladder {
    bounds: Vec<i64>,
}

/// From a bound on, up to before another one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rungs {
    from: usize,
    /// `None` for all that lie above.
    to: Option<usize>,
}

/// By bound, whose values of a block are not below it.
#[derive(Debug)]
pub(super) struct Climbed {
    reached: Vec<Bits>,
    /// Whose value has been looked at.
    known: Bits,
    /// By bound the last profile that lies on it, and by profile the one before it there.
    last: Vec<u16>,
    before: Vec<u16>,
}

const NOBODY: u16 = u16::MAX;

impl Ladder {
    /// `None` where it does not pay.
    pub(super) fn new<'r>(ranges: impl Iterator<Item = &'r Ranges>) -> Option<Self> {
        let mut bounds: Vec<i64> = ranges
            .filter_map(single)
            .flat_map(|(low, above)| [Some(low), above])
            .flatten()
            .collect();
        bounds.sort_unstable();
        bounds.dedup();
        (bounds.len() >= FEW).then_some(Ladder { bounds })
    }

    /// The rungs of a range that is one.
    pub(super) fn rungs(&self, ranges: &Ranges) -> Option<Rungs> {
        let (low, above) = single(ranges)?;
        let rung = |bound: i64| self.bounds.binary_search(&bound).ok();
        Some(Rungs {
            from: rung(low)?,
            to: match above {
                Some(above) => Some(rung(above)?),
                None => None,
            },
        })
    }

    /// Looks at the values of those who are wanted and have not been looked at.
    pub(super) fn climb(&self, wanted: &Bits, value: impl Fn(usize) -> Option<i64>, climbed: &mut Climbed) {
        let missing = bits::without(wanted, &climbed.known);
        if bits::is_none(&missing) {
            return;
        }
        if bits::is_none(&climbed.known) {
            climbed.reached.clear();
        }
        climbed.reached.resize(self.bounds.len(), bits::NONE);
        climbed.last.clear();
        climbed.last.resize(self.bounds.len(), NOBODY);
        climbed.before.resize(BLOCK, NOBODY);
        bits::each(&missing, |at| {
            let rank = value(at).map_or(0, |value| self.bounds.partition_point(|bound| *bound <= value));
            if let Some(rung) = rank.checked_sub(1)
                && let (Some(last), Some(before)) = (climbed.last.get_mut(rung), climbed.before.get_mut(at))
            {
                *before = std::mem::replace(last, u16::try_from(at).unwrap_or(NOBODY));
            }
            false
        });
        let mut above = bits::NONE;
        for (reached, last) in climbed.reached.iter_mut().zip(&climbed.last).rev() {
            let mut next = *last;
            while next != NOBODY {
                let at = usize::from(next);
                if let Some(word) = above.get_mut(at / 64) {
                    *word |= 1 << (at % 64);
                }
                next = climbed.before.get(at).copied().unwrap_or(NOBODY);
            }
            bits::add(reached, &above);
        }
        bits::add(&mut climbed.known, &missing);
    }
}

impl Default for Climbed {
    fn default() -> Self {
        Climbed {
            reached: Vec::new(),
            known: bits::NONE,
            last: Vec::new(),
            before: Vec::new(),
        }
    }
}

impl Climbed {
    /// Another block begins.
    pub(super) fn forget(&mut self) {
        self.known = bits::NONE;
    }

    /// Leaves those in the set whose values lie in a range. They have been looked at.
    pub(super) fn narrow(&self, rungs: Rungs, wanted: &mut Bits) {
        match self.reached.get(rungs.from) {
            Some(reached) => bits::keep(wanted, reached),
            None => *wanted = bits::NONE,
        }
        if let Some(above) = rungs.to.and_then(|to| self.reached.get(to)) {
            bits::leave_out(wanted, above);
        }
    }
}

/// The first number of a range, and the first above it, if it is one range.
fn single(ranges: &Ranges) -> Option<(i64, Option<i64>)> {
    match ranges.as_slice() {
        [(low, high)] => Some((*low, high.checked_add(1))),
        _ => None,
    }
}
