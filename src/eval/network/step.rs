//! Carries a change of a profile through the network.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Asks, Gate, Network, Place, Readers, Standing, Wanted};
use crate::eval;
use crate::eval::row::Row;
use crate::eval::watch::Cause;
use crate::ir::{AudienceSlot, EventSlot, Node, Performed, Program, TraitSlot};
use crate::model::Profile;
use crate::time::Timestamp;

/// A change of one profile: what it is about, and what comes of it. One serves many changes, one after the other.
#[derive(Debug, Default)]
pub struct Step {
    leaves: Marks,
    ladders: Marks,
    events: Marks,
    traits: Marks,
    turned: BinaryHeap<Reverse<Place>>,
    changed: Vec<(AudienceSlot, bool)>,
}

/// A set of numbers that is cheap to empty.
#[derive(Debug, Default)]
struct Marks {
    /// By number, the round in which it was marked.
    rounds: Vec<u32>,
    round: u32,
    marked: Vec<u32>,
}

impl Marks {
    fn clear(&mut self, size: usize) {
        self.marked.clear();
        self.round = self.round.wrapping_add(1);
        if self.rounds.len() != size || self.round == 0 {
            self.rounds.clear();
            self.rounds.resize(size, 0);
            self.round = 1;
        }
    }

    fn mark(&mut self, number: u32) {
        if let Some(round) = self.rounds.get_mut(number as usize)
            && *round != self.round
        {
            *round = self.round;
            self.marked.push(number);
        }
    }

    fn has(&self, number: usize) -> bool {
        self.rounds.get(number) == Some(&self.round)
    }
}

/// What a step wants of a profile.
struct Part<'s> {
    step: &'s Step,
    network: &'s Network,
}

impl Wanted for Part<'_> {
    // Leaves are asked by their nodes, one here and one there.
    const AUDIENCES: bool = false;

    fn event(&self, slot: EventSlot) -> bool {
        self.step.events.has(slot.index())
    }

    fn has_trait(&self, slot: TraitSlot) -> bool {
        self.step.traits.has(slot.index())
    }

    fn after(&self, slot: EventSlot, now: Timestamp) -> Timestamp {
        let oldest = self.network.oldest.get(slot.index()).copied().flatten();
        oldest.map_or(Timestamp::MIN, |oldest| now.minus(oldest))
    }
}

/// A profile has too many events for a funnel ([`Row::BUDGET`]): nothing that is known of it means anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted;

impl Step {
    /// No change yet.
    pub fn new() -> Self {
        Step::default()
    }

    /// Begins a change of a profile of this network.
    pub fn begin(&mut self, network: &Network) {
        self.leaves.clear(network.leaves.len());
        self.ladders.clear(network.ladders.len());
        self.events.clear(network.by_event.len());
        self.traits.clear(network.by_trait.len());
        self.turned.clear();
        self.changed.clear();
    }

    /// An event of this name came, or went.
    pub fn event(&mut self, network: &Network, name: &str) {
        if let Some(slot) = network.events.get(name)
            && let Some(readers) = network.by_event.get(slot.index())
        {
            self.read(readers);
        }
    }

    /// A trait of this key was set, or taken away.
    pub fn trait_set(&mut self, network: &Network, key: &str) {
        for slot in network.traits.get(key).into_iter().flatten() {
            if let Some(readers) = network.by_trait.get(slot.index()) {
                self.read(readers);
            }
        }
    }

    /// An identifier came.
    pub fn identity(&mut self, network: &Network) {
        self.read(&network.by_identity);
    }

    /// The preferences may be others.
    pub fn consent(&mut self, network: &Network) {
        self.read(&network.by_consent);
    }

    /// Time has passed, from one instant to another.
    pub fn time(&mut self, network: &Network, program: &Program, profile: &Profile, from: Timestamp, to: Timestamp) {
        network.watch.changed(program, profile, (from, to), |cause| {
            let readers = match cause {
                Cause::Window(at) => network.by_window.get(at as usize),
                Cause::Date(at) => network.by_date.get(at as usize),
            };
            if let Some(readers) = readers {
                self.read(readers);
            }
        });
    }

    /// Whether nothing is to be asked again.
    pub fn is_idle(&self) -> bool {
        self.leaves.marked.is_empty() && self.ladders.marked.is_empty()
    }

    fn read(&mut self, readers: &Readers) {
        readers.leaves.iter().for_each(|leaf| self.leaves.mark(*leaf));
        readers.ladders.iter().for_each(|ladder| self.ladders.mark(*ladder));
    }

