//! What can go wrong with a live engine.

use std::io;

use crate::deliver::KeyReused;
use crate::diagnostic::visible;
use crate::ingest::RejectCode;
use crate::space::SpaceError;

/// Why a live engine did not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// The event is refused; nothing has changed, and the engine goes on.
    #[error("the event is refused: {0}")]
    Refused(RejectCode),
    /// The space or its storage, or time that moves backwards.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// A workspace uses the key of an audience that was deleted (AM-4).
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// There is no audience of this name.
    #[error("there is no audience `{}`", visible(.0))]
    UnknownAudience(String),
    /// A profile has so many events that a funnel of some audience would take too long
    /// ([`Row::BUDGET`](crate::eval::Row::BUDGET)).
    #[error(
        "the profile {} has too many events for a funnel of this workspace",
        visible(.0)
    )]
    TooCostly(String),
    /// Events could not be read. Those before are acted upon.
    #[error("cannot read events: {0}")]
    Events(#[from] io::Error),
    /// A message could not be handed out. It is when it is asked for again.
    #[error("cannot hand out a message: {0}")]
    Outlet(io::Error),
    /// It has failed before, so nothing that it knows can be counted on.
    #[error("an earlier error has left this undone: open it again, nothing is lost")]
    Failed,
}
