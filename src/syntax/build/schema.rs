//! Schemas and computed traits.

use pest::iterators::{Pair, Pairs};

use super::Builder;
use crate::span::Span;
use crate::syntax::ast::{self, ElementType, Function, Root, Subject};
use crate::syntax::grammar::Rule;

impl Builder<'_, '_> {
    pub(super) fn event_schema(&mut self, span: Span, inner: Pairs<'_, Rule>) -> Option<ast::EventSchema> {
        let mut name = None;
        let mut properties = Vec::new();
        for pair in inner {
            match pair.as_rule() {
                Rule::event => name = Some(self.text(&pair)),
                Rule::property_schema => properties.push(self.property_schema(pair)?),
                _ => {}
            }
        }
        Some(ast::EventSchema {
            name: name?,
            properties,
            span,
        })
    }

    fn property_schema(&mut self, pair: Pair<'_, Rule>) -> Option<ast::PropertySchema> {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        Some(ast::PropertySchema {
            path: self.path(Root::Property, inner.next()?)?,
            kind: self.value_type(inner.nth(1)?)?,
            span,
        })
    }

    pub(super) fn trait_schema(&mut self, span: Span, inner: Pairs<'_, Rule>) -> Option<ast::TraitSchema> {
        let mut root = Root::Trait;
        let mut path = None;
        let mut kind = None;
        for pair in inner {
            match pair.as_rule() {
                Rule::kw_account => root = Root::AccountTrait,
                Rule::path => path = self.path(root, pair),
                Rule::value_type => kind = self.value_type(pair),
                _ => {}
            }
        }
        Some(ast::TraitSchema {
            path: path?,
            kind: kind?,
            span,
        })
    }

    fn value_type(&mut self, pair: Pair<'_, Rule>) -> Option<ast::Type> {
        let span = self.span(&pair);
        let mut lists = 0;
        let mut element = None;
        for pair in pair.into_inner() {
            match pair.as_rule() {
                Rule::list_of => lists += 1,
                _ => element = self.element_type(pair),
            }
        }
        Some(ast::Type {
            lists,
            element: element?,
            span,
        })
    }

    fn element_type(&mut self, pair: Pair<'_, Rule>) -> Option<ElementType> {
        let mut inner = pair.into_inner();
        Some(match inner.next()?.as_rule() {
            Rule::kw_string => ElementType::String,
            Rule::kw_number => ElementType::Number,
            Rule::kw_boolean => ElementType::Boolean,
            Rule::kw_timestamp => ElementType::Timestamp,
            _ => ElementType::OneOf(self.list(inner.nth(1)?)?),
        })
    }

    pub(super) fn computed_trait(&mut self, span: Span, inner: Pairs<'_, Rule>) -> Option<ast::ComputedTrait> {
        let mut of = Subject::User;
        let mut name = None;
        let mut label = None;
        let mut aggregate = None;
        let mut modifiers = Vec::new();
        for pair in inner {
            match pair.as_rule() {
                Rule::kw_account => of = Subject::Account,
                Rule::name => name = self.name(&pair),
                Rule::label => label = Some(self.text(&pair)),
                Rule::count_of => aggregate = Some((Function::Count, None, self.text(&pair.into_inner().nth(2)?))),
                Rule::function_of => aggregate = self.function_of(pair),
                Rule::modifier => modifiers.push(self.modifier(pair)?),
                _ => {}
            }
        }
        let (function, property, event) = aggregate?;
        Some(ast::ComputedTrait {
            of,
            name: name?,
            label,
            function,
            property,
            event,
            modifiers,
            span,
        })
    }

    fn function_of(&mut self, pair: Pair<'_, Rule>) -> Option<(Function, Option<ast::ValuePath>, ast::Text)> {
        let mut inner = pair.into_inner();
        let mut words = inner.next()?.into_inner().map(|pair| pair.as_rule());
        let function = match (words.next()?, words.next()) {
            (Rule::kw_sum, _) => Function::Sum,
            (Rule::kw_average, _) => Function::Average,
            (Rule::kw_minimum, _) => Function::Minimum,
            (Rule::kw_maximum, _) => Function::Maximum,
            (Rule::kw_first, _) => Function::First,
            (Rule::kw_last, _) => Function::Last,
            (Rule::kw_most, _) => Function::MostFrequent,
            (_, Some(Rule::kw_list)) => Function::UniqueList,
            _ => Function::UniqueCount,
        };
        let property = self.path(Root::Property, inner.nth(1)?)?;
        let event = self.text(&inner.nth(1)?);
        Some((function, Some(property), event))
    }
}
