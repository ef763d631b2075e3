//! One case: its events are taken in, everything is evaluated, and its expectations are looked at.

use std::path::Path;

use super::explain::explain;
use super::inputs::Inputs;
use super::report::{CaseReport, Failure, FailureKind};
use super::who::Who;
use crate::diagnostic::visible;
use crate::engine::{AudienceRun, DestinationRun, Engine, Run};
use crate::ingest::{Ingested, Reject};
use crate::ir::Subject;
use crate::model::{Profiles, account_label};
use crate::span::{Sources, Span};
use crate::syntax::cases::ast::{Expectation, Expected, StatementKind, Test};
use crate::time::Timestamp;

/// How many refused events of files, and how many members, are told one by one.
const SHOWN: usize = 10;

pub(super) fn case(engine: &Engine, sources: &Sources, test: &Test, inputs: &mut Inputs<'_>) -> CaseReport {
    let mut case = Case {
        engine,
        sources,
        test,
        now: test.now().unwrap_or_default(),
        report: CaseReport {
            name: test.title.text.clone(),
            span: test.title.span,
            place: sources.position(test.title.span),
            failures: Vec::new(),
            notes: Vec::new(),
        },
    };
    if let Some(ingested) = case.ingest(inputs) {
        match engine.run(&ingested.profiles, case.now) {
            Ok(run) => case.expectations(&ingested.profiles, &run),
            Err(error) => case.fail(test.title.span, FailureKind::Input, error.to_string(), Vec::new()),
        }
    }
    case.report
}

struct Case<'a> {
    engine: &'a Engine,
    sources: &'a Sources,
    test: &'a Test,
    now: Timestamp,
    report: CaseReport,
}

