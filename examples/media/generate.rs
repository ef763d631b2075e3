//! The events of the example of a news site, the Harbour Post: some 130 readers over five months.
//!
//! Most readers have no name. Some registered, some subscribe, some did once. They read in the browser, where a banner
//! asks, and in the app, which began to ask in May. Households share a tablet, a few people tell two browsers two
//! things, and some meet the wall before an article that costs. What a registered reader said about letters goes along
//! with every answer of the device that he or she is signed in on.

use serde_json::{Value, json};

use super::kit::{
    self, Answer, DAY, Device, HOUR, MINUTE, Mess, NOW, Rng, date, from_server, iso, preference_update, track,
};

/// 2026-05-15T00:00:00Z: since then the app asks.
const NEW_APP: i64 = NOW - 46 * DAY;

/// How a reader is known.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Nameless,
    Registered,
    Subscriber,
    Former,
}

use Kind::{Former, Nameless, Registered, Subscriber};

/// Each kind: how many readers, and how many visits (at least, at most).
const KINDS: [(Kind, usize, (i64, i64)); 4] = [
    (Nameless, 62, (1, 3)),
    (Registered, 32, (1, 4)),
    (Subscriber, 20, (2, 5)),
    (Former, 14, (1, 2)),
];

/// Id, section, tags, and whether it is for subscribers.
type Article = (&'static str, &'static str, &'static [&'static str], bool);

const ARTICLES: [Article; 10] = [
    ("a1", "politics", &["election-2026", "harbour"], false),
    ("a2", "politics", &["election-2026", "interview"], false),
    ("a3", "politics", &["budget"], true),
    ("a4", "sport", &["rowing"], false),
    ("a5", "sport", &["football", "transfer"], false),
    ("a6", "sport", &["football"], true),
    ("a7", "culture", &["opera", "review"], false),
    ("a8", "culture", &["film"], true),
    ("a9", "science", &["tides"], false),
    ("a10", "local", &["harbour", "traffic"], false),
];

const VIDEOS: [&str; 3] = ["v-regatta", "v-debate", "v-tides"];
const NAMES: [&str; 8] = ["ada", "bruno", "celia", "dario", "edda", "finn", "greta", "henk"];

/// What people say to ads, to being counted, and to letters once they have registered.
const CHOICES: [[bool; 3]; 7] = [
    [true, true, true],
    [true, true, true],
    [true, true, true],
    [false, true, true],
    [false, true, false],
    [true, true, false],
    [false, false, false],
];

struct Reader {
    number: usize,
    kind: Kind,
    user_id: String,
    email: String,
    registered: i64,
    choice: [bool; 3],
    /// What he or she reads most.
    liking: &'static str,
    devices: Vec<Device>,
}

impl Reader {
    fn new(rng: &mut Rng, number: usize, kind: Kind, shared: Option<Device>) -> Self {
        let name = rng.pick(&NAMES);
        let domain = if number % 33 == 9 { "harbourpost" } else { "mail" };
        let tag = if number % 17 == 3 { "+news" } else { "" };
        let mut devices = vec![shared.unwrap_or_else(|| Device::new(rng, &["web", "web", "web", "ios", "android"]))];
        if rng.percent(25) {
            devices.push(Device::new(rng, &["web"]));
        }
        Self {
            number,
            kind,
            user_id: format!("r{}", 500 + number),
            email: format!("{name}{number}{tag}@{domain}.example"),
            registered: rng.some_day(20, 140),
            choice: rng.pick(&CHOICES),
            liking: match number % 12 {
                0 => "politics",
                _ => rng.pick(&["politics", "sport", "sport", "culture", "science"]),
            },
            devices,
        }
    }

    /// The answer that a device holds from a time on; nothing if it was not asked.
    fn answer(&self, device: &Device, at: i64) -> Option<Answer> {
        let asked = device.kind == "web" || at >= NEW_APP;
        if !asked || self.number % 8 == 6 {
            return None;
        }
        let [ads, measurement, letters] = self.choice;
        let mut answer = vec![("Advertising", ads), ("Measurement", measurement)];
        if self.number.is_multiple_of(10) {
            answer.push(("Personal", measurement));
        }
        if device.user_id.is_some() {
            answer.push(("Newsletter", letters));
        }
        Some(answer)
    }

