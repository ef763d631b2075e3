//! The uses of events, properties and traits, held to what schemas declare.

use std::cell::Cell;

use super::{Held, Kind, Parts, Schemas, Typed, told};
use crate::compile::lower::{At, Lowering, Place};
use crate::compile::suggest;
use crate::consent::is_reserved_trait;
use crate::diagnostic::{Code, Diagnostic, visible};
use crate::ir::{EventSlot, Subject};
use crate::span::Span;
use crate::syntax::ast::{ComputedTrait, Declares, Function, Name, Operand, Root, Test, Text, ValuePath};
use crate::value::{quoted, written};

/// The words that a property cannot begin with unless they stand in quotes.
const FIRST_WORDS: [&str; 8] = ["not", "any", "and", "or", "true", "false", "trait", "item"];

/// What a check has to remember while conditions are walked through.
#[derive(Debug, Default)]
pub(in crate::compile) struct Checking {
    /// The lists that the `any` around look into, outermost first.
    lists: Vec<List>,
    /// How many texts were compared.
    spent: Cell<usize>,
}

/// A list that an `any` looks into.
#[derive(Debug, Clone, Copy)]
struct List {
    element: Held,
    /// Where the list is written.
    span: Span,
}

/// What a test compares.
#[derive(Debug, Clone, Copy)]
pub(in crate::compile) struct Compared {
    value: Held,
    other: Option<Held>,
}

