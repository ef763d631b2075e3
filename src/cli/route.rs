//! `volens route`

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::arguments::{Format, PolicyArgument, RouteArguments};
use super::events::{Sources, Unread, cannot};
use super::run::counted;
use super::table::{self, Align};
use super::{Failure, Streams, clock, json_line, load_and_warn, store};
use crate::diagnostic::{Code, Diagnostic, visible};
use crate::enforce::{Discard, Payload, Routing};
use crate::engine::{Engine, Routed, RoutedEvent, Router};
use crate::ingest::Counts;
use crate::value::Value;

pub(super) fn route(
    path: &Path,
    arguments: &RouteArguments,
    format: Format,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    check(arguments)?;
    // Here a destination receives events, whether an audience is sent to it or not.
    let matters = |warning: &Diagnostic| warning.code != Code::UnusedDestination;
    let engine = load_and_warn(path, matters, streams)?;
    let (rejects, store) = (arguments.rejects.as_deref(), arguments.store.as_deref());
    let sources = Sources::open(&arguments.events, rejects, store, &engine)?;
    match arguments.policy {
        PolicyArgument::Documented => each(engine.router(), &engine, sources, format, streams),
        PolicyArgument::Strict => strict(&engine, arguments, sources, format, streams),
    }
}

/// By the people of the store, or those that the events themselves lead to.
fn strict(
    engine: &Engine,
    arguments: &RouteArguments,
    sources: Sources<'_>,
    format: Format,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    let now = arguments.now.unwrap_or_else(clock);
    if let Some(folder) = &arguments.store {
        let space = store::read(engine, folder, None, now, streams)?;
        let people = space.profiles();
        let router = engine.among(&people).router();
        let router = router.without_forgotten(|message_id| space.journal().is_forgotten(message_id));
        return each(router, engine, sources, format, streams);
    }
    let mut ingestor = engine.ingestor(now, arguments.received_at.unwrap_or(now));
    // What is refused is told of the events that are routed.
    ingestor.keep_rejects(0);
    sources.each(streams, |name, reader| ingestor.read(name, reader))?;
    let people = ingestor.finish().profiles;
    each(engine.among(&people).router(), engine, sources, format, streams)
}

/// What must not be given together: it would look as if it had been heeded.
fn check(arguments: &RouteArguments) -> Result<(), Failure> {
    let only_strict = [
        ("--store", arguments.store.is_some()),
        ("--now", arguments.now.is_some()),
        ("--received-at", arguments.received_at.is_some()),
    ];
    if arguments.policy == PolicyArgument::Documented {
        return match only_strict.into_iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(Failure::Other(format!(
                "`{name}` is for `--policy strict`: the documented policy knows no profiles and no time"
            ))),
            None => Ok(()),
        };
    }
    if arguments.store.is_some() {
        return Ok(());
    }
    // What is not there, or is a folder, cannot be read even once, and that is told as everywhere.
    let is_stream = |metadata: Metadata| !metadata.is_file() && !metadata.is_dir();
    let once = |path: &&PathBuf| path.as_os_str() == "-" || path.metadata().is_ok_and(is_stream);
    match arguments.events.iter().find(once) {
        Some(path) => Err(Failure::Other(format!(
            "`--policy strict` reads the events twice, first for what is stored of each person, and `{}` can be read \
             only once: give a file, or what is stored with `--store DIR`",
            visible(&path.display().to_string())
        ))),
        None => Ok(()),
    }
}

/// Why routing ended early.
enum Stopped {
    Reading(io::Error),
    Writing(io::Error),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Stopped::Reading(error)
    }
}

impl Unread for Stopped {
    fn failure(self, path: &Path) -> Failure {
        match self {
            Stopped::Reading(error) => cannot("read", path, &error),
            Stopped::Writing(error) => error.into(),
        }
    }
}

