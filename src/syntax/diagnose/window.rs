//! Windows and counts of events as they are said: `not lately`, `this month`, `twice or more`.

use super::literal;
use super::performed::{begins_modifier, number_word, oldest};
use super::site::Site;
use crate::diagnostic::Diagnostic;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;

/// Behind an event or one of its modifiers.
pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    if let Some(from) = window_after_not(site) {
        return not_lately(site, from);
    }
    calendar(site).or_else(|| match found {
        "once" | "twice" | "thrice" if site.word(1) == "or" && matches!(site.word(2), "more" | "less" | "fewer") => {
            let bound = if site.word(2) == "more" { "at least" } else { "at most" };
            let number = number_word(found)?;
            let times = if number == 1 { "time" } else { "times" };
            let last = if site.word(3).starts_with("time") { 3 } else { 2 };
            let message = format!("`{}` cannot stand after `performed`", site.text(0, last));
            Some(
                site.error(0, last, message)
                    .help(format!("write `{bound} {number} {times}`")),
            )
        }
        "0" if site.word(1).starts_with("time") => Some(
            site.error(0, 1, format!("`{}` cannot stand after `performed`", site.text(0, 1)))
                .help("write `exactly 0 times`"),
        ),
        "several" | "many" | "multiple" | "often" | "repeatedly" | "frequently" | "some" => {
            let last = isize::from(site.word(1).starts_with("time"));
            let message = format!("`{}` does not say how often", site.text(0, last));
            Some(
                site.error(0, last, message)
                    .help("write for example `at least 3 times`"),
            )
        }
        _ => None,
    })
}

/// How many days a word stands for.
fn days(unit: &str) -> Option<u32> {
    Some(match unit {
        "day" => 1,
        "week" => 7,
        "month" => 30,
        "quarter" => 91,
        "year" => 365,
        _ => return None,
    })
}

/// `in the last quarter`, `this month`, `on Mondays`.
pub(super) fn calendar(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let mut at = 0;
    while at < 3 && matches!(site.word(at), "in" | "during" | "over" | "within" | "the" | "on") {
        at += 1;
    }
    let unit = site.word(at + 1);
    let message = |last: isize| format!("`{}` cannot be asked for: windows know no calendar", site.text(0, last));
    if matches!(site.word(at), "last" | "past")
        && let Some(days) = days(unit)
    {
        let length = if days == 1 {
            "1 day".to_owned()
        } else {
            format!("{days} days")
        };
        return Some(
            site.error(0, at + 1, message(at + 1))
                .help(format!("write `within {length}`, which ends now, or dates")),
        );
    }
    let this = matches!(site.word(at), "this" | "current") && days(unit).is_some();
    let day = matches!(
        site.word(at).trim_end_matches('s'),
        "weekday" | "weekend" | "Monday" | "Tuesday" | "Wednesday" | "Thursday" | "Friday" | "Saturday" | "Sunday"
    );
    if !this && !day {
        return None;
    }
    let last = if this { at + 1 } else { at };
    Some(site.error(0, last, message(last)).help(
        "write a length of time up to now, such as `within 30 days`, or dates, such as `after \
         2026-04-30T23:59:59.999Z before 2026-06-01`",
    ))
}

/// `at least 30 days ago`: the place is at the unit, where `times` is wanted.
pub(super) fn days_for_times(site: &Site<'_, '_>, from: isize) -> Option<Diagnostic> {
    let (number, unit) = (site.word(-1), site.found());
    if !super::words::of(Rule::unit).contains(&unit) {
        return None;
    }
    let last = isize::from(site.word(1) == "ago");
    let error = site.error(
        from,
        last,
        format!(
            "`{}` counts events, and `{number} {unit}` is a length of time",
            site.text(from, -2)
        ),
    );
    let longer = format!(
        "`between {number} and {} {unit} ago`, with the oldest {} that counts",
        oldest(number),
        unit.trim_end_matches('s')
    );
    Some(error.help(match site.word(-2) {
        "least" => format!("write {longer}"),
        "most" => format!("write `within {number} {unit}`"),
        _ => format!("write `within {number} {unit}`, or for longer ago {longer}"),
    }))
}

/// Where the window begins that a `not` or `but not` at the place stands before.
fn window_after_not(site: &Site<'_, '_>) -> Option<isize> {
    let from = if site.found() == "but" { 2 } else { 1 };
    let window = matches!(
        site.word(from),
        "within" | "between" | "before" | "after" | "in" | "during" | "since" | "for"
    );
    (window && site.word(from - 1) == "not").then_some(from)
}

/// `performed "A" not in the last 30 days`: those who did it and not lately are others than those who did not do it lately.
fn not_lately(site: &Site<'_, '_>, from: isize) -> Option<Diagnostic> {
    let begin = (-24..0).rev().find(|at| site.word(*at) == "performed")?;
    let window = if begins_modifier(site.word(from)) {
        site.condition(from)
    } else if site.word(from) == "since" && literal::is_date(site.word(from + 1)) {
        format!("after {}", site.word(from + 1))
    } else {
        let number = (from + 1..from + 4).find(|at| site.kind(*at) == Some(Kind::Number))?;
        if !super::words::of(Rule::unit).contains(&site.word(number + 1)) {
            return None;
        }
        format!("within {}", site.text(number, number + 1))
    };
    let last = site.condition_end(from);
    let event = site.text(begin, -1);
    let error = site.error(0, last, "`not` stands before a whole `performed`");
    if super::consent::nots(site, begin) > 0 {
        return Some(error.help("write what must not hold as a `performed` of its own, joined with `and not`"));
    }
    let both = format!("{event} and not {event} {window}");
    let beside_or = site.word(begin - 1) == "or" || site.word(last + 1) == "or";
    let both = if beside_or { format!("({both})") } else { both };
    Some(error.help(format!(
        "write `{both}` for those who did it, but not then; `not {event} {window}` alone also takes those who never did"
    )))
}
