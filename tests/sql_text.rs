//! What queries look like: in full for one engine, and of the others the lines that are different, or all where the form is.

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

/// A query in DuckDB's words, then the lines of which another engine's differ; all of them where there are more or fewer.
fn told(title: &str, query: impl Fn(Dialect) -> Result<String, sql::Unsupported>) -> String {
    let mut told = format!("== {title}\n");
    let generic = match query(Dialect::DuckDb) {
        Ok(query) => query,
        Err(error) => return format!("{told}{error}\n"),
    };
    told.push_str(&generic);
    // What is asked of the session has a line of its own, and only DuckDB asks for anything.
    let lines = generic.lines().filter(|line| !line.contains("current_setting"));
    let generic: Vec<&str> = lines.collect();
    for dialect in [Dialect::Spark, Dialect::DataFusion] {
        let other = query(dialect).unwrap();
        let other: Vec<&str> = other.lines().collect();
        let is_other_form = other.len() != generic.len();
        let lines = generic.iter().zip(&other);
        let different: Vec<&str> = match is_other_form {
            true => other,
            false => lines
                .filter(|(generic, other)| generic != other)
                .map(|(_, other)| *other)
                .collect(),
        };
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

/// An audience to which another refers is not evaluated again for its own column.
#[test]
fn of_all_in_one_each_is_found_once() {
    let text = r#"
        audience buyers { who trait plan = "pro" and performed "Viewed" then performed "Bought" }
        audience again { who member of buyers and trait age > 30 }
    "#;
    let engine = Engine::from_text("a.audience", text).unwrap();
    let query = sql::all(engine.program(), Dialect::DuckDb, now()).unwrap();
    for once in [
        r#""plan:text" = 'pro'"#,
        "first_viewed AS (",
        r#"AS "buyers:member""#,
        r#""age:number" > 30"#,
    ] {
        assert_eq!(query.matches(once).count(), 1, "{once} in {query}");
    }
    // What is written a second time has a number.
    assert!(!query.contains("_2"), "{query}");
}

/// Whether all members must have a funnel or it is one condition among others, its steps are joined once.
#[test]
fn a_funnel_is_joined_once_wherever_it_is_asked() {
    let text = r#"
        audience buyers { who performed "Viewed" then performed "Bought" then performed "Returned" }
        audience others {
          who member of buyers
            or not (performed "Viewed" then performed "Bought" then performed "Returned")
        }
    "#;
    let engine = Engine::from_text("a.audience", text).unwrap();
    let others = engine.program().audience("others").unwrap();
    let query = sql::members(engine.program(), others, Dialect::DuckDb, now()).unwrap();
    let parts = query.lines().filter_map(|line| line.strip_suffix(" AS ("));
    let parts: Vec<&str> = parts.map(|part| part.trim_start_matches("WITH ")).collect();
    let expected = [
        "first_viewed",
        "next_bought",
        "then_viewed",
        "next_returned",
        "followed_viewed",
        "member_of_buyers",
        "count_followed_viewed",
    ];
    assert_eq!(parts, expected, "{query}");
}

#[test]
fn texts_that_engines_read_in_their_own_way_are_called_by_their_numbers() {
    let engine = Engine::from_text(
        "a.audience",
        r#"audience a { who trait p in ["it's", "\\' or 1=1 --", "${x}", "$5", "\\", "", "ab"] }"#,
    )
    .unwrap();
    let query = |dialect| sql::members(engine.program(), AudienceSlot(0), dialect, now());
    insta::assert_snapshot!(told("texts", query));
}

#[test]
fn a_long_chain_of_audiences_takes_no_depth() {
    let mut text = "audience a0 { who trait x = 0 }\n".to_owned();
    for at in 1..3_000 {
        writeln!(text, "audience a{at} {{ who trait x = {at} or member of a{} }}", at - 1).unwrap();
    }
    let engine = Engine::from_text("a.audience", &text).unwrap();
    let program = engine.program();
    let last = program.audience("a2999").unwrap();
    for query in [
        sql::members(program, last, Dialect::DuckDb, now()),
        sql::deliveries(program, last, Dialect::DuckDb, now()),
        sql::all(program, Dialect::DuckDb, now()),
    ] {
        assert!(query.unwrap().matches("LEFT JOIN member_of_a").count() >= 2_999);
    }
}

#[test]
fn a_long_chain_of_traits_takes_no_depth() {
    let mut text = r#"trait t0 = count of "E""#.to_owned();
    for at in 1..3_000 {
        write!(text, "\ntrait t{at} = count of \"E\" where (x > trait t{})", at - 1).unwrap();
    }
    text += "\naudience a { who trait t2999 = 1 }";
    let engine = Engine::from_text("a.audience", &text).unwrap();
    let query = sql::members(engine.program(), AudienceSlot(0), Dialect::DuckDb, now()).unwrap();
    assert_eq!(query.matches("LEFT JOIN").count(), 3_000);
}

#[test]
fn many_conditions_are_not_one_row_of_them() {
    let any: Vec<String> = (0..25_000).map(|at| format!("trait x = {at}")).collect();
    let engine = Engine::from_text("a.audience", &format!("audience a {{ who {} }}", any.join(" or "))).unwrap();
    let query = sql::members(engine.program(), AudienceSlot(0), Dialect::DataFusion, now()).unwrap();
    assert_eq!(query.matches(" = ").count(), 25_000);
    assert_eq!(query.matches('(').count(), query.matches(')').count());
    let longest = query.split(['(', ')']).map(|row| row.matches("OR").count()).max();
    assert!(longest <= Some(100), "{longest:?}");
}

#[test]
fn tables() {
    let engine = engine("five");
    insta::assert_snapshot!(sql::tables(engine.program(), Dialect::Spark));
}

#[test]
fn checks() {
    let engine = Engine::from_text(
        "a.audience",
        r#"
        category Advertising
        audience a { who trait "it's \\ ${x}" exists }
        "#,
    )
    .unwrap();
    insta::assert_snapshot!(told("checks", |dialect| Ok(sql::checks(engine.program(), dialect))));
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
