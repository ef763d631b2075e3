//! What is declared and used by nothing.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{CategorySlot, DestinationSlot, Node, Program, Reference, Subject, TraitSource, ValueRef};
use crate::syntax::ast::{File, Item, Name};
use crate::value::written;

pub(super) fn warn(files: &[File], program: &Program, diagnostics: &mut Vec<Diagnostic>) {
    let destinations: BTreeSet<DestinationSlot> = program
        .audiences
        .iter()
        .flat_map(|audience| audience.destinations.iter().copied())
        .collect();
    let categories = categories_read(program);
    let traits = computed_traits_read(program);
    let (mut destination, mut category) = (0, 0);
    for item in files.iter().flat_map(|file| &file.items) {
        match item {
            Item::Destination(item) => {
                if !destinations.contains(&DestinationSlot::at(destination)) {
                    let name = &item.name;
                    diagnostics.push(unused(
                        Code::UnusedDestination,
                        name,
                        format!("no audience is sent to the destination `{}`", name.text),
                        format!(
                            "remove it, or write `send to {}` in an audience that is meant for it",
                            written(&name.text)
                        ),
                    ));
                }
                destination += 1;
            }
            Item::Category(item) => {
                if !categories.contains(&CategorySlot::at(category)) {
                    let name = &item.name;
                    diagnostics.push(unused(
                        Code::UnusedCategory,
                        name,
                        format!(
                            "no destination requires the category `{}`, and no audience asks for it: it protects nothing",
                            name.text
                        ),
                        format!(
                            "write `requires {}` at the destinations that need it, or remove it",
                            written(&name.text)
                        ),
                    ));
                }
                category += 1;
            }
            Item::Computed(item) => {
                if !traits.contains(&(item.of, &*item.name.text)) {
                    let name = &item.name;
                    let keyword = item.of.trait_keyword();
                    diagnostics.push(unused(
                        Code::UnusedTrait,
                        name,
                        format!("nothing reads the computed {keyword} `{}`", name.text),
                        format!("remove it, or ask for it: `{keyword} {} …`", written(&name.text)),
                    ));
                }
            }
            Item::Audience(_) | Item::Enforcement(_) | Item::Event(_) | Item::Trait(_) | Item::Identity(_) => {}
        }
    }
}

fn unused(code: Code, name: &Name, message: String, help: String) -> Diagnostic {
    Diagnostic::warning(code, name.span, message).help(help)
}

/// The computed traits that a condition or the filter of another one reads.
fn computed_traits_read(program: &Program) -> BTreeSet<(Subject, &str)> {
    let slots = program.nodes.iter().flat_map(|node| {
        let (value, reference) = match node {
            Node::Test { value, test } => (Some(value), test.reference()),
            Node::Element { list, .. } => (Some(list), None),
            _ => (None, None),
        };
        let value = value.and_then(|value| match value {
            ValueRef::Trait(slot) => Some(*slot),
            ValueRef::Property(_) | ValueRef::Item(_) => None,
        });
        let reference = reference.and_then(|reference| match reference {
            Reference::Trait(slot) => Some(slot),
            Reference::Step { .. } => None,
        });
        value.into_iter().chain(reference)
    });
    let computed = slots.filter_map(|slot| {
        let read = program.traits.get(slot.index())?;
        match &read.source {
            TraitSource::Computed(aggregate) => Some((read.of, &*aggregate.name)),
            TraitSource::Sent(_) => None,
        }
    });
    computed.collect()
}

/// The categories that a destination requires, a clause demands or a condition asks for.
fn categories_read(program: &Program) -> BTreeSet<CategorySlot> {
    let required = program
        .destinations
        .iter()
        .flat_map(|destination| &destination.requires);
    let demanded = program.audiences.iter().flat_map(|audience| &audience.consent);
    let asked = program.nodes.iter().filter_map(|node| match node {
        Node::Consent { category, .. } => Some(category),
        _ => None,
    });
    required.chain(demanded).chain(asked).copied().collect()
}
