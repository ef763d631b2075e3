//! `volens test`

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::arguments::Format;
use super::beside::Beside;
use super::check::Problem;
use super::events::{cannot, unpacked};
use super::{Failure, Streams, json, problems};
use crate::cases::{self, CaseReport, FailureKind, FileReport, Inputs, Report, Suite, SuiteReport};
use crate::diagnostic::visible;

pub(super) struct Arguments<'a> {
    pub(super) paths: &'a [PathBuf],
    pub(super) filter: Option<&'a str>,
    pub(super) report: Option<&'a Path>,
}

impl From<cases::Error> for Failure {
    fn from(error: cases::Error) -> Self {
        Failure::Other(error.to_string())
    }
}

pub(super) fn test(arguments: &Arguments<'_>, format: Format, streams: &mut Streams) -> Result<u8, Failure> {
    let mut suites = Vec::new();
    for path in arguments.paths {
        suites.extend(Suite::load(path)?);
    }
    if let Some(filter) = arguments.filter {
        suites.iter_mut().for_each(|suite| suite.retain(filter));
    }
    let count: usize = suites.iter().map(Suite::len).sum();
    if count == 0 && !suites.iter().any(Suite::has_errors) {
        // Nothing was tested, which must not look like tests that pass.
        return Err(Failure::Other(match arguments.filter {
            Some(filter) => format!("no test has `{}` in its name", visible(filter)),
            None => "the test files hold no test".to_owned(),
        }));
    }
    if let Some(path) = arguments.report {
        refuse_to_overwrite(path, &suites)?;
    }

    let progress = progress(count, streams.err_is_terminal);
    let mut inputs = Inputs::opened_by(|path| {
        // A pipe might never end.
        if !path.metadata()?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        unpacked(File::open(path)?)
    });
    let mut each = || progress.inc(1);
    let reports = suites.iter().map(|suite| suite.run(&mut inputs, &mut each)).collect();
    let report = Report { suites: reports };
    progress.finish_and_clear();

    let code = exit_code(&report);
    if let Some(path) = arguments.report {
        if inputs.paths().any(|input| is_same(input, path)) {
            return Err(would_overwrite(path));
        }
        write(path, &super::junit::xml(&report)).map_err(|error| cannot("write", path, &error))?;
    }
    let printed = match format {
        Format::Text => text(&report, streams).map_err(Failure::from),
        Format::Json => json(&Json::new(&report), streams),
    };
    printed.map_err(|failure| match failure {
        Failure::Output { error, .. } => Failure::Output { code, error },
        other => other,
    })?;
    Ok(code)
}

/// 0 if all is well; 2 if events cannot be read or evaluated, whatever else is wrong; else 1.
fn exit_code(report: &Report) -> u8 {
    let files = report.suites.iter().flat_map(|suite| &suite.files);
    let mut failures = files.flat_map(|file| &file.cases).flat_map(|case| &case.failures);
    let totals = report.totals();
    if failures.any(|failure| failure.kind == FailureKind::Input) {
        2
    } else {
        u8::from(totals.failed > 0 || totals.errors > 0)
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let real = one.canonicalize();
    real.is_ok_and(|real| other.canonicalize().is_ok_and(|other| other == real))
}

fn would_overwrite(path: &Path) -> Failure {
    let path = visible(&path.display().to_string());
    Failure::Other(format!("`--report {path}` would overwrite what is read"))
}

/// A report takes the place of no definitions and no tests.
fn refuse_to_overwrite(path: &Path, suites: &[Suite]) -> Result<(), Failure> {
    if path.as_os_str() == "-" {
        return Err(Failure::Other("`--report` takes a file, not `-`".to_owned()));
    }
    let mut names = suites.iter().flat_map(Suite::names);
    if names.any(|name| is_same(Path::new(name), path)) {
        return Err(would_overwrite(path));
    }
    match is_report(path) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let path = visible(&path.display().to_string());
            Err(Failure::Other(format!(
                "`--report {path}` would overwrite a file that is no report; remove it first, or name another"
            )))
        }
        Err(error) => Err(cannot("write", path, &error)),
    }
}

/// Whether nothing stands there yet, or an earlier report: a slip of the pen takes nobody's definitions or events.
fn is_report(path: &Path) -> io::Result<bool> {
    const BEGINS: &[u8] = b"<?xml";
    match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.is_file() => return Ok(false),
        Ok(metadata) if metadata.len() == 0 => return Ok(true),
        Ok(_) => {}
    }
    let mut begins = Vec::new();
    File::open(path)?.take(BEGINS.len() as u64).read_to_end(&mut begins)?;
    Ok(begins == BEGINS)
}

