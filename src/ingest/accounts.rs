//! Accounts: what group calls say about them. Who resolves to whom does not matter here.

use std::collections::{BTreeMap, BTreeSet};

use super::event::Effect;
use super::events::{EventId, Events};
use super::traits::SetBy;
use crate::value::Object;

#[derive(Debug, Default)]
struct Account {
    traits: Object,
    set_by: SetBy,
    /// The group calls, in the order they came.
    calls: Vec<EventId>,
}

/// All accounts that a group call names.
#[derive(Debug, Default)]
pub(super) struct Accounts(BTreeMap<Box<str>, Account>);

impl Accounts {
    /// Takes in an event, if it is a group call; it may come late.
    pub(super) fn take(&mut self, id: EventId, events: &Events) {
        let Some(Effect::Group { id: account, traits }) = events.get(id).map(|event| &event.effect) else {
            return;
        };
        if !self.0.contains_key(account) {
            self.0.insert(account.clone(), Account::default());
        }
        if let Some(account) = self.0.get_mut(account) {
            account.calls.push(id);
            account.set_by.set(&mut account.traits, traits, id, events);
        }
    }

    /// Takes a call back: what it set may have to give way to what an earlier one did.
    pub(super) fn take_back(&mut self, id: EventId, events: &Events) {
        let Some(Effect::Group { id: name, .. }) = events.get(id).map(|event| &event.effect) else {
            return;
        };
        let Some(account) = self.0.remove(name) else { return };
        for call in account.calls.into_iter().filter(|call| *call != id) {
            self.take(call, events);
        }
    }

    /// The calls that set the traits as they are.
    pub(super) fn setters(&self) -> impl Iterator<Item = EventId> {
        self.0.values().flat_map(|account| account.set_by.setters())
    }

    /// Knows of these calls no more; what they set stays.
    pub(super) fn let_go(&mut self, gone: &BTreeSet<EventId>) {
        for account in self.0.values_mut() {
            account.calls.retain(|call| !gone.contains(call));
        }
    }

    /// The traits of each, and nothing else.
    pub(super) fn into_traits(self) -> BTreeMap<Box<str>, Object> {
        let accounts = self.0.into_iter();
        accounts.map(|(id, account)| (id, account.traits)).collect()
    }

    /// Their ids.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|id| &**id)
    }

    /// The traits of one.
    pub(super) fn of(&self, id: &str) -> Option<&Object> {
        self.0.get(id).map(|account| &account.traits)
    }

    /// The traits of each.
    pub(super) fn traits(&self) -> BTreeMap<Box<str>, Object> {
        let accounts = self.0.iter();
        accounts
            .map(|(id, account)| (id.clone(), account.traits.clone()))
            .collect()
    }
}
