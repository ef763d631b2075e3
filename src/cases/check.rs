//! Whether tests speak of audiences, destinations and types of identifiers that there are.

use std::collections::{BTreeMap, BTreeSet};

use crate::compile::suggest::nearest;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Audience, DestinationSlot, Program, Subject};
use crate::model::{IdentityRules, is_spelling, standard_type};
use crate::syntax::ast::{Name, Text};
use crate::syntax::cases::ast::{Expectation, StatementKind, Test};
use crate::value::written;

/// For so many unknown names a near one is looked for: a file can hold many, and so can a workspace.
const SUGGESTED: usize = 100;

pub(super) fn check<'a>(
    program: &'a Program,
    identity: &'a IdentityRules,
    tests: &[Test],
    problems: &'a mut Vec<Diagnostic>,
) {
    let mut names = Names {
        program,
        identity,
        audiences: program.audiences.iter().map(|a| (&*a.name, a)).collect(),
        destinations: program
            .destinations
            .iter()
            .enumerate()
            .map(|(at, destination)| (&*destination.name, DestinationSlot::at(at)))
            .collect(),
        reached: program
            .audiences
            .iter()
            .flat_map(|a| &a.destinations)
            .copied()
            .collect(),
        problems,
        suggested: 0,
    };
    let statements = tests.iter().flat_map(|test| &test.statements);
    for statement in statements {
        match &statement.kind {
            StatementKind::Expect(Expectation::Size { audience, .. }) => {
                names.audience(audience);
            }
            StatementKind::Expect(Expectation::Membership { profile, audience, .. }) => {
                names.who(profile);
                if let Some(audience) = names.member(audience) {
                    names.kind(profile, audience);
                }
            }
            StatementKind::Expect(Expectation::Delivery {
                profile,
                destination,
                from,
                ..
            }) => {
                names.who(profile);
                names.delivered(profile);
                names.delivery(destination, from.as_ref());
            }
            _ => {}
        }
    }
}

fn is_account(profile: &Text) -> bool {
    profile.text.starts_with("group_id:")
}

struct Names<'a> {
    program: &'a Program,
    identity: &'a IdentityRules,
    audiences: BTreeMap<&'a str, &'a Audience>,
    destinations: BTreeMap<&'a str, DestinationSlot>,
    /// The destinations that some audience is sent to.
    reached: BTreeSet<DestinationSlot>,
    problems: &'a mut Vec<Diagnostic>,
    suggested: usize,
}

impl<'a> Names<'a> {
    /// The type of an identifier: one that is a known type in another spelling is in no event, so nobody has it, and an
    /// expectation that somebody is kept out would always hold.
    fn who(&mut self, profile: &Text) {
        let Some((kind, _)) = profile.text.split_once(':') else {
            return;
        };
        let listed = || self.identity.listed.iter().map(|rule| &*rule.kind);
        if listed().any(|known| known == kind) || standard_type(kind) == Some(kind) {
            return;
        }
        if let Some(known) = standard_type(kind).or_else(|| listed().find(|known| is_spelling(kind, known))) {
            let message = format!("there is no type of identifier `{kind}`, so nobody has one");
            self.problems.push(
                Diagnostic::error(Code::BadTest, profile.span, message).help(format!("did you mean `{known}:…`?")),
            );
        }
    }

    /// Accounts are members of audiences of accounts, people of the others: else `not in` would always hold, also of
    /// somebody who is delivered.
    fn kind(&mut self, profile: &Text, audience: &Audience) {
        let text = written(&audience.name);
        let (message, help) = match (is_account(profile), audience.of) {
            (false, Subject::Account) => (
                format!("the members of `{text}` are accounts"),
                "ask about an account, such as `\"group_id:acme\"`; of a person, `delivered to …` and `filtered at …` can be \
                 expected",
            ),
            (true, Subject::User) => (
                format!("the members of `{text}` are people, and `group_id` names an account"),
                "ask about a person, such as `\"user_id:u1\"`",
            ),
            _ => return,
        };
        self.problems
            .push(Diagnostic::error(Code::BadTest, profile.span, message).help(help));
    }

    /// What is delivered are people.
    fn delivered(&mut self, profile: &Text) {
        if is_account(profile) {
            self.problems.push(
                Diagnostic::error(
                    Code::BadTest,
                    profile.span,
                    "what is delivered are people, not accounts",
                )
                .help("ask about a user of the account, such as `\"user_id:u1\"`"),
            );
        }
    }

