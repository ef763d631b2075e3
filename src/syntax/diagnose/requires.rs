//! What a destination requires, without the word `requires`: `destination meta: Advertising`.
//!
//! A destination that requires nothing is sent everybody, so a category beside its name is never taken for a part of it.

use super::consent::{is_category, is_declared_category};
use super::site::Site;
use crate::diagnostic::Diagnostic;
use crate::syntax::ast::Declares;
use crate::syntax::lex::Kind;
use crate::syntax::split::Piece;

const MISSING: &str = "what people must have agreed to stands after `requires`";
const TOGETHER: &str = "list after `requires`, with commas, what has to be granted together, and nothing else";

/// A category behind the name of a destination.
pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if site.chunk.piece != Piece::Declaration(Declares::Destination) {
        return None;
    }
    let keyword = -isize::try_from(site.index.checked_sub(site.chunk.first)?).ok()?;
    let mut from = keyword + 2;
    if site.kind(from) == Some(Kind::String) && site.word(from + 1) != "," {
        from += 1;
    }
    if keyword == 0 || !(from..=from + 1).contains(&0) {
        return None;
    }
    // Nothing of the language may stand among the words.
    let stops = |at: isize| {
        matches!(
            site.word(at),
            "" | "{" | "}" | "requires" | "nothing" | "category" | "audience"
        )
    };
    let mut end = from;
    while !stops(end) && (end == from || !site.is_first(end)) && end < from + 10 {
        end += 1;
    }
    if site.word(end) == "requires" {
        return None;
    }
    let first = (from..end).find(|at| is_category(site, *at))?;
    let name = site.text(keyword + 1, from - 1);
    let error = site.error(from, end - 1, MISSING);
    if (from..end).any(|at| weakens(site.word(at))) {
        return Some(error.help(TOGETHER));
    }
    let mut names = vec![site.word(first)];
    let mut at = first + 1;
    while matches!(site.word(at), "," | "and" | "&" | "+") && at + 1 < end && site.is_name(at + 1) {
        names.push(site.word(at + 1));
        at += 2;
    }
    let write = format!("write `destination {name} requires {}`", names.join(", "));
    let sure = is_declared_category(site, first)
        || matches!(
            site.word(from),
            ":" | "="
                | "consent"
                | "needs"
                | "need"
                | "require"
                | "required"
                | "requiring"
                | "with"
                | "if"
                | "when"
                | "only"
                | "for"
                | "must"
                | "asks"
        );
    Some(error.help(if sure || site.kind(from) != Some(Kind::Word) {
        write
    } else {
        format!(
            "{write}; only if all of it is the name, in quotes: `\"{} {}\"`",
            name.trim_matches('"'),
            site.text(from, end - 1)
        )
    }))
}

/// The same on the line below the destination, where it is a piece of its own.
pub(super) fn on_a_line_of_its_own(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let before = |back: usize| site.index.checked_sub(back).map_or("", |index| site.tokens.at(index));
    let mut end = 1;
    while !site.is_first(end) && site.word(end) != "{" {
        end += 1;
    }
    let first = (0..end).find(|at| is_declared_category(site, *at) || *at == 0 && is_category(site, 0));
    if before(2) != "destination" {
        return None;
    }
    let first = first?;
    let mut last = first;
    while site.word(last + 1) == "," && site.is_name(last + 2) {
        last += 2;
    }
    let error = site.error(0, last, MISSING);
    if (0..end).any(|at| weakens(site.word(at))) {
        return Some(error.help(TOGETHER));
    }
    Some(error.help(format!(
        "write `destination {} requires {}`",
        before(1),
        site.text(first, last)
    )))
}

/// Whether less than all of what is listed would be required.
fn weakens(word: &str) -> bool {
    matches!(
        word,
        "or" | "|" | "||" | "/" | "not" | "no" | "without" | "except" | "but" | "unless" | "never"
    )
}
