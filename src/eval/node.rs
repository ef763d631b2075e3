//! Evaluates nodes.

use super::performed::Counted;
use super::row::{Matched, Row};
use super::test;
use super::trace::{Fact, Recorder};
use crate::ir::{AudienceSlot, Node, NodeId, Program, Quantifier, Reference, Subject, TraitSlot, ValueRef};
use crate::value::Value;

/// Whom a condition is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evaluation<'e> {
    pub(super) program: &'e Program,
    pub(super) row: &'e Row<'e>,
    /// Inside a quantifier: the account whose user `row` is.
    account: Option<&'e Row<'e>>,
    /// The users of `row`, if that is an account.
    users: &'e [&'e Row<'e>],
}

/// What a filter is asked about, beside the subject.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place<'e, 'p> {
    pub(super) event: Option<&'p Matched<'e, 'p>>,
    pub(super) item: Option<&'e Value>,
}

impl<'e> Evaluation<'e> {
    pub(super) fn new(program: &'e Program, row: &'e Row<'_>, users: &'e [&'e Row<'_>]) -> Self {
        Evaluation {
            program,
            row,
            account: None,
            users,
        }
    }

    /// A user, as a quantifier asks about it.
    pub(super) fn of_user(program: &'e Program, account: &'e Row<'_>, user: &'e Row<'_>) -> Self {
        Evaluation {
            program,
            row: user,
            account: Some(account),
            users: &[],
        }
    }

    /// Whether a condition on the subject holds.
    pub(super) fn condition<R: Recorder<'e>>(&self, id: NodeId, recorder: &mut R) -> bool {
        self.node(id, Place::default(), recorder)
    }

    /// Whether an event or an element passes a filter.
    pub(super) fn passes(&self, filter: NodeId, place: Place<'e, '_>) -> bool {
        self.node(filter, place, &mut ())
    }

    /// The recursion is as deep as the nodes are nested, which `Program::from_json` and the language bound.
    pub(super) fn node<R: Recorder<'e>>(&self, id: NodeId, place: Place<'e, '_>, recorder: &mut R) -> bool {
        recorder.open(id);
        let (holds, fact) = match self.program.node(id) {
            Node::Const(value) => (*value, Fact::None),
            Node::Not(child) => (!self.node(*child, place, recorder), Fact::None),
            Node::And(nodes) => (!self.any(nodes, false, place, recorder), Fact::None),
            Node::Or(nodes) => (self.any(nodes, true, place, recorder), Fact::None),
            Node::Test { value, test } => {
                let value = self.value(value, place);
                let holds = test::holds(test, value, self.row.now(), |reference| {
                    self.reference(reference, place)
                });
                let reference = || test.reference().and_then(|reference| self.reference(reference, place));
                let reference = if R::RECORDS { reference() } else { None };
                (holds, Fact::Value { value, reference })
            }
            Node::Element { list, filter } => {
                let value = self.value(list, place);
                let items = value.and_then(Value::as_list);
                let mut passing = items.unwrap_or_default().iter().filter(|item| {
                    let item = Some(*item);
                    self.passes(*filter, Place { item, ..place })
                });
                let passed = if R::RECORDS {
                    passing.count()
                } else {
                    usize::from(passing.next().is_some())
                };
                if R::RECORDS {
                    self.show_element(items.unwrap_or_default(), *filter, place, recorder);
                }
                let of = items.map(<[Value]>::len);
                (passed > 0, Fact::Elements { passed, of, value })
            }
            Node::Performed(performed) => {
                let (after, until) = performed.window.bounds(self.row.now());
                let Counted { counted, of } = self.count(performed, after, until, R::RECORDS);
                if R::RECORDS {
                    self.show(
                        performed,
                        self.row.events(performed.event).between(after, until),
                        counted,
                        recorder,
                    );
                }
                let fact = Fact::Events {
                    counted,
                    of,
                    after,
                    until,
                };
                (performed.count.holds(counted), fact)
            }
            Node::Member(audience) => (self.is_member(*audience), Fact::None),
            Node::Consent { category, state } => {
                let stored = self.row.consent(*category);
                (stored == *state, Fact::Consent(stored))
            }
            Node::Users { quantifier, condition } => self.quantified(*quantifier, *condition, recorder),
        };
        recorder.close(id, holds, fact);
        holds
    }

    /// Whether any node is `wanted`; a recorder is told of all of them.
    fn any<R: Recorder<'e>>(&self, nodes: &[NodeId], wanted: bool, place: Place<'e, '_>, recorder: &mut R) -> bool {
        let mut found = false;
        for id in nodes {
            found |= self.node(*id, place, recorder) == wanted;
            if found && !R::RECORDS {
                break;
            }
        }
        found
    }

    fn quantified<R: Recorder<'e>>(
        &self,
        quantifier: Quantifier,
        condition: NodeId,
        recorder: &mut R,
    ) -> (bool, Fact<'e>) {
        let mut met = 0;
        for (at, row) in self.users.iter().enumerate() {
            recorder.user(Some(at));
            let user = Evaluation::of_user(self.program, self.row, row);
            let holds = user.condition(condition, recorder);
            met += usize::from(holds);
            // One who does not settles "all", one who does the others.
            if !R::RECORDS && holds != (quantifier == Quantifier::All) {
                break;
            }
        }
        recorder.user(None);
        let of = self.users.len();
        let holds = match quantifier {
            Quantifier::Any => met > 0,
            // Nobody is not everybody (DEC-42).
            Quantifier::All => of > 0 && met == of,
            Quantifier::No => met == 0,
        };
        (holds, Fact::Users { met, of })
    }

    /// Inside a quantifier, an audience of accounts is one of the account's itself.
    fn is_member(&self, audience: AudienceSlot) -> bool {
        let row = match self.account {
            Some(account) if self.of_accounts(audience) => account,
            _ => self.row,
        };
        row.is_member(audience)
    }

    fn of_accounts(&self, audience: AudienceSlot) -> bool {
        let audience = self.program.audiences.get(audience.index());
        audience.is_some_and(|audience| audience.of == Subject::Account)
    }

    fn value(&self, value: &ValueRef, place: Place<'e, '_>) -> Option<&'e Value> {
        match value {
            ValueRef::Trait(slot) => self.trait_value(*slot),
            ValueRef::Property(slot) => place.event?.value(*slot),
            ValueRef::Item(path) => {
                let mut value = place.item?;
                for key in path {
                    value = value.as_object()?.get(key)?;
                }
                value.present()
            }
        }
    }

    fn reference(&self, reference: Reference, place: Place<'e, '_>) -> Option<&'e Value> {
        match reference {
            Reference::Trait(slot) => self.trait_value(slot),
            Reference::Step { step, property } => place.event?.value_of(step, property),
        }
    }

    /// A trait of the subject; inside a quantifier also one of the account.
    fn trait_value(&self, slot: TraitSlot) -> Option<&'e Value> {
        match self.account {
            Some(account) if !self.row.has_trait(slot) => account.trait_value(self.program, slot),
            _ => self.row.trait_value(self.program, slot),
        }
    }
}
