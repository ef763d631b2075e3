//! What one event costs a live engine with 1 000 and with 10 000 audiences, beside evaluating all of them.
//!
//! The audiences are those of [`audiences`]. The profile has 20 events, and is in a third of them. `make live` runs it.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod audiences;

use std::hint::black_box;
use std::time::Instant;

use audiences::workspace;
use volens::eval::{Network, Row, Step, evaluate};
use volens::live::Options;
use volens::store::Memory;
use volens::{ConsentState, Engine, Profile, Timestamp, Value};

const NOW: i64 = 1_767_225_600_000;
const DAY: i64 = 86_400_000;
fn at(before: i64) -> Timestamp {
    Timestamp::from_millis(NOW - before)
}

/// Who is in 328 of the first thousand, with or without the last order.
fn profile(last_order: bool) -> Profile {
    let mut profile = Profile::builder()
        .user_id("u1")
        .trait_("country", "DE")
        .trait_(
            "total_spend",
            serde_json::from_str::<Value>(if last_order { "512.75" } else { "500.25" }).unwrap(),
        )
        .trait_("email", "someone.longish@example.com")
        .trait_("plan", "pro")
        .trait_("age", 41)
        .consent("Advertising", ConsentState::Granted)
        .consent("Analytics", ConsentState::Granted)
        .consent("Functional", ConsentState::Denied)
        .consent("DataSharing", ConsentState::Granted);
    for i in 0..20 {
        let (name, age, revenue) = match i {
            18 if !last_order => continue,
            18 => ("Order Completed", 3 * DAY, "260.0"),
            15 => ("Order Completed", 10 * DAY, "240.5"),
            10 => ("Order Completed", 60 * DAY, "90.25"),
            2 => ("Order Refunded", 200 * DAY, "30.0"),
            19 => ("Product Viewed", DAY / 2, ""),
            5 | 12 => ("Product Viewed", (20 - i) * 9 * DAY, ""),
            _ => {
                let name = ["Page Viewed", "Email Opened", "Signed In", "Cart Viewed"][usize::try_from(i % 4).unwrap()];
                (name, (20 - i) * 9 * DAY / 2 + 4 * DAY, "")
            }
        };
        let revenue = serde_json::from_str::<Value>(revenue)
            .ok()
            .map(|revenue| ("revenue", revenue));
        let product = [("product_id", format!("p{i}").into())];
        profile = profile.event(name, at(age), product.into_iter().chain(revenue));
    }
    profile.build()
}

/// The median of many runs, in nanoseconds.
fn time(mut run: impl FnMut()) -> f64 {
    let mut batch = 1_u32;
    loop {
        let start = Instant::now();
        (0..batch).for_each(|_| run());
        if start.elapsed().as_millis() > 5 {
            break;
        }
        batch *= 2;
    }
    let sample = |_| {
        let start = Instant::now();
        (0..batch).for_each(|_| run());
        start.elapsed().as_nanos() as f64 / f64::from(batch)
    };
    let mut samples: Vec<f64> = (0..31).map(sample).collect();
    samples.sort_by(f64::total_cmp);
    samples[15]
}

struct Measured {
    /// What a profile takes, a bit for each distinct condition and audience.
    bytes: usize,
    all: f64,
    order: f64,
    order_and_timer: f64,
    opened: f64,
    spend: f64,
    applied: f64,
}

fn measure(count: usize) -> Measured {
    let engine = Engine::from_sources(workspace(count)).unwrap();
    let program = engine.program();
    let now = at(0);
    let (before, after) = (profile(false), profile(true));
    if count == 1000 {
        assert_eq!(engine.memberships(&after, now).unwrap().len(), 328);
    }
    let all = {
        let mut row = Row::default();
        time(|| {
            row.bind(program, black_box(&after), now);
            evaluate(program, &mut row, &[]);
            black_box(row.is_member(volens::ir::AudienceSlot(0)));
        })
    };
    let network = Network::new(program);
    let mut step = Step::new();
    let mut standing = step.stand(&network, program, &before, now).unwrap();
    let mut is_after = false;
    let mut one = |timer: bool, change: &mut dyn FnMut(&mut Step)| {
        is_after = !is_after;
        let profile = black_box(if is_after { &after } else { &before });
        step.begin(&network);
        change(&mut step);
        let changed = step.carry_out(&network, program, profile, &mut standing, now).unwrap();
        black_box(changed.len());
        if timer {
            black_box(network.next(program, profile, now));
        }
    };
    let order = time(|| one(false, &mut |step| step.event(&network, "Order Completed")));
    let order_and_timer = time(|| one(true, &mut |step| step.event(&network, "Order Completed")));
    let opened = time(|| one(false, &mut |step| step.event(&network, "Email Opened")));
    let spend = time(|| one(false, &mut |step| step.trait_set(&network, "total_spend")));
    let applied = {
        let mut live = engine.live(Memory::new(), Options::new(now)).unwrap();
        let identify = r#"{"type": "identify", "userId": "u1", "timestamp": "2025-01-01T00:00:00Z", "traits": {"country": "DE",
            "total_spend": 512.75, "email": "someone.longish@example.com", "plan": "pro", "age": 41},
            "context": {"consent": {"categoryPreferences": {"Advertising": true, "Analytics": true}}}}"#;
        live.apply(serde_json::from_str(identify).unwrap(), now).unwrap();
        let mut number = 0_i64;
        time(|| {
            number += 1;
            let instant = Timestamp::from_millis(NOW - 600 * DAY + number * DAY / 4);
            let event = format!(
                r#"{{"type": "track", "event": "Order Completed", "userId": "u1", "messageId": "m{number}", "timestamp": "{instant}", "properties": {{"revenue": {}}}}}"#,
                number % 90
            );
            let event: Value = serde_json::from_str(&event).unwrap();
            black_box(live.apply(event, Timestamp::MAX).unwrap());
        })
    };
    Measured {
        bytes: network.size().div_ceil(8),
        all,
        order,
        order_and_timer,
        opened,
        spend,
        applied,
    }
}

fn main() {
    let (few, many) = (measure(1000), measure(10_000));
    println!("| one event | 1 000 audiences, µs | 10 000, µs | 10 000 ÷ 1 000 | all ÷ it, at 1 000 | at 10 000 |");
    println!("|---|---|---|---|---|---|");
    for (what, few_ns, many_ns) in [
        ("all audiences evaluated anew", few.all, many.all),
        ("`Order Completed` comes", few.order, many.order),
        (
            "the same, and when something changes next",
            few.order_and_timer,
            many.order_and_timer,
        ),
        ("an event that no audience reads", few.opened, many.opened),
        ("a trait with thresholds is set", few.spend, many.spend),
        (
            "`Live::apply` of JSON: parsed, resolved, folded, found",
            few.applied,
            many.applied,
        ),
    ] {
        println!(
            "| {what} | {:.2} | {:.2} | {:.2} | {:.1} | {:.1} |",
            few_ns / 1e3,
            many_ns / 1e3,
            many_ns / few_ns,
            few.all / few_ns,
            many.all / many_ns
        );
    }
    println!(
        "\nA profile takes {} bytes with the thousand, {} with the ten thousand.",
        few.bytes, many.bytes
    );
}
