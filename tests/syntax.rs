//! The syntax room from outside: trees of sound text, messages for broken text, limits, and that nothing panics.

use std::fmt::Write;

use proptest::prelude::*;
use volens::diagnostic::{Code, Diagnostic};
use volens::span::{FileId, Sources};
use volens::syntax::ast::{ClauseKind, Condition, ConditionKind, File, Item};
use volens::syntax::parse;

fn sound(text: &str) -> File {
    let (file, errors) = parse(FileId(0), text);
    assert!(errors.is_empty(), "{}", shown(text, &errors));
    file
}

fn shown(text: &str, errors: &[Diagnostic]) -> String {
    let mut sources = Sources::default();
    sources.add("x", text);
    errors.iter().fold(String::new(), |mut out, error| {
        let _ = writeln!(out, "{}", error.to_text(&sources));
        out
    })
}

fn codes(text: &str) -> Vec<Code> {
    parse(FileId(0), text).1.into_iter().map(|error| error.code).collect()
}

/// `audience a { who … }`
fn audience(condition: &str) -> String {
    format!("audience a {{\n  who {condition}\n}}\n")
}

fn snapshot(name: &str, text: impl AsRef<str>) {
    insta::with_settings!({omit_expression => true}, {
        insta::assert_snapshot!(name, text.as_ref());
    });
}

// ---- trees

/// One line an item or clause, so that a change shows where it is.
fn tree(file: &File) -> String {
    let mut out = String::new();
    for item in &file.items {
        if let Item::Audience(audience) = item {
            let _ = writeln!(
                out,
                "Audience {:?} {:?} {:?}",
                audience.name, audience.label, audience.span
            );
            for clause in &audience.clauses {
                let _ = writeln!(out, "  {clause:?}");
            }
        } else {
            let _ = writeln!(out, "{item:?}");
        }
    }
    let _ = writeln!(out, "comments {:?}", file.comments);
    out
}

#[test]
fn declarations_keep_all_that_is_written() {
    snapshot(
        "declarations",
        tree(&sound(
            "# first\ncategory A\ncategory \"B b\" \"label \\u00e9\" disabled # last\n\
             destination c requires nothing\ndestination d \"D\" requires A, \"B b\" {\n  type \"T\" message identify\n  \
             removal never receives consent storage }\ndestination e {}\nconsent enforcement off\n\
             audience f {}\naudience \"g\" \"G\" { include anonymous consent to A and \"B b\" send to c, d }",
        )),
    );
}

#[test]
fn traits_schemas_and_accounts_keep_all_that_is_written() {
    snapshot(
        "traits_and_accounts",
        tree(&sound(
            "trait n \"N\" = count of \"E\" within 90 days where (x.y > 1)\naccount trait \"top cat\" = most frequent of \
             category.id from \"E\" at least 3 times before 2026-01-01\ntrait u = unique list of \"item\" from \"E\" trait v = \
             unique count of tags from \"F\"\ntrait plan.name: one of [\"pro\", 1, true,]\naccount trait seats: list of list of \
             number\nevent \"E\" { a.b: string, \"c d\": timestamp, e: boolean, }\nevent \"F\" {}\naudience a \"A\" of accounts \
             {\n  who any user (performed \"E\" and not trait x = 1) and not all users (account trait plan = trait y)\n    and \
             no user (member of b) and any account trait tags (item exists)\n}\naudience b of users {}",
        )),
    );
}

#[test]
fn conditions_keep_all_that_is_written() {
    snapshot(
        "conditions",
        tree(&sound(
            "audience a {\n  who performed \"E\" at least 2 times within 30 days # why\n    and not not (trait a.\"b c\" = \"x\" \
             or trait n <= -1.5e3) and member of b\n    and consent to C and consent C is not collected\n}\n\
             audience b { who performed \"E\" exactly 1 time within last 1 week between 1 and 2 hours ago before \
             2026-01-01 after 2025-12-31T23:59:59.5+01:00 where (in in [1, \"2\", true, 2026-01-01,] and x.item > \
             trait y.z) send to c }",
        )),
    );
}

