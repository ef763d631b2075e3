//! The words, strings, signs and comments of a text: one pass, no meaning.
//!
//! The grammar reads definitions; this pass only finds where words begin and end, so that the text can be split into
//! items, nesting be counted and errors underline whole words. It also refuses the characters that may stand nowhere.

use crate::diagnostic::{Code, Diagnostic};
use crate::span::{FileId, Span};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword, or what looks like one.
    Word,
    /// What begins as a number or date does; up to the next blank or sign.
    Number,
    /// A string with its quotes, or what stands in quotes of a wrong kind.
    String,
    /// A sign, or a run of signs that form operators.
    Sign,
}

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
    /// It is the first of its line.
    pub(super) first: bool,
    /// It is at the very beginning of its line.
    pub(super) at_margin: bool,
}

/// An error, and whether the item that it is in cannot be read because of it.
#[derive(Debug)]
pub(super) struct LexError {
    pub(super) at: u32,
    pub(super) breaks: bool,
    pub(super) diagnostic: Diagnostic,
}

/// The tokens of a text.
#[derive(Debug)]
pub(super) struct Tokens<'t> {
    pub(super) file: FileId,
    pub(super) text: &'t str,
    pub(super) tokens: Vec<Token>,
    pub(super) comments: Vec<Span>,
    pub(super) errors: Vec<LexError>,
}

impl<'t> Tokens<'t> {
    pub(super) fn get(&self, index: usize) -> Option<Token> {
        self.tokens.get(index).copied()
    }

    pub(super) fn text(&self, token: Token) -> &'t str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or("")
    }

    /// The text of the token at an index; empty beyond the last.
    pub(super) fn at(&self, index: usize) -> &'t str {
        self.get(index).map_or("", |token| self.text(token))
    }

    pub(super) fn span(&self, token: Token) -> Span {
        Span::new(self.file, token.start, token.end)
    }

    /// The index of the first token that ends after the byte.
    pub(super) fn index_at(&self, byte: u32) -> usize {
        self.tokens.partition_point(|token| token.end <= byte)
    }

    /// A span without the blanks and comments at its end, which the grammar leaves on.
    pub(super) fn trimmed(&self, start: u32, end: u32) -> Span {
        let last = self.tokens.partition_point(|token| token.end <= end).checked_sub(1);
        let end = last.and_then(|last| self.get(last)).map_or(end, |token| token.end);
        Span::new(self.file, start, end.max(start))
    }
}

/// Reads the whole text. It has to be shorter than 4 GiB, which the limit on files sees to.
pub(super) fn lex(file: FileId, text: &str) -> Tokens<'_> {
    let mut lexer = Lexer {
        at: 0,
        first: true,
        out: Tokens {
            file,
            text,
            tokens: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
        },
    };
    if text.starts_with('\u{FEFF}') {
        lexer.at = '\u{FEFF}'.len_utf8();
    }
    while let Some(c) = lexer.peek() {
        lexer.step(c);
    }
    lexer.out
}

/// A character of a word, as the grammar has it: everything beyond ASCII is one, save what is blank or a quote.
fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-' || (!c.is_ascii() && !is_odd(c))
}

/// Characters beyond ASCII that never belong to a word.
fn is_odd(c: char) -> bool {
    c.is_whitespace() || c.is_control() || is_bidi(c) || is_invisible(c) || closing_quote(c).is_some() || is_quote(c)
}

/// Characters that change the direction of writing: with them a definition can look other than it is.
pub(super) fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}

/// Characters without any width, which are refused outside of strings and comments.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}')
}

fn is_quote(c: char) -> bool {
    matches!(c, '”' | '’' | '»' | '›')
}

/// For an opening quote of a wrong kind: those that can close it.
fn closing_quote(c: char) -> Option<&'static [char]> {
    match c {
        '“' | '„' | '”' => Some(&['”', '“', '"']),
        '‘' | '‚' | '’' => Some(&['’', '‘']),
        '«' => Some(&['»']),
        '\'' => Some(&['\'']),
        '`' => Some(&['`']),
        _ => None,
    }
}

/// How many characters are searched for the end of a text in wrong quotes.
const NEARBY: usize = 100;

