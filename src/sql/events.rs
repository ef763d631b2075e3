//! Events that are counted or summed, and what is computed of them.

use std::collections::BTreeSet;

use super::Unsupported;
use super::expr::{Aggregate, Expr, Order};
use super::lists::Owner;
use super::lower::{Asked, Found, Lowering, plain};
use super::query::{Join, JoinKind, Part, Select, Table};
use super::scope::{Element, Scope, Whose, id_of};
use super::value::{OF_TEXT, Value};
use crate::ir::{self, Comparison, EventSlot, Function, NodeId, Performed, PropertySlot, Subject, TraitSlot, ValueRef};
use crate::time::{Timestamp, Window};
use crate::warehouse::{Place, Reading};

/// What is asked of events in one pass over them.
pub(super) struct Activity {
    name: Box<str>,
    measures: Vec<Measure>,
}

/// One number of one subject.
struct Measure {
    name: Box<str>,
    of: Measured,
    function: Aggregate,
    argument: Option<Expr>,
}

/// The events that a number is of.
#[derive(PartialEq)]
struct Measured {
    event: Box<str>,
    after: Timestamp,
    until: Timestamp,
    filter: Expr,
}

impl Activity {
    pub(super) fn new(name: &str) -> Self {
        Activity {
            name: name.into(),
            measures: Vec::new(),
        }
    }

    /// The place of a measure: that of one that asks the same, if there is one.
    fn add(&mut self, name: &str, of: Measured, function: Aggregate, argument: Option<Expr>) -> Box<str> {
        let same = |m: &&Measure| m.of == of && m.function == function && m.argument == argument;
        if let Some(measure) = self.measures.iter().find(same) {
            return measure.name.clone();
        }
        let taken = |name: &str| self.measures.iter().any(|measure| &*measure.name == name);
        let numbered = (2..).map(|number| format!("{}_{number}", plain(name)));
        let mut names = std::iter::once(plain(name)).chain(numbered);
        let name: Box<str> = names.find(|name| !taken(name)).unwrap_or_default().into();
        self.measures.push(Measure {
            name: name.clone(),
            of,
            function,
            argument,
        });
        name
    }

    /// The part that has all of them, if there is any. Events of which no number is are left out at once, so that an engine that
    /// keeps events by name or by time reads no others.
    pub(super) fn part(self, subject: Subject) -> Option<Part> {
        let measured = || self.measures.iter().map(|measure| &measure.of);
        let after = measured().map(|of| of.after).min()?;
        let until = measured().map(|of| of.until).max()?;
        let names: BTreeSet<&str> = measured().map(|of| &*of.event).collect();
        let (mut select, id) = events_of(subject);
        select.columns = vec![id.clone()];
        let texts = names.iter().copied().map(Expr::text).collect();
        select.condition = Expr::all([within("e", (after, until)), Expr::column("e", "name").among(texts)]);
        let aggregate = |measure: &Measure, filter| {
            Expr::Aggregate(measure.function, measure.argument.clone().map(Box::new), filter)
        };
        match self.measures.as_slice() {
            [one] => {
                select.columns.push((aggregate(one, None), one.name.clone()));
                select.condition = Expr::all([select.condition, one.of.filter.clone()]);
            }
            several => {
                let columns = several.iter().map(|measure| {
                    let filter = measure.of.among(names.len() > 1, (after, until));
                    let filter = (filter != Expr::Bool(true)).then(|| Box::new(filter));
                    (aggregate(measure, filter), measure.name.clone())
                });
                select.columns.extend(columns);
            }
        }
        select.group = vec![id.0];
        Some(Part {
            name: self.name,
            selects: vec![select],
        })
    }
}

impl Measured {
    /// Whether an event is one of them, among events inside of a window that has all of them, of one name or of several.
    fn among(&self, several: bool, (after, until): (Timestamp, Timestamp)) -> Expr {
        let name = match several {
            true => Expr::column("e", "name").equals(Expr::text(&self.event)),
            false => Expr::Bool(true),
        };
        let after = if self.after > after { self.after } else { Timestamp::MIN };
        let until = if self.until < until { self.until } else { Timestamp::MAX };
        Expr::all([name, within("e", (after, until)), self.filter.clone()])
    }
}

