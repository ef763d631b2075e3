//! A person who is forgotten leaves no trace, and everybody else as they were.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use volens::ConsentState;
use volens::model::{IdentityRules, Profile};
use volens::space::SpaceError;
use volens::store::Memory;

use super::generate::{LAST, event, minute, settings};
use super::*;

/// How a profile looks without the traits of these keys.
fn without(profile: &Profile, keys: &[String]) -> Json {
    let mut json = json!(profile);
    let traits = json["traits"].as_object_mut().unwrap();
    keys.iter().for_each(|key| drop(traits.remove(key)));
    json
}

/// The traits that hold one of the identifiers of somebody else.
fn holding(profile: &Profile, person: &Profile) -> Vec<String> {
    let same = |value: &str| {
        let mut own = person.identifiers().iter();
        own.any(|(kind, own)| own == value || (kind == "email" && own == value.trim().to_lowercase()))
    };
    let traits = profile.traits().iter();
    let holding = traits.filter(|(_, value)| value.as_str().is_some_and(same));
    holding.map(|(key, _)| key.to_owned()).collect()
}

/// Who has none of the person's identifiers, each with the traits that may change.
fn others(space: &Space<Memory>, person: &Profile) -> Vec<(Arc<Profile>, Vec<String>)> {
    let profiles = space.profiles();
    let others = profiles.users().iter().filter(|other| ***other != *person);
    others.map(|other| (other.clone(), holding(other, person))).collect()
}

fn labels(profile: &Profile) -> Vec<(String, String)> {
    let ids = profile.identifiers().iter();
    ids.map(|(kind, value)| (kind.to_owned(), value.to_owned())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(200), max_global_rejects: u32::MAX, ..ProptestConfig::default() })]

    #[test]
    fn forgetting_takes_one_person_and_nobody_else(
        events in vec(event(), 1..24),
        settings in settings(),
        at in 0..=LAST,
        index in any::<Index>(),
        ahead in any::<bool>(),
    ) {
        let now = if ahead { minute(at) } else { minute(LAST) };
        let mut space = Space::open(Memory::new(), settings.clone(), now).unwrap();
        give(&mut space, &events, now);
        let profiles = space.profiles();
        prop_assume!(!profiles.users().is_empty());
        let person = index.get(profiles.users()).clone();
        let mut expected = others(&space, &person);
        let (kind, value) = labels(&person).remove(0);
        let stored = space.journal().len();
        let taken = space.forget(&kind, &value, now).unwrap();
        prop_assert_eq!(space.journal().len(), stored - taken);

        for round in ["at once", "opened anew", "fed again", "fed again and opened anew"] {
            match round {
                "at once" => {}
                "fed again" => {
                    let receipt = give(&mut space, &events, now);
                    prop_assert_eq!((receipt.counts.applied, receipt.counts.later), (0, 0), "{:?}", receipt);
                }
                _ => space = Space::open(space.into_storage(), settings.clone(), now).unwrap(),
            }
            for (kind, value) in labels(&person) {
                prop_assert!(space.find(&kind, &value).is_none(), "{round}: {kind}:{value}");
                let again = space.forget(&kind, &value, now);
                prop_assert!(matches!(again, Err(SpaceError::NoProfile(_))));
            }
            prop_assert_eq!(space.journal().len(), stored - taken);
            let profiles = space.profiles();
            prop_assert_eq!(profiles.users().len(), expected.len(), "{}", round);
            for (found, (other, keys)) in profiles.users().iter().zip(&expected) {
                prop_assert_eq!(without(found, keys), without(other, keys), "{}", round);
            }
        }

        // Whoever comes with the identifiers later is somebody new.
        let ids = labels(&person);
        let email = ids.iter().find(|(kind, _)| kind == "email").map(|(_, value)| value);
        let user = ids.iter().find(|(kind, _)| kind == "user_id").map(|(_, value)| value);
        let device = ids.iter().find(|(kind, _)| kind == "anonymous_id").map(|(_, value)| value);
        prop_assume!(user.is_some() || device.is_some());
        let new = json!({
            "type": "identify", "messageId": "new", "userId": user, "anonymousId": device,
            "timestamp": "2026-03-01T00:00:00Z", "traits": {"email": email, "city": "Ghent"},
        });
        let now = "2026-04-01".parse().unwrap();
        space.advance(now).unwrap();
        // Events of others that were dated ahead may count now.
        expected = others(&space, &person);
        prop_assert_eq!(give(&mut space, &[new], now).counts.applied, 1);
        let (kind, value) = ids.iter().find(|(kind, _)| ["user_id", "anonymous_id"].contains(&&**kind)).unwrap();
        let found = space.find(kind, value).unwrap();
        let mut traits = json!({"city": "Ghent"});
        if let Some(email) = email {
            traits["email"] = json!(email);
        }
        prop_assert_eq!(json!(found.traits()), traits);
        prop_assert!(found.history().is_empty() && found.consent().history().is_empty());
        prop_assert_eq!(found.accounts().count(), 0);
        let profiles = space.profiles();
        prop_assert_eq!(profiles.users().len(), expected.len() + 1);
        for (other, _) in &expected {
            prop_assert!(profiles.users().contains(other));
        }
    }
}

