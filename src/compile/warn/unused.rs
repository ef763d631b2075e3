//! What is declared and used by nothing.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{CategorySlot, DestinationSlot, Node, Program};
use crate::syntax::ast::{File, Item, Name};
use crate::value::written;

pub(super) fn warn(files: &[File], program: &Program, diagnostics: &mut Vec<Diagnostic>) {
    let destinations: BTreeSet<DestinationSlot> = program
        .audiences
        .iter()
        .flat_map(|audience| audience.destinations.iter().copied())
        .collect();
    let categories = categories_read(program);
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
            Item::Audience(_) | Item::Enforcement(_) => {}
        }
    }
}

fn unused(code: Code, name: &Name, message: String, help: String) -> Diagnostic {
    Diagnostic::warning(code, name.span, message).help(help)
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
