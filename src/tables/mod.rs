//! Reads profiles that lie in tables, in Parquet files, straight into columns.
//!
//! The tables, their columns and types are those of [docs/tables.md](crate::guide::tables). Only what a program reads is
//! decoded, and no [`Profile`](crate::Profile) is made: a [`Snapshot`] comes of it, of which everything holds that would hold of
//! profiles with the same traits, events and consent (`tests/tables`). What a table says that cannot be read, or that can be
//! read in more than one way, is an error, and nothing comes of it.
//!
//! # The way
//! 1. `files`, `footer`, `schema`: the files of each table are found and their columns looked up and checked.
//! 2. `ids`: the table `profiles` gives each profile its place.
//! 3. `read`: row groups are decoded, on threads. `people`, `events`: their rows are given to profiles, and sorted (`pieces`).
//! 4. `cells`: profile by profile and name by name, rows become columns.
//!
//! `lines` is the other way in: Segment events, each a row, to be taken in as their JSON would be.

mod cells;
mod error;
mod events;
mod files;
mod footer;
mod ids;
mod lines;
mod people;
mod pieces;
mod read;
mod schema;

use std::path::Path as Folder;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef};

use self::events::{EventPart, EventTable};
use self::ids::{Called, Ids, NOBODY};
use self::people::{Admits, ConsentTable, IdentifierTable, StatesPart, TraitTable};
use self::pieces::Piece;
use self::read::{Expected, Table, Unit, Wanted};
use crate::eval::columnar::{Columns, SEGMENT, Snapshot};
use crate::eval::members::has_accounts;
use crate::eval::share;
use crate::ir::{Program, Subject};
use crate::model::IdentityRules;

pub use error::TablesError;
pub use lines::EventLines;

const PROFILE: &str = "profile_id";

/// How tables are read.
///
/// ```
/// use volens::tables::Options;
///
/// let options = Options { threads: 2, ..Options::default() };
/// assert!(!options.absent);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// By how many threads; 0 is as good as 1.
    pub threads: usize,
    /// Whether a column of a trait or property that a file does not have says that nobody has it. Else it is an error.
    pub absent: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            threads: 1,
            absent: false,
        }
    }
}

/// A row group that is to be read. Those of all tables are shared out together, so that no thread waits for the end of a table.
#[derive(Clone, Copy)]
enum Job<'t> {
    Events(Unit<'t>),
    Traits(Unit<'t>),
    Consent(Unit<'t>),
    Identifiers(Unit<'t>),
}

/// What came of it.
enum Part {
    Events(EventPart),
    Traits((Vec<Piece>, Unknown)),
    Consent(StatesPart),
    Identifiers(Admits),
}

/// Profiles that were read from tables, laid out for a program.
#[derive(Debug)]
pub struct Tables<'p> {
    snapshot: Snapshot<'p>,
    ids: Ids,
}

impl<'p> Tables<'p> {
    /// Reads the tables of a folder: what the program reads of them. `identity` are the rules of the same workspace, which say
    /// what names nobody and so makes no member; it has no default, for one that is forgotten would let such people in.
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// use volens::tables::{Options, Tables};
    /// use volens::{Engine, Timestamp, enforce};
    ///
    /// let engine = Engine::load("examples/shop")?;
    /// let options = Options { threads: 2, ..Options::default() };
    /// let tables = Tables::read(engine.program(), engine.identity(), Path::new("lake"), options)?;
    /// let members = tables.snapshot().members(Timestamp::parse("2026-06-30").unwrap_or_default(), 2)?;
    /// for (audience, members) in engine.program().audiences.iter().zip(members) {
    ///     for destination in &audience.destinations {
    ///         for place in members.places() {
    ///             let consent = tables.snapshot().consent(place);
    ///             if enforce::decide(engine.program(), *destination, &consent).is_delivered() {
    ///                 println!("{}: {}", audience.name, tables.profile_id(place).unwrap_or_default());
    ///             }
    ///         }
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`TablesError`]
    pub fn read(
        program: &'p Program,
        identity: &IdentityRules,
        folder: &Folder,
        options: Options,
    ) -> Result<Self, TablesError> {
        let of_accounts = program.traits.iter().any(|source| source.of == Subject::Account);
        if of_accounts || has_accounts(program) {
            return Err(TablesError::Accounts);
        }
        let profiles = Table::open(folder, "profiles", &[], &[profile_id()])?;
        let identifiers = IdentifierTable::open(folder)?;
        let traits = TraitTable::open(program, folder, options)?;
        let consent = ConsentTable::open(program, folder)?;
        let events = EventTable::open(program, folder, options)?;

        let ids = ids(&profiles, options.threads)?;
        // The largest first, so that the last thread ends with the others.
        let jobs: Vec<Job<'_>> = [
            events.units().into_iter().map(Job::Events).collect::<Vec<_>>(),
            traits.units().into_iter().map(Job::Traits).collect(),
            consent.units().into_iter().map(Job::Consent).collect(),
            identifiers.units().into_iter().map(Job::Identifiers).collect(),
        ]
        .concat();
        let done = share(&jobs, options.threads, |job| match job {
            Job::Events(unit) => events.unit(unit, &ids).map(Part::Events),
            Job::Traits(unit) => traits.unit(unit, &ids).map(Part::Traits),
            Job::Consent(unit) => consent.unit(unit, &ids).map(Part::Consent),
            Job::Identifiers(unit) => {
                let part = identifiers.unit(unit, &ids, identity);
                part.map(Part::Identifiers)
            }
        });
        let (mut of_events, mut of_traits) = (Vec::new(), Vec::new());
        let (mut of_consent, mut of_identifiers) = (Vec::new(), Vec::new());
        for part in done {
            match part? {
                Part::Events(part) => of_events.push(part),
                Part::Traits(part) => of_traits.push(part),
                Part::Consent(part) => of_consent.push(part),
                Part::Identifiers(part) => of_identifiers.push(part),
            }
        }
        let events = events.gather(of_events)?;
        let traits = traits.gather(&ids, of_traits)?;
        let consent = consent.gather(&ids, of_consent)?;
        let identifiers = identifiers.gather(&ids, of_identifiers)?;

        let (events, traits) = (events.columns(), traits.columns());
        let parts: Vec<(usize, usize)> = (0..ids.len())
            .step_by(SEGMENT)
            .map(|from| (from, ids.len().min(from + SEGMENT)))
            .collect();
        let columns = share(&parts, options.threads, |(from, to)| {
            Ok(Columns {
                traits: traits.between(*from, *to),
                events: events.between(*from, *to)?,
                consent: consent.between(*from, *to),
                known: part(&identifiers.known, *from, *to),
                anonymous: part(&identifiers.anonymous, *from, *to),
            })
        });
        let columns = columns.into_iter().collect::<Result<Vec<Columns>, TablesError>>()?;
        Ok(Tables {
            snapshot: Snapshot::of_columns(program, columns),
            ids,
        })
    }

    /// The profiles, laid out, in the order of the rows of `profiles`.
    pub fn snapshot(&self) -> &Snapshot<'p> {
        &self.snapshot
    }

    /// The `profile_id` of the profile at a place.
    pub fn profile_id(&self, place: usize) -> Option<String> {
        self.ids.at(place)
    }
}

