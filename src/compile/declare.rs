//! Categories, destinations and `consent enforcement`: what may be declared, and the program's tables of it.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use crate::consent::{CATEGORY_ID_LENGTH, CATEGORY_NAME_LENGTH, is_category_id};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{self, CategorySlot};
use crate::span::{Sources, Span};
use crate::syntax::ast::{
    Category, Declares, Destination, Enforcement, File, Item, Name, Requires, Setting, SettingKind,
};
use crate::value::written;

/// The tables of a program that hold no conditions.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) enforcement: bool,
    pub(super) categories: Vec<ir::Category>,
    pub(super) destinations: Vec<ir::Destination>,
}

pub(super) fn declare(
    files: &[File],
    names: &Names<'_>,
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
) -> Declared {
    let mut declared = Declared {
        enforcement: true,
        categories: Vec::new(),
        destinations: Vec::new(),
    };
    let mut shown: BTreeMap<&str, (&Category, Span)> = BTreeMap::new();
    let mut types: BTreeMap<&str, (&Destination, BTreeSet<CategorySlot>)> = BTreeMap::new();
    let mut enforcement: Option<&Enforcement> = None;
    for item in files.iter().flat_map(|file| &file.items) {
        match item {
            Item::Category(category) => {
                check_id(&category.name, diagnostics);
                if let Some(label) = &category.label {
                    check_label(category, &label.text, label.span, diagnostics);
                    match shown.get(&*label.text) {
                        Some((first, span)) if first.name.text != category.name.text => {
                            let message = format!(
                                "the categories `{}` and `{}` have the same name `{}`",
                                first.name.text, category.name.text, label.text
                            );
                            diagnostics.push(
                                Diagnostic::error(Code::DuplicateName, label.span, message)
                                    .related(*span, "the other one")
                                    .help("give one of them another name"),
                            );
                        }
                        Some(_) => {}
                        None => {
                            shown.insert(&label.text, (category, label.span));
                        }
                    }
                }
                declared.categories.push(ir::Category {
                    id: category.name.text.clone(),
                    name: category.label.as_ref().map(|label| label.text.clone()),
                    enabled: category.disabled.is_none(),
                });
            }
            Item::Destination(destination) => {
                let before = diagnostics.len();
                let lowered = lower_destination(destination, names, diagnostics);
                // What it requires is not known yet where a name of it is not.
                let resolved = !diagnostics.iter().skip(before).any(|d| d.code == Code::UnknownName);
                let kind = kind_of(destination);
                let requires: BTreeSet<CategorySlot> = lowered.requires.iter().copied().collect();
                match types.get(kind) {
                    _ if !resolved => {}
                    Some((first, others)) if *others != requires => {
                        diagnostics.push(different_requirements(first, destination, kind, sources));
                    }
                    Some(_) => {}
                    None => {
                        types.insert(kind, (destination, requires));
                    }
                }
                declared.destinations.push(lowered);
            }
            Item::Enforcement(item) => {
                declared.enforcement = item.on;
                match enforcement {
                    Some(first) => diagnostics.push(
                        Diagnostic::error(Code::Repeated, item.span, "`consent enforcement` is set twice")
                            .related(first.span, "first set here")
                            .help("keep one of them"),
                    ),
                    None => enforcement = Some(item),
                }
            }
            Item::Audience(_) | Item::Event(_) | Item::Trait(_) | Item::Computed(_) | Item::Identity(_) => {}
        }
    }
    declared
}

/// CC-3 and CC-4.
fn check_id(name: &Name, diagnostics: &mut Vec<Diagnostic>) {
    let id = &*name.text;
    if is_category_id(id) {
        return;
    }
    let error = |message| Diagnostic::error(Code::BadCategory, name.span, message);
    let length = id.chars().count();
    let odd = id
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || *c == '_' || *c == '-'));
    diagnostics.push(if id.is_empty() {
        error("the id of a category cannot be empty".to_owned()).help("write for example `category Advertising \"Ads\"`")
    } else if let Some(odd) = odd {
        let odd = match odd {
            ' ' => "a space".to_owned(),
            odd => format!("`{}`", odd.escape_debug()),
        };
        let plain: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        error(format!(
            "the id of a category consists of the letters a to z and A to Z, digits, `_` and `-`; this one has {odd}"
        ))
        .help(format!("write for example `category {plain} {}`", crate::value::quoted(id)))
    } else if length > CATEGORY_ID_LENGTH {
        error(format!(
            "the id of a category has at most {CATEGORY_ID_LENGTH} characters, this one has {length}"
        ))
        .help(format!(
            "choose a shorter id; a longer wording can stand in quotes after it (up to {CATEGORY_NAME_LENGTH} characters)"
        ))
    } else {
        error("the id of a category begins with a letter or `_`".to_owned()).help(format!("write for example `_{id}`"))
    });
}

/// CC-5.
fn check_label(category: &Category, label: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) {
    let length = label.chars().count();
    if length == 0 {
        let message = format!("the name of the category `{}` is empty", category.name.text);
        diagnostics.push(
            Diagnostic::error(Code::BadCategory, span, message)
                .help("write a name between the quotes, or leave the quotes out"),
        );
    } else if length > CATEGORY_NAME_LENGTH {
        let message =
            format!("the name of a category has at most {CATEGORY_NAME_LENGTH} characters, this one has {length}");
        diagnostics.push(Diagnostic::error(Code::BadCategory, span, message).help("choose a shorter name"));
    }
}

