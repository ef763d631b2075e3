//! Whether a member may be delivered, and what is due at each destination.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::convert::Infallible;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use volens::deliver::{Ledger, Message, Moment, Person, Resync};
use volens::ir::{AudienceSlot, DestinationSlot};
use volens::{ConsentState, Engine, Profile, Timestamp, enforce};

/// Ten audiences, each sent to four destinations, of which the person may be delivered to two.
fn engine() -> Engine {
    let mut text = "category Advertising\ncategory Analytics\n".to_owned();
    text += "destination ads requires Advertising, Analytics\ndestination more_ads requires Advertising\n";
    text += "destination warehouse requires Analytics\ndestination crm requires nothing\n";
    for number in 0..10 {
        text += &format!("audience a{number} {{ who trait plan = \"pro\"  send to ads, more_ads, warehouse, crm }}\n");
    }
    Engine::from_text("bench.audience", &text).unwrap()
}

fn deliver(c: &mut Criterion) {
    let engine = engine();
    let program = engine.program();
    let now: Timestamp = "2026-06-30".parse().unwrap();
    let profile = Profile::builder()
        .user_id("u1")
        .identifier("email", "ann@acme.example")
        .trait_("plan", "pro")
        .consent("Advertising", ConsentState::Denied)
        .consent("Analytics", ConsentState::Granted)
        .build();
    let reached: Vec<AudienceSlot> = (0..10).map(AudienceSlot).collect();
    let person = Person {
        profile: &profile,
        reached: &reached,
    };
    let hand_out = |ledger: &mut Ledger, resync| {
        let moment = Moment {
            resync,
            ..Moment::at(black_box(now))
        };
        let mut sink = |message: &Message| {
            black_box(message);
            Ok::<(), Infallible>(())
        };
        let Ok(count) = ledger.hand_out(program, &moment, Some(person), profile.identifiers().iter(), &mut sink);
        count
    };
    let mut empty = Ledger::new();
    empty.declare(program, now, &[]).unwrap();
    let mut ledger = empty.clone();
    assert_eq!(hand_out(&mut ledger, Resync::No), 2 * 10 * 2);
    assert_eq!(hand_out(&mut ledger, Resync::No), 0);

    let mut group = c.benchmark_group("deliver");
    group.bench_function("decide for four destinations", |b| {
        b.iter(|| {
            let slots = (0..4).map(DestinationSlot);
            let consent = black_box(profile.consent());
            slots
                .filter(|slot| enforce::decide(program, *slot, consent).is_delivered())
                .count()
        });
    });
    group.bench_function("all of one audience, by the engine", |b| {
        b.iter(|| engine.deliveries("a0", black_box(&profile), now).unwrap().len());
    });
    group.bench_function("ten audiences, nothing has changed", |b| {
        b.iter(|| hand_out(&mut ledger, Resync::No));
    });
    group.bench_function("ten audiences, all 40 messages are due", |b| {
        b.iter(|| hand_out(&mut ledger, Resync::All));
    });
    group.finish();
}

criterion_group!(benches, deliver);
criterion_main!(benches);
