//! Records on their way into a store.

use std::ops::Range;

/// Records that are appended together: all of them become durable, or none.
///
/// Their payloads share one buffer, so that a batch that is cleared and filled again allocates nothing.
#[derive(Default, Debug)]
pub struct Batch {
    bytes: Vec<u8>,
    records: Vec<(u8, Range<usize>)>,
}

impl Batch {
    /// A batch without records.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record with this payload.
    pub fn push(&mut self, kind: u8, payload: &[u8]) {
        self.push_with(kind, |bytes| bytes.extend_from_slice(payload));
    }

    /// Adds a record whose payload is what `write` adds to the end of the buffer. What the buffer has before belongs to
    /// other records and must stay; if it is shortened, the record is empty.
    ///
    /// ```
    /// use volens::store::Batch;
    ///
    /// let mut batch = Batch::new();
    /// batch.push_with(7, |bytes| bytes.extend_from_slice(b"abc"));
    /// assert_eq!(batch.iter().next(), Some((7, b"abc".as_slice())));
    /// ```
    pub fn push_with(&mut self, kind: u8, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.bytes.len();
        write(&mut self.bytes);
        let to = self.bytes.len().max(from);
        self.records.push((kind, from..to));
    }

    /// How many records it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it has no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many bytes its payloads have together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Its records in order: kind and payload.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> {
        let payload = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        self.records.iter().map(move |(kind, range)| (*kind, payload(range)))
    }

    /// Takes all records out, and keeps the memory for the next ones.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.records.clear();
    }
}
