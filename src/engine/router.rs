//! Streams of raw events, each event once, and where each may go.

use std::fmt;
use std::io::{self, BufRead};

use super::routed::most_important;
use super::{Among, Engine, Routed};
use crate::enforce::Policy;
use crate::ingest::{Counts, Passed, Passing, Reject, Settings};
use crate::time::Timestamp;
use crate::value::Value;

/// Routes streams of raw events. It holds one line at a time, and of the events before it no more than what tells repeats:
/// a stream may be of any length.
///
/// A refused event is routed nowhere, and neither is one that repeats another (EV-17). Of two events with one `messageId` the
/// first that is read counts, for it may have been sent on already; another that says something else is refused.
///
/// ```
/// use volens::Engine;
///
/// let engine = Engine::from_text("shop.audience", "category Advertising  destination google_ads requires Advertising")?;
/// let events = r#"
///     {"type": "page", "userId": "u1", "messageId": "m1"}
///     {"type": "page", "userId": "u1", "messageId": "m1"}
///     {"type": "page", "userId": "u1", "messageId": "m2", "context": {"consent": {"categoryPreferences": {}}}}
/// "#;
/// let mut router = engine.router();
/// let mut sent = Vec::new();
/// router.read("events", events.as_bytes(), |event| {
///     let delivered = event.destinations.iter().filter(|routed| routed.routing.is_delivered());
///     sent.extend(delivered.map(|routed| (event.message_id.to_owned(), routed.destination)));
///     Ok::<(), std::io::Error>(())
/// })?;
/// assert_eq!(sent, [("m1".to_owned(), "google_ads")]);
/// let (counts, _rejects) = router.finish();
/// assert_eq!((counts.applied, counts.duplicate), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Router<'e> {
    engine: &'e Engine,
    /// Whose stored consent decides where an event has none.
    among: Option<Among<'e>>,
    is_forgotten: Box<dyn Fn(&str) -> bool + 'e>,
    passing: Passing,
}

impl fmt::Debug for Router<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Router");
        shown.field("among", &self.among).field("passing", &self.passing);
        shown.finish_non_exhaustive()
    }
}

/// An accepted event, and what becomes of it at each destination.
#[derive(Debug)]
#[non_exhaustive]
pub struct RoutedEvent<'r, 'e> {
    /// The line that it stood in, from 1.
    pub line: u64,
    /// Of an item of a batch its number, from 1.
    pub item: Option<u64>,
    /// Its `messageId`; where it has none, the one that is derived from what it says.
    pub message_id: &'r str,
    /// The most important of its identifiers, as `TYPE:VALUE`.
    pub who: String,
    /// Whether it has a consent object, whatever that holds.
    pub has_consent: bool,
    /// The event; of an item of a batch, with what the batch adds to it.
    pub event: &'r Value,
    /// The destinations, in order of declaration.
    pub destinations: Vec<Routed<'e>>,
}

impl Engine {
    /// Starts to route streams of events as is documented: by their own consent and integrations objects, as
    /// [`route`](Engine::route) does.
    pub fn router(&self) -> Router<'_> {
        Router::new(self, None)
    }
}

impl<'e> Among<'e> {
    /// Starts to route streams of events under the strict policy, as [`route`](Among::route) does.
    pub fn router(&self) -> Router<'e> {
        Router::new(self.engine, Some(*self))
    }
}

impl<'e> Router<'e> {
    fn new(engine: &'e Engine, among: Option<Among<'e>>) -> Self {
        let passing = Passing::new(Settings {
            identity: engine.identity().clone(),
            categories: Vec::new(),
            // Routing is of no instant: an event is as good dated ahead, and without any time.
            received_at: Timestamp::EPOCH,
            now: Timestamp::MAX,
        });
        Router {
            engine,
            among,
            is_forgotten: Box::new(|_| false),
            passing,
        }
    }

    /// Refuses the events of people whom a store has forgotten, as the store does: they are to go nowhere. `is_forgotten` is
    /// asked with each `messageId`; [`Journal::is_forgotten`](crate::space::Journal::is_forgotten) knows.
    #[must_use]
    pub fn without_forgotten(mut self, is_forgotten: impl Fn(&str) -> bool + 'e) -> Self {
        self.is_forgotten = Box::new(is_forgotten);
        self
    }

    /// Keeps no more than so many refused events for [`finish`](Router::finish); the others are only counted.
    pub fn keep_rejects(&mut self, most: usize) {
        self.passing.keep_rejects(most);
    }

    /// Reads events, one JSON object a line, and hands over each that is accepted, in order. `source` is what
    /// [`Reject::file`] calls the stream.
    ///
    /// # Errors
    /// Those of the reader, and of `each`: then what follows is not read.
    pub fn read<E: From<io::Error>>(
        &mut self,
        source: &str,
        reader: impl BufRead,
        mut each: impl FnMut(&RoutedEvent<'_, 'e>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (engine, among) = (self.engine, self.among);
        self.passing.read(source, reader, &self.is_forgotten, |passed| {
            each(&routed(engine, among, passed))
        })
    }

    /// How many events became what, `applied` being those that were routed; and the refused ones.
    pub fn finish(self) -> (Counts, Vec<Reject>) {
        self.passing.done()
    }
}

fn routed<'r, 'e>(engine: &'e Engine, among: Option<Among<'e>>, passed: &'r Passed) -> RoutedEvent<'r, 'e> {
    let Passed {
        line,
        item,
        event,
        value,
    } = passed;
    let stored;
    let policy = match among {
        Some(among) => {
            stored = among.consents(&event.claims, value);
            Policy::Strict(&stored)
        }
        None => Policy::Documented,
    };
    let who = most_important(engine, &event.claims);
    RoutedEvent {
        line: *line,
        item: *item,
        message_id: &event.message_id,
        who: who.map_or_else(String::new, |claim| format!("{}:{}", claim.id.kind, claim.id.value)),
        has_consent: event.has_consent(),
        event: value,
        // An accepted event is an object.
        destinations: value
            .as_object()
            .map_or_else(Vec::new, |object| engine.routed(object, policy)),
    }
}
