//! Audiences as SQL, for the engine where the events are already.
//!
//! A query means what [`holds`](crate::eval::holds) means, or is refused when it is made ([`Unsupported`]): what an engine does in its
//! own way, such as reading a text as a number, is done before, when the tables are filled ([`warehouse`](crate::warehouse)), and what is
//! left are comparisons, joins and counts. Consent stands inside of the query.
//!
//! # The way
//! 1. `lower`: conditions on users and accounts. `value`: tests on values, by their columns. `lists`: elements of lists. `events`:
//!    counts, sums and what else is computed. `funnel`: steps. What they see is a `scope`.
//! 2. `expr`, `query`: what was found, as typed expressions and selects, and how these are written.
//! 3. `dialect`: what engines write differently.
//!
//! `checks` asks about the tables themselves.

mod checks;
mod dialect;
mod events;
mod expr;
mod funnel;
mod lists;
mod lower;
mod query;
mod scope;
mod value;

use self::expr::{Aggregate, Expr};
use self::lower::{Asked, Lowering};
use self::query::{Join, JoinKind, Select, Table};
use self::scope::{Scope, Whose};
use crate::ir::{Audience, AudienceSlot, CategorySlot, Program, Subject};
use crate::time::Timestamp;
use crate::value::written;
use crate::warehouse::{Layout, Names};

pub use checks::checks;
pub use dialect::{Dialect, UnknownDialect};

/// A definition that has no exact form in SQL, in any dialect; what it means can be asked of an [`Engine`](crate::Engine).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Unsupported {
    /// In a funnel: `any` or `contains` on a list, with a reference to an event before.
    #[error("SQL has no exact form of elements of a list that are compared with an earlier event of a funnel")]
    ElementBesideStep,
    /// `any` in a filter of an account's computed trait, with a reference to a trait of the account.
    #[error("SQL has no exact form of elements of an event's list that are compared with a trait of the account")]
    ElementBesideAccount,
    /// An average, a most frequent value, or an element of a unique list, and a reference.
    #[error(
        "SQL has no exact form of an average, a most frequent value or a unique list that is compared with another value"
    )]
    ComputedBesideValue,
    /// A most frequent value or an element of a unique list, and a number of 2⁵³ or more.
    #[error(
        "SQL has no exact form of a most frequent value or a unique list that is compared with a number of 2^53 or more"
    )]
    TextBesideLargeNumber,
    /// A minimum or maximum, and a number of 2⁵³ or more.
    #[error("SQL has no exact form of a minimum or maximum that is compared with a number of 2^53 or more")]
    ExtremeBesideLargeNumber,
    /// An average, and a number of more than four billions.
    #[error("SQL has no exact form of an average that is compared with a number of more than four billions")]
    AverageBesideLargeNumber,
    /// `contains`, `starts with` or `ends with` on a computed number.
    #[error("SQL has no exact form of the text of a number that is computed: compare it as a number")]
    TextOfComputedNumber,
    /// The program has no audience, or a part of it nothing, at this place.
    #[error("the program has no such audience")]
    NoSuchAudience,
}

/// The query for the members of an audience as of `now`: a column `profile_id`, or `account_id` of an audience of accounts. Who is a
/// member may not be delivered for that; ask for [`deliveries`].
///
/// # Errors
/// [`Unsupported`]: it has a condition that no dialect can say exactly, or the program has no such audience.
///
/// ```
/// use volens::Engine;
/// use volens::sql::{self, Dialect};
///
/// let engine = Engine::from_text("vip.audience", r#"audience vips { who trait plan = "pro" }"#)?;
/// let program = engine.program();
/// let vips = program.audience("vips").ok_or("no such audience")?;
/// let query = sql::members(program, vips, Dialect::DuckDb, "2026-06-30".parse()?)?;
/// assert!(query.starts_with("-- audience vips, as of 2026-06-30T00:00:00Z\nSELECT p.profile_id\nFROM profiles AS p\n"));
/// assert!(query.contains(r#"p."plan:text" = 'pro'"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn members(
    program: &Program,
    audience: AudienceSlot,
    dialect: Dialect,
    now: Timestamp,
) -> Result<String, Unsupported> {
    let layout = Layout::new(program);
    let mut lowering = Lowering::new(program, &layout, now);
    lowering.prepare(&[audience])?;
    let select = lowering.select_members(audience)?;
    Ok(query::write(
        &head(program, audience, now),
        &lowering.finish(),
        vec![select],
        dialect,
    ))
}

