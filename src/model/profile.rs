//! One person: identifiers, traits, history, consent, accounts.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::consent::Consent;
use super::identifier::{Identifier, Named};
use super::identity::{ANONYMOUS_ID, matched};
use crate::consent::ConsentState;
use crate::time::Timestamp;
use crate::value::{Object, Sharing, Value};

/// A person, as of the events that were taken in.
///
/// Profiles come from an ingestor, or a host that keeps its own builds them with [`Profile::builder`] or reads them from
/// the JSON that `volens profile --format json` prints.
///
/// ```
/// use volens::{ConsentState, Profile, Timestamp};
///
/// let profile = Profile::builder()
///     .user_id("u1")
///     .trait_("plan", "pro")
///     .event("Order Completed", Timestamp::from_millis(0), [("revenue", 49.9.into())])
///     .consent("Advertising", ConsentState::Granted)
///     .build();
/// assert_eq!(profile.consent().state("Advertising"), ConsentState::Granted);
/// ```
///
/// # JSON
/// ```json
/// {
///   "external_ids": [{"type": "user_id", "id": "u1"}],
///   "traits": {"plan": "pro"},
///   "accounts": ["group_id:acme"],
///   "consent": {"categories": {"Advertising": "granted", "Analytics": "denied"}, "history": []},
///   "events": [{"name": "Order Completed", "timestamp": "2026-06-01T00:00:00Z", "properties": {"revenue": 49.9}}]
/// }
/// ```
/// Every key may be absent; `profile`, `audiences`, `account_audiences` and `computed_traits`, which the command prints beside them, are passed
/// over. Any other key is an error: a misspelt one must not silently lose a refusal. States are `granted`, `denied`,
/// `conflicted`; a category that is absent was never collected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    // An ingestor changes them one event at a time.
    pub(crate) identifiers: Identifiers,
    pub(crate) traits: Object,
    pub(crate) accounts: BTreeSet<Box<str>>,
    pub(crate) consent: Consent,
    pub(crate) history: History,
}

/// The JSON of a profile, its parts borrowed or owned. What is printed for readers and derived from the rest is passed over.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json<I, T, A, C, H> {
    #[serde(default)]
    external_ids: I,
    #[serde(default)]
    traits: T,
    #[serde(default)]
    accounts: A,
    #[serde(default)]
    consent: C,
    #[serde(default)]
    events: H,
    #[serde(default, skip_serializing, rename = "profile")]
    _profile: IgnoredAny,
    #[serde(default, skip_serializing, rename = "audiences")]
    _audiences: IgnoredAny,
    #[serde(default, skip_serializing, rename = "account_audiences")]
    _account_audiences: IgnoredAny,
    #[serde(default, skip_serializing, rename = "computed_traits")]
    _computed_traits: IgnoredAny,
}

impl Serialize for Profile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Json {
            external_ids: &self.identifiers,
            traits: &self.traits,
            accounts: account_labels::all(&self.accounts),
            consent: &self.consent,
            events: &self.history,
            _profile: IgnoredAny,
            _audiences: IgnoredAny,
            _account_audiences: IgnoredAny,
            _computed_traits: IgnoredAny,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Profile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::<Identifiers, Object, Vec<String>, Consent, History>::deserialize(deserializer)?;
        Ok(Profile {
            identifiers: json.external_ids,
            traits: json.traits,
            accounts: json
                .accounts
                .iter()
                .map(|label| account_labels::id(label).into())
                .collect(),
            consent: json.consent,
            history: json.events,
        })
    }
}

/// The identifiers of a profile, by type and value, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identifiers(BTreeSet<Arc<Identifier>>);

/// Whether an identifier of a type names a person or a device, so that it makes a member (AM-6).
pub(crate) fn is_known(kind: &str) -> bool {
    matches!(kind, "user_id" | "email" | "android.idfa" | "ios.idfa")
}

/// The track, page and screen events of a profile, by name, each name's in time order (ties in canonical order, EV-14).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// Names are shared with the events that were taken in.
    by_name: BTreeMap<Arc<str>, Vec<PastEvent>>,
}

