//! A stream that keeps only so much history sends what one that keeps all of it sends, and does not grow with its events.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use volens::deliver::Message;
use volens::live::Options;
use volens::store::Memory;
use volens::{Duration, Engine, Timestamp};

use crate::choices::{Choices, choices};
use crate::{cases, events};

/// Nothing looks back further than two days.
pub(crate) const WORKSPACE: &str = r#"
category A
category B
category C
destination ads requires A
destination mail requires B, A { message identify }
destination crm requires nothing

trait spent = sum of p from "E" within 2 days

audience x0 { who performed "E" within 1 day and trait spent > 3  send to ads, crm }
audience x1 {
  who performed "E" as e within 30 hours
        then not performed "F" within 5 hours
  include anonymous
  send to mail, crm
}
audience x2 { who trait a exists and not member of x0  send to ads, mail }
audience x3 of accounts { who any user (performed "F" within 1 day) or account trait b exists  send to crm }
"#;
const HOUR: i64 = 3_600_000;
const START: i64 = 1_782_604_800_000;

pub(crate) fn retain() -> Duration {
    "3 days".parse().unwrap()
}

pub(crate) fn options(retain: Option<Duration>) -> Options {
    let mut options = Options::new(Timestamp::MAX);
    options.retain = retain;
    options
}

/// Events with which time goes on; some come late, but none when it is not kept any more.
pub(crate) fn stream(choices: &mut Choices) -> Vec<Json> {
    let mut hours = 0;
    let count = 10 + choices.below(50);
    let events = (0..count).map(|number| {
        hours += [0, 1, 2, 5, 12, 24][choices.below(6)];
        let late = if choices.once_in(5) {
            i64::try_from(choices.below(24)).unwrap()
        } else {
            0
        };
        let mut event = events::event(choices, number);
        event["messageId"] = json!(format!("m{number}"));
        event["timestamp"] = json!(Timestamp::from_millis(START + (hours - late) * HOUR).to_string());
        event.as_object_mut().unwrap().remove("receivedAt");
        event
    });
    events.collect()
}

/// Streams the events, part by part, and opens the engine anew between these.
fn sent(engine: &Engine, parts: &[&[Json]], retain: Option<Duration>) -> (Vec<Message>, Memory) {
    let mut sent: Vec<Message> = Vec::new();
    let mut storage = Memory::new();
    for part in parts {
        let mut live = engine.live(storage, options(retain)).unwrap();
        // Nothing is dropped before what is at hand was acted upon; so it is handed over bit by bit.
        for events in part.chunks(4) {
            let lines: Vec<String> = events.iter().map(Json::to_string).collect();
            let lines = lines.join("\n");
            live.stream("made", lines.as_bytes(), &|| Timestamp::MAX, &mut sent)
                .unwrap();
        }
        storage = live.into_storage();
    }
    (sent, storage)
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn what_is_sent_is_the_same_whether_history_is_kept_or_not(world in choices(1500)) {
        let mut choices = Choices::new(world);
        let engine = Engine::from_text("made.audience", WORKSPACE).unwrap();
        let events = stream(&mut choices);
        let (first, second) = events.split_at(choices.below(events.len()));
        let parts = [first, second];
        let (whole, kept) = sent(&engine, &parts, None);
        let (dropped, left) = sent(&engine, &parts, Some(retain()));
        let json = |sent: &[Message]| sent.iter().map(Message::to_json).collect::<Vec<_>>();
        prop_assert_eq!(json(&dropped), json(&whole));
        let [left, kept] = [left, kept].map(|storage| engine.journal(storage).unwrap());
        prop_assert_eq!(left.ledger().unwrap(), kept.ledger().unwrap());
        prop_assert!(left.len() <= kept.len());
    }
}

/// Page views, orders and sign-ins of one person, a hundred days long; and a single answer.
#[test]
fn what_is_kept_is_as_much_after_a_hundred_days_as_after_ten() {
    let engine = Engine::from_text("made.audience", WORKSPACE).unwrap();
    let mut events = Vec::new();
    for hour in 0..2400 {
        let mut event = json!({
            "messageId": format!("m{hour}"), "userId": "u1", "anonymousId": "a1",
            "timestamp": Timestamp::from_millis(START + hour * HOUR).to_string(),
        });
        let more = match hour % 4 {
            0 => json!({"type": "page", "name": "Home"}),
            1 => json!({"type": "track", "event": "E", "properties": {"p": 5}}),
            2 => json!({"type": "identify", "traits": {"a": hour}}),
            _ => json!({"type": "group", "groupId": "g", "traits": {"b": hour}}),
        };
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        if hour == 5 {
            event["context"] = json!({"consent": {"categoryPreferences": {"A": true}}});
        }
        events.push(event);
    }
    let kept = |days: usize| {
        let (sent, storage) = sent(&engine, &[&events[..days * 24]], Some(retain()));
        assert!(sent.iter().any(|message| message.destination() == "ads"));
        let journal = engine.journal(storage).unwrap();
        assert_eq!(journal.horizon().is_some(), days > 3);
        journal.len()
    };
    // Three days, the part of a day that may be left until there is more, and a few that leave a trace.
    for days in [10, 50, 100] {
        let kept = kept(days);
        assert!((72..=90).contains(&kept), "{kept} after {days} days");
    }
}

#[test]
fn no_more_is_dropped_than_definitions_can_do_without() {
    let engine = Engine::from_text("made.audience", WORKSPACE).unwrap();
    let error = engine
        .live(Memory::new(), options(Some("47 hours".parse().unwrap())))
        .unwrap_err();
    assert!(error.to_string().contains("beyond-retention"), "{error}");
    // A window that begins at a date comes to reach further back than what is kept.
    let text = r#"destination crm requires nothing
        audience old { who performed "E" after 2026-06-28  send to crm }"#;
    let engine = Engine::from_text("made.audience", text).unwrap();
    let now: Timestamp = "2026-06-29".parse().unwrap();
    let mut options = Options::new(now);
    options.retain = Some(retain());
    let mut live = engine.live(Memory::new(), options).unwrap();
    let mut sent: Vec<Message> = Vec::new();
    for day in ["2026-06-28T12:00:00Z", "2026-07-20T00:00:00Z"] {
        let event = json!({"type": "track", "event": "E", "messageId": day, "userId": "u1", "timestamp": day});
        live.stream("made", event.to_string().as_bytes(), &|| Timestamp::MAX, &mut sent)
            .unwrap();
    }
    assert_eq!(live.members("old").unwrap().len(), 1);
    let horizon = engine.journal(live.into_storage()).unwrap().horizon();
    assert!(horizon < Some("2026-06-28".parse().unwrap()), "{horizon:?}");
}
