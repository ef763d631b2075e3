//! The reference: events sorted into canonical order, then folded one by one. That the order of arrival leaves no trace
//! needs no further care here; [`State`](super::State), which takes events as they arrive, is held against it.
//!
//! Events that share no identifier, directly or through others, do not see each other, so those that do are folded by
//! themselves, set by set. What is needed to go on is there for one set at a time, and what is read together lies together.

use std::sync::Arc;

use super::accounts::Accounts;
use super::connected::Connected;
use super::events::{EventId, Events};
use super::people::People;
use super::violations::{Limits, Violations};
use crate::model::{IdentityRules, Profile, Profiles};
use crate::time::Timestamp;

/// The events, and what they are resolved and folded by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fold<'s> {
    pub(super) events: &'s Events,
    pub(super) rules: &'s IdentityRules,
    /// The ids of the categories that the workspace declares.
    pub(super) configured: &'s [Box<str>],
}

/// A profile, and where the event that created it stands.
type Created = ((Timestamp, Timestamp), Arc<str>, Arc<Profile>);

/// The profiles that these events lead to.
pub(super) fn fold(
    mut people: People,
    mut events: Events,
    rules: &IdentityRules,
    configured: &[Box<str>],
    violations: &mut Violations,
) -> Profiles {
    let mut accounts = Accounts::default();
    events.ids().for_each(|id| accounts.take(id, &events));
    let accounts = accounts.into_traits();

    let mut limits = Limits::default();
    let mut created: Vec<Created> = Vec::new();
    let mut connected = Connected::of(&events);
    for set in connected.sets() {
        set.sort_by(|(_, a), (_, b)| events.order(*a, *b));
        for (_, id) in &*set {
            let by = Fold {
                events: &events,
                rules,
                configured,
            };
            people.apply(*id, by, &mut limits);
        }
        people.take_profiles(|by: EventId, profile| {
            if let Some(event) = events.get(by) {
                created.push((event.times.order(), event.message_id.clone(), profile));
            }
        });
        for (_, id) in &*set {
            if let Some(event) = events.remove(*id) {
                violations.add_left_out(event.left_out);
            }
        }
    }
    violations.add_limits(limits);
    drop((people, events, connected));
    created.sort_unstable_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    Profiles::new(created.into_iter().map(|(_, _, profile)| profile).collect(), accounts)
}
