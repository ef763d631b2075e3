//! `volens overview`: what it prints and writes, and its exit codes. What the page looks like in a browser is
//! `tests/overview_page`.
#![cfg(feature = "cli")]

#[path = "command/mod.rs"]
mod command;

use std::fs;
use std::path::{Path, PathBuf};

use command::{Done, volens_in};
use serde_json::{Value as Json, json};

const NOW: &str = "2026-06-30T00:00:00Z";

fn volens(arguments: &[&str]) -> Done {
    volens_in(env!("CARGO_MANIFEST_DIR"), arguments, "")
}

fn out(done: &Done) -> String {
    assert_eq!(done.code, 0, "{}", done.err);
    done.out.clone()
}

fn json_of(arguments: &[&str]) -> Json {
    serde_json::from_str(&out(&volens(&[arguments, &["--format", "json"]].concat()))).unwrap()
}

fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli_overview").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn file(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The arguments for an example.
fn example<'a>(command: &'a str, workspace: &'a str, events: &'a str) -> [&'a str; 6] {
    [command, workspace, "--events", events, "--now", NOW]
}

const EXAMPLES: [(&str, &str, &str); 3] = [
    ("media", "examples/media", "examples/media/events.jsonl"),
    ("saas", "examples/saas", "examples/saas/events.jsonl"),
    ("shop", "examples/shop", "examples/shop/events.jsonl"),
];

#[test]
fn the_text_fits_80_columns_and_the_json_says_the_same() {
    for (name, workspace, events) in EXAMPLES {
        let text = out(&volens(&example("overview", workspace, events)));
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        insta::assert_snapshot!(format!("{name}_text"), text);
        insta::assert_snapshot!(
            format!("{name}_json"),
            out(&volens(
                &[
                    &example("overview", workspace, events)[..],
                    &["--format", "json", "--samples", "2"]
                ]
                .concat()
            ))
        );
    }
}

#[test]
fn the_numbers_are_those_of_run_and_route() {
    for (_, workspace, events) in EXAMPLES {
        let overview = json_of(&example("overview", workspace, events));
        let run = json_of(&example("run", workspace, events));
        for (told, count) in [
            (&overview["events"]["received"], "read"),
            (&overview["events"]["failed_on_ingest"], "rejected"),
            (&overview["events"]["accepted"], "applied"),
            (&overview["events"]["in_no_step"]["duplicate"], "duplicate"),
            (&overview["events"]["in_no_step"]["later"], "later"),
        ] {
            assert_eq!(*told, run["events"][count], "{count}");
        }
        assert_eq!(overview["profiles"], run["profiles"]);
        let audiences = run["audiences"].as_object().unwrap();
        assert_eq!(overview["audiences"].as_object().unwrap().len(), audiences.len());
        for (audience, its) in audiences {
            let flows = &overview["audiences"][audience];
            assert_eq!(flows["size"], its["size"]);
            for (destination, its) in its["destinations"].as_object().unwrap() {
                let flow = &flows["destinations"][destination];
                let count = |key: &str| its[key].as_array().unwrap().len();
                assert_eq!(flow["delivered"], json!(count("delivered")), "{audience} {destination}");
                assert_eq!(flow["filtered"], json!(count("filtered")), "{audience} {destination}");
                assert_eq!(flow["requires"], its["requires"]);
            }
        }
    }
}

