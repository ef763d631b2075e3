//! Expressions, and how they are written down.

use super::dialect::Dialect;
use crate::ir::Comparison;
use crate::warehouse::ColumnType;

/// An expression over the rows at hand.
///
/// A condition may be NULL where it does not hold. `AND`, `OR` and `WHERE` take that for false; whatever turns a condition round
/// goes by [`Expr::not`], which asks whether it does not hold, and so never what the opposite of NULL is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// A column of the table that has this alias.
    Column(Box<str>, Box<str>),
    Text(Box<str>),
    Int(i64),
    Double(f64),
    /// Billionths.
    Decimal(i128),
    Bool(bool),
    Compare(Box<Expr>, &'static str, Box<Expr>),
    /// So many milliseconds later.
    Later(Box<Expr>, i64),
    Times(Box<Expr>, Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    /// Whether the condition holds, never NULL.
    Settled(Box<Expr>),
    Exists(Box<Expr>),
    In(Box<Expr>, Vec<Expr>),
    /// A test of one text on another.
    Text2(TextTest, Box<Expr>, Box<Expr>),
    /// This, or the other where it is NULL.
    Or0(Box<Expr>),
    /// Whether a text is `true` or `false`; NULL where it is neither.
    Truth(Box<Expr>),
    /// Nothing, of a type.
    Null(ColumnType),
    /// What must hold of the session, in the words of its dialect.
    Session(&'static str),
    /// A whole number that is a double, too.
    AsDouble(Box<Expr>),
    /// The double that is nearest to a decimal.
    Nearest(Box<Expr>),
    /// What is left of a decimal that is a whole number of 64 bits; 0 of any other.
    NearestRest(Box<Expr>),
    /// A number of rows, as a decimal.
    Whole(Box<Expr>),
    /// As a decimal without a fraction: billionths.
    Billionths(Box<Expr>),
    /// An aggregate function over the rows that a condition lets pass.
    Aggregate(Aggregate, Option<Box<Expr>>, Option<Box<Expr>>),
    /// The place of a row among those that are equal in the first, by the others in order.
    RowNumber(Box<Expr>, Vec<(Expr, Order)>),
}

/// How rows are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

/// What two texts can have to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

/// A function over many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Aggregate {
    Count,
    CountDistinct,
    Sum,
    Minimum,
    Maximum,
    /// Whether a condition holds of any row.
    Any,
}

impl Aggregate {
    /// As a part of a name.
    pub(super) fn word(self) -> &'static str {
        match self {
            Aggregate::Count | Aggregate::CountDistinct => "count",
            Aggregate::Sum => "sum",
            Aggregate::Minimum => "least",
            Aggregate::Maximum => "most",
            Aggregate::Any => "any",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Aggregate::Count | Aggregate::CountDistinct => "COUNT",
            Aggregate::Sum => "SUM",
            Aggregate::Minimum => "MIN",
            Aggregate::Maximum => "MAX",
            Aggregate::Any => "BOOL_OR",
        }
    }
}

/// How tightly an expression holds together; one inside of a tighter one stands in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Or,
    And,
    Test,
    Sum,
    Product,
    One,
}

impl Expr {
    pub(super) fn column(alias: &str, name: &str) -> Expr {
        Expr::Column(alias.into(), name.into())
    }

    pub(super) fn text(text: &str) -> Expr {
        Expr::Text(text.into())
    }

    pub(super) fn compare(self, comparison: Comparison, other: Expr) -> Expr {
        Expr::Compare(Box::new(self), comparison.as_str(), Box::new(other))
    }

    pub(super) fn equals(self, other: Expr) -> Expr {
        Expr::Compare(Box::new(self), "=", Box::new(other))
    }

    pub(super) fn differs(self, other: Expr) -> Expr {
        Expr::Compare(Box::new(self), "<>", Box::new(other))
    }

    pub(super) fn exists(self) -> Expr {
        Expr::Exists(Box::new(self))
    }

    /// Whether the condition does not hold: true also where it is NULL, and never NULL itself.
    pub(super) fn not(self) -> Expr {
        match self {
            Expr::Bool(value) => Expr::Bool(!value),
            other => Expr::Not(Box::new(other)),
        }
    }

    /// The same, but false where it is NULL: for whoever reads the answer.
    pub(super) fn settled(self) -> Expr {
        match self {
            Expr::Bool(value) => Expr::Bool(value),
            other => Expr::Settled(Box::new(other)),
        }
    }

    /// All of them; true for none.
    pub(super) fn all(conditions: impl IntoIterator<Item = Expr>) -> Expr {
        let mut all = Vec::new();
        for condition in conditions {
            match condition {
                Expr::Bool(true) => {}
                Expr::Bool(false) => return Expr::Bool(false),
                Expr::And(inner) => all.extend(inner),
                other => all.push(other),
            }
        }
        match all.len() {
            0 => Expr::Bool(true),
            1 => all.remove(0),
            _ => Expr::And(all),
        }
    }

