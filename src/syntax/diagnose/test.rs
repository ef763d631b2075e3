//! Slips in tests of traits and properties, and in paths.

use super::site::Site;
use super::words::nearest;
use super::{consent, literal, performed, phrase};
use crate::diagnostic::Diagnostic;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;

pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if site.wants(&[Rule::path, Rule::key, Rule::word]) && site.word(-1) == "trait" {
        let written = matches!(site.kind(0), Some(Kind::Word | Kind::Number)) && !site.is_first(0);
        if written || (site.kind(0) == Some(Kind::Sign) && site.touch(0) && site.kind(1) == Some(Kind::Word)) {
            return Some(unquoted(site, "trait "));
        }
        return Some(
            site.error(-1, -1, "`trait` is not followed by the name of a trait")
                .help("write for example `trait plan = \"pro\"`"),
        );
    }
    if site.wants(&[Rule::test]) {
        return Some(test(site));
    }
    second_word(site).or_else(|| literal::diagnose(site))
}

/// A name that needs its quotes stands at the place.
pub(super) fn unquoted(site: &Site<'_, '_>, lead: &str) -> Diagnostic {
    let last = if site.kind(0) == Some(Kind::Sign) { 1 } else { 0 };
    let name = site.text(0, last);
    let reason = match name
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-'))
    {
        Some(odd) => format!("a name with `{odd}` needs quotes"),
        None => "a name that begins with a digit needs quotes".to_owned(),
    };
    site.error(0, last, reason).help(format!("write `{lead}\"{name}\"`"))
}

/// A name is missing or blanks stand around a dot.
pub(super) fn broken_path(site: &Site<'_, '_>) -> Diagnostic {
    let first = site.path_start(-2);
    let lead = if site.word(first - 1) == "trait" { "trait " } else { "" };
    if site.found() == "." {
        let joined = format!("{}{}", site.text(first, -1), site.word(1));
        return site
            .error(
                first,
                if site.is_name(1) { 1 } else { 0 },
                "between the two dots a name is missing",
            )
            .help(format!("write `{lead}{joined}`"));
    }
    let operator = matches!(
        site.word(0),
        "exists" | "in" | "contains" | "does" | "starts" | "ends" | "is"
    ) && !matches!(site.word(1), "=" | "!=" | "<" | "<=" | ">" | ">=" | "exists" | "in");
    if site.is_name(0) && !site.touch(-1) && !operator {
        return spaced_dot(site, first, 0, lead);
    }
    let path = site.text(first, -1);
    if site.touch(-1) && matches!(site.kind(0), Some(Kind::Word | Kind::Number)) {
        return unquoted(site, &format!("{lead}{path}"));
    }
    site.error(first, -1, "after the dot a name is missing")
        .help(format!("write for example `{lead}{path}city`"))
}

fn spaced_dot(site: &Site<'_, '_>, first: isize, last: isize, lead: &str) -> Diagnostic {
    let joined: String = (first..=last).map(|at| site.word(at)).collect();
    site.error(first, last, "no space stands around the dot")
        .help(format!("write `{lead}{joined}`"))
}

