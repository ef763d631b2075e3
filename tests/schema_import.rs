//! Tracking plans, JSON Schemas and events to declarations: what is said, that it checks, and that nobody's data is in it.

#[cfg(feature = "cli")]
#[path = "command/mod.rs"]
mod runner;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use volens::schema::{self, ImportError, Inference, Subject, Thresholds};
use volens::value::{self, Object, Value};
use volens::{Engine, Error};

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema").join(name);
    fs::read_to_string(path).unwrap()
}

/// What `volens check` says of the declarations, an error at least.
fn problems(text: &str) -> String {
    match Engine::from_text("declared.audience", text) {
        Ok(_) => String::new(),
        Err(Error::Definitions(errors)) => {
            let told: Vec<String> = errors
                .diagnostics()
                .iter()
                .map(|d| d.to_text(errors.sources()))
                .collect();
            told.join("\n")
        }
        Err(error) => panic!("{error}"),
    }
}

/// The declarations of a JSON Schema, which check.
fn imported(schema: &str) -> String {
    let declared = schema::import(schema, Some(Subject::Event("E".into()))).unwrap_or_else(|e| panic!("{schema}: {e}"));
    let text = declared.to_string();
    assert_eq!(problems(&text), "", "{text}");
    text
}

/// The lines inside of `event "E" { … }`.
fn properties(schema: &str) -> Vec<String> {
    let text = imported(&format!(r#"{{"type": "object", "properties": {schema}}}"#));
    text.lines()
        .filter_map(|line| line.strip_prefix("  "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn plans_become_declarations() {
    for name in ["public_api", "config_api", "json_schema"] {
        let declared = schema::import(&fixture(&format!("{name}.json")), None).unwrap();
        let text = declared.to_string();
        assert_eq!(problems(&text), "", "{name}");
        insta::with_settings!({omit_expression => true}, {
            insta::assert_snapshot!(name, text);
        });
    }
}

#[test]
fn a_plan_is_the_same_in_every_wrapping() {
    let plan: serde_json::Value = serde_json::from_str(&fixture("public_api.json")).unwrap();
    let rules = plan["data"]["rules"].clone();
    let wrapped = [
        plan.clone(),
        plan["data"].clone(),
        rules.clone(),
        serde_json::json!({"data": {"trackingPlan": {"rules": rules}}}),
    ];
    let texts: Vec<String> = wrapped
        .iter()
        .map(|plan| schema::import(&plan.to_string(), None).unwrap().to_string())
        .collect();
    assert!(texts[0].contains("event \"Order Completed\" {"));
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:#?}");
    let config: serde_json::Value = serde_json::from_str(&fixture("config_api.json")).unwrap();
    let list = serde_json::json!({"tracking_plans": [config]});
    assert_eq!(
        schema::import(&list.to_string(), None).unwrap().to_string(),
        schema::import(&config.to_string(), None).unwrap().to_string()
    );
}

#[test]
fn each_form_of_a_json_schema_is_said_or_told() {
    let cases: &[(&str, &[&str])] = &[
        (r#"{"a": {"type": "string"}}"#, &["a: string,"]),
        (r#"{"a": {"type": "integer"}}"#, &["a: number,"]),
        (r#"{"a": {"type": ["integer", "number", "null"]}}"#, &["a: number,"]),
        (r#"{"a": {"type": ["boolean", "null"]}}"#, &["a: boolean,"]),
        (
            r#"{"a": {"type": "string", "format": "date-time"}}"#,
            &["a: timestamp,"],
        ),
        (r#"{"a": {"type": "string", "format": "date"}}"#, &["a: timestamp,"]),
        (
            r#"{"a": {"type": "string", "format": "email"}}"#,
            &["# not said here: format", "a: string,"],
        ),
        (r#"{"a": {"enum": ["x", "y", null]}}"#, &["a: one of [\"x\", \"y\"],"]),
        (r#"{"a": {"enum": [true, false]}}"#, &["a: boolean,"]),
        (
            r#"{"a": {"enum": [1e19, 10000000000000000000, 1.0, 1]}}"#,
            &["a: one of [10000000000000000000, 1],"],
        ),
        (r#"{"a": {"const": 5}}"#, &["a: one of [5],"]),
        (
            r#"{"a": {"type": "array", "items": {"type": "number"}}}"#,
            &["a: list of number,"],
        ),
        (
            r#"{"a": {"type": "array", "items": {"type": "array", "items": {"enum": ["x"]}}}}"#,
            &["a: list of list of one of [\"x\"],"],
        ),
        (
            r#"{"a": {"type": "array", "items": {"type": "object", "properties": {"b": {"type": "number"}}}}}"#,
            &["a.b: number,"],
        ),
        (
            r#"{"a": {"properties": {"b": {"properties": {"c": {"type": "string"}}}}}}"#,
            &["a.b.c: string,"],
        ),
        (
            r#"{"a": {"allOf": [{"type": "string"}, {"enum": ["x", 5]}, {"enum": ["x", "y"]}]}}"#,
            &["a: one of [\"x\"],"],
        ),
        (
            r#"{"a": {"anyOf": [{"enum": ["x"]}, {"enum": ["y"]}]}}"#,
            &["a: one of [\"x\", \"y\"],"],
        ),
        (
            r#"{"a": {"type": "string", "minLength": 3, "description": "Of\nthe shop"}}"#,
            &["# Of the shop", "# not said here: minLength", "a: string,"],
        ),
        (
            r#"{"a": {"type": "object", "description": "Where", "properties": {"b": {"type": "string"}}}}"#,
            &["# a: Where", "a.b: string,"],
        ),
        (
            r#"{"any": {"type": "string"}, "x.y": {"type": "string"}}"#,
            &["\"any\": string,", "\"x.y\": string,"],
        ),
        (
            r#"{"a": {"type": "string", "if": {}, "then": {}}}"#,
            &["# not said here: if, then", "a: string,"],
        ),
        (
            r#"{"a": false}"#,
            &["# a: left out: its schema says that it is never there"],
        ),
        (
            r#"{"a": 5}"#,
            &["# not said here: what is no schema, any type", "a: string,"],
        ),
        (
            r#"{"": {"type": "string"}}"#,
            &["# \"\": left out: a name in it is empty"],
        ),
        (
            r#"{"a": {"allOf": [{"type": "string"}, {"type": "number"}]}}"#,
            &[
                "# one of several types: string, number",
                "# not said here: types that exclude each other",
                "a: string,",
            ],
        ),
    ];
    for (schema, expected) in cases {
        assert_eq!(properties(schema), *expected, "{schema}");
    }
}

#[test]
fn every_word_can_be_a_name() {
    let words = "account all and any audience category consent destination event identity include is lookback member no \
                 not nothing or performed requires send then to trait who true false item list of one string number in \
                 within before after contains exists as where";
    let mut schema = String::from("{");
    for (at, word) in words.split_whitespace().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        write!(
            schema,
            r#"{comma}"{word}": {{"properties": {{"{word}": {{"type": "string"}}}}}}"#
        )
        .unwrap();
    }
    schema.push('}');
    assert_eq!(properties(&schema).len(), words.split_whitespace().count());
    let object = format!(r#"{{"type": "object", "properties": {schema}}}"#);
    for of in [Subject::Traits, Subject::AccountTraits] {
        let text = schema::import(&object, Some(of)).unwrap().to_string();
        assert_eq!(problems(&text), "", "{text}");
    }
}

#[test]
fn what_cannot_be_imported_says_why() {
    let cases = [
        ("", "not JSON: EOF while parsing a value at line 1 column 0"),
        (
            "[]",
            "it is neither a tracking plan (`rules`) nor a JSON Schema (`type`, `properties`, `$ref`, …)",
        ),
        (
            "{}",
            "it is neither a tracking plan (`rules`) nor a JSON Schema (`type`, `properties`, `$ref`, …)",
        ),
        (
            r#"{"type": "object"}"#,
            "it does not tell of which event or of whose traits it is the schema",
        ),
        (
            r#"{"type": "object", "type": "object"}"#,
            "an object has the key `type` twice",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(schema::import(text, None).unwrap_err().to_string(), expected, "{text}");
    }
    let deep = format!("{}{}", r#"{"allOf": ["#.repeat(200), "]}".repeat(200));
    assert!(matches!(schema::import(&deep, None), Err(ImportError::Json(_))));
}

#[test]
fn references_that_multiply_or_go_in_circles_end() {
    // Each schema names the next one twice: two to the power of thirty of them.
    let mut bomb = String::from(r##"{"title": "E", "$ref": "#/$defs/d0", "$defs": {"##);
    for n in 0..30 {
        let next = n + 1;
        write!(
            bomb,
            r##""d{n}": {{"properties": {{"a": {{"$ref": "#/$defs/d{next}"}}, "b": {{"$ref": "#/$defs/d{next}"}}}}}},"##
        )
        .unwrap();
    }
    bomb += r#""d30": {"type": "string"}}}"#;
    assert!(matches!(schema::import(&bomb, None), Err(ImportError::TooMany(_))));
    let circles = [
        r##"{"title": "E", "$ref": "#"}"##,
        r##"{"title": "E", "properties": {"a": {"$ref": "#"}, "b": {"type": "string"}}}"##,
        r##"{"title": "E", "properties": {"a": {"items": {"$ref": "#/properties/a"}}}}"##,
        r##"{"title": "E", "allOf": [{"$ref": "#/allOf/0"}]}"##,
        r##"{"title": "E", "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"$ref": "#/$defs/x"}}}"##,
    ];
    for circle in circles {
        let text = schema::import(circle, None).unwrap().to_string();
        assert_eq!(problems(&text), "", "{text}");
        assert!(text.len() < 10_000, "{}", text.len());
    }
    // Many values, many alternatives, many of the same key: linear in the file.
    let many: Vec<String> = (0..20_000)
        .map(|n| format!(r#"{{"properties": {{"a": {{"enum": ["v{n}"]}}}}}}"#))
        .collect();
    for word in ["allOf", "anyOf"] {
        let text = imported(&format!(r#"{{"{word}": [{}]}}"#, many.join(",")));
        assert!(text.contains("  a: "), "{text}");
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let name = prop_oneof![
        Just("type".to_owned()),
        Just("properties".to_owned()),
        Just("items".to_owned()),
        Just("enum".to_owned()),
        Just("allOf".to_owned()),
        Just("anyOf".to_owned()),
        Just("format".to_owned()),
        Just("required".to_owned()),
        Just("$ref".to_owned()),
        Just("description".to_owned()),
        "\\PC{0,3}",
        any::<String>(),
    ];
    let text = prop_oneof![
        Just("string".to_owned()),
        Just("object".to_owned()),
        Just("array".to_owned()),
        Just("number".to_owned()),
        Just("date-time".to_owned()),
        Just("#".to_owned()),
        Just("#/properties/a".to_owned()),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        text.prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map(name.clone(), inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever stands in a schema or in a plan, what comes out of it checks.
    #[test]
    fn whatever_is_imported_checks(a in json(), b in json(), name in any::<String>()) {
        let schema = serde_json::json!({"type": "object", "properties": {"a": a, (name.clone()): b}});
        for of in [Subject::Event(name.as_str().into()), Subject::Traits, Subject::AccountTraits] {
            let text = schema::import(&schema.to_string(), Some(of)).unwrap().to_string();
            prop_assert_eq!(problems(&text), "", "{}", text);
        }
        let plan = serde_json::json!({"rules": [
            {"type": "TRACK", "key": name, "jsonSchema": {"properties": {"properties": schema, "traits": a}}},
            {"type": "IDENTIFY", "jsonSchema": {"properties": {"traits": schema}}},
            a, b
        ]});
        let text = schema::import(&plan.to_string(), None).unwrap().to_string();
        prop_assert_eq!(problems(&text), "", "{}", text);
    }

    /// Whatever is sent, what is proposed checks, and is the same in every order of people and events.
    #[test]
    fn whatever_is_inferred_checks(values in prop::collection::vec((0u8..30, json()), 1..20), name in any::<String>()) {
        let propose = |values: &[(u8, serde_json::Value)]| {
            let mut inference = Inference::new(Thresholds { people: 2, events: 2 });
            for (person, value) in values {
                let object: Object = [(name.as_str(), Value::from(value.clone()))].into_iter().collect();
                inference.event(&format!("user_id:{person}"), &name, &object);
                inference.traits(&format!("user_id:{person}"), &object);
                inference.account_traits(&format!("user_id:{person}"), &object);
            }
            inference.finish().to_string()
        };
        let text = propose(&values);
        prop_assert_eq!(problems(&text), "", "{}", text);
        let back: Vec<_> = values.iter().rev().cloned().collect();
        prop_assert_eq!(propose(&back), text);
    }

    /// A value is shown only if enough people share it.
    #[test]
    fn no_value_of_few_people_is_shown(
        sent in prop::collection::vec((0usize..40, 0usize..6), 1..400),
        people in 2usize..30,
    ) {
        let mut inference = Inference::new(Thresholds { people, events: 1 });
        let mut having: BTreeMap<usize, std::collections::BTreeSet<usize>> = BTreeMap::new();
        for (person, value) in &sent {
            having.entry(*value).or_default().insert(*person);
            let marked = format!("marked-{}", ["a", "b", "c", "d", "e", "f"][*value]);
            let object: Object = [
                ("kind", Value::from(marked.as_str())),
                ("kinds", Value::List(vec![Value::from(marked.as_str())])),
            ]
            .into_iter()
            .collect();
            inference.traits(&format!("user_id:{person}"), &object);
        }
        let text = inference.finish().to_string();
        for (value, of) in &having {
            let marked = format!("marked-{}", ["a", "b", "c", "d", "e", "f"][*value]);
            prop_assert!(of.len() >= people || !text.contains(&marked), "{} people: {text}", of.len());
        }
        let all = having.values().all(|of| of.len() >= people) && having.len() > 1;
        prop_assert_eq!(text.contains("one of"), all, "{}", text);
    }
}

fn object(json: &str) -> Object {
    match value::parse(json).unwrap() {
        Value::Object(object) => object,
        _ => panic!("{json}"),
    }
}

/// What is proposed of an event that `times` people sent with these properties in turn.
fn inferred(times: usize, properties: &[&str]) -> Vec<String> {
    let mut inference = Inference::new(Thresholds::default());
    for person in 0..times {
        for properties in properties {
            inference.event(&format!("user_id:{person}"), "E", &object(properties));
        }
    }
    let text = inference.finish().to_string();
    assert_eq!(problems(&text), "", "{text}");
    text.lines()
        .filter_map(|line| line.strip_prefix("  "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn types_are_proposed_with_care() {
    let cases: &[(&[&str], &[&str])] = &[
        (&[r#"{"a": 5}"#, r#"{"a": 4.5}"#, r#"{"a": null}"#], &["a: number,"]),
        (&[r#"{"a": true}"#], &["a: boolean,"]),
        (&[r#"{"a": "x"}"#], &["a: string,"]),
        (
            &[r#"{"a": "2026-06-30"}"#, r#"{"a": "2026-06-30T10:00:00Z"}"#],
            &["a: timestamp,"],
        ),
        // A shop's dates beside other words are no timestamps.
        (&[r#"{"a": "2026-06-30"}"#, r#"{"a": "soon"}"#], &["a: string,"]),
        (
            &[r#"{"a": "53111"}"#, r#"{"a": "10115"}"#],
            &["# always a number in quotes", "a: string,"],
        ),
        (
            &[r#"{"a": 5}"#, r#"{"a": "4.90"}"#],
            &["# 3 of 6 in quotes", "a: number,"],
        ),
        (
            &[r#"{"a": true}"#, r#"{"a": "false"}"#],
            &["# 3 of 6 in quotes", "a: boolean,"],
        ),
        (
            &[r#"{"a": 5}"#, r#"{"a": "x"}"#],
            &["# of several types: number 3, string 3", "a: string,"],
        ),
        (
            &[r#"{"a": 5}"#, r#"{"a": {"b": 1}}"#],
            &["# of several types: number 3, object 3", "a: string,"],
        ),
        (&[r#"{"a": ["x"]}"#, r#"{"a": []}"#], &["a: list of string,"]),
        (
            &[r#"{"a": []}"#],
            &["# a list that was always empty", "a: list of string,"],
        ),
        (&[r#"{"a": [[1], [2]]}"#], &["a: list of list of number,"]),
        (
            &[r#"{"a": [{"b": 1}, {"c": "x"}]}"#, r#"{"a": {"b": 2}}"#],
            &["a.b: number,", "a.c: string,"],
        ),
        (
            &[r#"{"a": [{"b": 1}, 5]}"#],
            &["# a list of objects and of other values", "a: string,"],
        ),
        (
            &[r#"{"a": {}}"#],
            &[
                "# an object without parts, or with none that can be shown",
                "a: string,",
            ],
        ),
        (&[r#"{"a": null}"#], &["# a: left out: always null"]),
        (&[r#"{"": 1}"#], &["# \"\": left out: a name in it is empty"]),
    ];
    for (properties, expected) in cases {
        assert_eq!(inferred(3, properties), *expected, "{properties:?}");
    }
}

#[test]
fn values_are_listed_if_many_share_them_and_they_are_nobodys() {
    let both = |key: &str| {
        inferred(
            60,
            &[&format!(r#"{{"{key}": "gold"}}"#), &format!(r#"{{"{key}": "silver"}}"#)],
        )
    };
    assert_eq!(
        both("tier"),
        ["# 2 values in 120 texts", "tier: one of [\"gold\", \"silver\"],"]
    );
    for key in [
        "email",
        "userName",
        "phone_number",
        "street",
        "order_id",
        "ip",
        "contactEmail",
    ] {
        assert_eq!(both(key), [format!("{key}: string,")], "{key}");
    }
    // Whatever the path is called: an address or a number of a phone is not listed.
    for value in ["gold@acme.example", "+49 151 2345678", "https://acme.example/u"] {
        let properties = [format!(r#"{{"tier": "{value}"}}"#), r#"{"tier": "silver"}"#.to_owned()];
        assert_eq!(
            inferred(60, &[&properties[0], &properties[1]]),
            ["tier: string,"],
            "{value}"
        );
    }
    // Too few people, or too few events.
    let of = |people: usize| inferred(people, &[r#"{"tier": "gold"}"#, r#"{"tier": "silver"}"#]);
    assert_eq!(of(19), ["tier: string,"]);
    assert_eq!(of(49), ["tier: string,"]);
    assert_eq!(
        of(50),
        ["# 2 values in 100 texts", "tier: one of [\"gold\", \"silver\"],"]
    );
    // One person, however often.
    let mut inference = Inference::new(Thresholds::default());
    for n in 0..1000 {
        let tier = if n % 2 == 0 { "gold" } else { "silver" };
        inference.traits("user_id:u1", &object(&format!(r#"{{"tier": "{tier}"}}"#)));
    }
    assert_eq!(inference.finish().to_string(), "trait tier: string\n");
}

#[test]
fn names_that_may_be_somebodys_are_left_out() {
    let mut inference = Inference::new(Thresholds::default());
    for person in 0..5 {
        let properties =
            format!(r#"{{"scores": {{"p{person}@acme.example": 1, "known": 2}}, "+49 151 234{person}": 1}}"#);
        inference.event(&format!("user_id:{person}"), "Scored", &object(&properties));
        inference.event(
            &format!("user_id:{person}"),
            &format!("Mail to p{person}@acme.example"),
            &Object::default(),
        );
    }
    let text = inference.finish().to_string();
    assert!(!text.contains('@') && !text.contains("151"), "{text}");
    assert_eq!(problems(&text), "");
    insta::with_settings!({omit_expression => true}, {
        insta::assert_snapshot!("names_left_out", text);
    });
}

#[test]
fn memory_is_bounded_whatever_is_sent() {
    let mut inference = Inference::new(Thresholds::default());
    for n in 0..60_000 {
        let properties = object(&format!(
            r#"{{"map": {{"k{}x": 1}}, "deep": {}1{}}}"#,
            n % 999,
            "{\"d\":".repeat(30),
            "}".repeat(30)
        ));
        inference.event("user_id:u1", &format!("E{}x", n % 3000), &properties);
    }
    let text = inference.finish().to_string();
    assert_eq!(problems(&text[..]).lines().next().unwrap_or_default(), "");
    assert!(text.contains("beyond the first 2000 names"), "{}", &text[..400]);
    assert!(text.contains("more than 20000 properties"), "{}", &text[..400]);
    let mut inference = Inference::new(Thresholds::default());
    for n in 0..600 {
        inference.event("user_id:u1", "E", &object(&format!(r#"{{"map": {{"k{}x": 1}}}}"#, n)));
    }
    let text = inference.finish().to_string();
    assert!(
        text.contains("# more than 200 names below it: a map rather than an object\n  map: string,"),
        "{text}"
    );
}

#[test]
fn what_accepted_events_say_is_handed_over_with_their_person() {
    use volens::ingest::{Ingestor, Said, Settings};
    use volens::model::IdentityRules;

    let lines = [
        r#"{"type": "track", "event": "Bought", "userId": "u1", "anonymousId": "a1", "properties": {"n": 1}}"#,
        r#"{"type": "page", "name": "Home", "anonymousId": "a2", "properties": {"url": "x"}}"#,
        r#"{"type": "screen", "anonymousId": "a2"}"#,
        r#"{"type": "identify", "userId": "u1", "traits": {"plan": "pro"}}"#,
        r#"{"type": "group", "userId": "u1", "groupId": "g", "traits": {"seats": 5}}"#,
        r#"{"type": "alias", "userId": "u1", "previousId": "a1"}"#,
        r#"{"type": "track", "userId": "u1"}"#,
        r#"{"batch": [{"type": "track", "event": "Later", "userId": "u2", "timestamp": "2999-01-01"}]}"#,
    ];
    let now = "2026-06-30".parse().unwrap();
    let mut ingestor = Ingestor::new(Settings {
        identity: IdentityRules::default(),
        categories: Vec::new(),
        received_at: now,
        now: volens::Timestamp::MAX,
    });
    let mut said = Vec::new();
    let text = lines.join("\n");
    ingestor
        .survey("events", text.as_bytes(), |person, what| {
            said.push(match what {
                Said::Event { name, properties } => {
                    format!("{person} {name} {}", Value::Object(properties.clone()).canonical())
                }
                Said::Traits(traits) => format!("{person} traits {}", Value::Object(traits.clone()).canonical()),
                Said::AccountTraits(traits) => {
                    format!("{person} account {}", Value::Object(traits.clone()).canonical())
                }
                _ => unreachable!(),
            });
        })
        .unwrap();
    let expected = [
        r#"user_id:u1 Bought {"n":1}"#,
        r#"anonymous_id:a2 Page Viewed {"name":"Home","page_name":"Home","url":"x"}"#,
        "anonymous_id:a2 Screen Viewed {}",
        r#"user_id:u1 traits {"plan":"pro"}"#,
        r#"user_id:u1 account {"seats":5}"#,
        "user_id:u2 Later {}",
    ];
    assert_eq!(said, expected);
    let done = ingestor.finish();
    assert_eq!((done.counts.read, done.counts.rejected), (8, 1));
    assert_eq!(done.profiles.users().len(), 0);
}

#[cfg(feature = "cli")]
mod command {
    use super::runner::{Done, volens_in};
    use super::*;

    fn volens(arguments: &[&str]) -> Done {
        volens_in(env!("CARGO_MANIFEST_DIR"), arguments, "")
    }

    #[test]
    fn import_prints_declarations_and_nothing_else() {
        let done = volens(&["schema", "import", "tests/schema/config_api.json"]);
        assert_eq!(done.code, 0);
        let expected = schema::import(&fixture("config_api.json"), None).unwrap().to_string();
        assert_eq!(done.out, expected);
        assert!(done.err.contains("look at them"), "{}", done.err);
        let named = volens(&["schema", "import", "tests/schema/json_schema.json", "--traits"]);
        assert!(named.out.contains("trait fare.amount: number\n"));
        let named = volens(&["schema", "import", "tests/schema/json_schema.json", "--event", "Booked"]);
        assert!(named.out.starts_with("event \"Booked\" {\n"));
    }

    #[test]
    fn what_is_printed_is_in_canonical_form() {
        let values: Vec<String> = (0..40).map(|n| format!("\"value number {n}\"")).collect();
        let long = format!(
            r#"{{"title": "E", "properties": {{"a": {{"enum": [{}]}}}}}}"#,
            values.join(",")
        );
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let plan = folder.join("long.json");
        fs::write(&plan, long).unwrap();
        for plan in [
            "tests/schema/public_api.json",
            "tests/schema/json_schema.json",
            plan.to_str().unwrap(),
        ] {
            let done = volens(&["schema", "import", plan]);
            let printed = folder.join("printed.audience");
            fs::write(&printed, done.out).unwrap();
            let checked = volens(&["fmt", "--check", printed.to_str().unwrap()]);
            assert_eq!(checked.code, 0, "{plan}: {}", checked.err);
        }
    }

    #[test]
    fn what_cannot_be_read_is_exit_code_2() {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let untitled = folder.join("untitled.json");
        fs::write(&untitled, r#"{"type": "object"}"#).unwrap();
        let bytes = folder.join("bytes.json");
        fs::write(&bytes, b"\xff\xfe").unwrap();
        let cases = [
            (vec!["schema", "import", "nowhere.json"], "cannot read `nowhere.json`"),
            (
                vec!["schema", "import", untitled.to_str().unwrap()],
                "`--event NAME`, `--traits` or `--account-traits`",
            ),
            (vec!["schema", "import", bytes.to_str().unwrap()], "it is not UTF-8"),
            (vec!["schema", "import", "README.md"], "not JSON"),
            (
                vec!["schema", "infer", "--events", "nowhere.jsonl"],
                "cannot read `nowhere.jsonl`",
            ),
            (vec!["schema", "infer"], "--events"),
            (
                vec!["schema", "infer", "--events", "x", "--min-people", "1"],
                "2..=1000",
            ),
            (vec!["schema"], "import"),
        ];
        for (arguments, expected) in cases {
            let done = volens(&arguments);
            assert_eq!(done.code, 2, "{arguments:?}");
            assert_eq!(done.out, "", "{arguments:?}");
            assert!(done.err.contains(expected), "{arguments:?}: {}", done.err);
        }
    }

    #[test]
    fn infer_reads_events_as_every_command_does() {
        let done = volens(&["schema", "infer", "--events", "examples/shop/events.jsonl"]);
        assert_eq!(done.code, 0);
        assert_eq!(done.err.matches("rejected: ").count(), 5);
        let declared = done.out;
        assert!(!declared.contains('@'), "{declared}");
        insta::with_settings!({omit_expression => true}, {
            insta::assert_snapshot!("shop", declared);
        });
        // The definitions of the shop pass with what is proposed of its events.
        let mut sources = volens::span::Sources::default();
        sources.add("declared.audience", declared);
        for entry in fs::read_dir("examples/shop").unwrap() {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            if name.ends_with(".audience") && !name.ends_with(".test.audience") {
                sources.add(path.display().to_string(), fs::read_to_string(path).unwrap());
            }
        }
        Engine::from_sources(sources).unwrap();
    }
}
