//! What a funnel costs as a profile's history grows: ten times the events, and how many times the time?
//!
//! Compare within one run. In every case the answer is found only when all of the history was looked at, or as nearly
//! as the case allows; `time ÷ (n log n)` stays level where the cost is n log n.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use volens::eval::{Row, evaluate_audience};
use volens::ir::AudienceSlot;
use volens::{Engine, Profile, Timestamp, Value};

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const SIZES: [i64; 4] = [100, 1_000, 10_000, 100_000];
const NAMES: [&str; 3] = ["A", "B", "C"];

/// A funnel, whether the profile is in it, and the profile's events: for each of `n` the name, how many milliseconds
/// ago, and the property `id`.
struct Case {
    name: &'static str,
    who: &'static str,
    member: bool,
    event: fn(n: i64, of: i64) -> (usize, i64, Value),
}

/// Every third event an A, a B, a C, one a second.
fn in_turn(n: i64, of: i64) -> (usize, i64) {
    (usize::try_from(n % 3).unwrap_or(0), (of - n) * 1_000)
}

const CASES: &[Case] = &[
    Case {
        name: "no reference/then",
        who: r#"performed "A" then performed "B" where (id = "never")"#,
        member: false,
        event: |n, of| {
            let (name, ago) = in_turn(n, of);
            (name, ago, n.into())
        },
    },
    Case {
        name: "no reference/then not",
        who: r#"performed "A" then not performed "B" within 2 minutes where (id < 1000000)"#,
        member: true,
        // No B comes near the end.
        event: |n, of| {
            let (name, ago) = in_turn(n, of);
            (if of - n < 3 { 0 } else { name }, ago, n.into())
        },
    },
    Case {
        name: "no reference/three steps and counts",
        who: r#"performed "A" at least 1000000 times then performed "B" within 1 hour
                then performed "C" within 1 hour then performed "A" at least 5 times within 1 day where (id < 1000000)"#,
        member: false,
        event: |n, of| {
            let (name, ago) = in_turn(n, of);
            (name, ago, n.into())
        },
    },
    Case {
        name: "one equality/each value once",
        who: r#"performed "A" as a then performed "B" where (id = a.id and not id = "x")"#,
        member: false,
        event: |n, of| {
            let (name, ago) = in_turn(n, of);
            (name, ago, format!("checkout-{n}").into())
        },
    },
    Case {
        name: "one equality/then not, ten values",
        who: r#"performed "A" as a then not performed "B" where (id = a.id)"#,
        member: false,
        // After the last A of each value there is a B of it.
        event: |n, of| {
            let (_, ago) = in_turn(n, of);
            (usize::from(of - n <= 10), ago, format!("checkout-{}", n % 10).into())
        },
    },
    Case {
        name: "one equality/to the event before the last",
        who: r#"performed "A" as a then performed "B" then performed "C" within 1 hour where (id = a.id)"#,
        member: false,
        event: |n, of| {
            let (name, ago) = in_turn(n, of);
            (name, ago, format!("checkout-{n}").into())
        },
    },
    Case {
        name: "one equality/followed by one more",
        who: r#"performed "A" then performed "B" as b then performed "C" where (id = b.id)
                then performed "A" within 1 minute where (id = "never")"#,
        member: false,
        event: |n, of| {
            let (name, ago) = in_turn(n, of);
            (name, ago, (n / 3).into())
        },
    },
    Case {
        name: "against it/one instant",
        who: r#"performed "A" as a then performed "B" where (id = a.id)"#,
        member: false,
        event: |n, of| (in_turn(n, of).0, 5, 7.into()),
    },
    Case {
        name: "against it/one value, never followed",
        who: r#"performed "A" as a then performed "B" at least 1000000 times where (id = a.id)"#,
        member: false,
        event: |n, of| {
            let (name, ago) = in_turn(n, of);
            (name, ago, 7.into())
        },
    },
    Case {
        name: "against it/one number in nine spellings",
        who: r#"performed "A" as a then performed "B" where (id = a.id)"#,
        member: false,
        // Texts that all read as 7, and none is like another: the A's "7.00", the B's "7e0".
        event: |n, of| {
            let (name, ago) = in_turn(n, of);
            let zeros = "0".repeat(usize::try_from(n % 9).unwrap_or(0));
            let id = if name == 0 {
                format!("7.0{zeros}")
            } else {
                format!("7e0{zeros}")
            };
            (name, ago, id.into())
        },
    },
];

fn profile(case: &Case, of: i64) -> Profile {
    let mut profile = Profile::builder().identifier("user_id", "u1");
    for n in 0..of {
        let (name, ago, id) = (case.event)(n, of);
        let time = Timestamp::from_millis(NOW.as_millis() - ago);
        profile = profile.event(NAMES.get(name).unwrap_or(&"A"), time, [("id", id)]);
    }
    profile.build()
}

fn funnel(c: &mut Criterion) {
    for case in CASES {
        let text = format!("audience a {{ who {} }}", case.who);
        let engine = match Engine::from_text("a.audience", &text) {
            Ok(engine) => engine,
            Err(error) => panic!("{error}"),
        };
        let program = engine.program();
        let mut group = c.benchmark_group(case.name);
        group.sample_size(10);
        group.warm_up_time(Duration::from_millis(300));
        group.measurement_time(Duration::from_millis(1_000));
        for of in SIZES {
            let profile = profile(case, of);
            let mut row = Row::new(program, &profile, NOW);
            let member = evaluate_audience(program, AudienceSlot(0), &mut row, &[]);
            assert!(!row.is_exhausted(), "{}: {of}", case.name);
            assert_eq!(member, case.member, "{}: {of}", case.name);
            group.throughput(Throughput::Elements(of.unsigned_abs()));
            group.bench_function(BenchmarkId::from_parameter(of), |b| {
                b.iter(|| evaluate_audience(program, AudienceSlot(0), black_box(&mut row), &[]));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, funnel);
criterion_main!(benches);
