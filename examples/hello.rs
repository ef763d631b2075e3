//! Three statements to a first result: load a workspace, take events in, ask who matches and where they may go.
//!
//! `cargo run --example hello`

use std::fs::File;
use std::io::{self, BufReader, Write};

use volens::{Engine, Timestamp};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let now: Timestamp = "2026-06-30T00:00:00Z".parse()?;
    let events = BufReader::new(File::open("examples/shop/events.jsonl")?);

    let engine = Engine::load("examples/shop")?;
    let people = engine.ingest(events, now)?.profiles;
    let run = engine.run(&people, now)?;

    let mut out = io::stdout().lock();
    for audience in &run.audiences {
        writeln!(out, "{} has {} members", audience.name, audience.size)?;
        for destination in &audience.destinations {
            writeln!(
                out,
                "  {}: {} may be delivered, {} may not",
                destination.name,
                destination.delivered.len(),
                destination.filtered.len()
            )?;
        }
    }
    Ok(())
}
