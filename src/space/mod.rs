//! A space: the events that it was given, and the profiles that they lead to, kept up to date and durable.
//!
//! | | |
//! |---|---|
//! | [`Journal`] | the events alone, each once, in a [`Storage`] |
//! | [`Space`] | a journal, and the state of all profiles as of an instant |
//! | [`Intake`] | how events come in: in batches, each durable before the next |
//!
//! The journal is the truth: the state is what its events lead to, whatever the order in which they came, and nothing of it
//! is stored. So the two cannot disagree, and a change of the workspace needs no more than opening the space again. Beside the
//! events stands what destinations were sent for them ([`Live`](crate::Live)), which does not follow from anything else.
//!
//! ```
//! use volens::model::IdentityRules;
//! use volens::space::{Settings, Space};
//! use volens::store::Memory;
//! use volens::{ConsentState, Timestamp};
//!
//! let now: Timestamp = "2026-07-01".parse()?;
//! let settings = Settings {
//!     identity: IdentityRules::default(),
//!     categories: vec!["Advertising".into()],
//! };
//! let mut space = Space::open(Memory::new(), settings, now)?;
//! let mut intake = space.intake(now, now)?;
//! intake.read("events.jsonl", r#"{"type": "identify", "userId": "u1", "timestamp": "2026-06-30T00:00:00Z",
//!     "context": {"consent": {"categoryPreferences": {"Advertising": true}}}}"#.replace('\n', "").as_bytes())?;
//! intake.commit()?;
//! let profile = space.find("user_id", "u1").ok_or("nobody")?;
//! assert_eq!(profile.consent().state("Advertising"), ConsentState::Granted);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ahead;
mod audit;
mod erase;
mod error;
mod index;
mod intake;
mod journal;
mod live;
mod reading;
mod record;
mod replay;
mod rewrite;
mod scrub;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::ahead::Ahead;
use self::intake::Commit;
use self::record::{Forgotten, Hash};
pub(crate) use self::replay::Applied;
use self::rewrite::Needless;
use crate::deliver::{self, Ledger};
use crate::ingest::{Counts, Event, Identifier, Ingestor, NO_IDENTIFIER, RejectCode, State, Trace};
use crate::model::{IdentityRules, Profile, Profiles, USER_ID, matched};
use crate::store::{Position, Storage};
use crate::time::Timestamp;
use crate::value::Value;

pub use error::SpaceError;
pub use intake::{Intake, Receipt};
pub use journal::Journal;
pub(crate) use live::Resumed;

/// What a workspace says about how events lead to profiles.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How identities are resolved.
    pub identity: IdentityRules,
    /// The ids of the consent categories that are declared, those that are switched off too (CP-4, DEC-24).
    pub categories: Vec<Box<str>>,
}

/// An instant at or before which no definition of a workspace sees any event. [`Engine::horizon`](crate::Engine::horizon)
/// gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Horizon(Timestamp);

impl Horizon {
    /// One that was checked.
    pub(crate) fn at(instant: Timestamp) -> Self {
        Horizon(instant)
    }

    /// The instant.
    pub fn instant(self) -> Timestamp {
        self.0
    }
}

/// Where an event stands among those that are still to come.
type Due = ((Timestamp, Timestamp), Arc<str>);

/// The profiles of a space, kept up to date as events come in (EV-14), and the events in a storage.
#[derive(Debug)]
pub struct Space<S> {
    journal: Journal<S>,
    settings: Settings,
    state: State,
    /// Events from after `now`.
    upcoming: BTreeMap<Due, Event>,
    /// How many stored events have no usable identifier.
    unusable: u64,
    now: Timestamp,
    /// Whether somebody wants to know what becomes of whom.
    watched: bool,
    /// What is stored and not of the state yet, if somebody wants to know of that.
    ahead: Option<Ahead>,
}

impl<S: Storage> Space<S> {
    /// Opens the space in a storage, as of `now`: events from after it do not count yet.
    ///
    /// # Errors
    /// Those of the storage; records that no version of a space has written.
    pub fn open(storage: S, settings: Settings, now: Timestamp) -> Result<Self, SpaceError> {
        let journal = Journal::open(storage, settings.identity.clone())?;
        Space::of(journal, settings, now)
    }

