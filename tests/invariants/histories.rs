//! Invariants 4 to 7: what events leave behind. They collide in ids, emails, instants and message ids; some are late, some
//! repeat others, some are refused.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value as Json, json};
use volens::ingest::{Ingested, RejectCode};
use volens::{ConsentState, Engine};

use crate::made_events::{
    CATEGORIES, UPDATE, consent, event, events, minute_of, no_grant, preferences, shuffled, state,
};
use crate::routing::parsed;
use crate::shop::{ingest, ingest_lines, needs, now, run, shop, shops};

/// All that a set of events leads to, without what counts arrivals.
#[derive(Debug, PartialEq)]
struct Outcome {
    state: Json,
    run: String,
    applied: u64,
    violations: BTreeMap<&'static str, u64>,
}

fn outcome(engine: &Engine, ingested: &Ingested) -> Outcome {
    let mut violations = ingested.violations.clone();
    // It is about events that are refused, each time they come.
    violations.remove("No matching identifiers on event");
    Outcome {
        state: state(ingested),
        run: run(engine, ingested),
        applied: ingested.counts.applied,
        violations,
    }
}

/// What was refused, and why, however often it came.
fn refused(ingested: &Ingested) -> BTreeSet<(RejectCode, String)> {
    let rejects = ingested.rejects.iter();
    rejects
        .map(|reject| (reject.code, reject.input.text().into_owned()))
        .collect()
}

/// Two profiles that an email joins, other than by a login: how the one is called, how the other, and who says so.
#[derive(Debug, Clone, Copy)]
struct Merge {
    left: (&'static str, &'static str),
    right: (&'static str, &'static str),
    /// Whether the event that joins them is the left one's; the email is then known of the right one.
    by_left: bool,
}

fn merge() -> impl Strategy<Value = Merge> {
    let device = ("anonymousId", "a1");
    let right = select(vec![("userId", "u1"), ("anonymousId", "a2")]);
    (right, any::<bool>()).prop_map(move |(right, by_left)| Merge {
        left: device,
        right,
        by_left,
    })
}

/// What one side says, in order: as an ordinary event or as a preference update.
fn said() -> impl Strategy<Value = Vec<(bool, Json)>> {
    vec((any::<bool>(), preferences()), 0..5)
}

fn own_key((key, _): (&str, &str)) -> &'static str {
    if key == "userId" { "user_id" } else { "anonymous_id" }
}

/// A sound event of this type, of people that others are, too: whatever it leaves behind would be seen.
fn sound(kind: &str, user: &str, minute: u32, id: u32) -> Json {
    let granted = json!({"Advertising": true, "Analytics": true, "Functional": true});
    json!({
        "type": kind, "event": "E", "groupId": "g1", "previousId": "p", "userId": user, "anonymousId": "a1",
        "messageId": format!("m{id}"), "timestamp": minute_of(minute), "name": "n",
        "traits": {"plan": "trace"}, "properties": {"phone": "trace"},
        "context": {"traits": {"email": "x@x.com"}, "consent": {"categoryPreferences": granted}},
    })
}

fn many(count: usize) -> Json {
    let keys = (0..count).map(|at| (format!("k{at}"), json!(at)));
    keys.collect::<serde_json::Map<_, _>>().into()
}

type Break = fn(&mut Json);

