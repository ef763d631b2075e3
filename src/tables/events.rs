//! The table `events`.

use std::collections::HashMap;
use std::path::Path as Folder;

use arrow_array::{Array, ArrayRef};

use super::cells::{self, Dictionary, Texts};
use super::ids::{Ids, Known, NOBODY};
use super::pieces::{self, Piece};
use super::read::{Expected, Table, Unit, Wanted};
use super::{Options, PROFILE, TablesError, Unknown, fits, present, profile_id};
use crate::eval::columnar::Events;
use crate::ir::Program;

const TABLE: &str = "events";
const NAME: &str = "name";
const TIME: &str = "time";

pub(super) struct EventTable<'p> {
    program: &'p Program,
    table: Option<Table>,
    /// By event slot, for each of its properties the place among those that are read.
    properties: Vec<Vec<usize>>,
    slots: HashMap<&'p str, u32>,
}

/// The rows of a row group that conditions look at, by event slot.
pub(super) type EventPart = (Vec<Vec<Piece>>, Unknown);

/// The rows of `events`, by event slot.
pub(super) struct EventRows<'p> {
    table: EventTable<'p>,
    pieces: Vec<Vec<Piece>>,
}

/// The same, ready to be laid out.
pub(super) struct EventColumns<'r> {
    rows: &'r EventRows<'r>,
    /// By event slot and property slot.
    texts: Vec<Vec<Option<Texts<'r>>>>,
}

impl<'p> EventTable<'p> {
    pub(super) fn open(program: &'p Program, folder: &Folder, options: Options) -> Result<Self, TablesError> {
        const RESERVED: [&str; 3] = [PROFILE, NAME, TIME];
        let column = |path: Vec<&'p str>, expected, absent| Wanted { path, expected, absent };
        let mut wanted = vec![
            profile_id(),
            column(vec![NAME], Expected::Text, false),
            column(vec![TIME], Expected::Time, false),
        ];
        let before = wanted.len();
        let mut places: HashMap<Vec<&str>, usize> = HashMap::new();
        let mut properties = Vec::with_capacity(program.events.len());
        for event in &program.events {
            let mut of_event = Vec::with_capacity(event.properties.len());
            for path in &event.properties {
                let path: Vec<&str> = path.keys().iter().map(|key| &**key).collect();
                if let [name] = path.as_slice()
                    && RESERVED.contains(name)
                {
                    return Err(TablesError::Reserved {
                        table: TABLE,
                        column: (*name).into(),
                    });
                }
                let place = *places.entry(path.clone()).or_insert_with(|| {
                    wanted.push(column(path, Expected::Value, options.absent));
                    wanted.len() - 1 - before
                });
                of_event.push(place);
            }
            properties.push(of_event);
        }
        let table = match program.events.is_empty() {
            true => None,
            false => Some(Table::open(folder, TABLE, &RESERVED, &wanted)?),
        };
        let slots = (0..).zip(&program.events).map(|(slot, event)| (&*event.name, slot));
        Ok(EventTable {
            table,
            properties,
            slots: slots.collect(),
            program,
        })
    }

