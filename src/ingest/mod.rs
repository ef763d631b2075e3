//! Takes events in: decodes and validates them, resolves identities, and folds them into profiles.
//!
//! The accepted events are collected, put into canonical order (EV-14) and folded. The order in which they arrive, and
//! how often, therefore leaves no trace.
//!
//! ```
//! use volens::ingest::{Ingestor, Settings};
//! use volens::model::IdentityRules;
//! use volens::{ConsentState, Timestamp};
//!
//! let now = Timestamp::parse("2026-07-01").unwrap_or_default();
//! let mut ingestor = Ingestor::new(Settings {
//!     identity: IdentityRules::default(),
//!     categories: vec!["Advertising".into()],
//!     received_at: now,
//!     now,
//! });
//! ingestor.line("events.jsonl", 1, br#"{"type": "track", "event": "Order Completed", "userId": "u1",
//!     "timestamp": "2026-06-30", "context": {"consent": {"categoryPreferences": {"Advertising": true}}}}"#);
//! let ingested = ingestor.finish();
//! assert_eq!(ingested.counts.applied, 1);
//! let profile = ingested.profiles.find("user_id", "u1").ok_or("no profile")?;
//! assert_eq!(profile.consent().state("Advertising"), ConsentState::Granted);
//! # Ok::<(), &str>(())
//! ```

mod accounts;
mod ahead;
mod batch;
mod check;
mod connected;
mod decode;
mod event;
mod events;
mod fold;
mod gather;
mod identifiers;
mod in_order;
mod index;
mod input;
mod ledger;
mod lines;
mod order;
mod passing;
mod people;
mod person;
mod preferences;
mod reading;
mod reject;
mod shared;
mod state;
mod survey;
mod texts;
mod times;
mod traits;
mod violations;

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use serde::Serialize;

use self::ahead::{By, Found, Part, What};
use self::gather::{Gathered, Repeat};
use self::input::Raw;
use self::lines::{LONGEST_LINE, Line};
use self::order::{Ordered, Place};
use self::reading::{How, Outcome, Reading};
pub(crate) use self::shared::Shared;
use self::violations::Violations;
use crate::model::{IdentityRules, Profiles};
use crate::time::Timestamp;
use crate::value::Value;

pub use self::check::check;
pub(crate) use self::check::{claims, named_besides};
pub(crate) use self::decode::{Content, decode};
pub(crate) use self::event::{Claim, Event, Identifier};
pub(crate) use self::events::EventId;
pub(crate) use self::identifiers::ANONYMOUS_ID;
pub(crate) use self::in_order::{Work, in_order};
pub use self::input::Input;
pub(crate) use self::order::{Relation, Taken, conflict};
pub(crate) use self::passing::{Passed, Passing};
pub(crate) use self::people::{PersonId, Touched};
pub(crate) use self::reject::{Refusal, forgotten};
pub use self::reject::{Reject, RejectCode};
pub(crate) use self::state::{SetId, State, Trace};
pub use self::survey::Said;
pub(crate) use self::times::read as times;
pub(crate) use self::violations::NO_IDENTIFIER;

/// The largest event, in bytes (EV-16, DEC-30).
const LARGEST_EVENT: usize = 32_768;

/// The most threads that are begun: each has buffers of its own, whoever says how many there are to be.
pub(crate) const MOST_THREADS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);

/// What events are taken in by.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How identities are resolved.
    pub identity: IdentityRules,
    /// The ids of the configured consent categories, those that are switched off too (CP-4, DEC-24).
    pub categories: Vec<Box<str>>,
    /// When an event without any time was received (EV-11).
    pub received_at: Timestamp,
    /// Events from after it are counted as `later` and not applied.
    pub now: Timestamp,
}

