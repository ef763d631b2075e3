//! The ten invariants of domain.md, section 11, each as a property over generated events: what must hold of every run,
//! whatever the events. The tests are called by their numbers.
//!
//! | module | invariants |
//! |---|---|
//! | `routes` | 1, 2, 3 and 9: raw events at destinations |
//! | `histories` | 4 to 7: what events leave behind on profiles |
//! | `conditions` | 8: conditions and their complements |
//! | `overview` | 9: what the Delivery Overview counts |
//! | `runs` | 10; and what 1, 2, 5 and 9 say, of members of audiences instead of raw events |
//!
//! `PROPTEST_CASES` sets how many cases each is tried with.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what generates and what predicts serve tests alone"
)]

mod conditions;
mod histories;
#[path = "../made_events/mod.rs"]
mod made_events;
mod overview;
mod reach;
mod routes;
#[path = "../routing/mod.rs"]
mod routing;
mod runs;
mod shop;
