//! Rows of people whose text was read, beside those of the profiles that the text says.

use std::fmt::Write;

use volens::eval::{self, Reader, Row};
use volens::ir::{CategorySlot, NodeId, Program, Subject, TraitSlot};
use volens::{Profile, Timestamp};

use crate::people::NOW;

/// All that can be asked of a row, with what an explanation sees on the way.
fn answers(program: &Program, row: &mut Row<'_>) -> String {
    let mut told = String::new();
    for days in [0, 1, -2] {
        let now = Timestamp::from_millis(NOW.as_millis() + days * 86_400_000);
        row.set_now(program, &[], now);
        eval::evaluate(program, row, &[]);
        for (at, audience) in program.audiences.iter().enumerate() {
            let slot = program.audience(&audience.name).unwrap();
            writeln!(told, "{at} {} {}", audience.name, row.is_member(slot)).unwrap();
            if audience.of == Subject::User {
                writeln!(told, "{:?}", eval::trace(program, audience.who, row, &[])).unwrap();
            }
        }
        for (at, node) in program.nodes.iter().enumerate() {
            let holds = eval::holds(program, NodeId::at(at), row, &[], &mut ());
            writeln!(told, "{node:?} {holds}").unwrap();
        }
        for (at, known) in program.traits.iter().enumerate() {
            writeln!(told, "{known:?} {:?}", row.trait_value(program, TraitSlot::at(at))).unwrap();
        }
    }
    for at in 0..program.categories.len() {
        writeln!(told, "{at} {:?}", row.consent(CategorySlot::at(at))).unwrap();
    }
    write!(told, "{} {}", row.is_eligible(false), row.is_eligible(true)).unwrap();
    told
}

/// What reading a text directly and reading it as a profile say of it differently.
pub(crate) fn difference(program: &Program, reader: &mut Reader, text: &str) -> Option<String> {
    let expected = serde_json::from_str::<Profile>(text).map_err(|error| error.to_string());
    let expected = expected.map(|profile| answers(program, &mut Row::new(program, &profile, NOW)));
    let read = reader.read(program, text, NOW).map_err(|error| error.to_string());
    let read = read.map(|mut row| answers(program, &mut row));
    if read == expected {
        return None;
    }
    let lines = |answers: &Result<String, String>| match answers {
        Ok(answers) | Err(answers) => answers.lines().map(str::to_owned).collect::<Vec<_>>(),
    };
    let (read, expected) = (lines(&read), lines(&expected));
    let differ = read.iter().zip(&expected).find(|(read, expected)| read != expected);
    Some(format!("{differ:?}\n{text}"))
}