    /// What the register knows, sent by the site's own systems.
    fn traits(&self) -> Value {
        let age = self.number as i64 * 7 % 50;
        let country = ["NL", "NL", "DE", "US", "GB"][self.number % 5];
        let mut traits = json!({
            "email": self.email,
            "country": country,
            "registered": iso(self.registered),
            "birthday": format!("{}-04-{:02}", 1957 + age, 1 + self.number % 28),
            "interests": if self.number.is_multiple_of(4) { json!(["sport"]) } else { json!(["culture", "science"]) },
        });
        if self.number % 2 == 1 {
            traits["newsletters"] = json!([
                {"id": "morning", "paused": self.number % 6 == 1},
                {"id": "weekend"},
            ]);
        }
        let days = match self.kind {
            Subscriber => [5, 11, 40, 200, 330][self.number % 5],
            Former => -10 - 20 * (self.number as i64 % 5),
            Nameless | Registered => return traits,
        };
        traits["subscription_ends"] = json!(date(NOW + days * DAY));
        if self.kind == Subscriber {
            traits["plan"] = json!(if self.number.is_multiple_of(3) {
                "print"
            } else {
                "digital"
            });
            traits["renewal"] = json!(if self.number.is_multiple_of(2) {
                "automatic"
            } else {
                "ends"
            });
        }
        traits
    }
}

/// One visit of one reader on one device.
struct Visit<'a> {
    rng: &'a mut Rng,
    events: &'a mut Vec<Value>,
    reader: &'a Reader,
    device: &'a mut Device,
    at: i64,
}

impl Visit<'_> {
    fn play(&mut self) {
        if self.device.kind == "web" {
            let source = self.rng.pick(&["search", "search", "social", "newsletter", "direct"]);
            let page = self.rng.pick(&["Home", "Home", "Article", "Imprint"]);
            self.send(json!({"type": "page", "name": page, "properties": {"source": source}}));
        } else {
            self.send(json!({"type": "screen", "name": "Front", "category": "start"}));
        }
        self.answer_banner();
        if self.reader.kind != Nameless && self.at >= self.reader.registered {
            self.sign_in();
        }
        let fewest = if self.reader.number.is_multiple_of(4) { 2 } else { 0 };
        for _ in 0..self.rng.between(fewest, 3) {
            self.read();
        }
        if self.rng.percent(22) {
            self.watch();
        }
    }

    fn answer_banner(&mut self) {
        let answer = self.reader.answer(self.device, self.at);
        if answer.is_some() && answer != self.device.answer {
            self.device.answer = answer;
            self.send(preference_update());
        }
    }

    /// On a shared tablet the one who was there before is signed out.
    fn sign_in(&mut self) {
        let user_id = Some(self.reader.user_id.clone());
        if self.device.user_id != user_id {
            self.device.user_id = user_id;
            self.answer_banner();
            self.send(track("Signed In", json!({})));
        }
    }

    fn read(&mut self) {
        let liked: Vec<_> = ARTICLES
            .into_iter()
            .filter(|(_, section, ..)| *section == self.reader.liking)
            .collect();
        let choice = if self.rng.percent(60) {
            liked.as_slice()
        } else {
            &ARTICLES
        };
        let (id, section, tags, premium) = self.rng.pick(choice);
        if premium && self.reader.kind != Subscriber {
            self.send(track("Paywall Shown", json!({"article_id": id})));
            if self.reader.kind != Nameless && self.rng.percent(25) {
                let started = json!({"article_id": id, "plan": "digital"});
                self.send(track("Subscription Started", started));
            }
            return;
        }
        let seconds = self.rng.between(20, 400);
        self.send(track(
            "Article Read",
            json!({"article_id": id, "section": section, "tags": tags, "premium": premium, "seconds": seconds}),
        ));
        if self.device.user_id.is_some() && self.rng.percent(15) {
            let verified = self.rng.percent(75);
            let comment = json!({"article_id": id, "likes": self.rng.between(0, 9), "author": {"verified": verified}});
            self.send(track("Comment Posted", comment));
        }
    }

    fn watch(&mut self) {
        let video = json!({"video_id": self.rng.pick(&VIDEOS)});
        self.send(track("Video Started", video.clone()));
        if self.rng.percent(75) {
            self.at += 10 * MINUTE;
            self.send(track("Video Completed", video));
        }
    }

    fn send(&mut self, body: Value) {
        self.events.push(self.device.send(self.rng, self.at, body));
        self.at += self.rng.between(30, 240) * 1_000;
    }
}

