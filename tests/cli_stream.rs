//! `volens stream`: what it puts out, when, and what it does about workspaces that change.
#![cfg(feature = "cli")]

#[path = "command/mod.rs"]
mod command;

use std::fs;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use command::{Done, volens_into, volens_with};
use insta::assert_snapshot;
use serde_json::Value as Json;

const NOW: &str = "2026-07-31T00:00:00Z";

const WORKSPACE: &str = r#"
category Advertising
destination google_ads requires Advertising
destination silent_ads requires Advertising { removal never }
destination crm requires nothing { message identify }

audience buyers { who performed "Order Completed" within 2 days  send to google_ads, silent_ads, crm }
"#;

fn order(id: &str, user: &str, time: &str) -> String {
    format!(r#"{{"type":"track","event":"Order Completed","userId":"{user}","messageId":"{id}","timestamp":"{time}"}}"#)
}

fn consent(id: &str, user: &str, time: &str, granted: bool) -> String {
    format!(
        r#"{{"type":"track","event":"Segment Consent Preference Updated","userId":"{user}","messageId":"{id}","timestamp":"{time}","context":{{"consent":{{"categoryPreferences":{{"Advertising":{granted}}}}}}}}}"#
    )
}

/// A folder for one test, with a workspace, events, and a store that is still to be made.
struct Place {
    folder: PathBuf,
}

impl Place {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cli_stream-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let place = Place { folder };
        place.workspace(WORKSPACE);
        place
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    fn workspace(&self, text: &str) {
        fs::write(self.path("space.audience"), text).unwrap();
    }

    /// Streams these events into the store.
    fn stream(&self, events: &[String], more: &[&str]) -> Done {
        self.stream_of(Cursor::new(events.join("\n")), more)
    }

    fn stream_of(&self, events: impl Read + 'static, more: &[&str]) -> Done {
        let (space, store) = (self.path("space.audience"), self.path("store"));
        let arguments = ["stream", &space, "--events", "-", "--store", &store, "--now", NOW];
        let arguments: Vec<&str> = arguments.iter().chain(more).copied().collect();
        volens_with(events, &arguments)
    }
}

impl Place {
    /// Streams these events into the store, and nobody takes what comes out; its exit code.
    fn stream_to_nobody(&self, events: &[String]) -> u8 {
        let (space, store) = (self.path("space.audience"), self.path("store"));
        let arguments = ["stream", &space, "--events", "-", "--store", &store, "--now", NOW];
        volens_into(Cursor::new(events.join("\n")), &arguments, Full, io::sink())
    }
}

/// What each message says, a line each.
fn told(done: &Done) -> String {
    assert_eq!(done.code, 0, "{}", done.err);
    let lines = done.out.lines().map(|line| {
        let message: Json = serde_json::from_str(line).unwrap();
        let who = message["context"]["traits"]["email"]
            .as_str()
            .or(message["userId"].as_str());
        let who = who.or(message["traits"]["email"].as_str()).unwrap_or("?");
        let (what, key) = match message["type"].as_str().unwrap() {
            "track" => (
                message["event"].as_str().unwrap().to_owned(),
                message["properties"]["audience_key"].as_str().unwrap(),
            ),
            _ => {
                let traits = message["traits"].as_object().unwrap();
                let (key, value) = traits.iter().find(|(_, value)| value.is_boolean()).unwrap();
                (format!("identify {value}"), key.as_str())
            }
        };
        let minimal = if message["context"].get("consent").is_none() {
            ", minimal"
        } else {
            ""
        };
        format!(
            "{} {}: {what} {key}, {who}{minimal}\n",
            message["timestamp"].as_str().unwrap(),
            message["destination"].as_str().unwrap(),
        )
    });
    lines.collect()
}

#[test]
fn a_message_is_a_segment_call_on_a_line() {
    let place = Place::new("form");
    let done = place.stream(
        &[
            consent("c1", "u1", "2026-06-01T00:00:00Z", true),
            order("o1", "u1", "2026-06-02T00:00:00Z"),
        ],
        &["--space", "shop"],
    );
    assert_eq!(
        (done.code, done.err.as_str()),
        (0, "2 events read: 2 applied; 3 messages\n")
    );
    assert_snapshot!(done.out);
}

#[test]
fn time_moves_with_the_events_and_what_falls_due_comes_at_its_instant() {
    let place = Place::new("time");
    let events = [
        order("o1", "u1", "2026-06-01T10:00:00Z"),
        order("o2", "u2", "2026-06-02T00:00:00Z"),
        // u1 leaves before this, u2 does not.
        order("o3", "u3", "2026-06-03T12:00:00Z"),
        // Late: u1 is in again from now on, for what is left of two days.
        order("o4", "u1", "2026-06-02T11:00:00Z"),
    ];
    let done = place.stream(&events, &["--until", "2026-06-30T00:00:00Z"]);
    assert_snapshot!(told(&done));
    // All of it was done.
    let again = place.stream(&events, &["--until", "2026-06-30T00:00:00Z"]);
    assert_eq!(told(&again), "");
}

#[test]
fn consent_moves_too() {
    let place = Place::new("consent");
    let mut events = vec![
        order("o1", "u1", "2026-06-01T00:00:00Z"),
        consent("c1", "u1", "2026-06-01T01:00:00Z", true),
        consent("c2", "u1", "2026-06-01T02:00:00Z", false),
        consent("c3", "u1", "2026-06-01T03:00:00Z", false),
        consent("c4", "u1", "2026-06-01T04:00:00Z", true),
        consent("c5", "u1", "2026-06-01T05:00:00Z", false),
    ];
    // The exit of somebody who refuses is not sent where consent is required.
    let done = place.stream(&events, &["--until", "2026-06-10T00:00:00Z"]);
    assert_snapshot!(told(&done));
    // What a destination holds that is sent no removals is taken out when that is allowed again.
    events = vec![consent("c6", "u1", "2026-06-11T00:00:00Z", true)];
    assert_snapshot!(told(&place.stream(&events, &[])));
}

#[test]
fn enforcement_that_is_switched_on_later_holds_for_what_comes_then() {
    let place = Place::new("enforcement");
    place.workspace(&format!("{WORKSPACE}\nconsent enforcement off\n"));
    let done = place.stream(
        &[
            order("o1", "u1", "2026-06-01T00:00:00Z"),
            order("o2", "u2", "2026-06-01T00:00:00Z"),
            consent("c2", "u2", "2026-06-01T01:00:00Z", true),
        ],
        &[],
    );
    assert_snapshot!(told(&done));
    place.workspace(WORKSPACE);
    // Those who were delivered before stay until a resync, and what happens then is held to consent.
    assert_eq!(told(&place.stream(&[], &[])), "");
    let done = place.stream(&[], &["--resync=buyers"]);
    assert_snapshot!(told(&done));
}

#[test]
fn a_late_event_that_undoes_an_entry_sends_the_exit() {
    let place = Place::new("late");
    let workspace = r#"
        destination crm requires nothing
        audience fresh { who performed "Order Completed" exactly 1 time  send to crm }
    "#;
    place.workspace(workspace);
    let done = place.stream(
        &[
            order("o1", "u1", "2026-06-05T00:00:00Z"),
            order("o0", "u1", "2026-06-01T00:00:00Z"),
        ],
        &[],
    );
    assert_snapshot!(told(&done));
    // And why is told as ever.
    let (space, store) = (place.path("space.audience"), place.path("store"));
    let why = volens_with(
        io::empty(),
        &[
            "explain",
            &space,
            "--store",
            &store,
            "--now",
            NOW,
            "--audience",
            "fresh",
            "--profile",
            "user_id:u1",
        ],
    );
    assert_snapshot!(why.out);
}

#[test]
fn stored_events_are_sent_as_they_stand_the_first_time_and_one_by_one_from_then_on() {
    let place = Place::new("first");
    let (space, store) = (place.path("space.audience"), place.path("store"));
    let ingest = |events: &[String]| {
        let done = volens_with(
            Cursor::new(events.join("\n")),
            &["ingest", &space, "--store", &store, "--events", "-", "--now", NOW],
        );
        assert_eq!(done.code, 0, "{}", done.err);
    };
    ingest(&[
        order("o1", "u1", "2026-06-01T00:00:00Z"),
        order("o2", "u2", "2026-06-05T00:00:00Z"),
        order("o3", "u3", "2026-06-06T00:00:00Z"),
    ]);
    assert_snapshot!(told(&place.stream(&[], &[])));
    ingest(&[
        order("o4", "u1", "2026-06-08T00:00:00Z"),
        order("o5", "u1", "2026-06-12T00:00:00Z"),
    ]);
    assert_snapshot!(told(&place.stream(&[], &[])));
}

#[test]
fn an_audience_that_is_gone_is_left_and_its_key_is_not_used_again() {
    let place = Place::new("gone");
    let _ = place.stream(&[order("o1", "u1", "2026-06-01T00:00:00Z")], &[]);
    let without = WORKSPACE.split("audience buyers").next().unwrap().to_owned();
    place.workspace(&format!(
        "{without}\naudience others {{ who trait a = 1  send to crm, google_ads, silent_ads }}"
    ));
    let done = place.stream(&[], &[]);
    assert_snapshot!(format!("{}{}", told(&done), done.err));
    assert_eq!(told(&place.stream(&[], &[])), "");

    place.workspace(WORKSPACE);
    let done = place.stream(&[], &[]);
    assert_eq!((done.code, done.out.as_str()), (2, ""));
    assert_snapshot!(done.err);
    let done = place.stream(&[], &["--reuse", "buyers"]);
    assert_snapshot!(told(&done));
}

#[test]
fn a_destination_under_another_name_is_another() {
    let place = Place::new("renamed");
    let _ = place.stream(&[order("o1", "u1", "2026-06-01T00:00:00Z")], &[]);
    place.workspace(&WORKSPACE.replace("crm", "hub"));
    let done = place.stream(&[], &[]);
    assert_snapshot!(format!("{}{}", told(&done), done.err));
    // Under its old name it is taken up where it was left.
    place.workspace(WORKSPACE);
    let done = place.stream(&[], &["--until", "2026-06-10T00:00:00Z"]);
    assert_snapshot!(format!("{}{}", told(&done), done.err));
}

#[test]
fn who_is_forgotten_leaves_nothing_in_what_was_sent() {
    let place = Place::new("forgotten");
    let mut events = vec![
        consent("c1", "somebody", "2026-06-01T00:00:00Z", true),
        order("o1", "somebody", "2026-06-01T00:00:00Z"),
        order("o2", "u2", "2026-06-01T00:00:00Z"),
    ];
    let done = place.stream(&events, &[]);
    assert!(told(&done).contains("somebody"));
    let (space, store) = (place.path("space.audience"), place.path("store"));
    let forget = [
        "forget",
        &space,
        "--store",
        &store,
        "--profile",
        "user_id:somebody",
        "--now",
        NOW,
    ];
    assert_eq!(volens_with(io::empty(), &forget).code, 0);
    for entry in fs::read_dir(&store).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(8).any(|window| window == b"somebody"));
    }
    // The same events are refused, and whoever comes with the same id is somebody new, who is entered.
    events.push(order("o3", "somebody", "2026-06-01T06:00:00Z"));
    let done = place.stream(&events, &[]);
    assert_snapshot!(format!("{}{}", told(&done), done.err));
    let done = place.stream(&[], &["--until", "2026-06-10T00:00:00Z"]);
    assert_snapshot!(told(&done));
}

