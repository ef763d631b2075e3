//! Opening a store: what was acknowledged, what was not, and what is damaged.
//!
//! The segments before the last were durable to their end before the next one was begun, so anything odd in them is
//! damage. In the last one, whole batches count. What is behind them
//!
//! - is damage, if the head says that more was acknowledged, or a later batch ends there;
//! - is a batch that was never acknowledged otherwise: the writer drops it, readers pass over it.
//!
//! If there is something that the head does not tell of, the writer copies the last segment, as far as it is whole, and
//! puts the copy in its place. A sync alone would not do: after one that failed, the system may take for durable what it
//! only has in memory.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;

use super::disk::{Disk, DiskFile, Mode};
use super::frame::{CHUNK, Chain, END, Frames, Step, later_batch};
use super::head::{self, Head, Noted};
use super::log::{Log, Options, Segment, Writer, begin, finish, missing};
use super::segment::{HEAD, HEADER, Header, LOCK, Named, NoHeader, UNFINISHED, name, named};
use super::{Recovery, StoreError};

/// How often a reader looks again if the writer changed files while it looked.
const LOOKS: u32 = 4;

/// What the names in a folder tell.
#[derive(Default)]
struct Listed {
    segments: Vec<u64>,
    unfinished: Vec<std::ffi::OsString>,
    head: bool,
    other: bool,
}

impl Listed {
    fn new<D: Disk>(disk: &D, folder: &Path) -> Result<Self, StoreError> {
        let mut listed = Self::default();
        let names = match disk.list(folder) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listed),
            Err(error) => return Err(StoreError::io(folder, "read the folder", error)),
        };
        for file in names {
            match named(&file) {
                Named::Segment(number) => listed.segments.push(number),
                Named::Unfinished => listed.unfinished.push(file),
                Named::Head => listed.head = true,
                Named::Lock => {}
                Named::Other => listed.other = true,
            }
        }
        listed.segments.sort_unstable();
        Ok(listed)
    }

    /// Whether there is a store, and not only room for one.
    fn store(&self, folder: &Path) -> Result<bool, StoreError> {
        let none = |reason| {
            Err(StoreError::NotAStore {
                path: folder.to_path_buf(),
                reason,
            })
        };
        match (self.segments.is_empty(), self.head, self.other) {
            (false, ..) => Ok(true),
            (true, true, _) => Err(StoreError::damaged(&folder.join(name(1)), 0, "the file is missing")),
            (true, false, true) => none("other files are in it"),
            (true, false, false) => Ok(false),
        }
    }
}

/// A store as it was found.
struct Found<F> {
    sealed: Vec<Segment<F>>,
    active: Segment<F>,
    chain: Chain,
    /// Bytes behind the last whole batch.
    torn: u64,
    noted: Noted,
}

impl<D: Disk> Log<D> {
    /// Opens a store for writing, and makes it if there is none.
    pub(super) fn open(disk: D, folder: &Path, options: Options) -> Result<Self, StoreError> {
        Listed::new(&disk, folder)?.store(folder)?;
        let made = disk.make_folder(folder);
        made.map_err(|error| StoreError::io(folder, "make the folder", error))?;
        let lock = disk.lock(&folder.join(LOCK));
        let lock = lock.map_err(|error| StoreError::io(&folder.join(LOCK), "lock", error))?;
        let lock = lock.ok_or_else(|| StoreError::Locked {
            path: folder.to_path_buf(),
        })?;
        let listed = Listed::new(&disk, folder)?;
        let mut recovery = Recovery::default();
        let exists = listed.store(folder)?;
        if exists {
            let found = look(&disk, folder, &listed, options)?;
            clear(&disk, folder, &listed, &mut recovery)?;
            let found = settle(&disk, folder, found, &mut recovery)?;
            return Self::with_head(disk, folder, options, found, lock, recovery);
        }
        clear(&disk, folder, &listed, &mut recovery)?;
        let found = create(&disk, folder, options)?;
        Self::with_head(disk, folder, options, found, lock, recovery)
    }

    fn with_head(
        disk: D,
        folder: &Path,
        options: Options,
        found: Found<D::File>,
        lock: D::Lock,
        recovery: Recovery,
    ) -> Result<Self, StoreError> {
        let head = Head::make(&disk, folder, found.active.header.store, found.chain.next - 1);
        let head = head.map_err(|error| StoreError::io(&folder.join(HEAD), "write", error))?;
        Ok(Self {
            disk,
            folder: folder.to_path_buf(),
            options,
            sealed: found.sealed,
            active: found.active,
            chain: found.chain,
            writer: Some(Writer {
                _lock: lock,
                head,
                poisoned: false,
                out: Vec::new(),
            }),
            recovery: (recovery != Recovery::default()).then_some(recovery),
        })
    }

