//! Makes the events of the shop example: some 300 people over nine months, as JSON lines.
//!
//! People come from six segments (browsers, first-time, loyal and lapsed buyers, bargain hunters, cart abandoners).
//! Each has a plan of visits, one or two devices, and an answer to the shop's consent banner, which a few change
//! later and some are never asked for. At the end comes the small mess of a real file: repeats, a batch, and five
//! lines that must be refused. The same seed gives the same bytes:
//!
//! ```text
//! cargo run --example generate_shop > examples/shop/events.jsonl
//! ```

#![allow(clippy::indexing_slicing)] // a JSON object takes any key, and a pick is always in range

use std::io::{self, Write};

use serde_json::{Map, Value, json};

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// 2026-06-30T00:00:00Z: the instant as of which the example is run.
const NOW: i64 = 1_782_777_600 * SECOND;
/// 2026-01-01T00:00:00Z: since then the banner also asks about personal picks.
const NEW_BANNER: i64 = 1_767_225_600 * SECOND;

/// The splitmix64 generator: tiny, and the same on every machine.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }

    fn percent(&mut self, chance: i64) -> bool {
        self.between(1, 100) <= chance
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.next() as usize % items.len()]
    }
}

/// Name, category, price in cents.
type Product = (&'static str, &'static str, i64);

const CATALOGUE: [Product; 6] = [
    ("Trail runner", "shoes", 9_900),
    ("Rain jacket", "jackets", 12_990),
    ("City backpack", "bags", 7_900),
    ("Weekender", "bags", 13_500),
    ("Merino jumper", "knitwear", 8_495),
    ("Running socks", "accessories", 1_990),
];

/// What a visit is for.
#[derive(Clone, Copy, PartialEq)]
enum Goal {
    Browse,
    Cart,
    Checkout,
    Buy,
    Newsletter,
}

use Goal::{Browse, Buy, Cart, Checkout, Newsletter};

/// So many visits (at least, at most), so many days ago (at least, at most), for this.
type Plan = (i64, i64, i64, i64, Goal);

/// Each segment, how many people it has, and what they do.
const SEGMENTS: [(&str, usize, [Plan; 2]); 6] = [
    ("browser", 90, [(0, 3, 1, 20, Browse), (1, 2, 1, 271, Cart)]),
    ("first-time buyer", 45, [(1, 1, 1, 75, Buy), (0, 2, 60, 120, Browse)]),
    ("loyal buyer", 40, [(1, 4, 1, 90, Buy), (2, 4, 91, 271, Buy)]),
    ("lapsed buyer", 45, [(1, 3, 92, 265, Buy), (0, 2, 1, 80, Browse)]),
    (BARGAIN, 36, [(2, 4, 1, 200, Buy), (1, 3, 1, 271, Browse)]),
    ("cart abandoner", 44, [(1, 1, 1, 10, Checkout), (0, 2, 20, 250, Buy)]),
];

const BARGAIN: &str = "bargain hunter";
const NAMES: [&str; 8] = ["mara", "jonas", "elif", "tom", "ines", "clara", "noah", "felix"];

/// The consent categories, in the order of a `Choice`.
const CATEGORIES: [&str; 3] = ["Advertising", "Analytics", "Personalization"];
type Choice = [bool; 3];

struct Person {
    number: usize,
    user_id: String,
    segment: &'static str,
    has_account: bool,
    email: String,
    country: &'static str,
    signed_up: Option<i64>,
    points: i64,
    /// Nothing: never asked.
    choice: Option<Choice>,
    change: Option<(i64, Choice)>,
}

impl Person {
    fn new(rng: &mut Rng, number: usize, segment: &'static str) -> Self {
        let domain = if number % 40 == 17 { "lindenshop" } else { "post" };
        let old_customer = matches!(segment, "loyal buyer" | "lapsed buyer" | BARGAIN);
        let (choice, change) = attitude(rng);
        Self {
            number,
            user_id: format!("cust-{}", 1_000 + number),
            segment,
            has_account: rng.percent(if segment == "browser" { 40 } else { 80 }),
            email: format!("{}{number}@{domain}.example", rng.pick(&NAMES)),
            country: rng.pick(&["DE", "DE", "DE", "AT", "FR", "NL"]),
            signed_up: old_customer.then(|| NOW - rng.between(280, 1_100) * DAY),
            points: if old_customer { rng.between(20, 700) } else { 0 },
            choice,
            change,
        }
    }

    /// What this person answers on a device at a time; nothing if the shop never asks.
    fn answer(&self, device: &Device, at: i64) -> Option<(Choice, usize)> {
        let changed = self.change.filter(|(since, _)| *since <= at).map(|(_, choice)| choice);
        let choice = device.own_choice.or(changed).or(self.choice)?;
        Some((choice, if at < NEW_BANNER { 2 } else { 3 }))
    }

