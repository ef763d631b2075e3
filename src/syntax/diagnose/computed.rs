//! Slips in computed traits: `trait revenue = sum of revenue from "Order Completed"`.
//!
//! A window or filter that an author meant is never dropped by a help: without it, a sum is another number.

use super::aggregate::{self, BEGIN, alias, called, computes};
use super::literal;
use super::performed;
use super::site::Site;
use super::words::{self, RESERVED, nearest};
use crate::diagnostic::Diagnostic;
use crate::syntax::ast::Declares;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;
use crate::syntax::split::Piece;

/// How a declaration of a trait begins.
pub(super) struct Head<'t> {
    /// `trait` or `account trait`.
    pub(super) keyword: &'static str,
    /// Where its name stands.
    pub(super) at: isize,
    pub(super) name: &'t str,
}

/// The declaration that the place is in.
pub(super) fn head<'t>(site: &Site<'_, 't>) -> Option<Head<'t>> {
    let first = -isize::try_from(site.index.checked_sub(site.chunk.first)?).ok()?;
    let (keyword, at) = match site.chunk.piece {
        Piece::Declaration(Declares::Trait) => ("trait", first + 1),
        Piece::Declaration(Declares::AccountTrait) => ("account trait", first + 2),
        _ => return None,
    };
    Some(Head {
        keyword,
        at,
        name: site.word(at),
    })
}

pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let head = head(site)?;
    if site.wants(&[Rule::kw_trait]) {
        return Some(
            site.error(-1, -1, "after `account`, `trait` is missing")
                .help("write `account trait` and its name"),
        );
    }
    if site.wants(&[Rule::name, Rule::key]) && head.at == 0 {
        return Some(name(site, &head));
    }
    if site.wants(&[Rule::op_equals, Rule::colon]) {
        return Some(behind_name(site, &head));
    }
    if let Some(error) = aggregate::diagnose(site, &head) {
        return Some(error);
    }
    if site.wants(&[Rule::modifier]) {
        return Some(modifier(site, &head));
    }
    if site.wants(&[Rule::filter_unary, Rule::filter, Rule::test]) {
        return filter(site);
    }
    None
}

/// What an operator or a value behind a name makes: a condition, which stands elsewhere.
pub(super) fn condition_outside(site: &Site<'_, '_>, head: &Head<'_>) -> Diagnostic {
    let first = head.at - if head.keyword == "trait" { 1 } else { 2 };
    let mut last = head.at;
    while site.token(last + 1).is_some() && last < 60 {
        last += 1;
    }
    let whom = if head.keyword == "trait" { "" } else { " of accounts" };
    site.error(first, last, "a condition stands inside an audience, after `who`")
        .help(format!(
            "write for example `audience readers{whom} {{ who {} }}`",
            site.text(first, last)
        ))
}

// ---- the name

fn name(site: &Site<'_, '_>, head: &Head<'_>) -> Diagnostic {
    let (found, keyword) = (site.found(), head.keyword);
    match site.kind(0) {
        Some(Kind::Number) if !site.is_first(0) => site
            .error(0, 0, "a name that begins with a digit needs quotes")
            .help(format!("write `{keyword} \"{found}\"`")),
        Some(Kind::Word) if !found.is_ascii() => {
            let odd = found.chars().find(|c| !c.is_ascii()).unwrap_or(' ');
            site.error(
                0,
                0,
                format!(
                    "a name with `{odd}` needs quotes: without them, names consist of the letters a to z and A to Z, \
                     digits, `_` and `-`"
                ),
            )
            .help(format!("write `{keyword} \"{found}\"`"))
        }
        _ if found == "{" => site
            .error(0, 0, "traits are declared one by one, without `{ }`")
            .help(format!("write for example `{keyword} plan: string`")),
        _ => site
            .error(if keyword == "trait" { -1 } else { -2 }, -1, "this trait has no name")
            .help(format!(
                "write a name after `{keyword}`, such as `{keyword} revenue = sum of revenue from \"Order Completed\"`"
            )),
    }
}

