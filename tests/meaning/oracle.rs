//! What a workspace means, read off its syntax tree by language.md alone, in the plainest way: nothing is shared, kept or
//! put into another form, funnels try every choice of events, and each question is asked anew.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use volens::model::PastEvent;
use volens::syntax::ast::*;
use volens::value::Object;
use volens::{ConsentState, Profile, Profiles, Timestamp, Value};

use crate::values::{self, compares, equals_literal, equals_value, exact, there, usable};

/// Who is in an audience, and what becomes of whom at its destinations, all by label and sorted.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Outcome {
    pub(crate) members: Vec<String>,
    pub(crate) destinations: Vec<Delivery>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Delivery {
    pub(crate) name: String,
    pub(crate) delivered: Vec<String>,
    pub(crate) filtered: Vec<(String, BTreeMap<String, ConsentState>)>,
}

/// The world that is asked about.
#[derive(Clone, Copy)]
pub(crate) struct World<'w> {
    pub(crate) file: &'w File,
    pub(crate) profiles: &'w Profiles,
    pub(crate) now: Timestamp,
}

/// Whom a condition asks about: a user, an account, or within a quantifier both.
#[derive(Clone, Copy)]
struct Subjects<'w> {
    user: Option<&'w Profile>,
    account: Option<&'w str>,
}

/// What a filter looks at.
#[derive(Clone, Copy)]
struct Seen<'s> {
    event: Option<&'s PastEvent>,
    element: Option<&'s Value>,
    named: &'s [(&'s str, &'s PastEvent)],
}

const NOTHING: Seen<'_> = Seen {
    event: None,
    element: None,
    named: &[],
};

/// How a profile is called: by `user_id`, `email`, then the other types by alphabet.
pub(crate) fn label(profile: &Profile) -> String {
    let mut all: Vec<(usize, &str, &str)> = profile
        .identifiers()
        .iter()
        .map(|(kind, value)| match kind {
            "user_id" => (0, kind, value),
            "email" => (1, kind, value),
            _ => (2, kind, value),
        })
        .collect();
    all.sort_unstable();
    format!("{}:{}", all[0].1, all[0].2)
}

/// What language.md says of each audience.
pub(crate) fn outcomes(world: World<'_>) -> BTreeMap<String, Outcome> {
    let audiences = world
        .audiences()
        .map(|audience| (audience.name.text.to_string(), world.outcome(audience)));
    audiences.collect()
}

fn who(audience: &Audience) -> Option<&Condition> {
    audience.clauses.iter().find_map(|clause| match &clause.kind {
        ClauseKind::Who(condition) => Some(condition),
        _ => None,
    })
}

fn of(audience: &Audience) -> Subject {
    audience.of.map_or(Subject::User, |of| of.subject)
}

fn millis(duration: &DurationText) -> i64 {
    i64::from(duration.count.value) * duration.unit.millis()
}

fn lookup<'v>(object: &'v Object, keys: &[Name]) -> Option<&'v Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter()
        .try_fold(object.get(&first.text)?, |value, key| match value {
            Value::Object(object) => object.get(&key.text),
            _ => None,
        })
}

