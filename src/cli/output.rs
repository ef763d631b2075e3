//! Files that the command writes beside its result: nothing that is read is lost for one, and nobody sees half of one.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Failure;
use super::beside::Beside;
use super::events::cannot;
use crate::diagnostic::visible;
use crate::engine::Engine;

/// What is read, and must not be written over.
pub(super) struct Inputs {
    files: Vec<PathBuf>,
    /// Folders of which every file is, and will be.
    folders: Vec<PathBuf>,
}

impl Inputs {
    /// The definitions of a workspace, files of events, and a store.
    pub(super) fn of(engine: &Engine, events: &[PathBuf], store: Option<&Path>) -> Self {
        let sources = engine.sources();
        let definitions = sources.ids().map(|id| PathBuf::from(sources.name(id)));
        Inputs {
            files: definitions.chain(events.iter().cloned()).collect(),
            folders: store.map(Path::to_owned).into_iter().collect(),
        }
    }

    /// Refuses a path that names one of them, or what is in one of the folders.
    pub(super) fn spare(&self, flag: &str, path: &Path) -> Result<(), Failure> {
        if self.have(&real(path)) {
            return Err(Failure::Other(format!(
                "`{flag} {}` would overwrite what is read",
                visible(&path.display().to_string())
            )));
        }
        Ok(())
    }

    /// Whether a file, by its real path, is one of them. What counts is which file would be lost, whatever it is called.
    fn have(&self, real: &Path) -> bool {
        let mut files = self.files.iter();
        let mut folders = self.folders.iter();
        files.any(|input| input.canonicalize().is_ok_and(|input| input == *real))
            || folders.any(|folder| real.starts_with(self::real(folder)))
    }
}

/// A file to be written. What stood in it is replaced in one step, at the end, so that work that fails loses nothing.
pub(super) struct Output {
    /// The file itself, links followed.
    path: PathBuf,
    /// A file beside it that takes its place; none where it is no ordinary file, such as a pipe or `/dev/stderr`.
    beside: Option<Beside>,
    file: File,
}

impl Output {
    /// Opened before the work begins, so that a path that cannot be written is told at once. `flag` is the argument that
    /// names it.
    pub(super) fn open(flag: &str, path: &Path, inputs: &Inputs) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Err(Failure::Other(format!("`{flag}` takes a file, not `-`")));
        }
        inputs.spare(flag, path)?;
        let real = real(path);
        let is_device = |path: &Path| path.starts_with("/dev") || path.starts_with("/proc");
        let device = is_device(path) || std::fs::read_link(path).is_ok_and(|target| is_device(&target));
        let ordinary = !device && real.metadata().map_or(true, |metadata| metadata.is_file());
        let opened = if ordinary {
            Beside::open(&real).map(|(beside, file)| (Some(beside), file))
        } else {
            File::create(&real).map(|file| (None, file))
        };
        let (beside, file) = opened.map_err(|error| cannot("write", path, &error))?;
        Ok(Output {
            path: real,
            beside,
            file,
        })
    }

    /// Whether two are one file.
    pub(super) fn is(&self, other: &Output) -> bool {
        self.path == other.path
    }

    /// Writes it, and puts it in its place.
    pub(super) fn write(self, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> Result<(), Failure> {
        let mut writer = BufWriter::new(&self.file);
        let written = write(&mut writer)
            .and_then(|()| writer.flush())
            .and_then(|()| match self.beside {
                Some(beside) => beside.replace(),
                None => Ok(()),
            });
        written.map_err(|error| cannot("write", &self.path, &error))
    }
}

/// The path with links followed, also that of a file that is not there yet.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return path.to_owned(),
    };
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}
