//! The direction of the floors (CONTRIBUTING.md): a room imports only from floors below its own, and two rooms of one
//! floor do not know each other.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const FLOORS: &[&[&str]] = &[
    &["span", "value", "time", "consent", "named"],
    &["diagnostic", "ir", "model"],
    &["syntax", "eval", "render", "schema", "store", "warehouse"],
    &["compile", "ingest", "enforce", "sql", "tables"],
    &["deliver", "explain", "overview"],
    &["space"],
    &["live"],
    &["engine"],
    &["cases", "testing"],
    &["cli"],
];

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// The rooms that a source names by `crate::room`, outside of documentation.
fn named(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut rooms = Vec::new();
    for line in code {
        for (at, found) in line.match_indices("crate::") {
            let rest = &line[at + found.len()..];
            let room: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            // An exported macro stands at the root whatever room it is from.
            if !rest[room.len()..].starts_with('!') {
                rooms.push(room);
            }
        }
    }
    rooms
}

#[test]
fn rooms_import_only_from_floors_below() {
    let floor: BTreeMap<&str, usize> = FLOORS
        .iter()
        .enumerate()
        .flat_map(|(floor, rooms)| rooms.iter().map(move |room| (*room, floor)))
        .collect();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut imports = 0;
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_string_lossy();
        let room = first.trim_end_matches(".rs");
        if matches!(room, "lib" | "main") {
            continue;
        }
        let Some(own) = floor.get(room) else {
            wrong.push(format!("{} is in no room of a floor", inside.display()));
            continue;
        };
        for other in named(&fs::read_to_string(&file).unwrap()) {
            imports += 1;
            match floor.get(other.as_str()) {
                Some(other) if other < own => {}
                _ if other == room => {}
                Some(_) => wrong.push(format!(
                    "{} imports from `{other}`, which is not below",
                    inside.display()
                )),
                None => wrong.push(format!("{} imports `{other}`, which is no room", inside.display())),
            }
        }
    }
    assert!(imports > 100, "the imports were not found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_readable() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    for file in files {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 800, "{} has {lines} lines: split it", file.display());
    }
}
