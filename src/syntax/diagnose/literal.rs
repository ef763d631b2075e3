//! Slips in values: numbers and dates that are nearly right, text without quotes, lists.

use super::site::Site;
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::date::{Trouble, date_trouble};
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;

/// An error of the kind for values, at the place.
pub(super) fn bad(site: &Site<'_, '_>, message: String) -> Diagnostic {
    Diagnostic::error(Code::BadLiteral, site.span(0, 0), message)
}

/// What is wrong with a number or date that the grammar does not take; nothing if it is a number.
pub(super) fn number_trouble(text: &str) -> Option<Trouble> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if looks_like_date(text) {
        return Some(date_trouble(text));
    }
    if let Some(rest) = text.strip_prefix('+') {
        return Some(Trouble::new("a number has no `+` in front", format!("write `{rest}`")));
    }
    let (sign, bare) = match text.strip_prefix('-') {
        Some(bare) => ("-", bare),
        None => ("", text),
    };
    if let Some(decimals) = bare.strip_prefix('.').filter(|rest| digits(rest)) {
        return Some(Trouble::new(
            "before the point a digit is missing",
            format!("write `{sign}0.{decimals}`"),
        ));
    }
    if let Some(whole) = bare.strip_suffix('.').filter(|rest| digits(rest)) {
        return Some(Trouble::new(
            "after the point a digit is missing",
            format!("write `{sign}{whole}` or `{sign}{whole}.0`"),
        ));
    }
    if bare.contains('_') && digits(&bare.replace('_', "")) {
        return Some(Trouble::new(
            "a number has no `_` in it",
            format!("write `{sign}{}`", bare.replace('_', "")),
        ));
    }
    if bare.len() > 1 && bare.starts_with('0') && bare.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        let trimmed = bare.trim_start_matches('0');
        let value = if trimmed.is_empty() || trimmed.starts_with('.') {
            format!("0{trimmed}")
        } else {
            trimmed.to_owned()
        };
        // `0.5` is as it should be.
        return (value != bare).then(|| {
            Trouble::new(
                "a whole number does not begin with `0`",
                format!("write `{sign}{value}`; for a code that keeps its zeros, write it as text: `\"{text}\"`"),
            )
        });
    }
    glued(sign, bare)
}

/// `5and`, `7days`, `5px`.
fn glued(sign: &str, bare: &str) -> Option<Trouble> {
    let at = bare
        .find(|c: char| c.is_alphabetic() || c == '_' || !c.is_ascii())
        .filter(|at| *at > 0)?;
    let (number, word) = (bare.get(..at)?, bare.get(at..)?);
    let known = matches!(
        word,
        "and"
            | "or"
            | "minute"
            | "minutes"
            | "hour"
            | "hours"
            | "day"
            | "days"
            | "week"
            | "weeks"
            | "time"
            | "times"
            | "ago"
            | "send"
            | "consent"
            | "include"
            | "within"
            | "between"
            | "before"
            | "after"
            | "where"
            | "at"
    );
    if let Some(currency) = currency(word) {
        return Some(Trouble::new(
            format!("a number stands without `{currency}`"),
            format!("write `{sign}{number}`"),
        ));
    }
    Some(if known {
        Trouble::new(
            format!("between `{number}` and `{word}` a space is missing"),
            format!("write `{sign}{number} {word}`"),
        )
    } else {
        Trouble::new(
            format!("`{sign}{bare}` is not a number"),
            format!("write the number alone, or text in quotes: `\"{sign}{bare}\"`"),
        )
    })
}

/// A currency behind or in front of a number.
fn currency(word: &str) -> Option<&str> {
    matches!(
        word,
        "€" | "£"
            | "¥"
            | "$"
            | "₹"
            | "₽"
            | "₩"
            | "₺"
            | "EUR"
            | "USD"
            | "GBP"
            | "CHF"
            | "JPY"
            | "CAD"
            | "AUD"
            | "eur"
            | "usd"
            | "gbp"
            | "euro"
            | "euros"
            | "dollar"
            | "dollars"
            | "pounds"
            | "cents"
            | "percent"
            | "pct"
            | "points"
    )
    .then_some(word)
}

/// Three parts with signs between them, or a time of day.
fn looks_like_date(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_digit());
    let parts = |sign: char| text.split(sign).count() == 3 && text.chars().all(|c| c == sign || c.is_ascii_digit());
    begins && (parts('/') || parts('.') || text.contains(':') || text.match_indices('-').count() >= 2)
}

