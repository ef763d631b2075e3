//! Paths that begin with the part of an event in which they are looked for anyway: `where (properties.revenue > 50)` asks
//! for an object `properties` among the properties, which next to nobody sends.
//!
//! Where a schema declares what is sent, a path that it does not have is an error, and one that it has is meant.

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Subject;
use crate::span::{Sources, Span};
use crate::syntax::ast::{
    Audience, ClauseKind, ComputedTrait, Condition, ConditionKind, File, Item, Modifier, ModifierKind, Operand, Root,
    Test, ValuePath,
};

pub(super) fn warn(files: &[File], sources: &Sources, diagnostics: &mut Vec<Diagnostic>) {
    let mut paths = Paths {
        declared: Declared::of(files),
        sources,
        diagnostics,
    };
    for item in files.iter().flat_map(|file| &file.items) {
        match item {
            Item::Audience(audience) => paths.audience(audience),
            Item::Computed(computed) => paths.computed(computed),
            _ => {}
        }
    }
}

/// Which kinds of values some schema declares; then it declares all of the kind that are looked at.
#[derive(Debug, Default)]
struct Declared {
    properties: bool,
    traits: bool,
    account_traits: bool,
}

impl Declared {
    fn of(files: &[File]) -> Self {
        let mut declared = Declared::default();
        for item in files.iter().flat_map(|file| &file.items) {
            match item {
                Item::Event(_) => declared.properties = true,
                Item::Trait(schema) if schema.path.root == Root::AccountTrait => declared.account_traits = true,
                Item::Trait(_) => declared.traits = true,
                _ => {}
            }
        }
        declared
    }
}

struct Paths<'a> {
    declared: Declared,
    sources: &'a Sources,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Paths<'_> {
    fn audience(&mut self, audience: &Audience) {
        for clause in &audience.clauses {
            if let ClauseKind::Who(condition) = &clause.kind {
                self.condition(condition);
            }
        }
    }

    fn computed(&mut self, computed: &ComputedTrait) {
        computed.property.iter().for_each(|path| self.path(path));
        self.modifiers(&computed.modifiers);
    }

    /// Conditions and filters; not deeper than the parser's limit on nesting.
    fn condition(&mut self, condition: &Condition) {
        match &condition.kind {
            ConditionKind::And(parts) | ConditionKind::Or(parts) => parts.iter().for_each(|part| self.condition(part)),
            ConditionKind::Not(inner) | ConditionKind::Brackets(inner) => self.condition(inner),
            ConditionKind::Users { condition, .. } => self.condition(condition),
            ConditionKind::Test { value, test } => {
                self.path(value);
                self.operand(test);
            }
            ConditionKind::Any { list, filter } => {
                self.path(list);
                self.condition(filter);
            }
            ConditionKind::Performed(performed) => {
                self.modifiers(&performed.modifiers);
                performed.steps.iter().for_each(|step| self.modifiers(&step.modifiers));
            }
            ConditionKind::MemberOf(_) | ConditionKind::ConsentTo(_) | ConditionKind::ConsentIs { .. } => {}
        }
    }

    fn modifiers(&mut self, modifiers: &[Modifier]) {
        for modifier in modifiers {
            if let ModifierKind::Where(filter) = &modifier.kind {
                self.condition(filter);
            }
        }
    }

    fn operand(&mut self, test: &Test) {
        match test.kind.operand() {
            Some(Operand::Trait(path) | Operand::Event { path, .. }) => self.path(path),
            Some(Operand::Literal(_)) | None => {}
        }
    }

    fn path(&mut self, path: &ValuePath) {
        let [first, second, ..] = &*path.keys else {
            return;
        };
        let (declared, one, of) = match path.root {
            Root::Property | Root::Event => (self.declared.properties, "a property", None),
            Root::Trait => (self.declared.traits, "a trait", Some(Subject::User)),
            Root::AccountTrait => (self.declared.account_traits, "an account trait", Some(Subject::Account)),
            Root::Element => return,
        };
        let other_part = match (&*first.text, of) {
            ("properties" | "event", None) | ("traits", Some(_)) => false,
            ("context", _) => true,
            _ => return,
        };
        if declared {
            return;
        }
        let Span { file, end, .. } = path.span;
        let rest = self.sources.slice(Span::new(file, second.span.start, end));
        let first = &first.text;
        let start = if other_part {
            format!("no condition reads the `{first}` of an event: this is `{rest}` inside {one} called `{first}`")
        } else {
            format!("{one} is named without `{first}.`: this is `{rest}` inside {one} called `{first}`")
        };
        let call = if of.is_some() { "traits" } else { "properties" };
        let declare = format!("if such an object is sent, say so in a schema that declares the {call}");
        let help = match (other_part, of) {
            (true, _) => format!("let the senders put it among the {call}; {declare}"),
            (false, None) => format!("write `{rest}`; {declare}"),
            (false, Some(of)) => format!("write `{} {rest}`; {declare}", of.trait_keyword()),
        };
        self.diagnostics
            .push(Diagnostic::warning(Code::DoubtfulPath, path.span, start).help(help));
    }
}
