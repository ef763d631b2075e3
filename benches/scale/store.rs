//! The store: making events durable, opening what is stored, and what both need.

use std::fs;
use std::hint::black_box;
use std::io;
use std::time::Instant;

use volens::Timestamp;
use volens::store::{Directory, Storage, StoreError};

use crate::grouped;
use crate::kit::NOW;
use crate::measure::{Clock, Measured, Task, engine, resident};

/// Stores the lines, as `volens ingest` does: events alone, without what they lead to. They stay for those after it.
pub(crate) fn ingest(task: &Task) -> io::Result<Measured> {
    let folder = task.folder.join("store");
    let now = Timestamp::from_millis(NOW);
    let directory = Directory::open(&folder).map_err(io::Error::other)?;
    let mut journal = engine()?.journal(directory).map_err(io::Error::other)?;
    let mut clock = Clock::default();
    let before = resident("VmRSS")?;
    task.load.each(|chunk| {
        clock.time(chunk.text().len(), |lines| {
            let mut intake = journal.intake(now, now);
            intake.read("events.jsonl", chunk.text()).map_err(io::Error::other)?;
            let receipt = intake.commit().map_err(io::Error::other)?;
            *lines += receipt.counts.read;
            match receipt.rejects.first() {
                Some(reject) => Err(io::Error::other(format!("an event was refused: {reject:?}"))),
                None => Ok(()),
            }
        })
    })?;
    Ok(Measured {
        sizes: vec![
            ("on the disk".to_owned(), journal.storage().size_on_disk()),
            (
                "resident while storing".to_owned(),
                resident("VmHWM")?.saturating_sub(before),
            ),
        ],
        notes: vec![format!("{} stored", grouped(journal.len() as u64))],
        ..clock.measured()
    })
}

/// Feeds the same lines once more.
pub(crate) fn again(task: &Task) -> io::Result<Measured> {
    let measured = ingest(task)?;
    Ok(Measured {
        sizes: Vec::new(),
        ..measured
    })
}

/// Opens what is stored, up to the profiles.
pub(crate) fn reopen(task: &Task) -> io::Result<Measured> {
    let folder = task.folder.join("store");
    let before = resident("VmRSS")?;
    let begin = Instant::now();
    let directory = Directory::open_read_only(&folder).map_err(io::Error::other)?;
    let opened = begin.elapsed();
    let space = engine()?
        .space(directory, Timestamp::from_millis(NOW))
        .map_err(io::Error::other)?;
    let seconds = begin.elapsed().as_secs_f64();
    let (peak, end) = (resident("VmHWM")?, resident("VmRSS")?);
    Ok(Measured {
        lines: task.load.events,
        seconds,
        parts: vec![("of which finding the log sound".to_owned(), opened.as_secs_f64())],
        sizes: vec![
            ("resident at the peak".to_owned(), peak.saturating_sub(before)),
            ("resident with the profiles made".to_owned(), end.saturating_sub(before)),
        ],
        profiles: Some(space.profiles().users().len() as u64),
        notes: vec![format!("{} applied", grouped(space.counts().applied))],
        ..Measured::default()
    })
}

/// Reads every record, verifies its checksum, and does nothing else.
pub(crate) fn scan(task: &Task) -> io::Result<Measured> {
    let folder = task.folder.join("store");
    let begin = Instant::now();
    let directory = Directory::open_read_only(&folder).map_err(io::Error::other)?;
    let scanned = directory.scan(&mut |entry| {
        black_box(entry.payload);
        Ok::<(), StoreError>(())
    });
    scanned.map_err(io::Error::other)?;
    let seconds = begin.elapsed().as_secs_f64();
    fs::remove_dir_all(&folder)?;
    Ok(Measured {
        lines: task.load.events,
        seconds,
        ..Measured::default()
    })
}
