//! Audiences kept up to date event by event, and what destinations are sent for that.
//!
//! A [`Live`] engine has a space, the memberships of everybody in it, and a [`Ledger`] of what each destination was sent.
//!
//! | | |
//! |---|---|
//! | [`apply`](Live::apply) | takes an event in: durable first, then acted upon |
//! | [`advance`](Live::advance) | lets time pass |
//! | [`due`](Live::due) | when something may change by itself |
//! | [`deliver`](Live::deliver) | hands out what destinations are to be sent by now, and writes down that they were |
//!
//! # Time
//! There is no clock here. Time moves with the events, to the instant of each (EV-14: the earlier of its timestamp and its
//! receipt), and by [`advance`](Live::advance). What falls due between two events is found at its own instant, before the
//! second. An event that comes late changes what it would have changed in time; what follows from that is seen now.
//!
//! # What is found
//! The memberships are always those that an evaluation from nothing would find as of the same instant. An event is asked
//! about only what can see it ([`Network`](crate::eval::Network)); who belongs to an account is evaluated with the others of
//! the account where the workspace has audiences of accounts.
//!
//! # What is sent
//! No message is kept for later: what is due is worked out when it is handed out, and consent is decided in that moment
//! ([`deliver`](crate::deliver)). Whatever happens before is seen.
//!
//! # Crashes
//! An event is durable before it is acted upon. That all events so far were acted upon, and what was sent, is written down
//! after the messages were taken. Whoever opens the space again after a crash in between is handed out the same messages again,
//! byte by byte, if they were handed out after each event, as [`stream`](Live::stream) does.

mod change;
mod error;
mod memberships;
mod open;
mod outlet;
mod stream;

use std::collections::BTreeSet;
use std::sync::Arc;

use self::memberships::{Memberships, Moved};
use crate::deliver::{Ledger, Moment, Notice, Person, Resync};
use crate::ingest::{Counts, Identifier, Ingestor, PersonId, Reject, RejectCode};
use crate::ir::{AudienceSlot, Program};
use crate::model::{Profile, Profiles};
use crate::space::{Applied, Space, SpaceError};
use crate::store::Storage;
use crate::time::Timestamp;
use crate::value::Value;

pub use change::Change;
pub use error::LiveError;
pub use open::Options;
pub use outlet::{JsonLines, Outlet};

/// A space, the memberships of everybody in it, and what each destination was sent.
/// [`Engine::live`](crate::Engine::live) opens one.
#[derive(Debug)]
pub struct Live<S> {
    program: Arc<Program>,
    space: Space<S>,
    memberships: Memberships,
    ledger: Ledger,
    ingestor: Ingestor,
    /// How messages call the space.
    name: Box<str>,
    notices: Vec<Notice>,
    /// Of whom destinations may have to be told something.
    people: BTreeSet<PersonId>,
    /// Identifiers whose owner may be another, or nobody.
    identifiers: BTreeSet<Identifier>,
    /// Whether anything happened since it was written down that all is done.
    is_open: bool,
    /// Whether an error has left something undone.
    failed: bool,
}

impl<S: Storage> Live<S> {
    /// Takes an event in, and gives the memberships that change, in the order of time. It is durable when this returns.
    ///
    /// Time moves on to the event's instant first, if that is later than what time it was; what falls due on the way is among
    /// the changes. `now` is the instant by the host's clock: an event from after it is kept until time has come to it, and one
    /// without any time counts as received then.
    ///
    /// # Errors
    /// [`LiveError::Refused`]: nothing has changed. After any other error the space has to be opened again.
    pub fn apply(&mut self, event: Value, now: Timestamp) -> Result<Vec<Change>, LiveError> {
        self.sound()?;
        self.ingestor.set_received_at(now);
        self.ingestor.event(event).map_err(LiveError::Refused)?;
        let rejected = self.ingestor.counts().rejected;
        let applied = self.store(now)?;
        // It may also be the other one that is refused: then this one has taken its place.
        if applied.is_empty() && self.ingestor.counts().rejected > rejected {
            return Err(LiveError::Refused(RejectCode::MessageIdConflict));
        }
        let mut changes = Vec::new();
        for applied in applied {
            self.act(applied, now, &mut changes, &mut Nothing)?;
        }
        Ok(changes)
    }

