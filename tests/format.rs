//! The canonical form: what it looks like, that it means the same, that it stays as it is, and that no comment is lost.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what generates is no test function, yet serves tests alone"
)]

mod ast_gen;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use volens::span::FileId;
use volens::syntax::{self, ast};
use volens::{Engine, Error};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn format(text: &str) -> String {
    volens::format("test.audience", text).unwrap_or_else(|error| panic!("{error}\n{text:.2000}"))
}

/// Every `.audience` file below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.to_string_lossy().ends_with(".audience") && !path.to_string_lossy().ends_with(".test.audience") {
            found.push(path);
        }
    }
    found.sort();
}

fn below(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(&root().join(folder), &mut found);
    found
}

#[test]
fn the_ugly_becomes_beautiful() {
    insta::glob!("format/*.audience", |path| {
        let ugly = fs::read_to_string(path).unwrap();
        insta::with_settings!({omit_expression => true, snapshot_path => "snapshots/format", prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!(format(&ugly));
        });
    });
}

#[test]
fn the_corpus_means_the_same_and_stays_as_it_is() {
    let files = below("tests/corpus/ok");
    assert!(files.len() >= 30);
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let formatted = format(&text);
        assert_eq!(format(&formatted), formatted, "{}", path.display());
        let program = |text: &str| match Engine::from_text("test.audience", text) {
            Ok(engine) => Ok(engine.program().clone()),
            // A file of a workspace of several: what it lacks, it lacks before and after.
            Err(Error::Definitions(errors)) => Err(errors.diagnostics().iter().map(|d| d.message.clone()).collect()),
            Err(error) => panic!("{error}"),
        };
        let before: Result<_, Vec<String>> = program(&text);
        assert_eq!(program(&formatted), before, "{}", path.display());
        assert!(before.is_ok() || path.to_string_lossy().contains("many_files"));
    }
}

#[test]
fn broken_files_are_told_and_not_formatted() {
    let error = volens::format("a.audience", "category A\naudience a { who trait x = }").unwrap_err();
    assert!(matches!(error, Error::Definitions(_)), "{error}");
    assert!(error.to_string().starts_with("a.audience:2:"), "{error}");
    // What is wrong with a meaning is no matter of form.
    assert_eq!(
        format("audience a{send to nowhere}"),
        "audience a {\n  send to nowhere\n}\n"
    );
}

