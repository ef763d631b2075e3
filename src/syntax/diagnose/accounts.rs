//! Slips in what is asked of accounts and of their users: `of accounts`, `account trait`, `any user ( … )`.
//!
//! A condition on users and the same condition on the account are two questions: no help makes one of the other, and no
//! help leaves out of how many users something is asked.

use super::condition;
use super::literal;
use super::site::Site;
use super::words::nearest;
use crate::diagnostic::Diagnostic;
use crate::syntax::ast::Declares;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;
use crate::syntax::split::Piece;

const QUANTIFIERS: &str = "write `any user ( … )`, `all users ( … )` or `no user ( … )`";

/// `all` and `no` begin a condition on users and nothing else: where no users follow, they are what cannot be read.
pub(super) fn reread<'a, 't>(site: Site<'a, 't>) -> Site<'a, 't> {
    let alone = site.wants(&[Rule::kw_user, Rule::kw_users]) && !site.wants(&[Rule::kw_trait, Rule::kw_accounts]);
    if !alone || !matches!(site.word(-1), "all" | "no") {
        return site;
    }
    Site {
        index: site.index.saturating_sub(1),
        wants: &[Rule::unary],
        ..site
    }
}

pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if site.chunk.piece != Piece::Declaration(Declares::Audience) {
        return None;
    }
    if site.wants(&[Rule::kw_users, Rule::kw_accounts]) && site.word(-1) == "of" {
        return Some(of_whom(site));
    }
    if site.wants(&[Rule::open_brace])
        && let Some(error) = header(site)
    {
        return Some(error);
    }
    // `any` is read before what follows it.
    if site.wants(&[Rule::kw_user]) {
        return half_a_quantifier(site);
    }
    if site.wants(&[Rule::open])
        && !site.wants(&[Rule::test])
        && let Some(error) = without_brackets(site)
    {
        return Some(error);
    }
    if site.wants(&[Rule::kw_trait]) && site.word(-1) == "account" {
        return Some(without_trait(site));
    }
    if site.wants(&[Rule::operand, Rule::instant]) && site.found() == "account" {
        return Some(compared(site));
    }
    if site.wants(&[Rule::key]) && (site.word(-2), site.word(-1)) == ("account", "trait") {
        return Some(
            site.error(-2, -1, "`account trait` is not followed by the name of a trait")
                .help("write for example `account trait plan = \"pro\"`"),
        );
    }
    if site.wants(&[Rule::test])
        && let Some(error) = in_filter(site)
    {
        return Some(error);
    }
    if condition::wants_condition(site) {
        return begin(site);
    }
    if site.wants(&[Rule::clause]) && !site.wants(&[Rule::joiner]) && asks(site, 0) {
        return Some(
            site.error(0, 0, "the condition of an audience begins with `who`")
                .help(format!("write `who {}`", site.condition(0))),
        );
    }
    if site.wants(&[Rule::joiner]) {
        return not_joined(site);
    }
    None
}

// ---- of whom an audience is

/// The words for accounts and users elsewhere.
fn whom(word: &str) -> Option<&'static str> {
    match word.to_lowercase().as_str() {
        "account" | "accounts" | "company" | "companies" | "organization" | "organizations" | "organisation"
        | "organisations" | "group" | "groups" | "team" | "teams" | "workspace" | "workspaces" | "tenant"
        | "tenants" | "business" | "businesses" => Some("accounts"),
        "user" | "users" | "person" | "persons" | "people" | "profile" | "profiles" | "customer" | "customers"
        | "contact" | "contacts" | "visitors" | "members" => Some("users"),
        _ => None,
    }
}

/// Behind `of`.
fn of_whom(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    if let Some(whom) = whom(found) {
        return site
            .error(0, 0, format!("`of {found}` is written `of {whom}`"))
            .help(format!("write `of {whom}`"));
    }
    if site.is_name(0) && !site.is_first(0) {
        return site
            .error(0, 0, format!("an audience cannot be one of `{found}`"))
            .help("write `of users` or `of accounts`; without either, it is one of users");
    }
    site.error(-1, -1, "after `of` it is not said of whom the audience is")
        .help("write `of users` or `of accounts`; without either, it is one of users")
}

