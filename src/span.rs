//! Places in the text of a workspace: files, byte ranges, lines and columns.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A file of a workspace, by its place in [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// A range of bytes in one file: `start` included, `end` excluded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Span {
    /// The file that the bytes are in.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes `start..end` of `file`.
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        Span { file, start, end }
    }

    /// The smallest span that holds both; they must be of one file.
    #[must_use]
    pub fn to(self, other: Span) -> Self {
        Span {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The byte range, to slice a text with.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.file.0, self.start, self.end)
    }
}

/// A line and a column, both counted from 1; a column counts characters, not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The character within the line, from 1.
    pub column: u32,
}

/// The texts that a workspace was read from. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

#[derive(Debug, Clone)]
struct Source {
    name: Arc<str>,
    text: Arc<str>,
    /// Where each line begins.
    lines: Arc<[u32]>,
    /// How many characters begin before each block of [`BLOCK`] bytes, so that a column costs no more in a long line.
    characters: Arc<[u32]>,
}

const BLOCK: usize = 1024;

/// How many characters begin in these bytes of a UTF-8 text.
fn count_characters(bytes: &[u8]) -> usize {
    // All but the bytes that go on with a character: 10xxxxxx.
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

impl Source {
    /// How many characters begin before a byte.
    fn characters_before(&self, byte: u32) -> usize {
        let byte = (byte as usize).min(self.text.len());
        let block = byte / BLOCK;
        let before = self.characters.get(block).copied().unwrap_or(0);
        let rest = self.text.as_bytes().get(block * BLOCK..byte).unwrap_or_default();
        before as usize + count_characters(rest)
    }
}

impl Sources {
    /// Adds a file; `name` is what errors call it.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let text: Arc<str> = text.into();
        let ends = text.bytes().zip(1u32..).filter(|(byte, _)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(_, next)| next)).collect();
        let mut before = 0;
        let characters = text.as_bytes().chunks(BLOCK).map(|block| {
            let so_far = u32::try_from(before).unwrap_or(u32::MAX);
            before += count_characters(block);
            so_far
        });
        let characters = characters.collect();
        self.files.push(Source {
            name: name.into(),
            text,
            lines,
            characters,
        });
        id
    }

    /// The files, in the order they were added.
    pub fn ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..u32::try_from(self.files.len()).unwrap_or(u32::MAX)).map(FileId)
    }

    /// What errors call the file.
    pub fn name(&self, file: FileId) -> &str {
        self.get(file).map_or("", |s| &s.name)
    }

    /// The whole text of the file.
    pub fn text(&self, file: FileId) -> &str {
        self.get(file).map_or("", |s| &s.text)
    }

    /// The text of a span; empty where the span is not of these files.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.range()).unwrap_or("")
    }

    /// Line and column of the first byte of the span.
    pub fn position(&self, span: Span) -> Position {
        let Some(source) = self.get(span.file) else {
            return Position { line: 1, column: 1 };
        };
        let line = source.lines.partition_point(|begin| *begin <= span.start);
        let begin = line.checked_sub(1).and_then(|at| source.lines.get(at));
        let columns = source.characters_before(span.start) - source.characters_before(begin.copied().unwrap_or(0));
        Position {
            line: u32::try_from(line.max(1)).unwrap_or(u32::MAX),
            column: u32::try_from(columns + 1).unwrap_or(u32::MAX),
        }
    }

    fn get(&self, file: FileId) -> Option<&Source> {
        self.files.get(file.0 as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("a.audience", "é = 1\nsecond");
        let at = |start| sources.position(Span::new(file, start, start));
        assert_eq!(at(0), Position { line: 1, column: 1 });
        assert_eq!(at(3), Position { line: 1, column: 3 });
        assert_eq!(at(7), Position { line: 2, column: 1 });
        assert_eq!(at(9), Position { line: 2, column: 3 });
        // Beyond the first block, and within a long line.
        let long = "ä".repeat(3000);
        let file = sources.add("long.audience", format!("#\n{long}"));
        for characters in [0u32, 1, 511, 512, 513, 2999] {
            let start = 2 + 2 * characters;
            let at = sources.position(Span::new(file, start, start));
            let column = characters + 1;
            assert_eq!(at, Position { line: 2, column });
        }
    }
}
