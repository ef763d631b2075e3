//! Slips in conditions and filters: what begins one, what joins two.

use super::consent;
use super::site::Site;
use super::test;
use super::words::nearest;
use crate::diagnostic::Diagnostic;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;

const BEGINNINGS: &str = "a condition begins with `performed`, `trait`, `member of`, `consent` or `not`";

pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if site.wants(&[Rule::kw_of]) && site.word(-1) == "member" {
        return Some(member_without_of(site));
    }
    if site.wants(&[Rule::kw_is]) {
        return Some(consent_without_is(site));
    }
    if site.wants(&[Rule::consent_state, Rule::kw_collected]) {
        return Some(consent_state(site));
    }
    let filter = wants_filter(site);
    if filter || wants_condition(site) {
        return Some(begin(site, filter));
    }
    if site.wants(&[Rule::joiner, Rule::kw_and]) && site.wants(&[Rule::joiner]) {
        return between(site);
    }
    None
}

/// Whether a test of a property is wanted.
pub(super) fn wants_filter(site: &Site<'_, '_>) -> bool {
    site.wants(&[
        Rule::filter,
        Rule::filter_unary,
        Rule::filter_brackets,
        Rule::any_property,
        Rule::property_test,
        Rule::element,
        Rule::element_unary,
        Rule::element_brackets,
        Rule::any_element,
        Rule::element_test,
        Rule::item_path,
        Rule::property,
        Rule::first_key,
        Rule::free_word,
    ])
}

/// Whether a condition is wanted. Behind `not`, its beginnings are wanted one by one.
pub(super) fn wants_condition(site: &Site<'_, '_>) -> bool {
    site.wants(&[Rule::condition, Rule::unary, Rule::performed, Rule::kw_performed])
}

fn member_without_of(site: &Site<'_, '_>) -> Diagnostic {
    if site.word(0) == "not" && site.word(1) == "of" {
        return site
            .error(-1, 1, "`not` stands before `member of`")
            .help(format!("write `not member of {}`", site.word(2)));
    }
    let name = if site.is_name(0) { site.found() } else { "…" };
    site.error(-1, -1, "after `member`, `of` is missing")
        .help(format!("write `member of {name}`"))
}

// ---- consent

fn consent_without_is(site: &Site<'_, '_>) -> Diagnostic {
    let (found, name) = (site.found(), site.word(-1));
    if matches!(found, "=" | ":" | "==" | "!=" | "are" | "was" | "has" | "in") {
        let state = site.word(1).trim_matches('"');
        let state = match state {
            "not" => site.text(1, 2),
            _ => state.to_owned(),
        };
        let help = match (found, state.as_str()) {
            ("!=", "granted" | "denied" | "conflicted") => format!("write `not consent {name} is {state}`"),
            ("!=" | "in", _) => format!("write for example `consent to {name}`, or `consent {name} is denied`"),
            (_, "true" | "yes" | "given" | "1") => format!("write `consent to {name}`"),
            (_, "false" | "no" | "0") => {
                format!(
                    "write `consent {name} is denied` for those who said no, or `not consent to {name}` for all but yes"
                )
            }
            _ => format!("write `consent {name} is {state}`"),
        };
        return site.error(0, 0, "the state of consent stands after `is`").help(help);
    }
    if matches!(name, "for" | "of" | "on" | "with" | "given" | "from") && site.is_name(0) && !site.is_first(0) {
        return site
            .error(-1, -1, format!("`consent` is followed by `to`, not by `{name}`"))
            .help(format!("write `consent to {found}`"));
    }
    let state = if found == "not" {
        site.text(0, 1)
    } else {
        found.to_owned()
    };
    if matches!(state.as_str(), "granted" | "denied" | "conflicted" | "not collected") && !site.is_first(0) {
        return site
            .error(
                0,
                if found == "not" { 1 } else { 0 },
                "the state of consent stands after `is`",
            )
            .help(format!("write `consent {name} is {state}`"));
    }
    site.error(-2, -1, format!("it is not said what consent to `{name}` must be"))
        .help(format!(
            "write `consent to {name}`, or `consent {name} is denied` (or `conflicted`, or `not collected`)"
        ))
}

