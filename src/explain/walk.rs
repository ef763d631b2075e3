//! From an outline to an explanation: each written condition, and what the evaluator says of its node.

use std::collections::BTreeSet;

use super::because::{self, Because};
use super::{Asked, Condition, Kind, Workspace, preference, words};
use crate::compile::{AudienceOutline, Form, Outline};
use crate::eval::{self, Fact, Shown, Trace};
use crate::ir::{AudienceSlot, Node, NodeId, Quantifier, Subject};
use crate::span::Span;

/// All that an audience asks of a profile or an account. `None` where it costs too much to say.
pub(super) fn audience(workspace: Workspace<'_>, asked: Asked<'_>, audience: AudienceSlot) -> Option<Condition> {
    let mut walk = Walk {
        workspace,
        asked,
        account: None,
        several: workspace.sources.ids().count() > 1,
        explained: BTreeSet::new(),
        nested: false,
        lookback: None,
    };
    let outline = workspace.places.outline(audience)?;
    let children = walk.audience(audience, outline)?;
    Some(walk.group(Kind::And, outline.span, children))
}

struct Walk<'w> {
    workspace: Workspace<'w>,
    asked: Asked<'w>,
    /// Inside `any user` and its kin: the account whose user is asked.
    account: Option<Asked<'w>>,
    /// Whether the workspace has several files.
    several: bool,
    /// The audiences whose conditions are told already: each is told once, however many refer to it.
    explained: BTreeSet<AudienceSlot>,
    /// Within an audience that the one in question refers to: those that it refers to are only named.
    nested: bool,
    /// The `lookback` of the audience at hand.
    lookback: Option<crate::time::Duration>,
}

/// What a condition is asked about.
#[derive(Clone, Copy)]
enum Scope<'t, 'w> {
    /// The profile or account itself.
    Subject,
    /// An event or element that an evaluation showed.
    Example(&'t Trace<'w>, usize),
    /// An event, element or user that does not exist, or that was not chosen; and which of these.
    Nothing(&'static str),
}

impl<'w> Walk<'w> {
    /// What an audience asks for: each a condition.
    fn audience(&mut self, slot: AudienceSlot, outline: &'w AudienceOutline) -> Option<Vec<Condition>> {
        self.explained.insert(slot);
        let around = std::mem::replace(&mut self.lookback, outline.lookback.map(|(length, _)| length));
        let declared = self.workspace.program.audiences.get(slot.index())?;
        let mut conditions = Vec::new();
        // In an audience of accounts the clauses restrict which users are delivered, not which accounts match.
        let of_users = declared.of == Subject::User;
        if of_users {
            let holds = self.asked.row.is_eligible(declared.include_anonymous);
            let known = self.asked.row.is_eligible(false);
            let span = outline.anonymous.unwrap_or(outline.header);
            let because = match (known, declared.include_anonymous) {
                (true, _) => "an identifier of a person is known",
                (false, true) if holds => "an `anonymous_id` suffices",
                (false, true) => "no identifier that makes a member is known",
                (false, false) => {
                    "no `user_id`, `email`, `android.idfa` or `ios.idfa` is known, and the audience does not say `include anonymous`"
                }
            };
            conditions.push(self.told(Kind::Identifier, Some(holds), span, Vec::new(), because.to_owned()));
        }
        if let Some(who) = &outline.who {
            conditions.push(self.condition(who, Scope::Subject)?);
        }
        for (category, span) in outline.consent.iter().filter(|_| of_users) {
            let preference = preference(self.workspace.program, *category, self.asked.consent);
            let holds = self.asked.row.consent(*category).is_granted();
            let mut told = self.told(
                Kind::Consent,
                Some(holds),
                *span,
                Vec::new(),
                words::consent(&preference),
            );
            told.line = format!("consent to {}", words::name(&preference.category));
            conditions.push(told);
        }
        self.lookback = around;
        Some(conditions)
    }

