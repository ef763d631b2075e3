//! What the audiences that one refers to ask of consent: whether a profile is in them is a matter of that, too.

use std::collections::{BTreeMap, BTreeSet};

use super::Asked;
use super::fewest::Formula;
use super::flips::bit;
use crate::consent::ConsentState;
use crate::eval;
use crate::ir::{Audience, AudienceSlot, CategorySlot, Node, NodeId, Program, Subject};

/// As many parts as the formulas of all audiences may have together, and as many as these may bring into the one in question,
pub(super) const ROOM: u64 = 20_000;
/// and as deep as each may be.
const DEPTH: usize = 100;

/// What is asked of a profile's consent by way of other audiences.
#[derive(Debug, Default)]
pub(super) struct Through {
    /// By audience, where consent decides: whether the profile is in it. A variable is a category by its place, with the values
    /// of [`bit`].
    pub(super) asks: BTreeMap<AudienceSlot, Formula>,
    /// The categories of which nothing can be told: what others say in an account may change with them.
    pub(super) fixed: BTreeSet<CategorySlot>,
}

/// What an audience of users asks through others. `None` where it costs too much to say.
pub(super) fn through(program: &Program, asked: Asked<'_>, declared: &Audience) -> Option<Through> {
    if declared.of == Subject::Account {
        return Some(Through::default());
    }
    let mut reached = Reached::default();
    reached.node(program, declared.who, false);
    let mut through = Through::default();
    // Who has no account is in no audience of accounts, whatever it consents to.
    if !asked.accounts.is_empty() {
        through.fixed = reached.of_accounts;
    }
    let mut ask = Ask {
        program,
        asked,
        through,
        speaks: BTreeMap::new(),
        left: ROOM,
    };
    for slot in program.order.iter().filter(|slot| reached.users.contains(slot)) {
        if !ask.audience(*slot)? {
            return Some(Through::unknown(program));
        }
    }
    Some(ask.through)
}

impl Through {
    /// Where it is too much to tell, nothing is told of any consent.
    pub(super) fn unknown(program: &Program) -> Self {
        Through {
            asks: BTreeMap::new(),
            fixed: (0..program.categories.len()).map(CategorySlot::at).collect(),
        }
    }
}

/// What can be come to from a condition.
#[derive(Debug, Default)]
struct Reached {
    /// Audiences of users, other than inside of those of accounts.
    users: BTreeSet<AudienceSlot>,
    /// Categories that audiences of accounts ask about.
    of_accounts: BTreeSet<CategorySlot>,
    /// Nodes, and whether inside of an audience of accounts.
    seen: BTreeSet<(NodeId, bool)>,
}

impl Reached {
    fn node(&mut self, program: &Program, from: NodeId, inside: bool) {
        let mut open = vec![(from, inside)];
        while let Some((id, inside)) = open.pop() {
            if !self.seen.insert((id, inside)) {
                continue;
            }
            match program.node(id) {
                Node::Not(inner) | Node::Users { condition: inner, .. } => open.push((*inner, inside)),
                Node::And(nodes) | Node::Or(nodes) => open.extend(nodes.iter().map(|node| (*node, inside))),
                Node::Consent { category, .. } if inside => {
                    self.of_accounts.insert(*category);
                }
                Node::Member(slot) => {
                    let Some(audience) = program.audiences.get(slot.index()) else {
                        continue;
                    };
                    let inside = inside || audience.of == Subject::Account;
                    if inside {
                        self.of_accounts.extend(&audience.consent);
                    } else {
                        self.users.insert(*slot);
                    }
                    open.push((audience.who, inside));
                }
                Node::Const(_)
                | Node::Consent { .. }
                | Node::Test { .. }
                | Node::Element { .. }
                | Node::Performed(_) => {}
            }
        }
    }
}

struct Ask<'w> {
    program: &'w Program,
    asked: Asked<'w>,
    through: Through,
    /// By node, whether consent decides it.
    speaks: BTreeMap<NodeId, bool>,
    /// How much room is left; at 0 what was made means nothing.
    left: u64,
}

impl Ask<'_> {
    /// Those that it refers to stand before it. `false` where there is no room; `None` where it costs too much to say.
    fn audience(&mut self, slot: AudienceSlot) -> Option<bool> {
        let program = self.program;
        let Some(audience) = program.audiences.get(slot.index()) else {
            return Some(true);
        };
        if audience.consent.is_empty() && !self.speaks(audience.who) {
            return Some(true);
        }
        let eligible = self.asked.row.is_eligible(audience.include_anonymous);
        let clauses = audience.consent.iter().map(|category| granted(*category));
        let clauses: Vec<Formula> = clauses.collect();
        let who = self.node(audience.who)?;
        let formula = Formula::all([Formula::constant(eligible), who].into_iter().chain(clauses));
        let Some(left) = self
            .left
            .checked_sub(formula.size())
            .filter(|_| formula.depth() <= DEPTH)
        else {
            return Some(false);
        };
        self.left = left;
        self.through.asks.insert(slot, formula);
        Some(true)
    }

    /// The recursion is as deep as conditions are nested.
    fn speaks(&mut self, id: NodeId) -> bool {
        if let Some(known) = self.speaks.get(&id) {
            return *known;
        }
        let program = self.program;
        let speaks = match program.node(id) {
            Node::Consent { .. } => true,
            Node::Member(slot) => self.through.asks.contains_key(slot),
            Node::Not(inner) => self.speaks(*inner),
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().any(|node| self.speaks(*node)),
            Node::Const(_) | Node::Test { .. } | Node::Element { .. } | Node::Performed(_) | Node::Users { .. } => {
                false
            }
        };
        self.speaks.insert(id, speaks);
        speaks
    }

    fn node(&mut self, id: NodeId) -> Option<Formula> {
        if !self.speaks(id) {
            let trace = eval::trace(self.program, id, self.asked.row, &[])?;
            return Some(Formula::constant(trace.records().first()?.holds));
        }
        let program = self.program;
        Some(match program.node(id) {
            Node::Consent { category, state } => is(*category, *state),
            Node::Member(slot) => {
                let asks = self.through.asks.get(slot)?;
                self.left = self.left.saturating_sub(asks.size());
                if self.left == 0 {
                    return Some(Formula::constant(false));
                }
                asks.clone()
            }
            Node::Not(inner) => self.node(*inner)?.not(),
            Node::And(nodes) => Formula::all(self.nodes(nodes)?),
            Node::Or(nodes) => Formula::any(self.nodes(nodes)?),
            _ => return None,
        })
    }

    fn nodes(&mut self, nodes: &[NodeId]) -> Option<Vec<Formula>> {
        nodes.iter().map(|node| self.node(*node)).collect()
    }
}

fn granted(category: CategorySlot) -> Formula {
    is(category, ConsentState::Granted)
}

fn is(category: CategorySlot, state: ConsentState) -> Formula {
    Formula::Is {
        variable: category.index(),
        among: bit(state),
    }
}
