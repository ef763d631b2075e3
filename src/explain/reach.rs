//! What becomes of the users of an account at a destination.

use std::collections::BTreeMap;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{Asked, Destination};
use crate::consent::ConsentState;
use crate::enforce::{self, Decision};
use crate::eval;
use crate::ir::{Audience, CategorySlot, DestinationSlot, Program};

/// How many users of an account reach a destination. The three numbers are all of its users, if the account is a member;
/// of one that is none nobody is delivered or filtered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reach {
    /// Delivered there.
    pub delivered: usize,
    /// Held back for want of consent.
    pub filtered: usize,
    /// In neither list, for the audience's own clauses leave them out: `consent to`, or no `include anonymous`.
    pub left_out: usize,
    /// The categories that the destination requires, as declared, and what the users say to each that no clause leaves out.
    #[serde(skip)]
    pub states: Vec<States>,
}

/// What users say to a category.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct States {
    /// The category.
    pub category: String,
    /// How many of them are in which state; those that nobody is in are left out.
    pub users: BTreeMap<ConsentState, usize>,
    /// Whether a delivery depends on it: `false` where the category is disabled, or enforcement is off.
    pub enforced: bool,
}

impl Serialize for States {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("States", 4)?;
        object.serialize_field("category", &self.category)?;
        object.serialize_field("users", &self.users)?;
        object.serialize_field("required", &true)?;
        object.serialize_field("enforced", &self.enforced)?;
        object.end()
    }
}

impl Reach {
    /// As JSON has it below `requires`: by category, by state, how many.
    pub(super) fn requires(&self) -> impl Serialize + '_ {
        struct ByCategory<'s>(&'s [States]);
        impl Serialize for ByCategory<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|states| (&states.category, &states.users)))
            }
        }
        ByCategory(&self.states)
    }

    /// How many of the users are delivered, and what is with the others.
    fn sentence(&self) -> String {
        let Reach {
            delivered,
            filtered,
            left_out,
            ..
        } = *self;
        let is = |count: usize| if count == 1 { "is" } else { "are" };
        let mut text = match (delivered, delivered + filtered + left_out) {
            (_, 0) => return "the account has no users".to_owned(),
            (1, 1) => return "its only user is delivered".to_owned(),
            (0, 1) if filtered == 1 => return "its only user is filtered for want of consent".to_owned(),
            (0, 1) => return "its only user is left out by the audience's clauses".to_owned(),
            (some, of) if some == of => return format!("all {of} of its users are delivered"),
            (0, of) => format!("none of its {of} users is delivered"),
            (some, of) => format!("{some} of its {of} users {} delivered", is(some)),
        };
        if filtered > 0 {
            text += &format!(", {filtered} {} filtered for want of consent", is(filtered));
        }
        if left_out > 0 {
            text += &format!(", {left_out} {} left out by the audience's clauses", is(left_out));
        }
        text
    }
}

pub(super) fn destination(
    program: &Program,
    audience: &Audience,
    slot: DestinationSlot,
    users: &[Asked<'_>],
    member: bool,
) -> Option<Destination> {
    let declared = program.destinations.get(slot.index())?;
    let enforced: Vec<CategorySlot> = program.enforced(declared).filter(|_| program.enforcement).collect();
    let (admitted, left_out): (Vec<&Asked<'_>>, Vec<&Asked<'_>>) =
        users.iter().partition(|user| eval::deliverable(audience, user.row));
    let states = declared.requires.iter().map(|category| {
        let mut states = States {
            category: program.category_id(*category).to_owned(),
            users: BTreeMap::new(),
            enforced: enforced.contains(category),
        };
        for user in &admitted {
            let state = user.consent.state(&states.category);
            *states.users.entry(state).or_default() += 1;
        }
        states
    });
    let mut reach = Reach {
        delivered: 0,
        filtered: 0,
        left_out: left_out.len(),
        states: states.collect(),
    };
    for user in admitted.iter().filter(|_| member) {
        match enforce::decide(program, slot, user.consent) {
            Decision::Delivered => reach.delivered += 1,
            Decision::Filtered(_) => reach.filtered += 1,
        }
    }
    let because = if member {
        reach.sentence()
    } else {
        "it is no member of the audience".to_owned()
    };
    Some(Destination {
        name: declared.name.to_string(),
        delivered: reach.delivered > 0,
        requires: Vec::new(),
        others: Vec::new(),
        users: Some(reach),
        because,
    })
}