/// Puts a report in its place in one step, links followed.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (beside, mut file) = Beside::open(&path)?;
    file.write_all(text.as_bytes())?;
    beside.replace()
}

fn progress(count: usize, terminal: bool) -> ProgressBar {
    if !terminal {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("testing {wide_bar} {pos}/{len}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Problems go to standard error, as with every command; the outcome of each test to standard output.
fn text(report: &Report, streams: &mut Streams) -> io::Result<()> {
    for suite in &report.suites {
        if let Some(definitions) = &suite.definitions {
            let workspace = visible(&suite.workspace.display().to_string());
            writeln!(
                streams.out,
                "{workspace}\n  ERROR   the definitions have errors, so none of its tests was run"
            )?;
            problems::print(
                definitions.diagnostics(),
                problems::SHOWN,
                definitions.sources(),
                streams,
            )?;
            problems::summary(definitions.diagnostics(), streams)?;
            if suite.nested {
                writeln!(
                    streams.err,
                    "note: `{workspace}` is a workspace of its own here, as no folder above it has an `.audience` file \
                     directly in it"
                )?;
            }
        }
        for file in suite
            .files
            .iter()
            .filter(|file| !file.cases.is_empty() || !file.problems.is_empty())
        {
            writeln!(streams.out, "{}", visible(&file.name))?;
            match file.errors() {
                0 => {}
                1 => writeln!(streams.out, "  ERROR   1 error in this file")?,
                errors => writeln!(streams.out, "  ERROR   {errors} errors in this file")?,
            }
            problems::print(&file.problems, usize::MAX, &suite.sources, streams)?;
            for case in &file.cases {
                write!(streams.out, "{}", case.to_text(&file.name))?;
            }
        }
    }
    writeln!(streams.out, "\n{}", report.totals())
}

// ---- for programs

#[derive(Serialize)]
struct Json<'a> {
    passed: usize,
    failed: usize,
    errors: usize,
    workspaces: Vec<JsonSuite<'a>>,
}

#[derive(Serialize)]
struct JsonSuite<'a> {
    workspace: String,
    /// Of its definitions, where they have errors.
    diagnostics: Vec<Problem<'a>>,
    files: Vec<JsonFile<'a>>,
}

#[derive(Serialize)]
struct JsonFile<'a> {
    file: &'a str,
    diagnostics: Vec<Problem<'a>>,
    tests: Vec<JsonCase<'a>>,
}

#[derive(Serialize)]
struct JsonCase<'a> {
    name: &'a str,
    line: u32,
    column: u32,
    passed: bool,
    failures: Vec<JsonFailure<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct JsonFailure<'a> {
    kind: &'static str,
    line: u32,
    column: u32,
    statement: &'a str,
    found: &'a str,
    explanation: &'a [String],
}

impl<'a> Json<'a> {
    fn new(report: &'a Report) -> Self {
        let totals = report.totals();
        Json {
            passed: totals.passed,
            failed: totals.failed,
            errors: totals.errors,
            workspaces: report.suites.iter().map(JsonSuite::new).collect(),
        }
    }
}

impl<'a> JsonSuite<'a> {
    fn new(suite: &'a SuiteReport) -> Self {
        let definitions = suite.definitions.iter().flat_map(|errors| {
            let problem = |diagnostic| Problem::new(diagnostic, errors.sources());
            errors.diagnostics().iter().map(problem)
        });
        JsonSuite {
            workspace: suite.workspace.display().to_string(),
            diagnostics: definitions.collect(),
            files: suite.files.iter().map(|file| JsonFile::new(suite, file)).collect(),
        }
    }
}

impl<'a> JsonFile<'a> {
    fn new(suite: &'a SuiteReport, file: &'a FileReport) -> Self {
        let problem = |diagnostic| Problem::new(diagnostic, &suite.sources);
        JsonFile {
            file: &file.name,
            diagnostics: file.problems.iter().map(problem).collect(),
            tests: file.cases.iter().map(JsonCase::new).collect(),
        }
    }
}

impl<'a> JsonCase<'a> {
    fn new(case: &'a CaseReport) -> Self {
        let failures = case.failures.iter().map(|failure| JsonFailure {
            kind: failure.kind.as_str(),
            line: failure.place.line,
            column: failure.place.column,
            statement: &failure.statement,
            found: &failure.found,
            explanation: &failure.explanation,
        });
        JsonCase {
            name: &case.name,
            line: case.place.line,
            column: case.place.column,
            passed: case.passed(),
            failures: failures.collect(),
            notes: &case.notes,
        }
    }
}
