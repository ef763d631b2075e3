//! `volens check`

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::arguments::{Deny, Format};
use super::{Failure, Streams, json, problems};
use crate::diagnostic::{Code, Diagnostic, Severity, Suggestion, visible};
use crate::engine::{DefinitionErrors, Engine, Error};
use crate::ir::{Audience, CategorySlot, Program, Subject};
use crate::span::{Position, Sources, Span};
use crate::value::written;

pub(super) fn check(path: &Path, format: Format, deny: Option<Deny>, streams: &mut Streams) -> Result<u8, Failure> {
    let engine = match Engine::load(path) {
        Ok(engine) => Ok(engine),
        Err(Error::Definitions(errors)) => Err(errors),
        Err(error) => return Err(Failure::Other(error.to_string())),
    };
    let (diagnostics, sources) = match &engine {
        Ok(engine) => (engine.warnings(), engine.sources()),
        Err(errors) => (errors.diagnostics(), errors.sources()),
    };
    // Without errors, the diagnostics are warnings.
    let denied = deny == Some(Deny::Warnings) && !diagnostics.is_empty();
    let code = u8::from(engine.is_err() || denied);
    let printed = print(&engine, diagnostics, sources, format, streams);
    if denied && format == Format::Text {
        writeln!(streams.err, "warnings are denied here (`--deny warnings`)")?;
    }
    printed.map_err(|failure| match failure {
        Failure::Output { error, .. } => Failure::Output { code, error },
        other => other,
    })?;
    Ok(code)
}

fn print(
    engine: &Result<Engine, DefinitionErrors>,
    diagnostics: &[Diagnostic],
    sources: &Sources,
    format: Format,
    streams: &mut Streams,
) -> Result<(), Failure> {
    match format {
        Format::Text => {
            problems::print(diagnostics, usize::MAX, sources, streams)?;
            match engine {
                Ok(engine) => {
                    let program = engine.program();
                    let silent = engine.warnings().iter().filter(|w| w.code == Code::SilentDestination);
                    let silent: BTreeSet<&str> = silent.map(|w| engine.sources().slice(w.span)).collect();
                    for audience in &program.audiences {
                        writeln!(streams.out, "{}", line(program, audience, &silent))?;
                    }
                }
                Err(errors) => {
                    for audience in errors.accepted() {
                        let to: Vec<String> = audience.destinations.iter().map(|name| visible(name)).collect();
                        writeln!(streams.out, "{}", start(&audience.name, audience.of, &to))?;
                    }
                }
            }
            if engine
                .as_ref()
                .is_ok_and(|engine| engine.program().audiences.is_empty())
            {
                writeln!(streams.err, "there is no audience in it")?;
            }
            streams.out.flush()?;
            problems::summary(diagnostics, streams)?;
        }
        Format::Json => {
            let audiences = match engine {
                Ok(engine) => engine.program().audiences.iter().map(|a| &*a.name).collect(),
                Err(errors) => errors.accepted().iter().map(|audience| &*audience.name).collect(),
            };
            let diagnostics = diagnostics.iter().map(|d| Problem::new(d, sources)).collect();
            json(&Report { diagnostics, audiences }, streams)?;
        }
    }
    Ok(())
}

/// `ok  big_spenders → google_ads (requires Advertising); consent clause: Advertising`
fn line(program: &Program, audience: &Audience, silent: &BTreeSet<&str>) -> String {
    let categories = |slots: &[CategorySlot]| {
        let ids = slots.iter().filter_map(|slot| program.categories.get(slot.index()));
        ids.map(|category| &*category.id).collect::<Vec<_>>().join(", ")
    };
    let to = audience
        .destinations
        .iter()
        .filter_map(|slot| program.destinations.get(slot.index()));
    let to = to.map(|destination| {
        let name = visible(&destination.name);
        let needed = match categories(&destination.requires) {
            // As somebody decided, or as nobody has.
            none if none.is_empty() && silent.contains(&*written(&destination.name)) => {
                return format!("{name} (does not say what it requires)");
            }
            none if none.is_empty() => "nothing".to_owned(),
            needed => needed,
        };
        let enforced = program.enforced(destination).count();
        let off = match destination.requires.len() - enforced {
            _ if !program.enforcement && !destination.requires.is_empty() => ", but enforcement is off",
            0 => "",
            _ if enforced == 0 => ", but that is disabled",
            _ => ", of which some are disabled",
        };
        format!("{name} (requires {needed}{off})")
    });
    let to: Vec<String> = to.collect();
    let mut line = start(&audience.name, audience.of, &to);
    if !audience.consent.is_empty() {
        line += "; consent clause: ";
        line += &categories(&audience.consent);
    }
    if audience.include_anonymous {
        line += "; anonymous people too";
    }
    line
}

/// `ok  growing of accounts → google_ads`
fn start(name: &str, of: Subject, to: &[String]) -> String {
    let of = match of {
        Subject::User => "",
        Subject::Account => " of accounts",
    };
    let to = match to {
        [] => "sent nowhere".to_owned(),
        to => to.join(", "),
    };
    format!("ok  {}{of} → {to}", visible(name))
}

#[derive(Serialize)]
struct Report<'a> {
    diagnostics: Vec<Problem<'a>>,
    audiences: Vec<&'a str>,
}

/// A problem for programs.
#[derive(Serialize)]
pub(super) struct Problem<'a> {
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
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<Edit<'a>>,
}

/// Words to replace, and what to write for them.
#[derive(Serialize)]
struct Edit<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    replacement: &'a str,
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

impl<'a> Problem<'a> {
    pub(super) fn new(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Self {
        let related = diagnostic.related.iter().map(|label| Related {
            place: Place::new(label.span, sources),
            message: &label.text,
        });
        let edit = |suggestion: &'a Suggestion| Edit {
            place: Place::new(suggestion.span, sources),
            replacement: &suggestion.replacement,
        };
        Problem {
            severity: diagnostic.severity,
            code: diagnostic.code.as_str(),
            message: &diagnostic.message,
            place: Place::new(diagnostic.span, sources),
            label: &diagnostic.label,
            related: related.collect(),
            help: diagnostic.help.as_deref(),
            suggestion: diagnostic.suggestion.as_ref().map(edit),
        }
    }
}
