//! Events that lie in a Parquet file, a row each, as lines of JSON.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::{DataType, Fields};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::read::{Expected, damaged, described, guarded};
use super::{TablesError, cells, files, footer, schema};

/// How many rows are decoded at once.
const BATCH: usize = 1024;

/// The rows of a Parquet file as lines of JSON, one after the other, to be read wherever such lines are.
///
/// The names of columns are keys, structs are objects and lists arrays. Instants are texts in UTC, cut to milliseconds; what
/// is NULL is left out. Line and row have the same number, so that what is said of a line is said of the row.
///
/// ```no_run
/// use std::path::Path;
///
/// use volens::tables::EventLines;
/// use volens::{Engine, Timestamp};
///
/// let engine = Engine::load("examples/shop")?;
/// let events = EventLines::open(Path::new("events.parquet"))?;
/// let people = engine.ingest(events, Timestamp::parse("2026-06-30").unwrap_or_default())?.profiles;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct EventLines {
    path: PathBuf,
    batches: ParquetRecordBatchReader,
    rows: Option<(StructArray, usize)>,
    /// A line, and how much of it was read.
    line: Vec<u8>,
    read: usize,
}

impl std::fmt::Debug for EventLines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLines")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl EventLines {
    /// Opens a file, all of whose columns can be read.
    ///
    /// # Errors
    /// [`TablesError`]
    pub fn open(path: &Path) -> Result<Self, TablesError> {
        let file = File::open(path).map_err(|source| files::cannot(path, source))?;
        footer::check(path, &file)?;
        let batches = guarded(path, || {
            let described = described(&file).map_err(|error| damaged(path, &error))?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, described);
            check(path, builder.schema().fields(), "")?;
            builder
                .with_batch_size(BATCH)
                .build()
                .map_err(|error| damaged(path, &error))
        })?;
        Ok(EventLines {
            path: path.into(),
            batches,
            rows: None,
            line: Vec::new(),
            read: 0,
        })
    }

    /// Makes the next line; an empty one behind the last row.
    fn next_line(&mut self) -> io::Result<()> {
        self.line.clear();
        self.read = 0;
        loop {
            if let Some((rows, at)) = &mut self.rows
                && *at < rows.len()
            {
                let row = cells::value(rows, *at);
                *at += 1;
                serde_json::to_writer(&mut self.line, &row)?;
                self.line.push(b'\n');
                return Ok(());
            }
            let (path, batches) = (&self.path, &mut self.batches);
            let next: Option<RecordBatch> = guarded(path, || {
                let next = batches.next().transpose();
                next.map_err(|error| damaged(path, &error.into()))
            })
            .map_err(|error| match error {
                TablesError::Io { source, .. } => source,
                TablesError::Damaged { reason, .. } => io::Error::new(io::ErrorKind::InvalidData, reason),
                error => io::Error::other(error),
            })?;
            match next {
                Some(batch) => self.rows = Some((batch.into(), 0)),
                None => {
                    self.rows = None;
                    return Ok(());
                }
            }
        }
    }
}

/// That each column can be a value in JSON, and that no key is there twice.
fn check(path: &Path, fields: &Fields, outer: &str) -> Result<(), TablesError> {
    for (at, field) in fields.iter().enumerate() {
        let column = format!("{outer}{}", field.name());
        if fields.iter().take(at).any(|other| other.name() == field.name()) {
            return Err(TablesError::TwoColumns {
                path: path.into(),
                column,
            });
        }
        let mut inner = field.data_type();
        while let DataType::List(item) = inner {
            inner = item.data_type();
        }
        match inner {
            DataType::Struct(fields) => check(path, fields, &format!("{column}."))?,
            inner if schema::is_value(inner) => {}
            _ => {
                return Err(TablesError::Type {
                    path: path.into(),
                    column,
                    found: schema::called(field.data_type()),
                    expected: Expected::Value.what(),
                });
            }
        }
    }
    Ok(())
}

impl Read for EventLines {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for EventLines {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.read >= self.line.len() {
            self.next_line()?;
        }
        Ok(self.line.get(self.read..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.read = self.line.len().min(self.read + count);
    }
}
