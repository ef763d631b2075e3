//! What is measured: for each plot some lines, for each line some sizes.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

use volens::eval::columnar::Snapshot;
use volens::eval::{Row, evaluate, one_by_one};
use volens::live::{Live, Options};
use volens::store::Memory;
use volens::{ConsentState, Engine, Profile, Timestamp, Value};

use crate::audiences::workspace;
use crate::people::{NOW, Person, WORKSPACE, hit, people};

/// The largest size of any line.
pub(crate) const LARGEST: u64 = 100_000;
const DAY: i64 = 86_400_000;

/// A point of a plot.
pub(crate) struct Case<'c> {
    pub(crate) plot: &'c str,
    /// Without commas.
    pub(crate) line: &'c str,
    pub(crate) x: u64,
}

/// Is given each case, and what is to be timed.
type Each<'e> = &'e mut dyn FnMut(&Case<'_>, &mut dyn FnMut());

/// All cases up to such a size.
pub(crate) fn all(largest: u64, each: Each<'_>) {
    profiles(largest, each);
    events(largest, each);
    audiences(largest, each);
    windows(largest, each);
    worst(largest, each);
}

/// 1, 3, 10, 30 … times the first, as far as wanted.
fn sizes(first: u64, last: u64, largest: u64) -> Vec<u64> {
    let steps = (0..6).flat_map(|decade| [10_u64.pow(decade), 3 * 10_u64.pow(decade)]);
    let sizes = steps.map(|step| step * first);
    sizes.filter(|size| *size <= last.min(largest)).collect()
}

fn engine(text: &str) -> Engine {
    Engine::from_text("bench.audience", text).unwrap()
}

fn profiles(largest: u64, each: Each<'_>) {
    let (engine, people): (_, Vec<Person>) = (engine(WORKSPACE), people().into_iter().map(Person::in_cents).collect());
    let program = engine.program();
    for x in sizes(100, LARGEST, largest) {
        let again = people.iter().cycle().map(Person::profile).map(Arc::new);
        let profiles: Vec<Arc<Profile>> = again.take(usize::try_from(x).unwrap()).collect();
        let mut each = |line: &str, run: &mut dyn FnMut()| {
            let plot = "profiles";
            each(&Case { plot, line, x }, run);
        };
        each("one after the other", &mut || {
            drop(black_box(one_by_one(program, &profiles, NOW, 1)));
        });
        each("columns: lay out", &mut || {
            black_box(Snapshot::new(program, &profiles, 1).len());
        });
        let snapshot = Snapshot::new(program, &profiles, 1);
        each("columns: ask", &mut || drop(black_box(snapshot.members(NOW, 1))));
    }
}

/// What is asked of a history; nothing ends before all of it was looked at.
fn questions(days: i64) -> String {
    format!(
        r#"
        trait paid = sum of revenue from "Order Completed" within {days} days
        audience counted {{ who performed "Order Completed" at least 1000000 times within {days} days where (revenue > 1) }}
        audience summed {{ who trait paid > 1000000000 }}
        audience followed {{
          who performed "Product Viewed" as viewed within {days} days
                then performed "Order Completed" within 1 hour where (product = viewed.product and revenue > 1000)
        }}
        "#
    )
}

/// When the event of a number happened, and the product that it is about.
type Kind = fn(number: u64, of: u64) -> (Timestamp, u64);

/// Spread over a year up to now.
fn spread(number: u64, of: u64) -> (Timestamp, u64) {
    let ago = (of - number) * (365 * DAY.unsigned_abs()) / (of + 1);
    (
        Timestamp::from_millis(NOW.as_millis() - i64::try_from(ago).unwrap()),
        number,
    )
}

/// Views and orders in turn.
fn event(number: u64, of: u64, kind: Kind) -> (&'static str, Timestamp, [(&'static str, Value); 2]) {
    let name = if number.is_multiple_of(2) {
        "Product Viewed"
    } else {
        "Order Completed"
    };
    let (time, product) = kind(number, of);
    let product = Value::from(format!("p{product}"));
    (
        name,
        time,
        [("product", product), ("revenue", Value::from(number % 90))],
    )
}

fn profile(events: u64, kind: Kind) -> Arc<Profile> {
    let mut profile = Profile::builder()
        .user_id("u1")
        .consent("Advertising", ConsentState::Granted);
    for number in 0..events {
        let (name, time, properties) = event(number, events, kind);
        profile = profile.event(name, time, properties);
    }
    profile.build().into()
}

/// A live engine that knows so many events of one person.
fn live(engine: &Engine, events: u64, kind: Kind) -> Live<Memory> {
    let mut journal = engine.journal(Memory::new()).unwrap();
    let mut lines = String::new();
    for number in 0..events {
        let (name, time, properties) = event(number, events, kind);
        lines += &line(number, name, time, &properties);
    }
    let mut intake = journal.intake(NOW, NOW);
    intake.read("f", lines.as_bytes()).unwrap();
    intake.commit().unwrap();
    engine.live(journal.into_storage(), Options::new(NOW)).unwrap()
}

fn line(number: u64, name: &str, time: Timestamp, properties: &[(&str, Value)]) -> String {
    let properties: Vec<String> = properties
        .iter()
        .map(|(key, value)| format!("\"{key}\":{}", serde_json::to_string(value).unwrap()))
        .collect();
    let properties = properties.join(",");
    format!(
        "{{\"type\":\"track\",\"event\":\"{name}\",\"userId\":\"u1\",\"messageId\":\"m{number}\",\"timestamp\":\"{time}\",\"properties\":{{{properties}}}}}\n"
    )
}

