//! A funnel that would cost more than 10⁸ looks ends with an error that names the profile, and with no result.
//!
//! In a debug build it would take too long to get there.
#![cfg(not(debug_assertions))]

use volens::engine::{Execution, Executor};
use volens::{Engine, Error, Profile, Profiles, Timestamp};

#[test]
fn a_run_that_would_cost_too_much_has_no_result() {
    // Two references, to different events, leave nothing but trying each with each.
    let engine = Engine::from_text(
        "a.audience",
        "audience a { who performed \"A\" as a then performed \"B\" as b where (x = a.y) then performed \"C\" where (x != a.x and x != b.y) }",
    )
    .unwrap();
    let mut profile = Profile::builder().user_id("u1");
    for i in 0..3_000i64 {
        for (name, at) in [("A", 0), ("B", 10_000), ("C", 20_000)] {
            profile = profile.event(name, Timestamp::from_millis(at + i), [("x", 1.into()), ("y", 1.into())]);
        }
    }
    let profile = profile.build();
    let now: Timestamp = "2026-06-30".parse().unwrap();
    let too_costly = |error: Error| matches!(error, Error::TooCostly { profile } if profile == "user_id:u1");
    assert!(too_costly(engine.is_member("a", &profile, now).unwrap_err()));
    let people: Profiles = [profile].into_iter().collect();
    for executor in [Executor::Scalar, Executor::Columnar] {
        let execution = Execution {
            executor,
            ..Execution::default()
        };
        assert!(too_costly(engine.run_with(&people, now, execution).unwrap_err()));
    }
}

/// Columns ask conditions in another order, and give up sooner: then it counts what the audience costs as a whole.
#[test]
fn where_a_condition_settles_it_nothing_costs_too_much() {
    let engine = Engine::from_text(
        "a.audience",
        "audience a { who trait p = trait q and performed \"A\" as a then performed \"B\" where (x = a.low and y = a.high) }",
    )
    .unwrap();
    let mut profile = Profile::builder().user_id("u1").trait_("p", 1).trait_("q", 2);
    for i in 0..10_100i64 {
        let (first, then) = (Timestamp::from_millis(i), Timestamp::from_millis(20_000 + i));
        profile = profile.event("A", first, [("low", i.into()), ("high", 1.into())]);
        profile = profile.event("B", then, [("x", i.into()), ("y", 2.into())]);
    }
    let people: Profiles = [profile.build()].into_iter().collect();
    let now: Timestamp = "2026-06-30".parse().unwrap();
    for executor in [Executor::Scalar, Executor::Columnar] {
        let execution = Execution {
            executor,
            ..Execution::default()
        };
        assert_eq!(engine.run_with(&people, now, execution).unwrap().audiences[0].size, 0);
    }
}
