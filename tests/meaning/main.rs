//! The meaning of whole workspaces, generated over the whole language: what the engine says is what an interpreter says
//! that is written from language.md alone, and no way of writing the same changes it.
//!
//! `cargo test` tries 2 000 workspaces, `make long` 100 000 and more; `PROPTEST_CASES` sets how many.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what generates and what interprets serve tests alone"
)]

mod choices;
mod make;
mod oracle;
mod people;
mod ran;
mod values;

use std::env;

use choices::{Choices, choices};
use oracle::{World, outcomes};
use people::{Form, NOW, people};
use proptest::prelude::*;
use ran::{by_engine, by_program, engine};
use volens::Profiles;
use volens::ir::Program;
use volens::span::FileId;
use volens::syntax::{self, ast::File};

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
    #![proptest_config(share(60))]

    #[test]
    fn the_engine_says_what_the_language_says(workspace in choices(400), world in choices(400)) {
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
