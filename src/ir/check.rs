//! Programs from elsewhere: read as JSON, and checked before anything is evaluated.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;

use super::{
    Aggregate, Audience, AudienceSlot, Category, CategorySlot, Destination, Event, EventSlot, FORMAT, Flat, Function,
    Node, NodeId, Performed, Program, PropertySlot, Reference, Subject, Test, Trait, TraitSlot, TraitSource, ValueRef,
};
use crate::consent::{is_category_id, is_reserved_trait};
use crate::time::{Duration, Window};

/// The deepest nesting of nodes that is evaluated, so that no program exhausts the stack. The language's own limit of 64
/// stays far below.
const MAX_DEPTH: u16 = 1000;

/// The most nodes that evaluating one may visit: shared nodes are visited once for each that refers to them, so a small
/// program could else take for ever. More than a definition of 1 MiB can write.
const MAX_WEIGHT: u64 = 1 << 20;

/// The same for all audiences and computed traits together.
const MAX_TOTAL: u64 = 1 << 24;

/// The most steps of a funnel: its search is as deep as it has steps.
pub(crate) const MAX_STEPS: usize = 64;

/// Why a serialised program is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// Not JSON, or not in the form of a program.
    #[error("this is not a serialised program: {0}")]
    Json(#[from] serde_json::Error),
    /// Written by another version of this library.
    #[error("the program has format {found}, this library reads format {FORMAT}")]
    Format {
        /// The format that the program says it has.
        found: u32,
    },
    /// A reference to something that is not there.
    #[error("the program is broken: {0}")]
    Broken(String),
}

#[derive(Deserialize)]
struct Header {
    format: u32,
}

impl Program {
    /// Reads a program from the JSON that serde writes, and checks that it can be evaluated.
    ///
    /// # Errors
    /// [`ProgramError::Format`] names a format that this library does not read; [`ProgramError::Broken`] says which
    /// reference leads nowhere.
    pub fn from_json(text: &str) -> Result<Program, ProgramError> {
        // First alone, because a program of another format has parts that this library does not know.
        let Header { format } = serde_json::from_str(text)?;
        if format != FORMAT {
            return Err(ProgramError::Format { found: format });
        }
        serde_json::from_str::<Unchecked>(text)?.try_into()
    }
}

/// A program as it was read, which may be anything. A misspelt key is an error: what it was to restrict would be lost.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unchecked {
    format: u32,
    enforcement: bool,
    categories: Vec<Category>,
    destinations: Vec<Destination>,
    traits: Vec<Trait>,
    events: Vec<Event>,
    nodes: Vec<Node>,
    audiences: Vec<Audience>,
    order: Vec<AudienceSlot>,
}

impl TryFrom<Unchecked> for Program {
    type Error = ProgramError;

    fn try_from(unchecked: Unchecked) -> Result<Program, ProgramError> {
        let mut program = Program {
            format: unchecked.format,
            enforcement: unchecked.enforcement,
            categories: unchecked.categories,
            destinations: unchecked.destinations,
            traits: unchecked.traits,
            events: unchecked.events,
            nodes: unchecked.nodes,
            audiences: unchecked.audiences,
            order: unchecked.order,
            funnels: Vec::new(),
            by_name: HashMap::new(),
            flat: Flat::default(),
        };
        if program.format != FORMAT {
            return Err(ProgramError::Format { found: program.format });
        }
        // Evaluation searches these lists by halves; what wrote the JSON may not have sorted them.
        for node in &mut program.nodes {
            if let Node::Test {
                test: Test::OneOf(list) | Test::NoneOf(list),
                ..
            } = node
            {
                list.sort();
            }
        }
        Checker::new(&program).check().map_err(ProgramError::Broken)?;
        Ok(program.derive())
    }
}

type Checked = Result<(), String>;

/// What a node may look at, given where it stands.
#[derive(Debug, Clone, Copy)]
enum Place<'s> {
    /// The condition of an audience, or of the users of one.
    Subject,
    /// A filter over one event of a funnel: the events of the steps up to and with this one.
    Event(&'s [EventSlot]),
    /// A filter over an element of a list, of a subject or an event.
    Item(&'s [EventSlot]),
}

/// Whom a node is asked about, and what is known then.
#[derive(Debug, Clone, Copy)]
struct Around<'s> {
    /// By audience, whether it is evaluated before.
    earlier: &'s [bool],
    of: Subject,
    /// Inside a quantifier: of one user of an account.
    quantified: bool,
}