/// Each way in which an event by itself can be wrong, with the code that it is refused for.
const BREAKS: [(&str, RejectCode, Break); 33] = [
    ("page", RejectCode::BadRequest, |e| *e = json!([e.take()])),
    ("page", RejectCode::EmptyBatch, |e| {
        *e = json!({"batch": [], "context": e["context"]})
    }),
    ("page", RejectCode::EventTooLarge, |e| {
        e["properties"]["x"] = json!("x".repeat(32_768))
    }),
    ("page", RejectCode::TypeRequired, |e| e["type"] = json!(null)),
    ("page", RejectCode::TypeUnknown, |e| e["type"] = json!("Track")),
    ("page", RejectCode::ContextNotObject, |e| e["context"] = json!("none")),
    ("identify", RejectCode::NoUserAnonId, |e| {
        e["userId"] = json!(null);
        e["anonymousId"] = json!(null);
    }),
    ("alias", RejectCode::NoUserAnonId, |e| e["userId"] = json!(null)),
    ("identify", RejectCode::IdNotString, |e| e["userId"] = json!("")),
    ("identify", RejectCode::IdNotString, |e| e["anonymousId"] = json!(7)),
    ("identify", RejectCode::IdNotString, |e| e["messageId"] = json!(7)),
    ("track", RejectCode::EventNotDefined, |e| e["event"] = json!(null)),
    ("track", RejectCode::EventNotString, |e| e["event"] = json!(["E"])),
    ("group", RejectCode::GroupIdRequired, |e| e["groupId"] = json!("")),
    ("track", RejectCode::GroupIdRequired, |e| {
        e["context"]["groupId"] = json!("")
    }),
    ("alias", RejectCode::PreviousIdRequired, |e| {
        e["previousId"] = json!(null)
    }),
    ("track", RejectCode::PropertiesNotObject, |e| {
        e["properties"] = json!([])
    }),
    ("identify", RejectCode::TraitsNotObject, |e| e["traits"] = json!("pro")),
    ("page", RejectCode::NameNotString, |e| e["name"] = json!("")),
    ("screen", RejectCode::CategoryNotString, |e| e["category"] = json!(7)),
    ("track", RejectCode::TimestampInvalid, |e| {
        e["timestamp"] = json!("2026-02-30")
    }),
    ("track", RejectCode::TimestampInvalid, |e| e["sentAt"] = json!(0)),
    ("track", RejectCode::TimestampBefore1970, |e| {
        e["timestamp"] = json!("1969-12-31")
    }),
    ("track", RejectCode::MessageIdTooLong, |e| {
        e["messageId"] = json!("m".repeat(101))
    }),
    ("group", RejectCode::GroupIdTooLong, |e| {
        e["groupId"] = json!("g".repeat(501))
    }),
    ("identify", RejectCode::TooManyTraits, |e| e["traits"] = many(300)),
    ("track", RejectCode::TooManyProperties, |e| e["properties"] = many(301)),
    ("track", RejectCode::ConsentMissing, |e| {
        e["event"] = json!(UPDATE);
        e["context"]["consent"] = json!({});
    }),
    ("track", RejectCode::ConsentNotObject, |e| {
        e["event"] = json!(UPDATE);
        e["context"]["consent"]["categoryPreferences"] = json!(["Advertising"]);
    }),
    ("track", RejectCode::ConsentNotBool, |e| {
        e["event"] = json!(UPDATE);
        e["context"]["consent"]["categoryPreferences"]["Analytics"] = json!("true");
    }),
    ("track", RejectCode::ConsentVersionNotNumber, |e| {
        e["event"] = json!(UPDATE);
        e["context"]["consent"]["version"] = json!("2");
    }),
    ("group", RejectCode::NoUsableIdentifier, |e| {
        e["userId"] = json!("0");
        e["anonymousId"] = json!("null");
        e["context"]["traits"] = json!({});
    }),
    ("identify", RejectCode::NoUsableIdentifier, |e| {
        e["userId"] = json!("-1");
        e["anonymousId"] = json!("anonymous");
        e["context"]["traits"] = json!({});
    }),
];

/// Lines that are no JSON, or hold what JSON may not hold here.
const LINES: [(&str, RejectCode); 4] = [
    ("{", RejectCode::BadRequest),
    ("\u{1}", RejectCode::BadRequest),
    (
        r#"{"type": "page", "userId": "u1", "userId": "u2"}"#,
        RejectCode::DuplicateKey,
    ),
    ("DEEP", RejectCode::TooDeep),
];