/// The second word of an operator is missing.
fn second_word(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    if site.wants(&[Rule::kw_with]) && found == "not" {
        let value = site.word(if site.word(1) == "with" { 2 } else { 1 });
        return Some(
            site.error(0, 0, "`not` stands before the whole condition")
                .help(format!(
                    "write `not {} {before} with {value}`",
                    literal::tested(site, -1)
                )),
        );
    }
    if site.wants(&[Rule::kw_with]) {
        return Some(
            site.error(-1, -1, format!("after `{before}`, `with` is missing"))
                .help(format!("write `{} {before} with {found}`", literal::tested(site, -1))),
        );
    }
    if site.wants(&[Rule::kw_of]) && before == "any" {
        let end = site.condition_end(0);
        return Some(
            site.error(-2, -1, "after `contains any`, `of` is missing")
                .help(format!(
                    "write `{} contains any of {}`",
                    literal::tested(site, -2),
                    site.text(0, end)
                )),
        );
    }
    if site.wants(&[Rule::kw_in]) && before == "not" {
        return Some(negated(site));
    }
    if site.wants(&[Rule::kw_contain, Rule::kw_exist]) {
        let subject = literal::tested(site, -2);
        if matches!(found, "end" | "ends" | "start" | "starts" | "begin" | "begins") {
            let value = site.word(if site.word(1) == "with" { 2 } else { 1 });
            let test = if found.starts_with("end") { "ends" } else { "starts" };
            let nots = consent::nots(site, site.path_start(-3) - 1);
            let condition = consent::denied(format!("not {subject} {test} with {value}"), nots);
            return Some(
                site.error(
                    -2,
                    0,
                    format!("`does not {found}` is written with `not` before the whole condition"),
                )
                .help(format!("write `{condition}`")),
            );
        }
        return Some(match nearest(found, &["contain", "exist"]) {
            Some("contain") => site
                .error(0, 0, format!("`does not {found}` is written `does not contain`"))
                .help(format!("write `{subject} does not contain {}`", site.word(1))),
            Some(_) => site
                .error(0, 0, format!("`does not {found}` is written `does not exist`"))
                .help(format!("write `{subject} does not exist`")),
            None => site
                .error(-2, -1, "after `does not`, `contain` or `exist` is missing")
                .help(format!(
                    "write `{subject} does not contain …` or `{subject} does not exist`"
                )),
        });
    }
    if site.wants(&[Rule::kw_not]) && before == "does" {
        return Some(
            site.error(-1, -1, "after `does`, `not` is missing")
                .help("write `does not contain` or `does not exist`"),
        );
    }
    if site.wants(&[Rule::kw_last, Rule::kw_next]) && before == "within" {
        let last = if site.kind(0) == Some(Kind::Number) && performed_unit(site.word(1)) {
            1
        } else {
            -1
        };
        let duration = if last == 1 {
            site.text(0, 1)
        } else {
            "30 days".to_owned()
        };
        return Some(
            site.error(-1, last, "after `within` it is not said in which direction from now")
                .help(format!("write `within last {duration}` or `within next {duration}`")),
        );
    }
    None
}

fn performed_unit(word: &str) -> bool {
    super::words::of(Rule::unit).contains(&word)
}

/// `not` stands behind a path, and no `in` behind it.
fn negated(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    let subject = literal::tested(site, -1);
    let from_not = Site {
        index: site.index.saturating_sub(1),
        ..*site
    };
    if !matches!(found, "starts" | "ends" | "before" | "after" | "within" | "containing")
        && let Some(error) = phrase::test(&from_not, &subject, "a value")
    {
        return error;
    }
    let (last, better, operand) = match found {
        "=" | "==" => (0, "!=", site.word(1)),
        "contains" | "contain" | "containing" => (0, "does not contain", site.word(1)),
        "exists" | "exist" => (0, "does not exist", ""),
        "starts" | "ends" | "before" | "after" | "within" => {
            let condition = site.text(0, site.condition_end(0));
            return site
                .error(-1, -1, format!("`not` cannot stand between a value and `{found}`"))
                .help(format!("write `not {subject} {condition}`"));
        }
        _ if site.is_value(0) => (-1, "!=", found),
        _ => {
            return site
                .error(-1, -1, "after `not`, `in` is missing")
                .help(format!("write for example `{subject} not in [\"pro\"]`"));
        }
    };
    let written = site.text(-1, last);
    site.error(-1, last, format!("`{written}` is written `{better}`"))
        .help(format!(
            "write `{}`",
            format!("{subject} {better} {operand}").trim_end()
        ))
}

