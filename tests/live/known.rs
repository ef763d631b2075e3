//! What is stored is known, also before its turn: whoever agreed and revoked in what waits is not handed out.

use std::io;

use serde_json::{Value as Json, json};
use volens::deliver::Message;
use volens::live::{Options, Outlet};
use volens::store::Memory;
use volens::{Engine, Timestamp};

const SHOP: &str = r#"
category Advertising
category Analytics
destination google_ads requires Advertising
destination crm requires nothing
audience buyers { who performed "Order Completed" within 60 days  send to google_ads, crm }
audience agreed { who performed "Order Completed" within 60 days  consent to Analytics  send to crm }
"#;

fn now() -> Timestamp {
    "2026-07-31".parse().unwrap()
}

fn shop() -> Engine {
    Engine::from_text("shop.audience", SHOP).unwrap()
}

/// On a day of June.
fn order(id: &str, user: &str, day: u32) -> Json {
    json!({"type": "track", "event": "Order Completed", "userId": user, "messageId": id, "timestamp": at(day)})
}

fn says(id: &str, user: &str, day: u32, granted: bool) -> Json {
    json!({
        "type": "track", "event": "Segment Consent Preference Updated", "userId": user, "messageId": id, "timestamp": at(day),
        "context": {"consent": {"categoryPreferences": {"Advertising": granted, "Analytics": granted}}},
    })
}

fn at(day: u32) -> String {
    format!("2026-06-{day:02}T00:00:00Z")
}

fn ingested(engine: &Engine, storage: Memory, events: &[Json]) -> Memory {
    let mut journal = engine.journal(storage).unwrap();
    let mut intake = journal.intake(now(), now());
    for event in events {
        intake.event(event.clone().into()).unwrap();
    }
    intake.commit().unwrap();
    journal.into_storage()
}

/// A store that was streamed before with these events, and what was sent for what was ingested since, with the day of each.
fn sent_for(engine: &Engine, before: &[Json], since: &[Json]) -> Vec<String> {
    let storage = ingested(engine, Memory::new(), before);
    let mut live = engine.live(storage, Options::new(now())).unwrap();
    live.deliver(&mut Vec::new()).unwrap();
    let storage = ingested(engine, live.into_storage(), since);
    let mut sent: Vec<Message> = Vec::new();
    let mut live = engine.live(storage, Options::new(now())).unwrap();
    live.deliver(&mut sent).unwrap();
    told(&sent)
}

fn told(sent: &[Message]) -> Vec<String> {
    let told = sent.iter().map(|message| {
        let day = &message.timestamp().to_string()[8..10];
        let (to, change, of) = (message.destination(), message.change(), message.audience());
        format!("{day}: {to} {change} {of} {}", message.identifier().1)
    });
    told.collect()
}

#[test]
fn who_agreed_and_revoked_in_what_waits_is_not_entered() {
    for removal in ["", " { removal never }"] {
        let text = SHOP.replace("requires Advertising", &format!("requires Advertising{removal}"));
        let engine = Engine::from_text("shop.audience", &text).unwrap();
        let since = [says("m2", "u1", 2, true), says("m3", "u1", 3, false)];
        assert!(sent_for(&engine, &[order("m1", "u1", 1)], &since).is_empty());
        // Without the revocation.
        assert_eq!(
            sent_for(&engine, &[order("m1", "u1", 1)], &since[..1]),
            ["02: google_ads entered buyers u1", "02: crm entered agreed u1"]
        );
    }
}

#[test]
fn who_agrees_again_is_entered_then() {
    let since = [
        says("m2", "u1", 2, true),
        says("m3", "u1", 3, false),
        order("m4", "u2", 4),
        says("m5", "u1", 5, true),
    ];
    // What is granted in the end was granted before, too: all of it goes event by event.
    assert_eq!(
        sent_for(&shop(), &[order("m1", "u1", 1)], &since),
        [
            "02: google_ads entered buyers u1",
            "02: crm entered agreed u1",
            "03: google_ads removed buyers u1",
            "03: crm exited agreed u1",
            "04: crm entered buyers u2",
            "05: google_ads entered buyers u1",
            "05: crm entered agreed u1",
        ]
    );
}

#[test]
fn a_revocation_in_what_waits_holds_back_exits_and_is_answered_in_its_turn() {
    let before = [order("m1", "u1", 1), says("m2", "u1", 2, true)];
    // The order is too old on the 11th, so an exit would be due there before the revocation of the 21st.
    let text = SHOP.replace("60 days", "10 days");
    let engine = Engine::from_text("shop.audience", &text).unwrap();
    let since = [order("m3", "u2", 20), says("m4", "u1", 21, false)];
    assert_eq!(
        sent_for(&engine, &before, &since),
        [
            "11: crm exited buyers u1",
            "11: crm exited agreed u1",
            "20: crm entered buyers u2",
            "21: google_ads removed buyers u1",
        ]
    );
}