/// `=` or `:` is wanted.
fn behind_name(site: &Site<'_, '_>, head: &Head<'_>) -> Diagnostic {
    let found = site.found();
    let Head { keyword, at, name } = *head;
    let last = site.path_end(at);
    let titled = site.kind(last + 1) == Some(Kind::String) && last + 1 < 0;
    // Behind a path, or a word of the language, only a type can stand.
    if found == "=" && !site.wants(&[Rule::op_equals]) {
        let path = site.text(at, last);
        if computes(site, 1) {
            return if last > at {
                site.error(at, last, "the name of a computed trait has no parts")
                    .help(format!(
                        "write `{}`, or in quotes `\"{path}\"`",
                        path.replace('.', "_").replace('"', "")
                    ))
            } else {
                site.error(
                    at,
                    at,
                    format!("`{name}` is a word of the language, so as the name of a computed trait it needs quotes"),
                )
                .help(format!("write `{keyword} \"{name}\" = {}`", rest(site, 1)))
            };
        }
        return condition_outside(site, head);
    }
    let equals = |from: isize| format!("write `{keyword} {} = {}`", site.text(at, -1), rest(site, from));
    match found {
        "==" | ":=" | "=>" | "<-" if computes(site, 1) => {
            return site.error(0, 0, format!("`{found}` is written `=`")).help(equals(1));
        }
        "is" | "as" | "equals" | "means" | "are" | "->" if computes(site, 1) => {
            return site
                .error(0, 0, format!("`{found}` is written `=` here"))
                .help(equals(1));
        }
        "of" | "for" if site.word(1).starts_with("account") => {
            return site
                .error(0, 1, "whose trait it is stands before its name")
                .help(format!("write `account trait {name}`"));
        }
        "of" | "for" if site.word(1).starts_with("user") => {
            return site
                .error(0, 1, "without `account`, a trait is always one of users")
                .help(format!("write `trait {name}`"));
        }
        _ if matches!(name, "account" | "accounts") && head.keyword == "trait" && site.is_name(0) => {
            return site
                .error(at - 1, at, "`account` stands before `trait`")
                .help(format!("write `account trait {found}`"));
        }
        "{" | "(" => {
            let what = if found == "{" { "no `{ }`" } else { "no brackets" };
            return site
                .error(0, 0, format!("{what} stand behind the name of a trait"))
                .help(format!(
                    "write `{keyword} {name} = …` and what it is computed from, or its type, such as `{keyword} {name}: \
                     number`"
                ));
        }
        "." if site.is_name(1) => {
            return site
                .error(-1, 1, "no blank stands beside the dot of a path")
                .help(format!("write `{}.{}`", site.word(-1), site.word(1)));
        }
        _ => {}
    }
    if computes(site, 0) && !site.is_first(0) {
        return site
            .error(
                at,
                -1,
                format!("between `{name}` and what it is computed from, `=` is missing"),
            )
            .help(equals(0));
    }
    if let Some(kind) = super::schema::kind(found).filter(|_| !site.is_first(0) && !titled) {
        return site
            .error(0, 0, "between the name of a trait and its type, `:` is missing")
            .help(format!("write `{keyword} {}: {kind}`", site.text(at, -1)));
    }
    if found == "=" || words::of(Rule::test).contains(&found) || is_operator(found) {
        return condition_outside(site, head);
    }
    if found == ":" && titled {
        return site
            .error(-1, -1, "a trait whose type is declared has no text to show")
            .help(format!("remove it: `{keyword} {name}: {}`", site.word(1)));
    }
    if site.kind(0) == Some(Kind::Word) && !site.is_first(0) {
        let end = (0..6).find(|at| matches!(site.word(*at), "=" | ":")).unwrap_or(0);
        let whole = site.text(at, (end - 1).max(0));
        return site
            .error(at, (end - 1).max(0), "a name of several words needs quotes")
            .help(format!(
                "write `\"{whole}\"`, or one word: `{}`",
                whole.replace(' ', "_")
            ));
    }
    let first = at - if keyword == "trait" { 1 } else { 2 };
    site.error(
        first,
        -1,
        format!("it is not said what the trait `{name}` is computed from, nor its type"),
    )
    .help(format!(
        "write for example `{keyword} {name} = sum of revenue from \"Order Completed\"`, or `{keyword} {name}: number`"
    ))
}

pub(super) fn is_operator(word: &str) -> bool {
    matches!(word, "!=" | "<" | "<=" | ">" | ">=" | "==" | "<>")
}

/// What follows up to the end of the line.
pub(super) fn rest(site: &Site<'_, '_>, from: isize) -> String {
    let mut last = from;
    while !site.is_first(last + 1) && last < from + 24 {
        last += 1;
    }
    site.text(from, last)
}

// ---- windows, filters, and what there is not