#[test]
fn time_does_not_move_backwards() {
    let place = Place::new("backwards");
    let _ = place.stream(&[order("o1", "u1", "2026-06-10T00:00:00Z")], &[]);
    let done = place.stream(&[], &["--until", "2026-06-09T00:00:00Z"]);
    assert_eq!(done.code, 2);
    assert_snapshot!(done.err);
}

#[test]
fn events_from_after_now_wait() {
    let place = Place::new("ahead");
    let done = place.stream(
        &[
            order("o1", "u1", "2026-08-02T00:00:00Z"),
            order("o2", "u2", "2026-07-30T00:00:00Z"),
        ],
        &[],
    );
    assert_snapshot!(told(&done));
    let (space, store) = (place.path("space.audience"), place.path("store"));
    let done = volens_with(
        io::empty(),
        &["stream", &space, "--store", &store, "--now", "2026-08-03T00:00:00Z"],
    );
    assert_snapshot!(told(&done));
}

#[test]
fn refused_events_are_told_and_stop_nothing() {
    let place = Place::new("refused");
    let events = [
        "not json".to_owned(),
        order("o1", "u1", "2026-06-01T00:00:00Z"),
        order("o1", "u2", "2026-06-01T00:00:00Z"),
        "{}".to_owned(),
    ];
    let rejects = place.path("rejects.jsonl");
    let done = place.stream(&events, &["--rejects", &rejects]);
    assert_eq!(done.code, 0);
    assert_snapshot!(format!("{}{}", told(&done), done.err));
    assert_eq!(fs::read_to_string(rejects).unwrap().lines().count(), 3);
}

