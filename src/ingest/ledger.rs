//! Consent on the profile (CP): its state, the objects that led there, and a log of what changed.
//!
//! The state is kept up to date object by object. The objects themselves are kept for logins: one more device of a user
//! may have spoken before, between and after what is known, so a login folds the objects of both anew, in canonical
//! order. Every other merge compares the two states as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::events::{EventId, Events};
use super::fold::Fold;
use super::preferences::{Given, Preference, Preferences, Rest};
use crate::consent::ConsentState;
use crate::model::{Consent, ConsentChange};
use crate::time::Timestamp;

/// An event, and its consent time (CP-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) event: EventId,
    pub(super) time: Timestamp,
}

/// What is needed to go on with the consent of a profile; what readers see of it is a [`Consent`] beside it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    state: State,
    /// In canonical order.
    entries: Vec<Entry>,
    /// The event of each change in the history of the consent. They are in canonical order; within an event what a merge
    /// changed, then what its object did, each by category. Of a merge, what either side went through stands there as it was.
    changes: Vec<EventId>,
    /// Whether other profiles were ever taken in, or compared: then what an object changes depends on more than the objects.
    joined: bool,
}

#[derive(Debug, Clone)]
struct Entry {
    at: Moment,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// An event brought an object.
    Object(Given),
    /// A merge found these categories in conflict. It stands before the object of the same event (CP-15).
    Conflict(Box<[Arc<str>]>),
}

impl Ledger {
    /// Takes an object of the latest event (CP-1 to CP-9, CP-16).
    pub(super) fn give(
        &mut self,
        consent: &mut Consent,
        at: Moment,
        given: Given,
        message_id: &Arc<str>,
        configured: &[Box<str>],
    ) {
        let Ledger { state, changes, .. } = self;
        state.object(&given, at.time, configured, |category, from, to, rule| {
            changes.push(at.event);
            consent.change(ConsentChange {
                time: at.time,
                message_id: message_id.clone(),
                category: category.clone(),
                from,
                to,
                rule: rule.into(),
            });
        });
        self.entries.push(Entry {
            at,
            what: What::Object(given),
        });
    }

    /// Takes an object of an event that is not the latest: the objects are folded anew. That is all there is to do unless
    /// other profiles were taken in; then it does nothing, and gives false.
    pub(super) fn insert(&mut self, consent: &mut Consent, at: Moment, given: Given, by: Fold<'_>) -> bool {
        if self.joined {
            return false;
        }
        let before = |entry: &Entry| by.events.order(entry.at.event, at.event).is_lt();
        let place = self.entries.partition_point(before);
        if place == self.entries.len() {
            if let Some(event) = by.events.get(at.event) {
                self.give(consent, at, given, &event.message_id, by.configured);
            }
            return true;
        }
        let mut entries = std::mem::take(&mut self.entries);
        entries.insert(
            place,
            Entry {
                at,
                what: What::Object(given),
            },
        );
        *self = Ledger::default();
        *consent = Consent::default();
        for Entry { at, what } in entries {
            if let (What::Object(given), Some(event)) = (what, by.events.get(at.event)) {
                self.give(consent, at, given, &event.message_id, by.configured);
            }
        }
        true
    }

    /// Takes in another device of the same user: the objects of both are folded in canonical order, and the latest choice
    /// wins (CP-7, CP-13). Conflicts that either side had found stay where they are, and end only by CP-16.
    pub(super) fn log_in(&mut self, consent: &mut Consent, devices: Vec<(Ledger, Consent)>, at: Moment, by: Fold<'_>) {
        self.absorb(consent, devices, by.events);
        let folded = State::fold(&self.entries, by.configured);
        self.become_state(consent, folded, at, "CP-13", by.events);
    }

