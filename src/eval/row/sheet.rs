//! What a program reads of a profile's text, by its slots: values of its own, and room that is used again.

use std::ops::Range;

use crate::consent::ConsentState;
use crate::ir::{EventSlot, Names, Program, TraitSlot, Want};
use crate::model::{ANONYMOUS_ID, Parts, is_known, is_nothing, pass};
use crate::time::Timestamp;
use crate::value::{Key, Keys, Scan, Value};

/// What was read of a user's profile.
#[derive(Debug)]
pub(super) struct Sheet {
    /// The keys of values.
    keys: Keys,
    /// By trait slot; `null` where it is absent.
    traits: Vec<Value>,
    /// By category slot.
    consent: Vec<ConsentState>,
    known: bool,
    anonymous: bool,
    /// By event slot, then by time, then as they came.
    events: Vec<Found>,
    /// The properties of one event after the other, each event's by property slot.
    values: Vec<Value>,
    message_ids: String,
}

/// An event that a program may look at.
#[derive(Debug)]
pub(super) struct Found {
    slot: EventSlot,
    pub(super) time: Timestamp,
    /// Where its values begin.
    values: usize,
    message_id: Range<usize>,
}

impl Default for Sheet {
    fn default() -> Self {
        Sheet {
            keys: Keys::few(),
            traits: Vec::new(),
            consent: Vec::new(),
            known: false,
            anonymous: false,
            events: Vec::new(),
            values: Vec::new(),
            message_ids: String::new(),
        }
    }
}

impl Sheet {
    /// Reads what a program wants of a text, instead of what was read before. `None` where the text must be read as a
    /// profile; then nothing here means anything.
    pub(super) fn read(&mut self, program: &Program, json: &str) -> Option<()> {
        self.traits.clear();
        self.traits.resize(program.traits.len(), Value::Null);
        self.consent.clear();
        self.consent
            .resize(program.categories.len(), ConsentState::NotCollected);
        (self.known, self.anonymous) = (false, false);
        self.events.clear();
        self.values.clear();
        self.message_ids.clear();
        let mut filling = Filling {
            sheet: self,
            program,
            names: program.names(),
            is_sure: true,
        };
        pass(json, &mut filling)?;
        let is_sure = filling.is_sure;
        // Those that are equal stay as they came, as they do in a history.
        self.events.sort_by_key(|found| (found.slot, found.time));
        is_sure.then_some(())
    }

    pub(super) fn sent(&self, slot: TraitSlot) -> Option<&Value> {
        self.traits.get(slot.index()).and_then(Value::present)
    }

    /// The events of a name, in time order.
    pub(super) fn events(&self, slot: EventSlot) -> &[Found] {
        let begin = self.events.partition_point(|found| found.slot < slot);
        let rest = self.events.get(begin..).unwrap_or_default();
        let count = rest.partition_point(|found| found.slot == slot);
        rest.get(..count).unwrap_or_default()
    }

    /// The value of a property, by its place among those of the event.
    pub(super) fn value(&self, found: &Found, property: usize) -> Option<&Value> {
        self.values.get(found.values + property).and_then(Value::present)
    }

    pub(super) fn message_id(&self, found: &Found) -> &str {
        self.message_ids.get(found.message_id.clone()).unwrap_or_default()
    }

    pub(super) fn consent(&self) -> impl Iterator<Item = ConsentState> {
        self.consent.iter().copied()
    }

    /// Whether its identifiers make a member, as those of a profile do.
    pub(super) fn admit(&self) -> (bool, bool) {
        (self.known, self.anonymous)
    }
}

/// A sheet while it is filled.
struct Filling<'s, 'p> {
    sheet: &'s mut Sheet,
    program: &'p Program,
    names: &'p Names,
    is_sure: bool,
}

/// An event of which values are wanted, and where they begin.
#[derive(Clone, Copy)]
struct Begun {
    slot: EventSlot,
    values: usize,
}

impl<'t> Parts<'t> for Filling<'_, '_> {
    type Event = Begun;

    fn identifier(&mut self, kind: &str, value: &str) {
        if !is_nothing(kind, value) {
            self.sheet.known |= is_known(kind);
            self.sheet.anonymous |= kind == ANONYMOUS_ID;
        }
    }

    fn sent(&mut self, scan: &mut Scan<'t>, key: Key<'t>) -> Option<()> {
        take(
            self.names.traits.wants(key),
            scan,
            &mut self.sheet.keys,
            &mut self.sheet.traits,
        )
    }

    fn consent(&mut self, category: Key<'t>, state: ConsentState) {
        for want in self.names.categories.wants(category) {
            if let Some(place) = self.sheet.consent.get_mut(want.slot) {
                *place = state;
            }
        }
    }

    fn event(&mut self, name: &str) -> Option<Begun> {
        let wants = self.names.events.wants(Key::new(name.as_bytes()));
        let [want] = wants else {
            // A name has one slot; a host that builds programs may have given it several.
            self.is_sure &= wants.is_empty();
            return None;
        };
        let values = self.sheet.values.len();
        let properties = self.program.events.get(want.slot)?.properties.len();
        self.sheet.values.resize(values + properties, Value::Null);
        let slot = EventSlot::at(want.slot);
        Some(Begun { slot, values })
    }

    fn property(&mut self, event: Begun, scan: &mut Scan<'t>, key: Key<'t>) -> Option<()> {
        let wants = self.names.properties.get(event.slot.index())?.wants(key);
        take(
            wants,
            scan,
            &mut self.sheet.keys,
            self.sheet.values.get_mut(event.values..)?,
        )
    }

