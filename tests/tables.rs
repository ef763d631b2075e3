//! The tables of a warehouse: which of them a workspace needs, and what stands in them.

use volens::Engine;
use volens::tables::{Layout, Place, Rows, Table};

fn layout(text: &str) -> Layout {
    let engine = Engine::from_text("made.audience", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Layout::new(engine.program())
}

/// A table by its values: `events: revenue, items`.
fn told(table: &Table) -> String {
    let values: Vec<&str> = table.values.iter().map(|values| &*values.name).collect();
    let of = match &table.rows {
        Rows::Elements { of, path } => format!(" of {of} {}", path.join(".")),
        _ => String::new(),
    };
    format!("{}{of}: {}", table.name, values.join(", "))
}

fn with_values(layout: &Layout) -> Vec<String> {
    let tables = layout.tables().iter().filter(|table| !table.values.is_empty());
    tables.map(told).collect()
}

fn keys(path: &[&str]) -> Vec<Box<str>> {
    path.iter().map(|key| (*key).into()).collect()
}

#[test]
fn values_are_those_that_conditions_read() {
    let layout = layout(
        r#"
        trait spent = sum of revenue from "Ordered" where (country = "DE")
        audience x { who trait address.city = "Bonn" and trait spent > trait limit }
        audience y of accounts { who account trait plan = "pro" and any user (trait plan exists and performed "Paid" where (revenue > 5)) }
        "#,
    );
    assert_eq!(
        with_values(&layout),
        [
            "traits: address.city, limit, plan",
            "events: country, revenue",
            "accounts: plan",
        ]
    );
}

#[test]
fn a_list_is_a_table_where_its_elements_are_looked_at() {
    for (condition, tables) in [
        // Only the list itself is asked for.
        ("trait tags exists and trait tags = \"a\"", &["traits: tags"][..]),
        (
            "trait tags contains \"a\"",
            &["traits: tags", "traits_list_1 of traits tags: item"],
        ),
        (
            "not trait tags contains 5",
            &["traits: tags", "traits_list_1 of traits tags: item"],
        ),
        (
            "trait tags contains any of [\"a\", 5]",
            &["traits: tags", "traits_list_1 of traits tags: item"],
        ),
        (
            "trait tags does not contain trait other",
            &["traits: other, tags", "traits_list_1 of traits tags: item"],
        ),
        (
            "any trait tags (item starts with \"a\" and name.first = \"b\")",
            &["traits: tags", "traits_list_1 of traits tags: item, name.first"],
        ),
        (
            "any trait tags (any sub (any item (x = 1)) and any sub (y contains 2)) and any trait tags (z = 1)",
            &[
                "traits: tags",
                "traits_list_1 of traits tags: item, sub, z",
                "traits_list_2 of traits_list_1 sub: item, y",
                "traits_list_3 of traits_list_2 : item, x",
                "traits_list_4 of traits_list_2 y: item",
            ],
        ),
    ] {
        let layout = layout(&format!("audience x {{ who {condition} }}"));
        assert_eq!(with_values(&layout), tables, "{condition}");
    }
}

#[test]
fn a_property_of_several_events_is_one_value_and_one_list() {
    let layout = layout(
        r#"
        audience x {
          who performed "A" as a where (any l (p = 1)) then performed "B" where (any l (q = 1) and p = a.p)
            then not performed "B" where (l contains 5)
        }
        audience y of accounts { who any account trait l (p = 1) and any user (any trait l (q = 1)) }
        "#,
    );
    let mut tables = with_values(&layout);
    tables.sort();
    assert_eq!(
        tables,
        [
            "accounts: l",
            "accounts_list_1 of accounts l: item, p",
            "events: l, p",
            "events_list_1 of events l: item, p, q",
            "traits: l",
            "traits_list_1 of traits l: item, q",
        ]
    );
}

#[test]
fn computed_traits_look_at_the_lists_of_events() {
    let looked_at = |function: &str, condition: &str| {
        let layout = layout(&format!(
            "trait n = {function} from \"E\"\naudience x {{ who {condition} }}"
        ));
        let list = layout.list(Place::Events, &keys(&["p"]));
        list.map(told)
    };
    let itself = Some("events_list_1 of events p: item".to_owned());
    for function in ["most frequent of p", "unique list of p", "unique count of p"] {
        assert_eq!(looked_at(function, "trait n exists"), itself, "{function}");
    }
    for function in ["sum of p", "first of p"] {
        assert_eq!(looked_at(function, "trait n exists"), None, "{function}");
    }
    // The first value is the list as it was sent.
    let fields = Some("events_list_1 of events p: item, x".to_owned());
    assert_eq!(looked_at("first of p", "any trait n (x = 1)"), fields);
    assert_eq!(looked_at("last of p", "trait n contains 5"), itself);
    // In the texts of a unique list there is nothing to look into.
    assert_eq!(
        looked_at("unique list of p", "any trait n (any x (y = 1) or z = 1)"),
        itself
    );
}

#[test]
fn names_of_columns_differ_for_every_engine() {
    let layout = layout(
        r#"
        category profile_id
        category Ads
        category ADS
        destination d requires Ads, ADS, profile_id
        audience x {
          who trait plan exists and trait Plan exists and trait "a.b" exists and trait a.b exists and trait "q\u0000\"" exists
            and any trait l ("item" = 1 and Item = 1 and item = 2)
          send to d
        }
        "#,
    );
    for table in layout.tables() {
        let mut names: Vec<String> = table.columns.iter().map(|column| column.name.to_lowercase()).collect();
        assert!(
            names.iter().all(|name| !name.chars().any(char::is_control)),
            "{names:?}"
        );
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
    }
    let name = |path: &[&str]| layout.values(Place::Traits, &keys(path)).unwrap().name.to_string();
    assert_ne!(name(&["a", "b"]), name(&["a.b"]));
    assert_eq!(name(&["q\0\""]), "q_\"");
    let list = layout.list(Place::Traits, &keys(&["l"])).unwrap();
    let name = |path: &[&str]| {
        layout
            .values(Place::List(&list.name), &keys(path))
            .unwrap()
            .name
            .to_string()
    };
    assert_eq!(
        [name(&[]), name(&["item"]), name(&["Item"])],
        ["item", "item~3", "Item~2"]
    );
    let categories = [0, 1, 2].map(|slot| layout.category(volens::ir::CategorySlot(slot)).unwrap());
    assert_eq!(categories, ["profile_id~2", "Ads", "ADS~2"]);
}
