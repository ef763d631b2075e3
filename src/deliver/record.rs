//! What has changed in a ledger, as bytes to be kept, and back.
//!
//! A record is JSON in one line. It holds the entries that have changed, as they are then, and, if they have changed, all
//! names of audiences and destinations; a later record takes the place of an earlier one, entry by entry.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::declared::{Changed, Declared};
use super::kind::Kind;
use super::ledger::{Entry, Ledger, State};
use crate::time::Timestamp;

/// Of so many identifiers at most one record of a whole ledger tells.
const TOGETHER: usize = 4096;

/// The version of the records that are written.
const FORMAT: u32 = 1;

/// A record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It has another format than those that this version knows.
    #[error(
        "the record of deliveries has format {0}, and this Volens reads format {FORMAT}: use the version that wrote it, or a newer one"
    )]
    Format(u32),
    /// It is nothing that any version has written. What stands there is not told, for it may name a person.
    #[error("the record of deliveries is none that Volens has written, from line {line}, column {column} on")]
    Unknown {
        /// The line at which that shows, from 1; 0 in one that is empty.
        line: usize,
        /// The byte in this line, from 1; 0 before the first.
        column: usize,
    },
}

/// What is left of a record without some identifiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scrubbed {
    /// They were not in it: it stays as it is.
    Same,
    /// This takes its place.
    Changed(Vec<u8>),
    /// There was nothing else in it, so it can go.
    Empty,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<'r> {
    format: u32,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    declared: Option<Names<'r>>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    sent: Vec<Identifier<'r>>,
}

/// All that is declared and was: audiences with the millisecond since which they are gone, destinations with their types.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Names<'r> {
    #[serde(borrow)]
    audiences: Vec<(Text<'r>, Option<i64>)>,
    #[serde(borrow)]
    destinations: Vec<(Text<'r>, Text<'r>)>,
}

/// Type, value, entries.
#[derive(Debug, Serialize, Deserialize)]
struct Identifier<'r>(Kind, #[serde(borrow)] Text<'r>, #[serde(borrow)] Vec<Line<'r>>);

/// Audience, destination, state, how many messages, the millisecond of the last, the basis, the `userId` that went along.
#[derive(Debug, Serialize, Deserialize)]
struct Line<'r>(
    #[serde(borrow)] Text<'r>,
    #[serde(borrow)] Text<'r>,
    State,
    u32,
    i64,
    #[serde(borrow)] Vec<Text<'r>>,
    #[serde(borrow)] Option<Text<'r>>,
);

/// A text, borrowed from the record where it stands there as it is.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
struct Text<'r>(#[serde(borrow)] Cow<'r, str>);

impl<'r> From<&'r str> for Text<'r> {
    fn from(text: &'r str) -> Self {
        Text(Cow::Borrowed(text))
    }
}

fn parse(record: &[u8]) -> Result<Record<'_>, RecordError> {
    /// What every format has.
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let parsed: Result<Record<'_>, _> = serde_json::from_slice(record);
    match parsed {
        Ok(record) if record.format == FORMAT => Ok(record),
        Ok(record) => Err(RecordError::Format(record.format)),
        Err(error) => match serde_json::from_slice::<Head>(record) {
            Ok(head) if head.format != FORMAT => Err(RecordError::Format(head.format)),
            _ => Err(RecordError::Unknown {
                line: error.line(),
                column: error.column(),
            }),
        },
    }
}

fn written(record: &Record<'_>) -> Vec<u8> {
    // Its keys are strings, so nothing in it cannot be written.
    serde_json::to_vec(record).unwrap_or_default()
}

impl Ledger {
    /// What has changed since the last call, or since the ledger was new, as one record; `None` if nothing has.
    ///
    /// The caller keeps it: what was given is not given again. Several changes of one entry are one. The same changes give the
    /// same bytes.
    pub fn changes(&mut self) -> Option<Vec<u8>> {
        let changed = std::mem::take(&mut self.changed);
        let declared = std::mem::take(&mut self.declared.changed).0;
        if changed.is_empty() && !declared {
            return None;
        }
        let identifiers = changed.iter().map(|(kind, value)| {
            let entries = self.entries(*kind, value).iter().filter(|entry| entry.changed);
            self.identifier(*kind, value, entries)
        });
        let record = written(&Record {
            format: FORMAT,
            declared: declared.then(|| self.declared_names()),
            sent: identifiers.collect(),
        });
        for (kind, value) in changed {
            self.entries_mut(kind, &value)
                .iter_mut()
                .for_each(|entry| entry.changed = false);
        }
        Some(record)
    }

