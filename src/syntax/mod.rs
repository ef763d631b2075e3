//! The text of definitions: the syntax tree, and the way from text to tree.
//!
//! `lex` finds words, `split` finds items, `grammar` parses each by `grammar/audience.pest`, `build` makes the tree,
//! `diagnose` puts the grammar's errors into an author's words, `suggest` tries out which of its helps are plain edits, and
//! `print` goes the way back. Names are not looked up here: a tree can be sound
//! and still speak of audiences that do not exist.

pub mod ast;
pub mod cases;

mod build;
mod date;
mod diagnose;
mod grammar;
mod json;
mod lex;
mod parse;
mod places;
mod print;
mod split;
mod stack;
mod suggest;

pub use json::{JSON_FORMAT, JsonError, MAX_JSON, from_json, to_json};
pub use parse::{MAX_FILE, parse};
pub use print::{Unformatted, format, print};
