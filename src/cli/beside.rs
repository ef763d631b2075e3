//! Replacing a file in one step, so that nobody ever sees half of it and a failure leaves what was there.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A new file beside the one that it is going to replace. It goes away again unless it does.
pub(super) struct Beside {
    target: PathBuf,
    path: PathBuf,
    placed: bool,
}

impl Beside {
    /// Opens a file beside `target`, which is no link, with its permissions. One that is there already is not ours to take.
    pub(super) fn open(target: &Path) -> io::Result<(Beside, File)> {
        let mut attempt = 0;
        loop {
            let mut name = target.as_os_str().to_owned();
            name.push(format!(".{}-{attempt}.tmp", std::process::id()));
            let path = PathBuf::from(name);
            match File::create_new(&path) {
                Ok(file) => {
                    let beside = Beside {
                        target: target.to_owned(),
                        path,
                        placed: false,
                    };
                    if let Ok(metadata) = target.metadata() {
                        file.set_permissions(metadata.permissions())?;
                    }
                    return Ok((beside, file));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Puts it in its place.
    pub(super) fn replace(mut self) -> io::Result<()> {
        std::fs::rename(&self.path, &self.target)?;
        self.placed = true;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.placed {
            // Nothing came of it; that the work failed is told elsewhere.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
