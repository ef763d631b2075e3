//! Volens on the work of the other engines: one profile at a time, the definitions as text.
//!
//! A row is what is loaded before: the profile, laid out for the program. A sum is part of what is measured: the row is
//! told the instant anew before each evaluation, which forgets what it computed.

use std::cell::RefCell;

use common::{NOW, Sample, conv, out, run, sample, time_ns};
use serde_json::{Map, Value, json};
use volens::eval::{Reader, Row, matches};
use volens::{Engine, Profile, Timestamp};

const NAME: &str = "volens";

/// By audience, what stands in its braces.
const AUDIENCES: [&str; 5] = [
    r#"who trait plan in ["pro", "business"] and trait country = "DE"
  consent to Advertising"#,
    r#"who trait age >= 30 and trait email ends with "@example.com" and trait total_spend > 100
    and (trait country in ["US", "GB", "DE"] or not trait plan = "free")
  consent to Analytics"#,
    r#"who performed "Order Completed" at least 2 times within last 30 days where (revenue > 50)
    and not performed "Order Refunded" within last 90 days
  consent to Advertising and Analytics"#,
    r#"who trait spend_90 > 500
  consent to Advertising"#,
    r#"who performed "Product Viewed" as viewed within last 7 days
        then not performed "Order Completed" within 1 day where (product_id = viewed.product_id)
  consent to Advertising"#,
];

/// A workspace of these audiences, with what they need.
fn workspace(audiences: impl IntoIterator<Item = usize>) -> String {
    let mut text = "category Advertising\ncategory Analytics\n".to_owned();
    for number in audiences {
        if number == 4 {
            text += "trait spend_90 = sum of revenue from \"Order Completed\" within last 90 days\n";
        }
        text += &format!("audience a{number} {{\n  {}\n}}\n", AUDIENCES[number - 1]);
    }
    text
}

/// The same profile in the form of `volens profile --format json`.
fn profile_json(peer: &Value) -> String {
    let consent: Map<String, Value> = peer["consent"]["categoryPreferences"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(category, state)| {
            let state = match state {
                Value::Bool(true) => "granted",
                Value::Bool(false) => "denied",
                _ => "conflicted",
            };
            (category.clone(), state.into())
        })
        .collect();
    let events: Vec<Value> = peer["events"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| {
            let timestamp = Timestamp::from_millis(event["ts"].as_i64().unwrap()).to_string();
            json!({"name": event["name"], "timestamp": timestamp, "properties": event["properties"]})
        })
        .collect();
    json!({
        "external_ids": [{"type": "user_id", "id": peer["id"].to_string()}],
        "traits": peer["traits"],
        "consent": {"categories": consent},
        "events": events,
    })
    .to_string()
}

fn main() {
    let s: Sample = sample(1000);
    let now = Timestamp::from_millis(NOW);
    let engine = Engine::from_text("peers.audience", &workspace(1..=5)).unwrap();
    let program = engine.program();
    let hit_text = profile_json(&s.hit);
    let mix_text: Vec<String> = s.mix.iter().map(profile_json).collect();
    let read = |text: &String| serde_json::from_str::<Profile>(text).unwrap();
    let (hit, mix): (Profile, Vec<Profile>) = (read(&hit_text), mix_text.iter().map(read).collect());
    let hit_row = Row::new(program, &hit, now);
    let rows: Vec<Row<'_>> = mix.iter().map(|profile| Row::new(program, profile, now)).collect();
    for number in [1, 2, 3, 5] {
        let slot = program.audience(&format!("a{number}")).unwrap();
        run(NAME, number, &s, &hit_row, &rows, |row| matches(program, slot, row, &[]));
    }
    let slot = program.audience("a4").unwrap();
    let anew = |row: &RefCell<Row<'_>>| {
        let mut row = row.borrow_mut();
        row.set_now(program, &[], now);
        matches(program, slot, &row, &[])
    };
    let cells: Vec<RefCell<Row<'_>>> = rows.into_iter().map(RefCell::new).collect();
    run(NAME, 4, &s, &RefCell::new(hit_row), &cells, anew);
    for number in 1..=5 {
        let text = workspace([number]);
        let compile = || {
            std::hint::black_box(Engine::from_text("peers.audience", std::hint::black_box(&text)).unwrap());
        };
        out(NAME, &format!("compile A{number}"), time_ns(1.0, compile));
    }
    conv(NAME, "json text -> Profile", &hit_text, &mix_text, read);
    conv(NAME, "Profile -> Row", &hit, &mix, |profile| Row::new(program, profile, now).now());
    conv(NAME, "json text -> Profile -> Row", &hit_text, &mix_text, |text| {
        let profile = read(text);
        Row::new(program, &profile, now).now()
    });
    let mut reader = Reader::default();
    conv(NAME, "json text -> Row", &hit_text, &mix_text, |text| reader.read(program, text, now).unwrap().now());
}