/// An event in the history of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastEvent {
    /// When it happened (EV-13).
    pub timestamp: Timestamp,
    /// When it was received; where nobody said, when it happened (EV-14).
    pub received_at: Timestamp,
    /// Its id.
    pub message_id: Arc<str>,
    /// Its properties, shared with whoever else holds the event.
    pub properties: Arc<Object>,
}

impl PastEvent {
    /// The order of events in a history: by timestamp, ties in canonical order (EV-14), in which of two events of one
    /// timestamp the one received first comes first.
    pub fn order(&self, other: &PastEvent) -> Ordering {
        let key = |event: &PastEvent| (event.timestamp, event.received_at);
        key(self)
            .cmp(&key(other))
            .then_with(|| self.message_id.cmp(&other.message_id))
    }
}

impl Profile {
    /// A profile of these parts.
    pub fn new(
        identifiers: Identifiers,
        traits: Object,
        accounts: BTreeSet<Box<str>>,
        consent: Consent,
        history: History,
    ) -> Self {
        Profile {
            identifiers,
            traits,
            accounts,
            consent,
            history,
        }
    }

    /// Starts to build a profile.
    pub fn builder() -> ProfileBuilder {
        ProfileBuilder(Profile::default())
    }

    /// Goes on building: to change what a host has stored, such as a consent that was revoked.
    pub fn to_builder(&self) -> ProfileBuilder {
        ProfileBuilder(self.clone())
    }

    /// Gives back the room that it was given to grow.
    pub(crate) fn shrink(&mut self) {
        self.consent.history.shrink_to_fit();
        self.history.by_name.values_mut().for_each(Vec::shrink_to_fit);
    }

    /// Its identifiers.
    pub fn identifiers(&self) -> &Identifiers {
        &self.identifiers
    }

    /// Its traits.
    pub fn traits(&self) -> &Object {
        &self.traits
    }

    /// The ids of the accounts that it belongs to, sorted.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        self.accounts.iter().map(|id| &**id)
    }

    /// Its consent.
    pub fn consent(&self) -> &Consent {
        &self.consent
    }

    /// Its events.
    pub fn history(&self) -> &History {
        &self.history
    }
}

impl Identifiers {
    /// Whether there is one of the type.
    pub fn has(&self, kind: &str) -> bool {
        self.of(kind).next().is_some()
    }

    /// The values of a type, sorted.
    pub fn of<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s str> {
        let from: &dyn Named = &(kind, "");
        self.0
            .range::<dyn Named, _>((Bound::Included(from), Bound::Unbounded))
            .take_while(move |id| id.kind == kind)
            .map(|id| &*id.value)
    }

    /// All, by type and value.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.0.iter().map(|id| id.name())
    }

    /// Whether they make a member (AM-6): by one that names a person or a device, and by an anonymous one.
    pub(crate) fn admit(&self) -> (bool, bool) {
        self.iter().fold((false, false), |(known, anonymous), (kind, _)| {
            (known || is_known(kind), anonymous || kind == ANONYMOUS_ID)
        })
    }

    /// The same of one identifier: one of which nothing is left as it is matched is none.
    #[cfg(feature = "parquet")]
    pub(crate) fn admits(kind: &str, value: &str) -> (bool, bool) {
        let is_some = !matched(kind, value).is_empty();
        (is_some && is_known(kind), is_some && kind == ANONYMOUS_ID)
    }

    /// The same, to be shared.
    pub(crate) fn shared(&self) -> impl Iterator<Item = &Arc<Identifier>> {
        self.0.iter()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds one as it is matched: an email lower-cased and trimmed. `false` if it was there, or if nothing is left of it.
    /// (Values that identify nobody, such as `null`, are kept out by the ingestor; a host sees to it itself.)
    pub fn insert(&mut self, kind: &str, value: &str) -> bool {
        let value = matched(kind, value);
        !value.is_empty()
            && self.insert_shared(Arc::new(Identifier {
                kind: kind.to_owned().into(),
                value: value.into(),
            }))
    }

    /// Adds one that is as it is matched, and not empty.
    pub(crate) fn insert_shared(&mut self, identifier: Arc<Identifier>) -> bool {
        self.0.insert(identifier)
    }

    /// Takes in those of another.
    pub(crate) fn absorb(&mut self, mut others: Identifiers) {
        // The smaller is put into the larger.
        if others.0.len() > self.0.len() {
            std::mem::swap(self, &mut others);
        }
        self.0.extend(others.0);
    }
}