fn consent_state(site: &Site<'_, '_>) -> Diagnostic {
    const STATES: &str = "granted`, `denied`, `conflicted` and `not collected";
    let found = site.found();
    if site.word(-1) == "not" && site.wants(&[Rule::kw_collected]) {
        let name = site.word(-3);
        if site.kind(0) == Some(Kind::String) {
            return site
                .error(0, 0, "a state of consent stands without quotes")
                .help(super::consent::forms(name));
        }
        if site.kind(0) != Some(Kind::Word) {
            return site
                .error(-1, -1, "after `not`, `collected` is missing")
                .help("write `not collected`");
        }
        let help = match nearest(found, &["granted", "denied", "conflicted", "collected"]) {
            None if matches!(found, "true" | "yes" | "given" | "on") => format!("write `not consent to {name}`"),
            Some("collected") => "write `not collected`".to_owned(),
            Some(state) => format!("write `not consent {name} is {state}`"),
            None => format!("write one of `{STATES}`"),
        };
        let written = site.text(-1, 0);
        return site
            .error(-1, 0, format!("`{written}` is not a state of consent"))
            .help(help);
    }
    let name = site.word(-2);
    if site.kind(0) != Some(Kind::Word) && !matches!(site.kind(0), Some(Kind::String)) || site.is_end(0) {
        return site
            .error(-1, -1, "after `is` a state of consent is missing")
            .help(format!("write one of `{STATES}`"));
    }
    let bare = found.trim_matches('"').replace(['_', '-'], " ").to_lowercase();
    if matches!(bare.as_str(), "granted" | "denied" | "conflicted" | "not collected") {
        let message = if found.starts_with('"') {
            "a state of consent stands without quotes".to_owned()
        } else {
            format!("`{found}` is not a state of consent")
        };
        return site
            .error(0, 0, message)
            .help(format!("write `consent {name} is {bare}`"));
    }
    let help = match found.trim_matches('"') {
        "true" | "yes" | "given" | "on" => format!("write `consent to {name}`, or `consent {name} is granted`"),
        "false" | "no" | "off" if consent::nots(site, -3) > 0 => consent::forms(name),
        "false" | "no" | "off" => {
            format!(
                "write `consent {name} is denied` for those who said no, or `not consent to {name}` for all but yes"
            )
        }
        "missing" | "absent" | "uncollected" => format!("did you mean `not collected`? The states are `{STATES}`"),
        word => match nearest(word, &["granted", "denied", "conflicted"]) {
            Some(meant) => format!("did you mean `{meant}`? The states are `{STATES}`"),
            None => format!("write one of `{STATES}`"),
        },
    };
    site.error(0, 0, format!("`{found}` is not a state of consent"))
        .help(help)
}

// ---- where a condition begins

pub(super) fn begin(site: &Site<'_, '_>, filter: bool) -> Diagnostic {
    nothing_there(site, filter)
        .or_else(|| odd_sign(site, filter))
        .or_else(|| after_joiner(site))
        .or_else(|| filter.then(|| property(site))?)
        .unwrap_or_else(|| word(site, filter))
}

/// A condition is missing altogether.
fn nothing_there(site: &Site<'_, '_>, filter: bool) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    if before == "(" && found == ")" {
        let help = if filter && site.word(-2) == "where" {
            "write one, such as `where (total > 50)`, or remove `where ()`"
        } else {
            "write one, or remove the brackets"
        };
        return Some(
            site.error(-1, 0, "there is no condition between these brackets")
                .help(help),
        );
    }
    let joiner = matches!(found, "and" | "or") && !(filter && site.wants(&[Rule::test]));
    if joiner && matches!(before, "who" | "(") {
        return Some(
            site.error(0, 0, format!("before `{found}` a condition is missing"))
                .help(format!("remove this `{found}`")),
        );
    }
    if !joiner && !site.is_end(0) {
        return None;
    }
    let error = |message: String| site.error(-1, -1, message);
    Some(match before {
        "who" => error("`who` is not followed by a condition".to_owned())
            .help("write one, such as `who trait newsletter = true`, or remove `who` to take everybody"),
        "not" => error("after `not` a condition is missing".to_owned())
            .help("write the condition that must not hold, such as `not trait vip = true`"),
        _ => error(format!("after `{before}` a condition is missing"))
            .help(format!("remove `{before}`, or write another condition after it")),
    })
}

