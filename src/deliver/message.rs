//! The messages: calls of the Segment spec that a destination can take as they are (AO-2 to AO-7, CE-5).

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::kind::Kind;
use super::ledger::Entry;
use crate::ir::{Destination, MessageForm, Program};
use crate::model::Consent;
use crate::time::Timestamp;
use crate::value::{Object, Value};

/// What a message says of a person and an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The person is in the audience.
    #[default]
    Entered,
    /// The person is no longer in the audience.
    Exited,
    /// The person revoked consent and is to be taken out: the same as an exit for the destination, and nothing is said but
    /// that (CE-11).
    Removed,
}

impl Change {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Change::Entered => "entered",
            Change::Exited => "exited",
            Change::Removed => "removed",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One message about one identifier of a person, to one destination.
///
/// Serialised, it is a track or identify call with the keys in an order that never changes, and `destination` beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Message {
    #[serde(rename = "type")]
    form: MessageForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<Box<str>>,
    message_id: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    anonymous_id: Option<Box<str>>,
    timestamp: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    properties: Option<Object>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traits: Option<Object>,
    context: Context,
    integrations: Object,
    destination: Box<str>,
    #[serde(skip)]
    about: About,
}

/// What a message is about, and what there was before it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    change: Change,
    kind: Kind,
    value: Box<str>,
    #[serde(skip)]
    before: Before,
}

/// The entry of the ledger, if there was one. It makes no difference between two messages.
#[derive(Debug, Clone, Default)]
struct Before(Option<Entry>);

impl PartialEq for Before {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Before {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Context {
    personas: Personas,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consent: Option<Preferences>,
    #[serde(default, skip_serializing_if = "Object::is_empty")]
    traits: Object,
    #[serde(default, skip_serializing_if = "Object::is_empty")]
    device: Object,
    #[serde(default, skip_serializing_if = "Object::is_empty")]
    integrations: Object,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Personas {
    computation_class: Box<str>,
    computation_id: Box<str>,
    computation_key: Box<str>,
    namespace: Box<str>,
    space_id: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Preferences {
    category_preferences: Object,
}

/// What a message is made of.
#[derive(Debug)]
pub(super) struct Parts<'m> {
    pub(super) program: &'m Program,
    pub(super) destination: &'m Destination,
    pub(super) audience: &'m str,
    pub(super) kind: Kind,
    pub(super) value: &'m str,
    pub(super) change: Change,
    /// The `userId` that goes along with an identifier that needs one.
    pub(super) user_id: Option<&'m str>,
    pub(super) consent: &'m Consent,
    pub(super) now: Timestamp,
    pub(super) space: &'m str,
    /// How many messages there were before.
    pub(super) times: u32,
    /// What the ledger has of it.
    pub(super) before: Option<&'m Entry>,
}

impl Message {
    pub(super) fn new(parts: &Parts<'_>) -> Message {
        let Parts {
            destination,
            audience,
            value,
            ..
        } = *parts;
        let mut context = Context {
            personas: Personas {
                computation_class: "audience".into(),
                computation_id: format!("aud_{audience}").into(),
                computation_key: audience.into(),
                namespace: parts.space.into(),
                space_id: parts.space.into(),
            },
            // A removal follows a refusal, and says no more than it must.
            consent: (parts.change != Change::Removed).then(|| preferences(parts.program, parts.consent)),
            traits: Object::default(),
            device: Object::default(),
            integrations: Object::default(),
        };
        let is_in = Value::Bool(parts.change == Change::Entered);
        let (event, properties, mut traits) = match destination.message {
            MessageForm::Track => {
                let event = match parts.change {
                    Change::Entered => "Audience Entered",
                    Change::Exited | Change::Removed => "Audience Exited",
                };
                // What stands below the key comes last: destinations look there for the answer, also if the audience is
                // named `audience_key`.
                let properties = [("audience_key", Value::from(audience)), (audience, is_in)];
                (Some(event.into()), Some(properties.into_iter().collect()), None)
            }
            MessageForm::Identify => (None, None, Some(Object::from_iter([(audience, is_in)]))),
        };
        address(parts, &mut context, traits.as_mut());
        let (user_id, anonymous_id) = match (parts.kind, parts.user_id) {
            (Kind::UserId, _) => (Some(value.into()), None),
            (Kind::AnonymousId, _) => (None, Some(value.into())),
            (_, Some(user_id)) => (Some(user_id.into()), None),
            (kind, None) => (None, Some(derived(kind, value))),
        };
        // `All` is never anything but false: also if that is the type of a destination.
        let integrations = [(&*destination.kind, true), ("All", false)].map(|(name, yes)| (name, Value::Bool(yes)));
        Message {
            form: destination.message,
            event,
            message_id: message_id(parts),
            user_id,
            anonymous_id,
            timestamp: parts.now,
            properties,
            traits,
            context,
            integrations: integrations.into_iter().collect(),
            destination: destination.name.clone(),
            about: About {
                change: parts.change,
                kind: parts.kind,
                value: value.into(),
                before: Before(parts.before.cloned()),
            },
        }
    }

