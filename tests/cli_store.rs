//! `volens ingest` and `volens forget`, and `--store` with the other commands: what they print, where, and their exit codes.
#![cfg(feature = "cli")]

#[path = "command/mod.rs"]
mod command;

use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use command::{Done, volens, volens_with};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};
use volens::store::Directory;

const NOW: &str = "2026-06-30T00:00:00Z";

const WORKSPACE: &str = r#"
category Advertising
destination google_ads requires Advertising
destination crm requires nothing
audience big_spenders { who performed "Order Completed" where (revenue > 100)  send to google_ads, crm }
"#;

/// Two members, one of whom refuses ads; a repeat, one that is later, one without anybody.
const EVENTS: &str = r#"
{"type":"track","event":"Segment Consent Preference Updated","userId":"u1","messageId":"c1","timestamp":"2026-06-01T00:00:00Z","context":{"consent":{"categoryPreferences":{"Advertising":true}}}}
{"type":"track","event":"Segment Consent Preference Updated","userId":"u2","messageId":"c2","timestamp":"2026-06-01T00:00:00Z","context":{"consent":{"categoryPreferences":{"Advertising":false}}}}
{"type":"track","event":"Order Completed","userId":"u1","messageId":"o1","timestamp":"2026-06-02T00:00:00Z","properties":{"revenue":120}}
{"type":"track","event":"Order Completed","userId":"u2","messageId":"o2","timestamp":"2026-06-02T00:00:00.500Z","properties":{"revenue":"250.00"}}
{"type":"track","event":"Order Completed","userId":"u2","messageId":"o2","timestamp":"2026-06-02T00:00:00.500Z","properties":{"revenue":"250.00"}}
{"type":"track","event":"Order Completed","userId":"u2","messageId":"o3","timestamp":"2026-07-02T00:00:00Z","properties":{"revenue":1}}
{"type":"track","event":"Order Completed","messageId":"o4"}
"#;

/// A folder for one test: a workspace, and a store that is still to be made.
struct Place {
    folder: PathBuf,
    space: String,
    store: String,
}

impl Place {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cli_store-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let store = folder.join("store").to_str().unwrap().to_owned();
        let mut place = Place {
            folder,
            space: String::new(),
            store,
        };
        place.space = place.file("space.audience", WORKSPACE);
        place
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// `volens ingest` as of now, with these files.
    fn ingest(&self, events: &[&str], more: &[&str]) -> Done {
        self.ingest_with(io::empty(), events, more)
    }

    fn ingest_with(&self, input: impl Read + 'static, events: &[&str], more: &[&str]) -> Done {
        let mut arguments = vec!["ingest", &self.space, "--store", &self.store, "--now", NOW];
        arguments.extend(more);
        if !events.is_empty() {
            arguments.push("--events");
            arguments.extend(events);
        }
        volens_with(input, &arguments)
    }

    /// Another command, as of now, with the store.
    fn with_store(&self, command: &str, more: &[&str]) -> Done {
        let mut arguments = vec![command, &self.space, "--store", &self.store, "--now", NOW];
        arguments.extend(more);
        volens(&arguments)
    }

    fn profile(&self, id: &str) -> Json {
        let done = self.with_store("profile", &["--profile", id, "--format", "json"]);
        assert_eq!(done.code, 0, "{}", done.err);
        done.json()
    }

    /// What is told, without the folder of this test.
    fn told(&self, text: &str) -> String {
        text.replace(self.folder.to_str().unwrap(), "HERE")
    }
}

fn order(message_id: &str, at: &str, revenue: u32) -> String {
    let event = json!({"type": "track", "event": "Order Completed", "userId": "u1", "messageId": message_id, "timestamp": at,
        "properties": {"revenue": revenue}});
    event.to_string()
}

