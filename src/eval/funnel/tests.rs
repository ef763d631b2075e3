//! The plain way is the reference: on every funnel that is answered here both count the same.

use proptest::prelude::*;

use super::super::node::Evaluation;
use super::super::performed::Counted;
use super::super::row::Row;
use super::super::trace::{Shown, Trace};
use super::count;
use crate::ir::{
    Builder, Comparison, Count, EventSlot, Literal, Node, NodeId, Operand, Performed, Program, PropertySlot, Reference,
    Step, Test, ValueRef,
};
use crate::model::Profile;
use crate::time::{Duration, Timestamp, Window};
use crate::value::{Number, Path, Value};

const NAMES: [&str; 3] = ["A", "B", "C"];
const NOW: Timestamp = Timestamp::from_millis(1_000);

/// Values that meet each other often, in every type.
fn value() -> impl Strategy<Value = Value> {
    let texts = prop::sample::select(vec!["5", "5.0", "50e-1", "true", "false", "x", "xy", ""]).prop_map(Value::from);
    let numbers = prop::sample::select(vec!["5", "5.5", "1152921504606846976", "1152921504606846976.0"])
        .prop_map(|text| Number::parse(text).map_or(Value::Null, Value::Number));
    let scalar = prop_oneof![4 => texts, 3 => numbers, 2 => any::<bool>().prop_map(Value::from)];
    let list = prop::collection::vec(scalar.clone(), 0..3).prop_map(Value::List);
    let object = scalar
        .clone()
        .prop_map(|value| Value::Object([("k", value)].into_iter().collect()));
    prop_oneof![12 => scalar, 2 => list, 1 => object, 1 => Just(Value::Null)]
}

/// An event: which name, when, the properties `k` and `l`.
type Past = (usize, i64, Option<Value>, Option<Value>);

fn history(few_values: bool) -> impl Strategy<Value = Vec<Past>> {
    let value = if few_values {
        prop::sample::select(vec![Value::from(5), "5".into(), "x".into()]).boxed()
    } else {
        value().boxed()
    };
    let property = prop_oneof![6 => value.prop_map(Some), 1 => Just(None)];
    prop::collection::vec((0..3usize, 980..1_003i64, property.clone(), property), 0..40)
}

/// How a filter refers to an earlier step.
#[derive(Debug, Clone, Copy)]
enum Link {
    Equals,
    Differs,
    Below,
    Contains,
    /// An element of a list equals it.
    Any,
}

/// A filter in short. The numbers choose between the properties `k` and `l`.
#[derive(Debug, Clone, Copy)]
enum Filter {
    All,
    Own(usize),
    Link(Link, usize, usize),
    /// An equality, and-ed to a test of its own.
    And(usize, usize),
    /// The same, or-ed.
    Or(usize, usize),
    /// Two references, and-ed.
    Both(Link, usize, Link, usize),
    Not(usize),
}

fn filter(refers: bool) -> impl Strategy<Value = Filter> {
    let link = prop::sample::select(vec![
        Link::Equals,
        Link::Differs,
        Link::Below,
        Link::Contains,
        Link::Any,
    ]);
    let property = 0..2usize;
    if refers {
        prop_oneof![
            3 => (property.clone(), property.clone()).prop_map(|(own, other)| Filter::Link(Link::Equals, own, other)),
            3 => (property.clone(), property.clone()).prop_map(|(own, other)| Filter::And(own, other)),
            2 => (link.clone(), property.clone(), property.clone()).prop_map(|(l, own, other)| Filter::Link(l, own, other)),
            1 => (property.clone(), property.clone()).prop_map(|(own, other)| Filter::Or(own, other)),
            1 => (link.clone(), property.clone(), link, property.clone()).prop_map(|(a, x, b, y)| Filter::Both(a, x, b, y)),
            1 => property.prop_map(Filter::Not),
        ]
        .boxed()
    } else {
        prop_oneof![Just(Filter::All), property.prop_map(Filter::Own)].boxed()
    }
}

#[derive(Debug, Clone)]
struct Wanted {
    event: usize,
    within: Option<i64>,
    filter: Filter,
    count: Count,
}

/// The first event's filter, the steps, which of them is referred to, and whether the last one is `then not`.
type Chain = (Filter, Vec<Wanted>, usize, bool);

