//! How far back a program looks: which events of a history it can see as of an instant, and which may as well be gone.
//!
//! What is asked is what a definition *can* see, by its windows alone. Whether an event there would pass its filter, or
//! change its answer, is not asked: that depends on the event. A definition that can see an event is one whose answer the
//! loss of that event may change; one that cannot see it answers the same without it.
//!
//! Only [`Node::Performed`] and computed traits look at events. Traits, identifiers, consent and accounts are kept
//! whatever becomes of the history. The steps of a funnel see nothing that the first event's window does not begin
//! before: each looks for events after the one that the step before matched.

use std::collections::BTreeSet;

use super::{Node, NodeId, Program, TraitSlot, TraitSource, ValueRef};
use crate::time::{Timestamp, Window};

/// How far back something looks into history, as of one instant.
///
/// ```
/// use volens::ir::Lookback;
/// use volens::time::{Unit, Window};
/// use volens::{Duration, Timestamp};
///
/// let now: Timestamp = "2026-06-30".parse()?;
/// let month = Duration::new(30, Unit::Day);
/// let window = Window { oldest: Some(month), ..Window::ALL };
/// let lookback = Lookback::of(window, now);
/// // The window is half open: an event of just 30 days ago is not in it, so all up to there may be gone.
/// assert_eq!(lookback, Lookback::Since(now.minus(month)));
/// assert!(!lookback.sees(now.minus(month)));
/// assert!(lookback.sees(now.minus(Duration::new(29, Unit::Day))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookback {
    /// It sees no event at all: it looks at none, or its window is empty as of that instant.
    None,
    /// It sees events after this instant. What is at or before it does not matter.
    Since(Timestamp),
    /// It sees events of any time.
    Ever,
}

impl Lookback {
    /// How far a window reaches, as of `now`.
    pub fn of(window: Window, now: Timestamp) -> Self {
        match window.bounds(now) {
            (after, until) if after >= until => Lookback::None,
            (Timestamp::MIN, _) => Lookback::Ever,
            (after, _) => Lookback::Since(after),
        }
    }

    /// Whether it sees an event at or before `horizon`, if there is one.
    pub fn sees(self, horizon: Timestamp) -> bool {
        match self {
            Lookback::None => false,
            // The instants are whole milliseconds, and the window holds the first one after its bound.
            Lookback::Since(after) => after < horizon,
            Lookback::Ever => true,
        }
    }

    /// That one of the two which reaches further back.
    #[must_use]
    pub fn further(self, other: Lookback) -> Lookback {
        match (self, other) {
            (Lookback::None, other) | (other, Lookback::None) => other,
            (Lookback::Ever, _) | (_, Lookback::Ever) => Lookback::Ever,
            (Lookback::Since(a), Lookback::Since(b)) => Lookback::Since(a.min(b)),
        }
    }
}

impl Program {
    /// How far back the program looks as of `now`: the furthest of all its audiences, sent anywhere or not, and of all its
    /// computed traits, read or not.
    pub fn lookback(&self, now: Timestamp) -> Lookback {
        let conditions = self.looks(self.audiences.iter().map(|audience| audience.who));
        let conditions = conditions.into_iter().filter_map(|node| self.window(node));
        let computed = self.traits.iter().filter_map(|each| match &each.source {
            TraitSource::Computed(aggregate) => Some(aggregate.window),
            TraitSource::Sent(_) => None,
        });
        conditions
            .chain(computed)
            .map(|window| Lookback::of(window, now))
            .fold(Lookback::None, Lookback::further)
    }

    /// The nodes below these, and they themselves, that look at events. Other audiences are not followed: each is asked
    /// for by itself.
    pub(crate) fn looks(&self, below: impl IntoIterator<Item = NodeId>) -> BTreeSet<NodeId> {
        let mut open: Vec<NodeId> = below.into_iter().collect();
        let mut seen: BTreeSet<NodeId> = BTreeSet::new();
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                self.node(id).clone().children(&mut |child| open.push(*child));
            }
        }
        seen.retain(|id| self.window(*id).is_some());
        seen
    }

    /// The traits that the nodes below one read, and itself. Other audiences are not followed, either.
    pub(crate) fn traits_below(&self, node: NodeId) -> BTreeSet<TraitSlot> {
        let mut open = vec![node];
        let mut seen: BTreeSet<NodeId> = BTreeSet::new();
        let mut traits = BTreeSet::new();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            if let Node::Test { value, .. } | Node::Element { list: value, .. } = self.node(id)
                && let ValueRef::Trait(slot) = value
            {
                traits.insert(*slot);
            }
            self.node(id).clone().children(&mut |child| open.push(*child));
        }
        traits
    }

    /// The window of a node that looks at events.
    pub(crate) fn window(&self, id: NodeId) -> Option<Window> {
        match self.node(id) {
            Node::Performed(performed) => Some(performed.window),
            _ => None,
        }
    }
}
