//! What authors are told: messages for slips, and that no help widens an audience or is wrong itself.

#[path = "syntax/support.rs"]
mod support;

use std::fmt::Write;

use volens::diagnostic::Diagnostic;
use volens::span::{FileId, Sources};
use volens::syntax::parse;

use support::*;

fn snapshot(name: &str, text: impl AsRef<str>) {
    insta::with_settings!({omit_expression => true}, {
        insta::assert_snapshot!(name, text.as_ref());
    });
}

#[test]
fn slips_are_told_in_the_authors_words() {
    let mut out = String::new();
    for case in include_str!("syntax/slips.txt").split("=== ").skip(1) {
        let (name, text) = case.split_once('\n').unwrap();
        let mut sources = Sources::default();
        let id = sources.add("x", text);
        let (file, errors) = parse(id, text);
        let _ = writeln!(out, "=== {name}");
        for broken in file.broken {
            let _ = writeln!(
                out,
                "({} `{}` counts as declared)",
                broken.kind.as_str(),
                broken.name.text
            );
        }
        assert!(errors.iter().any(Diagnostic::is_error), "{name}");
        for error in errors {
            assert!(error.span.end > error.span.start, "{name}: nothing is underlined");
            let _ = writeln!(out, "{}", error.to_text(&sources));
        }
    }
    snapshot("slips", out);
}

/// A slip that makes an audience smaller, or asks for more consent, is never answered with what does the opposite.
#[test]
fn no_help_widens_an_audience() {
    let help = |text: &str| {
        let (_, errors) = parse(FileId(0), text);
        assert_eq!(errors.len(), 1, "{}", shown(text, &errors));
        errors[0].help.clone().unwrap_or_default()
    };
    for word in ["exclude", "excluding", "except", "without", "unless", "minus", "omit"] {
        for clauses in [
            format!("who trait a exists\n  {word} staff"),
            format!("who trait a exists {word} staff"),
            format!("include anonymous\n  {word} staff"),
            format!("send to crm\n  {word} staff"),
            format!("send to crm {word} staff"),
            format!("consent to A {word} staff"),
        ] {
            let help = help(&format!("audience a {{\n  {clauses}\n}}\n"));
            assert!(help.ends_with("and not member of staff`"), "{clauses}: {help}");
        }
    }
    // What restricts an audience never becomes a part of its name, and no two obedient steps lose it.
    for restriction in [
        "extends staff",
        "\"b\" extends staff",
        "from staff",
        "for staff",
        "excluding staff",
        "not staff",
        "requires A",
        "with consent to A",
        "if consent to A",
        "without consent",
        "where trait x = 1",
        "when performed \"E\"",
        "x = 1",
        "member of staff",
    ] {
        let text = format!("audience staff {{}}\naudience a {restriction} {{\n  include anonymous\n}}\n");
        let help = help(&text);
        assert!(
            ["inside its `{ }`", "write them there", "remove it"]
                .iter()
                .any(|begin| help.starts_with(begin))
                || help.contains("and in it `who "),
            "{restriction}: {help}"
        );
    }
    // Nor is what would do without consent made a condition on those who refused.
    for clause in [
        "without consent",
        "send to d without consent",
        "ignore consent",
        "no consent needed",
        "send to d regardless of consent",
    ] {
        let help = help(&format!("audience a {{\n  who trait a exists\n  {clause}\n}}\n"));
        assert!(
            help.starts_with("remove it: an audience asks for no consent"),
            "{clause}: {help}"
        );
    }
    for requires in ["A or B", "A | B", "any of A, B", "[A or B]", "A except B", "not A"] {
        let help = help(&format!("destination d requires {requires}\n"));
        assert!(
            !help.contains("requires nothing") && !help.contains("requires A"),
            "{requires}: {help}"
        );
    }
    for between in [
        " ",
        ": ",
        " = ",
        " needs ",
        " braucht ",
        " optional ",
        " consent to ",
        "\n  ",
    ] {
        let help = help(&format!("category A\ndestination d{between}A\n"));
        assert_eq!(help, "write `destination d requires A`", "{between}");
    }
    for (condition, expected) in [
        ("everyone but not member of staff", "not member of staff"),
        ("trait tags contains not \"a\"", "trait tags does not contain \"a\""),
        ("trait plan != \"a\" or \"b\"", "trait plan not in [\"a\", \"b\"]"),
        ("performed \"A\" less than 30 days ago", "within 30 days"),
        (
            "performed \"A\" between 1 and 2 months ago",
            "between 30 and 60 days ago",
        ),
        ("consent A is not true", "not consent to A"),
        ("consent to A denied", "consent A is denied"),
        ("not refused A", "not consent A is denied"),
        ("never refused A\n  send to crm", "not consent A is denied"),
        ("has not agreed\n  send to crm", "not consent to Advertising"),
        ("trait x exists unless refused A", "and not consent A is denied"),
        ("not consent to A is denied", "not consent A is denied"),
        ("not (consent to A is denied)", "consent A is denied"),
        ("consent to A or not asked", "consent A is not collected"),
        ("consent A is not \"granted\"", "not consent A is granted"),
        (
            "trait x exists unless trait y exists or trait z exists",
            "and not (trait y exists or trait z exists)",
        ),
        (
            "trait x exists unless trait y exists or refused A",
            "and not (trait y exists or consent A is denied)",
        ),
        (
            "performed \"E\" where (x exists and not trait y exists)",
            "performed \"E\" where (x exists) and not trait y exists",
        ),
        ("not member of a or b", "not member of a and not member of b"),
        (
            "not consent A is granted or denied",
            "not (consent A is granted or consent A is denied)",
        ),
        ("not consent to (A or B)", "not (consent to A or consent to B)"),
        ("not agreed to A or B", "not (consent to A or consent to B)"),
        ("not trait x = \"a\" and \"b\"", "not trait x in [\"a\", \"b\"]"),
        (
            "not trait x does not end with \"a\"",
            "not (not trait x ends with \"a\")",
        ),
    ] {
        let help = help(&audience(condition));
        assert!(help.starts_with(&format!("write `{expected}`")), "{condition}: {help}");
    }
}

