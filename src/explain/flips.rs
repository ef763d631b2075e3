//! What would have to change for another answer: the conditions of an audience as a formula over what can change, and the
//! fewest changes of it.
//!
//! What can change is each written condition, by itself, and the consent to each category, which can be given or refused. A
//! `member of` is a condition that can turn round like any other; but a consent that the other audience asks for changes it, too.

use std::collections::BTreeMap;

use super::fewest::{Changes, Formula, Variable, after, fewest};
use super::through::{self, Through};
use super::would::WouldChange;
use super::{Asked, Condition, Workspace, words};
use crate::compile::{Form, Outline};
use crate::consent::ConsentState;
use crate::ir::{Audience, AudienceSlot, CategorySlot, DestinationSlot, Node, NodeId, Subject};

/// The values of a condition: it holds, or not.
const HOLDS: u8 = 1;
const NOT: u8 = 2;

/// What would change whether the audience has this member and where it is delivered. `None` where it costs too much to say.
pub(super) fn would_change(
    workspace: Workspace<'_>,
    asked: Asked<'_>,
    audience: AudienceSlot,
    told: &Condition,
) -> Option<Vec<WouldChange>> {
    let declared = workspace.program.audiences.get(audience.index())?;
    let who = workspace.places.outline(audience)?.who.as_ref();
    let through = through::through(workspace.program, asked, declared)?;
    let mut flips = Flips::new(workspace, asked, through);
    let mut root = flips.audience(declared, who, told);
    if flips.left == 0 {
        flips = Flips::new(workspace, asked, Through::unknown(workspace.program));
        root = flips.audience(declared, who, told);
    }
    let member = asked.row.is_member(audience);
    let turned = if member { root.not() } else { root.clone() };
    let mut told = Vec::new();
    if declared.of == Subject::User {
        for slot in &declared.destinations {
            told.extend(flips.delivery(*slot, &root, member));
        }
    }
    // Said with a destination, it need not be said again.
    let by_consent = fewest(&flips.consent_alone(&turned), &flips.variables);
    if let Some(changes) = by_consent.filter(|changes| !changes.is_empty()) {
        let change = flips.told(&changes, &root, member, None);
        if !told.iter().any(|other| other.consent == change.consent) {
            told.push(change);
        }
    }
    let changes = fewest(&turned, &flips.variables);
    let change = changes.map(|changes| flips.told(&changes, &root, member, None));
    told.extend(change.filter(|change| change.identifier || !change.conditions.is_empty()));
    Some(told)
}

/// What a variable stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Stands {
    /// A condition, as its node.
    Condition(NodeId),
    Category(CategorySlot),
    /// An identifier that makes a member.
    Identifier,
}

/// How a variable is told.
enum Name {
    /// What is written of a condition, and whether it is written the other way round than its node.
    Condition(String, bool),
    Category(CategorySlot),
    Identifier,
}

struct Flips<'w> {
    workspace: Workspace<'w>,
    asked: Asked<'w>,
    /// What the audiences that are referred to ask of consent,
    through: Through,
    /// and how much of it can still be taken in.
    left: u64,
    /// In their author's order.
    variables: Vec<Variable>,
    names: Vec<Name>,
    places: BTreeMap<Stands, usize>,
}

impl<'w> Flips<'w> {
    fn new(workspace: Workspace<'w>, asked: Asked<'w>, through: Through) -> Self {
        Flips {
            workspace,
            asked,
            through,
            left: through::ROOM,
            variables: Vec::new(),
            names: Vec::new(),
            places: BTreeMap::new(),
        }
    }

    /// All that an audience asks of a member.
    fn audience(&mut self, declared: &Audience, who: Option<&Outline>, told: &Condition) -> Formula {
        let of_users = declared.of == Subject::User;
        let mut parts = Vec::new();
        if of_users && !self.asked.row.is_eligible(declared.include_anonymous) {
            let variable = self.variable(Stands::Identifier, NOT, vec![HOLDS], || Name::Identifier);
            parts.push(Formula::Is { variable, among: HOLDS });
        }
        // Before `who` stands the identifier, where there is one.
        let told = told.children.get(usize::from(of_users));
        if let Some((who, told)) = who.zip(told) {
            parts.push(self.condition(who, told));
        }
        for category in declared.consent.iter().filter(|_| of_users) {
            parts.push(self.consent(*category, ConsentState::Granted));
        }
        Formula::all(parts)
    }

    /// The recursion is as deep as conditions are nested.
    fn condition(&mut self, outline: &Outline, told: &Condition) -> Formula {
        let parts = outline.children.iter().zip(&told.children);
        match outline.form {
            Form::And => {
                let parts: Vec<Formula> = parts.map(|(part, told)| self.condition(part, told)).collect();
                Formula::all(parts)
            }
            Form::Or => {
                let parts: Vec<Formula> = parts.map(|(part, told)| self.condition(part, told)).collect();
                Formula::any(parts)
            }
            Form::Not => {
                let mut parts = parts.map(|(part, told)| self.condition(part, told).not());
                parts.next().unwrap_or(Formula::constant(false))
            }
            _ => self.leaf(outline, told.holds.unwrap_or_default()),
        }
    }