    /// The row groups that are read.
    pub(super) fn units(&self) -> Vec<Unit<'_>> {
        let units = self.table.iter().flat_map(Table::units);
        units.filter(|unit| self.is_read(unit)).collect()
    }

    pub(super) fn gather(self, parts: Vec<EventPart>) -> Result<EventRows<'p>, TablesError> {
        let mut pieces: Vec<Vec<Piece>> = self.program.events.iter().map(|_| Vec::new()).collect();
        let mut unknown = Unknown::default();
        for (more, others) in parts {
            unknown.add(others);
            for (pieces, mut more) in pieces.iter_mut().zip(more) {
                pieces.append(&mut more);
            }
        }
        unknown.check(TABLE)?;
        Ok(EventRows { table: self, pieces })
    }

    /// Whether a row group can have events that conditions look at, by the name of its folder.
    fn is_read(&self, unit: &Unit<'_>) -> bool {
        match unit.file.folder(1) {
            Some(name) => self.slots.contains_key(name),
            None => true,
        }
    }

    /// The events of a row group that conditions look at, by event slot.
    pub(super) fn unit(&self, unit: &Unit<'_>, ids: &Ids) -> Result<EventPart, TablesError> {
        let mut pieces: Vec<Vec<Piece>> = self.properties.iter().map(|_| Vec::new()).collect();
        let (mut names, mut known, mut unknown) = (Known::default(), Known::default(), Unknown::default());
        unit.each(|before, columns| {
            let [profiles, name, time, properties @ ..] = columns else {
                return Ok(());
            };
            present(unit, before, name, NAME)?;
            fits(ids, unit, profiles)?;
            let Some(millis) = cells::millis(time) else {
                return Ok(());
            };
            let by_slot = self.by_slot(name, &mut names);
            for ((pieces, wanted), rows) in pieces.iter_mut().zip(&self.properties).zip(by_slot) {
                if rows.is_empty() {
                    continue;
                }
                for (column, name) in [(profiles, PROFILE), (time, TIME)] {
                    let is_null = |row: &&u32| column.null_count() > 0 && column.is_null(**row as usize);
                    if let Some(row) = rows.iter().find(is_null) {
                        return Err(TablesError::Null {
                            path: unit.file.path.clone(),
                            row: before + u64::from(*row) + 1,
                            column: name,
                        });
                    }
                }
                let places = ids.places(profiles, &rows, &mut known);
                unknown.look(unit, before, profiles, &rows, &places);
                let times = rows.iter().map(|row| millis(*row as usize)).collect();
                let columns: Vec<&ArrayRef> = wanted.iter().filter_map(|at| properties.get(*at)).collect();
                pieces.push(unit.piece(rows, places, times, &columns)?);
            }
            Ok(())
        })?;
        Ok((pieces, unknown))
    }

    /// By event slot, the rows of that name.
    fn by_slot(&self, name: &ArrayRef, names: &mut Known) -> Vec<Vec<u32>> {
        let mut by_slot: Vec<Vec<u32>> = vec![Vec::new(); self.properties.len()];
        let slot = |text: &str| self.slots.get(text).copied().unwrap_or(NOBODY);
        let mut put = |row: u32, slot: u32| {
            if let Some(rows) = by_slot.get_mut(slot as usize) {
                rows.push(row);
            }
        };
        let rows = (0..).take(name.len());
        if let Some(coded) = Dictionary::of(name) {
            let slots = names.of(&coded, slot);
            for row in rows {
                let code = coded.code(row as usize);
                put(row, code.and_then(|code| slots.get(code).copied()).unwrap_or(NOBODY));
            }
        } else {
            for row in rows {
                put(row, cells::text(name, row as usize).map_or(NOBODY, slot));
            }
        }
        by_slot
    }
}

impl EventRows<'_> {
    pub(super) fn columns(&self) -> EventColumns<'_> {
        let texts = self
            .pieces
            .iter()
            .zip(&self.table.properties)
            .map(|(pieces, properties)| {
                let column = |at: usize| Texts::of(pieces.iter().filter_map(move |piece| piece.columns.get(at)));
                (0..properties.len()).map(column).collect()
            });
        EventColumns {
            rows: self,
            texts: texts.collect(),
        }
    }
}

impl EventColumns<'_> {
    /// By event slot, the events of the profiles from one place up to another.
    pub(super) fn between(&self, from: usize, to: usize) -> Result<Vec<Events>, TablesError> {
        let slots = self.rows.pieces.iter().zip(&self.texts);
        slots.map(|(pieces, texts)| events(pieces, texts, from, to)).collect()
    }
}

fn events(pieces: &[Piece], texts: &[Option<Texts<'_>>], from: usize, to: usize) -> Result<Events, TablesError> {
    let bound = |place: usize| u32::try_from(place).unwrap_or(NOBODY);
    let runs = pieces::between(pieces, bound(from), bound(to));
    let count: usize = runs.iter().map(|run| run.rows.len()).sum();
    if u32::try_from(count).is_err() {
        return Err(TablesError::TooMany { table: TABLE });
    }
    let mut times = Vec::with_capacity(count);
    let mut starts = vec![0_u32; to - from + 1];
    for run in &runs {
        let Some(piece) = run.array.and_then(|at| pieces.get(at)) else {
            continue;
        };
        times.extend_from_slice(piece.times.get(run.rows.clone()).unwrap_or_default());
        for place in piece.places.get(run.rows.clone()).unwrap_or_default() {
            if let Some(start) = starts.get_mut(*place as usize - from + 1) {
                *start += 1;
            }
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let properties = texts.iter().enumerate().map(|(at, texts)| {
        let arrays: Option<Vec<&ArrayRef>> = pieces.iter().map(|piece| piece.columns.get(at)).collect();
        cells::column(&arrays.unwrap_or_default(), texts.as_ref(), &runs, count)
    });
    Ok(Events {
        starts,
        times,
        properties: properties.collect(),
    })
}