    /// What the account form sends; the age as text, since it is a form.
    fn traits(&self) -> Value {
        let (plan, tier_goal) = match self.number % 7 {
            0 => ("gold", None),
            1 | 2 => ("plus", Some(900)),
            _ => ("basic", Some(400)),
        };
        json!({
            "email": self.email, "country": self.country, "age": (18 + self.number * 7 % 55).to_string(),
            "plan": plan, "loyalty_points": self.points, "tier_goal": tier_goal,
            "signup_date": self.signed_up.map(iso),
        })
    }
}

/// The answer to the banner, and the later change of mind of a few.
fn attitude(rng: &mut Rng) -> (Option<Choice>, Option<(i64, Choice)>) {
    let choice = match rng.between(1, 100) {
        1..=12 => return (None, None),
        13..=58 => [true; 3],
        59..=72 => [false; 3],
        73..=82 => [false, true, false],
        83..=90 => [false, true, true],
        _ => [true, true, false],
    };
    let changed = if choice == [false; 3] { [true; 3] } else { [false; 3] };
    let change = rng.percent(10).then(|| (NOW - rng.between(5, 120) * DAY, changed));
    (Some(choice), change)
}

#[derive(Clone, Default)]
struct Device {
    anonymous_id: String,
    /// `web`, `ios` or `android`.
    kind: &'static str,
    /// The last answer given here, and how many categories the banner asked about.
    answer: Option<(Choice, usize)>,
    signed_in: bool,
    /// How long it keeps the events of the present visit before it sends them.
    offline: i64,
    /// A borrowed browser: never signed in, and its banner is answered in another way.
    own_choice: Option<Choice>,
}

impl Device {
    fn new(rng: &mut Rng) -> Self {
        let anonymous_id = format!("{:012x}", rng.next() >> 16);
        let kind = rng.pick(&["web", "web", "web", "ios", "android"]);
        Self {
            anonymous_id,
            kind,
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
        if let Some((choice, asked)) = self.answer {
            let asked = CATEGORIES.iter().zip(choice).take(asked);
            let preferences: Map<_, _> = asked.map(|(id, granted)| (id.to_string(), json!(granted))).collect();
            context["consent"] = json!({"categoryPreferences": preferences});
        }
        context
    }
}

/// When, on which of the person's devices, and what for.
type Visit = (i64, usize, Goal);

/// One person's devices and visits. A few share the device of the person before them.
fn cast(rng: &mut Rng, person: &mut Person, plans: [Plan; 2], shared: Option<Device>) -> (Vec<Device>, Vec<Visit>) {
    let mut devices = vec![shared.unwrap_or_else(|| Device::new(rng))];
    if person.has_account && rng.percent(35) {
        devices.push(Device::new(rng));
    }
    let mut visits = Vec::new();
    let some_go_on = (0, i64::from(rng.percent(10)), -3, 0, Browse);
    for (fewest, most, from, to, goal) in plans.into_iter().chain([some_go_on]) {
        for _ in 0..rng.between(fewest, most) {
            let device = if rng.percent(70) { 0 } else { devices.len() - 1 };
            visits.push((some_day(rng, from, to), device, goal));
        }
    }
    if person.number % 37 == 5 {
        link_by_email(rng, person, &mut devices, &mut visits);
    }
    visits.extend(person.change.map(|(since, _)| (since, 0, Browse)));
    visits.sort_by_key(|(at, ..)| *at);
    (devices, visits)
}

/// Says yes at home and no to ads on a borrowed browser; then a newsletter form there gives the email away. The two
/// profiles become one, and their answers are in conflict.
fn link_by_email(rng: &mut Rng, person: &mut Person, devices: &mut Vec<Device>, visits: &mut Vec<Visit>) {
    person.has_account = true;
    (person.choice, person.change) = (Some([true; 3]), None);
    let mut borrowed = Device::new(rng);
    borrowed.own_choice = Some([false, true, true]);
    devices.truncate(1);
    devices.push(borrowed);
    visits.iter_mut().for_each(|(_, device, _)| *device = 0);
    for (days_ago, device, goal) in [(80, 0, Buy), (30, 1, Browse), (9, 1, Newsletter)] {
        visits.push((some_day(rng, days_ago, days_ago), device, goal));
    }
}

/// A time in the daytime of a day so many days (at least, at most) ago.
fn some_day(rng: &mut Rng, from: i64, to: i64) -> i64 {
    NOW - rng.between(from, to) * DAY + rng.between(7 * HOUR, 22 * HOUR)
}

/// One visit of one person on one device.
struct Session<'a> {
    rng: &'a mut Rng,
    events: &'a mut Vec<Value>,
    person: &'a mut Person,
    device: &'a mut Device,
    at: i64,
}

