//! An explanation as text for people.

use std::fmt;

use super::{Condition, Destination, Explanation, Kind, beside, words};

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Conditions { of: self, until: true })?;
        if self.destinations.is_empty() {
            writeln!(f, "\nIt is sent nowhere.")?;
            return would_change(f, self);
        }
        let whose = match self.destinations.first() {
            Some(Destination { users: Some(_), .. }) => ", for the users of the account",
            _ => "",
        };
        writeln!(f, "\nDestinations{whose}")?;
        self.destinations
            .iter()
            .try_for_each(|destination| sent(f, destination, self.member))?;
        would_change(f, self)
    }
}

fn would_change(f: &mut fmt::Formatter<'_>, explanation: &Explanation) -> fmt::Result {
    if explanation.would_change.is_empty() {
        return Ok(());
    }
    writeln!(f, "\nWhat would change it")?;
    let mut changes = explanation.would_change.iter();
    changes.try_for_each(|change| writeln!(f, "  {change}"))
}

impl Explanation {
    /// The part of the text that is about membership.
    pub(crate) fn conditions_text(&self) -> impl fmt::Display + '_ {
        Conditions { of: self, until: false }
    }

    /// The part of the text that is about one destination; empty where it is none of the audience's.
    pub(crate) fn destination_text<'e>(&'e self, name: &'e str) -> impl fmt::Display + 'e {
        At(self, name)
    }
}

struct At<'e>(&'e Explanation, &'e str);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let At(explanation, name) = *self;
        let mut destinations = explanation.destinations.iter();
        let found = destinations.find(|destination| destination.name == name);
        found.map_or(Ok(()), |found| sent(f, found, explanation.member))
    }
}

struct Conditions<'e> {
    of: &'e Explanation,
    /// Whether it is told until when that is so.
    until: bool,
}

impl fmt::Display for Conditions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explanation {
            member,
            profile,
            audience,
            now,
            conditions,
            ..
        } = self.of;
        let is = if *member { "is a member" } else { "is not a member" };
        let (profile, audience) = (words::name(profile), words::name(audience));
        writeln!(f, "{profile} {is} of {audience}, as of {now}")?;
        if self.until {
            writeln!(f, "{}", self.of.until)?;
        }
        writeln!(f)?;
        for condition in &conditions.children {
            // What nobody wrote is told where it decides.
            if !(is_unwritten(condition) && condition.holds == Some(true)) {
                let deciding = condition.holds == conditions.holds;
                told(f, condition, 0, deciding)?;
            }
        }
        if conditions
            .children
            .iter()
            .all(|condition| condition.kind == Kind::Identifier)
        {
            writeln!(f, "The audience has no conditions.")?;
        }
        Ok(())
    }
}

pub(super) fn mark(holds: Option<bool>) -> char {
    match holds {
        Some(true) => '✓',
        Some(false) => '✗',
        None => '·',
    }
}

/// One condition and what it is made of. Details that are no conditions of the audience itself (a filter on one event, the
/// conditions of another audience) are shown where they are part of why the answer is what it is.
fn told(f: &mut fmt::Formatter<'_>, condition: &Condition, depth: usize, deciding: bool) -> fmt::Result {
    let indent = "  ".repeat(depth);
    let mark = mark(condition.holds);
    let children = &condition.children;
    match condition.kind {
        Kind::And => writeln!(f, "{indent}{mark} all of")?,
        Kind::Or => writeln!(f, "{indent}{mark} any of")?,
        Kind::Not if is_group(children) => writeln!(f, "{indent}{mark} not")?,
        _ => {
            let unwritten = is_unwritten(condition);
            let line = if unwritten { "an identifier" } else { &condition.line };
            writeln!(f, "{indent}{mark} {line}")?;
            if !condition.because.is_empty() {
                writeln!(f, "{indent}    {}", condition.because)?;
            }
        }
    }
    let inner = match (condition.kind, children.as_slice()) {
        // It stands on the line of its `not`.
        (Kind::Not, [only]) if !is_group(children) => only,
        _ => condition,
    };
    for child in &inner.children {
        let deciding = deciding && (condition.kind == Kind::Not || child.holds == inner.holds);
        let shown = match inner.kind {
            Kind::And | Kind::Or | Kind::Not | Kind::Users => true,
            Kind::Member => deciding && child.kind != Kind::Identifier,
            Kind::Performed | Kind::Then | Kind::Any => child.kind == Kind::Then || child.holds == Some(false),
            _ => false,
        };
        if shown {
            told(f, child, depth + 1, deciding)?;
        }
    }
    Ok(())
}

/// The identifier that every audience asks for; `include anonymous`, where it is written, is told instead.
fn is_unwritten(condition: &Condition) -> bool {
    condition.kind == Kind::Identifier && condition.line.starts_with("audience")
}

fn is_group(children: &[Condition]) -> bool {
    children
        .iter()
        .any(|child| matches!(child.kind, Kind::And | Kind::Or | Kind::Not))
}

fn sent(f: &mut fmt::Formatter<'_>, destination: &Destination, member: bool) -> fmt::Result {
    let outcome = if destination.delivered {
        "delivered"
    } else {
        "not delivered"
    };
    let (mark, name) = (mark(Some(destination.delivered)), words::name(&destination.name));
    if let (true, Some(_)) = (member, &destination.users) {
        writeln!(f, "  {mark} {name}: {}", destination.because)?;
        return states(f, destination);
    }
    // Which consent it is that is missing follows below.
    let wanting = member && !destination.delivered;
    let because = if wanting {
        "for want of consent"
    } else {
        &destination.because
    };
    writeln!(f, "  {mark} {name}: {outcome}, {because}")?;
    write!(f, "{}", beside::Table(destination))
}

/// What the users of an account say to each category.
fn states(f: &mut fmt::Formatter<'_>, destination: &Destination) -> fmt::Result {
    for states in destination.users.iter().flat_map(|users| &users.states) {
        let counts = states.users.iter().map(|(state, count)| format!("{count} {state}"));
        let counts: Vec<String> = counts.collect();
        let counts = if counts.is_empty() {
            "nobody is asked".to_owned()
        } else {
            counts.join(", ")
        };
        let not_enforced = if states.enforced { "" } else { "  not enforced" };
        writeln!(f, "      {}: {counts}{not_enforced}", words::name(&states.category))?;
    }
    Ok(())
}
