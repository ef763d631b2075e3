//! Audiences and their conditions, from the syntax tree to the IR.

use super::Places;
use super::cycles::{self, Edge, What};
use super::declare::{self, Declared};
use super::funnel::Funnel;
use super::looks::{Look, Looker};
use super::names::Names;
use super::outline::{AudienceOutline, Form, Outline};
use super::schema::{Checking, Schemas};
use super::traits::Traits;
use super::warn::{Demands, Group, Joiner, Notes, Part};
use super::{modifiers, tests_on_values};
use crate::consent::ConsentState;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{
    self, AudienceSlot, Builder, CategorySlot, DestinationSlot, EventSlot, Node, NodeId, Program, Reference, Subject,
    TraitSlot, ValueRef,
};
use crate::span::{Sources, Span};
use crate::syntax::ast::{
    Audience, ClauseKind, Condition, ConditionKind, Declares, DurationText, File, Item, Name, Operand, Root, ValuePath,
};
use crate::time::Window;
use crate::value::Path;

/// Lowers all audiences, and notes what the warnings need. Where there is an error, the program means nothing.
pub(super) fn lower(
    files: &[File],
    names: &Names<'_>,
    declared: Declared,
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Program, Places, Notes) {
    let mut lowering = Lowering {
        names,
        schemas: Schemas::collect(files, names, sources, diagnostics),
        checking: Checking::default(),
        sources,
        builder: Builder::new(),
        places: Places::default(),
        notes: Notes::default(),
        diagnostics,
        traits: Traits::new(names),
        subjects: Vec::new(),
        complete: true,
        audience: AudienceSlot(0),
        of: Subject::User,
        lookback: None,
        edges: Vec::new(),
        written: Vec::new(),
    };
    let comments = files.iter().flat_map(|file| &file.comments);
    lowering.places.comments = comments.copied().collect();
    lowering.places.comments.sort_unstable();
    lowering.computed_traits(files);
    let written: Vec<&Audience> = files
        .iter()
        .flat_map(|file| &file.items)
        .filter_map(|item| match item {
            Item::Audience(audience) => Some(audience),
            _ => None,
        })
        .collect();
    lowering.subjects = written.iter().map(|audience| subject(audience)).collect();
    let mut audiences = Vec::with_capacity(written.len());
    let mut edges = Vec::with_capacity(written.len());
    for (at, audience) in written.iter().enumerate() {
        lowering.audience = AudienceSlot::at(at);
        lowering.complete = true;
        audiences.push(lowering.audience(audience));
        edges.push(std::mem::take(&mut lowering.edges));
        if !lowering.complete {
            lowering.places.incomplete.insert(lowering.audience);
        }
    }
    let keys: Vec<&str> = written.iter().map(|audience| &*audience.name.text).collect();
    let order = cycles::order(What::Audiences, &keys, &edges, lowering.diagnostics);
    let order: Vec<AudienceSlot> = order.into_iter().map(AudienceSlot::at).collect();
    let Lowering {
        builder, places, notes, ..
    } = lowering;
    let program = builder.finish(
        declared.enforcement,
        declared.categories,
        declared.destinations,
        audiences,
        order,
    );
    (program, places, notes)
}

pub(super) struct Lowering<'a, 'd> {
    pub(super) names: &'a Names<'a>,
    pub(super) schemas: Schemas<'a>,
    pub(super) checking: Checking,
    pub(super) sources: &'a Sources,
    pub(super) builder: Builder,
    places: Places,
    notes: Notes,
    pub(super) diagnostics: &'d mut Vec<Diagnostic>,
    pub(super) traits: Traits<'a>,
    /// By audience, of whom it is.
    subjects: Vec<Subject>,
    /// Whether each name of the audience at hand has something behind it.
    pub(super) complete: bool,
    /// The audience at hand, of whom it is, its `lookback` and where that is written, and the audiences that it refers to.
    audience: AudienceSlot,
    pub(super) of: Subject,
    pub(super) lookback: Option<(Window, Span)>,
    edges: Vec<Edge>,
    /// The conditions written so far, of the one at hand or around it.
    written: Vec<Outline>,
}

/// Where a condition stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'f> {
    pub(super) at: At,
    /// The events that it can refer to.
    pub(super) funnel: Funnel<'f>,
    /// Whom it is asked of.
    pub(super) of: Subject,
    /// Inside a quantifier: asked of one user of an account.
    pub(super) inside: bool,
}

