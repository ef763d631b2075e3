//! `volens schema import` and `volens schema infer`

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Failure, Streams, clock, events};
use crate::diagnostic::visible;
use crate::engine::format;
use crate::ingest::Said;
use crate::schema::{self, Declarations, ImportError, Inference, Subject, Thresholds};

/// The largest plan that is read, in bytes: one more than may be imported, so that the limit is told.
const LARGEST: u64 = (64 << 20) + 1;
/// The largest file of definitions (language.md, Limits).
const LARGEST_FILE: usize = 1 << 20;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// From a Segment tracking plan (Public API or Config API), or from a JSON Schema file
    Import {
        /// The file, `-` for standard input
        #[arg(value_name = "PLAN")]
        plan: PathBuf,
        /// The file is the JSON Schema of this event's properties [default: its title]
        #[arg(long, value_name = "NAME", conflicts_with_all = ["traits", "account_traits"])]
        event: Option<String>,
        /// The file is the JSON Schema of the traits of users
        #[arg(long, conflicts_with = "account_traits")]
        traits: bool,
        /// The file is the JSON Schema of the traits of accounts
        #[arg(long)]
        account_traits: bool,
    },
    /// Proposed from events: types as they were sent, and values that many people share
    Infer {
        /// Files of events, one JSON object a line; `.gz` is unpacked, `-` is standard input
        #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
        events: Vec<PathBuf>,
        /// How many people have to share a value before it is printed
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(2..=1000))]
        min_people: u16,
        /// How many events a list of values has to rest on
        #[arg(long, value_name = "N", default_value_t = 100)]
        min_events: u64,
    },
}

pub(super) fn schema(command: &Command, streams: &mut Streams) -> Result<u8, Failure> {
    let declared = match command {
        Command::Import {
            plan,
            event,
            traits,
            account_traits,
        } => {
            let of = match (event, traits, account_traits) {
                (Some(name), ..) => Some(Subject::Event(name.as_str().into())),
                (_, true, _) => Some(Subject::Traits),
                (_, _, true) => Some(Subject::AccountTraits),
                _ => None,
            };
            import(plan, of, streams)?
        }
        Command::Infer {
            events,
            min_people,
            min_events,
        } => {
            let thresholds = Thresholds {
                people: usize::from(*min_people),
                events: *min_events,
            };
            infer(events, thresholds, streams)?
        }
    };
    print(&declared, streams)?;
    Ok(0)
}

fn import(path: &Path, of: Option<Subject>, streams: &mut Streams) -> Result<Declarations, Failure> {
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        (&mut streams.input).take(LARGEST).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
    };
    read.map_err(|error| events::cannot("read", path, &error))?;
    let name = visible(&path.display().to_string());
    let text =
        String::from_utf8(bytes).map_err(|_| Failure::Other(format!("cannot read `{name}`: it is not UTF-8")))?;
    schema::import(&text, of).map_err(|error| {
        let help = match error {
            ImportError::OfWhat => "; say so with `--event NAME`, `--traits` or `--account-traits`",
            _ => "",
        };
        Failure::Other(format!("cannot import `{name}`: {}{help}", visible(&error.to_string())))
    })
}

fn infer(paths: &[PathBuf], thresholds: Thresholds, streams: &mut Streams) -> Result<Declarations, Failure> {
    let mut inference = Inference::new(thresholds);
    events::survey(paths, clock(), streams, |person, said| match said {
        Said::Event { name, properties } => inference.event(person, name, properties),
        Said::Traits(traits) => inference.traits(person, traits),
        Said::AccountTraits(traits) => inference.account_traits(person, traits),
    })?;
    Ok(inference.finish())
}

fn print(declared: &Declarations, streams: &mut Streams) -> Result<(), Failure> {
    let plain = declared.to_string();
    // As `volens fmt` would have it; what is too long for one file stays as it is, and is told below.
    let text = format("declarations", &plain).unwrap_or(plain);
    write!(streams.out, "{text}")?;
    streams.out.flush()?;
    if declared.is_empty() {
        writeln!(streams.err, "there is nothing to declare in it")?;
    }
    let remarks = declared.remarks();
    if remarks > 0 {
        let lines = if remarks == 1 {
            "one comment says"
        } else {
            "the comments say"
        };
        writeln!(
            streams.err,
            "{lines} what a declaration cannot, or what it rests on; look at them before you use it"
        )?;
    }
    if text.len() > LARGEST_FILE {
        writeln!(
            streams.err,
            "warning: this is more than the 1 MiB that one file of definitions may have: split it into several"
        )?;
    }
    Ok(())
}