/// A line that is refused, and the code.
fn refused_line() -> impl Strategy<Value = (String, RejectCode)> {
    let broken = (
        select(BREAKS.to_vec()),
        select(vec!["u1", "u2", "u9"]),
        0..12u32,
        0..30u32,
    );
    let broken = broken.prop_map(|((kind, code, break_it), user, minute, id)| {
        let mut event = sound(kind, user, minute, id);
        break_it(&mut event);
        (event.to_string(), code)
    });
    let lines = select(LINES.to_vec()).prop_map(|(line, code)| match line {
        "DEEP" => {
            let deep = format!("{}1{}", "[".repeat(127), "]".repeat(127));
            (
                format!(r#"{{"type": "page", "userId": "u1", "properties": {deep}}}"#),
                code,
            )
        }
        line => (line.to_owned(), code),
    });
    prop_oneof![9 => broken, 1 => lines]
}

/// Another event under the id of one that is taken, and later than all: it is the one that is refused.
fn conflicting(engine: &Engine, event: &Json) -> Option<String> {
    let is_taken = event["messageId"].is_string() && engine.route(&parsed(event)).is_ok();
    let mut other = sound("identify", "u1", 0, 0);
    other["messageId"] = event["messageId"].clone();
    other["timestamp"] = json!("2026-05-01T00:00:00Z");
    is_taken.then(|| other.to_string())
}

#[test]
fn each_code_of_refusal_is_among_those_that_leave_no_trace() {
    let breaks = BREAKS.map(|(_, code, _)| code).into_iter();
    let codes: BTreeSet<RejectCode> = breaks.chain(LINES.map(|(_, code)| code)).collect();
    // Two are refusals of a store (`tests/space`); the last is what `conflicting` makes.
    let all: BTreeSet<RejectCode> = RejectCode::ALL.into_iter().collect();
    let left: Vec<_> = all.difference(&codes).collect();
    let elsewhere = [
        RejectCode::Forgotten,
        RejectCode::OlderThanRetention,
        RejectCode::MessageIdConflict,
    ];
    assert_eq!(left, elsewhere.each_ref());
}

proptest! {
    #[test]
    fn invariant_4_order_and_repeats_leave_no_trace(
        events in events(),
        ways in vec((vec(any::<Index>(), 0..8), any::<u64>()), 3),
    ) {
        for engine in shops() {
            let ingested = ingest(&engine, &events);
            let expected = outcome(&engine, &ingested);
            for (repeats, seed) in &ways {
                let again = ingest(&engine, &shuffled(&events, repeats, *seed));
                prop_assert_eq!(&outcome(&engine, &again), &expected);
                prop_assert_eq!(refused(&again), refused(&ingested));
                // What came again is a duplicate of what was taken, or refused as it was before.
                let more = again.counts.duplicate + again.counts.rejected;
                let before = ingested.counts.duplicate + ingested.counts.rejected;
                let repeats = if events.is_empty() { 0 } else { repeats.len() };
                prop_assert_eq!(more, before + repeats as u64);
            }
        }
    }

    #[test]
    fn invariant_5_without_an_explicit_true_nothing_is_granted(
        events in vec((event(), no_grant()), 0..24),
        category in select(&CATEGORIES[..]),
    ) {
        let silent = events.into_iter().map(|(mut event, other)| {
            let stated = event.pointer_mut(&format!("/context/consent/categoryPreferences/{category}"));
            if let Some(stated) = stated.filter(|stated| **stated == true) {
                *stated = other;
            }
            event
        });
        let silent: Vec<Json> = silent.collect();
        for engine in shops() {
            let ingested = ingest(&engine, &silent);
            for profile in ingested.profiles.users() {
                prop_assert!(!profile.consent().state(category).is_granted());
                let history = profile.consent().history().iter();
                prop_assert!(history.filter(|change| &*change.category == category).all(|change| !change.to.is_granted()));
            }
            for audience in engine.run(&ingested.profiles, now()).unwrap().audiences {
                for destination in audience.destinations {
                    if needs(&destination.name).contains(&category) {
                        prop_assert!(destination.delivered.is_empty(), "{}", destination.name);
                    }
                }
            }
        }
    }

    #[test]
    fn invariant_6_after_a_merge_only_what_both_sides_granted_is_granted(
        merge in merge(),
        left in said(),
        right in said(),
        interleaved in any::<bool>(),
        deliberate in any::<bool>(),
        own in consent(),
    ) {
        let of = |(key, value): (&str, &str), mut event: Json| {
            event[key] = json!(value);
            event
        };
        let side = |who, said: &[(bool, Json)], start: usize, step: usize| -> Vec<Json> {
            let first = of(who, json!({"type": "page", "timestamp": "2026-01-01T00:00:00Z"}));
            let said = said.iter().enumerate().map(|(at, (deliberate, preferences))| {
                let event = json!({
                    "type": "track", "event": if *deliberate { UPDATE } else { "E" },
                    "timestamp": format!("2026-01-01T01:{:02}:00Z", start + at * step),
                    "context": {"consent": {"categoryPreferences": preferences}},
                });
                of(who, event)
            });
            std::iter::once(first).chain(said).collect()
        };
        let (start, step) = if interleaved { (1, 2) } else { (20, 1) };
        let mut before = side(merge.left, &left, 0, step);
        before.extend(side(merge.right, &right, start, step));
        let (joins, known) = if merge.by_left { (merge.left, merge.right) } else { (merge.right, merge.left) };
        let emailed = json!({"traits": {"email": "x@x.com"}});
        before.push(of(known, json!({"type": "page", "timestamp": "2026-01-01T00:00:01Z", "context": emailed})));

        let mut joining = of(joins, json!({"type": "track", "event": "E", "timestamp": "2026-01-01T02:00:00Z", "context": emailed}));
        if deliberate {
            joining["event"] = json!(UPDATE);
        }
        if let Some(own) = &own {
            joining["context"]["consent"] = own.clone();
        }
        let shop = shop();
        prop_assume!(shop.route(&parsed(&joining)).is_ok());
        let apart = ingest(&shop, &before);
        before.push(joining);
        let joined = ingest(&shop, &before);
        prop_assert_eq!([apart.profiles.users().len(), joined.profiles.users().len()], [2, 1]);

        let merged = joined.profiles.users()[0].consent();
        for category in CATEGORIES {
            let sides = [merge.left, merge.right].map(|who| {
                let profile = apart.profiles.find(own_key(who), who.1).unwrap();
                profile.consent().state(category)
            });
            let both = sides[0].is_granted() && sides[1].is_granted();
            let agreed = sides[0].is_granted() == sides[1].is_granted();
            let grants = own.as_ref().is_some_and(|own| own["categoryPreferences"][category] == true);
            let state = merged.state(category);
            if state.is_granted() {
                prop_assert!(both || agreed && grants, "{category}: {sides:?}");
            }
            // And it is withheld for no other reason (CP-11, CP-15).
            if !agreed {
                prop_assert_eq!(state, ConsentState::Conflicted, "{}", category);
            } else if grants || both && own.is_none() {
                prop_assert_eq!(state, ConsentState::Granted, "{}", category);
            }
        }
    }

    #[test]
    fn invariant_7_what_is_refused_leaves_no_trace(
        events in events(),
        broken in vec((refused_line(), any::<Index>()), 0..6),
        again in weighted(0.5, any::<Index>()),
    ) {
        let shop = shop();
        let clean = ingest(&shop, &events);
        let sound: Vec<String> = events.iter().map(Json::to_string).collect();
        let mut lines = sound.clone();
        for ((line, _), at) in &broken {
            lines.insert(at.index(lines.len() + 1), line.clone());
        }
        let base = again.filter(|_| !events.is_empty());
        let conflicting = base.and_then(|at| conflicting(&shop, at.get(&events)));
        lines.extend(conflicting.clone());

        let dirty = ingest_lines(&shop, lines.iter().map(String::as_str));
        prop_assert_eq!(outcome(&shop, &dirty), outcome(&shop, &clean));
        let more = broken.len() + usize::from(conflicting.is_some());
        prop_assert_eq!(dirty.counts.rejected, clean.counts.rejected + more as u64);
        prop_assert_eq!(dirty.counts.duplicate, clean.counts.duplicate);
        if let Some(line) = conflicting {
            prop_assert!(refused(&dirty).contains(&(RejectCode::MessageIdConflict, line)));
        }
        for ((line, code), _) in broken {
            prop_assert!(refused(&dirty).contains(&(code, line.clone())), "{line}");
            // Nor is it delivered anywhere. An empty batch is no event, and what is no JSON can't be asked for.
            if let (Ok(event), false) = (volens::value::parse(&line), code == RejectCode::EmptyBatch) {
                prop_assert_eq!(shop.route(&event).map(drop), Err(code));
            }
        }
    }
}
