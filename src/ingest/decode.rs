//! One event, from a JSON value to what the fold needs: the checks in the order of EV-17a, then the parts.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::event::{Effect, Event, LeftOut};
use super::identifiers::{Claims, Parts};
use super::input::hex;
use super::preferences::{self, Given};
use super::reject::{Refusal, RejectCode};
use super::shared::Shared;
use super::times;
use crate::consent::is_reserved_trait;
use crate::model::{GROUP_ID, IdentityRules};
use crate::time::Timestamp;
use crate::value::{Keys, Leaf, Look, Object, Value};

/// The most characters of a `messageId` (EV-18).
const LONGEST_MESSAGE_ID: usize = 100;
/// The most characters of a group id (EV-19).
const LONGEST_GROUP_ID: usize = 500;
/// The most traits of an identify call (TR-8, DEC-30: 300 are refused).
const MOST_IDENTIFY_TRAITS: usize = 299;
/// The most traits of another call, and the most properties (EV-19, DEC-30).
const MOST_KEYS: usize = 300;

/// The six calls (EV-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Identify,
    Track,
    Page,
    Screen,
    Group,
    Alias,
}

impl Call {
    fn of<'v>(event: impl Look<'v>) -> Result<Call, Refusal> {
        let Some(name) = present(event, "type") else {
            return Err(RejectCode::TypeRequired.because("`type` is missing"));
        };
        match name.text() {
            Some("identify") => Ok(Call::Identify),
            Some("track") => Ok(Call::Track),
            Some("page") => Ok(Call::Page),
            Some("screen") => Ok(Call::Screen),
            Some("group") => Ok(Call::Group),
            Some("alias") => Ok(Call::Alias),
            _ => Err(RejectCode::TypeUnknown
                .because("`type` is none of `identify`, `track`, `page`, `screen`, `group` and `alias`")),
        }
    }
}

/// Whether the traits and properties of events are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Kept,
    /// The event has the effect that it has, with nothing in it: for those who only ask who it is about, when it was and what
    /// it says of consent.
    LeftOut,
}

/// Decodes and validates an event, wherever it stands; `received_at` is the receipt of one that says nothing of time.
pub(crate) fn decode<'v, V: Look<'v>>(
    event: V,
    rules: &IdentityRules,
    received_at: Timestamp,
    content: Content,
    shared: &mut Shared,
) -> Result<Event, Refusal> {
    if event.object().is_none() {
        return Err(RejectCode::BadRequest.because("the event is not an object"));
    }
    let call = Call::of(event)?;
    let context = object(event, "context", RejectCode::ContextNotObject)?;
    check_ids(call, event)?;
    check_fields(call, event, context)?;
    let times = times::read(event, received_at)?;
    check_limits(call, event, context)?;

    let deliberate = preferences::is_preference_update(event);
    if deliberate {
        preferences::validate(context)?;
    }
    let mut claims = Claims::new(rules);
    claims.own(event, call != Call::Alias);
    if call != Call::Alias {
        let part = |key| event.get(key).and_then(Look::object);
        claims.described(Parts {
            traits: part("traits").filter(|_| call == Call::Identify),
            context,
            properties: part("properties").filter(|_| matches!(call, Call::Track | Call::Page | Call::Screen)),
        });
    }
    let (claims, mut left_out) = claims.done();
    if claims.is_empty() {
        return Err(RejectCode::NoUsableIdentifier.because("every identifier of the event is blocked"));
    }
    let consent = preferences::consent_object(event).map(|consent| Given {
        preferences: shared.preferences(consent),
        deliberate,
    });
    Ok(Event {
        times,
        message_id: message_id(event),
        claims,
        consent,
        effect: effect(call, event, rules, content, shared, &mut left_out),
        left_out,
        is_timed: times::are_told(event),
    })
}

/// A field that is there and not null: the two mean the same (but not within `context.consent`).
fn present<'v, V: Look<'v>>(event: V, key: &str) -> Option<V> {
    event.get(key).and_then(Look::present)
}

