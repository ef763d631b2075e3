//! Why an event is refused, and the record that is kept of it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::input::Input;

/// The code of a refusal (EV-17a, DO-5, CV). The order is that of EV-17a: of several that apply to one event, the first
/// is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RejectCode {
    /// Not UTF-8, not JSON, or not an object.
    BadRequest,
    /// A batch without items.
    EmptyBatch,
    /// More than 32 768 bytes; of a batch, more than 512 000 bytes or 2 500 items (EV-16).
    EventTooLarge,
    /// An object has a key twice.
    DuplicateKey,
    /// More than 127 containers in one another.
    TooDeep,
    /// No `type`.
    TypeRequired,
    /// A `type` that is none of the six (EV-1).
    TypeUnknown,
    /// `context` is not an object.
    ContextNotObject,
    /// Neither `userId` nor `anonymousId`, or an alias without `userId` (EV-3).
    NoUserAnonId,
    /// An id that is empty or not a string (EV-3).
    IdNotString,
    /// A track call without `event`.
    EventNotDefined,
    /// `event` is not a string.
    EventNotString,
    /// A group call without `groupId`, or an empty `context.groupId` (EV-19).
    GroupIdRequired,
    /// An alias without `previousId` (EV-2).
    PreviousIdRequired,
    /// `properties` is not an object.
    PropertiesNotObject,
    /// `traits` is not an object.
    TraitsNotObject,
    /// The `name` of a page or screen call is empty or not a string.
    NameNotString,
    /// The `category` of a page or screen call is empty or not a string.
    CategoryNotString,
    /// One of the four times is not a date, or the corrected one lies beyond the year 9999.
    TimestampInvalid,
    /// The event is dated before 1970 (EV-15).
    TimestampBefore1970,
    /// `messageId` has more than 100 characters (EV-18).
    MessageIdTooLong,
    /// A group id has more than 500 characters (EV-19).
    GroupIdTooLong,
    /// 300 or more traits in an identify call, more than 300 elsewhere (TR-8, DEC-30).
    TooManyTraits,
    /// More than 300 properties (EV-19).
    TooManyProperties,
    /// A preference update without `categoryPreferences` (CV-2).
    ConsentMissing,
    /// `categoryPreferences` of a preference update is not an object (CV-3).
    ConsentNotObject,
    /// A preference of a preference update is not a boolean (CV-4).
    ConsentNotBool,
    /// `context.consent.version` of a preference update is not a number (CV-6).
    ConsentVersionNotNumber,
    /// No identifier is left once the blocked ones are taken away (ID-14).
    NoUsableIdentifier,
    /// The event is one of a person whom the store has forgotten.
    Forgotten,
    /// The event is older than the history that the store keeps.
    OlderThanRetention,
    /// Another event, earlier in canonical order, has the same `messageId` and another body (EV-17).
    MessageIdConflict,
}

impl RejectCode {
    /// All, in order.
    pub const ALL: [RejectCode; 32] = [
        RejectCode::BadRequest,
        RejectCode::EmptyBatch,
        RejectCode::EventTooLarge,
        RejectCode::DuplicateKey,
        RejectCode::TooDeep,
        RejectCode::TypeRequired,
        RejectCode::TypeUnknown,
        RejectCode::ContextNotObject,
        RejectCode::NoUserAnonId,
        RejectCode::IdNotString,
        RejectCode::EventNotDefined,
        RejectCode::EventNotString,
        RejectCode::GroupIdRequired,
        RejectCode::PreviousIdRequired,
        RejectCode::PropertiesNotObject,
        RejectCode::TraitsNotObject,
        RejectCode::NameNotString,
        RejectCode::CategoryNotString,
        RejectCode::TimestampInvalid,
        RejectCode::TimestampBefore1970,
        RejectCode::MessageIdTooLong,
        RejectCode::GroupIdTooLong,
        RejectCode::TooManyTraits,
        RejectCode::TooManyProperties,
        RejectCode::ConsentMissing,
        RejectCode::ConsentNotObject,
        RejectCode::ConsentNotBool,
        RejectCode::ConsentVersionNotNumber,
        RejectCode::NoUsableIdentifier,
        RejectCode::Forgotten,
        RejectCode::OlderThanRetention,
        RejectCode::MessageIdConflict,
    ];

