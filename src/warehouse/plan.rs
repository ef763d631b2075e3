//! Finds out which values and lists the conditions of a program look at.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::name::Names;
use super::{Category, Column, ColumnType, Layout, Reading, Rows, Table, Values};
use crate::ir::{
    EventSlot, Function, Node, NodeId, Program, PropertySlot, Subject, Test, TraitSlot, TraitSource, ValueRef,
};
use crate::value::written;

type Keys = Vec<Box<str>>;

/// The layout of a program.
pub(super) fn layout(program: &Program) -> Layout {
    let mut walk = Walk {
        program,
        seen: HashSet::new(),
        lists: Vec::new(),
        at: BTreeMap::new(),
    };
    for audience in &program.audiences {
        walk.node(audience.who, Within::Subject);
    }
    for source in &program.traits {
        if let TraitSource::Computed(aggregate) = &source.source {
            walk.node(aggregate.filter, Within::Event(aggregate.event));
            if let Function::MostFrequent { property, .. }
            | Function::UniqueList(property)
            | Function::UniqueCount(property) = aggregate.function
            {
                walk.property(aggregate.event, property)
                    .map(|(home, path)| walk.list(home, path));
            }
        }
    }
    let lists = walk.lists;

    let text = |name: &str| (name.to_owned(), ColumnType::Text);
    let id = |name: &str| (name.to_owned(), ColumnType::BigInt);
    let flag = |name: &str| (name.to_owned(), ColumnType::Boolean);
    let mut names = Names::default();
    let categories = program.categories.iter();
    let categories: Vec<Category> = categories
        .map(|category| Category {
            id: category.id.clone(),
            column: format!("{}:consent", names.take(&category.id)).into(),
        })
        .collect();
    let mut profiles = vec![id("profile_id"), flag("known"), flag("anonymous")];
    profiles.extend(categories.iter().map(|category| text(&category.column)));

    let mut tables = vec![
        table("profiles", Rows::Profiles, profiles, sent(program, Subject::User)),
        table(
            "events",
            Rows::Events,
            vec![id("event_id"), id("profile_id"), text("name"), id("time")],
            once(
                program
                    .events
                    .iter()
                    .flat_map(|event| &event.properties)
                    .map(|path| path.keys().to_vec()),
            ),
        ),
        table(
            "accounts",
            Rows::Accounts,
            vec![text("account_id")],
            sent(program, Subject::Account),
        ),
        table(
            "account_users",
            Rows::AccountUsers,
            vec![text("account_id"), id("profile_id")],
            vec![],
        ),
    ];
    let list_names: Vec<String> = named(&lists);
    for (list, name) in lists.iter().zip(&list_names) {
        let (of, owner) = match list.home {
            Home::Traits => ("profiles", ColumnType::BigInt),
            Home::Accounts => ("accounts", ColumnType::Text),
            Home::Events => ("events", ColumnType::BigInt),
            Home::List(outer) => (list_names.get(outer).map_or("", String::as_str), ColumnType::BigInt),
        };
        let rows = Rows::Elements {
            of: of.into(),
            path: list.path.clone(),
        };
        let own = vec![("owner".to_owned(), owner), id("element_id")];
        tables.push(table(name, rows, own, list.items.iter().cloned().collect()));
    }
    Layout {
        tables,
        categories,
        events: program.events.iter().map(|event| event.name.clone()).collect(),
    }
}

fn table(name: &str, rows: Rows, own: Vec<(String, ColumnType)>, paths: Vec<Keys>) -> Table {
    let mut names = Names::default();
    let values: Vec<Values> = paths
        .into_iter()
        .map(|path| Values {
            name: names.take(&spelled(&path)),
            path,
        })
        .collect();
    let of_values = values.iter().flat_map(|values| {
        Reading::ALL.map(|reading| Column {
            name: values.column(reading).into(),
            kind: reading.column_type(),
        })
    });
    let own = own.into_iter().map(|(name, kind)| Column {
        name: name.into(),
        kind,
    });
    Table {
        name: name.into(),
        rows,
        columns: own.chain(of_values).collect(),
        values,
    }
}

/// A path as definitions write it: a key that is no plain name in quotes, `item` for the element itself, and in quotes a field
/// that is called so.
fn spelled(path: &[Box<str>]) -> String {
    let keys: Vec<Cow<'_, str>> = path.iter().map(|key| written(key)).collect();
    match keys.split_first() {
        None => "item".to_owned(),
        Some((first, rest)) if first == "item" => [&[Cow::from("\"item\"")], rest].concat().join("."),
        Some(_) => keys.join("."),
    }
}

/// The paths of the traits that were sent.
fn sent(program: &Program, subject: Subject) -> Vec<Keys> {
    once(program.traits.iter().filter_map(|each| match &each.source {
        TraitSource::Sent(path) if each.of == subject => Some(path.keys().to_vec()),
        _ => None,
    }))
}

