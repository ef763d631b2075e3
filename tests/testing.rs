//! Snapshots for a host's own tests: what they show, what leaves no trace in them, and that they fail where something is
//! different.
#![cfg(feature = "testing")]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use volens::span::Sources;
use volens::{Engine, Timestamp, render, testing};

fn engine(text: &str) -> Engine {
    Engine::from_text("shop.audience", text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn definition(text: &str, audience: &str) -> String {
    testing::definition(&engine(text), audience).unwrap()
}

fn now() -> Timestamp {
    "2026-06-30".parse().unwrap()
}

const GROUND: &str = r#"
    category Advertising
    category Analytics
    destination google_ads requires Advertising
    destination crm requires nothing
"#;

const BUYERS: &str = r#"
    audience buyers {
      # Who bought, and something else.
      who trait spent > 100 and trait plan = "pro" and (trait city = "Ulm" or not member of staff)
      send to crm, google_ads
    }
"#;

const REFERRED: &str = r#"
    trait spent = sum of revenue from "Order Completed" where (shop = trait shop)
    trait shop = most frequent of shop from "Order Completed"
    audience staff { who member of founders or trait email ends with "@acme.example" }
    audience founders { who trait founder = true }
"#;

#[test]
fn a_definition_shows_its_text_its_consent_and_its_program() {
    insta::assert_snapshot!(definition(&format!("{GROUND}{REFERRED}{BUYERS}"), "buyers"));
}

#[test]
fn what_a_definition_does_not_refer_to_leaves_no_trace() {
    let alone = definition(&format!("{GROUND}{REFERRED}{BUYERS}"), "buyers");
    // The same conditions elsewhere, in another order: their nodes are shared and have other numbers.
    let others = r#"
        consent enforcement on
        identity { email limit 3 }
        event "Order Completed" { revenue: number, shop: string }
        trait city: string
        trait plan: string
        trait email: string
        trait founder: boolean
        account trait spent = count of "Seat Added" where (kind = "paid")
        event "Seat Added" { kind: string }
        trait first_order = first of revenue from "Order Completed" where (revenue > 5)
        category Sale
        destination onsite requires Sale
        audience a { who not member of founders and trait city = "Ulm" and trait plan = "pro" and trait first_order > 3  send to onsite }
        audience b { who member of buyers or trait plan = "pro"  consent to Advertising  send to crm }
    "#;
    for text in [
        format!("{others}{GROUND}{REFERRED}{BUYERS}"),
        format!("{GROUND}{others}{REFERRED}{BUYERS}"),
        format!("{GROUND}{BUYERS}{REFERRED}{others}"),
        format!("{BUYERS}{REFERRED}{GROUND}{others}").replace('\n', "\r\n"),
    ] {
        assert_eq!(definition(&text, "buyers"), alone, "{text}");
    }
    // Nor does it matter what files are called, and in which of them something stands.
    let mut sources = Sources::default();
    for (name, text) in [("z", BUYERS), ("/home/me/a", others), ("b", REFERRED), ("c", GROUND)] {
        sources.add(name, text);
    }
    let scattered = Engine::from_sources(sources).unwrap();
    assert_eq!(testing::definition(&scattered, "buyers").unwrap(), alone);
}

#[test]
fn how_a_definition_is_written_does_not_matter_but_what_it_says_does() {
    let whole = format!("{GROUND}{REFERRED}{BUYERS}");
    let alone = definition(&whole, "buyers");
    for (from, to, same) in [
        ("# Who bought, and something else.", "", true),
        ("\"pro\" and (", "\"pro\"\n\n   and(", true),
        ("spent > 100", "spent > 101", false),
        ("audience buyers {", "audience buyers \"Buyers\" {", false),
        ("send to crm, google_ads", "send to crm", false),
        // What it refers to, at any distance.
        ("ends with", "starts with", false),
        ("founder = true", "founder = false", false),
        ("(shop = trait shop)", "(shop = \"Ulm\")", false),
        ("most frequent of shop", "first of shop", false),
        (
            "audience founders {",
            "audience founders { consent to Analytics ",
            false,
        ),
        // What consent it needs.
        (
            "google_ads requires Advertising",
            "google_ads requires Analytics",
            false,
        ),
        ("google_ads requires Advertising", "google_ads requires nothing", false),
        ("category Advertising", "category Advertising disabled", false),
        ("category Analytics", "category Analytics disabled", true),
        (
            "category Analytics",
            "category Analytics consent enforcement off",
            false,
        ),
    ] {
        assert!(whole.contains(from), "{from}");
        let changed = definition(&whole.replacen(from, to, 1), "buyers");
        assert_eq!(changed == alone, same, "{from} → {to}: {changed}");
    }
}

/// What stands below `CONSENT`.
fn consent(text: &str, audience: &str) -> String {
    let text = definition(text, audience);
    let (_, rest) = text.split_once("\nCONSENT\n").unwrap();
    rest.split_once("\n\nCOMPILED\n").unwrap().0.to_owned()
}

#[test]
fn consent_needs_are_told_in_full() {
    let ground = r#"
        category Advertising
        category Analytics
        category Sale disabled
        destination google_ads requires Advertising, Sale
        destination "old crm"
        destination crm requires nothing
        audience asked { consent to Analytics }
        audience companies of accounts { consent to Analytics }
    "#;
    let told = |audience: &str| consent(&format!("{ground} {audience}"), "a");
    assert_eq!(
        told("audience a {}"),
        "a member need not have granted anything\nsent nowhere"
    );
    assert_eq!(
        told(r#"audience a { consent to Sale and Advertising send to crm, "old crm", google_ads }"#),
        "a member has granted Advertising and Sale\n\
         google_ads requires Advertising, Sale (disabled, not enforced)\n\
         \"old crm\" does not say what it requires, so it receives every member\n\
         crm requires nothing"
    );
    assert_eq!(
        told("consent enforcement off audience a { send to google_ads }"),
        "a member need not have granted anything\n\
         consent enforcement off: every member is delivered, whatever is required\n\
         google_ads requires Advertising, Sale (disabled, not enforced)"
    );
    // Conditions that look at consent, also in what is referred to.
    assert_eq!(
        told("audience a { who member of asked or consent Advertising is denied }"),
        "a member need not have granted anything\n\
         who is in it depends on the consent to Advertising, Analytics\n\
         sent nowhere"
    );
    // The clauses of an audience of accounts say who is delivered, never which account is in it.
    assert_eq!(
        told("audience a of accounts { who member of companies consent to Advertising send to crm }"),
        "a user of a member has granted Advertising\ncrm requires nothing"
    );
}

#[test]
fn a_trait_is_the_one_of_its_subject() {
    let traits = r#"
        trait size = count of "A"
        account trait size = count of "B"
        audience u { who trait x = trait size }
        audience v of accounts { who account trait x = trait size }
        audience w of accounts { who any user (trait x = trait size) }
    "#;
    for (audience, reads, other) in [
        ("u", "\"A\"", "\"B\""),
        ("v", "\"B\"", "\"A\""),
        ("w", "\"A\"", "\"B\""),
    ] {
        let text = definition(traits, audience);
        assert!(text.contains(&format!("size = count of {reads}")), "{audience}: {text}");
        assert!(!text.contains(other), "{audience}: {text}");
    }
}

fn definitions(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            definitions(&path, found);
        } else if path.to_string_lossy().ends_with(".audience") && !path.to_string_lossy().ends_with(".test.audience") {
            found.push(path);
        }
    }
}

/// The lines of a listing without the numbers of nodes, sorted: conditions that cost the same may change places.
fn conditions(listing: &str) -> Vec<String> {
    let unnumbered = |line: &str| {
        let words = line.split(' ').filter(|word| !word.starts_with('#'));
        words.collect::<Vec<_>>().join(" ")
    };
    let mut lines: Vec<String> = listing.trim().lines().map(unnumbered).collect();
    lines.sort();
    lines
}

#[test]
fn every_definition_of_the_corpus_is_told_as_the_whole_workspace_means_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    definitions(&root.join("tests/corpus/ok"), &mut files);
    definitions(&root.join("examples"), &mut files);
    let mut count = 0;
    for path in files {
        // The parts of a workspace of several files do not stand by themselves.
        let Ok(engine) = Engine::load(&path) else { continue };
        let program = engine.program();
        for audience in &program.audiences {
            count += 1;
            let text = testing::definition(&engine, &audience.name).unwrap();
            let (written, rest) = text.split_once("\nCONSENT\n").unwrap();
            let (_, compiled) = rest.split_once("\n\nCOMPILED\n").unwrap();
            let listing = render::program(program, program.audience(&audience.name));
            assert_eq!(
                conditions(compiled),
                conditions(&listing),
                "{} {}",
                path.display(),
                audience.name
            );
            // What is shown as text is in canonical form.
            let written = written.strip_prefix("DEFINITION\n").unwrap();
            for part in written.split("\nREFERS TO\n") {
                assert_eq!(volens::format("part", part).unwrap(), part, "{}", path.display());
            }
        }
    }
    assert!(count > 100, "{count}");
}