#[test]
fn what_is_wrong_with_a_meaning_is_wrong_all_the_same() {
    let codes = |text: &str| match Engine::from_text("test.audience", text) {
        Ok(_) => Vec::new(),
        Err(Error::Definitions(errors)) => errors.diagnostics().iter().map(|problem| problem.code).collect(),
        Err(error) => panic!("{error}"),
    };
    let mut formatted = 0;
    for path in below("tests/corpus/bad") {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        match volens::format("test.audience", &text) {
            Ok(better) => {
                formatted += 1;
                assert_eq!(codes(&better), codes(&text), "{}", path.display());
            }
            Err(Error::Definitions(_)) => {}
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
    assert!(formatted >= 50, "{formatted}");
}

#[test]
fn a_file_that_would_grow_beyond_the_limit_is_left_alone() {
    // Six characters a value, in the text; with a line for each, more.
    let values = vec!["\"thirteen char\""; 9_000].join(",");
    let audience = |name: usize| format!("audience a{name}{{who trait x in[{values}]}}");
    let text: Vec<String> = (0..7).map(audience).collect();
    let text = text.join("\n");
    assert!(text.len() <= syntax::MAX_FILE);
    let error = volens::format("long.audience", &text).unwrap_err();
    assert!(matches!(error, Error::Format { .. }), "{error}");
    assert!(error.to_string().contains("1 MiB"), "{error}");
}

#[test]
fn a_condition_at_the_margin_is_no_item() {
    // `= … of` is how a computed trait begins, too.
    for (condition, formatted) in [
        (
            "(# c\ntrait \"L 6\" = \"or\".of.x)",
            "(  # c\n    trait \"L 6\" = \"or\".of.x\n  )",
        ),
        ("\ntrait a = trait of", "trait a = trait of"),
        ("\naccount\ntrait a = order.of", "account trait a = order.of"),
    ] {
        let text = format!("audience crm {{\nwho {condition}\n}}");
        assert_eq!(format(&text), format!("audience crm {{\n  who {formatted}\n}}\n"));
    }
}

#[test]
fn deep_and_long_texts_are_formatted() {
    let mut condition = "trait x = 1".to_owned();
    for depth in 0..60 {
        condition = format!("({condition} or trait y{depth} in [1, 2, 3])");
    }
    let chain = [condition.as_str(); 10].join(" and ");
    let comments = "# c\n".repeat(20_000);
    let text = format!("{comments}audience a {{ who {chain} # c\n {comments} }}");
    // On a thread with little room, too.
    let small = std::thread::Builder::new().stack_size(128 * 1024);
    let formatted = small.spawn(move || format(&text)).unwrap().join().unwrap();
    assert_eq!(format(&formatted), formatted);
    assert_eq!(formatted.matches("# c\n").count(), 40_001);
}

#[test]
fn byte_order_marks_carriage_returns_and_tabs_go() {
    let text = "\u{feff}category A # c \t\r\n\r\n\r\n\tcategory\tB\t# d\te\r\n";
    assert_eq!(format(text), "category A  # c\n\ncategory B  # d\te\n");
    assert_eq!(format(""), "");
    assert_eq!(format("\n\n\t\r\n"), "");
    assert_eq!(format("\n\n# c"), "# c\n");
}

#[test]
fn brackets_are_put_in_where_a_made_tree_lacks_them() {
    let (read, errors) = syntax::parse(
        FileId(0),
        "audience a { who trait a = 1 and (trait b = 2 or trait c = 3) and not (trait d = 4 and trait e = 5) }",
    );
    assert!(errors.is_empty());
    let text = syntax::print(&read);
    let mut made = read;
    fn strip(condition: &mut ast::Condition) {
        match &mut condition.kind {
            ast::ConditionKind::And(operands) | ast::ConditionKind::Or(operands) => operands.iter_mut().for_each(strip),
            ast::ConditionKind::Not(inner) => strip(inner),
            ast::ConditionKind::Brackets(inner) => {
                let inner = (**inner).clone();
                *condition = inner;
                strip(condition);
            }
            _ => {}
        }
    }
    for item in &mut made.items {
        if let ast::Item::Audience(audience) = item {
            for clause in &mut audience.clauses {
                if let ast::ClauseKind::Who(condition) = &mut clause.kind {
                    strip(condition);
                }
            }
        }
    }
    assert_eq!(syntax::print(&made), text);
}

#[test]
fn the_examples_are_in_canonical_form() {
    let examples = below("examples");
    assert!(examples.len() >= 2);
    for path in examples {
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(format(&text), text, "{}: run `volens fmt examples`", path.display());
    }
}

#[test]
fn the_definitions_of_the_guides_are_in_canonical_form() {
    let mut count = 0;
    for page in [
        "README.md",
        "docs/language.md",
        "docs/consent.md",
        "docs/events.md",
        "docs/coming_from.md",
    ] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for block in text.split("\n```audience").skip(1) {
            let (tags, rest) = block.split_once('\n').unwrap();
            let (definitions, _) = rest.split_once("```").unwrap();
            // Conditions alone are no files, and errors are shown as they are made.
            if tags.contains(",part") || tags.contains(",error") {
                continue;
            }
            count += 1;
            assert_eq!(format(definitions), definitions, "{page}");
        }
    }
    assert!(count >= 10, "{count}");
}

// ---- what always holds

/// A word or comment of a text, as far as it takes to see which stands next to which.
#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Word(String),
    /// Whether it has its line for itself.
    Comment(String, bool),
}

