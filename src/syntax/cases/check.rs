//! What is wrong with tests by themselves, before any name in them is looked up.

use std::collections::BTreeMap;

use super::ast::{Event, Expectation, Statement, StatementKind, Test};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::ast::Text;
use crate::syntax::build::decode;
use crate::syntax::lex::{Kind, Tokens, shorten};
use crate::value::{self, JsonError};

pub(super) fn check(tokens: &Tokens<'_>, tests: &[Test], diagnostics: &mut Vec<Diagnostic>) {
    let mut titles: BTreeMap<&str, Span> = BTreeMap::new();
    for test in tests {
        let title = &test.title;
        if title.text.trim().is_empty() {
            let error = Diagnostic::error(Code::BadName, title.span, "the name of this test is empty");
            diagnostics.push(error.help("say in a few words what it shows"));
        } else if let Some(first) = titles.get(&*title.text) {
            let message = format!("there are two tests `{}` in this file", shorten(&title.text));
            let error = Diagnostic::error(Code::DuplicateName, title.span, message).label("again here");
            diagnostics.push(error.related(*first, "first here").help("rename or remove one of them"));
        } else {
            titles.insert(&title.text, title.span);
        }
        check_now(test, diagnostics);
        let mut expects = false;
        for statement in &test.statements {
            match &statement.kind {
                StatementKind::Now(_) => {}
                StatementKind::Events(path) => check_path(path, diagnostics),
                StatementKind::Event(event) => diagnostics.extend(json_trouble(tokens, event)),
                StatementKind::Expect(expectation) => {
                    expects = true;
                    check_label(expectation, diagnostics);
                }
            }
        }
        if !expects {
            let message = format!("the test `{}` expects nothing, so it cannot fail", shorten(&title.text));
            let help = "add what must hold, such as `expect size of … = 0`";
            diagnostics.push(Diagnostic::warning(Code::BadTest, title.span, message).help(help));
        }
    }
}

/// Exactly one `now`.
fn check_now(test: &Test, diagnostics: &mut Vec<Diagnostic>) {
    let mut nows = test
        .statements
        .iter()
        .filter(|statement| matches!(statement.kind, StatementKind::Now(_)));
    let title = shorten(&test.title.text);
    let Some(first) = nows.next() else {
        let message = format!("the test `{title}` does not say as of when it is run");
        let error = Diagnostic::error(Code::BadTest, test.title.span, message);
        diagnostics.push(error.help("add for example `now 2026-06-30T00:00:00Z`"));
        return;
    };
    for Statement { span, .. } in nows {
        let message = format!("the test `{title}` says twice as of when it is run");
        let error = Diagnostic::error(Code::Repeated, *span, message).related(first.span, "first said here");
        diagnostics.push(error.help("keep one of them, or make it two tests"));
    }
}

/// A file beside the test, wherever the workspace lies on a machine.
fn check_path(path: &Text, diagnostics: &mut Vec<Diagnostic>) {
    let written = &*path.text;
    if written.trim().is_empty() {
        let error = Diagnostic::error(Code::BadName, path.span, "the name of this file of events is empty");
        diagnostics.push(error.help("write for example `events \"fixtures/buyers.jsonl\"`"));
    } else if written.starts_with(['/', '\\']) || written.get(1..).is_some_and(|rest| rest.starts_with(':')) {
        let message = "a file of events is named relative to the test file";
        let error = Diagnostic::error(Code::BadName, path.span, message);
        diagnostics.push(error.help("write for example `events \"fixtures/buyers.jsonl\"`"));
    }
}

/// A profile is named `TYPE:VALUE`.
fn check_label(expectation: &Expectation, diagnostics: &mut Vec<Diagnostic>) {
    let (Expectation::Membership { profile, .. } | Expectation::Delivery { profile, .. }) = expectation else {
        return;
    };
    let value = match profile.text.split_once(':') {
        Some((kind, value)) if !kind.is_empty() && !value.is_empty() => return,
        Some((_, value)) => value,
        None => &*profile.text,
    };
    let (kind, value) = match value {
        "" => ("user_id", "u1".to_owned()),
        value if value.contains('@') => ("email", shorten(value)),
        value => ("user_id", shorten(value)),
    };
    let message = format!("`{}` is no identifier of a profile", shorten(&profile.text));
    let error = Diagnostic::error(Code::BadLiteral, profile.span, message);
    diagnostics.push(error.help(format!(
        "write its type and a colon before it, such as `{}`",
        value::quoted(&format!("{kind}:{value}"))
    )));
}

