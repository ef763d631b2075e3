//! Reading events from files, standard input and gzip; telling what was refused.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::arguments::EventArguments;
use super::output::{Inputs, Output};
use super::{Failure, Streams, json_line, store};
use crate::diagnostic::visible;
use crate::engine::Engine;
use crate::ingest::{Ingested, Ingestor, Reject, Said, Settings};
use crate::model::IdentityRules;
use crate::space::SpaceError;
use crate::time::Timestamp;
use crate::value::Value;

/// How many refused events are told one by one.
const SHOWN: usize = 10;
/// Below this size reading is over before anybody would look at a bar.
const LONG: u64 = 32 << 20;

/// Takes in all files, or what a store holds; tells what was refused on standard error, and writes it to `--rejects`.
pub(super) fn ingest(
    engine: &Engine,
    arguments: &EventArguments,
    now: Timestamp,
    streams: &mut Streams,
) -> Result<Ingested, Failure> {
    ingest_seeing(engine, arguments, None, now, streams)
}

/// What is wanted of events besides what they lead to.
pub(super) struct Seeing<'a> {
    /// So many of the refused events of each code.
    pub(super) refused: usize,
    /// A file that is written besides that of `--rejects`.
    pub(super) other: Option<&'a Output>,
    /// Is given each event that is applied.
    pub(super) applied: &'a mut dyn FnMut(&Value),
}

/// The same, for those who want to see the events, too.
pub(super) fn ingest_seeing(
    engine: &Engine,
    arguments: &EventArguments,
    seeing: Option<Seeing<'_>>,
    now: Timestamp,
    streams: &mut Streams,
) -> Result<Ingested, Failure> {
    let ingested = match &arguments.store {
        Some(folder) => {
            let space = store::read(engine, folder, arguments.threads, now, streams)?;
            if let Some(seeing) = seeing {
                space.each_applied(seeing.applied)?;
            }
            Ingested {
                profiles: space.profiles(),
                counts: space.counts(),
                rejects: Vec::new(),
                refused: space.refused(),
                violations: space.violations(),
            }
        }
        None => {
            let sources = Sources::open(&arguments.events, arguments.rejects.as_deref(), None, engine)?;
            let mut ingestor = engine.ingestor(now, arguments.received_at.unwrap_or(now));
            ingestor.keep_rejects(sources.kept());
            if let Some(threads) = arguments.threads {
                ingestor.threads(threads);
            }
            if let Some(seeing) = &seeing {
                sources.check_other(seeing.other)?;
                ingestor.keep_rejects_of_each(seeing.refused);
            }
            sources.each(streams, |name, reader| ingestor.read(name, reader))?;
            let ingested = match seeing {
                Some(seeing) => ingestor.finish_with(seeing.applied),
                None => ingestor.finish(),
            };
            sources.tell(&ingested.rejects, ingested.counts.rejected, streams)?;
            ingested
        }
    };
    for (violation, count) in &ingested.violations {
        writeln!(streams.err, "left out: {violation}: {count}")?;
    }
    Ok(ingested)
}

/// Files of events, and the file for those that are refused.
pub(super) struct Sources<'a> {
    paths: &'a [PathBuf],
    rejects: Option<Output>,
}

impl<'a> Sources<'a> {
    /// Sees to it that all can be read and written, before any work is done. Nothing is written over a file of `store`, which
    /// need not be there yet.
    pub(super) fn open(
        paths: &'a [PathBuf],
        rejects: Option<&Path>,
        store: Option<&Path>,
        engine: &Engine,
    ) -> Result<Self, Failure> {
        check_readable(paths)?;
        let rejects = match rejects {
            Some(path) => Some(Output::open("--rejects", path, &Inputs::of(engine, paths, store))?),
            None => None,
        };
        Ok(Sources { paths, rejects })
    }

    /// How many refused events are to be kept: without a file for them, those that are told one by one.
    pub(super) fn kept(&self) -> usize {
        self.rejects.as_ref().map_or(SHOWN, |_| usize::MAX)
    }