/// What an unknown name is looked for in.
#[derive(Debug, Clone, Copy)]
enum Owner<'o> {
    Event(&'o str, Span),
    List(&'o str),
    Traits(Subject),
}

impl Lowering<'_, '_> {
    /// An event that is looked at: it is declared, if any is.
    pub(in crate::compile) fn known_event(&mut self, event: &Text) {
        if self.schemas.events.is_empty() || self.schemas.events.contains_key(&*event.text) {
            return;
        }
        let known = self.names.declares(Declares::Event, &event.text);
        if !known && self.schemas.unnamed_event {
            // It may be the one that the broken schema is meant for.
            self.complete = false;
            return;
        }
        let name = Name {
            text: event.text.clone(),
            quoted: true,
            span: event.span,
        };
        self.resolve(Declares::Event, &name);
    }

    /// The property that a trait is computed from is known, and such as the function can take.
    pub(in crate::compile) fn computed_property(&mut self, computed: &ComputedTrait, event: EventSlot) {
        let Some(path) = &computed.property else {
            return;
        };
        let held = self.property(event, path);
        let numbers = match computed.function {
            Function::Sum | Function::Average | Function::Minimum | Function::Maximum => true,
            Function::Count
            | Function::First
            | Function::Last
            | Function::MostFrequent
            | Function::UniqueList
            | Function::UniqueCount => false,
        };
        let fits = match held {
            Held::Value(typed) => !numbers || (typed.lists == 0 && self.schemas.is_number(typed.kind)),
            Held::Parts(_) => matches!(computed.function, Function::First | Function::Last),
            Held::Anything => true,
        };
        if !fits {
            let error = told::function(computed.function, path, held, &self.schemas, self.sources);
            self.diagnostics.push(error);
        }
    }

    /// Enters the list that an `any` looks into.
    pub(in crate::compile) fn enter(&mut self, list: &ValuePath, subject: &str, place: Place<'_>) {
        let span = list.span;
        let element = match self.held(list, place) {
            Held::Value(typed) if typed.lists > 0 => Held::Value(Typed {
                lists: typed.lists - 1,
                ..typed
            }),
            Held::Value(typed) => {
                self.diagnostics
                    .push(told::no_list(list, subject, typed, &self.schemas, self.sources));
                Held::Anything
            }
            // An object, or a list of objects: its parts are those of the elements.
            Held::Parts(parts) => Held::Parts(parts),
            Held::Anything => Held::Anything,
        };
        self.checking.lists.push(List { element, span });
    }

    /// Leaves it again.
    pub(in crate::compile) fn leave(&mut self) {
        self.checking.lists.pop();
    }

    /// What the two sides of a test hold. What is unknown is an error.
    pub(in crate::compile) fn compared(&mut self, value: &ValuePath, test: &Test, place: Place<'_>) -> Compared {
        let value = self.held(value, place);
        let other = match test.kind.operand() {
            Some(Operand::Trait(path)) => Some(self.trait_held(path, place.of)),
            Some(Operand::Event { name, path }) => Some(match place.funnel.event_called(&name.text) {
                Some(event) => self.property(event, path),
                None => Held::Anything,
            }),
            Some(Operand::Literal(_)) | None => None,
        };
        Compared { value, other }
    }

    /// A test that does not fit what is declared is an error.
    pub(in crate::compile) fn check_fit(&mut self, compared: Compared, test: &Test, subject: &str) {
        let Compared { value, other } = compared;
        for misfit in self.schemas.misfits(value, &test.kind, other, &self.checking.spent) {
            let error = told::misfit(
                misfit,
                value,
                other,
                test,
                subject,
                &self.schemas,
                self.names,
                self.sources,
            );
            self.diagnostics.push(error);
        }
    }

    fn held(&mut self, value: &ValuePath, place: Place<'_>) -> Held {
        match (value.root, place.at) {
            (Root::Property, At::Event(event)) => self.property(event, value),
            (Root::Element, At::Element) => self.element(value),
            (Root::AccountTrait, _) => self.trait_held(value, Subject::Account),
            _ => self.trait_held(value, Subject::User),
        }
    }

    fn property(&mut self, event: EventSlot, path: &ValuePath) -> Held {
        let name = self.builder.event_name(event);
        let Some(declared) = self.schemas.events.get(name).copied() else {
            return Held::Anything;
        };
        match self.schemas.walk(declared.properties, &path.keys) {
            Ok(held) => held,
            Err((depth, node)) => {
                let error = self.unknown(path, depth, Parts(node), Owner::Event(name, declared.span));
                self.diagnostics.push(error);
                Held::Anything
            }
        }
    }

    fn element(&mut self, path: &ValuePath) -> Held {
        let Some(list) = self.checking.lists.last().copied() else {
            return Held::Anything;
        };
        let name = self.sources.slice(list.span);
        match list.element {
            element if path.keys.is_empty() => element,
            Held::Anything => Held::Anything,
            Held::Value(typed) => {
                let error = told::no_part(path, name, typed, &self.schemas, self.sources);
                self.diagnostics.push(error);
                Held::Anything
            }
            Held::Parts(Parts(root)) => self.schemas.walk(root, &path.keys).unwrap_or_else(|(depth, node)| {
                let error = self.unknown(path, depth, Parts(node), Owner::List(name));
                self.diagnostics.push(error);
                Held::Anything
            }),
        }
    }

    fn trait_held(&mut self, path: &ValuePath, of: Subject) -> Held {
        let (Some(root), Some((first, rest))) = (self.schemas.traits(of).root, path.keys.split_first()) else {
            return Held::Anything;
        };
        if is_reserved_trait(&first.text) {
            return Held::Anything;
        }
        match self.names.computed(of, &first.text) {
            Some((Some(at), _)) if rest.is_empty() => return self.computed_held(of, at),
            // A part of a computed trait is an error already, and so is whatever a broken item declares.
            Some(_) => return Held::Anything,
            None => {}
        }
        self.schemas.walk(root, &path.keys).unwrap_or_else(|(depth, node)| {
            let error = self.unknown(path, depth, Parts(node), Owner::Traits(of));
            self.diagnostics.push(error);
            Held::Anything
        })
    }

    /// What a computed trait holds.
    fn computed_held(&self, of: Subject, at: usize) -> Held {
        let Some(computed) = self.schemas.computed.get(&(of, at)) else {
            return Held::Anything;
        };
        let typed = |kind, lists| {
            Held::Value(Typed {
                lists,
                kind,
                span: computed.name.span,
                computed: true,
            })
        };
        match computed.function {
            Function::Count
            | Function::Sum
            | Function::Average
            | Function::Minimum
            | Function::Maximum
            | Function::UniqueCount => typed(Kind::Number, 0),
            Function::MostFrequent => typed(Kind::String, 0),
            Function::UniqueList => typed(Kind::String, 1),
            Function::First | Function::Last => {
                let event = self.schemas.events.get(&*computed.event.text);
                let held = event
                    .zip(computed.property.as_ref())
                    .and_then(|(event, path)| self.schemas.walk(event.properties, &path.keys).ok());
                held.unwrap_or(Held::Anything)
            }
        }
    }

    /// What is said of a path that is not declared: from this place in it on, below this node.
    fn unknown(&self, path: &ValuePath, depth: usize, parts: Parts, owner: Owner<'_>) -> Diagnostic {
        let shown = self.sources.slice(path.span);
        let mut what = "property";
        let mut related = None;
        let message = match owner {
            Owner::Event(event, span) => {
                related = Some((span, "declared here"));
                format!("the event `{}` has no property `{shown}`", visible(event))
            }
            Owner::List(list) => format!("the elements of `{list}` have no property `{shown}`"),
            Owner::Traits(of) => {
                what = Declares::trait_of(of).as_str();
                format!("there is no {what} `{shown}`")
            }
        };
        let node = self.schemas.get(parts.0);
        let related = related.or_else(|| {
            let first = node.filter(|_| !matches!(owner, Owner::Traits(_)) || depth > 0)?.first;
            Some((first?, "declared beside it"))
        });
        let key = path.keys.get(depth).map_or("", |key| &*key.text);
        let siblings = || {
            let computed = match owner {
                Owner::Traits(of) if depth == 0 => Some(self.names.names(Declares::trait_of(of))),
                _ => None,
            };
            let declared = node.into_iter().flat_map(|node| node.below.keys().copied());
            declared.chain(computed.into_iter().flatten())
        };
        let with = |name: &str| {
            let keys = path.keys.iter().enumerate().map(|(at, key)| {
                let name = if at == depth { name } else { &*key.text };
                // A word that begins something else in a filter needs quotes, and does no harm in them elsewhere.
                if at == 0 && FIRST_WORDS.contains(&name) {
                    quoted(name)
                } else {
                    written(name).into_owned()
                }
            });
            keys.collect::<Vec<_>>().join(".")
        };
        let error = |message: String| {
            let error = Diagnostic::error(Code::UnknownName, path.span, message);
            match related {
                Some((span, text)) => error.related(span, text),
                None => error,
            }
        };
        if let Some(near) = self
            .names
            .may_suggest()
            .then(|| suggest::nearest(key, siblings()))
            .flatten()
        {
            let case = if near.to_lowercase() == key.to_lowercase() {
                ": small and capital letters differ"
            } else {
                ""
            };
            let near = with(near);
            return error(format!("{message}{case}"))
                .help(format!("did you mean `{near}`?"))
                .suggest(path.span, near);
        }
        let mut help = match owner {
            Owner::Event(event, _) => format!("declare it in `event {} {{ … }}`, with its type", quoted(event)),
            Owner::List(_) => "declare it where the others are, with its type".to_owned(),
            Owner::Traits(_) => format!("declare it with its type, such as `{what} {shown}: string`"),
        };
        let existing: Vec<String> = siblings().take(3).map(|name| format!("`{}`", written(name))).collect();
        if !existing.is_empty() && depth == 0 {
            help += &format!(", or use one that exists: {}", existing.join(", "));
        }
        error(message).help(help)
    }
}

impl Schemas<'_> {
    /// Whether a value of this kind can be read as a number.
    fn is_number(&self, kind: Kind) -> bool {
        match kind {
            Kind::String | Kind::Number => true,
            Kind::Boolean | Kind::Timestamp => false,
            Kind::OneOf(at) => self.values.get(at).is_some_and(super::values::Values::has_number),
        }
    }
}
