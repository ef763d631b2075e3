//! Runs the cases of test files (`*.test.audience`): what `volens test` does, for a host's own tests too.
//!
//! ```
//! // In a test of your own:
//! let report = volens::cases::run("examples/shop")?;
//! assert!(report.is_success(), "{report}");
//! # Ok::<(), volens::cases::Error>(())
//! ```
//!
//! Every case starts from nothing: its events are taken in as of its `now`, every audience is evaluated, every delivery is
//! decided, and then its expectations are looked at. What the tests themselves mean stands in [the guide](crate::guide::testing).
//!
//! # Whose tests
//! [`Suite::load`] takes a path and gives a suite for each workspace that has tests below it. The workspace of a test file is
//! the topmost folder, from the given one down to the file's own, that has an `.audience` file directly in it, be it of
//! definitions or of tests; if no definitions lie below that folder, the nearest folder above it that has some, up to the
//! given one. So a folder of several workspaces side by side can be given, and each stays its own namespace.

mod check;
mod explain;
mod find;
mod inputs;
mod report;
mod run;
mod who;

use std::path::{Path, PathBuf};

use crate::diagnostic::{self, Diagnostic};
use crate::engine::{self, DefinitionErrors, Engine};
use crate::span::{FileId, Sources};
use crate::syntax;
use crate::syntax::cases::ast::Test;

pub use inputs::Inputs;
pub use report::{CaseReport, Failure, FailureKind, FileReport, Report, SuiteReport, Totals};

/// Why tests could not be looked for at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read, or there are no definitions. (Definitions with errors are no error here: the report has
    /// them.)
    #[error(transparent)]
    Load(#[from] engine::Error),
    /// There is no test file.
    #[error("there is no `.test.audience` file in `{}`", diagnostic::visible(&path.display().to_string()))]
    NoTests {
        /// Where there is none.
        path: PathBuf,
    },
    /// There is no test file beside the one file of definitions that was given.
    #[error(
        "there is no `{}`, which would hold the tests of `{}`",
        diagnostic::visible(&expected.display().to_string()),
        diagnostic::visible(&path.display().to_string())
    )]
    NoTestsBeside {
        /// The file of definitions.
        path: PathBuf,
        /// Where its tests would be.
        expected: PathBuf,
    },
}

/// A workspace and its test files.
#[derive(Debug)]
pub struct Suite {
    workspace: PathBuf,
    /// It is one of the folders below the one that was given.
    nested: bool,
    engine: Result<Engine, DefinitionErrors>,
    sources: Sources,
    files: Vec<TestFile>,
}

/// A test file, and which of its tests are run.
#[derive(Debug)]
struct TestFile {
    id: FileId,
    tests: Vec<Test>,
    problems: Vec<Diagnostic>,
}

impl Suite {
    /// The suites of a path, in path order: of a folder, see [above](self#whose-tests); of one file of definitions
    /// (`shop.audience`), that workspace with the test file beside it (`shop.test.audience`); of one test file, that file,
    /// with its folder as the workspace.
    ///
    /// # Errors
    /// [`Error`]. Definitions and tests that have errors are none: they are part of the report.
    pub fn load(path: impl AsRef<Path>) -> Result<Vec<Suite>, Error> {
        let path = path.as_ref();
        let mut suites = Vec::new();
        for found in find::find(path)? {
            let engine = match Engine::load(&found.workspace) {
                Ok(engine) => Ok(engine),
                Err(engine::Error::Definitions(errors)) => Err(errors),
                Err(error) => return Err(error.into()),
            };
            let loaded = engine::read_all(&found.tests)?;
            let nested = found.workspace != path && path.is_dir();
            suites.push(Suite::new(
                found.workspace,
                nested,
                engine,
                loaded.sources,
                loaded.diagnostics,
            ));
        }
        Ok(suites)
    }

