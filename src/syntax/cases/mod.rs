//! The text of test files (`*.test.audience`): the syntax tree, and the way from text to tree.
//!
//! `split` finds tests, `grammar` parses each by `grammar/test.pest`, `build` makes the tree, `diagnose` puts the grammar's
//! errors into an author's words, and `check` finds what is wrong with a test by itself. Names of audiences and destinations
//! are not looked up here.

pub mod ast;

mod build;
mod check;
mod diagnose;
mod elsewhere;
mod grammar;
mod split;

use pest::Parser;

use crate::diagnostic::{Code, Diagnostic};
use crate::span::{FileId, Span};
use crate::syntax::lex::{self, LexError, Tokens};
use crate::syntax::parse::MAX_FILE;
use crate::syntax::stack::with_room;
use ast::{File, Test};
use build::Builder;
use grammar::{Grammar, Rule};
use split::Chunk;

/// Events nested deeper than this are read on a thread that has room for them.
const SHALLOW: u32 = 8;

/// Reads one test file. Every test whose text follows the grammar is in the tree; every other one has at least one error.
/// Tests that contradict themselves (no `now`, two of them, an event that is no JSON, a name twice) are in the tree, and
/// the errors lie inside their spans.
///
/// The time is linear in the text, and the depth of the stack does not depend on it.
///
/// ```
/// use volens::span::FileId;
/// use volens::syntax::cases;
///
/// let (file, errors) = cases::parse(FileId(0), r#"
///     test "nobody is in it" { now 2026-06-30  expect size of big_spenders = 0 }
///     test "no instant" { expect size of big_spenders = 0 }
/// "#);
/// assert_eq!(file.tests.len(), 2);
/// assert_eq!(errors[0].message, "the test `no instant` does not say as of when it is run");
/// ```
pub fn parse(file: FileId, text: &str) -> (File, Vec<Diagnostic>) {
    let mut out = File {
        tests: Vec::new(),
        comments: Vec::new(),
    };
    if text.len() > MAX_FILE {
        let first = text.chars().next().map_or(0, char::len_utf8);
        let span = Span::new(file, 0, u32::try_from(first).unwrap_or(0));
        let message = format!("a file has at most 1 MiB ({MAX_FILE} bytes)");
        let help =
            "split it into several test files, or put its events into a file of their own and name it with `events`";
        return (out, vec![Diagnostic::error(Code::Limit, span, message).help(help)]);
    }
    let mut tokens = lex::lex(file, text);
    let mut errors = std::mem::take(&mut tokens.errors).into_iter().peekable();
    let (chunks, mut diagnostics) = split::split(&tokens);
    for chunk in &chunks {
        let (start, end) = bounds(&tokens, chunk);
        let mut unreadable = false;
        while let Some(LexError { at, breaks, diagnostic }) = errors.next_if(|error| error.at < end) {
            unreadable |= breaks && at >= start;
            diagnostics.push(diagnostic);
        }
        if unreadable {
            continue;
        }
        let test = match &chunk.broken {
            Some(broken) => Err(vec![broken.clone()]),
            None if chunk.depth > SHALLOW => with_room(|| test(&tokens, chunk)),
            None => test(&tokens, chunk),
        };
        match test {
            Ok(test) => out.tests.push(test),
            Err(errors) => diagnostics.extend(errors),
        }
    }
    diagnostics.extend(errors.map(|error| error.diagnostic));
    check::check(&tokens, &out.tests, &mut diagnostics);
    crate::diagnostic::sort(&mut diagnostics);
    out.comments = tokens.comments;
    (out, diagnostics)
}

/// The bytes that a piece takes.
fn bounds(tokens: &Tokens<'_>, chunk: &Chunk) -> (u32, u32) {
    let start = tokens.get(chunk.first).map_or(0, |token| token.start);
    let last = chunk.end.checked_sub(1).and_then(|last| tokens.get(last));
    (start, last.map_or(start, |token| token.end))
}

/// The test of a piece, or what is wrong with it.
fn test(tokens: &Tokens<'_>, chunk: &Chunk) -> Result<Test, Vec<Diagnostic>> {
    let (start, end) = bounds(tokens, chunk);
    let text = tokens.text.get(start as usize..end as usize).unwrap_or("");
    let pairs = match Grammar::parse(Rule::tests, text) {
        Ok(pairs) => pairs,
        Err(error) => return Err(vec![diagnose::diagnose(tokens, chunk, start, &error)]),
    };
    let mut builder = Builder {
        tokens,
        offset: start,
        diagnostics: Vec::new(),
    };
    let mut pairs = pairs.filter(|pair| pair.as_rule() == Rule::test);
    match pairs.next().and_then(|pair| builder.test(pair)) {
        Some(test) if builder.diagnostics.is_empty() => Ok(test),
        _ if builder.diagnostics.is_empty() => {
            let span = Span::new(tokens.file, start, end);
            Err(vec![Diagnostic::error(Code::Syntax, span, "this cannot be read")])
        }
        _ => Err(builder.diagnostics),
    }
}
