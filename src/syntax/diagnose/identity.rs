//! Slips in `identity { … }`.

use super::site::Site;
use super::words::{RESERVED, nearest};
use crate::diagnostic::Diagnostic;
use crate::model::standard_type;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;

pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    let lower = found.to_lowercase();
    if found == ";" || (lower != found && site.wanted_words().any(|word| word == lower)) {
        return None;
    }
    if site.wants(&[Rule::open_brace]) {
        return Some(unopened(site));
    }
    if site.wants(&[Rule::period]) {
        return Some(period(site, 0));
    }
    if site.wants(&[Rule::integer]) {
        return Some(number(site));
    }
    if site.wants(&[Rule::source, Rule::source_root, Rule::kw_traits]) {
        return Some(source(site));
    }
    if site.wants(&[Rule::kw_from, Rule::sources]) {
        return Some(after_type(site));
    }
    if site.wants(&[Rule::kw_limit]) {
        return after_sources(site);
    }
    if site.wants(&[Rule::blocked, Rule::string]) && matches!(site.word(-1), "block" | ",") {
        return Some(blocked(site));
    }
    if site.wants(&[Rule::comma]) {
        return after_block(site);
    }
    after_limit(site, 0).or_else(|| type_name(site))
}

fn unopened(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    if site.is_name(0) && site.word(1) == "{" {
        return site
            .error(0, 0, "`identity` has no name: there is one for all")
            .help("write `identity {`");
    }
    if matches!(found, "=" | ":" | "(") {
        return site
            .error(0, 0, format!("no `{found}` stands after `identity`"))
            .help("write `identity {`");
    }
    site.error(-1, -1, "`identity` has no `{` before its rules")
        .help("write `identity {`")
}

/// What is read as a period, at the offset.
fn period(site: &Site<'_, '_>, at: isize) -> Diagnostic {
    const PERIODS: &str = "write `per week`, `per month` or `per year`, or nothing for ever";
    let word = site.word(at);
    let length = word.to_lowercase();
    let meant = match length.as_str() {
        "weeks" | "weekly" => Some("week"),
        "months" | "monthly" => Some("month"),
        "years" | "yearly" | "annually" | "annum" => Some("year"),
        word => nearest(word, &["week", "month", "year"]),
    };
    let error = match (site.kind(at), meant) {
        (None | Some(Kind::Sign), _) => site.error(-1, -1, "after `per` it is not said over which time"),
        (Some(Kind::Number), _) => site.error(at, at, "`per` takes no number"),
        _ => site.error(at, at, format!("a limit cannot be counted per `{word}`")),
    };
    error.help(meant.map_or_else(|| PERIODS.to_owned(), |meant| format!("write `per {meant}`")))
}

/// The limit to show for the type whose rule is written up to the offset: of `user_id`, more than one would make one
/// person of several.
fn preset(site: &Site<'_, '_>, last: isize) -> &'static str {
    const LONGEST: isize = 64;
    let sources = (last - LONGEST..last).rev().find(|at| site.word(*at) == "from");
    let own = |at: isize| matches!(site.word(at), "user_id" | "\"user_id\"");
    if own(last) || sources.is_some_and(|from| own(from - 1)) {
        "1"
    } else {
        "5"
    }
}

fn number(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    let preset = preset(site, -2);
    let example = format!("write a whole number, such as `limit {preset}`");
    if matches!(found, "=" | ":") {
        let number = if site.kind(1) == Some(Kind::Number) {
            site.word(1)
        } else {
            preset
        };
        return site
            .error(0, 0, format!("no `{found}` stands after `limit`"))
            .help(format!("write `limit {number}`"));
    }
    match site.kind(0) {
        Some(Kind::Number) => site
            .error(0, 0, format!("a limit is a whole number, and `{found}` is none"))
            .help(example),
        Some(Kind::Sign) if found == "-" => site.error(0, 0, "a limit cannot be negative").help(example),
        Some(Kind::Word | Kind::String) if !site.is_first(0) => site
            .error(0, 0, format!("a limit is written in digits, not as `{found}`"))
            .help(example),
        _ => site
            .error(-1, -1, "after `limit` it is not said how many a person may have")
            .help(example),
    }
}

