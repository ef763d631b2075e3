//! The frames that a segment consists of: records, and after those of a batch its end.
//!
//! ```text
//! checksum u32 | length u32 | tag u8 | kind u8 | body          numbers in little endian
//! ```
//!
//! The body of a record is its payload, that of an end the sequence number of the batch, how many records it has, and
//! the chain: a checksum over the checksums of all frames of the segment so far. The checksum of a frame covers the rest
//! of it, the place where it is, and which segment of which store that is. So a frame that was left out, doubled, moved,
//! or brought from elsewhere does not pass, and each can be verified alone.

use std::io;

use crc32fast::Hasher;

use super::disk::DiskFile;

/// How many bytes a frame has before its body.
pub(super) const PREFIX: usize = 10;
const END_BODY: usize = 16;
/// The length of the frame that ends a batch.
pub(super) const END: usize = PREFIX + END_BODY;
/// How much is read at once: large enough for the disk, small enough for the cache of a core.
pub(super) const CHUNK: usize = 256 * 1024;

const RECORD: u8 = b'r';
const BATCH: u8 = b'b';

/// The segment that frames are in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    seed: u32,
}

impl Origin {
    pub(super) fn new(store: u64, segment: u64) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(&store.to_le_bytes());
        hasher.update(&segment.to_le_bytes());
        Self {
            seed: hasher.finalize(),
        }
    }

    fn checksum(self, at: u64, covered: &[u8]) -> u32 {
        let mut hasher = Hasher::new_with_initial(self.seed);
        hasher.update(&at.to_le_bytes());
        hasher.update(covered);
        hasher.finalize()
    }
}

/// What has been in a segment up to some frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    value: u32,
    /// The records since the last end of a batch.
    records: u32,
    /// The sequence number of the batch that these belong to.
    pub(super) next: u64,
}

impl Chain {
    /// That of a segment whose first batch has this sequence number.
    pub(super) fn new(origin: Origin, first: u64) -> Self {
        Self {
            value: origin.seed,
            records: 0,
            next: first,
        }
    }

    fn link(&mut self, checksum: u32) {
        let mut hasher = Hasher::new_with_initial(self.value);
        hasher.update(&checksum.to_le_bytes());
        self.value = hasher.finalize();
    }

    fn record(&mut self, checksum: u32) {
        self.link(checksum);
        self.records = self.records.wrapping_add(1);
    }

    /// The body of the frame that ends the batch here.
    fn end(&self) -> [u8; END_BODY] {
        let mut body = [0; END_BODY];
        let parts = self.next.to_le_bytes().into_iter();
        let parts = parts.chain(self.records.to_le_bytes()).chain(self.value.to_le_bytes());
        body.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        body
    }

    fn ended(&mut self, checksum: u32) {
        self.link(checksum);
        self.records = 0;
        self.next += 1;
    }
}

/// Makes frames, in memory.
#[derive(Debug)]
pub(super) struct Framer<'o> {
    origin: Origin,
    pub(super) chain: Chain,
    /// Where the next frame will be.
    pub(super) at: u64,
    out: &'o mut Vec<u8>,
}

impl<'o> Framer<'o> {
    /// Adds frames to the end of `out`, the first of which will be at `at`.
    pub(super) fn new(origin: Origin, chain: Chain, at: u64, out: &'o mut Vec<u8>) -> Self {
        Self { origin, chain, at, out }
    }

    /// Adds a record, and says where it is; `None` if it is longer than a frame can be.
    pub(super) fn record(&mut self, kind: u8, payload: &[u8]) -> Option<u64> {
        let at = self.at;
        let checksum = self.frame(RECORD, kind, payload)?;
        self.chain.record(checksum);
        Some(at)
    }

    /// Ends a batch.
    pub(super) fn end(&mut self) {
        let body = self.chain.end();
        if let Some(checksum) = self.frame(BATCH, 0, &body) {
            self.chain.ended(checksum);
        }
    }