fn chain() -> impl Strategy<Value = Chain> {
    let count = prop_oneof![
        4 => Just(Count::ONCE),
        2 => (0..4u32, prop::option::of(0..3u32)).prop_map(|(at_least, more)| Count {
            at_least,
            at_most: more.map(|more| at_least + more),
        }),
    ];
    let step = (
        0..3usize,
        prop_oneof![2 => Just(None), 3 => (1..14i64).prop_map(Some)],
        filter(false),
        prop_oneof![2 => Just(None), 3 => filter(true).prop_map(Some)],
        count,
    );
    (
        filter(false),
        prop::collection::vec(step, 1..5),
        0..4usize,
        any::<bool>(),
    )
        .prop_map(|(first, steps, referred, negated)| {
            let referred = referred % steps.len();
            let steps = steps
                .into_iter()
                .enumerate()
                .map(|(at, (event, within, plain, refers, count))| Wanted {
                    event,
                    within,
                    filter: refers.filter(|_| at >= referred).unwrap_or(plain),
                    count,
                });
            (first, steps.collect(), referred, negated)
        })
}

struct Space {
    builder: Builder,
    events: [EventSlot; 3],
}

impl Space {
    fn new() -> Self {
        let mut builder = Builder::new();
        let events = NAMES.map(|name| {
            let event = builder.event_slot(name);
            for property in ["k", "l"] {
                builder.property_slot(event, Path::new([property]));
            }
            event
        });
        Space { builder, events }
    }

    fn test(&mut self, value: ValueRef, test: Test) -> NodeId {
        self.builder.leaf(Node::Test { value, test })
    }

    fn link(&mut self, link: Link, own: usize, reference: Reference) -> NodeId {
        let value = ValueRef::Property(PropertySlot::at(own));
        let operand = Operand::Reference(reference);
        match link {
            Link::Equals => self.test(value, Test::Equals(operand)),
            Link::Differs => self.test(value, Test::NotEquals(operand)),
            Link::Below => self.test(value, Test::Compare(Comparison::Less, operand)),
            Link::Contains => self.test(value, Test::Contains(operand)),
            Link::Any => {
                let filter = self.test(ValueRef::Item(vec![]), Test::Equals(operand));
                self.builder.leaf(Node::Element { list: value, filter })
            }
        }
    }

    fn filter(&mut self, filter: Filter, referred: usize) -> NodeId {
        let to = |property: usize| Reference::Step {
            step: u32::try_from(referred).unwrap(),
            property: PropertySlot::at(property),
        };
        let own = |s: &mut Self, property: usize| {
            let five = Test::Equals(Operand::Literal(Literal::Text("5".into())));
            s.test(ValueRef::Property(PropertySlot::at(property)), five)
        };
        match filter {
            Filter::All => self.builder.constant(true),
            Filter::Own(property) => own(self, property),
            Filter::Link(link, property, other) => self.link(link, property, to(other)),
            Filter::And(property, other) => {
                let both = [self.link(Link::Equals, property, to(other)), own(self, 1 - property)];
                self.builder.and(both)
            }
            Filter::Or(property, other) => {
                let either = [self.link(Link::Equals, property, to(other)), own(self, 1 - property)];
                self.builder.or(either)
            }
            Filter::Both(a, x, b, y) => {
                let both = [self.link(a, x, to(y)), self.link(b, y, to(x))];
                self.builder.and(both)
            }
            Filter::Not(property) => {
                let equal = self.link(Link::Equals, property, to(property));
                self.builder.not(equal)
            }
        }
    }

    fn performed(&mut self, (first, steps, referred, negated): &Chain) -> Performed {
        let filter = self.filter(*first, 0);
        let steps = steps.iter().enumerate().map(|(at, wanted)| Step {
            negated: *negated && at + 1 == steps.len(),
            event: self.events[wanted.event],
            within: wanted.within.map(Duration::from_millis),
            filter: self.filter(wanted.filter, *referred),
            count: wanted.count,
        });
        let steps = steps.collect();
        Performed {
            event: self.events[0],
            window: Window::ALL,
            filter,
            count: Count::ONCE,
            steps,
        }
    }

