//! That `sentences.md` and `docs/consistency.md` name tests that exist, leave no number and no rule of the grammar out, and
//! that every row has a test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: PathBuf) -> String {
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

struct Row {
    heading: String,
    first: String,
    tests: String,
}

/// The sentences of the language.
const LANGUAGE: &str = "tests/sentences.md";
/// The sentences about spaces and stores.
const CONSISTENCY: &str = "docs/consistency.md";

/// The rows of all tables of a page, each with the heading above it.
fn rows(page: &str) -> Vec<Row> {
    let mut heading = String::new();
    let mut rows = Vec::new();
    for line in read(root().join(page)).lines() {
        if let Some(title) = line.strip_prefix('#') {
            heading = title.trim_start_matches('#').trim().to_owned();
        }
        let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
            continue;
        };
        let [first, said, tests] = cells.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{line}: not three cells");
        };
        if ["rules", "no."].contains(&first) {
            continue;
        }
        assert!(!said.trim().is_empty(), "{line}: nothing is said");
        rows.push(Row {
            heading: heading.clone(),
            first: first.to_owned(),
            tests: tests.to_owned(),
        });
    }
    rows
}

/// What stands in backticks.
fn quoted(cell: &str) -> Vec<&str> {
    assert_eq!(cell.matches('`').count() % 2, 0, "{cell}");
    cell.split('`').skip(1).step_by(2).collect()
}

/// The tests of a cell, each with its cases.
fn named(cell: &str) -> Vec<(&str, &str, Vec<&str>)> {
    let mut tests: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for word in quoted(cell) {
        match (word.split_once(".rs::"), tests.last_mut()) {
            (Some((file, function)), _) => tests.push((file, function, Vec::new())),
            (None, Some((_, _, cases))) => cases.push(word),
            (None, None) => panic!("{cell}: a case without its test"),
        }
    }
    tests
}

/// Where a test stands: those of the log are beside it.
fn source(file: &str) -> PathBuf {
    match file.strip_prefix("store/") {
        Some(file) => root().join(format!("src/store/tests/{file}.rs")),
        None => root().join(format!("tests/{file}.rs")),
    }
}

/// The attributes and the body of a test.
fn function<'s>(source: &'s str, name: &str) -> Option<&'s str> {
    // In `proptest!`, functions are indented.
    let at = source.find(&format!("fn {name}("))?;
    let line = source[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let indent = &source[line..at];
    let attributes = source[..line].rfind("\n\n").unwrap_or(0);
    let end = source[at..].find(&format!("\n{indent}}}\n"))?;
    Some(&source[attributes..at + end])
}

