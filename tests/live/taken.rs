//! A storage that fails while history is dropped, and one of which not all was acted upon yet.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use volens::deliver::Message;
use volens::live::Options;
use volens::store::{Batch, Change, Entry, Memory, Position, Storage, StoreError};
use volens::{Duration, Engine, Error, Live, Timestamp};

use crate::cases;
use crate::choices::{Choices, choices};
use crate::retained::{WORKSPACE, options, retain, stream};

/// A memory of which one call that writes fails: it is not done, or, of a rewriting, done for so many records; and none is after it.
#[derive(Debug)]
struct Failing {
    memory: Memory,
    before: usize,
    records: usize,
    /// Whether what fails is done all the same.
    done: bool,
}

impl Failing {
    fn fails(&mut self) -> bool {
        let fails = self.before == 0;
        self.before = self.before.saturating_sub(1);
        // After it all fail.
        fails
    }

    fn error() -> StoreError {
        StoreError::Poisoned { path: "memory".into() }
    }
}

impl Storage for Failing {
    fn append(&mut self, batch: &Batch) -> Result<Vec<Position>, StoreError> {
        if !self.fails() {
            return self.memory.append(batch);
        }
        if std::mem::take(&mut self.done) {
            self.memory.append(batch)?;
        }
        Err(Failing::error())
    }