#[test]
fn what_cannot_be_is_bad_usage() {
    let place = Place::new("usage");
    for (arguments, said) in [
        (vec!["stream"], "required arguments"),
        (vec!["stream", "SPACE"], "--events"),
        (
            vec!["stream", "SPACE", "--events", "nowhere.jsonl"],
            "cannot read `nowhere.jsonl`",
        ),
        (
            vec!["stream", "SPACE", "--events", "-", "--resync=byers"],
            "no audience `byers`",
        ),
        (vec!["stream", "SPACE", "--events", "-", "--until", "soon"], "soon"),
        (
            vec!["stream", "SPACE", "--events", "-", "--reuse", "byers"],
            "no audience `byers`",
        ),
        (
            vec![
                "stream",
                "SPACE",
                "--store",
                "nowhere",
                "--now",
                "2026-06-01",
                "--until",
                "2026-06-02",
            ],
            "time does not move back in a store",
        ),
    ] {
        let space = place.path("space.audience");
        let arguments: Vec<&str> = arguments
            .iter()
            .map(|a| if *a == "SPACE" { space.as_str() } else { *a })
            .collect();
        let done = volens_with(io::empty(), &arguments);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{arguments:?}");
        assert!(done.err.contains(said), "{arguments:?}: {}", done.err);
    }
}

