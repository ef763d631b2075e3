//! Splits a test file into tests, so that each is parsed by itself and a broken one leaves the rest whole.
//!
//! It looks at words, brackets and lines alone; the grammar has the last word on what a test is. The events that are
//! written in a test are JSON, whose brackets are looked through here once, so that their nesting is bounded.

use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::lex::{Kind, Token, Tokens, shorten};
use crate::value::MAX_DEPTH;

/// A piece of the text that is parsed by itself: a test, or what stands between tests.
#[derive(Debug)]
pub(super) struct Chunk {
    /// It begins with the word `test`.
    pub(super) is_test: bool,
    /// Its tokens: from this one …
    pub(super) first: usize,
    /// … to before this one.
    pub(super) end: usize,
    /// How deep the containers of its events are nested.
    pub(super) depth: u32,
    /// The first error of its brackets, beyond which the grammar has nothing to say.
    pub(super) broken: Option<Diagnostic>,
}

/// The pieces, and the errors that lie between them.
pub(super) fn split(tokens: &Tokens<'_>) -> (Vec<Chunk>, Vec<Diagnostic>) {
    let mut splitter = Splitter {
        tokens,
        chunks: Vec::new(),
        strays: Vec::new(),
        chunk: None,
        braces: Vec::new(),
        closed: false,
    };
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        index = splitter.token(index, token);
    }
    splitter.close(tokens.tokens.len());
    (splitter.chunks, splitter.strays)
}

struct Splitter<'a, 't> {
    tokens: &'a Tokens<'t>,
    chunks: Vec<Chunk>,
    strays: Vec<Diagnostic>,
    chunk: Option<Chunk>,
    /// The `{` that are open, events left out.
    braces: Vec<Token>,
    /// The braces of the test have been closed again.
    closed: bool,
}

impl Splitter<'_, '_> {
    /// Takes a token; gives the index of the next one.
    fn token(&mut self, index: usize, token: Token) -> usize {
        let word = self.tokens.text(token);
        if self.begins(index, token) {
            self.close(index);
            self.start(index, true);
        } else if word == "}" && self.braces.is_empty() && self.chunk.as_ref().is_none_or(|c| self.closed && c.is_test)
        {
            self.close(index);
            let stray = Diagnostic::error(Code::Syntax, self.tokens.span(token), "this `}` closes nothing");
            self.strays.push(stray.help("remove it"));
            return index + 1;
        } else if self.chunk.is_none() || (self.closed && self.chunk.as_ref().is_some_and(|c| c.is_test)) {
            self.close(index);
            self.start(index, false);
        }
        match word {
            "event" if self.braces.len() == 1 && self.tokens.at(index + 1) == "{" => return self.event(index),
            "{" => self.braces.push(token),
            "}" => {
                self.braces.pop();
                self.closed = self.braces.is_empty();
            }
            _ => {}
        }
        index + 1
    }

    /// Whether a test begins here: the word `test` outside of braces; where a `}` has been forgotten, at the margin and
    /// with a name after it.
    fn begins(&self, index: usize, token: Token) -> bool {
        let is_test = token.kind == Kind::Word && self.tokens.text(token) == "test";
        let named = self.tokens.get(index + 1).is_some_and(|t| t.kind == Kind::String);
        let garbage = self.chunk.as_ref().is_some_and(|chunk| !chunk.is_test);
        is_test
            && match (self.braces.is_empty(), garbage) {
                (true, false) => true,
                (_, true) => token.first && named,
                (false, false) => token.at_margin && named,
            }
    }

    fn start(&mut self, index: usize, is_test: bool) {
        self.closed = false;
        self.chunk = Some(Chunk {
            is_test,
            first: index,
            end: index,
            depth: 0,
            broken: None,
        });
    }

    fn close(&mut self, end: usize) {
        if let Some(mut chunk) = self.chunk.take() {
            chunk.end = end;
            if let Some(open) = self.braces.first().filter(|_| chunk.is_test) {
                let title = self.tokens.get(chunk.first + 1).filter(|t| t.kind == Kind::String);
                let what = title.map_or_else(
                    || "this test".to_owned(),
                    |title| format!("the test `{}`", shorten(self.tokens.text(title).trim_matches('"'))),
                );
                let place = match self.tokens.at(end + 1) {
                    _ if self.tokens.get(end).is_none() => "at the end of the file".to_owned(),
                    title => format!("before `test {}`", shorten(title)),
                };
                let span = self.tokens.span(*open);
                let error = Diagnostic::error(Code::Syntax, span, format!("{what} is opened here and never closed"));
                chunk.broken.get_or_insert(error.help(format!("add `}}` {place}")));
            }
            self.chunks.push(chunk);
        }
        self.braces.clear();
        self.closed = false;
    }

