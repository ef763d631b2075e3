//! Programs by hand, for the tests of the evaluator.

#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test file uses some of it; what is no test function here serves tests alone"
)]

use volens::eval::{Row, Trace, holds};
use volens::ir::{
    Audience, AudienceSlot, Builder, Category, CategorySlot, Count, EventSlot, Literal, Node, NodeId, Operand,
    Performed, Program, PropertySlot, Reference, Step, Subject, Test, Trait, TraitSlot, TraitSource, ValueRef,
};
use volens::time::{Duration, Unit, Window};
use volens::value::{Number, Path};
use volens::{Profile, Timestamp, Value};

/// Where the tests stand unless they say otherwise.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_782_777_600_000); // 2026-06-30T00:00:00Z

pub(crate) fn days(count: u32) -> Duration {
    Duration::new(count, Unit::Day)
}

/// So many milliseconds after [`NOW`].
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() + millis)
}

pub(crate) fn json(text: &str) -> Value {
    volens::value::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

pub(crate) fn date(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(crate) fn number(text: &str) -> Literal {
    Literal::Number(Number::parse(text).unwrap())
}

pub(crate) fn text(text: &str) -> Literal {
    Literal::Text(text.into())
}

pub(crate) fn literal(literal: Literal) -> Operand {
    Operand::Literal(literal)
}

pub(crate) fn within(duration: Duration) -> Window {
    Window {
        oldest: Some(duration),
        ..Window::ALL
    }
}

pub(crate) fn at_least(n: u32) -> Count {
    Count {
        at_least: n,
        at_most: None,
    }
}

pub(crate) fn at_most(n: u32) -> Count {
    Count {
        at_least: 0,
        at_most: Some(n),
    }
}

pub(crate) fn exactly(n: u32) -> Count {
    Count {
        at_least: n,
        at_most: Some(n),
    }
}

/// A program in the making.
#[derive(Default)]
pub(crate) struct Space {
    pub(crate) b: Builder,
    categories: Vec<Category>,
    audiences: Vec<Audience>,
}

impl Space {
    pub(crate) fn category(&mut self, id: &str) -> CategorySlot {
        self.categories.push(Category {
            id: id.into(),
            name: None,
            enabled: true,
        });
        CategorySlot::at(self.categories.len() - 1)
    }

    pub(crate) fn trait_slot(&mut self, of: Subject, path: &str) -> TraitSlot {
        let source = TraitSource::Sent(Path::new(path.split('.')));
        self.b.trait_slot(Trait { of, source })
    }

    /// A test on a trait of the user.
    pub(crate) fn trait_(&mut self, path: &str, test: Test) -> NodeId {
        let slot = self.trait_slot(Subject::User, path);
        self.test(ValueRef::Trait(slot), test)
    }

    pub(crate) fn test(&mut self, value: ValueRef, test: Test) -> NodeId {
        self.b.leaf(Node::Test { value, test })
    }

    pub(crate) fn property(&mut self, event: &str, path: &str) -> (EventSlot, PropertySlot) {
        let event = self.b.event_slot(event);
        (event, self.b.property_slot(event, Path::new(path.split('.'))))
    }

    /// A filter on a property of an event.
    pub(crate) fn filter(&mut self, event: &str, path: &str, test: Test) -> NodeId {
        let (_, property) = self.property(event, path);
        self.test(ValueRef::Property(property), test)
    }

    pub(crate) fn step_reference(&mut self, step: u32, event: &str, path: &str) -> Reference {
        let (_, property) = self.property(event, path);
        Reference::Step { step, property }
    }

    pub(crate) fn yes(&mut self) -> NodeId {
        self.b.constant(true)
    }

    pub(crate) fn performed(&mut self, event: &str, window: Window, count: Count) -> NodeId {
        let filter = self.yes();
        self.funnel(event, window, filter, count, vec![])
    }

    pub(crate) fn funnel(
        &mut self,
        event: &str,
        window: Window,
        filter: NodeId,
        count: Count,
        steps: Vec<Step>,
    ) -> NodeId {
        let event = self.b.event_slot(event);
        self.b.leaf(Node::Performed(Performed {
            event,
            window,
            filter,
            count,
            steps,
        }))
    }

    /// `then performed event`
    pub(crate) fn then(&mut self, event: &str) -> Step {
        Step {
            negated: false,
            event: self.b.event_slot(event),
            within: None,
            filter: self.yes(),
            count: Count::ONCE,
        }
    }

    /// `then not performed event`
    pub(crate) fn then_not(&mut self, event: &str) -> Step {
        Step {
            negated: true,
            ..self.then(event)
        }
    }

    pub(crate) fn audience(&mut self, of: Subject, who: NodeId) -> AudienceSlot {
        self.audience_with(of, who, vec![], false)
    }

    pub(crate) fn audience_with(
        &mut self,
        of: Subject,
        who: NodeId,
        consent: Vec<CategorySlot>,
        include_anonymous: bool,
    ) -> AudienceSlot {
        let slot = AudienceSlot::at(self.audiences.len());
        self.audiences.push(Audience {
            name: format!("a{}", slot.0).into(),
            label: None,
            of,
            who,
            consent,
            include_anonymous,
            destinations: vec![],
        });
        slot
    }

    /// The program; its audiences are evaluated in the order they were added.
    pub(crate) fn finish(self) -> Program {
        let order = (0..self.audiences.len()).map(AudienceSlot::at).collect();
        self.b.finish(true, self.categories, vec![], self.audiences, order)
    }

    /// As [`finish`](Space::finish), and what comes back from its JSON form, so that the checks of that hold too.
    pub(crate) fn checked(self) -> Program {
        let program = self.finish();
        let text = serde_json::to_string(&program).unwrap();
        let read = Program::from_json(&text).unwrap();
        assert_eq!(read, program);
        read
    }
}

/// Whether a condition holds of a user, as of [`NOW`]; asked with a recorder and without.
pub(crate) fn holds_of(program: &Program, condition: NodeId, profile: &Profile) -> bool {
    let row = Row::new(program, profile, NOW);
    holds_of_row(program, condition, &row, &[])
}

/// An account's users, as the evaluator takes them.
pub(crate) fn refs<'r, 'a>(users: &'r [Row<'a>]) -> Vec<&'r Row<'a>> {
    users.iter().collect()
}

pub(crate) fn holds_of_row(program: &Program, condition: NodeId, row: &Row<'_>, users: &[Row<'_>]) -> bool {
    let users = &refs(users);
    let answer = holds(program, condition, row, users, &mut ());
    let mut trace = Trace::new();
    assert_eq!(
        answer,
        holds(program, condition, row, users, &mut trace),
        "the recorder changed the answer"
    );
    assert_eq!(trace.records()[0].node, condition);
    assert_eq!(trace.records()[0].holds, answer);
    answer
}

/// Whether a test holds of a user trait with this value (`absent` for none), beside the trait `other`.
pub(crate) fn test_holds(test: Test, value: &str, other: &str) -> bool {
    let mut s = Space::default();
    // The first slot, where `other_trait` points.
    s.trait_slot(Subject::User, "other");
    let node = s.trait_("x", test);
    let program = s.finish();
    let mut profile = Profile::builder();
    for (key, value) in [("x", value), ("other", other)] {
        if value != "absent" {
            profile = profile.trait_(key, json(value));
        }
    }
    holds_of(&program, node, &profile.build())
}

/// The trait `other` of [`test_holds`].
pub(crate) fn other_trait() -> Reference {
    Reference::Trait(TraitSlot(0))
}
