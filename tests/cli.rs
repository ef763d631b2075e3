//! The command: what it prints, where, and its exit codes.
#![cfg(feature = "cli")]

#[path = "command/mod.rs"]
mod command;

use std::fs;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};

use command::{Buffer, Closed, volens, volens_into, volens_with};

/// A folder for one test, empty.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

const NOW: &str = "2026-06-30T00:00:00Z";

const WORKSPACE: &str = r#"
category Advertising
category Analytics
destination google_ads requires Advertising
destination crm requires nothing
audience big_spenders { who performed "Order Completed" where (revenue > 100)  send to google_ads, crm }
"#;

/// The events of cli.md's own example: two members, one of whom refuses ads.
const EVENTS: &str = r#"
{"type":"track","event":"Segment Consent Preference Updated","userId":"u1","messageId":"c1","timestamp":"2026-06-01T00:00:00Z","context":{"consent":{"categoryPreferences":{"Advertising":true}}}}
{"type":"track","event":"Segment Consent Preference Updated","userId":"u2","messageId":"c2","timestamp":"2026-06-01T00:00:00Z","context":{"consent":{"categoryPreferences":{"Advertising":false}}}}
{"type":"track","event":"Order Completed","userId":"u1","messageId":"o1","timestamp":"2026-06-02T00:00:00Z","properties":{"revenue":120}}
{"type":"track","event":"Order Completed","userId":"u2","messageId":"o2","timestamp":"2026-06-02T00:00:00.500Z","properties":{"revenue":"250.00"}}
{"type":"track","event":"Order Completed","userId":"u2","messageId":"o2","timestamp":"2026-06-02T00:00:00.500Z","properties":{"revenue":"250.00"}}
{"type":"track","event":"Order Completed","userId":"u2","messageId":"o3","timestamp":"2026-07-02T00:00:00Z","properties":{"revenue":1}}
{"type":"track","event":"Order Completed","messageId":"o4"}
"#;

/// A workspace with two warnings and no error.
const WARNED: &str = r#"
category Advertising
destination google_ads requires Advertising
destination newsletter
audience refused { who consent Advertising is denied  send to google_ads, newsletter }
"#;

#[test]
fn warnings_can_be_denied() {
    let folder = scratch("deny");
    let warned = file(&folder, "warned.audience", WARNED);
    let done = volens(&["check", &warned]);
    assert_eq!(done.code, 0);
    assert!(
        done.err.contains("warning[nobody-delivered]") && done.err.ends_with("2 warnings\n"),
        "{}",
        done.err
    );
    assert!(
        done.out.contains("newsletter (does not say what it requires)"),
        "{}",
        done.out
    );
    for format in ["text", "json"] {
        let denied = volens(&["check", &warned, "--deny", "warnings", "--format", format]);
        assert_eq!(denied.code, 1, "{}", denied.err);
        assert_eq!(
            denied.err.ends_with("warnings are denied here (`--deny warnings`)\n"),
            format == "text"
        );
        // All is told as without it.
        assert_eq!(denied.out, volens(&["check", &warned, "--format", format]).out);
    }
    let sound = file(&folder, "sound.audience", WORKSPACE.replace("category Analytics\n", ""));
    assert_eq!(volens(&["check", &sound, "--deny", "warnings"]).code, 0);
    // Other commands tell the same, and go on.
    let events = file(&folder, "events.jsonl", EVENTS);
    let run = volens(&["run", &warned, "--events", &events, "--now", NOW]);
    assert_eq!(run.code, 0);
    assert!(run.err.contains("warning[nobody-delivered]"), "{}", run.err);
    assert_eq!(volens(&["check", &warned, "--deny", "errors"]).code, 2);
}

