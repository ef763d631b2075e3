//! The grammar's errors about tests in an author's words: what was meant where it can be told, else what can stand there.
//!
//! Nothing here decides whether a text is sound: it is called only where the grammar has said no.

use pest::error::{Error, ErrorVariant, InputLocation};

use super::elsewhere;
use super::grammar::Rule;
use super::split::Chunk;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::date::date_trouble;
use crate::syntax::diagnose::{RESERVED, nearest};
use crate::syntax::lex::{Kind, Token, Tokens, shorten};
use crate::value::quoted;

const STATEMENTS: &str = "what can stand here: `now`, `events`, `event` or `expect`";
const EXPECTATIONS: &str = "after the profile stands `in …`, `not in …`, `delivered to …` or `filtered at …`";

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
    let mut site = Site {
        tokens,
        chunk,
        index: tokens.index_at(at).min(chunk.end),
        wants,
    };
    if !chunk.is_test {
        site.index = chunk.first;
        return garbage(&site);
    }
    elsewhere::diagnose(&site)
        .or_else(|| anywhere(&site))
        .or_else(|| heading(&site))
        .or_else(|| statement(&site))
        .or_else(|| subject(&site))
        .or_else(|| expected(&site))
        .or_else(|| name(&site))
        .or_else(|| size(&site))
        .unwrap_or_else(|| plain(&site))
}

/// The place where the grammar stopped. Offsets count words from it.
pub(super) struct Site<'a, 't> {
    tokens: &'a Tokens<'t>,
    chunk: &'a Chunk,
    index: usize,
    wants: &'a [Rule],
}

impl<'t> Site<'_, 't> {
    fn token(&self, offset: isize) -> Option<Token> {
        let index = self.index.checked_add_signed(offset)?;
        let inside = (self.chunk.first..self.chunk.end).contains(&index);
        inside.then(|| self.tokens.get(index))?
    }

    pub(super) fn word(&self, offset: isize) -> &'t str {
        self.token(offset).map_or("", |token| self.tokens.text(token))
    }

    pub(super) fn kind(&self, offset: isize) -> Option<Kind> {
        self.token(offset).map(|token| token.kind)
    }

    pub(super) fn is_first(&self, offset: isize) -> bool {
        self.token(offset).is_none_or(|token| token.first)
    }

    pub(super) fn wants(&self, rules: &[Rule]) -> bool {
        self.wants.iter().any(|rule| rules.contains(rule))
    }

    /// A word, short enough to be shown.
    pub(super) fn shown(&self, offset: isize) -> String {
        shorten(self.word(offset))
    }

    /// An error about the words from one offset to another.
    pub(super) fn error(&self, from: isize, to: isize, message: impl Into<String>) -> Diagnostic {
        let span = match (self.token(from), self.token(to)) {
            (Some(from), Some(to)) => self.tokens.span(from).to(self.tokens.span(to)),
            (Some(one), None) | (None, Some(one)) => self.tokens.span(one),
            (None, None) => self
                .tokens
                .get(self.chunk.end.saturating_sub(1))
                .map_or_else(Span::default, |last| self.tokens.span(last)),
        };
        Diagnostic::error(Code::Syntax, span, message)
    }

    /// Something is missing behind the word before.
    fn missing(&self, what: &str) -> Diagnostic {
        self.error(-1, -1, format!("after `{}` {what} is missing", self.shown(-1)))
    }

    /// Whether what is wanted is missing: the test ends here, or the next line begins.
    fn is_end(&self) -> bool {
        matches!(self.word(0), "" | "}") || (self.is_first(0) && is_statement(self.word(0)))
    }

    /// What stands behind the place on its line looks like one text: `user_id:u1`, `fixtures/buyers.jsonl`.
    fn unquoted(&self) -> Option<(isize, String)> {
        let mut last = 0;
        while let (Some(this), Some(next)) = (self.token(last), self.token(last + 1)) {
            if this.end != next.start || next.kind == Kind::String || last > 40 {
                break;
            }
            last += 1;
        }
        let (from, to) = (self.token(0)?, self.token(last)?);
        let text = self.tokens.text.get(from.start as usize..to.end as usize)?;
        Some((last, shorten(text)))
    }
}

fn is_statement(word: &str) -> bool {
    matches!(word, "now" | "events" | "event" | "expect")
}

