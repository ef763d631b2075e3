//! From syntax trees to a program: resolves names across files, checks what language.md demands, and lowers to the IR.
//!
//! All errors of all sound items are found in one go. A workspace with an error has no program: a definition that is only
//! half understood must not decide who is delivered.

mod cycles;
mod declare;
mod funnel;
mod identity;
mod looks;
mod lower;
mod modifiers;
mod names;
mod outline;
mod schema;
mod subject;
pub(crate) mod suggest;
mod tests_on_values;
mod traits;
mod warn;

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{self, Diagnostic};
use crate::ir::{AudienceSlot, NodeId, Program, Subject};
use crate::model::IdentityRules;
use crate::span::{Sources, Span};
use crate::syntax::ast::{Audience, ClauseKind, File, Item};

pub use looks::{Look, Looker};
pub use outline::{AudienceOutline, Form, Outline, Written};
#[cfg(feature = "cli")]
pub(crate) use suggest::nearest;

/// What a workspace compiles to.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The program; `None` where there is an error.
    pub program: Option<Program>,
    /// How identities are resolved where events are taken in. The program does not hold it: a program is evaluated on
    /// profiles, however they came about. Where there is an error, it is of no use.
    pub identity: IdentityRules,
    /// Where each node is written, for those who explain it.
    pub places: Places,
    /// The audiences in which no error lies, in order of declaration; where there is none at all, nobody asks, and it is empty.
    pub accepted: Vec<Accepted>,
    /// Errors and warnings, in the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
}

/// An audience in which no error lies, of a workspace that may have some elsewhere: its names alone. What its destinations
/// require is not said, for there an error may lie.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// Its name.
    pub name: Box<str>,
    /// Of whom it is.
    pub of: Subject,
    /// The names of the destinations that it is sent to, in order of declaration.
    pub destinations: Vec<Box<str>>,
}

/// Where the nodes of a program are written. Equal predicates are one node, so a place is asked for by audience.
#[derive(Debug, Clone, Default)]
pub struct Places {
    audiences: Vec<AudienceOutline>,
    /// In the order of files and places.
    comments: Vec<Span>,
    /// Where definitions look at events; computed traits first, then the conditions in the order of files and places.
    looks: Vec<Look>,
    /// Audiences that name something which only a broken item declares.
    incomplete: BTreeSet<AudienceSlot>,
}

impl Places {
    /// Where an audience is declared: the whole item.
    pub fn audience(&self, audience: AudienceSlot) -> Option<Span> {
        self.outline(audience).map(|outline| outline.span)
    }

    /// An audience as its author wrote it.
    pub fn outline(&self, audience: AudienceSlot) -> Option<&AudienceOutline> {
        self.audiences.get(audience.index())
    }

    /// The comments inside of a span.
    pub fn comments(&self, span: Span) -> &[Span] {
        let Span { file, start, end } = span;
        let place = |at| {
            self.comments
                .partition_point(|comment| *comment < Span::new(file, at, 0))
        };
        self.comments.get(place(start)..place(end)).unwrap_or_default()
    }

    /// Where definitions look at events: each `performed` of each audience, without its steps, and each computed trait.
    pub fn looks(&self) -> &[Look] {
        &self.looks
    }

    /// Where an audience writes a condition; the first place, if it writes it twice.
    pub fn node(&self, audience: AudienceSlot, node: NodeId) -> Option<Span> {
        self.outline(audience)?.who.as_ref()?.place(node)
    }
}

/// Compiles the files of one workspace. `found` are the problems that parsing them found; they are reported with the rest.
pub fn compile(files: &[File], sources: &Sources, found: Vec<Diagnostic>) -> Compiled {
    let mut diagnostics = found;
    let names = names::Names::collect(files, &mut diagnostics);
    let declared = declare::declare(files, &names, sources, &mut diagnostics);
    let identity = identity::identity(files, &mut diagnostics);
    let (program, places, notes) = lower::lower(files, &names, declared, sources, &mut diagnostics);
    let sound = !diagnostics.iter().any(Diagnostic::is_error);
    if sound {
        warn::warn(files, &notes, &program, sources, &mut diagnostics);
    }
    diagnostic::sort(&mut diagnostics);
    Compiled {
        program: sound.then_some(program),
        identity,
        // Of a sound workspace that is all, and nobody asks.
        accepted: match sound {
            true => Vec::new(),
            false => accepted(files, &places, &diagnostics),
        },
        places,
        diagnostics,
    }
}

/// An error lies in an audience also where it only goes on there, as a circle does, or where a name of it is broken.
fn accepted(files: &[File], places: &Places, diagnostics: &[Diagnostic]) -> Vec<Accepted> {
    let errors = diagnostics.iter().filter(|d| d.is_error());
    let wrong = errors.flat_map(|d| std::iter::once(d.span).chain(d.related.iter().map(|label| label.span)));
    let wrong: BTreeSet<Span> = wrong.collect();
    let audiences = files.iter().flat_map(|file| &file.items).filter_map(|item| match item {
        Item::Audience(audience) => Some(audience),
        _ => None,
    });
    let mut places_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, item) in files.iter().flat_map(|file| &file.items).enumerate() {
        if let Item::Destination(destination) = item {
            // One that is declared twice is an error of its own.
            places_of.entry(&destination.name.text).or_insert(place);
        }
    }
    let sound = audiences.enumerate().filter(|(at, audience)| {
        let Span { file, start, end } = audience.span;
        let inside = Span::new(file, start, 0)..Span::new(file, end, 0);
        wrong.range(inside).next().is_none() && !places.incomplete.contains(&AudienceSlot::at(*at))
    });
    sound
        .map(|(_, audience)| Accepted {
            name: audience.name.text.clone(),
            of: lower::subject(audience),
            destinations: sent_to(audience, &places_of),
        })
        .collect()
}

/// The destinations of an audience, in order of declaration.
fn sent_to(audience: &Audience, places_of: &BTreeMap<&str, usize>) -> Vec<Box<str>> {
    let clauses = audience.clauses.iter().filter_map(|clause| match &clause.kind {
        ClauseKind::SendTo(names) => Some(names),
        _ => None,
    });
    let named = clauses.flatten().map(|name| &*name.text);
    let declared: BTreeMap<usize, &str> = named.filter_map(|name| Some((*places_of.get(name)?, name))).collect();
    declared.into_values().map(Box::from).collect()
}
