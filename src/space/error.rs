//! What can go wrong with a space.

use std::io;

use crate::deliver::RecordError;
use crate::ingest::Refusal;
use crate::store::StoreError;
use crate::time::Timestamp;

/// Why events could not be taken in or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// The events could not be read. Those before the error are stored.
    #[error("cannot read the events: {0}")]
    Events(#[from] io::Error),
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The storage has failed on the way, and some events were not stored.
    #[error("some events were not stored: feed all of them again, nothing is applied twice")]
    Failed,
    /// A record is whole, but it is none that this version knows.
    #[error(
        "the store holds a record that this Volens does not know ({0}): use the version that wrote it, or a newer one"
    )]
    UnknownRecord(String),
    /// Another storage was put in the place of the one that was opened, or it was never a space's.
    #[error("the store does not begin as the store of a space does: name another folder")]
    NotASpace,
    /// Time does not go backwards.
    #[error("the space has come to {now} already, and {asked} is before that: open it anew as of then")]
    Backwards {
        /// What it has come to.
        now: Timestamp,
        /// What was asked for.
        asked: Timestamp,
    },
    /// Nobody has this identifier.
    #[error("no profile has {0}")]
    NoProfile(String),
}

impl From<RecordError> for SpaceError {
    fn from(error: RecordError) -> Self {
        SpaceError::UnknownRecord(error.to_string())
    }
}

impl From<Refusal> for SpaceError {
    fn from(refusal: Refusal) -> Self {
        SpaceError::UnknownRecord(format!(
            "an event that is refused as {}: {}",
            refusal.code, refusal.reason
        ))
    }
}
