//! Slips between the clauses of an audience.

use super::accounts;
use super::consent;
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
    if let Some(error) = exclusion(site) {
        return Some(error);
    }
    let inside = site.wants(&[Rule::close]) && !site.wants(&[Rule::clause]);
    if site.found() == "lookback" && site.kind(1) == Some(Kind::Number) && inside {
        return Some(lookback(site, 0));
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

/// Whether a word takes people away.
pub(super) fn excludes(site: &Site<'_, '_>, at: isize) -> bool {
    match site.word(at) {
        "exclude" | "excludes" | "excluding" | "exclusion" | "except" | "without" | "unless" | "minus" | "omit"
        | "suppress" => true,
        "but" => site.word(at + 1) == "not",
        _ => false,
    }
}

/// The condition that what stands at the offset does not hold.
pub(super) fn negated(site: &Site<'_, '_>, from: isize) -> String {
    none_of(site, from, true)
}

/// The same where an `and` begins what is not left out.
pub(super) fn negated_up_to_and(site: &Site<'_, '_>, from: isize) -> String {
    none_of(site, from, false)
}

/// None of what stands at the offset: conditions and names of audiences. An `or` stays inside of the negation.
fn none_of(site: &Site<'_, '_>, mut from: isize, over_and: bool) -> String {
    const LEAD: [&str; 14] = [
        "who", "those", "people", "users", "everyone", "in", "audience", "segment", "for", "if", "when", "from",
        "where", "all",
    ];
    while LEAD.contains(&site.word(from)) && !accounts::asks(site, from) {
        from += 1;
    }
    let (mut parts, mut joiners) = (Vec::new(), Vec::new());
    let mut members = true;
    let mut whole = true;
    let mut at = from;
    loop {
        let Some((part, end)) = part(site, at) else {
            whole = false;
            break;
        };
        members &= part.starts_with("member of");
        parts.push(part);
        let joiner = site.word(end + 1);
        let goes_on = match joiner {
            "or" => !site.is_end(end + 2),
            "," => members && !site.is_first(end + 2),
            "and" => over_and && begins_condition(site, end + 2) || members && lists_audience(site, end + 2),
            _ => false,
        };
        if !goes_on || parts.len() > 8 {
            whole &= !goes_on;
            break;
        }
        joiners.push(joiner);
        at = end + 2;
    }
    match parts.as_slice() {
        [] => "not member of …".to_owned(),
        _ if !whole => "not (… or …)".to_owned(),
        [one] => consent::denied(one.clone(), 1),
        _ if members => {
            let each: Vec<String> = parts.iter().map(|part| format!("not {part}")).collect();
            each.join(" and ")
        }
        _ if !joiners.contains(&"and") => format!("not ({})", parts.join(" or ")),
        _ if joiners.contains(&"or") => "not (…)".to_owned(),
        _ => format!(
            "not ({})`; if only those are left out who meet all of it, the same with `and",
            parts.join(" or ")
        ),
    }
}

/// Whether the name of an audience stands at the offset, and nothing that a condition begins with.
fn lists_audience(site: &Site<'_, '_>, at: isize) -> bool {
    let member = (site.word(at), site.word(at + 1)) == ("member", "of");
    let bare = site.is_name(at) && !begins_condition(site, at) && !site.is_first(at);
    bare && (site.is_end_or_joiner(at + 1) || site.is_first(at + 1) || site.word(at + 1) == ",") || member
}

/// One of the things to leave out, as a condition, and its last word.
fn part(site: &Site<'_, '_>, at: isize) -> Option<(String, isize)> {
    match site.word(at) {
        "member" | "members" => {
            let name = if site.word(at + 1) == "of" { at + 2 } else { at + 1 };
            site.is_name(name)
                .then(|| (format!("member of {}", site.word(name)), name))
        }
        _ if accounts::asks(site, at) => Some((site.condition(at), site.condition_end(at))),
        "not" | "trait" | "performed" | "consent" | "(" => {
            let nots = isize::from(site.word(at) == "not");
            let (condition, end) = consent::read(site, at + nots)
                .unwrap_or_else(|| (site.condition(at + nots), site.condition_end(at + nots)));
            Some((consent::denied(condition, nots), end))
        }
        _ if consent::meant(site, at).is_some() => Some((consent::meant(site, at)?, site.condition_end(at))),
        name if site.kind(at) == Some(Kind::String) && !consent::declares(site, "audience", name) => {
            Some((format!("performed {name}"), at))
        }
        name if site.is_name(at) => Some((format!("member of {name}"), at)),
        _ => None,
    }
}

/// `exclude staff` and its like: never is anything put in its place that adds people.
fn exclusion(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    let begins = site.wants(&[Rule::clause]) || (site.wants(&[Rule::comma, Rule::kw_anonymous]) && !site.is_first(0));
    if !begins || !excludes(site, 0) || site.kind(0) != Some(Kind::Word) {
        return None;
    }
    let from = if found == "but" { 2 } else { 1 };
    let error = site.error(0, 0, format!("there is no `{found}` in an audience"));
    if site.word(from) == "anonymous" {
        return Some(
            error.help("remove it: without `include anonymous`, nobody counts who is known by an `anonymous_id` alone"),
        );
    }
    Some(error.help(format!("write `who … and {}`", negated(site, from))))
}

fn include(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    if matches!(found, "" | "}") || site.is_first(0) {
        return Some(
            site.error(-1, -1, "after `include`, `anonymous` is missing").help(
                "write `include anonymous` to count people known by an `anonymous_id` alone, or remove `include`",
            ),
        );
    }
    let error = site.error(0, 0, format!("`include` cannot be followed by `{found}`"));
    if let Some(text) = consent::meant(site, 0) {
        return Some(error.help(format!("write it behind `who`: `who … or {text}`")));
    }
    let anonymous = super::words::nearest(found, &["anonymous"]).is_some()
        || matches!(
            found,
            "everybody" | "everyone" | "all" | "anon" | "visitors" | "guests" | "unknown" | "users"
        );
    Some(match found {
        _ if anonymous => error.help("write `include anonymous` to count people known by an `anonymous_id` alone, too"),
        "not" if site.word(1) == "anonymous" => {
            error.help("remove it: without `include anonymous`, nobody counts who is known by an `anonymous_id` alone")
        }
        "trait" | "performed" | "member" | "consent" | "not" | "who" => {
            let from = if found == "who" { 1 } else { 0 };
            error.help(format!("write it behind `who`: `who … or {}`", site.condition(from)))
        }
        _ if site.is_name(0) => error.help(format!(
            "for the members of another audience, write `who … or member of {found}`"
        )),
        _ => error
            .help("write `include anonymous` to count people known by an `anonymous_id` alone, or remove `include`"),
    })
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
    if before == "send" && site.word(1) == "to" && site.is_name(2) && !site.is_first(1) {
        return Some(
            site.error(0, 0, format!("`send` is followed by `to`, not by `{found}`"))
                .help(format!("write `send to {}`", site.word(2))),
        );
    }
    if matches!(found, ":" | "=") && site.is_name(1) {
        return Some(
            site.error(0, 0, format!("`{before}` is followed by `to`, not by `{found}`"))
                .help(format!("write `{before} to {}`", site.word(1))),
        );
    }
    if matches!(
        found,
        "required"
            | "needed"
            | "given"
            | "for"
            | "of"
            | "on"
            | "with"
            | "in"
            | "them"
            | "it"
            | "into"
            | "members"
            | "people"
    ) && (site.is_name(1) && !site.is_first(1))
    {
        let name = if site.word(1) == "to" { 2 } else { 1 };
        return Some(
            site.error(0, 0, format!("`{before}` is followed by `to`, not by `{found}`"))
                .help(format!("write `{before} to {}`", site.word(name))),
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
        "and" | "or" if site.word(-3) == "lookback" => Some(lookback(site, -3)),
        "and" | "or"
            if in_send && (begins_condition(site, 1) || site.is_first(0) || consent::meant(site, 1).is_some()) =>
        {
            let condition = consent::meant(site, 1).unwrap_or_else(|| site.condition(1));
            Some(
                site.error(0, 0, "a condition stands behind `who`, not behind `send to`")
                    .help(format!("write `who … {found} {condition}`")),
            )
        }
        "if" | "when" | "where" | "who" if in_send && begins_condition(site, 1) && !site.is_first(0) => Some(
            site.error(0, 0, "a condition stands behind `who`, not behind `send to`")
                .help(format!("write `who … and {}`", site.condition(1))),
        ),
        "and" | "or" | "&" | "+" if in_send => Some(
            site.error(0, 0, "destinations are separated by commas")
                .help(format!("write `send to {}`", pair(", "))),
        ),
        "," if in_consent => Some(
            site.error(0, 0, "after `consent to`, categories are joined by `and`")
                .help(format!("write `consent to {}`", pair(" and "))),
        ),
        "or" | "and" if in_consent && consent::meant(site, 1).is_some() && !consent::is_category(site, 1) => Some(
            site.error(0, 0, "`consent to` joins categories, and this is a condition")
                .help(format!(
                    "make both part of the condition: `who … and (consent to {before} {found} {})`",
                    consent::meant(site, 1)?
                )),
        ),
        "or" | "and" if in_consent && begins_condition(site, 1) => Some(
            site.error(0, 0, "`consent to` joins categories, and this is a condition")
                .help(format!(
                    "make both part of the condition: `who … and (consent to {before} {found} {})`",
                    site.condition(1)
                )),
        ),
        "&" | "&&" | "+" if in_consent => Some(
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
            if !matches!(site.word(1), "granted" | "true" | "given") {
                return Some(
                    site.error(0, last, "`consent to` beside `who` asks for consent that is granted")
                        .help(format!(
                            "for another state, make it part of the condition: `who … and consent {before} is {}`",
                            site.text(1, last)
                        )),
                );
            }
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

/// `lookback 30 days` at the offset, in the midst of a condition.
fn lookback(site: &Site<'_, '_>, at: isize) -> Diagnostic {
    site.error(at, at + 2, "`lookback` is a clause of the audience, beside `who`")
        .help(format!(
            "write it behind the whole condition; for one event alone, write `within {}` there",
            site.text(at + 1, at + 2)
        ))
}

fn begins_condition(site: &Site<'_, '_>, at: isize) -> bool {
    match site.word(at) {
        "trait" | "performed" | "not" | "(" => true,
        "member" => site.word(at + 1) == "of",
        "consent" => site.word(at + 1) == "to" || site.word(at + 2) == "is",
        _ => accounts::asks(site, at),
    }
}

fn is_clause(word: &str) -> bool {
    matches!(word, "who" | "consent" | "include" | "lookback" | "send")
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
    let meant = nearest(found, &["who", "consent", "include", "lookback", "send"]).filter(|_| found != "end");
    if let Some(error) = other_clause(site) {
        return Some(error);
    }
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
        Some("lookback") => "did you mean `lookback`, with a length of time behind it?".to_owned(),
        Some("send") => "did you mean `send to`?".to_owned(),
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "what can stand here begins with `who`, `consent to`, `include anonymous`, `lookback` or `send to`"
            .to_owned(),
    };
    Some(error.help(help))
}

/// What other languages have beside the condition.
fn other_clause(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, next) = (site.found(), site.word(1));
    if !site.is_first(0) && site.wants(&[Rule::joiner]) {
        return None;
    }
    let last = if site.is_first(1) || matches!(next, "" | "}") {
        0
    } else {
        1
    };
    Some(match found {
        "end" | "done" => site
            .error(0, 0, format!("`{found}` cannot stand in an audience"))
            .help("remove it: `}` ends an audience"),
        "limit" | "top" | "sample" => site
            .error(
                0,
                last,
                format!("there is no `{found}`: all who meet the condition are in an audience"),
            )
            .help("write a narrower condition behind `who`"),
        "description" | "title" | "label" | "name" if site.kind(1) == Some(Kind::String) => site
            .error(0, 1, "the text to show stands behind the name of the audience")
            .help(format!(
                "write `audience {} {next} {{`",
                site.tokens.at(site.chunk.first + 1)
            )),
        "to" | "destination" | "destinations" | "deliver" | "sync" | "export" | "push" => {
            let name = (1..3).find(|at| !site.is_first(*at) && site.is_name(*at) && site.word(*at) != "to");
            let name = name.map_or("…", |at| site.word(at));
            site.error(0, 0, format!("`{found}` cannot stand in an audience"))
                .help(format!("write `send to {name}`"))
        }
        "do" | "don" | "not" | "never"
            if matches!(site.word(1), "send" | "not") && (1..3).any(|at| site.word(at) == "send") =>
        {
            site.error(0, 0, format!("`{found}` cannot stand before `send`"))
                .help("leave out `send to`: an audience is sent only where it says so")
        }
        "with" | "only" | "needs" | "must" if next == "consent" => {
            let to = if site.word(2) == "to" { 3 } else { 2 };
            site.error(0, 0, format!("`{found}` cannot stand before `consent to`"))
                .help(format!("write `consent to {}`", site.word(to)))
        }
        "requires" | "require" => site
            .error(0, 0, "an audience asks for consent with `consent to`")
            .help(format!("write `consent to {}`", if last == 1 { next } else { "…" })),
        _ => return None,
    })
}
