//! Literals: their values, and what can be wrong with one that looks right.

use pest::iterators::Pair;

use super::Builder;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::ast::{self, LiteralValue};
use crate::syntax::date::{Trouble, date_trouble};
use crate::syntax::grammar::Rule;
use crate::syntax::lex::shorten;
use crate::time::Timestamp;
use crate::value::Number;

/// The longest list (language.md, Limits).
const MAX_LIST: usize = 10_000;

/// The text of a string, from the string with its quotes.
pub(in crate::syntax) fn decode(string: &str) -> Option<Box<str>> {
    serde_json::from_str::<String>(string).ok().map(String::into_boxed_str)
}

impl Builder<'_, '_> {
    pub(super) fn literal(&mut self, pair: Pair<'_, Rule>) -> Option<ast::Literal> {
        let inner = pair.into_inner().next()?;
        let value = match inner.as_rule() {
            Rule::date => return Some(self.date_literal(&inner)),
            Rule::number => LiteralValue::Number(self.number(&inner)),
            Rule::string => LiteralValue::Text(decode(inner.as_str())?),
            Rule::kw_true => LiteralValue::Boolean(true),
            Rule::kw_false => LiteralValue::Boolean(false),
            _ => return None,
        };
        Some(ast::Literal {
            value,
            span: self.span(&inner),
        })
    }

    pub(super) fn date_literal(&mut self, pair: &Pair<'_, Rule>) -> ast::Literal {
        ast::Literal {
            value: LiteralValue::Date(self.date(pair)),
            span: self.span(pair),
        }
    }

    pub(super) fn date(&mut self, pair: &Pair<'_, Rule>) -> Timestamp {
        Timestamp::parse(pair.as_str()).unwrap_or_else(|| {
            let span = self.span(pair);
            self.diagnostics.push(date_trouble(pair.as_str()).at(span));
            Timestamp::EPOCH
        })
    }

    fn number(&mut self, pair: &Pair<'_, Rule>) -> Number {
        Number::parse(pair.as_str()).unwrap_or_else(|| {
            let trouble = Trouble::new(
                format!("`{}` is too large a number", shorten(pair.as_str())),
                "write a number below 1.8e308",
            );
            self.diagnostics.push(trouble.at(self.span(pair)));
            Number::from(0i64)
        })
    }

    /// The whole number of a count, limit or duration; `whole` is what is underlined where it is too large.
    pub(super) fn integer(&mut self, pair: &Pair<'_, Rule>, whole: Span, what: &str) -> ast::Integer {
        let written = pair.as_str();
        let span = self.span(pair);
        let value = written.parse().unwrap_or_else(|_| {
            let written = shorten(written);
            let most = u32::MAX;
            let trouble = match what {
                "count" => Trouble::new(
                    format!("`{written}` is too large a count: the largest is {most}"),
                    "write a smaller number",
                ),
                "limit" => Trouble::new(
                    format!("`{written}` is too large a limit: the largest is {most}"),
                    "write a smaller number",
                ),
                _ => Trouble::new(
                    format!("`{written}` is too large for a duration: the largest number is {most}"),
                    "write a smaller number, or a larger unit",
                ),
            };
            self.diagnostics.push(trouble.at(whole));
            most
        });
        ast::Integer { value, span }
    }

    pub(super) fn list(&mut self, pair: Pair<'_, Rule>) -> Option<Vec<ast::Literal>> {
        let mut values = Vec::new();
        for pair in pair.into_inner().filter(|pair| pair.as_rule() == Rule::literal) {
            if values.len() == MAX_LIST {
                let span = self.span(&pair);
                self.diagnostics.push(
                    Diagnostic::error(Code::Limit, span, format!("a list has at most {MAX_LIST} values"))
                        .help("give the people a trait of their own, and test that; or join two lists with `or`"),
                );
                break;
            }
            values.push(self.literal(pair)?);
        }
        Some(values)
    }
}
