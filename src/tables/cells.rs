//! From the values of a Parquet file to those that conditions are asked of.

use std::collections::HashMap;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, Int32Array, StringArray};
use arrow_schema::{DataType, TimeUnit};

use crate::eval::columnar::{Cell, Column, Growing};
use crate::time::Timestamp;
use crate::value::{Number, Object, Value};

const MILLIS_OF_DAY: i64 = 86_400_000;

/// Texts by code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dictionary<'a> {
    codes: &'a Int32Array,
    pub(super) texts: &'a StringArray,
}

impl<'a> Dictionary<'a> {
    pub(super) fn of(array: &'a dyn Array) -> Option<Self> {
        let coded = array.as_dictionary_opt::<Int32Type>()?;
        Some(Dictionary {
            codes: coded.keys(),
            texts: coded.values().as_string_opt()?,
        })
    }

    /// The code of a row; `None` for NULL.
    pub(super) fn code(&self, row: usize) -> Option<usize> {
        match self.codes.is_null(row) {
            true => None,
            false => usize::try_from(*self.codes.values().get(row)?).ok(),
        }
    }

    fn text(&self, row: usize) -> Option<&'a str> {
        let code = self.code(row).filter(|code| *code < self.texts.len())?;
        self.texts.is_valid(code).then(|| self.texts.value(code))
    }
}

/// Whether two lists of texts are one in memory.
pub(super) fn same(a: &StringArray, b: &StringArray) -> bool {
    address(a) == address(b)
}

fn address(texts: &StringArray) -> (usize, usize, usize) {
    let (bytes, ends) = (texts.value_data().as_ptr(), texts.value_offsets().as_ptr());
    (bytes.addr(), ends.addr(), texts.len())
}

/// The texts of a column, of which many rows are asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Words<'a> {
    Coded(Dictionary<'a>),
    Each(&'a StringArray),
    /// It has none.
    Other,
}

impl<'a> Words<'a> {
    pub(super) fn of(array: &'a dyn Array) -> Self {
        match (Dictionary::of(array), array.as_string_opt()) {
            (Some(coded), _) => Words::Coded(coded),
            (None, Some(texts)) => Words::Each(texts),
            (None, None) => Words::Other,
        }
    }

    /// The text of a row; `None` for NULL, and where it is no text.
    pub(super) fn text(&self, row: usize) -> Option<&'a str> {
        match self {
            Words::Coded(coded) => coded.text(row),
            Words::Each(texts) => (row < texts.len() && texts.is_valid(row)).then(|| texts.value(row)),
            Words::Other => None,
        }
    }
}

/// The same of one row.
pub(super) fn text(array: &dyn Array, row: usize) -> Option<&str> {
    Words::of(array).text(row)
}

/// The instants of rows, in milliseconds; cut where the unit is a smaller one. `None` where it is no column of instants.
pub(super) fn millis(array: &dyn Array) -> Option<Box<dyn Fn(usize) -> i64 + '_>> {
    match array.data_type() {
        DataType::Int64 => {
            let values = array.as_primitive_opt::<Int64Type>()?.values();
            Some(Box::new(|row| values.get(row).copied().unwrap_or_default()))
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            let values = array.as_primitive_opt::<TimestampMillisecondType>()?.values();
            Some(Box::new(|row| values.get(row).copied().unwrap_or_default()))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let values = array.as_primitive_opt::<TimestampMicrosecondType>()?.values();
            Some(Box::new(|row| {
                values.get(row).copied().unwrap_or_default().div_euclid(1_000)
            }))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            let values = array.as_primitive_opt::<TimestampNanosecondType>()?.values();
            Some(Box::new(|row| {
                values.get(row).copied().unwrap_or_default().div_euclid(1_000_000)
            }))
        }
        _ => None,
    }
}

/// The value of a row: `null` where it is NULL, and where conditions know no such value.
pub(super) fn value(array: &dyn Array, row: usize) -> Value {
    if row >= array.len() || array.is_null(row) {
        return Value::Null;
    }
    found(array, row).unwrap_or_default()
}

