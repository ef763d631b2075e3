//! Who is forgotten is so by every identifier by which they were sent.

use serde_json::json;
use volens::deliver::Message;
use volens::live::Options;
use volens::store::Memory;
use volens::{Engine, Timestamp};

#[test]
fn an_identifier_that_a_late_event_took_away_is_forgotten_at_once_and_for_good() {
    let text = r#"
        identity { user_id limit 1  email limit 1 }
        destination crm requires nothing
        audience buyers { who performed "Order Completed" within 90 days  send to crm }
    "#;
    let engine = Engine::from_text("shop.audience", text).unwrap();
    let now: Timestamp = "2026-06-30".parse().unwrap();
    let mut sent: Vec<Message> = Vec::new();
    let mut live = engine.live(Memory::new(), Options::new(now)).unwrap();
    for (id, time, email) in [
        ("m1", "2026-06-05", "former@x.com"),
        ("m2", "2026-06-01", "first@x.com"),
    ] {
        let order = json!({"type": "track", "event": "Order Completed", "userId": "u1", "messageId": id, "timestamp": time,
            "context": {"traits": {"email": email}}});
        live.apply(order.into(), now).unwrap();
        live.deliver(&mut sent).unwrap();
    }
    assert!(live.find("email", "former@x.com").is_none());
    assert_eq!(live.ledger().holds("email", "former@x.com").count(), 1);
    live.forget("user_id", "u1", now, &mut sent).unwrap();
    assert!(live.ledger().is_empty());
    sent.clear();
    live.resync(None, &mut sent).unwrap();
    assert!(sent.is_empty());
    let again = engine.live(live.into_storage(), Options::new(now)).unwrap();
    assert!(again.ledger().is_empty());
}
