//! The recipes of the guides, as they stand there: what the one of `docs/warehouse.md` makes of Segment's tables is what the engine makes
//! of the events (`recipe.py`), and what the one of `docs/sql.md` brings back is delivered to whom the command delivers (`results.py`).

use std::path::Path;
use std::process::Command;

use crate::{engines, number};

/// Runs a script with the command and a page of the guides.
fn run(script: &str, page: &str, flags: &[&str]) {
    let Some(python) = engines::python() else {
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let done = Command::new(python)
        .arg(root.join("tests/sql").join(script))
        .arg(env!("CARGO_BIN_EXE_volens"))
        .arg(root.join("docs").join(page))
        .args(flags)
        .output()
        .unwrap();
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(done.status.success(), "{told}");
}

#[test]
fn tables_of_segment_become_those_of_a_warehouse() {
    run("recipe.py", "warehouse.md", &[]);
}

#[test]
fn results_of_duckdb_are_delivered_to_whom_the_command_delivers() {
    run("results.py", "sql.md", &[]);
}

#[test]
fn results_of_spark_are_delivered_to_whom_the_command_delivers() {
    match number("VOLENS_SPARK_CASES") {
        Some(_) => run("results.py", "sql.md", &["--spark"]),
        None => eprintln!("Spark was not asked: VOLENS_SPARK_CASES says that it is to be"),
    }
}
