//! Folds events in canonical order into profiles. That the order of arrival leaves no trace needs no further care here.

use std::collections::BTreeMap;

use super::consent::{self, Entry, States, What};
use super::event::{Effect, Event};
use super::people::{Joining, People, Person, Resolution};
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
        // The sides of a merge are as they were before it.
        let entries = entries(order, event, &people, &resolution, configured);
        let place = people.settle(resolution, timestamp);
        let Some(person) = people.get_mut(place) else {
            continue;
        };
        person.consent.extend(entries);
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
    let users = people
        .into_iter()
        .map(|person| profile(person, &mut events, configured));
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

/// What the event adds to the consent history of its profile: the conflicts of a merge, and then its own object, which
/// therefore cannot settle them (CP-15).
fn entries(
    order: usize,
    event: &Event,
    people: &People,
    resolution: &Resolution,
    configured: &[Box<str>],
) -> impl Iterator<Item = Entry> + use<> {
    let time = event.times.earlier;
    let entry = move |what| Entry { order, time, what };
    let own = event.consent.clone().map(What::Object).map(entry);
    let rule = match resolution.joining {
        Joining::Plain | Joining::Login => None,
        Joining::Merge => Some("CP-11"),
        Joining::NewUser => Some("CP-14"),
    };
    let conflict = rule.and_then(|rule| {
        let joined = resolution.places.iter().filter_map(|place| people.get(*place));
        let mut sides: Vec<States<'_>> = joined.map(|person| states(&person.consent, configured)).collect();
        if resolution.joining == Joining::NewUser {
            sides.push(states(own.as_slice(), configured));
        }
        let categories = consent::conflicts(&sides);
        (!categories.is_empty()).then(|| entry(What::Conflict(categories, rule)))
    });
    conflict.into_iter().chain(own)
}

fn states<'a>(history: &'a [Entry], configured: &'a [Box<str>]) -> States<'a> {
    consent::fold(history, configured, |_| {})
}

/// The finished profile; its events are taken out of `events`.
fn profile(person: Person, events: &mut [Event], configured: &[Box<str>]) -> Profile {
    let mut identifiers = Identifiers::default();
    for id in person.identifiers.keys() {
        identifiers.insert(&id.kind, &id.value);
    }
    let traits = person.traits.into_iter().map(|(key, (_, value))| (key, value));
    let traits = traits.filter(|(_, value)| *value != Value::Null).collect();

    // Before the history, which takes the message ids away.
    let mut changes = Vec::new();
    let states = consent::fold(&person.consent, configured, |change| {
        changes.push(ConsentChange {
            time: change.entry.time,
            message_id: events
                .get(change.entry.order)
                .map(|e| e.message_id.clone())
                .unwrap_or_default(),
            category: change.category.into(),
            from: change.from,
            to: change.to,
            rule: change.rule.into(),
        });
    });
    let consent = Consent::new(
        states.into_iter().map(|(id, state)| (id.into(), state)).collect(),
        changes,
    );

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