    /// Reads one that was kept by [`to_kept`](Message::to_kept); `None` for anything else.
    pub(crate) fn of_kept(line: &str) -> Option<Message> {
        let (about, message) = line.split_once('\n')?;
        let mut message: Message = serde_json::from_str(message).ok()?;
        message.about = serde_json::from_str(about).ok()?;
        Some(message)
    }

    /// As text to be kept: what it is about, and then its JSON.
    pub(crate) fn to_kept(&self) -> String {
        let about = serde_json::to_string(&self.about).unwrap_or_default();
        format!("{about}\n{}", self.to_json())
    }

    /// The entry of the ledger before it.
    pub(super) fn before(&self) -> Option<&Entry> {
        self.about.before.0.as_ref()
    }

    /// The type of the identifier that it is about.
    pub(super) fn kind(&self) -> Kind {
        self.about.kind
    }

    /// Its form.
    pub fn form(&self) -> MessageForm {
        self.form
    }

    /// What it says.
    pub fn change(&self) -> Change {
        self.about.change
    }

    /// The event of a track call: `Audience Entered` or `Audience Exited`.
    pub fn event(&self) -> Option<&str> {
        self.event.as_deref()
    }

    /// Its id. A message that is handed out again after a crash, as of the same instant, has the same; no two others do.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The `userId`, if it is addressed by one.
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// The `anonymousId`, if it is addressed by one.
    pub fn anonymous_id(&self) -> Option<&str> {
        self.anonymous_id.as_deref()
    }

    /// The identifier that it is about: its type and value.
    pub fn identifier(&self) -> (&str, &str) {
        (self.about.kind.as_str(), &self.about.value)
    }

    /// The key of the audience.
    pub fn audience(&self) -> &str {
        &self.context.personas.computation_key
    }

    /// The name of the destination.
    pub fn destination(&self) -> &str {
        &self.destination
    }

    /// The instant as of which it was handed out.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// As JSON, in one line without its end.
    pub fn to_json(&self) -> String {
        // Keys are strings and numbers finite, so nothing in it cannot be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Puts the identifier where destinations look for one of its type (ID-2, AO-6).
fn address(parts: &Parts<'_>, context: &mut Context, traits: Option<&mut Object>) {
    let value = Value::from(parts.value);
    let (system, key) = match parts.kind {
        Kind::UserId | Kind::AnonymousId => return,
        Kind::Email => {
            let key = Kind::Email.as_str();
            match traits {
                // An audience of that name has its place there already.
                Some(traits) if traits.get(key).is_none() => traits.insert(key, value),
                _ => context.traits.insert(key, value),
            };
            return;
        }
        Kind::GaClientId => {
            let client = Object::from_iter([("clientId", value)]);
            context.integrations.insert("Google Analytics", Value::Object(client));
            return;
        }
        Kind::AndroidId => ("android", "id"),
        Kind::IosId => ("ios", "id"),
        Kind::AndroidIdfa => ("android", "advertisingId"),
        Kind::IosIdfa => ("ios", "advertisingId"),
        Kind::AndroidPushToken => ("android", "token"),
        Kind::IosPushToken => ("ios", "token"),
    };
    context.device = Object::from_iter([("type", Value::from(system)), (key, value)]);
    if matches!(parts.kind, Kind::AndroidIdfa | Kind::IosIdfa) {
        context.device.insert("adTrackingEnabled", Value::Bool(true));
    }
}

/// What the person says about every category of the workspace; whatever is no grant is a no (CE-5).
fn preferences(program: &Program, consent: &Consent) -> Preferences {
    let categories = program.categories.iter().map(|category| {
        let granted = consent.state(&category.id).is_granted();
        (&*category.id, Value::Bool(granted))
    });
    Preferences {
        category_preferences: categories.collect(),
    }
}

/// An `anonymousId` for a call that must have an id and has none (EV-3). It follows from the identifier that the call
/// carries anyway, so it says nothing more.
fn derived(kind: Kind, value: &str) -> Box<str> {
    format!(
        "vol-{}",
        hash(&[b"anonymous", kind.as_str().as_bytes(), value.as_bytes()])
    )
    .into()
}

fn message_id(parts: &Parts<'_>) -> Box<str> {
    let hash = hash(&[
        parts.destination.name.as_bytes(),
        parts.audience.as_bytes(),
        parts.kind.as_str().as_bytes(),
        parts.value.as_bytes(),
        parts.change.as_str().as_bytes(),
        &parts.now.as_millis().to_le_bytes(),
        &parts.times.to_le_bytes(),
    ]);
    format!("vol-{hash}").into()
}

/// The first half of a hash over the parts, each behind its length, in hexadecimal digits.
fn hash(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    let digits = digest.iter().take(16).flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
