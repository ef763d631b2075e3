//! `volens ir`

use std::io::Write;
use std::path::Path;

use super::arguments::Format;
use super::{Failure, Streams, definitions, json, load};
use crate::render;

pub(super) fn ir(
    path: &Path,
    audience: Option<&str>,
    ast: bool,
    format: Format,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    let engine = load(path, streams)?;
    let program = engine.program();
    let only = match audience {
        Some(name) => Some(super::audience(&engine, name)?),
        None => None,
    };
    if ast {
        return definitions::tree(&engine, audience, streams);
    }
    match (format, only) {
        (Format::Json, None) => json(program, streams)?,
        (Format::Json, Some(audience)) => json(&program.only(audience), streams)?,
        (Format::Text, only) => write!(streams.out, "{}", render::program(program, only))?,
    }
    Ok(0)
}
