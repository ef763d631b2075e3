//! Identifiers, limits, merges (ID-2 to ID-23).

use volens::model::{IdentifierRule, Period};

use super::*;

/// A page view with these identifiers, on this day of January 2026.
pub(super) fn seen(day: u32, user: Option<&str>, anonymous: Option<&str>, email: Option<&str>) -> Json {
    json!({
        "type": "page", "timestamp": format!("2026-01-{day:02}"), "userId": user, "anonymousId": anonymous,
        "context": {"traits": {"email": email}},
    })
}

/// The identifiers of each profile, in order of creation.
pub(super) fn people(ingested: &Ingested) -> Vec<Vec<String>> {
    ingested.profiles.users().iter().map(|user| identifiers(user)).collect()
}

#[test]
fn identifiers_are_read_where_the_rules_say() {
    let context = |device: Json| {
        json!({
            "traits": {"email": " Jane@Example.COM "}, "device": device,
            "integrations": {"Google Analytics": {"clientId": "ga1"}},
        })
    };
    let device = |kind: &str, tracking: Json| json!({"type": kind, "id": "d1", "advertisingId": "x1", "adTrackingEnabled": tracking, "token": "t1"});
    let of = |event: Json| identifiers(only(&accepted([event])));
    let event = |device: Json| {
        track(
            "E",
            "2026-01-01",
            json!({"anonymousId": "A1", "context": context(device)}),
        )
    };
    assert_eq!(
        of(event(device("ios", json!(true)))),
        [
            "anonymous_id:A1",
            "email:jane@example.com",
            "ga_client_id:ga1",
            "ios.id:d1",
            "ios.idfa:x1",
            "ios.push_token:t1",
            "user_id:u1",
        ]
    );
    let android = of(event(device("android", json!(false))));
    assert!(android.contains(&"android.id:d1".to_owned()) && !android.contains(&"android.idfa:x1".to_owned()));
    assert!(!of(event(device("ios", json!("true")))).contains(&"ios.idfa:x1".to_owned()));
    assert_eq!(of(event(device("web", json!(true)))).len(), 4);
    // Not strings, and places that are none.
    let odd = json!({"properties": {"email": "p@x.com"}, "context": {"traits": {"email": 5}, "device": {"type": "ios", "id": 5},
        "integrations": {"Google Analytics": "x"}}});
    assert_eq!(of(track("E", "2026-01-01", odd)), ["user_id:u1"]);
}

#[test]
fn the_traits_of_identify_come_before_the_contexts() {
    let email = |event: Json| {
        let found: Vec<String> = only(&accepted([event]))
            .identifiers()
            .of("email")
            .map(str::to_owned)
            .collect();
        found
    };
    let event = |kind: &str, traits: Json| json!({"type": kind, "userId": "u", "groupId": "g", "traits": traits, "context": {"traits": {"email": "c@x.com"}}});
    assert_eq!(email(event("identify", json!({"email": "t@x.com"}))), ["t@x.com"]);
    assert_eq!(email(event("identify", json!({"email": 5}))), ["c@x.com"]);
    assert_eq!(email(event("group", json!({"email": "t@x.com"}))), ["c@x.com"]);
    // A string that is blocked is still the one that was given.
    assert!(email(event("identify", json!({"email": " "}))).is_empty());
}

#[test]
fn external_ids_need_all_four_keys() {
    let good = json!({"id": "p1", "type": "phone", "collection": "users", "encoding": "none"});
    let mut items = vec![
        good.clone(),
        with(good.clone(), json!({"type": "email", "id": "Ext@X.com"})),
        with(good.clone(), json!({"collection": "accounts"})),
        with(good.clone(), json!({"id": "anonymous"})),
    ];
    let bad = [
        json!({"type": "Phone"}),
        json!({"type": ""}),
        json!({"type": "group_id"}),
        json!({"id": 5}),
        json!({"encoding": "base64"}),
        json!({"collection": "things"}),
    ];
    items.extend(bad.iter().map(|change| with(good.clone(), change.clone())));
    for key in ["id", "type", "collection", "encoding"] {
        items.push(with(good.clone(), json!({key: null})));
    }
    items.push(json!("phone"));
    let ingested = accepted([
        track("E", "2026-01-01", json!({"context": {"externalIds": items}})),
        track("E", "2026-01-02", json!({"context": {"externalIds": {}}})),
        track("E", "2026-01-02", json!({"context": {"externalIds": null}})),
    ]);
    assert_eq!(
        identifiers(only(&ingested)),
        ["email:ext@x.com", "phone:p1", "user_id:u1"]
    );
    assert_eq!(
        ingested.violations,
        BTreeMap::from([("ID value blocked", 1), ("malformed external id", 12)])
    );
}

