//! The values that one trait or one property has, profile by profile or event by event.
//!
//! A column keeps each value exactly: whatever is asked of it has the answer that the value itself would give. Values that
//! are alike are kept in the form that takes the least room and is tested the fastest; a column of different kinds of
//! values keeps each distinct one once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use crate::eval::test::Key;
use crate::time::Timestamp;
use crate::value::{Decimal, Number, Value};

/// Stands for an absent value among units and dates.
pub(super) const ABSENT: i64 = i64::MIN;
/// Up to here every integer is a double, and so are exact quotients of two of them that are rounded once.
pub(super) const EXACT: i64 = 1 << 53;
/// Doubles of this magnitude or less are nearer than half a billionth to the decimal they stand for, if that has nine
/// decimals or fewer: rounding them to billionths, as sums do, gives back the decimal.
const NEAR: i64 = 1 << 22;
/// The most decimals that numbers are kept with: as many as sums are exact to.
const DECIMALS: u8 = 9;
/// Texts of which at least every so many-th is new are kept one by one.
const REPEATED: usize = 4;

/// The values of one trait or property.
#[derive(Debug)]
pub(crate) enum Column {
    /// There is none.
    Absent,
    /// Numbers with few decimals.
    Units(Units),
    /// Values that repeat, by their place among the distinct ones.
    Codes(Codes),
    /// Texts of which most are different.
    Texts(Texts),
}

/// Numbers, counted in units of 10^−scale.
#[derive(Debug, Clone)]
pub(crate) struct Units {
    pub(super) cells: Ints,
    pub(super) scale: u8,
}

/// Whole numbers, [`ABSENT`] (or its 32-bit likeness) where there is none.
#[derive(Debug, Clone)]
pub(crate) enum Ints {
    I32(Vec<i32>),
    I64(Vec<i64>),
}

/// Indices in a list of values, counted from 1; 0 is absent.
#[derive(Debug)]
pub(crate) struct Codes {
    pub(super) cells: Indices,
    /// Each once; where all are texts, sorted.
    pub(super) values: Vec<Value>,
}

#[derive(Debug)]
pub(crate) enum Indices {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
}

/// Texts, one behind the other.
#[derive(Debug)]
pub(crate) struct Texts {
    bytes: String,
    /// Where each begins, and the last one ends.
    ends: Vec<u32>,
    /// Whether each is there; a text can be empty. `None` where all are.
    present: Option<Vec<bool>>,
    /// Each read as a date, [`ABSENT`] where it is none. Made when it is first asked for.
    dates: OnceLock<Vec<i64>>,
}

impl Column {
    /// The value at a place; `None` where it is absent.
    pub(super) fn value(&self, at: usize) -> Option<Cow<'_, Value>> {
        match self {
            Column::Absent => None,
            Column::Units(units) => units.number(at).map(|number| Cow::Owned(Value::Number(number))),
            Column::Codes(codes) => codes.values.get(codes.code(at).checked_sub(1)?).map(Cow::Borrowed),
            Column::Texts(texts) => texts.text(at).map(|text| Cow::Owned(Value::String(text.into()))),
        }
    }

    /// What sums and the like count: the values read as numbers, those that are none left out. Nothing where there is no number;
    /// `None` where units cannot be all of them.
    pub(super) fn numbers(&self) -> Option<Option<Cow<'_, Units>>> {
        let mut growing = Growing::new();
        match self {
            Column::Absent => return Some(None),
            Column::Units(units) => return Some(Some(Cow::Borrowed(units))),
            Column::Codes(codes) => {
                let number = |value: &Value| value.read_number().map_or(Cell::Absent, Cell::Number);
                let numbers: Vec<Cell<'_>> = std::iter::once(Cell::Absent)
                    .chain(codes.values.iter().map(number))
                    .collect();
                for at in 0..codes.cells.len() {
                    growing.push(numbers.get(codes.code(at)).copied().unwrap_or(Cell::Absent));
                }
            }
            Column::Texts(texts) => {
                for at in 0..texts.len() {
                    let number = texts.text(at).and_then(Number::parse);
                    growing.push(number.map_or(Cell::Absent, Cell::Number));
                }
            }
        }
        match growing.finish() {
            Column::Absent => Some(None),
            Column::Units(units) => Some(Some(Cow::Owned(units))),
            Column::Codes(_) | Column::Texts(_) => None,
        }
    }

    /// Whether there is a value at a place.
    pub(super) fn has(&self, at: usize) -> bool {
        match self {
            Column::Absent => false,
            Column::Units(units) => units.units(at).is_some(),
            Column::Codes(codes) => codes.code(at) != 0,
            Column::Texts(texts) => texts.text(at).is_some(),
        }
    }

    /// The room it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Column::Absent => 0,
            Column::Units(units) => match &units.cells {
                Ints::I32(cells) => cells.capacity() * 4,
                Ints::I64(cells) => cells.capacity() * 8,
            },
            Column::Codes(codes) => {
                let cells = match &codes.cells {
                    Indices::U8(cells) => cells.capacity(),
                    Indices::U16(cells) => cells.capacity() * 2,
                    Indices::U32(cells) => cells.capacity() * 4,
                };
                cells + codes.values.iter().map(size).sum::<usize>()
            }
            Column::Texts(texts) => {
                let dates = texts.dates.get().map_or(0, |dates| dates.capacity() * 8);
                let present = texts.present.as_ref().map_or(0, Vec::capacity);
                texts.bytes.capacity() + texts.ends.capacity() * 4 + present + dates
            }
        }
    }
}

