//! How a live engine drives a space: event by event, in the order in which they came.

use super::ahead::Ahead;
use super::replay::{Applied, Logged};
use super::{Horizon, Journal, Settings, Space, SpaceError, due};
use crate::deliver::{Ledger, Message};
use crate::ingest::{Identifier, Ingestor, State, Touched};
use crate::model::Consent;
use crate::store::Storage;
use crate::time::Timestamp;

/// A space as it was when all that was known had been acted upon, and what came after that.
pub(crate) struct Resumed<S> {
    pub(crate) space: Space<S>,
    /// Not acted upon yet, in the order in which they came.
    pub(crate) behind: Vec<Applied>,
    /// Messages of which nobody knows whether they were taken.
    pub(crate) unsure: Vec<Message>,
    pub(crate) ledger: Ledger,
    /// Whether it was ever acted upon anything.
    pub(crate) is_first: bool,
}

impl<S: Storage> Space<S> {
    /// Builds a space as of the instant to which it was last acted upon. Of one that never was, all events up to `until` are
    /// taken for acted upon, as of the latest of these.
    pub(crate) fn resume(journal: Journal<S>, settings: Settings, until: Timestamp) -> Result<Resumed<S>, SpaceError> {
        let Settings { identity, categories } = settings.clone();
        let mut state = State::new(identity, categories);
        let mut upcoming = Vec::new();
        let mut behind = Vec::new();
        let mut ledger = Ledger::new();
        let mut latest = Timestamp::MIN;
        let acted = journal.acted()?;
        let end = acted.as_ref().map_or(until, |acted| acted.now);
        let unusable = journal.replay(acted.as_ref(), |logged| {
            match logged {
                Logged::Event(event) => {
                    let at = event.times.earlier();
                    if at > end {
                        upcoming.push(event);
                    } else {
                        latest = latest.max(at);
                        state.insert_of_many(event);
                    }
                }
                Logged::New(applied) => behind.push(applied),
                Logged::Delivered([]) => {}
                Logged::Delivered(record) => ledger.read(record)?,
                Logged::Forgotten(is) => ledger.forget(is),
            }
            Ok(())
        })?;
        state.settle();
        state.keep_touched();
        let space = Space {
            state,
            journal,
            settings,
            upcoming: upcoming.into_iter().map(|event| (due(&event), event)).collect(),
            unusable,
            now: acted.as_ref().map_or(latest, |acted| acted.now),
            watched: true,
            ahead: None,
        };
        Ok(Resumed {
            space,
            behind,
            ledger,
            is_first: acted.is_none(),
            unsure: acted.map(|acted| acted.messages).unwrap_or_default(),
        })
    }

    /// From now on knows what is said of consent by events that are stored and not of the state yet: by `behind`, save those of
    /// a stream, and by those that are still to come, dated up to `until`.
    pub(crate) fn look_ahead(&mut self, behind: &mut [Applied], until: Timestamp) {
        let mut ahead = Ahead::new(&self.settings, until);
        for event in self.upcoming.values() {
            if event.times.earlier() <= until {
                ahead.know(event, None, &self.state);
            }
        }
        for applied in behind {
            // One that had happened when it came has happened, whatever the clock says now.
            let is_of_past = applied.event.times.earlier() <= until.max(applied.received_at);
            if is_of_past && !applied.in_turn {
                ahead.know(&applied.event, applied.instead_of.as_ref(), &self.state);
                applied.is_ahead = true;
            }
        }
        ahead.settle();
        self.ahead = (!ahead.is_over()).then_some(ahead);
    }

    /// What is known ahead of the consent by which an identifier is sent; `None` if nothing is.
    pub(crate) fn consent_ahead(&self, kind: &str, value: &str) -> Option<Consent> {
        self.ahead.as_ref()?.consent(kind, value)
    }

    /// If all that was known ahead is of the state by now: lets go of it, and gives the identifiers that it may have concerned.
    pub(crate) fn end_looking_ahead(&mut self) -> Vec<Identifier> {
        let over = self.ahead.take_if(|ahead| ahead.is_over());
        over.map_or_else(Vec::new, |ahead| ahead.identifiers().cloned().collect())
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Stores what an ingestor has taken in: it is durable, and not yet of the state. Events from after `until` are counted as
    /// later. `in_turn`: those of a stream, of which nothing is known before their turn.
    pub(crate) fn store(
        &mut self,
        ingestor: &mut Ingestor,
        until: Timestamp,
        in_turn: bool,
    ) -> Result<Vec<Applied>, SpaceError> {
        self.journal.store_arrived(ingestor, until, in_turn)
    }

    /// Takes an event into the state, now if it is of now or before, else when its instant comes.
    pub(crate) fn take(&mut self, applied: Applied) {
        let waits = applied.event.times.earlier() > self.now;
        if let Some(ahead) = &mut self.ahead {
            ahead.take(&applied, waits, &self.state);
        }
        if let Some(old) = applied.instead_of
            && self.upcoming.remove(&due(&old)).is_none()
        {
            self.state.remove(&old.message_id, &old.claims);
        }
        if waits {
            self.upcoming.insert(due(&applied.event), applied.event);
        } else {
            self.state.insert(applied.event);
        }
    }

    /// The instant of the first event that is still to come.
    pub(crate) fn next_event(&self) -> Option<Timestamp> {
        self.upcoming.keys().next().map(|((at, _), _)| *at)
    }

    /// Moves on to an instant without the events that are of it, which are [taken](Space::take_next) one by one.
    pub(crate) fn move_to(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// Takes the first event that was still to come into the state, if its instant has come.
    pub(crate) fn take_next(&mut self) -> bool {
        let Some(first) = self.upcoming.first_entry() else {
            return false;
        };
        let has_come = first.get().times.earlier() <= self.now;
        if has_come {
            let event = first.remove();
            if let Some(ahead) = &mut self.ahead {
                ahead.enter(&event, &self.state);
            }
            self.state.insert(event);
        }
        has_come
    }

    /// Makes the state what all events lead to that were taken, and tells what became of whom.
    pub(crate) fn settle(&mut self) -> Vec<Touched> {
        self.state.settle();
        self.ahead.iter_mut().for_each(Ahead::settle);
        self.state.take_touched()
    }

    /// Writes down what was acted upon, as of an instant: all that is stored, or up to an event that was not. And what destinations are
    /// sent for that.
    pub(crate) fn deliver(
        &mut self,
        now: Timestamp,
        next: Option<&str>,
        ledger: &[u8],
        messages: &[Message],
    ) -> Result<(), SpaceError> {
        self.journal.deliver(now, next, ledger, messages)
    }

    /// Drops history, where all that is stored was acted upon and all messages were taken. `ledger`: what destinations were sent, as a
    /// whole; then what was written down of that before is needless, too.
    pub(crate) fn drop_history_with(&mut self, horizon: Horizon, ledger: &[Vec<u8>]) -> Result<(), SpaceError> {
        let before = self.journal.deliver_whole(self.now, ledger)?;
        self.drop_history_and(horizon, before)
    }

    /// Whether an identifier is among those of the person who was forgotten last.
    pub(crate) fn was_forgotten_last(&self, kind: &str, value: &str) -> bool {
        self.journal.was_forgotten_last(kind, value)
    }

    /// Writes down that the messages were taken.
    pub(crate) fn handed_out(&mut self) -> Result<(), SpaceError> {
        self.journal.handed_out()
    }
}
