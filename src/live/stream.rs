//! Events as they come in, one after the other, and each message the moment it follows.

use std::io::{BufReader, Read};

use super::{Each, Live, LiveError, Outlet, Until};
use crate::deliver::Resync;
use crate::space::Horizon;
use crate::store::Storage;
use crate::time::Timestamp;

/// As many events are made durable together at most; they share one sync before they are acted upon, and one after.
const TOGETHER: usize = 1024;

/// History is dropped when so large a part of what is kept, one of so many, is older than that.
const MUCH_OF_IT: i64 = 8;

/// How much is read at once, in bytes.
const BUFFER: usize = 1 << 16;

/// Works messages out at every instant.
pub(super) struct Handing<'o, O>(pub(super) &'o mut O);

impl<S: Storage, O: Outlet> Each<S> for Handing<'_, O> {
    fn instant(&mut self, live: &mut Live<S>) -> Result<(), LiveError> {
        live.post_before_revocation(self.0)?;
        live.hand_out(Resync::No, self.0)
    }
}

impl<S: Storage> Live<S> {
    /// Reads JSONL, and acts upon each event in the order in which they stand; messages are handed out at the instant at which
    /// they follow, before the next event is looked at. `now` is the host's clock, as with [`apply`](Live::apply): it is asked
    /// when events have come, for they may come for days.
    ///
    /// Events that are there already are made durable together, before the first of them is acted upon. No event waits for
    /// others that are still to come.
    ///
    /// # Errors
    /// Those of the reader, the outlet and the storage. An event that is refused is none: [`told`](Live::told) has it.
    pub fn stream(
        &mut self,
        source: &str,
        reader: impl Read,
        now: &impl Fn() -> Timestamp,
        outlet: &mut impl Outlet,
    ) -> Result<(), LiveError> {
        self.deliver(outlet)?;
        let mut reader = BufReader::with_capacity(BUFFER, reader);
        let mut line = Vec::new();
        for number in 1.. {
            if !self.ingestor.read_line((source, number), &mut reader, &mut line, now)? {
                break;
            }
            let is_last = !reader.buffer().contains(&b'\n');
            if is_last || self.ingestor.waiting() >= TOGETHER {
                self.act_upon(now(), outlet)?;
            }
        }
        self.act_upon(now(), outlet)
    }

    /// Acts upon stored events that were dated ahead, if by the host's clock their instants have come: time moves on to each.
    ///
    /// # Errors
    /// Those of the outlet and the storage.
    pub fn catch_up(&mut self, now: Timestamp, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        self.deliver(outlet)?;
        while let Some(next) = self.next_event().filter(|next| *next <= now) {
            self.pass_to(next, outlet)?;
        }
        self.post(outlet)
    }

    /// Lets time pass, up to `until`, and hands messages out at the instants at which they follow.
    ///
    /// # Errors
    /// [`Backwards`](crate::space::SpaceError::Backwards); those of the outlet and the storage.
    pub fn run_until(&mut self, until: Timestamp, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        self.deliver(outlet)?;
        self.not_backwards(until)?;
        self.pass_to(until, outlet)?;
        self.move_to(until);
        self.post(outlet)
    }

    fn pass_to(&mut self, until: Timestamp, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        self.pass(Until::With(until), &mut Vec::new(), &mut Handing(outlet))
    }

    /// Stores what came, and acts upon it.
    fn act_upon(&mut self, now: Timestamp, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        self.store(now, true)?;
        self.ingestor.clear_shared();
        self.deliver(outlet)?;
        self.drop_history()
    }

    /// Drops history that is older than what is kept, once that is much: it takes as long as to write all that is kept anew.
    fn drop_history(&mut self) -> Result<(), LiveError> {
        let Some(length) = self.retain else { return Ok(()) };
        let (now, horizon) = (self.now(), self.now().minus(length));
        let before = self.space.journal().horizon().unwrap_or(Timestamp::MIN);
        let is_much = horizon.since(before).as_millis() > length.as_millis() / MUCH_OF_IT;
        // A window that begins at a date comes to reach further back than what is kept. The next start tells.
        if !is_much || self.program.lookback(now).sees(horizon) {
            return Ok(());
        }
        self.failed = true;
        self.space
            .drop_history_with(Horizon::at(horizon), &self.ledger.whole())?;
        // Profiles may have other numbers now; nobody is in other audiences.
        self.look(&mut Vec::new())
    }
}
