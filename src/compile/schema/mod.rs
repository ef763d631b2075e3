//! Schemas: what events, properties and traits there are and what they hold, over all files, as trees of paths.
//!
//! Schemas only forbid: a workspace that passes with them compiles to the very same program without them. As soon as one
//! event is declared, all events and their properties must be; as soon as one trait of users (or of accounts) is, all
//! traits of users (or of accounts).

mod check;
mod fit;
mod told;
mod values;

use std::collections::BTreeMap;

pub(super) use self::check::Checking;
use self::values::Values;
use super::names::Names;
use crate::consent::is_reserved_trait;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{Sources, Span};
use crate::syntax::ast::{
    ComputedTrait, Declares, ElementType, EventSchema, File, Item, Name, Root, Subject, Type, ValuePath,
};
use crate::value::written;

/// How often `list of` may stand in one type: as deep as anything in a definition nests.
const MAX_LISTS: u32 = 64;

/// What schemas declare.
#[derive(Debug, Default)]
pub(super) struct Schemas<'a> {
    nodes: Vec<Node<'a>>,
    events: BTreeMap<&'a str, Event>,
    /// A broken schema of an event whose name is not in quotes: it may be any event that it was meant for.
    unnamed_event: bool,
    traits: Traits,
    account_traits: Traits,
    /// The computed traits, by subject and place in their table of names.
    computed: BTreeMap<(Subject, usize), &'a ComputedTrait>,
    /// The values of each `one of`.
    values: Vec<Values>,
}

/// A declared event.
#[derive(Debug, Clone, Copy)]
struct Event {
    properties: NodeId,
    span: Span,
}

/// The declared traits of one kind of subject.
#[derive(Debug, Clone, Copy, Default)]
struct Traits {
    root: Option<NodeId>,
}

/// A place in a tree of paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NodeId(usize);

#[derive(Debug, Default)]
struct Node<'a> {
    /// What is declared at exactly this path, and where the path stands.
    own: Option<(Typed, Span)>,
    below: BTreeMap<&'a str, NodeId>,
    /// The first path that is declared below.
    first: Option<Span>,
}

/// What can be told of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Held {
    /// Nothing.
    Anything,
    /// Its parts are declared: it is an object, or a list of objects.
    Parts(Parts),
    /// Its type is declared, or follows from how it is computed.
    Value(Typed),
}

/// The parts of a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts(NodeId);

/// A type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Typed {
    /// How many times it is a list.
    lists: u32,
    kind: Kind,
    /// Where it is declared, or the computed trait.
    span: Span,
    /// It follows from how the trait is computed.
    computed: bool,
}

/// What a single value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    String,
    Number,
    Boolean,
    Timestamp,
    /// `one of`: the place of its values.
    OneOf(usize),
}

impl<'a> Schemas<'a> {
    /// Collects the schemas of all files; what contradicts itself or another is an error.
    pub(super) fn collect(
        files: &'a [File],
        names: &Names<'_>,
        sources: &Sources,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut schemas = Schemas::default();
        let mut computed: BTreeMap<Subject, usize> = BTreeMap::new();
        for item in files.iter().flat_map(|file| &file.items) {
            match item {
                Item::Event(event) => schemas.event_schema(event, sources, diagnostics),
                Item::Trait(declared) => {
                    let subject = match declared.path.root {
                        Root::AccountTrait => Subject::Account,
                        _ => Subject::User,
                    };
                    let root = match schemas.traits(subject).root {
                        Some(root) => root,
                        None => schemas.node(),
                    };
                    schemas.traits_mut(subject).root = Some(root);
                    check_trait_path(&declared.path, diagnostics);
                    schemas.declare(root, &declared.path, &declared.kind, sources, diagnostics);
                }
                Item::Computed(item) => {
                    let count = computed.entry(item.of).or_default();
                    schemas.computed.insert((item.of, *count), item);
                    *count += 1;
                }
                Item::Category(_)
                | Item::Destination(_)
                | Item::Audience(_)
                | Item::Enforcement(_)
                | Item::Identity(_) => {}
            }
        }
        let broken = files.iter().flat_map(|file| &file.broken);
        schemas.unnamed_event = broken
            .filter(|broken| broken.kind == Declares::Event)
            .any(|broken| !broken.name.quoted);
        schemas.check_computed(names, diagnostics);
        schemas
    }

