//! Reads the columns of a table that are wanted, a row group at a time.

use std::collections::BTreeSet;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, StructArray, new_null_array};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Encoding, Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData};
use parquet::schema::types::ColumnDescPtr;

use super::TablesError;
use super::files::{self, Partitions};
use super::footer;
use super::pieces::Piece;
use super::schema::{self, Route};

/// How many rows are decoded at once: few enough that they stay in the cache until they are used.
const BATCH: usize = 1 << 15;

/// A column that is to be read.
#[derive(Debug, Clone)]
pub(super) struct Wanted<'p> {
    /// The keys of a trait or property; else the name of the column alone.
    pub(super) path: Vec<&'p str>,
    pub(super) expected: Expected,
    /// Whether it may be missing.
    pub(super) absent: bool,
}

/// What can be read of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// What names a profile.
    Id,
    Text,
    Time,
    State,
    Value,
}

impl Expected {
    fn fits(self, data_type: &DataType) -> bool {
        match self {
            Expected::Id => data_type.is_integer() || *data_type == DataType::Utf8,
            Expected::Text => *data_type == DataType::Utf8,
            Expected::Time => matches!(data_type, DataType::Timestamp(..) | DataType::Int64),
            Expected::State => matches!(data_type, DataType::Utf8 | DataType::Boolean),
            Expected::Value => schema::is_value(data_type),
        }
    }

    pub(super) fn what(self) -> &'static str {
        match self {
            Expected::Id => "text or whole numbers",
            Expected::Text => "text",
            Expected::Time => "a timestamp, or whole numbers of 64 bits, in milliseconds since 1970",
            Expected::State => "text or boolean",
            Expected::Value => {
                "text, a number, a decimal, a boolean, a date or a timestamp, or lists or structs of these"
            }
        }
    }
}

/// Where the values of a wanted column come from.
#[derive(Debug, Clone)]
enum Source {
    Column(Route),
    /// The folder says it of all rows.
    Folder(Option<Arc<str>>),
    Absent,
}

/// A file of a table.
#[derive(Debug)]
pub(super) struct TableFile {
    pub(super) path: PathBuf,
    metadata: Arc<ParquetMetaData>,
    fields: Fields,
    /// By wanted column.
    sources: Vec<Source>,
}

/// A table, as far as it is read.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) files: Vec<TableFile>,
}

/// A row group of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit<'t> {
    pub(super) file: &'t TableFile,
    group: usize,
    /// How many rows of the file come before it.
    pub(super) before: u64,
}

pub(super) fn damaged(path: &Path, error: &ParquetError) -> TablesError {
    TablesError::Damaged {
        path: path.into(),
        reason: error.to_string(),
    }
}

/// Calls into the reader of Parquet, which in places takes a file at its word and panics where that is false.
pub(super) fn guarded<T>(path: &Path, call: impl FnOnce() -> Result<T, TablesError>) -> Result<T, TablesError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
        Err(TablesError::Damaged {
            path: path.into(),
            reason: "its parts contradict each other".into(),
        })
    })
}

impl Table {
    /// Looks a table up and checks it, before anything is read of its rows.
    pub(super) fn open(
        folder: &Path,
        name: &'static str,
        reserved: &[&str],
        wanted: &[Wanted<'_>],
    ) -> Result<Table, TablesError> {
        let files = files::of_table(folder, name)?
            .into_iter()
            .map(|(path, partitions)| guarded(&path.clone(), || TableFile::open(path, &partitions, reserved, wanted)));
        Ok(Table {
            name,
            files: files.collect::<Result<_, _>>()?,
        })
    }

    /// Its row groups, in the order of its rows.
    pub(super) fn units(&self) -> Vec<Unit<'_>> {
        let of = |file: &TableFile| {
            let mut before = 0;
            let groups = file.metadata.row_groups().iter().enumerate();
            let units: Vec<(usize, u64)> = groups
                .map(|(group, metadata)| {
                    let first = before;
                    before += u64::try_from(metadata.num_rows()).unwrap_or(0);
                    (group, first)
                })
                .collect();
            units
        };
        let units = self.files.iter().flat_map(|file| {
            of(file)
                .into_iter()
                .map(move |(group, before)| Unit { file, group, before })
        });
        units.collect()
    }
}

impl TableFile {
    /// What the folder says a wanted column is in every row of the file.
    pub(super) fn folder(&self, wanted: usize) -> Option<&str> {
        match self.sources.get(wanted) {
            Some(Source::Folder(text)) => text.as_deref(),
            _ => None,
        }
    }

