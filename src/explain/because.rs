//! What decided a condition, in a sentence.

use super::{Asked, Preference, Workspace, preference, words};
use crate::compile::{Form, Written};
use crate::eval::{Fact, Record, Shown};
use crate::ir::{
    AudienceSlot, Comparison, Count, DateTest, EventSlot, Instant, Literal, Node, NodeId, Operand, Performed,
    Quantifier, Step, Subject, Test, TraitSource, ValueRef,
};
use crate::time::{Duration, Timestamp, Window};
use crate::value::Value;

#[derive(Clone, Copy)]
pub(super) struct Because<'w> {
    pub(super) workspace: Workspace<'w>,
    pub(super) asked: Asked<'w>,
    /// Inside `any user` and its kin: the account whose user is asked.
    pub(super) account: Option<Asked<'w>>,
    /// The `lookback` that the windows of events are cut to.
    pub(super) lookback: Option<Duration>,
}

impl Because<'_> {
    /// A condition that is no group. `node` is never a negation; `shown` is the event or element that its filter is told of.
    pub(super) fn leaf(self, form: Form, node: NodeId, record: &Record<'_>, shown: Option<Shown<'_>>) -> String {
        match (self.workspace.program.node(node), record.fact, form) {
            (
                Node::Test { value, test },
                Fact::Value {
                    value: found,
                    reference,
                },
                Form::Test {
                    value: name,
                    reference: other,
                },
            ) => {
                let subject = self.subject(name, value);
                let other = other.map(|other| words::written(other, self.workspace.sources));
                Tested {
                    subject: &subject,
                    found,
                    other: other.as_deref().unwrap_or_default(),
                    reference,
                    now: self.asked.row.now(),
                }
                .sentence(test, record.holds)
            }
            (Node::Element { list, .. }, Fact::Elements { passed, of, value }, Form::Any(name)) => {
                elements(&self.subject(name, list), passed, of, value, shown)
            }
            (Node::Performed(performed), Fact::Events { counted, of, .. }, _) => {
                let events = Events {
                    counted,
                    of,
                    holds: record.holds,
                };
                self.performed(performed, events, shown)
            }
            (Node::Member(target), ..) => {
                let audience = self.workspace.program.audiences.get(target.index());
                let audience = audience.map(|audience| words::name(&audience.name)).unwrap_or_default();
                self.member(*target, &audience, record.holds)
            }
            (Node::Consent { category, state }, Fact::Consent(stored), _) => {
                let preference = Preference {
                    state: stored,
                    ..preference(self.workspace.program, *category, self.asked.consent)
                };
                let told = words::consent(&preference);
                if record.holds || form == Form::ConsentTo {
                    told
                } else {
                    format!("{told}, not {state}")
                }
            }
            _ => String::new(),
        }
    }

    /// Whether it is in another audience: an account itself, a user itself, or one of the user's accounts.
    fn member(self, target: AudienceSlot, audience: &str, holds: bool) -> String {
        let declared = self.workspace.program.audiences.get(target.index());
        let of = declared.map_or(Subject::User, |declared| declared.of);
        let label = match self.account {
            Some(account) if of == Subject::Account => account.label,
            _ => self.asked.label,
        };
        let of_its_accounts =
            of == Subject::Account && self.asked.row.subject() == Subject::User && self.account.is_none();
        if !of_its_accounts {
            let not = if holds { "" } else { "not " };
            return format!("{} is {not}in {audience}", words::name(label));
        }
        let user = words::name(label);
        let accounts = self.asked.accounts;
        let mut inside = accounts.iter().filter(|(_, row)| row.is_member(target));
        let name = |(label, _): &(&str, _)| words::name(label);
        match (accounts, inside.next(), inside.count()) {
            ([], ..) => format!("{user} has no account, so none is in {audience}"),
            ([only], None, _) => format!("the only account of {user}, {}, is not in {audience}", name(only)),
            (_, None, _) => format!("none of the {} accounts of {user} is in {audience}", accounts.len()),
            (_, Some(first), 0) => format!("the account {} of {user} is in {audience}", name(first)),
            (_, Some(first), 1) => format!("the account {} of {user} is in {audience}, and 1 other", name(first)),
            (_, Some(first), rest) => format!(
                "the account {} of {user} is in {audience}, and {rest} others",
                name(first)
            ),
        }
    }

    /// A value that is tested, as its author names it.
    fn subject(self, name: Written, value: &ValueRef) -> String {
        let written = words::written(name, self.workspace.sources);
        let computed = match value {
            ValueRef::Trait(slot) => self.workspace.program.traits.get(slot.index()),
            ValueRef::Property(_) | ValueRef::Item(_) => None,
        };
        match computed.map(|computed| &computed.source) {
            Some(TraitSource::Computed(_)) => format!("computed {written}"),
            _ => written,
        }
    }

    fn performed(self, performed: &Performed, events: Events, shown: Option<Shown<'_>>) -> String {
        let program = self.workspace.program;
        let name = self.event_name(performed.event);
        let window = window(performed.window, self.lookback, self.asked.row.now());
        let Events { counted, of, holds } = events;
        if of == 0 {
            return format!(
                "no {}{window}{}",
                words::events(1, name),
                needed(performed.count, 0, holds)
            );
        }
        let filtered = !matches!(program.node(performed.filter), Node::Const(true));
        let (example, counts, passed) = match shown {
            Some(Shown::Event {
                event, counts, passed, ..
            }) => (event, counts, passed),
            _ => (None, false, of),
        };
        let mut text = if passed == 0 {
            let of = if of == 1 { String::new() } else { format!(" {of}") };
            let the = if of.is_empty() { "the only" } else { "none of" };
            let verb = if of.is_empty() { "does not pass" } else { "passes" };
            let plural = if of.is_empty() { 1 } else { 2 };
            format!("{the}{of} {}{window} {verb} its filter", words::events(plural, name))
        } else if performed.steps.is_empty() {
            if filtered {
                let verb = if counted == 1 { "passes" } else { "pass" };
                format!(
                    "{} {}{window} {verb} its filter",
                    words::share(counted, of),
                    words::events(of, name)
                )
            } else {
                format!("{counted} {}{window}", words::events(counted, name))
            }
        } else {
            let matching = if filtered { "matching " } else { "" };
            let verb = if counted > 1 { "were" } else { "was" };
            let steps = self.steps(&performed.steps);
            format!(
                "{} {matching}{}{window} {verb} {steps}",
                words::share(counted, passed),
                words::events(passed, name)
            )
        };
        if let Some((time, message_id)) = example {
            let event = words::event(time, message_id);
            text.push_str(&match (counts, counted) {
                (true, 1) => format!(", at {event}"),
                (true, _) => format!(", the last at {event}"),
                (false, _) => format!("; shown is the one at {event}"),
            });
        }
        text.push_str(&needed(performed.count, counted, holds));
        text
    }

    fn event_name(&self, slot: EventSlot) -> &str {
        let event = self.workspace.program.events.get(slot.index());
        event.map_or("", |event| &event.name)
    }

    /// `followed by "A" within 1 day, then not by "B"`
    fn steps(self, steps: &[Step]) -> String {
        let mut text = String::new();
        for (at, step) in steps.iter().enumerate() {
            let not = if step.negated { "not " } else { "" };
            let lead = if at == 0 {
                format!("{not}followed by")
            } else {
                format!(", then {not}by")
            };
            let name = self.event_name(step.event);
            let events = match step.count {
                Count::ONCE => words::text(name),
                count => format!("{} {}", count_words(count), words::events(2, name)),
            };
            let within = step
                .within
                .map(|within| format!(" within {}", words::length(within)))
                .unwrap_or_default();
            text.push_str(&format!("{lead} {events}{within}"));
        }
        text
    }

    /// A step, after the event that the step before shows.
    pub(super) fn step(self, step: &Step, shown: Shown<'_>) -> String {
        let Shown::Event {
            event,
            passed,
            of,
            holds,
            ..
        } = shown
        else {
            return String::new();
        };
        let name = self.event_name(step.event);
        let within = step
            .within
            .map(|within| format!(" within {}", words::length(within)))
            .unwrap_or_default();
        let place = format!("{within} after that");
        let mut text = match (of, passed) {
            (0, _) => format!("no {}{place}", words::events(1, name)),
            (1, 0) => format!("the only {}{place} does not pass its filter", words::events(1, name)),
            (_, 0) => format!("none of {of} {}{place} passes its filter", words::events(of, name)),
            _ => format!("{passed} {}{place}", words::events(passed, name)),
        };
        if let Some((time, message_id)) = event {
            let event = words::event(time, message_id);
            text.push_str(&match (passed, of) {
                (1, _) => format!(", at {event}"),
                (0, 1) => format!(", at {event}"),
                _ => format!("; shown is the one at {event}"),
            });
        }
        // Under `then not` it is too many that are wrong, and that is told by their number.
        if !step.negated {
            text.push_str(&needed(step.count, passed, holds));
        }
        text
    }
}

