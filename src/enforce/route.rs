//! Where one raw event may go: the event's own consent object and integrations object against each destination (CR).
//!
//! Here the event's consent decides, not the profile's (CR-20), so nothing of profiles is known here. Consent is looked
//! at first and is the reason where both block (CR-19, DEC-29).
//!
//! | the event's consent object | a destination with enforced categories | one without |
//! |---|---|---|
//! | not there | receives; if there is an integrations object without `All`, only where it is named (DEC-4) | receives |
//! | there, whatever it holds | receives if each category is `true` | receives |
//!
//! What passes this is then filtered by the integrations object (CR-14, CR-15).
//!
//! A host that finds the first row too open has [`Policy::Strict`]: then what is stored of the person takes the place of the
//! object that is not there. It only ever takes receivers away.
//!
//! The workspace's `consent enforcement off` is about members of audiences (CE-1) and changes nothing here: whoever keeps
//! consent in the conditions of audiences (CE-15) has no such condition on raw events. A category that is switched off is
//! not required here either (CC-9).

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use super::{FILTERED_BY_END_USER_CONSENT, FILTERED_BY_INTEGRATIONS_OBJECT};
use crate::consent::is_category_id;
use crate::ir::{CategorySlot, Destination, Program};
use crate::model::{Consent, Preferences, consent_object, is_preference_update};
use crate::value::{Keys, Object, Value};

/// What becomes of an event at a destination: one of the two, and one reason (DO-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Routing {
    /// It is delivered, in this form.
    Delivered(Payload),
    /// It is not, for this reason.
    Discarded(Discard),
}

impl Routing {
    /// Whether anything is delivered.
    pub fn is_delivered(self) -> bool {
        matches!(self, Routing::Delivered(_))
    }
}

impl fmt::Display for Routing {
    /// `delivered`, `delivered: consent only`, or `discarded: FILTERED_BY_END_USER_CONSENT`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Routing::Delivered(Payload::Event) => f.write_str("delivered"),
            Routing::Delivered(Payload::ConsentOnly) => f.write_str("delivered: consent only"),
            Routing::Discarded(discard) => write!(f, "discarded: {discard}"),
        }
    }
}

/// How much of an event is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// The event as it is.
    Event,
    /// What a preference update may say to a destination that is told of consent whatever the person chose (CV-9).
    ConsentOnly,
}

impl Payload {
    /// What of the event is to be sent.
    ///
    /// Of [`ConsentOnly`](Payload::ConsentOnly) that is `type`, `event`, `messageId`, the four times, `userId`,
    /// `anonymousId`, and of `context.consent` the `version` and the preferences under ids that a category can have.
    pub fn of(self, event: &Value) -> Cow<'_, Value> {
        match (self, event.as_object()) {
            (Payload::Event, _) => Cow::Borrowed(event),
            (Payload::ConsentOnly, Some(event)) => Cow::Owned(Value::Object(consent_only(event))),
            (Payload::ConsentOnly, None) => Cow::Owned(Value::Null),
        }
    }
}

/// Why an event is not delivered to a destination, by the names of the Delivery Overview (DO-5). In the order in which they
/// are looked at: of several the first is told (DO-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Discard {
    /// The event's consent object does not grant each category that the destination requires.
    EndUserConsent,
    /// The event's integrations object leaves the destination out.
    IntegrationsObject,
}

impl Discard {
    /// The documented code.
    pub fn as_str(self) -> &'static str {
        match self {
            Discard::EndUserConsent => FILTERED_BY_END_USER_CONSENT,
            Discard::IntegrationsObject => FILTERED_BY_INTEGRATIONS_OBJECT,
        }
    }
}

impl fmt::Display for Discard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Discard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What decides about an event that has no consent object. One that has is held to its own, whatever the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy<'c> {
    /// Nothing does: nobody was asked, and it flows (CR-1, CO-2). This is what is documented.
    #[default]
    Documented,
    /// What is stored of the people that it is about: each of them must have granted each category that the destination
    /// requires. Where nobody is known, and there is nobody's consent here, nothing is granted.
    Strict(&'c [&'c Consent]),
}

impl Policy<'_> {
    /// Whether a category is granted to an event without a consent object.
    fn grants(self, category: &str) -> bool {
        match self {
            Policy::Documented => true,
            Policy::Strict(stored) => {
                !stored.is_empty() && stored.iter().all(|consent| consent.state(category).is_granted())
            }
        }
    }
}

/// What an event's consent object says; it is not kept, so nothing is shared with others.
fn read(consent: &Value) -> Preferences {
    Preferences::read(consent, &mut Keys::default())
}

