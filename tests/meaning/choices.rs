//! Choices that proptest makes ahead and can make smaller: whatever is generated here is a function of them.

use proptest::prelude::*;

/// A supply of choices. When it is used up, each further choice is the first, which is always the simplest one.
pub(crate) struct Choices(std::vec::IntoIter<u16>);

impl Choices {
    pub(crate) fn new(choices: Vec<u16>) -> Self {
        Choices(choices.into_iter())
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::from(self.0.next().unwrap_or(0)) % n
    }

    /// Once in `n` times.
    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    pub(crate) fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }

    /// The same things in another order.
    pub(crate) fn turned<T>(&mut self, mut things: Vec<T>) -> Vec<T> {
        if !things.is_empty() {
            let by = self.below(things.len());
            things.rotate_left(by);
        }
        if self.once_in(2) {
            things.reverse();
        }
        things
    }
}

/// So many choices at the most.
pub(crate) fn choices(most: usize) -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 0..=most)
}
