//! Who is in which audience, kept up to date as profiles change and time passes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::sync::Arc;

use super::change::Change;
use super::error::LiveError;
use crate::eval::members::{self, Groups, Laid};
use crate::eval::{self, Network, Row, Standing, Step, Watch};
use crate::ingest::{EventId, Identifier, PersonId, State, Touched};
use crate::ir::{AudienceSlot, Program, Subject};
use crate::model::{IdentityRules, Profile, Profiles, account_label, label};
use crate::time::Timestamp;

/// The memberships of all profiles and accounts, as of the instant at which each changed last.
#[derive(Debug)]
pub(super) struct Memberships {
    program: Arc<Program>,
    rules: IdentityRules,
    network: Network,
    step: Step,
    /// What time changes in audiences of accounts and of users; `None` where there is none of accounts.
    with_accounts: Option<Watch>,
    /// By the number of the profile.
    people: Vec<Option<Stood>>,
    /// When each profile has to be looked at again, and instants that no longer count.
    timers: BinaryHeap<Reverse<(Timestamp, PersonId)>>,
    users_of: BTreeMap<Box<str>, BTreeSet<PersonId>>,
    /// The audiences that each account is in.
    accounts: BTreeMap<Box<str>, Vec<AudienceSlot>>,
}

/// So many timers that no longer count are never minded.
const MANY: usize = 1024;

/// What is known of a profile.
#[derive(Debug)]
struct Stood {
    label: Arc<str>,
    standing: Standing,
    /// What time changes is known up to here.
    as_of: Timestamp,
    /// When something may change by itself; the end of time for never.
    due: Timestamp,
    /// The accounts with which it is evaluated.
    accounts: Box<[Box<str>]>,
    /// A funnel of somebody else's audience costs too much for it, so it is evaluated audience by audience.
    is_plain: bool,
    /// What it granted, a bit for each category, where these are few enough: whatever else is said of consent is no news for
    /// destinations.
    granted: Option<u64>,
}

/// What came of a change.
#[derive(Debug, Default)]
pub(super) struct Moved {
    pub(super) changes: Vec<Change>,
    /// The profiles of which a destination may have to be told something.
    pub(super) people: BTreeSet<PersonId>,
    /// Identifiers whose owner may be another, or nobody.
    pub(super) identifiers: BTreeSet<Identifier>,
    /// Whether anybody may have lost a grant.
    pub(super) revokes: bool,
}

/// The audiences that profiles and accounts are in, by their labels.
pub(super) type Lists = BTreeMap<Arc<str>, Vec<AudienceSlot>>;

/// What has changed, while it is gathered.
#[derive(Debug, Default)]
struct Gathered {
    moved: Moved,
    before: Lists,
    after: Lists,
    /// To be evaluated with their users.
    accounts: BTreeSet<Box<str>>,
}

impl Memberships {
    pub(super) fn new(program: Arc<Program>, rules: IdentityRules) -> Self {
        Memberships {
            network: Network::new(&program),
            with_accounts: members::has_accounts(&program).then(|| {
                let slots = 0..program.audiences.len();
                Watch::new(&program, slots.map(AudienceSlot::at))
            }),
            program,
            rules,
            step: Step::new(),
            people: Vec::new(),
            timers: BinaryHeap::new(),
            users_of: BTreeMap::new(),
            accounts: BTreeMap::new(),
        }
    }

    /// Evaluates everybody anew, as of `now`.
    pub(super) fn load(&mut self, state: &State, now: Timestamp) -> Result<(), LiveError> {
        self.people.clear();
        self.timers.clear();
        self.users_of.clear();
        self.accounts.clear();
        let mut gathered = Gathered::default();
        for (person, profile) in state.people() {
            self.put(person, profile, false, now, &mut gathered)?;
        }
        if self.with_accounts.is_some() {
            gathered.accounts.extend(state.account_ids().map(Box::from));
        }
        self.evaluate_accounts(state, now, &mut gathered)
    }

