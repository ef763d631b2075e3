//! A process that stores events is killed at any moment.
//!
//! The process is this test executable, started again: it stores events in small batches, and tells each that is stored.
//! `VOLENS_KILLS` says how often it is killed.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::time::Duration;

use super::*;

/// Where the started process finds the folder.
const STORE: &str = "VOLENS_STORE_OF_THE_CHILD";
const SEED: &str = "VOLENS_SEED_OF_THE_CHILD";
const COUNT: u64 = 2000;

/// Where the batches end: they have 1 to 40 events.
fn ends(seed: u64) -> Vec<usize> {
    let mut random = Random(seed);
    let mut ends = Vec::new();
    let mut at = 0;
    while at < COUNT as usize {
        at = (at + 1 + random.below(40) as usize).min(COUNT as usize);
        ends.push(at);
    }
    ends
}

/// Stores all events in their batches, and tells the end of each once it is stored.
fn store(folder: &Path, seed: u64) {
    let lines = events(COUNT, seed);
    let directory = Directory::open(folder).unwrap();
    let mut space = Space::open(directory, settings(), now()).unwrap();
    let mut from = 0;
    for end in ends(seed) {
        let mut intake = space.intake(now(), now()).unwrap();
        intake.read("events", lines[from..end].join("\n").as_bytes()).unwrap();
        let receipt = intake.commit().unwrap();
        assert_eq!(receipt.rejects, []);
        // As one piece, whatever the harness writes to the same pipe.
        print!("\nstored {end}.\n");
        std::io::stdout().flush().unwrap();
        from = end;
    }
}

/// What the killed process is: by itself, it stores everything.
#[test]
fn batches_are_stored_one_after_the_other() {
    let seed = many(SEED, 7);
    match std::env::var_os(STORE) {
        Some(folder) => store(Path::new(&folder), seed),
        None => {
            let scratch = Scratch::new("batches");
            store(&scratch.path("store"), seed);
            assert_eq!(
                dump(&read(&scratch.path("store")).unwrap().profiles()),
                reference(&events(COUNT, seed))
            );
        }
    }
}

