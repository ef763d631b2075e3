//! Records in a folder.

use std::fmt;
use std::path::Path;

use super::disk::Real;
use super::log::{Log, Options};
use super::{Batch, Change, Entry, Position, Recovery, Storage, StoreError};

/// Records in a folder, durably. One has it open for writing; beside that one any number may read.
///
/// In the folder are segments, `events-00000001.log` and so on, each of which is closed at about 64 MiB and not changed
/// from then on but by [`rewrite`](Storage::rewrite); a small file `head`, which says what was acknowledged; `audit.jsonl`, the lines
/// [noted](Storage::note) for people, if there are any; and a file `lock`. All of them belong together: copy the folder as a whole, while nobody writes. Other files in it are left
/// alone, but a folder that has only other files is no store.
///
/// **Durable**: an append is one write and one sync, and returns after it. **After a crash** [`open`](Self::open) finds
/// each acknowledged batch, drops a batch of which only a part was written, and says so ([`recovery`](Self::recovery)).
/// A batch that was whole but not yet acknowledged is kept. **Damage** to what was acknowledged is never taken for
/// that: it is [`StoreError::Damaged`], and the files stay as they are. Every record has a checksum, which is verified
/// each time it is read. Opening reads the last segment and how the others begin and end; what is within these is
/// verified when it is read.
///
/// After a rewriting, the files have nothing of what was removed. The disk below may have it until it needs the room.
///
/// ```
/// use volens::store::{Batch, Directory, Storage};
/// # let folder = std::env::temp_dir().join(format!("volens-doc-{}", std::process::id()));
///
/// let mut store = Directory::open(&folder)?;
/// let mut batch = Batch::new();
/// batch.push(1, b"a record");
/// store.append(&batch)?;
///
/// let mut read = Vec::new();
/// Directory::open_read_only(&folder)?.scan(&mut |entry| {
///     read.push((entry.kind, entry.payload.to_vec()));
///     Ok(())
/// })?;
/// assert_eq!(read, [(1, b"a record".to_vec())]);
/// # drop(store);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), volens::store::StoreError>(())
/// ```
pub struct Directory {
    log: Log<Real>,
}

impl Directory {
    /// Opens a store for writing, and makes it if the folder is not there or empty. The lock lasts as long as this
    /// value.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] if it is open for writing already, [`StoreError::NotAStore`] if other files are in the
    /// folder, [`StoreError::Newer`] if a later version has written in it, [`StoreError::Damaged`] if something is
    /// not as it was acknowledged, and errors of the system.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let log = Log::open(Real, path.as_ref(), Options::default())?;
        Ok(Self { log })
    }

    /// Opens a store to read what was committed until now; what is appended or rewritten later does not show. Nothing
    /// in the folder is touched, so this works beside a writer, and where writing is not permitted.
    ///
    /// # Errors
    ///
    /// As those of [`open`](Self::open), without `Locked`; a folder in which nothing was stored yet is no store.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let log = Log::open_read_only(Real, path.as_ref(), Options::default())?;
        Ok(Self { log })
    }

    /// What opening had to put right, if anything. Its text is a sentence for people.
    #[must_use]
    pub fn recovery(&self) -> Option<&Recovery> {
        self.log.recovery.as_ref()
    }

    /// How many bytes the records take on the disk, with what is kept beside each.
    #[must_use]
    pub fn size_on_disk(&self) -> u64 {
        self.log.size_on_disk()
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Directory");
        shown.field("folder", &self.log.folder);
        shown.field("read_only", &self.log.writer.is_none());
        shown.finish_non_exhaustive()
    }
}

impl Storage for Directory {
    fn append(&mut self, batch: &Batch) -> Result<Vec<Position>, StoreError> {
        self.log.append(batch)
    }

    fn scan(&self, each: &mut dyn FnMut(Entry<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.log.scan(each)
    }

    fn read(&self, position: Position, into: &mut Vec<u8>) -> Result<(u16, u8), StoreError> {
        self.log.read(position, into)
    }

    fn rewrite(&mut self, change: &mut dyn FnMut(&Entry<'_>) -> Change) -> Result<(), StoreError> {
        self.log.rewrite(change)
    }

    fn note(&mut self, line: &str) -> Result<(), StoreError> {
        self.log.note(line)
    }
}
