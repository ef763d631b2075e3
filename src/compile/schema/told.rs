//! What authors are told of tests that do not fit.

use super::fit::Misfit;
use super::values::Values;
use super::{Held, Kind, Schemas, Typed};
use crate::compile::names::Names;
use crate::compile::suggest;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{Sources, Span};
use crate::syntax::ast::{Function, Operand, Test, TestKind, ValuePath};
use crate::value::{quoted, written};

/// The most of a text of the author's that is repeated in a message.
const LONGEST: usize = 60;
/// How many values of a `one of` are named.
const NAMED: usize = 5;

/// A text of the author's, in one line and not too long.
fn shown(text: &str) -> String {
    // No more of it is looked at than could be shown.
    let end = text.char_indices().nth(4 * LONGEST).map_or(text.len(), |(end, _)| end);
    let words: Vec<&str> = text.get(..end).unwrap_or(text).split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// A type, as an author writes it.
fn type_text(typed: Typed, sources: &Sources) -> String {
    let element = match typed.kind {
        Kind::String => "string",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::Timestamp => "timestamp",
        // The type of an element is the end of the list's.
        Kind::OneOf(_) => {
            let text = sources.slice(typed.span);
            let from = text.find("one").unwrap_or(0);
            let text = shown(text.get(from..).unwrap_or(text));
            return format!("{}{text}", lists(typed.lists));
        }
    };
    shown(&format!("{}{element}", lists(typed.lists)))
}

fn lists(lists: u32) -> String {
    "list of ".repeat(lists.min(5) as usize)
}

/// `` `plan` is declared as `one of [… ]` ``
fn declared(subject: &str, held: Held, schemas: &Schemas<'_>, sources: &Sources) -> String {
    match held {
        Held::Value(typed) => {
            let how = if typed.computed {
                "is computed, and holds"
            } else {
                "is declared as"
            };
            format!("`{subject}` {how} `{}`", type_text(typed, sources))
        }
        Held::Parts(parts) => {
            let part = schemas.get(parts.0).and_then(|node| node.below.keys().next());
            let part = part.map_or(String::new(), |part| format!(", such as `{}`", written(part)));
            format!("`{subject}` is declared with parts{part}")
        }
        Held::Anything => format!("`{subject}` is not declared"),
    }
}

/// Adds the place where it is declared.
fn at(error: Diagnostic, held: Option<Held>, schemas: &Schemas<'_>) -> Diagnostic {
    match held {
        Some(Held::Value(typed)) if typed.computed => error.related(typed.span, "computed here"),
        Some(Held::Value(typed)) => error.related(typed.span, "declared here"),
        Some(Held::Parts(parts)) => match schemas.get(parts.0).and_then(|node| node.first) {
            Some(first) => error.related(first, "its parts are declared here"),
            None => error,
        },
        Some(Held::Anything) | None => error,
    }
}

/// A function that no value of a property counts for.
pub(super) fn function(
    function: Function,
    path: &ValuePath,
    held: Held,
    schemas: &Schemas<'_>,
    sources: &Sources,
) -> Diagnostic {
    let subject = sources.slice(path.span);
    let (wants, help) = match function {
        Function::MostFrequent | Function::UniqueList | Function::UniqueCount => (
            "counts single values",
            "name one of its parts, or correct what it is declared as",
        ),
        _ => (
            "takes numbers",
            "name a property that holds numbers, or correct what it is declared as",
        ),
    };
    let message = format!(
        "{}, and `{}` {wants}",
        declared(subject, held, schemas, sources),
        function.as_str()
    );
    at(
        Diagnostic::error(Code::WrongType, path.span, message).help(help),
        Some(held),
        schemas,
    )
}

/// An `any` over something else than a list.
pub(super) fn no_list(
    list: &ValuePath,
    subject: &str,
    typed: Typed,
    schemas: &Schemas<'_>,
    sources: &Sources,
) -> Diagnostic {
    let held = Held::Value(typed);
    let message = format!(
        "{}, and `any` looks into lists",
        declared(subject, held, schemas, sources)
    );
    let help = format!(
        "test the value itself, such as `{subject} exists`, or declare it as `list of {}`",
        type_text(typed, sources)
    );
    at(
        Diagnostic::error(Code::WrongType, list.span, message).help(help),
        Some(held),
        schemas,
    )
}

/// A part of an element that has none.
pub(super) fn no_part(
    path: &ValuePath,
    list: &str,
    typed: Typed,
    schemas: &Schemas<'_>,
    sources: &Sources,
) -> Diagnostic {
    let part = sources.slice(path.span);
    let message = format!(
        "the elements of `{list}` are declared as `{}`, so they have no property `{part}`",
        type_text(typed, sources)
    );
    let help = "the element itself is called `item`; of a list of objects, declare the parts by their paths".to_owned();
    at(
        Diagnostic::error(Code::WrongType, path.span, message).help(help),
        Some(Held::Value(typed)),
        schemas,
    )
}

#[allow(
    clippy::too_many_arguments,
    reason = "all of what a message is made of, and none of it belongs together elsewhere"
)]
pub(super) fn misfit(
    misfit: Misfit,
    held: Held,
    other: Option<Held>,
    test: &Test,
    subject: &str,
    schemas: &Schemas<'_>,
    names: &Names<'_>,
    sources: &Sources,
) -> Diagnostic {
    let error = |span: Span, message: String| Diagnostic::error(Code::WrongType, span, message);
    let subject_is = || declared(subject, held, schemas, sources);
    match misfit {
        Misfit::Operator => {
            let written = shown(sources.slice(test.span));
            let verdict = if is_negative(&test.kind) {
                "holds for whatever is there"
            } else {
                "can never hold"
            };
            let error = error(test.span, format!("{}, so `{written}` {verdict}", subject_is()));
            at(
                error.help(instead(held, test, subject, schemas, sources)),
                Some(held),
                schemas,
            )
        }
        Misfit::Literal(span) => {
            let written = shown(sources.slice(span));
            let error = error(span, format!("{}, and `{written}` is of another type", subject_is()));
            at(error.help(literal_instead(held, test, &written)), Some(held), schemas)
        }
        Misfit::NoValue(span) => {
            let written = sources.slice(span);
            let verdict = match test.kind {
                TestKind::Contains(_) | TestKind::DoesNotContain(_) | TestKind::ContainsAnyOf(_) if !is_list(held) => {
                    "and none of these contains"
                }
                TestKind::StartsWith(_) => "and none of these starts with",
                TestKind::EndsWith(_) => "and none of these ends with",
                _ => "which has no",
            };
            let error = error(span, format!("{}, {verdict} `{}`", subject_is(), shown(written)));
            let error = match near_value(held, written, schemas, names) {
                Some(near) => error.help(format!("did you mean `{near}`?")).suggest(span, near),
                None => error.help(values_there_are(held, schemas, sources)),
            };
            at(error, Some(held), schemas)
        }
        Misfit::Several | Misfit::OtherType => {
            let (span, name) = operand(test, sources);
            let other_is = declared(&name, other.unwrap_or(Held::Anything), schemas, sources);
            let several = misfit == Misfit::Several;
            let message = if several {
                format!("{other_is}: a test with a list or an object on its right side never holds")
            } else if matches!(held, Held::Anything) {
                format!("{other_is}, so `{}` can never hold", shown(sources.slice(test.span)))
            } else {
                format!("{}, and {other_is}: they cannot be compared", subject_is())
            };
            let help = if several {
                "compare with a single value: one of its parts, or another property or trait"
            } else {
                "compare values of one type, or correct what they are declared as"
            };
            let error = at(error(span, message).help(help), other, schemas);
            if several { error } else { at(error, Some(held), schemas) }
        }
    }
}

