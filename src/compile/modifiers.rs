//! The modifiers of `performed`: how often, when, and which events.

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Count;
use crate::span::{Sources, Span};
use crate::syntax::ast::{Bound, Condition, DurationText, Function, Modifier, ModifierKind, Name};
use crate::time::{Duration, Window};

/// What the modifiers of one `performed` say together.
#[derive(Debug)]
pub(super) struct Modifiers<'a> {
    pub(super) name: Option<&'a Name>,
    pub(super) count: Count,
    pub(super) window: Window,
    /// The windows that are written here, and where. With the `lookback` of the audience, `window` is what they share.
    pub(super) windows: Vec<(Window, Span)>,
    pub(super) filter: Option<&'a Condition>,
}

/// Whose modifiers they are: that says which ones there may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Role {
    /// The first event, or the only one.
    First {
        /// The window of the audience, and where it is written.
        lookback: Option<(Window, Span)>,
    },
    /// `then …`
    Step {
        /// `then not`
        negated: bool,
        /// Nothing follows it.
        last: bool,
    },
    /// A computed trait.
    Computed(Function),
}

/// The length that an author wrote.
pub(super) fn duration(text: &DurationText) -> Duration {
    Duration::new(text.count.value, text.unit)
}

pub(super) fn read<'a>(
    modifiers: &'a [Modifier],
    role: Role,
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
) -> Modifiers<'a> {
    let mut all = Modifiers {
        name: None,
        count: Count::ONCE,
        window: Window::ALL,
        windows: Vec::new(),
        filter: None,
    };
    let mut seen: Vec<(&'static str, Span)> = Vec::new();
    let mut windows: Vec<(Window, Span)> = Vec::new();
    for modifier in modifiers {
        let (name, once) = name(&modifier.kind);
        if let Some((_, first)) = seen.iter().find(|(other, _)| *other == name) {
            let whose = match role {
                Role::Computed(_) => "a computed trait",
                Role::First { .. } | Role::Step { .. } => "one `performed`",
            };
            diagnostics.push(
                Diagnostic::error(Code::Repeated, modifier.span, format!("{whose} takes {once}"))
                    .related(*first, "the first one")
                    .help(joined(&modifier.kind, role)),
            );
            continue;
        }
        seen.push((name, modifier.span));
        if let Role::Step { negated, last } = role
            && let Some(error) = not_in_step(modifier, negated, last, sources)
        {
            diagnostics.push(error);
            // It is known all the same, so that what refers to it is no second error.
            if let ModifierKind::As(name) = &modifier.kind {
                all.name = Some(name);
            }
            continue;
        }
        if let Role::Computed(function) = role
            && let Some(error) = not_in_computed(modifier, function, sources)
        {
            diagnostics.push(error);
            continue;
        }
        match &modifier.kind {
            ModifierKind::Count { bound, times } => {
                all.count = count(*bound, times.value, modifier, sources, diagnostics)
            }
            ModifierKind::As(name) => all.name = Some(name),
            ModifierKind::Where(filter) => all.filter = Some(filter),
            kind => {
                if let Some(window) = window(kind) {
                    let span = modifier.span;
                    if window.is_empty() {
                        diagnostics.push(empty(kind, span, sources));
                    } else {
                        check_against(&windows, (window, span), sources, diagnostics);
                        if let Role::First {
                            lookback: Some(lookback),
                        } = role
                        {
                            check_lookback(lookback, (window, span), sources, diagnostics);
                        }
                        windows.push((window, span));
                    }
                }
            }
        }
    }
    let lookback = match role {
        Role::First { lookback } => lookback,
        Role::Step { .. } | Role::Computed(_) => None,
    };
    all.window = windows
        .iter()
        .chain(&lookback)
        .fold(Window::ALL, |all, (window, _)| all.intersect(*window));
    all.windows = windows;
    all
}