/// How many users of an account something is asked of is never changed by a help, nor what makes a computed trait smaller
/// left out of it.
#[test]
fn no_help_asks_fewer_users_or_more_events() {
    let help = |text: &str| {
        let (_, errors) = parse(FileId(0), text);
        assert_eq!(errors.len(), 1, "{}", shown(text, &errors));
        errors[0].help.clone().unwrap_or_default()
    };
    for (condition, expected) in [
        ("every user (performed \"A\")", "all users (performed \"A\")"),
        ("each user performed \"A\"", "all users (performed \"A\")"),
        ("everyone performed \"A\"", "all users (performed \"A\")"),
        ("all of its users (performed \"A\")", "all users (performed \"A\")"),
        ("none of the users (performed \"A\")", "no user (performed \"A\")"),
        ("no users performed \"A\"", "no user (performed \"A\")"),
        ("no one performed \"A\"", "no user (performed \"A\")"),
        ("nobody performed \"A\"", "no user (performed \"A\")"),
        ("some users not performed \"A\"", "any user (not performed \"A\")"),
        ("not any users (performed \"A\")", "any user (performed \"A\")"),
        ("all users not performed \"A\"", "all users (not performed \"A\")"),
        (
            "account trait a exists unless any user (performed \"A\")",
            "and not any user (performed \"A\")",
        ),
        (
            "account trait a exists except all users (performed \"A\")",
            "and not all users (performed \"A\")",
        ),
        (
            "account trait a exists but not account trait b exists",
            "and not account trait b exists",
        ),
        ("account trait plan == \"a\"", "account trait plan = \"a\""),
        ("account trait plan is not \"a\"", "account trait plan != \"a\""),
        (
            "not account trait plan = \"a\" or \"b\"",
            "not account trait plan in [\"a\", \"b\"]",
        ),
        (
            "account trait a contains [\"b\"]",
            "account trait a contains any of [\"b\"]",
        ),
        (
            "account trait a is empty",
            "(account trait a does not exist or account trait a = \"\")",
        ),
        (
            "account trait a is not empty or account trait b exists",
            "(account trait a exists and account trait a != \"\")",
        ),
    ] {
        let help = help(&format!("audience a of accounts {{\n  who {condition}\n}}\n"));
        assert!(help.starts_with(&format!("write `{expected}`")), "{condition}: {help}");
    }
    // Which of three is meant is the author's to say.
    for condition in [
        "users performed \"A\"",
        "user performed \"A\"",
        "users (performed \"A\")",
        "at least 3 users (performed \"A\")",
        "most users (performed \"A\")",
    ] {
        let help = help(&format!("audience a of accounts {{\n  who {condition}\n}}\n"));
        assert!(
            ["any user", "all users", "no user"]
                .iter()
                .all(|words| help.contains(words)),
            "{condition}: {help}"
        );
    }
    for (behind, expected) in [
        ("in the last 90 days", "write `within 90 days`"),
        ("over 90 days", "write `within 90 days`"),
        ("for the past 3 months", "write `within 90 days`"),
        ("more than 30 days ago", "write `between 30 and 365 days ago`"),
        ("not within 30 days", "write `between 30 and 365 days ago`"),
        ("less than 30 days ago", "write `within 30 days`"),
        ("since 2026-01-01", "write `after 2025-12-31T23:59:59.999Z`"),
        ("if total > 5", "write `where (total > 5)`"),
        ("with (total > 5)", "write `where (total > 5)`"),
        ("(total > 5)", "write `where (total > 5)`"),
        ("where total > 5", "write `where (total > 5)`"),
        ("within 90", "write `within 90 days`;"),
    ] {
        let help = help(&format!("trait x = sum of total from \"A\" {behind}"));
        assert!(help.starts_with(expected), "{behind}: {help}");
    }
    // What stands at a wrong place is moved, not left out.
    for (trait_, expected) in [
        (
            "sum of total within 90 days from \"A\"",
            "of total from \"A\" within 90 days",
        ),
        (
            "sum of total where (a = 1) from \"A\"",
            "of total from \"A\" where (a = 1)",
        ),
    ] {
        assert_eq!(help(&format!("trait x = {trait_}")), format!("write `{expected}`"));
    }
}

