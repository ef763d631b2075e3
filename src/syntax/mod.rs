//! The text of definitions: the syntax tree, and the way from text to tree.
//!
//! `lex` finds words, `split` finds items, `grammar` parses each by `grammar/audience.pest`, `build` makes the tree,
//! `diagnose` puts the grammar's errors into an author's words, and `suggest` tries out which of its helps are plain edits. Names are not looked up here: a tree can be sound
//! and still speak of audiences that do not exist.

pub mod ast;

mod build;
mod date;
mod diagnose;
mod grammar;
mod lex;
mod parse;
mod split;
mod stack;
mod suggest;

pub use parse::{MAX_FILE, parse};
