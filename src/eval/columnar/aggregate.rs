//! Computes computed traits, a block of profiles at a time.

use std::borrow::Cow;

use super::bits::{self, BLOCK, Bits};
use super::column::{ABSENT, Column, EXACT, Units, number};
use super::count::Passing;
use super::filter::{EventFilter, Scope};
use super::segment::Segment;
use super::select::{Asker, Ranges, Select, Unary, inside, inside_small, ranges_of};
use crate::eval::computed;
use crate::eval::row::Computed;
use crate::ir::{Aggregate, Function, Program, PropertySlot};
use crate::value::{Decimal, Value};

/// A computed trait, prepared for a segment.
#[derive(Debug)]
pub(super) struct Computing<'s> {
    pub(super) passing: Passing<'s>,
    function: Of<'s>,
}

#[derive(Debug)]
enum Of<'s> {
    Count,
    /// Of the property's numbers.
    Sum(Numbers<'s>),
    Average(Numbers<'s>),
    Minimum(Numbers<'s>),
    Maximum(Numbers<'s>),
    /// The place of the first or the last event that has the property.
    First(&'s Column),
    Last(&'s Column),
    /// Of the texts of the property: their number, or a value that is made of them.
    UniqueCount(&'s Column, Function),
    Made(&'s Column, Function),
}

/// `None` where no event has one.
type Numbers<'s> = Option<Cow<'s, Units>>;

/// The decimals of averages.
const BILLIONTHS: u8 = 9;

/// The values for a block, as far as they were asked for: units, or places of events or of values that were made.
#[derive(Debug)]
pub(super) struct Cells {
    cells: Vec<i64>,
    /// The same in half the room, as long as all of them fit.
    small: Vec<i32>,
    fit: bool,
    made: Vec<Value>,
    known: Bits,
    /// Whose value is none that units can be: it is left to the evaluator of one profile.
    odd: Bits,
    any_odd: bool,
}

impl Default for Cells {
    fn default() -> Self {
        Cells {
            cells: Vec::new(),
            small: Vec::new(),
            fit: true,
            made: Vec::new(),
            known: bits::NONE,
            odd: bits::NONE,
            any_odd: false,
        }
    }
}

impl Cells {
    /// Another block begins.
    pub(super) fn forget(&mut self) {
        self.fit = true;
        self.made.clear();
        self.known = bits::NONE;
        self.odd = bits::NONE;
        self.any_odd = false;
    }

    fn put(&mut self, at: usize, value: i64) {
        if let (Some(cell), Some(small)) = (self.cells.get_mut(at), self.small.get_mut(at)) {
            *cell = value;
            match i32::try_from(value) {
                // The least stands for an absent value, and so is no number among them.
                Ok(value) if value != i32::MIN => *small = value,
                _ if value == ABSENT => *small = i32::MIN,
                _ => self.fit = false,
            }
        }
    }

    /// Whose value is none that columns have, if there is anybody.
    pub(super) fn odd(&self) -> Option<&Bits> {
        self.any_odd.then_some(&self.odd)
    }

    /// The units of a profile, or a place; `None` where there is no value.
    pub(super) fn units(&self, at: usize) -> Option<i64> {
        self.cells.get(at).copied().filter(|cell| *cell != ABSENT)
    }
}

/// A condition on a computed trait.
#[derive(Debug)]
pub(super) enum OnComputed<'s> {
    Ranges(Ranges),
    /// On the value of an event's property.
    Select(Select<'s>),
    /// Each value is asked.
    Each(Unary<'s>),
}

impl<'s> Computing<'s> {
    /// `None` for what reads more than is in columns, and for numbers that no column of numbers has.
    pub(super) fn new(
        program: &'s Program,
        segment: &'s Segment,
        aggregate: &'s Aggregate,
        asker: &'s Asker<'s>,
    ) -> Option<Self> {
        let events = segment.events(aggregate.event)?;
        let column = |slot: PropertySlot| events.properties.get(slot.index());
        let numbers = |slot| column(slot)?.numbers();
        let function = match aggregate.function {
            Function::Count => Of::Count,
            Function::Sum(property) => Of::Sum(numbers(property)?),
            Function::Average(property) => Of::Average(numbers(property)?),
            Function::Minimum(property) => Of::Minimum(numbers(property)?),
            Function::Maximum(property) => Of::Maximum(numbers(property)?),
            Function::First(property) => Of::First(column(property)?),
            Function::Last(property) => Of::Last(column(property)?),
            Function::UniqueCount(property) => Of::UniqueCount(column(property)?, aggregate.function),
            Function::MostFrequent { property, .. } | Function::UniqueList(property) => {
                Of::Made(column(property)?, aggregate.function)
            }
        };
        let scope = Scope {
            program,
            segment,
            asker,
            steps: &[events],
        };
        let filter = EventFilter::new(scope, aggregate.filter)?;
        Some(Computing {
            passing: Passing::new((aggregate.event, events), aggregate.window.bounds(asker.now()), filter),
            function,
        })
    }

    /// The decimals that its units have; `None` where it has none.
    fn scale(&self) -> Option<u8> {
        match &self.function {
            Of::Count | Of::UniqueCount(..) => Some(0),
            Of::Average(_) => Some(BILLIONTHS),
            Of::Sum(units) | Of::Minimum(units) | Of::Maximum(units) => {
                Some(units.as_ref().map_or(0, |units| units.scale))
            }
            Of::First(_) | Of::Last(_) | Of::Made(..) => None,
        }
    }

    /// A condition on it.
    pub(super) fn on(&self, unary: Unary<'s>, asker: &'s Asker<'s>) -> OnComputed<'s> {
        if let Of::First(column) | Of::Last(column) = self.function {
            return OnComputed::Select(Select::new(column, unary, asker));
        }
        let ranges = match (unary, self.scale()) {
            (Unary::Test(test), Some(scale)) => ranges_of(scale, test, asker),
            _ => None,
        };
        ranges.map_or(OnComputed::Each(unary), OnComputed::Ranges)
    }

    /// The value of a profile of the block, which is known and not odd; `None` where it is absent.
    pub(super) fn told<'c>(&'c self, cells: &'c Cells, at: usize) -> Option<Cow<'c, Value>> {
        let cell = cells.units(at)?;
        let place = || usize::try_from(cell).ok();
        match (&self.function, self.scale()) {
            (Of::First(column) | Of::Last(column), _) => column.value(place()?),
            (_, Some(scale)) => Some(Cow::Owned(Value::Number(number(cell, scale)))),
            (_, None) => cells.made.get(place()?).map(Cow::Borrowed),
        }
    }

    /// Computes the values of the profiles of the block from `start` on that are wanted and not known. Of those who are not
    /// `inside`, where that is known, it is known that they have no event in the window.
    pub(super) fn fill(&self, start: usize, wanted: &Bits, inside: Option<&Bits>, cells: &mut Cells) {
        cells.cells.resize(BLOCK, ABSENT);
        cells.small.resize(BLOCK, i32::MIN);
        let missing = bits::without(wanted, &cells.known);
        if bits::is_none(&missing) {
            return;
        }
        let asked = match inside {
            Some(inside) => {
                let none = self.of_none();
                if bits::is_none(&cells.known) {
                    cells.cells.fill(none);
                    cells.small.fill(i32::try_from(none).unwrap_or(i32::MIN));
                } else {
                    bits::each(&bits::without(&missing, inside), |at| {
                        cells.put(at, none);
                        false
                    });
                }
                bits::and(&missing, inside)
            }
            None => missing,
        };
        let odd = bits::each(&asked, |at| {
            let value = self.value(start + at, &mut cells.made);
            if let Some(value) = value {
                cells.put(at, value);
            }
            value.is_none()
        });
        bits::add(&mut cells.known, &missing);
        cells.any_odd |= !bits::is_none(&odd);
        bits::add(&mut cells.odd, &odd);
    }

    /// The value of somebody without an event in the window.
    fn of_none(&self) -> i64 {
        match self.function {
            Of::Count | Of::Sum(_) | Of::UniqueCount(..) => 0,
            Of::Average(_) | Of::Minimum(_) | Of::Maximum(_) | Of::First(_) | Of::Last(_) | Of::Made(..) => ABSENT,
        }
    }

    /// The value of one profile, of which a value that is made goes to the others; `None` where it is none that units can be.
    fn value(&self, at: usize, made: &mut Vec<Value>) -> Option<i64> {
        match &self.function {
            Of::Count => {
                let counted = match self.passing.filter {
                    EventFilter::Always => self.passing.window(at).len(),
                    _ => self.passing.of(at).count(),
                };
                i64::try_from(counted).ok()
            }
            Of::Sum(None) => Some(0),
            Of::Sum(Some(units)) => {
                let sum = self.sum(units, at)?.0;
                (units.scale == 0 || is_exact(sum)).then_some(sum)
            }
            Of::Average(None) => Some(ABSENT),
            Of::Average(Some(units)) => {
                let (sum, count) = self.sum(units, at)?;
                let Some(average) = Decimal::units(i128::from(sum), units.scale).over(count) else {
                    return Some(ABSENT);
                };
                let billionths = average.billionths()?;
                is_exact(billionths).then_some(billionths)
            }
            Of::Minimum(None) | Of::Maximum(None) => Some(ABSENT),
            Of::Minimum(Some(units)) => Some(self.numbers(units, at).min().unwrap_or(ABSENT)),
            Of::Maximum(Some(units)) => Some(self.numbers(units, at).max().unwrap_or(ABSENT)),
            Of::First(column) => Some(place(self.passing.of(at).find(|place| column.has(*place)))),
            Of::Last(column) => Some(place(self.passing.of(at).rfind(|place| column.has(*place)))),
            Of::UniqueCount(column, function) | Of::Made(column, function) => {
                let values: Vec<Cow<'_, Value>> = self.passing.of(at).filter_map(|place| column.value(place)).collect();
                match computed::of_texts(*function, values.iter().map(|value| &**value)) {
                    Computed::Made(Value::Number(count)) if self.scale().is_some() => {
                        count.as_i128().and_then(|count| i64::try_from(count).ok())
                    }
                    Computed::Made(value) => {
                        made.push(value);
                        Some(place(made.len().checked_sub(1)))
                    }
                    Computed::Absent | Computed::Lent(_) => Some(ABSENT),
                }
            }
        }
    }

    fn numbers(&self, units: &Units, at: usize) -> impl Iterator<Item = i64> {
        self.passing.of(at).filter_map(|place| units.units(place))
    }

    /// The sum, and of how many; `None` where it does not fit.
    fn sum(&self, units: &Units, at: usize) -> Option<(i64, u64)> {
        let mut numbers = self.numbers(units, at);
        let sum = numbers.try_fold((0_i64, 0_u64), |(sum, count), units| {
            Some((sum.checked_add(units)?, count + 1))
        });
        // What stands for an absent value is left to the evaluator of one profile, too.
        sum.filter(|(sum, _)| *sum != ABSENT)
    }
}

/// Whether a number of units is a double; the one that stands for an absent value is none of these.
fn is_exact(units: i64) -> bool {
    (-EXACT..=EXACT).contains(&units)
}

fn place(found: Option<usize>) -> i64 {
    found.and_then(|place| i64::try_from(place).ok()).unwrap_or(ABSENT)
}

impl OnComputed<'_> {
    /// Leaves those in the set of whose values it holds; they are known, and not odd.
    pub(super) fn narrow(&self, computing: &Computing<'_>, cells: &Cells, asker: &Asker<'_>, wanted: &mut Bits) {
        let found = match self {
            OnComputed::Ranges(ranges) if cells.fit => inside_small(&cells.small, ranges),
            OnComputed::Ranges(ranges) => inside(&cells.cells, ranges),
            OnComputed::Each(unary) => {
                bits::each(wanted, |at| asker.holds(*unary, computing.told(cells, at).as_deref()))
            }
            OnComputed::Select(select) => bits::each(wanted, |at| {
                let place = cells.units(at).and_then(|place| usize::try_from(place).ok());
                place.is_some_and(|place| select.holds(place))
            }),
        };
        bits::keep(wanted, &found);
    }

    /// The ranges, if it is about where a number lies.
    pub(super) fn ranges(&self) -> Option<&Ranges> {
        match self {
            OnComputed::Ranges(ranges) => Some(ranges),
            OnComputed::Each(_) | OnComputed::Select(_) => None,
        }
    }
}
