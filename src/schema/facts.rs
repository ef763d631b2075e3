//! What JSON Schemas say together of one value: all of several (`allOf`, `$ref`), or one of several (`anyOf`, `oneOf`, two
//! versions of a rule).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::declarations::Scalar;
use crate::value::Value;

/// A schema, and the document in which its references lead somewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schema<'v> {
    pub(super) document: &'v Value,
    pub(super) at: &'v Value,
}

/// One of several, each of which is all of several.
pub(super) type Alternatives<'v> = Vec<Vec<Schema<'v>>>;

/// So many alternatives are kept apart; beyond, they are taken together.
const MOST_ALTERNATIVES: usize = 16;

/// What is said of a value.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts<'v> {
    /// `None` where nothing is said of its type.
    pub(super) types: Option<Types>,
    /// Its text is a date.
    pub(super) date: bool,
    /// The values that there are.
    pub(super) values: Option<Values>,
    pub(super) parts: BTreeMap<&'v str, Alternatives<'v>>,
    pub(super) items: Alternatives<'v>,
    pub(super) required: BTreeSet<&'v str>,
    pub(super) description: Option<&'v str>,
    /// Keywords that say what a declaration cannot.
    pub(super) unsaid: BTreeSet<&'v str>,
    /// What references led to.
    pub(super) led: Vec<&'v Value>,
    /// It is never there.
    pub(super) never: bool,
}

/// Some values, each once, in the order in which they are told.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    pub(super) list: Vec<Scalar>,
    /// Their texts: numbers that are equal have one.
    known: HashSet<String>,
}

impl Values {
    pub(super) fn add(&mut self, value: Scalar) {
        if self.known.insert(value.to_string()) {
            self.list.push(value);
        }
    }
}

/// Types of JSON. `null` is absent, and so no type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Types {
    pub(super) string: bool,
    pub(super) number: bool,
    pub(super) boolean: bool,
    pub(super) object: bool,
    pub(super) list: bool,
}

impl Types {
    pub(super) fn add(&mut self, name: &str) -> bool {
        match name {
            "string" => self.string = true,
            "number" | "integer" => self.number = true,
            "boolean" => self.boolean = true,
            "object" => self.object = true,
            "array" => self.list = true,
            "null" => {}
            _ => return false,
        }
        true
    }

    fn both(self, other: Types, join: impl Fn(bool, bool) -> bool) -> Types {
        Types {
            string: join(self.string, other.string),
            number: join(self.number, other.number),
            boolean: join(self.boolean, other.boolean),
            object: join(self.object, other.object),
            list: join(self.list, other.list),
        }
    }

    pub(super) fn names(self) -> Vec<&'static str> {
        let all = [
            (self.string, "string"),
            (self.number, "number"),
            (self.boolean, "boolean"),
            (self.object, "object"),
            (self.list, "array"),
        ];
        all.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect()
    }
}

impl<'v> Facts<'v> {
    /// What holds if both do.
    pub(super) fn and(mut self, other: Facts<'v>) -> Facts<'v> {
        self.types = match (self.types, other.types) {
            (Some(a), Some(b)) => {
                let both = a.both(b, |a, b| a && b);
                if both == Types::default() && a != b {
                    self.unsaid.insert("types that exclude each other");
                    Some(a.both(b, |a, b| a || b))
                } else {
                    Some(both)
                }
            }
            (a, b) => a.or(b),
        };
        self.date |= other.date;
        self.values = match (self.values, other.values) {
            (Some(mut a), Some(b)) => {
                a.list.retain(|value| b.known.contains(&value.to_string()));
                a.known.retain(|value| b.known.contains(value));
                Some(a)
            }
            (a, b) => a.or(b),
        };
        for (key, schemas) in other.parts {
            let own = self.parts.remove(key);
            let both = own.map_or(schemas.clone(), |own| joined(own, schemas));
            self.parts.insert(key, both);
        }
        self.items = match (self.items.is_empty(), other.items.is_empty()) {
            (false, false) => joined(self.items, other.items),
            (true, _) => other.items,
            (_, true) => self.items,
        };
        self.required.extend(other.required);
        self.description = self.description.or(other.description);
        self.unsaid.extend(other.unsaid);
        self.led.extend(other.led);
        self.never |= other.never;
        self
    }

    /// What holds if one of them does.
    pub(super) fn or(mut self, other: Facts<'v>) -> Facts<'v> {
        if self.never || other.never {
            return if self.never { other } else { self };
        }
        // An alternative that says nothing of a part says nothing against it.
        let text = |facts: &Facts<'_>| facts.types.is_none_or(|types| types.string);
        self.date = (self.date || !text(&self)) && (other.date || !text(&other));
        self.types = match (self.types, other.types) {
            (Some(a), Some(b)) => Some(a.both(b, |a, b| a || b)),
            _ => None,
        };
        self.values = match (self.values, other.values) {
            (Some(mut a), Some(b)) => {
                b.list.into_iter().for_each(|value| a.add(value));
                Some(a)
            }
            _ => None,
        };
        for (key, schemas) in other.parts {
            self.parts.entry(key).or_default().extend(schemas);
        }
        self.items.extend(other.items);
        self.required.retain(|key| other.required.contains(key));
        self.description = self.description.or(other.description);
        self.unsaid.extend(other.unsaid);
        self.led.extend(other.led);
        self
    }
}

/// All of the one and all of the other.
fn joined<'v>(mut a: Alternatives<'v>, b: Alternatives<'v>) -> Alternatives<'v> {
    if let ([own], [other]) = (a.as_mut_slice(), b.as_slice()) {
        own.extend(other);
        return a;
    }
    if a.len().saturating_mul(b.len()) > MOST_ALTERNATIVES {
        return a.into_iter().chain(b).collect();
    }
    let pairs = a
        .iter()
        .flat_map(|a| b.iter().map(move |b| a.iter().chain(b).copied().collect()));
    pairs.collect()
}
