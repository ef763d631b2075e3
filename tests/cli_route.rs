//! `volens route`: what it prints, where, and its exit codes.
#![cfg(feature = "cli")]

#[path = "command/mod.rs"]
mod command;

use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use command::{Closed, Done, volens_into, volens_with};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};

const WORKSPACE: &str = r#"
category Advertising
category Analytics
destination google_ads requires Advertising { type "Google Ads" }
destination mixpanel requires Analytics { receives consent }
destination crm requires nothing
"#;

/// Two people and a device; a repeat, a conflict, a batch, an event dated ahead, and two that are refused.
const EVENTS: &str = r#"{"type":"track","event":"Segment Consent Preference Updated","userId":"u1","messageId":"c1","timestamp":"2026-06-01T00:00:00Z","context":{"ip":"1.2.3.4","consent":{"categoryPreferences":{"Advertising":true,"Analytics":false}}}}
{"type":"track","event":"Order Completed","userId":"u1","messageId":"o1","timestamp":"2026-06-02T00:00:00Z","properties":{"revenue":120}}
{"type":"track","event":"Order Completed","userId":"u1","messageId":"o1","timestamp":"2026-06-02T00:00:00Z","properties":{"revenue":120}}

{"type":"track","event":"Order Completed","userId":"u1","messageId":"o1","timestamp":"2026-06-02T00:00:00Z","properties":{"revenue":1}}
{"type":"page","name":"Home","anonymousId":"a7"}
{"type":"identify","userId":"u2","messageId":"i1","timestamp":"2027-01-01T00:00:00Z","integrations":{"All":false,"Google Ads":true},"context":{"consent":{"categoryPreferences":{"Advertising":true,"Analytics":true}}}}
{"batch":[{"type":"group","groupId":"acme","userId":"u2","messageId":"g1"},{"type":"track","userId":"u2"}],"context":{"consent":{}}}
not json
"#;

impl Done {
    fn lines(&self) -> Vec<Json> {
        let lines = self.out.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    }
}

/// A folder for one test, with the workspace and the events.
struct Place(PathBuf);

impl Place {
    fn new(test: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli_route").join(test);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let place = Place(folder);
        place.file("shop.audience", WORKSPACE);
        place.file("events.jsonl", EVENTS);
        place
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.0.join(name), content).unwrap();
        self.path(name)
    }

    /// Runs the command; a word that begins with `@` is a file of the folder, and the folder is not shown.
    fn volens_with(&self, input: impl Read + 'static, arguments: &str) -> Done {
        let word = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.path(name),
            None => word.to_owned(),
        };
        let words: Vec<String> = arguments.split_whitespace().map(word).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let done = volens_with(input, &words);
        let shown = |text: &str| text.replace(&self.path(""), "");
        Done {
            code: done.code,
            out: shown(&done.out),
            err: shown(&done.err),
        }
    }

    fn volens(&self, arguments: &str) -> Done {
        self.volens_with(io::empty(), arguments)
    }
}

const ROUTE: &str = "route @shop.audience --events @events.jsonl";
const STRICT: &str = "route @shop.audience --events @events.jsonl --policy strict --now 2026-06-30";

/// The destinations that each event reaches, by line and item.
fn reached(lines: &[Json]) -> Vec<(String, Vec<&str>)> {
    let reached = lines.iter().map(|line| {
        let item = line["item"].as_u64().map(|item| format!(".{item}")).unwrap_or_default();
        let destinations = line["destinations"].as_object().unwrap().iter();
        let delivered = destinations.filter(|(_, outcome)| outcome["delivered"] == true);
        (
            format!("{}{item}", line["line"]),
            delivered.map(|(name, _)| name.as_str()).collect(),
        )
    });
    reached.collect()
}

#[test]
fn the_text_tells_each_event_and_what_became_of_all() {
    let place = Place::new("text");
    let done = place.volens(ROUTE);
    assert_eq!(done.code, 0);
    insta::assert_snapshot!("text", done.out);
    insta::assert_snapshot!("text_problems", done.err);
}