    /// One of them; false for none.
    pub(super) fn any(conditions: impl IntoIterator<Item = Expr>) -> Expr {
        let mut any = Vec::new();
        for condition in conditions {
            match condition {
                Expr::Bool(false) => {}
                Expr::Bool(true) => return Expr::Bool(true),
                Expr::Or(inner) => any.extend(inner),
                other => any.push(other),
            }
        }
        match any.len() {
            0 => Expr::Bool(false),
            1 => any.remove(0),
            _ => Expr::Or(any),
        }
    }

    /// Whether it is one of some constants; of one alone, whether it equals it.
    pub(super) fn among(self, mut constants: Vec<Expr>) -> Expr {
        match constants.len() {
            0 => Expr::Bool(false),
            1 => self.equals(constants.remove(0)),
            _ => Expr::In(Box::new(self), constants),
        }
    }

    /// How many rows there are, of those that the condition lets pass.
    pub(super) fn count(filter: Option<Expr>) -> Expr {
        Expr::Aggregate(Aggregate::Count, None, filter.map(Box::new))
    }

    pub(super) fn aggregate(function: Aggregate, argument: Expr, filter: Option<Expr>) -> Expr {
        Expr::Aggregate(function, Some(Box::new(argument)), filter.map(Box::new))
    }

    fn binding(&self) -> Binding {
        match self {
            Expr::Or(_) => Binding::Or,
            Expr::And(_) => Binding::And,
            Expr::Compare(..) | Expr::Not(_) | Expr::Settled(_) | Expr::Exists(_) | Expr::In(..) => Binding::Test,
            Expr::Later(..) => Binding::Sum,
            Expr::Times(..) => Binding::Product,
            Expr::Int(value) if *value < 0 => Binding::Sum,
            Expr::Double(value) if value.is_sign_negative() => Binding::Sum,
            _ => Binding::One,
        }
    }

    /// Writes it; `indent` is that of the line it stands on. `AND` and `OR` at the outside begin lines of their own.
    pub(super) fn write(&self, dialect: Dialect, indent: usize, out: &mut String) {
        match self {
            Expr::Column(alias, name) => {
                out.push_str(alias);
                out.push('.');
                dialect.name(name, out);
            }
            Expr::Text(text) => dialect.text(text, out),
            Expr::Int(value) => out.push_str(&value.to_string()),
            Expr::Double(value) => dialect.double(*value, out),
            Expr::Decimal(billionths) => dialect.decimal(*billionths, out),
            Expr::Bool(value) => out.push_str(if *value { "TRUE" } else { "FALSE" }),
            Expr::Compare(left, operator, right) => {
                left.inside(Binding::Sum, dialect, indent, out);
                out.push(' ');
                out.push_str(operator);
                out.push(' ');
                right.inside(Binding::Sum, dialect, indent, out);
            }
            Expr::Later(time, millis) => {
                time.inside(Binding::Product, dialect, indent, out);
                out.push_str(&format!(" + {millis}"));
            }
            Expr::Times(left, right) => {
                left.inside(Binding::One, dialect, indent, out);
                out.push_str(" * ");
                right.inside(Binding::One, dialect, indent, out);
            }
            Expr::And(conditions) => list("AND", conditions, Binding::Test, dialect, indent, out),
            Expr::Or(conditions) => list("OR", conditions, Binding::Test, dialect, indent, out),
            Expr::Not(condition) => match &**condition {
                Expr::Exists(value) => {
                    value.inside(Binding::One, dialect, indent, out);
                    out.push_str(" IS NULL");
                }
                condition => condition.asked(false, dialect, indent, out),
            },
            Expr::Settled(condition) => condition.asked(true, dialect, indent, out),
            Expr::Exists(value) => {
                value.inside(Binding::One, dialect, indent, out);
                out.push_str(" IS NOT NULL");
            }
            Expr::In(value, constants) => {
                value.inside(Binding::Sum, dialect, indent, out);
                out.push_str(" IN (");
                commas(constants, dialect, indent, out);
                out.push(')');
            }
            Expr::Text2(test, value, other) => {
                out.push_str(dialect.text_test(*test));
                out.push('(');
                value.write(dialect, indent, out);
                out.push_str(", ");
                other.write(dialect, indent, out);
                out.push(')');
            }
            Expr::Or0(value) => {
                out.push_str("COALESCE(");
                value.write(dialect, indent, out);
                out.push_str(", 0)");
            }
            Expr::Truth(text) => {
                out.push_str("CASE ");
                text.write(dialect, indent, out);
                out.push_str(" WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END");
            }
            Expr::Null(kind) => out.push_str(&format!("CAST(NULL AS {})", dialect.column_type(*kind))),
            Expr::Session(condition) => out.push_str(condition),
            Expr::AsDouble(count) => {
                out.push_str("CAST(");
                count.write(dialect, indent, out);
                out.push_str(" AS DOUBLE)");
            }
            Expr::Nearest(decimal) => {
                // A text is read as the nearest double everywhere; a decimal is not.
                let text = dialect.column_type(ColumnType::Text);
                out.push_str("CAST(CAST(");
                decimal.write(dialect, indent, out);
                out.push_str(&format!(" AS {text}) AS DOUBLE)"));
            }
            Expr::NearestRest(decimal) => {
                let mut of = String::new();
                decimal.write(dialect, indent, &mut of);
                let mut double = String::new();
                Expr::Nearest(decimal.clone()).write(dialect, indent, &mut double);
                // No more digits than a sum has before the point: with more, Spark compares both without a fraction.
                let whole = format!("CAST({of} AS DECIMAL(29, 0))");
                // Below 2^53 every whole number is a double. A half fits the integers of 64 bits, and doubles of that size are even.
                out.push_str(&format!(
                    "CASE WHEN ABS({of}) > 9007199254740992 AND {of} = {whole} AND {of} >= -9223372036854775808 \
                     AND {of} <= 18446744073709551615 THEN {whole} - CAST(CAST({double} / 2 AS BIGINT) AS DECIMAL(38, 0)) * 2 \
                     ELSE 0 END"
                ));
            }
            Expr::Whole(count) => {
                out.push_str("CAST(");
                count.write(dialect, indent, out);
                out.push_str(" AS DECIMAL(18, 0))");
            }
            Expr::Billionths(value) => {
                // In two steps, as one alone would need more than 38 digits.
                out.push_str("CAST(CAST(");
                value.inside(Binding::One, dialect, indent, out);
                out.push_str(" * 100000 AS DECIMAL(28, 4)) * 10000 AS DECIMAL(28, 0))");
            }
            Expr::Aggregate(function, argument, filter) => {
                out.push_str(function.name());
                out.push('(');
                if *function == Aggregate::CountDistinct {
                    out.push_str("DISTINCT ");
                }
                match argument {
                    Some(argument) => argument.write(dialect, indent, out),
                    None => out.push('*'),
                }
                out.push(')');
                if let Some(filter) = filter {
                    out.push_str(" FILTER (WHERE ");
                    filter.on_one_line(dialect, out);
                    out.push(')');
                }
            }
            Expr::RowNumber(by, order) => {
                out.push_str("ROW_NUMBER() OVER (PARTITION BY ");
                by.write(dialect, indent, out);
                out.push_str(" ORDER BY ");
                for (at, (expression, order)) in order.iter().enumerate() {
                    if at > 0 {
                        out.push_str(", ");
                    }
                    expression.write(dialect, indent, out);
                    // Said each time: what is meant by none is a setting.
                    out.push_str(match order {
                        Order::Ascending => " ASC",
                        Order::Descending => " DESC",
                    });
                }
                out.push(')');
            }
        }
    }

