//! What a destination requires, and beside it what a profile says, as a table for people.

use std::fmt;

use super::text::mark;
use super::{Destination, Preference, words};

/// One line for each category: the required ones as declared, then the others. A column that says nothing is left out.
pub(super) struct Table<'d>(pub(super) &'d Destination);

const HEADINGS: [&str; 7] = [
    "category",
    "required",
    "preference",
    "enforced",
    "since",
    "message",
    "rule",
];

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Table(destination) = self;
        let preferences = || destination.requires.iter().chain(&destination.others);
        if preferences().next().is_none() {
            return Ok(());
        }
        let compares = !destination.others.is_empty();
        let rows: Vec<[String; 7]> = preferences().map(|preference| row(preference, compares)).collect();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or_default();
            let heading = HEADINGS.get(column).map_or(0, |heading| heading.len());
            (widest > 0).then(|| widest.max(heading))
        };
        let widths: Vec<Option<usize>> = (0..HEADINGS.len()).map(width).collect();
        line(f, ' ', HEADINGS, &widths)?;
        for (preference, row) in preferences().zip(&rows) {
            // Of what it does not require the destination does not ask.
            let holds = preference.required.then(|| preference.state.is_granted());
            line(f, mark(holds), row.each_ref().map(String::as_str), &widths)?;
        }
        Ok(())
    }
}

fn row(preference: &Preference, compares: bool) -> [String; 7] {
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let since = preference.since.as_ref();
    [
        words::name(&preference.category),
        if compares {
            yes(preference.required)
        } else {
            String::new()
        },
        preference.state.to_string(),
        yes(preference.enforced),
        since.map(|since| since.time.to_string()).unwrap_or_default(),
        since
            .map(|since| words::message_id(&since.message_id))
            .unwrap_or_default(),
        since.map(|since| words::name(&since.rule)).unwrap_or_default(),
    ]
}

fn line(f: &mut fmt::Formatter<'_>, mark: char, cells: [&str; 7], widths: &[Option<usize>]) -> fmt::Result {
    let cells = cells
        .iter()
        .zip(widths)
        .filter_map(|(cell, width)| Some((cell, (*width)?)));
    let cells: Vec<String> = cells.map(|(cell, width)| format!("{cell:width$}")).collect();
    writeln!(f, "{}", format!("      {mark} {}", cells.join("  ")).trim_end())
}
