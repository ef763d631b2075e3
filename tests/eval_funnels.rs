//! Funnels, as language.md ("Conditions", "Time") and FN-1 to FN-7 say.

mod eval_support;

use eval_support::*;
use volens::eval::{Row, evaluate};
use volens::ir::{Count, NodeId, Operand, Program, Reference, Step, Test};
use volens::model::ProfileBuilder;
use volens::time::{Duration, Window};
use volens::{Profile, Timestamp};

/// A history in short: names and times, in milliseconds after [`NOW`].
fn history(events: &[(&str, i64)]) -> Profile {
    let add = |profile: ProfileBuilder, (name, millis): &(&str, i64)| profile.event(name, at(*millis), []);
    events.iter().fold(Profile::builder(), add).build()
}

fn holds(s: Space, node: NodeId, events: &[(&str, i64)]) -> bool {
    holds_of(&s.finish(), node, &history(events))
}

/// `performed Add [count] then …`
fn funnel(s: &mut Space, count: Count, steps: Vec<Step>) -> NodeId {
    let filter = s.yes();
    s.funnel("Add", Window::ALL, filter, count, steps)
}

fn abandoned(events: &[(&str, i64)]) -> bool {
    let mut s = Space::default();
    let step = s.then_not("Order");
    let node = funnel(&mut s, Count::ONCE, vec![step]);
    holds(s, node, events)
}

fn followed(events: &[(&str, i64)]) -> bool {
    let mut s = Space::default();
    let step = s.then("Order");
    let node = funnel(&mut s, Count::ONCE, vec![step]);
    holds(s, node, events)
}

#[test]
fn a_step_is_strictly_later() {
    assert!(followed(&[("Add", -5), ("Order", -4)]));
    assert!(!followed(&[("Add", -5), ("Order", -5)]));
    assert!(!followed(&[("Add", -5), ("Order", -6)]));
    assert!(!followed(&[("Add", -5)]));
    assert!(!followed(&[("Order", -5)]));
    assert!(abandoned(&[("Add", -5), ("Order", -5)]));
    assert!(!abandoned(&[("Add", -5), ("Order", -4)]));
}

#[test]
fn every_first_event_is_looked_at() {
    // FN-3: the second add has no order after it.
    assert!(abandoned(&[("Add", -9), ("Order", -6), ("Add", -3)]));
    assert!(!abandoned(&[("Add", -9), ("Add", -6), ("Order", -3)]));
    assert!(!abandoned(&[("Order", -3)]));
    assert!(followed(&[("Add", -9), ("Order", -6), ("Add", -3)]));
}

#[test]
fn later_than_now_is_not_seen() {
    assert!(!followed(&[("Add", -5), ("Order", 1)]));
    assert!(followed(&[("Add", -5), ("Order", 0)]));
    assert!(abandoned(&[("Add", -5), ("Order", 1)]));
    assert!(!abandoned(&[("Add", 1)]));
}

#[test]
fn within_is_half_open_to_the_millisecond() {
    let check = |negated: bool, order: i64| {
        let mut s = Space::default();
        let mut step = s.then("Order");
        step.negated = negated;
        step.within = Some(Duration::from_millis(10));
        let node = funnel(&mut s, Count::ONCE, vec![step]);
        holds(s, node, &[("Add", -20), ("Order", order)])
    };
    for (order, followed) in [(-21, false), (-20, false), (-19, true), (-10, true), (-9, false)] {
        assert_eq!(check(false, order), followed, "{order}");
        assert_eq!(check(true, order), !followed, "{order}");
    }
}

#[test]
fn then_not_within_holds_until_it_comes() {
    // FN-6: also before the day has passed.
    let check = |events: &[(&str, i64)]| {
        let mut s = Space::default();
        let mut step = s.then_not("Order");
        step.within = Some(days(1));
        let node = funnel(&mut s, Count::ONCE, vec![step]);
        holds(s, node, events)
    };
    assert!(check(&[("Add", -5)]));
    assert!(check(&[("Add", 0)]));
    assert!(!check(&[("Add", -5), ("Order", -1)]));
    assert!(check(&[("Add", -5), ("Order", 1)]));
    assert!(check(&[("Add", -90_000_000), ("Order", -1)]));
}

