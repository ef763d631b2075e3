//! The conditions of users as instructions, so that asking one of a profile walks no tree and compares few texts.
//!
//! It is made of a program once and says nothing of its own: what an instruction asks is what its node says, and
//! `eval::node` remains the meaning. So it is neither serialised nor compared. An audience's `consent` is no part of it:
//! that stays a field of the audience, which evaluation asks first.
//!
//! - `and`, `or` and `not` are where an instruction goes on when it holds and when it does not.
//! - A trait that is compared with texts has the list of these ([`Reading::words`]); a row knows which of them its value
//!   is, so a test on it compares numbers. One that is compared with numbers is read as one once.
//! - Tests of other kinds, elements of lists, long funnels and quantifiers are asked by their nodes.

use std::sync::OnceLock;

use super::names::Names;
use super::{AudienceSlot, CategorySlot};
use super::{
    Comparison, ConsentState, Count, EventSlot, Function, Literal, Literals, Node, NodeId, Operand, Performed, Program,
    PropertySlot, Subject, Test, TraitSlot, TraitSource, ValueRef,
};
use crate::time::{Duration, Timestamp, Window};
use crate::value::FEW_BILLIONTHS;

/// Where the answer is known. No instruction stands at these places.
pub(crate) const YES: u32 = u32::MAX;
pub(crate) const NO: u32 = u32::MAX - 1;
/// Of a node that has no instructions.
pub(crate) const NONE: u32 = u32::MAX - 2;

/// Up to so many texts a trait's word is a bit, so that being one of several is one look.
const BITS: usize = 64;
/// Up to so many texts of a longer list are asked for one by one.
const ONE_BY_ONE: usize = 8;

/// The instructions of a program, and what they need of a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flat {
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) scans: Vec<Scan>,
    /// What `starts with` and `ends with` look for.
    pub(crate) texts: Vec<Box<str>>,
    /// By trait slot.
    pub(crate) readings: Vec<Reading>,
    /// By event slot, the properties that are read as numbers.
    pub(crate) numbers: Vec<Vec<PropertySlot>>,
    /// By event slot, the properties that are summed.
    pub(crate) sums: Vec<Vec<PropertySlot>>,
    /// By trait slot, those that are sums over all events of a window.
    pub(crate) totals: Vec<Option<Total>>,
    /// The traits that a row computes at once.
    pub(crate) computed: Vec<TraitSlot>,
    /// By node, where its instructions begin.
    entries: Vec<u32>,
    /// Made when they are first asked for.
    pub(super) names: OnceLock<Names>,
}

/// A question, and where to go on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instruction {
    pub(crate) ask: Ask,
    pub(crate) yes: u32,
    pub(crate) no: u32,
}

/// What is asked of a user's row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ask {
    /// The trait's text is one of those whose bits are set.
    Words { slot: TraitSlot, words: u64 },
    /// The trait's text is the one of this number: of a trait that is compared with more texts than there are bits.
    Word { slot: TraitSlot, word: u64 },
    /// The trait, read as a number, is from `low` to `high`.
    Number { slot: TraitSlot, low: f64, high: f64 },
    /// The same of a trait that is computed.
    Computed {
        slot: TraitSlot,
        low: f64,
        high: f64,
        node: NodeId,
    },
    /// The same of a [`Total`] of no more than [`FEW_BILLIONTHS`], as billionths.
    Total {
        slot: TraitSlot,
        least: i64,
        most: i64,
        node: NodeId,
    },
    /// The trait's text starts with the text of this number.
    StartsWith { slot: TraitSlot, text: u32, node: NodeId },
    /// It ends with it.
    EndsWith { slot: TraitSlot, text: u32, node: NodeId },
    /// The trait is there.
    Exists { slot: TraitSlot },
    /// The stored consent.
    Consent {
        category: CategorySlot,
        state: ConsentState,
    },
    /// Membership of an audience.
    Member { audience: AudienceSlot },
    /// Events, by the number of the scan.
    Scan { scan: u32 },
    /// Whatever the node says.
    Node { node: NodeId },
}

/// A `performed` with one step at most.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    pub(crate) event: EventSlot,
    pub(crate) when: When,
    pub(crate) filter: Filter,
    pub(crate) count: Count,
    pub(crate) then: Option<Then>,
    pub(crate) node: NodeId,
}

/// The window of a scan.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    /// The last so long, which is what most say.
    Last(Duration),
    Inside(Window),
}

impl When {
    fn new(window: Window) -> Self {
        match window {
            Window {
                oldest: Some(length),
                newest: Duration::ZERO,
                after: None,
                before: None,
            } => When::Last(length),
            window => When::Inside(window),
        }
    }

