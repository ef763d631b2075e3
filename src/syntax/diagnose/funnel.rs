//! Slips in funnels: `then`, the names of events, and references to them.

use super::site::Site;
use super::words::{RESERVED, nearest};
use super::{literal, performed};
use crate::diagnostic::Diagnostic;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;

pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    let negated = before == "not" && site.word(-2) == "then";
    if site.wants(&[Rule::kw_performed]) && (before == "then" || negated) {
        return Some(behind_then(site, negated));
    }
    if found == "," && site.word(1) == "then" && site.wants(&[Rule::joiner]) {
        return Some(site.error(0, 0, "before `then` no comma stands").help("remove it"));
    }
    if before == "as" && site.wants(&[Rule::name, Rule::bare_name]) {
        return name(site);
    }
    if site.wants(&[Rule::modifier]) && site.word(-2) == "as" && performed::begins_modifier(before) {
        return Some(without_name(site, -2));
    }
    if site.word(-2) == "as" && site.wants(&[Rule::modifier]) && (found == "." || site.kind(0) == Some(Kind::Word)) {
        return longer_name(site);
    }
    if found == "then" {
        return then(site);
    }
    if site.wants(&[Rule::step, Rule::kw_then]) || matches!(before, "and" | "then") {
        return followed(site);
    }
    if site.wants(&[Rule::operand, Rule::instant, Rule::literal]) {
        return reference(site);
    }
    None
}

/// After `then` or `then not`, something else than `performed`.
fn behind_then(site: &Site<'_, '_>, negated: bool) -> Diagnostic {
    let (found, from) = (site.found(), if negated { -2 } else { -1 });
    let lead = site.text(from, -1);
    let event = |at: isize| site.kind(at) == Some(Kind::String);
    if found == "then" {
        return site.error(0, 0, "`then` stands twice").help("remove one of them");
    }
    if event(0) {
        return site
            .error(from, -1, format!("after `{lead}`, `performed` is missing"))
            .help(format!("write `{lead} performed {found}`"));
    }
    if performed::begins_modifier(found) {
        let end = site.condition_end(0);
        let at = (1..=end).find(|at| site.word(*at) == "performed" && event(at + 1));
        return match at {
            Some(at) => site
                .error(0, at - 1, "what belongs to an event stands behind its name")
                .help(format!(
                    "write `{lead} performed {} {}`",
                    site.word(at + 1),
                    site.text(0, at - 1)
                )),
            None => missing(site, from, &lead),
        };
    }
    let negates = matches!(found, "never" | "no" | "without" | "didn" | "doesn")
        || (matches!(found, "did" | "do" | "does" | "has" | "have") && site.word(1) == "not");
    if negates {
        let at = (1..4).find(|at| event(*at));
        let name = at.map_or("\"Order Completed\"", |at| site.word(at));
        let last = at.map_or(0, |at| at - 1);
        return site
            .error(0, last, format!("`{}` cannot stand after `then`", site.text(0, last)))
            .help(format!("write `then not performed {name}`"));
    }
    if matches!(found, "trait" | "member" | "consent" | "(" | "any") {
        let not = if negated { "not " } else { "" };
        return site
            .error(from, -1, format!("after `{lead}` stands `performed` with an event"))
            .help(format!(
                "a condition on the person is joined with `and`: `and {not}{}`",
                site.condition(0)
            ));
    }
    if nearest(found, &["performed"]).is_some() {
        return site
            .error(0, 0, format!("`{found}` cannot stand after `{lead}`"))
            .help("did you mean `performed`?");
    }
    if site.kind(0) == Some(Kind::Word) && event(1) && !site.is_first(1) {
        return site
            .error(0, 0, format!("`{found}` cannot stand after `{lead}`"))
            .help(format!("write `{lead} performed {}`", site.word(1)));
    }
    missing(site, from, &lead)
}

fn missing(site: &Site<'_, '_>, from: isize, lead: &str) -> Diagnostic {
    site.error(from, -1, format!("after `{lead}` an event is missing"))
        .help(format!("write for example `{lead} performed \"Order Completed\"`"))
}

/// Behind `as`.
fn name(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    let follows = matches!(found, "then" | "and" | "or") || !site.is_name(0) || site.is_end(0);
    if follows && site.kind(0) != Some(Kind::Number) {
        return Some(without_name(site, -1));
    }
    if site.kind(0) == Some(Kind::Number) {
        return Some(
            site.error(0, 0, "a name that begins with a digit needs quotes")
                .help(format!("write `as \"{found}\"`")),
        );
    }
    RESERVED.contains(&found).then(|| {
        site.error(
            0,
            0,
            format!("`{found}` is a word of the language, so as a name it needs quotes"),
        )
        .help(format!("write `as \"{found}\"`, and refer to it as `\"{found}\".…`"))
    })
}

/// `as my cart`, `as a.b`
fn longer_name(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, name) = (site.found(), site.word(-1));
    if found == "." && site.is_name(1) {
        return Some(site.error(-1, 1, "the name of an event has no dot").help(format!(
            "write `as {name}`, and refer to a property as `{name}.{}`",
            site.word(1)
        )));
    }
    let goes_on = performed::begins_modifier(found)
        || matches!(
            found,
            "then" | "and" | "or" | "followed" | "performed" | "trait" | "not" | "member" | "consent"
        );
    if goes_on || site.is_first(0) || site.is_end(0) || found == "lookback" {
        return None;
    }
    Some(
        site.error(-1, 0, "a name with a space in it needs quotes")
            .help(format!("write `as \"{name} {found}\"`, or `as {name}_{found}`")),
    )
}

