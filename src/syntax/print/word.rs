//! Words, names and literals; and what stands around them.

use std::borrow::Cow;

use super::doc::Doc;
use super::words::{Gap, Words};
use crate::syntax::ast::{DurationText, Literal, LiteralValue, Name, Operand, Root, Text, ValuePath};
use crate::syntax::diagnose::RESERVED;
use crate::syntax::lex::{is_bidi, is_invisible};
use crate::time::{Timestamp, Unit};
use crate::value::{Number, is_plain_name, quoted};

/// The words that the first one of a property's path may not be without quotes (language.md, Grammar).
const NO_FIRST_KEYS: [&str; 8] = ["not", "any", "and", "or", "true", "false", "trait", "item"];

/// Prints a tree word by word, in the order of its text.
pub(super) struct Printer<'t> {
    pub(super) words: Words<'t>,
}

impl<'t> Printer<'t> {
    pub(super) fn new(words: Words<'t>) -> Self {
        Printer { words }
    }

    // ---- words and what stands around them

    /// A word, with the comments before it and the one behind it.
    pub(super) fn word(&mut self, word: impl Into<Cow<'t, str>>) -> Doc<'t> {
        let word = self.bare_word(word, 1);
        Doc::All(vec![word, self.behind()])
    }

    /// Text that the lexer sees as so many words, with the comments before it.
    pub(super) fn bare_word(&mut self, word: impl Into<Cow<'t, str>>, count: usize) -> Doc<'t> {
        let gap = self.words.before();
        let mut parts: Vec<Doc<'t>> = gap
            .remarks
            .iter()
            .map(|remark| Doc::OwnRemark(remark.text.into()))
            .collect();
        parts.push(Doc::text(word));
        self.words.advance(count);
        Doc::All(parts)
    }

    /// The comment behind the last word.
    pub(super) fn behind(&mut self) -> Doc<'t> {
        match self.words.behind() {
            Some(remark) => Doc::Remark(remark.text.into()),
            None => Doc::All(Vec::new()),
        }
    }

    /// Several words, with a blank between two.
    pub(super) fn words(&mut self, words: &'static str) -> Doc<'t> {
        let mut parts = Vec::new();
        for word in words.split(' ') {
            if !parts.is_empty() {
                parts.push(Doc::Space);
            }
            parts.push(self.word(word));
        }
        Doc::All(parts)
    }

    /// A word that joins what stands on both sides of it, on a new line if the group breaks. A comment behind it belongs to
    /// what is before it.
    pub(super) fn joiner(&mut self, word: &'static str) -> Doc<'t> {
        self.words.pull();
        let behind = self.behind();
        Doc::All(vec![behind, Doc::Line, self.word(word), Doc::Space])
    }

    /// What stands between brackets, on lines of its own if the group breaks; the comments before the closing bracket are
    /// inside.
    pub(super) fn enclosed(
        &mut self,
        brackets: [&'static str; 2],
        inner: impl FnOnce(&mut Self) -> Doc<'t>,
    ) -> Doc<'t> {
        let [open, close] = brackets;
        let open = self.word(open);
        let mut inside = vec![Doc::SoftLine, inner(self)];
        let Gap { remarks, .. } = self.words.before();
        inside.extend(remarks.iter().map(|remark| Doc::OwnRemark(remark.text.into())));
        Doc::group(vec![open, Doc::nest(2, inside), Doc::SoftLine, self.word(close)])
    }

    // ---- names and paths

    /// A declared name.
    pub(super) fn name(&mut self, name: &Name) -> Doc<'t> {
        let text = self.name_text(name, self.words.next(), RESERVED.contains(&&*name.text));
        self.word(text)
    }

    /// A name, in quotes where it needs them; as it is written, if it is.
    fn name_text(&self, name: &Name, written: Option<&'t str>, reserved: bool) -> Cow<'t, str> {
        if is_plain_name(&name.text) && !reserved {
            return Cow::Owned(name.text.to_string());
        }
        match written.filter(|written| written.starts_with('"')) {
            Some(written) => Cow::Borrowed(written),
            None => Cow::Owned(escaped(&name.text)),
        }
    }

    /// A path, without the word before it that says whose it is.
    pub(super) fn path(&mut self, path: &ValuePath) -> Doc<'t> {
        if path.keys.is_empty() {
            return self.word("item");
        }
        let (text, count) = self.path_text(path, 0);
        Doc::All(vec![self.bare_word(text, count), self.behind()])
    }

    /// The text of a path that begins so many words ahead, and how many words it has.
    fn path_text(&self, path: &ValuePath, ahead: usize) -> (String, usize) {
        self.keys_text(path.root, &path.keys, ahead)
    }

    /// The same of its names alone.
    pub(super) fn keys_text(&self, root: Root, keys: &[Name], ahead: usize) -> (String, usize) {
        let mut text = String::new();
        let mut count = 0;
        for key in keys {
            if count > 0 {
                text.push('.');
                count += 1;
            }
            // Where such a word would be taken for the language's, quotes are needed; where it might be by a reader,
            // whoever wrote quotes keeps them.
            let first = count == 0 && NO_FIRST_KEYS.contains(&&*key.text);
            let quoted = first
                && match root {
                    Root::Property | Root::Element => true,
                    Root::Trait | Root::AccountTrait => key.quoted,
                    Root::Event => false,
                };
            text += &self.name_text(key, self.words.ahead(ahead + count), quoted);
            count += 1;
        }
        (text, count)
    }

    // ---- values

    /// A string with its quotes, as it is written.
    pub(super) fn string(&mut self, text: &Text) -> Doc<'t> {
        let written = self.words.next().map(Cow::Borrowed);
        let text = written.unwrap_or_else(|| Cow::Owned(escaped(&text.text)));
        self.word(text)
    }

    /// A literal, as it is written: it is what its author recognises. `49.90` and the midnight of Berlin say more than 49.9
    /// and an hour of the evening before.
    pub(super) fn literal_text(&self, literal: &Literal) -> Cow<'t, str> {
        let written = self.words.next().map(Cow::Borrowed);
        written.unwrap_or_else(|| Cow::Owned(value_text(&literal.value)))
    }

