//! Invariant 9 of the Delivery Overview: everything that came is in exactly one place of it, and its numbers are those of the
//! run and of the routing.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value as Json;
use volens::engine::Run;
use volens::ingest::Ingested;
use volens::overview::{Flow, Overview};
use volens::store::Memory;
use volens::{Engine, Value};

use crate::made_events::{events, shuffled};
use crate::routes::workspace;
use crate::shop::{now, shops};

/// The overview of events, what they led to, and those that were applied.
fn overview(engine: &Engine, events: &[Json], samples: usize) -> (Overview, Ingested, Vec<Value>) {
    let mut ingestor = engine.ingestor(now(), now());
    for (number, event) in (1..).zip(events) {
        ingestor.line("events.jsonl", number, event.to_string().as_bytes());
    }
    let mut flows = engine.event_flows(samples);
    let mut applied = Vec::new();
    let ingested = ingestor.finish_with(|event| {
        flows.add(event);
        applied.push(event.clone());
    });
    let mut overview = engine.overview(&ingested, now(), samples).unwrap();
    overview.events.destinations = flows.finish();
    (overview, ingested, applied)
}

fn adds_up<S>(flow: &Flow<S>, samples: usize) -> Result<(), TestCaseError> {
    prop_assert_eq!(flow.entered, flow.filtered + flow.delivered);
    prop_assert_eq!(flow.filtered, flow.discards.iter().map(|d| d.count).sum::<u64>());
    for discarded in &flow.discards {
        prop_assert!(discarded.count > 0);
        prop_assert_eq!(discarded.samples.len() as u64, discarded.count.min(samples as u64));
        for (category, states) in &discarded.categories {
            prop_assert!(flow.requires.contains(category));
            prop_assert!(states.values().sum::<u64>() <= discarded.count);
            prop_assert!(states.keys().all(|state| !state.is_granted()));
        }
        if discarded.reason == "FILTERED_BY_END_USER_CONSENT" {
            let all: u64 = discarded
                .categories
                .iter()
                .flat_map(|(_, states)| states.values())
                .sum();
            prop_assert!(all >= discarded.count);
        } else {
            prop_assert!(discarded.categories.is_empty());
        }
    }
    Ok(())
}

