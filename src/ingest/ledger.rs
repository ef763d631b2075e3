//! Consent on the profile (CP): its state, the objects that led there, and a log of what changed.
//!
//! The state is kept up to date object by object. The objects themselves are kept for logins: one more device of a user
//! may have spoken before, between and after what is known, so a login folds the objects of both anew, in canonical
//! order. Every other merge compares the two states as they are.

use std::collections::{BTreeMap, BTreeSet};

use super::preferences::{Given, Preference, Preferences, Rest};
use crate::consent::ConsentState;
use crate::time::Timestamp;

/// Where an event stands: its place in canonical order, and its consent time (CP-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) order: usize,
    pub(super) time: Timestamp,
}

/// The consent of a profile under construction.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    state: State,
    /// In canonical order.
    entries: Vec<Entry>,
    /// In canonical order; within an event what a merge changed, then what its object did, each by category. Of a merge,
    /// what either side went through stands here as it was.
    log: Vec<Change>,
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
    Conflict(Vec<Box<str>>),
}

/// One change of one category.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) at: Moment,
    pub(super) category: Box<str>,
    pub(super) from: ConsentState,
    pub(super) to: ConsentState,
    pub(super) rule: &'static str,
}

impl Ledger {
    /// Takes an object (CP-1 to CP-9, CP-16).
    pub(super) fn give(&mut self, at: Moment, given: Given, configured: &[Box<str>]) {
        let Ledger { state, log, .. } = self;
        state.object(&given, at.time, configured, |category, from, to, rule| {
            let category = category.into();
            log.push(Change {
                at,
                category,
                from,
                to,
                rule,
            });
        });
        self.entries.push(Entry {
            at,
            what: What::Object(given),
        });
    }

    /// Takes in another device of the same user: the objects of both are folded in canonical order, and the latest choice
    /// wins (CP-7, CP-13). Conflicts that either side had found stay where they are, and end only by CP-16.
    pub(super) fn log_in(&mut self, devices: Vec<Ledger>, at: Moment, configured: &[Box<str>]) {
        self.absorb(devices);
        let folded = State::fold(&self.entries, configured);
        self.become_state(folded, at, "CP-13");
    }

    /// Takes in other profiles, compared category by category (CP-11, CP-12). `event`: an object that is compared as if
    /// it were one more profile (CP-14).
    pub(super) fn compare(&mut self, others: Vec<Ledger>, event: Option<&Given>, at: Moment, configured: &[Box<str>]) {
        let (rule, event) = match event {
            Some(given) => {
                let mut alone = State::default();
                alone.object(given, at.time, configured, |_, _, _, _| {});
                ("CP-14", Some(alone))
            }
            None => ("CP-11", None),
        };
        let profiles = || std::iter::once(&self.state).chain(others.iter().map(|other| &other.state));
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
        let conflicts: Vec<Box<str>> = conflicts.map(|(category, _)| category.clone()).collect();
        self.absorb(others);
        if !conflicts.is_empty() {
            self.entries.push(Entry {
                at,
                what: What::Conflict(conflicts),
            });
        }
        self.become_state(compared, at, rule);
    }

    /// The state of every category that was ever collected, and what changed, in canonical order.
    pub(super) fn close(self) -> (BTreeMap<Box<str>, ConsentState>, Vec<Change>) {
        let states = self
            .state
            .categories
            .into_iter()
            .map(|(id, category)| (id, category.state));
        (states.collect(), self.log)
    }

    /// Joins what both went through; each event stands in one of them only.
    fn absorb(&mut self, others: Vec<Ledger>) {
        for mut other in others {
            self.entries.append(&mut other.entries);
            self.log.append(&mut other.log);
        }
        // Stable, so that a conflict stays before the object of its event.
        self.entries.sort_by_key(|entry| entry.at.order);
        self.log.sort_by_key(|change| change.at.order);
    }

    fn become_state(&mut self, state: State, at: Moment, rule: &'static str) {
        for (category, after) in &state.categories {
            let (from, to) = (self.state.of(category), after.state);
            if from != to {
                let category = category.clone();
                // A comparison changes what it finds in conflict, and what was never collected where others refused.
                let rule = if rule == "CP-11" && to == ConsentState::Denied {
                    "CP-12"
                } else {
                    rule
                };
                self.log.push(Change {
                    at,
                    category,
                    from,
                    to,
                    rule,
                });
            }
        }
        self.state = state;
    }
}

