//! What stands between the name of an audience and its `{`, and belongs inside of it: `audience vips extends seed {`.
//!
//! Quotes would make a part of the name of it, and a restriction that is part of a name restricts nobody.

use super::audience::excludes;
use super::condition;
use super::consent;
use super::site::Site;
use super::test;
use super::waiver;
use crate::diagnostic::Diagnostic;
use crate::syntax::ast::Declares;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;
use crate::syntax::split::Piece;

/// Behind the name, or the text to show.
pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if site.chunk.piece != Piece::Declaration(Declares::Audience) || !site.wants(&[Rule::open_brace]) {
        return None;
    }
    if site.is_first(0) || site.kind(0) != Some(Kind::Word) {
        return None;
    }
    let mut end = 1;
    while !site.is_first(end) && site.word(end) != "{" {
        end += 1;
    }
    let last = end - 1;
    let error = |message: &str| Some(site.error(0, last, message));
    if let Some(waived) = waiver::waives(site, 0) {
        let message = format!("`{}` is nothing that an audience can say", site.text(0, waived));
        return error(&message).map(|error| error.help(waiver::HELP));
    }
    if let Some(asked) = consent_asked(site, end) {
        return error("what an audience requires stands inside its `{ }`").map(|error| error.help(asked));
    }
    if conditions(site, end) {
        let name = site.tokens.at(site.chunk.first + 1);
        let lead = matches!(
            site.found(),
            "where" | "when" | "if" | "with" | "having" | "whose" | "who" | "that" | "for" | "as"
        );
        let from = isize::from(lead);
        let condition = site.text(from, last);
        let help = if site.word(end) == "{" && condition::begins(site, from) {
            format!("write `audience {name} {{`, and in it `who {condition}`")
        } else {
            "write them there, behind `who`".to_owned()
        };
        return error("conditions stand inside the `{ }` of an audience, behind `who`").map(|error| error.help(help));
    }
    let name = taken_over(site, end)?;
    let excluded = (0..end).any(|at| excludes(site, at) || matches!(site.word(at), "not" | "no"));
    let help = match (name, excluded) {
        (Some(name), false) => format!("inside its `{{ }}`, write `who member of {name} and …`"),
        (Some(name), true) => format!("inside its `{{ }}`, write `who not member of {name} and …`"),
        (None, _) => "inside its `{ }`, write `who member of …` or `who not member of …` for each of them".to_owned(),
    };
    error("an audience takes nothing over from another, and its name does not say who is in it")
        .map(|error| error.help(help))
}

/// The help for words about consent.
fn consent_asked(site: &Site<'_, '_>, end: isize) -> Option<String> {
    let about = (0..end).any(|at| {
        let word = site.word(at);
        matches!(
            word,
            "consent" | "consents" | "consented" | "requires" | "require" | "requiring" | "consenting"
        ) || consent::is_declared_category(site, at)
    });
    if !about {
        return None;
    }
    let plain = |at: isize| {
        consent::is_category(site, at)
            || matches!(
                site.word(at),
                "requires"
                    | "require"
                    | "requiring"
                    | "consent"
                    | "to"
                    | "for"
                    | "with"
                    | "needs"
                    | "and"
                    | ","
                    | "only"
            )
    };
    let names: Vec<&str> = (0..end)
        .filter(|at| consent::is_category(site, *at))
        .map(|at| site.word(at))
        .collect();
    Some(if !names.is_empty() && (0..end).all(plain) {
        format!(
            "inside its `{{ }}`, write the clause `consent to {}`",
            names.join(" and ")
        )
    } else {
        "inside its `{ }`, a clause such as `consent to Advertising` asks for consent; other states of it are asked for behind \
         `who`"
            .to_owned()
    })
}

/// Whether it is a condition.
fn conditions(site: &Site<'_, '_>, end: isize) -> bool {
    let begins = (0..end).any(|at| condition::begins(site, at));
    let compares = (0..end).any(|at| site.kind(at) == Some(Kind::Sign) && test::begins_test(site.word(at)));
    begins
        || compares
        || matches!(
            site.found(),
            "where" | "when" | "if" | "having" | "whose" | "who" | "that"
        )
}

/// Whether it names another audience, or says that it is made from one; and that audience, if it is one alone.
fn taken_over<'t>(site: &Site<'_, 't>, end: isize) -> Option<Option<&'t str>> {
    let says = |at: isize| {
        excludes(site, at)
            || matches!(
                site.word(at),
                "extends"
                    | "extending"
                    | "extend"
                    | "from"
                    | "for"
                    | "inherits"
                    | "inheriting"
                    | "based"
                    | "like"
                    | "including"
                    | "includes"
                    | "plus"
                    | "minus"
                    | "in"
                    | "is"
                    | "uses"
                    | "using"
                    | "within"
                    | "on"
                    | "and"
                    | "or"
                    | "not"
                    | "no"
                    | "of"
                    | "member"
                    | "members"
                    | "lookalike"
                    | "similar"
                    | "to"
                    | "copy"
                    | "only"
                    | "with"
                    | "by"
                    | "all"
            )
    };
    let declared = |at: &isize| site.is_name(*at) && consent::declares(site, "audience", site.word(*at));
    let named: Vec<isize> = (0..end).filter(declared).collect();
    let first = says(0)
        && !matches!(
            site.found(),
            "of" | "and" | "or" | "to" | "is" | "all" | "on" | "in" | "by"
        );
    if named.is_empty() && !first {
        return None;
    }
    let others: Vec<isize> = (0..end).filter(|at| site.is_name(*at) && !says(*at)).collect();
    Some(match others.as_slice() {
        [one] => Some(site.word(*one)),
        _ => None,
    })
}
