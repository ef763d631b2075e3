//! What `docs/coming_from.md` promises of its translations: for whom they hold, and for whom they do not.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use volens::{Engine, Timestamp};

fn now() -> Timestamp {
    "2026-04-17T01:00:00Z".parse().unwrap()
}

/// The page has the condition, whatever its line breaks.
fn stands_on_the_page(condition: &str) -> bool {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coming_from.md")).unwrap();
    page.contains(&format!("`{condition}`")) || page.lines().any(|line| line == condition)
}

fn holds(condition: &str, events: &[Value]) -> bool {
    let text = format!("audience a {{ who {condition} }}");
    let engine = Engine::from_text("a.audience", &text).unwrap_or_else(|error| panic!("{condition}: {error}"));
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let ingested = engine.ingest(lines.as_bytes(), now()).unwrap();
    assert_eq!(ingested.counts.rejected, 0, "{:?}", ingested.rejects);
    let [profile] = ingested.profiles.users() else {
        panic!("{condition}: one person is asked about");
    };
    engine.is_member("a", profile, now()).unwrap()
}

/// Somebody with these traits.
fn is(traits: Value) -> Vec<Value> {
    vec![json!({"type": "identify", "userId": "u", "timestamp": "2026-01-01T00:00:00Z", "traits": traits})]
}

/// Somebody who did this so many hours before.
fn did(event: &str, hours: &[i64]) -> Vec<Value> {
    let mut events = is(json!({}));
    for hours in hours {
        let time = Timestamp::from_millis(now().as_millis() - hours * 3_600_000);
        events.push(json!({"type": "track", "userId": "u", "event": event, "timestamp": time.to_string()}));
    }
    events
}

/// The condition holds for the first people, and not for the others.
#[track_caller]
fn tells_apart(condition: &str, those: &[Vec<Value>], others: &[Vec<Value>]) {
    assert!(stands_on_the_page(condition), "{condition}");
    for events in those {
        assert!(holds(condition, events), "{condition}: {events:?}");
    }
    for events in others {
        assert!(!holds(condition, events), "{condition}: {events:?}");
    }
}

#[test]
fn calendar_days() {
    let bought = |hours| did("Order Completed", &[1, 2, hours]);
    // Midnight of 14 April is 73 hours before one in the morning of 17 April.
    tells_apart(
        r#"performed "Order Completed" at least 3 times after 2026-04-13T23:59:59.999Z"#,
        &[bought(72), bought(73)],
        &[bought(74)],
    );
    tells_apart(
        r#"performed "Order Completed" at least 3 times within 4 days"#,
        &[bought(72), bought(73), bought(95)],
        &[bought(96)],
    );
    assert!(!holds(
        r#"performed "Order Completed" at least 3 times within 3 days"#,
        &bought(73)
    ));
}