/// The states of all categories at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct State {
    categories: BTreeMap<Box<str>, Category>,
    /// Those of them that are granted or in conflict: what an object can change without naming it. A sender can make up as
    /// many categories as it likes, so an object must not cost as much as all that were ever named. (A merge does.)
    open: BTreeSet<Box<str>>,
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
    fn set(&mut self, id: &str, category: Category) {
        let is_open = matches!(category.state, ConsentState::Granted | ConsentState::Conflicted);
        if !is_open {
            self.open.remove(id);
        } else if !self.open.contains(id) {
            self.open.insert(id.into());
        }
        match self.categories.get_mut(id) {
            Some(known) => *known = category,
            None => {
                self.categories.insert(id.into(), category);
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
        mut record: impl FnMut(&str, ConsentState, ConsentState, &'static str),
    ) {
        let preferences = &*given.preferences;
        // Objects come in canonical order, so those of one consent time come one after the other.
        let again = self.instant.replace(time) == Some(time);
        let listed = preferences.listed().map(Box::from);
        let unlisted = self.open.iter().filter(|id| preferences.of(id).is_none()).cloned();
        let configured = configured.iter().filter(|_| matches!(preferences.rest, Rest::All(_)));
        let configured = configured
            .filter(|id| self.of(id) == ConsentState::NotCollected)
            .cloned();
        let touched: BTreeSet<Box<str>> = listed.chain(unlisted).chain(configured).collect();
        for id in touched {
            let mut category = self.categories.get(&id).copied().unwrap_or_default();
            let (to, rule) = decide(category, preferences, &id, time, given.deliberate, again);
            let from = std::mem::replace(&mut category.state, to);
            if from != to {
                record(&id, from, to, rule);
            }
            self.set(&id, category);
        }
    }
}

/// What the sides of a merge come to, by category: the same on all sides stays; else, or where one side is in conflict, it
/// is a conflict (CP-11). Missing and never collected count as false (CP-12).
fn compare(sides: &[&State], since: Timestamp) -> BTreeMap<Box<str>, Category> {
    let known: BTreeSet<&Box<str>> = sides.iter().flat_map(|side| side.categories.keys()).collect();
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

    use super::*;
    use crate::value;

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
            preferences: Arc::new(Preferences::read(&value::parse(object).unwrap())),
            deliberate,
        }
    }

    proptest! {
        /// The state that is kept up to date is the one that the history leads to. So a login, which folds the history
        /// anew, changes nothing by itself.
        #[test]
        fn the_state_is_the_fold_of_the_history(steps in prop::collection::vec((step(), 0i64..2), 0..40)) {
            let configured = [Box::from("A"), Box::from("C")];
            let mut ledgers: Vec<Ledger> = (0..4).map(|_| Ledger::default()).collect();
            let mut time = 0;
            for (order, (step, later)) in steps.into_iter().enumerate() {
                time += later;
                let at = Moment { order, time: Timestamp::from_millis(time) };
                let at_hand = match step {
                    Step::Give(who, object, deliberate) => {
                        ledgers[who].give(at, given(object, deliberate), &configured);
                        who
                    }
                    Step::LogIn(a, b) | Step::Compare(a, b, _) if a == b => continue,
                    Step::LogIn(a, b) => {
                        let other = std::mem::take(&mut ledgers[b]);
                        ledgers[a].log_in(vec![other], at, &configured);
                        a
                    }
                    Step::Compare(a, b, object) => {
                        let other = std::mem::take(&mut ledgers[b]);
                        let object = object.map(|object| given(object, false));
                        ledgers[a].compare(vec![other], object.as_ref(), at, &configured);
                        if let Some(object) = object {
                            ledgers[a].give(at, object, &configured);
                        }
                        a
                    }
                };
                let Ledger { state, entries, log } = &ledgers[at_hand];
                let folded = State::fold(entries, &configured);
                let states = |state: &State| -> Vec<(Box<str>, ConsentState)> {
                    state.categories.iter().map(|(id, c)| (id.clone(), c.state)).collect()
                };
                prop_assert_eq!(states(state), states(&folded));
                prop_assert_eq!(state.instant, folded.instant);
                // A stale mark is what would keep a grant alive that an omission must end.
                let open = state.categories.iter().filter(|(_, c)| c.state != ConsentState::Denied);
                prop_assert!(open.map(|(id, _)| id).eq(&state.open));
                prop_assert!(log.is_sorted_by_key(|change| change.at.order));
            }
        }
    }
}
