//! What is allowed, and probably not meant: the warnings of language.md, "What is checked".
//!
//! They are looked for only in a workspace without errors: what an error leaves out would else look unused, or
//! contradictory.
//!
//! | module | warns of | looks at |
//! |---|---|---|
//! | [`groups`] | a condition that can never hold, or always does | the parts of one `and` or `or`, as lowering noted them |
//! | [`deliveries`] | an audience sent to where nobody of it may be delivered | the same parts, and what destinations require |
//! | [`unused`] | destinations, categories and computed traits that nothing uses | the program |
//! | [`paths`] | a path that names the part of an event it is looked for in | the syntax tree |
//! | [`identity`] | rules by which two people can become one profile | the syntax tree |
//! | [`wording`] | `not` before a funnel, a count under `then not` | the syntax tree: the IR no longer knows how it was said |
//!
//! The first two ask [`worlds`], which works on the IR, where each condition has one meaning and equal ones are one node;
//! the places come from the notes that lowering took beside it. They must never speak of a condition that can hold as one
//! that cannot. Therefore they do not know rules such as "two bounds that cross": they try out every kind of profile that
//! the conditions can tell apart, and what they cannot tell they count as possible.

mod deliveries;
mod groups;
mod identity;
mod paths;
mod unused;
mod values;
mod wording;
mod worlds;

use crate::diagnostic::Diagnostic;
use crate::ir::{AudienceSlot, CategorySlot, NodeId, Program};
use crate::span::{Sources, Span};
use crate::syntax::ast::File;

/// A condition, and where it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) node: NodeId,
    pub(super) span: Span,
}

/// The parts of one `and` or `or`; those in brackets that say the same word are parts of it, too.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) joiner: Joiner,
    pub(super) parts: Vec<Part>,
}

/// The word between the parts of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joiner {
    And,
    Or,
}

/// What must hold of every member of an audience: the parts of its `who`, and its `consent to` clauses.
#[derive(Debug, Clone, Default)]
pub(super) struct Demands {
    pub(super) parts: Vec<Part>,
    pub(super) clauses: Vec<(CategorySlot, Span)>,
}

/// What lowering notes for the warnings.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The groups of all conditions and filters, but for those that are an audience's demands.
    pub(super) groups: Vec<Group>,
    /// Of each audience, by slot.
    pub(super) demands: Vec<Demands>,
}

impl Notes {
    fn demands(&self, audience: AudienceSlot) -> Option<&Demands> {
        self.demands.get(audience.index())
    }
}

/// The warnings about a workspace without errors.
pub(super) fn warn(
    files: &[File],
    notes: &Notes,
    program: &Program,
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut worlds = worlds::Worlds::new(program);
    let empty = groups::warn(notes, program, &mut worlds, sources, diagnostics);
    deliveries::warn(files, notes, program, &empty, &mut worlds, sources, diagnostics);
    unused::warn(files, program, diagnostics);
    wording::warn(files, sources, diagnostics);
    paths::warn(files, sources, diagnostics);
    identity::warn(files, diagnostics);
}

/// A text as a message quotes it: on one line, and not too long.
fn quote(sources: &Sources, span: Span) -> String {
    const LONGEST: usize = 70;
    let words: Vec<&str> = sources.slice(span).split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("").trim_end()),
        None => text,
    }
}
