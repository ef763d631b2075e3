//! Why a profile or an account is in an audience or not, and why a destination receives it or not, in sentences.
//!
//! An explanation follows what the author wrote, condition by condition and in that order; whether each holds is what
//! [`eval`](crate::eval) says. Nothing is decided here.

mod because;
mod beside;
mod fewest;
mod flips;
mod reach;
mod text;
mod through;
mod until;
mod walk;
mod words;
mod would;

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};

pub use reach::{Reach, States};
pub use until::Until;
pub use would::WouldChange;

use crate::compile::Places;
use crate::consent::ConsentState;
use crate::enforce::{self, Decision};
use crate::eval::Row;
use crate::ir::{AudienceSlot, CategorySlot, DestinationSlot, Program, Subject};
use crate::model::{Consent, ConsentChange};
use crate::span::{Sources, Span};
use crate::time::Timestamp;

/// Why one profile or account is in an audience or not, and what becomes of it at each destination. Serialises as `volens explain
/// --format json` prints it; [`Display`](fmt::Display) is its text for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// As of when.
    pub now: Timestamp,
    /// How the profile or account is called.
    pub profile: String,
    /// The audience.
    pub audience: String,
    /// Whether it is a member.
    pub member: bool,
    /// All that is asked of a member, as an `and`: an identifier that suffices, `who`, the `consent to` clauses. Of an account
    /// it is `who` alone.
    pub conditions: Condition,
    /// How long that is so, if no further event arrives.
    #[serde(skip_serializing_if = "Until::is_unknown")]
    pub until: Until,
    /// Where members are sent, in order of declaration.
    #[serde(serialize_with = "by_name")]
    pub destinations: Vec<Destination>,
    /// What would change the answers: at each destination the fewest changes of consent, and of the conditions.
    pub would_change: Vec<WouldChange>,
    /// All that the profile says to categories, by id; an account says nothing.
    #[serde(skip)]
    preferences: Vec<Preference>,
}

impl Explanation {
    /// What it says of one destination alone, and beside the categories that this one requires all others that the profile has
    /// a preference for: enough to check one delivery by hand. Of a destination that the audience is not sent to it says nothing.
    ///
    /// ```
    /// # use volens::{ConsentState, Engine, Profile, Timestamp};
    /// # let engine = Engine::from_text("a.audience", "category Ads
    /// #     category Mail
    /// #     destination google_ads requires Ads
    /// #     destination crm requires nothing
    /// #     audience everybody { send to google_ads, crm }")?;
    /// # let now: Timestamp = "2026-06-30".parse()?;
    /// let profile = Profile::builder().user_id("u1").consent("Mail", ConsentState::Denied).build();
    /// let why = engine.explain("everybody", &profile, now)?.at("google_ads");
    /// assert_eq!(why.destinations.len(), 1);
    /// assert_eq!(why.destinations[0].requires[0].state, ConsentState::NotCollected);
    /// assert_eq!(why.destinations[0].others[0].category, "Mail");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn at(mut self, destination: &str) -> Self {
        self.destinations.retain(|other| other.name == destination);
        self.would_change.retain(|change| change.is_of(destination));
        for destination in self.destinations.iter_mut().filter(|only| only.users.is_none()) {
            let required = |other: &&Preference| !destination.requires.iter().any(|own| own.category == other.category);
            destination.others = self.preferences.iter().filter(required).cloned().collect();
        }
        self
    }
}

/// One condition, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Condition {
    /// Its form.
    pub kind: Kind,
    /// Whether it holds. `None` where it is on an event or element and there is none to look at.
    pub holds: Option<bool>,
    /// What is written there, exactly; cut after 2000 characters, with `…`.
    pub source: String,
    /// The file that it is written in, where the workspace has several.
    pub file: Option<String>,
    /// Where.
    pub span: Span,
    /// The conditions that it is made of. Those of a filter are told of one event or element, those of `any user` and its kin
    /// of one user, which `because` of the condition above names.
    pub children: Vec<Condition>,
    /// What decided it, in a sentence.
    pub because: String,
    /// Its text in one line, without comments and without the steps, which are children.
    line: String,
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let keys = if self.file.is_some() { 7 } else { 6 };
        let mut object = serializer.serialize_struct("Condition", keys)?;
        object.serialize_field("kind", self.kind.as_str())?;
        object.serialize_field("holds", &self.holds)?;
        object.serialize_field("source", &self.source)?;
        if let Some(file) = &self.file {
            object.serialize_field("file", file)?;
        }
        object.serialize_field("span", &[self.span.start, self.span.end])?;
        object.serialize_field("children", &self.children)?;
        object.serialize_field("because", &self.because)?;
        object.end()
    }
}