    /// The documented code, such as `no_user_anon_id`.
    pub fn as_str(self) -> &'static str {
        match self {
            RejectCode::BadRequest => "bad_request",
            RejectCode::EmptyBatch => "empty_batch",
            RejectCode::EventTooLarge => "event_too_large",
            RejectCode::DuplicateKey => "duplicate_key",
            RejectCode::TooDeep => "too_deep",
            RejectCode::TypeRequired => "type_required",
            RejectCode::TypeUnknown => "type_unknown",
            RejectCode::ContextNotObject => "context_not_object",
            RejectCode::NoUserAnonId => "no_user_anon_id",
            RejectCode::IdNotString => "id_not_string",
            RejectCode::EventNotDefined => "event_not_defined",
            RejectCode::EventNotString => "event_not_string",
            RejectCode::GroupIdRequired => "group_id_required",
            RejectCode::PreviousIdRequired => "previous_id_required",
            RejectCode::PropertiesNotObject => "properties_not_object",
            RejectCode::TraitsNotObject => "traits_not_object",
            RejectCode::NameNotString => "name_not_string",
            RejectCode::CategoryNotString => "category_not_string",
            RejectCode::TimestampInvalid => "timestamp_invalid",
            RejectCode::TimestampBefore1970 => "timestamp_before_1970",
            RejectCode::MessageIdTooLong => "message_id_too_long",
            RejectCode::GroupIdTooLong => "group_id_too_long",
            RejectCode::TooManyTraits => "too_many_traits",
            RejectCode::TooManyProperties => "too_many_properties",
            RejectCode::ConsentMissing => "consent_categorypreferences_should_exist",
            RejectCode::ConsentNotObject => "consent_categorypreferences_fields_should_be_object",
            RejectCode::ConsentNotBool => "consent_categorypreferences_fields_should_be_bool",
            RejectCode::ConsentVersionNotNumber => "consent_version_should_be_number",
            RejectCode::NoUsableIdentifier => "no_usable_identifier",
            RejectCode::Forgotten => "forgotten",
            RejectCode::OlderThanRetention => "older_than_retention",
            RejectCode::MessageIdConflict => "message_id_conflict",
        }
    }

    /// The refusal with this code and a reason for people.
    pub(crate) fn because(self, reason: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal {
            code: self,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for RejectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for RejectCode {}

/// A code and its reason, before it is known whose they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: RejectCode,
    pub(crate) reason: Cow<'static, str>,
}

/// The refusal of an event of a person whom a store has forgotten.
pub(crate) fn forgotten() -> Refusal {
    RejectCode::Forgotten.because("it is one of the events of a person who was forgotten")
}

/// A refused event: where it stood, why it was refused, and the event itself.
///
/// It serialises to the JSON of `--rejects` (cli.md): `file`, `line`, `code`, `reason`, `input`, and `input_hex` where
/// the bytes are not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The source; empty for an event that a host gave as a value.
    pub file: Arc<str>,
    /// The line, from 1; for a host's event, its number.
    pub line: u64,
    /// Why.
    pub code: RejectCode,
    /// Why, for people.
    pub reason: Cow<'static, str>,
    /// What was refused.
    pub input: Input,
}

impl Serialize for Reject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hex = self.input.hex();
        let mut out = serializer.serialize_struct("Reject", 5 + usize::from(hex.is_some()))?;
        out.serialize_field("file", &*self.file)?;
        out.serialize_field("line", &self.line)?;
        out.serialize_field("code", self.code.as_str())?;
        out.serialize_field("reason", &*self.reason)?;
        out.serialize_field("input", &*self.input.text())?;
        if let Some(hex) = hex {
            out.serialize_field("input_hex", &hex)?;
        }
        out.end()
    }
}
