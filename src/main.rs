//! The `volens` command: see [`volens::cli`].

#![forbid(unsafe_code)]

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use volens::cli::{self, Streams};

fn main() -> ExitCode {
    let mut streams = Streams {
        input: Box::new(io::stdin().lock()),
        out: Box::new(io::BufWriter::new(io::stdout().lock())),
        err: Box::new(io::stderr()),
        err_is_terminal: io::stderr().is_terminal(),
    };
    cli::main(std::env::args_os(), &mut streams)
}
