//! Traits (TR), names of pages and screens (EV-20, EV-21, EV-27), accounts.

use volens::Value;

use super::*;

fn identify(timestamp: &str, traits: Json) -> Json {
    json!({"type": "identify", "userId": "u1", "timestamp": timestamp, "traits": traits})
}

fn traits(ingested: &Ingested) -> Json {
    serde_json::to_value(only(ingested).traits()).unwrap()
}

#[test]
fn the_latest_value_of_each_key_wins_and_null_removes() {
    let ingested = accepted([
        identify(
            "2026-01-03",
            json!({"plan": null, "city": "Bonn", "address": {"zip": 1}}),
        ),
        identify(
            "2026-01-01",
            json!({"plan": "free", "city": "Köln", "gone": 1, "Plan": "x", "address": {"zip": 0, "street": "s"}}),
        ),
        identify("2026-01-02", json!({"plan": "pro", "gone": null, "empty": ""})),
    ]);
    assert_eq!(
        traits(&ingested),
        json!({"city": "Bonn", "Plan": "x", "address": {"zip": 1}, "empty": ""})
    );
}

#[test]
fn only_identify_sets_traits_of_a_person() {
    let ingested = accepted([
        track(
            "E",
            "2026-01-01",
            json!({"traits": {"a": 1}, "context": {"traits": {"b": 1}}}),
        ),
        json!({"type": "group", "userId": "u1", "groupId": "g", "traits": {"c": 1}}),
        json!({"type": "identify", "userId": "u1", "context": {"traits": {"d": 1}}}),
    ]);
    assert_eq!(traits(&ingested), json!({}));
}

#[test]
fn traits_of_merged_profiles_are_the_latest_of_both_and_a_removal_can_win() {
    let anonymous = |timestamp: &str, traits: Json| json!({"type": "identify", "anonymousId": "a", "timestamp": timestamp, "traits": traits});
    let merge = json!({"type": "identify", "userId": "u1", "anonymousId": "a", "timestamp": "2026-01-09"});
    let ingested = accepted([
        anonymous(
            "2026-01-01",
            json!({"old": "a", "new": "a", "removed": "a", "kept": null, "own": "a"}),
        ),
        identify("2026-01-02", json!({"old": "u", "removed": null, "kept": "u"})),
        anonymous("2026-01-03", json!({"new": "a3"})),
        merge,
    ]);
    assert_eq!(
        traits(&ingested),
        json!({"old": "u", "new": "a3", "kept": "u", "own": "a"})
    );
}

#[test]
fn the_namespace_of_consent_is_closed() {
    let reserved = json!({
        "segment_consent_preference": {"categories": {"Advertising": true}}, "Segment_Consent_Preference.categories.Advertising": true,
        "SEGMENT_CONSENT_PREFERENCE": 1, "segment_consent_preferences": 2, "x.segment_consent_preference": 3, "plan": "pro",
    });
    let group =
        json!({"type": "group", "userId": "u1", "groupId": "g", "traits": {"segment_consent_preference": 1, "n": 1}});
    let ingested = accepted([identify("2026-01-01", reserved), group]);
    assert_eq!(
        traits(&ingested),
        json!({"segment_consent_preferences": 2, "x.segment_consent_preference": 3, "plan": "pro"})
    );
    assert_eq!(
        serde_json::to_value(&ingested.profiles.accounts()["g"].traits).unwrap(),
        json!({"n": 1})
    );
    assert_eq!(ingested.violations, BTreeMap::from([("reserved trait namespace", 4)]));
    assert!(states(only(&ingested)).is_empty());
}

#[test]
fn first_and_last_name_make_a_name_where_none_is_sent() {
    let name = |traits: Json| {
        only(&accepted([identify("2026-01-01", traits)]))
            .traits()
            .get("name")
            .cloned()
    };
    assert_eq!(
        name(json!({"firstName": "Ada", "lastName": "Lovelace"})),
        Some(Value::from("Ada Lovelace"))
    );
    assert_eq!(
        name(json!({"firstName": "Ada", "lastName": "L", "name": "Countess"})),
        Some(Value::from("Countess"))
    );
    assert_eq!(name(json!({"firstName": "Ada", "lastName": "L", "name": null})), None);
    assert_eq!(name(json!({"firstName": "Ada"})), None);
    assert_eq!(name(json!({"firstName": "Ada", "lastName": 5})), None);
}

