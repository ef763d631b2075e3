//! What is wrong with a definition: one problem, where it is, and what to write instead.
//!
//! Messages are lower case, in the author's terms, with the author's own text in backticks; the help says what to write.

mod distance;

use std::fmt;

use serde::Serialize;

use crate::span::{Sources, Span};

pub(crate) use distance::distance;

/// How serious a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// The workspace cannot be used.
    Error,
    /// The workspace can be used, but probably does not mean what its author thinks.
    Warning,
}

/// The kind of a problem: stable names for editors, searches and suppressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Code {
    /// The text does not follow the grammar.
    Syntax,
    /// `and` and `or` stand side by side without brackets.
    MixedAndOr,
    /// A limit of language.md is exceeded: file size, nesting, list length.
    Limit,
    /// Something that may stand once stands again.
    Repeated,
    /// A name is declared twice.
    DuplicateName,
    /// A name is not declared anywhere in the workspace.
    UnknownName,
    /// Audiences refer to each other in a circle (AM-2).
    Cycle,
    /// A time window that can hold no instant.
    EmptyWindow,
    /// A number, count, duration or date that cannot be taken.
    BadLiteral,
    /// A count that cannot be meant, such as `at least 0 times`.
    BadCount,
    /// Steps that make no funnel, a modifier that a step cannot have, or a reference to an event that is not before.
    BadFunnel,
    /// A test that does not go with its operand.
    BadOperand,
    /// A category id or name that breaks CC-3 to CC-5.
    BadCategory,
    /// A name that nothing can be called by.
    BadName,
    /// A destination whose settings contradict each other or those of its type (CC-6, CC-10).
    BadDestination,
    /// A trait path that is closed to definitions (CP-17).
    ReservedTrait,
    /// A condition on users where accounts are asked about, or the other way round.
    WrongSubject,
    /// A modifier that a computed trait cannot have, or a part of one that has none.
    BadComputedTrait,
    /// A schema that contradicts itself or another.
    BadSchema,
    /// A test that does not fit what a schema declares, or what is computed.
    WrongType,
    /// An event in a test that is no JSON.
    BadEvent,
    /// A test that says too little, or expects what cannot be.
    BadTest,
    /// A definition looks further back than events are kept. (Told where a store keeps events for some time only.)
    BeyondRetention,
    /// A destination says neither `requires …` nor `requires nothing`.
    SilentDestination,
    /// A rule of `identity` that cannot be kept: a type that identifies nobody, or a limit of 0.
    BadIdentity,
    /// Conditions that contradict each other.
    NeverHolds,
    /// Conditions of which one always holds.
    AlwaysHolds,
    /// `not` before a funnel.
    NegatedFunnel,
    /// A count under `then not` (DEC-38).
    NegatedCount,
    /// An audience sent to a destination that may receive nobody of it.
    NobodyDelivered,
    /// A destination that no audience is sent to.
    UnusedDestination,
    /// A category that nothing asks for.
    UnusedCategory,
    /// A computed trait that nothing reads.
    UnusedTrait,
    /// A path that begins with the part of an event in which it is looked for anyway, such as `properties.revenue`.
    DoubtfulPath,
    /// Rules of `identity` by which two people can become one profile.
    RiskyIdentity,
}

impl Code {
    /// The kinds that are warnings; all others are errors.
    pub const WARNINGS: [Code; 11] = [
        Code::SilentDestination,
        Code::NeverHolds,
        Code::AlwaysHolds,
        Code::NobodyDelivered,
        Code::NegatedFunnel,
        Code::NegatedCount,
        Code::UnusedDestination,
        Code::UnusedCategory,
        Code::UnusedTrait,
        Code::DoubtfulPath,
        Code::RiskyIdentity,
    ];

