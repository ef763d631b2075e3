//! Dropping old history changes the history alone.

use proptest::collection::vec;
use proptest::prelude::*;
use volens::store::Memory;
use volens::{Duration, Engine};

use super::generate::{LAST, event, minute, settings};
use super::*;

/// Every profile, without the events of its history at or before an instant.
fn since(profiles: &Profiles, horizon: Timestamp) -> Vec<Json> {
    let users = profiles.users().iter().map(|profile| {
        let mut json = json!(profile);
        let events = json["events"].as_array_mut().unwrap();
        events.retain(|event| event["timestamp"].as_str().unwrap().parse::<Timestamp>().unwrap() > horizon);
        json
    });
    users.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(200), ..ProptestConfig::default() })]

    #[test]
    fn dropping_history_drops_nothing_else(
        events in vec(event(), 1..24),
        late in vec(event(), 0..8),
        settings in settings(),
        minutes in vec(0..=LAST, 1..3),
    ) {
        let now = minute(LAST);
        let engine = Engine::from_text("none.audience", "").unwrap();
        let mut space = Space::open(Memory::new(), settings.clone(), now).unwrap();
        give(&mut space, &events, now);
        let mut dropped = None;
        for at in minutes {
            let length = Duration::from_millis(now.as_millis() - minute(at).as_millis());
            let before = space.profiles();
            let accounts = json!(before.accounts().iter().map(|(id, account)| json!([id, account.traits, account.users])).collect::<Vec<_>>());
            space.drop_history(engine.horizon(length, now).unwrap()).unwrap();
            // A longer history than was kept before brings nothing back.
            dropped = dropped.max(Some(minute(at)));
            let horizon = dropped.unwrap();
            prop_assert_eq!(space.journal().horizon(), dropped);
            for round in ["at once", "opened anew", "fed again", "fed again and opened anew"] {
                match round {
                    "at once" => {}
                    "fed again" => {
                        let receipt = give(&mut space, &events, now);
                        prop_assert_eq!(receipt.counts.applied, 0, "{:?}", receipt);
                    }
                    _ => space = Space::open(space.into_storage(), settings.clone(), now).unwrap(),
                }
                let profiles = space.profiles();
                prop_assert_eq!(json!(profiles.users()), json!(since(&before, horizon)), "{}", round);
                let found = json!(profiles.accounts().iter().map(|(id, account)| json!([id, account.traits, account.users])).collect::<Vec<_>>());
                prop_assert_eq!(&found, &accounts, "{}", round);
            }
        }

        // What comes late and is older counts for consent alone, and the order of arrival still leaves no trace.
        let horizon = dropped.unwrap();
        let mut intake = space.intake(now, now).unwrap();
        for event in &late {
            let _ = intake.event(event.clone().into());
        }
        intake.commit().unwrap();
        let at_once = dump(&space.profiles());
        prop_assert_eq!(json!(space.profiles().users()), json!(since(&space.profiles(), horizon)));
        space = Space::open(space.into_storage(), settings.clone(), now).unwrap();
        prop_assert_eq!(dump(&space.profiles()), at_once);
    }
}
