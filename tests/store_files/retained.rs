//! `volens ingest --retain`: old history is gone from the files, definitions that could see it are refused with their place.

use super::*;

/// Runs `ingest` with the events of a file.
fn retain(scratch: &Scratch, lines: &[Json], more: &[&str]) -> (i32, String, String) {
    let lines: Vec<String> = lines.iter().map(Json::to_string).collect();
    let events = scratch.file("events.jsonl", lines.join("\n"));
    let space = scratch.path("space.audience");
    let store = scratch.path("store");
    let mut arguments = vec![
        "ingest",
        text(&space),
        "--store",
        text(&store),
        "--events",
        text(&events),
    ];
    arguments.extend(more);
    done(&arguments)
}

fn order(id: &str, at: &str) -> Json {
    json!({"type": "track", "event": "Order Completed", "userId": "u1", "anonymousId": "a1", "messageId": id, "timestamp": at,
        "properties": {"product": format!("product of {id}")},
        "context": {"page": {"title": format!("page of {id}")}, "traits": {"email": "u1@example.com"}}})
}

/// Who it is and what they want is kept, what they did before is not.
#[test]
fn old_history_is_gone_from_the_files_and_nothing_else() {
    let scratch = Scratch::new("retained");
    scratch.file("space.audience", WORKSPACE);
    let store = scratch.path("store");
    let mut refusal = order("refusal", "2026-04-01T00:00:00Z");
    refusal["event"] = json!("Segment Consent Preference Updated");
    refusal["context"]["consent"] = json!({"categoryPreferences": {"Advertising": false}});
    let events = [
        json!({"type": "identify", "userId": "u1", "messageId": "who", "timestamp": "2026-01-01T00:00:00Z", "traits": {"plan": "pro"}}),
        json!({"type": "page", "name": "Old page", "userId": "u1", "timestamp": "2026-05-01T00:00:00Z"}),
        order("old", "2026-05-01T00:00:00Z"),
        // At the horizon itself, and a millisecond after it.
        order("edge", "2026-05-31T00:00:00Z"),
        order("kept", "2026-05-31T00:00:00.001Z"),
        refusal.clone(),
    ];
    assert_eq!(retain(&scratch, &events, &["--now", NOW]).0, 0);
    let before = json!(read(&store).unwrap().find("user_id", "u1").unwrap());

    let (code, out, err) = retain(&scratch, &events, &["--now", NOW, "--retain", "30 days"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.ends_with("History is kept since 2026-05-31T00:00:00Z\n"), "{out}");
    let mut expected = before.clone();
    expected["events"] = json!([{"name": "Order Completed", "message_id": "kept", "timestamp": "2026-05-31T00:00:00.001Z",
        "properties": {"product": "product of kept"}}]);
    assert_eq!(
        json!(read(&store).unwrap().find("email", "u1@example.com").unwrap()),
        expected
    );
    let left = |gone: &str| files(&store).values().any(|bytes| holds(bytes, gone.as_bytes()));
    for gone in [
        "product of old",
        "page of old",
        "product of edge",
        "Old page",
        "product of refusal",
        "page of refusal",
    ] {
        assert!(!left(gone), "{gone}");
    }
    assert!(left("product of kept"));
    let audit = String::from_utf8(files(&store)["audit.jsonl"].clone()).unwrap();
    let line: Json = serde_json::from_str(&audit).unwrap();
    assert_eq!(
        line,
        json!({"time": NOW, "action": "history dropped", "up_to": "2026-05-31T00:00:00Z"})
    );

    // The same files again apply nothing, and nothing comes back.
    let stored = files_without_lock(&store);
    let (code, out, _) = retain(&scratch, &events, &["--now", NOW, "--format", "json"]);
    let report: Json = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["events"]["applied"]), (0, &json!(0)), "{report}");
    assert_eq!(report["history_since"], "2026-05-31T00:00:00Z");
    assert!(files_without_lock(&store) == stored);

    // What comes late is refused by name, unless it says something of consent; then that alone counts.
    let mut grant = refusal;
    grant["messageId"] = json!("late consent");
    grant["timestamp"] = json!("2026-04-02T00:00:00Z");
    grant["context"]["consent"]["categoryPreferences"]["Analytics"] = json!(true);
    grant["properties"]["product"] = json!("product of late consent");
    let late = [order("late", "2026-05-30T23:59:59.999Z"), grant];
    let (code, out, err) = retain(&scratch, &late, &["--now", NOW]);
    assert_eq!(code, 0);
    assert!(out.starts_with("2 events read: 1 applied, 1 rejected\n"), "{out}");
    let refused = ":1: older_than_retention: history up to 2026-05-31T00:00:00Z was dropped, and it is of 2026-05-30T23:59:59.999Z\n";
    assert!(err.starts_with("rejected: ") && err.ends_with(refused), "{err}");
    assert!(!left("product of late"));
    let after = json!(read(&store).unwrap().find("user_id", "u1").unwrap());
    assert_eq!(after["events"], expected["events"]);
    assert_eq!(
        after["consent"]["categories"],
        json!({"Advertising": "denied", "Analytics": "granted"})
    );
}

