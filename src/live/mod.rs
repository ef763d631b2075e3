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
//! No message is kept for later: what is due is worked out as of the instant at which it is handed out, and consent is decided
//! then ([`crate::deliver`]). Whatever happens before is seen. What was stored when the space was opened and was not acted upon
//! yet counts, too, as far as it refuses: nobody is handed out on a grant of which it is known that it was taken back.
//!
//! # Crashes
//! An event is durable before it is acted upon. What was acted upon, and the messages that are handed out for that, are durable
//! before the first of them is. So whenever a process ends, it is known what destinations may hold. Whoever opens the space again
//! is handed out the messages of which nobody knows whether they were taken, byte by byte the same, as far as consent still lets
//! them go.

mod change;
mod error;
mod memberships;
mod open;
mod outlet;
mod stream;

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;

use self::memberships::{Memberships, Moved};
use self::stream::Handing;
use crate::deliver::{self, Ledger, Message, Moment, Notice, Person, Resync};
use crate::ingest::{Counts, Identifier, Ingestor, PersonId, Reject};
use crate::ir::{DestinationSlot, Program};
use crate::model::{Consent, Profile, Profiles};
use crate::space::{Applied, Space, SpaceError};
use crate::store::Storage;
use crate::time::{Duration, Timestamp};
use crate::value::Value;

pub use change::Change;
pub use error::LiveError;
pub use open::Options;
pub use outlet::{JsonLines, Outlet};

