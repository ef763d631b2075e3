//! Lays a program out as a network.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Asks, Gate, Ladder, Leaf, Lists, Needs, Network, Place, Readers};
use crate::eval::watch::{Cause, Watch};
use crate::ir::{
    Audience, AudienceSlot, Comparison, EventSlot, Literal, Node, NodeId, Operand, Program, Reference, Subject, Test,
    TraitSlot, TraitSource, ValueRef,
};
use crate::time::Duration;
use crate::value::Number;

/// Fewer comparisons of one trait are asked one by one.
const LADDER: usize = 4;

impl Network {
    /// The network of a program.
    pub fn new(program: &Program) -> Self {
        let mut builder = Builder::default();
        builder.lay_leaves(program);
        let gate_of = builder.lay_gates(program);
        builder.finish(program, gate_of)
    }
}

#[derive(Default)]
struct Builder {
    leaves: Vec<Leaf>,
    ladders: Vec<Ladder>,
    gates: Vec<Gate>,
    place_of: HashMap<NodeId, Place>,
    asks: HashMap<Asks, Place>,
    /// By what an audience is made of.
    audience_gates: HashMap<Vec<Place>, Place>,
}

impl Builder {
    /// Finds all leaves, and gives them their places: ladders first.
    fn lay_leaves(&mut self, program: &Program) {
        let mut found = BTreeSet::new();
        let users = || program.audiences.iter().filter(|audience| audience.of == Subject::User);
        users().for_each(|audience| leaves_below(program, audience.who, &mut found));
        let mut rungs: BTreeMap<(TraitSlot, Comparison), Vec<(Number, NodeId)>> = BTreeMap::new();
        for id in &found {
            if let Some((value, comparison, number)) = rung(program, *id) {
                rungs.entry((value, comparison)).or_default().push((number, *id));
            }
        }
        for ((value, comparison), mut rungs) in rungs {
            if rungs.len() < LADDER {
                continue;
            }
            rungs.sort_by(|(a, _), (b, _)| match comparison {
                // What holds for a greater number holds for a smaller one.
                Comparison::Greater | Comparison::AtLeast => a.compare(*b),
                Comparison::Less | Comparison::AtMost => b.compare(*a),
            });
            let first = self.next();
            let mut needs = Needs::default();
            need_trait(program, value, &mut needs);
            for (_, id) in &rungs {
                self.leaf(Asks::Node(*id), Needs::default());
                found.remove(id);
            }
            self.ladders.push(Ladder {
                value,
                comparison,
                first,
                numbers: rungs.into_iter().map(|(number, _)| number).collect(),
                needs: needs.sorted(),
            });
        }
        for id in found {
            let mut needs = Needs::default();
            need(program, id, &mut needs);
            self.leaf(Asks::Node(id), needs.sorted());
        }
        for audience in users() {
            for category in &audience.consent {
                self.leaf(Asks::Granted(*category), Needs::default());
            }
            let anonymous = audience.include_anonymous;
            self.leaf(Asks::Eligible { anonymous }, Needs::default());
        }
    }

    /// Lays the gates, audience by audience, each after those it refers to.
    fn lay_gates(&mut self, program: &Program) -> Vec<Place> {
        let mut gate_of = vec![Place::MAX; program.audiences.len()];
        for slot in &program.order {
            let Some(audience) = program.audiences.get(slot.index()) else {
                continue;
            };
            let gate = match audience.of {
                Subject::Account => self.gate(Gate::Assigned),
                Subject::User => self.audience(program, audience, &gate_of),
            };
            if let Some(place) = gate_of.get_mut(slot.index()) {
                *place = gate;
            }
        }
        gate_of
    }

    fn audience(&mut self, program: &Program, audience: &Audience, gate_of: &[Place]) -> Place {
        let who = self.node(program, audience.who, gate_of);
        let mut parts: Vec<Place> = match self.gate_at(who) {
            // An `and` in an `and` is one with it.
            Some(Gate::All(parts)) => parts.to_vec(),
            _ => vec![who],
        };
        let consent = audience.consent.iter().map(|category| Asks::Granted(*category));
        let anonymous = audience.include_anonymous;
        let clauses = consent.chain([Asks::Eligible { anonymous }]);
        parts.extend(clauses.filter_map(|asks| self.asks.get(&asks)));
        parts.sort_unstable();
        parts.dedup();
        if let Some(gate) = self.audience_gates.get(&parts) {
            return *gate;
        }
        let gate = self.gate(Gate::All(parts.clone().into()));
        self.audience_gates.insert(parts, gate);
        gate
    }

