//! `without consent`, `ignore consent`: a clause that would do without consent.
//!
//! No audience asks for consent unless it says so, and what a destination requires, no audience can lift. So there is
//! nothing to write in its place, and a condition on those who refused is something else.

use super::site::Site;
use crate::diagnostic::Diagnostic;
use crate::syntax::ast::Declares;
use crate::syntax::grammar::Rule;
use crate::syntax::split::Piece;

/// What stands in the place of a clause that would do without consent.
pub(super) const HELP: &str = "remove it: an audience asks for no consent unless it says so; what a destination requires is said at the destination";

/// Where a clause can stand, or behind the names of `send to`.
pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if site.chunk.piece != Piece::Declaration(Declares::Audience) {
        return None;
    }
    if site.found() == "enforcement" && site.word(-1) == "consent" && site.is_first(-1) && site.wants(&[Rule::kw_to]) {
        let last = isize::from(matches!(site.word(1), "on" | "off"));
        return Some(
            site.error(-1, last, "`consent enforcement` is said of all audiences, not of one")
                .help("write it outside of every audience, on a line of its own"),
        );
    }
    // Behind a condition on the same line, it is one of its parts.
    let begins = site.is_first(0) || !site.wants(&[Rule::joiner]);
    if !site.wants(&[Rule::clause]) || !begins {
        return None;
    }
    let last = waives(site, 0)?;
    Some(
        site.error(
            0,
            last,
            format!("`{}` is nothing that an audience can say", site.text(0, last)),
        )
        .help(HELP),
    )
}

/// Whether the words at an offset do without consent, and name nobody who has or has not given it; and the last of them.
pub(super) fn waives(site: &Site<'_, '_>, at: isize) -> Option<isize> {
    let lifts = matches!(
        site.word(at),
        "ignore"
            | "ignores"
            | "ignoring"
            | "skip"
            | "skips"
            | "bypass"
            | "bypasses"
            | "override"
            | "disregard"
            | "regardless"
    );
    if !lifts && !matches!(site.word(at), "without" | "no" | "needs" | "requires") {
        return None;
    }
    let mut last = at + 1;
    while matches!(site.word(last), "of" | "no" | "any" | "all" | "the" | "user" | "their") {
        last += 1;
    }
    if site.word(last) != "consent" || site.is_first(last) || !lifts && !(at..last).any(|at| denies(site.word(at))) {
        return None;
    }
    while matches!(
        site.word(last + 1),
        "needed" | "required" | "necessary" | "asked" | "check" | "checks" | "enforcement"
    ) && !site.is_first(last + 1)
    {
        last += 1;
    }
    let ends = site.is_first(last + 1) || matches!(site.word(last + 1), "" | "{" | "}");
    (lifts || ends).then_some(last)
}

fn denies(word: &str) -> bool {
    matches!(word, "without" | "no")
}
