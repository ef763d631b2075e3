//! The consent object of an event that is taken in: what it says, and what a preference update is held to (CV).

use std::sync::Arc;

use super::reject::{Refusal, RejectCode};
use crate::value::{Object, Value};

pub(super) use crate::model::{Preference, Preferences, Rest, consent_object, is_preference_update};

/// The consent object of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) preferences: Arc<Preferences>,
    /// Whether the event is the preference update, which alone can grant what is in conflict (CP-16).
    pub(super) deliberate: bool,
}

/// Validates the consent object of a preference update (CV-2 to CV-6, in the order of CV-7).
pub(super) fn validate(context: Option<&Object>) -> Result<(), Refusal> {
    let consent = context.and_then(|c| c.get("consent")).and_then(Value::as_object);
    let preferences = match consent.and_then(|c| c.get("categoryPreferences")) {
        None | Some(Value::Null) => {
            return Err(RejectCode::ConsentMissing.because("context.consent.categoryPreferences object is required"));
        }
        Some(Value::Object(preferences)) => preferences,
        Some(_) => {
            return Err(RejectCode::ConsentNotObject.because("context.consent.categoryPreferences must be an object"));
        }
    };
    if preferences.iter().any(|(_, value)| !matches!(value, Value::Bool(_))) {
        return Err(RejectCode::ConsentNotBool.because("Consent preferences for the categories must be boolean"));
    }
    match consent.and_then(|c| c.get("version")) {
        None | Some(Value::Null | Value::Number(_)) => Ok(()),
        Some(_) => Err(RejectCode::ConsentVersionNotNumber.because("Version must be a number")),
    }
}