const COMPANIES: &str = r#"
    category Advertising
    destination google_ads requires Advertising
    destination crm requires nothing
    identity { email limit 5  block "nobody@acme.example" }
    audience big of accounts { who account trait seats >= 100  include anonymous  send to google_ads, crm }
    audience small of accounts { who account trait seats < 100 }
    audience pros { who trait plan = "pro"  send to google_ads }
    audience everybody {}
"#;

const EVENTS: &str = r#"{"type": "group", "userId": "zoe", "groupId": "acme", "timestamp": "2026-06-01", "traits": {"seats": 250}}
{"type": "group", "userId": "ann", "groupId": "acme", "timestamp": "2026-06-02", "context": {"consent": {"categoryPreferences": {"Advertising": true}}}}
{"type": "group", "userId": "ben", "groupId": "tiny", "timestamp": "2026-06-03", "traits": {"seats": 2}}
{"type": "identify", "userId": "ben", "timestamp": "2026-06-04", "traits": {"plan": "pro", "email": "nobody@acme.example"}, "context": {"consent": {"categoryPreferences": {"Advertising": false}}}}
{"type": "track", "anonymousId": "a1", "event": "Page Viewed", "timestamp": "2026-06-05"}
{"type": "track", "userId": "ann", "event": "Later", "timestamp": "2026-07-05"}
{"type": "trakc", "userId": "typo", "event": "Order Completed", "timestamp": "2026-06-05"}
"#;

