//! The files that declarations are imported from: tracking plans in the two forms in which they are exported, and JSON
//! Schemas.

use std::collections::BTreeMap;

use super::convert::Converter;
use super::declarations::{Declarations, Fields};
use super::facts::{Alternatives, Schema};
use crate::value::{self, JsonError, Object, Value};

/// The largest file, in bytes.
const LARGEST: usize = 64 << 20;

/// What the schema of a JSON Schema file is of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// The properties of this event.
    Event(Box<str>),
    /// The traits of users.
    Traits,
    /// The traits of accounts.
    AccountTraits,
}

/// Why a file cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It is no JSON that can be taken.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// It is too large.
    #[error("it has more than {0} bytes")]
    TooLarge(usize),
    /// It is neither a tracking plan nor a JSON Schema.
    #[error("it is neither a tracking plan (`rules`) nor a JSON Schema (`type`, `properties`, `$ref`, …)")]
    Neither,
    /// It is a JSON Schema that does not tell of what.
    #[error("it does not tell of which event or of whose traits it is the schema")]
    OfWhat,
    /// Its references multiply: it stands for more schemas than are looked at.
    #[error("its references multiply: it stands for more than {0} schemas")]
    TooMany(usize),
}

/// Reads a tracking plan or a JSON Schema.
///
/// Tracking plans are taken as the Public API lists their rules (`{"data": {"rules": […]}}`, `{"rules": […]}` or the list
/// alone; of type `TRACK`, `IDENTIFY`, `GROUP`, `PAGE`, `SCREEN` and `COMMON`) and as the older Config API does
/// (`{"rules": {"events": […], "identify": …, "group": …, "global": …, "identify_traits": […], "group_traits": […]}}`,
/// also several in `tracking_plans`). Anything else is a JSON Schema of one subject: `of`, or the event that its `title`
/// names.
///
/// # Errors
/// See [`ImportError`].
pub fn import(text: &str, of: Option<Subject>) -> Result<Declarations, ImportError> {
    if text.len() > LARGEST {
        return Err(ImportError::TooLarge(LARGEST));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value = value::parse(text)?;
    let called = value::parse(CALLED)?;
    let mut plan = Plan::default();
    match rules(&value) {
        Some(all) => all.iter().for_each(|rules| plan.rules(rules, &called)),
        None => plan.schema(&value, of)?,
    }
    plan.declarations()
}

/// What page and screen calls have besides their properties.
const CALLED: &str = r#"{
    "page": {"properties": {"page_name": {"type": "string"}, "name": {"type": "string"}}},
    "screen": {"properties": {"screen_name": {"type": "string"}, "name": {"type": "string"}}}
}"#;

/// The rules of the plans in a file.
fn rules(value: &Value) -> Option<Vec<&Value>> {
    let field = |value: &'_ Value, key: &str| value.as_object().and_then(|object| object.get(key)).is_some();
    match value {
        Value::List(items) if items.iter().any(|item| field(item, "jsonSchema")) => Some(vec![value]),
        Value::Object(object) => {
            if let Some(rules) = object.get("rules") {
                return Some(vec![rules]);
            }
            if let Some(plans) = object.get("tracking_plans").and_then(Value::as_list) {
                let rules = plans.iter().filter_map(|plan| plan.as_object()?.get("rules"));
                return Some(rules.collect());
            }
            let inner = object.get("data").or_else(|| object.get("trackingPlan"))?;
            rules(inner)
        }
        _ => None,
    }
}

/// The schemas of one subject.
#[derive(Debug, Default)]
struct Of<'v> {
    schemas: Alternatives<'v>,
    comments: Vec<String>,
}

#[derive(Debug, Default)]
struct Plan<'v> {
    events: BTreeMap<&'v str, Of<'v>>,
    traits: Alternatives<'v>,
    account_traits: Alternatives<'v>,
    /// Those of every event.
    common: Vec<Schema<'v>>,
    /// The schema of one event, which has its name from elsewhere.
    named: Option<(Box<str>, Alternatives<'v>)>,
    comments: Vec<String>,
}

