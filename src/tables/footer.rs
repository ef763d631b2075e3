//! Looks at a file's schema before the reader of Parquet does, which follows one down as deep as it is nested.
//!
//! What is here knows the compact protocol of Thrift, in which the metadata at the end of a file is written, as far as it takes
//! to count how deep the schema is. It doesn't nest itself, whatever a file says.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::{TablesError, files};

/// How deep columns can be nested. A list or a map is two levels.
pub(super) const DEPTH: usize = 40;

/// How deep what is passed over can be nested: the metadata of a file is a few deep.
const PASSED: usize = 16;
const MAGIC: &[u8; 4] = b"PAR1";
/// The length of the metadata, and the magic bytes.
const TAIL: usize = 8;

/// That a file's schema is not too deep. Whatever else is wrong with its end is for the reader of Parquet to tell.
pub(super) fn check(path: &Path, file: &File) -> Result<(), TablesError> {
    let Some(metadata) = metadata(file).map_err(|source| files::cannot(path, source))? else {
        return Ok(());
    };
    match depth(&metadata) {
        Some(depth) if depth <= DEPTH => Ok(()),
        Some(depth) => Err(damaged(
            path,
            format!("its columns are nested {depth} deep, and {DEPTH} is the most"),
        )),
        None => Err(damaged(path, "the metadata at its end cannot be read".into())),
    }
}

fn damaged(path: &Path, reason: String) -> TablesError {
    TablesError::Damaged {
        path: path.into(),
        reason,
    }
}

/// The metadata at the end of a file; `None` where there is none.
fn metadata(mut file: &File) -> std::io::Result<Option<Vec<u8>>> {
    let size = file.seek(SeekFrom::End(0))?;
    let Some(end) = size.checked_sub(TAIL as u64) else {
        return Ok(None);
    };
    file.seek(SeekFrom::Start(end))?;
    let mut tail = [0; TAIL];
    file.read_exact(&mut tail)?;
    let [a, b, c, d, magic @ ..] = tail;
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    let Some(start) = end.checked_sub(length).filter(|_| magic == *MAGIC) else {
        return Ok(None);
    };
    file.seek(SeekFrom::Start(start))?;
    let mut metadata = Vec::new();
    file.take(length).read_to_end(&mut metadata)?;
    Ok(Some(metadata))
}

/// How deep the schema is; `None` where the bytes are no metadata. The reader of Parquet does not look at what kind a field
/// says it is; so here each must be of the kind that it reads, or the two could read different things.
fn depth(metadata: &[u8]) -> Option<usize> {
    const VERSION: i16 = 1;
    const SCHEMA: i16 = 2;
    let mut bytes = Bytes(metadata);
    let mut field = 0;
    while let Some(kind) = bytes.field(&mut field)? {
        match (field, kind) {
            (VERSION, Kind::Integer) => bytes.pass(kind, PASSED)?,
            // Another one behind it is not read.
            (SCHEMA, Kind::List) => return bytes.schema(),
            _ => return None,
        }
    }
    Some(0)
}

/// What a value is in the compact protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Byte,
    Integer,
    Double,
    Binary,
    List,
    Map,
    Struct,
    Uuid,
}

impl Kind {
    fn of(nibble: u8) -> Option<Kind> {
        Some(match nibble {
            1 | 2 => Kind::Bool,
            3 => Kind::Byte,
            4..=6 => Kind::Integer,
            7 => Kind::Double,
            8 => Kind::Binary,
            9 | 10 => Kind::List,
            11 => Kind::Map,
            12 => Kind::Struct,
            13 => Kind::Uuid,
            _ => return None,
        })
    }
}

