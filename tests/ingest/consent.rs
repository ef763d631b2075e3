//! Consent on the profile beyond the cases of `profile_consent.json` (CP).

use ConsentState::{Conflicted, Denied, Granted, NotCollected};

use super::*;

/// An event with a consent object at this hour of a day.
fn says(hour: u32, who: Json, preferences: Json) -> Json {
    let event = json!({
        "type": "track", "event": "E", "timestamp": format!("2026-01-01T{hour:02}:00:00Z"),
        "context": {"consent": {"categoryPreferences": preferences}},
    });
    with(event, who)
}

/// The preference update.
fn chooses(hour: u32, who: Json, preferences: Json) -> Json {
    with(
        says(hour, who, preferences),
        json!({"event": "Segment Consent Preference Updated"}),
    )
}

fn user() -> Json {
    json!({"userId": "u1"})
}

fn device(id: &str) -> Json {
    json!({"anonymousId": id})
}

/// `id` with an email, which links it to others.
fn emailed(mut event: Json, email: &str) -> Json {
    event["context"]["traits"] = json!({"email": email});
    event
}

fn state(ingested: &Ingested, category: &str) -> ConsentState {
    only(ingested).consent().state(category)
}

/// The changes of a profile: hour, category, after, rule.
fn changes(ingested: &Ingested) -> Vec<String> {
    let shown = |c: &volens::model::ConsentChange| {
        format!("{} {} {} {}", &c.time.to_string()[11..13], c.category, c.to, c.rule)
    };
    only(ingested).consent().history().iter().map(shown).collect()
}

#[test]
fn each_change_is_recorded_with_its_rule() {
    let merge = json!({"type": "identify", "userId": "u1", "timestamp": "2026-01-01T06:00:00Z", "traits": {"email": "x@x.com"}});
    let ingested = accepted([
        says(1, user(), json!({"Advertising": true, "Analytics": "yes"})),
        says(2, user(), json!({"Analytics": true})),
        says(3, user(), json!({"Advertising": true, "Analytics": true})),
        emailed(
            json!({"type": "page", "anonymousId": "b", "timestamp": "2026-01-01T04:00:00Z", "context": {}}),
            "x@x.com",
        ),
        merge,
        chooses(7, user(), json!({"Advertising": true, "Analytics": false})),
        says(8, user(), json!({})),
        with(says(9, user(), json!({})), json!({"context": {"consent": null}})),
        says(10, user(), json!({"1bad": true})),
    ]);
    assert_eq!(
        changes(&ingested),
        [
            "01 Advertising granted CP-5",
            "01 Analytics denied CP-6",
            "02 Advertising denied CP-5",
            "02 Analytics granted CP-5",
            "03 Advertising granted CP-5",
            "06 Advertising conflicted CP-11",
            "06 Analytics conflicted CP-11",
            "07 Advertising granted CP-16",
            "07 Analytics denied CP-16",
            "08 Advertising denied CP-4",
        ]
    );
    let history = only(&ingested).consent().history();
    assert_eq!((history[0].from, history[5].from), (NotCollected, Granted));
    assert!(history.iter().all(|change| !change.message_id.is_empty()));
}

#[test]
fn what_lists_only_malformed_ids_lists_nothing() {
    let ingested = accepted([
        says(1, user(), json!({"Advertising": true})),
        says(2, user(), json!({"1bad": true, "": true, "a b": false})),
    ]);
    assert_eq!(
        changes(&ingested),
        ["01 Advertising granted CP-5", "02 Advertising denied CP-6a"]
    );
    assert_eq!(state(&ingested, "Analytics"), NotCollected, "not like an empty object");
}

