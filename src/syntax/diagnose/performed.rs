//! Slips in `performed`: the event, counts and windows of time. Durations of tests too.

use super::literal;
use super::site::Site;
use super::window;
use super::words::nearest;
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;

const UNITS: &str = "the units are minutes, hours, days and weeks";

pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if site.wants(&[Rule::event, Rule::string]) && site.word(-1) == "performed" {
        return Some(event(site));
    }
    if site.wants(&[Rule::kw_least, Rule::kw_most]) && site.word(-1) == "at" {
        return Some(
            site.error(-1, -1, "after `at`, `least` or `most` is missing")
                .help("write for example `at least 2 times`"),
        );
    }
    if site.wants(&[Rule::integer]) {
        if site.word(-1) == "lookback"
            && let Some(error) = lookback(site)
        {
            return Some(error);
        }
        return match (site.word(-2), site.word(-1)) {
            (_, "least" | "most" | "exactly") => Some(count(site)),
            ("between", _) if site.word(-1) != "between" => None,
            _ => Some(duration(site)),
        };
    }
    if site.wants(&[Rule::times]) {
        let from = if site.word(-2) == "exactly" { -2 } else { -3 };
        if let Some(error) = window::days_for_times(site, from) {
            return Some(error);
        }
        let written = site.text(from, -1);
        return Some(
            site.error(from, -1, format!("after `{written}`, `times` is missing"))
                .help(format!("write `{written} times`")),
        );
    }
    if site.wants(&[Rule::unit]) {
        return Some(unit(site));
    }
    if site.wants(&[Rule::kw_ago]) {
        return Some(ago(site));
    }
    if site.wants(&[Rule::kw_and]) && site.word(-2) == "between" {
        return Some(between_and(site));
    }
    if site.wants(&[Rule::open]) && site.word(-1) == "where" {
        return Some(where_without_brackets(site));
    }
    if site.wants(&[Rule::modifier]) {
        return modifier(site);
    }
    None
}

/// `lookback = 30 days`, `lookback last 30 days`
fn lookback(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    if site.kind(0) == Some(Kind::Number) && found.len() >= 10 && found.matches('-').count() >= 2 {
        return Some(
            site.error(0, 0, "`lookback` takes a length of time, not a date")
                .help(format!(
                    "write for example `lookback 30 days`; for one event, `after {found}` stands behind its name"
                )),
        );
    }
    let number = (1..4).find(|at| site.kind(*at) == Some(Kind::Number))?;
    let passed = (0..number).all(|at| {
        matches!(
            site.word(at),
            "=" | ":" | "window" | "last" | "within" | "of" | "the" | "past" | "is"
        )
    });
    passed.then(|| {
        site.error(0, number - 1, "after `lookback` stands a length of time alone")
            .help(format!("write `lookback {}`", site.text(number, number + 1)))
    })
}

pub(super) fn begins_modifier(word: &str) -> bool {
    matches!(
        word,
        "as" | "at" | "exactly" | "within" | "between" | "before" | "after" | "where"
    )
}

fn event(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    let missing = || {
        site.error(-1, -1, "`performed` names no event").help(
            "write the name of the event in quotes after it, such as `performed \"Order Completed\" within 30 days`",
        )
    };
    if found == "not" {
        return site
            .error(0, 0, "`not` stands before `performed`")
            .help(format!("write `not performed {}`", site.word(1)));
    }
    if begins_modifier(found) {
        // The name may stand behind what belongs behind it.
        let end = site.condition_end(0);
        let named = (1..=end).find(|at| site.kind(*at) == Some(Kind::String) && !site.is_first(*at));
        return match named {
            Some(at) if found != "where" => site
                .error(0, at - 1, "the name of the event stands directly after `performed`")
                .help(format!("write `performed {} {}`", site.word(at), site.text(0, at - 1))),
            _ => missing(),
        };
    }
    if !matches!(site.kind(0), Some(Kind::Word | Kind::Number)) || matches!(found, "and" | "or") || site.is_end(0) {
        return missing();
    }
    let mut last = 0;
    while matches!(site.kind(last + 1), Some(Kind::Word | Kind::Number))
        && !begins_modifier(site.word(last + 1))
        && !site.is_first(last + 1)
        && !goes_on(site, last + 1)
    {
        last += 1;
    }
    let words = site.text(0, last);
    site.error(0, last, "the name of an event needs quotes")
        .help(format!("write `performed \"{words}\"`"))
}