/// Behind the event, or a modifier.
fn modifier(site: &Site<'_, '_>, head: &Head<'_>) -> Diagnostic {
    let found = site.found();
    if let Some(error) = window(site) {
        return error;
    }
    let in_none = |last: isize| {
        let written = site.text(0, last);
        site.error(0, last, format!("`{written}` cannot stand in a computed trait"))
    };
    let line_end = || {
        let mut last = 0;
        while !site.is_first(last + 1) && last < 12 {
            last += 1;
        }
        last
    };
    match found {
        "," | "and" | "or" | "&" | "+" if site.kind(1) == Some(Kind::String) => {
            return site
                .error(0, 1, "a trait is computed from the events of one name")
                .help(format!("declare another trait for `{}`", site.word(1)));
        }
        "," | "and" | "&" if performed::begins_modifier(site.word(1)) => {
            let what = if found == "," { "no comma" } else { "no `and`" };
            return site
                .error(0, 0, format!("{what} stands between the parts of a computed trait"))
                .help("remove it");
        }
        "*" | "/" | "+" | "-" | "%" => {
            return site
                .error(
                    0,
                    line_end(),
                    "a computed trait cannot calculate with what it is computed from",
                )
                .help("send the result as a property of its own, and compute the trait of that");
        }
        "(" => {
            let end = site.condition_end(0);
            return site
                .error(0, 0, "before these brackets `where` is missing")
                .help(format!("write `where {}`", site.text(0, end)));
        }
        "if" | "with" | "when" | "having" | "whose" | "filter" | "only" | "for" if names_test(site, 1) => {
            let end = site.condition_end(1);
            let inside = site.text(1, end);
            let inside = if site.word(1) == "(" {
                inside
            } else {
                format!("({inside})")
            };
            return in_none(0).help(format!("write `where {inside}`"));
        }
        "group" | "grouped" | "by" | "per" | "partition" | "for" | "each" => {
            let last = line_end();
            let account = (0..=last).any(|at| site.word(at).starts_with("account"));
            let help = if account && head.keyword == "trait" {
                format!("for each account, write `account trait {} = …`", head.name)
            } else if (0..=last).any(|at| matches!(site.word(at), "user" | "users" | "person" | "profile" | "customer"))
            {
                "remove it: a trait is computed for each user".to_owned()
            } else {
                "a trait is one value of each user; for the values of a property, there is `unique list of … from \"…\"`, \
                 and for one of them `where (… = …)`"
                    .to_owned()
            };
            return in_none(last).help(help);
        }
        "order" | "sort" | "limit" | "top" => {
            return in_none(line_end()).help("write `first of …` or `last of …` for the earliest or latest value");
        }
        "default" | "else" | "otherwise" => {
            return in_none(line_end()).help(
                "remove it: sums and counts of nothing are 0, all else is absent; a condition can ask `trait … does not \
                 exist`",
            );
        }
        "then" | "followed" => {
            return in_none(0)
                .help("ask for several events in an audience: `who performed \"…\" then performed \"…\"`");
        }
        "ever" | "always" | "lifetime" => {
            return in_none(0).help("remove it: without a window of time, all events up to now count");
        }
        "all" if site.word(1).starts_with("time") => {
            return in_none(1).help("remove it: without a window of time, all events up to now count");
        }
        _ => {}
    }
    if site.kind(0) == Some(Kind::String) {
        return site
            .error(0, 0, "the text to show stands before the `=`")
            .help(format!("write `{} {} {found} = …`", head.keyword, head.name));
    }
    if counts(site) {
        let last = count_end(site);
        let frequent = names_frequent(site, head);
        let help = if frequent {
            "write a smallest count, such as `at least 3 times`".to_owned()
        } else {
            let bound = if is_operator(found) && site.kind(1) == Some(Kind::Number) && found != "==" && found != "<>" {
                site.text(0, 1)
            } else {
                ">= 3".to_owned()
            };
            format!(
                "ask for it where the trait is tested, such as `{} {} {bound}`",
                head.keyword, head.name
            )
        };
        return in_none(last).help(help);
    }
    if let Some(meant) = nearest(
        found,
        &["within", "between", "before", "after", "where", "at", "exactly"],
    ) {
        return in_none(0).help(format!("did you mean `{meant}`?"));
    }
    if found == "}" {
        return site
            .error(0, 0, "this `}` closes nothing")
            .help("remove it: a computed trait has no `{ }`");
    }
    in_none(0).help(
        "what can follow is a window of time, such as `within 90 days`, and a filter, such as `where (total > 50)`",
    )
}

