//! Lines read several at once, on threads of their own, and given in the order in which they stand.
//!
//! The calling thread cuts what it reads into blocks of whole lines, hands them round to the threads, and takes back what
//! they came to in the same order: so it makes no difference how many there are. It reads no further ahead than a few blocks
//! for each thread, so what waits is bounded.

use std::io::{self, BufRead};

use super::event::Event;
use super::gather::Read;
use super::in_order::{Work, in_order};
use super::index::Hashing;
use super::input::Input;
use super::lines::{self, LONGEST_LINE, Line};
use super::reading::{How, Outcome, Reading};
use super::reject::Refusal;
use super::shared::Shared;

/// From how many bytes on a block is closed: large enough that handing it over costs nothing beside reading it.
const BLOCK: usize = 128 << 10;
/// How many blocks each thread may have before it.
const AHEAD: usize = 4;

/// Some lines of a source.
struct Block {
    /// The number of the first.
    first: u64,
    bytes: Vec<u8>,
    /// Where each line ends, and whether it was cut.
    ends: Vec<(usize, bool)>,
}

impl Block {
    /// How many bytes of the source it is, about: the ends of lines count, or blank lines would fill no block ever.
    fn length(&self) -> usize {
        self.bytes.len() + self.ends.len()
    }
}

/// What a block came to.
pub(super) struct Part {
    /// The accepted events that are gathered,
    pub(super) read: Read,
    /// and all others, in the order in which they stand.
    pub(super) found: Vec<Found>,
}

/// One event of a block.
pub(super) struct Found {
    pub(super) line: u64,
    /// Its number in a batch.
    pub(super) item: u32,
    pub(super) what: What,
}

pub(super) enum What {
    Event(Event, Input),
    Later,
    Refused(Refusal, Input),
}

/// What blocks are read by.
#[derive(Clone, Copy)]
pub(super) struct By<'s> {
    pub(super) lines: How<'s>,
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
        while self.end.is_none() && block.length() < BLOCK {
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

impl By<'_> {
    fn read(self, block: &Block, shared: &mut Shared) -> Part {
        let mut part = Part {
            read: Read::default(),
            found: Vec::new(),
        };
        let Part { read, found } = &mut part;
        let mut reading = Reading::new(self.lines, shared);
        let mut begin = 0;
        for (line, (end, cut)) in (block.first..).zip(&block.ends) {
            let bytes = block.bytes.get(begin..*end).unwrap_or_default();
            begin = *end;
            let whole = if *cut { Line::Cut(bytes) } else { Line::Whole(bytes) };
            reading.line(line, whole, |item, outcome| {
                let what = match outcome {
                    Outcome::Event(event, raw) => match self.gathered {
                        Some(hashing) => return read.push(event, (line, item), raw, hashing),
                        None => What::Event(event, raw.into()),
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
    by: By<'_>,
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
    let threads = if is_short { 1 } else { shared.len() };
    let blocks = [first, second].into_iter().flatten().chain(blocks);
    let work = Work {
        // Counted in bytes: one line can be as long as many blocks.
        weight: Block::length,
        room: AHEAD * BLOCK,
        do_: |shared: &mut Shared, block: Block| by.read(&block, shared),
    };
    let blocks = blocks.map(|block| block.map_err(E::from));
    in_order(shared.get_mut(..threads).unwrap_or_default(), blocks, &work, give)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_fill_blocks_too() {
        let text = "\n".repeat(3 * BLOCK + 1);
        let blocks = Blocks {
            reader: text.as_bytes(),
            next: 1,
            end: None,
        };
        let blocks: Vec<(u64, usize)> = blocks
            .map(|block| block.map(|block| (block.first, block.ends.len())).unwrap())
            .collect();
        let first = |number: usize| u64::try_from(number * BLOCK + 1).unwrap();
        assert_eq!(
            blocks,
            [(first(0), BLOCK), (first(1), BLOCK), (first(2), BLOCK), (first(3), 1)]
        );
    }
}
