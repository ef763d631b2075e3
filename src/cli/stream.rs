//! `volens stream`

use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::arguments::StreamArguments;
use super::events::{Sources, Unread, cannot};
use super::run::counted;
use super::{Failure, Streams, audience, clock, load, store};
use crate::diagnostic::visible;
use crate::engine::{Engine, Error};
use crate::ingest::{Counts, Reject};
use crate::live::{JsonLines, Live, LiveError, Options};
use crate::space::{Journal, SpaceError};
use crate::store::{Memory, Storage};

/// Messages on standard output.
type Out<'o> = JsonLines<BufWriter<&'o mut Box<dyn Write>>>;

pub(super) fn stream(path: &Path, arguments: &StreamArguments, streams: &mut Streams) -> Result<u8, Failure> {
    let engine = load(path, streams)?;
    let named = arguments.resync.iter().flatten().chain(&arguments.reuse);
    for name in named {
        audience(&engine, name)?;
    }
    let now = arguments.now.unwrap_or_else(clock);
    if let Some(until) = arguments
        .until
        .filter(|until| arguments.store.is_some() && *until > now)
    {
        // What comes before it would be late for good.
        return Err(Failure::Other(format!(
            "`--until {until}` is after {now}, and time does not move back in a store"
        )));
    }
    let (rejects, folder) = (arguments.rejects.as_deref(), arguments.store.as_deref());
    let sources = Sources::open(&arguments.events, rejects, folder, &engine)?;
    match folder {
        Some(folder) => {
            let mut journal = engine.journal(store::write(folder, streams)?)?;
            store::finish(journal.finish_erasure()?, streams)?;
            run(&engine, journal, arguments, sources, streams)
        }
        None => run(&engine, engine.journal(Memory::new())?, arguments, sources, streams),
    }
}

fn run<S: Storage>(
    engine: &Engine,
    journal: Journal<S>,
    arguments: &StreamArguments,
    sources: Sources<'_>,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    // The streams are lent to those who read, so the messages have theirs for themselves.
    let mut out = std::mem::replace(&mut streams.out, Box::new(io::sink()));
    let done = follow(engine, journal, arguments, &sources, &mut out, streams);
    streams.out = out;
    let Followed {
        rejects,
        counts,
        messages,
        read,
    } = done?;
    sources.tell(&rejects, counts.rejected, streams)?;
    let messages = counted(messages as u64, "message");
    writeln!(streams.err, "{}; {messages}", super::run::counts(&counts))?;
    read.map(|()| 0)
}

struct Followed {
    rejects: Vec<Reject>,
    counts: Counts,
    messages: usize,
    /// Whether all could be read and put out.
    read: Result<(), Failure>,
}

fn follow<S: Storage>(
    engine: &Engine,
    journal: Journal<S>,
    arguments: &StreamArguments,
    sources: &Sources<'_>,
    out: &mut Box<dyn Write>,
    streams: &mut Streams,
) -> Result<Followed, Failure> {
    let now = || arguments.now.unwrap_or_else(clock);
    let mut options = Options::new(now());
    options.reuse = arguments.reuse.clone();
    options.retain = arguments.retain;
    if let Some(space) = &arguments.space {
        options.space = space.clone();
    }
    let out: &mut Out<'_> = &mut JsonLines(BufWriter::new(out));
    let mut live = match engine.live_of(journal, options) {
        Ok(live) => live,
        Err(Error::Live(error)) => return Err(failure(error)),
        Err(error) => return store::checked(Err(error), streams),
    };
    if !engine.program().enforcement {
        writeln!(
            streams.err,
            "note: consent enforcement is off: members are sent whatever they agreed to"
        )?;
    }
    for notice in live.notices() {
        writeln!(streams.err, "note: {}", visible(&notice.to_string()))?;
    }
    live.keep_rejects(sources.kept());
    live.deliver(out).map_err(failure)?;
    let read = sources.each(streams, |name, reader| live.stream(name, reader, &now, out));
    // What was read is acted upon, though what comes after it could not be read.
    let read = match read {
        Ok(()) => rest(&mut live, arguments, out),
        failed => failed,
    };
    let (counts, rejects) = live.told();
    Ok(Followed {
        rejects,
        counts,
        messages: live.sent(),
        read,
    })
}

/// What is asked for after the events.
fn rest<S: Storage>(live: &mut Live<S>, arguments: &StreamArguments, out: &mut Out<'_>) -> Result<(), Failure> {
    let now = arguments.now.unwrap_or_else(clock);
    live.catch_up(now, out).map_err(failure)?;
    if let Some(until) = arguments.until {
        live.run_until(until, out).map_err(failure)?;
    }
    if let Some(audience) = &arguments.resync {
        live.resync(audience.as_deref(), out).map_err(failure)?;
    }
    Ok(())
}

fn failure(error: LiveError) -> Failure {
    match error {
        // Whoever reads may have seen enough, but not everything was acted upon.
        LiveError::Outlet(error) => Failure::Other(format!("not all messages could be written: {error}")),
        LiveError::Space(SpaceError::Backwards { now, asked }) => Failure::Other(format!(
            "time has come to {now} already, and {asked} is before that: it does not move backwards"
        )),
        LiveError::KeyReused(error) => Failure::Other(format!("{error} (`--reuse {}`)", visible(&error.audience))),
        error => Failure::Other(error.to_string()),
    }
}

impl Unread for LiveError {
    fn failure(self, path: &Path) -> Failure {
        match self {
            LiveError::Events(error) => cannot("read", path, &error),
            error => failure(error),
        }
    }
}
