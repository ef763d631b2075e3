//! What must hold of every condition, profile and history; tried on generated ones.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what generates is no test function, yet serves tests alone"
)]

mod eval_support;

use eval_support::*;
use proptest::prelude::*;
use volens::eval::{Row, Trace, deliverable, evaluate, holds, matches};
use volens::ir::{
    Comparison, Count, DateTest, Instant, Literal, Node, NodeId, Operand, Quantifier, Reference, Subject, Test,
    ValueRef,
};
use volens::time::{Duration, Window};
use volens::value::{Number, Object};
use volens::{ConsentState, Profile, Value};

/// Values that meet each other often, of every kind.
fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "5",
            "5.0",
            "true",
            "pro",
            "prod",
            "2026-06-15",
            "2026-06-30T00:00:00.001Z"
        ])
        .prop_map(Value::from),
        prop::sample::select(vec![
            "5",
            "5.5",
            "0",
            "-1",
            "9007199254740993",
            "18446744073709551615",
            "1e21"
        ])
        .prop_map(|text| Value::Number(Number::parse(text).unwrap())),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => scalar(),
        1 => prop::collection::vec(scalar(), 0..3).prop_map(Value::List),
        1 => scalar().prop_map(|value| Value::Object([("a", value)].into_iter().collect())),
    ]
}

fn constant() -> impl Strategy<Value = Literal> {
    prop_oneof![
        prop::sample::select(vec!["", "5", "5.0", "true", "pro", "p", "2026-06-15"]).prop_map(text),
        prop::sample::select(vec!["5", "5.5", "0", "9007199254740992", "1e21"]).prop_map(number),
        any::<bool>().prop_map(Literal::Boolean),
        Just(Literal::Date(date("2026-06-15"))),
    ]
}

fn operand(references: bool) -> BoxedStrategy<Operand> {
    let constant = constant().prop_map(Operand::Literal);
    if references {
        prop_oneof![2 => constant, 1 => Just(Operand::Reference(other_trait()))].boxed()
    } else {
        constant.boxed()
    }
}

fn test(references: bool) -> impl Strategy<Value = Test> {
    let comparison = prop::sample::select(vec![
        Comparison::Less,
        Comparison::AtMost,
        Comparison::Greater,
        Comparison::AtLeast,
    ]);
    let instant = if references {
        prop_oneof![Just(Instant::At(date("2026-06-15"))), Just(Instant::Of(other_trait()))].boxed()
    } else {
        Just(Instant::At(date("2026-06-15"))).boxed()
    };
    prop_oneof![
        Just(Test::Exists),
        operand(references).prop_map(Test::Equals),
        operand(references).prop_map(Test::NotEquals),
        (comparison, operand(references)).prop_map(|(c, operand)| Test::Compare(c, operand)),
        prop::collection::vec(constant(), 1..4).prop_map(|list| Test::OneOf(list.into_iter().collect())),
        prop::collection::vec(constant(), 1..4).prop_map(|list| Test::NoneOf(list.into_iter().collect())),
        operand(references).prop_map(Test::Contains),
        prop::collection::vec(constant(), 1..3).prop_map(Test::ContainsAny),
        operand(references).prop_map(Test::StartsWith),
        operand(references).prop_map(Test::EndsWith),
        instant.clone().prop_map(|i| Test::Date(DateTest::Before(i))),
        instant.prop_map(|i| Test::Date(DateTest::After(i))),
        Just(Test::Date(DateTest::WithinLast(days(20)))),
        Just(Test::Date(DateTest::AfterNext(Duration::ZERO))),
    ]
}

