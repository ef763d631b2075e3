//! The fewest changes that make a formula true.
//!
//! Parts that share no variable are solved one by one, which is exact and as fast as reading them. Where parts share some,
//! each value of a shared variable is tried, which is exact, too, but not fast: to find the fewest is as hard as any problem
//! of its kind. So the search is bounded. Beyond the bound it takes the changes that the parts need one after the other, less
//! those that can be spared.

use std::collections::{BTreeMap, BTreeSet};

/// So many parts of formulas may be looked at before the search for the fewest ends,
const SEARCH: u64 = 1_000_000;
/// and so many before every search does.
const AT_MOST: u64 = 4 * SEARCH;
/// and so many to spare what is not needed of what was found without.
const SPARE: u64 = 20 * SEARCH;
/// As many shared variables are tried at once: the recursion is no deeper.
const DEPTH: usize = 64;

/// What holds or not, depending on variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Formula {
    /// A variable has one of these values; each is a bit.
    Is { variable: usize, among: u8 },
    /// All of them; `true` for none.
    All(Vec<Formula>),
    /// One of them; `false` for none.
    Any(Vec<Formula>),
}

/// Something that can have other values. Its place is its rank: of sets of equal size the first one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    /// The value it has, as a bit.
    pub(super) now: u8,
    /// The values that it can be given, each a bit, in ascending order.
    pub(super) options: Vec<u8>,
}

/// Variables and what they are given, in order.
pub(super) type Changes = Vec<(usize, u8)>;

impl Formula {
    pub(super) fn constant(value: bool) -> Formula {
        if value {
            Formula::All(Vec::new())
        } else {
            Formula::Any(Vec::new())
        }
    }

    /// Whether it is `true` or `false` whatever the variables are.
    pub(super) fn as_constant(&self) -> Option<bool> {
        match self {
            Formula::All(parts) if parts.is_empty() => Some(true),
            Formula::Any(parts) if parts.is_empty() => Some(false),
            _ => None,
        }
    }

    pub(super) fn all(parts: impl IntoIterator<Item = Formula>) -> Formula {
        group(parts, true)
    }

    pub(super) fn any(parts: impl IntoIterator<Item = Formula>) -> Formula {
        group(parts, false)
    }

    /// The other way round.
    pub(super) fn not(&self) -> Formula {
        let turned = |parts: &[Formula]| parts.iter().map(Formula::not).collect();
        match self {
            Formula::Is { variable, among } => Formula::Is {
                variable: *variable,
                among: !among,
            },
            Formula::All(parts) => Formula::Any(turned(parts)),
            Formula::Any(parts) => Formula::All(turned(parts)),
        }
    }

    /// The formula with the values of some variables filled in.
    pub(super) fn given(&self, value: &impl Fn(usize) -> Option<u8>) -> Formula {
        self.each(&mut |variable, among| match value(variable) {
            Some(value) => Formula::constant(among & value != 0),
            None => Formula::Is { variable, among },
        })
    }

    /// Whether it holds where the variables have these values.
    pub(super) fn holds(&self, value: &impl Fn(usize) -> u8) -> bool {
        match self {
            Formula::Is { variable, among } => among & value(*variable) != 0,
            Formula::All(parts) => parts.iter().all(|part| part.holds(value)),
            Formula::Any(parts) => parts.iter().any(|part| part.holds(value)),
        }
    }

    /// The formula with something in the place of each variable.
    pub(super) fn each(&self, put: &mut impl FnMut(usize, u8) -> Formula) -> Formula {
        match self {
            Formula::Is { variable, among } => put(*variable, *among),
            Formula::All(parts) => {
                let parts: Vec<Formula> = parts.iter().map(|part| part.each(put)).collect();
                Formula::all(parts)
            }
            Formula::Any(parts) => {
                let parts: Vec<Formula> = parts.iter().map(|part| part.each(put)).collect();
                Formula::any(parts)
            }
        }
    }

    /// How deep its parts are in one another.
    pub(super) fn depth(&self) -> usize {
        match self {
            Formula::Is { .. } => 1,
            Formula::All(parts) | Formula::Any(parts) => 1 + parts.iter().map(Formula::depth).max().unwrap_or_default(),
        }
    }