    /// Takes in other profiles, compared category by category (CP-11, CP-12). `event`: an object that is compared as if
    /// it were one more profile (CP-14).
    pub(super) fn compare(
        &mut self,
        consent: &mut Consent,
        others: Vec<(Ledger, Consent)>,
        event: Option<&Given>,
        at: Moment,
        by: Fold<'_>,
    ) {
        let (rule, event) = match event {
            Some(given) => {
                let mut alone = State::default();
                alone.object(given, at.time, by.configured, |_, _, _, _| {});
                ("CP-14", Some(alone))
            }
            None => ("CP-11", None),
        };
        let profiles = || std::iter::once(&self.state).chain(others.iter().map(|(other, _)| &other.state));
        let sides: Vec<&State> = profiles().chain(&event).collect();
        let mut compared = State {
            instant: profiles().filter_map(|side| side.instant).max(),
            ..State::default()
        };
        for (id, category) in compare(&sides, at.time) {
            compared.set(&id, category);
        }
        let conflicts = compared
            .categories
            .iter()
            .filter(|(_, c)| c.state == ConsentState::Conflicted);
        let conflicts: Box<[Arc<str>]> = conflicts.map(|(category, _)| category.clone()).collect();
        self.absorb(consent, others, by.events);
        if !conflicts.is_empty() {
            self.entries.push(Entry {
                at,
                what: What::Conflict(conflicts),
            });
        }
        self.become_state(consent, compared, at, rule, by.events);
    }

    /// Joins what both went through; each event stands in one of them only.
    fn absorb(&mut self, consent: &mut Consent, others: Vec<(Ledger, Consent)>, events: &Events) {
        self.joined = true;
        let mut changes: Vec<(EventId, ConsentChange)> = Vec::new();
        for (mut other, others) in others {
            self.entries.append(&mut other.entries);
            changes.extend(other.changes.into_iter().zip(others.history));
        }
        // Stable, so that a conflict stays before the object of its event.
        self.entries.sort_by(|a, b| events.order(a.at.event, b.at.event));
        if !changes.is_empty() {
            let own = self.changes.drain(..).zip(consent.history.drain(..));
            changes.splice(..0, own);
            changes.sort_by(|(a, _), (b, _)| events.order(*a, *b));
            (self.changes, consent.history) = changes.into_iter().unzip();
        }
    }

    fn become_state(&mut self, consent: &mut Consent, state: State, at: Moment, rule: &'static str, events: &Events) {
        for (category, after) in &state.categories {
            let (from, to) = (self.state.of(category), after.state);
            if from != to {
                // A comparison changes what it finds in conflict, and what was never collected where others refused.
                let rule = if rule == "CP-11" && to == ConsentState::Denied {
                    "CP-12"
                } else {
                    rule
                };
                self.changes.push(at.event);
                consent.change(ConsentChange {
                    time: at.time,
                    message_id: events
                        .get(at.event)
                        .map_or_else(Arc::default, |event| event.message_id.clone()),
                    category: category.clone(),
                    from,
                    to,
                    rule: rule.into(),
                });
            }
        }
        self.state = state;
    }
}

/// The states of all categories at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct State {
    categories: BTreeMap<Arc<str>, Category>,
    /// Those of them that are granted or in conflict: what an object can change without naming it. A sender can make up as
    /// many categories as it likes, so an object must not cost as much as all that were ever named. (A merge does.)
    open: BTreeSet<Arc<str>>,
    /// The consent time of the latest object.
    instant: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Category {
    state: ConsentState,
    /// Of a conflict: the consent time of the event that merged.
    since: Timestamp,
}

impl State {
    fn set(&mut self, id: &Arc<str>, category: Category) {
        let is_open = matches!(category.state, ConsentState::Granted | ConsentState::Conflicted);
        if !is_open {
            self.open.remove(id);
        } else if !self.open.contains(id) {
            self.open.insert(id.clone());
        }
        match self.categories.get_mut(id) {
            Some(known) => *known = category,
            None => {
                self.categories.insert(id.clone(), category);
            }
        }
    }

    fn of(&self, category: &str) -> ConsentState {
        self.categories
            .get(category)
            .map_or(ConsentState::NotCollected, |c| c.state)
    }

