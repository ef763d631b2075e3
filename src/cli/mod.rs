//! The `volens` command (feature `cli`): arguments, files, exit codes, and text for people.
//!
//! Exit codes: 0 done; 1 the definitions have errors (or warnings that are denied), a test failed, or `fmt --check` found
//! some unformatted; 2 bad usage, or a file that cannot be read or written. Nothing but the result goes to standard output;
//! problems, refused events and progress go to standard error.

mod account;
mod arguments;
mod beside;
mod check;
mod definitions;
mod events;
mod explain;
mod export;
mod fmt;
mod ir;
mod junit;
mod output;
mod overview;
mod problems;
mod profile;
mod route;
mod run;
mod schema;
mod sql;
mod store;
mod stream;
mod table;
mod test;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser;

use self::arguments::{Arguments, Command, Source};
use crate::compile::nearest;
use crate::diagnostic::{Diagnostic, visible};
use crate::engine::{DefinitionErrors, Engine, Error};
use crate::ir::AudienceSlot;
use crate::space::SpaceError;
use crate::time::Timestamp;

/// The streams of the process, so that the command can be run from a test.
pub struct Streams {
    /// Standard input.
    pub input: Box<dyn Read>,
    /// Standard output.
    pub out: Box<dyn Write>,
    /// Standard error.
    pub err: Box<dyn Write>,
    /// Whether standard error is a terminal: progress and colour are for people alone.
    pub err_is_terminal: bool,
}

/// The only clock in Volens.
fn clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Why the command did not do its work.
#[derive(Debug)]
enum Failure {
    /// The definitions have errors, and they are printed: exit code 1.
    Definitions,
    /// Anything else, in a sentence: exit code 2.
    Other(String),
    /// The result could not be written.
    Output {
        /// The exit code that it would have had.
        code: u8,
        /// What the system says.
        error: io::Error,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Other(error.to_string())
    }
}

impl From<SpaceError> for Failure {
    fn from(error: SpaceError) -> Self {
        Failure::Other(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output { code: 0, error }
    }
}

/// Standard error that nobody may be listening to: what cannot be told there is no reason to stop, and must never look like
/// a job that is done.
struct BestEffort(Box<dyn Write>);

impl Write for BestEffort {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

/// Runs the command. `arguments` begin with the name of the program.
pub fn main(arguments: impl IntoIterator<Item = OsString>, streams: &mut Streams) -> ExitCode {
    ExitCode::from(run(arguments, streams))
}

/// Runs the command and gives the exit code as a number.
pub fn run(arguments: impl IntoIterator<Item = OsString>, streams: &mut Streams) -> u8 {
    let err = std::mem::replace(&mut streams.err, Box::new(io::sink()));
    streams.err = Box::new(BestEffort(err));
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let asked = !error.use_stderr();
            let stream = if asked { &mut streams.out } else { &mut streams.err };
            // Help that nobody reads to its end has done its work all the same.
            let _ = write!(stream, "{}", error.render()).and_then(|()| stream.flush());
            return if asked { 0 } else { 2 };
        }
    };
    let done = dispatch(&arguments.command, streams).and_then(|code| {
        streams.out.flush()?;
        Ok(code)
    });
    match done {
        Ok(code) => code,
        Err(Failure::Definitions) => 1,
        // Whoever reads the result has seen enough, as with `| head`.
        Err(Failure::Output { code, error }) if error.kind() == io::ErrorKind::BrokenPipe => code,
        Err(Failure::Output { error, .. }) => complain(streams, &format!("cannot write the result: {error}")),
        Err(Failure::Other(message)) => complain(streams, &message),
    }
}

fn complain(streams: &mut Streams, message: &str) -> u8 {
    let _ = writeln!(streams.err, "error: {message}");
    2
}

