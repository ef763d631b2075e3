//! Workspaces for the routing of raw events, and the yardstick it is measured by: what the pages of Segment say, read as
//! literally as they can be ("compat" of the decisions). It is written from JSON alone and shares nothing with the library.

#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "each test file uses some of it; what is no test function here serves tests alone"
)]

use std::fmt::Write;

use serde_json::{Map, Value as Json, json};
use volens::ingest::RejectCode;
use volens::{Engine, Value, value};

pub(crate) const UPDATE: &str = "Segment Consent Preference Updated";

#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub(crate) name: String,
    /// Its name in an integrations object.
    pub(crate) kind: String,
    pub(crate) requires: Vec<String>,
    pub(crate) receives_consent: bool,
    pub(crate) storage: bool,
}

/// Categories and destinations.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The ids, and whether each is switched on.
    pub(crate) categories: Vec<(String, bool)>,
    pub(crate) destinations: Vec<Destination>,
    /// Without the line `consent enforcement off`.
    pub(crate) enforcement: bool,
}

impl Workspace {
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if !self.enforcement {
            text += "consent enforcement off\n";
        }
        for (id, enabled) in &self.categories {
            writeln!(text, "category {id}{}", if *enabled { "" } else { " disabled" }).unwrap();
        }
        for destination in &self.destinations {
            let requires = match destination.requires.is_empty() {
                true => "nothing".to_owned(),
                false => destination.requires.join(", "),
            };
            let receives = if destination.receives_consent {
                " receives consent"
            } else {
                ""
            };
            let storage = if destination.storage { " storage" } else { "" };
            let (name, kind) = (json!(destination.name), json!(destination.kind));
            writeln!(
                text,
                "destination {name} requires {requires} {{ type {kind}{receives}{storage} }}"
            )
            .unwrap();
        }
        text
    }

    pub(crate) fn engine(&self) -> Engine {
        Engine::from_text("routing.audience", &self.text()).unwrap()
    }

    /// The categories that a destination requires and that are switched on (CC-9).
    pub(crate) fn enforced<'w>(&'w self, destination: &'w Destination) -> impl Iterator<Item = &'w str> {
        let on = |id: &&String| self.categories.iter().any(|(known, enabled)| known == *id && *enabled);
        destination.requires.iter().filter(on).map(String::as_str)
    }

    /// Whether an event that is accepted reaches a destination by the literal reading.
    pub(crate) fn compat(&self, event: &Json, destination: &Destination) -> bool {
        let none = Map::new();
        let integrations = event["integrations"].as_object().unwrap_or(&none);
        let consent = event["context"].as_object().and_then(|context| context.get("consent"));
        let told = event["type"] == "track" && event["event"] == UPDATE && destination.receives_consent;
        let granted = |category: &str| consent.unwrap()["categoryPreferences"][category] == true;
        let consents = match consent {
            _ if told => true,
            // Row 1, and row 3 as the pages on integrations read it.
            None => true,
            // Row 1 again: an empty object, if no integrations object is there (DEC-1).
            Some(consent) if integrations.is_empty() && says_nothing(consent) => true,
            Some(_) => self.enforced(destination).all(granted),
        };
        let flag = integrations.get(&destination.kind).or_else(|| integrations.get("All"));
        consents && flag != Some(&json!(false))
    }
}

/// Present but empty, as CO-3 has it: null, `{}`, or an object without preferences.
fn says_nothing(consent: &Json) -> bool {
    consent.is_null() || consent.is_object() && consent["categoryPreferences"].is_null()
}

/// Where the event goes: each destination, with the reason where it is not delivered; and in what form.
pub(crate) fn routed(engine: &Engine, event: &Json) -> Result<Vec<(String, String)>, RejectCode> {
    let event = parsed(event);
    let routed = engine.route(&event)?;
    // The same event is judged the same each time.
    assert_eq!(engine.route(&event)?, routed);
    let shown = |routed: &volens::engine::Routed<'_>| (routed.destination.to_owned(), routed.routing.to_string());
    Ok(routed.iter().map(shown).collect())
}

/// The names of the destinations that an event reaches; of a refused one there are none.
pub(crate) fn receivers(engine: &Engine, event: &Json) -> Vec<String> {
    let event = parsed(event);
    let routed = engine.route(&event).unwrap_or_default();
    let delivered = routed.iter().filter(|routed| routed.routing.is_delivered());
    delivered.map(|routed| routed.destination.to_owned()).collect()
}

pub(crate) fn parsed(event: &Json) -> Value {
    value::parse(&event.to_string()).unwrap()
}