    fn happened(&mut self, event: Begun, time: Timestamp, message_id: &str) {
        let begin = self.sheet.message_ids.len();
        self.sheet.message_ids.push_str(message_id);
        self.sheet.events.push(Found {
            slot: event.slot,
            time,
            values: event.values,
            message_id: begin..self.sheet.message_ids.len(),
        });
    }
}

/// Puts the next value where it is wanted, or what stands in it at a path.
fn take(wants: &[Want], scan: &mut Scan<'_>, keys: &mut Keys, places: &mut [Value]) -> Option<()> {
    match wants {
        [] => scan.skip()?,
        [want] if want.path.is_empty() => *places.get_mut(want.slot)? = scan.value(keys)?,
        wants => {
            let value = scan.value(keys)?;
            for want in wants {
                *places.get_mut(want.slot)? = value.at(&want.path).cloned().unwrap_or_default();
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Builder, Subject, Trait, TraitSource};
    use crate::value::Path;

    fn program() -> Program {
        let mut b = Builder::new();
        for path in [vec!["plan"], vec!["address", "city"], vec!["address"]] {
            b.trait_slot(Trait {
                of: Subject::User,
                source: TraitSource::Sent(Path::new(path)),
            });
        }
        let event = b.event_slot("Order Completed");
        b.property_slot(event, Path::new(["revenue"]));
        b.finish(true, vec![], vec![], vec![], vec![])
    }

    /// That it is read directly, which nobody sees from outside.
    #[test]
    fn what_senders_write_is_read_without_a_profile() {
        let text = r#" {
            "profile": "user_id:u1", "audiences": [{"name": "a"}], "account_audiences": {}, "computed_traits": {"x": 1e3},
            "external_ids": [{"id": "u1", "type": "user_id"}],
            "traits": {"plan": "pr\u00f6\"", "address": {"city": "Berlin", "zip": null}, "other": [{"k": "\\"}, 1.5e3, -0]},
            "accounts": ["group_id:acme"],
            "consent": {"categories": {"A": "granted", "B": "not collected"}, "history": [{
                "time": "2026-06-01T00:00:00Z", "message_id": "m", "category": "A", "from": "not collected", "to": "granted",
                "rule": "CP-1", "more": [1]
            }]},
            "events": [
                {"name": "Order Completed", "timestamp": "2026-06-02T00:00:00Z", "message_id": "m2", "properties": {"revenue": 2}},
                {"properties": {"revenue": 1, "x": "y"}, "timestamp": "2026-06-01T02:00:00+02:00", "name": "Order Completed"},
                {"name": "Page Viewed", "timestamp": "2026-06-01", "properties": {"url": "https://acme.example"}}
            ]
        } "#;
        let (program, mut sheet) = (program(), Sheet::default());
        assert!(sheet.read(&program, text).is_some());
        assert_eq!(sheet.sent(TraitSlot(0)), Some(&Value::from("prö\"")));
        assert_eq!(sheet.sent(TraitSlot(1)), Some(&Value::from("Berlin")));
        assert!(matches!(sheet.sent(TraitSlot(2)), Some(Value::Object(_))));
        let found = sheet.events(EventSlot(0));
        let orders = found
            .iter()
            .map(|found| (sheet.value(found, 0), sheet.message_id(found)));
        let (one, two) = (Value::from(1), Value::from(2));
        assert!(orders.eq([(Some(&one), ""), (Some(&two), "m2")]));
        assert_eq!(sheet.admit(), (true, false));
        // Nothing of it is left behind.
        assert!(sheet.read(&program, "{}").is_some());
        assert_eq!((sheet.sent(TraitSlot(0)), sheet.events(EventSlot(0)).len()), (None, 0));
        assert_eq!(sheet.admit(), (false, false));
    }

    #[test]
    fn what_is_no_profile_or_is_rare_is_left_to_those_who_read_all_of_it() {
        for text in [
            "",
            "[]",
            "{} {}",
            r#"{"plan": "pro"}"#,
            r#"{"traits": null}"#,
            r#"{"traits": {"plan": 1, "plan": 2}}"#,
            r#"{"traits": {}, "traits": {}}"#,
            r#"{"traits": {"pl\u0061n": 1}}"#,
            r#"{"traits": {"plan": "\ud83d\ude00"}}"#,
            r#"{"traits": {"other": 1e999}}"#,
            r#"{"accounts": [1]}"#,
            r#"{"external_ids": [["user_id", "u1"]]}"#,
            r#"{"external_ids": [{"type": "user_id"}]}"#,
            r#"{"external_ids": [{"type": "user_id", "id": "u1", "more": 1}]}"#,
            r#"{"consent": {"categories": {"A": "yes"}}}"#,
            r#"{"consent": {"categories": {"A": true}}}"#,
            r#"{"consent": {"history": [{"time": "2026-06-01"}]}}"#,
            r#"{"consent": {"more": 1}}"#,
            r#"{"events": [{"name": "E"}]}"#,
            r#"{"events": [{"timestamp": "2026-06-01"}]}"#,
            r#"{"events": [{"name": "E", "timestamp": "yesterday"}]}"#,
            r#"{"events": [{"name": "E", "timestamp": "2026-06-01", "properties": null}]}"#,
            r#"{"events": [{"name": "E", "timestamp": "2026-06-01", "more": 1}]}"#,
            r#"{"events": [{"name": "E", "timestamp": "2026-06-01", "properties": {"a": 1, "a": 1}}]}"#,
        ] {
            assert!(Sheet::default().read(&program(), text).is_none(), "{text}");
        }
    }
}
