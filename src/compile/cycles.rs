//! Declarations that refer to each other: in what order to evaluate them, and where they run in a circle.

use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;

/// A reference: to which declaration, and where it is written.
pub(super) type Edge = (usize, Span);

/// What refers to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Audiences, by `member of`.
    Audiences,
    /// Computed traits, by `trait …` in a filter.
    ComputedTraits,
}

/// The longest circle that is written out.
const SHOWN: usize = 12;

/// So many circles are told; each is as long to look at as the way to it, and one is enough to refuse them all.
const TOLD: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

/// An order in which each declaration stands after those it refers to (AM-3), where there is no circle. Each circle is an error (AM-2), reported
/// where its first member enters it. Not recursive: a chain can be as long as it likes.
pub(super) fn order(what: What, names: &[&str], edges: &[Vec<Edge>], diagnostics: &mut Vec<Diagnostic>) -> Vec<usize> {
    let mut marks = vec![Mark::New; names.len()];
    let mut order = Vec::with_capacity(names.len());
    let mut told = 0;
    for start in 0..names.len() {
        if marks.get(start) != Some(&Mark::New) {
            continue;
        }
        // The way down: each declaration on it, and which of its edges comes next.
        let mut way: Vec<(usize, usize)> = vec![(start, 0)];
        set(&mut marks, start, Mark::Open);
        while let Some((at, next)) = way.last_mut() {
            let edge = edges.get(*at).and_then(|edges| edges.get(*next)).copied();
            *next += 1;
            let Some((target, _)) = edge else {
                set(&mut marks, *at, Mark::Done);
                order.push(*at);
                way.pop();
                continue;
            };
            match marks.get(target) {
                Some(Mark::New) => {
                    set(&mut marks, target, Mark::Open);
                    way.push((target, 0));
                }
                Some(Mark::Open) if told < TOLD => {
                    told += 1;
                    diagnostics.push(circle(what, names, edges, &way, target));
                }
                Some(Mark::Open) => {}
                Some(Mark::Done) | None => {}
            }
        }
    }
    order
}

fn set(marks: &mut [Mark], at: usize, mark: Mark) {
    if let Some(slot) = marks.get_mut(at) {
        *slot = mark;
    }
}

fn circle(what: What, names: &[&str], edges: &[Vec<Edge>], way: &[(usize, usize)], target: usize) -> Diagnostic {
    let from = way.iter().position(|(at, _)| *at == target).unwrap_or(0);
    let mut members: Vec<(usize, usize)> = way.get(from..).unwrap_or_default().to_vec();
    let first = members
        .iter()
        .enumerate()
        .min_by_key(|(_, member)| **member)
        .map_or(0, |(i, _)| i);
    members.rotate_left(first);
    let name = |at: usize| names.get(at).copied().unwrap_or("");
    let span = |(at, next): &(usize, usize)| {
        let edge = next.checked_sub(1).and_then(|next| edges.get(*at)?.get(next));
        edge.map(|(_, span)| *span).unwrap_or_default()
    };
    let shown = members.iter().take(SHOWN).map(|(at, _)| name(*at));
    let mut path: Vec<&str> = shown.collect();
    if members.len() > SHOWN {
        path.push("…");
    }
    path.extend(members.first().map(|(at, _)| name(*at)));
    let path = path.join(" → ");
    let (message, help) = match (members.as_slice(), what) {
        ([(only, _)], What::Audiences) => (
            format!("the audience `{}` refers to itself: `{path}`", name(*only)),
            format!("remove `member of {}`", crate::value::written(name(*only))),
        ),
        (_, What::Audiences) => (
            format!("these audiences refer to each other in a circle: `{path}`"),
            "remove one of these `member of`".to_owned(),
        ),
        ([(only, _)], What::ComputedTraits) => (
            format!("the computed trait `{}` reads itself: `{path}`", name(*only)),
            "compare with a value, or with another trait".to_owned(),
        ),
        (_, What::ComputedTraits) => (
            format!("these computed traits read each other in a circle: `{path}`"),
            "let one of them compare with a value, or with another trait".to_owned(),
        ),
    };
    let place = members.first().map(span).unwrap_or_default();
    let mut error = Diagnostic::error(Code::Cycle, place, message).help(help);
    for member in members.iter().take(SHOWN).skip(1) {
        error = error.related(span(member), "which goes on here");
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(edges: &[&[usize]]) -> (Vec<usize>, Vec<String>) {
        let names: Vec<String> = (0..edges.len()).map(|i| format!("a{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let edges: Vec<Vec<Edge>> = edges
            .iter()
            .map(|targets| targets.iter().map(|t| (*t, Span::default())).collect())
            .collect();
        let mut diagnostics = Vec::new();
        let order = order(What::Audiences, &names, &edges, &mut diagnostics);
        (order, diagnostics.into_iter().map(|d| d.message).collect())
    }

    #[test]
    fn each_audience_comes_after_those_it_needs() {
        assert_eq!(run(&[&[1, 2], &[2], &[]]), (vec![2, 1, 0], vec![]));
    }

    #[test]
    fn circles_are_told_once_from_their_first_audience() {
        let (_, errors) = run(&[&[2], &[0], &[1], &[0]]);
        assert_eq!(
            errors,
            ["these audiences refer to each other in a circle: `a0 → a2 → a1 → a0`"]
        );
        let (_, errors) = run(&[&[0]]);
        assert_eq!(errors, ["the audience `a0` refers to itself: `a0 → a0`"]);
    }

    #[test]
    fn long_chains_need_no_stack() {
        const LENGTH: usize = 200_000;
        let targets: Vec<Vec<usize>> = (1..=LENGTH).map(|next| (next..LENGTH).take(1).collect()).collect();
        let edges: Vec<&[usize]> = targets.iter().map(Vec::as_slice).collect();
        let (order, errors) = run(&edges);
        assert_eq!((order.len(), errors.len()), (LENGTH, 0));
        assert_eq!(order.first(), Some(&(LENGTH - 1)), "the end of the chain comes first");
    }
}
