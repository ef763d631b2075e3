//! Tables in Parquet files: what is read from them is what profiles that say the same would give; what cannot be read, or not in
//! one way alone, is refused before anything comes of it.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what writes tables serves tests alone"
)]

#[path = "../meaning/choices.rs"]
mod choices;
#[cfg(feature = "cli")]
#[path = "../command/mod.rs"]
mod command;
mod dice;
mod hostile;
mod lines;
mod made;
#[path = "../meaning/make.rs"]
#[allow(dead_code, reason = "parts of it serve other tests")]
mod make;
mod plain;
mod write;

use std::env;

use choices::{Choices, choices};
use made::NOW;
use proptest::prelude::*;
use volens::Engine;
use volens::eval;
use volens::tables::{Options, Tables, TablesError};

fn config() -> ProptestConfig {
    let cases = env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(2000_u32).div_ceil(100),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    /// Workspaces over the whole language, of one set of tables each, so that all that the tables can hold is asked for.
    #[test]
    fn tables_say_what_profiles_say(
        workspaces in prop::collection::vec(choices(700), 1..6),
        funnel in choices(60),
        seed in any::<u64>(),
    ) {
        let folder = tempdir();
        let profiles = made::tables(folder.path(), seed);
        let mut texts: Vec<String> = workspaces
            .into_iter()
            .map(|workspace| make::workspace(&mut Choices::new(workspace)))
            .collect();
        texts.push(make::funnel(&mut Choices::new(funnel)));
        for text in texts {
            let engine = Engine::from_text("made.audience", &text).unwrap();
            let options = Options { threads: 1 + usize::try_from(seed % 3).unwrap(), absent: true };
            let tables = match Tables::read(engine.program(), engine.identity(), folder.path(), options) {
                Err(TablesError::Accounts) => continue,
                tables => tables.unwrap_or_else(|error| panic!("{error}\n{text}")),
            };
            for (place, profile) in profiles.iter().enumerate() {
                let consent = tables.snapshot().consent(place);
                for category in &engine.program().categories {
                    let states = (consent.state(&category.id), profile.consent().state(&category.id));
                    prop_assert_eq!(states.0, states.1, "{} of {}", category.id, place);
                }
            }
            let found = tables.snapshot().members(NOW, 2);
            let expected = eval::one_by_one(engine.program(), &profiles, NOW, 1);
            prop_assert_eq!(found, expected, "{} of {:?}", text, profiles);
        }
    }
}

/// A folder that is gone when the test has ended.
struct Folder(std::path::PathBuf);

impl Folder {
    fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn tempdir() -> Folder {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "volens-tables-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let path = env::temp_dir().join(name);
    std::fs::create_dir_all(&path).unwrap();
    Folder(path)
}
