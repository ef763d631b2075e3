//! `volens profile`

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::arguments::{EventArguments, Format};
use super::table::{self, Align};
use super::{Failure, Streams, account, events, json, load};
use crate::consent::ConsentState;
use crate::diagnostic::visible;
use crate::engine::{Among, Delivery, Engine, Through};
use crate::model::{PastEvent, Profile, Profiles, account_label};
use crate::time::Timestamp;
use crate::value::Value;

/// The type of identifier that names an account.
pub(super) const ACCOUNT: &str = "group_id";
/// As many events as the text form shows; JSON has all.
const RECENT: usize = 20;

pub(super) fn profile(
    path: &Path,
    arguments: &EventArguments,
    wanted: &str,
    format: Format,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    let identifier = identifier(wanted)?;
    let engine = load(path, streams)?;
    let now = arguments.now();
    let ingested = events::ingest(&engine, arguments, now, streams)?;
    let among = engine.among(&ingested.profiles);
    if let (ACCOUNT, id) = identifier {
        return account::account(&ingested.profiles, &among, id, now, format, streams);
    }
    let profile = find(&ingested.profiles, identifier)?;
    let audiences = among.memberships(profile, now)?;
    let through = among.through_accounts(profile, now)?;
    let label = engine.label(profile);
    match format {
        Format::Json => {
            let report = Report {
                profile: &label,
                computed_traits: engine.computed_traits(profile, now).into_iter().collect(),
                audiences: audiences.iter().map(|audience| (*audience, true)).collect(),
                account_audiences: through.iter().map(|through| (through.audience, through)).collect(),
                rest: profile,
            };
            json(&report, streams)?;
        }
        Format::Text => {
            let to = deliveries(&among, profile, &audiences, &through, now)?;
            text(&engine, &label, profile, &to, now, &mut streams.out)?;
        }
    }
    Ok(0)
}

/// The type and the value of an identifier.
pub(super) fn identifier(wanted: &str) -> Result<(&str, &str), Failure> {
    wanted.split_once(':').ok_or_else(|| {
        Failure::Other(format!(
            "`{}` is no identifier: write TYPE:VALUE, such as user_id:u1",
            visible(wanted)
        ))
    })
}

/// The profile with this identifier.
pub(super) fn find<'p>(profiles: &'p Profiles, (kind, value): (&str, &str)) -> Result<&'p Profile, Failure> {
    let found = profiles.find(kind, value);
    found.ok_or_else(|| Failure::Other(format!("no profile has {}", visible(&format!("{kind}:{value}")))))
}

/// The profile, which can be read back from it, and what follows from it.
#[derive(Serialize)]
struct Report<'a> {
    profile: &'a str,
    computed_traits: BTreeMap<&'a str, Value>,
    /// Of users alone: a profile is no member of an audience of accounts, its accounts are.
    audiences: BTreeMap<&'a str, bool>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    account_audiences: BTreeMap<&'a str, &'a Through<'a>>,
    #[serde(flatten)]
    rest: &'a Profile,
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

/// The audiences that the profile is in, then those of its accounts, each with what becomes of the profile.
fn deliveries(
    among: &Among<'_>,
    profile: &Profile,
    audiences: &[&str],
    through: &[Through<'_>],
    now: Timestamp,
) -> Result<Vec<Vec<String>>, Failure> {
    let own = audiences.iter().map(|audience| (*audience, visible(audience), false));
    let through = through.iter().map(|through| {
        let accounts: Vec<String> = through.accounts.iter().map(|account| visible(account)).collect();
        let title = format!("{} ({})", visible(through.audience), accounts.join(", "));
        (through.audience, title, through.left_out)
    });
    let all: BTreeMap<&str, Vec<Delivery<'_>>> = among.all_deliveries(profile, now)?.into_iter().collect();
    let mut rows = Vec::new();
    for (audience, title, left_out) in own.chain(through) {
        if left_out {
            rows.push(vec![title, "(left out by the audience's clauses)".to_owned()]);
            continue;
        }
        let to = all.get(audience).map_or(&[][..], Vec::as_slice);
        if to.is_empty() {
            rows.push(vec![title, "(sent nowhere)".to_owned()]);
            continue;
        }
        let titles = std::iter::once(title).chain(std::iter::repeat(String::new()));
        rows.extend(
            titles
                .zip(to)
                .map(|(title, delivery)| vec![title, visible(delivery.destination), delivery.outcome.to_string()]),
        );
    }
    Ok(rows)
}

fn text(
    engine: &Engine,
    label: &str,
    profile: &Profile,
    deliveries: &[Vec<String>],
    now: Timestamp,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    writeln!(out, "{}", visible(label))?;

    let ids = profile
        .identifiers()
        .iter()
        .map(|(kind, id)| vec![visible(kind), visible(id)]);
    section(out, "Identifiers", &ids.collect::<Vec<_>>())?;

    let traits = profile.traits().iter().filter(|(_, value)| value.present().is_some());
    let traits = traits.map(|(key, value)| vec![visible(key), visible(&value.canonical())]);
    section(out, "Traits", &traits.collect::<Vec<_>>())?;

    let computed = engine.computed_traits(profile, now).into_iter();
    let computed: Vec<_> = computed
        .map(|(name, value)| vec![visible(name), visible(&value.canonical())])
        .collect();
    if !computed.is_empty() {
        section(out, "Computed traits", &computed)?;
    }

    section(out, "Audiences and their destinations", deliveries)?;

    let accounts = profile.accounts().map(|id| vec![visible(&account_label(id))]);
    section(out, "Accounts", &accounts.collect::<Vec<_>>())?;

    let consent = profile.consent();
    let declared = engine
        .program()
        .categories
        .iter()
        .map(|category| (&*category.id, consent.state(&category.id)));
    let states: BTreeMap<&str, ConsentState> = declared.chain(consent.categories()).collect();
    let states = states
        .into_iter()
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
        let properties = Value::Object((*event.properties).clone()).canonical();
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
    section(out, &title, &recent.collect::<Vec<_>>())?;
    Ok(())
}

pub(super) fn section(out: &mut dyn Write, title: &str, rows: &[Vec<String>]) -> io::Result<()> {
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
