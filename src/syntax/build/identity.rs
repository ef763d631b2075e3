//! `identity { … }`.

use pest::iterators::{Pair, Pairs};

use super::Builder;
use crate::span::Span;
use crate::syntax::ast::{self, Period, SourceRoot};
use crate::syntax::grammar::Rule;

impl Builder<'_, '_> {
    pub(super) fn identity(&mut self, span: Span, inner: Pairs<'_, Rule>) -> Option<ast::Identity> {
        let mut identifiers = Vec::new();
        let mut blocked = Vec::new();
        for pair in inner {
            match pair.as_rule() {
                Rule::identifier => identifiers.push(self.identifier(pair)?),
                Rule::block => {
                    let values = pair.into_inner().filter(|pair| pair.as_rule() == Rule::blocked);
                    blocked = values.map(|pair| self.text(&pair)).collect();
                }
                _ => {}
            }
        }
        Some(ast::Identity {
            identifiers,
            blocked,
            span,
        })
    }

    fn identifier(&mut self, pair: Pair<'_, Rule>) -> Option<ast::Identifier> {
        let span = self.span(&pair);
        let mut name = None;
        let mut from = Vec::new();
        let mut limit = None;
        let mut period = Period::Ever;
        for pair in pair.into_inner() {
            match pair.as_rule() {
                Rule::name => name = self.name(&pair),
                Rule::sources => {
                    for source in pair.into_inner().filter(|pair| pair.as_rule() == Rule::source) {
                        from.push(self.source(source)?);
                    }
                }
                Rule::integer => {
                    let number = self.span(&pair);
                    limit = Some(self.integer(&pair, number, "limit"));
                }
                Rule::per => period = period_of(pair)?,
                _ => {}
            }
        }
        Some(ast::Identifier {
            name: name?,
            from,
            limit: limit?,
            period,
            span,
        })
    }

    fn source(&mut self, pair: Pair<'_, Rule>) -> Option<ast::Source> {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let root = match inner.next()?.into_inner().next()?.as_rule() {
            Rule::kw_traits => SourceRoot::Traits,
            Rule::kw_context => SourceRoot::Context,
            Rule::kw_properties => SourceRoot::Properties,
            _ => return None,
        };
        let keys = inner.next()?.into_inner().map(|key| self.name(&key));
        let keys = keys.collect::<Option<_>>()?;
        Some(ast::Source { root, keys, span })
    }
}

fn period_of(per: Pair<'_, Rule>) -> Option<Period> {
    let period = per.into_inner().find(|pair| pair.as_rule() == Rule::period)?;
    match period.into_inner().next()?.as_rule() {
        Rule::kw_week => Some(Period::Week),
        Rule::kw_month => Some(Period::Month),
        Rule::kw_year => Some(Period::Year),
        _ => None,
    }
}
