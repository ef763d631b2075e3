//! The process that asks the engines (`engines.py`).

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value as Json, json};
use volens::Profiles;
use volens::sql::Dialect;
use volens::warehouse::{Cell, Layout};

/// A query's answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// What its columns are called, and its rows, sorted.
    Rows {
        columns: Vec<Json>,
        rows: Vec<Vec<Json>>,
    },
    Error(String),
}

/// The virtual environment's Python. `None` where there is none, and nobody wants to be told: `VOLENS_SQL` makes that a failure.
pub(crate) fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/sql-venv/bin/python");
    if !python.exists() {
        let told = "no engines were asked: tests/sql/setup installs them";
        assert!(env::var_os("VOLENS_SQL").is_none(), "{told}");
        eprintln!("{told}");
        return None;
    }
    Some(python)
}

pub(crate) struct Engines {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Engines {
    /// `None` where there is no virtual environment.
    pub(crate) fn start() -> Option<Engines> {
        let mut child = Command::new(python()?)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql/engines.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (requests, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let answers = BufReader::new(answers);
        Some(Engines {
            child,
            requests,
            answers,
        })
    }

    /// Asks queries about profiles in the tables of a layout. Where `odd`, the rows stand in the opposite order, and the session has
    /// settings that change what SQL means.
    pub(crate) fn ask(
        &mut self,
        layout: &Layout,
        profiles: &Profiles,
        odd: bool,
        dialect: Dialect,
        queries: &[String],
    ) -> Vec<Answer> {
        if queries.is_empty() {
            return Vec::new();
        }
        let settings = if odd { odd_settings(dialect) } else { &[] };
        self.ask_tables(tables(layout, profiles, odd), settings, dialect, queries)
    }

    /// Asks queries about tables.
    pub(crate) fn ask_tables(
        &mut self,
        tables: Json,
        settings: &[(&str, &str)],
        dialect: Dialect,
        queries: &[String],
    ) -> Vec<Answer> {
        let engine = dialect.as_str();
        let queries: Vec<Json> = queries
            .iter()
            .map(|sql| json!({ "engine": engine, "sql": sql }))
            .collect();
        let session: serde_json::Map<String, Json> = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        let request = json!({ "tables": tables, "session": session, "queries": queries });
        writeln!(self.requests, "{request}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let mut answer: Json = serde_json::from_str(&line).unwrap_or_else(|error| panic!("no answer: {error}: {line}"));
        let Json::Array(answers) = answer["answers"].take() else {
            panic!("no answers: {line}")
        };
        answers.into_iter().map(read).collect()
    }
}

/// What a session can be set to so that other queries would mean something else: no query of ours may.
fn odd_settings(dialect: Dialect) -> &'static [(&'static str, &'static str)] {
    match dialect {
        Dialect::DuckDb => &[
            ("default_order", "DESC"),
            ("default_null_order", "NULLS_FIRST"),
            ("integer_division", "true"),
            ("ieee_floating_point_ops", "false"),
        ],
        Dialect::DataFusion => &[
            ("datafusion.sql_parser.dialect", "postgresql"),
            ("datafusion.sql_parser.enable_ident_normalization", "false"),
            ("datafusion.sql_parser.default_null_ordering", "nulls_min"),
            ("datafusion.sql_parser.parse_float_as_decimal", "true"),
        ],
        Dialect::Spark => &[
            ("spark.sql.parser.escapedStringLiterals", "true"),
            ("spark.sql.ansi.enabled", "false"),
            ("spark.sql.caseSensitive", "true"),
            ("spark.sql.legacy.exponentLiteralAsDecimal.enabled", "true"),
            ("spark.sql.decimalOperations.allowPrecisionLoss", "false"),
            ("spark.sql.legacy.decimal.retainFractionDigitsOnTruncate", "true"),
        ],
        _ => &[],
    }
}

impl Drop for Engines {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn read(mut answer: Json) -> Answer {
    match (answer["columns"].take(), answer["rows"].take()) {
        (Json::Array(columns), Json::Array(rows)) => Answer::Rows {
            columns,
            rows: rows.into_iter().map(row).collect(),
        },
        _ => Answer::Error(
            answer["error"]
                .as_str()
                .unwrap_or("neither rows nor an error")
                .to_owned(),
        ),
    }
}

fn row(row: Json) -> Vec<Json> {
    match row {
        Json::Array(cells) => cells,
        other => panic!("no row: {other}"),
    }
}

pub(crate) fn tables(layout: &Layout, profiles: &Profiles, reversed: bool) -> Json {
    let names = layout.tables().iter().map(|table| table.name.to_string());
    let mut rows: serde_json::Map<String, Json> = names.map(|name| (name, Json::Array(Vec::new()))).collect();
    let put = |table: &volens::warehouse::Table, cells: &[Cell<'_>]| {
        let row = cells.iter().map(cell).collect();
        match rows.get_mut(&*table.name) {
            Some(Json::Array(rows)) => rows.push(Json::Array(row)),
            other => panic!("{} holds {other:?}", table.name),
        }
        Ok::<_, std::convert::Infallible>(())
    };
    layout.rows(profiles, put).unwrap();
    for table in layout.tables() {
        let columns = table
            .columns
            .iter()
            .map(|column| json!([column.name, column.kind.as_str()]));
        let columns: Vec<Json> = columns.collect();
        let mut of_table = rows[&*table.name].take();
        if let (Json::Array(rows), true) = (&mut of_table, reversed) {
            rows.reverse();
        }
        rows.insert(table.name.to_string(), json!({ "columns": columns, "rows": of_table }));
    }
    Json::Object(rows)
}

fn cell(cell: &Cell<'_>) -> Json {
    match cell {
        Cell::Null => Json::Null,
        Cell::Int(int) => json!(int),
        Cell::Text(text) => json!(text),
        // The shortest text that is read as the same double.
        Cell::Double(double) => json!(double),
        Cell::Boolean(boolean) => json!(boolean),
        Cell::Decimal(billionths) => json!(billionths.to_string()),
    }
}
