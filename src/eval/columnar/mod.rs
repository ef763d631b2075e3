//! Evaluates a program against many profiles at once.
//!
//! A [`Snapshot`] lays profiles out in columns: what a program reads of them, each trait and each event property by itself,
//! events by name. It goes through them a block at a time, and answers each distinct condition of the whole program once a
//! block, as a set of profiles; an audience is then a few operations on such sets. What is dear (events, texts) is only asked
//! about profiles of which it still matters.
//!
//! It means what the evaluator of one profile means, which is asked itself wherever a condition has no form of its own here:
//! references to computed traits in a `where`, references inside `any … ( … )`, funnels over many events. A value is in its
//! column exactly as it was, so that a profile can be laid out from it again.
//!
//! # The way
//! 1. `segment`, `column`: profiles become segments of some ten thousand, and values columns: numbers counted in units of
//!    a power of ten, values that repeat by code, texts one behind the other.
//! 2. `plan`: a program is prepared for a segment and an instant. `select`: a condition on one value becomes a range of
//!    numbers or a set of codes. `filter`, `count`, `aggregate`: the same for events, what follows them, and computed traits; `pair`: of two values.
//!    `ladder`, `windows`: what many conditions have in common is asked once.
//! 3. `block`: the plan is carried out for a block, `bits` wide.
//!
//! Where there are audiences of accounts, what others of an account do can decide about a person. Whoever has an account is then in no
//! audience here; [`Engine::run`](crate::Engine::run) leaves such people to the other executor.

mod aggregate;
mod bits;
mod block;
mod column;
mod count;
mod filter;
mod ladder;
mod pair;
mod plan;
mod segment;
mod select;
#[cfg(test)]
mod tests;
mod windows;

use std::collections::BTreeSet;
use std::sync::Arc;

use self::bits::BLOCK;
use self::block::Room;
#[cfg(feature = "parquet")]
pub(crate) use self::column::{Cell, Column, Growing};
use self::plan::Plan;
#[cfg(feature = "parquet")]
pub(crate) use self::segment::{Columns, Events};
use self::segment::{GrowingSegment, Segment};
use self::select::Asker;
use crate::eval::many::{Places, TooCostly, join, parts, share};
use crate::ir::{AudienceSlot, NodeId, Program};
use crate::model::{Consent, Profile};
use crate::time::Timestamp;

/// How many profiles a segment has at the most: so many that preparing a program for it does not count, and so few that
/// several threads have their share.
pub(crate) const SEGMENT: usize = 1 << 16;
/// Where profiles come one by one, a segment ends behind so many events, which are counted in 32 bits. So many do not fit the
/// memory as profiles.
const EVENTS: usize = 1 << 31;

/// What a program reads of some profiles, in columns. Where a number of threads is asked for, 0 is as good as 1.
///
/// ```
/// use std::sync::Arc;
///
/// use volens::eval::columnar::Snapshot;
/// use volens::{Engine, Profile, Timestamp};
///
/// let engine = Engine::from_text("shop.audience", r#"audience pros { who trait plan = "pro" }"#)?;
/// let pro = Profile::builder().user_id("u1").trait_("plan", "pro").build();
/// let free = Profile::builder().user_id("u2").trait_("plan", "free").build();
/// let snapshot = Snapshot::new(engine.program(), &[Arc::new(pro), Arc::new(free)], 1);
/// let members = snapshot.members(Timestamp::EPOCH, 1)?;
/// assert_eq!(members.iter().map(|audience| audience.places().collect()).collect::<Vec<Vec<usize>>>(), [[0]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Snapshot<'p> {
    /// What stands in a column follows from it: by another one, consent to one category would be read as that to another.
    program: &'p Program,
    /// Each with the place of its first profile; each but the last one has whole words of them.
    segments: Vec<(usize, Segment)>,
    count: usize,
}