/// What is left to be read. Each method is `None` where the bytes are not what they should be.
struct Bytes<'b>(&'b [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn integer(&mut self) -> Option<i64> {
        let value = self.varint()?;
        let half = i64::try_from(value >> 1).ok()?;
        Some(if value & 1 == 0 { half } else { -half - 1 })
    }

    /// The kind of the next field of a struct, whose number takes the place of the last one's; within, `None` at the end.
    fn field(&mut self, number: &mut i16) -> Option<Option<Kind>> {
        let head = self.byte()?;
        if head == 0 {
            return Some(None);
        }
        *number = match head >> 4 {
            0 => i16::try_from(self.integer()?).ok()?,
            delta => number.checked_add(i16::from(delta))?,
        };
        Some(Some(Kind::of(head & 0x0f)?))
    }

    /// How many items a list has, and what they are.
    fn list(&mut self) -> Option<(u64, Kind)> {
        let head = self.byte()?;
        if head == 0 {
            return Some((0, Kind::Byte));
        }
        let count = match head >> 4 {
            0x0f => self.varint()?,
            count => u64::from(count),
        };
        Some((count, Kind::of(head & 0x0f)?))
    }

    /// Passes over a value.
    fn pass(&mut self, kind: Kind, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            // It is in the head of the field.
            Kind::Bool => Some(()),
            Kind::Byte => self.skip(1),
            Kind::Integer => self.varint().map(|_| ()),
            Kind::Double => self.skip(8),
            Kind::Uuid => self.skip(16),
            Kind::Binary => {
                let length = self.varint()?;
                self.skip(length)
            }
            Kind::Struct => {
                let mut field = 0;
                while let Some(kind) = self.field(&mut field)? {
                    self.pass(kind, depth)?;
                }
                Some(())
            }
            Kind::List => {
                let (count, kind) = self.list()?;
                // How long a truth in a list is, is not agreed on, and there is no such list here.
                if count > 0 && kind == Kind::Bool {
                    return None;
                }
                for _ in 0..count {
                    self.pass(kind, depth)?;
                }
                Some(())
            }
            // There is none in the metadata of a file.
            Kind::Map => None,
        }
    }

    /// How deep the elements of a schema are nested: each says how many of those behind it are below it.
    fn schema(&mut self) -> Option<usize> {
        const NAME: i16 = 4;
        const CHILDREN: i16 = 5;
        const LOGICAL: i16 = 10;
        let (count, kind) = self.list()?;
        if count > 0 && kind != Kind::Struct {
            return None;
        }
        let mut open: Vec<i32> = Vec::new();
        let mut deepest = 0;
        for _ in 0..count {
            let (mut field, mut children) = (0, 0);
            while let Some(kind) = self.field(&mut field)? {
                match (field, kind) {
                    (CHILDREN, Kind::Integer) => children = i32::try_from(self.integer()?).ok()?,
                    (NAME, Kind::Binary) | (1..LOGICAL, Kind::Integer) => self.pass(kind, PASSED)?,
                    (LOGICAL, Kind::Struct) => self.logical()?,
                    (1..=LOGICAL, _) => return None,
                    _ => self.pass(kind, PASSED)?,
                }
            }
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            deepest = deepest.max(open.len());
            if children > 0 {
                open.push(children);
            }
            while open.last().is_some_and(|left| *left <= 0) {
                open.pop();
            }
        }
        Some(deepest)
    }

    /// Passes over what an element means: one of several structs, each of fields of its own.
    fn logical(&mut self) -> Option<()> {
        let mut which = 0;
        while let Some(kind) = self.field(&mut which)? {
            if kind != Kind::Struct {
                return None;
            }
            let mut field = 0;
            while let Some(kind) = self.field(&mut field)? {
                let read = match (which, field) {
                    // A decimal's scale and precision, and how edges of a geography run.
                    (5, 1 | 2) | (18, 2) => Kind::Integer,
                    // Whether a time is in UTC, and its unit; whether an integer has a sign.
                    (7 | 8, 1) | (10, 2) => Kind::Bool,
                    (7 | 8, 2) => Kind::Struct,
                    // How wide an integer is, and the version of a variant.
                    (10 | 16, 1) => Kind::Byte,
                    (17 | 18, 1) => Kind::Binary,
                    _ => kind,
                };
                if kind != read {
                    return None;
                }
                self.pass(kind, PASSED)?;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::depth;

    /// Metadata with nothing but a schema, by how many children each element has.
    fn metadata(children: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x15, 2, 0x19, 0xfc, u8::try_from(children.len()).unwrap()];
        for count in children {
            // A name, then the children.
            bytes.extend([0x48, 1, b'a', 0x15, count * 2, 0]);
        }
        bytes.push(0);
        bytes
    }

    #[test]
    fn depth_is_counted_by_children() {
        for (children, expected) in [
            (vec![], 0),
            (vec![0], 0),
            (vec![1, 0], 1),
            (vec![3, 0, 0, 0], 1),
            (vec![2, 1, 0, 0], 2),
            (vec![2, 1, 1, 0, 2, 0, 1, 0], 3),
            (vec![1; 101], 100),
        ] {
            assert_eq!(depth(&metadata(&children)), Some(expected), "{children:?}");
        }
    }

    #[test]
    fn what_is_cut_off_or_never_ends_is_no_metadata() {
        let whole = metadata(&[2, 1, 0, 0]);
        for end in 0..whole.len() - 1 {
            assert_eq!(depth(&whole[..end]), None, "{end}");
        }
        // Structs in structs without end, and more elements than there are.
        let endless = [vec![0x29, 0x1c, 0xcc], vec![0x1c; 1 << 20]].concat();
        assert_eq!(depth(&endless), None);
        assert_eq!(depth(&[0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f]), None);
    }

    /// A name that says that it is a struct would be read as a name all the same.
    #[test]
    fn a_field_of_another_kind_is_refused() {
        let name = metadata(&[1, 0]);
        let at = name.iter().position(|byte| *byte == 0x48).unwrap();
        for kind in [0x43, 0x45, 0x49, 0x4b, 0x4c] {
            let mut other = name.clone();
            other[at] = kind;
            assert_eq!(depth(&other), None, "{kind:x}");
        }
    }
}
