//! Makes the events of the example workspaces, as JSON lines. The same bytes on every machine:
//!
//! ```text
//! cargo run --example generate -- shop > examples/shop/events.jsonl
//! ```

#![allow(clippy::indexing_slicing)] // a JSON object takes any key, and a pick is always in range

mod kit;
#[path = "../media/generate.rs"]
mod media;
#[path = "../saas/generate.rs"]
mod saas;
#[path = "../shop/generate.rs"]
mod shop;

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> io::Result<ExitCode> {
    let name = std::env::args().nth(1);
    let lines = match name.as_deref() {
        Some("media") => media::lines(),
        Some("saas") => saas::lines(),
        Some("shop") => shop::lines(),
        _ => {
            eprintln!("say which events to make: media, saas or shop");
            return Ok(ExitCode::from(2));
        }
    };
    let text = lines.join("\n") + "\n";
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
