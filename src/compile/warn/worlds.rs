//! Whether claims about one profile can all be true.
//!
//! What conditions look at are *variables*: a value, the consent to a category, how often something was done, and
//! whatever else cannot be looked into, which just holds or not. A *world* gives each variable one of its kinds of
//! values. The worlds that are tried are at least those that there are: where two variables hang together in a way that
//! is not known here, they are tried as if they did not. So claims for which no world is found can never all be true;
//! and those for which one is found are not spoken of.

use std::collections::HashMap;

use super::values::{Sample, Samples};
use crate::consent::ConsentState;
use crate::ir::{CategorySlot, Count, Node, NodeId, Performed, Program, Test, ValueRef};
use crate::time::Window;

/// How many steps one question may take, and all questions of a workspace. A question that takes more has no answer, and
/// there is no warning.
const STEPS: u64 = 100_000;
const ALL_STEPS: u64 = 20_000_000;
/// What it costs to read a claim, in steps.
const READING: u64 = 8;

/// That something holds, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) fact: Fact,
    pub(super) holds: bool,
}

/// What a claim is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fact {
    /// A condition.
    Node(NodeId),
    /// Consent to a category.
    Granted(CategorySlot),
}

/// Answers questions about conditions of one program.
pub(super) struct Worlds<'p> {
    program: &'p Program,
    steps_left: u64,
}

impl<'p> Worlds<'p> {
    pub(super) fn new(program: &'p Program) -> Self {
        Worlds {
            program,
            steps_left: ALL_STEPS,
        }
    }

    /// Some of the claims, by their places, that can never all be true, and could if one of them was left out; the first
    /// ones that there are. A claim that can never be true by itself is no answer: it is for whoever asks about its parts.
    pub(super) fn contradiction(&mut self, claims: &[Claim]) -> Option<Vec<usize>> {
        self.steps_left = self.steps_left.saturating_sub(READING * claims.len() as u64);
        if self.steps_left == 0 {
            return None;
        }
        let question = Question::new(self.program, claims);
        let parts = question.connected();
        parts.into_iter().find_map(|part| self.smallest(&question, part))
    }

    fn smallest(&mut self, question: &Question<'p>, mut claims: Vec<usize>) -> Option<Vec<usize>> {
        if claims.len() < 2 || self.is_possible(question, &claims) {
            return None;
        }
        // The shortest beginning that is impossible: most groups have their two culprits among many innocent parts.
        let (mut possible, mut impossible) = (0, claims.len());
        while impossible - possible > 1 {
            let middle = possible.midpoint(impossible);
            let beginning = claims.get(..middle).unwrap_or_default();
            if self.is_possible(question, beginning) {
                possible = middle;
            } else {
                impossible = middle;
            }
        }
        claims.truncate(impossible);
        // The last one is needed; of the others, whatever can go.
        for at in (0..claims.len().saturating_sub(1)).rev() {
            let mut fewer = claims.clone();
            fewer.remove(at);
            if !self.is_possible(question, &fewer) {
                claims = fewer;
            }
        }
        (claims.len() > 1).then_some(claims)
    }

    /// Whether the claims can all be true, or it would take too long to tell.
    fn is_possible(&mut self, question: &Question<'p>, claims: &[usize]) -> bool {
        let allowed = STEPS.min(self.steps_left);
        let (possible, used) = question.search(claims, allowed);
        self.steps_left = self.steps_left.saturating_sub(used);
        possible.unwrap_or(true)
    }
}

/// What a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key<'p> {
    Value(&'p ValueRef),
    Consent(CategorySlot),
    /// How many events pass: the count itself is left at one value.
    Count(Performed),
    /// Anything else. Also a condition on text that would be one too many for its value.
    Holds(NodeId),
}

