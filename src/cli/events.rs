//! Reading events from files, standard input and gzip; telling what was refused.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{EventArguments, Failure, Streams};
use crate::diagnostic::visible;
use crate::engine::Engine;
use crate::ingest::{Ingested, Reject};
use crate::time::Timestamp;

/// How many refused events are told one by one.
const SHOWN: usize = 10;
/// Below this size reading is over before anybody would look at a bar.
const LONG: u64 = 32 << 20;

/// Takes in all files, tells what was refused on standard error, and writes it to `--rejects`.
pub(super) fn ingest(
    engine: &Engine,
    arguments: &EventArguments,
    now: Timestamp,
    streams: &mut Streams,
) -> Result<Ingested, Failure> {
    let mut rejects = match &arguments.rejects {
        // Opened before the work begins, so that a path that cannot be written is told at once.
        Some(path) => {
            let file = File::create(path).map_err(|error| cannot("write", path, &error))?;
            Some((path, BufWriter::new(file)))
        }
        None => None,
    };
    let progress = progress(&arguments.events, streams.err_is_terminal);
    let mut ingestor = engine.ingestor(now, arguments.received_at.unwrap_or(now));
    for path in &arguments.events {
        let name = path.display().to_string();
        let read = if path.as_os_str() == "-" {
            unpacked(&mut streams.input).and_then(|reader| ingestor.read("-", reader))
        } else {
            let file = File::open(path).map_err(|error| cannot("read", path, &error))?;
            unpacked(progress.wrap_read(file)).and_then(|reader| ingestor.read(&name, reader))
        };
        read.map_err(|error| cannot("read", path, &error))?;
    }
    progress.finish_and_clear();
    let ingested = ingestor.finish();
    tell(&ingested.rejects, streams)?;
    for (violation, count) in &ingested.violations {
        writeln!(streams.err, "left out: {violation}: {count}")?;
    }
    if let Some((path, writer)) = &mut rejects {
        write_rejects(&ingested.rejects, writer).map_err(|error| cannot("write", path, &error))?;
    }
    Ok(ingested)
}

/// Unpacks gzip, which its first two bytes tell, whatever the name says.
fn unpacked<'r>(reader: impl Read + 'r) -> io::Result<Box<dyn BufRead + 'r>> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    if reader.fill_buf()?.starts_with(&GZIP) {
        Ok(Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(reader))))
    } else {
        Ok(Box::new(reader))
    }
}

fn progress(paths: &[std::path::PathBuf], terminal: bool) -> ProgressBar {
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

fn tell(rejects: &[Reject], streams: &mut Streams) -> io::Result<()> {
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
    if let Some(rest) = rejects.len().checked_sub(SHOWN).filter(|rest| *rest > 0) {
        writeln!(streams.err, "rejected: {rest} more; --rejects FILE keeps all of them")?;
    }
    Ok(())
}

fn write_rejects(rejects: &[Reject], writer: &mut impl Write) -> io::Result<()> {
    for reject in rejects {
        serde_json::to_writer(&mut *writer, reject)?;
        writer.write_all(b"\n")?;
    }
    writer.flush()
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::Other(format!("cannot {what} `{}`: {error}", path.display()))
}
