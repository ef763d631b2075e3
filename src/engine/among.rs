//! Questions about one profile among all of them, for audiences that depend on accounts.

use super::Engine;
use super::delivery::{Delivery, Through};
use super::error::Error;
use super::until;
use crate::eval::members::{self, Groups, Laid};
use crate::eval::{self, Row};
use crate::explain::{Asked, Explanation};
use crate::ir::{AudienceSlot, Subject};
use crate::model::{Account, Consent, Profile, Profiles, account_label};
use crate::time::Timestamp;
use crate::value::Value;

/// One profile among the others: what [`Engine`] answers about a profile alone, for audiences of accounts too.
///
/// ```
/// use volens::Engine;
///
/// let engine = Engine::from_text("a.audience", r#"
///     audience big of accounts { who account trait seats >= 100 }
///     audience their_admins { who trait role = "admin" and member of big }
/// "#)?;
/// let events = r#"
///     {"type": "identify", "userId": "u1", "timestamp": "2026-06-01T00:00:00Z", "traits": {"role": "admin"}}
///     {"type": "group", "userId": "u1", "groupId": "acme", "timestamp": "2026-06-01T00:00:01Z", "traits": {"seats": 250}}
/// "#;
/// let now = "2026-06-30".parse::<volens::Timestamp>()?;
/// let people = engine.ingest(events.as_bytes(), now)?.profiles;
/// let profile = people.find("user_id", "u1").unwrap();
/// assert!(engine.among(&people).is_member("their_admins", profile, now)?);
/// // Alone, a profile does not say what its account is like.
/// assert!(engine.is_member("their_admins", profile, now).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Among<'e> {
    pub(super) engine: &'e Engine,
    pub(super) profiles: &'e Profiles,
}

impl<'e> Among<'e> {
    pub(super) fn new(engine: &'e Engine, profiles: &'e Profiles) -> Self {
        Among { engine, profiles }
    }

    /// Whether a profile is a member of an audience, as of `now`; of an audience of accounts, whether any account of the
    /// profile is.
    ///
    /// # Errors
    /// [`Error::UnknownAudience`]; [`Error::NotAmong`] where its accounts matter and the profile is not one of these as it
    /// stands; [`Error::TooCostly`]
    pub fn is_member(&self, audience: &str, profile: &Profile, now: Timestamp) -> Result<bool, Error> {
        let slot = self.engine.slot(audience)?;
        self.with_row(profile, now, |row| row.is_member(slot))
    }

