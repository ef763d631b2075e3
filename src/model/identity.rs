//! The rules of identity resolution: which identifiers there are, where they are read, in what priority, and how many a
//! profile may have.
//!
//! They are no part of a program: they say how events become profiles, and a program is evaluated on profiles.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use super::profile::Identifiers;
use crate::time::{Duration, Unit};

pub(crate) const USER_ID: &str = "user_id";
pub(crate) const EMAIL: &str = "email";
/// Makes a member where anonymous ones are included (AM-6).
pub(crate) const ANONYMOUS_ID: &str = "anonymous_id";
/// Identifies accounts, never people.
pub(crate) const GROUP_ID: &str = "group_id";

/// The identity rules of a workspace (ID-2 to ID-9).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentityRules {
    /// Rules for named types, in order of priority. Other types follow in alphabetical order.
    pub listed: Vec<IdentifierRule>,
    blocked: BTreeSet<Box<str>>,
    /// The same as emails are matched.
    blocked_emails: BTreeSet<Box<str>>,
}

/// The rule for one type of identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifierRule {
    /// The type, such as `email`; what no event can carry (see language.md) has no effect.
    pub kind: Box<str>,
    /// Where it is looked for, in order, in an event whose default place has none (ID-3).
    pub from: Vec<IdentifierSource>,
    /// How many a profile may have; at least 1.
    pub limit: u32,
    /// Over which time they are counted.
    pub period: Period,
}

/// A place in an event, such as `context.traits.phone`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifierSource {
    /// The part of the event.
    pub root: SourceRoot,
    /// The keys from there on, outermost first.
    pub path: Vec<Box<str>>,
}

/// The parts of an event in which identifiers are looked for (ID-3). An alias is never looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceRoot {
    /// The traits of an identify call. Those of a group call are the account's, and identify nobody.
    Traits,
    /// The context of any call.
    Context,
    /// The properties of a track, page or screen call.
    Properties,
}

impl SourceRoot {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            SourceRoot::Traits => "traits",
            SourceRoot::Context => "context",
            SourceRoot::Properties => "properties",
        }
    }
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
            from: Vec::new(),
            limit,
            period: Period::Ever,
        };
        IdentityRules {
            listed: vec![rule(USER_ID, 1), rule(EMAIL, IdentityRules::PRESET_LIMIT)],
            blocked: BTreeSet::new(),
            blocked_emails: BTreeSet::new(),
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

    /// Lets a value never be an identifier, of any type, beside those of ID-8. As an email it is blocked in every
    /// spelling that is the same email.
    ///
    /// ```
    /// # use volens::model::IdentityRules;
    /// let mut rules = IdentityRules::default();
    /// rules.block("Test@acme.example");
    /// assert!(rules.is_blocked("email", " test@ACME.example"));
    /// assert!(!rules.is_blocked("user_id", "test@acme.example"));
    /// ```
    pub fn block(&mut self, value: &str) {
        self.blocked.insert(value.into());
        self.blocked_emails.insert(matched(EMAIL, value).into());
    }

    /// Whether a value, as it was sent, is never used as an identifier of a type: zeroes and dashes alone, `-1`, `null`,
    /// `anonymous` (ID-8), and what the workspace blocks.
    pub fn is_blocked(&self, kind: &str, value: &str) -> bool {
        let matched = matched(kind, value);
        names_nobody(value)
            || names_nobody(&matched)
            || self.blocked.contains(value)
            || (kind == EMAIL && self.blocked_emails.contains(&*matched))
    }
}

fn names_nobody(value: &str) -> bool {
    value.bytes().all(|b| b == b'0' || b == b'-') || matches!(value, "-1" | "null" | "anonymous")
}

/// Why a text cannot be a type of identifiers of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadType {
    Empty,
    /// It is the type of accounts.
    OfAccounts,
    /// Types are in lower case (EV-23, DEC-46).
    UpperCase,
    /// It would make `TYPE:VALUE` ambiguous: two people could go by one label, and whoever acts on a list of labels would
    /// deliver the wrong one.
    Odd(char),
}

/// Whether a text can be a type of identifiers.
pub(crate) fn check_type(kind: &str) -> Result<(), BadType> {
    let odd = |c: &char| *c == ':' || c.is_whitespace() || c.is_control();
    if kind.is_empty() {
        Err(BadType::Empty)
    } else if let Some(odd) = kind.chars().find(odd) {
        Err(BadType::Odd(odd))
    } else if kind.chars().any(char::is_uppercase) {
        Err(BadType::UpperCase)
    } else if kind == GROUP_ID {
        Err(BadType::OfAccounts)
    } else {
        Ok(())
    }
}

/// The types that are read without any rule (ID-2), and that of accounts.
const STANDARD: [&str; 11] = [
    USER_ID,
    EMAIL,
    ANONYMOUS_ID,
    GROUP_ID,
    "android.id",
    "ios.id",
    "android.idfa",
    "ios.idfa",
    "android.push_token",
    "ios.push_token",
    "ga_client_id",
];

/// The standard type that a type is, but for letter case and signs: `user_id` for `userId`.
pub(crate) fn standard_type(kind: &str) -> Option<&'static str> {
    STANDARD.into_iter().find(|standard| is_spelling(kind, standard))
}

/// Whether two types differ at most in letter case and signs.
pub(crate) fn is_spelling(kind: &str, other: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(|c| !matches!(c, '_' | '-' | '.' | ' '));
        letters.flat_map(char::to_lowercase).collect()
    };
    plain(kind) == plain(other)
}

/// An identifier's value as it is matched: as sent, except that emails are lower-cased and trimmed (DEC-46).
pub(crate) fn matched<'v>(kind: &str, value: &'v str) -> Cow<'v, str> {
    if kind == EMAIL {
        value.trim().to_lowercase().into()
    } else {
        value.into()
    }
}

/// Whether nothing is left of an identifier's value as it is [`matched`].
pub(crate) fn is_nothing(kind: &str, value: &str) -> bool {
    let left = if kind == EMAIL { value.trim() } else { value };
    left.is_empty()
}

/// How a profile is called: the first identifier in the order of priority, the smallest value where there are several,
/// as `TYPE:VALUE` (cli.md, Naming a profile). Empty for a profile without identifiers.
pub fn label(identifiers: &Identifiers, rules: &IdentityRules) -> String {
    let first = identifiers
        .iter()
        .min_by_key(|(kind, value)| (rules.rank(kind), *value));
    first.map(|(kind, value)| format!("{kind}:{value}")).unwrap_or_default()
}