fn without_name(site: &Site<'_, '_>, at: isize) -> Diagnostic {
    site.error(at, at, "after `as` a name is missing")
        .help("write for example `as checkout`, or remove `as`")
}

/// `then` where no step can stand.
fn then(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let before = site.word(-1);
    let step = |from: isize| {
        let not = site.word(from) == "not";
        let event = from + isize::from(not) + isize::from(site.word(from + isize::from(not)) == "performed");
        let event = if site.kind(event) == Some(Kind::String) {
            site.word(event)
        } else {
            "\"Order Completed\""
        };
        format!("then {}performed {event}", if not { "not " } else { "" })
    };
    match before {
        "and" | "or" | "," => {
            let start = site.condition_start_before(-1);
            let error = site.error(-1, -1, format!("before `then` no `{before}` stands"));
            Some(if site.word(start) == "performed" {
                // The event, its window and its filter stay as they are.
                error.help("remove it")
            } else {
                error.help(format!("write `performed \"…\" {}`", step(1)))
            })
        }
        "not" => Some(site.error(-1, 0, "`not` stands behind `then`").help(format!(
            "write `{}`",
            step(1).replacen("then performed", "then not performed", 1)
        ))),
        "who" | "(" => Some(
            site.error(0, 0, "before `then` an event is missing")
                .help(format!("write `performed \"…\" {}`", step(1))),
        ),
        _ if site.wants(&[Rule::joiner]) && !site.wants(&[Rule::step, Rule::kw_then]) => Some(
            site.error(0, 0, "`then` stands behind an event and what belongs to it alone")
                .help(format!(
                    "write `performed \"…\" {}`; what is no event is joined with `and`",
                    step(1)
                )),
        ),
        _ => None,
    }
}

/// `followed by performed "…"`, and its like.
fn followed(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let last = match (site.found(), site.word(1)) {
        ("followed", "by") | ("after", "that") | ("and", "then") => 1,
        ("followed" | "next" | "later" | "afterwards" | "thereafter", _) => 0,
        _ => return None,
    };
    let event = (last + 1..last + 4).find(|at| site.kind(*at) == Some(Kind::String))?;
    let not = if (last + 1..event).any(|at| site.word(at) == "not") {
        "not "
    } else {
        ""
    };
    let from = if site.word(-1) == "and" { -1 } else { 0 };
    let written = site.text(from, last);
    Some(
        site.error(from, last, format!("`{written}` is written `then`"))
            .help(format!("write `then {not}performed {}`", site.word(event))),
    )
}

/// A reference to an event that is not quite one.
fn reference(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    if site.kind(0) != Some(Kind::Word) {
        return None;
    }
    let path = site.word(1) == "." && site.is_name(2);
    if path && site.wants(&[Rule::literal]) && !site.wants(&[Rule::operand]) {
        let reference = site.text(0, 2);
        return Some(
            site.error(0, 2, "a list holds values, not properties of other events")
                .help(format!("join two tests with `or`, the second with `= {reference}`")),
        );
    }
    if path && !(site.touch(0) && site.touch(1)) {
        return Some(
            site.error(0, 2, "no space stands around the dot")
                .help(format!("write `{found}.{}`", site.word(2))),
        );
    }
    if path && RESERVED.contains(&found) {
        return Some(
            site.error(
                0,
                0,
                format!("`{found}` is a word of the language, so as a name it needs quotes"),
            )
            .help(format!("write `\"{found}\".{}`", site.word(2))),
        );
    }
    if found == "item" {
        return Some(
            site.error(0, 0, "`item` is tested itself, and nothing is compared with it")
                .help(format!("write `\"{found}\"` if it is text")),
        );
    }
    if let Some(error) = turned_round(site) {
        return Some(error);
    }
    let named = (site.chunk.first..site.chunk.end)
        .any(|at| site.tokens.at(at) == "as" && site.tokens.at(at + 1).trim_matches('"') == found);
    named.then(|| {
        let tested = site.word(literal::property_before(site));
        site.error(0, 0, format!("it is not said which property of `{found}` is meant"))
            .help(format!("write `{found}.{tested}`; text needs quotes: `\"{found}\"`"))
    })
}

/// `a.id = id`, `id = id`: what an earlier event has stands on the right.
fn turned_round(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let operator = match site.word(-1) {
        "=" | "!=" => site.word(-1),
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        _ => return None,
    };
    let (first, end) = (site.path_start(-2), site.path_end(0));
    let (left, right) = (site.text(first, -2), site.text(0, end));
    if !site.is_end_or_joiner(end + 1) || site.word(first - 1) == "trait" {
        return None;
    }
    // Of its own event a step knows no name.
    let begins = (site.chunk.first..site.index).rfind(|at| site.tokens.at(*at) == "performed")?;
    let earlier = (site.chunk.first..begins).filter(|at| site.tokens.at(*at) == "as");
    let names: Vec<&str> = earlier.map(|at| site.tokens.at(at + 1).trim_matches('"')).collect();
    let reversed = first < -2 && names.contains(&site.word(first).trim_matches('"'));
    if !reversed && left != right {
        return None;
    }
    let error = site.error(
        first,
        end,
        "a property of this event stands on the left, one of an earlier event on the right",
    );
    Some(match names.as_slice() {
        _ if reversed => error.help(format!("write `{right} {operator} {left}`")),
        [name] => error.help(format!("write `{left} {} {name}.{right}`", site.word(-1))),
        [.., name] => error.help(format!("write for example `{left} {} {name}.{right}`", site.word(-1))),
        [] => error.help(format!(
            "name the earlier event, such as `performed \"…\" as first`, and write `{left} {} first.{right}`",
            site.word(-1)
        )),
    })
}
