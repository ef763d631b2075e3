//! The grammar's errors in an author's words.
//!
//! pest says how far it came and what it wanted there. From that, and the words around the place, these modules find the
//! slip that an author made: each function looks at one thing that can be wanted and gives the error for the slips it
//! knows. What no one knows gets the plain form: this cannot stand here, that can.
//!
//! Nothing here decides whether a text is sound: it is called only where the grammar has said no.

mod accounts;
mod aggregate;
mod audience;
mod computed;
mod condition;
mod consent;
mod element;
mod funnel;
mod header;
mod identity;
mod item;
mod literal;
mod moment;
mod money;
mod performed;
mod phrase;
mod picked;
mod requires;
mod schema;
mod site;
mod test;
mod waiver;
mod window;
mod words;

use pest::error::{Error, ErrorVariant, InputLocation};

use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Tokens;
use crate::syntax::split::{Chunk, Piece};
use site::Site;
pub(super) use words::{RESERVED, nearest};

/// The error of a piece that the grammar refused; `offset` is where the piece begins in the file.
pub(super) fn diagnose(tokens: &Tokens<'_>, chunk: &Chunk, offset: u32, error: &Error<Rule>) -> Diagnostic {
    let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
    let at = offset + u32::try_from(at).unwrap_or(0);
    let wants = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.as_slice(),
        // A limit that the host has set for all of its parsers, or a thread with next to no stack.
        ErrorVariant::CustomError { message } => {
            let place = tokens
                .get(chunk.first)
                .map_or_else(Span::default, |token| tokens.span(token));
            return Diagnostic::error(Code::Limit, place, format!("this cannot be read: {message}"));
        }
    };
    let site = Site {
        tokens,
        chunk,
        index: tokens.index_at(at).min(chunk.end),
        wants,
    };
    let site = accounts::reread(site);
    if chunk.piece == Piece::Other {
        return bounded(item::garbage(&site));
    }
    if chunk.piece == Piece::Identity {
        let diagnostic = identity::diagnose(&site).or_else(|| anywhere(&site));
        return bounded(diagnostic.unwrap_or_else(|| plain(&site)));
    }
    // What would do without consent is answered before anything reads it as a condition.
    if let Some(diagnostic) = waiver::diagnose(&site) {
        return bounded(diagnostic);
    }
    let mut diagnostic = schema::diagnose(&site)
        .or_else(|| accounts::diagnose(&site))
        .or_else(|| header::diagnose(&site))
        .or_else(|| picked::diagnose(&site))
        .or_else(|| anywhere(&site))
        .or_else(|| computed::diagnose(&site))
        .or_else(|| computed::in_audience(&site))
        .or_else(|| consent::diagnose(&site))
        .or_else(|| funnel::diagnose(&site))
        .or_else(|| element::diagnose(&site))
        .or_else(|| item::diagnose(&site))
        .or_else(|| performed::diagnose(&site))
        .or_else(|| test::diagnose(&site))
        .or_else(|| condition::diagnose(&site))
        .or_else(|| audience::diagnose(&site))
        .unwrap_or_else(|| plain(&site));
    if let Some(help) = consent::help(&site) {
        diagnostic.help = Some(help);
    }
    bounded(diagnostic)
}

/// Messages quote words, and a word can be as long as a file.
fn bounded(mut diagnostic: Diagnostic) -> Diagnostic {
    const LONGEST: usize = 400;
    for text in std::iter::once(&mut diagnostic.message).chain(&mut diagnostic.help) {
        if let Some((end, _)) = text.char_indices().nth(LONGEST) {
            text.truncate(end);
            text.push('…');
        }
    }
    diagnostic
}

/// Slips that can be made everywhere.
fn anywhere(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    if found == ";" {
        return Some(site.error(0, 0, "lines do not end with `;`").help("remove it"));
    }
    let lower = found.to_lowercase();
    if lower != found && site.wanted_words().any(|word| word == lower) {
        let message = format!("`{found}` has to be written in small letters");
        return Some(site.error(0, 0, message).help(format!("write `{lower}`")));
    }
    if site.wants(&[Rule::key]) && site.word(-1) == "." {
        return Some(test::broken_path(site));
    }
    literal::misplaced_sign(site)
}

/// The plain form.
fn plain(site: &Site<'_, '_>) -> Diagnostic {
    let error = if site.found().is_empty() {
        let before = site.word(-1);
        site.error(-1, -1, format!("after `{before}` something is missing"))
    } else {
        let found = crate::syntax::lex::shorten(site.found());
        site.error(0, 0, format!("`{found}` cannot stand here"))
    };
    match words::listed(site.wants) {
        Some(list) => error.help(format!("what can stand here: {list}")),
        None => error,
    }
}