#[test]
fn blocked_values_are_no_identifiers() {
    let mut settings = settings();
    settings.identity.block("Test@x.com");
    let ingested = ingest_with(
        settings,
        [
            seen(1, Some("0"), Some("a1"), Some("null")),
            seen(2, Some("-1"), Some("a2"), Some("Test@x.com")),
            seen(3, Some("00000000-0000-0000-0000-000000000000"), Some("anonymous"), None),
        ],
    );
    assert_eq!(people(&ingested), [["anonymous_id:a1"], ["anonymous_id:a2"]]);
    assert_eq!(codes(&ingested), [RejectCode::NoUsableIdentifier]);
    let expected = [("ID value blocked", 4), ("No matching identifiers on event", 1)];
    assert_eq!(
        ingested.violations,
        BTreeMap::from(expected),
        "a refused event counts for that alone"
    );
}

#[test]
fn id_12_a_second_user_id_keeps_profiles_apart() {
    let ingested = accepted([
        seen(1, Some("abc123"), None, Some("jane@example.com")),
        seen(2, Some("abc456"), None, Some("jane@example.com")),
    ]);
    assert_eq!(
        people(&ingested),
        [vec!["email:jane@example.com", "user_id:abc123"], vec!["user_id:abc456"]]
    );
    assert_eq!(
        ingested.violations,
        BTreeMap::from([("Identifier value limit exceeded", 1)])
    );
    let shared = accepted([
        seen(1, Some("u1"), Some("a"), None),
        seen(2, Some("u2"), Some("a"), None),
    ]);
    assert_eq!(
        people(&shared),
        [vec!["anonymous_id:a", "user_id:u1"], vec!["user_id:u2"]]
    );
}

#[test]
fn the_lowest_is_dropped_first_and_of_one_type_the_greatest() {
    // The email alone joins u1 and u2, yet the anonymous id, the lowest, goes first; then the email.
    let ingested = accepted([
        seen(1, Some("u1"), None, Some("x@x.com")),
        seen(2, Some("u2"), Some("a"), Some("x@x.com")),
    ]);
    assert_eq!(people(&ingested)[1], ["user_id:u2"]);
    assert_eq!(
        ingested.violations,
        BTreeMap::from([("Identifier value limit exceeded", 2)])
    );

    let phones = |values: &[&str]| {
        let item = |v: &&str| json!({"id": v, "type": "phone", "collection": "users", "encoding": "none"});
        json!({"type": "page", "userId": "u", "context": {"externalIds": values.iter().map(item).collect::<Vec<_>>()}})
    };
    let ingested = accepted([phones(&["6", "3", "1", "7", "5", "2", "4"])]);
    assert_eq!(only(&ingested).identifiers().of("phone").collect::<String>(), "12345");
}

#[test]
fn a_limit_is_not_counted_for_what_is_there() {
    let events = (1..=7).map(|n| {
        seen(
            n,
            Some("u"),
            Some(["a", "b", "c", "d", "e", "f", "a"][n as usize - 1]),
            None,
        )
    });
    let ingested = accepted(events);
    assert_eq!(
        people(&ingested),
        [[
            "anonymous_id:a",
            "anonymous_id:b",
            "anonymous_id:c",
            "anonymous_id:d",
            "anonymous_id:e",
            "user_id:u"
        ]]
    );
    assert_eq!(
        only(&ingested).history().len(),
        7,
        "what is dropped takes nothing with it (ID-17)"
    );
    assert_eq!(
        ingested.violations,
        BTreeMap::from([("Identifier value limit exceeded", 1)])
    );
}

fn weekly(kind: &str, limit: u32) -> Settings {
    let mut settings = settings();
    let rule = IdentifierRule {
        kind: kind.into(),
        from: Vec::new(),
        limit,
        period: Period::Week,
    };
    settings.identity.listed.push(rule);
    settings
}

#[test]
fn a_sliding_limit_counts_what_was_added_within_its_period() {
    let events = || {
        [
            seen(1, Some("u"), Some("a"), None),
            seen(2, Some("u"), Some("b"), None),
            // The third within a week is one too many; what is there is free.
            seen(7, Some("u"), Some("c"), None),
            seen(7, Some("u"), Some("b"), None),
            // Exactly seven days after the first, which counts no more.
            seen(8, Some("u"), Some("d"), None),
        ]
    };
    let ingested = ingest_with(weekly("anonymous_id", 2), events());
    assert_eq!(
        people(&ingested),
        [["anonymous_id:a", "anonymous_id:b", "anonymous_id:d", "user_id:u"]]
    );
    assert_eq!(
        ingested.violations,
        BTreeMap::from([("Identifier value time limit exceeded", 1)])
    );
    // A profile that has more than the limit by now still takes its own.
    let own = seen(8, Some("u"), Some("a"), None);
    let again = ingest_with(weekly("anonymous_id", 2), events().into_iter().chain([own]));
    assert_eq!(again.violations, ingested.violations);
}

