//! From JSON Schema to declarations.

use std::collections::{BTreeSet, HashMap};

use super::declarations::{Element, Fields, Keys, Kind, Scalar};
use super::facts::{Alternatives, Facts, Schema, Types, Values};
use super::plan::ImportError;
use crate::value::{Object, Value};

/// How many schemas are looked at in all: references can multiply without end.
const MOST_SCHEMAS: usize = 200_000;
/// How deep schemas are followed, and how deep paths go.
const DEEPEST: usize = 64;
/// The longest list of values (language.md, Limits).
const MOST_VALUES: usize = 10_000;

/// Keywords that are said in a declaration, or that say nothing of a value.
const SAID: [&str; 30] = [
    "$schema",
    "$id",
    "id",
    "$anchor",
    "$comment",
    "$defs",
    "definitions",
    "$ref",
    "type",
    "format",
    "enum",
    "const",
    "properties",
    "required",
    "items",
    "prefixItems",
    "allOf",
    "anyOf",
    "oneOf",
    "title",
    "description",
    "default",
    "examples",
    "example",
    "deprecated",
    "readOnly",
    "writeOnly",
    "labels",
    "nullable",
    "additionalProperties",
];

/// Converts schemas, within limits.
#[derive(Debug, Default)]
pub(super) struct Converter {
    seen: usize,
    /// What references led to on the way to the path at hand, by its address, and how often.
    within: HashMap<usize, usize>,
}

/// Which value of the file it is.
fn address(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}

/// How often a schema is followed inside of itself: an object in one of its own kind is declared once more.
const ONCE_MORE: usize = 2;

