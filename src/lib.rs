#![doc = include_str!("../README.md")]

pub mod compile;
pub mod consent;
pub mod diagnostic;
pub mod eval;
pub mod ingest;
pub mod ir;
pub mod model;
pub mod number;
pub mod span;
pub mod syntax;
pub mod time;
pub mod value;

pub use consent::ConsentState;
pub use model::{Profile, Profiles};
pub use time::{Duration, Timestamp};
pub use value::Value;