#[test]
fn what_somebody_said_elsewhere_counts_where_the_two_turn_out_to_be_one() {
    let says_with_email = json!({
        "type": "identify", "userId": "u1", "messageId": "m4", "timestamp": at(4), "traits": {"email": "a@x.com"},
    });
    let mut refuses = says("m3", "u1", 3, false);
    refuses.as_object_mut().unwrap().remove("userId");
    refuses["anonymousId"] = json!("a1");
    refuses["context"]["traits"] = json!({"email": "a@x.com"});
    let before = [order("m1", "u1", 1)];
    let since = [says("m2", "u1", 2, true), refuses, says_with_email];
    // They disagree, so it is a conflict once they are one.
    let entered = sent_for(&shop(), &before, &since);
    assert!(
        entered.iter().all(|told| !told.contains("google_ads entered")),
        "{entered:?}"
    );
    assert!(entered.iter().all(|told| !told.contains("agreed")), "{entered:?}");
}

#[test]
fn a_revocation_that_was_dated_ahead_counts_once_the_clock_has_come_to_it() {
    let engine = shop();
    let early: Timestamp = "2026-06-05".parse().unwrap();
    for (clock, entered) in [("2026-06-07", 6), ("2026-06-21", 22)] {
        let clock: Timestamp = clock.parse().unwrap();
        let mut live = engine.live(Memory::new(), Options::new(early)).unwrap();
        live.deliver(&mut Vec::new()).unwrap();
        live.apply(order("m1", "u1", 1).into(), early).unwrap();
        live.apply(says("m2", "u1", 20, false).into(), early).unwrap();
        live.deliver(&mut Vec::new()).unwrap();
        let storage = ingested(&engine, live.into_storage(), &[says("m3", "u1", 6, true)]);

        let mut sent: Vec<Message> = Vec::new();
        let mut live = engine.live(storage, Options::new(clock)).unwrap();
        live.deliver(&mut sent).unwrap();
        live.catch_up(clock, &mut sent).unwrap();
        assert_eq!(sent.is_empty(), entered > 6, "{:?}", told(&sent));
        // Whoever was held back is entered when it is granted again.
        live.apply(says("m4", "u1", 22, true).into(), now()).unwrap();
        live.deliver(&mut sent).unwrap();
        let wanted = format!("{entered:02}: google_ads entered buyers u1");
        assert!(told(&sent).contains(&wanted), "{:?}", told(&sent));
    }
}

#[test]
fn a_member_of_another_destination_later_is_held_back_by_what_waits() {
    let before = [order("m1", "u1", 1), says("m2", "u1", 2, true)];
    let one = Engine::from_text("shop.audience", &SHOP.replace("send to google_ads, crm", "send to crm")).unwrap();
    let storage = ingested(&one, Memory::new(), &before);
    let mut live = one.live(storage, Options::new(now())).unwrap();
    live.deliver(&mut Vec::new()).unwrap();
    let storage = ingested(&one, live.into_storage(), &[says("m3", "u1", 3, false)]);
    let mut sent: Vec<Message> = Vec::new();
    let mut live = shop().live(storage, Options::new(now())).unwrap();
    live.resync(None, &mut sent).unwrap();
    assert!(
        sent.iter().all(|message| message.destination() != "google_ads"),
        "{sent:?}"
    );
}

/// Takes messages until nobody knows any more whether they arrive.
struct Unsure {
    flushes: usize,
    taken: Vec<Message>,
}

impl Outlet for Unsure {
    fn message(&mut self, message: &Message) -> io::Result<()> {
        self.taken.push(message.clone());
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let left = self.flushes.checked_sub(1);
        self.flushes = left.ok_or_else(|| io::Error::other("not arrived"))?;
        Ok(())
    }
}

#[test]
fn lines_of_a_stream_are_known_in_their_turn_also_after_a_crash() {
    let engine = shop();
    let events = [
        order("m1", "u1", 1),
        says("m2", "u1", 2, true),
        says("m3", "u1", 3, false),
    ];
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let streamed = |flushes| {
        let taken = Vec::new();
        let mut outlet = Unsure { flushes, taken };
        let mut live = engine.live(Memory::new(), Options::new(now())).unwrap();
        let done = live.stream("events", lines.as_bytes(), &now, &mut outlet);
        (live.into_storage(), outlet.taken, done.is_ok())
    };
    let (_, whole, _) = streamed(usize::MAX);
    assert!(told(&whole).contains(&"02: google_ads entered buyers u1".to_owned()));
    for flushes in 0.. {
        let (storage, mut taken, is_done) = streamed(flushes);
        if is_done {
            break;
        }
        let mut live = engine.live(storage, Options::new(now())).unwrap();
        live.deliver(&mut taken).unwrap();
        let mut told = told(&taken);
        told.sort();
        told.dedup();
        let mut expected = self::told(&whole);
        expected.sort();
        assert_eq!(told, expected, "{flushes}");
    }
}
