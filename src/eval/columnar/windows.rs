//! Windows that many conditions look at: who of a block has an event in them is found once.
//!
//! Most people have none in most windows, so that is all that is to be known of them.

use std::collections::BTreeMap;

use super::bits::{self, Bits};
use super::count::Passing;
use super::segment::Segment;
use crate::ir::EventSlot;

/// A window that fewer conditions look at is looked at by each.
const FEW: usize = 4;

/// `after < t ≤ until` of the events of one name.
pub(super) type Window = (EventSlot, i64, i64);

/// The windows that are shared, by their number.
#[derive(Debug, Default)]
pub(super) struct Windows {
    shared: Vec<Window>,
}

/// By number, who of the block has an event in the window; `None` where nobody has asked yet.
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<Option<Bits>>);

impl Windows {
    /// Finds out which are shared, and tells those that look at them.
    pub(super) fn share<'p, 's: 'p>(all: impl Iterator<Item = &'p mut Passing<'s>>) -> Self {
        let mut by_window: BTreeMap<Window, Vec<&mut Passing<'s>>> = BTreeMap::new();
        for passing in all {
            by_window.entry(passing.window).or_default().push(passing);
        }
        let mut windows = Windows::default();
        for (window, lookers) in by_window {
            if lookers.len() >= FEW {
                let number = windows.shared.len();
                lookers.into_iter().for_each(|passing| passing.shared = Some(number));
                windows.shared.push(window);
            }
        }
        windows
    }

    /// Who of the block from `start` on, which are `all`, has an event in a window.
    pub(super) fn inside(&self, number: usize, segment: &Segment, start: usize, all: &Bits, seen: &mut Seen) -> Bits {
        seen.0.resize(self.shared.len(), None);
        match (self.shared.get(number), seen.0.get_mut(number)) {
            (Some((slot, after, until)), Some(known)) => *known.get_or_insert_with(|| match segment.events(*slot) {
                Some(events) => bits::each(all, |at| !events.between(start + at, *after, *until).is_empty()),
                None => bits::NONE,
            }),
            _ => *all,
        }
    }
}

impl Seen {
    /// Another block begins.
    pub(super) fn forget(&mut self) {
        self.0.fill(None);
    }
}
