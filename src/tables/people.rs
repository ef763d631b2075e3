//! The tables with what is known of people: identifiers, traits, consent.

use std::path::Path as Folder;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};

use super::cells::{self, Run, Texts, Words};
use super::ids::{Ids, Known, NOBODY};
use super::pieces::{self, Piece};
use super::read::{Expected, Table, Unit, Wanted};
use super::{Options, PROFILE, TablesError, Unknown, fits, present, profile_id};
use crate::consent::ConsentState;
use crate::eval::columnar::Column;
use crate::ir::{Program, Subject, TraitSource};
use crate::model::{Identifiers, IdentityRules};

const TRAITS: &str = "traits";
const CONSENT: &str = "consent";

/// The places of the profiles that the rows of a batch name, all of which must be there.
fn places(
    ids: &Ids,
    unit: &Unit<'_>,
    before: u64,
    column: &ArrayRef,
    (known, unknown): (&mut Known, &mut Unknown),
) -> Result<(Vec<u32>, Vec<u32>), TablesError> {
    present(unit, before, column, PROFILE)?;
    fits(ids, unit, column)?;
    let rows: Vec<u32> = (0..).take(column.len()).collect();
    let places = ids.places(column, &rows, known);
    unknown.look(unit, before, column, &rows, &places);
    Ok((rows, places))
}

/// `identifiers`: who can be a member.
pub(super) struct IdentifierTable(Table);

/// The places of a row group that identifiers admit: those that make a member, and the anonymous ones.
pub(super) type Admits = ([Vec<u32>; 2], Unknown);

/// By place, who has an identifier that makes a member, and who an anonymous one (AM-6).
pub(super) struct Admitted {
    pub(super) known: Vec<bool>,
    pub(super) anonymous: Vec<bool>,
}

impl IdentifierTable {
    pub(super) fn open(folder: &Folder) -> Result<Self, TablesError> {
        let column = |name: &'static str, expected| Wanted {
            path: vec![name],
            expected,
            absent: false,
        };
        let wanted = [profile_id(), column("type", Expected::Text), column("id", Expected::Id)];
        Ok(IdentifierTable(Table::open(folder, "identifiers", &[], &wanted)?))
    }

    pub(super) fn units(&self) -> Vec<Unit<'_>> {
        self.0.units()
    }

    /// The places that the identifiers of a row group admit.
    pub(super) fn unit(&self, unit: &Unit<'_>, ids: &Ids, identity: &IdentityRules) -> Result<Admits, TablesError> {
        let (mut known, mut unknown) = (Known::default(), Unknown::default());
        let mut admitted: [Vec<u32>; 2] = Default::default();
        unit.each(|before, columns| {
            let [profile, kinds, values] = columns else {
                return Ok(());
            };
            let (_, places) = places(ids, unit, before, profile, (&mut known, &mut unknown))?;
            let (kinds, texts) = (Words::of(kinds), Words::of(values));
            for (row, place) in places.into_iter().enumerate() {
                let Some(kind) = kinds.text(row) else { continue };
                if values.is_null(row) {
                    continue;
                }
                let (is_known, is_anonymous) = match texts.text(row) {
                    Some(text) => admit(kind, text, identity),
                    None => admit(kind, &super::ids::shown(values, row), identity),
                };
                for (admitted, admits) in admitted.iter_mut().zip([is_known, is_anonymous]) {
                    if admits {
                        admitted.push(place);
                    }
                }
            }
            Ok(())
        })?;
        Ok((admitted, unknown))
    }

    pub(super) fn gather(self, ids: &Ids, parts: Vec<Admits>) -> Result<Admitted, TablesError> {
        let mut all = [vec![false; ids.len()], vec![false; ids.len()]];
        let mut unknown = Unknown::default();
        for (admitted, others) in parts {
            unknown.add(others);
            for (all, places) in all.iter_mut().zip(admitted) {
                for place in places {
                    if let Some(admitted) = all.get_mut(place as usize) {
                        *admitted = true;
                    }
                }
            }
        }
        unknown.check(self.0.name)?;
        let [known, anonymous] = all;
        Ok(Admitted { known, anonymous })
    }
}

/// Whether an identifier makes a member, and whether one where an anonymous one suffices.
fn admit(kind: &str, value: &str, rules: &IdentityRules) -> (bool, bool) {
    match Identifiers::admits(kind, value) {
        (false, false) => (false, false),
        _ if rules.is_blocked(kind, value) => (false, false),
        admitted => admitted,
    }
}

/// `traits`.
pub(super) struct TraitTable {
    table: Option<Table>,
    /// By trait slot, its place among those that are read.
    slots: Vec<Option<usize>>,
}

/// The rows of `traits`.
pub(super) struct TraitRows {
    table: TraitTable,
    pieces: Vec<Piece>,
}

/// The same, ready to be laid out.
pub(super) struct TraitColumns<'r> {
    rows: &'r TraitRows,
    texts: Vec<Option<Texts<'r>>>,
}

