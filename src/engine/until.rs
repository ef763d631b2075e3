//! How long a membership stays as it is.

use super::Engine;
use super::among::{Among, unknown};
use super::error::Error;
use crate::eval::members::{Groups, Laid};
use crate::eval::until::{until_of_group, until_of_user};
use crate::explain::Until;
use crate::ir::AudienceSlot;
use crate::model::{Profile, account_label};
use crate::time::Timestamp;

impl Engine {
    /// The first instant after `now` at which a profile enters an audience or leaves it, if no further event arrives; `None` if
    /// that never comes.
    ///
    /// ```
    /// use volens::{Engine, Profile, Timestamp};
    ///
    /// let engine = Engine::from_text("a.audience", r#"audience fresh { who performed "Signed Up" within 7 days }"#)?;
    /// let at = |day: &str| day.parse::<Timestamp>();
    /// let profile = Profile::builder().user_id("u1").event("Signed Up", at("2026-06-28")?, []).build();
    /// assert_eq!(engine.until("fresh", &profile, at("2026-06-30")?)?, Some(at("2026-07-05")?));
    /// assert_eq!(engine.until("fresh", &profile, at("2026-07-05")?)?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownAudience`]; [`Error::NeedsAccounts`] where the answer depends on an account of the profile
    /// ([`Among::until`] has it); [`Error::TooManyInstants`]
    pub fn until(&self, audience: &str, profile: &Profile, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        let slot = self.slot(audience)?;
        self.needs_no_accounts(Some(slot), profile)?;
        self.until_alone(slot, profile, now)
    }

    /// Where no account decides.
    pub(super) fn until_alone(
        &self,
        audience: AudienceSlot,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let found = until_of_user(self.program(), audience, profile, now);
        found.map_err(|_| Error::TooManyInstants {
            profile: self.label(profile),
        })
    }
}

/// For an explanation, which is worth something without it.
pub(super) fn told(found: Result<Option<Timestamp>, Error>) -> Until {
    found.map_or(Until::Unknown, Until::from)
}

impl Among<'_> {
    /// The first instant after `now` at which a profile enters an audience or leaves it, if no further event of anybody
    /// arrives; of an audience of accounts, at which the first account of the profile enters or the last one leaves. `None` if
    /// that never comes.
    ///
    /// # Errors
    /// [`Error::UnknownAudience`]; [`Error::NotAmong`]; [`Error::TooManyInstants`]
    pub fn until(&self, audience: &str, profile: &Profile, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        self.until_of(self.engine.slot(audience)?, profile, now)
    }

    pub(super) fn until_of(
        &self,
        audience: AudienceSlot,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let decide = self.engine.workspace.depends_on_accounts.get(audience.index());
        let place = self
            .place_among(profile)?
            .filter(|_| decide.is_none_or(|decide| *decide));
        let mut groups = Groups::new(self.profiles);
        let account = profile.accounts().find_map(|id| groups.place(id));
        let Some((place, account)) = place.zip(account) else {
            return self.engine.until_alone(audience, profile, now);
        };
        let group = groups.group(account).unwrap_or_default();
        let is_member = |laid: &Laid<'_>, slot| laid.user(place).is_some_and(|row| row.is_member(slot));
        let found = until_of_group(self.engine.program(), audience, &groups, group, now, is_member);
        found.map_err(|_| Error::TooManyInstants {
            profile: self.engine.label(profile),
        })
    }

    /// The first instant after `now` at which an account enters an audience of accounts or leaves it, if no further event of its
    /// users arrives; `None` if that never comes. `group_id` is the account's id, without `group_id:`.
    ///
    /// # Errors
    /// [`Error::UnknownAudience`]; [`Error::UnknownAccount`]; [`Error::OfUsers`] for an audience of users, with the users of
    /// the account that can be asked about; [`Error::TooManyInstants`]
    pub fn account_until(&self, audience: &str, group_id: &str, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        let slot = self.slot_of_accounts(audience, group_id)?;
        let mut groups = Groups::new(self.profiles);
        let account = groups.place(group_id).ok_or_else(|| unknown(group_id))?;
        let group = groups.group(account).unwrap_or_default();
        let is_member = |laid: &Laid<'_>, slot| laid.account(account).is_some_and(|row| row.is_member(slot));
        let found = until_of_group(self.engine.program(), slot, &groups, group, now, is_member);
        found.map_err(|_| Error::TooManyInstants {
            profile: account_label(group_id),
        })
    }
}
