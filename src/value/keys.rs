//! Texts that come again and again, shared: keys of objects, names of events.

use std::sync::Arc;

/// How many texts are remembered; a power of two.
const SLOTS: usize = 1 << 11;
/// The same where few are read.
const FEW_SLOTS: usize = 1 << 6;
/// The longest text that is remembered, in bytes. Longer ones hardly repeat.
const LONGEST: usize = 64;

/// Remembers texts, one in each slot, the last that fell into it.
///
/// It is bounded, so that whoever sends ever new keys cannot make it grow, and it has no worst case, so that its hash need
/// not be one that nobody can foresee: what is not remembered is only not shared.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// Empty in one that remembers nothing.
    slots: Box<[Option<Arc<str>>]>,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Keys {
            slots: vec![None; SLOTS].into_boxed_slice(),
        }
    }

    /// One that costs little to make.
    pub(crate) fn few() -> Self {
        Keys {
            slots: vec![None; FEW_SLOTS].into_boxed_slice(),
        }
    }

    /// The text; the one that was given before, if it is remembered.
    pub(crate) fn shared(&mut self, text: &str) -> Arc<str> {
        let slot = if text.len() > LONGEST {
            None
        } else {
            let mask = self.slots.len().wrapping_sub(1);
            // The upper bits depend on all others.
            let place = usize::try_from(hash(text.as_bytes()) >> 48).unwrap_or(0);
            self.slots.get_mut(place & mask)
        };
        match slot {
            Some(Some(known)) if **known == *text => Arc::clone(known),
            Some(slot) => Arc::clone(slot.insert(text.into())),
            None => text.into(),
        }
    }
}

/// A hash of the length and both ends, which is what differs between keys in most cases; its upper bits depend on all others.
#[inline]
pub(super) fn hash(text: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (first, last) = match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (text.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)), 0),
    };
    let hash = (first ^ last.rotate_left(29) ^ text.len() as u64).wrapping_mul(FACTOR);
    (hash ^ hash >> 32).wrapping_mul(FACTOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one_and_others_are_not() {
        let mut keys = Keys::new();
        let first = keys.shared("plan");
        assert!(Arc::ptr_eq(&first, &keys.shared("plan")));
        assert_eq!(&*keys.shared("plan "), "plan ");
        let long = "x".repeat(LONGEST + 1);
        assert!(!Arc::ptr_eq(&keys.shared(&long), &keys.shared(&long)));
        let mut forgetful = Keys::default();
        assert!(!Arc::ptr_eq(&forgetful.shared("plan"), &forgetful.shared("plan")));
    }

    #[test]
    fn more_texts_than_slots_stay_right() {
        let mut keys = Keys::new();
        for round in 0..2 {
            for i in 0..3 * SLOTS {
                let text = format!("key-{i}");
                assert_eq!(*keys.shared(&text), *text, "{round}");
            }
        }
    }
}
