//! Splits a text into items, so that each is parsed by itself and a broken one leaves the rest whole.
//!
//! It looks at words, brackets and lines alone. Whatever it decides, the grammar has the last word on what an item is;
//! for every sound text, the pieces are sound items.

use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::ast::Declares;
use crate::syntax::diagnose::RESERVED;
use crate::syntax::lex::{Kind, Token, Tokens, shorten};

/// The deepest nesting of brackets, `not` and `any` (language.md, Limits).
pub(super) const MAX_NESTING: u32 = 64;

/// What a piece of text seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// It begins with the keyword of a declaration.
    Declaration(Declares),
    /// It begins with `consent`.
    Enforcement,
    /// It begins with nothing that an item begins with.
    Other,
    /// It begins with `identity`.
    Identity,
}

/// A piece of the text that is parsed by itself.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) piece: Piece,
    /// Its tokens: from this one …
    pub(super) first: usize,
    /// … to before this one.
    pub(super) end: usize,
    /// The first error of its brackets, and where it shows at the latest.
    pub(super) structure: Option<Diagnostic>,
    /// How deep its conditions are nested.
    pub(super) depth: u32,
    /// It is too deeply nested to be parsed.
    pub(super) too_deep: Option<Diagnostic>,
}

/// The items, and the errors that lie between them.
pub(super) fn split(tokens: &Tokens<'_>) -> (Vec<Chunk>, Vec<Diagnostic>) {
    let mut splitter = Splitter {
        tokens,
        chunks: Vec::new(),
        strays: Vec::new(),
        chunk: None,
        open: Vec::new(),
        braces: 0,
        nots: 0,
        anys: 0,
    };
    for (index, token) in tokens.tokens.iter().enumerate() {
        splitter.token(index, *token);
    }
    splitter.close(tokens.tokens.len());
    (splitter.chunks, splitter.strays)
}

/// The item that a keyword begins; a trait's needs what comes with it, for a condition begins with the same word.
pub(super) fn declares(word: &str) -> Option<Declares> {
    match word {
        "category" => Some(Declares::Category),
        "destination" => Some(Declares::Destination),
        "audience" => Some(Declares::Audience),
        _ => None,
    }
}

/// Whether an item can go on with the word on a line of its own.
fn goes_on(word: &str) -> bool {
    matches!(
        word,
        "requires"
            | "disabled"
            | "of"
            | "enforcement"
            | "on"
            | "off"
            | "who"
            | "include"
            | "send"
            | "lookback"
            | "consent"
            | "trait"
            | "not"
            | "and"
            | "or"
            | "any"
            | "then"
            | "performed"
            | "member"
    )
}

/// The words of computed traits and of types, each of which can begin a line of one.
fn computes_with(word: &str) -> bool {
    let function = matches!(
        word,
        "count"
            | "sum"
            | "average"
            | "minimum"
            | "maximum"
            | "first"
            | "last"
            | "most"
            | "frequent"
            | "unique"
            | "list"
    );
    let modifier = matches!(
        word,
        "from"
            | "as"
            | "at"
            | "least"
            | "exactly"
            | "time"
            | "times"
            | "within"
            | "between"
            | "ago"
            | "before"
            | "after"
            | "where"
    );
    let unit = matches!(
        word,
        "minute" | "minutes" | "hour" | "hours" | "day" | "days" | "week" | "weeks"
    );
    let kind = matches!(word, "string" | "number" | "boolean" | "timestamp" | "one");
    function || modifier || unit || kind
}

/// An open bracket.
struct Open {
    index: usize,
    sign: char,
    /// How deep conditions are nested inside it.
    depth: u32,
    /// How many `(` and `[` are open inside the same braces, it included.
    round: u32,
    square: u32,
}

struct Splitter<'a, 't> {
    tokens: &'a Tokens<'t>,
    chunks: Vec<Chunk>,
    strays: Vec<Diagnostic>,
    chunk: Option<Current>,
    open: Vec<Open>,
    /// How many `{` are open.
    braces: u32,
    /// The `not`s that stand directly before the next token.
    nots: u32,
    /// What the `any` before the next `(` adds to what is inside: itself, and the `not`s before it.
    anys: u32,
}

