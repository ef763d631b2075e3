//! Whoever takes whole events away grants nobody anything by it, whatever comes later and whatever the rules become.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use volens::model::{IdentifierRule, IdentityRules, Period};
use volens::store::Memory;
use volens::{Duration, Engine};

use super::generate::{LAST, event, minute, settings};
use super::retain::known;
use super::*;

const DAY: i64 = 86_400_000;

fn now() -> Timestamp {
    "2026-01-31T00:00:00Z".parse().unwrap()
}

fn rules(limits: &[(&str, u32, Period)]) -> Settings {
    let mut identity = IdentityRules::default();
    identity.listed = limits
        .iter()
        .map(|(kind, limit, period)| IdentifierRule {
            kind: (*kind).into(),
            from: Vec::new(),
            limit: *limit,
            period: *period,
        })
        .collect();
    Settings {
        identity,
        categories: vec!["Advertising".into()],
    }
}

/// A page view of January, by its day: whom it names, and what it says of consent to advertising.
fn visit(id: &str, day: u32, who: &[(&str, &str)], advertising: Option<bool>) -> Json {
    let timestamp = format!("2026-01-{day:02}T00:00:00Z");
    let mut event = json!({"type": "page", "messageId": id, "timestamp": timestamp});
    for (kind, value) in who {
        match *kind {
            "email" => event["context"]["traits"] = json!({"email": value}),
            kind => event[kind] = json!(value),
        }
    }
    if let Some(advertising) = advertising {
        event["context"]["consent"] = json!({"categoryPreferences": {"Advertising": advertising}});
    }
    event
}

fn drop_days(space: &mut Space<Memory>, days: i64) {
    let engine = Engine::from_text("none.audience", "").unwrap();
    let horizon = engine.horizon(Duration::from_millis(days * DAY), now()).unwrap();
    space.drop_history(horizon).unwrap();
}

fn consent(space: &Space<Memory>, kind: &str, value: &str) -> String {
    let profile = space.find(kind, value).unwrap();
    profile.consent().state("Advertising").as_str().to_owned()
}

/// What is known of somebody's consent where history was dropped and where all is kept, when some events come late.
fn late(settings: &Settings, events: &[Json], late: &[Json], (kind, value): (&str, &str)) -> [String; 2] {
    [true, false].map(|drops| {
        let mut space = Space::open(Memory::new(), settings.clone(), now()).unwrap();
        give(&mut space, events, now());
        if drops {
            drop_days(&mut space, 5);
        }
        give(&mut space, late, now());
        let at_once = consent(&space, kind, value);
        let space = Space::open(space.into_storage(), settings.clone(), now()).unwrap();
        assert_eq!(consent(&space, kind, value), at_once);
        at_once
    })
}

/// Late events keep two apart at first, and somebody else is brought to one of them before the last event that names both.
#[test]
fn who_is_brought_together_by_the_first_event_with_the_same_identifiers_stays_so() {
    let settings = rules(&[
        ("user_id", 2, Period::Ever),
        ("email", 5, Period::Ever),
        ("anonymous_id", 5, Period::Ever),
    ]);
    let both = [("userId", "u1"), ("anonymousId", "a1")];
    let events = [
        visit(
            "f",
            2,
            &[("userId", "u1"), ("anonymousId", "a1"), ("email", "x@x.com")],
            None,
        ),
        visit("grant", 3, &[("userId", "u1")], Some(true)),
        visit("e", 4, &both, None),
        visit("u3", 5, &[("userId", "u3"), ("anonymousId", "a1")], None),
        visit("u4", 6, &[("userId", "u4"), ("anonymousId", "a1")], None),
        visit("refuse", 7, &[("anonymousId", "a1")], Some(false)),
        visit("e2", 8, &both, None),
        visit("l", 9, &both, None),
    ];
    let came_late = [
        visit("u8", 1, &[("userId", "u8"), ("email", "x@x.com")], Some(true)),
        visit("u9", 1, &[("userId", "u9"), ("email", "x@x.com")], Some(true)),
    ];
    assert_eq!(
        late(&settings, &events, &came_late, ("user_id", "u1")),
        ["denied", "denied"]
    );
}

