//! The Delivery Overview: how many came in, what was left behind at which step and why, and how many may be delivered.
//!
//! Two pipelines (DO-1, DO-2), as far as an engine can see them that is part of its host:
//!
//! | of | steps |
//! |---|---|
//! | raw events | successfully received → failed on ingest → accepted → filtered at destination → cleared for delivery |
//! | audiences | from the audience → filtered at destination → cleared for delivery |
//!
//! *Cleared for delivery* is where the engine's knowledge ends. Whether a destination took it (pending, failed and successful
//! delivery) only the host can tell, so no step here has such a name. The counts are called `delivered`, as they are in
//! [`Run`](crate::engine::Run), whose numbers they are.
//!
//! Each event or member ends at a destination as delivered or with exactly one reason (DO-3). What is dropped without being
//! anybody's mistake (repeats, events from after `now`) is in no step, and is counted apart (DO-7).
//!
//! This room is given what was found and arranges it: it decides nothing, reads nothing and writes no file.
//! **Samples name profiles by their labels and are personal data.** Ask for none ([`Overview`] is then counts alone) where
//! whoever reads it need not know who.

mod build;
mod html;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::consent::ConsentState;
use crate::ir::Subject;
use crate::named::{Named, by_name};
use crate::time::Timestamp;

pub(crate) use build::{Destination, EventTally, Samples, ingest};

/// As many samples a reason has at most (DO-4).
pub const MOST_SAMPLES: usize = 10;

/// What became of events and members, step by step. Serialises as `volens overview --format json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Overview {
    /// As of when.
    pub now: Timestamp,
    /// Whether deliveries of members were held to consent.
    pub enforcement: bool,
    /// The categories that are switched off: whoever requires one of them does not ask for it.
    pub disabled: Vec<Box<str>>,
    /// How many profiles of people there are.
    pub profiles: usize,
    /// How many samples a reason has at most.
    pub samples: usize,
    /// What became of raw events.
    pub events: Events,
    /// The audiences, in order of declaration.
    #[serde(serialize_with = "by_name")]
    pub audiences: Vec<AudienceFlow>,
}

/// The pipeline of raw events. `received` is the sum of `failed_on_ingest`, `accepted`, and the two counts of
/// [`Silent`] events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Events {
    /// All that were read.
    pub received: u64,
    /// Those refused.
    pub failed_on_ingest: u64,
    /// Why, by code, in the order in which the codes are looked for.
    pub failures: Vec<Discarded<RefusedEvent>>,
    /// Those that are in no step (DO-7).
    pub in_no_step: Silent,
    /// Those that made the profiles, each once.
    pub accepted: u64,
    /// What becomes of the accepted events at each destination of the workspace, in order of declaration, by the consent that
    /// each carries itself (CR-20). [`Engine::overview`](crate::Engine::overview), which is not given events, leaves it empty;
    /// [`EventFlows`](crate::engine::EventFlows) counts them.
    #[serde(serialize_with = "by_name")]
    pub destinations: Vec<Flow<SentEvent>>,
}

/// What is dropped silently, and counted internally (DO-7).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Silent {
    /// Those with the `messageId` and body of another (EV-17).
    pub duplicate: u64,
    /// Those from after `now`.
    pub later: u64,
    /// What was left out of events that were otherwise accepted, by the documented names (ID-15).
    pub left_out: BTreeMap<Box<str>, u64>,
}

/// The pipelines of one audience.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AudienceFlow {
    /// The audience's name.
    #[serde(skip)]
    pub name: Box<str>,
    /// The audience's display name.
    pub label: Option<Box<str>>,
    /// An audience of users or of accounts. Of one of accounts the flows are about the users of its members.
    #[serde(serialize_with = "plural")]
    pub of: Subject,
    /// How many members it has.
    pub size: usize,
    /// Where members are sent, in order of declaration.
    #[serde(serialize_with = "by_name")]
    pub destinations: Vec<Flow<HeldMember>>,
}