    /// How many parts it has, itself included.
    pub(super) fn size(&self) -> u64 {
        match self {
            Formula::Is { .. } => 1,
            Formula::All(parts) | Formula::Any(parts) => 1 + parts.iter().map(Formula::size).sum::<u64>(),
        }
    }

    fn visit(&self, seen: &mut impl FnMut(usize)) {
        match self {
            Formula::Is { variable, .. } => seen(*variable),
            Formula::All(parts) | Formula::Any(parts) => parts.iter().for_each(|part| part.visit(seen)),
        }
    }
}

/// `all` or `any`, flat, without constants.
fn group(parts: impl IntoIterator<Item = Formula>, all: bool) -> Formula {
    let mut flat = Vec::new();
    for part in parts {
        match (part.as_constant(), part) {
            (Some(value), _) if value == all => {}
            (Some(value), _) => return Formula::constant(value),
            (None, Formula::All(inner)) if all => flat.extend(inner),
            (None, Formula::Any(inner)) if !all => flat.extend(inner),
            (None, part) => flat.push(part),
        }
    }
    match (flat.len(), flat.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            flat.extend(last);
            if all { Formula::All(flat) } else { Formula::Any(flat) }
        }
    }
}

/// The value that a variable has after some changes.
pub(super) fn after(changes: &Changes, variables: &[Variable], variable: usize) -> u8 {
    let changed = changes.binary_search_by_key(&variable, |(variable, _)| *variable);
    let changed = changed.ok().and_then(|at| changes.get(at));
    let now = || variables.get(variable).map_or(0, |variable| variable.now);
    changed.map_or_else(now, |(_, value)| *value)
}

/// The fewest changes that make a formula true, of several such sets the first; none if it is true. `None` where nothing
/// makes it true, or nothing was found within the bound.
pub(super) fn fewest(formula: &Formula, variables: &[Variable]) -> Option<Changes> {
    let mut search = Search {
        variables,
        spent: 0,
        guesses: false,
    };
    let mut changes = search.solve(formula, usize::MAX, 0)?;
    if search.guesses {
        if formula.size().saturating_mul(changes.len() as u64) > SPARE {
            return None;
        }
        // The first ones are kept where one of two can go.
        for at in (0..changes.len()).rev() {
            let spared = changes
                .clone()
                .into_iter()
                .enumerate()
                .filter(|(other, _)| *other != at);
            let spared: Changes = spared.map(|(_, change)| change).collect();
            if formula.holds(&|variable| after(&spared, variables, variable)) {
                changes = spared;
            }
        }
    }
    Some(changes)
}

struct Search<'v> {
    variables: &'v [Variable],
    /// How many parts of formulas were looked at.
    spent: u64,
    /// Whether anything was taken without trying all else.
    guesses: bool,
}

