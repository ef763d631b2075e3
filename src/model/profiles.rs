//! All profiles and accounts of a space.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::identifier::{Identifier, Named};
use super::identity::matched;
use super::profile::Profile;
use crate::value::Object;

/// A group of users (group calls).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// Its traits.
    pub traits: Object,
    /// Its users, as places in [`Profiles::users`], sorted.
    pub users: Vec<usize>,
}

/// The profiles and accounts that a set of events leads to. The order of arrival leaves no trace in it.
///
/// It does not change: who takes further events in shares the profiles with it and copies those that change.
#[derive(Debug, Clone, Default)]
pub struct Profiles {
    users: Vec<Arc<Profile>>,
    by_identifier: HashMap<Arc<Identifier>, u32>,
    accounts: BTreeMap<Box<str>, Account>,
}

impl FromIterator<Profile> for Profiles {
    /// The profiles of a host that keeps its own. No two should share an identifier: each counts as a person.
    fn from_iter<I: IntoIterator<Item = Profile>>(users: I) -> Self {
        Profiles::new(users.into_iter().map(Arc::new).collect(), BTreeMap::new())
    }
}

impl Profiles {
    /// These profiles, and the traits of the accounts that they name.
    pub fn new(users: Vec<Arc<Profile>>, account_traits: BTreeMap<Box<str>, Object>) -> Self {
        let count = users.iter().map(|profile| profile.identifiers().len()).sum();
        let mut by_identifier = HashMap::with_capacity(count);
        let mut accounts: BTreeMap<Box<str>, Account> = account_traits
            .into_iter()
            .map(|(id, traits)| {
                (
                    id,
                    Account {
                        traits,
                        users: Vec::new(),
                    },
                )
            })
            .collect();
        for (at, profile) in users.iter().enumerate() {
            // Each takes hundreds of bytes, so memory ends before their number does.
            if let Ok(at) = u32::try_from(at) {
                by_identifier.extend(profile.identifiers().shared().map(|id| (id.clone(), at)));
            }
            for id in profile.accounts() {
                accounts.entry(id.into()).or_default().users.push(at);
            }
        }
        Profiles {
            users,
            by_identifier,
            accounts,
        }
    }

    /// The profiles of people, in the order they were given; from an ingestor, in order of creation.
    pub fn users(&self) -> &[Arc<Profile>] {
        &self.users
    }

    /// The accounts, by their id.
    pub fn accounts(&self) -> &BTreeMap<Box<str>, Account> {
        &self.accounts
    }

    /// The place of a profile among the users: that of the first of its identifiers.
    pub(crate) fn place_of(&self, profile: &Profile) -> Option<usize> {
        let (kind, value) = profile.identifiers().iter().next()?;
        self.place(kind, value)
    }

    /// The profile that has this identifier. Emails are found lower-cased and trimmed (DEC-46).
    pub fn find(&self, kind: &str, value: &str) -> Option<&Profile> {
        let at = self.place(kind, &matched(kind, value))?;
        self.users.get(at).map(|profile| &**profile)
    }

    fn place(&self, kind: &str, value: &str) -> Option<usize> {
        let at = self.by_identifier.get(&(kind, value) as &dyn Named)?;
        usize::try_from(*at).ok()
    }
}