/// What stands between tests.
fn garbage(site: &Site<'_, '_>) -> Diagnostic {
    let word = site.word(0);
    let begins = "a test file holds tests: `test \"…\" { … }`";
    if matches!(
        word,
        "category" | "destination" | "audience" | "consent" | "trait" | "identity" | "account"
    ) {
        return site
            .error(0, 0, format!("`{word}` does not belong in a test file"))
            .help("definitions stand in `.audience` files; a test file is no part of the workspace");
    }
    if is_statement(word) {
        return site
            .error(0, 0, format!("`{word}` stands outside of any test"))
            .help("write it between the `{` and `}` of a test");
    }
    if word == "{" && site.kind(1) == Some(Kind::String) {
        return site
            .error(0, 0, "this is a file of events or other JSON, not of tests")
            .help("name it in a test with `events \"…\"`");
    }
    match nearest(word, &["test"]).filter(|_| site.kind(0) == Some(Kind::Word)) {
        Some(keyword) if keyword == word.to_lowercase() => site
            .error(0, 0, format!("`{word}` has to be written in small letters"))
            .help(format!("write `{keyword}`")),
        Some(keyword) => site
            .error(0, 0, format!("`{}` cannot stand here", site.shown(0)))
            .help(format!("did you mean `{keyword}`?")),
        None => site
            .error(0, 0, format!("`{}` cannot stand here", site.shown(0)))
            .help(begins),
    }
}

/// Slips that can be made everywhere.
fn anywhere(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.word(0);
    if found == ";" || (found == "," && site.wants(&[Rule::statement])) {
        return Some(
            site.error(0, 0, format!("lines do not end with `{found}`"))
                .help("remove it"),
        );
    }
    let lower = found.to_lowercase();
    let keyword = site
        .wants
        .iter()
        .flat_map(|rule| words(*rule))
        .any(|word| *word == lower);
    (lower != found && keyword).then(|| {
        site.error(0, 0, format!("`{found}` has to be written in small letters"))
            .help(format!("write `{lower}`"))
    })
}

/// `test "…" {`
fn heading(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if site.wants(&[Rule::string]) && site.word(-1) == "test" {
        if matches!(site.word(0), "{" | "") {
            return Some(
                site.error(-1, -1, "this test has no name")
                    .help("write for example `test \"a refusal keeps a buyer away from ads\" {`"),
            );
        }
        let mut last = 0;
        while !matches!(site.word(last + 1), "{" | "") && !site.is_first(last + 1) {
            last += 1;
        }
        let (from, to) = (site.token(0)?, site.token(last)?);
        let title = site.tokens.text.get(from.start as usize..to.end as usize).unwrap_or("");
        return Some(
            site.error(0, last, "the name of a test stands in quotes")
                .help(format!("write `test {} {{`", quoted(&shorten(title)))),
        );
    }
    site.wants(&[Rule::open_brace]).then(|| {
        site.error(-1, -1, "after the name of the test `{` is missing")
            .help("write `{` after the name, and `}` behind the last expectation")
    })
}

/// A line of a test, and the value of `now`, `events` and `event`.
fn statement(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.word(0);
    if site.wants(&[Rule::date]) {
        return Some(match site.kind(0) {
            _ if site.is_end() => site
                .missing("the instant")
                .help("write for example `now 2026-06-30T00:00:00Z`"),
            Some(Kind::Number) => {
                let span = site.error(0, 0, "").span;
                date_trouble(found).at(span)
            }
            Some(Kind::String) => site
                .error(0, 0, "a date has no quotes")
                .help(format!("write `now {}`", found.trim_matches('"'))),
            _ => site
                .error(0, 0, format!("`{}` is not a date", site.shown(0)))
                .help("write for example `now 2026-06-30T00:00:00Z`"),
        });
    }
    if site.wants(&[Rule::string]) && site.word(-1) == "events" {
        return Some(match (found, site.unquoted()) {
            _ if site.is_end() => site
                .missing("a file")
                .help("write for example `events \"fixtures/buyers.jsonl\"`"),
            ("{", _) => site
                .error(-1, -1, "`events` names a file")
                .help("did you mean `event`, with an event in it?"),
            (_, Some((last, path))) => site
                .error(0, last, "the name of a file stands in quotes")
                .help(format!("write `events {}`", quoted(&path))),
            _ => return None,
        });
    }
    if site.wants(&[Rule::json]) {
        let error = match site.kind(0) {
            Some(Kind::String) => site
                .error(-1, -1, "`event` holds an event, not the name of one or of a file")
                .help(format!("for a file, write `events {}`; an event is an object such as `{{\"type\": \"track\", \"event\": \"Order Completed\", \"userId\": \"u1\"}}`", site.shown(0))),
            _ => site
                .missing("an event")
                .help("write an object such as `event {\"type\": \"track\", \"event\": \"Order Completed\", \"userId\": \"u1\"}`"),
        };
        return Some(error);
    }
    // Behind a delivery `from` can be wanted as well, which is no statement.
    if !site.wants(&[Rule::statement]) {
        return None;
    }
    let word = shorten(found);
    let known: &[&str] = if site.wants(&[Rule::kw_from]) && !site.is_first(0) {
        &["from", "now", "events", "event", "expect"]
    } else {
        &["now", "events", "event", "expect"]
    };
    Some(match nearest(found, known) {
        Some(near) => site
            .error(0, 0, format!("`{word}` cannot stand here"))
            .help(format!("did you mean `{near}`?")),
        None if matches!(found, "assert" | "expects" | "should" | "then" | "check") => site
            .error(0, 0, format!("`{word}` cannot stand here"))
            .help("what must hold begins with `expect`"),
        None if matches!(found, "given" | "input" | "load" | "file") => site
            .error(0, 0, format!("`{word}` cannot stand here"))
            .help("a file of events is named with `events \"…\"`, an event is written with `event { … }`"),
        None if matches!(found, "as" | "at" | "date" | "today") => site
            .error(0, 0, format!("`{word}` cannot stand here"))
            .help("the instant is said with `now 2026-06-30T00:00:00Z`"),
        None if found == "test" => site
            .error(0, 0, "a test cannot stand inside of another")
            .help("add `}` before it"),
        None => site.error(0, 0, format!("`{word}` cannot stand here")).help(STATEMENTS),
    })
}