    fn scan(&self, each: &mut dyn FnMut(Entry<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.memory.scan(each)
    }

    fn read(&self, position: Position, into: &mut Vec<u8>) -> Result<(u16, u8), StoreError> {
        self.memory.read(position, into)
    }

    fn rewrite(&mut self, change: &mut dyn FnMut(&Entry<'_>) -> Change) -> Result<(), StoreError> {
        if !self.fails() {
            return self.memory.rewrite(change);
        }
        let mut left = std::mem::take(&mut self.records);
        self.memory.rewrite(&mut |entry| match left.checked_sub(1) {
            Some(fewer) => {
                left = fewer;
                change(entry)
            }
            None => Change::Keep,
        })?;
        Err(Failing::error())
    }

    fn note(&mut self, line: &str) -> Result<(), StoreError> {
        if self.fails() {
            Err(Failing::error())
        } else {
            self.memory.note(line)
        }
    }
}

/// Streams events bit by bit; whether all went well.
fn feed<S: Storage>(live: &mut Live<S>, events: &[Json], sent: &mut Vec<Message>) -> bool {
    events.chunks(4).all(|events| {
        let lines: Vec<String> = events.iter().map(Json::to_string).collect();
        live.stream("made", lines.join("\n").as_bytes(), &|| Timestamp::MAX, sent)
            .is_ok()
    })
}

proptest! {
    #![proptest_config(cases(40))]

    /// Whatever call fails, what is sent in all is what would have been, and what is known of it is the same.
    #[test]
    fn whatever_fails_while_history_is_dropped_the_same_is_sent(
        world in choices(1500),
        skips in any::<prop::sample::Index>(),
        records in 0..40usize,
        done in any::<bool>(),
    ) {
        let mut choices = Choices::new(world);
        let engine = Engine::from_text("made.audience", WORKSPACE).unwrap();
        let events = stream(&mut choices);
        let mut whole: Vec<Message> = Vec::new();
        let mut live = engine.live(Memory::new(), options(None)).unwrap();
        prop_assert!(feed(&mut live, &events, &mut whole));
        let kept = engine.journal(live.into_storage()).unwrap().ledger().unwrap();

        // How many calls there are.
        let counting = Failing { memory: Memory::new(), before: usize::MAX, records: 0, done: false };
        let mut live = engine.live(counting, options(Some(retain()))).unwrap();
        prop_assert!(feed(&mut live, &events, &mut Vec::new()));
        let calls = usize::MAX - live.into_storage().before;

        let mut sent: Vec<Message> = Vec::new();
        // The first call founds the journal.
        let before = 1 + skips.index(calls - 1);
        let failing = Failing { memory: Memory::new(), before, records, done };
        let opened = engine.live(failing, options(Some(retain())));
        let memory = match opened {
            Ok(mut live) => {
                prop_assert!(!feed(&mut live, &events, &mut sent));
                live.into_storage().memory
            }
            Err(Error::Live(_) | Error::Space(_)) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        let mut live = engine.live(memory, options(Some(retain()))).unwrap();
        prop_assert!(feed(&mut live, &events, &mut sent));
        let json = |sent: &[Message]| sent.iter().map(Message::to_json).collect::<BTreeSet<_>>();
        prop_assert_eq!(json(&sent), json(&whole));
        let left = engine.journal(live.into_storage()).unwrap().ledger().unwrap();
        prop_assert_eq!(left, kept);
    }
}

/// What has no trace once everything was acted upon may have one before.
#[test]
fn what_was_not_acted_upon_yet_finds_what_was_before() {
    let text = r#"destination crm requires nothing
        audience free { who trait plan = "free"  send to crm }"#;
    let engine = Engine::from_text("made.audience", text).unwrap();
    let now: Timestamp = "2026-01-31".parse().unwrap();
    let event = |id: &str, plan: Option<&str>| {
        let kind = if plan.is_some() { "identify" } else { "page" };
        let timestamp = format!("2026-01-0{id}T00:00:00Z");
        json!({"type": kind, "messageId": id, "userId": "u1", "timestamp": timestamp, "traits": {"plan": plan}})
    };
    let sent = [false, true].map(|drops| {
        let mut sent: Vec<Message> = Vec::new();
        let mut live = engine.live(Memory::new(), Options::new(now)).unwrap();
        assert!(feed(
            &mut live,
            &[event("1", None), event("2", Some("free"))],
            &mut sent
        ));
        let mut space = engine.space(live.into_storage(), now).unwrap();
        let mut intake = space.intake(now, now).unwrap();
        intake.event(event("3", Some("pro")).into()).unwrap();
        intake.event(event("4", None).into()).unwrap();
        intake.commit().unwrap();
        if drops {
            let length = Duration::from_millis(5 * 86_400_000);
            space.drop_history(engine.horizon(length, now).unwrap()).unwrap();
        }
        let mut live = engine.live(space.into_storage(), Options::new(now)).unwrap();
        live.deliver(&mut sent).unwrap();
        sent.iter().map(Message::to_json).collect::<Vec<_>>()
    });
    assert_eq!(sent[0].len(), 2);
    assert_eq!(sent[0], sent[1]);
}

proptest! {
    #![proptest_config(cases(40))]

    /// Answers that come when they are older than what is kept.
    #[test]
    fn what_comes_late_sends_the_same_whether_history_is_kept_or_not(world in choices(1700)) {
        let mut choices = Choices::new(world);
        let engine = Engine::from_text("made.audience", WORKSPACE).unwrap();
        let mut events = stream(&mut choices);
        for event in &mut events {
            if choices.once_in(4) {
                let at: Timestamp = event["timestamp"].as_str().unwrap().parse().unwrap();
                let late = i64::try_from(73 + choices.below(200)).unwrap() * 3_600_000;
                event["timestamp"] = json!(Timestamp::from_millis(at.as_millis() - late).to_string());
                let [a, b] = [(); 2].map(|()| choices.once_in(2));
                event["context"]["consent"] = json!({"categoryPreferences": {"A": a, "B": b}});
            }
        }
        let [whole, dropped] = [None, Some(retain())].map(|retain| {
            let mut sent: Vec<Message> = Vec::new();
            let mut live = engine.live(Memory::new(), options(retain)).unwrap();
            assert!(feed(&mut live, &events, &mut sent));
            let ledger = engine.journal(live.into_storage()).unwrap().ledger().unwrap();
            (sent.iter().map(Message::to_json).collect::<Vec<_>>(), ledger)
        });
        prop_assert_eq!(dropped, whole);
    }
}