#[test]
fn what_is_ingested_is_what_a_run_of_the_files_gives() {
    let place = Place::new("run");
    let events = place.file("events.jsonl", EVENTS);
    let done = place.ingest(&[&events], &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(
        done.out,
        "7 events read: 4 applied, 1 duplicate, 1 later than this instant, 1 rejected\nThe store holds 5 events\n"
    );
    assert_eq!(
        place.told(&done.err),
        "rejected: HERE/events.jsonl:8: no_user_anon_id: The userID or anonymousID was not provided\n"
    );
    let again = place.ingest(&[&events], &["--format", "json"]);
    assert_eq!(
        again.json(),
        json!({"now": NOW, "events": {"read": 7, "applied": 0, "duplicate": 6, "later": 0, "rejected": 1}, "stored": 5})
    );

    let of_store = place.with_store("run", &["--format", "json"]).json();
    let of_files = volens(&[
        "run",
        &place.space,
        "--events",
        &events,
        "--now",
        NOW,
        "--format",
        "json",
    ])
    .json();
    assert_eq!(
        of_store["events"],
        json!({"read": 5, "applied": 4, "duplicate": 0, "later": 1, "rejected": 0})
    );
    for key in ["audiences", "profiles", "enforcement", "now"] {
        assert_eq!(of_store[key], of_files[key], "{key}");
    }
    let of_files = ["--events", &events, "--now"];
    for (command, more) in [
        ("profile", ["--profile", "user_id:u2"].as_slice()),
        ("explain", &["--profile", "user_id:u2", "--audience", "big_spenders"]),
    ] {
        for format in ["text", "json"] {
            // Also as of before and after what is stored.
            for now in [NOW, "2026-06-02T00:00:00Z", "2026-07-03T00:00:00Z"] {
                let common = [more, &["--format", format]].concat();
                let from =
                    |source: &[&str]| volens(&[&[command, place.space.as_str()], source, &[now], &common].concat());
                let (files, store) = (from(&of_files), from(&["--store", &place.store, "--now"]));
                assert_eq!((store.code, store.out), (0, files.out), "{command} as of {now}");
            }
        }
    }
}

#[test]
fn a_second_writer_is_told_and_readers_are_not_disturbed() {
    let place = Place::new("second");
    let events = place.file("events.jsonl", EVENTS);
    assert_eq!(place.ingest(&[&events], &[]).code, 0);
    let writer = Directory::open(&place.store).unwrap();
    let told = "error: the store `HERE/store` is open elsewhere for writing: wait until that has ended, or open it to read only\n";
    for done in [
        place.ingest(&[&events], &[]),
        place.with_store("forget", &["--profile", "user_id:u1"]),
    ] {
        assert_eq!(
            (done.code, done.out.as_str(), place.told(&done.err).as_str()),
            (2, "", told)
        );
    }
    assert_eq!(place.with_store("run", &[]).code, 0);
    drop(writer);
    assert_eq!(place.ingest(&[&events], &[]).code, 0);
}

#[test]
fn a_store_that_is_not_there_is_made_by_ingest_alone() {
    let place = Place::new("absent");
    for (command, more) in [
        ("run", [].as_slice()),
        ("profile", &["--profile", "user_id:u1"]),
        ("explain", &["--profile", "user_id:u1", "--audience", "big_spenders"]),
        ("forget", &["--profile", "user_id:u1"]),
    ] {
        let done = place.with_store(command, more);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{command}");
        assert!(
            done.err.starts_with("error: ") && done.err.contains(&place.store),
            "{command}: {}",
            done.err
        );
        assert!(!Path::new(&place.store).exists(), "{command}");
    }
    // Wrong definitions, and files that are not there, are told before.
    let broken = place.file("broken.audience", "audience {");
    let events = place.file("events.jsonl", EVENTS);
    assert_eq!(
        volens(&["ingest", &broken, "--store", &place.store, "--events", &events]).code,
        1
    );
    let absent = place.folder.join("absent.jsonl").to_str().unwrap().to_owned();
    let done = place.ingest(&[&events, &absent], &[]);
    assert_eq!(done.code, 2);
    assert!(
        place
            .told(&done.err)
            .starts_with("error: cannot read `HERE/absent.jsonl`: "),
        "{}",
        done.err
    );
    assert!(!Path::new(&place.store).exists());
    // A folder below one that is not there, either.
    let deep = place.folder.join("a/b/store");
    let deep = deep.to_str().unwrap();
    assert_eq!(
        volens(&[
            "ingest",
            &place.space,
            "--store",
            deep,
            "--events",
            &events,
            "--now",
            NOW
        ])
        .code,
        0
    );
}

#[test]
fn a_folder_that_is_no_store_is_left_alone() {
    let place = Place::new("other");
    let events = place.file("events.jsonl", EVENTS);
    fs::create_dir(&place.store).unwrap();
    fs::write(format!("{}/notes.txt", place.store), "mine").unwrap();
    let told = "error: `HERE/store` is no store of Volens: other files are in it; name another folder\n";
    let ingest = place.ingest(&[&events], &[]);
    assert_eq!((ingest.code, place.told(&ingest.err).as_str()), (2, told));
    let run = place.with_store("run", &[]);
    assert_eq!((run.code, place.told(&run.err).as_str()), (2, told));
    let files: Vec<_> = fs::read_dir(&place.store)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(files, ["notes.txt"]);
    // A file in the place of the folder.
    let done = volens(&["ingest", &place.space, "--store", &events, "--events", &events]);
    assert_eq!(done.code, 2);
    assert!(
        done.err.contains("HERE/events.jsonl") || done.err.contains(&events),
        "{}",
        done.err
    );
    assert_eq!(fs::read_to_string(&events).unwrap(), EVENTS);
}

#[test]
fn a_store_and_files_are_not_read_together() {
    let place = Place::new("both");
    let events = place.file("events.jsonl", EVENTS);
    assert_eq!(place.ingest(&[&events], &[]).code, 0);
    let both = place.with_store("run", &["--events", &events]);
    assert_eq!(both.code, 2);
    assert!(both.err.contains("cannot be used with"), "{}", both.err);
    let neither = volens(&["run", &place.space]);
    assert_eq!(neither.code, 2);
    let nothing = place.ingest(&[], &[]);
    assert_eq!(nothing.code, 2);
    assert!(nothing.err.contains("--events"), "{}", nothing.err);
}

#[test]
fn gz_standard_input_and_batches_are_read() {
    let place = Place::new("gz");
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(EVENTS.as_bytes()).unwrap();
    let packed = place.file("events.jsonl.gz", packed.finish().unwrap());
    let batch = json!({
        "context": {"consent": {"categoryPreferences": {"Advertising": false}}},
        "batch": [
            {"type": "track", "event": "E", "userId": "u3", "messageId": "b1", "timestamp": "2026-06-03T00:00:00Z"},
            {"type": "track", "event": "E", "messageId": "b2"},
            {"type": "track", "event": "E", "userId": "u4", "messageId": "b3", "timestamp": "2026-06-03T00:00:00Z"},
        ],
    });
    let done = place.ingest_with(Cursor::new(batch.to_string()), &[&packed, "-"], &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(
        done.out.ends_with("rejected\nThe store holds 7 events\n"),
        "{}",
        done.out
    );
    assert!(done.err.contains("rejected: -:1: no_user_anon_id"), "{}", done.err);
    // What stands around the batch is stored with each item.
    assert_eq!(
        place.profile("user_id:u4")["consent"]["categories"],
        json!({"Advertising": "denied"})
    );
    let again = place.ingest_with(Cursor::new(batch.to_string()), &["-"], &["--format", "json"]);
    assert_eq!(
        again.json()["events"],
        json!({"read": 3, "applied": 0, "duplicate": 2, "later": 0, "rejected": 1})
    );
}

/// Of two bodies with one id the first in canonical order counts, whichever comes first; the other is told.
#[test]
fn of_two_bodies_the_earlier_counts_in_either_order() {
    let (early, late) = (
        order("m1", "2026-06-01T00:00:00Z", 1),
        order("m1", "2026-06-02T00:00:00Z", 2),
    );
    for (name, first, second) in [("early", &early, &late), ("late", &late, &early)] {
        let place = Place::new(&format!("conflict-{name}"));
        let (first, second) = (place.file("first.jsonl", first), place.file("second.jsonl", second));
        assert_eq!(place.ingest(&[&first], &[]).json_applied(), 1);
        let rejects = place.folder.join("rejects.jsonl");
        let done = place.ingest(
            &[&second],
            &["--rejects", rejects.to_str().unwrap(), "--format", "json"],
        );
        assert_eq!(done.code, 0, "{}", done.err);
        assert_eq!(
            done.json()["events"],
            json!({"read": 1, "applied": 0, "duplicate": 0, "later": 0, "rejected": 1})
        );
        assert_eq!(done.json()["stored"], 1);
        let reject: Json = serde_json::from_str(&fs::read_to_string(&rejects).unwrap()).unwrap();
        assert_eq!(reject["code"], "message_id_conflict");
        assert_eq!((&reject["file"], &reject["line"]), (&json!(second), &json!(1)));
        // The input is the event that lost, also where it was stored before.
        let lost: Json = match &reject["input"] {
            Json::String(text) => serde_json::from_str(text).unwrap(),
            other => other.clone(),
        };
        assert_eq!(lost, serde_json::from_str::<Json>(&late).unwrap());
        let profile = place.profile("user_id:u1");
        assert_eq!(profile["events"][0]["properties"]["revenue"], 1, "{name}");
        assert_eq!(profile["events"].as_array().unwrap().len(), 1);
        // Both again: one is the one that is stored, the other has lost.
        let again = place.ingest(&[&first, &second], &["--format", "json"]);
        assert_eq!(
            again.json()["events"],
            json!({"read": 2, "applied": 0, "duplicate": 1, "later": 0, "rejected": 1})
        );
    }
}

impl Done {
    /// How many events the text says were applied.
    fn json_applied(&self) -> u64 {
        let (_, rest) = self.out.split_once(": ").unwrap();
        rest.split_once(" applied").unwrap().0.parse().unwrap()
    }
}

/// What was read before a file that cannot be read is stored, and told.
#[test]
fn a_file_that_breaks_off_costs_nothing_that_was_read() {
    let place = Place::new("unreadable");
    let first = place.file("first.jsonl", order("m1", "2026-06-01T00:00:00Z", 1));
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    let lines: Vec<String> = (0..2000)
        .map(|number| order(&format!("p{number}"), "2026-06-02T00:00:00Z", number * 7919))
        .collect();
    packed.write_all(lines.join("\n").as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let second = place.file("second.jsonl.gz", &packed[..packed.len() / 2]);
    let rejects = place.folder.join("rejects.jsonl");
    let done = place.ingest(&[&first, &second], &["--rejects", rejects.to_str().unwrap()]);
    assert_eq!((done.code, done.out.as_str()), (2, ""));
    assert!(
        place
            .told(&done.err)
            .contains("error: cannot read `HERE/second.jsonl.gz`: "),
        "{}",
        done.err
    );
    let stored = place.profile("user_id:u1")["events"].as_array().unwrap().len();
    assert!((2..2001).contains(&stored), "{stored}");
    // The whole file completes it.
    let second = place.file("second.jsonl.gz", &packed);
    let done = place.ingest(&[&first, &second], &["--format", "json"]);
    assert_eq!(done.json()["stored"], 2001);
    assert_eq!(done.json()["events"]["duplicate"], stored);
}

/// A reader that fails in the middle.
struct Breaking(Cursor<String>);

impl Read for Breaking {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::Error::other("the pipe broke")),
            read => Ok(read),
        }
    }
}