impl Search<'_> {
    /// Whether the search for the fewest has ended.
    fn is_over(&self) -> bool {
        self.spent > SEARCH
    }

    fn holds_now(&mut self, formula: &Formula) -> bool {
        self.spent += formula.size();
        formula.holds(&|variable| after(&Vec::new(), self.variables, variable))
    }

    fn given(&mut self, formula: &Formula, changes: &[(usize, u8)]) -> Formula {
        self.spent += formula.size();
        let given: BTreeMap<usize, u8> = changes.iter().copied().collect();
        formula.given(&|variable| given.get(&variable).copied())
    }

    /// The first of the smallest sets of at most so many changes.
    fn solve(&mut self, formula: &Formula, most: usize, depth: usize) -> Option<Changes> {
        if self.holds_now(formula) {
            return Some(Vec::new());
        }
        if most == 0 || self.spent > AT_MOST {
            return None;
        }
        match formula {
            Formula::Is { variable, among } => {
                let options = &self.variables.get(*variable)?.options;
                let fitting = options.iter().find(|option| **option & among != 0)?;
                Some(vec![(*variable, *fitting)])
            }
            Formula::Any(parts) => {
                let mut best = Best::within(most);
                for part in parts {
                    best.offer(self.solve(part, best.most, depth));
                }
                best.found
            }
            Formula::All(parts) => {
                let mut changes = Vec::new();
                for together in self.together(parts) {
                    let left = most.checked_sub(changes.len())?;
                    let found = match together.as_slice() {
                        [only] => self.solve(only, left, depth),
                        parts => self.share(parts, left, depth),
                    };
                    changes.extend(found?);
                }
                changes.sort_unstable();
                Some(changes)
            }
        }
    }

    /// The parts in groups, so that no variable that can change is in two groups.
    fn together<'f>(&mut self, parts: &'f [Formula]) -> Vec<Vec<&'f Formula>> {
        // By variable the first part that has it; by part the first part that it belongs to, or one nearer to that.
        let mut first: BTreeMap<usize, usize> = BTreeMap::new();
        let mut group: Vec<usize> = (0..parts.len()).collect();
        for (at, part) in parts.iter().enumerate() {
            self.spent += part.size();
            part.visit(&mut |variable| {
                let fixed = self.variables.get(variable).is_none_or(|it| it.options.is_empty());
                if fixed {
                    return;
                }
                let other = *first.entry(variable).or_insert(at);
                let (a, b) = (root(&mut group, other), root(&mut group, at));
                if let Some(group) = group.get_mut(a.max(b)) {
                    *group = a.min(b);
                }
            });
        }
        let mut groups: BTreeMap<usize, Vec<&Formula>> = BTreeMap::new();
        for (at, part) in parts.iter().enumerate() {
            groups.entry(root(&mut group, at)).or_default().push(part);
        }
        groups.into_values().collect()
    }

    /// Makes parts true that have variables in common: tries what one of these can be.
    fn share(&mut self, parts: &[&Formula], most: usize, depth: usize) -> Option<Changes> {
        if depth >= DEPTH || self.is_over() {
            return self.one_by_one(parts, most, depth);
        }
        let variable = self.most_shared(parts)?;
        let Variable { now, options } = self.variables.get(variable)?.clone();
        let mut best = Best::within(most);
        for value in [now].into_iter().chain(options) {
            let own: Changes = (value != now).then_some((variable, value)).into_iter().collect();
            let Some(left) = best.most.checked_sub(own.len()) else {
                continue;
            };
            let parts: Vec<Formula> = parts
                .iter()
                .map(|part| self.given(part, &[(variable, value)]))
                .collect();
            let rest = self.solve(&Formula::all(parts), left, depth + 1);
            best.offer(rest.map(|mut changes| {
                changes.extend(own);
                changes.sort_unstable();
                changes
            }));
            if self.is_over() {
                self.guesses = true;
                break;
            }
        }
        if best.found.is_none() && self.is_over() {
            return self.one_by_one(parts, most, depth);
        }
        best.found
    }

    /// The variable that most parts have, of several the first.
    fn most_shared(&mut self, parts: &[&Formula]) -> Option<usize> {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for part in parts {
            self.spent += part.size();
            let mut own = BTreeSet::new();
            part.visit(&mut |variable| {
                own.insert(variable);
            });
            for variable in own {
                *counts.entry(variable).or_default() += 1;
            }
        }
        let free = |variable: usize| self.variables.get(variable).is_some_and(|it| !it.options.is_empty());
        let counts = counts.into_iter().filter(|(variable, _)| free(*variable));
        let most = counts.max_by_key(|(variable, count)| (*count, std::cmp::Reverse(*variable)));
        most.map(|(variable, _)| variable)
    }

    /// Makes one part true after the other; what is changed stays so.
    fn one_by_one(&mut self, parts: &[&Formula], most: usize, depth: usize) -> Option<Changes> {
        self.guesses = true;
        let mut parts: Vec<Formula> = parts.iter().map(|part| (*part).clone()).collect();
        let mut changes = Vec::new();
        loop {
            let wrong = parts.iter().position(|part| !self.holds_now(part));
            let Some(wrong) = wrong.and_then(|at| parts.get(at)).cloned() else {
                break;
            };
            // A part of the whole: no deeper than the formula is.
            let found = self.solve(&wrong, most, depth)?;
            parts = parts.iter().map(|part| self.given(part, &found)).collect();
            changes.extend(found);
        }
        changes.sort_unstable();
        (changes.len() <= most).then_some(changes)
    }
}

/// The first part of the group that a part belongs to; the way there is made shorter.
fn root(group: &mut [usize], mut at: usize) -> usize {
    while let Some(up) = group.get(at).copied().filter(|up| *up != at) {
        let further = group.get(up).copied().unwrap_or(up);
        if let Some(group) = group.get_mut(at) {
            *group = further;
        }
        at = up;
    }
    at
}

