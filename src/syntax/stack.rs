//! Room for deep conditions, whatever thread the caller is on.
//!
//! The parser and the builder nest as brackets do. A text may nest 64 deep, which takes more stack than a small thread
//! has, and what a text means must not depend on the thread that reads it.

use std::panic::resume_unwind;
use std::thread;

/// Enough for the deepest text, several times over, in an unoptimised build.
const ROOM: usize = 4 * 1024 * 1024;

/// Runs on a thread with room; on the caller's where there are no threads to be had.
pub(super) fn with_room<T: Send>(run: impl Fn() -> T + Sync) -> T {
    thread::scope(
        |scope| match thread::Builder::new().stack_size(ROOM).spawn_scoped(scope, &run) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => run(),
        },
    )
}
