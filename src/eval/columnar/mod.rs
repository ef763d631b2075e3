//! Evaluates a program against many profiles at once.
//!
//! A [`Snapshot`] lays profiles out in columns: what a program reads of them, each trait and each event property by itself,
//! events by name. It goes through them a block at a time, and answers each distinct condition of the whole program once a
//! block, as a set of profiles; an audience is then a few operations on such sets. What is dear (events, texts) is only asked
//! about profiles of which it still matters.
//!
//! It means what the evaluator of one profile means, which is asked itself wherever a condition has no form of its own here:
//! funnels of several steps, references from one value to another, computed lists of texts. A value is in its column
//! exactly as it was, so that a profile can be laid out from it again.
//!
//! # The way
//! 1. `segment`, `column`: profiles become segments of some ten thousand, and values columns: numbers counted in units of
//!    a power of ten, values that repeat by code, texts one behind the other.
//! 2. `plan`: a program is prepared for a segment and an instant. `select`: a condition on one value becomes a range of
//!    numbers or a set of codes. `filter`, `count`, `aggregate`: the same for events, what follows them, and computed traits.
//!    `ladder`, `windows`: what many conditions have in common is asked once.
//! 3. `block`: the plan is carried out for a block, `bits` wide.
//!
//! Who has an account can be in audiences that depend on others of the account; such people are not for this executor
//! ([`Engine::run`](crate::Engine::run) leaves them to the other one).

mod aggregate;
mod bits;
mod block;
mod column;
mod count;
mod filter;
mod ladder;
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
use self::plan::Plan;
use self::segment::{GrowingSegment, Segment};
use self::select::Asker;
use crate::eval::many::{Places, TooCostly, join, share};
use crate::ir::{AudienceSlot, NodeId, Program};
use crate::model::Profile;
use crate::time::Timestamp;

/// How many profiles a segment has at the most: so many that preparing a program for it does not count, and so few that
/// several threads have their share.
const SEGMENT: usize = 1 << 16;

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
    /// Each but the last one with as many profiles as a segment has at the most.
    segments: Vec<Segment>,
    count: usize,
}

impl<'p> Snapshot<'p> {
    /// Lays profiles out for a program, by so many threads.
    pub fn new(program: &'p Program, profiles: &[Arc<Profile>], threads: usize) -> Self {
        let parts: Vec<&[Arc<Profile>]> = profiles.chunks(SEGMENT).collect();
        Snapshot {
            program,
            segments: share(&parts, threads, |part| Segment::new(program, part)),
            count: profiles.len(),
        }
    }

    /// Lays profiles out that come one by one and need not all be there at once.
    pub fn of(program: &'p Program, profiles: impl IntoIterator<Item = Profile>) -> Self {
        let mut snapshot = Snapshot {
            program,
            segments: Vec::new(),
            count: 0,
        };
        let mut growing = GrowingSegment::new(program);
        for profile in profiles {
            growing.push(program, &profile);
            snapshot.count += 1;
            if growing.len() == SEGMENT {
                let full = std::mem::replace(&mut growing, GrowingSegment::new(program));
                snapshot.segments.push(full.finish());
            }
        }
        if growing.len() > 0 {
            snapshot.segments.push(growing.finish());
        }
        snapshot
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
        self.segments.iter().map(Segment::bytes).sum()
    }

    /// The conditions that have no form of their own in these columns and are asked of one profile after the other: what makes
    /// an evaluation slow.
    pub fn one_by_one(&self, now: Timestamp) -> BTreeSet<NodeId> {
        let asker = Asker::new(self.program, now);
        let of = |segment| {
            Plan::new(self.program, segment, &asker)
                .one_by_one()
                .collect::<Vec<NodeId>>()
        };
        self.segments.iter().flat_map(of).collect()
    }

    /// The members of each audience as of `now`, in the order of [`Program::audiences`], by so many threads. Nobody is in an
    /// audience of accounts.
    ///
    /// # Errors
    /// [`TooCostly`]
    pub fn members(&self, now: Timestamp, threads: usize) -> Result<Vec<Places>, TooCostly> {
        join(
            self.program,
            share(&self.segments, threads, |segment| members(self.program, segment, now)),
            SEGMENT,
        )
    }

    /// How many members each audience has, as [`members`](Snapshot::members) finds them, without keeping who they are.
    ///
    /// # Errors
    /// [`TooCostly`]
    pub fn sizes(&self, now: Timestamp, threads: usize) -> Result<Vec<usize>, TooCostly> {
        let program = self.program;
        let parts = share(&self.segments, threads, |segment| {
            let mut sizes = vec![0; program.audiences.len()];
            evaluate(program, segment, now, |audience, _, bits| {
                if let Some(size) = sizes.get_mut(audience.index()) {
                    *size += bits.iter().map(|word| word.count_ones() as usize).sum::<usize>();
                }
            })?;
            Ok(sizes)
        });
        let mut all = vec![0; program.audiences.len()];
        for (number, part) in parts.into_iter().enumerate() {
            let part: Vec<usize> = part.map_err(|TooCostly(at)| TooCostly(number * SEGMENT + at))?;
            all.iter_mut().zip(part).for_each(|(all, size)| *all += size);
        }
        Ok(all)
    }
}

/// Whether laying out profiles that are asked about once pays: that costs about as much as asking a dozen audiences of each.
/// It does where there are many of both, and no condition that would be asked of one profile after the other all the same,
/// as far as the program alone tells that.
pub fn pays(program: &Program, profiles: usize) -> bool {
    /// Fewer are asked one by one sooner.
    const PROFILES: usize = 1000;
    const AUDIENCES: usize = 50;
    profiles >= PROFILES && program.audiences.len() >= AUDIENCES && {
        let snapshot = Snapshot {
            program,
            segments: vec![GrowingSegment::new(program).finish()],
            count: 0,
        };
        snapshot.one_by_one(Timestamp::EPOCH).is_empty()
    }
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
    let parts: Vec<&[Arc<Profile>]> = profiles.chunks(SEGMENT).collect();
    join(
        program,
        share(&parts, threads, |part| {
            members(program, &Segment::with_people(program, part), now)
        }),
        SEGMENT,
    )
}

/// By audience a bit for each profile of the segment.
fn members(program: &Program, segment: &Segment, now: Timestamp) -> Result<Vec<Vec<u64>>, TooCostly> {
    let words = segment.count.div_ceil(64);
    let mut found: Vec<Vec<u64>> = vec![vec![0; words]; program.audiences.len()];
    evaluate(program, segment, now, |audience, start, bits| {
        let words = found
            .get_mut(audience.index())
            .and_then(|words| words.get_mut(start / 64..));
        for (word, bits) in words.into_iter().flatten().zip(bits) {
            *word = *bits;
        }
    })?;
    Ok(found)
}

/// Hands over, block by block, the members of each audience: the audience, the block's first place, and a bit for each profile
/// from there on.
fn evaluate(
    program: &Program,
    segment: &Segment,
    now: Timestamp,
    mut members: impl FnMut(AudienceSlot, usize, &[u64]),
) -> Result<(), TooCostly> {
    let asker = Asker::new(program, now);
    let plan = Plan::new(program, segment, &asker);
    let mut room = Room::new(program);
    for start in (0..segment.count).step_by(BLOCK) {
        block::evaluate((program, segment), &plan, &asker, start, &mut room, |audience, bits| {
            members(audience, start, bits);
        })?;
    }
    Ok(())
}
