//! The definitions that are written out elsewhere, asked of each engine: the corpus of the whole language, those whose queries are
//! snapshots, and the examples. The people are made of what each workspace names and compares with.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};
use volens::ir::{Node, Program, Subject, TraitSource, ValueRef};
use volens::model::{Consent, History, Identifiers, PastEvent};
use volens::sql::Dialect;
use volens::value::{Object, Path as Keys};
use volens::{ConsentState, Engine, Profile, Profiles, Timestamp, Value};

use crate::cases::{Alone, Case, Tally};
use crate::engines::Engines;
use crate::literals::Dice;
use crate::number;
use crate::people::NOW;
use crate::smaller;

const MINUTE: i64 = 60_000;
const DAY: i64 = 1440 * MINUTE;
const PEOPLE: usize = 24;

/// Each workspace with its definitions in one text.
fn workspaces() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["tests/corpus/ok", "tests/sql_text"];
    let files = folders
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.extend(["media", "saas", "shop"].map(|example| root.join("examples").join(example)));
    paths.sort();
    let with_text = |path: PathBuf| {
        let engine = Engine::load(&path).unwrap_or_else(|error| panic!("{error}"));
        let sources = engine.sources();
        let texts: Vec<&str> = sources.ids().map(|file| sources.text(file)).collect();
        (path, texts.join("\n"))
    };
    paths.into_iter().map(with_text).collect()
}

/// What a workspace says of its events and people, so that they can be made to meet it.
struct Maker<'p> {
    program: &'p Program,
    /// What stands in it as a constant, or nearly.
    constants: Vec<Json>,
    /// The fields of elements.
    items: Vec<&'p [Box<str>]>,
    dice: Dice,
}

fn people(program: &Program) -> Profiles {
    let mut constants = vec![
        json!(5),
        json!(5.5),
        json!(true),
        json!("true"),
        json!("2026-06-29T12:00:00Z"),
        json!("pro"),
    ];
    collect(&serde_json::to_value(program).unwrap(), &mut constants);
    constants.sort_by_key(Json::to_string);
    constants.dedup();
    let items = program.nodes.iter().filter_map(|node| match node {
        Node::Test {
            value: ValueRef::Item(path),
            ..
        }
        | Node::Element {
            list: ValueRef::Item(path),
            ..
        } => Some(&**path),
        _ => None,
    });
    let mut maker = Maker {
        program,
        constants,
        items: items.collect(),
        dice: Dice::new(7),
    };
    let users = (0..PEOPLE).map(|at| maker.person(at).into()).collect();
    let accounts = ["g", "h", "i"].map(|id| (id.into(), maker.traits(Subject::Account)));
    Profiles::new(users, accounts.into())
}

/// Texts and numbers, however deep they stand.
fn collect(json: &Json, found: &mut Vec<Json>) {
    match json {
        Json::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Json::Object(fields) => fields.values().for_each(|value| collect(value, found)),
        Json::String(_) | Json::Number(_) => found.push(json.clone()),
        Json::Null | Json::Bool(_) => {}
    }
}

