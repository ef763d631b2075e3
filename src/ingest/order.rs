//! Canonical order, and each `messageId` once (EV-14, EV-17).

use super::event::{Event, Times};
use super::input::Input;
use super::reject::{Refusal, RejectCode};
use super::times;
use crate::time::Timestamp;
use crate::value::{Value, quoted};

/// Where an event stood: the source, the line, and the item of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(super) source: u32,
    pub(super) item: u32,
    pub(super) line: u64,
}

impl Place {
    /// By source, line and item.
    pub(super) fn order(self) -> (u32, u64, u32) {
        (self.source, self.line, self.item)
    }
}

/// An accepted event and what it came in as.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) event: Event,
    pub(crate) place: Place,
    pub(crate) input: Input,
    /// When it came: it counts as received then if it does not say so.
    pub(crate) received_at: Timestamp,
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
    fn settle(&mut self, same_id: Vec<Taken>) {
        let times: Vec<Times> = same_id.iter().map(|taken| taken.event.times).collect();
        let input = |at| same_id.get(at).map(|taken: &Taken| taken.input.clone());
        let fates = settle(&times, input);
        for (taken, fate) in same_id.into_iter().zip(fates) {
            match fate {
                Fate::First => self.events.push(taken),
                Fate::Copy => self.duplicates += 1,
                Fate::Conflict => {
                    let refusal = conflict(&taken.event.message_id);
                    self.conflicts.push((taken.place, refusal, taken.input));
                }
            }
        }
    }
}

/// What becomes of one of several events with one id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It counts.
    First,
    /// It says what the first says.
    Copy,
    /// It says something else.
    Conflict,
}

/// What becomes of events with one id. They are in the order of their times; `input` gives what each came in as, and is not
/// asked for more than two at once.
pub(super) fn settle(times: &[Times], mut input: impl FnMut(usize) -> Option<Input>) -> Vec<Fate> {
    if times.len() < 2 {
        return vec![Fate::First; times.len()];
    }
    let (first, kept) = first(times, &mut input);
    let mut kept_body = None;
    let fate = |at| {
        if at == first {
            return Fate::First;
        }
        let other = input(at);
        // Exact copies, the usual case, need not be read again.
        let is_copy = other == kept || body(other.as_ref()) == *kept_body.get_or_insert_with(|| body(kept.as_ref()));
        if is_copy { Fate::Copy } else { Fate::Conflict }
    };
    (0..times.len()).map(fate).collect()
}

/// Which of events with one id is the first; they are sorted by their times, so that only the ties with the first are to
/// be told apart, by canonical JSON.
fn first(times: &[Times], input: &mut impl FnMut(usize) -> Option<Input>) -> (usize, Option<Input>) {
    let text = |input: &Option<Input>| input.as_ref().map(|input| input.value().canonical());
    let order = |at: usize| times.get(at).map(|times| times.order());
    let mut least = (0, input(0));
    let mut least_text = None;
    for at in (1..times.len()).take_while(|at| order(*at) == order(0)) {
        let candidate = input(at);
        if candidate == least.1 {
            continue;
        }
        let candidate_text = text(&candidate);
        if candidate_text < *least_text.get_or_insert_with(|| text(&least.1)) {
            (least, least_text) = ((at, candidate), Some(candidate_text));
        }
    }
    least
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
    /// How it stands to a stored event, given as its JSON, and when that one came.
    pub(crate) fn relation(&self, stored: &Input, received_at: Timestamp) -> Relation {
        self.relation_by(&self.input, stored, received_at)
    }

    /// The same, where only a part of what it came in as can be compared.
    pub(crate) fn relation_by(&self, input: &Input, stored: &Input, received_at: Timestamp) -> Relation {
        if *input == *stored && self.received_at >= received_at {
            return Relation {
                is_copy: true,
                is_first: false,
            };
        }
        let value = stored.value();
        let times = value.as_object().and_then(|event| times::read(event, received_at).ok());
        let is_first = times.is_some_and(|stored| {
            let by_time = self.event.times.order().cmp(&stored.order());
            let by_text = || input.value().canonical().cmp(&value.canonical());
            by_time.then_with(by_text).is_lt()
        });
        Relation {
            is_copy: body(Some(input)) == body(Some(stored)),
            is_first,
        }
    }
}

/// What is compared of two events with one id: canonical JSON without the clocks that an honest retry changes.
fn body(input: Option<&Input>) -> String {
    body_of(input.map(Input::value).unwrap_or_default())
}

/// The same, of an event as a value.
pub(super) fn body_of(mut event: Value) -> String {
    if let Value::Object(object) = &mut event {
        for clock in ["sentAt", "receivedAt", "originalTimestamp"] {
            object.remove(clock);
        }
    }
    event.canonical()
}