#[test]
fn broken_containers_refuse_everything_configured() {
    for (consent, rule) in [
        (json!(null), "CP-3"),
        (json!({}), "CP-3"),
        (json!({"categoryPreferences": null}), "CP-3"),
        (json!({"categoryPreferences": {}}), "CP-4"),
        (json!({"categoryPreferences": ["Advertising"]}), "CP-6"),
        (json!(true), "CP-6"),
    ] {
        let ingested = accepted([track("E", "2026-01-01", json!({"context": {"consent": consent}}))]);
        let expected = [
            format!("00 Advertising denied {rule}"),
            format!("00 Analytics denied {rule}"),
        ];
        assert_eq!(changes(&ingested), expected, "{consent}");
    }
    for absent in [json!(null), json!({})] {
        assert!(changes(&accepted([track("E", "2026-01-01", json!({"context": absent}))])).is_empty());
    }
}

#[test]
fn at_one_instant_all_must_grant() {
    let both = |a: Json, b: Json| {
        let ingested = accepted([says(1, user(), a), says(1, user(), b)]);
        (state(&ingested, "Advertising"), state(&ingested, "Analytics"))
    };
    let pairs = [
        (
            json!({"Advertising": true}),
            json!({"Advertising": true, "Analytics": true}),
            (Granted, Denied),
        ),
        (
            json!({"Advertising": true}),
            json!({"Analytics": true}),
            (Denied, Denied),
        ),
        (
            json!({"Advertising": true}),
            json!({"1bad": true}),
            (Denied, NotCollected),
        ),
        (json!({"Advertising": true}), json!({}), (Denied, Denied)),
        (
            json!({"Advertising": true, "Analytics": true}),
            json!({"Advertising": true, "Analytics": true, "X": 1}),
            (Granted, Granted),
        ),
        (
            json!({"Advertising": true}),
            json!({"Advertising": false}),
            (Denied, NotCollected),
        ),
    ];
    for (a, b, expected) in pairs {
        assert_eq!(both(a.clone(), b.clone()), expected, "{a} {b}");
        assert_eq!(both(b.clone(), a.clone()), expected, "{b} {a}");
    }
    // The next instant is another one.
    let ingested = accepted([
        says(1, user(), json!({"Advertising": true})),
        says(1, user(), json!({"Advertising": false})),
        says(2, user(), json!({"Advertising": true})),
    ]);
    assert_eq!(state(&ingested, "Advertising"), Granted);
}

#[test]
fn consent_time_is_the_earlier_clock() {
    // A clock that runs ahead gains nothing: received at 1, it is older than the refusal at 2 (CP-10).
    let ahead = with(
        says(9, user(), json!({"Advertising": true})),
        json!({"receivedAt": "2026-01-01T01:00:00Z"}),
    );
    let ingested = accepted([ahead, says(2, user(), json!({"Advertising": false}))]);
    assert_eq!(state(&ingested, "Advertising"), Denied);
    assert_eq!(
        changes(&ingested),
        ["01 Advertising granted CP-5", "02 Advertising denied CP-5"]
    );
}

/// A conflict over Advertising on one profile, since 3 o'clock.
fn conflict() -> Vec<Json> {
    vec![
        emailed(says(1, device("a1"), json!({"Advertising": true})), "x@x.com"),
        says(2, user(), json!({"Advertising": false})),
        json!({"type": "identify", "userId": "u1", "timestamp": "2026-01-01T03:00:00Z", "traits": {"email": "x@x.com"}}),
    ]
}

