//! Syntax trees of every form that the language has, for tests of what reads and prints them. Places are those of no text.
//!
//! A tree is sound by the grammar, not by the compiler: names are declared nowhere, windows may be empty.

#![allow(dead_code, reason = "each test takes what it needs")]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use volens::ConsentState;
use volens::span::Span;
use volens::syntax::ast::*;
use volens::time::{Timestamp, Unit};
use volens::value::Number;

/// Words of every kind: plain, reserved, of the language without being reserved, and such as need quotes.
fn word() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "crm",
        "Advertising",
        "a-b_1",
        "_x",
        "item",
        "not",
        "any",
        "and",
        "or",
        "true",
        "false",
        "trait",
        "who",
        "to",
        "is",
        "in",
        "exists",
        "within",
        "before",
        "type",
        "on",
        "enforcement",
        "of",
        "users",
        "where",
        "then",
        "disabled",
        "account",
        "audience",
        "category",
        "consent",
        "count",
        "destination",
        "event",
        "identity",
        "list",
        "requires",
        "test",
        "2nd tool",
        "käufer",
        "",
        "a.b",
        "quote \" \\ slash/",
        "line\nbreak",
        "\u{202e}",
        "👩\u{200d}👧",
        "# no comment",
    ];
    prop_oneof![3 => select(WORDS).prop_map(str::to_owned), 1 => "[a-z]{1,12}", 1 => any::<String>()]
}

pub(crate) fn name() -> impl Strategy<Value = Name> {
    (word(), any::<bool>()).prop_map(|(text, quoted)| Name {
        text: text.into(),
        quoted,
        span: Span::default(),
    })
}

pub(crate) fn text() -> impl Strategy<Value = Text> {
    word().prop_map(|text| Text {
        text: text.into(),
        span: Span::default(),
    })
}

fn names() -> impl Strategy<Value = Vec<Name>> {
    vec(name(), 1..6)
}

fn integer() -> impl Strategy<Value = Integer> {
    prop_oneof![3 => 0u32..4, 1 => any::<u32>()].prop_map(|value| Integer {
        value,
        span: Span::default(),
    })
}

fn unit() -> impl Strategy<Value = Unit> {
    select(&[Unit::Minute, Unit::Hour, Unit::Day, Unit::Week][..])
}

fn duration() -> impl Strategy<Value = DurationText> {
    (integer(), unit()).prop_map(|(count, unit)| DurationText {
        count,
        unit,
        span: Span::default(),
    })
}

/// From the year 0 to 9999; bare days and full minutes among them.
fn date() -> impl Strategy<Value = Timestamp> {
    const DAY: i64 = 86_400_000;
    let day = -719_528i64..=2_932_896;
    let within = prop_oneof![Just(0), (0i64..1440).prop_map(|m| m * 60_000), 0i64..DAY];
    (day, within).prop_map(|(day, within)| Timestamp::from_millis(day * DAY + within))
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        (-9i64..100).prop_map(Number::from),
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("JSON has no such number", Number::from_f64),
        (-1e20..1e20f64).prop_filter_map("JSON has no such number", |double| Number::from_f64(double.trunc())),
    ]
}

pub(crate) fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        word().prop_map(|text| LiteralValue::Text(text.into())),
        number().prop_map(LiteralValue::Number),
        any::<bool>().prop_map(LiteralValue::Boolean),
        date().prop_map(LiteralValue::Date),
    ]
    .prop_map(|value| Literal {
        value,
        span: Span::default(),
    })
}

fn list() -> impl Strategy<Value = Vec<Literal>> {
    vec(literal(), 1..12)
}

/// A path; `item`, the element itself, is one without names.
fn path(root: Root) -> impl Strategy<Value = ValuePath> {
    let least = usize::from(root != Root::Element);
    vec(name(), least..4).prop_map(move |keys| ValuePath {
        root,
        keys,
        span: Span::default(),
    })
}

