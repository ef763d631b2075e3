//! Computed traits, and what a trait's name stands for.

use std::collections::BTreeMap;

use super::cycles::{self, Edge, What};
use super::declare;
use super::funnel::Funnel;
use super::looks::{Look, Looker};
use super::lower::{At, Lowering, Place, path_of};
use super::modifiers::{self, Role};
use super::names::Names;
use crate::consent::is_reserved_trait;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{self, Aggregate, Builder, PropertySlot, Subject, Trait, TraitSlot, TraitSource};
use crate::syntax::ast::{
    ComputedTrait, Condition, ConditionKind, Declares, File, Function, Item, ModifierKind, Operand, ValuePath,
};
use crate::value::written;

/// How often a value must occur to be the most frequent one, where nothing is said (CT-14).
const FREQUENT: u32 = 2;

/// What the names of traits stand for.
#[derive(Debug)]
pub(super) struct Traits<'a> {
    names: &'a Names<'a>,
    /// The computed traits that are lowered already, by subject and place in their table of names.
    computed: BTreeMap<(Subject, usize), TraitSlot>,
}

impl<'a> Traits<'a> {
    pub(super) fn new(names: &'a Names<'a>) -> Self {
        Traits {
            names,
            computed: BTreeMap::new(),
        }
    }

    /// Whether only a broken item declares the trait.
    pub(super) fn is_broken(&self, path: &ValuePath, of: Subject) -> bool {
        let first = path.keys.first();
        let computed = first.and_then(|first| self.names.computed(of, &first.text));
        matches!(computed, Some((None, _)))
    }

    /// The slot of a trait, sent or computed: a computed trait hides a sent one of its name.
    pub(super) fn slot(
        &self,
        path: &ValuePath,
        of: Subject,
        builder: &mut Builder,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> TraitSlot {
        let Some((first, rest)) = path.keys.split_first() else {
            return TraitSlot(0);
        };
        if is_reserved_trait(&first.text) {
            diagnostics.push(reserved(path));
        }
        if let Some((at, declared)) = self.names.computed(of, &first.text) {
            // What only a broken item declares may have been meant as another thing.
            if let (Some(part), Some(_)) = (rest.last(), at) {
                let name = written(&first.text);
                let message = format!("`{name}` is a computed trait, so it has no part `{}`", part.text);
                diagnostics.push(
                    Diagnostic::error(Code::BadComputedTrait, path.span, message)
                        .related(declared, "declared here")
                        .help(format!(
                            "write `{name}` alone; to compute a part of a property, name it there, such as `last of \
                             product.name from \"…\"`"
                        )),
                );
            }
            // There is none in a circle or a broken item; the program is not used then.
            let slot = at.and_then(|at| self.computed.get(&(of, at)).copied());
            return slot.unwrap_or(TraitSlot(0));
        }
        builder.trait_slot(Trait {
            of,
            source: TraitSource::Sent(path_of(path)),
        })
    }
}

fn reserved(path: &ValuePath) -> Diagnostic {
    let category = path
        .keys
        .last()
        .filter(|_| path.keys.len() > 1)
        .map_or("Advertising", |key| &*key.text);
    let category = written(category);
    Diagnostic::error(Code::ReservedTrait, path.span, "consent cannot be read as a trait").help(format!(
        "write `consent to {category}`, or name a state: `consent {category} is denied`"
    ))
}

impl Lowering<'_, '_> {
    /// Lowers all computed traits, each after those that its filter reads: that is their order in the program's table.
    pub(super) fn computed_traits(&mut self, files: &[File]) {
        let items = files.iter().flat_map(|file| &file.items);
        let mut counts = BTreeMap::new();
        let all: Vec<(&ComputedTrait, usize)> = items
            .filter_map(|item| match item {
                Item::Computed(computed) => Some(computed),
                _ => None,
            })
            .map(|computed| {
                let count: &mut usize = counts.entry(computed.of).or_default();
                *count += 1;
                (computed, *count - 1)
            })
            .collect();
        let places: BTreeMap<(Subject, usize), usize> = all
            .iter()
            .enumerate()
            .map(|(place, (computed, at))| ((computed.of, *at), place))
            .collect();
        let edges: Vec<Vec<Edge>> = all
            .iter()
            .map(|(computed, _)| self.edges_of(computed, &places))
            .collect();
        let names: Vec<&str> = all.iter().map(|(computed, _)| &*computed.name.text).collect();
        for place in cycles::order(What::ComputedTraits, &names, &edges, self.diagnostics) {
            if let Some((computed, at)) = all.get(place) {
                let slot = self.computed_trait(computed);
                self.traits.computed.insert((computed.of, *at), slot);
            }
        }
    }

