//! Audiences as their authors wrote them: each written condition with its place and the node that it became.
//!
//! Nodes are merged, flattened and turned round; who explains an answer follows this instead, so that every condition of
//! the text is there, in its order.

use crate::ir::{CategorySlot, NodeId};
use crate::span::Span;
use crate::syntax::ast::{Condition, ConditionKind, Operand, Root, ValuePath};
use crate::time::Duration;

/// A written condition. Brackets are none of their own: their content stands for them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outline {
    /// Its form.
    pub form: Form,
    /// Where it is written.
    pub span: Span,
    /// What it became. Of a step of a funnel: its filter.
    pub node: NodeId,
    /// The conditions that it is made of, in their order. Of `any` its filter; of `performed` and each of its steps the filter,
    /// where one is written, and after it the steps.
    pub children: Vec<Outline>,
}

impl Outline {
    /// The first place where a node is written, parts before the whole. The recursion is as deep as conditions are nested.
    pub(super) fn place(&self, node: NodeId) -> Option<Span> {
        let own = || (self.node == node && !matches!(self.form, Form::Step { .. })).then_some(self.span);
        self.children.iter().find_map(|child| child.place(node)).or_else(own)
    }
}

/// The form of a written condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// `a and b`
    And,
    /// `a or b`
    Or,
    /// `not a`
    Not,
    /// `trait path test`, or `path test` in a filter.
    Test {
        /// The value tested, with the word `trait`.
        value: Written,
        /// The other value that it is compared with.
        reference: Option<Written>,
    },
    /// `any trait path ( … )`, or `any path ( … )` in a filter.
    Any(Written),
    /// `performed …`
    Performed,
    /// `then performed …`, or `then not performed …`
    Step {
        /// 1 for the first step.
        at: u32,
    },
    /// `any user ( … )`, `all users ( … )`, `no user ( … )`
    Users,
    /// `member of x`
    Member,
    /// `consent to C`
    ConsentTo,
    /// `consent C is …`
    ConsentIs,
}

/// A value as an author names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// What belongs before it: `trait `, `account trait `, or nothing.
    pub keyword: &'static str,
    /// The rest.
    pub span: Span,
}

impl Form {
    pub(super) fn of(condition: &Condition) -> Form {
        match &condition.kind {
            ConditionKind::And(_) => Form::And,
            ConditionKind::Or(_) => Form::Or,
            ConditionKind::Not(_) => Form::Not,
            ConditionKind::Brackets(inner) => Form::of(inner),
            ConditionKind::Test { value, test } => Form::Test {
                value: written(value),
                reference: test.kind.operand().and_then(reference),
            },
            ConditionKind::Any { list, .. } => Form::Any(written(list)),
            ConditionKind::Performed(_) => Form::Performed,
            ConditionKind::Users { .. } => Form::Users,
            ConditionKind::MemberOf(_) => Form::Member,
            ConditionKind::ConsentTo(_) => Form::ConsentTo,
            ConditionKind::ConsentIs { .. } => Form::ConsentIs,
        }
    }
}

fn written(path: &ValuePath) -> Written {
    Written {
        keyword: match path.root {
            Root::Trait => "trait ",
            Root::AccountTrait => "account trait ",
            Root::Property | Root::Element | Root::Event => "",
        },
        span: path.span,
    }
}

fn reference(operand: &Operand) -> Option<Written> {
    match operand {
        Operand::Literal(_) => None,
        Operand::Trait(path) => Some(written(path)),
        Operand::Event { name, path } => Some(Written {
            keyword: "",
            span: name.span.to(path.span),
        }),
    }
}

/// What an audience asks of its members, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AudienceOutline {
    /// The whole item.
    pub span: Span,
    /// The word `audience` and the name.
    pub header: Span,
    /// The condition of `who`; `None` where there is none.
    pub who: Option<Outline>,
    /// The categories of `consent to` clauses, and where each is asked for: the clause, or its name where the clause has several.
    pub consent: Vec<(CategorySlot, Span)>,
    /// `include anonymous`
    pub anonymous: Option<Span>,
    /// What `lookback` says, and where.
    pub lookback: Option<(Duration, Span)>,
}
