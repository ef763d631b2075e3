//! What other languages of this kind have, and this one has not yet. It is named, so that nobody looks for a slip of the
//! pen; and a help never takes away what made an audience smaller without saying so.

use super::condition;
use super::site::Site;
use crate::diagnostic::Diagnostic;
use crate::syntax::ast::Declares;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;
use crate::syntax::split::Piece;

const ACCOUNTS: &str = "audiences of accounts are not part of the language yet";

fn missing(what: &str) -> String {
    format!("{what} are not part of the language yet")
}

/// Words inside of an audience.
pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    let (filter, begins) = (condition::wants_filter(site), condition::wants_condition(site));
    match found {
        "then" if site.wants(&[Rule::joiner]) => Some(then(site)),
        "as" if site.wants(&[Rule::modifier]) => {
            let named = site.text(0, isize::from(site.is_name(1)));
            let last = isize::from(site.is_name(1));
            Some(
                site.error(0, last, missing("funnels, and the names (`as`) of their steps,"))
                    .help(format!("remove `{named}`")),
            )
        }
        "lookback" if site.wants(&[Rule::clause]) => Some(lookback(site)),
        "of" if site.wants(&[Rule::open_brace]) && site.chunk.piece == Piece::Declaration(Declares::Audience) => {
            let (whose, name) = (site.word(1), site.word(-1));
            let last = isize::from(site.kind(1) == Some(Kind::Word));
            let accounts = whose.starts_with("account");
            let message = if accounts {
                ACCOUNTS.to_owned()
            } else {
                "an audience is always one of people".to_owned()
            };
            Some(
                site.error(0, last, message)
                    .help(format!("write `audience {name} {{`, for an audience of people")),
            )
        }
        "any" | "all" | "no" | "every" | "each" | "some"
            if begins
                && matches!(
                    site.word(1),
                    "user" | "users" | "person" | "people" | "member" | "members"
                )
                && site.word(2) == "(" =>
        {
            let help = if found == "no" {
                "write `not` in front of what a person must not meet"
            } else {
                "write the condition that a person meets, without the words before its brackets"
            };
            Some(site.error(0, 1, ACCOUNTS).help(help))
        }
        "any" | "all" | "every" | "each" | "some" if filter && site.is_name(1) && !tests(site.word(1)) => {
            Some(objects(site, 1))
        }
        "any" | "all" | "every" | "each" | "some" if begins && site.word(1) == "trait" && site.word(3) == "(" => {
            Some(objects(site, 2))
        }
        "account" | "accounts" if begins && matches!(site.word(1), "trait" | "performed") => {
            Some(site.error(0, 0, missing("conditions on accounts")).help(format!(
                "if the same is sent of the person, write `{}`",
                site.condition(1)
            )))
        }
        "sum" | "average" | "avg" | "total" | "min" | "minimum" | "max" | "maximum" | "median"
            if begins && matches!(site.word(1), "of" | "(") =>
        {
            Some(
                site.error(0, 0, missing(&format!("values computed from events (`{found}`)")))
                    .help("send the value as a trait of the person, and test that, such as `trait total_spent > 100`"),
            )
        }
        _ => None,
    }
}

fn tests(word: &str) -> bool {
    super::words::of(Rule::test).contains(&word)
}

fn then(site: &Site<'_, '_>) -> Diagnostic {
    let message = missing("funnels (`then`)");
    let begin = (-24..0).rev().find(|at| site.word(*at) == "performed");
    let second = if site.word(1) == "performed" { 2 } else { 1 };
    let both = begin.filter(|_| site.kind(second) == Some(Kind::String)).map(|begin| {
        format!(
            "`performed {} and performed {}`",
            site.word(begin + 1),
            site.word(second)
        )
    });
    let joined = both.as_deref().unwrap_or("`and`");
    site.error(0, 0, message).help(format!(
        "{joined} asks for both in any order, so it can hold for more people"
    ))
}

fn lookback(site: &Site<'_, '_>) -> Diagnostic {
    let from = if matches!(site.word(1), "window" | "=" | ":") {
        2
    } else {
        1
    };
    let given = site.kind(from) == Some(Kind::Number);
    let duration = if given {
        site.text(from, from + 1)
    } else {
        "90 days".to_owned()
    };
    site.error(
        0,
        if given { from + 1 } else { 0 },
        "one window of time for all events (`lookback`) is not part of the language yet",
    )
    .help(format!(
        "write `within {duration}` behind the event of each `performed` instead"
    ))
}

fn objects(site: &Site<'_, '_>, name: isize) -> Diagnostic {
    let found = site.found();
    let list = match site.word(name) {
        "item" => "categories",
        list => list,
    };
    let trait_ = if name == 2 { "trait " } else { "" };
    site.error(
        0,
        name,
        format!("looking into the objects of a list (`{found}`) is not part of the language yet"),
    )
    .help(format!(
        "if plain values are sent in the list, write for example `{trait_}{list} contains \"shoes\"`"
    ))
}

/// A word that begins an item elsewhere; the place is at it.
pub(super) fn item(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let word = site.found();
    let error = |what: &str| site.error(0, 0, missing(what));
    Some(match word {
        "identity" => error("rules of identity (`identity`)").help("remove it"),
        "event" => error("schemas of events (`event …`)").help("remove it: an event needs no description"),
        "account" => error("accounts (`account`)").help("remove it"),
        "trait" => {
            let test = site.word(2);
            let value = site.is_value(3) && site.is_first(4);
            if test == ":" {
                error("schemas of traits (`trait …: …`)").help("remove it: a trait needs no description")
            } else if test == "=" && !value {
                error("computed traits (`trait … = …`)").help(
                    "remove it, and send the value as a trait of the person; how often something was done, a condition \
                     can ask: `performed \"Order Completed\" at least 3 times`",
                )
            } else {
                let mut last = 0;
                while !site.is_first(last + 1) {
                    last += 1;
                }
                site.error(0, 0, "a condition stands inside an audience, after `who`")
                    .help(format!(
                        "write for example `audience readers {{ who {} }}`",
                        site.text(0, last)
                    ))
            }
        }
        _ => return None,
    })
}
