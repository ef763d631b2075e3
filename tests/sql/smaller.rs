//! A case in which something is wrong, made as small as it can be.

use std::collections::BTreeMap;
use std::sync::Arc;

use volens::sql::Dialect;
use volens::{Engine, Profile, Profiles};

use crate::cases::{Alone, Case, Tally};
use crate::engines::Engines;

/// What is wrong, of as few definitions and as few people as show it: whatever can be left out is. `None` where nothing is wrong when
/// it is asked once more.
pub(crate) fn told(mut case: Case, engines: &mut Engines, dialect: Dialect) -> Option<String> {
    // Asked for by itself, the audience at fault has a short query.
    case.alone = Alone::Each;
    let mut wrong = |case: &Case| case.wrong(engines, dialect, &mut Tally::default());
    let mut told = wrong(&case)?;
    loop {
        let found = smaller(&case).find_map(|smaller| wrong(&smaller).map(|still| (smaller, still)));
        match found {
            Some(found) => (case, told) = found,
            None => return Some(told),
        }
    }
}

/// The case with fewer definitions, then with fewer people.
fn smaller(case: &Case) -> impl Iterator<Item = Case> {
    definitions(case).chain(people(case))
}

/// Without each item that the others do without.
fn definitions(case: &Case) -> impl Iterator<Item = Case> {
    let (file, _) = volens::syntax::parse(volens::span::FileId(0), &case.text);
    let texts = file
        .items
        .into_iter()
        .map(|left_out| case.text_without(|item| *item == left_out));
    let sound = texts.filter(|text| Engine::from_text("made.audience", text).is_ok());
    sound.map(|text| Case { text, ..case.clone() })
}

/// Without half of the people, a quarter, and so on until it is one.
fn people(case: &Case) -> impl Iterator<Item = Case> {
    let count = case.profiles.users().len();
    let sizes = std::iter::successors(Some(count / 2), |size| Some(size / 2));
    let parts = sizes
        .take_while(|size| *size > 0)
        .flat_map(move |size| (0..count).step_by(size).map(move |at| at..at + size));
    parts.map(|left_out| {
        let users = case.profiles.users().iter().enumerate();
        let kept: Vec<Arc<Profile>> = users
            .filter(|(at, _)| !left_out.contains(at))
            .map(|(_, user)| user.clone())
            .collect();
        let accounts = case.profiles.accounts().iter();
        let traits: BTreeMap<_, _> = accounts
            .map(|(id, account)| (id.clone(), account.traits.clone()))
            .collect();
        Case {
            profiles: Profiles::new(kept, traits),
            ..case.clone()
        }
    })
}