    /// Builds the profiles of a journal, which was opened with the same rules.
    ///
    /// # Errors
    /// As for [`open`](Space::open).
    pub fn of(journal: Journal<S>, settings: Settings, now: Timestamp) -> Result<Self, SpaceError> {
        let mut space = Space {
            state: State::new(settings.identity.clone(), settings.categories.clone()),
            journal,
            settings,
            upcoming: BTreeMap::new(),
            unusable: 0,
            now,
            watched: false,
            ahead: None,
        };
        space.load()?;
        Ok(space)
    }

    /// Builds the state anew from the journal.
    fn load(&mut self) -> Result<(), SpaceError> {
        let Settings { identity, categories } = &self.settings;
        let mut state = State::new(identity.clone(), categories.clone());
        let mut upcoming = BTreeMap::new();
        let now = self.now;
        let unusable = self.journal.each(|event| {
            if event.times.earlier() > now {
                upcoming.insert(due(&event), event);
            } else {
                state.insert_of_many(event);
            }
        })?;
        state.settle();
        (self.state, self.upcoming, self.unusable) = (state, upcoming, unusable);
        if self.watched {
            self.state.keep_touched();
        }
        if let Some(ahead) = self.ahead.take() {
            self.look_ahead(&mut [], ahead.until);
        }
        Ok(())
    }

