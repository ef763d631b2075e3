//! Conditions, filters, the modifiers of `performed` and tests.

use pest::iterators::{Pair, Pairs};

use super::Builder;
use super::mixed::Joiner;
use crate::consent::ConsentState;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::ast::{self, ConditionKind, ModifierKind, Operand, Quantifier, Root, TestKind};
use crate::syntax::grammar::Rule;

/// The deepest nesting of an `any` inside an `any` (language.md, Limits).
const MAX_ANYS: u32 = 4;

impl Builder<'_, '_> {
    /// A condition or a filter. Only brackets nest, 64 deep at most.
    pub(super) fn condition(&mut self, pair: Pair<'_, Rule>) -> Option<ast::Condition> {
        let span = self.span(&pair);
        let mut operands = Vec::new();
        let mut joiners = Vec::new();
        for pair in pair.into_inner() {
            if pair.as_rule() == Rule::joiner {
                joiners.push(Joiner {
                    is_and: pair.as_str().starts_with("and"),
                    span: self.span(&pair),
                });
            } else {
                operands.push(self.unary(pair)?);
            }
        }
        self.refuse_mixed(&operands, &joiners);
        let kind = match joiners.first() {
            None => return operands.pop(),
            Some(joiner) if joiner.is_and => ConditionKind::And(operands),
            Some(_) => ConditionKind::Or(operands),
        };
        Some(ast::Condition { kind, span })
    }

    fn unary(&mut self, pair: Pair<'_, Rule>) -> Option<ast::Condition> {
        let mut nots = Vec::new();
        let mut condition = None;
        for pair in pair.into_inner() {
            let span = self.span(&pair);
            if pair.as_rule() == Rule::kw_not {
                nots.push(span);
            } else {
                let kind = self.primary(pair)?;
                condition = Some(ast::Condition { kind, span });
            }
        }
        nots.into_iter().rev().fold(condition, |condition, not| {
            let condition = condition?;
            Some(ast::Condition {
                span: not.to(condition.span),
                kind: ConditionKind::Not(Box::new(condition)),
            })
        })
    }

    fn primary(&mut self, pair: Pair<'_, Rule>) -> Option<ConditionKind> {
        let (rule, span) = (pair.as_rule(), self.span(&pair));
        let mut inner = pair.into_inner();
        Some(match rule {
            Rule::brackets | Rule::filter_brackets | Rule::element_brackets => {
                ConditionKind::Brackets(Box::new(self.condition(inner.nth(1)?)?))
            }
            Rule::performed => ConditionKind::Performed(self.performed(inner)?),
            Rule::trait_test => {
                let root = trait_root(inner.next()?.as_rule(), &mut inner)?;
                ConditionKind::Test {
                    value: self.path(root, inner.next()?)?,
                    test: self.test(inner.next()?)?,
                }
            }
            Rule::property_test => ConditionKind::Test {
                value: self.path(Root::Property, inner.next()?)?,
                test: self.test(inner.next()?)?,
            },
            Rule::element_test => ConditionKind::Test {
                value: self.path(Root::Element, inner.next()?)?,
                test: self.test(inner.next()?)?,
            },
            Rule::any_trait => {
                let root = trait_root(inner.nth(1)?.as_rule(), &mut inner)?;
                self.any(root, span, inner)?
            }
            Rule::users => ConditionKind::Users {
                quantifier: match inner.next()?.into_inner().next()?.as_rule() {
                    Rule::kw_any => Quantifier::Any,
                    Rule::kw_all => Quantifier::All,
                    _ => Quantifier::No,
                },
                condition: Box::new(self.condition(inner.nth(1)?)?),
            },
            Rule::any_property => self.any(Root::Property, span, inner)?,
            Rule::any_element => self.any(Root::Element, span, inner)?,
            Rule::member_of => ConditionKind::MemberOf(self.name(&inner.nth(2)?)?),
            Rule::consent => self.consent(inner)?,
            _ => return None,
        })
    }

    fn consent(&mut self, inner: Pairs<'_, Rule>) -> Option<ConditionKind> {
        let mut category = None;
        let mut state = None;
        for pair in inner {
            match pair.as_rule() {
                Rule::name => category = self.name(&pair),
                Rule::consent_state => {
                    state = Some(match pair.into_inner().next()?.as_rule() {
                        Rule::kw_granted => ConsentState::Granted,
                        Rule::kw_denied => ConsentState::Denied,
                        Rule::kw_conflicted => ConsentState::Conflicted,
                        _ => ConsentState::NotCollected,
                    });
                }
                _ => {}
            }
        }
        let category = category?;
        Some(match state {
            None => ConditionKind::ConsentTo(category),
            Some(state) => ConditionKind::ConsentIs { category, state },
        })
    }