    /// The window as of `now`: `after < t ≤ until`.
    pub(crate) fn bounds(self, now: Timestamp) -> (Timestamp, Timestamp) {
        match self {
            When::Last(length) => (now.minus(length), now),
            When::Inside(window) => window.bounds(now),
        }
    }
}

/// The step.
#[derive(Debug, Clone)]
pub(crate) struct Then {
    pub(crate) event: EventSlot,
    pub(crate) within: Option<Duration>,
    pub(crate) filter: Filter,
    pub(crate) count: Count,
    pub(crate) negated: bool,
}

/// Which events of a scan count.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Filter {
    All,
    /// One of the properties that are read as numbers, by its place among them, is from `low` to `high`.
    Number {
        column: usize,
        low: f64,
        high: f64,
    },
    /// Whatever the node says.
    Node(NodeId),
}

/// A sum over all events of a window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Total {
    pub(crate) event: EventSlot,
    pub(crate) when: When,
    /// The place of the property among those that are summed.
    pub(crate) column: usize,
}

/// How a row reads a trait that was sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// The texts that it is compared with, sorted.
    pub(crate) words: Vec<Box<str>>,
    pub(crate) number: bool,
    pub(crate) text: bool,
}

impl Reading {
    /// What the word at a place of the list is to a row: its bit, or where there are too many for that its number.
    pub(crate) fn word(&self, at: usize) -> u64 {
        if self.words.len() <= BITS {
            1 << at
        } else {
            at as u64 + 1
        }
    }

    /// The word of a text; 0 for one that no test names.
    pub(crate) fn word_of(&self, text: &str) -> u64 {
        let at = self.words.binary_search_by(|word| (**word).cmp(text));
        at.map_or(0, |at| self.word(at))
    }

    /// Whether anything is to be read.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty() && !self.number && !self.text
    }
}

impl Function {
    /// Whether the value is a number that is made without allocating: of a user it is computed when it is asked for.
    pub(crate) fn is_late(self) -> bool {
        match self {
            Function::Count | Function::Sum(_) | Function::Average(_) | Function::Minimum(_) | Function::Maximum(_) => {
                true
            }
            Function::First(_)
            | Function::Last(_)
            | Function::MostFrequent { .. }
            | Function::UniqueList(_)
            | Function::UniqueCount(_) => false,
        }
    }
}

impl Flat {
    pub(super) fn new(program: &Program) -> Self {
        let mut flat = Flat {
            readings: vec![Reading::default(); program.traits.len()],
            numbers: vec![Vec::new(); program.events.len()],
            sums: vec![Vec::new(); program.events.len()],
            totals: vec![None; program.traits.len()],
            entries: vec![NONE; program.nodes.len()],
            ..Flat::default()
        };
        for (at, source) in program.traits.iter().enumerate() {
            if let TraitSource::Computed(aggregate) = &source.source {
                if source.of == Subject::Account || !aggregate.function.is_late() {
                    flat.computed.push(TraitSlot::at(at));
                }
                if let Function::Sum(property) = aggregate.function
                    && source.of == Subject::User
                    && let Node::Const(true) = program.node(aggregate.filter)
                    && let Some(column) = column(&mut flat.sums, aggregate.event, property)
                    && let Some(total) = flat.totals.get_mut(at)
                {
                    *total = Some(Total {
                        event: aggregate.event,
                        when: When::new(aggregate.window),
                        column,
                    });
                }
            }
        }
        flat.collect_words(program);
        let mut compiler = Compiler { program, flat };
        for audience in program.audiences.iter().filter(|audience| audience.of == Subject::User) {
            if compiler.flat.entries.get(audience.who.index()) == Some(&NONE) {
                let entry = compiler.node(audience.who, YES, NO);
                if let Some(place) = compiler.flat.entries.get_mut(audience.who.index()) {
                    *place = entry;
                }
            }
        }
        compiler.flat
    }

    /// Where the instructions of a condition begin; [`NONE`] where it has none, and its node must be asked.
    pub(crate) fn entry(&self, condition: NodeId) -> u32 {
        self.entries.get(condition.index()).copied().unwrap_or(NONE)
    }

    fn collect_words(&mut self, program: &Program) {
        for node in &program.nodes {
            if let Node::Test {
                value: ValueRef::Trait(slot),
                test,
            } = node
                && is_sent_by_user(program, *slot)
                && let Some(reading) = self.readings.get_mut(slot.index())
            {
                match test {
                    Test::Equals(Operand::Literal(Literal::Text(text)))
                    | Test::NotEquals(Operand::Literal(Literal::Text(text))) => reading.words.push(text.clone()),
                    Test::OneOf(list) | Test::NoneOf(list) if is_of_texts(list) => {
                        reading.words.extend_from_slice(&list.texts);
                    }
                    _ => {}
                }
            }
        }
        for reading in &mut self.readings {
            reading.words.sort_unstable();
            reading.words.dedup();
        }
    }
}

