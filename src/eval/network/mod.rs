//! All audiences of users at once, kept up to date for a profile as it changes: only what a change can touch is asked again.
//!
//! A [`Network`] is a program laid out by what reads what. At its bottom are *leaves*: the conditions that look at the
//! profile itself, each distinct one once. Above them are *gates*: `and`, `or`, `not`, and the audiences. Of a profile a
//! [`Standing`] keeps which of them hold, a bit for each.
//!
//! - A change says what it is about: an event of a name, a trait, consent, identifiers, the passing of time. The leaves that
//!   read it are asked again, by the same evaluator that says what a definition means. The profile is laid out for these alone.
//! - Comparisons of one value with many numbers (`spent > 50`, `spent > 54`, …) stand in the order of the numbers. Those that
//!   hold come before those that do not, so what turns round lies between where that was and where it is, and nothing else
//!   is looked at.
//! - Where a leaf turns round, the gates above it are asked, and so on as long as something turns round.
//!
//! Audiences of accounts are no part of it: what they say of a user is told by whoever evaluates the account.

mod build;
mod step;

use std::collections::{BTreeMap, HashMap};

use super::row::Wanted;
use super::watch::Watch;
use crate::ir::{AudienceSlot, CategorySlot, Comparison, EventSlot, NodeId, Program, TraitSlot};
use crate::model::Profile;
use crate::time::{Duration, Timestamp};
use crate::value::Number;

pub use step::{Exhausted, Step};

/// A leaf or a gate; leaves come first, and what a gate is made of comes before it.
type Place = u32;

/// A program, laid out by what reads what.
#[derive(Debug)]
pub struct Network {
    /// Those of ladders come first.
    leaves: Vec<Leaf>,
    /// How many those are.
    rungs: usize,
    ladders: Vec<Ladder>,
    gates: Vec<Gate>,
    /// By place, the gates that are made of it.
    above: Lists<Place>,
    /// By audience, its gate.
    gate_of: Vec<Place>,
    /// By gate, the audiences that it says the members of.
    audiences: Lists<AudienceSlot>,
    events: HashMap<Box<str>, EventSlot>,
    traits: BTreeMap<Box<str>, Vec<TraitSlot>>,
    by_event: Vec<Readers>,
    /// By event, how far back any reader looks; `None` for as far as there is anything.
    oldest: Vec<Option<Duration>>,
    by_trait: Vec<Readers>,
    by_window: Vec<Readers>,
    by_date: Vec<Readers>,
    by_consent: Readers,
    by_identity: Readers,
    watch: Watch,
}

/// A condition that looks at the profile itself.
#[derive(Debug, Clone, PartialEq)]
struct Leaf {
    asks: Asks,
    needs: Needs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Asks {
    Node(NodeId),
    /// A `consent to` clause.
    Granted(CategorySlot),
    /// Whether the identifiers suffice (AM-6).
    Eligible {
        anonymous: bool,
    },
}

/// What must be laid out of a profile to ask something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Needs {
    events: Vec<EventSlot>,
    traits: Vec<TraitSlot>,
}

/// Comparisons of one trait with numbers: leaves in a row, so that those that hold come first.
#[derive(Debug)]
struct Ladder {
    value: TraitSlot,
    comparison: Comparison,
    first: Place,
    numbers: Vec<Number>,
    needs: Needs,
}

#[derive(Debug)]
enum Gate {
    Not(Place),
    All(Box<[Place]>),
    Any(Box<[Place]>),
    /// An audience of accounts: assigned from outside.
    Assigned,
}

/// What is to be asked again when something changes.
#[derive(Debug, Clone, Default)]
struct Readers {
    leaves: Vec<Place>,
    ladders: Vec<u32>,
}

/// Lists by number, one after the other.
#[derive(Debug)]
struct Lists<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T> Lists<T> {
    fn new(lists: Vec<Vec<T>>) -> Self {
        let mut starts = Vec::with_capacity(lists.len() + 1);
        let mut items = Vec::new();
        for list in lists {
            starts.push(u32::try_from(items.len()).unwrap_or(u32::MAX));
            items.extend(list);
        }
        starts.push(u32::try_from(items.len()).unwrap_or(u32::MAX));
        Lists { starts, items }
    }

    fn of(&self, number: usize) -> &[T] {
        let bounds = self.starts.get(number).zip(self.starts.get(number + 1));
        let list = bounds.and_then(|(start, end)| self.items.get(*start as usize..*end as usize));
        list.unwrap_or_default()
    }
}

/// What holds of a profile: a bit for each leaf and gate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    bits: Box<[u64]>,
}

impl Standing {
    fn holds(&self, place: Place) -> bool {
        let word = self.bits.get(place as usize / 64);
        word.is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    fn set(&mut self, place: Place, holds: bool) {
        if let Some(word) = self.bits.get_mut(place as usize / 64) {
            let bit = 1 << (place % 64);
            *word = if holds { *word | bit } else { *word & !bit };
        }
    }
}

impl Network {
    /// Whether a profile is in an audience; of an audience of accounts, what was [assigned](Network::assign).
    pub fn is_member(&self, standing: &Standing, audience: AudienceSlot) -> bool {
        let gate = self.gate_of.get(audience.index());
        gate.is_some_and(|gate| standing.holds(*gate))
    }

    /// The audiences that a profile is in, and those of accounts that were [assigned](Network::assign), sorted.
    pub fn members(&self, standing: &Standing) -> Vec<AudienceSlot> {
        let mut members = Vec::new();
        let first = self.leaves.len();
        for (at, word) in standing.bits.iter().enumerate().skip(first / 64) {
            let mut word = *word;
            while word != 0 {
                let place = at * 64 + word.trailing_zeros() as usize;
                word &= word - 1;
                if let Some(gate) = place.checked_sub(first) {
                    members.extend_from_slice(self.audiences.of(gate));
                }
            }
        }
        members.sort_unstable();
        members
    }

    /// Sets what an evaluation of users and accounts together has found, of all audiences; the leaves say nothing then.
    pub fn assign(&self, standing: &mut Standing, mut is_member: impl FnMut(AudienceSlot) -> bool) {
        standing.bits = vec![0; self.size().div_ceil(64)].into();
        for (at, gate) in self.gate_of.iter().enumerate() {
            standing.set(*gate, is_member(AudienceSlot::at(at)));
        }
    }

    /// Whether any audience or computed trait, of users or of accounts, looks at events of this name.
    pub fn knows_event(&self, name: &str) -> bool {
        self.events.contains_key(name)
    }

    /// Whether any condition reads a trait of users of this key.
    pub fn knows_trait(&self, key: &str) -> bool {
        self.traits.contains_key(key)
    }

    /// How many leaves and gates there are.
    pub fn size(&self) -> usize {
        self.leaves.len() + self.gates.len()
    }

    /// The next instant after `now` at which something is seen differently of a profile; until then nothing changes by
    /// itself.
    pub fn next(&self, program: &Program, profile: &Profile, now: Timestamp) -> Option<Timestamp> {
        self.watch.next(program, profile, now)
    }
}