#[test]
fn a_merge_must_fit_the_limits_too() {
    let events = [
        seen(1, None, Some("a"), Some("x@x.com")),
        seen(2, None, Some("b"), Some("y@x.com")),
        // Joins the two by their emails, with three anonymous ids in one week.
        json!({"type": "identify", "anonymousId": "c", "timestamp": "2026-01-03", "traits": {"email": "x@x.com"},
            "context": {"externalIds": [{"id": "y@x.com", "type": "email", "collection": "users", "encoding": "none"}]}}),
    ];
    let ingested = ingest_with(weekly("anonymous_id", 2), events.clone());
    assert_eq!(people(&ingested).len(), 1);
    assert!(!identifiers(only(&ingested)).contains(&"anonymous_id:c".to_owned()));
    let ingested = ingest_with(weekly("anonymous_id", 1), events);
    assert_eq!(people(&ingested).len(), 2);
}

#[test]
fn the_last_identifier_matches_by_itself() {
    let ingested = accepted([
        seen(1, Some("u1"), Some("a"), None),
        seen(2, Some("u2"), Some("b"), None),
        // Joins both; the device is dropped, and the event goes to u1.
        seen(3, Some("u1"), Some("b"), None),
    ]);
    assert_eq!(
        people(&ingested),
        [["anonymous_id:a", "user_id:u1"], ["anonymous_id:b", "user_id:u2"]]
    );
    assert_eq!(find(&ingested, "user_id", "u1").history().len(), 2);
}

#[test]
fn a_limit_of_zero_that_a_host_sets_drops_no_last_identifier() {
    let ingested = ingest_with(
        weekly("anonymous_id", 0),
        [seen(1, None, Some("a"), None), seen(2, Some("u"), Some("a"), None)],
    );
    assert_eq!(people(&ingested), [["anonymous_id:a", "user_id:u"]]);
}

#[test]
fn chains_of_merges_end_in_the_first_created() {
    let ingested = accepted([
        seen(1, None, Some("a"), None),
        seen(2, None, Some("b"), None),
        seen(3, None, Some("c"), Some("c@x.com")),
        seen(4, None, Some("b"), Some("c@x.com")),
        seen(5, None, Some("a"), Some("c@x.com")),
        seen(6, Some("u"), Some("c"), None),
        seen(7, None, Some("late"), None),
    ]);
    assert_eq!(
        people(&ingested),
        [
            vec![
                "anonymous_id:a",
                "anonymous_id:b",
                "anonymous_id:c",
                "email:c@x.com",
                "user_id:u"
            ],
            vec!["anonymous_id:late"],
        ]
    );
    let first = find(&ingested, "anonymous_id", "a");
    for (kind, value) in [
        ("anonymous_id", "b"),
        ("anonymous_id", "c"),
        ("email", "c@x.com"),
        ("user_id", "u"),
    ] {
        assert_eq!(find(&ingested, kind, value), first);
    }
    assert_eq!(first.history().len(), 6);
}

#[test]
fn an_event_that_comes_late_merges_where_it_belongs() {
    // Between the two, the email belonged to nobody else; u2 comes after it and is kept out.
    let late = seen(2, Some("u1"), None, Some("x@x.com"));
    let ingested = accepted([
        seen(1, Some("u1"), None, None),
        seen(3, Some("u2"), None, Some("x@x.com")),
        late,
    ]);
    assert_eq!(
        people(&ingested),
        [vec!["email:x@x.com", "user_id:u1"], vec!["user_id:u2"]]
    );
}

#[test]
fn an_alias_merges_nothing() {
    let ingested = accepted([
        seen(1, None, Some("a"), None),
        json!({"type": "alias", "userId": "u", "previousId": "a", "anonymousId": "a", "timestamp": "2026-01-02",
            "context": {"traits": {"email": "x@x.com"}, "consent": {"categoryPreferences": {"Advertising": true}}}}),
    ]);
    assert_eq!(people(&ingested), [["anonymous_id:a"], ["user_id:u"]]);
    assert_eq!(
        states(find(&ingested, "user_id", "u")),
        BTreeMap::from([("Advertising", ConsentState::Granted)])
    );
}

#[test]
fn other_priorities_drop_others() {
    let mut settings = settings();
    settings.identity.listed = vec![
        IdentifierRule {
            kind: "phone".into(),
            from: Vec::new(),
            limit: 1,
            period: Period::Ever,
        },
        IdentifierRule {
            kind: "email".into(),
            from: Vec::new(),
            limit: 1,
            period: Period::Ever,
        },
        IdentifierRule {
            kind: "user_id".into(),
            from: Vec::new(),
            limit: 1,
            period: Period::Ever,
        },
    ];
    // The user id is the lowest now: the second goes to the email's profile.
    let ingested = ingest_with(
        settings,
        [
            seen(1, Some("u1"), None, Some("x@x.com")),
            seen(2, Some("u2"), None, Some("x@x.com")),
        ],
    );
    assert_eq!(people(&ingested), [["email:x@x.com", "user_id:u1"]]);
    assert_eq!(only(&ingested).history().len(), 2);
}