impl TraitTable {
    pub(super) fn open(program: &Program, folder: &Folder, options: Options) -> Result<Self, TablesError> {
        let mut wanted = vec![profile_id()];
        let mut slots = Vec::with_capacity(program.traits.len());
        for source in &program.traits {
            slots.push(match (&source.source, source.of) {
                (TraitSource::Sent(path), Subject::User) => {
                    let path: Vec<&str> = path.keys().iter().map(|key| &**key).collect();
                    if path == [PROFILE] {
                        return Err(TablesError::Reserved {
                            table: TRAITS,
                            column: PROFILE.into(),
                        });
                    }
                    wanted.push(Wanted {
                        path,
                        expected: Expected::Value,
                        absent: options.absent,
                    });
                    Some(wanted.len() - 2)
                }
                _ => None,
            });
        }
        let table = match wanted.len() {
            1 => None,
            _ => Some(Table::open(folder, TRAITS, &[PROFILE], &wanted)?),
        };
        Ok(TraitTable { table, slots })
    }

    pub(super) fn units(&self) -> Vec<Unit<'_>> {
        self.table.iter().flat_map(Table::units).collect()
    }

    /// The rows of a row group.
    pub(super) fn unit(&self, unit: &Unit<'_>, ids: &Ids) -> Result<(Vec<Piece>, Unknown), TablesError> {
        let (mut known, mut unknown) = (Known::default(), Unknown::default());
        let mut pieces = Vec::new();
        unit.each(|before, columns| {
            let Some((profile, columns)) = columns.split_first() else {
                return Ok(());
            };
            let (rows, places) = places(ids, unit, before, profile, (&mut known, &mut unknown))?;
            let columns: Vec<&ArrayRef> = columns.iter().collect();
            pieces.push(unit.piece(rows, places, Vec::new(), &columns)?);
            Ok(())
        })?;
        Ok((pieces, unknown))
    }

    pub(super) fn gather(self, ids: &Ids, parts: Vec<(Vec<Piece>, Unknown)>) -> Result<TraitRows, TablesError> {
        let (mut pieces, mut unknown) = (Vec::new(), Unknown::default());
        for (mut more, others) in parts {
            unknown.add(others);
            pieces.append(&mut more);
        }
        unknown.check(TRAITS)?;
        once(ids, TRAITS, &pieces)?;
        Ok(TraitRows { table: self, pieces })
    }
}

/// That each profile has one row at the most.
fn once(ids: &Ids, table: &'static str, pieces: &[Piece]) -> Result<(), TablesError> {
    let mut seen = vec![false; ids.len()];
    for place in pieces.iter().flat_map(|piece| &piece.places) {
        if let Some(seen) = seen.get_mut(*place as usize)
            && std::mem::replace(seen, true)
        {
            return Err(TablesError::Repeated {
                table,
                profile: ids.at(*place as usize).unwrap_or_default(),
            });
        }
    }
    Ok(())
}

impl TraitRows {
    pub(super) fn columns(&self) -> TraitColumns<'_> {
        let columns = self.pieces.first().map_or(0, |piece| piece.columns.len());
        let texts = (0..columns).map(|at| Texts::of(self.pieces.iter().filter_map(|piece| piece.columns.get(at))));
        TraitColumns {
            rows: self,
            texts: texts.collect(),
        }
    }
}

impl TraitColumns<'_> {
    /// By trait slot, the column of the profiles from one place up to another.
    pub(super) fn between(&self, from: usize, to: usize) -> Vec<Column> {
        let pieces = &self.rows.pieces;
        let runs = self.runs(from, to);
        let slots = self.rows.table.slots.iter();
        let columns = slots.map(|slot| match slot {
            None => Column::Absent,
            Some(at) => {
                let arrays: Option<Vec<&ArrayRef>> = pieces.iter().map(|piece| piece.columns.get(*at)).collect();
                let texts = self.texts.get(*at).and_then(Option::as_ref);
                cells::column(&arrays.unwrap_or_default(), texts, &runs, to - from)
            }
        });
        columns.collect()
    }

    /// The rows of these profiles in the order of their places; where one has none, a run of none.
    fn runs(&self, from: usize, to: usize) -> Vec<Run> {
        let pieces = &self.rows.pieces;
        let bound = |place: usize| u32::try_from(place).unwrap_or(NOBODY);
        let mut next = from;
        let mut runs = Vec::new();
        let gap = |runs: &mut Vec<Run>, rows: std::ops::Range<usize>| {
            if !rows.is_empty() {
                runs.push(Run { array: None, rows });
            }
        };
        for run in pieces::between(pieces, bound(from), bound(to)) {
            let places = run
                .array
                .and_then(|at| pieces.get(at))
                .map_or(&[][..], |piece| &piece.places);
            for (row, place) in run.rows.clone().zip(places.get(run.rows).unwrap_or_default()) {
                let place = *place as usize;
                gap(&mut runs, next..place);
                match runs.last_mut() {
                    Some(last) if next == place && last.array == run.array && last.rows.end == row => {
                        last.rows.end += 1
                    }
                    _ => runs.push(Run {
                        array: run.array,
                        rows: row..row + 1,
                    }),
                }
                next = place + 1;
            }
        }
        gap(&mut runs, next..to);
        runs
    }
}