fn size(value: &Value) -> usize {
    let inner = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::List(items) => items.iter().map(size).sum(),
        Value::Object(object) => object.iter().map(|(_, value)| 16 + size(value)).sum(),
    };
    size_of::<Value>() + inner
}

impl Units {
    /// The units at a place; `None` where there is no number.
    pub(super) fn units(&self, at: usize) -> Option<i64> {
        self.cells.at(at)
    }

    fn number(&self, at: usize) -> Option<Number> {
        self.units(at).map(|units| number(units, self.scale))
    }
}

/// The number of so many units: an integer, or the nearest double. With decimals the units are [`EXACT`] at most; so of two
/// of them the larger gives the larger number.
pub(super) fn number(units: i64, scale: u8) -> Number {
    let unit = power(scale);
    let whole = Number::from(units / unit);
    if units % unit == 0 {
        return whole;
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "both are exact doubles, and the quotient is rounded once"
    )]
    let quotient = units as f64 / unit as f64;
    Number::from_f64(quotient).unwrap_or(whole)
}

/// 10^scale.
pub(super) fn power(scale: u8) -> i64 {
    10_i64.pow(u32::from(scale.min(DECIMALS)))
}

impl Codes {
    /// The code at a place: 0 where there is no value, else one more than its place in `values`.
    fn code(&self, at: usize) -> usize {
        self.cells.at(at)
    }
}

impl Indices {
    fn len(&self) -> usize {
        match self {
            Indices::U8(cells) => cells.len(),
            Indices::U16(cells) => cells.len(),
            Indices::U32(cells) => cells.len(),
        }
    }

    /// The number at a place, 0 for none.
    pub(super) fn at(&self, at: usize) -> usize {
        match self {
            Indices::U8(cells) => cells.get(at).copied().unwrap_or(0).into(),
            Indices::U16(cells) => cells.get(at).copied().unwrap_or(0).into(),
            Indices::U32(cells) => cells.get(at).copied().unwrap_or(0) as usize,
        }
    }
}

impl Texts {
    fn len(&self) -> usize {
        self.ends.len().saturating_sub(1)
    }

    pub(super) fn text(&self, at: usize) -> Option<&str> {
        if self
            .present
            .as_ref()
            .is_some_and(|present| !present.get(at).copied().unwrap_or(false))
        {
            return None;
        }
        let start = *self.ends.get(at)? as usize;
        let end = *self.ends.get(at + 1)? as usize;
        self.bytes.get(start..end)
    }