pub(super) fn is_date(text: &str) -> bool {
    crate::time::Timestamp::parse(text).is_some()
}

/// Signs that may stand around numbers elsewhere.
pub(super) fn misplaced_sign(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if let Some(error) = super::money::diagnose(site) {
        return Some(error);
    }
    let found = site.found();
    match found {
        "%" if site.kind(-1) == Some(Kind::Number) => Some(
            Diagnostic::error(Code::BadLiteral, site.span(-1, 0), "`%` cannot stand after a number")
                .help(format!("write `{}`", site.word(-1))),
        ),
        _ if currency(found).is_some() && site.kind(1) == Some(Kind::Number) && !site.is_first(1) => {
            let mut number = site.word(1).to_owned();
            let mut last = 1;
            while site.word(last + 1) == ","
                && site.touch(last)
                && site.touch(last + 1)
                && site.word(last + 2).len() == 3
                && site.kind(last + 2) == Some(Kind::Number)
            {
                number.push_str(site.word(last + 2));
                last += 2;
            }
            Some(
                Diagnostic::error(
                    Code::BadLiteral,
                    site.span(0, last),
                    format!("`{found}` cannot stand before a number"),
                )
                .help(format!("write `{number}`")),
            )
        }
        _ if currency(found).is_some() && site.kind(-1) == Some(Kind::Number) && !site.is_first(0) => Some(
            Diagnostic::error(
                Code::BadLiteral,
                site.span(-1, 0),
                format!("a number stands without `{found}`"),
            )
            .help(format!("write `{}`", site.word(-1))),
        ),
        // A sign of money that a digit follows is one word with it.
        _ if site.kind(0) == Some(Kind::Word)
            && found.starts_with(|c: char| c.len_utf8() > 1 && currency(c.encode_utf8(&mut [0; 4])).is_some())
            && found.chars().skip(1).all(|c| c.is_ascii_digit())
            && found.chars().count() > 1 =>
        {
            let sign = found.chars().next().unwrap_or('€');
            let number: String = found.chars().skip(1).collect();
            Some(
                Diagnostic::error(
                    Code::BadLiteral,
                    site.span(0, 0),
                    format!("`{sign}` cannot stand before a number"),
                )
                .help(format!("write `{number}`")),
            )
        }
        "," if site.touch(-1)
            && site.touch(0)
            && site.kind(-1) == Some(Kind::Number)
            && site.kind(1) == Some(Kind::Number) =>
        {
            let (whole, rest) = (site.word(-1), site.word(1));
            let thousands = rest.len() == 3 && rest.bytes().all(|b| b.is_ascii_digit());
            let number = if thousands {
                format!("{whole}{rest}")
            } else {
                format!("{whole}.{rest}")
            };
            Some(
                Diagnostic::error(Code::BadLiteral, site.span(-1, 1), "a number has no comma in it")
                    .help(format!("write `{number}`")),
            )
        }
        _ => None,
    }
}

/// A value, a date or a list is wanted.
pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if site.wants(&[Rule::literal]) {
        return Some(value_in_list(site));
    }
    if site.wants(&[Rule::comma, Rule::close_square]) && !site.wants(&[Rule::clause, Rule::close_brace, Rule::EOI]) {
        return between_values(site);
    }
    if site.wants(&[Rule::open_square, Rule::list]) && !site.wants(&[Rule::operand]) {
        return Some(list(site));
    }
    if site.wants(&[Rule::date, Rule::instant]) {
        return Some(date(site));
    }
    if site.wants(&[Rule::operand]) {
        return Some(operand(site));
    }
    None
}

// ---- one value

