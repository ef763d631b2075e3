//! Each part of a condition, to be asked for by itself and with `not` before it.

use std::collections::BTreeSet;

use volens::syntax::{self, ast::*};

use crate::rewrite::{brackets, made, not};

/// A part, and whom it is about.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) about: About,
    pub(crate) condition: Condition,
    /// The clause of the audience that it stands in.
    lookback: Option<DurationText>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum About {
    User,
    Account,
    /// A user of an account, inside a quantifier.
    UserOfAccount,
    /// An event of this name.
    Event(Text),
    /// An element of a list, which a user's trait shall be.
    Element,
}

/// Three texts of audiences: of all that are asked, of those of whom the part holds, of those of whom its `not` does.
pub(crate) struct Asked {
    pub(crate) all: String,
    pub(crate) holds: String,
    pub(crate) not: String,
}

/// All parts of all audiences that can be asked by themselves: not those that refer to an event before them.
pub(crate) fn parts(file: &File) -> Vec<Part> {
    let mut parts = Vec::new();
    for item in &file.items {
        let Item::Audience(audience) = item else { continue };
        let about = match audience.of.map(|of| of.subject) {
            Some(Subject::Account) => About::Account,
            _ => About::User,
        };
        let mut lookback = None;
        let mut who = None;
        for clause in &audience.clauses {
            match &clause.kind {
                ClauseKind::Lookback(duration) => lookback = Some(*duration),
                ClauseKind::Who(condition) => who = Some(condition),
                _ => {}
            }
        }
        let mut found = Vec::new();
        who.into_iter().for_each(|who| below(who, &about, &mut found));
        parts.extend(found.into_iter().map(|(about, condition)| Part {
            about,
            condition,
            lookback,
        }));
    }
    parts
}

fn below(condition: &Condition, about: &About, found: &mut Vec<(About, Condition)>) {
    if !refers_to_events(condition) {
        found.push((about.clone(), condition.clone()));
    }
    match &condition.kind {
        ConditionKind::And(all) | ConditionKind::Or(all) => all.iter().for_each(|one| below(one, about, found)),
        ConditionKind::Not(inner) | ConditionKind::Brackets(inner) => below(inner, about, found),
        ConditionKind::Users { condition, .. } => below(condition, &About::UserOfAccount, found),
        ConditionKind::Any { filter, .. } => below(filter, &About::Element, found),
        ConditionKind::Performed(performed) => {
            filters(&performed.event, &performed.modifiers, found);
            performed
                .steps
                .iter()
                .for_each(|step| filters(&step.event, &step.modifiers, found));
        }
        _ => {}
    }
}

fn filters(event: &Text, modifiers: &[Modifier], found: &mut Vec<(About, Condition)>) {
    for modifier in modifiers {
        if let ModifierKind::Where(filter) = &modifier.kind {
            below(filter, &About::Event(event.clone()), found);
        }
    }
}

/// Whether a filter refers to an event outside of it. (A funnel that is whole has all that it refers to.)
fn refers_to_events(filter: &Condition) -> bool {
    match &filter.kind {
        ConditionKind::And(all) | ConditionKind::Or(all) => all.iter().any(refers_to_events),
        ConditionKind::Not(inner) | ConditionKind::Brackets(inner) => refers_to_events(inner),
        ConditionKind::Any { filter, .. } => refers_to_events(filter),
        ConditionKind::Test { test, .. } => matches!(test.kind.operand(), Some(Operand::Event { .. })),
        _ => false,
    }
}

/// A condition as an author writes it.
fn written(condition: &Condition) -> String {
    let clause = Clause {
        kind: ClauseKind::Who(condition.clone()),
        span: condition.span,
    };
    let name = Name {
        text: "x".into(),
        quoted: false,
        span: condition.span,
    };
    let audience = Audience {
        name,
        label: None,
        of: None,
        clauses: vec![clause],
        span: condition.span,
    };
    let file = File {
        items: vec![Item::Audience(audience)],
        comments: Vec::new(),
        broken: Vec::new(),
    };
    let text = syntax::print(&file);
    let inside = text
        .trim()
        .strip_prefix("audience x {")
        .and_then(|text| text.strip_suffix('}'))
        .unwrap();
    inside.trim().strip_prefix("who").unwrap().to_owned()
}

impl Part {
    /// The audiences that ask for the part; `at` tells their names from those of other parts.
    pub(crate) fn asked(&self, at: usize) -> Asked {
        let condition = written(&brackets(self.condition.clone()));
        let negated = written(&made(not(self.condition.clone()).kind));
        let text = |which: &str, who: String| {
            let of = match self.about {
                About::Account | About::UserOfAccount => "accounts",
                _ => "users",
            };
            let lookback = self.lookback.map_or(String::new(), |duration| {
                format!("lookback {} {}s", duration.count.value, duration.unit.as_str())
            });
            format!("audience part{at}_{which} of {of} {{ who {who} include anonymous {lookback} }}\n")
        };
        let always = |keyword: &str| format!("({keyword} b exists or {keyword} b does not exist)");
        let (all, holds, not) = match &self.about {
            About::User => (always("trait"), condition, negated),
            About::Account => (always("account trait"), condition, negated),
            // Of each account with users: any of them meets it, or all of them meet the opposite.
            About::UserOfAccount => (
                format!("any user {}", always("trait")),
                format!("any user ({condition})"),
                format!("all users ({negated})"),
            ),
            // Each person has one event of the name at the most.
            About::Event(name) => {
                let performed = format!("performed \"{}\"", name.text);
                (
                    performed.clone(),
                    format!("{performed} where ({condition})"),
                    format!("{performed} where ({negated})"),
                )
            }
            // No list has more than one element.
            About::Element => (
                format!("any trait l {}", always("item").replace("item b", "item")),
                format!("any trait l ({condition})"),
                format!("any trait l ({negated})"),
            ),
        };
        Asked {
            all: text("all", all),
            holds: text("holds", holds),
            not: text("not", not),
        }
    }
}

/// Whether two sets have nothing in common and are all together.
pub(crate) fn are_complements(all: &[String], holds: &[String], not: &[String]) -> bool {
    let both: BTreeSet<&String> = holds.iter().chain(not).collect();
    both.len() == holds.len() + not.len() && both == all.iter().collect()
}
