//! `performed` and its steps: the order of a funnel, what each event is called, and what may refer to it.

use super::lower::{At, Lowering, Place, path_of};
use super::modifiers::{self, Role};
use super::outline::Form;
use super::suggest;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{self, Builder, EventSlot, MAX_STEPS, Node, NodeId, PropertySlot, Reference};
use crate::span::Span;
use crate::syntax::ast::{Condition, Name, Performed, Step, ValuePath};
use crate::value::written;

/// An event of a funnel.
#[derive(Debug, Clone, Copy)]
struct Link<'f> {
    /// What `as` calls it.
    name: Option<&'f Name>,
    event: EventSlot,
}

/// The funnel around a filter: all of its events, and which of them the filter looks at.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Funnel<'f> {
    links: &'f [Link<'f>],
    current: usize,
}

impl Lowering<'_, '_> {
    /// `written` is the word `performed` with the event.
    pub(super) fn performed(&mut self, performed: &Performed, written: Span, place: Place<'_>) -> NodeId {
        self.check_order(&performed.steps);
        self.known_event(&performed.event);
        performed.steps.iter().for_each(|step| self.known_event(&step.event));
        // What is beyond the limit is an error already, and names are looked for one by one.
        let steps_written = performed.steps.get(..MAX_STEPS).unwrap_or(&performed.steps);
        let first = modifiers::read(
            &performed.modifiers,
            Role::First {
                lookback: self.lookback,
            },
            self.sources,
            self.diagnostics,
        );
        let mut links = vec![Link {
            name: first.name,
            event: self.builder.event_slot(&performed.event.text),
        }];
        let mut read = Vec::with_capacity(steps_written.len());
        for (at, step) in steps_written.iter().enumerate() {
            let role = Role::Step {
                negated: step.not.is_some(),
                last: at + 1 == performed.steps.len(),
            };
            let modifiers = modifiers::read(&step.modifiers, role, self.sources, self.diagnostics);
            links.push(Link {
                name: modifiers.name,
                event: self.builder.event_slot(&step.event.text),
            });
            read.push(modifiers);
        }
        check_names(&links, self.diagnostics);
        let filter = self.filter(first.filter, &links, 0, place);
        let mut steps = Vec::with_capacity(read.len());
        for (at, (step, modifiers)) in steps_written.iter().zip(read).enumerate() {
            let around = self.around();
            let filter = self.filter(modifiers.filter, &links, at + 1, place);
            steps.push(ir::Step {
                negated: step.not.is_some(),
                event: self.builder.event_slot(&step.event.text),
                within: modifiers.window.oldest,
                filter,
                count: modifiers.count,
            });
            let at = u32::try_from(at + 1).unwrap_or(u32::MAX);
            self.outline(around, Form::Step { at }, step.span, filter);
        }
        let event = self.builder.event_slot(&performed.event.text);
        let node = self.builder.leaf(Node::Performed(ir::Performed {
            event,
            window: first.window,
            filter,
            count: first.count,
            steps,
        }));
        self.look_of_condition(node, written, first.windows);
        node
    }

