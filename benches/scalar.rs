//! One profile at a time: five audiences, beside the same written by hand over native structs.
//!
//! Compare within one run: the ratio of `volens` to `by hand` counts, not the nanoseconds. `hit` is a profile that is in
//! all of them, so that nothing ends early; `mix` is the mean over generated profiles.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod people;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use people::{AUDIENCES, MIX, NOW, Native, Person, WORKSPACE, hit, people};
use volens::eval::{Row, evaluate, matches};
use volens::ir::{AudienceSlot, Program};
use volens::{Engine, Profile};

/// A sum is part of what is measured: a row that is told the instant anew forgets what it computed.
fn is_member(program: &Program, row: &mut Row<'_>, audience: AudienceSlot, computes: bool) -> bool {
    if computes {
        row.set_now(program, &[], black_box(NOW));
    }
    matches(program, audience, row, &[])
}

fn scalar(c: &mut Criterion) {
    let engine = Engine::from_text("bench.audience", WORKSPACE).unwrap();
    let program = engine.program();
    let people = people();
    let profiles: Vec<Profile> = people.iter().map(Person::profile).collect();
    let mut rows: Vec<Row> = profiles.iter().map(|profile| Row::new(program, profile, NOW)).collect();
    let natives: Vec<Native> = people.iter().map(Person::native).collect();
    let (hit_profile, hit_native) = (hit().profile(), hit().native());
    let mut hit_row = Row::new(program, &hit_profile, NOW);

    for audience in 0..AUDIENCES {
        let slot = program.audience(&format!("a{}", audience + 1)).unwrap();
        let computes = audience == 3;
        let mut members = 0;
        for (row, native) in rows.iter_mut().zip(&natives) {
            let member = native.is_member(audience, NOW.as_millis());
            assert_eq!(is_member(program, row, slot, computes), member);
            members += usize::from(member);
        }
        assert!(members > 0 && members < MIX, "{members} members");
        assert!(is_member(program, &mut hit_row, slot, computes));
        assert!(hit_native.is_member(audience, NOW.as_millis()));

        let mut group = c.benchmark_group(format!("A{}", audience + 1));
        group.bench_function("hit/by hand", |b| {
            b.iter(|| black_box(&hit_native).is_member(black_box(audience), black_box(NOW).as_millis()));
        });
        group.bench_function("hit/volens", |b| {
            b.iter(|| is_member(black_box(program), black_box(&mut hit_row), black_box(slot), computes));
        });
        group.throughput(Throughput::Elements(MIX as u64));
        group.bench_function("mix/by hand", |b| {
            b.iter(|| {
                let now = black_box(NOW).as_millis();
                natives
                    .iter()
                    .filter(|native| native.is_member(black_box(audience), now))
                    .count()
            });
        });
        group.bench_function("mix/volens", |b| {
            b.iter(|| {
                let rows = rows.iter_mut();
                rows.filter_map(|row| is_member(program, row, black_box(slot), computes).then_some(()))
                    .count()
            });
        });
        group.finish();
    }

    let mut group = c.benchmark_group("row");
    let text = |profile: &Profile| serde_json::to_string(profile).unwrap();
    let (hit_text, texts) = (text(&hit_profile), profiles.iter().map(text).collect::<Vec<_>>());
    let read = |text: &str| serde_json::from_str::<Profile>(black_box(text)).unwrap();
    group.bench_function("bind hit", |b| {
        let mut row = Row::default();
        b.iter(|| row.bind(program, black_box(&hit_profile), NOW));
    });
    group.bench_function("load hit from JSON", |b| b.iter(|| read(&hit_text)));
    group.bench_function("evaluate hit, all audiences", |b| {
        b.iter(|| evaluate(program, black_box(&mut hit_row), &[]));
    });
    group.throughput(Throughput::Elements(MIX as u64));
    group.bench_function("bind mix", |b| {
        let mut row = Row::default();
        b.iter(|| {
            profiles
                .iter()
                .for_each(|profile| row.bind(program, black_box(profile), NOW))
        });
    });
    group.bench_function("load mix from JSON", |b| {
        b.iter(|| texts.iter().for_each(|text| drop(read(text))));
    });
    group.finish();
}

criterion_group!(benches, scalar);
criterion_main!(benches);