impl<'p> Snapshot<'p> {
    /// Lays profiles out for a program, by so many threads.
    pub fn new(program: &'p Program, profiles: &[Arc<Profile>], threads: usize) -> Self {
        let lay = |(first, part): &(usize, &[Arc<Profile>])| (*first, Segment::new(program, part));
        Snapshot {
            program,
            segments: share(&parts(profiles, SEGMENT), threads, lay),
            count: profiles.len(),
        }
    }

    /// Lays profiles out that come one by one and need not all be there at once.
    pub fn from_profiles(program: &'p Program, profiles: impl IntoIterator<Item = Profile>) -> Self {
        let mut snapshot = Snapshot {
            program,
            segments: Vec::new(),
            count: 0,
        };
        let mut growing = GrowingSegment::new(program);
        for profile in profiles {
            growing.push(program, &profile);
            if growing.len() == SEGMENT || growing.len().is_multiple_of(64) && growing.events() > EVENTS {
                let full = std::mem::replace(&mut growing, GrowingSegment::new(program));
                snapshot.push(full.finish());
            }
        }
        if growing.len() > 0 {
            snapshot.push(growing.finish());
        }
        snapshot
    }

    /// Of columns that hold [`SEGMENT`] profiles each, and the last of them what is left.
    #[cfg(feature = "parquet")]
    pub(crate) fn of_columns(program: &'p Program, parts: impl IntoIterator<Item = Columns>) -> Self {
        let mut snapshot = Snapshot {
            program,
            segments: Vec::new(),
            count: 0,
        };
        parts.into_iter().for_each(|columns| snapshot.push(columns.into()));
        snapshot
    }

    fn push(&mut self, segment: Segment) {
        let first = self.count;
        self.count += segment.count;
        self.segments.push((first, segment));
    }

    /// The consent of the profile at a place to the categories of the program: what decides where a member is delivered
    /// ([`enforce::decide`](crate::enforce::decide)). Nothing was collected of one that there is not.
    pub fn consent(&self, place: usize) -> Consent {
        let behind = self.segments.partition_point(|(first, _)| *first <= place);
        let segment = behind.checked_sub(1).and_then(|at| self.segments.get(at));
        segment.map_or_else(Consent::default, |(first, segment)| {
            segment.stored_consent(self.program, place - first)
        })
    }

    /// How many profiles there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no profile.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The room it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.segments.iter().map(|(_, segment)| segment.bytes()).sum()
    }

    /// The conditions that have no form of their own in these columns and are asked of one profile after the other: what makes
    /// an evaluation slow.
    pub fn not_in_columns(&self, now: Timestamp) -> BTreeSet<NodeId> {
        let asker = Asker::new(self.program, now);
        let of = |(_, segment): &(usize, Segment)| match Plan::new(self.program, segment, &asker) {
            Some(plan) => plan.one_by_one().collect::<Vec<NodeId>>(),
            None => self.program.audiences.iter().map(|audience| audience.who).collect(),
        };
        self.segments.iter().flat_map(of).collect()
    }

    /// The members of each audience as of `now`, in the order of [`Program::audiences`], by so many threads. Nobody is in an
    /// audience of accounts.
    ///
    /// # Errors
    /// [`TooCostly`]
    pub fn members(&self, now: Timestamp, threads: usize) -> Result<Vec<Places>, TooCostly> {
        let found = |(first, segment): &(usize, Segment)| members(self.program, *first, segment, now);
        join(self.program, share(&self.segments, threads, found))
    }

    /// How many members each audience has, as [`members`](Snapshot::members) finds them, without keeping who they are.
    ///
    /// # Errors
    /// [`TooCostly`]
    pub fn sizes(&self, now: Timestamp, threads: usize) -> Result<Vec<usize>, TooCostly> {
        let program = self.program;
        let parts = share(&self.segments, threads, |(first, segment)| {
            let none = || vec![0; program.audiences.len()];
            let asker = Asker::new(program, now);
            evaluate(program, &asker, (*first, segment), none, |sizes, audience, _, bits| {
                if let Some(size) = sizes.get_mut(audience.index()) {
                    *size += bits.iter().map(|word| word.count_ones() as usize).sum::<usize>();
                }
            })
        });
        let mut all = vec![0; program.audiences.len()];
        for part in parts {
            let part: Vec<usize> = part?;
            all.iter_mut().zip(part).for_each(|(all, size)| *all += size);
        }
        Ok(all)
    }
}

