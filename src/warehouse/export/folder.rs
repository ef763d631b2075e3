//! The folder of an export: made beside its place, and put there when it is whole.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ExportError;
use crate::time::Timestamp;

/// What says that a folder is an export. Engines pass over files that begin with `_`.
const MARKER: &str = "_volens_export.json";

/// What stands in it.
#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    volens_export: u32,
    /// The instant that traits and consent are as of.
    now: String,
    /// How many rows each table has.
    rows: BTreeMap<String, u64>,
    /// All other files.
    files: BTreeSet<String>,
}

/// A file of the export.
pub(super) struct NewFile {
    pub(super) path: PathBuf,
    pub(super) file: File,
}

/// An export that is being made, in a folder beside its place. It goes away again unless it gets there.
pub(super) struct Building {
    target: PathBuf,
    path: PathBuf,
    files: BTreeSet<String>,
    placed: bool,
}

impl Building {
    /// Sees to it that nothing is in the way before any work is done.
    pub(super) fn begin(out: &Path, replace: bool) -> Result<Self, ExportError> {
        let target = real(out)?;
        check(&target, replace)?;
        let path = beside(&target, "new", |path| fs::create_dir(path))?;
        Ok(Building {
            target,
            path,
            files: BTreeSet::new(),
            placed: false,
        })
    }

    /// Makes a file, and the folders above it. `name` is a path with `/`.
    pub(super) fn file(&mut self, name: &str) -> Result<NewFile, ExportError> {
        let path = self.path.join(name);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        let file = made
            .and_then(|()| File::create_new(&path))
            .map_err(|source| cannot(&path, source))?;
        self.files.insert(name.to_owned());
        Ok(NewFile { path, file })
    }

    /// Puts the export in its place; how many files it has, and their bytes.
    pub(super) fn place(mut self, now: Timestamp, rows: &BTreeMap<String, u64>) -> Result<(usize, u64), ExportError> {
        let mut bytes = 0;
        for name in &self.files {
            let path = self.path.join(name);
            bytes += path.metadata().map_err(|source| cannot(&path, source))?.len();
        }
        let marker = Marker {
            volens_export: 1,
            now: now.to_string(),
            rows: rows.clone(),
            files: std::mem::take(&mut self.files),
        };
        let path = self.path.join(MARKER);
        let told = serde_json::to_vec_pretty(&marker).map_err(io::Error::from);
        told.and_then(|told| {
            let mut file = File::create_new(&path)?;
            file.write_all(&told)?;
            file.sync_all()
        })
        .map_err(|source| cannot(&path, source))?;

        // What was there when the work began may be something else by now.
        check(&self.target, true)?;
        let old = match self.target.symlink_metadata() {
            Ok(_) => Some(beside(&self.target, "old", |path| fs::rename(&self.target, path))?),
            Err(_) => None,
        };
        if let Err(source) = fs::rename(&self.path, &self.target) {
            if let Some(old) = old {
                // Where even that fails, the old one is beside.
                let _ = fs::rename(old, &self.target);
            }
            return Err(cannot(&self.target, source));
        }
        self.placed = true;
        if let Some(old) = old {
            fs::remove_dir_all(&old).map_err(|source| cannot(&old, source))?;
        }
        Ok((marker.files.len(), bytes))
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        if !self.placed {
            // Nothing came of it; that the work failed is told elsewhere.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn cannot(path: &Path, source: io::Error) -> ExportError {
    ExportError::Io {
        path: path.to_owned(),
        source,
    }
}

/// The path with links followed, also that of a folder that is not there yet.
fn real(out: &Path) -> Result<PathBuf, ExportError> {
    let no_folder = || ExportError::NoFolder { path: out.to_owned() };
    let real = match out.canonicalize() {
        Ok(real) => real,
        Err(_) => {
            let name = out.file_name().ok_or_else(no_folder)?;
            let parent = match out.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                _ => Path::new("."),
            };
            let parent = parent.canonicalize().map_err(|source| cannot(out, source))?;
            parent.join(name)
        }
    };
    // The root has no place of its own that it could be put into.
    real.file_name().map(|_| ()).ok_or_else(no_folder)?;
    Ok(real)
}

/// Nothing is lost for an export but another one.
fn check(target: &Path, replace: bool) -> Result<(), ExportError> {
    match target.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(cannot(target, source)),
        Ok(metadata) if !metadata.is_dir() => {
            return Err(ExportError::NoFolder {
                path: target.to_owned(),
            });
        }
        Ok(_) => {}
    }
    let mut entries = fs::read_dir(target).map_err(|source| cannot(target, source))?;
    if entries.next().is_none() {
        return Ok(());
    }
    let marker = fs::read(target.join(MARKER)).ok();
    let Some(marker) = marker.and_then(|text| serde_json::from_slice::<Marker>(&text).ok()) else {
        return Err(ExportError::NotEmpty {
            path: target.to_owned(),
        });
    };
    if !replace {
        return Err(ExportError::Exists {
            path: target.to_owned(),
        });
    }
    foreign(target, "", &marker.files)
}

/// Looks for what is not of an export.
fn foreign(folder: &Path, within: &str, files: &BTreeSet<String>) -> Result<(), ExportError> {
    for entry in fs::read_dir(folder).map_err(|source| cannot(folder, source))? {
        let entry = entry.map_err(|source| cannot(folder, source))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(|source| cannot(&path, source))?;
        let name = entry.file_name().into_string().ok();
        let name = name.map(|name| format!("{within}{name}"));
        match name {
            // The folders are those of some file of it, so that the recursion is no deeper than its own.
            Some(name) if kind.is_dir() => {
                let inside = format!("{name}/");
                let next = files.range(inside.clone()..).next();
                if !next.is_some_and(|file| file.starts_with(&inside)) {
                    return Err(ExportError::Foreign { path });
                }
                foreign(&path, &inside, files)?;
            }
            Some(name) if kind.is_file() && (name == MARKER || files.contains(&name)) => {}
            _ => return Err(ExportError::Foreign { path }),
        }
    }
    Ok(())
}

/// Makes something beside a folder: `make` fails where it is there already.
fn beside(target: &Path, what: &str, make: impl Fn(&Path) -> io::Result<()>) -> Result<PathBuf, ExportError> {
    let mut attempt = 0;
    loop {
        let mut name = OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(format!(".{}-{attempt}.{what}", std::process::id()));
        let path = target.with_file_name(name);
        // A folder that is there and empty would be taken in silence.
        let made = match path.symlink_metadata() {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => make(&path),
        };
        match made {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
            Err(error) => return Err(cannot(&path, error)),
        }
    }
}