#[test]
fn every_row_names_tests_that_exist_and_run() {
    let mut sources: BTreeMap<String, String> = BTreeMap::new();
    let mut rows = rows(LANGUAGE);
    assert!(rows.len() > 200, "{}", rows.len());
    let consistency = self::rows(CONSISTENCY);
    assert!(consistency.len() > 25, "{}", consistency.len());
    rows.extend(consistency);
    let mut wrong = Vec::new();
    for row in &rows {
        let tests = named(&row.tests);
        if tests.is_empty() {
            wrong.push(format!("{} has no test", row.first));
        }
        for (file, name, cases) in tests {
            let source = sources.entry(file.to_owned()).or_insert_with(|| read(source(file)));
            let Some(text) = function(source, name) else {
                wrong.push(format!("{}: there is no {file}.rs::{name}", row.first));
                continue;
            };
            if !text.contains("#[test]") || text.contains("#[ignore") {
                wrong.push(format!("{}: {file}.rs::{name} is not run", row.first));
            }
            let folder = match name {
                "sound_definitions_compile_to_this" => Some("ok"),
                "broken_definitions_are_told_so" => Some("bad"),
                _ => None,
            };
            for case in cases {
                let exists = match folder {
                    Some(folder) => {
                        let corpus = root().join("tests/corpus").join(folder);
                        corpus.join(format!("{case}.audience")).is_file() || corpus.join(case).is_dir()
                    }
                    None => text.contains(case),
                };
                if !exists {
                    wrong.push(format!("{}: {file}.rs::{name} has no case {case}", row.first));
                }
            }
            if folder.is_some() && !row.tests.contains(&format!("{name}` (")) {
                wrong.push(format!("{}: which definition?", row.first));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_numbers_go_up_by_one() {
    let mut letters = BTreeSet::new();
    let mut expected = (String::new(), 0);
    for row in rows(LANGUAGE).iter().filter(|row| !row.heading.ends_with(".pest")) {
        let (_, letter) = row.heading.strip_suffix(')').unwrap().rsplit_once('(').unwrap();
        if expected.0 != letter {
            assert!(letters.insert(letter.to_owned()), "{letter} stands twice");
            expected = (letter.to_owned(), 0);
        }
        expected.1 += 1;
        assert_eq!(row.first, format!("{letter}-{}", expected.1));
    }
    assert_eq!(letters.len(), 10, "{letters:?}");
    let mut last = (String::new(), 0);
    for row in rows(CONSISTENCY) {
        let (letter, number) = row.first.split_once('-').unwrap();
        last = if letter == last.0 {
            (last.0, last.1 + 1)
        } else {
            (letter.to_owned(), 1)
        };
        assert_eq!(number, last.1.to_string(), "{}", row.first);
        assert!(row.heading.starts_with(letter) || letter.len() == 1, "{}", row.first);
    }
}

/// The names of the rules of a grammar.
fn rules(grammar: &str) -> BTreeSet<String> {
    let lines = grammar.lines().filter_map(|line| line.split_once(" = "));
    let names = lines.map(|(name, _)| name.trim());
    let names = names.filter(|name| name.chars().all(|c| c.is_ascii_alphabetic() || c == '_'));
    names.map(str::to_owned).collect()
}

#[test]
fn every_rule_of_the_grammar_is_listed_once() {
    let rows = rows(LANGUAGE);
    for file in ["words", "audience", "test"] {
        let path = format!("grammar/{file}.pest");
        let all = rules(&read(root().join(&path)));
        assert!(all.len() > 15, "{path}");
        let mut listed = BTreeSet::new();
        let of_file = rows.iter().filter(|row| row.heading == path);
        for rule in of_file.flat_map(|row| quoted(&row.first)) {
            match rule.strip_suffix('*') {
                Some(group) => {
                    let all = all.iter().filter(|rule| rule.starts_with(group));
                    listed.extend(all.cloned());
                }
                None => assert!(listed.insert(rule.to_owned()), "{path}: {rule} stands twice"),
            }
        }
        assert_eq!(listed, all, "{path}");
    }
}

#[test]
fn every_keyword_stands_in_a_definition() {
    let mut written = BTreeSet::new();
    for entry in fs::read_dir(root().join("tests/corpus/ok")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        // Outside of strings and comments.
        for line in read(path).lines() {
            let bare: Vec<&str> = line.split('"').step_by(2).collect();
            let bare = bare.join(" ");
            let words = bare.split('#').next().unwrap();
            let words = words.split(|c: char| !c.is_ascii_alphanumeric() && !"_-.".contains(c));
            written.extend(words.map(str::to_owned));
        }
    }
    let grammar = read(root().join("grammar/audience.pest"));
    let keywords: Vec<String> = rules(&grammar)
        .iter()
        .filter_map(|rule| rule.strip_prefix("kw_"))
        .map(str::to_owned)
        .collect();
    assert!(keywords.len() > 80, "{}", keywords.len());
    // `traits.phone` is one word here.
    let stands = |keyword: &String| {
        let path = format!("{keyword}.");
        written.iter().any(|word| word == keyword || word.starts_with(&path))
    };
    let missing: Vec<&String> = keywords.iter().filter(|keyword| !stands(keyword)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
