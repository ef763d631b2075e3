//! From the grammar's pairs to the syntax tree of a test.
//!
//! The grammar has seen to the shape, so a builder that does not find what it looks for gives `None`, which does not
//! happen. Dates and numbers that cannot be are reported here.

use pest::iterators::Pair;

use super::ast::{Event, Expectation, Expected, Operator, Statement, StatementKind, Test};
use super::grammar::Rule;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Comparison;
use crate::span::Span;
use crate::syntax::ast::{Integer, Name, Text};
use crate::syntax::build::decode;
use crate::syntax::date::date_trouble;
use crate::syntax::lex::{Tokens, shorten};
use crate::time::Timestamp;

/// Builds the test of one piece of text.
pub(super) struct Builder<'a, 't> {
    pub(super) tokens: &'a Tokens<'t>,
    /// Where the piece begins in the file.
    pub(super) offset: u32,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Builder<'_, '_> {
    /// The place of a pair in the file, from its first word to its last.
    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        let place = |at: usize| self.offset + u32::try_from(at).unwrap_or(u32::MAX - self.offset);
        self.tokens.trimmed(place(span.start()), place(span.end()))
    }

    pub(super) fn test(&mut self, pair: Pair<'_, Rule>) -> Option<Test> {
        let span = self.span(&pair);
        let mut title = None;
        let mut statements = Vec::new();
        for pair in pair.into_inner() {
            match pair.as_rule() {
                Rule::title => title = self.text(&pair),
                Rule::statement => statements.push(self.statement(pair)?),
                _ => {}
            }
        }
        Some(Test {
            title: title?,
            statements,
            span,
        })
    }

    fn statement(&mut self, pair: Pair<'_, Rule>) -> Option<Statement> {
        let span = self.span(&pair);
        let statement = pair.into_inner().next()?;
        let rule = statement.as_rule();
        let value = statement.into_inner().nth(1)?;
        let kind = match rule {
            Rule::now => StatementKind::Now(self.date(&value)),
            Rule::events => StatementKind::Events(self.text(&value)?),
            Rule::event => StatementKind::Event(Event {
                json: value.as_str().into(),
                span: self.span(&value),
            }),
            Rule::expectation => StatementKind::Expect(self.expectation(value)?),
            _ => return None,
        };
        Some(Statement { kind, span })
    }

    fn expectation(&mut self, pair: Pair<'_, Rule>) -> Option<Expectation> {
        let rule = pair.as_rule();
        let mut inner = pair.into_inner();
        if rule == Rule::size {
            let mut inner = inner.skip(2);
            return Some(Expectation::Size {
                audience: self.name(&inner.next()?)?,
                operator: operator(inner.next()?)?,
                size: self.integer(&inner.next()?),
            });
        }
        let profile = self.text(&inner.next()?)?;
        let expected = inner.next()?;
        let rule = expected.as_rule();
        let inner: Vec<_> = expected.into_inner().collect();
        let mut names = inner.iter().filter(|pair| pair.as_rule() == Rule::name);
        let name = self.name(names.next()?)?;
        if rule == Rule::membership {
            let not = inner.iter().find(|pair| pair.as_rule() == Rule::kw_not);
            return Some(Expectation::Membership {
                profile,
                not: not.map(|pair| self.span(pair)),
                audience: name,
            });
        }
        let filtered = inner.iter().any(|pair| pair.as_rule() == Rule::filtered);
        Some(Expectation::Delivery {
            profile,
            outcome: if filtered {
                Expected::Filtered
            } else {
                Expected::Delivered
            },
            destination: name,
            from: names.next().and_then(|pair| self.name(pair)),
        })
    }

    fn name(&self, pair: &Pair<'_, Rule>) -> Option<Name> {
        let quoted = pair.as_str().starts_with('"');
        let text = if quoted {
            decode(pair.as_str())?
        } else {
            pair.as_str().into()
        };
        Some(Name {
            text,
            quoted,
            span: self.span(pair),
        })
    }

    fn text(&self, pair: &Pair<'_, Rule>) -> Option<Text> {
        Some(Text {
            text: decode(pair.as_str().trim_end())?,
            span: self.span(pair),
        })
    }

    fn date(&mut self, pair: &Pair<'_, Rule>) -> Timestamp {
        Timestamp::parse(pair.as_str()).unwrap_or_else(|| {
            let span = self.span(pair);
            self.diagnostics.push(date_trouble(pair.as_str()).at(span));
            Timestamp::EPOCH
        })
    }

    fn integer(&mut self, pair: &Pair<'_, Rule>) -> Integer {
        let span = self.span(pair);
        let value = pair.as_str().parse().unwrap_or_else(|_| {
            let written = shorten(pair.as_str());
            let message = format!("`{written}` is too large a size: the largest is {}", u32::MAX);
            self.diagnostics
                .push(Diagnostic::error(Code::BadLiteral, span, message).help("write a smaller number"));
            u32::MAX
        });
        Integer { value, span }
    }
}

fn operator(pair: Pair<'_, Rule>) -> Option<Operator> {
    Some(match pair.into_inner().next()?.as_rule() {
        Rule::op_equals => Operator::Equals,
        Rule::op_less => Operator::Compare(Comparison::Less),
        Rule::op_at_most => Operator::Compare(Comparison::AtMost),
        Rule::op_greater => Operator::Compare(Comparison::Greater),
        Rule::op_at_least => Operator::Compare(Comparison::AtLeast),
        _ => return None,
    })
}