/// Reads without a name on a browser at work, and says the opposite there; then takes part in a quiz, with the email that
/// the register knows. The two become one reader, and the answers are in conflict.
fn contradict(rng: &mut Rng, events: &mut Vec<Value>, reader: &Reader, days_ago: i64) {
    let mut at_work = Device::new(rng, &["web"]);
    let at = rng.some_day(days_ago, days_ago);
    let [ads, measurement, _] = reader.choice;
    let page = json!({"type": "page", "name": "Home", "properties": {"source": "direct"}});
    events.push(at_work.send(rng, at, page));
    at_work.answer = Some(vec![("Advertising", !ads), ("Measurement", measurement)]);
    events.push(at_work.send(rng, at + MINUTE, preference_update()));
    let email = json!({"type": "identify", "traits": {"email": reader.email}});
    events.push(at_work.send(rng, at + 5 * MINUTE, email));
}

fn all_events() -> Vec<Value> {
    let rng = &mut Rng(1_849);
    let mut events = Vec::new();
    let kinds = KINDS.map(|(kind, count, visits)| vec![(kind, visits); count]);
    let mut last_device = None;
    for (number, (kind, (fewest, most))) in kinds.into_iter().flatten().enumerate() {
        let shared = last_device.take().filter(|_| number % 12 == 11);
        let mut reader = Reader::new(rng, number, kind, shared);
        let mut devices = std::mem::take(&mut reader.devices);
        let (habit, days) = match number % 12 {
            0 => (4, 60),
            4 | 8 => (3, 30),
            _ => (0, 140),
        };
        let mut visits: Vec<_> = (0..rng.between(fewest, most) + habit)
            .map(|_| rng.some_day(-1, days))
            .collect();
        visits.sort_unstable();
        for at in visits {
            let place = if rng.percent(75) { 0 } else { devices.len() - 1 };
            let device = &mut devices[place];
            let keeps = device.kind != "web" && rng.percent(12);
            device.offline = if keeps { rng.between(3, 100) * HOUR } else { 0 };
            let mut visit = Visit {
                rng,
                events: &mut events,
                reader: &reader,
                device,
                at,
            };
            visit.play();
        }
        if kind != Nameless {
            let identify = json!({"type": "identify", "traits": reader.traits()});
            events.push(from_server(&reader.user_id, reader.registered, identify));
            if number % 19 == 4 {
                contradict(rng, &mut events, &reader, 2 + number as i64 % 7);
            }
        }
        last_device = devices.first().cloned();
    }
    kit::in_order(events)
}

/// Lines that must be refused: an answer without answers, a page named by a number, and a torn line.
const BROKEN: [&str; 3] = [
    r#"{"type":"track","event":"Segment Consent Preference Updated","userId":"r580","messageId":"x1","context":{"consent":{}}}"#,
    r#"{"type":"page","name":404,"anonymousId":"5f0c7a11d3e2","messageId":"x2","timestamp":"2026-05-02T10:00:00Z"}"#,
    r#"{"type":"screen","name":"Front","anonymousId":"5f0c7a11d3e2","messageId":"x3","timest"#,
];

/// The lines of the file, with a mess like a real one's.
pub(crate) fn lines() -> Vec<String> {
    let mess = Mess {
        batch: (40, 600),
        repeats: &[150, 480, 800, 1_100],
        broken: &BROKEN,
        every: 280,
    };
    mess.lines(&all_events())
}