#[test]
fn standard_input_that_breaks_off_costs_nothing_that_was_read() {
    let place = Place::new("broken-pipe");
    let input = Breaking(Cursor::new(format!("{}\n", order("m1", "2026-06-01T00:00:00Z", 1))));
    let done = place.ingest_with(input, &["-"], &[]);
    assert_eq!(
        (done.code, done.err.as_str()),
        (2, "error: cannot read `-`: the pipe broke\n")
    );
    assert_eq!(place.profile("user_id:u1")["events"][0]["message_id"], "m1");
}

#[test]
fn forgetting_by_the_command() {
    let place = Place::new("forget");
    let events = place.file("events.jsonl", EVENTS);
    assert_eq!(place.ingest(&[&events], &[]).code, 0);
    let malformed = place.with_store("forget", &["--profile", "u1"]);
    assert_eq!(
        malformed.err,
        "error: `u1` is no identifier: write TYPE:VALUE, such as user_id:u1\n"
    );
    let done = place.with_store("forget", &["--profile", "user_id:u2"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    // Of which one is dated ahead.
    assert_eq!(
        done.out,
        "Forgotten: 3 events of the store, for good; they are refused when they come again\n"
    );
    for command in ["forget", "profile"] {
        let again = place.with_store(command, &["--profile", "user_id:u2"]);
        assert_eq!(
            (again.code, again.err.as_str()),
            (2, "error: no profile has user_id:u2\n"),
            "{command}"
        );
    }
    let run = place.with_store("run", &["--format", "json"]).json();
    assert_eq!(
        (&run["profiles"], &run["audiences"]["big_spenders"]["members"]),
        (&json!(1), &json!(["user_id:u1"]))
    );
    let again = place.ingest(&[&events], &[]);
    assert!(
        again
            .err
            .contains(":5: forgotten: it is one of the events of a person who was forgotten\n"),
        "{}",
        again.err
    );
    assert!(
        again
            .out
            .starts_with("7 events read: 0 applied, 3 duplicate, 4 rejected\n"),
        "{}",
        again.out
    );
}

/// Where nothing can be written, that is told, and nothing is lost. (Who may do everything is not stopped by permissions.)
#[cfg(unix)]
#[test]
fn a_folder_in_which_nothing_can_be_written_can_be_read() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new("read-only");
    let events = place.file("events.jsonl", EVENTS);
    assert_eq!(place.ingest(&[&events], &[]).code, 0);
    let allow = |mode| fs::set_permissions(&place.store, fs::Permissions::from_mode(mode)).unwrap();
    allow(0o555);
    let is_root = fs::write(format!("{}/try", place.store), "").is_ok();
    let run = place.with_store("run", &[]);
    let ingest = place.ingest(&[&events], &[]);
    allow(0o755);
    assert_eq!(run.code, 0, "{}", run.err);
    if is_root {
        assert_eq!(ingest.code, 0);
    } else {
        assert_eq!(ingest.code, 2);
        assert!(place.told(&ingest.err).starts_with("error: cannot "), "{}", ingest.err);
    }
    // A place that takes no files at all, whoever asks.
    let done = volens(&["ingest", &place.space, "--store", "/proc/volens", "--events", &events]);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("`/proc/volens"), "{}", done.err);
}

