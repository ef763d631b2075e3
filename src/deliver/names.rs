//! Names that a ledger says again and again, each kept once.

use std::collections::HashMap;
use std::sync::Arc;

/// An audience at a destination: a place in [`Names::places`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place(u32);

/// A list of categories: a place in [`Names::lists`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Basis(u32);

impl Place {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

impl Basis {
    /// No category at all.
    pub(super) const NOTHING: Basis = Basis(0);
}

/// Audiences at destinations, and lists of categories. There are few, whatever the number of people.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// An audience's key, and a destination's name.
    places: Vec<(Arc<str>, Arc<str>)>,
    by_audience: HashMap<Arc<str>, HashMap<Arc<str>, Place>>,
    lists: Vec<Arc<[Box<str>]>>,
    by_list: HashMap<Arc<[Box<str>]>, Basis>,
}

impl Default for Names {
    fn default() -> Self {
        let nothing: Arc<[Box<str>]> = Arc::new([]);
        Names {
            places: Vec::new(),
            by_audience: HashMap::new(),
            lists: vec![Arc::clone(&nothing)],
            by_list: HashMap::from([(nothing, Basis::NOTHING)]),
        }
    }
}

impl Names {
    /// The place of these two, if anything was ever sent there.
    pub(super) fn find(&self, audience: &str, destination: &str) -> Option<Place> {
        self.by_audience.get(audience)?.get(destination).copied()
    }

    pub(super) fn place(&mut self, audience: &str, destination: &str) -> Place {
        if let Some(known) = self.find(audience, destination) {
            return known;
        }
        let place = Place(number(self.places.len()));
        let destination: Arc<str> = destination.into();
        let audience = match self.by_audience.get_key_value(audience) {
            Some((known, _)) => Arc::clone(known),
            None => audience.into(),
        };
        self.places.push((Arc::clone(&audience), Arc::clone(&destination)));
        self.by_audience.entry(audience).or_default().insert(destination, place);
        place
    }

    /// The audience and the destination.
    pub(super) fn of(&self, place: Place) -> (&str, &str) {
        let names = self.places.get(place.index());
        names.map_or(("", ""), |(audience, destination)| (audience, destination))
    }

    /// All, in the order of their numbers.
    pub(super) fn places(&self) -> impl Iterator<Item = (&str, &str)> {
        let places = self.places.iter();
        places.map(|(audience, destination)| (&**audience, &**destination))
    }

    /// The categories are sorted.
    pub(super) fn basis<S: AsRef<str>>(&mut self, categories: &[S]) -> Basis {
        let list: Arc<[Box<str>]> = categories.iter().map(|category| category.as_ref().into()).collect();
        if let Some(known) = self.by_list.get(&list) {
            return *known;
        }
        let basis = Basis(number(self.lists.len()));
        self.lists.push(Arc::clone(&list));
        self.by_list.insert(list, basis);
        basis
    }

    /// The categories of a list, sorted.
    pub(super) fn categories(&self, basis: Basis) -> &[Box<str>] {
        self.lists.get(basis.0 as usize).map_or(&[], |list| list)
    }
}

/// Names are those of a workspace and far fewer than that.
fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}
