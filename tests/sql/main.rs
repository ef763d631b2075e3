//! What is asked of SQL engines: the same members and the same deliveries as the engine's own, over generated workspaces, people
//! and instants.
//!
//! `tests/sql/setup` installs the engines; without them nothing is asked, and with `VOLENS_SQL` set that fails. A case is a
//! definition of an audience; those of a workspace are asked together, in one query, and some of them by themselves too. An ordinary
//! run compares 300 with each engine, `VOLENS_SQL_CASES` sets how many; `VOLENS_SPARK_CASES` how many with Spark, which is asked
//! only then.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what generates and what compares serves tests alone"
)]

mod careless;
mod cases;
#[path = "../meaning/choices.rs"]
mod choices;
mod corpus;
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
mod smaller;
mod sums;
mod types;

use std::cell::RefCell;
use std::env;

use cases::{Alone, Case, Tally};
use choices::{Choices, choices};
use engines::Engines;
use people::{Form, NOW};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use volens::Timestamp;
use volens::sql::Dialect;

/// Of a hundred definitions no more than so many may be refused: a test that asks little shows little.
const REFUSED: usize = 20;
/// How many definitions are asked together.
const TOGETHER: usize = 10;

fn number(variable: &str) -> Option<u32> {
    env::var(variable).ok().and_then(|number| number.parse().ok())
}

fn case(workspace: Vec<u16>, world: Vec<u16>, kind: u8) -> Case {
    let (mut workspace, mut world) = (Choices::new(workspace), Choices::new(world));
    let halves = i64::try_from(world.below(12)).unwrap();
    let now = NOW.as_millis() + if halves < 7 { 0 } else { (halves - 9) * 43_200_000 };
    let odd = world.once_in(2);
    let turn = world.below(TOGETHER);
    let (text, profiles) = match kind {
        0..=6 => (
            make::large_workspace(TOGETHER, &mut workspace),
            people::people(&mut world, Form::Many),
        ),
        7..=8 => (
            make::funnels(TOGETHER, &mut workspace),
            people::people(&mut world, Form::Busy),
        ),
        _ => (
            make::large_workspace(TOGETHER, &mut workspace),
            crowd::crowd(&mut world),
        ),
    };
    Case {
        text,
        profiles,
        now: Timestamp::from_millis(now),
        odd,
        alone: Alone::Some(turn),
    }
}

/// Compares so many definitions, or a few more.
fn compare(dialect: Dialect, definitions: u32) {
    let Some(engines) = Engines::start() else {
        return;
    };
    let (engines, tally) = (RefCell::new(engines), RefCell::new(Tally::default()));
    let config = ProptestConfig {
        // A failure shows the workspace and the people; that is what a test of its own is made from.
        failure_persistence: None,
        max_shrink_iters: 200,
        max_shrink_time: 120_000,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(config);
    let strategy = (choices(2500), choices(3000), 0..10_u8);
    let mut told = definitions as usize / 10;
    while tally.borrow().compared < definitions as usize {
        let made = strategy.new_tree(&mut runner).unwrap();
        let tried = runner.run_one(made, |(workspace, world, kind)| {
            match case(workspace, world, kind).wrong(&mut engines.borrow_mut(), dialect, &mut tally.borrow_mut()) {
                None => Ok(()),
                Some(wrong) => Err(TestCaseError::fail(wrong)),
            }
        });
        match tried {
            Ok(_) => {}
            // The choices that led to it tell nobody anything.
            Err(TestError::Fail(wrong, (workspace, world, kind))) => {
                let told = smaller::told(case(workspace, world, kind), &mut engines.borrow_mut(), dialect);
                panic!("{dialect}: {}", told.unwrap_or(wrong.to_string()))
            }
            Err(error) => panic!("{dialect}: {error}"),
        }
        let compared = tally.borrow().compared;
        if compared >= told {
            eprintln!("{dialect}: {compared} definitions so far");
            told += definitions as usize / 10;
        }
    }
    let tally = tally.into_inner();
    tally.print(dialect);
    let (refused, all) = (tally.refusals(), tally.refusals() + tally.compared);
    // Of few definitions, one workspace with many refusals is a large part.
    assert!(
        refused * 100 <= (all + 5 * TOGETHER) * REFUSED,
        "{refused} of {all} definitions were refused"
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
        None => eprintln!("Spark was not asked: VOLENS_SPARK_CASES says how many definitions to compare"),
    }
}