impl History {
    /// The events of a name, in time order.
    pub fn of(&self, name: &str) -> &[PastEvent] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[PastEvent])> {
        self.by_name.iter().map(|(name, events)| (&**name, events.as_slice()))
    }

    /// Adds an event behind those of the same name and instant.
    pub fn insert(&mut self, name: &str, event: PastEvent) {
        self.insert_shared(&name.into(), event);
    }

    fn insert_shared(&mut self, name: &Arc<str>, event: PastEvent) {
        let events = self.by_name.entry(name.clone()).or_default();
        let at = events.partition_point(|other| other.timestamp <= event.timestamp);
        events.insert(at, event);
    }

    /// Adds an event where it stands among those of its name. At the end, where events mostly belong, that costs nothing
    /// but the search of the name.
    pub(crate) fn insert_in_order(&mut self, name: &Arc<str>, event: PastEvent) {
        let events = self.by_name.entry(name.clone()).or_default();
        if events.last().is_none_or(|last| last.order(&event).is_le()) {
            events.push(event);
        } else {
            let at = events.partition_point(|other| other.order(&event).is_le());
            events.insert(at, event);
        }
    }

    /// Takes in the events of another; both are in order, and so is what they come to.
    pub(crate) fn merge(&mut self, mut other: History) {
        // The smaller is put into the larger.
        if other.by_name.len() > self.by_name.len() {
            std::mem::swap(self, &mut other);
        }
        for (name, mut others) in other.by_name {
            let own = self.by_name.entry(name.clone()).or_default();
            if others.len() > own.len() {
                std::mem::swap(own, &mut others);
            }
            if others.len() * 16 < own.len() {
                others.into_iter().for_each(|event| self.insert_in_order(&name, event));
            } else {
                own.extend(others);
                own.sort_by(PastEvent::order);
            }
        }
    }

    /// Whether there is an event at or before an instant.
    pub(crate) fn reaches(&self, instant: Timestamp) -> bool {
        let mut first = self.by_name.values().filter_map(|events| events.first());
        first.any(|event| event.timestamp <= instant)
    }

    /// Drops the events at or before an instant.
    pub(crate) fn drop_until(&mut self, instant: Timestamp) {
        self.by_name.retain(|_, events| {
            events.drain(..events.partition_point(|event| event.timestamp <= instant));
            events.shrink_to_fit();
            !events.is_empty()
        });
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.by_name.values().map(Vec::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

/// Builds a [`Profile`] for a host that keeps its own.
#[derive(Debug, Clone, Default)]
pub struct ProfileBuilder(Profile);

impl ProfileBuilder {
    /// Adds a `user_id`.
    #[must_use]
    pub fn user_id(self, value: &str) -> Self {
        self.identifier("user_id", value)
    }

    /// Adds an `email`; it is lower-cased and trimmed, as it is matched.
    #[must_use]
    pub fn email(self, value: &str) -> Self {
        self.identifier("email", value)
    }

    /// Adds an identifier of any type. To be a member of anything a profile needs a `user_id`, `email`, `android.idfa` or
    /// `ios.idfa`; with `include anonymous`, an `anonymous_id` will do (AM-6).
    #[must_use]
    pub fn identifier(mut self, kind: &str, value: &str) -> Self {
        self.0.identifiers.insert(kind, value);
        self
    }

    /// Sets a trait.
    #[must_use]
    pub fn trait_(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.traits.insert(key, value.into());
        self
    }

    /// Adds an event with its properties. Events of one instant count in the order they are added.
    #[must_use]
    pub fn event<'k>(
        mut self,
        name: &str,
        timestamp: Timestamp,
        properties: impl IntoIterator<Item = (&'k str, Value)>,
    ) -> Self {
        let event = PastEvent {
            timestamp,
            received_at: timestamp,
            message_id: "".into(),
            properties: Arc::new(properties.into_iter().collect()),
        };
        self.0.history.insert(name, event);
        self
    }

    /// Sets the consent to a category.
    #[must_use]
    pub fn consent(mut self, category: &str, state: ConsentState) -> Self {
        self.0.consent.set(category, state);
        self
    }

    /// Makes it a user of an account.
    #[must_use]
    pub fn account(mut self, group_id: &str) -> Self {
        self.0.accounts.insert(group_id.into());
        self
    }

    /// The profile.
    pub fn build(self) -> Profile {
        self.0
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExternalId<S> {
    #[serde(rename = "type")]
    kind: S,
    id: S,
}

impl Serialize for Identifiers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|(kind, id)| ExternalId { kind, id }))
    }
}