/// Gives its lines one by one, and nothing until it is asked.
struct Trickle(Vec<String>);

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let line = self.0.remove(0) + "\n";
        buffer[..line.len()].copy_from_slice(line.as_bytes());
        Ok(line.len())
    }
}

#[test]
fn what_comes_together_or_one_by_one_is_the_same() {
    let mut events: Vec<String> = (0..200)
        .map(|n| {
            order(
                &format!("o{n}"),
                &format!("u{}", n % 7),
                &format!("2026-06-{:02}T{:02}:00:00Z", 1 + n / 10, n % 10 * 2),
            )
        })
        .collect();
    events.extend((0..20).map(|n| {
        consent(
            &format!("c{n}"),
            &format!("u{}", n % 7),
            &format!("2026-06-{:02}T01:00:00Z", 1 + n),
            n % 3 > 0,
        )
    }));
    let together = Place::new("together").stream(&events, &[]);
    let one_by_one = Place::new("one-by-one").stream_of(Trickle(events), &[]);
    assert!(together.out.lines().count() > 20, "{}", together.out);
    assert_eq!(together.out, one_by_one.out);
}

#[test]
fn nobody_leaves_by_an_address_that_is_somebody_elses() {
    let place = Place::new("moved");
    place.workspace(
        r#"
        identity { user_id limit 1  email limit 1 }
        destination crm requires nothing
        audience buyers { who performed "Order Completed" within 30 days  send to crm }
        "#,
    );
    let with_email = |id: &str, user: &str, time: &str| {
        order(id, user, time).replace(
            "\"timestamp\"",
            "\"context\":{\"traits\":{\"email\":\"x@acme.example\"}},\"timestamp\"",
        )
    };
    // The address was u0's before it was u1's, as it turns out, so u1 never had it.
    let events = [
        with_email("o1", "u1", "2026-06-10T00:00:00Z"),
        with_email("o0", "u0", "2026-05-01T00:00:00Z"),
    ];
    let done = place.stream(&events, &["--until", "2026-06-15T00:00:00Z"]);
    let messages: Vec<Json> = done
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let exits: Vec<&Json> = messages
        .iter()
        .filter(|message| message["event"] == "Audience Exited")
        .collect();
    assert_eq!(exits.len(), 1, "{}", done.out);
    assert_eq!(exits[0]["context"]["traits"]["email"], "x@acme.example");
    assert_eq!(exits[0].get("userId"), None, "{}", done.out);
    assert!(exits[0]["anonymousId"].as_str().unwrap().starts_with("vol-"));
}