#[test]
fn a_conflict_ends_only_by_what_is_newer() {
    let after = |events: Vec<Json>| state(&accepted(conflict().into_iter().chain(events)), "Advertising");
    let grant = || json!({"Advertising": true});
    let refuse = || json!({"Advertising": false});
    assert_eq!(after(vec![]), Conflicted);
    assert_eq!(after(vec![says(4, user(), grant())]), Conflicted, "an ordinary grant");
    assert_eq!(after(vec![says(4, user(), refuse())]), Denied);
    assert_eq!(
        after(vec![says(4, user(), json!({"Analytics": true}))]),
        Denied,
        "an omission"
    );
    assert_eq!(after(vec![chooses(4, user(), grant())]), Granted);
    assert_eq!(after(vec![chooses(4, user(), refuse())]), Denied);
    assert_eq!(
        after(vec![says(4, user(), refuse()), says(5, user(), grant())]),
        Granted,
        "settled, then granted"
    );
    // The merging event's instant is not later than itself.
    let same = |event: Json| with(event, json!({"messageId": "zzz", "receivedAt": "2026-01-01T03:00:01Z"}));
    assert_eq!(after(vec![same(chooses(3, user(), grant()))]), Conflicted);
    assert_eq!(after(vec![same(says(3, user(), refuse()))]), Conflicted);
    // Ordinary and deliberate at one instant, both granting: one of them was deliberate.
    assert_eq!(
        after(vec![says(4, user(), grant()), chooses(4, user(), grant())]),
        Granted
    );
    assert_eq!(
        after(vec![says(4, user(), json!({})), chooses(4, user(), grant())]),
        Denied
    );
}

#[test]
fn a_second_merge_renews_a_conflict() {
    let mut events = conflict();
    events.push(emailed(says(4, device("a9"), json!({"Advertising": true})), "y@x.com"));
    events.push(json!({"type": "identify", "userId": "u1", "timestamp": "2026-01-01T06:00:00Z", "traits": {"email": "y@x.com"}}));
    let choice = |hour| {
        state(
            &accepted(
                events
                    .iter()
                    .cloned()
                    .chain([chooses(hour, user(), json!({"Advertising": true}))]),
            ),
            "Advertising",
        )
    };
    assert_eq!(choice(7), Granted);
    // Before the second merge it settles the first; both sides then agree.
    assert_eq!(choice(5), Granted);
    let ingested = accepted(
        events
            .iter()
            .cloned()
            .chain([says(5, user(), json!({"Advertising": false}))]),
    );
    assert_eq!(
        state(&ingested, "Advertising"),
        Conflicted,
        "settled as refused, the other side had granted"
    );
}

#[test]
fn a_side_in_conflict_makes_the_merged_profile_so() {
    // The other side's refusal is newer than the conflict, but it was another profile's.
    let ingested = accepted(conflict().into_iter().chain([
        emailed(says(4, device("a9"), json!({"Advertising": false})), "y@x.com"),
        json!({"type": "identify", "userId": "u1", "timestamp": "2026-01-01T06:00:00Z", "traits": {"email": "y@x.com"}}),
    ]));
    assert_eq!(state(&ingested, "Advertising"), Conflicted);
}

#[test]
fn the_merging_events_own_object_applies_to_what_is_not_in_conflict() {
    let mut events = conflict();
    events[2]["context"] = json!({"consent": {"categoryPreferences": {"Advertising": true, "Analytics": true}}});
    let ingested = accepted(events);
    assert_eq!(
        states(only(&ingested)),
        BTreeMap::from([("Advertising", Conflicted), ("Analytics", Granted)])
    );
    assert_eq!(
        changes(&ingested)[2..],
        ["03 Advertising conflicted CP-11", "03 Analytics granted CP-5"],
        "the conflict stands before the object, which grants nothing in between"
    );
}

