//! The tables that a warehouse holds so that queries made of definitions can be asked there: which tables and columns a
//! program needs, and their rows for profiles that are at hand.
//!
//! A [`Layout`] is a function of the [`Program`] alone. Every table is flat, for engines agree on nothing
//! nested: a value is nine columns, one for each way in which a condition can read it ([`Reading`]), and a list whose elements
//! some condition looks at is a table of its own. So a query compares columns of one plain type with constants, and whoever
//! fills the tables has read each value once, as the language says ([`readings`]). `docs/warehouse.md` tells all of it to who
//! fills them.
//!
//! Names of columns are to be taken from the layout: two that an engine could take for one are told apart here.
//!
//! ```
//! use volens::Engine;
//! use volens::warehouse::{Layout, Place, Reading};
//!
//! let engine = Engine::from_text("vip.audience", r#"
//!     audience vips { who trait plan = "pro" and performed "Ordered" where (any items (price > 50)) }
//! "#)?;
//! let layout = Layout::new(engine.program());
//! let plan = layout.values(Place::Traits, &["plan".into()]).unwrap();
//! assert_eq!(plan.column(Reading::Text), "plan:text");
//! let items = layout.list(Place::Events, &["items".into()]).unwrap();
//! assert_eq!(&*items.name, "events_list_1");
//! let price = layout.values(Place::List(&items.name), &["price".into()]).unwrap();
//! assert_eq!(price.column(Reading::Number), "price:number");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "parquet")]
pub mod export;
mod name;
mod plan;
mod reading;
mod rows;

use std::fmt;

use crate::ir::{CategorySlot, Program};

pub(crate) use name::Names;
pub use reading::{Cell, key, readings};

/// The tables that a program's queries read, and their columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    tables: Vec<Table>,
    /// By slot.
    categories: Vec<Category>,
    /// The names of the program's events, by slot.
    events: Vec<Box<str>>,
}

/// A category of consent.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Category {
    id: Box<str>,
    column: Box<str>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Table {
    /// Its name.
    pub name: Box<str>,
    /// What its rows are.
    pub rows: Rows,
    /// The values that it holds, each in columns of its own, which stand behind those that the table begins with.
    pub values: Vec<Values>,
    /// All columns, in their order.
    pub columns: Vec<Column>,
}

/// What the rows of a table are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rows {
    /// `profiles`: each person once, with consent by category and the traits that were sent.
    Profiles,
    /// `events` of the names that the program looks at.
    Events,
    /// `accounts`, with the traits that were sent of them.
    Accounts,
    /// `account_users`: who belongs to which account.
    AccountUsers,
    /// The elements of a list.
    Elements {
        /// The name of the table whose rows have the list.
        of: Box<str>,
        /// Where in a row of that table; empty where an element is itself the list.
        path: Vec<Box<str>>,
    },
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Column {
    /// Its name.
    pub name: Box<str>,
    /// Its type.
    pub kind: ColumnType,
}

/// The type of a column. Every column but the ids and the names of events can be NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// An integer of 64 bits.
    BigInt,
    /// A text of any length.
    Text,
    /// An IEEE double.
    Double,
    /// True or false.
    Boolean,
    /// 28 digits, nine of them after the point.
    Decimal,
}

impl ColumnType {
    /// Its name in standard SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            ColumnType::BigInt => "BIGINT",
            ColumnType::Text => "VARCHAR",
            ColumnType::Double => "DOUBLE",
            ColumnType::Boolean => "BOOLEAN",
            ColumnType::Decimal => "DECIMAL(28,9)",
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A value of a table's rows, in one column for each [`Reading`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Values {
    /// Where it stands in the traits, the properties, or the element; empty for the element itself.
    pub path: Vec<Box<str>>,
    /// What the names of its columns begin with.
    pub name: Box<str>,
}

impl Values {
    /// The name of a column.
    pub fn column(&self, reading: Reading) -> String {
        format!("{}:{reading}", self.name)
    }
}

/// A way in which a condition reads a value (language.md, Values).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reading {
    /// What it is: `string`, `number`, `boolean`, `list` or `object`; NULL where it is absent or null.
    Kind,
    /// As text.
    Text,
    /// As a number: the nearest double.
    Number,
    /// The number without that double, exactly: 0 but for integers beyond 2⁵³.
    Rest,
    /// As a boolean.
    Boolean,
    /// As a date: milliseconds since 1970-01-01T00:00:00Z.
    Time,
    /// A text by which it meets others: equal for what references can find equal ([`key`]).
    Key,
    /// The string, where it is read as a number: as it was written, such as `5.0`. Values of one key are equal, unless two numerals
    /// tell them apart.
    Numeral,
    /// As a number, rounded as sums are: half-even to nine decimals, NULL for a magnitude of 10¹⁸ and more.
    Exact,
}

impl Reading {
    /// All, in the order of their columns.
    pub const ALL: [Reading; 9] = [
        Reading::Kind,
        Reading::Text,
        Reading::Number,
        Reading::Rest,
        Reading::Boolean,
        Reading::Time,
        Reading::Key,
        Reading::Numeral,
        Reading::Exact,
    ];

    /// What the name of its column ends with.
    pub fn as_str(self) -> &'static str {
        match self {
            Reading::Kind => "kind",
            Reading::Text => "text",
            Reading::Number => "number",
            Reading::Rest => "rest",
            Reading::Boolean => "boolean",
            Reading::Time => "time",
            Reading::Key => "key",
            Reading::Numeral => "numeral",
            Reading::Exact => "exact",
        }
    }

    /// The type of its column.
    pub fn column_type(self) -> ColumnType {
        match self {
            Reading::Kind | Reading::Text | Reading::Key | Reading::Numeral => ColumnType::Text,
            Reading::Number => ColumnType::Double,
            Reading::Rest | Reading::Time => ColumnType::BigInt,
            Reading::Boolean => ColumnType::Boolean,
            Reading::Exact => ColumnType::Decimal,
        }
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'l> {
    /// Among the traits that were sent of a person.
    Traits,
    /// Among the traits that were sent of an account.
    AccountTraits,
    /// Among the properties of an event.
    Events,
    /// In an element of a list: the name of its table.
    List(&'l str),
}

impl Place<'_> {
    /// The name of its table.
    fn table(&self) -> &str {
        match self {
            Place::Traits => "profiles",
            Place::AccountTraits => "accounts",
            Place::Events => "events",
            Place::List(table) => table,
        }
    }
}

impl Layout {
    /// What the queries of a program read.
    pub fn new(program: &Program) -> Self {
        plan::layout(program)
    }

    /// The tables. One of elements stands behind the one whose rows have the lists.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The table of this name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| *table.name == *name)
    }

    /// The columns of a value.
    pub fn values(&self, place: Place<'_>, path: &[Box<str>]) -> Option<&Values> {
        let table = self.table(place.table())?;
        table.values.iter().find(|values| values.path == path)
    }

    /// The table of the elements of a value, where any condition looks at them.
    pub fn list(&self, place: Place<'_>, path: &[Box<str>]) -> Option<&Table> {
        let table = place.table();
        self.tables.iter().find(|other| match &other.rows {
            Rows::Elements { of, path: own } => **of == *table && own == path,
            _ => false,
        })
    }

    /// The column of `profiles` for the consent to a category of the program.
    pub fn category(&self, category: CategorySlot) -> Option<&str> {
        self.categories.get(category.index()).map(|category| &*category.column)
    }
}
