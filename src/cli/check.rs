//! `volens check`

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::{Failure, Format, Streams, json, problems};
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::{Engine, Error};
use crate::ir::{Audience, Program};
use crate::span::{Position, Sources, Span};

pub(super) fn check(path: &Path, format: Format, streams: &mut Streams) -> Result<u8, Failure> {
    let engine = match Engine::load(path) {
        Ok(engine) => Ok(engine),
        Err(Error::Definitions(errors)) => Err(errors),
        Err(error) => return Err(Failure::Other(error.to_string())),
    };
    let (diagnostics, sources) = match &engine {
        Ok(engine) => (engine.warnings(), engine.sources()),
        Err(errors) => (errors.diagnostics(), errors.sources()),
    };
    let program = engine.as_ref().ok().map(Engine::program);
    match format {
        Format::Text => {
            problems::print(diagnostics, sources, streams)?;
            if let Some(program) = program {
                for audience in &program.audiences {
                    writeln!(streams.out, "{}", line(program, audience))?;
                }
            }
            streams.out.flush()?;
            problems::summary(diagnostics, streams)?;
        }
        Format::Json => json(&Report::new(diagnostics, sources, program), streams)?,
    }
    Ok(u8::from(program.is_none()))
}

/// `ok big_spenders: asks for Advertising, sent to google_ads, crm`
fn line(program: &Program, audience: &Audience) -> String {
    let ids: Vec<&str> = audience
        .consent
        .iter()
        .filter_map(|slot| Some(&*program.categories.get(slot.index())?.id))
        .collect();
    let to = audience
        .destinations
        .iter()
        .filter_map(|slot| Some(&*program.destinations.get(slot.index())?.name));
    let to: Vec<&str> = to.collect();
    let consent = if ids.is_empty() {
        "no consent clause".to_owned()
    } else {
        format!("consent to {}", ids.join(" and "))
    };
    let to = if to.is_empty() {
        "sent nowhere".to_owned()
    } else {
        format!("sent to {}", to.join(", "))
    };
    format!("ok  {}: {consent}, {to}", audience.name)
}

#[derive(Serialize)]
struct Report<'a> {
    diagnostics: Vec<Problem<'a>>,
    audiences: Vec<&'a str>,
}

#[derive(Serialize)]
struct Problem<'a> {
    severity: Severity,
    code: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

#[derive(Serialize)]
struct Related<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    message: &'a str,
}

/// A place for editors: bytes from 0, lines and columns from 1, the end excluded.
#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    bytes: [u32; 2],
    start: Position,
    end: Position,
}

impl<'a> Place<'a> {
    fn new(span: Span, sources: &'a Sources) -> Self {
        Place {
            file: sources.name(span.file),
            bytes: [span.start, span.end],
            start: sources.position(span),
            end: sources.position(Span::new(span.file, span.end, span.end)),
        }
    }
}

impl<'a> Report<'a> {
    fn new(diagnostics: &'a [Diagnostic], sources: &'a Sources, program: Option<&'a Program>) -> Self {
        let audiences = program.into_iter().flat_map(|program| &program.audiences);
        Report {
            diagnostics: diagnostics.iter().map(|d| Problem::new(d, sources)).collect(),
            audiences: audiences.map(|audience| &*audience.name).collect(),
        }
    }
}

impl<'a> Problem<'a> {
    fn new(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Self {
        let related = diagnostic.related.iter().map(|label| Related {
            place: Place::new(label.span, sources),
            message: &label.text,
        });
        Problem {
            severity: diagnostic.severity,
            code: diagnostic.code.as_str(),
            message: &diagnostic.message,
            place: Place::new(diagnostic.span, sources),
            label: &diagnostic.label,
            related: related.collect(),
            help: diagnostic.help.as_deref(),
        }
    }
}
