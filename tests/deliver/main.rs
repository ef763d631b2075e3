//! What destinations are sent: case by case, form by form, and over generated lives of people and workspaces.
//!
//! | module | what |
//! |---|---|
//! | `cases` | each case of what is sent, and of what is not |
//! | `messages` | each form of message, as a destination gets it |
//! | `declared` | keys of audiences that are gone, destinations that are gone, and what is told of them |
//! | `records` | records, read back, scrubbed, and refused |
//! | `guide` | the messages that the guide shows |
//! | `lives` | the promise over generated lives; `PROPTEST_CASES` sets how many |

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what hands out serves tests alone"
)]

mod cases;
mod declared;
mod desk;
mod guide;
mod lives;
mod messages;
mod records;
