//! What each destination was sent of whom, and what it is to be sent now.
//!
//! No message is ever queued. What is due follows from two things, the state of a person at this instant and the
//! [`Ledger`] of what was handed out before, and is worked out in the moment in which it is handed out. Consent is decided
//! in that same moment (AO-20), so no message can be overtaken by a revocation.
//!
//! Nothing here reads a clock, a file or a store. The caller says who is a member, writes [`Ledger::changes`] down and
//! reads them back with [`Ledger::read`].
//!
//! | the destination holds it | the person is to be delivered | consent | is sent | then |
//! |---|---|---|---|---|
//! | no | yes | granted | an entry | `In` |
//! | no | no, or not granted | | nothing | |
//! | `In` | yes | granted | nothing; an entry again after a resync | `In` |
//! | `In`, `Silent` | no | granted | an exit | `Out` |
//! | `Silent` | yes | granted | an entry | `In` |
//! | `In` | either | revoked | one removal, with `removal once` | `Out` |
//! | `In` | either | revoked | nothing, with `removal never` | `Silent` |
//! | `In` | either | not granted, and not revoked | nothing; as if revoked after a resync | `In` |
//! | `Silent` | either | not granted | nothing; one removal after a resync, with `removal once` | `Silent` |
//!
//! *Granted* is what `enforce::decide` says. *Revoked*: an enforced category is missing that was granted when the
//! destination was last sent something (its *basis*). What was delivered while enforcement was off, or before a destination
//! required a category, is therefore not revoked, and stays until a resync (CE-7 to CE-9).
//!
//! The ledger is kept by identifier, for it is by identifiers that destinations know people: merges and un-merges of
//! profiles leave it alone.

mod decide;
mod declared;
mod hand_out;
mod kind;
mod ledger;
mod message;
mod names;
mod record;

pub use declared::{KeyReused, Notice};
pub(crate) use hand_out::may_go;
pub use hand_out::{DEFAULT_SPACE, Moment, Person, Resync};
pub use ledger::{Ledger, Sent, State};
pub use message::{Change, Message};
pub use record::{RecordError, Scrubbed, scrub};