fn is_the_run(overview: &Overview, run: &Run, samples: usize) -> Result<(), TestCaseError> {
    prop_assert_eq!(
        (overview.profiles, overview.enforcement),
        (run.profiles, run.enforcement)
    );
    prop_assert_eq!(overview.audiences.len(), run.audiences.len());
    for (flows, audience) in overview.audiences.iter().zip(&run.audiences) {
        prop_assert_eq!(
            (&flows.name, flows.size, flows.of),
            (&audience.name, audience.size, audience.of)
        );
        prop_assert_eq!(flows.destinations.len(), audience.destinations.len());
        for (flow, destination) in flows.destinations.iter().zip(&audience.destinations) {
            adds_up(flow, samples)?;
            prop_assert_eq!((&flow.name, &flow.requires), (&destination.name, &destination.requires));
            prop_assert_eq!(flow.delivered, destination.delivered.len() as u64);
            prop_assert_eq!(flow.filtered, destination.filtered.len() as u64);
            if audience.of == volens::ir::Subject::User {
                prop_assert_eq!(flow.entered, audience.size as u64);
            }
            let mut missing: BTreeMap<(&str, _), u64> = BTreeMap::new();
            for (category, state) in destination.filtered.iter().flat_map(|held| &held.categories) {
                *missing.entry((category, *state)).or_default() += 1;
            }
            let told: BTreeMap<(&str, _), u64> = flow
                .discards
                .iter()
                .flat_map(|d| &d.categories)
                .flat_map(|(category, states)| states.iter().map(|(state, count)| ((&**category, *state), *count)))
                .collect();
            prop_assert_eq!(told, missing);
            // A sample is somebody who is held back, as the run has it; in order, and nobody twice.
            let samples: Vec<_> = flow.discards.iter().flat_map(|d| &d.samples).collect();
            prop_assert!(samples.is_sorted_by(|a, b| a.profile < b.profile));
            for sample in samples {
                let held = destination.filtered.iter().find(|held| held.profile == sample.profile);
                prop_assert_eq!(held.map(|held| &held.categories), Some(&sample.categories));
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn invariant_9_each_member_ends_in_one_place_and_the_numbers_are_those_of_the_run(
        events in events(), repeats in prop::collection::vec(any::<Index>(), 0..4), seed in any::<u64>(), samples in 0..=12usize,
    ) {
        for engine in shops() {
            let (overview, ingested, applied) = overview(&engine, &events, samples);
            let most = samples.min(10);
            prop_assert_eq!(overview.samples, most);
            is_the_run(&overview, &engine.run(&ingested.profiles, now()).unwrap(), most)?;

            let (counts, told) = (ingested.counts, &overview.events);
            prop_assert_eq!(told.received, counts.read);
            prop_assert_eq!(told.received,
                told.failed_on_ingest + told.accepted + told.in_no_step.duplicate + told.in_no_step.later);
            prop_assert_eq!((told.failed_on_ingest, told.accepted), (counts.rejected, counts.applied));
            prop_assert_eq!(told.failures.iter().map(|failure| failure.count).sum::<u64>(), counts.rejected);
            for failure in &told.failures {
                let of_code = ingested.rejects.iter().filter(|reject| reject.code.as_str() == failure.reason).count();
                prop_assert_eq!(failure.count, of_code as u64);
                prop_assert_eq!(failure.samples.len(), of_code.min(most));
            }
            prop_assert_eq!(applied.len() as u64, counts.applied);

            // Another order, and repeats, change no number of those that count.
            let (again, ..) = self::overview(&engine, &shuffled(&events, &repeats, seed), samples);
            prop_assert_eq!(&again.audiences, &overview.audiences);
            let numbers = |overview: &Overview| -> Vec<(u64, u64, u64)> {
                overview.events.destinations.iter().map(|f| (f.entered, f.filtered, f.delivered)).collect()
            };
            prop_assert_eq!(numbers(&again), numbers(&overview));

            // So does keeping the events in a store.
            let mut space = engine.space(Memory::new(), now()).unwrap();
            let mut intake = space.intake(now(), now()).unwrap();
            for event in &events {
                let _ = intake.event(volens::value::parse(&event.to_string()).unwrap());
            }
            intake.commit().unwrap();
            let mut flows = engine.event_flows(0);
            space.each_applied(|event| flows.add(event)).unwrap();
            let stored: Vec<_> = flows.finish().iter().map(|f| (f.entered, f.filtered, f.delivered)).collect();
            prop_assert_eq!(stored, numbers(&overview));
        }
    }

    #[test]
    fn invariant_9_each_event_ends_in_one_place_at_each_destination(workspace in workspace(), events in events()) {
        let engine = workspace.engine();
        let (overview, ingested, applied) = overview(&engine, &events, 10);
        let flows = &overview.events.destinations;
        prop_assert_eq!(flows.len(), workspace.destinations.len());
        let mut expected: Vec<BTreeMap<String, u64>> = vec![BTreeMap::new(); flows.len()];
        for event in &applied {
            for (counts, routed) in expected.iter_mut().zip(engine.route(event).unwrap()) {
                let way = if routed.routing.is_delivered() { "delivered".to_owned() } else { routed.routing.to_string() };
                *counts.entry(way).or_default() += 1;
            }
        }
        for (flow, expected) in flows.iter().zip(expected) {
            adds_up(flow, 10)?;
            prop_assert_eq!(flow.entered, ingested.counts.applied);
            let discards = flow.discards.iter().map(|d| (format!("discarded: {}", d.reason), d.count));
            let told: BTreeMap<String, u64> = discards
                .chain((flow.delivered > 0).then(|| ("delivered".to_owned(), flow.delivered)))
                .collect();
            prop_assert_eq!(told, expected);
        }
    }
}
