//! How cost grows: with profiles, with the events of a profile, with audiences, with the length of windows, and with what a
//! sender can make up. The numbers and the plots of docs/performance.md.
//!
//! ```text
//! make growth                                     measures all, and writes growth.csv beside this file and docs/growth-*.svg
//! cargo bench --bench growth -- draw              draws what growth.csv says, and measures nothing
//! ```
//!
//! Compare within one plot of one run: whether a line is straight, and how steep, not the nanoseconds.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

#[path = "../audiences/mod.rs"]
mod audiences;
mod cases;
mod draw;
#[path = "../people/mod.rs"]
mod people;

use std::path::Path;
use std::time::Duration;
use std::{env, fs, thread};

fn main() {
    // cargo adds `--bench` of its own.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let data = root.join("benches/growth/growth.csv");
    let draw = |data: &str| {
        for plot in &draw::PLOTS {
            fs::write(root.join(plot.file()), plot.svg(data)).unwrap();
        }
    };
    match words.as_slice() {
        ["all"] => {
            let text = measure(cases::LARGEST, Duration::from_millis(60));
            draw(&text);
            fs::write(&data, text).unwrap();
        }
        ["draw"] => draw(&fs::read_to_string(&data).unwrap()),
        // So that whoever runs all benches knows that it runs.
        ["--test"] => drop(measure(100, Duration::ZERO)),
        _ => println!("say `all` to measure and draw, `draw` to draw what was measured"),
    }
}

/// Measures all up to such a size; gives what stands in growth.csv.
fn measure(largest: u64, at_least: Duration) -> String {
    let mut text = "plot,line,x,nanoseconds\n".to_owned();
    cases::all(largest, &mut |case, run| {
        let nanoseconds = least(at_least, run);
        eprintln!("{}, {}, {}: {nanoseconds:.0} ns", case.plot, case.line, case.x);
        text += &format!("{},{},{},{nanoseconds:.0}\n", case.plot, case.line, case.x);
    });
    text
}

/// The least of some times, each of as many runs as take four milliseconds together.
fn least(at_least: Duration, run: &mut dyn FnMut()) -> f64 {
    const BATCH: Duration = Duration::from_millis(4);
    let mut time = |batch: u32| {
        let start = spent();
        (0..batch).for_each(|_| run());
        spent().saturating_sub(start)
    };
    let (mut batch, mut all) = (1_u32, Duration::ZERO);
    let mut least = loop {
        let spent = time(batch);
        all += spent;
        if spent >= BATCH.min(at_least) {
            break spent;
        }
        batch *= 2;
    };
    while all < at_least {
        let spent = time(batch);
        all += spent;
        least = least.min(spent);
    }
    least.as_nanos() as f64 / f64::from(batch)
}

/// How long this thread was at work so far, whatever others did meanwhile: what is measured here begins no thread. Linux tells it.
fn spent() -> Duration {
    // It is counted when the thread lets others go first.
    thread::yield_now();
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}