/// The data in a page.
fn data(page: &str) -> Json {
    let (_, rest) = page
        .split_once(r#"<script type="application/json" id="data">"#)
        .unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

#[test]
fn the_page_has_the_data_and_needs_nothing_else() {
    let folder = scratch("page");
    let html = folder.join("overview.html");
    let (_, workspace, events) = EXAMPLES[2];
    let arguments = example("overview", workspace, events);
    let text = out(&volens(&[&arguments[..], &["--html", html.to_str().unwrap()]].concat()));
    // The text is printed as without it.
    assert_eq!(text, out(&volens(&arguments)));
    let page = fs::read_to_string(&html).unwrap();
    assert_eq!(data(&page), json_of(&arguments));
    for address in ["http:", "https:", "//", "url(", "@import", "src=", "srcset"] {
        let (before, rest) = page
            .split_once(r#"<script type="application/json" id="data">"#)
            .unwrap();
        let (_, script) = rest.split_once("</script>").unwrap();
        // A comment of the script begins with two slashes, too.
        let found = [before, script]
            .iter()
            .flat_map(|part| part.lines())
            .find(|line| line.contains(address) && !(address == "//" && line.trim_start().starts_with("// ")));
        assert_eq!(found, None, "{address}");
    }
    assert!(!page.contains("innerHTML") && !page.contains("{{"));
    assert!(page.contains("default-src 'none'; script-src 'sha256-"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn what_senders_chose_cannot_leave_the_data() {
    let folder = scratch("hostile");
    let label = r"</script><script>alert(1)</script><!-- \u2028";
    let workspace = file(
        &folder,
        "a.audience",
        &format!("category Ads\ndestination d \"{label}\" requires Ads\naudience a \"{label}\" {{ send to d }}\n"),
    );
    let id = "</SCRIPT ><img src=x onerror=alert(1)>\u{2028}&quot;\u{0}";
    let event = json!({"type": "identify", "userId": id, "timestamp": "2026-06-01"}).to_string();
    let refused = json!({"type": "track", "userId": "u", "event": id, "properties": id, "messageId": id}).to_string();
    let events = file(&folder, "events.jsonl", &format!("{event}\n{refused}\n"));
    let html = folder.join("o.html");
    out(&volens(
        &[
            &example("overview", &workspace, &events)[..],
            &["--html", html.to_str().unwrap()],
        ]
        .concat(),
    ));
    let page = fs::read_to_string(&html).unwrap();
    // Two elements, each with its end, whatever a name says.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.to_lowercase().matches("</script").count(), 2);
    assert!(!page.contains("<!--") && !page.contains("<img") && !page.contains('\u{2028}'));
    let sample = &data(&page)["audiences"]["a"]["destinations"]["d"]["discards"][0]["samples"][0];
    assert_eq!(sample["profile"], json!(format!("user_id:{id}")));
}

#[test]
fn samples_are_as_many_as_were_asked_for_and_one_of_each_kind() {
    let folder = scratch("samples");
    let workspace = file(
        &folder,
        "a.audience",
        "category Ads\ndestination d requires Ads\naudience a { send to d }\n",
    );
    let mut lines = String::new();
    for number in 100..130 {
        // The last was never asked, the others refuse.
        let context = if number == 129 {
            json!({})
        } else {
            json!({"consent": {}})
        };
        let event =
            json!({"type": "identify", "userId": format!("u{number}"), "timestamp": "2026-06-01", "context": context});
        lines += &format!("{event}\n{{\"type\": \"identify\"}}\n");
    }
    // A code that comes late, and once.
    lines += "no JSON\n";
    let events = file(&folder, "events.jsonl", &lines);
    for (samples, count) in [("0", 0), ("1", 1), ("10", 10)] {
        let told = json_of(&[&example("overview", &workspace, &events)[..], &["--samples", samples]].concat());
        assert_eq!(told["samples"], json!(count));
        let discard = &told["audiences"]["a"]["destinations"]["d"]["discards"][0];
        assert_eq!(discard["count"], 30);
        assert_eq!(
            discard["categories"],
            json!({"Ads": {"denied": 29, "not collected": 1}})
        );
        let shown = discard["samples"].as_array().unwrap();
        assert_eq!(shown.len(), count);
        if count == 10 {
            assert_eq!(
                shown[9],
                json!({"profile": "user_id:u129", "categories": {"Ads": "not collected"}})
            );
        }
        let failures = told["events"]["failures"].as_array().unwrap();
        let failures: Vec<(&Json, usize)> = failures
            .iter()
            .map(|f| (&f["count"], f["samples"].as_array().unwrap().len()))
            .collect();
        assert_eq!(failures, [(&json!(1), count.min(1)), (&json!(30), count)]);
        let text = out(&volens(
            &[&example("overview", &workspace, &events)[..], &["--samples", samples]].concat(),
        ));
        assert_eq!(text.contains("user_id:u"), count > 0);
    }
    // What is told on standard error is no more for it.
    let err = volens(&example("overview", &workspace, &events)).err;
    assert_eq!(err.matches("rejected: ").count(), 11, "{err}");
    assert!(err.contains("rejected: 21 more"), "{err}");
}

#[test]
fn a_store_has_the_same_pipelines() {
    let folder = scratch("store");
    let store = folder.join("store");
    let store = store.to_str().unwrap();
    let (_, workspace, events) = EXAMPLES[2];
    out(&volens(
        &[&example("ingest", workspace, events)[..], &["--store", store]].concat(),
    ));
    let of_files = json_of(&example("overview", workspace, events));
    let of_store = json_of(&["overview", workspace, "--store", store, "--now", NOW]);
    assert_eq!(of_store["audiences"], of_files["audiences"]);
    assert_eq!(of_store["events"]["accepted"], of_files["events"]["accepted"]);
    for (destination, flow) in of_files["events"]["destinations"].as_object().unwrap() {
        for key in ["entered", "filtered", "delivered"] {
            assert_eq!(
                of_store["events"]["destinations"][destination][key], flow[key],
                "{destination} {key}"
            );
        }
    }
    // What was refused when it was stored is not in the store.
    assert_eq!(of_store["events"]["failures"], json!([]));
    // And the page must not go in there.
    let inside = format!("{store}/overview.html");
    let done = volens(&["overview", workspace, "--store", store, "--now", NOW, "--html", &inside]);
    assert_eq!(done.code, 2);
    assert!(!Path::new(&inside).exists());
}

#[test]
fn of_events_whose_history_was_dropped_nobody_knows_where_they_went() {
    let folder = scratch("dropped");
    let workspace = file(
        &folder,
        "a.audience",
        "category Ads\ndestination d requires Ads\naudience a { include anonymous  send to d }\n",
    );
    let track = |id: &str, user: &str, time: &str, granted: bool| {
        let consent = json!({"categoryPreferences": {"Ads": granted}});
        json!({"type": "track", "event": "E", "userId": user, "messageId": id, "timestamp": time,
            "context": {"consent": consent}, "integrations": {"d": false}})
        .to_string()
    };
    let lines = [
        track("old", "u1", "2020-01-01", true),
        track("new", "u1", "2026-06-01", true),
        track("other", "u2", "2026-06-01", false),
        track("coming", "u1", "2026-07-01", true),
    ];
    let events = file(&folder, "events.jsonl", &lines.join("\n"));
    let store = folder.join("store");
    let store = store.to_str().unwrap();
    out(&volens(
        &[&example("ingest", &workspace, &events)[..], &["--store", store]].concat(),
    ));
    let told = || {
        let told = json_of(&["overview", &workspace, "--store", store, "--now", NOW]);
        let flow = &told["events"]["destinations"]["d"];
        let discards = flow["discards"].as_array().unwrap().iter();
        let discards: Vec<(String, u64)> = discards
            .map(|d| (d["reason"].as_str().unwrap().to_owned(), d["count"].as_u64().unwrap()))
            .collect();
        (told["events"]["accepted"].clone(), flow["delivered"].clone(), discards)
    };
    let (consent, integrations) = (
        "FILTERED_BY_END_USER_CONSENT".to_owned(),
        "FILTERED_BY_INTEGRATIONS_OBJECT".to_owned(),
    );
    assert_eq!(
        told(),
        (
            json!(3),
            json!(0),
            vec![(consent.clone(), 1), (integrations.clone(), 2)]
        )
    );
    out(&volens(&[
        "ingest", &workspace, "--store", store, "--retain", "400 days", "--now", NOW,
    ]));
    assert_eq!(
        told(),
        (json!(3), json!(0), vec![(consent, 1), (integrations.clone(), 1)])
    );
    // And of somebody who was forgotten there is nothing.
    out(&volens(&[
        "forget",
        &workspace,
        "--store",
        store,
        "--profile",
        "user_id:u2",
        "--now",
        NOW,
    ]));
    assert_eq!(told(), (json!(2), json!(0), vec![(integrations, 1)]));
}

#[test]
fn what_is_read_is_never_written_over_and_what_fails_loses_nothing() {
    let folder = scratch("safety");
    let workspace = file(&folder, "a.audience", "audience a {}\n");
    let events = file(&folder, "events.jsonl", "{}\n");
    let old = file(&folder, "old.html", "old");
    let missing = folder.join("missing.jsonl");
    let rejects = folder.join("new").to_str().unwrap().to_owned();
    for (events, more) in [
        (events.as_str(), ["--html", &events].as_slice()),
        (&events, &["--html", &workspace]),
        (&events, &["--html", "-"]),
        (&events, &["--html", "no/such/folder/file.html"]),
        (missing.to_str().unwrap(), &["--html", &old]),
        (&events, &["--html", &old, "--rejects", &old]),
        (&events, &["--html", &rejects, "--rejects", &rejects]),
        (&events, &["--samples", "11"]),
        (&events, &["--samples", "-1"]),
    ] {
        let done = volens(&[&example("overview", &workspace, events)[..], more].concat());
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{more:?}");
        assert!(!done.err.is_empty(), "{more:?}");
    }
    assert_eq!(fs::read_to_string(&events).unwrap(), "{}\n");
    assert_eq!(fs::read_to_string(&workspace).unwrap(), "audience a {}\n");
    assert_eq!(fs::read_to_string(&old).unwrap(), "old");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
    out(&volens(
        &[&example("overview", &workspace, &events)[..], &["--html", &old]].concat(),
    ));
    assert!(fs::read_to_string(&old).unwrap().starts_with("<!doctype html>"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
}

#[test]
fn nothing_and_very_long_names_are_shown_too() {
    let folder = scratch("edges");
    let long = "long ".repeat(60);
    let long = long.trim_end();
    let workspace = file(
        &folder,
        "a.audience",
        &format!(
            "category Ads\ndestination \"{long}\" \"🦊🦊🦊\" requires Ads\naudience \"{long}\" \"שלום\" {{ send to \"{long}\" }}\naudience b {{}}\n"
        ),
    );
    let nobody = file(&folder, "nobody.jsonl", "");
    insta::assert_snapshot!("nobody_text", out(&volens(&example("overview", &workspace, &nobody))));
    let id = format!("{}\u{202e}", "x".repeat(300));
    let somebody = file(
        &folder,
        "somebody.jsonl",
        &format!(
            "{}\n",
            json!({"type": "identify", "userId": id, "timestamp": "2026-06-01"})
        ),
    );
    let text = out(&volens(&example("overview", &workspace, &somebody)));
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!("long_text", text);
    let empty = file(&folder, "empty.audience", "category Ads\n");
    assert!(out(&volens(&example("overview", &empty, &nobody))).contains("There is none."));
}
