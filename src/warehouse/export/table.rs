//! One table in one file.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::ExportError;
use super::folder::NewFile;
use crate::warehouse::{Cell, Column, ColumnType};

/// The most rows that wait to be packed, and the most bytes of their texts: one text more may come.
const WAITING: usize = 4096;
const WAITING_BYTES: usize = 4 << 20;
/// The most bytes that wait in a row group until it is written.
const GROUP: usize = 16 << 20;

const DIGITS: u8 = 28;
const DECIMALS: i8 = 9;

/// The columns as Arrow calls them.
pub(super) fn schema(columns: &[Column]) -> SchemaRef {
    schema_of(columns.iter().map(|column| (&*column.name, column.kind)))
}

pub(super) fn schema_of<'c>(columns: impl IntoIterator<Item = (&'c str, ColumnType)>) -> SchemaRef {
    let fields = columns.into_iter().map(|(name, kind)| {
        let kind = match kind {
            ColumnType::BigInt => DataType::Int64,
            ColumnType::Text => DataType::Utf8,
            ColumnType::Double => DataType::Float64,
            ColumnType::Boolean => DataType::Boolean,
            ColumnType::Decimal => DataType::Decimal128(DIGITS, DECIMALS),
        };
        Field::new(name, kind, true)
    });
    Arc::new(Schema::new(fields.collect::<Vec<Field>>()))
}

/// A file that is being written.
pub(super) struct TableFile {
    path: PathBuf,
    schema: SchemaRef,
    writer: ArrowWriter<File>,
    columns: Vec<Waiting>,
    rows: usize,
    bytes: usize,
}

/// The cells of a column that wait to be packed.
enum Waiting {
    Int(Int64Builder),
    Text(StringBuilder),
    Double(Float64Builder),
    Boolean(BooleanBuilder),
    Decimal(Decimal128Builder),
}

impl Waiting {
    fn new(kind: &DataType) -> Self {
        match kind {
            DataType::Int64 => Waiting::Int(Int64Builder::new()),
            DataType::Float64 => Waiting::Double(Float64Builder::new()),
            DataType::Boolean => Waiting::Boolean(BooleanBuilder::new()),
            DataType::Decimal128(..) => {
                Waiting::Decimal(Decimal128Builder::new().with_data_type(DataType::Decimal128(DIGITS, DECIMALS)))
            }
            _ => Waiting::Text(StringBuilder::new()),
        }
    }

    /// A cell of another type than its column is an error, never a NULL.
    fn push(&mut self, cell: &Cell<'_>) -> Result<(), ParquetError> {
        match (self, cell) {
            (Waiting::Int(column), Cell::Int(int)) => column.append_value(*int),
            (Waiting::Int(column), Cell::Null) => column.append_null(),
            (Waiting::Text(column), Cell::Text(text)) => column.append_value(text),
            (Waiting::Text(column), Cell::Null) => column.append_null(),
            (Waiting::Double(column), Cell::Double(double)) => column.append_value(*double),
            (Waiting::Double(column), Cell::Null) => column.append_null(),
            (Waiting::Boolean(column), Cell::Boolean(boolean)) => column.append_value(*boolean),
            (Waiting::Boolean(column), Cell::Null) => column.append_null(),
            (Waiting::Decimal(column), Cell::Decimal(billionths)) => column.append_value(*billionths),
            (Waiting::Decimal(column), Cell::Null) => column.append_null(),
            (_, cell) => {
                return Err(ParquetError::General(format!(
                    "{cell:?} is of another type than its column"
                )));
            }
        }
        Ok(())
    }

    fn take(&mut self) -> ArrayRef {
        match self {
            Waiting::Int(column) => Arc::new(column.finish()),
            Waiting::Text(column) => Arc::new(column.finish()),
            Waiting::Double(column) => Arc::new(column.finish()),
            Waiting::Boolean(column) => Arc::new(column.finish()),
            Waiting::Decimal(column) => Arc::new(column.finish()),
        }
    }
}

impl TableFile {
    pub(super) fn create(new: NewFile, schema: SchemaRef) -> Result<Self, ExportError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_bytes(Some(GROUP))
            .build();
        // The types of Parquet say all, and there is no second description that an engine could prefer.
        let options = ArrowWriterOptions::new()
            .with_properties(properties)
            .with_skip_arrow_metadata(true);
        let columns = schema.fields().iter().map(|field| Waiting::new(field.data_type()));
        let columns = columns.collect();
        let writer = ArrowWriter::try_new_with_options(new.file, schema.clone(), options)
            .map_err(|error| failed(&new.path, error))?;
        Ok(TableFile {
            path: new.path,
            schema,
            writer,
            columns,
            rows: 0,
            bytes: 0,
        })
    }

    /// Adds a row, with a cell for each column.
    pub(super) fn row(&mut self, row: &[Cell<'_>]) -> Result<(), ExportError> {
        if row.len() != self.columns.len() {
            return Err(ExportError::Parquet {
                reason: format!("a row has {} cells for {} columns", row.len(), self.columns.len()),
            });
        }
        let texts = row.iter().map(|cell| match cell {
            Cell::Text(text) => text.len(),
            _ => 0,
        });
        for (text, field) in texts.zip(self.schema.fields()) {
            // What waits in a column and one text more are below the 2^31 bytes that a column counts.
            if text > (i32::MAX as usize) - WAITING_BYTES {
                return Err(ExportError::Text {
                    column: field.name().clone(),
                    bytes: text,
                });
            }
            self.bytes += text;
        }
        for (column, cell) in self.columns.iter_mut().zip(row) {
            column.push(cell).map_err(|error| failed(&self.path, error))?;
        }
        self.rows += 1;
        if self.rows == WAITING || self.bytes >= WAITING_BYTES {
            self.pack()?;
        }
        Ok(())
    }

    fn pack(&mut self) -> Result<(), ExportError> {
        (self.rows, self.bytes) = (0, 0);
        let columns = self.columns.iter_mut().map(Waiting::take).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(ParquetError::from);
        let packed = batch.and_then(|batch| {
            self.writer.write(&batch)?;
            // Besides the writer's own limit, which goes by the rows that it has seen so far.
            match self.writer.in_progress_size() {
                GROUP.. => self.writer.flush(),
                _ => Ok(()),
            }
        });
        packed.map_err(|error| failed(&self.path, error))
    }

    pub(super) fn finish(mut self) -> Result<(), ExportError> {
        if self.rows > 0 {
            self.pack()?;
        }
        let file = self.writer.into_inner().map_err(|error| failed(&self.path, error))?;
        let synced = file.sync_all();
        synced.map_err(|source| ExportError::Io {
            path: self.path,
            source,
        })
    }
}

fn failed(path: &std::path::Path, error: ParquetError) -> ExportError {
    match error {
        ParquetError::External(source) => ExportError::Io {
            path: path.to_owned(),
            source: std::io::Error::other(source),
        },
        error => ExportError::Parquet {
            reason: error.to_string(),
        },
    }
}
