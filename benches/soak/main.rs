//! `volens stream` at full speed for a long time: whether its memory is that of what it has to keep and nothing else, and whether
//! destinations hold in the end what a full evaluation delivers.
//!
//! ```text
//! make soak                                        20 minutes of 200 people, with a store
//! make soak MINUTES=5 SOAKED=100 KEPT=memory       without one
//! make soak ANSWERS=100                            100 of 1 000 events are answers to consent banners, not 5
//! ```
//!
//! The command is fed through a pipe, and keeps as much history as the definitions need. With a store it is ended and started
//! again at each quarter, as one would who deploys a new version. What may grow is what people answered: that is kept for good.
//! Memory is what Linux tells of a process.

mod events;
#[path = "../../examples/generate/kit.rs"]
#[allow(
    dead_code,
    reason = "of what the examples are made with, chance and time are enough here"
)]
mod kit;
mod told;

use std::error::Error;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use events::{Events, Mix, RETAINED, WORKSPACE};
use told::{Told, expected};
use volens::store::Directory;
use volens::{Engine, Timestamp};

/// After all events, so that none counts as dated ahead.
const CLOCK: &str = "2200-01-01T00:00:00Z";
/// More than waits in the pipe and what reads it: when so much was taken, the command is at work.
const AT_WORK: usize = 1 << 20;
const QUARTERS: u32 = 4;

fn main() -> ExitCode {
    // cargo adds `--bench` of its own.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [minutes, people, kept @ ("store" | "memory"), answers] => soak(minutes, people, *kept == "store", answers),
        // So that whoever runs all benches knows that it runs.
        ["--test"] => soak("0.03", "50", true, "100").and_then(|()| soak("0.03", "50", false, "100")),
        _ => {
            println!(
                "say for how many minutes, with how many people, where events are kept, and how many of a thousand are answers: 20 200 store 5"
            );
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A running command, and who reads what it puts out.
struct Stream {
    child: Child,
    input: ChildStdin,
    reading: thread::JoinHandle<std::io::Result<Told>>,
}

impl Stream {
    fn start(folder: &Path, with_store: bool, mut told: Told) -> std::io::Result<Stream> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_volens"));
        command
            .current_dir(folder)
            .args(["stream", "made.audience", "--events", "-", "--now", CLOCK])
            .args(["--retain", RETAINED]);
        if with_store {
            command.args(["--store", "store"]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let input = child
            .stdin
            .take()
            .ok_or_else(|| std::io::Error::other("there is no input"))?;
        let out = child.stdout.take();
        let reading = thread::spawn(move || {
            out.map(|out| told.read(out)).transpose()?;
            Ok(told)
        });
        Ok(Stream { child, input, reading })
    }

    /// Feeds lines until the end, but no fewer than show that the command is at work. Gives the memory at work and at the end.
    fn feed(&mut self, events: &mut Events, end: Instant) -> Result<[u64; 2], Box<dyn Error>> {
        let (mut fed, mut at_work) = (0, None);
        let mut chunk = String::new();
        while at_work.is_none() || Instant::now() < end {
            chunk.clear();
            while chunk.len() < 1 << 14 {
                chunk.push_str(events.next());
            }
            self.input.write_all(chunk.as_bytes())?;
            fed += chunk.len();
            if at_work.is_none() && fed > AT_WORK {
                at_work = Some(resident(self.child.id())?);
            }
        }
        let resident = resident(self.child.id())?;
        Ok([at_work.unwrap_or(resident), resident])
    }

    /// Ends its input, and waits for its end.
    fn end(mut self) -> Result<Told, Box<dyn Error>> {
        drop(self.input);
        let mut said = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            errors.read_to_string(&mut said)?;
        }
        let status = self.child.wait()?;
        let told = self
            .reading
            .join()
            .map_err(|_| "what was put out could not be read")??;
        if status.success() {
            eprint!("{said}");
            Ok(told)
        } else {
            Err(format!("{status}: {said}").into())
        }
    }
}

/// The bytes of memory that a process has.
fn resident(process: u32) -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.ok_or("memory is not told")?.parse::<u64>()? * 1024)
}

/// A folder that is gone in the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn soak(minutes: &str, people: &str, with_store: bool, answers: &str) -> Result<(), Box<dyn Error>> {
    let (minutes, people, answers): (f64, i64, i64) = (minutes.parse()?, people.parse()?, answers.parse()?);
    let mix = Mix { people, answers };
    let quarter = Duration::from_secs_f64(minutes * 60.0 / f64::from(QUARTERS));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("soak-{}", std::process::id()));
    let folder = Folder(folder);
    fs::create_dir_all(&folder.0)?;
    fs::write(folder.0.join("made.audience"), WORKSPACE)?;
    let mut events = Events::new(mix);
    let mut stream = Stream::start(&folder.0, with_store, Told::default())?;
    println!("| quarter | events | events/s | MiB at first | MiB at last | bytes an event more |");
    println!("|---|---|---|---|---|---|");
    for number in 1..=QUARTERS {
        let (before, start) = (events.count, Instant::now());
        let [at_work, at_end] = stream.feed(&mut events, start + quarter)?;
        let (count, seconds) = (events.count - before, start.elapsed().as_secs_f64());
        println!(
            "| {number} | {} | {:.0} | {:.0} | {:.0} | {:.0} |",
            events.count,
            count as f64 / seconds,
            mib(at_work),
            mib(at_end),
            (at_end as f64 - at_work as f64) / count as f64
        );
        if !with_store {
            continue;
        }
        let told = stream.end()?;
        stream = Stream::start(&folder.0, with_store, told)?;
    }
    let told = stream.end()?;
    if with_store {
        let engine = Engine::from_text("made.audience", WORKSPACE)?;
        let journal = engine.journal(Directory::open_read_only(folder.0.join("store").as_path())?)?;
        println!(
            "\nThe store holds {} events; {} of the {} said something of consent.",
            journal.len(),
            events.answers,
            events.count
        );
    }
    drift(&told, &events, mix)
}

#[expect(clippy::cast_precision_loss, reason = "no process has 2⁵³ bytes")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Compares what destinations hold with what a full evaluation delivers.
fn drift(told: &Told, events: &Events, mix: Mix) -> Result<(), Box<dyn Error>> {
    let now = Timestamp::from_millis(events.latest);
    let engine = Engine::from_text("made.audience", WORKSPACE)?;
    let expected = expected(&engine, mix, events.count, now)?;
    let drift: Vec<_> = told.held.symmetric_difference(&expected).collect();
    println!(
        "\nAs of {now} destinations hold {} by {} messages; a full evaluation of the {} events delivers {}; {} differ.",
        told.held.len(),
        told.messages,
        events.count,
        expected.len(),
        drift.len()
    );
    match drift.first() {
        None => Ok(()),
        Some(first) => Err(format!("what is held has drifted, as of {first:?}").into()),
    }
}
