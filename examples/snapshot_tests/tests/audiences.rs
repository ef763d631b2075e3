//! What our audiences mean, held still: whoever changes it sees the difference in review.

use volens::{Engine, Timestamp};

const DEFINITIONS: &str = include_str!("../audiences/shop.audience");
const EVENTS: &str = include_str!("../fixtures/events.jsonl");

fn workspace() -> Engine {
    Engine::from_text("shop.audience", DEFINITIONS).unwrap_or_else(|errors| panic!("{errors}"))
}

fn end_of_june() -> Timestamp {
    "2026-06-30T00:00:00Z".parse().unwrap()
}

/// One snapshot for each audience, which it is called by.
#[test]
fn definitions_say_what_was_agreed() {
    let workspace = workspace();
    for audience in &workspace.program().audiences {
        volens::assert_definition_snapshot!(workspace, audience.name);
    }
}

/// Who is reached by what, and who is held back.
#[test]
fn nobody_is_reached_who_did_not_agree() {
    volens::assert_deliveries_snapshot!(workspace(), EVENTS, end_of_june());
}

/// A snapshot can have a name of its own, which a test with several of them needs.
#[test]
fn carts_are_forgotten_after_a_week() {
    let fortnight_later: Timestamp = "2026-07-14T00:00:00Z".parse().unwrap();
    volens::assert_deliveries_snapshot!("a_fortnight_later", workspace(), EVENTS, fortnight_later);
}
