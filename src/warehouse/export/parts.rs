//! The events, in folders by their names: `events/name=Order Completed/part-1.parquet`.

use std::fmt::Write;

use arrow_schema::SchemaRef;

use super::ExportError;
use super::folder::Building;
use super::table::{self, TableFile};
use crate::time::Timestamp;
use crate::warehouse::{Cell, Table};

/// The longest name of a folder that file systems take, in bytes.
const LONGEST: usize = 255;

/// How Hive, Spark and others write NULL as the name of a folder.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

const DAY: i64 = 86_400_000;

/// The files of events. Rows come name by name and in the order of time, so that one file is open at a time.
pub(super) struct Parts {
    schema: SchemaRef,
    by_day: bool,
    name_at: usize,
    time_at: usize,
    open: Option<Part>,
    /// How many there were.
    count: u64,
}

/// A file that is being written, and of which events.
struct Part {
    name: String,
    day: Option<i64>,
    file: TableFile,
}

impl Parts {
    pub(super) fn new(table: &Table, by_day: bool) -> Result<Self, ExportError> {
        let column = |name: &str| table.columns.iter().position(|column| &*column.name == name);
        let (Some(name_at), Some(time_at)) = (column("name"), column("time")) else {
            return Err(ExportError::Parquet {
                reason: "events have no names or times".to_owned(),
            });
        };
        Ok(Parts {
            schema: table::schema(&table.columns),
            by_day,
            name_at,
            time_at,
            open: None,
            count: 0,
        })
    }

    pub(super) fn row(&mut self, building: &mut Building, row: &[Cell<'_>]) -> Result<(), ExportError> {
        let name = match row.get(self.name_at) {
            Some(Cell::Text(name)) => &**name,
            _ => "",
        };
        let day = match row.get(self.time_at) {
            Some(Cell::Int(time)) if self.by_day => Some(time.div_euclid(DAY)),
            _ => None,
        };
        let part = match self.open.take() {
            Some(part) if part.name == name && part.day == day => self.open.insert(part),
            other => {
                if let Some(part) = other {
                    part.file.finish()?;
                }
                let file = self.create(building, &folder(name, day)?)?;
                self.open.insert(Part {
                    name: name.to_owned(),
                    day,
                    file,
                })
            }
        };
        part.file.row(row)
    }

    /// No two files have one number, lest one be lost where a file system holds the folders of two names for one.
    fn create(&mut self, building: &mut Building, folder: &str) -> Result<TableFile, ExportError> {
        self.count += 1;
        let file = building.file(&format!("events/{folder}part-{}.parquet", self.count))?;
        TableFile::create(file, self.schema.clone())
    }

    /// Without any event there is a file without rows, which has the columns.
    pub(super) fn finish(mut self, building: &mut Building) -> Result<(), ExportError> {
        match self.open.take() {
            Some(part) => part.file.finish(),
            None => self.create(building, "")?.finish(),
        }
    }
}

/// The folders of events of a name, and of a day.
fn folder(name: &str, day: Option<i64>) -> Result<String, ExportError> {
    let own = format!("name={}", encoded(name));
    if own.len() > LONGEST {
        return Err(ExportError::Name { name: name.to_owned() });
    }
    let mut path = own + "/";
    if let Some(day) = day {
        let midnight = Timestamp::from_millis(day.saturating_mul(DAY)).to_string();
        let date = midnight.split('T').next().unwrap_or_default();
        // Writing to a text does not fail.
        let _ = write!(path, "day={date}/");
    }
    Ok(path)
}

/// A value as Hive and Spark write it in the name of a folder: what could mean something else there as `%` and two digits.
/// Other characters stay, as Spark does not put bytes together to characters.
fn encoded(value: &str) -> String {
    const SPECIAL: &str = "\"#%'*/:=?\\\u{7f}{}[]^<>|";
    if value.is_empty() {
        return NULL.to_owned();
    }
    let mut text = String::with_capacity(value.len());
    for (at, c) in value.char_indices() {
        let null = at == 0 && value == NULL;
        if c.is_ascii_control() || SPECIAL.contains(c) || null {
            // Writing to a text does not fail.
            let _ = write!(text, "%{:02X}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_called_by_names_that_lead_nowhere_else() {
        for (name, expected) in [
            ("Order Completed", "name=Order Completed/"),
            ("a/../b", "name=a%2F..%2Fb/"),
            ("..", "name=../"),
            ("it's \"=%\\\n\0", "name=it%27s %22%3D%25%5C%0A%00/"),
            ("Bestellung ✓ é", "name=Bestellung ✓ é/"),
            ("", "name=__HIVE_DEFAULT_PARTITION__/"),
            (NULL, "name=%5F_HIVE_DEFAULT_PARTITION__/"),
        ] {
            assert_eq!(folder(name, None).unwrap(), expected);
        }
        assert_eq!(folder("a", Some(-1)).unwrap(), "name=a/day=1969-12-31/");
        assert_eq!(folder("a", Some(20_634)).unwrap(), "name=a/day=2026-06-30/");
        assert!(folder(&"a".repeat(250), None).is_ok());
        assert!(matches!(folder(&"a".repeat(251), None), Err(ExportError::Name { .. })));
    }
}
