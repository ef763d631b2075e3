//! `volens explain`

use std::io::Write;
use std::path::Path;

use super::{EventArguments, Failure, Format, Streams, audience, events, json, load, profile};
use crate::compile::nearest;
use crate::diagnostic::visible;
use crate::engine::Engine;
use crate::ir::AudienceSlot;

/// What is asked.
pub(super) struct Question<'a> {
    pub(super) audience: &'a str,
    pub(super) profile: &'a str,
    /// This destination alone.
    pub(super) destination: Option<&'a str>,
}

pub(super) fn explain(
    path: &Path,
    arguments: &EventArguments,
    question: &Question<'_>,
    format: Format,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    let identifier = profile::identifier(question.profile)?;
    let engine = load(path, streams)?;
    let slot = audience(&engine, question.audience)?;
    if let Some(destination) = question.destination {
        is_sent(&engine, slot, destination)?;
    }
    let now = arguments.now();
    let ingested = events::ingest(&engine, arguments, now, streams)?;
    let among = engine.among(&ingested.profiles);
    let mut explanation = match identifier {
        (profile::ACCOUNT, id) => among.explain_account(question.audience, id, now)?,
        _ => among.explain(question.audience, profile::find(&ingested.profiles, identifier)?, now)?,
    };
    if let Some(wanted) = question.destination {
        explanation = explanation.at(wanted);
    }
    match format {
        Format::Json => json(&explanation, streams)?,
        Format::Text => write!(streams.out, "{explanation}")?,
    }
    Ok(0)
}

/// A destination that the audience is not sent to has nothing to explain; a name that nothing has even less.
fn is_sent(engine: &Engine, audience: AudienceSlot, wanted: &str) -> Result<(), Failure> {
    let program = engine.program();
    let names = || program.destinations.iter().map(|destination| &*destination.name);
    if !names().any(|name| name == wanted) {
        return Err(super::unknown("destination", wanted, nearest(wanted, names())));
    }
    let Some(audience) = program.audiences.get(audience.index()) else {
        return Ok(());
    };
    let sent = audience.destinations.iter();
    let sent: Vec<&str> = sent
        .filter_map(|slot| Some(&*program.destinations.get(slot.index())?.name))
        .collect();
    if sent.contains(&wanted) {
        return Ok(());
    }
    let instead = if sent.is_empty() {
        "it is sent nowhere".to_owned()
    } else {
        format!("it is sent to {}", visible(&sent.join(", ")))
    };
    Err(Failure::Other(format!(
        "the audience `{}` is not sent to `{}`; {instead}",
        visible(&audience.name),
        visible(wanted)
    )))
}
