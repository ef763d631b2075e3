//! The meaning of whole workspaces, generated over the whole language: what the engine says is what an interpreter says
//! that is written from language.md alone, and no way of writing the same changes it.
//!
//! `cargo test` tries 2 000 workspaces, `make long` 100 000; `PROPTEST_CASES` sets how many.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what generates and what interprets serve tests alone"
)]

mod choices;
mod crowd;
mod loaded;
#[allow(dead_code, reason = "what other tests need of it is not called here")]
mod make;
mod oracle;
mod parts;
#[allow(dead_code, reason = "what other tests need of it is not called here")]
mod people;
mod ran;
mod rewrite;
mod until;
mod values;
mod written;

use std::env;

use choices::{Choices, choices};
use oracle::{World, outcomes};
use parts::are_complements;
use people::{Form, NOW, people};
use proptest::prelude::*;
use ran::{by_engine, by_program, engine};
use volens::engine::{Execution, Executor};
use volens::eval::{self, Reader, columnar::Snapshot};
use volens::ir::Program;
use volens::span::FileId;
use volens::syntax::{self, ast::File};
use volens::{Engine, Profiles};

/// Of so many hundredths of the cases.
fn share(hundredths: u32) -> ProptestConfig {
    let cases = env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases: u32 = cases.unwrap_or(2000);
    ProptestConfig {
        cases: (cases / 100 * hundredths).max(1),
        // A failure shows the workspace and the people; that is what a test of its own is made from.
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// How many parts of a workspace are asked for by themselves.
const PARTS: usize = 4;

fn tree(text: &str) -> File {
    let (file, problems) = syntax::parse(FileId(0), text);
    assert!(problems.is_empty(), "{problems:?}\n{text}");
    file
}

/// What a failure shows.
fn shown(text: &str, profiles: &Profiles) -> String {
    let users: Vec<String> = profiles
        .users()
        .iter()
        .map(|user| serde_json::to_string(user).unwrap())
        .collect();
    format!("{text}\n{}\n{:?}", users.join("\n"), profiles.accounts())
}

proptest! {
    #![proptest_config(share(40))]

    #[test]
    fn the_engine_says_what_the_language_says(workspace in choices(700), world in choices(1500)) {
        let text = make::workspace(&mut Choices::new(workspace));
        let profiles = people(&mut Choices::new(world), Form::Free);
        let (file, engine) = (tree(&text), engine(&text));
        let expected = outcomes(World { file: &file, profiles: &profiles, now: NOW });
        prop_assert_eq!(&by_engine(&engine, &profiles), &expected, "{}", shown(&text, &profiles));

        // However the program is kept, and whatever part of it.
        let program = engine.program();
        let read = Program::from_json(&serde_json::to_string(program).unwrap()).unwrap();
        prop_assert_eq!(&read, program);
        prop_assert_eq!(&by_program(&read, &profiles), &expected, "{}", shown(&text, &profiles));
        for audience in &program.audiences {
            let only = program.only(program.audience(&audience.name).unwrap());
            let name = audience.name.to_string();
            prop_assert_eq!(&by_program(&only, &profiles)[&name], &expected[&name], "{} of {}", name, shown(&text, &profiles));
        }
        let formatted = volens::format("made.audience", &text).unwrap();
        let again = ran::engine(&formatted);
        prop_assert_eq!(again.program(), program, "{}", formatted);
    }
}

proptest! {
    #![proptest_config(share(30))]

    /// An audience is asked by instructions, a condition alone by its nodes.
    #[test]
    fn instructions_say_what_nodes_say(
        workspace in choices(700),
        funnel in choices(60),
        world in choices(1500),
        instants in choices(40),
    ) {
        for text in [make::workspace(&mut Choices::new(workspace)), make::funnel(&mut Choices::new(funnel))] {
            let (engine, profiles) = (engine(&text), people(&mut Choices::new(world.clone()), Form::Free));
            let wrong = ran::instructions_and_nodes_differ(engine.program(), &profiles, &mut Choices::new(instants.clone()));
            prop_assert_eq!(wrong, None, "{}", shown(&text, &profiles));
        }
    }
}

proptest! {
    #![proptest_config(share(20))]

    /// However their JSON is written; and what is none is refused in the same words.
    #[test]
    fn people_read_from_their_text_are_those_of_their_profiles(
        workspace in choices(700),
        funnel in choices(60),
        world in choices(1500),
        writing in choices(3000),
    ) {
        let profiles = people(&mut Choices::new(world), Form::Free);
        let mut writing = Choices::new(writing);
        let mut reader = Reader::default();
        for text in [make::workspace(&mut Choices::new(workspace)), make::funnel(&mut Choices::new(funnel))] {
            let engine = engine(&text);
            let mut texts = Vec::new();
            for profile in profiles.users() {
                let json = serde_json::to_value(&**profile).unwrap();
                let same = written::written(&json, &mut writing, written::Care::Same);
                let any = written::written(&json, &mut writing, written::Care::None);
                for json in [&same, &any] {
                    let difference = loaded::difference(engine.program(), &mut reader, json);
                    prop_assert_eq!(difference, None, "{}", text);
                }
                texts.push(same);
            }
            let (read, expected) = loaded::accounts(engine.program(), &profiles, &texts);
            prop_assert_eq!(read, expected, "{}\n{}", text, texts.join("\n"));
        }
    }
}

proptest! {
    #![proptest_config(share(25))]

    #[test]
    fn funnels_over_many_events_are_what_trying_each_way_says(funnel in choices(60), world in choices(1000)) {
        let text = make::funnel(&mut Choices::new(funnel));
        let profiles = people(&mut Choices::new(world), Form::Busy);
        let expected = outcomes(World { file: &tree(&text), profiles: &profiles, now: NOW });
        prop_assert_eq!(by_engine(&engine(&text), &profiles), expected, "{}", shown(&text, &profiles));
    }
}

proptest! {
    #![proptest_config(share(25))]

    #[test]
    fn many_people_laid_out_in_columns_are_where_each_of_them_is(
        workspace in choices(700),
        funnel in choices(60),
        world in choices(20),
    ) {
        let profiles = crowd::crowd(&mut Choices::new(world));
        for text in [make::workspace(&mut Choices::new(workspace)), make::funnel(&mut Choices::new(funnel))] {
            let engine = engine(&text);
            let by = |executor, threads| {
                let threads = std::num::NonZeroUsize::new(threads);
                engine.run_with(&profiles, NOW, Execution { executor, threads }).unwrap()
            };
            let (columnar, scalar) = (by(Executor::Columnar, 2), by(Executor::Scalar, 1));
            for (columnar, scalar) in columnar.audiences.iter().zip(&scalar.audiences) {
                prop_assert_eq!(columnar, scalar, "{}", text);
            }
            // Without the profiles at hand, what is asked one by one is asked of what the columns kept.
            let program = engine.program();
            let alone = Snapshot::new(program, profiles.users(), 1).members(NOW, 2);
            prop_assert_eq!(alone, eval::one_by_one(program, profiles.users(), NOW, 1), "{}", text);
            prop_assert_eq!(columnar, scalar);
        }
    }
}

proptest! {
    #![proptest_config(share(15))]

    #[test]
    fn not_is_an_exact_complement_everywhere(
        workspace in choices(500),
        world in choices(800),
        order in choices(2),
    ) {
        let made = make::workspace(&mut Choices::new(workspace));
        let profiles = people(&mut Choices::new(world), Form::Single);
        let parts = Choices::new(order).turned(parts::parts(&tree(&made)));
        let mut text = made;
        for (at, part) in parts.iter().take(PARTS).enumerate() {
            let asked = part.asked(at);
            text += &(asked.all + &asked.holds + &asked.not);
        }
        let outcomes = by_engine(&engine(&text), &profiles);
        for (at, part) in parts.iter().take(PARTS).enumerate() {
            let members = |which| &outcomes[&format!("part{at}_{which}")].members;
            let complements = are_complements(members("all"), members("holds"), members("not"));
            prop_assert!(complements, "part{} {:?} of {}", at, part.about, shown(&text, &profiles));
        }
    }

    #[test]
    fn no_way_of_writing_the_same_changes_it(
        workspace in choices(500),
        world in choices(800),
        how in choices(600),
    ) {
        let text = make::workspace(&mut Choices::new(workspace));
        let profiles = people(&mut Choices::new(world), Form::Free);
        let mut how = Choices::new(how);
        // A schema forbids, and changes nothing else. Where it forbids, there is nothing to compare.
        let schemas = make::schemas(&text, &mut how);
        let other = syntax::print(&rewrite::rewrite(&tree(&text), &mut how));
        let other = match Engine::from_text("made.audience", &format!("{other}{schemas}")) {
            Ok(_) => other + &schemas,
            Err(_) => other,
        };
        let sorted = |text: &str| {
            let mut outcomes = by_engine(&engine(text), &profiles);
            for outcome in outcomes.values_mut() {
                outcome.destinations.sort_by(|a, b| a.name.cmp(&b.name));
            }
            outcomes
        };
        prop_assert_eq!(sorted(&other), sorted(&text), "{}\n\n{}", other, shown(&text, &profiles));
    }
}

proptest! {
    #![proptest_config(share(5))]

    #[test]
    fn nothing_changes_before_it_is_said_to_and_then_it_does(
        workspace in choices(500),
        world in choices(1000),
        probes in choices(300),
    ) {
        let text = make::workspace(&mut Choices::new(workspace));
        let profiles = people(&mut Choices::new(world), Form::Free);
        let wrong = until::wrong(&engine(&text), &profiles, &mut Choices::new(probes));
        prop_assert_eq!(wrong, None, "{}", shown(&text, &profiles));
    }
}