/// What was found about the events of a `performed`.
struct Events {
    counted: usize,
    of: usize,
    holds: bool,
}

/// ` within the last 30 days (since 2026-05-31T00:00:00Z)`
fn window(window: Window, lookback: Option<Duration>, now: Timestamp) -> String {
    let newest = Some(window.newest).filter(|newest| *newest > Duration::ZERO);
    let length = words::length;
    let cut = if window.oldest.is_some() && window.oldest == lookback {
        ", as `lookback` says"
    } else {
        ""
    };
    let mut parts = Vec::new();
    match (window.oldest, newest) {
        (Some(oldest), None) => parts.push(format!(
            "within the last {} (since {}{cut})",
            length(oldest),
            now.minus(oldest)
        )),
        (Some(oldest), Some(newest)) => parts.push(format!(
            "between {} and {} ago (since {}{cut}, until {})",
            length(newest),
            length(oldest),
            now.minus(oldest),
            now.minus(newest)
        )),
        (None, Some(newest)) => parts.push(format!("at least {} ago (until {})", length(newest), now.minus(newest))),
        (None, None) => {}
    }
    parts.extend(window.after.map(|after| format!("after {after}")));
    parts.extend(window.before.map(|before| format!("before {before}")));
    let text = parts.join(", ");
    if text.is_empty() { text } else { format!(" {text}") }
}

