//! The question whether tables have the types that queries count on.
//!
//! Where a column has another type an engine casts in silence, each in its own way: Spark and DataFusion read the text ` 100 ` as a
//! number, which it is not. So only the types that [`tables`](super::tables) creates are accepted, under every name that the engine has
//! for them. It reads no data: what is asked are the types of a row that a join made up, which has the columns of a table and nothing
//! in them. All columns of a table are one row at first, as engines take long to plan a thousand rows that are put together.

use super::dialect::Dialect;
use crate::ir::Program;
use crate::warehouse::{Layout, Table};

/// The query for what is wrong with the tables: a row for each column that the queries of the program read and that is not of the type
/// that they count on. Its columns are `table_name`, `column_name`, the type that is `found` and the one that is `wanted`, both in the
/// engine's own words. No row says that every column has its type. A table or column that is missing is the engine's own error, which
/// names it. No data is read.
///
/// The queries themselves do not ask it. So ask where tables were filled by anything but `volens export`, before an answer is used: a
/// text where a number should be can make somebody a member. It is about types alone, and knows nothing of what stands in the columns.
///
/// ```
/// use volens::Engine;
/// use volens::sql::{self, Dialect};
///
/// let engine = Engine::from_text("vip.audience", r#"audience vips { who trait plan = "pro" }"#)?;
/// let query = sql::checks(engine.program(), Dialect::DuckDb);
/// assert!(query.contains(r#"column_name := 'plan:text', found := typeof(profiles."plan:text"), wanted := 'VARCHAR'"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn checks(program: &Program, dialect: Dialect) -> String {
    let mut out =
        "-- columns of other types than the queries count on: no row where all is well\nWITH types AS (\n".to_owned();
    for (at, table) in Layout::new(program).tables().iter().enumerate() {
        if at > 0 {
            out.push_str("  UNION ALL\n");
        }
        types(table, dialect, &mut out);
    }
    out.push_str(")\nSELECT table_name");
    for field in ["column_name", "found", "wanted"] {
        out.push_str(&format!(", each_column['{field}'] AS {field}"));
    }
    out.push_str("\nFROM types\nWHERE each_column['found'] <> each_column['wanted']");
    if let Some((wanted, others)) = dialect.same_types() {
        out.push_str(&format!(
            " AND NOT (each_column['wanted'] = '{wanted}' AND each_column['found'] IN ({others}))"
        ));
    }
    out.push('\n');
    out
}

/// A row for each column of a table.
fn types(table: &Table, dialect: Dialect, out: &mut String) {
    let (open, close) = dialect.rows_of_list();
    let mut of_table = String::new();
    dialect.name(&table.name, &mut of_table);
    out.push_str("  SELECT ");
    dialect.text(&table.name, out);
    out.push_str(&format!(" AS table_name, {open}"));
    for (at, column) in table.columns.iter().enumerate() {
        out.push_str(if at == 0 { "\n    " } else { ",\n    " });
        let (mut name, mut called) = (String::new(), String::new());
        dialect.text(&column.name, &mut name);
        dialect.name(&column.name, &mut called);
        let wanted = dialect.type_name(column.kind);
        let found = format!("{}({of_table}.{called})", dialect.type_of());
        out.push_str(&dialect.record(&[
            ("column_name", &name),
            ("found", &found),
            ("wanted", &format!("'{wanted}'")),
        ]));
    }
    out.push_str(&format!(
        "\n  {close} AS each_column\n  FROM (SELECT 1 AS one_row) AS o LEFT JOIN {of_table} ON FALSE\n"
    ));
}
