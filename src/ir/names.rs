//! Where a program wants what has a name: for reading a profile from a text, one name after the other.
//!
//! It follows from the program's tables, and is made when a text is first read.

use super::Program;
use crate::value::{Key, Path};

/// What a program reads of a user's profile, by the names that stand there.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// The first keys of the traits that are sent.
    pub(crate) traits: Table,
    pub(crate) events: Table,
    /// By event slot, the first keys of the properties.
    pub(crate) properties: Vec<Table>,
    pub(crate) categories: Table,
}

/// Names and what is wanted of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    names: Vec<Name>,
    /// For each hash the place of a name, from 1 on; where that is taken, the next one. Half of them are free.
    places: Vec<u32>,
}

#[derive(Debug, Clone)]
struct Name {
    text: Box<str>,
    hash: u64,
    wants: Vec<Want>,
}

/// A slot that wants what has a name, or what stands there at a path.
#[derive(Debug, Clone)]
pub(crate) struct Want {
    pub(crate) slot: usize,
    pub(crate) path: Vec<Box<str>>,
}

/// A slot, the name it wants, and the path from there on.
type Wanted<'p> = (usize, &'p Box<str>, &'p [Box<str>]);

impl Names {
    pub(super) fn new(program: &Program) -> Self {
        let whole = |(at, name)| (at, name, &[] as &[Box<str>]);
        let events = program.events.iter().map(|event| &event.name);
        let categories = program.categories.iter().map(|category| &category.id);
        let sent = program.traits.iter().enumerate();
        let properties = program.events.iter();
        Names {
            traits: Table::new(sent.filter_map(|(at, known)| by_first(at, known.sent_by_user()?))),
            events: Table::new(events.enumerate().map(whole)),
            properties: properties
                .map(|event| {
                    Table::new(
                        event
                            .properties
                            .iter()
                            .enumerate()
                            .filter_map(|(at, path)| by_first(at, path)),
                    )
                })
                .collect(),
            categories: Table::new(categories.enumerate().map(whole)),
        }
    }
}

fn by_first(slot: usize, path: &Path) -> Option<Wanted<'_>> {
    let (name, path) = path.keys().split_first()?;
    Some((slot, name, path))
}

impl Table {
    fn new<'p>(wanted: impl Iterator<Item = Wanted<'p>>) -> Self {
        let mut names: Vec<Name> = wanted
            .map(|(slot, name, path)| Name {
                text: name.clone(),
                hash: Key::new(name.as_bytes()).hash,
                wants: vec![Want {
                    slot,
                    path: path.to_vec(),
                }],
            })
            .collect();
        names.sort_by(|a, b| a.text.cmp(&b.text));
        names.dedup_by(|next, name| {
            let is_same = next.text == name.text;
            if is_same {
                name.wants.append(&mut next.wants);
            }
            is_same
        });
        let mut table = Table {
            places: vec![0; (2 * names.len() + 1).next_power_of_two()],
            names,
        };
        for (at, name) in (1..).zip(&table.names) {
            let mut place = table.first_place(name.hash);
            while table.places.get(place).is_some_and(|taken| *taken != 0) {
                place = table.next_place(place);
            }
            if let Some(free) = table.places.get_mut(place) {
                *free = at;
            }
        }
        table
    }

    /// Who wants what has this name.
    #[inline]
    pub(crate) fn wants(&self, key: Key<'_>) -> &[Want] {
        let mut place = self.first_place(key.hash);
        while let Some(at @ 1..) = self.places.get(place) {
            match self.names.get(*at as usize - 1) {
                Some(name) if name.hash == key.hash && name.text.as_bytes() == key.text => return &name.wants,
                _ => place = self.next_place(place),
            }
        }
        &[]
    }

    fn first_place(&self, hash: u64) -> usize {
        // The upper bits depend on all others.
        usize::try_from(hash >> 40).unwrap_or(0) & (self.places.len().wrapping_sub(1))
    }

    fn next_place(&self, place: usize) -> usize {
        (place + 1) & (self.places.len().wrapping_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_leads_to_those_who_want_it() {
        let names: Vec<Box<str>> = (0..1000).map(|at| format!("name-{}", at % 700).into()).collect();
        let table = Table::new(
            names
                .iter()
                .enumerate()
                .map(|(at, name)| (at, name, &[] as &[Box<str>])),
        );
        for (at, name) in names.iter().enumerate() {
            let slots: Vec<usize> = table
                .wants(Key::new(name.as_bytes()))
                .iter()
                .map(|want| want.slot)
                .collect();
            let first = at % 700;
            let expected: Vec<usize> = [first, first + 700].into_iter().filter(|slot| *slot < 1000).collect();
            assert_eq!(slots, expected);
        }
        for other in ["", "name", "name-700", "name-01"] {
            assert!(table.wants(Key::new(other.as_bytes())).is_empty(), "{other}");
            assert!(
                Table::new(std::iter::empty())
                    .wants(Key::new(other.as_bytes()))
                    .is_empty()
            );
        }
    }
}
