//! How many members two audiences have together.

use serde::Serialize;

use super::Run;
use crate::eval::Places;
use crate::ir::Subject;

/// Which of the profiles the members of an audience are. Labels could not say so of a host's profiles: two of them may be called
/// the same.
///
/// In which order profiles were given is no part of what is said of them, so all are equal.
#[derive(Debug, Clone, Default)]
pub(super) struct Who(pub(super) Places);

impl PartialEq for Who {
    fn eq(&self, _: &Who) -> bool {
        true
    }
}

impl Eq for Who {}

/// How many members two audiences have together ([`Run::overlap`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Overlap {
    /// Those who are in both.
    pub both: usize,
    /// Those who are in the first alone.
    pub only_a: usize,
    /// Those who are in the second alone.
    pub only_b: usize,
}

impl Run {
    /// How many members two audiences have together. `None` where there is no such audience, or one is of users and the other
    /// of accounts: these have no members that could be the same.
    ///
    /// ```
    /// use volens::{Engine, Profile, Timestamp};
    ///
    /// let engine = Engine::from_text("a.audience", r#"
    ///     audience pros { who trait plan = "pro" }
    ///     audience germans { who trait country = "DE" }
    /// "#)?;
    /// let profile = |id: &str, plan: &str| {
    ///     Profile::builder().user_id(id).trait_("plan", plan).trait_("country", "DE").build()
    /// };
    /// let now: Timestamp = "2026-06-30".parse()?;
    /// let run = engine.run(&[profile("u1", "pro"), profile("u2", "free")].into_iter().collect(), now)?;
    /// let overlap = run.overlap("pros", "germans").ok_or("no such audience")?;
    /// assert_eq!((overlap.both, overlap.only_a, overlap.only_b), (1, 0, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn overlap(&self, a: &str, b: &str) -> Option<Overlap> {
        let find = |name: &str| self.audiences.iter().find(|audience| &*audience.name == name);
        let (a, b) = (find(a)?, find(b)?);
        let both = match (a.of, b.of) {
            (Subject::User, Subject::User) => a.who.0.common(&b.who.0),
            // An account has one label, and no other has it.
            (Subject::Account, Subject::Account) => common(&a.members, &b.members),
            (Subject::User, Subject::Account) | (Subject::Account, Subject::User) => return None,
        };
        Some(Overlap {
            both,
            only_a: a.size - both,
            only_b: b.size - both,
        })
    }
}

/// How many entries two lists have together; both are sorted and have each once.
fn common<T: Ord>(a: &[T], b: &[T]) -> usize {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let mut rest = many;
    let is_in = |wanted: &&T| {
        let at = rest.partition_point(|other| other < *wanted);
        rest = rest.get(at..).unwrap_or_default();
        rest.first() == Some(*wanted)
    };
    few.iter().filter(is_in).count()
}