    fn open(
        path: PathBuf,
        partitions: &Partitions,
        reserved: &[&str],
        wanted: &[Wanted<'_>],
    ) -> Result<TableFile, TablesError> {
        let file = File::open(&path).map_err(|source| files::cannot(&path, source))?;
        footer::check(&path, &file)?;
        let metadata = described(&file).map_err(|error| damaged(&path, &error))?;
        let fields = metadata.schema().fields().clone();
        let sources = sources(&path, &fields, partitions, reserved, wanted)?;
        Ok(TableFile {
            metadata: metadata.metadata().clone(),
            fields,
            sources,
            path,
        })
    }
}

/// What a file says of its columns. Instants of 96 bits are read in milliseconds: of nanoseconds only 584 years fit 64 bits, and
/// one beyond them would be read as another one.
pub(super) fn described(file: &File) -> Result<ArrowReaderMetadata, ParquetError> {
    let metadata = ArrowReaderMetadata::load(file, options())?;
    let descriptor = metadata.metadata().file_metadata().schema_descr_ptr();
    let is_long = |leaf: &ColumnDescPtr| leaf.physical_type() == Type::INT96;
    if !descriptor.columns().iter().any(is_long) {
        return Ok(metadata);
    }
    let mut are_long = descriptor.columns().iter().map(is_long);
    let fields = metadata.schema().fields();
    let fields: Fields = fields.iter().map(|field| in_millis(field, &mut are_long)).collect();
    let options = options().with_schema(Arc::new(Schema::new(fields)));
    ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)
}

/// The same field with its instants of 96 bits in milliseconds. `are_long` says of each column of the file whether it has such;
/// columns follow one another as the innermost fields do.
fn in_millis(field: &Field, are_long: &mut impl Iterator<Item = bool>) -> Field {
    let data_type = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| in_millis(field, are_long)).collect()),
        DataType::List(item) => DataType::List(in_millis(item, are_long).into()),
        DataType::Map(entries, sorted) => DataType::Map(in_millis(entries, are_long).into(), *sorted),
        _ if are_long.next() == Some(true) => DataType::Timestamp(TimeUnit::Millisecond, None),
        other => other.clone(),
    };
    field.clone().with_data_type(data_type)
}

fn options() -> ArrowReaderOptions {
    // A schema that a writer put beside the file's own says nothing that is needed, and may lie.
    ArrowReaderOptions::new()
        .with_skip_arrow_metadata(true)
        .with_page_index_policy(PageIndexPolicy::Skip)
}

