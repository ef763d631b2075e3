//! Programs as text for people: the listing of `volens ir`, also what snapshots hold.

use std::fmt::{self, Display, Write};

use crate::ir::{
    Aggregate, Audience, AudienceSlot, Count, DateTest, Event, EventSlot, Function, Instant, Literal, Literals, Node,
    NodeId, Operand, Performed, Program, PropertySlot, Quantifier, Reference, Subject, Test, TraitSlot, TraitSource,
    ValueRef,
};
use crate::time::Window;
use crate::value::{Path, quoted, written};

/// Lists a program: its tables, then each audience with its condition as a tree. Shared nodes carry their number, so that
/// it can be seen what is evaluated once. With `only`, that audience alone.
pub fn program(program: &Program, only: Option<AudienceSlot>) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = Listing { program }.write(&mut out, only);
    out
}

struct Listing<'p> {
    program: &'p Program,
}

impl Listing<'_> {
    fn write(&self, out: &mut String, only: Option<AudienceSlot>) -> fmt::Result {
        let program = self.program;
        if only.is_none() {
            writeln!(out, "format {}", program.format)?;
            writeln!(
                out,
                "consent enforcement {}",
                if program.enforcement { "on" } else { "off" }
            )?;
            for category in &program.categories {
                let disabled = if category.enabled { "" } else { " disabled" };
                writeln!(out, "category {}{disabled}", name(&category.id))?;
            }
            for destination in &program.destinations {
                let requires: Vec<String> = destination
                    .requires
                    .iter()
                    .map(|slot| self.category(slot.index()))
                    .collect();
                let requires = if requires.is_empty() {
                    "nothing".to_owned()
                } else {
                    requires.join(", ")
                };
                write!(out, "destination {} requires {requires}", name(&destination.name))?;
                if destination.kind != destination.name {
                    write!(out, ", type {}", quoted(&destination.kind))?;
                }
                writeln!(out)?;
            }
        }
        for (at, audience) in program.audiences.iter().enumerate() {
            if only.is_none_or(|only| only.index() == at) {
                self.audience(out, audience)?;
            }
        }
        Ok(())
    }

    fn audience(&self, out: &mut String, audience: &Audience) -> fmt::Result {
        let of = match audience.of {
            Subject::User => "",
            Subject::Account => " of accounts",
        };
        writeln!(out, "\naudience {}{of}", name(&audience.name))?;
        writeln!(out, "  who")?;
        self.node(out, audience.who, 2)?;
        for category in &audience.consent {
            writeln!(out, "  consent to {}", self.category(category.index()))?;
        }
        if audience.include_anonymous {
            writeln!(out, "  include anonymous")?;
        }
        let to: Vec<String> = audience
            .destinations
            .iter()
            .filter_map(|slot| Some(name(&self.program.destinations.get(slot.index())?.name)))
            .collect();
        if !to.is_empty() {
            writeln!(out, "  send to {}", to.join(", "))?;
        }
        Ok(())
    }

    fn node(&self, out: &mut String, id: NodeId, depth: usize) -> fmt::Result {
        self.node_of(out, id, depth, &[])
    }

    /// `events`: those of the funnel up to the one whose properties the node looks at.
    fn node_of(&self, out: &mut String, id: NodeId, depth: usize, events: &[EventSlot]) -> fmt::Result {
        let event = events.last().copied();
        write!(out, "{:depth$}#{} ", "", id.0, depth = depth * 2)?;
        match self.program.node(id) {
            Node::Const(value) => writeln!(out, "{value}"),
            Node::Not(child) => {
                writeln!(out, "not")?;
                self.node_of(out, *child, depth + 1, events)
            }
            Node::And(nodes) => self.group(out, "and", nodes, depth, events),
            Node::Or(nodes) => self.group(out, "or", nodes, depth, events),
            Node::Test { value, test } => {
                writeln!(out, "{} {}", self.value(value, event), self.test(test, events))
            }
            Node::Element { list, filter } => {
                writeln!(out, "any {}", self.value(list, event))?;
                self.node_of(out, *filter, depth + 1, events)
            }
            Node::Performed(performed) => self.performed(out, performed, depth),
            Node::Member(audience) => {
                let audience = self.program.audiences.get(audience.index());
                writeln!(out, "member of {}", audience.map(|a| name(&a.name)).unwrap_or_default())
            }
            Node::Consent { category, state } => {
                writeln!(out, "consent {} is {state}", self.category(category.index()))
            }
            Node::Users { quantifier, condition } => {
                let quantifier = match quantifier {
                    Quantifier::Any => "any user",
                    Quantifier::All => "all users",
                    Quantifier::No => "no user",
                };
                writeln!(out, "{quantifier}")?;
                self.node_of(out, *condition, depth + 1, events)
            }
        }
    }

    fn group(&self, out: &mut String, word: &str, nodes: &[NodeId], depth: usize, events: &[EventSlot]) -> fmt::Result {
        writeln!(out, "{word}")?;
        nodes
            .iter()
            .try_for_each(|node| self.node_of(out, *node, depth + 1, events))
    }

    fn performed(&self, out: &mut String, performed: &Performed, depth: usize) -> fmt::Result {
        writeln!(
            out,
            "performed {}{}{}",
            self.event_name(performed.event),
            count(performed.count),
            window(performed.window)
        )?;
        let mut events = vec![performed.event];
        self.filter(out, performed.filter, &events, depth)?;
        for step in &performed.steps {
            let not = if step.negated { " not" } else { "" };
            let within = step
                .within
                .map(|within| format!(" within {within}"))
                .unwrap_or_default();
            writeln!(
                out,
                "{:indent$}then{not} performed {}{}{within}",
                "",
                self.event_name(step.event),
                count(step.count),
                indent = depth * 2 + 2
            )?;
            events.push(step.event);
            self.filter(out, step.filter, &events, depth + 1)?;
        }
        Ok(())
    }

    fn filter(&self, out: &mut String, filter: NodeId, events: &[EventSlot], depth: usize) -> fmt::Result {
        if matches!(self.program.node(filter), Node::Const(true)) {
            return Ok(());
        }
        self.node_of(out, filter, depth + 1, events)
    }

    fn event_name(&self, event: EventSlot) -> String {
        self.event(event).map(|event| quoted(&event.name)).unwrap_or_default()
    }

    fn event(&self, event: EventSlot) -> Option<&Event> {
        self.program.events.get(event.index())
    }

    fn category(&self, at: usize) -> String {
        self.program
            .categories
            .get(at)
            .map(|category| name(&category.id))
            .unwrap_or_default()
    }

    fn value(&self, value: &ValueRef, event: Option<EventSlot>) -> String {
        match value {
            ValueRef::Trait(slot) => self.trait_name(*slot),
            ValueRef::Property(slot) => self.property(event, *slot),
            ValueRef::Item(path) if path.is_empty() => "item".to_owned(),
            ValueRef::Item(path) => {
                let text = Path::new(path.iter().cloned()).to_string();
                // Without quotes it is the element itself.
                match path.first().filter(|first| &***first == "item") {
                    Some(item) => text.replacen("item", &quoted(item), 1),
                    None => text,
                }
            }
        }
    }

    fn property(&self, event: Option<EventSlot>, property: PropertySlot) -> String {
        let event = event.and_then(|event| self.event(event));
        let path = event.and_then(|event| event.properties.get(property.index()));
        path.map_or_else(|| format!("property {}", property.0), Path::to_string)
    }

    fn trait_name(&self, slot: TraitSlot) -> String {
        let Some(source) = self.program.traits.get(slot.index()) else {
            return String::new();
        };
        let account = match source.of {
            Subject::User => "",
            Subject::Account => "account ",
        };
        match &source.source {
            TraitSource::Sent(path) => format!("{account}trait {path}"),
            TraitSource::Computed(aggregate) => format!(
                "{account}trait {} = {}",
                name(&aggregate.name),
                self.aggregate(aggregate)
            ),
        }
    }

    fn aggregate(&self, aggregate: &Aggregate) -> String {
        let event = Some(aggregate.event);
        let of = |word: &str, property: PropertySlot| format!("{word} of {} from", self.property(event, property));
        let function = match aggregate.function {
            Function::Count => "count of".to_owned(),
            Function::Sum(p) => of("sum", p),
            Function::Average(p) => of("average", p),
            Function::Minimum(p) => of("minimum", p),
            Function::Maximum(p) => of("maximum", p),
            Function::First(p) => of("first", p),
            Function::Last(p) => of("last", p),
            Function::MostFrequent { property, at_least } => {
                format!(
                    "most frequent (at least {at_least}) of {} from",
                    self.property(event, property)
                )
            }
            Function::UniqueList(p) => of("unique list", p),
            Function::UniqueCount(p) => of("unique count", p),
        };
        let mut text = format!(
            "{function} {}{}",
            self.event_name(aggregate.event),
            window(aggregate.window)
        );
        if !matches!(self.program.node(aggregate.filter), Node::Const(true)) {
            // The filter is a node of its own; its number finds it.
            let _ = write!(text, " where #{}", aggregate.filter.0);
        }
        text
    }

    fn test(&self, test: &Test, events: &[EventSlot]) -> String {
        let operand = |operand: &Operand| match operand {
            Operand::Literal(value) => literal(value),
            Operand::Reference(reference) => self.reference(*reference, events),
        };
        let instant = |instant: &Instant| match instant {
            Instant::At(at) => at.to_string(),
            Instant::Of(reference) => self.reference(*reference, events),
        };
        match test {
            Test::Exists => "exists".to_owned(),
            Test::Equals(value) => format!("= {}", operand(value)),
            Test::NotEquals(value) => format!("!= {}", operand(value)),
            Test::Compare(comparison, value) => format!("{} {}", comparison.as_str(), operand(value)),
            Test::OneOf(list) => format!("in {}", literals(list)),
            Test::NoneOf(list) => format!("not in {}", literals(list)),
            Test::Contains(value) => format!("contains {}", operand(value)),
            Test::ContainsAny(list) => format!("contains any of [{}]", joined(list.iter().map(literal))),
            Test::Omits(reference) => format!("does not contain {}", self.reference(*reference, events)),
            Test::StartsWith(value) => format!("starts with {}", operand(value)),
            Test::EndsWith(value) => format!("ends with {}", operand(value)),
            Test::Date(date) => match date {
                DateTest::Before(at) => format!("before {}", instant(at)),
                DateTest::After(at) => format!("after {}", instant(at)),
                DateTest::WithinLast(length) => format!("within last {length}"),
                DateTest::WithinNext(length) => format!("within next {length}"),
                DateTest::BeforeLast(length) => format!("before last {length}"),
                DateTest::AfterNext(length) => format!("after next {length}"),
            },
        }
    }

    fn reference(&self, reference: Reference, events: &[EventSlot]) -> String {
        match reference {
            Reference::Trait(slot) => self.trait_name(slot),
            // Counted from 1, as a reader counts them.
            Reference::Step { step, property } => {
                let event = events.get(step as usize).copied();
                format!("{} of event {}", self.property(event, property), u64::from(step) + 1)
            }
        }
    }
}

