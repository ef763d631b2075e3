//! `volens export`

#[cfg(feature = "parquet")]
use std::io::Write;
use std::path::Path;

use super::arguments::{EventArguments, Format};
use super::{Failure, Streams};

/// What is to be written where.
pub(super) struct Asked<'a> {
    /// The folder.
    pub(super) parquet: &'a Path,
    /// Whether an export that is there gives way.
    pub(super) replace: bool,
    /// Whether events lie in folders by their day, too.
    pub(super) by_day: bool,
}

#[cfg(feature = "parquet")]
pub(super) fn export(
    path: &Path,
    arguments: &EventArguments,
    asked: &Asked<'_>,
    format: Format,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    use super::output::Inputs;
    use super::run::counts;
    use super::table::{self, Align};
    use super::{events, json, load};
    use crate::ingest::Counts;
    use crate::time::Timestamp;
    use crate::warehouse::Layout;
    use crate::warehouse::export::{Exported, Options, write};

    /// What was done.
    #[derive(serde::Serialize)]
    struct Report {
        now: Timestamp,
        events: Counts,
        #[serde(flatten)]
        exported: Exported,
    }

    let engine = load(path, streams)?;
    let now = arguments.now();
    Inputs::of(&engine, &arguments.events, arguments.store.as_deref()).spare("--parquet", asked.parquet)?;
    let ingested = events::ingest(&engine, arguments, now, streams)?;
    let layout = Layout::new(engine.program());
    let options = Options {
        replace: asked.replace,
        by_day: asked.by_day,
    };
    let exported = write(&layout, &ingested.profiles, now, asked.parquet, options);
    let report = Report {
        now,
        events: ingested.counts,
        exported: exported.map_err(|error| Failure::Other(error.to_string()))?,
    };
    match format {
        Format::Json => json(&report, streams)?,
        Format::Text => {
            let out = &mut streams.out;
            writeln!(out, "As of {now}\n{}\n", counts(&report.events))?;
            let mut rows = vec![["TABLE", "ROWS"].map(str::to_owned).to_vec()];
            let tables = report.exported.tables.iter();
            rows.extend(tables.map(|(table, rows)| vec![table.clone(), rows.to_string()]));
            table::write(out, &[Align::Left, Align::Right], &rows)?;
        }
    }
    Ok(0)
}

#[cfg(not(feature = "parquet"))]
pub(super) fn export(
    _: &Path,
    _: &EventArguments,
    asked: &Asked<'_>,
    _: Format,
    _: &mut Streams,
) -> Result<u8, Failure> {
    let _ = (asked.parquet, asked.replace, asked.by_day);
    Err(Failure::Other(
        "this command was built without Parquet: build it with the feature `parquet`".to_owned(),
    ))
}
