//! Files of a store that are not what was written: whoever opens them is told, or finds everything as it was. Never another
//! consent.
//!
//! `VOLENS_FLIPS` says how many bits are flipped.

use std::panic::{AssertUnwindSafe, catch_unwind};

use volens::space::Journal;
use volens::store::StoreError;

use super::*;

/// A store of people with grants and refusals, of whom one was forgotten, and its state.
fn store(scratch: &Scratch, name: &str, seed: u64) -> (PathBuf, String) {
    let folder = scratch.path(name);
    for part in events(300, seed).chunks(37) {
        let directory = Directory::open(&folder).unwrap();
        let mut journal = Journal::open(directory, settings().identity).unwrap();
        let mut intake = journal.intake(now(), now());
        intake.read("events", part.join("\n").as_bytes()).unwrap();
        assert_eq!(intake.commit().unwrap().counts.rejected, 0);
    }
    let mut space = Space::open(Directory::open(&folder).unwrap(), settings(), now()).unwrap();
    space.forget("user_id", "user-2", now()).unwrap();
    let state = dump(&space.profiles());
    assert!(state.contains("granted") && state.contains("denied"));
    (folder, state)
}

/// Everything that a store has, opened to read only or for writing; or the error, as people read it.
fn contents(folder: &Path, to_write: bool) -> Result<String, SpaceError> {
    let directory = match to_write {
        true => Directory::open(folder)?,
        false => Directory::open_read_only(folder)?,
    };
    let space = Space::open(directory, settings(), now())?;
    Ok(dump(&space.profiles()))
}

/// Whether what was damaged is told; then it says what to do. Otherwise everything has to be as it was.
fn is_told(folder: &Path, to_write: bool, expected: &str, damage: &str) -> bool {
    let found = catch_unwind(AssertUnwindSafe(|| contents(folder, to_write)));
    match found.unwrap_or_else(|_| panic!("{damage}: a panic")) {
        Ok(found) => {
            assert!(found == expected, "{damage}: another state");
            false
        }
        Err(SpaceError::Store(error)) => {
            let typed = matches!(
                error,
                StoreError::Damaged { .. } | StoreError::NotAStore { .. } | StoreError::Newer { .. }
            );
            assert!(typed, "{damage}: {error}");
            true
        }
        Err(error) => panic!("{damage}: {error}"),
    }
}

#[test]
fn a_flipped_bit_is_told_or_harmless() {
    let scratch = Scratch::new("flips");
    let (folder, state) = store(&scratch, "store", 21);
    let clean = files(&folder);
    let mut random = Random(5);
    let mut told = 0;
    let flips = many("VOLENS_FLIPS", 300);
    for number in 0..flips {
        // All bytes of all files are hit alike.
        let mut at = random.below(clean.values().map(|bytes| bytes.len() as u64).sum()) as usize;
        let mut name = "";
        for (file, bytes) in &clean {
            name = file;
            if at < bytes.len() {
                break;
            }
            at -= bytes.len();
        }
        let bit = random.below(8);
        let mut bytes = clean[name].clone();
        bytes[at] ^= 1 << bit;
        fs::write(folder.join(name), &bytes).unwrap();
        let to_write = number % 2 == 0;
        let damage = format!("bit {bit} of byte {at} of {name}");
        let is_told = is_told(&folder, to_write, &state, &damage);
        told += usize::from(is_told);
        if is_told {
            // The evidence stays.
            assert!(fs::read(folder.join(name)).unwrap() == bytes, "{damage}");
        }
        match to_write {
            // The writer makes files anew.
            true => put(&folder, &clean),
            false => fs::write(folder.join(name), &clean[name]).unwrap(),
        }
    }
    println!("{flips} bits flipped, {told} told");
    assert!(told > 0);
}

#[test]
fn a_file_cut_short_is_told_or_harmless() {
    let scratch = Scratch::new("cuts");
    let (folder, state) = store(&scratch, "store", 22);
    let clean = files(&folder);
    let mut random = Random(6);
    for number in 0..many("VOLENS_FLIPS", 300) / 4 {
        for name in ["events-00000001.log", "head"] {
            let length = random.below(clean[name].len() as u64) as usize;
            fs::write(folder.join(name), &clean[name][..length]).unwrap();
            let told = is_told(&folder, number % 2 == 0, &state, &format!("{name} with {length} bytes"));
            assert!(told || name == "head");
            put(&folder, &clean);
        }
    }
}

/// What is told, and by which means; all of it is left as it is.
#[test]
fn what_is_told_says_what_to_do() {
    let scratch = Scratch::new("told");
    let (folder, _) = store(&scratch, "store", 23);
    let (other, _) = store(&scratch, "other", 24);
    let clean = files(&folder);
    let others = files(&other);
    let log = "events-00000001.log";
    let with = |name: &str, bytes: Vec<u8>| {
        let mut files = clean.clone();
        files.insert(name.to_owned(), bytes);
        files
    };
    let without = |name: &str| {
        let mut files = clean.clone();
        files.remove(name);
        files
    };
    let swapped = [("head", clean[log].clone()), (log, clean["head"].clone())];
    let swapped = clean
        .clone()
        .into_iter()
        .chain(swapped.map(|(name, bytes)| (name.to_owned(), bytes)));
    // The version, and the checksum of the header that has it.
    let mut newer = clean[log].clone();
    newer[8] = 2;
    let checksum = crc32fast::hash(&newer[..36]).to_le_bytes();
    newer[36..40].copy_from_slice(&checksum);
    let mut flipped = clean[log].clone();
    flipped[5000] ^= 1;
    let mut doubled = clean.clone();
    doubled.insert("events-00000002.log".to_owned(), clean[log].clone());
    let cases = [
        ("a flipped bit", with(log, flipped)),
        (
            "an acknowledged end cut off",
            with(log, clean[log][..clean[log].len() - 7].to_vec()),
        ),
        ("a file cut within its header", with(log, clean[log][..20].to_vec())),
        ("an empty file", with(log, Vec::new())),
        ("a missing file of events", without(log)),
        ("two files swapped", swapped.collect()),
        ("a file doubled", doubled),
        ("a file of events of another store", with(log, others[log].clone())),
        ("the head of another store", with("head", others["head"].clone())),
        ("a newer version", with(log, newer)),
    ];
    let mut told = String::new();
    for (case, damaged) in cases {
        put(&folder, &damaged);
        let error = contents(&folder, false).unwrap_err().to_string();
        let as_writer = contents(&folder, true).unwrap_err().to_string();
        assert_eq!(error, as_writer, "{case}");
        let mut found = files(&folder);
        found.entry("lock".to_owned()).or_default();
        let mut expected = damaged.clone();
        expected.entry("lock".to_owned()).or_default();
        assert!(found == expected, "{case}: the files have changed");
        told.push_str(&format!("{case}:\n  {}\n", error.replace(text(&folder), "STORE")));
    }
    insta::assert_snapshot!(told);
}

/// The head alone tells what was acknowledged last: without it, the log has to be whole by itself.
#[test]
fn without_the_head_nothing_is_lost() {
    let scratch = Scratch::new("headless");
    let (folder, state) = store(&scratch, "store", 25);
    fs::remove_file(folder.join("head")).unwrap();
    assert!(contents(&folder, false).unwrap() == state);
    assert!(contents(&folder, true).unwrap() == state);
    assert!(files(&folder).contains_key("head"));
}
