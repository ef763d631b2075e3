//! Lines to profiles: reading and checking, and folding; at once, event by event, and late.
//!
//! `make scale` is the same at full size, beside what must be paid in any case.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

#[path = "../examples/generate/kit.rs"]
#[allow(dead_code, reason = "chance and time are enough here")]
mod kit;
#[path = "scale/load.rs"]
#[allow(dead_code, reason = "lines are enough here")]
mod load;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use load::Load;
use volens::store::Memory;
use volens::{Engine, Timestamp, Value};

const EVENTS: u64 = 10_000;
const PEOPLE: u64 = 1_000;

/// The lines, each with its end.
fn lines() -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    let load = Load {
        events: EVENTS,
        people: PEOPLE,
    };
    load.each(|chunk| {
        lines.extend(chunk.lines().map(|line| [line, b"\n"].concat()));
        Ok(())
    })
    .unwrap();
    lines
}

fn ingest(c: &mut Criterion) {
    let engine = Engine::from_text(
        "bench.audience",
        "category Advertising category Analytics category Functional",
    )
    .unwrap();
    let now = Timestamp::from_millis(kit::NOW);
    let mut lines = lines();
    let in_order = lines.concat();
    lines.reverse();
    let latest_first = lines.concat();
    // Both lead to the same.
    let count = |text: &[u8]| engine.ingest(text, now).unwrap().profiles.users().len();
    assert_eq!(count(&in_order), count(&latest_first));

    let mut group = c.benchmark_group("ingest");
    group.sample_size(10).throughput(Throughput::Elements(EVENTS));
    group.bench_function("parse to Value alone", |b| {
        b.iter(|| {
            let lines = lines.iter();
            lines.for_each(|line| drop(serde_json::from_slice::<Value>(black_box(line)).unwrap()));
        });
    });
    group.bench_function("to Profiles", |b| {
        b.iter(|| engine.ingest(black_box(&*in_order), now).unwrap())
    });
    group.bench_function("to Profiles, latest first", |b| {
        b.iter(|| engine.ingest(black_box(&*latest_first), now).unwrap());
    });
    group.bench_function("into a space in memory", |b| {
        b.iter(|| {
            let mut space = engine.space(Memory::new(), now).unwrap();
            let mut intake = space.intake(now, now).unwrap();
            intake.read("events.jsonl", black_box(&*in_order)).unwrap();
            intake.commit().unwrap();
            space
        });
    });
    group.finish();
}

criterion_group!(benches, ingest);
criterion_main!(benches);
