//! What a consent object says (CO, CV).

use std::sync::Arc;

use super::reject::{Refusal, RejectCode};
use crate::consent::is_category_id;
use crate::value::{Object, Value};

/// The event by which people change their preferences (EV-29).
pub(crate) const PREFERENCE_EVENT: &str = "Segment Consent Preference Updated";

/// The consent object of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) preferences: Arc<Preferences>,
    /// Whether the event is the preference update, which alone can grant what is in conflict (CP-16).
    pub(super) deliberate: bool,
}

/// What a consent object says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Preferences {
    /// By category, sorted.
    listed: Vec<(Box<str>, Preference)>,
    /// What becomes of the categories that are not listed.
    pub(super) rest: Rest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Preference {
    Granted,
    Refused,
    /// Not a boolean: a refusal (CP-6).
    Malformed,
}

/// The categories that an object does not list, with the rule that makes them denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Rest {
    /// Every category configured or known: nothing at all was listed.
    All(&'static str),
    /// Every category that is known to the profile.
    Known(&'static str),
}

impl Preferences {
    /// Reads `context.consent` of any event (CO-3, CO-4, DEC-6, DEC-10).
    pub(super) fn read(consent: &Value) -> Self {
        let empty = |rule| Preferences {
            listed: Vec::new(),
            rest: Rest::All(rule),
        };
        let Some(consent) = consent.as_object() else {
            let missing = *consent == Value::Null;
            return empty(if missing { "CP-3" } else { "CP-6" });
        };
        let preferences = match consent.get("categoryPreferences") {
            None | Some(Value::Null) => return empty("CP-3"),
            Some(Value::Object(preferences)) if preferences.is_empty() => return empty("CP-4"),
            Some(Value::Object(preferences)) => preferences,
            Some(_) => return empty("CP-6"),
        };
        let listed: Vec<_> = preferences
            .iter()
            .filter(|(id, _)| is_category_id(id))
            .map(|(id, value)| (id.into(), Preference::read(value)))
            .collect();
        let rest = Rest::Known(if listed.is_empty() { "CP-6a" } else { "CP-5" });
        Preferences { listed, rest }
    }

    /// The categories that are listed, sorted.
    pub(super) fn listed(&self) -> impl Iterator<Item = &str> {
        self.listed.iter().map(|(id, _)| &**id)
    }

    pub(super) fn of(&self, category: &str) -> Option<Preference> {
        let at = self.listed.binary_search_by(|(id, _)| (**id).cmp(category)).ok()?;
        self.listed.get(at).map(|(_, preference)| *preference)
    }
}

impl Preference {
    fn read(value: &Value) -> Self {
        match value {
            Value::Bool(true) => Preference::Granted,
            Value::Bool(false) => Preference::Refused,
            _ => Preference::Malformed,
        }
    }
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