    /// The audiences by which a profile is to be delivered: of those of accounts, those that an account of it is in and whose
    /// clauses do not leave it out.
    pub(super) fn reached(&self, person: PersonId) -> Vec<AudienceSlot> {
        let stood = self.stood(person);
        stood.map_or_else(Vec::new, |stood| self.network.members(&stood.standing))
    }

    /// How a profile is called.
    pub(super) fn label(&self, person: PersonId) -> Option<&Arc<str>> {
        self.stood(person).map(|stood| &stood.label)
    }

    /// The profiles, by their numbers.
    pub(super) fn everybody(&self) -> impl Iterator<Item = PersonId> {
        let people = self.people.iter().enumerate().filter(|(_, stood)| stood.is_some());
        people.map(|(at, _)| PersonId::at(at))
    }

    /// The members of an audience, by their labels, sorted.
    pub(super) fn members(&self, audience: AudienceSlot) -> Vec<Arc<str>> {
        let of = self.program.audiences.get(audience.index()).map(|audience| audience.of);
        let mut members: Vec<Arc<str>> = match of {
            Some(Subject::Account) => {
                let accounts = self.accounts.iter().filter(|(_, lists)| lists.contains(&audience));
                accounts.map(|(id, _)| account_label(id).into()).collect()
            }
            _ => {
                let people = self.people.iter().flatten();
                let people = people.filter(|stood| self.network.is_member(&stood.standing, audience));
                people.map(|stood| stood.label.clone()).collect()
            }
        };
        members.sort();
        members
    }

    /// The audiences of users that each profile is in, and those of accounts that each account is in.
    pub(super) fn lists(&self) -> Lists {
        let people = self.people.iter().flatten();
        let people = people.map(|stood| {
            (
                stood.label.clone(),
                audiences(&self.network, &self.program, &stood.standing),
            )
        });
        let accounts = self.accounts.iter();
        let accounts = accounts.map(|(id, slots)| (account_label(id).into(), slots.clone()));
        people.chain(accounts).collect()
    }

    /// The changes that lead from one such state to another.
    pub(super) fn between(&self, before: Lists, after: Lists, now: Timestamp) -> Vec<Change> {
        let gathered = Gathered {
            before,
            after,
            ..Gathered::default()
        };
        self.told(gathered, now).changes
    }

    /// When something may change by itself next. Until then nothing does.
    pub(super) fn due(&mut self) -> Option<Timestamp> {
        while let Some(Reverse((due, person))) = self.timers.peek() {
            if self.stood(*person).is_some_and(|stood| stood.due == *due) {
                return Some(*due);
            }
            self.timers.pop();
        }
        None
    }

    /// Takes in what became of profiles, as of `now`.
    pub(super) fn touch(&mut self, state: &State, touched: Vec<Touched>, now: Timestamp) -> Result<Moved, LiveError> {
        let mut gathered = Gathered::default();
        let mut whole: BTreeSet<PersonId> = BTreeSet::new();
        let mut partly: BTreeMap<PersonId, Vec<EventId>> = BTreeMap::new();
        let mut identified: BTreeSet<PersonId> = BTreeSet::new();
        for touched in touched {
            match touched {
                Touched::Event(person, event) | Touched::Identified(person, event) => {
                    if !whole.contains(&person) {
                        partly.entry(person).or_default().push(event);
                        if matches!(touched, Touched::Identified(..)) {
                            identified.insert(person);
                        }
                    }
                }
                Touched::Whole(person) => {
                    self.take_out(person, &mut gathered);
                    partly.remove(&person);
                    whole.insert(person);
                }
                Touched::Gone(person) => {
                    self.take_out(person, &mut gathered);
                    partly.remove(&person);
                    whole.remove(&person);
                }
                Touched::Identifier(id) => gathered.moved.identifiers.extend(state.named(id).cloned()),
            }
        }
        // Whoever is new had nothing to lose; of those who are put together or apart nobody knows without looking.
        gathered.moved.revokes = !gathered.before.is_empty() || !gathered.moved.identifiers.is_empty();
        for person in whole {
            if let Some(profile) = state.person(person) {
                self.put(person, profile, false, now, &mut gathered)?;
                gathered.moved.people.insert(person);
            }
        }
        for (person, events) in partly {
            if let Some(profile) = state.person(person) {
                let identified = identified.contains(&person);
                self.take_events((person, profile), &events, identified, state, now, &mut gathered)?;
            }
        }
        self.evaluate_accounts(state, now, &mut gathered)?;
        Ok(self.told(gathered, now))
    }