fn count_words(count: Count) -> String {
    match (count.at_least, count.at_most) {
        (least, None) => format!("at least {least}"),
        (0, Some(0)) => "none".to_owned(),
        (0, Some(most)) => format!("at most {most}"),
        (least, Some(most)) if least == most => format!("exactly {most}"),
        (least, Some(most)) => format!("{least} to {most}"),
    }
}

/// `; at least 3 needed`: why a count does not hold, where the number alone does not tell.
fn needed(count: Count, counted: usize, holds: bool) -> String {
    if holds || count == Count::ONCE {
        return String::new();
    }
    let verb = if counted < count.at_least as usize {
        "needed"
    } else {
        "allowed"
    };
    format!("; {} {verb}", count_words(count))
}

fn elements(
    subject: &str,
    passed: usize,
    of: Option<usize>,
    value: Option<&Value>,
    shown: Option<Shown<'_>>,
) -> String {
    let at = match shown {
        Some(Shown::Element(at)) => at.saturating_add(1),
        _ => 1,
    };
    match (of, value) {
        (_, None) => format!("{subject} is absent"),
        (None, Some(value)) => format!("{subject} is {}, which is no list", words::value(value)),
        (Some(0), _) => format!("{subject} is an empty list"),
        (Some(of), _) if passed == 0 => format!("none of {of} in {subject} passes; shown is the first"),
        (Some(of), _) => {
            let verb = if passed == 1 { "passes" } else { "pass" };
            format!("{passed} of {of} in {subject} {verb}; shown is number {at}")
        }
    }
}

/// How many users of an account meet a condition, and who is shown.
pub(super) fn users(quantifier: Quantifier, met: usize, of: usize, shown: Option<&str>) -> String {
    let wanted = match quantifier {
        Quantifier::Any => "one is needed",
        Quantifier::All => "all are needed",
        Quantifier::No => "none is allowed",
    };
    let met = match (met, of) {
        (_, 0) => "the account has no users".to_owned(),
        (0, 1) => "the only user of the account does not meet the condition".to_owned(),
        (1, 1) => "the only user of the account meets the condition".to_owned(),
        (0, _) => format!("none of {of} users of the account meets the condition"),
        (1, _) => format!("1 of {of} users of the account meets the condition"),
        (met, _) if met == of => format!("all {of} users of the account meet the condition"),
        (met, _) => format!("{met} of {of} users of the account meet the condition"),
    };
    let shown = shown.map(|label| format!("; shown is {}", words::name(label)));
    format!("{met}; {wanted}{}", shown.unwrap_or_default())
}

/// A value that was tested.
struct Tested<'t> {
    subject: &'t str,
    found: Option<&'t Value>,
    /// How the author names the other value, where there is a reference.
    other: &'t str,
    reference: Option<&'t Value>,
    now: Timestamp,
}

/// How a value is read.
#[derive(Clone, Copy)]
enum Read {
    Number,
    Boolean,
    Date,
    Text,
}