fn operand(site: &Site<'_, '_>) -> Diagnostic {
    let (found, operator) = (site.found(), site.word(-1));
    let words = operator_words(site);
    let tested = tested(site, -words);
    match found {
        "all" | "none" | "any" | "one" | "either"
            if matches!(operator, "contains" | "contain") && site.word(1) == "of" =>
        {
            return contains_of(site, operator, words, &tested);
        }
        "[" => return list_for_value(site, operator, words, &tested),
        "null" | "nil" | "none" | "None" | "undefined" | "NULL" | "empty" => {
            let test = if operator == "!=" { "exists" } else { "does not exist" };
            return site
                .error(0, 0, format!("`{found}` is not a value that can be compared"))
                .help(format!("write `{tested} {test}`"));
        }
        "not" => {
            let value = site.word(1);
            let help = match operator {
                "=" => format!("write `{tested} != {value}`"),
                "contains" => format!("write `{tested} does not contain {value}`"),
                _ => format!("write `not {tested} {} {value}`", site.text(-words, -1)),
            };
            return site.error(0, 0, "`not` cannot stand before a value").help(help);
        }
        "any" if operator == "contains" => {}
        _ => {}
    }
    if site.kind(0) == Some(Kind::Number)
        && let Some(trouble) = number_trouble(found)
    {
        return trouble.at(site.span(0, 0));
    }
    let operator = site.text(-words, -1);
    if site.is_end(0) || matches!(found, "and" | "or" | "," | "{" | "(") || site.kind(0) != Some(Kind::Word) {
        let number = matches!(operator.as_str(), "<" | "<=" | ">" | ">=");
        let example = if number { "5" } else { "\"pro\"" };
        return site
            .error(-words, -1, format!("after `{operator}` a value is missing"))
            .help(format!("write for example `{tested} {operator} {example}`"));
    }
    let help =
        format!("write `{tested} {operator} \"{found}\"`; for another trait, `{tested} {operator} trait {found}`");
    site.error(0, 0, "text needs quotes").help(help)
}

/// How many words the operator before the place has.
fn operator_words(site: &Site<'_, '_>) -> isize {
    match (site.word(-3), site.word(-2), site.word(-1)) {
        ("does", "not", "contain") => 3,
        (_, "contains", "any") | (_, "starts" | "ends", "with") | (_, "not", "in") => 2,
        ("contains", "any", "of") => 3,
        _ => 1,
    }
}

/// The path before an operator, with `trait` or `account trait` if it is one: `trait address.city`.
pub(super) fn tested(site: &Site<'_, '_>, operator: isize) -> String {
    let last = operator - 1;
    let first = site.path_start(last);
    let from = match (site.word(first - 2), site.word(first - 1)) {
        ("account", "trait") => first - 2,
        (_, "trait") => first - 1,
        _ => first,
    };
    site.text(from, last)
}

/// Where the last word of the path stands that is compared with the place.
pub(super) fn property_before(site: &Site<'_, '_>) -> isize {
    -operator_words(site) - 1
}

/// `contains all of […]`, `contains none of […]`, `does not contain any of […]`
fn contains_of(site: &Site<'_, '_>, operator: &str, words: isize, tested: &str) -> Diagnostic {
    let found = site.found();
    let end = list_end(site, 2);
    let list = if site.word(2) == "[" {
        site.text(2, end)
    } else {
        "[…]".to_owned()
    };
    let all: Vec<String> = (3..end)
        .filter(|at| site.is_value(*at))
        .map(|at| format!("{tested} contains {}", site.word(at)))
        .take(3)
        .collect();
    let help = match (operator, found) {
        ("contains", "all") if !all.is_empty() => format!("write `{}`", all.join(" and ")),
        ("contains", "all") => format!("join `{tested} contains …` with `and`"),
        ("contain", "all") => format!("write `not ({})`", all.join(" and ")),
        ("contain", _) | (_, "none") => format!("write `not {tested} contains any of {list}`"),
        _ => format!("write `{tested} contains any of {list}`"),
    };
    let written = site.text(-words, 1);
    site.error(-words, 1, format!("there is no `{written}`")).help(help)
}

fn list_for_value(site: &Site<'_, '_>, operator: &str, words: isize, tested: &str) -> Diagnostic {
    let end = list_end(site, 0);
    let list = site.text(0, end);
    let operator_text = site.text(-words, -1);
    let (message, better) = match operator {
        "contains" => (
            "`contains` looks for one value, not for a list".to_owned(),
            "contains any of",
        ),
        "!=" => ("`!=` compares with one value, not with a list".to_owned(), "not in"),
        "contain" => (
            "`does not contain` looks for one value, not for a list".to_owned(),
            "contains any of",
        ),
        "=" => ("`=` compares with one value, not with a list".to_owned(), "in"),
        _ => {
            let values: Vec<&str> = (1..end)
                .filter(|at| site.is_value(*at))
                .map(|at| site.word(at))
                .take(3)
                .collect();
            let tests: Vec<String> = values
                .iter()
                .map(|value| format!("{tested} {operator_text} {value}"))
                .collect();
            let message = format!("`{operator_text}` compares with one value, not with a list");
            let help = if operator == "with" && tests.len() > 1 {
                format!("write `({})`", tests.join(" or "))
            } else {
                format!(
                    "write one value, such as `{tested} {operator_text} {}`",
                    values.first().unwrap_or(&"5")
                )
            };
            return site.error(0, end, message).help(help);
        }
    };
    let not = if operator == "contain" { "not " } else { "" };
    site.error(0, end, message)
        .help(format!("write `{not}{tested} {better} {list}`"))
}