/// Collects events.
#[derive(Debug)]
pub struct Ingestor {
    settings: Settings,
    sources: Vec<Arc<str>>,
    /// How many events a host gave as values.
    from_host: u64,
    kept: Kept,
    /// Whether what they bring is kept.
    content: Content,
    counts: Counts,
    rejects: Vec<(Place, Reject)>,
    /// How many refused events are kept,
    keep: usize,
    /// and of each code at least so many of them.
    keep_of_each: usize,
    refused: BTreeMap<RejectCode, u64>,
    violations: Violations,
    /// What events say alike that come one by one.
    shared: Shared,
    /// The same for each thread that reads, as many as there were so far.
    readers: Vec<Shared>,
    /// On how many threads lines may be read.
    threads: NonZeroUsize,
}

/// The accepted events.
#[derive(Debug)]
enum Kept {
    /// To be folded here.
    Gathered(Box<Gathered>),
    /// For a store, which asks for them after every few.
    Taken(Vec<Taken>),
}

/// What events led to.
#[derive(Debug)]
pub struct Ingested {
    /// The profiles and accounts.
    pub profiles: Profiles,
    /// How many events became what.
    pub counts: Counts,
    /// The refused events, by source in the order of their first mention, and line.
    pub rejects: Vec<Reject>,
    /// How many were refused with each code; their sum is [`Counts::rejected`].
    pub refused: BTreeMap<RejectCode, u64>,
    /// What was left out of events that were otherwise taken, by the documented names (ID-15).
    pub violations: BTreeMap<&'static str, u64>,
}

/// How many events became what: `read` is the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// All events.
    pub read: u64,
    /// Those that made the profiles.
    pub applied: u64,
    /// Those with the `messageId` and body of another (EV-17).
    pub duplicate: u64,
    /// Those from after `now`.
    pub later: u64,
    /// Those refused.
    pub rejected: u64,
}

impl Ingestor {
    /// Nothing taken in yet.
    pub fn new(settings: Settings) -> Self {
        Ingestor {
            settings,
            sources: Vec::new(),
            from_host: 0,
            kept: Kept::Gathered(Box::default()),
            content: Content::Kept,
            counts: Counts::default(),
            rejects: Vec::new(),
            keep: usize::MAX,
            keep_of_each: 0,
            refused: BTreeMap::new(),
            violations: Violations::default(),
            shared: Shared::new(),
            readers: Vec::new(),
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        }
    }

    /// One for a store, which takes the events as they are [ordered](Ingestor::ordered).
    pub(crate) fn for_store(settings: Settings) -> Self {
        Ingestor {
            kept: Kept::Taken(Vec::new()),
            ..Ingestor::new(settings)
        }
    }

    /// One for a store that keeps no more than the texts, and asks what it must know of events to do that.
    pub(crate) fn for_texts(settings: Settings) -> Self {
        Ingestor {
            content: Content::LeftOut,
            ..Ingestor::for_store(settings)
        }
    }

    /// Reads JSONL. The last line need not end; a BOM at the start, and CR before LF, are fine.
    ///
    /// A line of more than 8 MiB is never held: it is refused as `event_too_large`, and its first 64 KiB are kept as its
    /// input. Several lines are read at once, on [threads](Ingestor::threads), which shows in nothing but the time.
    ///
    /// # Errors
    /// Those of the reader. The lines before are taken.
    pub fn read(&mut self, source: &str, reader: impl BufRead) -> io::Result<()> {
        self.read_with(source, reader, |_| Ok(()))
    }

    /// Reads JSONL as [`read`](Ingestor::read) does, and calls `each` after every line that holds something.
    pub(crate) fn read_with<E: From<io::Error>>(
        &mut self,
        source: &str,
        reader: impl BufRead,
        mut each: impl FnMut(&mut Ingestor) -> Result<(), E>,
    ) -> Result<(), E> {
        let settings = self.settings.clone();
        let hashing = match &self.kept {
            Kept::Gathered(gathered) => Some(gathered.hashing().clone()),
            Kept::Taken(_) => None,
        };
        let by = By {
            lines: How {
                settings: &settings,
                content: self.content,
            },
            gathered: hashing.as_ref(),
        };
        let mut readers = std::mem::take(&mut self.readers);
        readers.resize_with(self.threads.get(), Shared::new);
        let read = ahead::each(reader, by, &mut readers, |part| self.part(source, part, &mut each));
        self.readers = readers;
        read
    }