/// Between the name of an audience and its `{`.
fn header(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    let name = site.tokens.at(site.chunk.first + 1);
    if matches!(before, "users" | "accounts") && site.word(-2) == "of" {
        if site.kind(0) == Some(Kind::String) {
            return Some(
                site.error(0, 0, "the text to show stands directly behind the name of the audience")
                    .help(format!("write `audience {name} {found} of {before} {{`")),
            );
        }
        let other = if site.word(1) == "of" {
            site.word(2)
        } else {
            site.word(1)
        };
        if matches!(found, "and" | "or" | ",") && whom(other).is_some() {
            let last = if site.word(1) == "of" { 2 } else { 1 };
            return Some(
                site.error(0, last, "an audience is one of users or one of accounts")
                    .help("declare an audience for each"),
            );
        }
        return None;
    }
    if !site.wants(&[Rule::of_whom, Rule::kw_of]) || site.is_first(0) {
        return None;
    }
    let lead = matches!(found, "for" | "over" | "on" | "from" | "in" | "with" | "Of" | "by");
    let at = isize::from(lead);
    let whom = whom(site.word(at))?;
    if site.is_first(at) || !matches!(site.word(at + 1), "{" | "") {
        return None;
    }
    Some(
        site.error(0, at, "of whom an audience is stands after `of`")
            .help(format!(
                "write `audience {} of {whom} {{`",
                site.text(1 - isize::try_from(site.index - site.chunk.first).ok()?, -1,)
            )),
    )
}

/// `account audience x {`, `accounts trait x: string`, where an item is wanted.
pub(super) fn item(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, next) = (site.found(), site.word(1));
    let whom = whom(found)?;
    if next == "audience" && site.is_name(2) {
        return Some(
            site.error(0, 0, "of whom an audience is stands behind its name")
                .help(format!("write `audience {} of {whom} {{`", site.word(2))),
        );
    }
    if whom == "users" && matches!(next, "trait" | "traits") && site.is_name(2) {
        return Some(
            site.error(0, 1, "without `account`, a trait is always one of users")
                .help(format!("write `trait {}`", super::computed::rest(site, 2))),
        );
    }
    if whom != "accounts" || matches!(found, "group" | "groups") {
        return None;
    }
    if matches!(next, "trait" | "traits") && site.is_name(2) {
        let last = isize::from(next == "traits");
        let written = site.text(0, last);
        return Some(
            site.error(0, last, format!("`{written}` is not something a file can declare"))
                .help(format!("write `account trait {}`", site.text(2, site.path_end(2)))),
        );
    }
    let last = site.path_end(1);
    if site.is_name(1) && matches!(site.word(last + 1), ":" | "=") {
        return Some(
            site.error(0, 0, format!("after `{found}`, `trait` is missing"))
                .help(format!("write `account trait {}`", site.text(1, last))),
        );
    }
    (site.is_name(1) && site.word(2) == "{").then(|| {
        site.error(0, 0, format!("`{found}` is not something a file can declare"))
            .help(format!("write `audience {next} of accounts {{`"))
    })
}

/// Whether the place is in an audience of accounts.
fn of_accounts(site: &Site<'_, '_>) -> bool {
    let header = (site.chunk.first..site.chunk.end).take_while(|index| site.tokens.at(*index) != "{");
    let words: Vec<&str> = header.take(6).map(|index| site.tokens.at(index)).collect();
    words.ends_with(&["of", "accounts"])
}

// ---- quantifiers

fn is_people(word: &str) -> bool {
    matches!(
        word,
        "user"
            | "users"
            | "person"
            | "persons"
            | "people"
            | "member"
            | "members"
            | "profile"
            | "profiles"
            | "contact"
            | "contacts"
            | "customer"
            | "customers"
            | "employee"
            | "employees"
    )
}

/// The quantifier that a word means.
fn quantifier(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "any" | "some" | "a" | "one" | "exists" => "any user",
        "all" | "every" | "each" => "all users",
        "no" | "none" | "without" => "no user",
        _ => return None,
    })
}

/// A quantifier in other words at the offset: the right one, and where its words end.
fn meant(site: &Site<'_, '_>, at: isize) -> Option<(&'static str, isize)> {
    let word = quantifier(site.word(at))?;
    let mut end = at + 1;
    while matches!(site.word(end), "of" | "the" | "its" | "their" | "or" | "more") && end < at + 4 {
        end += 1;
    }
    is_people(&site.word(end).to_lowercase()).then_some((word, end))
}

/// The condition from the offset on, in brackets.
fn bracketed(site: &Site<'_, '_>, mut from: isize) -> String {
    while matches!(
        site.word(from),
        "where"
            | "who"
            | "with"
            | "that"
            | "has"
            | "have"
            | "which"
            | "whose"
            | ":"
            | "is"
            | "in"
            | "whom"
            | "of"
            | "the"
            | "this"
            | "account"
            | "company"
    ) && site.word(from + 1) != "trait"
    {
        from += 1;
    }
    if site.is_end_or_joiner(from) || site.word(from) == "{" || site.word(from) == "[" {
        return "( … )".to_owned();
    }
    let end = site.condition_end(from);
    match site.word(from) {
        "(" => site.text(from, end),
        _ => format!("({})", site.text(from, end)),
    }
}

