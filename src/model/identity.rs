//! The rules of identity resolution: which identifiers there are, in what priority, and how many a profile may have.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::profile::Identifiers;
use crate::time::{Duration, Unit};

/// The identity rules of a workspace (ID-2 to ID-9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IdentityRules {
    /// Rules for named types, in order of priority. Other types follow in alphabetical order.
    pub listed: Vec<IdentifierRule>,
    /// Values that are never identifiers, of any type, beside those of ID-8.
    pub blocked: Vec<Box<str>>,
}

/// The rule for one type of identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentifierRule {
    /// The type, such as `email`.
    pub kind: Box<str>,
    /// How many a profile may have; at least 1.
    pub limit: u32,
    /// Over which time they are counted.
    pub period: Period,
}

/// Over which time identifiers are counted (ID-6, ID-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// All that the profile ever had.
    #[default]
    Ever,
    /// Those added within 7 days.
    Week,
    /// Those added within 30 days.
    Month,
    /// Those added within 365 days.
    Year,
}

impl Period {
    /// The length; `None` for ever.
    pub fn duration(self) -> Option<Duration> {
        let days = match self {
            Period::Ever => return None,
            Period::Week => 7,
            Period::Month => 30,
            Period::Year => 365,
        };
        Some(Duration::new(days, Unit::Day))
    }
}

/// The place of a type in the order of priority: smaller is higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TypeRank<'a>(usize, &'a str);

impl Default for IdentityRules {
    /// `user_id` first and once, `email` second, then the others; five of each (ID-5, ID-6).
    fn default() -> Self {
        let rule = |kind: &str, limit| IdentifierRule {
            kind: kind.into(),
            limit,
            period: Period::Ever,
        };
        IdentityRules {
            listed: vec![rule("user_id", 1), rule("email", IdentityRules::PRESET_LIMIT)],
            blocked: Vec::new(),
        }
    }
}

impl IdentityRules {
    /// The limit of a type that no rule names (ID-6, ID-9).
    pub const PRESET_LIMIT: u32 = 5;

    /// The place of a type in the order of priority (ID-5).
    pub(crate) fn rank<'a>(&self, kind: &'a str) -> TypeRank<'a> {
        match self.listed.iter().position(|rule| &*rule.kind == kind) {
            Some(place) => TypeRank(place, ""),
            None => TypeRank(self.listed.len(), kind),
        }
    }

    /// How many identifiers of a type a profile may have, and over which time (ID-6).
    pub(crate) fn limit(&self, kind: &str) -> (u32, Period) {
        let rule = self.listed.iter().find(|rule| &*rule.kind == kind);
        rule.map_or((IdentityRules::PRESET_LIMIT, Period::Ever), |rule| {
            (rule.limit, rule.period)
        })
    }

    /// Whether a value is never used as an identifier: zeroes and dashes alone, `-1`, `null`, `anonymous` (ID-8), and
    /// what the workspace blocks.
    pub(crate) fn is_blocked(&self, value: &str) -> bool {
        value.bytes().all(|b| b == b'0' || b == b'-')
            || matches!(value, "-1" | "null" | "anonymous")
            || self.blocked.iter().any(|blocked| &**blocked == value)
    }
}

/// An identifier's value as it is matched: as sent, except that emails are lower-cased and trimmed (DEC-46).
pub(crate) fn matched<'v>(kind: &str, value: &'v str) -> Cow<'v, str> {
    if kind == "email" {
        value.trim().to_lowercase().into()
    } else {
        value.into()
    }
}

/// How a profile is called: the first identifier in the order of priority, the smallest value where there are several,
/// as `TYPE:VALUE` (cli.md, Naming a profile). Empty for a profile without identifiers.
pub fn label(identifiers: &Identifiers, rules: &IdentityRules) -> String {
    let first = identifiers
        .iter()
        .min_by_key(|(kind, value)| (rules.rank(kind), *value));
    first.map(|(kind, value)| format!("{kind}:{value}")).unwrap_or_default()
}
