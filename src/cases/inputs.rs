//! Files of events, each read from disk once however many cases use it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use crate::ingest::Ingestor;

/// How many bytes of files are kept in memory; what is beyond is read again for each case.
const KEPT: u64 = 256 << 20;

type Open<'o> = dyn FnMut(&Path) -> io::Result<Box<dyn BufRead>> + 'o;

/// Opens the files of events that cases name, and keeps what was read.
pub struct Inputs<'o> {
    open: Box<Open<'o>>,
    /// What was read; `None` for a file that is too large to be kept.
    kept: BTreeMap<PathBuf, Option<Vec<u8>>>,
    room: u64,
}

impl fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept: Vec<&PathBuf> = self.kept.keys().collect();
        f.debug_struct("Inputs").field("kept", &kept).finish_non_exhaustive()
    }
}

impl Default for Inputs<'static> {
    /// Files as they are. One that is packed with gzip cannot be read: give a reader that unpacks it with
    /// [`opened_by`](Inputs::opened_by), as the command does.
    fn default() -> Self {
        Inputs::opened_by(|path| {
            let mut reader = BufReader::new(File::open(path)?);
            if reader.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
                return Err(io::Error::other("it is packed with gzip"));
            }
            Ok(Box::new(reader))
        })
    }
}

impl<'o> Inputs<'o> {
    /// Files as somebody opens them: unpacked, or from elsewhere than the disk.
    pub fn opened_by(open: impl FnMut(&Path) -> io::Result<Box<dyn BufRead>> + 'o) -> Self {
        Inputs {
            open: Box::new(open),
            kept: BTreeMap::new(),
            room: KEPT,
        }
    }

    /// The files that were read.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.kept.keys().map(PathBuf::as_path)
    }

    /// Gives the events of a file to an ingestor, which calls it `name`.
    pub(super) fn feed(&mut self, path: &Path, name: &str, ingestor: &mut Ingestor) -> io::Result<()> {
        if let Some(Some(bytes)) = self.kept.get(path) {
            return ingestor.read(name, bytes.as_slice());
        }
        let mut reader = (self.open)(path)?;
        let mut bytes = Vec::new();
        let read = reader.by_ref().take(self.room).read_to_end(&mut bytes)?;
        if reader.fill_buf()?.is_empty() {
            self.room -= read as u64;
            let result = ingestor.read(name, bytes.as_slice());
            self.kept.insert(path.to_owned(), Some(bytes));
            return result;
        }
        self.kept.insert(path.to_owned(), None);
        ingestor.read(name, Cursor::new(bytes).chain(reader))
    }
}