#[test]
fn what_was_revoked_while_a_category_was_disabled_is_taken_out_when_it_is_enabled() {
    let place = Place::new("disabled");
    let _ = place.stream(
        &[
            consent("c1", "u1", "2026-06-01T00:00:00Z", true),
            order("o1", "u1", "2026-06-01T00:00:00Z"),
        ],
        &[],
    );
    place.workspace(&WORKSPACE.replace("category Advertising", "category Advertising disabled"));
    assert_eq!(
        told(&place.stream(&[consent("c2", "u1", "2026-06-01T01:00:00Z", false)], &[])),
        ""
    );
    place.workspace(WORKSPACE);
    assert_snapshot!(told(&place.stream(&[], &[])));
}

#[test]
fn history_that_was_dropped_is_not_asked_for_as_of_the_past() {
    let place = Place::new("dropped");
    let _ = place.stream(&[order("o1", "u1", "2026-06-01T00:00:00Z")], &[]);
    let (space, store) = (place.path("space.audience"), place.path("store"));
    let retain = ["ingest", &space, "--store", &store, "--retain", "10 days", "--now", NOW];
    assert_eq!(volens_with(io::empty(), &retain).code, 0);
    let done = place.stream(&[], &[]);
    assert_eq!((done.code, done.out.as_str()), (1, ""));
    assert!(done.err.contains("beyond-retention"), "{}", done.err);
}

#[test]
fn a_reader_that_leaves_early_is_told_of() {
    let place = Place::new("reader");
    let events: Vec<String> = (0..50)
        .map(|n| order(&format!("o{n}"), &format!("u{n}"), "2026-06-01T00:00:00Z"))
        .collect();
    assert_eq!(place.stream_to_nobody(&events), 2);
    // All of it comes when somebody reads it.
    assert_eq!(place.stream(&events, &[]).out.lines().count(), 50);
}

/// Enters a device and then takes it from its person by a late event, but for the exit that follows.
fn exit_that_nobody_reads(place: &Place) {
    place.workspace(
        "category Advertising\ndestination d requires nothing\naudience a { who performed \"Order\" send to d }",
    );
    let ordered =
        r#"{"type":"track","event":"Order","messageId":"m1","timestamp":"2026-06-01T00:00:00Z","userId":"u1"}"#;
    let with_device = r#"{"type":"track","event":"Home","messageId":"m5","timestamp":"2026-06-01T05:00:00Z","userId":"u1","context":{"device":{"type":"ios","advertisingId":"idfa0","adTrackingEnabled":true}}}"#;
    let without =
        r#"{"type":"track","event":"Home","messageId":"m5","timestamp":"2026-06-01T01:00:00Z","userId":"u1"}"#;
    let entries = place.stream(&[ordered.to_owned(), with_device.to_owned()], &[]);
    assert_eq!(entries.out.matches("Audience Entered").count(), 2, "{}", entries.out);
    assert_eq!(place.stream_to_nobody(&[without.to_owned()]), 2);
}