    /// The program, with these funnels in it.
    fn finish(mut self, performed: &[Performed]) -> Program {
        for performed in performed {
            self.builder.leaf(Node::Performed(performed.clone()));
        }
        self.builder.finish(true, vec![], vec![], vec![], vec![])
    }
}

fn profile(history: &[Past]) -> Profile {
    let mut profile = Profile::builder();
    for (name, millis, k, l) in history {
        let properties = [("k", k), ("l", l)].map(|(key, value)| (key, value.clone().unwrap_or_default()));
        profile = profile.event(NAMES[*name], Timestamp::from_millis(*millis), properties);
    }
    profile.build()
}

/// What both ways count of each funnel, all on one row.
fn both(chains: &[Chain], history: &[Past], enough: usize) -> Vec<(Option<usize>, usize)> {
    let mut space = Space::new();
    let funnels: Vec<Performed> = chains.iter().map(|chain| space.performed(chain)).collect();
    let program = space.finish(&funnels);
    let profile = profile(history);
    let row = Row::new(&program, &profile, NOW);
    let evaluation = Evaluation::new(&program, &row, &[]);
    let range = row.events(EventSlot(0)).between(Timestamp::from_millis(981), NOW);
    let both = funnels.iter().map(|performed| {
        let plain = evaluation.count_plainly(performed, range.clone(), enough);
        (count(&evaluation, performed, range.clone(), enough), plain)
    });
    both.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn both_ways_count_the_same(
        chains in prop::collection::vec(chain(), 1..3),
        history in any::<bool>().prop_flat_map(history),
        enough in prop_oneof![2 => Just(usize::MAX), 1 => 1..4usize],
    ) {
        for (here, plainly) in both(&chains, &history, enough) {
            prop_assert_eq!(here, Some(plainly));
        }
    }
}

/// Some thousands: what goes wrong here goes wrong for few. More with `PROPTEST_CASES`.
fn cases() -> u32 {
    ProptestConfig::default().cases.max(2_000)
}

/// `A as a then B as b then C where (k < a.k)`, or also `k < b.k`.
fn hopeless(two_steps: bool) -> (Program, Performed) {
    let mut space = Space::new();
    let step = |event, filter| Wanted {
        event,
        within: None,
        filter,
        count: Count::ONCE,
    };
    let below = Filter::Link(Link::Below, 0, 0);
    let mut performed = space.performed(&(Filter::All, vec![step(1, Filter::All), step(2, below)], 0, false));
    if two_steps {
        let both = [0, 1].map(|to| space.filter(below, to));
        performed.steps[1].filter = space.builder.and(both);
    }
    (space.finish(&[performed.clone()]), performed)
}

/// So many events, each later and of a greater `k` than the one before: no C is below an A.
fn rising(of: i64) -> Profile {
    let history: Vec<Past> = (0..of)
        .map(|n| {
            (
                usize::try_from(n % 3).unwrap(),
                1_000 - of + n,
                Some(Value::from(n)),
                None,
            )
        })
        .collect();
    profile(&history)
}

#[test]
fn what_costs_too_much_is_given_up_at_once_and_says_so() {
    // References to one step: for each A what follows, once. To two: for each A and each B.
    for (two_steps, of, spent, exhausted) in [
        (false, 90, 3_000, false),
        (false, 90, 700, true),
        (true, 90, 3_000, true),
        (true, 15, 3_000, false),
    ] {
        let (program, performed) = hopeless(two_steps);
        let profile = rising(of);
        let row = Row::new(&program, &profile, NOW).with_budget(spent);
        let evaluation = Evaluation::new(&program, &row, &[]);
        let counted = evaluation.count(&performed, Timestamp::MIN, NOW, false);
        assert_eq!(counted.counted, 0);
        assert_eq!(row.is_exhausted(), exhausted, "{two_steps} {of} {spent}");
        // Nothing more is looked at.
        let before = row.spent();
        evaluation.count(&performed, Timestamp::MIN, NOW, false);
        assert!(!exhausted || row.spent() <= before + 10, "{two_steps} {of} {spent}");
    }
    assert_eq!(Row::BUDGET, 100_000_000);
}

