//! Much of one kind: nothing that a sender can make up costs more and more with what came before. Where it did, these would
//! take minutes.

use std::fmt::Write;

use super::*;

/// So many events of one person.
const MANY: u64 = 100_000;

#[test]
fn one_name_one_person_and_one_instant() {
    let mut file = String::new();
    for number in 0..MANY {
        let _ = writeln!(
            file,
            r#"{{"type":"track","event":"E","userId":"u1","messageId":"m{number}","timestamp":"2026-01-01","properties":{{"n":{number}}}}}"#
        );
    }
    let ingested = read(file.as_bytes());
    assert_eq!(ingested.counts.applied, MANY);
    assert_eq!(only(&ingested).history().of("E").len() as u64, MANY);
}

#[test]
fn one_message_id() {
    let mut file = String::new();
    for number in 0..MANY {
        // Every second one says the same as that before it.
        let n = number / 2;
        let _ = writeln!(
            file,
            r#"{{"type":"track","event":"E","userId":"u1","messageId":"m","timestamp":"2026-01-01","properties":{{"n":{n}}}}}"#
        );
    }
    let mut ingestor = Ingestor::new(settings());
    ingestor.keep_rejects(0);
    ingestor.read("f", file.as_bytes()).unwrap();
    let counts = ingestor.finish().counts;
    assert_eq!((counts.applied, counts.duplicate, counts.rejected), (1, 1, MANY - 2));
}

#[test]
fn one_person_who_speaks_of_consent_each_time() {
    let mut file = String::new();
    for number in 0..MANY {
        let is_granted = number % 3 == 0;
        let _ = writeln!(
            file,
            r#"{{"type":"identify","anonymousId":"a{}","userId":"u1","timestamp":"2026-01-01","messageId":"m{number}","context":{{"consent":{{"categoryPreferences":{{"Advertising":{is_granted}}}}}}}}}"#,
            number % 5
        );
    }
    let ingested = read(file.as_bytes());
    assert_eq!(ingested.counts.applied, MANY);
    assert_eq!(only(&ingested).consent().state("Advertising"), ConsentState::Denied);
}

#[test]
fn ever_new_traits() {
    let mut file = String::new();
    let (events, each) = (300, 299);
    for event in 0..events {
        let traits: Vec<String> = (0..each).map(|n| format!(r#""t{event:05}_{n}":{n}"#)).collect();
        let traits = traits.join(",");
        let _ = writeln!(
            file,
            r#"{{"type":"identify","userId":"u1","messageId":"m{event}","timestamp":"2026-01-01","traits":{{{traits}}}}}"#
        );
    }
    let ingested = read(file.as_bytes());
    assert_eq!(ingested.counts.applied, events);
    assert_eq!(only(&ingested).traits().len() as u64, events * each);
}

#[test]
fn the_same_traits_again_and_again() {
    let mut file = String::new();
    for event in 0..2_000 {
        let traits: Vec<String> = (0..299).map(|n| format!(r#""t{n}":{}"#, event + n)).collect();
        let traits = traits.join(",");
        let _ = writeln!(
            file,
            r#"{{"type":"identify","userId":"u1","messageId":"m{event}","timestamp":"2026-01-01","traits":{{{traits}}}}}"#
        );
    }
    assert_eq!(only(&read(file.as_bytes())).traits().len(), 299);
}

#[test]
fn long_lists() {
    let mut file = String::new();
    let list = vec!["1"; 10_000].join(",");
    for event in 0..500 {
        let _ = writeln!(
            file,
            r#"{{"type":"track","event":"E","userId":"u1","messageId":"m{event}","timestamp":"2026-01-01","properties":{{"l":[{list}]}}}}"#
        );
    }
    let ingested = read(file.as_bytes());
    let events = only(&ingested).history().of("E");
    assert_eq!(events.len(), 500);
    let list = events[0].properties.get("l").and_then(|list| list.as_list());
    assert_eq!(list.map(<[_]>::len), Some(10_000));
}

#[test]
fn lines_of_nothing_but_keys_and_brackets() {
    // Of half a megabyte each; they are refused, but only once they were read.
    let keys: Vec<String> = (0..50_000).map(|n| format!(r#""k{n}":{n}"#)).collect();
    let keys = format!("{{{}}}", keys.join(","));
    let lists = format!("[{}]", vec!["[[[]]]"; 70_000].join(","));
    let deep = "[".repeat(250_000) + &"]".repeat(250_000);
    let file = [keys, lists, deep].join("\n");
    let ingested = read([file.as_str(); 10].join("\n").as_bytes());
    assert_eq!(ingested.counts.rejected, 30);
}
