//! The text of definitions: the syntax tree, and the way from text to tree.
//!
//! `lex` finds words, `split` finds items, `grammar` parses each by `grammar/audience.pest`, `build` makes the tree,
//! and `diagnose` puts the grammar's errors into an author's words. Names are not looked up here: a tree can be sound
//! and still speak of audiences that do not exist.

pub mod ast;
pub mod cases;

mod build;
mod date;
mod diagnose;
mod grammar;
mod lex;
mod parse;
mod split;
mod stack;

pub use parse::{MAX_FILE, parse};
