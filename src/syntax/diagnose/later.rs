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
    // `any` is read before what follows it.
    if site.word(-1) == "any" && site.wants(&[Rule::kw_trait]) {
        return quantifier(&Site {
            index: site.index.saturating_sub(1),
            ..*site
        });
    }
    let begins = condition::wants_condition(site);
    if begins && let Some(error) = quantifier(site) {
        return Some(error);
    }
    match found {
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

/// `any user (`, and its like.
fn quantifier(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    let people = matches!(
        site.word(1),
        "user" | "users" | "person" | "people" | "member" | "members"
    );
    let word = matches!(found, "any" | "all" | "no" | "every" | "each" | "some");
    if found == "any" && site.word(1) == "account" {
        return Some(site.error(0, 1, missing("conditions on accounts")).help(format!(
            "if the same is sent of the person, write `any {}`",
            site.condition(2)
        )));
    }
    if !(word && people && site.word(2) == "(") {
        return None;
    }
    let help = if found == "no" {
        "write `not` in front of what a person must not meet"
    } else {
        "write the condition that a person meets, without the words before its brackets"
    };
    Some(site.error(0, 1, ACCOUNTS).help(help))
}

/// A word that begins an item elsewhere; the place is at it.
pub(super) fn item(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let word = site.found();
    let error = |what: &str| site.error(0, 0, missing(what));
    Some(match word {
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
