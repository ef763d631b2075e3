//! The rows of the tables, for profiles that are at hand.

use std::collections::HashSet;

use super::reading::{Cell, readings};
use super::{Layout, Rows, Table};
use crate::consent::ConsentState;
use crate::model::{PastEvent, Profile, Profiles};
use crate::value::{Object, Value};

impl Layout {
    /// Puts the rows of all tables, one after the other: each with its table and a cell for each of its columns. Rows of
    /// different tables are mixed.
    ///
    /// A person is called by its place in [`Profiles::users`]. Events are numbered in canonical order over all people (EV-14), so
    /// that where two are of one instant, the one with the lower number counts as the earlier, also among the users of an
    /// account. They are put name by name, those of one name in the order of their numbers. That takes room for a reference to
    /// each event.
    ///
    /// ```
    /// use volens::warehouse::{Cell, Layout};
    /// use volens::{Engine, Profile, Profiles};
    ///
    /// let engine = Engine::from_text("pros.audience", r#"audience pros { who trait plan = "pro" }"#)?;
    /// let profiles: Profiles = [Profile::builder().user_id("u1").trait_("plan", "pro").build()].into_iter().collect();
    /// let mut kinds = Vec::new();
    /// Layout::new(engine.program()).rows(&profiles, |table, row| {
    ///     let at = table.columns.iter().position(|column| &*column.name == "plan:kind").unwrap();
    ///     kinds.push((table.name.to_string(), row[at].clone() == Cell::Text("string".into())));
    ///     Ok::<_, std::convert::Infallible>(())
    /// })?;
    /// assert_eq!(kinds, [("profiles".to_owned(), true)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// What `put` fails with; nothing is put after that.
    pub fn rows<E>(&self, profiles: &Profiles, put: impl FnMut(&Table, &[Cell<'_>]) -> Result<(), E>) -> Result<(), E> {
        let mut putting = Putting {
            layout: self,
            elements: vec![0; self.tables.len()],
            put,
        };
        for (at, table) in self.tables.iter().enumerate() {
            match table.rows {
                Rows::Profiles => {
                    for (user, profile) in profiles.users().iter().enumerate() {
                        putting.row(at, self.person(id(user), profile), Source::Fields(profile.traits()))?;
                    }
                }
                Rows::Events => {
                    for (number, user, name, event) in self.events(profiles) {
                        let time = Cell::Int(event.timestamp.as_millis());
                        let head = vec![id(number), id(user), Cell::text(name), time];
                        putting.row(at, head, Source::Fields(&event.properties))?;
                    }
                }
                Rows::Accounts => {
                    for (account, known) in profiles.accounts() {
                        putting.row(at, vec![Cell::text(account)], Source::Fields(&known.traits))?;
                    }
                }
                Rows::AccountUsers => {
                    for (account, known) in profiles.accounts() {
                        for user in &known.users {
                            (putting.put)(table, &[Cell::text(account), id(*user)])?;
                        }
                    }
                }
                // They are put with those whose lists they stand in.
                Rows::Elements { .. } => {}
            }
        }
        Ok(())
    }

    fn person<'p>(&self, user: Cell<'p>, profile: &'p Profile) -> Vec<Cell<'p>> {
        let (known, anonymous) = profile.identifiers().admit();
        let mut head = vec![user, Cell::Boolean(known), Cell::Boolean(anonymous)];
        head.extend(
            self.categories
                .iter()
                .map(|category| match profile.consent().state(&category.id) {
                    ConsentState::NotCollected => Cell::Null,
                    state => Cell::text(state.as_str()),
                }),
        );
        head
    }

    /// The events that the program looks at, of all people, name by name, each behind its number in canonical order. Those of one
    /// person and name stay in the order in which they stand in the history, which the evaluator goes by.
    fn events<'p>(&self, profiles: &'p Profiles) -> Vec<(usize, usize, &'p str, &'p PastEvent)> {
        let names: HashSet<&str> = self.events.iter().map(|name| &**name).collect();
        let mut events = Vec::new();
        for (user, profile) in profiles.users().iter().enumerate() {
            for (name, of_name) in profile.history().iter().filter(|(name, _)| names.contains(name)) {
                let mut latest: Option<&PastEvent> = None;
                for event in of_name {
                    let stands = latest.filter(|latest| latest.order(event).is_gt()).unwrap_or(event);
                    latest = Some(stands);
                    events.push((stands, (user, name, event)));
                }
            }
        }
        events.sort_by(|(a, _), (b, _)| a.order(b));
        let numbered = events.into_iter().enumerate();
        let numbered = numbered.map(|(number, (_, (user, name, event)))| (number, user, name, event));
        let mut events: Vec<_> = numbered.collect();
        events.sort_by_key(|(_, _, name, _)| *name);
        events
    }
}

/// A place as an id.
pub(super) fn id<'v>(place: usize) -> Cell<'v> {
    // Each takes more than a byte of memory, so that ends before the numbers do.
    Cell::Int(i64::try_from(place).unwrap_or(i64::MAX))
}

/// Where the values of a row are found.
#[derive(Debug, Clone, Copy)]
enum Source<'v> {
    Fields(&'v Object),
    Element(&'v Value),
}

impl<'v> Source<'v> {
    fn at(self, path: &[Box<str>]) -> Option<&'v Value> {
        let (value, rest) = match self {
            Source::Element(element) => (element, path),
            Source::Fields(fields) => {
                let (first, rest) = path.split_first()?;
                (fields.get(first)?, rest)
            }
        };
        rest.iter().try_fold(value, |value, key| value.as_object()?.get(key))
    }
}

struct Putting<'l, P> {
    layout: &'l Layout,
    /// How many elements were put into each table.
    elements: Vec<usize>,
    put: P,
}

impl<P> Putting<'_, P> {
    /// Puts a row, and the elements of its lists. The recursion is as deep as lists of elements are nested, of which the
    /// definitions bound how deep they look.
    fn row<'v, E>(&mut self, at: usize, mut cells: Vec<Cell<'v>>, source: Source<'v>) -> Result<(), E>
    where
        P: FnMut(&Table, &[Cell<'_>]) -> Result<(), E>,
    {
        let layout = self.layout;
        let Some(table) = layout.tables.get(at) else {
            return Ok(());
        };
        // An element is called by its own id, which stands behind its owner's.
        let own = match table.rows {
            Rows::Elements { .. } => cells.get(1),
            _ => cells.first(),
        };
        let own = own.cloned().unwrap_or(Cell::Null);
        for values in &table.values {
            cells.extend(readings(source.at(&values.path)));
        }
        (self.put)(table, &cells)?;
        for (of_elements, inner) in layout.tables.iter().enumerate() {
            let Rows::Elements { of, path } = &inner.rows else {
                continue;
            };
            let list = source.at(path).filter(|_| *of == table.name).and_then(Value::as_list);
            for element in list.unwrap_or_default() {
                let next = self.elements.get_mut(of_elements);
                let number = next.map_or(0, |next| std::mem::replace(next, *next + 1));
                self.row(of_elements, vec![own.clone(), id(number)], Source::Element(element))?;
            }
        }
        Ok(())
    }
}