    /// Starts to take events in, as of `now`, to which the space moves on. Events without any time count as received at
    /// `received_at`, which is `now` in most cases.
    ///
    /// # Errors
    /// [`SpaceError::Backwards`]
    pub fn intake(&mut self, now: Timestamp, received_at: Timestamp) -> Result<Intake<'_>, SpaceError> {
        self.advance(now)?;
        let identity = self.settings.identity.clone();
        Ok(Intake::new(self, &identity, now, received_at, Ingestor::for_store))
    }

    /// Moves on to `now`: events that were dated ahead count from their instant on.
    ///
    /// # Errors
    /// [`SpaceError::Backwards`]
    pub fn advance(&mut self, now: Timestamp) -> Result<(), SpaceError> {
        if now < self.now {
            return Err(SpaceError::Backwards {
                now: self.now,
                asked: now,
            });
        }
        self.move_to(now);
        while self.take_next() {}
        self.state.settle();
        Ok(())
    }

    /// The instant that the state is as of.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The profiles and accounts, as they are now. They stay as they are while further events come in: profiles are shared
    /// with the space, which copies those that change.
    pub fn profiles(&self) -> Profiles {
        self.state.profiles()
    }

    /// The profile that has this identifier. Emails are found lower-cased and trimmed (DEC-46).
    pub fn find(&self, kind: &str, value: &str) -> Option<Arc<Profile>> {
        self.state.find(kind, value)
    }

    /// How many of the stored events became what: applied, from after `now` (`later`), or, under the rules as they are now,
    /// without a usable identifier (`rejected`).
    pub fn counts(&self) -> Counts {
        let (applied, later) = (self.state.len() as u64, self.upcoming.len() as u64);
        Counts {
            read: applied + later + self.unusable,
            applied,
            later,
            rejected: self.unusable,
            duplicate: 0,
        }
    }

    /// How many of the stored events are refused with each code, under the rules as they are now.
    pub fn refused(&self) -> BTreeMap<RejectCode, u64> {
        let unusable = Some((RejectCode::NoUsableIdentifier, self.unusable));
        unusable.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// What was left out of the events, by the documented names (ID-15).
    pub fn violations(&self) -> BTreeMap<&'static str, u64> {
        let mut violations = self.state.violations();
        if self.unusable > 0 {
            violations.insert(NO_IDENTIFIER, self.unusable);
        }
        violations
    }

    /// Hands over each event that is applied, as it was sent, in the order of storing; those whose history was dropped are not
    /// among them, for little of what they said is left.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn each_applied(&self, mut each: impl FnMut(&Value)) -> Result<(), SpaceError> {
        self.journal.each_sent(|event, sent| {
            if event.times.earlier() <= self.now {
                each(sent);
            }
        })
    }

    /// The events.
    pub fn journal(&self) -> &Journal<S> {
        &self.journal
    }

    /// Ends the space, and gives the storage back.
    pub fn into_storage(self) -> S {
        self.journal.into_storage()
    }

    /// Forgets the person who has this identifier, for good: the events that made the profile are taken away, here and in
    /// the storage, and are refused when they come again. `at` is when that is done, for the audit. Gives how many there were.
    ///
    /// Events of others that carry an identifier of the person, and did not bring it to their own profile, lose it: nobody
    /// else inherits it. So no other profile changes. What the person's group calls said about accounts goes, too. An event
    /// that is still to come is the person's if it names the person and nobody before, in the order of priorities.
    ///
    /// With them goes what destinations were sent of the person, also by an identifier that nobody has any more. One that
    /// only what destinations were sent knows is forgotten, too; then there is no event. [`held`](Space::held) tells before
    /// which destinations are to be told.
    ///
    /// # Errors
    /// [`SpaceError::NoProfile`]; those of the storage: an error after the person was taken away for every reader is told,
    /// too, and the rest is done when the space is next opened for writing, or with [`Journal::finish_erasure`].
    pub fn forget(&mut self, kind: &str, value: &str, at: Timestamp) -> Result<usize, SpaceError> {
        let (person, _) = self.leaving(kind, value)?;
        let key = &self.journal.erasure().key;
        let hash = |id: &Identifier| key.identifier(&id.kind, &id.value);
        let mut events: BTreeSet<&str> = person.events.iter().map(|id| &**id).collect();
        let hashes = |identifiers: &[Identifier]| identifiers.iter().map(&hash).collect();
        let hidden = person.dropped.iter();
        let mut hidden: Vec<(Hash, Vec<Hash>)> =
            hidden.map(|(id, dropped)| (key.message(id), hashes(dropped))).collect();
        for event in self.upcoming.values() {
            let own = event.claims.iter().map(|claim| &claim.id);
            let own: Vec<Identifier> = own.filter(|id| person.identifiers.contains(*id)).cloned().collect();
            if own.is_empty() {
                continue;
            }
            if self.is_of_another(event, &own) {
                hidden.push((key.message(&event.message_id), hashes(&own)));
            } else {
                events.insert(&event.message_id);
            }
        }
        let forgotten = Forgotten {
            at,
            events: events.iter().map(|id| key.message(id)).collect(),
            identifiers: person.identifiers.iter().map(&hash).collect(),
            hidden,
            former: person.former.iter().map(&hash).collect(),
        };
        let count = events.len();
        let forgotten = self.journal.forget(forgotten);
        // Also after an error: whoever is forgotten for every other reader must not be seen here.
        self.load()?;
        forgotten.map(|()| count)
    }

    /// By destination, the identifiers by which it holds the person who has this one, as `TYPE:VALUE`: what it was sent, and
    /// was not sent an exit of. Where the person is [forgotten](Space::forget) here, it has to be told otherwise.
    ///
    /// # Errors
    /// Those of [`forget`](Space::forget).
    pub fn held(&self, kind: &str, value: &str) -> Result<BTreeMap<String, BTreeSet<String>>, SpaceError> {
        let (person, ledger) = self.leaving(kind, value)?;
        let mut held: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for id in person.identifiers.iter().chain(&person.former) {
            for (_, destination, sent) in ledger.holds(&id.kind, &id.value) {
                if sent.state != deliver::State::Out {
                    let by = held.entry(destination.to_owned()).or_default();
                    by.insert(format!("{}:{}", id.kind, id.value));
                }
            }
        }
        Ok(held)
    }

    /// What forgetting the person who has an identifier would take away, and what destinations were sent so far.
    fn leaving(&self, kind: &str, value: &str) -> Result<(Trace, Ledger), SpaceError> {
        let ledger = self.journal.ledger()?;
        let id = Identifier {
            kind: kind.to_owned().into(),
            value: matched(kind, value).into(),
        };
        let mut person = match self.state.trace(kind, value) {
            Some(person) => person,
            None if ledger.knows(&id.kind, &id.value) => Trace {
                identifiers: BTreeSet::from([id]),
                ..Trace::default()
            },
            None => return Err(SpaceError::NoProfile(format!("{kind}:{value}"))),
        };
        // What went to a destination together with the person's `userId`, and is nobody's now.
        let is_own = |user_id: &str| {
            let mut own = person.identifiers.iter().chain(&person.former);
            own.any(|id| id.kind == USER_ID && *id.value == *user_id)
        };
        let with = ledger.sent_with(is_own).into_iter();
        let with = with.filter(|(kind, value)| self.state.owner(kind, value).is_none());
        let with: Vec<Identifier> = with
            .map(|(kind, value)| Identifier {
                kind: kind.to_owned().into(),
                value: value.into(),
            })
            .collect();
        person.former.extend(with);
        Ok((person, ledger))
    }

    /// Whether an event that is still to come, and carries some `own` identifiers of a person, is about another: the first of
    /// its identifiers, by priority, that anybody has is not one of the person's. Merge protection drops the others (ID-11).
    fn is_of_another(&self, event: &Event, own: &[Identifier]) -> bool {
        let ids = event.claims.iter().map(|claim| &claim.id);
        let known = ids.filter(|id| self.state.find(&id.kind, &id.value).is_some());
        let first = known.min_by_key(|id| (self.settings.identity.rank(&id.kind), &id.value));
        first.is_some_and(|id| !own.contains(id))
    }

    /// Drops the history (track, page and screen events) at or before an instant, for good; identities, traits and consent
    /// stay as they are. Events that old are refused from then on, unless they say something of consent.
    ///
    /// Events of which nothing is left then are taken away altogether: neither the first nor the last with just their
    /// identifiers, that set no trait which a later one of these does not set again, are not the first of these to name an
    /// account, and say nothing of consent. What was left out of them ([`violations`](Space::violations)) is not counted any
    /// more. So a space whose history is dropped every now and then grows with its people and with what they answered, not
    /// with its events. Where an older event comes late, for it says something of consent, and changes who is who, it does so
    /// among the events that are left.
    ///
    /// Where a [`Live`](crate::Live) acts upon what is stored, their history alone goes: it may not have acted upon all of it
    /// yet, and what has no trace in the end may have one before. What it retains itself
    /// ([`Options::retain`](crate::live::Options::retain)) is not so.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn drop_history(&mut self, horizon: Horizon) -> Result<(), SpaceError> {
        self.drop_history_and(horizon, None)
    }

    /// `delivered_before`: what was delivered is told as a whole from there on.
    fn drop_history_and(&mut self, horizon: Horizon, delivered_before: Option<Position>) -> Result<(), SpaceError> {
        if self.journal.horizon() >= Some(horizon.instant()) {
            return Ok(());
        }
        let is_all_acted_upon = delivered_before.is_some() || self.journal.delivered.is_none();
        let without_trace = is_all_acted_upon.then(|| self.state.without_trace(horizon.instant()));
        let needless = Needless {
            without_trace: without_trace.unwrap_or_default(),
            delivered_before,
        };
        let dropped = self.journal.drop_history_and(horizon, self.now, &needless);
        match dropped {
            Ok(()) => {
                self.state.drop_history(horizon.instant(), &needless.without_trace);
                self.state.settle();
            }
            // As with those who are forgotten: how far it came, the journal knows.
            Err(_) => self.load()?,
        }
        dropped
    }
}

fn due(event: &Event) -> Due {
    (event.times.order(), event.message_id.clone())
}

impl<S: Storage> Commit for Space<S> {
    fn commit(&mut self, ingestor: &mut Ingestor, now: Timestamp) -> Result<(), SpaceError> {
        for applied in self.journal.store(ingestor, now)? {
            self.take(applied);
        }
        self.state.settle();
        Ok(())
    }
}