/// `any users (`, `all user (`, `no users (`: the first word was read.
fn half_a_quantifier(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let before = Site {
        index: site.index.checked_sub(1)?,
        ..*site
    };
    if site.word(-1) == "any" && site.found() == "account" {
        return None;
    }
    if let Some(error) = phrase(&before) {
        return Some(error);
    }
    let lower = site.found().to_lowercase();
    if site.found() != lower && is_people(&lower) {
        return Some(
            site.error(0, 0, format!("`{}` has to be written in small letters", site.found()))
                .help(format!("write `{}`", quantifier(site.word(-1))?)),
        );
    }
    None
}

/// A quantifier as it is said, with the place at its first word.
fn phrase(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (words, end) = meant(site, 0)?;
    let written = site.text(0, end);
    // Of users, `any people who …` says no more than its condition.
    let users = site.word(end).to_lowercase().starts_with("user") || of_accounts(site);
    if written == words || !users {
        return None;
    }
    if !asked(site, end + 1) {
        return None;
    }
    let lower = written.to_lowercase();
    let message = if lower == words {
        format!("`{written}` has to be written in small letters")
    } else {
        format!("`{written}` is written `{words}`")
    };
    Some(
        site.error(0, end, message)
            .help(format!("write `{words} {}`", bracketed(site, end + 1))),
    )
}

/// Whether something is asked of the people named before the offset.
fn asked(site: &Site<'_, '_>, at: isize) -> bool {
    matches!(
        site.word(at),
        "(" | "performed" | "trait" | "where" | "who" | "with" | "consent" | "not" | ":" | "that" | "has" | "have"
    ) || (site.word(at), site.word(at + 1)) == ("member", "of")
}

/// No bracket stands behind a quantifier.
fn without_brackets(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let words = match (site.word(-2), site.word(-1)) {
        ("any" | "no", "user") | ("all", "users") => site.text(-2, -1),
        _ => return None,
    };
    let found = site.found();
    if matches!(
        found,
        "where" | "who" | "with" | "that" | "has" | "have" | "which" | "whose" | ":"
    ) {
        let error = site.error(0, 0, format!("no `{found}` stands behind `{words}`"));
        return Some(error.help(format!("write `{words} {}`", bracketed(site, 0))));
    }
    if matches!(found, "{" | "[") {
        let message = format!("what is asked of users stands in `( )`, not in `{found}`");
        return Some(site.error(0, 0, message).help(format!("write `{words} ( … )`")));
    }
    if site.is_end_or_joiner(0) {
        return Some(
            site.error(-2, -1, format!("after `{words}` a condition in brackets is missing"))
                .help(format!("write for example `{words} (performed \"Signed Up\")`")),
        );
    }
    let end = site.condition_end(0);
    if matches!(found, "of" | "in") {
        let message = format!("no `{found}` stands behind `{words}`: they are those of the account");
        return Some(
            site.error(0, 0, message)
                .help(format!("write `{words} {}`", bracketed(site, 0))),
        );
    }
    Some(
        site.error(0, end, format!("what follows `{words}` stands in brackets"))
            .help(format!("write `{words} {}`", bracketed(site, 0))),
    )
}

// ---- accounts