/// An audience or destination has to be called something.
pub(super) fn check_name(kind: Declares, name: &Name, diagnostics: &mut Vec<Diagnostic>) {
    if name.text.is_empty() {
        let message = format!("the name of this {} is empty", kind.as_str());
        diagnostics.push(Diagnostic::error(Code::BadName, name.span, message).help("write a name between the quotes"));
    }
}

fn lower_destination(
    destination: &Destination,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> ir::Destination {
    check_name(Declares::Destination, &destination.name, diagnostics);
    check_settings(destination, diagnostics);
    let name = &destination.name;
    let mut requires = Vec::new();
    match &destination.requires {
        Some(Requires::Nothing(_)) => {}
        Some(Requires::Categories(categories)) => {
            for category in categories {
                let none = matches!(&*category.text, "none" | "None" | "null" | "nobody");
                if none && !names.declares(Declares::Category, &category.text) {
                    diagnostics.push(
                        Diagnostic::error(
                            Code::UnknownName,
                            category.span,
                            format!("there is no category `{}`", category.text),
                        )
                        .help("name what people must have agreed to; only if nobody has to agree, write `requires nothing`"),
                    );
                    continue;
                }
                let slot = names
                    .resolve(Declares::Category, category, diagnostics)
                    .map(CategorySlot::at);
                requires.extend(slot.filter(|slot| !requires.contains(slot)));
            }
        }
        None => {
            let written = written(&name.text);
            let message = format!(
                "the destination `{}` does not say what it requires, so it receives every member",
                name.text
            );
            diagnostics.push(
                Diagnostic::warning(Code::SilentDestination, name.span, message).help(format!(
                    "write `destination {written} requires …` with the categories it needs, or `requires nothing` if \
                     every member may be sent there"
                )),
            );
        }
    }
    let mut lowered = ir::Destination {
        name: name.text.clone(),
        label: destination.label.as_ref().map(|label| label.text.clone()),
        requires,
        kind: kind_of(destination).into(),
        message: ir::MessageForm::default(),
        removal: ir::Removal::default(),
        receives_consent: false,
        storage: false,
    };
    for setting in &destination.settings {
        match &setting.kind {
            SettingKind::Type(_) => {}
            SettingKind::Message(form) => lowered.message = *form,
            SettingKind::Removal(removal) => lowered.removal = *removal,
            SettingKind::ReceivesConsent => lowered.receives_consent = true,
            SettingKind::Storage => lowered.storage = true,
        }
    }
    lowered
}

fn kind_of(destination: &Destination) -> &str {
    let named = destination.settings.iter().find_map(|setting| match &setting.kind {
        SettingKind::Type(text) => Some(&*text.text),
        _ => None,
    });
    named.unwrap_or(&destination.name.text)
}

fn check_settings(destination: &Destination, diagnostics: &mut Vec<Diagnostic>) {
    let name = &destination.name.text;
    let mut seen: Vec<&Setting> = Vec::new();
    for setting in &destination.settings {
        let kind = setting.kind.as_str();
        match seen.iter().find(|other| other.kind.as_str() == kind) {
            Some(first) => diagnostics.push(
                Diagnostic::error(
                    Code::Repeated,
                    setting.span,
                    format!("`{kind}` is set twice for `{name}`"),
                )
                .related(first.span, "first set here")
                .help("keep one of them"),
            ),
            None => seen.push(setting),
        }
    }
    // CC-10: a category mapped to storage would promise what is not kept.
    let storage = seen.iter().find(|setting| matches!(setting.kind, SettingKind::Storage));
    if let (Some(storage), Some(Requires::Categories(categories))) = (storage, &destination.requires) {
        let list: Vec<String> = categories.iter().map(|c| format!("`{}`", c.text)).collect();
        let message = format!(
            "`{name}` is storage, which cannot enforce consent, so it cannot require {}",
            list.join(", ")
        );
        let span = span_of(destination);
        diagnostics.push(
            Diagnostic::error(Code::BadDestination, span, message)
                .related(storage.span, "declared as storage here")
                .help("write `requires nothing`, or remove `storage`"),
        );
    }
}

/// CC-6: a mapping covers all instances of a type.
fn different_requirements(first: &Destination, second: &Destination, kind: &str, sources: &Sources) -> Diagnostic {
    let by_name = [first, second]
        .iter()
        .any(|d| *d.name.text == *kind && d.settings.iter().all(|s| s.kind.as_str() != "type"));
    let note = if by_name {
        " (without `type`, the name is the type)"
    } else {
        ""
    };
    let message = format!(
        "`{}` and `{}` have the same type `{kind}`{note}, so they must require the same categories",
        first.name.text, second.name.text
    );
    let wanted = |d: &Destination| match &d.requires {
        Some(Requires::Categories(_)) => format!("`{}`", sources.slice(span_of(d))),
        _ => "nothing".to_owned(),
    };
    Diagnostic::error(Code::BadDestination, span_of(second), message)
        .related(span_of(first), "the other one requires this")
        .help(format!(
            "let both require {}, or both {}, or give one of them another `type`",
            wanted(first),
            wanted(second)
        ))
}

/// Where a destination says what it requires; its name where it does not.
fn span_of(destination: &Destination) -> Span {
    match &destination.requires {
        Some(Requires::Nothing(span)) => *span,
        Some(Requires::Categories(categories)) => match (categories.first(), categories.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => destination.name.span,
        },
        None => destination.name.span,
    }
}