/// The query for the members of an audience whom each of its destinations may receive as of `now`: columns `destination` and
/// `profile_id`. Of an audience of accounts it is the accounts' users, each by the own consent.
///
/// Who did not grant every enabled category that a destination requires is in no row of it (CC-7, CC-9, CE-1), and who has several rows
/// in `profiles` is in none at all. With `consent enforcement off` every member is in the rows of every destination.
///
/// # Errors
/// [`Unsupported`], as of [`members`].
///
/// ```
/// use volens::Engine;
/// use volens::sql::{self, Dialect};
///
/// let engine = Engine::from_text("vip.audience", r#"
///     category Advertising
///     destination google_ads requires Advertising
///     audience vips { who trait plan = "pro"  send to google_ads }
/// "#)?;
/// let program = engine.program();
/// let vips = program.audience("vips").ok_or("no such audience")?;
/// let query = sql::deliveries(program, vips, Dialect::Spark, "2026-06-30".parse()?)?;
/// assert!(query.contains("WHERE p.`Advertising:consent` = 'granted'"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn deliveries(
    program: &Program,
    audience: AudienceSlot,
    dialect: Dialect,
    now: Timestamp,
) -> Result<String, Unsupported> {
    let layout = Layout::new(program);
    let mut lowering = Lowering::new(program, &layout, now);
    lowering.prepare(&[audience])?;
    let members = lowering.members(audience)?;
    let selects = match program.audiences.get(audience.index()) {
        Some(audience) => delivered(&mut lowering, audience, &members),
        None => Vec::new(),
    };
    Ok(query::write(
        &head(program, audience, now),
        &lowering.finish(),
        selects,
        dialect,
    ))
}

/// One query for all audiences as of `now`, which goes through the people once, and once through the events that are counted and
/// summed: a row for each person who is in any, with `profile_id` and a column for each answer, true or not. `AUDIENCE:member` says
/// who is in an audience of users, `AUDIENCE:DESTINATION:delivered` whom a destination may receive, as [`deliveries`] says it. (Names
/// that are no plain ones stand in quotes, and of two that differ in case alone the later has a number, as engines take them for one.)
///
/// # Errors
/// [`Unsupported`]: of one audience is of all.
///
/// ```
/// use volens::Engine;
/// use volens::sql::{self, Dialect};
///
/// let engine = Engine::from_text("vip.audience", r#"
///     destination crm requires nothing
///     audience vips { who trait plan = "pro"  send to crm }
/// "#)?;
/// let query = sql::all(engine.program(), Dialect::DuckDb, "2026-06-30".parse()?)?;
/// assert!(query.contains(r#"SELECT a.profile_id, a."vips:member", (a."vips:member") IS TRUE AS "vips:crm:delivered""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn all(program: &Program, dialect: Dialect, now: Timestamp) -> Result<String, Unsupported> {
    let layout = Layout::new(program);
    let mut lowering = Lowering::new(program, &layout, now);
    lowering.prepare(&program.order)?;
    let mut scope = Scope {
        user: Whose::Here("p".into()),
        ..Scope::default()
    };
    let id = |alias| (Expr::column(alias, "profile_id"), "profile_id".into());
    let grouped = dialect.groups_answers();
    // Of each person's one row.
    let of_person = |function, answer| match grouped {
        true => Expr::aggregate(function, answer, None),
        false => answer,
    };
    let mut answers = vec![id("p")];
    let consent = (0..).map(CategorySlot).zip(&program.categories);
    let consent = consent.filter_map(|(slot, _)| layout.category(slot));
    answers.extend(consent.map(|column| {
        let stored = of_person(Aggregate::Minimum, Expr::column("p", column));
        (stored, column.into())
    }));
    let mut names = Names::default();
    let (mut columns, mut someone) = (vec![id("a")], Vec::new());
    for (slot, audience) in (0..).map(AudienceSlot).zip(&program.audiences) {
        let clauses = lowering.deliverable(audience, "p");
        // Who is in an audience to which another refers was found for that.
        let who = match audience.of {
            Subject::User if !lowering.is_known(&Asked::Members(slot)) => {
                lowering.condition(&mut scope, audience.who)?
            }
            _ => lowering.member(&mut scope, slot)?,
        };
        let audience_name = written(&audience.name);
        let name = names.take(&format!("{audience_name}:member"));
        let is_member = of_person(Aggregate::Any, Expr::all([clauses, who]).settled());
        answers.push((is_member, name.clone()));
        let member = Expr::column("a", &name);
        if audience.of == Subject::User {
            columns.push((member.clone(), name));
        }
        for destination in audience
            .destinations
            .iter()
            .filter_map(|slot| program.destinations.get(slot.index()))
        {
            let delivered = Expr::all([member.clone(), lowering.may_receive(destination, "a")]);
            let destination = written(&destination.name);
            let name = names.take(&format!("{audience_name}:{destination}:delivered"));
            columns.push((delivered.settled(), name));
        }
        someone.push(member);
    }
    let mut select = Select::from(Table::new("profiles", "p"));
    select.columns = answers;
    select.joins = scope.joins;
    if grouped {
        select.group = vec![Expr::column("p", "profile_id")];
        select.having = Expr::count(None).equals(Expr::Int(1));
    }
    let answers = lowering.add("answers", vec![select]);
    let mut select = Select::from(Table::new(&answers, "a"));
    if !grouped {
        select.joins = vec![lowering.standing_once("a")];
    }
    select.columns = columns;
    select.condition = Expr::any(someone);
    let head = format!("all audiences, as of {now}");
    Ok(query::write(&head, &lowering.finish(), vec![select], dialect))
}