/// A window as it is said elsewhere.
fn window(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let mut at = 0;
    while matches!(
        site.word(at),
        "in" | "over" | "during" | "for" | "the" | "last" | "past" | "previous" | "of" | "from" | "throughout"
    ) && at < 4
    {
        at += 1;
    }
    let unit = words::of(Rule::unit).contains(&site.word(at + 1));
    if site.kind(at) == Some(Kind::Number) && unit && site.word(at + 2) != "ago" {
        let length = site.text(at, at + 1);
        let written = site.text(0, at + 1);
        return Some(
            site.error(0, at + 1, format!("`{written}` cannot stand in a computed trait"))
                .help(format!("write `within {length}`")),
        );
    }
    if site.kind(at) == Some(Kind::Number)
        && at > 0
        && matches!(site.word(at + 1).trim_end_matches('s'), "month" | "year")
    {
        let days = if site.word(at + 1).starts_with("month") {
            30
        } else {
            365
        };
        let number: u64 = site.word(at).parse().unwrap_or(1);
        let written = site.text(0, at + 1);
        return Some(
            site.error(0, at + 1, format!("`{written}` cannot stand in a computed trait"))
                .help(format!("write `within {} days`", number.saturating_mul(days))),
        );
    }
    if let Some(at) = (0..3).find(|at| site.kind(*at) == Some(Kind::Number))
        && words::of(Rule::unit).contains(&site.word(at + 1))
    {
        let (number, unit) = (site.word(at), site.word(at + 1));
        let last = if site.word(at + 2) == "ago" { at + 2 } else { at + 1 };
        let older = format!(
            "write `between {number} and {} {unit} ago`, with the oldest {} that counts",
            performed::oldest(number),
            unit.trim_end_matches('s')
        );
        let help = match site.found() {
            "less" | "fewer" | "newer" | "under" => format!("write `within {number} {unit}`"),
            "more" | "longer" | "older" | "earlier" | "over" | "not" => older,
            _ => return None,
        };
        let written = site.text(0, last);
        return Some(
            site.error(0, last, format!("`{written}` cannot stand in a computed trait"))
                .help(help),
        );
    }
    if matches!(site.found(), "today" | "yesterday" | "recently" | "lately") {
        let message = format!("`{}` cannot stand in a computed trait", site.found());
        return Some(
            site.error(0, 0, message)
                .help("write a length of time, such as `within 1 day` for the last 24 hours, or dates"),
        );
    }
    super::window::calendar(site).or_else(|| super::moment::diagnose(site, ""))
}

/// Whether a number of times, or a comparison with one, stands here.
fn counts(site: &Site<'_, '_>) -> bool {
    let found = site.found();
    is_operator(found)
        || matches!(
            found,
            "=" | "more" | "less" | "fewer" | "once" | "twice" | "only" | "no" | "up"
        )
        || site.kind(0) == Some(Kind::Number)
        || site.word(1).starts_with("time")
}

fn count_end(site: &Site<'_, '_>) -> isize {
    let mut last = 0;
    while last < 4
        && !site.is_first(last + 1)
        && (site.kind(last + 1) == Some(Kind::Number)
            || matches!(
                site.word(last + 1),
                "than" | "time" | "times" | "or" | "more" | "less" | "to"
            ))
    {
        last += 1;
    }
    last
}

fn names_frequent(site: &Site<'_, '_>, head: &Head<'_>) -> bool {
    (head.at..0).any(|at| site.word(at) == "most" && site.word(at + 1) == "frequent")
}

/// Whether a test of a property begins at the offset, in brackets or not.
fn names_test(site: &Site<'_, '_>, at: isize) -> bool {
    let at = at + isize::from(site.word(at) == "(");
    let behind = site.path_end(at) + 1;
    let test = is_operator(site.word(behind))
        || site.word(behind) == "="
        || words::of(Rule::test).contains(&site.word(behind));
    site.is_name(at) && test
}

