//! What the command can be told: its subcommands with their arguments, as `clap` reads them and helps with them. Nothing is done here.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::{clock, schema};
use crate::engine::Executor;
use crate::sql::Dialect;
use crate::time::{Duration, Timestamp, TimestampError};

#[derive(Debug, Parser)]
#[command(
    name = "volens",
    version,
    about = "Marketing audiences that respect consent",
    max_term_width = 100
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check definitions: every error and warning, and one line for each audience that is accepted
    Check {
        #[command(flatten)]
        workspace: WorkspaceArguments,
        #[command(flatten)]
        format: FormatArguments,
        /// Take warnings for errors: end with exit code 1 where there is one
        #[arg(long, value_enum, value_name = "WHAT")]
        deny: Option<Deny>,
    },
    /// Put definitions into canonical form, comments kept
    ///
    /// Rewrites the files that are not in it. A file with syntax errors stays as it is.
    Fmt {
        /// An .audience file, or a folder: every .audience file below it; `-` formats standard input to standard output
        #[arg(value_name = "WORKSPACE")]
        path: PathBuf,
        /// Change nothing; say which files would be, and exit with 1 if there are any
        #[arg(long)]
        check: bool,
        /// Read definitions in another form, and print their text: `json`, as `volens ir --ast` writes it
        #[arg(long, value_enum, value_name = "FORM", conflicts_with_all = ["check", "format"])]
        from: Option<Source>,
        #[command(flatten)]
        format: FormatArguments,
    },
    /// Take events in, evaluate every audience, decide every delivery
    ///
    /// The text shows how many; `--format json` lists every member, and who was filtered for want of which consent.
    #[command(override_usage = "volens run <WORKSPACE> (--events <FILE>...|--store <DIR>) [OPTIONS]")]
    Run {
        #[command(flatten)]
        workspace: WorkspaceArguments,
        #[command(flatten)]
        events: EventArguments,
        /// How many members two audiences have together, and each alone; may be given several times
        #[arg(long, value_name = "A,B")]
        overlap: Vec<String>,
        /// Also show how many members of each audience have an identifier of each type; JSON always has it
        #[arg(long)]
        identifiers: bool,
        /// What evaluates the profiles; the result is the same
        #[arg(long, value_enum, value_name = "EXECUTOR", default_value_t = ExecutorArgument::Auto)]
        executor: ExecutorArgument,
        #[command(flatten)]
        format: FormatArguments,
    },
    /// Show one profile: identifiers, traits, audiences, accounts, consent and its history, recent events; or one account
    #[command(
        override_usage = "volens profile <WORKSPACE> (--events <FILE>...|--store <DIR>) --profile <TYPE:VALUE> [OPTIONS]"
    )]
    Profile {
        #[command(flatten)]
        workspace: WorkspaceArguments,
        #[command(flatten)]
        events: EventArguments,
        #[command(flatten)]
        format: FormatArguments,
        /// The profile, by any of its identifiers, as TYPE:VALUE (such as user_id:u1), or an account (group_id:acme)
        #[arg(long, value_name = "TYPE:VALUE")]
        profile: String,
    },
    /// Tell why a profile or account is in an audience or not, condition by condition, and what becomes of it at each destination
    #[command(
        override_usage = "volens explain <WORKSPACE> (--events <FILE>...|--store <DIR>) --audience <NAME> --profile <TYPE:VALUE> [OPTIONS]"
    )]
    Explain {
        #[command(flatten)]
        workspace: WorkspaceArguments,
        #[command(flatten)]
        events: EventArguments,
        #[command(flatten)]
        format: FormatArguments,
        /// The audience
        #[arg(long, value_name = "NAME")]
        audience: String,
        /// The profile, by any of its identifiers, as TYPE:VALUE (such as user_id:u1), or an account (group_id:acme)
        #[arg(long, value_name = "TYPE:VALUE")]
        profile: String,
        /// Only this destination
        #[arg(long, value_name = "NAME")]
        destination: Option<String>,
    },
    /// Tell where each raw event may go, and why not: its own consent object decides, and its integrations object
    ///
    /// Each `messageId` goes out once. The text ends with how many reached each destination; `--format json` prints one
    /// object a line for each accepted event.
    #[command(override_usage = "volens route <WORKSPACE> --events <FILE>... [OPTIONS]")]
    Route {
        #[command(flatten)]
        workspace: WorkspaceArguments,
        #[command(flatten)]
        arguments: RouteArguments,
        #[command(flatten)]
        format: FormatArguments,
    },
    /// Follow events one by one: who enters an audience and who leaves, as messages for each destination, one JSON object a line
    ///
    /// Time moves with the events. What falls due between two events is put out at its own instant, before the second. With
    /// --store, what was done is taken up where it was left, and a message that may not have arrived is put out again, byte by
    /// byte the same.
    #[command(override_usage = "volens stream <WORKSPACE> (--events <FILE>...|--store <DIR>) [OPTIONS]")]
    Stream {
        #[command(flatten)]
        workspace: WorkspaceArguments,
        #[command(flatten)]
        arguments: StreamArguments,
    },
    /// The Delivery Overview: step by step how many came in, how many were held back and why, how many may be delivered
    ///
    /// Samples name profiles and are personal data; `--samples 0` leaves counts alone.
    #[command(override_usage = "volens overview <WORKSPACE> (--events <FILE>...|--store <DIR>) [OPTIONS]")]
    Overview {
        #[command(flatten)]
        workspace: WorkspaceArguments,
        #[command(flatten)]
        events: EventArguments,
        #[command(flatten)]
        format: FormatArguments,
        /// Write a page of HTML to this file, too: it opens in any browser, and asks no network for anything
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        /// How many samples to show of each reason, at most 10
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(0..=10))]
        samples: u8,
    },
    /// Store events durably, each once: feeding the same files again applies nothing twice
    ///
    /// A refused event never stops it. When it ends, all that it counts is on the disk.
    #[command(override_usage = "volens ingest <WORKSPACE> --store <DIR> --events <FILE>... [OPTIONS]")]
    Ingest {
        #[command(flatten)]
        workspace: WorkspaceArguments,
        /// The folder of the store; it is made if it is not there
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
        #[command(flatten)]
        arguments: IngestArguments,
        #[command(flatten)]
        format: FormatArguments,
    },
    /// Erase a person from a store, for good: events, traits, identifiers, consent
    ///
    /// The same events are refused when they come again. A line without personal data is added to `audit.jsonl` in the store.
    Forget {
        #[command(flatten)]
        workspace: WorkspaceArguments,
        /// The folder of the store
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
        /// The profile, by any of its identifiers, as TYPE:VALUE (such as user_id:u1)
        #[arg(long, value_name = "TYPE:VALUE")]
        profile: String,
        /// The instant that is noted [default: the clock]
        #[arg(long, value_name = "TIMESTAMP", value_parser = timestamp)]
        now: Option<Timestamp>,
        #[command(flatten)]
        format: FormatArguments,
    },
    /// Show what definitions compile to: the predicate IR
    Ir {
        #[command(flatten)]
        workspace: WorkspaceArguments,
        #[command(flatten)]
        format: FormatArguments,
        /// Only this audience, with those that it refers to
        #[arg(long, value_name = "NAME")]
        audience: Option<String>,
        /// The definitions themselves as JSON, which `volens fmt --from json` reads, instead of what they compile to
        #[arg(long, conflicts_with = "format")]
        ast: bool,
    },
    /// Write an audience as one SQL query for an engine that has the events already
    ///
    /// What it reads stands in the guide of warehouses, and `--tables` prints it. A query finds the members as of one instant, which
    /// must be given; with `--deliveries` those whom each destination may receive.
    #[command(
        override_usage = "volens sql <WORKSPACE> --dialect <DIALECT> (--audience <NAME>|--all) --now <TIMESTAMP> [OPTIONS]\n       volens sql <WORKSPACE> --dialect <DIALECT> (--tables|--check)"
    )]
    Sql {
        #[command(flatten)]
        workspace: WorkspaceArguments,
        #[command(flatten)]
        arguments: SqlArguments,
    },
    /// Write the tables that the queries of `volens sql` read, as Parquet files (feature `parquet`)
    ///
    /// Traits and consent stand in them as of one instant, so ask as of that. The table of identifiers tells whom a `profile_id`
    /// is, and is personal data.
    #[command(
        override_usage = "volens export <WORKSPACE> (--events <FILE>...|--store <DIR>) --parquet <DIR> [OPTIONS]"
    )]
    Export {
        #[command(flatten)]
        workspace: WorkspaceArguments,
        #[command(flatten)]
        events: EventArguments,
        /// The folder of the tables, which must not be there yet, or be empty
        #[arg(long, value_name = "DIR")]
        parquet: PathBuf,
        /// Replace the export that is in that folder; whatever else is there stays, and is an error
        #[arg(long)]
        replace: bool,
        /// Put the events of each name into folders by their day in UTC, too
        #[arg(long)]
        by_day: bool,
        #[command(flatten)]
        format: FormatArguments,
    },
    /// Print declarations of events, properties and traits, from a tracking plan or from what was sent
    #[command(subcommand)]
    Schema(schema::Command),
    /// Run the cases of the test files (*.test.audience) of a workspace, or of all workspaces below a folder
    Test {
        /// A folder, an .audience file with a .test.audience file of its name beside it, or a .test.audience file
        #[arg(value_name = "WORKSPACE", required = true, num_args = 1..)]
        paths: Vec<PathBuf>,
        /// Only tests whose name contains this text
        #[arg(long, value_name = "TEXT")]
        filter: Option<String>,
        /// Write the outcome to this file too, as JUnit XML
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        #[command(flatten)]
        format: FormatArguments,
    },
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["audience", "all", "tables", "check"])))]
pub(super) struct SqlArguments {
    /// The engine: spark, duckdb or datafusion
    #[arg(long, value_name = "DIALECT")]
    pub(super) dialect: Dialect,
    /// The audience
    #[arg(long, value_name = "NAME", requires = "now")]
    pub(super) audience: Option<String>,
    /// All audiences in one query: a row for each person, with a column for each answer
    #[arg(long, requires = "now", conflicts_with = "deliveries")]
    pub(super) all: bool,
    /// Whom each destination may receive, by consent, instead of the members
    #[arg(long, conflicts_with_all = ["tables", "check"])]
    pub(super) deliveries: bool,
    /// The statements that create the tables which the queries of the workspace read
    #[arg(long)]
    pub(super) tables: bool,
    /// A query for the columns that have another type there than the queries count on; it has no row where all is well
    #[arg(long)]
    pub(super) check: bool,
    /// The instant that the query is as of
    #[arg(long, value_name = "TIMESTAMP", value_parser = timestamp, conflicts_with_all = ["tables", "check"])]
    pub(super) now: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(super) struct WorkspaceArguments {
    /// An .audience file, or a folder: every .audience file below it
    #[arg(value_name = "WORKSPACE")]
    pub(super) path: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct FormatArguments {
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Deny {
    /// Every warning
    Warnings,
}

/// The forms of definitions that `fmt` reads besides text.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Source {
    /// Their tree as JSON
    Json,
}

#[derive(Debug, Args)]
pub(super) struct EventArguments {
    /// Files of events, one JSON object a line; `.gz` is unpacked, `-` is standard input
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "store", conflicts_with = "store")]
    pub(super) events: Vec<PathBuf>,
    /// A store of events, which `volens ingest` writes, instead of files
    #[arg(long, value_name = "DIR", conflicts_with_all = ["received_at", "rejects"])]
    pub(super) store: Option<PathBuf>,
    /// The instant that everything is evaluated as of [default: the clock]
    #[arg(long, value_name = "TIMESTAMP", value_parser = timestamp)]
    pub(super) now: Option<Timestamp>,
    /// When events without any time count as received [default: now]
    #[arg(long, value_name = "TIMESTAMP", value_parser = timestamp)]
    pub(super) received_at: Option<Timestamp>,
    /// Write each refused event to this file, with the reason, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub(super) rejects: Option<PathBuf>,
    /// On how many threads events are read, and profiles evaluated [default: as many as the machine runs at once]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Args)]
pub(super) struct RouteArguments {
    /// Files of events, one JSON object a line; `.gz` is unpacked, `-` is standard input
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    pub(super) events: Vec<PathBuf>,
    /// What decides about an event without a consent object
    #[arg(long, value_enum, value_name = "POLICY", default_value_t = PolicyArgument::Documented)]
    pub(super) policy: PolicyArgument,
    /// With `--policy strict`: the store that has the profiles; without it they are made of the events themselves
    #[arg(long, value_name = "DIR", conflicts_with = "received_at")]
    pub(super) store: Option<PathBuf>,
    /// With `--policy strict`: the instant that the profiles are as of [default: the clock]
    #[arg(long, value_name = "TIMESTAMP", value_parser = timestamp)]
    pub(super) now: Option<Timestamp>,
    /// With `--policy strict`: when events without any time count as received [default: now]
    #[arg(long, value_name = "TIMESTAMP", value_parser = timestamp)]
    pub(super) received_at: Option<Timestamp>,
    /// Write each refused event to this file, with the reason, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub(super) rejects: Option<PathBuf>,
}

/// What evaluates many profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExecutorArgument {
    /// The one that is expected to be faster
    Auto,
    /// One profile after the other
    Scalar,
    /// All profiles laid out in columns
    Columnar,
}