    fn leaf(&mut self, outline: &Outline, holds: bool) -> Formula {
        let program = self.workspace.program;
        let (id, negated) = match program.node(outline.node) {
            Node::Not(inner) => (*inner, true),
            _ => (outline.node, false),
        };
        let holds = holds != negated;
        let formula = match program.node(id) {
            // What never changes cannot change.
            Node::Const(value) => Formula::constant(*value),
            Node::Consent { category, state } => self.consent(*category, *state),
            node => {
                let (now, other) = if holds { (HOLDS, NOT) } else { (NOT, HOLDS) };
                let Workspace { places, sources, .. } = self.workspace;
                let variable = self.variable(Stands::Condition(id), now, vec![other], || {
                    let line = words::condition(outline.span, places.comments(outline.span), sources);
                    Name::Condition(line, negated)
                });
                let own = Formula::Is { variable, among: HOLDS };
                match (node, holds) {
                    (Node::Member(target), true) => Formula::all([own, self.member(*target)]),
                    (Node::Member(target), false) => Formula::any([own, self.member(*target)]),
                    _ => own,
                }
            }
        };
        if negated { formula.not() } else { formula }
    }

    /// Whether it is a member of another audience, as far as that is a matter of consent.
    fn member(&mut self, target: AudienceSlot) -> Formula {
        let now = Formula::constant(self.asked.row.is_member(target));
        let Some(asks) = self.through.asks.get(&target) else {
            return now;
        };
        self.left = self.left.saturating_sub(asks.size());
        if self.left == 0 {
            return now;
        }
        let asks = asks.clone();
        asks.each(&mut |category, among| {
            let variable = self.category(CategorySlot::at(category));
            Formula::Is { variable, among }
        })
    }

    fn consent(&mut self, category: CategorySlot, state: ConsentState) -> Formula {
        let variable = self.category(category);
        let among = bit(state);
        Formula::Is { variable, among }
    }

    /// The stored consent to a category. It can be given, and it can be refused: nobody can bring about another state.
    fn category(&mut self, category: CategorySlot) -> usize {
        let now = self.asked.row.consent(category);
        let given = [ConsentState::Granted, ConsentState::Denied].into_iter();
        let given = given.filter(|_| !self.through.fixed.contains(&category));
        let options = given.filter(|state| *state != now).map(bit).collect();
        let stands = Stands::Category(category);
        self.variable(stands, bit(now), options, || Name::Category(category))
    }

    /// The variable for something, made where it is first named.
    fn variable(&mut self, stands: Stands, now: u8, options: Vec<u8>, name: impl FnOnce() -> Name) -> usize {
        *self.places.entry(stands).or_insert_with(|| {
            self.variables.push(Variable { now, options });
            self.names.push(name());
            self.variables.len() - 1
        })
    }

    /// The formula where conditions stay as they are.
    fn consent_alone(&self, formula: &Formula) -> Formula {
        formula.given(&|variable| match self.names.get(variable) {
            Some(Name::Category(_)) => None,
            _ => self.variables.get(variable).map(|variable| variable.now),
        })
    }

    /// The fewest changes of consent that turn round what is delivered to a destination.
    fn delivery(&mut self, slot: DestinationSlot, root: &Formula, member: bool) -> Option<WouldChange> {
        let program = self.workspace.program;
        let destination = program.destinations.get(slot.index())?;
        let required = program.enforced(destination).filter(|_| program.enforcement);
        let required: Vec<Formula> = required
            .map(|category| self.consent(category, ConsentState::Granted))
            .collect();
        let delivery = Formula::all([root.clone()].into_iter().chain(required));
        let delivered = delivery.holds(&|variable| after(&Vec::new(), &self.variables, variable));
        let turned = if delivered { delivery.not() } else { delivery };
        let changes = fewest(&self.consent_alone(&turned), &self.variables)?;
        let sent = (destination.name.to_string(), !delivered);
        (!changes.is_empty()).then(|| self.told(&changes, root, member, Some(sent)))
    }

    fn told(
        &self,
        changes: &Changes,
        root: &Formula,
        member: bool,
        destination: Option<(String, bool)>,
    ) -> WouldChange {
        let becomes = root.holds(&|variable| after(changes, &self.variables, variable));
        let mut told = WouldChange {
            consent: Vec::new(),
            conditions: Vec::new(),
            identifier: false,
            member: (becomes != member).then_some(becomes),
            destination,
        };
        for (variable, value) in changes {
            match self.names.get(*variable) {
                Some(Name::Condition(line, negated)) => {
                    told.conditions.push((line.clone(), (*value == HOLDS) != *negated));
                }
                Some(Name::Category(category)) => {
                    let id = self.workspace.program.category_id(*category).to_owned();
                    let states = ConsentState::ALL.into_iter().find(|state| bit(*state) == *value);
                    told.consent.extend(states.map(|state| (id, state)));
                }
                Some(Name::Identifier) => told.identifier = true,
                None => {}
            }
        }
        told
    }
}

/// The values of a category.
pub(super) fn bit(state: ConsentState) -> u8 {
    match state {
        ConsentState::Granted => 1,
        ConsentState::Denied => 2,
        ConsentState::Conflicted => 4,
        ConsentState::NotCollected => 8,
    }
}
