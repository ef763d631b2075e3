//! Names of columns that every engine tells apart.

use std::collections::BTreeSet;

/// The names that a table has given away.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    /// This name, or the next free one beside it: `plan`, then `Plan~2`.
    ///
    /// DuckDB and Spark hold names that differ in case alone for one and the same, also in quotes. Control characters become
    /// `_`: a NUL ends a name on its way into some engines. Spark puts the value of a variable in the place of `${x}`, wherever
    /// that stands in a query.
    pub(crate) fn take(&mut self, wanted: &str) -> Box<str> {
        let plain: String = wanted.chars().map(|c| if c.is_control() { '_' } else { c }).collect();
        let plain = plain.replace("${", "$_{");
        let mut name = plain.clone();
        let mut next = 2_u32;
        while !self.0.insert(folded(&name)) {
            name = format!("{plain}~{next}");
            next = next.saturating_add(1);
        }
        name.into()
    }
}

/// The same text for names that any way of ignoring case could take for one.
fn folded(name: &str) -> String {
    name.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_an_engine_could_take_for_one_differ() {
        let mut names = Names::default();
        let taken = [
            "plan", "Plan", "plan~2", "PLAN", "a.b", "a\0", "a_", "straße", "STRASSE", "ſ", "s", "", "${x}",
        ];
        let given = taken.map(|name| names.take(name).to_string());
        assert_eq!(
            given,
            [
                "plan",
                "Plan~2",
                "plan~2~2",
                "PLAN~3",
                "a.b",
                "a_",
                "a_~2",
                "straße",
                "STRASSE~2",
                "ſ",
                "s~2",
                "",
                "$_{x}"
            ]
        );
    }
}
