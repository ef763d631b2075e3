//! The same workspace, written differently: what it means must not change.

use volens::ConsentState;
use volens::span::{FileId, Span};
use volens::syntax::ast::*;
use volens::time::Unit;

use crate::choices::Choices;

const SPAN: Span = Span {
    file: FileId(0),
    start: 0,
    end: 0,
};
/// How many forms that nest deeper may lie in each other, so that the language's limit is not reached.
const DEEPEST: usize = 5;

/// Whom a condition asks about, and in which audience it stands.
#[derive(Clone, Copy)]
pub(crate) struct Context<'f> {
    pub(crate) audience: &'f Audience,
    pub(crate) quantified: bool,
}

struct Rewriter<'c, 'f> {
    choices: &'c mut Choices,
    file: &'f File,
    /// A `lookback` that is taken out and written into each `performed`.
    pushed: Option<DurationText>,
}

/// The same in other words.
pub(crate) fn rewrite(file: &File, choices: &mut Choices) -> File {
    let mut rewriter = Rewriter {
        choices,
        file,
        pushed: None,
    };
    let mut items: Vec<Item> = file.items.iter().map(|item| rewriter.item(item)).collect();
    if !items.iter().any(|item| matches!(item, Item::Enforcement(_))) && choices.once_in(2) {
        items.push(Item::Enforcement(Enforcement { on: true, span: SPAN }));
    }
    File {
        items: choices.turned(items),
        comments: Vec::new(),
        broken: Vec::new(),
    }
}

pub(crate) fn made(kind: ConditionKind) -> Condition {
    Condition { kind, span: SPAN }
}

pub(crate) fn brackets(inner: Condition) -> Condition {
    made(ConditionKind::Brackets(Box::new(inner)))
}

pub(crate) fn not(inner: Condition) -> Condition {
    made(ConditionKind::Not(Box::new(brackets(inner))))
}

fn all(conditions: Vec<Condition>) -> Condition {
    brackets(made(ConditionKind::And(conditions)))
}

fn either(mut conditions: Vec<Condition>) -> Condition {
    match conditions.len() {
        1 => conditions.remove(0),
        _ => brackets(made(ConditionKind::Or(conditions))),
    }
}

pub(crate) fn tested(value: &ValuePath, kind: TestKind) -> Condition {
    let test = Test { kind, span: SPAN };
    let value = value.clone();
    made(ConditionKind::Test { value, test })
}

fn clause(kind: ClauseKind) -> Clause {
    Clause { kind, span: SPAN }
}

fn modifier(kind: ModifierKind) -> Modifier {
    Modifier { kind, span: SPAN }
}

fn count(bound: Bound, times: u32) -> Modifier {
    let times = Integer {
        value: times,
        span: SPAN,
    };
    modifier(ModifierKind::Count { bound, times })
}

fn users(quantifier: Quantifier, condition: Condition) -> Condition {
    let condition = Box::new(condition);
    made(ConditionKind::Users { quantifier, condition })
}

pub(crate) fn property(name: &str, root: Root) -> ValuePath {
    let name = Name {
        text: name.into(),
        quoted: false,
        span: SPAN,
    };
    ValuePath {
        root,
        keys: vec![name],
        span: SPAN,
    }
}

fn lookback(audience: &Audience) -> Option<DurationText> {
    audience.clauses.iter().find_map(|clause| match clause.kind {
        ClauseKind::Lookback(duration) => Some(duration),
        _ => None,
    })
}

fn millis(duration: &DurationText) -> i64 {
    i64::from(duration.count.value) * duration.unit.millis()
}

fn of(audience: &Audience) -> Subject {
    audience.of.map_or(Subject::User, |of| of.subject)
}

fn anonymous(audience: &Audience) -> bool {
    audience
        .clauses
        .iter()
        .any(|clause| clause.kind == ClauseKind::IncludeAnonymous)
}

