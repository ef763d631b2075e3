//! Why tables could not be read.

use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::visible;

/// Why tables could not be read. Nothing is made of tables that could not be read as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TablesError {
    /// The program asks about accounts, of which the tables say nothing.
    #[error("tables have no accounts, and the definitions ask about some: give events instead")]
    Accounts,
    /// A table that the program needs is not there.
    #[error(
        "`{}` has no table `{table}`: it is to be a file `{table}.parquet` or a folder `{table}` of such files",
        shown(folder)
    )]
    NoTable {
        /// The table.
        table: &'static str,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// A table is there twice.
    #[error(
        "`{}` has the table `{table}` twice, as the file `{table}.parquet` and as the folder `{table}`: leave one of them",
        shown(folder)
    )]
    TwoTables {
        /// The table.
        table: &'static str,
        /// Where both are.
        folder: PathBuf,
    },
    /// The system refused.
    #[error("cannot read `{}`: {source}", shown(path))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is no Parquet file, is damaged, or is written in a way that is not read.
    #[error("cannot read `{}` as Parquet: {reason}", shown(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file lacks columns.
    #[error("`{}` has no column {}{}", shown(path), listed(columns), asked(*consent))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The columns.
        columns: Vec<String>,
        /// Whether they are states of consent, which are never taken for absent.
        consent: bool,
    },
    /// More than one column is the same.
    #[error(
        "`{}` has more than one column that says what `{}` is: leave one of them",
        shown(path),
        visible(column)
    )]
    TwoColumns {
        /// The file.
        path: PathBuf,
        /// What they say.
        column: String,
    },
    /// The program reads an object as a whole that the table has in parts.
    #[error(
        "`{}` has `{}` in parts, and the definitions read it as a whole: make it one column of structs",
        shown(path),
        visible(column)
    )]
    InParts {
        /// The file.
        path: PathBuf,
        /// The column that there is not.
        column: String,
    },
    /// A trait or property has the name of a column that is something else.
    #[error(
        "the definitions read `{}` of the table `{table}`, where a column of that name is something else",
        visible(column)
    )]
    Reserved {
        /// The table.
        table: &'static str,
        /// The name.
        column: String,
    },
    /// A column has a type that is not read.
    #[error(
        "the column `{}` of `{}` is of type {found}: it is to be {expected}",
        visible(column),
        shown(path)
    )]
    Type {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// What can be read.
        expected: &'static str,
    },
    /// A row lacks what every row must have.
    #[error("row {row} of `{}` has no `{column}`", shown(path))]
    Null {
        /// The file.
        path: PathBuf,
        /// The row, counted from 1.
        row: u64,
        /// The column.
        column: &'static str,
    },
    /// A table has a profile twice that may have it once.
    #[error("the table `{table}` has more than one row of the profile `{}`", visible(profile))]
    Repeated {
        /// The table.
        table: &'static str,
        /// The profile.
        profile: String,
    },
    /// Rows are about profiles that the table `profiles` does not have.
    #[error(
        "the table `{table}` has rows of profiles that are not in `profiles`: {count} of those that are read, the first in row {row} of `{}`, of `{}`",
        shown(path),
        visible(profile)
    )]
    Unknown {
        /// The table.
        table: &'static str,
        /// How many rows.
        count: u64,
        /// The file of the first of them.
        path: PathBuf,
        /// Its row, counted from 1.
        row: u64,
        /// The profile that it is about.
        profile: String,
    },
    /// A state of consent is none.
    #[error(
        "row {row} of `{}` says `{}` of the category `{}`: it is to be `granted`, `denied`, `conflicted` or `not collected`",
        shown(path),
        visible(found),
        visible(category)
    )]
    State {
        /// The file.
        path: PathBuf,
        /// The row, counted from 1.
        row: u64,
        /// The category.
        category: String,
        /// What stands there.
        found: String,
    },
    /// There are more profiles or events than can be counted.
    #[error("there are too many rows in the table `{table}`")]
    TooMany {
        /// The table.
        table: &'static str,
    },
}

fn shown(path: &Path) -> String {
    visible(&path.display().to_string())
}

fn listed(columns: &[String]) -> String {
    let columns: Vec<String> = columns.iter().map(|column| format!("`{}`", visible(column))).collect();
    columns.join(", ")
}

fn asked(consent: bool) -> &'static str {
    if consent {
        ": each category has a column there, of states or of booleans"
    } else {
        ", which the definitions read"
    }
}
