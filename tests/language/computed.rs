//! language.md, Computed traits.

use crate::support::*;

/// The JSON of the trait `t` of `u1`, `absent` for none; `values` are those of the property `x` of the events `E`.
fn computed(aggregate: &str, values: &[&str]) -> String {
    let events: Vec<String> = (-1000..)
        .zip(values)
        .map(|(millis, value)| match *value {
            "absent" => track("E", millis, "{}"),
            value => track("E", millis, &format!("{{\"x\":{value}}}")),
        })
        .chain([track("F", -1, "{\"x\":7}"), track("E", 1, "{\"x\":100}")])
        .collect();
    let engine = engine(&format!("trait t = {aggregate}"));
    let people = people(&engine, &events);
    let u1 = people.find("user_id", "u1").unwrap();
    let traits = engine.computed_traits(u1, now());
    traits
        .first()
        .map_or("absent".to_owned(), |(_, value)| value.canonical())
}

#[test]
fn what_is_empty_is_absent_or_zero() {
    for (aggregate, expected) in [
        ("count of \"E\"", "0"),
        ("sum of x from \"E\"", "0"),
        ("unique count of x from \"E\"", "0"),
        ("average of x from \"E\"", "absent"),
        ("minimum of x from \"E\"", "absent"),
        ("maximum of x from \"E\"", "absent"),
        ("first of x from \"E\"", "absent"),
        ("last of x from \"E\"", "absent"),
        ("most frequent of x from \"E\"", "absent"),
        ("unique list of x from \"E\"", "absent"),
    ] {
        assert_eq!(computed(aggregate, &[]), expected, "{aggregate}");
        if !aggregate.starts_with("count") {
            assert_eq!(computed(aggregate, &["null", "absent"]), expected, "{aggregate}");
        }
    }
    assert_eq!(computed("count of \"E\"", &["null", "absent", "1"]), "3");
}

#[test]
fn sums_are_exact_to_nine_decimals_and_round_to_even() {
    for (values, sum, average) in [
        (vec!["0.1", "0.2"], "0.3", "0.15"),
        (vec!["0.2", "0.1"], "0.3", "0.15"),
        (
            vec!["0.1", "\"0.2\"", "\"1,000\"", "true", "[1]", "null", "{\"x\":1}"],
            "0.3",
            "0.15",
        ),
        // The binary value is rounded, and a tie goes to the even neighbour.
        (vec!["0.0009765625"], "0.000976562", "0.000976562"),
        (vec!["0.0029296875"], "0.002929688", "0.002929688"),
        (vec!["-0.0029296875"], "-0.002929688", "-0.002929688"),
        (vec!["1e-10", "4e-10"], "0", "0"),
        (vec!["1", "2", "2"], "5", "1.666666667"),
        (vec!["0.000000001", "0"], "1e-9", "0"),
        (vec!["0.000000003", "0"], "3e-9", "2e-9"),
        // From 10¹⁸ in magnitude on a value is skipped, and counts for no average.
        (vec!["1e18", "-1e18", "1000000000000000000", "4", "2"], "6", "3"),
        (
            vec!["999999999999999999", "1"],
            "1000000000000000000",
            "500000000000000000",
        ),
        // A whole number within 64 bits is an integer, any other the nearest double.
        (vec!["9007199254740993", "0"], "9007199254740993", "4503599627370496"),
        (
            vec!["900000000000000000"; 20],
            "18000000000000000000",
            "900000000000000000",
        ),
        (
            vec!["900000000000000001"; 21],
            "18900000000000000000",
            "900000000000000001",
        ),
    ] {
        assert_eq!(computed("sum of x from \"E\"", &values), sum, "{values:?}");
        assert_eq!(computed("average of x from \"E\"", &values), average, "{values:?}");
    }
}

#[test]
fn extremes_are_of_numbers_and_exact() {
    let values = ["\"3.5\"", "2", "\"x\"", "true", "[1]", "null"];
    assert_eq!(computed("minimum of x from \"E\"", &values), "2");
    assert_eq!(computed("maximum of x from \"E\"", &values), "3.5");
    let big = ["9007199254740992", "9007199254740993"];
    assert_eq!(computed("maximum of x from \"E\"", &big), "9007199254740993");
    assert_eq!(computed("minimum of x from \"E\"", &["\"a\"", "true"]), "absent");
}