impl<'f> Rewriter<'_, 'f> {
    fn sometimes(&mut self) -> bool {
        self.choices.once_in(2)
    }

    fn item(&mut self, item: &'f Item) -> Item {
        match item {
            Item::Audience(audience) => Item::Audience(self.audience(audience)),
            Item::Computed(computed) => {
                let mut computed = computed.clone();
                computed.modifiers = self.modifiers(&computed.modifiers, true);
                Item::Computed(computed)
            }
            item => item.clone(),
        }
    }

    fn audience(&mut self, audience: &'f Audience) -> Audience {
        let context = Context {
            audience,
            quantified: false,
        };
        let mut who = Vec::new();
        let mut clauses = Vec::new();
        self.pushed = lookback(audience).filter(|_| self.sometimes());
        for each in &audience.clauses {
            match &each.kind {
                ClauseKind::Who(condition) => who.push(self.condition(condition, context, 0)),
                ClauseKind::Lookback(_) if self.pushed.is_some() => {}
                // In an audience of users the clause is one more condition; in one of accounts it is not.
                ClauseKind::ConsentTo(names) if of(audience) == Subject::User && self.sometimes() => {
                    who.extend(names.iter().map(|name| made(ConditionKind::ConsentTo(name.clone()))));
                }
                ClauseKind::ConsentTo(names) => {
                    clauses.extend(
                        names
                            .iter()
                            .map(|name| clause(ClauseKind::ConsentTo(vec![name.clone()]))),
                    );
                }
                ClauseKind::SendTo(names) => {
                    let names = self.choices.turned(names.clone());
                    clauses.extend(names.into_iter().map(|name| clause(ClauseKind::SendTo(vec![name]))));
                }
                kind => clauses.push(clause(kind.clone())),
            }
        }
        let who = self.choices.turned(who);
        let who = match who.len() {
            0 => None,
            1 => who.into_iter().next(),
            _ => Some(all(who)),
        };
        clauses.extend(who.map(|who| clause(ClauseKind::Who(who))));
        Audience {
            of: Some(Of {
                subject: of(audience),
                span: SPAN,
            }),
            clauses: self.choices.turned(clauses),
            ..audience.clone()
        }
    }

    /// `deep` counts what nests deeper around it.
    fn condition(&mut self, condition: &Condition, context: Context<'f>, deep: usize) -> Condition {
        let rewritten = self.inside(condition, context, deep);
        self.wrapped(rewritten, deep)
    }

    fn wrapped(&mut self, condition: Condition, deep: usize) -> Condition {
        if deep >= DEEPEST {
            return condition;
        }
        match self.choices.below(12) {
            1 | 2 => not(not(condition)),
            3 => brackets(condition),
            4 => all(vec![brackets(condition.clone()), brackets(condition)]),
            5 => either(vec![brackets(condition.clone()), brackets(condition)]),
            6 | 7 => match condition.kind {
                ConditionKind::And(operands) => not(either(operands.into_iter().map(not).collect())),
                ConditionKind::Or(operands) => not(all(operands.into_iter().map(not).collect())),
                kind => made(kind),
            },
            _ => condition,
        }
    }

    fn inside(&mut self, condition: &Condition, context: Context<'f>, deep: usize) -> Condition {
        let below = deep + 1;
        match &condition.kind {
            ConditionKind::And(operands) => {
                let operands = operands.iter().map(|one| brackets(self.condition(one, context, below)));
                let operands = operands.collect();
                made(ConditionKind::And(self.choices.turned(operands)))
            }
            ConditionKind::Or(operands) => {
                let operands = operands.iter().map(|one| brackets(self.condition(one, context, below)));
                let operands = operands.collect();
                made(ConditionKind::Or(self.choices.turned(operands)))
            }
            ConditionKind::Not(inner) => not(self.condition(inner, context, below)),
            ConditionKind::Brackets(inner) => brackets(self.condition(inner, context, below)),
            ConditionKind::Test { value, test } => self.test(value, test),
            ConditionKind::Any { list, filter } => self.any(list, filter, deep),
            ConditionKind::Performed(performed) => self.performed(performed),
            ConditionKind::Users { quantifier, condition } => {
                let context = Context {
                    quantified: true,
                    ..context
                };
                let condition = self.condition(condition, context, below);
                let other = self.sometimes();
                match quantifier {
                    Quantifier::Any if other => not(users(Quantifier::No, condition)),
                    Quantifier::No if other => not(users(Quantifier::Any, condition)),
                    Quantifier::All if other => all(vec![
                        users(Quantifier::No, not(condition.clone())),
                        users(Quantifier::Any, condition),
                    ]),
                    quantifier => users(*quantifier, condition),
                }
            }
            ConditionKind::MemberOf(name) => self.member_of(name, context),
            ConditionKind::ConsentTo(category) if self.sometimes() => made(ConditionKind::ConsentIs {
                category: category.clone(),
                state: ConsentState::Granted,
            }),
            ConditionKind::ConsentIs { category, state } if self.sometimes() => {
                let others = ConsentState::ALL.into_iter().filter(|other| other != state);
                let none = others.map(|state| {
                    let category = category.clone();
                    not(made(ConditionKind::ConsentIs { category, state }))
                });
                all(none.collect())
            }
            kind => made(kind.clone()),
        }
    }

    /// In place of a reference the condition that it stands for, where its audience admits and sees the same.
    fn member_of(&mut self, name: &Name, context: Context<'f>) -> Condition {
        let reference = made(ConditionKind::MemberOf(name.clone()));
        let other = self.file.items.iter().find_map(|item| match item {
            Item::Audience(audience) if audience.name.text == name.text => Some(audience),
            _ => None,
        });
        let Some(other) = other else { return reference };
        let same_lookback = lookback(other).as_ref().map(millis) == lookback(context.audience).as_ref().map(millis);
        let admits = match of(other) {
            // Whoever is not admitted by the audience itself is no member anyway.
            Subject::User => anonymous(other) || !anonymous(context.audience),
            Subject::Account => true,
        };
        let inlined = of(other) == of(context.audience) && !context.quantified && same_lookback && admits;
        if !inlined || self.choices.once_in(4) {
            return reference;
        }
        let mut conditions = Vec::new();
        for each in &other.clauses {
            match &each.kind {
                ClauseKind::Who(condition) => {
                    let condition = match self.pushed {
                        // What stands there must get the window as well.
                        Some(_) => self.condition(condition, context, DEEPEST),
                        None => condition.clone(),
                    };
                    conditions.push(brackets(condition));
                }
                ClauseKind::ConsentTo(names) if of(other) == Subject::User => {
                    conditions.extend(names.iter().map(|name| made(ConditionKind::ConsentTo(name.clone()))));
                }
                _ => {}
            }
        }
        match conditions.len() {
            1 => conditions.remove(0),
            _ => all(conditions),
        }
    }

    fn filter(&mut self, filter: &Condition, deep: usize) -> Condition {
        let rewritten = match &filter.kind {
            ConditionKind::And(operands) => {
                let operands = operands
                    .iter()
                    .map(|one| brackets(self.filter(one, deep + 1)))
                    .collect();
                made(ConditionKind::And(self.choices.turned(operands)))
            }
            ConditionKind::Or(operands) => {
                let operands = operands
                    .iter()
                    .map(|one| brackets(self.filter(one, deep + 1)))
                    .collect();
                made(ConditionKind::Or(self.choices.turned(operands)))
            }
            ConditionKind::Not(inner) => not(self.filter(inner, deep + 1)),
            ConditionKind::Brackets(inner) => brackets(self.filter(inner, deep + 1)),
            ConditionKind::Test { value, test } => self.test(value, test),
            ConditionKind::Any { list, filter } => self.any(list, filter, deep),
            kind => made(kind.clone()),
        };
        self.wrapped(rewritten, deep)
    }

    fn any(&mut self, list: &ValuePath, filter: &Condition, deep: usize) -> Condition {
        let any = |filter: Condition| {
            let (list, filter) = (list.clone(), Box::new(filter));
            made(ConditionKind::Any { list, filter })
        };
        match &filter.kind {
            // One element that passes one of them is one that passes the first, or one that passes the second.
            ConditionKind::Or(operands) if self.sometimes() => {
                either(operands.iter().map(|one| any(self.filter(one, deep + 1))).collect())
            }
            _ => any(self.filter(filter, deep + 1)),
        }
    }

    fn test(&mut self, value: &ValuePath, test: &Test) -> Condition {
        let is = |kind| tested(value, kind);
        let same = || is(test.kind.clone());
        if !self.sometimes() {
            return same();
        }
        match &test.kind {
            TestKind::In(list) => {
                let equal = |literal: &Literal| is(TestKind::Equals(Operand::Literal(literal.clone())));
                either(list.iter().map(equal).collect())
            }
            TestKind::NotIn(list) => all(vec![not(is(TestKind::In(list.clone()))), is(TestKind::Exists)]),
            TestKind::Equals(Operand::Literal(literal)) => is(TestKind::In(vec![literal.clone(), literal.clone()])),
            TestKind::NotEquals(Operand::Literal(literal)) => all(vec![
                is(TestKind::Exists),
                not(is(TestKind::Equals(Operand::Literal(literal.clone())))),
            ]),
            TestKind::DoesNotContain(Operand::Literal(literal)) => {
                not(is(TestKind::Contains(Operand::Literal(literal.clone()))))
            }
            TestKind::Contains(Operand::Literal(literal)) => is(TestKind::ContainsAnyOf(vec![literal.clone()])),
            TestKind::DoesNotExist => not(is(TestKind::Exists)),
            TestKind::ContainsAnyOf(list) => {
                let contains = |literal: &Literal| is(TestKind::Contains(Operand::Literal(literal.clone())));
                either(list.iter().map(contains).collect())
            }
            TestKind::Compare(sign, operand) => {
                let compare = |sign| is(TestKind::Compare(sign, operand.clone()));
                match sign {
                    Comparison::Less => all(vec![compare(Comparison::AtMost), not(compare(Comparison::AtLeast))]),
                    Comparison::Greater => all(vec![not(compare(Comparison::AtMost)), compare(Comparison::AtLeast)]),
                    _ => same(),
                }
            }
            TestKind::WithinLast(duration) => is(TestKind::WithinLast(self.spelled(*duration))),
            TestKind::AfterNext(duration) => is(TestKind::AfterNext(self.spelled(*duration))),
            _ => same(),
        }
    }

    /// The same length in a smaller unit.
    fn spelled(&mut self, duration: DurationText) -> DurationText {
        let (times, unit) = match duration.unit {
            Unit::Week => (7, Unit::Day),
            Unit::Day => (24, Unit::Hour),
            Unit::Hour => (60, Unit::Minute),
            Unit::Minute => return duration,
        };
        let count = Integer {
            value: duration.count.value * times,
            span: SPAN,
        };
        DurationText {
            count,
            unit,
            span: SPAN,
        }
    }

    /// Modifiers in another order, their filters rewritten.
    fn modifiers(&mut self, modifiers: &[Modifier], first: bool) -> Vec<Modifier> {
        let rewritten = modifiers.iter().map(|each| match &each.kind {
            ModifierKind::Where(filter) => modifier(ModifierKind::Where(self.filter(filter, 0))),
            ModifierKind::Within { last, duration } => {
                let last = if first { self.sometimes() } else { *last };
                let duration = self.spelled(*duration);
                modifier(ModifierKind::Within { last, duration })
            }
            kind => modifier(kind.clone()),
        });
        let rewritten = rewritten.collect();
        self.choices.turned(rewritten)
    }

    fn performed(&mut self, performed: &Performed) -> Condition {
        let mut modifiers = self.modifiers(&performed.modifiers, true);
        if let Some(lookback) = self.pushed {
            let within = modifiers.iter().find_map(|each| match each.kind {
                ModifierKind::Within { duration, .. } => Some(duration),
                _ => None,
            });
            let duration = within
                .filter(|within| millis(within) < millis(&lookback))
                .unwrap_or(lookback);
            modifiers.retain(|each| !matches!(each.kind, ModifierKind::Within { .. }));
            modifiers.push(modifier(ModifierKind::Within { last: false, duration }));
        }
        if !modifiers.iter().any(|each| matches!(each.kind, ModifierKind::Where(_))) && self.choices.once_in(3) {
            let p = property("p", Root::Property);
            let always = either(vec![tested(&p, TestKind::DoesNotExist), tested(&p, TestKind::Exists)]);
            modifiers.push(modifier(ModifierKind::Where(always)));
        }
        let steps: Vec<Step> = performed.steps.iter().map(|step| self.step(step)).collect();
        let event = performed.event.clone();
        let with = |modifiers: Vec<Modifier>| {
            made(ConditionKind::Performed(Performed {
                event: event.clone(),
                modifiers,
                steps: steps.clone(),
            }))
        };
        if !self.sometimes() {
            return with(modifiers);
        }
        let counted = modifiers.iter().find_map(|each| match each.kind {
            ModifierKind::Count { bound, times } => Some((bound, times.value)),
            _ => None,
        });
        let counting = |bound, times| {
            let mut modifiers = modifiers.clone();
            modifiers.retain(|each| !matches!(each.kind, ModifierKind::Count { .. }));
            modifiers.push(count(bound, times));
            with(modifiers)
        };
        match counted {
            None => not(counting(Bound::Exactly, 0)),
            Some((Bound::AtLeast, times)) => not(counting(Bound::AtMost, times - 1)),
            Some((Bound::AtMost, times)) => not(counting(Bound::AtLeast, times + 1)),
            Some((Bound::Exactly, 0)) => counting(Bound::AtMost, 0),
            Some((Bound::Exactly, times)) => all(vec![counting(Bound::AtMost, times), counting(Bound::AtLeast, times)]),
        }
    }

    /// A step that asks for the same: `then not` and a count say what the other counts say without it.
    fn step(&mut self, step: &Step) -> Step {
        let mut step = Step {
            modifiers: self.modifiers(&step.modifiers, false),
            ..step.clone()
        };
        let counted = step.modifiers.iter().find_map(|each| match each.kind {
            ModifierKind::Count { bound, times } => Some((bound, times.value)),
            _ => None,
        });
        let turned = match counted {
            None if step.not.is_some() => Some(count(Bound::Exactly, 0)),
            Some((Bound::AtLeast, times)) => Some(count(Bound::AtMost, times - 1)),
            Some((Bound::AtMost, times)) => Some(count(Bound::AtLeast, times + 1)),
            _ => None,
        };
        // A `then not` takes no name, and nothing stands behind it.
        let named = step
            .modifiers
            .iter()
            .any(|each| matches!(each.kind, ModifierKind::As(_)));
        if let Some(turned) = turned.filter(|_| !named && self.sometimes()) {
            step.modifiers
                .retain(|each| !matches!(each.kind, ModifierKind::Count { .. }));
            step.modifiers.push(turned);
            step.not = match step.not {
                Some(_) => None,
                None => Some(SPAN),
            };
        }
        step
    }
}