/// What is too many within a week may be brought together in the next one.
#[test]
fn where_limits_are_of_a_time_every_event_that_names_several_stays() {
    let settings = rules(&[
        ("user_id", 1, Period::Week),
        ("email", 5, Period::Ever),
        ("anonymous_id", 5, Period::Ever),
    ]);
    let both = [("userId", "u1"), ("anonymousId", "a1")];
    let events = [
        visit("f", 2, &both, None),
        visit("grant", 3, &[("userId", "u1")], Some(true)),
        visit("refuse", 4, &[("anonymousId", "a1")], Some(false)),
        visit("e", 12, &both, None),
        visit("grant again", 14, &[("anonymousId", "a1")], Some(true)),
        visit("l", 20, &both, None),
    ];
    let came_late = [visit("u2", 1, &[("userId", "u2"), ("anonymousId", "a1")], Some(true))];
    let found = late(&settings, &events, &came_late, ("user_id", "u1"));
    assert_eq!(found, ["conflicted", "conflicted"]);
}

/// An identifier is blocked that had brought two together.
#[test]
fn who_was_brought_together_stays_so_under_other_rules() {
    let mut settings = rules(&[
        ("user_id", 2, Period::Ever),
        ("email", 5, Period::Ever),
        ("anonymous_id", 5, Period::Ever),
    ]);
    let both = [("userId", "u1"), ("anonymousId", "a1")];
    let events = [
        visit("u5", 1, &[("userId", "u5"), ("anonymousId", "a1")], None),
        visit("f", 2, &[("userId", "u1"), ("email", "x@x.com")], None),
        visit("f2", 3, &[("anonymousId", "a1"), ("email", "x@x.com")], None),
        visit("grant", 4, &[("userId", "u1")], Some(true)),
        visit("refuse", 5, &[("anonymousId", "a1")], Some(false)),
        visit("e", 6, &both, None),
        visit("grant again", 7, &[("anonymousId", "a1")], Some(true)),
        visit("l", 8, &both, None),
    ];
    let storages = [true, false].map(|drops| {
        let mut space = Space::open(Memory::new(), settings.clone(), now()).unwrap();
        give(&mut space, &events, now());
        if drops {
            drop_days(&mut space, 5);
        }
        space.into_storage()
    });
    settings.identity.block("x@x.com");
    let found = storages.map(|storage| {
        let space = Space::open(storage, settings.clone(), now()).unwrap();
        consent(&space, "user_id", "u1")
    });
    assert_eq!(found, ["conflicted", "conflicted"]);
}

/// Two were one person, and a late event keeps them apart: each has the traits that its own events set.
#[test]
fn traits_that_were_set_again_elsewhere_stay() {
    let settings = rules(&[
        ("user_id", 2, Period::Ever),
        ("email", 5, Period::Ever),
        ("anonymous_id", 5, Period::Ever),
    ]);
    let identify = |id: &str, day: u32, who: (&str, &str), kind: &str| {
        let mut event = visit(id, day, &[who], None);
        event["type"] = json!(kind);
        event["groupId"] = json!("g");
        event["traits"] = json!({"barred": true});
        event
    };
    let events = [
        visit(
            "f",
            2,
            &[("userId", "u1"), ("anonymousId", "a1"), ("email", "x@x.com")],
            None,
        ),
        identify("of the device", 3, ("anonymousId", "a1"), "identify"),
        identify("of the device, too", 3, ("anonymousId", "a1"), "group"),
        visit("first of the user", 4, &[("userId", "u1")], None),
        identify("set again", 5, ("userId", "u1"), "identify"),
        identify("of the user", 6, ("userId", "u1"), "identify"),
        identify("of the user, too", 6, ("userId", "u1"), "group"),
        visit("last of the device", 7, &[("anonymousId", "a1")], None),
        visit("last of the user", 7, &[("userId", "u1")], None),
    ];
    let came_late = [
        visit("u8", 1, &[("userId", "u8"), ("email", "x@x.com")], Some(true)),
        visit("u9", 1, &[("userId", "u9"), ("email", "x@x.com")], Some(true)),
    ];
    let mut space = Space::open(Memory::new(), settings, now()).unwrap();
    give(&mut space, &events, now());
    drop_days(&mut space, 5);
    assert!(!holds(&space, "set again"));
    give(&mut space, &came_late, now());
    for (kind, value) in [("user_id", "u1"), ("anonymous_id", "a1")] {
        let found = json!(space.find(kind, value).unwrap());
        assert_eq!(found["traits"]["barred"], json!(true), "{kind}");
        let profiles = space.profiles();
        let account = profiles.accounts().get("g").unwrap();
        assert_eq!(account.users.len(), 2);
    }
}

