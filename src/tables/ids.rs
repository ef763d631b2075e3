//! Which place a profile has, by what the tables call it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::DataType;

use super::cells::{self, Dictionary};

/// Stands for the place of a profile that is not there.
pub(super) const NOBODY: u32 = u32::MAX;

/// What the profiles are called, by place.
#[derive(Debug)]
pub(super) enum Ids {
    /// Whole numbers that follow one another.
    Row {
        first: i128,
        count: usize,
    },
    Whole {
        all: Vec<i128>,
        places: HashMap<i128, u32>,
    },
    Texts {
        all: Vec<Arc<str>>,
        places: HashMap<Arc<str>, u32>,
    },
}

/// What some profiles are called, in the order of their rows.
#[derive(Debug)]
pub(super) enum Called {
    Whole(Vec<i128>),
    Texts(Vec<Arc<str>>),
}

/// Does something with the values of whole numbers of any width.
macro_rules! whole {
    ($array:expr, $values:ident => $result:expr) => {{
        let array: &dyn Array = $array;
        match array.data_type() {
            DataType::Int8 => array.as_primitive_opt::<Int8Type>().map(|a| {
                let $values = a.values();
                $result
            }),
            DataType::Int16 => array.as_primitive_opt::<Int16Type>().map(|a| {
                let $values = a.values();
                $result
            }),
            DataType::Int32 => array.as_primitive_opt::<Int32Type>().map(|a| {
                let $values = a.values();
                $result
            }),
            DataType::Int64 => array.as_primitive_opt::<Int64Type>().map(|a| {
                let $values = a.values();
                $result
            }),
            DataType::UInt8 => array.as_primitive_opt::<UInt8Type>().map(|a| {
                let $values = a.values();
                $result
            }),
            DataType::UInt16 => array.as_primitive_opt::<UInt16Type>().map(|a| {
                let $values = a.values();
                $result
            }),
            DataType::UInt32 => array.as_primitive_opt::<UInt32Type>().map(|a| {
                let $values = a.values();
                $result
            }),
            DataType::UInt64 => array.as_primitive_opt::<UInt64Type>().map(|a| {
                let $values = a.values();
                $result
            }),
            _ => None,
        }
    }};
}

impl Called {
    /// Of a column without NULL.
    pub(super) fn of(array: &dyn Array) -> Called {
        if let Some(whole) = whole!(array, values => values.iter().map(|id| i128::from(*id)).collect()) {
            return Called::Whole(whole);
        }
        let texts = (0..array.len()).map(|row| cells::text(array, row).unwrap_or_default().into());
        Called::Texts(texts.collect())
    }
}

/// What a row calls its profile.
pub(super) fn shown(array: &dyn Array, row: usize) -> String {
    let whole = whole!(array, values => values.get(row).map(ToString::to_string));
    match whole.flatten() {
        Some(whole) => whole,
        None => cells::text(array, row).unwrap_or_default().to_owned(),
    }
}

/// The second of two profiles that are called the same.
#[derive(Debug)]
pub(super) struct Twice(pub(super) String);

impl Ids {
    pub(super) fn of_whole(all: Vec<i128>) -> Result<Ids, Twice> {
        let first = all.first().copied().unwrap_or_default();
        if (first..).zip(&all).all(|(next, id)| next == *id) {
            return Ok(Ids::Row {
                first,
                count: all.len(),
            });
        }
        let mut places = HashMap::with_capacity(all.len());
        for (place, id) in (0..).zip(&all) {
            match places.entry(*id) {
                Entry::Vacant(entry) => entry.insert(place),
                Entry::Occupied(_) => return Err(Twice(id.to_string())),
            };
        }
        Ok(Ids::Whole { all, places })
    }