/// A test is wanted; the path stands before the place.
fn test(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    let first = site.path_start(-1);
    let of_trait = site.word(first - 1) == "trait";
    let subject = literal::tested(site, 0);
    let what = if of_trait { "a trait" } else { "a property" };
    if let Some(better) = wrong_operator(found) {
        return site
            .error(0, 0, format!("`{found}` is written `{better}`"))
            .help(format!("write `{subject} {better} {}`", operand(site, 1)));
    }
    if !of_trait && let Some(error) = not_a_property(site, first) {
        return error;
    }
    if let Some(error) = phrase::test(site, &subject, what) {
        return error;
    }
    match found {
        "is" | "are" | "equals" | ":" | "eq" | "equal" => {
            let negated = site.word(1) == "not";
            let skip = if negated || site.word(1) == "to" { 2 } else { 1 };
            let operator = if negated { "!=" } else { "=" };
            let value = operand(site, skip);
            let help = match value.as_str() {
                "null" | "none" | "empty" if negated => format!("write `{subject} exists`"),
                "null" | "none" | "empty" => format!("write `{subject} does not exist`"),
                "\"ignoring\"" | "\"ignore\"" => {
                    format!(
                        "small and capital letters differ: name each spelling, such as `{subject} in [\"Pro\", \"pro\"]`"
                    )
                }
                _ => format!("write `{subject} {operator} {value}`"),
            };
            return site.error(0, 0, format!("`{found}` cannot compare {what}")).help(help);
        }
        "isn't" | "is_not" => {
            return site
                .error(0, 0, format!("`{found}` cannot compare {what}"))
                .help(format!("write `{subject} != {}`", operand(site, 1)));
        }
        "." => {
            let last = if site.is_name(1) { 1 } else { 0 };
            let lead = if of_trait { "trait " } else { "" };
            return spaced_dot(site, first, last, lead);
        }
        "[" => {
            let end = (0..4).find(|at| site.word(*at) == "]").unwrap_or(0);
            let key = site.word(1);
            let bare = key.trim_matches('"');
            return site
                .error(0, end, format!("what lies inside {what} is reached with a dot"))
                .help(format!("write `{subject}.\"{bare}\"`, or `{subject}.{bare}`"));
        }
        "between" => {
            let last = if site.word(2) == "and" { 3 } else { 0 };
            let (low, high) = (site.word(1), site.word(3));
            let help = if let Some(help) = super::moment::between(&subject, low, high) {
                help
            } else if last == 3 {
                format!("write `{subject} >= {low} and {subject} <= {high}`")
            } else {
                format!("write for example `{subject} >= 18 and {subject} <= 25`")
            };
            return site
                .error(
                    0,
                    last,
                    format!("`between` stands with a window of time, not with {what}"),
                )
                .help(help);
        }
        "at" | "exactly" => {
            let number = if found == "at" { 2 } else { 1 };
            let operator = match site.word(1) {
                "least" => ">=",
                "most" => "<=",
                _ => "=",
            };
            let last = if site.word(number + 1).starts_with("time") {
                number + 1
            } else {
                number
            };
            let bound = site.text(0, number - 1);
            return site
                .error(0, last, format!("`{bound} … times` counts events, not {what}"))
                .help(format!("write `{subject} {operator} {}`", site.word(number)));
        }
        _ => {}
    }
    if site.is_value(0) {
        let from = if of_trait { first - 1 } else { first };
        return site
            .error(
                from,
                -1,
                format!("between `{subject}` and `{found}` it is not said how to compare"),
            )
            .help(format!("write `{subject} = {found}`"));
    }
    if site.kind(0) == Some(Kind::Word) && !site.is_end(0) && !matches!(found, "and" | "or" | "where") {
        if let Some(meant) = nearest(
            found,
            &[
                "contains", "exists", "starts", "ends", "before", "after", "within", "does",
            ],
        ) {
            return site
                .error(0, 0, format!("`{found}` cannot follow {what}"))
                .help(format!("did you mean `{meant}`?"));
        }
        // The words up to an operator are one name.
        let last = (0..4).find(|at| begins_test(site.word(at + 1)));
        if let Some(last) = last
            && (0..=last).all(|at| site.kind(at) == Some(Kind::Word))
        {
            let name = site.text(first, last);
            let quoted = if of_trait {
                format!("trait \"{name}\"")
            } else {
                format!("\"{name}\" {}", site.text(last + 1, last + 2))
            };
            return site
                .error(
                    first,
                    last,
                    format!("the name of {what} with a space in it needs quotes"),
                )
                .help(format!("write `{}`", quoted.trim_end_matches([' ', ')'])));
        }
        return site
            .error(0, 0, format!("`{found}` cannot follow {what}"))
            .help("what can stand here: `=`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `contains`, `starts with`, `exists` and others");
    }
    let from = if of_trait { first - 1 } else { first };
    site.error(from, -1, format!("it is not said what `{subject}` must be"))
        .help(format!("write `{subject} = true`, or `{subject} exists`"))
}

fn wrong_operator(sign: &str) -> Option<&'static str> {
    Some(match sign {
        "==" | "===" => "=",
        "<>" | "!==" | "=!" | "~=" => "!=",
        "=>" => ">=",
        "=<" => "<=",
        _ => return None,
    })
}

pub(super) fn begins_test(word: &str) -> bool {
    matches!(word, "=" | "!=" | "<" | "<=" | ">" | ">=" | "==") || super::words::of(Rule::test).contains(&word)
}