    /// Opens a store as it is now, to read only.
    pub(super) fn open_read_only(disk: D, folder: &Path, options: Options) -> Result<Self, StoreError> {
        let mut looks = 0;
        let found = loop {
            looks += 1;
            let listed = Listed::new(&disk, folder)?;
            if !listed.store(folder)? {
                return Err(StoreError::NotAStore {
                    path: folder.to_path_buf(),
                    reason: "nothing was stored in it yet",
                });
            }
            match look(&disk, folder, &listed, options) {
                // The writer may have put other files in the place of these, or written again where it had cut.
                Err(StoreError::Damaged { .. }) if looks < LOOKS => {}
                // The files stay open, so it stays what it is.
                found => break found?,
            }
        };
        Ok(Self {
            disk,
            folder: folder.to_path_buf(),
            options,
            sealed: found.sealed,
            active: found.active,
            chain: found.chain,
            writer: None,
            recovery: None,
        })
    }
}

/// Makes a store without records.
fn create<D: Disk>(disk: &D, folder: &Path, options: Options) -> Result<Found<D::File>, StoreError> {
    let header = Header {
        version: options.format,
        // Random enough to tell stores apart.
        store: RandomState::new().hash_one(folder),
        segment: 1,
        first: 1,
    };
    let made = begin(disk, folder, header).and_then(|(file, new)| {
        finish(disk, folder, &new, header.segment)?;
        Ok(file)
    });
    let file = made.map_err(|error| StoreError::io(&folder.join(name(1)), "make", error))?;
    let active = Segment {
        header,
        len: HEADER,
        file: Some(file),
    };
    Ok(Found {
        chain: Chain::new(active.origin(), header.first),
        sealed: Vec::new(),
        active,
        torn: 0,
        noted: Noted::Up {
            store: header.store,
            to: 0,
        },
    })
}

/// Removes what a rewriting left that did not come to its end.
fn clear<D: Disk>(disk: &D, folder: &Path, listed: &Listed, recovery: &mut Recovery) -> Result<(), StoreError> {
    for file in &listed.unfinished {
        let path = folder.join(file);
        let removed = disk.remove(&path);
        removed.map_err(|error| StoreError::io(&path, "remove", error))?;
        recovery.removed_files += 1;
    }
    if listed.unfinished.is_empty() {
        return Ok(());
    }
    let synced = disk.sync_folder(folder);
    synced.map_err(|error| StoreError::io(folder, "sync the folder", error))
}

/// Finds out what there is, and changes nothing.
fn look<D: Disk>(disk: &D, folder: &Path, listed: &Listed, options: Options) -> Result<Found<D::File>, StoreError> {
    // Before the log: then the log has at least what is noted, whatever the writer does meanwhile.
    let noted = head::read(disk, folder).map_err(|error| StoreError::io(&folder.join(HEAD), "read", error))?;
    let mut segments: Vec<Segment<D::File>> = Vec::new();
    for (number, expected) in listed.segments.iter().zip(1..) {
        if *number != expected {
            return Err(StoreError::damaged(
                &folder.join(name(expected)),
                0,
                "the file is missing",
            ));
        }
        let segment = beginning(disk, folder, *number, options)?;
        let before = segments.last().map(|segment| segment.header);
        let path = segment.path(folder);
        let follows = match before {
            None => segment.header.first == 1,
            Some(before) => before.store == segment.header.store && before.first <= segment.header.first,
        };
        if segment.header.segment != *number || !follows {
            return Err(StoreError::damaged(&path, 0, "it does not belong in this place"));
        }
        segments.push(segment);
    }
    let Some(active) = segments.pop() else {
        return Err(StoreError::damaged(&folder.join(name(1)), 0, "the file is missing"));
    };
    let ends = segments.iter().skip(1).map(|segment| segment.header.first);
    for (segment, end) in segments.iter().zip(ends.chain([active.header.first])) {
        ending(segment, end, &segment.path(folder))?;
    }
    last(folder, segments, active, noted)
}

/// Opens a segment and reads its header.
fn beginning<D: Disk>(disk: &D, folder: &Path, number: u64, options: Options) -> Result<Segment<D::File>, StoreError> {
    let path = folder.join(name(number));
    let file = disk.open(&path, Mode::Read).map_err(|error| missing(&path, error))?;
    let mut bytes = [0; HEADER as usize];
    let read = file.size().and_then(|size| Ok((size, file.read_at(&mut bytes, 0)?)));
    let (size, read) = read.map_err(|error| StoreError::io(&path, "read", error))?;
    let header = match Header::decode(bytes.get(..read).unwrap_or_default()) {
        Ok(header) => header,
        Err(NoHeader::Foreign) => {
            return Err(StoreError::NotAStore {
                path,
                reason: "the file does not begin as one of a store, or its beginning is damaged",
            });
        }
        Err(NoHeader::Damaged) => return Err(StoreError::damaged(&path, 0, "its beginning is not what was written")),
    };
    if header.version > options.format {
        return Err(StoreError::Newer {
            path,
            found: header.version,
            known: options.format,
        });
    }
    Ok(Segment {
        header,
        len: size,
        file: Some(file),
    })
}