    pub(super) fn of_texts(all: Vec<Arc<str>>) -> Result<Ids, Twice> {
        let mut places = HashMap::with_capacity(all.len());
        for (place, id) in (0..).zip(&all) {
            match places.entry(id.clone()) {
                Entry::Vacant(entry) => entry.insert(place),
                Entry::Occupied(_) => return Err(Twice((**id).to_owned())),
            };
        }
        Ok(Ids::Texts { all, places })
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Ids::Row { count, .. } => *count,
            Ids::Whole { all, .. } => all.len(),
            Ids::Texts { all, .. } => all.len(),
        }
    }

    /// What the profile at a place is called.
    pub(super) fn at(&self, place: usize) -> Option<String> {
        match self {
            Ids::Row { first, count } if place < *count => Some((first + place as i128).to_string()),
            Ids::Row { .. } => None,
            Ids::Whole { all, .. } => all.get(place).map(ToString::to_string),
            Ids::Texts { all, .. } => all.get(place).map(|id| (**id).to_owned()),
        }
    }

    /// Whether a column of this type can name profiles as these are named.
    pub(super) fn fit(&self, data_type: &DataType) -> bool {
        match self {
            // Nobody is called anything, so nothing can be a mistake.
            _ if self.len() == 0 => true,
            Ids::Row { .. } | Ids::Whole { .. } => data_type.is_integer(),
            Ids::Texts { .. } => !data_type.is_integer(),
        }
    }

    /// The places of the profiles that rows name; [`NOBODY`] where there is none of that name.
    pub(super) fn places(&self, array: &ArrayRef, rows: &[u32], known: &mut Known) -> Vec<u32> {
        match self {
            Ids::Row { first, count } => {
                let place = |id: i128| match usize::try_from(id - first) {
                    Ok(place) if place < *count => u32::try_from(place).unwrap_or(NOBODY),
                    _ => NOBODY,
                };
                let places = whole!(array, values => {
                    let ids = rows.iter().map(|row| values.get(*row as usize).map(|id| place(i128::from(*id))));
                    ids.map(|id| id.unwrap_or(NOBODY)).collect()
                });
                places.unwrap_or_else(|| vec![NOBODY; rows.len()])
            }
            Ids::Whole { places, .. } => {
                let mut last = (0, places.get(&0).copied().unwrap_or(NOBODY));
                let mut place = |id: i128| {
                    // Rows of one profile mostly stand together.
                    if last.0 != id {
                        last = (id, places.get(&id).copied().unwrap_or(NOBODY));
                    }
                    last.1
                };
                let places = whole!(array, values => {
                    let ids = rows.iter().map(|row| values.get(*row as usize).map(|id| place(i128::from(*id))));
                    ids.map(|id| id.unwrap_or(NOBODY)).collect()
                });
                places.unwrap_or_else(|| vec![NOBODY; rows.len()])
            }
            Ids::Texts { places, .. } => {
                let place = |text: &str| places.get(text).copied().unwrap_or(NOBODY);
                if let Some(coded) = Dictionary::of(array) {
                    let by_code = known.of(&coded, place);
                    let rows = rows.iter().map(|row| coded.code(*row as usize));
                    return rows
                        .map(|code| code.and_then(|code| by_code.get(code).copied()).unwrap_or(NOBODY))
                        .collect();
                }
                let Some(texts) = array.as_string_opt::<i32>() else {
                    return vec![NOBODY; rows.len()];
                };
                let mut last = ("", place(""));
                let rows = rows.iter().map(|row| {
                    let text = texts.value(*row as usize);
                    if last.0 != text {
                        last = (text, place(text));
                    }
                    last.1
                });
                rows.collect()
            }
        }
    }
}

/// What was looked up of the texts of a dictionary, which is that of many rows after one another.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Kept, so that no other one takes its place in memory.
    texts: Option<StringArray>,
    found: Vec<u32>,
}

impl Known {
    /// By code, what is found of the text.
    pub(super) fn of(&mut self, coded: &Dictionary<'_>, find: impl Fn(&str) -> u32) -> &[u32] {
        let same = self.texts.as_ref().is_some_and(|texts| cells::same(texts, coded.texts));
        if !same {
            self.found = coded.texts.iter().map(|text| text.map_or(NOBODY, &find)).collect();
            self.texts = Some(coded.texts.clone());
        }
        &self.found
    }
}