/// The slips that are most common of all, each with what to write.
#[test]
fn the_commonest_slips_have_the_right_help() {
    let category = |text: &str| format!("category Advertising\ncategory Analytics\n{text}");
    for (text, at, help) in [
        (audience("trait plan == \"pro\""), "==", "write `trait plan = \"pro\"`"),
        (
            audience("trait a = 1 && trait b = 2"),
            "&&",
            "write `trait a = 1 and trait b = 2`",
        ),
        (audience("trait plan = 'pro'"), "'pro'", "write `\"pro\"`"),
        (
            audience("performed \"A\" within days"),
            "within days",
            "write for example `within 30 days`",
        ),
        (audience("has done \"A\""), "has done", "write `performed \"A\"`"),
        (
            audience("performed \"A\" where total > 50)"),
            "total > 50",
            "write `where (total > 50)`",
        ),
        (
            audience("performed \"A\" and total > 50"),
            "total",
            "for a property of the event, write `performed \"A\" where (total > 50)`; for a trait of that name, `trait \
             total > 50`",
        ),
        (
            audience("performed \"A\" where (a = 1) and total > 50"),
            "total",
            "for a property of the event, write `performed \"A\" where (a = 1 and total > 50)`; for a trait of that name, \
             `trait total > 50`",
        ),
        (
            audience("performed \"A\" total > 50"),
            "total > 50",
            "write `where (total > 50)`",
        ),
        (
            category(&audience("consent Advertising")),
            "consent Advertising",
            "write `consent to Advertising`, or `consent Advertising is denied` (or `conflicted`, or `not collected`)",
        ),
    ] {
        let (_, errors) = parse(FileId(0), &text);
        let [error] = errors.as_slice() else {
            panic!("{}", shown(&text, &errors))
        };
        assert_eq!(
            (&text[error.span.range()], error.help.as_deref()),
            (at, Some(help)),
            "{text}"
        );
    }
    // Names are looked up when the whole workspace is known.
    let text = category(&audience("consent to advertising"));
    let Err(volens::Error::Definitions(errors)) = volens::Engine::from_text("a.audience", &text) else {
        panic!("no error")
    };
    let [error] = errors.diagnostics() else {
        panic!("{errors}")
    };
    assert_eq!(
        (&text[error.span.range()], &*error.message, error.help.as_deref()),
        (
            "advertising",
            "there is no category `advertising`: small and capital letters differ",
            Some("did you mean `Advertising`?")
        )
    );
}

