//! `volens export`: what it prints, what it refuses, and its exit codes.

mod command;

use std::fs;
use std::path::{Path, PathBuf};

use command::{volens, volens_in};
use serde_json::json;

const SHOP: &str = "examples/shop";
const EVENTS: &str = "examples/shop/events.jsonl";
const NOW: &str = "2026-06-30T00:00:00Z";

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli_export").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_store_and_its_events_make_the_same_tables() {
    let folder = folder("store");
    let (store, from_store, from_events) = (folder.join("store"), folder.join("a"), folder.join("b"));
    let path = |path: &PathBuf| path.to_str().unwrap().to_owned();
    let stored = volens(&[
        "ingest",
        SHOP,
        "--store",
        &path(&store),
        "--events",
        EVENTS,
        "--now",
        NOW,
    ]);
    assert_eq!(stored.code, 0, "{}", stored.err);
    let of_store = volens(&[
        "export",
        SHOP,
        "--store",
        &path(&store),
        "--now",
        NOW,
        "--parquet",
        &path(&from_store),
    ]);
    assert_eq!(of_store.code, 0, "{}", of_store.err);
    let arguments = ["export", SHOP, "--events", EVENTS, "--now", NOW, "--format", "json"];
    let done = volens(&[&arguments[..], &["--parquet", &path(&from_events)]].concat());
    let report = done.json();
    assert_eq!(report["tables"]["profiles"], 307);
    assert_eq!(
        (&report["now"], &report["events"]["applied"]),
        (&json!(NOW), &json!(6497))
    );
    let tables = report["tables"].as_object().unwrap();
    for (table, rows) in tables {
        let line = of_store
            .out
            .lines()
            .find(|line| line.split_whitespace().next() == Some(table));
        assert!(line.unwrap().ends_with(&rows.to_string()), "{table}: {}", of_store.out);
    }
    let event = "events/name=Order Completed/part-2.parquet";
    for file in [
        "profiles.parquet",
        "identifiers.parquet",
        "events_list_1.parquet",
        event,
    ] {
        let read = |folder: &PathBuf| fs::read(folder.join(file)).unwrap();
        assert!(read(&from_store) == read(&from_events), "{file}");
    }

    // Nothing is written where a store is, nor over an export that was not to be replaced.
    for out in [&store, &store.join("out")] {
        let refused = volens(&[
            "export",
            SHOP,
            "--store",
            &path(&store),
            "--now",
            NOW,
            "--parquet",
            &path(out),
        ]);
        assert_eq!(refused.code, 2);
        assert!(refused.err.contains("would overwrite what is read"), "{}", refused.err);
    }
    let out = path(&from_events);
    let again = [&arguments[..], &["--parquet", &out]].concat();
    let refused = volens(&again);
    assert_eq!((refused.code, &*refused.out), (2, ""));
    assert!(refused.err.contains("is an export already"), "{}", refused.err);
    let by_day = volens(&[&again[..], &["--replace", "--by-day"]].concat());
    assert_eq!(by_day.json()["tables"], report["tables"]);
    assert!(by_day.json()["files"].as_u64() > report["files"].as_u64());
}

#[test]
fn a_folder_is_named_as_a_shell_does() {
    let folder = folder("named");
    fs::write(folder.join("a.audience"), "audience a { who performed \"E\" }").unwrap();
    fs::write(folder.join("e.jsonl"), "").unwrap();
    fs::create_dir(folder.join("made")).unwrap();
    let export = ["export", "a.audience", "--events", "e.jsonl", "--now", NOW, "--parquet"];
    for (out, code) in [
        ("out", 0),
        ("out/", 2),
        ("made/", 0),
        ("made/inside", 0),
        ("..", 2),
        ("e.jsonl", 2),
        (".", 2),
    ] {
        let done = volens_in(&folder, &[&export[..], &[out]].concat(), "");
        assert_eq!(done.code, code, "{out}: {}", done.err);
    }
    assert_eq!(fs::read(folder.join("e.jsonl")).unwrap(), b"");
    assert!(folder.join("made/inside/events/part-1.parquet").exists());
    // What was put into an export is no part of it.
    let done = volens_in(&folder, &[&export[..], &["made", "--replace"]].concat(), "");
    assert_eq!(done.code, 2);
    assert!(done.err.contains("made/inside` is not of the export"), "{}", done.err);
    let done = volens_in(&folder, &["export", "a.audience", "--events", "e.jsonl"], "");
    assert_eq!(done.code, 2);
    assert!(done.err.contains("--parquet"), "{}", done.err);
}
