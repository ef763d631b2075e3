//! `volens explain`: what it prints, and its exit codes.
#![cfg(feature = "cli")]

#[path = "command/mod.rs"]
mod command;

use std::fs;
use std::path::{Path, PathBuf};

use command::{Done, volens_in};
use serde_json::json;

const WORKSPACE: &str = r#"category Advertising
destination google_ads requires Advertising
destination crm requires nothing
destination unused requires nothing
audience cart_abandoners {
  who performed "Checkout Started" within 7 days   # this week
        then not performed "Order Completed" within 1 day
    and trait plan in ["pro", "business"]
  send to google_ads, crm
}
audience alone {}
audience elsewhere { send to unused }
"#;

const EVENTS: &str = r#"{"type":"identify","userId":"u2","messageId":"m1","timestamp":"2026-06-01T00:00:00Z","traits":{"plan":"pro"}}
{"type":"track","event":"Checkout Started","userId":"u2","messageId":"m2","timestamp":"2026-06-29T00:00:00Z"}
{"type":"track","event":"Segment Consent Preference Updated","userId":"u2","messageId":"m7","timestamp":"2026-06-01T00:00:00Z","context":{"consent":{"categoryPreferences":{"Advertising":false}}}}
"#;

fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli_explain").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("shop.audience"), WORKSPACE).unwrap();
    fs::write(folder.join("events.jsonl"), EVENTS).unwrap();
    folder
}

/// The command as of now with the workspace and the events of a folder.
fn command_in(folder: &Path, command: &str, more: &[&str]) -> Done {
    let files = [command, "shop.audience", "--events", "events.jsonl"];
    let now = ["--now", "2026-06-30T00:00:00Z"];
    volens_in(folder, &[&files[..], &now, more].concat(), "")
}

fn explain(test: &str, audience: &str, profile: &str, more: &[&str]) -> Done {
    let asked = ["--audience", audience, "--profile", profile];
    command_in(&folder(test), "explain", &[&asked[..], more].concat())
}

