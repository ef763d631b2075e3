//! Many profiles at once: laying them out in columns, and asking the columns, beside going from profile to profile.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod audiences;
mod people;

use std::hint::black_box;
use std::sync::Arc;

use audiences::workspace;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use people::{NOW, Person, WORKSPACE, people};
use volens::eval::columnar::Snapshot;
use volens::eval::one_by_one;
use volens::{Engine, Profile};

/// The same thousand again and again, each time other profiles.
fn profiles(thousands: usize) -> Vec<Arc<Profile>> {
    let people: Vec<Person> = people().into_iter().map(Person::in_cents).collect();
    let again = (0..thousands).flat_map(|_| people.iter().map(Person::profile));
    again.map(Arc::new).collect()
}

fn columnar(c: &mut Criterion) {
    for (name, engine) in [
        ("5 audiences", Engine::from_text("bench.audience", WORKSPACE).unwrap()),
        ("400 audiences", Engine::from_sources(workspace(400)).unwrap()),
    ] {
        let program = engine.program();
        let mut group = c.benchmark_group(format!("columnar/{name}"));
        group.sample_size(10);
        for thousands in [1, 10] {
            let profiles = profiles(thousands);
            let snapshot = Snapshot::new(program, &profiles, 1);
            assert_eq!(snapshot.members(NOW, 1), one_by_one(program, &profiles, NOW, 1));
            group.throughput(Throughput::Elements(profiles.len() as u64));
            group.bench_function(BenchmarkId::new("lay out", profiles.len()), |b| {
                b.iter(|| Snapshot::new(program, black_box(&profiles), 1));
            });
            group.bench_function(BenchmarkId::new("ask", profiles.len()), |b| {
                b.iter(|| snapshot.members(black_box(NOW), 1));
            });
            group.bench_function(BenchmarkId::new("one by one", profiles.len()), |b| {
                b.iter(|| one_by_one(program, black_box(&profiles), NOW, 1));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, columnar);
criterion_main!(benches);
