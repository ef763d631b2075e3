//! The number of each identifier.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use super::event::Identifier;
use super::people::IdentifierId;

/// From identifiers to their numbers.
///
/// It keeps 128 bits of a keyed hash, not the identifiers: to look at those, each in a place of its own, would take most of
/// the time of a lookup among millions. The key is drawn anew each time, so that no sender can make two hashes equal; of a
/// hundred million identifiers two have one hash by chance once in 10²² times.
///
/// It is looked up only, never walked: its order is not the same twice.
#[derive(Debug, Default)]
pub(super) struct Index {
    hashing: Hashing,
    numbers: HashMap<IdentifierHash, IdentifierId, BuildHasherDefault<First>>,
}

/// The key of the hashes, which others may use, too: they are made where events are read, on several threads.
#[derive(Debug, Clone, Default)]
pub(super) struct Hashing(RandomState);

/// What an identifier is looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct IdentifierHash(u64, u64);

impl Hashing {
    pub(super) fn identifier(&self, id: &Identifier) -> IdentifierHash {
        // Two texts that differ have two hashes that have nothing to do with each other.
        IdentifierHash(self.0.hash_one((false, id)), self.0.hash_one((true, id)))
    }

    /// Of what is not looked up by its hash alone, so that two of one hash only cost a second look.
    pub(super) fn message_id(&self, id: &str) -> u64 {
        self.0.hash_one(id)
    }
}

impl Index {
    pub(super) fn hashing(&self) -> &Hashing {
        &self.hashing
    }

    pub(super) fn get(&self, id: IdentifierHash) -> Option<IdentifierId> {
        self.numbers.get(&id).copied()
    }

    /// The number of an identifier, which becomes `next` where it has none.
    pub(super) fn get_or_insert(&mut self, id: IdentifierHash, next: IdentifierId) -> IdentifierId {
        *self.numbers.entry(id).or_insert(next)
    }
}

/// The first half of a hash serves as the hash of the whole.
#[derive(Debug, Default)]
struct First(Option<u64>);

impl Hasher for First {
    fn finish(&self) -> u64 {
        self.0.unwrap_or_default()
    }

    fn write(&mut self, bytes: &[u8]) {
        let hash = bytes
            .iter()
            .fold(0, |hash: u64, byte| hash.rotate_left(8) ^ u64::from(*byte));
        self.write_u64(hash);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0.get_or_insert(hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_identifier_keeps_its_number() {
        let id = |number: u32| Identifier {
            kind: if number.is_multiple_of(2) { "a" } else { "ab" }.into(),
            value: (number / 2).to_string().into(),
        };
        let mut index = Index::default();
        for round in 0..2 {
            for number in 0..20_000 {
                let next = IdentifierId::numbered(number + round * 1_000_000);
                let hash = index.hashing().identifier(&id(number));
                assert_eq!(index.get_or_insert(hash, next), IdentifierId::numbered(number));
                assert_eq!(index.get(hash), Some(IdentifierId::numbered(number)));
            }
        }
        assert_eq!(index.get(index.hashing().identifier(&id(20_000))), None);
    }
}