#[test]
fn the_text_is_a_tree_with_the_destinations_below() {
    let done = explain("text", "cart_abandoners", "user_id:u2", &[]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let expected = r#"user_id:u2 is a member of cart_abandoners, as of 2026-06-30T00:00:00Z
until 2026-07-06T00:00:00Z, if nothing else happens

✓ all of
  ✓ performed "Checkout Started" within 7 days
      the only "Checkout Started" event within the last 7 days (since 2026-06-23T00:00:00Z) was not followed by "Order Completed" within 1 day, at 2026-06-29T00:00:00Z (message m2)
    ✓ then not performed "Order Completed" within 1 day
        no "Order Completed" event within 1 day after that
  ✓ trait plan in ["pro", "business"]
      trait plan is "pro", one of "business", "pro"

Destinations
  ✗ google_ads: not delivered, for want of consent
        category     preference  enforced  since                 message  rule
      ✗ Advertising  denied      yes       2026-06-01T00:00:00Z  m7       CP-5
  ✓ crm: delivered, it requires no consent

What would change it
  consent to Advertising would deliver to google_ads
  `performed "Checkout Started" within 7 days then not performed "Order Completed" within 1 day` would have to no longer hold to end its membership
"#;
    assert_eq!(done.out, expected);
}

#[test]
fn the_json_is_that_of_its_description() {
    let done = explain("json", "cart_abandoners", "user_id:u2", &["--format", "json"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let json: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(json["profile"], "user_id:u2");
    assert_eq!(json["audience"], "cart_abandoners");
    assert_eq!(json["member"], true);
    assert_eq!(json["until"], "2026-07-06T00:00:00Z");
    assert_eq!(json["conditions"]["kind"], "and");
    assert_eq!(
        json["destinations"]["google_ads"],
        json!({
            "delivered": false,
            "requires": {"Advertising": "denied"},
            "preferences": [{
                "category": "Advertising", "state": "denied", "required": true, "enforced": true,
                "since": "2026-06-01T00:00:00Z", "message_id": "m7", "rule": "CP-5"
            }],
            "because": "consent to Advertising is denied (since 2026-06-01T00:00:00Z, message m7)"
        })
    );
    assert_eq!(
        json["would_change"][0],
        "consent to Advertising would deliver to google_ads"
    );
    let names: Vec<&String> = json["destinations"].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 2);
}

#[test]
fn one_destination_alone() {
    let done = explain(
        "one",
        "cart_abandoners",
        "user_id:u2",
        &["--format", "json", "--destination", "crm"],
    );
    assert_eq!(done.code, 0, "{}", done.err);
    let json: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(
        json["destinations"],
        json!({"crm": {
            "delivered": true, "requires": {}, "because": "it requires no consent",
            "preferences": [{
                "category": "Advertising", "state": "denied", "required": false, "enforced": false,
                "since": "2026-06-01T00:00:00Z", "message_id": "m7", "rule": "CP-5"
            }]
        }})
    );
    // Nothing of what would change another one.
    assert_eq!(json["would_change"].as_array().unwrap().len(), 1);
}

const COMPARED: &str = r#"category Advertising
category Analytics
category Functional disabled
category Targeting
destination google_ads requires Advertising, Analytics, Functional, Targeting
destination crm requires nothing
audience everybody { send to google_ads, crm }
"#;

/// A grant that is refused later, one that stays, a refusal that nothing enforces, and a category that the workspace does not have.
const PREFERENCES: &str = r#"{"type":"identify","userId":"u2","messageId":"m1","timestamp":"2026-06-01T00:00:00Z","context":{"consent":{"categoryPreferences":{"Advertising":true,"Analytics":true,"Elsewhere":true,"Functional":false}}}}
{"type":"track","event":"Seen","userId":"u2","messageId":"m2","timestamp":"2026-06-02T00:00:00Z","context":{"consent":{"categoryPreferences":{"Analytics":true,"Elsewhere":true,"Functional":false}}}}
"#;

fn compared(test: &str, more: &[&str]) -> Done {
    let folder = folder(test);
    fs::write(folder.join("shop.audience"), COMPARED).unwrap();
    fs::write(folder.join("events.jsonl"), PREFERENCES).unwrap();
    let asked = ["--audience", "everybody", "--profile", "user_id:u2"];
    command_in(&folder, "explain", &[&asked[..], more].concat())
}

#[test]
fn preferences_stand_beside_what_a_destination_requires() {
    insta::assert_snapshot!("compared", compared("compared", &[]).out);
    let one = compared("compared_one", &["--destination", "google_ads"]);
    assert_eq!((one.code, one.err.as_str()), (0, ""));
    insta::assert_snapshot!("compared_at_one", one.out);
    let crm = compared("compared_crm", &["--destination", "crm"]);
    insta::assert_snapshot!("compared_at_crm", crm.out);
    let json = compared("compared_json", &["--destination", "google_ads", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let preferences = &json["destinations"]["google_ads"];
    insta::assert_snapshot!("compared_json", serde_json::to_string_pretty(preferences).unwrap());
}

#[test]
fn what_does_not_exist_is_bad_usage() {
    let cases: [(&str, &str, &[&str], &str); 7] = [
        (
            "cart_abandonner",
            "user_id:u2",
            &[],
            "there is no audience `cart_abandonner`; did you mean `cart_abandoners`?",
        ),
        (
            "nothing_like_it",
            "user_id:u2",
            &[],
            "there is no audience `nothing_like_it`",
        ),
        ("cart_abandoners", "user_id:u9", &[], "no profile has user_id:u9"),
        (
            "cart_abandoners",
            "u2",
            &[],
            "`u2` is no identifier: write TYPE:VALUE, such as user_id:u1",
        ),
        (
            "cart_abandoners",
            "user_id:u2",
            &["--destination", "google_adds"],
            "there is no destination `google_adds`; did you mean `google_ads`?",
        ),
        (
            "cart_abandoners",
            "user_id:u2",
            &["--destination", "unused"],
            "the audience `cart_abandoners` is not sent to `unused`; it is sent to google_ads, crm",
        ),
        (
            "alone",
            "user_id:u2",
            &["--destination", "crm"],
            "the audience `alone` is not sent to `crm`; it is sent nowhere",
        ),
    ];
    for (at, (audience, profile, more, message)) in cases.into_iter().enumerate() {
        let done = explain(&format!("usage{at}"), audience, profile, more);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{message}");
        assert_eq!(done.err, format!("error: {message}\n"));
    }
}

const ACCOUNTS: &str = r#"category Advertising
destination google_ads requires Advertising
account trait revenue = sum of revenue from "Order Completed"
audience led of accounts {
  who any user (trait role = "admin") and account trait revenue >= 100
  send to google_ads
}
audience people_of_led { who member of led }
"#;

const ACCOUNT_EVENTS: &str = r#"{"type":"identify","userId":"u1","messageId":"m1","timestamp":"2026-06-01T00:00:00Z","traits":{"role":"admin"},"context":{"consent":{"categoryPreferences":{"Advertising":true}}}}
{"type":"group","userId":"u1","groupId":"acme","messageId":"m2","timestamp":"2026-06-01T00:00:00Z","traits":{"plan":"pro"}}
{"type":"group","userId":"u2","groupId":"acme","messageId":"m3","timestamp":"2026-06-01T00:00:00Z"}
{"type":"track","event":"Order Completed","userId":"u2","messageId":"m4","timestamp":"2026-06-02T00:00:00Z","properties":{"revenue":120}}
"#;

fn about_accounts(test: &str, command: &str, arguments: &[&str]) -> Done {
    let folder = folder(test);
    fs::write(folder.join("shop.audience"), ACCOUNTS).unwrap();
    fs::write(folder.join("events.jsonl"), ACCOUNT_EVENTS).unwrap();
    command_in(&folder, command, arguments)
}

#[test]
fn an_account_can_be_asked_about() {
    let asked = ["--audience", "led", "--profile", "group_id:acme"];
    let done = about_accounts("account", "explain", &asked);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    insta::assert_snapshot!("account", done.out);
    let json = ["--format", "json", "--destination", "google_ads"];
    let done = about_accounts("account_json", "explain", &[&asked[..], &json].concat());
    let json: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(
        (&json["profile"], &json["member"]),
        (&json!("group_id:acme"), &json!(true))
    );
    assert_eq!(
        json["destinations"],
        json!({"google_ads": {
            "delivered": true,
            "requires": {"Advertising": {"granted": 1, "not collected": 1}},
            "preferences": [{
                "category": "Advertising", "required": true, "enforced": true,
                "users": {"granted": 1, "not collected": 1},
            }],
            "users": {"delivered": 1, "filtered": 1, "left_out": 0},
            "because": "1 of its 2 users is delivered, 1 is filtered for want of consent",
        }})
    );
    let user = ["--audience", "people_of_led", "--profile", "user_id:u2"];
    let done = about_accounts("account_user", "explain", &user);
    assert!(
        done.out.contains("the account group_id:acme of user_id:u2 is in led"),
        "{}",
        done.out
    );
}

#[test]
fn whom_to_ask_about_instead() {
    for (at, (audience, profile, message)) in [
        (
            "led",
            "user_id:u2",
            "`led` is an audience of accounts, so ask about an account: user_id:u2 has group_id:acme",
        ),
        (
            "people_of_led",
            "group_id:acme",
            "`people_of_led` is an audience of users, so ask about a user: group_id:acme has user_id:u1, user_id:u2",
        ),
        ("led", "group_id:x", "no account has group_id:x"),
        ("led", "user_id:x", "no profile has user_id:x"),
    ]
    .into_iter()
    .enumerate()
    {
        let asked = ["--audience", audience, "--profile", profile];
        let done = about_accounts(&format!("instead{at}"), "explain", &asked);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{message}");
        assert_eq!(done.err, format!("error: {message}\n"));
    }
}

#[test]
fn an_account_is_shown_like_a_profile() {
    let done = about_accounts("profile", "profile", &["--profile", "group_id:acme"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    insta::assert_snapshot!("profile_of_an_account", done.out);
    let json = ["--profile", "group_id:acme", "--format", "json"];
    let done = about_accounts("profile_json", "profile", &json);
    let json: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(
        json,
        json!({
            "profile": "group_id:acme",
            "traits": {"plan": "pro"},
            "computed_traits": {"revenue": 120},
            "audiences": {"led": true},
            "users": ["user_id:u1", "user_id:u2"],
        })
    );
    let done = about_accounts("profile_none", "profile", &["--profile", "group_id:x"]);
    assert_eq!(
        (done.code, done.err.as_str()),
        (2, "error: no account has group_id:x\n")
    );
}

const THROUGH: &str = r#"category Advertising
destination google_ads requires Advertising
destination crm requires nothing
audience upsell of accounts {
  who account trait plan = "pro"
  send to google_ads, crm
}
audience agreed of accounts {
  who account trait plan = "pro"
  consent to Advertising
  send to crm
}
audience kept of accounts { who account trait plan = "pro" }
audience elsewhere of accounts { who account trait plan = "free" send to crm }
audience own { send to crm }
"#;

/// Acme and beta are on `pro`, gamma is not; ann agreed to nothing and is of all three, ben agreed.
const THROUGH_EVENTS: &str = r#"{"type":"group","userId":"ann","groupId":"acme","messageId":"m1","timestamp":"2026-06-01T00:00:00Z","traits":{"plan":"pro"}}
{"type":"group","userId":"ann","groupId":"beta","messageId":"m2","timestamp":"2026-06-01T00:00:00Z","traits":{"plan":"pro"}}
{"type":"group","userId":"ann","groupId":"gamma","messageId":"m3","timestamp":"2026-06-01T00:00:00Z","traits":{"plan":"basic"}}
{"type":"group","userId":"ben","groupId":"acme","messageId":"m4","timestamp":"2026-06-01T00:00:00Z","context":{"consent":{"categoryPreferences":{"Advertising":true}}}}
{"type":"identify","userId":"cleo","messageId":"m5","timestamp":"2026-06-01T00:00:00Z"}
"#;

#[test]
fn a_profile_shows_what_reaches_it_through_its_accounts() {
    let profile = |test: &str, of: &str, more: &[&str]| {
        let folder = folder(test);
        fs::write(folder.join("shop.audience"), THROUGH).unwrap();
        fs::write(folder.join("events.jsonl"), THROUGH_EVENTS).unwrap();
        let done = command_in(&folder, "profile", &[&["--profile", of], more].concat());
        assert_eq!(done.err, "");
        done.out
    };
    let section = |text: &str| {
        let (_, after) = text.split_once("Audiences and their destinations\n").unwrap();
        after.split("\n\n").next().unwrap().to_owned()
    };
    let ann = section(&profile("through_ann", "user_id:ann", &[]));
    let lines: Vec<&str> = ann.lines().map(str::trim).collect();
    let squeezed: Vec<String> = lines
        .iter()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        squeezed,
        [
            "own crm delivered",
            "upsell (group_id:acme, group_id:beta) google_ads filtered: Advertising not collected",
            "crm delivered",
            "agreed (group_id:acme, group_id:beta) (left out by the audience's clauses)",
            "kept (group_id:acme, group_id:beta) (sent nowhere)",
        ]
    );
    let ben = section(&profile("through_ben", "user_id:ben", &[]));
    assert!(
        ben.contains("upsell (group_id:acme)  google_ads      delivered"),
        "{ben}"
    );
    assert!(!ben.contains("left out"), "{ben}");
    let cleo = section(&profile("through_cleo", "user_id:cleo", &[]));
    assert_eq!(cleo, "  own  crm  delivered");

    let json = |test: &str, of: &str| -> serde_json::Value {
        serde_json::from_str(&profile(test, of, &["--format", "json"])).unwrap()
    };
    let ann = json("through_ann_json", "user_id:ann");
    assert_eq!(ann["audiences"], json!({"own": true}));
    let both = json!(["group_id:acme", "group_id:beta"]);
    assert_eq!(
        ann["account_audiences"],
        json!({
            "upsell": {"accounts": both, "left_out": false},
            "agreed": {"accounts": both, "left_out": true},
            "kept": {"accounts": both, "left_out": false},
        })
    );
    let cleo = json("through_cleo_json", "user_id:cleo");
    assert!(cleo.get("account_audiences").is_none(), "{cleo}");
    // A host can read the profile back from it.
    let back: volens::Profile = serde_json::from_value(ann).unwrap();
    assert_eq!(back.accounts().count(), 3);
}
