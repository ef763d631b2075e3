//! What was left out of events that were otherwise taken, by the documented names (ID-15).

use std::collections::BTreeMap;

use super::event::LeftOut;

pub(super) const VALUE_LIMIT: &str = "Identifier value limit exceeded";
pub(super) const TIME_LIMIT: &str = "Identifier value time limit exceeded";
pub(super) const BLOCKED: &str = "ID value blocked";
pub(super) const NO_IDENTIFIER: &str = "No matching identifiers on event";
pub(super) const RESERVED_TRAIT: &str = "reserved trait namespace";
pub(super) const MALFORMED_EXTERNAL_ID: &str = "malformed external id";

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

    fn add(&mut self, name: &'static str, count: u32) {
        if count > 0 {
            *self.0.entry(name).or_default() += u64::from(count);
        }
    }

    pub(super) fn done(self) -> BTreeMap<&'static str, u64> {
        self.0
    }
}