#[test]
fn the_window_is_that_of_the_first_event() {
    let check = |events: &[(&str, i64)]| {
        let mut s = Space::default();
        let step = s.then("Order");
        let filter = s.yes();
        let window = Window {
            before: Some(at(-10)),
            ..Window::ALL
        };
        let node = s.funnel("Add", window, filter, Count::ONCE, vec![step]);
        holds(s, node, events)
    };
    assert!(check(&[("Add", -11), ("Order", -1)]));
    assert!(!check(&[("Add", -10), ("Order", -1)]));
}

#[test]
fn a_count_on_the_first_counts_those_whose_steps_hold() {
    // FN-4
    let events = [("Add", -9), ("Add", -8), ("Order", -7), ("Add", -6)];
    for (count, expected) in [
        (at_least(2), true),
        (at_least(3), false),
        (exactly(2), true),
        (at_most(1), false),
        (at_most(2), true),
        (exactly(0), false),
    ] {
        let mut s = Space::default();
        let step = s.then("Order");
        let node = funnel(&mut s, count, vec![step]);
        assert_eq!(holds(s, node, &events), expected, "{count:?}");
    }
    let mut s = Space::default();
    let step = s.then("Order");
    let node = funnel(&mut s, exactly(0), vec![step]);
    assert!(holds(s, node, &[]), "exactly 0 times holds for a profile without any");
}

#[test]
fn a_count_on_the_last_step_counts_those_that_follow() {
    let events = [("Add", -9), ("Order", -8), ("Order", -7)];
    for (count, expected) in [
        (at_least(2), true),
        (at_least(3), false),
        (exactly(1), false),
        (at_most(2), true),
        (at_most(1), false),
    ] {
        for negated in [false, true] {
            // FN-5: under `then not` the count must not hold.
            let mut s = Space::default();
            let mut step = s.then("Order");
            step.count = count;
            step.negated = negated;
            let node = funnel(&mut s, Count::ONCE, vec![step]);
            assert_eq!(holds(s, node, &events), expected != negated, "{count:?} {negated}");
        }
    }
    // There must be an A at all.
    let mut s = Space::default();
    let mut step = s.then("Order");
    step.count = at_most(5);
    let node = funnel(&mut s, Count::ONCE, vec![step]);
    assert!(!holds(s, node, &[("Order", -8)]));
}

fn of_products(events: &[(&str, i64, &str)]) -> Profile {
    let add = |profile: ProfileBuilder, (name, millis, product): &(&str, i64, &str)| {
        profile.event(name, at(*millis), [("product", (*product).into())])
    };
    events.iter().fold(Profile::builder(), add).build()
}

fn same_product(s: &mut Space, event: &str, step: u32, of: &str) -> NodeId {
    let reference = s.step_reference(step, of, "product");
    s.filter(event, "product", Test::Equals(Operand::Reference(reference)))
}

#[test]
fn a_step_can_refer_to_an_event_before() {
    // FN-7
    let build = |negated: bool| -> (Program, NodeId) {
        let mut s = Space::default();
        let mut step = s.then("Order");
        step.negated = negated;
        step.filter = same_product(&mut s, "Order", 0, "Add");
        let node = funnel(&mut s, Count::ONCE, vec![step]);
        s.audience(volens::ir::Subject::User, node);
        (s.checked(), node)
    };
    let (then, node) = build(false);
    let (then_not, not_node) = build(true);
    for (events, followed, abandoned) in [
        (vec![("Add", -9, "a"), ("Order", -8, "a")], true, false),
        (vec![("Add", -9, "a"), ("Order", -8, "b")], false, true),
        (vec![("Add", -9, "a"), ("Add", -8, "b"), ("Order", -7, "b")], true, true),
        (vec![("Order", -9, "a"), ("Add", -8, "a")], false, true),
    ] {
        let profile = of_products(&events);
        assert_eq!(holds_of(&then, node, &profile), followed, "{events:?}");
        assert_eq!(holds_of(&then_not, not_node, &profile), abandoned, "{events:?}");
    }
    // Nothing to refer to: the test does not hold, so no such order follows.
    let profile = Profile::builder()
        .event("Add", at(-9), [])
        .event("Order", at(-8), [])
        .build();
    assert!(!holds_of(&then, node, &profile));
    assert!(holds_of(&then_not, not_node, &profile));
}