impl From<ExecutorArgument> for Executor {
    fn from(argument: ExecutorArgument) -> Self {
        match argument {
            ExecutorArgument::Auto => Executor::Auto,
            ExecutorArgument::Scalar => Executor::Scalar,
            ExecutorArgument::Columnar => Executor::Columnar,
        }
    }
}

/// What decides about an event without a consent object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PolicyArgument {
    /// Nothing: it goes everywhere, as Segment documents it
    Documented,
    /// The consent that is stored of its person; of somebody unknown nothing is granted
    Strict,
}

#[derive(Debug, Args)]
pub(super) struct StreamArguments {
    /// Files of events, one JSON object a line; `.gz` is unpacked, `-` is standard input
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "store")]
    pub(super) events: Vec<PathBuf>,
    /// Keep the events, and what each destination was sent, in this folder; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(super) store: Option<PathBuf>,
    /// Keep only so much history, such as "400 days": as time goes on, what is older is dropped for good. Identities, traits and consent stay
    #[arg(long, value_name = "DURATION", value_parser = length)]
    pub(super) retain: Option<Duration>,
    /// Let time move on to this instant after the last event
    #[arg(long, value_name = "TIMESTAMP", value_parser = timestamp)]
    pub(super) until: Option<Timestamp>,
    /// In the end send every member again, and take those out that destinations hold without consent: of this audience, or of all
    #[arg(long, value_name = "AUDIENCE", num_args = 0..=1, require_equals = true)]
    pub(super) resync: Option<Option<String>>,
    /// Events from after this instant wait until time has come to it; those without any time count as received then [default: the clock]
    #[arg(long, value_name = "TIMESTAMP", value_parser = timestamp)]
    pub(super) now: Option<Timestamp>,
    /// What messages call the space [default: spa_default]
    #[arg(long, value_name = "NAME")]
    pub(super) space: Option<String>,
    /// The key of an audience that was deleted, and may be used again because it is the same audience; may be given several times
    #[arg(long, value_name = "AUDIENCE")]
    pub(super) reuse: Vec<String>,
    /// Write each refused event to this file, with the reason, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub(super) rejects: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct IngestArguments {
    /// Files of events, one JSON object a line; `.gz` is unpacked, `-` is standard input
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "retain")]
    pub(super) events: Vec<PathBuf>,
    /// Keep only so much history, such as "400 days": what is older is dropped for good. Identities, traits and consent stay
    #[arg(long, value_name = "DURATION", value_parser = length)]
    pub(super) retain: Option<Duration>,
    /// The instant after which events count as later; they are stored, too [default: the clock]
    #[arg(long, value_name = "TIMESTAMP", value_parser = timestamp)]
    pub(super) now: Option<Timestamp>,
    /// When events without any time count as received [default: now]
    #[arg(long, value_name = "TIMESTAMP", value_parser = timestamp)]
    pub(super) received_at: Option<Timestamp>,
    /// Write each refused event to this file, with the reason, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub(super) rejects: Option<PathBuf>,
    /// On how many threads events are read [default: as many as the machine runs at once]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
}

impl EventArguments {
    pub(super) fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(clock)
    }
}

fn timestamp(text: &str) -> Result<Timestamp, TimestampError> {
    text.parse()
}

/// A length of history that is kept.
fn length(text: &str) -> Result<Duration, String> {
    match text.parse::<Duration>() {
        Ok(length) if length.as_millis() > 0 => Ok(length),
        Ok(_) => Err("nothing would be kept: write a length such as `400 days`".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
