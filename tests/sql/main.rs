//! What is asked of SQL engines: the same members and the same deliveries as the engine's own, over generated workspaces, people
//! and instants.
//!
//! `tests/sql/setup` installs the engines; without them nothing is asked, and with `VOLENS_SQL` set that fails. An ordinary run
//! tries 300 workspaces with each engine, `VOLENS_SQL_CASES` sets how many; `VOLENS_SPARK_CASES` how many with Spark, which
//! is asked only then.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what generates and what compares serves tests alone"
)]

mod careless;
mod cases;
#[path = "../meaning/choices.rs"]
mod choices;
#[path = "../meaning/crowd.rs"]
mod crowd;
mod engines;
mod literals;
#[path = "../meaning/make.rs"]
#[allow(dead_code, reason = "the workspaces are the same, not all of what is asked of them")]
mod make;
#[path = "../meaning/people.rs"]
#[allow(dead_code, reason = "the people are the same, not all that is wanted of them")]
mod people;
#[cfg(all(feature = "cli", feature = "parquet"))]
mod recipe;
mod sums;
mod types;

use std::cell::RefCell;
use std::env;

use cases::{Case, Tally};
use choices::{Choices, choices};
use engines::Engines;
use people::{Form, NOW};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use volens::Timestamp;
use volens::sql::Dialect;

/// In a hundred queries no more than so many may be refused: a test that asks little shows little.
const REFUSED: usize = 20;

fn number(variable: &str) -> Option<u32> {
    env::var(variable).ok().and_then(|number| number.parse().ok())
}

fn case(workspace: Vec<u16>, world: Vec<u16>, kind: u8) -> Case {
    let (mut workspace, mut world) = (Choices::new(workspace), Choices::new(world));
    let halves = i64::try_from(world.below(12)).unwrap();
    let now = NOW.as_millis() + if halves < 7 { 0 } else { (halves - 9) * 43_200_000 };
    let odd = world.once_in(2);
    let (text, profiles) = match kind {
        0..=6 => (make::workspace(&mut workspace), people::people(&mut world, Form::Free)),
        7..=8 => (make::funnel(&mut workspace), people::people(&mut world, Form::Busy)),
        _ => (make::workspace(&mut workspace), crowd::crowd(&mut world)),
    };
    Case {
        text,
        profiles,
        now: Timestamp::from_millis(now),
        odd,
    }
}

/// Tries so many workspaces.
fn compare(dialect: Dialect, cases: u32) {
    let Some(engines) = Engines::start() else {
        return;
    };
    let (engines, tally) = (RefCell::new(engines), RefCell::new(Tally::default()));
    let config = ProptestConfig {
        cases,
        // A failure shows the workspace and the people; that is what a test of its own is made from.
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    };
    let tried = TestRunner::new(config).run(&(choices(700), choices(1500), 0..10_u8), |(workspace, world, kind)| {
        let case = case(workspace, world, kind);
        match case.wrong(&mut engines.borrow_mut(), dialect, &mut tally.borrow_mut()) {
            None => Ok(()),
            Some(wrong) => Err(TestCaseError::fail(wrong)),
        }
    });
    match tried {
        Ok(()) => {}
        // The choices that led to it tell nobody anything.
        Err(TestError::Fail(wrong, _)) => panic!("{}: {wrong}", dialect.as_str()),
        Err(error) => panic!("{}: {error}", dialect.as_str()),
    }
    let tally = tally.into_inner();
    println!(
        "{}: {} queries written, refused {:#?}",
        dialect.as_str(),
        tally.written,
        tally.refused
    );
    let (refused, all) = (tally.refusals(), tally.refusals() + tally.written);
    assert!(
        refused * 100 <= all * REFUSED,
        "{refused} of {all} queries were refused"
    );
}

#[test]
fn duckdb_finds_whom_the_engine_finds() {
    compare(Dialect::DuckDb, number("VOLENS_SQL_CASES").unwrap_or(300));
}

#[test]
fn datafusion_finds_whom_the_engine_finds() {
    compare(Dialect::DataFusion, number("VOLENS_SQL_CASES").unwrap_or(300));
}

#[test]
fn spark_finds_whom_the_engine_finds() {
    match number("VOLENS_SPARK_CASES") {
        Some(cases) => compare(Dialect::Spark, cases),
        None => eprintln!("Spark was not asked: VOLENS_SPARK_CASES says how many workspaces to try"),
    }
}
