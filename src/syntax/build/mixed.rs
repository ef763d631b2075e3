//! `a or b and c`: refused, with both readings in the author's own words.

use super::Builder;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::ast::{Condition, ConditionKind};

/// An `and` or `or` between two conditions.
pub(super) struct Joiner {
    pub(super) is_and: bool,
    pub(super) span: Span,
}

impl Joiner {
    fn word(&self) -> &'static str {
        if self.is_and { "and" } else { "or" }
    }
}

/// So many conditions are shown; of a longer chain, those around the place where it turns.
const SHOWN: usize = 6;

/// A condition longer than this is cut in a message.
const LONGEST: usize = 48;

/// A condition on consent that `and` alone joins: one reading lets it guard all, the other its own group.
fn lone_consent<'c>(operands: &'c [Condition], joiners: &[Joiner]) -> Option<&'c Condition> {
    let is_and = |index: Option<usize>| {
        index
            .and_then(|index| joiners.get(index))
            .is_none_or(|joiner| joiner.is_and)
    };
    let lone = |index: usize| is_and(index.checked_sub(1)) && is_and(Some(index));
    let consent = |condition: &Condition| {
        matches!(
            condition.kind,
            ConditionKind::ConsentTo(_) | ConditionKind::ConsentIs { .. }
        )
    };
    let mut operands = operands.iter().enumerate();
    operands
        .find(|(index, operand)| consent(operand) && lone(*index))
        .map(|(_, operand)| operand)
}

impl Builder<'_, '_> {
    /// Reports a chain that has both `and` and `or`. The joiners stand between the operands.
    pub(super) fn refuse_mixed(&mut self, operands: &[Condition], joiners: &[Joiner]) {
        let mut pairs = joiners.windows(2).enumerate();
        let Some((turn, [first, other])) = pairs.find_map(|(index, pair)| match pair {
            [a, b] if a.is_and != b.is_and => Some((index, [a, b])),
            _ => None,
        }) else {
            return;
        };
        let message = format!(
            "`{}` and `{}` stand side by side without brackets: this can be read in two ways",
            first.word(),
            other.word()
        );
        let mut help = format!(
            "write `{}`, or `{}`",
            self.reading(operands, joiners, turn, false),
            self.reading(operands, joiners, turn, true)
        );
        if let Some(consent) = lone_consent(operands, joiners) {
            help.push_str(&format!(
                "; in the second, `{}` guards only a part",
                self.written(consent.span)
            ));
        }
        self.diagnostics.push(
            Diagnostic::error(Code::MixedAndOr, other.span, message)
                .related(first.span, format!("the `{}` that it stands beside", first.word()))
                .help(help),
        );
    }

    /// The chain with brackets around what `and` (or else `or`) joins.
    fn reading(&self, operands: &[Condition], joiners: &[Joiner], turn: usize, and_binds: bool) -> String {
        let (from, to) = if operands.len() <= SHOWN {
            (0, operands.len())
        } else {
            (turn, turn + 3)
        };
        let mut text = String::new();
        if from > 0 {
            text.push_str("… ");
        }
        let binds = |index: Option<usize>| {
            index
                .filter(|index| (from..to.saturating_sub(1)).contains(index))
                .and_then(|index| joiners.get(index))
                .is_some_and(|joiner| joiner.is_and == and_binds)
        };
        for (index, operand) in operands.iter().enumerate().take(to).skip(from) {
            let (before, after) = (binds(index.checked_sub(1)), binds(Some(index)));
            if index > from
                && let Some(joiner) = joiners.get(index - 1)
            {
                text.push_str(&format!(" {} ", joiner.word()));
            }
            if after && !before {
                text.push('(');
            }
            text.push_str(&self.written(operand.span));
            if before && !after {
                text.push(')');
            }
        }
        if to < operands.len() {
            text.push_str(" …");
        }
        text
    }

    /// The author's own words on one line, without comments; cut where they are long.
    pub(in crate::syntax) fn written(&self, span: Span) -> String {
        let mut text = String::new();
        let mut index = self.tokens.index_at(span.start);
        let mut end = span.start;
        while let Some(token) = self.tokens.get(index).filter(|token| token.end <= span.end) {
            if token.start > end && !text.is_empty() {
                text.push(' ');
            }
            text.push_str(self.tokens.text(token));
            if text.chars().count() > LONGEST {
                let cut: String = text.chars().take(LONGEST - 1).collect();
                return format!("{}…", cut.trim_end());
            }
            end = token.end;
            index += 1;
        }
        text
    }
}