    /// An audience behind `in`: of a destination, something else is asked.
    fn member(&mut self, name: &Name) -> Option<&'a Audience> {
        let destination = self.destinations.contains_key(&*name.text) && !self.audiences.contains_key(&*name.text);
        if !destination {
            return self.audience(name);
        }
        let text = written(&name.text);
        let message = format!("there is no audience `{}`: that name is a destination", name.text);
        self.problems.push(
            Diagnostic::error(Code::UnknownName, name.span, message).help(format!(
                "at a destination, write `filtered at {text}` for a member that consent holds back, or `delivered to {text}`"
            )),
        );
        None
    }

    fn audience(&mut self, name: &Name) -> Option<&'a Audience> {
        let found = self.audiences.get(&*name.text).copied();
        if found.is_none() {
            let other = self.destinations.contains_key(&*name.text).then_some("a destination");
            let known: Vec<&str> = self.audiences.keys().copied().collect();
            self.unknown(name, "audience", &known, other);
        }
        found
    }

    /// A destination that the audience is sent to, or any audience.
    fn delivery(&mut self, name: &Name, from: Option<&Name>) {
        let found = self.destinations.get(&*name.text).copied();
        if found.is_none() {
            let other = self.audiences.contains_key(&*name.text).then_some("an audience");
            let known: Vec<&str> = self.destinations.keys().copied().collect();
            self.unknown(name, "destination", &known, other);
        }
        let audience = from.map(|from| (from, self.audience(from)));
        let Some(destination) = found else { return };
        let sent = |audience: &Audience| audience.destinations.contains(&destination);
        let text = &name.text;
        let error = match audience {
            None if self.reached.contains(&destination) => return,
            None => Diagnostic::error(Code::BadTest, name.span, format!("no audience is sent to `{text}`"))
                .help("name a destination that some audience is sent to"),
            Some((_, None)) => return,
            Some((_, Some(audience))) if sent(audience) => return,
            Some((from, Some(audience))) => {
                let message = format!("the audience `{}` is not sent to `{text}`", from.text);
                let destinations = &self.program.destinations;
                let to = audience
                    .destinations
                    .iter()
                    .filter_map(|slot| destinations.get(slot.index()));
                let to: Vec<String> = to
                    .map(|destination| format!("`{}`", written(&destination.name)))
                    .collect();
                let others = self.program.audiences.iter().filter(|audience| sent(audience));
                let others: Vec<String> = others.take(3).map(|a| format!("`{}`", written(&a.name))).collect();
                let to = if to.is_empty() {
                    "nowhere".to_owned()
                } else {
                    format!("to {}", to.join(", "))
                };
                let others = match others.as_slice() {
                    [] => "nothing is".to_owned(),
                    some => format!("what is sent to `{text}` is {}", some.join(", ")),
                };
                Diagnostic::error(Code::BadTest, from.span, message).help(format!("it is sent {to}; {others}"))
            }
        };
        self.problems.push(error);
    }

    fn unknown(&mut self, name: &Name, what: &str, known: &[&str], other: Option<&str>) {
        let text = &*name.text;
        let mut message = format!("there is no {what} `{text}`");
        self.suggested += 1;
        let near = (self.suggested <= SUGGESTED)
            .then(|| nearest(text, known.iter().copied()))
            .flatten();
        let help = match (near, other) {
            (Some(near), _) => {
                if near.to_lowercase() == text.to_lowercase() {
                    message += ": small and capital letters differ";
                }
                format!("did you mean `{}`?", written(near))
            }
            (None, Some(other)) => {
                message = format!("{message}: that name is {other}");
                let article = if what == "audience" { "an" } else { "a" };
                format!("name {article} {what} here")
            }
            (None, None) if known.is_empty() => format!("the definitions of this workspace declare no {what}"),
            (None, None) => {
                let some: Vec<String> = known
                    .iter()
                    .take(3)
                    .map(|name| format!("`{}`", written(name)))
                    .collect();
                format!("the definitions of this workspace declare {}", some.join(", "))
            }
        };
        self.problems
            .push(Diagnostic::error(Code::UnknownName, name.span, message).help(help));
    }
}
