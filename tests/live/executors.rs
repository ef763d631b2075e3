//! Every executor says the same: one profile after the other, in columns, and event by event.
//!
//! `cargo test` tries 500 workspaces, each with events and four instants, `make long` 100 000.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use proptest::prelude::*;
use serde_json::Value as Json;
use volens::deliver::{Change, Message};
use volens::engine::{Execution, Executor, Run};
use volens::ir::Removal;
use volens::live::{Live, LiveError, Options};
use volens::store::Memory;
use volens::{Engine, Profiles, Timestamp};

use crate::choices::{Choices, choices};
use crate::consent::{destination, grants, is_sent};
use crate::{cases, events, make};

/// Destination, audience, identifier.
type Delivered = BTreeSet<(String, String, String)>;

/// What a case came to, so that it can be told that not all were of nobody.
#[derive(Debug, Default)]
struct Came {
    members: usize,
    delivered: usize,
    filtered: usize,
}

/// What all events together lead to, as of `now`, by each of the executors that evaluate it from nothing.
fn run(engine: &Engine, taken: &[Json], now: Timestamp) -> Result<(Profiles, Run), TestCaseError> {
    let mut ingestor = engine.ingestor(now, now);
    for event in taken {
        let _ = ingestor.event(event.clone().into());
    }
    let profiles = ingestor.finish().profiles;
    let by = |executor, threads| {
        let threads = NonZeroUsize::new(threads);
        engine
            .run_with(&profiles, now, Execution { executor, threads })
            .unwrap()
    };
    let run = by(Executor::Scalar, 1);
    for executor in [Executor::Scalar, Executor::Columnar, Executor::Auto] {
        for threads in [1, 3] {
            prop_assert_eq!(&by(executor, threads), &run, "{:?} by {} threads", executor, threads);
        }
    }
    Ok((profiles, run))
}

/// Gives the events to a live engine, in another order, some one by one and some as a stream; now and then time passes or what is
/// due is handed out. Gives all that was.
fn follow(
    live: &mut Live<Memory>,
    taken: &[Json],
    now: Timestamp,
    choices: &mut Choices,
) -> Result<Vec<Message>, TestCaseError> {
    let mut sent: Vec<Message> = Vec::new();
    let mut left = choices.turned(taken.to_vec());
    while !left.is_empty() {
        let rest = left.split_off(left.len().min(1 + choices.below(5)));
        let together = std::mem::replace(&mut left, rest);
        match choices.below(4) {
            0 => {
                let lines: Vec<String> = together.iter().map(Json::to_string).collect();
                live.stream("made", lines.join("\n").as_bytes(), &|| now, &mut sent)
                    .unwrap();
            }
            way => {
                for event in together {
                    match live.apply(event.into(), now) {
                        Ok(_) | Err(LiveError::Refused(_)) => {}
                        Err(error) => return Err(TestCaseError::fail(error.to_string())),
                    }
                }
                if way == 1 {
                    live.deliver(&mut sent).unwrap();
                }
            }
        }
        if choices.once_in(6) {
            let to = events::later(choices, live.now()).min(now);
            live.advance(to.max(live.now())).unwrap();
        }
    }
    Ok(sent)
}

/// What a run delivers, by the identifiers that destinations are told.
fn delivered(engine: &Engine, profiles: &Profiles, run: &Run) -> Delivered {
    let users: BTreeMap<String, _> = profiles.users().iter().map(|user| (engine.label(user), user)).collect();
    let mut delivered = Delivered::new();
    for audience in &run.audiences {
        for to in &audience.destinations {
            for user in &to.delivered {
                let identifiers = users[&**user].identifiers().iter();
                for (kind, value) in identifiers.filter(|(kind, _)| is_sent(engine, &audience.name, kind)) {
                    let identifier = format!("{kind}:{value}");
                    delivered.insert((to.name.to_string(), audience.name.to_string(), identifier));
                }
            }
        }
    }
    delivered
}

/// What destinations hold by the messages that they were sent: entered, and neither left nor removed since. Without those of
/// whom they hear nothing any more: who revoked what a destination with `removal never` requires (CE-11).
fn held(engine: &Engine, profiles: &Profiles, sent: &[Message]) -> Delivered {
    let mut last: BTreeMap<(String, String, String), (Change, bool)> = BTreeMap::new();
    for message in sent {
        let (kind, value) = message.identifier();
        let to = destination(engine, message.destination());
        let holder = profiles.find(kind, value);
        let is_silent = to.removal == Removal::Never && !grants(engine, to, holder);
        let name = (
            message.destination().to_owned(),
            message.audience().to_owned(),
            format!("{kind}:{value}"),
        );
        last.insert(name, (message.change(), is_silent));
    }
    let held = last
        .into_iter()
        .filter(|(_, (change, is_silent))| *change == Change::Entered && !is_silent);
    held.map(|(name, _)| name).collect()
}

/// Asks all as of the first instant; then time passes, and all are asked again.
fn agree(text: &str, taken: &[Json], instants: &[Timestamp], choices: &mut Choices) -> Result<Came, TestCaseError> {
    let engine = Engine::from_text("made.audience", text).unwrap();
    let now = instants.first().copied().unwrap();
    let mut live = engine.live(Memory::new(), Options::new(now)).unwrap();
    let mut sent = follow(&mut live, taken, now, choices)?;
    let mut came = Came::default();
    for now in instants {
        let (profiles, run) = run(&engine, taken, *now)?;
        live.advance(*now).unwrap();
        live.deliver(&mut sent).unwrap();
        for audience in &run.audiences {
            let members = live.members(&audience.name).unwrap();
            prop_assert_eq!(&members, &audience.members, "{} as of {}", audience.name, now);
            came.members += members.len();
            for to in &audience.destinations {
                came.delivered += to.delivered.len();
                came.filtered += to.filtered.len();
            }
        }
        let delivered = delivered(&engine, &profiles, &run);
        prop_assert_eq!(held(&engine, &profiles, &sent), delivered, "as of {}", now);
    }
    Ok(came)
}

fn case(workspace: Vec<u16>, world: Vec<u16>) -> Result<Came, TestCaseError> {
    let text = make::workspace(&mut Choices::new(workspace));
    let mut choices = Choices::new(world);
    let mut instants = vec![events::instant(&mut choices)];
    for _ in 0..3 {
        let last = instants.last().copied().unwrap();
        instants.push(events::later(&mut choices, last));
    }
    let taken: Vec<Json> = (0..4 + choices.below(40))
        .map(|number| events::event(&mut choices, number))
        .collect();
    agree(&text, &taken, &instants, &mut choices).map_err(|error| {
        let taken: Vec<String> = taken.iter().map(Json::to_string).collect();
        TestCaseError::fail(format!("{error}\n{text}\n{}\nas of {instants:?}", taken.join("\n")))
    })
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn every_executor_says_the_same(workspace in choices(500), world in choices(2500)) {
        case(workspace, world)?;
    }
}

/// What is generated is about somebody: else everything would agree on nothing.
#[test]
fn many_cases_have_members_who_are_delivered_and_members_who_are_not() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let made = (choices(500), choices(2500));
    let came = (0..60).map(|_| {
        let (workspace, world) = made.new_tree(&mut runner).unwrap().current();
        case(workspace, world).unwrap()
    });
    let came: Vec<Came> = came.collect();
    let with = |of: fn(&Came) -> usize| came.iter().filter(|came| of(came) > 0).count();
    let counts = [
        with(|came| came.members),
        with(|came| came.delivered),
        with(|came| came.filtered),
    ];
    assert!(counts.iter().all(|count| *count >= 12), "of 60: {counts:?}");
}