    /// Refuses to write two things into one file.
    fn check_other(&self, other: Option<&Output>) -> Result<(), Failure> {
        match (&self.rejects, other) {
            (Some(rejects), Some(other)) if rejects.is(other) => Err(Failure::Other(
                "`--rejects` and `--html` name the same file: give each its own".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// Reads each file.
    pub(super) fn each<E: Unread>(
        &self,
        streams: &mut Streams,
        read: impl FnMut(&str, Box<dyn BufRead + '_>) -> Result<(), E>,
    ) -> Result<(), Failure> {
        each(self.paths, streams, read)
    }

    /// Tells what was refused on standard error, and writes it to the file for it.
    pub(super) fn tell(self, rejects: &[Reject], rejected: u64, streams: &mut Streams) -> Result<(), Failure> {
        tell(rejects, rejected, streams)?;
        match self.rejects {
            Some(file) => file.write(|writer| write_rejects(rejects, writer)),
            None => Ok(()),
        }
    }
}

/// Why reading a file ended early.
pub(super) trait Unread: From<io::Error> {
    /// In a sentence, with the file.
    fn failure(self, path: &Path) -> Failure;
}

impl Unread for io::Error {
    fn failure(self, path: &Path) -> Failure {
        cannot("read", path, &self)
    }
}

impl Unread for SpaceError {
    fn failure(self, path: &Path) -> Failure {
        match self {
            SpaceError::Events(error) => cannot("read", path, &error),
            error => error.into(),
        }
    }
}

/// Hands over what each accepted event of the files says, and tells what was refused.
pub(super) fn survey(
    paths: &[PathBuf],
    now: Timestamp,
    streams: &mut Streams,
    mut said: impl FnMut(&str, Said<'_>),
) -> Result<(), Failure> {
    check_readable(paths)?;
    let mut ingestor = Ingestor::new(Settings {
        identity: IdentityRules::default(),
        categories: Vec::new(),
        received_at: now,
        // A schema is of no instant: what is dated ahead counts, too.
        now: Timestamp::MAX,
    });
    ingestor.keep_rejects(SHOWN);
    each(paths, streams, |name, reader| ingestor.survey(name, reader, &mut said))?;
    let ingested = ingestor.finish();
    tell(&ingested.rejects, ingested.counts.rejected, streams)?;
    Ok(())
}

/// Before any work is done and anything written. A pipe is opened once only, when it is read.
fn check_readable(paths: &[PathBuf]) -> Result<(), Failure> {
    for path in paths.iter().filter(|path| path.as_os_str() != "-") {
        let metadata = path.metadata().map_err(|error| cannot("read", path, &error))?;
        if metadata.is_file() {
            File::open(path).map_err(|error| cannot("read", path, &error))?;
        }
    }
    Ok(())
}

/// Reads each file, unpacked, by the name that it is called in messages.
fn each<E: Unread>(
    paths: &[PathBuf],
    streams: &mut Streams,
    mut read: impl FnMut(&str, Box<dyn BufRead + '_>) -> Result<(), E>,
) -> Result<(), Failure> {
    let progress = progress(paths, streams.err_is_terminal);
    for path in paths {
        let name = path.display().to_string();
        let done = if path.as_os_str() == "-" {
            let reader = lines(&mut streams.input, None)?;
            reader.map_err(E::from).and_then(|reader| read("-", reader))
        } else {
            let file = File::open(path).map_err(|error| cannot("read", path, &error))?;
            let reader = lines(progress.wrap_read(file), Some(path))?;
            reader.map_err(E::from).and_then(|reader| read(&name, reader))
        };
        done.map_err(|error| error.failure(path))?;
    }
    progress.finish_and_clear();
    Ok(())
}

/// The lines of a file, unpacked where it is packed, and those of a Parquet file, which is read at its path.
fn lines<'r>(reader: impl Read + 'r, path: Option<&Path>) -> Result<io::Result<Box<dyn BufRead + 'r>>, Failure> {
    let mut reader = BufReader::with_capacity(BUFFER, reader);
    match reader.fill_buf() {
        Ok(beginning) if beginning.starts_with(PARQUET) => parquet(path).map(Ok),
        Ok(_) => Ok(unpack(reader)),
        Err(error) => Ok(Err(error)),
    }
}

/// What every Parquet file begins with.
const PARQUET: &[u8] = b"PAR1";

#[cfg(feature = "parquet")]
fn parquet<'r>(path: Option<&Path>) -> Result<Box<dyn BufRead + 'r>, Failure> {
    let Some(path) = path else {
        return Err(Failure::Other(
            "Parquet is not read from standard input, as its end says what is in it: name the file".to_owned(),
        ));
    };
    let lines = crate::tables::EventLines::open(path).map_err(|error| Failure::Other(error.to_string()))?;
    Ok(Box::new(lines))
}

#[cfg(not(feature = "parquet"))]
fn parquet<'r>(_: Option<&Path>) -> Result<Box<dyn BufRead + 'r>, Failure> {
    Err(Failure::Other(
        "this command was built without Parquet: build it with the feature `parquet`".to_owned(),
    ))
}

const BUFFER: usize = 1 << 16;

/// Unpacks gzip, which its first two bytes tell, whatever the name says.
pub(super) fn unpacked<'r>(reader: impl Read + 'r) -> io::Result<Box<dyn BufRead + 'r>> {
    unpack(BufReader::with_capacity(BUFFER, reader))
}

fn unpack<'r>(mut reader: BufReader<impl Read + 'r>) -> io::Result<Box<dyn BufRead + 'r>> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    if reader.fill_buf()?.starts_with(&GZIP) {
        Ok(Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(reader))))
    } else {
        Ok(Box::new(reader))
    }
}

fn progress(paths: &[PathBuf], terminal: bool) -> ProgressBar {
    let size: u64 = paths
        .iter()
        .filter_map(|path| path.metadata().ok())
        .map(|m| m.len())
        .sum();
    if !terminal || size < LONG {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(size), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("reading events {wide_bar} {bytes}/{total_bytes}, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn tell(rejects: &[Reject], rejected: u64, streams: &mut Streams) -> io::Result<()> {
    for reject in rejects.iter().take(SHOWN) {
        writeln!(
            streams.err,
            "rejected: {}:{}: {}: {}",
            visible(&reject.file),
            reject.line,
            reject.code,
            visible(&reject.reason)
        )?;
    }
    if let Some(rest) = rejected.checked_sub(SHOWN as u64).filter(|rest| *rest > 0) {
        writeln!(streams.err, "rejected: {rest} more; --rejects FILE keeps all of them")?;
    }
    Ok(())
}

fn write_rejects(rejects: &[Reject], writer: &mut impl Write) -> io::Result<()> {
    for reject in rejects {
        json_line(reject, writer)?;
    }
    Ok(())
}

pub(super) fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::Other(format!(
        "cannot {what} `{}`: {error}",
        visible(&path.display().to_string())
    ))
}