fn odd_sign(site: &Site<'_, '_>, filter: bool) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    Some(match found {
        ":" => site
            .error(0, 0, format!("no `:` stands after `{before}`"))
            .help("remove it"),
        "!" => site
            .error(0, 0, "`!` is written `not`")
            .help(format!("write `not {}`", site.condition(1))),
        "&&" | "&" | "||" | "|" => site
            .error(0, 0, format!("before `{found}` a condition is missing"))
            .help("remove it, and write `and` or `or` between conditions"),
        "[" if !filter => {
            let last = (1..24).find(|at| site.word(*at) == "]").unwrap_or(1);
            site.error(0, 0, "conditions are grouped with `( )`, not with `[ ]`")
                .help(format!("write `({})`", site.text(1, last - 1)))
        }
        "," => site
            .error(0, 0, format!("after `{before}` a condition is missing"))
            .help("remove the comma"),
        _ => return None,
    })
}

/// What follows `and` or `or` is only a part of a condition.
fn after_joiner(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, joiner) = (site.found(), site.word(-1));
    if !matches!(joiner, "and" | "or") {
        return None;
    }
    if test::is_modifier(site) && joiner == "and" && found != "where" {
        let start = site.condition_start_before(-1);
        if site.word(start) == "performed" || site.word(start + 1) == "performed" {
            let windows = format!("{} {}", site.last_modifier(-2), site.condition(0));
            return Some(
                site.error(-1, -1, "between two windows of one `performed` no `and` stands")
                    .help(format!("write `{windows}`")),
            );
        }
    }
    let names_property = matches!(found, "true" | "false") && begins_test(site, 1);
    if !names_property && let Some(error) = test::second_value(site) {
        return Some(error);
    }
    if site.word(-3) == "is"
        && site.word(-5) == "consent"
        && let Some(state) = nearest(found, &["granted", "denied", "conflicted"])
    {
        return Some(
            site.error(0, 0, format!("`{found}` does not begin a condition"))
                .help(format!("write `consent {} is {state}`", site.word(-4))),
        );
    }
    let lead = match (site.word(-4), site.word(-3)) {
        ("member", "of") => "member of",
        ("consent", "to") => "consent to",
        _ => return None,
    };
    let known = ["performed", "trait", "member", "consent", "not"];
    if !site.is_name(0) || site.word(1) == "=" || nearest(found, &known).is_some() {
        return None;
    }
    if lead == "consent to" && consent::speaks(found) {
        return Some(
            site.error(0, 0, format!("`{found}` does not begin a condition"))
                .help(consent::forms(site.word(-2))),
        );
    }
    let help = if consent::nots(site, -4) > 0 {
        format!("write `not {lead} {} and not {lead} {found}`", site.word(-2))
    } else {
        format!("write `{lead} {} {joiner} {lead} {found}`", site.word(-2))
    };
    Some(
        site.error(0, 0, format!("`{found}` does not begin a condition"))
            .help(help),
    )
}

/// A property is wanted.
fn property(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    if found == "trait" {
        let outside = site.outside_filter(0);
        return Some(
            site.error(
                0,
                0,
                "`where` sees the properties of the event, not the traits of the person",
            )
            .help(format!(
                "write `{outside}`; a property called `trait` is written `\"trait\"`"
            )),
        );
    }
    if matches!(found, "item" | "true" | "false") {
        let rest = site.text(1, site.condition_end(0));
        return Some(
            site.error(
                0,
                0,
                format!("`{found}` is a word of the language, so as the first word of a property it needs quotes"),
            )
            .help(format!("write `\"{found}\" {rest}`")),
        );
    }
    None
}