#[test]
fn the_strict_text_holds_back_what_nobody_was_asked_about() {
    let place = Place::new("strict_text");
    let done = place.volens(STRICT);
    assert_eq!(done.code, 0);
    insta::assert_snapshot!("strict_text", done.out);
    // What is refused is told once, though the events are read twice.
    assert_eq!(done.err, place.volens(ROUTE).err);
}

#[test]
fn json_has_a_line_for_each_accepted_event() {
    let place = Place::new("json");
    let done = place.volens(&format!("{ROUTE} --format json"));
    assert_eq!(done.code, 0);
    let lines = done.lines();
    // What is sent instead of the event is there, and no more of it than that: no address.
    let order = ["google_ads", "mixpanel", "crm"].map(|name| done.out.find(&format!("\"{name}\"")).unwrap());
    assert!(order.is_sorted());
    let consent = json!({"categoryPreferences": {"Advertising": true, "Analytics": false}});
    assert_eq!(
        lines[0],
        json!({
            "file": "events.jsonl", "line": 1, "message_id": "c1", "type": "track",
            "event": "Segment Consent Preference Updated", "who": "user_id:u1", "has_consent": true,
            "destinations": {
                "google_ads": {"delivered": true},
                "mixpanel": {"delivered": true, "payload": {
                    "type": "track", "event": "Segment Consent Preference Updated", "userId": "u1", "messageId": "c1",
                    "timestamp": "2026-06-01T00:00:00Z", "context": {"consent": consent},
                }},
                "crm": {"delivered": true},
            },
        })
    );
    assert_eq!(
        lines[3],
        json!({
            "file": "events.jsonl", "line": 7, "message_id": "i1", "type": "identify", "who": "user_id:u2",
            "has_consent": true,
            "destinations": {
                "google_ads": {"delivered": true},
                "mixpanel": {"delivered": false, "reason": "FILTERED_BY_INTEGRATIONS_OBJECT"},
                "crm": {"delivered": false, "reason": "FILTERED_BY_INTEGRATIONS_OBJECT"},
            },
        })
    );
    let all = vec!["crm", "google_ads", "mixpanel"];
    let expected = [
        ("1", all.clone()),
        ("2", all.clone()),
        ("6", all.clone()),
        ("7", vec!["google_ads"]),
        ("8.1", vec!["crm"]),
    ];
    assert_eq!(reached(&lines), expected.map(|(line, names)| (line.to_owned(), names)));
    // An id that is derived is the one that other commands show.
    let derived = lines[2]["message_id"].as_str().unwrap();
    assert!(derived.starts_with("volens-"), "{derived}");
    let summary = "9 events read: 5 routed (2 without a consent object), 1 duplicate, 3 rejected\n";
    assert!(done.err.ends_with(summary), "{}", done.err);
}

#[test]
fn the_strict_policy_delivers_by_what_is_stored() {
    let place = Place::new("strict");
    let strict = place.volens(&format!("{STRICT} --format json"));
    let expected = [
        ("1", vec!["crm", "google_ads", "mixpanel"]),
        // The order: ads were agreed to the day before, analytics refused.
        ("2", vec!["crm", "google_ads"]),
        ("6", vec!["crm"]),
        ("7", vec!["google_ads"]),
        ("8.1", vec!["crm"]),
    ];
    let expected = expected.map(|(line, names)| (line.to_owned(), names));
    assert_eq!(reached(&strict.lines()), expected);

    // As of an instant before the answer nothing is stored. It is a different time, not a different event.
    let before =
        place.volens("route @shop.audience --events @events.jsonl --policy strict --now 2026-05-01 --format json");
    assert_eq!(reached(&before.lines())[1], ("2".to_owned(), vec!["crm"]));

    // The same by a store; of whom it does not know nothing is granted.
    let ingest = "ingest @shop.audience --store @store --events @events.jsonl --now 2026-06-30";
    assert_eq!(place.volens(ingest).code, 0);
    place.file(
        "more.jsonl",
        r#"{"type":"page","userId":"u1"}
{"type":"page","userId":"u3"}"#,
    );
    let route = "route @shop.audience --store @store --policy strict --now 2026-06-30 --format json --events";
    let stored = place.volens(&format!("{route} @events.jsonl @more.jsonl"));
    assert_eq!(stored.code, 0, "{}", stored.err);
    let lines = stored.lines();
    assert_eq!(reached(&lines)[..5], expected);
    let more = [("1", vec!["crm", "google_ads"]), ("2", vec!["crm"])];
    assert_eq!(reached(&lines)[5..], more.map(|(line, names)| (line.to_owned(), names)));
    // With a store the events are read once, from anywhere; and it stays as it is.
    let piped = place.volens_with(&b"{\"type\":\"page\",\"userId\":\"u1\"}"[..], &format!("{route} -"));
    assert_eq!(reached(&piped.lines()), [("1".to_owned(), vec!["crm", "google_ads"])]);
    let kept = place.volens("run @shop.audience --store @store --now 2026-06-30 --format json");
    let kept: Json = serde_json::from_str(&kept.out).unwrap();
    assert_eq!(kept["events"]["read"], 5);
}

