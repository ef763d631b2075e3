//! From what was found to the pipelines: counting, and choosing samples.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Discarded, Events, Flow, HeldMember, MOST_SAMPLES, RefusedEvent, Silent};
use crate::consent::ConsentState;
use crate::ingest::Ingested;

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
        let discards: Vec<Discarded<HeldMember>> = reasons
            .into_iter()
            .map(|(reason, held)| Discarded {
                reason,
                count: held.len() as u64,
                categories: missing(&self.requires, held.iter().map(|(_, categories)| *categories)),
                samples: sample(&held, samples),
            })
            .collect();
        let filtered = discards.iter().map(|discarded| discarded.count).sum();
        let delivered = delivered as u64;
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

/// A member that is held back, and the categories that it did not grant.
pub(crate) type Held<'m> = (&'m Arc<str>, &'m BTreeMap<Box<str>, ConsentState>);

/// How many lack which category in which state, in the order in which the destination names the categories.
fn missing<'m>(
    requires: &[Box<str>],
    held: impl Iterator<Item = &'m BTreeMap<Box<str>, ConsentState>>,
) -> Vec<(Box<str>, BTreeMap<ConsentState, u64>)> {
    let mut counts: BTreeMap<&str, BTreeMap<ConsentState, u64>> = BTreeMap::new();
    for (category, state) in held.flatten() {
        *counts.entry(category).or_default().entry(*state).or_default() += 1;
    }
    let named = requires.iter();
    named
        .filter_map(|category| Some((category.clone(), counts.remove(&**category)?)))
        .collect()
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