/// Of whom an audience is.
pub(super) fn subject(audience: &Audience) -> Subject {
    audience.of.map_or(Subject::User, |of| of.subject)
}

/// What a test's path starts at.
#[derive(Debug, Clone, Copy)]
pub(super) enum At {
    Profile,
    Event(EventSlot),
    Element,
}

impl Lowering<'_, '_> {
    fn audience(&mut self, audience: &Audience) -> ir::Audience {
        declare::check_name(Declares::Audience, &audience.name, self.diagnostics);
        let mut who: Option<(&Condition, Span)> = None;
        let mut anonymous: Option<Span> = None;
        let mut lookback: Option<(&DurationText, Span)> = None;
        let mut asked = Vec::new();
        let mut destinations = Vec::new();
        for clause in &audience.clauses {
            let span = clause.span;
            match &clause.kind {
                ClauseKind::Who(condition) => match who {
                    Some((_, first)) => self.diagnostics.push(
                        Diagnostic::error(
                            Code::Repeated,
                            keyword(span, "who"),
                            format!("the audience `{}` has two `who`", audience.name.text),
                        )
                        .related(keyword(first, "who"), "the first one")
                        .help("join their conditions with `and` in one `who`"),
                    ),
                    None => who = Some((condition, span)),
                },
                ClauseKind::IncludeAnonymous => match anonymous {
                    Some(first) => self.diagnostics.push(
                        Diagnostic::error(
                            Code::Repeated,
                            span,
                            format!("the audience `{}` has `include anonymous` twice", audience.name.text),
                        )
                        .related(first, "the first one")
                        .help("keep one of them"),
                    ),
                    None => anonymous = Some(span),
                },
                ClauseKind::Lookback(duration) => match lookback {
                    Some((_, first)) => self.diagnostics.push(
                        Diagnostic::error(
                            Code::Repeated,
                            span,
                            format!("the audience `{}` has two `lookback`", audience.name.text),
                        )
                        .related(first, "the first one")
                        .help("keep one of them"),
                    ),
                    None => lookback = Some((duration, span)),
                },
                ClauseKind::ConsentTo(categories) => {
                    let alone = categories.len() == 1;
                    let slots = categories.iter().filter_map(|name| {
                        let place = if alone { span } else { name.span };
                        Some((self.category(name)?, place))
                    });
                    asked.extend(slots);
                }
                ClauseKind::SendTo(names) => {
                    let slots = names.iter().filter_map(|name| {
                        let at = self.resolve(Declares::Destination, name)?;
                        Some(DestinationSlot::at(at))
                    });
                    destinations.extend(slots);
                }
            }
        }
        let mut consent: Vec<CategorySlot> = asked.iter().map(|(category, _)| *category).collect();
        consent.sort_unstable();
        consent.dedup();
        destinations.sort_unstable();
        destinations.dedup();
        self.lookback = lookback.and_then(|(duration, span)| self.lookback(duration, span));
        self.of = subject(audience);
        let profile = Place {
            at: At::Profile,
            funnel: Funnel::default(),
            of: self.of,
            inside: false,
        };
        // Conditions of other items are no part of it.
        self.written.clear();
        let (who, parts) = match who {
            Some((condition, _)) => {
                let who = self.condition(condition, profile);
                (who, self.parts(condition, who, Joiner::And))
            }
            None => (self.builder.constant(true), Vec::new()),
        };
        self.notes.demands.push(Demands {
            parts,
            clauses: asked.clone(),
        });
        self.places.audiences.push(AudienceOutline {
            span: audience.span,
            header: keyword(audience.span, "audience").to(audience.name.span),
            who: self.written.pop(),
            consent: asked,
            anonymous,
            lookback: lookback.map(|(text, span)| (modifiers::duration(text), span)),
        });
        ir::Audience {
            name: audience.name.text.clone(),
            label: audience.label.as_ref().map(|label| label.text.clone()),
            of: self.of,
            who,
            consent,
            include_anonymous: anonymous.is_some(),
            destinations,
        }
    }

    pub(super) fn resolve(&mut self, kind: Declares, name: &Name) -> Option<usize> {
        let found = self.names.resolve(kind, name, self.diagnostics);
        self.complete &= found.is_some();
        found
    }

