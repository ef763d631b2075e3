//! What the store promises, on a disk that promises as little as disks do.

mod crash;
mod damage;
mod real;
mod rewrite;
mod sim;

use std::path::Path;

use self::sim::{Lot, Sim};
use super::log::{Log, Options};
use super::{Batch, FORMAT, StoreError};

type Record = (u8, Vec<u8>);

/// Segments so small that a few batches fill one.
const SMALL: Options = Options {
    format: FORMAT,
    full: 300,
};

fn folder() -> &'static Path {
    Path::new("space")
}

fn open(disk: &Sim) -> Result<Log<Sim>, StoreError> {
    Log::open(disk.clone(), folder(), SMALL)
}

fn open_read_only(disk: &Sim) -> Result<Log<Sim>, StoreError> {
    Log::open_read_only(disk.clone(), folder(), SMALL)
}

/// Everything that a store has; each record also by its position.
fn contents(log: &Log<Sim>) -> Result<Vec<Record>, StoreError> {
    let mut records = Vec::new();
    let mut positions = Vec::new();
    log.scan(&mut |entry| {
        records.push((entry.kind, entry.payload.to_vec()));
        positions.push(entry.position);
        Ok(())
    })?;
    assert!(positions.is_sorted());
    let mut payload = Vec::new();
    for (position, (kind, expected)) in positions.into_iter().zip(&records) {
        assert_eq!(log.read(position, &mut payload)?.1, *kind);
        assert_eq!(payload, *expected);
    }
    Ok(records)
}

fn batch(records: &[Record]) -> Batch {
    let mut batch = Batch::new();
    for (kind, payload) in records {
        batch.push(*kind, payload);
    }
    batch
}

/// One to four records, each of which is in no other batch.
fn records(lot: &mut Lot, number: u64) -> Vec<Record> {
    let count = 1 + lot.below(4);
    (0..count)
        .map(|record| {
            let mut payload = format!("<{number}.{record}>").into_bytes();
            payload.resize(payload.len() + lot.below(60) as usize, b'a' + (number % 26) as u8);
            (lot.below(3) as u8, payload)
        })
        .collect()
}

/// How many times as much as usual the long run asks for.
fn more() -> u64 {
    u64::from(proptest::test_runner::Config::default().cases).div_ceil(256)
}
