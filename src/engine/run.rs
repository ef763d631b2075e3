//! The main job: who is in each audience, who is delivered where, and who was held back for want of consent.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::error::Error;
use crate::consent::ConsentState;
use crate::enforce::{self, Decision, FILTERED_BY_END_USER_CONSENT};
use crate::eval::{self, Row};
use crate::ingest::Counts;
use crate::ir::{AudienceSlot, DestinationSlot, Program};
use crate::model::{IdentityRules, Profile, Profiles, label};
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
    /// How many members it has. Membership itself does not depend on what destinations require (CE-10).
    pub size: usize,
    /// The members' labels, sorted by code point.
    pub members: Vec<Arc<str>>,
    /// Where members are sent, in order of declaration.
    #[serde(serialize_with = "by_name")]
    pub destinations: Vec<DestinationRun>,
}

/// One destination of an audience. Each member is in exactly one of the two lists.
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

/// The name under which a list's entry stands in JSON.
trait Named {
    fn name(&self) -> &str;
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

fn by_name<T: Named + Serialize, S: Serializer>(entries: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(entries.len()))?;
    for entry in entries {
        map.serialize_entry(entry.name(), entry)?;
    }
    map.end()
}

pub(super) fn run(program: &Program, rules: &IdentityRules, profiles: &Profiles, now: Timestamp) -> Result<Run, Error> {
    let users = profiles.users();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); program.audiences.len()];
    let mut row = Row::default();
    for (at, profile) in users.iter().enumerate() {
        row.bind(program, profile, now);
        eval::evaluate(program, &mut row, &[]);
        if row.is_exhausted() {
            let profile = label(profile.identifiers(), rules);
            return Err(Error::TooCostly { profile });
        }
        for (slot, members) in members.iter_mut().enumerate() {
            if row.is_member(AudienceSlot::at(slot)) {
                members.push(at);
            }
        }
    }
    let labels: Vec<Arc<str>> = users
        .iter()
        .map(|user| label(user.identifiers(), rules).into())
        .collect();
    let audiences = program.audiences.iter().zip(members).map(|(audience, members)| {
        let mut members: Vec<(&Arc<str>, &Profile)> = members
            .into_iter()
            .filter_map(|at| labels.get(at).zip(users.get(at)))
            .collect();
        members.sort_by_key(|(label, _)| *label);
        let destinations = audience.destinations.iter();
        AudienceRun {
            name: audience.name.clone(),
            label: audience.label.clone(),
            size: members.len(),
            destinations: destinations
                .filter_map(|slot| deliver(program, *slot, &members))
                .collect(),
            members: members.into_iter().map(|(label, _)| label.clone()).collect(),
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
