//! What each destination was sent, by identifier.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::declared::Declared;
use super::kind::Kind;
use super::names::{Basis, Names, Place};
use crate::model::matched;
use crate::time::Timestamp;

/// What a destination holds of an identifier, for an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It was sent the entry, and nothing since that took it back.
    In,
    /// It was sent the entry, and holds it still: consent was revoked, and the destination is not to be sent removals.
    Silent,
    /// It was sent an exit or a removal.
    Out,
}

/// What a destination was sent of one identifier, for one audience.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent<'l> {
    /// What it holds.
    pub state: State,
    /// The categories, sorted, that it required and the person had granted when they were last looked at while it held the
    /// person. Empty once it is [`Out`](State::Out).
    pub basis: Vec<&'l str>,
    /// How many messages there were so far.
    pub times: u32,
    /// The `userId` that went along with the identifier, where one did. Empty once it is [`Out`](State::Out).
    pub user_id: Option<&'l str>,
    /// When the last message was handed out.
    pub at: Timestamp,
}

/// What the ledger keeps of one audience at one destination. There may be ten millions of these.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) basis: Basis,
    pub(super) times: u32,
    pub(super) state: State,
    /// It differs from what was written down.
    pub(super) changed: bool,
    pub(super) at: Timestamp,
    pub(super) user_id: Option<Arc<str>>,
}

impl Entry {
    /// Whether the destination still holds it.
    pub(super) fn is_held(&self) -> bool {
        self.state != State::Out
    }
}

/// What was handed out: by identifier, audience and destination.
///
/// It changes when [`hand_out`](Ledger::hand_out) does, and is rebuilt from its [`changes`](Ledger::changes). Two ledgers are
/// equal if they say the same of everybody, and of the audiences and destinations that there are and were; what is not yet
/// written down makes no difference.
///
/// ```
/// use volens::deliver::{Ledger, Message, Moment, Person};
/// use volens::{ConsentState, Engine, Profile, Timestamp};
///
/// let engine = Engine::from_text(
///     "shop.audience",
///     r#"
///     category Advertising
///     destination google_ads requires Advertising
///     audience pros { who trait plan = "pro"  send to google_ads }
///     "#,
/// )?;
/// let now: Timestamp = "2026-06-30".parse()?;
/// let mut ledger = Ledger::new();
/// ledger.declare(engine.program(), now, &[])?;
///
/// let mut sent = Vec::new();
/// let mut sink = |message: &Message| {
///     sent.push(message.to_json());
///     Ok::<(), std::io::Error>(())
/// };
/// let ann = Profile::builder()
///     .user_id("ann")
///     .trait_("plan", "pro")
///     .consent("Advertising", ConsentState::Granted)
///     .build();
/// let person = Person {
///     profile: &ann,
///     reached: &[volens::ir::AudienceSlot(0)],
/// };
/// let identifiers = [("user_id", "ann")];
/// let moment = Moment::at(now);
/// assert_eq!(ledger.hand_out(engine.program(), &moment, Some(person), identifiers, &mut sink)?, 1);
/// assert_eq!(ledger.hand_out(engine.program(), &moment, Some(person), identifiers, &mut sink)?, 0);
/// assert!(sent[0].contains(r#""event":"Audience Entered""#));
///
/// let record = ledger.changes().ok_or("something has changed")?;
/// let mut again = Ledger::new();
/// again.read(&record)?;
/// assert_eq!(again, ledger);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pub(super) names: Names,
    by_kind: BTreeMap<Kind, HashMap<Box<str>, Box<[Entry]>>>,
    /// The identifiers of which an entry has changed.
    pub(super) changed: BTreeSet<(Kind, Box<str>)>,
    pub(super) declared: Declared,
}

impl Ledger {
    /// A ledger of nothing.
    pub fn new() -> Self {
        Ledger::default()
    }

    /// What each destination was sent of an identifier: audience, destination and what it was, sorted by these two names.
    /// Emails are found lower-cased and trimmed.
    pub fn holds(&self, kind: &str, value: &str) -> impl Iterator<Item = (&str, &str, Sent<'_>)> {
        let entries = Kind::named(kind).map_or(&[][..], |kind| self.entries(kind, &matched(kind.as_str(), value)));
        let mut entries: Vec<_> = entries.iter().map(|entry| self.told(entry)).collect();
        entries.sort_by_key(|(audience, destination, _)| (*audience, *destination));
        entries.into_iter()
    }