/// The same of a row that is there, and not NULL.
fn found(array: &dyn Array, row: usize) -> Option<Value> {
    macro_rules! number {
        ($kind:ty, $number:expr) => {
            Some(Value::Number($number(
                array.as_primitive_opt::<$kind>()?.value(row),
            )?))
        };
    }
    let signed = |value: i64| Some(Number::from(value));
    let unsigned = |value: u64| Some(Number::from(value));
    match array.data_type() {
        DataType::Boolean => Some(Value::Bool(array.as_boolean_opt()?.value(row))),
        DataType::Int8 => number!(Int8Type, |value: i8| signed(value.into())),
        DataType::Int16 => number!(Int16Type, |value: i16| signed(value.into())),
        DataType::Int32 => number!(Int32Type, |value: i32| signed(value.into())),
        DataType::Int64 => number!(Int64Type, signed),
        DataType::UInt8 => number!(UInt8Type, |value: u8| unsigned(value.into())),
        DataType::UInt16 => number!(UInt16Type, |value: u16| unsigned(value.into())),
        DataType::UInt32 => number!(UInt32Type, |value: u32| unsigned(value.into())),
        DataType::UInt64 => number!(UInt64Type, unsigned),
        DataType::Float16 => number!(Float16Type, |value| Number::from_f64(f64::from(value))),
        DataType::Float32 => number!(Float32Type, |value: f32| Number::from_f64(value.into())),
        DataType::Float64 => number!(Float64Type, Number::from_f64),
        DataType::Decimal128(_, scale) => {
            let value = array.as_primitive_opt::<Decimal128Type>()?.value(row);
            decimal(&Decimal128Type::format_decimal(value, u8::MAX, *scale))
        }
        DataType::Decimal256(_, scale) => {
            let value = array.as_primitive_opt::<Decimal256Type>()?.value(row);
            decimal(&Decimal256Type::format_decimal(value, u8::MAX, *scale))
        }
        DataType::Date32 => {
            let days = array.as_primitive_opt::<Date32Type>()?.value(row);
            let text = Timestamp::from_millis(i64::from(days) * MILLIS_OF_DAY).to_string();
            Some(Value::from(text.strip_suffix("T00:00:00Z").unwrap_or(&text)))
        }
        // Outside of the years 0000 to 9999 the text is no date.
        DataType::Timestamp(..) => Some(Value::from(Timestamp::from_millis(millis(array)?(row)).to_string())),
        DataType::Dictionary(..) | DataType::Utf8 => Some(Value::from(text(array, row)?)),
        DataType::List(_) => {
            let items = array.as_list_opt::<i32>()?.value(row);
            Some(Value::List((0..items.len()).map(|at| value(&items, at)).collect()))
        }
        DataType::Struct(fields) => {
            let object = array.as_struct_opt()?;
            let entries = fields.iter().zip(object.columns());
            let entries = entries.map(|(field, column)| (field.name().as_str(), value(column, row)));
            let entries = entries.filter(|(_, value)| *value != Value::Null);
            Some(Value::Object(entries.collect::<Object>()))
        }
        _ => None,
    }
}

/// A decimal as the integer that it is, or the nearest double.
fn decimal(text: &str) -> Option<Value> {
    Number::parse(text).map(Value::Number)
}