impl<'v> Plan<'v> {
    fn rules(&mut self, rules: &'v Value, called: &'v Value) {
        match rules {
            Value::List(rules) => rules.iter().for_each(|rule| self.rule(rule, called)),
            Value::Object(rules) => self.config(rules),
            _ => self
                .comments
                .push("left out: rules that are neither a list nor an object".to_owned()),
        }
    }

    /// A rule of the Public API.
    fn rule(&mut self, rule: &'v Value, called: &'v Value) {
        let Some(rule) = rule.as_object() else {
            return self.comments.push("left out: a rule that is no object".to_owned());
        };
        let text = |key| rule.get(key).and_then(Value::as_str).unwrap_or_default();
        let (kind, key) = (text("type"), text("key"));
        let Some(document) = rule.get("jsonSchema") else {
            return self
                .comments
                .push(format!("left out: the rule `{key}`, which has no `jsonSchema`"));
        };
        match kind.to_ascii_uppercase().as_str() {
            "TRACK" => self.event(key, document, rule),
            "PAGE" => self.viewed("Page Viewed", "page", key, document, rule, called),
            "SCREEN" => self.viewed("Screen Viewed", "screen", key, document, rule, called),
            "IDENTIFY" => self.traits.extend(part(document, "traits").map(|schema| vec![schema])),
            "GROUP" => self
                .account_traits
                .extend(part(document, "traits").map(|schema| vec![schema])),
            "COMMON" => self.common(document),
            _ => self
                .comments
                .push(format!("left out: the rule `{key}` of the unknown type `{kind}`")),
        }
    }

    fn event(&mut self, name: &'v str, document: &'v Value, rule: &'v Object) {
        let of = self.events.entry(name).or_default();
        if let Some(schema) = part(document, "properties") {
            of.schemas.push(vec![schema]);
        }
        let described = [
            rule.get("description"),
            document.as_object().and_then(|d| d.get("description")),
        ];
        let described = described.into_iter().flatten().filter_map(Value::as_str);
        if let Some(text) = described.map(str::trim).find(|text| !text.is_empty())
            && !of.comments.iter().any(|comment| comment == text)
        {
            of.comments.push(text.to_owned());
        }
        if part(document, "context").is_some_and(|schema| has_parts(schema.at)) {
            let text = "not said here: `context`, which conditions do not see";
            if !of.comments.iter().any(|comment| comment == text) {
                of.comments.push(text.to_owned());
            }
        }
    }

    /// A rule of page or screen calls: all of them are one event.
    fn viewed(
        &mut self,
        event: &'static str,
        call: &str,
        page: &str,
        document: &'v Value,
        rule: &'v Object,
        called: &'v Value,
    ) {
        self.event(event, document, rule);
        let of = self.events.entry(event).or_default();
        if !page.is_empty() {
            of.comments.push(format!("the {call} `{page}`"));
        }
        if let Some(at) = called.as_object().and_then(|called| called.get(call)) {
            of.schemas.push(vec![Schema { document: called, at }]);
        }
    }

    fn common(&mut self, document: &'v Value) {
        self.common.extend(part(document, "properties"));
        if let Some(traits) = part(document, "traits").filter(|schema| has_parts(schema.at)) {
            self.traits.push(vec![traits]);
        }
    }

