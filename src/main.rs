//! The `volens` command.

fn main() {}
