//! Declarations proposed from what was sent.
//!
//! Memory is bounded, however much is read: of each path only counts are kept, and a few values with a few people each.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::declarations::{Declarations, Element, Event, Fields, Keys, Kind, Scalar};
use super::private::{is_odd, is_personal, looks_personal};
use crate::time::Timestamp;
use crate::value::{Number, Object, Value};

/// The most paths that are looked at in all.
const MOST_PATHS: usize = 20_000;
/// The most names below one path: more are the keys of a map, and no schema.
const MOST_NAMES: usize = 200;
/// The most events.
const MOST_EVENTS: usize = 2_000;
/// The deepest path.
const DEEPEST: usize = 16;
/// The most values of a `one of`.
const MOST_VALUES: usize = 12;
/// The longest of them, in characters.
const LONGEST_VALUE: usize = 40;

/// When a value may stand in a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Each value of a `one of` was sent for at least so many people; so was each name that is odd enough to be
    /// somebody's. At least 2, at most 1 000.
    pub people: usize,
    /// A `one of` is proposed only of a path that so many events had.
    pub events: u64,
}

impl Default for Thresholds {
    /// 20 people, 100 events.
    fn default() -> Self {
        Thresholds {
            people: 20,
            events: 100,
        }
    }
}

/// A value of one person is never shown.
const FEWEST_PEOPLE: usize = 2;
/// The most people that are told apart.
const MOST_PEOPLE: usize = 1_000;

/// Collects what was sent, and proposes declarations.
///
/// ```
/// use volens::schema::{Inference, Thresholds};
/// use volens::value::{self, Value};
///
/// let mut inference = Inference::new(Thresholds::default());
/// let Ok(Value::Object(properties)) = value::parse(r#"{"revenue": 49.9, "products": [{"sku": "a1"}]}"#) else {
///     return;
/// };
/// inference.event("user_id:u1", "Order Completed", &properties);
/// let text = inference.finish().to_string();
/// assert_eq!(text, "# 1 event\nevent \"Order Completed\" {\n  products.sku: string,\n  revenue: number,\n}\n");
/// ```
#[derive(Debug)]
pub struct Inference {
    thresholds: Thresholds,
    events: BTreeMap<Box<str>, Seen>,
    traits: Seen,
    account_traits: Seen,
    /// How many more paths may be looked at.
    room: usize,
    /// How many events were of a name beyond the limit.
    unnamed: u64,
}

/// What was sent of one event, or as traits.
#[derive(Debug, Default)]
struct Seen {
    count: u64,
    people: People,
    root: Node,
}

/// Some people, each as a hash; no more than needed.
#[derive(Debug, Clone, Default)]
struct People(BTreeSet<u64>);

impl People {
    fn add(&mut self, person: u64, most: usize) {
        if self.0.len() < most {
            self.0.insert(person);
        }
    }
}

/// What was seen at a path.
#[derive(Debug, Default)]
struct Node {
    people: People,
    nulls: u64,
    booleans: u64,
    numbers: u64,
    /// Texts, and how many of them are in the form of a date, a number, a boolean.
    texts: u64,
    dates: u64,
    number_texts: u64,
    boolean_texts: u64,
    objects: u64,
    lists: u64,
    values: Values,
    /// Below an object, and below the objects of a list.
    below: BTreeMap<Box<str>, Node>,
    /// How often a name below could not be looked at.
    missed: u64,
    /// Elements of lists that are no objects.
    element: Option<Box<Node>>,
    element_objects: u64,
}

/// The texts that were seen, as long as they are few and short.
#[derive(Debug)]
enum Values {
    Few(BTreeMap<Box<str>, People>),
    Many,
}

impl Default for Values {
    fn default() -> Self {
        Values::Few(BTreeMap::new())
    }
}

impl Inference {
    /// Nothing seen yet.
    pub fn new(thresholds: Thresholds) -> Self {
        let people = thresholds.people.clamp(FEWEST_PEOPLE, MOST_PEOPLE);
        Inference {
            thresholds: Thresholds { people, ..thresholds },
            events: BTreeMap::new(),
            traits: Seen::default(),
            account_traits: Seen::default(),
            room: MOST_PATHS,
            unnamed: 0,
        }
    }

    /// An event of a person, whoever that is: any text that is the same for the same person.
    pub fn event(&mut self, person: &str, name: &str, properties: &Object) {
        if !self.events.contains_key(name) && self.events.len() >= MOST_EVENTS {
            self.unnamed += 1;
            return;
        }
        let seen = self.events.entry(name.into()).or_default();
        seen.see(person, properties, self.thresholds.people, &mut self.room);
    }

    /// Traits that were sent of a person.
    pub fn traits(&mut self, person: &str, traits: &Object) {
        self.traits.see(person, traits, self.thresholds.people, &mut self.room);
    }