/// What is wrong with a modifier that a step cannot have.
fn not_in_step(modifier: &Modifier, negated: bool, last: bool, sources: &Sources) -> Option<Diagnostic> {
    let text = sources.slice(modifier.span);
    let error = |message: String| Diagnostic::error(Code::BadFunnel, modifier.span, message);
    Some(match &modifier.kind {
        ModifierKind::As(_) if negated => {
            error("nothing can refer to an event that must not happen, so `then not` takes no `as`".to_owned())
                .help(format!("remove `{text}`"))
                .suggest(modifier.span, "")
        }
        ModifierKind::Count { .. } if !last => error(format!(
            "`{text}` cannot stand here: of the steps, only the last one is counted"
        ))
        .help("remove it; the first `performed` and the last step take a count"),
        ModifierKind::Within { last: true, duration } => {
            error("in a step `within` counts from the event before it, so `last` cannot stand here".to_owned())
                .help(format!("write `within {}`", sources.slice(duration.span)))
                .suggest(modifier.span, format!("within {}", sources.slice(duration.span)))
        }
        ModifierKind::Between { .. } | ModifierKind::Before(_) | ModifierKind::After(_) => error(format!(
            "`{text}` cannot stand in a step: its time counts from the event before it"
        ))
        .help("write it behind the first event; a step takes `within`, such as `within 7 days`"),
        _ => return None,
    })
}

/// What is wrong with a modifier that a computed trait cannot have.
fn not_in_computed(modifier: &Modifier, function: Function, sources: &Sources) -> Option<Diagnostic> {
    let text = sources.slice(modifier.span);
    let error = |message: String| Diagnostic::error(Code::BadComputedTrait, modifier.span, message);
    Some(match &modifier.kind {
        ModifierKind::As(_) => {
            error("nothing can refer to the event of a computed trait, so it takes no `as`".to_owned())
                .help(format!("remove `{text}`"))
        }
        ModifierKind::Count { bound, times } if function != Function::MostFrequent => {
            let message = format!(
                "`{}` takes no count: `{text}` belongs to `most frequent` alone",
                function.as_str()
            );
            error(message).help(match function {
                Function::Count => format!(
                    "ask for it where the trait is tested, such as `trait … {} {}`",
                    sign(*bound),
                    times.value
                ),
                _ => "remove it; how often it was done, a condition can ask: `performed \"…\" at least 3 times`"
                    .to_owned(),
            })
        }
        ModifierKind::Count { bound, .. } if *bound != Bound::AtLeast => {
            error(format!("`most frequent` takes a smallest count only, not `{text}`"))
                .help("write how often a value must occur at least, such as `at least 3 times`, or remove it")
        }
        ModifierKind::Count { times, .. } if times.value == 0 => error(format!(
            "`{text}` says nothing: a value that never occurs is not frequent"
        ))
        .help("write `at least 1 time`, or remove it for at least 2"),
        _ => return None,
    })
}

/// The comparison of a value that a bound is of events.
fn sign(bound: Bound) -> &'static str {
    match bound {
        Bound::AtLeast => ">=",
        Bound::AtMost => "<=",
        Bound::Exactly => "=",
    }
}

fn name(kind: &ModifierKind) -> (&'static str, &'static str) {
    match kind {
        ModifierKind::As(_) => ("as", "one name"),
        ModifierKind::Count { .. } => ("count", "one count"),
        ModifierKind::Within { .. } => ("within", "`within` once"),
        ModifierKind::Between { .. } => ("between", "`between` once"),
        ModifierKind::Before(_) => ("before", "`before` once"),
        ModifierKind::After(_) => ("after", "`after` once"),
        ModifierKind::Where(_) => ("where", "`where` once"),
    }
}

fn joined(kind: &ModifierKind, role: Role) -> &'static str {
    match kind {
        ModifierKind::Count { .. } if matches!(role, Role::Computed(_)) => "keep one of them",
        ModifierKind::Where(_) => "join them in one pair of brackets with `and`",
        ModifierKind::Count { .. } => "write a second `performed`, joined with `and`",
        _ => "keep one of them",
    }
}

fn count(bound: Bound, times: u32, modifier: &Modifier, sources: &Sources, diagnostics: &mut Vec<Diagnostic>) -> Count {
    match bound {
        Bound::AtLeast => {
            if times == 0 {
                let message = format!("`{}` always holds", sources.slice(modifier.span));
                diagnostics.push(
                    Diagnostic::error(Code::BadCount, modifier.span, message)
                        .help("write `at least 1 time`, or `exactly 0 times` for those who never did it"),
                );
            }
            Count {
                at_least: times,
                at_most: None,
            }
        }
        Bound::AtMost => Count {
            at_least: 0,
            at_most: Some(times),
        },
        Bound::Exactly => Count {
            at_least: times,
            at_most: Some(times),
        },
    }
}