/// Whether an event is inside of a window, `after < t ≤ until`.
fn within(alias: &str, (after, until): (Timestamp, Timestamp)) -> Expr {
    let compared = |comparison, bound: Timestamp, unbounded| match bound {
        bound if bound == unbounded => Expr::Bool(true),
        bound => Expr::column(alias, "time").compare(comparison, Expr::Int(bound.as_millis())),
    };
    Expr::all([
        compared(Comparison::Greater, after, Timestamp::MIN),
        compared(Comparison::AtMost, until, Timestamp::MAX),
    ])
}

/// The events of users, or of all users of accounts, and the id by which they belong together.
fn events_of(of: Subject) -> (Select, (Expr, Box<str>)) {
    let mut select = Select::from(Table::new("events", "e"));
    match of {
        Subject::User => (select, (Expr::column("e", "profile_id"), "profile_id".into())),
        Subject::Account => {
            select.joins = vec![Join {
                kind: JoinKind::Inner,
                table: Table::new("account_users", "u"),
                on: Expr::column("u", "profile_id").equals(Expr::column("e", "profile_id")),
            }];
            (select, (Expr::column("u", "account_id"), "account_id".into()))
        }
    }
}

/// What a filter of such events sees.
pub(super) fn scope_of(of: Subject, event: EventSlot) -> Scope {
    let mut scope = Scope {
        event: Some(("e".into(), event)),
        ..Scope::default()
    };
    match of {
        Subject::User => scope.user = Whose::By(Expr::column("e", "profile_id"), Vec::new()),
        Subject::Account => scope.account = Whose::By(Expr::column("u", "account_id"), Vec::new()),
    }
    scope
}

