//! Definitions as JSON: `volens fmt --from json` and `volens ir --ast`.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use super::{Failure, Streams, json, problems};
use crate::diagnostic::visible;
use crate::engine::Engine;
use crate::syntax::ast::{self, Item};
use crate::syntax::{self, JsonError};

/// Prints the text of definitions that are given as JSON.
pub(super) fn print(path: &Path, streams: &mut Streams) -> Result<u8, Failure> {
    let name = visible(&path.display().to_string());
    let unreadable = |error: std::io::Error| Failure::Other(format!("cannot read `{name}`: {error}"));
    let mut bytes = Vec::new();
    // One byte more than there may be is enough to see that it is too long.
    let most = syntax::MAX_JSON as u64 + 1;
    if path.as_os_str() == "-" {
        (&mut streams.input)
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
    } else {
        let file = File::open(path).map_err(unreadable)?;
        file.take(most).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    // One that is too long says so first: it is cut, perhaps within a character.
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.as_bytes().len() > syntax::MAX_JSON => {
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        }
        Err(_) => {
            writeln!(streams.err, "error: `{name}`: this is not UTF-8 text")?;
            return Ok(1);
        }
    };
    match syntax::from_json(&text) {
        Ok(file) => {
            streams.out.write_all(syntax::print(&file).as_bytes())?;
            Ok(0)
        }
        Err(JsonError::Syntax(diagnostic, sources)) => {
            writeln!(
                streams.err,
                "error: `{name}`: this cannot be written as a definition:\n"
            )?;
            problems::print(&[*diagnostic], 1, &sources, streams)?;
            Ok(1)
        }
        Err(error) => {
            writeln!(streams.err, "error: `{name}`: {error}")?;
            Ok(1)
        }
    }
}

/// Prints the tree of a workspace, or of one audience, as JSON.
pub(super) fn tree(engine: &Engine, audience: Option<&str>, streams: &mut Streams) -> Result<u8, Failure> {
    let sources = engine.sources();
    let files = sources.ids().map(|id| syntax::parse(id, sources.text(id)).0);
    let wanted = |item: &Item| match (audience, item) {
        (None, _) => true,
        (Some(name), Item::Audience(audience)) => *audience.name.text == *name,
        (Some(_), _) => false,
    };
    let file = ast::File {
        items: files.flat_map(|file| file.items).filter(wanted).collect(),
        comments: Vec::new(),
        broken: Vec::new(),
    };
    json(&syntax::to_json(&file), streams)?;
    Ok(0)
}
