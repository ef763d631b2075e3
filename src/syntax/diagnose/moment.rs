//! Dates behind words that are not `before` or `after`: `since`, `on`, `until`.

use super::site::Site;
use crate::diagnostic::Diagnostic;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;
use crate::time::Timestamp;

const DAY: i64 = 86_400_000;

/// A date as it is written, and the day that it is, if it is one without a time.
fn date(text: &str) -> Option<(Timestamp, bool)> {
    Timestamp::parse(text).map(|instant| (instant, !text.contains('T')))
}

/// The day or instant, so many days on.
fn day(instant: Timestamp, days: i64) -> String {
    let moved = Timestamp::from_millis(instant.as_millis().saturating_add(days.saturating_mul(DAY)));
    moved.to_string().chars().take(10).collect()
}

/// The instant before, which `after` leaves out.
fn just_before(instant: Timestamp) -> String {
    Timestamp::from_millis(instant.as_millis().saturating_sub(1)).to_string()
}

/// The whole days from one date to another, both included, as tests of a value.
pub(super) fn between(subject: &str, low: &str, high: &str) -> Option<String> {
    let ((low, _), (end, whole)) = (date(low)?, date(high)?);
    let end = if whole { day(end, 1) } else { high.to_owned() };
    Some(format!(
        "write `{subject} after {} and {subject} before {end}`",
        just_before(low)
    ))
}

/// The same as a window of an event.
pub(super) fn window(low: &str, high: &str) -> Option<String> {
    let ((low, _), (_, whole)) = (date(low)?, date(high)?);
    let end = if whole { day(date(high)?.0, 1) } else { high.to_owned() };
    Some(format!("write `after {} before {end}`", just_before(low)))
}

/// The word at the place is followed by a date; `subject` is what the help begins with, empty for an event. The windows
/// of an event stand side by side, the tests of a value are joined.
pub(super) fn diagnose(site: &Site<'_, '_>, subject: &str) -> Option<Diagnostic> {
    let found = site.found();
    if !matches!(
        found,
        "since" | "from" | "on" | "until" | "till" | "by" | "in" | "during" | "starting"
    ) {
        return None;
    }
    let of_event = subject.is_empty();
    let lead = if of_event { String::new() } else { format!("{subject} ") };
    let both = if of_event {
        " ".to_owned()
    } else {
        format!(" and {subject} ")
    };
    let message = format!("`{found}` cannot stand before a date");
    let written = site.word(1);
    let upto = matches!(site.word(2), "to" | "until" | "till" | "-") && date(site.word(3)).is_some();
    let month = matches!(
        written,
        "January"
            | "February"
            | "March"
            | "April"
            | "May"
            | "June"
            | "July"
            | "August"
            | "September"
            | "October"
            | "November"
            | "December"
    );
    let year = written.len() == 4 && site.kind(1) == Some(Kind::Number);
    if let Some((instant, whole)) = date(written) {
        let help = match found {
            "since" | "from" | "starting" if upto => {
                let (end, whole) = date(site.word(3))?;
                let end = if whole { day(end, 1) } else { site.word(3).to_owned() };
                format!("write `{lead}after {}{both}before {end}`", just_before(instant))
            }
            "since" | "from" | "starting" => {
                format!("write `{lead}after {}`", just_before(instant))
            }
            "until" | "till" | "by" if whole => {
                format!("write `{lead}before {written}`, which leaves that day out")
            }
            "until" | "till" | "by" => format!("write `{lead}before {written}`"),
            _ if whole => format!(
                "write `{lead}after {}{both}before {}`",
                just_before(instant),
                day(instant, 1)
            ),
            _ => format!("write `{lead}after {written}` or `{lead}before {written}`"),
        };
        return Some(site.error(0, if upto { 3 } else { 1 }, message).help(help));
    }
    if year && let Ok(number) = written.parse::<u32>() {
        let (first, next) = (format!("{written}-01-01"), format!("{:04}-01-01", number + 1));
        let begin = just_before(Timestamp::parse(&first)?);
        let help = match found {
            "since" | "from" | "starting" => format!("write `{lead}after {begin}`"),
            "until" | "till" | "by" => format!("write `{lead}before {first}`, which leaves that year out"),
            _ => format!("write `{lead}after {begin}{both}before {next}`"),
        };
        return Some(site.error(0, 1, message).help(help));
    }
    if month {
        return Some(site.error(0, 1, message).help(format!(
            "write from when to when, such as `{lead}after 2026-04-30T23:59:59.999Z{both}before \
             2026-06-01`"
        )));
    }
    let duration = site.kind(1) == Some(Kind::Number) && super::words::of(Rule::unit).contains(&site.word(2));
    if duration && matches!(found, "since" | "in" | "during" | "from") {
        let last = if of_event { "within" } else { "within last" };
        return Some(
            site.error(0, 0, format!("`{found}` cannot stand before a length of time"))
                .help(format!("write `{lead}{last} {}`", site.text(1, 2))),
        );
    }
    matches!(found, "since" | "until" | "till").then(|| {
        let sign = if found == "since" { "after" } else { "before" };
        site.error(0, 0, message)
            .help(format!("write a date, such as `{lead}{sign} 2026-01-01`"))
    })
}