/// The place of a property among the columns of its event; it gets one if it has none.
fn column(columns: &mut [Vec<PropertySlot>], event: EventSlot, property: PropertySlot) -> Option<usize> {
    let columns = columns.get_mut(event.index())?;
    let place = columns.iter().position(|known| *known == property);
    if place.is_none() {
        columns.push(property);
    }
    Some(place.unwrap_or(columns.len() - 1))
}

fn is_sent_by_user(program: &Program, slot: TraitSlot) -> bool {
    let known = program.traits.get(slot.index());
    known.is_some_and(|known| known.sent_by_user().is_some())
}

fn is_of_texts(list: &Literals) -> bool {
    list.len() == list.texts.len()
}

/// The doubles that a test on a number holds of, where it is one and its number a double. Of numbers between two doubles it
/// says nothing: those are asked for by nodes.
fn range(test: &Test) -> Option<(f64, f64)> {
    let (comparison, operand) = match test {
        Test::Compare(comparison, operand) => (Some(*comparison), operand),
        Test::Equals(operand) => (None, operand),
        _ => return None,
    };
    let Operand::Literal(Literal::Number(number)) = operand else {
        return None;
    };
    let number = number.exact()?;
    Some(match comparison {
        None => (number, number),
        Some(Comparison::Less) => (f64::NEG_INFINITY, number.next_down()),
        Some(Comparison::AtMost) => (f64::NEG_INFINITY, number),
        Some(Comparison::Greater) => (number.next_up(), f64::INFINITY),
        Some(Comparison::AtLeast) => (number, f64::INFINITY),
    })
}

/// The fewest billionths of whose value something holds that holds of all larger ones; one more than few if of none.
fn fewest_billionths(holds: impl Fn(f64) -> bool) -> i64 {
    let (mut least, mut most) = (-FEW_BILLIONTHS, FEW_BILLIONTHS + 1);
    while least < most {
        let middle = least + (most - least) / 2;
        #[expect(clippy::cast_precision_loss, reason = "within ±2⁵³")]
        let value = middle as f64 / 1e9;
        if holds(value) {
            most = middle;
        } else {
            least = middle + 1;
        }
    }
    least
}

struct Compiler<'p> {
    program: &'p Program,
    flat: Flat,
}