fn track(message_id: &str, at: u32, who: Json, consent: Option<bool>) -> Json {
    let mut event =
        json!({"type": "track", "event": "E", "messageId": message_id, "timestamp": minute(at), "context": {}});
    for (key, value) in who.as_object().unwrap() {
        match key.as_str() {
            "phone" => {
                event["context"]["externalIds"] =
                    json!([{"id": value, "type": "phone", "collection": "users", "encoding": "none"}]);
            }
            "email" => event["context"]["traits"] = json!({"email": value}),
            _ => event[key] = value.clone(),
        }
    }
    if let Some(consent) = consent {
        event["context"]["consent"] = json!({"categoryPreferences": {"Advertising": consent}});
    }
    event
}

/// A conflict of somebody else, which came from a merge, must not become a grant because what stood in the way of an
/// identifier is gone.
#[test]
fn what_was_dropped_because_of_a_person_stays_dropped() {
    let settings = Settings {
        identity: IdentityRules::default(),
        categories: vec!["Advertising".into()],
    };
    let events = [
        track("m1", 0, json!({"userId": "u1", "email": "x@x.com"}), None),
        track("m2", 1, json!({"userId": "u2"}), Some(false)),
        // The email is u1's: it is dropped, and the phone, which ranks below it, before.
        track("m3", 2, json!({"userId": "u2", "email": "x@x.com", "phone": "1"}), None),
        track("m4", 3, json!({"anonymousId": "a1", "phone": "1"}), Some(true)),
        // No login: what the two say of consent is compared.
        track("m5", 4, json!({"userId": "u2", "phone": "1"}), None),
    ];
    let now = minute(LAST);
    let mut space = Space::open(Memory::new(), settings.clone(), now).unwrap();
    give(&mut space, &events, now);
    let before = space.find("user_id", "u2").unwrap();
    assert_eq!(before.consent().state("Advertising"), ConsentState::Conflicted);
    space.forget("user_id", "u1", now).unwrap();
    assert_eq!(space.find("user_id", "u2").unwrap(), before);
    let space = Space::open(space.into_storage(), settings, now).unwrap();
    assert_eq!(space.find("user_id", "u2").unwrap(), before);
}

/// Somebody else's clock is ahead: what they refuse must not be lost with the person whose email they have given.
#[test]
fn what_is_still_to_come_of_others_stays_theirs() {
    let settings = Settings {
        identity: IdentityRules::default(),
        categories: vec!["Advertising".into()],
    };
    let events = [
        track("m1", 0, json!({"userId": "u1", "email": "x@x.com"}), Some(true)),
        track("m2", 0, json!({"userId": "u2", "anonymousId": "a2"}), Some(true)),
        track("m3", 10, json!({"userId": "u2", "email": "X@x.com"}), Some(false)),
        // The person's own: at somebody else's device, and as somebody new.
        track("m4", 11, json!({"userId": "u1", "anonymousId": "a2"}), None),
        track("m5", 12, json!({"anonymousId": "a3", "email": "x@x.com"}), None),
    ];
    let now = minute(5);
    let mut space = Space::open(Memory::new(), settings.clone(), now).unwrap();
    assert_eq!(give(&mut space, &events, now).counts.later, 3);
    assert_eq!(space.forget("user_id", "u1", now).unwrap(), 3);
    let mut again = Space::open(space.into_storage(), settings, now).unwrap();
    again.advance(minute(LAST)).unwrap();
    let profiles = again.profiles();
    assert_eq!(profiles.users().len(), 1);
    let other = again.find("user_id", "u2").unwrap();
    assert_eq!(
        labels(&other),
        [
            ("anonymous_id".to_owned(), "a2".to_owned()),
            ("user_id".to_owned(), "u2".to_owned())
        ]
    );
    assert_eq!(other.consent().state("Advertising"), ConsentState::Denied);
    assert!(again.find("email", "x@x.com").is_none());
    assert_eq!(give(&mut again, &events, minute(LAST)).counts.applied, 0);
    assert_eq!(json!(again.profiles().users()), json!(profiles.users()));
}

