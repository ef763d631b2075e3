//! What every accepted event came in as, until it is known which of them repeat the `messageId` of another.
//!
//! Nearly none is ever asked for: the texts of events with one id are compared, and that of one that is refused is shown. But
//! which those are is known in the end, so all are kept, in blocks that are compressed: a quarter of the room or less, for a
//! fraction of the time that reading the JSON takes. It is the texts themselves that are compared, and no hash of them: that
//! leaves nothing to luck.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use lz4_flex::block::{compress, compress_into, decompress, get_maximum_output_size};

use super::batch::Outer;
use super::input::{Input, Raw};

/// From how many bytes on a block is closed. With the largest event it stays below the 64 KiB for which the compressor has
/// its small table.
const BLOCK: usize = 31_000;
/// How much is packed into one piece of memory.
const SLAB: usize = 4 << 20;
/// How many blocks are held unpacked while texts are asked for: an event is mostly sent again soon.
const UNPACKED: usize = 128;

/// Texts by their numbers, from 0.
#[derive(Debug, Default)]
pub(super) struct Texts {
    blocks: Vec<Packed>,
    /// What is packed, one block behind the other, in pieces of memory so large that an allocator gives them back at once.
    slabs: Vec<Vec<u8>>,
    open: Block,
    /// Where blocks are packed: new room for each would cost as much as the packing.
    room: Vec<u8>,
    /// What batches add to some of them, by number.
    outer: Vec<(usize, Arc<Outer>)>,
    unpacked: VecDeque<(usize, String)>,
}

#[derive(Debug, Default)]
struct Block {
    /// The number of its first text.
    first: usize,
    /// Where each text ends.
    ends: Vec<u32>,
    text: String,
}

#[derive(Debug)]
struct Packed {
    first: usize,
    ends: Box<[u32]>,
    /// Where it is packed.
    slab: usize,
    bytes: Range<usize>,
    /// The length of the text.
    length: usize,
}

impl Texts {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.open.first + self.open.ends.len()
    }

    /// Adds one, with the next number.
    pub(super) fn push(&mut self, raw: Raw<'_>) {
        if let Some(outer) = raw.outer {
            self.outer.push((self.len(), outer));
        }
        self.open.text.push_str(&raw.text);
        // A block has one event beyond its size at the most.
        self.open
            .ends
            .push(u32::try_from(self.open.text.len()).unwrap_or(u32::MAX));
        if self.open.text.len() > BLOCK {
            self.close();
        }
    }

    /// Adds those of another, which is closed, behind its own.
    pub(super) fn append(&mut self, other: Texts) {
        self.close();
        let first = self.len();
        for block in other.blocks {
            let (slab, bytes) = pack(&mut self.slabs, block.packed(&other.slabs));
            self.blocks.push(Packed {
                first: first + block.first,
                slab,
                bytes,
                ..block
            });
        }
        let outer = other.outer.into_iter();
        self.outer.extend(outer.map(|(number, outer)| (first + number, outer)));
        self.open.first = first + other.open.first;
    }

    /// Packs what is not packed yet.
    pub(super) fn close(&mut self) {
        if self.open.ends.is_empty() {
            return;
        }
        let text = self.open.text.as_bytes();
        self.room
            .resize(get_maximum_output_size(text.len()).max(self.room.len()), 0);
        let packed = compress_into(text, &mut self.room).ok();
        let packed = packed.and_then(|length| self.room.get(..length));
        let (slab, bytes) = match packed {
            Some(packed) => pack(&mut self.slabs, packed),
            None => pack(&mut self.slabs, &compress(text)),
        };
        self.blocks.push(Packed {
            first: self.open.first,
            ends: self.open.ends.as_slice().into(),
            slab,
            bytes,
            length: text.len(),
        });
        self.open.first = self.len();
        self.open.ends.clear();
        self.open.text.clear();
    }

    /// What the event of a number came in as.
    pub(super) fn get(&mut self, number: usize) -> Option<Input> {
        let outer = self.outer.binary_search_by_key(&number, |(number, _)| *number).ok();
        let outer = outer
            .and_then(|at| self.outer.get(at))
            .map(|(_, outer)| Arc::clone(outer));
        let text = self.text(number)?.to_owned();
        let raw = Raw {
            text: text.into(),
            outer,
        };
        Some(raw.into())
    }

    fn text(&mut self, number: usize) -> Option<&str> {
        if let Some(at) = number.checked_sub(self.open.first) {
            return part(&self.open.text, &self.open.ends, at);
        }
        let place = self
            .blocks
            .partition_point(|block| block.first <= number)
            .checked_sub(1)?;
        let block = self.blocks.get(place)?;
        let known = self.unpacked.iter().position(|(unpacked, _)| *unpacked == place);
        let known = match known {
            Some(known) => known,
            None => {
                // It was packed here, and from a text.
                let text = String::from_utf8(decompress(block.packed(&self.slabs), block.length).ok()?).ok()?;
                self.unpacked.truncate(UNPACKED - 1);
                self.unpacked.push_front((place, text));
                0
            }
        };
        let (_, text) = self.unpacked.get(known)?;
        part(text, &block.ends, number.checked_sub(block.first)?)
    }
}

impl Packed {
    fn packed<'s>(&self, slabs: &'s [Vec<u8>]) -> &'s [u8] {
        let slab = slabs.get(self.slab);
        slab.and_then(|slab| slab.get(self.bytes.clone())).unwrap_or_default()
    }
}

/// Puts a packed block behind the others; where it is now.
fn pack(slabs: &mut Vec<Vec<u8>>, packed: &[u8]) -> (usize, Range<usize>) {
    match slabs.last() {
        None => slabs.push(Vec::new()),
        Some(slab) if slab.len() + packed.len() > SLAB => slabs.push(Vec::with_capacity(SLAB)),
        Some(_) => {}
    }
    let begin = slabs.last_mut().map_or(0, |slab| {
        slab.extend_from_slice(packed);
        slab.len() - packed.len()
    });
    (slabs.len() - 1, begin..begin + packed.len())
}

fn part<'t>(text: &'t str, ends: &[u32], at: usize) -> Option<&'t str> {
    let end = |at: usize| ends.get(at).and_then(|end| usize::try_from(*end).ok());
    let begin = match at.checked_sub(1) {
        Some(before) => end(before)?,
        None => 0,
    };
    text.get(begin..end(at)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were() {
        let text = |number: usize| format!("{{\"n\":{number},\"é\":\"{}\"}}", "x".repeat(number * 7919 % 3000));
        let mut texts = Texts::default();
        for number in 0..2000 {
            assert_eq!(texts.len(), number);
            texts.push(Raw::of_text(text(number)));
        }
        assert!(texts.blocks.len() > UNPACKED / 2);
        for number in (0..2000).rev().chain((0..2000).step_by(37)) {
            assert_eq!(texts.get(number), Some(Input::of_text(text(number))), "{number}");
        }
        assert_eq!(texts.get(2000), None);
        assert!(texts.unpacked.len() <= UNPACKED);
    }
}