#[test]
fn deliveries_show_everybody_and_every_event_that_was_refused() {
    insta::assert_snapshot!(testing::deliveries(&engine(COMPANIES), EVENTS, now()).unwrap());
}

#[test]
fn deliveries_do_not_depend_on_the_order_of_events_or_the_ends_of_lines() {
    let engine = engine(COMPANIES);
    let told = |events: &str| testing::deliveries(&engine, events, now()).unwrap();
    let usual = told(EVENTS);
    assert_eq!(told(&EVENTS.replace('\n', "\r\n")), usual);
    let mut lines: Vec<&str> = EVENTS.lines().collect();
    lines.reverse();
    // The line of the refused event is another one.
    assert_eq!(
        told(&lines.join("\n")),
        usual.replace("line 7 rejected", "line 1 rejected")
    );
}

#[test]
fn with_enforcement_off_the_deliveries_say_so() {
    let engine = engine(&format!("consent enforcement off {COMPANIES}"));
    let text = testing::deliveries(&engine, EVENTS, now()).unwrap();
    assert!(
        text.starts_with("As of 2026-06-30T00:00:00Z, consent enforcement off\n"),
        "{text}"
    );
    assert!(text.contains("pros → google_ads: delivered"), "{text}");
}

#[test]
fn what_senders_chose_cannot_pass_for_a_line() {
    let event = r#"{"type": "identify", "userId": "u1\n\nuser_id:u2\n  pros → google_ads: delivered", "timestamp": "2026-06-01"}"#;
    let text = testing::deliveries(&engine(COMPANIES), event, now()).unwrap();
    assert!(text.contains("\nuser_id:u1\\u{a}\\u{a}user_id:u2"), "{text}");
    assert!(!text.lines().any(|line| line == "user_id:u2"), "{text}");
}

fn panics(assertion: impl FnOnce() + std::panic::UnwindSafe) -> String {
    *std::panic::catch_unwind(assertion).unwrap_err().downcast().unwrap()
}

#[test]
fn a_wrong_name_fails_with_the_error() {
    let engine = engine(COMPANIES);
    assert_eq!(
        testing::definition(&engine, "bigg").unwrap_err().to_string(),
        "there is no audience `bigg`"
    );
    let text = panics(move || volens::assert_definition_snapshot!(engine, "bigg"));
    assert_eq!(text, "there is no audience `bigg`");
}

#[test]
fn names_of_snapshots_can_stand_in_file_names() {
    assert_eq!(
        testing::snapshot_name("cart-abandoners_2"),
        "definition_cart-abandoners_2"
    );
    assert_eq!(testing::snapshot_name("a/b\\c:d .e"), "definition_a_b_c_d__e");
}