    /// `any …`: the list, and the filter in brackets.
    fn any(&mut self, root: Root, span: Span, inner: Pairs<'_, Rule>) -> Option<ConditionKind> {
        self.anys += 1;
        if self.anys == MAX_ANYS + 1 {
            let token = self.tokens.get(self.tokens.index_at(span.start));
            let any = token.map_or(span, |token| self.tokens.span(token));
            let message = format!("`any` is nested more than {MAX_ANYS} deep");
            self.diagnostics.push(
                Diagnostic::error(Code::Limit, any, message)
                    .help("send what lies so deep as a property or trait of its own"),
            );
        }
        let mut list = None;
        let mut filter = None;
        for pair in inner {
            match pair.as_rule() {
                Rule::path | Rule::property | Rule::item_path => list = Some(self.path(root, pair)?),
                Rule::element => filter = Some(Box::new(self.condition(pair)?)),
                _ => {}
            }
        }
        self.anys -= 1;
        Some(ConditionKind::Any {
            list: list?,
            filter: filter?,
        })
    }

    /// The names of a path stand without blanks, so their places add up. `item` has none.
    pub(super) fn path(&mut self, root: Root, pair: Pair<'_, Rule>) -> Option<ast::ValuePath> {
        let span = self.span(&pair);
        if pair.as_rule() == Rule::item_path {
            let keys = Vec::new();
            return Some(ast::ValuePath { root, keys, span });
        }
        let keys = pair.into_inner().map(|key| self.name(&key)).collect::<Option<_>>()?;
        Some(ast::ValuePath { root, keys, span })
    }

    // ---- `performed`

    fn performed(&mut self, mut inner: Pairs<'_, Rule>) -> Option<ast::Performed> {
        let event = self.text(&inner.nth(1)?);
        let mut modifiers = Vec::new();
        let mut steps = Vec::new();
        for pair in inner {
            match pair.as_rule() {
                Rule::step => steps.push(self.step(pair)?),
                _ => modifiers.push(self.modifier(pair)?),
            }
        }
        Some(ast::Performed {
            event,
            modifiers,
            steps,
        })
    }

    fn step(&mut self, pair: Pair<'_, Rule>) -> Option<ast::Step> {
        let span = self.span(&pair);
        let mut not = None;
        let mut event = None;
        let mut modifiers = Vec::new();
        for pair in pair.into_inner() {
            match pair.as_rule() {
                Rule::kw_not => not = Some(self.span(&pair)),
                Rule::event => event = Some(self.text(&pair)),
                Rule::modifier => modifiers.push(self.modifier(pair)?),
                _ => {}
            }
        }
        Some(ast::Step {
            not,
            event: event?,
            modifiers,
            span,
        })
    }

    pub(super) fn modifier(&mut self, pair: Pair<'_, Rule>) -> Option<ast::Modifier> {
        let span = self.span(&pair);
        let modifier = pair.into_inner().next()?;
        let rule = modifier.as_rule();
        let mut inner = modifier.into_inner();
        let kind = match rule {
            Rule::as_name => ModifierKind::As(self.name(&inner.nth(1)?)?),
            Rule::count => ModifierKind::Count {
                bound: bound(inner.next()?)?,
                times: self.integer(&inner.next()?, span, "count"),
            },
            Rule::within => {
                let next = inner.nth(1)?;
                let last = next.as_rule() == Rule::kw_last;
                let duration = if last { inner.next()? } else { next };
                ModifierKind::Within {
                    last,
                    duration: self.duration(duration, span)?,
                }
            }
            Rule::between => ModifierKind::Between {
                newest: self.integer(&inner.nth(1)?, span, "duration"),
                oldest: self.integer(&inner.nth(1)?, span, "duration"),
                unit: unit(&inner.next()?)?,
            },
            Rule::before => ModifierKind::Before(self.date(&inner.nth(1)?)),
            Rule::after => ModifierKind::After(self.date(&inner.nth(1)?)),
            Rule::where_filter => ModifierKind::Where(self.condition(inner.nth(2)?)?),
            _ => return None,
        };
        Some(ast::Modifier { kind, span })
    }