/// Each once, in an order that does not depend on who reads them.
fn once(paths: impl Iterator<Item = Keys>) -> Vec<Keys> {
    let paths: BTreeSet<Keys> = paths.collect();
    paths.into_iter().collect()
}

/// `events_list_1`: a table of elements is called by the table with which the way to it begins.
fn named(lists: &[List]) -> Vec<String> {
    let mut roots: Vec<&str> = Vec::new();
    let mut names = Vec::new();
    for list in lists {
        let root = match list.home {
            Home::Traits => "profiles",
            Home::Accounts => "accounts",
            Home::Events => "events",
            Home::List(outer) => roots.get(outer).copied().unwrap_or_default(),
        };
        roots.push(root);
        let number = roots.iter().filter(|other| **other == root).count();
        names.push(format!("{root}_list_{number}"));
    }
    names
}

/// Which table has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Home {
    Traits,
    Accounts,
    Events,
    /// The elements of a list, by its place.
    List(usize),
}

/// A list whose elements are looked at.
#[derive(Debug)]
struct List {
    home: Home,
    path: Keys,
    /// What is looked at in an element; always the element itself, which is the first of all paths.
    items: BTreeSet<Keys>,
}

/// What a condition stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Within {
    /// A condition on a person or an account.
    Subject,
    /// A filter on an event.
    Event(EventSlot),
    /// A filter on the elements of a list.
    List(usize),
    /// A filter on texts, in which there are no lists.
    Texts,
}

struct Walk<'p> {
    program: &'p Program,
    /// Equal conditions are one node, also of several events.
    seen: HashSet<(NodeId, Within)>,
    lists: Vec<List>,
    at: BTreeMap<(Home, Keys), usize>,
}

impl Walk<'_> {
    /// The recursion is as deep as the nodes are nested, which `Program::from_json` and the language bound.
    fn node(&mut self, id: NodeId, within: Within) {
        if !self.seen.insert((id, within)) {
            return;
        }
        let program = self.program;
        match program.node(id) {
            Node::Const(_) | Node::Member(_) | Node::Consent { .. } => {}
            Node::Not(child) | Node::Users { condition: child, .. } => self.node(*child, within),
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| self.node(*node, within)),
            Node::Test { value, test } => {
                self.item(value, within);
                if matches!(test, Test::Contains(_) | Test::ContainsAny(_) | Test::Omits(_)) {
                    self.elements(value, within);
                }
            }
            Node::Element { list, filter } => {
                self.item(list, within);
                let elements = self.elements(list, within).map_or(Within::Texts, Within::List);
                self.node(*filter, elements);
            }
            Node::Performed(performed) => {
                self.node(performed.filter, Within::Event(performed.event));
                for step in &performed.steps {
                    self.node(step.filter, Within::Event(step.event));
                }
            }
        }
    }

    /// Something in an element is looked at.
    fn item(&mut self, value: &ValueRef, within: Within) {
        if let (ValueRef::Item(path), Within::List(list)) = (value, within)
            && let Some(list) = self.lists.get_mut(list)
        {
            list.items.insert(path.clone());
        }
    }

    /// The elements of a value are looked at: which list that is; `None` for texts that a computed trait makes.
    fn elements(&mut self, value: &ValueRef, within: Within) -> Option<usize> {
        let (home, path) = match (value, within) {
            (ValueRef::Trait(slot), _) => self.trait_of(*slot)?,
            (ValueRef::Property(slot), Within::Event(event)) => self.property(event, *slot)?,
            (ValueRef::Item(path), Within::List(list)) => (Home::List(list), path.clone()),
            _ => return None,
        };
        Some(self.list(home, path))
    }

    fn trait_of(&self, slot: TraitSlot) -> Option<(Home, Keys)> {
        let each = self.program.traits.get(slot.index())?;
        match &each.source {
            TraitSource::Sent(path) if each.of == Subject::User => Some((Home::Traits, path.keys().to_vec())),
            TraitSource::Sent(path) => Some((Home::Accounts, path.keys().to_vec())),
            TraitSource::Computed(aggregate) => match aggregate.function {
                // The value as the event has it.
                Function::First(property) | Function::Last(property) => self.property(aggregate.event, property),
                _ => None,
            },
        }
    }

    fn property(&self, event: EventSlot, property: PropertySlot) -> Option<(Home, Keys)> {
        let event = self.program.events.get(event.index())?;
        let path = event.properties.get(property.index())?;
        Some((Home::Events, path.keys().to_vec()))
    }

    fn list(&mut self, home: Home, path: Keys) -> usize {
        *self.at.entry((home, path)).or_insert_with_key(|(home, path)| {
            self.lists.push(List {
                home: *home,
                path: path.clone(),
                items: BTreeSet::from([Vec::new()]),
            });
            self.lists.len() - 1
        })
    }
}