/// An older end for a window whose newer end is so long ago.
pub(super) fn oldest(number: &str) -> u64 {
    number.parse::<u64>().unwrap_or(0).saturating_mul(2).max(365)
}

/// Whether a word behind an event without quotes begins what comes after it.
fn goes_on(site: &Site<'_, '_>, at: isize) -> bool {
    match site.word(at) {
        "and" | "or" | "but" | "then" | "as" | "who" | "since" | "until" | "except" | "unless" | "not" | "with"
        | "having" | "more" | "less" | "fewer" | "once" | "twice" | "lookback" => true,
        "send" | "consent" | "include" => site.kind(at + 1) == Some(Kind::Word) && !begins_modifier(site.word(at + 1)),
        "on" | "from" | "in" => site.kind(at + 1) == Some(Kind::Number) || matches!(site.word(at + 1), "the" | "last"),
        _ => site.kind(at) == Some(Kind::Number) && site.word(at + 1).starts_with("time"),
    }
}

fn count(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    let bound = if site.word(-1) == "exactly" {
        "exactly".to_owned()
    } else {
        site.text(-2, -1)
    };
    let times = |n: u64| {
        if n == 1 {
            "1 time".to_owned()
        } else {
            format!("{n} times")
        }
    };
    if let Some(number) = number_word(found) {
        let once = matches!(found, "once" | "twice");
        let message = if once {
            "a count is written in digits, followed by `times`"
        } else {
            "a count is written in digits"
        };
        return site
            .error(0, 0, message)
            .help(format!("write `{bound} {}`", times(number)));
    }
    if found.starts_with('-') && site.kind(0) == Some(Kind::Number) {
        return literal::bad(site, "a count cannot be negative".to_owned())
            .help(format!("write a whole number from 1 up, such as `{bound} 1 time`"));
    }
    if let Some(whole) = fraction(found) {
        return literal::bad(site, "a count is a whole number".to_owned()).help(format!(
            "write `{bound} {}` or `{bound} {}`",
            times(whole),
            times(whole.saturating_add(1))
        ));
    }
    if let Some(trouble) = literal::number_trouble(found) {
        return trouble.at(site.span(0, 0));
    }
    site.error(
        if bound == "exactly" { -1 } else { -2 },
        -1,
        format!("after `{bound}` a number is missing"),
    )
    .help(format!("write for example `{bound} 2 times`"))
}

/// Words for small numbers; `once` and `twice` too.
pub(super) fn number_word(word: &str) -> Option<u64> {
    Some(match word {
        "one" | "once" | "a" => 1,
        "two" | "twice" => 2,
        "three" | "thrice" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        _ => return None,
    })
}

/// The whole part of a number with decimals.
fn fraction(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.')?;
    let digits = !decimals.is_empty() && decimals.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| whole.parse().ok())?
}