#[test]
fn every_test_has_its_kind() {
    let tests = [
        "= 1",
        "!= false",
        "< 1",
        "<= 1",
        "> 1",
        ">= trait y",
        "in [1]",
        "not in [1, 2]",
        "contains 1",
        "does not contain \"x\"",
        "contains any of [1]",
        "starts with \"x\"",
        "ends with trait y",
        "exists",
        "does not exist",
        "before 2026-01-01",
        "before trait y",
        "after 2026-01-01T00:00Z",
        "within last 3 days",
        "within next 3 days",
        "before last 3 days",
        "after next 3 days",
    ];
    let trees: String = tests
        .map(|test| {
            let file = sound(&format!("audience a {{ who trait x {test} }}"));
            let Some(Item::Audience(audience)) = file.items.first() else {
                panic!("no audience")
            };
            let Some(ClauseKind::Who(condition)) = audience.clauses.first().map(|clause| &clause.kind) else {
                panic!("no condition")
            };
            format!("{test}\n  {:?}\n", condition.kind)
        })
        .concat();
    snapshot("tests", trees);
}

#[test]
fn words_of_the_language_are_free_in_paths() {
    let words = [
        "trait", "to", "in", "not", "and", "or", "is", "exists", "contains", "before", "within", "item", "true", "any",
        "who", "where", "category", "audience", "then",
    ];
    for word in words {
        sound(&audience(&format!(
            "trait {word} exists and trait {word}.{word} not in [1] and trait x = trait {word}"
        )));
        let first = if matches!(word, "not" | "any" | "and" | "or" | "true" | "trait" | "item") {
            format!("\"{word}\"")
        } else {
            word.to_owned()
        };
        sound(&audience(&format!(
            "performed \"E\" where (not {first}.{word} in [1] and {first} exists)"
        )));
        sound(&format!(
            "trait {word}: string\ntrait {word}.{word}: number account trait {word}: boolean\nevent \"E\" {{ {first}: \
             string, {first}.{word}: number }}\ntrait t = last of {first}.{word} from \"E\" where ({first} exists)\ntrait u = \
             first of {first} from \"E\""
        ));
    }
    sound(&audience("performed \"E\" where (in in [1] or not in not in [2])"));
}

#[test]
fn reserved_words_are_names_in_quotes_alone() {
    let words = "account all and any audience category consent destination event identity include is lookback member no not \
                 nothing or performed requires send then to trait who";
    for word in words.split_whitespace() {
        for (before, after) in [
            ("category ", ""),
            ("destination ", " requires nothing"),
            ("destination d requires ", ""),
            ("audience ", " {}"),
            ("trait ", " = count of \"E\""),
            ("account trait ", " \"T\" = sum of x from \"E\""),
            ("audience a { who member of ", " }"),
            ("audience a { who consent to ", " }"),
            ("audience a { consent to ", " }"),
            ("audience a { send to ", " }"),
        ] {
            sound(&format!("{before}\"{word}\"{after}"));
            let bare = format!("{before}{word}{after}");
            // `requires nothing` is what it says.
            if bare != "destination d requires nothing" {
                assert!(!parse(FileId(0), &bare).1.is_empty(), "{bare}");
            }
        }
    }
    for free in [
        "on",
        "off",
        "type",
        "in",
        "where",
        "true",
        "days",
        "enforcement",
        "not_",
        "anything",
    ] {
        sound(&format!(
            "category {free}\naudience {free} {{ who consent {free} is granted and member of {free} }}"
        ));
    }
}