    /// `whole` is what is underlined where the number is too large.
    pub(super) fn duration(&mut self, pair: Pair<'_, Rule>, whole: Span) -> Option<ast::DurationText> {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        Some(ast::DurationText {
            count: self.integer(&inner.next()?, whole, "duration"),
            unit: unit(&inner.next()?)?,
            span,
        })
    }

    // ---- tests

    fn test(&mut self, pair: Pair<'_, Rule>) -> Option<ast::Test> {
        let span = self.span(&pair);
        let test = pair.into_inner().next()?;
        let rule = test.as_rule();
        // The keywords say which test it is; what they lead to is its operand.
        let mut operator = None;
        let mut last = false;
        let mut next = false;
        let mut operand = None;
        for pair in test.into_inner() {
            match pair.as_rule() {
                Rule::operator => operator = pair.into_inner().next().map(|pair| pair.as_rule()),
                Rule::kw_last => last = true,
                Rule::kw_next => next = true,
                Rule::operand | Rule::instant | Rule::list | Rule::duration => operand = Some(pair),
                _ => {}
            }
        }
        let listed = operand.as_ref().is_some_and(|pair| pair.as_rule() == Rule::list);
        let operand = operand.ok_or(());
        let kind = match (rule, operand) {
            (Rule::comparison, Ok(pair)) => self.comparison(operator?, pair)?,
            (Rule::t_in, Ok(pair)) => TestKind::In(self.list(pair)?),
            (Rule::t_not_in, Ok(pair)) => TestKind::NotIn(self.list(pair)?),
            (Rule::t_contains, Ok(pair)) if listed => TestKind::ContainsAnyOf(self.list(pair)?),
            (Rule::t_contains, Ok(pair)) => TestKind::Contains(self.operand(pair)?),
            (Rule::t_does_not, Ok(pair)) => TestKind::DoesNotContain(self.operand(pair)?),
            (Rule::t_does_not, Err(())) => TestKind::DoesNotExist,
            (Rule::t_starts_with, Ok(pair)) => TestKind::StartsWith(self.operand(pair)?),
            (Rule::t_ends_with, Ok(pair)) => TestKind::EndsWith(self.operand(pair)?),
            (Rule::t_exists, _) => TestKind::Exists,
            (Rule::t_before, Ok(pair)) if last => TestKind::BeforeLast(self.duration(pair, span)?),
            (Rule::t_before, Ok(pair)) => TestKind::Before(self.operand(pair)?),
            (Rule::t_after, Ok(pair)) if next => TestKind::AfterNext(self.duration(pair, span)?),
            (Rule::t_after, Ok(pair)) => TestKind::After(self.operand(pair)?),
            (Rule::t_within, Ok(pair)) if last => TestKind::WithinLast(self.duration(pair, span)?),
            (Rule::t_within, Ok(pair)) => TestKind::WithinNext(self.duration(pair, span)?),
            _ => return None,
        };
        Some(ast::Test { kind, span })
    }

    fn comparison(&mut self, sign: Rule, pair: Pair<'_, Rule>) -> Option<TestKind> {
        let operand = self.operand(pair)?;
        Some(match sign {
            Rule::op_equals => TestKind::Equals(operand),
            Rule::op_not_equals => TestKind::NotEquals(operand),
            Rule::op_less => TestKind::Compare(ast::Comparison::Less, operand),
            Rule::op_at_most => TestKind::Compare(ast::Comparison::AtMost, operand),
            Rule::op_greater => TestKind::Compare(ast::Comparison::Greater, operand),
            Rule::op_at_least => TestKind::Compare(ast::Comparison::AtLeast, operand),
            _ => return None,
        })
    }

    /// An operand; for `before` and `after` a date or a reference.
    fn operand(&mut self, pair: Pair<'_, Rule>) -> Option<Operand> {
        let inner = pair.into_inner().next()?;
        Some(match inner.as_rule() {
            Rule::reference => self.reference(inner)?,
            Rule::date => Operand::Literal(self.date_literal(&inner)),
            _ => Operand::Literal(self.literal(inner)?),
        })
    }

    /// `trait path` or `name.path`
    fn reference(&mut self, pair: Pair<'_, Rule>) -> Option<Operand> {
        let mut inner = pair.into_inner();
        let first = inner.next()?;
        if first.as_rule() != Rule::event_path {
            return Some(Operand::Trait(self.path(Root::Trait, inner.next()?)?));
        }
        let mut inner = first.into_inner();
        Some(Operand::Event {
            name: self.name(&inner.next()?)?,
            path: self.path(Root::Event, inner.next()?)?,
        })
    }
}

fn bound(pair: Pair<'_, Rule>) -> Option<ast::Bound> {
    Some(match pair.into_inner().next_back()?.as_rule() {
        Rule::kw_least => ast::Bound::AtLeast,
        Rule::kw_most => ast::Bound::AtMost,
        _ => ast::Bound::Exactly,
    })
}

fn unit(pair: &Pair<'_, Rule>) -> Option<crate::time::Unit> {
    use crate::time::Unit;
    Some(match pair.as_str().trim_end_matches('s') {
        "minute" => Unit::Minute,
        "hour" => Unit::Hour,
        "day" => Unit::Day,
        "week" => Unit::Week,
        _ => return None,
    })
}

/// `trait`, or `account trait`; what follows is the path.
fn trait_root(first: Rule, inner: &mut Pairs<'_, Rule>) -> Option<Root> {
    if first == Rule::kw_account {
        inner.next()?;
        return Some(Root::AccountTrait);
    }
    Some(Root::Trait)
}
