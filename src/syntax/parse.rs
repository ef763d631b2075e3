//! From text to syntax tree: split, parse each piece by the grammar, build.

use pest::Parser;

use crate::diagnostic::{Code, Diagnostic};
use crate::span::{FileId, Span};
use crate::syntax::ast::{Broken, Declares, File, Item, Name};
use crate::syntax::build::{Builder, decode};
use crate::syntax::diagnose;
use crate::syntax::grammar::{Grammar, Rule};
use crate::syntax::lex::{self, Kind, LexError, Token, Tokens};
use crate::syntax::split::{self, Chunk, Piece};
use crate::syntax::stack::with_room;
use crate::syntax::suggest;

/// The longest file, in bytes (language.md, Limits).
pub const MAX_FILE: usize = 1024 * 1024;

/// Conditions nested deeper than this are read on a thread that has room for them.
const SHALLOW: u32 = 8;

/// Reads one file. Every item that has no error is in the tree; every other one has at least one error, and is in
/// [`File::broken`] if it can be told what it declares.
///
/// The time is linear in the text, and the depth of the stack does not depend on it.
///
/// ```
/// use volens::span::FileId;
///
/// let (file, errors) = volens::syntax::parse(FileId(0), "category Advertising\ncategory");
/// assert_eq!(file.items.len(), 1);
/// assert_eq!(errors[0].message, "this category has no name");
/// ```
pub fn parse(file: FileId, text: &str) -> (File, Vec<Diagnostic>) {
    read_with(file, text, true)
}

/// Reads a text without looking for edits.
pub(super) fn read(file: FileId, text: &str) -> (File, Vec<Diagnostic>) {
    read_with(file, text, false)
}

fn read_with(file: FileId, text: &str, edits: bool) -> (File, Vec<Diagnostic>) {
    let mut out = File {
        items: Vec::new(),
        comments: Vec::new(),
        broken: Vec::new(),
    };
    if text.len() > MAX_FILE {
        let first = text.chars().next().map_or(0, char::len_utf8);
        let span = Span::new(file, 0, u32::try_from(first).unwrap_or(0));
        let error = Diagnostic::error(
            Code::Limit,
            span,
            format!("a file has at most 1 MiB ({MAX_FILE} bytes)"),
        )
        .help("split it into several files: all `*.audience` files of a folder belong together");
        return (out, vec![error]);
    }
    if let Some(error) = json(file, text) {
        return (out, vec![error]);
    }
    let mut tokens = lex::lex(file, text);
    let errors = std::mem::take(&mut tokens.errors);
    let (chunks, mut diagnostics) = split::split(&tokens);

    let mut errors = errors.into_iter().peekable();
    for chunk in &chunks {
        let end = chunk
            .end
            .checked_sub(1)
            .and_then(|last| tokens.get(last))
            .map_or(0, |token| token.end);
        let start = tokens.get(chunk.first).map_or(0, |token| token.start);
        let mut unreadable = false;
        let before = diagnostics.len();
        while let Some(LexError { at, breaks, diagnostic }) = errors.next_if(|error| error.at < end) {
            unreadable |= breaks && at >= start;
            diagnostics.push(diagnostic);
        }
        let items = if unreadable {
            Err(Vec::new())
        } else if chunk.too_deep.is_none() && chunk.depth > SHALLOW {
            with_room(|| item(&tokens, chunk))
        } else {
            item(&tokens, chunk)
        };
        match items {
            Ok(items) => out.items.extend(items),
            Err(errors) => {
                diagnostics.extend(errors);
                out.broken.extend(broken(&tokens, chunk));
            }
        }
        if edits && let Some(found) = diagnostics.get_mut(before..) {
            suggest::suggest(file, text, Span::new(file, start, end), found);
        }
    }
    diagnostics.extend(errors.map(|error| error.diagnostic));
    crate::diagnostic::sort(&mut diagnostics);
    out.comments = tokens.comments;
    (out, diagnostics)
}