    /// Whether it holds, or does not, which is never NULL.
    fn asked(&self, holds: bool, dialect: Dialect, indent: usize, out: &mut String) {
        let (before, after) = dialect.truth(holds);
        out.push_str(before);
        self.write(dialect, indent + 1, out);
        out.push_str(after);
    }

    fn inside(&self, needed: Binding, dialect: Dialect, indent: usize, out: &mut String) {
        if self.binding() < needed {
            out.push('(');
            self.write(dialect, indent + 1, out);
            out.push(')');
        } else {
            self.write(dialect, indent, out);
        }
    }

    /// Without line breaks where nothing needs them.
    fn on_one_line(&self, dialect: Dialect, out: &mut String) {
        match self {
            Expr::And(conditions) if conditions.len() <= IN_A_ROW => {
                joined(" AND ", conditions, Binding::Test, dialect, out);
            }
            Expr::Or(conditions) if conditions.len() <= IN_A_ROW => {
                joined(" OR ", conditions, Binding::Test, dialect, out);
            }
            other => other.write(dialect, 0, out),
        }
    }
}

fn joined(word: &str, conditions: &[Expr], needed: Binding, dialect: Dialect, out: &mut String) {
    for (at, condition) in conditions.iter().enumerate() {
        if at > 0 {
            out.push_str(word);
        }
        if condition.binding() < needed {
            out.push('(');
            condition.on_one_line(dialect, out);
            out.push(')');
        } else {
            condition.on_one_line(dialect, out);
        }
    }
}

/// No engine is given more conditions in a row: each reads them as nested, and DataFusion's time grows with the square of how deep.
const IN_A_ROW: usize = 100;

fn list(word: &str, conditions: &[Expr], needed: Binding, dialect: Dialect, indent: usize, out: &mut String) {
    if conditions.len() > IN_A_ROW {
        for (at, some) in conditions.chunks(conditions.len().div_ceil(IN_A_ROW)).enumerate() {
            if at > 0 {
                out.push('\n');
                out.push_str(&"  ".repeat(indent));
                out.push_str(word);
                out.push(' ');
            }
            out.push('(');
            list(word, some, needed, dialect, indent + 1, out);
            out.push(')');
        }
        return;
    }
    for (at, condition) in conditions.iter().enumerate() {
        if at > 0 {
            out.push('\n');
            out.push_str(&"  ".repeat(indent));
            out.push_str(word);
            out.push(' ');
        }
        condition.inside(needed, dialect, indent, out);
    }
}

pub(super) fn commas(expressions: &[Expr], dialect: Dialect, indent: usize, out: &mut String) {
    for (at, expression) in expressions.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        expression.write(dialect, indent, out);
    }
}
