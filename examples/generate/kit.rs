//! What the generators of all workspaces are made with: chance that is the same everywhere, time, devices that send,
//! and a file with the small mess of a real one.

use serde_json::{Map, Value, json};

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;
/// 2026-06-30T00:00:00Z: the instant as of which the examples are run.
pub(crate) const NOW: i64 = 1_782_777_600 * SECOND;

/// The splitmix64 generator: tiny, and the same on every machine.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }

    pub(crate) fn percent(&mut self, chance: i64) -> bool {
        self.between(1, 100) <= chance
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.next() as usize % items.len()]
    }

    /// A time in the daytime of a day so many days (at least, at most) ago.
    pub(crate) fn some_day(&mut self, from: i64, to: i64) -> i64 {
        NOW - self.between(from, to) * DAY + self.between(7 * HOUR, 22 * HOUR)
    }
}

/// An answer to a consent banner: each category it asked about, and what was said.
pub(crate) type Answer = Vec<(&'static str, bool)>;

/// A browser or an app.
#[derive(Clone, Default)]
pub(crate) struct Device {
    pub(crate) anonymous_id: String,
    /// `web`, `ios` or `android`.
    pub(crate) kind: &'static str,
    /// The last answer given here; the sending library repeats it with every event.
    pub(crate) answer: Option<Answer>,
    /// Who is signed in.
    pub(crate) user_id: Option<String>,
    /// How long it keeps the events of the present visit before it sends them.
    pub(crate) offline: i64,
}

impl Device {
    pub(crate) fn new(rng: &mut Rng, kinds: &[&'static str]) -> Self {
        let anonymous_id = format!("{:012x}", rng.next() >> 16);
        Self {
            anonymous_id,
            kind: rng.pick(kinds),
            ..Self::default()
        }
    }

    /// The `context` of an event sent from this device.
    fn context(&self) -> Value {
        let mut context = json!({});
        if self.kind != "web" {
            let id = format!("{}-{}", self.kind, self.anonymous_id);
            context["device"] = json!({"id": id, "type": self.kind});
        }
        if let Some(answer) = &self.answer {
            let preferences: Map<_, _> = answer
                .iter()
                .map(|(id, granted)| (id.to_string(), json!(granted)))
                .collect();
            context["consent"] = json!({"categoryPreferences": preferences});
        }
        context
    }

    /// An event sent from this device, by its own clock twice, and by the receiver's once.
    pub(crate) fn send(&self, rng: &mut Rng, at: i64, mut body: Value) -> Value {
        let sent = at + self.offline + rng.between(1_000, 4_000);
        body["timestamp"] = json!(iso(at));
        body["sentAt"] = json!(iso(sent));
        body["receivedAt"] = json!(iso(sent + rng.between(80, 900)));
        body["anonymousId"] = json!(self.anonymous_id);
        if let Some(user_id) = &self.user_id {
            body["userId"] = json!(user_id);
        }
        body["context"] = self.context();
        body
    }
}

/// An event sent from a company's own systems, which know the user and no consent.
pub(crate) fn from_server(user_id: &str, at: i64, mut body: Value) -> Value {
    body["timestamp"] = json!(iso(at));
    body["channel"] = json!("server");
    body["userId"] = json!(user_id);
    body
}

pub(crate) fn track(event: &str, properties: Value) -> Value {
    json!({"type": "track", "event": event, "properties": properties})
}

/// The preference update that a banner sends; the answer itself stands in the device's `context`.
pub(crate) fn preference_update() -> Value {
    track("Segment Consent Preference Updated", json!({}))
}

pub(crate) fn money(cents: i64) -> Value {
    json!(cents as f64 / 100.0)
}

/// Milliseconds since 1970 as ISO 8601 in UTC (days to a date: Hinnant's algorithm).
pub(crate) fn iso(time: i64) -> String {
    let (days, ms) = (time.div_euclid(DAY) + 719_468, time.rem_euclid(DAY));
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (h, m, s, f) = (ms / HOUR, ms / 60_000 % 60, ms / SECOND % 60, ms % SECOND);
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{f:03}Z")
}

/// The day of a time alone.
pub(crate) fn date(time: i64) -> String {
    iso(time).chars().take(10).collect()
}

/// Puts events in the order of arrival, and numbers them.
pub(crate) fn in_order(mut events: Vec<Value>) -> Vec<Value> {
    events.sort_by_cached_key(|body| body.get("receivedAt").or(body.get("timestamp")).map(Value::to_string));
    for (number, body) in events.iter_mut().enumerate() {
        body["messageId"] = json!(format!("m{number:05}"));
        body.sort_all_objects();
    }
    events
}

/// One line, its keys in the order a reader looks for them.
fn line(body: &Value) -> String {
    let keys = "type event name category groupId userId anonymousId messageId timestamp sentAt receivedAt channel \
                context properties traits";
    let fields = keys
        .split(' ')
        .filter_map(|key| Some(format!("\"{key}\":{}", body.get(key)?)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

/// What makes a file like a real one's.
pub(crate) struct Mess<'a> {
    /// Three events of the servers come in one batch: after how many of theirs, and in which line it stands.
    pub(crate) batch: (usize, usize),
    /// Lines that are sent once more, some lines later.
    pub(crate) repeats: &'a [usize],
    /// Lines that must be refused.
    pub(crate) broken: &'a [&'a str],
    /// How many lines lie between those.
    pub(crate) every: usize,
}

impl Mess<'_> {
    /// The lines of the file.
    pub(crate) fn lines(&self, events: &[Value]) -> Vec<String> {
        let from_server = events.iter().filter(|body| body.get("channel").is_some());
        let batch: Vec<_> = from_server.skip(self.batch.0).take(3).collect();
        let mut lines: Vec<_> = events.iter().filter(|body| !batch.contains(body)).map(line).collect();
        let batch: Vec<_> = batch.into_iter().map(line).collect();
        lines.insert(self.batch.1, format!("{{\"batch\":[{}]}}", batch.join(",")));
        for place in self.repeats {
            if let Some(sent_again) = lines.get(*place).cloned() {
                lines.insert(place + 40, sent_again);
            }
        }
        for (place, broken) in (self.every..).step_by(self.every).zip(self.broken) {
            lines.insert(place, broken.to_string());
        }
        lines
    }
}