/// A condition over variables, by their places.
#[derive(Debug)]
enum Formula<'p> {
    Const(bool),
    Not(Box<Formula<'p>>),
    All(Vec<Formula<'p>>),
    Any(Vec<Formula<'p>>),
    Test(usize, &'p Test),
    Consent(usize, ConsentState),
    Count(usize, Count),
    Holds(usize),
}

/// The kinds of values of a variable.
#[derive(Debug)]
enum Kinds<'p> {
    Values(Samples<'p>),
    Consents,
    /// Each stands for all numbers from it to the next.
    Counts(Vec<u64>),
    Holds,
}

/// The value of a variable in a world.
#[derive(Debug, Clone, Copy)]
enum Chosen<'a, 'p> {
    Value(&'a Samples<'p>, &'a Sample<'p>),
    Consent(ConsentState),
    Count(u64),
    Holds(bool),
}

#[derive(Debug)]
struct ClaimFormula<'p> {
    formula: Formula<'p>,
    holds: bool,
    /// The variables in it, each once, and how large it is.
    variables: Vec<usize>,
    size: u64,
}

/// How a count is bounded by another.
#[derive(Debug, Clone, Copy)]
enum Bound {
    AtMost,
    AtLeast,
}

struct Question<'p> {
    claims: Vec<ClaimFormula<'p>>,
    kinds: Vec<Kinds<'p>>,
    /// For a variable that counts: the others that it is bounded by.
    bounded: Vec<Vec<(usize, Bound)>>,
}

impl<'p> Question<'p> {
    fn new(program: &'p Program, claims: &[Claim]) -> Self {
        let mut reading = Reading {
            program,
            places: HashMap::new(),
            keys: Vec::new(),
            tests: Vec::new(),
            bounds: Vec::new(),
        };
        let claims = claims.iter().map(|claim| {
            let formula = match claim.fact {
                Fact::Node(node) => reading.node(node),
                Fact::Granted(category) => {
                    Formula::Consent(reading.variable(Key::Consent(category)), ConsentState::Granted)
                }
            };
            let (mut variables, mut size) = (Vec::new(), 0);
            formula.visit(&mut variables, &mut size);
            variables.sort_unstable();
            variables.dedup();
            ClaimFormula {
                formula,
                holds: claim.holds,
                variables,
                size,
            }
        });
        let claims = claims.collect();
        reading.finish(claims)
    }

    /// The claims that hang together, over some variable or over counts of the same events.
    fn connected(&self) -> Vec<Vec<usize>> {
        let mut groups = Groups::new(self.kinds.len());
        for claim in &self.claims {
            for pair in claim.variables.windows(2) {
                if let [one, other] = pair {
                    groups.join(*one, *other);
                }
            }
        }
        for (variable, bounds) in self.bounded.iter().enumerate() {
            bounds.iter().for_each(|(bound, _)| groups.join(variable, *bound));
        }
        let mut parts: Vec<Vec<usize>> = Vec::new();
        let mut part_of: HashMap<usize, usize> = HashMap::new();
        for (at, claim) in self.claims.iter().enumerate() {
            let Some(first) = claim.variables.first() else { continue };
            let part = *part_of.entry(groups.find(*first)).or_insert(parts.len());
            match parts.get_mut(part) {
                Some(claims) => claims.push(at),
                None => parts.push(vec![at]),
            }
        }
        parts
    }

    /// Looks for a world in which the claims are true, one variable after the other, and turns back where one is not.
    /// `None` where the steps did not suffice; and how many it took.
    fn search(&self, claims: &[usize], allowed: u64) -> (Option<bool>, u64) {
        // Claims with few variables first: they rule most out.
        let mut claims: Vec<&ClaimFormula<'_>> = claims.iter().filter_map(|at| self.claims.get(*at)).collect();
        claims.sort_by_key(|claim| claim.variables.len());
        let mut depth_of: HashMap<usize, usize> = HashMap::new();
        let mut order: Vec<usize> = Vec::new();
        let mut decided: Vec<Vec<&ClaimFormula<'_>>> = Vec::new();
        let mut used = 0;
        for claim in claims {
            for variable in &claim.variables {
                depth_of.entry(*variable).or_insert_with(|| {
                    order.push(*variable);
                    decided.push(Vec::new());
                    order.len() - 1
                });
            }
            used += claim.size;
            let last = claim.variables.iter().filter_map(|v| depth_of.get(v)).max();
            match last.and_then(|last| decided.get_mut(*last)) {
                Some(decided) => decided.push(claim),
                None if claim.formula.holds(&|_| None) != claim.holds => return (Some(false), used),
                None => {}
            }
        }
        if order.is_empty() {
            return (Some(true), used);
        }
        let are_too_many = |kinds: &Kinds<'_>| matches!(kinds, Kinds::Values(samples) if samples.are_too_many());
        if order
            .iter()
            .filter_map(|variable| self.kinds.get(*variable))
            .any(are_too_many)
        {
            return (None, used);
        }
        // The world so far: for each variable in order, which of its kinds.
        let mut world: Vec<usize> = vec![0];
        loop {
            used += 1;
            if used > allowed {
                return (None, used);
            }
            let depth = world.len() - 1;
            let chosen = |variable: usize| {
                let kind = *world.get(*depth_of.get(&variable)?)?;
                self.kinds.get(variable)?.chosen(kind)
            };
            let variable = order.get(depth).copied().unwrap_or_default();
            if chosen(variable).is_none() {
                // No kinds are left: the variable before takes its next.
                world.pop();
                match world.last_mut() {
                    Some(last) => *last += 1,
                    None => return (Some(false), used),
                }
                continue;
            }
            let fits = self.counts_fit(variable, &chosen)
                && decided.get(depth).into_iter().flatten().all(|claim| {
                    used += claim.size;
                    claim.formula.holds(&chosen) == claim.holds
                });
            if !fits {
                if let Some(last) = world.last_mut() {
                    *last += 1;
                }
            } else if depth + 1 == order.len() {
                return (Some(true), used);
            } else {
                world.push(0);
            }
        }
    }

    /// Whether a count is none that could not be beside those chosen before.
    fn counts_fit<'a>(&'a self, variable: usize, chosen: &impl Fn(usize) -> Option<Chosen<'a, 'p>>) -> bool {
        let count = |variable| match chosen(variable) {
            Some(Chosen::Count(count)) => Some(count),
            _ => None,
        };
        let Some(own) = count(variable) else { return true };
        self.bounded.get(variable).into_iter().flatten().all(|(other, bound)| {
            count(*other).is_none_or(|other| match bound {
                Bound::AtMost => own <= other,
                Bound::AtLeast => own >= other,
            })
        })
    }
}