/// Conditions on people in the filter of a computed trait.
fn filter(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let at = match (site.word(-1), site.found()) {
        (_, "trait") if !site.wants(&[Rule::test]) && site.is_name(1) => 0,
        // These were read as properties.
        ("performed", _) if site.kind(0) == Some(Kind::String) => -1,
        ("member", "of") | ("consent", "to") | ("account", "trait") => -1,
        _ => return None,
    };
    let word = match site.word(at) {
        "member" => "member of",
        "consent" => "consent to",
        word => word,
    };
    let other = if word == "trait" {
        "; a property called `trait` is written `\"trait\"`"
    } else {
        ""
    };
    let message = format!("`{word}` cannot stand inside `where`: it sees the properties of one event");
    Some(site.error(at, at, message).help(format!(
        "ask for it in an audience, beside the trait: `who … and {}`{other}",
        site.condition(at)
    )))
}

// ---- elsewhere

/// A piece that begins with no keyword, and computes something: `let x = sum of …`, `computed trait x = …`.
pub(super) fn item(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    if found == "traits" && site.word(1) == "{" {
        return Some(
            site.error(0, 0, "traits are declared one by one, without `{ }`")
                .help("write for example `trait plan: string`"),
        );
    }
    let equals = (1..6).find(|at| matches!(site.word(*at), "=" | ":=" | "==") && !site.is_first(*at))?;
    let value = equals + 1;
    if !computes(site, value) || found == "account" {
        return None;
    }
    let name = equals - 1;
    let name = if site.word(name) == ":" { name - 1 } else { name };
    let account = (0..name).any(|at| site.word(at).starts_with("account"));
    let keyword = if account { "account trait" } else { "trait" };
    let declared = format!("write `{keyword} {} = {}`", site.word(name), rest(site, value));
    if name == 0 {
        let message = format!("before `{found}`, `trait` is missing");
        return Some(site.error(0, 0, message).help(declared));
    }
    let last = (0..name)
        .rev()
        .find(|at| !RESERVED.contains(&site.word(*at)))
        .unwrap_or(0);
    let written = site.text(0, last);
    let message = if written.to_lowercase() == "trait" {
        format!("`{written}` has to be written in small letters")
    } else {
        format!("`{written}` is not something a file can declare")
    };
    Some(site.error(0, last, message).help(declared))
}

/// A function where a condition is wanted: `who sum of revenue from "A" > 100`.
pub(super) fn in_condition(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    let function = match found {
        "average" | "minimum" | "maximum" | "sum" => found,
        "avg" | "min" | "max" | "mean" | "total" => alias(found)?,
        "first" | "last" if site.word(1) == "of" => found,
        "unique" | "most" if site.word(2) == "of" => found,
        _ => return None,
    };
    if !matches!(site.word(1), "of" | "(") && site.word(2) != "of" {
        return None;
    }
    let call = match found {
        "unique" | "most" => format!("{} {}", site.text(0, 1), called(site, 2)),
        _ => format!("{function} {}", called(site, 1)),
    };
    let written = if matches!(found, "unique" | "most") {
        site.text(0, 1)
    } else {
        found.to_owned()
    };
    Some(
        site.error(0, 0, format!("a condition tests a trait, and `{written}` computes one"))
            .help(format!(
                "write `trait total = {call}` outside of the audience, and here its test, such as `trait total > 100`"
            )),
    )
}

/// A declaration in the midst of an audience, or a function as the value of a test.
pub(super) fn in_audience(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    if site.wants(&[Rule::operand]) && site.word(-1) == "=" && site.word(1) == "of" && BEGIN.contains(&found) {
        let tested = literal::tested(site, -1);
        return Some(
            site.error(0, 0, "a condition compares with a value, and this computes one")
                .help(format!(
                    "write `{tested} = {}` outside of the audience, and here its test, such as `{tested} > 100`",
                    rest(site, 0)
                )),
        );
    }
    if !site.wants(&[Rule::clause]) {
        return None;
    }
    let name = if found == "account" { 2 } else { 1 };
    let (message, help) = match found {
        "event" if site.kind(1) == Some(Kind::String) => (
            "the schema of an event stands outside of audiences",
            "move it out of the `{ }`",
        ),
        "trait" | "account" if site.word(site.path_end(name) + 1) == ":" => (
            "the type of a trait is declared outside of audiences",
            "move it out of the `{ }`",
        ),
        "trait" | "account" if site.word(name + 1) == "=" && site.word(name + 3) == "of" => (
            "a computed trait stands outside of audiences",
            "move it out of the `{ }`; inside, test it behind `who`",
        ),
        _ => return None,
    };
    Some(site.error(0, 0, message).help(help))
}