fn start(folder: &Path, seed: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::batches_are_stored_one_after_the_other", "--nocapture"])
        .env(STORE, folder)
        .env(SEED, seed.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What a line tells, if it is one of a batch that is stored, and whole.
fn told(line: &str) -> Option<usize> {
    line.strip_prefix("stored ")?.strip_suffix('.')?.parse().ok()
}

/// Kills a process some time after it has told of so many batches. Gives what it told last, and whether it was killed.
fn killed(mut child: Child, batches: u64, wait: Duration) -> (usize, bool) {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut last = 0;
    let mut seen = 0;
    while seen < batches {
        let Some(line) = lines.next() else { break };
        if let Some(end) = told(&line.unwrap()) {
            last = end;
            seen += 1;
        }
    }
    std::thread::sleep(wait);
    // One that has ended cannot be killed any more.
    let _ = child.kill();
    for line in lines {
        last = told(&line.unwrap()).unwrap_or(last);
    }
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    let status = child.wait().unwrap();
    let was_killed = status.code().is_none();
    assert!(was_killed || status.success(), "{errors}");
    (last, was_killed)
}

#[test]
fn a_process_that_is_killed_loses_nothing_that_it_told() {
    let kills = many("VOLENS_KILLS", 25);
    let scratch = Scratch::new("kills");
    let folder = scratch.path("store");
    let mut random = Random(kills);
    let (mut done, mut torn, mut ahead) = (0, 0, 0);
    let mut seed = 0;
    while done < kills {
        seed += 1;
        let lines = events(COUNT, seed);
        let ends = ends(seed);
        let _ = fs::remove_dir_all(&folder);
        let mut stored = 0;
        // Some folders see several crashes, some one.
        let crashes = 1 + random.below(5);
        for _ in 0..crashes.min(kills - done) {
            let wait = Duration::from_micros(random.below(3000));
            let (told, was_killed) = killed(start(&folder, seed), random.below(ends.len() as u64), wait);
            done += u64::from(was_killed);
            let told = told.max(stored);
            let next = ends.iter().find(|end| **end > told).copied().unwrap_or(told);
            let Ok(space) = read(&folder) else {
                // Killed before the store was made.
                assert_eq!(told, 0);
                continue;
            };
            let found = dump(&space.profiles());
            stored = match found == reference(&lines[..told]) {
                true => told,
                false => {
                    assert!(
                        found == reference(&lines[..next]),
                        "seed {seed}: neither {told} nor {next} events"
                    );
                    ahead += 1;
                    next
                }
            };
            let mut records = 0;
            let counted = space.journal().storage().scan(&mut |entry| {
                records += usize::from(entry.kind == 2);
                Ok(())
            });
            counted.unwrap();
            assert_eq!(records, space.journal().len(), "each is stored once");
            // What is left over of a batch that was not acknowledged is told when it is opened for writing.
            torn += u64::from(Directory::open(&folder).unwrap().recovery().is_some());
            assert_eq!(dump(&read(&folder).unwrap().profiles()), found);
        }
        // The same events again: those that are missing are added, and nothing is applied twice.
        let before = read(&folder).map_or(0, |space| space.journal().len());
        let mut journal = volens::space::Journal::open(Directory::open(&folder).unwrap(), settings().identity).unwrap();
        let mut intake = journal.intake(now(), now());
        intake.read("events", lines.join("\n").as_bytes()).unwrap();
        let counts = intake.commit().unwrap().counts;
        assert_eq!((counts.rejected, counts.later), (0, 0));
        assert_eq!(journal.len(), before + counts.applied as usize);
        drop(journal);
        assert_eq!(dump(&read(&folder).unwrap().profiles()), reference(&lines));
    }
    println!("{done} killed, {torn} left something to put right, {ahead} had stored a batch that was not told");
}

/// The command itself, which does not tell its batches: what is stored is a number of whole ones, and the same again
/// completes it.
#[test]
fn ingest_that_is_killed_stores_whole_batches_and_is_completed_by_the_same_again() {
    const TOGETHER: usize = 8192;
    let lines = events(2 * TOGETHER as u64, 11);
    let states = [0, 1, 2].map(|batches| reference(&lines[..batches * TOGETHER]));
    let scratch = Scratch::new("ingest-killed");
    let space = scratch.file("space.audience", WORKSPACE);
    let events = scratch.file("events.jsonl", lines.join("\n"));
    let store = scratch.path("store");
    let arguments = [
        "ingest",
        text(&space),
        "--store",
        text(&store),
        "--events",
        text(&events),
        "--now",
        NOW,
    ];
    let begun = std::time::Instant::now();
    assert_eq!(done(&arguments).0, 0);
    let whole = begun.elapsed();
    let expected = files_of_events(&store);
    assert_eq!(dump(&read(&store).unwrap().profiles()), states[2]);
    let mut random = Random(whole.as_nanos() as u64);
    for _ in 0..many("VOLENS_KILLS", 25).div_ceil(10) {
        fs::remove_dir_all(&store).unwrap();
        for _ in 0..2 {
            let mut child = volens(&arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(whole.mul_f64(random.below(1000) as f64 / 1000.0));
            let _ = child.kill();
            child.wait().unwrap();
            if let Ok(space) = read(&store) {
                assert!(states.contains(&dump(&space.profiles())));
            }
        }
        let (code, _, err) = done(&arguments);
        assert_eq!(code, 0, "{err}");
        assert_eq!(files_of_events(&store), expected, "the same events, each once");
    }
}

/// The events of a store, without what is beside each.
fn files_of_events(store: &Path) -> Vec<Vec<u8>> {
    let mut events = Vec::new();
    let directory = Directory::open_read_only(store).unwrap();
    let scanned = directory.scan(&mut |entry| {
        if entry.kind == 2 {
            events.push(entry.payload.to_vec());
        }
        Ok(())
    });
    scanned.unwrap();
    events
}