    /// The window that is laid over every `performed` of the audience.
    fn lookback(&mut self, duration: &DurationText, span: Span) -> Option<(Window, Span)> {
        let window = Window {
            oldest: Some(modifiers::duration(duration)),
            ..Window::ALL
        };
        if window.is_empty() {
            self.diagnostics.push(modifiers::zero(self.sources.slice(span), span));
            return None;
        }
        Some((window, span))
    }

    /// Notes where the audience at hand looks at events.
    pub(super) fn look_of_condition(&mut self, node: NodeId, span: Span, windows: Vec<(Window, Span)>) {
        self.look(Look {
            by: Looker::Condition(self.audience, node),
            span,
            windows,
            lookback: self.lookback,
        });
    }

    pub(super) fn look(&mut self, look: Look) {
        self.places.looks.push(look);
    }

    fn category(&mut self, name: &Name) -> Option<CategorySlot> {
        let at = self.resolve(Declares::Category, name)?;
        Some(CategorySlot::at(at))
    }

    /// A condition as a node. Where it has an error the node is any; the program is not used then. Not deeper than the
    /// parser's limit on nesting.
    pub(super) fn condition(&mut self, condition: &Condition, place: Place<'_>) -> NodeId {
        let around = self.around();
        let node = match &condition.kind {
            ConditionKind::Brackets(inner) => {
                self.written = around;
                return self.condition(inner, place);
            }
            ConditionKind::And(parts) => {
                let parts = self.group(parts, Joiner::And, place);
                self.builder.and(parts)
            }
            ConditionKind::Or(parts) => {
                let parts = self.group(parts, Joiner::Or, place);
                self.builder.or(parts)
            }
            ConditionKind::Not(inner) => {
                let inner = self.condition(inner, place);
                self.builder.not(inner)
            }
            ConditionKind::Test { value, test } => {
                let written = upto(condition.span, value.span);
                self.test(value, test, written, place)
            }
            ConditionKind::Any { list, filter } => {
                self.enter(list, &self.subject_of(list), place);
                let written = upto(condition.span, list.span);
                let list = self.value(list, written, place);
                let at = At::Element;
                let filter = self.condition(filter, Place { at, ..place });
                self.leave();
                self.builder.leaf(Node::Element { list, filter })
            }
            ConditionKind::Performed(performed) => {
                self.asks_users("`performed`", keyword(condition.span, "performed"), place);
                self.performed(performed, upto(condition.span, performed.event.span), place)
            }
            ConditionKind::Users {
                quantifier,
                condition: inner,
            } => self.users(*quantifier, inner, condition.span, place),
            ConditionKind::MemberOf(name) => match self.resolve(Declares::Audience, name) {
                Some(at) => {
                    if self.subjects.get(at) == Some(&Subject::User) {
                        let what = format!("membership of `{}`, an audience of users,", name.text);
                        self.asks_users(&what, condition.span, place);
                    }
                    self.edges.push((at, name.span));
                    self.builder.leaf(Node::Member(AudienceSlot::at(at)))
                }
                None => self.builder.constant(false),
            },
            ConditionKind::ConsentTo(name) => {
                self.asks_users("consent", condition.span, place);
                self.consent(name, ConsentState::Granted)
            }
            ConditionKind::ConsentIs { category, state } => {
                self.asks_users("consent", condition.span, place);
                self.consent(category, *state)
            }
        };
        self.outline(around, Form::of(condition), condition.span, node);
        node
    }

    /// Notes a written condition behind those `around` it; what was written since is what it is made of.
    pub(super) fn outline(&mut self, around: Vec<Outline>, form: Form, span: Span, node: NodeId) {
        let children = std::mem::replace(&mut self.written, around);
        self.written.push(Outline {
            form,
            span,
            node,
            children,
        });
    }

    /// What was written around a condition that begins here.
    pub(super) fn around(&mut self) -> Vec<Outline> {
        std::mem::take(&mut self.written)
    }

    /// The parts of an `and` or `or`, which are noted.
    fn group(&mut self, written: &[Condition], joiner: Joiner, place: Place<'_>) -> Vec<NodeId> {
        let mut nodes = Vec::with_capacity(written.len());
        let mut parts = Vec::with_capacity(written.len());
        for condition in written {
            let node = self.condition(condition, place);
            nodes.push(node);
            parts.append(&mut self.parts(condition, node, joiner));
        }
        self.notes.groups.push(Group { joiner, parts });
        nodes
    }

