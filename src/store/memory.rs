//! Records in memory.

use super::{Batch, Change, Entry, FORMAT, Position, Storage, StoreError};

/// Records that end with the process: for tests, and where what is told again needs no keeping. "Durable" here means as
/// long as this value lives.
#[derive(Default, Debug)]
pub struct Memory {
    records: Vec<(u8, Box<[u8]>)>,
    notes: Vec<Box<str>>,
}

impl Memory {
    /// A store without records.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The lines that were noted, oldest first.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        self.notes.iter().map(|line| &**line)
    }

    fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..).zip(&self.records).map(|(at, (kind, payload))| Entry {
            position: Position(at),
            version: FORMAT,
            kind: *kind,
            payload,
        })
    }
}

impl Storage for Memory {
    fn append(&mut self, batch: &Batch) -> Result<Vec<Position>, StoreError> {
        let first = self.records.len() as u64;
        self.records
            .extend(batch.iter().map(|(kind, payload)| (kind, payload.into())));
        Ok((first..self.records.len() as u64).map(Position).collect())
    }

    fn scan(&self, each: &mut dyn FnMut(Entry<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.entries().try_for_each(each)
    }

    fn read(&self, position: Position, into: &mut Vec<u8>) -> Result<(u16, u8), StoreError> {
        let index = usize::try_from(position.0).ok();
        let record = index.and_then(|index| self.records.get(index));
        let (kind, payload) = record.ok_or(StoreError::NoRecord { position })?;
        into.clear();
        into.extend_from_slice(payload);
        Ok((FORMAT, *kind))
    }

    fn rewrite(&mut self, change: &mut dyn FnMut(&Entry<'_>) -> Change) -> Result<(), StoreError> {
        let changes: Vec<Change> = self.entries().map(|entry| change(&entry)).collect();
        let old = std::mem::take(&mut self.records);
        self.records = old
            .into_iter()
            .zip(changes)
            .filter_map(|((kind, payload), change)| match change {
                Change::Keep => Some((kind, payload)),
                Change::Replace(payload) => Some((kind, payload.into())),
                Change::Remove => None,
            })
            .collect();
        Ok(())
    }

    fn note(&mut self, line: &str) -> Result<(), StoreError> {
        self.notes.push(line.into());
        Ok(())
    }
}