fn part<T: Clone>(all: &[T], from: usize, to: usize) -> Vec<T> {
    all.get(from..to).unwrap_or_default().to_vec()
}

/// The column that names the profile of a row.
fn profile_id() -> Wanted<'static> {
    Wanted {
        path: vec![PROFILE],
        expected: Expected::Id,
        absent: false,
    }
}

fn ids(table: &Table, threads: usize) -> Result<Ids, TablesError> {
    let called = share(&table.units(), threads, |unit| {
        let mut called: Option<Called> = None;
        unit.each(|before, columns| {
            let Some(column) = columns.first() else { return Ok(()) };
            present(unit, before, column, PROFILE)?;
            match (&mut called, Called::of(column)) {
                (Some(Called::Whole(all)), Called::Whole(mut more)) => all.append(&mut more),
                (Some(Called::Texts(all)), Called::Texts(mut more)) => all.append(&mut more),
                (called, more) => *called = Some(more),
            }
            Ok(())
        })?;
        Ok(called)
    });
    let (mut whole, mut texts) = (Vec::new(), Vec::new());
    for called in called {
        match called? {
            Some(Called::Whole(mut more)) => whole.append(&mut more),
            Some(Called::Texts(mut more)) => texts.append(&mut more),
            None => {}
        }
    }
    if whole.len() + texts.len() >= NOBODY as usize {
        return Err(TablesError::TooMany { table: table.name });
    }
    let ids = match (whole.is_empty(), texts.is_empty()) {
        (_, true) => Ids::of_whole(whole),
        (true, false) => Ids::of_texts(texts),
        (false, false) => {
            return Err(TablesError::Type {
                path: table.files.first().map(|file| file.path.clone()).unwrap_or_default(),
                column: PROFILE.into(),
                found: "another one than in other files of the table".into(),
                expected: "of one type",
            });
        }
    };
    ids.map_err(|ids::Twice(profile)| TablesError::Repeated {
        table: table.name,
        profile,
    })
}

/// That no row lacks a column that each must have.
fn present(unit: &Unit<'_>, before: u64, column: &ArrayRef, name: &'static str) -> Result<(), TablesError> {
    let rows = 0..column.len();
    let all = column.null_count() == 0 && !column.data_type().is_null();
    match rows
        .into_iter()
        .find(|row| !all && (column.data_type().is_null() || column.is_null(*row)))
    {
        None => Ok(()),
        Some(row) => Err(TablesError::Null {
            path: unit.file.path.clone(),
            row: before + row as u64 + 1,
            column: name,
        }),
    }
}

/// Rows of profiles that there are not.
#[derive(Debug, Default)]
struct Unknown {
    count: u64,
    first: Option<(Arc<Folder>, u64, String)>,
}

impl Unknown {
    /// Of the places of some rows of a column.
    fn look(&mut self, unit: &Unit<'_>, before: u64, column: &ArrayRef, rows: &[u32], places: &[u32]) {
        for (row, _) in rows.iter().zip(places).filter(|(_, place)| **place == NOBODY) {
            self.count += 1;
            self.first.get_or_insert_with(|| {
                let called = ids::shown(column, *row as usize);
                (unit.file.path.as_path().into(), before + u64::from(*row) + 1, called)
            });
        }
    }

    fn add(&mut self, other: Unknown) {
        self.count += other.count;
        self.first = self.first.take().or(other.first);
    }

    fn check(self, table: &'static str) -> Result<(), TablesError> {
        match self.first {
            None => Ok(()),
            Some((path, row, profile)) => Err(TablesError::Unknown {
                table,
                count: self.count,
                path: path.to_path_buf(),
                row,
                profile,
            }),
        }
    }
}

/// That the rows of a table can name the profiles that there are.
fn fits(ids: &Ids, unit: &Unit<'_>, column: &ArrayRef) -> Result<(), TablesError> {
    if ids.fit(column.data_type()) {
        return Ok(());
    }
    Err(TablesError::Type {
        path: unit.file.path.clone(),
        column: PROFILE.into(),
        found: schema::called(column.data_type()),
        expected: "of the type that it has in the table `profiles`",
    })
}