fn reference() -> impl Strategy<Value = Operand> {
    prop_oneof![
        path(Root::Trait).prop_map(Operand::Trait),
        (name(), path(Root::Event)).prop_map(|(name, path)| Operand::Event { name, path }),
    ]
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![2 => literal().prop_map(Operand::Literal), 1 => reference()]
}

fn moment() -> impl Strategy<Value = Operand> {
    let date = date().prop_map(|date| {
        Operand::Literal(Literal {
            value: LiteralValue::Date(date),
            span: Span::default(),
        })
    });
    prop_oneof![date, reference()]
}

pub(crate) fn test() -> impl Strategy<Value = Test> {
    let comparisons = [
        Comparison::Less,
        Comparison::AtMost,
        Comparison::Greater,
        Comparison::AtLeast,
    ];
    prop_oneof![
        operand().prop_map(TestKind::Equals),
        operand().prop_map(TestKind::NotEquals),
        (select(comparisons.to_vec()), operand()).prop_map(|(sign, operand)| TestKind::Compare(sign, operand)),
        list().prop_map(TestKind::In),
        list().prop_map(TestKind::NotIn),
        operand().prop_map(TestKind::Contains),
        operand().prop_map(TestKind::DoesNotContain),
        list().prop_map(TestKind::ContainsAnyOf),
        operand().prop_map(TestKind::StartsWith),
        operand().prop_map(TestKind::EndsWith),
        Just(TestKind::Exists),
        Just(TestKind::DoesNotExist),
        moment().prop_map(TestKind::Before),
        moment().prop_map(TestKind::After),
        duration().prop_map(TestKind::WithinLast),
        duration().prop_map(TestKind::WithinNext),
        duration().prop_map(TestKind::BeforeLast),
        duration().prop_map(TestKind::AfterNext),
    ]
    .prop_map(|kind| Test {
        kind,
        span: Span::default(),
    })
}

fn condition_of(kind: ConditionKind) -> Condition {
    Condition {
        kind,
        span: Span::default(),
    }
}

fn tested(root: Root) -> impl Strategy<Value = Condition> {
    (path(root), test()).prop_map(|(value, test)| condition_of(ConditionKind::Test { value, test }))
}

fn any_of(root: Root, anys: u32) -> BoxedStrategy<Condition> {
    let filter = logic(leaf_of_filter(Root::Element, anys - 1));
    let list = path(root);
    (list, filter)
        .prop_map(|(list, filter)| {
            let filter = Box::new(filter);
            condition_of(ConditionKind::Any { list, filter })
        })
        .boxed()
}

/// A test of a property or element, or an `any` with so many more of them inside.
fn leaf_of_filter(root: Root, anys: u32) -> BoxedStrategy<Condition> {
    if anys == 0 {
        return tested(root).boxed();
    }
    prop_oneof![4 => tested(root), 1 => any_of(root, anys)].boxed()
}

/// The logic over what a strategy gives: `and` and `or` stand in one another only with brackets.
fn logic(leaf: BoxedStrategy<Condition>) -> BoxedStrategy<Condition> {
    let is_chain = |condition: &Condition| matches!(condition.kind, ConditionKind::And(_) | ConditionKind::Or(_));
    let bracketed = move |condition: Condition| match is_chain(&condition) {
        true => condition_of(ConditionKind::Brackets(Box::new(condition))),
        false => condition,
    };
    leaf.prop_recursive(4, 12, 4, move |inner| {
        let operand = inner.clone().prop_map(bracketed);
        prop_oneof![
            vec(operand.clone(), 2..5).prop_map(|operands| condition_of(ConditionKind::And(operands))),
            vec(operand.clone(), 2..5).prop_map(|operands| condition_of(ConditionKind::Or(operands))),
            operand.prop_map(|inner| condition_of(ConditionKind::Not(Box::new(inner)))),
            inner.prop_map(|inner| condition_of(ConditionKind::Brackets(Box::new(inner)))),
        ]
    })
    .boxed()
}

pub(crate) fn filter() -> BoxedStrategy<Condition> {
    logic(leaf_of_filter(Root::Property, 2))
}