fn is_list(held: Held) -> bool {
    matches!(held, Held::Value(typed) if typed.lists > 0)
}

fn is_negative(test: &TestKind) -> bool {
    matches!(
        test,
        TestKind::NotEquals(_) | TestKind::NotIn(_) | TestKind::DoesNotContain(_)
    )
}

/// The other side of a test, as it is written.
fn operand(test: &Test, sources: &Sources) -> (Span, String) {
    match test.kind.operand() {
        Some(Operand::Trait(path)) => (path.span, format!("trait {}", sources.slice(path.span))),
        Some(Operand::Event { name, path }) => {
            let span = name.span.to(path.span);
            (span, sources.slice(span).to_owned())
        }
        Some(Operand::Literal(literal)) => (literal.span, shown(sources.slice(literal.span))),
        None => (test.span, shown(sources.slice(test.span))),
    }
}

/// What to write instead of an operator. Nothing here lets anybody in whom the test was to keep out.
fn instead(held: Held, test: &Test, subject: &str, schemas: &Schemas<'_>, sources: &Sources) -> String {
    let typed = match held {
        Held::Parts(parts) => {
            let part = schemas.get(parts.0).and_then(|node| node.below.keys().next());
            let part = part.map_or(String::new(), |part| written(part).into_owned());
            let name = if subject == "item" {
                part.clone()
            } else {
                format!("{subject}.{part}")
            };
            return format!(
                "test one of its parts: `{name} …`, or, if it is a list of objects, `any {subject} ({part} …)`"
            );
        }
        Held::Value(typed) => typed,
        Held::Anything => return "correct what it is declared as".to_owned(),
    };
    if typed.lists > 0 {
        let literal = |operand: &Operand| match operand {
            Operand::Literal(literal) => sources.slice(literal.span).to_owned(),
            _ => operand_text(test, sources),
        };
        return match &test.kind {
            _ if typed.lists > 1 => format!("look into its lists: `any {subject} (any item (item …))`"),
            TestKind::Equals(operand) => format!("write `contains {}`", literal(operand)),
            TestKind::NotEquals(operand) => {
                format!(
                    "write `({subject} exists and {subject} does not contain {})`",
                    literal(operand)
                )
            }
            TestKind::In(_) => "write `contains any of [ … ]`".to_owned(),
            TestKind::NotIn(_) => {
                format!("write `({subject} exists and not {subject} contains any of [ … ])`")
            }
            _ => format!(
                "look into its elements: `any {subject} (item {})`",
                shown(sources.slice(test.span))
            ),
        };
    }
    let advice = match typed.kind {
        Kind::Number => "numbers are compared with `=`, `<`, `<=`, `>` and `>=`",
        Kind::Boolean => "write `= true` or `= false`",
        Kind::Timestamp => "dates are compared with `before` and `after`",
        Kind::String => "text is compared with `=`, `in`, `contains`, `starts with` and `ends with`",
        Kind::OneOf(_) => "test for its values with `=` or `in`",
    };
    let or = if typed.computed {
        ""
    } else {
        ", or correct what it is declared as"
    };
    format!("{advice}{or}")
}