impl<'w> World<'w> {
    fn audiences(self) -> impl Iterator<Item = &'w Audience> {
        self.file.items.iter().filter_map(|item| match item {
            Item::Audience(audience) => Some(audience),
            _ => None,
        })
    }

    fn audience(self, name: &Name) -> &'w Audience {
        self.audiences()
            .find(|audience| audience.name.text == name.text)
            .unwrap()
    }

    fn users_of(self, account: &str) -> Vec<&'w Profile> {
        let users = self.profiles.users().iter().map(|user| &**user);
        users.filter(|user| user.accounts().any(|id| id == account)).collect()
    }

    /// Whether the clauses let a user be delivered, and in an audience of users be a member.
    fn admitted(self, audience: &Audience, user: &Profile) -> bool {
        let mut kinds = vec!["user_id", "email", "android.idfa", "ios.idfa"];
        if audience
            .clauses
            .iter()
            .any(|clause| clause.kind == ClauseKind::IncludeAnonymous)
        {
            kinds.push("anonymous_id");
        }
        let known = user.identifiers().iter().any(|(kind, _)| kinds.contains(&kind));
        let granted = audience.clauses.iter().all(|clause| match &clause.kind {
            ClauseKind::ConsentTo(categories) => categories
                .iter()
                .all(|category| user.consent().state(&category.text) == ConsentState::Granted),
            _ => true,
        });
        known && granted
    }

    fn user_is_member(self, audience: &'w Audience, user: &'w Profile) -> bool {
        let subjects = Subjects {
            user: Some(user),
            account: None,
        };
        self.admitted(audience, user) && who(audience).is_none_or(|who| self.holds(who, audience, subjects))
    }

    fn account_is_member(self, audience: &'w Audience, account: &'w str) -> bool {
        let subjects = Subjects {
            user: None,
            account: Some(account),
        };
        who(audience).is_none_or(|who| self.holds(who, audience, subjects))
    }

    fn outcome(self, audience: &'w Audience) -> Outcome {
        let users = self.profiles.users().iter().map(|user| &**user);
        let (mut members, reached): (Vec<String>, Vec<&Profile>) = match of(audience) {
            Subject::User => {
                let members: Vec<&Profile> = users.filter(|user| self.user_is_member(audience, user)).collect();
                (members.iter().map(|user| label(user)).collect(), members)
            }
            Subject::Account => {
                let accounts = self.profiles.accounts().keys();
                let members: Vec<&str> = accounts
                    .map(|id| &**id)
                    .filter(|account| self.account_is_member(audience, account))
                    .collect();
                let reached = users.filter(|user| {
                    user.accounts().any(|account| members.contains(&account)) && self.admitted(audience, user)
                });
                (
                    members.iter().map(|id| format!("group_id:{id}")).collect(),
                    reached.collect(),
                )
            }
        };
        members.sort();
        let sent_to = |destination: &Destination| {
            audience.clauses.iter().any(|clause| match &clause.kind {
                ClauseKind::SendTo(names) => names.iter().any(|name| name.text == destination.name.text),
                _ => false,
            })
        };
        let destinations = self.file.items.iter().filter_map(|item| match item {
            Item::Destination(destination) if sent_to(destination) => Some(self.deliver(destination, &reached)),
            _ => None,
        });
        Outcome {
            members,
            destinations: destinations.collect(),
        }
    }

    fn deliver(self, destination: &Destination, reached: &[&Profile]) -> Delivery {
        let on = !self
            .file
            .items
            .iter()
            .any(|item| matches!(item, Item::Enforcement(Enforcement { on: false, .. })));
        let disabled = |name: &Name| {
            let of_name =
                |item: &Item| matches!(item, Item::Category(c) if c.name.text == name.text && c.disabled.is_some());
            self.file.items.iter().any(of_name)
        };
        let required: Vec<&Name> = match &destination.requires {
            Some(Requires::Categories(names)) if on => names.iter().filter(|name| !disabled(name)).collect(),
            _ => Vec::new(),
        };
        let mut delivery = Delivery {
            name: destination.name.text.to_string(),
            delivered: Vec::new(),
            filtered: Vec::new(),
        };
        for user in reached {
            let states = required
                .iter()
                .map(|name| (name.text.to_string(), user.consent().state(&name.text)));
            let missing: BTreeMap<_, _> = states.filter(|(_, state)| *state != ConsentState::Granted).collect();
            match missing.is_empty() {
                true => delivery.delivered.push(label(user)),
                false => delivery.filtered.push((label(user), missing)),
            }
        }
        delivery.delivered.sort();
        delivery.filtered.sort();
        delivery
    }

    fn holds(self, condition: &'w Condition, of_: &'w Audience, subjects: Subjects<'w>) -> bool {
        match &condition.kind {
            ConditionKind::And(all) => all.iter().all(|one| self.holds(one, of_, subjects)),
            ConditionKind::Or(all) => all.iter().any(|one| self.holds(one, of_, subjects)),
            ConditionKind::Not(inner) => !self.holds(inner, of_, subjects),
            ConditionKind::Brackets(inner) => self.holds(inner, of_, subjects),
            ConditionKind::Test { value, test } => {
                let value = self.trait_(value, subjects);
                self.passes(value.as_ref(), test, subjects, NOTHING)
            }
            ConditionKind::Any { list, filter } => {
                let list = self.trait_(list, subjects);
                self.one_passes(list.as_ref(), filter, subjects, NOTHING)
            }
            ConditionKind::Performed(performed) => self.performed(performed, of_, subjects),
            ConditionKind::Users { quantifier, condition } => {
                let users = self.users_of(subjects.account.unwrap());
                let mut each = users.iter().map(|user| {
                    let user = Some(*user);
                    self.holds(condition, of_, Subjects { user, ..subjects })
                });
                match quantifier {
                    Quantifier::Any => each.any(|holds| holds),
                    Quantifier::All => !users.is_empty() && each.all(|holds| holds),
                    Quantifier::No => each.all(|holds| !holds),
                }
            }
            ConditionKind::MemberOf(name) => {
                let other = self.audience(name);
                match (of(other), of(of_)) {
                    (Subject::User, _) => self.user_is_member(other, subjects.user.unwrap()),
                    (Subject::Account, Subject::Account) => self.account_is_member(other, subjects.account.unwrap()),
                    (Subject::Account, Subject::User) => {
                        let mut accounts = subjects.user.unwrap().accounts();
                        accounts.any(|account| self.account_is_member(other, account))
                    }
                }
            }
            ConditionKind::ConsentTo(category) => self.state(category, subjects) == ConsentState::Granted,
            ConditionKind::ConsentIs { category, state } => self.state(category, subjects) == *state,
            other => unreachable!("{other:?}"),
        }
    }

    fn state(self, category: &Name, subjects: Subjects<'w>) -> ConsentState {
        subjects.user.unwrap().consent().state(&category.text)
    }

    // Traits.

    fn trait_(self, path: &ValuePath, subjects: Subjects<'w>) -> Option<Value> {
        let subject = match path.root {
            Root::AccountTrait => Subject::Account,
            _ if subjects.user.is_none() => Subject::Account,
            _ => Subject::User,
        };
        let computed = self.file.items.iter().find_map(|item| match item {
            Item::Computed(computed) if computed.of == subject && computed.name.text == path.keys[0].text => {
                Some(computed)
            }
            _ => None,
        });
        if let Some(computed) = computed {
            return self.compute(computed, subjects);
        }
        let sent = match subject {
            Subject::User => subjects.user.unwrap().traits(),
            Subject::Account => &self.profiles.accounts()[subjects.account.unwrap()].traits,
        };
        there(lookup(sent, &path.keys)).cloned()
    }

    fn compute(self, computed: &'w ComputedTrait, subjects: Subjects<'w>) -> Option<Value> {
        // What it reads besides events are the traits of its own subject.
        let (users, subjects) = match computed.of {
            Subject::User => (
                vec![subjects.user.unwrap()],
                Subjects {
                    account: None,
                    ..subjects
                },
            ),
            Subject::Account => (
                self.users_of(subjects.account.unwrap()),
                Subjects { user: None, ..subjects },
            ),
        };
        let mut events: Vec<&PastEvent> = users
            .iter()
            .flat_map(|user| user.history().of(&computed.event.text))
            .filter(|event| self.counts(event, &computed.modifiers, None, subjects, &[]))
            .collect();
        // By time, then by id, as of the events here none has another order.
        events.sort_by_key(|event| (event.timestamp, event.message_id.clone()));
        let values: Vec<&Value> = match &computed.property {
            Some(path) => events
                .iter()
                .filter_map(|event| there(lookup(&event.properties, &path.keys)))
                .collect(),
            None => Vec::new(),
        };
        let numbers: Vec<_> = values.iter().filter_map(|value| values::number(value)).collect();
        let addends: Vec<i128> = numbers.iter().filter_map(|number| exact::billionths(*number)).collect();
        let sum: i128 = addends.iter().sum();
        let mut texts: Vec<String> = Vec::new();
        for value in &values {
            match value {
                Value::List(elements) => texts.extend(elements.iter().filter_map(values::text)),
                value => texts.extend(values::text(value)),
            }
        }
        texts.sort();
        let mut different = texts.clone();
        different.dedup();
        let how_often = |text: &String| texts.iter().filter(|other| *other == text).count();
        match computed.function {
            Function::Count => Some(count(events.len())),
            Function::Sum => Some(Value::Number(exact::number(sum))),
            Function::Average if addends.is_empty() => None,
            Function::Average => {
                let mean = exact::half_even(sum, i128::try_from(addends.len()).unwrap());
                Some(Value::Number(exact::number(mean)))
            }
            Function::Minimum => numbers
                .into_iter()
                .reduce(|a, b| if b.compare(a) == Ordering::Less { b } else { a })
                .map(Value::Number),
            Function::Maximum => numbers
                .into_iter()
                .reduce(|a, b| if b.compare(a) == Ordering::Greater { b } else { a })
                .map(Value::Number),
            Function::First => values.first().copied().cloned(),
            Function::Last => values.last().copied().cloned(),
            Function::MostFrequent => {
                let least = computed.modifiers.iter().find_map(|modifier| match &modifier.kind {
                    ModifierKind::Count { times, .. } => Some(times.value as usize),
                    _ => None,
                });
                let most = different
                    .iter()
                    .map(how_often)
                    .max()
                    .filter(|most| *most >= least.unwrap_or(2))?;
                different
                    .iter()
                    .find(|text| how_often(text) == most)
                    .map(|text| Value::from(text.clone()))
            }
            Function::UniqueList if different.is_empty() => None,
            Function::UniqueList => Some(Value::from(different)),
            Function::UniqueCount => Some(count(different.len())),
            other => unreachable!("{other:?}"),
        }
    }

    // Events.

    /// Whether an event is one that the modifiers of a first `performed` or of a computed trait speak of.
    fn counts(
        self,
        event: &PastEvent,
        modifiers: &'w [Modifier],
        lookback: Option<i64>,
        subjects: Subjects<'w>,
        named: &[(&str, &PastEvent)],
    ) -> bool {
        let (t, now) = (event.timestamp.as_millis(), self.now.as_millis());
        let seen = Seen {
            event: Some(event),
            element: None,
            named,
        };
        let inside = |modifier: &'w Modifier| match &modifier.kind {
            ModifierKind::Within { duration, .. } => now - millis(duration) < t,
            ModifierKind::Between { newest, oldest, unit } => {
                let ago = |count: &Integer| now - i64::from(count.value) * unit.millis();
                ago(oldest) < t && t <= ago(newest)
            }
            ModifierKind::Before(instant) => t < instant.as_millis(),
            ModifierKind::After(instant) => t > instant.as_millis(),
            ModifierKind::Where(filter) => self.filter(filter, subjects, seen),
            _ => true,
        };
        t <= now && lookback.is_none_or(|lookback| now - lookback < t) && modifiers.iter().all(inside)
    }

    fn performed(self, performed: &'w Performed, of_: &'w Audience, subjects: Subjects<'w>) -> bool {
        let lookback = of_.clauses.iter().find_map(|clause| match &clause.kind {
            ClauseKind::Lookback(duration) => Some(millis(duration)),
            _ => None,
        });
        let events = subjects.user.unwrap().history().of(&performed.event.text).iter();
        let first = events.filter(|event| {
            let named = as_name(&performed.modifiers, event);
            self.counts(event, &performed.modifiers, lookback, subjects, &[])
                && self.follow(event, &performed.steps, &named, subjects)
        });
        is_so_many(first.count(), &performed.modifiers)
    }

    /// Whether the steps can follow an event, by trying each event for the first of them.
    fn follow<'s>(
        self,
        before: &'s PastEvent,
        steps: &'w [Step],
        named: &[(&'s str, &'s PastEvent)],
        subjects: Subjects<'w>,
    ) -> bool
    where
        'w: 's,
    {
        let Some((step, rest)) = steps.split_first() else {
            return true;
        };
        let history = subjects.user.unwrap().history();
        let mut following = 0;
        for event in history.of(&step.event.text) {
            let (u, t) = (before.timestamp.as_millis(), event.timestamp.as_millis());
            let seen = Seen {
                event: Some(event),
                element: None,
                named,
            };
            let passes = step.modifiers.iter().all(|modifier| match &modifier.kind {
                ModifierKind::Within { duration, .. } => t <= u + millis(duration),
                ModifierKind::Where(filter) => self.filter(filter, subjects, seen),
                _ => true,
            });
            if u < t && t <= self.now.as_millis() && passes {
                let mut named = named.to_vec();
                named.extend(as_name(&step.modifiers, event));
                following += usize::from(self.follow(event, rest, &named, subjects));
            }
        }
        is_so_many(following, &step.modifiers) != step.not.is_some()
    }

    fn filter(self, filter: &'w Condition, subjects: Subjects<'w>, seen: Seen<'_>) -> bool {
        match &filter.kind {
            ConditionKind::And(all) => all.iter().all(|one| self.filter(one, subjects, seen)),
            ConditionKind::Or(all) => all.iter().any(|one| self.filter(one, subjects, seen)),
            ConditionKind::Not(inner) => !self.filter(inner, subjects, seen),
            ConditionKind::Brackets(inner) => self.filter(inner, subjects, seen),
            ConditionKind::Test { value, test } => self.passes(part(value, seen), test, subjects, seen),
            ConditionKind::Any { list, filter } => self.one_passes(part(list, seen), filter, subjects, seen),
            other => unreachable!("{other:?}"),
        }
    }

    fn one_passes(self, list: Option<&Value>, filter: &'w Condition, subjects: Subjects<'w>, seen: Seen<'_>) -> bool {
        let Some(Value::List(elements)) = list else {
            return false;
        };
        elements.iter().any(|element| {
            let element = Some(element);
            self.filter(filter, subjects, Seen { element, ..seen })
        })
    }

    // Tests.

    fn reference(self, operand: &Operand, subjects: Subjects<'w>, seen: Seen<'_>) -> Option<Value> {
        match operand {
            Operand::Trait(path) => self.trait_(path, subjects),
            Operand::Event { name, path } => {
                let event = seen.named.iter().find(|(other, _)| **other == *name.text).unwrap().1;
                lookup(&event.properties, &path.keys).cloned()
            }
            other => unreachable!("{other:?}"),
        }
    }

    fn passes(self, value: Option<&Value>, test: &Test, subjects: Subjects<'w>, seen: Seen<'_>) -> bool {
        let value = there(value);
        let now = self.now.as_millis();
        let single = value.filter(|value| !matches!(value, Value::List(_) | Value::Object(_)));
        let one_of = |list: &[Literal]| single.is_some_and(|v| list.iter().any(|literal| equals_literal(v, literal)));
        let date = single.and_then(values::date);
        // A reference that is missing, a list or an object: no test with it holds.
        let reference = match test.kind.operand() {
            None | Some(Operand::Literal(_)) => None,
            Some(operand) => match usable(self.reference(operand, subjects, seen).as_ref()) {
                Some(reference) => Some(reference.clone()),
                None => return false,
            },
        };
        let operand = |operand: &Operand| match operand {
            Operand::Literal(literal) => With::Literal(literal.clone()),
            _ => With::Value(reference.clone().unwrap()),
        };
        let instant = |operand_: &Operand| match operand(operand_) {
            With::Literal(literal) => match literal.value {
                LiteralValue::Date(instant) => Some(instant.as_millis()),
                _ => None,
            },
            With::Value(value) => values::date(&value),
        };
        match &test.kind {
            TestKind::Exists => value.is_some(),
            TestKind::DoesNotExist => value.is_none(),
            TestKind::Equals(with) => single.is_some_and(|v| operand(with).equals(v)),
            TestKind::NotEquals(with) => value.is_some() && !single.is_some_and(|v| operand(with).equals(v)),
            TestKind::Compare(sign, with) => single.is_some_and(|v| compares(v, *sign, operand(with).number())),
            TestKind::In(list) => one_of(list),
            TestKind::NotIn(list) => value.is_some() && !one_of(list),
            TestKind::Contains(with) => contains(value, &operand(with)),
            TestKind::DoesNotContain(with) => !contains(value, &operand(with)),
            TestKind::ContainsAnyOf(list) => list
                .iter()
                .any(|literal| contains(value, &With::Literal(literal.clone()))),
            TestKind::StartsWith(with) => both_texts(single, &operand(with), |text, part| text.starts_with(part)),
            TestKind::EndsWith(with) => both_texts(single, &operand(with), |text, part| text.ends_with(part)),
            TestKind::Before(with) => date.zip(instant(with)).is_some_and(|(t, instant)| t < instant),
            TestKind::After(with) => date.zip(instant(with)).is_some_and(|(t, instant)| t > instant),
            TestKind::WithinLast(d) => date.is_some_and(|t| now - millis(d) < t && t <= now),
            TestKind::WithinNext(d) => date.is_some_and(|t| now < t && t <= now + millis(d)),
            TestKind::BeforeLast(d) => date.is_some_and(|t| t <= now - millis(d)),
            TestKind::AfterNext(d) => date.is_some_and(|t| t > now + millis(d)),
            other => unreachable!("{other:?}"),
        }
    }
}