    fn event_schema(&mut self, event: &'a EventSchema, sources: &Sources, diagnostics: &mut Vec<Diagnostic>) {
        if event.name.text.is_empty() {
            diagnostics.push(
                Diagnostic::error(Code::BadName, event.name.span, "the name of this event is empty")
                    .help("write the name that the event is sent with between the quotes"),
            );
        }
        // Of an event that is declared twice, which is an error of its name, all properties are known.
        let again = self.events.get(&*event.name.text).copied();
        let properties = match again {
            Some(first) => first.properties,
            None => self.node(),
        };
        for property in &event.properties {
            if again.is_some() && matches!(self.walk(properties, &property.path.keys), Ok(Held::Value(_))) {
                continue;
            }
            self.declare(properties, &property.path, &property.kind, sources, diagnostics);
        }
        let span = event.name.span;
        self.events
            .entry(&event.name.text)
            .or_insert(Event { properties, span });
    }

    /// Declares a path below a root.
    fn declare(
        &mut self,
        root: NodeId,
        path: &'a ValuePath,
        kind: &'a Type,
        sources: &Sources,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        if let Some(key) = path.keys.iter().find(|key| key.text.is_empty()) {
            diagnostics.push(
                Diagnostic::error(Code::BadName, key.span, "a name of this path is empty")
                    .help("write the name that it is sent with between the quotes"),
            );
        }
        let typed = self.typed(kind, sources, diagnostics);
        let what = |root| match root {
            Root::AccountTrait => "account trait",
            Root::Trait => "trait",
            _ => "property",
        };
        let written = |span| sources.slice(span);
        let mut at = root;
        let mut above: Option<Span> = None;
        for (depth, key) in path.keys.iter().enumerate() {
            let next = self.get(at).and_then(|node| node.below.get(&*key.text).copied());
            let next = match next {
                Some(next) => next,
                None => {
                    let next = self.node();
                    if let Some(node) = self.nodes.get_mut(at.0) {
                        node.below.insert(&key.text, next);
                    }
                    next
                }
            };
            at = next;
            let last = depth + 1 == path.keys.len();
            if let Some(node) = self.nodes.get_mut(at.0).filter(|_| !last) {
                above = above.or(node.own.map(|(_, span)| span));
                node.first.get_or_insert(path.span);
            }
        }
        let Some(node) = self.nodes.get_mut(at.0) else {
            return;
        };
        let name = written(path.span);
        if let Some((_, first)) = node.own {
            let message = format!("the {} `{name}` is declared twice", what(path.root));
            diagnostics.push(
                Diagnostic::error(Code::DuplicateName, path.span, message)
                    .label("declared again here")
                    .related(first, "first declared here")
                    .help("keep one of them"),
            );
            return;
        }
        if let Some(above) = above {
            let message = format!(
                "`{name}` cannot lie in `{}`, which is declared as a value without parts",
                written(above)
            );
            diagnostics.push(
                Diagnostic::error(Code::BadSchema, path.span, message)
                    .related(above, "declared here")
                    .help(
                        "keep one of them: of an object, and of a list of objects, only the parts are declared, by \
                         their paths",
                    ),
            );
        } else if let Some(first) = node.first {
            let message = format!(
                "`{name}` cannot be a value without parts: `{}` lies in it",
                written(first)
            );
            diagnostics.push(
                Diagnostic::error(Code::BadSchema, path.span, message)
                    .related(first, "declared here")
                    .help(
                        "keep one of them: of an object, and of a list of objects, only the parts are declared, by \
                         their paths",
                    ),
            );
        }
        node.own = Some((typed, path.span));
    }