    /// Lets time pass, up to `now`, and gives the memberships that change, in the order of time.
    ///
    /// # Errors
    /// Time that moves backwards: [`SpaceError::Backwards`], and nothing has changed. After any other error the space has to be
    /// opened again.
    pub fn advance(&mut self, now: Timestamp) -> Result<Vec<Change>, LiveError> {
        self.sound()?;
        if now < self.now() {
            let (now, asked) = (self.now(), now);
            return Err(SpaceError::Backwards { now, asked }.into());
        }
        let mut changes = Vec::new();
        self.pass(Until::With(now), &mut changes, &mut Nothing)?;
        self.move_to(now);
        Ok(changes)
    }

    /// The next instant at which something may change by itself; until then nothing does. It may be that nothing does then,
    /// either: an event leaves a window that was no longer needed.
    pub fn due(&mut self) -> Option<Timestamp> {
        let timer = self.memberships.due();
        timer.into_iter().chain(self.space.next_event()).min()
    }

    /// The instant of the first event that waits until time has come to it.
    pub fn next_event(&self) -> Option<Timestamp> {
        self.space.next_event()
    }

    /// Hands out what destinations are to be sent by now, and writes down that they were. Gives how many messages that were.
    ///
    /// # Errors
    /// Those of the outlet: what it did not take is handed out with the next call. Those of the storage: after these the space
    /// has to be opened again.
    pub fn deliver(&mut self, outlet: &mut impl Outlet) -> Result<usize, LiveError> {
        self.sound()?;
        let count = self.hand_out(outlet)?;
        self.write_down(outlet)?;
        Ok(count)
    }

    /// Sends every member again, and takes those out that destinations hold without consent (CE-9): of one audience, or of all.
    /// Gives how many messages that were.
    ///
    /// # Errors
    /// [`LiveError::UnknownAudience`]; those of [`deliver`](Live::deliver). If the outlet fails, whoever was sent again before is
    /// so once more when it is asked for again.
    pub fn resync(&mut self, audience: Option<&str>, outlet: &mut impl Outlet) -> Result<usize, LiveError> {
        self.sound()?;
        if let Some(unknown) = audience.filter(|name| self.program.audience(name).is_none()) {
            return Err(LiveError::UnknownAudience(unknown.to_owned()));
        }
        self.everybody();
        let resync = audience.map_or(Resync::All, Resync::Audience);
        let count = self.hand_out_all(resync, outlet)?;
        self.write_down(outlet)?;
        Ok(count)
    }

    /// Forgets the person who has this identifier, for good, as [`Space::forget`] does; `at` is when that is done, for the audit.
    /// Destinations are sent an exit first, if the person had not left. Gives how many events there were.
    ///
    /// # Errors
    /// [`SpaceError::NoProfile`]: nothing has changed. Those of [`deliver`](Live::deliver), of which those of the outlet leave
    /// everything as it was.
    pub fn forget(
        &mut self,
        kind: &str,
        value: &str,
        at: Timestamp,
        outlet: &mut impl Outlet,
    ) -> Result<usize, LiveError> {
        self.sound()?;
        let person = self.space.state().owner(kind, value);
        let profile = person.and_then(|person| self.space.state().person(person)).cloned();
        let Some(profile) = profile else {
            return Err(SpaceError::NoProfile(format!("{kind}:{value}")).into());
        };
        let person = Person {
            profile: &profile,
            reached: &|_| false,
        };
        let moment = Moment {
            space: &self.name,
            ..Moment::at(self.space.now())
        };
        let mut sink = |message: &_| outlet.message(message);
        self.is_open = true;
        self.ledger.hand_out(
            &self.program,
            &moment,
            Some(person),
            profile.identifiers().iter(),
            &mut sink,
        )?;
        self.write_down(outlet)?;
        let identifiers: BTreeSet<(&str, &str)> = profile.identifiers().iter().collect();
        self.failed = true;
        let events = self.space.forget(kind, value, at)?;
        self.ledger.forget(|kind, value| identifiers.contains(&(kind, value)));
        // Profiles have other numbers now.
        self.people.clear();
        self.identifiers.clear();
        self.memberships.load(self.space.state(), self.space.now())?;
        self.failed = false;
        Ok(events)
    }

