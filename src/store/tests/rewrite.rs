//! Replacing and removing.

use std::io::ErrorKind;

use super::sim::{Fault, Lot, Sim};
use super::{Record, SMALL, batch, contents, folder, open, open_read_only, records};
use crate::store::log::{Log, Options};
use crate::store::{Change, Entry, StoreError};

/// A closed store with some batches, and what is in it.
fn filled(seed: u64, batches: u64) -> (Sim, Vec<Record>) {
    let disk = Sim::new(seed);
    let mut lot = Lot::new(seed);
    let mut log = open(&disk).unwrap();
    let mut all = Vec::new();
    for number in 0..batches {
        let records = records(&mut lot, number);
        log.append(&batch(&records)).unwrap();
        all.extend(records);
    }
    (disk, all)
}

fn forget(entry: &Entry<'_>) -> Change {
    match entry.kind {
        0 => Change::Remove,
        1 if !entry.payload.ends_with(b"!") => Change::Replace([entry.payload, b"!"].concat()),
        _ => Change::Keep,
    }
}

fn forgotten(records: &[Record]) -> Vec<Record> {
    let kept = records.iter().filter(|(kind, _)| *kind != 0);
    kept.map(|(kind, payload)| match kind {
        1 if !payload.ends_with(b"!") => (*kind, [payload, b"!".as_slice()].concat()),
        _ => (*kind, payload.clone()),
    })
    .collect()
}

/// The mark of a record, which no other has.
fn mark(payload: &[u8]) -> &[u8] {
    let end = payload.iter().position(|byte| *byte == b'>').unwrap();
    &payload[..=end]
}

fn no_trace(disk: &Sim, records: &[Record]) {
    for (name, bytes) in disk.files() {
        for (_, payload) in records.iter().filter(|(kind, _)| *kind == 0) {
            let mark = mark(payload);
            assert!(!bytes.windows(mark.len()).any(|part| part == mark), "a trace in {name}");
        }
    }
}

#[test]
fn nothing_of_what_was_removed_is_in_the_files_and_the_log_goes_on() {
    let (disk, mut all) = filled(7, 20);
    assert!(all.iter().any(|(kind, _)| *kind == 0));
    let reader = open_read_only(&disk).unwrap();
    let mut log = open(&disk).unwrap();
    let before = log.size_on_disk();
    log.rewrite(&mut forget).unwrap();
    no_trace(&disk, &all);
    assert!(log.size_on_disk() < before);
    assert_eq!(contents(&log).unwrap(), forgotten(&all));
    // Who was reading still reads what was there then.
    assert_eq!(contents(&reader).unwrap(), all);
    let more = vec![(2, b"<more>".to_vec())];
    log.append(&batch(&more)).unwrap();
    all.extend(more);
    drop(log);
    disk.crash();
    let log = open(&disk).unwrap();
    assert_eq!(contents(&log).unwrap(), forgotten(&all));
    assert_eq!(log.recovery, None);
}

#[test]
fn everything_can_be_removed() {
    let (disk, _) = filled(3, 12);
    let mut log = open(&disk).unwrap();
    log.rewrite(&mut |_| Change::Remove).unwrap();
    assert_eq!(contents(&log).unwrap(), []);
    drop(log);
    assert_eq!(contents(&open(&disk).unwrap()).unwrap(), []);
}

#[test]
fn segments_in_which_nothing_changes_are_left_alone() {
    let (disk, all) = filled(5, 12);
    let before = disk.files();
    let mut log = open(&disk).unwrap();
    log.rewrite(&mut |_| Change::Keep).unwrap();
    let (_, last) = all.last().unwrap();
    let changed = |disk: &Sim| {
        let files = disk.files();
        let logs = files.iter().filter(|(name, _)| name.starts_with("events-"));
        logs.filter(|(name, bytes)| before.get(*name) != Some(bytes)).count()
    };
    assert_eq!(changed(&disk), 0);
    log.rewrite(&mut |entry| match entry.payload == last {
        true => Change::Remove,
        false => Change::Keep,
    })
    .unwrap();
    assert_eq!(changed(&disk), 1);
}

/// After a part of a rewriting: what is to stay is there in order, and what is to go has gone up to some place.
fn partly(found: &[Record], all: &[Record], context: &str) {
    let done = (0..=all.len()).any(|cut| {
        let (first, rest) = all.split_at(cut);
        found == [forgotten(first), rest.to_vec()].concat()
    });
    assert!(done, "{context}");
}

