//! Rows of a table by whose they are: parts of it, each sorted, and how they are put together.

use std::cmp::Ordering;

use arrow_array::{Array, ArrayRef, UInt32Array};
use arrow_select::take::take;

use super::cells::Run;

/// Some rows, sorted by profile and time; rows that are the same in both are in the order of the table.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) places: Vec<u32>,
    /// In milliseconds; none where the table has no times.
    pub(super) times: Vec<i64>,
    pub(super) columns: Vec<ArrayRef>,
}

impl Piece {
    /// Of some rows of arrays, with their places and times.
    pub(super) fn new(
        mut rows: Vec<u32>,
        mut places: Vec<u32>,
        mut times: Vec<i64>,
        arrays: &[&ArrayRef],
    ) -> Result<Piece, arrow_schema::ArrowError> {
        let key = |at: usize| (places.get(at).copied(), times.get(at).copied());
        if !(0..places.len()).is_sorted_by_key(key) {
            let mut order: Vec<usize> = (0..places.len()).collect();
            order.sort_by_key(|at| key(*at));
            rows = sorted(&rows, &order);
            (places, times) = (sorted(&places, &order), sorted(&times, &order));
        }
        let rows = UInt32Array::from(rows);
        let is_all = |array: &ArrayRef| array.len() == rows.len() && rows.values().is_sorted();
        let columns = arrays.iter().map(|array| match is_all(array) {
            true => Ok((*array).clone()),
            false => take(array, &rows, None),
        });
        Ok(Piece {
            columns: columns.collect::<Result<_, _>>()?,
            places,
            times,
        })
    }

    fn key(&self, row: usize) -> (u32, i64) {
        let place = self.places.get(row).copied().unwrap_or(u32::MAX);
        (place, self.times.get(row).copied().unwrap_or_default())
    }
}

fn sorted<T: Copy>(values: &[T], order: &[usize]) -> Vec<T> {
    order.iter().filter_map(|at| values.get(*at).copied()).collect()
}

/// The rows of the profiles from one place up to another, by profile and time, as runs of rows of the pieces.
pub(super) fn between(pieces: &[Piece], from: u32, to: u32) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let start = piece.places.partition_point(|place| *place < from);
        let end = piece.places.partition_point(|place| *place < to);
        if start < end {
            runs.push(Run {
                array: Some(at),
                rows: start..end,
            });
        }
    }
    let key = |run: &Run, row: usize| run.array.and_then(|at| pieces.get(at)).map(|piece| piece.key(row));
    let in_order = |before: &Run, after: &Run| {
        let last = key(before, before.rows.end.saturating_sub(1));
        last.cmp(&key(after, after.rows.start)) != Ordering::Greater
    };
    if runs.is_sorted_by(in_order) {
        return runs;
    }
    let mut rows: Vec<((u32, i64), usize, usize)> = Vec::new();
    for run in runs {
        if let Some((at, piece)) = run.array.and_then(|at| Some((at, pieces.get(at)?))) {
            rows.extend(run.rows.map(|row| (piece.key(row), at, row)));
        }
    }
    // Parts that are sorted are put into one another, and what is the same stays in the order of the table.
    rows.sort_by_key(|(key, ..)| *key);
    let mut runs: Vec<Run> = Vec::new();
    for (_, at, row) in rows {
        match runs.last_mut() {
            Some(run) if run.array == Some(at) && run.rows.end == row => run.rows.end += 1,
            _ => runs.push(Run {
                array: Some(at),
                rows: row..row + 1,
            }),
        }
    }
    runs
}