/// Routes each event as it is read, and tells it.
fn each(
    mut router: Router<'_>,
    engine: &Engine,
    sources: Sources<'_>,
    format: Format,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    router.keep_rejects(sources.kept());
    let mut told = Told::new(engine);
    // Reading has the other streams.
    let mut out = std::mem::replace(&mut streams.out, Box::new(io::sink()));
    let read = sources.each(streams, |name, reader| {
        router.read(name, reader, |event| {
            told.count(event);
            match format {
                Format::Json => json_line(&Line::of(name, event), &mut out),
                Format::Text => told.text(name, event, &mut out),
            }
            .map_err(Stopped::Writing)
        })
    });
    streams.out = out;
    read?;
    let (counts, rejects) = router.finish();
    sources.tell(&rejects, counts.rejected, streams)?;
    let summary = told.summary(&counts);
    match format {
        // A line is an event there.
        Format::Json => writeln!(streams.err, "{summary}")?,
        Format::Text => {
            if counts.applied > 0 {
                writeln!(streams.out)?;
            }
            writeln!(streams.out, "{summary}\n")?;
            told.table(&mut streams.out)?;
        }
    }
    Ok(0)
}

/// One event in JSON.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<u64>,
    message_id: &'a str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    call: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    who: &'a str,
    has_consent: bool,
    destinations: Destinations<'a>,
}

impl<'a> Line<'a> {
    fn of(file: &'a str, routed: &'a RoutedEvent<'a, 'a>) -> Self {
        let (call, event) = called(routed.event);
        Line {
            file,
            line: routed.line,
            item: routed.item,
            message_id: routed.message_id,
            call,
            event,
            who: &routed.who,
            has_consent: routed.has_consent,
            destinations: Destinations(routed),
        }
    }
}

/// The type of an event, and the name that it has in the calls that have one.
fn called(event: &Value) -> (Option<&str>, Option<&str>) {
    let text = |key| event.as_object().and_then(|event| event.get(key)?.as_str());
    let call = text("type");
    let name = match call {
        Some("track") => text("event"),
        Some("page" | "screen") => text("name"),
        _ => None,
    };
    (call, name)
}

/// By the destinations' names, in order of declaration.
struct Destinations<'a>(&'a RoutedEvent<'a, 'a>);

#[derive(Serialize)]
struct Destination<'a> {
    delivered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Discard>,
    /// What is to be sent, where that is not the event as it is (CV-9).
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a Value>,
}

impl Serialize for Destinations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let RoutedEvent {
            event, destinations, ..
        } = self.0;
        let mut map = serializer.serialize_map(Some(destinations.len()))?;
        for Routed {
            destination, routing, ..
        } in destinations
        {
            let reduced = match routing {
                Routing::Delivered(payload @ Payload::ConsentOnly) => Some(payload.of(event)),
                Routing::Delivered(Payload::Event) | Routing::Discarded(_) => None,
            };
            let entry = Destination {
                delivered: routing.is_delivered(),
                reason: match routing {
                    Routing::Discarded(discard) => Some(*discard),
                    Routing::Delivered(_) => None,
                },
                payload: reduced.as_deref(),
            };
            map.serialize_entry(destination, &entry)?;
        }
        map.end()
    }
}

/// What is told of all events together.
struct Told {
    /// The destinations' names, as they are shown, and what became of the events there.
    destinations: Vec<(String, Tally)>,
    /// How wide the longest name is, in characters.
    width: usize,
    without_consent: u64,
}

#[derive(Default)]
struct Tally {
    delivered: u64,
    /// Of these, those reduced to the person's choice.
    consent_only: u64,
    discarded: BTreeMap<Discard, u64>,
}

impl Told {
    fn new(engine: &Engine) -> Self {
        let destinations = engine.program().destinations.iter();
        let destinations: Vec<_> = destinations
            .map(|destination| (visible(&destination.name), Tally::default()))
            .collect();
        let width = destinations.iter().map(|(name, _)| name.chars().count()).max();
        Told {
            destinations,
            width: width.unwrap_or(0),
            without_consent: 0,
        }
    }