#[test]
fn the_events_of_a_person_whom_the_store_has_forgotten_go_nowhere() {
    let place = Place::new("forgotten");
    let ingest = "ingest @shop.audience --store @store --events @events.jsonl --now 2026-06-30";
    assert_eq!(place.volens(ingest).code, 0);
    let forget = "forget @shop.audience --store @store --profile user_id:u1 --now 2026-06-30";
    assert_eq!(place.volens(forget).code, 0);
    let strict = "route @shop.audience --events @events.jsonl --policy strict --store @store --now 2026-06-30";
    let done = place.volens(&format!("{strict} --format json"));
    assert_eq!(done.code, 0);
    let lines: Vec<Json> = done.lines().iter().map(|line| line["line"].clone()).collect();
    assert_eq!(lines, [6, 7, 8]);
    let told = "rejected: events.jsonl:1: forgotten: it is one of the events of a person who was forgotten\n";
    assert!(done.err.starts_with(told), "{}", done.err);
    // Copies of them are no duplicates, but refused like them; so is what has the id of one and says something else.
    let summary = "9 events read: 3 routed (1 without a consent object), 6 rejected\n";
    assert!(done.err.ends_with(summary), "{}", done.err);
}

#[test]
fn standard_input_and_gzip_are_read() {
    let place = Place::new("input");
    let plain = place.volens(ROUTE);
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(EVENTS.as_bytes()).unwrap();
    let gz = gz.finish().unwrap();
    let piped = place.volens_with(Cursor::new(gz.clone()), "route @shop.audience --events -");
    assert_eq!(piped.out, plain.out.replace("events.jsonl:", "-:"));
    place.file("events.jsonl.gz", &gz);
    let packed = place.volens("route @shop.audience --events @events.jsonl.gz");
    assert_eq!(packed.out, plain.out.replace("events.jsonl:", "events.jsonl.gz:"));
    // The same files again are repeats.
    let twice = place.volens("route @shop.audience --events @events.jsonl @events.jsonl.gz --format json");
    assert_eq!(twice.lines().len(), 5);
    assert!(
        twice
            .err
            .contains("18 events read: 5 routed (2 without a consent object), 7 duplicate, 6 rejected"),
        "{}",
        twice.err
    );
}

