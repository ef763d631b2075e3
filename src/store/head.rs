//! The note of which batch was acknowledged last.
//!
//! The log alone cannot tell a batch whose writing was cut short from one that was acknowledged and damaged later. So
//! the writer notes each acknowledgement here, without waiting for the disk: a note that is lost makes the log accept a
//! batch as "perhaps acknowledged" that certainly was, and no more. There are three places for it. The first is written
//! when the store is opened, in a file that takes the old one's name when it is durable, and never touched again; the
//! other two take turns. So a crash that spoils both of these leaves the first.

use std::io;
use std::path::Path;

use super::disk::{Disk, DiskFile, Mode};
use super::segment::{HEAD, UNFINISHED};

const MAGIC: [u8; 4] = *b"vohd";
const SLOTS: u64 = 3;
/// Places are this far apart, so that none shares a sector with another.
const APART: u64 = 512;
const SLOT: usize = 24;

/// What a head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// The store with this number has acknowledged all batches up to this one.
    Up { store: u64, to: u64 },
    /// There is no head.
    Missing,
    /// Every place in it is damaged.
    Unreadable,
}

fn slot(store: u64, sequence: u64) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    let bytes = MAGIC
        .into_iter()
        .chain(store.to_le_bytes())
        .chain(sequence.to_le_bytes());
    slot.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    if let Some((covered, checksum)) = slot.split_last_chunk_mut::<4>() {
        *checksum = crc32fast::hash(covered).to_le_bytes();
    }
    slot
}

fn decode(bytes: &[u8; SLOT]) -> Option<(u64, u64)> {
    let (_, rest) = bytes.split_first_chunk::<4>()?;
    let (store, rest) = rest.split_first_chunk()?;
    let sequence = rest.first_chunk()?;
    let (store, sequence) = (u64::from_le_bytes(*store), u64::from_le_bytes(*sequence));
    (slot(store, sequence) == *bytes).then_some((store, sequence))
}

/// What is noted in a folder.
pub(super) fn read<D: Disk>(disk: &D, folder: &Path) -> io::Result<Noted> {
    let file = match disk.open(&folder.join(HEAD), Mode::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Noted::Missing),
        Err(error) => return Err(error),
    };
    let mut best: Option<(u64, u64)> = None;
    for place in 0..SLOTS {
        let mut bytes = [0; SLOT];
        file.read_at(&mut bytes, place * APART)?;
        let found = decode(&bytes);
        if found.map(|(_, sequence)| sequence) > best.map(|(_, sequence)| sequence) {
            best = found;
        }
    }
    Ok(match best {
        Some((store, to)) => Noted::Up { store, to },
        None => Noted::Unreadable,
    })
}

/// The head of a store that is open for writing.
#[derive(Debug)]
pub(super) struct Head<F> {
    file: F,
    store: u64,
    turn: u64,
}

impl<F: DiskFile> Head<F> {
    /// Makes it anew, durably.
    pub(super) fn make<D: Disk<File = F>>(disk: &D, folder: &Path, store: u64, to: u64) -> io::Result<Self> {
        let new = folder.join(format!("{HEAD}{UNFINISHED}"));
        let file = disk.open(&new, Mode::New)?;
        for place in 0..SLOTS {
            file.write_at(&slot(store, to), place * APART)?;
        }
        file.sync()?;
        disk.rename(&new, &folder.join(HEAD))?;
        disk.sync_folder(folder)?;
        Ok(Self { file, store, turn: 0 })
    }

    /// Notes that everything up to this batch was acknowledged. That this may fail takes nothing from what was: the
    /// log alone has to keep it.
    pub(super) fn note(&mut self, to: u64) {
        self.turn = (self.turn + 1) % 2;
        let _ = self.file.write_at(&slot(self.store, to), (1 + self.turn) * APART);
    }

    /// Makes the notes durable, as far as that goes.
    pub(super) fn close(&self) {
        let _ = self.file.sync();
    }
}
