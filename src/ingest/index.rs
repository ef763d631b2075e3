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
    key: RandomState,
    numbers: HashMap<(u64, u64), IdentifierId, BuildHasherDefault<First>>,
}

impl Index {
    pub(super) fn get(&self, id: &Identifier) -> Option<IdentifierId> {
        self.numbers.get(&self.hash(id)).copied()
    }

    /// The number of an identifier, which becomes `next` where it has none.
    pub(super) fn get_or_insert(&mut self, id: &Identifier, next: IdentifierId) -> IdentifierId {
        *self.numbers.entry(self.hash(id)).or_insert(next)
    }

    fn hash(&self, id: &Identifier) -> (u64, u64) {
        // Two texts that differ have two hashes that have nothing to do with each other.
        (self.key.hash_one((false, id)), self.key.hash_one((true, id)))
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
                assert_eq!(index.get_or_insert(&id(number), next), IdentifierId::numbered(number));
                assert_eq!(index.get(&id(number)), Some(IdentifierId::numbered(number)));
            }
        }
        assert_eq!(index.get(&id(20_000)), None);
    }
}