    /// The audiences of users that a profile is in, in order of declaration.
    ///
    /// # Errors
    /// [`Error::NotAmong`], [`Error::TooCostly`]
    pub fn memberships(&self, profile: &Profile, now: Timestamp) -> Result<Vec<&'e str>, Error> {
        let audiences = &self.engine.program().audiences;
        self.with_row(profile, now, |row| {
            let audiences = audiences.iter().enumerate();
            let is_in =
                audiences.filter(|(at, audience)| audience.of == Subject::User && row.is_member(AudienceSlot::at(*at)));
            is_in.map(|(_, audience)| &*audience.name).collect()
        })
    }

    /// The destinations of an audience, in order of declaration, and what becomes of this profile at each. In an audience of
    /// accounts, the users of a member that its clauses leave out are no members.
    ///
    /// # Errors
    /// [`Error::UnknownAudience`], [`Error::NotAmong`], [`Error::TooCostly`]
    pub fn deliveries(&self, audience: &str, profile: &Profile, now: Timestamp) -> Result<Vec<Delivery<'e>>, Error> {
        let slot = self.engine.slot(audience)?;
        let audience = self.engine.program().audiences.get(slot.index());
        let reached = self.with_row(profile, now, |row| {
            row.is_member(slot) && audience.is_some_and(|audience| eval::deliverable(audience, row))
        })?;
        Ok(self.engine.delivered(slot, profile, reached))
    }

    /// The audiences that deliver this profile or filter it, those of its accounts too, each with what becomes of it at its
    /// destinations; evaluated once for all of them.
    ///
    /// # Errors
    /// [`Error::NotAmong`], [`Error::TooCostly`]
    pub fn all_deliveries(
        &self,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<Vec<(&'e str, Vec<Delivery<'e>>)>, Error> {
        let audiences = &self.engine.program().audiences;
        let reached: Vec<AudienceSlot> = self.with_row(profile, now, |row| {
            let slots = audiences
                .iter()
                .enumerate()
                .map(|(at, audience)| (AudienceSlot::at(at), audience));
            let reached = slots.filter(|(slot, audience)| row.is_member(*slot) && eval::deliverable(audience, row));
            reached.map(|(slot, _)| slot).collect()
        })?;
        let deliveries = reached.into_iter().filter_map(|slot| {
            let audience = audiences.get(slot.index())?;
            Some((&*audience.name, self.engine.delivered(slot, profile, true)))
        });
        Ok(deliveries.collect())
    }

    /// The audiences of accounts that an account of this profile is in, in order of declaration:
    /// [`deliveries`](Among::deliveries) has what becomes of the profile there.
    ///
    /// # Errors
    /// [`Error::NotAmong`], [`Error::TooCostly`]
    pub fn through_accounts(&self, profile: &Profile, now: Timestamp) -> Result<Vec<Through<'e>>, Error> {
        let mut groups = Groups::new(self.profiles);
        let others = self.with_others(profile, &mut groups, now)?;
        let user = others
            .as_ref()
            .and_then(|(place, laid)| self.user(*place, &groups, laid));
        let Some(User { row, accounts, .. }) = user else {
            return Ok(Vec::new());
        };
        let audiences = self.engine.program().audiences.iter().enumerate();
        let through = audiences.filter(|(_, audience)| audience.of == Subject::Account);
        let through = through.filter_map(|(at, audience)| {
            let are_in = accounts.iter().filter(|(_, row)| row.is_member(AudienceSlot::at(at)));
            let accounts: Vec<String> = are_in.map(|(label, _)| label.clone()).collect();
            (!accounts.is_empty()).then(|| Through {
                audience: &audience.name,
                accounts,
                left_out: !eval::deliverable(audience, row),
            })
        });
        Ok(through.collect())
    }

    /// Why a profile is in an audience of users or not, as [`Engine::explain`] tells it; of an audience of accounts that the
    /// conditions ask for, which account of the profile is in it.
    ///
    /// # Errors
    /// [`Error::UnknownAudience`]; [`Error::OfAccounts`] for an audience of accounts, with the accounts of the profile that
    /// can be asked about; [`Error::NotAmong`]; [`Error::TooCostly`]
    pub fn explain(&self, audience: &str, profile: &Profile, now: Timestamp) -> Result<Explanation, Error> {
        let slot = self.engine.slot(audience)?;
        if self.of(slot) == Subject::Account {
            return Err(Error::OfAccounts {
                audience: audience.to_owned(),
                profile: self.engine.label(profile),
                accounts: profile.accounts().map(account_label).collect(),
            });
        }
        let label = self.engine.label(profile);
        let mut groups = Groups::new(self.profiles);
        let others = self.with_others(profile, &mut groups, now)?;
        let user = others
            .as_ref()
            .and_then(|(place, laid)| self.user(*place, &groups, laid));
        let Some(User { row, accounts, .. }) = user else {
            let row = self.engine.evaluated(profile, now)?;
            let asked = Asked {
                until: until::told(self.until_of(slot, profile, now)),
                ..Asked::user(&label, &row, profile.consent())
            };
            return self.engine.explained(slot, asked);
        };
        let accounts: Vec<(&str, &Row<'_>)> = accounts.iter().map(|(label, row)| (&**label, *row)).collect();
        let asked = Asked {
            accounts: &accounts,
            until: until::told(self.until_of(slot, profile, now)),
            ..Asked::user(&label, row, profile.consent())
        };
        self.engine.explained(slot, asked)
    }

    /// Why an account is in an audience of accounts or not, condition by condition, those on its users told of one of them;
    /// and how many of its users each destination receives. `group_id` is the account's id, without `group_id:`.
    ///
    /// ```
    /// use volens::Engine;
    ///
    /// let engine = Engine::from_text("a.audience", r#"
    ///     audience led of accounts { who any user (trait role = "admin") }
    /// "#)?;
    /// let events = r#"
    ///     {"type": "identify", "userId": "u1", "timestamp": "2026-06-01T00:00:00Z", "traits": {"role": "admin"}}
    ///     {"type": "group", "userId": "u1", "groupId": "acme", "timestamp": "2026-06-01T00:00:01Z"}
    /// "#;
    /// let now = "2026-06-30".parse::<volens::Timestamp>()?;
    /// let people = engine.ingest(events.as_bytes(), now)?.profiles;
    /// let why = engine.among(&people).explain_account("led", "acme", now)?;
    /// assert!(why.member);
    /// assert_eq!(
    ///     why.conditions.because,
    ///     "the only user of the account meets the condition; one is needed; shown is user_id:u1"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownAudience`]; [`Error::UnknownAccount`]; [`Error::OfUsers`] for an audience of users, with the users of
    /// the account that can be asked about; [`Error::TooCostly`]
    pub fn explain_account(&self, audience: &str, group_id: &str, now: Timestamp) -> Result<Explanation, Error> {
        let slot = self.slot_of_accounts(audience, group_id)?;
        let account = self.account(group_id)?;
        let mut groups = Groups::new(self.profiles);
        let (row, laid) = self.laid_account(group_id, &mut groups, now)?;
        let row = laid.account(row).ok_or_else(|| unknown(group_id))?;
        let users = account.users.iter();
        let mut users: Vec<User<'_>> = users.filter_map(|place| self.user(*place, &groups, &laid)).collect();
        // The first to tell about is the first in every list.
        users.sort_by(|a, b| a.label.cmp(&b.label));
        let accounts: Vec<Vec<(&str, &Row<'_>)>> = users
            .iter()
            .map(|user| user.accounts.iter().map(|(label, row)| (&**label, *row)).collect())
            .collect();
        let people = users.iter().zip(&accounts).map(|(user, accounts)| Asked {
            accounts,
            ..Asked::user(&user.label, user.row, user.profile.consent())
        });
        let people: Vec<Asked<'_>> = people.collect();
        let rows: Vec<&Row<'_>> = users.iter().map(|user| user.row).collect();
        let (label, consent) = (account_label(group_id), Consent::default());
        let asked = Asked {
            label: &label,
            row,
            consent: &consent,
            users: &rows,
            people: &people,
            accounts: &[],
            until: until::told(self.account_until(audience, group_id, now)),
        };
        self.engine.explained(slot, asked)
    }

    /// The audiences of accounts that an account is in, in order of declaration.
    ///
    /// # Errors
    /// [`Error::UnknownAccount`], [`Error::TooCostly`]
    pub fn account_memberships(&self, group_id: &str, now: Timestamp) -> Result<Vec<&'e str>, Error> {
        let mut groups = Groups::new(self.profiles);
        let (account, laid) = self.laid_account(group_id, &mut groups, now)?;
        let row = laid.account(account).ok_or_else(|| unknown(group_id))?;
        let audiences = self.engine.program().audiences.iter().enumerate();
        let is_in =
            audiences.filter(|(at, audience)| audience.of == Subject::Account && row.is_member(AudienceSlot::at(*at)));
        Ok(is_in.map(|(_, audience)| &*audience.name).collect())
    }

    /// The computed traits of an account that have a value, in order of declaration (CT-8).
    ///
    /// # Errors
    /// [`Error::UnknownAccount`], [`Error::TooCostly`]
    pub fn account_computed_traits(&self, group_id: &str, now: Timestamp) -> Result<Vec<(&'e str, Value)>, Error> {
        let mut groups = Groups::new(self.profiles);
        let (account, laid) = self.laid_account(group_id, &mut groups, now)?;
        let row = laid.account(account).ok_or_else(|| unknown(group_id))?;
        Ok(self.engine.computed(row))
    }

    /// The labels of the users of an account, sorted by code point.
    ///
    /// # Errors
    /// [`Error::UnknownAccount`]
    pub fn account_users(&self, group_id: &str) -> Result<Vec<String>, Error> {
        self.account(group_id).map(|account| self.users_of(account))
    }

    /// An audience that an account can be in.
    pub(super) fn slot_of_accounts(&self, audience: &str, group_id: &str) -> Result<AudienceSlot, Error> {
        let slot = self.engine.slot(audience)?;
        let account = self.account(group_id)?;
        match self.of(slot) {
            Subject::Account => Ok(slot),
            Subject::User => Err(Error::OfUsers {
                audience: audience.to_owned(),
                account: account_label(group_id),
                users: self.users_of(account),
            }),
        }
    }

    fn account(&self, group_id: &str) -> Result<&'e Account, Error> {
        let account = self.profiles.accounts().get(group_id);
        account.ok_or_else(|| unknown(group_id))
    }

    fn users_of(&self, account: &Account) -> Vec<String> {
        let users = account.users.iter();
        let users = users.filter_map(|place| self.profiles.users().get(*place));
        let mut labels: Vec<String> = users.map(|user| self.engine.label(user)).collect();
        labels.sort();
        labels
    }

    fn of(&self, audience: AudienceSlot) -> Subject {
        let audience = self.engine.program().audiences.get(audience.index());
        audience.map_or(Subject::User, |audience| audience.of)
    }

    /// A user of a group that is laid out.
    fn user<'l>(&self, place: usize, groups: &Groups<'e>, laid: &'l Laid<'e>) -> Option<User<'l>>
    where
        'e: 'l,
    {
        let profile = self.profiles.users().get(place)?;
        Some(User {
            label: self.engine.label(profile),
            profile,
            row: laid.user(place)?,
            accounts: accounts_of(profile, groups, laid),
        })
    }

    /// Evaluates a profile with all that its memberships depend on.
    fn with_row<T>(&self, profile: &Profile, now: Timestamp, answer: impl FnOnce(&Row<'_>) -> T) -> Result<T, Error> {
        if self.place_among(profile)?.is_none() {
            return self.engine.evaluated(profile, now).map(|row| answer(&row));
        }
        match self.with_others(profile, &mut Groups::new(self.profiles), now)? {
            Some((place, laid)) => Ok(answer(laid.user(place).unwrap_or(&Row::default()))),
            None => self.engine.evaluated(profile, now).map(|row| answer(&row)),
        }
    }

    /// The place of a profile that has to be evaluated with others; `None` where it has no account, or nothing asks about
    /// accounts. Where something does, it has to be one of the profiles as it stands there: of an older copy nobody knows
    /// what its accounts are, or whether it still consents.
    pub(super) fn place_among(&self, profile: &Profile) -> Result<Option<usize>, Error> {
        if !members::has_accounts(self.engine.program()) {
            return Ok(None);
        }
        let alone = profile.accounts().next().is_none();
        match self.profiles.place_of(profile) {
            Some(place)
                if self
                    .profiles
                    .users()
                    .get(place)
                    .is_some_and(|other| **other == *profile) =>
            {
                Ok((!alone).then_some(place))
            }
            None if alone => Ok(None),
            _ => Err(Error::NotAmong {
                profile: self.engine.label(profile),
            }),
        }
    }

    /// Evaluates a profile together with the others of its accounts: its place, and all of them; `None` where it needs no
    /// others.
    fn with_others(
        &self,
        profile: &Profile,
        groups: &mut Groups<'e>,
        now: Timestamp,
    ) -> Result<Option<(usize, Laid<'e>)>, Error> {
        let place = self.place_among(profile)?;
        let account = profile.accounts().find_map(|id| groups.place(id));
        match place.zip(account) {
            Some((place, account)) => self.laid(account, groups, now).map(|laid| Some((place, laid))),
            None => Ok(None),
        }
    }

    /// Evaluates an account with all that its memberships depend on; its place.
    fn laid_account(
        &self,
        group_id: &str,
        groups: &mut Groups<'e>,
        now: Timestamp,
    ) -> Result<(usize, Laid<'e>), Error> {
        let account = groups.place(group_id).ok_or_else(|| unknown(group_id))?;
        self.laid(account, groups, now).map(|laid| (account, laid))
    }

    /// The group of an account, by its place, evaluated.
    fn laid(&self, account: usize, groups: &mut Groups<'e>, now: Timestamp) -> Result<Laid<'e>, Error> {
        let group = groups.group(account).unwrap_or_default();
        let mut laid = Laid::default();
        laid.evaluate(self.engine.program(), groups, group, now);
        let costly = laid.users().find(|(_, row)| row.is_exhausted());
        match costly.and_then(|(at, _)| self.profiles.users().get(at)) {
            Some(costly) => Err(Error::TooCostly {
                profile: self.engine.label(costly),
            }),
            None => Ok(laid),
        }
    }
}

/// A user of an account, with all that an explanation tells of it.
struct User<'l> {
    label: String,
    profile: &'l Profile,
    row: &'l Row<'l>,
    accounts: Vec<(String, &'l Row<'l>)>,
}

/// The accounts of a user, each with its label.
fn accounts_of<'l>(profile: &Profile, groups: &Groups<'_>, laid: &'l Laid<'l>) -> Vec<(String, &'l Row<'l>)> {
    let accounts = profile.accounts();
    let accounts = accounts.filter_map(|id| Some((account_label(id), laid.account(groups.place(id)?)?)));
    accounts.collect()
}

pub(super) fn unknown(group_id: &str) -> Error {
    Error::UnknownAccount(group_id.to_owned())
}