/// The offset of the bracket that closes the one at `from`, or the last word before something else.
fn list_end(site: &Site<'_, '_>, from: isize) -> isize {
    (from..from + 64)
        .find(|at| matches!(site.word(*at), "]" | ")"))
        .unwrap_or(from)
}

// ---- dates

/// A hundred years in a unit.
fn ancient(unit: &str) -> u32 {
    match unit.trim_end_matches('s') {
        "minute" => 52_560_000,
        "hour" => 876_000,
        "week" => 5_200,
        _ => 36_500,
    }
}

fn date(site: &Site<'_, '_>) -> Diagnostic {
    let (found, before) = (site.found(), site.word(-1));
    let of_event = site.wants(&[Rule::date]) && !site.wants(&[Rule::instant]);
    match site.kind(0) {
        Some(Kind::Number) if found.bytes().all(|b| b.is_ascii_digit()) => {
            let duration = super::words::of(Rule::unit).contains(&site.word(1));
            let year = found.len() == 4;
            let day = if year { found } else { "2026" };
            if duration && of_event {
                let (number, unit) = (found, site.word(1));
                let last = if site.word(2) == "ago" { 2 } else { 1 };
                let help = if before == "after" {
                    format!("write `within {number} {unit}`")
                } else {
                    // As long ago as any event can be.
                    format!("write `between {number} and {} {unit} ago`", ancient(unit))
                };
                return Diagnostic::error(
                    Code::BadLiteral,
                    site.span(-1, last),
                    format!("`{before}` takes a date, and `{number} {unit}` is a length of time"),
                )
                .help(help);
            }
            return if duration && !of_event {
                let relative = match before {
                    "before" => "before last",
                    _ if site.word(2) == "ago" => "within last",
                    _ => "after next",
                };
                Diagnostic::error(
                    Code::BadLiteral,
                    site.span(-1, if site.word(2) == "ago" { 2 } else { 1 }),
                    format!(
                        "`{before}` takes a date, and `{found} {}` is a length of time",
                        site.word(1)
                    ),
                )
                .help(format!("write `{relative} {found} {}`", site.word(1)))
            } else {
                bad(site, format!("`{before}` takes a date, and `{found}` is a number"))
                    .help(format!("write `{before} {day}-01-01`"))
            };
        }
        Some(Kind::Number) => {
            let trouble = number_trouble(found).unwrap_or_else(|| date_trouble(found));
            return trouble.at(site.span(0, 0));
        }
        Some(Kind::String) => {
            let bare = found.trim_matches('"');
            let readable = crate::time::Timestamp::parse(bare).is_some();
            let day = if readable { bare } else { "2026-01-01" };
            return bad(site, "a date stands without quotes here".to_owned()).help(format!("write `{before} {day}`"));
        }
        _ => {}
    }
    if of_event && found == "trait" {
        let end = site.condition_end(0).min(1);
        return site
            .error(0, end, format!("here `{before}` takes a date, not a trait"))
            .help(format!("write a date, such as `{before} 2026-01-01`"));
    }
    if of_event && matches!(found, "last" | "next") {
        let last = if site.kind(1) == Some(Kind::Number) { 2 } else { 0 };
        let number = if site.kind(1) == Some(Kind::Number) {
            site.word(1)
        } else {
            "7"
        };
        let unit = if last == 2 { site.word(2) } else { "days" };
        return site
            .error(
                -1,
                last,
                format!(
                    "`{before} {found}` looks at the dates in traits and properties, not at when an event was performed"
                ),
            )
            .help(format!(
                "write `between {number} and {oldest} {unit} ago`, with the oldest {} that counts",
                unit.trim_end_matches('s'),
                oldest = super::performed::oldest(number)
            ));
    }
    if site.kind(0) == Some(Kind::Word) && !site.is_end(0) && !matches!(found, "and" | "or") {
        let help = if of_event {
            "write a date such as `2026-01-05`, or `within 1 day`"
        } else {
            "write a date such as `2026-01-05`; for another trait, write `trait` before its name"
        };
        return bad(site, format!("`{found}` is not a date")).help(help);
    }
    site.error(-1, -1, format!("after `{before}` a date is missing"))
        .help(format!("write for example `{before} 2026-01-01`"))
}

// ---- lists