struct Current {
    chunk: Chunk,
    /// It has had braces.
    braced: bool,
    /// The braces have been closed again.
    closed: bool,
}

impl Splitter<'_, '_> {
    fn token(&mut self, index: usize, token: Token) {
        let word = self.tokens.text(token);
        if let Some(piece) = self.begins(index, token, word) {
            self.close(index);
            self.start(index, piece);
        } else if word == "}" && self.is_stray() {
            self.close(index);
            self.strays.push(
                Diagnostic::error(Code::Syntax, self.tokens.span(token), "this `}` closes nothing").help("remove it"),
            );
            return;
        } else if self.chunk.is_none() {
            self.start(index, Piece::Other);
        }
        if token.kind == Kind::Sign {
            self.bracket(index, token, word);
        }
        self.element(index, token, word);
        self.negation(index, token, word);
    }

    fn start(&mut self, index: usize, piece: Piece) {
        self.chunk = Some(Current {
            chunk: Chunk {
                piece,
                first: index,
                end: index,
                structure: None,
                depth: 0,
                too_deep: None,
            },
            braced: false,
            closed: false,
        });
    }

    fn close(&mut self, end: usize) {
        if let Some(mut current) = self.chunk.take() {
            current.chunk.end = end;
            if let Some(open) = self.open.first() {
                let diagnostic = self.unclosed(&current, open, end);
                current.chunk.structure.get_or_insert(diagnostic);
            }
            self.chunks.push(current.chunk);
        }
        self.open.clear();
        self.braces = 0;
        self.nots = 0;
        self.anys = 0;
    }

    /// Whether a `}` here belongs to nothing, not even to an item whose `{` is missing.
    fn is_stray(&self) -> bool {
        let lacks_one = self.chunk.as_ref().is_some_and(|current| {
            let block = matches!(
                current.chunk.piece,
                Piece::Declaration(Declares::Audience | Declares::Destination | Declares::Event)
                    | Piece::Other
                    | Piece::Identity
            );
            block && !current.braced
        });
        self.braces == 0 && !lacks_one
    }

    // ---- where items begin

    /// What begins at the token, if something does.
    fn begins(&self, index: usize, token: Token, word: &str) -> Option<Piece> {
        if token.kind != Kind::Word && !token.first {
            return None;
        }
        if self.open.is_empty() {
            self.begins_outside(index, token, word)
        } else if token.kind == Kind::Word && token.at_margin {
            self.begins_inside(index, word)
        } else {
            None
        }
    }

    /// Outside of braces every unquoted `category`, `destination` and `audience` begins an item, for as names these words
    /// are quoted; unless it stands where a name does.
    fn begins_outside(&self, index: usize, token: Token, word: &str) -> Option<Piece> {
        let current = self.chunk.as_ref();
        let unopened = current.is_some_and(|c| c.chunk.piece == Piece::Declaration(Declares::Audience) && !c.braced);
        // The second word of `account trait`, on a line of its own.
        if word == "trait"
            && current.is_some_and(|c| c.chunk.first + 1 == index && self.tokens.at(index - 1) == "account")
        {
            return None;
        }
        let piece = match (declares(word), word) {
            (Some(kind), _) => Some(Piece::Declaration(kind)),
            (None, "consent") => match self.tokens.at(index + 1) {
                "enforcement" => Some(Piece::Enforcement),
                _ if unopened || !token.first => None,
                _ => Some(Piece::Enforcement),
            },
            (None, "identity") if self.tokens.at(index + 1) == "{" || (token.first && !unopened) => {
                Some(Piece::Identity)
            }
            // Where an audience lacks its `{`, these are the words of its conditions.
            (None, "event" | "trait" | "account") if unopened => self
                .declared(index, word)
                .filter(|_| token.first)
                .map(Piece::Declaration),
            (None, "event") => Some(Piece::Declaration(Declares::Event)),
            (None, "trait") => Some(Piece::Declaration(Declares::Trait)),
            (None, "account") if self.tokens.at(index + 1) == "trait" => {
                Some(Piece::Declaration(Declares::AccountTrait))
            }
            (None, "account") if token.first => Some(Piece::Other),
            _ => None,
        };
        if let Some(piece) = piece {
            let sound = current.is_none_or(|c| c.chunk.piece != Piece::Other);
            let begins = match token.first {
                true => !self.is_named(index),
                false => sound && !self.wants_name(index) && !self.is_part(index, word),
            };
            return begins.then_some(piece);
        }
        let current = current?;
        (token.first && self.is_garbage(index, token, word, current)).then_some(Piece::Other)
    }

