//! Spaces: the state is a function of the set of events, whatever the order in which they come, however often, in whatever
//! batches, and however often the space is opened anew (EV-14).

mod bad_input;
mod failing;
mod forget;
mod generate;
mod order;
mod promises;
mod retain;
mod taken;
mod threads;

use std::sync::Arc;

use serde_json::{Value as Json, json};
use volens::Timestamp;
use volens::ingest::{Ingested, Ingestor};
use volens::model::Profiles;
use volens::space::{Settings, Space};
use volens::store::Storage;

/// Everything that is known of all profiles and accounts, byte for byte.
fn dump(profiles: &Profiles) -> String {
    let accounts: Vec<Json> = profiles
        .accounts()
        .iter()
        .map(|(id, account)| json!({"id": id, "traits": account.traits, "users": account.users}))
        .collect();
    serde_json::to_string_pretty(&json!({"users": profiles.users(), "accounts": accounts})).unwrap()
}

/// What the reference, which sorts all events and folds them, makes of a set of events.
fn reference(settings: &Settings, events: &[Json], now: Timestamp) -> Ingested {
    let mut ingestor = Ingestor::new(volens::ingest::Settings {
        identity: settings.identity.clone(),
        categories: settings.categories.clone(),
        received_at: now,
        now,
    });
    for event in events {
        let _ = ingestor.event(event.clone().into());
    }
    ingestor.finish()
}

/// Gives events to a space, all of them in one batch.
fn give<S: Storage>(space: &mut Space<S>, events: &[Json], received_at: Timestamp) -> volens::space::Receipt {
    let mut intake = space.intake(space.now(), received_at).unwrap();
    for event in events {
        let _ = intake.event(event.clone().into());
    }
    intake.commit().unwrap()
}

/// `PROPTEST_CASES`, or as many as an ordinary run has time for.
fn cases(ordinary: u32) -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(ordinary)
}

/// Whether a text stands in a record of a space.
fn holds(space: &Space<volens::store::Memory>, text: &str) -> bool {
    let mut holds = false;
    let scanned = space.journal().storage().scan(&mut |entry| {
        let mut windows = entry.payload.windows(text.len());
        holds |= windows.any(|window| window == text.as_bytes());
        Ok(())
    });
    scanned.unwrap();
    holds
}