    fn frame(&mut self, tag: u8, kind: u8, body: &[u8]) -> Option<u32> {
        let length = u32::try_from(body.len()).ok()?;
        let from = self.out.len();
        self.out.extend_from_slice(&[0; 4]);
        self.out.extend_from_slice(&length.to_le_bytes());
        self.out.extend_from_slice(&[tag, kind]);
        self.out.extend_from_slice(body);
        let (room, covered) = self.out.get_mut(from..)?.split_first_chunk_mut::<4>()?;
        let checksum = self.origin.checksum(self.at, covered);
        *room = checksum.to_le_bytes();
        self.at += (PREFIX + body.len()) as u64;
        Some(checksum)
    }
}

/// A frame that was read and verified, or why there is none.
#[derive(Debug)]
pub(super) enum Step<'b> {
    Record {
        at: u64,
        kind: u8,
        payload: &'b [u8],
    },
    /// The batch ended of which the records before were.
    End,
    /// Everything was read, and ended with a batch.
    Over,
    /// From here on nothing can be trusted.
    Broken {
        at: u64,
        reason: &'static str,
    },
}

/// The first bytes of a frame.
struct Prefix {
    checksum: u32,
    length: usize,
    tag: u8,
    kind: u8,
}

impl Prefix {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (checksum, bytes) = bytes.split_first_chunk()?;
        let (length, bytes) = bytes.split_first_chunk()?;
        let [tag, kind] = *bytes.first_chunk()?;
        Some(Self {
            checksum: u32::from_le_bytes(*checksum),
            length: usize::try_from(u32::from_le_bytes(*length)).ok()?,
            tag,
            kind,
        })
    }
}

/// Reads the frames of a part of a segment, from the beginning of a batch.
pub(super) struct Frames<'f, F> {
    file: &'f F,
    origin: Origin,
    pub(super) chain: Chain,
    /// Where the next frame is.
    at: u64,
    /// Where the part ends.
    end: u64,
    /// Where the last batch ended that was read.
    pub(super) whole: u64,
    buffer: Vec<u8>,
    /// What of the buffer was read and is still to be looked at: it begins with the byte at `at`.
    from: usize,
    to: usize,
}

impl<'f, F: DiskFile> Frames<'f, F> {
    pub(super) fn new(file: &'f F, origin: Origin, chain: Chain, at: u64, end: u64) -> Self {
        Self {
            file,
            origin,
            chain,
            at,
            end,
            whole: at,
            buffer: Vec::new(),
            from: 0,
            to: 0,
        }
    }

    /// The next frame. After `Over` and `Broken` it stays there.
    pub(super) fn step(&mut self) -> io::Result<Step<'_>> {
        let at = self.at;
        let broken = |reason| Ok(Step::Broken { at, reason });
        if at >= self.end {
            return match self.whole == at {
                true => Ok(Step::Over),
                false => broken("the last batch has no end"),
            };
        }
        if !self.fill(PREFIX)? {
            return broken("the file ends within a record");
        }
        let Some(prefix) = self.buffer.get(self.from..self.to).and_then(Prefix::decode) else {
            return broken("the file ends within a record");
        };
        let whole = PREFIX.saturating_add(prefix.length);
        match prefix.tag {
            RECORD => {}
            BATCH if prefix.length == END_BODY && prefix.kind == 0 => {}
            _ => return broken("there is no record"),
        }
        // Before anything is allocated for it: the length may be what is damaged.
        if whole as u64 > self.end - at {
            return broken("a record is longer than the file");
        }
        if !self.fill(whole)? {
            return broken("the file ends within a record");
        }
        let frame = self.from..self.from + whole;
        let covered = self.buffer.get(frame.start + 4..frame.end).unwrap_or_default();
        if self.origin.checksum(at, covered) != prefix.checksum {
            return broken("a checksum is wrong");
        }
        let body = frame.start + PREFIX..frame.end;
        if prefix.tag == BATCH {
            if self.buffer.get(body) != Some(self.chain.end().as_slice()) {
                return broken("a batch is not what was written");
            }
            self.pass(whole);
            self.chain.ended(prefix.checksum);
            self.whole = self.at;
            return Ok(Step::End);
        }
        self.pass(whole);
        self.chain.record(prefix.checksum);
        Ok(Step::Record {
            at,
            kind: prefix.kind,
            payload: self.buffer.get(body).unwrap_or_default(),
        })
    }

    fn pass(&mut self, bytes: usize) {
        self.from += bytes;
        self.at += bytes as u64;
    }

    /// Has the next bytes in the buffer; false if the file has ended before, though it was longer once.
    fn fill(&mut self, bytes: usize) -> io::Result<bool> {
        let have = self.to - self.from;
        if have >= bytes {
            return Ok(true);
        }
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        if left < bytes {
            return Ok(false);
        }
        let want = bytes.max(CHUNK).min(left);
        self.buffer.copy_within(self.from..self.to, 0);
        if self.buffer.len() < want {
            self.buffer.resize(want, 0);
        }
        (self.from, self.to) = (0, have);
        let room = self.buffer.get_mut(have..want).unwrap_or_default();
        self.to += self.file.read_at(room, self.at + have as u64)?;
        Ok(self.to >= bytes)
    }
}

