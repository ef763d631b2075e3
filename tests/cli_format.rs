//! `volens fmt`: what it writes, what it leaves alone, and its exit codes.
#![cfg(feature = "cli")]

#[path = "command/mod.rs"]
mod command;

use std::fs;
use std::path::{Path, PathBuf};

use command::volens_in;

/// A folder for one test, empty.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fmt").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

const UGLY: &str = "category A # close\naudience a{who trait x=1 send to crm}\n";
const FORMATTED: &str = "category A  # close\n\naudience a {\n  who trait x = 1\n  send to crm\n}\n";

/// One file of each kind; the names of the folder must stay these.
fn mixed(name: &str) -> PathBuf {
    let folder = scratch(name);
    fs::create_dir(folder.join("more")).unwrap();
    fs::write(folder.join("more/ugly.audience"), UGLY).unwrap();
    fs::write(folder.join("fine.audience"), FORMATTED).unwrap();
    fs::write(
        folder.join("broken.audience"),
        "audience b{who trait x = }\ncategory  B\n",
    )
    .unwrap();
    fs::write(folder.join("latin.audience"), b"category A \"caf\xe9\"\n").unwrap();
    fs::write(folder.join("cases.test.audience"), "test  \"t\" {}\n").unwrap();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn files_are_rewritten_and_broken_ones_left_alone() {
    let folder = mixed("rewrite");
    let before = names(&folder);
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let left = [
        "fine.audience",
        "broken.audience",
        "latin.audience",
        "cases.test.audience",
    ];
    let old = left.map(read);
    let done = volens_in(&folder, &["fmt", "."], b"");
    assert_eq!(done.code, 1, "{}", done.err);
    assert_eq!(done.out, "formatted ./more/ugly.audience\n");
    assert_eq!(read("more/ugly.audience"), FORMATTED.as_bytes());
    assert_eq!(left.map(read), old);
    assert_eq!(names(&folder), before);
    assert_eq!(names(&folder.join("more")), ["ugly.audience"]);
    insta::assert_snapshot!("fmt_problems", done.err);
    // Again: nothing to do, but the broken ones are still broken.
    let done = volens_in(&folder, &["fmt", "."], b"");
    assert_eq!((done.code, done.out.as_str()), (1, ""), "{}", done.err);
    let done = volens_in(&folder, &["fmt", "more"], b"");
    assert_eq!((done.code, done.out.as_str()), (0, ""), "{}", done.err);
    assert_eq!(done.err, "the file is formatted\n");
    fs::write(folder.join("more/second.audience"), FORMATTED).unwrap();
    let done = volens_in(&folder, &["fmt", "--check", "more"], b"");
    assert_eq!((done.code, done.err.as_str()), (0, "all 2 files are formatted\n"));
}

#[test]
fn check_writes_nothing_and_says_where() {
    let folder = scratch("check");
    for (name, text) in [
        ("a.audience", UGLY),
        ("b.audience", "category B\r\n"),
        ("c.audience", "category C"),
        ("d.audience", FORMATTED),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    let done = volens_in(&folder, &["fmt", "--check", "."], b"");
    assert_eq!(done.code, 1, "{}", done.err);
    insta::assert_snapshot!("fmt_check", format!("{}{}", done.out, done.err));
    assert_eq!(fs::read_to_string(folder.join("a.audience")).unwrap(), UGLY);
    let done = volens_in(&folder, &["fmt", "--check", "d.audience"], b"");
    assert_eq!((done.code, done.out.as_str()), (0, ""), "{}", done.err);
}

#[test]
fn standard_input_goes_to_standard_output() {
    let folder = scratch("stdin");
    let done = volens_in(&folder, &["fmt", "-"], UGLY.as_bytes());
    assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (0, FORMATTED, ""));
    let done = volens_in(&folder, &["fmt", "-"], FORMATTED.as_bytes());
    assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (0, FORMATTED, ""));
    let done = volens_in(&folder, &["fmt", "-"], b"audience a { who trait x = }");
    assert_eq!((done.code, done.out.as_str()), (1, ""));
    assert!(done.err.contains("error[syntax]"), "{}", done.err);
    let done = volens_in(&folder, &["fmt", "-", "--check"], UGLY.as_bytes());
    assert_eq!(done.code, 1);
    assert!(done.out.starts_with("-:1: not formatted"), "{}", done.out);
    assert_eq!(
        volens_in(&folder, &["fmt", "-", "--check"], FORMATTED.as_bytes()).code,
        0
    );
    let long = "# a comment\n".repeat(100_000);
    let done = volens_in(&folder, &["fmt", "-"], long.as_bytes());
    assert_eq!((done.code, done.out.as_str()), (1, ""));
    assert!(done.err.contains("1 MiB"), "{}", done.err);
}

#[test]
fn json_says_what_became_of_each_file() {
    let folder = mixed("json");
    let done = volens_in(&folder, &["fmt", ".", "--check", "--format", "json"], b"");
    assert_eq!((done.code, done.err.as_str()), (1, ""));
    let json: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    let expected = serde_json::json!([
        {"file": "./broken.audience", "status": "errors"},
        {"file": "./fine.audience", "status": "unchanged"},
        {"file": "./latin.audience", "status": "errors"},
        {"file": "./more/ugly.audience", "status": "unformatted"},
    ]);
    assert_eq!(json["files"], expected);
    assert_eq!(json["diagnostics"][0]["file"], "./broken.audience");
    assert_eq!(json["diagnostics"].as_array().unwrap().len(), 2);
    let done = volens_in(&folder, &["fmt", "-", "--format", "json"], UGLY.as_bytes());
    let json: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(done.code, 0);
    assert_eq!(json["files"][0]["text"], FORMATTED);
    assert_eq!(json["files"][0]["status"], "formatted");
}

#[test]
fn what_cannot_be_read_is_told() {
    let folder = scratch("unread");
    for arguments in [&["fmt", "no/such"][..], &["fmt", "."], &["fmt"]] {
        let done = volens_in(&folder, arguments, b"");
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{arguments:?}");
        assert!(!done.err.is_empty(), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_permissions_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = scratch("link");
    let outside = scratch("link_target");
    let target = outside.join("ugly.txt");
    fs::write(&target, UGLY).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.join("a.audience");
    symlink(&target, &link).unwrap();
    let done = volens_in(&folder, &["fmt", "."], b"");
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(link.is_symlink());
    assert_eq!(fs::read_to_string(&target).unwrap(), FORMATTED);
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(names(&outside), ["ugly.txt"]);
    // A file that is as it should be is not even touched.
    let before = fs::metadata(&target).unwrap().modified().unwrap();
    assert_eq!(volens_in(&folder, &["fmt", "."], b"").code, 0);
    assert_eq!(fs::metadata(&target).unwrap().modified().unwrap(), before);
}
