//! Texts that are hard to quote, wherever a definition can have them: as constants of every test, names of events, paths, keys of
//! elements, names of destinations and audiences.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use volens::sql::Dialect;
use volens::{ConsentState, Profile, Profiles, Timestamp, Value};

use crate::cases::{Alone, Case, Tally};
use crate::engines::Engines;
use crate::number;
use crate::smaller;

/// What quoting, escaping, comments and patterns are made of, and characters at the edges of encodings.
const PIECES: [&str; 60] = [
    "'",
    "''",
    "\"",
    "\"\"",
    "`",
    "``",
    "\\",
    "\\\\",
    "\\'",
    "\\n",
    "\\x27",
    "\\u0027",
    "%",
    "_",
    "\\%",
    "\\_",
    "*",
    "?",
    "[",
    "]",
    "^",
    "$",
    ";",
    "--",
    "-- ",
    "/*",
    "*/",
    "#",
    "//",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\0",
    "\u{1}",
    "\u{1a}",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{fffd}",
    "\u{10ffff}",
    "\u{d7ff}",
    "\u{e000}",
    "\u{ffff}",
    "\u{10000}",
    "🎉",
    "ü",
    "u\u{308}",
    "İ",
    "ß",
    "ſ",
    "{}",
    "${x}",
    ":x",
    "?1",
    "$1",
    "$$",
    "N'",
    " ",
];
const WORDS: [&str; 12] = [
    "a",
    "A",
    "select",
    "' OR 1=1 --",
    "'; DROP TABLE events; --",
    "null",
    "E'",
    "r'",
    "X'41'",
    "5",
    "true",
    "item",
];

/// A small generator of its own (xorshift).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Dice(seed)
    }

    pub(crate) fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.below(6) {
            match self.below(8) {
                0 | 1 => text += WORDS[self.below(WORDS.len())],
                2 => text.extend(char::from_u32(u32::try_from(self.below(0x300)).unwrap())),
                // Of all that there are; a surrogate is none.
                3 => text.extend(char::from_u32(u32::try_from(self.below(0x11_0000)).unwrap())),
                _ => text += PIECES[self.below(PIECES.len())],
            }
        }
        text
    }

    fn name(&mut self) -> String {
        format!("{}{}", self.text(), self.below(1_000_000))
    }

    /// So many different ones, sorted.
    fn texts(&mut self, count: usize, make: fn(&mut Self) -> String) -> Vec<String> {
        let mut texts = BTreeSet::new();
        while texts.len() < count {
            texts.insert(make(self));
        }
        texts.into_iter().collect()
    }
}

/// As a definition has it: what cannot be seen is written by its number.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='~' => quoted.push(c),
            c if c.is_alphabetic() => quoted.push(c),
            c => c
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| write!(quoted, "\\u{unit:04x}").unwrap()),
        }
    }
    quoted + "\""
}

/// A workspace of such texts and people that have them, or nearly.
fn hostile(dice: &mut Dice, count: usize, turn: usize) -> Case {
    let literals = dice.texts(count, Dice::text);
    let names = dice.texts(25, Dice::name);
    let [paths, events, destinations] = [0, 1, 2].map(|third| names.iter().skip(third).step_by(3).collect::<Vec<_>>());
    let each = |form: &dyn Fn(&String) -> String, of: &[String]| of.iter().map(form).collect::<Vec<_>>().join(" or ");
    let some = literals.get(..literals.len().min(40)).unwrap();
    let list: Vec<String> = literals.iter().map(|text| quoted(text)).collect();

    let mut text = "category A\n".to_owned();
    for name in &destinations {
        writeln!(text, "destination {} requires A", quoted(name)).unwrap();
    }
    let mut audience = |name: &str, who: String| {
        let to: Vec<String> = destinations.iter().map(|name| quoted(name)).collect();
        writeln!(
            text,
            "audience {} {{ who {who}\n send to {} }}",
            quoted(name),
            to.join(", ")
        )
        .unwrap();
    };
    audience("in", format!("trait p in [{}]", list.join(", ")));
    let few: Vec<String> = some.iter().map(|text| quoted(text)).collect();
    audience("any", format!("trait l contains any of [{}]", few.join(", ")));
    audience("text", format!("trait p contains any of [{}]", quoted(&some.concat())));
    for (name, test) in [
        ("is", "="),
        ("starts", "starts with"),
        ("ends", "ends with"),
        ("contains", "contains"),
    ] {
        audience(
            name,
            each(&|literal| format!("trait p {test} {}", quoted(literal)), some),
        );
    }
    let paths: Vec<String> = paths.into_iter().cloned().collect();
    let events: Vec<String> = events.into_iter().cloned().collect();
    audience("paths", each(&|path| format!("trait {} = 5", quoted(path)), &paths));
    audience(
        "elements",
        format!(
            "any trait l ({})",
            each(&|path| format!("{} = 5", quoted(path)), &paths)
        ),
    );
    audience(
        // What a comment of the query says.
        "\n'; drop table profiles; --\r*/\0\\",
        each(
            &|event| format!("performed {0} where ({0} = 5)", quoted(event)),
            &events,
        ),
    );

    let profiles: Profiles = (0..count)
        .map(|at| {
            let mut text = || {
                let literal = literals[dice.below(literals.len())].clone();
                match dice.below(4) {
                    0 | 1 => literal,
                    2 => literal.replacen('\\', "", 1) + WORDS[dice.below(WORDS.len())],
                    _ => format!("{}{literal}", dice.text()),
                }
            };
            let (p, l) = (text(), text());
            let (path, event) = (&paths[dice.below(paths.len())], &events[dice.below(events.len())]);
            let other = &events[dice.below(events.len())];
            let element = Value::Object([(path.as_str(), Value::from(5))].into_iter().collect());
            let state = ConsentState::ALL[dice.below(2)];
            Profile::builder()
                .user_id(&format!("u{at}"))
                .consent("A", state)
                .trait_("p", p)
                .trait_("l", vec![Value::from(l), element])
                .trait_(path, 5)
                .event(event, Timestamp::EPOCH, [(other.as_str(), Value::from(5))])
                .event(
                    event,
                    Timestamp::EPOCH,
                    [(if at % 2 == 0 { event } else { other }.as_str(), Value::from(5))],
                )
                .build()
        })
        .collect();
    Case {
        text,
        profiles,
        now: Timestamp::EPOCH,
        odd: turn.is_multiple_of(2),
        alone: Alone::Some(turn),
    }
}