    /// Lets time pass, up to `now`.
    pub(super) fn pass(&mut self, state: &State, now: Timestamp) -> Result<Moved, LiveError> {
        let mut gathered = Gathered::default();
        while self.due().is_some_and(|due| due <= now) {
            let Some(Reverse((_, person))) = self.timers.pop() else {
                break;
            };
            let Some(profile) = state.person(person) else {
                continue;
            };
            let Some(Some(stood)) = self.people.get_mut(person.index()) else {
                continue;
            };
            if !stood.accounts.is_empty() {
                gathered.accounts.extend(stood.accounts.iter().cloned());
                // It gets another when the account is evaluated.
                stood.due = Timestamp::MAX;
                continue;
            }
            if stood.is_plain {
                self.put_plainly(person, profile, now, &mut gathered)?;
                continue;
            }
            self.step.begin(&self.network);
            self.step.time(&self.network, &self.program, profile, stood.as_of, now);
            self.carry_out(person, profile, now, &mut gathered)?;
        }
        self.evaluate_accounts(state, now, &mut gathered)?;
        Ok(self.told(gathered, now))
    }

    fn stood(&self, person: PersonId) -> Option<&Stood> {
        self.people.get(person.index())?.as_ref()
    }

    /// Takes in events of a profile that is known.
    fn take_events(
        &mut self,
        (person, profile): (PersonId, &Arc<Profile>),
        events: &[EventId],
        identified: bool,
        state: &State,
        now: Timestamp,
        gathered: &mut Gathered,
    ) -> Result<(), LiveError> {
        let Some(Some(stood)) = self.people.get_mut(person.index()) else {
            return Ok(());
        };
        self.step.begin(&self.network);
        let mut is_read = identified || stood.due <= now;
        for about in events.iter().filter_map(|event| state.about(*event)) {
            if let Some(name) = about.event {
                is_read |= self.network.knows_event(name);
                self.step.event(&self.network, name);
            }
            for (key, _) in about.traits.into_iter().flat_map(|traits| traits.iter()) {
                is_read |= self.network.knows_trait(key);
                self.step.trait_set(&self.network, key);
            }
            is_read |= about.consent || about.is_group;
            if about.consent {
                self.step.consent(&self.network);
                let granted = granted(&self.program, profile);
                if granted.is_none() || granted != stood.granted {
                    let lost = stood.granted.zip(granted).map(|(before, after)| before & !after);
                    gathered.moved.revokes |= lost != Some(0);
                    stood.granted = granted;
                    gathered.moved.people.insert(person);
                }
            }
        }
        if identified {
            gathered.moved.people.insert(person);
            self.step.identity(&self.network);
        }
        if !is_read {
            return Ok(());
        }
        if self.with_accounts.is_some() && profile.accounts().next().is_some() {
            // Whether it belonged to one before or not, all is found anew, with the others of its accounts.
            self.take_out(person, gathered);
            return self.put(person, profile, false, now, gathered);
        }
        if stood.is_plain {
            return self.put_plainly(person, profile, now, gathered);
        }
        // What falls due at the same instant is found with it.
        if stood.due <= now {
            self.step.time(&self.network, &self.program, profile, stood.as_of, now);
        }
        let old = stood.label.clone();
        let before = identified.then(|| audiences(&self.network, &self.program, &stood.standing));
        if identified {
            stood.label = label(profile.identifiers(), &self.rules).into();
        }
        let is_renamed = stood.label != old;
        if let Some(before) = before.filter(|_| is_renamed) {
            // It is called by another name from now on.
            gathered.before.insert(old, before);
        }
        self.carry_out(person, profile, now, gathered)?;
        if let Some(stood) = self.stood(person).filter(|_| is_renamed) {
            let after = audiences(&self.network, &self.program, &stood.standing);
            let label = stood.label.clone();
            gathered.moved.changes.retain(|change| change.member != label);
            gathered.before.remove(&label);
            gathered.after.insert(label, after);
        }
        Ok(())
    }

