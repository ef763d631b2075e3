//! The files of the log: their names, and the header that each begins with.
//!
//! The header has the same layout in every version of the format, so that a later one can be told from damage.

use std::ffi::OsStr;

/// The length of a header, in bytes: where the first frame of a segment is.
pub(super) const HEADER: u64 = 40;
const MAGIC: [u8; 8] = *b"volens\x00\x1a";

/// Where the lines for people are.
pub(super) const NOTES: &str = "audit.jsonl";
/// Locks out a second writer. Nothing is in it.
pub(super) const LOCK: &str = "lock";
/// What was acknowledged last ([`super::head`]).
pub(super) const HEAD: &str = "head";
/// How the name of a file ends that is being written and will get its own name when it is whole.
pub(super) const UNFINISHED: &str = ".new";

/// The name of a segment. Numbers begin with 1 and leave none out.
pub(super) fn name(number: u64) -> String {
    format!("events-{number:08}.log")
}

/// What a file in the folder of a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Segment(u64),
    Lock,
    Head,
    Unfinished,
    /// Nothing of the log's.
    Other,
}

pub(super) fn named(file: &OsStr) -> Named {
    let Some(file) = file.to_str() else {
        return Named::Other;
    };
    let number = |file: &str| {
        let number: u64 = file.strip_prefix("events-")?.strip_suffix(".log")?.parse().ok()?;
        (name(number) == file).then_some(number)
    };
    match file {
        LOCK => Named::Lock,
        HEAD => Named::Head,
        _ => match (number(file), file.strip_suffix(UNFINISHED)) {
            (Some(number), _) => Named::Segment(number),
            (None, Some(to)) if to == HEAD || number(to).is_some() => Named::Unfinished,
            _ => Named::Other,
        },
    }
}

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The version of the format of everything in the file.
    pub(super) version: u16,
    /// A number that was drawn when the store was made: files of another store do not fit.
    pub(super) store: u64,
    /// The number in its name.
    pub(super) segment: u64,
    /// The sequence number of its first batch.
    pub(super) first: u64,
}

/// Why a header is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoHeader {
    /// The file begins otherwise.
    Foreign,
    /// It is short, or its checksum is wrong.
    Damaged,
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(40);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.version.to_le_bytes());
        // Always zero: it only brings the numbers that follow to even places.
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&self.store.to_le_bytes());
        bytes.extend_from_slice(&self.segment.to_le_bytes());
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, NoHeader> {
        let (magic, rest) = bytes.split_first_chunk().ok_or(NoHeader::Damaged)?;
        if *magic != MAGIC {
            return Err(NoHeader::Foreign);
        }
        Self::fields(rest)
            .filter(|header| bytes.get(..HEADER as usize) == Some(header.encode().as_slice()))
            .ok_or(NoHeader::Damaged)
    }

    fn fields(bytes: &[u8]) -> Option<Self> {
        let (version, bytes) = bytes.split_first_chunk()?;
        let (_, bytes) = bytes.split_first_chunk::<2>()?;
        let (store, bytes) = bytes.split_first_chunk()?;
        let (segment, bytes) = bytes.split_first_chunk()?;
        let (first, _) = bytes.split_first_chunk()?;
        Some(Self {
            version: u16::from_le_bytes(*version),
            store: u64::from_le_bytes(*store),
            segment: u64::from_le_bytes(*segment),
            first: u64::from_le_bytes(*first),
        })
    }
}
