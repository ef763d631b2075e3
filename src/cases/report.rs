//! What tests found.

use std::fmt;
use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, visible};
use crate::engine::DefinitionErrors;
use crate::span::{Position, Sources, Span};

/// The outcome of all tests of a path, by workspace.
#[derive(Debug, Clone)]
pub struct Report {
    /// The workspaces, in path order.
    pub suites: Vec<SuiteReport>,
}

/// The outcome of the tests of one workspace.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SuiteReport {
    /// The file or folder of its definitions.
    pub workspace: PathBuf,
    /// Whether it is one of the folders below the path that was given.
    pub nested: bool,
    /// The problems of its definitions, where they have errors. Then no test was run.
    pub definitions: Option<DefinitionErrors>,
    /// The texts of its test files, which all places are of.
    pub sources: Sources,
    /// Its test files, in path order.
    pub files: Vec<FileReport>,
}

/// The outcome of one test file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FileReport {
    /// The file, as it was found.
    pub name: String,
    /// What is wrong with the file; warnings too. Tests that have an error were not run.
    pub problems: Vec<Diagnostic>,
    /// The tests that were run, in order.
    pub cases: Vec<CaseReport>,
}

/// The outcome of one test. It passed if there is no failure.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CaseReport {
    /// What it is called.
    pub name: Box<str>,
    /// Its name, in the test file.
    pub span: Span,
    /// Line and column of its name.
    pub place: Position,
    /// What did not hold, by the order of the statements; what is wrong with the events first.
    pub failures: Vec<Failure>,
    /// What a reader should know: events of files that were refused, events later than `now`.
    pub notes: Vec<String>,
}

/// Why a test failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// Which kind of statement failed.
    pub kind: FailureKind,
    /// The statement, in the test file.
    pub span: Span,
    /// Line and column of the statement.
    pub place: Position,
    /// The statement, as written.
    pub statement: String,
    /// What was found instead, in a line.
    pub found: String,
    /// Of an expectation about a profile or account that there is: why it is in the audiences concerned or not, and of a
    /// delivery what becomes of it there, in lines; the text of [`Explanation`](crate::explain::Explanation), shortened.
    pub explanation: Vec<String>,
}

/// Which kind of statement failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// An expectation does not hold.
    Expectation,
    /// An event that is written in the test was refused.
    Refused,
    /// A file of events could not be read, or its events not be evaluated. Nothing was expected.
    Input,
}

impl FailureKind {
    /// A stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureKind::Expectation => "expectation",
            FailureKind::Refused => "refused",
            FailureKind::Input => "input",
        }
    }
}

/// How many tests had which outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Totals {
    /// Tests of which all holds.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// Errors in test files, and workspaces whose definitions have errors.
    pub errors: usize,
}

impl CaseReport {
    /// Whether all of it holds.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// Its line, and what did not hold below it; `file` is the file that it is in.
    pub fn to_text(&self, file: &str) -> String {
        let mut text = format!(
            "  {}  {}\n",
            if self.passed() { "ok    " } else { "FAILED" },
            visible(&self.name)
        );
        for failure in &self.failures {
            let Position { line, column } = failure.place;
            text += &format!("    {}:{line}:{column}\n", visible(file));
            text += &format!("      {}\n", one_line(&failure.statement));
            text += &format!("      {}\n", failure.found);
            for line in &failure.explanation {
                text += &format!("        {line}\n");
            }
        }
        for note in &self.notes {
            text += &format!("    note: {note}\n");
        }
        text
    }
}

/// A statement on one line, and not too long for it.
fn one_line(statement: &str) -> String {
    const LONGEST: usize = 120;
    let words: Vec<&str> = statement.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", visible(line.get(..end).unwrap_or(""))),
        None => visible(&line),
    }
}

impl FileReport {
    /// How many of its problems are errors.
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.is_error()).count()
    }
}

impl Report {
    /// How many tests had which outcome.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for suite in &self.suites {
            totals.errors += usize::from(suite.definitions.is_some());
            for file in &suite.files {
                totals.errors += file.errors();
                let passed = file.cases.iter().filter(|case| case.passed()).count();
                totals.passed += passed;
                totals.failed += file.cases.len() - passed;
            }
        }
        totals
    }

    /// Whether tests were run, and all of them passed, and nothing is wrong with any definition or test file.
    pub fn is_success(&self) -> bool {
        let totals = self.totals();
        totals.passed > 0 && totals.failed == 0 && totals.errors == 0
    }
}

impl fmt::Display for Totals {
    /// `12 passed, 1 failed`, and `, 2 errors` where there are some.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        match self.errors {
            0 => Ok(()),
            1 => f.write_str(", 1 error"),
            errors => write!(f, ", {errors} errors"),
        }
    }
}

impl fmt::Display for Report {
    /// Every problem, a line for each test with what did not hold below it, and the totals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for suite in &self.suites {
            if let Some(definitions) = &suite.definitions {
                writeln!(f, "{definitions}")?;
            }
            for file in &suite.files {
                writeln!(f, "{}", visible(&file.name))?;
                for problem in &file.problems {
                    writeln!(f, "{}", problem.to_text(&suite.sources))?;
                }
                for case in &file.cases {
                    f.write_str(&case.to_text(&file.name))?;
                }
            }
        }
        write!(f, "{}", self.totals())
    }
}