    /// Asks again what the step at hand is about.
    fn carry_out(
        &mut self,
        person: PersonId,
        profile: &Profile,
        now: Timestamp,
        gathered: &mut Gathered,
    ) -> Result<(), LiveError> {
        let Some(Some(stood)) = self.people.get_mut(person.index()) else {
            return Ok(());
        };
        let standing = &mut stood.standing;
        let changed = self
            .step
            .carry_out(&self.network, &self.program, profile, standing, now);
        let Ok(changed) = changed else {
            return self.put_plainly(person, profile, now, gathered);
        };
        if !changed.is_empty() {
            gathered.moved.people.insert(person);
        }
        let changes = changed.iter();
        let changes = changes.map(|(audience, entered)| change(&self.program, now, &stood.label, *audience, *entered));
        gathered.moved.changes.extend(changes);
        self.wind(person, profile, now);
        Ok(())
    }

    /// Evaluates a profile audience by audience, as a run does: a funnel that decides nothing for it may cost too much.
    fn put_plainly(
        &mut self,
        person: PersonId,
        profile: &Profile,
        now: Timestamp,
        gathered: &mut Gathered,
    ) -> Result<(), LiveError> {
        self.take_out(person, gathered);
        gathered.moved.people.insert(person);
        self.put(person, profile, true, now, gathered)
    }

    /// Takes a profile out, and remembers what it was in.
    fn take_out(&mut self, person: PersonId, gathered: &mut Gathered) {
        let Some(stood) = self.people.get_mut(person.index()).and_then(Option::take) else {
            return;
        };
        let before = audiences(&self.network, &self.program, &stood.standing);
        gathered.before.insert(stood.label, before);
        for account in stood.accounts {
            if let Some(users) = self.users_of.get_mut(&account) {
                users.remove(&person);
                if users.is_empty() {
                    self.users_of.remove(&account);
                }
            }
            gathered.accounts.insert(account);
        }
    }

    /// Puts a profile in that is not there: evaluates it, or sees to it that it is evaluated with others.
    fn put(
        &mut self,
        person: PersonId,
        profile: &Profile,
        plainly: bool,
        now: Timestamp,
        gathered: &mut Gathered,
    ) -> Result<(), LiveError> {
        let label: Arc<str> = label(profile.identifiers(), &self.rules).into();
        let accounts: Box<[Box<str>]> = match self.with_accounts {
            Some(_) => profile.accounts().map(Box::from).collect(),
            None => Box::default(),
        };
        let (standing, is_plain) = if accounts.is_empty() {
            let (standing, is_plain) = self.stand(profile, &label, plainly, now)?;
            let after = audiences(&self.network, &self.program, &standing);
            gathered.after.insert(label.clone(), after);
            (standing, is_plain)
        } else {
            for account in &accounts {
                self.users_of.entry(account.clone()).or_default().insert(person);
            }
            gathered.accounts.extend(accounts.iter().cloned());
            (Standing::default(), false)
        };
        if self.people.len() <= person.index() {
            self.people.resize_with(person.index() + 1, || None);
        }
        let is_alone = accounts.is_empty();
        if let Some(place) = self.people.get_mut(person.index()) {
            *place = Some(Stood {
                label,
                standing,
                as_of: now,
                due: Timestamp::MAX,
                accounts,
                is_plain,
                granted: granted(&self.program, profile),
            });
        }
        if is_alone {
            self.wind(person, profile, now);
        }
        Ok(())
    }

