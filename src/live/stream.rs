//! Events as they come in, one after the other, and each message the moment it follows.

use std::io::{BufReader, Read};

use super::{Each, Live, LiveError, Outlet, Until};
use crate::space::SpaceError;
use crate::store::Storage;
use crate::time::Timestamp;

/// As many events are made durable together at most; they share one sync before they are acted upon, and one after.
const TOGETHER: usize = 1024;

/// How much is read at once, in bytes.
const BUFFER: usize = 1 << 16;

/// Hands messages out at every instant.
pub(super) struct Handing<'o, O>(pub(super) &'o mut O);

impl<S: Storage, O: Outlet> Each<S> for Handing<'_, O> {
    fn instant(&mut self, live: &mut Live<S>) -> Result<(), LiveError> {
        live.hand_out(self.0)?;
        Ok(())
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
        self.sound()?;
        let mut reader = BufReader::with_capacity(BUFFER, reader);
        let mut line = Vec::new();
        for number in 1.. {
            self.ingestor.set_received_at(now());
            if !self.ingestor.read_line(source, number, &mut reader, &mut line)? {
                break;
            }
            let is_waiting = !reader.buffer().contains(&b'\n');
            if is_waiting || self.ingestor.waiting() >= TOGETHER {
                self.act_upon_all(now(), outlet)?;
            }
        }
        self.act_upon_all(now(), outlet)
    }

    /// Acts upon stored events that were dated ahead, if by the host's clock their instants have come: time moves on to each.
    ///
    /// # Errors
    /// Those of the outlet and the storage.
    pub fn catch_up(&mut self, now: Timestamp, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        self.sound()?;
        while let Some(next) = self.next_event().filter(|next| *next <= now) {
            self.pass(Until::With(next), &mut Vec::new(), &mut Handing(outlet))?;
        }
        self.write_down(outlet)
    }

    /// Lets time pass, up to `until`, and hands messages out at the instants at which they follow.
    ///
    /// # Errors
    /// [`SpaceError::Backwards`]; those of the outlet and the storage.
    pub fn run_until(&mut self, until: Timestamp, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        self.sound()?;
        if until < self.now() {
            let (now, asked) = (self.now(), until);
            return Err(SpaceError::Backwards { now, asked }.into());
        }
        self.pass(Until::With(until), &mut Vec::new(), &mut Handing(outlet))?;
        self.move_to(until);
        self.write_down(outlet)
    }

    fn act_upon_all(&mut self, now: Timestamp, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        let mut changes = Vec::new();
        for applied in self.store(now)? {
            self.act(applied, now, &mut changes, &mut Handing(outlet))?;
            changes.clear();
        }
        self.write_down(outlet)
    }
}