#[test]
fn showing_an_event_costs_no_answer() {
    for (budget, is_shown) in [(3_000, false), (Row::BUDGET, true)] {
        let (program, mut performed) = hopeless(false);
        // So an event that counts is looked for, among all.
        performed.count = Count {
            at_least: 0,
            at_most: Some(0),
        };
        let profile = rising(90);
        let row = Row::new(&program, &profile, NOW).with_budget(budget);
        let evaluation = Evaluation::new(&program, &row, &[]);
        let Counted { counted, of } = evaluation.count(&performed, Timestamp::MIN, NOW, true);
        let before = row.spent();
        let mut trace = Trace::new();
        evaluation.show(&performed, 0..of, counted, &mut trace);
        assert!(!row.is_exhausted());
        assert_eq!(row.spent(), before);
        let Some(Shown::Event { event, of: 30, .. }) = trace.examples().first().map(|example| example.shown) else {
            panic!("{:?}", trace.examples())
        };
        assert_eq!(event.is_some(), is_shown);
        // What is not chosen has no steps after it.
        assert_eq!(trace.examples().len() > 1, is_shown);
    }
}

/// How many events are looked at, of so many, for funnels that nobody gets through to the end.
#[test]
fn an_equality_looks_at_each_event_a_few_times() {
    let step = |event, within: Option<i64>, filter| Wanted {
        event,
        within,
        filter,
        count: Count::ONCE,
    };
    let (all, equal) = (Filter::All, Filter::Link(Link::Equals, 0, 0));
    let some = Some(700);
    let chains: [(&str, Vec<Wanted>, usize); 6] = [
        (
            "no reference",
            vec![step(1, some, all), step(2, some, all), step(0, some, Filter::Own(1))],
            0,
        ),
        ("the event before", vec![step(1, None, equal)], 0),
        (
            "the event before, later on",
            vec![step(1, some, all), step(2, some, equal), step(0, None, Filter::Own(1))],
            1,
        ),
        ("one between", vec![step(1, some, all), step(2, some, equal)], 0),
        (
            "more between",
            vec![
                step(1, some, all),
                step(1, None, all),
                step(1, None, all),
                step(2, some, equal),
            ],
            0,
        ),
        (
            "two that equal",
            vec![step(1, some, equal), step(2, some, Filter::And(0, 0))],
            0,
        ),
    ];
    // Every value once; two values in turn.
    for values in [i64::MAX, 2] {
        let history: Vec<Past> = (0..3_000i64)
            .map(|n| {
                (
                    usize::try_from(n % 3).unwrap(),
                    n - 2_000,
                    Some(Value::from(n % values)),
                    None,
                )
            })
            .collect();
        let profile = profile(&history);
        for (name, steps, referred) in &chains {
            for negated in [false, true] {
                let mut space = Space::new();
                let performed = space.performed(&(Filter::All, steps.clone(), *referred, negated));
                let program = space.finish(std::slice::from_ref(&performed));
                let row = Row::new(&program, &profile, NOW);
                let counted = count(&Evaluation::new(&program, &row, &[]), &performed, 0..1_000, usize::MAX);
                assert!(counted.is_some());
                assert!(
                    row.spent() <= 4 * 3_000,
                    "{name}, {values} values, {negated}: {}",
                    row.spent()
                );
            }
        }
    }
}

#[test]
fn references_to_two_steps_are_left_to_the_plain_way() {
    let mut space = Space::new();
    let link = |to| Filter::Link(Link::Equals, 0, to);
    let step = |filter| Wanted {
        event: 1,
        within: None,
        filter,
        count: Count::ONCE,
    };
    let mut performed = space.performed(&(Filter::All, vec![step(link(0)), step(Filter::All)], 0, false));
    performed.steps[1].filter = space.filter(link(0), 1);
    let unknown = {
        let mut performed = performed.clone();
        performed.steps[0].filter = space.filter(link(0), 7);
        performed.steps.truncate(1);
        performed
    };
    let program = space.finish(&[performed.clone(), unknown.clone()]);
    let profile = profile(&[(0, 990, None, None), (1, 995, None, None)]);
    let row = Row::new(&program, &profile, NOW);
    let evaluation = Evaluation::new(&program, &row, &[]);
    assert_eq!(count(&evaluation, &performed, 0..1, 1), None);
    assert_eq!(count(&evaluation, &unknown, 0..1, 1), None);
}
