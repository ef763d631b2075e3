//! What the consent object of an event says (CO). Profiles remember it and the routing of events is held to it, so the
//! reading of it is here, below both: written twice, the two could come to differ.

use std::sync::Arc;

use crate::consent::is_category_id;
use crate::value::{Fields, Keys, Leaf, Look};

/// The event by which people change their preferences (EV-29).
const PREFERENCE_EVENT: &str = "Segment Consent Preference Updated";

/// Whether an event is the preference update (CV-1): a track call of exactly that name.
pub(crate) fn is_preference_update<'v>(event: impl Fields<'v>) -> bool {
    let is = |key, text| event.get(key).and_then(Look::text) == Some(text);
    is("type", "track") && is("event", PREFERENCE_EVENT)
}

/// The consent object of an event. A `null` is one, and refuses (DEC-6), so what is there is not asked for what it holds.
pub(crate) fn consent_object<'v, E: Fields<'v>>(event: E) -> Option<E::Field> {
    event.get("context")?.get("consent")
}

/// What a consent object says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Preferences {
    /// By category, sorted.
    listed: Vec<(Arc<str>, Preference)>,
    /// What becomes of the categories that are not listed.
    pub(crate) rest: Rest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Preference {
    Granted,
    Refused,
    /// Not a boolean: a refusal (CP-6).
    Malformed,
}

/// The categories that an object does not list, with the rule that makes them denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Rest {
    /// Every category configured or known: nothing at all was listed.
    All(&'static str),
    /// Every category that is known to the profile.
    Known(&'static str),
}

impl Preferences {
    /// Reads `context.consent` of any event (CO-3, CO-4, DEC-6, DEC-10).
    pub(crate) fn read<'v>(consent: impl Look<'v>, keys: &mut Keys) -> Self {
        let empty = |rule| Preferences {
            listed: Vec::new(),
            rest: Rest::All(rule),
        };
        if consent.object().is_none() {
            let missing = consent.present().is_none();
            return empty(if missing { "CP-3" } else { "CP-6" });
        }
        let Some(preferences) = consent.get("categoryPreferences").and_then(Look::present) else {
            return empty("CP-3");
        };
        let Some(preferences) = preferences.entries() else {
            return empty("CP-6");
        };
        let mut preferences = preferences.peekable();
        if preferences.peek().is_none() {
            return empty("CP-4");
        }
        let mut listed: Vec<_> = preferences
            .filter(|(id, _)| is_category_id(id))
            .map(|(id, value)| (keys.shared(id), Preference::read(value)))
            .collect();
        listed.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let rest = Rest::Known(if listed.is_empty() { "CP-6a" } else { "CP-5" });
        Preferences { listed, rest }
    }

    /// Whether this is what [`read`](Preferences::read) makes of a consent object, where that lists categories: it is much
    /// cheaper to see that one says what was said before than to read it again.
    pub(crate) fn is_of<'v>(&self, consent: impl Look<'v>) -> bool {
        let listed = consent.get("categoryPreferences").and_then(Look::entries);
        let mut listed = listed.into_iter().flatten().filter(|(id, _)| is_category_id(id));
        let mut count = 0;
        let is_same = |(id, value)| {
            count += 1;
            self.of(id) == Some(Preference::read(value))
        };
        let all_same = listed.all(is_same);
        // No id stands there twice.
        all_same && count > 0 && count == self.listed.len()
    }

    /// The categories that are listed, sorted.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &Arc<str>> {
        self.listed.iter().map(|(id, _)| id)
    }

    /// Whether a category is granted. One that is not listed is not (CR-18), whatever else the object says.
    pub(crate) fn grants(&self, category: &str) -> bool {
        self.of(category) == Some(Preference::Granted)
    }

    pub(crate) fn of(&self, category: &str) -> Option<Preference> {
        let at = self.listed.binary_search_by(|(id, _)| (**id).cmp(category)).ok()?;
        self.listed.get(at).map(|(_, preference)| *preference)
    }
}

impl Preference {
    fn read<'v>(value: impl Look<'v>) -> Self {
        match value.leaf() {
            Leaf::Bool(true) => Preference::Granted,
            Leaf::Bool(false) => Preference::Refused,
            _ => Preference::Malformed,
        }
    }
}
