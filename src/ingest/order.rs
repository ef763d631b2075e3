//! Canonical order, and each `messageId` once (EV-14, EV-17).

use super::event::Event;
use super::input::Input;
use super::reject::{Refusal, RejectCode};
use super::times;
use crate::time::Timestamp;
use crate::value::{Value, quoted};

/// Where an event stood: the source, the line, and the item of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(super) source: usize,
    pub(super) line: u64,
    pub(super) item: usize,
}

/// An accepted event and what it came in as.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) event: Event,
    pub(crate) place: Place,
    pub(crate) input: Input,
}

/// The events to apply, in canonical order, and what became of the others.
pub(super) struct Ordered {
    pub(super) events: Vec<Taken>,
    pub(super) duplicates: u64,
    pub(super) conflicts: Vec<(Place, Refusal, Input)>,
}

/// Sorts events, and keeps of each `messageId` the first.
pub(super) fn order(mut taken: Vec<Taken>) -> Ordered {
    taken.sort_by(|a, b| {
        let by_id = a.event.message_id.cmp(&b.event.message_id);
        by_id.then_with(|| a.event.times.order().cmp(&b.event.times.order()))
    });
    let mut ordered = Ordered {
        events: Vec::with_capacity(taken.len()),
        duplicates: 0,
        conflicts: Vec::new(),
    };
    let mut taken = taken.into_iter().peekable();
    while let Some(first) = taken.next() {
        let mut same_id = vec![first];
        while let Some(next) = taken.next_if(|next| is_same(&same_id, next)) {
            same_id.push(next);
        }
        ordered.settle(same_id);
    }
    // Ids are different now, so the order is total.
    ordered.events.sort_by(|a, b| {
        let by_time = a.event.times.order().cmp(&b.event.times.order());
        by_time.then_with(|| a.event.message_id.cmp(&b.event.message_id))
    });
    ordered
}

fn is_same(group: &[Taken], next: &Taken) -> bool {
    group
        .last()
        .is_some_and(|last| last.event.message_id == next.event.message_id)
}

impl Ordered {
    /// Of events with one id, in the order of their times: keeps the first, counts or refuses the others.
    fn settle(&mut self, mut same_id: Vec<Taken>) {
        let first = same_id.swap_remove(first(&same_id));
        let mut first_body = None;
        for other in same_id {
            // Exact copies, the usual case, need not be read again.
            let is_copy = other.input == first.input
                || body(&other.input) == *first_body.get_or_insert_with(|| body(&first.input));
            if is_copy {
                self.duplicates += 1;
            } else {
                let refusal = conflict(&other.event.message_id);
                self.conflicts.push((other.place, refusal, other.input));
            }
        }
        self.events.push(first);
    }
}

/// Which of events with one id is the first; they are sorted by their times, so that only the ties with the first are to
/// be told apart, by canonical JSON.
fn first(same_id: &[Taken]) -> usize {
    let mut candidates = same_id.iter().enumerate();
    let Some((mut at, mut least)) = candidates.next() else {
        return 0;
    };
    let mut least_text = None;
    for (i, candidate) in candidates {
        if candidate.event.times.order() != least.event.times.order() {
            break;
        }
        if candidate.input == least.input {
            continue;
        }
        let text = candidate.input.value().canonical();
        if text < *least_text.get_or_insert_with(|| least.input.value().canonical()) {
            (at, least, least_text) = (i, candidate, Some(text));
        }
    }
    at
}

/// The refusal of an event with the id of another that comes before it.
pub(crate) fn conflict(message_id: &str) -> Refusal {
    let reason = format!(
        "another event has the messageId {} and another body",
        quoted(message_id)
    );
    RejectCode::MessageIdConflict.because(reason)
}

/// How an event stands to one that has its id and was stored before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Relation {
    /// Whether it says the same.
    pub(crate) is_copy: bool,
    /// Whether it comes first in canonical order, so that it counts instead.
    pub(crate) is_first: bool,
}

impl Taken {
    /// How it stands to a stored event, given as its JSON; `received_at`, when each counts as received if it does not say
    /// so: this one, and the stored one.
    pub(crate) fn relation(&self, stored: &Input, received_at: (Timestamp, Timestamp)) -> Relation {
        if self.input == *stored && received_at.0 >= received_at.1 {
            return Relation {
                is_copy: true,
                is_first: false,
            };
        }
        let value = stored.value();
        let times = value
            .as_object()
            .and_then(|event| times::read(event, received_at.1).ok());
        let is_first = times.is_some_and(|stored| {
            let by_time = self.event.times.order().cmp(&stored.order());
            let by_text = || self.input.value().canonical().cmp(&value.canonical());
            by_time.then_with(by_text).is_lt()
        });
        Relation {
            is_copy: body(&self.input) == body(stored),
            is_first,
        }
    }
}

/// What is compared of two events with one id: canonical JSON without the clocks that an honest retry changes.
fn body(input: &Input) -> String {
    let mut event = input.value();
    if let Value::Object(object) = &mut event {
        for clock in ["sentAt", "receivedAt", "originalTimestamp"] {
            object.remove(clock);
        }
    }
    event.canonical()
}
