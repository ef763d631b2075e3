//! Consent on the profile: what an object says (CO, CV), and how a history of them is folded to a state (CP).
//!
//! The state is never kept, always folded anew from the history: that is what makes a late event, a late login and a
//! change of the configured categories count where they belong.

use std::collections::BTreeMap;

use super::reject::{Refusal, RejectCode};
use crate::consent::{ConsentState, is_category_id};
use crate::time::Timestamp;
use crate::value::{Object, Value};

/// The event by which people change their preferences (EV-29).
pub(super) const PREFERENCE_EVENT: &str = "Segment Consent Preference Updated";

/// What a consent object says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Preferences {
    listed: Vec<(Box<str>, Preference)>,
    /// What becomes of the categories that are not listed.
    rest: Rest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Preference {
    Granted,
    Refused,
    /// Not a boolean: a refusal (CP-6).
    Malformed,
}

/// The categories that an object does not list, with the rule that makes them denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Rest {
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

    fn of(&self, category: &str) -> Option<Preference> {
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
        None | Some(Value::Number(_)) => Ok(()),
        Some(_) => Err(RejectCode::ConsentVersionNotNumber.because("Version must be a number")),
    }
}

/// One entry in the consent history of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The place of its event in canonical order.
    pub(super) order: usize,
    /// The consent time of its event (CP-10).
    pub(super) time: Timestamp,
    pub(super) what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A merge found these categories in conflict, by this rule (CP-11, CP-14). It stands before the object of the same
    /// event (CP-15).
    Conflict(Vec<Box<str>>, &'static str),
    /// An event brought an object.
    Object(super::event::Given),
}

/// Two histories as one, in canonical order. An event stands in one of them only.
pub(super) fn join(mut a: Vec<Entry>, b: Vec<Entry>) -> Vec<Entry> {
    a.extend(b);
    // Stable, so that a conflict stays before the object of its event.
    a.sort_by_key(|entry| entry.order);
    a
}

/// One change that a fold went through.
pub(super) struct Change<'a> {
    pub(super) entry: &'a Entry,
    pub(super) category: &'a str,
    pub(super) from: ConsentState,
    pub(super) to: ConsentState,
    pub(super) rule: &'static str,
}

/// The states of a profile at one moment, by category.
pub(super) type States<'a> = BTreeMap<&'a str, ConsentState>;

/// Folds a history, in canonical order, over the configured categories; each change is given to `record` as it happens.
pub(super) fn fold<'a>(history: &'a [Entry], configured: &'a [Box<str>], record: impl FnMut(Change<'a>)) -> States<'a> {
    let mut fold = Fold {
        configured,
        categories: BTreeMap::new(),
        instant: None,
        record,
    };
    for entry in history {
        fold.entry(entry);
    }
    fold.categories.into_iter().map(|(id, c)| (id, c.state)).collect()
}

/// The categories on which the sides of a merge are in conflict: any of them is, or they differ, where missing and never
/// collected count as false (CP-11, CP-12).
pub(super) fn conflicts(sides: &[States<'_>]) -> Vec<Box<str>> {
    let known: std::collections::BTreeSet<&str> = sides.iter().flat_map(|side| side.keys().copied()).collect();
    let in_conflict = |category: &&str| {
        let state = |side: &States<'_>| side.get(category).copied().unwrap_or_default();
        let granted = sides.iter().filter(|side| state(side).is_granted()).count();
        let conflicted = sides.iter().any(|side| state(side) == ConsentState::Conflicted);
        conflicted || (granted > 0 && granted < sides.len())
    };
    known.into_iter().filter(in_conflict).map(Box::from).collect()
}

struct Fold<'a, R> {
    configured: &'a [Box<str>],
    categories: BTreeMap<&'a str, Category>,
    /// The consent time of the latest object.
    instant: Option<Timestamp>,
    record: R,
}

#[derive(Clone, Copy, Default)]
struct Category {
    state: ConsentState,
    /// Of a conflict: the consent time of the event that merged.
    since: Timestamp,
}

impl<'a, R: FnMut(Change<'a>)> Fold<'a, R> {
    fn entry(&mut self, entry: &'a Entry) {
        match &entry.what {
            What::Conflict(categories, rule) => {
                for category in categories {
                    self.set(entry, category, ConsentState::Conflicted, rule);
                }
            }
            What::Object(given) => {
                let preferences = &*given.preferences;
                // History is in canonical order, so objects of one consent time stand together.
                let again = self.instant.replace(entry.time) == Some(entry.time);
                let mut touched: Vec<&'a str> = self.categories.keys().copied().collect();
                touched.extend(preferences.listed.iter().map(|(id, _)| &**id));
                if let Rest::All(_) = preferences.rest {
                    touched.extend(self.configured.iter().map(|id| &**id));
                }
                touched.sort_unstable();
                touched.dedup();
                for category in touched {
                    let now = self.categories.get(category).copied().unwrap_or_default();
                    let (to, rule) = object(now, preferences, category, entry.time, given.deliberate, again);
                    self.set(entry, category, to, rule);
                }
            }
        }
    }

    fn set(&mut self, entry: &'a Entry, category: &'a str, to: ConsentState, rule: &'static str) {
        let place = self.categories.entry(category).or_default();
        let from = std::mem::replace(&mut place.state, to);
        if let What::Conflict(..) = entry.what {
            place.since = entry.time;
        }
        if from != to {
            (self.record)(Change {
                entry,
                category,
                from,
                to,
                rule,
            });
        }
    }
}

/// The state of a category after an object, and the rule that decided. `again`: an earlier object had the same consent
/// time.
fn object(
    now: Category,
    preferences: &Preferences,
    category: &str,
    time: Timestamp,
    deliberate: bool,
    again: bool,
) -> (ConsentState, &'static str) {
    use ConsentState::{Conflicted, Denied, Granted};

    let preference = preferences.of(category);
    let grants = preference == Some(Preference::Granted);
    if now.state == Conflicted {
        // What is not newer than the merge settles nothing, nor does an ordinary grant (CP-16).
        return match time > now.since {
            true if !grants => (Denied, "CP-16"),
            true if deliberate => (Granted, "CP-16"),
            _ => (Conflicted, "CP-16"),
        };
    }
    match (preference, preferences.rest) {
        // Of objects of one time all must grant, and the earlier ones have left their mark: what they all granted is
        // granted now (CP-9, CP-6a).
        (Some(Preference::Granted), _) if again && now.state != Granted => (Denied, "CP-9"),
        (Some(Preference::Granted), _) => (Granted, "CP-5"),
        (Some(Preference::Refused), _) => (Denied, "CP-5"),
        (Some(Preference::Malformed), _) => (Denied, "CP-6"),
        (None, Rest::All(rule) | Rest::Known(rule)) => (Denied, rule),
    }
}
