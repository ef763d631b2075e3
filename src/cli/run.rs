//! `volens run`

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::arguments::{EventArguments, Format};
use super::table::{self, Align};
use super::{Failure, Streams, audience, events, json, load};
use crate::consent::ConsentState;
use crate::diagnostic::visible;
use crate::engine::{AudienceRun, DestinationRun, Engine, Execution, Executor, Overlap, Run};
use crate::ingest::Counts;
use crate::ir::{AudienceSlot, Subject};

/// What is told besides.
pub(super) struct Besides<'a> {
    /// Pairs of audiences, as `A,B`.
    pub(super) overlap: &'a [String],
    /// In the text, how many members have which identifiers; JSON always has that.
    pub(super) identifiers: bool,
    /// What evaluates the profiles.
    pub(super) executor: Executor,
}

/// The run, and what two audiences have together where that was asked.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    run: &'a Run,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overlap: Vec<Pair<'a>>,
}

/// Two audiences, and how many members they have together.
#[derive(Serialize)]
struct Pair<'a> {
    a: &'a str,
    b: &'a str,
    #[serde(flatten)]
    overlap: Overlap,
}

pub(super) fn run(
    path: &Path,
    arguments: &EventArguments,
    besides: &Besides<'_>,
    format: Format,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    let engine = load(path, streams)?;
    let pairs = besides.overlap.iter().map(|text| pair(&engine, text));
    let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
    let now = arguments.now();
    let ingested = events::ingest(&engine, arguments, now, streams)?;
    let execution = Execution {
        executor: besides.executor,
        threads: arguments.threads,
    };
    let mut run = engine.run_with(&ingested.profiles, now, execution)?;
    run.events = Some(ingested.counts);
    let pairs = pairs.into_iter().filter_map(|(a, b)| {
        let overlap = run.overlap(a, b)?;
        Some(Pair { a, b, overlap })
    });
    let overlap: Vec<Pair<'_>> = pairs.collect();
    match format {
        Format::Json => json(&Report { run: &run, overlap }, streams)?,
        Format::Text => {
            let categories = engine.program().categories.iter().filter(|category| !category.enabled);
            let disabled: Vec<String> = categories.map(|category| visible(&category.id)).collect();
            let out = &mut streams.out;
            text(&run, &disabled, out)?;
            if besides.identifiers {
                identifiers(&run, out)?;
            }
            if !overlap.is_empty() {
                overlaps(&overlap, out)?;
            }
        }
    }
    Ok(0)
}

/// The two audiences of `A,B`. A name in quotes may have a comma of its own, so it is parted where two audiences come of it.
fn pair<'a>(engine: &Engine, text: &'a str) -> Result<(&'a str, &'a str), Failure> {
    let of = |slot: AudienceSlot| engine.program().audiences.get(slot.index()).map(|audience| audience.of);
    let parted = || {
        let commas = text.match_indices(',');
        commas.filter_map(|(at, comma)| Some((text.get(..at)?.trim(), text.get(at + comma.len()..)?.trim())))
    };
    let known = |name| engine.program().audience(name).is_some();
    let both = parted().find(|(a, b)| known(a) && known(b));
    let Some((a, b)) = both.or_else(|| parted().next()) else {
        return Err(Failure::Other(format!(
            "`--overlap` takes two audiences: write `--overlap {},OTHER`",
            visible(text)
        )));
    };
    if of(audience(engine, a)?) != of(audience(engine, b)?) {
        return Err(Failure::Other(format!(
            "one of `{}` and `{}` is of accounts and the other of users: they have no members that could be the same",
            visible(a),
            visible(b)
        )));
    }
    Ok((a, b))
}

/// `user_id 25, email 20`: how many members have an identifier of each type.
fn identifiers(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let row = |audience: &AudienceRun| {
        let counts = audience.identifiers.iter();
        let counts: Vec<String> = counts
            .map(|(kind, count)| format!("{} {count}", visible(kind)))
            .collect();
        let counts = if counts.is_empty() {
            "none".to_owned()
        } else {
            counts.join(", ")
        };
        let counts = match audience.of {
            Subject::User => counts,
            Subject::Account => format!("of its users: {counts}"),
        };
        vec![visible(&audience.name), counts]
    };
    let head = vec!["AUDIENCE".to_owned(), "MEMBERS WITH".to_owned()];
    let rows: Vec<_> = std::iter::once(head).chain(run.audiences.iter().map(row)).collect();
    writeln!(out)?;
    table::write(out, &[Align::Left; 2], &rows)
}

fn overlaps(pairs: &[Pair<'_>], out: &mut dyn Write) -> io::Result<()> {
    let head = ["FIRST", "SECOND", "BOTH", "ONLY FIRST", "ONLY SECOND"].map(str::to_owned);
    let row = |Pair { a, b, overlap }: &Pair<'_>| {
        let Overlap {
            both, only_a, only_b, ..
        } = overlap;
        let counts = [both, only_a, only_b].map(ToString::to_string);
        [visible(a), visible(b)].into_iter().chain(counts).collect()
    };
    let rows: Vec<Vec<String>> = std::iter::once(head.to_vec()).chain(pairs.iter().map(row)).collect();
    let columns = [Align::Left, Align::Left, Align::Right, Align::Right, Align::Right];
    writeln!(out)?;
    table::write(out, &columns, &rows)
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
