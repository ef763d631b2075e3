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
    let mut live = engine().live(Memory::new(), Options::new(now())).unwrap();
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
    let mut live = engine().live(Memory::new(), Options::new(now())).unwrap();
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

/// Fails with the append after so many, and with those after it, before anything is written.
struct Failing {
    memory: Memory,
    left: Rc<Cell<u32>>,
}

impl Storage for Failing {
    fn append(&mut self, batch: &Batch) -> Result<Vec<Position>, StoreError> {
        match self.left.get().checked_sub(1) {
            None => Err(StoreError::Full { path: "memory".into() }),
            Some(left) => {
                self.left.set(left);
                self.memory.append(batch)
            }
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
    // With the event, with what is handed out, with the note that it was taken.
    for appends in 0..3 {
        let left = Rc::new(Cell::new(u32::MAX));
        let storage = Failing {
            memory: Memory::new(),
            left: left.clone(),
        };
        let mut sent: Vec<Message> = Vec::new();
        let mut live = engine().live(storage, Options::new(now())).unwrap();
        live.deliver(&mut sent).unwrap();
        left.set(appends);
        let applied = live.apply(order("m1", "u1", "2026-06-01T00:00:00Z"), now());
        assert_eq!(applied.is_ok(), appends > 0);
        assert!(live.deliver(&mut sent).is_err());
        assert_eq!(sent.len(), if appends == 2 { 2 } else { 0 });
        left.set(u32::MAX);
        assert!(matches!(live.deliver(&mut sent), Err(LiveError::Failed)));
        let other = order("m2", "u2", "2026-06-01T00:00:00Z");
        assert!(matches!(live.apply(other, now()), Err(LiveError::Failed)));
        assert!(matches!(live.advance(now()), Err(LiveError::Failed)));

        let before = sent.clone();
        let mut again: Vec<Message> = Vec::new();
        let mut live = engine().live(live.into_storage(), Options::new(now())).unwrap();
        live.deliver(&mut again).unwrap();
        if appends == 2 {
            // Nobody knows whether these were taken, so they are handed out again, and are the same.
            assert_eq!(again, before);
        }
        assert_eq!(again.len(), if appends > 0 { 2 } else { 0 });
        live.apply(order("m1", "u1", "2026-06-01T00:00:00Z"), now()).unwrap();
        live.deliver(&mut again).unwrap();
        assert_eq!(again.len(), 2);
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
    let mut live = engine().live(Memory::new(), Options::new(now())).unwrap();
    live.apply(order("m1", "u1", "2026-06-01T00:00:00Z"), now()).unwrap();
    assert!(matches!(live.deliver(&mut unsure), Err(LiveError::Outlet(_))));
    let mut again: Vec<Message> = Vec::new();
    let mut live = engine().live(live.into_storage(), Options::new(now())).unwrap();
    live.deliver(&mut again).unwrap();
    assert_eq!(again, unsure.0);
    assert_eq!(again.len(), 2);
}

#[test]
fn who_is_forgotten_leaves_where_they_are_held_and_is_somebody_new_later() {
    let mut sent: Vec<Message> = Vec::new();
    let mut live = engine().live(Memory::new(), Options::new(now())).unwrap();
    for user in ["u1", "u2"] {
        live.apply(order(user, user, "2026-06-01T00:00:00Z"), now()).unwrap();
    }
    live.deliver(&mut sent).unwrap();
    sent.clear();
    let changes = live.forget("user_id", "u1", now(), &mut sent).unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!((&*changes[0].member, changes[0].entered), ("user_id:u1", false));
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
    let mut live = engine().live(Memory::new(), Options::new(now())).unwrap();
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

/// Fails so many times before it takes anything.
struct Late {
    fails: u32,
    taken: Vec<Message>,
}

impl Outlet for Late {
    fn message(&mut self, message: &Message) -> io::Result<()> {
        if self.fails > 0 {
            self.fails -= 1;
            return Err(io::Error::other("not yet"));
        }
        self.taken.push(message.clone());
        Ok(())
    }
}

#[test]
fn an_outlet_that_fails_in_the_middle_of_a_stream_loses_no_event() {
    let grant = order("m1", "u1", "2026-06-01T00:00:00Z").canonical();
    let refusal = json!({
        "type": "track", "event": "Segment Consent Preference Updated", "userId": "u1", "messageId": "m2",
        "timestamp": "2026-06-01T00:00:01Z", "context": {"consent": {"categoryPreferences": {"Advertising": false}}},
    });
    let last = order("m3", "u3", "2026-06-01T00:00:02Z").canonical();
    let lines = format!("{grant}\n{refusal}\n{last}\n");
    for fails in 1..6 {
        let mut live = engine().live(Memory::new(), Options::new(now())).unwrap();
        let mut late = Late {
            fails,
            taken: Vec::new(),
        };
        assert!(matches!(
            live.stream("events", lines.as_bytes(), &now, &mut late),
            Err(LiveError::Outlet(_))
        ));
        // The refusal is stored, so it is acted upon before anything is written down.
        while live.deliver(&mut late).is_err() {}
        let held = live
            .ledger()
            .holds("user_id", "u1")
            .filter(|(.., sent)| sent.state == volens::deliver::State::In);
        assert_eq!(
            held.map(|(_, destination, _)| destination).collect::<Vec<_>>(),
            ["crm"],
            "{fails}"
        );
        assert_eq!(live.members("buyers").unwrap().len(), 2, "{fails}");
        assert!(told(&late.taken).contains(&"google_ads entered u3".to_owned()));
    }
}

#[test]
fn forgetting_one_keeps_what_others_are_still_to_be_sent() {
    let mut sent: Vec<Message> = Vec::new();
    let mut live = engine().live(Memory::new(), Options::new(now())).unwrap();
    for user in ["u1", "u2"] {
        live.apply(order(user, user, "2026-06-01T00:00:00Z"), now()).unwrap();
    }
    live.forget("user_id", "u2", now(), &mut sent).unwrap();
    live.deliver(&mut sent).unwrap();
    assert!(told(&sent).contains(&"crm entered u1".to_owned()));

    // An account that has lost the user for whom it was in is left by the others.
    let accounts = Engine::from_text(
        "a.audience",
        r#"destination crm requires nothing  audience led of accounts { who any user (trait role = "admin")  send to crm }"#,
    )
    .unwrap();
    let mut live = accounts.live(Memory::new(), Options::new(now())).unwrap();
    for user in ["u1", "u2"] {
        let role = if user == "u1" { "admin" } else { "guest" };
        live.apply(
            json!({"type": "identify", "userId": user, "timestamp": "2026-06-01", "traits": {"role": role}}).into(),
            now(),
        )
        .unwrap();
        live.apply(
            json!({"type": "group", "userId": user, "groupId": "acme", "timestamp": "2026-06-01"}).into(),
            now(),
        )
        .unwrap();
    }
    live.deliver(&mut sent).unwrap();
    assert!(told(&sent).contains(&"crm entered u2".to_owned()));
    sent.clear();
    let changes = live.forget("user_id", "u1", now(), &mut sent).unwrap();
    assert_eq!(
        changes.iter().map(|change| &*change.member).collect::<Vec<_>>(),
        ["group_id:acme"]
    );
    live.deliver(&mut sent).unwrap();
    assert_eq!(told(&sent), ["crm exited u1", "crm exited u2"]);
}

#[test]
fn a_refused_event_is_told_by_its_code() {
    let mut sent: Vec<Message> = Vec::new();
    let mut live = engine().live(Memory::new(), Options::new(now())).unwrap();
    let event = order("m1", "u1", "2026-06-01T00:00:00Z");
    live.apply(event.clone(), now()).unwrap();
    live.forget("user_id", "u1", now(), &mut sent).unwrap();
    let refused = |error: LiveError| match error {
        LiveError::Refused(code) => code.to_string(),
        error => error.to_string(),
    };
    assert_eq!(refused(live.apply(event, now()).unwrap_err()), "forgotten");
    assert_eq!(
        refused(live.apply(json!({}).into(), now()).unwrap_err()),
        "type_required"
    );
    let other = order("m2", "u2", "2026-06-02T00:00:00Z");
    live.apply(other.clone(), now()).unwrap();
    // The same again is none, another body is.
    assert!(live.apply(other, now()).unwrap().is_empty());
    let conflict = order("m2", "u3", "2026-06-03T00:00:00Z");
    assert_eq!(refused(live.apply(conflict, now()).unwrap_err()), "message_id_conflict");
    assert!(live.told().1.is_empty());
}

/// A pipe on which time passes while nothing comes.
struct Slow<'t> {
    lines: Vec<String>,
    clock: &'t Cell<i64>,
}

impl io::Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.clock.set(self.clock.get() + 3_600_000);
        if self.lines.is_empty() {
            return Ok(0);
        }
        let line = self.lines.remove(0) + "\n";
        buffer[..line.len()].copy_from_slice(line.as_bytes());
        Ok(line.len())
    }
}

#[test]
fn an_event_without_a_time_is_of_the_instant_when_it_came() {
    let start = now().as_millis();
    let clock = Cell::new(start);
    let ticking = || {
        clock.set(clock.get() + 1);
        Timestamp::from_millis(clock.get())
    };
    let plain =
        |id: &str| json!({"type": "track", "event": "Order Completed", "userId": id, "messageId": id}).to_string();
    let lines = vec![plain("u1"), format!("{}\n{}", plain("u2"), plain("u3")), plain("u4")];
    let mut sent: Vec<Message> = Vec::new();
    let mut live = engine().live(Memory::new(), Options::new(now())).unwrap();
    live.stream("pipe", Slow { lines, clock: &clock }, &ticking, &mut sent)
        .unwrap();
    let hours: Vec<i64> = sent
        .iter()
        .map(|message| (message.timestamp().as_millis() - start) / 3_600_000)
        .collect();
    assert_eq!(hours, [1, 2, 2, 3]);

    // Opened again, everything is as of the same instants, so nothing is different.
    let members = live.members("buyers").unwrap();
    let mut again: Vec<Message> = Vec::new();
    let mut live = engine().live(live.into_storage(), Options::new(now())).unwrap();
    assert_eq!(live.deliver(&mut again).unwrap(), 0, "{:?}", told(&again));
    assert_eq!(live.members("buyers").unwrap(), members);
}

#[test]
fn what_was_dated_ahead_waits_also_after_a_crash() {
    let early: Timestamp = "2026-06-01T11:00:00Z".parse().unwrap();
    let late: Timestamp = "2026-06-01T13:00:00Z".parse().unwrap();
    let lines = format!(
        "{}\n{}\n",
        order("e1", "u1", "2026-06-01T12:00:00Z").canonical(),
        order("e2", "u2", "2026-06-01T10:59:00Z").canonical()
    );
    let mut unsure = Unsure(Vec::new());
    let mut live = engine().live(Memory::new(), Options::new(early)).unwrap();
    live.deliver(&mut Vec::new()).unwrap();
    assert!(live.stream("events", lines.as_bytes(), &|| early, &mut unsure).is_err());
    assert_eq!(unsure.0.len(), 2);
    // It comes to an end between the messages and the record, and is opened again later.
    let mut sent: Vec<Message> = Vec::new();
    let mut live = engine().live(live.into_storage(), Options::new(late)).unwrap();
    live.deliver(&mut sent).unwrap();
    assert_eq!(sent, unsure.0);
    live.catch_up(late, &mut sent).unwrap();
    assert_eq!(told(&sent[2..]), ["google_ads entered u1", "crm entered u1"]);
}

/// A live engine that ended after it wrote down what it hands out, and before anybody knew that it was taken.
fn ended_in_between(engine: &Engine) -> Memory {
    let mut live = engine.live(Memory::new(), Options::new(now())).unwrap();
    live.deliver(&mut Vec::new()).unwrap();
    live.apply(order("m1", "u1", "2026-06-01T00:00:00Z"), now()).unwrap();
    let mut unsure = Unsure(Vec::new());
    assert!(live.deliver(&mut unsure).is_err());
    assert_eq!(told(&unsure.0), ["google_ads entered u1", "crm entered u1"]);
    live.into_storage()
}

#[test]
fn who_revoked_since_a_crash_is_not_handed_out_again_and_is_taken_out() {
    let engine = engine();
    let mut journal = engine.journal(ended_in_between(&engine)).unwrap();
    let mut intake = journal.intake(now(), now());
    let refusal = json!({
        "type": "track", "event": "Segment Consent Preference Updated", "userId": "u1", "messageId": "m2",
        "timestamp": "2026-06-01T01:00:00Z", "context": {"consent": {"categoryPreferences": {"Advertising": false}}},
    });
    intake.event(refusal.into()).unwrap();
    intake.commit().unwrap();

    let mut sent: Vec<Message> = Vec::new();
    let mut live = engine.live(journal.into_storage(), Options::new(now())).unwrap();
    // It is stored, so nothing goes out that it forbids, though its turn comes later.
    live.deliver(&mut sent).unwrap();
    assert_eq!(told(&sent), ["crm entered u1", "google_ads removed u1"]);

    // Once it was acted upon, nothing goes out that it forbids.
    let mut live = engine.live(ended_in_between(&engine), Options::new(now())).unwrap();
    let refusal = json!({
        "type": "track", "event": "Segment Consent Preference Updated", "userId": "u1",
        "timestamp": "2026-06-01T01:00:00Z", "context": {"consent": {"categoryPreferences": {"Advertising": false}}},
    });
    live.apply(refusal.into(), now()).unwrap();
    sent.clear();
    live.deliver(&mut sent).unwrap();
    assert_eq!(told(&sent), ["crm entered u1", "google_ads removed u1"]);
}

#[test]
fn what_may_have_gone_before_a_crash_is_taken_back_under_other_definitions() {
    let other = Engine::from_text(
        "shop.audience",
        &SHOP.replace("\"Order Completed\"", "\"Order Cancelled\""),
    )
    .unwrap();
    let storage = ended_in_between(&engine());
    let mut sent: Vec<Message> = Vec::new();
    let mut live = other.live(storage, Options::new(now())).unwrap();
    live.deliver(&mut sent).unwrap();
    let mut last: std::collections::BTreeMap<&str, Change> = Default::default();
    last.extend(sent.iter().map(|message| (message.destination(), message.change())));
    assert_eq!(
        last.into_iter().collect::<Vec<_>>(),
        [("crm", Change::Exited), ("google_ads", Change::Exited)]
    );
}
