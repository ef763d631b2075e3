//! The workspace by which histories and runs are judged, and how events are taken in by it.

use serde_json::Value as Json;
use volens::ingest::Ingested;
use volens::{Engine, Timestamp};

const SHOP: &str = r#"
category Advertising
category Analytics
category Functional disabled

destination ads      requires Advertising
destination measured requires Advertising, Analytics
destination picks    requires Functional, Analytics
destination off      requires Functional
destination crm      requires nothing

trait visits = count of "Page Viewed"
trait phone_seen = last of phone from "E"

audience everybody  { include anonymous  send to ads, measured, picks, off, crm }
audience buyers     { who performed "E" at least 2 times  send to ads, crm }
audience followed   { who performed "E" as e then performed "Page Viewed" where (email = e.email)  send to measured }
audience pros       { who trait plan = "pro" or trait visits >= 3 or trait phone_seen exists  send to picks }
audience asked      { consent to Analytics  send to ads, measured }
audience unsettled  { who consent Advertising is conflicted or not consent to Analytics  send to ads, picks }
audience teams      of accounts { who account trait plan = "pro" or any user (member of buyers)  include anonymous  send to ads }
"#;

/// Anonymous ids of which a person has three a week at most, so that time takes part in who is who.
const SLIDING: &str = "identity { user_id limit 1  email limit 5  anonymous_id limit 3 per week }";

pub(crate) fn shop() -> Engine {
    Engine::from_text("shop.audience", SHOP).unwrap()
}

/// The shop by its own rules of identity and by others.
pub(crate) fn shops() -> [Engine; 2] {
    let sliding = Engine::from_text("shop.audience", &format!("{SHOP}{SLIDING}")).unwrap();
    [shop(), sliding]
}

/// What each destination of the shop needs, without the category that is switched off.
pub(crate) fn needs(destination: &str) -> &'static [&'static str] {
    match destination {
        "ads" => &["Advertising"],
        "measured" => &["Advertising", "Analytics"],
        "picks" => &["Analytics"],
        _ => &[],
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-06-30").unwrap()
}

/// Takes in lines, each an event as JSON or something else.
pub(crate) fn ingest_lines<'l>(engine: &Engine, lines: impl IntoIterator<Item = &'l str>) -> Ingested {
    let mut ingestor = engine.ingestor(now(), now());
    for (number, line) in (1..).zip(lines) {
        ingestor.line("events.jsonl", number, line.as_bytes());
    }
    let ingested = ingestor.finish();
    let counts = ingested.counts;
    assert_eq!(
        counts.read,
        counts.applied + counts.duplicate + counts.later + counts.rejected
    );
    assert_eq!(counts.rejected, ingested.rejects.len() as u64);
    ingested
}

pub(crate) fn ingest<'e>(engine: &Engine, events: impl IntoIterator<Item = &'e Json>) -> Ingested {
    let lines: Vec<String> = events.into_iter().map(Json::to_string).collect();
    ingest_lines(engine, lines.iter().map(String::as_str))
}

/// A run as the command prints it.
pub(crate) fn run(engine: &Engine, ingested: &Ingested) -> String {
    let run = engine.run(&ingested.profiles, now()).unwrap();
    serde_json::to_string(&run).unwrap()
}