/// Turns nodes into formulas, and gathers what their tests tell apart.
struct Reading<'p> {
    program: &'p Program,
    places: HashMap<Key<'p>, usize>,
    keys: Vec<Key<'p>>,
    /// By variable; empty for those that are no value.
    tests: Vec<Samples<'p>>,
    /// The numbers at which some count begins or ends, by variable.
    bounds: Vec<(usize, u64)>,
}

impl<'p> Reading<'p> {
    fn variable(&mut self, key: Key<'p>) -> usize {
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let place = self.keys.len();
        self.keys.push(key.clone());
        self.tests.push(Samples::default());
        self.places.insert(key, place);
        place
    }

    fn node(&mut self, id: NodeId) -> Formula<'p> {
        let program = self.program;
        match program.node(id) {
            Node::Const(value) => Formula::Const(*value),
            Node::Not(inner) => Formula::Not(Box::new(self.node(*inner))),
            Node::And(nodes) => Formula::All(nodes.iter().map(|node| self.node(*node)).collect()),
            Node::Or(nodes) => Formula::Any(nodes.iter().map(|node| self.node(*node)).collect()),
            // What it compares with is not known.
            Node::Test { test, .. } if test.reference().is_some() => Formula::Holds(self.variable(Key::Holds(id))),
            Node::Test { value, test } => {
                let variable = self.variable(Key::Value(value));
                if self.tests.get_mut(variable).is_some_and(|samples| samples.note(test)) {
                    Formula::Test(variable, test)
                } else {
                    Formula::Holds(self.variable(Key::Holds(id)))
                }
            }
            Node::Consent { category, state } => Formula::Consent(self.variable(Key::Consent(*category)), *state),
            Node::Performed(performed) => {
                let key = Performed {
                    count: Count::ONCE,
                    ..performed.clone()
                };
                let variable = self.variable(Key::Count(key));
                let Count { at_least, at_most } = performed.count;
                self.bounds.push((variable, u64::from(at_least)));
                self.bounds
                    .extend(at_most.map(|most| (variable, u64::from(most).saturating_add(1))));
                Formula::Count(variable, performed.count)
            }
            Node::Element { .. } | Node::Member(_) | Node::Users { .. } => {
                Formula::Holds(self.variable(Key::Holds(id)))
            }
        }
    }

    fn finish(self, claims: Vec<ClaimFormula<'p>>) -> Question<'p> {
        let Reading {
            program,
            keys,
            tests,
            bounds,
            ..
        } = self;
        let performed = |variable: usize| match keys.get(variable) {
            Some(Key::Count(performed)) => Some(performed),
            _ => None,
        };
        let counted = || (0..keys.len()).filter(|variable| performed(*variable).is_some());
        let compared: Vec<usize> = if counted().count() <= COMPARED {
            counted().collect()
        } else {
            Vec::new()
        };
        let mut bounded: Vec<Vec<(usize, Bound)>> = Vec::new();
        bounded.resize_with(keys.len(), Vec::new);
        let mut cuts: HashMap<usize, Vec<u64>> = HashMap::new();
        for (variable, at) in bounds {
            cuts.entry(variable).or_default().push(at);
        }
        let mut joined: HashMap<usize, Vec<u64>> = HashMap::new();
        for variable in &compared {
            for other in &compared {
                let Some((own, more)) = performed(*variable).zip(performed(*other)) else {
                    continue;
                };
                if variable != other && never_more(program, own, more) {
                    bounded
                        .get_mut(*variable)
                        .into_iter()
                        .for_each(|b| b.push((*other, Bound::AtMost)));
                    bounded
                        .get_mut(*other)
                        .into_iter()
                        .for_each(|b| b.push((*variable, Bound::AtLeast)));
                }
                // Those that are compared have to be cut at the same numbers.
                if own.event == more.event {
                    let theirs = cuts.get(other).into_iter().flatten();
                    joined.entry(*variable).or_default().extend(theirs);
                }
            }
        }
        let mut cut = |variable: usize| {
            let cuts = joined.remove(&variable).or_else(|| cuts.remove(&variable));
            let mut cuts = cuts.unwrap_or_default();
            cuts.push(0);
            cuts.sort_unstable();
            cuts.dedup();
            cuts
        };
        let kinds = keys
            .iter()
            .zip(tests)
            .enumerate()
            .map(|(variable, (key, mut tests))| match key {
                Key::Value(_) => {
                    tests.draw();
                    Kinds::Values(tests)
                }
                Key::Consent(_) => Kinds::Consents,
                Key::Count(_) => Kinds::Counts(cut(variable)),
                Key::Holds(_) => Kinds::Holds,
            });
        Question {
            claims,
            kinds: kinds.collect(),
            bounded,
        }
    }
}

