//! How many members have which identifiers, and how many two audiences have together.

#[cfg(feature = "cli")]
#[path = "command/mod.rs"]
mod runner;

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;
use volens::engine::Run;
use volens::{Engine, Profile, Timestamp};

fn now() -> Timestamp {
    Timestamp::parse("2026-06-30").unwrap()
}

const SHOP: &str = r#"
identity { user_id limit 1  phone limit 5  email limit 5 }
category Advertising
destination ads requires Advertising
audience pros "Those who pay" { who trait plan = "pro"  send to ads }
audience germans { who trait country = "DE"  include anonymous }
audience nobody { who trait plan = "pro" and trait plan = "free" }
audience big of accounts { who any user (trait plan = "pro")  send to ads }
audience small of accounts { who no user (trait plan = "pro") }
audience "pros, germans" { who trait plan = "pro" and trait country = "DE" }
"#;

fn shop() -> Engine {
    Engine::from_text("shop.audience", SHOP).unwrap()
}

fn person(ids: &[(&str, &str)], plan: &str, country: &str, account: Option<&str>) -> Profile {
    let mut person = Profile::builder().trait_("plan", plan).trait_("country", country);
    for (kind, id) in ids {
        person = person.identifier(kind, id);
    }
    account
        .into_iter()
        .fold(person, |person, id| person.account(id))
        .build()
}

fn people() -> Vec<Profile> {
    vec![
        person(
            &[("user_id", "u1"), ("email", "a@x.com"), ("email", "b@x.com")],
            "pro",
            "DE",
            Some("acme"),
        ),
        person(&[("user_id", "u2"), ("phone", "1")], "pro", "FR", Some("acme")),
        person(&[("user_id", "u3"), ("braze_id", "1")], "free", "DE", Some("beta")),
        person(&[("anonymous_id", "a1")], "free", "DE", None),
        person(&[("user_id", "u4"), ("email", "c@x.com")], "free", "DE", Some("acme")),
    ]
}

fn run(people: Vec<Profile>) -> Run {
    shop().run(&people.into_iter().collect(), now()).unwrap()
}

fn counts(run: &Run, name: &str) -> Vec<(String, usize)> {
    let audience = run.audiences.iter().find(|audience| &*audience.name == name).unwrap();
    let counts = audience.identifiers.iter();
    counts.map(|(kind, count)| (kind.to_string(), *count)).collect()
}

fn overlap(run: &Run, a: &str, b: &str) -> Option<(usize, usize, usize)> {
    let overlap = run.overlap(a, b)?;
    Some((overlap.both, overlap.only_a, overlap.only_b))
}

#[test]
fn members_are_counted_by_type_in_the_order_of_priority() {
    let run = run(people());
    let owned = |counts: &[(&str, usize)]| -> Vec<(String, usize)> {
        counts
            .iter()
            .map(|(kind, count)| ((*kind).to_owned(), *count))
            .collect()
    };
    // Two emails are one member with an email. What the workspace does not list comes last, by alphabet.
    assert_eq!(
        counts(&run, "pros"),
        owned(&[("user_id", 2), ("phone", 1), ("email", 1)])
    );
    assert_eq!(
        counts(&run, "germans"),
        owned(&[("user_id", 3), ("email", 2), ("anonymous_id", 1), ("braze_id", 1)])
    );
    assert_eq!(counts(&run, "nobody"), []);
    // The users of the account.
    assert_eq!(
        counts(&run, "big"),
        owned(&[("user_id", 3), ("phone", 1), ("email", 2)])
    );
    let json = serde_json::to_value(&run).unwrap();
    assert_eq!(json["audiences"]["nobody"]["identifiers"], json!({}));
    let text = serde_json::to_string(&run).unwrap();
    assert!(
        text.contains(r#""size":2,"identifiers":{"user_id":2,"phone":1,"email":1},"members":["#),
        "{text}"
    );
}

#[test]
fn two_audiences_share_who_is_in_both() {
    let run = run(people());
    assert_eq!(overlap(&run, "pros", "germans"), Some((1, 1, 3)));
    assert_eq!(overlap(&run, "germans", "pros"), Some((1, 3, 1)));
    assert_eq!(overlap(&run, "pros", "pros"), Some((2, 0, 0)));
    assert_eq!(overlap(&run, "nobody", "pros"), Some((0, 0, 2)));
    assert_eq!(overlap(&run, "big", "big"), Some((1, 0, 0)));
    assert_eq!(overlap(&run, "big", "small"), Some((0, 1, 1)));
    // An account is no user.
    assert_eq!(overlap(&run, "big", "pros"), None);
    assert_eq!(overlap(&run, "pros", "big"), None);
    assert_eq!(overlap(&run, "pros", "gone"), None);
}

#[test]
fn profiles_of_one_label_are_two_people() {
    // A host can give what no ingestor would: two profiles of one id.
    let twins = vec![
        person(&[("user_id", "u1")], "pro", "FR", None),
        person(&[("user_id", "u1")], "free", "DE", None),
    ];
    assert_eq!(overlap(&run(twins.clone()), "pros", "germans"), Some((0, 1, 1)));
    // In which order they are given is no part of the result.
    let turned = twins.iter().rev().cloned().collect();
    assert_eq!(run(twins), run(turned));
    let turned = people().into_iter().rev().collect();
    assert_eq!(run(people()), run(turned));
}

fn anybody() -> impl Strategy<Value = Profile> {
    let choice = |values: &'static [&'static str]| prop::sample::select(values);
    (
        0..40u32,
        choice(&["pro", "free"]),
        choice(&["DE", "FR"]),
        choice(&["", "acme", "beta"]),
    )
        .prop_map(|(number, plan, country, account)| {
            let id = number.to_string();
            person(
                &[("user_id", &id)],
                plan,
                country,
                (!account.is_empty()).then_some(account),
            )
        })
}

