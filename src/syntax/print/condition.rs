//! Conditions, filters, `performed` with its steps, and tests.

use super::doc::Doc;
use super::word::Printer;
use crate::syntax::ast::{
    Condition, ConditionKind, DurationText, Literal, Modifier, ModifierKind, Operand, Performed, Root, Step, Test,
    TestKind, ValuePath,
};

/// How far what goes on with a `performed` stands behind the word that its line begins with.
const STEP: usize = 4;

impl<'t> Printer<'t> {
    /// A condition whose operands, if it has several, begin lines if the group that it is in breaks.
    pub(super) fn chain(&mut self, condition: &Condition) -> Doc<'t> {
        let (operands, joiner) = match &condition.kind {
            ConditionKind::And(operands) => (operands, "and"),
            ConditionKind::Or(operands) => (operands, "or"),
            _ => return self.operand_of_chain(condition),
        };
        let mut parts = Vec::new();
        for operand in operands {
            if !parts.is_empty() {
                parts.push(self.joiner(joiner));
            }
            parts.push(self.operand_of_chain(operand));
        }
        Doc::All(parts)
    }

    /// One operand of a chain; brackets are put around one that is itself a chain.
    fn operand_of_chain(&mut self, condition: &Condition) -> Doc<'t> {
        match &condition.kind {
            ConditionKind::And(_) | ConditionKind::Or(_) => {
                self.enclosed(["(", ")"], |printer| printer.chain(condition))
            }
            ConditionKind::Brackets(inner) => self.enclosed(["(", ")"], |printer| printer.chain(inner)),
            ConditionKind::Not(inner) => {
                let not = self.word("not");
                Doc::All(vec![not, Doc::Space, self.operand_of_chain(inner)])
            }
            ConditionKind::Test { value, test } => {
                let value = self.value(value);
                Doc::All(vec![value, Doc::Space, self.test(test)])
            }
            ConditionKind::Any { list, filter } => {
                let any = self.word("any");
                let list = self.value(list);
                let filter = self.enclosed(["(", ")"], |printer| printer.chain(filter));
                Doc::All(vec![any, Doc::Space, list, Doc::Space, filter])
            }
            ConditionKind::Performed(performed) => self.performed(performed),
            ConditionKind::Users { quantifier, condition } => {
                let words = self.words(quantifier.as_str());
                let condition = self.enclosed(["(", ")"], |printer| printer.chain(condition));
                Doc::All(vec![words, Doc::Space, condition])
            }
            ConditionKind::MemberOf(name) => {
                let words = self.words("member of");
                Doc::All(vec![words, Doc::Space, self.name(name)])
            }
            ConditionKind::ConsentTo(name) => {
                let words = self.words("consent to");
                Doc::All(vec![words, Doc::Space, self.name(name)])
            }
            ConditionKind::ConsentIs { category, state } => Doc::All(vec![
                self.word("consent"),
                Doc::Space,
                self.name(category),
                Doc::Space,
                self.word("is"),
                Doc::Space,
                self.words(state.as_str()),
            ]),
        }
    }

    /// A path, with the word that says whose it is.
    fn value(&mut self, value: &ValuePath) -> Doc<'t> {
        match value.root {
            Root::Trait => {
                let word = self.word("trait");
                Doc::All(vec![word, Doc::Space, self.path(value)])
            }
            Root::AccountTrait => {
                let words = self.words("account trait");
                Doc::All(vec![words, Doc::Space, self.path(value)])
            }
            Root::Property | Root::Element | Root::Event => self.path(value),
        }
    }

    // ---- `performed`

    /// On one line, or with each step on its own; what does not fit into a line of it then goes below.
    fn performed(&mut self, performed: &Performed) -> Doc<'t> {
        let mut parts = vec![
            self.word("performed"),
            Doc::Space,
            self.string(&performed.event),
            self.modifiers(&performed.modifiers, STEP),
        ];
        for step in &performed.steps {
            parts.push(self.step(step));
        }
        Doc::group(parts)
    }

    fn step(&mut self, step: &Step) -> Doc<'t> {
        let mut parts = vec![self.joiner("then")];
        if step.not.is_some() {
            parts.extend([self.word("not"), Doc::Space]);
        }
        parts.extend([self.word("performed"), Doc::Space, self.string(&step.event)]);
        parts.push(self.modifiers(&step.modifiers, 2));
        Doc::nest(STEP, parts)
    }

    /// The modifiers, as many on a line as there is room for.
    pub(super) fn modifiers(&mut self, modifiers: &[Modifier], indent: usize) -> Doc<'t> {
        let modifiers = modifiers.iter();
        let groups = modifiers.map(|modifier| Doc::group(vec![Doc::Line, self.modifier(modifier)]));
        Doc::nest(indent, groups.collect())
    }

    fn modifier(&mut self, modifier: &Modifier) -> Doc<'t> {
        match &modifier.kind {
            ModifierKind::As(name) => {
                let word = self.word("as");
                Doc::All(vec![word, Doc::Space, self.name(name)])
            }
            ModifierKind::Count { bound, times } => Doc::All(vec![
                self.words(bound.as_str()),
                Doc::Space,
                self.word(times.value.to_string()),
                Doc::Space,
                self.word(if times.value == 1 { "time" } else { "times" }),
            ]),
            ModifierKind::Within { last, duration } => {
                let words = self.words(if *last { "within last" } else { "within" });
                Doc::All(vec![words, Doc::Space, self.duration(duration)])
            }
            ModifierKind::Between { newest, oldest, unit } => Doc::All(vec![
                self.word("between"),
                Doc::Space,
                self.word(newest.value.to_string()),
                Doc::Space,
                self.word("and"),
                Doc::Space,
                self.word(oldest.value.to_string()),
                Doc::Space,
                self.unit(oldest.value, *unit),
                Doc::Space,
                self.word("ago"),
            ]),
            ModifierKind::Before(date) => {
                let word = self.word("before");
                Doc::All(vec![word, Doc::Space, self.date(*date)])
            }
            ModifierKind::After(date) => {
                let word = self.word("after");
                Doc::All(vec![word, Doc::Space, self.date(*date)])
            }
            ModifierKind::Where(filter) => {
                let word = self.word("where");
                let filter = self.enclosed(["(", ")"], |printer| printer.chain(filter));
                Doc::All(vec![word, Doc::Space, filter])
            }
        }
    }

    // ---- tests

    fn test(&mut self, test: &Test) -> Doc<'t> {
        let (operator, operand) = match &test.kind {
            TestKind::Equals(operand) => ("=", Behind::Operand(operand)),
            TestKind::NotEquals(operand) => ("!=", Behind::Operand(operand)),
            TestKind::Compare(comparison, operand) => (comparison.as_str(), Behind::Operand(operand)),
            TestKind::In(values) => ("in", Behind::List(values)),
            TestKind::NotIn(values) => ("not in", Behind::List(values)),
            TestKind::Contains(operand) => ("contains", Behind::Operand(operand)),
            TestKind::DoesNotContain(operand) => ("does not contain", Behind::Operand(operand)),
            TestKind::ContainsAnyOf(values) => ("contains any of", Behind::List(values)),
            TestKind::StartsWith(operand) => ("starts with", Behind::Operand(operand)),
            TestKind::EndsWith(operand) => ("ends with", Behind::Operand(operand)),
            TestKind::Exists => ("exists", Behind::Nothing),
            TestKind::DoesNotExist => ("does not exist", Behind::Nothing),
            TestKind::Before(operand) => ("before", Behind::Operand(operand)),
            TestKind::After(operand) => ("after", Behind::Operand(operand)),
            TestKind::WithinLast(duration) => ("within last", Behind::Duration(duration)),
            TestKind::WithinNext(duration) => ("within next", Behind::Duration(duration)),
            TestKind::BeforeLast(duration) => ("before last", Behind::Duration(duration)),
            TestKind::AfterNext(duration) => ("after next", Behind::Duration(duration)),
        };
        let operator = self.words(operator);
        let operand = match operand {
            Behind::Operand(operand) => self.operand(operand),
            Behind::List(values) => self.list(values),
            Behind::Duration(duration) => self.duration(duration),
            Behind::Nothing => return operator,
        };
        Doc::All(vec![operator, Doc::Space, operand])
    }
}

/// What stands behind an operator.
enum Behind<'a> {
    Operand(&'a Operand),
    List(&'a [Literal]),
    Duration(&'a DurationText),
    Nothing,
}
