//! The tests on traits and properties: which operator goes with which operand, and what it is in the IR.

use super::modifiers::{duration, zero};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{self, Comparison, DateTest, Instant, Literals, Reference};
use crate::span::{Sources, Span};
use crate::syntax::ast::{self, DurationText, Literal, LiteralValue, Operand, TestKind};
use crate::time::Timestamp;

/// A test in the IR, and whether it is to be negated.
pub(super) struct Lowered {
    pub(super) test: ir::Test,
    pub(super) negated: bool,
}

/// Lowers one test. `reference` gives what an operand refers to that is no literal; `subject` is how the author wrote the value tested.
pub(super) fn lower(
    test: &ast::Test,
    subject: &str,
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
    mut reference: impl FnMut(&Operand, &mut Vec<Diagnostic>) -> Reference,
) -> Option<Lowered> {
    let before = diagnostics.len();
    let mut operand = |operand: &Operand, diagnostics: &mut Vec<Diagnostic>| match operand {
        Operand::Literal(literal) => ir::Operand::Literal(constant(literal)),
        reference_to => ir::Operand::Reference(reference(reference_to, diagnostics)),
    };
    let mut negated = false;
    let lowered = match &test.kind {
        TestKind::Exists => ir::Test::Exists,
        TestKind::DoesNotExist => {
            negated = true;
            ir::Test::Exists
        }
        TestKind::Equals(value) => ir::Test::Equals(operand(value, diagnostics)),
        TestKind::NotEquals(value) => ir::Test::NotEquals(operand(value, diagnostics)),
        TestKind::Compare(comparison, value) => {
            if let Operand::Literal(literal) = value {
                numbers_only(*comparison, literal, test.span, subject, sources, diagnostics);
            }
            ir::Test::Compare(*comparison, operand(value, diagnostics))
        }
        TestKind::In(list) => ir::Test::OneOf(constants(list)),
        TestKind::NotIn(list) => ir::Test::NoneOf(constants(list)),
        TestKind::Contains(value) => ir::Test::Contains(operand(value, diagnostics)),
        TestKind::DoesNotContain(value) => match operand(value, diagnostics) {
            ir::Operand::Reference(reference) => ir::Test::Omits(reference),
            literal @ ir::Operand::Literal(_) => {
                negated = true;
                ir::Test::Contains(literal)
            }
        },
        TestKind::ContainsAnyOf(list) => ir::Test::ContainsAny(list.iter().map(constant).collect()),
        TestKind::StartsWith(value) => {
            text_only("starts with", value, test.span, sources, diagnostics);
            ir::Test::StartsWith(as_text(operand(value, diagnostics)))
        }
        TestKind::EndsWith(value) => {
            text_only("ends with", value, test.span, sources, diagnostics);
            ir::Test::EndsWith(as_text(operand(value, diagnostics)))
        }
        TestKind::Before(value) => {
            let instant = instant("before", value, sources, diagnostics, &mut operand);
            ir::Test::Date(DateTest::Before(instant))
        }
        TestKind::After(value) => {
            let instant = instant("after", value, sources, diagnostics, &mut operand);
            ir::Test::Date(DateTest::After(instant))
        }
        TestKind::WithinLast(text) => {
            not_zero(text, test.span, sources, diagnostics);
            ir::Test::Date(DateTest::WithinLast(duration(text)))
        }
        TestKind::WithinNext(text) => {
            not_zero(text, test.span, sources, diagnostics);
            ir::Test::Date(DateTest::WithinNext(duration(text)))
        }
        TestKind::BeforeLast(text) => ir::Test::Date(DateTest::BeforeLast(duration(text))),
        TestKind::AfterNext(text) => ir::Test::Date(DateTest::AfterNext(duration(text))),
    };
    (diagnostics.len() == before).then_some(Lowered { test: lowered, negated })
}

fn constant(literal: &Literal) -> ir::Literal {
    match &literal.value {
        LiteralValue::Text(text) => ir::Literal::Text(text.clone()),
        LiteralValue::Number(number) => ir::Literal::Number(*number),
        LiteralValue::Boolean(value) => ir::Literal::Boolean(*value),
        LiteralValue::Date(date) => ir::Literal::Date(*date),
    }
}

fn constants(list: &[Literal]) -> Literals {
    list.iter().map(constant).collect()
}

