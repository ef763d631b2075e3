//! Computed traits, as language.md ("Computed traits") and CT-8 to CT-23 say.

mod eval_support;

use eval_support::*;
use volens::eval::Row;
use volens::ir::{
    Aggregate, Comparison, Function, NodeId, Operand, Program, PropertySlot, Reference, Subject, Test, Trait,
    TraitSlot, TraitSource, ValueRef,
};
use volens::time::Window;
use volens::value::Object;
use volens::{Profile, Timestamp, Value};

/// A trait over the property `x` of the events `E`, of users or accounts.
fn computed(s: &mut Space, of: Subject, function: fn(PropertySlot) -> Function, window: Window) -> TraitSlot {
    let (event, property) = s.property("E", "x");
    let filter = s.yes();
    s.b.trait_slot(Trait {
        of,
        source: TraitSource::Computed(Aggregate {
            name: "t".into(),
            function: function(property),
            event,
            window,
            filter,
        }),
    })
}

fn most_frequent_twice(property: PropertySlot) -> Function {
    Function::MostFrequent { property, at_least: 2 }
}

/// The canonical JSON of the trait, `absent` for none; the values one millisecond after the other.
fn value(function: fn(PropertySlot) -> Function, values: &[&str]) -> String {
    let mut s = Space::default();
    let slot = computed(&mut s, Subject::User, function, Window::ALL);
    let test = s.test(ValueRef::Trait(slot), Test::Exists);
    s.audience(Subject::User, test);
    let program = s.checked();
    let mut profile = Profile::builder();
    for (i, value) in (-1000..).zip(values) {
        let properties = (*value != "absent").then(|| ("x", json(value)));
        profile = profile.event("E", at(i), properties);
    }
    let profile = profile.build();
    let row = Row::new(&program, &profile, NOW);
    assert_eq!(
        holds_of_row(&program, test, &row, &[]),
        row.trait_value(&program, slot).is_some()
    );
    shown(row.trait_value(&program, slot))
}

fn shown(value: Option<&Value>) -> String {
    value.map_or("absent".to_owned(), Value::canonical)
}

fn count(_: PropertySlot) -> Function {
    Function::Count
}

