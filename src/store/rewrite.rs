//! Replacing and removing records.
//!
//! One segment after another is written anew beside the old one and takes its name when it is durable; then nothing of
//! what was removed is in the folder. A segment in which nothing changes is left alone. Batches keep their sequence
//! numbers, also those that have no record any more, so neither the head nor the segments around notice.

use std::io;
use std::path::{Path, PathBuf};

use super::disk::{Disk, DiskFile};
use super::frame::{CHUNK, Chain, Framer, Frames, Origin, Step};
use super::log::{Log, Segment, begin, entry, finish};
use super::open::copy_bytes;
use super::segment::{HEADER, Header};
use super::{Change, Entry, StoreError};

/// A segment that is being written anew.
struct Output<F> {
    file: F,
    path: PathBuf,
    origin: Origin,
    chain: Chain,
    /// Where the next frame will be.
    at: u64,
    /// Frames that are not yet written.
    out: Vec<u8>,
}

impl<F: DiskFile> Output<F> {
    /// Begins with what the old segment has before `at`, where nothing has changed.
    fn new<D: Disk<File = F>>(log: &Log<D>, segment: &Segment<F>, old: &F, chain: Chain, at: u64) -> io::Result<Self> {
        let header = Header {
            version: log.options.format,
            ..segment.header
        };
        let (file, path) = begin(&log.disk, &log.folder, header)?;
        let output = Self {
            file,
            path,
            origin: segment.origin(),
            chain,
            at,
            out: Vec::new(),
        };
        match copy_bytes(old, &output.file, HEADER, at) {
            Ok(()) => Ok(output),
            Err(error) => {
                let _ = log.disk.remove(&output.path);
                Err(error)
            }
        }
    }

    fn record(&mut self, kind: u8, payload: &[u8]) -> Result<(), Failed> {
        let mut framer = Framer::new(self.origin, self.chain, self.at, &mut self.out);
        if framer.record(kind, payload).is_none() {
            return Err(Failed::Other(StoreError::TooLong { bytes: payload.len() }));
        }
        (self.chain, self.at) = (framer.chain, framer.at);
        self.flush(CHUNK)
    }

    fn end(&mut self) -> Result<(), Failed> {
        let mut framer = Framer::new(self.origin, self.chain, self.at, &mut self.out);
        framer.end();
        (self.chain, self.at) = (framer.chain, framer.at);
        self.flush(CHUNK)
    }

    /// Writes the frames that wait, if they are at least so many bytes.
    fn flush(&mut self, bytes: usize) -> Result<(), Failed> {
        if self.out.len() >= bytes {
            let from = self.at - self.out.len() as u64;
            self.file.write_at(&self.out, from).map_err(Failed::Writing)?;
            self.out.clear();
        }
        Ok(())
    }
}

/// Why a segment was not written anew.
enum Failed {
    /// The new file cannot be written.
    Writing(io::Error),
    Other(StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Other(error)
    }
}

impl<D: Disk> Log<D> {
    pub(super) fn rewrite(&mut self, change: &mut dyn FnMut(&Entry<'_>) -> Change) -> Result<(), StoreError> {
        for at in 0..=self.sealed.len() {
            self.writer()?;
            let segment = self.sealed.get(at).unwrap_or(&self.active);
            let Some(output) = self.with(segment, |file, path| self.anew(segment, file, path, change))? else {
                continue;
            };
            let (number, path) = (segment.header.segment, segment.path(&self.folder));
            let named = finish(&self.disk, &self.folder, &output.path, number);
            let segment = self.sealed.get_mut(at);
            let last = segment.is_none();
            let segment = segment.unwrap_or(&mut self.active);
            (segment.len, segment.header.version) = (output.at, self.options.format);
            // If nobody knows which file has the name now, what was read goes on to be read from the one that is known.
            segment.file = (last || named.is_err()).then_some(output.file);
            if last {
                self.chain = output.chain;
            }
            if let Err(error) = named {
                return Err(self.poison(&path, error));
            }
        }
        Ok(())
    }

    /// Writes a segment anew, durably, but does not give it its name yet; `None` if nothing in it changes.
    fn anew(
        &self,
        segment: &Segment<D::File>,
        old: &D::File,
        path: &Path,
        change: &mut dyn FnMut(&Entry<'_>) -> Change,
    ) -> Result<Option<Output<D::File>>, StoreError> {
        let mut output = None;
        let changed = self.changed(segment, old, path, change, &mut output);
        let failed = match changed {
            Ok(()) => return Ok(output),
            Err(failed) => failed,
        };
        if let Some(output) = output {
            // What cannot be removed now is removed when the store is opened.
            let _ = self.disk.remove(&output.path);
        }
        Err(match failed {
            Failed::Writing(error) => StoreError::io(path, "write anew", error),
            Failed::Other(error) => error,
        })
    }

    fn changed(
        &self,
        segment: &Segment<D::File>,
        old: &D::File,
        path: &Path,
        change: &mut dyn FnMut(&Entry<'_>) -> Change,
        output: &mut Option<Output<D::File>>,
    ) -> Result<(), Failed> {
        let chain = Chain::new(segment.origin(), segment.header.first);
        let mut frames = Frames::new(old, segment.origin(), chain, HEADER, segment.len);
        loop {
            let before = frames.chain;
            match frames.step().map_err(|error| StoreError::io(path, "read", error))? {
                Step::Record { at, kind, payload } => {
                    let change = change(&entry(segment, at, kind, payload));
                    if output.is_none() && change != Change::Keep {
                        let begun = Output::new(self, segment, old, before, at);
                        *output = Some(begun.map_err(Failed::Writing)?);
                    }
                    let Some(output) = output else { continue };
                    match change {
                        Change::Keep => output.record(kind, payload)?,
                        Change::Replace(payload) => output.record(kind, &payload)?,
                        Change::Remove => {}
                    }
                }
                Step::End => {
                    if let Some(output) = output {
                        output.end()?;
                    }
                }
                Step::Broken { at, reason } => return Err(StoreError::damaged(path, at, reason).into()),
                Step::Over => break,
            }
        }
        if let Some(output) = output {
            output.flush(0)?;
            output.file.sync().map_err(Failed::Writing)?;
        }
        Ok(())
    }
}
