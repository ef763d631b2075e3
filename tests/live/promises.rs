//! What a live engine does when something goes wrong, and when much happens at once.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use serde_json::json;
use volens::deliver::{Change, Message};
use volens::live::{LiveError, Options, Outlet};
use volens::store::{Batch, Change as Rewritten, Entry, Memory, Position, Storage, StoreError};
use volens::{Engine, Timestamp, Value};

const SHOP: &str = r#"
category Advertising
destination google_ads requires Advertising
destination crm requires nothing
audience buyers { who performed "Order Completed" within 2 days  send to google_ads, crm }
"#;

fn now() -> Timestamp {
    "2026-07-31".parse().unwrap()
}

fn engine() -> Engine {
    Engine::from_text("shop.audience", SHOP).unwrap()
}

fn order(id: &str, user: &str, time: &str) -> Value {
    json!({
        "type": "track", "event": "Order Completed", "userId": user, "messageId": id, "timestamp": time,
        "context": {"consent": {"categoryPreferences": {"Advertising": true}}},
    })
    .into()
}

fn told(messages: &[Message]) -> Vec<String> {
    let told = messages.iter();
    told.map(|message| {
        format!(
            "{} {} {}",
            message.destination(),
            message.change(),
            message.identifier().1
        )
    })
    .collect()
}

#[test]
fn any_number_of_timers_may_be_due_at_one_instant() {
    let mut none: Vec<Message> = Vec::new();
    let mut live = engine().live(Memory::new(), Options::new(now()), &mut none).unwrap();
    let people = 20_000;
    for number in 0..people {
        let event = order(&format!("m{number}"), &format!("u{number}"), "2026-06-01T00:00:00Z");
        live.apply(event, now()).unwrap();
    }
    assert_eq!(live.members("buyers").unwrap().len(), people);
    let due: Timestamp = "2026-06-03".parse().unwrap();
    assert_eq!(live.due(), Some(due));
    assert!(
        live.advance(Timestamp::from_millis(due.as_millis() - 1))
            .unwrap()
            .is_empty()
    );
    let changes = live.advance(now()).unwrap();
    assert_eq!(changes.len(), people);
    assert!(changes.iter().all(|change| change.at == due && !change.entered));
    assert_eq!(live.due(), None);
}

#[test]
fn what_an_outlet_does_not_take_is_handed_out_later() {
    let mut live = engine()
        .live(Memory::new(), Options::new(now()), &mut Vec::new())
        .unwrap();
    for user in ["u1", "u2", "u3"] {
        live.apply(order(user, user, "2026-06-01T00:00:00Z"), now()).unwrap();
    }
    let mut taken: Vec<Message> = Vec::new();
    for _ in 0..6 {
        // It takes one message each time, and fails at the next.
        let mut room = 1;
        let mut outlet = |message: &Message| {
            room -= 1;
            if room < 0 {
                return Err(io::Error::other("full"));
            }
            taken.push(message.clone());
            Ok(())
        };
        let _ = live.deliver(&mut outlet);
    }
    assert_eq!(
        told(&taken),
        [
            "google_ads entered u1",
            "crm entered u1",
            "google_ads entered u2",
            "crm entered u2",
            "google_ads entered u3",
            "crm entered u3",
        ]
    );
    let mut rest: Vec<Message> = Vec::new();
    assert_eq!(live.deliver(&mut rest).unwrap(), 0);
}

/// Fails when told to, before anything is written.
struct Failing {
    memory: Memory,
    fails: Rc<Cell<bool>>,
}

impl Storage for Failing {
    fn append(&mut self, batch: &Batch) -> Result<Vec<Position>, StoreError> {
        match self.fails.get() {
            true => Err(StoreError::Full { path: "memory".into() }),
            false => self.memory.append(batch),
        }
    }

