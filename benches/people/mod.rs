//! People for the benches, as profiles and as what one would write by hand; and five audiences, as text and by hand.
//!
//! The audiences, and the one profile that is in all of them, are those of a comparison with other engines
//! (`docs/performance.md`).

#![allow(dead_code, reason = "each bench uses some of it")]

use volens::{ConsentState, Profile, Timestamp, Value};

/// How many audiences there are.
pub(crate) const AUDIENCES: usize = 5;

/// The workspace of the audiences `a1` to `a5`.
pub(crate) const WORKSPACE: &str = r#"
category Advertising
category Analytics
trait spend_90 = sum of revenue from "Order Completed" within 90 days

audience a1 {
  who trait plan in ["pro", "business"] and trait country = "DE"
  consent to Advertising
}
audience a2 {
  who trait age >= 30 and trait email ends with "@example.com" and trait total_spend > 100
    and (trait country in ["US", "GB", "DE"] or not trait plan = "free")
  consent to Analytics
}
audience a3 {
  who performed "Order Completed" at least 2 times within 30 days where (revenue > 50)
    and not performed "Order Refunded" within 90 days
  consent to Advertising and Analytics
}
audience a4 {
  who trait spend_90 > 500
  consent to Advertising
}
audience a5 {
  who performed "Product Viewed" as viewed within 7 days
        then not performed "Order Completed" within 1 day where (product_id = viewed.product_id)
  consent to Advertising
}
"#;

/// The instant that everything is evaluated as of.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const DAY: i64 = 86_400_000;
/// How many people there are.
pub(crate) const MIX: usize = 1000;

const PLANS: [&str; 4] = ["free", "pro", "business", "enterprise"];
const COUNTRIES: [&str; 10] = ["US", "GB", "DE", "FR", "ES", "IT", "NL", "SE", "NO", "DK"];
const DOMAINS: [&str; 3] = ["@example.com", "@gmail.com", "@mail.example.org"];
const NAMES: [&str; 6] = [
    "Page Viewed",
    "Product Viewed",
    "Product Added",
    "Email Opened",
    ORDER,
    REFUND,
];
const ORDER: &str = "Order Completed";
const REFUND: &str = "Order Refunded";

/// An event: the index of its name, its time, what was paid and which product it is about.
#[derive(Clone, Copy)]
struct Event {
    name: usize,
    time: i64,
    revenue: f64,
    product: u32,
}

/// A person, before it becomes a profile of the one kind or the other. The indices are into the lists above.
#[derive(Clone, Default)]
pub(crate) struct Person {
    plan: Option<usize>,
    country: usize,
    age: Option<i64>,
    email: String,
    spend: f64,
    advertising: ConsentState,
    analytics: ConsentState,
    events: Vec<Event>,
}

/// A small generator of its own (xorshift), so that every run has the same people.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides).unwrap_or(0)
    }

    #[expect(clippy::cast_precision_loss, reason = "a few thousand sides")]
    fn fraction(&mut self) -> f64 {
        self.roll(10_000) as f64 / 10_000.0
    }

    /// The first place whose share of a hundred is not used up.
    fn pick(&mut self, shares: &[usize]) -> usize {
        let mut left = self.roll(100);
        for (i, share) in shares.iter().enumerate() {
            if left < *share {
                return i;
            }
            left -= share;
        }
        shares.len()
    }

    fn consent(&mut self) -> ConsentState {
        use ConsentState::{Conflicted, Denied, Granted, NotCollected};
        let state = self.pick(&[50, 30, 18]);
        [Granted, Denied, NotCollected, Conflicted]
            .get(state)
            .copied()
            .unwrap_or_default()
    }
}

/// A thousand people: a fifth without events, most with a few, some with up to two hundred, denser towards now.
pub(crate) fn people() -> Vec<Person> {
    let mut dice = Dice(20_260_101);
    let person = |i: usize| {
        let plan = dice.pick(&[50, 20, 15, 10]);
        let age = dice.roll(77);
        let domain = dice.pick(&[30, 50]);
        let count = if dice.roll(100) < 19 {
            0.0
        } else {
            (dice.fraction() * 5.3).exp().min(200.0)
        };
        let mut person = Person {
            plan: (plan < PLANS.len()).then_some(plan),
            country: dice.pick(&[25, 10, 10, 8, 8, 8, 8, 8, 8]),
            age: (age < 69).then(|| i64::try_from(age + 16).unwrap_or(0)),
            email: format!("user{i}{}", DOMAINS.get(domain).unwrap_or(&"@example.com")),
            spend: (dice.fraction() * 4.0 + 2.5).exp(),
            advertising: dice.consent(),
            analytics: dice.consent(),
            events: Vec::new(),
        };
        let mut left = count;
        while left >= 1.0 {
            left -= 1.0;
            let name = dice.pick(&[38, 25, 10, 13, 12]);
            #[expect(clippy::cast_possible_truncation, reason = "at most a year")]
            let age = (dice.fraction().powi(2) * 365.0 * 86_400_000.0) as i64;
            let revenue = (dice.fraction() * 3.2 + 2.4).exp();
            person.events.push(Event {
                name,
                time: NOW.as_millis() - age,
                revenue,
                product: u32::try_from(dice.roll(40)).unwrap_or(0),
            });
        }
        person
    };
    (0..MIX).map(person).collect()
}

