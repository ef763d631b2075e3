//! One corpus of definitions through every stage: the sound ones with what they compile to, the broken ones with what their
//! author is told.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use volens::diagnostic::Diagnostic;
use volens::span::Sources;
use volens::{Engine, Error, render};

fn corpus(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder)
}

/// The workspaces of a folder by name: each `.audience` file, and each folder.
fn workspaces(folder: &str) -> BTreeMap<String, PathBuf> {
    let entries = fs::read_dir(corpus(folder)).unwrap().map(|entry| entry.unwrap().path());
    let named = entries.filter_map(|path| {
        let name = path.file_name()?.to_str()?.to_owned();
        match name.strip_suffix(".audience") {
            Some(name) => Some((name.to_owned(), path)),
            None if path.is_dir() => Some((format!("{name}/"), path)),
            None => None,
        }
    });
    named.collect()
}

/// Problems as text, with the names of files as they are in the corpus.
fn told(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let root = format!("{}/", corpus("bad").display());
    let ok = format!("{}/", corpus("ok").display());
    let text: Vec<String> = diagnostics.iter().map(|d| d.to_text(sources)).collect();
    text.join("\n").replace(&root, "").replace(&ok, "")
}

#[test]
fn sound_definitions_compile_to_this() {
    let workspaces = workspaces("ok");
    assert!(workspaces.len() >= 40);
    for (name, path) in workspaces {
        let engine = Engine::load(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut text = render::program(engine.program(), None);
        if !engine.warnings().is_empty() {
            write!(text, "\n{}\n", told(engine.warnings(), engine.sources())).unwrap();
        }
        insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "snapshots/ir", omit_expression => true}, {
            insta::assert_snapshot!(name.trim_end_matches('/'), text);
        });
        let mut tree = String::new();
        let sources = engine.sources();
        for file in sources.ids() {
            let (parsed, _) = volens::syntax::parse(file, sources.text(file));
            for item in &parsed.items {
                writeln!(tree, "{item:?}").unwrap();
            }
            writeln!(tree, "comments: {:?}", parsed.comments).unwrap();
        }
        insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "snapshots/ast", omit_expression => true}, {
            insta::assert_snapshot!(name.trim_end_matches('/'), tree);
        });
        // The JSON form is read back into the same program.
        let json = serde_json::to_string(engine.program()).unwrap();
        assert_eq!(
            &volens::ir::Program::from_json(&json).unwrap(),
            engine.program(),
            "{name}"
        );
    }
}