/// A whole number is wanted behind `within`, `within last`, `before last`, `after next` or `between`.
fn duration(site: &Site<'_, '_>) -> Diagnostic {
    let (found, before) = (site.found(), site.word(-1));
    let two = matches!(
        (site.word(-2), before),
        ("within" | "before", "last") | ("within" | "after", "next")
    );
    let from = if two { -2 } else { -1 };
    let lead = if before == "between" || before == "and" {
        "within".to_owned()
    } else {
        site.text(from, -1)
    };
    if before == "between" && site.kind(0) == Some(Kind::Number) && found.len() >= 10 && found.contains('-') {
        let second = if site.word(1) == "and" { site.word(2) } else { "" };
        let help = super::moment::window(found, second)
            .unwrap_or_else(|| "write `after … before …`, each with a date".to_owned());
        let last = if second.is_empty() { 0 } else { 2 };
        return site
            .error(-1, last, "`between` takes days before today, not dates")
            .help(help);
    }
    if found == "next" && before == "within" {
        let last = if site.kind(1) == Some(Kind::Number) { 2 } else { 0 };
        return site
            .error(-1, last, "an event cannot have been performed in the future")
            .help(format!("write `within last {}`", site.text(1, 2)));
    }
    if found == "the" {
        let rest = if matches!(site.word(1), "last" | "past") { 2 } else { 1 };
        return site
            .error(0, 0, "`the` cannot stand here")
            .help(format!("write `within last {}`", site.text(rest, rest + 1)));
    }
    if found.starts_with('-') && site.kind(0) == Some(Kind::Number) {
        let positive = found.trim_start_matches('-');
        return literal::bad(site, "a duration cannot be negative".to_owned())
            .help(format!("write `{lead} {positive} {}`", site.word(1)));
    }
    if let Some(whole) = fraction(found) {
        return literal::bad(site, "a duration is a whole number".to_owned())
            .help(format!("write `{lead} {}`", smaller_unit(found, whole, site.word(1))));
    }
    if let Some((number, unit)) = short_unit(found) {
        return site
            .error(0, 0, "the unit is written out, after a space")
            .help(format!("write `{lead} {number} {unit}`"));
    }
    if let Some(number) = number_word(found) {
        return site
            .error(0, 0, "a duration is written in digits")
            .help(format!("write `{lead} {number} {}`", site.word(1)));
    }
    if let Some(trouble) = literal::number_trouble(found) {
        return trouble.at(site.span(0, 0));
    }
    let unit = ["minutes", "hours", "days", "weeks", "minute", "hour", "day", "week"].contains(&found);
    if unit {
        return site
            .error(from, 0, format!("`{lead}` names no number of {found}"))
            .help(format!("write for example `{lead} 30 {found}`"));
    }
    if site.is_end(0) || matches!(found, "and" | "or") {
        return site
            .error(
                from,
                -1,
                format!("after `{}` a duration is missing", site.text(from, -1)),
            )
            .help(format!("write for example `{lead} 30 days`; {UNITS}"));
    }
    site.error(0, 0, format!("`{found}` cannot stand here"))
        .help(format!("write for example `{lead} 30 days`; {UNITS}"))
}

/// `1.5 days` in the next smaller unit, where that is whole.
fn smaller_unit(text: &str, whole: u64, unit: &str) -> String {
    let (times, smaller) = match unit.trim_end_matches('s') {
        "week" => (7.0, "days"),
        "day" => (24.0, "hours"),
        "hour" => (60.0, "minutes"),
        _ => return format!("{whole} {unit}"),
    };
    let exact = text.parse::<f64>().unwrap_or(0.0) * times;
    if exact.fract() == 0.0 && exact < 1e9 {
        format!("{exact} {smaller}")
    } else {
        format!("{whole} {unit}")
    }
}

/// `30d` as number and unit.
fn short_unit(text: &str) -> Option<(&str, &'static str)> {
    let at = text.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0)?;
    let unit = match text.get(at..)? {
        "d" => "days",
        "h" | "hr" | "hrs" => "hours",
        "w" | "wk" | "wks" => "weeks",
        "m" | "min" | "mins" => "minutes",
        _ => return None,
    };
    Some((text.get(..at)?, unit))
}

/// A number stands before the place, and no unit behind it.
fn unit(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    let number = site.word(-1);
    let between = site.word(-2) == "and" && site.word(-4) == "between";
    let two = matches!(site.word(-2), "last" | "next");
    let from = match (between, two) {
        (true, _) => -4,
        (_, true) => -3,
        _ => -2,
    };
    let lead = site.text(from, -2);
    let tail = if between { " ago" } else { "" };
    if site.kind(0) == Some(Kind::Word) && !site.is_first(0) {
        let days = match found.trim_end_matches('s') {
            "month" => Some(30),
            "quarter" => Some(91),
            "year" => Some(365),
            _ => None,
        };
        if let Some(days) = days {
            let in_days = |number: &str| number.parse::<u64>().unwrap_or(1).saturating_mul(days);
            let count = in_days(number);
            let lead = if between {
                format!("between {} and", in_days(site.word(-3)))
            } else {
                lead
            };
            let singular = found.trim_end_matches('s');
            return site
                .error(
                    0,
                    0,
                    format!("`{found}` is not a unit, as {singular}s differ in length"),
                )
                .help(format!("write `{lead} {count} days{tail}`; {UNITS}"));
        }
        if found.trim_end_matches('s') == "second" {
            return site.error(0, 0, format!("`{found}` is not a unit")).help(UNITS);
        }
        if let Some(meant) = nearest(
            found,
            &["minutes", "hours", "days", "weeks", "minute", "hour", "day", "week"],
        ) {
            return site
                .error(0, 0, format!("`{found}` is not a unit"))
                .help(format!("did you mean `{meant}`?"));
        }
    }
    if between && found == "times" {
        let event = site.word(-5);
        return site
            .error(from, 0, "`between` stands with a window of time, not with a count")
            .help(format!(
                "write `performed {event} at least {} times and performed {event} at most {number} times`",
                site.word(-3)
            ));
    }
    let written = site.text(from, -1);
    site.error(from, -1, format!("`{written}` does not say of what"))
        .help(format!("write `{written} days{tail}`; {UNITS}"))
}