    /// Traits that were sent of an account, by a person.
    pub fn account_traits(&mut self, person: &str, traits: &Object) {
        self.account_traits
            .see(person, traits, self.thresholds.people, &mut self.room);
    }

    /// What can be declared of it.
    pub fn finish(self) -> Declarations {
        let mut declared = Declarations::default();
        let mut hidden = 0;
        for (name, seen) in self.events {
            if (is_odd(&name) || looks_personal(&name)) && seen.people.0.len() < self.thresholds.people {
                hidden += 1;
                continue;
            }
            let mut event = Event::default();
            event.comments.push(counted(seen.count, "event"));
            let left_out = below(&seen.root, self.thresholds, &mut Keys::new(), &mut event.fields);
            event
                .comments
                .extend(left_out.into_iter().map(|what| format!("left out: {what}")));
            declared.events.insert(name, event);
        }
        for (seen, fields) in [
            (self.traits, &mut declared.traits),
            (self.account_traits, &mut declared.account_traits),
        ] {
            let left_out = below(&seen.root, self.thresholds, &mut Keys::new(), fields);
            let left_out = left_out
                .into_iter()
                .map(|what| format!("left out of the traits: {what}"));
            declared.comments.extend(left_out);
            fields.without_consent();
        }
        if hidden > 0 {
            let people = counted(self.thresholds.people as u64, "people").replace("peoples", "people");
            let names = counted(hidden, "name");
            declared.comments.push(format!(
                "left out: {names} of events that may be somebody's, each of fewer than {people}"
            ));
        }
        if self.unnamed > 0 {
            let events = counted(self.unnamed, "event");
            declared
                .comments
                .push(format!("left out: {events} beyond the first {MOST_EVENTS} names"));
        }
        if self.room == 0 {
            declared.comments.push(format!(
                "more than {MOST_PATHS} properties: those that came later are left out"
            ));
        }
        declared
    }
}

impl Seen {
    fn see(&mut self, person: &str, properties: &Object, people: usize, room: &mut usize) {
        let mut hasher = DefaultHasher::new();
        person.hash(&mut hasher);
        let person = hasher.finish();
        self.count += 1;
        self.people.add(person, people);
        self.root.parts(properties, person, people, room, 0);
    }
}

impl Node {
    fn parts(&mut self, object: &Object, person: u64, people: usize, room: &mut usize, depth: usize) {
        for (key, value) in object.iter() {
            if !self.below.contains_key(key) {
                if *room == 0 || depth >= DEEPEST || self.below.len() > MOST_NAMES {
                    self.missed += 1;
                    continue;
                }
                *room -= 1;
            }
            let node = self.below.entry(key.into()).or_default();
            node.people.add(person, people);
            node.see(value, person, people, room, depth + 1);
        }
    }

    fn see(&mut self, value: &Value, person: u64, people: usize, room: &mut usize, depth: usize) {
        match value {
            Value::Null => self.nulls += 1,
            Value::Bool(_) => self.booleans += 1,
            Value::Number(_) => self.numbers += 1,
            Value::String(text) => self.text(text, person, people),
            Value::Object(object) => {
                self.objects += 1;
                self.parts(object, person, people, room, depth);
            }
            Value::List(items) => {
                self.lists += 1;
                for item in items {
                    match item {
                        Value::Object(object) => {
                            self.element_objects += 1;
                            self.parts(object, person, people, room, depth);
                        }
                        Value::Null => {}
                        _ if depth >= DEEPEST => self.missed += 1,
                        item => self
                            .element
                            .get_or_insert_default()
                            .see(item, person, people, room, depth + 1),
                    }
                }
            }
        }
    }

    fn text(&mut self, text: &str, person: u64, people: usize) {
        self.texts += 1;
        self.dates += u64::from(Timestamp::parse(text).is_some());
        self.number_texts += u64::from(Number::parse(text).is_some());
        self.boolean_texts += u64::from(matches!(text, "true" | "false"));
        let Values::Few(values) = &mut self.values else {
            return;
        };
        let new = !values.contains_key(text);
        if new && (values.len() >= MOST_VALUES || text.chars().count() > LONGEST_VALUE || looks_personal(text)) {
            // What will not be proposed is not kept.
            self.values = Values::Many;
            return;
        }
        values.entry(text.into()).or_default().add(person, people);
    }