struct Lexer<'t> {
    at: usize,
    /// No token has been seen on this line yet.
    first: bool,
    out: Tokens<'t>,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.out.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.out.file, place(start), place(end))
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let start = self.at;
        let before = self.out.text.get(..start).unwrap_or("");
        let at_margin = self.first && (before.is_empty() || before.ends_with(['\n', '\u{FEFF}']));
        self.at = start + length;
        self.out.tokens.push(Token {
            kind,
            start: place(start),
            end: place(self.at),
            first: self.first,
            at_margin,
        });
        self.first = false;
    }

    fn error(&mut self, start: usize, breaks: bool, diagnostic: Diagnostic) {
        self.out.errors.push(LexError {
            at: place(start),
            breaks,
            diagnostic,
        });
    }

    fn step(&mut self, c: char) {
        match c {
            '\n' => {
                self.first = true;
                self.at += 1;
            }
            ' ' | '\t' => self.at += 1,
            '\r' if self.rest().starts_with("\r\n") => self.at += 1,
            '#' => self.comment(),
            '"' => self.string(),
            '/' if self.rest().starts_with("//") => self.slashes(),
            _ if closing_quote(c).is_some() => self.wrong_quotes(c),
            _ if c.is_control() || is_bidi(c) || is_invisible(c) => self.hidden(c, "here", true),
            _ if c.is_whitespace() => self.odd_blank(c),
            _ if self.begins_number(c) => {
                let length = number_length(self.rest());
                self.push(Kind::Number, length);
            }
            _ if in_word(c) && c != '-' => {
                let rest = self.rest();
                let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
                self.push(Kind::Word, length);
            }
            '=' | '<' | '>' | '!' | '&' | '|' | '~' => {
                let rest = self.rest();
                let length = rest
                    .find(|c| !matches!(c, '=' | '<' | '>' | '!' | '&' | '|' | '~'))
                    .unwrap_or(rest.len());
                self.push(Kind::Sign, length);
            }
            _ => self.push(Kind::Sign, c.len_utf8()),
        }
    }

    /// A digit; or a sign or point with a digit after it that no word stands directly before.
    fn begins_number(&self, c: char) -> bool {
        let digit_next = || self.rest().chars().nth(1).is_some_and(|c| c.is_ascii_digit());
        let touches = || {
            let before = self.out.text.get(..self.at).unwrap_or("");
            before.chars().next_back().is_some_and(|c| in_word(c) || c == '"')
        };
        c.is_ascii_digit() || (matches!(c, '-' | '+' | '.') && digit_next() && !touches())
    }

    /// To the end of the line, a carriage return before it left out.
    fn comment(&mut self) {
        let start = self.at;
        let line = line(self.rest());
        self.at += line.len();
        let span = self.span(start, start + line.len());
        self.out.comments.push(span);
        for (offset, c) in line.char_indices() {
            if is_bidi(c) || (c.is_control() && c != '\t') {
                let at = start + offset;
                let diagnostic = hidden(self.span(at, at + c.len_utf8()), c, "in this comment");
                self.error(at, false, diagnostic);
            }
        }
    }

    fn slashes(&mut self) {
        let start = self.at;
        let line = line(self.rest()).trim_end();
        self.at += line.len();
        let comment = line.trim_start_matches('/').trim_start();
        let diagnostic = Diagnostic::error(
            Code::Syntax,
            self.span(start, self.at),
            "a comment begins with `#`, not with `//`",
        )
        .help(format!("write `{}`", format!("# {}", shorten(comment)).trim_end()));
        self.error(start, true, diagnostic);
    }

    fn odd_blank(&mut self, c: char) {
        let what = match c {
            '\u{00A0}' | '\u{202F}' | '\u{2007}' => "a no-break space",
            '\u{2028}' | '\u{2029}' | '\u{0085}' => "a line break of an unusual kind",
            _ => "a space of an unusual kind",
        };
        let start = self.at;
        self.at += c.len_utf8();
        let ordinary = if what.contains("line") { "line break" } else { "space" };
        let diagnostic = Diagnostic::error(
            Code::Syntax,
            self.span(start, self.at),
            format!("this is {what} (U+{:04X}), as word processors put in", u32::from(c)),
        )
        .help(format!("write an ordinary {ordinary}"));
        self.error(start, true, diagnostic);
    }

    fn hidden(&mut self, c: char, place: &str, breaks: bool) {
        let start = self.at;
        self.at += c.len_utf8();
        let diagnostic = hidden(self.span(start, self.at), c, place);
        self.error(start, breaks, diagnostic);
    }

    /// Text in quotes that are no straight double quotes; where none closes them nearby on the line, the quote alone.
    fn wrong_quotes(&mut self, open: char) {
        let rest = self.rest();
        // Looking no farther keeps a line full of such quotes from being searched again for each.
        let inside = rest.get(open.len_utf8()..).unwrap_or("");
        let close = closing_quote(open).unwrap_or(&[]);
        let mut ahead = inside.char_indices().take(NEARBY).take_while(|(_, c)| *c != '\n');
        let (quoted, length) = match ahead.find(|(_, c)| close.contains(c)) {
            Some((offset, c)) => (inside.get(..offset).unwrap_or(""), offset + c.len_utf8()),
            None => ("", 0),
        };
        let start = self.at;
        let length = open.len_utf8() + length;
        let message = match open {
            '\'' | '`' => "text stands in double quotes",
            _ => "these are typographic quotes; text stands in straight double quotes",
        };
        let mut diagnostic = Diagnostic::error(Code::Syntax, self.span(start, start + length), message);
        diagnostic.help = Some(if quoted.is_empty() {
            "write `\"` on both sides of a text".to_owned()
        } else {
            format!("write `\"{}\"`", shorten(quoted))
        });
        self.error(start, true, diagnostic);
        self.push(Kind::String, length);
    }

    fn string(&mut self) {
        let rest = self.rest();
        let start = self.at;
        let mut offset = 1;
        while let Some(c) = rest.get(offset..).and_then(|rest| rest.chars().next()) {
            let tail = rest.get(offset..).unwrap_or("");
            let at = start + offset;
            match c {
                '"' => return self.push(Kind::String, offset + 1),
                '\n' => break,
                '\r' if tail.starts_with("\r\n") => break,
                '\\' => {
                    let escape = Escape::read(tail);
                    offset += escape.length;
                    if let Some((message, help)) = escape.problem {
                        let span = self.span(at, start + offset);
                        self.error(at, true, Diagnostic::error(Code::Syntax, span, message).help(help));
                    }
                    continue;
                }
                _ if c.is_control() || is_bidi(c) => {
                    let diagnostic = hidden(self.span(at, at + c.len_utf8()), c, "inside this text");
                    self.error(at, true, diagnostic);
                }
                _ => {}
            }
            offset += c.len_utf8();
        }
        self.unclosed_string();
    }

    /// Where an odd quote stands directly behind a word, the text before it is the one that lacks a quote.
    fn unclosed_before(&self) -> Option<Diagnostic> {
        let mut tokens = self.out.tokens.iter().rev();
        let word = tokens
            .next()
            .filter(|word| word.kind == Kind::Word && word.end as usize == self.at)?;
        let written = self.out.text(*word);
        // `"gold and trait plan = "pro"`
        if let Some(text) = tokens
            .next()
            .filter(|text| text.kind == Kind::String && text.end == word.start)
        {
            let begun = self.out.text(*text);
            let value = likely_text(begun);
            if value.len() < 2 || value.len() >= begun.len() {
                return None;
            }
            let start = text.start as usize;
            return Some(
                Diagnostic::error(
                    Code::Syntax,
                    self.span(start, start + value.len()),
                    "this text is opened here, and closed only by the quote of the next one",
                )
                .help(format!("write `\"` where it ends, such as `{}\"`", shorten(value))),
            );
        }
        let span = self.span(word.start as usize, self.at + 1);
        Some(
            Diagnostic::error(Code::Syntax, span, "this text is closed here, and not opened").help(format!(
                "write `\"` where it begins, such as `\"{}\"`",
                shorten(written)
            )),
        )
    }

    /// A string that its line does not close: closed by the next line, or never.
    fn unclosed_string(&mut self) {
        let start = self.at;
        let rest = self.rest();
        let begun = line(rest).trim_end();
        let below = rest.split_once('\n').map_or("", |(_, below)| below);
        // Where the next line has a quote that closes (a word stands directly before it), the text went over two lines.
        let closing = line(below)
            .split_once('"')
            .map(|(before, _)| before)
            .filter(|before| before.ends_with(|c: char| !c.is_whitespace() && !"([,={".contains(c)));
        let mut shown = begun.len();
        let (length, message, help) = match closing {
            Some(before) => (
                rest.len() - below.len() + before.len() + 1,
                "this text is not closed on its line",
                format!(
                    "write it on one line: `{} {}\"`; a line break inside text is `\\n`",
                    shorten(begun),
                    shorten(before.trim_start())
                ),
            ),
            None => {
                let value = likely_text(begun);
                let help = if value.len() < 2 {
                    "write `\"` on both sides of a text, or remove it".to_owned()
                } else if begun.trim_end_matches([')', ']', ',', '}', ' ']) == value {
                    format!("write `{}\"`", shorten(value))
                } else {
                    shown = value.len();
                    format!("write `\"` where it ends, such as `{}\"`", shorten(value))
                };
                (
                    begun.len(),
                    "this text is opened here, and not closed on its line",
                    help,
                )
            }
        };
        let diagnostic = self
            .unclosed_before()
            .unwrap_or_else(|| Diagnostic::error(Code::Syntax, self.span(start, start + shown), message).help(help));
        self.error(start, true, diagnostic);
        self.push(Kind::String, length);
    }
}