/// Behind `account` no `trait`.
fn without_trait(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    let any = if site.word(-2) == "any" { "any " } else { "" };
    match found {
        "." if site.word(1) == "trait" && site.is_name(2) => {
            return site
                .error(0, 0, "no dot stands between `account` and `trait`")
                .help(format!("write `{any}account {}`", site.condition(1)));
        }
        "." if site.is_name(1) => {
            return site
                .error(-1, 0, "what is known of the account is read with `account trait`")
                .help(format!("write `{any}account trait {}`", site.condition(1)));
        }
        "performed" => {
            return site
                .error(-1, 0, "accounts do nothing themselves: their users do")
                .help(format!(
                    "say of how many of them, such as `any user ({})`",
                    site.condition(0)
                ));
        }
        "consent" => {
            return site
                .error(-1, 0, "accounts give no consent: their users do")
                .help(format!(
                    "say of how many of them, such as `all users ({})`",
                    site.condition(0)
                ));
        }
        "member" if site.word(1) == "of" => {
            return site
                .error(-1, -1, "no `account` stands before `member of`")
                .help(format!("write `{}`", site.condition(0)));
        }
        "is" | "in" | "has" | "not" | "have" => {
            let mut at = 1;
            while matches!(site.word(at), "a" | "in" | "the" | "member" | "of" | "trait" | "not") {
                at += 1;
            }
            let name = if site.is_name(at) { site.word(at) } else { "…" };
            let member = (0..at).any(|at| matches!(site.word(at), "member" | "in"));
            let not = if (0..at).any(|at| site.word(at) == "not") {
                "not "
            } else {
                ""
            };
            let help = if member {
                format!("write `{not}member of {name}`")
            } else {
                format!("write `{not}account trait {}`", site.condition(at))
            };
            return site
                .error(
                    -1,
                    at - 1,
                    format!("`{}` does not begin a condition", site.text(-1, at - 1)),
                )
                .help(help);
        }
        "traits" => {
            return site
                .error(0, 0, "`account traits` is written `account trait`")
                .help(format!("write `{any}account trait {}`", site.condition(1)));
        }
        _ => {}
    }
    let error = site.error(-1, -1, "after `account`, `trait` is missing");
    if site.is_name(0) && !site.is_end_or_joiner(0) {
        error.help(format!("write `{any}account trait {}`", site.condition(0)))
    } else {
        error.help("write for example `account trait plan = \"pro\"`")
    }
}

/// `= account trait plan`
fn compared(site: &Site<'_, '_>) -> Diagnostic {
    let last = if site.word(1) == "trait" { site.path_end(2) } else { 0 };
    let tested = literal::tested(site, -1);
    let error = site.error(0, last, "behind an operator stands `trait`, not `account trait`");
    if tested.starts_with("account ") {
        return error.help(format!(
            "write `trait {}`: where the account is asked, that is its own",
            site.text(2, last.max(2))
        ));
    }
    error.help(
        "a user's trait can be compared with a value or with another trait of that user; what is known of the account is \
         tested by itself: `account trait plan = \"pro\"`",
    )
}

/// A condition is wanted, and it asks of accounts or of several users.
fn begin(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, next) = (site.found(), site.word(1));
    if let Some(error) = of_accounts(site).then(|| people(site)).flatten() {
        return Some(error);
    }
    if matches!(found, "the" | "its" | "their" | "an" | "this") && next == "account" && site.word(2) == "trait" {
        return Some(
            site.error(0, 0, format!("no `{found}` stands before `account trait`"))
                .help(format!("write `{}`", site.condition(1))),
        );
    }
    if next == "trait" && whom(found).is_none() && nearest(found, &["account"]).is_some() {
        return Some(
            site.error(0, 0, format!("`{found}` does not begin a condition"))
                .help("did you mean `account trait`?"),
        );
    }
    if let Some(error) = phrase(site) {
        return Some(error);
    }
    if let Some(error) = so_many(site) {
        return Some(error);
    }
    let accounts = whom(found) == Some("accounts");
    match next {
        "trait" | "traits" if accounts && site.is_name(2) => Some(
            site.error(0, 1, format!("`{}` is written `account trait`", site.text(0, 1)))
                .help(format!("write `account trait {}`", site.condition(2))),
        ),
        "." if accounts && found != "group" && site.is_name(2) => Some(
            site.error(0, 1, "what is known of the account is read with `account trait`")
                .help(format!("write `account trait {}`", site.condition(2))),
        ),
        "performed" if accounts => Some(site.error(0, 1, "accounts do nothing themselves: their users do").help(
            format!("say of how many of them, such as `any user ({})`", site.condition(1)),
        )),
        "performed" | "trait" | "consent" | "member" | "(" if found == "users" || found == "user" && next == "(" => {
            Some(site.error(0, 0, "it is not said of how many users").help(format!(
                "in an audience of accounts, {QUANTIFIERS}; in one of users, leave out `{found}`"
            )))
        }
        _ => None,
    }
}

/// `at least 3 users (`, `most users (`: there are three ways to ask.
fn so_many(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let mut at = 0;
    while at < 5
        && (matches!(
            site.word(at),
            "at" | "least"
                | "most"
                | "exactly"
                | "more"
                | "less"
                | "fewer"
                | "than"
                | "only"
                | "half"
                | "of"
                | "the"
                | "count"
                | "number"
                | "many"
                | "several"
                | "two"
                | "three"
                | "majority"
                | "a"
                | "("
                | "one"
        ) || site.kind(at) == Some(Kind::Number))
    {
        at += 1;
    }
    if at == 0 || !matches!(site.word(at), "user" | "users") {
        return None;
    }
    let written = site.text(0, at);
    if written.to_lowercase() == "at least one user" || written == "at least 1 user" {
        return Some(
            site.error(0, at, format!("`{written}` is written `any user`"))
                .help(format!("write `any user {}`", bracketed(site, at + 1))),
        );
    }
    Some(
        site.error(0, at, "of the users of an account, a condition asks any, all or none")
            .help(QUANTIFIERS),
    )
}