    fn typed(&mut self, kind: &'a Type, sources: &Sources, diagnostics: &mut Vec<Diagnostic>) -> Typed {
        if kind.lists > MAX_LISTS {
            let message = format!("`list of` stands at most {MAX_LISTS} times in one type");
            diagnostics
                .push(Diagnostic::error(Code::Limit, kind.span, message).help("declare the list with fewer levels"));
        }
        let element = match &kind.element {
            ElementType::String => Kind::String,
            ElementType::Number => Kind::Number,
            ElementType::Boolean => Kind::Boolean,
            ElementType::Timestamp => Kind::Timestamp,
            ElementType::OneOf(literals) => {
                self.values.push(Values::new(literals, sources, diagnostics));
                Kind::OneOf(self.values.len() - 1)
            }
        };
        Typed {
            lists: kind.lists,
            kind: element,
            span: kind.span,
            computed: false,
        }
    }

    /// A computed trait may not have the name of one that a schema declares, nor of one in which such a one lies.
    fn check_computed(&self, names: &Names<'_>, diagnostics: &mut Vec<Diagnostic>) {
        for ((of, at), computed) in &self.computed {
            let name = &computed.name;
            let declared = self
                .traits(*of)
                .root
                .and_then(|root| self.get(root)?.below.get(&*name.text));
            let Some(node) = declared.and_then(|node| self.get(*node)) else {
                continue;
            };
            // Of two computed traits with one name the second has an error already.
            let first = names.computed(*of, &name.text).and_then(|(first, _)| first);
            let place = node.own.map(|(_, span)| span).or(node.first);
            if let Some(place) = place.filter(|_| first == Some(*at)) {
                let message = format!(
                    "the computed trait `{}` has the name of a trait that is sent",
                    name.text
                );
                diagnostics.push(
                    Diagnostic::error(Code::DuplicateName, name.span, message)
                        .related(place, "a schema declares it here")
                        .help(format!(
                            "give the computed trait another name, such as `{}`, or remove the schema's line",
                            written(&format!("{}_computed", name.text))
                        )),
                );
            }
        }
    }

    /// What is known of the value at a path below a root; the place in the path, and in the tree, from where it is unknown.
    fn walk(&self, root: NodeId, keys: &[Name]) -> Result<Held, (usize, NodeId)> {
        let mut at = root;
        for (depth, key) in keys.iter().enumerate() {
            let node = self.get(at).ok_or((depth, at))?;
            if node.own.is_some() {
                // One above it is declared: it is known, and nothing is said of what it holds.
                return Ok(Held::Anything);
            }
            at = *node.below.get(&*key.text).ok_or((depth, at))?;
        }
        Ok(match self.get(at).and_then(|node| node.own) {
            Some((typed, _)) => Held::Value(typed),
            None => Held::Parts(Parts(at)),
        })
    }

    fn node(&mut self) -> NodeId {
        self.nodes.push(Node::default());
        NodeId(self.nodes.len() - 1)
    }

    fn get(&self, node: NodeId) -> Option<&Node<'a>> {
        self.nodes.get(node.0)
    }

    fn traits(&self, of: Subject) -> Traits {
        match of {
            Subject::User => self.traits,
            Subject::Account => self.account_traits,
        }
    }

    fn traits_mut(&mut self, of: Subject) -> &mut Traits {
        match of {
            Subject::User => &mut self.traits,
            Subject::Account => &mut self.account_traits,
        }
    }
}

/// Consent is no trait (CP-17).
fn check_trait_path(path: &ValuePath, diagnostics: &mut Vec<Diagnostic>) {
    if path.keys.first().is_some_and(|key| is_reserved_trait(&key.text)) {
        let message = "a trait cannot lie in the namespace of consent";
        diagnostics.push(
            Diagnostic::error(Code::ReservedTrait, path.span, message)
                .help("remove the line; consent is asked for with `consent to …`, and needs no schema"),
        );
    }
}