/// Of a text without its closing quote, what probably belongs to it: up to the words that go on behind a value.
fn likely_text(begun: &str) -> &str {
    const BEHIND: [&str; 18] = [
        " send to ",
        " and ",
        " or ",
        " consent to ",
        " include anonymous",
        " within ",
        " between ",
        " before ",
        " after ",
        " at least ",
        " at most ",
        " exactly ",
        " where ",
        " requires ",
        " disabled",
        " and not ",
        "}",
        ")",
    ];
    let end = BEHIND.iter().filter_map(|word| begun.find(word)).min();
    let text = begun.get(..end.unwrap_or(begun.len())).unwrap_or(begun);
    text.trim_end_matches([')', ']', ',', '}', '{', ' '])
}

fn hidden(span: Span, c: char, place: &str) -> Diagnostic {
    let code = u32::from(c);
    let (message, help) = if c == '\t' {
        (
            format!("there is a tab {place}"),
            "write a space, or `\\t` if it must be a tab".to_owned(),
        )
    } else {
        let effect = if is_bidi(c) {
            " that changes the direction of writing"
        } else {
            ""
        };
        let so = match (place, is_bidi(c)) {
            ("inside this text", true) => ", so what you see is not what is compared",
            _ => "",
        };
        let help = match place {
            "inside this text" => format!("remove it; if it is meant, write `\\u{code:04x}`"),
            _ if c == '\0' => "remove it; the file may be damaged, or saved in another encoding than UTF-8".to_owned(),
            _ => "remove it".to_owned(),
        };
        (
            format!("there is an invisible character {place}{effect} (U+{code:04X}){so}"),
            help,
        )
    };
    Diagnostic::error(Code::Syntax, span, message).help(help)
}

