//! What is not as it was written.

use std::collections::BTreeMap;

use super::sim::{Fault, Lot, Sim};
use super::{Record, batch, contents, open, open_read_only, records};
use crate::store::StoreError;

type Files = BTreeMap<String, Vec<u8>>;

/// The files of a small store of three segments, and what was acknowledged. Closed, or with a batch that was torn.
fn small(torn: bool) -> (Files, Vec<Record>) {
    let disk = Sim::new(11);
    let mut lot = Lot::new(11);
    let mut log = open(&disk).unwrap();
    let mut all = Vec::new();
    let mut number = 0;
    while log.active.header.segment < 3 {
        let records = records(&mut lot, number);
        log.append(&batch(&records)).unwrap();
        all.extend(records);
        number += 1;
    }
    if torn {
        let size = log.active.len;
        // The write is cut short, and cutting it off does not come to pass.
        disk.plan(Fault::Crash(0));
        while log.active.len == size && disk.files()["events-00000003.log"].len() as u64 <= size + 20 {
            disk.kill();
            log.writer.as_mut().unwrap().poisoned = false;
            disk.plan(Fault::Crash(0));
            log.append(&batch(&[(1, vec![b'x'; 60])])).unwrap_err();
        }
    }
    drop(log);
    disk.kill();
    let files = disk.files();
    assert_eq!(files.keys().filter(|name| name.starts_with("events-")).count(), 3);
    (files, all)
}

/// Opening and reading gives exactly this, or an error that leaves the files as they are. Says whether it gave it.
fn exact_or_refused(files: &Files, expected: &[Record], context: &str) -> bool {
    let reader = Sim::with(files);
    let read = open_read_only(&reader).and_then(|log| contents(&log));
    if let Ok(found) = &read {
        assert_eq!(found, expected, "{context}");
    }
    assert_eq!(reader.files(), *files, "{context}");

    let disk = Sim::with(files);
    let opened = open(&disk);
    let refused = opened.is_err();
    match opened.and_then(|log| contents(&log)) {
        Ok(found) => {
            assert_eq!(found, expected, "{context}");
            assert!(read.is_ok(), "{context}");
            let log = open(&disk).unwrap();
            assert_eq!(log.recovery, None, "{context}");
            assert_eq!(contents(&log).unwrap(), expected, "{context}");
            true
        }
        Err(error) => {
            assert!(read.is_err(), "{context}");
            let known = matches!(error, StoreError::Damaged { .. } | StoreError::NotAStore { .. });
            assert!(known, "{context}: {error}");
            // A torn end may have been dropped before the damage was found, and the head is made anew.
            let kept = |name: &str| name.starts_with("events-") && (refused || name != "events-00000003.log");
            let events = |files: Files| files.into_iter().filter(|(name, _)| kept(name)).collect::<Files>();
            assert_eq!(events(disk.files()), events(files.clone()), "{context}");
            false
        }
    }
}

#[test]
fn no_flipped_byte_gives_other_contents() {
    for torn in [false, true] {
        let (files, all) = small(torn);
        assert!(exact_or_refused(&files, &all, "untouched"));
        let mut refused = 0;
        for (name, bytes) in &files {
            for at in 0..bytes.len() {
                for flip in [1 << (at % 8), 0xff] {
                    let mut files = files.clone();
                    files.get_mut(name).unwrap()[at] ^= flip;
                    let context = format!("{name}, byte {at}, {flip:#x}");
                    let read = exact_or_refused(&files, &all, &context);
                    refused += u64::from(!read);
                    // Every byte of the log is covered by a checksum; the head has each of its numbers more than once.
                    assert!(torn || read != name.starts_with("events-"), "{context}");
                }
            }
        }
        assert!(refused > 1000, "{refused}");
    }
}

#[test]
fn no_length_gives_other_contents() {
    for torn in [false, true] {
        let (files, all) = small(torn);
        for (name, bytes) in &files {
            for length in 0..bytes.len() {
                let mut files = files.clone();
                files.get_mut(name).unwrap().truncate(length);
                let read = exact_or_refused(&files, &all, &format!("{name}, {length} bytes"));
                assert!(torn || !read || name == "head", "{name}, {length} bytes");
            }
            for more in [vec![0; 1], vec![0; 700], bytes.clone(), b"something else".to_vec()] {
                let mut files = files.clone();
                files.get_mut(name).unwrap().extend(more);
                exact_or_refused(&files, &all, &format!("{name}, longer"));
            }
        }
    }
}

