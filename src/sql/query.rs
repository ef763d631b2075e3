//! Queries: what is selected, from where, and under which name it is used further on.

use super::dialect::Dialect;
use super::expr::Expr;

/// One `SELECT`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Select {
    pub(super) distinct: bool,
    /// Expressions with their names. A column that keeps its name says it once.
    pub(super) columns: Vec<(Expr, Box<str>)>,
    pub(super) from: Table,
    pub(super) joins: Vec<Join>,
    pub(super) condition: Expr,
    pub(super) group: Vec<Expr>,
    pub(super) having: Expr,
}

/// A table of the contract, or one that stands further up in the query, with the alias by which its columns are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: Box<str>,
    pub(super) alias: Box<str>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Join {
    pub(super) kind: JoinKind,
    pub(super) table: Table,
    pub(super) on: Expr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JoinKind {
    Inner,
    Left,
    Semi,
    Anti,
}

/// What a name of the query stands for: one `SELECT`, or the rows of several.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub(super) name: Box<str>,
    pub(super) selects: Vec<Select>,
}

impl Table {
    pub(super) fn new(name: &str, alias: &str) -> Table {
        Table {
            name: name.into(),
            alias: alias.into(),
        }
    }
}

impl Select {
    pub(super) fn from(table: Table) -> Select {
        Select {
            distinct: false,
            columns: Vec::new(),
            from: table,
            joins: Vec::new(),
            condition: Expr::Bool(true),
            group: Vec::new(),
            having: Expr::Bool(true),
        }
    }

    fn write(&self, dialect: Dialect, indent: usize, out: &mut String) {
        let line = |out: &mut String| {
            out.push('\n');
            out.push_str(&"  ".repeat(indent));
        };
        out.push_str(if self.distinct { "SELECT DISTINCT" } else { "SELECT" });
        let is_long = |(column, _): &(Expr, Box<str>)| matches!(column, Expr::Aggregate(_, _, Some(_)));
        let on_lines = self.columns.len() > 3 || self.columns.iter().any(is_long);
        for (at, (expression, name)) in self.columns.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            if on_lines {
                line(out);
                out.push_str("  ");
            } else {
                out.push(' ');
            }
            expression.write(dialect, indent + 2, out);
            if !matches!(expression, Expr::Column(_, column) if column == name) {
                out.push_str(" AS ");
                dialect.name(name, out);
            }
        }
        line(out);
        out.push_str("FROM ");
        self.from.write(dialect, out);
        for join in &self.joins {
            line(out);
            out.push_str(match join.kind {
                JoinKind::Inner => "JOIN",
                JoinKind::Left => "LEFT JOIN",
                JoinKind::Semi => dialect.semi_join(),
                JoinKind::Anti => dialect.anti_join(),
            });
            out.push(' ');
            join.table.write(dialect, out);
            out.push_str(" ON ");
            join.on.write(dialect, indent + 1, out);
        }
        if self.condition != Expr::Bool(true) {
            line(out);
            out.push_str("WHERE ");
            self.condition.write(dialect, indent + 1, out);
        }
        if !self.group.is_empty() {
            line(out);
            out.push_str("GROUP BY ");
            super::expr::commas(&self.group, dialect, indent + 1, out);
        }
        if self.having != Expr::Bool(true) {
            line(out);
            out.push_str("HAVING ");
            self.having.write(dialect, indent + 1, out);
        }
    }
}

impl Table {
    fn write(&self, dialect: Dialect, out: &mut String) {
        dialect.name(&self.name, out);
        if self.alias != self.name {
            out.push_str(" AS ");
            out.push_str(&self.alias);
        }
    }
}

/// Writes a whole query: the named parts, then the last one without its name, which also looks at the session.
pub(super) fn write(head: &str, parts: &[Part], mut last: Vec<Select>, dialect: Dialect) -> String {
    let mut out = String::new();
    comment(head, &mut out);
    for (at, part) in parts.iter().enumerate() {
        out.push_str(if at == 0 { "WITH " } else { ",\n" });
        dialect.name(&part.name, &mut out);
        out.push_str(" AS (\n  ");
        selects(&part.selects, dialect, 1, &mut out);
        out.push_str("\n)");
    }
    if !parts.is_empty() {
        out.push('\n');
    }
    if let Some(condition) = dialect.session() {
        for select in &mut last {
            let own = std::mem::replace(&mut select.condition, Expr::Bool(true));
            select.condition = Expr::all([own, Expr::Session(condition)]);
        }
    }
    selects(&last, dialect, 0, &mut out);
    out.push('\n');
    let column = last.first().and_then(|select| select.columns.first());
    if let Some(session) = column.and_then(|(_, name)| dialect.session_without_rows(name)) {
        out.push_str(&session);
        out.push('\n');
    }
    out
}

fn selects(selects: &[Select], dialect: Dialect, indent: usize, out: &mut String) {
    let start = format!("\n{}", "  ".repeat(indent));
    for (at, select) in selects.iter().enumerate() {
        if at > 0 {
            out.push_str(&format!("{start}UNION ALL{start}"));
        }
        select.write(dialect, indent, out);
    }
}

/// A comment cannot be left: whatever would end its line is a blank. Nor is anything put into it, as Spark does for `${…}`.
fn comment(text: &str, out: &mut String) {
    out.push_str("-- ");
    let text = text.replace("${", "$ {");
    out.extend(text.chars().map(|c| {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            ' '
        } else {
            c
        }
    }));
    out.push('\n');
}