#[test]
fn any_event_may_serve_as_the_step_in_between() {
    let chain = |events: &[(&str, i64)], last_negated: bool| {
        let mut s = Space::default();
        let mut view = s.then("View");
        view.within = Some(Duration::from_millis(10));
        let mut order = s.then("Order");
        order.negated = last_negated;
        order.within = Some(Duration::from_millis(10));
        let node = funnel(&mut s, Count::ONCE, vec![view, order]);
        holds(s, node, events)
    };
    // Only the second view has an order within 10 ms; only the first is without one.
    let events = [("Add", -40), ("View", -38), ("View", -31), ("Order", -25)];
    assert!(chain(&events, false));
    assert!(chain(&events, true));
    assert!(!chain(&[("Add", -40), ("View", -31), ("Order", -25)], true));
    assert!(!chain(&[("Add", -40), ("Order", -25)], false));
    assert!(!chain(&[("Add", -40)], true));
    assert!(!chain(&[("Add", -40), ("View", -30), ("Order", -19)], false));
    assert!(chain(&[("Add", -40), ("View", -30), ("Order", -20)], false));
}

#[test]
fn a_step_can_refer_to_any_event_before() {
    let mut s = Space::default();
    let mut view = s.then("View");
    view.filter = {
        let reference = s.step_reference(0, "Add", "product");
        s.filter("View", "product", Test::NotEquals(Operand::Reference(reference)))
    };
    let mut order = s.then("Order");
    let first = same_product(&mut s, "Order", 0, "Add");
    let second = same_product(&mut s, "Order", 1, "View");
    order.filter = s.b.or([first, second]);
    let mut refund = s.then_not("Refund");
    refund.filter = same_product(&mut s, "Refund", 2, "Order");
    let node = funnel(&mut s, Count::ONCE, vec![view, order, refund]);
    s.audience(volens::ir::Subject::User, node);
    let program = s.checked();
    for (events, expected) in [
        (vec![("Add", -9, "a"), ("View", -8, "b"), ("Order", -7, "a")], true),
        (vec![("Add", -9, "a"), ("View", -8, "b"), ("Order", -7, "b")], true),
        (vec![("Add", -9, "a"), ("View", -8, "b"), ("Order", -7, "c")], false),
        (vec![("Add", -9, "a"), ("View", -8, "a"), ("Order", -7, "a")], false),
        (
            vec![
                ("Add", -9, "a"),
                ("View", -8, "b"),
                ("Order", -7, "a"),
                ("Refund", -6, "a"),
            ],
            false,
        ),
        (
            vec![
                ("Add", -9, "a"),
                ("View", -8, "b"),
                ("Order", -7, "a"),
                ("Refund", -6, "b"),
            ],
            true,
        ),
        // The order of b is not refunded: that one serves.
        (
            vec![
                ("Add", -9, "a"),
                ("View", -8, "b"),
                ("Order", -7, "a"),
                ("Order", -6, "b"),
                ("Refund", -5, "a"),
            ],
            true,
        ),
    ] {
        assert_eq!(holds_of(&program, node, &of_products(&events)), expected, "{events:?}");
    }
}

#[test]
fn the_same_event_can_be_every_step() {
    let mut s = Space::default();
    let steps = vec![s.then("Add"), s.then("Add")];
    let node = funnel(&mut s, Count::ONCE, steps);
    let program = s.finish();
    assert!(holds_of(
        &program,
        node,
        &history(&[("Add", -9), ("Add", -8), ("Add", -7)])
    ));
    assert!(!holds_of(
        &program,
        node,
        &history(&[("Add", -9), ("Add", -8), ("Add", -8)])
    ));
}

#[test]
fn a_reference_to_a_step_that_is_not_there_leads_to_nothing() {
    let mut s = Space::default();
    let (_, property) = s.property("Order", "product");
    let mut step = s.then("Order");
    step.filter = s.filter(
        "Order",
        "product",
        Test::Equals(Operand::Reference(Reference::Step { step: 7, property })),
    );
    let node = funnel(&mut s, Count::ONCE, vec![step]);
    let program = s.finish();
    // Read as the event at hand, the reference would lead to the property itself.
    let profile = of_products(&[("Add", -9, "a"), ("Order", -8, "a")]);
    assert!(!holds_of(&program, node, &profile));
}