impl Maker<'_> {
    fn once_in(&mut self, times: usize) -> bool {
        self.dice.below(times) == 0
    }

    fn constant(&mut self) -> Json {
        let constant = self.constants[self.dice.below(self.constants.len())].clone();
        match (&constant, self.dice.below(6)) {
            (Json::String(text), 0) => json!(format!("{text}x")),
            (Json::String(text), 1) => json!(format!("x{text}")),
            (Json::Number(number), 0) => json!(number.to_string()),
            (Json::Number(number), 1) => json!(number.as_f64().unwrap() + 1.0),
            _ => constant,
        }
    }

    /// Lists stand in lists up to so deep.
    fn value(&mut self, depth: usize) -> Json {
        match self.dice.below(8) {
            0 | 1 if depth > 0 => {
                let length = self.dice.below(4);
                (0..length).map(|_| self.element(depth - 1)).collect()
            }
            2 => {
                let days = i64::try_from(self.dice.below(120)).unwrap() - 60;
                json!(Timestamp::from_millis(NOW.as_millis() + days * DAY).to_string())
            }
            _ => self.constant(),
        }
    }

    fn element(&mut self, depth: usize) -> Json {
        if self.items.is_empty() || self.once_in(3) {
            return self.constant();
        }
        let paths: Vec<&[Box<str>]> = self.items.iter().filter(|path| !path.is_empty()).copied().collect();
        self.fields(&paths, depth)
    }

    /// An object with most of these paths.
    fn fields(&mut self, paths: &[&[Box<str>]], depth: usize) -> Json {
        let mut object = Json::Object(Map::new());
        for path in paths {
            if !self.once_in(5) {
                let value = self.value(depth);
                put(&mut object, path, value);
            }
        }
        object
    }

    fn object(&mut self, paths: &[&[Box<str>]]) -> Object {
        match Value::from(self.fields(paths, 3)) {
            Value::Object(object) => object,
            other => panic!("{other:?}"),
        }
    }

    fn traits(&mut self, of: Subject) -> Object {
        let traits = self.program.traits.iter().filter(|source| source.of == of);
        let sent = traits.filter_map(|source| match &source.source {
            TraitSource::Sent(path) => Some(path.keys()),
            TraitSource::Computed(_) => None,
        });
        self.object(&sent.collect::<Vec<_>>())
    }

    fn person(&mut self, at: usize) -> Profile {
        let mut identifiers = Identifiers::default();
        let kind = ["user_id", "email", "anonymous_id", "phone"][[0, 0, 1, 2, 3][self.dice.below(5)]];
        identifiers.insert(kind, &format!("u{at}@acme.example"));
        let mut consent = Consent::default();
        for category in &self.program.categories {
            consent.set(&category.id, ConsentState::ALL[[0, 0, 0, 1, 2, 3][self.dice.below(6)]]);
        }
        let accounts = ["g", "h"]
            .into_iter()
            .filter(|_| self.once_in(2))
            .map(Into::into)
            .collect();
        let mut history = History::default();
        for event in &self.program.events {
            for _ in 0..self.dice.below(5) {
                let paths: Vec<&[Box<str>]> = event.properties.iter().map(Keys::keys).collect();
                let properties = self.object(&paths);
                let unit = [MINUTE, 60 * MINUTE, DAY, DAY, 10 * DAY][self.dice.below(5)];
                let off = i64::try_from(self.dice.below(3)).unwrap() - 1;
                let age = i64::try_from(self.dice.below(8)).unwrap() * unit + off;
                let timestamp = Timestamp::from_millis(NOW.as_millis() - age);
                history.insert(
                    &event.name,
                    PastEvent {
                        timestamp,
                        received_at: timestamp,
                        message_id: format!("{at}-{}", self.dice.below(1_000_000)).into(),
                        properties: properties.into(),
                    },
                );
            }
        }
        Profile::new(identifiers, self.traits(Subject::User), accounts, consent, history)
    }
}

/// Where something else than an object is in the way, it stays.
fn put(object: &mut Json, keys: &[Box<str>], value: Json) {
    let (Json::Object(fields), Some((first, rest))) = (object, keys.split_first()) else {
        return;
    };
    if rest.is_empty() {
        fields.insert(first.to_string(), value);
    } else {
        put(fields.entry(&**first).or_insert_with(|| json!({})), rest, value);
    }
}

fn asked(dialect: Dialect) {
    let Some(mut engines) = Engines::start() else {
        return;
    };
    let mut tally = Tally::default();
    let workspaces = workspaces();
    assert!(workspaces.len() >= 50);
    for (at, (path, text)) in workspaces.into_iter().enumerate() {
        let engine = Engine::from_text("made.audience", &text).unwrap_or_else(|error| panic!("{error}"));
        let case = Case {
            profiles: people(engine.program()),
            text,
            now: NOW,
            odd: at % 2 == 0,
            // Spark takes its time.
            alone: match dialect {
                Dialect::Spark => Alone::Accounts,
                _ => Alone::Each,
            },
        };
        if case.wrong(&mut engines, dialect, &mut tally).is_some() {
            let told = smaller::told(case, &mut engines, dialect);
            panic!("{dialect}, {}: {}", path.display(), told.unwrap_or_default());
        }
    }
    tally.print(dialect);
    // The people are made so that they tell.
    assert!(tally.parted * 3 >= tally.compared, "{tally:?}");
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sql.md")).unwrap();
    for reason in tally.refused.keys() {
        let said = reason.trim_start_matches("SQL has no exact form of ");
        assert!(guide.contains(said), "the guide does not say: {said}");
    }
}

#[test]
fn duckdb_answers_the_corpus() {
    asked(Dialect::DuckDb);
}

#[test]
fn datafusion_answers_the_corpus() {
    asked(Dialect::DataFusion);
}

#[test]
fn spark_answers_the_corpus() {
    match number("VOLENS_SPARK_CASES") {
        Some(_) => asked(Dialect::Spark),
        None => eprintln!("Spark was not asked: VOLENS_SPARK_CASES says that it is to be"),
    }
}