/// A word that begins no condition.
fn word(site: &Site<'_, '_>, filter: bool) -> Diagnostic {
    let (found, before) = (site.found(), site.word(-1));
    let begins_none = |word: &str| format!("`{word}` does not begin a condition");
    // `consent A is denied or not collected`
    if found == "collected" && before == "not" {
        let first = (-8..-2).rev().find(|at| site.word(*at) == "is");
        let name = first.map_or("Advertising", |at| site.word(at - 1));
        return site
            .error(-1, 0, begins_none("not collected"))
            .help(format!("write `consent {name} is not collected`"));
    }
    match found {
        "in" if matches!(site.word(1), "audience" | "segment" | "list" | "group" | "the") => {}
        "in" if before == "not" => {
            return site
                .error(-1, 0, begins_none("in"))
                .help(format!("write `not member of {}`", site.word(1)));
        }
        "in" => {
            return site
                .error(0, 0, begins_none("in"))
                .help(format!("write `member of {}`", site.word(1)));
        }
        "did" | "do" | "does" | "has" | "have"
            if site.word(1) == "not" && !matches!(site.word(2), "trait" | "consent" | "consented" | "member") =>
        {
            let last = if site.kind(2) == Some(Kind::Word) { 2 } else { 1 };
            return site.error(0, last, begins_none(&site.text(0, last))).help(
                if site.word(site.condition_end(last + 1) + 1) == "or" {
                    // What else was not done stays inside of the negation.
                    format!("write `not (performed {} or …)`", site.word(last + 1))
                } else {
                    format!("write `not performed {}`", site.word(last + 1))
                },
            );
        }
        "never" => {
            let event = if site.word(1) == "performed" { 2 } else { 1 };
            return site
                .error(0, 0, begins_none(found))
                .help(format!("write `not performed {}`", site.word(event)));
        }
        "a" | "an" | "the" if matches!(site.word(1), "member" | "members") && site.is_name(3) => {
            let nots = consent::nots(site, 0);
            let condition = consent::denied(format!("member of {}", site.word(3)), nots);
            return site
                .error(-nots, 0, begins_none(&site.text(-nots, 0)))
                .help(format!("write `{condition}`"));
        }
        "where" => {
            let after = (1..24).find(|at| site.word(*at) == "performed");
            let end = (1..24).find(|at| site.word(*at) == ")").unwrap_or(0);
            let event = after.map_or("\"Order Completed\"", |at| site.word(at + 1));
            return site
                .error(0, 0, "`where` belongs after the event it looks at")
                .help(format!("write `performed {event} {}`", site.text(0, end)));
        }
        _ => {}
    }
    if filter {
        let text = found.chars().next().is_some_and(|c| c.is_ascii_digit()) || !found.is_ascii();
        if site.is_name(0) && !found.is_ascii() || text && begins_test(site, 1) {
            return test::unquoted(site, "");
        }
        if let Some(error) =
            super::phrase::begin(site).filter(|_| matches!(found, "<" | "<=" | ">" | ">=" | "=" | "!="))
        {
            return error;
        }
        return site
            .error(0, 0, format!("`{found}` is not the name of a property"))
            .help(format!(
                "write for example `where (total > 50)`; other names need quotes: `\"{found}\"`"
            ));
    }
    if let Some(error) = super::computed::in_condition(site).or_else(|| super::phrase::begin(site)) {
        return error;
    }
    let last = isize::from(found == "consented" && site.word(1) == "to");
    let error = site.error(0, last, begins_none(found));
    let not = "not ".repeat(usize::try_from(consent::nots(site, 0)).unwrap_or(0));
    let rest = |from: isize| site.text(from, site.condition_end(0).max(from));
    let known = ["performed", "trait", "member", "consent", "not"];
    let help = match nearest(found, &known) {
        Some("trait") if matches!(site.word(1), ".") => format!("write `trait {}`", rest(2)),
        Some("consent") => "did you mean `consent to`?".to_owned(),
        Some("member") => "did you mean `member of`?".to_owned(),
        Some(meant) => format!("did you mean `{meant}`?"),
        None if site.kind(0) == Some(Kind::Word) && (site.is_end_or_joiner(1)) => {
            format!(
                "for the members of another audience, write `{not}member of {found}`; for a trait, `{not}trait {found} \
                 exists`"
            )
        }
        None if site.kind(0) == Some(Kind::Word) && matches!(site.word(1), "=" | "==") && site.word(2) == "true" => {
            format!(
                "for the members of another audience, write `{not}member of {found}`; for a trait of that name, \
                 `{not}trait {found} = true`"
            )
        }
        None if site.kind(0) == Some(Kind::Word)
            && let Some(help) = outside_where(site, &rest(0)) =>
        {
            help
        }
        None if site.kind(0) == Some(Kind::Word)
            && let Some(help) = said(site, found) =>
        {
            help
        }
        None if site.kind(0) == Some(Kind::Word) && begins_test(site, 1) => {
            format!("for a trait of that name, write `{not}trait {}`", rest(0))
        }
        None if site.kind(0) == Some(Kind::String) => format!("for an event, write `{not}performed {found}`"),
        None => BEGINNINGS.to_owned(),
    };
    error.help(help)
}