#[test]
fn an_exit_of_what_is_nobodys_any_more_survives_a_crash() {
    let place = Place::new("nobodys-exit");
    exit_that_nobody_reads(&place);
    let done = place.stream(&[], &[]);
    assert_eq!((done.code, done.out.lines().count()), (0, 1), "{}", done.out);
    assert!(
        done.out.contains("Audience Exited") && done.out.contains("idfa0"),
        "{}",
        done.out
    );
    assert_eq!(place.stream(&[], &["--resync"]).out.matches("idfa0").count(), 0);
}

#[test]
fn an_exit_that_may_not_go_after_a_crash_leaves_the_destination_holding() {
    let place = Place::new("withheld-exit");
    exit_that_nobody_reads(&place);
    place.workspace(
        "category Advertising\ndestination d requires Advertising\naudience a { who performed \"Order\" send to d }",
    );
    // Nothing may be told of what was held before it was required; who asks for all anew has it taken out, once.
    assert_eq!(place.stream(&[], &[]).out, "");
    let removals = |done: &Done| done.out.lines().filter(|line| line.contains("idfa0")).count();
    assert_eq!(removals(&place.stream(&[], &["--resync"])), 1);
    assert_eq!(removals(&place.stream(&[], &["--resync"])), 0);
}

/// Nobody reads it.
struct Full;

impl io::Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Place {
    fn with_store(&self, command: &str, more: &[&str]) -> Done {
        let (space, store) = (self.path("space.audience"), self.path("store"));
        let arguments = [command, &space, "--store", &store, "--now", NOW];
        let arguments: Vec<&str> = arguments.iter().chain(more).copied().collect();
        volens_with(io::empty(), &arguments)
    }

    fn forget(&self, who: &str) -> Done {
        self.with_store("forget", &["--profile", who])
    }