fn object<'v, V: Look<'v>>(event: V, key: &str, code: RejectCode) -> Result<Option<V>, Refusal> {
    match present(event, key) {
        None => Ok(None),
        Some(value) if value.object().is_some() => Ok(Some(value)),
        Some(_) => Err(code.because(format!("`{key}` is not an object"))),
    }
}

/// EV-3, and the `userId` of an alias (EV-2).
fn check_ids<'v>(call: Call, event: impl Look<'v>) -> Result<(), Refusal> {
    let user = present(event, "userId");
    if call == Call::Alias && user.is_none() {
        return Err(RejectCode::NoUserAnonId.because("an alias needs a `userId`"));
    }
    if user.is_none() && present(event, "anonymousId").is_none() {
        return Err(RejectCode::NoUserAnonId.because("The userID or anonymousID was not provided"));
    }
    for key in ["userId", "anonymousId", "messageId"] {
        match present(event, key).map(Look::leaf) {
            None => {}
            // An empty messageId counts as none.
            Some(Leaf::Text(text)) if !text.is_empty() || key == "messageId" => {}
            Some(Leaf::Text(_)) => return Err(RejectCode::IdNotString.because(format!("`{key}` is empty"))),
            Some(_) => return Err(RejectCode::IdNotString.because(format!("`{key}` is not a string"))),
        }
    }
    Ok(())
}

/// EV-2 and EV-5: the fields that a call needs, and their types.
fn check_fields<'v, V: Look<'v>>(call: Call, event: V, context: Option<V>) -> Result<(), Refusal> {
    if call == Call::Track {
        match present(event, "event") {
            None => return Err(RejectCode::EventNotDefined.because("a track call needs an `event`")),
            Some(name) if name.text().is_none() => {
                return Err(RejectCode::EventNotString.because("`event` is not a string"));
            }
            Some(_) => {}
        }
    }
    if call == Call::Group && text(event, "groupId").is_none_or(str::is_empty) {
        return Err(RejectCode::GroupIdRequired.because("a group call needs a `groupId`, a string that is not empty"));
    }
    if context.and_then(|c| text(c, "groupId")).is_some_and(str::is_empty) {
        return Err(RejectCode::GroupIdRequired.because("`context.groupId` is empty"));
    }
    if call == Call::Alias && text(event, "previousId").is_none_or(str::is_empty) {
        return Err(RejectCode::PreviousIdRequired.because("an alias needs a `previousId`, a string that is not empty"));
    }
    object(event, "properties", RejectCode::PropertiesNotObject)?;
    object(event, "traits", RejectCode::TraitsNotObject)?;
    if matches!(call, Call::Page | Call::Screen) {
        for (key, code) in [
            ("name", RejectCode::NameNotString),
            ("category", RejectCode::CategoryNotString),
        ] {
            if present(event, key).is_some() && text(event, key).is_none_or(str::is_empty) {
                return Err(code.because(format!("`{key}` is not a string, or empty")));
            }
        }
    }
    Ok(())
}

/// EV-18, EV-19, TR-8.
fn check_limits<'v, V: Look<'v>>(call: Call, event: V, context: Option<V>) -> Result<(), Refusal> {
    let longer = |text: Option<&str>, most: usize| text.is_some_and(|text| text.chars().count() > most);
    if longer(text(event, "messageId"), LONGEST_MESSAGE_ID) {
        let reason = format!("`messageId` has more than {LONGEST_MESSAGE_ID} characters");
        return Err(RejectCode::MessageIdTooLong.because(reason));
    }
    let group = text(event, "groupId").filter(|_| call == Call::Group);
    if longer(group, LONGEST_GROUP_ID) || longer(context.and_then(|c| text(c, "groupId")), LONGEST_GROUP_ID) {
        let reason = format!("the group id has more than {LONGEST_GROUP_ID} characters");
        return Err(RejectCode::GroupIdTooLong.because(reason));
    }
    let count = |key| event.get(key).and_then(Look::entries).map_or(0, Iterator::count);
    let most = if call == Call::Identify {
        MOST_IDENTIFY_TRAITS
    } else {
        MOST_KEYS
    };
    let traits = count("traits");
    if traits > most {
        return Err(RejectCode::TooManyTraits.because(format!("{traits} traits, more than {most}")));
    }
    let properties = count("properties");
    if properties > MOST_KEYS {
        return Err(RejectCode::TooManyProperties.because(format!("{properties} properties, more than {MOST_KEYS}")));
    }
    Ok(())
}

