//! The sentences of `docs/consistency.md` that an example tells best.

use std::collections::BTreeMap;
use std::fs;

use volens::consent::ConsentState;
use volens::model::IdentityRules;
use volens::space::SpaceError;
use volens::store::{Directory, Memory};

use super::*;

fn settings() -> Settings {
    Settings {
        identity: IdentityRules::default(),
        categories: vec!["Advertising".into()],
    }
}

fn at(text: &str) -> Timestamp {
    format!("2026-06-{text}Z").parse().unwrap()
}

fn order(id: &str, user: &str, when: &str) -> Json {
    json!({"type": "track", "event": "Order Completed", "messageId": id, "userId": user, "timestamp": at(when).to_string()})
}

/// An event with consent to advertising, or a refusal of it.
fn says(id: &str, who: &Json, when: &str, advertising: bool) -> Json {
    let mut event = json!({
        "type": "identify", "messageId": id, "timestamp": at(when).to_string(),
        "context": {"consent": {"categoryPreferences": {"Advertising": advertising}}},
    });
    for (key, value) in who.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

fn advertising<S: Storage>(space: &Space<S>, user: &str) -> ConsentState {
    space.find("user_id", user).unwrap().consent().state("Advertising")
}

fn space(now: &str) -> Space<Memory> {
    Space::open(Memory::new(), settings(), at(now)).unwrap()
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("volens-promises-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

#[test]
fn what_a_receipt_counts_is_on_the_disk_and_what_has_none_is_not() {
    let folder = folder("receipt");
    let now = at("30T00:00:00");
    let mut space = Space::open(Directory::open(&folder).unwrap(), settings(), now).unwrap();
    assert_eq!(
        give(&mut space, &[order("m1", "u1", "01T00:00:00")], now)
            .counts
            .applied,
        1
    );
    let mut intake = space.intake(now, now).unwrap();
    intake.event(order("m2", "u2", "02T00:00:00").into()).unwrap();
    drop(intake);
    // The writer goes on; whoever looks at the files sees what it has acknowledged.
    let reader = Space::open(Directory::open_read_only(&folder).unwrap(), settings(), now).unwrap();
    assert!(reader.find("user_id", "u1").is_some());
    assert!(reader.find("user_id", "u2").is_none());
    drop(space);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_reader_sees_what_was_durable_when_it_opened() {
    let folder = folder("reader");
    let now = at("30T00:00:00");
    let mut space = Space::open(Directory::open(&folder).unwrap(), settings(), now).unwrap();
    give(&mut space, &[order("m1", "u1", "01T00:00:00")], now);
    let reader = Space::open(Directory::open_read_only(&folder).unwrap(), settings(), now).unwrap();
    let before = dump(&reader.profiles());
    give(
        &mut space,
        &[order("m2", "u1", "02T00:00:00"), order("m3", "u2", "02T00:00:00")],
        now,
    );
    space.forget("user_id", "u1", now).unwrap();
    assert_eq!(dump(&reader.profiles()), before);
    let again = Space::open(reader.into_storage(), settings(), now).unwrap();
    assert_eq!(dump(&again.profiles()), before);
    let fresh = Space::open(Directory::open_read_only(&folder).unwrap(), settings(), now).unwrap();
    assert_eq!(dump(&fresh.profiles()), dump(&space.profiles()));
    drop(space);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn profiles_that_were_taken_stay_as_they_are() {
    let now = at("30T00:00:00");
    let mut space = space("30T00:00:00");
    let u1 = json!({"userId": "u1"});
    give(&mut space, &[says("m1", &u1, "01T00:00:00", true)], now);
    let (taken, one) = (space.profiles(), space.find("user_id", "u1").unwrap());
    let before = dump(&taken);
    give(
        &mut space,
        &[says("m2", &u1, "02T00:00:00", false), order("m3", "u1", "01T00:00:00")],
        now,
    );
    assert_eq!(dump(&taken), before);
    assert!(one.consent().state("Advertising").is_granted());
    assert_eq!(advertising(&space, "u1"), ConsentState::Denied);
    assert_eq!(space.find("user_id", "u1").unwrap().history().len(), 1);
}

#[test]
fn a_late_event_counts_where_it_belongs() {
    let now = at("30T00:00:00");
    let u1 = json!({"userId": "u1"});
    let mut space = space("30T00:00:00");
    give(
        &mut space,
        &[
            says("m1", &u1, "01T00:00:00", true),
            says("m3", &u1, "20T00:00:00", false),
        ],
        now,
    );
    // A grant that comes late does not win over the refusal after it, nor a late refusal over a later grant.
    give(&mut space, &[says("m2", &u1, "10T00:00:00", true)], now);
    assert_eq!(advertising(&space, "u1"), ConsentState::Denied);
    give(&mut space, &[says("m4", &u1, "25T00:00:00", true)], now);
    give(&mut space, &[says("m5", &u1, "22T00:00:00", false)], now);
    assert_eq!(advertising(&space, "u1"), ConsentState::Granted);
    let profile = space.find("user_id", "u1").unwrap();
    let history = profile.consent().history().iter().map(|change| &*change.message_id);
    assert_eq!(history.collect::<Vec<_>>(), ["m1", "m3", "m4"]);
}

#[test]
fn a_late_event_that_joins_two_people_is_taken_as_if_it_had_been_in_time() {
    let now = at("30T00:00:00");
    let (u1, a1) = (
        json!({"userId": "u1", "anonymousId": "a0"}),
        json!({"anonymousId": "a1"}),
    );
    let email = |who: &Json| {
        let mut who = who.clone();
        who["traits"] = json!({"email": "ann@acme.example"});
        who
    };
    let mut space = space("30T00:00:00");
    give(
        &mut space,
        &[
            says("m1", &u1, "01T00:00:00", true),
            says("m2", &a1, "02T00:00:00", false),
        ],
        now,
    );
    give(&mut space, &[order("m5", "u1", "20T00:00:00")], now);
    // What joins them happened before the order, and comes after it: they disagree, so it is a conflict.
    let joins = [
        json!({"type": "identify", "messageId": "m3", "userId": "u1", "timestamp": at("03T00:00:00").to_string(), "traits": email(&u1)["traits"]}),
        json!({"type": "identify", "messageId": "m4", "anonymousId": "a1", "timestamp": at("04T00:00:00").to_string(), "traits": email(&a1)["traits"]}),
    ];
    give(&mut space, &joins, now);
    assert_eq!(space.profiles().users().len(), 1);
    assert_eq!(advertising(&space, "u1"), ConsentState::Conflicted);
    let profile = space.find("anonymous_id", "a1").unwrap();
    assert_eq!(profile.history().of("Order Completed").len(), 1);
}

#[test]
fn a_change_of_the_workspace_is_a_change_for_all_events() {
    let now = at("30T00:00:00");
    let events = [
        json!({"type": "identify", "messageId": "m1", "userId": "u1", "timestamp": at("01T00:00:00").to_string(), "traits": {"email": "team@acme.example"}}),
        json!({"type": "identify", "messageId": "m2", "anonymousId": "a1", "timestamp": at("02T00:00:00").to_string(), "traits": {"email": "team@acme.example"}}),
        json!({"type": "track", "event": "E", "messageId": "m3", "anonymousId": "nobody", "timestamp": at("03T00:00:00").to_string(), "context": {"consent": {}}}),
    ];
    let mut space = space("30T00:00:00");
    give(&mut space, &events, now);
    assert_eq!(space.profiles().users().len(), 2);
    let mut changed = settings();
    changed.identity.block("team@acme.example");
    changed.identity.block("nobody");
    changed.categories.push("Analytics".into());
    let mut space = Space::open(space.into_storage(), changed.clone(), now).unwrap();
    assert_eq!(space.profiles().users().len(), 2);
    assert!(space.find("email", "team@acme.example").is_none());
    assert_eq!(space.counts().rejected, 1);
    let unusable = BTreeMap::from([("ID value blocked", 2), ("No matching identifiers on event", 1)]);
    assert_eq!(space.violations(), unusable);
    assert_eq!(
        dump(&space.profiles()),
        dump(&reference(&changed, &events, now).profiles)
    );
    // And back: nothing was lost.
    space = Space::open(space.into_storage(), settings(), now).unwrap();
    assert_eq!(
        dump(&space.profiles()),
        dump(&reference(&settings(), &events, now).profiles)
    );
}

#[test]
fn events_dated_ahead_are_stored_and_count_from_their_instant() {
    let now = at("10T00:00:00");
    let mut space = space("10T00:00:00");
    let receipt = give(&mut space, &[order("m1", "u1", "20T00:00:00")], now);
    assert_eq!((receipt.counts.later, receipt.counts.applied), (1, 0));
    assert!(space.find("user_id", "u1").is_none());
    let mut space = Space::open(space.into_storage(), settings(), now).unwrap();
    assert_eq!(space.counts().later, 1);
    space.advance(at("19T23:59:59.999")).unwrap();
    assert!(space.find("user_id", "u1").is_none());
    space.advance(at("20T00:00:00")).unwrap();
    assert!(space.find("user_id", "u1").is_some());
}

#[test]
fn time_does_not_go_backwards() {
    let mut space = space("10T00:00:00");
    let error = space.advance(at("09T00:00:00")).unwrap_err();
    assert!(matches!(error, SpaceError::Backwards { .. }));
    assert_eq!(
        error.to_string(),
        "the space has come to 2026-06-10T00:00:00Z already, and 2026-06-09T00:00:00Z is before that: open it anew as of then"
    );
    assert!(space.intake(at("09T00:00:00"), at("09T00:00:00")).is_err());
}

#[test]
fn of_two_bodies_with_one_id_the_first_in_canonical_order_counts_whichever_comes_first() {
    let now = at("30T00:00:00");
    let (early, late) = (order("m1", "u1", "01T00:00:00"), order("m1", "u2", "02T00:00:00"));
    for (events, refused) in [([&early, &late], &late), ([&late, &early], &late)] {
        let mut space = space("30T00:00:00");
        let counts = give(&mut space, &[events[0].clone()], now).counts;
        assert_eq!((counts.applied, counts.rejected), (1, 0));
        let receipt = give(&mut space, &[events[1].clone()], now);
        assert_eq!((receipt.counts.applied, receipt.counts.rejected), (0, 1));
        let input: Json = serde_json::from_str(&receipt.rejects[0].input.text()).unwrap();
        assert_eq!(&input, refused);
        assert_eq!(receipt.rejects[0].code.as_str(), "message_id_conflict");
        assert!(space.find("user_id", "u1").is_some());
        assert!(space.find("user_id", "u2").is_none());
        // Neither comes back.
        let receipt = give(&mut space, &[events[0].clone(), events[1].clone()], now);
        assert_eq!(receipt.counts.applied, 0);
        let space = Space::open(space.into_storage(), settings(), now).unwrap();
        assert!(space.find("user_id", "u2").is_none());
    }
}
