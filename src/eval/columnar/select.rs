//! A condition on one value, prepared for a column: which of its values it holds of.
//!
//! What a test means is said in [`test::holds`] alone. Here each distinct value is asked once; and of numbers, for which
//! that would be too many, the bounds are found between which a test holds, by asking.

use super::bits::{self, BLOCK, Bits};
use super::column::{ABSENT, Codes, Column, EXACT, Indices, Ints, Texts, number, power};
use crate::eval::node::{Evaluation, Place};
use crate::eval::row::Row;
use crate::eval::test;
use crate::ir::{DateTest, Instant, Literal, NodeId, Operand, Program, Test};
use crate::model::Profile;
use crate::time::Timestamp;
use crate::value::{Number, Value};

/// A condition on one value that reads nothing else of a profile.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unary<'p> {
    Test(&'p Test),
    /// One element of the list passes the filter.
    Element(NodeId),
}

/// What is needed to ask a condition about a value: whose filter, and as of when.
#[derive(Debug)]
pub(super) struct Asker<'p> {
    program: &'p Program,
    /// Bound to nothing, for what is asked reads nothing of it but the instant.
    row: Row<'p>,
    /// How much may be spent on one profile, see [`Row::BUDGET`].
    budget: u64,
}

impl<'p> Asker<'p> {
    pub(super) fn new(program: &'p Program, now: Timestamp) -> Self {
        let mut row = Row::default();
        row.set_now(program, &[], now);
        Asker {
            program,
            row,
            budget: Row::BUDGET,
        }
    }

    /// One with less to spend, which tests can use up.
    #[cfg(test)]
    pub(super) fn with_budget(self, budget: u64) -> Self {
        Asker { budget, ..self }
    }

    pub(super) fn budget(&self) -> u64 {
        self.budget
    }

    /// A profile laid out for the evaluator of one.
    pub(super) fn row<'a>(&self, profile: &'a Profile) -> Row<'a> {
        Row::new(self.program, profile, self.now()).with_budget(self.budget)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.row.now()
    }

    /// Whether a test that refers to another value holds.
    pub(super) fn compares(&self, test: &Test, value: Option<&Value>, other: Option<&Value>) -> bool {
        test::holds(test, value, self.now(), |_| other)
    }

    pub(super) fn holds(&self, unary: Unary<'_>, value: Option<&Value>) -> bool {
        match unary {
            Unary::Test(test) => test::holds(test, value, self.now(), |_| None),
            Unary::Element(filter) => {
                let asked = Evaluation::new(self.program, &self.row, &[]);
                let items = value.and_then(Value::as_list).unwrap_or_default();
                items.iter().any(|item| {
                    asked.passes(
                        filter,
                        Place {
                            event: None,
                            item: Some(item),
                        },
                    )
                })
            }
        }
    }
}

/// Of which cells of a column a condition holds. It holds of no absent value: nothing that reads one value alone does.
#[derive(Debug)]
pub(super) enum Select<'s> {
    Never,
    /// Numbers inside of one of these ranges.
    Units {
        cells: &'s Ints,
        ranges: Ranges,
    },
    /// Values whose code is marked.
    Codes {
        cells: &'s Indices,
        codes: Marked,
    },
    /// Texts that meet this.
    Texts {
        texts: &'s Texts,
        meets: Meets<'s>,
    },
    /// Texts that are dates inside of a range.
    Dates {
        texts: &'s Texts,
        ranges: Ranges,
    },
    /// Each cell is asked.
    Each {
        column: &'s Column,
        unary: Unary<'s>,
        asker: &'s Asker<'s>,
    },
}

/// Numbers from the first to the second, both included; sorted, apart from each other, and none reaches [`ABSENT`].
pub(super) type Ranges = Vec<(i64, i64)>;

/// The codes that a condition holds of.
#[derive(Debug)]
pub(super) enum Marked {
    /// One behind the other: from here, so many more.
    Run(u32, u32),
    /// Two such runs.
    Runs([(u32, u32); 2]),
    /// By code.
    Table(Vec<bool>),
}

