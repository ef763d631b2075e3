//! Why somebody is in an audience or not, beside whether: five audiences and the one profile that is in all of them.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod people;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use people::{AUDIENCES, NOW, Person, WORKSPACE, hit, people};
use volens::{Engine, Profile};

fn explain(c: &mut Criterion) {
    let engine = Engine::from_text("bench.audience", WORKSPACE).unwrap();
    let hit = hit().profile();
    let others: Vec<Profile> = people().iter().map(Person::profile).collect();
    let mut group = c.benchmark_group("explain");
    group.sample_size(20);
    for audience in 1..=AUDIENCES {
        let name = format!("a{audience}");
        let is_out = |profile: &&Profile| !engine.is_member(&name, profile, NOW).unwrap();
        // Who is out, and has something to look at.
        let miss = others
            .iter()
            .filter(is_out)
            .max_by_key(|profile| profile.history().len())
            .unwrap();
        group.bench_function(format!("A{audience}/whether"), |b| {
            b.iter(|| engine.is_member(&name, black_box(&hit), NOW).unwrap());
        });
        group.bench_function(format!("A{audience}/why"), |b| {
            b.iter(|| engine.explain(&name, black_box(&hit), NOW).unwrap());
        });
        group.bench_function(format!("A{audience}/why not"), |b| {
            b.iter(|| engine.explain(&name, black_box(miss), NOW).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, explain);
criterion_main!(benches);