fn ago(site: &Site<'_, '_>) -> Diagnostic {
    // between, number, and, number, unit
    let written = site.text(-5, -1);
    site.error(-5, -1, format!("after `{written}`, `ago` is missing"))
        .help(format!("write `{written} ago`"))
}

fn between_and(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    let first = site.word(-1);
    if matches!(found, "to" | "-" | "," | "till" | "until") {
        let second = site.text(1, 3);
        return site
            .error(0, 0, "between the two numbers stands `and`")
            .help(format!("write `between {first} and {second}`"));
    }
    if super::words::of(Rule::unit).contains(&found) {
        let in_days = |number: &str, unit: &str| {
            let days = match unit.trim_end_matches('s') {
                "week" => 7,
                "day" => 1,
                _ => return None,
            };
            number.parse::<u32>().ok()?.checked_mul(days)
        };
        let help = match (in_days(first, found), in_days(site.word(2), site.word(3))) {
            (Some(a), Some(b)) => format!("write `between {a} and {b} days ago`"),
            _ => format!("write for example `between {first} and 90 {found} ago`"),
        };
        return site
            .error(0, 0, "`between` takes one unit, after the second number")
            .help(help);
    }
    site.error(
        -2,
        -1,
        format!("after `between {first}`, `and` and a second number are missing"),
    )
    .help(format!("write for example `between {first} and 90 days ago`"))
}

fn where_without_brackets(site: &Site<'_, '_>) -> Diagnostic {
    if site.is_end(0) {
        return site
            .error(-1, -1, "after `where` a condition is missing")
            .help("write one in brackets, such as `where (total > 50)`, or remove `where`");
    }
    let mut last = site.condition_end(0);
    // All on the line belongs inside, as far as can be told.
    while matches!(site.word(last + 1), "and" | "or") && !site.is_first(last + 1) && last < 16 {
        last = site.condition_end(last + 2);
    }
    let mut inside = site.text(0, last);
    if site.found() == "[" && inside.ends_with(']') {
        inside = site.text(1, last - 1);
    }
    site.error(0, last, "what follows `where` stands in brackets")
        .help(format!("write `where ({inside})`"))
}

