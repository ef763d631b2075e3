//! A workspace and people: what the engine says of them, and what a query finds.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use volens::engine::{AudienceRun, Execution, Executor};
use volens::ir::{Program, Subject};
use volens::model::{IdentityRules, label};
use volens::sql::{self, Dialect, Unsupported};
use volens::warehouse::Layout;
use volens::{Engine, Profiles, Timestamp};

use crate::engines::{Answer, Engines};

pub(crate) struct Case {
    pub(crate) text: String,
    pub(crate) profiles: Profiles,
    pub(crate) now: Timestamp,
    /// Whether the engine is asked in an odd way ([`Engines::ask`]).
    pub(crate) odd: bool,
}

/// How many queries were written, and which were refused for what.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) written: usize,
    pub(crate) refused: BTreeMap<String, usize>,
}

impl Tally {
    pub(crate) fn refusals(&self) -> usize {
        self.refused.values().sum()
    }

    fn refuse(&mut self, error: &Unsupported) {
        *self.refused.entry(error.to_string()).or_default() += 1;
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
enum Question<'r> {
    Members(&'r AudienceRun),
    Deliveries(&'r AudienceRun),
    /// Of all audiences at once.
    All(&'r [AudienceRun]),
}

impl Question<'_> {
    fn query(self, program: &Program, dialect: Dialect, now: Timestamp) -> Result<String, Unsupported> {
        let slot = |audience: &AudienceRun| program.audience(&audience.name).unwrap();
        match self {
            Question::Members(audience) => sql::members(program, slot(audience), dialect, now),
            Question::Deliveries(audience) => sql::deliveries(program, slot(audience), dialect, now),
            Question::All(_) => sql::all(program, dialect, now),
        }
    }

    /// The rows that are right, sorted. Of all audiences at once, the place of each column that is true, and of whom.
    fn right(self, places: &HashMap<String, usize>) -> Vec<Vec<Json>> {
        let place = |label: &str| json!(places[label]);
        match self {
            Question::Members(run) if run.of == Subject::Account => {
                let id = |label: &str| json!(label.strip_prefix("group_id:").unwrap());
                rows(run.members.iter().map(|label| vec![id(label)]))
            }
            Question::Members(run) => rows(run.members.iter().map(|label| vec![place(label)])),
            Question::Deliveries(run) => rows(run.destinations.iter().flat_map(|destination| {
                let delivered = destination.delivered.iter();
                delivered.map(|label| vec![json!(destination.name), place(label)])
            })),
            Question::All(runs) => {
                let columns = runs.iter().flat_map(|run| {
                    let members = (run.of == Subject::User).then_some(&run.members);
                    let delivered = run.destinations.iter().map(|destination| &destination.delivered);
                    members.into_iter().chain(delivered)
                });
                rows(columns.enumerate().flat_map(|(at, column)| {
                    let one = move |label: &Arc<str>| vec![json!(at + 1), place(label)];
                    column.iter().map(one)
                }))
            }
        }
    }

    /// The rows of an answer in the same form.
    fn found(self, answer: Vec<Vec<Json>>) -> Vec<Vec<Json>> {
        match self {
            Question::Members(_) | Question::Deliveries(_) => rows(answer.into_iter()),
            Question::All(_) => rows(answer.iter().flat_map(|row| {
                let (whom, answers) = row.split_first().unwrap();
                let answers = answers
                    .iter()
                    .enumerate()
                    .filter(|(_, answer)| **answer != json!(false));
                // Whatever is neither true nor false is wrong.
                answers.map(move |(at, answer)| match answer {
                    Json::Bool(_) => vec![json!(at + 1), whom.clone()],
                    other => vec![other.clone(), whom.clone()],
                })
            })),
        }
    }

    fn about(self) -> String {
        match self {
            Question::Members(run) => format!("members of {}", run.name),
            Question::Deliveries(run) => format!("deliveries of {}", run.name),
            Question::All(_) => "all audiences, by column".to_owned(),
        }
    }
}

fn rows(rows: impl Iterator<Item = Vec<Json>>) -> Vec<Vec<Json>> {
    let mut rows: Vec<Vec<Json>> = rows.collect();
    rows.sort_by_key(|row| row.iter().map(order).collect::<Vec<_>>());
    rows
}

fn order(cell: &Json) -> (i64, String) {
    (
        cell.as_i64().unwrap_or_default(),
        cell.as_str().unwrap_or_default().to_owned(),
    )
}

impl Case {
    /// What a query finds that the engine does not say, or the other way round; with all that a test of its own is made from.
    pub(crate) fn wrong(&self, engines: &mut Engines, dialect: Dialect, tally: &mut Tally) -> Option<String> {
        let Case {
            text, profiles, now, ..
        } = self;
        let engine = Engine::from_text("made.audience", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let execution = Execution {
            executor: Executor::Scalar,
            threads: NonZeroUsize::new(1),
        };
        let run = engine.run_with(profiles, *now, execution).unwrap();
        let rules = IdentityRules::default();
        let users = profiles.users().iter().enumerate();
        let places: HashMap<String, usize> = users
            .map(|(at, user)| (label(user.identifiers(), &rules), at))
            .collect();
        assert_eq!(places.len(), profiles.users().len(), "two people are called the same");

        let program = engine.program();
        let each = run.audiences.iter();
        let questions = each.flat_map(|audience| [Question::Members(audience), Question::Deliveries(audience)]);
        let mut asked = Vec::new();
        let mut queries = Vec::new();
        let mut refused = None;
        for question in questions {
            match question.query(program, dialect, *now) {
                Ok(query) => {
                    asked.push(question);
                    queries.push(query);
                }
                Err(error) => {
                    tally.refuse(&error);
                    refused = Some(error);
                }
            }
        }
        // What is refused of one audience is refused of all together.
        let all = Question::All(&run.audiences);
        match (all.query(program, dialect, *now), refused) {
            (Ok(query), None) => {
                asked.push(all);
                queries.push(query);
            }
            (Err(_), Some(_)) => {}
            (Ok(query), Some(error)) => return Some(self.told(&query, &format!("not refused of all: {error}"), &[])),
            (Err(error), None) => return Some(self.told("", &format!("refused of all alone: {error}"), &[])),
        }
        tally.written += queries.len();
        let answers = engines.ask(&Layout::new(program), profiles, self.odd, dialect, &queries);
        assert_eq!(answers.len(), queries.len());
        for ((question, query), answer) in asked.iter().zip(&queries).zip(answers) {
            let expected = question.right(&places);
            let (found, difference) = match answer {
                Answer::Rows(found) => (question.found(found), String::new()),
                Answer::Error(error) => (Vec::new(), error),
            };
            if found != expected || !difference.is_empty() {
                let only = |of: &[Vec<Json>], without: &[Vec<Json>]| -> Vec<Vec<Json>> {
                    of.iter().filter(|row| !without.contains(row)).cloned().collect()
                };
                let (more, fewer) = (only(&found, &expected), only(&expected, &found));
                let about: Vec<usize> = more
                    .iter()
                    .chain(&fewer)
                    .filter_map(|row| row.last()?.as_u64())
                    .map(|place| usize::try_from(place).unwrap())
                    .collect();
                let difference = format!(
                    "{}: {difference}\nfound {} rows, right are {}\ntoo many {more:?}\ntoo few {fewer:?}",
                    question.about(),
                    found.len(),
                    expected.len()
                );
                return Some(self.told(query, &difference, &about));
            }
        }
        None
    }

    /// The case, with some of those whom it is about; where they are few, with all people.
    fn told(&self, query: &str, wrong: &str, about: &[usize]) -> String {
        const FEW: usize = 5;
        let users = self.profiles.users();
        let shown = |at: &usize| users.len() <= FEW || about.iter().take(FEW).any(|shown| shown == at);
        let shown: Vec<String> = (0..users.len())
            .filter(shown)
            .map(|at| format!("{at} {}", serde_json::to_string(&users[at]).unwrap()))
            .collect();
        format!(
            "{wrong}\n{query}\nas of {}, {}\n{}\n{}\n{:?}",
            self.now,
            if self.odd {
                "asked in an odd way"
            } else {
                "asked plainly"
            },
            self.text,
            shown.join("\n"),
            self.profiles.accounts()
        )
    }
}
