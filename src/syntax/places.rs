//! Forgetting where things are written, so that trees can be compared by what they say.

use crate::consent::ConsentState;
use crate::span::Span;
use crate::syntax::ast::*;
use crate::time::{Timestamp, Unit};
use crate::value::Number;

impl File {
    /// Sets every place to the beginning of file 0, and forgets which names stood in quotes and which comments there were:
    /// trees that say the same are then equal.
    ///
    /// ```
    /// use volens::span::FileId;
    /// use volens::syntax::parse;
    ///
    /// let (mut one, _) = parse(FileId(0), "category \"Analytics\" # of the shop");
    /// let (mut other, _) = parse(FileId(7), "category\n  Analytics");
    /// assert_ne!(one, other);
    /// one.forget_places();
    /// other.forget_places();
    /// assert_eq!(one, other);
    /// ```
    pub fn forget_places(&mut self) {
        self.forget();
    }
}

trait Forget {
    fn forget(&mut self);
}

impl Forget for Span {
    fn forget(&mut self) {
        *self = Span::default();
    }
}

impl Forget for Name {
    fn forget(&mut self) {
        self.quoted = false;
        self.span.forget();
    }
}

impl Forget for File {
    fn forget(&mut self) {
        let File {
            items,
            comments,
            broken,
        } = self;
        items.forget();
        comments.clear();
        broken.forget();
    }
}

impl<T: Forget> Forget for Vec<T> {
    fn forget(&mut self) {
        self.iter_mut().for_each(Forget::forget);
    }
}

impl<T: Forget> Forget for Option<T> {
    fn forget(&mut self) {
        self.iter_mut().for_each(Forget::forget);
    }
}

impl<T: Forget> Forget for Box<T> {
    fn forget(&mut self) {
        (**self).forget();
    }
}

/// What has no place.
macro_rules! placeless {
    ($($type:ty),* $(,)?) => {
        $(impl Forget for $type {
            fn forget(&mut self) {}
        })*
    };
}

/// Structs, with all of their fields: one that is not named here does not compile.
macro_rules! fields {
    ($($type:ident { $($field:ident),* $(,)? })*) => {
        $(impl Forget for $type {
            fn forget(&mut self) {
                let $type { $($field),* } = self;
                $($field.forget();)*
            }
        })*
    };
}

/// Enums, with all of their variants.
macro_rules! variants {
    ($($type:ident { $($variant:pat => [$($field:ident),*],)* })*) => {
        $(impl Forget for $type {
            fn forget(&mut self) {
                use $type::*;
                match self {
                    $($variant => { $($field.forget();)* })*
                }
            }
        })*
    };
}

placeless!(
    bool,
    u32,
    Box<str>,
    Number,
    Timestamp,
    Unit,
    Declares,
    Root,
    Bound,
    Comparison,
    MessageForm,
    Removal,
    ConsentState,
    Subject,
    Period,
    SourceRoot,
    Quantifier,
    Function,
);

fields! {
    Broken { kind, name }
    Text { text, span }
    Category { name, label, disabled, span }
    Destination { name, label, requires, settings, span }
    Setting { kind, span }
    Enforcement { on, span }
    Audience { name, label, of, clauses, span }
    Of { subject, span }
    Clause { kind, span }
    EventSchema { name, properties, span }
    PropertySchema { path, kind, span }
    TraitSchema { path, kind, span }
    Identity { identifiers, blocked, span }
    Identifier { name, from, limit, period, span }
    Source { root, keys, span }
    Type { lists, element, span }
    ComputedTrait { of, name, label, function, property, event, modifiers, span }
    Condition { kind, span }
    ValuePath { root, keys, span }
    Performed { event, modifiers, steps }
    Step { not, event, modifiers, span }
    Modifier { kind, span }
    Integer { value, span }
    DurationText { count, unit, span }
    Test { kind, span }
    Literal { value, span }
}

variants! {
    Item {
        Category(item) => [item],
        Destination(item) => [item],
        Audience(item) => [item],
        Enforcement(item) => [item],
        Event(item) => [item],
        Trait(item) => [item],
        Computed(item) => [item],
        Identity(item) => [item],
    }
    ElementType {
        String => [],
        Number => [],
        Boolean => [],
        Timestamp => [],
        OneOf(values) => [values],
    }
    Requires {
        Nothing(span) => [span],
        Categories(names) => [names],
    }
    SettingKind {
        Type(text) => [text],
        Message(form) => [form],
        Removal(form) => [form],
        ReceivesConsent => [],
        Storage => [],
    }
    ClauseKind {
        Who(condition) => [condition],
        ConsentTo(categories) => [categories],
        IncludeAnonymous => [],
        Lookback(duration) => [duration],
        SendTo(destinations) => [destinations],
    }
    ConditionKind {
        And(operands) => [operands],
        Or(operands) => [operands],
        Not(inner) => [inner],
        Brackets(inner) => [inner],
        Test { value, test } => [value, test],
        Any { list, filter } => [list, filter],
        Performed(performed) => [performed],
        Users { quantifier, condition } => [quantifier, condition],
        MemberOf(name) => [name],
        ConsentTo(name) => [name],
        ConsentIs { category, state } => [category, state],
    }
    ModifierKind {
        As(name) => [name],
        Count { bound, times } => [bound, times],
        Within { last, duration } => [last, duration],
        Between { newest, oldest, unit } => [newest, oldest, unit],
        Before(date) => [date],
        After(date) => [date],
        Where(filter) => [filter],
    }
    TestKind {
        Equals(operand) => [operand],
        NotEquals(operand) => [operand],
        Compare(comparison, operand) => [comparison, operand],
        In(values) => [values],
        NotIn(values) => [values],
        Contains(operand) => [operand],
        DoesNotContain(operand) => [operand],
        ContainsAnyOf(values) => [values],
        StartsWith(operand) => [operand],
        EndsWith(operand) => [operand],
        Exists => [],
        DoesNotExist => [],
        Before(operand) => [operand],
        After(operand) => [operand],
        WithinLast(duration) => [duration],
        WithinNext(duration) => [duration],
        BeforeLast(duration) => [duration],
        AfterNext(duration) => [duration],
    }
    Operand {
        Literal(literal) => [literal],
        Trait(path) => [path],
        Event { name, path } => [name, path],
    }
    LiteralValue {
        Text(text) => [text],
        Number(number) => [number],
        Boolean(value) => [value],
        Date(date) => [date],
    }
}