#[test]
fn refused_events_are_kept_as_a_run_keeps_them() {
    let place = Place::new("rejects");
    let done = place.volens(&format!("{ROUTE} --rejects @rejects.jsonl"));
    assert_eq!(done.code, 0);
    let routed = fs::read_to_string(place.path("rejects.jsonl")).unwrap();
    let run = place.volens("run @shop.audience --events @events.jsonl --now 2028-01-01 --rejects @rejects.jsonl");
    // `run` warns besides that no audience is sent anywhere.
    let told = |err: &str| {
        err.lines()
            .filter(|line| line.starts_with("rejected"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!((run.code, told(&run.err)), (0, told(&done.err)));
    let kept = fs::read_to_string(place.path("rejects.jsonl")).unwrap();
    // Of the two orders `run` takes the first in canonical order, `route` the first that it reads.
    let others = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.contains("message_id_conflict"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(others(&routed), others(&kept));
    assert_eq!((routed.lines().count(), others(&routed).len()), (3, 2));
    assert!(
        routed
            .lines()
            .next()
            .unwrap()
            .contains(r#""line":5,"code":"message_id_conflict""#)
    );

    let over = place.volens(&format!("{ROUTE} --rejects @events.jsonl"));
    assert_eq!(
        (over.code, over.err.contains("would overwrite what is read")),
        (2, true)
    );
}

#[test]
fn what_cannot_be_done_says_what_to_do() {
    let place = Place::new("usage");
    place.file("broken.audience", "destination crm requires Advertisng");
    let rows = [
        ("route @shop.audience", 2, "--events <FILE>"),
        (
            "route @shop.audience --events @events.jsonl --policy lax",
            2,
            "[possible values: documented, strict]",
        ),
        (
            "route @shop.audience --events @gone.jsonl",
            2,
            "error: cannot read `gone.jsonl`",
        ),
        (
            "route @shop.audience --events @gone.jsonl --policy strict",
            2,
            "error: cannot read `gone.jsonl`",
        ),
        ("route @gone.audience --events @events.jsonl", 2, "gone.audience"),
        ("route @broken.audience --events @events.jsonl", 1, "Advertisng"),
        (
            "route @shop.audience --events @. --policy strict",
            2,
            "error: cannot read `.`",
        ),
        (
            "route @shop.audience --events - --policy strict",
            2,
            "error: `--policy strict` reads the events twice, first for what is stored of each person, and `-` can be read \
             only once: give a file, or what is stored with `--store DIR`\n",
        ),
        (
            "route @shop.audience --events @events.jsonl --store @store",
            2,
            "error: `--store` is for `--policy strict`: the documented policy knows no profiles and no time\n",
        ),
        (
            "route @shop.audience --events @events.jsonl --now 2026-06-30",
            2,
            "error: `--now` is for `--policy strict`: the documented policy knows no profiles and no time\n",
        ),
        (
            "route @shop.audience --events @events.jsonl --store @store --policy strict --received-at 2026-06-30",
            2,
            "cannot be used with",
        ),
        (
            "route @shop.audience --events @events.jsonl --policy strict --store @store",
            2,
            "store",
        ),
    ];
    for (arguments, code, expected) in rows {
        let done = place.volens(arguments);
        assert_eq!((done.code, done.out.as_str()), (code, ""), "{arguments}: {}", done.err);
        assert!(done.err.contains(expected), "{arguments}: {}", done.err);
    }
    assert!(!place.0.join("store").exists());
}

#[test]
fn nothing_to_route_and_nowhere_to_go_are_no_errors() {
    let place = Place::new("nothing");
    place.file("empty.jsonl", "\n\n");
    let done = place.volens("route @shop.audience --events @empty.jsonl");
    assert_eq!(done.code, 0);
    assert_eq!(
        done.out,
        "0 events read: 0 routed

DESTINATION  DELIVERED  DISCARDED  REASON
google_ads           0          0
mixpanel             0          0
crm                  0          0
"
    );
    place.file("nowhere.audience", "category Advertising");
    let done = place.volens("route @nowhere.audience --events @events.jsonl --format json");
    assert_eq!((done.code, done.lines().len()), (0, 5));
    assert_eq!(done.lines()[0]["destinations"], json!({}));
}

#[test]
fn whoever_has_seen_enough_ends_it() {
    let place = Place::new("closed");
    let arguments = [
        "route",
        &place.path("shop.audience"),
        "--events",
        &place.path("events.jsonl"),
    ];
    assert_eq!(volens_into(io::empty(), &arguments, Closed(100), io::sink()), 0);
}

#[test]
fn what_senders_chose_cannot_move_the_cursor() {
    let place = Place::new("visible");
    let odd = json!({"type": "track", "event": "a\u{1b}[2Jb", "userId": "u\u{202e}1", "messageId": "m\n1"});
    let done = place.volens_with(Cursor::new(odd.to_string()), "route @shop.audience --events -");
    assert_eq!(done.code, 0);
    let first = done.out.lines().next().unwrap();
    assert!(first.starts_with("-:1  track \"a"), "{first}");
    assert!(first.chars().all(|c| c.is_ascii() && !c.is_control()), "{first:?}");
}
