//! `volens sql`

use std::io::Write;
use std::path::Path;

use super::arguments::SqlArguments;
use super::{Failure, Streams, load};
use crate::ir::{AudienceSlot, Program};
use crate::sql::{self, Dialect, Unsupported};
use crate::time::Timestamp;

pub(super) fn sql(path: &Path, arguments: &SqlArguments, streams: &mut Streams) -> Result<u8, Failure> {
    let engine = load(path, streams)?;
    let (program, dialect) = (engine.program(), arguments.dialect);
    let query = match (&arguments.audience, arguments.now) {
        (Some(name), Some(now)) => {
            let audience = super::audience(&engine, name)?;
            let write = if arguments.deliveries {
                sql::deliveries
            } else {
                sql::members
            };
            write(program, audience, dialect, now).map_err(|error| refused(name, &error))?
        }
        (None, Some(now)) => match sql::all(program, dialect, now) {
            Ok(query) => query,
            Err(error) => return Err(first_refused(program, dialect, now, &error)),
        },
        (_, None) if arguments.check => sql::checks(program, dialect),
        (_, None) => sql::tables(program, dialect),
    };
    write!(streams.out, "{query}")?;
    Ok(0)
}

fn refused(audience: &str, error: &Unsupported) -> Failure {
    Failure::Other(format!("audience `{audience}`: {error}"))
}

/// Says which audience it is that has no form.
fn first_refused(program: &Program, dialect: Dialect, now: Timestamp, error: &Unsupported) -> Failure {
    let slots = (0..).map(AudienceSlot);
    let mut each = slots.zip(&program.audiences);
    let found = each.find(|(slot, _)| sql::members(program, *slot, dialect, now).is_err());
    refused(found.map_or("", |(_, audience)| &audience.name), error)
}