fn operand_text(test: &Test, sources: &Sources) -> String {
    operand(test, sources).1
}

/// What to write instead of a literal of another type.
fn literal_instead(held: Held, test: &Test, literal: &str) -> String {
    let Held::Value(typed) = held else {
        return "correct what it is declared as".to_owned();
    };
    let on_text = matches!(
        test.kind,
        TestKind::Contains(_)
            | TestKind::DoesNotContain(_)
            | TestKind::ContainsAnyOf(_)
            | TestKind::StartsWith(_)
            | TestKind::EndsWith(_)
    ) && typed.lists == 0;
    let advice = match typed.kind {
        _ if on_text => format!("for the text, write {}", quoted(literal)),
        Kind::Number => "write a number".to_owned(),
        Kind::Boolean => "write `true` or `false`".to_owned(),
        Kind::Timestamp => "write a date, such as `2026-06-30`".to_owned(),
        Kind::String | Kind::OneOf(_) => "write text in quotes".to_owned(),
    };
    let or = if typed.computed {
        ""
    } else {
        ", or correct what it is declared as"
    };
    format!("{advice}{or}")
}

/// The values of a `one of`.
fn values<'s>(held: Held, schemas: &'s Schemas<'_>) -> Option<&'s Values> {
    match held {
        Held::Value(Typed {
            kind: Kind::OneOf(at), ..
        }) => schemas.values.get(at),
        _ => None,
    }
}

/// The value that a text is near to, in quotes.
fn near_value(held: Held, literal: &str, schemas: &Schemas<'_>, names: &Names<'_>) -> Option<String> {
    let text: String = serde_json::from_str(literal).ok()?;
    let values = values(held, schemas).filter(|_| names.may_suggest())?;
    suggest::nearest(&text, values.texts()).map(quoted)
}

/// Which values there are.
fn values_there_are(held: Held, schemas: &Schemas<'_>, sources: &Sources) -> String {
    let Some(values) = values(held, schemas) else {
        return "correct what it is declared as".to_owned();
    };
    let shown: Vec<String> = values
        .written
        .iter()
        .take(NAMED)
        .map(|span| format!("`{}`", shown(sources.slice(*span))))
        .collect();
    let more = if values.written.len() > NAMED { ", …" } else { "" };
    format!(
        "its values are {}{more}; add one where it is declared",
        shown.join(", ")
    )
}