/// The forms of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// All of them.
    And,
    /// One of them.
    Or,
    /// The other way round.
    Not,
    /// A test on a trait, a property or an element.
    Test,
    /// One element of a list passes the filter.
    Any,
    /// Events, counted.
    Performed,
    /// A step of a funnel.
    Then,
    /// A condition on the users of an account.
    Users,
    /// Membership of another audience.
    Member,
    /// Consent to a category, as a condition or as a clause of the audience.
    Consent,
    /// The identifiers that make a member.
    Identifier,
}

impl Kind {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::And => "and",
            Kind::Or => "or",
            Kind::Not => "not",
            Kind::Test => "test",
            Kind::Any => "any",
            Kind::Performed => "performed",
            Kind::Then => "then",
            Kind::Users => "users",
            Kind::Member => "member_of",
            Kind::Consent => "consent",
            Kind::Identifier => "identifier",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A destination, and what becomes of the profile there, or of the users of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Destination {
    /// Its name.
    pub name: String,
    /// Whether the profile is delivered there; whether any user of the account is, as one of that account.
    pub delivered: bool,
    /// The categories that it requires, as declared, beside what the profile says to each. Of an account it is empty: what
    /// its users say stands in `users`.
    pub requires: Vec<Preference>,
    /// What the profile says to other categories, by id. Empty until [`Explanation::at`] asks for it.
    pub others: Vec<Preference>,
    /// What becomes of the users of an account; `None` for a profile.
    pub users: Option<Reach>,
    /// What decided it, in a sentence.
    pub because: String,
}

impl Serialize for Destination {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let keys = if self.users.is_some() { 5 } else { 4 };
        let mut object = serializer.serialize_struct("Destination", keys)?;
        object.serialize_field("delivered", &self.delivered)?;
        match &self.users {
            Some(users) => {
                object.serialize_field("requires", &users.requires())?;
                object.serialize_field("preferences", &users.states)?;
                object.serialize_field("users", users)?;
            }
            None => {
                object.serialize_field("requires", &ByCategory(&self.requires))?;
                let preferences: Vec<&Preference> = self.requires.iter().chain(&self.others).collect();
                object.serialize_field("preferences", &preferences)?;
            }
        }
        object.serialize_field("because", &self.because)?;
        object.end()
    }
}

/// What a profile says to a category.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preference {
    /// The category.
    pub category: String,
    /// What is stored.
    pub state: ConsentState,
    /// Whether the destination declares that it requires it.
    pub required: bool,
    /// Whether a delivery depends on it: `false` where the category is disabled, or enforcement is off.
    pub enforced: bool,
    /// What brought it to this state; `None` where the profile's history does not tell.
    pub since: Option<Since>,
}

/// The change that brought a category to its state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Since {
    /// The consent time of the event that brought it (CP-10).
    pub time: Timestamp,
    /// That event.
    pub message_id: String,
    /// The rule that decided, by its id, such as `CP-5`.
    pub rule: String,
}

impl Serialize for Preference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let since = self.since.as_ref();
        let mut object = serializer.serialize_struct("Preference", 7)?;
        object.serialize_field("category", &self.category)?;
        object.serialize_field("state", &self.state)?;
        object.serialize_field("required", &self.required)?;
        object.serialize_field("enforced", &self.enforced)?;
        object.serialize_field("since", &since.map(|since| since.time))?;
        object.serialize_field("message_id", &since.map(|since| &since.message_id))?;
        object.serialize_field("rule", &since.map(|since| &since.rule))?;
        object.end()
    }
}

fn by_name<S: Serializer>(destinations: &[Destination], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(destinations.len()))?;
    for destination in destinations {
        map.serialize_entry(&destination.name, destination)?;
    }
    map.end()
}

struct ByCategory<'p>(&'p [Preference]);

impl Serialize for ByCategory<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|preference| (&preference.category, preference.state)))
    }
}

/// A workspace to explain.
#[derive(Debug, Clone, Copy)]
pub struct Workspace<'w> {
    /// What it means.
    pub program: &'w Program,
    /// Where that is written.
    pub places: &'w Places,
    /// The texts.
    pub sources: &'w Sources,
}