    fn broken(&mut self, error: Diagnostic) {
        if let Some(chunk) = &mut self.chunk {
            chunk.broken.get_or_insert(error);
        }
    }

    /// Goes over the JSON of an event; gives the index behind it.
    fn event(&mut self, index: usize) -> usize {
        let open = index + 1;
        let begin = self
            .tokens
            .get(open)
            .map_or_else(Span::default, |token| self.tokens.span(token));
        let mut braces = 0u32;
        let mut squares = 0u32;
        let mut deepest = 0;
        let mut at = open;
        while let Some(token) = self.tokens.get(at) {
            let word = self.tokens.text(token);
            let next_statement = token.first
                && token.kind == Kind::Word
                && matches!(word, "expect" | "event" | "events" | "now" | "test");
            if next_statement {
                self.unclosed_event(begin, &format!("before `{word}`"));
                return at;
            }
            match word {
                "{" => braces += 1,
                "}" => braces -= 1,
                "[" => squares += 1,
                "]" => squares = squares.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(braces + squares);
            if braces == 0 {
                self.comments_in(begin.to(self.tokens.span(token)));
                break;
            }
            at += 1;
        }
        if braces > 0 {
            self.unclosed_event(begin, "at its end");
        }
        if deepest > MAX_DEPTH {
            let message = format!("an event has at most {MAX_DEPTH} objects and lists in one another");
            self.broken(Diagnostic::error(Code::Limit, begin, message).help("leave out what no audience looks at"));
        }
        if let Some(chunk) = &mut self.chunk {
            chunk.depth = chunk.depth.max(deepest);
        }
        at + 1
    }

    fn unclosed_event(&mut self, span: Span, place: &str) {
        let error = Diagnostic::error(Code::Syntax, span, "this event is opened here and never closed");
        self.broken(error.help(format!("add `}}` {place}")));
    }

    /// JSON has no comments, and what is no JSON is no event.
    fn comments_in(&mut self, json: Span) {
        let comments = &self.tokens.comments;
        let first = comments.partition_point(|comment| comment.start < json.start);
        if let Some(comment) = comments.get(first).filter(|comment| comment.start < json.end) {
            let error = Diagnostic::error(
                Code::Syntax,
                *comment,
                "a comment cannot stand inside of an event, which is JSON",
            );
            self.broken(error.help("put it on a line before `event`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::FileId;
    use crate::syntax::lex::lex;

    /// The first two words of each piece, and how many errors lie in and between them.
    fn pieces(text: &str) -> (Vec<String>, usize) {
        let tokens = lex(FileId(0), text);
        let (chunks, strays) = split(&tokens);
        let begin = |chunk: &Chunk| format!("{} {}", tokens.at(chunk.first), tokens.at(chunk.first + 1));
        let broken = chunks.iter().filter(|chunk| chunk.broken.is_some()).count();
        (chunks.iter().map(begin).collect(), broken + strays.len())
    }

    #[test]
    fn tests_begin_at_their_keyword() {
        let two = vec!["test \"a\"".to_owned(), "test \"b\"".to_owned()];
        assert_eq!(pieces("test \"a\" {}\ntest \"b\" {}"), (two.clone(), 0));
        assert_eq!(pieces("test \"a\" {} test \"b\" {}"), (two.clone(), 0));
        // A forgotten brace costs one test.
        assert_eq!(pieces("test \"a\" {\ntest \"b\" {}"), (two.clone(), 1));
        assert_eq!(pieces("test \"a\" now\ntest \"b\" {}"), (two.clone(), 0));
        assert_eq!(pieces("test \"a\" {}}\n}test \"b\" {}"), (two, 2));
        assert_eq!(pieces("{\"a\": 1}\n{\"a\": 2}").0, ["{ \"a\""]);
    }

    #[test]
    fn events_end_where_their_brackets_do() {
        let one = vec!["test \"a\"".to_owned()];
        for event in [
            r#"event {"}": "{", "x": {"y": [{}]}}"#,
            "event {\n\"test\": 1,\n\"expect\": {}}",
        ] {
            assert_eq!(
                pieces(&format!("test \"a\" {{ {event} }}")),
                (one.clone(), 0),
                "{event}"
            );
        }
        assert_eq!(pieces("test \"a\" {\n event {\"x\": {}\n expect }").1, 1);
        assert_eq!(pieces("test \"a\" {\n event {\"x\": 1 # }\n}\n}").1, 1);
        assert_eq!(pieces("test \"a\" {\n event {").1, 1);
    }
}