fn source(site: &Site<'_, '_>) -> Diagnostic {
    const PLACES: &str = "a place begins with `traits.`, `context.` or `properties.`, such as `from traits.phone`";
    let found = site.found();
    let missing = site.kind(0).is_none_or(|kind| kind == Kind::Sign);
    if missing || (found == "limit" && site.kind(1) == Some(Kind::Number)) {
        let message = format!("after `{}` a place in the event is missing", site.word(-1));
        return site.error(-1, -1, message).help(PLACES);
    }
    if site.kind(0) == Some(Kind::String) {
        let inside = found.trim_matches('"');
        let begins = ["traits.", "context.", "properties."]
            .iter()
            .any(|root| inside.starts_with(root));
        let help = if begins {
            format!("write `from {inside}`")
        } else {
            PLACES.to_owned()
        };
        return site
            .error(0, 0, "a place in the event stands without quotes")
            .help(help);
    }
    let mut last = 0;
    while site.word(last + 1) == "." && site.is_name(last + 2) && last < 16 {
        last += 2;
    }
    let whole = site.text(0, last);
    let rest: String = (1..=last).map(|at| site.word(at)).collect();
    if matches!(found, "traits" | "context" | "properties") {
        return if last > 0 {
            site.error(0, last, "no space stands around the dot")
                .help(format!("write `{found}{rest}`"))
        } else {
            site.error(
                0,
                0,
                format!("`{found}` is a whole part of the event, and no place in it"),
            )
            .help(format!("name what stands in it, such as `{found}.phone`"))
        };
    }
    if last == 0 && matches!(found, "trait" | "property") && site.is_name(1) && site.word(1) != "limit" {
        let (path, root) = (site.path_end(1), if found == "trait" { "traits" } else { "properties" });
        return site
            .error(0, path, "a place in the event is written as a path")
            .help(format!("write `from {root}.{}`", site.text(1, path)));
    }
    let call = matches!(
        found,
        "identify" | "track" | "page" | "screen" | "group" | "event" | "message" | "payload" | "body"
    );
    if call && matches!(site.word(2), "traits" | "context" | "properties") && last >= 4 {
        return site
            .error(0, last, "a place begins with the part of the event, whatever the call")
            .help(format!("write `from {}`", site.text(2, last)));
    }
    let meant = match found {
        "trait" => Some("traits"),
        "property" => Some("properties"),
        _ => nearest(found, &["traits", "context", "properties"]),
    };
    let help = match meant.filter(|_| last > 0) {
        Some(meant) => format!("write `{meant}{rest}`"),
        None if found == "event" => format!("{PLACES}; what else an event has, such as `userId`, needs no `from`"),
        None => format!("{PLACES}; for a trait, write `traits.{whole}`"),
    };
    let message = format!("`{whole}` does not say in which part of the event it stands");
    site.error(0, last, message).help(help)
}

/// Behind `block`, or a comma after it.
fn blocked(site: &Site<'_, '_>) -> Diagnostic {
    const EXAMPLE: &str = "write for example `block \"test\", \"unknown\"`";
    let found = site.found();
    let listed = (site.chunk.first..site.index)
        .any(|at| site.tokens.at(at) == found && matches!(site.tokens.at(at + 1), "limit" | "from"));
    if site.kind(0) == Some(Kind::Word) && !site.is_first(0) && (listed || standard_type(found).is_some()) {
        return site
            .error(
                0,
                0,
                format!("`block` takes values in quotes, not types such as `{found}`"),
            )
            .help("write the values that are never used, such as `block \"test\", \"unknown\"`; no type is left out");
    }
    match site.kind(0) {
        Some(Kind::Word | Kind::Number) if !site.is_first(0) => site
            .error(0, 0, "a value that is never used stands in quotes")
            .help(format!("write `\"{}\"`", found.trim_matches('\''))),
        Some(Kind::Sign) if found == "[" => site
            .error(0, 0, "the values after `block` stand without brackets")
            .help(EXAMPLE),
        _ => site
            .error(-1, -1, format!("after `{}` a value is missing", site.word(-1)))
            .help(EXAMPLE),
    }
}

/// Behind a value that is blocked.
fn after_block(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    if found == "block" && site.kind(1) == Some(Kind::String) {
        return Some(
            site.error(0, 0, "`block` stands once")
                .help("put all values behind one `block`, with commas between them"),
        );
    }
    if site.is_name(0) && matches!(site.word(1), "limit" | "from") {
        return Some(
            site.error(0, 0, "`block` stands behind all types of identifiers")
                .help(format!("move `{found}` before `block`")),
        );
    }
    (site.kind(0) == Some(Kind::String)).then(|| {
        site.error(0, 0, "between two values a comma is missing")
            .help(format!("write `, {found}`"))
    })
}

/// Behind what was read as a type, where its places or its limit have to follow.
fn after_type(site: &Site<'_, '_>) -> Diagnostic {
    let (before, found) = (site.word(-1), site.found());
    if before == "block" {
        return blocked(site);
    }
    // In the line of a limit, it was hardly meant as the next type.
    if site.kind(-2) == Some(Kind::Number)
        && !site.is_first(-1)
        && let Some(error) = after_limit(site, -1)
    {
        return error;
    }
    if let Some(error) = said_of_type(site) {
        return error;
    }
    let standard = standard_type(before.trim_matches('"')).filter(|standard| *standard != before.trim_matches('"'));
    if let Some(standard) = standard.filter(|standard| !standard.contains('.')) {
        return site
            .error(-1, -1, format!("there is no type `{before}`"))
            .help(format!("did you mean `{standard}`?"));
    }
    let number = |at: isize| {
        if site.kind(at) == Some(Kind::Number) {
            site.word(at)
        } else {
            preset(site, -1)
        }
    };
    match (found, site.kind(0)) {
        (".", _) => {
            let last = isize::from(site.is_name(1));
            site.error(-1, last, "a type with `.` needs quotes")
                .help(format!("write `\"{}\"`", site.text(-1, last)))
        }
        ("=" | ":", _) => site
            .error(0, 0, format!("between `{before}` and its limit no `{found}` stands"))
            .help(format!("write `{before} limit {}`", number(1))),
        (_, Some(Kind::Word)) if !site.is_first(0) => {
            let help = match nearest(found, &["limit", "from"]) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("write `{before} limit {}`", number(1)),
            };
            site.error(0, 0, format!("`{found}` cannot stand after a type of identifier"))
                .help(help)
        }
        _ => site
            .error(-1, -1, format!("it is not said how many `{before}` a person may have"))
            .help(format!("write `{before} limit {}`", number(0))),
    }
}

