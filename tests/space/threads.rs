//! What is stored is read on several threads: the same comes of it as on one, however long the records are.

use std::num::NonZeroUsize;

use proptest::collection::vec;
use proptest::prelude::*;
use volens::space::Journal;
use volens::store::{Batch, Memory};

use super::generate::{LAST, event, minute, settings};
use super::*;

/// Stores events, each as long as it is said to be at least, a few together.
fn stored(settings: &Settings, events: &[(Json, usize)]) -> Memory {
    let mut journal = Journal::open(Memory::new(), settings.identity.clone()).unwrap();
    for together in events.chunks(5) {
        let mut intake = journal.intake(minute(LAST), minute(LAST));
        for (event, length) in together {
            let mut event = event.clone();
            event["properties"]["long"] = json!("x".repeat(*length));
            let _ = intake.event(event.into());
        }
        intake.commit().unwrap();
    }
    journal.into_storage()
}

/// All that can be told of what is stored, opened on so many threads; and the storage.
fn told(settings: &Settings, storage: Memory, now: Timestamp, threads: usize) -> (String, Memory) {
    let mut journal = Journal::open(storage, settings.identity.clone()).unwrap();
    journal.threads(NonZeroUsize::new(threads).unwrap());
    let space = Space::of(journal, settings.clone(), now).unwrap();
    let told = format!(
        "{} {:?} {:?} {:?}",
        dump(&space.profiles()),
        space.counts(),
        space.refused(),
        space.violations()
    );
    (told, space.into_storage())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(40)))]

    #[test]
    fn as_many_threads_as_there_may_be_come_to_the_same(
        settings in settings(),
        events in vec((event(), prop_oneof![0..200_usize, 0..30_000_usize]), 0..80),
        now in 0..=LAST,
    ) {
        let events: Vec<(Json, usize)> = events
            .into_iter()
            .enumerate()
            .map(|(number, (mut event, length))| {
                // Most are events of their own.
                if number % 8 > 0 {
                    event["messageId"] = json!(format!("n{number}"));
                }
                (event, length)
            })
            .collect();
        let storage = stored(&settings, &events);
        let (one, mut storage) = told(&settings, storage, minute(now), 1);
        for threads in [2, 3, 8] {
            let several;
            (several, storage) = told(&settings, storage, minute(now), threads);
            prop_assert_eq!(&several, &one, "{}", threads);
        }
    }
}

#[test]
fn a_record_that_is_no_event_is_an_error_on_any_number_of_threads() {
    let settings = Settings {
        identity: volens::model::IdentityRules::default(),
        categories: Vec::new(),
    };
    let event = |number: usize| {
        let event = json!({
            "type": "track", "event": "E", "userId": format!("u{number}"), "messageId": format!("m{number}"),
            "timestamp": "2026-01-01T00:00:00Z",
        });
        (event, 20_000)
    };
    let many: Vec<(Json, usize)> = (0..60).map(event).collect();
    // A record of an event as a space writes it, but for the JSON.
    let mut record = vec![0; 9];
    record.extend([2, 0]);
    record.extend(b"m!{");
    let mut broken = Batch::new();
    broken.push(2, &record);
    // In the middle, and at the end.
    for rest in [0, 60] {
        let errors = [1, 2, 8].map(|threads| {
            let mut storage = stored(&settings, &many);
            storage.append(&broken).unwrap();
            let mut journal = Journal::open(storage, settings.identity.clone()).unwrap();
            let mut intake = journal.intake(minute(LAST), minute(LAST));
            for number in 0..rest {
                let (mut event, length) = event(1000 + number);
                event["properties"] = json!({"long": "x".repeat(length)});
                intake.event(event.into()).unwrap();
            }
            intake.commit().unwrap();
            journal.threads(NonZeroUsize::new(threads).unwrap());
            Space::of(journal, settings.clone(), minute(LAST))
                .unwrap_err()
                .to_string()
        });
        assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
    }
}