    /// Whether the token before asks for a name, so that this word is one that lacks its quotes.
    fn wants_name(&self, index: usize) -> bool {
        let before = index.checked_sub(1).map_or("", |before| self.tokens.at(before));
        // `of`, `from`, `by` and `as` are names too: `category of`, `as of`.
        let two_before = index.checked_sub(2).map_or("", |before| self.tokens.at(before));
        if matches!(before, "of" | "from" | "by" | "as")
            && (declares(two_before).is_some() || matches!(two_before, "requires" | "," | "as"))
        {
            return false;
        }
        declares(before).is_some()
            || matches!(
                before,
                "requires" | "," | "trait" | "event" | "of" | "from" | "." | "=" | "by" | "as"
            )
    }

    /// Whether a keyword in the midst of a line is part of what stands around it: the last word of a name that lacks its
    /// quotes, a property behind a function that lacks its `of`, a condition that is joined to another.
    fn is_part(&self, index: usize, word: &str) -> bool {
        let before = index.checked_sub(1).map_or("", |before| self.tokens.at(before));
        match word {
            "trait" | "account" => matches!(before, "and" | "or" | "not" | "any"),
            _ => matches!(self.tokens.at(index + 1), "=" | ":" | "from"),
        }
    }

    /// Whether a keyword on a line of its own is the name of a trait or of a property, by what stands around it.
    fn is_named(&self, index: usize) -> bool {
        let before = index.checked_sub(1).map_or("", |before| self.tokens.at(before));
        let after = self.tokens.at(index + 1);
        match before {
            "trait" => matches!(after, ":" | "."),
            "of" => matches!(after, "from" | "."),
            _ => false,
        }
    }

    /// Whether a line that begins with no keyword of an item belongs to no item.
    fn is_garbage(&self, index: usize, token: Token, word: &str, current: &Current) -> bool {
        if current.closed {
            return word != "requires" && word != "}";
        }
        // The properties of an event whose `{` is missing.
        if current.chunk.piece == Piece::Declaration(Declares::Event) && matches!(self.tokens.at(index + 1), ":" | ".")
        {
            return false;
        }
        if current.chunk.piece == Piece::Other {
            return ["audience", "category", "destination"]
                .iter()
                .any(|keyword| keyword.eq_ignore_ascii_case(word));
        }
        // Its `{` is missing, and what belongs into its braces begins with names.
        if current.chunk.piece == Piece::Identity {
            return false;
        }
        let computes = matches!(
            current.chunk.piece,
            Piece::Declaration(Declares::Trait | Declares::AccountTrait)
        );
        // Whatever is indented belongs to the trait above it.
        let goes_on = goes_on(word) || computes && (!token.at_margin || computes_with(word));
        token.kind == Kind::Word && !goes_on && !self.wants_name(index) && self.tokens.at(index - 1) != "enforcement"
    }

    /// Inside of braces an item begins only where a `}` has been forgotten: a keyword at the margin and a name after it,
    /// which no sound condition has. A trait or property may be called `category`; then a test follows, or a joiner or
    /// clause, which begin with reserved words.
    fn begins_inside(&self, index: usize, word: &str) -> Option<Piece> {
        let next = self.tokens.get(index + 1)?;
        let after = self.tokens.at(index + 1);
        if word == "consent" {
            // `consent enforcement is …` would be a condition on a category of that name.
            let set = after == "enforcement" && matches!(self.tokens.at(index + 2), "on" | "off");
            return set.then_some(Piece::Enforcement);
        }
        if let "event" | "trait" | "account" = word {
            return self.declared(index, word).map(Piece::Declaration);
        }
        if word == "identity" {
            return (after == "{").then_some(Piece::Identity);
        }
        let kind = declares(word)?;
        let goes_on = RESERVED.contains(&after)
            || matches!(
                after,
                "exists" | "does" | "contains" | "in" | "starts" | "ends" | "before" | "after" | "within"
            );
        let opens = self.tokens.at(index + 2 + usize::from(self.titled(index + 2))) == "{";
        let named = match next.kind {
            Kind::Word => !goes_on || opens,
            Kind::String | Kind::Number => true,
            Kind::Sign => after == "{",
        };
        named.then_some(Piece::Declaration(kind))
    }

