//! Live engines: at every step they know what an evaluation from nothing would find, and nothing is sent without consent.
//!
//! `cargo test` tries 200 streams of each kind, `make long` 20 000; `PROPTEST_CASES` sets how many.

#[path = "../meaning/choices.rs"]
mod choices;
mod consent;
mod events;
mod executors;
mod forgotten;
mod known;
#[path = "../meaning/make.rs"]
#[allow(dead_code, reason = "the workspaces are the same, not all of what is asked of them")]
mod make;
mod meaning;
mod promises;
mod retained;
mod taken;

use proptest::prelude::ProptestConfig;

/// As many as an ordinary run has time for, or `PROPTEST_CASES`.
fn cases(ordinary: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked.and_then(|asked| asked.parse().ok()).unwrap_or(ordinary),
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..ProptestConfig::default()
    }
}
