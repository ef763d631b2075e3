//! The text of definitions: the syntax tree, and the way from text to tree.

pub mod ast;