/// Conditions in short, to be built into nodes.
#[derive(Debug, Clone)]
enum Tree {
    Trait(Test),
    Element(Test),
    Performed(Option<Test>, Option<i64>, Count),
    Funnel(Vec<Link>, Count),
    Consent(ConsentState),
    Not(Box<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
}

/// A step of a funnel over the events `A`, `B` and `C`.
#[derive(Debug, Clone)]
struct Link {
    event: &'static str,
    within: Option<i64>,
    /// The property `k` must equal that of this earlier step.
    same_as: Option<usize>,
    negated: bool,
    count: Count,
}

fn number_of_events() -> impl Strategy<Value = Count> {
    (0..3u32, prop::option::of(0..3u32)).prop_map(|(at_least, more)| Count {
        at_least,
        at_most: more.map(|more| at_least + more),
    })
}

type LinkParts = (&'static str, Option<i64>, Option<usize>, bool, Count);

fn link(within: std::ops::Range<i64>) -> impl Strategy<Value = LinkParts> {
    (
        prop::sample::select(vec!["A", "B", "C"]),
        prop::option::of(within),
        prop::option::of(0..3usize),
        any::<bool>(),
        prop_oneof![Just(Count::ONCE), number_of_events()],
    )
}

/// Steps as the language has them: a count and `then not` on the last alone.
fn last_alone(links: Vec<LinkParts>) -> Vec<Link> {
    let last = links.len() - 1;
    let link = |(i, (event, within, same_as, negated, count)): (usize, LinkParts)| Link {
        event,
        within,
        same_as: same_as.map(|step| step.min(i)),
        negated: negated && i == last,
        count: if i == last { count } else { Count::ONCE },
    };
    links.into_iter().enumerate().map(link).collect()
}

fn links() -> impl Strategy<Value = Vec<Link>> {
    prop::collection::vec(link(1..6), 1..4).prop_map(last_alone)
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        3 => test(true).prop_map(Tree::Trait),
        1 => test(true).prop_map(Tree::Element),
        2 => (prop::option::of(test(true)), prop::option::of(1..12i64), number_of_events())
            .prop_map(|(test, within, count)| Tree::Performed(test, within, count)),
        1 => (links(), number_of_events()).prop_map(|(links, count)| Tree::Funnel(links, count)),
        1 => prop::sample::select(ConsentState::ALL.to_vec()).prop_map(Tree::Consent),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|tree| Tree::Not(Box::new(tree))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Tree::And),
            prop::collection::vec(inner, 1..4).prop_map(Tree::Or),
        ]
    })
}

/// A space whose first trait is the one that references lead to, with one category.
fn space() -> Space {
    let mut s = Space::default();
    s.trait_slot(Subject::User, "other");
    s.category("A");
    s
}

fn build(s: &mut Space, tree: &Tree) -> NodeId {
    match tree {
        Tree::Trait(test) => s.trait_("x", test.clone()),
        Tree::Element(test) => {
            let list = ValueRef::Trait(s.trait_slot(Subject::User, "x"));
            let filter = s.test(ValueRef::Item(vec![]), test.clone());
            s.b.leaf(Node::Element { list, filter })
        }
        Tree::Performed(test, millis, count) => {
            let filter = match test {
                Some(test) => s.filter("A", "x", test.clone()),
                None => s.yes(),
            };
            let window = millis.map_or(Window::ALL, |millis| within(Duration::from_millis(millis)));
            s.funnel("A", window, filter, *count, vec![])
        }
        Tree::Funnel(links, count) => funnel(s, links, *count),
        Tree::Consent(state) => s.b.leaf(Node::Consent {
            category: volens::ir::CategorySlot(0),
            state: *state,
        }),
        Tree::Not(inner) => {
            let inner = build(s, inner);
            s.b.not(inner)
        }
        Tree::And(trees) | Tree::Or(trees) => {
            let nodes: Vec<NodeId> = trees.iter().map(|tree| build(s, tree)).collect();
            if matches!(tree, Tree::And(_)) {
                s.b.and(nodes)
            } else {
                s.b.or(nodes)
            }
        }
    }
}