/// The value behind an operator; with its path where it is another trait.
fn operand(site: &Site<'_, '_>, from: isize) -> String {
    let last = if site.word(from) == "trait" { from + 1 } else { from };
    if site.word(from) == "[" {
        return site.text(from, site.condition_end(from));
    }
    let word = site.word(from);
    let value = matches!(word, "true" | "false" | "trait" | "null" | "none" | "empty" | "account");
    if site.kind(from) == Some(Kind::Word) && !value && site.word(from + 1) != "." && !site.is_end_or_joiner(from) {
        return format!("\"{word}\"");
    }
    site.text(from, last)
}

/// Conditions on the person inside `where`.
fn not_a_property(site: &Site<'_, '_>, first: isize) -> Option<Diagnostic> {
    let person = match (site.word(first), site.kind(0)) {
        ("performed", Some(Kind::String)) => true,
        ("member", _) => site.found() == "of",
        ("consent", _) => site.found() == "to" || site.word(1) == "is",
        _ => false,
    };
    person.then(|| {
        let word = site.word(first);
        let word = if word == "member" { "member of" } else { word };
        if super::element::inside(site) {
            let condition = site.condition(first);
            return site
                .error(
                    first,
                    first,
                    format!("`{word}` cannot stand inside `any`: it sees one element of a list"),
                )
                .help(format!("join it outside of the brackets: `and {condition}`"));
        }
        site.error(
            first,
            first,
            format!("`{word}` cannot stand inside `where`: it sees the properties of one event"),
        )
        .help(format!("write `{}`", site.outside_filter(first)))
    })
}

/// Where a second value follows `or`: `trait plan = "pro" or "business"`.
pub(super) fn second_value(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, joiner, first) = (site.found(), site.word(-1), site.word(-2));
    if !site.is_value(0) || !site.is_value(-2) {
        return None;
    }
    if site.word(-3) == "performed" {
        return Some(
            site.error(
                0,
                0,
                format!("`{joiner}` joins whole conditions, and this is only the name of an event"),
            )
            .help(if consent::nots(site, -3) > 0 {
                format!("write `not performed {first} and not performed {found}`")
            } else {
                format!("write `performed {first} {joiner} performed {found}`")
            }),
        );
    }
    if site.word(-3) == "contain" {
        let subject = literal::tested(site, -5);
        return Some(
            site.error(
                0,
                0,
                format!("`{joiner}` joins whole conditions, and this is only a value"),
            )
            .help(format!("write `not {subject} contains any of [{first}, {found}]`")),
        );
    }
    if site.word(-3) == "with" {
        let (subject, operator) = (literal::tested(site, -4), site.text(-4, -3));
        return Some(
            site.error(
                0,
                0,
                format!("`{joiner}` joins whole conditions, and this is only a value"),
            )
            .help(format!(
                "write `({subject} {operator} {first} {joiner} {subject} {operator} {found})`"
            )),
        );
    }
    let subject = literal::tested(site, -3);
    let start = site.condition_start_before(-1);
    if site.word(start) == "not" {
        let operator = site.word(-3);
        let help = match operator {
            "!=" => format!("write `not {subject} not in [{first}, {found}]`"),
            "=" => format!("write `not {subject} in [{first}, {found}]`"),
            "contains" => format!("write `not {subject} contains any of [{first}, {found}]`"),
            _ => format!("write `not ({subject} {operator} {first} or {subject} {operator} {found})`"),
        };
        let message = format!("`{joiner}` joins whole conditions, and this is only a value");
        return Some(site.error(0, 0, message).help(help));
    }
    let help = match (site.word(-3), joiner) {
        ("!=", "or") => format!("write `{subject} not in [{first}, {found}]`"),
        ("=", "or") => format!("write `{subject} in [{first}, {found}]`"),
        ("contains", "or") => format!("write `{subject} contains any of [{first}, {found}]`"),
        (operator, _) => format!("write `{subject} {operator} {first} {joiner} {subject} {operator} {found}`"),
    };
    Some(
        site.error(
            0,
            0,
            format!("`{joiner}` joins whole conditions, and this is only a value"),
        )
        .help(help),
    )
}

/// Modifiers where a test or condition is over.
pub(super) fn is_modifier(site: &Site<'_, '_>) -> bool {
    performed::begins_modifier(site.found())
}