/// A disk that takes no more: the limit on the size of a file stands for it.
#[cfg(target_os = "linux")]
#[test]
fn when_the_disk_is_full_it_is_told_and_nothing_is_lost() {
    let place = Place::new("full");
    let first = place.file("first.jsonl", EVENTS);
    assert_eq!(place.ingest(&[&first], &[]).code, 0);
    let before = place.with_store("run", &["--format", "json"]).out;
    let lines: Vec<String> = (0..2000)
        .map(|number| order(&format!("p{number}"), "2026-06-02T00:00:00Z", number))
        .collect();
    let more = place.file("more.jsonl", lines.join("\n"));
    // In blocks of 1024 bytes; the signal that comes with it would end the process before it could tell.
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$@\"";
    let arguments = [
        "ingest",
        &place.space,
        "--store",
        &place.store,
        "--events",
        &more,
        "--now",
        NOW,
    ];
    let done = std::process::Command::new("bash")
        .args(["-c", script, "bash", env!("CARGO_BIN_EXE_volens")])
        .args(arguments)
        .output()
        .unwrap();
    let err = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(2), "{err}");
    assert!(
        place
            .told(&err)
            .starts_with("error: cannot write to `HERE/store/events-00000001.log`: "),
        "{err}"
    );
    assert!(err.contains("nothing else was lost"), "{err}");
    assert_eq!(place.with_store("run", &["--format", "json"]).out, before);
    let done = place.ingest(&[&more], &[]);
    assert_eq!(done.json_applied(), 2000, "{}", done.err);
}

