//! `volens profile`

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::table::{self, Align};
use super::{EventArguments, Failure, Format, Streams, events, json, load};
use crate::diagnostic::visible;
use crate::model::{Consent, History, Identifiers, PastEvent, Profile};
use crate::value::{Object, Value};

/// As many events as the text form shows; JSON has all.
const RECENT: usize = 20;

pub(super) fn profile(
    path: &Path,
    arguments: &EventArguments,
    wanted: &str,
    format: Format,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    let Some((kind, value)) = wanted.split_once(':') else {
        return Err(Failure::Other(format!(
            "`{}` is no identifier: write TYPE:VALUE, such as user_id:u1",
            visible(wanted)
        )));
    };
    let engine = load(path, streams)?;
    let now = arguments.now();
    let ingested = events::ingest(&engine, arguments, now, streams)?;
    let Some(profile) = ingested.profiles.find(kind, value) else {
        return Err(Failure::Other(format!("no profile has {}", visible(wanted))));
    };
    let audiences = engine.memberships(profile, now);
    let label = engine.label(profile);
    match format {
        Format::Json => json(&Report::new(&label, profile, &audiences), streams)?,
        Format::Text => text(&label, profile, &audiences, &mut streams.out)?,
    }
    Ok(0)
}

/// The form of cli.md. The profile can be read back from it: `serde_json::from_str::<Profile>`.
#[derive(Serialize)]
struct Report<'a> {
    profile: &'a str,
    external_ids: &'a Identifiers,
    traits: &'a Object,
    audiences: BTreeMap<&'a str, bool>,
    accounts: Vec<String>,
    consent: &'a Consent,
    events: &'a History,
}

impl<'a> Report<'a> {
    fn new(label: &'a str, profile: &'a Profile, audiences: &[&'a str]) -> Self {
        Report {
            profile: label,
            external_ids: profile.identifiers(),
            traits: profile.traits(),
            audiences: audiences.iter().map(|audience| (*audience, true)).collect(),
            accounts: profile.accounts().map(account).collect(),
            consent: profile.consent(),
            events: profile.history(),
        }
    }
}

/// A message id in a column: those that are derived from the event are too long to read anyway.
fn short(message_id: &str) -> String {
    const SHOWN: usize = 36;
    let mut shown: String = message_id.chars().take(SHOWN).collect();
    if shown.len() < message_id.len() {
        shown.push('…');
    }
    visible(&shown)
}

fn account(id: &str) -> String {
    format!("group_id:{id}")
}

fn text(label: &str, profile: &Profile, audiences: &[&str], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", visible(label))?;

    let ids = profile
        .identifiers()
        .iter()
        .map(|(kind, id)| vec![visible(kind), visible(id)]);
    section(out, "Identifiers", &ids.collect::<Vec<_>>())?;

    let traits = profile.traits().iter().filter(|(_, value)| value.present().is_some());
    let traits = traits.map(|(key, value)| vec![visible(key), visible(&value.canonical())]);
    section(out, "Traits", &traits.collect::<Vec<_>>())?;

    let audiences = audiences.iter().map(|audience| vec![visible(audience)]);
    section(out, "Audiences", &audiences.collect::<Vec<_>>())?;

    let accounts = profile.accounts().map(|id| vec![visible(&account(id))]);
    section(out, "Accounts", &accounts.collect::<Vec<_>>())?;

    let consent = profile.consent();
    let states = consent
        .categories()
        .map(|(id, state)| vec![visible(id), state.to_string()]);
    section(out, "Consent", &states.collect::<Vec<_>>())?;
    let changes = consent.history().iter().map(|change| {
        vec![
            change.time.to_string(),
            visible(&change.category),
            format!("{} → {}", change.from, change.to),
            format!("by {}", short(&change.message_id)),
            change.rule.to_string(),
        ]
    });
    section(out, "Consent history", &changes.collect::<Vec<_>>())?;

    let mut events: Vec<(&str, &PastEvent)> = profile
        .history()
        .iter()
        .flat_map(|(name, events)| events.iter().map(move |event| (name, event)))
        .collect();
    events.sort_by_key(|(_, event)| std::cmp::Reverse(event.timestamp));
    let count = events.len();
    let recent = events.into_iter().take(RECENT).map(|(name, event)| {
        let properties = Value::Object(event.properties.clone()).canonical();
        vec![
            event.timestamp.to_string(),
            visible(name),
            short(&event.message_id),
            visible(&properties),
        ]
    });
    let title = if count > RECENT {
        format!("Events (the latest {RECENT} of {count})")
    } else {
        "Events".to_owned()
    };
    section(out, &title, &recent.collect::<Vec<_>>())
}

fn section(out: &mut dyn Write, title: &str, rows: &[Vec<String>]) -> io::Result<()> {
    writeln!(out, "\n{title}")?;
    if rows.is_empty() {
        return writeln!(out, "  none");
    }
    let indented = rows.iter().map(|row| {
        let mut row = row.clone();
        if let Some(first) = row.first_mut() {
            first.insert_str(0, "  ");
        }
        row
    });
    table::write(out, &[Align::Left; 5], &indented.collect::<Vec<_>>())
}