#[test]
fn check_prints_problems_for_programs() {
    let folder = scratch("check_json");
    let workspace = folder.join("workspace");
    fs::create_dir_all(&workspace).unwrap();
    file(
        &workspace,
        "a.audience",
        "category Advertising\ndestination ads requires Advertizing\n",
    );
    file(
        &workspace,
        "b.audience",
        "audience pros {\n  who trait größe == \"xl\"\n  send to ads\n}\naudience pros {}\n",
    );
    let broken = volens(&["check", workspace.to_str().unwrap(), "--format", "json"]);
    file(&workspace, "a.audience", WARNED);
    file(&workspace, "b.audience", "");
    let warned = volens(&["check", workspace.to_str().unwrap(), "--format", "json"]);
    assert_eq!((broken.code, warned.code), (1, 0));
    assert_eq!((broken.err.as_str(), warned.err.as_str()), ("", ""));
    let root = format!("{}/", workspace.display());
    let shown = format!("{}\n{}", broken.out, warned.out).replace(&root, "");
    insta::with_settings!({omit_expression => true}, {
        insta::assert_snapshot!("check_json", shown);
    });
    // The bytes of an edit are those of the file.
    let report = broken.json();
    let edit = &report["diagnostics"][0]["suggestion"];
    assert_eq!(edit["replacement"], "Advertising");
    assert_eq!(edit["bytes"], serde_json::json!([46, 57]));
}

/// Which executor it was leaves no trace in what is printed.
#[test]
fn every_executor_prints_the_same() {
    for space in ["shop", "saas", "media"] {
        let (workspace, events) = (format!("examples/{space}"), format!("examples/{space}/events.jsonl"));
        let by = |executor: &str| {
            let arguments = [
                "run",
                &workspace,
                "--events",
                &events,
                "--now",
                NOW,
                "--format",
                "json",
                "--executor",
                executor,
            ];
            let done = volens(&arguments);
            assert_eq!(done.code, 0, "{}", done.err);
            done.out
        };
        assert!(by("scalar").contains("\"delivered\""), "{space}");
        for executor in ["auto", "columnar"] {
            assert_eq!(by(executor), by("scalar"), "{space}");
        }
    }
    let done = volens(&[
        "run",
        "examples/shop",
        "--events",
        "examples/shop/events.jsonl",
        "--executor",
        "parallel",
    ]);
    assert_eq!(done.code, 2);
    assert!(
        done.err.contains("[possible values: auto, scalar, columnar]"),
        "{}",
        done.err
    );
}