#[test]
fn a_line_break_is_a_blank() {
    let text = "category A \"x\" disabled destination d \"D\" requires A , B { type \"T\" removal once } consent enforcement on \
                audience a \"A\" { who trait category = trait category and trait audience exists and trait destination = \
                trait destination and consent enforcement is granted and trait x = trait category consent to A and B include \
                anonymous send to d } audience b { who performed \"E\" where ( consent = trait audience and category \
                contains \"x\" and destination in [ 1 , 2 ] ) send to d , e }";
    let kinds = |file: &File| file.items.iter().map(std::mem::discriminant).collect::<Vec<_>>();
    let (one_line, many) = (sound(text), sound(&text.replace(' ', "\n")));
    assert_eq!(one_line.items.len(), 5);
    assert_eq!(kinds(&one_line), kinds(&many));
}

#[test]
fn line_ends_and_marks_do_not_matter() {
    let text = "\u{FEFF}# one\r\ncategory A\r\n  \"x\" # two\r\n";
    let file = sound(text);
    let Some(Item::Category(category)) = file.items.first() else {
        panic!("no category")
    };
    assert_eq!(&text[category.span.range()], "category A\r\n  \"x\"");
    let comments: Vec<&str> = file.comments.iter().map(|span| &text[span.range()]).collect();
    assert_eq!(comments, ["# one", "# two"]);
}

// ---- messages

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

#[test]
fn a_file_of_json_is_told_once() {
    for text in [
        "{\"type\": \"track\"}\n".repeat(1000),
        "\u{FEFF}\n\n  [{}, {}]".to_owned(),
        "{\n  \"type\": \"track\"\n}".to_owned(),
    ] {
        assert_eq!(codes(&text), [Code::Syntax], "{}", &text[..20.min(text.len())]);
    }
    // A block that lacks its beginning is none, and what follows it is still read.
    let (file, errors) = parse(FileId(0), "{\n  who trait a exists\n}\naudience b {}");
    assert_eq!((file.items.len(), errors.len()), (1, 1));
}

#[test]
fn a_broken_item_leaves_the_others_whole() {
    let names = |text: &str| {
        let (file, errors) = parse(FileId(0), text);
        let items = file.items.iter().filter_map(|item| match item {
            Item::Category(item) => Some(&item.name),
            Item::Destination(item) => Some(&item.name),
            Item::Audience(item) => Some(&item.name),
            _ => None,
        });
        let items: Vec<String> = items.map(|name| name.text.to_string()).collect();
        let broken: Vec<String> = file.broken.iter().map(|broken| broken.name.text.to_string()).collect();
        (items.join(" "), broken.join(" "), errors.len())
    };
    let expect = |items: &str, broken: &str, errors| (items.to_owned(), broken.to_owned(), errors);
    // A brace is missing, once and for two items in a row.
    assert_eq!(
        names("audience a {\n  who trait x exists\n\naudience b {}\ncategory c\n"),
        expect("b c", "a", 1)
    );
    assert_eq!(
        names("audience a {\n\naudience b {\n  who trait x =\n\ndestination d requires x\ncategory c"),
        expect("d c", "a b", 2)
    );
    // Too many braces, or none.
    assert_eq!(names("audience a {}\n}\n}\naudience b {}"), expect("a b", "", 2));
    assert_eq!(
        names("audience a\n  who trait x exists\n  consent to c\n}\naudience b {}"),
        expect("b", "a", 1)
    );
    // A string without its end swallows the brace behind it.
    assert_eq!(
        names("audience a { who performed \"x }\n\naudience b {}"),
        expect("b", "a", 1)
    );
    // Several items on a line, the middle one broken.
    assert_eq!(names("category a category 1b category c"), expect("a c", "1b", 1));
    // Words that are no item.
    assert_eq!(names("category a\nTODO ask about b\ncategory c"), expect("a c", "", 1));
    // A sound item keeps its tree although the comment in it is refused.
    assert_eq!(names("category a # \u{202E}\n  \"x\""), expect("a", "", 1));
    // Keywords at the margin inside of braces are paths as long as a test follows.
    assert_eq!(
        names("audience a {\nwho trait\ncategory\nexists and trait\naudience\n= 1 and trait\ndestination\nin [1]\n}"),
        expect("a", "", 0)
    );
}

