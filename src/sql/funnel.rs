//! Funnels: events that are followed by others, joined step by step.
//!
//! Each step is joined to what was matched so far. Of an event that was matched, nothing is kept but its time and what later steps
//! refer to, so that several ways to one and the same are one row.

use std::collections::{BTreeMap, BTreeSet};

use super::Unsupported;
use super::events::scope_of;
use super::expr::{Aggregate, Expr};
use super::lower::{Asked, Found, Lowering, holds, plain};
use super::query::{JoinKind, Select, Table};
use super::scope::{Before, Scope, Whose};
use super::value::Value;
use crate::ir::{
    Comparison, Count, Node, NodeId, Performed, Program, PropertySlot, Reference, Step, Subject, Test, ValueRef,
};
use crate::time::{Timestamp, Window};
use crate::warehouse::Reading;

/// By step, the properties that later steps refer to, and what is kept of them.
type Carried = BTreeMap<u32, Properties>;
type Properties = BTreeMap<PropertySlot, BTreeSet<Reading>>;

impl Lowering<'_> {
    /// The part that has, by user, how many events are followed as the steps say.
    pub(super) fn counted_followed(&mut self, id: NodeId, performed: &Performed) -> Result<Found, Unsupported> {
        let followed = self.followed(id, performed)?;
        let user = Expr::column("f", "profile_id");
        // Several ways can begin with one event.
        let counted = match performed.steps.len() {
            1 => Expr::count(None),
            _ => Expr::aggregate(Aggregate::CountDistinct, Expr::column("f", "first_id"), None),
        };
        let mut select = Select::from(Table::new(&followed, "f"));
        select.columns = vec![(user.clone(), "profile_id".into()), (counted, "n".into())];
        select.group = vec![user];
        Ok((self.add(&format!("count_{followed}"), vec![select]), "n".into()))
    }

    /// The part that has the events that are followed as the steps say, each once or several times, with their users.
    pub(super) fn followed(&mut self, id: NodeId, performed: &Performed) -> Result<Box<str>, Unsupported> {
        self.part_once(Asked::Followed(id), |lowering| lowering.make_followed(performed))
    }

    fn make_followed(&mut self, performed: &Performed) -> Result<Box<str>, Unsupported> {
        let mut carried = Carried::new();
        for step in &performed.steps {
            references(self.program, step.filter, &mut carried);
        }
        let name = plain(self.event_name(performed.event));
        let (mut select, _) = self.passing(Subject::User, performed.event, performed.window, performed.filter)?;
        select.columns = vec![
            (Expr::column("e", "profile_id"), "profile_id".into()),
            (Expr::column("e", "event_id"), "first_id".into()),
            (Expr::column("e", "time"), "time".into()),
        ];
        select.columns.extend(self.carried(&carried, 0, "e", performed.event)?);
        let mut chain = self.add(&format!("first_{name}"), vec![select]);
        let (first_after, _) = performed.window.bounds(self.now);
        for (at, step) in (1..).zip(&performed.steps) {
            let last = at as usize == performed.steps.len();
            let mut scope = Scope {
                user: Whose::By(Expr::column("c", "profile_id"), Vec::new()),
                event: Some(("s".into(), step.event)),
                before: Some(Before {
                    alias: "c".into(),
                    sets: BTreeSet::new(),
                }),
                ..Scope::default()
            };
            let mut on = vec![
                Expr::column("s", "profile_id").equals(Expr::column("c", "profile_id")),
                Expr::column("s", "time").compare(Comparison::Greater, Expr::column("c", "time")),
            ];
            if let Some(within) = step.within {
                let until = Expr::Later(Box::new(Expr::column("c", "time")), within.as_millis());
                on.push(Expr::column("s", "time").compare(Comparison::AtMost, until));
            }
            let (_, referring) = self.parts_of(step.filter);
            for part in referring {
                on.push(self.condition(&mut scope, part)?);
            }
            let sets = scope.before.map_or_else(BTreeSet::new, |before| before.sets);
            let following = self.following(step, at, &carried, first_after, sets)?;
            let plainly = step.count == Count::ONCE;
            let kind = match (last, plainly, step.negated) {
                (false, ..) => JoinKind::Inner,
                (true, true, false) => JoinKind::Semi,
                (true, true, true) => JoinKind::Anti,
                (true, false, _) => JoinKind::Left,
            };
            let mut select = Select::from(Table::new(&chain, "c"));
            select.joins = scope.joins;
            select.joins.push(super::query::Join {
                kind,
                table: Table::new(&following, "s"),
                on: Expr::all(on),
            });
            let (user, first) = (Expr::column("c", "profile_id"), Expr::column("c", "first_id"));
            select.columns = vec![(user.clone(), "profile_id".into()), (first.clone(), "first_id".into())];
            let before = (0..at).flat_map(|step| columns(&carried, step, "c"));
            if !last {
                select.distinct = true;
                select.columns.push((Expr::column("s", "time"), "time".into()));
                select.columns.extend(before);
                select.columns.extend(self.carried(&carried, at, "s", step.event)?);
                chain = self.add(&format!("then_{name}"), vec![select]);
                continue;
            }
            if kind == JoinKind::Left {
                select.group = vec![user, first, Expr::column("c", "time")];
                select.group.extend(before.map(|(column, _)| column));
                let number = Expr::aggregate(Aggregate::Count, Expr::column("s", "event_id"), None);
                let holds = holds(step.count, &number);
                select.having = if step.negated { holds.not() } else { holds };
            }
            return Ok(self.add(&format!("followed_{name}"), vec![select]));
        }
        Err(Unsupported::NoSuchAudience)
    }

    /// The part of the events that may be a step's, whatever was matched before.
    fn following(
        &mut self,
        step: &Step,
        at: u32,
        carried: &Carried,
        after: Timestamp,
        sets: BTreeSet<Box<str>>,
    ) -> Result<Box<str>, Unsupported> {
        let (alone, referring) = self.parts_of(step.filter);
        let mut scope = scope_of(Subject::User, step.event);
        let mut passes = Vec::new();
        for part in alone {
            passes.push(self.condition(&mut scope, part)?);
        }
        let window = Window {
            after: (after > Timestamp::MIN).then_some(after),
            ..Window::ALL
        };
        let mut has = Vec::new();
        for set in sets {
            let event = Expr::column("e", "event_id");
            let alias = scope.join(JoinKind::Left, &set, &set, |alias| {
                Expr::column(alias, "owner").equals(event.clone())
            });
            has.push((Expr::column(&alias, "owner").exists(), set));
        }
        let mut select = Select::from(Table::new("events", "e"));
        select.joins = scope.joins;
        select.condition = Expr::all([self.inside("e", step.event, window)].into_iter().chain(passes));
        let id = |column: &str| (Expr::column("e", column), column.into());
        select.columns = vec![id("profile_id"), id("event_id"), id("time")];
        select.columns.extend(has);
        // Under the names that they have in the table of events.
        let mut read = carried.get(&at).cloned().unwrap_or_default();
        for part in referring {
            properties(self.program, part, &mut read);
        }
        for (property, readings) in read {
            let value = self.value(&mut scope_of(Subject::User, step.event), &ValueRef::Property(property))?;
            let Value::Columns { name, .. } = &value else {
                continue;
            };
            for reading in readings {
                let column = value
                    .read(reading)
                    .map(|column| (column, format!("{name}:{reading}").into()));
                select
                    .columns
                    .extend(column.filter(|column| !select.columns.contains(column)));
            }
        }
        Ok(self.add(&format!("next_{}", plain(self.event_name(step.event))), vec![select]))
    }

    /// What is carried of a step, from the event that it matched.
    fn carried(
        &mut self,
        carried: &Carried,
        step: u32,
        alias: &str,
        event: crate::ir::EventSlot,
    ) -> Result<Vec<(Expr, Box<str>)>, Unsupported> {
        let mut found = Vec::new();
        for (property, readings) in carried.get(&step).into_iter().flatten() {
            let mut scope = Scope {
                event: Some((alias.into(), event)),
                ..Scope::default()
            };
            let value = self.value(&mut scope, &ValueRef::Property(*property))?;
            for reading in readings {
                if let Some(column) = value.read(*reading) {
                    found.push((column, carried_name(step, *property, *reading).into()));
                }
            }
        }
        Ok(found)
    }

    /// The parts of a filter that are and-ed: those that ask an event alone, and those that refer to one before.
    fn parts_of(&self, filter: NodeId) -> (Vec<NodeId>, Vec<NodeId>) {
        let parts = match self.program.node(filter) {
            Node::And(parts) => parts.clone(),
            _ => vec![filter],
        };
        parts.into_iter().partition(|part| {
            let mut carried = Carried::new();
            references(self.program, *part, &mut carried);
            carried.is_empty()
        })
    }
}