/// In all audiences, with twenty events.
pub(crate) fn hit() -> Person {
    let (viewed, order, refund) = (1, 4, 5);
    let mut events = vec![
        (viewed, DAY / 2, 0.0),
        (order, 3 * DAY, 260.0),
        (order, 10 * DAY, 240.5),
        (order, 60 * DAY, 90.25),
        (refund, 200 * DAY, 30.0),
    ];
    events.extend((0..15).map(|i| (usize::try_from(i % 4).unwrap_or(0), (8 + i * 9) * DAY, 0.0)));
    let events = (100..).zip(events).map(|(product, (name, age, revenue))| Event {
        name,
        time: NOW.as_millis() - age,
        revenue,
        product,
    });
    Person {
        plan: Some(1),
        country: 2,
        age: Some(41),
        email: "someone.longish@example.com".into(),
        spend: 512.75,
        advertising: ConsentState::Granted,
        analytics: ConsentState::Granted,
        events: events.collect(),
    }
}

impl Person {
    /// The same with whole cents, as prices have. Numbers with more decimals have no form in columns.
    pub(crate) fn in_cents(mut self) -> Person {
        let cents = |money: f64| (money * 100.0).round() / 100.0;
        self.spend = cents(self.spend);
        for event in &mut self.events {
            event.revenue = cents(event.revenue);
        }
        self
    }

    pub(crate) fn profile(&self) -> Profile {
        let mut profile = Profile::builder()
            .identifier("user_id", &self.email)
            .trait_("country", *COUNTRIES.get(self.country).unwrap_or(&"DK"))
            .trait_("email", self.email.as_str())
            .trait_("total_spend", self.spend)
            .trait_("signup_date", "2024-10-22T08:12:01.000Z")
            .consent("Advertising", self.advertising)
            .consent("Analytics", self.analytics);
        if let Some(plan) = self.plan.and_then(|plan| PLANS.get(plan)) {
            profile = profile.trait_("plan", *plan);
        }
        if let Some(age) = self.age {
            profile = profile.trait_("age", age);
        }
        for event in &self.events {
            let name = NAMES.get(event.name).unwrap_or(&REFUND);
            let properties = [
                ("category", "shoes".into()),
                ("product_id", format!("p{}", event.product).into()),
                ("revenue", Value::from(event.revenue)),
            ];
            profile = profile.event(name, Timestamp::from_millis(event.time), properties);
        }
        profile.build()
    }

    pub(crate) fn native(&self) -> Native {
        let of = |name: &str| {
            let named = self.events.iter().filter(|event| NAMES.get(event.name) == Some(&name));
            let mut events: Vec<Event> = named.copied().collect();
            events.sort_by_key(|event| event.time);
            events
        };
        Native {
            plan: self.plan.and_then(|plan| u8::try_from(plan).ok()).unwrap_or(u8::MAX),
            country: u8::try_from(self.country).unwrap_or(u8::MAX),
            age: self.age.unwrap_or(-1),
            advertising: self.advertising.is_granted(),
            analytics: self.analytics.is_granted(),
            spend: self.spend,
            email: self.email.as_str().into(),
            orders: of(ORDER),
            refunds: of(REFUND),
            views: of("Product Viewed"),
        }
    }
}

/// What one would write by hand: enums for words, and the events of each name in time order.
pub(crate) struct Native {
    plan: u8,
    country: u8,
    age: i64,
    advertising: bool,
    analytics: bool,
    spend: f64,
    email: Box<str>,
    orders: Vec<Event>,
    refunds: Vec<Event>,
    views: Vec<Event>,
}

impl Native {
    fn since(events: &[Event], after: i64) -> &[Event] {
        let from = events.partition_point(|event| event.time <= after);
        events.get(from..).unwrap_or_default()
    }

    /// Whether it is in the audience of this number, 0 for `a1`.
    pub(crate) fn is_member(&self, audience: usize, now: i64) -> bool {
        match audience {
            0 => (self.plan == 1 || self.plan == 2) && self.country == 2 && self.advertising,
            1 => {
                self.age >= 30
                    && self.email.ends_with("@example.com")
                    && self.spend > 100.0
                    && (self.country <= 2 || self.plan != 0)
                    && self.analytics
            }
            2 => {
                let orders = Native::since(&self.orders, now - 30 * DAY);
                orders.iter().filter(|order| order.revenue > 50.0).count() >= 2
                    && Native::since(&self.refunds, now - 90 * DAY).is_empty()
                    && self.advertising
                    && self.analytics
            }
            3 => {
                let orders = Native::since(&self.orders, now - 90 * DAY);
                orders.iter().map(|order| order.revenue).sum::<f64>() > 500.0 && self.advertising
            }
            _ => {
                let follows = |view: &Event, order: &Event| {
                    order.product == view.product && order.time > view.time && order.time <= view.time + DAY
                };
                let mut views = Native::since(&self.views, now - 7 * DAY).iter();
                views.any(|view| !self.orders.iter().any(|order| follows(view, order))) && self.advertising
            }
        }
    }
}