    /// Each read as a date, [`ABSENT`] where it is none.
    pub(super) fn dates(&self) -> &[i64] {
        self.dates.get_or_init(|| {
            let dates = (0..self.len()).map(|at| self.text(at).and_then(Timestamp::parse));
            dates.map(|date| date.map_or(ABSENT, Timestamp::as_millis)).collect()
        })
    }
}

/// A value on its way into a column.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'v> {
    Absent,
    Number(Number),
    Text(&'v str),
    /// Any other; never `null`.
    Value(&'v Value),
}

impl<'v> Cell<'v> {
    pub(crate) fn of(value: Option<&'v Value>) -> Self {
        match value.and_then(Value::present) {
            None => Cell::Absent,
            Some(Value::Number(number)) => Cell::Number(*number),
            Some(Value::String(text)) => Cell::Text(text),
            Some(value) => Cell::Value(value),
        }
    }

    fn to_value(self) -> Value {
        match self {
            Cell::Absent => Value::Null,
            Cell::Number(number) => Value::Number(number),
            Cell::Text(text) => Value::from(text),
            Cell::Value(value) => value.clone(),
        }
    }
}

/// A column that grows. It begins in the form of its first value, and changes to a wider one where a value does not fit.
#[derive(Debug)]
pub(crate) struct Growing {
    form: Form,
    count: usize,
}

#[derive(Debug)]
enum Form {
    Absent,
    Units {
        cells: Vec<i64>,
        scale: u8,
    },
    Texts {
        bytes: String,
        ends: Vec<u32>,
        present: Vec<bool>,
    },
    Any(Vec<Value>),
}

impl Growing {
    pub(crate) fn new() -> Self {
        Growing {
            form: Form::Absent,
            count: 0,
        }
    }

    /// The value of the next place.
    pub(crate) fn push(&mut self, cell: Cell<'_>) {
        if let Form::Absent = self.form {
            self.form = self.begin(cell);
        }
        if !self.form.push(cell) {
            self.widen();
            self.form.push(cell);
        }
        self.count += 1;
    }

    /// The form for a first value, with as many absent ones as there were.
    fn begin(&self, cell: Cell<'_>) -> Form {
        match cell {
            Cell::Absent => Form::Absent,
            Cell::Number(_) => Form::Units {
                cells: vec![ABSENT; self.count],
                scale: 0,
            },
            Cell::Text(_) => Form::Texts {
                bytes: String::new(),
                ends: vec![0; self.count + 1],
                present: vec![false; self.count],
            },
            Cell::Value(_) => Form::Any(vec![Value::Null; self.count]),
        }
    }

    /// Takes on the form that any value fits.
    fn widen(&mut self) {
        let form = std::mem::replace(&mut self.form, Form::Absent);
        let column = Growing {
            form,
            count: self.count,
        }
        .finish();
        let values = (0..self.count).map(|at| column.value(at).map(Cow::into_owned).unwrap_or_default());
        self.form = Form::Any(values.collect());
    }

    /// The column.
    pub(crate) fn finish(self) -> Column {
        match self.form {
            Form::Absent => Column::Absent,
            Form::Units { cells, scale } => Column::Units(Units {
                cells: Ints::new(cells),
                scale,
            }),
            Form::Texts { bytes, ends, present } => texts(bytes, ends, present),
            Form::Any(values) => codes(values.into_iter().map(|value| match value {
                Value::Null => None,
                value => Some(value),
            })),
        }
    }
}

impl Form {
    /// `false` where the value does not fit.
    fn push(&mut self, cell: Cell<'_>) -> bool {
        match (self, cell) {
            (Form::Absent, cell) => matches!(cell, Cell::Absent),
            (Form::Units { cells, .. }, Cell::Absent) => {
                cells.push(ABSENT);
                true
            }
            (Form::Units { cells, scale }, Cell::Number(number)) => match units(number, *scale) {
                Some((units, needed)) if needed == *scale => {
                    cells.push(units);
                    true
                }
                Some((units, needed)) => {
                    let times = power(needed - *scale);
                    let fits =
                        |cell: &i64| *cell == ABSENT || cell.checked_mul(times).is_some_and(|c| c.abs() <= EXACT);
                    if !cells.iter().all(fits) {
                        return false;
                    }
                    cells
                        .iter_mut()
                        .filter(|cell| **cell != ABSENT)
                        .for_each(|cell| *cell *= times);
                    *scale = needed;
                    cells.push(units);
                    true
                }
                None => false,
            },
            (Form::Texts { bytes, ends, present }, cell) => {
                let text = match cell {
                    Cell::Absent => "",
                    Cell::Text(text) => text,
                    Cell::Number(_) | Cell::Value(_) => return false,
                };
                let Ok(end) = u32::try_from(bytes.len() + text.len()) else {
                    return false;
                };
                bytes.push_str(text);
                ends.push(end);
                present.push(matches!(cell, Cell::Text(_)));
                true
            }
            (Form::Any(values), cell) => {
                values.push(cell.to_value());
                true
            }
            (Form::Units { .. }, Cell::Text(_) | Cell::Value(_)) => false,
        }
    }
}

impl Ints {
    /// The number at a place; `None` where there is none.
    pub(super) fn at(&self, at: usize) -> Option<i64> {
        match self {
            Ints::I32(cells) => cells
                .get(at)
                .filter(|cell| **cell != i32::MIN)
                .map(|cell| i64::from(*cell)),
            Ints::I64(cells) => cells.get(at).filter(|cell| **cell != ABSENT).copied(),
        }
    }

    /// In the fewest bytes.
    fn new(cells: Vec<i64>) -> Ints {
        let small = |cell: &i64| *cell == ABSENT || i32::try_from(*cell).is_ok_and(|cell| cell != i32::MIN);
        if cells.iter().all(small) {
            let cells = cells.into_iter().map(|cell| i32::try_from(cell).unwrap_or(i32::MIN));
            Ints::I32(cells.collect())
        } else {
            Ints::I64(cells)
        }
    }
}

/// The units of a number, and the scale they are of: the one given, or a larger one. `None` where there are none that
/// lead back to the very number, and to the decimal that sums count it as.
fn units(number: Number, scale: u8) -> Option<(i64, u8)> {
    if let Some(whole) = number.as_i128() {
        let units = i64::try_from(whole).ok()?.checked_mul(power(scale))?;
        let exact = scale == 0 || units.abs() <= EXACT;
        // From 10¹⁸ on sums leave a number out.
        return (exact && Decimal::round(number).is_some()).then_some((units, scale));
    }
    let double = number.as_f64();
    for scale in scale..=DECIMALS {
        #[expect(clippy::cast_precision_loss, reason = "a power of ten below 2⁵³")]
        let unit = power(scale) as f64;
        let scaled = (double * unit).round();
        #[expect(clippy::cast_precision_loss, reason = "the bound is exact")]
        if scaled.abs() > EXACT as f64 {
            return None;
        }
        #[expect(clippy::float_cmp, reason = "the very number is wanted")]
        if scaled / unit == double {
            #[expect(clippy::cast_possible_truncation, reason = "whole, and within ±2⁵³")]
            let units = scaled as i64;
            let sound = units.abs() / power(scale) < NEAR
                || Decimal::round(number) == Some(Decimal::units(i128::from(units), scale));
            return sound.then_some((units, scale));
        }
    }
    None
}

/// Texts: by their places among the distinct ones where they repeat, else one by one.
fn texts(bytes: String, ends: Vec<u32>, present: Vec<bool>) -> Column {
    let texts = Texts {
        bytes,
        ends,
        present: Some(present),
        dates: OnceLock::new(),
    };
    let count = texts.ends.len() - 1;
    let most = few(count);
    let mut places: HashMap<&str, u32> = HashMap::new();
    let mut cells = Vec::with_capacity(count);
    for at in 0..count {
        let code = match texts.text(at) {
            None => 0,
            Some(text) => {
                let next = u32::try_from(places.len() + 1).unwrap_or(u32::MAX);
                *places.entry(text).or_insert(next)
            }
        };
        cells.push(code);
        if places.len() > most {
            let present = texts.present.filter(|present| present.contains(&false));
            let (mut bytes, mut ends) = (texts.bytes, texts.ends);
            bytes.shrink_to_fit();
            ends.shrink_to_fit();
            return Column::Texts(Texts {
                bytes,
                ends,
                present,
                dates: OnceLock::new(),
            });
        }
    }
    let mut sorted: Vec<(&str, u32)> = places.into_iter().collect();
    sorted.sort_unstable();
    let places: Vec<u32> = sorted.iter().map(|(_, place)| *place).collect();
    let cells = renumbered(cells, &places);
    let values = sorted.into_iter().map(|(text, _)| Value::String(text.into())).collect();
    Column::Codes(Codes::new(cells, values))
}

/// Up to how many distinct texts among so many values are kept by code.
fn few(count: usize) -> usize {
    (count / REPEATED).max(16)
}

#[cfg(feature = "parquet")]
impl Column {
    /// Texts that were found by code already: a code for each place, 0 for none, and what the codes from 1 on say. The texts are
    /// sorted and differ; not all of them need occur.
    pub(crate) fn of_texts(cells: Vec<u32>, texts: &[impl AsRef<str>]) -> Column {
        let mut codes = vec![0_u32; texts.len() + 1];
        for cell in &cells {
            if let Some(code) = codes.get_mut(*cell as usize) {
                *code = 1;
            }
        }
        let mut values = Vec::new();
        for (code, text) in codes.iter_mut().skip(1).zip(texts) {
            if *code == 1 {
                values.push(text.as_ref());
                *code = u32::try_from(values.len()).unwrap_or(u32::MAX);
            }
        }
        if values.is_empty() {
            return Column::Absent;
        }
        if values.len() > few(cells.len()) {
            let mut growing = Growing::new();
            for cell in cells {
                let text = (cell as usize).checked_sub(1).and_then(|place| texts.get(place));
                growing.push(text.map_or(Cell::Absent, |text| Cell::Text(text.as_ref())));
            }
            return growing.finish();
        }
        if let Some(absent) = codes.first_mut() {
            *absent = 0;
        }
        let cells = cells
            .into_iter()
            .map(|cell| codes.get(cell as usize).copied().unwrap_or(0));
        Column::Codes(Codes::new(
            cells.collect(),
            values.into_iter().map(Value::from).collect(),
        ))
    }
}

/// Cells that held places as they were given, by the order that these have now.
fn renumbered(mut cells: Vec<u32>, places: &[u32]) -> Vec<u32> {
    let mut codes = vec![0; places.len() + 1];
    for (code, place) in (1..).zip(places) {
        if let Some(known) = codes.get_mut(*place as usize) {
            *known = code;
        }
    }
    for cell in &mut cells {
        *cell = codes.get(*cell as usize).copied().unwrap_or(0);
    }
    cells
}

fn codes(values: impl Iterator<Item = Option<Value>>) -> Column {
    let mut places: HashMap<Value, u32> = HashMap::new();
    let cells: Vec<u32> = values
        .map(|value| match value {
            None => 0,
            Some(value) => {
                let next = u32::try_from(places.len() + 1).unwrap_or(u32::MAX);
                *places.entry(value).or_insert(next)
            }
        })
        .collect();
    // In the order of numbers first, so that a comparison holds of values that stand together.
    let mut sorted: Vec<(Value, u32)> = places.into_iter().collect();
    sorted.sort_by(|(a, _), (b, _)| Key::of(a).cmp(&Key::of(b)));
    let (values, places): (Vec<Value>, Vec<u32>) = sorted.into_iter().unzip();
    Column::Codes(Codes::new(renumbered(cells, &places), values))
}

impl Codes {
    /// In the fewest bytes.
    fn new(cells: Vec<u32>, values: Vec<Value>) -> Codes {
        let cells = match values.len() {
            0..=0xff => Indices::U8(cells.into_iter().map(|code| u8::try_from(code).unwrap_or(0)).collect()),
            0x100..=0xffff => Indices::U16(cells.into_iter().map(|code| u16::try_from(code).unwrap_or(0)).collect()),
            _ => Indices::U32(cells),
        };
        Codes { cells, values }
    }
}
