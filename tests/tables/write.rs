//! Writes tables, in as many ways as one table can be written.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, ListArray,
    RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, UInt64Array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{Field, Fields, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{Int64Type, Int96, Int96Type};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use volens::{Timestamp, Value};

use crate::dice::Dice;

/// Of which type a column is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Int32,
    Int64,
    UInt64,
    Float64,
    /// With two decimals.
    Decimal,
    Bool,
    Text,
    Date,
    Millis,
    Micros,
    Nanos,
    List(Box<Kind>),
    Struct(Vec<(&'static str, Kind)>),
}

/// The array of values of a kind; `null` is NULL.
pub(crate) fn array(kind: &Kind, values: &[Value]) -> ArrayRef {
    fn each<T>(values: &[Value], of: impl Fn(&str) -> T) -> Vec<Option<T>> {
        let present = |value: &Value| value.present().map(|value| of(&value.canonical()));
        values.iter().map(present).collect()
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let millis = |value: &Value| Some(Timestamp::parse(value.as_str()?).unwrap().as_millis());
    let millis = || values.iter().map(millis);
    match kind {
        Kind::Int32 => Arc::new(Int32Array::from(each(values, |n| n.parse().unwrap()))),
        Kind::Int64 => Arc::new(Int64Array::from(each(values, |n| n.parse().unwrap()))),
        Kind::UInt64 => Arc::new(UInt64Array::from(each(values, |n| n.parse().unwrap()))),
        Kind::Float64 => Arc::new(Float64Array::from(each(values, |n| n.parse().unwrap()))),
        Kind::Decimal => {
            let cents = each(values, |n| (n.parse::<f64>().unwrap() * 100.0).round() as i128);
            Arc::new(Decimal128Array::from(cents).with_precision_and_scale(20, 2).unwrap())
        }
        Kind::Bool => Arc::new(BooleanArray::from(each(values, |n| n.parse().unwrap()))),
        Kind::Text => Arc::new(values.iter().map(text).collect::<StringArray>()),
        Kind::Date => {
            let days = millis().map(|millis| millis.map(|millis| i32::try_from(millis / 86_400_000).unwrap()));
            Arc::new(days.collect::<Date32Array>())
        }
        Kind::Millis => Arc::new(millis().collect::<TimestampMillisecondArray>().with_timezone("UTC")),
        Kind::Micros => {
            let micros = millis().map(|millis| Some(millis? * 1000 + 999));
            Arc::new(micros.collect::<TimestampMicrosecondArray>())
        }
        Kind::Nanos => {
            let nanos = millis().map(|millis| Some(millis? * 1_000_000 + 1));
            Arc::new(nanos.collect::<TimestampNanosecondArray>())
        }
        Kind::List(item) => {
            let items: Vec<Value> = values
                .iter()
                .flat_map(|value| value.as_list().unwrap_or_default())
                .cloned()
                .collect();
            let lengths = values.iter().map(|value| value.as_list().unwrap_or_default().len());
            let items = array(item, &items);
            let field = Arc::new(Field::new("item", items.data_type().clone(), true));
            Arc::new(ListArray::new(
                field,
                OffsetBuffer::from_lengths(lengths),
                items,
                nulls(values),
            ))
        }
        Kind::Struct(fields) => {
            let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = fields
                .iter()
                .map(|(name, kind)| {
                    let inner = |value: &Value| value.as_object().and_then(|object| object.get(name)).cloned();
                    let values: Vec<Value> = values.iter().map(|value| inner(value).unwrap_or_default()).collect();
                    let array = array(kind, &values);
                    (Field::new(*name, array.data_type().clone(), true), array)
                })
                .unzip();
            Arc::new(StructArray::new(Fields::from(fields), arrays, nulls(values)))
        }
    }
}

fn nulls(values: &[Value]) -> Option<NullBuffer> {
    Some(
        values
            .iter()
            .map(|value| value.present().is_some())
            .collect::<Vec<bool>>()
            .into(),
    )
}

/// The columns of a table by name.
pub(crate) type Columns = Vec<(String, ArrayRef)>;

pub(crate) fn column(name: &str, array: impl Array + 'static) -> (String, ArrayRef) {
    (name.to_owned(), Arc::new(array))
}

pub(crate) fn texts(name: &str, texts: &[&str]) -> (String, ArrayRef) {
    column(name, StringArray::from(texts.to_vec()))
}

/// A table with an instant for each profile in 96 bits, as Spark writes them and no array has them: as a column, in a struct and
/// in a list.
pub(crate) fn long_instants(path: &Path, of: &[(i64, Timestamp)]) {
    const SCHEMA: &str = "message table {
        required int64 profile_id;
        required int96 until;
        required group sub { required int96 until; }
        required group all (LIST) { repeated group list { required int96 element; } }
    }";
    let (ids, instants): (Vec<i64>, Vec<Int96>) = of.iter().map(|(id, instant)| (*id, long(*instant))).unzip();
    let file = File::create(path).unwrap();
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&ids, None, None).unwrap();
    column.close().unwrap();
    let (ones, zeroes) = (vec![1; of.len()], vec![0; of.len()]);
    for levels in [None, None, Some((&*ones, &*zeroes))] {
        let mut column = group.next_column().unwrap().unwrap();
        let (definition, repetition) = levels.unzip();
        column
            .typed::<Int96Type>()
            .write_batch(&instants, definition, repetition)
            .unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

/// The Julian day, and the nanoseconds of it.
fn long(instant: Timestamp) -> Int96 {
    let (day, millis) = (
        instant.as_millis().div_euclid(86_400_000) + 2_440_588,
        instant.as_millis().rem_euclid(86_400_000),
    );
    let nanos = u64::try_from(millis).unwrap() * 1_000_000;
    let word = |word: u64| u32::try_from(word & u64::from(u32::MAX)).unwrap();
    Int96::from(vec![word(nanos), word(nanos >> 32), u32::try_from(day).unwrap()])
}

fn batch(columns: &Columns) -> RecordBatch {
    let field = |(name, array): &(String, ArrayRef)| Field::new(name, array.data_type().clone(), true);
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<Field>>());
    RecordBatch::try_new(
        Arc::new(schema),
        columns.iter().map(|(_, array)| array.clone()).collect(),
    )
    .unwrap()
}

fn write(path: &Path, batch: &RecordBatch, properties: WriterProperties) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

/// One file.
pub(crate) fn plainly(folder: &Path, table: &str, columns: &Columns) {
    let path = folder.join(format!("{table}.parquet"));
    write(&path, &batch(columns), WriterProperties::default());
}

fn properties(rows: usize, dice: &mut Dice) -> WriterProperties {
    let compression = match dice.below(3) {
        0 => Compression::UNCOMPRESSED,
        1 => Compression::SNAPPY,
        _ => Compression::ZSTD(ZstdLevel::default()),
    };
    let version = [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0][dice.below(2)];
    WriterProperties::builder()
        .set_compression(compression)
        .set_writer_version(version)
        .set_dictionary_enabled(dice.below(3) > 0)
        // So small that the writer changes to plain texts in the middle of a column.
        .set_dictionary_page_size_limit([20, 1 << 20][dice.below(2)])
        .set_data_page_row_count_limit([3, 1000][dice.below(2)])
        .set_write_batch_size([2, 1000][dice.below(2)])
        .set_max_row_group_row_count(Some([1 + rows / 2, 1 + rows / 7, 100_000][dice.below(3)]))
        .build()
}

/// One file, or several; where `by` names a column of texts, perhaps in folders named for what it says. Gives the order in
/// which the rows stand then.
pub(crate) fn somehow(folder: &Path, table: &str, columns: &Columns, by: Option<&str>, dice: &mut Dice) -> Vec<usize> {
    let batch = batch(columns);
    let rows = batch.num_rows();
    if dice.below(2) == 0 {
        write(&folder.join(format!("{table}.parquet")), &batch, properties(rows, dice));
        return (0..rows).collect();
    }
    let folder = folder.join(table);
    fs::create_dir_all(&folder).unwrap();
    let part = |batch: &RecordBatch, folder: &Path, dice: &mut Dice| {
        let mut from = 0;
        for number in 0.. {
            let to = batch.num_rows().min(from + 1 + dice.below(batch.num_rows() + 1));
            let path = folder.join(format!("part-{number:03}.parquet"));
            write(&path, &batch.slice(from, to - from), properties(to - from, dice));
            from = to;
            if from == batch.num_rows() {
                break;
            }
        }
    };
    fs::write(folder.join("_SUCCESS"), "").unwrap();
    let Some(by) = by.filter(|_| dice.below(2) == 0) else {
        part(&batch, &folder, dice);
        return (0..rows).collect();
    };
    let place = batch.schema().index_of(by).unwrap();
    let names = batch
        .column(place)
        .as_any()
        .downcast_ref::<StringArray>()
        .unwrap()
        .clone();
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for row in 0..rows {
        by_name.entry(names.value(row).to_owned()).or_default().push(row);
    }
    let mut without = batch.clone();
    without.remove_column(place);
    for (name, rows) in &by_name {
        let indices = arrow_array::UInt32Array::from_iter_values(rows.iter().map(|row| u32::try_from(*row).unwrap()));
        let own = arrow_select::take::take_record_batch(&without, &indices).unwrap();
        part(&own, &folder.join(format!("{by}={}", name.replace(' ', "%20"))), dice);
    }
    by_name.into_values().flatten().collect()
}