struct Checker<'p> {
    program: &'p Program,
    /// Of each node: how deep it is nested, and how many nodes evaluating it may visit.
    sizes: Vec<(u16, u64)>,
}

impl<'p> Checker<'p> {
    fn new(program: &'p Program) -> Self {
        Checker {
            program,
            sizes: Vec::with_capacity(program.nodes.len()),
        }
    }

    fn check(mut self) -> Checked {
        let program = self.program;
        // Two of one id could disagree on whether it is required.
        let mut ids = BTreeSet::new();
        for category in &program.categories {
            if !is_category_id(&category.id) || !ids.insert(&category.id) {
                return Err(format!(
                    "the category `{}` stands twice, or has a malformed id",
                    category.id
                ));
            }
        }
        once(
            "destination",
            program.destinations.iter().map(|destination| &destination.name),
        )?;
        once("table of events", program.events.iter().map(|event| &event.name))?;
        once("audience", program.audiences.iter().map(|audience| &audience.name))?;
        for (i, node) in program.nodes.iter().enumerate() {
            self.shape(NodeId::at(i), node)?;
        }
        let mut kinds: BTreeMap<&str, BTreeSet<CategorySlot>> = BTreeMap::new();
        for destination in &program.destinations {
            for category in &destination.requires {
                within(category.index(), program.categories.len(), "category")?;
            }
            if destination.storage && !destination.requires.is_empty() {
                return Err("a storage requires consent, which it cannot enforce (CC-10)".into());
            }
            let requires: BTreeSet<CategorySlot> = destination.requires.iter().copied().collect();
            if kinds
                .insert(&destination.kind, requires.clone())
                .is_some_and(|other| other != requires)
            {
                return Err("two destinations of one type require different categories (CC-6)".into());
            }
        }
        for source in &program.traits {
            let name = match &source.source {
                TraitSource::Sent(path) => path.keys().first().map(|key| &**key),
                TraitSource::Computed(aggregate) => Some(&*aggregate.name),
            };
            if name.is_some_and(is_reserved_trait) {
                return Err("a trait lies in the namespace of consent (CP-17)".into());
            }
        }
        let mut total = 0u64;
        for (i, source) in program.traits.iter().enumerate() {
            if let TraitSource::Computed(aggregate) = &source.source {
                self.add_weight(aggregate.filter, &mut total)?;
                self.aggregate(aggregate, source.of, i)?;
            }
        }
        let mut seen = vec![false; program.audiences.len()];
        if program.order.len() != program.audiences.len() {
            return Err("the order does not name each audience once".into());
        }
        for slot in &program.order {
            let audience = program
                .audiences
                .get(slot.index())
                .ok_or("an unknown audience in the order")?;
            for category in &audience.consent {
                within(category.index(), program.categories.len(), "category")?;
            }
            once("destination", audience.destinations.iter())?;
            for destination in &audience.destinations {
                within(destination.index(), program.destinations.len(), "destination")?;
            }
            within(audience.who.index(), program.nodes.len(), "node")?;
            self.add_weight(audience.who, &mut total)?;
            let around = Around {
                earlier: &seen,
                of: audience.of,
                quantified: false,
            };
            self.place(audience.who, Place::Subject, around)?;
            match seen.get_mut(slot.index()) {
                Some(seen) if !*seen => *seen = true,
                _ => return Err("the order does not name each audience once".into()),
            }
        }
        Ok(())
    }

