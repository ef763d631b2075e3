//! The clocks of an event (EV-9 to EV-14).

use super::*;

/// The timestamp that an event with these times ends up with.
fn timestamp(times: Json) -> String {
    let ingested = accepted([with(json!({"type": "track", "event": "E", "userId": "u1"}), times)]);
    only(&ingested).history().of("E")[0].timestamp.to_string()
}

#[test]
fn a_device_clock_is_corrected() {
    let (original, sent, received) = ("2026-01-01T10:00:00Z", "2026-01-01T10:00:05Z", "2026-01-01T10:02:00Z");
    let corrected = "2026-01-01T10:01:55Z";
    // EV-10's example, as a device sends it and as a server may pass it on.
    let times = json!({"timestamp": original, "sentAt": sent, "receivedAt": received});
    assert_eq!(timestamp(times), corrected);
    let times = json!({"originalTimestamp": original, "sentAt": sent, "receivedAt": received});
    assert_eq!(timestamp(times), corrected);
    // Through a server: final, whatever it is.
    let fin = "2026-01-01T10:01:54Z";
    let times = json!({"timestamp": fin, "originalTimestamp": original, "sentAt": sent, "receivedAt": received});
    assert_eq!(timestamp(times), fin);
}

#[test]
fn without_both_clocks_nothing_is_corrected() {
    let day = "2026-01-01T00:00:00Z";
    assert_eq!(timestamp(json!({"timestamp": day, "sentAt": "2026-01-02"})), day);
    assert_eq!(timestamp(json!({"timestamp": day, "receivedAt": "2026-01-02"})), day);
    assert_eq!(
        timestamp(json!({"originalTimestamp": day, "receivedAt": "2026-01-02"})),
        day
    );
    assert_eq!(timestamp(json!({"originalTimestamp": day})), day);
}

#[test]
fn sent_before_it_happened_lies_after_receipt() {
    let times = json!({"timestamp": "2026-01-01T10:00:10Z", "sentAt": "2026-01-01T10:00:00Z", "receivedAt": "2026-01-01T12:00:00Z"});
    assert_eq!(timestamp(times), "2026-01-01T12:00:10Z");
}

#[test]
fn without_any_time_it_happened_when_it_was_received() {
    assert_eq!(
        timestamp(json!({"receivedAt": "2026-01-02T03:04:05Z"})),
        "2026-01-02T03:04:05Z"
    );
    assert_eq!(
        timestamp(json!({"receivedAt": "2026-01-02", "sentAt": "2020-01-01"})),
        "2026-01-02T00:00:00Z"
    );
    assert_eq!(timestamp(json!({})), "2026-07-01T00:00:00Z");
    assert_eq!(timestamp(json!({"sentAt": "2020-01-01"})), "2026-07-01T00:00:00Z");
}

#[test]
fn a_corrected_time_must_be_one_that_can_be_written() {
    let event = |times: Json| codes(&ingest([with(json!({"type": "page", "userId": "u"}), times)]));
    let beyond = json!({"timestamp": "9999-12-31", "sentAt": "2000-01-01", "receivedAt": "9990-01-01"});
    assert_eq!(event(beyond), [RejectCode::TimestampInvalid]);
    let west = json!({"timestamp": "9999-12-31T23:59-18:00", "receivedAt": "2026-01-01"});
    assert_eq!(event(west), [RejectCode::TimestampInvalid]);
    let before = json!({"timestamp": "2000-01-01", "sentAt": "2026-01-01", "receivedAt": "1980-01-01"});
    assert_eq!(event(before), [RejectCode::TimestampBefore1970]);
    // Only the result counts.
    let after = json!({"timestamp": "1969-01-01", "sentAt": "1969-01-01", "receivedAt": "2026-01-01"});
    assert!(event(after).is_empty());
}

#[test]
fn history_is_by_timestamp_and_ties_by_canonical_order() {
    let event = |id: &str, timestamp: &str, received: &str| {
        track("E", timestamp, json!({"messageId": id, "receivedAt": received}))
    };
    let ingested = accepted([
        event("d", "2026-01-05", "2026-01-01"),
        event("c", "2026-01-02", "2026-01-09"),
        event("b", "2026-01-02", "2026-01-08"),
        event("a", "2026-01-02", "2026-01-08"),
        event("e", "2026-01-02", "2026-01-01"),
    ]);
    let order: String = only(&ingested)
        .history()
        .of("E")
        .iter()
        .map(|e| &*e.message_id)
        .collect();
    assert_eq!(order, "eabcd");
}