/// Whether laying out profiles that are asked about once pays, as far as the program alone tells that. What it costs is counted in
/// audiences asked of each profile one after the other; `docs/performance.md` has the measurements.
pub(crate) fn pays(program: &Program, profiles: usize) -> bool {
    /// Fewer are asked one by one sooner.
    const PROFILES: usize = 1000;
    /// Laying profiles out in columns,
    const COLUMNS: usize = 50;
    /// laying them out once more, where a condition has no form in columns,
    const ALONE: usize = 50;
    /// and asking each such condition.
    const EACH: usize = 10;
    if profiles < PROFILES || program.audiences.len() < COLUMNS {
        return false;
    }
    let snapshot = Snapshot {
        program,
        segments: vec![(0, GrowingSegment::new(program).finish())],
        count: 0,
    };
    let cost = match snapshot.not_in_columns(Timestamp::EPOCH).len() {
        0 => COLUMNS,
        conditions => COLUMNS + ALONE + EACH * conditions,
    };
    program.audiences.len() >= cost
}

/// The members of each audience, of profiles that are laid out for that alone, a segment at a time for each thread, so that
/// little more room is needed than for the profiles themselves. Otherwise as [`Snapshot::members`].
///
/// # Errors
/// [`TooCostly`]
pub fn members_of(
    program: &Program,
    profiles: &[Arc<Profile>],
    now: Timestamp,
    threads: usize,
) -> Result<Vec<Places>, TooCostly> {
    let found =
        |(first, part): &(usize, &[Arc<Profile>])| members(program, *first, &Segment::with_people(program, part), now);
    join(program, share(&parts(profiles, SEGMENT), threads, found))
}

/// By audience a bit for each profile of the segment; `first` is the place of its first.
fn members(program: &Program, first: usize, segment: &Segment, now: Timestamp) -> Result<Vec<Vec<u64>>, TooCostly> {
    let words = segment.count.div_ceil(64);
    let none = || vec![vec![0; words]; program.audiences.len()];
    let asker = Asker::new(program, now);
    evaluate(
        program,
        &asker,
        (first, segment),
        none,
        |found, audience, start, bits| {
            let words = found
                .get_mut(audience.index())
                .and_then(|words| words.get_mut(start / 64..));
            for (word, bits) in words.into_iter().flatten().zip(bits) {
                *word = *bits;
            }
        },
    )
}

/// Hands over, block by block, the members of each audience: what is to be made of them, the audience, the block's first place
/// in the segment, and a bit for each profile from there on. An error names the place among all, of which `first` is the
/// segment's first.
///
/// Where a funnel costs too much in columns, and where conditions are nested deeper than authors nest them, the profiles are
/// evaluated one by one from the beginning.
fn evaluate<T>(
    program: &Program,
    asker: &Asker<'_>,
    (first, segment): (usize, &Segment),
    none: impl Fn() -> T,
    mut put: impl FnMut(&mut T, AudienceSlot, usize, &[u64]),
) -> Result<T, TooCostly> {
    let starts = || (0..segment.count).step_by(BLOCK);
    if let Some(plan) = Plan::new(program, segment, asker) {
        let (mut all, mut room) = (none(), Room::new(program, &plan));
        let mut blocks = starts().map(|start| {
            block::evaluate((program, segment), &plan, asker, start, &mut room, |audience, bits| {
                put(&mut all, audience, start, bits);
            })
        });
        if blocks.all(|evaluated| evaluated.is_ok()) {
            return Ok(all);
        }
    }
    let mut all = none();
    for start in starts() {
        let members = block::one_by_one((program, segment), asker, start);
        let members = members.map_err(|TooCostly(at)| TooCostly(first + at))?;
        for (audience, bits) in (0..).map(AudienceSlot).zip(&members) {
            put(&mut all, audience, start, bits);
        }
    }
    Ok(all)
}