    /// Takes what a part of the lines of a source came to.
    fn part<E>(
        &mut self,
        source: &str,
        part: Part,
        mut each: impl FnMut(&mut Ingestor) -> Result<(), E>,
    ) -> Result<(), E> {
        let Part { read, found } = part;
        if read.len() + found.len() == 0 {
            return Ok(());
        }
        let source = self.source(source);
        self.counts.read += read.len() as u64;
        if let Kept::Gathered(gathered) = &mut self.kept {
            gathered.append(source, read);
        }
        let mut found = found.into_iter().peekable();
        while let Some(Found { line, item, what }) = found.next() {
            let place = Place { source, line, item };
            self.counts.read += 1;
            match what {
                What::Later => self.counts.later += 1,
                What::Refused(refusal, input) => self.refuse(place, refusal, input),
                What::Event(event, input) => {
                    if let Kept::Taken(taken) = &mut self.kept {
                        taken.push(Taken {
                            event,
                            place,
                            input,
                            received_at: self.settings.received_at,
                        });
                    }
                }
            }
            if found.peek().is_none_or(|next| next.line != line) {
                each(self)?;
            }
        }
        Ok(())
    }

    /// On how many threads lines may be read; as many as the machine runs at once, if nobody says, and never more than 256.
    /// What comes of them is the same with any number.
    pub fn threads(&mut self, most: NonZeroUsize) {
        self.threads = most.min(MOST_THREADS);
    }

    /// Takes a line of JSONL, without its end: an event or a batch of them (EV-6). A blank line is nothing.
    pub fn line(&mut self, source: &str, number: u64, bytes: &[u8]) {
        self.one(source, number, Line::Whole(bytes));
    }

    fn one(&mut self, source: &str, number: u64, line: Line<'_>) {
        let mut outcomes = Vec::new();
        let how = How {
            settings: &self.settings,
            content: self.content,
        };
        let mut reading = Reading::new(how, &mut self.shared);
        reading.line(number, line, |item, outcome| outcomes.push((item, outcome)));
        let source = self.source(source);
        for (item, outcome) in outcomes {
            let place = Place {
                source,
                line: number,
                item,
            };
            self.take(place, outcome);
        }
    }

    /// Takes an event that a host has as a value. It is held to the limits of its canonical JSON. A batch is none.
    ///
    /// # Errors
    /// Why it is refused; it is counted and stands among the rejects, too. That another event has its `messageId` is
    /// known only in the end.
    pub fn event(&mut self, event: Value) -> Result<(), RejectCode> {
        self.from_host += 1;
        let place = Place {
            source: self.source(""),
            line: self.from_host,
            item: 0,
        };
        let text = event.canonical();
        let event = check::bounded(&event, text.len());
        let how = How {
            settings: &self.settings,
            content: self.content,
        };
        let outcome = Reading::new(how, &mut self.shared).value(event.as_ref().copied(), Raw::of_text(text));
        let refused = match &outcome {
            Outcome::Refused(refusal, _) => Err(refusal.code),
            Outcome::Event(..) | Outcome::Later => Ok(()),
        };
        self.take(place, outcome);
        refused
    }

    /// Resolves and folds all that was taken in.
    pub fn finish(self) -> Ingested {
        self.finished(None)
    }

    /// As [`finish`](Ingestor::finish), and hands over each event that is applied, as it was sent, in the order in which they
    /// came: of several with one `messageId` the one that counts. What is refused, repeated or later is not among them. An
    /// item of a batch has what the batch adds to it.
    pub fn finish_with(self, mut each: impl FnMut(&Value)) -> Ingested {
        self.finished(Some(&mut each))
    }