/// An event that says nothing of time happened when it came; when it comes again, that is later.
#[test]
fn an_event_without_any_time_does_not_come_back() {
    let engine = Engine::from_text("none.audience", "").unwrap();
    let early: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
    let lines: Vec<Json> = ["m1", "m2", "m3"]
        .map(|id| json!({"type": "page", "messageId": id, "userId": "u1"}))
        .into();
    for forgets in [false, true] {
        let mut space = engine.space(Memory::new(), early).unwrap();
        give(&mut space, &lines, early);
        space.advance(now()).unwrap();
        drop_days(&mut space, 5);
        if forgets {
            space.forget("user_id", "u1", now()).unwrap();
        }
        let receipt = give(&mut space, &lines, now());
        let (applied, duplicate) = (receipt.counts.applied, receipt.counts.duplicate);
        assert_eq!(applied, 0, "forgets: {forgets}, {duplicate} are duplicates");
        assert_eq!(space.find("user_id", "u1").is_none(), forgets);
    }
}

/// Rules that are not of a time.
fn of_any_time() -> impl Strategy<Value = Settings> {
    settings().prop_map(|mut settings| {
        for rule in &mut settings.identity.listed {
            rule.period = Period::Ever;
        }
        settings
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(200), ..ProptestConfig::default() })]

    /// Other limits, another order of types, values that are blocked now, and what comes late under these.
    #[test]
    fn other_rules_lead_to_what_they_would_have(
        events in vec(event(), 1..32),
        late in vec((event(), 0..LAST), 0..6),
        (before, mut after) in (of_any_time(), of_any_time()),
        blocked in vec(select(vec!["u1", "u2", "x@x.com", "a1", "a2", "1"]), 0..3),
        at in 1..LAST,
    ) {
        let now = minute(LAST);
        let engine = Engine::from_text("none.audience", "").unwrap();
        let mut spaces = [(); 2].map(|()| Space::open(Memory::new(), before.clone(), now).unwrap());
        for space in &mut spaces {
            give(space, &events, now);
        }
        let length = Duration::from_millis(now.as_millis() - minute(at).as_millis());
        spaces[0].drop_history(engine.horizon(length, now).unwrap()).unwrap();
        blocked.iter().for_each(|value| after.identity.block(value));
        let late = late.into_iter().enumerate().map(|(number, (mut event, minutes))| {
            for key in ["timestamp", "receivedAt", "sentAt"] {
                event[key] = json!(minute(minutes.min(at)).to_string());
            }
            event["messageId"] = json!(format!("late-{number}"));
            event["context"]["consent"] = json!({"categoryPreferences": {"Advertising": number % 2 == 0}});
            event
        });
        let late: Vec<Json> = late.collect();
        let [dropped, whole] = spaces.map(|space| {
            let mut space = Space::open(space.into_storage(), after.clone(), now).unwrap();
            give(&mut space, &late, now);
            known(&space.profiles(), minute(at))
        });
        prop_assert_eq!(dropped, whole);
    }
}

/// Of what was set up to the horizon the last is left, so nothing is told as of an instant before.
#[test]
fn as_of_an_instant_before_the_horizon_no_audience_that_reads_traits_is_told() {
    let text = "audience open { who not trait barred = true }";
    let engine = Engine::from_text("a.audience", text).unwrap();
    let identify = |id: &str, day: u32, barred: bool| {
        let mut event = visit(id, day, &[("userId", "u1")], None);
        event["type"] = json!("identify");
        event["traits"] = json!({"barred": barred});
        event
    };
    let events = [
        visit("f", 1, &[("userId", "u1")], None),
        identify("e", 2, true),
        identify("e2", 10, false),
        visit("l", 11, &[("userId", "u1")], None),
    ];
    let everybody = Engine::from_text("b.audience", "audience everybody {}").unwrap();
    // Whether history was dropped, as of when it is asked, and what is told then.
    let rows = [
        (false, "2026-01-05T00:00:00Z", Some(false)),
        (true, "2026-01-26T00:00:00Z", Some(true)),
        (true, "2026-01-25T23:59:59.999Z", None),
        (true, "2026-01-05T00:00:00Z", None),
    ];
    for (drops, at, expected) in rows {
        let at: Timestamp = at.parse().unwrap();
        let mut space = engine.space(Memory::new(), now()).unwrap();
        give(&mut space, &events, now());
        if drops {
            drop_days(&mut space, 5);
        }
        // Who reads none is told as ever.
        let storage = everybody.space(space.into_storage(), at).unwrap().into_storage();
        let found = engine.space(storage, at);
        if let Some(expected) = expected {
            let user = found.unwrap().find("user_id", "u1").unwrap();
            assert_eq!(engine.is_member("open", &user, at).unwrap(), expected, "{at}");
        } else {
            let error = found.unwrap_err().to_string();
            assert!(
                error.contains("a.audience:1:1: error[beyond-retention]: the audience `open` reads traits"),
                "{error}"
            );
        }
    }
}
