//! Dropping old history changes the history alone.

use proptest::collection::vec;
use proptest::prelude::*;
use volens::store::Memory;
use volens::{Duration, Engine};

use super::generate::{LAST, event, minute, settings};
use super::*;

/// Every profile, without the events of its history at or before an instant.
fn since(profiles: &Profiles, horizon: Timestamp) -> Vec<Json> {
    let users = profiles.users().iter().map(|profile| {
        let mut json = json!(profile);
        let events = json["events"].as_array_mut().unwrap();
        events.retain(|event| event["timestamp"].as_str().unwrap().parse::<Timestamp>().unwrap() > horizon);
        json
    });
    users.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(200), ..ProptestConfig::default() })]

    #[test]
    fn dropping_history_drops_nothing_else(
        events in vec(event(), 1..24),
        late in vec(event(), 0..8),
        settings in settings(),
        minutes in vec(0..=LAST, 1..3),
    ) {
        let now = minute(LAST);
        let engine = Engine::from_text("none.audience", "").unwrap();
        let mut space = Space::open(Memory::new(), settings.clone(), now).unwrap();
        give(&mut space, &events, now);
        let mut dropped = None;
        for at in minutes {
            let length = Duration::from_millis(now.as_millis() - minute(at).as_millis());
            let before = space.profiles();
            let accounts = json!(before.accounts().iter().map(|(id, account)| json!([id, account.traits, account.users])).collect::<Vec<_>>());
            space.drop_history(engine.horizon(length, now).unwrap()).unwrap();
            // A longer history than was kept before brings nothing back.
            dropped = dropped.max(Some(minute(at)));
            let horizon = dropped.unwrap();
            prop_assert_eq!(space.journal().horizon(), dropped);
            for round in ["at once", "opened anew", "fed again", "fed again and opened anew"] {
                match round {
                    "at once" => {}
                    "fed again" => {
                        let receipt = give(&mut space, &events, now);
                        prop_assert_eq!(receipt.counts.applied, 0, "{:?}", receipt);
                    }
                    _ => space = Space::open(space.into_storage(), settings.clone(), now).unwrap(),
                }
                let profiles = space.profiles();
                prop_assert_eq!(json!(profiles.users()), json!(since(&before, horizon)), "{}", round);
                let found = json!(profiles.accounts().iter().map(|(id, account)| json!([id, account.traits, account.users])).collect::<Vec<_>>());
                prop_assert_eq!(&found, &accounts, "{}", round);
            }
        }

        // What comes late and is older counts for consent alone, and the order of arrival still leaves no trace.
        let horizon = dropped.unwrap();
        let mut intake = space.intake(now, now).unwrap();
        for event in &late {
            let _ = intake.event(event.clone().into());
        }
        intake.commit().unwrap();
        let at_once = dump(&space.profiles());
        prop_assert_eq!(json!(space.profiles().users()), json!(since(&space.profiles(), horizon)));
        space = Space::open(space.into_storage(), settings.clone(), now).unwrap();
        prop_assert_eq!(dump(&space.profiles()), at_once);
    }
}

/// What is known of profiles and accounts, without the history at or before an instant.
pub(super) fn known(profiles: &Profiles, horizon: Timestamp) -> Json {
    let accounts = profiles.accounts().iter();
    let accounts = accounts.map(|(id, account)| json!([id, account.traits, account.users]));
    json!([since(profiles, horizon), accounts.collect::<Vec<_>>()])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(200), ..ProptestConfig::default() })]

    /// What happens after the horizon leads to the same, whether what had no trace is there or not.
    #[test]
    fn what_comes_after_the_horizon_finds_all_that_matters(
        events in vec(event(), 1..32),
        later in vec(vec((event(), 1..=LAST), 0..8), 1..3),
        settings in settings(),
        at in 0..LAST,
    ) {
        let now = minute(LAST);
        let engine = Engine::from_text("none.audience", "").unwrap();
        let mut spaces = [(); 2].map(|()| Space::open(Memory::new(), settings.clone(), now).unwrap());
        for space in &mut spaces {
            give(space, &events, now);
        }
        let length = Duration::from_millis(now.as_millis() - minute(at).as_millis());
        spaces[0].drop_history(engine.horizon(length, now).unwrap()).unwrap();
        for (round, later) in later.into_iter().enumerate() {
            let later = later.into_iter().enumerate().map(|(number, (mut event, minutes))| {
                let instant = minute((at + minutes).min(LAST)).to_string();
                for key in ["timestamp", "receivedAt", "sentAt"] {
                    event[key] = json!(instant);
                }
                event["messageId"] = json!(format!("later-{round}-{number}"));
                event
            });
            let later: Vec<Json> = later.collect();
            for space in &mut spaces {
                give(space, &later, now);
            }
            prop_assert_eq!(known(&spaces[0].profiles(), minute(at)), known(&spaces[1].profiles(), minute(at)));
            let [dropped, whole] = spaces;
            let violations = dropped.violations();
            let dropped = Space::open(dropped.into_storage(), settings.clone(), now).unwrap();
            prop_assert_eq!(dropped.violations(), violations);
            prop_assert_eq!(known(&dropped.profiles(), minute(at)), known(&whole.profiles(), minute(at)));
            spaces = [dropped, whole];
        }
    }
}

