//! Where definitions look at events, and through which windows: for those who must say which of them sees too much.
//!
//! The steps of a funnel are left out. They look behind the event before them alone, so the window of the first event is
//! that of the whole.

use crate::ir::{AudienceSlot, NodeId, TraitSlot};
use crate::span::Span;
use crate::time::Window;

/// A place in the definitions that looks at events.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Look {
    /// What looks.
    pub by: Looker,
    /// `performed "…"`, or the name of the computed trait.
    pub span: Span,
    /// The windows that are written behind it, and where.
    pub windows: Vec<(Window, Span)>,
    /// The `lookback` of the audience, and where that is written.
    pub lookback: Option<(Window, Span)>,
}

impl Look {
    /// All its windows: it looks through all of them at once. Where there is none, it looks at events of any time.
    pub fn windows(&self) -> impl Iterator<Item = (Window, Span)> {
        self.windows.iter().chain(&self.lookback).copied()
    }
}

/// What looks at events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looker {
    /// A condition of an audience.
    Condition(AudienceSlot, NodeId),
    /// A computed trait.
    Computed(TraitSlot),
}