impl Lowering<'_> {
    pub(super) fn event_name(&self, event: EventSlot) -> &str {
        self.program.events.get(event.index()).map_or("", |event| &event.name)
    }

    /// Events of a name inside a window. The window comes first: what engines do in this order is to compare numbers, and to look at
    /// the names of what is left.
    pub(super) fn inside(&self, alias: &str, event: EventSlot, window: Window) -> Expr {
        let name = Expr::column(alias, "name").equals(Expr::text(self.event_name(event)));
        Expr::all([within(alias, window.bounds(self.now)), name])
    }

    /// The events of a subject that pass, and what their filter needs beside them.
    pub(super) fn passing(
        &mut self,
        of: Subject,
        event: EventSlot,
        window: Window,
        filter: NodeId,
    ) -> Result<(Select, (Expr, Box<str>)), Unsupported> {
        let mut scope = scope_of(of, event);
        let filter = self.condition(&mut scope, filter)?;
        Ok(self.met(of, event, window, scope, filter))
    }

    /// The events of a subject that meet a condition, which was found in this scope.
    fn met(
        &self,
        of: Subject,
        event: EventSlot,
        window: Window,
        scope: Scope,
        condition: Expr,
    ) -> (Select, (Expr, Box<str>)) {
        let (mut select, id) = events_of(of);
        select.joins.extend(scope.joins);
        select.condition = Expr::all([self.inside("e", event, window), condition]);
        (select, id)
    }

    /// Where a number of a subject's events stands: in the one pass over all events, unless its filter needs more than the event.
    fn measure(
        &mut self,
        of: Subject,
        name: &str,
        (event, window, filter): (EventSlot, Window, NodeId),
        function: Aggregate,
        argument: Option<Expr>,
    ) -> Result<Found, Unsupported> {
        let mut scope = scope_of(of, event);
        let filter = self.condition(&mut scope, filter)?;
        if scope.joins.is_empty() {
            let (after, until) = window.bounds(self.now);
            let measured = Measured {
                event: self.event_name(event).into(),
                after,
                until,
                filter,
            };
            let [users, accounts] = &mut self.activities;
            let activity = match of {
                Subject::User => users,
                Subject::Account => accounts,
            };
            let column = activity.add(name, measured, function, argument);
            return Ok((activity.name.clone(), column));
        }
        let (mut select, id) = self.met(of, event, window, scope, filter);
        let number = Expr::Aggregate(function, argument.map(Box::new), None);
        select.columns = vec![id.clone(), (number, "n".into())];
        select.group = vec![id.0];
        Ok((self.add(&plain(name), vec![select]), "n".into()))
    }

    /// How many events pass.
    pub(super) fn counted(&mut self, performed: &Performed) -> Result<Found, Unsupported> {
        let events = (performed.event, performed.window, performed.filter);
        let name = format!("count {}", self.event_name(performed.event));
        self.measure(Subject::User, &name, events, Aggregate::Count, None)
    }

    pub(super) fn property(&self, event: EventSlot, property: PropertySlot) -> Option<&crate::value::Path> {
        self.program.events.get(event.index())?.properties.get(property.index())
    }

    /// The value of a computed trait.
    pub(super) fn computed(
        &mut self,
        scope: &mut Scope,
        of: Subject,
        slot: TraitSlot,
        aggregate: &ir::Aggregate,
        beside: bool,
    ) -> Result<Value, Unsupported> {
        let numbers = |reading| {
            move |lowering: &mut Self, function, property| {
                let value = lowering.value(&mut scope_of(of, aggregate.event), &ValueRef::Property(property))?;
                let Some(argument) = value.read(reading) else {
                    return Ok(None);
                };
                let argument = match function {
                    // Of averages also the sum, in billionths.
                    Aggregate::Sum if matches!(aggregate.function, Function::Average(_)) => {
                        Expr::Billionths(Box::new(argument))
                    }
                    _ => argument,
                };
                lowering
                    .of_events(of, slot, aggregate, function, Some(argument))
                    .map(Some)
            }
        };
        let column = |lowering: &mut Self, scope: &mut Scope, known: Option<Found>| {
            let (part, column) = known?;
            let alias = lowering.attach(scope, of, &part)?;
            Some(Expr::column(&alias, &column))
        };
        let value = match aggregate.function {
            Function::Count => {
                let known = self.of_events(of, slot, aggregate, Aggregate::Count, None)?;
                column(self, scope, Some(known)).map(Value::Count)
            }
            Function::UniqueCount(property) => {
                let texts = self.texts(of, slot, aggregate, property)?;
                let known = self.counted_texts(of, slot, &texts)?;
                column(self, scope, Some(known)).map(Value::Count)
            }
            Function::Sum(property) => {
                let known = numbers(Reading::Exact)(self, Aggregate::Sum, property)?;
                column(self, scope, known).map(Value::Sum)
            }
            Function::Average(property) => {
                let sum = numbers(Reading::Exact)(self, Aggregate::Sum, property)?;
                let count = numbers(Reading::Exact)(self, Aggregate::Count, property)?;
                let sum = column(self, scope, sum);
                sum.zip(column(self, scope, count))
                    .map(|(sum, count)| Value::Average { sum, count })
            }
            // The smallest double may be that of several numbers, so beside another one it is looked for in both parts.
            Function::Minimum(_) | Function::Maximum(_) if beside => {
                let part = self.one_of(of, slot, aggregate)?;
                let alias = self.attach(scope, of, &part);
                alias.map(|alias| {
                    Value::Number(Expr::column(&alias, "value:number"), Expr::column(&alias, "value:rest"))
                })
            }
            Function::Minimum(property) => {
                let known = numbers(Reading::Number)(self, Aggregate::Minimum, property)?;
                column(self, scope, known).map(Value::Extreme)
            }
            Function::Maximum(property) => {
                let known = numbers(Reading::Number)(self, Aggregate::Maximum, property)?;
                column(self, scope, known).map(Value::Extreme)
            }
            Function::First(_) | Function::Last(_) | Function::MostFrequent { .. } => {
                let part = self.one_of(of, slot, aggregate)?;
                let alias = self.attach(scope, of, &part);
                let is_made = matches!(aggregate.function, Function::MostFrequent { .. });
                alias.map(|alias| match is_made {
                    true => Value::made(&alias, "value"),
                    false => Value::columns(&alias, "value"),
                })
            }
            Function::UniqueList(property) => {
                let texts = self.texts(of, slot, aggregate, property)?;
                let part = self.has_texts(of, slot, &texts)?;
                let alias = self.attach(scope, of, &part);
                alias.map(|alias| Value::columns(&alias, "value"))
            }
        };
        Ok(value.unwrap_or(Value::Absent))
    }

    /// A number of the events that an aggregate is over.
    fn of_events(
        &mut self,
        of: Subject,
        slot: TraitSlot,
        aggregate: &ir::Aggregate,
        function: Aggregate,
        argument: Option<Expr>,
    ) -> Result<Found, Unsupported> {
        self.once(Asked::Events(slot, function), |lowering| {
            let events = (aggregate.event, aggregate.window, aggregate.filter);
            let name = format!("{} {}", function.word(), aggregate.name);
            lowering.measure(of, &name, events, function, argument)
        })
    }

    /// The one value that `first`, `last`, `minimum`, `maximum` or `most frequent` gives, as columns named `value`.
    fn one_of(&mut self, of: Subject, slot: TraitSlot, aggregate: &ir::Aggregate) -> Result<Box<str>, Unsupported> {
        self.part_once(Asked::Value(slot), |lowering| lowering.make_one_of(of, slot, aggregate))
    }

    fn make_one_of(
        &mut self,
        of: Subject,
        slot: TraitSlot,
        aggregate: &ir::Aggregate,
    ) -> Result<Box<str>, Unsupported> {
        let id = id_of(of);
        let ranked = match aggregate.function {
            Function::First(property) | Function::Minimum(property) => {
                self.ranked(of, aggregate, property, Order::Ascending)?
            }
            Function::Last(property) | Function::Maximum(property) => {
                self.ranked(of, aggregate, property, Order::Descending)?
            }
            Function::MostFrequent { property, .. } => self.ranked_texts(of, slot, aggregate, property)?,
            _ => return Err(Unsupported::NoSuchAudience),
        };
        let mut select = Select::from(Table::new(&ranked, "r"));
        select.columns = vec![(Expr::column("r", id), id.into())];
        select.condition = Expr::column("r", "position").equals(Expr::Int(1));
        let value = Value::columns("r", "value");
        if let Function::MostFrequent { at_least, .. } = aggregate.function {
            let often = Expr::column("r", "n").compare(Comparison::AtLeast, Expr::Int(i64::from(at_least)));
            select.condition = Expr::all([select.condition, often]);
            select.columns.extend(value.renamed("value", &OF_TEXT));
        } else {
            select.columns.push((Expr::column("r", "event_id"), "event_id".into()));
            select.columns.extend(value.renamed("value", &Reading::ALL));
        }
        Ok(self.add(&format!("trait_{}", plain(&aggregate.name)), vec![select]))
    }

    /// The events that have a value, numbered in order of time.
    fn ranked(
        &mut self,
        of: Subject,
        aggregate: &ir::Aggregate,
        property: PropertySlot,
        order: Order,
    ) -> Result<Box<str>, Unsupported> {
        let value = self.value(&mut scope_of(of, aggregate.event), &ValueRef::Property(property))?;
        let (mut select, id) = self.passing(of, aggregate.event, aggregate.window, aggregate.filter)?;
        let (by, needed) = match aggregate.function {
            Function::Minimum(_) | Function::Maximum(_) => (
                [Reading::Number, Reading::Rest].map(|by| value.read(by)),
                Reading::Number,
            ),
            _ => (
                [Some(Expr::column("e", "time")), Some(Expr::column("e", "event_id"))],
                Reading::Kind,
            ),
        };
        let order: Vec<(Expr, Order)> = by.into_iter().flatten().map(|by| (by, order)).collect();
        let position = Expr::RowNumber(Box::new(id.0.clone()), order);
        select.columns = vec![id, (Expr::column("e", "event_id"), "event_id".into())];
        select.columns.extend(value.renamed("value", &Reading::ALL));
        select.columns.push((position, "position".into()));
        let exists = value.read(needed).map_or(Expr::Bool(false), Expr::exists);
        select.condition = Expr::all([select.condition, exists]);
        Ok(self.add(&format!("ranked_{}", plain(&aggregate.name)), vec![select]))
    }

    /// The texts of the scalars and of the scalar elements of lists of a property, with what they are read as, and how often there
    /// is each: a part with a row for each text of each subject.
    fn texts(
        &mut self,
        of: Subject,
        slot: TraitSlot,
        aggregate: &ir::Aggregate,
        property: PropertySlot,
    ) -> Result<Box<str>, Unsupported> {
        self.part_once(Asked::Texts(slot), |lowering| {
            lowering.make_texts(of, aggregate, property)
        })
    }

    fn make_texts(
        &mut self,
        of: Subject,
        aggregate: &ir::Aggregate,
        property: PropertySlot,
    ) -> Result<Box<str>, Unsupported> {
        let Some(path) = self.property(aggregate.event, property) else {
            return Err(Unsupported::NoSuchAudience);
        };
        let list = self
            .layout
            .list(Place::Events, path.keys())
            .map(|table| table.name.clone());
        let value = self.value(&mut scope_of(of, aggregate.event), &ValueRef::Property(property))?;
        let (single, id) = self.passing(of, aggregate.event, aggregate.window, aggregate.filter)?;
        let id_name = id.1.clone();
        // Kind and boolean follow from the text: `text_columns`.
        let stored = [Reading::Text, Reading::Number, Reading::Time];
        let mut selects = Vec::new();
        let mut plain_value = single.clone();
        plain_value.columns = vec![id.clone()];
        plain_value.columns.extend(value.renamed("value", &stored));
        let has_text = |value: &Value| value.read(Reading::Text).map_or(Expr::Bool(false), Expr::exists);
        plain_value.condition = Expr::all([plain_value.condition, has_text(&value)]);
        selects.push(plain_value);
        if let Some(list) = list {
            let mut elements = single;
            elements.joins.push(Join {
                kind: JoinKind::Inner,
                table: Table::new(&list, "i"),
                on: Expr::column("i", "owner").equals(Expr::column("e", "event_id")),
            });
            let element = Element {
                alias: "i".into(),
                table: list.clone(),
                of: Owner::Event,
            };
            let element = self.item(&element, &[]).unwrap_or(Value::Absent);
            elements.columns = vec![id];
            elements.columns.extend(element.renamed("value", &stored));
            elements.condition = Expr::all([elements.condition, has_text(&element)]);
            selects.push(elements);
        }
        let name = plain(&aggregate.name);
        let values = self.add(&format!("values_of_{name}"), selects);
        // What a text is read as follows from the text, so of several with one text any will do.
        let mut select = Select::from(Table::new(&values, "v"));
        let (id, text) = (Expr::column("v", &id_name), Expr::column("v", "value:text"));
        select.columns = vec![(id.clone(), id_name.clone()), (text.clone(), "value:text".into())];
        for reading in [Reading::Number, Reading::Time] {
            let column = format!("value:{reading}");
            let least = Expr::aggregate(Aggregate::Minimum, Expr::column("v", &column), None);
            select.columns.push((least, column.into()));
        }
        select.columns.push((Expr::count(None), "n".into()));
        select.group = vec![id, text];
        Ok(self.add(&format!("texts_of_{name}"), vec![select]))
    }

    /// The columns of a text, which a part of texts has but for those that follow from it at sight.
    fn text_columns(alias: &str, name: &str) -> Vec<(Expr, Box<str>)> {
        let text = || Expr::column(alias, "value:text");
        let column = |reading: Reading| match reading {
            Reading::Kind => Expr::text("string"),
            // Only where it is one of the two is there an answer.
            Reading::Boolean => Expr::Truth(Box::new(text())),
            reading => Expr::column(alias, &format!("value:{reading}")),
        };
        let named = |reading: Reading| (column(reading), format!("{name}:{reading}").into());
        OF_TEXT.into_iter().map(named).collect()
    }

    fn ranked_texts(
        &mut self,
        of: Subject,
        slot: TraitSlot,
        aggregate: &ir::Aggregate,
        property: PropertySlot,
    ) -> Result<Box<str>, Unsupported> {
        let texts = self.texts(of, slot, aggregate, property)?;
        let id: Box<str> = id_of(of).into();
        let mut select = Select::from(Table::new(&texts, "t"));
        let order = vec![
            (Expr::column("t", "n"), Order::Descending),
            (Expr::column("t", "value:text"), Order::Ascending),
        ];
        let position = Expr::RowNumber(Box::new(Expr::column("t", &id)), order);
        select.columns = vec![(Expr::column("t", &id), id)];
        select.columns.extend(Self::text_columns("t", "value"));
        select.columns.push((Expr::column("t", "n"), "n".into()));
        select.columns.push((position, "position".into()));
        Ok(self.add(&format!("ranked_{}", plain(&aggregate.name)), vec![select]))
    }

    /// How many different texts each subject has.
    fn counted_texts(&mut self, of: Subject, slot: TraitSlot, texts: &str) -> Result<Found, Unsupported> {
        self.once(Asked::NumberOfTexts(slot), |lowering| {
            let mut select = Select::from(Table::new(texts, "t"));
            let id = Expr::column("t", id_of(of));
            select.columns = vec![(id.clone(), id_of(of).into()), (Expr::count(None), "n".into())];
            select.group = vec![id];
            Ok((lowering.add(&format!("number_of_{texts}"), vec![select]), "n".into()))
        })
    }

    /// Who has any text: of these the unique list is a list.
    fn has_texts(&mut self, of: Subject, slot: TraitSlot, texts: &str) -> Result<Box<str>, Unsupported> {
        self.part_once(Asked::HasTexts(slot), |lowering| {
            let mut select = Select::from(Table::new(texts, "t"));
            select.distinct = true;
            select.columns = vec![(Expr::column("t", id_of(of)), id_of(of).into())];
            let column = |reading: Reading| match reading {
                Reading::Kind => Expr::text("list"),
                reading => Expr::Null(reading.column_type()),
            };
            let named = |reading: Reading| (column(reading), format!("value:{reading}").into());
            select.columns.extend(Reading::ALL.into_iter().map(named));
            Ok(lowering.add(&format!("has_{texts}"), vec![select]))
        })
    }

    /// The elements of a unique list, like a table of lists.
    pub(super) fn unique_elements(
        &mut self,
        of: Subject,
        slot: TraitSlot,
        aggregate: &ir::Aggregate,
        property: PropertySlot,
    ) -> Result<Box<str>, Unsupported> {
        self.part_once(Asked::Elements(slot), |lowering| {
            let texts = lowering.texts(of, slot, aggregate, property)?;
            let mut select = Select::from(Table::new(&texts, "t"));
            select.columns = vec![(Expr::column("t", id_of(of)), "owner".into())];
            select.columns.extend(Self::text_columns("t", "item"));
            Ok(lowering.add(&format!("elements_of_{texts}"), vec![select]))
        })
    }

    /// The event that a first or last value is of.
    pub(super) fn event_of_value(
        &mut self,
        scope: &mut Scope,
        of: Subject,
        slot: TraitSlot,
        aggregate: &ir::Aggregate,
    ) -> Result<Option<Expr>, Unsupported> {
        let part = self.one_of(of, slot, aggregate)?;
        let alias = self.attach(scope, of, &part);
        Ok(alias.map(|alias| Expr::column(&alias, "event_id")))
    }
}