fn modifier() -> impl Strategy<Value = Modifier> {
    let bounds = [Bound::AtLeast, Bound::AtMost, Bound::Exactly];
    prop_oneof![
        name().prop_map(ModifierKind::As),
        (select(bounds.to_vec()), integer()).prop_map(|(bound, times)| ModifierKind::Count { bound, times }),
        (any::<bool>(), duration()).prop_map(|(last, duration)| ModifierKind::Within { last, duration }),
        (integer(), integer(), unit()).prop_map(|(newest, oldest, unit)| ModifierKind::Between {
            newest,
            oldest,
            unit
        }),
        date().prop_map(ModifierKind::Before),
        date().prop_map(ModifierKind::After),
        filter().prop_map(ModifierKind::Where),
    ]
    .prop_map(|kind| Modifier {
        kind,
        span: Span::default(),
    })
}

fn performed() -> impl Strategy<Value = Condition> {
    let modifiers = || vec(modifier(), 0..4);
    let step = (any::<bool>(), text(), modifiers()).prop_map(|(not, event, modifiers)| Step {
        not: not.then(Span::default),
        event,
        modifiers,
        span: Span::default(),
    });
    (text(), modifiers(), vec(step, 0..3)).prop_map(|(event, modifiers, steps)| {
        condition_of(ConditionKind::Performed(Performed {
            event,
            modifiers,
            steps,
        }))
    })
}

pub(crate) fn condition() -> BoxedStrategy<Condition> {
    let states = ConsentState::ALL.to_vec();
    let leaf = prop_oneof![
        3 => tested(Root::Trait),
        1 => any_of(Root::Trait, 3),
        3 => performed(),
        1 => tested(Root::AccountTrait),
        1 => any_of(Root::AccountTrait, 1),
        1 => name().prop_map(|name| condition_of(ConditionKind::MemberOf(name))),
        1 => name().prop_map(|name| condition_of(ConditionKind::ConsentTo(name))),
        1 => (name(), select(states)).prop_map(|(category, state)| {
            condition_of(ConditionKind::ConsentIs { category, state })
        }),
    ];
    let leaf = leaf.boxed();
    let quantifiers = [Quantifier::Any, Quantifier::All, Quantifier::No];
    let users = (select(quantifiers.to_vec()), logic(leaf.clone())).prop_map(|(quantifier, condition)| {
        let condition = Box::new(condition);
        condition_of(ConditionKind::Users { quantifier, condition })
    });
    logic(prop_oneof![6 => leaf, 1 => users].boxed())
}

fn clause() -> impl Strategy<Value = Clause> {
    let span = Span::default();
    prop_oneof![
        4 => condition().prop_map(ClauseKind::Who),
        1 => names().prop_map(ClauseKind::ConsentTo),
        1 => Just(ClauseKind::IncludeAnonymous),
        1 => duration().prop_map(ClauseKind::Lookback),
        1 => names().prop_map(ClauseKind::SendTo),
    ]
    .prop_map(move |kind| Clause { kind, span })
}

fn setting() -> impl Strategy<Value = Setting> {
    prop_oneof![
        text().prop_map(SettingKind::Type),
        Just(SettingKind::Message(MessageForm::Track)),
        Just(SettingKind::Message(MessageForm::Identify)),
        Just(SettingKind::Removal(Removal::Once)),
        Just(SettingKind::Removal(Removal::Never)),
        Just(SettingKind::ReceivesConsent),
        Just(SettingKind::Storage),
    ]
    .prop_map(|kind| Setting {
        kind,
        span: Span::default(),
    })
}

fn subject() -> impl Strategy<Value = Subject> {
    select(&[Subject::User, Subject::Account][..])
}

fn value_type() -> impl Strategy<Value = Type> {
    let element = prop_oneof![
        Just(ElementType::String),
        Just(ElementType::Number),
        Just(ElementType::Boolean),
        Just(ElementType::Timestamp),
        list().prop_map(ElementType::OneOf),
    ];
    (0..3u32, element).prop_map(|(lists, element)| Type {
        lists,
        element,
        span: Span::default(),
    })
}