fn carried_name(step: u32, property: PropertySlot, reading: Reading) -> String {
    format!("{step}.{}:{reading}", property.0)
}

/// What is carried of a step, from where it is carried already.
fn columns(carried: &Carried, step: u32, alias: &str) -> Vec<(Expr, Box<str>)> {
    let properties = carried.get(&step).into_iter().flatten();
    let columns = properties.flat_map(|(property, readings)| {
        readings.iter().map(|reading| {
            let name = carried_name(step, *property, *reading);
            (Expr::column(alias, &name), name.into())
        })
    });
    columns.collect()
}

/// What a test reads of two values that it compares.
fn compared(test: &Test) -> &'static [Reading] {
    match test {
        Test::Equals(_) => &[Reading::Key, Reading::Numeral],
        Test::NotEquals(_) => &[Reading::Kind, Reading::Key, Reading::Numeral],
        Test::Compare(..) => &[Reading::Number, Reading::Rest],
        Test::Date(_) => &[Reading::Time],
        _ => &Reading::ALL,
    }
}

/// Collects the references of a filter to earlier steps.
fn references(program: &Program, filter: NodeId, found: &mut Carried) {
    match program.node(filter) {
        Node::Not(inner) | Node::Element { filter: inner, .. } => references(program, *inner, found),
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| references(program, *node, found)),
        Node::Test { test, .. } => {
            if let Some(Reference::Step { step, property }) = test.reference() {
                found
                    .entry(step)
                    .or_default()
                    .entry(property)
                    .or_default()
                    .extend(compared(test));
            }
        }
        _ => {}
    }
}

/// Collects what a filter reads of the event at hand.
fn properties(program: &Program, filter: NodeId, found: &mut Properties) {
    match program.node(filter) {
        Node::Not(inner) => properties(program, *inner, found),
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| properties(program, *node, found)),
        Node::Test {
            value: ValueRef::Property(property),
            test,
        } => {
            let read = match test.reference() {
                Some(Reference::Step { .. }) => compared(test),
                // Beside a computed number, a value is read as one whatever the test is.
                _ => &Reading::ALL,
            };
            found.entry(*property).or_default().extend(read);
        }
        _ => {}
    }
}
