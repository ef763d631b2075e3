//! Slips in tests that join two statements in one, or put the words of one in another order.

use super::diagnose::Site;
use super::grammar::Rule;
use crate::diagnostic::Diagnostic;
use crate::syntax::lex::Kind;
use crate::value::quoted;

pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if site.wants(&[Rule::statement]) {
        return behind_statement(site);
    }
    if site.wants(&[Rule::string]) && site.word(-1) == "events" && matches!(site.word(0), "[" | "(") {
        let file = if site.kind(1) == Some(Kind::String) {
            site.shown(1)
        } else {
            "\"…\"".to_owned()
        };
        return Some(
            site.error(0, 0, "`events` names one file")
                .help(format!("write one line for each file, such as `events {file}`")),
        );
    }
    if site.wants(&[Rule::string]) && site.word(-1) == "expect" {
        return reordered(site);
    }
    let outcome = site.wants(&[Rule::membership, Rule::delivery]);
    if outcome
        && matches!(
            site.word(0),
            "denied" | "blocked" | "held" | "suppressed" | "withheld" | "excluded"
        )
    {
        return held_back(site);
    }
    None
}

/// Behind a whole statement.
fn behind_statement(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.word(0);
    let same_line = !site.is_first(0);
    if site.word(-2) == "now" && site.kind(0) == Some(Kind::Number) && found.contains(':') && same_line {
        let zone = if found.ends_with('Z') || found.contains(['+', '-']) {
            ""
        } else {
            "Z"
        };
        return Some(
            site.error(-1, 0, "between day and time stands `T`, and the zone behind it")
                .help(format!("write `now {}T{found}{zone}`", site.shown(-1))),
        );
    }
    if site.word(-2) == "events" && site.kind(-1) == Some(Kind::String) && found == "," {
        return Some(
            site.error(0, 0, "`events` names one file")
                .help("write one line for each file, each with `events`"),
        );
    }
    let expects = (-12..0)
        .rev()
        .find(|at| site.is_first(*at) || site.word(*at) == "expect");
    let expects = expects.is_some_and(|at| site.word(at) == "expect");
    if expects && same_line && matches!(found, "," | "and" | "or" | "&" | "&&" | "but") {
        let next = if matches!(site.word(1), "expect" | "") || site.is_first(1) {
            return None;
        } else {
            site.word(1)
        };
        let help = if found == "or" {
            "there is no `or`: expect what is the case"
        } else if next == "size" || site.kind(1) == Some(Kind::String) {
            "remove it, and begin the next one with `expect` of its own"
        } else {
            "write one `expect` for each, with the profile in each of them"
        };
        return Some(site.error(0, 0, "each `expect` says one thing").help(help));
    }
    let kind = matches!(found, "track" | "identify" | "page" | "screen" | "group" | "alias");
    let written = matches!(site.word(1), "{" | "(") || site.kind(1) == Some(Kind::String);
    (kind && written).then(|| {
        site.error(0, 0, "an event begins with `event`, and says in its `type` what it is")
            .help(format!("write `event {{\"type\": {}, …}}`", quoted(found)))
    })
}

/// `expect x size = 1`, `expect delivered "user_id:u1" to crm`
fn reordered(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, next) = (site.word(0), site.word(1));
    if matches!(next, "size" | "count") && matches!(site.kind(0), Some(Kind::Word)) && !site.is_first(1) {
        let bound = if site.kind(3) == Some(Kind::Number) {
            format!("{} {}", site.shown(2), site.shown(3))
        } else {
            "= …".to_owned()
        };
        return Some(
            site.error(0, 1, "the size of an audience is asked for with `size of`")
                .help(format!("write `expect size of {} {bound}`", site.shown(0))),
        );
    }
    let (word, behind) = match found {
        "delivered" => ("delivered", "to"),
        "filtered" => ("filtered", "at"),
        "in" => ("in", ""),
        _ => return None,
    };
    let profile = (1..4).find(|at| site.kind(*at) == Some(Kind::String))?;
    let mut name = profile + 1;
    while matches!(site.word(name), "to" | "at" | "in" | "from") {
        name += 1;
    }
    let to = if matches!(site.kind(name), Some(Kind::Word)) && !site.is_first(name) {
        site.shown(name)
    } else {
        "…".to_owned()
    };
    let words = format!("{word} {behind}");
    Some(site.error(0, 0, "the profile stands first").help(format!(
        "write `expect {} {} {to}`",
        site.shown(profile),
        words.trim_end()
    )))
}

/// `denied at google_ads`, `blocked at google_ads`
fn held_back(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let mut last = 0;
    while matches!(site.word(last + 1), "at" | "by" | "for" | "from" | "to" | "back") {
        last += 1;
    }
    let name = if site.kind(last + 1) == Some(Kind::Word) && !site.is_first(last + 1) {
        site.shown(last + 1)
    } else {
        "…".to_owned()
    };
    let written: Vec<String> = (0..=last).map(|at| site.shown(at)).collect();
    Some(
        site.error(0, last, format!("`{}` cannot stand here", written.join(" ")))
            .help(format!(
                "write `filtered at {name}` for a member that consent holds back"
            )),
    )
}