fn sources(
    path: &Path,
    fields: &Fields,
    partitions: &Partitions,
    reserved: &[&str],
    wanted: &[Wanted<'_>],
) -> Result<Vec<Source>, TablesError> {
    let mut sources = Vec::with_capacity(wanted.len());
    let (mut missing, mut consent) = (Vec::new(), false);
    for column in wanted {
        let called = || column.path.join(".");
        // Only what conditions read is looked for by its keys.
        let routes = if column.expected == Expected::Value {
            let found = schema::find(fields, reserved, &column.path);
            match (found.routes.is_empty(), found.parts) {
                (true, true) => {
                    return Err(TablesError::InParts {
                        path: path.into(),
                        column: called(),
                    });
                }
                (false, true) => {
                    return Err(TablesError::TwoColumns {
                        path: path.into(),
                        column: called(),
                    });
                }
                (_, false) => found.routes,
            }
        } else {
            let name = column.path.first().copied().unwrap_or_default();
            let named = fields.iter().enumerate().filter(|(_, field)| field.name() == name);
            named.map(|(at, _)| vec![at]).collect()
        };
        let mut said = partitions
            .iter()
            .filter(|(folder, _)| matches!(column.path.as_slice(), [name] if **folder == **name));
        let partition = said.next();
        if routes.len() > 1 || routes.is_empty() && said.next().is_some() {
            return Err(TablesError::TwoColumns {
                path: path.into(),
                column: called(),
            });
        }
        let source = match (routes.into_iter().next(), partition) {
            (Some(route), _) => {
                let data_type = schema::at(fields, &route).map_or(&DataType::Null, |(field, _)| field.data_type());
                if !column.expected.fits(data_type) {
                    return Err(wrong(path, column, schema::called(data_type)));
                }
                Source::Column(route)
            }
            (None, Some((_, value))) if column.expected.fits(&DataType::Utf8) => Source::Folder(value.clone()),
            (None, Some(_)) => return Err(wrong(path, column, "text, as the name of a folder".into())),
            (None, None) => {
                if !column.absent {
                    consent = column.expected == Expected::State;
                    missing.push(called());
                }
                Source::Absent
            }
        };
        sources.push(source);
    }
    if !missing.is_empty() {
        return Err(TablesError::NoColumn {
            path: path.into(),
            columns: missing,
            consent,
        });
    }
    apart(path, wanted, &sources)?;
    Ok(sources)
}

fn wrong(path: &Path, column: &Wanted<'_>, found: String) -> TablesError {
    TablesError::Type {
        path: path.into(),
        column: column.path.join("."),
        found,
        expected: column.expected.what(),
    }
}

/// What is below a value is read from that very value, if both are read.
fn apart(path: &Path, wanted: &[Wanted<'_>], sources: &[Source]) -> Result<(), TablesError> {
    let routes = || {
        wanted.iter().zip(sources).filter_map(|(wanted, source)| match source {
            Source::Column(route) => Some((wanted, route.as_slice())),
            Source::Folder(_) => Some((wanted, &[][..])),
            Source::Absent => None,
        })
    };
    for (outer, route) in routes() {
        for (inner, below) in routes() {
            let nested = inner.path.len() > outer.path.len() && inner.path.starts_with(&outer.path);
            if nested && (route.is_empty() || !below.starts_with(route)) {
                return Err(TablesError::TwoColumns {
                    path: path.into(),
                    column: outer.path.join("."),
                });
            }
        }
    }
    Ok(())
}

impl Unit<'_> {
    /// Hands over the wanted columns, some rows at a time, with how many rows of the file come before them.
    pub(super) fn each(
        self,
        mut batch: impl FnMut(u64, &[ArrayRef]) -> Result<(), TablesError>,
    ) -> Result<(), TablesError> {
        guarded(&self.file.path, || {
            let path = &self.file.path;
            let mut before = self.before;
            let file = File::open(path).map_err(|source| files::cannot(path, source))?;
            let (mask, metadata) = self.projection().map_err(|error| damaged(path, &error))?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
                .with_row_groups(vec![self.group])
                .with_batch_size(BATCH)
                .with_projection(mask);
            for read in builder.build().map_err(|error| damaged(path, &error))? {
                let read = read.map_err(|error| damaged(path, &error.into()))?;
                let columns = self.columns(&read)?;
                batch(before, &columns)?;
                before += read.num_rows() as u64;
            }
            Ok(())
        })
    }

    /// Some of the rows of a batch, with their places and times.
    pub(super) fn piece(
        self,
        rows: Vec<u32>,
        places: Vec<u32>,
        times: Vec<i64>,
        columns: &[&ArrayRef],
    ) -> Result<Piece, TablesError> {
        Piece::new(rows, places, times, columns).map_err(|error| damaged(&self.file.path, &error.into()))
    }

    /// Which columns of the file are read, and in which form: texts that the file has by code are left so.
    fn projection(self) -> Result<(ProjectionMask, ArrowReaderMetadata), ParquetError> {
        let file = self.file;
        let routes = file.sources.iter().filter_map(|source| match source {
            Source::Column(route) => schema::at(&file.fields, route).zip(route.first()),
            Source::Folder(_) | Source::Absent => None,
        });
        let descriptor = file.metadata.file_metadata().schema_descr_ptr();
        let mut leaves = BTreeSet::new();
        let mut fields: Vec<Arc<Field>> = file.fields.iter().cloned().collect();
        for ((field, names), first) in routes {
            for (leaf, column) in descriptor.columns().iter().enumerate() {
                let parts = column.path().parts();
                if parts.len() < names.len() || !names.iter().zip(parts).all(|(name, part)| name == part) {
                    continue;
                }
                leaves.insert(leaf);
                let chunk = file.metadata.row_group(self.group).columns().get(leaf);
                let hint = match field.data_type() {
                    DataType::Utf8 if names.len() == 1 && chunk.is_some_and(by_code) => {
                        DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
                    }
                    _ => continue,
                };
                if let Some(field) = fields.get_mut(*first) {
                    *field = Arc::new(field.as_ref().clone().with_data_type(hint));
                }
            }
        }
        let schema = Arc::new(Schema::new(fields));
        let metadata = ArrowReaderMetadata::try_new(file.metadata.clone(), options().with_schema(schema))?;
        Ok((ProjectionMask::leaves(&descriptor, leaves), metadata))
    }

    /// The wanted columns of what was read.
    fn columns(self, read: &RecordBatch) -> Result<Vec<ArrayRef>, TablesError> {
        let rows = read.num_rows();
        let columns = self.file.sources.iter().map(|source| match source {
            Source::Absent => Some(new_null_array(&DataType::Null, rows)),
            Source::Folder(None) => Some(new_null_array(&DataType::Utf8, rows)),
            Source::Folder(Some(text)) => {
                let texts = StringArray::from_iter_values(std::iter::repeat_n(&**text, rows));
                Some(Arc::new(texts) as ArrayRef)
            }
            Source::Column(route) => {
                let (_, names) = schema::at(&self.file.fields, route)?;
                let (first, rest) = names.split_first()?;
                let mut column = read.column_by_name(first)?.clone();
                for name in rest {
                    column = inside(column.as_struct_opt()?, name)?;
                }
                Some(column)
            }
        });
        columns.collect::<Option<Vec<_>>>().ok_or_else(|| TablesError::Damaged {
            path: self.file.path.clone(),
            reason: "a column is not where the schema has it".into(),
        })
    }
}

/// A column of structs' own column; where a struct is NULL, so is what is in it.
fn inside(outer: &StructArray, name: &str) -> Option<ArrayRef> {
    let inner = outer.column_by_name(name)?;
    let Some(outer) = outer.nulls() else {
        return Some(inner.clone());
    };
    let nulls = NullBuffer::union(Some(outer), inner.nulls());
    let data = inner.to_data().into_builder().nulls(nulls).build().ok()?;
    Some(arrow_array::make_array(data))
}

/// Whether every page of a column has codes of a dictionary.
fn by_code(chunk: &ColumnChunkMetaData) -> bool {
    match chunk.page_encoding_stats_mask() {
        Some(mask) => mask.encodings().all(is_code),
        None => chunk.encodings().any(is_code),
    }
}

fn is_code(encoding: Encoding) -> bool {
    matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY)
}
