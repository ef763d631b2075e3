//! The main job: who is in each audience, who is delivered where, and who was held back for want of consent.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::error::Error;
use super::execution::Execution;
use super::overlap::Who;
use crate::consent::ConsentState;
use crate::enforce::{self, Decision, FILTERED_BY_END_USER_CONSENT};
use crate::eval::members::{self, Groups, Laid};
use crate::eval::{self, Places, TooCostly};
use crate::ingest::Counts;
use crate::ir::{AudienceSlot, DestinationSlot, Program, Subject};
use crate::model::{IdentityRules, Profile, Profiles, account_label, label};
use crate::named::{Named, by_name};
use crate::time::Timestamp;

/// What a workspace says about a set of profiles as of an instant. Serialises as `volens run --format json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Run {
    /// As of when.
    pub now: Timestamp,
    /// Whether deliveries were held to consent.
    pub enforcement: bool,
    /// What became of the events: `None` from [`Engine::run`](crate::Engine::run), which is given profiles; the command,
    /// which reads events, fills it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Counts>,
    /// How many profiles of people there are.
    pub profiles: usize,
    /// The audiences, in order of declaration.
    #[serde(serialize_with = "by_name")]
    pub audiences: Vec<AudienceRun>,
}

/// One audience: its members, and what becomes of them at each destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AudienceRun {
    /// The audience's name.
    #[serde(skip)]
    pub name: Box<str>,
    /// The audience's display name.
    #[serde(skip)]
    pub label: Option<Box<str>>,
    /// An audience of users or of accounts. Of one of accounts the members are accounts, and what is delivered are their
    /// users: each once, though it has several accounts, and by its own consent.
    #[serde(skip)]
    pub of: Subject,
    /// How many members it has. Membership itself does not depend on what destinations require (CE-10).
    pub size: usize,
    /// How many members have an identifier of each type, in the order of the identity rules' priorities; types that none has
    /// are left out. Of an audience of accounts, the users that are delivered or held back.
    #[serde(serialize_with = "counts")]
    pub identifiers: Vec<(Box<str>, usize)>,
    /// The members' labels, sorted by code point.
    pub members: Vec<Arc<str>>,
    /// Where members are sent, in order of declaration.
    #[serde(serialize_with = "by_name")]
    pub destinations: Vec<DestinationRun>,
    /// Of an audience of users, its members.
    #[serde(skip)]
    pub(super) who: Who,
}

/// One destination of an audience. Each member of an audience of users is in exactly one of the two lists; of an audience
/// of accounts each user of a member whom the audience's own clauses do not leave out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DestinationRun {
    /// The destination's name.
    #[serde(skip)]
    pub name: Box<str>,
    /// The categories that it requires, as declared.
    pub requires: Vec<Box<str>>,
    /// The members that may be delivered.
    pub delivered: Vec<Arc<str>>,
    /// The members that consent holds back.
    pub filtered: Vec<Filtered>,
}

/// A member that is not delivered, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Filtered {
    /// The member's label.
    pub profile: Arc<str>,
    /// `FILTERED_BY_END_USER_CONSENT`
    pub reason: &'static str,
    /// The enforced categories that it did not grant.
    pub categories: BTreeMap<Box<str>, ConsentState>,
}

impl Named for AudienceRun {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for DestinationRun {
    fn name(&self) -> &str {
        &self.name
    }
}

fn counts<S: Serializer>(counts: &[(Box<str>, usize)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().map(|(name, count)| (name, count)))
}

/// How many profiles have an identifier of each type, by priority.
fn identifiers<'p>(profiles: impl Iterator<Item = &'p Profile>, rules: &IdentityRules) -> Vec<(Box<str>, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for profile in profiles {
        let mut last = None;
        for (kind, _) in profile.identifiers().iter() {
            // They are sorted by type, and one is enough.
            if last.replace(kind) != Some(kind) {
                *counts.entry(kind).or_default() += 1;
            }
        }
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(kind, _)| rules.rank(kind));
    counts.into_iter().map(|(kind, count)| (kind.into(), count)).collect()
}

/// What is found of an audience: who is in it, and of an audience of accounts which users are delivered.
#[derive(Debug, Default)]
struct Found<'p> {
    users: Places,
    accounts: Vec<&'p str>,
}

