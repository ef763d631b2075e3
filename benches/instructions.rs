//! How many instructions one evaluation of one profile takes, counted by Valgrind: the same on every run and at every
//! hour, so that what grows is seen.
//!
//! `make instructions` compares with `benches/instructions.txt` and fails where a count has grown by more than 5 %;
//! `make instructions-update` writes it anew. The audiences and profiles are those of `benches/scalar.rs`.
//!
//! Started without arguments it starts itself under Valgrind for each case; `--case NAME` carries one out.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod people;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::{env, fs};

use people::{AUDIENCES, NOW, Person, WORKSPACE, hit, people};
use volens::eval::{Reader, Row, matches};
use volens::{Engine, Profile};

const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");
/// By how much a count may grow.
const PERCENT: u64 = 5;
/// So many people are enough for a mean.
const PEOPLE: usize = 300;
/// So many rounds, so that what surrounds a round does not count.
const ROUNDS: u64 = 10;

/// A round before others are counted: the first finds functions of the system and makes its buffers grow.
fn count_rounds(mut round: impl FnMut()) {
    round();
    counted(round);
}

/// What is counted: what this function does, and what it calls.
#[inline(never)]
fn counted(mut round: impl FnMut()) {
    for _ in 0..ROUNDS {
        round();
    }
}

fn cases() -> Vec<String> {
    let audiences = (1..=AUDIENCES).flat_map(|number| [format!("a{number}-hit"), format!("a{number}-mix")]);
    let loading = ["bind-hit", "bind-mix", "load-hit", "load-mix", "read-hit", "read-mix"].map(str::to_owned);
    audiences.chain(loading).collect()
}

fn texts(profiles: &[Profile]) -> Vec<String> {
    let text = |profile: &Profile| serde_json::to_string(profile).unwrap();
    profiles.iter().map(text).collect()
}

/// Carries a case out, and says how many profiles a round has.
fn carry_out(case: &str) -> u64 {
    let engine = Engine::from_text("bench.audience", WORKSPACE).unwrap();
    let program = engine.program();
    let (what, who) = case.split_once('-').unwrap();
    let people: Vec<Person> = match who {
        "hit" => vec![hit()],
        _ => people().into_iter().take(PEOPLE).collect(),
    };
    let profiles: Vec<Profile> = people.iter().map(Person::profile).collect();
    match what {
        "bind" => {
            let mut row = Row::default();
            count_rounds(|| {
                profiles
                    .iter()
                    .for_each(|profile| row.bind(program, black_box(profile), NOW))
            });
        }
        "load" => {
            let texts = texts(&profiles);
            count_rounds(|| {
                for text in &texts {
                    drop(black_box(serde_json::from_str::<Profile>(text).unwrap()));
                }
            });
        }
        "read" => {
            let texts = texts(&profiles);
            let mut reader = Reader::default();
            count_rounds(|| {
                for text in &texts {
                    drop(black_box(reader.read(program, text, NOW).unwrap()));
                }
            });
        }
        _ => {
            let slot = program.audience(what).unwrap();
            let mut rows: Vec<Row<'_>> = profiles.iter().map(|profile| Row::new(program, profile, NOW)).collect();
            // A sum counts as well: a row that is told the instant anew forgets what it computed.
            let computes = what == "a4";
            count_rounds(|| {
                for row in &mut rows {
                    if computes {
                        row.set_now(program, &[], black_box(NOW));
                    }
                    black_box(matches(program, slot, row, &[]));
                }
            });
        }
    }
    profiles.len() as u64
}

/// Counts the instructions of a case, per profile.
fn count(case: &str) -> u64 {
    let profiles = if case.ends_with("hit") { 1 } else { PEOPLE as u64 };
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            "--toggle-collect=*::counted*",
        ])
        .arg(env::current_exe().unwrap())
        .args(["--case", case])
        .output()
        .expect("valgrind is needed: on Debian `apt-get install valgrind`");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let collected = told.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = collected.unwrap_or_else(|| panic!("no count in what valgrind says: {told}"));
    count.trim().parse::<u64>().unwrap() / (ROUNDS * profiles)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--case") {
        black_box(carry_out(&arguments[at + 1]));
        return ExitCode::SUCCESS;
    }
    let recorded = fs::read_to_string(RECORD).unwrap_or_default();
    let recorded: BTreeMap<&str, u64> = recorded
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(case, count)| Some((case, count.trim().parse().ok()?)))
        .collect();
    let (mut record, mut grown) = (String::new(), false);
    for case in cases() {
        let count = count(&case);
        let before = recorded.get(&*case).copied();
        let grows = before.is_none_or(|before| count * 100 > before * (100 + PERCENT));
        grown |= grows;
        let before = before.map_or("nothing".to_owned(), |before| before.to_string());
        println!(
            "{case:8} {count:6}  recorded: {before}{}",
            if grows { "  GROWN" } else { "" }
        );
        writeln!(record, "{case:8} {count:6}").unwrap();
    }
    if arguments.iter().any(|argument| argument == "--update") {
        fs::write(RECORD, record).unwrap();
    } else if grown {
        eprintln!("more instructions than recorded: make it cheaper, or `make instructions-update` and say why");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
