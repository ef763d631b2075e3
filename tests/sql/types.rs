//! Tables whose columns are of other types than the queries count on: what `sql::checks` says of them, and that nobody is delivered
//! for a consent of another type.

use serde_json::{Value as Json, json};
use volens::ir::AudienceSlot;
use volens::sql::{self, Dialect};
use volens::warehouse::Layout;
use volens::{ConsentState, Engine, Profile, Profiles, Timestamp};

use crate::engines::{Answer, Engines, tables};
use crate::number;

/// Every table, with names that have to be quoted.
const TEXT: &str = r#"
    category Advertising
    destination ads requires Advertising
    audience pros {
      who trait plan = "pro" and trait "it's \"so\"\\ ${x} 🙂" exists
        and performed "E" at least 1 time where (any items (price > 5) and revenue > 50)
      send to ads
    }
    audience takers { consent to Advertising  send to ads }
    account trait size = count of "E"
    audience firms of accounts { who account trait size >= 1 and account trait seats > 2  send to ads }
"#;

/// Types of no column, and how an engine calls them: DuckDB, DataFusion, Spark. Where a name is missing, the engine has no such type.
const OTHERS: [(&str, [&str; 3]); 9] = [
    ("INTEGER", ["INTEGER", "Int32", "int"]),
    ("FLOAT", ["FLOAT", "Float32", "float"]),
    ("DECIMAL(38,9)", ["DECIMAL(38,9)", "Decimal128(38, 9)", "decimal(38,9)"]),
    ("DECIMAL(28,8)", ["DECIMAL(28,8)", "Decimal128(28, 8)", "decimal(28,8)"]),
    ("TIMESTAMP", ["TIMESTAMP", "Timestamp(µs)", "timestamp"]),
    ("DATE", ["DATE", "Date32", "date"]),
    ("BLOB", ["BLOB", "Binary", "binary"]),
    ("LIST", ["VARCHAR[]", "List(Utf8)", "array<string>"]),
    (
        "STRUCT",
        ["STRUCT(a BIGINT)", "Struct(\"a\": Int64)", "struct<a:bigint>"],
    ),
];

/// The types of columns, as engines call them.
const TYPES: [(&str, [&str; 3]); 5] = [
    ("BIGINT", ["BIGINT", "Int64", "bigint"]),
    ("VARCHAR", ["VARCHAR", "Utf8", "string"]),
    ("DOUBLE", ["DOUBLE", "Float64", "double"]),
    ("BOOLEAN", ["BOOLEAN", "Boolean", "boolean"]),
    ("DECIMAL(28,9)", ["DECIMAL(28,9)", "Decimal128(28, 9)", "decimal(28,9)"]),
];

fn called(kind: &str, dialect: Dialect) -> &'static str {
    let at = match dialect {
        Dialect::DuckDb => 0,
        Dialect::DataFusion => 1,
        _ => 2,
    };
    let mut all = TYPES.iter().chain(&OTHERS);
    all.find(|(name, _)| *name == kind).unwrap().1[at]
}

fn engine() -> Engine {
    Engine::from_text("types.audience", TEXT).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The tables, with nobody in them.
fn empty(engine: &Engine) -> Json {
    tables(&Layout::new(engine.program()), &Profiles::default(), false)
}

/// Each column: its table, its place there, its name and its type.
fn columns(tables: &Json) -> Vec<(String, usize, String, String)> {
    let text = |json: &Json| json.as_str().unwrap().to_owned();
    let of_table = |(table, told): (&String, &Json)| {
        let columns = told["columns"].as_array().unwrap().iter().enumerate();
        let named = columns.map(|(at, column)| (table.clone(), at, text(&column[0]), text(&column[1])));
        named.collect::<Vec<_>>()
    };
    tables.as_object().unwrap().iter().flat_map(of_table).collect()
}

fn rows(answer: Answer) -> Vec<Vec<Json>> {
    match answer {
        Answer::Rows { rows, .. } => rows,
        Answer::Error(error) => panic!("{error}"),
    }
}

fn error(answer: Answer) -> String {
    match answer {
        Answer::Error(error) => error,
        Answer::Rows { rows, .. } => panic!("no error, but {rows:?}"),
    }
}

/// Settings under which the question is the same.
fn odd(dialect: Dialect) -> &'static [(&'static str, &'static str)] {
    match dialect {
        Dialect::DuckDb => &[("default_collation", "nocase")],
        Dialect::DataFusion => &[
            ("datafusion.sql_parser.dialect", "postgresql"),
            ("datafusion.sql_parser.enable_ident_normalization", "false"),
        ],
        _ => &[
            ("spark.sql.ansi.enabled", "false"),
            ("spark.sql.parser.escapedStringLiterals", "true"),
            ("spark.sql.caseSensitive", "true"),
        ],
    }
}