/// Goes through all users and accounts.
fn find<'p>(
    program: &Program,
    rules: &IdentityRules,
    profiles: &'p Profiles,
    now: Timestamp,
    execution: Execution,
) -> Result<Vec<Found<'p>>, Error> {
    let too_costly = |profile: &Profile| Error::TooCostly {
        profile: label(profile.identifiers(), rules),
    };
    let users = profiles.users();
    let with_accounts = members::has_accounts(program);
    let is_alone = |profile: &Arc<Profile>| profile.accounts().next().is_none();
    let alone: Option<(Vec<usize>, Vec<Arc<Profile>>)> = with_accounts.then(|| {
        let alone = users.iter().enumerate().filter(|(_, profile)| is_alone(profile));
        alone.map(|(at, profile)| (at, profile.clone())).unzip()
    });
    let asked = alone.as_ref().map_or(users, |(_, profiles)| profiles);
    let members = execution.members(program, asked, now);
    let members =
        members.map_err(|TooCostly(at)| too_costly(asked.get(at).map_or(&Profile::default(), |profile| profile)))?;
    let members = members.into_iter().map(|members| Found {
        users: match &alone {
            Some((places, _)) => members.places().filter_map(|at| places.get(at).copied()).collect(),
            None => members,
        },
        accounts: Vec::new(),
    });
    let mut found: Vec<Found<'p>> = members.collect();
    if !with_accounts {
        return Ok(found);
    }
    let mut groups = Groups::new(profiles);
    let mut laid = Laid::default();
    for account in 0..groups.accounts.len() {
        let Some(group) = groups.group(account) else { continue };
        laid.evaluate(program, &groups, group, now);
        for (at, row) in laid.users() {
            if let Some(profile) = users.get(at).filter(|_| row.is_exhausted()) {
                return Err(too_costly(profile));
            }
            for (slot, (audience, found)) in program.audiences.iter().zip(&mut found).enumerate() {
                // Of an audience of accounts a user's row knows whether any of the user's accounts is in it.
                let member = row.is_member(AudienceSlot::at(slot));
                if member && (audience.of == Subject::User || eval::deliverable(audience, row)) {
                    found.users.insert(at);
                }
            }
        }
        for (at, row) in laid.accounts() {
            for (slot, (audience, found)) in program.audiences.iter().zip(&mut found).enumerate() {
                if audience.of == Subject::Account && row.is_member(AudienceSlot::at(slot)) {
                    found.accounts.extend(groups.accounts.get(at).map(|(id, _)| *id));
                }
            }
        }
    }
    Ok(found)
}

pub(super) fn run(
    program: &Program,
    rules: &IdentityRules,
    profiles: &Profiles,
    now: Timestamp,
    execution: Execution,
) -> Result<Run, Error> {
    let users = profiles.users();
    let found = find(program, rules, profiles, now, execution)?;
    let labels: Vec<Arc<str>> = users
        .iter()
        .map(|user| label(user.identifiers(), rules).into())
        .collect();
    let audiences = program.audiences.iter().zip(found).map(|(audience, found)| {
        let mut reached: Vec<(&Arc<str>, &Profile)> = found
            .users
            .places()
            .filter_map(|at| labels.get(at).zip(users.get(at).map(|user| &**user)))
            .collect();
        reached.sort_by_key(|(label, _)| *label);
        let destinations = audience.destinations.iter();
        let destinations = destinations
            .filter_map(|slot| deliver(program, *slot, &reached))
            .collect();
        let identifiers = identifiers(reached.iter().map(|(_, profile)| *profile), rules);
        let members: Vec<Arc<str>> = match audience.of {
            Subject::User => reached.into_iter().map(|(label, _)| label.clone()).collect(),
            Subject::Account => {
                let mut accounts: Vec<Arc<str>> = found.accounts.iter().map(|id| account_label(id).into()).collect();
                accounts.sort();
                accounts
            }
        };
        AudienceRun {
            name: audience.name.clone(),
            label: audience.label.clone(),
            of: audience.of,
            size: members.len(),
            identifiers,
            members,
            destinations,
            who: Who(match audience.of {
                Subject::User => found.users,
                Subject::Account => Places::default(),
            }),
        }
    });
    Ok(Run {
        now,
        enforcement: program.enforcement,
        events: None,
        profiles: users.len(),
        audiences: audiences.collect(),
    })
}

fn deliver(program: &Program, slot: DestinationSlot, members: &[(&Arc<str>, &Profile)]) -> Option<DestinationRun> {
    let destination = program.destinations.get(slot.index())?;
    let id = |slot| Box::from(program.category_id(slot));
    let mut run = DestinationRun {
        name: destination.name.clone(),
        requires: destination.requires.iter().map(|slot| id(*slot)).collect(),
        delivered: Vec::new(),
        filtered: Vec::new(),
    };
    for (label, profile) in members {
        match enforce::decide(program, slot, profile.consent()) {
            Decision::Delivered => run.delivered.push((*label).clone()),
            Decision::Filtered(missing) => run.filtered.push(Filtered {
                profile: (*label).clone(),
                reason: FILTERED_BY_END_USER_CONSENT,
                categories: missing.into_iter().map(|(slot, state)| (id(slot), state)).collect(),
            }),
        }
    }
    Some(run)
}