fn seen(text: &str) -> Vec<Seen> {
    let mut seen = Vec::new();
    for line in text.lines() {
        let mut rest = line.trim();
        let mut first = true;
        while !rest.is_empty() {
            let length = if rest.starts_with('#') {
                rest.len()
            } else if rest.starts_with(['(', ')', '[', ']', '{', '}', ',']) {
                1
            } else {
                let mut quoted = false;
                let mut escaped = false;
                let end = rest.find(|c: char| {
                    let ends = !quoted && (c.is_whitespace() || "()[]{},#".contains(c));
                    quoted ^= c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                end.unwrap_or(rest.len())
            };
            let word = rest[..length].trim_end().to_owned();
            seen.push(if word.starts_with('#') {
                Seen::Comment(word, first)
            } else {
                Seen::Word(word)
            });
            rest = rest[length..].trim_start();
            first = false;
        }
    }
    seen
}

/// Words that a comment may move across: a comma, and what joins two conditions or steps.
fn is_joiner(word: &str) -> bool {
    matches!(word, "," | "and" | "or" | "then")
}

/// Each comment with how many words stand before it, joiners aside.
fn places(text: &str) -> Vec<(String, usize)> {
    let mut words = 0;
    let mut places = Vec::new();
    for seen in seen(text) {
        match seen {
            Seen::Word(word) => words += usize::from(!is_joiner(&word)),
            Seen::Comment(text, _) => places.push((text, words)),
        }
    }
    places
}

/// The comments that stand behind something on its line, and behind which word.
fn behind(text: &str) -> BTreeMap<String, String> {
    let seen = seen(text);
    let pairs = seen.windows(2).filter_map(|pair| match pair {
        [Seen::Word(word), Seen::Comment(text, false)] => Some((text.clone(), word.clone())),
        _ => None,
    });
    pairs.collect()
}

/// What is put between two words instead of what stands there, with a comment of this number.
fn filling(kind: u8, number: usize) -> String {
    match kind % 8 {
        0 => " ".to_owned(),
        1 => "\n".to_owned(),
        2 => "\n\n\n".to_owned(),
        3 => format!(" # {number}\n"),
        4 => format!("\n   # {number}\n"),
        5 => format!("# {number}\n\n# and {number} \"\n\n"),
        6 => format!("\n\n  # {number}\n # and {number} }}"),
        _ => "\t".to_owned(),
    }
}

/// The text with other things between its words: there are as many kinds as it takes, again and again.
fn filled(text: &str, kinds: &[u8]) -> String {
    let mut filled = String::new();
    let mut kinds = kinds.iter().copied().cycle();
    for (number, seen) in seen(text).into_iter().enumerate() {
        let Seen::Word(word) = seen else { continue };
        let kind = kinds.next().unwrap_or(0);
        filled += &filling(kind, number);
        if !filled.ends_with('\n') && filled.rsplit('\n').next().is_some_and(|line| line.contains('#')) {
            filled.push('\n');
        }
        filled += &word;
    }
    filled
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(file in ast_gen::file()) {
        let text = syntax::print(&file);
        let (mut read, errors) = syntax::parse(FileId(0), &text);
        prop_assert!(errors.is_empty(), "{}\n{:#?}", text, errors);
        read.forget_places();
        let mut file = file;
        file.forget_places();
        prop_assert_eq!(&read, &file, "{}", text);
        prop_assert_eq!(format(&text), text);
    }

    /// What is left of a sound text when a part of it is cut out is broken, or formatted like any other.
    #[test]
    fn whatever_is_accepted_is_formatted(file in any::<prop::sample::Index>(), from in any::<prop::sample::Index>(), length in 0usize..60) {
        let files = below("tests/corpus/ok");
        let text = fs::read_to_string(file.get(&files)).unwrap();
        let characters: Vec<char> = text.chars().collect();
        let from = from.index(characters.len());
        let to = (from + length).min(characters.len());
        let cut: String = characters[..from].iter().chain(&characters[to..]).collect();
        match volens::format("cut.audience", &cut) {
            Ok(formatted) => prop_assert_eq!(format(&formatted), formatted),
            Err(Error::Definitions(_)) => {}
            Err(error) => prop_assert!(false, "{}\n{}", error, cut),
        }
    }

    #[test]
    fn no_comment_is_lost_or_moved(text in ast_gen::file().prop_map(|file| syntax::print(&file)), kinds in prop::collection::vec(any::<u8>(), 1..40)) {
        let text = filled(&text, &kinds);
        let formatted = format(&text);
        prop_assert_eq!(places(&formatted), places(&text), "{}\n----\n{}", text, formatted);
        let still = behind(&formatted);
        for (comment, _) in behind(&text).iter().filter(|(_, word)| !is_joiner(word)) {
            prop_assert!(still.contains_key(comment), "{}\n{}\n----\n{}", comment, text, formatted);
        }
        prop_assert_eq!(&format(&formatted), &formatted);
        prop_assert!(formatted.lines().all(|line| line.trim_end() == line), "{}", formatted);
        prop_assert!(!formatted.contains("\n\n\n") && !formatted.starts_with('\n'), "{}", formatted);
    }
}
