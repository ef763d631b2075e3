//! The reference: events sorted into canonical order, then folded one by one. That the order of arrival leaves no trace
//! needs no further care here; [`State`](super::State), which takes events as they arrive, is held against it.

use super::accounts::Accounts;
use super::event::Event;
use super::events::{Events, Kept};
use super::people::People;
use super::violations::{Limits, Violations};
use crate::model::{IdentityRules, Profiles};

/// The events, and what they are resolved and folded by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fold<'s> {
    pub(super) events: &'s Events,
    pub(super) rules: &'s IdentityRules,
    /// The ids of the categories that the workspace declares.
    pub(super) configured: &'s [Box<str>],
}

/// The profiles that these events, in canonical order, lead to.
pub(super) fn fold(
    sorted: Vec<Event>,
    rules: &IdentityRules,
    configured: &[Box<str>],
    violations: &mut Violations,
) -> Profiles {
    let mut people = People::default();
    let mut accounts = Accounts::default();
    let mut events = Events::default();
    let mut limits = Limits::default();
    for event in sorted {
        violations.add_left_out(event.left_out);
        // Both numbers end where memory has ended long before.
        let id = people.link(event.claims).and_then(|links| {
            events.insert(Kept {
                times: event.times,
                message_id: event.message_id,
                links,
                consent: event.consent,
                effect: event.effect,
                left_out: event.left_out,
                person: None,
            })
        });
        let Some(id) = id else { continue };
        let by = Fold {
            events: &events,
            rules,
            configured,
        };
        people.apply(id, by, &mut limits);
        accounts.take(id, &events);
    }
    violations.add_limits(limits);
    Profiles::new(people.profiles(&events), accounts.traits())
}