impl Compiler<'_> {
    /// The instructions of a node that go on at `yes` or at `no`, and where they begin. The last stand first, as each must
    /// know where to go on. The recursion is as deep as nodes are nested.
    fn node(&mut self, id: NodeId, yes: u32, no: u32) -> u32 {
        // Shared nodes are written out wherever they are asked, which must not make a small program large.
        if self.flat.instructions.len() > 4 * self.program.nodes.len() + 256 {
            return self.ask(Ask::Node { node: id }, yes, no);
        }
        match self.program.node(id) {
            Node::Const(true) => yes,
            Node::Const(false) => no,
            Node::Not(child) => self.node(*child, no, yes),
            Node::And(nodes) => nodes.iter().rev().fold(yes, |next, node| self.node(*node, next, no)),
            Node::Or(nodes) => nodes.iter().rev().fold(no, |next, node| self.node(*node, yes, next)),
            Node::Test {
                value: ValueRef::Trait(slot),
                test,
            } => self.test(id, *slot, test, yes, no),
            Node::Performed(performed) if performed.steps.len() <= 1 => {
                let scan = self.scan(id, performed);
                self.ask(Ask::Scan { scan }, yes, no)
            }
            Node::Member(audience) => self.ask(Ask::Member { audience: *audience }, yes, no),
            Node::Consent { category, state } => {
                let (category, state) = (*category, *state);
                self.ask(Ask::Consent { category, state }, yes, no)
            }
            Node::Test { .. } | Node::Element { .. } | Node::Performed(_) | Node::Users { .. } => {
                self.ask(Ask::Node { node: id }, yes, no)
            }
        }
    }

    fn ask(&mut self, ask: Ask, yes: u32, no: u32) -> u32 {
        let at = self.flat.instructions.len();
        self.flat.instructions.push(Instruction { ask, yes, no });
        u32::try_from(at).unwrap_or(NO)
    }

    fn test(&mut self, node: NodeId, slot: TraitSlot, test: &Test, yes: u32, no: u32) -> u32 {
        if let Test::Exists = test {
            return self.ask(Ask::Exists { slot }, yes, no);
        }
        if !is_sent_by_user(self.program, slot) {
            let is_total = matches!(self.flat.totals.get(slot.index()), Some(Some(_)));
            let ask = match range(test) {
                Some((low, high)) if is_total => Ask::Total {
                    slot,
                    least: fewest_billionths(|value| value >= low),
                    most: fewest_billionths(|value| value > high) - 1,
                    node,
                },
                Some((low, high)) => Ask::Computed { slot, low, high, node },
                None => Ask::Node { node },
            };
            return self.ask(ask, yes, no);
        }
        match test {
            Test::Equals(Operand::Literal(Literal::Text(text))) => {
                self.words(slot, std::slice::from_ref(text), yes, no)
            }
            Test::OneOf(list) if self.has_words(slot, list) => self.words(slot, &list.texts, yes, no),
            // There, and not one of them.
            Test::NotEquals(Operand::Literal(Literal::Text(text))) => {
                let there = self.words(slot, std::slice::from_ref(text), no, yes);
                self.ask(Ask::Exists { slot }, there, no)
            }
            Test::NoneOf(list) if self.has_words(slot, list) => {
                let there = self.words(slot, &list.texts, no, yes);
                self.ask(Ask::Exists { slot }, there, no)
            }
            Test::StartsWith(Operand::Literal(Literal::Text(text))) => {
                let text = self.text(slot, text);
                self.ask(Ask::StartsWith { slot, text, node }, yes, no)
            }
            Test::EndsWith(Operand::Literal(Literal::Text(text))) => {
                let text = self.text(slot, text);
                self.ask(Ask::EndsWith { slot, text, node }, yes, no)
            }
            test => match range(test) {
                Some((low, high)) => {
                    if let Some(reading) = self.flat.readings.get_mut(slot.index()) {
                        reading.number = true;
                    }
                    self.ask(Ask::Number { slot, low, high }, yes, no)
                }
                None => self.ask(Ask::Node { node }, yes, no),
            },
        }
    }

    /// Whether a list is one of texts alone, and asking for its words is cheaper than looking through it.
    fn has_words(&self, slot: TraitSlot, list: &Literals) -> bool {
        let words = self
            .flat
            .readings
            .get(slot.index())
            .map_or(0, |reading| reading.words.len());
        is_of_texts(list) && (words <= BITS || list.texts.len() <= ONE_BY_ONE)
    }

    fn words(&mut self, slot: TraitSlot, texts: &[Box<str>], yes: u32, no: u32) -> u32 {
        let Some(reading) = self.flat.readings.get(slot.index()) else {
            return no;
        };
        let words = texts.iter().map(|text| reading.word_of(text));
        if reading.words.len() <= BITS {
            let words = words.fold(0, |all, word| all | word);
            return self.ask(Ask::Words { slot, words }, yes, no);
        }
        let words: Vec<u64> = words.collect();
        words
            .into_iter()
            .fold(no, |next, word| self.ask(Ask::Word { slot, word }, yes, next))
    }

    fn text(&mut self, slot: TraitSlot, text: &str) -> u32 {
        if let Some(reading) = self.flat.readings.get_mut(slot.index()) {
            reading.text = true;
        }
        self.flat.texts.push(text.into());
        u32::try_from(self.flat.texts.len() - 1).unwrap_or(u32::MAX)
    }

    fn scan(&mut self, node: NodeId, performed: &Performed) -> u32 {
        let filter = self.filter(performed.event, performed.filter);
        let then = performed.steps.first().map(|step| Then {
            event: step.event,
            within: step.within,
            filter: self.filter(step.event, step.filter),
            count: step.count,
            negated: step.negated,
        });
        self.flat.scans.push(Scan {
            event: performed.event,
            when: When::new(performed.window),
            filter,
            count: performed.count,
            then,
            node,
        });
        u32::try_from(self.flat.scans.len() - 1).unwrap_or(u32::MAX)
    }

    fn filter(&mut self, event: EventSlot, filter: NodeId) -> Filter {
        match self.program.node(filter) {
            Node::Const(true) => Filter::All,
            Node::Test {
                value: ValueRef::Property(property),
                test,
            } => {
                let number = range(test).and_then(|(low, high)| {
                    let column = column(&mut self.flat.numbers, event, *property)?;
                    Some(Filter::Number { column, low, high })
                });
                number.unwrap_or(Filter::Node(filter))
            }
            _ => Filter::Node(filter),
        }
    }
}

/// A program's instructions follow from the rest of it, so any two programs have equal ones or differ elsewhere.
impl PartialEq for Flat {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Flat {}
