//! What was left out of events that were otherwise taken, by the documented names (ID-15).

use std::collections::BTreeMap;

use super::event::LeftOut;
use crate::model::Period;

const VALUE_LIMIT: &str = "Identifier value limit exceeded";
const TIME_LIMIT: &str = "Identifier value time limit exceeded";
const BLOCKED: &str = "ID value blocked";
pub(crate) const NO_IDENTIFIER: &str = "No matching identifiers on event";
const RESERVED_TRAIT: &str = "reserved trait namespace";
const MALFORMED_EXTERNAL_ID: &str = "malformed external id";

/// How many identifiers merge protection dropped, by the kind of limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Limits {
    values: u32,
    values_in_time: u32,
}

impl Limits {
    pub(super) fn count(&mut self, period: Period) {
        match period {
            Period::Ever => self.values += 1,
            Period::Week | Period::Month | Period::Year => self.values_in_time += 1,
        }
    }

    pub(super) fn add(&mut self, other: Limits) {
        self.values += other.values;
        self.values_in_time += other.values_in_time;
    }
}

/// Counts by name.
#[derive(Debug, Default)]
pub(super) struct Violations(BTreeMap<&'static str, u64>);

impl Violations {
    pub(super) fn count(&mut self, name: &'static str) {
        self.add(name, 1);
    }

    pub(super) fn add_left_out(&mut self, left_out: LeftOut) {
        self.add(BLOCKED, left_out.blocked);
        self.add(RESERVED_TRAIT, left_out.reserved_traits);
        self.add(MALFORMED_EXTERNAL_ID, left_out.malformed_external);
    }

    pub(super) fn add_limits(&mut self, limits: Limits) {
        self.add(VALUE_LIMIT, limits.values);
        self.add(TIME_LIMIT, limits.values_in_time);
    }

    pub(super) fn add_all(&mut self, others: Violations) {
        for (name, count) in others.0 {
            *self.0.entry(name).or_default() += count;
        }
    }

    fn add(&mut self, name: &'static str, count: u32) {
        if count > 0 {
            *self.0.entry(name).or_default() += u64::from(count);
        }
    }

    pub(super) fn done(self) -> BTreeMap<&'static str, u64> {
        self.0
    }
}