#[test]
fn missing_values() {
    let (none, blank) = (|| is(json!({})), || is(json!({"genre": "", "plan": ""})));
    let plan = |plan: &str| is(json!({"plan": plan}));
    tells_apart(
        r#"trait plan != "pro""#,
        &[plan("free"), blank()],
        &[plan("pro"), none()],
    );
    tells_apart(r#"not trait plan = "pro""#, &[plan("free"), none()], &[plan("pro")]);
    tells_apart(
        r#"not trait plan in ["gold", "silver"]"#,
        &[plan("free"), none()],
        &[plan("gold")],
    );
    tells_apart(
        r#"not trait plan contains any of ["gold", "silver"]"#,
        &[plan("free"), none()],
        &[plan("former_gold_tier")],
    );
    let genre = |genre: &str| is(json!({"genre": genre}));
    tells_apart(
        r#"trait genre exists and trait genre != """#,
        &[genre("jazz")],
        &[none(), blank()],
    );
    tells_apart(
        r#"trait genre does not exist or trait genre = """#,
        &[none(), blank()],
        &[genre("jazz")],
    );
    let visits = |visits: u32| is(json!({"visits": visits}));
    tells_apart(
        "trait visits < 10 or trait visits does not exist",
        &[visits(9), none()],
        &[visits(10)],
    );
    tells_apart(
        "trait visits = 0 or trait visits does not exist",
        &[visits(0), none()],
        &[visits(1)],
    );
    assert!(!holds("trait visits < 10", &none()));
}

#[test]
fn lists() {
    let genres = |genres: &[&str]| is(json!({"genres": genres}));
    tells_apart(
        r#"trait genres contains any of ["sci-fi", "fantasy"]"#,
        &[genres(&["horror", "sci-fi"])],
        &[genres(&["sci-fi movies"]), genres(&[])],
    );
    tells_apart(
        r#"not trait genres contains any of ["sci-fi", "fantasy"]"#,
        &[genres(&["horror"]), is(json!({}))],
        &[genres(&["fantasy"])],
    );
    tells_apart(
        r#"trait genres contains "sci-fi" and trait genres contains "fantasy""#,
        &[genres(&["fantasy", "sci-fi", "horror"])],
        &[genres(&["sci-fi"])],
    );
    tells_apart(
        r#"any trait genres (item contains any of ["gold", "silver"])"#,
        &[genres(&["former_gold_tier"])],
        &[genres(&["bronze"])],
    );
    let pets = |pets: Value| is(json!({"pets": pets}));
    tells_apart(
        r#"any trait pets (type = "cat" and age < 3)"#,
        &[pets(json!([{"type": "dog", "age": 9}, {"type": "cat", "age": 1}]))],
        &[pets(json!([{"type": "dog", "age": 1}, {"type": "cat", "age": 9}]))],
    );
}

#[test]
fn first_last_stopped_and_started() {
    let shared = |days: &[i64]| {
        did(
            "shared insight",
            &days.iter().map(|days| days * 24).collect::<Vec<i64>>(),
        )
    };
    tells_apart(
        r#"performed "shared insight" within 30 days and performed "shared insight" exactly 0 times between 30 and 36500 days ago"#,
        &[shared(&[29, 1])],
        &[shared(&[29, 30]), shared(&[5, 9000]), shared(&[])],
    );
    tells_apart(
        r#"performed "shared insight" between 5 and 10 days ago and performed "shared insight" exactly 0 times within 5 days"#,
        &[shared(&[5]), shared(&[9, 20])],
        &[shared(&[4, 6]), shared(&[10]), shared(&[])],
    );
    tells_apart(
        r#"performed "shared insight" within 5 days and performed "shared insight" exactly 0 times between 5 and 10 days ago"#,
        &[shared(&[4]), shared(&[4, 10])],
        &[shared(&[4, 5]), shared(&[10])],
    );
    tells_apart(
        r#"performed "shared insight" within 5 days and performed "shared insight" exactly 0 times between 5 and 10 days ago and performed "shared insight" between 10 and 36500 days ago"#,
        &[shared(&[4, 10])],
        &[shared(&[4]), shared(&[4, 5, 10])],
    );
    let left = |hours: &[i64]| did("Abandoned Cart", hours);
    tells_apart(
        r#"performed "Abandoned Cart" and performed "Abandoned Cart" exactly 0 times within 30 days"#,
        &[left(&[720]), left(&[9000, 721])],
        &[left(&[719, 9000]), left(&[])],
    );
    tells_apart(
        r#"performed "Abandoned Cart" within 1 day and performed "Abandoned Cart" exactly 0 times between 1 and 36500 days ago"#,
        &[left(&[23, 1])],
        &[left(&[23, 24]), left(&[24])],
    );
}

#[test]
fn sequences() {
    let both = |signed_up: i64, watched: &[i64]| {
        let mut events = did("signed up", &[signed_up]);
        events.extend(did("watched video", watched).split_off(1));
        events
    };
    tells_apart(
        r#"performed "signed up" within 5 days then performed "watched video" within 1 day"#,
        &[both(48, &[24])],
        &[both(48, &[23]), both(48, &[48]), both(48, &[49]), both(120, &[119])],
    );
    tells_apart(
        r#"not (performed "signed up" within 5 days then performed "watched video" within 1 day)"#,
        &[both(48, &[]), did("watched video", &[5])],
        &[both(48, &[24])],
    );
    tells_apart(
        r#"performed "signed up" within 5 days then not performed "watched video" within 1 day"#,
        &[both(48, &[]), both(1, &[]), both(48, &[23])],
        &[both(48, &[24]), did("watched video", &[5])],
    );
}
