//! The four states that a profile's consent to one category can be in.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a profile says about one consent category (rules CP-1 to CP-23).
///
/// Only [`Granted`](ConsentState::Granted) lets anything be delivered (CP-20).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum ConsentState {
    /// The latest preference is `true`.
    #[serde(rename = "granted")]
    Granted,
    /// Refused, or left out of a later consent object (CP-5).
    #[serde(rename = "denied")]
    Denied,
    /// Two merged profiles disagreed (CP-11), and nothing has settled it since (CP-16).
    #[serde(rename = "conflicted")]
    Conflicted,
    /// No consent object ever spoke of the category.
    #[default]
    #[serde(rename = "not collected")]
    NotCollected,
}

impl ConsentState {
    /// All four, in the order they are documented.
    pub const ALL: [ConsentState; 4] = [
        ConsentState::Granted,
        ConsentState::Denied,
        ConsentState::Conflicted,
        ConsentState::NotCollected,
    ];

    /// The words that definitions and reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            ConsentState::Granted => "granted",
            ConsentState::Denied => "denied",
            ConsentState::Conflicted => "conflicted",
            ConsentState::NotCollected => "not collected",
        }
    }

    /// Whether a destination that requires the category may be served.
    pub fn is_granted(self) -> bool {
        self == ConsentState::Granted
    }
}

impl fmt::Display for ConsentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The most characters a category id may have (CC-3: fewer than 35).
pub const CATEGORY_ID_LENGTH: usize = 34;
/// The most characters a category name may have (CC-5).
pub const CATEGORY_NAME_LENGTH: usize = 20;

/// Whether `id` can be the id of a consent category: 1 to 34 characters, a letter or `_` first, then letters, digits,
/// `_` and `-` (CC-3, CC-4). A malformed id in a consent object lists nothing (DEC-10).
pub fn is_category_id(id: &str) -> bool {
    let mut bytes = id.bytes();
    let starts = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    starts && id.len() <= CATEGORY_ID_LENGTH && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// The namespace of traits that belongs to consent (CP-17).
const RESERVED_TRAIT: &str = "segment_consent_preference";

/// Whether a trait's key lies in the namespace that is closed to traits, in any letter case, by itself or dotted: sent ones
/// are dropped, and no condition may read one (TR-10, CP-17).
pub fn is_reserved_trait(key: &str) -> bool {
    key.split_at_checked(RESERVED_TRAIT.len()).is_some_and(|(root, rest)| {
        root.eq_ignore_ascii_case(RESERVED_TRAIT) && (rest.is_empty() || rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn category_ids_keep_to_cc_3_and_cc_4() {
        for good in ["A", "_", "Advertising", "data-sharing_2", &"x".repeat(34)] {
            assert!(is_category_id(good), "{good}");
        }
        for bad in ["", "1st", "-a", "a b", "é", &"x".repeat(35)] {
            assert!(!is_category_id(bad), "{bad}");
        }
    }
}
