//! What a line comes to by itself, before it is known what others say: the events in it, each checked and decoded.
//!
//! That depends on the line and the settings alone, so lines can be read in any order, and several at once.

use super::batch;
use super::decode::{Content, decode};
use super::event::Event;
use super::input::{Input, Raw};
use super::lines::{self, LONGEST_LINE, Line};
use super::reject::{Refusal, RejectCode};
use super::shared::Shared;
use super::{LARGEST_EVENT, Settings};
use crate::value::{JsonError, Look, Tree, Value};

/// What one event came to.
pub(super) enum Outcome<'t> {
    /// It is accepted.
    Event(Event, Raw<'t>),
    /// It is from after `now`.
    Later,
    Refused(Refusal, Input),
}

/// What lines are read by.
#[derive(Clone, Copy)]
pub(super) struct How<'s> {
    pub(super) settings: &'s Settings,
    pub(super) content: Content,
}

/// Reads lines.
pub(super) struct Reading<'s, 't> {
    how: How<'s>,
    shared: &'s mut Shared,
    /// Room for the JSON of a line.
    tree: Tree<'t>,
}

impl<'s, 't> Reading<'s, 't> {
    pub(super) fn new(how: How<'s>, shared: &'s mut Shared) -> Self {
        Reading {
            how,
            shared,
            tree: Tree::default(),
        }
    }

    /// Reads a line, without its end: an event or a batch of them (EV-6), each of which is given with its number in the line.
    /// A blank line is nothing.
    pub(super) fn line(&mut self, number: u64, line: Line<'t>, mut give: impl FnMut(u32, Outcome<'t>)) {
        let bytes = match line {
            Line::Whole(bytes) => bytes,
            Line::Cut(bytes) => {
                let reason = format!("the line has more than {LONGEST_LINE} bytes; only its beginning is kept");
                let refusal = RejectCode::EventTooLarge.because(reason);
                let input = Input::of_bytes(lines::whole_characters(bytes));
                return give(0, Outcome::Refused(refusal, input));
            }
        };
        let bytes = match bytes.strip_prefix("\u{feff}".as_bytes()) {
            Some(rest) if number == 1 => rest,
            _ => bytes,
        };
        let bytes = lines::trim(bytes);
        if bytes.is_empty() {
            return;
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            let refusal = RejectCode::BadRequest.because("the line is not UTF-8");
            return give(0, Outcome::Refused(refusal, Input::of_bytes(bytes)));
        };
        let event = self.tree.read(text).map_err(|error| unread(text, error));
        let batch = match event {
            Ok(event) if batch::is_batch(event) => event.to_value(self.shared.keys()),
            event => {
                let event = event.and_then(|event| small(event, text.len()));
                return give(0, outcome(event, Raw::of_text(text), self.how, self.shared));
            }
        };
        match batch::items(batch, text.len(), LARGEST_EVENT) {
            Err(refusal) => give(0, Outcome::Refused(refusal, Input::of_text(text))),
            Ok(items) => {
                for (number, item) in (0..).zip(items) {
                    give(number, self.value(item.event.as_ref(), item.raw));
                }
            }
        }
    }

    /// Looks at an event that is there as a value, or refused already.
    pub(super) fn value(&mut self, event: Result<&Value, &Refusal>, raw: Raw<'t>) -> Outcome<'t> {
        outcome(event.map_err(Refusal::clone), raw, self.how, self.shared)
    }
}

fn outcome<'v, 't>(
    event: Result<impl Look<'v>, Refusal>,
    raw: Raw<'t>,
    how: How<'_>,
    shared: &mut Shared,
) -> Outcome<'t> {
    let How { settings, content } = how;
    let Settings {
        identity,
        received_at,
        now,
        ..
    } = settings;
    match event.and_then(|event| decode(event, identity, *received_at, content, shared)) {
        Err(refusal) => Outcome::Refused(refusal, raw.into()),
        Ok(event) if event.times.earlier() > *now => Outcome::Later,
        Ok(event) => Outcome::Event(event, raw),
    }
}

/// Why a line is refused that is no JSON to be taken, with the codes in the order of EV-17a: what is not JSON, then what is
/// too large, then what JSON may not hold.
fn unread(text: &str, error: JsonError) -> Refusal {
    let code = match error {
        JsonError::DuplicateKey(_) => RejectCode::DuplicateKey,
        JsonError::TooDeep => RejectCode::TooDeep,
        JsonError::Invalid(_) => return RejectCode::BadRequest.because(error.to_string()),
    };
    if !text.starts_with('{') {
        return RejectCode::BadRequest.because("the event is not an object");
    }
    if text.len() > LARGEST_EVENT {
        let largest = if batch::is_batch_text(text) {
            batch::LARGEST_BATCH
        } else {
            LARGEST_EVENT
        };
        if text.len() > largest {
            return batch::too_large(text.len(), largest);
        }
    }
    code.because(error.to_string())
}

/// The event, if it is no larger than one may be. What is no object is refused for that.
pub(super) fn small<'v, V: Look<'v>>(event: V, length: usize) -> Result<V, Refusal> {
    if length > LARGEST_EVENT && event.object().is_some() {
        return Err(batch::too_large(length, LARGEST_EVENT));
    }
    Ok(event)
}