/// Whom an explanation is about.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// How it is called.
    pub label: &'a str,
    /// The profile or account, bound to the program and evaluated.
    pub row: &'a Row<'a>,
    /// Its consent, with its history; an account has none.
    pub consent: &'a Consent,
    /// The users of an account, bound and evaluated likewise,
    pub users: &'a [&'a Row<'a>],
    /// and the same ones with all that is told of them.
    pub people: &'a [Asked<'a>],
    /// The accounts of a user: how each is called, and its row.
    pub accounts: &'a [(&'a str, &'a Row<'a>)],
    /// How long the membership in question stays as it is.
    pub until: Until,
}

impl<'a> Asked<'a> {
    /// A user without accounts.
    pub fn user(label: &'a str, row: &'a Row<'a>, consent: &'a Consent) -> Self {
        Asked {
            label,
            row,
            consent,
            users: &[],
            people: &[],
            accounts: &[],
            until: Until::Unknown,
        }
    }
}

/// Explains one audience for one profile or account, of which it is an audience. `None` where looking at everything costs more than [`Row::BUDGET`].
pub fn explain(workspace: Workspace<'_>, audience: AudienceSlot, asked: Asked<'_>) -> Option<Explanation> {
    let declared = workspace.program.audiences.get(audience.index())?;
    let member = asked.row.is_member(audience);
    let conditions = walk::audience(workspace, asked, audience)?;
    let would_change = flips::would_change(workspace, asked, audience, &conditions)?;
    let destinations = declared.destinations.iter();
    let destinations = destinations.filter_map(|slot| match declared.of {
        Subject::User => destination(workspace.program, *slot, asked.consent, member),
        Subject::Account => reach::destination(workspace.program, declared, *slot, asked.people, member),
    });
    Some(Explanation {
        now: asked.row.now(),
        profile: asked.label.to_owned(),
        audience: declared.name.to_string(),
        member,
        conditions,
        until: asked.until,
        destinations: destinations.collect(),
        would_change,
        preferences: preferences(asked.consent),
    })
}

fn destination(program: &Program, slot: DestinationSlot, consent: &Consent, member: bool) -> Option<Destination> {
    let declared = program.destinations.get(slot.index())?;
    let enforced: Vec<CategorySlot> = program.enforced(declared).filter(|_| program.enforcement).collect();
    let requires = declared.requires.iter();
    let requires = requires.map(|category| Preference {
        required: true,
        enforced: enforced.contains(category),
        ..preference(program, *category, consent)
    });
    let requires: Vec<Preference> = requires.collect();
    let decision = enforce::decide(program, slot, consent);
    let because = match &decision {
        _ if !member => "it is no member of the audience".to_owned(),
        Decision::Filtered(missing) => {
            let missing = missing
                .iter()
                .map(|(slot, _)| words::consent(&preference(program, *slot, consent)));
            missing.collect::<Vec<_>>().join("; ")
        }
        Decision::Delivered if !program.enforcement => "consent enforcement is off".to_owned(),
        Decision::Delivered if requires.is_empty() => "it requires no consent".to_owned(),
        Decision::Delivered if enforced.is_empty() => "what it requires is disabled".to_owned(),
        Decision::Delivered => "all that it requires is granted".to_owned(),
    };
    Some(Destination {
        name: declared.name.to_string(),
        delivered: member && decision.is_delivered(),
        requires,
        others: Vec::new(),
        users: None,
        because,
    })
}

/// What is stored, and since when.
fn preference(program: &Program, category: CategorySlot, consent: &Consent) -> Preference {
    let id = program.category_id(category);
    let latest = consent.history().iter().rev().find(|change| &*change.category == id);
    Preference {
        enforced: program.categories.get(category.index()).is_none_or(|c| c.enabled),
        ..stored(id, consent.state(id), latest)
    }
}

/// All that is stored, by category.
fn preferences(consent: &Consent) -> Vec<Preference> {
    let changes = consent.history().iter();
    let latest: BTreeMap<&str, &ConsentChange> = changes.map(|change| (&*change.category, change)).collect();
    let categories = consent.categories();
    let preferences = categories.map(|(id, state)| stored(id, state, latest.get(id).copied()));
    preferences.collect()
}

/// A state and the latest change of that category. What a host set since has no record.
fn stored(category: &str, state: ConsentState, latest: Option<&ConsentChange>) -> Preference {
    let since = latest.filter(|change| change.to == state);
    Preference {
        category: category.to_owned(),
        state,
        required: false,
        enforced: false,
        since: since.map(|change| Since {
            time: change.time,
            message_id: change.message_id.to_string(),
            rule: change.rule.to_string(),
        }),
    }
}
