//! How far back definitions look: for each form of the language the exact answer, the places that are told, and that what
//! no definition can see may be gone.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what generates serves tests alone"
)]

#[path = "meaning/choices.rs"]
mod choices;
#[path = "meaning/make.rs"]
#[allow(dead_code, reason = "what other tests need of it is not called here")]
mod make;
#[path = "meaning/people.rs"]
#[allow(dead_code, reason = "what other tests need of it is not called here")]
mod people;

use choices::{Choices, choices};
use people::{Form, NOW, people};
use proptest::prelude::*;
use volens::diagnostic::Code;
use volens::engine::Definition;
use volens::ir::{Lookback, Subject};
use volens::model::{History, PastEvent};
use volens::time::DurationError;
use volens::{Duration, Engine, Error, Profile, Profiles, Timestamp};

const MILLISECOND: Duration = Duration::from_millis(1);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn engine(text: &str) -> Engine {
    Engine::from_text("made.audience", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn accepts(engine: &Engine, horizon: Timestamp) -> bool {
    engine.check_horizon(horizon, NOW).is_ok()
}

/// Holds that the definitions look so far back as of [`NOW`] and no further, to the millisecond.
#[track_caller]
fn looks(text: &str, expected: Lookback) {
    let engine = engine(text);
    assert_eq!(engine.lookback(NOW), expected, "{text}");
    match expected {
        Lookback::None => assert!(accepts(&engine, NOW), "{text}"),
        Lookback::Since(since) => {
            assert!(accepts(&engine, since), "{text}");
            assert!(!accepts(&engine, since.plus(MILLISECOND)), "{text}");
        }
        Lookback::Ever => assert!(!accepts(&engine, Timestamp::EPOCH), "{text}"),
    }
}

/// An audience of this condition.
fn who(condition: &str) -> String {
    format!("audience x {{ who {condition} }}")
}

fn since(text: &str) -> Lookback {
    Lookback::Since(at(text))
}

#[test]
fn conditions_on_events_look_as_far_as_their_windows() {
    use Lookback::{Ever, None};
    // As of 2026-06-30T00:00:00Z.
    for (condition, expected) in [
        (r#"performed "E""#, Ever),
        (r#"performed "E" where (p = 1)"#, Ever),
        (r#"performed "E" where (d within last 1 day)"#, Ever),
        (r#"performed "E" within 30 days"#, since("2026-05-31")),
        (r#"performed "E" within last 90 minutes"#, since("2026-06-29T22:30Z")),
        (r#"performed "E" where (p = 1) within 1 week"#, since("2026-06-23")),
        (r#"performed "E" between 1 and 10 days ago"#, since("2026-06-20")),
        (r#"performed "E" after 2026-06-01"#, since("2026-06-01")),
        (r#"performed "E" before 2026-06-01"#, Ever),
        (
            r#"performed "E" after 2026-05-01 before 2026-06-01"#,
            since("2026-05-01"),
        ),
        // Several windows: what they share.
        (r#"performed "E" within 30 days after 2026-06-15"#, since("2026-06-15")),
        (r#"performed "E" within 30 days after 2026-01-01"#, since("2026-05-31")),
        (r#"performed "E" within 30 days before 2026-06-15"#, since("2026-05-31")),
        (
            r#"performed "E" within 2 days between 1 and 7 days ago"#,
            since("2026-06-28"),
        ),
        // Windows in which no instant is left as of now.
        (r#"performed "E" after 2026-07-01"#, None),
        (r#"performed "E" after 2026-06-30"#, None),
        (r#"performed "E" within 30 days before 2026-05-01"#, None),
        // Counts change nothing about what is counted.
        (r#"performed "E" exactly 0 times"#, Ever),
        (r#"performed "E" exactly 0 times within 30 days"#, since("2026-05-31")),
        (r#"performed "E" at most 3 times within 30 days"#, since("2026-05-31")),
        (r#"not performed "E" within 30 days"#, since("2026-05-31")),
        (r#"not (not performed "E" within 30 days)"#, since("2026-05-31")),
        // The furthest of several, wherever they stand.
        (
            r#"performed "E" within 1 day and performed "F" within 5 days"#,
            since("2026-06-25"),
        ),
        (
            r#"trait a = 1 or (trait b = 2 and not performed "F" within 5 days)"#,
            since("2026-06-25"),
        ),
        (r#"performed "E" within 1 day or performed "E""#, Ever),
        // What looks at no event.
        ("trait a = 1", None),
        ("trait seen within last 30 days", None),
        ("trait seen before last 30 days", None),
        ("any trait l (at after 2020-01-01)", None),
    ] {
        looks(&who(condition), expected);
    }
    let categories = "category A\n";
    looks(
        &format!("{categories}{}", who("consent to A or consent A is denied")),
        None,
    );
    looks("audience everybody { include anonymous }", None);
    looks("event \"E\" { p: number }\ntrait a: string", None);
    looks("", None);
}

#[test]
fn funnels_look_as_far_as_their_first_event() {
    for (condition, expected) in [
        (r#"performed "E" then performed "F""#, Lookback::Ever),
        // Steps only look behind the event before them.
        (r#"performed "E" then performed "F" within 1 day"#, Lookback::Ever),
        (r#"performed "E" within 7 days then performed "F""#, since("2026-06-23")),
        (
            r#"performed "E" within 7 days then performed "F" within 30 days"#,
            since("2026-06-23"),
        ),
        (
            r#"performed "E" as e between 2 and 7 days ago then performed "F" where (p = e.p) as f then not performed "G" where (p = f.p)"#,
            since("2026-06-23"),
        ),
        (
            r#"performed "E" after 2026-06-01 then not performed "F" at least 3 times"#,
            since("2026-06-01"),
        ),
        (r#"performed "E" after 2026-07-01 then performed "F""#, Lookback::None),
    ] {
        looks(&who(condition), expected);
    }
}

#[test]
fn lookback_is_a_window_of_every_condition_of_its_audience_alone() {
    looks(
        r#"audience x { who performed "E" lookback 30 days }"#,
        since("2026-05-31"),
    );
    looks(
        r#"audience x { lookback 30 days who performed "E" within 7 days and performed "F" then performed "G" }"#,
        since("2026-05-31"),
    );
    looks(
        r#"audience x { lookback 30 days who performed "E" within 60 days }"#,
        since("2026-05-31"),
    );
    looks(
        r#"audience x { lookback 30 days who performed "E" } audience y { who performed "E" }"#,
        Lookback::Ever,
    );
    // Another audience and a computed trait have windows of their own.
    looks(
        r#"audience x { lookback 30 days who member of y } audience y { who performed "E" within 60 days }"#,
        since("2026-05-01"),
    );
    looks(
        "trait n = count of \"E\" within 60 days\naudience x { lookback 30 days who trait n > 3 }",
        since("2026-05-01"),
    );
    looks("audience x { lookback 30 days }", Lookback::None);
}

#[test]
fn computed_traits_look_as_far_as_their_windows_read_or_not() {
    let functions = [
        "count of",
        "sum of p from",
        "average of p from",
        "minimum of p from",
        "maximum of p from",
        "first of p from",
        "last of p from",
        "most frequent of p from",
        "unique list of p from",
        "unique count of p from",
    ];
    for keyword in ["trait", "account trait"] {
        for function in functions {
            for (window, expected) in [
                ("", Lookback::Ever),
                ("where (q = 1)", Lookback::Ever),
                ("before 2020-01-01", Lookback::Ever),
                ("within 30 days", since("2026-05-31")),
                ("where (q = 1) between 1 and 30 days ago", since("2026-05-31")),
                ("after 2020-01-01", since("2020-01-01")),
                ("after 2027-01-01", Lookback::None),
            ] {
                looks(&format!("{keyword} n = {function} \"E\" {window}"), expected);
            }
        }
    }
    // Conditions on them, and traits that read them, look at no event themselves.
    looks(
        "trait n = count of \"E\" within 7 days\n\
         trait m = sum of p from \"E\" within 3 days where (p > trait n)\n\
         audience x { who trait n >= 1 and any trait m (item = 1) }",
        since("2026-06-23"),
    );
}

#[test]
fn audiences_count_by_themselves_whoever_refers_to_them() {
    for (text, expected) in [
        (
            r#"audience x { who member of y } audience y { who performed "E" within 30 days }"#,
            since("2026-05-31"),
        ),
        (
            r#"audience x { who member of y and performed "E" within 1 day } audience y { who performed "E" }"#,
            Lookback::Ever,
        ),
        // Sent nowhere, and one that nothing refers to.
        (
            "destination crm requires nothing\naudience x { send to crm }\naudience y { who performed \"E\" }",
            Lookback::Ever,
        ),
        (
            r#"audience x of accounts { who any user (performed "E" within 30 days) }"#,
            since("2026-05-31"),
        ),
        (
            r#"audience x of accounts { who all users (trait a = 1 or performed "E" within 2 days) and no user (performed "F" within 3 days) }"#,
            since("2026-06-27"),
        ),
        (
            r#"audience x of accounts { who no user (performed "E" then performed "F") }"#,
            Lookback::Ever,
        ),
        (
            r#"audience x of accounts { lookback 5 days who no user (performed "E" then performed "F") }"#,
            since("2026-06-25"),
        ),
        ("audience x of accounts { who account trait a = 1 }", Lookback::None),
        (
            "account trait n = count of \"E\" within 30 days\naudience x of accounts { who account trait n > 1 }",
            since("2026-05-31"),
        ),
    ] {
        looks(text, expected);
    }
}

#[test]
fn a_window_as_long_as_events_are_kept_is_fine() {
    for kept in ["400 days", "90 minutes", "2 weeks", "1 hour"] {
        let length: Duration = kept.parse().unwrap();
        let engine = engine(&who(&format!(r#"performed "E" within {kept}"#)));
        assert!(accepts(&engine, NOW.minus(length)));
        assert!(!accepts(&engine, NOW.minus(length).plus(MILLISECOND)));
    }
}

#[test]
fn asked_as_of_the_past_windows_reach_beyond_what_is_kept() {
    let engine = engine(&who(r#"performed "E" within 30 days"#));
    let horizon = at("2026-05-31");
    assert!(engine.check_horizon(horizon, at("2026-06-30")).is_ok());
    assert!(engine.check_horizon(horizon, at("2026-06-29T23:59:59.999Z")).is_err());
    // Before the horizon nothing is left to see.
    assert!(engine.check_horizon(horizon, at("2026-01-01")).is_err());
    // As of an instant before it begins, a window by dates sees nothing, kept or not.
    let engine = self::engine(&who(r#"performed "E" after 2026-03-01"#));
    assert!(engine.check_horizon(horizon, at("2026-03-01")).is_ok());
    assert!(engine.check_horizon(horizon, at("2026-03-02")).is_err());
    assert!(engine.check_horizon(at("2026-03-01"), at("2026-06-30")).is_ok());
}

#[test]
fn each_place_is_told_with_what_to_write() {
    let text = r#"
trait revenue = sum of revenue from "Order Completed"
trait orders = count of "Order Completed" where (total > 1) within 90 days
account trait seats = unique count of seat from "Seat Added" after 2020-01-01

audience lapsed {
  who not performed "Order Completed" within 12001 hours
    and (performed "Page Viewed" before 2026-06-01 within 600 days
      or performed "Checkout Started" as checkout where (total > 5)
        then not performed "Order Completed" within 1 day)
}

audience returning {
  who performed "Order Completed" between 100 and 500 days ago and performed "Order Completed" within 7 days
}

audience steady {
  who performed "Article Read" and performed "Page Viewed" within 2 weeks
  lookback 70 weeks
}

audience accounts_with_readers of accounts { who any user (performed "Article Read") }
"#;
    let engine = Engine::from_text("shop.audience", text).unwrap();
    let kept: Duration = "400 days".parse().unwrap();
    let error = engine.check_horizon(NOW.minus(kept), NOW).unwrap_err();
    insta::assert_snapshot!(error);

    assert_eq!((error.horizon, error.now), (NOW.minus(kept), NOW));
    let codes = error.problems.diagnostics().iter().map(|problem| problem.code);
    assert!(codes.clone().all(|code| code == Code::BeyondRetention));
    let spans: Vec<_> = error
        .problems
        .diagnostics()
        .iter()
        .map(|problem| problem.span)
        .collect();
    let beyond: Vec<_> = error.beyond.iter().map(|beyond| beyond.span).collect();
    assert_eq!(spans, beyond);
    let found: Vec<(Definition, &str, Lookback)> = error
        .beyond
        .iter()
        .map(|beyond| {
            let written = engine.sources().slice(beyond.span);
            (beyond.definition.clone(), written, beyond.lookback)
        })
        .collect();
    let audience = |name: &str| Definition::Audience(name.into());
    let of = |subject, name: &str| Definition::Trait(subject, name.into());
    assert_eq!(
        found,
        [
            (of(Subject::User, "revenue"), "revenue", Lookback::Ever),
            (of(Subject::Account, "seats"), "after 2020-01-01", since("2020-01-01")),
            (audience("lapsed"), "within 12001 hours", since("2025-02-14T23:00Z")),
            (audience("lapsed"), "within 600 days", since("2024-11-07")),
            (audience("lapsed"), "performed \"Checkout Started\"", Lookback::Ever),
            (
                audience("returning"),
                "between 100 and 500 days ago",
                since("2025-02-15")
            ),
            (audience("steady"), "lookback 70 weeks", since("2025-02-25")),
            (
                audience("accounts_with_readers"),
                "performed \"Article Read\"",
                Lookback::Ever
            ),
        ]
    );
    // It is an error of the engine like any other.
    assert_eq!(Error::from(error.clone()).to_string(), error.to_string());
}

/// The help of the only problem, where events are kept since `horizon`.
fn help(condition: &str, horizon: Timestamp) -> String {
    let error = engine(&who(condition)).check_horizon(horizon, NOW).unwrap_err();
    let [problem] = error.problems.diagnostics() else {
        panic!("{error}");
    };
    problem.help.clone().unwrap()
}

#[test]
fn the_help_names_a_window_that_is_kept() {
    let condition = r#"performed "E" after 2020-01-01"#;
    for (horizon, kept) in [
        ("2025-05-26", "400 days"),
        // Not a whole number of days: fewer days are kept for certain.
        ("2025-05-25T12:00:00.001Z", "400 days"),
        ("2026-06-28T12:00Z", "36 hours"),
        ("2026-06-29T23:58:30Z", "1 minute"),
        ("2026-06-29T22:29:59Z", "90 minutes"),
        ("2026-06-16", "14 days"),
    ] {
        let expected = format!("events are kept for {kept}: write `within last {kept}`, or keep them longer");
        assert_eq!(help(condition, at(horizon)), expected);
        // What is said is true, and can be written.
        let narrowed = engine(&who(&format!("{condition} within last {kept}")));
        assert!(accepts(&narrowed, at(horizon)), "{kept}");
    }
    for horizon in ["2026-06-29T23:59:00.001Z", "2026-06-30", "2026-08-01"] {
        let help = help(condition, at(horizon));
        assert!(
            help.ends_with("are not kept: ask as of a later instant, or keep them longer"),
            "{help}"
        );
    }
}

#[test]
fn a_condition_written_twice_is_told_twice() {
    let text = who(r#"(performed "E" and trait a = 1) or (performed "E" and trait b = 1)"#);
    let error = engine(&text).check_horizon(Timestamp::EPOCH, NOW).unwrap_err();
    assert_eq!(error.beyond.len(), 2);
}

#[test]
fn lengths_of_time_are_read_as_definitions_write_them() {
    for text in [
        "400 days",
        "1 day",
        "1 days",
        "2 day",
        "90 minutes",
        "5 hours",
        "1 week",
        "  3\tweeks\n",
        "0 days",
        "4294967295 weeks",
        "4294967296 days",
        "99999999999999999999999 days",
        "400days",
        "400d",
        "400 d",
        "007 days",
        "+5 days",
        "-5 days",
        "5.0 days",
        "5",
        "days",
        "days 5",
        "",
        "400 months",
        "400 DAYS",
        "400 dayss",
        "400 days ago",
        "４ days",
        "400\u{a0}days",
        "1,000 days",
    ] {
        let read = text.parse::<Duration>();
        match Engine::from_text("made.audience", &format!("audience x {{ lookback {text} }}")) {
            Ok(engine) => {
                let slot = engine.program().audience("x").unwrap();
                let (written, _) = engine.places().outline(slot).unwrap().lookback.unwrap();
                assert_eq!(read, Ok(written), "{text}");
            }
            Err(Error::Definitions(errors)) => match errors.diagnostics()[0].code {
                // The language has the form, and a window of it would be empty.
                Code::EmptyWindow => assert_eq!(read, Ok(Duration::ZERO), "{text}"),
                Code::BadLiteral if matches!(read, Err(DurationError::TooLarge(_))) => {
                    assert_eq!(
                        read.unwrap_err().to_string(),
                        format!("`{text}` is too large for a length of time: the largest number is 4294967295")
                    );
                }
                _ => assert_eq!(read, Err(DurationError::Form(text.to_owned())), "{text}"),
            },
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(
        "400d".parse::<Duration>().unwrap_err().to_string(),
        "`400d` is not a length of time: write a whole number and minutes, hours, days or weeks, such as `400 days`"
    );
}

/// The same people without the history at or before an instant. All else of them stays.
fn without(profiles: &Profiles, horizon: Timestamp) -> Profiles {
    let users = profiles.users().iter().map(|user| {
        let mut history = History::default();
        for (name, events) in user.history().iter() {
            for event in events.iter().filter(|event| event.timestamp > horizon) {
                history.insert(name, event.clone());
            }
        }
        Profile::new(
            user.identifiers().clone(),
            user.traits().clone(),
            user.accounts().map(Box::from).collect(),
            user.consent().clone(),
            history,
        )
    });
    let accounts = profiles.accounts().iter();
    let accounts = accounts.map(|(id, account)| (id.clone(), account.traits.clone()));
    Profiles::new(users.map(Into::into).collect(), accounts.collect())
}

/// All that the engine says of these people: members, deliveries, and computed traits of users and accounts.
fn all_answers(engine: &Engine, profiles: &Profiles) -> String {
    let run = serde_json::to_string(&engine.run(profiles, NOW).unwrap()).unwrap();
    let users = profiles.users().iter().map(|user| engine.computed_traits(user, NOW));
    let among = engine.among(profiles);
    let accounts = profiles.accounts().keys();
    let accounts = accounts.map(|id| format!("{:?}", among.account_computed_traits(id, NOW).unwrap()));
    format!(
        "{run}\n{:?}\n{:?}",
        users.collect::<Vec<_>>(),
        accounts.collect::<Vec<_>>()
    )
}

/// The workspace with a window on everything that looks at events.
fn narrowed(text: &str, by: &str) -> String {
    let mut narrowed = String::new();
    let mut clauses = false;
    for line in text.lines() {
        let computed = (line.starts_with("trait ") || line.starts_with("account trait ")) && line.contains(" = ");
        if computed && !line.contains("within ") {
            narrowed += &format!("{line} within {by}\n");
            continue;
        }
        clauses |= line.trim_start().starts_with("lookback ");
        if line == "}" {
            if !clauses {
                narrowed += &format!("  lookback {by}\n");
            }
            clauses = false;
        }
        narrowed += line;
        narrowed += "\n";
    }
    narrowed
}

fn cases(few: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(few),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn what_no_definition_can_see_may_be_gone(workspace in choices(500), world in choices(1500), by in 0..4_usize) {
        let made = make::workspace(&mut Choices::new(workspace));
        let text = match ["", "1 hour", "1 day", "2 days"][by] {
            "" => made,
            by => narrowed(&made, by),
        };
        // A `lookback` can leave nothing of a window, which is an error.
        let Ok(engine) = Engine::from_text("made.audience", &text) else {
            return Err(TestCaseError::reject("an empty window"));
        };
        let horizon = match engine.lookback(NOW) {
            Lookback::Ever => {
                prop_assert!(!accepts(&engine, Timestamp::EPOCH));
                return Ok(());
            }
            Lookback::Since(since) => {
                prop_assert!(!accepts(&engine, since.plus(MILLISECOND)));
                since
            }
            Lookback::None => NOW,
        };
        prop_assert!(accepts(&engine, horizon));
        let profiles = people(&mut Choices::new(world), Form::Free);
        let rest = without(&profiles, horizon);
        prop_assert_eq!(all_answers(&engine, &profiles), all_answers(&engine, &rest), "{}", text);
    }

    #[test]
    fn a_funnel_over_many_events_does_without_what_it_cannot_see(funnel in choices(60), world in choices(1000), by in 0..3_usize) {
        let made = make::funnel(&mut Choices::new(funnel));
        let text = narrowed(&made, ["30 minutes", "1 hour", "2 hours"][by]);
        let Ok(engine) = Engine::from_text("made.audience", &text) else {
            return Err(TestCaseError::reject("an empty window"));
        };
        let horizon = match engine.lookback(NOW) {
            Lookback::Since(since) => since,
            Lookback::None => NOW,
            Lookback::Ever => return Err(TestCaseError::fail("everything has a window")),
        };
        let profiles = people(&mut Choices::new(world), Form::Busy);
        let rest = without(&profiles, horizon);
        prop_assert_eq!(all_answers(&engine, &profiles), all_answers(&engine, &rest), "{}", text);
    }

    /// With an event at every edge, what is refused is just what an event at or before the horizon would change.
    #[test]
    fn a_horizon_is_refused_just_where_a_window_sees_beyond_it(
        windows in prop::collection::vec(0..WINDOWS.len(), 0..3),
        edge in 0..EDGES.len(),
        off in -1..=1_i64,
    ) {
        let windows: Vec<&str> = windows.iter().map(|window| WINDOWS[*window]).collect();
        let text = format!("trait n = count of \"E\" {}", windows.join(" "));
        let Ok(engine) = Engine::from_text("made.audience", &text) else {
            return Err(TestCaseError::reject("one kind of window twice, or an empty one"));
        };
        let mut history = History::default();
        for edge in EDGES {
            for off in [-1, 0, 1] {
                let timestamp = Timestamp::from_millis(at(edge).as_millis() + off);
                let message_id = format!("{timestamp}").into();
                let (received_at, properties) = (timestamp, Default::default());
                history.insert("E", PastEvent { timestamp, received_at, message_id, properties });
            }
        }
        let profile = Profile::new(Default::default(), Default::default(), Default::default(), Default::default(), history);
        let whole = Profiles::new(vec![profile.into()], Default::default());
        let horizon = Timestamp::from_millis(at(EDGES[edge]).as_millis() + off);
        let rest = without(&whole, horizon);
        let count = |profiles: &Profiles| engine.computed_traits(&profiles.users()[0], NOW)[0].1.clone();
        prop_assert_eq!(accepts(&engine, horizon), count(&whole) == count(&rest), "{} {}", text, horizon);
    }
}

const WINDOWS: [&str; 9] = [
    "within 30 days",
    "within last 2 hours",
    "between 1 and 30 days ago",
    "between 0 and 2 hours ago",
    "between 30 and 60 days ago",
    "after 2026-05-31",
    "after 2026-07-01",
    "before 2026-05-31",
    "before 2026-06-30T00:00:00.001Z",
];

/// The first and the last instant of each of them, as of [`NOW`], and the first of all.
const EDGES: [&str; 7] = [
    "1970-01-02",
    "2026-05-01",
    "2026-05-31",
    "2026-06-29",
    "2026-06-29T22:00Z",
    "2026-06-30",
    "2026-07-01",
];