/// Set where the tests below are run once more, with something changed.
const CHANGED: &str = "VOLENS_TEST_CHANGED";

fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from));
    match env::var_os(CHANGED) {
        Some(_) => text.replacen(from, to, 1),
        None => text.to_owned(),
    }
}

#[test]
fn held_definition() {
    let text = changed(
        COMPANIES,
        "google_ads requires Advertising",
        "google_ads requires nothing",
    );
    volens::assert_definition_snapshot!(engine(&text), "pros", @r#"
    DEFINITION
    audience pros {
      who trait plan = "pro"
      send to google_ads
    }

    CONSENT
    a member need not have granted anything
    google_ads requires Advertising

    COMPILED
    audience pros
      who
        #0 trait plan = "pro"
      send to google_ads
    "#);
}

#[test]
fn held_definitions_in_files() {
    let text = changed(
        COMPANIES,
        "google_ads requires Advertising",
        "google_ads requires nothing",
    );
    let engine = engine(&text);
    volens::assert_definition_snapshot!(engine, "pros");
    volens::assert_definition_snapshot!("with_a_name", &engine, String::from("pros"));
}

#[test]
fn held_deliveries() {
    let events = changed(EVENTS, "\"Advertising\": false", "\"Advertising\": true");
    volens::assert_deliveries_snapshot!(engine(COMPANIES), &events, now());
    volens::assert_deliveries_snapshot!("deliveries_with_a_name", &engine(COMPANIES), events.as_bytes(), now());
}

/// Runs a test of this file once more, in a process of its own.
fn rerun(test: &str, changed: bool) -> (bool, String) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env("INSTA_UPDATE", "no");
    command.env_remove("INSTA_FORCE_PASS").env_remove(CHANGED);
    if changed {
        command.env(CHANGED, "1");
    }
    let done = command.output().unwrap();
    let text = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(text[0].contains("running 1 test"), "{}", text[0]);
    (done.status.success(), text.concat())
}

#[test]
fn what_is_different_fails_and_is_shown() {
    for (test, was, is) in [
        (
            "held_definition",
            "google_ads requires Advertising",
            "google_ads requires nothing",
        ),
        (
            "held_definitions_in_files",
            "google_ads requires Advertising",
            "google_ads requires nothing",
        ),
        (
            "held_deliveries",
            "pros → google_ads: filtered: Advertising denied",
            "pros → google_ads: delivered",
        ),
    ] {
        let (passed, text) = rerun(test, false);
        assert!(passed, "{text}");
        let (passed, text) = rerun(test, true);
        assert!(!passed, "{test}: {text}");
        assert!(text.contains(was) && text.contains(is), "{test}: {text}");
    }
}

/// The names in an array of a line of TOML.
fn array(line: &str) -> BTreeSet<&str> {
    let (_, rest) = line.split_once('[').unwrap();
    rest.split('"').skip(1).step_by(2).collect()
}

#[test]
fn the_worked_example_is_as_its_readme_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("examples/snapshot_tests/README.md")).unwrap();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let block = |tag: &str| {
        readme
            .split_once(&format!("```{tag}\n"))
            .unwrap()
            .1
            .split_once("```")
            .unwrap()
            .0
    };

    // The features of its manifest are there, and the library that is shipped has none that bring insta.
    let (shipped, tested) = block("toml").split_once("[dev-dependencies]").unwrap();
    assert!(!shipped.contains("features") && manifest.contains("\ndefault = []\n"));
    let features = array(tested);
    assert_eq!(features, BTreeSet::from(["testing"]));
    let feature = manifest.lines().find(|line| line.starts_with("testing = ")).unwrap();
    assert_eq!(array(feature), BTreeSet::from(["dep:insta"]));
    let (_, dependencies) = manifest.split_once("\n[dependencies]\n").unwrap();
    let insta = dependencies.lines().find(|line| line.starts_with("insta = ")).unwrap();
    assert!(insta.contains("optional = true"), "{insta}");

    // The files are there; the manifest is that of this repository.
    let files = block("text")
        .lines()
        .map(|line| line.split_whitespace().next().unwrap());
    let files: Vec<&str> = files.filter(|file| *file != "Cargo.toml").collect();
    assert_eq!(files.len(), 4);
    for file in files {
        assert!(root.join("examples/snapshot_tests").join(file).exists(), "{file}");
    }
    assert!(manifest.contains("path = \"examples/snapshot_tests/tests/audiences.rs\""));
}