#[test]
fn at_a_login_the_histories_are_one() {
    let login = |own: Json| with(says(9, json!({"userId": "u1", "anonymousId": "a"}), json!({})), own);
    let no_consent = || json!({"context": {}});
    let of = |events: [Json; 3]| accepted(events);
    // The device's latest choice is later than the user's.
    let ingested = of([
        says(1, user(), json!({"Advertising": true, "Analytics": true})),
        says(2, device("a"), json!({"Advertising": false})),
        login(no_consent()),
    ]);
    assert_eq!(
        states(only(&ingested)),
        BTreeMap::from([("Advertising", Denied), ("Analytics", Denied)])
    );
    // And the other way round.
    let ingested = of([
        says(2, user(), json!({"Advertising": true, "Analytics": true})),
        says(1, device("a"), json!({"Advertising": false})),
        login(no_consent()),
    ]);
    assert_eq!(
        states(only(&ingested)),
        BTreeMap::from([("Advertising", Granted), ("Analytics", Granted)])
    );
    // Interleaved: the device between two of the user's.
    let ingested = accepted([
        says(1, user(), json!({"Advertising": true})),
        says(2, device("a"), json!({"Advertising": false, "Analytics": true})),
        says(3, user(), json!({"Advertising": true})),
        login(no_consent()),
    ]);
    assert_eq!(
        changes(&ingested),
        [
            "01 Advertising granted CP-5",
            "02 Advertising denied CP-5",
            "02 Analytics granted CP-5",
            "03 Advertising granted CP-5",
            "03 Analytics denied CP-5",
        ]
    );
    // That an id is also listed among the external ones changes nothing.
    let external = json!([{"id": "u1", "type": "user_id", "collection": "users", "encoding": "none"},
        {"id": "a", "type": "anonymous_id", "collection": "users", "encoding": "none"}]);
    let ingested = of([
        says(1, user(), json!({"Advertising": false})),
        says(2, device("a"), json!({"Advertising": true})),
        login(json!({"context": {"externalIds": external}})),
    ]);
    assert_eq!(state(&ingested, "Advertising"), Granted);
    // By external ids alone it is none: CP-13 speaks of the call's own.
    let mut by_external = login(json!({"context": {"externalIds": external}}));
    by_external["anonymousId"] = json!(null);
    let ingested = of([
        says(1, user(), json!({"Advertising": false})),
        says(2, device("a"), json!({"Advertising": true})),
        by_external,
    ]);
    assert_eq!(state(&ingested, "Advertising"), Conflicted);
    // The event's own object is simply the next.
    let ingested = of([
        says(1, user(), json!({"Advertising": false})),
        says(2, device("a"), json!({"Advertising": false})),
        login(json!({"context": {"consent": {"categoryPreferences": {"Advertising": true}}}})),
    ]);
    assert_eq!(state(&ingested, "Advertising"), Granted);
}

#[test]
fn a_login_does_not_end_a_conflict_but_a_refusal_it_brings_does() {
    let login = json!({"type": "identify", "userId": "u1", "anonymousId": "a2", "timestamp": "2026-01-01T09:00:00Z"});
    let with_device = |event: Json| {
        state(
            &accepted(conflict().into_iter().chain([event, login.clone()])),
            "Advertising",
        )
    };
    assert_eq!(
        with_device(says(4, device("a2"), json!({"Advertising": true}))),
        Conflicted
    );
    assert_eq!(
        with_device(says(4, device("a2"), json!({"Advertising": false}))),
        Denied
    );
    assert_eq!(
        with_device(chooses(4, device("a2"), json!({"Advertising": true}))),
        Granted
    );
    assert_eq!(
        with_device(chooses(2, device("a2"), json!({"Advertising": true}))),
        Conflicted,
        "older than the merge"
    );
}

#[test]
fn what_is_no_login_is_compared() {
    let grant = || json!({"Advertising": true});
    let merge = |who: Json, email: &str| {
        emailed(
            with(
                json!({"type": "page", "timestamp": "2026-01-01T09:00:00Z", "context": {}}),
                who,
            ),
            email,
        )
    };
    // Two devices by an email, no user.
    let ingested = accepted([
        emailed(says(1, device("a"), grant()), "x@x.com"),
        says(2, device("b"), json!({"Advertising": false})),
        merge(device("b"), "x@x.com"),
    ]);
    assert_eq!(state(&ingested, "Advertising"), Conflicted);
    // A login and an email at once: three profiles.
    let ingested = accepted([
        says(1, user(), grant()),
        says(2, device("a"), grant()),
        emailed(says(3, device("b"), json!({})), "x@x.com"),
        merge(json!({"userId": "u1", "anonymousId": "a"}), "x@x.com"),
    ]);
    assert_eq!(state(&ingested, "Advertising"), Conflicted);
    // The user's device is known, the other is found by an email.
    let ingested = accepted([
        says(1, json!({"userId": "u1", "anonymousId": "a"}), grant()),
        emailed(says(2, device("b"), json!({"Advertising": false})), "x@x.com"),
        merge(json!({"userId": "u1", "anonymousId": "a"}), "x@x.com"),
    ]);
    assert_eq!(state(&ingested, "Advertising"), Conflicted);
}

