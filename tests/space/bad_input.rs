//! What no sender should send, and some do: each is refused by name, or counts as the rules say, in a space as in the
//! reference.

use volens::ConsentState;
use volens::ingest::RejectCode;
use volens::model::{IdentityRules, Profile};
use volens::store::Memory;

use super::*;

const NOW: &str = "2026-06-30T00:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn settings() -> Settings {
    Settings {
        identity: IdentityRules::default(),
        categories: vec!["Advertising".into(), "Analytics".into()],
    }
}

/// What a space makes of events: the codes of those that are refused, and the profiles. It is the same in one batch, in
/// many, backwards, opened anew, and by the reference.
fn taken(events: &[Json]) -> (Vec<RejectCode>, Vec<Arc<Profile>>) {
    let expected = reference(&settings(), events, now());
    let dumped = dump(&expected.profiles);
    let mut space = Space::open(Memory::new(), settings(), now()).unwrap();
    let receipt = give(&mut space, events, now());
    assert_eq!(
        (receipt.counts, receipt.rejects),
        (expected.counts, expected.rejects.clone())
    );
    assert_eq!(dump(&space.profiles()), dumped);
    let again = Space::open(space.into_storage(), settings(), now()).unwrap();
    assert_eq!(dump(&again.profiles()), dumped);
    let mut space = Space::open(Memory::new(), settings(), now()).unwrap();
    for event in events.iter().rev() {
        give(&mut space, std::slice::from_ref(event), now());
    }
    assert_eq!(dump(&space.profiles()), dumped);
    let codes = expected.rejects.iter().map(|reject| reject.code).collect();
    (codes, expected.profiles.users().to_vec())
}

