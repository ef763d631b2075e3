//! The solutions of the guide's exercises find the people whom the exercises ask for, and nobody else.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use volens::{ConsentState, Engine, Profiles, Timestamp};

/// As of this instant; people are described by days before it.
const NOW: &str = "2026-06-30T00:00:00Z";

fn solutions() -> Engine {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/language.md")).unwrap();
    let (_, rest) = page.split_once("\n### Solutions\n").unwrap();
    let (_, block) = rest.split_once("\n```audience\n").unwrap();
    let (definitions, _) = block.split_once("\n```").unwrap();
    Engine::from_text("solutions.audience", definitions).unwrap_or_else(|error| panic!("{error}"))
}

/// The instant so many hours before `NOW`.
fn hours_ago(hours: u32) -> String {
    let now: Timestamp = NOW.parse().unwrap();
    Timestamp::from_millis(now.as_millis() - i64::from(hours) * 3_600_000).to_string()
}

/// Events of one person: `user`, or a visitor where the id begins with `visitor`.
struct Person {
    id: &'static str,
    events: Vec<Value>,
}

fn person(id: &'static str) -> Person {
    Person { id, events: Vec::new() }
}

impl Person {
    fn visitor(&self) -> bool {
        self.id.starts_with("visitor")
    }

    fn label(&self) -> String {
        let kind = if self.visitor() { "anonymous_id" } else { "user_id" };
        format!("{kind}:{}", self.id)
    }

    fn event(mut self, hours: u32, mut event: Value) -> Person {
        let key = if self.visitor() { "anonymousId" } else { "userId" };
        event[key] = self.id.into();
        event["timestamp"] = hours_ago(hours).into();
        self.events.push(event);
        self
    }

    fn did(self, hours: u32, name: &str, properties: Value) -> Person {
        self.event(hours, json!({"type": "track", "event": name, "properties": properties}))
    }

    fn is(self, traits: Value) -> Person {
        self.event(1000, json!({"type": "identify", "traits": traits}))
    }

    fn says(self, hours: u32, category: &str, yes: bool) -> Person {
        let consent = json!({"consent": {"categoryPreferences": {category: yes}}});
        self.event(hours, json!({"type": "track", "event": "Seen", "context": consent}))
    }

    fn views(self, count: u32, hours: u32, category: &str) -> Person {
        let view = |person: Person, nth: u32| person.did(hours - nth, "Product Viewed", json!({"category": category}));
        (0..count).fold(self, view)
    }
}

fn ingested(engine: &Engine, people: &[Person]) -> Profiles {
    let events = people.iter().flat_map(|person| &person.events);
    let lines: String = events.map(|event| format!("{event}\n")).collect();
    let ingested = engine.ingest(lines.as_bytes(), NOW.parse().unwrap()).unwrap();
    assert_eq!(ingested.counts.rejected, 0, "{:?}", ingested.rejects);
    ingested.profiles
}

/// Of these people, those in the audience, and those delivered to a destination.
fn found(audience: &str, destination: &str, people: &[Person]) -> (Vec<String>, Vec<String>) {
    let engine = solutions();
    let now = NOW.parse().unwrap();
    let (mut members, mut delivered) = (Vec::new(), Vec::new());
    for profile in ingested(&engine, people).users() {
        if !engine.is_member(audience, profile, now).unwrap() {
            continue;
        }
        let deliveries = engine.deliveries(audience, profile, now).unwrap();
        let there = deliveries.iter().find(|delivery| delivery.destination == destination);
        if there.unwrap().is_delivered() {
            delivered.push(engine.label(profile));
        }
        members.push(engine.label(profile));
    }
    members.sort();
    delivered.sort();
    (members, delivered)
}

fn labels(people: &[Person], ids: &[&str]) -> Vec<String> {
    let chosen = people.iter().filter(|person| ids.contains(&person.id));
    let mut labels: Vec<String> = chosen.map(Person::label).collect();
    assert_eq!(labels.len(), ids.len());
    labels.sort();
    labels
}

