//! `volens stream --store` is killed at any moment and started again: no message is lost, and one that comes again is byte by
//! byte the same. `VOLENS_KILLS` says how often.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use volens::store::Directory;
use volens::{Engine, Timestamp};

const WORKSPACE: &str = r#"
category Advertising
category Analytics
destination google_ads requires Advertising { message identify }
destination warehouse requires Analytics, Advertising { removal never }
destination crm requires nothing

trait spent = sum of revenue from "Order Completed" within 10 days

audience buyers { who performed "Order Completed" within 2 days  send to google_ads, crm }
audience regulars { who performed "Order Completed" at least 3 times within 5 days and not member of spenders  send to warehouse, crm }
audience spenders { who trait spent >= 100 and trait plan = "pro"  send to google_ads, warehouse }
audience visitors {
  who performed "Product Viewed" within 12 hours then not performed "Order Completed"
  include anonymous
  send to google_ads
}
"#;

const EVENTS: u64 = 3000;
const HOUR: u64 = 3_600_000;
const START: u64 = 1_767_225_600_000;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn at(millis: u64) -> String {
    Timestamp::from_millis(millis as i64).to_string()
}

/// Events of some weeks; a few come late, a few belong to two people that become one.
fn events() -> String {
    let mut random = Random(7);
    let mut lines = String::new();
    for number in 0..EVENTS {
        let time = START + number * HOUR / 4
            - if random.below(20) == 0 {
                random.below(30) * HOUR
            } else {
                0
            };
        let user = random.below(60);
        let mut event =
            json!({"messageId": format!("m{number}"), "timestamp": at(time), "anonymousId": format!("a{user}")});
        if random.below(3) > 0 {
            event["userId"] = json!(format!("u{}", user / 2));
        }
        match random.below(8) {
            0 => {
                event["type"] = json!("identify");
                event["traits"] = json!({"plan": if random.below(2) == 0 { "pro" } else { "free" }, "email": format!("p{}@example.com", user / 3)});
            }
            1 | 2 => {
                event["type"] = json!("track");
                event["event"] = json!("Product Viewed");
            }
            _ => {
                event["type"] = json!("track");
                event["event"] = json!("Order Completed");
                event["properties"] = json!({"revenue": random.below(60)});
            }
        }
        if random.below(3) == 0 {
            event["context"]["consent"]["categoryPreferences"] =
                json!({"Advertising": random.below(3) > 0, "Analytics": random.below(3) > 0});
        }
        lines.push_str(&event.to_string());
        lines.push('\n');
    }
    lines
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("volens-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("made.audience"), WORKSPACE).unwrap();
        fs::write(path.join("events.jsonl"), events()).unwrap();
        Folder(path)
    }

    fn command(&self, name: &str, store: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_volens"));
        command
            .current_dir(&self.0)
            .args([name, "made.audience", "--now", "2027-01-01T00:00:00Z"]);
        command.arg("--store").arg(store);
        command
    }

    /// A store that was streamed with the events of a file, and that holds those of all since.
    fn ingested(&self, store: &Path, streamed: &str) {
        let first = self
            .command("stream", store)
            .args(["--events", streamed])
            .output()
            .unwrap();
        assert!(first.status.success(), "{first:?}");
        let rest = self
            .command("ingest", store)
            .args(["--events", "events.jsonl"])
            .output()
            .unwrap();
        assert!(rest.status.success(), "{rest:?}");
    }

    fn start(&self, store: &Path, events: Option<&str>, retain: Option<&str>) -> Child {
        let mut command = self.command("stream", store);
        if let Some(events) = events {
            command.args(["--events", events]);
        }
        if let Some(retain) = retain {
            command.args(["--retain", retain]);
        }
        command
            .args(["--until", "2026-12-01T00:00:00Z"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Kills a process some time after it has put out so many messages. Gives the whole lines, and whether it was killed.
fn killed(mut child: Child, messages: u64, wait: Duration) -> (Vec<String>, bool) {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut lines = Vec::new();
    let mut line = String::new();
    while (lines.len() as u64) < messages && out.read_line(&mut line).unwrap() > 0 {
        lines.push(std::mem::take(&mut line));
    }
    std::thread::sleep(wait);
    let _ = child.kill();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    lines.extend(rest.split_inclusive('\n').map(str::to_owned));
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    let status = child.wait().unwrap();
    let was_killed = status.code().is_none();
    assert!(was_killed || status.success(), "{errors}");
    // The last line may be torn.
    lines.retain(|line| line.ends_with('\n'));
    (lines, was_killed)
}

/// Which identifier, audience and destination a message is about: only what is about the same has an order.
fn about(line: &str) -> String {
    let message: serde_json::Value = serde_json::from_str(line).unwrap();
    let context = &message["context"];
    let parts = [
        &message["destination"],
        &context["personas"]["computation_key"],
        &message["userId"],
        &message["anonymousId"],
        &context["traits"]["email"],
        &message["traits"]["email"],
    ];
    parts.map(|part| part.to_string()).join(" ")
}

#[test]
fn no_message_is_lost_and_a_repeat_is_the_same() {
    let folder = Folder::new("stream-kill");
    kill(&folder, Some("events.jsonl"), None, |_| {});
}

/// History is dropped on the way, and a crash may come while it is.
#[test]
fn what_is_sent_is_the_same_after_a_crash_where_history_is_dropped() {
    let folder = Folder::new("stream-kill-retained");
    kill(&folder, Some("events.jsonl"), Some("11 days"), |_| {});
}

#[test]
fn what_was_ingested_meanwhile_is_the_same_after_a_crash() {
    let folder = Folder::new("stream-kill-ingested");
    let events = fs::read_to_string(folder.0.join("events.jsonl")).unwrap();
    let first: String = events.split_inclusive('\n').take(EVENTS as usize / 10).collect();
    fs::write(folder.0.join("first.jsonl"), first).unwrap();
    kill(&folder, None, None, |store| folder.ingested(store, "first.jsonl"));
}

/// Whether a store has lost the history of the first half of the events.
fn is_dropped(store: &Path) -> bool {
    let engine = Engine::from_text("made.audience", WORKSPACE).unwrap();
    let journal = engine.journal(Directory::open_read_only(store).unwrap()).unwrap();
    let half = Timestamp::from_millis((START + EVENTS / 2 * HOUR / 4) as i64);
    journal.horizon() >= Some(half)
}

/// Kills processes that stream these events and keep so much history, over stores that were `prepared`.
fn kill(folder: &Folder, events: Option<&str>, retain: Option<&str>, prepare: impl Fn(&Path)) {
    let asked = std::env::var("VOLENS_KILLS").ok();
    let kills: u64 = asked.map_or(25, |asked| asked.parse().unwrap());
    let whole = folder.0.join("whole");
    prepare(&whole);
    let (expected, was_killed) = killed(folder.start(&whole, events, None), u64::MAX, Duration::ZERO);
    assert!(!was_killed && expected.len() > 1000, "{}", expected.len());
    let in_order: BTreeMap<&str, usize> = expected
        .iter()
        .enumerate()
        .map(|(at, line)| (line.as_str(), at))
        .collect();
    assert_eq!(in_order.len(), expected.len(), "no message comes twice by itself");

    let mut random = Random(kills);
    let (mut done, mut repeats, mut stores) = (0, 0, 0);
    while done < kills {
        stores += 1;
        let store = folder.0.join(format!("store-{stores}"));
        prepare(&store);
        let mut seen: BTreeSet<String> = BTreeSet::new();
        // Some are killed several times, and then run to the end.
        let crashes = 1 + random.below(6);
        for crash in 0..=crashes {
            let (messages, wait) = match crash < crashes {
                true => (
                    random.below(1 + expected.len() as u64 / 3),
                    // At once as often as not: what was read then is hardly noted as taken.
                    Duration::from_micros(random.below(2) * random.below(5000)),
                ),
                false => (u64::MAX, Duration::ZERO),
            };
            let (lines, was_killed) = killed(folder.start(&store, events, retain), messages, wait);
            done += u64::from(was_killed);
            let mut last: BTreeMap<String, usize> = BTreeMap::new();
            for line in lines {
                let at = in_order
                    .get(line.as_str())
                    .unwrap_or_else(|| panic!("store {stores}: an unknown message: {line}"));
                let before = last.insert(about(&line), *at);
                assert!(
                    before.is_none_or(|before| before < *at),
                    "store {stores}: out of order: {line}"
                );
                repeats += u64::from(!seen.insert(line));
            }
        }
        assert_eq!(seen.len(), expected.len(), "store {stores}: a message is lost");
        assert_eq!(
            is_dropped(&store),
            retain.is_some(),
            "store {stores}: whether history is dropped"
        );
        let _ = fs::remove_dir_all(&store);
    }
    assert!(
        kills < 100 || repeats > 0,
        "no crash fell between a message and its record"
    );
}
