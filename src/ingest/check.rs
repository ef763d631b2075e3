//! Whether one event would be taken, without taking it: for those who pass events on and keep no profiles.

use super::decode::{self, Content};
use super::event::Claim;
use super::identifiers::{Claims, Parts};
use super::reading;
use super::reject::{Refusal, RejectCode};
use super::shared::Shared;
use crate::model::IdentityRules;
use crate::time::Timestamp;
use crate::value::{Fields, JsonError, Look, MAX_DEPTH, Value};

/// Holds an event to all that can be told of it alone (EV-17a), as [`Ingestor::event`](super::Ingestor::event) does.
///
/// That is everything but `message_id_conflict`, which takes another event to see. A batch is no event here either.
///
/// ```
/// use volens::ingest::{RejectCode, check};
/// use volens::model::IdentityRules;
/// use volens::value::parse;
///
/// let nobodys = parse(r#"{"type": "track", "event": "Order Completed"}"#)?;
/// assert_eq!(check(&nobodys, &IdentityRules::default()), Err(RejectCode::NoUserAnonId));
/// # Ok::<(), volens::value::JsonError>(())
/// ```
///
/// # Errors
/// Why it is refused.
pub fn check(event: &Value, identity: &IdentityRules) -> Result<(), RejectCode> {
    claims(event, identity).map(drop)
}

/// The identifiers of an event that would be taken.
pub(crate) fn claims(event: &Value, identity: &IdentityRules) -> Result<Vec<Claim>, RejectCode> {
    let bounded = bounded(event, event.canonical().len());
    // Receipt matters to an event without any time, and then no instant at all makes it a refused one.
    let decoded = bounded.and_then(|event| {
        decode::decode(
            event,
            identity,
            Timestamp::EPOCH,
            Content::LeftOut,
            &mut Shared::default(),
        )
    });
    decoded.map(|event| event.claims).map_err(|refusal| refusal.code)
}

/// The identifiers that an accepted event names besides those that it is found by: an alias identifies by its `userId` alone
/// (ID-26), and still tells whoever it is sent to of others.
pub(crate) fn named_besides(event: &Value, identity: &IdentityRules) -> Vec<Claim> {
    if event.get("type").and_then(Look::text) != Some("alias") {
        return Vec::new();
    }
    let part = |key| event.get(key).and_then(Look::object);
    // Each by itself, so that none is passed over for another.
    let parts = [
        Parts {
            traits: part("traits"),
            ..Parts::NONE
        },
        Parts {
            context: part("context"),
            ..Parts::NONE
        },
        Parts {
            properties: part("properties"),
            ..Parts::NONE
        },
    ];
    let mut named = Vec::new();
    for parts in parts {
        let mut claims = Claims::new(identity);
        claims.own(event, true);
        claims.previous(event);
        claims.described(parts);
        named.extend(claims.done().0);
    }
    named.sort();
    named.dedup();
    named
}

/// The event, if it is no larger and no deeper than one may be; `length` is that of its canonical JSON.
pub(super) fn bounded(event: &Value, length: usize) -> Result<&Value, Refusal> {
    let event = reading::small(event, length)?;
    if super::is_deeper(event, MAX_DEPTH) {
        return Err(RejectCode::TooDeep.because(JsonError::TooDeep.to_string()));
    }
    Ok(event)
}
