//! The command is killed while it forgets a person, or drops history: either nothing of that has happened, or all of it for
//! whoever reads, and the files are rewritten when the store is opened for writing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use volens::{Engine, Profile};

use super::*;

/// When the command is killed.
enum Moment {
    /// So long after it was started.
    After(Duration),
    /// So long after it has first changed anything in the folder.
    Changed(Duration),
}

/// The size and the name of each file.
fn sizes(folder: &Path) -> BTreeMap<String, u64> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    // One may be renamed meanwhile.
    let sizes = entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.metadata().ok()?.len())));
    sizes.filter(|(name, _)| name != "lock").collect()
}

fn kill(arguments: &[&str], store: &Path, moment: Moment) {
    let before = sizes(store);
    let mut child = volens(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    match moment {
        Moment::After(wait) => std::thread::sleep(wait),
        Moment::Changed(wait) => {
            while sizes(store) == before && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            std::thread::sleep(wait);
        }
    }
    let _ = child.kill();
    child.wait().unwrap();
}

/// Kills the command at several moments, each in a store as it was before, and then completes what it has begun. Gives how
/// often what was to go had gone when it was killed.
fn killed_and_completed(
    scratch: &Scratch,
    store: &Path,
    arguments: &[&str],
    is_gone: impl Fn() -> bool,
    has_traces: impl Fn() -> bool,
) -> usize {
    let clean = files(store);
    let space = scratch.path("space.audience");
    let nothing = scratch.file("nothing.jsonl", "");
    let complete = [
        "ingest",
        text(&space),
        "--store",
        text(store),
        "--events",
        text(&nothing),
        "--now",
        NOW,
    ];
    let engine = Engine::from_text("space.audience", WORKSPACE).unwrap();
    let begun = Instant::now();
    assert_eq!(done(arguments).0, 0);
    let whole = begun.elapsed();
    assert!(is_gone() && !has_traces());
    let mut random = Random(whole.as_nanos() as u64);
    let mut gone = 0;
    for number in 0..many("VOLENS_KILLS", 16).div_ceil(2) {
        put(store, &clean);
        let part = random.below(1000) as f64 / 1000.0;
        let moment = match number % 3 {
            0 => Moment::After(whole.mul_f64(part)),
            // The end of the work, at which most is written.
            _ => Moment::Changed(whole.mul_f64(part / 8.0)),
        };
        kill(arguments, store, moment);
        let was_gone = is_gone();
        gone += usize::from(was_gone);
        // By the command, or by the library.
        if number % 2 == 0 {
            let (code, _, err) = done(&complete);
            assert_eq!(code, 0, "{err}");
        } else {
            engine.open(store, now()).unwrap();
        }
        assert_eq!(is_gone(), was_gone);
        assert_eq!(!has_traces(), was_gone);
        // What was not begun can be done as if nothing had happened.
        if !was_gone {
            assert_eq!(done(arguments).0, 0);
            assert!(is_gone() && !has_traces());
        }
    }
    gone
}

/// Nobody but the person changes.
#[test]
fn a_person_is_wholly_there_or_wholly_gone() {
    let scratch = Scratch::new("kill-forget");
    let store = scratch.path("store");
    let lines = events(1000, 3);
    ingest(&scratch, &store, &lines);
    let space = scratch.path("space.audience");
    let before = read(&store).unwrap();
    let person = before.find("user_id", "user-5").unwrap();
    let ids: Vec<(String, String)> = person
        .identifiers()
        .iter()
        .map(|(kind, id)| (kind.to_owned(), id.to_owned()))
        .collect();
    // Some have given an email of the person as a trait of theirs, which goes, too.
    let without_emails = |users: &[Arc<Profile>]| {
        let mut users = json!(users);
        for user in users.as_array_mut().unwrap() {
            user["traits"].as_object_mut().unwrap().remove("email");
        }
        users
    };
    let whole = without_emails(before.profiles().users());
    let others = before
        .profiles()
        .users()
        .iter()
        .filter(|other| ***other != *person)
        .cloned()
        .collect::<Vec<_>>();
    let others = without_emails(&others);
    let is_gone = || {
        let now = read(&store).unwrap();
        let found = ids.iter().filter(|(kind, id)| now.find(kind, id).is_some()).count();
        let users = without_emails(now.profiles().users());
        match found {
            0 => assert_eq!(users, others),
            _ => assert!(found == ids.len() && users == whole),
        }
        found == 0
    };
    let device = ids.iter().find(|(kind, _)| kind == "anonymous_id").unwrap();
    let quoted = format!("\"{}\"", device.1);
    let has_traces = || files(&store).values().any(|bytes| holds(bytes, quoted.as_bytes()));
    let arguments = [
        "forget",
        text(&space),
        "--store",
        text(&store),
        "--profile",
        "user_id:user-5",
        "--now",
        NOW,
    ];
    let gone = killed_and_completed(&scratch, &store, &arguments, is_gone, has_traces);
    println!("gone after {gone} kills");
}

#[test]
fn old_history_is_wholly_there_or_wholly_gone() {
    let scratch = Scratch::new("kill-retain");
    let store = scratch.path("store");
    let old = |line: &String| {
        let event: Json = serde_json::from_str(line).unwrap();
        let history = ["track", "page", "screen"].iter().any(|kind| event["type"] == *kind);
        let time: Timestamp = event["timestamp"].as_str().unwrap().parse().unwrap();
        history && time.as_millis() <= now().as_millis() - 30 * 24 * 3_600_000
    };
    // What is searched for below the API.
    let lines = events(1000, 4).into_iter().map(|line| match old(&line) {
        true => line.replace("\"revenue\"", "\"bygone\":1,\"revenue\""),
        false => line,
    });
    let lines: Vec<String> = lines.collect();
    ingest(&scratch, &store, &lines);
    let space = scratch.path("space.audience");
    let before = json!(read(&store).unwrap().profiles().users());
    let mut after = before.clone();
    for user in after.as_array_mut().unwrap() {
        let events = user["events"].as_array_mut().unwrap();
        events.retain(|event| event["timestamp"].as_str().unwrap() > "2026-05-31T00:00:00Z");
    }
    assert_ne!(before, after);
    let is_gone = || {
        let users = json!(read(&store).unwrap().profiles().users());
        assert!(users == before || users == after);
        users == after
    };
    let has_traces = || files(&store).values().any(|bytes| holds(bytes, b"bygone"));
    let nothing = scratch.file("nothing.jsonl", "");
    let arguments = [
        "ingest",
        text(&space),
        "--store",
        text(&store),
        "--events",
        text(&nothing),
        "--retain",
        "30 days",
        "--now",
        NOW,
    ];
    let gone = killed_and_completed(&scratch, &store, &arguments, is_gone, has_traces);
    println!("gone after {gone} kills");
}