#[test]
fn shoe_lovers() {
    let people = [
        person("five").views(5, 100, "shoes").says(500, "Analytics", true),
        person("visitor").views(6, 100, "shoes").says(500, "Analytics", true),
        person("four").views(4, 100, "shoes").says(500, "Analytics", true),
        person("bags").views(5, 100, "bags").says(500, "Analytics", true),
        // The first view is two weeks old to the millisecond, so four count.
        person("too_old").views(5, 336, "shoes").says(500, "Analytics", true),
        person("buyer")
            .views(5, 100, "shoes")
            .did(9000, "Order Completed", json!({}))
            .says(500, "Analytics", true),
        person("refused").views(5, 100, "shoes").says(500, "Analytics", false),
        person("not_asked").views(5, 100, "shoes"),
        person("only_ads").views(5, 100, "shoes").says(500, "Advertising", true),
    ];
    let (members, delivered) = found("shoe_lovers", "onsite", &people);
    assert_eq!(members, labels(&people, &["five", "visitor"]));
    assert_eq!(delivered, members);
}

#[test]
fn left_checkout() {
    let began = |id: &'static str, hours: u32| person(id).did(hours, "Checkout Started", json!({"checkout_id": "c1"}));
    let ordered =
        |person: Person, hours: u32, id: &str| person.did(hours, "Order Completed", json!({"checkout_id": id}));
    let people = [
        began("left", 48).says(500, "Advertising", true),
        began("left_and_refused", 48).says(500, "Advertising", false),
        began("left_and_not_asked", 24),
        ordered(began("another_order", 48), 40, "c2"),
        ordered(began("a_day_later", 96), 71, "c1"),
        ordered(began("at_the_end_of_the_day", 96), 72, "c1"),
        ordered(began("ordered", 48), 47, "c1"),
        began("this_morning", 23),
        began("last_week", 168),
        ordered(began("second_time", 100), 99, "c1").did(50, "Checkout Started", json!({"checkout_id": "c9"})),
        began("employee", 48).is(json!({"email": "x@acme.example"})),
        began("visitor", 48),
    ];
    let (members, delivered) = found("left_checkout", "google_ads", &people);
    let left = [
        "left",
        "left_and_refused",
        "left_and_not_asked",
        "another_order",
        "a_day_later",
        "second_time",
    ];
    assert_eq!(members, labels(&people, &left));
    assert_eq!(delivered, labels(&people, &["left"]));
    let (_, delivered) = found("left_checkout", "crm", &people);
    assert_eq!(delivered, members);
}

#[test]
fn renewals() {
    let soon = "2026-07-15";
    let pro = |id: &'static str| person(id).is(json!({"plan": "pro", "contract_end": soon, "country": "FR"}));
    let people = [
        pro("agreed").says(500, "Advertising", true),
        pro("not_asked"),
        pro("asked_about_something_else").says(500, "Analytics", false),
        person("country_unknown").is(json!({"plan": "business", "contract_end": soon})),
        person("last_instant").is(json!({"plan": "pro", "contract_end": "2026-07-30T00:00:00Z"})),
        pro("refused").says(500, "Advertising", false),
        person("german").is(json!({"plan": "pro", "contract_end": soon, "country": "DE"})),
        person("free").is(json!({"plan": "free", "contract_end": soon})),
        person("later").is(json!({"plan": "pro", "contract_end": "2026-07-30T00:00:00.001Z"})),
        person("ended").is(json!({"plan": "pro", "contract_end": "2026-06-30T00:00:00Z"})),
        person("no_end").is(json!({"plan": "pro"})),
    ];
    let (members, delivered) = found("renewals", "crm", &people);
    let expected = [
        "agreed",
        "not_asked",
        "asked_about_something_else",
        "country_unknown",
        "last_instant",
    ];
    assert_eq!(members, labels(&people, &expected));
    assert_eq!(delivered, members);
}

#[test]
fn renewals_leave_out_whose_answers_contradict_each_other() {
    let traits = json!({"plan": "pro", "contract_end": "2026-07-15", "email": "twice@mail.example"});
    // Two people with different answers, who then turn out to be one by their email.
    let one = person("one").says(800, "Advertising", true).is(json!({"plan": "pro"}));
    let visitor = person("visitor").says(700, "Advertising", false);
    let people = [
        one.event(600, json!({"type": "identify", "traits": traits})),
        visitor.event(
            500,
            json!({"type": "identify", "traits": {"email": "twice@mail.example"}}),
        ),
    ];
    let engine = solutions();
    let profiles = ingested(&engine, &people);
    let states: Vec<ConsentState> = profiles
        .users()
        .iter()
        .map(|user| user.consent().state("Advertising"))
        .collect();
    assert_eq!(states, [ConsentState::Conflicted]);
    assert!(
        !engine
            .is_member("renewals", &profiles.users()[0], NOW.parse().unwrap())
            .unwrap()
    );
}
