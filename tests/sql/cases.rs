//! A workspace and people: what the engine says of them, and what a query finds.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use volens::engine::{AudienceRun, Execution, Executor};
use volens::ir::{Program, Subject};
use volens::model::{IdentityRules, label};
use volens::span::FileId;
use volens::sql::{self, Dialect, Unsupported};
use volens::syntax::{self, ast::Item};
use volens::warehouse::Layout;
use volens::{Engine, Profiles, Timestamp};

use crate::engines::{Answer, Engines};

#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) text: String,
    pub(crate) profiles: Profiles,
    pub(crate) now: Timestamp,
    /// Whether the engine is asked in an odd way ([`Engines::ask`]).
    pub(crate) odd: bool,
    pub(crate) alone: Alone,
}

/// Which audiences are asked for by themselves too, besides all of them in one query.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Alone {
    Each,
    /// The members of those of accounts, which the query for all does not tell.
    Accounts,
    /// The same, the members of the one whose turn it is, and the deliveries of the next one.
    Some(usize),
}

/// How many definitions were compared in how many queries, and how many were refused for what.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) compared: usize,
    /// Of these, whom some meet and others do not.
    pub(crate) parted: usize,
    pub(crate) queries: usize,
    pub(crate) refused: BTreeMap<String, usize>,
}

impl Tally {
    pub(crate) fn refusals(&self) -> usize {
        self.refused.values().sum()
    }

    pub(crate) fn print(&self, dialect: Dialect) {
        println!(
            "{dialect}: {} definitions compared in {} queries, {} of them hold of some and not of others; refused {:#?}",
            self.compared, self.queries, self.parted, self.refused
        );
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
enum Question<'r> {
    Members(&'r AudienceRun),
    Deliveries(&'r AudienceRun),
    /// Of all audiences at once.
    All(&'r [&'r AudienceRun]),
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

    /// What the columns are called that tell of all audiences at once; of others nothing depends on it.
    fn columns(self) -> Option<Vec<Json>> {
        let Question::All(runs) = self else { return None };
        let mut taken = HashSet::new();
        let mut columns = vec![json!("profile_id")];
        for run in runs {
            // Members of accounts have no column, but a name for one.
            let member = called(&[&run.name, "member"], &mut taken);
            columns.extend((run.of == Subject::User).then_some(json!(member)));
            for destination in &run.destinations {
                columns.push(json!(called(&[&run.name, &destination.name, "delivered"], &mut taken)));
            }
        }
        Some(columns)
    }

    fn about(self) -> String {
        match self {
            Question::Members(run) => format!("members of {}", run.name),
            Question::Deliveries(run) => format!("deliveries of {}", run.name),
            Question::All(_) => "all audiences, by column".to_owned(),
        }
    }
}

fn engine_of(text: &str) -> Engine {
    Engine::from_text("made.audience", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A column of several names: such that each is known by itself, no two differ in case alone, and no engine reads anything into it.
fn called(parts: &[&str], taken: &mut HashSet<String>) -> String {
    let plain =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let starts = |name: &str| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let written = parts.iter().map(|name| match plain(name) && starts(name) {
        true => (*name).to_owned(),
        false => json!(name).to_string(),
    });
    let joined = written.collect::<Vec<_>>().join(":").replace("${", "$_{");
    let wanted: String = joined.chars().map(|c| if c.is_control() { '_' } else { c }).collect();
    let numbered = (2..).map(|number| format!("{wanted}~{number}"));
    let mut names = std::iter::once(wanted.clone()).chain(numbered);
    let folded = |name: &str| -> String {
        name.chars()
            .flat_map(char::to_uppercase)
            .flat_map(char::to_lowercase)
            .collect()
    };
    names.find(|name| taken.insert(folded(name))).unwrap()
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
        let engine = engine_of(text);
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

        // What is refused of one audience is refused of all together, and no reason to refuse the others.
        let mut kept: Vec<&AudienceRun> = run.audiences.iter().collect();
        let without;
        let mut program = engine.program();
        if let Err(error) = sql::all(program, dialect, *now) {
            let mut refused = HashSet::new();
            kept.retain(|audience| {
                let [members, deliveries] = [Question::Members(audience), Question::Deliveries(audience)]
                    .map(|question| question.query(program, dialect, *now).err());
                assert_eq!(members, deliveries, "{} in\n{text}", audience.name);
                if let Some(error) = members {
                    *tally.refused.entry(error.to_string()).or_default() += 1;
                    refused.insert(&*audience.name);
                }
                members.is_none()
            });
            if refused.is_empty() {
                return Some(self.told("", &format!("refused of all alone: {error}"), &[]));
            }
            let is_refused = |item: &Item| matches!(item, Item::Audience(a) if refused.contains(&*a.name.text));
            without = engine_of(&self.text_without(is_refused));
            program = without.program();
        }
        if kept.is_empty() {
            return None;
        }
        let mut asked = Vec::new();
        for (at, audience) in kept.iter().enumerate() {
            let (first, second) = match self.alone {
                Alone::Each => (true, true),
                Alone::Accounts => (audience.of == Subject::Account, false),
                Alone::Some(turn) => (
                    at == turn % kept.len() || audience.of == Subject::Account,
                    at == (turn + 1) % kept.len(),
                ),
            };
            asked.extend(first.then_some(Question::Members(audience)));
            asked.extend(second.then_some(Question::Deliveries(audience)));
        }
        asked.push(Question::All(&kept));
        let mut queries = Vec::new();
        for question in &asked {
            match question.query(program, dialect, *now) {
                Ok(query) => queries.push(query),
                Err(error) => return Some(self.told("", &format!("{}: refused: {error}", question.about()), &[])),
            }
        }
        let parted = kept.iter().filter(|audience| match audience.of {
            Subject::User => (1..profiles.users().len()).contains(&audience.members.len()),
            Subject::Account => (1..profiles.accounts().len()).contains(&audience.members.len()),
        });
        tally.compared += kept.len();
        tally.parted += parted.count();
        tally.queries += queries.len();
        let answers = engines.ask(&Layout::new(program), profiles, self.odd, dialect, &queries);
        assert_eq!(answers.len(), queries.len());
        for ((question, query), answer) in asked.iter().zip(&queries).zip(answers) {
            let expected = question.right(&places);
            let (found, difference) = match answer {
                Answer::Rows { columns, rows } => {
                    let difference = match question.columns() {
                        Some(right) if right != columns => format!("columns {columns:?}\nright are {right:?}"),
                        _ => String::new(),
                    };
                    (question.found(rows), difference)
                }
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

    /// The workspace without such items.
    pub(crate) fn text_without(&self, left_out: impl Fn(&Item) -> bool) -> String {
        let (mut file, _) = syntax::parse(FileId(0), &self.text);
        file.items.retain(|item| !left_out(item));
        syntax::print(&file)
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