impl Converter {
    /// Declares what is below a path. At the root, which is always an object, only parts are declared.
    pub(super) fn convert<'v>(
        &mut self,
        schemas: &Alternatives<'v>,
        path: &mut Keys,
        fields: &mut Fields,
    ) -> Result<Vec<String>, ImportError> {
        self.value(schemas, path, fields, false, 0)
    }

    fn value<'v>(
        &mut self,
        schemas: &Alternatives<'v>,
        path: &mut Keys,
        fields: &mut Fields,
        required: bool,
        lists: u32,
    ) -> Result<Vec<String>, ImportError> {
        let facts = self.all(schemas)?;
        let led: BTreeSet<usize> = facts.led.iter().map(|target| address(target)).collect();
        if led
            .iter()
            .any(|target| self.within.get(target).is_some_and(|times| *times >= ONCE_MORE))
        {
            fields.leave_out(path, "it is like the object that it lies in, and goes on without end");
            return Ok(Vec::new());
        }
        for target in &led {
            *self.within.entry(*target).or_default() += 1;
        }
        let comments = self.declare(facts, path, fields, required, lists);
        for target in &led {
            if let Some(times) = self.within.get_mut(target) {
                *times -= 1;
            }
        }
        comments
    }

    fn declare<'v>(
        &mut self,
        facts: Facts<'v>,
        path: &mut Keys,
        fields: &mut Fields,
        required: bool,
        lists: u32,
    ) -> Result<Vec<String>, ImportError> {
        let mut comments: Vec<String> = facts.description.map(str::to_owned).into_iter().collect();
        let mut unsaid: Vec<&str> = facts.unsaid.iter().copied().collect();
        if required {
            unsaid.insert(0, "required");
        }
        if path.is_empty() && (facts.never || facts.types.is_some_and(|types| !types.object)) {
            comments.push("left out: a schema that is not of an object".to_owned());
            return Ok(comments);
        }
        if facts.never {
            fields.leave_out(path, "its schema says that it is never there");
            return Ok(Vec::new());
        }
        let types = told(&facts);
        let deep = path.len() >= DEEPEST || lists as usize >= DEEPEST;
        let only = |wanted: Types| types == Some(wanted);
        if path.is_empty() || (only(OBJECT) && !facts.parts.is_empty() && !deep) {
            if lists > 1 {
                unsaid.push("lists in lists");
            }
            for (key, schemas) in &facts.parts {
                path.push((*key).into());
                let required = facts.required.contains(key);
                let above = self.value(schemas, path, fields, required, 0)?;
                // What is said of an object stands before the first of its parts.
                if !above.is_empty() {
                    let mut below = fields.0.range_mut(path.clone()..);
                    let first = below.find(|(below, field)| field.kind.is_some() || !below.starts_with(path));
                    let name = path.last().map_or("", |key| key);
                    let above = above.into_iter().map(|text| format!("{name}: {text}"));
                    match first {
                        Some((below, field)) if below.starts_with(path) => drop(field.comments.splice(0..0, above)),
                        _ => comments.extend(above),
                    }
                }
                path.pop();
            }
            say(&mut comments, &unsaid);
            return Ok(comments);
        }
        if only(LIST) && !facts.items.is_empty() && !deep {
            say(&mut comments, &unsaid);
            let before = fields.0.len();
            let above = self.value(&facts.items, path, fields, false, lists + 1)?;
            comments.extend(above);
            let more = fields.0.len() > before;
            if let Some(field) = fields.0.get_mut(path) {
                // A list of single values is one line, and takes what is said of the list.
                field.comments.splice(0..0, comments);
                return Ok(Vec::new());
            }
            return Ok(if more { comments } else { Vec::new() });
        }
        let element = match types {
            _ if deep => {
                unsaid.push("what lies deeper");
                Element::String
            }
            None => {
                unsaid.push("any type");
                Element::String
            }
            Some(OBJECT) => {
                comments.push("an object whose parts are not told".to_owned());
                Element::String
            }
            Some(LIST) => {
                comments.push("a list whose elements are not told".to_owned());
                let kind = Kind {
                    lists: lists + 1,
                    element: Element::String,
                };
                say(&mut comments, &unsaid);
                fields.add(path, comments, kind);
                return Ok(Vec::new());
            }
            Some(types) => scalar(&facts, types, &mut comments, &mut unsaid),
        };
        say(&mut comments, &unsaid);
        fields.add(path, comments, Kind { lists, element });
        Ok(Vec::new())
    }

    /// What alternatives say together.
    fn all<'v>(&mut self, schemas: &Alternatives<'v>) -> Result<Facts<'v>, ImportError> {
        let mut all: Option<Facts<'v>> = None;
        for together in schemas {
            let mut facts = Facts::default();
            for schema in together {
                facts = facts.and(self.gather(*schema, 0, &mut Vec::new())?);
            }
            all = Some(match all {
                Some(all) => all.or(facts),
                None => facts,
            });
        }
        Ok(all.unwrap_or_default())
    }

    /// What one schema says, with those that it refers to.
    fn gather<'v>(
        &mut self,
        schema: Schema<'v>,
        depth: usize,
        within: &mut Vec<&'v str>,
    ) -> Result<Facts<'v>, ImportError> {
        self.seen += 1;
        if self.seen > MOST_SCHEMAS {
            return Err(ImportError::TooMany(MOST_SCHEMAS));
        }
        let mut facts = Facts::default();
        let object = match schema.at {
            Value::Object(object) => object,
            Value::Bool(false) => {
                facts.never = true;
                return Ok(facts);
            }
            Value::Bool(true) => return Ok(facts),
            _ => {
                facts.unsaid.insert("what is no schema");
                return Ok(facts);
            }
        };
        if depth > DEEPEST {
            facts.unsaid.insert("what lies deeper");
            return Ok(facts);
        }
        own(schema, object, &mut facts);
        // Each part is looked at again and again where a reference leads here.
        self.seen += facts.parts.len();
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            facts = match resolve(schema.document, reference) {
                _ if within.contains(&reference) => {
                    facts.unsaid.insert("a reference to itself");
                    facts
                }
                Some(at) => {
                    within.push(reference);
                    let other = self.gather(Schema { at, ..schema }, depth + 1, within)?;
                    within.pop();
                    facts.led.push(at);
                    facts.and(other)
                }
                None => {
                    facts.unsaid.insert("a reference that leads out of the file");
                    facts
                }
            };
        }
        for at in object.get("allOf").and_then(Value::as_list).unwrap_or_default() {
            let other = self.gather(Schema { at, ..schema }, depth + 1, within)?;
            facts = facts.and(other);
        }
        for word in ["anyOf", "oneOf"] {
            let Some(list) = object.get(word).and_then(Value::as_list) else {
                continue;
            };
            let mut one: Option<Facts<'v>> = None;
            let mut told = 0;
            for at in list {
                let other = self.gather(Schema { at, ..schema }, depth + 1, within)?;
                // Absent and null are the same.
                if other.types == Some(Types::default()) {
                    continue;
                }
                told += 1;
                one = Some(match one {
                    Some(one) => one.or(other),
                    None => other,
                });
            }
            if let Some(one) = one {
                if told > 1 && (!one.parts.is_empty() || !one.items.is_empty()) {
                    facts.unsaid.insert(word);
                }
                facts = facts.and(one);
            }
        }
        Ok(facts)
    }
}

const OBJECT: Types = Types {
    string: false,
    number: false,
    boolean: false,
    object: true,
    list: false,
};
const LIST: Types = Types {
    object: false,
    list: true,
    ..OBJECT
};

/// The types of a value; where none are named, those that what else is said speaks of.
fn told(facts: &Facts<'_>) -> Option<Types> {
    if let Some(types) = facts.types.filter(|types| *types != Types::default()) {
        return Some(types);
    }
    if let Some(values) = &facts.values {
        let mut types = Types::default();
        for value in &values.list {
            match value {
                Scalar::Text(_) => types.string = true,
                Scalar::Number(_) => types.number = true,
                Scalar::Boolean(_) => types.boolean = true,
            }
        }
        return Some(types).filter(|types| *types != Types::default());
    }
    match (facts.parts.is_empty(), facts.items.is_empty(), facts.date) {
        (false, _, _) => Some(OBJECT),
        (_, false, _) => Some(LIST),
        (_, _, true) => Some(Types {
            string: true,
            ..Types::default()
        }),
        _ => None,
    }
}

