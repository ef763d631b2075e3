//! Slips between the clauses of an audience.

use super::site::Site;
use super::words::nearest;
use crate::diagnostic::Diagnostic;
use crate::syntax::ast::Declares;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;
use crate::syntax::split::Piece;

pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if site.chunk.piece != Piece::Declaration(Declares::Audience) {
        return None;
    }
    if site.wants(&[Rule::kw_anonymous]) {
        return include(site);
    }
    if site.wants(&[Rule::kw_to]) {
        return without_to(site);
    }
    if !site.wants(&[Rule::clause]) {
        return None;
    }
    names(site).or_else(|| clause(site))
}

fn include(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    let error = if matches!(found, "" | "}") {
        site.error(-1, -1, "after `include`, `anonymous` is missing")
    } else {
        site.error(0, 0, format!("`include` cannot be followed by `{found}`"))
    };
    Some(error.help("write `include anonymous`"))
}

fn without_to(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    let name = if site.is_name(0) {
        format!(" {found}")
    } else {
        String::new()
    };
    if before == "consent" && site.word(1) == "is" {
        let last = if site.word(2) == "not" { 3 } else { 2 };
        let condition = site.text(-1, last);
        return Some(
            site.error(-1, last, "a requirement of consent is written with `consent to`")
                .help(format!(
                    "write `consent to{name}`, or make it part of the condition: `who … and {condition}`"
                )),
        );
    }
    matches!(before, "send" | "consent").then(|| {
        site.error(-1, -1, format!("after `{before}`, `to` is missing"))
            .help(format!("write `{before} to{name}`"))
    })
}

/// What stands between the names of `send to` and `consent to`.
fn names(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    let pair = |joiner: &str| format!("{before}{joiner}{}", site.word(1));
    // `send to a` wants a comma behind it, the clause `consent to a` an `and`; a condition wants either joiner.
    let in_send = site.wants(&[Rule::comma]);
    let in_consent = site.wants(&[Rule::kw_and]);
    match found {
        "and" | "or" if in_send => Some(
            site.error(0, 0, "destinations are separated by commas")
                .help(format!("write `send to {}`", pair(", "))),
        ),
        "," if in_consent => Some(
            site.error(0, 0, "after `consent to`, categories are joined by `and`")
                .help(format!("write `consent to {}`", pair(" and "))),
        ),
        "or" if in_consent => Some(
            site.error(
                0,
                0,
                "what `consent to` lists is required together, so `or` cannot stand here",
            )
            .help(format!(
                "make it part of the condition: `who … and (consent to {before} or consent to {})`",
                site.word(1)
            )),
        ),
        "is" if in_consent => {
            let last = if site.word(1) == "not" { 2 } else { 1 };
            Some(
                site.error(
                    0,
                    last,
                    format!("`consent to {before}` needs no `{}`", site.text(0, last)),
                )
                .help(format!("write `consent to {before}`")),
            )
        }
        _ if in_send && site.is_name(0) && !site.is_first(0) && !is_clause(found) => Some(
            site.error(0, 0, format!("between `{before}` and `{found}` a comma is missing"))
                .help(format!("write `send to {before}, {found}`")),
        ),
        _ => None,
    }
}

fn is_clause(word: &str) -> bool {
    matches!(word, "who" | "consent" | "include" | "send")
}

/// A word that begins no clause where one can begin.
fn clause(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    if site.kind(0) != Some(Kind::Word) {
        return match found {
            "," => Some(site.error(0, 0, "no comma stands between clauses").help("remove it")),
            _ => None,
        };
    }
    match found {
        "trait" | "performed" | "member" => {
            return Some(
                site.error(0, 0, "the condition of an audience begins with `who`")
                    .help(format!("write `who {}`", site.condition(0))),
            );
        }
        "not" if site.word(1) == "consent" => {
            return Some(
                site.error(0, 0, "a requirement of consent cannot begin with `not`")
                    .help(format!(
                        "make it part of the condition: `who … and {}`",
                        site.condition(0)
                    )),
            );
        }
        _ => {}
    }
    let meant = nearest(found, &["who", "consent", "include", "send"]);
    if meant.is_none() && !site.is_first(0) && site.wants(&[Rule::joiner]) {
        return None;
    }
    let error = site.error(0, 0, format!("`{found}` cannot stand in an audience"));
    let help = match meant {
        _ if matches!(found, "if" | "where" | "when" | "not") => {
            let from = if found == "not" { 0 } else { 1 };
            format!("write `who {}`", site.condition(from))
        }
        _ if matches!(site.word(-1), "anonymous") => "write `include anonymous`".to_owned(),
        Some("consent") => "did you mean `consent to`?".to_owned(),
        Some("include") => "did you mean `include anonymous`?".to_owned(),
        Some("send") => "did you mean `send to`?".to_owned(),
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "what can stand here begins with `who`, `consent to`, `include anonymous` or `send to`".to_owned(),
    };
    Some(error.help(help))
}