impl Session<'_> {
    fn play(&mut self, goal: Goal) {
        let page = if self.person.segment == BARGAIN { "Sale" } else { "Home" };
        self.send(json!({"type": "page", "name": page, "properties": {"path": format!("/{}", page.to_lowercase())}}));
        self.answer_banner();
        if goal == Buy || self.rng.percent(50) {
            self.sign_in();
        }
        let basket = self.look_around();
        match goal {
            Browse => {}
            Cart => self.track_each("Product Added", &basket),
            Checkout => self.check_out(&basket),
            Buy => self.order(&basket),
            Newsletter => self.give_email(),
        }
    }

    fn track(&mut self, event: &str, properties: Value) {
        self.send(json!({"type": "track", "event": event, "properties": properties}));
    }

    fn track_each(&mut self, event: &str, products: &[Product]) {
        for product in products {
            self.track(event, describe(product));
        }
    }

    /// The banner comes up on a new device, in a new version, and when somebody reopens it.
    fn answer_banner(&mut self) {
        let answer = self.person.answer(self.device, self.at);
        if answer.is_some() && answer != self.device.answer {
            self.device.answer = answer;
            self.track("Segment Consent Preference Updated", json!({}));
        }
    }

    fn sign_in(&mut self) {
        let can = self.person.has_account && self.device.own_choice.is_none();
        if can && !self.device.signed_in {
            self.device.signed_in = true;
            self.person.signed_up.get_or_insert(self.at);
            self.track("Signed In", json!({"method": "password"}));
            self.send(json!({"type": "identify", "traits": self.person.traits()}));
        }
    }

    /// Views some products, and likes two of them at most.
    fn look_around(&mut self) -> Vec<Product> {
        let seen: Vec<_> = (0..self.rng.between(1, 3)).map(|_| self.rng.pick(&CATALOGUE)).collect();
        self.track_each("Product Viewed", &seen);
        seen.into_iter().take(2).collect()
    }

    fn check_out(&mut self, basket: &[Product]) {
        self.track_each("Product Added", basket);
        let properties = json!({"value": money(total(basket)), "currency": "EUR"});
        self.track("Checkout Started", properties);
    }

    fn order(&mut self, basket: &[Product]) {
        self.check_out(basket);
        if !self.device.signed_in {
            self.give_email();
        }
        let reduced = self.rng.percent(if self.person.segment == BARGAIN { 85 } else { 10 });
        let discount = if reduced { total(basket) / 5 } else { 0 };
        let paid = total(basket) - discount;
        let order_id = format!("o-{:06x}", self.rng.next() >> 40);
        let mut categories: Vec<_> = basket.iter().map(|(_, category, _)| category).collect();
        categories.dedup();
        let products: Vec<_> = basket.iter().map(describe).collect();
        let mut properties = json!({
            "order_id": order_id, "revenue": money(paid), "currency": "EUR",
            "categories": categories, "products": products,
        });
        if self.device.kind == "android" {
            // The Android app writes this amount as text.
            properties["revenue"] = json!(money(paid).to_string());
        }
        if reduced {
            properties["coupon"] = json!(self.rng.pick(&["SALE20", "SALE20", "WELCOME20"]));
            properties["discount"] = money(discount);
        }
        self.track("Order Completed", properties);
        if self.device.signed_in {
            self.follow_up(paid, &order_id);
        }
    }

    /// What the shop's own systems report on an account after an order: points, and perhaps a refund.
    fn follow_up(&mut self, paid: i64, order_id: &str) {
        self.person.points += paid / 100;
        let traits = json!({"loyalty_points": self.person.points});
        self.send_from_server(self.at, json!({"type": "identify", "traits": traits}));
        let returns_often = self.person.number % 12 == 3;
        if self.rng.percent(if returns_often { 80 } else { 6 }) {
            let back = self.at + self.rng.between(3 * DAY, 12 * DAY);
            let properties = json!({"order_id": order_id, "revenue": money(paid), "currency": "EUR"});
            let refund = json!({"type": "track", "event": "Order Refunded", "properties": properties});
            self.send_from_server(back, refund);
        }
    }

    /// A guest's order or a newsletter form: an email, no account. Some people type it in capitals.
    fn give_email(&mut self) {
        let mut email = self.person.email.clone();
        if self.rng.percent(20) {
            email.make_ascii_uppercase();
        }
        self.send(json!({"type": "identify", "traits": {"email": email, "country": self.person.country}}));
    }

    /// Sends from the device, by its own clock twice, and by the receiver's once.
    fn send(&mut self, mut body: Value) {
        let sent = self.at + self.device.offline + self.rng.between(1_000, 4_000);
        body["timestamp"] = json!(iso(self.at));
        body["sentAt"] = json!(iso(sent));
        body["receivedAt"] = json!(iso(sent + self.rng.between(80, 900)));
        body["anonymousId"] = json!(self.device.anonymous_id);
        if self.device.signed_in {
            body["userId"] = json!(self.person.user_id);
        }
        body["context"] = self.device.context();
        self.events.push(body);
        self.at += self.rng.between(15 * SECOND, 240 * SECOND);
    }

    /// Sends from the shop's own systems, which know the account and no consent.
    fn send_from_server(&mut self, at: i64, mut body: Value) {
        body["timestamp"] = json!(iso(at));
        body["channel"] = json!("server");
        body["userId"] = json!(self.person.user_id);
        self.events.push(body);
    }
}

