//! What the tests of the syntax room share.

#![allow(
    dead_code,
    reason = "each test file uses some of it; what is no test function here serves tests alone"
)]

use std::fmt::Write;

use volens::diagnostic::{Code, Diagnostic};
use volens::span::{FileId, Sources};
use volens::syntax::ast::File;
use volens::syntax::parse;

pub(crate) fn sound(text: &str) -> File {
    let (file, errors) = parse(FileId(0), text);
    assert!(errors.is_empty(), "{}", shown(text, &errors));
    file
}

pub(crate) fn shown(text: &str, errors: &[Diagnostic]) -> String {
    let mut sources = Sources::default();
    sources.add("x", text);
    errors.iter().fold(String::new(), |mut out, error| {
        let _ = writeln!(out, "{}", error.to_text(&sources));
        out
    })
}

pub(crate) fn codes(text: &str) -> Vec<Code> {
    parse(FileId(0), text).1.into_iter().map(|error| error.code).collect()
}

/// `audience a { who … }`
pub(crate) fn audience(condition: &str) -> String {
    format!("audience a {{\n  who {condition}\n}}\n")
}

// ---- trees