/// So many counts are compared with each other; each of them is with each.
const COMPARED: usize = 64;

/// Whether one count can never be larger than another: it is of the same events, of no more time, and no easier to pass.
fn never_more(program: &Program, fewer: &Performed, more: &Performed) -> bool {
    let window = |performed: &Performed| performed.window;
    let passes = fewer.filter == more.filter || matches!(program.node(more.filter), Node::Const(true));
    let followed = fewer.steps == more.steps || more.steps.is_empty();
    let inside = |inner: Window, outer: Window| inner.intersect(outer) == inner;
    fewer.event == more.event && inside(window(fewer), window(more)) && passes && followed
}

impl<'p> Kinds<'p> {
    /// The kind at a place; `None` where there are no more.
    fn chosen(&self, at: usize) -> Option<Chosen<'_, 'p>> {
        match self {
            Kinds::Values(samples) => samples.get(at).map(|sample| Chosen::Value(samples, sample)),
            Kinds::Consents => ConsentState::ALL.get(at).map(|state| Chosen::Consent(*state)),
            Kinds::Counts(counts) => counts.get(at).map(|count| Chosen::Count(*count)),
            Kinds::Holds => [false, true].get(at).map(|holds| Chosen::Holds(*holds)),
        }
    }
}

impl<'p> Formula<'p> {
    fn holds<'a>(&self, chosen: &impl Fn(usize) -> Option<Chosen<'a, 'p>>) -> bool
    where
        'p: 'a,
    {
        match self {
            Formula::Const(value) => *value,
            Formula::Not(inner) => !inner.holds(chosen),
            Formula::All(parts) => parts.iter().all(|part| part.holds(chosen)),
            Formula::Any(parts) => parts.iter().any(|part| part.holds(chosen)),
            Formula::Test(variable, test) => match chosen(*variable) {
                Some(Chosen::Value(samples, sample)) => samples.holds(test, sample),
                _ => false,
            },
            Formula::Consent(variable, state) => {
                matches!(chosen(*variable), Some(Chosen::Consent(chosen)) if chosen == *state)
            }
            Formula::Count(variable, count) => match chosen(*variable) {
                Some(Chosen::Count(chosen)) => count.holds(usize::try_from(chosen).unwrap_or(usize::MAX)),
                _ => false,
            },
            Formula::Holds(variable) => matches!(chosen(*variable), Some(Chosen::Holds(true))),
        }
    }

    fn visit(&self, variables: &mut Vec<usize>, size: &mut u64) {
        *size += 1;
        match self {
            Formula::Const(_) => {}
            Formula::Not(inner) => inner.visit(variables, size),
            Formula::All(parts) | Formula::Any(parts) => {
                parts.iter().for_each(|part| part.visit(variables, size));
            }
            Formula::Test(variable, _)
            | Formula::Consent(variable, _)
            | Formula::Count(variable, _)
            | Formula::Holds(variable) => variables.push(*variable),
        }
    }
}

/// Which of some things belong together.
struct Groups(Vec<usize>);

impl Groups {
    fn new(count: usize) -> Self {
        Groups((0..count).collect())
    }

    /// The thing that stands for all that belong together with this one.
    fn find(&mut self, thing: usize) -> usize {
        let mut at = thing;
        while let Some(next) = self.0.get(at).copied().filter(|next| *next != at) {
            let after = self.0.get(next).copied().unwrap_or(next);
            if let Some(slot) = self.0.get_mut(at) {
                *slot = after;
            }
            at = next;
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.find(one), self.find(other));
        if let Some(slot) = self.0.get_mut(one) {
            *slot = other;
        }
    }
}