/// One event more, of the latest instant, again and again.
fn one_more<'l>(live: &'l mut Live<Memory>, events: u64, kind: Kind) -> impl FnMut() + 'l {
    let mut number = events;
    move || {
        let (name, _, properties) = event(number, events, kind);
        let (time, _) = kind(events, events);
        let event: Value = serde_json::from_str(&line(number, name, time, &properties)).unwrap();
        number += 1;
        black_box(live.apply(event, Timestamp::MAX).unwrap());
    }
}

/// A profile bound, and all audiences asked.
fn ask<'a>(engine: &'a Engine, profile: &'a Profile) -> impl FnMut() + 'a {
    let mut row = Row::default();
    move || {
        row.bind(engine.program(), black_box(profile), NOW);
        evaluate(engine.program(), &mut row, &[]);
        assert!(!row.is_exhausted());
    }
}

/// All audiences asked, of a profile that is bound already.
fn ask_bound<'a>(engine: &'a Engine, profile: &'a Profile) -> impl FnMut() + 'a {
    let mut row = Row::new(engine.program(), profile, NOW);
    move || {
        row.set_now(engine.program(), &[], black_box(NOW));
        evaluate(engine.program(), &mut row, &[]);
        assert!(!row.is_exhausted());
    }
}

fn events(largest: u64, each: Each<'_>) {
    let wide = engine(&questions(400));
    let day = engine(&questions(1));
    for x in sizes(10, LARGEST, largest) {
        let profile = profile(x, spread);
        let mut each = |line: &str, run: &mut dyn FnMut()| {
            let plot = "events";
            each(&Case { plot, line, x }, run);
        };
        each("bind and ask of a year", &mut ask(&wide, &profile));
        each("ask of a year", &mut ask_bound(&wide, &profile));
        each("ask of a day of it", &mut ask_bound(&day, &profile));
        let profiles = [profile];
        each("columns: lay out", &mut || {
            black_box(Snapshot::new(wide.program(), &profiles, 1).len());
        });
        let snapshot = Snapshot::new(wide.program(), &profiles, 1);
        each("columns: ask", &mut || drop(black_box(snapshot.members(NOW, 1))));
        let mut live = live(&day, x, spread);
        each("live: one event more (a day)", &mut one_more(&mut live, x, spread));
    }
}

fn audiences(largest: u64, each: Each<'_>) {
    let hit = hit().profile();
    let people = people().into_iter().map(|person| person.in_cents().profile());
    let people: Vec<Arc<Profile>> = people.map(Arc::new).collect();
    for x in sizes(1, 10_000, largest) {
        let engine = Engine::from_sources(workspace(usize::try_from(x).unwrap())).unwrap();
        let program = engine.program();
        let mut each = |line: &str, run: &mut dyn FnMut()| {
            let plot = "audiences";
            each(&Case { plot, line, x }, run);
        };
        each("bind and ask one profile", &mut ask(&engine, &hit));
        let snapshot = Snapshot::new(program, &people, 1);
        each("columns: ask 1 000 profiles", &mut || {
            drop(black_box(snapshot.members(NOW, 1)))
        });
        let mut live = live(&engine, 20, spread);
        each("live: one event more", &mut one_more(&mut live, 20, spread));
    }
}

fn windows(largest: u64, each: Each<'_>) {
    // A hundred on each day.
    let profile = profile(36_500.min(largest), spread);
    let profiles = [profile.clone()];
    for x in sizes(1, 300, largest) {
        let engine = engine(&questions(i64::try_from(x).unwrap()));
        let mut each = |line: &str, run: &mut dyn FnMut()| {
            let plot = "windows";
            each(&Case { plot, line, x }, run);
        };
        each("ask one profile", &mut ask_bound(&engine, &profile));
        let snapshot = Snapshot::new(engine.program(), &profiles, 1);
        each("columns: ask", &mut || drop(black_box(snapshot.members(NOW, 1))));
    }
}

/// All at one instant, each of a product of its own.
fn at_once(number: u64, _: u64) -> (Timestamp, u64) {
    (Timestamp::from_millis(NOW.as_millis() - DAY / 2), number)
}

/// Spread, and all of one product.
fn alike(number: u64, of: u64) -> (Timestamp, u64) {
    (spread(number, of).0, 7)
}

fn worst(largest: u64, each: Each<'_>) {
    let engine = engine(&questions(400));
    for x in sizes(100, LARGEST, largest) {
        let mut each = |line: &str, run: &mut dyn FnMut()| {
            let plot = "worst";
            each(&Case { plot, line, x }, run);
        };
        for (kind, name) in [(at_once as Kind, "at one instant"), (alike as Kind, "of one product")] {
            let profile = profile(x, kind);
            each(name, &mut ask(&engine, &profile));
            let snapshot = Snapshot::new(engine.program(), &[profile], 1);
            each(&format!("{name}: columns"), &mut || {
                drop(black_box(snapshot.members(NOW, 1)))
            });
            let mut live = live(&engine, x, kind);
            each(&format!("{name}: live"), &mut one_more(&mut live, x, kind));
        }
        lists(x, &mut each);
    }
}

/// 300 traits, and one more that is a list with so many elements, up to 10 000.
fn lists(length: u64, each: &mut dyn FnMut(&str, &mut dyn FnMut())) {
    if length > 10_000 {
        return;
    }
    let mut text = "audience a { who trait t299 = \"x\" or trait list contains \"x\"".to_owned();
    text += " or any trait list (item starts with \"x\") }";
    let engine = engine(&text);
    let mut profile = Profile::builder().user_id("u1");
    for number in 0..300 {
        let mut name = String::new();
        let _ = write!(name, "t{number}");
        profile = profile.trait_(&name, number);
    }
    let list = (0..length).map(|number| Value::from(format!("e{number}"))).collect();
    let profile = profile.trait_("list", Value::List(list)).build();
    each("300 traits and a list of so many", &mut ask(&engine, &profile));
}