/// What one person is known by can be what another is known by, too, in another way.
#[test]
fn an_identifier_of_another_type_stays_whose_it_is() {
    let settings = Settings {
        identity: IdentityRules::default(),
        categories: Vec::new(),
    };
    let external = |kind: &str| json!({"id": "1", "type": kind, "collection": "users", "encoding": "none"});
    let mut both = track("m4", 4, json!({"userId": "u3"}), None);
    both["context"]["externalIds"] = json!([external("crm"), external("phone")]);
    let events = [
        track("m1", 0, json!({"userId": "u1", "email": "x@x.com", "phone": "1"}), None),
        track("m1b", 1, json!({"userId": "u1", "phone": "1"}), None),
        // Somebody's name at the sender is what another has as an email.
        track("m2", 2, json!({"userId": "x@x.com", "email": "x@x.com"}), None),
        json!({"type": "identify", "userId": "x@x.com", "messageId": "m3", "timestamp": minute(3), "traits": {"email": "x@x.com"}}),
        both,
    ];
    let now = minute(LAST);
    let mut space = Space::open(Memory::new(), settings.clone(), now).unwrap();
    assert_eq!(give(&mut space, &events, now).counts.applied, 5);
    let before = [("user_id", "x@x.com"), ("user_id", "u3")].map(|(kind, id)| space.find(kind, id).unwrap());
    assert_eq!(
        labels(&before[1]),
        [
            ("crm".to_owned(), "1".to_owned()),
            ("user_id".to_owned(), "u3".to_owned())
        ]
    );
    assert_eq!(space.forget("user_id", "u1", now).unwrap(), 2);
    let space = Space::open(space.into_storage(), settings, now).unwrap();
    assert_eq!(space.profiles().users().len(), 2);
    for other in &before {
        let (kind, id) = labels(other).pop().unwrap();
        let found = space.find(&kind, &id).unwrap();
        assert_eq!(
            without(&found, &["email".to_owned()]),
            without(other, &["email".to_owned()])
        );
        assert!(found.traits().get("email").is_none());
    }
}

/// What somebody else refuses is not lost because an identifier was taken out of an event with the same id; and the identifier
/// does not come back with it.
#[test]
fn a_refusal_is_not_lost_to_an_event_with_its_id_of_which_something_is_hidden() {
    let settings = Settings {
        identity: IdentityRules::default(),
        categories: vec!["Advertising".into()],
    };
    let who = json!({"userId": "u2", "email": "x@x.com"});
    let events = [
        track("m1", 0, json!({"userId": "u1", "email": "x@x.com"}), None),
        track("m2", 1, json!({"userId": "u2"}), None),
        track("m3", 8, who.clone(), Some(true)),
    ];
    let now = minute(LAST);
    // Before the one that is stored, and after it.
    for (at, state) in [(6, ConsentState::Denied), (9, ConsentState::Granted)] {
        let mut space = Space::open(Memory::new(), settings.clone(), now).unwrap();
        give(&mut space, &events, now);
        space.forget("user_id", "u1", now).unwrap();
        // Fed again it is one of which nobody can tell.
        assert_eq!(give(&mut space, &events[2..], now).counts.duplicate, 1);
        let other = track("m3", at, who.clone(), Some(false));
        let receipt = give(&mut space, &[other], now);
        assert_eq!((receipt.counts.applied, receipt.counts.rejected), (0, 1));
        assert_eq!(receipt.rejects[0].code.as_str(), "message_id_conflict");
        // What names nobody but who was forgotten takes nobody's place.
        let nobody = track("m3", 5, json!({"anonymousId": "null", "email": "x@x.com"}), Some(true));
        assert_eq!(give(&mut space, &[nobody], now).counts.rejected, 1);
        for again in [false, true] {
            if again {
                space = Space::open(space.into_storage(), settings.clone(), now).unwrap();
            }
            let found = space.find("user_id", "u2").unwrap();
            assert_eq!(found.consent().state("Advertising"), state, "{at}");
            assert_eq!(space.profiles().users().len(), 1);
            assert!(space.find("email", "x@x.com").is_none());
            assert!(!holds(&space, "x@x.com"), "{at}");
        }
    }
}