/// Behind an event or a modifier.
fn modifier(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    if let Some(error) = window::diagnose(site) {
        return Some(error);
    }
    match found {
        "," if begins_modifier(site.word(1)) => Some(site.error(0, 0, "no comma stands here").help("remove it")),
        "in" | "during" | "over" if matches!(site.word(1), "the" | "last" | "past") => {
            let mut last = 1;
            if site.word(1) == "the" {
                last = 2;
            }
            Some(
                site.error(
                    0,
                    last,
                    format!("`{}` cannot stand after `performed`", site.text(0, last)),
                )
                .help(format!("write `within last {}`", site.text(last + 1, last + 2))),
            )
        }
        "today" | "yesterday" | "recently" | "lately" => Some(
            site.error(0, 0, format!("`{found}` cannot stand after `performed`"))
                .help("write a length of time, such as `within 1 day` for the last 24 hours, or dates"),
        ),
        "ever" | "always" => Some(
            site.error(0, 0, format!("`{found}` cannot stand after `performed`"))
                .help("remove it: without a window of time, all events up to now count"),
        ),
        "never" => Some(
            site.error(0, 0, "`never` cannot stand after `performed`")
                .help("write `exactly 0 times`"),
        ),
        "not" if begins_modifier(site.word(1)) => {
            let windows = site.condition(1);
            let begin = (-24..0).rev().find(|at| site.word(*at) == "performed").unwrap_or(-1);
            Some(
                site.error(0, 0, "`not` stands before `performed`")
                    .help(format!("write `not {} {windows}`", site.text(begin, -1))),
            )
        }
        "with" | "having" | "whose" | "if" | "when" if !site.is_first(0) => {
            let end = site.condition_end(1);
            let inside = site.text(1, end);
            let where_ = if site.word(1) == "(" {
                format!("where {inside}")
            } else {
                format!("where ({inside})")
            };
            Some(
                site.error(0, 0, format!("`{found}` cannot stand after `performed`"))
                    .help(format!("write `{where_}`")),
            )
        }
        _ if site.kind(0) == Some(Kind::Number) && super::words::of(Rule::unit).contains(&site.word(1)) => {
            let written = site.text(0, 1);
            let (number, unit) = (found, site.word(1));
            let last = if site.word(2) == "ago" { 2 } else { 1 };
            Some(
                site.error(
                    0,
                    last,
                    format!("`{}` does not say on which side of that", site.text(0, last)),
                )
                .help(format!(
                    "write `within {written}`, or for longer ago `between {number} and {oldest} {unit} ago`",
                    oldest = oldest(number)
                )),
            )
        }
        _ if site.kind(0) == Some(Kind::Number)
            && site.word(1) == "or"
            && matches!(site.word(2), "more" | "less" | "fewer") =>
        {
            let bound = if site.word(2) == "more" { "at least" } else { "at most" };
            let last = if site.word(3).starts_with("time") { 3 } else { 2 };
            Some(
                site.error(
                    0,
                    last,
                    format!("`{}` cannot stand after `performed`", site.text(0, last)),
                )
                .help(format!("write `{bound} {found} times`")),
            )
        }
        "last" | "for" => Some(
            site.error(0, 0, format!("`{found}` cannot stand after `performed`"))
                .help("write for example `within last 30 days`"),
        ),
        "more" | "less" | "fewer" | "longer" | "older" | "earlier" | "over"
            if (1..3).any(|at| {
                site.kind(at) == Some(Kind::Number) && super::words::of(Rule::unit).contains(&site.word(at + 1))
            }) =>
        {
            let at = if site.word(1) == "than" { 2 } else { 1 };
            let (number, unit) = (site.word(at), site.word(at + 1));
            let last = if site.word(at + 2) == "ago" { at + 2 } else { at + 1 };
            let help = if matches!(found, "less" | "fewer") {
                format!("write `within {number} {unit}`")
            } else {
                format!(
                    "write `between {number} and {oldest} {unit} ago`, with the oldest {} that counts",
                    unit.trim_end_matches('s'),
                    oldest = oldest(number)
                )
            };
            Some(
                site.error(
                    0,
                    last,
                    format!("`{}` cannot stand after `performed`", site.text(0, last)),
                )
                .help(help),
            )
        }
        "no" | "not" | "up" | "maximum" | "minimum" | "max" | "min" | "only" | "just" if counted(site).is_some() => {
            let (bound, last) = counted(site)?;
            Some(
                site.error(
                    0,
                    last,
                    format!("`{}` cannot stand after `performed`", site.text(0, last)),
                )
                .help(format!("write `{bound}`")),
            )
        }
        "zero" | "no" if site.word(1).starts_with("time") => Some(
            site.error(0, 1, format!("`{}` cannot stand after `performed`", site.text(0, 1)))
                .help("write `exactly 0 times`"),
        ),
        "!=" if site.kind(1) == Some(Kind::Number) => {
            let begin = (-24..0).rev().find(|at| site.word(*at) == "performed").unwrap_or(-1);
            Some(
                site.error(0, 1, format!("`{}` cannot stand after `performed`", site.text(0, 1)))
                    .help(format!(
                        "write `not {} exactly {} times`",
                        site.text(begin, -1),
                        site.word(1)
                    )),
            )
        }
        "more" | "less" | "fewer" if site.word(1) == "than" => {
            let number = site.word(2).parse::<u64>().ok();
            let last = if site.word(3).starts_with("time") { 3 } else { 2 };
            let help = match (found, number) {
                ("more", Some(n)) => format!("write `at least {} times`", n.saturating_add(1)),
                (_, Some(n)) => format!("write `at most {} times`", n.saturating_sub(1)),
                _ => "write for example `at least 2 times`".to_owned(),
            };
            Some(
                site.error(0, last, format!("`{} than` cannot stand after `performed`", found))
                    .help(help),
            )
        }
        ">=" | ">" | "<=" | "<" | "=" | "==" | "=>" => {
            let number = site.word(1).parse::<u64>().ok();
            let last = if number.is_some() { 1 } else { 0 };
            let help = match (found, number) {
                (">=" | "=>", Some(n)) => format!("write `at least {n} times`"),
                (">", Some(n)) => format!("write `at least {} times`", n.saturating_add(1)),
                ("<=", Some(n)) => format!("write `at most {n} times`"),
                ("<", Some(n)) => format!("write `at most {} times`", n.saturating_sub(1)),
                ("=" | "==", Some(n)) => format!("write `exactly {n} times`"),
                _ => "write for example `at least 2 times`".to_owned(),
            };
            Some(
                site.error(
                    0,
                    last,
                    format!("`{}` cannot stand after `performed`", site.text(0, last)),
                )
                .help(help),
            )
        }
        "once" | "twice" => {
            let n = number_word(found).unwrap_or(1);
            let times = if n == 1 { "time" } else { "times" };
            Some(
                site.error(0, 0, format!("`{found}` does not say whether more or fewer will do"))
                    .help(format!(
                        "write `at least {n} {times}`, `at most {n} {times}` or `exactly {n} {times}`"
                    )),
            )
        }
        _ if site.kind(0) == Some(Kind::Number) && site.word(1).starts_with("time") => {
            let count = site.text(0, 1);
            Some(
                site.error(0, 1, format!("`{count}` does not say whether more or fewer will do"))
                    .help(format!(
                        "write `at least {count}`, `at most {count}` or `exactly {count}`"
                    )),
            )
        }
        _ => date_with_space(site)
            .or_else(|| super::moment::diagnose(site, ""))
            .or_else(|| without_where(site)),
    }
}