    /// The instant that everything is as of.
    pub fn now(&self) -> Timestamp {
        self.space.now()
    }

    /// The members of an audience, by their labels, sorted by code point.
    ///
    /// # Errors
    /// [`LiveError::UnknownAudience`]
    pub fn members(&self, audience: &str) -> Result<Vec<Arc<str>>, LiveError> {
        let slot = self.program.audience(audience);
        let slot = slot.ok_or_else(|| LiveError::UnknownAudience(audience.to_owned()))?;
        Ok(self.memberships.members(slot))
    }

    /// The profile that has this identifier. Emails are found lower-cased and trimmed (DEC-46).
    pub fn find(&self, kind: &str, value: &str) -> Option<Arc<Profile>> {
        self.space.find(kind, value)
    }

    /// The profiles and accounts, as they are now.
    pub fn profiles(&self) -> Profiles {
        self.space.profiles()
    }

    /// What each destination was sent.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What the owner of the workspace should know: audiences and destinations that are gone, and still hold somebody.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Keeps no more than so many refused events for [`told`](Live::told), by source and line; the others are only counted.
    /// Without it all are kept.
    pub fn keep_rejects(&mut self, most: usize) {
        self.ingestor.keep_rejects(most);
    }

    /// What became of the events that were taken in since it was opened; and those that were refused, which are not told again.
    pub fn told(&mut self) -> (Counts, Vec<Reject>) {
        self.ingestor.told()
    }

    /// Ends it, and gives the storage back.
    pub fn into_storage(self) -> S {
        self.space.into_storage()
    }

    fn sound(&self) -> Result<(), LiveError> {
        if self.failed { Err(LiveError::Failed) } else { Ok(()) }
    }

    /// Makes durable what the ingestor has taken in.
    fn store(&mut self, until: Timestamp) -> Result<Vec<Applied>, LiveError> {
        self.failed = true;
        let applied = self.space.store(&mut self.ingestor, until)?;
        self.failed = false;
        self.is_open |= !applied.is_empty();
        Ok(applied)
    }

    /// Acts upon an event.
    fn act(
        &mut self,
        applied: Applied,
        until: Timestamp,
        changes: &mut Vec<Change>,
        each: &mut impl Each<S>,
    ) -> Result<(), LiveError> {
        let at = applied.event.times.earlier();
        if at > until.max(self.now()) {
            self.space.take(applied);
            return Ok(());
        }
        self.pass(Until::Before(at), changes, each)?;
        self.move_to(at);
        while self.space.take_next() {}
        self.space.take(applied);
        self.look(changes)?;
        each.instant(self)
    }

    /// Lets time pass, instant by instant.
    fn pass(&mut self, until: Until, changes: &mut Vec<Change>, each: &mut impl Each<S>) -> Result<(), LiveError> {
        while let Some(due) = self.due().filter(|due| until.includes(*due)) {
            self.move_to(due);
            while self.space.take_next() {}
            self.look(changes)?;
            each.instant(self)?;
        }
        Ok(())
    }

    fn move_to(&mut self, now: Timestamp) {
        self.is_open |= now > self.now();
        self.space.move_to(now);
    }

    /// Finds what has changed, as of now.
    fn look(&mut self, changes: &mut Vec<Change>) -> Result<(), LiveError> {
        self.failed = true;
        let now = self.now();
        let touched = self.space.settle();
        if !touched.is_empty() {
            let moved = self.memberships.touch(self.space.state(), touched, now)?;
            self.note(moved, changes);
        }
        let moved = self.memberships.pass(self.space.state(), now)?;
        self.note(moved, changes);
        self.failed = false;
        Ok(())
    }

    fn note(&mut self, moved: Moved, changes: &mut Vec<Change>) {
        changes.extend(moved.changes);
        self.people.extend(moved.people);
        self.identifiers.extend(moved.identifiers);
    }