#[test]
fn times_at_the_edge_do_no_harm() {
    let mut s = Space::default();
    let mut step = s.then("Order");
    step.within = Some(days(u32::MAX));
    let node = funnel(&mut s, Count::ONCE, vec![step]);
    let program = s.finish();
    let profile = Profile::builder()
        .event("Add", Timestamp::MIN, [])
        .event("Add", at(-9), [])
        .event("Order", at(-8), [])
        .event("Order", Timestamp::MAX, [])
        .build();
    assert!(holds_of(&program, node, &profile));
}

/// `performed Add then Add then …`, the last of which never passes.
fn hopeless(steps: u32, far: bool) -> (Program, NodeId) {
    let mut s = Space::default();
    let mut chain: Vec<Step> = (1..steps).map(|_| s.then("Add")).collect();
    let never = if far {
        // Refers to two events further back, so that each way to the last step counts for itself.
        let same = [0, 1].map(|step| {
            let reference = s.step_reference(step, "Add", "n");
            s.filter("Add", "n", Test::Equals(Operand::Reference(reference)))
        });
        s.b.and(same)
    } else {
        s.filter("Add", "missing", Test::Exists)
    };
    let mut last = s.then("Add");
    last.filter = never;
    chain.push(last);
    let node = funnel(&mut s, Count::ONCE, chain);
    s.audience(volens::ir::Subject::User, node);
    (s.checked(), node)
}

fn many(events: i64) -> Profile {
    let add = |profile: ProfileBuilder, n: i64| profile.event("Add", at(n - events), [("n", n.into())]);
    (0..events)
        .fold(Profile::builder().identifier("user_id", "u1"), add)
        .build()
}

#[test]
fn what_is_known_of_an_event_is_remembered_however_many_ways_lead_to_it() {
    // Without it, 300 events over 20 steps would not end while anybody waits.
    let (program, node) = hopeless(20, false);
    assert!(!holds_of(&program, node, &many(300)));
}

/// Looks at a hundred million events, which takes a while without optimisation: there, the unit tests of `eval` hold it
/// with less to spend.
#[cfg(not(debug_assertions))]
#[test]
fn a_funnel_that_would_take_too_long_is_given_up_and_says_so() {
    let (program, _) = hopeless(6, true);
    let profile = many(120);
    let mut row = Row::new(&program, &profile, NOW);
    evaluate(&program, &mut row, &[]);
    assert!(row.is_exhausted());
    assert!(!row.is_member(volens::ir::AudienceSlot(0)));
    // A shorter history is no trouble, with the same row.
    let profile = many(10);
    row.bind(&program, &profile, NOW);
    evaluate(&program, &mut row, &[]);
    assert!(!row.is_exhausted());
}

#[test]
fn what_is_remembered_of_one_funnel_says_nothing_about_another() {
    // Add → View → Add → last, where the second Add refers to the first, so that only what follows that is remembered.
    let chain = |s: &mut Space, last: &str| {
        let first = s.step_reference(0, "Add", "n");
        let mut again = s.then("Add");
        again.filter = s.filter("Add", "n", Test::Equals(Operand::Reference(first)));
        let steps = vec![s.then("View"), again, s.then(last)];
        funnel(s, Count::ONCE, steps)
    };
    let profile = [("Add", -9), ("View", -8), ("Add", -7), ("Order", -6)]
        .into_iter()
        .fold(
            Profile::builder().identifier("user_id", "u1"),
            |profile, (name, millis)| profile.event(name, at(millis), [("n", 1.into())]),
        )
        .build();
    for orders in [["Refund", "Order"], ["Order", "Refund"]] {
        let mut s = Space::default();
        for last in orders {
            let node = chain(&mut s, last);
            s.audience(volens::ir::Subject::User, node);
        }
        let program = s.checked();
        let mut row = Row::new(&program, &profile, NOW);
        evaluate(&program, &mut row, &[]);
        for (slot, last) in orders.iter().enumerate() {
            let slot = volens::ir::AudienceSlot::at(slot);
            assert_eq!(row.is_member(slot), *last == "Order", "{orders:?}: {last}");
        }
    }
}
