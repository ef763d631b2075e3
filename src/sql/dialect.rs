//! What engines write differently.

use std::fmt;
use std::str::FromStr;

use super::expr::TextTest;
use crate::warehouse::ColumnType;

/// An engine that a query is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// Spark SQL 3.4 and later: also that of Databricks, EMR, Fabric and Glue.
    Spark,
    /// DuckDB.
    DuckDb,
    /// Apache DataFusion.
    DataFusion,
}

/// A dialect that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no dialect is called `{0}`: there are `spark`, `duckdb` and `datafusion`")]
pub struct UnknownDialect(pub String);

impl Dialect {
    /// All of them.
    pub const ALL: [Dialect; 3] = [Dialect::Spark, Dialect::DuckDb, Dialect::DataFusion];

    /// Its name, as in the command.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::Spark => "spark",
            Dialect::DuckDb => "duckdb",
            Dialect::DataFusion => "datafusion",
        }
    }

    /// A name of a table or a column.
    pub(super) fn name(self, name: &str, out: &mut String) {
        if is_plain(name) {
            out.push_str(name);
            return;
        }
        let quote = match self {
            Dialect::Spark => '`',
            Dialect::DuckDb | Dialect::DataFusion => '"',
        };
        out.push(quote);
        for c in name.chars() {
            if c == quote {
                out.push(quote);
            }
            out.push(c);
        }
        out.push(quote);
    }

    /// A constant text. What an engine reads in its own way, or may be set to, is called by its number.
    pub(super) fn text(self, text: &str, out: &mut String) {
        let mut pieces = Vec::new();
        let (mut plain, mut rest) = (String::new(), text.chars().peekable());
        while let Some(c) = rest.next() {
            let by_number = match (self, c) {
                // Spark reads backslashes in constants, unless `escapedStringLiterals` is set, and two quotes as one only since
                // version 4. What it has as `${…}` it puts in their place before it reads anything.
                (Dialect::Spark, '\'' | '\\') => true,
                (Dialect::Spark, '$') => rest.peek() == Some(&'{'),
                // So does DataFusion in the dialects of some other engines.
                (Dialect::DataFusion, '\\') => true,
                _ => false,
            };
            match c {
                _ if by_number => {
                    if !plain.is_empty() {
                        pieces.push(format!("'{plain}'"));
                        plain.clear();
                    }
                    pieces.push(format!("chr({})", u32::from(c)));
                }
                '\'' => plain.push_str("''"),
                c => plain.push(c),
            }
        }
        if !plain.is_empty() || pieces.is_empty() {
            pieces.push(format!("'{plain}'"));
        }
        match pieces.as_slice() {
            [one] => out.push_str(one),
            several => out.push_str(&format!("concat({})", several.join(", "))),
        }
    }

    /// What must hold of the session, as it decides what the query means: an error where it does not, of each row that comes out.
    pub(super) fn session(self) -> Option<&'static str> {
        match self {
            // It has texts of either case be equal, or with and without accents, `granted` too.
            Dialect::DuckDb => Some(
                "CASE WHEN current_setting('default_collation') = '' THEN TRUE \
                 ELSE error('this query compares texts as they are: reset default_collation') END",
            ),
            Dialect::Spark | Dialect::DataFusion => None,
        }
    }

    /// The same where no row comes out: what adds no row to those that have such a column.
    pub(super) fn session_without_rows(self, column: &str) -> Option<String> {
        let condition = self.session()?;
        let mut name = String::new();
        self.name(column, &mut name);
        Some(format!("UNION ALL BY NAME SELECT NULL AS {name} WHERE NOT {condition}"))
    }

    /// A double. Whole ones are written as integers; of others each engine has a form that no setting makes a decimal of.
    pub(super) fn double(self, value: f64, out: &mut String) {
        const WHOLE: f64 = 9_007_199_254_740_992.0;
        if value.trunc() == value && value.abs() < WHOLE {
            // Without the sign that a zero may have.
            out.push_str(&format!("{:.0}", value + 0.0));
            return;
        }
        let plainly = (1e-4..1e15).contains(&value.abs());
        let digits = if plainly {
            format!("{value}")
        } else {
            format!("{value:e}")
        };
        out.push_str(&match self {
            Dialect::Spark => format!("{digits}D"),
            Dialect::DuckDb if plainly => format!("{digits}e0"),
            Dialect::DuckDb => digits,
            Dialect::DataFusion => format!("CAST('{digits}' AS DOUBLE)"),
        });
    }

    /// A decimal of so many billionths.
    pub(super) fn decimal(self, billionths: i128, out: &mut String) {
        const ONE: u128 = 1_000_000_000;
        let sign = if billionths < 0 { "-" } else { "" };
        let (whole, fraction) = (billionths.unsigned_abs() / ONE, billionths.unsigned_abs() % ONE);
        if fraction == 0 && whole < 1_000_000_000 {
            out.push_str(&format!("{sign}{whole}"));
            return;
        }
        out.push_str(&format!("CAST('{sign}{whole}.{fraction:09}' AS DECIMAL(38, 9))"));
    }

    pub(super) fn column_type(self, kind: ColumnType) -> &'static str {
        match (self, kind) {
            (Dialect::Spark, ColumnType::Text) => "STRING",
            (_, kind) => kind.as_str(),
        }
    }

    /// What gives the type of a value, in the engine's own words.
    pub(super) fn type_of(self) -> &'static str {
        match self {
            Dialect::Spark | Dialect::DuckDb => "typeof",
            Dialect::DataFusion => "arrow_typeof",
        }
    }

    /// What that says of a column that [`column_type`](Self::column_type) has made.
    pub(super) fn type_name(self, kind: ColumnType) -> &'static str {
        match (self, kind) {
            (Dialect::DuckDb, kind) => kind.as_str(),
            (Dialect::Spark, ColumnType::BigInt) => "bigint",
            (Dialect::Spark, ColumnType::Text) => "string",
            (Dialect::Spark, ColumnType::Double) => "double",
            (Dialect::Spark, ColumnType::Boolean) => "boolean",
            (Dialect::Spark, ColumnType::Decimal) => "decimal(28,9)",
            (Dialect::DataFusion, ColumnType::BigInt) => "Int64",
            (Dialect::DataFusion, ColumnType::Text) => "Utf8",
            (Dialect::DataFusion, ColumnType::Double) => "Float64",
            (Dialect::DataFusion, ColumnType::Boolean) => "Boolean",
            (Dialect::DataFusion, ColumnType::Decimal) => "Decimal128(28, 9)",
        }
    }

    /// A type, and others that are the same but for how the engine lays it out in memory.
    pub(super) fn same_types(self) -> Option<(&'static str, &'static str)> {
        match self {
            // Of the columns of a Parquet file it makes views.
            Dialect::DataFusion => Some(("Utf8", "'Utf8View', 'LargeUtf8'")),
            Dialect::Spark | Dialect::DuckDb => None,
        }
    }

    /// What stands around values that are to be a row each.
    pub(super) fn rows_of_list(self) -> (&'static str, &'static str) {
        match self {
            Dialect::Spark => ("explode(array(", "))"),
            Dialect::DuckDb => ("unnest([", "])"),
            Dialect::DataFusion => ("unnest(make_array(", "))"),
        }
    }

    /// Several values in one, by name.
    pub(super) fn record(self, fields: &[(&str, &str)]) -> String {
        let (start, fields): (_, Vec<String>) = match self {
            Dialect::DuckDb => (
                "struct_pack",
                fields
                    .iter()
                    .map(|(name, value)| format!("{name} := {value}"))
                    .collect(),
            ),
            Dialect::Spark | Dialect::DataFusion => (
                "named_struct",
                fields
                    .iter()
                    .map(|(name, value)| format!("'{name}', {value}"))
                    .collect(),
            ),
        };
        format!("{start}({})", fields.join(", "))
    }

    pub(super) fn text_test(self, test: TextTest) -> &'static str {
        match (test, self) {
            (TextTest::Contains, _) => "contains",
            (TextTest::StartsWith, Dialect::Spark) => "startswith",
            (TextTest::StartsWith, _) => "starts_with",
            (TextTest::EndsWith, Dialect::Spark) => "endswith",
            (TextTest::EndsWith, _) => "ends_with",
        }
    }

    /// What stands around a condition that may be NULL to ask whether it holds, or does not.
    pub(super) fn truth(self, holds: bool) -> (&'static str, &'static str) {
        match (self, holds) {
            // It takes `IS TRUE` for never NULL in one place and not in another, and gives up on aggregates that have it in common. What
            // follows `DISTINCT FROM` it reads to the end of all `AND`s.
            (Dialect::DataFusion, true) => ("((", ") IS NOT DISTINCT FROM TRUE)"),
            (Dialect::DataFusion, false) => ("((", ") IS DISTINCT FROM TRUE)"),
            (Dialect::Spark | Dialect::DuckDb, true) => ("(", ") IS TRUE"),
            (Dialect::Spark | Dialect::DuckDb, false) => ("(", ") IS NOT TRUE"),
        }
    }

    /// Whether the answers about a person are grouped by person, which is also how somebody with several rows is left out. Spark takes a
    /// condition on answers back to where they are computed, and thinks of it in each mixture of what is computed and what it is
    /// called: with 25 audiences it took all memory before a query began. It takes no condition through a group. The others do
    /// better without.
    pub(super) fn groups_answers(self) -> bool {
        self == Dialect::Spark
    }

    /// Rows of the left that have a partner on the right, each once.
    pub(super) fn semi_join(self) -> &'static str {
        match self {
            Dialect::DuckDb => "SEMI JOIN",
            Dialect::Spark | Dialect::DataFusion => "LEFT SEMI JOIN",
        }
    }

    /// Rows of the left that have none.
    pub(super) fn anti_join(self) -> &'static str {
        match self {
            Dialect::DuckDb => "ANTI JOIN",
            Dialect::Spark | Dialect::DataFusion => "LEFT ANTI JOIN",
        }
    }
}

/// Names of our own need no quotes, and read better without: none of them is a keyword anywhere. Those with a path have a colon.
fn is_plain(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    !name.is_empty() && name.bytes().all(plain)
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Dialect::ALL.into_iter().find(|dialect| dialect.as_str() == name);
        found.ok_or_else(|| UnknownDialect(name.into()))
    }
}
