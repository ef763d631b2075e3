//! Where the files of a table lie.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::TablesError;

/// What folders called `COLUMN=VALUE` say of each row below them; `None` for NULL.
pub(super) type Partitions = Vec<(Box<str>, Option<Arc<str>>)>;

/// How Hive, Spark and others write NULL as the name of a folder.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The most folders below one another.
const DEPTH: usize = 32;

/// The files of a table in the order of their paths, which is that of their rows.
pub(super) fn of_table(folder: &Path, table: &'static str) -> Result<Vec<(PathBuf, Partitions)>, TablesError> {
    let file = folder.join(format!("{table}.parquet"));
    let inside = folder.join(table);
    let missing = || {
        Err(TablesError::NoTable {
            table,
            folder: folder.into(),
        })
    };
    match (exists(&file)?, exists(&inside)?) {
        (true, true) => Err(TablesError::TwoTables {
            table,
            folder: folder.into(),
        }),
        (true, false) => Ok(vec![(file, Partitions::new())]),
        (false, true) => {
            let mut files = Vec::new();
            collect(&inside, &Partitions::new(), 0, &mut files)?;
            // What a copy has left that did not come to its end would say of everybody that nothing is known: of consent, too. A
            // writer that had no row to write says by this file that it has ended.
            if files.is_empty() && !exists(&inside.join("_SUCCESS"))? {
                return missing();
            }
            Ok(files)
        }
        (false, false) => missing(),
    }
}

fn exists(path: &Path) -> Result<bool, TablesError> {
    path.try_exists().map_err(|source| cannot(path, source))
}

pub(super) fn cannot(path: &Path, source: io::Error) -> TablesError {
    TablesError::Io {
        path: path.into(),
        source,
    }
}

fn collect(
    folder: &Path,
    partitions: &Partitions,
    depth: usize,
    files: &mut Vec<(PathBuf, Partitions)>,
) -> Result<(), TablesError> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<fs::DirEntry>>>);
    let mut paths: Vec<PathBuf> = entries
        .map_err(|source| cannot(folder, source))?
        .iter()
        .map(fs::DirEntry::path)
        .collect();
    paths.sort();
    for path in paths {
        // What writers leave behind (`_SUCCESS`, `.crc`, `_temporary`) is no part of a table.
        let name = path.file_name().map(|name| name.to_string_lossy());
        let Some(name) = name.filter(|name| !name.starts_with(['.', '_'])) else {
            continue;
        };
        let metadata = fs::metadata(&path).map_err(|source| cannot(&path, source))?;
        if metadata.is_dir() {
            if depth == DEPTH {
                let source = io::Error::other("there are too many folders below one another");
                return Err(cannot(&path, source));
            }
            let mut partitions = partitions.clone();
            if let Some((column, value)) = name.split_once('=') {
                let value = (value != NULL).then(|| decoded(value).into());
                partitions.push((decoded(column).into(), value));
            }
            collect(&path, &partitions, depth + 1, files)?;
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            files.push((path, partitions.clone()));
        }
    }
    Ok(())
}

/// A name of a folder with `%20` and the like as what they stand for.
fn decoded(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(high * 16 + low);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| name.to_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn names_of_folders_are_decoded() {
        for (name, text) in [
            ("Order Completed", "Order Completed"),
            ("Order%20Completed", "Order Completed"),
            ("100%", "100%"),
            ("%2", "%2"),
            ("%3D%3d", "=="),
            ("%zz", "%zz"),
            ("%ff", "%ff"),
        ] {
            assert_eq!(decoded(name), text);
        }
    }
}