#[test]
fn run_prints_the_json_of_its_description() {
    let folder = scratch("run_json");
    let workspace = file(&folder, "shop.audience", WORKSPACE);
    let events = file(&folder, "events.jsonl", EVENTS);
    let done = volens(&["run", &workspace, "--events", &events, "--now", NOW, "--format", "json"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let expected = serde_json::json!({
        "now": "2026-06-30T00:00:00Z",
        "enforcement": true,
        "events": {"read": 7, "applied": 4, "duplicate": 1, "later": 1, "rejected": 1},
        "profiles": 2,
        "audiences": {
            "big_spenders": {
                "size": 2,
                "identifiers": {"user_id": 2},
                "members": ["user_id:u1", "user_id:u2"],
                "destinations": {
                    "crm": {"requires": [], "delivered": ["user_id:u1", "user_id:u2"], "filtered": []},
                    "google_ads": {
                        "requires": ["Advertising"],
                        "delivered": ["user_id:u1"],
                        "filtered": [{
                            "profile": "user_id:u2",
                            "reason": "FILTERED_BY_END_USER_CONSENT",
                            "categories": {"Advertising": "denied"}
                        }]
                    }
                }
            }
        }
    });
    assert_eq!(done.json(), expected);
    assert!(done.err.contains("no_user_anon_id"), "{}", done.err);
}

#[test]
fn the_shop_looks_like_this() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop");
    let root = root.to_str().unwrap();
    let events = format!("{root}/events.jsonl");
    let done = volens(&["run", root, "--events", &events, "--now", NOW]);
    assert_eq!(done.code, 0, "{}", done.err);
    insta::assert_snapshot!("shop_run", done.out);
    insta::assert_snapshot!("shop_run_problems", done.err.replace(root, "examples/shop"));
    let done = volens(&["check", root]);
    assert_eq!(done.code, 0, "{}", done.err);
    insta::assert_snapshot!("shop_check", done.out);
}

#[test]
fn readme_shows_what_the_first_command_prints() {
    let readme = include_str!("../README.md");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop");
    let root = root.to_str().unwrap();
    let done = volens(&["run", root, "--events", &format!("{root}/events.jsonl"), "--now", NOW]);
    assert!(
        readme.contains(done.out.trim_end()),
        "README.md does not show:\n{}",
        done.out
    );
}

#[test]
fn standard_input_and_gzip_are_read() {
    let folder = scratch("inputs");
    let workspace = file(&folder, "shop.audience", WORKSPACE);
    let plain = file(&folder, "events.jsonl", EVENTS);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(EVENTS.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let gz = file(&folder, "events.jsonl.gz", &packed);
    let run = |input: &[u8], events: &str| {
        let done = volens_with(
            Cursor::new(input.to_vec()),
            &["run", &workspace, "--events", events, "--now", NOW, "--format", "json"],
        );
        assert_eq!(done.code, 0, "{}", done.err);
        done.json()
    };
    let expected = run(b"", &plain);
    assert_eq!(run(b"", &gz), expected);
    assert_eq!(run(EVENTS.as_bytes(), "-"), expected);
    assert_eq!(run(&packed, "-"), expected);
    // Half a gzip file is a file that cannot be read.
    let torn = file(&folder, "torn.jsonl.gz", &packed[..packed.len() / 2]);
    let done = volens(&["run", &workspace, "--events", &torn, "--now", NOW]);
    assert_eq!((done.code, done.out.as_str()), (2, ""));
    assert!(done.err.contains("torn.jsonl.gz"), "{}", done.err);
}

/// More than is read at once, so that the damage is found in the middle.
#[test]
fn damaged_gzip_is_told_and_whole_gzip_is_the_same_on_any_number_of_threads() {
    let folder = scratch("damaged");
    let workspace = file(&folder, "shop.audience", WORKSPACE);
    let mut lines = String::new();
    for n in 0..20_000_u64 {
        let noise = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let user = n % 97;
        lines += &format!(
            "{{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u{user}\",\"timestamp\":\"2026-06-01\",\"messageId\":\"{noise:x}\"}}\n"
        );
    }
    let packed = gzip(&lines);
    let middle = packed.len() / 2;
    let (first, second) = lines.split_at(lines.len() / 3);
    let run = |name: &str, bytes: &[u8], threads: &str| {
        let events = file(&folder, name, bytes);
        volens(&[
            "run",
            &workspace,
            "--events",
            &events,
            "--now",
            NOW,
            "--format",
            "json",
            "--threads",
            threads,
        ])
    };
    let expected = run("plain.jsonl", lines.as_bytes(), "1");
    assert_eq!(expected.json()["events"]["applied"], 20_000);
    for threads in ["1", "2", "7"] {
        let whole = run("whole.jsonl.gz", &packed, threads);
        assert_eq!((whole.code, whole.json()), (0, expected.json()), "{}", whole.err);
        // What was packed in parts is one file.
        let parts = run("parts", &[gzip(first), gzip(second)].concat(), threads);
        assert_eq!((parts.code, parts.json()), (0, expected.json()), "{}", parts.err);
        let mut flipped = packed.clone();
        flipped[middle] ^= 0x10;
        // The checksum at the end is of what was packed.
        let mut wrong_sum = packed.clone();
        let sum = wrong_sum.len() - 8;
        wrong_sum[sum] ^= 1;
        let damaged = [
            ("torn.jsonl.gz", packed[..middle].to_vec()),
            ("head.jsonl.gz", packed[..5].to_vec()),
            ("flipped.jsonl.gz", flipped),
            ("sum.jsonl.gz", wrong_sum),
        ];
        for (name, bytes) in damaged {
            let done = run(name, &bytes, threads);
            assert_eq!((done.code, done.out.as_str()), (2, ""), "{name}");
            assert!(
                done.err.contains("cannot read") && done.err.contains(name),
                "{}",
                done.err
            );
        }
    }
    let none = volens(&["run", &workspace, "--events", "-", "--threads", "0"]);
    assert_eq!((none.code, none.out.as_str()), (2, ""));
}

#[test]
fn refused_events_are_kept_and_told() {
    let folder = scratch("rejects");
    let workspace = file(&folder, "shop.audience", WORKSPACE);
    let mut lines = String::new();
    for n in 0..12 {
        lines += &format!("{{\"type\":\"track\",\"event\":\"E\",\"messageId\":\"m{n}\"}}\n");
    }
    let events = file(&folder, "events.jsonl", lines);
    let rejects = folder.join("rejects.jsonl");
    let path = rejects.to_str().unwrap();
    let done = volens(&["run", &workspace, "--events", &events, "--now", NOW, "--rejects", path]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(done.err.matches("no_user_anon_id").count(), 10);
    assert!(done.err.contains("rejected: 2 more"), "{}", done.err);
    let kept = fs::read_to_string(&rejects).unwrap();
    let kept: Vec<serde_json::Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(kept.len(), 12);
    assert_eq!(kept[3]["line"], 4);
    assert_eq!(kept[3]["code"], "no_user_anon_id");
    assert_eq!(kept[3]["input"], r#"{"type":"track","event":"E","messageId":"m3"}"#);
    assert!(kept[3]["file"].as_str().unwrap().ends_with("events.jsonl"));
    assert!(!kept[3]["reason"].as_str().unwrap().is_empty());
}

#[test]
fn what_is_read_is_never_overwritten_and_a_run_that_fails_loses_nothing() {
    let folder = scratch("rejects_safety");
    let workspace = file(&folder, "shop.audience", WORKSPACE);
    let events = file(&folder, "events.jsonl", EVENTS);
    let old = file(&folder, "rejects.jsonl", "old\n");
    let missing = folder.join("missing.jsonl");
    for (events, rejects) in [
        (vec![events.as_str()], events.as_str()),
        (vec![&events], &workspace),
        (vec![&events, missing.to_str().unwrap()], &old),
        (vec![&events], "-"),
    ] {
        let arguments = [
            &["run", &workspace, "--events"],
            &events[..],
            &["--now", NOW, "--rejects", rejects],
        ]
        .concat();
        let done = volens(&arguments);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{arguments:?}");
    }
    assert_eq!(fs::read_to_string(&events).unwrap(), EVENTS);
    assert_eq!(fs::read_to_string(&workspace).unwrap(), WORKSPACE);
    assert_eq!(fs::read_to_string(&old).unwrap(), "old\n");
    let done = volens(&["run", &workspace, "--events", &events, "--now", NOW, "--rejects", &old]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(fs::read_to_string(&old).unwrap().contains("no_user_anon_id"));
    let left: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[cfg(unix)]
#[test]
fn rejects_follow_a_link_and_keep_the_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = scratch("rejects_link");
    let workspace = file(&folder, "shop.audience", WORKSPACE);
    let events = file(&folder, "events.jsonl", EVENTS);
    let target = file(&folder, "target.jsonl", "old\n");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
    let link = folder.join("link.jsonl");
    symlink(&target, &link).unwrap();
    let done = volens(&[
        "run",
        &workspace,
        "--events",
        &events,
        "--now",
        NOW,
        "--rejects",
        link.to_str().unwrap(),
    ]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(link.is_symlink());
    assert!(fs::read_to_string(&target).unwrap().contains("no_user_anon_id"));
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_closed_stream_hides_no_failure() {
    let folder = scratch("closed");
    let workspace = file(&folder, "shop.audience", WORKSPACE);
    let broken = file(&folder, "broken.audience", "audience a { who trait x = }\n");
    let events = file(&folder, "events.jsonl", EVENTS);
    // Standard error closed: the result is still all there, and an error still an error.
    let out = Buffer::default();
    let arguments = ["run", &workspace, "--events", &events, "--now", NOW, "--format", "json"];
    assert_eq!(volens_into(io::empty(), &arguments, out.clone(), Closed(0)), 0);
    assert!(serde_json::from_str::<serde_json::Value>(&out.text()).is_ok());
    let check = ["check", &broken];
    assert_eq!(volens_into(io::empty(), &check, io::sink(), Closed(0)), 1);
    // Standard output closed: that is how `| head` ends, but broken definitions stay broken.
    assert_eq!(volens_into(io::empty(), &arguments, Closed(0), io::sink()), 0);
    let json = ["check", &broken, "--format", "json"];
    assert_eq!(volens_into(io::empty(), &json, Closed(0), io::sink()), 1);
}

#[test]
fn events_without_any_time_are_received_when_it_is_said() {
    let folder = scratch("received_at");
    let workspace = file(
        &folder,
        "old.audience",
        "audience recent { who performed \"E\" within 1 day }\n",
    );
    let events = file(&folder, "events.jsonl", r#"{"type":"track","event":"E","userId":"u1"}"#);
    let size = |more: &[&str]| {
        let arguments = [
            &["run", &workspace, "--events", &events, "--now", NOW, "--format", "json"],
            more,
        ]
        .concat();
        let json = volens(&arguments).json();
        (
            json["audiences"]["recent"]["size"].as_u64(),
            json["events"]["later"].as_u64(),
        )
    };
    assert_eq!(size(&[]), (Some(1), Some(0)));
    assert_eq!(size(&["--received-at", "2026-06-01T00:00:00Z"]), (Some(0), Some(0)));
    assert_eq!(size(&["--received-at", "2026-07-01T00:00:00Z"]), (Some(0), Some(1)));
}

#[test]
fn what_consent_does_not_hold_back_is_said() {
    let folder = scratch("consent_off");
    let events = file(&folder, "events.jsonl", EVENTS);
    let disabled = WORKSPACE.replace("category Advertising", "category Advertising disabled");
    let disabled = file(&folder, "disabled.audience", disabled);
    let off = file(&folder, "off.audience", format!("consent enforcement off\n{WORKSPACE}"));
    for (workspace, check, run) in [
        (
            &disabled,
            "requires Advertising, but that is disabled",
            "Not required, because disabled: Advertising",
        ),
        (
            &off,
            "requires Advertising, but enforcement is off",
            "consent enforcement off",
        ),
    ] {
        let done = volens(&["check", workspace]);
        assert!(done.out.contains(check), "{}", done.out);
        let done = volens(&["run", workspace, "--events", &events, "--now", NOW]);
        assert!(done.out.contains(run), "{}", done.out);
    }
}

#[test]
fn a_profile_that_is_read_back_loses_no_refusal() {
    let read = serde_json::from_str::<volens::Profile>;
    for bad in [
        r#"{"consent":{"categories":{"A":"denied","A":"granted"}}}"#,
        r#"{"consent":{"Advertising":"denied"}}"#,
        r#"{"consent":{"categories":{"A":true}}}"#,
        r#"{"consents":{"categories":{}}}"#,
        r#"{"userId":"u1"}"#,
        r#"{"external_ids":[{"type":"user_id","id":"u1","value":"x"}]}"#,
        r#"{"events":[{"name":"E","timestamp":"yesterday"}]}"#,
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
    let profile = read(
        r#"{"external_ids":[{"type":"email","id":" Ann@Acme.Example "}],
        "consent":{"categories":{"A":"not collected","B":"conflicted"}}}"#,
    )
    .unwrap();
    assert!(profile.identifiers().of("email").eq(["ann@acme.example"]));
    let states: Vec<_> = profile
        .consent()
        .categories()
        .map(|(id, state)| format!("{id} {state}"))
        .collect();
    assert_eq!(states, ["B conflicted"]);
}

#[test]
fn profile_prints_json_that_can_be_evaluated_again() {
    let folder = scratch("profile");
    let workspace = file(&folder, "shop.audience", WORKSPACE);
    let events = file(&folder, "events.jsonl", EVENTS);
    let arguments = ["profile", &workspace, "--events", &events, "--now", NOW, "--profile"];
    let done = volens(&[&arguments[..], &["user_id:u2", "--format", "json"]].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    let json = done.json();
    assert_eq!(json["profile"], "user_id:u2");
    assert_eq!(
        json["external_ids"],
        serde_json::json!([{"type": "user_id", "id": "u2"}])
    );
    assert_eq!(json["audiences"], serde_json::json!({"big_spenders": true}));
    assert_eq!(
        json["consent"]["categories"],
        serde_json::json!({"Advertising": "denied"})
    );
    assert_eq!(json["consent"]["history"][0]["rule"], "CP-5");
    assert_eq!(json["events"].as_array().unwrap().len(), 2);

    let profile: volens::Profile = serde_json::from_str(&done.out).unwrap();
    let engine = volens::Engine::load(&workspace).unwrap();
    let now = volens::Timestamp::parse(NOW).unwrap();
    assert!(engine.is_member("big_spenders", &profile, now).unwrap());
    let deliveries = engine.deliveries("big_spenders", &profile, now).unwrap();
    let deliveries: Vec<String> = deliveries
        .iter()
        .map(|d| format!("{}: {}", d.destination, d.outcome))
        .collect();
    assert_eq!(
        deliveries,
        ["google_ads: filtered: Advertising denied", "crm: delivered"]
    );

    let done = volens(&[&arguments[..], &["user_id:u2"]].concat());
    insta::assert_snapshot!("profile_text", done.out);
    let done = volens(&[&arguments[..], &["user_id:nobody"]].concat());
    assert_eq!((done.code, done.out.as_str()), (2, ""));
    assert!(done.err.contains("no profile has user_id:nobody"), "{}", done.err);
    let done = volens(&[&arguments[..], &["u2"]].concat());
    assert_eq!(done.code, 2);
    assert!(done.err.contains("TYPE:VALUE"), "{}", done.err);
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    let folder = scratch("codes");
    let good = file(&folder, "good.audience", WORKSPACE);
    let broken = file(&folder, "broken.audience", "audience a { who trait x = }\n");
    let events = file(&folder, "events.jsonl", EVENTS);
    let empty = scratch("codes/empty");
    let empty = empty.to_str().unwrap();
    for (arguments, code) in [
        (vec!["check", &good], 0),
        (vec!["check", &broken], 1),
        (vec!["run", &broken, "--events", &events], 1),
        (vec!["ir", &broken], 1),
        (vec!["check", empty], 2),
        (vec!["check", "no/such/file"], 2),
        (vec!["run", &good, "--events", "no/such/file"], 2),
        (vec!["run", &good], 2),
        (vec!["run", &good, "--events", &events, "--now", "yesterday"], 2),
        (
            vec!["run", &good, "--events", &events, "--rejects", "no/such/folder/file"],
            2,
        ),
        (vec!["frobnicate"], 2),
        (vec!["--help"], 0),
        (vec!["--version"], 0),
        (vec!["ir", &good, "--audience", "nobody"], 2),
        (vec!["sql", &good, "--dialect", "duckdb", "--check"], 0),
        (vec!["sql", &good, "--dialect", "duckdb", "--check", "--deliveries"], 2),
        (
            vec!["sql", &good, "--dialect", "duckdb", "--check", "--now", "2026-06-30"],
            2,
        ),
        (vec!["sql", &good, "--dialect", "duckdb", "--check", "--tables"], 2),
    ] {
        let done = volens(&arguments);
        assert_eq!(done.code, code, "{arguments:?}: {}{}", done.out, done.err);
        assert!(code == 0 || !done.err.is_empty(), "{arguments:?} says nothing");
    }
}

#[test]
fn check_prints_json_for_editors() {
    let folder = scratch("check_json");
    let broken = file(
        &folder,
        "broken.audience",
        "category A\naudience a { send to nowhere }\n",
    );
    let done = volens(&["check", &broken, "--format", "json"]);
    assert_eq!(done.code, 1);
    let json = done.json();
    let problem = &json["diagnostics"][0];
    assert_eq!(problem["code"], "unknown-name");
    assert_eq!(problem["severity"], "error");
    assert_eq!(problem["start"], serde_json::json!({"line": 2, "column": 22}));
    assert_eq!(problem["end"], serde_json::json!({"line": 2, "column": 29}));
    assert_eq!(problem["bytes"], serde_json::json!([32, 39]));
}

#[test]
fn ir_is_printed_as_text_and_json() {
    let folder = scratch("ir");
    let workspace = file(&folder, "shop.audience", WORKSPACE);
    let done = volens(&["ir", &workspace]);
    insta::assert_snapshot!("ir_text", done.out);
    let done = volens(&["ir", &workspace, "--format", "json"]);
    assert!(volens::ir::Program::from_json(&done.out).is_ok());
}

// ---- volens test

const TESTS: &str = r#"
test "ads reach who agreed" {
  now 2026-06-30
  events "events.jsonl.gz"
  expect "user_id:u1" delivered to google_ads
  expect "user_id:u2" filtered at google_ads
  expect size of big_spenders = 2
}
test "never <so> & \"so\" \u001b[2J" {
  now 2026-06-30
  events "events.jsonl.gz"
  expect "user_id:u2" delivered to google_ads
}
test "a name nobody knows" {
  now 2026-06-30
  expect size of big_spender = 0
}
"#;

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

/// A workspace with the tests above.
fn tested(name: &str) -> PathBuf {
    let folder = scratch(name);
    file(&folder, "shop.audience", WORKSPACE);
    file(&folder, "shop.test.audience", TESTS);
    file(&folder, "events.jsonl.gz", gzip(EVENTS));
    folder
}

#[test]
fn test_prints_what_was_found() {
    let folder = tested("test_text");
    let report = folder.join("report.xml");
    let path = folder.to_str().unwrap();
    let done = volens(&["test", path, "--report", report.to_str().unwrap()]);
    assert_eq!(done.code, 1, "{}", done.err);
    let hide = |text: String| text.replace(path, "FOLDER");
    insta::assert_snapshot!("test_text", hide(done.out));
    insta::assert_snapshot!("test_text_problems", hide(done.err));
    let xml = fs::read_to_string(&report).unwrap();
    assert!(!xml.contains('\u{1b}'));
    insta::assert_snapshot!("test_report", hide(xml));
    // The same, for programs.
    let done = volens(&["test", path, "--format", "json"]);
    assert_eq!(done.code, 1);
    let json = done.json();
    assert_eq!([&json["passed"], &json["failed"], &json["errors"]], [1, 1, 1]);
    let file = &json["workspaces"][0]["files"][0];
    assert_eq!(file["diagnostics"][0]["code"], "unknown-name");
    assert_eq!(
        file["tests"][1]["failures"][0]["found"],
        "filtered: Advertising denied (from big_spenders)"
    );
    assert_eq!(file["tests"][1]["failures"][0]["line"], 12);
    assert!(done.err.is_empty(), "{}", done.err);
}

#[test]
fn test_exits_by_what_happened() {
    let folder = tested("test_exit");
    let path = folder.to_str().unwrap();
    // A mistake in the file is one whatever is filtered.
    assert_eq!(volens(&["test", path, "--filter", "reach"]).code, 1);
    file(
        &folder,
        "shop.test.audience",
        TESTS.split("test \"a name").next().unwrap(),
    );
    let done = volens(&["test", path, "--filter", "reach"]);
    assert_eq!(
        (done.code, done.out.ends_with("1 passed, 0 failed\n")),
        (0, true),
        "{}",
        done.out
    );
    let done = volens(&["test", path, "--filter", "nowhere"]);
    assert_eq!((done.code, done.out.as_str()), (2, ""));
    assert_eq!(done.err, "error: no test has `nowhere` in its name\n");
    fs::remove_file(folder.join("events.jsonl.gz")).unwrap();
    let done = volens(&["test", path]);
    assert_eq!(done.code, 2);
    assert!(done.out.contains("cannot read `"), "{}", done.out);
    file(&folder, "shop.audience", "audience a { send to nowhere }");
    let done = volens(&["test", path]);
    assert_eq!(
        (done.code, done.out.contains("none of its tests was run")),
        (1, true),
        "{}",
        done.out
    );
    assert!(done.err.contains("there is no destination `nowhere`"));
    let none = scratch("test_none");
    assert_eq!(volens(&["test", none.to_str().unwrap()]).code, 2);
    assert_eq!(volens(&["test"]).code, 2);
    assert_eq!(volens(&["test", "/nowhere/at/all"]).code, 2);
}

#[test]
fn test_overwrites_nothing_that_it_reads() {
    let folder = tested("test_overwrite");
    for name in ["shop.audience", "shop.test.audience", "events.jsonl.gz"] {
        let path = folder.join(name);
        let before = fs::read(&path).unwrap();
        let done = volens(&["test", folder.to_str().unwrap(), "--report", path.to_str().unwrap()]);
        assert_eq!(done.code, 2, "{name}");
        assert!(done.err.contains("would overwrite"), "{}", done.err);
        assert_eq!(fs::read(&path).unwrap(), before);
    }
    // Whatever is no report is left alone; an earlier report is not.
    let other = folder.join("notes.txt");
    fs::write(&other, "mine").unwrap();
    let report = |path: &Path| volens(&["test", folder.to_str().unwrap(), "--report", path.to_str().unwrap()]).code;
    assert_eq!((report(&other), fs::read(&other).unwrap()), (2, b"mine".to_vec()));
    let earlier = folder.join("report.xml");
    assert_eq!((report(&earlier), report(&earlier)), (1, 1));
    assert_eq!(volens(&["test", folder.to_str().unwrap(), "--report", "-"]).code, 2);
}

#[test]
fn the_tests_of_the_examples_pass() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for path in [
        examples.clone(),
        examples.join("shop"),
        examples.join("shop/shop.test.audience"),
    ] {
        let done = volens(&["test", path.to_str().unwrap()]);
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
        assert!(
            done.out
                .contains("who left a checkout hears of it only where they agreed")
        );
        assert!(!done.out.contains("note:"), "{}", done.out);
    }
}

#[test]
fn check_tells_audiences_of_accounts_and_where_sound_ones_go_beside_errors() {
    let folder = scratch("check_accounts");
    let sound = "destination mail requires nothing\ndestination crm requires nothing\n\
        audience staff { who trait role = \"staff\" send to crm send to mail, crm }\n\
        audience big of accounts { who account trait seats > 100 send to crm }\naudience everybody {}\n";
    let file = folder.join("w.audience");
    let path = file.to_str().unwrap();
    fs::write(&file, sound).unwrap();
    let done = volens(&["check", path]);
    assert_eq!(
        done.out,
        "ok  staff → mail (requires nothing), crm (requires nothing)\n\
         ok  big of accounts → crm (requires nothing)\nok  everybody → sent nowhere\n"
    );
    // What they require is not said: the error may lie there.
    let wrong = sound.replace("mail requires nothing", "mail requires Nobody");
    fs::write(&file, wrong).unwrap();
    let done = volens(&["check", path]);
    assert_eq!(done.code, 1);
    assert_eq!(
        done.out,
        "ok  staff → mail, crm\nok  big of accounts → crm\nok  everybody → sent nowhere\n"
    );
}
