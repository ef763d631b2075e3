//! Funnels, `any` and `lookback` from their text to who is a member.

use volens::model::ProfileBuilder;
use volens::{Engine, Profile, Timestamp};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn now() -> Timestamp {
    "2026-06-30T00:00:00Z".parse().unwrap()
}

fn ago(millis: i64) -> Timestamp {
    Timestamp::from_millis(now().as_millis() - millis)
}

/// An event so many milliseconds ago, with properties as JSON.
type Did<'a> = (&'a str, i64, &'a str);

fn person() -> ProfileBuilder {
    Profile::builder().user_id("u1")
}

fn who_did(events: &[Did<'_>]) -> Profile {
    let profile = events.iter().fold(person(), |profile, (name, millis, properties)| {
        let properties = volens::value::parse(properties).unwrap();
        let properties: Vec<_> = properties
            .as_object()
            .unwrap()
            .iter()
            .map(|(k, v)| (k, v.clone()))
            .collect();
        profile.event(name, ago(*millis), properties)
    });
    profile.build()
}

fn with_trait(key: &str, json: &str) -> Profile {
    person().trait_(key, volens::value::parse(json).unwrap()).build()
}

/// Whether a profile is in the audience of a condition, with further clauses behind it.
fn holds(condition: &str, profile: &Profile) -> bool {
    let text = format!("audience a {{\n  who {condition}\n}}\n");
    let engine = Engine::from_text("forms.audience", &text).unwrap_or_else(|error| panic!("{error}"));
    engine.is_member("a", profile, now()).unwrap()
}

#[track_caller]
fn check(condition: &str, cases: &[(&[Did<'_>], bool)]) {
    for (events, expected) in cases {
        assert_eq!(holds(condition, &who_did(events)), *expected, "{condition}: {events:?}");
    }
}

// ---- funnels

const ADD: &str = "Product Added";
const ORDER: &str = "Order Completed";

#[test]
fn an_abandoned_cart_is_one_that_no_order_followed() {
    check(
        r#"performed "Product Added" then not performed "Order Completed""#,
        &[
            (&[(ADD, DAY, "{}")], true),
            (&[(ADD, 2 * DAY, "{}"), (ORDER, DAY, "{}")], false),
            (&[(ADD, 3 * DAY, "{}"), (ORDER, 2 * DAY, "{}"), (ADD, DAY, "{}")], true),
            (&[(ORDER, 2 * DAY, "{}"), (ADD, DAY, "{}")], true),
            (&[(ORDER, DAY, "{}")], false),
        ],
    );
}

#[test]
fn a_step_is_strictly_later() {
    let same = &[(ADD, DAY, "{}"), (ORDER, DAY, "{}")];
    let after = &[(ADD, DAY, "{}"), (ORDER, DAY - 1, "{}")];
    check(
        r#"performed "Product Added" then performed "Order Completed""#,
        &[(same, false), (after, true)],
    );
    check(
        r#"performed "Product Added" then not performed "Order Completed""#,
        &[(same, true), (after, false)],
    );
}

#[test]
fn within_ends_with_its_last_millisecond() {
    let last = &[(ADD, 2 * DAY, "{}"), (ORDER, 2 * DAY - HOUR, "{}")];
    let late = &[(ADD, 2 * DAY, "{}"), (ORDER, 2 * DAY - HOUR - 1, "{}")];
    check(
        r#"performed "Product Added" then performed "Order Completed" within 1 hour"#,
        &[(last, true), (late, false)],
    );
    check(
        r#"performed "Product Added" then not performed "Order Completed" within 60 minutes"#,
        &[(last, false), (late, true)],
    );
}

#[test]
fn then_not_holds_also_before_its_time_is_over() {
    check(
        r#"performed "Product Added" within 7 days then not performed "Order Completed" within 1 day"#,
        &[
            (&[(ADD, MINUTE, "{}")], true),
            (&[(ADD, 0, "{}")], true),
            (&[(ADD, MINUTE, "{}"), (ORDER, 0, "{}")], false),
            (&[(ADD, 8 * DAY, "{}")], false),
        ],
    );
}

#[test]
fn each_step_of_a_chain_starts_from_the_one_before() {
    let condition = r#"performed "View" then performed "Product Added" within 1 hour
        then performed "Order Completed" within 1 hour"#;
    check(
        condition,
        &[
            (
                &[("View", 3 * HOUR, "{}"), (ADD, 2 * HOUR, "{}"), (ORDER, HOUR, "{}")],
                true,
            ),
            (
                &[("View", 3 * HOUR, "{}"), (ADD, 2 * HOUR, "{}"), (ORDER, HOUR - 1, "{}")],
                false,
            ),
            (
                &[("View", 3 * HOUR, "{}"), (ORDER, 2 * HOUR, "{}"), (ADD, HOUR, "{}")],
                false,
            ),
            // Any of the adds may serve.
            (
                &[
                    ("View", 3 * HOUR, "{}"),
                    (ADD, 170 * MINUTE, "{}"),
                    (ADD, 2 * HOUR, "{}"),
                    (ORDER, 61 * MINUTE, "{}"),
                ],
                true,
            ),
        ],
    );
    check(
        r#"performed "View" then performed "Product Added" then not performed "Order Completed""#,
        &[
            (&[("View", 3, "{}"), (ADD, 2, "{}"), (ORDER, 1, "{}")], false),
            (
                &[("View", 4, "{}"), (ADD, 3, "{}"), (ORDER, 2, "{}"), (ADD, 1, "{}")],
                true,
            ),
            (&[("View", 4, "{}")], false),
        ],
    );
}

#[test]
fn counts_are_of_the_first_event_or_of_the_last_step() {
    let two_adds_one_order: &[Did<'_>] = &[(ADD, 9, "{}"), (ADD, 8, "{}"), (ORDER, 7, "{}"), (ADD, 6, "{}")];
    let first = |count: &str| {
        let condition = format!(r#"performed "Product Added" {count} then performed "Order Completed""#);
        holds(&condition, &who_did(two_adds_one_order))
    };
    assert!(first("at least 2 times") && first("exactly 2 times") && !first("at least 3 times"));
    assert!(holds(
        r#"performed "Product Added" exactly 0 times then performed "Order Completed""#,
        &who_did(&[(ADD, 1, "{}")])
    ));
    let two_orders: &[Did<'_>] = &[(ADD, 9, "{}"), (ORDER, 8, "{}"), (ORDER, 7, "{}")];
    check(
        r#"performed "Product Added" then performed "Order Completed" at least 2 times"#,
        &[(two_orders, true), (two_adds_one_order, false)],
    );
    check(
        r#"performed "Product Added" then not performed "Order Completed" at least 2 times"#,
        &[(two_orders, false), (&[(ADD, 9, "{}"), (ORDER, 8, "{}")], true)],
    );
}

#[test]
fn a_reference_is_to_the_event_that_was_matched() {
    let condition = r#"performed "Product Added" as added
        then performed "Order Completed" where (sku = added.product.sku)"#;
    check(
        condition,
        &[
            (
                &[(ADD, 9, r#"{"product": {"sku": "a"}}"#), (ORDER, 8, r#"{"sku": "a"}"#)],
                true,
            ),
            (
                &[(ADD, 9, r#"{"product": {"sku": "b"}}"#), (ORDER, 8, r#"{"sku": "a"}"#)],
                false,
            ),
            (
                &[
                    (ADD, 9, r#"{"product": {"sku": "a"}}"#),
                    (ADD, 8, r#"{"product": {"sku": "b"}}"#),
                    (ORDER, 7, r#"{"sku": "a"}"#),
                ],
                true,
            ),
            // A missing value is equal to none, not even to another one.
            (&[(ADD, 9, r#"{"product": {}}"#), (ORDER, 8, r#"{"sku": "a"}"#)], false),
            (&[(ADD, 9, "{}"), (ORDER, 8, "{}")], false),
        ],
    );
    // … and different from none; only `not` in front turns that round.
    let missing: &[Did<'_>] = &[(ADD, 9, "{}"), (ORDER, 8, r#"{"sku": "a"}"#)];
    let step =
        |test: &str| format!(r#"performed "Product Added" as added then performed "Order Completed" where ({test})"#);
    check(&step("sku != added.sku"), &[(missing, false)]);
    check(&step("not sku = added.sku"), &[(missing, true)]);
    check(
        r#"performed "Product Added" as added then not performed "Order Completed" where (sku = added.sku)"#,
        &[
            (&[(ADD, 9, r#"{"sku": "a"}"#), (ORDER, 8, r#"{"sku": "a"}"#)], false),
            (&[(ADD, 9, r#"{"sku": "b"}"#), (ORDER, 8, r#"{"sku": "a"}"#)], true),
            (missing, true),
        ],
    );
}

#[test]
fn a_reference_reaches_over_the_steps_in_between_and_into_elements() {
    let condition = r#"performed "View" as view then performed "Product Added"
        then performed "Order Completed" where (any products (sku = view.sku and price < trait budget))"#;
    let profile = |view: &str, products: &str| {
        let built = who_did(&[
            ("View", 9, &format!(r#"{{"sku": "{view}"}}"#)),
            (ADD, 8, r#"{"sku": "other"}"#),
            (ORDER, 7, &format!(r#"{{"products": {products}}}"#)),
        ]);
        built.to_builder().trait_("budget", 10i64).build()
    };
    assert!(holds(
        condition,
        &profile("a", r#"[{"sku": "b", "price": 1}, {"sku": "a", "price": 9}]"#)
    ));
    assert!(!holds(
        condition,
        &profile("a", r#"[{"sku": "b", "price": 1}, {"sku": "a", "price": 11}]"#)
    ));
    assert!(!holds(condition, &profile("c", r#"[{"sku": "a", "price": 9}]"#)));
}

// ---- `any`

#[test]
fn one_element_passes_the_whole_filter() {
    let condition = r#"performed "Order Completed" where (any products (category = "shoes" and price > 50))"#;
    let order = |products: &str| who_did(&[(ORDER, 1, &format!(r#"{{"products": {products}}}"#))]);
    assert!(holds(
        condition,
        &order(r#"[{"category": "hats", "price": 5}, {"category": "shoes", "price": "51"}]"#)
    ));
    assert!(!holds(
        condition,
        &order(r#"[{"category": "shoes", "price": 5}, {"category": "hats", "price": 51}]"#)
    ));
    for none in [r#"{"category": "shoes", "price": 51}"#, "[]", "null", r#""shoes""#] {
        assert!(!holds(condition, &order(none)), "{none}");
        assert!(holds(&format!("not {condition}"), &order(none)), "{none}");
    }
}

#[test]
fn any_nests() {
    let condition =
        r#"any trait orders (paid = true and any products (any sizes (item > 40) and not any tags (item = "sale")))"#;
    let orders = |json: &str| with_trait("orders", json);
    assert!(holds(
        condition,
        &orders(r#"[{"paid": true, "products": [{"sizes": [38, 42], "tags": ["new"]}]}]"#)
    ));
    assert!(holds(
        condition,
        &orders(r#"[{"paid": true, "products": [{"sizes": [38, 42]}]}]"#)
    ));
    for none in [
        r#"[{"paid": true, "products": [{"sizes": [38, 42], "tags": ["sale"]}]}]"#,
        r#"[{"paid": true, "products": [{"sizes": [38]}, {"tags": ["new"]}]}]"#,
        r#"[{"paid": false, "products": [{"sizes": [42]}]}, {"paid": true, "products": []}]"#,
    ] {
        assert!(!holds(condition, &orders(none)), "{none}");
    }
    assert!(holds(
        "any trait rows (any item (item = 3))",
        &with_trait("rows", "[[1, 2], 3, [3]]")
    ));
    assert!(!holds(
        "any trait rows (any item (item = 3))",
        &with_trait("rows", "[[1, 2], 3, []]")
    ));
}

#[test]
fn item_is_the_element_itself() {
    let tags = with_trait("tags", r#"["new", "vip-2026", null, {"item": "gold"}]"#);
    assert!(holds(r#"any trait tags (item starts with "vip")"#, &tags));
    assert!(!holds(r#"any trait tags (item = "vip")"#, &tags));
    assert!(holds(r#"any trait tags (item in ["old", "new"])"#, &tags));
    assert!(holds(r#"any trait tags ("item" = "gold")"#, &tags));
    assert!(!holds(r#"any trait tags (item = "gold")"#, &tags));
    assert!(holds("any trait tags (item does not exist)", &tags));
    assert!(!holds(
        "any trait tags (item does not exist)",
        &with_trait("tags", r#"["a"]"#)
    ));
}

// ---- `lookback`

#[test]
fn lookback_is_laid_over_every_window() {
    let just_out = |days: i64| who_did(&[(ORDER, days * DAY, "{}")]);
    let just_in = |days: i64| who_did(&[(ORDER, days * DAY - 1, "{}")]);
    let plain = "performed \"Order Completed\"\n  lookback 30 days";
    assert!(holds(plain, &just_in(30)) && !holds(plain, &just_out(30)));
    let wider = "performed \"Order Completed\" within 90 days\n  lookback 30 days";
    assert!(holds(wider, &just_in(30)) && !holds(wider, &just_out(30)));
    let narrower = "performed \"Order Completed\" within 7 days\n  lookback 30 days";
    assert!(holds(narrower, &just_in(7)) && !holds(narrower, &just_out(7)));
    let between = "performed \"Order Completed\" between 7 and 90 days ago\n  lookback 30 days";
    assert!(holds(between, &just_in(30)) && !holds(between, &just_out(30)) && holds(between, &just_out(7)));
    let never = "performed \"Order Completed\" exactly 0 times\n  lookback 30 days";
    assert!(holds(never, &just_out(30)) && !holds(never, &just_in(30)));
    let funnel = "performed \"Product Added\" then performed \"Order Completed\"\n  lookback 30 days";
    let added = |millis: i64| who_did(&[(ADD, millis, "{}"), (ORDER, DAY, "{}")]);
    assert!(holds(funnel, &added(30 * DAY - 1)) && !holds(funnel, &added(30 * DAY)));
}

#[test]
fn lookback_is_an_audiences_own() {
    let text = r#"
        audience buyers { who performed "Order Completed" }
        audience recent { who member of buyers and performed "Page Viewed"  lookback 7 days }
    "#;
    let engine = Engine::from_text("lookback.audience", text).unwrap();
    let recent = |events: &[Did<'_>]| engine.is_member("recent", &who_did(events), now()).unwrap();
    assert!(recent(&[(ORDER, 99 * DAY, "{}"), ("Page Viewed", DAY, "{}")]));
    assert!(!recent(&[(ORDER, DAY, "{}"), ("Page Viewed", 7 * DAY, "{}")]));
}

#[test]
fn sixty_four_steps_are_a_funnel() {
    let steps: String = (1..=64)
        .map(|step| format!(" then performed \"Step {step}\""))
        .collect();
    let condition = format!(r#"performed "Step 0"{steps}"#);
    let names: Vec<String> = (0..=64).map(|step| format!("Step {step}")).collect();
    let done: Vec<Did<'_>> = names
        .iter()
        .zip(0..)
        .map(|(name, at)| (&**name, 100 - at, "{}"))
        .collect();
    assert!(holds(&condition, &who_did(&done)));
    assert!(!holds(&condition, &who_did(&done[..64])));
}

#[test]
fn steps_are_found_again_where_they_are_written() {
    let text = "audience a { who performed \"A\" as x then performed \"B\" where (p = x.p) }";
    let engine = Engine::from_text("places.audience", text).unwrap();
    let program = engine.program();
    let audience = program.audience("a").unwrap();
    let written = |node| {
        engine
            .places()
            .node(audience, node)
            .map(|span| engine.sources().slice(span))
    };
    let who = program.audiences[audience.index()].who;
    assert_eq!(
        written(who),
        Some(r#"performed "A" as x then performed "B" where (p = x.p)"#)
    );
    let volens::ir::Node::Performed(performed) = program.node(who) else {
        panic!("no funnel")
    };
    assert_eq!(written(performed.steps[0].filter), Some("p = x.p"));
}