#[test]
fn a_crash_or_failure_at_any_call_leaves_each_record_changed_or_as_it_was() {
    let (mut crashes, mut failures) = (0, 0);
    for seed in 0..6 * super::more() {
        for (at, crash) in (0..).flat_map(|at| [(at, true), (at, false)]) {
            let (disk, all) = filled(seed, 14);
            let mut log = open(&disk).unwrap();
            disk.plan(match crash {
                true => Fault::Crash(at),
                false => Fault::Once(at, ErrorKind::StorageFull),
            });
            let context = format!("seed {seed}, call {at}, crash {crash}");
            let result = log.rewrite(&mut forget);
            if disk.calls() <= at {
                result.unwrap();
                break;
            }
            if crash {
                crashes += 1;
                drop(log);
                disk.crash();
            } else {
                failures += 1;
                // Whatever it says, it goes on from what is there.
                partly(&contents(&log).unwrap(), &all, &context);
                let more = vec![(2, b"<more>".to_vec())];
                let stored = log.append(&batch(&more)).is_ok();
                drop(log);
                disk.crash();
                let found = contents(&open(&disk).unwrap()).unwrap();
                let all = if stored {
                    [all.clone(), more].concat()
                } else {
                    all.clone()
                };
                partly(&found, &all, &context);
            }
            let mut log = open(&disk).unwrap();
            let found = contents(&log).unwrap();
            let stored = found.last().is_some_and(|(_, payload)| payload == b"<more>");
            log.rewrite(&mut forget).unwrap();
            no_trace(&disk, &all);
            let mut expected = forgotten(&all);
            if stored {
                expected.push((2, b"<more>".to_vec()));
            }
            assert_eq!(contents(&log).unwrap(), expected, "{context}");
            drop(log);
            disk.crash();
            let log = open(&disk).unwrap();
            no_trace(&disk, &all);
            assert_eq!(contents(&log).unwrap(), expected, "{context}");
        }
    }
    assert!(crashes > 100 && failures > 100, "{crashes} {failures}");
}

#[test]
fn what_an_unfinished_rewriting_left_is_removed_and_told() {
    let (disk, all) = filled(2, 6);
    disk.put("events-00000001.log.new", b"half".to_vec());
    disk.put("notes.txt", b"somebody's".to_vec());
    assert_eq!(contents(&open_read_only(&disk).unwrap()).unwrap(), all);
    let log = open(&disk).unwrap();
    assert_eq!(log.recovery.as_ref().unwrap().removed_files, 1);
    let text = log.recovery.as_ref().unwrap().to_string();
    assert_eq!(text, "the store had not been closed: removed 1 unfinished file");
    assert!(!disk.files().contains_key("events-00000001.log.new"));
    assert!(disk.files().contains_key("notes.txt"));
}

#[test]
fn an_older_format_is_read_and_rewritten_and_a_newer_one_is_refused_by_number() {
    let (disk, all) = filled(4, 6);
    let later = Options { format: 2, ..SMALL };
    let versions = |log: &Log<Sim>| {
        let mut versions = Vec::new();
        log.scan(&mut |entry| {
            versions.push(entry.version);
            Ok(())
        })
        .unwrap();
        versions.dedup();
        versions
    };
    let mut log = Log::open(disk.clone(), folder(), later).unwrap();
    assert_eq!(versions(&log), [1]);
    // What is appended is in the new format, in a segment of its own.
    log.append(&batch(&[(2, b"new".to_vec())])).unwrap();
    assert_eq!(versions(&log), [1, 2]);
    drop(log);
    for refused in [open(&disk), open_read_only(&disk)] {
        let Err(error) = refused else {
            panic!("a newer format was read")
        };
        assert!(matches!(error, StoreError::Newer { found: 2, known: 1, .. }));
        assert!(
            error
                .to_string()
                .contains("was written in format 2, and this Volens knows up to 1: use a newer one")
        );
    }
    let mut log = Log::open(disk.clone(), folder(), later).unwrap();
    log.rewrite(&mut |entry| match entry.version {
        1 => Change::Replace(entry.payload.to_vec()),
        _ => Change::Keep,
    })
    .unwrap();
    assert_eq!(versions(&log), [2]);
    assert_eq!(contents(&log).unwrap(), [all, vec![(2, b"new".to_vec())]].concat());
}

#[test]
fn a_segment_that_was_perhaps_begun_is_not_forgotten_by_a_rewriting() {
    let mut unsure = 0;
    for at in 0.. {
        let (disk, mut all) = filled(at, 3);
        let mut log = open(&disk).unwrap();
        while log.active.len < SMALL.full {
            let record = (0, vec![b'x'; 50]);
            log.append(&batch(std::slice::from_ref(&record))).unwrap();
            all.push(record);
        }
        let more = vec![(2, b"<more>".to_vec())];
        disk.plan(Fault::Once(at % 12, ErrorKind::Other));
        if log.append(&batch(&more)).is_ok() {
            all.extend(more.clone());
        }
        disk.plan(Fault::Never);
        // The last segment may have room again, but another one may be behind it.
        if log.rewrite(&mut forget).is_ok() {
            all = forgotten(&all);
        }
        match log.append(&batch(&more)) {
            Ok(_) => all.extend(more.clone()),
            Err(error) => {
                assert!(matches!(error, StoreError::Poisoned { .. }));
                unsure += 1;
            }
        }
        drop(log);
        let found = contents(&open(&disk).unwrap()).unwrap();
        assert!(found == all || found == [all, more].concat());
        if at > 200 {
            break;
        }
    }
    assert!(unsure > 20, "{unsure}");
}
