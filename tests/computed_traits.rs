//! Computed traits as they are written (language.md, Computed traits; CT-10 to CT-23). The evaluator's own tests are in
//! eval_computed.rs.

use serde_json::{Value, json};
use volens::{Engine, Profiles, Timestamp};

fn now() -> Timestamp {
    "2026-06-30".parse().unwrap()
}

/// Orders of one person: day of June, and properties. The last lies after `now`.
fn people(engine: &Engine) -> Profiles {
    let orders = [
        (
            1,
            json!({"revenue": 0.1, "sku": "b", "tags": ["x", "y"], "shop": {"city": "Bonn"}}),
        ),
        (10, json!({"revenue": "0.2", "sku": "a", "tags": ["x"]})),
        (
            20,
            json!({"revenue": "1,000", "sku": 5, "tags": "y", "shop": {"city": "Köln"}}),
        ),
        (29, json!({"revenue": 30, "sku": "a", "coupon": null})),
    ];
    let mut lines = vec![
        json!({"type": "identify", "userId": "u1", "timestamp": "2026-06-01T00:00:00Z",
        "traits": {"limit": 10, "orders": "sent"}}),
    ];
    lines.extend(orders.iter().map(|(day, properties)| {
        json!({"type": "track", "userId": "u1", "event": "Order Completed", "properties": properties,
            "timestamp": format!("2026-06-{day:02}T00:00:00Z")})
    }));
    lines.push(
        json!({"type": "track", "userId": "u1", "event": "Order Completed", "properties": {"revenue": 1},
        "timestamp": "2026-07-09T00:00:00Z", "receivedAt": "2026-06-29T00:00:00Z"}),
    );
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let ingested = engine.ingest(lines.as_bytes(), now()).unwrap();
    assert_eq!(ingested.counts.applied, 6);
    ingested.profiles
}

fn values(definitions: &str) -> Vec<(String, Value)> {
    let engine = Engine::from_text("t.audience", definitions).unwrap_or_else(|error| panic!("{definitions}\n{error}"));
    let people = people(&engine);
    let profile = people.find("user_id", "u1").unwrap();
    let computed = engine.computed_traits(profile, now());
    computed
        .into_iter()
        .map(|(name, value)| (name.to_owned(), serde_json::to_value(value).unwrap()))
        .collect()
}

#[test]
fn each_function() {
    for (aggregate, expected) in [
        ("count of \"Order Completed\"", json!(4)),
        ("count of \"Order Cancelled\"", json!(0)),
        // Exact: 0.1 + 0.2 is 0.3. "1,000" is no number and is skipped.
        ("sum of revenue from \"Order Completed\" before 2026-06-15", json!(0.3)),
        ("sum of revenue from \"Order Completed\"", json!(30.3)),
        ("sum of nothing_there from \"Order Completed\"", json!(0)),
        ("average of revenue from \"Order Completed\"", json!(10.1)),
        ("average of sku from \"Order Completed\"", json!(5)),
        ("average of coupon from \"Order Completed\"", Value::Null),
        ("minimum of revenue from \"Order Completed\"", json!(0.1)),
        ("maximum of revenue from \"Order Completed\"", json!(30)),
        ("maximum of coupon from \"Order Completed\"", Value::Null),
        ("first of sku from \"Order Completed\"", json!("b")),
        ("last of sku from \"Order Completed\"", json!("a")),
        ("last of shop.city from \"Order Completed\"", json!("Köln")),
        // `first` and `last` give a list itself; the others count its elements.
        ("first of tags from \"Order Completed\"", json!(["x", "y"])),
        ("last of tags from \"Order Completed\"", json!("y")),
        ("unique list of tags from \"Order Completed\"", json!(["x", "y"])),
        ("unique count of tags from \"Order Completed\"", json!(2)),
        ("unique list of sku from \"Order Completed\"", json!(["5", "a", "b"])),
        ("unique list of coupon from \"Order Completed\"", Value::Null),
        ("unique count of coupon from \"Order Completed\"", json!(0)),
        // Two occurrences are needed, unless it says otherwise; a tie is broken by the order of text.
        ("most frequent of sku from \"Order Completed\"", json!("a")),
        (
            "most frequent of sku from \"Order Completed\" at least 3 times",
            Value::Null,
        ),
        ("most frequent of shop.city from \"Order Completed\"", Value::Null),
        (
            "most frequent of shop.city from \"Order Completed\" at least 1 time",
            json!("Bonn"),
        ),
        ("most frequent of tags from \"Order Completed\"", json!("x")),
        // Windows and filters.
        ("count of \"Order Completed\" within 20 days", json!(2)),
        (
            "count of \"Order Completed\" within 20 days where (sku = \"a\")",
            json!(1),
        ),
        ("count of \"Order Completed\" between 5 and 15 days ago", json!(1)),
        (
            "count of \"Order Completed\" after 2026-06-05 before 2026-06-25",
            json!(2),
        ),
        (
            "count of \"Order Completed\" where (any tags (item = \"y\") or shop.city exists)",
            json!(2),
        ),
        ("count of \"Order Completed\" where (revenue > trait limit)", json!(1)),
    ] {
        let found = values(&format!("trait x = {aggregate}"));
        let expected = if expected.is_null() {
            vec![]
        } else {
            vec![("x".to_owned(), expected)]
        };
        assert_eq!(found, expected, "{aggregate}");
    }
}