    /// Children stand before their parents, and not too deep; so there is no circle.
    fn shape(&mut self, id: NodeId, node: &Node) -> Checked {
        if let Node::And(nodes) | Node::Or(nodes) = node
            && nodes.len() < 2
        {
            return Err(format!("node {} joins fewer than two", id.0));
        }
        let (mut depth, mut weight) = (0, 1u64);
        let mut later = None;
        node.clone().children(&mut |child| match self.sizes.get(child.index()) {
            Some((below, visited)) => {
                depth = depth.max(below + 1);
                weight = weight.saturating_add(*visited);
            }
            None => later = Some(*child),
        });
        if let Some(later) = later {
            return Err(format!(
                "node {} refers to node {}, which is not before it",
                id.0, later.0
            ));
        }
        if depth > MAX_DEPTH {
            return Err(format!("nodes are nested more than {MAX_DEPTH} deep"));
        }
        if weight > MAX_WEIGHT {
            return Err(format!("evaluating node {} visits more than {MAX_WEIGHT} nodes", id.0));
        }
        self.sizes.push((depth, weight));
        Ok(())
    }

    fn add_weight(&self, node: NodeId, total: &mut u64) -> Checked {
        let (_, weight) = self.sizes.get(node.index()).copied().unwrap_or_default();
        *total = total.saturating_add(weight);
        if *total > MAX_TOTAL {
            return Err(format!("evaluating all of it visits more than {MAX_TOTAL} nodes"));
        }
        Ok(())
    }

    fn place(&self, id: NodeId, place: Place<'_>, around: Around<'_>) -> Checked {
        match self.program.node(id) {
            Node::Const(_) => Ok(()),
            Node::Not(child) => self.place(*child, place, around),
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().try_for_each(|n| self.place(*n, place, around)),
            Node::Test { value, test } => {
                self.value(value, place, around)?;
                self.test(test, place, around)
            }
            Node::Element { list, filter } => {
                self.value(list, place, around)?;
                let events = match place {
                    Place::Subject => &[],
                    Place::Event(events) | Place::Item(events) => events,
                };
                self.place(*filter, Place::Item(events), around)
            }
            node if !matches!(place, Place::Subject) => {
                let kind = match node {
                    Node::Performed(_) => "performed",
                    Node::Member(_) => "member of",
                    Node::Consent { .. } => "consent",
                    _ => "a quantifier",
                };
                Err(format!("`{kind}` stands inside a filter"))
            }
            Node::Performed(_) | Node::Consent { .. } if around.of == Subject::Account => {
                Err("an account is asked what only its users can be".into())
            }
            Node::Performed(performed) => self.performed(performed, around),
            Node::Member(audience) => match around.earlier.get(audience.index()) {
                Some(true) => {
                    let of_users = self.program.audiences.get(audience.index()).map(|a| a.of) == Some(Subject::User);
                    if of_users && around.of == Subject::Account {
                        return Err("an account is asked what only its users can be".into());
                    }
                    Ok(())
                }
                Some(false) => Err("an audience is evaluated before one that it refers to".into()),
                None => Err("an unknown audience".into()),
            },
            Node::Consent { category, .. } => within(category.index(), self.program.categories.len(), "category"),
            Node::Users { .. } if around.of == Subject::User => Err("a quantifier stands where a user is asked".into()),
            Node::Users { condition, .. } => {
                let around = Around {
                    of: Subject::User,
                    quantified: true,
                    ..around
                };
                self.place(*condition, Place::Subject, around)
            }
        }
    }

    fn performed(&self, performed: &Performed, around: Around<'_>) -> Checked {
        if performed.steps.len() > MAX_STEPS {
            return Err(format!("a funnel has more than {MAX_STEPS} steps"));
        }
        window(performed.window)?;
        let mut events = vec![performed.event];
        self.filter(performed.filter, &events, around)?;
        for (i, step) in performed.steps.iter().enumerate() {
            if step.negated && i + 1 != performed.steps.len() {
                return Err("`then not` is not the last step".into());
            }
            not_negative(step.within)?;
            events.push(step.event);
            self.filter(step.filter, &events, around)?;
        }
        Ok(())
    }

    fn filter(&self, filter: NodeId, events: &[EventSlot], around: Around<'_>) -> Checked {
        let last = events.last().map_or(0, |event| event.index());
        within(last, self.program.events.len(), "event")?;
        self.place(filter, Place::Event(events), around)
    }

