//! The events of the shop example: some 300 people over nine months.
//!
//! People come from six segments (browsers, first-time, loyal and lapsed buyers, bargain hunters, cart abandoners).
//! Each has a plan of visits, one or two devices, and an answer to the shop's consent banner, which a few change
//! later and some are never asked for. At the end comes the small mess of a real file: repeats, a batch, and five
//! lines that must be refused.

use serde_json::{Value, json};

use super::kit::{self, Answer, DAY, HOUR, Mess, NOW, Rng, SECOND, from_server, iso, money, preference_update, track};

/// 2026-01-01T00:00:00Z: since then the banner also asks about personal picks.
const NEW_BANNER: i64 = 1_767_225_600 * SECOND;

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
    fn answer(&self, device: &Device, at: i64) -> Option<Answer> {
        let changed = self.change.filter(|(since, _)| *since <= at).map(|(_, choice)| choice);
        let choice = device.own_choice.or(changed).or(self.choice)?;
        let asked = if at < NEW_BANNER { 2 } else { 3 };
        Some(CATEGORIES.into_iter().zip(choice).take(asked).collect())
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

#[derive(Clone)]
struct Device {
    sender: kit::Device,
    /// A borrowed browser: never signed in, and its banner is answered in another way.
    own_choice: Option<Choice>,
}

impl Device {
    fn new(rng: &mut Rng) -> Self {
        Self {
            sender: kit::Device::new(rng, &["web", "web", "web", "ios", "android"]),
            own_choice: None,
        }
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
            visits.push((rng.some_day(from, to), device, goal));
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
        visits.push((rng.some_day(days_ago, days_ago), device, goal));
    }
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
        self.send(track(event, properties));
    }

    fn track_each(&mut self, event: &str, products: &[Product]) {
        for product in products {
            self.track(event, describe(product));
        }
    }

    /// The banner comes up on a new device, in a new version, and when somebody reopens it.
    fn answer_banner(&mut self) {
        let answer = self.person.answer(self.device, self.at);
        if answer.is_some() && answer != self.device.sender.answer {
            self.device.sender.answer = answer;
            self.send(preference_update());
        }
    }

    fn sign_in(&mut self) {
        let can = self.person.has_account && self.device.own_choice.is_none();
        if can && self.device.sender.user_id.is_none() {
            self.device.sender.user_id = Some(self.person.user_id.clone());
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
        if self.device.sender.user_id.is_none() {
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
        if self.device.sender.kind == "android" {
            // The Android app writes this amount as text.
            properties["revenue"] = json!(money(paid).to_string());
        }
        if reduced {
            properties["coupon"] = json!(self.rng.pick(&["SALE20", "SALE20", "WELCOME20"]));
            properties["discount"] = money(discount);
        }
        self.track("Order Completed", properties);
        if self.device.sender.user_id.is_some() {
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
            self.send_from_server(back, track("Order Refunded", properties));
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

    fn send(&mut self, body: Value) {
        self.events.push(self.device.sender.send(self.rng, self.at, body));
        self.at += self.rng.between(15 * SECOND, 240 * SECOND);
    }

    fn send_from_server(&mut self, at: i64, body: Value) {
        self.events.push(from_server(&self.person.user_id, at, body));
    }
}

fn describe((name, category, cents): &Product) -> Value {
    json!({"name": name, "category": category, "price": money(*cents)})
}

fn total(basket: &[Product]) -> i64 {
    basket.iter().map(|(_, _, cents)| cents).sum()
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
                let keeps = device.sender.kind != "web" && rng.percent(6);
                device.sender.offline = if keeps { rng.between(2, 90) * HOUR } else { 0 };
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
    kit::in_order(events)
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

/// The lines of the file, with a mess like a real one's.
pub(crate) fn lines() -> Vec<String> {
    let mess = Mess {
        batch: (120, 1_500),
        repeats: &[310, 1_290, 2_750, 3_333, 3_900],
        broken: &BROKEN,
        every: 700,
    };
    mess.lines(&all_events())
}
