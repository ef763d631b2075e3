//! Finding and reading the files of a workspace.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::Error;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{Sources, Span};
use crate::syntax;

const EXTENSION: &str = ".audience";
/// Cases for `volens test`; no part of the workspace itself.
const TEST_EXTENSION: &str = ".test.audience";

/// The texts of a workspace, and what is wrong with their bytes.
#[derive(Default)]
pub(crate) struct Loaded {
    pub(crate) sources: Sources,
    /// Where each of them was read, in the same order.
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Whether a file of this name holds tests.
pub(crate) fn is_test(name: &str) -> bool {
    name.ends_with(TEST_EXTENSION)
}

/// Whether a file of this name holds definitions.
pub(crate) fn is_definition(name: &str) -> bool {
    name.ends_with(EXTENSION) && !is_test(name)
}

/// Reads one file, or every `*.audience` file below a folder, in path order.
pub(crate) fn load(path: &Path) -> Result<Loaded, Error> {
    let metadata = fs::metadata(path).map_err(|source| read_error(path, source))?;
    let files = if metadata.is_dir() {
        let files = find(path, is_definition)?;
        if files.is_empty() {
            return Err(Error::NoDefinitions { path: path.to_owned() });
        }
        files
    } else {
        vec![path.to_owned()]
    };
    read_all(&files)
}

/// Reads these files.
pub(crate) fn read_all(files: &[PathBuf]) -> Result<Loaded, Error> {
    let mut loaded = Loaded::default();
    for file in files {
        let bytes = read(file)?;
        add(&mut loaded, file.display().to_string(), bytes);
        loaded.paths.push(file.clone());
    }
    Ok(loaded)
}

/// The text of one file that is no file, such as standard input; at most one byte longer than a file may be.
#[cfg(feature = "cli")]
pub(crate) fn one(name: String, bytes: Vec<u8>) -> Loaded {
    let mut loaded = Loaded::default();
    add(&mut loaded, name, bytes);
    loaded
}

/// The files below a folder whose names are wanted, in path order.
pub(crate) fn find(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    // Folders still to look into: a list of our own, so that deep folders need no stack. Links to folders are not
    // followed, so there is no way round in a circle.
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|source| read_error(&folder, source))? {
            let entry = entry.map_err(|source| read_error(&folder, source))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(|source| read_error(&path, source))?;
            if kind.is_dir() {
                folders.push(path);
            } else if wanted(&entry.file_name().to_string_lossy()) && path.is_file() {
                // An ordinary file, or a link to one: no pipe, which would never end, and no link that leads nowhere.
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let file = File::open(path).map_err(|source| read_error(path, source))?;
    let mut bytes = Vec::new();
    // One byte more than a definition may have is enough to see that it has too many.
    let most = syntax::MAX_FILE as u64 + 1;
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(|source| read_error(path, source))?;
    Ok(bytes)
}

fn read_error(path: &Path, source: std::io::Error) -> Error {
    Error::Read {
        path: path.to_owned(),
        source,
    }
}

/// Adds a file. Bytes that are no UTF-8 are an error, but the rest of the file is still looked at: what it declares counts.
fn add(loaded: &mut Loaded, name: String, bytes: Vec<u8>) {
    match String::from_utf8(bytes) {
        Ok(text) => {
            loaded.sources.add(name, text);
        }
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let cut = error.utf8_error().error_len().is_none();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let too_long = error.as_bytes().len() > syntax::MAX_FILE;
            let file = loaded.sources.add(name, text);
            // A character that was cut at the limit is no error of its own.
            if !(too_long && cut) {
                let start = u32::try_from(valid).unwrap_or(u32::MAX);
                let length = u32::try_from(char::REPLACEMENT_CHARACTER.len_utf8()).unwrap_or(0);
                loaded.diagnostics.push(
                    Diagnostic::error(
                        Code::Syntax,
                        Span::new(file, start, start.saturating_add(length)),
                        "this is not UTF-8 text",
                    )
                    .help("save the file as UTF-8"),
                );
            }
        }
    }
}