    /// How many values there were that are not null.
    fn seen(&self) -> u64 {
        self.booleans + self.numbers + self.texts + self.objects + self.lists
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Proposes what is below a node; what cannot be shown of it is said.
fn below(node: &Node, thresholds: Thresholds, path: &mut Keys, fields: &mut Fields) -> Vec<String> {
    let mut hidden = 0;
    for (key, child) in &node.below {
        if (is_odd(key) || looks_personal(key)) && child.people.0.len() < thresholds.people {
            hidden += 1;
            continue;
        }
        path.push(key.clone());
        value(child, thresholds, path, fields);
        path.pop();
    }
    let hidden = (hidden > 0).then(|| {
        let names = counted(hidden, "name");
        format!(
            "{names} that may be somebody's, of fewer than {} people",
            thresholds.people
        )
    });
    let missed = (node.missed > 0).then(|| {
        let values = counted(node.missed, "value");
        format!("{values} beyond the limits on how many names and how deep")
    });
    hidden.into_iter().chain(missed).collect()
}

/// Proposes a path, by what was seen there. Not deeper than [`DEEPEST`].
fn value(node: &Node, thresholds: Thresholds, path: &mut Keys, fields: &mut Fields) {
    let mut comments = Vec::new();
    if node.seen() == 0 {
        return fields.leave_out(path, "always null");
    }
    let with_parts = node.objects + node.element_objects > 0;
    let without = node.booleans + node.numbers + node.texts > 0 || node.element.is_some();
    if with_parts && node.below.len() > MOST_NAMES {
        comments.push(format!(
            "more than {MOST_NAMES} names below it: a map rather than an object"
        ));
        let element = Element::String;
        return fields.add(path, comments, Kind { lists: 0, element });
    }
    if with_parts && !without && !node.below.is_empty() {
        let left_out = below(node, thresholds, path, fields);
        if !left_out.is_empty() {
            fields.leave_out(path, left_out.join("; "));
        }
        return;
    }
    let kind = single(node, thresholds, path, &mut comments, 0);
    fields.add(path, comments, kind);
}

/// The type of what has no parts, or not always.
fn single(node: &Node, thresholds: Thresholds, path: &Keys, comments: &mut Vec<String>, lists: u32) -> Kind {
    let string = |comments: &mut Vec<String>, comment: String| {
        comments.push(comment);
        Kind {
            lists,
            element: Element::String,
        }
    };
    let kinds = [
        (node.booleans, "boolean"),
        (node.numbers, "number"),
        (node.texts, "string"),
        (node.objects, "object"),
        (node.lists, "list"),
    ];
    let present: Vec<String> = kinds
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| format!("{kind} {count}"))
        .collect();
    let only = present.len() == 1;
    let scalar = |element| Kind { lists, element };
    if only && node.lists > 0 {
        return match &node.element {
            Some(_) if node.element_objects > 0 => string(comments, "a list of objects and of other values".to_owned()),
            Some(element) => single(element, thresholds, path, comments, lists + 1),
            None => {
                comments.push("a list that was always empty".to_owned());
                Kind {
                    lists: lists + 1,
                    element: Element::String,
                }
            }
        };
    }
    if only && node.objects > 0 {
        return string(
            comments,
            "an object without parts, or with none that can be shown".to_owned(),
        );
    }
    if only && node.numbers > 0 {
        return scalar(Element::Number);
    }
    if only && node.booleans > 0 {
        return scalar(Element::Boolean);
    }
    if only {
        return text(node, thresholds, path, comments, lists);
    }
    // Numbers and booleans are sent in quotes, too.
    let scalars = node.objects + node.lists == 0;
    if scalars && node.booleans == 0 && node.texts == node.number_texts {
        comments.push(format!("{} of {} in quotes", node.texts, node.seen()));
        return scalar(Element::Number);
    }
    if scalars && node.numbers == 0 && node.texts == node.boolean_texts {
        comments.push(format!("{} of {} in quotes", node.texts, node.seen()));
        return scalar(Element::Boolean);
    }
    string(comments, format!("of several types: {}", present.join(", ")))
}

/// The type of what was always text.
fn text(node: &Node, thresholds: Thresholds, path: &Keys, comments: &mut Vec<String>, lists: u32) -> Kind {
    let kind = |element| Kind { lists, element };
    if node.dates == node.texts {
        return kind(Element::Timestamp);
    }
    if node.number_texts == node.texts {
        // An id or a postal code is no number, and text may be compared in every way.
        comments.push("always a number in quotes".to_owned());
        return kind(Element::String);
    }
    if node.boolean_texts == node.texts {
        comments.push("always `true` or `false` in quotes".to_owned());
        return kind(Element::Boolean);
    }
    let Values::Few(values) = &node.values else {
        return kind(Element::String);
    };
    let shared = values.values().all(|people| people.0.len() >= thresholds.people);
    if values.len() < 2 || !shared || node.texts < thresholds.events || is_personal(path) {
        return kind(Element::String);
    }
    comments.push(format!("{} values in {}", values.len(), counted(node.texts, "text")));
    let values = values.keys().map(|text| Scalar::Text(text.clone()));
    kind(Element::OneOf(values.collect()))
}
