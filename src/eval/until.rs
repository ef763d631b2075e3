//! How long an answer about a profile stays as it is, if nothing happens but the passing of time.

use std::collections::BTreeSet;

use super::members::{Group, Groups, Laid};
use super::network::Exhausted;
use super::row::{Row, Wanted};
use super::watch::Watch;
use crate::eval;
use crate::ir::{
    Aggregate, AudienceSlot, EventSlot, Node, NodeId, Program, Reference, Subject, TraitSlot, TraitSource, ValueRef,
};
use crate::model::{Account, Profile};
use crate::time::{Timestamp, Window};

/// So many looks at events may be spent on one answer: about a second of work.
const LOOKS: u64 = 20_000_000;

/// The first instant after `now` at which a user is no longer in an audience, or is in it at last, if no event arrives; `None`
/// if that never comes. Of a user whose accounts decide it is not the answer.
///
/// # Errors
/// [`Exhausted`] where a funnel costs too much, or all instants together do.
pub(crate) fn until_of_user(
    program: &Program,
    audience: AudienceSlot,
    profile: &Profile,
    now: Timestamp,
) -> Result<Option<Timestamp>, Exhausted> {
    let Some((only, audience)) = alone(program, audience) else {
        return Ok(None);
    };
    let watch = Watch::new(&only, [audience]);
    let read = Read::by_audiences(&only);
    let mut row = Row::default();
    row.bind_part(&only, profile, now, &read, only.funnels());
    let mut spent = 0;
    let mut member = |row: &mut Row<'_>| {
        spent += read.looks(&only, profile, row.now());
        for slot in &only.order {
            let of = only.audiences.get(slot.index()).map(|audience| audience.of);
            // A user is in no audience of accounts by itself.
            if of == Some(Subject::User) {
                eval::evaluate_audience(&only, *slot, row, &[]);
                spent += row.spent();
            }
        }
        let fits = spent <= LOOKS && !row.is_exhausted();
        if fits {
            Ok(row.is_member(audience))
        } else {
            Err(Exhausted)
        }
    };
    let first = member(&mut row)?;
    let mut at = now;
    while let Some(next) = watch.next(&only, profile, at) {
        row.move_to(&only, &[], next, &read);
        if member(&mut row)? != first {
            return Ok(Some(next));
        }
        at = next;
    }
    Ok(None)
}

