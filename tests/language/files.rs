//! language.md, Files; and what is said of the whole workspace under Enforcement and Tests.

use std::fs;
use std::path::Path;

use volens::diagnostic::Code;
use volens::span::Sources;
use volens::{Engine, Error};

use crate::support::*;

#[test]
fn a_folder_is_every_audience_file_below_it_in_path_order() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("language_files");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("b/deep")).unwrap();
    for (name, text) in [
        ("c.audience", "audience last { who member of first }"),
        ("a.audience", "audience first { consent to A }"),
        ("b/deep/x.audience", "audience second { send to d }\ncategory A"),
        ("b/y.audience", "destination d requires A"),
        // Not part of the workspace.
        (
            "a.test.audience",
            "test \"t\" { now 2026-06-30 expect size of first = 0 }",
        ),
        ("notes.txt", "audience none {"),
        ("b/x.audience.bak", "audience none {"),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    let engine = Engine::load(&folder).unwrap();
    let names: Vec<&str> = engine
        .program()
        .audiences
        .iter()
        .map(|audience| &*audience.name)
        .collect();
    assert_eq!(names, ["first", "second", "last"]);
    // One file is a workspace, too: by itself `first` has no category.
    assert!(Engine::load(folder.join("b/deep/x.audience")).is_err());
    assert_eq!(
        Engine::load(folder.join("c.audience"))
            .err()
            .map(|error| error.to_string().contains("first")),
        Some(true)
    );
}

