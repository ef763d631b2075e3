//! Where the event of each message id is stored.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use crate::store::Position;

/// From message ids to positions. It keeps 64 bits of a hash that no sender can foresee, not the ids: whoever finds a
/// position has to look whether the id there is the right one.
#[derive(Debug, Default)]
pub(super) struct Index {
    seed: RandomState,
    by_hash: HashMap<u64, Position, BuildHasherDefault<AsItIs>>,
    /// The ids whose hash another id has taken.
    others: HashMap<Box<str>, Position>,
}

/// What an index knows of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It is stored here.
    Here(Position),
    /// It is stored here, or it is another that has the same hash; then it is not stored.
    Perhaps(Position),
}

impl Index {
    pub(super) fn get(&self, message_id: &str) -> Option<Found> {
        if let Some(position) = self.others.get(message_id) {
            return Some(Found::Here(*position));
        }
        self.by_hash.get(&self.hash(message_id)).map(|at| Found::Perhaps(*at))
    }

    /// `other`: whether the position that [`get`](Index::get) perhaps found is that of another id.
    pub(super) fn set(&mut self, message_id: &str, position: Position, other: bool) {
        if other || self.others.contains_key(message_id) {
            self.others.insert(message_id.into(), position);
        } else {
            self.by_hash.insert(self.hash(message_id), position);
        }
    }

    /// Whether an id, which is one of those stored, is stored at this position.
    pub(super) fn is_at(&self, message_id: &str, position: Position) -> bool {
        // Of two ids with one hash the index has one by itself, so none is taken for the other.
        match self.get(message_id) {
            Some(Found::Here(at) | Found::Perhaps(at)) => at == position,
            None => false,
        }
    }

    /// Whether an id, which is one of those stored, is stored at a position or behind it.
    pub(super) fn is_from(&self, message_id: &str, position: Position) -> bool {
        match self.get(message_id) {
            Some(Found::Here(at) | Found::Perhaps(at)) => at >= position,
            None => false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_hash.len() + self.others.len()
    }

    fn hash(&self, message_id: &str) -> u64 {
        self.seed.hash_one(message_id)
    }
}

/// The keys are hashes already.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