fn describe((name, category, cents): &Product) -> Value {
    json!({"name": name, "category": category, "price": money(*cents)})
}

fn total(basket: &[Product]) -> i64 {
    basket.iter().map(|(_, _, cents)| cents).sum()
}

fn money(cents: i64) -> Value {
    json!(cents as f64 / 100.0)
}

/// Milliseconds since 1970 as ISO 8601 in UTC (days to a date: Hinnant's algorithm).
fn iso(time: i64) -> String {
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

/// Every event in the order of arrival.
fn all_events() -> Vec<Value> {
    let rng = &mut Rng(20_260_630);
    let mut events = Vec::new();
    let mut last_device = None;
    let people = SEGMENTS.map(|(segment, count, plans)| vec![(segment, plans); count]);
    for (number, (segment, plans)) in people.into_iter().flatten().enumerate() {
        let person = &mut Person::new(rng, number, segment);
        let shared = last_device.take().filter(|_| number % 60 == 59);
        let (mut devices, visits) = cast(rng, person, plans, shared);
        last_device = devices.first().cloned();
        for (at, device, goal) in visits {
            if let Some(device) = devices.get_mut(device) {
                let keeps = device.kind != "web" && rng.percent(6);
                device.offline = if keeps { rng.between(2, 90) * HOUR } else { 0 };
                let mut session = Session {
                    rng,
                    events: &mut events,
                    person,
                    device,
                    at,
                };
                session.play(goal);
            }
        }
    }
    events.sort_by_cached_key(|body| body.get("receivedAt").or(body.get("timestamp")).map(Value::to_string));
    for (number, body) in events.iter_mut().enumerate() {
        body["messageId"] = json!(format!("m{number:05}"));
        body.sort_all_objects();
    }
    events
}

/// One line, its keys in the order a reader looks for them.
fn line(body: &Value) -> String {
    let keys =
        "type event name userId anonymousId messageId timestamp sentAt receivedAt channel context properties traits";
    let fields = keys
        .split(' ')
        .filter_map(|key| Some(format!("\"{key}\":{}", body.get(key)?)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

/// Lines that must be refused: no id, a misspelt type, properties that are none, a preference event without
/// preferences, and a torn line.
const BROKEN: [&str; 5] = [
    r#"{"type":"track","event":"Product Viewed","messageId":"x1","timestamp":"2026-01-20T10:00:00Z"}"#,
    r#"{"type":"trak","event":"Product Viewed","userId":"cust-1003","messageId":"x2","timestamp":"2026-02-20T10:00:00Z"}"#,
    r#"{"type":"track","event":"Order Completed","userId":"cust-1003","messageId":"x3","properties":"o-12ab34"}"#,
    r#"{"type":"track","event":"Segment Consent Preference Updated","userId":"cust-1003","messageId":"x4","context":{}}"#,
    r#"{"type":"track","event":"Product Viewed","userId":"cust-1003","messageId":"x5","timestamp":"2026-05-"#,
];

/// The lines of the file, with a mess like a real one's: a batch, repeats, and the broken lines.
fn lines(events: &[Value]) -> Vec<String> {
    let from_server = events.iter().filter(|body| body.get("channel").is_some());
    let batch: Vec<_> = from_server.skip(120).take(3).collect();
    let mut lines: Vec<_> = events.iter().filter(|body| !batch.contains(body)).map(line).collect();
    let batch: Vec<_> = batch.into_iter().map(line).collect();
    lines.insert(1_500, format!("{{\"batch\":[{}]}}", batch.join(",")));
    for place in [310, 1_290, 2_750, 3_333, 3_900] {
        if let Some(sent_again) = lines.get(place).cloned() {
            lines.insert(place + 40, sent_again);
        }
    }
    for (place, broken) in (700..).step_by(700).zip(BROKEN) {
        lines.insert(place, broken.to_string());
    }
    lines
}

fn main() -> io::Result<()> {
    let text = lines(&all_events()).join("\n") + "\n";
    io::stdout().write_all(text.as_bytes())
}