    fn aggregate(&self, aggregate: &Aggregate, of: Subject, at: usize) -> Checked {
        window(aggregate.window)?;
        within(aggregate.filter.index(), self.program.nodes.len(), "node")?;
        let around = Around {
            earlier: &[],
            of,
            quantified: false,
        };
        self.filter(aggregate.filter, &[aggregate.event], around)?;
        if self.reads_trait_from(aggregate.filter, at) {
            return Err("a computed trait reads one that is not computed before it".into());
        }
        match aggregate.function {
            Function::Count => Ok(()),
            Function::Sum(property)
            | Function::Average(property)
            | Function::Minimum(property)
            | Function::Maximum(property)
            | Function::First(property)
            | Function::Last(property)
            | Function::MostFrequent { property, .. }
            | Function::UniqueList(property)
            | Function::UniqueCount(property) => self.property(aggregate.event, property),
        }
    }

    /// Whether a filter refers to a computed trait at or after a place of the table.
    fn reads_trait_from(&self, id: NodeId, at: usize) -> bool {
        match self.program.node(id) {
            Node::Not(child) | Node::Element { filter: child, .. } => self.reads_trait_from(*child, at),
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().any(|n| self.reads_trait_from(*n, at)),
            Node::Test { test, .. } => test.reference().is_some_and(|reference| match reference {
                Reference::Trait(slot) => {
                    let computed = self.program.traits.get(slot.index());
                    slot.index() >= at && computed.is_some_and(|t| matches!(t.source, TraitSource::Computed(_)))
                }
                Reference::Step { .. } => false,
            }),
            _ => false,
        }
    }

    /// A trait is one of the subject; that of the account stands inside a quantifier, too.
    fn trait_of(&self, slot: TraitSlot, around: Around<'_>) -> Checked {
        within(slot.index(), self.program.traits.len(), "trait")?;
        let of = self.program.traits.get(slot.index()).map(|source| source.of);
        if of == Some(around.of) || (around.quantified && of == Some(Subject::Account)) {
            return Ok(());
        }
        Err("a trait is read of a subject that does not have it".into())
    }

    fn value(&self, value: &ValueRef, place: Place<'_>, around: Around<'_>) -> Checked {
        match (value, place) {
            (ValueRef::Trait(slot), Place::Subject) => self.trait_of(*slot, around),
            (ValueRef::Property(slot), Place::Event(events)) => match events.last() {
                Some(event) => self.property(*event, *slot),
                None => Err("a property without an event".into()),
            },
            (ValueRef::Item(_), Place::Item(_)) => Ok(()),
            _ => Err("a test looks at a value that is not there".into()),
        }
    }

    fn test(&self, test: &Test, place: Place<'_>, around: Around<'_>) -> Checked {
        match test.reference() {
            None => Ok(()),
            Some(Reference::Trait(slot)) => self.trait_of(slot, around),
            Some(Reference::Step { step, property }) => {
                let (Place::Event(events) | Place::Item(events)) = place else {
                    return Err("a reference to a step outside of a funnel".into());
                };
                match events.get(step as usize) {
                    Some(event) if (step as usize) + 1 < events.len() => self.property(*event, property),
                    _ => Err("a reference to a step that is not an earlier one".into()),
                }
            }
        }
    }

    fn property(&self, event: EventSlot, property: PropertySlot) -> Checked {
        let event = self.program.events.get(event.index()).ok_or("an unknown event")?;
        within(property.index(), event.properties.len(), "property")
    }
}

/// What is called by its name, or listed, stands once.
fn once<T: Ord>(what: &str, mut names: impl Iterator<Item = T>) -> Checked {
    let mut seen = BTreeSet::new();
    if names.all(|name| seen.insert(name)) {
        Ok(())
    } else {
        Err(format!("a {what} stands twice"))
    }
}

fn window(window: Window) -> Checked {
    not_negative(window.oldest)?;
    not_negative(Some(window.newest))
}

fn not_negative(length: Option<Duration>) -> Checked {
    match length {
        Some(length) if length < Duration::ZERO => Err("a length of time is negative".into()),
        _ => Ok(()),
    }
}

fn within(index: usize, length: usize, what: &str) -> Checked {
    if index < length {
        Ok(())
    } else {
        Err(format!("a reference to {what} {index}, of {length}"))
    }
}