fn funnel(s: &mut Space, links: &[Link], count: Count) -> NodeId {
    let mut steps = Vec::new();
    for link in links {
        let mut step = s.then(link.event);
        if let Some(same_as) = link.same_as {
            let event = same_as.checked_sub(1).map_or("A", |before| links[before].event);
            let reference = s.step_reference(u32::try_from(same_as).unwrap(), event, "k");
            step.filter = s.filter(link.event, "k", Test::Equals(Operand::Reference(reference)));
        }
        step.within = link.within.map(Duration::from_millis);
        step.negated = link.negated;
        step.count = link.count;
        steps.push(step);
    }
    let filter = s.yes();
    s.funnel("A", Window::ALL, filter, count, steps)
}

/// An event: name, milliseconds after [`NOW`], the property `k`, the property `x`.
type Past = (&'static str, i64, i64, Option<Value>);

fn events() -> impl Strategy<Value = Vec<Past>> {
    let event = (
        prop::sample::select(vec!["A", "B", "C"]),
        -8..2i64,
        0..2i64,
        prop::option::of(value()),
    );
    prop::collection::vec(event, 0..9)
}

fn profile() -> impl Strategy<Value = Profile> {
    let consent = prop::sample::select(ConsentState::ALL.to_vec());
    (prop::option::of(value()), prop::option::of(value()), events(), consent).prop_map(|(x, other, events, consent)| {
        let mut profile = history(&events).consent("A", consent).identifier("user_id", "u");
        for (key, value) in [("x", x), ("other", other)] {
            if let Some(value) = value {
                profile = profile.trait_(key, value);
            }
        }
        profile.build()
    })
}

fn history(events: &[Past]) -> volens::model::ProfileBuilder {
    events.iter().fold(Profile::builder(), |profile, (name, millis, k, x)| {
        let properties = [("k", Some(Value::from(*k))), ("x", x.clone())];
        profile.event(
            name,
            at(*millis),
            properties.into_iter().filter_map(|(key, v)| Some((key, v?))),
        )
    })
}

/// The definition of a funnel, by trying every choice of events: whether the links hold after the chosen ones.
fn links_hold(events: &[&Past], links: &[Link], chosen: &mut Vec<usize>) -> bool {
    let Some((link, rest)) = links.split_first() else {
        return true;
    };
    let before = events[*chosen.last().unwrap()];
    let mut following = 0;
    for (i, event) in events.iter().enumerate() {
        let late = event.1 > before.1 && link.within.is_none_or(|within| event.1 <= before.1 + within);
        let same = link.same_as.is_none_or(|step| events[chosen[step]].2 == event.2);
        if event.0 == link.event && late && same {
            chosen.push(i);
            following += usize::from(links_hold(events, rest, chosen));
            chosen.pop();
        }
    }
    link.count.holds(following) != link.negated
}

proptest! {
    #[test]
    fn not_is_an_exact_complement(tree in tree(), profile in profile()) {
        let mut s = space();
        let node = build(&mut s, &tree);
        let not = s.b.not(node);
        let program = s.finish();
        prop_assert_ne!(holds_of(&program, node, &profile), holds_of(&program, not, &profile));
    }

    #[test]
    fn a_recorder_changes_no_answer_and_tells_each_node_as_it_is(tree in tree(), profile in profile()) {
        let mut s = space();
        let node = build(&mut s, &tree);
        let program = s.finish();
        let row = Row::new(&program, &profile, NOW);
        let mut trace = Trace::new();
        let answer = holds(&program, node, &row, &[], &mut trace);
        prop_assert_eq!(answer, holds(&program, node, &row, &[], &mut ()));
        let of_the_profile: Vec<_> = trace.records().iter().filter(|record| record.example.is_none()).collect();
        for record in &of_the_profile {
            prop_assert_eq!(record.holds, holds(&program, record.node, &row, &[], &mut ()));
        }
        // Each node with all its children, in order.
        prop_assert_eq!(of_the_profile.len(), nodes_below(&program, node));
    }

    #[test]
    fn constants_make_complements(value in prop::option::of(value()), constant in constant()) {
        let shown = value.map_or("absent".to_owned(), |value| value.canonical());
        let holds = |test| test_holds(test, &shown, "absent");
        let operand = || Operand::Literal(constant.clone());
        let there = holds(Test::Exists);
        // Of a value that is there, `=` and `!=` are complements, and so are `in` and `not in`; else none holds.
        prop_assert_eq!(holds(Test::NotEquals(operand())), there && !holds(Test::Equals(operand())));
        let list = || [constant.clone()].into_iter().collect();
        prop_assert_eq!(holds(Test::OneOf(list())), holds(Test::Equals(operand())));
        prop_assert_eq!(holds(Test::NoneOf(list())), there && !holds(Test::OneOf(list())));
        prop_assert_eq!(holds(Test::ContainsAny(vec![constant.clone()])), holds(Test::Contains(operand())));
    }

    #[test]
    fn a_test_on_what_is_absent_holds_for_nothing(test in test(true), other in value()) {
        prop_assert!(!test_holds(test.clone(), "absent", &other.canonical()));
        prop_assert!(!test_holds(test, "null", &other.canonical()));
    }

    #[test]
    fn omits_and_contains_a_reference_are_complements_if_it_is_there(value in value(), other in value()) {
        let (value, shown) = (value.canonical(), other.canonical());
        let omits = test_holds(Test::Omits(other_trait()), &value, &shown);
        let contains = test_holds(Test::Contains(Operand::Reference(other_trait())), &value, &shown);
        let usable = matches!(other, Value::Bool(_) | Value::Number(_) | Value::String(_));
        prop_assert_eq!(omits || contains, usable);
        prop_assert!(!(omits && contains));
    }

    #[test]
    fn a_funnel_is_what_its_definition_says(events in events(), links in links(), count in number_of_events()) {
        let mut s = space();
        let node = funnel(&mut s, &links, count);
        s.audience(Subject::User, node);
        let program = s.checked();
        let found = holds_of(&program, node, &history(&events).build());

        let seen: Vec<&Past> = events.iter().filter(|event| event.1 <= 0).collect();
        let firsts = (0..seen.len()).filter(|i| seen[*i].0 == "A");
        let counted = firsts.filter(|i| links_hold(&seen, &links, &mut vec![*i])).count();
        prop_assert_eq!(found, count.holds(counted));
    }

    /// Over more events than are compared each with each.
    #[test]
    fn so_is_a_funnel_over_many_events(
        events in prop::collection::vec((
            prop::sample::select(vec!["A", "B", "C"]), -90..2i64, 0..40i64, Just(None),
        ), 90..150),
        links in prop::collection::vec(link(1..60), 1..3).prop_map(last_alone),
        count in prop_oneof![number_of_events(), Just(at_least(40)), Just(at_most(20))],
    ) {
        let mut s = space();
        let node = funnel(&mut s, &links, count);
        s.audience(Subject::User, node);
        let program = s.checked();
        let found = holds_of(&program, node, &history(&events).build());

        let seen: Vec<&Past> = events.iter().filter(|event| event.1 <= 0).collect();
        let firsts = (0..seen.len()).filter(|i| seen[*i].0 == "A");
        let counted = firsts.filter(|i| links_hold(&seen, &links, &mut vec![*i])).count();
        prop_assert_eq!(found, count.holds(counted));
    }

    /// What a row remembers of one funnel says nothing about the next.
    #[test]
    fn funnels_of_one_row_do_not_meet(events in events(), chains in prop::collection::vec((links(), number_of_events()), 2..4)) {
        let mut s = space();
        let nodes: Vec<_> = chains.iter().map(|(links, count)| funnel(&mut s, links, *count)).collect();
        let slots: Vec<_> = nodes.iter().map(|node| s.audience(Subject::User, *node)).collect();
        let program = s.checked();
        let profile = history(&events).identifier("user_id", "u1").build();
        let mut row = Row::new(&program, &profile, NOW);
        evaluate(&program, &mut row, &[]);
        for (node, slot) in nodes.iter().zip(slots) {
            prop_assert_eq!(row.is_member(slot), holds_of(&program, *node, &profile));
        }
    }

    #[test]
    fn adjacent_windows_share_no_event_and_leave_none_out(events in events(), cut in 1..8i64) {
        let millis = Duration::from_millis;
        let near = within(millis(cut));
        let far = Window { newest: millis(cut), ..within(millis(20)) };
        let whole = within(millis(20));
        let count = |window| {
            let profile = history(&events).build();
            (0..=9u32).find(|n| {
                let mut s = space();
                let node = s.performed("A", window, exactly(*n));
                holds_of(&s.finish(), node, &profile)
            })
        };
        prop_assert_eq!(count(near).unwrap() + count(far).unwrap(), count(whole).unwrap());
    }

    #[test]
    fn binding_and_evaluating_is_a_function(
        trees in prop::collection::vec(tree(), 1..4),
        first in profile(),
        second in profile(),
    ) {
        let mut s = space();
        let slots: Vec<_> = trees.iter().map(|tree| {
            let node = build(&mut s, tree);
            s.audience(Subject::User, node)
        }).collect();
        let program = s.checked();
        let members = |row: &Row<'_>| slots.iter().map(|slot| row.is_member(*slot)).collect::<Vec<bool>>();
        let mut fresh = Row::new(&program, &first, NOW);
        evaluate(&program, &mut fresh, &[]);
        // A row that held another profile, at another instant, and is evaluated twice.
        let mut reused = Row::new(&program, &second, at(-3));
        evaluate(&program, &mut reused, &[]);
        reused.bind(&program, &first, NOW);
        evaluate(&program, &mut reused, &[]);
        evaluate(&program, &mut reused, &[]);
        prop_assert_eq!(members(&fresh), members(&reused));
    }

    #[test]
    fn instructions_say_what_nodes_say(
        trees in prop::collection::vec(tree(), 1..4),
        profile in profile(),
        instants in prop::collection::vec(-4i64..4, 1..3),
    ) {
        let mut s = space();
        let nodes: Vec<NodeId> = trees.iter().map(|tree| build(&mut s, tree)).collect();
        let slots: Vec<_> = nodes.iter().map(|node| s.audience_with(Subject::User, *node, vec![], true)).collect();
        let program = s.checked();
        let mut row = Row::new(&program, &profile, NOW);
        for instant in instants {
            row.set_now(&program, &[], at(instant));
            for (slot, node) in slots.iter().zip(&nodes) {
                let deliverable = deliverable(&program.audiences[slot.index()], &row);
                let expected = deliverable && holds(&program, *node, &row, &[], &mut ());
                prop_assert_eq!(matches(&program, *slot, &row, &[]), expected, "{}", slot.0);
            }
        }
    }

    #[test]
    fn quantifiers_are_any_and_all_of_the_users(tree in tree(), profiles in prop::collection::vec(profile(), 0..4)) {
        let mut s = space();
        let condition = build(&mut s, &tree);
        let nodes = [Quantifier::Any, Quantifier::All, Quantifier::No]
            .map(|quantifier| s.b.leaf(Node::Users { quantifier, condition }));
        let program = s.finish();
        let users: Vec<Row> = profiles.iter().map(|profile| Row::new(&program, profile, NOW)).collect();
        let traits = Object::default();
        let account = Row::account(&program, &traits, &refs(&users), NOW);
        let each: Vec<bool> = profiles.iter().map(|profile| holds_of(&program, condition, profile)).collect();
        let any = each.contains(&true);
        let all = !each.is_empty() && !each.contains(&false);
        prop_assert_eq!(nodes.map(|node| holds_of_row(&program, node, &account, &users)), [any, all, !any]);
    }
}

/// How many records a trace of a node has.
fn nodes_below(program: &volens::ir::Program, node: NodeId) -> usize {
    1 + match program.node(node) {
        Node::Not(child) => nodes_below(program, *child),
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().map(|node| nodes_below(program, *node)).sum(),
        _ => 0,
    }
}

#[test]
fn the_generated_references_lead_to_the_first_trait() {
    let mut s = space();
    let slot = s.trait_slot(Subject::User, "other");
    assert_eq!(other_trait(), Reference::Trait(slot));
}