/// The help for a test of a property that stands behind the `where` it belongs to, or without one.
fn outside_where(site: &Site<'_, '_>, test: &str) -> Option<String> {
    if site.word(-1) != "and" || !begins_test(site, 1) {
        return None;
    }
    let start = site.condition_start_before(-1);
    // Of what was not done, fewer events are more people.
    if site.word(start) != "performed" || site.word(site.condition_end(0) + 1) == "or" {
        return None;
    }
    let inside = (start..-1).find(|at| site.word(*at) == "where");
    let event = match inside {
        Some(at) if site.word(at + 1) == "(" && site.word(-2) == ")" => {
            let filter = if (at..-1).any(|at| site.word(at) == "or") {
                format!("({})", site.text(at + 2, -3))
            } else {
                site.text(at + 2, -3)
            };
            format!("{} ({filter} and {test})", site.text(start, at))
        }
        Some(_) => return None,
        None => format!("{} where ({test})", site.text(start, -2)),
    };
    Some(format!(
        "for a property of the event, write `{event}`; for a trait of that name, `trait {test}`"
    ))
}

/// The help for a test that is said as it is elsewhere, of a trait without `trait`.
fn said(site: &Site<'_, '_>, name: &str) -> Option<String> {
    let behind = Site {
        index: site.index + 1,
        ..*site
    };
    super::phrase::test(&behind, &format!("trait {name}"), "a trait")?.help
}

fn begins_test(site: &Site<'_, '_>, offset: isize) -> bool {
    matches!(
        site.word(offset),
        "=" | "!=" | "<" | "<=" | ">" | ">=" | "==" | "is" | "." | "like" | "LIKE" | "matches"
    ) || super::words::of(Rule::test).contains(&site.word(offset))
}

// ---- where a condition may end

