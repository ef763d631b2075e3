//! The sentences of language.md that no other test holds, in its order: definitions as text, events as JSON, and who is a
//! member. Which test holds which sentence is listed in `tests/sentences.md`.

mod accounts;
mod cases;
mod checked;
mod computed;
mod conditions;
mod files;
mod grammar;
mod support;
mod time;
mod values;