    /// What holds of a profile, from nothing, as of `now`.
    ///
    /// # Errors
    /// [`Exhausted`]
    pub fn stand(
        &mut self,
        network: &Network,
        program: &Program,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<Standing, Exhausted> {
        let mut standing = Standing {
            bits: vec![0; network.size().div_ceil(64)].into(),
        };
        let row = Row::new(program, profile, now);
        for (ladder, _) in (0..).zip(&network.ladders) {
            self.climb(network, program, ladder, &row, &mut standing);
        }
        for (place, leaf) in (0..).zip(&network.leaves).skip(network.rungs) {
            standing.set(place, holds(program, leaf.asks, &row)?);
        }
        self.turned.clear();
        for (gate, place) in network.gates.iter().zip(network.leaves.len()..) {
            let place = Place::try_from(place).unwrap_or(Place::MAX);
            let holds = gate.holds(&standing).unwrap_or(false);
            standing.set(place, holds);
        }
        Ok(standing)
    }

    /// Carries the change out: asks again what it is about, as of `now`, and gives the audiences that the profile has entered
    /// (`true`) or left.
    ///
    /// # Errors
    /// [`Exhausted`]
    pub fn carry_out(
        &mut self,
        network: &Network,
        program: &Program,
        profile: &Profile,
        standing: &mut Standing,
        now: Timestamp,
    ) -> Result<&[(AudienceSlot, bool)], Exhausted> {
        self.changed.clear();
        if self.is_idle() {
            return Ok(&self.changed);
        }
        let leaves = self
            .leaves
            .marked
            .iter()
            .filter_map(|at| network.leaves.get(*at as usize));
        let ladders = self
            .ladders
            .marked
            .iter()
            .filter_map(|at| network.ladders.get(*at as usize));
        for needs in leaves
            .map(|leaf| &leaf.needs)
            .chain(ladders.map(|ladder| &ladder.needs))
        {
            needs.events.iter().for_each(|slot| self.events.mark(slot.0));
            needs.traits.iter().for_each(|slot| self.traits.mark(slot.0));
        }
        let mut row = Row::default();
        let part = Part { step: self, network };
        row.bind_part(program, profile, now, &part, self.funnels(network, program));
        for leaf in std::mem::take(&mut self.leaves.marked) {
            let Some(asks) = network.leaves.get(leaf as usize).map(|leaf| leaf.asks) else {
                continue;
            };
            self.turn(network, standing, leaf, holds(program, asks, &row)?);
        }
        for ladder in std::mem::take(&mut self.ladders.marked) {
            self.climb(network, program, ladder, &row, standing);
        }
        self.rise(network, standing);
        Ok(&self.changed)
    }

    /// The funnels that are to be asked.
    fn funnels<'p>(&self, network: &Network, program: &'p Program) -> impl Iterator<Item = &'p Performed> {
        let leaves = self
            .leaves
            .marked
            .iter()
            .filter_map(|at| network.leaves.get(*at as usize));
        leaves.filter_map(|leaf| match leaf.asks {
            Asks::Node(id) => match program.node(id) {
                Node::Performed(performed) if !performed.steps.is_empty() => Some(performed),
                _ => None,
            },
            _ => None,
        })
    }

    fn turn(&mut self, network: &Network, standing: &mut Standing, place: Place, holds: bool) {
        if standing.holds(place) != holds {
            standing.set(place, holds);
            self.turned
                .extend(network.above.of(place as usize).iter().copied().map(Reverse));
        }
    }

    /// Turns the rungs of a ladder between where those that held ended and where those that hold end.
    fn climb(&mut self, network: &Network, program: &Program, ladder: u32, row: &Row<'_>, standing: &mut Standing) {
        let Some(ladder) = network.ladders.get(ladder as usize) else {
            return;
        };
        let value = row
            .trait_value(program, ladder.value)
            .and_then(|value| value.read_number());
        let rungs = value.map_or(0, |value| {
            ladder
                .numbers
                .partition_point(|number| ladder.comparison.holds(value.compare(*number)))
        });
        let held = Self::held(ladder.first, ladder.numbers.len(), standing);
        let (from, to) = (rungs.min(held), rungs.max(held));
        for rung in from..to {
            let place = ladder.first.saturating_add(u32::try_from(rung).unwrap_or(u32::MAX));
            self.turn(network, standing, place, rungs > held);
        }
    }

    /// How many of the places in a row hold: those that do come first.
    fn held(first: Place, count: usize, standing: &Standing) -> usize {
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            let place = first.saturating_add(u32::try_from(middle).unwrap_or(u32::MAX));
            if standing.holds(place) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Asks the gates above what has turned round, the lowest first, so that each is asked once.
    fn rise(&mut self, network: &Network, standing: &mut Standing) {
        let mut last = None;
        while let Some(Reverse(place)) = self.turned.pop() {
            if last.replace(place) == Some(place) {
                continue;
            }
            let gate = (place as usize)
                .checked_sub(network.leaves.len())
                .and_then(|gate| network.gates.get(gate));
            let Some(holds) = gate.and_then(|gate| gate.holds(standing)) else {
                continue;
            };
            if standing.holds(place) != holds {
                self.note(network, place, holds);
                self.turn(network, standing, place, holds);
            }
        }
    }

    fn note(&mut self, network: &Network, gate: Place, holds: bool) {
        if let Some(gate) = (gate as usize).checked_sub(network.leaves.len()) {
            let audiences = network.audiences.of(gate).iter();
            self.changed.extend(audiences.map(|audience| (*audience, holds)));
        }
    }
}

impl Gate {
    /// `None` where it is assigned from outside.
    fn holds(&self, standing: &Standing) -> Option<bool> {
        match self {
            Gate::Not(part) => Some(!standing.holds(*part)),
            Gate::All(parts) => Some(parts.iter().all(|part| standing.holds(*part))),
            Gate::Any(parts) => Some(parts.iter().any(|part| standing.holds(*part))),
            Gate::Assigned => None,
        }
    }
}

fn holds(program: &Program, asks: Asks, row: &Row<'_>) -> Result<bool, Exhausted> {
    let holds = match asks {
        Asks::Node(id) => {
            row.begin();
            eval::holds(program, id, row, &[], &mut ())
        }
        Asks::Granted(category) => row.consent(category).is_granted(),
        Asks::Eligible { anonymous } => row.is_eligible(anonymous),
    };
    if row.is_exhausted() { Err(Exhausted) } else { Ok(holds) }
}