fn property_schema() -> impl Strategy<Value = PropertySchema> {
    (path(Root::Property), value_type()).prop_map(|(path, kind)| PropertySchema {
        path,
        kind,
        span: Span::default(),
    })
}

fn trait_schema() -> impl Strategy<Value = TraitSchema> {
    let path = prop_oneof![path(Root::Trait), path(Root::AccountTrait)];
    (path, value_type()).prop_map(|(path, kind)| TraitSchema {
        path,
        kind,
        span: Span::default(),
    })
}

fn identifier() -> impl Strategy<Value = Identifier> {
    let roots = [SourceRoot::Traits, SourceRoot::Context, SourceRoot::Properties];
    let source = (select(roots.to_vec()), vec(name(), 1..4)).prop_map(|(root, keys)| Source {
        root,
        keys,
        span: Span::default(),
    });
    let periods = [Period::Ever, Period::Week, Period::Month, Period::Year];
    (name(), vec(source, 0..3), integer(), select(periods.to_vec())).prop_map(|(name, from, limit, period)| {
        Identifier {
            name,
            from,
            limit,
            period,
            span: Span::default(),
        }
    })
}

fn computed_trait() -> impl Strategy<Value = ComputedTrait> {
    let functions = [
        Function::Sum,
        Function::Average,
        Function::Minimum,
        Function::Maximum,
        Function::First,
        Function::Last,
        Function::MostFrequent,
        Function::UniqueList,
        Function::UniqueCount,
    ];
    let of_property = (select(functions.to_vec()), path(Root::Property));
    let aggregate = prop_oneof![
        1 => Just((Function::Count, None)),
        4 => of_property.prop_map(|(function, path)| (function, Some(path))),
    ];
    (
        subject(),
        name(),
        option::of(text()),
        aggregate,
        text(),
        vec(modifier(), 0..4),
    )
        .prop_map(
            |(of, name, label, (function, property), event, modifiers)| ComputedTrait {
                of,
                name,
                label,
                function,
                property,
                event,
                modifiers,
                span: Span::default(),
            },
        )
}

pub(crate) fn item() -> impl Strategy<Value = Item> {
    let span = Span::default();
    let requires = prop_oneof![Just(Requires::Nothing(span)), names().prop_map(Requires::Categories)];
    prop_oneof![
        1 => (name(), option::of(text()), any::<bool>()).prop_map(move |(name, label, disabled)| {
            let disabled = disabled.then_some(span);
            Item::Category(Category { name, label, disabled, span })
        }),
        1 => (name(), option::of(text()), option::of(requires), vec(setting(), 0..3)).prop_map(
            move |(name, label, requires, settings)| {
                Item::Destination(Destination { name, label, requires, settings, span })
            }
        ),
        1 => any::<bool>().prop_map(move |on| Item::Enforcement(Enforcement { on, span })),
        2 => (name(), option::of(text()), option::of(subject()), vec(clause(), 0..4)).prop_map(
            move |(name, label, subject, clauses)| {
                let of = subject.map(|subject| Of { subject, span });
                Item::Audience(Audience { name, label, of, clauses, span })
            }
        ),
        1 => (text(), vec(property_schema(), 0..4)).prop_map(move |(name, properties)| {
            Item::Event(EventSchema { name, properties, span })
        }),
        1 => trait_schema().prop_map(Item::Trait),
        1 => computed_trait().prop_map(Item::Computed),
        1 => (vec(identifier(), 0..4), vec(text(), 0..3)).prop_map(move |(identifiers, blocked)| {
            Item::Identity(Identity { identifiers, blocked, span })
        }),
    ]
}

/// A whole file.
pub(crate) fn file() -> impl Strategy<Value = File> {
    vec(item(), 0..5).prop_map(|items| File {
        items,
        comments: Vec::new(),
        broken: Vec::new(),
    })
}