fn errors_of(path: &Path) -> (Vec<Diagnostic>, Sources) {
    match Engine::load(path) {
        Ok(_) => (Vec::new(), Sources::default()),
        Err(Error::Definitions(errors)) => (errors.diagnostics().to_vec(), errors.sources().clone()),
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

#[test]
fn broken_definitions_are_told_so() {
    let workspaces = workspaces("bad");
    assert!(workspaces.len() >= 450);
    let mut all = String::new();
    for (name, path) in workspaces {
        let (diagnostics, sources) = errors_of(&path);
        assert!(diagnostics.iter().any(Diagnostic::is_error), "{name} has no error");
        for diagnostic in diagnostics.iter().filter(|d| d.is_error()) {
            let at = format!("{name}: {}", diagnostic.message);
            assert!(
                !diagnostic.message.is_empty() && diagnostic.help.is_some(),
                "{at}: no help"
            );
            assert!(
                !sources.slice(diagnostic.span).is_empty(),
                "{at}: nothing is underlined"
            );
            let first = diagnostic.message.chars().next().unwrap();
            assert!(!first.is_uppercase(), "{at}: begins with a capital letter");
        }
        writeln!(all, "## {name}\n{}\n", told(&diagnostics, &sources)).unwrap();
    }
    insta::with_settings!({omit_expression => true}, {
        insta::assert_snapshot!("broken_definitions", all);
    });
}

/// A row of `EXPECTED.md`: the file, and the text and place that must be underlined.
#[derive(Debug)]
struct Expected {
    workspace: String,
    text: String,
    line: u32,
    column: u32,
    file: Option<String>,
}

fn expected() -> Vec<Expected> {
    let text = fs::read_to_string(corpus("bad/EXPECTED.md")).unwrap();
    let rows = text.lines().filter_map(|line| {
        let line = line.strip_prefix("| ")?.replace("\\|", "\u{1}");
        let mut cells = line.split(" | ");
        // A ◊ behind the name marks what rests on a reading.
        let workspace = cells.next()?.split_whitespace().next()?.to_owned();
        let place = cells.next()?.replace('\u{1}', "|");
        let mut quoted = place.split('`');
        let text = quoted.nth(1)?.to_owned();
        let at = quoted.next()?.trim().to_owned();
        let file = quoted
            .next()
            .filter(|file| at.ends_with(" in") && file.ends_with(".audience"));
        let at: String = at.chars().take_while(|c| c.is_ascii_digit() || *c == ':').collect();
        let (line, column) = at.split_once(':')?;
        Some(Expected {
            workspace,
            text,
            line: line.parse().ok()?,
            column: column.parse().ok()?,
            file: file.map(str::to_owned),
        })
    });
    rows.collect()
}

#[test]
fn the_right_words_are_underlined() {
    let expected = expected();
    assert!(expected.len() >= 450, "{} rows", expected.len());
    let workspaces = workspaces("bad");
    let mut wrong = Vec::new();
    for row in &expected {
        let path = workspaces
            .get(&row.workspace)
            .unwrap_or_else(|| panic!("no workspace {}", row.workspace));
        let (diagnostics, sources) = errors_of(path);
        let found = diagnostics.iter().any(|d| {
            let at = sources.position(d.span);
            let file = row
                .file
                .as_deref()
                .is_none_or(|file| sources.name(d.span.file).ends_with(file));
            // A text over several lines is written with its first one.
            file && (at.line, at.column) == (row.line, row.column)
                && sources.slice(d.span).starts_with(row.text.trim_end_matches(" …"))
        });
        if !found {
            let all: Vec<String> = diagnostics
                .iter()
                .map(|d| {
                    let at = sources.position(d.span);
                    format!("`{}` {}:{} {}", sources.slice(d.span), at.line, at.column, d.message)
                })
                .collect();
            wrong.push(format!(
                "{}: `{}` {}:{}\n    but {}",
                row.workspace,
                row.text,
                row.line,
                row.column,
                all.join("\n        ")
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        expected.len(),
        wrong.join("\n")
    );
}

#[test]
fn one_mistake_is_one_error() {
    let mut rows: BTreeMap<String, usize> = BTreeMap::new();
    for row in expected() {
        *rows.entry(row.workspace).or_default() += 1;
    }
    let workspaces = workspaces("bad");
    let mut wrong = Vec::new();
    for (name, count) in rows {
        let (diagnostics, _) = errors_of(&workspaces[&name]);
        let errors: Vec<&str> = diagnostics
            .iter()
            .filter(|d| d.is_error())
            .map(|d| d.message.as_str())
            .collect();
        if errors.len() != count {
            wrong.push(format!("{name}: {count} expected, but {}: {errors:#?}", errors.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_condition_is_found_again_where_it_is_written() {
    let text =
        "audience a { who trait plan = \"pro\" and not trait vip = true }\naudience b { who trait plan = \"pro\" }";
    let engine = Engine::from_text("places.audience", text).unwrap();
    let program = engine.program();
    let (a, b) = (program.audience("a").unwrap(), program.audience("b").unwrap());
    // Equal conditions are one node, and each audience finds it in its own text.
    let shared = program.audiences[b.index()].who;
    let written = |audience| {
        engine
            .places()
            .node(audience, shared)
            .map(|span| (span.start, engine.sources().slice(span)))
    };
    assert_eq!(written(a), Some((17, r#"trait plan = "pro""#)));
    assert_eq!(written(b), Some((80, r#"trait plan = "pro""#)));
    assert_eq!(engine.places().audience(b).map(|span| span.start), Some(63));
}