/// So many messages are written down and handed out together.
const MUCH: usize = 1024;

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
    /// How much history is kept.
    retain: Option<Duration>,
    /// Stored, and not acted upon yet, in the order in which they came.
    behind: VecDeque<Applied>,
    /// The event that is being acted upon, and the instant before it.
    acting: Option<(Arc<str>, Timestamp)>,
    /// Whether anybody may have lost a grant, by what was looked at last.
    revokes: bool,
    /// Messages of which nobody knows whether they were taken before a crash.
    unsure: VecDeque<Message>,
    /// Worked out, and not yet written down.
    outbox: Vec<Message>,
    /// How many messages were taken.
    sent: usize,
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
        let mut changes = Vec::new();
        self.take_up(&mut changes, &mut Nothing)?;
        let told = self.ingestor.untold();
        self.ingestor.set_received_at(now);
        let _ = self.ingestor.event(event);
        self.store(now, false)?;
        // It may also be another that is refused: then this one has taken its place.
        let refused = self.ingestor.take_refusal(told).filter(|_| self.behind.is_empty());
        if let Some(code) = refused {
            return Err(LiveError::Refused(code));
        }
        self.take_up(&mut changes, &mut Nothing)?;
        Ok(changes)
    }

    /// Lets time pass, up to `now`, and gives the memberships that change, in the order of time.
    ///
    /// # Errors
    /// Time that moves backwards: [`SpaceError::Backwards`], and nothing has changed. After any other error the space has to be
    /// opened again.
    pub fn advance(&mut self, now: Timestamp) -> Result<Vec<Change>, LiveError> {
        self.sound()?;
        let mut changes = Vec::new();
        self.take_up(&mut changes, &mut Nothing)?;
        self.not_backwards(now)?;
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
    /// The first time after it was opened, this takes up what was left: events that were stored and not acted upon yet, one by
    /// one.
    ///
    /// # Errors
    /// Those of the outlet: a message that it did not take is handed out with the next call. If it fails to flush, and after
    /// errors of the storage, the space has to be opened again.
    pub fn deliver(&mut self, outlet: &mut impl Outlet) -> Result<usize, LiveError> {
        self.sound()?;
        let before = self.sent;
        self.settle(outlet)?;
        self.post(outlet)?;
        Ok(self.sent - before)
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
        let before = self.sent;
        self.settle(outlet)?;
        self.everybody();
        let resync = audience.map_or(Resync::All, Resync::Audience);
        self.hand_out(resync, outlet)?;
        self.post(outlet)?;
        Ok(self.sent - before)
    }

    /// Forgets the person who has this identifier, for good, as [`Space::forget`] does; `at` is when that is done, for the audit.
    /// Destinations that hold the person are sent an exit first. Gives the memberships that change by it.
    ///
    /// # Errors
    /// [`SpaceError::NoProfile`]: nothing has changed. Those of [`deliver`](Live::deliver): if the outlet fails, nobody is
    /// forgotten, and whoever was sent an exit already is entered again.
    pub fn forget(
        &mut self,
        kind: &str,
        value: &str,
        at: Timestamp,
        outlet: &mut impl Outlet,
    ) -> Result<Vec<Change>, LiveError> {
        self.sound()?;
        self.settle(outlet)?;
        let state = self.space.state();
        let person = state.owner(kind, value);
        let profile = person.and_then(|person| Some((person, state.person(person)?.clone())));
        let Some((person, profile)) = profile else {
            return Err(SpaceError::NoProfile(format!("{kind}:{value}")).into());
        };
        let identifiers: BTreeSet<(&str, &str)> = profile.identifiers().iter().collect();
        let leaving = Person {
            profile: &profile,
            reached: &[],
        };
        // If this ends early, the person is still a member.
        self.people.insert(person);
        self.work_out(Some(leaving), identifiers.iter().copied(), Resync::No);
        self.post(outlet)?;
        let before = self.memberships.lists();
        self.failed = true;
        self.space.forget(kind, value, at)?;
        let space = &self.space;
        self.ledger.forget(|kind, value| space.was_forgotten_last(kind, value));
        self.memberships.load(self.space.state(), self.space.now())?;
        self.failed = false;
        // Profiles have other numbers now, and accounts have lost a user.
        self.people.clear();
        self.identifiers.clear();
        self.everybody();
        let after = self.memberships.lists();
        Ok(self.memberships.between(before, after, self.now()))
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

    /// How many messages were taken since it was opened.
    pub fn sent(&self) -> usize {
        self.sent
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

    /// What became of the events that were taken in since it was opened; and those of a [`stream`](Live::stream) that were
    /// refused, which are not told again.
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

    fn not_backwards(&self, now: Timestamp) -> Result<(), LiveError> {
        if now < self.now() {
            let (now, asked) = (self.now(), now);
            return Err(SpaceError::Backwards { now, asked }.into());
        }
        Ok(())
    }

    /// Makes durable what the ingestor has taken in; `in_turn`: events of a stream, of which nothing is known before their turn.
    fn store(&mut self, until: Timestamp, in_turn: bool) -> Result<(), LiveError> {
        self.failed = true;
        let applied = self.space.store(&mut self.ingestor, until, in_turn)?;
        self.failed = false;
        self.is_open |= !applied.is_empty();
        self.behind.extend(applied);
        Ok(())
    }

    /// Acts upon the events that are stored and were not acted upon yet, in the order in which they came.
    fn take_up(&mut self, changes: &mut Vec<Change>, each: &mut impl Each<S>) -> Result<(), LiveError> {
        while let Some(first) = self.behind.front() {
            let at = first.event.times.earlier();
            // What was dated ahead when it came waits, whenever it is looked at.
            let waits = at > first.received_at.max(self.now());
            if !waits {
                self.pass(Until::Before(at), changes, each)?;
            }
            let before = self.now();
            if !waits {
                self.move_to(at);
                while self.space.take_next() {}
            }
            if let Some(applied) = self.behind.pop_front() {
                self.acting = Some((applied.event.message_id.clone(), before));
                self.space.take(applied);
            }
            if !waits {
                self.look(changes)?;
                each.instant(self)?;
            }
            self.acting = None;
        }
        Ok(())
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
        self.revokes = false;
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
        self.revokes |= moved.revokes;
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

    /// Hands out what may not have been taken before a crash and what is due, and takes up what was left.
    fn settle(&mut self, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        self.repeat(outlet)?;
        self.hand_out(Resync::No, outlet)?;
        self.take_up(&mut Vec::new(), &mut Handing(outlet))?;
        // The last one may only have been put to those that are still to come, and was waited for.
        self.hand_out(Resync::No, outlet)
    }

    /// Hands out again what may not have been taken before a crash, as far as consent lets it go now. What does not go counts as
    /// held, and is taken out like others.
    fn repeat(&mut self, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        if self.unsure.is_empty() {
            return Ok(());
        }
        let mut is_withheld = false;
        while let Some(message) = self.unsure.front() {
            if self.may_go(message) {
                outlet.message(message).map_err(LiveError::Outlet)?;
                self.sent += 1;
            } else if message.change() == deliver::Change::Exited {
                self.ledger.keep_held(message);
                self.identifiers.insert(identifier_of(message));
                is_withheld = true;
            }
            self.unsure.pop_front();
        }
        if is_withheld {
            self.flush(outlet)?;
            self.write_down()
        } else {
            self.taken(outlet)
        }
    }

    /// As when messages are worked out: an identifier that nobody has any more is without any grant, and what is stored and was
    /// not acted upon yet counts, too.
    fn may_go(&self, message: &Message) -> bool {
        let mut destinations = self.program.destinations.iter();
        let slot = destinations.position(|destination| *destination.name == *message.destination());
        let (kind, value) = message.identifier();
        let state = self.space.state();
        let profile = state.owner(kind, value).and_then(|person| state.person(person));
        let nobodys = Consent::default();
        let consent = profile.map_or(&nobodys, |profile| profile.consent());
        let left = self
            .space
            .consent_ahead(kind, value)
            .map(|ahead| consent.within(&ahead));
        let consent = left.as_ref().unwrap_or(consent);
        let (audience, change) = (message.audience(), message.change());
        let may_go = |slot| deliver::may_go(&self.program, audience, DestinationSlot::at(slot), change, consent);
        slot.map_or(change == deliver::Change::Removed, may_go)
    }

    /// Works out what is due of all who are marked, in the order of their labels, and hands it out where it is much.
    fn hand_out(&mut self, resync: Resync<'_>, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        // Of those who were held back, all is known now.
        self.identifiers.extend(self.space.end_looking_ahead());
        let mut people: Vec<(Arc<str>, PersonId)> = Vec::with_capacity(self.people.len());
        for person in &self.people {
            people.extend(self.memberships.label(*person).map(|label| (label.clone(), *person)));
        }
        people.sort();
        for (_, person) in people {
            if let Some(profile) = self.space.state().person(person).cloned() {
                let reached = self.memberships.reached(person);
                let known = Person {
                    profile: &profile,
                    reached: &reached,
                };
                self.work_out(Some(known), profile.identifiers().iter(), resync);
                // Whoever is asked for by an identifier, too, has been told of.
                if !self.identifiers.is_empty() {
                    for identifier in profile.identifiers().shared() {
                        self.identifiers.remove(identifier);
                    }
                }
            }
            self.people.remove(&person);
            self.post_if_much(outlet)?;
        }
        // Whoever has no label is gone.
        self.people.clear();
        while let Some(identifier) = self.identifiers.pop_first() {
            let state = self.space.state();
            let owner = state.owner(&identifier.kind, &identifier.value);
            let profile = owner.and_then(|owner| Some((state.person(owner)?.clone(), self.memberships.reached(owner))));
            let person = profile.as_ref().map(|(profile, reached)| Person { profile, reached });
            self.work_out(person, [(&*identifier.kind, &*identifier.value)], resync);
            self.post_if_much(outlet)?;
        }
        Ok(())
    }

    fn work_out<'i>(
        &mut self,
        person: Option<Person<'_>>,
        identifiers: impl IntoIterator<Item = (&'i str, &'i str)>,
        resync: Resync<'_>,
    ) {
        let moment = Moment {
            now: self.space.now(),
            space: &self.name,
            resync,
        };
        self.is_open = true;
        let outbox = &mut self.outbox;
        let mut sink = |message: &Message| {
            outbox.push(message.clone());
            Ok::<(), Infallible>(())
        };
        let known = |kind: &str, value: &str| self.space.consent_ahead(kind, value);
        let Ok(_) = self
            .ledger
            .hand_out_knowing(&self.program, &moment, person, identifiers, known, &mut sink);
    }

    fn post_if_much(&mut self, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        if self.outbox.len() >= MUCH {
            self.post(outlet)
        } else {
            Ok(())
        }
    }

    /// Hands out what was worked out before a revocation, before anything else is: what is written down is never older than that.
    fn post_before_revocation(&mut self, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        if self.revokes && !self.outbox.is_empty() {
            self.post(outlet)?;
        }
        // From here on the event that is being acted upon has left its traces.
        self.acting = None;
        Ok(())
    }

    /// Writes down what was acted upon and what is handed out for that, and then hands it out: so whatever becomes of this
    /// process, it is known what destinations may hold.
    fn post(&mut self, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        if !self.is_open {
            return Ok(());
        }
        self.write_down()?;
        let messages = std::mem::take(&mut self.outbox);
        for (at, message) in messages.iter().enumerate() {
            if let Err(error) = outlet.message(message) {
                // Those before are where they should be before the others are taken back.
                self.flush(outlet)?;
                for message in messages.iter().skip(at).rev() {
                    self.take_back(message);
                }
                self.write_down()?;
                return Err(LiveError::Outlet(error));
            }
            self.sent += 1;
        }
        if messages.is_empty() {
            Ok(())
        } else {
            self.taken(outlet)
        }
    }

    /// Of a message that is known not to have gone.
    fn take_back(&mut self, message: &Message) {
        self.ledger.take_back(message);
        self.identifiers.insert(identifier_of(message));
        self.is_open = true;
    }

    /// Writes down what was acted upon, and what is in the outbox.
    fn write_down(&mut self) -> Result<(), LiveError> {
        self.failed = true;
        let ledger = self.ledger.changes().unwrap_or_default();
        let next = self.behind.front().map(|applied| &applied.event.message_id);
        let acting = self.acting.as_ref();
        let next = acting.map(|(id, _)| id).or(next).map(|id| &**id);
        let now = acting.map_or(self.now(), |(_, before)| *before);
        self.space.deliver(now, next, &ledger, &self.outbox)?;
        (self.is_open, self.failed) = (false, false);
        Ok(())
    }

    /// Writes down that what was handed out was taken.
    fn taken(&mut self, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        self.flush(outlet)?;
        self.failed = true;
        self.space.handed_out()?;
        self.failed = false;
        Ok(())
    }

    fn flush(&mut self, outlet: &mut impl Outlet) -> Result<(), LiveError> {
        // Where nobody knows what arrived, it is handed out again when the space is opened again.
        self.failed = true;
        outlet.flush().map_err(LiveError::Outlet)?;
        self.failed = false;
        Ok(())
    }
}

fn identifier_of(message: &Message) -> Identifier {
    let (kind, value) = message.identifier();
    Identifier {
        kind: kind.to_owned().into(),
        value: value.into(),
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