    /// The recursion is as deep as conditions are nested, which `Program::from_json` and the language bound.
    fn node(&mut self, program: &Program, id: NodeId, gate_of: &[Place]) -> Place {
        if let Some(place) = self.place_of.get(&id) {
            return *place;
        }
        let places = |builder: &mut Builder, nodes: &[NodeId]| -> Box<[Place]> {
            let places = nodes.iter().map(|node| builder.node(program, *node, gate_of));
            places.collect()
        };
        let place = match program.node(id) {
            Node::Member(audience) => gate_of.get(audience.index()).copied().unwrap_or(Place::MAX),
            Node::Not(child) => {
                let child = self.node(program, *child, gate_of);
                self.gate(Gate::Not(child))
            }
            Node::And(nodes) => {
                let parts = places(self, nodes);
                self.gate(Gate::All(parts))
            }
            Node::Or(nodes) => {
                let parts = places(self, nodes);
                self.gate(Gate::Any(parts))
            }
            // Every other node is a leaf, and has its place.
            _ => self.asks.get(&Asks::Node(id)).copied().unwrap_or(Place::MAX),
        };
        self.place_of.insert(id, place);
        place
    }

    fn next(&self) -> Place {
        Place::try_from(self.leaves.len() + self.gates.len()).unwrap_or(Place::MAX)
    }

    fn leaf(&mut self, asks: Asks, needs: Needs) {
        let next = self.next();
        if *self.asks.entry(asks).or_insert(next) == next {
            self.leaves.push(Leaf { asks, needs });
        }
    }

    fn gate(&mut self, gate: Gate) -> Place {
        let place = self.next();
        self.gates.push(gate);
        place
    }

    fn gate_at(&self, place: Place) -> Option<&Gate> {
        self.gates.get((place as usize).checked_sub(self.leaves.len())?)
    }

    fn finish(self, program: &Program, gate_of: Vec<Place>) -> Network {
        let mut above: Vec<Vec<Place>> = vec![Vec::new(); self.leaves.len() + self.gates.len()];
        for (gate, place) in self.gates.iter().zip(self.leaves.len()..) {
            let parts = match gate {
                Gate::Not(part) => std::slice::from_ref(part),
                Gate::All(parts) | Gate::Any(parts) => parts,
                Gate::Assigned => &[],
            };
            for part in parts {
                if let Some(above) = above.get_mut(*part as usize) {
                    above.push(Place::try_from(place).unwrap_or(Place::MAX));
                }
            }
        }
        let mut audiences: Vec<Vec<AudienceSlot>> = vec![Vec::new(); self.gates.len()];
        for (slot, gate) in gate_of.iter().enumerate() {
            if let Some(audiences) = (*gate as usize)
                .checked_sub(self.leaves.len())
                .and_then(|gate| audiences.get_mut(gate))
            {
                audiences.push(AudienceSlot::at(slot));
            }
        }
        let mut traits: BTreeMap<Box<str>, Vec<TraitSlot>> = BTreeMap::new();
        for (at, known) in program.traits.iter().enumerate() {
            if let (Subject::User, TraitSource::Sent(path)) = (known.of, &known.source)
                && let Some(first) = path.keys().first()
            {
                traits.entry(first.clone()).or_default().push(TraitSlot::at(at));
            }
        }
        let events = program.events.iter().enumerate();
        let mut network = Network {
            above: Lists::new(above),
            audiences: Lists::new(audiences),
            gate_of,
            events: events
                .map(|(at, event)| (event.name.clone(), EventSlot::at(at)))
                .collect(),
            traits,
            by_event: vec![Readers::default(); program.events.len()],
            oldest: oldest(program),
            by_trait: vec![Readers::default(); program.traits.len()],
            by_window: Vec::new(),
            by_date: Vec::new(),
            by_consent: Readers::default(),
            by_identity: Readers::default(),
            watch: Watch::default(),
            rungs: self.ladders.iter().map(|ladder| ladder.numbers.len()).sum(),
            leaves: self.leaves,
            ladders: self.ladders,
            gates: self.gates,
        };
        network.connect(program);
        network
    }
}

impl Network {
    /// Says of each thing that can change who reads it.
    fn connect(&mut self, program: &Program) {
        let to = &mut Tables {
            events: &mut self.by_event,
            traits: &mut self.by_trait,
            windows: &mut self.by_window,
            dates: &mut self.by_date,
        };
        for (number, ladder) in (0..).zip(&self.ladders) {
            let mut causes = Vec::new();
            self.watch.add_trait(program, ladder.value, &mut causes);
            to.connect(&ladder.needs, &causes, |readers| &mut readers.ladders, number);
        }
        for (place, leaf) in (0..).zip(&self.leaves).skip(self.rungs) {
            match leaf.asks {
                Asks::Granted(_) => self.by_consent.leaves.push(place),
                Asks::Eligible { .. } => self.by_identity.leaves.push(place),
                Asks::Node(id) => {
                    if matches!(program.node(id), Node::Consent { .. }) {
                        self.by_consent.leaves.push(place);
                    }
                    let mut causes = Vec::new();
                    self.watch.add(program, id, &mut causes);
                    to.connect(&leaf.needs, &causes, |readers| &mut readers.leaves, place);
                }
            }
        }
    }
}