fn files_without_lock(store: &Path) -> BTreeMap<String, Vec<u8>> {
    // The notes of what was acknowledged are made anew with every opening.
    files(store)
        .into_iter()
        .filter(|(name, _)| name != "lock" && name != "head")
        .collect()
}

/// A shorter length drops more, a longer one brings nothing back.
#[test]
fn history_can_be_made_shorter_and_never_longer() {
    let scratch = Scratch::new("lengths");
    scratch.file("space.audience", WORKSPACE);
    let store = scratch.path("store");
    let days: Vec<Json> = (1..=28)
        .map(|day| order(&format!("{day}"), &format!("2026-05-{day:02}T00:00:00Z")))
        .collect();
    let kept = || {
        read(&store)
            .unwrap()
            .find("user_id", "u1")
            .unwrap()
            .history()
            .of("Order Completed")
            .len()
    };
    let mut sizes = Vec::new();
    for (length, expected, since) in [
        ("60 days", 28, "2026-05-01T00:00:00Z"),
        ("40 days", 7, "2026-05-21T00:00:00Z"),
        ("8 weeks", 7, "2026-05-21T00:00:00Z"),
        ("40 days", 7, "2026-05-21T00:00:00Z"),
        ("34 days", 1, "2026-05-27T00:00:00Z"),
    ] {
        let (code, out, err) = retain(&scratch, &days, &["--now", NOW, "--retain", length, "--format", "json"]);
        assert_eq!(code, 0, "{err}");
        let report: Json = serde_json::from_str(&out).unwrap();
        assert_eq!(report["history_since"], since, "{length}");
        // The first of May is at the horizon of 60 days, and was never stored.
        assert_eq!(kept(), expected - usize::from(length == "60 days"), "{length}");
        sizes.push(files(&store)["events-00000001.log"].len());
    }
    assert!(sizes[1] < sizes[0] && sizes[4] < sizes[1]);
}

/// Whoever could see what is gone is told at once, with the place; nothing was changed then.
#[test]
fn definitions_that_see_further_back_are_refused_with_their_place() {
    let scratch = Scratch::new("refused");
    scratch.file("space.audience", WORKSPACE);
    let store = scratch.path("store");
    let events = [order("m1", "2026-05-01T00:00:00Z"), order("m2", "2026-06-20T00:00:00Z")];
    assert_eq!(retain(&scratch, &events, &["--now", NOW]).0, 0);
    let stored = files_without_lock(&store);
    let (code, out, err) = retain(&scratch, &events, &["--now", NOW, "--retain", "29 days"]);
    assert_eq!((code, out.as_str()), (1, ""));
    let place = format!("{}:5:51", text(&scratch.path("space.audience")));
    assert!(
        err.contains("error[beyond-retention]: the audience `buyers` looks further back than events are kept"),
        "{err}"
    );
    assert!(err.contains(&place), "{err}");
    assert!(files_without_lock(&store) == stored, "nothing was dropped");
    assert_eq!(retain(&scratch, &events, &["--now", NOW, "--retain", "0 days"]).0, 2);

    assert_eq!(retain(&scratch, &events, &["--now", NOW, "--retain", "30 days"]).0, 0);
    let space = scratch.path("space.audience");
    for command in ["run", "profile", "explain"] {
        let mut arguments = vec![command, text(&space), "--store", text(&store)];
        if command != "run" {
            arguments.extend(["--profile", "user_id:u1"]);
        }
        if command == "explain" {
            arguments.extend(["--audience", "buyers"]);
        }
        let as_of = |now| done(&[arguments.as_slice(), &["--now", now]].concat());
        assert_eq!(as_of(NOW).0, 0, "{command}");
        assert_eq!(as_of("2026-07-30T00:00:00Z").0, 0, "{command}");
        // As of an earlier instant the audience sees what is gone.
        let (code, out, err) = as_of("2026-06-29T23:59:59.999Z");
        assert_eq!((code, out.as_str()), (1, ""), "{command}");
        assert!(err.contains("beyond-retention") && err.contains(&place), "{err}");
    }
    // A workspace that was changed later.
    scratch.file("space.audience", WORKSPACE.replace("30 days", "31 days"));
    let (code, out, err) = done(&["run", text(&space), "--store", text(&store), "--now", NOW]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains(&place), "{err}");
}
