//! Crashes and failures at every call.

use std::io::ErrorKind;

use super::sim::{Fault, Lot, Sim};
use super::{Record, batch, contents, open, open_read_only, records};
use crate::store::StoreError;
use crate::store::log::Log;

/// What a store must have: everything acknowledged, and perhaps a batch of which nobody was told.
#[derive(Default)]
struct Model {
    acknowledged: Vec<Record>,
    unsure: Option<Vec<Record>>,
}

impl Model {
    /// Compares, and takes for acknowledged what a store that was opened for writing shows.
    fn check(&mut self, found: Vec<Record>, context: &str) {
        let with = self
            .unsure
            .take()
            .map(|unsure| [self.acknowledged.clone(), unsure].concat());
        if with.as_ref() == Some(&found) {
            self.acknowledged = found;
            return;
        }
        assert_eq!(shown(&found), shown(&self.acknowledged), "{context}");
    }

    /// A reader may see what nobody knows of yet, and does not make it known.
    fn check_reader(&self, found: &[Record], context: &str) {
        let unsure = self.unsure.clone().unwrap_or_default();
        let with = [self.acknowledged.clone(), unsure].concat();
        assert!(
            found == self.acknowledged || found == with,
            "{context}: {:?}",
            shown(found)
        );
    }
}

fn shown(records: &[Record]) -> Vec<String> {
    records
        .iter()
        .map(|(_, payload)| String::from_utf8_lossy(payload).into_owned())
        .collect()
}

/// Appends a few batches, some after opening anew, until a call fails.
fn work(disk: &Sim, lot: &mut Lot, model: &mut Model, first: u64, count: u64) -> Result<(), StoreError> {
    let mut log = open(disk)?;
    model.check(contents(&log)?, "opened");
    for number in first..first + count {
        if lot.below(5) == 0 {
            drop(log);
            log = open(disk)?;
            model.check(contents(&log)?, "opened again");
        }
        append(&mut log, disk, lot, model, number)?;
    }
    Ok(())
}

fn append(log: &mut Log<Sim>, disk: &Sim, lot: &mut Lot, model: &mut Model, number: u64) -> Result<(), StoreError> {
    let records = records(lot, number);
    match log.append(&batch(&records)) {
        Ok(positions) => {
            assert_eq!(positions.len(), records.len());
            model.acknowledged.extend(records);
            Ok(())
        }
        Err(error) => {
            // Whoever crashes is told nothing; who lives is told whether it is stored.
            if disk.dead() || matches!(error, StoreError::Unsure { .. }) {
                model.unsure = Some(records);
            }
            Err(error)
        }
    }
}

#[test]
fn after_a_crash_at_any_call_what_was_acknowledged_is_there() {
    let mut crashes = 0;
    for seed in 0..25 * super::more() {
        for at in 0.. {
            let disk = Sim::new(seed * 1000 + at);
            let mut lot = Lot::new(seed);
            let mut model = Model::default();
            disk.plan(Fault::Crash(at));
            let done = work(&disk, &mut lot, &mut model, 0, 8);
            if !disk.dead() {
                done.unwrap();
                break;
            }
            crashes += 1;
            let context = format!("seed {seed}, call {at}");
            match at % 3 {
                0 => disk.kill(),
                _ => disk.crash(),
            }
            if let Ok(reader) = open_read_only(&disk) {
                model.check_reader(&contents(&reader).unwrap(), &context);
            }
            let log = open(&disk).unwrap_or_else(|error| panic!("{context}: {error}"));
            model.check(contents(&log).unwrap(), &context);
            drop(log);
            // What was shown once stays, also if the power goes before anything else is written.
            disk.crash();
            work(&disk, &mut lot, &mut model, 100, 3).unwrap();
            disk.crash();
            let log = open(&disk).unwrap();
            model.check(contents(&log).unwrap(), &context);
        }
    }
    assert!(crashes > 1000);
}

#[test]
fn a_crash_while_a_crash_is_repaired_loses_nothing() {
    let mut crashes = 0;
    for seed in 0..60 * super::more() {
        let disk = Sim::new(seed);
        let mut lot = Lot::new(seed);
        let mut model = Model::default();
        disk.plan(Fault::Crash(60 + lot.below(60)));
        let _ = work(&disk, &mut lot, &mut model, 0, 12);
        disk.crash();
        for at in 0.. {
            disk.plan(Fault::Crash(at));
            let opened = open(&disk);
            if !disk.dead() {
                disk.plan(Fault::Never);
                model.check(contents(&opened.unwrap()).unwrap(), "repaired");
                break;
            }
            drop(opened);
            crashes += 1;
            disk.crash();
        }
    }
    assert!(crashes > 500);
}

