//! `grammar/test.pest`, made into a parser. The derive writes public items without docs; they stay in here.

#![allow(
    missing_docs,
    reason = "the derive writes them; each rule is described in the grammar"
)]

use pest_derive::Parser;

#[derive(Parser)]
#[grammar = "../grammar/words.pest"]
#[grammar = "../grammar/test.pest"]
pub(super) struct Grammar;
