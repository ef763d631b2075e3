//! A workspace and people: what the engine says of them, and what a query finds.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;

use serde_json::{Value as Json, json};
use volens::engine::{AudienceRun, Execution, Executor};
use volens::ir::{AudienceSlot, Program, Subject};
use volens::model::{IdentityRules, label};
use volens::sql::{self, Dialect, Unsupported};
use volens::warehouse::Layout;
use volens::{Engine, Profiles, Timestamp};

use crate::engines::{Answer, Engines};

pub(crate) struct Case {
    pub(crate) text: String,
    pub(crate) profiles: Profiles,
    pub(crate) now: Timestamp,
    /// Whether the rows of tables stand in the opposite order.
    pub(crate) reversed: bool,
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

    fn count(&mut self, query: Result<String, Unsupported>) -> Option<String> {
        match query {
            Ok(query) => {
                self.written += 1;
                Some(query)
            }
            Err(Unsupported { reason, .. }) => {
                *self.refused.entry(reason).or_default() += 1;
                None
            }
        }
    }
}

/// What is asked of an audience.
#[derive(Clone, Copy, Debug)]
enum Question {
    Members,
    Deliveries,
}

impl Question {
    fn query(
        self,
        program: &Program,
        audience: AudienceSlot,
        dialect: Dialect,
        now: Timestamp,
    ) -> Result<String, Unsupported> {
        match self {
            Question::Members => sql::members(program, audience, dialect, now),
            Question::Deliveries => sql::deliveries(program, audience, dialect, now),
        }
    }

    /// The rows that are right, sorted.
    fn rows(self, run: &AudienceRun, places: &HashMap<String, usize>) -> Vec<Vec<Json>> {
        let place = |label: &str| json!(places[label]);
        match (self, run.of) {
            (Question::Members, Subject::User) => rows(run.members.iter().map(|label| vec![place(label)])),
            (Question::Members, Subject::Account) => {
                let id = |label: &str| json!(label.strip_prefix("group_id:").unwrap());
                rows(run.members.iter().map(|label| vec![id(label)]))
            }
            (Question::Deliveries, _) => rows(run.destinations.iter().flat_map(|destination| {
                let delivered = destination.delivered.iter();
                delivered.map(|label| vec![json!(destination.name), place(label)])
            })),
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
        let mut asked = Vec::new();
        let mut queries = Vec::new();
        for audience in &run.audiences {
            let slot = program.audience(&audience.name).unwrap();
            for question in [Question::Members, Question::Deliveries] {
                if let Some(query) = tally.count(question.query(program, slot, dialect, *now)) {
                    asked.push((audience, question));
                    queries.push(query);
                }
            }
        }
        let answers = engines.ask(&Layout::new(program), profiles, self.reversed, dialect, &queries);
        assert_eq!(answers.len(), queries.len());
        for (((audience, question), query), answer) in asked.iter().zip(&queries).zip(answers) {
            let expected = question.rows(audience, &places);
            let (found, difference) = match answer {
                Answer::Rows(found) => (rows(found.into_iter()), String::new()),
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
                    "{question:?} of {}: {difference}\nfound {} rows, right are {}\ntoo many {more:?}\ntoo few {fewer:?}",
                    audience.name,
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
            if self.reversed { "reversed" } else { "in order" },
            self.text,
            shown.join("\n"),
            self.profiles.accounts()
        )
    }
}