// ---- limits

#[test]
fn a_file_has_a_mebibyte_at_most() {
    let longest = format!("category a\n#{}", "x".repeat(1024 * 1024 - 12));
    assert_eq!(longest.len(), 1024 * 1024);
    sound(&longest);
    assert_eq!(codes(&format!("{longest}x")), [Code::Limit]);
    assert_eq!(codes(&"é".repeat(1024 * 1024)), [Code::Limit]);
}

#[test]
fn a_list_has_ten_thousand_values_at_most() {
    let list = |n: usize| audience(&format!("trait x in [{}]", vec!["1"; n].join(", ")));
    sound(&list(10_000));
    assert_eq!(codes(&list(10_001)), [Code::Limit]);
    assert_eq!(codes(&list(20_000)), [Code::Limit]);
}

/// All the ways to nest, `n` deep.
fn nested(n: usize) -> [String; 8] {
    [
        // A quantifier counts once, and its brackets once more.
        audience(&format!(
            "{}{}trait x = 1{}",
            "any user (".repeat(n / 2),
            "not ".repeat(n % 2),
            ")".repeat(n / 2)
        )),
        audience(&format!(
            "{}{}trait x = 1{}",
            "not all users (".repeat(n / 3),
            "not ".repeat(n % 3),
            ")".repeat(n / 3)
        )),
        format!("trait t = count of \"E\" where {}x = 1{}", "(".repeat(n), ")".repeat(n)),
        audience(&format!("{}trait x = 1{}", "(".repeat(n), ")".repeat(n))),
        audience(&format!("{}trait x not in [1]", "not ".repeat(n))),
        audience(&format!(
            "{}{}trait x = 1{}",
            "not (".repeat(n / 2),
            "not ".repeat(n % 2),
            ")".repeat(n / 2)
        )),
        audience(&format!(
            "performed \"E\" where {}x = 1{}",
            "(".repeat(n),
            ")".repeat(n)
        )),
        audience(&format!(
            "performed \"E\" where ({}who not in [1])",
            "not ".repeat(n - 1)
        )),
    ]
}

#[test]
fn conditions_nest_64_deep_on_small_stacks() {
    for stack in [128 * 1024, 512 * 1024, 2 * 1024 * 1024] {
        let thread = std::thread::Builder::new().stack_size(stack).spawn(|| {
            for text in nested(64) {
                sound(&text);
            }
            for depth in [65, 66, 1000] {
                for text in nested(depth) {
                    assert_eq!(codes(&text), [Code::Limit], "{text}");
                }
            }
        });
        thread.unwrap().join().unwrap();
    }
}