proptest! {
    #[test]
    fn an_overlap_is_that_of_the_members(people in prop::collection::vec(anybody(), 0..40)) {
        let mut seen = BTreeSet::new();
        let people = people.into_iter().filter(|person| {
            let id = person.identifiers().of("user_id").next().map(str::to_owned);
            seen.insert(id)
        });
        let run = run(people.collect());
        for a in &run.audiences {
            for b in run.audiences.iter().filter(|b| b.of == a.of) {
                let [of_a, of_b] = [a, b].map(|audience| audience.members.iter().collect::<BTreeSet<_>>());
                let both = of_a.intersection(&of_b).count();
                let expected = (both, of_a.len() - both, of_b.len() - both);
                prop_assert_eq!(overlap(&run, &a.name, &b.name), Some(expected));
            }
        }
    }
}

#[cfg(feature = "cli")]
mod command {
    use std::fs;
    use std::path::Path;

    use serde_json::{Value as Json, json};

    use super::runner::{Done, volens_in};

    const EVENTS: &str = r#"{"type":"identify","userId":"u1","timestamp":"2026-06-01","traits":{"plan":"pro","country":"DE","email":"a@x.com"}}
{"type":"identify","userId":"u2","timestamp":"2026-06-01","traits":{"plan":"pro","country":"FR"}}
{"type":"identify","anonymousId":"a3","timestamp":"2026-06-01","traits":{"country":"DE"}}
{"type":"group","userId":"u1","groupId":"acme","timestamp":"2026-06-01"}
{"type":"group","userId":"u2","groupId":"acme","timestamp":"2026-06-02"}
"#;

    fn run(test: &str, more: &[&str]) -> Done {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("overlap").join(test);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        // Without the audience that can have nobody, of which there is a warning.
        let workspace = super::SHOP.lines().filter(|line| !line.starts_with("audience nobody"));
        fs::write(folder.join("shop.audience"), workspace.collect::<Vec<_>>().join("\n")).unwrap();
        fs::write(folder.join("events.jsonl"), EVENTS).unwrap();
        let arguments = [
            "run",
            "shop.audience",
            "--events",
            "events.jsonl",
            "--now",
            "2026-06-30",
        ];
        volens_in(&folder, &[&arguments[..], more].concat(), "")
    }

    #[test]
    fn the_text_has_what_was_asked_for_below() {
        let done = run(
            "text",
            &["--overlap", "pros,germans", "--identifiers", "--overlap", "small,big"],
        );
        assert_eq!((done.code, done.err.as_str()), (0, ""));
        insta::assert_snapshot!("text", done.out);
        let plain = run("plain", &[]);
        assert!(done.out.starts_with(&plain.out), "{}", plain.out);
        assert!(!plain.out.contains("MEMBERS WITH"), "{}", plain.out);
    }

    #[test]
    fn json_has_the_overlap_where_it_was_asked() {
        let done = run("json", &["--format", "json", "--overlap", "pros, germans"]);
        let json: Json = serde_json::from_str(&done.out).unwrap();
        let expected = json!([{"a": "pros", "b": "germans", "both": 1, "only_a": 1, "only_b": 1}]);
        assert_eq!(json["overlap"], expected);
        assert_eq!(
            json["audiences"]["pros"]["identifiers"],
            json!({"user_id": 2, "email": 1})
        );
        let plain = run("plain_json", &["--format", "json"]);
        let mut plain: Json = serde_json::from_str(&plain.out).unwrap();
        assert!(plain.get("overlap").is_none());
        plain["overlap"] = expected;
        assert_eq!(plain, json);
    }

    #[test]
    fn a_name_with_a_comma_is_parted_where_two_audiences_come_of_it() {
        let done = run("comma", &["--format", "json", "--overlap", "pros, germans,pros"]);
        let json: Json = serde_json::from_str(&done.out).unwrap();
        let expected = json!([{"a": "pros, germans", "b": "pros", "both": 1, "only_a": 0, "only_b": 1}]);
        assert_eq!(json["overlap"], expected);
    }

    #[test]
    fn what_is_no_pair_is_bad_usage() {
        let rows = [
            ("pros", "`--overlap` takes two audiences: write `--overlap pros,OTHER`"),
            ("pros,germns", "there is no audience `germns`; did you mean `germans`?"),
            ("gone,pros", "there is no audience `gone`"),
            (",pros", "there is no audience ``"),
            (
                "big,pros",
                "one of `big` and `pros` is of accounts and the other of users: they have no members that could be the same",
            ),
        ];
        for (pair, message) in rows {
            let done = run("usage", &["--overlap", pair]);
            assert_eq!((done.code, done.out.as_str()), (2, ""), "{pair}");
            assert_eq!(done.err, format!("error: {message}\n"), "{pair}");
        }
    }
}