/// `everyone performed "A"`, `user performed "A"`: of accounts, it must be said of how many users.
fn people(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let last = isize::from(site.word(1) == "one");
    let found = site.text(0, last);
    if !asked(site, last + 1) {
        return None;
    }
    let words = match found.to_lowercase().as_str() {
        "everyone" | "every one" | "everybody" => "all users",
        "anyone" | "any one" | "anybody" | "someone" | "somebody" => "any user",
        "nobody" | "no one" => "no user",
        "user" | "users" | "they" | "people" => {
            return Some(site.error(0, 0, "it is not said of how many users").help(QUANTIFIERS));
        }
        _ => return None,
    };
    Some(
        site.error(0, last, format!("`{found}` is written `{words}`"))
            .help(format!("write `{words} {}`", bracketed(site, last + 1))),
    )
}

/// Whether a condition begins at the offset that asks of the account, of its users, or of the elements of a list.
pub(super) fn asks(site: &Site<'_, '_>, at: isize) -> bool {
    match (site.word(at), site.word(at + 1)) {
        ("account", "trait") | ("any" | "no", "user") | ("all", "users") | ("any", "trait") => true,
        ("any", "account") => site.word(at + 2) == "trait",
        _ => false,
    }
}

/// `account trait` or a quantifier in the filter of an event, where it was read as a property.
fn in_filter(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if (site.word(-1), site.found()) == ("account", "trait") && site.is_name(1) {
        return Some(
            site.error(
                -1,
                0,
                "`account trait` cannot stand inside `where`: it sees the properties of one event",
            )
            .help(format!("write `{}`", site.outside_filter(-1))),
        );
    }
    let person = match site.word(-1) {
        "performed" => site.kind(0) == Some(Kind::String),
        "member" => site.found() == "of",
        "consent" => site.found() == "to" || site.word(1) == "is",
        _ => false,
    };
    if !person {
        return None;
    }
    let open = (-12..-1).rev().find(|at| site.word(*at) == "(")?;
    let words = match (site.word(open - 2), site.word(open - 1)) {
        ("any" | "no", "user") | ("all", "users") if site.word(open - 3) != "who" => site.text(open - 2, open - 1),
        _ => return None,
    };
    (-40..open).any(|at| site.word(at) == "where").then(|| {
        site.error(
            open - 2,
            open - 1,
            format!("`{words}` cannot stand inside `where`: it sees the properties of one event"),
        )
        .help(format!(
            "join it outside of these brackets: `and {}`",
            site.condition(open - 2)
        ))
    })
}

/// `account trait` or a quantifier behind a condition, and nothing that joins the two.
fn not_joined(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if let Some(error) = behind_brackets(site) {
        return Some(error);
    }
    if !asks(site, 0) {
        return None;
    }
    let condition = site.condition(0);
    Some(
        site.error(0, 0, "between two conditions `and` or `or` is missing")
            .help(format!("write `and {condition}`, or the same with `or`")),
    )
}

/// `any user (performed "A") within 30 days`: what belongs to an event stands behind its `performed`.
fn behind_brackets(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if site.word(-1) != ")" || !super::performed::begins_modifier(site.found()) {
        return None;
    }
    let mut depth = 0;
    let open = (-60..0).rev().find(|at| {
        match site.word(*at) {
            ")" => depth += 1,
            "(" => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    if !matches!(
        (site.word(open - 2), site.word(open - 1)),
        ("any" | "no", "user") | ("all", "users")
    ) {
        return None;
    }
    let end = site.condition_end(0);
    let error = site.error(
        0,
        end,
        "what belongs to an event stands inside the brackets, behind its `performed`",
    );
    // Of several conditions, it is not said which one is meant.
    let one =
        site.word(open + 1) == "performed" && (open + 1..-1).all(|at| !matches!(site.word(at), "and" | "or" | "then"));
    Some(if one {
        error.help(format!("write `{} {})`", site.text(open - 2, -2), site.text(0, end)))
    } else {
        error.help("write it there, directly behind that `performed \"…\"`")
    })
}
