//! The place where the grammar stopped, and the words around it.

use super::words;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::{Kind, Token, Tokens};
use crate::syntax::split::Chunk;

/// A place. Offsets count words from it: 0 is the word that could not be read, −1 the one before.
pub(super) struct Site<'a, 't> {
    pub(super) tokens: &'a Tokens<'t>,
    pub(super) chunk: &'a Chunk,
    /// The token that could not be read; the chunk's end where the text stopped short.
    pub(super) index: usize,
    /// What the grammar would have taken.
    pub(super) wants: &'a [Rule],
}

/// No help shows more words than this.
const PHRASE: isize = 24;

impl<'t> Site<'_, 't> {
    pub(super) fn token(&self, offset: isize) -> Option<Token> {
        let index = self.index.checked_add_signed(offset)?;
        (self.chunk.first..self.chunk.end)
            .contains(&index)
            .then(|| self.tokens.get(index))?
    }

    /// A word; empty beyond the item.
    pub(super) fn word(&self, offset: isize) -> &'t str {
        self.token(offset).map_or("", |token| self.tokens.text(token))
    }

    pub(super) fn found(&self) -> &'t str {
        self.word(0)
    }

    pub(super) fn kind(&self, offset: isize) -> Option<Kind> {
        self.token(offset).map(|token| token.kind)
    }

    pub(super) fn is_name(&self, offset: isize) -> bool {
        matches!(self.kind(offset), Some(Kind::Word | Kind::String))
    }

    /// Whether it can be a value: a string, number, date or boolean.
    pub(super) fn is_value(&self, offset: isize) -> bool {
        matches!(self.kind(offset), Some(Kind::Number | Kind::String)) || matches!(self.word(offset), "true" | "false")
    }

    pub(super) fn is_first(&self, offset: isize) -> bool {
        self.token(offset).is_none_or(|token| token.first)
    }

    /// Whether two neighbours have nothing between them.
    pub(super) fn touch(&self, left: isize) -> bool {
        match (self.token(left), self.token(left + 1)) {
            (Some(left), Some(right)) => left.end == right.start,
            _ => false,
        }
    }

    pub(super) fn wants(&self, rules: &[Rule]) -> bool {
        self.wants.iter().any(|rule| rules.contains(rule))
    }

    /// Whether the place is behind the `consent to` of a clause, and not of a condition.
    pub(super) fn wants_clause_of_consent(&self) -> bool {
        self.is_first(-2) && !matches!(self.word(-3), "and" | "or" | "not" | "who" | "(")
    }

    /// The words that can stand here.
    pub(super) fn wanted_words(&self) -> impl Iterator<Item = &'static str> {
        self.wants.iter().flat_map(|rule| words::of(*rule)).copied()
    }

    pub(super) fn span(&self, from: isize, to: isize) -> Span {
        match (self.token(from), self.token(to)) {
            (Some(from), Some(to)) => self.tokens.span(from).to(self.tokens.span(to)),
            (Some(one), None) | (None, Some(one)) => self.tokens.span(one),
            (None, None) => self
                .tokens
                .get(self.chunk.end.saturating_sub(1))
                .map_or_else(Span::default, |last| self.tokens.span(last)),
        }
    }

    pub(super) fn error(&self, from: isize, to: isize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(Code::Syntax, self.span(from, to), message)
    }

    /// Words as they stand, on one line.
    pub(super) fn text(&self, from: isize, to: isize) -> String {
        let mut text = String::new();
        let mut end = None;
        for offset in from..=to {
            let Some(token) = self.token(offset) else { continue };
            if end.is_some_and(|end| end < token.start) {
                text.push(' ');
            }
            text.push_str(self.tokens.text(token));
            end = Some(token.end);
        }
        crate::syntax::lex::shorten(&text)
    }

    /// Whether nothing more of a condition can stand here: it ends, or the next clause begins.
    pub(super) fn is_end(&self, offset: isize) -> bool {
        match self.word(offset) {
            "" | "}" | ")" | "]" => true,
            "send" => self.word(offset + 1) == "to",
            "include" => self.word(offset + 1) == "anonymous",
            "lookback" => self.kind(offset + 1) == Some(Kind::Number),
            "consent" => self.is_first(offset) && self.word(offset + 1) == "to",
            "who" => self.is_first(offset),
            _ => false,
        }
    }

    /// Whether a condition is over here: it ends, or the next one is joined.
    pub(super) fn is_end_or_joiner(&self, offset: isize) -> bool {
        self.is_end(offset) || matches!(self.word(offset), "and" | "or")
    }

    /// The last word of the condition that begins at the offset; at least the offset itself.
    pub(super) fn condition_end(&self, from: isize) -> isize {
        let mut depth = 0i32;
        for offset in from..from + PHRASE {
            match self.word(offset) {
                "(" | "[" => depth += 1,
                ")" | "]" if depth > 0 => depth -= 1,
                "and" if self.word(offset - 2) == "between" => {}
                "and" | "or" | "," if depth == 0 && offset > from => return offset - 1,
                _ if depth == 0 && offset > from && self.is_end(offset) => return offset - 1,
                _ => {}
            }
        }
        from + PHRASE - 1
    }

    /// The condition that begins at the offset.
    pub(super) fn condition(&self, from: isize) -> String {
        self.text(from, self.condition_end(from))
    }

    /// Where the condition begins that ends before the place.
    pub(super) fn condition_start(&self) -> isize {
        let mut depth = 0i32;
        for offset in (-PHRASE..0).rev() {
            match self.word(offset) {
                ")" | "]" => depth += 1,
                "(" | "[" if depth > 0 => depth -= 1,
                "and" if self.word(offset - 2) == "between" => {}
                "" | "and" | "or" | "who" | "(" | "[" | "{" if depth == 0 => return (offset + 1).min(-1),
                _ => {}
            }
        }
        -PHRASE
    }

    /// Where the condition begins that ends before the offset.
    pub(super) fn condition_start_before(&self, offset: isize) -> isize {
        let site = Site {
            index: self.index.saturating_add_signed(offset),
            ..*self
        };
        site.condition_start() + offset
    }

    /// The modifier of `performed` whose last word is at the offset, as far as can be told.
    pub(super) fn last_modifier(&self, last: isize) -> String {
        let from = (last - 5..=last)
            .rev()
            .find(|at| super::performed::begins_modifier(self.word(*at)));
        self.text(from.unwrap_or(last), last)
    }

    /// How it is written outside of the brackets of a `where` what stands in them from the offset on.
    pub(super) fn outside_filter(&self, from: isize) -> String {
        let nots = super::consent::nots(self, from);
        let (text, end) =
            super::consent::read(self, from).unwrap_or_else(|| (self.condition(from), self.condition_end(from)));
        let condition = super::consent::denied(text, nots);
        let first = from - nots;
        let Some(begin) = (first - PHRASE..first).rev().find(|at| self.word(*at) == "performed") else {
            return "where (…) and …".to_owned();
        };
        let inside = |word: &str| (begin..first).any(|at| self.word(at) == word);
        let brackets = (begin..first).filter(|at| self.word(*at) == "(").count();
        let denied = super::consent::nots(self, begin) > 0;
        let joiner = self.word(first - 1);
        let alone = self.word(end + 1) == ")" && self.is_end_or_joiner(end + 2);
        match joiner {
            "and" | "or" if brackets == 1 && alone && (joiner == "and" || !inside("most") && !inside("exactly")) => {
                let all = format!("{}) {joiner} {condition}", self.text(begin, first - 2));
                if denied { format!("not ({all})") } else { all }
            }
            // What else stands around it may turn its sense.
            _ if denied || inside("not") || inside("or") || inside("most") || inside("exactly") => {
                "where (…) and …".to_owned()
            }
            _ => format!("where (…) and {condition}"),
        }
    }

    /// The condition that ends before the place.
    pub(super) fn condition_before(&self) -> String {
        self.text(self.condition_start(), -1)
    }

    /// Where the path begins whose last word is at the offset: `address.city`.
    pub(super) fn path_start(&self, mut last: isize) -> isize {
        while self.word(last - 1) == "." && self.is_name(last - 2) && last > -PHRASE {
            last -= 2;
        }
        last
    }

    /// Where the path ends whose first word is at the offset.
    pub(super) fn path_end(&self, mut first: isize) -> isize {
        while self.word(first + 1) == "." && self.is_name(first + 2) && first < PHRASE {
            first += 2;
        }
        first
    }
}
