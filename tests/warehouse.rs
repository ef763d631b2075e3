//! The tables of a warehouse: which of them a workspace needs, and what stands in them.

use std::collections::BTreeMap;
use std::convert::Infallible;

use volens::model::{Consent, History, Identifiers, PastEvent};
use volens::warehouse::{Cell, Layout, Place, Rows, Table};
use volens::{ConsentState, Engine, Profile, Profiles, Timestamp, Value, value};

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
            "profiles: address.city, limit, plan",
            "events: country, revenue",
            "accounts: plan",
        ]
    );
}

#[test]
fn a_list_is_a_table_where_its_elements_are_looked_at() {
    for (condition, tables) in [
        // Only the list itself is asked for.
        ("trait tags exists and trait tags = \"a\"", &["profiles: tags"][..]),
        (
            "trait tags contains \"a\"",
            &["profiles: tags", "profiles_list_1 of profiles tags: item"],
        ),
        (
            "not trait tags contains 5",
            &["profiles: tags", "profiles_list_1 of profiles tags: item"],
        ),
        (
            "trait tags contains any of [\"a\", 5]",
            &["profiles: tags", "profiles_list_1 of profiles tags: item"],
        ),
        (
            "trait tags does not contain trait other",
            &["profiles: other, tags", "profiles_list_1 of profiles tags: item"],
        ),
        (
            "any trait tags (item starts with \"a\" and name.first = \"b\")",
            &["profiles: tags", "profiles_list_1 of profiles tags: item, name.first"],
        ),
        (
            "any trait tags (any sub (any item (x = 1)) and any sub (y contains 2)) and any trait tags (z = 1)",
            &[
                "profiles: tags",
                "profiles_list_1 of profiles tags: item, sub, z",
                "profiles_list_2 of profiles_list_1 sub: item, y",
                "profiles_list_3 of profiles_list_2 : item, x",
                "profiles_list_4 of profiles_list_2 y: item",
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
            "profiles: l",
            "profiles_list_1 of profiles l: item, q",
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
    assert_eq!([name(&["a", "b"]), name(&["a.b"])], ["a.b", "\"a.b\""]);
    assert_eq!(name(&["q\0\""]), "\"q\\u0000\\\"\"");
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
        ["item", "\"item\"", "Item~2"]
    );
    let categories = [0, 1, 2].map(|slot| layout.category(volens::ir::CategorySlot(slot)).unwrap());
    assert_eq!(categories, ["profile_id:consent", "Ads:consent", "ADS~2:consent"]);
}

/// Some columns of a table's rows, as text with a blank between them; `-` for NULL.
fn rows(layout: &Layout, profiles: &Profiles, table: &str, columns: &[&str]) -> Vec<String> {
    let mut rows = Vec::new();
    let put = |of: &Table, cells: &[Cell<'_>]| {
        assert_eq!(cells.len(), of.columns.len(), "{}", of.name);
        if *of.name == *table {
            let at = |name: &&str| of.columns.iter().position(|column| *column.name == **name).unwrap();
            let cells: Vec<String> = columns.iter().map(|name| cell(&cells[at(name)])).collect();
            rows.push(cells.join(" "));
        }
        Ok::<_, Infallible>(())
    };
    layout.rows(profiles, put).unwrap();
    rows
}

fn cell(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Null => "-".to_owned(),
        Cell::Int(int) => int.to_string(),
        Cell::Text(text) => text.to_string(),
        Cell::Double(double) => format!("{double:?}"),
        Cell::Boolean(boolean) => boolean.to_string(),
        Cell::Decimal(billionths) => format!("{billionths}e-9"),
    }
}

#[test]
fn a_person_is_one_row_with_consent_and_traits() {
    let layout = layout(
        r#"
        category A
        category B disabled
        category C
        destination d requires A, B, C
        audience x { who trait a.b = 5 and trait c exists  send to d }
        "#,
    );
    let profiles: Profiles = [
        Profile::builder()
            .user_id("u")
            .consent("A", ConsentState::Granted)
            .consent("B", ConsentState::Denied)
            .trait_("c", true),
        Profile::builder()
            .identifier("anonymous_id", "v")
            .identifier("phone", "1")
            .consent("C", ConsentState::Conflicted),
        Profile::builder()
            .identifier("phone", "2")
            .trait_("a", value::parse(r#"{"b": "5"}"#).unwrap()),
    ]
    .into_iter()
    .map(volens::model::ProfileBuilder::build)
    .collect();
    let columns = [
        "profile_id",
        "known",
        "anonymous",
        "A:consent",
        "B:consent",
        "C:consent",
        "a.b:number",
        "c:kind",
    ];
    assert_eq!(
        rows(&layout, &profiles, "profiles", &columns),
        [
            "0 true false granted denied - - boolean",
            "1 false true - - conflicted - -",
            "2 false false - - - 5.0 -",
        ]
    );
}

/// An event of this moment, received so long after, with an id.
fn event(millis: i64, late: i64, id: &str, properties: &str) -> PastEvent {
    PastEvent {
        timestamp: Timestamp::from_millis(millis),
        received_at: Timestamp::from_millis(millis + late),
        message_id: id.into(),
        properties: serde_json::from_str::<value::Object>(properties).unwrap().into(),
    }
}

#[test]
fn events_are_numbered_in_canonical_order() {
    let layout = layout(r#"audience x { who performed "E" where (p = 1) and performed "F" }"#);
    let person = |events: Vec<(&str, PastEvent)>| {
        let mut history = History::default();
        for (name, event) in events {
            history.insert(name, event);
        }
        Profile::new(
            Identifiers::default(),
            value::Object::default(),
            [].into(),
            Consent::default(),
            history,
        )
    };
    let profiles: Profiles = [
        person(vec![
            ("E", event(5, 2, "a", "{\"p\":1}")),
            ("F", event(5, 1, "c", "{}")),
            ("not read", event(5, 0, "d", "{}")),
        ]),
        // Two that stand in their history in another order than the canonical one.
        person(vec![
            ("E", event(5, 1, "b", "{\"p\":2}")),
            ("E", event(5, 0, "z", "{\"p\":3}")),
            ("E", event(4, 9, "y", "{}")),
        ]),
    ]
    .into_iter()
    .collect();
    assert_eq!(
        rows(
            &layout,
            &profiles,
            "events",
            &["event_id", "profile_id", "name", "time", "p:text"]
        ),
        ["0 1 E 4 -", "1 1 E 5 2", "2 1 E 5 3", "4 0 E 5 1", "3 0 F 5 -"]
    );
}

#[test]
fn elements_stand_with_their_owner_and_null_is_one_of_them() {
    let layout = layout(
        r#"
        audience x of accounts {
          who any account trait l (any s (item = 1) or a.b = 2)
            and any user (any trait t (item does not exist) and performed "E" where (any p (item = 5)))
        }
        "#,
    );
    let user = Profile::builder()
        .account("g")
        .account("h")
        .trait_("t", value::parse("[null, [7], 7]").unwrap())
        .event("E", Timestamp::EPOCH, [("p", value::parse("[1, 5]").unwrap())])
        .event("E", Timestamp::EPOCH, [("p", Value::from("no list"))])
        .event("E", Timestamp::EPOCH, [("p", value::parse("[5]").unwrap())]);
    let traits = value::parse(r#"{"l": [{"s": [1, "1"], "a": {"b": 2}}, {"s": 5}, {"s": [{}]}]}"#).unwrap();
    let accounts = BTreeMap::from([("g".into(), traits.as_object().unwrap().clone())]);
    let profiles = Profiles::new(vec![user.build().into()], accounts);

    let elements =
        |table: &str, columns: &[&str]| rows(&layout, &profiles, table, &[&["owner", "element_id"], columns].concat());
    assert_eq!(
        elements("profiles_list_1", &["item:kind", "item:key"]),
        ["0 0 - -", "0 1 list -", "0 2 number n7"]
    );
    assert_eq!(
        elements("events_list_1", &["item:number"]),
        ["0 0 1.0", "0 1 5.0", "2 2 5.0"]
    );
    assert_eq!(
        elements("accounts_list_1", &["a.b:number", "s:kind"]),
        ["g 0 2.0 list", "g 1 - number", "g 2 - list"]
    );
    assert_eq!(
        elements("accounts_list_2", &["item:kind"]),
        ["0 0 number", "0 1 string", "2 2 object"]
    );
    assert_eq!(
        rows(&layout, &profiles, "accounts", &["account_id", "l:kind"]),
        ["g list", "h -"]
    );
    assert_eq!(
        rows(&layout, &profiles, "account_users", &["account_id", "profile_id"]),
        ["g 0", "h 0"]
    );
}

#[test]
fn a_failure_ends_it() {
    let layout = layout("audience x { who trait a exists }");
    let profiles: Profiles = ["u", "v"]
        .map(|id| Profile::builder().user_id(id).build())
        .into_iter()
        .collect();
    let mut put = 0;
    let failed = layout.rows(&profiles, |_, _| {
        put += 1;
        Err("full")
    });
    assert_eq!((failed, put), (Err("full"), 1));
}
