//! Audiences sent to a destination that may receive nobody of them.

use std::collections::{BTreeMap, BTreeSet};

use super::worlds::{Claim, Fact, Worlds};
use super::{Notes, quote};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{AudienceSlot, CategorySlot, Destination, Node, Program, Subject};
use crate::span::{Sources, Span};
use crate::syntax::ast::{Audience, ClauseKind, File, Item};
use crate::value::written;

/// Warns of them, save for the `empty` audiences, of which more is told already.
pub(super) fn warn(
    files: &[File],
    notes: &Notes,
    program: &Program,
    empty: &BTreeSet<AudienceSlot>,
    worlds: &mut Worlds<'_>,
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
) {
    // Nothing is held back then.
    if !program.enforcement {
        return;
    }
    let audiences = files.iter().flat_map(|file| &file.items).filter_map(|item| match item {
        Item::Audience(audience) => Some(audience),
        _ => None,
    });
    let destinations: BTreeMap<&str, &Destination> = program.destinations.iter().map(|d| (&*d.name, d)).collect();
    for (at, audience) in audiences.enumerate() {
        let slot = AudienceSlot::at(at);
        // An account's users are delivered, and the conditions of its audience are not about each of them.
        let of_users = program
            .audiences
            .get(at)
            .is_some_and(|audience| audience.of == Subject::User);
        if !of_users || empty.contains(&slot) {
            continue;
        }
        let demands = all_demands(slot, notes, program);
        let mut told: BTreeSet<&str> = BTreeSet::new();
        // Many destinations require the same.
        let mut answers: BTreeMap<Vec<CategorySlot>, Option<Vec<Span>>> = BTreeMap::new();
        for (name, span) in sent_to(audience) {
            let Some(destination) = destinations.get(name) else {
                continue;
            };
            if !told.insert(name) {
                continue;
            }
            let required: Vec<CategorySlot> = program.enforced(destination).collect();
            let reasons = answers
                .entry(required)
                .or_insert_with_key(|required| excluded(&demands, required, worlds));
            if let Some(reasons) = reasons {
                diagnostics.push(nobody(audience, destination, span, reasons, program, sources));
            }
        }
    }
}

/// The destinations that an audience is sent to, and where it says so.
fn sent_to(audience: &Audience) -> impl Iterator<Item = (&str, Span)> {
    let names = audience.clauses.iter().filter_map(|clause| match &clause.kind {
        ClauseKind::SendTo(destinations) => Some(destinations),
        _ => None,
    });
    names.flatten().map(|name| (&*name.text, name.span))
}

/// So many audiences are looked into that an audience says its members are in, and no more where so much is known.
const LOOKED_INTO: usize = 64;
const KNOWN: usize = 4096;

/// What holds of every member: what the audience demands, and each that it says they are in.
fn all_demands(audience: AudienceSlot, notes: &Notes, program: &Program) -> Vec<(Fact, Span)> {
    let mut all = Vec::new();
    let mut seen = BTreeSet::from([audience]);
    let mut open = vec![audience];
    while let Some(demands) = open.pop().and_then(|slot| notes.demands(slot)) {
        for part in &demands.parts {
            all.push((Fact::Node(part.node), part.span));
            if let Node::Member(other) = program.node(part.node) {
                let of_users = program
                    .audiences
                    .get(other.index())
                    .is_some_and(|a| a.of == Subject::User);
                let enough = seen.len() > LOOKED_INTO || all.len() > KNOWN;
                if of_users && !enough && seen.insert(*other) {
                    open.push(*other);
                }
            }
        }
        all.extend(
            demands
                .clauses
                .iter()
                .map(|(category, span)| (Fact::Granted(*category), *span)),
        );
    }
    all
}

/// What rules out that a member has granted all that a destination requires.
fn excluded(demands: &[(Fact, Span)], required: &[CategorySlot], worlds: &mut Worlds<'_>) -> Option<Vec<Span>> {
    if required.is_empty() {
        return None;
    }
    let facts = required
        .iter()
        .map(|category| Fact::Granted(*category))
        .chain(demands.iter().map(|(fact, _)| *fact));
    let claims: Vec<Claim> = facts.map(|fact| Claim { fact, holds: true }).collect();
    let found = worlds.contradiction(&claims)?;
    // Where none of it is required by the destination, the audience itself is empty, and that is another matter.
    let demanded = found.iter().filter_map(|at| at.checked_sub(required.len()));
    let reasons: Vec<Span> = demanded
        .filter_map(|at| demands.get(at))
        .map(|(_, span)| *span)
        .collect();
    (reasons.len() < found.len()).then_some(reasons)
}

fn nobody(
    audience: &Audience,
    destination: &Destination,
    span: Span,
    reasons: &[Span],
    program: &Program,
    sources: &Sources,
) -> Diagnostic {
    let categories: Vec<String> = program
        .enforced(destination)
        .map(|slot| format!("`{}`", written(program.category_id(slot))))
        .collect();
    let reason = reasons.first().map(|span| quote(sources, *span)).unwrap_or_default();
    let message = format!(
        "nobody in `{}` can be delivered to `{}`, which requires {}: members meet `{reason}`",
        audience.name.text,
        destination.name,
        categories.join(", ")
    );
    let warning = Diagnostic::warning(Code::NobodyDelivered, span, message);
    reasons
        .iter()
        .fold(warning, |warning, span| warning.related(*span, "this rules it out"))
        .help(
            "send these people to a destination that their answers allow, or let the audience ask for those who agreed",
        )
}