/// A workspace of such names: each is that of a trait, an audience and a destination, and so of columns that are read and of
/// columns that are answered.
fn named(dice: &mut Dice, count: usize, turn: usize) -> Case {
    // No two are the same, whatever becomes of what cannot stand in a name.
    let names: Vec<String> = (0..count).map(|at| format!("{}~{at}", dice.text())).collect();
    let mut text = "category A\n".to_owned();
    for (at, name) in names.iter().enumerate() {
        let (name, next) = (quoted(name), quoted(&names[(at + 1) % count]));
        writeln!(text, "destination {name} requires A").unwrap();
        writeln!(text, "audience {name} {{ who trait {name} = 5  send to {next} }}").unwrap();
    }
    // Each name by whether so many people have it.
    let profiles = (0..16).map(|at| {
        let user = Profile::builder().user_id(&format!("u{at}"));
        let user = user.consent("A", ConsentState::ALL[dice.below(2)]);
        let has = names.iter().map(|name| (name, 5 + i64::from(dice.below(2) == 1)));
        has.fold(user, |user, (name, value)| user.trait_(name, value)).build()
    });
    Case {
        profiles: profiles.collect(),
        text,
        now: Timestamp::EPOCH,
        odd: turn.is_multiple_of(2),
        alone: Alone::Some(turn),
    }
}

/// Names that an engine could take for one another.
fn alike(odd: bool) -> Case {
    let text = r#"
        category Ads
        category ADS
        destination z requires Ads
        destination Z requires ADS
        destination "y:z" requires Ads
        audience x { who trait plan = 5 and performed "E" where (p = 5)  send to z, Z, "y:z" }
        audience X { who trait Plan = 5 and performed "e" where (P = 5)  send to Z, "y:z" }
        audience "x:y" { who trait a.b = 5 or trait "a.b" = 6 or any trait l (k = 5 and not K = 5)  send to z, Z }
    "#;
    let profiles = (0..64_i64).map(|at| {
        let bit = |bit: u32| at >> bit & 1 == 1;
        let five = |is: bool| Value::from(if is { 5 } else { 6 });
        let state = |is: bool| {
            if is {
                ConsentState::Granted
            } else {
                ConsentState::Denied
            }
        };
        let element = Value::Object([("k", five(bit(0))), ("K", five(bit(1)))].into_iter().collect());
        let inner = Value::Object([("b", five(bit(2)))].into_iter().collect());
        Profile::builder()
            .user_id(&format!("u{at}"))
            .consent("Ads", state(bit(4)))
            .consent("ADS", state(bit(5)))
            .trait_("plan", five(bit(0)))
            .trait_("Plan", five(bit(1)))
            .trait_("a", inner)
            .trait_("a.b", five(bit(3)))
            .trait_("l", vec![element])
            .event("E", Timestamp::EPOCH, [("p", five(bit(2))), ("P", five(bit(3)))])
            .event("e", Timestamp::EPOCH, [("p", five(bit(3))), ("P", five(bit(2)))])
            .build()
    });
    Case {
        text: text.to_owned(),
        profiles: profiles.collect(),
        now: Timestamp::EPOCH,
        odd,
        alone: Alone::Each,
    }
}

/// So many constants and as many names, some hundred at a time, and names that are nearly the same.
fn round_trip(dialect: Dialect, texts: u32) {
    let Some(mut engines) = Engines::start() else {
        return;
    };
    let mut tally = Tally::default();
    let mut ask = |case: Case| {
        if case.wrong(&mut engines, dialect, &mut tally).is_some() {
            let told = smaller::told(case, &mut engines, dialect);
            panic!("{dialect}: {}", told.unwrap_or_default());
        }
    };
    [false, true].map(alike).into_iter().for_each(&mut ask);
    let mut dice = Dice::new(0x9e37_79b9_7f4a_7c15);
    // Constants stand in a list; names are columns, of which no engine has thousands with ease. Both kinds of session are asked.
    let [constants, names] = [2500, 500].map(|most| (texts as usize).div_ceil(2).clamp(1, most));
    for turn in 0..(texts as usize).div_ceil(constants) {
        ask(hostile(&mut dice, constants, turn));
    }
    for turn in 0..(texts as usize).div_ceil(names) {
        ask(named(&mut dice, names, turn));
    }
    println!("{texts} constants and as many names:");
    tally.print(dialect);
}

#[test]
fn texts_come_through_duckdb() {
    round_trip(Dialect::DuckDb, number("VOLENS_SQL_TEXTS").unwrap_or(1000));
}

#[test]
fn texts_come_through_datafusion() {
    round_trip(Dialect::DataFusion, number("VOLENS_SQL_TEXTS").unwrap_or(1000));
}

#[test]
fn texts_come_through_spark() {
    match number("VOLENS_SPARK_TEXTS") {
        Some(texts) => round_trip(Dialect::Spark, texts),
        None => eprintln!("Spark was not asked: VOLENS_SPARK_TEXTS says how many texts to try"),
    }
}
