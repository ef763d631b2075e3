//! `volens overview`

use std::io::Write;
use std::path::Path;

use super::arguments::{EventArguments, Format};
use super::events::{self, Seeing};
use super::output::{Inputs, Output};
use super::{Failure, Streams, json, load};

/// What is asked.
pub(super) struct Asked<'a> {
    /// As many samples of each reason.
    pub(super) samples: usize,
    /// A page of HTML to write, too.
    pub(super) html: Option<&'a Path>,
}

pub(super) fn overview(
    path: &Path,
    arguments: &EventArguments,
    asked: &Asked<'_>,
    format: Format,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    let engine = load(path, streams)?;
    let now = arguments.now();
    let inputs = Inputs::of(&engine, &arguments.events, arguments.store.as_deref());
    let page = asked
        .html
        .map(|path| Output::open("--html", path, &inputs))
        .transpose()?;
    let mut flows = engine.event_flows(asked.samples);
    let seeing = Seeing {
        refused: asked.samples,
        other: page.as_ref(),
        applied: &mut |event| flows.add(event),
    };
    let ingested = events::ingest_seeing(&engine, arguments, Some(seeing), now, streams)?;
    let mut overview = engine.overview(&ingested, now, asked.samples)?;
    overview.events.destinations = flows.finish();
    if let Some(page) = page {
        let html = overview.html().map_err(std::io::Error::from)?;
        page.write(|file| file.write_all(html.as_bytes()))?;
    }
    match format {
        Format::Json => json(&overview, streams)?,
        Format::Text => write!(streams.out, "{}", overview.text())?,
    }
    Ok(0)
}
