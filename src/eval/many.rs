//! Many profiles: sets of them, and work that is shared among threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::members::has_accounts;
use super::row::Row;
use crate::ir::{AudienceSlot, Program};
use crate::model::Profile;
use crate::time::Timestamp;

/// Some of a number of profiles, by their places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// A bit for each profile.
    words: Vec<u64>,
}

/// A funnel of this profile, by its place, costs more than [`Row::BUDGET`]: no answer is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a funnel of profile {0} looks at too many events")]
pub struct TooCostly(pub usize);

impl Places {
    /// How many they are.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Whether the profile at a place is one of them.
    pub fn contains(&self, place: usize) -> bool {
        self.words
            .get(place / 64)
            .is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    /// Takes one more in.
    pub(crate) fn insert(&mut self, place: usize) {
        if self.words.len() <= place / 64 {
            self.words.resize(place / 64 + 1, 0);
        }
        if let Some(word) = self.words.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    /// How many are in both.
    pub(crate) fn common(&self, others: &Places) -> usize {
        let words = self.words.iter().zip(&others.words);
        words.map(|(word, other)| (word & other).count_ones() as usize).sum()
    }

    /// Their places, in order.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left &= left.checked_sub(1)?;
                Some(at * 64 + bit)
            })
        })
    }
}

impl FromIterator<usize> for Places {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> Self {
        let mut all = Places::default();
        places.into_iter().for_each(|place| all.insert(place));
        all
    }
}

/// How many profiles a thread takes at a time.
const CHUNK: usize = 4096;

/// The members of each audience as of `now`, in the order of [`Program::audiences`]: one profile after the other, by so many
/// threads. Where there are audiences of accounts, whoever has an account is in none here: the accounts may decide.
///
/// # Errors
/// [`TooCostly`]
pub fn one_by_one(
    program: &Program,
    profiles: &[Arc<Profile>],
    now: Timestamp,
    threads: usize,
) -> Result<Vec<Places>, TooCostly> {
    let with_accounts = has_accounts(program);
    let parts = share(&parts(profiles, CHUNK), threads, |(first, chunk)| {
        let mut found = vec![vec![0_u64; chunk.len().div_ceil(64)]; program.audiences.len()];
        let mut row = Row::default();
        for (at, profile) in chunk.iter().enumerate() {
            if with_accounts && profile.accounts().next().is_some() {
                continue;
            }
            row.bind(program, profile, now);
            super::evaluate(program, &mut row, &[]);
            if row.is_exhausted() {
                return Err(TooCostly(first + at));
            }
            for (slot, words) in found.iter_mut().enumerate() {
                if let Some(word) = words.get_mut(at / 64).filter(|_| row.is_member(AudienceSlot::at(slot))) {
                    *word |= 1 << (at % 64);
                }
            }
        }
        Ok(found)
    });
    join(program, parts)
}

/// The profiles by so many, each part with the place of its first.
pub(super) fn parts(profiles: &[Arc<Profile>], length: usize) -> Vec<(usize, &[Arc<Profile>])> {
    (0..).step_by(length).zip(profiles.chunks(length)).collect()
}

/// Puts what was found in parts together; each but the last is whole words.
pub(super) fn join(program: &Program, parts: Vec<Result<Vec<Vec<u64>>, TooCostly>>) -> Result<Vec<Places>, TooCostly> {
    let mut all: Vec<Places> = program.audiences.iter().map(|_| Places::default()).collect();
    for part in parts {
        for (all, mut words) in all.iter_mut().zip(part?) {
            all.words.append(&mut words);
        }
    }
    Ok(all)
}

/// Does something with each item, by so many threads, and gives what comes of it in the order of the items.
pub(crate) fn share<T: Sync, R: Send>(items: &[T], threads: usize, each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, each(item)));
        }
    };
    let mut done = thread::scope(|scope| {
        // Where the system has no more of them, those that there are do it.
        let others = (1..threads.min(items.len())).map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok());
        let others: Vec<_> = others.collect();
        let mut done = work();
        for other in others {
            match other.join() {
                Ok(others) => done.extend(others),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
