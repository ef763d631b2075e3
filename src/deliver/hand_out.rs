//! Working out what is due, and handing it out.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::decide::{Case, Step, decide};
use super::kind::Kind;
use super::ledger::{Entry, Ledger, State};
use super::message::{Change, Message, Parts};
use super::names::Basis;
use crate::enforce;
use crate::ir::{AudienceSlot, CategorySlot, Destination, DestinationSlot, Program};
use crate::model::{Consent, Profile, USER_ID, matched};
use crate::time::Timestamp;

/// What messages call the space if nobody says what it is called.
pub const DEFAULT_SPACE: &str = "spa_default";

/// As of when, and in whose name, messages are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment<'m> {
    /// The instant that messages bear.
    pub now: Timestamp,
    /// What messages call the space: [`DEFAULT_SPACE`], if nothing else is known.
    pub space: &'m str,
    /// What is to be sent again.
    pub resync: Resync<'m>,
}

impl Moment<'_> {
    /// This instant, in the name of [`DEFAULT_SPACE`], with nothing sent again.
    pub fn at(now: Timestamp) -> Self {
        Moment {
            now,
            space: DEFAULT_SPACE,
            resync: Resync::No,
        }
    }
}

/// Whether members are sent again, and those that are held without consent taken out (CE-9).
///
/// It is so with every call, so a caller that asks for it calls once for each person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resync<'m> {
    /// Only what has changed is sent.
    #[default]
    No,
    /// For this audience, by its key.
    Audience(&'m str),
    /// For all.
    All,
}

impl Resync<'_> {
    fn concerns(self, audience: &str) -> bool {
        match self {
            Resync::No => false,
            Resync::Audience(key) => key == audience,
            Resync::All => true,
        }
    }
}

/// A person, as of the moment.
#[derive(Debug, Clone, Copy)]
pub struct Person<'p> {
    /// The profile.
    pub profile: &'p Profile,
    /// The audiences by which the person is to be delivered, consent aside: those of users that the person is in, and those of
    /// accounts that an account of the person is in and whose clauses do not leave the person out.
    pub reached: &'p [AudienceSlot],
}

/// One identifier, and who has it.
struct Subject<'s> {
    kind: Kind,
    value: &'s str,
    /// `None` if nobody has it any more.
    person: Option<Person<'s>>,
    consent: &'s Consent,
    /// What of that consent is left by what is known and was not acted upon yet; `None` if that is all.
    left: Option<Consent>,
    /// The `userId` of the person, worked out once for all of the person's identifiers.
    user_id: &'s OnceCell<Option<Arc<str>>>,
}

impl Subject<'_> {
    /// The person's `user_id`; the first by code point where there are several.
    fn user_id(&self) -> Option<Arc<str>> {
        let profile = self.person?.profile;
        let first = || profile.identifiers().of(USER_ID).next().map(Arc::from);
        self.user_id.get_or_init(first).clone()
    }
}

/// What the consent of a person comes to at a destination.
struct Standing<'p> {
    ok: bool,
    /// The required categories that are granted, sorted; those that are disabled, too, for they may be enabled again.
    granted: Vec<&'p str>,
    /// The enforced categories that are not.
    missing: Vec<&'p str>,
}

impl<'p> Standing<'p> {
    fn of(program: &'p Program, slot: DestinationSlot, destination: &'p Destination, consent: &Consent) -> Self {
        let is_granted = |id: &&str| consent.state(id).is_granted();
        let enforced = program.enforced(destination).map(|slot| program.category_id(slot));
        let missing = enforced.filter(|id| !is_granted(id)).collect();
        let declared = destination.requires.iter().map(|slot| program.category_id(*slot));
        let mut granted: Vec<&str> = declared.filter(is_granted).collect();
        granted.sort_unstable();
        granted.dedup();
        Standing {
            ok: enforce::decide(program, slot, consent).is_delivered(),
            granted,
            missing,
        }
    }
}