/// Whether a segment before the last one ends with the batch before that with which the next one begins. What is within
/// is verified when it is read.
fn ending<F: DiskFile>(segment: &Segment<F>, next: u64, path: &Path) -> Result<(), StoreError> {
    let at = segment.len.saturating_sub(END as u64);
    let mut bytes = [0; END];
    let read = match &segment.file {
        Some(file) => file.read_at(&mut bytes, at),
        None => Ok(0),
    };
    let read = read.map_err(|error| StoreError::io(path, "read", error))?;
    let ended = bytes
        .get(..read)
        .and_then(|bytes| segment.origin().ends_batch(at, bytes));
    let sound = match segment.header.first == next {
        true => segment.len == HEADER,
        false => at >= HEADER && ended.and_then(|last| last.checked_add(1)) == Some(next),
    };
    match sound {
        true => Ok(()),
        false => Err(StoreError::damaged(path, segment.len, "batches are missing here")),
    }
}

/// Reads the last segment, and decides what to make of its end.
fn last<F: DiskFile>(
    folder: &Path,
    sealed: Vec<Segment<F>>,
    mut active: Segment<F>,
    noted: Noted,
) -> Result<Found<F>, StoreError> {
    let path = active.path(folder);
    let read = |error| StoreError::io(&path, "read", error);
    let Some(file) = &active.file else {
        return Err(StoreError::damaged(&path, 0, "the file is missing"));
    };
    let (origin, size) = (active.origin(), active.len);
    let chain = Chain::new(origin, active.header.first);
    let mut frames = Frames::new(file, origin, chain, HEADER, size);
    // The chain as of the last whole batch.
    let mut whole = chain;
    let broken = loop {
        match frames.step().map_err(read)? {
            Step::Record { .. } => {}
            Step::End => whole = frames.chain,
            Step::Over => break None,
            Step::Broken { at, reason } => break Some((at, reason)),
        }
    };
    let len = frames.whole;
    let acknowledged = match noted {
        Noted::Up { store, .. } if store != active.header.store => {
            return Err(StoreError::damaged(
                &folder.join(HEAD),
                0,
                "it belongs to another store",
            ));
        }
        Noted::Up { to, .. } => to,
        Noted::Missing | Noted::Unreadable => 0,
    };
    if acknowledged >= whole.next {
        let (at, reason) = broken.unwrap_or((size, "batches are missing here"));
        return Err(StoreError::damaged(&path, at, reason));
    }
    if let Some((at, reason)) = broken {
        if later_batch(file, origin, whole.next, len, size).map_err(read)? {
            return Err(StoreError::damaged(&path, at, reason));
        }
        if !matches!(noted, Noted::Up { .. }) {
            let reason = "it does not say what was acknowledged, and the last batch of the log is not whole";
            return Err(StoreError::damaged(&folder.join(HEAD), 0, reason));
        }
    }
    active.len = len;
    Ok(Found {
        sealed,
        active,
        chain: whole,
        torn: size.saturating_sub(len),
        noted,
    })
}

/// What the writer does about what was found, so that from here on everything is as if it had been acknowledged.
fn settle<D: Disk>(
    disk: &D,
    folder: &Path,
    mut found: Found<D::File>,
    recovery: &mut Recovery,
) -> Result<Found<D::File>, StoreError> {
    let last = found.chain.next - 1;
    let noted = match found.noted {
        Noted::Up { to, .. } => Some(to),
        Noted::Missing | Noted::Unreadable => None,
    };
    recovery.head_made_anew = noted.is_none() && last > 0;
    recovery.kept_batches = noted.map_or(0, |noted| last.saturating_sub(noted));
    recovery.dropped_bytes = found.torn;
    let path = found.active.path(folder);
    let file = if found.torn > 0 || noted != Some(last) {
        copy(disk, folder, &found.active)
    } else {
        disk.open(&path, Mode::Write)
    };
    found.active.file = Some(file.map_err(|error| StoreError::io(&path, "open for writing", error))?);
    found.torn = 0;
    for segment in &mut found.sealed {
        segment.file = None;
    }
    Ok(found)
}

/// Puts a copy of a segment in its place that ends with its last whole batch.
fn copy<D: Disk>(disk: &D, folder: &Path, segment: &Segment<D::File>) -> io::Result<D::File> {
    let Some(from) = &segment.file else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let new = folder.join(format!("{}{UNFINISHED}", name(segment.header.segment)));
    let file = disk.open(&new, Mode::New)?;
    copy_bytes(from, &file, 0, segment.len)?;
    file.sync()?;
    finish(disk, folder, &new, segment.header.segment)?;
    Ok(file)
}

/// Copies the bytes from `at` to `end` to the same place of another file.
pub(super) fn copy_bytes<F: DiskFile>(from: &F, to: &F, mut at: u64, end: u64) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    while at < end {
        let want = usize::try_from(end - at).unwrap_or(CHUNK).min(CHUNK);
        let room = chunk.get_mut(..want).unwrap_or_default();
        if from.read_at(room, at)? < want {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        to.write_at(room, at)?;
        at += want as u64;
    }
    Ok(())
}