fn window(kind: &ModifierKind) -> Option<Window> {
    Some(match kind {
        ModifierKind::Within { duration: text, .. } => Window {
            oldest: Some(duration(text)),
            ..Window::ALL
        },
        ModifierKind::Between { newest, oldest, unit } => Window {
            oldest: Some(Duration::new(oldest.value, *unit)),
            newest: Duration::new(newest.value, *unit),
            ..Window::ALL
        },
        ModifierKind::Before(at) => Window {
            before: Some(*at),
            ..Window::ALL
        },
        ModifierKind::After(at) => Window {
            after: Some(*at),
            ..Window::ALL
        },
        ModifierKind::As(_) | ModifierKind::Count { .. } | ModifierKind::Where(_) => return None,
    })
}

/// A window that holds no moment by itself.
fn empty(kind: &ModifierKind, span: Span, sources: &Sources) -> Diagnostic {
    let text = sources.slice(span);
    let error = |message| Diagnostic::error(Code::EmptyWindow, span, message);
    match kind {
        ModifierKind::Between { newest, oldest, unit } if newest.value > oldest.value => {
            let turned = format!("between {} and {} {}s ago", oldest.value, newest.value, unit.as_str());
            error(format!("`{text}` can hold no moment: the smaller number comes first"))
                .help(format!("write `{turned}`"))
                .suggest(span, turned)
        }
        ModifierKind::Between { newest, unit, .. } => {
            error(format!("`{text}` can hold no moment: the first number must be smaller")).help(format!(
                "for the one {0}, write `between {1} and {2} {0}s ago`",
                unit.as_str(),
                newest.value,
                u64::from(newest.value) + 1
            ))
        }
        _ => zero(text, span),
    }
}

/// `within 0 days` and its kin, of events and of values.
pub(super) fn zero(text: &str, span: Span) -> Diagnostic {
    let mut words = text.split_whitespace();
    let before: Vec<&str> = words.by_ref().take_while(|word| *word != "0").collect();
    let unit = words.next().map_or("day", |unit| unit.trim_end_matches('s'));
    Diagnostic::error(Code::EmptyWindow, span, format!("`{text}` can hold no moment"))
        .help(format!("write at least `{} 1 {unit}`", before.join(" ")))
}

/// Windows that share no moment. Pairs suffice: each bound of an intersection is a bound of one of its windows.
fn check_against(
    earlier: &[(Window, Span)],
    (window, span): (Window, Span),
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some((other, first)) = earlier.iter().find(|(other, _)| other.intersect(window).is_empty()) else {
        return;
    };
    let (a, b) = (sources.slice(*first), sources.slice(span));
    let both = other.intersect(window);
    let error = |message| Diagnostic::error(Code::EmptyWindow, span, message).related(*first, "the other bound");
    let diagnostic = match (both.after, both.before) {
        (Some(after), Some(before)) if after == before => error(format!(
            "`{a}` and `{b}` name the same moment, so nothing lies between them"
        ))
        .help("let `before` name a later moment than `after`"),
        (Some(after), Some(before)) if after > before => error(format!("nothing is both {a} and {b}")).help(format!(
            "swap the dates: `after {}`, `before {}`",
            date_of(if window.after.is_some() { a } else { b }),
            date_of(if window.after.is_some() { b } else { a })
        )),
        (Some(_), Some(_)) => error(format!("nothing is both {a} and {b}: times are whole milliseconds"))
            .help("let `before` name a later moment than `after`"),
        _ => {
            let touching = if both.oldest == Some(both.newest) {
                ": the two only touch"
            } else {
                ""
            };
            error(format!("nothing is both {a} and {b}{touching}")).help(format!(
                "keep one of the two, or let `within` reach further back than {}",
                both.newest
            ))
        }
    };
    diagnostics.push(diagnostic);
}

/// A window that the `lookback` of the audience leaves nothing of.
fn check_lookback(
    (lookback, clause): (Window, Span),
    (window, span): (Window, Span),
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if !lookback.intersect(window).is_empty() {
        return;
    }
    let message = format!(
        "`{}` can hold no moment: `{}` leaves out all that is older",
        sources.slice(span),
        sources.slice(clause)
    );
    diagnostics.push(
        Diagnostic::error(Code::EmptyWindow, span, message)
            .related(clause, "the `lookback` of this audience")
            .help(format!(
                "let `lookback` reach further back than {}, or leave it out",
                window.newest
            )),
    );
}

/// The date of a bound such as `before 2026-06-30`.
fn date_of(text: &str) -> &str {
    text.split_whitespace().last().unwrap_or(text)
}