    /// Whether a text stands in a file of the store.
    fn holds(&self, text: &str) -> bool {
        let mut files = fs::read_dir(self.path("store")).unwrap();
        files.any(|entry| {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    }
}

const ONE_EMAIL: &str = r#"
category Advertising
identity { user_id limit 1  email limit 1 }
destination google_ads requires Advertising
audience buyers { who performed "Order Completed" within 90 days  send to google_ads }
"#;

fn order_with_email() -> String {
    r#"{"type":"track","event":"Order Completed","userId":"u1","messageId":"o1","timestamp":"2026-06-05T00:00:00Z","context":{"traits":{"email":"secret@x.example"},"consent":{"categoryPreferences":{"Advertising":true}}}}"#.to_owned()
}

#[test]
fn an_identifier_that_a_late_event_took_away_is_forgotten_with_the_person() {
    let place = Place::new("forgotten-former");
    place.workspace(ONE_EMAIL);
    assert!(told(&place.stream(&[order_with_email()], &[])).contains("secret@x.example"));
    // It comes first, so its email is the one that is kept.
    let late = r#"{"type":"page","userId":"u1","messageId":"p1","timestamp":"2026-06-01T00:00:00Z","context":{"traits":{"email":"other@x.example"}}}"#;
    let _ = place.stream(&[late.to_owned()], &[]);
    assert_eq!(
        place
            .with_store("profile", &["--profile", "email:secret@x.example"])
            .code,
        2
    );
    assert!(place.holds("secret@x.example"));
    assert_eq!(place.forget("user_id:u1").code, 0);
    for text in ["secret@x.example", "other@x.example", "u1"] {
        assert!(!place.holds(text), "{text}");
    }
    // Nothing is left to be sent of it.
    assert_eq!(told(&place.stream(&[], &["--resync"])), "");
}

#[test]
fn an_identifier_that_is_blocked_now_is_forgotten_with_the_person() {
    let place = Place::new("forgotten-blocked-with");
    place.workspace(ONE_EMAIL);
    let _ = place.stream(&[order_with_email()], &[]);
    place.workspace(&ONE_EMAIL.replace("email limit 1", r#"email limit 1  block "secret@x.example""#));
    assert_eq!(place.forget("user_id:u1").code, 0);
    assert!(!place.holds("secret@x.example") && !place.holds("u1"));
}

#[test]
fn what_only_the_deliveries_know_can_be_forgotten() {
    let place = Place::new("forgotten-blocked");
    place.workspace(ONE_EMAIL);
    let _ = place.stream(&[order_with_email()], &[]);
    place.workspace(&ONE_EMAIL.replace("email limit 1", r#"email limit 1  block "secret@x.example""#));
    let done = place.forget("email: SECRET@x.example");
    assert_snapshot!(format!("{}{}", done.out, done.err));
    let again = place.forget("email:secret@x.example");
    assert_eq!(
        (again.code, again.err.as_str()),
        (2, "error: no profile has email:secret@x.example\n")
    );
    let audit = fs::read_to_string(place.path("store/audit.jsonl")).unwrap();
    assert!(audit.contains(r#""events":0"#), "{audit}");
    // The person is another matter: the event stays, and the email in it is nobody's.
    assert_eq!(place.with_store("profile", &["--profile", "user_id:u1"]).code, 0);
}

#[test]
fn whose_event_lost_its_place_can_be_forgotten() {
    let place = Place::new("forgotten-replaced");
    let event = |user: &str, time: &str| [consent("c1", user, time, true), order("o1", user, time)];
    assert!(told(&place.stream(&event("somebody", "2026-06-02T00:00:00Z"), &[])).contains("somebody"));
    fs::write(
        place.path("first.jsonl"),
        event("u2", "2026-06-01T00:00:00Z").join("\n"),
    )
    .unwrap();
    // They are stored, and not acted upon: what they have taken the place of is still there.
    let done = place.with_store("ingest", &["--events", &place.path("first.jsonl")]);
    assert!(done.out.contains("2 rejected"), "{}", done.out);
    assert!(place.holds("somebody"));
    let done = place.forget("user_id:somebody");
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(!place.holds("somebody"));
    assert_snapshot!(told(&place.stream(&[], &["--until", "2026-06-10T00:00:00Z"])));
}

#[test]
fn who_is_forgotten_is_told_to_be_held() {
    let place = Place::new("forgotten-held");
    let events = [
        consent("c1", "u1", "2026-06-01T00:00:00Z", true),
        order("o1", "u1", "2026-06-01T00:00:00Z"),
        // Removed from one, and held silently by another.
        consent("c2", "u1", "2026-06-01T01:00:00Z", false),
        order("o2", "u2", "2026-06-01T00:00:00Z"),
    ];
    let _ = place.stream(&events, &[]);
    let json = place.with_store("forget", &["--profile", "user_id:u1", "--format", "json"]);
    let json: Json = serde_json::from_str(&json.out).unwrap();
    let held = serde_json::json!({"crm": ["user_id:u1"], "silent_ads": ["user_id:u1"]});
    assert_eq!(json, serde_json::json!({"forgotten": {"events": 3}, "held": held}));
    assert_snapshot!(place.forget("user_id:u2").out);
}

#[test]
fn what_was_sent_stands_beside_what_is_decided() {
    let place = Place::new("sent");
    let events = [
        consent("c1", "u1", "2026-06-01T00:00:00Z", true),
        order("o1", "u1", "2026-06-01T00:00:00Z"),
        consent("c2", "u1", "2026-06-01T01:00:00Z", false),
    ];
    let _ = place.stream(&events, &[]);
    let (space, store) = (place.path("space.audience"), place.path("store"));
    let arguments = [
        "explain",
        &space,
        "--store",
        &store,
        "--now",
        "2026-06-02",
        "--audience",
        "buyers",
        "--profile",
        "user_id:u1",
    ];
    let done = volens_with(io::empty(), &arguments);
    assert_snapshot!(done.out.split("\nSent\n").nth(1).unwrap());
    let arguments: Vec<&str> = arguments
        .iter()
        .chain(&["--destination", "google_ads", "--format", "json"])
        .copied()
        .collect();
    let json: Json = serde_json::from_str(&volens_with(io::empty(), &arguments).out).unwrap();
    assert_snapshot!(json["sent"].to_string());
    assert_eq!(json["member"], true);
}