impl<'de> Deserialize<'de> for Identifiers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut identifiers = Identifiers::default();
        for ExternalId { kind, id } in Vec::<ExternalId<Box<str>>>::deserialize(deserializer)? {
            identifiers.insert(&kind, &id);
        }
        Ok(identifiers)
    }
}

/// How an account is called in every list: `group_id:acme`.
pub fn account_label(id: &str) -> String {
    format!("{}{id}", account_labels::KIND)
}

mod account_labels {
    use super::BTreeSet;

    pub(super) const KIND: &str = "group_id:";

    pub(super) fn all(accounts: &BTreeSet<Box<str>>) -> Vec<String> {
        accounts.iter().map(|id| super::account_label(id)).collect()
    }

    pub(super) fn id(label: &str) -> &str {
        label.strip_prefix(KIND).unwrap_or(label)
    }
}

#[derive(Serialize)]
struct NamedEvent<'e> {
    name: &'e str,
    timestamp: Timestamp,
    message_id: &'e str,
    properties: &'e Object,
}

impl Serialize for History {
    /// In time order over all names.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut events: Vec<(&str, &PastEvent)> = self
            .iter()
            .flat_map(|(name, events)| events.iter().map(move |event| (name, event)))
            .collect();
        events.sort_by_key(|(_, event)| event.timestamp);
        let mut seq = serializer.serialize_seq(Some(events.len()))?;
        for (name, event) in events {
            seq.serialize_element(&NamedEvent {
                name,
                timestamp: event.timestamp,
                message_id: &event.message_id,
                properties: &event.properties,
            })?;
        }
        seq.end()
    }
}

impl<'de> Deserialize<'de> for History {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Events)
    }
}

struct Events;

impl<'de> Visitor<'de> for Events {
    type Value = History;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<History, A::Error> {
        // Names and keys come again and again.
        let sharing = Sharing::new();
        let mut history = History::default();
        while let Some((name, event)) = events.next_element_seed(Event(&sharing))? {
            history.insert_shared(&name, event);
        }
        Ok(history)
    }
}

/// One event, with its name.
#[derive(Clone, Copy)]
struct Event<'s, 't>(&'s Sharing<'t>);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum EventField {
    Name,
    Timestamp,
    MessageId,
    Properties,
}

impl<'de> DeserializeSeed<'de> for Event<'_, 'de> {
    type Value = (Arc<str>, PastEvent);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Event<'_, 'de> {
    type Value = (Arc<str>, PastEvent);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        fn once<T, E: serde::de::Error>(field: &'static str, place: &mut Option<T>, value: T) -> Result<(), E> {
            match place.replace(value) {
                None => Ok(()),
                Some(_) => Err(E::duplicate_field(field)),
            }
        }
        let (mut name, mut timestamp, mut message_id, mut properties) = (None, None, None, None);
        while let Some(field) = map.next_key()? {
            match field {
                EventField::Name => once("name", &mut name, map.next_value_seed(self.0.text())?)?,
                EventField::Timestamp => once("timestamp", &mut timestamp, map.next_value()?)?,
                EventField::MessageId => {
                    once("message_id", &mut message_id, map.next_value_seed(self.0.text())?)?;
                }
                EventField::Properties => {
                    once("properties", &mut properties, map.next_value_seed(self.0.object())?)?;
                }
            }
        }
        let timestamp = timestamp.ok_or_else(|| A::Error::missing_field("timestamp"))?;
        let event = PastEvent {
            timestamp,
            received_at: timestamp,
            message_id: message_id.unwrap_or_default(),
            properties: Arc::new(properties.unwrap_or_default()),
        };
        Ok((name.ok_or_else(|| A::Error::missing_field("name"))?, event))
    }
}