    fn count(&mut self, event: &RoutedEvent<'_, '_>) {
        self.without_consent += u64::from(!event.has_consent);
        for ((_, tally), routed) in self.destinations.iter_mut().zip(&event.destinations) {
            match routed.routing {
                Routing::Delivered(payload) => {
                    tally.delivered += 1;
                    tally.consent_only += u64::from(payload == Payload::ConsentOnly);
                }
                Routing::Discarded(discard) => *tally.discarded.entry(discard).or_default() += 1,
            }
        }
    }

    /// One event, and below it the destinations.
    fn text(&self, file: &str, routed: &RoutedEvent<'_, '_>, out: &mut dyn Write) -> io::Result<()> {
        let (call, name) = called(routed.event);
        write!(out, "{}:{}", visible(file), routed.line)?;
        if let Some(item) = routed.item {
            write!(out, " item {item}")?;
        }
        write!(out, "  {}", call.unwrap_or_default())?;
        if let Some(name) = name {
            write!(out, " {}", visible(&Value::from(name).canonical()))?;
        }
        let sent_id = routed.event.as_object().and_then(|event| event.get("messageId"));
        if let Some(id) = sent_id.and_then(Value::as_str).filter(|id| !id.is_empty()) {
            write!(out, "  {}", visible(id))?;
        }
        let consent = if routed.has_consent {
            ""
        } else {
            "  (no consent object)"
        };
        writeln!(out, "  {}{consent}", visible(&routed.who))?;
        for ((name, _), routed) in self.destinations.iter().zip(&routed.destinations) {
            let blanks = " ".repeat(self.width.saturating_sub(name.chars().count()));
            writeln!(out, "  {name}{blanks}  {}", routed.routing)?;
        }
        Ok(())
    }

    /// `7 events read: 4 routed (1 without a consent object), 1 duplicate, 2 rejected`
    fn summary(&self, counts: &Counts) -> String {
        let mut text = format!("{} read: {} routed", counted(counts.read, "event"), counts.applied);
        if self.without_consent > 0 {
            text.push_str(&format!(" ({} without a consent object)", self.without_consent));
        }
        for (count, what) in [(counts.duplicate, "duplicate"), (counts.rejected, "rejected")] {
            if count > 0 {
                text.push_str(&format!(", {count} {what}"));
            }
        }
        text
    }

    /// How many reached each destination, and why the others did not.
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        // Most workspaces have no destination that is told of consent.
        let reduced = self.destinations.iter().any(|(_, tally)| tally.consent_only > 0);
        let row = |[name, delivered, consent_only, discarded, reason]: [&str; 5]| -> Vec<String> {
            let cells = [
                Some(name),
                Some(delivered),
                reduced.then_some(consent_only),
                Some(discarded),
                Some(reason),
            ];
            cells.into_iter().flatten().map(str::to_owned).collect()
        };
        let mut rows = vec![row(["DESTINATION", "DELIVERED", "CONSENT ONLY", "DISCARDED", "REASON"])];
        for (name, tally) in &self.destinations {
            let discarded: u64 = tally.discarded.values().sum();
            let reasons = tally.discarded.iter();
            let mut reasons = reasons.map(|(discard, count)| format!("{discard} {count}"));
            rows.push(row([
                name,
                &tally.delivered.to_string(),
                &tally.consent_only.to_string(),
                &discarded.to_string(),
                &reasons.next().unwrap_or_default(),
            ]));
            rows.extend(reasons.map(|more| row(["", "", "", "", &more])));
        }
        let numbers = if reduced { 3 } else { 2 };
        let columns: Vec<Align> = std::iter::once(Align::Left)
            .chain(std::iter::repeat_n(Align::Right, numbers))
            .chain([Align::Left])
            .collect();
        table::write(out, &columns, &rows)
    }
}
