//! Evaluates a program against profiles, as of an instant that the caller gives.
//!
//! [`holds`] is the specification of what a definition means: one condition of one profile, node by node, plainly. Any other
//! executor is right where it agrees with it: so is [`matches()`], which asks whole audiences of users by the program's
//! instructions and falls back on the nodes for what those do not answer (`tests/meaning` compares the two).
//!
//! # The way
//! 1. [`Row::new`] or [`Row::bind`] lays a [`Profile`](crate::Profile) out by the slots of a
//!    [`Program`], as of `now`: every name is looked up here, and texts and numbers are read as what the program compares
//!    them with. Computed traits that are no numbers, and all of accounts, are computed. This may allocate.
//!    [`Reader`] does the same from the profile's JSON, without a profile.
//! 2. [`evaluate`] fills in the row's memberships; [`matches()`] answers about one audience. Numbers are computed where a
//!    condition first asks for them. No name is looked up, nothing allocated, no clock read.
//! 3. [`Row::is_member`] tells them; [`deliverable`] and [`Row::consent`] tell what may be done with a member.
//!
//! [`holds`] asks about one node, and tells a [`Recorder`] what it saw on the way.
//!
//! # Users and accounts
//! An audience's `consent` and `include anonymous` clauses decide who is *delivered*. In an audience of users only those
//! can be members; in an audience of accounts they say nothing about which accounts match (language.md, Conditions), so
//! there [`deliverable`] must be asked about each user of a matching account.
//!
//! Users and accounts may refer to each other's audiences, in the order of
//! [`Program::order`](crate::ir::Program::order). Where both kinds occur, go through that order and call
//! [`evaluate_audience`] for the rows of each audience's kind. Before a user audience that is said to be in an audience
//! of accounts, tell each user's row with [`Row::set_member`] whether any of its accounts is in it.
//!
//! # Many profiles
//! [`one_by_one`] goes through many profiles on several threads; [`columnar`] lays them out in columns, and asks each distinct
//! condition once for a block of them (`tests/meaning` and `tests/columns.rs` hold it to this evaluator).
//! [`Engine::run`](crate::Engine::run) chooses.
//!
//! # Event by event
//! A [`Network`] keeps the answers for a profile up to date: it says which conditions a change can touch, and asks these again
//! by this same evaluator. A [`Watch`] tells when an answer can change by the passing of time alone.
//! [`Live`](crate::Live) drives both.
//!
//! ```
//! use volens::eval::{Row, evaluate};
//! use volens::ir::{Audience, Builder, Literal, Node, Operand, Subject, Test, Trait, TraitSource, ValueRef};
//! use volens::value::Path;
//! use volens::{Profile, Timestamp};
//!
//! let mut b = Builder::new();
//! let plan = b.trait_slot(Trait { of: Subject::User, source: TraitSource::Sent(Path::new(["plan"])) });
//! let who = b.leaf(Node::Test {
//!     value: ValueRef::Trait(plan),
//!     test: Test::Equals(Operand::Literal(Literal::Text("pro".into()))),
//! });
//! let pros = Audience {
//!     name: "pros".into(),
//!     label: None,
//!     of: Subject::User,
//!     who,
//!     consent: vec![],
//!     include_anonymous: false,
//!     destinations: vec![],
//! };
//! let program = b.finish(true, vec![], vec![], vec![pros], vec![volens::ir::AudienceSlot(0)]);
//!
//! let profile = Profile::builder().identifier("user_id", "u1").trait_("plan", "pro").build();
//! let mut row = Row::new(&program, &profile, Timestamp::EPOCH);
//! evaluate(&program, &mut row, &[]);
//! assert!(row.is_member(program.audience("pros").unwrap()));
//! ```

pub mod columnar;
mod computed;
mod example;
mod flat;
mod funnel;
mod many;
pub(crate) mod members;
mod network;
mod node;
mod performed;
mod row;
mod test;
mod trace;
pub(crate) mod until;
mod watch;

use crate::ir::{Audience, AudienceSlot, NodeId, Program, Subject};