#[test]
fn a_new_user_on_a_new_device_is_a_side_of_its_own() {
    let stranger = |who: Json, preferences: Json| emailed(says(2, who, preferences), "x@x.com");
    let both = json!({"userId": "u9", "anonymousId": "a9"});
    let grant = || json!({"Advertising": true});
    let known = |preferences: Json| emailed(says(1, device("a1"), preferences), "x@x.com");
    let after = |known: Json, event: Json| state(&accepted([known, event]), "Advertising");
    assert_eq!(after(known(grant()), stranger(both.clone(), grant())), Granted);
    assert_eq!(
        after(known(grant()), stranger(both.clone(), json!({"Advertising": false}))),
        Conflicted
    );
    assert_eq!(
        after(known(grant()), stranger(both.clone(), json!({"Analytics": true}))),
        Conflicted,
        "missing is false"
    );
    assert_eq!(
        after(known(json!({"Analytics": true})), stranger(both.clone(), grant())),
        Conflicted
    );
    // A known device, or no new device, is plain; so is a profile that has a user already, by merge protection.
    let device_known = json!({"userId": "u9", "anonymousId": "a1"});
    assert_eq!(
        after(known(grant()), stranger(device_known, json!({"Advertising": false}))),
        Denied
    );
    assert_eq!(
        after(
            known(grant()),
            stranger(json!({"userId": "u9"}), json!({"Advertising": false}))
        ),
        Denied
    );
    // Without a consent object there is nothing to compare.
    let mut silent = stranger(both.clone(), json!({}));
    silent["context"].as_object_mut().unwrap().remove("consent");
    assert_eq!(after(known(grant()), silent), Granted);
    // It merges two profiles at once, and is the third side.
    let phone = json!([{"id": "1", "type": "phone", "collection": "users", "encoding": "none"}]);
    let mut second = says(1, device("a2"), grant());
    second["context"]["externalIds"] = phone.clone();
    let mut third = stranger(both, json!({"Advertising": false}));
    third["context"]["externalIds"] = phone;
    let ingested = accepted([known(grant()), second, third]);
    assert_eq!(state(&ingested, "Advertising"), Conflicted);
    assert_eq!(changes(&ingested).last().unwrap(), "02 Advertising conflicted CP-14");
}

#[test]
fn consent_goes_where_the_event_goes() {
    // Merge protection drops the shared device from u2's event (CP-18).
    let shared = |user: &str, hour, preferences| says(hour, json!({"userId": user, "anonymousId": "s"}), preferences);
    let ingested = accepted([
        shared("u1", 1, json!({"Advertising": true})),
        shared("u2", 2, json!({"Advertising": false})),
        says(3, device("s"), json!({"Advertising": true, "Analytics": true})),
    ]);
    assert_eq!(
        states(find(&ingested, "user_id", "u1")),
        BTreeMap::from([("Advertising", Granted), ("Analytics", Granted)])
    );
    assert_eq!(
        states(find(&ingested, "user_id", "u2")),
        BTreeMap::from([("Advertising", Denied)])
    );
}

#[test]
fn configured_categories_are_applied_when_folding() {
    let mut settings = settings();
    settings.categories = vec!["New".into()];
    let ingested = ingest_with(settings, [says(1, user(), json!({}))]);
    assert_eq!(states(only(&ingested)), BTreeMap::from([("New", Denied)]));
}