/// What becomes of an event at each destination of the program, in the order of [`Program::destinations`].
///
/// The event must be one that is not refused: a refused one goes nowhere, and that is not looked at here.
pub(crate) fn route(program: &Program, event: &Object, policy: Policy<'_>) -> Vec<Routing> {
    let said = Said {
        consent: consent_object(event).map(read),
        policy,
        integrations: Integrations::of(event),
        is_preference_update: is_preference_update(event),
    };
    let destinations = program.destinations.iter();
    destinations.map(|destination| said.at(program, destination)).collect()
}

/// The categories that a destination enforces and an event's own consent object does not grant: what
/// [`Discard::EndUserConsent`] is for. None where it has no such object.
pub(crate) fn not_granted(program: &Program, destination: &Destination, event: &Object) -> Vec<CategorySlot> {
    let Some(preferences) = consent_object(event).map(read) else {
        return Vec::new();
    };
    let enforced = program.enforced(destination);
    enforced
        .filter(|slot| !preferences.grants(program.category_id(*slot)))
        .collect()
}

/// What an event says about where it may go.
struct Said<'e> {
    /// `None` where it has no consent object (CO-3).
    consent: Option<Preferences>,
    /// What takes its place.
    policy: Policy<'e>,
    integrations: Integrations<'e>,
    is_preference_update: bool,
}

impl Said<'_> {
    fn at(&self, program: &Program, destination: &Destination) -> Routing {
        // DEC-21: this destination was declared as one to be told, and is told no more than that, also after a grant.
        let payload = if self.is_preference_update && destination.receives_consent {
            Payload::ConsentOnly
        } else {
            Payload::Event
        };
        if payload == Payload::Event && !self.consent_allows(program, destination) {
            Routing::Discarded(Discard::EndUserConsent)
        } else if !self.integrations_allow(program, destination) {
            Routing::Discarded(Discard::IntegrationsObject)
        } else {
            Routing::Delivered(payload)
        }
    }

    /// CR-1 to CR-13: each category that is enforced (CC-7), by the event's object; without one as the policy says.
    fn consent_allows(&self, program: &Program, destination: &Destination) -> bool {
        let grants = |slot: CategorySlot| {
            let category = program.category_id(slot);
            match &self.consent {
                Some(preferences) => preferences.grants(category),
                None => self.policy.grants(category),
            }
        };
        program.enforced(destination).all(grants)
    }

    fn integrations_allow(&self, program: &Program, destination: &Destination) -> bool {
        match self.integrations {
            Integrations::None => true,
            Integrations::Unreadable => false,
            Integrations::Flags(flags) => match flags.get(&destination.kind).or_else(|| flags.get("All")) {
                Some(flag) => is_on(flag),
                // DEC-4: nobody was asked, so a destination that needs consent has to be wanted by name; under any policy, for a
                // stricter one must not add a receiver.
                None => self.consent.is_some() || program.enforced(destination).next().is_none(),
            },
        }
    }
}

/// The integrations object of an event.
enum Integrations<'e> {
    /// Not there, or empty (CR-1).
    None,
    /// There, and no object.
    Unreadable,
    Flags(&'e Object),
}

impl<'e> Integrations<'e> {
    fn of(event: &'e Object) -> Self {
        match event.get("integrations").and_then(Value::present) {
            None => Integrations::None,
            Some(Value::Object(flags)) if flags.is_empty() => Integrations::None,
            Some(Value::Object(flags)) => Integrations::Flags(flags),
            // Somebody wanted to restrict the event; how far can't be told.
            Some(_) => Integrations::Unreadable,
        }
    }
}

/// CR-15: an object means true. What is neither, `"true"` and `null` too, is no permission.
fn is_on(flag: &Value) -> bool {
    matches!(flag, Value::Bool(true) | Value::Object(_))
}

/// CV-9: what tells of consent, and nothing that is about the person otherwise.
fn consent_only(event: &Object) -> Object {
    const KEPT: [&str; 9] = [
        "type",
        "event",
        "messageId",
        "timestamp",
        "originalTimestamp",
        "sentAt",
        "receivedAt",
        "userId",
        "anonymousId",
    ];
    let consent = consent_object(event).and_then(Value::as_object);
    let preferences = consent
        .and_then(|c| c.get("categoryPreferences"))
        .and_then(Value::as_object);
    // An id that no category can have could be any text.
    let preferences: Object = preferences
        .into_iter()
        .flat_map(Object::iter)
        .filter(|(id, _)| is_category_id(id))
        .map(|(id, value)| (id, value.clone()))
        .collect();
    let version = consent.and_then(|c| c.get("version"));
    let version = version.map(|version| ("version", version.clone()));
    let consent: Object = [("categoryPreferences", Value::Object(preferences))]
        .into_iter()
        .chain(version)
        .collect();
    let context: Object = [("consent", Value::Object(consent))].into_iter().collect();

    let kept = KEPT.into_iter().filter_map(|key| Some((key, event.get(key)?.clone())));
    kept.chain([("context", Value::Object(context))]).collect()
}