// ---- events

/// Why an event is no JSON that can be taken, with the place inside of it.
fn json_trouble(tokens: &Tokens<'_>, event: &Event) -> Option<Diagnostic> {
    match value::parse(&event.json).err()? {
        JsonError::DuplicateKey(key) => Some(key_twice(tokens, event, &key)),
        JsonError::TooDeep => {
            Some(Diagnostic::error(Code::Limit, event.span, JsonError::TooDeep.to_string()).help("leave something out"))
        }
        JsonError::Invalid(_) => Some(invalid(tokens, event)),
    }
}

fn invalid(tokens: &Tokens<'_>, event: &Event) -> Diagnostic {
    // The nesting is bounded already, so the reader's own bound is never met.
    let error = serde_json::from_str::<serde_json::Value>(&event.json).err();
    let offset = error.as_ref().map_or(0, |error| {
        let line_start = match error.line().checked_sub(2) {
            Some(before) => event.json.match_indices('\n').nth(before).map_or(0, |(at, _)| at + 1),
            None => 0,
        };
        (line_start + error.column().saturating_sub(1)).min(event.json.len().saturating_sub(1))
    });
    let at = event.span.start + u32::try_from(offset).unwrap_or(0);
    let index = tokens.index_at(at);
    let (found, before) = (
        tokens.at(index),
        index.checked_sub(1).map_or("", |before| tokens.at(before)),
    );
    let token = tokens.get(index).filter(|token| token.start < event.span.end);
    let span = token.map_or(event.span, |token| tokens.span(token));
    let error_at = |span, message: String| Diagnostic::error(Code::BadEvent, span, message);
    let is_word = token.is_some_and(|token| token.kind == Kind::Word);
    let shown = shorten(found);
    if matches!(found, "}" | "]") && before == "," {
        let comma = index.checked_sub(1).and_then(|before| tokens.get(before));
        return error_at(
            comma.map_or(span, |comma| tokens.span(comma)),
            format!("in JSON no comma stands before `{found}`"),
        )
        .help("remove it");
    }
    if is_word && tokens.at(index + 1) == ":" {
        return error_at(span, format!("the key `{shown}` has no quotes"))
            .help(format!("write `{}`", value::quoted(&shown)));
    }
    if is_word && before == ":" {
        let lower = found.to_lowercase();
        let help = match lower.as_str() {
            "true" | "false" | "null" => format!("write `{lower}`"),
            "none" | "nil" | "undefined" => "write `null`".to_owned(),
            _ => format!("write `{}`", value::quoted(&shown)),
        };
        return error_at(span, format!("`{shown}` is no JSON value")).help(help);
    }
    let before_is_value = !matches!(before, "{" | "[" | "," | ":" | "");
    if before_is_value && token.is_some_and(|token| token.kind == Kind::String) {
        return error_at(span, format!("a comma is missing before `{shown}`")).help(format!("write `, {shown}`"));
    }
    let reason = error.map_or_else(String::new, |error| error.to_string());
    let reason = reason.split(" at line ").next().unwrap_or("").to_lowercase();
    error_at(span, format!("this event is not JSON: {reason}")).help(
        "write an object such as `event {\"type\": \"track\", \"event\": \"Order Completed\", \"userId\": \"u1\"}`",
    )
}

/// The key that stands twice in one object, and both places.
fn key_twice(tokens: &Tokens<'_>, event: &Event, key: &str) -> Diagnostic {
    let message = format!("the key `{}` stands twice in one object", shorten(key));
    let mut objects: Vec<Option<Span>> = Vec::new();
    let mut index = tokens.index_at(event.span.start);
    while let Some(token) = tokens.get(index).filter(|token| token.start < event.span.end) {
        match tokens.text(token) {
            "{" => objects.push(None),
            "}" => drop(objects.pop()),
            written if token.kind == Kind::String && tokens.at(index + 1) == ":" => {
                let is_key = decode(written).is_some_and(|written| *written == *key);
                if let Some(object) = objects.last_mut().filter(|_| is_key) {
                    let span = tokens.span(token);
                    if let Some(first) = object.replace(span) {
                        return Diagnostic::error(Code::BadEvent, span, message)
                            .related(first, "first here")
                            .help("keep one of them");
                    }
                }
            }
            _ => {}
        }
        index += 1;
    }
    Diagnostic::error(Code::BadEvent, event.span, message).help("keep one of them")
}