impl Ledger {
    /// Hands out what is due about these identifiers of a person, and gives how many messages that were.
    ///
    /// `person` is `None` for identifiers that nobody has any more; so is each that the profile does not have. Types of
    /// identifiers that are not sent are passed over. The messages come by identifier, in the order given; then by audience in
    /// order of declaration, and those that are not declared any more behind them by key; then by destination in order of
    /// declaration.
    ///
    /// Nothing is remembered of a message before `sink` has taken it, and all of it then.
    ///
    /// # Errors
    /// The first error of `sink`: its message counts as not handed out, and with it all that would have come after. The next
    /// call hands these out.
    pub fn hand_out<'i, E>(
        &mut self,
        program: &Program,
        moment: &Moment<'_>,
        person: Option<Person<'_>>,
        identifiers: impl IntoIterator<Item = (&'i str, &'i str)>,
        sink: &mut impl FnMut(&Message) -> Result<(), E>,
    ) -> Result<usize, E> {
        self.hand_out_knowing(program, moment, person, identifiers, |_, _| None, sink)
    }

    /// As [`hand_out`](Ledger::hand_out), where more is known of consent than what the profile says, by identifier: nobody is
    /// handed out who does not have what that grants, too. Nothing is remembered of what is held back, so it is due again.
    pub(crate) fn hand_out_knowing<'i, E>(
        &mut self,
        program: &Program,
        moment: &Moment<'_>,
        person: Option<Person<'_>>,
        identifiers: impl IntoIterator<Item = (&'i str, &'i str)>,
        known: impl Fn(&str, &str) -> Option<Consent>,
        sink: &mut impl FnMut(&Message) -> Result<(), E>,
    ) -> Result<usize, E> {
        let nobodys = Consent::default();
        let user_id = OnceCell::new();
        let mut count = 0;
        for (kind, value) in identifiers {
            let Some(kind) = Kind::named(kind) else { continue };
            let value = &*matched(kind.as_str(), value);
            // Whoever does not have an identifier has no say in what is sent of it.
            let person = person.filter(|person| has(person.profile, kind, value));
            let consent = person.map_or(&nobodys, |person| person.profile.consent());
            let subject = Subject {
                kind,
                value,
                person,
                consent,
                left: known(kind.as_str(), value).map(|known| consent.within(&known)),
                user_id: &user_id,
            };
            self.hand_out_one(program, moment, &subject, &mut |message| {
                sink(message)?;
                count += 1;
                Ok(())
            })?;
        }
        Ok(count)
    }

    fn hand_out_one<E>(
        &mut self,
        program: &Program,
        moment: &Moment<'_>,
        subject: &Subject<'_>,
        sink: &mut impl FnMut(&Message) -> Result<(), E>,
    ) -> Result<(), E> {
        let undeclared = self.undeclared(program, subject);
        let anonymous = subject.kind == Kind::AnonymousId;
        let may_go = |slot: &AudienceSlot| {
            let audience = program.audiences.get(slot.index());
            audience.is_some_and(|audience| !anonymous || audience.include_anonymous)
        };
        let reached = subject.person.map_or(&[][..], |person| person.reached).iter();
        let reached: BTreeSet<AudienceSlot> = reached.copied().filter(may_go).collect();
        let entries = self.entries(subject.kind, subject.value).iter();
        let held = entries.filter_map(|entry| program.audience(self.names.of(entry.place).0));
        // Of most people most audiences know nothing.
        let concerned: BTreeSet<AudienceSlot> = held.chain(reached.iter().copied()).collect();
        for slot in concerned {
            if let Some(audience) = program.audiences.get(slot.index()) {
                let is_reached = reached.contains(&slot);
                let destinations = if is_reached { &*audience.destinations } else { &[] };
                self.hand_out_of(program, moment, subject, (&audience.name, destinations), sink)?;
            }
        }
        for key in &undeclared {
            self.hand_out_of(program, moment, subject, (key, &[]), sink)?;
        }
        Ok(())
    }

    /// The keys of audiences that there are no more and that something was sent for, sorted.
    fn undeclared(&self, program: &Program, subject: &Subject<'_>) -> BTreeSet<Box<str>> {
        let entries = self.entries(subject.kind, subject.value).iter();
        let keys = entries.map(|entry| self.names.of(entry.place).0);
        keys.filter(|key| program.audience(key).is_none())
            .map(Box::from)
            .collect()
    }

    /// For one audience, and the destinations at which the person is to be delivered.
    fn hand_out_of<E>(
        &mut self,
        program: &Program,
        moment: &Moment<'_>,
        subject: &Subject<'_>,
        (audience, reached): (&str, &[DestinationSlot]),
        sink: &mut impl FnMut(&Message) -> Result<(), E>,
    ) -> Result<(), E> {
        for (at, destination) in program.destinations.iter().enumerate() {
            let slot = DestinationSlot::at(at);
            let reached = reached.contains(&slot);
            let held = self.held(subject, audience, destination);
            if !reached && held.is_none() {
                continue;
            }
            let standing = Standing::of(program, slot, destination, subject.consent);
            let step = decide(Case {
                held: held.map(|held| held.state),
                reached,
                ok: standing.ok,
                revoked: !standing.ok && held.is_some_and(|held| self.is_revoked(subject, &standing, held)),
                resync: moment.resync.concerns(audience),
                removal: destination.removal,
            });
            let change = match step {
                Step::Nothing => continue,
                Step::Keep => {
                    self.keep(program, subject, audience, destination, &standing);
                    continue;
                }
                Step::Silence => {
                    self.alter(subject, audience, destination, |entry| entry.state = State::Silent);
                    continue;
                }
                Step::Enter => Change::Entered,
                Step::Exit => Change::Exited,
                Step::Remove => Change::Removed,
            };
            let times = held.map_or(0, |held| held.times);
            let user_id = match (change, subject.kind) {
                (_, Kind::UserId | Kind::AnonymousId) => None,
                (Change::Entered, _) => subject.user_id(),
                // Whoever leaves is called as the destination knows them; but nobody else leaves by that.
                (Change::Exited | Change::Removed, _) => held
                    .and_then(|held| held.user_id.clone())
                    .filter(|user_id| !self.stays(subject, audience, destination, user_id)),
            };
            let consent = subject.left.as_ref().unwrap_or(subject.consent);
            let message = Message::new(&Parts {
                program,
                destination,
                audience,
                kind: subject.kind,
                value: subject.value,
                change,
                user_id: user_id.as_deref(),
                consent,
                now: moment.now,
                space: moment.space,
                times,
                before: held,
            });
            // The last look before it is out of our hands, whatever was thought before.
            if !may_go(program, audience, slot, change, consent) {
                continue;
            }
            sink(&message)?;
            let place = self.names.place(audience, &destination.name);
            let (state, basis, user_id) = match change {
                Change::Entered => (State::In, self.names.basis(&standing.granted), user_id),
                Change::Exited | Change::Removed => (State::Out, Basis::NOTHING, None),
            };
            let entry = Entry {
                place,
                basis,
                times: times.saturating_add(1),
                state,
                changed: true,
                at: moment.now,
                user_id,
            };
            self.set(subject.kind, subject.value, entry);
        }
        Ok(())
    }

    /// Takes a message back that is known not to have gone, and those after it before: what the ledger has is what it had.
    pub fn take_back(&mut self, message: &Message) {
        let (_, value) = message.identifier();
        let place = self.names.place(message.audience(), message.destination());
        // Where there was nothing, nothing is held.
        let entry = message.before().cloned().unwrap_or(Entry {
            place,
            basis: Basis::NOTHING,
            times: 0,
            state: State::Out,
            changed: true,
            at: message.timestamp(),
            user_id: None,
        });
        let changed = Entry { changed: true, ..entry };
        self.set(message.kind(), value, changed);
    }

    /// Of an exit that nobody knows to have gone, and that may not go any more: its destination still holds what it was about, on
    /// grants that are not known any more.
    pub(crate) fn keep_held(&mut self, message: &Message) {
        let (_, value) = message.identifier();
        let place = self.names.place(message.audience(), message.destination());
        if let Some(entry) = self.entry(message.kind(), value, place) {
            let entry = Entry {
                state: State::In,
                changed: true,
                ..entry.clone()
            };
            self.set(message.kind(), value, entry);
        }
    }

    /// Whether a `user_id` that went along with an identifier is somebody else's by now, and is held there itself.
    fn stays(&self, subject: &Subject<'_>, audience: &str, destination: &Destination, user_id: &str) -> bool {
        let profile = subject.person.map(|person| person.profile);
        let is_own = profile.is_some_and(|profile| has(profile, Kind::UserId, user_id));
        let place = self.names.find(audience, &destination.name);
        let entry = place.and_then(|place| self.entry(Kind::UserId, user_id, place));
        !is_own && entry.is_some_and(Entry::is_held)
    }

    fn held(&self, subject: &Subject<'_>, audience: &str, destination: &Destination) -> Option<&Entry> {
        let place = self.names.find(audience, &destination.name)?;
        self.entry(subject.kind, subject.value, place)
    }

    /// Whether something is missing that was granted when the destination was last sent something, or since.
    fn is_revoked(&self, subject: &Subject<'_>, standing: &Standing<'_>, held: &Entry) -> bool {
        let basis = self.names.categories(held.basis);
        let mut missing = standing.missing.iter();
        match subject.person {
            Some(_) => missing.any(|id| basis.iter().any(|known| **known == **id)),
            // Of nobody no grant is known any more.
            None => !basis.is_empty(),
        }
    }

    /// Notes on which grants the destination goes on holding the identifier. What was revoked of a category that is disabled is
    /// still revoked when it is enabled again.
    fn keep(
        &mut self,
        program: &Program,
        subject: &Subject<'_>,
        audience: &str,
        destination: &Destination,
        standing: &Standing<'_>,
    ) {
        let held = self.held(subject, audience, destination);
        let basis = held.map_or(&[][..], |held| self.names.categories(held.basis));
        let is_disabled = |id: &str| {
            let mut required = destination.requires.iter();
            let disabled = |slot: &CategorySlot| program.categories.get(slot.index()).is_some_and(|c| !c.enabled);
            program.enforcement && required.any(|slot| program.category_id(*slot) == id && disabled(slot))
        };
        let kept = basis.iter().map(|id| &**id).filter(|id| is_disabled(id));
        let granted: BTreeSet<&str> = standing.granted.iter().copied().chain(kept).collect();
        if !basis.iter().map(|id| &**id).eq(granted.iter().copied()) {
            let granted: Vec<String> = granted.into_iter().map(str::to_owned).collect();
            let basis = self.names.basis(&granted);
            self.alter(subject, audience, destination, |entry| entry.basis = basis);
        }
    }

    /// Changes what is known of something that is held, without any message.
    fn alter(
        &mut self,
        subject: &Subject<'_>,
        audience: &str,
        destination: &Destination,
        alter: impl FnOnce(&mut Entry),
    ) {
        if let Some(mut entry) = self.held(subject, audience, destination).cloned() {
            alter(&mut entry);
            entry.changed = true;
            self.set(subject.kind, subject.value, entry);
        }
    }
}

/// Whether a message may go by a consent: none but a removal does without what the destination requires, and no entry without
/// what the audience asks for.
pub(crate) fn may_go(
    program: &Program,
    audience: &str,
    destination: DestinationSlot,
    change: Change,
    consent: &Consent,
) -> bool {
    let audience = program.audience(audience);
    let audience = audience.and_then(|slot| program.audiences.get(slot.index()));
    let asks = audience.map_or(&[][..], |audience| &audience.consent);
    let mut asks = asks.iter().map(|slot| program.category_id(*slot));
    match change {
        Change::Removed => true,
        Change::Exited => enforce::decide(program, destination, consent).is_delivered(),
        Change::Entered => {
            enforce::decide(program, destination, consent).is_delivered()
                && asks.all(|category| consent.state(category).is_granted())
        }
    }
}

fn has(profile: &Profile, kind: Kind, value: &str) -> bool {
    profile.identifiers().of(kind.as_str()).any(|own| own == value)
}
