//! Rows of people whose text was read, beside those of the profiles that the text says.

use std::fmt::Write;

use volens::eval::{self, Loaded, Reader, Row};
use volens::ir::{CategorySlot, NodeId, Program, Subject, TraitSlot};
use volens::value::Object;
use volens::{Profile, Profiles, Timestamp};

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

/// What is asked of an account, whose traits are computed of its users' events.
fn of_account(program: &Program, traits: &Object, users: &[&Row<'_>]) -> String {
    let mut row = Row::account(program, traits, users, NOW);
    eval::evaluate(program, &mut row, users);
    let traits = (0..program.traits.len()).map(|at| row.trait_value(program, TraitSlot::at(at)));
    let members = program
        .audiences
        .iter()
        .map(|audience| row.is_member(program.audience(&audience.name).unwrap()));
    format!("{:?} {:?}", traits.collect::<Vec<_>>(), members.collect::<Vec<_>>())
}

/// What accounts are whose users' texts were read directly, and read as profiles.
pub(crate) fn accounts(program: &Program, profiles: &Profiles, texts: &[String]) -> (Vec<String>, Vec<String>) {
    let users: Vec<Profile> = texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let rows: Vec<Row<'_>> = users.iter().map(|user| Row::new(program, user, NOW)).collect();
    let mut readers: Vec<Reader> = texts.iter().map(|_| Reader::default()).collect();
    let read = readers.iter_mut().zip(texts);
    let read: Vec<Loaded<'_>> = read
        .map(|(reader, text)| reader.read(program, text, NOW).unwrap())
        .collect();
    let accounts = profiles.accounts().values().map(|account| {
        let of_read: Vec<&Row<'_>> = account.users.iter().map(|at| &*read[*at]).collect();
        let of_rows: Vec<&Row<'_>> = account.users.iter().map(|at| &rows[*at]).collect();
        (
            of_account(program, &account.traits, &of_read),
            of_account(program, &account.traits, &of_rows),
        )
    });
    accounts.unzip()
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
