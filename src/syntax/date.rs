//! Dates that cannot be read: what is wrong with them, and what to write instead.

use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::lex::shorten;
use crate::time::Timestamp;

/// What is wrong with a literal, and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) message: String,
    pub(super) help: String,
}

impl Trouble {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Trouble {
            message: message.into(),
            help: help.into(),
        }
    }

    pub(super) fn at(self, span: Span) -> Diagnostic {
        Diagnostic::error(Code::BadLiteral, span, self.message).help(self.help)
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What is wrong with a text that is meant to be a date and cannot be read as one.
pub(super) fn date_trouble(text: &str) -> Trouble {
    let (day, time) = match text.find(['T', 't']) {
        Some(at) => (text.get(..at).unwrap_or(text), text.get(at..)),
        None => (text, None),
    };
    day_trouble(day, time.unwrap_or(""))
        .or_else(|| time_trouble(day, time?))
        .unwrap_or_else(|| {
            Trouble::new(
                format!("`{}` is not a date", shorten(text)),
                "write a date such as `2026-01-05` or `2026-01-05T10:00Z`",
            )
        })
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Three numbers with one sign between them.
fn three(text: &str, sign: char) -> Option<[&str; 3]> {
    let mut parts = text.split(sign);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    (parts.next().is_none() && three.iter().all(|part| all_digits(part) && part.len() <= 4)).then_some(three)
}

fn day_trouble(day: &str, time: &str) -> Option<Trouble> {
    for sign in ['/', '.'] {
        if let Some(parts) = three(day, sign) {
            return Some(foreign_order(parts, sign, time));
        }
    }
    let parts @ [year, month, date] = three(day, '-')?;
    if year.len() != 4 {
        return Some(Trouble::new(
            "the year of a date comes first and has four digits",
            "write a date such as `2026-01-05`",
        ));
    }
    if month.len() != 2 || date.len() != 2 {
        let help = match day_text(parts) {
            Some(day) => format!("write `{day}{time}`"),
            None => "write a date such as `2026-01-05`".to_owned(),
        };
        return Some(Trouble::new("month and day have two digits", help));
    }
    let (m, d): (usize, u32) = (month.parse().ok()?, date.parse().ok()?);
    let Some(name) = m.checked_sub(1).and_then(|m| MONTHS.get(m)) else {
        let help = match day_text([year, date, month]) {
            Some(day) => format!("a date is written year, month, day: did you mean `{day}{time}`?"),
            None => "write a month from 01 to 12".to_owned(),
        };
        return Some(Trouble::new(format!("there is no month {m}"), help));
    };
    if Timestamp::parse(day).is_some() {
        return None;
    }
    if (m, d) == (2, 29) {
        return Some(Trouble::new(
            format!("{year} is no leap year, so there is no 29 February"),
            format!("write `{year}-02-28` or `{year}-03-01`"),
        ));
    }
    let last = (28..=31)
        .rev()
        .map(|d| format!("{year}-{month}-{d}"))
        .find(|day| Timestamp::parse(day).is_some())?;
    let exists = if d == 0 { format!("{year}-{month}-01") } else { last };
    Some(Trouble::new(
        format!("there is no {d} {name}"),
        format!("write a day that exists, such as `{exists}`"),
    ))
}

/// A day as it should be written, if it exists.
fn day_text([year, month, day]: [&str; 3]) -> Option<String> {
    let text = format!("{year}-{month:0>2}-{day:0>2}");
    Timestamp::parse(&text).map(|_| text)
}

/// `01/05/2026` can be two days; `5.1.2026` is the fifth of January to everybody who writes so.
fn foreign_order(parts: [&str; 3], sign: char, time: &str) -> Trouble {
    let [a, b, c] = parts;
    let readings = if a.len() == 4 {
        [day_text([a, b, c]), None]
    } else if sign == '.' {
        [day_text([c, b, a]), None]
    } else {
        [day_text([c, a, b]), day_text([c, b, a]).filter(|_| a != b)]
    };
    let readings: Vec<String> = readings
        .into_iter()
        .flatten()
        .map(|day| format!("`{day}{time}`"))
        .collect();
    let help = if readings.is_empty() {
        "write a date such as `2026-01-05`".to_owned()
    } else {
        format!("write {}", readings.join(" or "))
    };
    Trouble::new("a date is written year, month, day, with `-` between them", help)
}

/// `time` begins with the letter T.
fn time_trouble(day: &str, time: &str) -> Option<Trouble> {
    if time.contains(['t', 'z']) {
        return Some(Trouble::new(
            "`T` and `Z` in a date are capital letters",
            format!("write `{day}{}`", time.to_ascii_uppercase()),
        ));
    }
    let clock = time.get(1..)?;
    let end = clock
        .find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.')
        .unwrap_or(clock.len());
    let (clock, zone) = (clock.get(..end)?, clock.get(end..)?);
    let (clock, decimals) = clock.split_once('.').unwrap_or((clock, ""));
    let parts: Vec<&str> = clock.split(':').collect();
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(|part| all_digits(part) && part.len() <= 2) {
        return Some(Trouble::new(
            "the time of day is written with hours and minutes",
            format!("write for example `{day}T10:00Z`"),
        ));
    }
    for (part, (name, most)) in parts.iter().zip([("hour", 23), ("minute", 59), ("second", 59)]) {
        if part.len() != 2 {
            return Some(Trouble::new(
                format!("the {name} of a date has two digits"),
                format!("write for example `{day}T10:00Z`"),
            ));
        }
        if part.parse::<u32>().ok()? > most {
            let article = if name == "hour" { "an" } else { "a" };
            return Some(Trouble::new(
                format!("there is no {name} {part}"),
                format!("write {article} {name} from 00 to {most}"),
            ));
        }
    }
    if decimals.len() > 9 {
        return Some(Trouble::new(
            "a second has at most nine decimals",
            format!(
                "write `{day}T{clock}.{}{zone}`; what is finer than a millisecond is cut off",
                decimals.get(..3)?
            ),
        ));
    }
    zone_trouble(day, time, zone)
}

fn zone_trouble(day: &str, time: &str, zone: &str) -> Option<Trouble> {
    let clock = time.strip_suffix(zone)?;
    if zone.is_empty() {
        return Some(Trouble::new(
            format!("`{day}{time}` does not say in which time zone"),
            format!("write `{day}{time}Z` for UTC, or an offset such as `{day}{time}+01:00`"),
        ));
    }
    let Some(offset) = zone.strip_prefix(['+', '-']) else {
        return Some(Trouble::new(
            "a time zone is written as an offset, not by its name",
            format!("write `{day}{clock}+01:00`"),
        ));
    };
    let sign = zone.get(..1)?;
    if all_digits(offset) {
        let padded = match offset.len() {
            1 | 2 => format!("{offset:0>2}:00"),
            4 => format!("{}:{}", offset.get(..2)?, offset.get(2..)?),
            _ => "01:00".to_owned(),
        };
        return Some(Trouble::new(
            "the offset is written with `:`",
            format!("write `{day}{clock}{sign}{padded}`"),
        ));
    }
    Some(Trouble::new(
        "an offset is at most 18 hours",
        "write an offset from `-18:00` to `+18:00`, such as `+08:00`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_of_a_date_has_its_own_words() {
        for (text, message, help) in [
            (
                "2026-02-30",
                "there is no 30 February",
                "write a day that exists, such as `2026-02-28`",
            ),
            (
                "2026-04-31",
                "there is no 31 April",
                "write a day that exists, such as `2026-04-30`",
            ),
            (
                "2026-04-00",
                "there is no 0 April",
                "write a day that exists, such as `2026-04-01`",
            ),
            (
                "2025-02-29",
                "2025 is no leap year, so there is no 29 February",
                "write `2025-02-28` or `2025-03-01`",
            ),
            (
                "2026-13-01",
                "there is no month 13",
                "a date is written year, month, day: did you mean `2026-01-13`?",
            ),
            ("2026-13-31", "there is no month 13", "write a month from 01 to 12"),
            (
                "2026-01-01T25:00Z",
                "there is no hour 25",
                "write an hour from 00 to 23",
            ),
            (
                "2026-01-01T10:60Z",
                "there is no minute 60",
                "write a minute from 00 to 59",
            ),
            (
                "2026-01-01T10:00+18:01",
                "an offset is at most 18 hours",
                "write an offset from `-18:00` to `+18:00`, such as `+08:00`",
            ),
            (
                "2026-01-01T10:00-0100",
                "the offset is written with `:`",
                "write `2026-01-01T10:00-01:00`",
            ),
            (
                "2026-01-01T10:00CET",
                "a time zone is written as an offset, not by its name",
                "write `2026-01-01T10:00+01:00`",
            ),
            ("2026-1-5", "month and day have two digits", "write `2026-01-05`"),
            (
                "01/05/2026",
                "a date is written year, month, day, with `-` between them",
                "write `2026-01-05` or `2026-05-01`",
            ),
            (
                "5.1.2026",
                "a date is written year, month, day, with `-` between them",
                "write `2026-01-05`",
            ),
            (
                "31/12/2026",
                "a date is written year, month, day, with `-` between them",
                "write `2026-12-31`",
            ),
            (
                "2026-01-05t10:00z",
                "`T` and `Z` in a date are capital letters",
                "write `2026-01-05T10:00Z`",
            ),
            (
                "2026-01-05T10:00:00.1234567891Z",
                "a second has at most nine decimals",
                "write `2026-01-05T10:00:00.123Z`; what is finer than a millisecond is cut off",
            ),
            (
                "2026-01-01T10",
                "the time of day is written with hours and minutes",
                "write for example `2026-01-01T10:00Z`",
            ),
            (
                "2026-W01",
                "`2026-W01` is not a date",
                "write a date such as `2026-01-05` or `2026-01-05T10:00Z`",
            ),
        ] {
            assert_eq!(date_trouble(text), Trouble::new(message, help), "{text}");
        }
    }
}
