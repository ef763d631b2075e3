//! How events come into a space.

use std::io::BufRead;
use std::num::NonZeroUsize;

use super::error::SpaceError;
use crate::ingest::{Counts, Ingestor, Reject, RejectCode, Settings};
use crate::model::IdentityRules;
use crate::time::Timestamp;
use crate::value::Value;

/// As many events are made durable together at most; they share one sync.
const TOGETHER: usize = 8192;

/// Who stores what an ingestor has taken in.
pub(super) trait Commit {
    fn commit(&mut self, ingestor: &mut Ingestor, now: Timestamp) -> Result<(), SpaceError>;
}

/// Takes events in, and makes them durable in batches.
///
/// ```
/// use volens::Timestamp;
/// use volens::model::IdentityRules;
/// use volens::space::Journal;
/// use volens::store::Memory;
///
/// let mut journal = Journal::open(Memory::new(), IdentityRules::default())?;
/// let now: Timestamp = "2026-07-01".parse()?;
/// let events = r#"
/// {"type": "track", "event": "Order Completed", "userId": "u1", "messageId": "m1", "timestamp": "2026-06-30T00:00:00Z"}
/// "#;
/// for again in [false, true] {
///     let mut intake = journal.intake(now, now);
///     intake.read("events.jsonl", events.as_bytes())?;
///     let receipt = intake.commit()?;
///     assert_eq!((receipt.counts.applied, receipt.counts.duplicate), if again { (0, 1) } else { (1, 0) });
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Intake<'s> {
    ingestor: Ingestor,
    now: Timestamp,
    space: &'s mut dyn Commit,
    /// Whether events were lost to an error, so that nothing may be told of them.
    failed: bool,
}

/// What became of events. It is given when all that it counts as applied, as later or as duplicate is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// How many events became what. Those from after `now` are stored, too: they count from their instant on.
    pub counts: Counts,
    /// The refused events, by source in the order of their first mention, and line. Of two events with one `messageId` and
    /// different bodies it is the one that comes later in canonical order, which may be the one that was stored before.
    pub rejects: Vec<Reject>,
}

impl<'s> Intake<'s> {
    pub(super) fn new(
        space: &'s mut dyn Commit,
        identity: &IdentityRules,
        now: Timestamp,
        received_at: Timestamp,
        make: fn(Settings) -> Ingestor,
    ) -> Self {
        let settings = Settings {
            identity: identity.clone(),
            categories: Vec::new(),
            received_at,
            // Everything is stored; what is later is told by those who do it.
            now: Timestamp::MAX,
        };
        Intake {
            ingestor: make(settings),
            now,
            space,
            failed: false,
        }
    }

    /// Reads JSONL, as [`Ingestor::read`] does. Every so many events are made durable on the way; those that are not are
    /// with the next, or with [`commit`](Intake::commit).
    ///
    /// # Errors
    /// Those of the reader, and those of the storage. What was durable before stays.
    pub fn read(&mut self, source: &str, reader: impl BufRead) -> Result<(), SpaceError> {
        let Intake {
            ingestor,
            now,
            space,
            failed,
        } = self;
        ingestor.read_with(source, reader, |ingestor| {
            if ingestor.waiting() >= TOGETHER {
                *failed = true;
                space.commit(ingestor, *now)?;
                *failed = false;
            }
            Ok(())
        })
    }

    /// Takes an event that a host has as a value, as [`Ingestor::event`] does. It is durable after
    /// [`commit`](Intake::commit).
    ///
    /// # Errors
    /// Why it is refused; it is counted and stands among the rejects, too.
    pub fn event(&mut self, event: Value) -> Result<(), RejectCode> {
        self.ingestor.event(event)
    }

    /// Keeps no more than so many refused events for [`Receipt::rejects`]; the others are only counted.
    pub fn keep_rejects(&mut self, most: usize) {
        self.ingestor.keep_rejects(most);
    }

    /// On how many threads lines may be read, as [`Ingestor::threads`] says.
    pub fn threads(&mut self, most: NonZeroUsize) {
        self.ingestor.threads(most);
    }

    /// Makes durable what is not yet, and tells what became of all events. Without it the last of them are not stored.
    ///
    /// # Errors
    /// Those of the storage; [`SpaceError::Failed`] if it has failed before. What was durable before stays; feeding
    /// everything again applies nothing twice.
    pub fn commit(mut self) -> Result<Receipt, SpaceError> {
        if self.failed {
            return Err(SpaceError::Failed);
        }
        self.space.commit(&mut self.ingestor, self.now)?;
        let (counts, rejects) = self.ingestor.told();
        Ok(Receipt { counts, rejects })
    }
}

impl std::fmt::Debug for Intake<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake")
            .field("ingestor", &self.ingestor)
            .finish_non_exhaustive()
    }
}