/// The best of what was offered.
struct Best {
    found: Option<Changes>,
    /// So many changes may the next one have.
    most: usize,
}

impl Best {
    fn within(most: usize) -> Self {
        Best { found: None, most }
    }

    fn offer(&mut self, offered: Option<Changes>) {
        match (&self.found, offered) {
            (_, None) => {}
            (Some(found), Some(offered)) if (found.len(), found) <= (offered.len(), &offered) => {}
            (_, Some(offered)) => {
                self.most = self.most.min(offered.len());
                self.found = Some(offered);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Variables of two values and of four, some of which cannot change.
    fn variable() -> impl Strategy<Value = Variable> {
        let two = prop::sample::select(vec![(1, vec![2]), (2, vec![1]), (1, vec![])]);
        let four = prop::sample::select(vec![(1, vec![2]), (2, vec![1]), (4, vec![1, 2]), (8, vec![1, 2])]);
        prop_oneof![3 => two, 1 => four].prop_map(|(now, options)| Variable { now, options })
    }

    fn formula(variables: usize) -> impl Strategy<Value = Formula> {
        let leaf = (0..variables, 0..16u8).prop_map(|(variable, among)| Formula::Is { variable, among });
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..5).prop_map(Formula::all),
                prop::collection::vec(inner.clone(), 1..5).prop_map(Formula::any),
                inner.prop_map(|inner| inner.not()),
            ]
        })
    }

    /// All sets of changes, tried.
    fn tried(formula: &Formula, variables: &[Variable]) -> Option<Changes> {
        let mut sets: Vec<Changes> = vec![Vec::new()];
        for (at, variable) in variables.iter().enumerate() {
            let with: Vec<Changes> = sets
                .iter()
                .flat_map(|set| {
                    variable.options.iter().map(move |option| {
                        let mut set = set.clone();
                        set.push((at, *option));
                        set
                    })
                })
                .collect();
            sets.extend(with);
        }
        sets.sort_by_key(|set| (set.len(), set.clone()));
        sets.into_iter()
            .find(|set| formula.holds(&|variable| after(set, variables, variable)))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_the_first_of_the_smallest(
            (variables, formula) in (1..8usize).prop_flat_map(|n| (prop::collection::vec(variable(), n), formula(n)))
        ) {
            prop_assert_eq!(fewest(&formula, &variables), tried(&formula, &variables));
        }

        #[test]
        fn beyond_the_bound_what_is_found_is_true(
            (variables, formula) in (1..8usize).prop_flat_map(|n| (prop::collection::vec(variable(), n), formula(n)))
        ) {
            let mut search = Search { variables: &variables, spent: SEARCH + 1, guesses: false };
            if let Some(found) = search.solve(&formula, usize::MAX, 0) {
                let holds = formula.holds(&|variable| after(&found, &variables, variable));
                prop_assert!(holds, "{:?}", found);
            }
        }
    }

    fn leaf(variable: usize) -> Formula {
        Formula::Is { variable, among: 2 }
    }

    #[test]
    fn hundreds_of_parts_are_no_matter() {
        let variables = vec![
            Variable {
                now: 1,
                options: vec![2]
            };
            2000
        ];
        // Of each pair the first: there are more ways than anybody can try.
        let pairs = Formula::all((0..1000).map(|at| Formula::any([leaf(2 * at), leaf(2 * at + 1)])));
        let found = fewest(&pairs, &variables).unwrap();
        assert_eq!(found.len(), 1000);
        assert!(found.iter().all(|(variable, _)| variable % 2 == 0));
        // Each variable in three parts: too many to try, but some set is found, and nothing of it can be spared.
        let triples = Formula::all((0..600usize).map(|at| {
            let others = [at, at * 7 + 1, at * 31 + 5].map(|variable| leaf(variable % 300));
            Formula::any(others)
        }));
        let found = fewest(&triples, &variables).unwrap();
        assert!(triples.holds(&|variable| after(&found, &variables, variable)));
        for at in 0..found.len() {
            let mut spared = found.clone();
            spared.remove(at);
            assert!(!triples.holds(&|variable| after(&spared, &variables, variable)));
        }
    }
}
