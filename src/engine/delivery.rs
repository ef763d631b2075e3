//! What becomes of one profile at the destinations of one audience.

use std::fmt;

use serde::Serialize;

use crate::consent::ConsentState;

/// One destination of an audience, and what becomes of one profile there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Delivery<'e> {
    /// The destination's name.
    pub destination: &'e str,
    /// What becomes of the profile.
    pub outcome: Outcome<'e>,
}

/// What becomes of a profile at a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome<'e> {
    /// It is no member of the audience, so nothing of it goes anywhere.
    NotMember,
    /// It is a member, and granted all that the destination requires.
    Delivered,
    /// It is a member, and these enforced categories were not granted; never empty.
    Filtered(Vec<(&'e str, ConsentState)>),
}

/// An audience of accounts that an account of a user is in
/// ([`Among::through_accounts`](crate::engine::Among::through_accounts)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Through<'e> {
    /// The audience's name.
    #[serde(skip)]
    pub audience: &'e str,
    /// The labels of the user's accounts that are in it, sorted; never empty.
    pub accounts: Vec<String>,
    /// Whether the audience's own clauses leave this user out, so that nothing of it goes anywhere.
    pub left_out: bool,
}

impl Delivery<'_> {
    /// Whether the profile is delivered.
    pub fn is_delivered(&self) -> bool {
        self.outcome == Outcome::Delivered
    }
}

impl fmt::Display for Outcome<'_> {
    /// `delivered`, `not a member`, or `filtered: Advertising denied, Analytics not collected`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::NotMember => f.write_str("not a member"),
            Outcome::Delivered => f.write_str("delivered"),
            Outcome::Filtered(missing) => {
                f.write_str("filtered")?;
                for (i, (category, state)) in missing.iter().enumerate() {
                    write!(f, "{} {category} {state}", if i == 0 { ":" } else { "," })?;
                }
                Ok(())
            }
        }
    }
}