/// The same where users and accounts are evaluated together: of whatever `is_member` asks of their group.
pub(crate) fn until_of_group(
    program: &Program,
    audience: AudienceSlot,
    groups: &Groups<'_>,
    group: Group,
    now: Timestamp,
    is_member: impl Fn(&Laid<'_>, AudienceSlot) -> bool,
) -> Result<Option<Timestamp>, Exhausted> {
    let Some((only, audience)) = alone(program, audience) else {
        return Ok(None);
    };
    let watch = Watch::new(&only, [audience]);
    let read = Read::by_audiences(&only);
    let profiles: Vec<&Profile> = groups.users(&group).collect();
    let accounts: Vec<&Account> = groups.accounts_of(&group).collect();
    // All of them are laid out anew, with all their events.
    let events: u64 = profiles.iter().map(|profile| profile.history().len() as u64).sum();
    let mut laid = Laid::of(group);
    let mut spent = 0;
    let mut member = |at: Timestamp| {
        let group = std::mem::take(&mut laid.group);
        laid.evaluate(&only, groups, group, at);
        let looks = profiles.iter().map(|profile| read.looks(&only, profile, at));
        spent += events + looks.sum::<u64>() + laid.users().map(|(_, row)| row.spent()).sum::<u64>();
        let fits = spent <= LOOKS && !laid.users().any(|(_, row)| row.is_exhausted());
        if fits {
            Ok(is_member(&laid, audience))
        } else {
            Err(Exhausted)
        }
    };
    let first = member(now)?;
    let mut at = now;
    loop {
        let users = profiles.iter().filter_map(|profile| watch.next(&only, profile, at));
        let accounts = accounts
            .iter()
            .filter_map(|account| watch.next_of_account(&account.traits, at));
        let Some(next) = users.chain(accounts).min() else {
            return Ok(None);
        };
        if member(next)? != first {
            return Ok(Some(next));
        }
        at = next;
    }
}

/// The audience with those it refers to, and its slot there.
fn alone(program: &Program, audience: AudienceSlot) -> Option<(Program, AudienceSlot)> {
    let only = program.only(audience);
    let name = &program.audiences.get(audience.index())?.name;
    let slot = only.audience(name)?;
    Some((only, slot))
}

/// What conditions read of a profile.
#[derive(Debug, Default)]
pub(super) struct Read {
    traits: BTreeSet<TraitSlot>,
    events: BTreeSet<EventSlot>,
    /// Each time that events of a name are looked at, those in a window.
    looks: Vec<(EventSlot, Window)>,
    seen: BTreeSet<NodeId>,
}

impl Wanted for Read {
    fn event(&self, slot: EventSlot) -> bool {
        self.events.contains(&slot)
    }

    fn has_trait(&self, slot: TraitSlot) -> bool {
        self.traits.contains(&slot)
    }
}

impl Read {
    /// All audiences of a program.
    fn by_audiences(program: &Program) -> Self {
        Read::by(program, program.audiences.iter().map(|audience| audience.who))
    }

    /// These conditions.
    pub(super) fn by(program: &Program, conditions: impl Iterator<Item = NodeId>) -> Self {
        let mut read = Read::default();
        conditions.for_each(|condition| read.node(program, condition));
        read.events = read.looks.iter().map(|(event, _)| *event).collect();
        read
    }

    /// As many looks at events of a profile as an evaluation as of an instant takes at most, save for what follows an event of a
    /// funnel, which the row counts itself.
    fn looks(&self, program: &Program, profile: &Profile, at: Timestamp) -> u64 {
        let counts = self.looks.iter().map(|(slot, window)| {
            let event = program.events.get(slot.index());
            let past = event.map_or(&[][..], |event| profile.history().of(&event.name));
            let (after, until) = window.bounds(at);
            let up_to = |instant| past.partition_point(|event| event.timestamp <= instant);
            up_to(until).saturating_sub(up_to(after)) as u64
        });
        1 + self.seen.len() as u64 + counts.sum::<u64>()
    }

    /// The recursion is as deep as nodes are nested, and as computed traits refer to one another.
    fn node(&mut self, program: &Program, id: NodeId) {
        if !self.seen.insert(id) {
            return;
        }
        match program.node(id) {
            Node::Const(_) | Node::Member(_) | Node::Consent { .. } => {}
            Node::Not(child) | Node::Users { condition: child, .. } => self.node(program, *child),
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| self.node(program, *node)),
            Node::Test { value, test } => {
                self.value(program, value);
                if let Some(Reference::Trait(slot)) = test.reference() {
                    self.has(program, slot);
                }
            }
            Node::Element { list, filter } => {
                self.value(program, list);
                self.node(program, *filter);
            }
            Node::Performed(performed) => {
                self.looks.push((performed.event, performed.window));
                self.node(program, performed.filter);
                for step in &performed.steps {
                    self.looks.push((step.event, Window::ALL));
                    self.node(program, step.filter);
                }
            }
        }
    }

    fn value(&mut self, program: &Program, value: &ValueRef) {
        if let ValueRef::Trait(slot) = value {
            self.has(program, *slot);
        }
    }

    fn has(&mut self, program: &Program, slot: TraitSlot) {
        if !self.traits.insert(slot) {
            return;
        }
        if let Some(TraitSource::Computed(Aggregate {
            event, filter, window, ..
        })) = program.traits.get(slot.index()).map(|known| &known.source)
        {
            self.looks.push((*event, *window));
            self.node(program, *filter);
        }
    }
}
