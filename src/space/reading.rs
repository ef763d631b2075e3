//! Records read from a storage several at once, on threads of their own, and given in the order in which they are stored.
//!
//! One thread reads the records and cuts them into blocks, which are handed round to those that decode; what they come to is
//! taken back in the same order, and given on one more thread. So it makes no difference how many there are, and what waits
//! is bounded.

use std::num::NonZeroUsize;
use std::sync::mpsc::sync_channel;
use std::thread;

use super::SpaceError;
use super::erase::Erasure;
use super::journal::{read_stored, scan};
use super::record::{self, Stored};
use crate::ingest::{Event, Shared, Work, in_order};
use crate::model::IdentityRules;
use crate::store::{Entry, Position, Storage, StoreError};
use crate::time::Timestamp;

/// From how many bytes on a block is closed: large enough that handing it over costs nothing beside decoding it.
const BLOCK: usize = 128 << 10;
/// How many blocks each thread may have before it, and how many are read ahead of these.
const AHEAD: usize = 4;

/// Some records as they are stored.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    records: Vec<Record>,
}

/// Where a record is, what it is, and where its payload ends in the block.
struct Record {
    position: Position,
    kind: u8,
    end: usize,
}

/// A record that was read.
pub(super) enum Read<T> {
    Event(ReadEvent<T>),
    /// Not an event: its kind and its payload.
    Other(Position, u8, Vec<u8>),
}

pub(super) struct ReadEvent<T> {
    pub(super) position: Position,
    pub(super) received_at: Timestamp,
    pub(super) in_turn: bool,
    /// What it was wanted for.
    pub(super) wanted: T,
    /// `None` where it has no usable identifier under the rules as they are now (ID-14).
    pub(super) event: Option<Event>,
}

/// What records are read by.
pub(super) struct By<'j> {
    pub(super) erasure: &'j Erasure,
    pub(super) rules: &'j IdentityRules,
    /// On how many threads.
    pub(super) threads: NonZeroUsize,
}

impl Block {
    fn push(&mut self, entry: &Entry<'_>) {
        self.bytes.extend_from_slice(entry.payload);
        self.records.push(Record {
            position: entry.position,
            kind: entry.kind,
            end: self.bytes.len(),
        });
    }

    /// How many bytes it is, about: records count, or empty ones would fill no block ever.
    fn length(&self) -> usize {
        self.bytes.len() + self.records.len()
    }
}

impl By<'_> {
    /// Gives every record, in the order of storing: of events those that are `wanted`, and what for.
    pub(super) fn each<T: Send>(
        &self,
        storage: &impl Storage,
        wanted: impl Fn(&Stored<'_>, Position) -> Option<T> + Sync,
        mut give: impl FnMut(Read<T>) -> Result<(), SpaceError> + Send,
    ) -> Result<(), SpaceError> {
        let mut give_all = |read: Result<Vec<Read<T>>, SpaceError>| read?.into_iter().try_for_each(&mut give);
        let work = Work {
            weight: Block::length,
            room: AHEAD * BLOCK,
            do_: |shared: &mut Shared, block: Block| self.read(&block, &wanted, shared),
        };
        let mut shared: Vec<Shared> = Vec::new();
        shared.resize_with(self.threads.get(), Shared::new);
        if let [shared] = shared.as_mut_slice() {
            return blocks(storage, |block| give_all((work.do_)(shared, block)));
        }
        thread::scope(|scope| {
            let (hand, take) = sync_channel(AHEAD);
            let giving = scope.spawn(|| {
                let mut take = take.into_iter();
                let (first, second) = (take.next(), take.next());
                // What is short is read before a thread has begun.
                let threads = if second.is_none() { 1 } else { shared.len() };
                let blocks = [first, second].into_iter().flatten().chain(take).map(Ok);
                in_order(
                    shared.get_mut(..threads).unwrap_or_default(),
                    blocks,
                    &work,
                    &mut give_all,
                )
            });
            let read = blocks(storage, |block| {
                // Nobody takes them any more where there was an error, which is told below.
                hand.send(block)
                    .map_err(|_| StoreError::Stopped("an event is none".into()).into())
            });
            drop(hand);
            match giving.join() {
                Ok(given) => given.and(read),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    fn read<T>(
        &self,
        block: &Block,
        wanted: &impl Fn(&Stored<'_>, Position) -> Option<T>,
        shared: &mut Shared,
    ) -> Result<Vec<Read<T>>, SpaceError> {
        let mut read = Vec::with_capacity(block.records.len());
        let mut begin = 0;
        for Record { position, kind, end } in &block.records {
            let payload = block.bytes.get(begin..*end).unwrap_or_default();
            begin = *end;
            if *kind != record::EVENT {
                read.push(Read::Other(*position, *kind, payload.to_vec()));
                continue;
            }
            let stored = read_stored(payload)?;
            if let Some(wanted) = wanted(&stored, *position) {
                read.push(Read::Event(ReadEvent {
                    position: *position,
                    received_at: stored.received_at,
                    in_turn: stored.in_turn,
                    wanted,
                    event: self.erasure.event(&stored, self.rules, shared)?,
                }));
            }
        }
        Ok(read)
    }
}

/// Cuts what is stored into blocks.
fn blocks(storage: &impl Storage, mut give: impl FnMut(Block) -> Result<(), SpaceError>) -> Result<(), SpaceError> {
    let mut block = Block::default();
    scan(storage, |entry| {
        block.push(entry);
        if block.length() < BLOCK {
            return Ok(());
        }
        give(std::mem::take(&mut block))
    })?;
    give(block)
}