    /// Not deeper than the parser's limit on nesting.
    fn condition(&mut self, outline: &'w Outline, scope: Scope<'_, 'w>) -> Option<Condition> {
        let kind = match outline.form {
            Form::And => Kind::And,
            Form::Or => Kind::Or,
            Form::Not => Kind::Not,
            Form::Test { .. } => Kind::Test,
            Form::Any(_) => Kind::Any,
            Form::Performed => Kind::Performed,
            Form::Step { .. } => Kind::Then,
            Form::Users => Kind::Users,
            Form::Member => Kind::Member,
            Form::ConsentTo | Form::ConsentIs => Kind::Consent,
        };
        if matches!(kind, Kind::And | Kind::Or | Kind::Not) {
            let children = outline.children.iter();
            let children: Option<Vec<_>> = children.map(|child| self.condition(child, scope)).collect();
            return Some(self.group(kind, outline.span, children?));
        }
        match scope {
            Scope::Subject => {
                let Asked { row, users, .. } = self.asked;
                let program = self.workspace.program;
                let trace = match self.account {
                    Some(account) => eval::trace_user(program, outline.node, account.row, row)?,
                    None => eval::trace(program, outline.node, row, users)?,
                };
                self.leaf(kind, outline, &trace, None)
            }
            Scope::Example(trace, example) => self.leaf(kind, outline, trace, Some(example)),
            Scope::Nothing(why) => self.not_asked(kind, outline, why),
        }
    }

    /// A group holds as its parts do, which is what it means.
    fn group(&self, kind: Kind, span: Span, children: Vec<Condition>) -> Condition {
        let wanted = kind == Kind::Or;
        let count = children.len();
        // The first that decides alone, if one does.
        let deciding = children.iter().find(|child| child.holds == Some(wanted));
        let asked = children.iter().all(|child| child.holds.is_some());
        let only = children.first();
        let (holds, because) = match (kind, deciding, only) {
            _ if !asked => (None, only.map(|child| child.because.clone()).unwrap_or_default()),
            (Kind::Not, _, Some(child)) => (child.holds.map(|holds| !holds), child.because.clone()),
            (_, Some(child), _) => (Some(wanted), child.because.clone()),
            (_, None, _) if wanted => (Some(false), format!("none of {count} holds")),
            (_, None, Some(child)) if count == 1 => (Some(true), child.because.clone()),
            (_, None, _) => (Some(true), format!("all {count} hold")),
        };
        self.told(kind, holds, span, children, because)
    }

    /// A condition that the evaluator was asked about: about an example, or the subject.
    fn leaf(
        &mut self,
        kind: Kind,
        outline: &'w Outline,
        trace: &Trace<'w>,
        example: Option<usize>,
    ) -> Option<Condition> {
        let (node, negated) = match self.workspace.program.node(outline.node) {
            Node::Not(inner) => (*inner, true),
            _ => (outline.node, false),
        };
        let Some(at) = trace.find(node, example) else {
            return self.not_asked(kind, outline, NOTHING);
        };
        let record = trace.records().get(at)?;
        let because = Because {
            workspace: self.workspace,
            asked: self.asked,
            account: self.account,
            lookback: self.lookback,
        };
        let holds = Some(record.holds != negated);
        if let (Node::Users { quantifier, condition }, Fact::Users { met, of }) =
            (self.workspace.program.node(node), record.fact)
        {
            let at = telling(*quantifier, trace.users(*condition));
            let user = at.and_then(|at| self.asked.people.get(at)).copied();
            let children = self.of_user(outline, user)?;
            let because = because::users(*quantifier, met, of, user.map(|user| user.label));
            return Some(self.told(kind, holds, outline.span, children, because));
        }
        let shown = |step: u32| {
            trace.examples().iter().position(|example| match example.shown {
                Shown::Event { step: other, .. } => example.of == at && other == step,
                Shown::Element(_) => example.of == at,
            })
        };
        let first = shown(0)
            .and_then(|at| trace.examples().get(at))
            .map(|example| example.shown);
        let unchosen = match first {
            Some(Shown::Event {
                event: None, of: 1.., ..
            }) => TOO_MANY,
            _ => NOTHING,
        };
        let mut children = Vec::new();
        for child in &outline.children {
            children.push(match child.form {
                Form::Step { at } => self.step(child, node, at, trace, shown(at), unchosen)?,
                _ => self.condition(child, within(trace, shown(0), unchosen))?,
            });
        }
        if let Node::Member(target) = self.workspace.program.node(node) {
            children = self.referred(*target)?;
        }
        let because = because.leaf(outline.form, node, record, first);
        let mut told = self.told(kind, holds, outline.span, children, because);
        if let Some(step) = outline
            .children
            .iter()
            .find(|child| matches!(child.form, Form::Step { .. }))
        {
            let Span { file, start, .. } = outline.span;
            told.line = self.line(Span::new(file, start, step.span.start));
        }
        Some(told)
    }

