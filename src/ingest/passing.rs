//! Events handed on one by one as they are accepted, each `messageId` once, and none kept: for those who pass events on.
//!
//! What was handed on cannot be taken back. So of two events with one id the first that is read counts, also where the other
//! comes first in canonical order (EV-17); the later one is a duplicate, or refused.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead};

use super::event::Event;
use super::lines::{self, LONGEST_LINE};
use super::order::{Taken, body_of};
use super::{Counts, Ingestor, Kept, Reject, Settings, conflict, forgotten};
use crate::value::Value;

/// Takes events in and hands them on.
#[derive(Debug)]
pub(crate) struct Passing {
    ingestor: Ingestor,
    seen: Seen,
}

/// An event that is handed on.
pub(crate) struct Passed {
    pub(crate) line: u64,
    /// The number of an item of a batch, from 1.
    pub(crate) item: Option<u64>,
    pub(crate) event: Event,
    /// As it was sent; of an item, with what the batch adds to it.
    pub(crate) value: Value,
}

impl Passing {
    pub(crate) fn new(settings: Settings) -> Self {
        Passing {
            ingestor: Ingestor::for_store(settings),
            seen: Seen::default(),
        }
    }

    /// As [`Ingestor::keep_rejects`].
    pub(crate) fn keep_rejects(&mut self, most: usize) {
        self.ingestor.keep_rejects(most);
    }

    /// Reads JSONL as [`Ingestor::read`] does, and hands over each accepted event that repeats none before it. `is_forgotten`
    /// tells of a `messageId` whether its event is refused as one of a person whom a store has forgotten.
    pub(crate) fn read<E: From<io::Error>>(
        &mut self,
        source: &str,
        reader: impl BufRead,
        is_forgotten: impl Fn(&str) -> bool,
        mut give: impl FnMut(&Passed) -> Result<(), E>,
    ) -> Result<(), E> {
        lines::each(reader, LONGEST_LINE, |number, line| {
            self.ingestor.one(source, number, line);
            self.ingestor.clear_shared();
            let taken = match &mut self.ingestor.kept {
                Kept::Taken(taken) => std::mem::take(taken),
                Kept::Gathered(_) => Vec::new(),
            };
            taken
                .into_iter()
                .filter_map(|taken| self.first(taken, &is_forgotten))
                .try_for_each(|passed| give(&passed))
        })
    }

    /// The event, if it is the first of its id.
    fn first(&mut self, taken: Taken, is_forgotten: impl Fn(&str) -> bool) -> Option<Passed> {
        let Taken {
            event, place, input, ..
        } = taken;
        if is_forgotten(&event.message_id) {
            self.ingestor.reject(place, forgotten(), input);
            return None;
        }
        let value = input.value();
        match self.seen.see(&event.message_id, &value) {
            Sight::First => {
                self.ingestor.counts.applied += 1;
                Some(Passed {
                    line: place.line,
                    item: input.is_item().then(|| u64::from(place.item) + 1),
                    event,
                    value,
                })
            }
            Sight::Copy => {
                self.ingestor.counts.duplicate += 1;
                None
            }
            Sight::Conflict => {
                self.ingestor.reject(place, conflict(&event.message_id), input);
                None
            }
        }
    }

    /// How many events became what (`applied` were handed on), and those refused.
    pub(crate) fn done(mut self) -> (Counts, Vec<Reject>) {
        self.ingestor.told()
    }
}

/// The ids that were seen, and what the events said.
///
/// It keeps hashes alone, 24 bytes an event, however long a stream is. Their key is drawn anew each time, so that no sender
/// can make two of them equal. Were two ids taken for one by chance, an event would go nowhere, and never anywhere else.
#[derive(Debug, Default)]
struct Seen {
    key: RandomState,
    bodies: HashMap<(u64, u64), u64>,
}

/// How an event stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// Its id is new.
    First,
    /// It says what the first of its id said, but for the clocks that a retry changes.
    Copy,
    /// It says something else.
    Conflict,
}

impl Seen {
    fn see(&mut self, message_id: &str, event: &Value) -> Sight {
        let body = self.key.hash_one(body_of(event.clone()));
        let id = (
            self.key.hash_one((false, message_id)),
            self.key.hash_one((true, message_id)),
        );
        match self.bodies.get(&id) {
            Some(known) if *known == body => Sight::Copy,
            Some(_) => Sight::Conflict,
            None => {
                self.bodies.insert(id, body);
                Sight::First
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse;

    #[test]
    fn the_first_of_an_id_counts_and_only_clocks_may_differ() {
        let mut seen = Seen::default();
        let mut see = |id, event: &str| seen.see(id, &parse(event).unwrap());
        assert_eq!(see("m1", r#"{"a": 1, "sentAt": "x"}"#), Sight::First);
        assert_eq!(see("m1", r#"{"sentAt": "y", "receivedAt": "z", "a": 1}"#), Sight::Copy);
        assert_eq!(see("m1", r#"{"a": 1, "timestamp": "x"}"#), Sight::Conflict);
        assert_eq!(see("m2", r#"{"a": 1}"#), Sight::First);
        // The first of an id stays the one that others are compared with.
        assert_eq!(see("m1", r#"{"a": 1}"#), Sight::Copy);
    }
}