    fn titled(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::String)
    }

    /// What an `event`, `trait` or `account` declares that may also be a word of a condition: a schema with its `{` or
    /// `:`, or a computed trait with its function.
    fn declared(&self, index: usize, word: &str) -> Option<Declares> {
        if word == "event" {
            let opens = self.titled(index + 1) && self.tokens.at(index + 2) == "{";
            return opens.then_some(Declares::Event);
        }
        let (kind, index) = match word {
            "account" => (Declares::AccountTrait, index + 1),
            _ => (Declares::Trait, index),
        };
        let equals = index + 2 + usize::from(self.titled(index + 2));
        // A test against a trait or property that is called `of` looks alike: `trait a = trait of`,
        // `trait a = order.of`.
        let computes = self.tokens.at(equals) == "="
            && self.tokens.at(equals + 1) != "trait"
            && match self.tokens.at(equals + 2) {
                "of" | "(" => true,
                "." => false,
                _ => self.tokens.at(equals + 3) == "of",
            };
        let declared = self.tokens.at(index) == "trait" && (self.tokens.at(index + 2) == ":" || computes);
        declared.then_some(kind)
    }

    // ---- brackets and nesting

    fn bracket(&mut self, index: usize, token: Token, sign: &str) {
        let (depth, round, square) = self.open.last().map_or((0, 0, 0), |o| (o.depth, o.round, o.square));
        match sign {
            "(" => {
                let depth = depth + self.nots + self.anys + 1;
                self.check_depth(depth, token);
                self.push(index, '(', depth, round + 1, square);
            }
            "[" => self.push(index, '[', depth, round, square + 1),
            "{" => {
                if let Some(current) = &mut self.chunk {
                    current.braced = true;
                }
                self.push(index, '{', depth, 0, 0);
            }
            ")" => self.pop(token, '(', ')', round > 0),
            "]" => self.pop(token, '[', ']', square > 0),
            "}" => {
                if self.braces > 0 {
                    self.pop(token, '{', '}', true);
                }
                if let (Some(current), true) = (&mut self.chunk, self.open.is_empty()) {
                    current.closed = true;
                }
            }
            _ => {}
        }
    }

    fn push(&mut self, index: usize, sign: char, depth: u32, round: u32, square: u32) {
        self.braces += u32::from(sign == '{');
        self.open.push(Open {
            index,
            sign,
            depth,
            round,
            square,
        });
    }

    /// Closes the nearest `opening`; those of other kinds in between were forgotten.
    fn pop(&mut self, token: Token, opening: char, closing: char, there: bool) {
        if !there {
            let help = match (opening, self.open.last().map(|open| open.sign)) {
                (_, Some('(')) => "brackets that begin with `(` end with `)`".to_owned(),
                (_, Some('[')) => "a list that begins with `[` ends with `]`".to_owned(),
                _ => format!("remove it, or add the `{opening}` that belongs to it"),
            };
            let message = format!("this `{closing}` closes nothing");
            let diagnostic = Diagnostic::error(Code::Syntax, self.tokens.span(token), message).help(help);
            self.structure(diagnostic);
            return;
        }
        while let Some(open) = self.open.pop() {
            self.braces -= u32::from(open.sign == '{');
            if open.sign == opening {
                return;
            }
            let diagnostic = self.unclosed_bracket(&open);
            self.structure(diagnostic);
        }
    }

    fn structure(&mut self, diagnostic: Diagnostic) {
        if let Some(current) = &mut self.chunk {
            current.chunk.structure.get_or_insert(diagnostic);
        }
    }

    fn unclosed_bracket(&self, open: &Open) -> Diagnostic {
        let span = self
            .tokens
            .get(open.index)
            .map_or_else(Default::default, |t| self.tokens.span(t));
        let help = match open.sign {
            '[' => "add `]` after the last value",
            _ => "add `)` after the last condition that belongs inside",
        };
        Diagnostic::error(Code::Syntax, span, format!("this `{}` is never closed", open.sign)).help(help)
    }

    /// The bottommost bracket that is still open where its item ends.
    fn unclosed(&self, current: &Current, open: &Open, end: usize) -> Diagnostic {
        if open.sign != '{' {
            return self.unclosed_bracket(open);
        }
        let span = self
            .tokens
            .get(open.index)
            .map_or_else(Default::default, |t| self.tokens.span(t));
        let name = name_of(self.tokens, &current.chunk).map(|token| shorten(self.tokens.text(token)));
        let what = match (current.chunk.piece, name) {
            (Piece::Declaration(Declares::Destination), Some(name)) => format!("the settings of `{name}` are"),
            (Piece::Declaration(Declares::Event), Some(name)) => format!("the event `{}` is", name.trim_matches('"')),
            (Piece::Declaration(kind), Some(name)) => format!("the {} `{name}` is", kind.as_str()),
            (Piece::Identity, _) => "`identity` is".to_owned(),
            _ => "this is".to_owned(),
        };
        let place = match (self.tokens.at(end), self.tokens.at(end + 1)) {
            ("", _) => "at the end of the file".to_owned(),
            ("account", "trait") => format!("before `account trait {}`", shorten(self.tokens.at(end + 2))),
            (keyword, name) => format!("before `{keyword} {}`", shorten(name)),
        };
        Diagnostic::error(Code::Syntax, span, format!("{what} opened here and never closed"))
            .help(format!("add `}}` {place}"))
    }

    /// Counts `any` and the quantifiers, which nest by themselves, and once more by their brackets; between the two stands
    /// a path or `user`.
    fn element(&mut self, index: usize, token: Token, word: &str) {
        let quantifies = match word {
            "any" => true,
            // Elsewhere these are names of properties.
            "all" | "no" => self.tokens.at(index + 1).starts_with("user") && self.tokens.at(index + 2) == "(",
            _ => false,
        };
        if quantifies && self.is_operator(index) {
            self.anys = self.nots + 1;
            let depth = self.open.last().map_or(0, |open| open.depth) + self.anys;
            self.check_depth(depth, token);
        } else if token.kind == Kind::Sign && word != "." {
            self.anys = 0;
        }
    }

    /// Counts the `not`s of a condition. `not` can also be part of a path (after `trait` or a dot) or of a test (after a
    /// path): neither nests.
    fn negation(&mut self, index: usize, token: Token, word: &str) {
        if word != "not" || !self.is_operator(index) {
            self.nots = 0;
            return;
        }
        self.nots += 1;
        let depth = self.open.last().map_or(0, |open| open.depth) + self.nots;
        self.check_depth(depth, token);
    }

    fn is_operator(&self, index: usize) -> bool {
        let before = |back: usize| index.checked_sub(back).map_or("", |at| self.tokens.at(at));
        let in_path = matches!(before(2), "trait" | ".") && before(2 + 1) != ".";
        let inside = self.open.last().is_some_and(|open| open.sign == '(');
        match before(1) {
            "(" => true,
            "and" | "or" | "not" => !in_path,
            "who" => !in_path && !inside,
            _ => false,
        }
    }

    fn check_depth(&mut self, depth: u32, token: Token) {
        if let Some(current) = &mut self.chunk {
            current.chunk.depth = current.chunk.depth.max(depth);
        }
        if depth <= MAX_NESTING {
            return;
        }
        let word = self.tokens.text(token);
        let help = if word == "not" && self.nots > 2 {
            "remove `not` in pairs"
        } else {
            "use fewer brackets, or move a part into an audience of its own and refer to it with `member of`"
        };
        let message = format!("brackets, `not` and `any` are nested more than {MAX_NESTING} deep");
        let diagnostic = Diagnostic::error(Code::Limit, self.tokens.span(token), message).help(help);
        if let Some(current) = &mut self.chunk {
            current.chunk.too_deep.get_or_insert(diagnostic);
        }
    }
}

