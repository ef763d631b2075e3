//! One event, from a JSON value to what the fold needs: the checks in the order of EV-17a, then the parts.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::event::{Effect, Event, LeftOut};
use super::identifiers::{Claims, Parts};
use super::input::hex;
use super::preferences::{self, Given, Preferences};
use super::reject::{Refusal, RejectCode};
use super::times;
use crate::consent::is_reserved_trait;
use crate::model::{GROUP_ID, IdentityRules};
use crate::time::Timestamp;
use crate::value::{Object, Value};

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
    fn of(event: &Object) -> Result<Call, Refusal> {
        let Some(name) = present(event, "type") else {
            return Err(RejectCode::TypeRequired.because("`type` is missing"));
        };
        match name.as_str() {
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

/// Decodes and validates an event; `received_at` is the receipt of one that says nothing of time.
pub(crate) fn decode(value: Value, rules: &IdentityRules, received_at: Timestamp) -> Result<Event, Refusal> {
    let Value::Object(event) = value else {
        return Err(RejectCode::BadRequest.because("the event is not an object"));
    };
    let call = Call::of(&event)?;
    let context = object(&event, "context", RejectCode::ContextNotObject)?;
    check_ids(call, &event)?;
    check_fields(call, &event, context)?;
    let times = times::read(&event, received_at)?;
    check_limits(call, &event, context)?;

    let deliberate = preferences::is_preference_update(&event);
    if deliberate {
        preferences::validate(context)?;
    }
    let consent = preferences::consent_object(&event).map(|consent| Given {
        preferences: Arc::new(Preferences::read(consent)),
        deliberate,
    });

    let mut claims = Claims::new(rules);
    claims.own(&event, call != Call::Alias);
    if call != Call::Alias {
        let part = |key| event.get(key).and_then(Value::as_object);
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

    let (message_id, event) = message_id(event);
    let effect = effect(call, event, rules, &mut left_out);
    Ok(Event {
        times,
        message_id,
        claims,
        consent,
        effect,
        left_out,
    })
}

/// A field that is there and not null: the two mean the same (but not within `context.consent`).
fn present<'e>(event: &'e Object, key: &str) -> Option<&'e Value> {
    event.get(key).and_then(Value::present)
}

fn object<'e>(event: &'e Object, key: &str, code: RejectCode) -> Result<Option<&'e Object>, Refusal> {
    match present(event, key) {
        None => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(code.because(format!("`{key}` is not an object"))),
    }
}

/// EV-3, and the `userId` of an alias (EV-2).
fn check_ids(call: Call, event: &Object) -> Result<(), Refusal> {
    let user = present(event, "userId");
    if call == Call::Alias && user.is_none() {
        return Err(RejectCode::NoUserAnonId.because("an alias needs a `userId`"));
    }
    if user.is_none() && present(event, "anonymousId").is_none() {
        return Err(RejectCode::NoUserAnonId.because("The userID or anonymousID was not provided"));
    }
    for key in ["userId", "anonymousId", "messageId"] {
        match present(event, key) {
            None => {}
            // An empty messageId counts as none.
            Some(Value::String(text)) if !text.is_empty() || key == "messageId" => {}
            Some(Value::String(_)) => return Err(RejectCode::IdNotString.because(format!("`{key}` is empty"))),
            Some(_) => return Err(RejectCode::IdNotString.because(format!("`{key}` is not a string"))),
        }
    }
    Ok(())
}

/// EV-2 and EV-5: the fields that a call needs, and their types.
fn check_fields(call: Call, event: &Object, context: Option<&Object>) -> Result<(), Refusal> {
    if call == Call::Track {
        match present(event, "event") {
            None => return Err(RejectCode::EventNotDefined.because("a track call needs an `event`")),
            Some(name) if name.as_str().is_none() => {
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
fn check_limits(call: Call, event: &Object, context: Option<&Object>) -> Result<(), Refusal> {
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
    let count = |key| event.get(key).and_then(Value::as_object).map_or(0, Object::len);
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

fn text<'e>(object: &'e Object, key: &str) -> Option<&'e str> {
    object.get(key).and_then(Value::as_str)
}

/// The event's id, derived from its canonical JSON where it has none, so that an exact copy is a duplicate too (EV-17).
fn message_id(event: Object) -> (Arc<str>, Object) {
    match event.get("messageId") {
        Some(Value::String(id)) if !id.is_empty() => ((&**id).into(), event),
        _ => {
            let value = Value::Object(event);
            let digest = Sha256::digest(value.canonical().as_bytes());
            let event = match value {
                Value::Object(event) => event,
                _ => Object::default(),
            };
            (format!("volens-{}", hex(&digest)).into(), event)
        }
    }
}

fn effect(call: Call, mut event: Object, rules: &IdentityRules, left_out: &mut LeftOut) -> Effect {
    let mut take = |key: &str| match event.take(key) {
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
            match event.take("groupId") {
                Some(Value::String(id)) if !rules.is_blocked(GROUP_ID, &id) => Effect::Group { id, traits },
                // A blocked value is no identifier of an account either (ID-8).
                _ => {
                    left_out.blocked += 1;
                    Effect::Nothing
                }
            }
        }
        Call::Track => {
            let properties = Arc::new(take("properties"));
            let name = string(event.take("event")).unwrap_or_default().into();
            Effect::Past { name, properties }
        }
        Call::Page => viewed("Page Viewed", "page_name", event),
        Call::Screen => viewed("Screen Viewed", "screen_name", event),
    }
}

/// A page or screen call as the event that conditions see: its own name and category win (EV-20, EV-21).
fn viewed(event_name: &str, name_key: &str, mut event: Object) -> Effect {
    let mut properties = match event.take("properties") {
        Some(Value::Object(properties)) => properties,
        _ => Object::default(),
    };
    if let Some(name) = string(event.take("name")) {
        properties.insert(name_key, Value::String(name.clone()));
        properties.insert("name", Value::String(name));
    }
    if let Some(category) = string(event.take("category")) {
        properties.insert("category", Value::String(category));
    }
    Effect::Past {
        name: event_name.into(),
        properties: Arc::new(properties),
    }
}

fn string(value: Option<Value>) -> Option<Box<str>> {
    match value {
        Some(Value::String(text)) => Some(text),
        _ => None,
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
    if let (Some(first), Some(last)) = (text(traits, "firstName"), text(traits, "lastName")) {
        let name = format!("{first} {last}");
        traits.insert("name", Value::String(name.into()));
    }
}