#[test]
fn a_byte_order_mark_is_no_text_and_a_comment_runs_to_the_end_of_the_line() {
    let text = "\u{feff}# audience b {\naudience a { # } who trait x = 1\n  who trait x = \"#1\" # and trait y = 2\n}# the end";
    assert!(member(text, &[identify(r##"{"x":"#1"}"##)]));
    assert!(!member(text, &[identify(r#"{"x":1}"#)]));
    // A mark anywhere else is no blank.
    assert!(!errors("audience a { \u{feff}who trait x = 1 }").is_empty());
}

/// A declaration of each kind, all of one name, and what goes before it for it to be sound.
const KINDS: [(&str, &str); 6] = [
    ("category x", "x"),
    ("destination x requires nothing", "x"),
    ("audience x {}", "x"),
    ("trait x = count of \"x\"", "x"),
    ("account trait x = count of \"x\"", "x"),
    ("event \"x\" { p: string }", "\"x\""),
];

#[test]
fn a_name_declared_twice_shows_both_places() {
    for (declaration, name) in KINDS {
        let mut sources = Sources::default();
        sources.add("a.audience", declaration);
        sources.add("b.audience", format!("# again\n{declaration}"));
        let Err(Error::Definitions(errors)) = Engine::from_sources(sources) else {
            panic!("{declaration}");
        };
        let [error] = errors.diagnostics() else {
            panic!("{declaration}: {errors}");
        };
        assert_eq!(error.code, Code::DuplicateName, "{declaration}");
        assert_eq!(
            (
                errors.sources().name(error.span.file),
                errors.sources().slice(error.span)
            ),
            ("b.audience", name)
        );
        let first = &error.related[0].span;
        assert_eq!(
            (errors.sources().name(first.file), errors.sources().slice(*first)),
            ("a.audience", name)
        );
        let told = errors.to_string();
        assert!(told.contains("a.audience:1") && told.contains("b.audience:2"), "{told}");
    }
}

#[test]
fn each_kind_has_names_of_its_own() {
    let all: String = KINDS.map(|(declaration, _)| format!("{declaration}\n")).concat();
    assert!(errors(&all).is_empty(), "{:?}", errors(&all));
}

#[test]
fn the_first_example_means_what_it_says() {
    let text = r#"
category Advertising "Ads and retargeting"
destination google_ads requires Advertising
destination crm        requires nothing
trait revenue_90d  = sum of revenue from "Order Completed" within 90 days
audience employees { who trait email ends with "@acme.example" }
audience a "Left a cart this week" {
  who performed "Checkout Started" as checkout within 7 days
        then not performed "Order Completed" within 1 day where (checkout_id = checkout.checkout_id)
    and (trait plan in ["pro", "business"] or trait revenue_90d >= 500)
    and not member of employees
  consent to Advertising
  send to google_ads, crm
}"#;
    let granted = call(
        "track",
        -9 * DAY,
        r#""event":"Seen","context":{"consent":{"categoryPreferences":{"Advertising":true}}}"#,
    );
    let cart = || track("Checkout Started", -DAY, r#"{"checkout_id":7}"#);
    let pro = || identify(r#"{"plan":"pro"}"#);
    let ordered = |id: &str| {
        track(
            "Order Completed",
            -HOUR,
            &format!(r#"{{"checkout_id":{id},"revenue":499}}"#),
        )
    };
    for (events, expected) in [
        (vec![granted.clone(), cart(), pro()], true),
        (vec![cart(), pro()], false),
        (vec![granted.clone(), cart(), pro(), ordered("7")], false),
        (vec![granted.clone(), cart(), pro(), ordered("8")], true),
        (vec![granted.clone(), cart(), ordered("8")], false),
        (
            vec![
                granted.clone(),
                cart(),
                ordered("8"),
                track("Order Completed", -89 * DAY, r#"{"revenue":"1"}"#),
            ],
            true,
        ),
        (
            vec![
                granted.clone(),
                cart(),
                identify(r#"{"plan":"pro","email":"x@acme.example"}"#),
            ],
            false,
        ),
        (vec![granted, track("Checkout Started", -7 * DAY, "{}"), pro()], false),
    ] {
        assert_eq!(member(text, &events), expected, "{events:?}");
    }
}

// ---- enforcement

fn consent(categories: &str) -> String {
    let consent = format!(r#""event":"Seen","context":{{"consent":{{"categoryPreferences":{categories}}}}}"#);
    call("track", -9 * DAY, &consent)
}

/// The names of the destinations of `a` that `u1` is delivered to, and the reasons of the others.
fn delivered(text: &str, events: &[String]) -> (String, Vec<&'static str>) {
    let engine = engine(text);
    let people = people(&engine, events);
    let run = engine.run(&people, now()).unwrap();
    let a = run.audiences.iter().find(|audience| &*audience.name == "a").unwrap();
    assert_eq!(a.size, 1, "{text}");
    let (mut to, mut reasons) = (Vec::new(), Vec::new());
    for destination in &a.destinations {
        assert_eq!(
            destination.delivered.len() + destination.filtered.len(),
            1,
            "each member is in one of the two"
        );
        if !destination.delivered.is_empty() {
            to.push(&*destination.name);
        }
        reasons.extend(destination.filtered.iter().map(|filtered| filtered.reason));
    }
    (to.join(" "), reasons)
}

#[test]
fn every_required_category_must_be_granted() {
    let text = |before: &str| {
        format!(
            "{before}\ncategory A\ncategory B\ncategory Off disabled\n\
             destination both requires A, B\ndestination one requires A\ndestination off requires Off\n\
             destination mixed requires Off, B\ndestination none requires nothing\ndestination silent\n\
             audience a {{ send to both, one, off, mixed, none, silent }}"
        )
    };
    for (categories, expected) in [
        (r#"{"A":true,"B":true}"#, "both one off mixed none silent"),
        (r#"{"A":true,"B":false}"#, "one off none silent"),
        (r#"{"A":true}"#, "one off none silent"),
        (r#"{"B":true}"#, "off mixed none silent"),
        (r#"{"A":true,"B":true,"Off":false}"#, "both one off mixed none silent"),
        (r#"{"A":false,"B":false}"#, "off none silent"),
    ] {
        let (to, reasons) = delivered(&text(""), &[consent(categories)]);
        assert_eq!(to, expected, "{categories}");
        assert!(reasons.iter().all(|reason| *reason == "FILTERED_BY_END_USER_CONSENT"));
        assert_eq!(
            delivered(&text("consent enforcement on"), &[consent(categories)]).0,
            expected
        );
        let (to, _) = delivered(&text("consent enforcement off"), &[consent(categories)]);
        assert_eq!(to, "both one off mixed none silent", "{categories}");
    }
    let engine = engine(&text(""));
    let silent: Vec<_> = engine
        .warnings()
        .iter()
        .filter(|w| w.code == Code::SilentDestination)
        .collect();
    assert_eq!(silent.len(), 1);
    assert_eq!(engine.sources().slice(silent[0].span), "silent");
}

#[test]
fn destinations_of_one_type_require_the_same() {
    for (first, second, sound) in [
        ("requires A", "requires A", true),
        ("requires A, B", "requires B, A", true),
        ("requires A", "requires B", false),
        ("requires A", "requires A, B", false),
        ("requires A", "requires nothing", false),
        ("requires nothing", "requires nothing", true),
    ] {
        let text = format!(
            "category A\ncategory B\ndestination x {first} {{ type \"T\" }}\ndestination y {second} {{ type \"T\" }}"
        );
        assert_eq!(errors(&text).is_empty(), sound, "{text}");
        // The type is the destination's own name where none is written.
        let text = format!("category A\ncategory B\ndestination x {first} {{ type \"y\" }}\ndestination y {second}");
        assert_eq!(errors(&text).is_empty(), sound, "{text}");
        let text = format!("category A\ncategory B\ndestination x {first}\ndestination y {second}");
        assert!(errors(&text).is_empty(), "{text}");
    }
}
