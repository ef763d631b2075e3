//! What queries look like: in full for one engine, and of the others the lines that are different.

use std::fmt::Write;
use std::fs;

use volens::ir::AudienceSlot;
use volens::sql::{self, Dialect};
use volens::{Engine, Timestamp};

fn engine(name: &str) -> Engine {
    let path = format!("{}/tests/sql_text/{name}.audience", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap();
    Engine::from_text(&format!("{name}.audience"), &text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn now() -> Timestamp {
    "2026-06-30T00:00:00Z".parse().unwrap()
}

/// A query in DuckDB's words, then the lines of which another engine's differ.
fn told(title: &str, query: impl Fn(Dialect) -> Result<String, sql::Unsupported>) -> String {
    let mut told = format!("== {title}\n");
    let generic = match query(Dialect::DuckDb) {
        Ok(query) => query,
        Err(error) => return format!("{told}{error}\n"),
    };
    told.push_str(&generic);
    for dialect in [Dialect::Spark, Dialect::DataFusion] {
        let other = query(dialect).unwrap();
        assert_eq!(other.lines().count(), generic.lines().count(), "{title}: {dialect}");
        let lines = generic.lines().zip(other.lines());
        let different: Vec<&str> = lines
            .filter(|(generic, other)| generic != other)
            .map(|(_, other)| other)
            .collect();
        if !different.is_empty() {
            writeln!(told, "-- {dialect}\n{}", different.join("\n")).unwrap();
        }
    }
    told
}

fn audiences(engine: &Engine) -> String {
    let program = engine.program();
    let slots = (0..program.audiences.len()).map(AudienceSlot::at);
    slots
        .map(|slot| {
            let name = &program.audiences[slot.index()].name;
            told(name, |dialect| sql::members(program, slot, dialect, now()))
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn five() {
    insta::assert_snapshot!(audiences(&engine("five")));
}

#[test]
fn forms() {
    insta::assert_snapshot!(audiences(&engine("forms")));
}

#[test]
fn deliveries_ask_for_consent_themselves() {
    let engine = engine("forms");
    let program = engine.program();
    let of = |name: &str| {
        let slot = program.audience(name).unwrap();
        told(name, |dialect| sql::deliveries(program, slot, dialect, now()))
    };
    insta::assert_snapshot!([of("others"), of("large"), of("texts")].join("\n"));
}

#[test]
fn all_in_one() {
    let engine = engine("five");
    insta::assert_snapshot!(told("all", |dialect| sql::all(engine.program(), dialect, now())));
}

#[test]
fn tables() {
    let engine = engine("five");
    insta::assert_snapshot!(sql::tables(engine.program(), Dialect::Spark));
}

/// Definitions that are refused, with the reason; the same stand in the guide.
#[test]
fn what_has_no_exact_form_is_refused() {
    use sql::Unsupported::*;
    let refused = [
        (
            ElementBesideStep,
            r#"audience a { who performed "A" as a then performed "B" where (any items (sku = a.sku)) }"#,
        ),
        (
            ElementBesideStep,
            r#"audience a { who performed "A" as a then performed "B" where (tags contains a.tag) }"#,
        ),
        (
            ElementBesideAccount,
            r#"account trait n = count of "A" where (any items (price > trait limit))
               audience a of accounts { who account trait n > 1 }"#,
        ),
        (
            ComputedBesideValue,
            r#"trait n = average of x from "A" audience a { who trait n > trait goal }"#,
        ),
        (
            ComputedBesideValue,
            r#"trait n = most frequent of x from "A" audience a { who trait n = trait goal }"#,
        ),
        (
            TextBesideLargeNumber,
            r#"trait n = most frequent of x from "A" audience a { who trait n = 9007199254740993 }"#,
        ),
        (
            ExtremeBesideLargeNumber,
            r#"trait n = maximum of x from "A" audience a { who trait n > 9007199254740993 }"#,
        ),
        (
            AverageBesideLargeNumber,
            r#"trait n = average of x from "A" audience a { who trait n > 5000000000 }"#,
        ),
        (
            TextOfComputedNumber,
            r#"trait n = sum of x from "A" audience a { who trait n starts with "5" }"#,
        ),
    ];
    let guide = fs::read_to_string(format!("{}/docs/sql.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for (reason, text) in refused {
        let engine = Engine::from_text("a.audience", text).unwrap_or_else(|errors| panic!("{errors}"));
        for dialect in Dialect::ALL {
            let found = sql::members(engine.program(), AudienceSlot(0), dialect, now());
            assert_eq!(found, Err(reason), "{text}");
            assert!(sql::all(engine.program(), dialect, now()).is_err());
            assert!(sql::deliveries(engine.program(), AudienceSlot(0), dialect, now()).is_err());
        }
        let said = reason.to_string();
        let said = said.trim_start_matches("SQL has no exact form of ");
        assert!(guide.contains(said), "the guide does not say: {said}");
    }
}