const MIXED: [&str; 8] = ["absent", "null", "2", r#""3.5""#, r#""x""#, "true", "[7]", r#"{"a":1}"#];

#[test]
fn of_nothing() {
    for (function, expected) in [
        (count as fn(PropertySlot) -> Function, "0"),
        (Function::Sum, "0"),
        (Function::UniqueCount, "0"),
        (Function::Average, "absent"),
        (Function::Minimum, "absent"),
        (Function::Maximum, "absent"),
        (Function::First, "absent"),
        (Function::Last, "absent"),
        (most_frequent_twice, "absent"),
        (Function::UniqueList, "absent"),
    ] {
        assert_eq!(value(function, &[]), expected);
        if expected != "0" || function(PropertySlot(0)) != Function::Count {
            assert_eq!(value(function, &["null", "absent"]), expected);
        }
    }
}

#[test]
fn numbers_are_read_and_the_rest_skipped() {
    assert_eq!(value(count, &MIXED), "8");
    assert_eq!(value(Function::Sum, &MIXED), "5.5");
    assert_eq!(value(Function::Average, &MIXED), "2.75");
    assert_eq!(value(Function::Minimum, &MIXED), "2");
    assert_eq!(value(Function::Maximum, &MIXED), "3.5");
    assert_eq!(value(Function::Maximum, &["-1", r#""-2""#]), "-1");
    // Exact, and of any size.
    assert_eq!(
        value(Function::Maximum, &["9007199254740992", "9007199254740993"]),
        "9007199254740993"
    );
    assert_eq!(value(Function::Minimum, &["1e300", "1e301"]), "1e+300");
}

#[test]
fn sums_are_exact_to_nine_decimals() {
    for (values, expected) in [
        (vec!["0.1", "0.2"], "0.3"),
        (vec!["0.1"; 10], "1"),
        (vec!["49.90", r#""0.10""#], "50"),
        (vec!["1e17", "0.1", "-1e17"], "0.1"),
        (vec!["-0.1", "0.1"], "0"),
        // The exact binary value is rounded half-even: 2⁻¹⁰ is a tie.
        (vec!["0.0009765625"], "0.000976562"),
        (vec!["0.0029296875"], "0.002929688"),
        (vec!["-0.0009765625"], "-0.000976562"),
        // Rounded before they are added.
        (vec!["0.0009765625", "0.0009765625"], "0.001953124"),
        (vec!["1e-10"; 100], "0"),
        // From 10¹⁸ on a value is skipped.
        (vec!["1000000000000000000", "1"], "1"),
        (vec!["-1e18", "1"], "1"),
        (vec!["999999999999999999", "1"], "1000000000000000000"),
        // Whole within 64 bits: an integer; beyond, the nearest double.
        (vec!["900000000000000000"; 20], "18000000000000000000"),
        (vec!["-900000000000000000"; 10], "-9000000000000000000"),
        (vec!["900000000000000001"; 21], "18900000000000000000"),
        (vec!["9007199254740993", "0"], "9007199254740993"),
        (vec!["9007199254740993", "0.25"], "9007199254740994"),
    ] {
        assert_eq!(value(Function::Sum, &values), expected, "{values:?}");
    }
}

#[test]
fn averages_are_rounded_likewise() {
    for (values, expected) in [
        (vec!["1", "2"], "1.5"),
        (vec!["1", "1", "2"], "1.333333333"),
        (vec!["1", "2", "2"], "1.666666667"),
        (vec!["-1", "-2", "-2"], "-1.666666667"),
        (vec!["0.1", "0.2"], "0.15"),
        // Half a billionth: to the even neighbour.
        (vec!["0.000000001", "0"], "0"),
        (vec!["0.000000003", "0"], "2e-9"),
        (vec!["-0.000000003", "0"], "-2e-9"),
        (vec!["1e18", "3"], "3"),
        (vec!["1e18"], "absent"),
    ] {
        assert_eq!(value(Function::Average, &values), expected, "{values:?}");
    }
}

#[test]
fn a_sum_does_not_depend_on_the_order() {
    let mut values = vec!["0.1", "1e15", "0.7", "-1e15", "1e-9", "123456.789"];
    let forwards = value(Function::Sum, &values);
    values.reverse();
    assert_eq!(value(Function::Sum, &values), forwards);
    values.rotate_left(2);
    assert_eq!(value(Function::Sum, &values), forwards);
    assert_eq!(forwards, "123457.589000001");
}

#[test]
fn first_and_last_give_the_value_itself() {
    assert_eq!(value(Function::First, &MIXED), "2");
    assert_eq!(value(Function::Last, &MIXED), r#"{"a":1}"#);
    assert_eq!(value(Function::Last, &["1", "[7,8]", "null"]), "[7,8]");
    assert_eq!(value(Function::First, &["null", r#""49.90""#]), r#""49.90""#);
    // Of one instant: in the order that the history has.
    let mut s = Space::default();
    let first = computed(&mut s, Subject::User, Function::First, Window::ALL);
    let last = computed(&mut s, Subject::User, Function::Last, Window::ALL);
    let program = s.finish();
    let profile = [3, 1, 2]
        .into_iter()
        .fold(Profile::builder(), |p, n| p.event("E", NOW, [("x", Value::from(n))]));
    let profile = profile.build();
    let row = Row::new(&program, &profile, NOW);
    assert_eq!(
        (
            shown(row.trait_value(&program, first)),
            shown(row.trait_value(&program, last))
        ),
        ("3".into(), "2".into())
    );
}

#[test]
fn most_frequent_needs_two_and_breaks_ties_by_text() {
    for (values, expected) in [
        (vec![r#""a""#], "absent"),
        (vec![r#""a""#, r#""b""#], "absent"),
        (vec![r#""b""#, r#""a""#, r#""b""#], r#""b""#),
        (vec![r#""b""#, r#""a""#, r#""b""#, r#""a""#], r#""a""#),
        (vec![r#""a""#, r#""Z""#, r#""a""#, r#""Z""#], r#""Z""#),
        (vec![r#""10""#, r#""9""#, "9", "10"], r#""10""#),
        (vec!["5", "5.0", r#""5""#], r#""5""#),
        (vec!["true", r#""true""#], r#""true""#),
        (vec![r#"["a","b"]"#, r#"["b"]"#], r#""b""#),
        (vec![r#"["a","a"]"#], r#""a""#),
        (
            vec![r#"{"a":1}"#, r#"{"a":1}"#, "null", "[[1],[1],null,null]"],
            "absent",
        ),
    ] {
        assert_eq!(value(most_frequent_twice, &values), expected, "{values:?}");
    }
    let once: fn(PropertySlot) -> Function = |property| Function::MostFrequent { property, at_least: 1 };
    assert_eq!(value(once, &[r#""b""#, r#""a""#]), r#""a""#);
    assert_eq!(value(once, &[]), "absent");
    let thrice: fn(PropertySlot) -> Function = |property| Function::MostFrequent { property, at_least: 3 };
    assert_eq!(value(thrice, &["1", "1"]), "absent");
    assert_eq!(value(thrice, &["1", "1", "1"]), r#""1""#);
}

#[test]
fn unique_values_are_sorted_texts() {
    for (values, expected) in [
        (vec![r#""b""#, r#""a""#, r#""b""#], r#"["a","b"]"#),
        (vec!["10", "9", r#""9""#, "9.0"], r#"["10","9"]"#),
        (
            vec![r#""a""#, r#""Z""#, r#""é""#, r#""\ud83d\ude00""#, r#""\uffff""#],
            "[\"Z\",\"a\",\"é\",\"\u{ffff}\",\"😀\"]",
        ),
        (vec![r#"["b","a"]"#, r#""a""#], r#"["a","b"]"#),
        (vec![r#""""#], r#"[""]"#),
        (vec!["[]", r#"{"a":1}"#, "[[1],{}]", "null"], "absent"),
    ] {
        assert_eq!(value(Function::UniqueList, &values), expected, "{values:?}");
        let count = json(&expected.replace("absent", "[]")).as_list().unwrap().len();
        assert_eq!(value(Function::UniqueCount, &values), count.to_string(), "{values:?}");
    }
}

#[test]
fn the_window_slides_and_the_future_is_not_seen() {
    let mut s = Space::default();
    let slot = computed(&mut s, Subject::User, Function::Sum, within(days(1)));
    let program = s.finish();
    let day = 86_400_000;
    let events = [(-day, 1), (-day + 1, 2), (0, 4), (1, 8)];
    let profile = events.into_iter().fold(Profile::builder(), |p, (t, n)| {
        p.event("E", at(t), [("x", Value::from(n))])
    });
    let profile = profile.build();
    let mut row = Row::new(&program, &profile, NOW);
    assert_eq!(shown(row.trait_value(&program, slot)), "6");
    for (millis, expected) in [(1, "12"), (-1, "3"), (day, "8"), (day + 1, "0"), (0, "6")] {
        row.set_now(&program, &[], at(millis));
        assert_eq!(row.now(), at(millis));
        assert_eq!(shown(row.trait_value(&program, slot)), expected, "{millis}");
    }
}

#[test]
fn a_filter_may_refer_to_a_trait_that_is_computed_before() {
    let mut s = Space::default();
    let average = computed(&mut s, Subject::User, Function::Average, Window::ALL);
    let (event, property) = s.property("E", "x");
    let above = Test::Compare(Comparison::Greater, Operand::Reference(Reference::Trait(average)));
    let filter = s.test(ValueRef::Property(property), above);
    let above = s.b.trait_slot(Trait {
        of: Subject::User,
        source: TraitSource::Computed(Aggregate {
            name: "above".into(),
            function: Function::Count,
            event,
            window: Window::ALL,
            filter,
        }),
    });
    let test = s.test(ValueRef::Trait(above), Test::Equals(literal(number("2"))));
    s.audience(Subject::User, test);
    let program = s.checked();
    let profile = [1, 2, 6, 7]
        .into_iter()
        .fold(Profile::builder(), |p, n| p.event("E", NOW, [("x", Value::from(n))]));
    let profile = profile.build();
    assert_eq!(
        shown(Row::new(&program, &profile, NOW).trait_value(&program, above)),
        "2"
    );
    assert!(holds_of(&program, test, &profile));
}

fn account(program: &Program, users: &[&Profile], slot: TraitSlot) -> String {
    let users: Vec<Row> = users.iter().map(|user| Row::new(program, user, NOW)).collect();
    let traits: Object = [("limit", Value::from(5))].into_iter().collect();
    let row = Row::account(program, &traits, &refs(&users), NOW);
    shown(row.trait_value(program, slot))
}

#[test]
fn an_accounts_traits_are_over_the_events_of_all_its_users() {
    let of = |events: &[(i64, &str)]| {
        let add = |p: volens::model::ProfileBuilder, (t, x): &(i64, &str)| p.event("E", at(*t), [("x", json(x))]);
        events.iter().fold(Profile::builder(), add).build()
    };
    let one = of(&[(-9, "0.1"), (-3, r#""b""#)]);
    let two = of(&[(-7, "0.2"), (-5, r#""b""#), (-1, "null")]);
    let none = of(&[]);
    for (function, expected) in [
        (count as fn(PropertySlot) -> Function, "5"),
        (Function::Sum, "0.3"),
        (Function::Average, "0.15"),
        (Function::First, "0.1"),
        (Function::Last, r#""b""#),
        (most_frequent_twice, r#""b""#),
        (Function::UniqueList, r#"["0.1","0.2","b"]"#),
    ] {
        let mut s = Space::default();
        let slot = computed(&mut s, Subject::Account, function, Window::ALL);
        let program = s.finish();
        assert_eq!(account(&program, &[&one, &none, &two], slot), expected);
        assert_eq!(account(&program, &[&two, &one], slot), expected);
        // A user's own row has no trait of the account.
        assert_eq!(
            shown(Row::new(&program, &one, NOW).trait_value(&program, slot)),
            "absent"
        );
    }
    let mut s = Space::default();
    let slot = computed(&mut s, Subject::Account, Function::Last, Window::ALL);
    let program = s.finish();
    assert_eq!(account(&program, &[], slot), "absent");
}

#[test]
fn a_tie_between_users_is_broken_by_the_message_id() {
    let of = |id: &str, x: &str| -> Profile {
        let event = format!(
            r#"{{"events":[{{"name":"E","timestamp":"{NOW}","message_id":"{id}","properties":{{"x":"{x}"}}}}]}}"#
        );
        serde_json::from_str(&event).unwrap()
    };
    let (a, b) = (of("m1", "one"), of("m2", "two"));
    let mut s = Space::default();
    let first = computed(&mut s, Subject::Account, Function::First, Window::ALL);
    let last = computed(&mut s, Subject::Account, Function::Last, Window::ALL);
    let program = s.finish();
    for users in [[&a, &b], [&b, &a]] {
        assert_eq!(account(&program, &users, first), r#""one""#);
        assert_eq!(account(&program, &users, last), r#""two""#);
    }
}

#[test]
fn an_accounts_filter_refers_to_the_accounts_traits() {
    let mut s = Space::default();
    let limit = s.trait_slot(Subject::Account, "limit");
    let (event, property) = s.property("E", "x");
    let above = Test::Compare(Comparison::Greater, Operand::Reference(Reference::Trait(limit)));
    let filter: NodeId = s.test(ValueRef::Property(property), above);
    let slot = s.b.trait_slot(Trait {
        of: Subject::Account,
        source: TraitSource::Computed(Aggregate {
            name: "above".into(),
            function: Function::Count,
            event,
            window: Window::ALL,
            filter,
        }),
    });
    let program = s.checked();
    let profile = [4, 6]
        .into_iter()
        .fold(Profile::builder(), |p, n| p.event("E", NOW, [("x", Value::from(n))]))
        .build();
    assert_eq!(account(&program, &[&profile, &profile], slot), "2");
}

#[test]
fn events_at_the_edge_of_time_do_no_harm() {
    let mut s = Space::default();
    let slot = computed(&mut s, Subject::User, Function::Sum, Window::ALL);
    let program = s.finish();
    let profile = Profile::builder()
        .event("E", Timestamp::MIN, [("x", Value::from(1))])
        .event("E", Timestamp::MAX, [("x", Value::from(2))])
        .build();
    assert_eq!(
        shown(Row::new(&program, &profile, Timestamp::MAX).trait_value(&program, slot)),
        "2"
    );
}