/// A file of JSON, such as one of events, is told once, and not line by line.
fn json(file: FileId, text: &str) -> Option<Diagnostic> {
    let body = text.trim_start_matches('\u{FEFF}').trim_start();
    let inside = body.strip_prefix(['{', '['])?.trim_start();
    // A block whose beginning was forgotten begins with a word.
    if inside.starts_with(|c: char| c.is_alphabetic() || c == '#') {
        return None;
    }
    let start = u32::try_from(text.len() - body.len()).ok()?;
    let error = Diagnostic::error(
        Code::Syntax,
        Span::new(file, start, start + 1),
        "this is a file of events or other JSON, not of definitions",
    );
    Some(error.help(
        "give the events with `--events`; a file of definitions begins with a word such as `category` or `audience`",
    ))
}

/// The item of a piece (more than one only where several share a line), or what is wrong with it.
fn item(tokens: &Tokens<'_>, chunk: &Chunk) -> Result<Vec<Item>, Vec<Diagnostic>> {
    if let Some(too_deep) = &chunk.too_deep {
        return Err(vec![too_deep.clone()]);
    }
    let start = tokens.get(chunk.first).map_or(0, |token| token.start);
    let end = chunk
        .end
        .checked_sub(1)
        .and_then(|last| tokens.get(last))
        .map_or(start, |token| token.end);
    let text = tokens.text.get(start as usize..end as usize).unwrap_or("");
    let pairs = match Grammar::parse(Rule::items, text) {
        Ok(pairs) => pairs,
        Err(error) => {
            let error = diagnose::diagnose(tokens, chunk, start, &error);
            // A bracket that is never closed is felt far behind it; what is wrong before it comes first.
            let structure = chunk
                .structure
                .as_ref()
                .filter(|structure| structure.span.start <= error.span.start);
            return Err(vec![structure.cloned().unwrap_or(error)]);
        }
    };
    let mut builder = Builder {
        tokens,
        offset: start,
        diagnostics: Vec::new(),
        anys: 0,
    };
    let items: Option<Vec<Item>> = pairs
        .filter(|pair| pair.as_rule() != Rule::EOI)
        .map(|pair| builder.item(pair))
        .collect();
    match items {
        Some(items) if builder.diagnostics.is_empty() => Ok(items),
        _ if builder.diagnostics.is_empty() => {
            let span = Span::new(tokens.file, start, end);
            Err(vec![Diagnostic::error(Code::Syntax, span, "this cannot be read")])
        }
        _ => Err(builder.diagnostics),
    }
}

/// What a broken item declares, if that can be told.
fn broken(tokens: &Tokens<'_>, chunk: &Chunk) -> Option<Broken> {
    let (kind, token) = match chunk.piece {
        Piece::Declaration(kind) => (kind, split::name_of(tokens, chunk)?),
        Piece::Enforcement | Piece::Identity => return None,
        Piece::Other => misspelt(tokens, chunk)?,
    };
    let written = tokens.text(token);
    let quoted = token.kind == Kind::String;
    let text = if quoted { decode(written)? } else { written.into() };
    Some(Broken {
        kind,
        name: Name {
            text,
            quoted,
            span: tokens.span(token),
        },
    })
}

/// What a piece without its keyword seems to declare, and its name: the keyword is misspelt, or another word stands
/// before it, as in `account audience big` or `computed trait revenue = …`.
fn misspelt(tokens: &Tokens<'_>, chunk: &Chunk) -> Option<(Declares, Token)> {
    let word = |at: usize| {
        let token = tokens
            .get(at)
            .filter(|token| at < chunk.end && token.kind == Kind::Word)?;
        Some(tokens.text(token))
    };
    let (first, second) = (word(chunk.first)?, word(chunk.first + 1));
    let (kind, at) = match (diagnose::nearest(first, &KEYWORDS), second) {
        (_, Some("audience")) => (Declares::Audience, chunk.first + 2),
        (Some("account"), Some("trait")) => (Declares::AccountTrait, chunk.first + 2),
        (_, Some("trait")) => (Declares::Trait, chunk.first + 2),
        (Some("event"), _) => (Declares::Event, chunk.first + 1),
        (Some("trait"), _) => (Declares::Trait, chunk.first + 1),
        (keyword, _) => (split::declares(keyword?)?, chunk.first + 1),
    };
    let token = tokens
        .get(at)
        .filter(|token| at < chunk.end && token.kind != Kind::Sign)?;
    Some((kind, token))
}

/// The words that items begin with, and that may be misspelt.
const KEYWORDS: [&str; 6] = ["category", "destination", "audience", "event", "trait", "account"];
