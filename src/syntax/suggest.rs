//! Edits that a program can make: where a help says what to write for exactly the words that are underlined.
//!
//! A help is for people; it may show an example, or the whole condition where one word of it is underlined. So an edit
//! is offered only if it is tried out here: with it the item can be read, or, where one word is put for another, at least
//! up to beyond it; and it brings in no name, text or number that was not there.

use super::lex::{self, Kind};
use super::parse::read;
use crate::diagnostic::{Diagnostic, Suggestion};
use crate::span::{FileId, Span};

/// Of so many errors in one item edits are tried out; each reads the item again.
const TRIED: usize = 4;

/// Adds edits to the errors of the piece of a text.
pub(super) fn suggest(file: FileId, text: &str, piece: Span, diagnostics: &mut [Diagnostic]) {
    for diagnostic in diagnostics.iter_mut().take(TRIED) {
        let span = diagnostic.span;
        let inside = piece.start <= span.start && span.end <= piece.end && span.start < span.end;
        let parts = (
            text.get(piece.start as usize..span.start as usize),
            text.get(span.range()),
            text.get(span.end as usize..piece.end as usize),
        );
        if let (Some(before), Some(underlined), Some(after)) = parts
            && let Some(replacement) = sign(underlined).or_else(|| diagnostic.help.as_deref().and_then(said))
            && inside
            && is_plain(before, underlined, replacement)
            && helps(file, before, underlined, replacement, after)
        {
            diagnostic.suggestion = Some(Suggestion {
                span,
                replacement: replacement.to_owned(),
            });
        }
    }
}

/// Signs of other languages, where the help shows the whole condition.
fn sign(underlined: &str) -> Option<&'static str> {
    Some(match underlined {
        "==" | "===" => "=",
        "<>" | "!==" => "!=",
        "&&" | "&" => "and",
        "||" => "or",
        _ => return None,
    })
}

/// What a help says to write, if it says one thing and nothing else.
fn said(help: &str) -> Option<&str> {
    if help == "remove it" {
        return Some("");
    }
    let quoted = |before, after| help.strip_prefix(before)?.strip_suffix(after);
    let text = quoted("write `", "`").or_else(|| quoted("did you mean `", "`?"))?;
    (!text.contains(['`', '…', '\n'])).then_some(text)
}

/// Whether nothing is left to an author: no name, text or number is brought in or taken away that they would have to choose.
fn is_plain(before: &str, underlined: &str, replacement: &str) -> bool {
    let lower = underlined.to_lowercase();
    let was_there = |word: &str| lower.contains(&word.to_lowercase());
    // What is about consent stays with people, unless they wrote that word.
    if replacement.contains("consent") && !lower.contains("consent") {
        return false;
    }
    if is_guess(underlined, replacement) {
        return false;
    }
    let tokens = lex::lex(FileId(0), replacement);
    if tokens.tokens.is_empty() {
        return !underlined.contains(char::is_alphanumeric);
    }
    // A help that begins earlier than what is underlined would say it twice.
    let last = before.split_whitespace().next_back().unwrap_or_default();
    let twice = tokens.tokens.len() > 1 && tokens.tokens.iter().any(|token| tokens.text(*token) == last);
    !twice
        && tokens.errors.is_empty()
        && tokens.tokens.iter().all(|token| {
            let word = tokens.text(*token);
            match token.kind {
                Kind::Number => underlined.contains(|c: char| c.is_ascii_digit()),
                Kind::String => was_there(word.trim_matches('"')),
                Kind::Word => was_there(word) || is_keyword(word),
                Kind::Sign => true,
            }
        })
}

/// Whether it can be read in another way, too: where a text that is not closed should end, what a part of a hundred is
/// counted in, and whether a comma before three digits is a point.
fn is_guess(underlined: &str, replacement: &str) -> bool {
    let closed = replacement.strip_suffix('"') == Some(underlined);
    let digits: Vec<&str> = underlined
        .split(|c: char| !c.is_ascii_digit())
        .filter(|run| !run.is_empty())
        .collect();
    let comma = underlined.matches(',').count() == 1 && !underlined.contains('.');
    let thousand = comma && matches!(digits.as_slice(), [_, last] if last.len() == 3);
    closed || thousand || underlined.contains('%') || underlined.contains("percent")
}

/// A word of the language, as no author would call a thing of theirs.
fn is_keyword(word: &str) -> bool {
    const OTHERS: [&str; 46] = [
        "after",
        "ago",
        "anonymous",
        "as",
        "at",
        "before",
        "between",
        "collected",
        "conflicted",
        "contain",
        "contains",
        "day",
        "days",
        "denied",
        "disabled",
        "does",
        "ends",
        "enforcement",
        "exactly",
        "exist",
        "exists",
        "granted",
        "hour",
        "hours",
        "identify",
        "in",
        "last",
        "least",
        "message",
        "minute",
        "minutes",
        "most",
        "never",
        "next",
        "of",
        "off",
        "on",
        "once",
        "starts",
        "storage",
        "time",
        "times",
        "track",
        "where",
        "with",
        "within",
    ];
    OTHERS.contains(&word) || super::diagnose::RESERVED.contains(&word) || matches!(word, "week" | "weeks")
}

/// Whether the error is gone: there is none, or the text is read further.
fn helps(file: FileId, before: &str, underlined: &str, replacement: &str, after: &str) -> bool {
    let (_, errors) = read(file, &format!("{before}{replacement}{after}"));
    let one_word = [underlined, replacement]
        .iter()
        .all(|text| lex::lex(file, text).tokens.len() <= 1);
    let end = before.len() + replacement.len();
    errors.iter().all(|error| one_word && error.span.start as usize >= end)
}
