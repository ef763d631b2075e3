//! Edits that errors suggest: each is made, and does what it promises.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use volens::diagnostic::{Code, Diagnostic, Suggestion};
use volens::span::Sources;
use volens::{Engine, Error};

/// The problems of a workspace.
fn problems(sources: &Sources) -> Vec<Diagnostic> {
    match Engine::from_sources(sources.clone()) {
        Ok(engine) => engine.warnings().to_vec(),
        Err(Error::Definitions(errors)) => errors.diagnostics().to_vec(),
        Err(error) => panic!("{error}"),
    }
}

fn edited(sources: &Sources, suggestion: &Suggestion) -> Sources {
    let mut all = Sources::default();
    for file in sources.ids() {
        let mut text = sources.text(file).to_owned();
        if file == suggestion.span.file {
            text.replace_range(suggestion.span.range(), &suggestion.replacement);
        }
        all.add(sources.name(file).to_owned(), text);
    }
    all
}

/// The workspaces that are broken on purpose: the corpus, and the slips of the syntax.
fn workspaces() -> Vec<(String, Sources)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut paths: Vec<PathBuf> = fs::read_dir(root.join("corpus/bad"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|extension| extension != "md"))
        .collect();
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let mut files = if path.is_dir() {
            fs::read_dir(&path)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect()
        } else {
            vec![path.clone()]
        };
        files.sort();
        let mut sources = Sources::default();
        for file in files {
            // One of them is no UTF-8, and has no text to edit.
            if let Ok(text) = fs::read_to_string(&file) {
                sources.add(file.file_name().unwrap().to_str().unwrap(), text);
            }
        }
        all.push((path.file_stem().unwrap().to_str().unwrap().to_owned(), sources));
    }
    for slip in include_str!("syntax/slips.txt").split("=== ").skip(1) {
        let (name, text) = slip.split_once('\n').unwrap();
        let mut sources = Sources::default();
        sources.add("slip.audience", text);
        all.push((name.to_owned(), sources));
    }
    all
}

/// What is written plainly, and cannot be meant: the edit makes it readable, and then that is told.
const UNSOUND: [&str; 2] = ["an emoji as a name", "at least zero"];

/// How often a problem is told, wherever it is.
fn told(problem: &Diagnostic, all: &[Diagnostic]) -> usize {
    all.iter()
        .filter(|other| (other.code, &other.message) == (problem.code, &problem.message))
        .count()
}

#[test]
fn each_edit_does_away_with_its_problem_and_brings_no_other() {
    let (mut all, mut wrong, mut count) = (String::new(), String::new(), 0);
    for (name, sources) in workspaces() {
        let before = problems(&sources);
        for problem in &before {
            let Some(suggestion) = &problem.suggestion else {
                continue;
            };
            count += 1;
            let line = format!(
                "{name}: `{}` → `{}` ({})",
                sources.slice(suggestion.span).escape_default(),
                suggestion.replacement,
                problem.message
            );
            writeln!(all, "{line}").unwrap();
            let edited = edited(&sources, suggestion);
            let after = problems(&edited);
            if told(problem, &after) >= told(problem, &before) {
                writeln!(wrong, "{line}: it is still there").unwrap();
            }
            // An item that can be read now may have errors that could not be seen before, but none in what was written.
            let end = suggestion.span.start as usize + suggestion.replacement.len();
            for new in &after {
                let further = new.span.file != suggestion.span.file || new.span.start as usize >= end;
                let unseen = problem.code == Code::Syntax && (further || new.code == Code::UnknownName);
                if new.is_error()
                    && !unseen
                    && !UNSOUND.contains(&name.as_str())
                    && !before
                        .iter()
                        .any(|old| (old.code, &old.message) == (new.code, &new.message))
                {
                    writeln!(wrong, "{line}: now {}", new.to_text(&edited)).unwrap();
                }
            }
        }
    }
    insta::with_settings!({omit_expression => true}, {
        insta::assert_snapshot!("suggestions", all);
    });
    assert_eq!(wrong, "");
    assert!(count >= 100, "{count}");
}
