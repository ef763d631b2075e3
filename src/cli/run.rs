//! `volens run`

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use super::table::{self, Align};
use super::{EventArguments, Failure, Format, Streams, events, json, load};
use crate::consent::ConsentState;
use crate::diagnostic::visible;
use crate::engine::{AudienceRun, DestinationRun, Run};
use crate::ingest::Counts;
use crate::ir::Subject;

pub(super) fn run(
    path: &Path,
    arguments: &EventArguments,
    format: Format,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    let engine = load(path, streams)?;
    let now = arguments.now();
    let ingested = events::ingest(&engine, arguments, now, streams)?;
    let mut run = engine.run(&ingested.profiles, now)?;
    run.events = Some(ingested.counts);
    match format {
        Format::Json => json(&run, streams)?,
        Format::Text => {
            let categories = engine.program().categories.iter().filter(|category| !category.enabled);
            let disabled: Vec<String> = categories.map(|category| visible(&category.id)).collect();
            text(&run, &disabled, &mut streams.out)?;
        }
    }
    Ok(0)
}

fn text(run: &Run, disabled: &[String], out: &mut dyn Write) -> io::Result<()> {
    let enforcement = if run.enforcement {
        "on"
    } else {
        "off: every member is delivered everywhere"
    };
    writeln!(out, "As of {}, consent enforcement {enforcement}", run.now)?;
    if let Some(events) = run.events {
        writeln!(out, "{}; {}", counts(&events), counted(run.profiles as u64, "profile"))?;
    }
    if !disabled.is_empty() {
        writeln!(out, "Not required, because disabled: {}", disabled.join(", "))?;
    }
    writeln!(out)?;
    let mut rows = vec![row([
        "AUDIENCE",
        "SIZE",
        "DESTINATION",
        "REACHED",
        "FILTERED",
        "FOR WANT OF CONSENT",
    ])];
    for audience in &run.audiences {
        rows.extend(audience_rows(audience));
    }
    let columns = [
        Align::Left,
        Align::Right,
        Align::Left,
        Align::Right,
        Align::Right,
        Align::Left,
    ];
    table::write(out, &columns, &rows)
}

/// `7 events read: 4 applied, 1 duplicate`
pub(super) fn counts(events: &Counts) -> String {
    let mut text = format!("{} read: {} applied", counted(events.read, "event"), events.applied);
    for (count, what) in [
        (events.duplicate, "duplicate"),
        (events.later, "later than this instant"),
        (events.rejected, "rejected"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text
}

pub(super) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn row(cells: [&str; 6]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn audience_rows(audience: &AudienceRun) -> Vec<Vec<String>> {
    let name = visible(&audience.name);
    let size = match audience.of {
        Subject::User => audience.size.to_string(),
        Subject::Account => counted(audience.size as u64, "account"),
    };
    if audience.destinations.is_empty() {
        return vec![row([&name, &size, "(sent nowhere)", "", "", ""])];
    }
    let mut rows = Vec::new();
    for (at, destination) in audience.destinations.iter().enumerate() {
        let (name, size) = if at == 0 {
            (name.as_str(), size.as_str())
        } else {
            ("", "")
        };
        // A category a line, so that a table stays as narrow as a terminal.
        let mut wanting = wanting(destination).into_iter();
        rows.push(row([
            name,
            size,
            &visible(&destination.name),
            &destination.delivered.len().to_string(),
            &destination.filtered.len().to_string(),
            &wanting.next().unwrap_or_default(),
        ]));
        rows.extend(wanting.map(|more| row(["", "", "", "", "", &more])));
    }
    rows
}

/// `Advertising: denied 3, not collected 2`: how many members lack which consent, and why, by category.
fn wanting(destination: &DestinationRun) -> Vec<String> {
    let mut missing: BTreeMap<&str, BTreeMap<ConsentState, usize>> = BTreeMap::new();
    for filtered in &destination.filtered {
        for (category, state) in &filtered.categories {
            *missing.entry(category).or_default().entry(*state).or_default() += 1;
        }
    }
    // In the order in which the destination names them.
    let categories = destination
        .requires
        .iter()
        .filter_map(|category| Some((category, missing.get(&**category)?)));
    let categories = categories.map(|(category, states)| {
        let states: Vec<String> = states.iter().map(|(state, count)| format!("{state} {count}")).collect();
        format!("{category}: {}", states.join(", "))
    });
    categories.collect()
}
