//! `volens fmt`

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::Serialize;

use super::arguments::Format;
use super::beside::Beside;
use super::check::Problem;
use super::{Failure, Streams, json, problems};
use crate::diagnostic::{self, Diagnostic, visible};
use crate::engine::load::{Loaded, load, one};
use crate::span::FileId;
use crate::syntax::{self, Unformatted};

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// It was in canonical form.
    Unchanged,
    /// It was not, and now it is.
    Formatted,
    /// It is not, and `--check` leaves it so.
    Unformatted,
    /// It has errors, and is left as it is.
    Errors,
}

/// A file, and its text in canonical form.
struct Done {
    file: FileId,
    status: Status,
    text: String,
}

/// Formats every file of a workspace that has no errors, or standard input. Each file is for itself: one that is broken does
/// not keep the others from being formatted.
pub(super) fn fmt(path: &Path, check: bool, format: Format, streams: &mut Streams) -> Result<u8, Failure> {
    let piped = path.as_os_str() == "-";
    let loaded = if piped {
        let mut bytes = Vec::new();
        let most = syntax::MAX_FILE as u64 + 1;
        let read = (&mut streams.input).take(most).read_to_end(&mut bytes);
        read.map_err(|error| Failure::Other(format!("cannot read `-`: {error}")))?;
        one("-".to_owned(), bytes)
    } else {
        load(path)?
    };
    let mut diagnostics = loaded.diagnostics.clone();
    let mut done = Vec::new();
    for file in loaded.sources.ids() {
        done.push(one_file(&loaded, file, check, &mut diagnostics)?);
    }
    diagnostic::sort(&mut diagnostics);
    if !piped && !check {
        let changed = done.iter().filter(|done| done.status == Status::Formatted);
        for (done, path) in changed.filter_map(|done| Some((done, loaded.paths.get(done.file.0 as usize)?))) {
            write(path, &done.text).map_err(|error| {
                let path = visible(&path.display().to_string());
                Failure::Other(format!("cannot write `{path}`: {error}"))
            })?;
        }
    }
    let code = u8::from(
        done.iter()
            .any(|d| matches!(d.status, Status::Errors | Status::Unformatted)),
    );
    let printed = match format {
        Format::Text => text(&loaded, &done, &diagnostics, piped && !check, streams),
        Format::Json => json(&Report::new(&loaded, &done, &diagnostics, piped), streams),
    };
    printed.map_err(|failure| match failure {
        Failure::Output { error, .. } => Failure::Output { code, error },
        other => other,
    })?;
    Ok(code)
}

fn one_file(loaded: &Loaded, file: FileId, check: bool, diagnostics: &mut Vec<Diagnostic>) -> Result<Done, Failure> {
    let before = loaded.sources.text(file);
    let broken = |text: &str| Done {
        file,
        status: Status::Errors,
        text: text.to_owned(),
    };
    // Bytes that are no text were told already.
    if diagnostics.iter().any(|diagnostic| diagnostic.span.file == file) {
        return Ok(broken(before));
    }
    match syntax::format(file, before) {
        Ok(text) => {
            let status = match check {
                _ if text == before => Status::Unchanged,
                true => Status::Unformatted,
                false => Status::Formatted,
            };
            Ok(Done { file, status, text })
        }
        Err(Unformatted::Errors(errors)) => {
            diagnostics.extend(errors);
            Ok(broken(before))
        }
        Err(error) => {
            let name = visible(loaded.sources.name(file));
            Err(Failure::Other(format!("`{name}`: {error}")))
        }
    }
}

/// Replaces a file, links followed, in one step.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    // A file that is closed to writing stays as it is, though its folder may be open.
    OpenOptions::new().write(true).open(&path)?;
    let (beside, mut file) = Beside::open(&path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    beside.replace()
}

fn text(
    loaded: &Loaded,
    done: &[Done],
    diagnostics: &[Diagnostic],
    through: bool,
    streams: &mut Streams,
) -> Result<(), Failure> {
    problems::print(diagnostics, usize::MAX, &loaded.sources, streams)?;
    for done in done {
        let name = visible(loaded.sources.name(done.file));
        match done.status {
            Status::Unchanged | Status::Formatted if through => streams.out.write_all(done.text.as_bytes())?,
            Status::Formatted => writeln!(streams.out, "formatted {name}")?,
            Status::Unformatted => {
                let before = loaded.sources.text(done.file);
                write!(streams.out, "{}", difference(&name, before, &done.text))?;
            }
            Status::Unchanged | Status::Errors => {}
        }
    }
    streams.out.flush()?;
    problems::summary(diagnostics, streams)?;
    if !through {
        let of = |status| done.iter().filter(|done| done.status == status).count();
        let files = match done.len() {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        let summary = match (of(Status::Formatted), of(Status::Unformatted)) {
            (0, 0) if of(Status::Errors) > 0 => return Ok(()),
            (0, 0) if done.len() == 1 => "the file is formatted".to_owned(),
            (0, 0) => format!("all {files} are formatted"),
            (formatted, 0) => format!("formatted {formatted} of {files}"),
            (_, 1) => format!("1 of {files} is not formatted; `volens fmt` formats it"),
            (_, unformatted) => format!("{unformatted} of {files} are not formatted; `volens fmt` formats them"),
        };
        writeln!(streams.err, "{summary}")?;
    }
    Ok(())
}

/// The first line that is not as it should be, and what it should be.
fn difference(name: &str, before: &str, after: &str) -> String {
    /// More of a line than this is shown to nobody.
    const WIDEST: usize = 200;
    let mut lines = (before.split('\n'), after.split('\n'));
    let mut number = 1;
    let (was, is) = loop {
        match (lines.0.next(), lines.1.next()) {
            (Some(was), Some(is)) if was == is => number += 1,
            different => break different,
        }
    };
    if (was, is) == (None, Some("")) {
        let last = number - 1;
        return format!("{name}:{last}: not formatted\n  the last line has no line break at its end\n");
    }
    let mut shown = format!("{name}:{number}: not formatted\n");
    for (sign, line) in [('-', was), ('+', is)] {
        if let Some(line) = line {
            let line: String = visible(line).chars().take(WIDEST).collect();
            shown += format!("  {sign} {line}").trim_end();
            shown.push('\n');
        }
    }
    shown
}

#[derive(Serialize)]
struct Report<'a> {
    files: Vec<OneFile<'a>>,
    diagnostics: Vec<Problem<'a>>,
}

#[derive(Serialize)]
struct OneFile<'a> {
    file: &'a str,
    status: Status,
    /// Of standard input, which cannot be written back.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

impl<'a> Report<'a> {
    fn new(loaded: &'a Loaded, done: &'a [Done], diagnostics: &'a [Diagnostic], piped: bool) -> Self {
        let file = |done: &'a Done| OneFile {
            file: loaded.sources.name(done.file),
            status: done.status,
            text: (piped && done.status != Status::Errors).then_some(done.text.as_str()),
        };
        Report {
            files: done.iter().map(file).collect(),
            diagnostics: diagnostics.iter().map(|d| Problem::new(d, &loaded.sources)).collect(),
        }
    }
}
