//! Declarations, and their text.

use std::collections::BTreeMap;
use std::fmt;

use crate::consent::is_reserved_trait;
use crate::value::{Number, is_plain_name};

/// The words that a property cannot begin with unless they stand in quotes.
const FIRST_WORDS: [&str; 8] = ["not", "any", "and", "or", "true", "false", "trait", "item"];
/// The most of a comment, in characters.
const LONGEST_COMMENT: usize = 160;

/// Events with their properties, and traits. Its text ([`Display`](fmt::Display)) is sorted by name, and checks without
/// errors as a part of a workspace that declares nothing of it yet.
#[derive(Debug, Clone, Default)]
pub struct Declarations {
    /// What is said at the top.
    pub(super) comments: Vec<String>,
    pub(super) events: BTreeMap<Box<str>, Event>,
    pub(super) traits: Fields,
    pub(super) account_traits: Fields,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Event {
    pub(super) comments: Vec<String>,
    pub(super) fields: Fields,
}

pub(super) type Keys = Vec<Box<str>>;

/// Properties or traits by their paths. No path lies in another that has a type.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(pub(super) BTreeMap<Keys, Field>);

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) comments: Vec<String>,
    /// `None` for one that cannot be declared: the comments say why.
    pub(super) kind: Option<Kind>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kind {
    /// How many times `list of` stands in front.
    pub(super) lists: u32,
    pub(super) element: Element,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Element {
    String,
    Number,
    Boolean,
    Timestamp,
    OneOf(Vec<Scalar>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Scalar {
    Text(Box<str>),
    Number(Number),
    Boolean(bool),
}

impl Declarations {
    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.traits.0.is_empty() && self.account_traits.0.is_empty()
    }

    /// How many lines of comment say what could not be declared, or only in part.
    pub fn remarks(&self) -> usize {
        let fields = self.events.values().map(|event| &event.fields);
        let fields = fields.chain([&self.traits, &self.account_traits]);
        let in_fields: usize = fields
            .flat_map(|fields| fields.0.values())
            .map(|field| field.comments.len())
            .sum();
        in_fields + self.comments.len()
    }
}

impl Fields {
    /// Declares a path; one that cannot be is a comment.
    pub(super) fn add(&mut self, path: &[Box<str>], comments: Vec<String>, kind: Kind) {
        let mut field = Field {
            comments,
            kind: Some(kind),
        };
        if path.iter().any(|key| key.is_empty()) {
            field.comments.push("left out: a name in it is empty".to_owned());
            field.kind = None;
        }
        self.0.insert(path.to_owned(), field);
    }

    /// Says why a path is not declared.
    pub(super) fn leave_out(&mut self, path: &[Box<str>], why: impl Into<String>) {
        let comments = vec![format!("left out: {}", why.into())];
        self.0.insert(path.to_owned(), Field { comments, kind: None });
    }

    /// Takes out what lies in the namespace of consent.
    pub(super) fn without_consent(&mut self) {
        for (path, field) in &mut self.0 {
            if field.kind.is_some() && path.first().is_some_and(|key| is_reserved_trait(key)) {
                field.kind = None;
                field.comments.push("left out: consent is no trait".to_owned());
            }
        }
    }
}

/// A text in double quotes, with everything escaped that cannot be seen.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if is_hidden(c) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    quoted.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Control characters, and those that turn the direction of writing or cannot be seen.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
        || (c.is_whitespace() && c != ' ')
}

fn path_text(path: &[Box<str>], property: bool) -> String {
    let key = |(at, key): (usize, &str)| {
        let first = property && at == 0 && FIRST_WORDS.contains(&key);
        if is_plain_name(key) && !first {
            key.to_owned()
        } else {
            quote(key)
        }
    };
    let keys: Vec<String> = path.iter().map(|key| &**key).enumerate().map(key).collect();
    keys.join(".")
}

/// A comment in one line.
fn comment_text(text: &str) -> String {
    let plain: String = text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST_COMMENT) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Text(text) => f.write_str(&quote(text)),
            Scalar::Number(number) => f.write_str(&number.text()),
            Scalar::Boolean(boolean) => write!(f, "{boolean}"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for _ in 0..self.lists {
            f.write_str("list of ")?;
        }
        match &self.element {
            Element::String => f.write_str("string"),
            Element::Number => f.write_str("number"),
            Element::Boolean => f.write_str("boolean"),
            Element::Timestamp => f.write_str("timestamp"),
            Element::OneOf(values) => {
                f.write_str("one of [")?;
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{value}")?;
                }
                f.write_str("]")
            }
        }
    }
}

fn comments(f: &mut fmt::Formatter<'_>, indent: &str, what: &str, comments: &[String]) -> fmt::Result {
    for comment in comments {
        writeln!(f, "{indent}# {what}{}", comment_text(comment))?;
    }
    Ok(())
}

fn field(f: &mut fmt::Formatter<'_>, indent: &str, path: &str, field: &Field) -> Result<bool, fmt::Error> {
    // Of what is not declared the path stands in the comment.
    let what = match field.kind {
        Some(_) => String::new(),
        None => format!("{}: ", comment_text(path)),
    };
    comments(f, indent, &what, &field.comments)?;
    Ok(field.kind.is_some())
}

impl fmt::Display for Declarations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        comments(f, "", "", &self.comments)?;
        let mut first = self.comments.is_empty();
        let mut gap = |f: &mut fmt::Formatter<'_>| {
            if std::mem::take(&mut first) {
                Ok(())
            } else {
                f.write_str("\n")
            }
        };
        for (name, event) in &self.events {
            gap(f)?;
            comments(f, "", "", &event.comments)?;
            if name.is_empty() {
                writeln!(f, "# left out: an event without a name")?;
                continue;
            }
            if event.fields.0.is_empty() {
                writeln!(f, "event {} {{}}", quote(name))?;
                continue;
            }
            writeln!(f, "event {} {{", quote(name))?;
            for (path, property) in &event.fields.0 {
                let path = path_text(path, true);
                if field(f, "  ", &path, property)?
                    && let Some(kind) = &property.kind
                {
                    writeln!(f, "  {path}: {kind},")?;
                }
            }
            writeln!(f, "}}")?;
        }
        for (words, traits) in [("trait", &self.traits), ("account trait", &self.account_traits)] {
            if !traits.0.is_empty() {
                gap(f)?;
            }
            for (path, declared) in &traits.0 {
                let path = path_text(path, false);
                if field(f, "", &path, declared)?
                    && let Some(kind) = &declared.kind
                {
                    writeln!(f, "{words} {path}: {kind}")?;
                }
            }
        }
        Ok(())
    }
}