#[test]
fn hostile_text_is_refused_on_a_small_stack() {
    const N: usize = 100_000;
    let texts = [
        "(".repeat(N),
        audience(&"(".repeat(N)),
        audience(&"not ".repeat(N)),
        audience(&"( not ".repeat(N)),
        audience(&"[".repeat(N)),
        audience(&"{".repeat(N)),
        "}".repeat(N),
        "{".repeat(N),
        "(".repeat(N) + &"}".repeat(N),
        "(".repeat(N) + &"]".repeat(N),
        "[(".repeat(N) + &"])".repeat(N),
        "\"\n".repeat(N),
        "audience a { who trait x = \"\n".repeat(N / 10),
        "audience a {\n".repeat(N / 2),
        "'".repeat(N),
        "“".repeat(N),
        "« ‘ ".repeat(N),
        "\"\\".repeat(N),
        "category ".repeat(N),
        "category a category b ".repeat(N / 4) + "1",
        audience(&"trait ".repeat(N)),
        audience(&"and ".repeat(N)),
        audience(&"a.".repeat(N)),
        audience(&format!("trait {}", "a.".repeat(N))),
        audience(&format!("trait x = 1{} or", " or trait x = 1".repeat(50_000))),
        audience(&format!("trait x in [{}", "1,".repeat(N))),
        audience(&format!("trait x = {}", "9".repeat(N))),
        "x".repeat(2_000_000),
        "audience a {}\n".repeat(150_000),
        "trait ".repeat(N),
        "account ".repeat(N),
        "account trait ".repeat(N),
        "trait x: ".repeat(N),
        "trait x = ".repeat(N),
        "trait x = sum of ".repeat(N / 4),
        "event ".repeat(N),
        "event \"E\" {".repeat(N / 4),
        "event \"E\" {\n".repeat(N / 4),
        format!("trait x: {}", "list of ".repeat(N)),
        format!("trait x: {}x", "list of ".repeat(N)),
        format!("event \"E\" {{ {} }}", "x: string ".repeat(50_000)),
        format!("event \"E\" {{ x: one of {} }}", "[1, ".repeat(N)),
        format!("trait x = count of \"E\" {}", "within 1 day ".repeat(50_000) + "over"),
        format!("trait x = sum of {} from", "a.".repeat(N)),
        audience(&"any user ".repeat(N)),
        audience(&"any user (".repeat(N)),
        audience(&"no ".repeat(N)),
        audience(&"all ".repeat(N)),
        audience(&"account trait ".repeat(N / 2)),
    ];
    let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(move || {
        for text in &texts {
            let (_, errors) = parse(FileId(0), text);
            assert!(!errors.is_empty(), "{}", &text[..text.len().min(60)]);
        }
    });
    thread.unwrap().join().unwrap();
}

#[test]
fn lists_of_lists_need_no_stack() {
    let thread = std::thread::Builder::new().stack_size(128 * 1024).spawn(|| {
        let lists = "list of ".repeat(10_000);
        let text = format!("trait x: {lists}string\nevent \"E\" {{ x: {lists}one of [1] }}");
        let (file, errors) = parse(FileId(0), &text);
        assert_eq!((file.items.len(), errors.len()), (2, 0));
    });
    thread.unwrap().join().unwrap();
}

/// How many conditions a tree has.
fn conditions(condition: &Condition) -> usize {
    1 + match &condition.kind {
        ConditionKind::And(all) | ConditionKind::Or(all) => all.iter().map(conditions).sum(),
        ConditionKind::Not(one) | ConditionKind::Brackets(one) => conditions(one),
        _ => 0,
    }
}

#[test]
fn the_tree_grows_as_the_text_does() {
    let count = |n: usize| {
        let file = sound(&audience(&vec!["(trait x = 1)"; n].join(" or ")));
        let Some(Item::Audience(audience)) = file.items.first() else {
            panic!("no audience")
        };
        audience
            .clauses
            .iter()
            .map(|clause| match &clause.kind {
                ClauseKind::Who(condition) => conditions(condition),
                _ => 0,
            })
            .sum::<usize>()
    };
    assert_eq!(count(1_000), 2_001);
    assert_eq!(count(2_000), 4_001);
    assert_eq!(count(50_000), 100_001);
}

// ---- arbitrary text

/// What must hold of every answer.
fn check(text: &str) -> Result<(), TestCaseError> {
    let (file, errors) = parse(FileId(0), text);
    let mut spans: Vec<_> = file.comments.clone();
    for error in &errors {
        prop_assert!(error.span.start < error.span.end, "nothing underlined: {error:?}");
        prop_assert!(!error.message.is_empty());
        spans.push(error.span);
        spans.extend(error.related.iter().map(|label| label.span));
    }
    spans.extend(file.broken.iter().map(|broken| broken.name.span));
    for item in &file.items {
        spans.push(match item {
            Item::Category(item) => item.span,
            Item::Destination(item) => item.span,
            Item::Audience(item) => item.span,
            Item::Enforcement(item) => item.span,
            Item::Event(item) => item.span,
            Item::Trait(item) => item.span,
            Item::Computed(item) => item.span,
            Item::Identity(item) => item.span,
            _ => continue,
        });
    }
    for span in spans {
        prop_assert!(text.get(span.range()).is_some(), "{span:?} is no place in the text");
    }
    prop_assert!(!file.broken.is_empty() || !file.items.is_empty() || !errors.is_empty() || is_blank(text));
    prop_assert!(file.broken.len() <= errors.len());
    Ok(())
}

