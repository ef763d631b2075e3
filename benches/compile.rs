//! Text to program: what is paid once for a workspace, by how many audiences it has.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod audiences;

use std::hint::black_box;

use audiences::workspace;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use volens::Engine;
use volens::syntax::parse;

fn compile(c: &mut Criterion) {
    let mut group = c.benchmark_group("compile");
    group.sample_size(10);
    for count in [10, 100, 1000] {
        let sources = workspace(count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("parse alone", count), |b| {
            b.iter(|| {
                for id in sources.ids() {
                    black_box(parse(id, black_box(sources.text(id))));
                }
            });
        });
        group.bench_function(BenchmarkId::new("text to engine", count), |b| {
            b.iter(|| Engine::from_sources(black_box(sources.clone())).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, compile);
criterion_main!(benches);
