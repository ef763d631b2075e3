//! Audiences sent to a destination that may receive nobody of them.

use std::collections::BTreeSet;

use super::worlds::{Claim, Fact, Worlds};
use super::{Notes, quote};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{AudienceSlot, Destination, Node, Program, Subject};
use crate::span::{Sources, Span};
use crate::syntax::ast::{Audience, Clause, File, Item};
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
        for (name, span) in sent_to(audience) {
            let Some(destination) = program.destinations.iter().find(|d| *d.name == *name) else {
                continue;
            };
            if told.insert(name)
                && let Some(reasons) = excluded(&demands, destination, program, worlds)
            {
                diagnostics.push(nobody(audience, destination, span, &reasons, program, sources));
            }
        }
    }
}

/// The destinations that an audience is sent to, and where it says so.
fn sent_to(audience: &Audience) -> impl Iterator<Item = (&str, Span)> {
    let names = audience.clauses.iter().filter_map(|clause| match clause {
        Clause::SendTo { destinations, .. } => Some(destinations),
        _ => None,
    });
    names.flatten().map(|name| (&*name.text, name.span))
}

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
                if of_users && seen.insert(*other) {
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

/// What rules out that a member has granted all that the destination requires.
fn excluded(
    demands: &[(Fact, Span)],
    destination: &Destination,
    program: &Program,
    worlds: &mut Worlds<'_>,
) -> Option<Vec<Span>> {
    let required: Vec<Fact> = program.enforced(destination).map(Fact::Granted).collect();
    let facts = required.iter().copied().chain(demands.iter().map(|(fact, _)| *fact));
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