fn is_blank(text: &str) -> bool {
    text.trim_start_matches('\u{FEFF}')
        .lines()
        .all(|line| line.trim().is_empty() || line.trim().starts_with('#'))
}

const SOUND: &str = "category A \"é\" # c\ndestination d \"D\" requires A { type \"T\" removal once }\n\
    audience a \"A\" {\n  who performed \"E\" at least 2 times within 30 days where (x.y >= 1.5 and not z in [\"1\", true,])\n    \
    and (trait p = 2026-01-01T00:00Z or not consent A is not collected) and member of b\n  consent to A\n  include \
    anonymous\n  send to d\n}\nconsent enforcement on\naudience b {}\naudience f {\n  who performed \"E\" as e then performed \"F\" as \"f g\" \
    within 1 day where (any x.y (item = e.z or any item (w in [1])))\n    then not performed \"G\" where (v = \"f g\".v)\n    \
    and any trait t (not item exists)\n  lookback 9 weeks\n}\ntrait n \"N\" = most frequent of x.y from \"E\" at least 3 times within 9 days\n  where (z = trait q)\n\
    account trait c = count of \"E\" trait s: list of one of [1, \"é\"]\naccount trait p.q: number\nevent \"E\" {\n  x.y: string,\n  \"z\": timestamp,\n}\n\
    audience o \"O\" of accounts {\n  who not any user (performed \"E\") and account trait p.q = trait c\n    and all users (trait z exists) and no user (member of b)\n}\n\
    identity {\n  phone from traits.phone, context.traits.\"a b\" limit 3 per week\n  \"a.b\" limit 5\n  block \"x\", \"y\"\n}\n";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_text_is_answered(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn text_of_the_languages_words_is_answered(words in prop::collection::vec(prop::sample::select(vec![
        "audience", "category", "destination", "consent", "enforcement", "who", "trait", "performed", "member", "of", "to",
        "not", "and", "or", "in", "is", "a", "b", "\"E\"", "1", "30", "days", "within", "last", "between", "ago", "at",
        "least", "times", "where", "(", ")", "[", "]", "{", "}", ",", "=", "==", "<", ".", "-", "\n", "\"", "'", "#", "//",
        "exists", "contains", "any", "does", "requires", "nothing", "send", "include", "anonymous", "2026-01-01", "é", "type",
        "item", "then", "as", "lookback", "a.b", "event", "account", "accounts", "sum", "from", "count", "most", "frequent",
        "unique", "list", "one", "string", "number", ":", "any user", "all", "users", "no", ";", "average", "int",
        "identity", "traits", "limit", "per", "week", "block",
    ]), 0..60), glue in prop::sample::select(vec![" ", ""])) {
        check(&words.join(glue))?;
    }

    #[test]
    fn mutated_text_is_answered(at in 0..SOUND.len(), length in 0..12usize, put in "\\PC{0,3}") {
        let at = (0..=at).rev().find(|at| SOUND.is_char_boundary(*at)).unwrap_or(0);
        let end = (at + length..).find(|end| *end >= SOUND.len() || SOUND.is_char_boundary(*end)).unwrap_or(at);
        let text = format!("{}{put}{}", &SOUND[..at], SOUND.get(end..).unwrap_or(""));
        check(&text)?;
        check(&text[..at])?;
    }
}

#[test]
fn every_beginning_of_a_sound_text_is_answered() {
    sound(SOUND);
    for at in (0..SOUND.len()).filter(|at| SOUND.is_char_boundary(*at)) {
        check(&SOUND[..at]).unwrap();
    }
}