    fn filter(&mut self, filter: Option<&Condition>, links: &[Link<'_>], current: usize, place: Place<'_>) -> NodeId {
        match (filter, links.get(current)) {
            (Some(filter), Some(link)) => self.condition(
                filter,
                Place {
                    at: At::Event(link.event),
                    funnel: Funnel { links, current },
                    ..place
                },
            ),
            _ => self.builder.constant(true),
        }
    }

    fn check_order(&mut self, steps: &[Step]) {
        if let Some(step) = steps.get(MAX_STEPS) {
            let message = format!("a funnel has at most {MAX_STEPS} steps");
            self.diagnostics.push(
                Diagnostic::error(Code::Limit, beginning(step), message).help(
                    "ask for fewer steps, or for the later ones in a `performed` of their own, joined with `and`",
                ),
            );
        }
        for pair in steps.windows(2) {
            if let [step, next] = pair
                && step.not.is_some()
            {
                self.diagnostics.push(
                    Diagnostic::error(Code::BadFunnel, beginning(step), "`then not` is always the last step")
                        .related(beginning(next), "which goes on here")
                        .help("move it to the end, or ask for it in a `performed` of its own, joined with `and`"),
                );
            }
        }
    }
}

/// `then` or `then not`.
fn beginning(step: &Step) -> Span {
    let Span { file, start, .. } = step.span;
    Span::new(file, start, step.not.map_or(start.saturating_add(4), |not| not.end))
}

fn check_names(links: &[Link<'_>], diagnostics: &mut Vec<Diagnostic>) {
    for (at, name) in links.iter().enumerate().filter_map(|(at, link)| Some((at, link.name?))) {
        if name.text.is_empty() {
            diagnostics.push(
                Diagnostic::error(Code::BadName, name.span, "the name of this event is empty")
                    .help("write a name between the quotes, or remove `as`"),
            );
            continue;
        }
        let earlier = links.iter().take(at).filter_map(|link| link.name);
        if let Some(first) = earlier.into_iter().find(|first| first.text == name.text) {
            let message = format!("two events of this funnel are called `{}`", name.text);
            diagnostics.push(
                Diagnostic::error(Code::DuplicateName, name.span, message)
                    .related(first.span, "the first one")
                    .help("give one of them another name"),
            );
        }
    }
}

impl Funnel<'_> {
    /// The event that a reference names, which has to stand before the event at hand.
    pub(super) fn resolve(
        &self,
        name: &Name,
        path: &ValuePath,
        builder: &mut Builder,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Reference {
        let called = |link: &Link<'_>| link.name.is_some_and(|known| known.text == name.text);
        match self.links.iter().position(called) {
            Some(at) if at < self.current => {
                if let Some(link) = self.links.get(at) {
                    return Reference::Step {
                        step: u32::try_from(at).unwrap_or(u32::MAX),
                        property: builder.property_slot(link.event, path_of(path)),
                    };
                }
            }
            Some(at) => diagnostics.push(self.too_late(at, name)),
            None => diagnostics.push(self.unknown(name, path)),
        }
        // The program is not used then.
        Reference::Step {
            step: 0,
            property: PropertySlot(0),
        }
    }

    /// The event before the one at hand that `as` calls so.
    pub(super) fn event_called(&self, name: &str) -> Option<EventSlot> {
        let mut earlier = self.links.iter().take(self.current);
        let link = earlier.find(|link| link.name.is_some_and(|known| *known.text == *name))?;
        Some(link.event)
    }

    /// The names that can be referred to.
    fn earlier(&self) -> impl Iterator<Item = &str> {
        let links = self.links.iter().take(self.current);
        links.filter_map(|link| link.name).map(|name| &*name.text)
    }

    fn too_late(&self, at: usize, name: &Name) -> Diagnostic {
        let text = &*name.text;
        let place = self
            .links
            .get(at)
            .and_then(|link| link.name)
            .map_or(name.span, |name| name.span);
        let (message, help) = if at == self.current {
            (
                format!("`{text}` is the event that is looked at: a reference is to an event before it"),
                self.instead()
                    .unwrap_or_else(|| "give an event before it a name with `as`, and refer to that".to_owned()),
            )
        } else {
            (
                format!("`{text}` comes later in this funnel: a reference is to an event before it"),
                format!("move the test to the step that is called `{text}`"),
            )
        };
        Diagnostic::error(Code::BadFunnel, name.span, message)
            .related(place, "named here")
            .help(help)
    }

    fn unknown(&self, name: &Name, path: &ValuePath) -> Diagnostic {
        let text = &*name.text;
        let error = |message: String| Diagnostic::error(Code::UnknownName, name.span, message);
        if let Some(near) = suggest::nearest(text, self.earlier()) {
            return error(format!("no event of this funnel is called `{text}`"))
                .help(format!("did you mean `{}`?", written(near)))
                .suggest(name.span, written(near));
        }
        let name = written(text);
        if self.links.is_empty() {
            let path = path_of(path);
            return error(format!(
                "no event is called `{text}` here: names given with `as` are known in the steps after it alone"
            ))
            .help(format!(
                "for another trait, write `trait {name}.{path}`; text needs quotes"
            ));
        }
        if self.current == 0 {
            return error(format!(
                "no event stands before the first `performed`, so nothing can be called `{text}` here"
            ))
            .help("text needs quotes; a reference stands in the `where` of a step");
        }
        let help = self
            .instead()
            .unwrap_or_else(|| format!("give the event its name where it stands: `performed \"…\" as {name} then …`"));
        error(format!("no event of this funnel is called `{text}`")).help(help)
    }

    /// The names that there are.
    fn instead(&self) -> Option<String> {
        let known: Vec<String> = self
            .earlier()
            .take(3)
            .map(|name| format!("`{}`", written(name)))
            .collect();
        (!known.is_empty()).then(|| format!("the events before it are called {}", known.join(", ")))
    }
}
