//! The consent object of an event that is taken in: what it says, and what a preference update is held to (CV).

use std::sync::Arc;

use super::reject::{Refusal, RejectCode};
use crate::value::{Leaf, Look};

pub(super) use crate::model::{Preference, Preferences, Rest, consent_object, is_preference_update};

/// The consent object of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) preferences: Arc<Preferences>,
    /// Whether the event is the preference update, which alone can grant what is in conflict (CP-16).
    pub(super) deliberate: bool,
}

/// Validates the consent object of a preference update (CV-2 to CV-6, in the order of CV-7).
pub(super) fn validate<'v, V: Look<'v>>(context: Option<V>) -> Result<(), Refusal> {
    let consent = context.and_then(|c| c.get("consent"));
    let preferences = consent.and_then(|c| c.get("categoryPreferences"));
    let Some(preferences) = preferences.and_then(Look::present) else {
        return Err(RejectCode::ConsentMissing.because("context.consent.categoryPreferences object is required"));
    };
    let Some(mut preferences) = preferences.entries() else {
        return Err(RejectCode::ConsentNotObject.because("context.consent.categoryPreferences must be an object"));
    };
    if preferences.any(|(_, value)| !matches!(value.leaf(), Leaf::Bool(_))) {
        return Err(RejectCode::ConsentNotBool.because("Consent preferences for the categories must be boolean"));
    }
    match consent.and_then(|c| c.get("version")).map(Look::leaf) {
        None | Some(Leaf::Null | Leaf::Number(_)) => Ok(()),
        Some(_) => Err(RejectCode::ConsentVersionNotNumber.because("Version must be a number")),
    }
}