/// What an expectation is about.
fn subject(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if !site.wants(&[Rule::string]) || site.word(-1) != "expect" {
        return None;
    }
    const SUBJECT: &str = "write `expect \"user_id:u1\" …` or `expect size of …`";
    if site.is_end() {
        return Some(site.missing("what is expected").help(SUBJECT));
    }
    if site.word(0) == "not" {
        let help = match (site.word(1), site.word(2), site.kind(1)) {
            (profile, "in", Some(Kind::String)) => {
                format!("write `expect {} not in {}`", shorten(profile), site.shown(3))
            }
            _ => SUBJECT.to_owned(),
        };
        return Some(site.error(0, 0, "`not` stands before `in`").help(help));
    }
    if matches!(site.word(0), "count" | "number" | "sizes" | "members") {
        return Some(
            site.error(0, 0, format!("`{}` cannot stand here", site.word(0)))
                .help("write `expect size of …`"),
        );
    }
    let (last, text) = site.unquoted()?;
    Some(if text.contains(':') {
        site.error(0, last, "a profile stands in quotes")
            .help(format!("write `expect {} …`", quoted(&text)))
    } else {
        site.error(0, last, format!("`{text}` cannot stand here")).help(SUBJECT)
    })
}

/// What is expected of a profile.
fn expected(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.word(0);
    if site.wants(&[Rule::membership, Rule::delivery, Rule::delivered, Rule::filtered]) {
        if site.is_end() {
            return Some(site.missing("what is expected of it").help(EXPECTATIONS));
        }
        let next = site.word(1);
        let (last, help) = match (found, next) {
            ("is" | "be", "in") => (0, "write `in` alone"),
            ("is", "not") => (1, "write `not in`, without `is`"),
            ("member", "of") => (1, "write `in`"),
            ("is" | "was" | "gets", "delivered") => (0, "write `delivered to` alone"),
            ("is" | "was" | "gets", "filtered") => (0, "write `filtered at` alone"),
            ("sent" | "goes", "to") => (1, "write `delivered to`"),
            _ => match nearest(found, &["in", "not", "delivered", "filtered"]) {
                Some(near) if found.len() > 2 => {
                    let error = site.error(0, 0, format!("`{}` cannot stand here", site.shown(0)));
                    return Some(error.help(format!("did you mean `{near}`?")));
                }
                _ => (0, EXPECTATIONS),
            },
        };
        let words: Vec<String> = (0..=last).map(|offset| site.shown(offset)).collect();
        return Some(
            site.error(0, last, format!("`{}` cannot stand here", words.join(" ")))
                .help(help),
        );
    }
    for (rule, before, after) in [
        (Rule::kw_to, "delivered", "to"),
        (Rule::kw_at, "filtered", "at"),
        (Rule::kw_in, "not", "in"),
    ] {
        if site.wants(&[rule]) && site.word(-1) == before {
            let error = if matches!(found, "at" | "to" | "by" | "from" | "for" | "of" | "on") {
                site.error(0, 0, format!("after `{before}` stands `{after}`, not `{found}`"))
            } else {
                site.error(-1, -1, format!("after `{before}` `{after}` is missing"))
            };
            return Some(match (before, found) {
                // Which of the two is meant makes a difference that the author must see.
                ("not", "delivered") => site.error(-1, 0, "`not delivered` cannot stand here").help(
                    "write `filtered at …` if it is a member that consent holds back, or `not in …` if it is no member",
                ),
                ("not", "filtered") => site
                    .error(-1, 0, "`not filtered` cannot stand here")
                    .help("write `delivered to …` if it is a member that goes there, or `not in …` if it is no member"),
                _ => error.help(format!("write `{before} {after} …`")),
            });
        }
    }
    None
}

