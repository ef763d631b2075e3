//! Stores in folders, with the command and below it: processes that are killed, files that are damaged, people who are
//! forgotten, history that is dropped.
#![cfg(feature = "cli")]
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "what makes and what looks through stores serves tests alone"
)]

mod damage;
mod forgotten;
mod kill;
mod kill_erasure;
mod retained;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};
use volens::model::{IdentityRules, Profiles};
use volens::space::{Settings, Space, SpaceError};
use volens::store::{Directory, Storage};
use volens::{Timestamp, ingest};

const NOW: &str = "2026-06-30T00:00:00Z";

/// A workspace that looks back 30 days.
const WORKSPACE: &str = r#"
category Advertising
category Analytics
destination google_ads requires Advertising, Analytics
audience buyers { who performed "Order Completed" within last 30 days  send to google_ads }
"#;

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn settings() -> Settings {
    Settings {
        identity: IdentityRules::default(),
        categories: vec!["Advertising".into(), "Analytics".into()],
    }
}

/// Numbers that follow from a seed (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// How many, if the long run does not ask for others by a variable of the environment.
fn many(variable: &str, ordinary: u64) -> u64 {
    let asked = std::env::var(variable).ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(ordinary)
}

/// A folder for one test, which is gone with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("store_files-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Scratch(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The files of a folder.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let files = entries.map(|entry| {
        (
            entry.file_name().into_string().unwrap(),
            fs::read(entry.path()).unwrap(),
        )
    });
    files.collect()
}

/// Makes a folder that has these files and no others.
fn put(folder: &Path, files: &BTreeMap<String, Vec<u8>>) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

/// The command, to be started.
fn volens(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_volens"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// What the command prints, and its exit code.
fn done(arguments: &[&str]) -> (i32, String, String) {
    let done = volens(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

/// Everything that is known of all profiles and accounts, byte for byte.
fn dump(profiles: &Profiles) -> String {
    let accounts: Vec<Json> = profiles
        .accounts()
        .iter()
        .map(|(id, account)| json!({"id": id, "traits": account.traits, "users": account.users}))
        .collect();
    serde_json::to_string(&json!({"users": profiles.users(), "accounts": accounts})).unwrap()
}

/// What a reader makes of a folder.
fn read(folder: &Path) -> Result<Space<Directory>, SpaceError> {
    Space::open(Directory::open_read_only(folder)?, settings(), now())
}

/// What the reference, which sorts all events and folds them, makes of them.
fn reference(lines: &[String]) -> String {
    let Settings { identity, categories } = settings();
    let mut ingestor = ingest::Ingestor::new(ingest::Settings {
        identity,
        categories,
        received_at: now(),
        now: now(),
    });
    ingestor.read("events", lines.join("\n").as_bytes()).unwrap();
    dump(&ingestor.finish().profiles)
}

/// Events of people with ids, emails, grants and refusals, in no order; now and then one is repeated, and a device is used
/// by two of them. No two with one message id differ.
fn events(count: u64, seed: u64) -> Vec<String> {
    let mut random = Random(seed);
    let mut events: Vec<String> = Vec::new();
    for number in 0..count {
        if random.below(40) == 0 && !events.is_empty() {
            let again = random.below(events.len() as u64) as usize;
            events.push(events[again].clone());
            continue;
        }
        let person = random.below(count / 12 + 3);
        let minutes = random.below(60 * 24 * 60) as i64;
        let at = Timestamp::from_millis(now().as_millis() - minutes * 60_000);
        let mut event = json!({"messageId": format!("m{number}"), "timestamp": at, "context": {}});
        match random.below(3) {
            0 => event["userId"] = json!(format!("user-{person}")),
            1 => event["anonymousId"] = json!(format!("device-{}", random.below(count / 6 + 3))),
            _ => {
                event["userId"] = json!(format!("user-{person}"));
                event["anonymousId"] = json!(format!("device-{person}"));
            }
        }
        match random.below(8) {
            0 | 1 => {
                event["type"] = json!("identify");
                event["traits"] = json!({"email": format!("Person-{person}@example.com"), "plan": random.below(3)});
            }
            2 => {
                event["type"] = json!("group");
                event["groupId"] = json!(format!("company-{}", random.below(9)));
                event["traits"] = json!({"size": random.below(100)});
            }
            3 => {
                event["type"] = json!("track");
                event["event"] = json!("Segment Consent Preference Updated");
            }
            4 => {
                event["type"] = json!("page");
                event["name"] = json!("Home");
            }
            _ => {
                event["type"] = json!("track");
                event["event"] = json!("Order Completed");
                event["properties"] = json!({"revenue": random.below(500)});
            }
        }
        // A change of preferences has to say what they are.
        if random.below(3) == 0 || event["event"] == "Segment Consent Preference Updated" {
            let given: BTreeMap<_, _> = [
                ("Advertising", random.below(2) == 0),
                ("Analytics", random.below(2) == 0),
            ]
            .into();
            event["context"]["consent"] = json!({"categoryPreferences": given});
        }
        events.push(event.to_string());
    }
    events
}

/// Stores events by the command.
fn ingest(scratch: &Scratch, store: &Path, lines: &[String]) {
    let space = scratch.file("space.audience", WORKSPACE);
    let events = scratch.path("all.jsonl");
    let mut file = fs::File::create(&events).unwrap();
    lines.iter().for_each(|line| writeln!(file, "{line}").unwrap());
    let arguments = [
        "ingest",
        text(&space),
        "--store",
        text(store),
        "--events",
        text(&events),
        "--now",
        NOW,
    ];
    let (code, _, err) = done(&arguments);
    assert_eq!(code, 0, "{err}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Whether some bytes are among others.
fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    !wanted.is_empty() && bytes.windows(wanted.len()).any(|window| window == wanted)
}
