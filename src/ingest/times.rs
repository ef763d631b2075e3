//! The clocks of an event (EV-9 to EV-11, EV-15).

use super::event::Times;
use super::reject::{Refusal, RejectCode};
use crate::time::Timestamp;
use crate::value::{Fields, Look};

/// 9999-12-31T23:59:59.999Z, the last instant that can be written.
const LAST: Timestamp = Timestamp::from_millis(253_402_300_799_999);

/// Whether an event says itself when it happened, and does not go by its receipt here.
pub(crate) fn are_told<'v>(event: impl Fields<'v>) -> bool {
    let mut told = ["timestamp", "originalTimestamp", "receivedAt"].into_iter();
    told.any(|key| event.get(key).and_then(Look::present).is_some())
}

/// Reads the times of an event; one without any was received at `received_at`.
pub(crate) fn read<'v>(event: impl Fields<'v>, received_at: Timestamp) -> Result<Times, Refusal> {
    let field = |key: &'static str| match event.get(key).and_then(Look::present) {
        None => Ok(None),
        Some(value) => match value.text().and_then(Timestamp::parse) {
            Some(time) => Ok(Some(time)),
            None => Err(RejectCode::TimestampInvalid.because(format!("`{key}` is not a date with a time zone"))),
        },
    };
    let timestamp = field("timestamp")?;
    let original = field("originalTimestamp")?;
    let sent = field("sentAt")?;
    let received = field("receivedAt")?;

    // With an `originalTimestamp` the event has been through a server, and its `timestamp` is final (EV-10).
    let is_final = timestamp.filter(|_| original.is_some());
    let passed = original.or(timestamp);
    let timestamp = match (is_final, passed, sent, received) {
        (Some(timestamp), ..) => timestamp,
        (None, Some(passed), Some(sent), Some(received)) => received.minus(sent.since(passed)),
        (None, Some(passed), ..) => passed,
        (None, None, _, received) => received.unwrap_or(received_at),
    };
    let received = received.unwrap_or(timestamp);

    for (time, what) in [(timestamp, "the event's time"), (received, "`receivedAt`")] {
        if time > LAST {
            return Err(RejectCode::TimestampInvalid.because(format!("{what} lies beyond the year 9999")));
        }
    }
    for (time, what) in [(timestamp, "the event's time"), (received, "`receivedAt`")] {
        if time < Timestamp::EPOCH {
            return Err(RejectCode::TimestampBefore1970.because(format!("{what} lies before 1970: {time}")));
        }
    }
    Ok(Times { timestamp, received })
}