/// The name of an audience or destination.
fn name(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if !site.wants(&[Rule::name, Rule::bare_name]) {
        return None;
    }
    let found = site.word(0);
    let what = match site.word(-1) {
        "to" | "at" => "destination",
        _ => "audience",
    };
    if matches!(site.word(-2), "delivered" | "filtered") && found == "audience"
        || (found == "destination" && what == "destination")
    {
        return Some(
            site.error(0, 0, format!("`{found}` cannot stand here"))
                .help(format!("write the name of the {what} alone")),
        );
    }
    Some(match site.kind(0) {
        Some(Kind::Word) if RESERVED.contains(&found) && !site.is_first(0) => site
            .error(
                0,
                0,
                format!("`{found}` is a word of the language, so as a name it needs quotes"),
            )
            .help(format!("write `{}`", quoted(found))),
        Some(Kind::Number | Kind::Word) if !site.is_end() && !site.is_first(0) => site
            .error(0, 0, format!("`{}` cannot be a name without quotes", site.shown(0)))
            .help(format!("write `{}`", quoted(&site.shown(0)))),
        _ => site.missing(&format!(
            "the name of {} {what}",
            if what == "audience" { "an" } else { "a" }
        )),
    })
}

/// `size of big_spenders = 1`
fn size(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.word(0);
    const SIZE: &str = "write for example `expect size of big_spenders = 1`";
    if site.wants(&[Rule::kw_of]) {
        return Some(site.error(-1, -1, "after `size` `of` is missing").help(SIZE));
    }
    if site.wants(&[Rule::operator]) {
        if site.is_end() {
            return Some(site.missing("what the size is compared with").help(SIZE));
        }
        let help = match found {
            "==" | "is" | "equals" | "of" | ":" => "write `=`",
            "=<" => "write `<=`",
            "=>" => "write `>=`",
            "!=" | "<>" => "write what the size is, or a bound with `<` or `>`",
            _ => "a size is compared with `=`, `<`, `<=`, `>` or `>=`",
        };
        return Some(
            site.error(0, 0, format!("`{}` cannot stand here", site.shown(0)))
                .help(help),
        );
    }
    site.wants(&[Rule::integer]).then(|| {
        if site.is_end() {
            site.missing("a number").help(SIZE)
        } else {
            site.error(0, 0, format!("`{}` is no size", site.shown(0)))
                .help("write a whole number, such as `0` or `12`")
        }
    })
}

/// The plain form.
fn plain(site: &Site<'_, '_>) -> Diagnostic {
    let list: Vec<&str> = site.wants.iter().flat_map(|rule| words(*rule)).copied().collect();
    let error = if site.word(0).is_empty() {
        site.missing("something")
    } else {
        site.error(0, 0, format!("`{}` cannot stand here", site.shown(0)))
    };
    if list.is_empty() {
        return error;
    }
    let list: Vec<String> = list.iter().map(|word| format!("`{word}`")).collect();
    error.help(format!("what can stand here: {}", list.join(", ")))
}

/// The words that a wanted rule can begin with.
fn words(rule: Rule) -> &'static [&'static str] {
    match rule {
        Rule::kw_test => &["test"],
        Rule::statement => &["now", "events", "event", "expect"],
        Rule::kw_size => &["size"],
        Rule::membership => &["in", "not"],
        Rule::delivery => &["delivered", "filtered"],
        Rule::kw_from => &["from"],
        Rule::kw_of => &["of"],
        Rule::kw_in => &["in"],
        Rule::kw_to => &["to"],
        Rule::kw_at => &["at"],
        Rule::close_brace => &["}"],
        _ => &[],
    }
}