/// `performed "A" total > 50`
fn without_where(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    let behind = site.word(site.path_end(0) + 1);
    let test =
        matches!(behind, "=" | "==" | "!=" | "<" | "<=" | ">" | ">=") || super::words::of(Rule::test).contains(&behind);
    let test = test && (behind != "not" || site.word(site.path_end(0) + 2) == "in");
    if !site.is_name(0) || !test || super::RESERVED.contains(&found) {
        return None;
    }
    let last = site.condition_end(0);
    Some(
        site.error(0, last, "before the test of a property `where` is missing")
            .help(format!("write `where ({})`", site.text(0, last))),
    )
}

/// `no more than 3 times`, `up to 3 times`, `only once`: the count, and where it ends.
fn counted(site: &Site<'_, '_>) -> Option<(String, isize)> {
    let (bound, at) = match (site.found(), site.word(1), site.word(2)) {
        ("no" | "not", "more", "than") => ("at most", 3),
        ("no" | "not", "less" | "fewer", "than") => ("at least", 3),
        ("up", "to", _) => ("at most", 2),
        ("maximum" | "max", "of", _) => ("at most", 2),
        ("minimum" | "min", "of", _) => ("at least", 2),
        ("maximum" | "max", ..) => ("at most", 1),
        ("minimum" | "min", ..) => ("at least", 1),
        ("only" | "just", ..) => ("exactly", 1),
        _ => return None,
    };
    let written = site.word(at);
    let number = number_word(written).or_else(|| written.parse().ok())?;
    let times = if number == 1 { "time" } else { "times" };
    let last = if site.word(at + 1).starts_with("time") {
        at + 1
    } else {
        at
    };
    Some((format!("{bound} {number} {times}"), last))
}

/// `2026-01-05 10:00Z`
fn date_with_space(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    let time = site.kind(0) == Some(Kind::Number) && found.contains(':');
    let day = site.kind(-1) == Some(Kind::Number) && site.word(-1).len() == 10;
    (time && day).then(|| {
        let day = site.word(-1);
        let zone = if found.ends_with('Z') || found.contains('+') {
            ""
        } else {
            "Z"
        };
        Diagnostic::error(
            Code::BadLiteral,
            site.span(-1, 0),
            "between day and time stands `T`, not a space",
        )
        .help(format!("write `{day}T{found}{zone}`"))
    })
}