fn between(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    let joined = |joiner: &str, from: isize| format!("{} {joiner} {}", site.condition_before(), site.condition(from));
    match found {
        "&&" | "&" | "||" | "|" => {
            let joiner = if found.starts_with('&') { "and" } else { "or" };
            Some(
                site.error(0, 0, format!("`{found}` is written `{joiner}`"))
                    .help(format!("write `{}`", joined(joiner, 1))),
            )
        }
        "," if site.word(-2) == "=" && site.is_value(-1) && site.is_value(1) => {
            let mut last = 1;
            while site.word(last + 1) == "," && site.is_value(last + 2) {
                last += 2;
            }
            let (subject, values) = (super::literal::tested(site, -2), site.text(-1, last));
            Some(
                site.error(0, 0, "`=` compares with one value")
                    .help(format!("write `{subject} in [{values}]`")),
            )
        }
        "," if matches!(site.word(-2), "of" | "to") && consent::nots(site, -3) > 0 && site.is_name(1) => {
            let lead = site.text(-3, -2);
            let mut all = format!("not {lead} {before}");
            let mut last = 1;
            all.push_str(&format!(" and not {lead} {}", site.word(last)));
            while matches!(site.word(last + 1), "," | "or") && site.is_name(last + 2) && !site.is_first(last + 2) {
                last += 2;
                all.push_str(&format!(" and not {lead} {}", site.word(last)));
            }
            Some(
                site.error(0, 0, format!("`{lead}` takes one name here"))
                    .help(format!("write `{all}`")),
            )
        }
        "," if site.word(-2) == "of" => Some(site.error(0, 0, "`member of` takes one audience").help(format!(
            "write `member of {before} or member of {}`, or the same with `and`",
            site.word(1)
        ))),
        "," if site.word(-2) == "to" && site.word(-3) == "consent" && site.word(1) == "not" && site.is_name(2) => {
            Some(site.error(0, 0, "`consent to` takes one category here").help(format!(
                "write `consent to {before} and not consent to {}`",
                site.word(2)
            )))
        }
        "," if site.word(-2) == "to" && site.word(-3) == "consent" && site.is_name(1) => Some(
            site.error(0, 0, "`consent to` takes one category here")
                .help(format!("write `consent to {before} and consent to {}`", site.word(1))),
        ),
        "not" if before == "exists" => Some(
            site.error(-1, 0, "`exists not` is written `does not exist`")
                .help(format!("write `{} does not exist`", super::literal::tested(site, -1))),
        ),
        "granted" | "denied" | "conflicted" | "refused" | "=" | "!=" | "=="
            if site.word(-2) == "to" && site.word(-3) == "consent" =>
        {
            let (state, last) = match found {
                "=" | "==" | "!=" => (site.word(1), 1),
                "refused" => ("denied", 0),
                state => (state, 0),
            };
            let no = matches!(state, "false" | "no") != (found == "!=");
            let help = match state {
                "true" | "yes" | "false" | "no" | "granted" if no => format!("write `not consent to {before}`"),
                "true" | "yes" | "granted" | "false" | "no" => format!("write `consent to {before}`"),
                _ if found == "!=" => format!("write `not consent {before} is {state}`"),
                _ => format!("write `consent {before} is {state}`"),
            };
            Some(
                site.error(0, last, format!("`consent to {before}` is a whole condition"))
                    .help(help),
            )
        }
        "," if let Some(text) = consent::meant(site, 1) => Some(
            site.error(0, 0, "conditions are joined by `and` or `or`, not by a comma")
                .help(format!("write `{} and {text}`", site.condition_before())),
        ),
        "," => Some(
            site.error(0, 0, "conditions are joined by `and` or `or`, not by a comma")
                .help(format!("write `{}`, or the same with `or`", joined("and", 1))),
        ),
        _ if super::audience::excludes(site, 0) && site.word(1) != "anonymous" => {
            let from = if found == "but" { 2 } else { 1 };
            let lead = if site.is_first(0) { "who … " } else { "" };
            Some(
                site.error(
                    0,
                    0,
                    format!("there is no `{found}`; what must not hold is joined with `and not`"),
                )
                .help(format!("write `{lead}and {}`", super::audience::negated(site, from))),
            )
        }
        "but" => Some(
            site.error(0, 0, "`but` cannot stand here")
                .help(format!("write `and {}`", site.condition(1))),
        ),
        "where" => Some(site.error(0, 0, "`where` belongs to `performed`").help(format!(
            "write `{} and trait {}`",
            site.condition_before(),
            site.text(2, site.condition_end(2))
        ))),
        "is" if site.word(-2) == "to" => {
            let last = if site.word(1) == "not" { 2 } else { 1 };
            let state = site.text(1, last);
            Some(
                site.error(0, last, format!("`consent to {before}` needs no `is {state}`"))
                    .help(format!("write `consent to {before}`, or `consent {before} is {state}`")),
            )
        }
        "not" if site.is_first(0) && site.word(1) == "consent" => None,
        "trait" | "performed" | "member" | "not" | "(" => Some(
            site.error(0, 0, "between two conditions `and` or `or` is missing")
                .help(format!("write `and {}`, or the same with `or`", site.condition(0))),
        ),
        "consent" if !site.is_first(0) || site.word(2) == "is" => Some(
            site.error(0, 0, "between two conditions `and` or `or` is missing")
                .help(format!("write `and {}`, or the same with `or`", site.condition(0))),
        ),
        _ if site.is_value(0) && site.is_value(-1) && !site.is_first(0) => Some(
            site.error(0, 0, format!("`{found}` cannot stand here"))
                .help(format!("for several values, write `in [{before}, {found}]`")),
        ),
        _ => None,
    }
}

/// Whether a condition begins at the offset.
pub(super) fn begins(site: &Site<'_, '_>, at: isize) -> bool {
    match site.word(at) {
        "performed" | "trait" => site.is_name(at + 1),
        "member" => site.word(at + 1) == "of",
        "consent" => site.word(at + 1) == "to" || site.word(at + 2) == "is",
        "not" | "(" => begins(site, at + 1),
        _ => super::accounts::asks(site, at),
    }
}