#[test]
fn they_read_each_other_in_any_order_of_declaration() {
    let found = values(
        "trait large = count of \"Order Completed\" where (revenue >= trait typical)\n\
         trait typical \"Typical order\" = average of revenue from \"Order Completed\"\n\
         trait late = count of \"Order Completed\" where (revenue > trait large)",
    );
    let found: Vec<String> = found.iter().map(|(name, value)| format!("{name} {value}")).collect();
    assert_eq!(found, ["typical 10.1", "large 1", "late 1"]);
}

#[test]
fn they_are_traits_like_any_other() {
    for (who, expected) in [
        ("trait orders = 4", true),
        // It hides the one that was sent.
        ("trait orders = \"sent\"", false),
        ("trait orders > 3 and trait skus contains \"a\"", true),
        ("any trait skus (item starts with \"b\")", true),
        ("trait limit > trait orders", true),
        ("performed \"Order Completed\" where (revenue > trait orders)", true),
        ("trait coupon_max does not exist", true),
        ("trait last_sku in [\"a\", \"c\"]", true),
    ] {
        let engine = Engine::from_text(
            "t.audience",
            &format!(
                "trait orders = count of \"Order Completed\"
                 trait skus = unique list of sku from \"Order Completed\"
                 trait last_sku = last of sku from \"Order Completed\"
                 trait coupon_max = maximum of coupon from \"Order Completed\"
                 audience a {{ who {who} }}"
            ),
        )
        .unwrap_or_else(|error| panic!("{who}\n{error}"));
        let people = people(&engine);
        let profile = people.find("user_id", "u1").unwrap();
        assert_eq!(engine.is_member("a", profile, now()).unwrap(), expected, "{who}");
    }
}

#[test]
fn the_lookback_of_an_audience_is_not_theirs() {
    let text = "trait orders = count of \"Order Completed\"
        audience a { lookback 5 days who trait orders = 4 and performed \"Order Completed\" exactly 1 time }";
    let engine = Engine::from_text("t.audience", text).unwrap();
    let people = people(&engine);
    assert!(
        engine
            .is_member("a", people.find("user_id", "u1").unwrap(), now())
            .unwrap()
    );
}

#[test]
fn what_cannot_be_computed_is_said() {
    for (definitions, message) in [
        (
            "trait a = count of \"E\" where (x > trait b) trait b = count of \"E\" where (x > trait a)",
            "these computed traits read each other in a circle: `a → b → a`",
        ),
        (
            "trait a = count of \"E\" where (x > trait a)",
            "the computed trait `a` reads itself: `a → a`",
        ),
        (
            "trait a = count of \"E\"\ntrait a = count of \"F\"",
            "the trait `a` is declared twice",
        ),
        (
            "trait a = count of \"E\" audience x { who trait a.b = 1 }",
            "`a` is a computed trait, so it has no part `b`",
        ),
        (
            "trait a = count of \"E\" at least 2 times",
            "`count` takes no count: `at least 2 times` belongs to `most frequent` alone",
        ),
        (
            "trait a = most frequent of x from \"E\" exactly 2 times",
            "`most frequent` takes a smallest count only, not `exactly 2 times`",
        ),
        (
            "trait a = most frequent of x from \"E\" at least 0 times",
            "`at least 0 times` says nothing: a value that never occurs is not frequent",
        ),
        (
            "trait a = count of \"E\" as e",
            "nothing can refer to the event of a computed trait, so it takes no `as`",
        ),
        (
            "trait a = count of \"E\" within 0 days",
            "`within 0 days` can hold no moment",
        ),
        (
            "trait a = count of \"E\" within 1 day within 2 days",
            "a computed trait takes `within` once",
        ),
        (
            "trait Segment_consent_preference = count of \"E\"",
            "a trait cannot lie in the namespace of consent",
        ),
        ("trait \"\" = count of \"E\"", "the name of this trait is empty"),
    ] {
        let volens::Error::Definitions(errors) = Engine::from_text("t.audience", definitions).unwrap_err() else {
            panic!("{definitions}");
        };
        let found: Vec<&str> = errors.diagnostics().iter().map(|d| &*d.message).collect();
        assert_eq!(found, [message], "{definitions}");
    }
    // A user's and an account's have names of their own.
    Engine::from_text(
        "t.audience",
        "trait a = count of \"E\"\naccount trait a = count of \"E\"",
    )
    .unwrap();
}