    /// The stable name, as in `error[unknown-name]`.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Syntax => "syntax",
            Code::MixedAndOr => "mixed-and-or",
            Code::Limit => "limit",
            Code::Repeated => "repeated",
            Code::DuplicateName => "duplicate-name",
            Code::UnknownName => "unknown-name",
            Code::Cycle => "cycle",
            Code::EmptyWindow => "empty-window",
            Code::BadLiteral => "bad-literal",
            Code::BadCount => "bad-count",
            Code::BadFunnel => "bad-funnel",
            Code::BadOperand => "bad-operand",
            Code::BadCategory => "bad-category",
            Code::BadName => "bad-name",
            Code::BadDestination => "bad-destination",
            Code::ReservedTrait => "reserved-trait",
            Code::WrongSubject => "wrong-subject",
            Code::BadComputedTrait => "bad-computed-trait",
            Code::BadSchema => "bad-schema",
            Code::WrongType => "wrong-type",
            Code::BadEvent => "bad-event",
            Code::BadTest => "bad-test",
            Code::BeyondRetention => "beyond-retention",
            Code::SilentDestination => "silent-destination",
            Code::BadIdentity => "bad-identity",
            Code::NeverHolds => "never-holds",
            Code::AlwaysHolds => "always-holds",
            Code::NegatedFunnel => "negated-funnel",
            Code::NegatedCount => "negated-count",
            Code::NobodyDelivered => "nobody-delivered",
            Code::UnusedDestination => "unused-destination",
            Code::UnusedCategory => "unused-category",
            Code::UnusedTrait => "unused-trait",
            Code::DoubtfulPath => "doubtful-path",
            Code::RiskyIdentity => "risky-identity",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Another place that belongs to a problem, such as the first of two declarations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is there, in a few words.
    pub text: String,
}

/// An edit that does away with a problem: a program can make it as it stands.
///
/// There is one only where what to write is certain. It makes no audience larger and no consent less required than its
/// author wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The words to replace.
    pub span: Span,
    /// What to write for them; empty where they are to be removed.
    pub replacement: String,
}

/// One problem of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnostic {
    /// How serious it is.
    pub severity: Severity,
    /// Its kind.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// A few words under the span; may be empty.
    pub label: String,
    /// Other places that belong to it.
    pub related: Vec<Label>,
    /// What to write instead, where that can be told.
    pub help: Option<String>,
    /// The edit that the help speaks of, where it is a plain one.
    pub suggestion: Option<Suggestion>,
}

impl Diagnostic {
    /// An error.
    pub(crate) fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            code,
            message: message.into(),
            span,
            label: String::new(),
            related: Vec::new(),
            help: None,
            suggestion: None,
        }
    }

    /// A warning.
    pub(crate) fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(code, span, message)
        }
    }

    /// Puts a few words under the span.
    #[must_use]
    pub(crate) fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Says what to write instead.
    #[must_use]
    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Gives the edit that the help speaks of.
    #[must_use]
    pub(crate) fn suggest(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.suggestion = Some(Suggestion {
            span,
            replacement: replacement.into(),
        });
        self
    }

    /// Adds another place.
    #[must_use]
    pub(crate) fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The problem as plain text, a few lines with the file, line and column, the words in question and the help: for logs
    /// and error values. (The command draws the source line with the words underlined instead.)
    pub fn to_text(&self, sources: &Sources) -> String {
        Rendered {
            diagnostic: self,
            sources,
        }
        .to_string()
    }
}

/// Sorts into the order that everything is reported in: by file, place, then code.
pub(crate) fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| (a.span, a.code, &a.message).cmp(&(b.span, b.code, &b.message)));
}

/// A text that others chose, safe to show: control characters, and what is invisible but turns the direction of writing, are
/// escaped. A terminal is not steered by it, and a reader sees all there is.
pub(crate) fn visible(text: &str) -> String {
    let hidden = |c: char| {
        let turns = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        c.is_control() || turns
    };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if hidden(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

struct Rendered<'a> {
    diagnostic: &'a Diagnostic,
    sources: &'a Sources,
}

impl Rendered<'_> {
    fn place(&self, f: &mut fmt::Formatter<'_>, span: Span) -> fmt::Result {
        let at = self.sources.position(span);
        write!(f, "{}:{}:{}", visible(self.sources.name(span.file)), at.line, at.column)
    }
}

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic {
            severity,
            code,
            message,
            span,
            label,
            related,
            help,
            // What it says, the help says.
            suggestion: _,
        } = self.diagnostic;
        let severity = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        self.place(f, *span)?;
        write!(f, ": {severity}[{code}]: {message}")?;
        let quoted = self.sources.slice(*span);
        if !quoted.is_empty() && quoted.len() <= 80 && !quoted.contains('\n') {
            write!(f, "\n  at: {}", visible(quoted))?;
        }
        if !label.is_empty() {
            write!(f, "\n  {label}")?;
        }
        for other in related {
            f.write_str("\n  ")?;
            self.place(f, other.span)?;
            write!(f, ": {}", other.text)?;
        }
        if let Some(help) = help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_chose_cannot_steer_a_terminal() {
        assert_eq!(visible("a\u{1b}[2Jb\u{202e}\n"), "a\\u{1b}[2Jb\\u{202e}\\u{a}");
        assert_eq!(visible("\"é\" 🎉"), "\"é\" 🎉");
    }
}
