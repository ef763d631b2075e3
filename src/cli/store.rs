//! `volens ingest` and `volens forget`, and reading from a store.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;

use serde::Serialize;

use super::arguments::{Format, IngestArguments};
use super::events::Sources;
use super::run::{counted, counts};
use super::{Failure, Streams, clock, json, load, profile, wrong};
use crate::deliver::Ledger;
use crate::diagnostic::visible;
use crate::engine::{Engine, Error};
use crate::ingest::Counts;
use crate::space::{Space, SpaceError};
use crate::store::Directory;
use crate::time::Timestamp;

/// What `ingest` did.
#[derive(Serialize)]
struct Report {
    now: Timestamp,
    events: Counts,
    /// How many events the store holds.
    stored: usize,
    /// History at or before it was dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    history_since: Option<Timestamp>,
}

pub(super) fn ingest(
    path: &Path,
    folder: &Path,
    arguments: &IngestArguments,
    format: Format,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    let engine = load(path, streams)?;
    let now = arguments.now.unwrap_or_else(clock);
    let sources = Sources::open(&arguments.events, arguments.rejects.as_deref(), Some(folder), &engine)?;
    // Before anything is written.
    let horizon = match arguments.retain {
        Some(length) => Some(checked(engine.horizon(length, now), streams)?),
        None => None,
    };
    let mut journal = engine.journal(write(folder, streams)?)?;
    finish(journal.finish_erasure()?, streams)?;
    if let Some(horizon) = horizon {
        journal.drop_history(horizon, now)?;
    }
    let mut intake = journal.intake(now, arguments.received_at.unwrap_or(now));
    intake.keep_rejects(sources.kept());
    if let Some(threads) = arguments.threads {
        intake.threads(threads);
    }
    let read = sources.each(streams, |name, reader| intake.read(name, reader));
    // What was read is stored, though what comes after it could not be read; not so if the store has failed.
    let receipt = match (intake.commit(), &read) {
        (Err(SpaceError::Failed), Err(_)) => return read.map(|()| 0),
        (committed, _) => committed?,
    };
    sources.tell(&receipt.rejects, receipt.counts.rejected, streams)?;
    read?;
    let report = Report {
        now,
        events: receipt.counts,
        stored: journal.len(),
        history_since: journal.horizon(),
    };
    match format {
        Format::Json => json(&report, streams)?,
        Format::Text => {
            let out = &mut streams.out;
            writeln!(out, "{}", counts(&report.events))?;
            writeln!(out, "The store holds {}", counted(report.stored as u64, "event"))?;
            if let Some(horizon) = report.history_since {
                writeln!(out, "History is kept since {horizon}")?;
            }
        }
    }
    Ok(0)
}

pub(super) fn forget(
    path: &Path,
    folder: &Path,
    wanted: &str,
    now: Timestamp,
    format: Format,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    let (kind, value) = profile::identifier(wanted)?;
    let engine = load(path, streams)?;
    // A folder that is not there is none to forget anybody in, and should not be made.
    if !folder.exists() {
        return Err(Failure::Other(format!(
            "there is no store `{}`",
            visible(&folder.display().to_string())
        )));
    }
    let mut journal = engine.journal(write(folder, streams)?)?;
    finish(journal.finish_erasure()?, streams)?;
    // What is still to come is about the person, too.
    let mut space = Space::of(journal, engine.space_settings(), Timestamp::MAX)?;
    // Nothing is sent there any more, so whoever forgets has to have it done.
    let held = space.held(kind, value)?;
    let events = space.forget(kind, value, now)?;
    match format {
        Format::Json => json(
            &Forgot {
                forgotten: Events { events },
                held,
            },
            streams,
        )?,
        Format::Text => {
            let out = &mut streams.out;
            match events {
                0 => writeln!(
                    out,
                    "Forgotten: what destinations were sent; no event of the store is of this person"
                )?,
                _ => writeln!(
                    out,
                    "Forgotten: {} of the store, for good; they are refused when they come again",
                    counted(events as u64, "event")
                )?,
            }
            if let Some(line) = holders(&held) {
                writeln!(out, "{line}")?;
            }
        }
    }
    Ok(0)
}

/// What `forget` did.
#[derive(Serialize)]
struct Forgot {
    forgotten: Events,
    /// By destination, the identifiers by which it holds the person.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    held: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Serialize)]
struct Events {
    events: usize,
}

/// Which destinations hold a person who was forgotten, in a sentence.
fn holders(held: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    let names: Vec<String> = held.keys().map(|name| visible(name)).collect();
    let (last, others) = names.split_last()?;
    Some(if others.is_empty() {
        format!("{last} holds the person still: have it deleted there")
    } else {
        format!(
            "{} and {last} hold the person still: have it deleted there",
            others.join(", ")
        )
    })
}

/// What a store holds, as of `now`.
pub(super) fn read(
    engine: &Engine,
    folder: &Path,
    threads: Option<NonZeroUsize>,
    now: Timestamp,
    streams: &mut Streams,
) -> Result<Space<Directory>, Failure> {
    let directory = Directory::open_read_only(folder).map_err(SpaceError::from)?;
    let mut journal = checked(engine.journal(directory), streams)?;
    if let Some(threads) = threads {
        journal.threads(threads);
    }
    checked(engine.space_of(journal, now), streams)
}

/// What destinations were sent, as a store knows it.
pub(super) fn ledger(engine: &Engine, folder: &Path, streams: &mut Streams) -> Result<Ledger, Failure> {
    let directory = Directory::open_read_only(folder).map_err(SpaceError::from)?;
    let journal = checked(engine.journal(directory), streams)?;
    Ok(journal.ledger()?)
}

/// Opens a store for writing, and tells what a crash has left.
pub(super) fn write(folder: &Path, streams: &mut Streams) -> Result<Directory, Failure> {
    let directory = Directory::open(folder).map_err(SpaceError::from)?;
    if let Some(recovery) = directory.recovery() {
        writeln!(streams.err, "recovered: {}", visible(&recovery.to_string()))?;
    }
    Ok(directory)
}

pub(super) fn finish(finished: bool, streams: &mut Streams) -> Result<(), Failure> {
    if finished {
        writeln!(
            streams.err,
            "recovered: what was forgotten or dropped before is now erased"
        )?;
    }
    Ok(())
}

/// Definitions that look further back than history is kept are wrong like others.
pub(super) fn checked<T>(done: Result<T, Error>, streams: &mut Streams) -> Result<T, Failure> {
    match done {
        Ok(done) => Ok(done),
        Err(Error::Horizon(error)) => Err(wrong(&error.problems, streams)),
        Err(error) => Err(error.into()),
    }
}
