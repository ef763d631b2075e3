//! Sets of profiles of one block, a bit each.

/// How many words a block has, and
pub(super) const WORDS: usize = 32;
/// how many profiles: few enough that what is known of a block stays in the processor's caches.
pub(super) const BLOCK: usize = WORDS * 64;

/// Some of the profiles of a block.
pub(super) type Bits = [u64; WORDS];

pub(super) const NONE: Bits = [0; WORDS];

/// The first so many.
pub(super) fn first(count: usize) -> Bits {
    let mut bits = NONE;
    for (at, word) in bits.iter_mut().enumerate() {
        let left = count.saturating_sub(at * 64);
        *word = if left >= 64 { u64::MAX } else { (1 << left) - 1 };
    }
    bits
}

pub(super) fn is_none(bits: &Bits) -> bool {
    bits.iter().fold(0, |all, word| all | word) == 0
}

/// Those who are in both.
pub(super) fn and(a: &Bits, b: &Bits) -> Bits {
    let mut bits = *a;
    keep(&mut bits, b);
    bits
}

/// Those of the one that are not in the other.
pub(super) fn without(a: &Bits, b: &Bits) -> Bits {
    let mut bits = *a;
    leave_out(&mut bits, b);
    bits
}

/// Leaves those that are in the other, too.
pub(super) fn keep(bits: &mut Bits, others: &Bits) {
    bits.iter_mut().zip(others).for_each(|(word, other)| *word &= other);
}

/// Takes in those of the other.
pub(super) fn add(bits: &mut Bits, others: &Bits) {
    bits.iter_mut().zip(others).for_each(|(word, other)| *word |= other);
}

/// Leaves those that are not in the other.
pub(super) fn leave_out(bits: &mut Bits, others: &Bits) {
    bits.iter_mut().zip(others).for_each(|(word, other)| *word &= !other);
}

/// Goes through the places of those that are in the set, and gives the set of those of which it holds.
pub(super) fn each(bits: &Bits, mut holds: impl FnMut(usize) -> bool) -> Bits {
    let mut found = NONE;
    for (at, (word, found)) in bits.iter().zip(&mut found).enumerate() {
        let mut left = *word;
        while left != 0 {
            let bit = left.trailing_zeros();
            left &= left - 1;
            *found |= u64::from(holds(at * 64 + bit as usize)) << bit;
        }
    }
    found
}

/// The places of whose cells it holds. Without a branch, and in two loops, so that the processor takes many cells at once.
pub(super) fn pack<T: Copy>(cells: &[T], holds: impl Fn(T) -> bool) -> Bits {
    let mut held = [0_u8; BLOCK];
    for (held, cell) in held.iter_mut().zip(cells) {
        *held = u8::from(holds(*cell));
    }
    let (eights, _) = held.as_chunks::<8>();
    let (words, _) = eights.as_chunks::<8>();
    let mut bits = NONE;
    for (word, eights) in bits.iter_mut().zip(words) {
        for (at, eight) in eights.iter().enumerate() {
            // Each byte is 0 or 1; the product gathers them in its highest byte.
            *word |= (u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (at * 8);
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_cells_are_where_they_were() {
        let cells: Vec<u8> = (0..BLOCK).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect();
        for length in [0, 1, 63, 64, 65, 1000, BLOCK] {
            let bits = pack(&cells[..length], |cell| cell < 100);
            for (at, cell) in cells.iter().enumerate() {
                assert_eq!(
                    bits[at / 64] >> (at % 64) & 1 == 1,
                    at < length && *cell < 100,
                    "{at} of {length}"
                );
            }
            assert_eq!(each(&first(length), |at| cells[at] < 100), bits);
        }
    }
}