#[test]
fn a_file_that_is_missing_doubled_or_swapped_is_noticed() {
    let (files, all) = small(false);
    let segment = |number: u32| format!("events-{number:08}.log");
    for number in 1..=3 {
        let mut files = files.clone();
        files.remove(&segment(number));
        assert!(!exact_or_refused(&files, &all, "missing"));
    }
    for (from, to) in [(1, 2), (2, 1), (2, 3), (3, 2), (2, 4), (3, 4), (1, 3)] {
        let mut doubled = files.clone();
        doubled.insert(segment(to), files[&segment(from)].clone());
        assert!(!exact_or_refused(&doubled, &all, "doubled"));
        if to <= 3 {
            doubled.insert(segment(from), files[&segment(to)].clone());
            assert!(!exact_or_refused(&doubled, &all, "swapped"));
        }
    }
    let mut headless = files.clone();
    headless.remove("head");
    assert!(exact_or_refused(&headless, &all, "no head"));
    headless.retain(|name, _| name == "lock");
    assert_eq!(contents(&open(&Sim::with(&headless)).unwrap()).unwrap(), []);
    let mut only_head = files.clone();
    only_head.retain(|name, _| name == "head");
    assert!(!exact_or_refused(&only_head, &all, "only the head"));
}

#[test]
fn files_of_another_store_do_not_fit() {
    let (files, all) = small(false);
    let (others, _) = small(false);
    for name in files.keys().filter(|name| *name != "lock") {
        let mut mixed = files.clone();
        mixed.insert(name.clone(), others[name].clone());
        assert!(!exact_or_refused(&mixed, &all, name));
    }
}

#[test]
fn what_is_behind_the_acknowledged_is_dropped_and_told() {
    let (files, all) = small(true);
    let disk = Sim::with(&files);
    let log = open(&disk).unwrap();
    let recovery = log.recovery.clone().unwrap();
    assert!(recovery.dropped_bytes > 20);
    assert_eq!(
        recovery.to_string(),
        format!(
            "the store had not been closed: dropped {} bytes of a batch that was never acknowledged",
            recovery.dropped_bytes
        )
    );
    assert!(
        !disk.files()["events-00000003.log"]
            .windows(4)
            .any(|part| part == b"xxxx")
    );
    assert_eq!(contents(&log).unwrap(), all);
}

#[test]
fn without_a_head_a_torn_end_is_not_guessed_at() {
    let (mut files, all) = small(true);
    files.remove("head");
    assert!(!exact_or_refused(&files, &all, "torn, and no head"));
    let (mut files, all) = small(false);
    files.insert("head".to_owned(), vec![0xaa; 2000]);
    let disk = Sim::with(&files);
    let log = open(&disk).unwrap();
    assert!(log.recovery.as_ref().unwrap().head_made_anew);
    assert_eq!(contents(&log).unwrap(), all);
}

#[test]
fn a_broken_batch_before_a_later_one_is_damage_whatever_the_head_says() {
    let (files, all) = small(false);
    let disk = Sim::with(&files);
    let old = files["head"].clone();
    let mut log = open(&disk).unwrap();
    let from = log.active.len as usize;
    for payload in [b"first", b"later"] {
        log.append(&batch(&[(1, payload.to_vec())])).unwrap();
    }
    drop(log);
    let mut files = disk.files();
    // The head as it was before both, as after a crash.
    files.insert("head".to_owned(), old);
    files.get_mut("events-00000003.log").unwrap()[from + 12] ^= 1;
    assert!(!exact_or_refused(&files, &all, "a later batch"));
}

#[test]
fn whole_batches_behind_the_head_are_kept_and_told() {
    let (files, all) = small(false);
    let disk = Sim::with(&files);
    let mut log = open(&disk).unwrap();
    log.append(&batch(&[(1, b"first".to_vec())])).unwrap();
    drop(log);
    disk.put("head", files["head"].clone());
    let log = open(&disk).unwrap();
    assert_eq!(log.recovery.as_ref().unwrap().kept_batches, 1);
    assert_eq!(contents(&log).unwrap(), [all, vec![(1, b"first".to_vec())]].concat());
}
