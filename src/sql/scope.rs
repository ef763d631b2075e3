//! What the expression at hand can see: the rows of which a query is being written, and which others have to be joined to them.

use std::collections::BTreeSet;

use super::expr::Expr;
use super::lists::Owner;
use super::query::{Join, JoinKind, Table};
use crate::ir::{EventSlot, Subject};

/// The rows that an expression is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) user: Whose,
    pub(super) account: Whose,
    /// The alias of an event, and which one it is.
    pub(super) event: Option<(Box<str>, EventSlot)>,
    /// The element of a list.
    pub(super) element: Option<Element>,
    pub(super) before: Option<Before>,
    pub(super) joins: Vec<Join>,
}

/// A row of `profiles` or `accounts`.
#[derive(Debug, Clone, Default)]
pub(super) enum Whose {
    /// There is none.
    #[default]
    Nobody,
    /// There is one, but from where the expression stands there is no way to it.
    OutOfReach,
    /// It stands there, by its alias.
    Here(Box<str>),
    /// Its id is known, so that it can be joined; first these must be.
    By(Expr, Vec<Join>),
}

/// An element of a list, and whose list it is.
#[derive(Debug, Clone)]
pub(super) struct Element {
    pub(super) alias: Box<str>,
    /// The table that it stands in.
    pub(super) table: Box<str>,
    pub(super) of: Owner,
}

/// What was matched before a step, in a funnel.
#[derive(Debug, Clone)]
pub(super) struct Before {
    /// Its alias: of each step it has what is referred to.
    pub(super) alias: Box<str>,
    /// Parts that have the events of the step whose lists have some element: columns of the step's events, by these names.
    pub(super) sets: BTreeSet<Box<str>>,
}

impl Scope {
    /// Joins a table, unless it is there already, and gives its alias: this one, or this with a number. Whether several rows of the
    /// other table belong to one here, or none, is for the caller to know.
    pub(super) fn join(&mut self, kind: JoinKind, table: &str, alias: &str, on: impl Fn(&str) -> Expr) -> Box<str> {
        let mut number = 1;
        loop {
            let alias = match number {
                1 => alias.to_owned(),
                number => format!("{alias}_{number}"),
            };
            let join = Join {
                kind,
                table: Table::new(table, &alias),
                on: on(&alias),
            };
            let there = self.joins.iter().find(|other| *other.table.alias == *alias);
            if there.is_none() {
                self.joins.push(join);
            } else if there != Some(&join) {
                number += 1;
                continue;
            }
            return alias.into();
        }
    }

    /// Each with the joins that it needs first.
    fn prepare(&mut self, joins: &[Join]) {
        for join in joins {
            if !self.joins.iter().any(|other| other.table.alias == join.table.alias) {
                self.joins.push(join.clone());
            }
        }
    }

    /// The id of the user; `None` where there is none.
    pub(super) fn user_id(&mut self) -> Option<Expr> {
        self.id(|scope| &scope.user, Subject::User)
    }

    /// The id of the account.
    pub(super) fn account_id(&mut self) -> Option<Expr> {
        self.id(|scope| &scope.account, Subject::Account)
    }

    fn id(&mut self, whose: impl Fn(&Scope) -> &Whose, of: Subject) -> Option<Expr> {
        match whose(self).clone() {
            Whose::Nobody | Whose::OutOfReach => None,
            Whose::Here(alias) => Some(Expr::column(&alias, id_of(of))),
            Whose::By(id, joins) => {
                self.prepare(&joins);
                Some(id)
            }
        }
    }

    /// The alias of the user's row, which is joined where it does not stand there.
    pub(super) fn user_row(&mut self) -> Option<Box<str>> {
        let alias = self.row(|scope| &scope.user, ("profiles", "p", "profile_id"))?;
        self.user = Whose::Here(alias.clone());
        Some(alias)
    }

    /// The alias of the account's row.
    pub(super) fn account_row(&mut self) -> Option<Box<str>> {
        let alias = self.row(|scope| &scope.account, ("accounts", "a", "account_id"))?;
        self.account = Whose::Here(alias.clone());
        Some(alias)
    }

    fn row(&mut self, of: impl Fn(&Scope) -> &Whose, (table, alias, id): (&str, &str, &str)) -> Option<Box<str>> {
        match of(self).clone() {
            Whose::Nobody | Whose::OutOfReach => None,
            Whose::Here(alias) => Some(alias),
            Whose::By(known, joins) => {
                self.prepare(&joins);
                Some(self.join(JoinKind::Inner, table, alias, |alias| {
                    Expr::column(alias, id).equals(known.clone())
                }))
            }
        }
    }
}

/// The column that has the id of a subject, in every table and part.
pub(super) fn id_of(of: Subject) -> &'static str {
    match of {
        Subject::User => "profile_id",
        Subject::Account => "account_id",
    }
}
