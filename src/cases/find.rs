//! Which test files there are, and which workspace each belongs to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Error;
use crate::engine::{self, is_definition, is_test};

/// A workspace and the test files that belong to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// A file or a folder.
    pub(super) workspace: PathBuf,
    /// In path order.
    pub(super) tests: Vec<PathBuf>,
}

pub(super) fn find(path: &Path) -> Result<Vec<Found>, Error> {
    if !path.is_dir() {
        return Ok(vec![of_file(path)?]);
    }
    let files = engine::find(path, |name| is_definition(name) || is_test(name))?;
    let (tests, definitions): (Vec<PathBuf>, Vec<PathBuf>) =
        files.into_iter().partition(|file| is_test(&file.to_string_lossy()));
    if tests.is_empty() {
        return Err(Error::NoTests { path: path.to_owned() });
    }
    let mut found: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    let layout = Layout::new(path, &tests, &definitions);
    for test in &tests {
        found.entry(layout.workspace(test)).or_default().push(test.clone());
    }
    let found = found.into_iter().map(|(workspace, tests)| Found { workspace, tests });
    Ok(found.collect())
}

fn of_file(path: &Path) -> Result<Found, Error> {
    let name = path.to_string_lossy();
    if is_test(&name) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        return Ok(Found {
            workspace: folder.unwrap_or_else(|| Path::new(".")).to_owned(),
            tests: vec![path.to_owned()],
        });
    }
    let beside = path.with_extension("test.audience");
    if path.exists() && !beside.is_file() {
        return Err(Error::NoTestsBeside {
            path: path.to_owned(),
            expected: beside,
        });
    }
    Ok(Found {
        workspace: path.to_owned(),
        tests: vec![beside],
    })
}

/// Which folders hold what.
struct Layout<'a> {
    top: &'a Path,
    /// Those with a file of definitions or tests directly in them.
    marked: BTreeSet<&'a Path>,
    /// Those with definitions in them or below.
    defined: BTreeSet<&'a Path>,
}

impl<'a> Layout<'a> {
    fn new(top: &'a Path, tests: &'a [PathBuf], definitions: &'a [PathBuf]) -> Self {
        let marked = tests.iter().chain(definitions).filter_map(|file| file.parent());
        let mut defined = BTreeSet::new();
        for file in definitions {
            for folder in file.ancestors().skip(1) {
                // What lies above a folder that is known is known, too.
                if !defined.insert(folder) {
                    break;
                }
            }
        }
        Layout {
            top,
            marked: marked.collect(),
            defined,
        }
    }

    fn workspace(&self, test: &Path) -> PathBuf {
        let folders: Vec<&Path> = test
            .ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(self.top))
            .collect();
        let marked = folders
            .iter()
            .rposition(|folder| self.marked.contains(folder))
            .unwrap_or(0);
        let at_or_above = folders.get(marked..).unwrap_or_default();
        let root = at_or_above.iter().find(|folder| self.defined.contains(*folder));
        root.map_or_else(|| self.top.to_owned(), |root| (*root).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(definitions: &[&str], test: &str) -> String {
        let definitions: Vec<PathBuf> = definitions.iter().map(PathBuf::from).collect();
        let tests = [PathBuf::from(test)];
        let layout = Layout::new(Path::new("top"), &tests, &definitions);
        layout.workspace(&tests[0]).display().to_string()
    }

    #[test]
    fn a_test_belongs_to_the_topmost_folder_with_files_of_its_own() {
        for (definitions, test, expected) in [
            // Definitions directly in the given folder: it is the workspace.
            (&["top/a.audience"][..], "top/a.test.audience", "top"),
            (&["top/a.audience", "top/x/b.audience"], "top/x/b.test.audience", "top"),
            (&["top/a.audience"], "top/tests/deep/a.test.audience", "top"),
            // Several side by side.
            (
                &["top/x/a.audience", "top/y/a.audience"],
                "top/x/a.test.audience",
                "top/x",
            ),
            (
                &["top/x/a.audience", "top/x/z/b.audience"],
                "top/x/z/b.test.audience",
                "top/x",
            ),
            (
                &["top/x/a.audience", "top/y/a.audience"],
                "top/x/tests/a.test.audience",
                "top/x",
            ),
            // A test file marks a folder as well as definitions do.
            (
                &["top/x/one/a.audience", "top/x/two/b.audience"],
                "top/x/x.test.audience",
                "top/x",
            ),
            // The definitions are not where the tests are.
            (
                &["top/x/definitions/a.audience"],
                "top/x/tests/a.test.audience",
                "top/x",
            ),
            (&["top/y/a.audience"], "top/x/a.test.audience", "top"),
            (&[], "top/x/a.test.audience", "top"),
        ] {
            assert_eq!(workspace(definitions, test), expected, "{definitions:?} {test}");
        }
    }
}