fn list(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    let words = operator_words(site);
    let operator = site.text(-words, -1);
    if matches!(found, "the" | "last" | "past" | "next" | "coming") {
        let behind = Site {
            index: site.index.saturating_add_signed(-words),
            ..*site
        };
        if let Some(error) = super::phrase::test(&behind, &tested(site, -words), "a value") {
            return error;
        }
    }
    if found == "(" {
        let end = list_end(site, 0);
        let inside = site.text(1, end - 1);
        return site
            .error(0, 0, "a list stands in square brackets, not in round ones")
            .help(format!("write `{operator} [{inside}]`"));
    }
    if site.is_value(0) || (site.kind(0) == Some(Kind::Word) && !site.is_end(0)) {
        let mut last = 0;
        while site.word(last + 1) == "," && site.is_value(last + 2) {
            last += 2;
        }
        let values = site.text(0, last);
        let quoted = if site.is_value(0) {
            values
        } else {
            format!("\"{found}\"")
        };
        return site
            .error(0, last, "a list stands in square brackets")
            .help(format!("write `{operator} [{quoted}]`"));
    }
    site.error(-words, -1, format!("after `{operator}` a list is missing"))
        .help(format!("write for example `{operator} [\"pro\", \"business\"]`"))
}

fn value_in_list(site: &Site<'_, '_>) -> Diagnostic {
    let (found, before) = (site.found(), site.word(-1));
    match found {
        "]" if before == "[" => site
            .error(-1, 0, "this list is empty")
            .help("write at least one value, such as `[\"pro\"]`"),
        "," if before == "," => site
            .error(0, 0, "between these two commas a value is missing")
            .help("remove one of the commas"),
        "," => site
            .error(0, 0, "before this comma a value is missing")
            .help("remove the comma"),
        "[" => site
            .error(0, 0, "a list cannot stand inside a list")
            .help("write all values in one list, such as `[\"pro\", \"business\"]`"),
        "trait" => {
            let path_end = {
                let mut last = 1;
                while site.word(last + 1) == "." {
                    last += 2;
                }
                last
            };
            let reference = site.text(0, path_end);
            site.error(0, path_end, "a list holds values, not traits")
                .help(format!("join two tests with `or`, the second with `= {reference}`"))
        }
        "null" | "nil" | "none" => site
            .error(0, 0, format!("`{found}` is not a value that can be compared"))
            .help("leave it out, and join `… does not exist` with `or`"),
        _ => match site.kind(0) {
            Some(Kind::Number) => number_trouble(found)
                .unwrap_or_else(|| date_trouble(found))
                .at(site.span(0, 0)),
            Some(Kind::Word) if !site.is_end(0) => site
                .error(0, 0, "text needs quotes")
                .help(format!("write `\"{found}\"`")),
            _ => site
                .error(-1, -1, format!("after `{before}` a value is missing"))
                .help("write for example `[\"pro\", \"business\"]`"),
        },
    }
}

/// Behind a value of a list.
fn between_values(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    if let Some(number) = site
        .kind(0)
        .filter(|kind| *kind == Kind::Number)
        .and_then(|_| number_trouble(found))
    {
        return Some(number.at(site.span(0, 0)));
    }
    if site.is_value(0) {
        return Some(
            site.error(0, 0, format!("between `{before}` and `{found}` a comma is missing"))
                .help(format!("write `[{before}, {found}]`")),
        );
    }
    matches!(found, "and" | "or" | "|" | "||" | "&" | "&&").then(|| {
        site.error(0, 0, "the values of a list are separated by commas")
            .help(format!("write `{before}, {}`", site.word(1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_nearly_right_are_told_how() {
        for (text, help) in [
            ("+5", "write `5`"),
            (".5", "write `0.5`"),
            ("-.5", "write `-0.5`"),
            ("5.", "write `5` or `5.0`"),
            ("1_000", "write `1000`"),
            (
                "007",
                "write `7`; for a code that keeps its zeros, write it as text: `\"007\"`",
            ),
            (
                "00.5",
                "write `0.5`; for a code that keeps its zeros, write it as text: `\"00.5\"`",
            ),
            ("5and", "write `5 and`"),
            ("-7days", "write `-7 days`"),
            ("5px", "write the number alone, or text in quotes: `\"5px\"`"),
            ("01/05/2026", "write `2026-01-05` or `2026-05-01`"),
        ] {
            assert_eq!(
                number_trouble(text).map(|trouble| trouble.help).as_deref(),
                Some(help),
                "{text}"
            );
        }
        for sound in ["0", "5", "-5", "0.5", "10", "1.25"] {
            assert_eq!(number_trouble(sound), None, "{sound}");
        }
    }
}
