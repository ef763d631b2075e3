//! Which audiences and destinations there are and were.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::ledger::Ledger;
use crate::ir::Program;
use crate::time::Timestamp;

/// What a ledger remembers of the workspaces that it has seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Declared {
    /// The keys of audiences; with an instant those that are gone, since then.
    pub(super) audiences: BTreeMap<Box<str>, Option<Timestamp>>,
    /// Destinations and their types, also those that are gone.
    pub(super) destinations: BTreeMap<Box<str>, Box<str>>,
    /// It differs from what was written down.
    pub(super) changed: Changed,
}

/// A mark that makes no difference between two ledgers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Changed(pub(super) bool);

impl PartialEq for Changed {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Changed {}

/// A workspace uses the key of an audience that was deleted (AM-4).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the key `{audience}` was that of an audience which is gone since {since}, and destinations may still know it: give \
     the new audience another name, or say that it may be used again if it is the same audience"
)]
#[non_exhaustive]
pub struct KeyReused {
    /// The key.
    pub audience: String,
    /// When a workspace without it was first declared.
    pub since: Timestamp,
}

/// What the owner of a workspace should know before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Notice {
    /// An audience is no longer declared, and destinations that are hold some of its members still: these are to be sent exits,
    /// or removals, when they are handed out.
    AudienceGone {
        /// Its key.
        audience: String,
        /// How many identifiers are held.
        identifiers: usize,
    },
    /// A destination is no longer declared, and holds members still. Nothing can be sent to it.
    DestinationGone {
        /// Its name.
        destination: String,
        /// How many identifiers it holds.
        identifiers: usize,
        /// A destination of the same type that is declared: perhaps the same under another name.
        renamed: Option<String>,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: usize| format!("{count} identifier{}", if count == 1 { "" } else { "s" });
        match self {
            Notice::AudienceGone { audience, identifiers } => write!(
                f,
                "the audience `{audience}` is gone: destinations still hold {} of it, and are to be told that they left",
                counted(*identifiers)
            ),
            Notice::DestinationGone {
                destination,
                identifiers,
                renamed,
            } => {
                write!(
                    f,
                    "the destination `{destination}` is no longer declared: it still holds {}, and nothing can be sent \
                     to it any more; ",
                    counted(*identifiers)
                )?;
                match renamed {
                    Some(name) => write!(
                        f,
                        "`{name}` has the same type: if it is the same destination, give it the name `{destination}` back"
                    ),
                    None => f.write_str("to have them leave, declare it again and let no audience be sent to it"),
                }
            }
        }
    }
}

impl Ledger {
    /// Takes note of the audiences and destinations that there are now, before anything is handed out for a workspace.
    ///
    /// A key that was there before and is missing now is retired as of `now`. Those in `reuse` may come back.
    ///
    /// The notices are about what is still held for audiences and by destinations that are gone; they come with each call as
    /// long as it is so, audiences first, each sorted by name. Everything in the ledger is looked through for them.
    ///
    /// # Errors
    /// [`KeyReused`] for the first audience whose key is retired and not in `reuse`. Then nothing has changed.
    pub fn declare(&mut self, program: &Program, now: Timestamp, reuse: &[&str]) -> Result<Vec<Notice>, KeyReused> {
        let keys: BTreeSet<&str> = program.audiences.iter().map(|audience| &*audience.name).collect();
        for key in &keys {
            if let Some(Some(since)) = self.declared.audiences.get(*key)
                && !reuse.contains(key)
            {
                return Err(KeyReused {
                    audience: (*key).to_owned(),
                    since: *since,
                });
            }
        }
        let mut declared = self.declared.clone();
        for (key, since) in &mut declared.audiences {
            if !keys.contains(&**key) && since.is_none() {
                *since = Some(now);
            }
        }
        declared
            .audiences
            .extend(keys.into_iter().map(|key| (key.into(), None)));
        for destination in &program.destinations {
            declared
                .destinations
                .insert(destination.name.clone(), destination.kind.clone());
        }
        if declared != self.declared {
            declared.changed = Changed(true);
            self.declared = declared;
        }
        Ok(self.notices(program))
    }

    fn notices(&self, program: &Program) -> Vec<Notice> {
        let of_destination = |name: &str| program.destinations.iter().find(|other| *other.name == *name);
        // By place, which of the two is gone. What a destination that is gone holds is told with it.
        let gone: Vec<(Option<&str>, Option<&str>)> = self
            .names
            .places()
            .map(|(audience, destination)| {
                let is_destination = of_destination(destination).is_some();
                (
                    (is_destination && program.audience(audience).is_none()).then_some(audience),
                    (!is_destination).then_some(destination),
                )
            })
            .collect();
        let mut audiences: BTreeMap<&str, usize> = BTreeMap::new();
        let mut destinations: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, _, entries) in self.all() {
            let held = entries.iter().filter(|entry| entry.is_held());
            let gone = held.filter_map(|entry| gone.get(entry.place.index()));
            let (mut of_audiences, mut of_destinations) = (BTreeSet::new(), BTreeSet::new());
            for (audience, destination) in gone {
                of_audiences.extend(audience);
                of_destinations.extend(destination);
            }
            for key in of_audiences {
                *audiences.entry(key).or_default() += 1;
            }
            for name in of_destinations {
                *destinations.entry(name).or_default() += 1;
            }
        }
        let audiences = audiences
            .into_iter()
            .map(|(audience, identifiers)| Notice::AudienceGone {
                audience: audience.to_owned(),
                identifiers,
            });
        let destinations = destinations.into_iter().map(|(name, identifiers)| {
            let kind = self.declared.destinations.get(name);
            let same = |other: &&crate::ir::Destination| Some(&other.kind) == kind;
            Notice::DestinationGone {
                destination: name.to_owned(),
                identifiers,
                renamed: program
                    .destinations
                    .iter()
                    .find(same)
                    .map(|other| other.name.to_string()),
            }
        });
        audiences.chain(destinations).collect()
    }
}
