//! What can go wrong with a store, and what to do then.

use std::io;
use std::path::{Path, PathBuf};

use super::Position;
use crate::diagnostic::visible;

/// Why records could not be stored or read. Whatever it is, what was acknowledged before is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The system refused.
    #[error(
        "cannot {doing} `{}`: {source}; nothing was lost: see to it and try again",
        shown(path)
    )]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was to be done.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// There is no room on the disk.
    #[error(
        "the disk of `{}` is full: nothing was stored and nothing was lost; make room and try again",
        shown(path)
    )]
    Full {
        /// The file that was to grow.
        path: PathBuf,
    },
    /// A batch could not be written. What of it was has been taken back.
    #[error(
        "cannot write to `{}`: {source}; nothing of the batch was stored and nothing else was lost: see to the disk and \
         append it again",
        shown(path)
    )]
    NotStored {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The disk did not confirm what was written, so nobody knows what of it would survive.
    #[error(
        "the disk did not confirm what was written to `{}` ({source}): open the store again, which finds out \
         whether the last batch is stored; if it is not there, append it again",
        shown(path)
    )]
    Unsure {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// After [`StoreError::Unsure`] nothing is written before the store was opened again.
    #[error(
        "the store `{}` has failed before: open it again before anything is written",
        shown(path)
    )]
    Poisoned {
        /// The folder.
        path: PathBuf,
    },
    /// Somebody else writes to this store.
    #[error(
        "the store `{}` is open elsewhere for writing: wait until that has ended, or open it to read only",
        shown(path)
    )]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The store was opened to read only.
    #[error("the store `{}` is open to read only: open it for writing to change it", shown(path))]
    ReadOnly {
        /// The folder.
        path: PathBuf,
    },
    /// A later version has written here.
    #[error(
        "`{}` was written in format {found}, and this Volens knows up to {known}: use a newer one",
        shown(path)
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u16,
        /// The last format that is known here.
        known: u16,
    },
    /// A folder that has something else in it, or a file in the place of one of a store.
    #[error("`{}` is no store of Volens: {reason}; name another folder", shown(path))]
    NotAStore {
        /// The folder or file.
        path: PathBuf,
        /// How that shows.
        reason: &'static str,
    },
    /// What was stored is not what is there.
    #[error(
        "`{}` is damaged at byte {offset}: {reason}; nothing was changed: put the folder back from a copy of it",
        shown(path)
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in the file, in bytes.
        offset: u64,
        /// What is the matter.
        reason: &'static str,
    },
    /// There is no record at this position, or no longer.
    #[error("the store has no record at position {}: positions change when it is rewritten, so look it up anew", position.0)]
    NoRecord {
        /// The position.
        position: Position,
    },
    /// A record beyond what the format can hold.
    #[error("a record of {bytes} bytes is too long: store at most {} bytes in one", u32::MAX)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The caller's own reason to stop a scan.
    #[error(transparent)]
    Stopped(Box<dyn std::error::Error + Send + Sync>),
}

fn shown(path: &Path) -> String {
    visible(&path.display().to_string()).to_string()
}

#[cfg(feature = "store")]
impl StoreError {
    /// An error of the system, told apart where there is something particular to do.
    pub(super) fn io(path: &Path, doing: &'static str, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { path, doing, source },
        }
    }

    pub(super) fn damaged(path: &Path, offset: u64, reason: &'static str) -> Self {
        Self::Damaged {
            path: path.to_path_buf(),
            offset,
            reason,
        }
    }
}