/// Puts the values of some rows into a column.
fn extend(growing: &mut Growing, array: &dyn Array, rows: Range<usize>) {
    let valid = |row: &usize| *row < array.len() && array.is_valid(*row);
    macro_rules! numbers {
        ($kind:ty, $number:expr) => {
            if let Some(values) = array.as_primitive_opt::<$kind>() {
                for row in rows {
                    let number = if valid(&row) {
                        $number(values.value(row))
                    } else {
                        None
                    };
                    growing.push(number.map_or(Cell::Absent, Cell::Number));
                }
            }
        };
    }
    match array.data_type() {
        DataType::Float64 => numbers!(Float64Type, Number::from_f64),
        DataType::Int64 => numbers!(Int64Type, |value: i64| Some(Number::from(value))),
        DataType::Int32 => numbers!(Int32Type, |value: i32| Some(Number::from(i64::from(value)))),
        DataType::Utf8 | DataType::Dictionary(..) => {
            let words = Words::of(array);
            for row in rows {
                growing.push(words.text(row).map_or(Cell::Absent, Cell::Text));
            }
        }
        DataType::Null => rows.for_each(|_| growing.push(Cell::Absent)),
        _ => {
            for row in rows {
                growing.push(Cell::of(Some(&value(array, row))));
            }
        }
    }
}

/// Some rows of one of several arrays; of none, so many rows without a value.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) array: Option<usize>,
    pub(super) rows: Range<usize>,
}

/// The texts of all dictionaries of a column of a table, and where those of each stand among them.
#[derive(Debug, Default)]
pub(super) struct Texts<'a> {
    sorted: Vec<&'a str>,
    /// By the address of a dictionary and its code, the place among the sorted ones, counted from 1.
    places: HashMap<(usize, usize, usize), Vec<u32>>,
}

impl<'a> Texts<'a> {
    /// `None` where a part of the column has texts of its own, or anything else.
    pub(super) fn of(arrays: impl Iterator<Item = &'a ArrayRef>) -> Option<Self> {
        let mut dictionaries: HashMap<(usize, usize, usize), &'a StringArray> = HashMap::new();
        for array in arrays {
            let coded = Dictionary::of(array)?;
            dictionaries.insert(address(coded.texts), coded.texts);
        }
        let mut sorted: Vec<&str> = dictionaries.values().flat_map(|texts| texts.iter().flatten()).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let places: HashMap<&str, u32> = sorted.iter().copied().zip(1..).collect();
        let of = |texts: &StringArray| {
            let place = |text: Option<&str>| text.and_then(|text| places.get(text).copied()).unwrap_or(0);
            texts.iter().map(place).collect()
        };
        let places = dictionaries
            .iter()
            .map(|(address, texts)| (*address, of(texts)))
            .collect();
        Some(Texts { sorted, places })
    }

    fn column(&self, arrays: &[&ArrayRef], runs: &[Run], count: usize) -> Column {
        let mut known: Vec<Option<(Dictionary<'_>, &[u32])>> = vec![None; arrays.len()];
        let mut cells = Vec::with_capacity(count);
        for run in runs {
            let Some((at, array)) = run.array.and_then(|at| Some((at, arrays.get(at)?))) else {
                cells.resize(cells.len() + run.rows.len(), 0);
                continue;
            };
            let Some(known) = known.get_mut(at) else { continue };
            if known.is_none() {
                *known = Dictionary::of(array)
                    .and_then(|coded| Some((coded, self.places.get(&address(coded.texts))?.as_slice())));
            }
            match known {
                Some((coded, places)) => cells.extend(run.rows.clone().map(|row| {
                    let place = coded.code(row).and_then(|code| places.get(code));
                    place.copied().unwrap_or(0)
                })),
                None => cells.resize(cells.len() + run.rows.len(), 0),
            }
        }
        Column::of_texts(cells, &self.sorted)
    }
}

/// The column of some rows of arrays.
pub(super) fn column(arrays: &[&ArrayRef], texts: Option<&Texts<'_>>, runs: &[Run], count: usize) -> Column {
    if let Some(texts) = texts {
        return texts.column(arrays, runs, count);
    }
    let mut growing = Growing::new();
    for run in runs {
        match run.array.and_then(|at| arrays.get(at)) {
            Some(array) => extend(&mut growing, array, run.rows.clone()),
            None => run.rows.clone().for_each(|_| growing.push(Cell::Absent)),
        }
    }
    growing.finish()
}
