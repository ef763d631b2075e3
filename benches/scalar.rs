//! One profile at a time: three audiences, beside the same written by hand over native structs.
//!
//! Compare within one run: the ratio of `volens` to `by hand` counts, not the nanoseconds. `hit` is a profile that is in
//! all of them, so that nothing ends early; `mix` is the mean over generated profiles.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use volens::eval::{Row, evaluate, holds};
use volens::ir::{
    Audience, AudienceSlot, Builder, Category, CategorySlot, Comparison, Count, Literal, Node, NodeId, Operand,
    Performed, Program, Subject, Test, Trait, TraitSource, ValueRef,
};
use volens::time::{Duration, Unit, Window};
use volens::value::{Number, Path};
use volens::{ConsentState, Profile, Timestamp, Value};

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const DAY: i64 = 86_400_000;
const MIX: usize = 1000;

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

/// A person, before it becomes a profile of the one kind or the other. The indices are into the lists above.
#[derive(Clone, Default)]
struct Person {
    plan: Option<usize>,
    country: usize,
    age: Option<i64>,
    email: String,
    spend: f64,
    advertising: ConsentState,
    analytics: ConsentState,
    /// Name, time, revenue.
    events: Vec<(usize, i64, f64)>,
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
fn people() -> Vec<Person> {
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
            person.events.push((name, NOW.as_millis() - age, revenue));
        }
        person
    };
    (0..MIX).map(person).collect()
}

/// In all three audiences, with twenty events.
fn hit() -> Person {
    let order = 4;
    let mut events = vec![
        (order, 3, 260.0),
        (order, 10, 240.5),
        (order, 60, 90.25),
        (5, 200, 30.0),
    ];
    events.extend((0..16).map(|i| (usize::try_from(i % 4).unwrap_or(0), 4 + i * 9, 0.0)));
    Person {
        plan: Some(1),
        country: 2,
        age: Some(41),
        email: "someone.longish@example.com".into(),
        spend: 512.75,
        advertising: ConsentState::Granted,
        analytics: ConsentState::Granted,
        events: events
            .into_iter()
            .map(|(name, days, revenue)| (name, NOW.as_millis() - days * DAY, revenue))
            .collect(),
    }
}

impl Person {
    fn profile(&self) -> Profile {
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
        for (name, time, revenue) in &self.events {
            let name = NAMES.get(*name).unwrap_or(&REFUND);
            let properties = [("category", "shoes".into()), ("revenue", Value::from(*revenue))];
            profile = profile.event(name, Timestamp::from_millis(*time), properties);
        }
        profile.build()
    }

    fn native(&self) -> Native {
        let of = |name: &str| {
            let named = self.events.iter().filter(|event| NAMES.get(event.0) == Some(&name));
            let mut events: Vec<(i64, f64)> = named.map(|event| (event.1, event.2)).collect();
            events.sort_by_key(|event| event.0);
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
        }
    }
}

/// What one would write by hand: enums for words, orders and refunds in time order.
struct Native {
    plan: u8,
    country: u8,
    age: i64,
    advertising: bool,
    analytics: bool,
    spend: f64,
    email: Box<str>,
    orders: Vec<(i64, f64)>,
    refunds: Vec<(i64, f64)>,
}

impl Native {
    fn since(events: &[(i64, f64)], after: i64) -> &[(i64, f64)] {
        let from = events.partition_point(|event| event.0 <= after);
        events.get(from..).unwrap_or_default()
    }

    fn is_member(&self, audience: usize, now: i64) -> bool {
        match audience {
            0 => (self.plan == 1 || self.plan == 2) && self.country == 2 && self.advertising,
            1 => {
                self.age >= 30
                    && self.email.ends_with("@example.com")
                    && self.spend > 100.0
                    && (self.country <= 2 || self.plan != 0)
                    && self.analytics
            }
            _ => {
                let orders = Native::since(&self.orders, now - 30 * DAY);
                orders.iter().filter(|order| order.1 > 50.0).count() >= 2
                    && Native::since(&self.refunds, now - 90 * DAY).is_empty()
                    && self.advertising
                    && self.analytics
            }
        }
    }
}

fn text(text: &str) -> Literal {
    Literal::Text(text.into())
}

fn whole(number: i64) -> Operand {
    Operand::Literal(Literal::Number(Number::from(number)))
}

fn trait_(b: &mut Builder, name: &str, test: Test) -> NodeId {
    let source = TraitSource::Sent(Path::new([name]));
    let slot = b.trait_slot(Trait {
        of: Subject::User,
        source,
    });
    b.leaf(Node::Test {
        value: ValueRef::Trait(slot),
        test,
    })
}

fn performed(b: &mut Builder, event: &str, days: u32, filter: Option<(&str, Test)>, count: Count) -> NodeId {
    let event = b.event_slot(event);
    let filter = match filter {
        Some((property, test)) => {
            let property = b.property_slot(event, Path::new([property]));
            b.leaf(Node::Test {
                value: ValueRef::Property(property),
                test,
            })
        }
        None => b.constant(true),
    };
    b.leaf(Node::Performed(Performed {
        event,
        window: Window {
            oldest: Some(Duration::new(days, Unit::Day)),
            ..Window::ALL
        },
        filter,
        count,
        steps: vec![],
    }))
}

