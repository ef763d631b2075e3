//! From tree to text: the canonical form of definitions.
//!
//! The printer says which words there are and where lines may break (`item`, `condition`, `word`); `doc` lays them out;
//! `words` knows the comments of the text that the tree was read from, and where each belongs.

mod condition;
mod doc;
mod identity;
mod item;
mod schema;
mod word;
mod words;

use crate::diagnostic::Diagnostic;
use crate::span::{FileId, Span};
use crate::syntax::ast::File;
use crate::syntax::lex;
use crate::syntax::parse::{MAX_FILE, parse};
use crate::syntax::stack::with_room;
use word::Printer;
use words::Words;

/// Why a text is not put into canonical form.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unformatted {
    /// It has errors; never empty.
    #[error("it has errors")]
    Errors(Vec<Diagnostic>),
    /// With all its line breaks and indentation it would be longer than a file may be ([`MAX_FILE`]).
    #[error("formatted, the file would be longer than 1 MiB ({MAX_FILE} bytes); split it into several files")]
    TooLong,
    /// What came out does not mean the same as what went in.
    #[error(
        "formatting this file would change what it says. That is a mistake in Volens, not in the file; nothing is changed"
    )]
    Changed,
}

/// Puts a text into canonical form (docs/language.md, Formatting). Comments stay where they belong, and what the text
/// means stays the same: it is read again before it is given back. Formatting what is formatted changes nothing.
///
/// Only the syntax matters: names that are declared nowhere are no obstacle.
///
/// ```
/// use volens::span::FileId;
///
/// let ugly = "audience pros{who trait\"plan\"=\"pro\" # paying\n}";
/// assert_eq!(
///     volens::syntax::format(FileId(0), ugly).unwrap(),
///     "audience pros {\n  who trait plan = \"pro\"  # paying\n}\n"
/// );
/// ```
///
/// # Errors
/// [`Unformatted::Errors`] where the text has errors; the others say in a sentence what is the matter.
pub fn format(file: FileId, text: &str) -> Result<String, Unformatted> {
    let (mut before, errors) = parse(file, text);
    if !errors.is_empty() {
        return Err(Unformatted::Errors(errors));
    }
    let formatted = with_room(|| {
        let tokens = lex::lex(file, text);
        Printer::new(Words::read(&tokens)).file(&before).render()
    });
    if formatted.len() > MAX_FILE {
        return Err(Unformatted::TooLong);
    }
    let (mut after, errors) = parse(file, &formatted);
    let comments = comments(text, &before.comments).eq(comments(&formatted, &after.comments));
    before.forget_places();
    after.forget_places();
    if !errors.is_empty() || !comments || before != after {
        return Err(Unformatted::Changed);
    }
    Ok(formatted)
}

fn comments<'t>(text: &'t str, comments: &'t [Span]) -> impl Iterator<Item = &'t str> {
    let texts = comments.iter().map(|span| text.get(span.range()).unwrap_or(""));
    texts.map(str::trim_end)
}

/// The text of a tree, in canonical form. Places do not matter, and [`File::comments`], which are places, are not
/// printed; [`format()`] keeps them.
///
/// A tree that was read gives the same tree again. One that a program made may lack brackets where `and` meets `or`: they
/// are put in.
///
/// ```
/// use volens::span::FileId;
///
/// let (tree, _) = volens::syntax::parse(FileId(0), "category Advertising # for ads");
/// assert_eq!(volens::syntax::print(&tree), "category Advertising\n");
/// ```
pub fn print(file: &File) -> String {
    with_room(|| Printer::new(Words::default()).file(file).render())
}
