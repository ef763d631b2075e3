//! From the grammar's pairs to the syntax tree.
//!
//! The grammar has seen to the shape, so a builder that does not find what it looks for gives `None`, which does not
//! happen. What the grammar lets through and the language does not (`and` mixed with `or`, an impossible date, a number
//! beyond the doubles, too long a list) is reported here; the tree of such an item holds stand-ins and is thrown away.

mod condition;
mod identity;
mod literal;
mod mixed;
mod schema;

use pest::iterators::{Pair, Pairs};

use crate::diagnostic::Diagnostic;
use crate::span::Span;
use crate::syntax::ast::{self, ClauseKind};
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Tokens;

pub(super) use literal::decode;

/// Builds the items of one piece of text.
pub(super) struct Builder<'a, 't> {
    pub(super) tokens: &'a Tokens<'t>,
    /// Where the piece begins in the file.
    pub(super) offset: u32,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// How many `any` are open.
    pub(super) anys: u32,
}

impl Builder<'_, '_> {
    /// The place of a pair in the file, from its first word to its last.
    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        let place = |at: usize| self.offset + u32::try_from(at).unwrap_or(u32::MAX - self.offset);
        self.tokens.trimmed(place(span.start()), place(span.end()))
    }

    /// An item, if the pair is one.
    pub(super) fn item(&mut self, pair: Pair<'_, Rule>) -> Option<ast::Item> {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut inner = pair.into_inner();
        match rule {
            Rule::category => self.category(span, inner).map(ast::Item::Category),
            Rule::destination => self.destination(span, inner).map(ast::Item::Destination),
            Rule::audience => self.audience(span, inner).map(ast::Item::Audience),
            Rule::enforcement => {
                let value = inner
                    .find(|pair| pair.as_rule() == Rule::on_or_off)?
                    .into_inner()
                    .next()?;
                let on = value.as_rule() == Rule::kw_on;
                Some(ast::Item::Enforcement(ast::Enforcement { on, span }))
            }
            Rule::event_schema => self.event_schema(span, inner).map(ast::Item::Event),
            Rule::trait_schema => self.trait_schema(span, inner).map(ast::Item::Trait),
            Rule::computed_trait => self.computed_trait(span, inner).map(ast::Item::Computed),
            Rule::identity => self.identity(span, inner).map(ast::Item::Identity),
            _ => None,
        }
    }

    fn category(&mut self, span: Span, inner: Pairs<'_, Rule>) -> Option<ast::Category> {
        let mut name = None;
        let mut label = None;
        let mut disabled = None;
        for pair in inner {
            match pair.as_rule() {
                Rule::name => name = self.name(&pair),
                Rule::label => label = Some(self.text(&pair)),
                Rule::kw_disabled => disabled = Some(self.span(&pair)),
                _ => {}
            }
        }
        Some(ast::Category {
            name: name?,
            label,
            disabled,
            span,
        })
    }

    fn destination(&mut self, span: Span, inner: Pairs<'_, Rule>) -> Option<ast::Destination> {
        let mut name = None;
        let mut label = None;
        let mut requires = None;
        let mut settings = Vec::new();
        for pair in inner {
            match pair.as_rule() {
                Rule::name => name = self.name(&pair),
                Rule::label => label = Some(self.text(&pair)),
                Rule::requires => requires = Some(self.requires(pair)),
                Rule::settings => {
                    for setting in pair.into_inner().filter(|pair| pair.as_rule() == Rule::setting) {
                        settings.push(self.setting(setting)?);
                    }
                }
                _ => {}
            }
        }
        Some(ast::Destination {
            name: name?,
            label,
            requires,
            settings,
            span,
        })
    }

    fn requires(&mut self, pair: Pair<'_, Rule>) -> ast::Requires {
        let span = self.span(&pair);
        let inner = pair.into_inner();
        if inner.clone().any(|pair| pair.as_rule() == Rule::kw_nothing) {
            ast::Requires::Nothing(span)
        } else {
            ast::Requires::Categories(self.names(inner))
        }
    }

    fn setting(&mut self, pair: Pair<'_, Rule>) -> Option<ast::Setting> {
        let span = self.span(&pair);
        let setting = pair.into_inner().next()?;
        let rule = setting.as_rule();
        let mut value = setting.into_inner().nth(1);
        // The word that was chosen; `type` has a string instead.
        let word = value
            .as_mut()
            .and_then(|pair| pair.clone().into_inner().next())
            .map(|pair| pair.as_rule());
        let kind = match (rule, word) {
            (Rule::set_type, _) => ast::SettingKind::Type(self.text(&value?)),
            (Rule::set_message, Some(Rule::kw_identify)) => ast::SettingKind::Message(ast::MessageForm::Identify),
            (Rule::set_message, _) => ast::SettingKind::Message(ast::MessageForm::Track),
            (Rule::set_removal, Some(Rule::kw_never)) => ast::SettingKind::Removal(ast::Removal::Never),
            (Rule::set_removal, _) => ast::SettingKind::Removal(ast::Removal::Once),
            (Rule::set_receives, _) => ast::SettingKind::ReceivesConsent,
            (Rule::set_storage, _) => ast::SettingKind::Storage,
            _ => return None,
        };
        Some(ast::Setting { kind, span })
    }

    fn audience(&mut self, span: Span, inner: Pairs<'_, Rule>) -> Option<ast::Audience> {
        let mut name = None;
        let mut label = None;
        let mut of = None;
        let mut clauses = Vec::new();
        for pair in inner {
            match pair.as_rule() {
                Rule::name => name = self.name(&pair),
                Rule::label => label = Some(self.text(&pair)),
                Rule::of_whom => {
                    let accounts = pair
                        .clone()
                        .into_inner()
                        .any(|pair| pair.as_rule() == Rule::kw_accounts);
                    let subject = if accounts {
                        ast::Subject::Account
                    } else {
                        ast::Subject::User
                    };
                    let span = self.span(&pair);
                    of = Some(ast::Of { subject, span });
                }
                Rule::clause => clauses.push(self.clause(pair)?),
                _ => {}
            }
        }
        Some(ast::Audience {
            name: name?,
            label,
            of,
            clauses,
            span,
        })
    }

    fn clause(&mut self, pair: Pair<'_, Rule>) -> Option<ast::Clause> {
        let span = self.span(&pair);
        let clause = pair.into_inner().next()?;
        let rule = clause.as_rule();
        let mut inner = clause.into_inner();
        let kind = match rule {
            Rule::who => ClauseKind::Who(self.condition(inner.nth(1)?)?),
            Rule::require_consent => ClauseKind::ConsentTo(self.names(inner)),
            Rule::include => ClauseKind::IncludeAnonymous,
            Rule::lookback => ClauseKind::Lookback(self.duration(inner.nth(1)?, span)?),
            Rule::send => ClauseKind::SendTo(self.names(inner)),
            _ => return None,
        };
        Some(ast::Clause { kind, span })
    }

    fn names(&mut self, pairs: Pairs<'_, Rule>) -> Vec<ast::Name> {
        pairs
            .filter(|pair| pair.as_rule() == Rule::name)
            .filter_map(|pair| self.name(&pair))
            .collect()
    }

    /// A name, or one name of a path: a string or a word.
    fn name(&self, pair: &Pair<'_, Rule>) -> Option<ast::Name> {
        let quoted = pair.as_str().starts_with('"');
        let text = if quoted {
            literal::decode(pair.as_str())?
        } else {
            pair.as_str().into()
        };
        Some(ast::Name {
            text,
            quoted,
            span: self.span(pair),
        })
    }

    fn text(&self, pair: &Pair<'_, Rule>) -> ast::Text {
        let written = pair.as_str().trim_end();
        ast::Text {
            text: literal::decode(written).unwrap_or_default(),
            span: self.span(pair),
        }
    }
}
