//! The log: segments one after another, of which only the last one grows.
//!
//! An append is one write behind the last whole batch and one sync. What a write that failed left behind is cut off
//! again; where that does not succeed, or the sync fails, nobody knows what the disk has, so nothing more is written
//! until the store was opened again ([`super::open`]), which reads what there is.

use std::io;
use std::path::{Path, PathBuf};

use super::disk::{Disk, DiskFile, Mode};
use super::frame::{Chain, Framer, Frames, Origin, Step, read_one};
use super::head::Head;
use super::segment::{HEADER, Header, NOTES, UNFINISHED, name};
use super::{Batch, Entry, FORMAT, Position, Recovery, StoreError};

/// What the tests choose otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// The format that is written, and the last one that is read.
    pub(super) format: u16,
    /// A segment of this size, in bytes, takes no further batch.
    pub(super) full: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: FORMAT,
            full: 64 << 20,
        }
    }
}

/// A file of the log.
#[derive(Debug)]
pub(super) struct Segment<F> {
    pub(super) header: Header,
    /// Up to here it consists of whole batches, in bytes.
    pub(super) len: u64,
    /// The file, if it is held: by readers, for whom it must stay what it was, and the last one by the writer.
    pub(super) file: Option<F>,
}

impl<F> Segment<F> {
    pub(super) fn origin(&self) -> Origin {
        Origin::new(self.header.store, self.header.segment)
    }

    pub(super) fn path(&self, folder: &Path) -> PathBuf {
        folder.join(name(self.header.segment))
    }
}

/// What only the writer has.
pub(super) struct Writer<D: Disk> {
    /// Shuts others out for as long as it is there.
    pub(super) _lock: D::Lock,
    pub(super) head: Head<D::File>,
    /// Whether something failed after which nobody knows what the disk has.
    pub(super) poisoned: bool,
    /// Where frames are made; kept for its memory.
    pub(super) out: Vec<u8>,
}

/// A folder of segments, open.
pub(super) struct Log<D: Disk> {
    pub(super) disk: D,
    pub(super) folder: PathBuf,
    pub(super) options: Options,
    /// All segments but the last.
    pub(super) sealed: Vec<Segment<D::File>>,
    /// The last one.
    pub(super) active: Segment<D::File>,
    /// What is in the last one so far.
    pub(super) chain: Chain,
    /// `None` for readers.
    pub(super) writer: Option<Writer<D>>,
    pub(super) recovery: Option<Recovery>,
}

impl<D: Disk> Drop for Log<D> {
    fn drop(&mut self) {
        if let Some(writer) = &self.writer {
            writer.head.close();
        }
    }
}

/// Where the segment's number is in a position; the offset in the file is below.
const SEGMENT_SHIFT: u32 = 40;

fn position(segment: u64, at: u64) -> Position {
    Position((segment << SEGMENT_SHIFT) | at)
}

/// Writes a segment that has no batch yet, durably, under the name that unfinished files have.
pub(super) fn begin<D: Disk>(disk: &D, folder: &Path, header: Header) -> io::Result<(D::File, PathBuf)> {
    let path = folder.join(format!("{}{UNFINISHED}", name(header.segment)));
    let file = disk.open(&path, Mode::New)?;
    let written = file.write_at(&header.encode(), 0).and_then(|()| file.sync());
    match written {
        Ok(()) => Ok((file, path)),
        Err(error) => {
            let _ = disk.remove(&path);
            Err(error)
        }
    }
}

/// Gives a file that is whole and durable its name, durably.
pub(super) fn finish<D: Disk>(disk: &D, folder: &Path, new: &Path, number: u64) -> io::Result<()> {
    disk.rename(new, &folder.join(name(number)))?;
    disk.sync_folder(folder)
}

impl<D: Disk> Log<D> {
    pub(super) fn writer(&mut self) -> Result<&mut Writer<D>, StoreError> {
        let path = || self.folder.clone();
        match &mut self.writer {
            None => Err(StoreError::ReadOnly { path: path() }),
            Some(writer) if writer.poisoned => Err(StoreError::Poisoned { path: path() }),
            Some(writer) => Ok(writer),
        }
    }

    /// Lets nothing more be written, and says why.
    pub(super) fn poison(&mut self, path: &Path, source: io::Error) -> StoreError {
        if let Some(writer) = &mut self.writer {
            writer.poisoned = true;
        }
        StoreError::Unsure {
            path: path.to_path_buf(),
            source,
        }
    }

    pub(super) fn append(&mut self, batch: &Batch) -> Result<Vec<Position>, StoreError> {
        self.writer()?;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let old = self.active.header.version != self.options.format;
        if old || self.active.len >= self.options.full {
            self.next_segment()?;
        }
        let (origin, segment) = (self.active.origin(), self.active.header.segment);
        let (chain, from) = (self.chain, self.active.len);
        let out = &mut self.writer()?.out;
        out.clear();
        let mut framer = Framer::new(origin, chain, from, out);
        let mut positions = Vec::with_capacity(batch.len());
        for (kind, payload) in batch.iter() {
            let at = framer.record(kind, payload);
            let at = at.ok_or(StoreError::TooLong { bytes: payload.len() })?;
            positions.push(position(segment, at));
        }
        framer.end();
        let (chain, to) = (framer.chain, framer.at);
        self.write(from)?;
        self.active.len = to;
        self.chain = chain;
        self.writer()?.head.note(chain.next - 1);
        Ok(positions)
    }