impl Case<'_> {
    fn fail(&mut self, span: Span, kind: FailureKind, found: String, explanation: Vec<String>) {
        self.report.failures.push(Failure {
            kind,
            span,
            place: self.sources.position(span),
            statement: self.sources.slice(span).to_owned(),
            found,
            explanation,
        });
    }

    // ---- events

    /// Takes the events in; `None` where a file of them cannot be read.
    fn ingest(&mut self, inputs: &mut Inputs<'_>) -> Option<Ingested> {
        let name = self.sources.name(self.test.span.file);
        let folder = Path::new(name).parent().unwrap_or(Path::new(""));
        let mut ingestor = self.engine.ingestor(self.now, self.now);
        let written: Vec<(Span, &str)> = self
            .test
            .statements
            .iter()
            .filter_map(|statement| match &statement.kind {
                StatementKind::Event(event) => Some((statement.span, &*event.json)),
                _ => None,
            })
            .collect();
        // Those of the test itself come first, so that what is kept of the refused ones has them all. Instead of a line
        // they have the number of their statement.
        for (number, (_, json)) in (1u64..).zip(&written) {
            ingestor.line(name, number, json.as_bytes());
        }
        let mut readable = true;
        for statement in &self.test.statements {
            if let StatementKind::Events(path) = &statement.kind {
                let path = folder.join(&*path.text);
                let read = if path.is_dir() {
                    Err(std::io::Error::other("it is a folder"))
                } else {
                    inputs.feed(&path, &path.display().to_string(), &mut ingestor)
                };
                if let Err(error) = read {
                    readable = false;
                    let message = format!("cannot read `{}`: {error}", visible(&path.display().to_string()));
                    self.fail(statement.span, FailureKind::Input, message, Vec::new());
                }
            }
        }
        let ingested = ingestor.finish();
        let (own, others): (Vec<&Reject>, Vec<&Reject>) =
            ingested.rejects.iter().partition(|reject| *reject.file == *name);
        for reject in own {
            let index = usize::try_from(reject.line).ok().and_then(|line| line.checked_sub(1));
            let span = index
                .and_then(|index| written.get(index))
                .map_or(self.test.title.span, |(span, _)| *span);
            let message = format!("the event is refused: {}: {}", reject.code, visible(&reject.reason));
            self.fail(span, FailureKind::Refused, message, Vec::new());
        }
        for reject in others.iter().take(SHOWN) {
            let file = visible(&reject.file);
            let reason = visible(&reject.reason);
            let note = format!("refused: {file}:{}: {}: {reason}", reject.line, reject.code);
            self.report.notes.push(note);
        }
        if let Some(rest) = others.len().checked_sub(SHOWN).filter(|rest| *rest > 0) {
            self.report.notes.push(format!("refused: {rest} more"));
        }
        if ingested.counts.later > 0 {
            let note = format!("{} later than `now`, so not seen", events(ingested.counts.later));
            self.report.notes.push(note);
        }
        for (violation, count) in &ingested.violations {
            self.report.notes.push(format!("left out: {violation}: {count}"));
        }
        readable.then_some(ingested)
    }

    // ---- expectations

    fn expectations(&mut self, profiles: &Profiles, run: &Run) {
        let test = self.test;
        for statement in &test.statements {
            let StatementKind::Expect(expectation) = &statement.kind else {
                continue;
            };
            let outcome = match expectation {
                Expectation::Size {
                    audience,
                    operator,
                    size,
                } => match run.audiences.iter().find(|run| run.name == audience.text) {
                    Some(audience) if operator.holds(audience.size, size.value) => continue,
                    audience => (members(audience), Vec::new()),
                },
                Expectation::Membership {
                    profile,
                    not,
                    audience: audience_name,
                } => {
                    let who = Who::find(self.engine, profiles, &profile.text);
                    let audience = run.audiences.iter().find(|run| run.name == audience_name.text);
                    match membership(&who, audience, not.is_none()) {
                        Ok(()) => {
                            self.note_nobody(&who, &audience_name.text);
                            continue;
                        }
                        Err(found) => (found, self.explanation(profiles, &who, audience.as_slice(), None)),
                    }
                }
                Expectation::Delivery {
                    profile,
                    outcome,
                    destination,
                    from,
                } => {
                    let who = Who::find(self.engine, profiles, &profile.text);
                    let from = from.as_ref().map(|from| &*from.text);
                    match delivery(run, &who, *outcome, &destination.text, from) {
                        Ok(()) => continue,
                        Err(Undelivered { found, concerned }) => {
                            let at = Some(&*destination.text);
                            (found, self.explanation(profiles, &who, &concerned, at))
                        }
                    }
                }
            };
            let (found, explanation) = outcome;
            self.fail(statement.span, FailureKind::Expectation, found, explanation);
        }
    }

    /// Of somebody whom no event has made, `not in` holds, and says nothing of the audience.
    fn note_nobody(&mut self, who: &Who<'_>, audience: &str) {
        if who.profile.is_none() && who.account.is_none() {
            let note = format!(
                "`not in {}` holds for {} as no event of this test has made such a profile",
                visible(audience),
                who.written
            );
            self.report.notes.push(note);
        }
    }

    /// Why it is in these audiences or not, and what becomes of it at a destination.
    fn explanation(
        &self,
        profiles: &Profiles,
        who: &Who<'_>,
        audiences: &[&AudienceRun],
        at: Option<&str>,
    ) -> Vec<String> {
        let among = self.engine.among(profiles);
        explain(&among, who, audiences, at, self.now).unwrap_or_else(|error| vec![error.to_string()])
    }
}

fn events(count: u64) -> String {
    format!("{count} {}", if count == 1 { "event is" } else { "events are" })
}

/// Whether it is in an audience, or not, as expected; else what was found.
fn membership(who: &Who<'_>, audience: Option<&AudienceRun>, expected: bool) -> Result<(), String> {
    let Some(audience) = audience else {
        return Err("there is no such audience".to_owned());
    };
    let name = visible(&audience.name);
    let (what, label) = match audience.of {
        Subject::User => ("profile", who.label.clone()),
        Subject::Account => ("account", who.account.map(account_label)),
    };
    let is_in = label.as_ref().is_some_and(|label| {
        audience
            .members
            .binary_search_by(|member| (**member).cmp(label))
            .is_ok()
    });
    match (is_in == expected, label) {
        (true, _) => Ok(()),
        // What of the two it names was looked at before the test was run.
        (false, None) => Err(format!("no {what} has {}", who.written)),
        (false, Some(_)) => {
            let not = if expected { "not " } else { "" };
            Err(format!("{} is {not}in {name}", who.shown()))
        }
    }
}