#[test]
fn pages_and_screens_are_events_of_fixed_names() {
    let ingested = accepted([
        json!({"type": "page", "userId": "u1", "name": "Home", "category": "Docs",
            "properties": {"name": "x", "page_name": "x", "category": "x", "path": "/"}}),
        json!({"type": "screen", "userId": "u1", "name": "Start", "category": "App"}),
        json!({"type": "page", "userId": "u1", "properties": {"name": "sent", "category": "sent"}}),
    ]);
    let history = only(&ingested).history();
    let properties = |name: &str, at: usize| serde_json::to_value(&history.of(name)[at].properties).unwrap();
    let pages = [properties("Page Viewed", 0), properties("Page Viewed", 1)];
    assert!(
        pages.contains(&json!({"name": "Home", "page_name": "Home", "category": "Docs", "path": "/"})),
        "{pages:?}"
    );
    assert!(
        pages.contains(&json!({"name": "sent", "category": "sent"})),
        "{pages:?}"
    );
    assert_eq!(
        properties("Screen Viewed", 0),
        json!({"name": "Start", "screen_name": "Start", "category": "App"})
    );
    assert_eq!(history.len(), 3);
}

#[test]
fn only_track_page_and_screen_stand_in_the_history() {
    let ingested = accepted([
        identify("2026-01-01", json!({})),
        json!({"type": "group", "userId": "u1", "groupId": "g"}),
        json!({"type": "alias", "userId": "u1", "previousId": "p"}),
        track("E", "2026-01-01", json!({"messageId": "m", "properties": {"n": 1}})),
    ]);
    let history: Vec<_> = only(&ingested).history().iter().collect();
    assert_eq!(history.len(), 1);
    let event = &history[0].1[0];
    assert_eq!(
        (history[0].0, &*event.message_id, event.timestamp),
        ("E", "m", at("2026-01-01"))
    );
    assert_eq!(serde_json::to_value(&event.properties).unwrap(), json!({"n": 1}));
}

#[test]
fn group_calls_make_users_of_accounts() {
    let group = |user: &str, id: &str, day: u32, traits: Json| json!({"type": "group", "anonymousId": user, "groupId": id, "timestamp": format!("2026-01-0{day}"), "traits": traits});
    let ingested = accepted([
        group("a1", "g1", 3, json!({"plan": "pro", "size": null})),
        group("a2", "g1", 1, json!({"plan": "free", "size": 5, "name": "One"})),
        group("a2", "g2", 2, json!({"email": "account@x.com"})),
        // Neither links: one names an account in passing, the other has a blocked id.
        json!({"type": "track", "event": "E", "anonymousId": "a3", "context": {"groupId": "g1"}, "timestamp": "2026-01-04"}),
        group("a3", "0", 5, json!({"x": 1})),
    ]);
    let accounts = ingested.profiles.accounts();
    assert_eq!(accounts.keys().map(|id| &**id).collect::<Vec<_>>(), ["g1", "g2"]);
    assert_eq!(
        serde_json::to_value(&accounts["g1"].traits).unwrap(),
        json!({"plan": "pro", "name": "One"})
    );
    // a2 came first.
    assert_eq!(accounts["g1"].users, [0, 1]);
    assert_eq!(accounts["g2"].users, [0]);
    assert_eq!(
        find(&ingested, "anonymous_id", "a2").accounts().collect::<Vec<_>>(),
        ["g1", "g2"]
    );
    assert_eq!(find(&ingested, "anonymous_id", "a3").accounts().count(), 0);
    assert_eq!(ingested.violations, BTreeMap::from([("ID value blocked", 1)]));
    assert!(
        ingested.profiles.find("email", "account@x.com").is_none(),
        "an account's email is no person's"
    );
}

#[test]
fn a_merge_unites_accounts_and_history() {
    let ingested = accepted([
        json!({"type": "group", "anonymousId": "a", "groupId": "g1", "timestamp": "2026-01-01"}),
        json!({"type": "track", "event": "E", "anonymousId": "a", "messageId": "2", "timestamp": "2026-01-02"}),
        json!({"type": "group", "userId": "u1", "groupId": "g2", "timestamp": "2026-01-03"}),
        track("E", "2026-01-01", json!({"messageId": "1"})),
        track("E", "2026-01-03", json!({"messageId": "3"})),
        track("E", "2026-01-04", json!({"messageId": "4", "anonymousId": "a"})),
    ]);
    // Of one instant, on two profiles until the last day.
    let tied = |id: &str, who: Json| with(track("T", "2026-01-02", json!({"messageId": id})), who);
    let merged = accepted([
        json!({"type": "page", "anonymousId": "a", "timestamp": "2026-01-01"}),
        tied("1", json!({})),
        tied("2", json!({"userId": null, "anonymousId": "a"})),
        tied("3", json!({})),
        tied("4", json!({"timestamp": "2026-01-09", "anonymousId": "a"})),
    ]);
    let order: String = only(&merged).history().of("T").iter().map(|e| &*e.message_id).collect();
    assert_eq!(order, "1234");

    let profile = only(&ingested);
    assert_eq!(profile.accounts().collect::<Vec<_>>(), ["g1", "g2"]);
    let order: String = profile.history().of("E").iter().map(|e| &*e.message_id).collect();
    assert_eq!(order, "1234");
    assert_eq!(ingested.profiles.accounts()["g2"].users, [0]);
}