/// What a crash left is told by whoever opens the store for writing, once; readers pass over it.
#[test]
fn what_a_crash_left_is_told_once() {
    let place = Place::new("recovered");
    let events = place.file("events.jsonl", order("m1", "2026-06-01T00:00:00Z", 1));
    assert_eq!(place.ingest(&[&events], &[]).code, 0);
    let before = place.with_store("run", &[]).out;
    let log = format!("{}/events-00000001.log", place.store);
    let mut bytes = fs::read(&log).unwrap();
    bytes.extend(b"half a record");
    fs::write(&log, bytes).unwrap();
    let run = place.with_store("run", &[]);
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, before.as_str(), ""));
    let done = place.ingest(&[&events], &[]);
    assert_eq!(done.code, 0);
    assert_eq!(
        place.told(&done.err),
        "recovered: the store had not been closed: dropped 13 bytes of a batch that was never acknowledged\n"
    );
    assert_eq!(place.ingest(&[&events], &[]).err, "");
    assert_eq!(place.with_store("run", &[]).out, before);
}

/// A file for refused events must not be one of the store, which would be lost; nor stand where the store is to be.
#[test]
fn rejects_are_not_written_into_the_store() {
    let place = Place::new("rejects");
    let events = place.file("events.jsonl", EVENTS);
    let asked = |rejects: &str| {
        let more = ["--events", &events, "--rejects", rejects];
        let mut done = vec![place.with_store("ingest", &more), place.with_store("stream", &more)];
        done.push(place.with_store("route", &[&more[..], &["--policy", "strict"]].concat()));
        done
    };
    let refused = |path: &str| {
        for done in asked(path) {
            assert_eq!((done.code, done.out.as_str()), (2, ""), "{path}");
            assert_eq!(
                done.err,
                format!("error: `--rejects {path}` would overwrite what is read\n")
            );
        }
    };
    // Nothing is made before it is refused.
    refused(&place.store);
    assert!(!Path::new(&place.store).exists());

    assert_eq!(place.ingest(&[&events], &[]).code, 0);
    let contents = || -> Vec<(PathBuf, Vec<u8>)> {
        let entries = fs::read_dir(&place.store).unwrap();
        let mut files: Vec<_> = entries
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    };
    let before = contents();
    for name in [
        "events-00000001.log",
        "head",
        "lock",
        "audit.jsonl",
        "new.jsonl",
        "../store/head",
    ] {
        refused(&format!("{}/{name}", place.store));
    }
    #[cfg(unix)]
    {
        let link = place.folder.join("link");
        std::os::unix::fs::symlink(Path::new(&place.store).join("head"), &link).unwrap();
        refused(link.to_str().unwrap());
    }
    assert_eq!(contents(), before);
    // Beside it is fine.
    let beside = place.folder.join("store.rejects");
    for done in asked(beside.to_str().unwrap()) {
        assert_eq!(done.code, 0, "{}", done.err);
    }
}
