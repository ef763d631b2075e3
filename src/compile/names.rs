//! The names that a workspace declares, over all its files, and what is said of one that it does not.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::suggest;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::ast::{
    Audience, Category, ComputedTrait, Declares, Destination, EventSchema, File, Item, Name, Subject,
};
use crate::value::{quoted, written};

/// For so many unknown names it is looked which declared one they are near to; where more are unknown, the author has
/// another problem, and each look goes through all names.
const SUGGESTED: usize = 50;

/// The declared names of each kind, with their places in the program's tables.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    /// How many unknown names were compared with all others.
    suggested: Cell<usize>,
    categories: Kind<'a>,
    destinations: Kind<'a>,
    audiences: Kind<'a>,
    /// Those of schemas.
    events: Kind<'a>,
    /// Computed ones; those of schemas are paths, and no names.
    traits: Kind<'a>,
    account_traits: Kind<'a>,
}

#[derive(Debug, Default)]
struct Kind<'a> {
    by_name: BTreeMap<&'a str, Declared>,
    count: usize,
}

#[derive(Debug, Clone, Copy)]
struct Declared {
    /// The place in its table; `None` for a name that only a broken item declares.
    at: Option<usize>,
    span: Span,
}

impl<'a> Names<'a> {
    /// Collects the names; a second declaration is an error that shows both places.
    pub(super) fn collect(files: &'a [File], diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut names = Names::default();
        for item in files.iter().flat_map(|file| &file.items) {
            let (kind, name, span) = match item {
                Item::Category(Category { name, .. }) => (Declares::Category, &*name.text, name.span),
                Item::Destination(Destination { name, .. }) => (Declares::Destination, &*name.text, name.span),
                Item::Audience(Audience { name, .. }) => (Declares::Audience, &*name.text, name.span),
                Item::Event(EventSchema { name, .. }) => (Declares::Event, &*name.text, name.span),
                Item::Computed(ComputedTrait { name, of, .. }) => (trait_of(*of), &*name.text, name.span),
                Item::Trait(_) | Item::Enforcement(_) | Item::Identity(_) => continue,
            };
            let table = names.kind_mut(kind);
            let at = Some(table.count);
            table.count += 1;
            match table.by_name.get(name) {
                Some(first) => diagnostics.push(twice(kind, name, span, first.span)),
                None => {
                    table.by_name.insert(name, Declared { at, span });
                }
            }
        }
        for broken in files.iter().flat_map(|file| &file.broken) {
            let span = broken.name.span;
            let table = names.kind_mut(broken.kind);
            table
                .by_name
                .entry(&broken.name.text)
                .or_insert(Declared { at: None, span });
        }
        names
    }

    /// The place of a name in the table of its kind. An unknown name is an error; a name of a broken item has no place,
    /// and its error is told already.
    pub(super) fn resolve(&self, kind: Declares, name: &Name, diagnostics: &mut Vec<Diagnostic>) -> Option<usize> {
        match self.kind(kind).by_name.get(&*name.text) {
            Some(declared) => declared.at,
            None => {
                diagnostics.push(self.unknown(kind, name));
                None
            }
        }
    }

    /// The place of a computed trait among those of its subject, and where it is declared; `None` in the place where only
    /// a broken item declares it.
    pub(super) fn computed(&self, of: Subject, name: &str) -> Option<(Option<usize>, Span)> {
        let declared = self.kind(trait_of(of)).by_name.get(name)?;
        Some((declared.at, declared.span))
    }

    fn unknown(&self, kind: Declares, name: &Name) -> Diagnostic {
        let what = kind.as_str();
        let text = &*name.text;
        let error = |message| Diagnostic::error(Code::UnknownName, name.span, message);
        let declared = || self.kind(kind).by_name.keys().copied();
        let first = self.suggested.replace(self.suggested.get() + 1) < SUGGESTED;
        if let Some(near) = first.then(|| suggest::nearest(text, declared())).flatten() {
            let case = if near.to_lowercase() == text.to_lowercase() {
                ": small and capital letters differ"
            } else {
                ""
            };
            return error(format!("there is no {what} `{text}`{case}"))
                .help(format!("did you mean `{}`?", written(near)))
                .suggest(name.span, written(near));
        }
        let others = [Declares::Category, Declares::Destination, Declares::Audience];
        if let Some(other) = others
            .iter()
            .find(|other| self.kind(**other).by_name.contains_key(text))
        {
            let article = if *other == Declares::Audience { "an" } else { "a" };
            let message = format!("there is no {what} `{text}`: that name is {article} {}", other.as_str());
            return error(message).help(format!(
                "name {} {what} here",
                if what == "audience" { "an" } else { "a" }
            ));
        }
        let declaration = match kind {
            Declares::Category => format!("declare it with `category {}`", written(text)),
            Declares::Destination => format!(
                "declare it with the categories that it needs: `destination {} requires …`",
                written(text)
            ),
            Declares::Audience => format!("declare it with `audience {} {{ … }}`", written(text)),
            Declares::Event => format!("declare it with `event {} {{ … }}`", quoted(text)),
            Declares::Trait | Declares::AccountTrait => format!("declare it with `{what} {} = …`", written(text)),
        };
        let existing: Vec<String> = declared().take(3).map(|n| format!("`{}`", written(n))).collect();
        let help = if existing.is_empty() || kind == Declares::Audience {
            declaration
        } else {
            format!("{declaration}, or use one that exists: {}", existing.join(", "))
        };
        error(format!("there is no {what} `{text}`")).help(help)
    }

    fn kind(&self, kind: Declares) -> &Kind<'a> {
        match kind {
            Declares::Category => &self.categories,
            Declares::Destination => &self.destinations,
            Declares::Audience => &self.audiences,
            Declares::Event => &self.events,
            Declares::Trait => &self.traits,
            Declares::AccountTrait => &self.account_traits,
        }
    }

    fn kind_mut(&mut self, kind: Declares) -> &mut Kind<'a> {
        match kind {
            Declares::Category => &mut self.categories,
            Declares::Destination => &mut self.destinations,
            Declares::Audience => &mut self.audiences,
            Declares::Event => &mut self.events,
            Declares::Trait => &mut self.traits,
            Declares::AccountTrait => &mut self.account_traits,
        }
    }
}

fn trait_of(subject: Subject) -> Declares {
    match subject {
        Subject::User => Declares::Trait,
        Subject::Account => Declares::AccountTrait,
    }
}

fn twice(kind: Declares, name: &str, span: Span, first: Span) -> Diagnostic {
    let message = format!("the {} `{name}` is declared twice", kind.as_str());
    Diagnostic::error(Code::DuplicateName, span, message)
        .label("declared again here")
        .related(first, "first declared here")
        .help("rename or remove one of them")
}
