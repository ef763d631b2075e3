//! Values, instants and numbers of events on the edges of the forms that columns have: each executor has one answer.

use volens::eval::columnar::{Snapshot, members_of};
use volens::eval::{Places, one_by_one};
use volens::ir::Program;
use volens::{Engine, Profile, Profiles, Timestamp, Value};

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const HOUR: i64 = 3_600_000;

fn engine(text: &str) -> Engine {
    Engine::from_text("test.audience", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// So long before now.
fn ago(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() - millis)
}

/// Asserts that who is in which audience is the same one by one, in columns, and in columns whose profiles are gone; and
/// gives it.
fn members(program: &Program, profiles: &Profiles) -> Vec<Vec<usize>> {
    let shown = |all: &[Places]| -> Vec<Vec<usize>> { all.iter().map(|places| places.places().collect()).collect() };
    let expected = shown(&one_by_one(program, profiles.users(), NOW, 1).unwrap());
    let kept = members_of(program, profiles.users(), NOW, 1).unwrap();
    let gone = Snapshot::new(program, profiles.users(), 1).members(NOW, 1).unwrap();
    assert_eq!(shown(&kept), expected, "{:?}", program.audiences);
    assert_eq!(shown(&gone), expected, "{:?}", program.audiences);
    expected
}

fn payer(at: usize, paid: &[String]) -> Profile {
    let mut profile = Profile::builder().user_id(&format!("u{at}"));
    if let [only] = paid {
        profile = profile.trait_("only", number(only));
    }
    for (back, amount) in (1..).zip(paid) {
        profile = profile.event("Paid", ago(back), [("amount", number(amount))]);
    }
    profile.build()
}

/// What each of a column's people has paid.
fn paid() -> Vec<Vec<String>> {
    let times = |count: usize, amount: &str| vec![amount.to_owned(); count];
    let and = |mut amounts: Vec<String>, amount: &str| {
        amounts.push(amount.to_owned());
        amounts
    };
    vec![
        vec![],
        times(1, "-2147483648"),
        times(1, "-2147483647"),
        times(1, "2147483647"),
        times(1, "3000000000"),
        times(1, "-21474836.48"),
        times(1, "-2.147483648"),
        times(1, "20000000"),
        // The least number of 64 bits, whole and in tenths; more than 64 bits; more tenths than are exact.
        and(times(10, "-922337203685477580"), "-8"),
        and(times(1024, "-900719925474099"), "-204.8"),
        times(11, "900000000000000000"),
        times(11, "-900000000000000000"),
        and(times(2, "900719925474099"), "0.5"),
        // Sums count the double, which is half a billionth more or less than its text.
        times(200, "8388608.37"),
        vec!["0.1".into(), "0.2".into()],
        vec!["1".into(), "0.25".into(), "1e-9".into()],
        times(1, "9007199254740993"),
        times(1, "1e18"),
    ]
}

const BOUNDS: [&str; 20] = [
    "-9223372036854775808",
    "-922337203685477580.8",
    "-2147483648",
    "-2147483647",
    "-21474836.48",
    "-2.147483648",
    "0",
    "0.15",
    "0.3",
    "1.25",
    "1.250000001",
    "8388608.37",
    "10000000",
    "20000000",
    "1677721674",
    "2147483647",
    "2147483648",
    "9007199254740993",
    "1000000000000000",
    "900000000000000000",
];

const COMPUTED: &str = "trait total = sum of amount from \"Paid\"\ntrait mean = average of amount from \"Paid\"
trait least = minimum of amount from \"Paid\"\ntrait most = maximum of amount from \"Paid\"\n";

fn compared(of: &str, bound: &str) -> String {
    let tests = ["<", "<=", ">", "=", "!="].map(|sign| (sign, format!("trait {of} {sign} {bound}")));
    let named = |(at, (_, test)): (usize, (&str, String))| {
        let name = format!("{of}_{at}_{}", bound.replace(['-', '.'], "_"));
        format!("audience is_{name} {{ who {test} }}\naudience not_{name} {{ who not {test} }}\n")
    };
    tests.into_iter().enumerate().map(named).collect()
}

/// Each person alone, and all in one column; a bound alone, and all on one ladder.
#[test]
fn numbers_on_the_edges_of_their_forms() {
    let of = ["total", "mean", "least", "most", "only"];
    let each: Vec<Engine> = BOUNDS
        .iter()
        .map(|bound| {
            engine(
                &of.iter()
                    .fold(COMPUTED.to_owned(), |text, of| text + &compared(of, bound)),
            )
        })
        .collect();
    let text = of.iter().flat_map(|of| BOUNDS.map(|bound| compared(of, bound)));
    let all = engine(&(COMPUTED.to_owned() + &text.collect::<String>()));
    let mut crowds: Vec<Profiles> = paid()
        .iter()
        .map(|paid| [payer(0, paid)].into_iter().collect())
        .collect();
    crowds.push(paid().iter().enumerate().map(|(at, paid)| payer(at, paid)).collect());
    // Without the numbers that no column of numbers has.
    let narrow = paid().into_iter().take(9);
    crowds.push(narrow.enumerate().map(|(at, paid)| payer(at, &paid)).collect());
    for profiles in &crowds {
        for engine in each.iter().chain([&all]) {
            members(engine.program(), profiles);
        }
    }
}

/// What is known of one block is not known of the next.
#[test]
fn an_answer_is_kept_for_its_block_alone() {
    let engine = engine(
        r#"audience both { who trait x = 1 and trait y = 1 }
        audience either { who trait x = 1 or trait y = 1 }
        audience known { who (trait x = 1 or trait z = 1) and not performed "A" }
        audience again { who (trait x = 1 or trait z = 1) and performed "A" }"#,
    );
    let person = |at: usize| {
        let profile = Profile::builder().user_id(&format!("u{at}"));
        let profile = profile
            .trait_("x", u32::from((at / 2048).is_multiple_of(2)))
            .trait_("y", u32::from(at.is_multiple_of(2)));
        profile
            .trait_("z", u32::from(at.is_multiple_of(3) && at > 5000))
            .build()
    };
    let profiles: Profiles = (0..3 * 2048 + 5).map(person).collect();
    let members = members(engine.program(), &profiles);
    assert_eq!(members[0].len(), 2048);
}

/// Events and dates at the very instants at which windows begin and end, of more people than need no search, and after now.
#[test]
fn instants_on_the_edges_of_windows() {
    let engine = engine(
        r#"
        audience last { who performed "A" exactly 9 times within last 1 day }
        audience future { who performed "A" as a then performed "B" within 2 hours }
        audience never { who performed "A" as a then not performed "B" within 2 hours }
        audience before { who performed "A" at most 9 times before 2026-01-01 }
        audience date_last { who trait date within last 1 day }
        audience date_next { who trait date within next 1 day }
        audience date_long { who trait date before last 1 day }
        audience date_far { who trait date after next 1 day }
        audience date_before { who trait date before 2026-01-01 }
        audience date_after { who trait date after 2026-01-01 }
        "#,
    );
    let mut people = Vec::new();
    for (at, off) in (-1..=1).enumerate() {
        for way in [-24, 0, 24] {
            let mut profile = Profile::builder().user_id(&format!("u{at}_{way}"));
            profile = profile.trait_("date", ago(way * HOUR + off).to_string());
            for count in 0..9 {
                profile = profile.event("A", ago(HOUR * (count + 1)), []);
            }
            profile = profile
                .event("A", ago(24 * HOUR + off), [])
                .event("A", ago(24 * HOUR + off), []);
            profile = profile
                .event("B", ago(off), [])
                .event("B", ago(2 * way * HOUR - HOUR + off), []);
            people.push(profile.build());
        }
    }
    // Dates of which most are different stand in a column of another form.
    for many in [0, 200] {
        let others = (0..many).map(|at| {
            let profile = Profile::builder().user_id(&format!("v{at}"));
            profile.trait_("date", ago(at * HOUR / 7).to_string()).build()
        });
        let profiles: Profiles = people.iter().cloned().chain(others).collect();
        members(engine.program(), &profiles);
    }
}

/// A funnel over more pairs of events than are compared each with each; equal values of columns of different forms.
#[test]
fn what_follows_an_event() {
    let engine = engine(
        r#"
        audience same { who performed "A" as a then performed "B" where (x = a.x) }
        audience none { who performed "A" as a then not performed "B" where (x = a.x) }
        audience twice { who performed "A" as a exactly 2 times then performed "B" at least 2 times within 1 day where (x = a.x and y = a.y) }
        "#,
    );
    let value = |kind: usize, at: usize| match kind {
        0 => number(["1", "2", "0.5"][at % 3]),
        1 => number(["1", "2.25", "0.5"][at % 3]),
        2 => Value::from(["", "a", "b"][at % 3]),
        3 => Value::from(["c", "b", ""][at % 3]),
        4 => Value::from(format!("{at}")),
        _ => Value::from(["1", "0.50", "true"][at % 3]),
    };
    for (a, b) in (0..6).flat_map(|a| (0..6).map(move |b| (a, b))) {
        let mut people = Vec::new();
        for (at, many) in [1, 2, 3, 5, 70].into_iter().enumerate() {
            let mut profile = Profile::builder().user_id(&format!("u{at}"));
            for event in 0..many {
                let back = i64::try_from(event).unwrap();
                let (x, y) = (value(a, event), value(b, event / 2));
                let properties = if event % 4 == 3 {
                    vec![("y", y)]
                } else {
                    vec![("x", x), ("y", y)]
                };
                profile = profile.event("A", ago(500 + back), properties);
                let (x, y) = (value(b, event + at), value(a, event));
                let properties = if event % 5 == 2 {
                    vec![("y", y)]
                } else {
                    vec![("x", x), ("y", y)]
                };
                profile = profile.event("B", ago(back * 8), properties);
            }
            people.push(profile.build());
        }
        members(engine.program(), &people.into_iter().collect());
    }
}

/// Each way to ask about several steps, of people with few events and of some with more than are looked at one by one.
#[test]
fn what_follows_what_follows() {
    let engine = engine(
        r#"
        audience three { who performed "A" then performed "B" then performed "A" }
        audience counted { who performed "A" as a at least 2 times then performed "B" then performed "A" at least 2 times within 1 day where (x = a.x) }
        audience at_most { who performed "A" at most 3 times then performed "B" then performed "A" at most 1 times where (x > 0) }
        audience far { who performed "A" as a then performed "B" as b where (x != a.x) then performed "B" where (y = a.y and x >= b.y) }
        audience never { who performed "A" as a where (x exists) then performed "B" as b then not performed "A" within 3 hours where (x = b.x or not y = a.x) }
        audience trait_of { who performed "A" as a where (x > trait x) then performed "B" where (x <= trait x or y = trait y) then performed "B" where (y does not contain a.y) }
        audience to_nothing { who performed "A" as a then performed "B" where (x = trait none or z != a.x or x does not contain a.z) }
        audience itself { who performed "A" as a then performed "B" as b where (x >= a.y) then performed "A" where (not x < b.y) }
        "#,
    );
    let value = |kind: usize, at: usize| match kind {
        0 => number(["1", "2", "0.5"][at % 3]),
        1 => Value::from(["", "1", "b"][at % 3]),
        2 => Value::from(format!("{at}")),
        _ => number(["1", "\"1\"", "[1, 2]", "null", "true", "\"2026-01-01\""][at % 6]),
    };
    for (a, b) in (0..4).flat_map(|a| (0..4).map(move |b| (a, b))) {
        let people = [0, 1, 2, 3, 4, 7, 30].into_iter().enumerate().map(|(at, many)| {
            let profile = Profile::builder().user_id(&format!("u{at}")).trait_("x", value(b, at));
            (0..many).fold(profile.trait_("y", value(a, at)), |profile, event| {
                let back = i64::try_from(event * 37 % (many + 3)).unwrap() * HOUR / 2;
                let of = |kind: usize, at: usize| [("x", value(kind, at)), ("y", value(kind, at / 2))];
                let profile = profile.event("A", ago(back + 500), of(a, event + at));
                profile.event("B", ago(back * 2 % (5 * HOUR)), of(b, event))
            })
        });
        let people: Profiles = people.map(|profile| profile.build()).collect();
        let members = members(engine.program(), &people);
        assert!(
            members.iter().any(|members| !members.is_empty()),
            "{a} {b}: {members:?}"
        );
    }
}

/// Numbers that were sent as texts are counted all the same, and texts that were sent as numbers.
#[test]
fn numbers_are_counted_in_whatever_form_they_were_sent() {
    let engine = engine(
        r#"
        trait total = sum of v from "A"
        trait mean = average of v from "A"
        trait least = minimum of v from "A"
        trait most = maximum of v from "A"
        trait texts = unique list of v from "A"
        trait different = unique count of v from "A"
        trait often = most frequent of v from "A"
        audience total { who trait total >= 1.5 and trait total > trait sum }
        audience mean { who trait mean < 1 or trait mean >= trait most }
        audience least { who trait least = "1" or trait least does not exist }
        audience most { who trait most contains "5" or trait different < trait most }
        audience texts { who any trait texts (item = 1) or trait texts contains trait often }
        audience lists { who trait texts does not exist or trait texts contains any of ["true", "[1]"] }
        audience different { who trait different in [0, 2, 3] and trait different != trait sum }
        audience often { who trait often starts with "1" or trait often = trait least }
        "#,
    );
    let values = [
        "1",
        "\"1\"",
        "\"1.0\"",
        "0.5",
        "\"0.50\"",
        "\"x\"",
        "true",
        "[1, \"1\", [1], \"y\"]",
        "null",
        "\"1e18\"",
        "\"0.1234567891\"",
        "{\"a\": 1}",
        "9007199254740993",
    ];
    // All that can stand in a column of numbers, and all; few of them, and each text but once.
    for (kinds, apart) in [(8, false), (values.len(), false), (8, true), (values.len(), true)] {
        let people = (0..130).map(|at: usize| {
            let profile = Profile::builder().user_id(&format!("u{at}"));
            let profile = profile.trait_("sum", number(["2.5", "2", "\"1\""][at % 3]));
            (0..at % 7).fold(profile, |profile, event| {
                let value = match apart {
                    true if event % 3 == 0 => Value::from(format!("{at}.{event}")),
                    _ => number(values[(at * 5 + event * event) % kinds]),
                };
                profile.event("A", ago(i64::try_from(event).unwrap()), [("v", value)])
            })
        });
        let people: Profiles = people.map(|profile| profile.build()).collect();
        let members = members(engine.program(), &people);
        assert!(members.iter().all(|members| !members.is_empty()), "{members:?}");
    }
}

/// Profiles that are gone are laid out again for what is asked one by one.
#[test]
fn what_columns_keep_is_enough_to_ask_one_by_one() {
    let engine = engine(
        r#"
        category Ads
        trait tags = unique list of o.tag from "A"
        trait most = most frequent of o.tag from "A"
        audience refers { who trait o.b = trait o.c.d }
        audience whole { consent to Ads include anonymous who trait o != trait name and trait o.b exists }
        audience listed { who trait tags contains "1" and consent to Ads }
        audience often { who trait most = trait name }
        audience steps { who performed "A" where (o.tag exists) then performed "B" then performed "A" within 1 hour }
        audience inside { who any trait o.list (item = trait o.b) }
        audience against { who performed "A" where (o.tag != trait most) }
        audience object { who performed "A" where (o exists) then performed "B" then performed "A" where (o does not exist) }
        "#,
    );
    let person = |at: usize| {
        let kind = ["user_id", "anonymous_id"][at % 5 / 4];
        let object = [
            r#"{"b":1,"c":{"d":1},"list":[2,1]}"#,
            r#"{"b":"x","c":{"d":"y"}}"#,
            r#"{"c":{"d":null}}"#,
            r#"{"b":{"d":1}}"#,
        ];
        let state = volens::ConsentState::ALL[at / 8 % 4];
        let mut profile = Profile::builder()
            .identifier(kind, &format!("u{at}"))
            .consent("Ads", state);
        profile = profile
            .trait_("o", number(object[at / 2 % 4]))
            .trait_("name", ["1", "2"][at / 3 % 2]);
        for event in 0..at % 8 {
            let tag = number(&format!(r#"{{"tag":"{}"}}"#, event / 4));
            let properties = if event.is_multiple_of(2) {
                vec![("o", tag)]
            } else {
                vec![]
            };
            let back = i64::try_from(12 - event * 37 % 11).unwrap() * HOUR / 3;
            profile = profile.event(["A", "A", "B"][event % 3], ago(back), properties);
        }
        profile.event("A", ago(1), []).build()
    };
    let profiles: Profiles = (0..140).map(person).collect();
    let members = members(engine.program(), &profiles);
    assert!(members.iter().all(|members| !members.is_empty()), "{members:?}");
}

/// A program that no author wrote can be nested as deep as a program may be: deeper than the stack of a thread has room for
/// where sets are handed down.
#[test]
fn what_is_nested_very_deep_is_asked_one_by_one() {
    let engine = engine("audience a { who trait plan = \"pro\" and (trait age > 3 or not trait plan = \"free\") }");
    let mut program: serde_json::Value = serde_json::to_value(engine.program()).unwrap();
    let nodes = program["nodes"].as_array_mut().unwrap();
    let test = nodes.iter().position(|node| node.get("test").is_some()).unwrap();
    let mut last = nodes.len() - 1;
    for at in 0..980 {
        let group = serde_json::json!([test, last]);
        nodes.push(match at % 3 {
            0 => serde_json::json!({ "not": last }),
            1 => serde_json::json!({ "and": group }),
            _ => serde_json::json!({ "or": group }),
        });
        last = nodes.len() - 1;
    }
    program["audiences"][0]["who"] = last.into();
    let program = Program::from_json(&program.to_string()).unwrap();
    let person = |at: i64, plan: &str| {
        let profile = Profile::builder().user_id(&format!("u{at}")).trait_("plan", plan);
        profile.trait_("age", at).build()
    };
    let profiles: Profiles = (0..9)
        .map(|at| person(at, ["pro", "free", ""][at as usize % 3]))
        .collect();
    members(&program, &profiles);
    assert_eq!(
        Snapshot::new(&program, profiles.users(), 1).not_in_columns(NOW).len(),
        1
    );
}

/// The history of one name would be laid out once for each.
#[test]
fn one_event_name_has_one_table() {
    let engine = engine("audience a { who performed \"A\" }");
    let mut program: serde_json::Value = serde_json::to_value(engine.program()).unwrap();
    let table = program["events"][0].clone();
    program["events"].as_array_mut().unwrap().push(table);
    let error = Program::from_json(&program.to_string()).unwrap_err();
    assert!(error.to_string().contains("a table of events stands twice"), "{error}");
}
