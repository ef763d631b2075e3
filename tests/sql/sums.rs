//! Sums beside numbers, where doubles are further apart than ones: what a decimal is compared as is for no engine to choose.

use volens::sql::Dialect;
use volens::value::Number;
use volens::{Profile, Profiles, Timestamp, Value};

use crate::cases::{Alone, Case, Tally};
use crate::engines::Engines;
use crate::number;

fn case(odd: bool) -> Case {
    let text = r#"
        category A
        trait spent = sum of x from "E"
        audience same { who trait spent = trait goal }
        audience less { who trait spent < trait goal }
        audience most { who trait spent >= trait goal }
        audience other { who trait goal != trait spent }
        audience constant { who trait spent = 9007199254740992 or trait spent > 9007199254740993 }
    "#;
    let whole = [
        "9007199254740992",
        "9007199254740993",
        "9007199254740994",
        "-9007199254740993",
        "36028797018963967",
    ];
    let value = |text: &str| Value::Number(Number::parse(text).unwrap());
    let added = ["0", "0.4", "0.5", "0.6", "1", "-0.6", "0.000000001"];
    let goals = whole.iter().chain(&["9007199254740992.5", "36028797018963968"]);
    let pairs = whole
        .iter()
        .flat_map(|whole| added.iter().map(move |more| (whole, more)));
    let pairs: Vec<(&&str, &&str)> = pairs.collect();
    let each = goals.flat_map(|goal| pairs.iter().map(move |(whole, more)| (goal, whole, more)));
    let profiles: Profiles = each
        .enumerate()
        .map(|(at, (goal, whole, more))| {
            Profile::builder()
                .user_id(&format!("u{at}"))
                .trait_("goal", value(goal))
                .event("E", Timestamp::EPOCH, [("x", value(whole))])
                .event("E", Timestamp::EPOCH, [("x", value(more))])
                .build()
        })
        .collect();
    Case {
        text: text.to_owned(),
        profiles,
        now: Timestamp::EPOCH,
        odd,
        alone: Alone::Each,
    }
}

fn compared(dialect: Dialect) {
    let Some(mut engines) = Engines::start() else {
        return;
    };
    for odd in [false, true] {
        if let Some(wrong) = case(odd).wrong(&mut engines, dialect, &mut Tally::default()) {
            panic!("{}: {wrong}", dialect.as_str());
        }
    }
}

#[test]
fn duckdb_compares_large_sums_exactly() {
    compared(Dialect::DuckDb);
}

#[test]
fn datafusion_compares_large_sums_exactly() {
    compared(Dialect::DataFusion);
}

#[test]
fn spark_compares_large_sums_exactly() {
    match number("VOLENS_SPARK_CASES") {
        Some(_) => compared(Dialect::Spark),
        None => eprintln!("Spark was not asked: VOLENS_SPARK_CASES says that it is to be"),
    }
}