    /// All of it, as records that say what those before them said together.
    pub(crate) fn whole(&self) -> Vec<Vec<u8>> {
        let mut all: Vec<(Kind, &str, &[Entry])> = self.all().collect();
        all.sort_unstable_by_key(|(kind, value, _)| (*kind, *value));
        let names = Record {
            format: FORMAT,
            declared: Some(self.declared_names()),
            sent: Vec::new(),
        };
        let parts = all.chunks(TOGETHER).map(|part| Record {
            format: FORMAT,
            declared: None,
            sent: part
                .iter()
                .map(|(kind, value, entries)| self.identifier(*kind, value, entries.iter()))
                .collect(),
        });
        std::iter::once(names)
            .chain(parts)
            .map(|record| written(&record))
            .collect()
    }

    fn declared_names(&self) -> Names<'_> {
        let Declared {
            audiences,
            destinations,
            ..
        } = &self.declared;
        Names {
            audiences: audiences
                .iter()
                .map(|(key, since)| ((&**key).into(), since.map(Timestamp::as_millis)))
                .collect(),
            destinations: destinations
                .iter()
                .map(|(name, kind)| ((&**name).into(), (&**kind).into()))
                .collect(),
        }
    }

    fn identifier<'l>(
        &'l self,
        kind: Kind,
        value: &'l str,
        entries: impl Iterator<Item = &'l Entry>,
    ) -> Identifier<'l> {
        let mut lines: Vec<Line<'_>> = entries.map(|entry| self.line(entry)).collect();
        lines.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        Identifier(kind, value.into(), lines)
    }

    fn line<'l>(&'l self, entry: &'l Entry) -> Line<'l> {
        let (audience, destination) = self.names.of(entry.place);
        let basis = self.names.categories(entry.basis);
        Line(
            audience.into(),
            destination.into(),
            entry.state,
            entry.times,
            entry.at.as_millis(),
            basis.iter().map(|category| (&**category).into()).collect(),
            entry.user_id.as_deref().map(Text::from),
        )
    }

    /// Takes in a record that [`changes`](Ledger::changes) gave. Reading all of them in their order gives a ledger that is equal
    /// to the one which gave them.
    ///
    /// # Errors
    /// A record that is of another format, or that no version can have written. Then nothing of it is taken in.
    pub fn read(&mut self, record: &[u8]) -> Result<(), RecordError> {
        let record = parse(record)?;
        if let Some(names) = record.declared {
            let audiences = names.audiences.into_iter();
            let destinations = names.destinations.into_iter();
            self.declared = Declared {
                audiences: audiences
                    .map(|(key, since)| (key.0.into(), since.map(Timestamp::from_millis)))
                    .collect(),
                destinations: destinations
                    .map(|(name, kind)| (name.0.into(), kind.0.into()))
                    .collect(),
                changed: Changed(false),
            };
        }
        // Of one person there are several identifiers, one after the other.
        let mut last: Option<Arc<str>> = None;
        for Identifier(kind, value, lines) in record.sent {
            for Line(audience, destination, state, times, at, mut basis, user_id) in lines {
                basis.sort();
                let basis: Vec<&str> = basis.iter().map(|category| &*category.0).collect();
                let user_id = user_id.map(|user_id| match &last {
                    Some(last) if **last == *user_id.0 => Arc::clone(last),
                    _ => Arc::clone(last.insert(user_id.0.into())),
                });
                let entry = Entry {
                    place: self.names.place(&audience.0, &destination.0),
                    basis: self.names.basis(&basis),
                    times,
                    state,
                    changed: false,
                    at: Timestamp::from_millis(at),
                    user_id,
                };
                self.set(kind, &value.0, entry);
            }
        }
        Ok(())
    }
}

/// Takes identifiers out of a record, told by type and value, as [`Ledger::forget`] takes them out of a ledger: reading what is
/// left gives the ledger that has forgotten them.
///
/// # Errors
/// A record that cannot be read.
pub fn scrub(record: &[u8], is: impl Fn(&str, &str) -> bool) -> Result<Scrubbed, RecordError> {
    let mut record = parse(record)?;
    let before = record.sent.len();
    record
        .sent
        .retain(|Identifier(kind, value, _)| !is(kind.as_str(), &value.0));
    let mut is_same = record.sent.len() == before;
    for Line(.., user_id) in record.sent.iter_mut().flat_map(|Identifier(_, _, lines)| lines) {
        let taken = user_id.take_if(|user_id| is(Kind::UserId.as_str(), &user_id.0));
        is_same &= taken.is_none();
    }
    Ok(if is_same {
        Scrubbed::Same
    } else if record.sent.is_empty() && record.declared.is_none() {
        Scrubbed::Empty
    } else {
        Scrubbed::Changed(written(&record))
    })
}