#[test]
fn texts_and_elements() {
    for (aggregate, values, expected) in [
        ("most frequent of x from \"E\"", vec!["\"a\"", "\"b\""], "absent"),
        (
            "most frequent of x from \"E\"",
            vec!["\"b\"", "\"a\"", "\"b\"", "\"a\""],
            "\"a\"",
        ),
        ("most frequent of x from \"E\"", vec!["5", "\"5\"", "\"6\""], "\"5\""),
        ("most frequent of x from \"E\"", vec!["[\"a\",\"b\"]", "\"b\""], "\"b\""),
        (
            "most frequent of x from \"E\" at least 1 time",
            vec!["\"b\"", "\"a\""],
            "\"a\"",
        ),
        (
            "most frequent of x from \"E\" at least 3 times",
            vec!["1", "1"],
            "absent",
        ),
        (
            "most frequent of x from \"E\" at least 3 times",
            vec!["1", "1", "1"],
            "\"1\"",
        ),
        (
            "unique list of x from \"E\"",
            vec!["10", "9", "[\"9\",\"é\"]", "\"z\"", "{\"a\":1}", "null"],
            "[\"10\",\"9\",\"z\",\"é\"]",
        ),
        (
            "unique count of x from \"E\"",
            vec!["10", "9", "[\"9\",\"é\"]", "\"z\"", "{\"a\":1}", "null"],
            "4",
        ),
        ("first of x from \"E\"", vec!["null", "[2,\"a\"]", "3"], "[2,\"a\"]"),
        ("last of x from \"E\"", vec!["1", "[2,\"a\"]", "absent"], "[2,\"a\"]"),
    ] {
        assert_eq!(computed(aggregate, &values), expected, "{aggregate} {values:?}");
    }
}

#[test]
fn first_and_last_go_by_timestamp_whatever_arrives_when() {
    let mut events = vec![
        track("E", -1, "{\"x\":3}"),
        track("E", -3, "{\"x\":1}"),
        track("E", -2, "{\"x\":2}"),
    ];
    for turn in 0..3 {
        events.rotate_left(turn);
        for (aggregate, expected) in [("first", 1), ("last", 3)] {
            let text = format!("trait t = {aggregate} of x from \"E\" audience a {{ who trait t = {expected} }}");
            assert!(member(&text, &events), "{aggregate}");
        }
    }
    // Of one instant: by the message id.
    let of = |id: &str, x: i32| {
        call(
            "track",
            -1,
            &format!(r#""event":"E","messageId":"{id}","properties":{{"x":{x}}}"#),
        )
    };
    for events in [[of("a", 1), of("b", 2)], [of("b", 2), of("a", 1)]] {
        assert!(member(
            "trait t = first of x from \"E\" audience a { who trait t = 1 }",
            &events
        ));
        assert!(member(
            "trait t = last of x from \"E\" audience a { who trait t = 2 }",
            &events
        ));
    }
}

#[test]
fn they_are_as_of_now_hide_a_sent_trait_and_may_not_bear_a_declared_name() {
    assert_eq!(
        computed("sum of x from \"E\"", &["1"]),
        "1",
        "what lies after now is not seen"
    );
    let events = [identify("{\"t\":\"sent\"}"), track("E", -1, "{}")];
    assert!(member(
        "trait t = count of \"E\" audience a { who trait t = 1 }",
        &events
    ));
    assert!(!member(
        "trait t = count of \"E\" audience a { who trait t = \"sent\" }",
        &events
    ));
    // An empty one hides it, too.
    assert!(member(
        "trait t = last of x from \"E\" audience a { who trait t does not exist }",
        &events
    ));
    assert!(errors("trait t = count of \"E\" trait u: string").is_empty());
    assert_eq!(errors("trait t = count of \"E\" trait t: number").len(), 1);
    assert_eq!(
        errors("account trait t: number account trait t = count of \"E\"").len(),
        1
    );
    assert!(errors("trait t: number account trait t = count of \"E\"").is_empty());
}

#[test]
fn they_may_read_each_other_but_in_no_circle() {
    let text = "trait big = count of \"E\" where (x > trait mean) trait mean = average of x from \"E\" audience a { who trait big = 1 }";
    assert!(member(
        text,
        &[track("E", -1, "{\"x\":1}"), track("E", -2, "{\"x\":2}")]
    ));
    let found = errors("trait p = count of \"E\" where (x > trait q) trait q = count of \"E\" where (x > trait p)");
    assert_eq!(found.len(), 1);
    assert!(found[0].message.contains("p → q → p"), "{}", found[0].message);
}
