//! `volens ir --ast` and `volens fmt --from json`: there and back, and what they say of what they cannot take.
#![cfg(feature = "cli")]

#[path = "command/mod.rs"]
mod command;

use std::fs;
use std::path::{Path, PathBuf};

use command::volens_in;

fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("cli_definitions")
        .join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The exit code, standard output and standard error.
fn volens(arguments: &[&str], input: &str) -> (u8, String, String) {
    let done = volens_in(".", arguments, input);
    (done.code, done.out, done.err)
}

#[test]
fn a_workspace_goes_there_and_back() {
    let folder = folder("there");
    fs::write(
        folder.join("a.audience"),
        "category A # kept nowhere\ndestination d requires A\n",
    )
    .unwrap();
    fs::write(
        folder.join("b.audience"),
        "audience x{who(trait y=1)send to d}\naudience z{}",
    )
    .unwrap();
    let path = folder.to_str().unwrap();
    let (code, json, error) = volens(&["ir", path, "--ast"], "");
    assert_eq!((code, error.as_str()), (0, ""));
    let (code, text, error) = volens(&["fmt", "--from", "json", "-"], &json);
    assert_eq!((code, error.as_str()), (0, ""));
    assert_eq!(
        text,
        "category A\n\ndestination d requires A\n\naudience x {\n  who (trait y = 1)\n  send to d\n}\n\naudience z {}\n"
    );
    let (_, again, _) = volens(&["fmt", "-"], &text);
    assert_eq!(again, text, "it is in canonical form");
    // One audience alone, from a file.
    let (code, json, _) = volens(&["ir", path, "--ast", "--audience", "z"], "");
    assert_eq!(code, 0);
    let file = folder.join("z.json");
    fs::write(&file, json).unwrap();
    let (_, text, _) = volens(&["fmt", "--from", "json", file.to_str().unwrap()], "");
    assert_eq!(text, "audience z {}\n");
    let (code, out, error) = volens(&["ir", path, "--ast", "--audience", "y"], "");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(error.contains("there is no audience `y`"), "{error}");
}

#[test]
fn what_it_cannot_take_is_told() {
    let from = |input: &str| volens(&["fmt", "--from", "json", "-"], input);
    let (code, out, error) = from("category A");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        error.starts_with("error: `-`: this is not a file of definitions as JSON: "),
        "{error}"
    );
    let property = r#"{"format":1,"items":[{"audience":{"name":"a","clauses":[{"who":{"test":{"value":{"property":["x"]},"test":"exists"}}}]}}]}"#;
    let (code, out, error) = from(property);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        error.contains("this cannot be written as a definition") && error.contains("who x exists"),
        "{error}"
    );
    let (code, out, error) = volens(&["fmt", "--from", "json", "no/such/file.json"], "");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(error.contains("cannot read `no/such/file.json`"), "{error}");
    for usage in [
        &["fmt", "--from", "json", "--check", "-"][..],
        &["fmt", "--from", "yaml", "-"],
        &["ir", "x", "--ast", "--format", "json"],
    ] {
        assert_eq!(volens(usage, "").0, 2, "{usage:?}");
    }
}