    fn scan(&self, each: &mut dyn FnMut(Entry<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.memory.scan(each)
    }

    fn read(&self, position: Position, into: &mut Vec<u8>) -> Result<(u16, u8), StoreError> {
        self.memory.read(position, into)
    }

    fn rewrite(&mut self, change: &mut dyn FnMut(&Entry<'_>) -> Rewritten) -> Result<(), StoreError> {
        self.memory.rewrite(change)
    }

    fn note(&mut self, line: &str) -> Result<(), StoreError> {
        self.memory.note(line)
    }
}

#[test]
fn after_an_error_of_the_storage_it_is_to_be_opened_again() {
    for fails_after_the_event in [false, true] {
        let fails = Rc::new(Cell::new(false));
        let storage = Failing {
            memory: Memory::new(),
            fails: fails.clone(),
        };
        let mut sent: Vec<Message> = Vec::new();
        let mut live = engine().live(storage, Options::new(now()), &mut sent).unwrap();
        fails.set(!fails_after_the_event);
        let applied = live.apply(order("m1", "u1", "2026-06-01T00:00:00Z"), now());
        assert_eq!(applied.is_ok(), fails_after_the_event);
        fails.set(true);
        assert!(live.deliver(&mut sent).is_err());
        fails.set(false);
        assert!(matches!(live.deliver(&mut sent), Err(LiveError::Failed)));
        assert!(matches!(
            live.apply(order("m2", "u2", "2026-06-01T00:00:00Z"), now()),
            Err(LiveError::Failed)
        ));
        assert!(matches!(live.advance(now()), Err(LiveError::Failed)));

        let before = sent.clone();
        let mut live = engine()
            .live(live.into_storage(), Options::new(now()), &mut sent)
            .unwrap();
        let repeated = sent.split_off(before.len());
        // What was taken before the record failed is handed out again, and is the same.
        assert_eq!(repeated, before);
        assert_eq!(repeated.len(), if fails_after_the_event { 2 } else { 0 });
        let _ = live.apply(order("m1", "u1", "2026-06-01T00:00:00Z"), now());
        live.deliver(&mut sent).unwrap();
        assert_eq!(live.members("buyers").unwrap().len(), 1);
    }
}

/// Takes messages, and is not sure that they arrived.
struct Unsure(Vec<Message>);

impl Outlet for Unsure {
    fn message(&mut self, message: &Message) -> io::Result<()> {
        self.0.push(message.clone());
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::Error::other("not arrived"))
    }
}

#[test]
fn what_was_not_flushed_comes_again_after_it_was_opened_again() {
    let mut unsure = Unsure(Vec::new());
    let mut live = engine()
        .live(Memory::new(), Options::new(now()), &mut Vec::new())
        .unwrap();
    live.apply(order("m1", "u1", "2026-06-01T00:00:00Z"), now()).unwrap();
    assert!(matches!(live.deliver(&mut unsure), Err(LiveError::Outlet(_))));
    let mut again: Vec<Message> = Vec::new();
    let live = engine()
        .live(live.into_storage(), Options::new(now()), &mut again)
        .unwrap();
    assert_eq!(again, unsure.0);
    assert_eq!(again.len(), 2);
    drop(live);
}

#[test]
fn who_is_forgotten_leaves_where_they_are_held_and_is_somebody_new_later() {
    let mut sent: Vec<Message> = Vec::new();
    let mut live = engine().live(Memory::new(), Options::new(now()), &mut sent).unwrap();
    for user in ["u1", "u2"] {
        live.apply(order(user, user, "2026-06-01T00:00:00Z"), now()).unwrap();
    }
    live.deliver(&mut sent).unwrap();
    sent.clear();
    assert_eq!(live.forget("user_id", "u1", now(), &mut sent).unwrap(), 1);
    assert_eq!(told(&sent), ["google_ads exited u1", "crm exited u1"]);
    assert!(live.forget("user_id", "u1", now(), &mut sent).is_err());
    assert_eq!(live.members("buyers").unwrap().len(), 1);
    assert_eq!(live.ledger().holds("user_id", "u1").count(), 0);

    sent.clear();
    live.apply(order("m9", "u1", "2026-06-01T12:00:00Z"), now()).unwrap();
    live.advance("2026-06-10".parse().unwrap()).unwrap();
    live.deliver(&mut sent).unwrap();
    // Both have left by now, and only one of them was held.
    assert_eq!(told(&sent), ["google_ads exited u2", "crm exited u2"]);
    assert!(sent.iter().all(|message| message.change() == Change::Exited));
}

#[test]
fn consent_is_asked_for_when_a_message_is_handed_out() {
    let mut sent: Vec<Message> = Vec::new();
    let mut live = engine().live(Memory::new(), Options::new(now()), &mut sent).unwrap();
    let changes = live.apply(order("m1", "u1", "2026-06-01T00:00:00Z"), now()).unwrap();
    assert_eq!(changes.len(), 1);
    let refusal = json!({
        "type": "track", "event": "Segment Consent Preference Updated", "userId": "u1", "timestamp": "2026-06-01T00:00:01Z",
        "context": {"consent": {"categoryPreferences": {"Advertising": false}}},
    });
    live.apply(refusal.into(), now()).unwrap();
    live.deliver(&mut sent).unwrap();
    assert_eq!(told(&sent), ["crm entered u1"]);
}
