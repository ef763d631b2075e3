//! Snapshot tests of a host's own definitions (feature `testing`).
//!
//! | macro | holds still | the text alone |
//! |---|---|---|
//! | [`assert_definition_snapshot!`](crate::assert_definition_snapshot) | a definition: its canonical text, the consent that it needs, its program | [`definition`] |
//! | [`assert_deliveries_snapshot!`](crate::assert_deliveries_snapshot) | profiles, audiences and destinations, for given events and an instant | [`deliveries`] |
//!
//! The texts are the same on every machine and in every run: no paths, no clock, no order of a hash map. The macros hand them
//! to [insta](https://insta.rs), so that snapshots lie beside the test that asserts them and are reviewed as any other
//! snapshot of insta; the functions are for other frameworks. How to begin is told in
//! [the guide](crate::guide::testing#snapshots), and `examples/snapshot_tests` shows it.

mod alone;
mod definition;
mod deliveries;

pub use insta;

pub use definition::definition;
pub use deliveries::deliveries;

/// The name of a definition's snapshot: of the audience's name, what can stand in a file name everywhere.
#[doc(hidden)]
pub fn snapshot_name(audience: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = audience.chars().map(plain).collect();
    format!("definition_{name}")
}

/// Asserts that a definition is what its snapshot says: canonical text, consent needs and program, as
/// [`testing::definition`](crate::testing::definition) tells them.
///
/// `(engine, audience)`: the snapshot is called `definition_` and the name of the audience. A name can stand in front,
/// and a text in line behind it, as in insta's own `assert_snapshot!`.
///
/// ```
/// use volens::Engine;
///
/// let engine = Engine::from_text("shop.audience", r#"
///     destination crm requires nothing
///     audience pros { who trait plan = "pro"  send to crm }
/// "#)?;
/// volens::assert_definition_snapshot!(engine, "pros", @r#"
/// DEFINITION
/// audience pros {
///   who trait plan = "pro"
///   send to crm
/// }
///
/// CONSENT
/// a member need not have granted anything
/// crm requires nothing
///
/// COMPILED
/// audience pros
///   who
///     #0 trait plan = "pro"
///   send to crm
/// "#);
/// # Ok::<(), volens::Error>(())
/// ```
///
/// # Panics
/// Where the text is not that of the snapshot, as insta does; with the error's text where there is no such audience.
#[macro_export]
macro_rules! assert_definition_snapshot {
    ($engine:expr, $audience:expr, @$snapshot:literal $(,)?) => {
        $crate::testing::insta::assert_snapshot!(
            $crate::testing::definition(&$engine, &$audience).unwrap_or_else(|error| ::std::panic!("{error}")),
            ::std::concat!("definition of ", ::std::stringify!($audience)),
            @$snapshot
        )
    };
    ($engine:expr, $audience:expr $(,)?) => {
        match &$audience {
            audience => {
                $crate::assert_definition_snapshot!($crate::testing::snapshot_name(audience), $engine, audience)
            }
        }
    };
    ($name:expr, $engine:expr, $audience:expr $(,)?) => {
        match &$audience {
            audience => $crate::testing::insta::assert_snapshot!(
                $name,
                $crate::testing::definition(&$engine, audience).unwrap_or_else(|error| ::std::panic!("{error}")),
                &::std::format!("definition of {audience}")
            ),
        }
    };
}

/// Asserts that events lead where their snapshot says: for each profile its audiences, and what becomes of it at each of
/// their destinations, as [`testing::deliveries`](crate::testing::deliveries) tells it.
///
/// `(engine, events, now)`: the snapshot is called like the test. A name can stand in front, and a text in line behind it, as
/// in insta's own `assert_snapshot!`. The events are the text of JSON lines, so a file of them is
/// `include_str!("../fixtures/events.jsonl")`.
///
/// ```
/// use volens::{Engine, Timestamp};
///
/// let engine = Engine::from_text("shop.audience", r#"
///     destination crm requires nothing
///     audience pros { who trait plan = "pro"  send to crm }
/// "#)?;
/// let events = r#"{"type": "identify", "userId": "u1", "timestamp": "2026-06-01", "traits": {"plan": "pro"}}"#;
/// let now: Timestamp = "2026-06-30".parse()?;
/// volens::assert_deliveries_snapshot!(engine, events, now, @r"
/// As of 2026-06-30T00:00:00Z, consent enforcement on
/// 1 events read: 1 applied, 0 duplicate, 0 later than this instant, 0 rejected
///
/// user_id:u1
///   pros → crm: delivered
/// ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
/// Where the text is not that of the snapshot, as insta does; with the error's text where the events cannot be evaluated.
#[macro_export]
macro_rules! assert_deliveries_snapshot {
    ($engine:expr, $events:expr, $now:expr, @$snapshot:literal $(,)?) => {
        $crate::testing::insta::assert_snapshot!(
            $crate::testing::deliveries(&$engine, $events, $now).unwrap_or_else(|error| ::std::panic!("{error}")),
            ::std::concat!("deliveries of ", ::std::stringify!($events)),
            @$snapshot
        )
    };
    ($engine:expr, $events:expr, $now:expr $(,)?) => {
        // Without a name insta takes that of the test.
        $crate::assert_deliveries_snapshot!(::std::option::Option::<&str>::None, $engine, $events, $now)
    };
    ($name:expr, $engine:expr, $events:expr, $now:expr $(,)?) => {
        $crate::testing::insta::assert_snapshot!(
            $name,
            $crate::testing::deliveries(&$engine, $events, $now).unwrap_or_else(|error| ::std::panic!("{error}")),
            ::std::concat!("deliveries of ", ::std::stringify!($events))
        )
    };
}
