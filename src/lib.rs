//! [docs/language.md]: guide::language
//! [docs/consent.md]: guide::consent
//! [docs/events.md]: guide::events
//! [docs/schemas.md]: guide::schemas
//! [docs/json.md]: guide::json
//! [docs/coming_from.md]: guide::coming_from
//! [docs/testing.md]: guide::testing
//! [docs/explain.md]: guide::explain
//! [docs/performance.md]: guide::performance
//! [docs/store.md]: guide::store
//! [docs/live.md]: guide::live
//! [docs/delivery.md]: guide::delivery
//! [docs/consistency.md]: guide::consistency
//! [docs/overview.md]: guide::overview
//! [docs/sql.md]: guide::sql
//! [docs/warehouse.md]: guide::warehouse
//! [docs/tables.md]: guide::tables
//! [docs/decisions.md]: guide::decisions
//! [examples/shop]: guide::language
// The README links to files; the definitions above come first, so that here its links lead to the same pages as modules.
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

pub mod cases;
#[cfg(feature = "cli")]
pub mod cli;
pub mod compile;
pub mod consent;
pub mod deliver;
pub mod diagnostic;
pub mod enforce;
pub mod engine;
pub mod eval;
pub mod explain;
pub mod ingest;
pub mod ir;
pub mod live;
pub mod model;
mod named;
pub mod overview;
pub mod render;
pub mod schema;
pub mod space;
pub mod span;
#[cfg(feature = "sql")]
pub mod sql;
pub mod store;
pub mod syntax;
#[cfg(feature = "parquet")]
pub mod tables;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
pub mod value;
#[cfg(feature = "sql")]
pub mod warehouse;

/// The guides, as they stand in `docs/`.
#[allow(
    rustdoc::invalid_codeblock_attributes,
    reason = "blocks of the guides carry names for their own tests"
)]
pub mod guide {
    #[doc = include_str!("../docs/language.md")]
    pub mod language {}
    #[doc = include_str!("../docs/consent.md")]
    pub mod consent {}
    #[doc = include_str!("../docs/events.md")]
    pub mod events {}
    #[doc = include_str!("../docs/schemas.md")]
    pub mod schemas {}
    #[doc = include_str!("../docs/coming_from.md")]
    pub mod coming_from {}
    #[doc = include_str!("../docs/testing.md")]
    pub mod testing {}
    #[doc = include_str!("../docs/explain.md")]
    pub mod explain {}
    #[doc = include_str!("../docs/performance.md")]
    pub mod performance {}
    #[doc = include_str!("../docs/json.md")]
    pub mod json {}
    #[doc = include_str!("../docs/store.md")]
    pub mod store {}
    #[doc = include_str!("../docs/delivery.md")]
    pub mod delivery {}
    #[doc = include_str!("../docs/live.md")]
    pub mod live {}
    #[doc = include_str!("../docs/consistency.md")]
    pub mod consistency {}
    #[doc = include_str!("../docs/overview.md")]
    pub mod overview {}
    #[doc = include_str!("../docs/sql.md")]
    pub mod sql {}
    #[doc = include_str!("../docs/warehouse.md")]
    pub mod warehouse {}
    #[doc = include_str!("../docs/tables.md")]
    pub mod tables {}
    #[doc = include_str!("../docs/decisions.md")]
    pub mod decisions {}
}

pub use consent::ConsentState;
pub use engine::{Engine, Error, format};
pub use live::Live;
pub use model::{Profile, Profiles};
pub use time::{Duration, Timestamp};
pub use value::Value;