/// The token that a declaration seems to have as its name.
pub(super) fn name_of(tokens: &Tokens<'_>, chunk: &Chunk) -> Option<Token> {
    let at = match chunk.piece {
        Piece::Declaration(Declares::AccountTrait) => chunk.first + 2,
        _ => chunk.first + 1,
    };
    let token = tokens.get(at).filter(|_| at < chunk.end)?;
    let word = tokens.text(token);
    let other = word == "requires" || (token.first && declares(word).is_some());
    (token.kind != Kind::Sign && !other).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::FileId;
    use crate::syntax::lex::lex;

    /// The first two words of each piece, and how many errors lie between them.
    fn pieces(text: &str) -> (Vec<String>, usize) {
        let tokens = lex(FileId(0), text);
        let (chunks, strays) = split(&tokens);
        let begin = |chunk: &Chunk| format!("{} {}", tokens.at(chunk.first), tokens.at(chunk.first + 1));
        (chunks.iter().map(begin).collect(), strays.len())
    }

    fn depth(condition: &str) -> u32 {
        let text = format!("audience a {{ who {condition} }}");
        let tokens = lex(FileId(0), &text);
        split(&tokens).0.iter().map(|chunk| chunk.depth).max().unwrap_or(0)
    }

    #[test]
    fn items_begin_at_their_keywords() {
        assert_eq!(
            pieces("category a category b\ndestination c {}\n}").0,
            ["category a", "category b", "destination c"]
        );
        // As names, keywords lack their quotes; the item is one all the same.
        assert_eq!(
            pieces("category category\ndestination a requires consent").0,
            ["category category", "destination a"]
        );
        // `of`, `from` and `as` may be names: what follows them begins anew, and what goes on with it is its own.
        assert_eq!(
            pieces("category of trait a = count of \"A\" between 0 and 1\nminutes ago").0,
            ["category of", "trait a"]
        );
        assert_eq!(
            pieces("destination from requires as trait a = count of \"A\" as of trait b = count of \"A\"\nago").0,
            ["destination from", "trait a", "trait b"]
        );
        assert_eq!(
            pieces("audience a {\ncategory b\naudience c {\n}").0,
            ["audience a", "category b", "audience c"]
        );
        assert_eq!(pieces("}\n} category a }"), (vec!["category a".to_owned()], 3));
        assert_eq!(
            pieces(
                "audience a {} identity {\n  phone limit 1\n} audience b {\nidentity {\n}\nidentity\n  phone limit 1\n}"
            ),
            (
                ["audience a", "identity {", "audience b", "identity {", "identity phone"]
                    .map(str::to_owned)
                    .to_vec(),
                0
            )
        );
        // As a name it lacks its quotes.
        for text in [
            "audience identity {}",
            "category identity",
            "destination a requires identity",
        ] {
            assert_eq!(pieces(text).0.len(), 1, "{text}");
        }
    }

    #[test]
    fn traits_and_events_begin_as_other_items_do() {
        for (text, expected) in [
            // Several on a line, and a trait over several.
            (
                "trait a = count of \"A\" event \"B\" {} account trait c: string category d",
                vec!["trait a", "event \"B\"", "account trait", "category d"],
            ),
            (
                "trait\na\n\"A\"\n=\nunique\nlist\nof\nx\nfrom\n\"A\"\nwithin\n30\ndays\nwhere\n(\nx = 1\n)\ntrait b: list\nof\none\nof \
                 [1]",
                vec!["trait a", "trait b"],
            ),
            (
                "account\ntrait\na = most\nfrequent\nof x\nfrom \"A\"\nat\nleast\n2\ntimes\nbetween 1\nand 2\nhours\nago",
                vec!["account trait"],
            ),
            (
                "audience a\nof\naccounts {\n}\nevent\n\"A\"\n{\n}",
                vec!["audience a", "event \"A\""],
            ),
            // Names that are keywords, and properties that are.
            (
                "trait category: string trait event.trait: number",
                vec!["trait category", "trait event"],
            ),
            (
                "trait\ncategory: string\ntrait\naudience.trait: number",
                vec!["trait category", "trait audience"],
            ),
            (
                "trait a = first of category from \"A\" trait b = last of event from \"B\"",
                vec!["trait a", "trait b"],
            ),
            (
                "trait a = first of\ncategory from \"A\"\ncategory b",
                vec!["trait a", "category b"],
            ),
            ("trait event = count of \"A\"", vec!["trait event"]),
            (
                "event \"A\" {\ncategory: string,\nevent: string,\naudience.id: number\n}",
                vec!["event \"A\""],
            ),
            // What lacks its quotes, its function or its `of` is no item of its own.
            ("trait top category = count of \"A\"", vec!["trait top"]),
            ("trait a = last category from \"A\"", vec!["trait a"]),
            ("trait a = trait b", vec!["trait a"]),
            ("trait a = sum of b from event \"A\"", vec!["trait a"]),
            ("trait a = \"b\" and trait c = \"d\"", vec!["trait a"]),
            ("trait a = sum of b\n  form \"A\"\n  daily", vec!["trait a"]),
            // A `}` or a `{` has been forgotten.
            ("audience a {\n\ntrait b: string\n", vec!["audience a", "trait b"]),
            (
                "audience a {\n\naccount trait b: string\n",
                vec!["audience a", "account trait"],
            ),
            ("event \"A\" {\n\nevent \"B\" {\n}", vec!["event \"A\"", "event \"B\""]),
            (
                "event \"A\" {\n\ntrait b = unique list of c from \"B\"",
                vec!["event \"A\"", "trait b"],
            ),
            (
                "audience a {\n\ntrait b = sum(c) from \"B\"",
                vec!["audience a", "trait b"],
            ),
            (
                "audience a\n\ntrait b \"B\" = sum of c from \"B\"",
                vec!["audience a", "trait b"],
            ),
            ("event \"A\"\n  b: string,\n  c: number\n}", vec!["event \"A\""]),
            // Conditions at the margin are none.
            (
                "audience a {\nwho\ntrait b = \"c\"\nand\ntrait event = trait category\nand\naccount\ntrait d exists\n}",
                vec!["audience a"],
            ),
            (
                "audience a {\nwho (\ntrait b = order.of\nand\ntrait \"c\" = \"or\".of.d\nand\ntrait e = trait of\nand\naccount trait f = \
                 trait of.g\nand trait h = trait list.of)\n}",
                vec!["audience a"],
            ),
        ] {
            assert_eq!(
                pieces(text),
                (expected.into_iter().map(str::to_owned).collect(), 0),
                "{text}"
            );
        }
    }

    #[test]
    fn nesting_counts_brackets_and_nots() {
        for (condition, expected) in [
            ("trait x = 1", 0),
            ("not trait x = 1", 1),
            ("not not (trait x = 1)", 3),
            ("not (trait x = 1 and not (trait y = 1))", 4),
            ("(trait x = 1) and (trait y = 1)", 1),
            ("any trait x (item = 1)", 2),
            ("not any trait x.y (not item = 1 and any z (w = 1))", 5),
            ("performed \"E\" where (any x (not (y = 1)))", 5),
            ("not any user (trait x = 1)", 3),
            ("all users (not trait x = 1) and no user (trait y = 1)", 3),
            // Of these, none is an operator.
            ("performed \"E\" where (all = 1 and (no = 2))", 2),
            ("trait any = 1 and (trait x = 1)", 1),
            ("trait x contains any of [1] and (trait x = 1)", 1),
            // Neither of these is the `not` of a condition.
            ("trait x not in [1]", 0),
            ("trait not = 1 and trait and not in [1] and trait x.not exists", 0),
            ("performed \"E\" where (who not in [1])", 1),
            ("performed \"E\" where (not in in [1])", 2),
        ] {
            assert_eq!(depth(condition), expected, "{condition}");
        }
    }
}