/// A backslash in a string and what belongs to it.
struct Escape {
    /// How many bytes it has; at least one.
    length: usize,
    /// What is wrong with it, and what to write instead.
    problem: Option<(String, String)>,
}

impl Escape {
    fn read(text: &str) -> Escape {
        let valid = |length| Escape { length, problem: None };
        match text.chars().nth(1) {
            // The line ends: the string is not closed, which is said once.
            None | Some('\n' | '\r') => valid(1),
            Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => valid(2),
            Some('u') => match (code_unit(text), text.get(6..).and_then(code_unit)) {
                (None, _) => Escape::without_digits(text),
                (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => valid(12),
                (Some(0xD800..0xE000), _) => Escape {
                    length: 6,
                    problem: Some((
                        format!("`{}` is only half of a character", text.get(..6).unwrap_or("")),
                        "write the character itself, or both halves, as in `\\ud83d\\ude00`".to_owned(),
                    )),
                },
                (Some(_), _) => valid(6),
            },
            Some(c) => Escape::unknown(text, c),
        }
    }

    fn without_digits(text: &str) -> Escape {
        let digits = text
            .chars()
            .skip(2)
            .take(4)
            .take_while(char::is_ascii_alphanumeric)
            .count();
        Escape {
            length: 2 + digits,
            problem: Some((
                "after `\\u` stand four digits 0–9 or letters a–f".to_owned(),
                "write for example `\\u00e9`".to_owned(),
            )),
        }
    }

    fn unknown(text: &str, c: char) -> Escape {
        let help = if c == '\'' {
            "write `'` without a backslash".to_owned()
        } else {
            let word: String = text
                .chars()
                .skip(1)
                .take_while(|c| c.is_alphanumeric())
                .take(20)
                .collect();
            format!("for a backslash, write `\\\\`: `\\\\{word}`")
        };
        let shown = if c.is_control() { '…' } else { c };
        Escape {
            length: 1 + c.len_utf8(),
            problem: Some((format!("`\\{shown}` means nothing inside text"), help)),
        }
    }
}

/// The number that `\u` and four digits stand for.
fn code_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
    hexadecimal.then(|| u32::from_str_radix(digits, 16).ok())?
}