#[test]
fn after_a_failure_of_any_call_the_data_are_as_they_were() {
    let (mut failures, mut unsure, mut full, mut refused) = (0, 0, 0, 0);
    for seed in 0..25 * super::more() {
        let kind = [ErrorKind::StorageFull, ErrorKind::Other][seed as usize % 2];
        for at in 0.. {
            let disk = Sim::new(seed * 1000 + at);
            let mut lot = Lot::new(seed);
            let mut model = Model::default();
            disk.plan(Fault::Once(at, kind));
            let context = format!("seed {seed}, call {at}");
            let Err(error) = work(&disk, &mut lot, &mut model, 0, 8) else {
                if disk.calls() <= at {
                    break;
                }
                // Notes in the head may fail without anybody being the worse for it.
                let log = open(&disk).unwrap();
                model.check(contents(&log).unwrap(), &context);
                continue;
            };
            failures += 1;
            unsure += u64::from(matches!(error, StoreError::Unsure { .. }));
            full += u64::from(matches!(error, StoreError::Full { .. }));
            refused += u64::from(matches!(error, StoreError::NotStored { .. }));
            if at % 2 == 0 {
                disk.crash();
            }
            if let Ok(reader) = open_read_only(&disk) {
                model.check_reader(&contents(&reader).unwrap(), &context);
            }
            let log = open(&disk).unwrap_or_else(|error| panic!("{context}: {error}"));
            model.check(contents(&log).unwrap(), &context);
            drop(log);
            disk.crash();
            work(&disk, &mut lot, &mut model, 100, 3).unwrap();
        }
    }
    assert!(
        failures > 1000 && unsure > 50 && full > 300 && refused > 50,
        "{failures} {unsure} {full} {refused}"
    );
}

#[test]
fn who_lives_on_after_a_failure_appends_or_is_told_to_open_again() {
    let (mut went_on, mut poisoned) = (0, 0);
    for seed in 0..25 * super::more() {
        let mut at = 0;
        loop {
            let disk = Sim::new(seed * 1000 + at);
            let mut lot = Lot::new(seed);
            let mut model = Model::default();
            let mut log = open(&disk).unwrap();
            disk.plan(Fault::Once(at, ErrorKind::StorageFull));
            let mut failed = None;
            for number in 0..10 {
                match append(&mut log, &disk, &mut lot, &mut model, number) {
                    Ok(()) => went_on += u64::from(failed.is_some()),
                    Err(StoreError::Poisoned { .. }) => {
                        assert!(matches!(failed, Some(StoreError::Unsure { .. })));
                        poisoned += 1;
                    }
                    Err(error) => {
                        assert!(matches!(error, StoreError::Full { .. } | StoreError::Unsure { .. }));
                        failed = Some(error);
                    }
                }
            }
            if disk.calls() <= at {
                break;
            }
            // It shows what it has acknowledged, and nothing that it is unsure of.
            let context = format!("seed {seed}, call {at}");
            assert_eq!(shown(&contents(&log).unwrap()), shown(&model.acknowledged), "{context}");
            drop(log);
            if at % 2 == 0 {
                disk.crash();
            }
            model.check(contents(&open(&disk).unwrap()).unwrap(), &context);
            at += 1;
        }
    }
    assert!(went_on > 500 && poisoned > 500, "{went_on} {poisoned}");
}

#[test]
fn a_disk_that_fails_for_good_costs_nothing_that_was_acknowledged() {
    for seed in 0..200 * super::more() {
        let disk = Sim::new(seed);
        let mut lot = Lot::new(seed);
        let mut model = Model::default();
        let mut log = open(&disk).unwrap();
        disk.plan(Fault::Crash(lot.below(30)));
        let mut number = 0;
        while append(&mut log, &disk, &mut lot, &mut model, number).is_ok() {
            number += 1;
        }
        // Nothing works any more; nothing more is acknowledged, either.
        let later = log.append(&batch(&records(&mut lot, 99)));
        assert!(later.is_err());
        drop(log);
        disk.crash();
        model.check(contents(&open(&disk).unwrap()).unwrap(), "opened");
    }
}