    /// The suite of one test file that a host has as text. Files of events are looked for beside `name`.
    ///
    /// ```
    /// use volens::cases::{Inputs, Suite};
    /// use volens::Engine;
    ///
    /// let engine = Engine::from_text("pros.audience", r#"audience pros { who trait plan = "pro" }"#)?;
    /// let suite = Suite::from_text(&engine, "pros.test.audience", r#"
    ///     test "plans count as they are spelt" {
    ///       now 2026-06-30
    ///       event {"type": "identify", "userId": "u1", "traits": {"plan": "Pro"}}
    ///       expect "user_id:u1" in pros
    ///     }
    /// "#);
    /// let report = suite.run(&mut Inputs::default(), &mut || {});
    /// let failure = &report.files[0].cases[0].failures[0];
    /// assert_eq!(failure.found, "user_id:u1 is not in pros");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_text(engine: &Engine, name: &str, text: &str) -> Suite {
        let mut sources = Sources::default();
        sources.add(name, text);
        let workspace = Path::new(name).parent().map(Path::to_owned).unwrap_or_default();
        Suite::new(workspace, false, Ok(engine.clone()), sources, Vec::new())
    }

    fn new(
        workspace: PathBuf,
        nested: bool,
        engine: Result<Engine, DefinitionErrors>,
        sources: Sources,
        unreadable: Vec<Diagnostic>,
    ) -> Suite {
        let files = sources.ids().map(|id| {
            let (file, found) = syntax::cases::parse(id, sources.text(id));
            let mut problems: Vec<Diagnostic> = unreadable.iter().filter(|d| d.span.file == id).cloned().collect();
            // Bytes that are no text were told already; what the parser makes of them would only repeat it.
            if problems.is_empty() {
                problems = found;
                if let Ok(engine) = &engine {
                    check::check(engine.program(), engine.identity(), &file.tests, &mut problems);
                }
                diagnostic::sort(&mut problems);
            }
            let sound = |test: &Test| {
                // They are in the order of their places.
                let first = problems.partition_point(|problem| problem.span.start < test.span.start);
                let inside = problems.iter().skip(first);
                let mut inside = inside.take_while(|problem| problem.span.start < test.span.end);
                !inside.any(Diagnostic::is_error)
            };
            TestFile {
                id,
                tests: file.tests.into_iter().filter(sound).collect(),
                problems,
            }
        });
        let files = files.collect();
        Suite {
            workspace,
            nested,
            engine,
            sources,
            files,
        }
    }

    /// The file or folder of the definitions.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Keeps only the tests whose name contains the text.
    pub fn retain(&mut self, text: &str) {
        for file in &mut self.files {
            file.tests.retain(|test| test.title.text.contains(text));
        }
    }

    /// How many tests would be run; none where the definitions have errors.
    pub fn len(&self) -> usize {
        match self.engine {
            Ok(_) => self.files.iter().map(|file| file.tests.len()).sum(),
            Err(_) => 0,
        }
    }

    /// Whether no test would be run.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether something is wrong with the definitions or the test files.
    pub fn has_errors(&self) -> bool {
        let mut problems = self.files.iter().flat_map(|file| &file.problems);
        self.engine.is_err() || problems.any(Diagnostic::is_error)
    }

    /// The names of all files of definitions and of tests.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let definitions = match &self.engine {
            Ok(engine) => engine.sources(),
            Err(errors) => errors.sources(),
        };
        let own = self.sources.ids().map(|id| self.sources.name(id));
        own.chain(definitions.ids().map(|id| definitions.name(id)))
    }

    /// Runs every test, in the order of files and places; calls `each` after each one.
    pub fn run(&self, inputs: &mut Inputs<'_>, each: &mut dyn FnMut()) -> SuiteReport {
        let files = self.files.iter().map(|file| {
            let mut cases = Vec::new();
            if let Ok(engine) = &self.engine {
                for test in &file.tests {
                    cases.push(run::case(engine, &self.sources, test, inputs));
                    each();
                }
            }
            FileReport {
                name: self.sources.name(file.id).to_owned(),
                problems: file.problems.clone(),
                cases,
            }
        });
        let files = files.collect();
        SuiteReport {
            workspace: self.workspace.clone(),
            nested: self.nested,
            definitions: self.engine.as_ref().err().cloned(),
            sources: self.sources.clone(),
            files,
        }
    }
}

/// Runs all tests of a path; see [`Suite::load`]. Files of events must not be packed.
///
/// # Errors
/// [`Error`]
pub fn run(path: impl AsRef<Path>) -> Result<Report, Error> {
    let mut inputs = Inputs::default();
    let suites = Suite::load(path)?;
    Ok(Report {
        suites: suites.iter().map(|suite| suite.run(&mut inputs, &mut || {})).collect(),
    })
}
