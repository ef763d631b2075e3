//! Definitions as JSON: both ways, for every form; and what is refused.

#![allow(
    clippy::unwrap_used,
    reason = "what generates is no test function, yet serves tests alone"
)]

mod ast_gen;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use volens::span::FileId;
use volens::syntax::{self, JsonError, from_json, print, to_json};

fn parsed(text: &str) -> syntax::ast::File {
    let (file, errors) = syntax::parse(FileId(0), text);
    assert!(errors.is_empty(), "{errors:?}\n{text}");
    file
}

/// The sound definitions.
fn corpus() -> Vec<PathBuf> {
    let folder = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/ok")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_file()).collect()
}

#[test]
fn the_whole_language_goes_there_and_back() {
    for path in corpus() {
        let file = parsed(&fs::read_to_string(&path).unwrap());
        let json = to_json(&file).to_string();
        let back = from_json(&json).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(print(&back), print(&file), "{}", path.display());
    }
}

#[test]
fn it_reads_like_the_text() {
    let file = parsed(
        r#"
        category Advertising "Ads"
        destination google_ads requires Advertising { message identify storage }
        destination crm requires nothing
        consent enforcement on
        event "Order Completed" { revenue: number, shop.tags: list of string }
        account trait plan: one of ["free", "pro"]
        trait spent = sum of revenue from "Order Completed" within 90 days
        audience a "A" {
          who performed "Checkout Started" as c at least 2 times within last 7 days
              then not performed "Order Completed" within 1 day where (id = c.id and any tags (item = "x"))
            and not (trait plan in ["pro", 1, true, 2026-06-30] or trait spent >= trait limit)
            and consent Advertising is not collected
          consent to Advertising
          include anonymous
          lookback 90 days
          send to google_ads
        }
        audience b of accounts { who any user (member of a) and account trait plan exists }
        "#,
    );
    insta::assert_json_snapshot!(to_json(&file));
}

#[test]
fn what_is_no_definition_is_refused() {
    let file = |items: &str| format!("{{\"format\": 1, \"items\": [{items}]}}");
    let who = |condition: &str| {
        file(&format!(
            "{{\"audience\": {{\"name\": \"a\", \"clauses\": [{{\"who\": {condition}}}]}}}}"
        ))
    };
    let test = |value: &str| who(&format!("{{\"test\": {{\"value\": {value}, \"test\": \"exists\"}}}}"));
    let deep = format!("{}{}", "{\"not\":".repeat(600), "}".repeat(600));
    let nested = format!("{}{{\"member_of\": \"b\"}}{}", "{\"not\":".repeat(70), "}".repeat(70));
    let mut messages = Vec::new();
    for json in [
        String::new(),
        "[]".to_owned(),
        "{\"items\": []}".to_owned(),
        "{\"format\": 2, \"items\": [{\"segment\": {}}]}".to_owned(),
        "{\"format\": 1, \"items\": [], \"more\": 1}".to_owned(),
        file("{\"segment\": {\"name\": \"a\"}}"),
        file("{\"category\": {\"name\": \"A\", \"colour\": \"red\"}}"),
        // Nobody comes to require nothing by choosing nothing.
        file("{\"destination\": {\"name\": \"d\", \"requires\": []}}"),
        file("{\"destination\": {\"name\": \"d\", \"requires\": \"everything\"}}"),
        file("{\"audience\": {\"name\": \"a\", \"clauses\": [{\"consent_to\": []}]}}"),
        file("{\"audience\": {\"name\": \"a\", \"clauses\": [{\"send_to\": [\"x\"], \"who\": {}}]}}"),
        // Fewer than two, or none.
        who("{\"and\": []}"),
        who("{\"or\": [{\"member_of\": \"b\"}]}"),
        // What stands in the wrong place.
        test("{\"property\": [\"revenue\"]}"),
        test("{\"element\": []}"),
        test("{\"trait\": []}"),
        who("{\"performed\": {\"event\": \"E\", \"modifiers\": [{\"where\": {\"member_of\": \"b\"}}]}}"),
        who(
            "{\"performed\": {\"event\": \"E\", \"modifiers\": [{\"count\": {\"bound\": \"at_least\", \"times\": -1}}]}}",
        ),
        who("{\"test\": {\"value\": {\"trait\": [\"x\"]}, \"test\": {\"equals\": null}}}"),
        who("{\"test\": {\"value\": {\"trait\": [\"x\"]}, \"test\": {\"equals\": [1]}}}"),
        who("{\"test\": {\"value\": {\"trait\": [\"x\"]}, \"test\": {\"in\": []}}}"),
        who("{\"test\": {\"value\": {\"trait\": [\"x\"]}, \"test\": {\"in\": [{\"trait\": [\"y\"]}]}}}"),
        who("{\"test\": {\"value\": {\"trait\": [\"x\"]}, \"test\": {\"before\": 5}}}"),
        who(&nested),
        deep,
        format!("{{\"format\": 1, \"items\": [{}]}}", "1,".repeat(600_000)),
    ] {
        let error = from_json(&json).map(|file| print(&file)).unwrap_err();
        let shown: String = json.chars().take(150).collect();
        messages.push(format!("{shown}\n  {error}"));
    }
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn another_format_is_refused_by_its_number() {
    let error = from_json("{\"format\": 7, \"items\": []}").unwrap_err();
    assert!(matches!(error, JsonError::Format { found: 7 }));
}

proptest! {
    #[test]
    fn every_tree_goes_there_and_back(file in ast_gen::file()) {
        let text = print(&file);
        let (mut file, errors) = syntax::parse(FileId(0), &text);
        // What the grammar does not see, such as too long a list, is no matter here.
        prop_assume!(errors.is_empty());
        let mut back = from_json(&to_json(&file).to_string()).unwrap();
        file.forget_places();
        back.forget_places();
        prop_assert_eq!(file, back);
    }
}

#[test]
fn the_page_about_it_is_true() {
    let page = include_str!("../docs/json.md");
    let block = |tag: &str| {
        page.split(&format!("```{tag}\n"))
            .nth(1)
            .unwrap()
            .split("```")
            .next()
            .unwrap()
    };
    assert_eq!(print(&from_json(block("json")).unwrap()), block("audience"));
    // Every key that the form has is named there.
    let mut keys = BTreeSet::new();
    for path in corpus() {
        keys_of(&to_json(&parsed(&fs::read_to_string(path).unwrap())), &mut keys);
    }
    assert!(keys.len() > 60, "{keys:?}");
    for key in keys {
        assert!(
            page.contains(&format!("`{key}`")) || page.contains(&format!("\"{key}\"")),
            "{key}"
        );
    }
}

/// Names that an author chooses are values and never keys.
fn keys_of(json: &serde_json::Value, keys: &mut BTreeSet<String>) {
    match json {
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                keys.insert(key.clone());
                keys_of(value, keys);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| keys_of(item, keys)),
        _ => {}
    }
}