/// Reads one record into `payload`, and says its kind; `None` if what is there is none.
pub(super) fn read_one<F: DiskFile>(
    file: &F,
    origin: Origin,
    at: u64,
    end: u64,
    payload: &mut Vec<u8>,
) -> io::Result<Option<u8>> {
    let mut prefix = [0; PREFIX];
    payload.clear();
    if file.read_at(&mut prefix, at)? < PREFIX {
        return Ok(None);
    }
    let [_, _, _, _, covered @ ..] = prefix;
    let Some(prefix) = Prefix::decode(&prefix) else {
        return Ok(None);
    };
    let left = end.saturating_sub(at).saturating_sub(PREFIX as u64);
    if prefix.tag != RECORD || prefix.length as u64 > left {
        return Ok(None);
    }
    payload.resize(prefix.length, 0);
    let read = file.read_at(payload, at + PREFIX as u64)?;
    let mut hasher = Hasher::new_with_initial(origin.seed);
    hasher.update(&at.to_le_bytes());
    hasher.update(&covered);
    hasher.update(payload);
    let sound = read == prefix.length && hasher.finalize() == prefix.checksum;
    if !sound {
        payload.clear();
    }
    Ok(sound.then_some(prefix.kind))
}

/// Whether a batch later than `next` ends somewhere between `from` and `to`: then what is broken before it was
/// acknowledged once, as nothing is written behind a batch before that.
pub(super) fn later_batch<F: DiskFile>(file: &F, origin: Origin, next: u64, from: u64, to: u64) -> io::Result<bool> {
    let mut chunk = vec![0; CHUNK];
    let mut start = from;
    while start < to {
        let read = file.read_at(&mut chunk, start)?;
        for (at, window) in (start..to).zip(chunk.get(..read).unwrap_or_default().windows(END)) {
            if at + END as u64 <= to && origin.ends_batch(at, window).is_some_and(|found| found > next) {
                return Ok(true);
            }
        }
        if read < CHUNK {
            break;
        }
        start += (read + 1 - END) as u64;
    }
    Ok(false)
}

impl Origin {
    /// The sequence number of the batch that this frame ends, if it does.
    pub(super) fn ends_batch(self, at: u64, frame: &[u8]) -> Option<u64> {
        let prefix = Prefix::decode(frame).filter(|prefix| (prefix.tag, prefix.length) == (BATCH, END_BODY))?;
        let (_, covered) = frame.split_first_chunk::<4>()?;
        let (_, body) = frame.split_at_checked(PREFIX)?;
        let sequence = u64::from_le_bytes(*body.first_chunk()?);
        (covered.len() + 4 == END && self.checksum(at, covered) == prefix.checksum).then_some(sequence)
    }
}