/// An event of one who is known by a user id and a device.
fn of_both(message_id: &str, at: &str, more: Json) -> Json {
    let mut event = json!({
        "type": "track", "event": "E", "messageId": message_id, "userId": "u1", "anonymousId": "a1",
        "timestamp": format!("2026-06-{at}T00:00:00Z"),
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

#[test]
fn an_event_without_any_trace_is_gone_with_its_history() {
    let refuses = json!({"consent": {"categoryPreferences": {"Advertising": false}}});
    let group = |plan: &str| json!({"type": "group", "groupId": "g", "traits": {"plan": plan}});
    // What happens, and whether it is needed.
    let rows = [
        (of_both("brings both together", "01", json!({})), true),
        (of_both("nothing but history", "02", json!({})), false),
        (
            of_both(
                "overwritten",
                "03",
                json!({"type": "identify", "traits": {"plan": "free"}}),
            ),
            false,
        ),
        (
            of_both(
                "in part",
                "03",
                json!({"type": "identify", "traits": {"plan": "free", "city": "Bonn"}}),
            ),
            true,
        ),
        (
            of_both(
                "takes away",
                "04",
                json!({"type": "identify", "traits": {"plan": null}}),
            ),
            true,
        ),
        (of_both("refuses", "05", json!({"context": refuses})), true),
        (of_both("refuses again", "06", json!({"context": refuses})), true),
        (of_both("first of the account", "06", group("free")), true),
        (of_both("again of the account", "07", group("free")), false),
        (of_both("as the account is", "08", group("pro")), true),
        (
            of_both(
                "a new email",
                "09",
                json!({"context": {"traits": {"email": "x@x.com"}}}),
            ),
            true,
        ),
        (of_both("too many names", "08", json!({"userId": "u2"})), true),
        (
            of_both(
                "the first of that one",
                "09",
                json!({"userId": "u2", "anonymousId": null}),
            ),
            true,
        ),
        (of_both("too many again", "09", json!({"userId": "u2"})), false),
        (of_both("too many at last", "10", json!({"userId": "u2"})), true),
        (of_both("on the edge", "10", json!({})), false),
        (
            of_both(
                "once more",
                "09",
                json!({"userId": "u2", "anonymousId": null, "timestamp": "2026-06-09T12:00:00Z"}),
            ),
            false,
        ),
        (
            of_both(
                "the last of that one",
                "10",
                json!({"userId": "u2", "anonymousId": null}),
            ),
            true,
        ),
        (of_both("young", "11", json!({})), true),
    ];
    let now: Timestamp = "2026-06-30T00:00:00Z".parse().unwrap();
    let engine = Engine::from_text("shop.audience", "category Advertising\nidentity { user_id limit 1 }").unwrap();
    let mut space = engine.space(Memory::new(), now).unwrap();
    let events: Vec<Json> = rows.iter().map(|(event, _)| event.clone()).collect();
    give(&mut space, &events, now);
    let (before, horizon) = (space.profiles(), "2026-06-10T00:00:00Z".parse().unwrap());
    let length = Duration::from_millis(now.as_millis() - Timestamp::as_millis(horizon));
    space.drop_history(engine.horizon(length, now).unwrap()).unwrap();
    let needed = rows.iter().filter(|(_, is_needed)| *is_needed).count() as u64;
    for round in ["at once", "opened anew"] {
        for (event, is_needed) in &rows {
            assert_eq!(
                holds(&space, event["messageId"].as_str().unwrap()),
                *is_needed,
                "{event}, {round}"
            );
        }
        assert_eq!(space.counts().applied, needed, "{round}");
        assert_eq!(known(&space.profiles(), horizon), known(&before, horizon), "{round}");
        space = engine.space(space.into_storage(), now).unwrap();
    }
    // None of them comes back.
    let receipt = give(&mut space, &events, now);
    assert_eq!(receipt.counts.applied, 0);
    assert_eq!(known(&space.profiles(), horizon), known(&before, horizon));
}

/// Of a space that knows one category.
fn of_advertising() -> Settings {
    Settings {
        identity: volens::model::IdentityRules::default(),
        categories: vec!["Advertising".into()],
    }
}

/// A page view with what it says of consent to advertising.
fn page(message_id: &str, user: &str, at: &str, advertising: Option<bool>) -> Json {
    let mut event = json!({
        "type": "page", "messageId": message_id, "userId": user,
        "timestamp": format!("2026-06-{at}T00:00:00Z"), "properties": {"path": "/secret-path"},
    });
    if let Some(advertising) = advertising {
        event["context"] = json!({"consent": {"categoryPreferences": {"Advertising": advertising}}});
    }
    event
}

#[test]
fn a_refusal_is_not_lost_to_an_event_with_its_id_that_has_no_history() {
    let settings = of_advertising();
    let now: Timestamp = "2026-06-30T00:00:00Z".parse().unwrap();
    let engine = Engine::from_text("none.audience", "").unwrap();
    let granted = page("m1", "u1", "05", Some(true));
    // What comes, whether it counts, whether it is told as a conflict, and what is known of the person then.
    let rows = [
        // First in canonical order, and older than the retention.
        (page("m1", "u1", "01", Some(false)), true, true, "denied"),
        // After it.
        (page("m1", "u1", "06", Some(false)), false, true, "granted"),
        (page("m1", "u1", "20", Some(false)), false, true, "granted"),
        // It says the same of consent, of another instant.
        (page("m1", "u1", "01", Some(true)), true, true, "granted"),
        (page("m1", "u1", "06", Some(true)), false, true, "granted"),
        // And of the same one, so nobody can tell whether it is the same.
        (page("m1", "u1", "05", Some(true)), false, false, "granted"),
        // Somebody else refuses.
        (page("m1", "u2", "01", Some(false)), true, true, "denied"),
        (page("m1", "u2", "06", Some(true)), false, true, "granted"),
    ];
    for (event, counts, is_conflict, state) in rows {
        let mut space = Space::open(Memory::new(), settings.clone(), now).unwrap();
        give(&mut space, std::slice::from_ref(&granted), now);
        let horizon = engine.horizon(Duration::from_millis(20 * 86_400_000), now).unwrap();
        space.drop_history(horizon).unwrap();
        let receipt = give(&mut space, std::slice::from_ref(&event), now);
        let told = (
            receipt.counts.applied,
            receipt.counts.duplicate,
            receipt.counts.rejected,
        );
        assert_eq!(told, if is_conflict { (0, 0, 1) } else { (0, 1, 0) }, "{event}");
        if let Some(reject) = receipt.rejects.first() {
            assert_eq!(reject.code.as_str(), "message_id_conflict", "{event}");
            let input: Json = serde_json::from_str(&reject.input.text()).unwrap();
            let refused = if counts { &granted } else { &event };
            assert_eq!(input["timestamp"], refused["timestamp"], "{event}");
        }
        for round in ["at once", "opened anew", "fed again"] {
            match round {
                "opened anew" => space = Space::open(space.into_storage(), settings.clone(), now).unwrap(),
                "fed again" => {
                    let receipt = give(&mut space, &[granted.clone(), event.clone()], now);
                    assert_eq!(receipt.counts.applied, 0, "{event}");
                }
                _ => {}
            }
            let user = if counts {
                event["userId"].as_str().unwrap()
            } else {
                "u1"
            };
            let users = space.profiles();
            assert_eq!(users.users().len(), 1, "{event}, {round}");
            let found = space.find("user_id", user).unwrap();
            assert_eq!(found.consent().state("Advertising").as_str(), state, "{event}, {round}");
            assert!(found.history().is_empty(), "{event}, {round}");
            assert!(!holds(&space, "secret-path"), "{event}, {round}");
        }
    }
}

/// Of two events with one id the first counts, so the grant is older than the refusal, whether its history is there or not.
#[test]
fn a_grant_is_not_later_for_want_of_its_history() {
    let settings = of_advertising();
    let now: Timestamp = "2026-06-30T00:00:00Z".parse().unwrap();
    let engine = Engine::from_text("none.audience", "").unwrap();
    for drops in [false, true] {
        let mut space = Space::open(Memory::new(), settings.clone(), now).unwrap();
        let stored = [page("m1", "u1", "05", Some(true)), page("m2", "u1", "03", Some(false))];
        give(&mut space, &stored, now);
        if drops {
            let horizon = engine.horizon(Duration::from_millis(20 * 86_400_000), now).unwrap();
            space.drop_history(horizon).unwrap();
        }
        let state = |space: &Space<Memory>| {
            space
                .find("user_id", "u1")
                .unwrap()
                .consent()
                .state("Advertising")
                .as_str()
        };
        assert_eq!(state(&space), "granted");
        give(&mut space, &[page("m1", "u1", "01", Some(true))], now);
        assert_eq!(state(&space), "denied", "drops history: {drops}");
    }
}

#[test]
fn without_a_consent_object_an_old_event_takes_nothing_back() {
    let now: Timestamp = "2026-06-30T00:00:00Z".parse().unwrap();
    let engine = Engine::from_text("none.audience", "").unwrap();
    let settings = of_advertising();
    let mut space = Space::open(Memory::new(), settings, now).unwrap();
    give(&mut space, &[page("m1", "u1", "05", Some(false))], now);
    let horizon = engine.horizon(Duration::from_millis(20 * 86_400_000), now).unwrap();
    space.drop_history(horizon).unwrap();
    let receipt = give(&mut space, &[page("m1", "u1", "01", None)], now);
    assert_eq!(receipt.rejects[0].code.as_str(), "older_than_retention");
    let found = space.find("user_id", "u1").unwrap();
    assert_eq!(found.consent().state("Advertising").as_str(), "denied");
}

/// Somebody who refused must not become another because an identifier is gone with the history.
#[test]
fn what_the_rules_look_for_in_events_without_history_is_kept() {
    let text = r#"
        category Advertising
        identity {
          user_id limit 1
          card from context.loyalty.card limit 2
          phone from properties.contact.phone limit 2
        }
    "#;
    let engine = Engine::from_text("shop.audience", text).unwrap();
    let now: Timestamp = "2026-06-30T00:00:00Z".parse().unwrap();
    let mut space = engine.space(Memory::new(), now).unwrap();
    let mut visit = page("m1", "u1", "05", Some(false));
    visit["context"]["loyalty"] = json!({"card": "c1"});
    visit["context"]["page"] = json!({"url": "/secret-path"});
    visit["properties"]["contact"] = json!({"phone": "1"});
    give(&mut space, &[visit], now);
    let horizon = engine.horizon(Duration::from_millis(20 * 86_400_000), now).unwrap();
    space.drop_history(horizon).unwrap();
    let space = engine.space(space.into_storage(), now).unwrap();
    for (kind, value) in [("card", "c1"), ("phone", "1")] {
        let found = space.find(kind, value).unwrap();
        assert_eq!(found.consent().state("Advertising").as_str(), "denied", "{kind}");
    }
    assert!(!holds(&space, "secret-path"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(200), ..ProptestConfig::default() })]

    /// What is older than the retention and comes all the same may change who is who. It leads to the same as if everything were
    /// there, so nobody is granted anything by it who would not be.
    #[test]
    fn what_comes_late_grants_nothing_that_it_would_not_have_granted(
        events in vec(event(), 1..32),
        late in vec((event(), 0..LAST, any::<bool>()), 1..6),
        settings in settings(),
        at in 1..LAST,
    ) {
        let now = minute(LAST);
        let engine = Engine::from_text("none.audience", "").unwrap();
        let [mut dropped, mut whole] = [(); 2].map(|()| Space::open(Memory::new(), settings.clone(), now).unwrap());
        give(&mut dropped, &events, now);
        give(&mut whole, &events, now);
        let length = Duration::from_millis(now.as_millis() - minute(at).as_millis());
        dropped.drop_history(engine.horizon(length, now).unwrap()).unwrap();
        let late = late.into_iter().enumerate().map(|(number, (mut event, minutes, grants))| {
            for key in ["timestamp", "receivedAt", "sentAt"] {
                event[key] = json!(minute(minutes.min(at)).to_string());
            }
            event["messageId"] = json!(format!("late-{number}"));
            event["context"]["consent"] = json!({"categoryPreferences": {"Advertising": grants}});
            event
        });
        let late: Vec<Json> = late.collect();
        give(&mut dropped, &late, now);
        give(&mut whole, &late, now);
        prop_assert_eq!(known(&dropped.profiles(), minute(at)), known(&whole.profiles(), minute(at)));
        for user in dropped.profiles().users() {
            for (kind, value) in user.identifiers().iter() {
                let other = whole.find(kind, value);
                for category in ["Advertising", "Analytics"] {
                    let is_granted = |profile: &volens::Profile| profile.consent().state(category).as_str() == "granted";
                    prop_assert!(!is_granted(user) || other.as_deref().is_some_and(is_granted), "{kind}:{value} {category}");
                }
            }
        }
    }
}