struct Tables<'t> {
    events: &'t mut Vec<Readers>,
    traits: &'t mut Vec<Readers>,
    windows: &'t mut Vec<Readers>,
    dates: &'t mut Vec<Readers>,
}

impl Tables<'_> {
    fn connect(&mut self, needs: &Needs, causes: &[Cause], list: impl Fn(&mut Readers) -> &mut Vec<u32>, number: u32) {
        let add = |table: &mut Vec<Readers>, at: usize| {
            if table.len() <= at {
                table.resize(at + 1, Readers::default());
            }
            if let Some(readers) = table.get_mut(at) {
                let list = list(readers);
                if list.last() != Some(&number) {
                    list.push(number);
                }
            }
        };
        needs.events.iter().for_each(|slot| add(self.events, slot.index()));
        needs.traits.iter().for_each(|slot| add(self.traits, slot.index()));
        for cause in causes {
            match cause {
                Cause::Window(at) => add(self.windows, *at as usize),
                Cause::Date(at) => add(self.dates, *at as usize),
            }
        }
    }
}

impl Needs {
    fn sorted(mut self) -> Self {
        self.events.sort_unstable();
        self.events.dedup();
        self.traits.sort_unstable();
        self.traits.dedup();
        self
    }
}

/// By event, how far back conditions and computed traits look. What follows the first event of a funnel is not older than that.
fn oldest(program: &Program) -> Vec<Option<Duration>> {
    let mut oldest = vec![Some(Duration::ZERO); program.events.len()];
    let mut look = |event: EventSlot, length: Option<Duration>| {
        if let Some(known) = oldest.get_mut(event.index()) {
            *known = known.zip(length).map(|(known, length)| known.max(length));
        }
    };
    for node in &program.nodes {
        if let Node::Performed(performed) = node {
            look(performed.event, performed.window.oldest);
            for step in &performed.steps {
                look(step.event, performed.window.oldest);
            }
        }
    }
    for known in &program.traits {
        if let TraitSource::Computed(aggregate) = &known.source {
            look(aggregate.event, aggregate.window.oldest);
        }
    }
    oldest
}

fn leaves_below(program: &Program, id: NodeId, found: &mut BTreeSet<NodeId>) {
    match program.node(id) {
        Node::Member(_) => {}
        Node::Not(child) => leaves_below(program, *child, found),
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| leaves_below(program, *node, found)),
        Node::Const(_)
        | Node::Test { .. }
        | Node::Element { .. }
        | Node::Performed(_)
        | Node::Consent { .. }
        | Node::Users { .. } => {
            found.insert(id);
        }
    }
}

/// A comparison of a trait with a number.
fn rung(program: &Program, id: NodeId) -> Option<(TraitSlot, Comparison, Number)> {
    match program.node(id) {
        Node::Test {
            value: ValueRef::Trait(slot),
            test: Test::Compare(comparison, Operand::Literal(Literal::Number(number))),
        } => Some((*slot, *comparison, *number)),
        _ => None,
    }
}

/// What a condition reads.
fn need(program: &Program, id: NodeId, needs: &mut Needs) {
    match program.node(id) {
        Node::Const(_) | Node::Member(_) | Node::Consent { .. } => {}
        Node::Not(child) | Node::Users { condition: child, .. } => need(program, *child, needs),
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| need(program, *node, needs)),
        Node::Test { value, test } => {
            need_value(program, value, needs);
            if let Some(Reference::Trait(slot)) = test.reference() {
                need_trait(program, slot, needs);
            }
        }
        Node::Element { list, filter } => {
            need_value(program, list, needs);
            need(program, *filter, needs);
        }
        Node::Performed(performed) => {
            needs.events.push(performed.event);
            need(program, performed.filter, needs);
            for step in &performed.steps {
                needs.events.push(step.event);
                need(program, step.filter, needs);
            }
        }
    }
}

fn need_value(program: &Program, value: &ValueRef, needs: &mut Needs) {
    if let ValueRef::Trait(slot) = value {
        need_trait(program, *slot, needs);
    }
}

/// A trait, and what it is computed from.
fn need_trait(program: &Program, slot: TraitSlot, needs: &mut Needs) {
    needs.traits.push(slot);
    if let Some(TraitSource::Computed(aggregate)) = program.traits.get(slot.index()).map(|known| &known.source) {
        needs.events.push(aggregate.event);
        need(program, aggregate.filter, needs);
    }
}