    /// Marks everybody, so that all is compared with what was sent.
    fn everybody(&mut self) {
        self.people.extend(self.memberships.everybody());
        let held = self.ledger.identifiers().map(|(kind, value)| Identifier {
            kind: kind.to_owned().into(),
            value: value.into(),
        });
        self.identifiers.extend(held);
    }

    fn hand_out(&mut self, outlet: &mut impl Outlet) -> Result<usize, LiveError> {
        self.hand_out_all(Resync::No, outlet)
    }

    /// Hands out what is due of all who are marked, in the order of their labels.
    fn hand_out_all(&mut self, resync: Resync<'_>, outlet: &mut impl Outlet) -> Result<usize, LiveError> {
        let mut count = 0;
        let mut people: Vec<(Arc<str>, PersonId)> = Vec::with_capacity(self.people.len());
        for person in &self.people {
            people.extend(self.memberships.label(*person).map(|label| (label.clone(), *person)));
        }
        people.sort();
        for (_, person) in people {
            if let Some(profile) = self.space.state().person(person).cloned() {
                count += self.hand_out_one(Some((person, &profile)), profile.identifiers().iter(), resync, outlet)?;
                // Whoever is asked for by an identifier, too, has been told of.
                if !self.identifiers.is_empty() {
                    for identifier in profile.identifiers().shared() {
                        self.identifiers.remove(identifier);
                    }
                }
            }
            self.people.remove(&person);
        }
        // Whoever has no label is gone.
        self.people.clear();
        while let Some(identifier) = self.identifiers.first().cloned() {
            let owner = self.space.state().owner(&identifier.kind, &identifier.value);
            let profile = owner.and_then(|owner| Some((owner, self.space.state().person(owner)?.clone())));
            let person = profile.as_ref().map(|(owner, profile)| (*owner, profile));
            let name = [(&*identifier.kind, &*identifier.value)];
            count += self.hand_out_one(person, name, resync, outlet)?;
            self.identifiers.remove(&identifier);
        }
        Ok(count)
    }

    fn hand_out_one<'i>(
        &mut self,
        person: Option<(PersonId, &Arc<Profile>)>,
        identifiers: impl IntoIterator<Item = (&'i str, &'i str)>,
        resync: Resync<'_>,
        outlet: &mut impl Outlet,
    ) -> Result<usize, LiveError> {
        let memberships = &self.memberships;
        let number = person.map(|(number, _)| number);
        let reached = |audience: AudienceSlot| number.is_some_and(|number| memberships.is_reached(number, audience));
        let person = person.map(|(_, profile)| Person {
            profile,
            reached: &reached,
        });
        let moment = Moment {
            now: self.space.now(),
            space: &self.name,
            resync,
        };
        self.is_open = true;
        let mut sink = |message: &_| outlet.message(message);
        self.ledger
            .hand_out(&self.program, &moment, person, identifiers, &mut sink)
            .map_err(LiveError::Outlet)
    }

    /// Writes down that all is done.
    fn write_down(&mut self, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        if !self.is_open {
            return Ok(());
        }
        self.failed = true;
        outlet.flush().map_err(LiveError::Outlet)?;
        let record = self.ledger.changes().unwrap_or_default();
        self.space.deliver(&record)?;
        (self.is_open, self.failed) = (false, false);
        Ok(())
    }
}

/// Up to when time passes.
#[derive(Debug, Clone, Copy)]
enum Until {
    Before(Timestamp),
    With(Timestamp),
}

impl Until {
    fn includes(self, instant: Timestamp) -> bool {
        match self {
            Until::Before(end) => instant < end,
            Until::With(end) => instant <= end,
        }
    }
}

/// What is done at every instant at which something was looked at.
trait Each<S> {
    fn instant(&mut self, live: &mut Live<S>) -> Result<(), LiveError>;
}

struct Nothing;

impl<S> Each<S> for Nothing {
    fn instant(&mut self, _: &mut Live<S>) -> Result<(), LiveError> {
        Ok(())
    }
}