impl Tested<'_> {
    fn sentence(&self, test: &Test, holds: bool) -> String {
        let subject = self.subject;
        if test.reference().is_some() {
            match self.reference {
                None => return format!("{} is absent, so nothing compares with it", self.other),
                Some(other @ (Value::List(_) | Value::Object(_))) => {
                    let other = words::value(other);
                    return format!("{} is {other}, which nothing compares with", self.other);
                }
                Some(_) => {}
            }
        }
        let Some(found) = self.found else {
            return format!("{subject} is absent");
        };
        let is = format!("{subject} is {}", words::value(found));
        if let Some(what) = self.unreadable(test, found) {
            return format!("{is}, which is no {what}");
        }
        let not = if holds { "" } else { "not " };
        match test {
            Test::Exists => is,
            Test::Equals(operand) if holds => match operand {
                Operand::Literal(_) => is,
                Operand::Reference(_) => format!("{is}, like {}", self.operand(operand)),
            },
            Test::Equals(operand) => format!("{is}, not {}", self.operand(operand)),
            Test::NotEquals(operand) if holds => format!("{is}, not {}", self.operand(operand)),
            Test::NotEquals(operand) => match operand {
                Operand::Literal(_) => is,
                Operand::Reference(_) => format!("{is}, like {}", self.operand(operand)),
            },
            Test::Compare(comparison, operand) => {
                let words = match comparison {
                    Comparison::Less => "less than",
                    Comparison::AtMost => "at most",
                    Comparison::Greater => "more than",
                    Comparison::AtLeast => "at least",
                };
                format!("{is}, {not}{words} {}", self.operand(operand))
            }
            Test::OneOf(list) => format!("{is}, {not}one of {}", words::literals(list)),
            Test::NoneOf(list) => {
                let not = if holds { "not " } else { "" };
                format!("{is}, {not}one of {}", words::literals(list))
            }
            Test::Contains(operand) => format!("{is}, which {} {}", does("contain", holds), self.operand(operand)),
            Test::ContainsAny(list) => {
                let of = if holds { "one of" } else { "none of" };
                format!("{is}, which contains {of} {}", words::any_of(list))
            }
            Test::Omits(_) => format!("{is}, which {} {}", does("contain", !holds), self.referred()),
            Test::StartsWith(operand) => format!("{is}, which {} {}", does("start with", holds), self.operand(operand)),
            Test::EndsWith(operand) => format!("{is}, which {} {}", does("end with", holds), self.operand(operand)),
            Test::Date(date) => format!("{is}, {not}{}", self.date(date)),
        }
    }

    /// What a value cannot be read as, so that only the negative forms hold.
    fn unreadable(&self, test: &Test, found: &Value) -> Option<&'static str> {
        let literal = |operand: &Operand| match operand {
            Operand::Literal(Literal::Number(_)) => Some(Read::Number),
            Operand::Literal(Literal::Boolean(_)) => Some(Read::Boolean),
            Operand::Literal(Literal::Date(_)) => Some(Read::Date),
            Operand::Literal(Literal::Text(_)) => Some(Read::Text),
            Operand::Reference(_) => None,
        };
        let read = match test {
            Test::Equals(operand) | Test::NotEquals(operand) => literal(operand)?,
            Test::Compare(..) => Read::Number,
            Test::StartsWith(_) | Test::EndsWith(_) => Read::Text,
            Test::Date(_) => Read::Date,
            _ => return None,
        };
        let date = |value: &Value| value.as_str().and_then(Timestamp::parse);
        match read {
            Read::Number => found.read_number().is_none().then_some("number"),
            Read::Boolean => found.read_bool().is_none().then_some("boolean"),
            Read::Date => date(found).is_none().then_some("date"),
            Read::Text => found.read_text().is_none().then_some("text"),
        }
    }

    fn operand(&self, operand: &Operand) -> String {
        match operand {
            Operand::Literal(literal) => words::literal(literal),
            Operand::Reference(_) => self.referred(),
        }
    }

    /// `trait tier_goal (500)`
    fn referred(&self) -> String {
        let value = self.reference.map(words::value).unwrap_or_default();
        format!("{} ({value})", self.other)
    }

    fn date(&self, test: &DateTest) -> String {
        let (now, length) = (self.now, words::length);
        let instant = |instant: &Instant| match instant {
            Instant::At(at) => at.to_string(),
            Instant::Of(_) => self.referred(),
        };
        match test {
            DateTest::Before(at) => format!("before {}", instant(at)),
            DateTest::After(at) => format!("after {}", instant(at)),
            DateTest::WithinLast(d) => format!("within the last {} (since {})", length(*d), now.minus(*d)),
            DateTest::WithinNext(d) => format!("within the next {} (until {})", length(*d), now.plus(*d)),
            DateTest::BeforeLast(d) => format!("at least {} ago (until {})", length(*d), now.minus(*d)),
            DateTest::AfterNext(d) => format!("more than {} ahead (after {})", length(*d), now.plus(*d)),
        }
    }
}

/// `contains`, `does not contain`
fn does(verb: &str, holds: bool) -> String {
    if !holds {
        return format!("does not {verb}");
    }
    match verb.split_once(' ') {
        Some((verb, rest)) => format!("{verb}s {rest}"),
        None => format!("{verb}s"),
    }
}