fn program() -> Program {
    let mut b = Builder::new();
    let count = |at_least, at_most| Count { at_least, at_most };
    let in_list = |words: &[&str]| Test::OneOf(words.iter().map(|word| text(word)).collect());

    let plan = trait_(&mut b, "plan", in_list(&["pro", "business"]));
    let country = trait_(&mut b, "country", Test::Equals(Operand::Literal(text("DE"))));
    let a1 = b.and([plan, country]);

    let age = trait_(&mut b, "age", Test::Compare(Comparison::AtLeast, whole(30)));
    let email = trait_(&mut b, "email", Test::EndsWith(Operand::Literal(text("@example.com"))));
    let spend = trait_(&mut b, "total_spend", Test::Compare(Comparison::Greater, whole(100)));
    let country = trait_(&mut b, "country", in_list(&["US", "GB", "DE"]));
    let free = trait_(&mut b, "plan", Test::Equals(Operand::Literal(text("free"))));
    let not_free = b.not(free);
    let either = b.or([country, not_free]);
    let a2 = b.and([age, email, spend, either]);

    let above = Test::Compare(Comparison::Greater, whole(50));
    let orders = performed(&mut b, ORDER, 30, Some(("revenue", above)), count(2, None));
    let no_refund = performed(&mut b, REFUND, 90, None, count(0, Some(0)));
    let a3 = b.and([orders, no_refund]);

    let category = |id: &str| Category {
        id: id.into(),
        name: None,
        enabled: true,
    };
    let (advertising, analytics) = (CategorySlot(0), CategorySlot(1));
    let audience = |name: &str, who, consent: &[CategorySlot]| Audience {
        name: name.into(),
        label: None,
        of: Subject::User,
        who,
        consent: consent.to_vec(),
        include_anonymous: false,
        destinations: vec![],
    };
    let audiences = vec![
        audience("a1", a1, &[advertising]),
        audience("a2", a2, &[analytics]),
        audience("a3", a3, &[advertising, analytics]),
    ];
    let order = (0..3).map(AudienceSlot).collect();
    b.finish(
        true,
        vec![category("Advertising"), category("Analytics")],
        vec![],
        audiences,
        order,
    )
}

/// The same as an audience's membership, without writing it down: as the hand-written code does it.
fn is_member(program: &Program, row: &Row<'_>, audience: usize) -> bool {
    program.audiences.get(audience).is_some_and(|audience| {
        volens::eval::deliverable(audience, row) && holds(program, audience.who, row, &[], &mut ())
    })
}

fn scalar(c: &mut Criterion) {
    let program = program();
    let people = people();
    let profiles: Vec<Profile> = people.iter().map(Person::profile).collect();
    let rows: Vec<Row> = profiles
        .iter()
        .map(|profile| Row::new(&program, profile, NOW))
        .collect();
    let natives: Vec<Native> = people.iter().map(Person::native).collect();
    let (hit_profile, hit_native) = (hit().profile(), hit().native());
    let hit_row = Row::new(&program, &hit_profile, NOW);

    for audience in 0..3 {
        let mut members = 0;
        for (row, native) in rows.iter().zip(&natives) {
            let member = native.is_member(audience, NOW.as_millis());
            assert_eq!(is_member(&program, row, audience), member);
            members += usize::from(member);
        }
        assert!(members > 0 && members < MIX, "{members} members");
        assert!(is_member(&program, &hit_row, audience) && hit_native.is_member(audience, NOW.as_millis()));

        let mut group = c.benchmark_group(format!("A{}", audience + 1));
        group.bench_function("hit/by hand", |b| {
            b.iter(|| black_box(&hit_native).is_member(black_box(audience), black_box(NOW).as_millis()));
        });
        group.bench_function("hit/volens", |b| {
            b.iter(|| is_member(black_box(&program), black_box(&hit_row), black_box(audience)));
        });
        group.throughput(Throughput::Elements(MIX as u64));
        group.bench_function("mix/by hand", |b| {
            b.iter(|| {
                let now = black_box(NOW).as_millis();
                natives
                    .iter()
                    .filter(|native| native.is_member(black_box(audience), now))
                    .count()
            });
        });
        group.bench_function("mix/volens", |b| {
            b.iter(|| {
                rows.iter()
                    .filter(|row| is_member(&program, row, black_box(audience)))
                    .count()
            });
        });
        group.finish();
    }

    let mut group = c.benchmark_group("row");
    group.bench_function("bind hit", |b| {
        let mut row = Row::default();
        b.iter(|| row.bind(&program, black_box(&hit_profile), NOW));
    });
    group.bench_function("evaluate hit, three audiences", |b| {
        b.iter_batched_ref(
            || hit_row.clone(),
            |row| evaluate(&program, row, &[]),
            BatchSize::SmallInput,
        );
    });
    group.throughput(Throughput::Elements(MIX as u64));
    group.bench_function("bind mix", |b| {
        let mut row = Row::default();
        b.iter(|| {
            profiles
                .iter()
                .for_each(|profile| row.bind(&program, black_box(profile), NOW))
        });
    });
    group.finish();
}

criterion_group!(benches, scalar);
criterion_main!(benches);