/// `starts with` and `ends with` take both sides as text, whatever the literal's type.
fn as_text(operand: ir::Operand) -> ir::Operand {
    match operand {
        ir::Operand::Literal(ir::Literal::Number(number)) => {
            ir::Operand::Literal(ir::Literal::Text((&*number.text()).into()))
        }
        ir::Operand::Literal(ir::Literal::Boolean(value)) => {
            ir::Operand::Literal(ir::Literal::Text(value.to_string().into()))
        }
        other => other,
    }
}

fn numbers_only(
    comparison: Comparison,
    literal: &Literal,
    span: Span,
    subject: &str,
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let operator = comparison.as_str();
    let written = sources.slice(literal.span);
    let error = |message| Diagnostic::error(Code::BadOperand, span, message);
    let word = match comparison {
        Comparison::Less | Comparison::AtMost => "before",
        Comparison::Greater | Comparison::AtLeast => "after",
    };
    let inclusive = matches!(comparison, Comparison::AtMost | Comparison::AtLeast);
    let instead = |date: &str| {
        let strict = format!("`{subject} {word} {date}`");
        if inclusive {
            format!("{strict}; to count that moment too, `({subject} {word} {date} or {subject} = {date})`")
        } else {
            strict
        }
    };
    diagnostics.push(match &literal.value {
        LiteralValue::Number(_) => return,
        LiteralValue::Date(_) => {
            error(format!("`{operator}` compares numbers, not dates")).help(format!("write {}", instead(written)))
        }
        LiteralValue::Boolean(_) => error(format!("`{operator}` compares numbers, and `{written}` is none"))
            .help(format!("write `= {written}`")),
        LiteralValue::Text(text) => {
            let message = format!("`{operator}` compares numbers, and `{written}` is text");
            if Timestamp::parse(text).is_some() {
                error(message).help(format!("for dates, write {}", instead(text)))
            } else if crate::value::Number::parse(text).is_some() {
                error(message)
                    .help(format!(
                        "write `{text}` without quotes; dates are compared with `before` and `after`"
                    ))
                    .suggest(literal.span, &**text)
            } else {
                error(message).help("compare with a number; dates are compared with `before` and `after`")
            }
        }
    });
}

fn text_only(operator: &str, operand: &Operand, span: Span, sources: &Sources, diagnostics: &mut Vec<Diagnostic>) {
    if let Operand::Literal(literal) = operand
        && matches!(literal.value, LiteralValue::Date(_))
    {
        let date = sources.slice(literal.span);
        diagnostics.push(
            Diagnostic::error(
                Code::BadOperand,
                span,
                format!("`{operator}` looks at text, and `{date}` is a date"),
            )
            .help(format!(
                "for the text, write `{operator} \"{date}\"`; for a window of time, use `before` and `after`"
            )),
        );
    }
}

fn instant(
    operator: &str,
    value: &Operand,
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
    operand: &mut impl FnMut(&Operand, &mut Vec<Diagnostic>) -> ir::Operand,
) -> Instant {
    match operand(value, diagnostics) {
        ir::Operand::Reference(reference) => Instant::Of(reference),
        ir::Operand::Literal(ir::Literal::Date(date)) => Instant::At(date),
        ir::Operand::Literal(literal) => {
            let span = match value {
                Operand::Literal(literal) => literal.span,
                Operand::Trait(path) | Operand::Event { path, .. } => path.span,
            };
            let written = sources.slice(span);
            let error = |message| Diagnostic::error(Code::BadOperand, span, message);
            diagnostics.push(match literal {
                ir::Literal::Text(text) if Timestamp::parse(&text).is_some() => {
                    error("a date stands without quotes here".to_owned())
                        .help(format!("write `{operator} {text}`"))
                        .suggest(span, &*text)
                }
                ir::Literal::Text(_) => error(format!("`{operator}` takes a date, and `{written}` is text"))
                    .help(format!("write a date such as `{operator} 2026-06-30`")),
                ir::Literal::Boolean(_) => error(format!("`{operator}` takes a date, and `{written}` is none"))
                    .help(format!("write a date such as `{operator} 2026-06-30`")),
                _ => {
                    let year = written.len() == 4 && written.bytes().all(|b| b.is_ascii_digit());
                    let year = if year { written } else { "2026" };
                    error(format!("`{operator}` takes a date, and `{written}` is a number"))
                        .help(format!("write `{operator} {year}-01-01`"))
                }
            });
            Instant::At(Timestamp::EPOCH)
        }
    }
}

fn not_zero(text: &DurationText, span: Span, sources: &Sources, diagnostics: &mut Vec<Diagnostic>) {
    if text.count.value == 0 {
        diagnostics.push(zero(sources.slice(span), span));
    }
}