fn types(dialect: Dialect, each: usize) {
    let Some(mut engines) = Engines::start() else {
        return;
    };
    let engine = engine();
    let query = [sql::checks(engine.program(), dialect)];
    let mut ask = |tables: &Json, settings: &[(&str, &str)]| {
        let mut answers = engines.ask_tables(tables.clone(), settings, dialect, &query);
        answers.pop().unwrap()
    };
    let sound = empty(&engine);
    let columns = columns(&sound);
    assert!(
        columns.len() > 60
            && TYPES
                .iter()
                .all(|(kind, _)| columns.iter().any(|column| column.3 == *kind))
    );
    let told = |(table, _, name, wanted): &(String, usize, String, String), found: &str| {
        let words = [found, wanted].map(|kind| json!(called(kind, dialect)));
        [vec![json!(table), json!(name)], words.to_vec()].concat()
    };
    let nothing: Vec<Vec<Json>> = Vec::new();
    assert_eq!(rows(ask(&sound, &[])), nothing);
    assert_eq!(rows(ask(&sound, odd(dialect))), nothing);

    // Every column of another type, all at once: each has its row, but those that should have that type.
    for kind in OTHERS.iter().chain(&TYPES).map(|(kind, _)| *kind) {
        let mut other = sound.clone();
        for (table, at, ..) in &columns {
            other[table]["columns"][at][1] = json!(kind);
        }
        let wrong = columns.iter().filter(|column| column.3 != kind);
        let mut wrong: Vec<Vec<Json>> = wrong.map(|column| told(column, kind)).collect();
        wrong.sort_by_key(|row| {
            row.iter()
                .map(|cell| cell.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        });
        assert_eq!(rows(ask(&other, &[])), wrong, "{kind}");
    }

    // One alone, the others sound; and then it is missing.
    for column in columns.iter().step_by(each) {
        let (table, at, name, kind) = column;
        let wrong = if kind == "VARCHAR" { "BIGINT" } else { "VARCHAR" };
        let mut other = sound.clone();
        other[table]["columns"][at][1] = json!(wrong);
        assert_eq!(rows(ask(&other, odd(dialect))), [told(column, wrong)], "{table} {name}");
        other[table]["columns"][at] = json!(["other", "BIGINT"]);
        // Each engine tells quotes and backslashes in its own way.
        let plain = |text: &str| text.replace(['"', '\\', '`'], "");
        let error = error(ask(&other, &[]));
        assert!(plain(&error).contains(&plain(name)), "{table} {name}: {error}");
    }
    for table in sound.as_object().unwrap().keys() {
        let mut other = sound.clone();
        other.as_object_mut().unwrap().remove(table);
        let error = error(ask(&other, &[]));
        assert!(error.contains(table), "{table}: {error}");
    }
    // Texts are texts, however they lie in memory; in a dictionary DataFusion has them be something else.
    for kind in ["LARGE", "VIEW", "DICTIONARY"] {
        // Spark knows no views.
        if dialect == Dialect::Spark && kind == "VIEW" {
            continue;
        }
        let mut other = sound.clone();
        let texts = columns.iter().filter(|column| column.3 == "VARCHAR");
        let mut texts_there = 0;
        for (table, at, ..) in texts {
            other[table]["columns"][at][1] = json!(kind);
            texts_there += 1;
        }
        let wrong = if (dialect, kind) == (Dialect::DataFusion, "DICTIONARY") {
            texts_there
        } else {
            0
        };
        assert_eq!(rows(ask(&other, &[])).len(), wrong, "{kind}");
    }

    // No data is read.
    let explained = [format!("EXPLAIN {}", query[0])];
    let mut answers = engines.ask_tables(people(&engine), &[], dialect, &explained);
    let plan = format!("{:?}", rows(answers.pop().unwrap()));
    for reading in [
        "SEQ_SCAN",
        "Sequential Scan",
        "Table Scan",
        "DataSourceExec",
        "ExistingRDD",
        "LocalTableScan",
    ] {
        assert!(!plan.contains(reading), "{reading}: {plan}");
    }
}

/// Three who granted, and are members of all audiences.
fn people(engine: &Engine) -> Json {
    let profiles: Profiles = (0..3)
        .map(|at| {
            let items = json!([{ "price": 7 }, { "price": at }]);
            Profile::builder()
                .user_id(&format!("u{at}"))
                .consent("Advertising", ConsentState::Granted)
                .trait_("plan", "pro")
                .trait_("it's \"so\"\\ ${x} 🙂", "ja")
                .event(
                    "E",
                    Timestamp::EPOCH,
                    [
                        ("revenue", volens::Value::from(60)),
                        ("items", serde_json::from_value(items).unwrap()),
                    ],
                )
                .build()
        })
        .collect();
    tables(&Layout::new(engine.program()), &profiles, false)
}

fn deliveries(engine: &Engine, dialect: Dialect) -> Vec<String> {
    let program = engine.program();
    let slots = (0..program.audiences.len()).map(AudienceSlot::at);
    let one = |slot| sql::deliveries(program, slot, dialect, Timestamp::EPOCH).unwrap();
    slots.map(one).collect()
}

/// Texts that lie in memory in another way are the same texts.
fn layouts(dialect: Dialect) {
    let Some(mut engines) = Engines::start() else {
        return;
    };
    let engine = engine();
    let (queries, sound) = (deliveries(&engine, dialect), people(&engine));
    let mut ask = |tables: Json| {
        let answers = engines.ask_tables(tables, &[], dialect, &queries);
        answers.into_iter().map(rows).collect::<Vec<_>>()
    };
    let expected = ask(sound.clone());
    assert_eq!(expected[0].len(), 3, "{expected:?}");
    for kind in ["LARGE", "VIEW"] {
        let mut other = sound.clone();
        for (table, at, _, _) in columns(&sound).iter().filter(|column| column.3 == "VARCHAR") {
            other[table]["columns"][at][1] = json!(kind);
        }
        assert_eq!(ask(other), expected, "{kind}");
    }
}

/// A consent of another type is none: nobody is delivered, or there is an error.
fn consent(dialect: Dialect) {
    let Some(mut engines) = Engines::start() else {
        return;
    };
    let engine = engine();
    let (queries, sound) = (deliveries(&engine, dialect), people(&engine));
    let named = |column: &(String, usize, String, String)| column.2 == "Advertising:consent";
    let (table, at, ..) = columns(&sound).into_iter().find(named).unwrap();
    for (kind, value) in [
        ("BOOLEAN", json!(true)),
        ("BIGINT", json!(1)),
        ("INTEGER", json!(1)),
        ("DOUBLE", json!(1.0)),
        ("DATE", json!(1)),
        ("TIMESTAMP", json!(1)),
        ("LIST", json!(["granted"])),
        ("STRUCT", json!({ "a": 1 })),
    ] {
        for session in [&[][..], odd(dialect)] {
            let mut other = sound.clone();
            other[&table]["columns"][at][1] = json!(kind);
            for row in other[&table]["rows"].as_array_mut().unwrap() {
                row[at] = value.clone();
            }
            let answers = engines.ask_tables(other, session, dialect, &queries);
            for answer in answers {
                let delivered = match answer {
                    Answer::Rows { rows, .. } => rows,
                    Answer::Error(_) => Vec::new(),
                };
                assert!(delivered.is_empty(), "{kind}: {delivered:?}");
            }
        }
    }
}

#[test]
fn duckdb_tells_columns_of_other_types() {
    types(Dialect::DuckDb, 1);
    layouts(Dialect::DuckDb);
    consent(Dialect::DuckDb);
}

#[test]
fn datafusion_tells_columns_of_other_types() {
    types(Dialect::DataFusion, 1);
    layouts(Dialect::DataFusion);
    consent(Dialect::DataFusion);
}

#[test]
fn spark_tells_columns_of_other_types() {
    match number("VOLENS_SPARK_CASES") {
        Some(_) => {
            // Each question takes a second.
            types(Dialect::Spark, 17);
            consent(Dialect::Spark);
        }
        None => eprintln!("Spark was not asked: VOLENS_SPARK_CASES says that it is to be"),
    }
}