    /// What a condition, lowered just now, brings into a group: its own parts where it is one of the same kind.
    fn parts(&mut self, condition: &Condition, node: NodeId, joiner: Joiner) -> Vec<Part> {
        let mut inner = condition;
        while let ConditionKind::Brackets(within) = &inner.kind {
            inner = within;
        }
        let same = match inner.kind {
            ConditionKind::And(_) => joiner == Joiner::And,
            ConditionKind::Or(_) => joiner == Joiner::Or,
            _ => false,
        };
        let span = condition.span;
        match self.notes.groups.pop_if(|_| same) {
            Some(group) => group.parts,
            None => vec![Part { node, span }],
        }
    }

    fn consent(&mut self, name: &Name, state: ConsentState) -> NodeId {
        match self.category(name) {
            Some(category) => self.builder.leaf(Node::Consent { category, state }),
            None => self.builder.constant(false),
        }
    }

    /// `written` is the value with the words before it, such as `any account trait tags`.
    fn value(&mut self, value: &ValuePath, written: Span, place: Place<'_>) -> ValueRef {
        match (value.root, place.at) {
            (Root::Property, At::Event(event)) => ValueRef::Property(self.builder.property_slot(event, path_of(value))),
            (Root::Element, At::Element) => ValueRef::Item(value.keys.iter().map(|key| key.text.clone()).collect()),
            (Root::AccountTrait, _) => {
                self.asks_account("`account trait`", written);
                ValueRef::Trait(self.trait_slot(value, Subject::Account))
            }
            // The grammar has properties and elements in their filters alone, and traits outside of them.
            _ => {
                self.asks_trait(value, written, place);
                ValueRef::Trait(self.trait_slot(value, Subject::User))
            }
        }
    }

    fn trait_slot(&mut self, path: &ValuePath, of: Subject) -> TraitSlot {
        self.complete &= !self.traits.is_broken(path, of);
        self.traits.slot(path, of, &mut self.builder, self.diagnostics)
    }

    fn test(&mut self, value: &ValuePath, test: &crate::syntax::ast::Test, written: Span, place: Place<'_>) -> NodeId {
        let value_ref = self.value(value, written, place);
        let compared = self.compared(value, test, place);
        let subject = self.subject_of(value);
        let (builder, traits, complete) = (&mut self.builder, &self.traits, &mut self.complete);
        let reference = |operand: &Operand, diagnostics: &mut Vec<Diagnostic>| match operand {
            Operand::Event { name, path } => place.funnel.resolve(name, path, builder, diagnostics),
            Operand::Trait(path) => {
                *complete &= !traits.is_broken(path, place.of);
                Reference::Trait(traits.slot(path, place.of, builder, diagnostics))
            }
            Operand::Literal(_) => Reference::Trait(TraitSlot(0)),
        };
        let lowered = tests_on_values::lower(test, &subject, self.sources, self.diagnostics, reference);
        let Some(lowered) = lowered else {
            return self.builder.constant(false);
        };
        self.check_fit(compared, test, &subject);
        let node = self.builder.leaf(Node::Test {
            value: value_ref,
            test: lowered.test,
        });
        if lowered.negated { self.builder.not(node) } else { node }
    }
}

impl Lowering<'_, '_> {
    /// A value as its author wrote it.
    fn subject_of(&self, value: &ValuePath) -> String {
        let path = self.sources.slice(value.span);
        match value.root {
            Root::Trait => format!("trait {path}"),
            Root::AccountTrait => format!("account trait {path}"),
            Root::Property | Root::Element | Root::Event => path.to_owned(),
        }
    }
}

pub(super) fn path_of(path: &ValuePath) -> Path {
    Path::new(path.keys.iter().map(|key| key.text.clone()))
}

/// The first word of a clause.
fn keyword(span: Span, word: &str) -> Span {
    let length = u32::try_from(word.len()).unwrap_or(0);
    Span::new(span.file, span.start, span.start.saturating_add(length))
}

/// From the beginning of a place to the end of what lies inside it.
fn upto(all: Span, inside: Span) -> Span {
    Span::new(all.file, all.start, inside.end)
}