fn text<'v>(object: impl Look<'v>, key: &str) -> Option<&'v str> {
    object.get(key).and_then(Look::text)
}

/// The event's id, derived from its canonical JSON where it has none, so that an exact copy is a duplicate too (EV-17).
fn message_id<'v>(event: impl Look<'v>) -> Arc<str> {
    match text(event, "messageId") {
        Some(id) if !id.is_empty() => id.into(),
        _ => {
            let canonical = event.to_value(&mut Keys::default()).canonical();
            let digest = Sha256::digest(canonical.as_bytes());
            format!("volens-{}", hex(&digest)).into()
        }
    }
}

fn effect<'v>(
    call: Call,
    event: impl Look<'v>,
    rules: &IdentityRules,
    content: Content,
    shared: &mut Shared,
    left_out: &mut LeftOut,
) -> Effect {
    let part = |key: &str| event.get(key).filter(|_| content == Content::Kept);
    let mut take = |key: &str| match part(key).map(|part| part.to_value(shared.keys())) {
        Some(Value::Object(object)) => object,
        _ => Object::default(),
    };
    match call {
        Call::Alias => Effect::Nothing,
        Call::Identify => {
            let mut traits = open(take("traits"), left_out);
            full_name(&mut traits);
            Effect::Traits(traits)
        }
        Call::Group => {
            let traits = open(take("traits"), left_out);
            match text(event, "groupId") {
                Some(id) if !rules.is_blocked(GROUP_ID, id) => Effect::Group { id: id.into(), traits },
                // A blocked value is no identifier of an account either (ID-8).
                _ => {
                    left_out.blocked += 1;
                    Effect::Nothing
                }
            }
        }
        Call::Track => Effect::Past {
            properties: Arc::new(take("properties")),
            name: shared.keys().shared(text(event, "event").unwrap_or_default()),
        },
        Call::Page => viewed("Page Viewed", "page_name", event, take("properties"), shared),
        Call::Screen => viewed("Screen Viewed", "screen_name", event, take("properties"), shared),
    }
}

/// A page or screen call as the event that conditions see: its own name and category win (EV-20, EV-21).
fn viewed<'v>(
    event_name: &str,
    name_key: &str,
    event: impl Look<'v>,
    mut properties: Object,
    shared: &mut Shared,
) -> Effect {
    let mut set = |key: &str, value: &str| properties.insert(shared.keys().shared(key), Value::from(value));
    if let Some(name) = text(event, "name") {
        set(name_key, name);
        set("name", name);
    }
    if let Some(category) = text(event, "category") {
        set("category", category);
    }
    Effect::Past {
        name: shared.keys().shared(event_name),
        properties: Arc::new(properties),
    }
}

/// The traits outside the namespace of consent (CP-17, TR-10).
fn open(mut traits: Object, left_out: &mut LeftOut) -> Object {
    let before = traits.len();
    traits.retain(|key, _| !is_reserved_trait(key));
    left_out.reserved_traits += u32::try_from(before - traits.len()).unwrap_or(u32::MAX);
    traits
}

/// EV-27. A `name` that is sent as null is a removal, and stays one.
fn full_name(traits: &mut Object) {
    if traits.get("name").is_some() {
        return;
    }
    let text = |key| traits.get(key).and_then(Value::as_str);
    if let (Some(first), Some(last)) = (text("firstName"), text("lastName")) {
        let name = format!("{first} {last}");
        traits.insert("name", Value::String(name.into()));
    }
}