    /// What holds of a profile, and whether it was evaluated plainly.
    fn stand(
        &mut self,
        profile: &Profile,
        label: &str,
        plainly: bool,
        now: Timestamp,
    ) -> Result<(Standing, bool), LiveError> {
        if !plainly && let Ok(standing) = self.step.stand(&self.network, &self.program, profile, now) {
            return Ok((standing, false));
        }
        let mut row = Row::new(&self.program, profile, now);
        eval::evaluate(&self.program, &mut row, &[]);
        if row.is_exhausted() {
            return Err(LiveError::TooCostly(label.to_owned()));
        }
        let mut standing = Standing::default();
        self.network.assign(&mut standing, |slot| row.is_member(slot));
        Ok((standing, true))
    }

    /// Sets the timer of a profile that was evaluated as of `now`.
    fn wind(&mut self, person: PersonId, profile: &Profile, now: Timestamp) {
        let due = self.network.next(&self.program, profile, now);
        self.wind_to(person, due, now);
    }

    fn wind_to(&mut self, person: PersonId, due: Option<Timestamp>, now: Timestamp) {
        let Some(Some(stood)) = self.people.get_mut(person.index()) else {
            return;
        };
        stood.as_of = now;
        let due = due.unwrap_or(Timestamp::MAX);
        if stood.due != due {
            stood.due = due;
            if due < Timestamp::MAX {
                self.timers.push(Reverse((due, person)));
            }
            // Those that no longer count would otherwise stay until their time.
            if self.timers.len() > 2 * self.people.len() + MANY {
                let people = self.people.iter().enumerate();
                let dues = people.filter_map(|(at, stood)| Some((stood.as_ref()?.due, PersonId::at(at))));
                self.timers = dues.filter(|(due, _)| *due < Timestamp::MAX).map(Reverse).collect();
            }
        }
    }

    /// Evaluates accounts with all that hang together with them.
    fn evaluate_accounts(&mut self, state: &State, now: Timestamp, gathered: &mut Gathered) -> Result<(), LiveError> {
        let mut seen: BTreeSet<Box<str>> = BTreeSet::new();
        for account in std::mem::take(&mut gathered.accounts) {
            if !seen.contains(&account) {
                self.evaluate_group(account, state, now, &mut seen, gathered)?;
            }
        }
        Ok(())
    }

    fn evaluate_group(
        &mut self,
        account: Box<str>,
        state: &State,
        now: Timestamp,
        seen: &mut BTreeSet<Box<str>>,
        gathered: &mut Gathered,
    ) -> Result<(), LiveError> {
        let mut people: BTreeSet<PersonId> = BTreeSet::new();
        let mut accounts: BTreeSet<Box<str>> = BTreeSet::new();
        let mut open = VecDeque::from([account]);
        while let Some(account) = open.pop_front() {
            if !accounts.insert(account.clone()) {
                continue;
            }
            for person in self.users_of.get(&account).into_iter().flatten() {
                if people.insert(*person) {
                    open.extend(
                        self.stood(*person)
                            .into_iter()
                            .flat_map(|stood| stood.accounts.iter().cloned()),
                    );
                }
            }
        }
        seen.extend(accounts.iter().cloned());
        for account in &accounts {
            let before = self.accounts.remove(account).unwrap_or_default();
            gathered.before.insert(account_label(account).into(), before);
        }
        let people: Vec<PersonId> = people
            .into_iter()
            .filter(|person| state.person(*person).is_some())
            .collect();
        let users = people.iter().filter_map(|person| state.person(*person).cloned());
        let traits = accounts
            .iter()
            .filter_map(|id| Some((id.clone(), state.account(id)?.clone())));
        let profiles = Profiles::new(users.collect(), traits.collect());
        let program = self.program.clone();
        let mut groups = Groups::new(&profiles);
        let mut laid = Laid::default();
        for at in 0..groups.accounts.len() {
            let Some(group) = groups.group(at) else { continue };
            laid.evaluate(&program, &groups, group, now);
            for (at, row) in laid.accounts() {
                let Some((id, _)) = groups.accounts.get(at) else {
                    continue;
                };
                let slots = program.audiences.iter().enumerate();
                let slots = slots.filter(|(_, audience)| audience.of == Subject::Account);
                let slots = slots
                    .map(|(at, _)| AudienceSlot::at(at))
                    .filter(|slot| row.is_member(*slot));
                let slots: Vec<AudienceSlot> = slots.collect();
                gathered.after.insert(account_label(id).into(), slots.clone());
                self.accounts.insert(Box::from(*id), slots);
            }
            for (at, row) in laid.users() {
                let Some((person, profile)) = people.get(at).copied().zip(profiles.users().get(at)) else {
                    continue;
                };
                let due = self.due_with_accounts(profile, &profiles, now);
                let Some(Some(stood)) = self.people.get_mut(person.index()) else {
                    continue;
                };
                if row.is_exhausted() {
                    return Err(LiveError::TooCostly(stood.label.to_string()));
                }
                let before = std::mem::take(&mut stood.standing);
                self.network.assign(&mut stood.standing, |slot| {
                    let audience = program.audiences.get(slot.index());
                    row.is_member(slot)
                        && audience
                            .is_some_and(|audience| audience.of == Subject::User || eval::deliverable(audience, row))
                });
                // One that was put in just now stood nowhere; what it was in before is remembered already.
                if before != Standing::default() {
                    let was_in = audiences(&self.network, &program, &before);
                    gathered.before.entry(stood.label.clone()).or_insert(was_in);
                }
                let is_in = audiences(&self.network, &program, &stood.standing);
                gathered.after.insert(stood.label.clone(), is_in);
                if before != stood.standing {
                    gathered.moved.people.insert(person);
                }
                self.wind_to(person, due, now);
            }
        }
        Ok(())
    }