/// What a value is compared with.
enum With {
    Literal(Literal),
    Value(Value),
}

impl With {
    fn equals(&self, value: &Value) -> bool {
        match self {
            With::Literal(literal) => equals_literal(value, literal),
            With::Value(reference) => equals_value(value, reference),
        }
    }

    fn number(&self) -> Option<volens::value::Number> {
        match self {
            With::Literal(Literal {
                value: LiteralValue::Number(number),
                ..
            }) => Some(*number),
            With::Literal(_) => None,
            With::Value(value) => values::number(value),
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            With::Literal(literal) => values::literal_text(literal),
            With::Value(value) => values::text(value),
        }
    }
}

fn contains(value: Option<&Value>, part: &With) -> bool {
    match value {
        None | Some(Value::Object(_)) => false,
        Some(Value::List(elements)) => elements
            .iter()
            .any(|element| usable(Some(element)).is_some_and(|element| part.equals(element))),
        single => both_texts(single, part, |text, part| text.contains(part)),
    }
}

fn both_texts(value: Option<&Value>, part: &With, holds: impl Fn(&str, &str) -> bool) -> bool {
    let texts = value.and_then(values::text).zip(part.text());
    texts.is_some_and(|(text, part)| holds(&text, &part))
}

/// The value that a path of a filter leads to.
fn part<'s>(path: &ValuePath, seen: Seen<'s>) -> Option<&'s Value> {
    let value = match (path.root, seen.element) {
        (Root::Element, Some(element)) if path.keys.is_empty() => Some(element),
        (Root::Element, Some(Value::Object(element))) => lookup(element, &path.keys),
        (Root::Element, _) => None,
        _ => lookup(&seen.event.unwrap().properties, &path.keys),
    };
    there(value)
}

fn as_name<'s>(modifiers: &'s [Modifier], event: &'s PastEvent) -> Vec<(&'s str, &'s PastEvent)> {
    let names = modifiers.iter().filter_map(|modifier| match &modifier.kind {
        ModifierKind::As(name) => Some((&*name.text, event)),
        _ => None,
    });
    names.collect()
}

fn is_so_many(count: usize, modifiers: &[Modifier]) -> bool {
    let bound = modifiers.iter().find_map(|modifier| match &modifier.kind {
        ModifierKind::Count { bound, times } => Some((*bound, times.value as usize)),
        _ => None,
    });
    match bound {
        None => count >= 1,
        Some((Bound::AtLeast, times)) => count >= times,
        Some((Bound::AtMost, times)) => count <= times,
        Some((Bound::Exactly, times)) => count == times,
    }
}

fn count(count: usize) -> Value {
    Value::from(u64::try_from(count).unwrap())
}
