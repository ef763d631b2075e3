//! `volens explain`

use std::fmt;
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::arguments::{EventArguments, Format};
use super::{Failure, Streams, audience, events, json, load, profile, store};
use crate::compile::nearest;
use crate::deliver::State;
use crate::diagnostic::visible;
use crate::engine::Engine;
use crate::explain::Explanation;
use crate::ir::AudienceSlot;
use crate::model::Profile;
use crate::time::Timestamp;

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
    let sent = match (&arguments.store, identifier) {
        (Some(folder), (kind, _)) if kind != profile::ACCOUNT => {
            let profile = profile::find(&ingested.profiles, identifier)?;
            sent(&engine, folder, question, profile, streams)?
        }
        _ => Vec::new(),
    };
    match format {
        Format::Json => json(&Told { explanation, sent }, streams)?,
        Format::Text => {
            write!(streams.out, "{explanation}")?;
            for (at, sent) in sent.iter().enumerate() {
                let heading = if at == 0 { "\nSent\n" } else { "" };
                writeln!(streams.out, "{heading}  {sent}")?;
            }
        }
    }
    Ok(0)
}

#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    explanation: Explanation,
    /// What destinations were sent, where a store knows of anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sent: Vec<SentThere>,
}

/// What a destination was sent last of an identifier, for the audience.
#[derive(Serialize)]
struct SentThere {
    destination: String,
    identifier: String,
    state: State,
    at: Timestamp,
    messages: u32,
}

impl fmt::Display for SentThere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (destination, identifier) = (visible(&self.destination), visible(&self.identifier));
        match self.state {
            State::In => write!(f, "{destination} holds {identifier}: an entry was sent at {}", self.at),
            State::Silent => write!(
                f,
                "{destination} holds {identifier}, though consent was revoked: an entry was sent at {}, and it is sent no removals",
                self.at
            ),
            State::Out => write!(f, "{destination} was sent at {} that {identifier} left", self.at),
        }
    }
}

/// What destinations were sent of a profile for the audience in question, by destination.
fn sent(
    engine: &Engine,
    folder: &Path,
    question: &Question<'_>,
    profile: &Profile,
    streams: &mut Streams,
) -> Result<Vec<SentThere>, Failure> {
    let ledger = store::ledger(engine, folder, streams)?;
    let mut sent = Vec::new();
    for (kind, value) in profile.identifiers().iter() {
        for (audience, destination, last) in ledger.holds(kind, value) {
            let is_asked = question.destination.is_none_or(|wanted| wanted == destination);
            if audience == question.audience && is_asked {
                sent.push(SentThere {
                    destination: destination.to_owned(),
                    identifier: format!("{kind}:{value}"),
                    state: last.state,
                    at: last.at,
                    messages: last.times,
                });
            }
        }
    }
    sent.sort_by(|a, b| (&a.destination, &a.identifier).cmp(&(&b.destination, &b.identifier)));
    Ok(sent)
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