    pub(super) fn date(&mut self, date: Timestamp) -> Doc<'t> {
        let written = self.words.next().map(Cow::Borrowed);
        self.word(written.unwrap_or_else(|| Cow::Owned(date_text(date))))
    }

    pub(super) fn operand(&mut self, operand: &Operand) -> Doc<'t> {
        match operand {
            Operand::Literal(literal) => {
                let text = self.literal_text(literal);
                self.word(text)
            }
            Operand::Trait(path) => Doc::All(vec![self.word("trait"), Doc::Space, self.path(path)]),
            Operand::Event { name, path } => {
                let name = self.name_text(name, self.words.next(), RESERVED.contains(&&*name.text));
                let (path, count) = self.path_text(path, 2);
                let text = format!("{name}.{path}");
                Doc::All(vec![self.bare_word(text, count + 2), self.behind()])
            }
        }
    }

    pub(super) fn list(&mut self, values: &[Literal]) -> Doc<'t> {
        /// Values no longer than this stand side by side where a list breaks; a list of longer ones has one a line.
        const SHORT: usize = 12;
        let short = values.iter().all(|literal| match &literal.value {
            LiteralValue::Text(text) => text.chars().count() <= SHORT,
            _ => true,
        });
        // The bracket, each value with a comma between two, and the end: a comment on a value wants it to have its line.
        let fill = short && !self.words.has_remarks(2 * values.len());
        self.enclosed(["[", "]"], |printer| {
            let mut parts = Vec::new();
            for (index, literal) in values.iter().enumerate() {
                let text = printer.literal_text(literal);
                let value = printer.bare_word(text, 1);
                let comma = if index + 1 < values.len() {
                    printer.word(",")
                } else {
                    Doc::All(vec![Doc::IfBroken(","), printer.behind()])
                };
                parts.push(match index {
                    0 => value,
                    _ if fill => Doc::group(vec![Doc::Line, value]),
                    _ => Doc::All(vec![Doc::Line, value]),
                });
                parts.push(comma);
            }
            Doc::All(parts)
        })
    }

    pub(super) fn duration(&mut self, duration: &DurationText) -> Doc<'t> {
        let count = duration.count.value;
        Doc::All(vec![
            self.word(count.to_string()),
            Doc::Space,
            self.unit(count, duration.unit),
        ])
    }

    /// A unit of time, in the singular behind 1.
    pub(super) fn unit(&mut self, count: u32, unit: Unit) -> Doc<'t> {
        let plural = if count == 1 { "" } else { "s" };
        self.word(format!("{}{plural}", unit.as_str()))
    }
}

