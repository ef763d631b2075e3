//! Many events of many people on one machine: what taking them in costs, beside what must be paid in any case.
//!
//! ```text
//! make scale                                                  10 000 000 events of 1 000 000 people
//! make scale EVENTS=1000000 PEOPLE=100000
//! cargo bench --features store --bench scale -- 1000000 100000 parse fsync     some of the measurements
//! cargo bench --features store --bench scale -- lines 1000 100                 the lines themselves
//! ```
//!
//! It prints one table of one run. Only the ratios mean anything: machines differ, and the same machine from one hour to
//! the next. Each measurement is a process of its own (this program, called again), so that none has the memory of
//! another; the lines are made chunk by chunk, outside of the time that is measured, and never stand in memory as a whole.
//! Memory is what Linux tells of a process; elsewhere the measurement fails and says so.

#[path = "../../examples/generate/kit.rs"]
#[allow(
    dead_code,
    reason = "of what the examples are made with, chance and time are enough here"
)]
mod kit;
mod load;
mod measure;
mod store;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs, io};

use load::Load;
use measure::{ALL, Measured, Measurement, Task};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    // cargo adds `--bench` of its own.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["measure", name, folder, events, people] => {
            let measurement = ALL.iter().find(|measurement| measurement.name == *name);
            let measurement = measurement.ok_or_else(|| wrong(&format!("there is no measurement `{name}`")))?;
            let task = Task {
                load: load(events, people)?,
                folder: PathBuf::from(folder),
            };
            serde_json::to_writer(io::stdout(), &(measurement.run)(&task)?)?;
            Ok(())
        }
        ["lines", events, people] => load(events, people)?.each(|chunk| io::stdout().write_all(chunk.text())),
        [events, people, names @ ..] => table(load(events, people)?, names),
        // Nobody who runs all benches wants to wait for this one.
        [] => {
            println!("say how many events of how many people, such as 1000000 100000");
            Ok(())
        }
        _ => Err(wrong("say how many events of how many people, such as 1000000 100000")),
    }
}

fn wrong(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

fn load(events: &str, people: &str) -> io::Result<Load> {
    let number = |text: &str| text.parse().map_err(|_| wrong(&format!("`{text}` is no number")));
    let (events, people): (u64, u64) = (number(events)?, number(people)?);
    // As far as the generator's turns reach; and nobody is left out only with two events for each.
    if people == 0 || people > 1_000_000_000 || events < 2 * people {
        return Err(wrong("there must be somebody, and at least two events for each person"));
    }
    Ok(Load { events, people })
}

/// The measurements of these names; all where none is named. The first is always there.
fn named(names: &[&str]) -> io::Result<Vec<&'static Measurement>> {
    if let Some(name) = names.iter().find(|name| ALL.iter().all(|m| m.name != **name)) {
        return Err(wrong(&format!("there is no measurement `{name}`")));
    }
    let wanted = |m: &&Measurement| names.is_empty() || m.name == ALL[0].name || names.contains(&m.name);
    Ok(ALL.iter().filter(wanted).collect())
}

/// Measures one after the other, and prints what came of it.
fn table(load: Load, names: &[&str]) -> io::Result<()> {
    let measurements = named(names)?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("scale-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let done = measurements.iter().map(|measurement| {
        eprintln!("{} …", measurement.title);
        // One that fails, for want of memory perhaps, does not take the others with it.
        (*measurement, apart(measurement, load, &folder))
    });
    let done: Vec<(&Measurement, io::Result<Measured>)> = done.collect();
    fs::remove_dir_all(&folder)?;
    let measured = || done.iter().filter_map(|(m, done)| Some((*m, done.as_ref().ok()?)));
    if let Some((_, first)) = measured().next() {
        if measured().any(|(_, m)| m.bytes.is_some() && (m.lines, m.bytes) != (first.lines, first.bytes)) {
            return Err(io::Error::other("the measurements did not see the same lines"));
        }
        println!(
            "{} lines, {} bytes ({:.0} a line), of {} people\n",
            grouped(first.lines),
            grouped(first.bytes.unwrap_or_default()),
            first.bytes.unwrap_or_default() as f64 / first.lines as f64,
            grouped(load.people)
        );
    }
    times(measured());
    sizes(measured());
    notes(measured());
    for (measurement, done) in &done {
        if let Err(error) = done {
            println!("{}: did not end: {error}", measurement.name);
        }
    }
    match done.iter().all(|(_, done)| done.is_ok()) {
        true => Ok(()),
        false => Err(io::Error::other("not everything was measured")),
    }
}

fn times<'m>(measured: impl Iterator<Item = (&'m Measurement, &'m Measured)>) {
    println!("| | seconds | events/s | × parsing alone |");
    println!("|---|---|---|---|");
    let mut parsing = None;
    for (measurement, m) in measured {
        if measurement.name == ALL[0].name {
            parsing = Some(m.seconds);
        }
        let row = |title: &str, seconds: f64| {
            let each = grouped((m.lines as f64 / seconds) as u64);
            let ratio = parsing.map(|parsing| format!("{:.2}", seconds / parsing));
            println!("| {title} | {seconds:.2} | {each} | {} |", ratio.unwrap_or_default());
        };
        row(measurement.title, m.seconds);
        for (part, seconds) in &m.parts {
            row(&format!("— {part}"), *seconds);
        }
    }
}

fn sizes<'m>(measured: impl Iterator<Item = (&'m Measurement, &'m Measured)>) {
    let measured: Vec<_> = measured.collect();
    let bytes = measured.iter().find_map(|(_, m)| m.bytes).unwrap_or_default();
    let mut measured = measured.into_iter().filter(|(_, m)| !m.sizes.is_empty()).peekable();
    if measured.peek().is_none() {
        return;
    }
    println!("\n| | bytes | a byte of JSON | an event | a profile |");
    println!("|---|---|---|---|---|");
    for (measurement, m) in measured {
        for (what, size) in &m.sizes {
            let by = |count: u64| grouped((*size as f64 / count as f64) as u64);
            println!(
                "| {}: {what} | {} | {:.2} | {} | {} |",
                measurement.name,
                grouped(*size),
                *size as f64 / bytes as f64,
                by(m.lines),
                m.profiles.map(by).unwrap_or_default()
            );
        }
    }
}

fn notes<'m>(measured: impl Iterator<Item = (&'m Measurement, &'m Measured)>) {
    println!();
    for (measurement, m) in measured {
        let profiles = m.profiles.map(|profiles| format!("{} profiles", grouped(profiles)));
        let notes: Vec<String> = profiles.into_iter().chain(m.notes.iter().cloned()).collect();
        if !notes.is_empty() {
            println!("{}: {}", measurement.name, notes.join("; "));
        }
    }
}

/// Measures in a process of its own.
fn apart(measurement: &Measurement, load: Load, folder: &Path) -> io::Result<Measured> {
    let output = Command::new(env::current_exe()?)
        .args(["measure", measurement.name])
        .arg(folder)
        .args([load.events.to_string(), load.people.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(output.status.to_string()));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// `1 000 000`
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}