    /// What a history leads to.
    fn fold(entries: &[Entry], configured: &[Box<str>]) -> State {
        let mut state = State::default();
        for Entry { at, what } in entries {
            match what {
                What::Object(given) => state.object(given, at.time, configured, |_, _, _, _| {}),
                What::Conflict(categories) => {
                    let conflict = Category {
                        state: ConsentState::Conflicted,
                        since: at.time,
                    };
                    categories.iter().for_each(|id| state.set(id, conflict));
                }
            }
        }
        state
    }

    /// Applies an object; each change is given to `record`, by category.
    fn object(
        &mut self,
        given: &Given,
        time: Timestamp,
        configured: &[Box<str>],
        mut record: impl FnMut(&Arc<str>, ConsentState, ConsentState, &'static str),
    ) {
        let preferences = &*given.preferences;
        // Objects come in canonical order, so those of one consent time come one after the other.
        let again = self.instant.replace(time) == Some(time);
        let unlisted = self.open.iter().filter(|id| preferences.of(id).is_none()).cloned();
        let configured = configured.iter().filter(|_| matches!(preferences.rest, Rest::All(_)));
        let configured = configured.filter(|id| self.of(id) == ConsentState::NotCollected);
        let others: Vec<Arc<str>> = unlisted.chain(configured.map(|id| id.clone().into())).collect();
        let mut touch = |id: &Arc<str>| {
            let known = self.categories.get(id).copied();
            let mut category = known.unwrap_or_default();
            let (to, rule) = decide(category, preferences, id, time, given.deliberate, again);
            let from = std::mem::replace(&mut category.state, to);
            if from != to {
                record(id, from, to, rule);
            }
            // Most objects say once more what is known.
            if known != Some(category) {
                self.set(id, category);
            }
        };
        if others.is_empty() {
            preferences.listed().for_each(touch);
        } else {
            let touched: BTreeSet<&Arc<str>> = preferences.listed().chain(&others).collect();
            touched.into_iter().for_each(&mut touch);
        }
    }
}

/// What the sides of a merge come to, by category: the same on all sides stays; else, or where one side is in conflict, it
/// is a conflict (CP-11). Missing and never collected count as false (CP-12).
fn compare(sides: &[&State], since: Timestamp) -> BTreeMap<Arc<str>, Category> {
    let known: BTreeSet<&Arc<str>> = sides.iter().flat_map(|side| side.categories.keys()).collect();
    let compared = known.into_iter().map(|category| {
        let states = || sides.iter().map(|side| side.of(category));
        let granted = states().filter(|state| state.is_granted()).count();
        let state = if states().any(|state| state == ConsentState::Conflicted) {
            ConsentState::Conflicted
        } else if granted == 0 {
            ConsentState::Denied
        } else if granted == sides.len() {
            ConsentState::Granted
        } else {
            ConsentState::Conflicted
        };
        (category.clone(), Category { state, since })
    });
    compared.collect()
}

/// The state of a category after an object, and the rule that decided. `again`: an earlier object had the same consent
/// time.
fn decide(
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::event::{Effect, LeftOut, Times};
    use super::super::events::Kept;
    use super::*;
    use crate::model::IdentityRules;
    use crate::value::{self, Keys};

    #[derive(Debug, Clone)]
    enum Step {
        Give(usize, &'static str, bool),
        LogIn(usize, usize),
        Compare(usize, usize, Option<&'static str>),
    }

    fn step() -> impl Strategy<Value = Step> {
        let object = prop::sample::select(
            &[
                r#"{"categoryPreferences":{"A":true}}"#,
                r#"{"categoryPreferences":{"A":false}}"#,
                r#"{"categoryPreferences":{"A":true,"B":true}}"#,
                r#"{"categoryPreferences":{"B":true}}"#,
                r#"{"categoryPreferences":{"A":1,"B":false}}"#,
                r#"{"categoryPreferences":{"1":true}}"#,
                "{}",
            ][..],
        );
        let pair = (0usize..4, 0usize..4);
        prop_oneof![
            4 => (0usize..4, object.clone(), any::<bool>()).prop_map(|(who, object, by)| Step::Give(who, object, by)),
            1 => pair.clone().prop_map(|(a, b)| Step::LogIn(a, b)),
            1 => (pair, prop::option::of(object)).prop_map(|((a, b), object)| Step::Compare(a, b, object)),
        ]
    }

    fn given(object: &str, deliberate: bool) -> Given {
        Given {
            preferences: Arc::new(Preferences::read(&value::parse(object).unwrap(), &mut Keys::default())),
            deliberate,
        }
    }

    /// Events of these consent times, in canonical order.
    fn events(times: &[i64]) -> (Events, Vec<Moment>) {
        let mut events = Events::default();
        let moments = times.iter().enumerate().map(|(number, time)| {
            let time = Timestamp::from_millis(*time);
            let event = events.insert(Kept {
                times: Times {
                    timestamp: time,
                    received: time,
                },
                message_id: format!("{number:04}").into(),
                links: Vec::new().into(),
                consent: None,
                effect: Effect::Nothing,
                left_out: LeftOut::default(),
                is_timed: true,
                person: None,
            });
            Moment {
                event: event.unwrap(),
                time,
            }
        });
        let moments = moments.collect();
        (events, moments)
    }

    proptest! {
        /// The state that is kept up to date is the one that the history leads to. So a login, which folds the history
        /// anew, changes nothing by itself.
        #[test]
        fn the_state_is_the_fold_of_the_history(steps in prop::collection::vec((step(), 0i64..2), 0..40)) {
            let configured = [Box::from("A"), Box::from("C")];
            let mut ledgers: Vec<(Ledger, Consent)> = (0..4).map(|_| Default::default()).collect();
            let times: Vec<i64> = steps.iter().scan(0, |time, (_, later)| {
                *time += later;
                Some(*time)
            }).collect();
            let (events, moments) = events(&times);
            let rules = IdentityRules::default();
            let by = Fold { events: &events, rules: &rules, configured: &configured };
            let id: Arc<str> = "m".into();
            for ((step, _), at) in steps.into_iter().zip(moments) {
                let at_hand = match step {
                    Step::Give(who, object, deliberate) => {
                        let (ledger, consent) = &mut ledgers[who];
                        ledger.give(consent, at, given(object, deliberate), &id, &configured);
                        who
                    }
                    Step::LogIn(a, b) | Step::Compare(a, b, _) if a == b => continue,
                    Step::LogIn(a, b) => {
                        let other = std::mem::take(&mut ledgers[b]);
                        let (ledger, consent) = &mut ledgers[a];
                        ledger.log_in(consent, vec![other], at, by);
                        a
                    }
                    Step::Compare(a, b, object) => {
                        let other = std::mem::take(&mut ledgers[b]);
                        let object = object.map(|object| given(object, false));
                        let (ledger, consent) = &mut ledgers[a];
                        ledger.compare(consent, vec![other], object.as_ref(), at, by);
                        if let Some(object) = object {
                            ledger.give(consent, at, object, &id, &configured);
                        }
                        a
                    }
                };
                let (Ledger { state, entries, changes, .. }, consent) = &ledgers[at_hand];
                let folded = State::fold(entries, &configured);
                let states = |state: &State| -> Vec<(Arc<str>, ConsentState)> {
                    state.categories.iter().map(|(id, c)| (id.clone(), c.state)).collect()
                };
                prop_assert_eq!(states(state), states(&folded));
                let seen: Vec<_> = consent.categories().map(|(id, state)| (Arc::from(id), state)).collect();
                prop_assert_eq!(states(state), seen);
                prop_assert_eq!(state.instant, folded.instant);
                // A stale mark is what would keep a grant alive that an omission must end.
                let open = state.categories.iter().filter(|(_, c)| c.state != ConsentState::Denied);
                prop_assert!(open.map(|(id, _)| id).eq(&state.open));
                prop_assert!(changes.is_sorted_by(|a, b| events.order(*a, *b).is_le()));
                prop_assert_eq!(changes.len(), consent.history().len());
            }
        }
    }
}