/// One destination: how many came to it, and what became of them. `entered` is the sum of `filtered` and `delivered`, and
/// `filtered` that of its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Flow<S> {
    /// The destination's name.
    #[serde(skip)]
    pub name: Box<str>,
    /// The destination's display name.
    pub label: Option<Box<str>>,
    /// The categories that it requires, as declared.
    pub requires: Vec<Box<str>>,
    /// Those that were to go there: the members of an audience of users, the users of the members of one of accounts (without
    /// those whom the audience's own clauses leave out), or all accepted events.
    pub entered: u64,
    /// Those discarded at the destination.
    pub filtered: u64,
    /// Those that may be delivered: what the engine hands to its host.
    pub delivered: u64,
    /// Why the others may not, in the order of DO-6; no reason without a count.
    pub discards: Vec<Discarded<S>>,
}

/// One reason, and how many it stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Discarded<S> {
    /// The documented code.
    pub reason: &'static str,
    /// How many.
    pub count: u64,
    /// Of a discard for want of consent: the enforced categories that were not granted, in the order in which the destination
    /// names them, and how many are in which state. One that lacks two categories is counted at both, so the sum can be more
    /// than `count`.
    #[serde(serialize_with = "pairs", skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<(Box<str>, BTreeMap<ConsentState, u64>)>,
    /// Some of them.
    pub samples: Vec<S>,
}

/// A sample of the members that are held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HeldMember {
    /// The profile's label.
    pub profile: Arc<str>,
    /// The enforced categories that it did not grant.
    pub categories: BTreeMap<Box<str>, ConsentState>,
}

/// A sample of the events that were refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RefusedEvent {
    /// The source; empty for an event that a host gave as a value.
    pub file: Arc<str>,
    /// The line, from 1; for a host's event, its number.
    pub line: u64,
    /// Why, for people.
    pub detail: Box<str>,
}

/// A sample of the accepted events that a destination does not get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SentEvent {
    /// Its id; `None` where it was sent without one.
    pub message_id: Option<Box<str>>,
    /// The kind of call.
    #[serde(rename = "type")]
    pub call: Box<str>,
    /// The name of a track, page or screen call.
    pub event: Option<Box<str>>,
    /// Of a discard for want of consent: the enforced categories that it did not grant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Box<str>>,
}

impl Overview {
    /// The overview as text for people, at most 80 columns wide, which no colour is needed to read.
    pub fn text(&self) -> impl std::fmt::Display + '_ {
        text::Text(self)
    }

    /// The overview as a page of HTML that needs nothing else: it opens from a disk, and has no address to ask for anything.
    /// What senders chose is data in it, never markup.
    ///
    /// # Errors
    /// Those of writing it down, none of which is of what it says.
    pub fn html(&self) -> Result<String, serde_json::Error> {
        html::page(self)
    }
}

impl<S> Flow<S> {
    /// How many of a hundred that came may be delivered, rounded, but so that 100 is all and 0 is none; 100 where nobody came.
    pub fn percent_delivered(&self) -> u64 {
        percent(self.delivered, self.entered)
    }
}

/// Rounded, but so that 100 is all and 0 is none.
fn percent(part: u64, whole: u64) -> u64 {
    let (part, whole) = (u128::from(part), u128::from(whole));
    let Some(percent) = (part * 200 + whole).checked_div(whole * 2) else {
        return 100;
    };
    let least = u128::from(part > 0);
    let most = if part < whole { 99 } else { 100 };
    u64::try_from(percent.clamp(least, most)).unwrap_or(100)
}

impl Named for AudienceFlow {
    fn name(&self) -> &str {
        &self.name
    }
}

impl<S> Named for Flow<S> {
    fn name(&self) -> &str {
        &self.name
    }
}

fn pairs<V: Serialize, S: Serializer>(pairs: &[(Box<str>, V)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}

fn plural<S: Serializer>(of: &Subject, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match of {
        Subject::User => "users",
        Subject::Account => "accounts",
    })
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_hundred_is_all_and_nothing_is_none() {
        for (part, whole, expected) in [
            (0, 0, 100),
            (0, 7, 0),
            (1, 1000, 1),
            (1, 3, 33),
            (2, 3, 67),
            (1, 200, 1),
            (999, 1000, 99),
            (1000, 1000, 100),
            (u64::MAX - 1, u64::MAX, 99),
            (u64::MAX, u64::MAX, 100),
        ] {
            assert_eq!(percent(part, whole), expected, "{part} of {whole}");
        }
    }
}