/// The size of an audience, and who is in it.
fn members(audience: Option<&AudienceRun>) -> String {
    let Some(audience) = audience else {
        return "there is no such audience".to_owned();
    };
    let mut found = format!("found {}", audience.size);
    for (at, member) in audience.members.iter().take(SHOWN).enumerate() {
        found += if at == 0 { ": " } else { ", " };
        found += &visible(member);
    }
    if let Some(rest) = audience.members.len().checked_sub(SHOWN).filter(|rest| *rest > 0) {
        found += &format!(" and {rest} more");
    }
    found
}

/// Whether a profile is delivered or filtered as expected; else what was found.
///
/// Without `from`, it is delivered if any audience delivers it, and filtered if some audience is held back and none
/// delivers it: an expectation that somebody is kept away must not hold while another audience lets them through.
fn delivery<'r>(
    run: &'r Run,
    who: &Who<'_>,
    expected: Expected,
    destination: &str,
    from: Option<&str>,
) -> Result<(), Undelivered<'r>> {
    let nobody = |found: String| Undelivered {
        found,
        concerned: Vec::new(),
    };
    match (who.profile, who.account) {
        (Some(_), _) => {}
        (None, None) => return Err(nobody(format!("no profile has {}", who.written))),
        (None, Some(_)) => {
            let found = format!(
                "neither delivered nor filtered: {} is an account, and what is delivered are its users: name one of them",
                who.written
            );
            return Err(nobody(found));
        }
    }
    let audiences = run
        .audiences
        .iter()
        .filter(|run| from.is_none_or(|from| *run.name == *from));
    let sent: Vec<(&AudienceRun, &DestinationRun)> = audiences
        .filter_map(|audience| {
            let mut destinations = audience.destinations.iter();
            Some((audience, destinations.find(|to| *to.name == *destination)?))
        })
        .collect();
    let by: Vec<&AudienceRun> = sent
        .iter()
        .filter(|(_, to)| who.is_in(&to.delivered))
        .map(|(audience, _)| *audience)
        .collect();
    let held = sent.iter().find_map(|(audience, to)| {
        let filtered = to.filtered.iter().find(|filtered| who.is_in(&[&filtered.profile]))?;
        Some((*audience, filtered))
    });
    let holds = match expected {
        Expected::Delivered => !by.is_empty(),
        Expected::Filtered => by.is_empty() && held.is_some(),
    };
    if holds {
        return Ok(());
    }
    if !by.is_empty() {
        return Err(Undelivered {
            found: format!("delivered from {}", names(&by)),
            concerned: by,
        });
    }
    if let Some((audience, filtered)) = held {
        let missing = filtered
            .categories
            .iter()
            .map(|(category, state)| format!("{} {state}", visible(category)));
        let missing: Vec<String> = missing.collect();
        return Err(Undelivered {
            found: format!("filtered: {} (from {})", missing.join(", "), visible(&audience.name)),
            concerned: vec![audience],
        });
    }
    let concerned: Vec<&AudienceRun> = sent.iter().map(|(audience, _)| *audience).collect();
    let who = who.shown();
    let why = match concerned.as_slice() {
        [one] if one.of == Subject::Account => {
            format!("{who} is not among the users that {} delivers", visible(&one.name))
        }
        [one] => format!("{who} is not in {}", visible(&one.name)),
        _ => format!(
            "{who} is in none of the audiences that are sent there ({})",
            names(&concerned)
        ),
    };
    Err(Undelivered {
        found: format!("neither delivered nor filtered: {why}"),
        concerned,
    })
}

/// What was found instead of a delivery.
struct Undelivered<'r> {
    found: String,
    /// The audiences that it is about.
    concerned: Vec<&'r AudienceRun>,
}

fn names(audiences: &[&AudienceRun]) -> String {
    let names: Vec<String> = audiences.iter().map(|audience| visible(&audience.name)).collect();
    names.join(", ")
}
