//! Questions about one profile among all of them, for audiences that depend on accounts.

use super::Engine;
use super::delivery::Delivery;
use super::error::Error;
use super::members::{self, Groups, Laid};
use crate::eval::{self, Row};
use crate::ir::{AudienceSlot, Subject};
use crate::model::{Profile, Profiles};
use crate::time::Timestamp;

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
    engine: &'e Engine,
    profiles: &'e Profiles,
}

impl<'e> Among<'e> {
    pub(super) fn new(engine: &'e Engine, profiles: &'e Profiles) -> Self {
        Among { engine, profiles }
    }

    /// Whether a profile is a member of an audience, as of `now`; of an audience of accounts, whether any account of the
    /// profile is.
    ///
    /// # Errors
    /// [`Error::UnknownAudience`], [`Error::TooCostly`]
    pub fn is_member(&self, audience: &str, profile: &Profile, now: Timestamp) -> Result<bool, Error> {
        let slot = self.engine.slot(audience)?;
        self.with_row(profile, now, |row| row.is_member(slot))
    }

    /// The audiences of users that a profile is in, in order of declaration.
    ///
    /// # Errors
    /// [`Error::TooCostly`]
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
    /// [`Error::UnknownAudience`], [`Error::TooCostly`]
    pub fn deliveries(&self, audience: &str, profile: &Profile, now: Timestamp) -> Result<Vec<Delivery<'e>>, Error> {
        let slot = self.engine.slot(audience)?;
        let audience = self.engine.program().audiences.get(slot.index());
        let reached = self.with_row(profile, now, |row| {
            row.is_member(slot) && audience.is_some_and(|audience| eval::deliverable(audience, row))
        })?;
        Ok(self.engine.delivered(slot, profile, reached))
    }

    /// Evaluates a profile with all that its memberships depend on.
    fn with_row<T>(&self, profile: &Profile, now: Timestamp, answer: impl FnOnce(&Row<'_>) -> T) -> Result<T, Error> {
        let program = self.engine.program();
        let mut groups = Groups::new(self.profiles);
        let account = profile.accounts().find_map(|id| groups.place(id));
        let place = self.profiles.place_of(profile);
        let group = match (place, account) {
            (Some(place), Some(account)) if members::has_accounts(program) => {
                groups.group(account).map(|group| (place, group))
            }
            _ => None,
        };
        let Some((place, group)) = group else {
            return self.engine.evaluated(profile, now).map(|row| answer(&row));
        };
        let mut laid = Laid::default();
        laid.evaluate(program, &groups, group, now);
        if let Some((at, _)) = laid.users().find(|(_, row)| row.is_exhausted()) {
            let costly = self.profiles.users().get(at).unwrap_or(profile);
            let profile = self.engine.label(costly);
            return Err(Error::TooCostly { profile });
        }
        let row = laid.users().find(|(at, _)| *at == place).map(|(_, row)| row);
        Ok(answer(row.unwrap_or(&Row::default())))
    }
}
