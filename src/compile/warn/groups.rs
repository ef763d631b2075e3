//! Conditions that can never hold, or always do: found within one `and` or `or`.

use std::collections::BTreeSet;

use super::worlds::{Claim, Fact, Worlds};
use super::{Joiner, Notes, quote};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{AudienceSlot, Node, Program, Subject};
use crate::span::{Sources, Span};

/// Warns of them, and gives the audiences that nobody can be in.
pub(super) fn warn(
    notes: &Notes,
    program: &Program,
    worlds: &mut Worlds<'_>,
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeSet<AudienceSlot> {
    for group in &notes.groups {
        let claims: Vec<Claim> = group
            .parts
            .iter()
            .map(|part| Claim {
                fact: Fact::Node(part.node),
                // Where one of the parts always holds, they can never all fail.
                holds: group.joiner == Joiner::And,
            })
            .collect();
        if let Some(found) = worlds.contradiction(&claims) {
            let parts = found.iter().filter_map(|at| group.parts.get(*at));
            let parts: Vec<Span> = parts.map(|part| part.span).collect();
            let about_consent = found
                .iter()
                .filter_map(|at| group.parts.get(*at))
                .all(|part| asks_for_consent(program, part.node));
            diagnostics.push(match group.joiner {
                Joiner::And => never(&parts, about_consent, sources),
                Joiner::Or => always(&parts, sources),
            });
        }
    }
    let mut empty = BTreeSet::new();
    for (at, demands) in notes.demands.iter().enumerate() {
        let parts = demands.parts.iter().map(|part| (Fact::Node(part.node), part.span));
        // A clause of an audience of accounts is about whom of an account is delivered, not about which accounts match.
        let of_users = program
            .audiences
            .get(at)
            .is_some_and(|audience| audience.of == Subject::User);
        let clauses = demands
            .clauses
            .iter()
            .filter(|_| of_users)
            .map(|(category, span)| (Fact::Granted(*category), *span));
        let (facts, spans): (Vec<Fact>, Vec<Span>) = parts.chain(clauses).unzip();
        let claims: Vec<Claim> = facts
            .iter()
            .map(|fact| Claim {
                fact: *fact,
                holds: true,
            })
            .collect();
        let Some(found) = worlds.contradiction(&claims) else {
            continue;
        };
        let slot = AudienceSlot::at(at);
        empty.insert(slot);
        let parts: Vec<Span> = found.iter().filter_map(|at| spans.get(*at)).copied().collect();
        let clause = found
            .iter()
            .filter_map(|at| facts.get(*at))
            .find_map(|fact| match fact {
                Fact::Granted(category) => Some(program.category_id(*category)),
                Fact::Node(_) => None,
            });
        let about_consent = found.iter().filter_map(|at| facts.get(*at)).all(|fact| match fact {
            Fact::Granted(_) => true,
            Fact::Node(node) => asks_for_consent(program, *node),
        });
        diagnostics.push(match clause {
            Some(category) => refused(&parts, category, program, slot, sources),
            None => never(&parts, about_consent, sources),
        });
    }
    empty
}

fn asks_for_consent(program: &Program, node: crate::ir::NodeId) -> bool {
    match program.node(node) {
        Node::Consent { .. } => true,
        Node::Not(inner) => asks_for_consent(program, *inner),
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().all(|node| asks_for_consent(program, *node)),
        _ => false,
    }
}

fn never(parts: &[Span], about_consent: bool, sources: &Sources) -> Diagnostic {
    let message = match parts {
        [one, other] => format!(
            "where `{}` holds, `{}` does not, so this can never hold",
            quote(sources, *one),
            quote(sources, *other)
        ),
        _ => format!("these {} conditions can never hold together", parts.len()),
    };
    let help = if about_consent {
        "a person is in one state at a time; ask for the one that is meant"
    } else {
        "write the one that is meant"
    };
    placed(Code::NeverHolds, parts, message, "cannot hold beside it").help(help)
}

fn always(parts: &[Span], sources: &Sources) -> Diagnostic {
    let message = match parts {
        [one, other] => format!(
            "where `{}` does not hold, `{}` does, so this always holds",
            quote(sources, *one),
            quote(sources, *other)
        ),
        _ => format!("one of these {} conditions always holds", parts.len()),
    };
    placed(Code::AlwaysHolds, parts, message, "holds wherever the other does not")
        .help("keep the one that is meant; where everybody is meant, say nothing")
}

/// A condition against a clause of the same audience.
fn refused(parts: &[Span], category: &str, program: &Program, audience: AudienceSlot, sources: &Sources) -> Diagnostic {
    let name = program
        .audiences
        .get(audience.index())
        .map_or("", |audience| &*audience.name);
    let first = parts.first().map(|span| quote(sources, *span)).unwrap_or_default();
    let category = crate::value::written(category);
    let message =
        format!("nobody can be in `{name}`: it asks for `{first}`, which the clause `consent to {category}` rules out");
    placed(Code::NeverHolds, parts, message, "cannot hold beside it")
        .help("members have granted each category of the clauses; ask for the others in an audience of their own")
}

/// The last of the parts is underlined, and the ones before it shown: there the contradiction comes about.
fn placed(code: Code, parts: &[Span], message: String, beside: &str) -> Diagnostic {
    const SHOWN: usize = 4;
    let (last, before) = match parts.split_last() {
        Some((last, before)) => (*last, before),
        None => (Span::default(), parts),
    };
    let warning = Diagnostic::warning(code, last, message);
    before
        .iter()
        .take(SHOWN)
        .fold(warning, |warning, span| warning.related(*span, beside))
}