    fn step(
        &mut self,
        outline: &'w Outline,
        performed: NodeId,
        at: u32,
        trace: &Trace<'w>,
        example: Option<usize>,
        unchosen: &'static str,
    ) -> Option<Condition> {
        let shown = example
            .and_then(|at| trace.examples().get(at))
            .map(|example| example.shown);
        let (holds, because) = match (self.workspace.program.node(performed), shown) {
            (Node::Performed(performed), Some(Shown::Event { holds, .. })) => {
                let step = performed.steps.get((at as usize).checked_sub(1)?)?;
                let because = Because {
                    workspace: self.workspace,
                    asked: self.asked,
                    account: self.account,
                    lookback: None,
                };
                (Some(holds), because.step(step, shown?))
            }
            _ if unchosen == TOO_MANY => (None, TOO_MANY.to_owned()),
            _ => (None, "no event gets as far as this step".to_owned()),
        };
        let children = outline.children.iter();
        let children: Option<Vec<_>> = children
            .map(|child| self.condition(child, within(trace, example, unchosen)))
            .collect();
        Some(self.told(Kind::Then, holds, outline.span, children?, because))
    }

    fn not_asked(&mut self, kind: Kind, outline: &'w Outline, why: &'static str) -> Option<Condition> {
        let children = outline.children.iter();
        let children: Option<Vec<_>> = children
            .map(|child| self.condition(child, Scope::Nothing(why)))
            .collect();
        Some(self.told(kind, None, outline.span, children?, why.to_owned()))
    }

    /// The condition of `any user` and its kin, asked about one user of the account.
    fn of_user(&mut self, outline: &'w Outline, user: Option<Asked<'w>>) -> Option<Vec<Condition>> {
        let Some(user) = user else {
            let children = outline.children.iter();
            return children
                .map(|child| self.condition(child, Scope::Nothing(NOBODY)))
                .collect();
        };
        let account = std::mem::replace(&mut self.asked, user);
        self.account = Some(account);
        let children = outline.children.iter();
        let children = children.map(|child| self.condition(child, Scope::Subject)).collect();
        self.account = None;
        self.asked = account;
        children
    }

    /// The conditions of an audience that is referred to, the first time, and one level deep. Of an audience of accounts they
    /// are about the account at hand; a user may have several, so there it is only named.
    fn referred(&mut self, target: AudienceSlot) -> Option<Vec<Condition>> {
        let of = self.workspace.program.audiences.get(target.index())?.of;
        let whom = [Some(self.asked), self.account].into_iter().flatten();
        let whom = whom.into_iter().find(|asked| asked.row.subject() == of);
        let outline = self.workspace.places.outline(target);
        let (false, false, Some(whom), Some(outline)) = (self.nested, self.explained.contains(&target), whom, outline)
        else {
            return Some(Vec::new());
        };
        // What that audience asks, it asks for itself, inside a quantifier or not.
        let (asked, account) = (std::mem::replace(&mut self.asked, whom), self.account.take());
        self.nested = true;
        let conditions = self.audience(target, outline);
        self.nested = false;
        (self.asked, self.account) = (asked, account);
        conditions
    }

    fn told(
        &self,
        kind: Kind,
        holds: Option<bool>,
        span: Span,
        children: Vec<Condition>,
        because: String,
    ) -> Condition {
        let sources = self.workspace.sources;
        Condition {
            kind,
            holds,
            source: words::source(span, sources),
            file: self.several.then(|| sources.name(span.file).to_owned()),
            span,
            children,
            because,
            line: self.line(span),
        }
    }

    fn line(&self, span: Span) -> String {
        words::line(span, self.workspace.places.comments(span), self.workspace.sources)
    }
}

const NOTHING: &str = "there is nothing to look at";
const NOBODY: &str = "there is no user to look at";
const TOO_MANY: &str = "too many events follow one another to show one";

/// The user on whom it is best seen why a quantifier holds or not: one who decides it, else the first.
fn telling(quantifier: Quantifier, mut users: impl Iterator<Item = (usize, bool)>) -> Option<usize> {
    let wanted = quantifier != Quantifier::All;
    let (first, holds) = users.next()?;
    let deciding = users.find(|(_, holds)| *holds == wanted).filter(|_| holds != wanted);
    Some(deciding.map_or(first, |(at, _)| at))
}

/// The event or element that an evaluation showed, if there is one; else why there is none.
fn within<'t, 'w>(trace: &'t Trace<'w>, example: Option<usize>, unchosen: &'static str) -> Scope<'t, 'w> {
    let shown = example.and_then(|at| Some((at, trace.examples().get(at)?.shown)));
    match shown {
        None | Some((_, Shown::Event { event: None, .. })) => Scope::Nothing(unchosen),
        Some((at, _)) => Scope::Example(trace, at),
    }
}
