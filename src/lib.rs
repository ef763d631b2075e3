#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
// A library does not end its host's process: whatever can fail says so in its type. Tests fail by panicking.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

#[cfg(feature = "cli")]
pub mod cli;
pub mod compile;
pub mod consent;
pub mod diagnostic;
pub mod enforce;
pub mod engine;
pub mod eval;
pub mod ingest;
pub mod ir;
pub mod model;
pub mod render;
pub mod span;
pub mod syntax;
pub mod time;
pub mod value;

pub use consent::ConsentState;
pub use engine::{Engine, Error};
pub use model::{Profile, Profiles};
pub use time::{Duration, Timestamp};
pub use value::Value;