    /// The computed traits that the filter of one reads, as places in the list of all.
    fn edges_of(&self, computed: &ComputedTrait, places: &BTreeMap<(Subject, usize), usize>) -> Vec<Edge> {
        let mut edges = Vec::new();
        for modifier in &computed.modifiers {
            if let ModifierKind::Where(filter) = &modifier.kind {
                references(filter, &mut |path| {
                    let name = path.keys.first().map_or("", |key| &*key.text);
                    if let Some((Some(at), _)) = self.traits.names.computed(computed.of, name)
                        && let Some(place) = places.get(&(computed.of, at))
                    {
                        edges.push((*place, path.span));
                    }
                });
            }
        }
        edges
    }

    fn computed_trait(&mut self, computed: &ComputedTrait) -> TraitSlot {
        let of = computed.of;
        declare::check_name(Declares::trait_of(of), &computed.name, self.diagnostics);
        if is_reserved_trait(&computed.name.text) {
            let message = "a trait cannot lie in the namespace of consent";
            self.diagnostics.push(
                Diagnostic::error(Code::ReservedTrait, computed.name.span, message).help("give the trait another name"),
            );
        }
        let role = Role::Computed(computed.function);
        let modifiers = modifiers::read(&computed.modifiers, role, self.sources, self.diagnostics);
        let counted = computed
            .modifiers
            .iter()
            .any(|modifier| matches!(modifier.kind, ModifierKind::Count { .. }));
        self.known_event(&computed.event);
        let event = self.builder.event_slot(&computed.event.text);
        self.computed_property(computed, event);
        let filter = match modifiers.filter {
            Some(filter) => self.condition(
                filter,
                Place {
                    at: At::Event(event),
                    // No event stands before it that a reference could name.
                    funnel: Funnel::default(),
                    of,
                    inside: false,
                },
            ),
            None => self.builder.constant(true),
        };
        // The grammar gives every function but `count` its property.
        let property = match &computed.property {
            Some(path) => self.builder.property_slot(event, path_of(path)),
            None => PropertySlot(0),
        };
        let function = match computed.function {
            Function::Count => ir::Function::Count,
            Function::Sum => ir::Function::Sum(property),
            Function::Average => ir::Function::Average(property),
            Function::Minimum => ir::Function::Minimum(property),
            Function::Maximum => ir::Function::Maximum(property),
            Function::First => ir::Function::First(property),
            Function::Last => ir::Function::Last(property),
            Function::MostFrequent => ir::Function::MostFrequent {
                property,
                at_least: if counted { modifiers.count.at_least } else { FREQUENT },
            },
            Function::UniqueList => ir::Function::UniqueList(property),
            Function::UniqueCount => ir::Function::UniqueCount(property),
        };
        let slot = self.builder.trait_slot(Trait {
            of,
            source: TraitSource::Computed(Aggregate {
                name: computed.name.text.clone(),
                function,
                event,
                window: modifiers.window,
                filter,
            }),
        });
        self.look(Look {
            by: Looker::Computed(slot),
            span: computed.name.span,
            windows: modifiers.windows,
            lookback: None,
        });
        slot
    }
}

/// Visits the traits that a filter compares with. Not deeper than the parser's limit on nesting.
fn references<'a>(filter: &'a Condition, visit: &mut impl FnMut(&'a ValuePath)) {
    match &filter.kind {
        ConditionKind::And(parts) | ConditionKind::Or(parts) => {
            parts.iter().for_each(|part| references(part, visit));
        }
        ConditionKind::Not(inner) | ConditionKind::Brackets(inner) => references(inner, visit),
        ConditionKind::Any { filter, .. } => references(filter, visit),
        ConditionKind::Test { test, .. } => {
            if let Some(Operand::Trait(path)) = test.kind.operand() {
                visit(path);
            }
        }
        // These do not stand in a filter.
        ConditionKind::Performed(_)
        | ConditionKind::MemberOf(_)
        | ConditionKind::ConsentTo(_)
        | ConditionKind::ConsentIs { .. }
        | ConditionKind::Users { .. } => {}
    }
}