/// What texts are compared with most.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meets<'p> {
    Equals(&'p str),
    StartsWith(&'p str),
    EndsWith(&'p str),
    Contains(&'p str),
    OneOf(&'p [Box<str>]),
}

impl Meets<'_> {
    fn meets(self, text: &str) -> bool {
        match self {
            Meets::Equals(other) => text == other,
            Meets::StartsWith(other) => text.starts_with(other),
            Meets::EndsWith(other) => text.ends_with(other),
            Meets::Contains(other) => text.contains(other),
            Meets::OneOf(sorted) => sorted.binary_search_by(|other| (**other).cmp(text)).is_ok(),
        }
    }
}

impl<'s> Select<'s> {
    pub(super) fn new(column: &'s Column, unary: Unary<'s>, asker: &'s Asker<'s>) -> Self {
        let each = Select::Each { column, unary, asker };
        match (column, unary) {
            (Column::Absent, _) => Select::Never,
            (Column::Units(units), Unary::Test(test)) => match ranges_of(units.scale, test, asker) {
                Some(ranges) if ranges.is_empty() => Select::Never,
                Some(ranges) => Select::Units {
                    cells: &units.cells,
                    ranges,
                },
                None => each,
            },
            (Column::Codes(codes), _) => {
                let marked = Marked::new(codes, |value| asker.holds(unary, Some(value)));
                marked.map_or(Select::Never, |marked| Select::Codes {
                    cells: &codes.cells,
                    codes: marked,
                })
            }
            (Column::Texts(texts), Unary::Test(test)) => match (meets(test), dates(test, asker.now())) {
                (Some(meets), _) => Select::Texts { texts, meets },
                (None, Some(ranges)) => Select::Dates { texts, ranges },
                (None, None) => each,
            },
            // Neither is a list.
            (Column::Units(_) | Column::Texts(_), Unary::Element(_)) => Select::Never,
        }
    }

    /// Whether it holds of the cell at a place.
    pub(super) fn holds(&self, at: usize) -> bool {
        match self {
            Select::Never => false,
            Select::Units { cells, ranges } => cells.at(at).is_some_and(|cell| is_inside(cell, ranges)),
            Select::Codes { cells, codes } => codes.has(u32::try_from(cells.at(at)).unwrap_or(0)),
            Select::Texts { texts, meets } => texts.text(at).is_some_and(|text| meets.meets(text)),
            Select::Dates { texts, ranges } => {
                let date = texts.dates().get(at);
                date.is_some_and(|date| is_inside(*date, ranges))
            }
            Select::Each { column, unary, asker } => asker.holds(*unary, column.value(at).as_deref()),
        }
    }

    /// Whether asking a whole block costs little.
    pub(super) fn is_quick(&self) -> bool {
        !matches!(self, Select::Texts { .. } | Select::Each { .. })
    }

    /// Leaves those of the block from `start` on in the set of whose cells it holds.
    pub(super) fn narrow(&self, start: usize, wanted: &mut Bits) {
        let found = match self {
            Select::Never => bits::NONE,
            Select::Units {
                cells: Ints::I32(cells),
                ranges,
            } => inside_small(part(cells, start), ranges),
            Select::Units {
                cells: Ints::I64(cells),
                ranges,
            } => inside(part(cells, start), ranges),
            Select::Codes { cells, codes } => match cells {
                Indices::U8(cells) => codes.block(
                    part(cells, start),
                    |code| u8::try_from(code).unwrap_or(u8::MAX),
                    u8::wrapping_sub,
                ),
                Indices::U16(cells) => codes.block(
                    part(cells, start),
                    |code| u16::try_from(code).unwrap_or(u16::MAX),
                    u16::wrapping_sub,
                ),
                Indices::U32(cells) => codes.block(part(cells, start), |code| code, u32::wrapping_sub),
            },
            Select::Dates { texts, ranges } => inside(part(texts.dates(), start), ranges),
            Select::Texts { .. } | Select::Each { .. } => {
                *wanted = bits::each(wanted, |at| self.holds(start + at));
                return;
            }
        };
        bits::keep(wanted, &found);
    }
}

/// The cells of a block.
pub(super) fn part<T>(cells: &[T], start: usize) -> &[T] {
    let cells = cells.get(start..).unwrap_or_default();
    cells.get(..BLOCK).unwrap_or(cells)
}

fn widened(cell: i32) -> i64 {
    if cell == i32::MIN { ABSENT } else { i64::from(cell) }
}

/// The same of 32-bit numbers, of which the processor compares twice as many at once.
pub(super) fn inside_small(cells: &[i32], ranges: &Ranges) -> Bits {
    match ranges.as_slice() {
        [(low, high)] => match narrowed(*low, *high) {
            Some((low, high)) => bits::pack(cells, |cell| (low <= cell) & (cell <= high)),
            None => bits::NONE,
        },
        _ => bits::pack(cells, |cell| is_inside(widened(cell), ranges)),
    }
}

/// What of a range 32-bit numbers can be in.
fn narrowed(low: i64, high: i64) -> Option<(i32, i32)> {
    let (least, most) = (i64::from(i32::MIN + 1), i64::from(i32::MAX));
    let (low, high) = (low.max(least), high.min(most));
    (low <= high).then_some(())?;
    Some((i32::try_from(low).ok()?, i32::try_from(high).ok()?))
}

/// Which of the numbers lie in a range.
pub(super) fn inside(cells: &[i64], ranges: &Ranges) -> Bits {
    match ranges.as_slice() {
        [(low, high)] => bits::pack(cells, |cell| (*low <= cell) & (cell <= *high)),
        _ => bits::pack(cells, |cell| is_inside(cell, ranges)),
    }
}

pub(super) fn is_inside(cell: i64, ranges: &[(i64, i64)]) -> bool {
    match ranges {
        [(low, high)] => *low <= cell && cell <= *high,
        ranges => {
            let at = ranges.partition_point(|(_, high)| *high < cell);
            ranges.get(at).is_some_and(|(low, _)| *low <= cell)
        }
    }
}

impl Marked {
    /// `None` where there is none.
    fn new(codes: &Codes, mut holds: impl FnMut(&Value) -> bool) -> Option<Self> {
        let mut table = vec![false];
        table.extend(codes.values.iter().map(&mut holds));
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for (code, _) in (0..).zip(&table).filter(|(_, marked)| **marked) {
            match runs.last_mut() {
                Some((first, more)) if *first + *more + 1 == code => *more += 1,
                _ => runs.push((code, 0)),
            }
        }
        match runs.as_slice() {
            [] => None,
            [(first, more)] => Some(Marked::Run(*first, *more)),
            [one, other] => Some(Marked::Runs([*one, *other])),
            _ => Some(Marked::Table(table)),
        }
    }

    pub(super) fn has(&self, code: u32) -> bool {
        match self {
            Marked::Run(first, more) => code.wrapping_sub(*first) <= *more,
            Marked::Runs(runs) => runs.iter().any(|(first, more)| code.wrapping_sub(*first) <= *more),
            Marked::Table(table) => table.get(code as usize).copied().unwrap_or(false),
        }
    }

    fn block<T: Copy + Ord>(&self, cells: &[T], narrow: impl Fn(u32) -> T, minus: impl Fn(T, T) -> T) -> Bits
    where
        u32: From<T>,
    {
        match self {
            Marked::Run(first, more) => {
                let (first, more) = (narrow(*first), narrow(*more));
                bits::pack(cells, |code| minus(code, first) <= more)
            }
            Marked::Runs([one, other]) => {
                let (one, other) = ((narrow(one.0), narrow(one.1)), (narrow(other.0), narrow(other.1)));
                bits::pack(cells, |code| {
                    (minus(code, one.0) <= one.1) | (minus(code, other.0) <= other.1)
                })
            }
            Marked::Table(_) => bits::pack(cells, |code| self.has(u32::from(code))),
        }
    }
}

/// What a test asks of a text, if that is only whether it is, or has in it, a given one. A text that is read as such is
/// compared as it stands.
fn meets(test: &Test) -> Option<Meets<'_>> {
    let text = |operand| match operand {
        &Operand::Literal(Literal::Text(ref text)) => Some(&**text),
        _ => None,
    };
    match test {
        Test::Equals(operand) => text(operand).map(Meets::Equals),
        Test::StartsWith(operand) => text(operand).map(Meets::StartsWith),
        Test::EndsWith(operand) => text(operand).map(Meets::EndsWith),
        Test::Contains(operand) => text(operand).map(Meets::Contains),
        Test::OneOf(list) if list.texts.len() == list.len() => Some(Meets::OneOf(&list.texts)),
        _ => None,
    }
}

/// The dates of which a test on a date holds.
fn dates(test: &Test, now: Timestamp) -> Option<Ranges> {
    let Test::Date(test) = test else { return None };
    let (after, until) = test::dates(test, now, |_| None)?;
    Some(vec![(after.as_millis().saturating_add(1), until.as_millis())])
}

/// The units of which a test holds, if it asks of a number only where it lies among others.
pub(super) fn ranges_of(scale: u8, test: &Test, asker: &Asker<'_>) -> Option<Ranges> {
    let all = (ABSENT + 1, i64::MAX);
    let numbers: Vec<Number> = match test {
        Test::Exists => return Some(vec![all]),
        Test::Compare(_, Operand::Literal(Literal::Number(number)))
        | Test::Equals(Operand::Literal(Literal::Number(number)))
        | Test::NotEquals(Operand::Literal(Literal::Number(number))) => vec![*number],
        Test::OneOf(list) | Test::NoneOf(list) if list.numbers.len() == list.len() => list.numbers.clone(),
        // A number is no date, and read as one it is none in a list of them.
        Test::Date(test) if !matches!(test, DateTest::Before(Instant::Of(_)) | DateTest::After(Instant::Of(_))) => {
            return Some(Vec::new());
        }
        _ => return None,
    };
    // Between two numbers that it is compared with a test has one answer.
    let mut bounds = vec![if scale == 0 { ABSENT + 1 } else { -EXACT }];
    for other in &numbers {
        let at = |order: fn(std::cmp::Ordering) -> bool| {
            first_where(scale, *other, |units| order(number(units, scale).compare(*other)))
        };
        bounds.extend(at(std::cmp::Ordering::is_ge));
        bounds.extend(at(std::cmp::Ordering::is_gt));
    }
    bounds.sort_unstable();
    bounds.dedup();
    let ends = bounds.iter().skip(1).map(|bound| bound - 1).chain([i64::MAX]);
    let mut ranges = Ranges::new();
    for (first, last) in bounds.iter().copied().zip(ends) {
        let value = Value::Number(number(first, scale));
        if !asker.holds(Unary::Test(test), Some(&value)) {
            continue;
        }
        match ranges.last_mut() {
            Some(before) if before.1 + 1 == first => before.1 = last,
            _ => ranges.push((first, last)),
        }
    }
    Some(ranges)
}

/// The first units from which on it holds; `None` where it never does. They lie near a number, most likely.
fn first_where(scale: u8, near: Number, holds: impl Fn(i64) -> bool) -> Option<i64> {
    const NEAR: i64 = 2;
    let (first, last) = if scale == 0 {
        (ABSENT + 1, i64::MAX)
    } else {
        (-EXACT, EXACT)
    };
    #[expect(clippy::cast_precision_loss, reason = "a power of ten below 2⁵³")]
    let unit = power(scale) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "a guess, and it saturates")]
    let guess = (near.as_f64() * unit) as i64;
    let low = guess.saturating_sub(NEAR).clamp(first, last);
    let high = guess.saturating_add(NEAR).clamp(first, last);
    // Where the guess is wrong, all of them are searched.
    let (low, high) = if (low == first || !holds(low - 1)) && holds(high) {
        (low, high)
    } else {
        (first, last)
    };
    let (mut low, mut high) = (i128::from(low), i128::from(high) + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match i64::try_from(middle) {
            Ok(units) if !holds(units) => low = middle + 1,
            _ => high = middle,
        }
    }
    i64::try_from(low).ok().filter(|units| *units <= last)
}