fn track(more: Json) -> Json {
    let mut event = json!({"type": "track", "event": "E", "timestamp": "2026-06-01T00:00:00Z"});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn ids(profile: &Profile) -> Vec<String> {
    profile
        .identifiers()
        .iter()
        .map(|(kind, value)| format!("{kind}:{value}"))
        .collect()
}

#[test]
fn ids_that_are_none_name_nobody() {
    let long = "x".repeat(1_000_000);
    for (id, code) in [
        (json!(""), RejectCode::IdNotString),
        (json!(7), RejectCode::IdNotString),
        (json!(true), RejectCode::IdNotString),
        (json!(["u1"]), RejectCode::IdNotString),
        (json!(null), RejectCode::NoUserAnonId),
        (json!("null"), RejectCode::NoUsableIdentifier),
        (json!("0000-0000"), RejectCode::NoUsableIdentifier),
        (json!("-1"), RejectCode::NoUsableIdentifier),
        (json!("anonymous"), RejectCode::NoUsableIdentifier),
        (json!(long), RejectCode::EventTooLarge),
    ] {
        for key in ["userId", "anonymousId"] {
            let (codes, profiles) = taken(&[track(json!({key: id}))]);
            assert_eq!((codes.as_slice(), profiles.len()), ([code].as_slice(), 0), "{key}");
        }
    }
    // Two people who are nobody to their sender do not become one.
    let nobody = |device: &str| {
        track(json!({"userId": "null", "anonymousId": device, "context": {"traits": {"email": "0000-0000"}}}))
    };
    let (codes, profiles) = taken(&[nobody("a1"), nobody("a2")]);
    assert_eq!(codes, []);
    assert_eq!(
        profiles.iter().map(|profile| ids(profile)).collect::<Vec<_>>(),
        [["anonymous_id:a1"], ["anonymous_id:a2"]]
    );
}

/// A message id is of the sender's making, too.
#[test]
fn message_ids_that_are_none_are_refused_or_made() {
    let with = |id: Json| track(json!({"userId": "u1", "messageId": id}));
    assert_eq!(taken(&[with(json!(7))]).0, [RejectCode::IdNotString]);
    assert_eq!(taken(&[with(json!("m".repeat(101)))]).0, [RejectCode::MessageIdTooLong]);
    assert_eq!(taken(&[with(json!("é".repeat(100)))]).0, []);
    // An empty one is none: these two are one event.
    let mut space = Space::open(Memory::new(), settings(), now()).unwrap();
    let receipt = give(&mut space, &[with(json!("")), with(json!(""))], now());
    assert_eq!((receipt.counts.applied, receipt.counts.duplicate), (1, 1));
}

#[test]
fn an_alias_to_itself_changes_nothing() {
    let alias = json!({"type": "alias", "userId": "u1", "previousId": "u1", "timestamp": "2026-06-02T00:00:00Z"});
    let (codes, profiles) = taken(&[track(json!({"userId": "u1", "anonymousId": "a1"})), alias]);
    assert_eq!(codes, []);
    assert_eq!(
        profiles.iter().map(|profile| ids(profile)).collect::<Vec<_>>(),
        [["anonymous_id:a1", "user_id:u1"]]
    );
}

/// They stay two people, and what one of them allows is not allowed by the other.
#[test]
fn two_users_on_one_device_stay_two() {
    let says = |user: &str, day: u32, granted: bool| {
        track(
            json!({"userId": user, "anonymousId": "a1", "timestamp": format!("2026-06-{day:02}T00:00:00Z"),
            "context": {"consent": {"categoryPreferences": {"Advertising": granted}}}}),
        )
    };
    let (codes, profiles) = taken(&[
        says("u1", 1, false),
        says("u2", 2, true),
        says("u1", 3, false),
        says("u2", 4, true),
    ]);
    assert_eq!(codes, []);
    let states = profiles
        .iter()
        .map(|profile| (ids(profile), profile.consent().state("Advertising")));
    let expected = [
        (
            vec!["anonymous_id:a1".to_owned(), "user_id:u1".to_owned()],
            ConsentState::Denied,
        ),
        (vec!["user_id:u2".to_owned()], ConsentState::Granted),
    ];
    assert_eq!(states.collect::<Vec<_>>(), expected);
}

#[test]
fn clocks_that_are_wrong_are_refused_or_held_back() {
    let with = |timestamp: &str| track(json!({"userId": "u1", "timestamp": timestamp}));
    for (timestamp, code) in [
        ("1969-12-31T23:59:59.999Z", RejectCode::TimestampBefore1970),
        ("1970-01-01T00:00:00+00:01", RejectCode::TimestampBefore1970),
        ("2016-12-31T23:59:60Z", RejectCode::TimestampInvalid),
        ("2026-06-01T00:00:00+18:01", RejectCode::TimestampInvalid),
        ("2026-06-01T00:00:00-18:01", RejectCode::TimestampInvalid),
        ("2026-06-01T00:00:00+24:00", RejectCode::TimestampInvalid),
        ("2026-02-30T00:00:00Z", RejectCode::TimestampInvalid),
        ("yesterday", RejectCode::TimestampInvalid),
    ] {
        assert_eq!(taken(&[with(timestamp)]).0, [code], "{timestamp}");
    }
    for timestamp in [
        "1970-01-01T00:00:00Z",
        "2026-06-01T00:00:00+18:00",
        "2026-06-01T00:00:00-18:00",
    ] {
        assert_eq!(taken(&[with(timestamp)]).0, [], "{timestamp}");
    }
    // A year ahead by its own clock alone: it counts from then on.
    let mut space = Space::open(Memory::new(), settings(), now()).unwrap();
    assert_eq!(give(&mut space, &[with("2027-06-30T00:00:00Z")], now()).counts.later, 1);
    assert!(space.find("user_id", "u1").is_none());
    space.advance("2027-06-30T00:00:00Z".parse().unwrap()).unwrap();
    assert!(space.find("user_id", "u1").is_some());
}

/// A refusal from a clock that is right is not undone by a grant whose clock is a year ahead, received before it.
#[test]
fn a_clock_a_year_ahead_does_not_outlast_a_refusal() {
    let says = |timestamp: &str, received: &str, granted: bool| {
        track(json!({"userId": "u1", "timestamp": timestamp, "receivedAt": received,
            "context": {"consent": {"categoryPreferences": {"Advertising": granted}}}}))
    };
    let (codes, profiles) = taken(&[
        says("2027-06-01T00:00:00Z", "2026-06-01T00:00:00Z", true),
        says("2026-06-02T00:00:00Z", "2026-06-02T00:00:00Z", false),
    ]);
    assert_eq!(codes, []);
    assert_eq!(profiles[0].consent().state("Advertising"), ConsentState::Denied);
}

#[test]
fn only_true_is_consent() {
    let says = |preferences: Json| {
        track(json!({"userId": "u1", "context": {"consent": {"categoryPreferences": preferences}}}))
    };
    for value in [
        json!("true"),
        json!(1),
        json!(null),
        json!([]),
        json!([true]),
        json!({"value": true}),
        json!(""),
    ] {
        let (codes, profiles) = taken(&[says(json!({"Advertising": value}))]);
        assert_eq!(codes, []);
        assert_eq!(
            profiles[0].consent().state("Advertising"),
            ConsentState::Denied,
            "{value}"
        );
    }
    for container in [
        json!(null),
        json!([]),
        json!(["Advertising"]),
        json!("Advertising"),
        json!(true),
        json!(1),
    ] {
        let (codes, profiles) = taken(&[says(container.clone())]);
        assert_eq!(codes, []);
        assert_eq!(
            profiles[0].consent().state("Advertising"),
            ConsentState::Denied,
            "{container}"
        );
    }
}

#[test]
fn a_grant_and_a_refusal_in_one_instant_refuse() {
    let says = |id: &str, granted: bool| {
        track(
            json!({"userId": "u1", "messageId": id, "context": {"consent": {"categoryPreferences": {"Advertising": granted}}}}),
        )
    };
    // Whichever id comes first, and on whichever device.
    for (grant, refusal) in [("m1", "m2"), ("m2", "m1")] {
        let (codes, profiles) = taken(&[says(grant, true), says(refusal, false)]);
        assert_eq!(codes, []);
        assert_eq!(profiles[0].consent().state("Advertising"), ConsentState::Denied);
    }
}

/// As many people as an advertiser has under one address of theirs; and as many devices. A release build has 100 000.
#[test]
fn countless_ids_that_share_an_email() {
    let count = if cfg!(debug_assertions) { 5_000 } else { 100_000u32 };
    let shared = |number: u32, key: &str| {
        track(json!({key: format!("id{number}"), "messageId": format!("m{number}"),
            "timestamp": Timestamp::from_millis(1_750_000_000_000 + i64::from(number) * 1000),
            "context": {"traits": {"email": "office@example.com"}}}))
    };
    for (key, people) in [("userId", count as usize), ("anonymousId", 1)] {
        let mut states = Vec::new();
        for late in [false, true] {
            let begun = std::time::Instant::now();
            let mut space = Space::open(Memory::new(), settings(), now()).unwrap();
            let mut numbers: Vec<u32> = (1..count).collect();
            if late {
                numbers.reverse();
            }
            for part in numbers.chunks(8192) {
                let events: Vec<Json> = part.iter().map(|number| shared(*number, key)).collect();
                give(&mut space, &events, now());
            }
            let all_but_one = begun.elapsed();
            // One that comes before all others.
            give(&mut space, &[shared(0, key)], now());
            let order = if late { "late" } else { "in order" };
            println!(
                "{key}, {order}: {all_but_one:?}, and {:?} for one more",
                begun.elapsed() - all_but_one
            );
            assert_eq!(space.profiles().users().len(), people);
            // The first user has the email; of the devices, those five that the limit lets in.
            let owner = space.find("email", "office@example.com").unwrap();
            let first = if people == 1 {
                ("anonymous_id", "id0")
            } else {
                ("user_id", "id0")
            };
            assert!(space.find(first.0, first.1) == Some(owner));
            states.push(space.profiles());
        }
        assert!(states[0].users() == states[1].users());
    }
}
