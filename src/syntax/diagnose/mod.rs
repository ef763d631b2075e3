//! The errors of the grammar. For now as the grammar words them; the words of authors follow.
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Tokens;
use crate::syntax::split::Chunk;
pub(super) fn diagnose(
    tokens: &Tokens<'_>,
    chunk: &Chunk,
    offset: u32,
    error: &pest::error::Error<Rule>,
) -> Diagnostic {
    let _ = chunk;
    let at = match error.location {
        pest::error::InputLocation::Pos(p) | pest::error::InputLocation::Span((p, _)) => p,
    };
    let at = offset + u32::try_from(at).unwrap_or(0);
    let token = tokens.get(tokens.index_at(at));
    Diagnostic::error(
        Code::Syntax,
        token.map_or(Span::new(tokens.file, at, at), |t| tokens.span(t)),
        format!("{}", error.variant.message()),
    )
}
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    known.iter().copied().find(|k| k.eq_ignore_ascii_case(word))
}
