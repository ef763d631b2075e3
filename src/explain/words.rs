//! Values and names in a sentence: short, and nothing in them that is not seen.

use super::Preference;
use crate::compile::Written;
use crate::consent::ConsentState;
use crate::diagnostic::visible;
use crate::ir::{Literal, Literals};
use crate::span::{Sources, Span};
use crate::time::{Duration, Timestamp, Unit};
use crate::value::{Value, quoted};

/// As many characters of a value as a sentence shows.
const VALUE: usize = 60;
/// As many values of a list.
const LISTED: usize = 3;
/// As many characters of a line of a definition as people are shown.
const LINE: usize = 120;
/// As many of a condition that a sentence is about.
const CONDITION: usize = 300;
/// As many characters of a definition as are repeated in JSON.
const SOURCE: usize = 2000;
/// As many of a message id.
const MESSAGE_ID: usize = 36;

/// At most so many characters; `…` stands for the rest.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A text in double quotes.
pub(super) fn text(text: &str) -> String {
    visible(&quoted(&cut(text, VALUE)))
}

/// A name or a label.
pub(super) fn name(name: &str) -> String {
    visible(&cut(name, VALUE))
}

pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(string) => text(string),
        other => visible(&cut(&other.canonical(), VALUE)),
    }
}

pub(super) fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Text(string) => text(string),
        Literal::Number(number) => number.to_string(),
        Literal::Boolean(value) => value.to_string(),
        Literal::Date(date) => date.to_string(),
    }
}

/// `"business", "pro"`; `1, 2, 3 and 9 others`
pub(super) fn literals(list: &Literals) -> String {
    let texts = list.texts.iter().map(|string| text(string));
    let numbers = list.numbers.iter().map(ToString::to_string);
    let booleans = list.booleans.iter().map(ToString::to_string);
    let dates = list.dates.iter().map(ToString::to_string);
    listed(list.len(), texts.chain(numbers).chain(booleans).chain(dates))
}

pub(super) fn any_of(list: &[Literal]) -> String {
    listed(list.len(), list.iter().map(literal))
}

fn listed(count: usize, parts: impl Iterator<Item = String>) -> String {
    let shown: Vec<String> = parts.take(LISTED).collect();
    let rest = match count.saturating_sub(LISTED) {
        0 => String::new(),
        1 => " and 1 other".to_owned(),
        rest => format!(" and {rest} others"),
    };
    format!("{}{rest}", shown.join(", "))
}

/// `7 days`, also for a week: days are what people count.
pub(super) fn length(length: Duration) -> String {
    let (millis, day) = (length.as_millis(), Unit::Day.millis());
    if millis % Unit::Week.millis() == 0 {
        format!("{} days", millis / day)
    } else {
        length.to_string()
    }
}

/// `2 of 3`, `none of 3`, `the only`
pub(super) fn share(some: usize, of: usize) -> String {
    match (some, of) {
        (1, 1) => "the only".to_owned(),
        (0, _) => format!("none of {of}"),
        _ => format!("{some} of {of}"),
    }
}

/// `1 "Order Completed" event`, `2 "Order Completed" events`
pub(super) fn events(count: usize, event: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} event{plural}", text(event))
}

/// `2026-06-01T00:00:00Z (message m7)`
pub(super) fn event(time: Timestamp, message_id: &str) -> String {
    if message_id.is_empty() {
        return time.to_string();
    }
    format!("{time} (message {})", self::message_id(message_id))
}

/// `consent to Advertising is denied (since 2026-06-01T00:00:00Z, message m7)`
pub(super) fn consent(preference: &Preference) -> String {
    let category = name(&preference.category);
    match preference.state {
        ConsentState::NotCollected => format!("consent to {category} was never collected"),
        state => format!("consent to {category} is {state}{}", since(preference)),
    }
}

/// ` (since 2026-06-01T00:00:00Z, message m7)`
fn since(preference: &Preference) -> String {
    match &preference.since {
        None => String::new(),
        Some(since) if since.message_id.is_empty() => format!(" (since {})", since.time),
        Some(since) => format!(" (since {}, message {})", since.time, message_id(&since.message_id)),
    }
}

/// A message id; those that are derived from the event are too long to read anyway.
pub(super) fn message_id(id: &str) -> String {
    visible(&cut(id, MESSAGE_ID))
}

/// A value as its author names it.
pub(super) fn written(value: Written, sources: &Sources) -> String {
    let word = value.keyword;
    let path = visible(&cut(sources.slice(value.span), VALUE));
    format!("{word}{path}")
}

/// What is written in a span, exactly.
pub(super) fn source(span: Span, sources: &Sources) -> String {
    cut(sources.slice(span), SOURCE)
}

/// What is written in a span, in one line and without the comments.
pub(super) fn line(span: Span, comments: &[Span], sources: &Sources) -> String {
    visible(&cut(&one_line(span, comments, sources), LINE))
}

/// The same of a condition that a sentence is about.
pub(super) fn condition(span: Span, comments: &[Span], sources: &Sources) -> String {
    visible(&cut(&one_line(span, comments, sources), CONDITION))
}

fn one_line(span: Span, comments: &[Span], sources: &Sources) -> String {
    let mut words = String::new();
    let mut from = span.start;
    let ends = comments.iter().map(|comment| (comment.start, comment.end));
    for (end, next) in ends.chain([(span.end, span.end)]) {
        for word in sources.slice(Span::new(span.file, from, end)).split_whitespace() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
        from = next;
    }
    words
}

/// `a`, `a and b`, `a, b and c`
pub(super) fn and(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