    /// When something may change of a user or of its accounts.
    fn due_with_accounts(&self, profile: &Profile, profiles: &Profiles, now: Timestamp) -> Option<Timestamp> {
        let watch = self.with_accounts.as_ref()?;
        let accounts = profile.accounts().filter_map(|id| profiles.accounts().get(id));
        let dues = accounts.filter_map(|account| watch.next_of_account(&account.traits, now));
        dues.chain(watch.next(&self.program, profile, now)).min()
    }

    /// The changes that lie between what was and what is.
    fn told(&self, gathered: Gathered, now: Timestamp) -> Moved {
        let Gathered {
            mut moved,
            before,
            after,
            ..
        } = gathered;
        let none = Vec::new();
        let labels: BTreeSet<&Arc<str>> = before.keys().chain(after.keys()).collect();
        for label in labels {
            let (was, is) = (before.get(label).unwrap_or(&none), after.get(label).unwrap_or(&none));
            let left = was.iter().filter(|slot| is.binary_search(slot).is_err());
            let entered = is.iter().filter(|slot| was.binary_search(slot).is_err());
            moved
                .changes
                .extend(left.map(|slot| change(&self.program, now, label, *slot, false)));
            moved
                .changes
                .extend(entered.map(|slot| change(&self.program, now, label, *slot, true)));
        }
        moved.changes.sort_by(|a, b| a.order().cmp(&b.order()));
        moved
    }
}

/// The audiences of users that a profile is in, sorted.
fn audiences(network: &Network, program: &Program, standing: &Standing) -> Vec<AudienceSlot> {
    let mut members = network.members(standing);
    members.retain(|slot| {
        let audience = program.audiences.get(slot.index());
        audience.is_some_and(|audience| audience.of == Subject::User)
    });
    members
}

/// A bit for each category that is granted; `None` where there are too many for that.
fn granted(program: &Program, profile: &Profile) -> Option<u64> {
    let categories = program.categories.iter().enumerate();
    let granted = categories.filter(|(_, category)| profile.consent().state(&category.id).is_granted());
    let bits = granted.map(|(at, _)| 1_u64 << (at % 64)).fold(0, |all, bit| all | bit);
    (program.categories.len() <= 64).then_some(bits)
}

fn change(program: &Program, at: Timestamp, label: &Arc<str>, slot: AudienceSlot, entered: bool) -> Change {
    let audience = program.audiences.get(slot.index());
    Change {
        at,
        member: label.clone(),
        slot,
        audience: audience.map_or_else(Box::default, |audience| audience.name.clone()),
        entered,
    }
}
