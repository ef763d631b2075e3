//! One profile while events come in: what readers see of it, and what is needed to go on.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::event::{Effect, Identifier};
use super::events::{EventId, Events, Kept};
use super::fold::Fold;
use super::ledger::{Ledger, Moment};
use super::people::IdentifierId;
use super::traits::SetBy;
use crate::model::{Consent, Named, Profile};
use crate::time::Timestamp;

/// A profile under construction.
#[derive(Debug)]
pub(super) struct Person {
    /// The event that created it.
    pub(super) created: EventId,
    /// As readers see it, after each event. One that a reader holds is copied before it changes.
    pub(super) profile: Arc<Profile>,
    /// With the time of the event that added each, for limits over a period (ID-7).
    identifiers: BTreeMap<Arc<Identifier>, (IdentifierId, Timestamp)>,
    traits: SetBy,
    ledger: Ledger,
}

/// How the consent of the profiles that an event joins is brought together (ID-25).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joining {
    /// There is one at most, and nothing to compare.
    Plain,
    /// One user on one more device (CP-13).
    Login,
    /// Stored profiles are compared (CP-11).
    Merge,
    /// The event itself is one side of the comparison (CP-14).
    NewUser,
}

impl Person {
    pub(super) fn new(created: EventId) -> Self {
        Person {
            created,
            profile: Arc::default(),
            identifiers: BTreeMap::new(),
            traits: SetBy::default(),
            ledger: Ledger::default(),
        }
    }

    /// The profile alone, in no more room than it needs.
    pub(super) fn into_profile(mut self) -> Arc<Profile> {
        Arc::make_mut(&mut self.profile).shrink();
        self.profile
    }

    /// Drops its history at or before an instant.
    pub(super) fn drop_history(&mut self, horizon: Timestamp) {
        if self.profile.history.reaches(horizon) {
            Arc::make_mut(&mut self.profile).history.drop_until(horizon);
        }
    }

    pub(super) fn has(&self, kind: &str) -> bool {
        self.of_kind(kind).next().is_some()
    }

    /// How many identifiers it has.
    pub(super) fn size(&self) -> usize {
        self.identifiers.len()
    }

    /// The type of each identifier.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &str> {
        self.identifiers.keys().map(|id| &*id.kind)
    }

    /// The number of each identifier.
    pub(super) fn identifiers(&self) -> impl Iterator<Item = IdentifierId> {
        self.identifiers.values().map(|(id, _)| *id)
    }

    /// When each identifier of a type was added.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = Timestamp> {
        let from: &dyn Named = &(kind, "");
        self.identifiers
            .range::<dyn Named, _>((Bound::Included(from), Bound::Unbounded))
            .take_while(move |(id, _)| id.kind == kind)
            .map(|(_, (_, added))| *added)
    }

    pub(super) fn identify(&mut self, identifier: Arc<Identifier>, id: IdentifierId, added: Timestamp) {
        Arc::make_mut(&mut self.profile)
            .identifiers
            .insert_shared(identifier.clone());
        self.identifiers.insert(identifier, (id, added));
    }

    /// Takes in another (ID-20 to ID-22); of a trait of both the later wins (ID-21). Its consent stays its own: that is
    /// not merged like the rest (ID-25).
    pub(super) fn absorb(&mut self, other: &mut Person, events: &Events) {
        let own = Arc::make_mut(&mut self.profile);
        let others = Arc::make_mut(&mut other.profile);
        own.identifiers.absorb(std::mem::take(&mut others.identifiers));
        own.history.merge(std::mem::take(&mut others.history));

        // The smaller is put into the larger: profiles may be taken in one after the other for as long as there are any.
        if others.accounts.len() > own.accounts.len() {
            std::mem::swap(&mut own.accounts, &mut others.accounts);
        }
        own.accounts.extend(std::mem::take(&mut others.accounts));
        if other.identifiers.len() > self.identifiers.len() {
            std::mem::swap(&mut self.identifiers, &mut other.identifiers);
        }
        self.identifiers.extend(std::mem::take(&mut other.identifiers));
        if others.traits.len() > own.traits.len() {
            std::mem::swap(&mut own.traits, &mut others.traits);
            std::mem::swap(&mut self.traits, &mut other.traits);
        }
        self.traits.absorb(
            &mut own.traits,
            std::mem::take(&mut others.traits),
            std::mem::take(&mut other.traits),
            events,
        );
    }

    /// Brings the consent of those that it took in together with its own (CP-11 to CP-14).
    pub(super) fn join(&mut self, others: Vec<Person>, joining: Joining, at: Moment, event: &Kept, by: Fold<'_>) {
        if joining == Joining::Plain {
            return;
        }
        let others = others.into_iter().map(|other| {
            let consent = Arc::unwrap_or_clone(other.profile).consent;
            (other.ledger, consent)
        });
        let others: Vec<(Ledger, Consent)> = others.collect();
        let consent = &mut Arc::make_mut(&mut self.profile).consent;
        match joining {
            Joining::Plain => {}
            Joining::Login => self.ledger.log_in(consent, others, at, by),
            Joining::Merge => self.ledger.compare(consent, others, None, at, by),
            Joining::NewUser => self.ledger.compare(consent, others, event.consent.as_ref(), at, by),
        }
    }

    /// Takes in what an event brings besides identifiers: consent, traits, an account, its place in the history. It is the
    /// latest of its profile.
    pub(super) fn take(&mut self, at: Moment, event: &Kept, by: Fold<'_>) {
        if let Some(given) = &event.consent {
            let consent = &mut Arc::make_mut(&mut self.profile).consent;
            self.ledger
                .give(consent, at, given.clone(), &event.message_id, by.configured);
        }
        self.take_effect(at.event, event, by.events);
    }

    /// Takes in an event that is not the latest of its profile, where it belongs, if nothing but that place changes: false
    /// where the consent of a merge may have to be compared anew.
    pub(super) fn take_late(&mut self, at: Moment, event: &Kept, by: Fold<'_>) -> bool {
        if let Some(given) = &event.consent {
            let consent = &mut Arc::make_mut(&mut self.profile).consent;
            if !self.ledger.insert(consent, at, given.clone(), by) {
                return false;
            }
        }
        self.take_effect(at.event, event, by.events);
        true
    }

    /// Each part tells by itself what is older and what is newer.
    fn take_effect(&mut self, id: EventId, event: &Kept, events: &Events) {
        let profile = Arc::make_mut(&mut self.profile);
        if let Some((name, past)) = event.past() {
            profile.history.insert_in_order(name, past);
        }
        match &event.effect {
            Effect::Traits(traits) => self.traits.set(&mut profile.traits, traits, id, events),
            Effect::Group { id, .. } => {
                profile.accounts.insert(id.clone());
            }
            Effect::Past { .. } | Effect::Nothing => {}
        }
    }
}
