//! A definition with what it refers to, and nothing else of its workspace.

use std::collections::{BTreeMap, BTreeSet};

use crate::syntax::ast::{
    Audience, ClauseKind, ComputedTrait, Condition, ConditionKind, Destination, File, Item, Modifier, ModifierKind,
    Name, Operand, Root, Subject, ValuePath,
};

/// An audience, and all that decides who is in it and where they go.
pub(super) struct Alone<'w> {
    pub(super) audience: &'w Audience,
    /// The computed traits that it reads, also through others; by name, so that it does not matter where they stand.
    pub(super) traits: Vec<&'w ComputedTrait>,
    /// The audiences that it refers to, also through others; by name.
    pub(super) audiences: Vec<&'w Audience>,
    /// The categories on which it depends who is in it, besides its own clauses `consent to`.
    pub(super) categories: BTreeSet<&'w str>,
    /// The destinations of the workspace, in order of declaration.
    pub(super) destinations: Vec<&'w Destination>,
    /// Categories, destinations, and whether consent is enforced.
    ground: Vec<&'w Item>,
}

impl<'w> Alone<'w> {
    /// `None` where there is no such audience.
    pub(super) fn find(files: &'w [File], name: &str) -> Option<Self> {
        let mut audiences = BTreeMap::new();
        let mut traits = BTreeMap::new();
        let mut destinations = Vec::new();
        let mut ground = Vec::new();
        for item in files.iter().flat_map(|file| &file.items) {
            match item {
                Item::Audience(audience) => {
                    audiences.insert(&*audience.name.text, audience);
                }
                Item::Computed(computed) => {
                    traits.insert((computed.of, &*computed.name.text), computed);
                }
                Item::Destination(destination) => {
                    destinations.push(destination);
                    ground.push(item);
                }
                Item::Category(_) | Item::Enforcement(_) => ground.push(item),
                // Schemas only forbid, and identities are resolved before anything is asked.
                Item::Event(_) | Item::Trait(_) | Item::Identity(_) => {}
            }
        }
        let audience = audiences.get(name).copied()?;
        let mut read = Read::default();
        read.audience(audience);
        let mut seen_audiences = BTreeMap::from([(&*audience.name.text, audience)]);
        let mut seen_traits = BTreeMap::new();
        while let Some(next) = read.open.pop() {
            match next {
                Reference::Audience(name) => {
                    if let Some(audience) = audiences.get(name)
                        && seen_audiences.insert(name, *audience).is_none()
                    {
                        read.audience(audience);
                        read.clauses(audience);
                    }
                }
                // A trait that nothing computes is one that was sent.
                Reference::Trait(of, name) => {
                    if let Some(computed) = traits.get(&(of, name))
                        && seen_traits.insert((of, name), *computed).is_none()
                    {
                        read.modifiers(&computed.modifiers, of);
                    }
                }
            }
        }
        seen_audiences.remove(name);
        Some(Alone {
            audience,
            traits: seen_traits.into_values().collect(),
            audiences: seen_audiences.into_values().collect(),
            categories: read.categories,
            destinations,
            ground,
        })
    }

    /// What the audience refers to.
    pub(super) fn referred(&self) -> Vec<Item> {
        let traits = self.traits.iter().map(|computed| Item::Computed((*computed).clone()));
        let audiences = self
            .audiences
            .iter()
            .map(|audience| Item::Audience((*audience).clone()));
        traits.chain(audiences).collect()
    }

    /// A workspace of these definitions alone, the audience first. The numbers of its nodes, and the order of conditions that
    /// cost the same, depend on nothing else.
    pub(super) fn workspace(&self) -> File {
        let mut items: Vec<Item> = self.ground.iter().map(|item| (*item).clone()).collect();
        items.push(Item::Audience(self.audience.clone()));
        items.extend(self.referred());
        file(items)
    }
}

/// A file of these items.
pub(super) fn file(items: Vec<Item>) -> File {
    File {
        items,
        comments: Vec::new(),
        broken: Vec::new(),
    }
}

fn subject(audience: &Audience) -> Subject {
    audience.of.map_or(Subject::User, |of| of.subject)
}

/// A name that a definition uses.
enum Reference<'w> {
    Audience(&'w str),
    Trait(Subject, &'w str),
}

/// What was read of definitions so far.
#[derive(Default)]
struct Read<'w> {
    /// References still to be followed.
    open: Vec<Reference<'w>>,
    categories: BTreeSet<&'w str>,
}

impl<'w> Read<'w> {
    fn audience(&mut self, audience: &'w Audience) {
        for clause in &audience.clauses {
            if let ClauseKind::Who(condition) = &clause.kind {
                self.condition(condition, subject(audience));
            }
        }
    }

    /// The clauses of an audience that another refers to. Those of an audience of accounts do not decide who is in it.
    fn clauses(&mut self, audience: &'w Audience) {
        if subject(audience) == Subject::User {
            for clause in &audience.clauses {
                if let ClauseKind::ConsentTo(categories) = &clause.kind {
                    categories.iter().for_each(|name| self.category(name));
                }
            }
        }
    }

    /// `of`: whose trait a `trait …` on the right of a test is. The recursion is as deep as conditions are nested.
    fn condition(&mut self, condition: &'w Condition, of: Subject) {
        match &condition.kind {
            ConditionKind::And(parts) | ConditionKind::Or(parts) => {
                parts.iter().for_each(|part| self.condition(part, of));
            }
            ConditionKind::Not(inner) | ConditionKind::Brackets(inner) => self.condition(inner, of),
            ConditionKind::Test { value, test } => {
                self.value(value);
                if let Some(Operand::Trait(path)) = test.kind.operand() {
                    self.trait_of(of, path);
                }
            }
            ConditionKind::Any { list, filter } => {
                self.value(list);
                self.condition(filter, of);
            }
            ConditionKind::Performed(performed) => {
                self.modifiers(&performed.modifiers, of);
                performed
                    .steps
                    .iter()
                    .for_each(|step| self.modifiers(&step.modifiers, of));
            }
            ConditionKind::Users { condition, .. } => self.condition(condition, Subject::User),
            ConditionKind::MemberOf(name) => self.open.push(Reference::Audience(&name.text)),
            ConditionKind::ConsentTo(category) | ConditionKind::ConsentIs { category, .. } => self.category(category),
        }
    }

    fn modifiers(&mut self, modifiers: &'w [Modifier], of: Subject) {
        for modifier in modifiers {
            if let ModifierKind::Where(filter) = &modifier.kind {
                self.condition(filter, of);
            }
        }
    }

    fn value(&mut self, path: &'w ValuePath) {
        match path.root {
            Root::Trait => self.trait_of(Subject::User, path),
            Root::AccountTrait => self.trait_of(Subject::Account, path),
            Root::Property | Root::Element | Root::Event => {}
        }
    }

    fn trait_of(&mut self, of: Subject, path: &'w ValuePath) {
        if let Some(first) = path.keys.first() {
            self.open.push(Reference::Trait(of, &first.text));
        }
    }

    fn category(&mut self, name: &'w Name) {
        self.categories.insert(&name.text);
    }
}
