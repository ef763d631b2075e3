//! Which events are connected: those that share an identifier, and those that are connected through others.

use super::events::{EventId, Events};
use super::people::IdentifierId;

/// Events, those of one connected set one after the other.
#[derive(Debug)]
pub(super) struct Connected {
    /// Each with the number of its set.
    events: Vec<(u32, EventId)>,
}

impl Connected {
    pub(super) fn of(events: &Events) -> Self {
        let mut joined = Joined::default();
        for event in events.ids().filter_map(|id| events.get(id)) {
            if let Some((first, others)) = event.links.split_first() {
                let first = joined.root(first.id);
                others.iter().fold(first, |first, other| joined.join(first, other.id));
            }
        }
        let set = |id: EventId| {
            let link = events.get(id)?.links.first()?;
            Some((joined.root(link.id), id))
        };
        let mut events: Vec<(u32, EventId)> = events.ids().filter_map(set).collect();
        events.sort_unstable();
        Connected { events }
    }

    /// The sets.
    pub(super) fn sets(&mut self) -> impl Iterator<Item = &mut [(u32, EventId)]> {
        self.events.chunk_by_mut(|(a, _), (b, _)| a == b)
    }
}

/// Sets of identifiers that join.
#[derive(Default)]
struct Joined {
    /// For each identifier another of its set; one that stands for itself stands for its set.
    up: Vec<u32>,
}

impl Joined {
    fn root(&mut self, id: IdentifierId) -> u32 {
        let index = id.index();
        // Each stands for itself at first.
        let length = u32::try_from(self.up.len()).unwrap_or(u32::MAX);
        let needed = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        self.up.extend(length..needed.max(length));
        let mut at = needed - 1;
        loop {
            let up = self.above(at);
            if up == at {
                return at;
            }
            // Every second one is hung higher, so that no chain stays long.
            let higher = self.above(up);
            if let Some(slot) = self.up.get_mut(at as usize) {
                *slot = higher;
            }
            at = higher;
        }
    }

    fn above(&self, at: u32) -> u32 {
        self.up.get(at as usize).copied().unwrap_or(at)
    }

    /// Joins the set of a root with that of an identifier; the root of both.
    fn join(&mut self, root: u32, id: IdentifierId) -> u32 {
        let other = self.root(id);
        let (low, high) = (root.min(other), root.max(other));
        if let Some(slot) = self.up.get_mut(high as usize) {
            *slot = low;
        }
        low
    }
}
