//! An identifier, and how it is looked up without making one.

use std::borrow::{Borrow, Cow};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// An identifier: its type and its value, as they are matched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Identifier {
    pub(crate) kind: Cow<'static, str>,
    pub(crate) value: Box<str>,
}

/// A type and a value, wherever they stand: what shared identifiers are found by.
///
/// Its order, equality and hash are those of [`Identifier`].
pub(crate) trait Named {
    /// The type and the value.
    fn name(&self) -> (&str, &str);
}

impl Named for Identifier {
    fn name(&self) -> (&str, &str) {
        (&self.kind, &self.value)
    }
}

impl Named for (&str, &str) {
    fn name(&self) -> (&str, &str) {
        *self
    }
}

impl<'n> Borrow<dyn Named + 'n> for Arc<Identifier> {
    fn borrow(&self) -> &(dyn Named + 'n) {
        &**self
    }
}

impl PartialEq for dyn Named + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for dyn Named + '_ {}

impl PartialOrd for dyn Named + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn Named + '_ {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name().cmp(&other.name())
    }
}

impl Hash for dyn Named + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use super::*;

    #[test]
    fn identifiers_are_found_by_type_and_value() {
        let all = [("a", "1"), ("a", "2"), ("ab", ""), ("b", "1")];
        let shared = || {
            all.map(|(kind, value)| {
                Arc::new(Identifier {
                    kind: kind.into(),
                    value: value.into(),
                })
            })
        };
        let hashed = HashSet::from(shared());
        let sorted = BTreeSet::from(shared());
        for name in all {
            assert!(hashed.contains(&name as &dyn Named));
            assert!(sorted.contains(&name as &dyn Named));
        }
        for name in [("a", "12"), ("a1", ""), ("", "a1"), ("b", "2")] {
            assert!(!hashed.contains(&name as &dyn Named));
            assert!(!sorted.contains(&name as &dyn Named));
        }
    }
}
