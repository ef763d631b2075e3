//! Computes computed traits, a block of profiles at a time.

use super::bits::{self, BLOCK, Bits};
use super::column::{ABSENT, Column, EXACT, Units, number};
use super::count::Passing;
use super::filter::Filter;
use super::segment::Segment;
use super::select::{Asker, Ranges, Select, Unary, inside, inside_small, ranges_of};
use crate::ir::{Aggregate, Function, Program, Test};
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
    /// Of the property's numbers; `None` where no event has one.
    Sum(Option<&'s Units>),
    Average(Option<&'s Units>),
    Minimum(Option<&'s Units>),
    Maximum(Option<&'s Units>),
    /// The place of the first or the last event that has the property.
    First(&'s Column),
    Last(&'s Column),
}

/// The decimals of averages.
const BILLIONTHS: u8 = 9;

/// The values for a block, as far as they were asked for: units, or places of events.
#[derive(Debug)]
pub(super) struct Cells {
    cells: Vec<i64>,
    /// The same in half the room, as long as all of them fit.
    small: Vec<i32>,
    fit: bool,
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

    /// The units of a profile, or the place of an event; `None` where there is no value.
    pub(super) fn units(&self, at: usize) -> Option<i64> {
        self.cells.get(at).copied().filter(|cell| *cell != ABSENT)
    }
}

/// A condition on a computed trait.
#[derive(Debug)]
pub(super) enum OnComputed<'s> {
    Ranges(Ranges),
    Number(u8, &'s Test),
    /// On the value of an event's property.
    Select(Select<'s>),
    Never,
}

impl<'s> Computing<'s> {
    /// `None` for what is not computed from columns of numbers: texts are counted by the evaluator of one profile.
    pub(super) fn new(
        program: &'s Program,
        segment: &'s Segment,
        aggregate: &'s Aggregate,
        asker: &'s Asker<'s>,
    ) -> Option<Self> {
        let events = segment.events(aggregate.event)?;
        let column = |slot: crate::ir::PropertySlot| events.properties.get(slot.index());
        let numbers = |slot| match column(slot)? {
            Column::Absent => Some(None),
            Column::Units(units) => Some(Some(units)),
            Column::Codes(_) | Column::Texts(_) => None,
        };
        let function = match aggregate.function {
            Function::Count => Of::Count,
            Function::Sum(property) => Of::Sum(numbers(property)?),
            Function::Average(property) => Of::Average(numbers(property)?),
            Function::Minimum(property) => Of::Minimum(numbers(property)?),
            Function::Maximum(property) => Of::Maximum(numbers(property)?),
            Function::First(property) => Of::First(column(property)?),
            Function::Last(property) => Of::Last(column(property)?),
            Function::MostFrequent { .. } | Function::UniqueList(_) | Function::UniqueCount(_) => return None,
        };
        let filter = Filter::new(program, events, aggregate.filter, asker)?;
        Some(Computing {
            passing: Passing::new((aggregate.event, events), aggregate.window.bounds(asker.now()), filter),
            function,
        })
    }

    /// A condition on it.
    pub(super) fn on(&self, unary: Unary<'s>, asker: &'s Asker<'s>) -> OnComputed<'s> {
        let scale = match self.function {
            Of::First(column) | Of::Last(column) => return OnComputed::Select(Select::new(column, unary, asker)),
            Of::Count => 0,
            Of::Average(_) => BILLIONTHS,
            Of::Sum(units) | Of::Minimum(units) | Of::Maximum(units) => units.map_or(0, |units| units.scale),
        };
        match unary {
            Unary::Element(_) => OnComputed::Never,
            Unary::Test(test) => match ranges_of(scale, test, asker) {
                Some(ranges) => OnComputed::Ranges(ranges),
                None => OnComputed::Number(scale, test),
            },
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
            let value = self.value(start + at);
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
            Of::Count | Of::Sum(_) => 0,
            Of::Average(_) | Of::Minimum(_) | Of::Maximum(_) | Of::First(_) | Of::Last(_) => ABSENT,
        }
    }

    /// The value of one profile; `None` where it is none that units can be.
    fn value(&self, at: usize) -> Option<i64> {
        match self.function {
            Of::Count => {
                let counted = match self.passing.filter {
                    Filter::Always => self.passing.window(at).len(),
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
            Of::Minimum(units) => Some(units.and_then(|units| self.numbers(units, at).min()).unwrap_or(ABSENT)),
            Of::Maximum(units) => Some(units.and_then(|units| self.numbers(units, at).max()).unwrap_or(ABSENT)),
            Of::First(column) => Some(place(self.passing.of(at).find(|place| column.has(*place)))),
            Of::Last(column) => Some(place(self.passing.of(at).rfind(|place| column.has(*place)))),
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
    pub(super) fn narrow(&self, cells: &Cells, asker: &Asker<'_>, wanted: &mut Bits) {
        let found = match self {
            OnComputed::Never => bits::NONE,
            OnComputed::Ranges(ranges) if cells.fit => inside_small(&cells.small, ranges),
            OnComputed::Ranges(ranges) => inside(&cells.cells, ranges),
            OnComputed::Number(scale, test) => bits::each(wanted, |at| {
                let value = cells.units(at).map(|units| Value::Number(number(units, *scale)));
                asker.holds(Unary::Test(test), value.as_ref())
            }),
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
            OnComputed::Number(..) | OnComputed::Select(_) | OnComputed::Never => None,
        }
    }
}