fn say(comments: &mut Vec<String>, unsaid: &[&str]) {
    let mut seen = BTreeSet::new();
    let unsaid: Vec<&str> = unsaid.iter().copied().filter(|word| seen.insert(*word)).collect();
    if !unsaid.is_empty() {
        comments.push(format!("not said here: {}", unsaid.join(", ")));
    }
}

/// The element of a value that is neither object nor list alone.
fn scalar<'v>(facts: &Facts<'v>, types: Types, comments: &mut Vec<String>, unsaid: &mut Vec<&'v str>) -> Element {
    let values = facts.values.as_ref().map(|values| &values.list);
    if let Some(values) = values.filter(|values| !values.is_empty()) {
        if values.iter().all(|value| matches!(value, Scalar::Boolean(_))) && values.len() > 1 {
            return Element::Boolean;
        }
        if values.len() <= MOST_VALUES && !types.object && !types.list {
            return Element::OneOf(values.clone());
        }
        comments.push(format!("more than {MOST_VALUES} values"));
        return Element::String;
    }
    let single = [types.string, types.number, types.boolean, types.object, types.list];
    if single.iter().filter(|is| **is).count() > 1 {
        comments.push(format!("one of several types: {}", types.names().join(", ")));
        return Element::String;
    }
    match types {
        Types { number: true, .. } => Element::Number,
        Types { boolean: true, .. } => Element::Boolean,
        _ if facts.date => Element::Timestamp,
        _ => {
            unsaid.sort_unstable();
            Element::String
        }
    }
}

/// What the schema itself says.
fn own<'v>(schema: Schema<'v>, object: &'v Object, facts: &mut Facts<'v>) {
    let at = |at| vec![vec![Schema { at, ..schema }]];
    let mut types = Types::default();
    let mut known = false;
    let names = match object.get("type") {
        Some(Value::List(names)) => names.iter().collect(),
        Some(name) => vec![name],
        None => Vec::new(),
    };
    for name in names {
        if name.as_str().is_some_and(|name| types.add(name)) {
            known = true;
        } else {
            facts.unsaid.insert("a type that JSON Schema does not have");
        }
    }
    facts.types = known.then_some(types);
    match object.get("format").and_then(Value::as_str) {
        Some("date-time" | "date") => facts.date = true,
        Some(_) => {
            facts.unsaid.insert("format");
        }
        None => {}
    }
    let values = match (object.get("const"), object.get("enum")) {
        (Some(value), _) => Some(std::slice::from_ref(value)),
        (None, values) => values.and_then(Value::as_list),
    };
    if let Some(values) = values {
        facts.values = scalars(values);
        if facts.values.is_none() {
            facts.unsaid.insert("enum");
        }
    }
    if let Some(parts) = object.get("properties").and_then(Value::as_object) {
        facts.parts = parts.iter().map(|(key, value)| (key, at(value))).collect();
    }
    for required in object.get("required").and_then(Value::as_list).unwrap_or_default() {
        facts.required.extend(required.as_str());
    }
    for word in ["items", "prefixItems"] {
        match object.get(word) {
            // One schema for each place of the list.
            Some(Value::List(items)) => {
                if items.len() > 1 {
                    facts.unsaid.insert("the places of a list");
                }
                facts.items.extend(items.iter().flat_map(at));
            }
            Some(Value::Bool(false)) | None => {}
            Some(item) => facts.items.extend(at(item)),
        }
    }
    let description = object.get("description").and_then(Value::as_str);
    facts.description = description.filter(|text| !text.trim().is_empty());
    if matches!(object.get("additionalProperties"), Some(Value::Object(_))) {
        facts.unsaid.insert("additionalProperties");
    }
    let unknown = object.iter().map(|(word, _)| word);
    facts.unsaid.extend(unknown.filter(|word| !SAID.contains(word)));
}

/// The values without `null`, each once; `None` if one is a list or an object.
fn scalars(values: &[Value]) -> Option<Values> {
    let mut scalars = Values::default();
    for value in values {
        scalars.add(match value {
            Value::Null => continue,
            Value::Bool(boolean) => Scalar::Boolean(*boolean),
            Value::Number(number) => Scalar::Number(*number),
            Value::String(text) => Scalar::Text(text.clone()),
            Value::List(_) | Value::Object(_) => return None,
        });
    }
    Some(scalars)
}

/// What a reference into the same document leads to: `#`, or a JSON pointer behind it.
fn resolve<'v>(document: &'v Value, reference: &str) -> Option<&'v Value> {
    let pointer = reference.strip_prefix('#')?;
    if pointer.is_empty() {
        return Some(document);
    }
    let mut at = document;
    for key in pointer.strip_prefix('/')?.split('/') {
        let key = key
            .replace("%24", "$")
            .replace("%20", " ")
            .replace("~1", "/")
            .replace("~0", "~");
        at = match at {
            Value::Object(object) => object.get(&key)?,
            Value::List(items) => items.get(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(at)
}