    fn told<'l>(&'l self, entry: &'l Entry) -> (&'l str, &'l str, Sent<'l>) {
        let (audience, destination) = self.names.of(entry.place);
        let basis = self.names.categories(entry.basis);
        let sent = Sent {
            state: entry.state,
            basis: basis.iter().map(|category| &**category).collect(),
            times: entry.times,
            user_id: entry.user_id.as_deref(),
            at: entry.at,
        };
        (audience, destination, sent)
    }

    /// The identifiers of which some destination still holds something ([`In`](State::In) or [`Silent`](State::Silent)), by
    /// type and value. They are sorted anew with each call.
    pub fn identifiers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_kind.iter().flat_map(|(kind, by_value)| {
            let held = by_value
                .iter()
                .filter(|(_, entries)| entries.iter().any(Entry::is_held));
            let mut values: Vec<&str> = held.map(|(value, _)| &**value).collect();
            values.sort_unstable();
            values.into_iter().map(|value| (kind.as_str(), value))
        })
    }

    /// Whether anything was ever sent of an identifier, or a `userId` went along that is not taken back.
    pub(crate) fn knows(&self, kind: &str, value: &str) -> bool {
        self.holds(kind, value).next().is_some()
            || (kind == Kind::UserId.as_str() && !self.sent_with(|user_id| user_id == value).is_empty())
    }

    /// The identifiers with which such a `userId` went along, by type and value.
    pub(crate) fn sent_with(&self, is: impl Fn(&str) -> bool) -> BTreeSet<(&str, &str)> {
        let with = |entry: &Entry| entry.user_id.as_deref().is_some_and(&is);
        let sent = self.all().filter(|(_, _, entries)| entries.iter().any(with));
        sent.map(|(kind, value, _)| (kind.as_str(), value)).collect()
    }

    /// How many entries there are: one for each identifier, audience and destination that was ever sent something.
    pub fn len(&self) -> usize {
        self.all().map(|(_, _, entries)| entries.len()).sum()
    }

    /// Whether nothing was ever sent.
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Drops what was sent of these identifiers, told by type and value, and takes these `user_id`s away where they went along
    /// with others. Nobody is sent anything: what destinations hold, they go on holding, and they are never told of it again.
    ///
    /// Records that were written before go through [`scrub`](super::scrub).
    pub fn forget(&mut self, is: impl Fn(&str, &str) -> bool) {
        for (kind, by_value) in &mut self.by_kind {
            by_value.retain(|value, _| !is(kind.as_str(), value));
            for entry in by_value.values_mut().flatten() {
                entry.user_id.take_if(|user_id| is(Kind::UserId.as_str(), user_id));
            }
        }
        self.changed.retain(|(kind, value)| !is(kind.as_str(), value));
    }

    /// All identifiers with their entries, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = (Kind, &str, &[Entry])> {
        self.by_kind.iter().flat_map(|(kind, by_value)| {
            let entries = by_value.iter();
            entries.map(|(value, entries)| (*kind, &**value, &**entries))
        })
    }

    pub(super) fn entries(&self, kind: Kind, value: &str) -> &[Entry] {
        let by_value = self.by_kind.get(&kind);
        by_value
            .and_then(|values| values.get(value))
            .map_or(&[], |entries| entries)
    }

    pub(super) fn entries_mut(&mut self, kind: Kind, value: &str) -> &mut [Entry] {
        let by_value = self.by_kind.get_mut(&kind);
        let entries = by_value.and_then(|values| values.get_mut(value));
        entries.map_or(&mut [], |entries| entries)
    }

    pub(super) fn entry(&self, kind: Kind, value: &str, place: Place) -> Option<&Entry> {
        let entries = self.entries(kind, value);
        let at = entries.binary_search_by_key(&place, |entry| entry.place).ok()?;
        entries.get(at)
    }

    /// Puts an entry in the place of the one that there was, if any.
    pub(super) fn set(&mut self, kind: Kind, value: &str, mut entry: Entry) {
        if entry.changed {
            self.changed.insert((kind, value.into()));
        }
        let by_value = self.by_kind.entry(kind).or_default();
        let Some(entries) = by_value.get_mut(value) else {
            by_value.insert(value.into(), Box::new([entry]));
            return;
        };
        // The same text serves all entries of an identifier.
        let known = entries.iter().filter_map(|other| other.user_id.as_ref());
        if let Some(known) = known.into_iter().find(|known| Some(*known) == entry.user_id.as_ref()) {
            entry.user_id = Some(Arc::clone(known));
        }
        match entries.binary_search_by_key(&entry.place, |other| other.place) {
            Ok(at) => {
                if let Some(other) = entries.get_mut(at) {
                    *other = entry;
                }
            }
            Err(at) => {
                let mut longer = std::mem::take(entries).into_vec();
                longer.reserve_exact(1);
                longer.insert(at, entry);
                *entries = longer.into_boxed_slice();
            }
        }
    }
}

impl PartialEq for Ledger {
    fn eq(&self, other: &Self) -> bool {
        let count = |ledger: &Ledger| ledger.all().count();
        let same = |(kind, value, entries): (Kind, &str, &[Entry])| {
            entries.len() == other.entries(kind, value).len()
                && entries.iter().all(|entry| {
                    let told = self.told(entry);
                    let place = other.names.find(told.0, told.1);
                    let beside = place.and_then(|place| other.entry(kind, value, place));
                    beside.is_some_and(|beside| other.told(beside) == told)
                })
        };
        self.declared == other.declared && count(self) == count(other) && self.all().all(same)
    }
}

impl Eq for Ledger {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_small() {
        assert!(size_of::<Entry>() <= 40);
    }
}
