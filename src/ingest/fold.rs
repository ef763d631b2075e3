//! Folds events in canonical order into profiles. That the order of arrival leaves no trace needs no further care here.

use std::collections::BTreeMap;

use super::event::{Effect, Event};
use super::ledger::Moment;
use super::people::{Joining, People, Person};
use super::violations::Violations;
use crate::model::{Consent, ConsentChange, History, Identifiers, IdentityRules, PastEvent, Profile, Profiles};
use crate::value::{Object, Value};

/// The profiles that these events, in canonical order, lead to.
pub(super) fn fold(
    mut events: Vec<Event>,
    rules: &IdentityRules,
    configured: &[Box<str>],
    violations: &mut Violations,
) -> Profiles {
    let mut people = People::default();
    let mut accounts: BTreeMap<Box<str>, Object> = BTreeMap::new();
    for (order, event) in events.iter_mut().enumerate() {
        violations.add_left_out(event.left_out);
        let timestamp = event.times.timestamp;
        let claims = std::mem::take(&mut event.claims);
        let resolution = people.resolve(claims, timestamp, event.consent.is_some(), rules, violations);
        let joining = resolution.joining;
        let Some((person, others)) = people.settle(resolution, timestamp) else {
            continue;
        };
        let at = Moment {
            order,
            time: event.times.earlier,
        };
        let given = event.consent.take();
        match joining {
            Joining::Plain => {}
            Joining::Login => person.consent.log_in(others, at, configured),
            Joining::Merge => person.consent.compare(others, None, at, configured),
            Joining::NewUser => person.consent.compare(others, given.as_ref(), at, configured),
        }
        // After a comparison, so that it cannot settle the conflicts that it caused (CP-15).
        if let Some(given) = given {
            person.consent.give(at, given, configured);
        }
        match &mut event.effect {
            Effect::Past { .. } => person.events.push(order),
            Effect::Traits(traits) => {
                let traits = std::mem::take(traits).into_iter();
                person.traits.extend(traits.map(|(key, value)| (key, (order, value))));
            }
            Effect::Group { id, traits } => {
                person.accounts.insert(id.clone());
                set(accounts.entry(std::mem::take(id)).or_default(), std::mem::take(traits));
            }
            Effect::Nothing => {}
        }
    }
    let users = people.into_iter().map(|person| profile(person, &mut events));
    Profiles::new(users.collect(), accounts)
}

/// TR-2, TR-3.
fn set(traits: &mut Object, new: Object) {
    for (key, value) in new {
        if value == Value::Null {
            traits.remove(&key);
        } else {
            traits.insert(key, value);
        }
    }
}

/// The finished profile; its events are taken out of `events`.
fn profile(person: Person, events: &mut [Event]) -> Profile {
    let mut identifiers = Identifiers::default();
    for id in person.identifiers.keys() {
        identifiers.insert(&id.kind, &id.value);
    }
    let traits = person.traits.into_iter().map(|(key, (_, value))| (key, value));
    let traits = traits.filter(|(_, value)| *value != Value::Null).collect();

    // Before the history, which takes the message ids away.
    let (states, log) = person.consent.close();
    let changes = log.into_iter().map(|change| ConsentChange {
        time: change.at.time,
        message_id: events
            .get(change.at.order)
            .map(|e| e.message_id.clone())
            .unwrap_or_default(),
        category: change.category,
        from: change.from,
        to: change.to,
        rule: change.rule.into(),
    });
    let consent = Consent::new(states, changes.collect());

    let mut history = History::default();
    let mut places = person.events;
    // In time order, ties in canonical order, so that each is added at the end.
    places.sort_by_key(|order| (events.get(*order).map(|event| event.times.timestamp), *order));
    for order in places {
        let Some(event) = events.get_mut(order) else {
            continue;
        };
        if let Effect::Past { name, properties } = std::mem::replace(&mut event.effect, Effect::Nothing) {
            let past = PastEvent {
                timestamp: event.times.timestamp,
                message_id: std::mem::take(&mut event.message_id),
                properties,
            };
            history.insert(&name, past);
        }
    }
    Profile::new(identifiers, traits, person.accounts, consent, history)
}
