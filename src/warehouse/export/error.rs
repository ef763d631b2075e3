//! Why tables could not be written.

use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::visible;

/// Why tables could not be written. Nothing is left of an export that was not finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The system refused.
    #[error("cannot write `{}`: {source}", shown(path))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The path names no folder that could be made.
    #[error("`{}` names no folder: name one that is to be made", shown(path))]
    NoFolder {
        /// The path.
        path: PathBuf,
    },
    /// There is an export, and it was not said that it may go.
    #[error(
        "`{}` is an export already: name another folder, or say that it is to be replaced (`--replace`)",
        shown(path)
    )]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// There is a folder that is no export, and has something in it.
    #[error("`{}` is not empty, and no export: name another folder", shown(path))]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// An export cannot be replaced, for something in its folder is not of it.
    #[error("`{}` is not of the export that is to be replaced: move it elsewhere", shown(path))]
    Foreign {
        /// What is in the folder besides.
        path: PathBuf,
    },
    /// A name of an event cannot be that of a folder.
    #[error("the event name `{}` is too long for a folder to be called by it", visible(name))]
    Name {
        /// The name.
        name: String,
    },
    /// A text is longer than a file can have one.
    #[error(
        "the column `{}` has a text of {bytes} bytes, more than a file takes",
        visible(column)
    )]
    Text {
        /// The column.
        column: String,
        /// The length of the text.
        bytes: usize,
    },
    /// A table cannot be written as Parquet.
    #[error("cannot write Parquet: {reason}")]
    Parquet {
        /// What the writer says.
        reason: String,
    },
}

fn shown(path: &Path) -> String {
    visible(&path.display().to_string())
}
