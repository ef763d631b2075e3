//! What is measured, each in a process of its own: time spent on the lines alone, and memory that nothing else used.
//!
//! A measurement makes the lines anew, chunk by chunk, and stops its clock while it does. To add one, write a function
//! like these and name it in [`ALL`]. What one leaves in [`Task::folder`] is there for those behind it.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use volens::{Engine, Timestamp};

use crate::grouped;
use crate::kit::NOW;
use crate::load::{CATEGORIES, Load};
use crate::store;

/// How many lines are made durable at once.
const BATCH: usize = 1_000;

/// One measurement.
pub(crate) struct Measurement {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it is called in the table.
    pub(crate) title: &'static str,
    pub(crate) run: fn(&Task) -> io::Result<Measured>,
}

/// All, in the order of the table. The first is what the others are compared with.
pub(crate) const ALL: [Measurement; 8] = [
    Measurement {
        name: "parse",
        title: "parsing the lines with serde_json to `Value`",
        run: parse,
    },
    Measurement {
        name: "memory",
        title: "ingesting them in memory, to `Profiles`",
        run: |task| memory(task, None),
    },
    Measurement {
        name: "memory-on-one",
        title: "the same on one thread",
        run: |task| memory(task, Some(NonZeroUsize::MIN)),
    },
    Measurement {
        name: "fsync",
        title: "writing them to a file, one fsync per 1 000 lines",
        run: fsync,
    },
    Measurement {
        name: "store",
        title: "storing them durably",
        run: store::ingest,
    },
    Measurement {
        name: "again",
        title: "feeding them to the store once more",
        run: store::again,
    },
    Measurement {
        name: "reopen",
        title: "opening the store, to `Profiles`",
        run: store::reopen,
    },
    Measurement {
        name: "scan",
        title: "reading the log with its checksums",
        run: store::scan,
    },
];

/// What there is to do, and where files may be left.
pub(crate) struct Task {
    pub(crate) load: Load,
    pub(crate) folder: PathBuf,
}

/// What came of it, as a process tells another.
#[derive(Serialize, Deserialize, Default)]
pub(crate) struct Measured {
    pub(crate) lines: u64,
    /// None where no lines were read.
    pub(crate) bytes: Option<u64>,
    pub(crate) seconds: f64,
    /// Parts of the time, by what was done in it.
    pub(crate) parts: Vec<(String, f64)>,
    /// Bytes, by what they are, to be shown by event and by profile.
    pub(crate) sizes: Vec<(String, u64)>,
    pub(crate) profiles: Option<u64>,
    /// What else is worth knowing, in words.
    pub(crate) notes: Vec<String>,
}

/// Counts lines and time.
#[derive(Default)]
pub(crate) struct Clock {
    lines: u64,
    bytes: u64,
    spent: Duration,
}

impl Clock {
    /// Times what is done with a chunk of so many bytes.
    pub(crate) fn time<T>(&mut self, bytes: usize, work: impl FnOnce(&mut u64) -> io::Result<T>) -> io::Result<T> {
        self.bytes += bytes as u64;
        let begin = Instant::now();
        let done = work(&mut self.lines);
        self.spent += begin.elapsed();
        done
    }

    pub(crate) fn measured(&self) -> Measured {
        Measured {
            lines: self.lines,
            bytes: Some(self.bytes),
            seconds: self.spent.as_secs_f64(),
            ..Measured::default()
        }
    }
}

fn parse(task: &Task) -> io::Result<Measured> {
    let mut clock = Clock::default();
    task.load.each(|chunk| {
        clock.time(chunk.text().len(), |lines| {
            for line in chunk.lines() {
                black_box(serde_json::from_slice::<serde_json::Value>(line)?);
                *lines += 1;
            }
            Ok(())
        })
    })?;
    Ok(clock.measured())
}

/// A workspace that asks for the consent that the events tell of.
pub(crate) fn engine() -> io::Result<Engine> {
    let categories = CATEGORIES.map(|category| format!("category {category}\n")).concat();
    Engine::from_text("scale.audience", &categories).map_err(io::Error::other)
}

fn memory(task: &Task, threads: Option<NonZeroUsize>) -> io::Result<Measured> {
    let mut clock = Clock::default();
    let now = Timestamp::from_millis(NOW);
    let mut ingestor = engine()?.ingestor(now, now);
    if let Some(threads) = threads {
        ingestor.threads(threads);
    }
    let mut before = None;
    task.load.each(|chunk| {
        // With the first chunk in its place.
        if before.is_none() {
            before = Some(resident("VmRSS")?);
        }
        clock.time(chunk.text().len(), |lines| {
            *lines += chunk.lines().count() as u64;
            ingestor.read("events.jsonl", chunk.text())
        })
    })?;
    let before = before.unwrap_or(0);
    let taken = clock.spent;
    let ingested = clock.time(0, |_| Ok(ingestor.finish()))?;
    let (end, peak) = (resident("VmRSS")?, resident("VmHWM")?);
    if let Some(reject) = ingested.rejects.first() {
        return Err(io::Error::other(format!("an event was refused: {reject:?}")));
    }
    let counts = ingested.counts;
    Ok(Measured {
        parts: vec![
            ("reading and checking each line".to_owned(), taken.as_secs_f64()),
            ("then making profiles".to_owned(), (clock.spent - taken).as_secs_f64()),
        ],
        sizes: vec![
            ("resident at the peak".to_owned(), peak.saturating_sub(before)),
            ("resident with the profiles made".to_owned(), end.saturating_sub(before)),
        ],
        profiles: Some(ingested.profiles.users().len() as u64),
        notes: vec![format!(
            "{} applied, {} duplicates; {} accounts",
            grouped(counts.applied),
            grouped(counts.duplicate),
            grouped(ingested.profiles.accounts().len() as u64)
        )],
        ..clock.measured()
    })
}

fn fsync(task: &Task) -> io::Result<Measured> {
    let path = task.folder.join("events.jsonl");
    let measured = write(&path, task.load);
    fs::remove_file(&path)?;
    measured
}

fn write(path: &Path, load: Load) -> io::Result<Measured> {
    let mut file = File::create(path)?;
    let mut clock = Clock::default();
    load.each(|chunk| {
        clock.time(chunk.text().len(), |lines| {
            for batch in chunk.batches(BATCH) {
                file.write_all(batch)?;
                file.sync_data()?;
            }
            *lines += chunk.lines().count() as u64;
            Ok(())
        })
    })?;
    Ok(clock.measured())
}

/// Bytes of memory that this process holds, or held at the most.
pub(crate) fn resident(which: &str) -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(which)?.strip_prefix(':'));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    let kibibytes = kibibytes.ok_or_else(|| io::Error::other(format!("the system does not tell `{which}`")))?;
    Ok(kibibytes * 1024)
}
