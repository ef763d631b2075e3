//! Opening: what was done is taken up, what was not is done.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::memberships::Memberships;
use super::{Live, LiveError};
use crate::deliver::DEFAULT_SPACE;
use crate::ingest::{self, Ingestor};
use crate::ir::Program;
use crate::space::{Journal, Resumed, Settings, Space};
use crate::store::Storage;
use crate::time::{Duration, Timestamp};

/// How a live engine is opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The instant by the host's clock. Stored events from after it wait until time has come to them.
    pub now: Timestamp,
    /// How messages call the space (`context.personas`).
    pub space: String,
    /// How much history a [`stream`](Live::stream) keeps: what is older, as of the instant that everything is as of, is dropped
    /// for good as time goes on ([`Space::drop_history`]). `None`: all.
    pub retain: Option<Duration>,
    /// Keys of audiences that were deleted and may be used again, because they are the same audiences (AM-4).
    pub reuse: Vec<String>,
}

impl Options {
    /// As of `now`, with a space of no name in particular.
    pub fn new(now: Timestamp) -> Self {
        Options {
            now,
            space: DEFAULT_SPACE.to_owned(),
            retain: None,
            reuse: Vec::new(),
        }
    }
}

impl<S: Storage> Live<S> {
    /// Opens a live engine over a journal.
    ///
    /// Where nothing was ever sent, everything that is stored counts as it stands, as of the latest event, and every member is
    /// to be handed out (AO-9). Else it is taken up where it was left: first what the definitions as they are now make
    /// different, then the events that came since, one by one.
    pub(crate) fn open(
        program: Arc<Program>,
        journal: Journal<S>,
        settings: Settings,
        options: Options,
    ) -> Result<Self, LiveError> {
        let rules = settings.identity.clone();
        let Resumed {
            mut space,
            mut behind,
            unsure,
            mut ledger,
            is_first,
        } = Space::resume(journal, settings, options.now)?;
        let reuse: Vec<&str> = options.reuse.iter().map(String::as_str).collect();
        let notices = ledger.declare(&program, space.now(), &reuse)?;
        let mut memberships = Memberships::new(program.clone(), rules.clone());
        memberships.load(space.state(), space.now())?;
        if is_first {
            // From here on it is known as of when everybody is handed out, also after a crash.
            space.deliver(space.now(), None, &[], &[])?;
        }
        if !program.categories.is_empty() {
            space.look_ahead(&mut behind, options.now);
        }
        let ingestor = Ingestor::for_store(ingest::Settings {
            identity: rules,
            categories: Vec::new(),
            received_at: options.now,
            // Everything is stored; what waits is told when it is acted upon.
            now: Timestamp::MAX,
        });
        let mut live = Live {
            program,
            space,
            memberships,
            ledger,
            ingestor,
            name: options.space.into(),
            retain: options.retain,
            notices,
            behind: behind.into(),
            acting: None,
            revokes: false,
            unsure: unsure.into(),
            outbox: Vec::new(),
            sent: 0,
            people: BTreeSet::new(),
            identifiers: BTreeSet::new(),
            is_open: true,
            failed: false,
        };
        live.everybody();
        Ok(live)
    }
}
