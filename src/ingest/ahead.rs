//! Lines read several at once, on threads of their own, and given in the order in which they stand.
//!
//! The calling thread cuts what it reads into blocks of whole lines, hands them round to the threads, and takes back what
//! they came to in the same order: so it makes no difference how many there are. It reads no further ahead than a few blocks
//! for each thread, so what waits is bounded.

use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::Settings;
use super::event::Event;
use super::gather::Read;
use super::index::Hashing;
use super::input::Input;
use super::lines::{self, LONGEST_LINE, Line};
use super::reading::{Outcome, Reading};
use super::reject::Refusal;
use super::shared::Shared;

/// From how many bytes on a block is closed: large enough that handing it over costs nothing beside reading it.
const BLOCK: usize = 128 << 10;
/// How many blocks are handed to a thread before it must have given one back.
const AHEAD: usize = 2;

/// Some lines of a source.
struct Block {
    /// The number of the first.
    first: u64,
    bytes: Vec<u8>,
    /// Where each line ends, and whether it was cut.
    ends: Vec<(usize, bool)>,
}

/// What a block came to.
pub(super) struct Part {
    /// In the order in which they stand.
    pub(super) found: Vec<Found>,
    /// What was made of the accepted events besides; nothing where each has its input.
    pub(super) read: Read,
}

/// One event of a block.
pub(super) struct Found {
    pub(super) line: u64,
    /// Its number in a batch.
    pub(super) item: u32,
    pub(super) what: What,
}

pub(super) enum What {
    /// With its input where that is asked for.
    Event(Event, Option<Input>),
    Later,
    Refused(Refusal, Input),
}

/// How blocks are read.
#[derive(Clone, Copy)]
pub(super) struct How<'s> {
    pub(super) settings: &'s Settings,
    /// With what hashes are made of events that are gathered; those of others are given with their input.
    pub(super) gathered: Option<&'s Hashing>,
}

/// Cuts what is read into blocks. An error comes after the lines before it.
struct Blocks<R> {
    reader: R,
    next: u64,
    end: Option<io::Result<()>>,
}

impl<R: BufRead> Iterator for Blocks<R> {
    type Item = io::Result<Block>;

    fn next(&mut self) -> Option<io::Result<Block>> {
        let mut block = Block {
            first: self.next,
            bytes: Vec::new(),
            ends: Vec::new(),
        };
        while self.end.is_none() && block.bytes.len() < BLOCK {
            match lines::append(&mut self.reader, LONGEST_LINE, &mut block.bytes) {
                Ok(Some(cut)) => block.ends.push((block.bytes.len(), cut)),
                Ok(None) => self.end = Some(Ok(())),
                Err(error) => self.end = Some(Err(error)),
            }
        }
        self.next += block.ends.len() as u64;
        if block.ends.is_empty() {
            // An error is told once; behind it is the end.
            return self.end.replace(Ok(()))?.err().map(Err);
        }
        Some(Ok(block))
    }
}

impl How<'_> {
    fn read(self, block: &Block, shared: &mut Shared) -> Part {
        let mut part = Part {
            found: Vec::with_capacity(block.ends.len()),
            read: Read::default(),
        };
        let Part { found, read } = &mut part;
        let mut reading = Reading::new(self.settings, shared);
        let mut begin = 0;
        for (line, (end, cut)) in (block.first..).zip(&block.ends) {
            let bytes = block.bytes.get(begin..*end).unwrap_or_default();
            begin = *end;
            let whole = if *cut { Line::Cut(bytes) } else { Line::Whole(bytes) };
            reading.line(line, whole, |item, outcome| {
                let what = match outcome {
                    Outcome::Event(event, raw) => match self.gathered {
                        Some(hashing) => {
                            read.push(&event, raw, hashing);
                            What::Event(event, None)
                        }
                        None => What::Event(event, Some(raw.into())),
                    },
                    Outcome::Later => What::Later,
                    Outcome::Refused(refusal, input) => What::Refused(refusal, input),
                };
                found.push(Found { line, item, what });
            });
        }
        read.close();
        part
    }
}

/// Reads JSONL block by block, on as many threads as there are of `shared`, and gives what each comes to in order, until one
/// is an error. Before that of the reader the lines before it are given.
pub(super) fn each<E: From<io::Error>>(
    reader: impl BufRead,
    how: How<'_>,
    shared: &mut [Shared],
    give: impl FnMut(Part) -> Result<(), E>,
) -> Result<(), E> {
    let mut blocks = Blocks {
        reader,
        next: 1,
        end: None,
    };
    let (first, second) = (blocks.next(), blocks.next());
    // What is short is read before a thread has begun.
    let is_short = !matches!(second, Some(Ok(_)));
    let blocks = [first, second].into_iter().flatten().chain(blocks);
    match shared {
        [] => Ok(()),
        [shared] => in_turn(blocks, how, shared, give),
        [shared, ..] if is_short => in_turn(blocks, how, shared, give),
        shared => on_threads(blocks, how, shared, give),
    }
}

fn in_turn<E: From<io::Error>>(
    mut blocks: impl Iterator<Item = io::Result<Block>>,
    how: How<'_>,
    shared: &mut Shared,
    mut give: impl FnMut(Part) -> Result<(), E>,
) -> Result<(), E> {
    blocks.try_for_each(|block| give(how.read(&block?, shared)))
}

/// A thread: what it is to read, and what that came to.
type Worker = (SyncSender<Block>, Receiver<Part>);

fn on_threads<E: From<io::Error>>(
    mut blocks: impl Iterator<Item = io::Result<Block>>,
    how: How<'_>,
    shared: &mut [Shared],
    mut give: impl FnMut(Part) -> Result<(), E>,
) -> Result<(), E> {
    thread::scope(|scope| {
        let mut workers: Vec<Worker> = Vec::new();
        for shared in shared {
            let (blocks, to_read) = sync_channel::<Block>(AHEAD);
            let (parts, done) = sync_channel(AHEAD);
            let work = move || {
                // It ends when nobody waits for it any more.
                let _ = to_read
                    .iter()
                    .try_for_each(|block| parts.send(how.read(&block, shared)));
            };
            match thread::Builder::new().spawn_scoped(scope, work) {
                Ok(_) => workers.push((blocks, done)),
                // The system has no more of them.
                Err(_) => break,
            }
        }
        if workers.is_empty() {
            return in_turn(blocks, how, &mut Shared::new(), give);
        }
        // They take turns, so the one that has the next block is known.
        let mut next = workers.iter().cycle();
        let mut oldest = workers.iter().cycle();
        let mut waiting: VecDeque<usize> = VecDeque::new();
        let mut end = None;
        loop {
            // Counted in bytes: one line can be as long as many blocks.
            while end.is_none() && waiting.iter().sum::<usize>() < workers.len() * AHEAD * BLOCK {
                match blocks.next() {
                    Some(Ok(block)) => {
                        waiting.push_back(block.bytes.len());
                        if next.next().is_none_or(|(blocks, _)| blocks.send(block).is_err()) {
                            return Ok(());
                        }
                    }
                    Some(Err(error)) => end = Some(Err(error.into())),
                    None => end = Some(Ok(())),
                }
            }
            if waiting.pop_front().is_none() {
                return end.unwrap_or(Ok(()));
            }
            // A thread that is gone has panicked, and the scope panics for it.
            let Some(part) = oldest.next().and_then(|(_, parts)| parts.recv().ok()) else {
                return Ok(());
            };
            give(part)?;
        }
    })
}