/// The statements that create the tables which the queries of a program read: empty, in the engine's own types. What has to stand in
/// them is told by [`warehouse`](crate::warehouse).
///
/// ```
/// use volens::Engine;
/// use volens::sql::{self, Dialect};
///
/// let engine = Engine::from_text("vip.audience", r#"audience vips { who trait plan = "pro" }"#)?;
/// let statements = sql::tables(engine.program(), Dialect::Spark);
/// assert!(statements.starts_with("CREATE TABLE profiles (\n  profile_id BIGINT,\n  known BOOLEAN,\n"));
/// assert!(statements.contains("  `plan:number` DOUBLE,\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn tables(program: &Program, dialect: Dialect) -> String {
    let mut out = String::new();
    for table in Layout::new(program).tables() {
        out.push_str("CREATE TABLE ");
        dialect.name(&table.name, &mut out);
        out.push_str(" (");
        for (at, column) in table.columns.iter().enumerate() {
            out.push_str(if at == 0 { "\n  " } else { ",\n  " });
            dialect.name(&column.name, &mut out);
            out.push(' ');
            out.push_str(dialect.column_type(column.kind));
        }
        out.push_str("\n);\n");
    }
    out
}

fn head(program: &Program, audience: AudienceSlot, now: Timestamp) -> String {
    let name = program
        .audiences
        .get(audience.index())
        .map_or("", |audience| &audience.name);
    format!("audience {}, as of {now}", written(name))
}

/// For each destination those whom it may receive (CC-7, CC-9, CE-1).
fn delivered(lowering: &mut Lowering<'_>, audience: &Audience, members: &str) -> Vec<Select> {
    let program = lowering.program;
    let once = lowering.standing_once("p");
    let destinations = audience
        .destinations
        .iter()
        .filter_map(|slot| program.destinations.get(slot.index()));
    let join = |table: &str, alias: &str, column: &str, other: &str| Join {
        kind: JoinKind::Inner,
        table: Table::new(table, alias),
        on: Expr::column(alias, column).equals(Expr::column(other, column)),
    };
    let selects: Vec<Select> = destinations
        .map(|destination| {
            let granted = lowering.may_receive(destination, "p");
            let mut select = Select::from(Table::new(members, "m"));
            select.columns = vec![
                (Expr::text(&destination.name), "destination".into()),
                (Expr::column("p", "profile_id"), "profile_id".into()),
            ];
            match audience.of {
                Subject::User => {
                    select.joins = vec![join("profiles", "p", "profile_id", "m")];
                    select.condition = granted;
                }
                Subject::Account => {
                    // A user of two accounts is delivered once.
                    select.distinct = true;
                    select.joins = vec![
                        join("account_users", "u", "account_id", "m"),
                        join("profiles", "p", "profile_id", "u"),
                    ];
                    select.condition = Expr::all([lowering.deliverable(audience, "p"), granted]);
                }
            }
            select.joins.push(once.clone());
            select
        })
        .collect();
    if !selects.is_empty() {
        return selects;
    }
    let mut nobody = Select::from(Table::new("profiles", "p"));
    nobody.columns = vec![
        (Expr::text(""), "destination".into()),
        (Expr::column("p", "profile_id"), "profile_id".into()),
    ];
    nobody.condition = Expr::Bool(false);
    vec![nobody]
}
