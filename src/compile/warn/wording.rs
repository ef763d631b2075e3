//! Words whose exact meaning is often not the one that was meant.

use super::quote;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{Sources, Span};
use crate::syntax::ast::{
    Audience, Bound, ClauseKind, Condition, ConditionKind, File, Item, Modifier, ModifierKind, Performed, Step,
};

pub(super) fn warn(files: &[File], sources: &Sources, diagnostics: &mut Vec<Diagnostic>) {
    let audiences = files.iter().flat_map(|file| &file.items).filter_map(|item| match item {
        Item::Audience(audience) => Some(audience),
        _ => None,
    });
    let mut wording = Wording { sources, diagnostics };
    audiences.for_each(|audience| wording.audience(audience));
}

struct Wording<'a> {
    sources: &'a Sources,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Wording<'_> {
    fn audience(&mut self, audience: &Audience) {
        for clause in &audience.clauses {
            if let ClauseKind::Who(condition) = &clause.kind {
                self.condition(condition);
            }
        }
    }

    /// Not deeper than the parser's limit on nesting. Filters hold no events.
    fn condition(&mut self, condition: &Condition) {
        match &condition.kind {
            ConditionKind::And(parts) | ConditionKind::Or(parts) => parts.iter().for_each(|part| self.condition(part)),
            ConditionKind::Brackets(inner) | ConditionKind::Users { condition: inner, .. } => self.condition(inner),
            ConditionKind::Not(inner) => {
                if let ConditionKind::Performed(performed) = &inner.kind
                    && !performed.steps.is_empty()
                {
                    self.diagnostics
                        .push(negated(condition, inner, performed, self.sources));
                }
                self.condition(inner);
            }
            ConditionKind::Performed(performed) => {
                for step in &performed.steps {
                    self.step(step);
                }
            }
            _ => {}
        }
    }

    /// DEC-38: a count is negated as it stands.
    fn step(&mut self, step: &Step) {
        let count = step.modifiers.iter().find_map(|modifier| match &modifier.kind {
            ModifierKind::Count { bound, times } => Some((*bound, times.value, modifier)),
            _ => None,
        });
        match count {
            // As if nothing was said.
            None | Some((Bound::AtLeast, 1, _)) => {}
            Some((bound, times, modifier)) if step.not.is_some() => {
                self.diagnostics
                    .push(negated_count(bound, times, modifier, step, self.sources));
            }
            Some(_) => {}
        }
    }
}

/// Brackets say that the whole funnel is meant.
fn negated(condition: &Condition, inner: &Condition, performed: &Performed, sources: &Sources) -> Diagnostic {
    let Span { file, start, .. } = condition.span;
    let not = Span::new(file, start, start.saturating_add(3));
    let event = sources.slice(performed.event.span);
    let next = performed
        .steps
        .first()
        .map_or("", |step| sources.slice(step.event.span));
    let message = format!("`not` turns the whole funnel round, so this holds for whoever never did `{event}`, too");
    Diagnostic::warning(Code::NegatedFunnel, not, message)
        .related(inner.span, "the funnel")
        .help(format!(
            "for those who did the first and then not the second, write `performed {event} … then not performed {next} …`; \
             if all others are meant, write `not (performed {event} …)`"
        ))
}

fn negated_count(bound: Bound, times: u32, modifier: &Modifier, step: &Step, sources: &Sources) -> Diagnostic {
    let event = sources.slice(step.event.span);
    let count = quote(sources, modifier.span);
    let counted = |bound: Bound, times: u32| {
        let unit = if times == 1 { "time" } else { "times" };
        format!("write `then performed {event} {} {times} {unit}`", bound.as_str())
    };
    let (holds, help) = match bound {
        Bound::AtLeast => (
            format!("fewer than {times}"),
            format!("{} to say the same", counted(Bound::AtMost, times.saturating_sub(1))),
        ),
        Bound::AtMost => (
            format!("more than {times}"),
            format!(
                "{} to say the same; for none at all, leave the count out",
                counted(Bound::AtLeast, times.saturating_add(1))
            ),
        ),
        Bound::Exactly if times == 0 => (
            "one or more".to_owned(),
            format!("write `then performed {event}` to say the same; for none at all, leave the count out"),
        ),
        Bound::Exactly => (
            format!("any number but {times}"),
            "for none at all, leave the count out".to_owned(),
        ),
    };
    let message = format!("`not` turns the count round, too: with `{count}` this holds where {holds} follow");
    let warning = Diagnostic::warning(Code::NegatedCount, modifier.span, message).help(help);
    match step.not {
        Some(not) => warning.related(not, "turned round here"),
        None => warning,
    }
}
