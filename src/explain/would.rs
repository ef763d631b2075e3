//! What would change an answer, in a sentence.

use std::fmt;

use serde::{Serialize, Serializer};

use super::words;
use crate::consent::ConsentState;

/// As many conditions as a sentence names.
const NAMED: usize = 5;

/// The fewest changes that turn an answer round: of consent alone for a destination, of conditions and consent for the
/// membership. Serialises as its sentence, which [`Display`](fmt::Display) prints.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WouldChange {
    /// Consent that would have to be given or refused: the categories, each `Granted` or `Denied`.
    pub consent: Vec<(String, ConsentState)>,
    /// Conditions that would have to turn round, in their author's order: what is written there in one line, shortened, and
    /// whether it would have to hold. Several occurrences of a condition are one, the first.
    pub conditions: Vec<(String, bool)>,
    /// Whether an identifier of a person would have to be known, without which nobody is a member.
    pub identifier: bool,
    /// Whether it would be a member; `None` where that stays as it is.
    pub member: Option<bool>,
    /// The destination where that would change what is delivered, and whether it would be delivered there; `None` where only
    /// the membership is looked at.
    pub destination: Option<(String, bool)>,
}

impl WouldChange {
    /// Whether it is about the membership alone, or this destination.
    pub(super) fn is_of(&self, destination: &str) -> bool {
        self.destination.as_ref().is_none_or(|(name, _)| name == destination)
    }

    /// What would have to change, and for what: `("consent to Advertising", "would", …)`
    fn consents(&self) -> String {
        let of = |wanted: ConsentState| {
            let fitting = self.consent.iter().filter(|(_, state)| *state == wanted);
            let names: Vec<String> = fitting.map(|(category, _)| words::name(category)).collect();
            (!names.is_empty()).then(|| words::and(&names))
        };
        let given = of(ConsentState::Granted).map(|names| format!("consent to {names}"));
        let refused = of(ConsentState::Denied).map(|names| format!("refusing {names}"));
        let both: Vec<String> = given.into_iter().chain(refused).collect();
        words::and(&both)
    }

    /// The parts that would have to change: who, and what each would have to do.
    fn parts(&self) -> Vec<(String, &'static str)> {
        let mut parts = Vec::new();
        if self.identifier {
            parts.push(("an identifier of a person".to_owned(), "be known"));
        }
        for (holds, verb) in [(true, "hold"), (false, "no longer hold")] {
            let fitting = self.conditions.iter().filter(|(_, wanted)| *wanted == holds);
            let lines: Vec<String> = fitting.map(|(line, _)| format!("`{line}`")).collect();
            match lines.len().checked_sub(NAMED).filter(|rest| *rest > 0) {
                None if lines.is_empty() => {}
                None => parts.push((words::and(&lines), verb)),
                Some(rest) => {
                    let named: Vec<String> = lines.into_iter().take(NAMED).collect();
                    let others = if rest == 1 { "other" } else { "others" };
                    parts.push((format!("{} and {rest} {others}", named.join(", ")), verb));
                }
            }
        }
        for (state, verb) in [
            (ConsentState::Granted, "be given"),
            (ConsentState::Denied, "be refused"),
        ] {
            let fitting = self.consent.iter().filter(|(_, wanted)| *wanted == state);
            let names: Vec<String> = fitting.map(|(category, _)| words::name(category)).collect();
            if !names.is_empty() {
                parts.push((format!("consent to {}", words::and(&names)), verb));
            }
        }
        parts
    }

    /// `make it a member and deliver to google_ads`
    fn effect(&self) -> String {
        let member = self.member.map(|member| match member {
            true => "make it a member".to_owned(),
            false => "end its membership".to_owned(),
        });
        let destination = self.destination.as_ref().map(|(name, delivered)| match delivered {
            true => format!("deliver to {}", words::name(name)),
            false => format!("stop delivery to {}", words::name(name)),
        });
        let both: Vec<String> = member.into_iter().chain(destination).collect();
        words::and(&both)
    }
}

impl fmt::Display for WouldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effect = self.effect();
        if self.conditions.is_empty() && !self.identifier {
            return write!(f, "{} would {effect}", self.consents());
        }
        let parts = self.parts();
        let would = parts.iter().enumerate().map(|(at, (who, verb))| match at {
            0 => format!("{who} would have to {verb}"),
            _ => format!("{who} to {verb}"),
        });
        let would: Vec<String> = would.collect();
        let comma = if would.len() > 1 { "," } else { "" };
        write!(f, "{}{comma} to {effect}", words::and(&would))
    }
}

impl Serialize for WouldChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
