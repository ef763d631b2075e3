//! Where a space keeps its records, so that they survive.
//!
//! This room knows bytes, not events: a record is a `kind` and a payload, and what they mean is the caller's. It keeps
//! records in the order in which they were appended, says when they are durable, and gives back exactly what it was
//! given or an error: never other contents, never fewer records.
//!
//! There is one small trait, [`Storage`], and two of it: [`Memory`], which ends with the process, and, with the feature
//! `store`, `Directory`, a folder with an append-only log.
//!
//! ```
//! use volens::store::{Batch, Memory, Storage};
//!
//! let mut store = Memory::new();
//! let mut batch = Batch::new();
//! batch.push(1, b"first");
//! batch.push(2, b"second");
//! let positions = store.append(&batch)?;
//!
//! let mut payload = Vec::new();
//! let (_, kind) = store.read(positions[1], &mut payload)?;
//! assert_eq!((kind, payload.as_slice()), (2, b"second".as_slice()));
//! # Ok::<(), volens::store::StoreError>(())
//! ```

mod batch;
#[cfg(feature = "store")]
mod directory;
#[cfg(feature = "store")]
mod disk;
mod error;
#[cfg(feature = "store")]
mod frame;
#[cfg(feature = "store")]
mod head;
#[cfg(feature = "store")]
mod log;
mod memory;
#[cfg(feature = "store")]
mod open;
#[cfg(feature = "store")]
mod recovery;
#[cfg(feature = "store")]
mod rewrite;
#[cfg(feature = "store")]
mod segment;
#[cfg(all(test, feature = "store"))]
mod tests;

pub use batch::Batch;
#[cfg(feature = "store")]
pub use directory::Directory;
pub use error::StoreError;
pub use memory::Memory;
#[cfg(feature = "store")]
pub use recovery::Recovery;

/// The version of the format that this crate writes. It reads this one and those before it, and refuses later ones by
/// number ([`StoreError::Newer`]). It covers the payloads, too: who changes how records are written raises it.
pub const FORMAT: u16 = 1;

/// Where a record is. Later records have greater positions; [`Storage::rewrite`] gives every record a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(u64);

/// A record as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<'r> {
    /// Where it is.
    pub position: Position,
    /// The version of the format in which it was written: at most [`FORMAT`].
    pub version: u16,
    /// What the caller called it.
    pub kind: u8,
    /// What the caller gave.
    pub payload: &'r [u8],
}

/// What becomes of a record in [`Storage::rewrite`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It stays as it is.
    Keep,
    /// It keeps its place and its kind, and has this payload.
    Replace(Vec<u8>),
    /// It is no more.
    Remove,
}

/// A place that keeps records.
pub trait Storage {
    /// Appends the records of a batch, and gives their positions in order.
    ///
    /// When this returns, all of them are durable: they are there after a crash and a loss of power. Of a batch for
    /// which it did not return, either all or none are there later. A batch without records does nothing.
    ///
    /// # Errors
    ///
    /// On an error nothing of the batch counts, and the records before it are as they were. The exception is
    /// [`StoreError::Unsure`], where opening the store again decides whether all of the batch is there or nothing.
    fn append(&mut self, batch: &Batch) -> Result<Vec<Position>, StoreError>;

    /// Calls `each` with every record, in the order of appending, and stops at its first error.
    ///
    /// # Errors
    ///
    /// Records that cannot be read or are not what was written, and what `each` returns. The records given before the
    /// error are sound, but who needs all of them has to start again.
    fn scan(&self, each: &mut dyn FnMut(Entry<'_>) -> Result<(), StoreError>) -> Result<(), StoreError>;

    /// Puts the payload of one record `into` the buffer, which is emptied first, and gives the version and the kind.
    ///
    /// # Errors
    ///
    /// A position that is none of this store's, and a record that cannot be read or is not what was written.
    fn read(&self, position: Position, into: &mut Vec<u8>) -> Result<(u16, u8), StoreError>;

    /// Asks `change` for each record, in order, and replaces or removes it, so that nothing of what is removed is left
    /// where the records are kept. Positions that were given before are no longer good.
    ///
    /// A part that is changed takes the current [`FORMAT`]. For an entry with an earlier `version`, `Keep` therefore
    /// says that its payload means the same in the current one; if it does not, answer `Replace`.
    ///
    /// A crash or an error may leave a first part of the records changed and the rest as they were, and no record half
    /// changed: do it again.
    ///
    /// # Errors
    ///
    /// As those of `append` and `scan`.
    fn rewrite(&mut self, change: &mut dyn FnMut(&Entry<'_>) -> Change) -> Result<(), StoreError>;

    /// Adds a line to a text beside the records, for people: durably, and never changed again. It should not hold a line
    /// break.
    ///
    /// # Errors
    ///
    /// Those of the system, and that the store is open to read only.
    fn note(&mut self, line: &str) -> Result<(), StoreError>;
}
