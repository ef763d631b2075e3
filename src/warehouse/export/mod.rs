//! Writes the tables of a warehouse as Parquet files (features `sql` and `parquet`).
//!
//! What stands in them is what [`Layout::rows`] makes, and `identifiers` besides, by which whoever gets a result knows whom it is
//! about. Files are written into a new folder, which takes its place when all of it is there: nobody ever reads half of an
//! export. What is in the way is replaced only where it is an export itself, and nothing else.
//!
//! ```no_run
//! use std::path::Path;
//! use volens::warehouse::{Layout, export};
//! use volens::Engine;
//!
//! let engine = Engine::load("examples/shop")?;
//! let events = std::io::BufReader::new(std::fs::File::open("examples/shop/events.jsonl")?);
//! let now = "2026-06-30T00:00:00Z".parse()?;
//! let people = engine.ingest(events, now)?.profiles;
//! let options = export::Options::default();
//! let exported = export::write(&Layout::new(engine.program()), &people, now, Path::new("warehouse"), options)?;
//! println!("{} people", exported.rows("profiles"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod folder;
mod parts;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use arrow_schema::SchemaRef;

use super::{Cell, ColumnType, Layout, Rows, Table};
use crate::model::Profiles;
use crate::time::Timestamp;

pub use error::ExportError;
use folder::Building;
use parts::Parts;
use table::TableFile;

/// How tables are written.
///
/// ```
/// use volens::warehouse::export::Options;
///
/// let options = Options { by_day: true, ..Options::default() };
/// assert!(!options.replace);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether an export that is already there gives way to this one. Whatever else is in the way is an error.
    pub replace: bool,
    /// Whether the events of a name lie in folders by their day in UTC, too. Else they lie in one file, in the order of their
    /// times, of which an engine skips the parts that are of other times.
    pub by_day: bool,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Exported {
    /// How many rows each table has, by its name.
    pub tables: BTreeMap<String, u64>,
    /// How many files that are.
    pub files: usize,
    /// Their size, in bytes.
    pub bytes: u64,
}

impl Exported {
    /// How many rows a table has; 0 where there is no such table.
    pub fn rows(&self, table: &str) -> u64 {
        self.tables.get(table).copied().unwrap_or_default()
    }
}

/// The table of identifiers, which no query reads.
const IDENTIFIERS: &str = "identifiers";

/// Writes the tables of `layout` with the rows of `profiles`, which are as of `now`, into the folder `out`, which must not be
/// there, or be empty, unless [`Options::replace`] is set. `identifiers` is a table of `profile_id`, `type` and `id`.
///
/// Besides the profiles this takes the room of a reference to each event, of a row group in each file that is being written,
/// which are one of events and one of each other table, and of one value that is written.
///
/// # Errors
/// Where something is in the way, or the system refuses; then nothing is left, and what was there is as it was.
pub fn write(
    layout: &Layout,
    profiles: &Profiles,
    now: Timestamp,
    out: &Path,
    options: Options,
) -> Result<Exported, ExportError> {
    let mut building = Building::begin(out, options.replace)?;
    let mut exported = Exported::default();
    let mut files: Vec<(&Table, Target)> = Vec::new();
    for table in layout.tables() {
        let target = match table.rows {
            Rows::Events => Target::Parts(Parts::new(table, options.by_day)?),
            _ => {
                let file = building.file(&format!("{}.parquet", table.name))?;
                Target::File(TableFile::create(file, table::schema(&table.columns))?)
            }
        };
        exported.tables.insert(table.name.to_string(), 0);
        files.push((table, target));
    }
    layout.rows(profiles, |table, row| {
        // Not more than there are lists in a workspace, and most rows are of the first tables.
        let target = files.iter_mut().find(|(other, _)| other.name == table.name);
        if let Some(rows) = exported.tables.get_mut(&*table.name) {
            *rows += 1;
        }
        match target {
            Some((_, Target::File(file))) => file.row(row),
            Some((_, Target::Parts(parts))) => parts.row(&mut building, row),
            None => Ok(()),
        }
    })?;
    for (_, target) in files {
        match target {
            Target::File(file) => file.finish()?,
            Target::Parts(parts) => parts.finish(&mut building)?,
        }
    }
    let identifiers = identifiers(&mut building, profiles)?;
    exported.tables.insert(IDENTIFIERS.to_owned(), identifiers);
    (exported.files, exported.bytes) = building.place(now, &exported.tables)?;
    Ok(exported)
}

/// Where the rows of a table go.
enum Target {
    File(TableFile),
    /// Those of events, by name.
    Parts(Parts),
}

fn identifiers(building: &mut Building, profiles: &Profiles) -> Result<u64, ExportError> {
    let columns = [
        ("profile_id", ColumnType::BigInt),
        ("type", ColumnType::Text),
        ("id", ColumnType::Text),
    ];
    let schema: SchemaRef = table::schema_of(columns);
    let mut file = TableFile::create(building.file(&format!("{IDENTIFIERS}.parquet"))?, schema)?;
    let mut rows = 0;
    for (user, profile) in profiles.users().iter().enumerate() {
        for (kind, id) in profile.identifiers().iter() {
            file.row(&[super::rows::id(user), Cell::text(kind), Cell::text(id)])?;
            rows += 1;
        }
    }
    file.finish()?;
    Ok(rows)
}