/// How far a number or date goes, with all that somebody may have meant to be part of it.
fn number_length(text: &str) -> usize {
    let mut previous = '\0';
    let mut dated = false;
    for (offset, c) in text.char_indices() {
        let digit_next = || {
            text.get(offset + 1..)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let part = match c {
            '+' | '.' | '-' if offset == 0 => true,
            '.' => true,
            ':' => digit_next(),
            '/' => digit_next() && previous.is_ascii_digit(),
            '+' => digit_next() && (dated || matches!(previous, 'e' | 'E')),
            _ => in_word(c),
        };
        if !part {
            return offset;
        }
        dated |= matches!(c, ':' | 'T' | 't');
        previous = c;
    }
    text.len()
}

/// The text up to the end of its line.
fn line(text: &str) -> &str {
    let line = text.split_once('\n').map_or(text, |(line, _)| line);
    line.strip_suffix('\r').unwrap_or(line)
}

/// A text short enough to stand in a message.
pub(super) fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((offset, _)) => format!("{}…", text.get(..offset).unwrap_or("").trim_end()),
        None => text.to_owned(),
    }
}

/// A byte offset; the limit on files keeps it in range.
fn place(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let tokens = lex(FileId(0), text);
        tokens.tokens.iter().map(|token| tokens.text(*token)).collect()
    }

    fn messages(text: &str) -> Vec<String> {
        let tokens = lex(FileId(0), text);
        tokens
            .errors
            .into_iter()
            .map(|error| error.diagnostic.message)
            .collect()
    }

    #[test]
    fn words_numbers_strings_and_signs_are_told_apart() {
        assert_eq!(
            words("a-b käufer>=-5,x.y # z"),
            ["a-b", "käufer", ">=", "-5", ",", "x", ".", "y"]
        );
        assert_eq!(
            words("5and 7days 1e+5 +5 .5 5. 1,000"),
            ["5and", "7days", "1e+5", "+5", ".5", "5.", "1", ",", "000"]
        );
        assert_eq!(
            words("2026-01-01T10:00:00.5+01:00) 01/05/2026"),
            ["2026-01-01T10:00:00.5+01:00", ")", "01/05/2026"]
        );
        assert_eq!(words(r#"type"a \"b\" #"c"#), ["type", r#""a \"b\" #""#, "c"]);
        assert_eq!(words("a==b<>c"), ["a", "==", "b", "<>", "c"]);
    }

    #[test]
    fn a_string_ends_on_its_line() {
        assert_eq!(words("\"a\nb c"), ["\"a", "b", "c"]);
        // The quote on the next line closes, as a word stands before it; or opens, as none does.
        assert_eq!(words("\"a\n b\" c"), ["\"a\n b\"", "c"]);
        assert_eq!(words("\"a\n b \"c\" d"), ["\"a", "b", "\"c\"", "d"]);
    }

    #[test]
    fn escapes_are_those_of_json() {
        for good in [r#""\" \\ \/ \b \f \n \r \t \u00e9""#, r#""\ud83d\ude00 \\""#] {
            assert!(messages(good).is_empty(), "{good}");
            assert!(serde_json::from_str::<String>(good).is_ok(), "{good}");
        }
        for bad in [
            r#""\x""#,
            r#""\u12""#,
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83d\u0041""#,
            "\"\u{7}\"",
        ] {
            assert_eq!(messages(bad).len(), 1, "{bad}");
            assert!(serde_json::from_str::<String>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn spans_are_cut_behind_their_last_word() {
        let tokens = lex(FileId(0), "a b # c\n d");
        assert_eq!(tokens.trimmed(0, 9), Span::new(FileId(0), 0, 3));
        assert_eq!(tokens.trimmed(2, 10), Span::new(FileId(0), 2, 10));
    }
}