fn dispatch(command: &Command, streams: &mut Streams) -> Result<u8, Failure> {
    match command {
        Command::Check {
            workspace,
            format,
            deny,
        } => check::check(&workspace.path, format.format, *deny, streams),
        Command::Fmt {
            path,
            from: Some(Source::Json),
            ..
        } => definitions::print(path, streams),
        Command::Fmt {
            path, check, format, ..
        } => fmt::fmt(path, *check, format.format, streams),
        Command::Run {
            workspace,
            events,
            overlap,
            identifiers,
            executor,
            format,
        } => {
            let besides = run::Besides {
                overlap,
                identifiers: *identifiers,
                executor: (*executor).into(),
            };
            run::run(&workspace.path, events, &besides, format.format, streams)
        }
        Command::Profile {
            workspace,
            events,
            format,
            profile,
        } => profile::profile(&workspace.path, events, profile, format.format, streams),
        Command::Explain {
            workspace,
            events,
            format,
            audience,
            profile,
            destination,
        } => {
            let question = explain::Question {
                audience,
                profile,
                destination: destination.as_deref(),
            };
            explain::explain(&workspace.path, events, &question, format.format, streams)
        }
        Command::Route {
            workspace,
            arguments,
            format,
        } => route::route(&workspace.path, arguments, format.format, streams),
        Command::Stream { workspace, arguments } => stream::stream(&workspace.path, arguments, streams),
        Command::Overview {
            workspace,
            events,
            format,
            html,
            samples,
        } => {
            let asked = overview::Asked {
                samples: usize::from(*samples),
                html: html.as_deref(),
            };
            overview::overview(&workspace.path, events, &asked, format.format, streams)
        }
        Command::Ingest {
            workspace,
            store,
            arguments,
            format,
        } => store::ingest(&workspace.path, store, arguments, format.format, streams),
        Command::Forget {
            workspace,
            store,
            profile,
            now,
            format,
        } => {
            let now = now.unwrap_or_else(clock);
            store::forget(&workspace.path, store, profile, now, format.format, streams)
        }
        Command::Ir {
            workspace,
            format,
            audience,
            ast,
        } => ir::ir(&workspace.path, audience.as_deref(), *ast, format.format, streams),
        Command::Sql { workspace, arguments } => sql::sql(&workspace.path, arguments, streams),
        Command::Export {
            workspace,
            events,
            parquet,
            replace,
            by_day,
            format,
        } => {
            let asked = export::Asked {
                parquet,
                replace: *replace,
                by_day: *by_day,
            };
            export::export(&workspace.path, events, &asked, format.format, streams)
        }
        Command::Schema(command) => schema::schema(command, streams),
        Command::Test {
            paths,
            filter,
            report,
            format,
        } => {
            let arguments = test::Arguments {
                paths,
                filter: filter.as_deref(),
                report: report.as_deref(),
            };
            test::test(&arguments, format.format, streams)
        }
    }
}

/// Loads the workspace, and tells its problems on standard error.
fn load(path: &std::path::Path, streams: &mut Streams) -> Result<Engine, Failure> {
    load_and_warn(path, |_| true, streams)
}

/// The same; of the warnings, those that matter.
fn load_and_warn(
    path: &std::path::Path,
    matters: impl Fn(&Diagnostic) -> bool,
    streams: &mut Streams,
) -> Result<Engine, Failure> {
    match Engine::load(path) {
        Ok(engine) => {
            let warnings = engine.warnings().iter().filter(|warning| matters(warning));
            let warnings: Vec<Diagnostic> = warnings.cloned().collect();
            problems::print(&warnings, problems::SHOWN, engine.sources(), streams)?;
            Ok(engine)
        }
        Err(Error::Definitions(errors)) => Err(wrong(&errors, streams)),
        Err(error) => Err(Failure::Other(error.to_string())),
    }
}

/// Tells what is wrong with definitions, and that there is no answer for it.
fn wrong(errors: &DefinitionErrors, streams: &mut Streams) -> Failure {
    let told = problems::print(errors.diagnostics(), problems::SHOWN, errors.sources(), streams);
    match told.and_then(|()| problems::summary(errors.diagnostics(), streams)) {
        Ok(()) => Failure::Definitions,
        Err(error) => error.into(),
    }
}

/// The audience of this name.
fn audience(engine: &Engine, name: &str) -> Result<AudienceSlot, Failure> {
    let program = engine.program();
    let names = program.audiences.iter().map(|audience| &*audience.name);
    program
        .audience(name)
        .ok_or_else(|| unknown("audience", name, nearest(name, names)))
}

/// A name of an argument that the workspace does not declare.
fn unknown(kind: &str, name: &str, near: Option<&str>) -> Failure {
    let instead = near.map(|near| format!("; did you mean `{}`?", visible(near)));
    let instead = instead.unwrap_or_default();
    Failure::Other(format!("there is no {kind} `{}`{instead}", visible(name)))
}

/// Writes a value as JSON, indented, with a line break at the end.
fn json(value: &impl serde::Serialize, streams: &mut Streams) -> Result<(), Failure> {
    let mut writer = serde_json::Serializer::pretty(&mut streams.out);
    value.serialize(&mut writer).map_err(io::Error::from)?;
    writeln!(streams.out)?;
    Ok(())
}

/// Writes a value as JSON on a line of its own.
fn json_line(value: &impl serde::Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
}