/// What is said of a type that is no place and no limit: a priority, or what becomes of profiles. No limit is made of it.
fn said_of_type(site: &Site<'_, '_>) -> Option<Diagnostic> {
    const PRIORITY: &str = "the order of the lines is the priority";
    let (before, found) = (site.word(-1), site.found());
    let listed = matches!(found, ":" | "=" | "[") || site.is_name(0) && !site.is_first(0);
    if matches!(before, "order" | "priority" | "priorities" | "ranking") && listed {
        return Some(site.error(-1, 0, PRIORITY).help(format!(
            "leave out `{before}`, and write one line for each type, the most important first"
        )));
    }
    if site.is_first(0) {
        return None;
    }
    let stands = |last: isize, help: &str| {
        let message = format!("`{}` cannot stand after a type of identifier", site.text(0, last));
        Some(site.error(0, last, message).help(help))
    };
    match found.to_lowercase().as_str() {
        "priority" | "rank" | "weight" | "position" | "precedence" | "order" => {
            let mut last = 0;
            while matches!(site.word(last + 1), "=" | ":") || site.kind(last + 1) == Some(Kind::Number) {
                last += 1;
            }
            stands(last, &format!("remove it: {PRIORITY}"))
        }
        "first" | "primary" | "highest" | "top" | "last" | "lowest" | "secondary" => stands(
            0,
            &format!("move the line instead: {PRIORITY}, and behind a type stands its `limit`"),
        ),
        "merge" | "merges" | "merging" | "join" | "link" | "links" | "stitch" | "match" | "matches" | "unify" => {
            stands(
                0,
                "remove it: people who share an identifier are always one profile, as far as the limits let them; behind a type \
             stands its `limit`",
            )
        }
        "unlimited" | "infinite" | "unbounded" | "any" | "all" | "none" | "no" => stands(
            isize::from(site.word(1) == "limit"),
            "every type has a limit: write `limit` and how many of them one person can really have",
        ),
        _ => None,
    }
}

fn after_sources(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    if matches!(found, "or" | "and" | "then" | "else" | "|" | "||" | "&" | "+" | ";") && site.is_name(1) {
        let error = site.error(0, 0, "the places in the event are separated by commas");
        return Some(
            if matches!(site.word(1), "traits" | "context" | "properties") && site.word(2) == "." {
                error.help(format!("write `, {}`", site.text(1, site.path_end(1))))
            } else {
                error.help("write `,` in its place")
            },
        );
    }
    if matches!(found, "traits" | "context" | "properties") && site.word(1) == "." {
        return Some(
            site.error(0, 0, "between two places in the event a comma is missing")
                .help(format!("write `, {found}.…`")),
        );
    }
    if found == "." {
        return Some(
            site.error(-1, 0, "no space stands around the dot")
                .help("write the place in one piece, such as `context.traits.phone`"),
        );
    }
    let first = site.path_start(-1);
    Some(
        site.error(first, -1, "after the places it is not said how many a person may have")
            .help(format!("write `{} limit {}`", site.text(first, -1), preset(site, -1))),
    )
}

/// What stands behind the number of a limit and was meant to say more of it, at the offset.
fn after_limit(site: &Site<'_, '_>, at: isize) -> Option<Diagnostic> {
    const PER: &str = "write `per week`, `per month` or `per year`, or nothing for ever";
    let word = site.word(at);
    match word {
        "," => Some(
            site.error(at, at, "between the types of identifiers no comma stands")
                .help("remove it"),
        ),
        "from" => Some(
            site.error(at, at, "`from` stands before the limit")
                .help("write for example `phone from traits.phone limit 3`"),
        ),
        "weekly" | "monthly" | "yearly" | "annually" => Some(period(site, at)),
        "every" | "each" | "a" | "within" | "in" | "/" | "week" | "month" | "year" => Some(
            site.error(at, at, format!("`{word}` cannot stand after a limit"))
                .help(PER),
        ),
        _ => None,
    }
}

/// Where a type can stand.
fn type_name(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    let named = matches!(site.word(1), "limit" | "from");
    match site.kind(0)? {
        Kind::Word if named && RESERVED.contains(&found) => {
            let message = format!("`{found}` is a word of the language, so as a type it needs quotes");
            Some(site.error(0, 0, message).help(format!("write `\"{found}\"`")))
        }
        Kind::Word | Kind::Number if named => Some(
            site.error(0, 0, format!("a type such as `{found}` needs quotes"))
                .help(format!("write `\"{found}\"`")),
        ),
        _ => None,
    }
}