    /// Writes what was framed behind the last batch, and waits until the disk has it.
    fn write(&mut self, from: u64) -> Result<(), StoreError> {
        let path = self.active.path(&self.folder);
        let (Some(file), Some(writer)) = (&self.active.file, &self.writer) else {
            return Err(StoreError::ReadOnly { path });
        };
        if let Err(error) = file.write_at(&writer.out, from) {
            // The cut has to be durable before the next segment is begun: a segment before the last has nothing
            // behind its last batch.
            return Err(match file.truncate(from).and_then(|()| file.sync()) {
                Ok(()) => match StoreError::io(&path, "write to", error) {
                    StoreError::Io { path, source, .. } => StoreError::NotStored { path, source },
                    full => full,
                },
                Err(_) => self.poison(&path, error),
            });
        }
        match file.sync() {
            Ok(()) => Ok(()),
            Err(error) => Err(self.poison(&path, error)),
        }
    }

    /// Seals the last segment and begins another.
    fn next_segment(&mut self) -> Result<(), StoreError> {
        let header = Header {
            version: self.options.format,
            store: self.active.header.store,
            segment: self.active.header.segment + 1,
            first: self.chain.next,
        };
        let path = self.folder.join(name(header.segment));
        let begun = begin(&self.disk, &self.folder, header);
        let (file, new) = begun.map_err(|error| StoreError::io(&path, "begin", error))?;
        // Once it may have its name, the segment before must not grow any more.
        if let Err(error) = finish(&self.disk, &self.folder, &new, header.segment) {
            return Err(self.poison(&path, error));
        }
        let next = Segment {
            header,
            len: HEADER,
            file: Some(file),
        };
        let mut sealed = std::mem::replace(&mut self.active, next);
        sealed.file = None;
        self.chain = Chain::new(self.active.origin(), header.first);
        self.sealed.push(sealed);
        Ok(())
    }

    /// The segments in order, each with the sequence number that the next one begins with.
    fn segments(&self) -> impl Iterator<Item = (&Segment<D::File>, u64)> {
        let ends = self.sealed.iter().skip(1).map(|segment| segment.header.first);
        let ends = ends.chain([self.active.header.first, self.chain.next]);
        // Without sealed segments there is one end too many before: that of the segment itself.
        let ends = ends.skip(usize::from(self.sealed.is_empty()));
        self.sealed.iter().chain([&self.active]).zip(ends)
    }

    /// Does something with the file of a segment.
    pub(super) fn with<T>(
        &self,
        segment: &Segment<D::File>,
        work: impl FnOnce(&D::File, &Path) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let path = segment.path(&self.folder);
        match &segment.file {
            Some(file) => work(file, &path),
            None => {
                let opened = self.disk.open(&path, Mode::Read);
                work(&opened.map_err(|error| missing(&path, error))?, &path)
            }
        }
    }

    pub(super) fn scan(&self, each: &mut dyn FnMut(Entry<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.segments().try_for_each(|(segment, end)| {
            self.with(segment, |file, path| {
                let chain = Chain::new(segment.origin(), segment.header.first);
                let mut frames = Frames::new(file, segment.origin(), chain, HEADER, segment.len);
                loop {
                    match frames.step().map_err(|error| StoreError::io(path, "read", error))? {
                        Step::Record { at, kind, payload } => each(entry(segment, at, kind, payload))?,
                        Step::End => {}
                        Step::Broken { at, reason } => return Err(StoreError::damaged(path, at, reason)),
                        Step::Over => break,
                    }
                }
                match frames.chain.next == end {
                    true => Ok(()),
                    false => Err(StoreError::damaged(path, segment.len, "batches are missing here")),
                }
            })
        })
    }

    pub(super) fn read(&self, position: Position, into: &mut Vec<u8>) -> Result<(u16, u8), StoreError> {
        let (number, at) = (position.0 >> SEGMENT_SHIFT, position.0 & ((1 << SEGMENT_SHIFT) - 1));
        let all = self.sealed.iter().chain([&self.active]);
        let mut found = all.filter(|segment| segment.header.segment == number);
        let within = |segment: &&Segment<D::File>| at >= HEADER && at < segment.len;
        let segment = found.next().filter(within).ok_or(StoreError::NoRecord { position })?;
        self.with(segment, |file, path| {
            let kind = read_one(file, segment.origin(), at, segment.len, into);
            match kind.map_err(|error| StoreError::io(path, "read", error))? {
                Some(kind) => Ok((segment.header.version, kind)),
                None => Err(StoreError::damaged(
                    path,
                    at,
                    "no record begins here, or it is not what was written",
                )),
            }
        })
    }

    /// Adds a line to the text for people.
    pub(super) fn note(&mut self, line: &str) -> Result<(), StoreError> {
        self.writer()?;
        let path = self.folder.join(NOTES);
        let file = match self.disk.open(&path, Mode::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.disk.open(&path, Mode::New),
            opened => opened,
        };
        let noted = file.and_then(|file| {
            file.write_at(format!("{line}\n").as_bytes(), file.size()?)?;
            file.sync()?;
            self.disk.sync_folder(&self.folder)
        });
        noted.map_err(|error| StoreError::io(&path, "add a line to", error))
    }

    pub(super) fn size_on_disk(&self) -> u64 {
        let all = self.sealed.iter().chain([&self.active]);
        all.map(|segment| segment.len).sum()
    }
}

pub(super) fn entry<'r, F>(segment: &Segment<F>, at: u64, kind: u8, payload: &'r [u8]) -> Entry<'r> {
    Entry {
        position: position(segment.header.segment, at),
        version: segment.header.version,
        kind,
        payload,
    }
}

/// The error for a segment that could not be opened: one that is not there was there once.
pub(super) fn missing(path: &Path, error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::NotFound => StoreError::damaged(path, 0, "the file is missing"),
        _ => StoreError::io(path, "open", error),
    }
}