/// `consent`.
pub(super) struct ConsentTable<'p> {
    program: &'p Program,
    table: Option<Table>,
}

/// The places that a row group is about, and by category slot their states.
pub(super) type StatesPart = (Vec<u32>, Vec<Vec<ConsentState>>, Unknown);

/// By category slot and place.
pub(super) struct States(Vec<Vec<ConsentState>>);

impl States {
    pub(super) fn between(&self, from: usize, to: usize) -> Vec<Vec<ConsentState>> {
        self.0.iter().map(|states| super::part(states, from, to)).collect()
    }
}

impl<'p> ConsentTable<'p> {
    pub(super) fn open(program: &'p Program, folder: &Folder) -> Result<Self, TablesError> {
        let mut wanted = vec![profile_id()];
        for category in &program.categories {
            if &*category.id == PROFILE {
                return Err(TablesError::Reserved {
                    table: CONSENT,
                    column: PROFILE.into(),
                });
            }
            wanted.push(Wanted {
                path: vec![&category.id],
                expected: Expected::State,
                absent: false,
            });
        }
        let table = match wanted.len() {
            1 => None,
            _ => Some(Table::open(folder, CONSENT, &[], &wanted)?),
        };
        Ok(ConsentTable { program, table })
    }

    pub(super) fn units(&self) -> Vec<Unit<'_>> {
        self.table.iter().flat_map(Table::units).collect()
    }

    /// The states of a row group.
    pub(super) fn unit(&self, unit: &Unit<'_>, ids: &Ids) -> Result<StatesPart, TablesError> {
        let (mut known, mut unknown) = (Known::default(), Unknown::default());
        let mut words: Vec<Known> = self.program.categories.iter().map(|_| Known::default()).collect();
        let mut read = (Vec::new(), vec![Vec::new(); words.len()]);
        unit.each(|before, columns| {
            let Some((profile, columns)) = columns.split_first() else {
                return Ok(());
            };
            let (_, mut places) = places(ids, unit, before, profile, (&mut known, &mut unknown))?;
            let categories = self.program.categories.iter().zip(&mut words);
            for (((category, words), column), states) in categories.zip(columns).zip(&mut read.1) {
                self::states(unit, before, column, (&category.id, words), states)?;
            }
            read.0.append(&mut places);
            Ok(())
        })?;
        Ok((read.0, read.1, unknown))
    }

    pub(super) fn gather(self, ids: &Ids, parts: Vec<StatesPart>) -> Result<States, TablesError> {
        let none = || vec![ConsentState::NotCollected; ids.len()];
        let mut all: Vec<Vec<ConsentState>> = self.program.categories.iter().map(|_| none()).collect();
        let mut unknown = Unknown::default();
        let mut seen = vec![false; ids.len()];
        for (places, states, others) in parts {
            unknown.add(others);
            for place in places.iter().filter(|place| **place != NOBODY) {
                if let Some(seen) = seen.get_mut(*place as usize)
                    && std::mem::replace(seen, true)
                {
                    return Err(TablesError::Repeated {
                        table: CONSENT,
                        profile: ids.at(*place as usize).unwrap_or_default(),
                    });
                }
            }
            for (all, states) in all.iter_mut().zip(states) {
                for (place, state) in places.iter().zip(states) {
                    if let Some(stored) = all.get_mut(*place as usize) {
                        *stored = state;
                    }
                }
            }
        }
        unknown.check(CONSENT)?;
        Ok(States(all))
    }
}

/// Reads a column of states. A word that is none is an error: no state is guessed.
fn states(
    unit: &Unit<'_>,
    before: u64,
    column: &ArrayRef,
    (category, known): (&str, &mut Known),
    states: &mut Vec<ConsentState>,
) -> Result<(), TablesError> {
    let place = |text: &str| (0..).zip(ConsentState::ALL).find(|(_, state)| state.as_str() == text);
    let words = Words::of(column);
    // NULL can stand among the texts of a dictionary, too.
    let worded = |row: usize| match words.text(row) {
        None => Ok(ConsentState::NotCollected),
        Some(text) => match place(text) {
            Some((_, state)) => Ok(state),
            None => Err(TablesError::State {
                path: unit.file.path.clone(),
                row: before + row as u64 + 1,
                category: category.into(),
                found: text.into(),
            }),
        },
    };
    if let Some(granted) = column.as_boolean_opt() {
        states.extend(granted.iter().map(|granted| match granted {
            Some(true) => ConsentState::Granted,
            Some(false) => ConsentState::Denied,
            None => ConsentState::NotCollected,
        }));
    } else if let Words::Coded(coded) = words {
        let by_code = known.of(&coded, |text| place(text).map_or(NOBODY, |(place, _)| place));
        for row in 0..column.len() {
            let state = match coded.code(row) {
                None => Some(&ConsentState::NotCollected),
                Some(code) => by_code
                    .get(code)
                    .and_then(|place| ConsentState::ALL.get(*place as usize)),
            };
            states.push(match state {
                Some(state) => *state,
                None => worded(row)?,
            });
        }
    } else {
        for row in 0..column.len() {
            states.push(worded(row)?);
        }
    }
    Ok(())
}