    fn finished(mut self, applied: Option<&mut dyn FnMut(&Value)>) -> Ingested {
        let gathered = match std::mem::replace(&mut self.kept, Kept::Taken(Vec::new())) {
            Kept::Gathered(gathered) => gathered,
            Kept::Taken(taken) => {
                let mut gathered = Box::<Gathered>::default();
                for Taken {
                    event, place, input, ..
                } in taken
                {
                    gathered.push(event, place, Raw::of_text(input.text()));
                }
                gathered
            }
        };
        let repeated = |repeat: Repeat| match repeat.conflict {
            None => self.counts.duplicate += 1,
            Some(input) => self.reject(repeat.place, conflict(&repeat.message_id), input),
        };
        let (people, events) = gathered.done(repeated, applied);
        self.counts.applied += events.len() as u64;
        let Settings {
            identity, categories, ..
        } = &self.settings;
        let by = (identity, categories.as_slice());
        let profiles = fold::fold(people, events, by, self.threads, &mut self.violations);
        let violations = std::mem::take(&mut self.violations).done();
        let refused = std::mem::take(&mut self.refused);
        let (counts, rejects) = self.told();
        Ingested {
            profiles,
            counts,
            rejects,
            refused,
            violations,
        }
    }

    /// Of one for a store: how many events were taken in since they were last put in order.
    pub(crate) fn waiting(&self) -> usize {
        match &self.kept {
            Kept::Gathered(_) => 0,
            Kept::Taken(taken) => taken.len(),
        }
    }

    /// Of one for a store: what was taken in, in canonical order, and of each `messageId` the first; the others are counted
    /// and refused.
    pub(crate) fn ordered(&mut self) -> Vec<Taken> {
        let taken = match &mut self.kept {
            Kept::Gathered(_) => Vec::new(),
            Kept::Taken(taken) => std::mem::take(taken),
        };
        let Ordered {
            events,
            duplicates,
            conflicts,
        } = order::order(taken);
        self.counts.duplicate += duplicates;
        for (place, refusal, input) in conflicts {
            self.reject(place, refusal, input);
        }
        events
    }

    /// Of one for a store: what was taken in, as it came.
    pub(crate) fn arrived(&mut self) -> Vec<Taken> {
        match &mut self.kept {
            Kept::Gathered(_) => Vec::new(),
            Kept::Taken(taken) => std::mem::take(taken),
        }
    }

    /// The counts, for those who tell later what became of an event.
    pub(crate) fn counts_mut(&mut self) -> &mut Counts {
        &mut self.counts
    }

    /// The counts, and the events refused, which are not told again.
    pub(crate) fn told(&mut self) -> (Counts, Vec<Reject>) {
        self.drop_rejects();
        let rejects = std::mem::take(&mut self.rejects);
        (self.counts, rejects.into_iter().map(|(_, reject)| reject).collect())
    }

    /// When events without any time count as received from now on.
    pub(crate) fn set_received_at(&mut self, received_at: Timestamp) {
        self.settings.received_at = received_at;
    }

    /// How many refused events were not told yet.
    pub(crate) fn untold(&self) -> usize {
        self.rejects.len()
    }

    /// Why an event was refused, if one was since there were so many; it is not told otherwise.
    pub(crate) fn take_refusal(&mut self, untold: usize) -> Option<RejectCode> {
        let refused = self.rejects.split_off(untold.min(self.rejects.len()));
        refused.last().map(|(_, reject)| reject.code)
    }

    /// Lets go of what grows with what senders make up.
    pub(crate) fn clear_shared(&mut self) {
        self.shared.clear();
        self.readers.iter_mut().for_each(Shared::clear);
    }

