//! Whether every definition can do without the history that is not kept.
//!
//! A store that keeps events for some time only, or drops some now, must not change what a definition means: where one
//! can still see the dropped part, it is refused with the place, and nothing is dropped or evaluated.

use std::collections::BTreeSet;

use super::Engine;
use super::error::DefinitionErrors;
use crate::compile::{Look, Looker};
use crate::diagnostic::{self, Code, Diagnostic};
use crate::ir::{AudienceSlot, Lookback, NodeId, Subject, TraitSlot, TraitSource};
use crate::span::Span;
use crate::time::{Duration, Timestamp, Unit, Window};

/// Definitions can see events that are not kept, so there is no answer, and no dropping.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{problems}")]
#[non_exhaustive]
pub struct HorizonError {
    /// Events at or before this instant are not kept.
    pub horizon: Timestamp,
    /// As of when the definitions were to be evaluated.
    pub now: Timestamp,
    /// Each place that can see an event at or before the horizon, by file and place.
    pub beyond: Vec<Beyond>,
    /// The same as problems of the definitions, to be shown like all others.
    pub problems: DefinitionErrors,
}

/// A place in the definitions that can see events which are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Beyond {
    /// The audience or computed trait.
    pub definition: Definition,
    /// What is to be changed: the window that reaches too far, or what has none.
    pub span: Span,
    /// How far back it looks.
    pub lookback: Lookback,
}

/// A definition that looks at events, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Definition {
    /// An audience.
    Audience(Box<str>),
    /// A computed trait, and whose.
    Trait(Subject, Box<str>),
}

impl Definition {
    fn title(&self) -> String {
        match self {
            Definition::Audience(name) => format!("the audience `{name}`"),
            Definition::Trait(Subject::User, name) => format!("the computed trait `{name}`"),
            Definition::Trait(Subject::Account, name) => format!("the computed trait `{name}` of accounts"),
        }
    }
}

impl Engine {
    /// How far back the definitions look as of `now`: the furthest of all audiences and computed traits, whether they are
    /// used or not.
    ///
    /// ```
    /// use volens::{Engine, Timestamp, ir::Lookback};
    ///
    /// let text = r#"audience recent { who performed "Order Completed" within 30 days }"#;
    /// let now: Timestamp = "2026-06-30".parse()?;
    /// assert_eq!(Engine::from_text("a", text)?.lookback(now), Lookback::Since("2026-05-31".parse()?));
    /// assert_eq!(Engine::from_text("a", "audience everybody {}")?.lookback(now), Lookback::None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lookback(&self, now: Timestamp) -> Lookback {
        self.program().lookback(now)
    }

    /// Holds that no definition can see an event at or before `horizon`, as of `now`: then every answer as of `now` is the
    /// same whether those events are kept or not. To keep events for a time `D` is to have the horizon at `now − D`, so a
    /// window of `D` does not reach beyond it. `now` may lie before the horizon; then almost every window does.
    ///
    /// An audience counts whether it is sent anywhere or not, a computed trait whether anything reads it or not.
    ///
    /// ```
    /// use volens::{Duration, Engine, Timestamp};
    ///
    /// let engine = Engine::from_text("a.audience", r#"audience buyers { who performed "Order Completed" within 400 days }"#)?;
    /// let now: Timestamp = "2026-06-30".parse()?;
    /// let kept: Duration = "400 days".parse()?;
    /// assert!(engine.check_horizon(now.minus(kept), now).is_ok());
    ///
    /// let kept: Duration = "399 days".parse()?;
    /// let error = engine.check_horizon(now.minus(kept), now).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "a.audience:1:51: error[beyond-retention]: the audience `buyers` looks further back than events are kept\n  \
    ///      at: within 400 days\n  \
    ///      looks back 400 days\n  \
    ///      help: events are kept for 399 days: write `within last 399 days`, or keep them longer"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`HorizonError`] with every place that can see one.
    pub fn check_horizon(&self, horizon: Timestamp, now: Timestamp) -> Result<(), HorizonError> {
        if !self.lookback(now).sees(horizon) {
            return Ok(());
        }
        let mut beyond = Vec::new();
        let mut problems = Vec::new();
        for (definition, look) in self.looks() {
            let window = look
                .windows()
                .fold(Window::ALL, |all, (window, _)| all.intersect(window));
            let lookback = Lookback::of(window, now);
            if lookback.sees(horizon) {
                let problem = problem(&definition, look, horizon, now);
                beyond.push(Beyond {
                    definition,
                    span: problem.span,
                    lookback,
                });
                problems.push(problem);
            }
        }
        beyond.sort_by_key(|beyond| beyond.span);
        // Conditions under one `lookback` are one problem.
        beyond.dedup();
        diagnostic::sort(&mut problems);
        problems.dedup();
        Err(HorizonError {
            horizon,
            now,
            beyond,
            problems: DefinitionErrors::new(self.sources().clone(), problems, Vec::new()),
        })
    }

    /// Holds that no audience reads traits as of an instant before `horizon`: of the calls that set one up to there the last is kept,
    /// and what it was before nobody knows.
    pub(super) fn check_traits(&self, horizon: Timestamp, now: Timestamp) -> Result<(), HorizonError> {
        if now >= horizon {
            return Ok(());
        }
        let program = self.program();
        let is_sent = |slot: &TraitSlot| {
            let declared = program.traits.get(slot.index());
            declared.is_some_and(|declared| matches!(declared.source, TraitSource::Sent(_)))
        };
        let mut beyond = Vec::new();
        let mut problems = Vec::new();
        for (at, audience) in program.audiences.iter().enumerate() {
            let span = self.places().audience(AudienceSlot::at(at));
            let Some(span) = span.filter(|_| program.traits_below(audience.who).iter().any(is_sent)) else {
                continue;
            };
            let definition = Definition::Audience(audience.name.clone());
            let message = format!(
                "{} reads traits, which are not kept as they were then",
                definition.title()
            );
            let help = format!("what set them up to {horizon} may be gone: ask as of that instant or a later one");
            problems.push(Diagnostic::error(Code::BeyondRetention, span, message).help(help));
            beyond.push(Beyond {
                definition,
                span,
                lookback: Lookback::Ever,
            });
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(HorizonError {
            horizon,
            now,
            beyond,
            problems: DefinitionErrors::new(self.sources().clone(), problems, Vec::new()),
        })
    }

    /// The places that look at events, each with the definition that it belongs to.
    fn looks(&self) -> Vec<(Definition, &Look)> {
        let program = self.program();
        // What was folded away is written, but never asked.
        let asked: Vec<BTreeSet<NodeId>> = program.audiences.iter().map(|a| program.looks([a.who])).collect();
        let looks = self.places().looks().iter().filter_map(|look| {
            let definition = match look.by {
                Looker::Condition(slot, node) => {
                    asked.get(slot.index()).filter(|asked| asked.contains(&node))?;
                    Definition::Audience(program.audiences.get(slot.index())?.name.clone())
                }
                Looker::Computed(slot) => {
                    let declared = program.traits.get(slot.index())?;
                    match &declared.source {
                        TraitSource::Computed(aggregate) => Definition::Trait(declared.of, aggregate.name.clone()),
                        TraitSource::Sent(_) => return None,
                    }
                }
            };
            Some((definition, look))
        });
        looks.collect()
    }
}

