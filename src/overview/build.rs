//! From what was found to the pipelines: counting, and choosing samples.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Discarded, Events, Flow, HeldMember, MOST_SAMPLES, RefusedEvent, SentEvent, Silent};
use crate::consent::ConsentState;
use crate::ingest::Ingested;
use crate::value::{Object, Value};

/// How many samples are wanted of each reason: no more than [`MOST_SAMPLES`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Samples(usize);

impl Samples {
    pub(crate) fn at_most(wanted: usize) -> Self {
        Samples(wanted.min(MOST_SAMPLES))
    }

    pub(crate) fn count(self) -> usize {
        self.0
    }
}

/// What a destination is called, and what it requires.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub(crate) name: Box<str>,
    pub(crate) label: Option<Box<str>>,
    pub(crate) requires: Vec<Box<str>>,
}

impl Destination {
    /// The pipeline of members: how many are delivered, and those that are not, each with its reason, in the order of their
    /// labels.
    pub(crate) fn members<'m>(
        self,
        delivered: usize,
        held: impl Iterator<Item = (&'static str, Held<'m>)>,
        samples: Samples,
    ) -> Flow<HeldMember> {
        let mut reasons: BTreeMap<&'static str, Vec<Held<'m>>> = BTreeMap::new();
        for (reason, member) in held {
            reasons.entry(reason).or_default().push(member);
        }
        // By name is in the order of DO-6.
        let discards = reasons.into_iter().map(|(reason, held)| Discarded {
            reason,
            count: held.len() as u64,
            categories: missing(&self.requires, &held),
            samples: sample(&held, samples),
        });
        let discards = discards.collect();
        self.flow(delivered as u64, discards)
    }

    fn flow<S>(self, delivered: u64, discards: Vec<Discarded<S>>) -> Flow<S> {
        let filtered = discards.iter().map(|discarded| discarded.count).sum();
        Flow {
            name: self.name,
            label: self.label,
            requires: self.requires,
            entered: delivered + filtered,
            filtered,
            delivered,
            discards,
        }
    }
}

/// The pipeline of raw events at a destination, while they come one by one.
#[derive(Debug)]
pub(crate) struct EventTally {
    destination: Destination,
    samples: Samples,
    delivered: u64,
    reasons: BTreeMap<&'static str, Tally>,
}

/// One reason of it.
#[derive(Debug, Default)]
struct Tally {
    count: u64,
    categories: Missing,
    samples: Vec<SentEvent>,
}

impl EventTally {
    pub(crate) fn new(destination: Destination, samples: Samples) -> Self {
        EventTally {
            destination,
            samples,
            delivered: 0,
            reasons: BTreeMap::new(),
        }
    }

    /// Counts an event that may be delivered.
    pub(crate) fn deliver(&mut self) {
        self.delivered += 1;
    }

    /// Counts one that is discarded, and keeps it as a sample while there are few; `missing` are the categories that it
    /// would have had to grant.
    pub(crate) fn discard(&mut self, reason: &'static str, missing: &[&str], event: &Object) {
        let tally = self.reasons.entry(reason).or_default();
        tally.count += 1;
        for category in missing {
            // What an object leaves out it refuses, as on profiles (CP-5).
            count_missing(&mut tally.categories, category, ConsentState::Denied);
        }
        if tally.samples.len() < self.samples.count() {
            tally.samples.push(sent(event, missing));
        }
    }

    pub(crate) fn finish(self) -> Flow<SentEvent> {
        let requires = &self.destination.requires;
        let discards = self.reasons.into_iter().map(|(reason, tally)| Discarded {
            reason,
            count: tally.count,
            categories: as_named(requires, tally.categories),
            samples: tally.samples,
        });
        let discards = discards.collect();
        self.destination.flow(self.delivered, discards)
    }
}

fn sent(event: &Object, missing: &[&str]) -> SentEvent {
    let text = |key: &str| event.get(key).and_then(Value::as_str);
    let call = text("type").unwrap_or_default();
    let name = if call == "track" { "event" } else { "name" };
    SentEvent {
        message_id: text("messageId").filter(|id| !id.is_empty()).map(Box::from),
        event: text(name).map(Box::from),
        call: call.into(),
        categories: missing.iter().map(|category| Box::from(*category)).collect(),
    }
}

/// A member that is held back, and the categories that it did not grant.
pub(crate) type Held<'m> = (&'m Arc<str>, &'m BTreeMap<Box<str>, ConsentState>);

/// How many lack which category in which state.
type Missing = BTreeMap<Box<str>, BTreeMap<ConsentState, u64>>;

fn count_missing(missing: &mut Missing, category: &str, state: ConsentState) {
    if !missing.contains_key(category) {
        missing.insert(category.into(), BTreeMap::new());
    }
    if let Some(states) = missing.get_mut(category) {
        *states.entry(state).or_default() += 1;
    }
}

fn missing(requires: &[Box<str>], held: &[Held<'_>]) -> Vec<(Box<str>, BTreeMap<ConsentState, u64>)> {
    let mut counts = Missing::new();
    for (category, state) in held.iter().flat_map(|(_, categories)| *categories) {
        count_missing(&mut counts, category, *state);
    }
    as_named(requires, counts)
}

/// In the order in which the destination names the categories.
fn as_named(requires: &[Box<str>], mut missing: Missing) -> Vec<(Box<str>, BTreeMap<ConsentState, u64>)> {
    let named = requires.iter();
    named.filter_map(|category| missing.remove_entry(category)).collect()
}

/// Some of them, in their order: first one of each category and state, for those that are rare tell most, then whoever comes
/// first.
fn sample(held: &[Held<'_>], samples: Samples) -> Vec<HeldMember> {
    let mut seen: BTreeSet<(&str, ConsentState)> = BTreeSet::new();
    let mut chosen: BTreeSet<usize> = BTreeSet::new();
    for (at, (_, categories)) in held.iter().enumerate() {
        if chosen.len() == samples.count() {
            break;
        }
        // Not `any`, which would stop at the first that is new.
        let new = categories
            .iter()
            .filter(|(category, state)| seen.insert((category, **state)));
        if new.count() > 0 {
            chosen.insert(at);
        }
    }
    for at in 0..held.len() {
        if chosen.len() == samples.count() {
            break;
        }
        chosen.insert(at);
    }
    let chosen = chosen.into_iter().filter_map(|at| held.get(at));
    let sample = chosen.map(|(profile, categories)| HeldMember {
        profile: Arc::clone(profile),
        categories: (*categories).clone(),
    });
    sample.collect()
}

/// The part of the pipeline of raw events that comes before any destination.
pub(crate) fn ingest(ingested: &Ingested, samples: Samples) -> Events {
    let counts = ingested.counts;
    let failures = ingested.refused.iter().map(|(code, count)| {
        let rejects = ingested.rejects.iter().filter(|reject| reject.code == *code);
        let samples = rejects.take(samples.count()).map(|reject| RefusedEvent {
            file: Arc::clone(&reject.file),
            line: reject.line,
            detail: (*reject.reason).into(),
        });
        Discarded {
            reason: code.as_str(),
            count: *count,
            categories: Vec::new(),
            samples: samples.collect(),
        }
    });
    let left_out = ingested.violations.iter();
    Events {
        received: counts.read,
        failed_on_ingest: counts.rejected,
        failures: failures.collect(),
        in_no_step: Silent {
            duplicate: counts.duplicate,
            later: counts.later,
            left_out: left_out.map(|(name, count)| ((*name).into(), *count)).collect(),
        },
        accepted: counts.applied,
        destinations: Vec::new(),
    }
}
