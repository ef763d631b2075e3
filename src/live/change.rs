//! A membership that changed.

use std::sync::Arc;

use serde::Serialize;

use crate::ir::AudienceSlot;
use crate::time::Timestamp;

/// Somebody entered an audience, or left it.
///
/// A profile is called by its label, and that can change: when it gets a better identifier, or is merged into another. Then
/// it leaves its audiences by the old label and enters them by the new one. So whoever adds those that entered and takes away
/// those that left has at every instant just the members that a run as of then lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// The profile, or the account in an audience of accounts.
    pub member: Arc<str>,
    /// The audience, as a place in [`Program::audiences`](crate::ir::Program::audiences).
    #[serde(skip)]
    pub slot: AudienceSlot,
    /// The audience's key.
    pub audience: Box<str>,
    /// Whether it entered.
    pub entered: bool,
}

impl Change {
    /// What a list of changes is sorted by.
    pub(super) fn order(&self) -> (Timestamp, &str, AudienceSlot, bool) {
        (self.at, &self.member, self.slot, self.entered)
    }
}