/// Of the windows that begin somewhere, the one that begins last: to narrow another changes nothing.
fn narrowest(look: &Look, now: Timestamp) -> Option<(Window, Span)> {
    let begins = |window: Window| window.bounds(now).0;
    let bounded = look.windows().filter(|(window, _)| begins(*window) != Timestamp::MIN);
    bounded.max_by_key(|(window, _)| begins(*window))
}

fn problem(definition: &Definition, look: &Look, horizon: Timestamp, now: Timestamp) -> Diagnostic {
    let message = format!("{} looks further back than events are kept", definition.title());
    let narrowest = narrowest(look, now);
    let label = match narrowest.map(|(window, _)| (window.oldest, window.after)) {
        Some((Some(oldest), _)) => format!("looks back {}", exact(oldest)),
        Some((None, Some(after))) => format!("looks back to {after}"),
        Some((None, None)) | None => "looks at events of any time".to_owned(),
    };
    let help = match whole(now.since(horizon)) {
        // As of the past, or where events are hardly kept at all, no window is narrow enough.
        None => format!("events up to {horizon} are not kept: ask as of a later instant, or keep them longer"),
        Some(kept) => {
            let instead = match narrowest {
                Some(_) if narrowest == look.lookback => format!("write `lookback {kept}`"),
                Some((window, _)) if window.newest != Duration::ZERO => format!("let it look back {kept} at most"),
                Some(_) => format!("write `within last {kept}`"),
                None => format!("add `within last {kept}`"),
            };
            format!("events are kept for {kept}: {instead}, or keep them longer")
        }
    };
    let span = narrowest.map_or(look.span, |(_, span)| span);
    Diagnostic::error(Code::BeyondRetention, span, message)
        .label(label)
        .help(help)
}

const UNITS: [Unit; 3] = [Unit::Day, Unit::Hour, Unit::Minute];

/// A length that an author wrote: in days, however many, so that two of them are easily compared.
fn exact(length: Duration) -> String {
    let unit = UNITS.into_iter().find(|unit| length.as_millis() % unit.millis() == 0);
    written(length, unit.unwrap_or(Unit::Minute))
}

/// A length in whole days, hours or minutes, no longer than the given one, as an author writes it. `None` below a minute.
fn whole(length: Duration) -> Option<String> {
    let millis = length.as_millis();
    // Of two days and more, hours are not worth telling.
    let long = millis >= 2 * Unit::Day.millis();
    let fits = |unit: &Unit| millis >= unit.millis();
    let unit = UNITS
        .into_iter()
        .find(|unit| fits(unit) && (long || millis % unit.millis() == 0));
    let unit = unit.or_else(|| UNITS.into_iter().rev().find(fits))?;
    Some(written(length, unit))
}

fn written(length: Duration, unit: Unit) -> String {
    let count = length.as_millis() / unit.millis();
    format!("{count} {}{}", unit.as_str(), if count == 1 { "" } else { "s" })
}