    /// The rules of the Config API.
    fn config(&mut self, rules: &'v Object) {
        for event in rules.get("events").and_then(Value::as_list).unwrap_or_default() {
            let Some(event) = event.as_object() else {
                self.comments.push("left out: an event that is no object".to_owned());
                continue;
            };
            let name = event.get("name").and_then(Value::as_str).unwrap_or_default();
            match event.get("rules") {
                Some(document) => self.event(name, document, event),
                None => {
                    self.events.entry(name).or_default();
                }
            }
        }
        if let Some(document) = rules.get("global") {
            self.common(document);
        }
        for (whole, each, own) in [
            ("identify", "identify_traits", &mut self.traits),
            ("group", "group_traits", &mut self.account_traits),
        ] {
            own.extend(
                rules
                    .get(whole)
                    .and_then(|document| part(document, "traits"))
                    .map(|s| vec![s]),
            );
            for item in rules.get(each).and_then(Value::as_list).unwrap_or_default() {
                // Each names one trait and its schema; as the schema of an object it is kept where it stands.
                match item
                    .as_object()
                    .and_then(|item| item.get("rules"))
                    .and_then(|rules| part(rules, "traits"))
                {
                    Some(schema) => own.push(vec![schema]),
                    None => {
                        let name = item
                            .as_object()
                            .and_then(|item| item.get("name"))
                            .and_then(Value::as_str);
                        let name = name.unwrap_or_default();
                        self.comments.push(format!(
                            "left out: the trait `{name}` of `{each}`, which has no rules for `traits`"
                        ));
                    }
                }
            }
        }
        let known = [
            "events",
            "global",
            "identify",
            "group",
            "identify_traits",
            "group_traits",
            "version",
        ];
        for (key, _) in rules.iter().filter(|(key, _)| !known.contains(key)) {
            self.comments.push(format!("left out: `{key}` of the rules"));
        }
    }

    /// A JSON Schema of one subject.
    fn schema(&mut self, document: &'v Value, of: Option<Subject>) -> Result<(), ImportError> {
        let object = document.as_object().ok_or(ImportError::Neither)?;
        let words = ["type", "properties", "$ref", "allOf", "anyOf", "oneOf"];
        if !words.iter().any(|word| object.get(word).is_some()) {
            return Err(ImportError::Neither);
        }
        let schemas = vec![vec![Schema { document, at: document }]];
        match of {
            Some(Subject::Traits) => self.traits = schemas,
            Some(Subject::AccountTraits) => self.account_traits = schemas,
            Some(Subject::Event(name)) => {
                self.named = Some((name, schemas));
            }
            None => {
                let title = object
                    .get("title")
                    .and_then(Value::as_str)
                    .filter(|title| !title.trim().is_empty());
                let title = title.ok_or(ImportError::OfWhat)?;
                self.named = Some((title.into(), schemas));
            }
        }
        Ok(())
    }

    fn declarations(self) -> Result<Declarations, ImportError> {
        let mut converter = Converter::default();
        let mut declared = Declarations {
            comments: self.comments,
            ..Declarations::default()
        };
        let named = self
            .named
            .into_iter()
            .map(|(name, schemas)| (name, schemas, Vec::new()));
        let events = self
            .events
            .into_iter()
            .map(|(name, of)| (name.into(), of.schemas, of.comments));
        for (name, mut schemas, comments) in named.chain(events) {
            if schemas.is_empty() {
                schemas.push(Vec::new());
            }
            for together in &mut schemas {
                together.extend(&self.common);
            }
            let event = declared.events.entry(name).or_default();
            let more = converter.convert(&schemas, &mut Vec::new(), &mut event.fields)?;
            event.comments = comments;
            for comment in more {
                if !event.comments.contains(&comment) {
                    event.comments.push(comment);
                }
            }
        }
        for (schemas, fields) in [
            (self.traits, &mut declared.traits),
            (self.account_traits, &mut declared.account_traits),
        ] {
            if schemas.is_empty() {
                continue;
            }
            let more = converter.convert(&schemas, &mut Vec::new(), fields)?;
            declared.comments.extend(more);
            Fields::without_consent(fields);
        }
        Ok(declared)
    }
}

/// The schema of a part of a call: `properties`, `traits` or `context`.
fn part<'v>(document: &'v Value, name: &str) -> Option<Schema<'v>> {
    let at = document.as_object()?.get("properties")?.as_object()?.get(name)?;
    Some(Schema { document, at })
}

fn has_parts(schema: &Value) -> bool {
    let parts = schema
        .as_object()
        .and_then(|schema| schema.get("properties"))
        .and_then(Value::as_object);
    parts.is_some_and(|parts| !parts.is_empty())
}