/// The pieces of a text in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whoever follows a help to the letter has a sound definition: each whole condition, clause or item that one offers can
/// be read where it belongs.
#[test]
fn every_help_is_sound_itself() {
    let mut unsound = String::new();
    for case in include_str!("syntax/slips.txt").split("=== ").skip(1) {
        let (name, text) = case.split_once('\n').unwrap();
        for error in parse(FileId(0), text).1 {
            // Where a sign is to be added is no text to copy.
            let help = error.help.as_deref().filter(|help| !help.starts_with("add `}`"));
            for piece in quoted(help.unwrap_or_default()) {
                let piece = piece.trim_start_matches("who … and ").trim_start_matches("who … or ");
                let piece = piece.trim_start_matches("and ").trim_start_matches("or ");
                let begins = [
                    "not ",
                    "(",
                    "performed \"",
                    "member of ",
                    "consent ",
                    "destination ",
                    "trait ",
                    "account trait ",
                    "event \"",
                    "audience ",
                    "any ",
                    "all users",
                    "no user",
                    "count of ",
                    "sum of ",
                    "average of ",
                    "minimum of ",
                    "maximum of ",
                    "first of ",
                    "last of ",
                    "most frequent of ",
                    "unique ",
                    "of ",
                    "from ",
                    "list of ",
                    "one of ",
                    "string",
                    "number",
                    "boolean",
                    "timestamp",
                ];
                let only_words = [
                    "consent to",
                    "consent enforcement",
                    "member of",
                    "not collected",
                    "(",
                    "unique list",
                    "unique count",
                ]
                .contains(&piece)
                    || piece.starts_with("not in ");
                if piece.contains('…') || only_words || !begins.iter().any(|begin| piece.starts_with(begin)) {
                    continue;
                }
                let read = [
                    piece.to_owned(),
                    audience(piece),
                    audience(&format!("performed \"E\" where ({piece})")),
                    audience(&format!("any trait list {piece}")),
                    format!("audience a {{ {piece} }}"),
                    // The parts of computed traits and schemas.
                    format!("{piece} }}"),
                    format!("audience a {piece} {{}}"),
                    format!("trait x = {piece}"),
                    format!("trait x = sum {piece}"),
                    format!("trait x = sum {piece} from \"E\""),
                    format!("trait x = sum of x {piece}"),
                    format!("trait x: {piece}"),
                    format!("identity {{ phone {piece} limit 1 }}"),
                    format!("event \"E\" {{ {piece} }}"),
                    format!("event \"E\" {{ {piece} x: string }}"),
                    format!("{piece}: string"),
                    format!("{piece} = count of \"E\""),
                    // Of a test, no more than what it is of may be shown.
                    audience(&format!("{piece} exists")),
                ];
                if !read.iter().any(|text| parse(FileId(0), text).1.is_empty()) {
                    let _ = writeln!(unsound, "{name}: {piece}");
                }
            }
        }
    }
    assert!(unsound.is_empty(), "{unsound}");
}