fn name(name: &str) -> String {
    written(name).into_owned()
}

fn count(count: Count) -> String {
    match count {
        Count::ONCE => String::new(),
        Count {
            at_least,
            at_most: None,
        } => format!(" at least {at_least} times"),
        Count {
            at_least: 0,
            at_most: Some(most),
        } => format!(" at most {most} times"),
        Count {
            at_least,
            at_most: Some(most),
        } if at_least == most => format!(" exactly {most} times"),
        Count {
            at_least,
            at_most: Some(most),
        } => format!(" {at_least} to {most} times"),
    }
}

fn window(window: Window) -> String {
    let mut text = String::new();
    let mut part = |word: &str, value: Option<&dyn Display>| {
        if let Some(value) = value {
            let _ = write!(text, " {word} {value}");
        }
    };
    let newest = Some(window.newest).filter(|newest| newest.as_millis() > 0);
    part("within", window.oldest.as_ref().map(|d| d as &dyn Display));
    part("at least as long ago as", newest.as_ref().map(|d| d as &dyn Display));
    part("after", window.after.as_ref().map(|t| t as &dyn Display));
    part("before", window.before.as_ref().map(|t| t as &dyn Display));
    text
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) => quoted(text),
        Literal::Number(number) => number.to_string(),
        Literal::Boolean(value) => value.to_string(),
        Literal::Date(date) => date.to_string(),
    }
}

fn literals(list: &Literals) -> String {
    let texts = list.texts.iter().map(|text| quoted(text));
    let numbers = list.numbers.iter().map(ToString::to_string);
    let booleans = list.booleans.iter().map(ToString::to_string);
    let dates = list.dates.iter().map(ToString::to_string);
    format!("[{}]", joined(texts.chain(numbers).chain(booleans).chain(dates)))
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