    /// Takes the next line of a source, as of the instant when it has come; `buffer` is used for it. `false` at the end.
    pub(crate) fn read_line(
        &mut self,
        (source, number): (&str, u64),
        reader: &mut impl BufRead,
        buffer: &mut Vec<u8>,
        now: impl FnOnce() -> Timestamp,
    ) -> io::Result<bool> {
        let Some(cut) = lines::next(reader, LONGEST_LINE, buffer)? else {
            return Ok(false);
        };
        self.settings.received_at = now();
        let line = if cut { Line::Cut(buffer) } else { Line::Whole(buffer) };
        self.one(source, number, line);
        Ok(true)
    }

    fn take(&mut self, place: Place, outcome: Outcome<'_>) {
        self.counts.read += 1;
        match outcome {
            Outcome::Later => self.counts.later += 1,
            Outcome::Refused(refusal, input) => self.refuse(place, refusal, input),
            Outcome::Event(event, raw) => match &mut self.kept {
                Kept::Gathered(gathered) => gathered.push(event, place, raw),
                Kept::Taken(taken) => taken.push(Taken {
                    event,
                    place,
                    input: raw.into(),
                    received_at: self.settings.received_at,
                }),
            },
        }
    }

    /// Refuses an event for what it says itself.
    fn refuse(&mut self, place: Place, refusal: Refusal, input: Input) {
        if refusal.code == RejectCode::NoUsableIdentifier {
            self.violations.count(NO_IDENTIFIER);
        }
        self.reject(place, refusal, input);
    }

    /// Keeps no more than so many refused events for [`Ingested::rejects`], by source and line; the others are only
    /// counted. Without it all are kept.
    pub fn keep_rejects(&mut self, most: usize) {
        self.keep = most;
    }

    /// Keeps of each code the first so many, too, beyond what [`keep_rejects`](Ingestor::keep_rejects) says: samples of a
    /// rare reason are not lost among those of a usual one.
    pub fn keep_rejects_of_each(&mut self, most: usize) {
        self.keep_of_each = most;
    }

    /// Puts the refused events in order, and drops those that are not to be kept.
    fn drop_rejects(&mut self) {
        self.rejects.sort_by_key(|(place, _)| place.order());
        let (keep, keep_of_each) = (self.keep, self.keep_of_each);
        let mut before = 0;
        let mut of_code: BTreeMap<RejectCode, usize> = BTreeMap::new();
        self.rejects.retain(|(_, reject)| {
            let of_code = of_code.entry(reject.code).or_default();
            let kept = before < keep || *of_code < keep_of_each;
            before += 1;
            *of_code += 1;
            kept
        });
    }

    /// Refuses an event.
    pub(crate) fn reject(&mut self, place: Place, refusal: Refusal, input: Input) {
        self.counts.rejected += 1;
        *self.refused.entry(refusal.code).or_default() += 1;
        // Events mostly come in the order of their places, and those refused in the end may come before them.
        let of_each = self.keep_of_each.saturating_mul(RejectCode::ALL.len());
        if self.rejects.len() > self.keep.saturating_add(of_each).saturating_mul(2).max(64) {
            self.drop_rejects();
        }
        let reject = Reject {
            file: self.sources.get(place.source as usize).cloned().unwrap_or_default(),
            line: place.line,
            code: refusal.code,
            reason: refusal.reason,
            input,
        };
        self.rejects.push((place, reject));
    }

    /// The number of a source.
    fn source(&mut self, source: &str) -> u32 {
        // The latest first: sources come one after the other.
        let known = self.sources.iter().rposition(|known| **known == *source);
        let number = known.unwrap_or_else(|| {
            self.sources.push(source.into());
            self.sources.len() - 1
        });
        u32::try_from(number).unwrap_or(u32::MAX)
    }
}

fn is_deeper(value: &Value, levels: u32) -> bool {
    let inside = |value: &Value| match levels.checked_sub(1) {
        Some(levels) => is_deeper(value, levels),
        None => true,
    };
    match value {
        Value::List(items) => levels == 0 || items.iter().any(inside),
        Value::Object(object) => levels == 0 || object.iter().any(|(_, value)| inside(value)),
        _ => false,
    }
}