/// A text in quotes. What may not stand in a definition, or cannot be seen in one, is escaped; save the joiners that
/// letters and emoji are made of.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 2);
    for c in quoted(text).chars() {
        let hidden = c.is_control() || is_bidi(c) || (is_invisible(c) && !matches!(c, '\u{200C}' | '\u{200D}'));
        if hidden {
            // All of them have four digits.
            escaped += &format!("\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn value_text(value: &LiteralValue) -> String {
    match value {
        LiteralValue::Text(text) => escaped(text),
        LiteralValue::Number(number) => number_text(*number),
        LiteralValue::Boolean(value) => value.to_string(),
        LiteralValue::Date(date) => date_text(*date),
    }
}

/// The canonical text of a number. A double that would be read as a whole number of 64 bits is given a fraction: the whole
/// number of the same digits is another number.
fn number_text(number: Number) -> String {
    let text = number.text();
    if Number::parse(&text) == Some(number) {
        text.to_string()
    } else {
        format!("{}.0", &*text)
    }
}

/// The shortest text of an instant: `2026-06-30`, `2026-06-30T14:30Z`, `2026-06-30T14:30:05.5Z`.
fn date_text(date: Timestamp) -> String {
    let text = date.to_string();
    if let Some(day) = text.strip_suffix("T00:00:00Z") {
        return day.to_owned();
    }
    if let Some(minute) = text.strip_suffix(":00Z") {
        return format!("{minute}Z");
    }
    match text.strip_suffix('Z').filter(|text| text.contains('.')) {
        Some(fraction) => format!("{}Z", fraction.trim_end_matches('0')),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_back_as_they_were() {
        for (written, text) in [
            ("1e5", "100000"),
            ("49.90", "49.9"),
            ("-0", "0"),
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551615", "18446744073709551615"),
            ("1.2345678901234567e19", "12345678901234567000.0"),
            ("1e16", "10000000000000000.0"),
            ("1e20", "100000000000000000000"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("5e-324", "5e-324"),
        ] {
            let number = Number::parse(written).unwrap();
            assert_eq!(number_text(number), text);
            assert_eq!(Number::parse(text), Some(number), "{text}");
        }
    }

    #[test]
    fn dates_have_no_more_digits_than_they_need() {
        for text in [
            "2026-06-30",
            "2026-06-30T14:30Z",
            "2026-06-30T00:00:05Z",
            "2026-06-30T00:00:00.5Z",
            "2026-06-30T14:30:10.007Z",
            "9999-12-31T23:59:59.999-18:00",
        ] {
            assert_eq!(date_text(Timestamp::parse(text).unwrap()), text);
        }
        for (written, text) in [
            ("2026-06-30T00:00Z", "2026-06-30"),
            ("2026-06-30T02:00:00.000+02:00", "2026-06-30"),
            ("2026-06-30T14:30:10.500Z", "2026-06-30T14:30:10.5Z"),
        ] {
            assert_eq!(date_text(Timestamp::parse(written).unwrap()), text);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        assert_eq!(escaped("a\"\n\u{202e}\u{85}\u{ad}"), r#""a\"\n\u202e\u0085\u00ad""#);
        assert_eq!(escaped("👩\u{200d}👧 é"), "\"👩\u{200d}👧 é\"");
    }
}