#[cfg(feature = "parquet")]
pub(crate) use many::share;
pub use many::{Places, TooCostly, one_by_one};
pub use network::{Exhausted, Network, Standing, Step};
pub use row::{Loaded, Reader, Row};
pub use trace::{Example, Fact, Record, Recorder, Shown, Trace};
pub use watch::Watch;

/// Fills in the memberships of all audiences of the row's kind, each after those it refers to.
///
/// `users` are the users of an account, bound to the same program as of the same instant, and evaluated before; none
/// for a user's row.
pub fn evaluate(program: &Program, row: &mut Row<'_>, users: &[&Row<'_>]) {
    for slot in &program.order {
        let of = program.audiences.get(slot.index()).map(|audience| audience.of);
        if of == Some(row.subject()) {
            evaluate_audience(program, *slot, row, users);
        }
    }
}

/// Fills in the membership of one audience, and says what it is. The audiences it refers to must be known to the row.
pub fn evaluate_audience(program: &Program, slot: AudienceSlot, row: &mut Row<'_>, users: &[&Row<'_>]) -> bool {
    let member = matches(program, slot, row, users);
    row.set_member(slot, member);
    member
}

/// Says the same without writing it down: for a host that asks about one audience of a row.
#[inline]
pub fn matches(program: &Program, slot: AudienceSlot, row: &Row<'_>, users: &[&Row<'_>]) -> bool {
    let Some(audience) = program.audiences.get(slot.index()).filter(|_| row.begin()) else {
        return false;
    };
    if audience.of == Subject::User {
        // First of all, and of the audience itself: no instruction knows of consent that is required.
        if !deliverable(audience, row) {
            return false;
        }
        if row.is_prepared()
            && let Some(holds) = flat::holds(program, audience.who, row)
        {
            return holds;
        }
    }
    matches_by_node(program, audience, row, users)
}

#[inline(never)]
fn matches_by_node(program: &Program, audience: &Audience, row: &Row<'_>, users: &[&Row<'_>]) -> bool {
    for user in users {
        user.begin();
    }
    holds(program, audience.who, row, users, &mut ())
        && !row.is_exhausted()
        && !users.iter().any(|user| user.is_exhausted())
}

/// Whether the audience's own clauses let this user be delivered: it has an identifier that counts (AM-6), and granted
/// each category of the `consent to` clauses.
#[inline]
pub fn deliverable(audience: &Audience, user: &Row<'_>) -> bool {
    user.is_eligible(audience.include_anonymous) && audience.consent.iter().all(|category| user.has_granted(*category))
}

/// Whether a condition holds of a row; the recorder is told of each node on the way.
///
/// The recorder changes nothing about the answer. With `&mut ()` it is not there at all.
pub fn holds<'e, R: Recorder<'e>>(
    program: &'e Program,
    condition: NodeId,
    row: &'e Row<'_>,
    users: &'e [&'e Row<'_>],
    recorder: &mut R,
) -> bool {
    node::Evaluation::new(program, row, users).condition(condition, recorder)
}

/// Asks about one condition, and keeps what was seen. `None` where that costs more than [`Row::BUDGET`]; then the rows are
/// exhausted.
pub fn trace<'e>(
    program: &'e Program,
    condition: NodeId,
    row: &'e Row<'_>,
    users: &'e [&'e Row<'_>],
) -> Option<Trace<'e>> {
    row.begin();
    for user in users {
        user.begin();
    }
    let mut trace = Trace::new();
    holds(program, condition, row, users, &mut trace);
    let exhausted = row.is_exhausted() || users.iter().any(|user| user.is_exhausted());
    (!exhausted).then_some(trace)
}

/// Asks about a condition inside `any user`, `all users` or `no user`: about one user of the account, whose own traits and
/// memberships it can ask about too. `None` as with [`trace`].
pub fn trace_user<'e>(
    program: &'e Program,
    condition: NodeId,
    account: &'e Row<'_>,
    user: &'e Row<'_>,
) -> Option<Trace<'e>> {
    user.begin();
    let mut trace = Trace::new();
    node::Evaluation::of_user(program, account, user).condition(condition, &mut trace);
    (!user.is_exhausted()).then_some(trace)
}
