//! Explanations where accounts are involved: of accounts, and of users whose accounts decide.

mod account_events;

use std::collections::BTreeMap;

use account_events::*;
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};
use volens::explain::Condition;
use volens::{Engine, Error, Profiles};

fn order(user: &str, revenue: i64) -> Value {
    event(
        "track",
        user,
        json!({"event": "Order Completed", "messageId": format!("m-{user}"), "properties": {"revenue": revenue}}),
    )
}

fn consent(user: &str, ads: bool) -> Value {
    let consent = json!({"consent": {"categoryPreferences": {"Ads": ads}}});
    event(
        "track",
        user,
        json!({"event": "Seen", "messageId": format!("c-{user}"), "context": consent}),
    )
}

/// Acme has u1, u2 and a visitor; beta has u2; lonely has a visitor alone; u3 has no account.
fn example() -> Vec<Value> {
    vec![
        event("identify", "u1", json!({"traits": {"role": "admin", "limit": 5}})),
        event("identify", "u2", json!({"traits": {"role": "user", "limit": 50}})),
        event("identify", "u3", json!({"traits": {"role": "admin"}})),
        group("u1", "acme", json!({"plan": "pro", "seats": 10, "limit": 20})),
        group("u2", "acme", json!({})),
        group("a1", "acme", json!({})),
        group("u2", "beta", json!({"plan": "free"})),
        group("a2", "lonely", json!({"plan": "pro"})),
        order("u1", 10),
        order("u2", 30),
        order("u3", 1000),
        consent("u1", true),
        consent("u2", false),
        consent("a1", true),
    ]
}

const DECLARED: &str = r#"category Ads
category Mail disabled
destination ads requires Ads, Mail
destination crm requires nothing
account trait revenue = sum of revenue from "Order Completed"
audience admins { who trait role = "admin" }
audience pros of accounts { who account trait plan = "pro" }
"#;

fn engine(definitions: &str) -> Engine {
    Engine::from_text("a.audience", &format!("{DECLARED}{definitions}")).unwrap_or_else(|error| panic!("{error}"))
}

const BUYING: &str = r#"audience buying of accounts {
  who account trait revenue > 20
    and any user (performed "Order Completed" where (revenue >= 30) and not member of admins)
    and all users (account trait plan = "pro" and consent to Ads)
    and no user (member of admins or trait limit < 10)
    and not member of pros
  send to ads, crm
}
"#;

#[test]
fn an_account_is_told_condition_by_condition() {
    let engine = engine(BUYING);
    let people = people(&engine, &example());
    let among = engine.among(&people);
    let acme = among.explain_account("buying", "acme", now()).unwrap();
    assert_snapshot!("text", acme.to_string());
    let text =
        "audience x of accounts { who no user (performed \"Order Completed\") or member of pros send to ads, crm }";
    let engine = self::engine(text);
    let why = engine.among(&people).explain_account("x", "acme", now()).unwrap();
    assert_snapshot!("text_of_a_member", why.to_string());
    assert_snapshot!("json", serde_json::to_string_pretty(&acme).unwrap());
}

#[test]
fn destinations_count_users() {
    let mut shown = String::new();
    for clauses in [
        "",
        "include anonymous",
        "consent to Ads",
        "consent to Ads include anonymous",
    ] {
        let engine = engine(&format!(
            "audience x of accounts {{ who member of pros or account trait plan = \"none\" {clauses} send to ads, crm }}"
        ));
        let people = people(&engine, &example());
        for account in ["acme", "lonely", "beta"] {
            let why = engine.among(&people).explain_account("x", account, now()).unwrap();
            let run = engine.run(&people, now()).unwrap();
            let run = run.audiences.last().unwrap();
            shown += &format!("{account} {clauses}\n");
            for destination in &why.destinations {
                let users = destination.users.as_ref().unwrap();
                shown += &format!(
                    "  {}: {} {}\n    {}\n",
                    destination.name,
                    destination.delivered,
                    serde_json::to_value(destination).unwrap()["users"],
                    destination.because
                );
                assert_eq!(destination.delivered, users.delivered > 0);
                if account == "acme" {
                    // Both of the others are no members, or deliver nobody else.
                    let run = run
                        .destinations
                        .iter()
                        .find(|to| *to.name == *destination.name)
                        .unwrap();
                    let of_lonely = run.delivered.iter().filter(|label| label.ends_with("a2")).count();
                    assert_eq!(run.delivered.len() - of_lonely, users.delivered, "{clauses}");
                    assert_eq!(users.delivered + users.filtered + users.left_out, 3, "{clauses}");
                }
            }
        }
    }
    assert_snapshot!("destinations", shown);
}

#[test]
fn it_is_told_until_when() {
    let engine = engine(
        "audience fresh of accounts { who any user (performed \"Order Completed\" within 15 days) }\n\
         audience theirs { who member of fresh }\n\
         audience busy of accounts { who account trait revenue > 20 }\n",
    );
    let mut events = example();
    let mut later = order("u1", 20);
    later["timestamp"] = json!("2026-06-25T00:00:00Z");
    later["messageId"] = json!("later");
    events.push(later);
    let people = people(&engine, &events);
    let among = engine.among(&people);
    let at = |day: &str| Some(day.parse::<volens::Timestamp>().unwrap());
    // Of acme u1 was the last, of beta u2.
    assert_eq!(among.account_until("fresh", "acme", now()).unwrap(), at("2026-07-10"));
    assert_eq!(among.account_until("fresh", "beta", now()).unwrap(), at("2026-07-05"));
    assert_eq!(among.account_until("busy", "acme", now()).unwrap(), None);
    // A user leaves with the last of its accounts.
    let user = |id: &str| people.find("user_id", id).unwrap();
    assert_eq!(among.until("theirs", user("u2"), now()).unwrap(), at("2026-07-10"));
    assert_eq!(among.until("fresh", user("u2"), now()).unwrap(), at("2026-07-10"));
    assert_eq!(among.until("theirs", user("u3"), now()).unwrap(), None);
    assert!(matches!(
        engine.until("theirs", user("u2"), now()),
        Err(Error::NeedsAccounts(_))
    ));
    assert!(matches!(
        among.account_until("theirs", "acme", now()),
        Err(Error::OfUsers { .. })
    ));
    assert!(matches!(
        among.account_until("fresh", "x", now()),
        Err(Error::UnknownAccount(_))
    ));
    let told = |why: volens::explain::Explanation| why.to_string().lines().nth(1).unwrap().to_owned();
    let july = "until 2026-07-10T00:00:00Z, if nothing else happens";
    assert_eq!(told(among.explain_account("fresh", "acme", now()).unwrap()), july);
    assert_eq!(told(among.explain("theirs", user("u1"), now()).unwrap()), july);
}

/// What is said of the first condition of an account, and of the first one below it.
fn sentences(who: &str, account: &str) -> Vec<String> {
    let engine = engine(&format!("audience x of accounts {{ who {who} }}"));
    let people = people(&engine, &example());
    let why = engine.among(&people).explain_account("x", account, now()).unwrap();
    let told = |condition: &Condition| {
        let mark = match condition.holds {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not asked",
        };
        format!("{mark}: {}", condition.because)
    };
    let first = &why.conditions.children[0];
    [first].into_iter().chain(&first.children).map(told).collect()
}

#[test]
fn one_user_tells_for_all() {
    for (who, account, expected) in [
        // The first who does.
        (
            r#"any user (trait role = "user")"#,
            "acme",
            [
                "yes: 1 of 3 users of the account meets the condition; one is needed; shown is user_id:u2",
                r#"yes: trait role is "user""#,
            ],
        ),
        // None does: the first.
        (
            r#"any user (trait role = "boss")"#,
            "acme",
            [
                "no: none of 3 users of the account meets the condition; one is needed; shown is anonymous_id:a1",
                "no: trait role is absent",
            ],
        ),
        // The first who does not.
        (
            "all users (trait limit <= 10)",
            "acme",
            [
                "no: 1 of 3 users of the account meets the condition; all are needed; shown is anonymous_id:a1",
                "no: trait limit is absent",
            ],
        ),
        (
            "all users (trait limit > 1)",
            "beta",
            [
                "yes: the only user of the account meets the condition; all are needed; shown is user_id:u2",
                "yes: trait limit is 50, more than 1",
            ],
        ),
        // The first who does.
        (
            "no user (trait limit >= 50)",
            "acme",
            [
                "no: 1 of 3 users of the account meets the condition; none is allowed; shown is user_id:u2",
                "yes: trait limit is 50, at least 50",
            ],
        ),
        (
            "no user (trait limit >= 5)",
            "lonely",
            [
                "yes: the only user of the account does not meet the condition; none is allowed; shown is anonymous_id:a2",
                "no: trait limit is absent",
            ],
        ),
        // Of the account, inside a quantifier.
        (
            r#"any user (account trait limit < trait limit)"#,
            "acme",
            [
                "yes: 1 of 3 users of the account meets the condition; one is needed; shown is user_id:u2",
                "yes: account trait limit is 20, less than trait limit (50)",
            ],
        ),
        (
            "all users (member of pros)",
            "acme",
            [
                "yes: all 3 users of the account meet the condition; all are needed; shown is anonymous_id:a1",
                "yes: group_id:acme is in pros",
            ],
        ),
        (
            "any user (member of admins)",
            "beta",
            [
                "no: the only user of the account does not meet the condition; one is needed; shown is user_id:u2",
                "no: user_id:u2 is not in admins",
            ],
        ),
        // Since when, of that user.
        (
            "any user (consent Ads is denied)",
            "acme",
            [
                "yes: 1 of 3 users of the account meets the condition; one is needed; shown is user_id:u2",
                "yes: consent to Ads is denied (since 2026-06-20T00:00:00Z, message c-u2)",
            ],
        ),
        (
            r#"any user (performed "Order Completed" where (revenue > 20))"#,
            "acme",
            [
                "yes: 1 of 3 users of the account meets the condition; one is needed; shown is user_id:u2",
                r#"yes: the only "Order Completed" event passes its filter, at 2026-06-20T00:00:00Z (message m-u2)"#,
            ],
        ),
    ] {
        assert_eq!(sentences(who, account), expected, "{who}");
    }
}

#[test]
fn an_account_without_users_has_nobody_to_show() {
    for (quantifier, holds) in [("any user", "no"), ("all users", "no"), ("no user", "yes")] {
        let engine = engine(&format!(
            "audience x of accounts {{ who {quantifier} (consent to Ads) send to crm }}"
        ));
        let accounts = BTreeMap::from([(Box::from("empty"), volens::value::Object::default())]);
        let people = Profiles::new(Vec::new(), accounts);
        let why = engine.among(&people).explain_account("x", "empty", now()).unwrap();
        let first = &why.conditions.children[0];
        assert_eq!(first.holds, Some(holds == "yes"));
        assert!(
            first.because.starts_with("the account has no users; "),
            "{}",
            first.because
        );
        assert_eq!(first.children[0].holds, None);
        assert_eq!(first.children[0].because, "there is no user to look at");
        assert!(!why.destinations[0].delivered);
    }
}

#[test]
fn of_a_user_is_told_which_account_is_in_an_audience() {
    let engine = engine(
        "audience x { who member of pros include anonymous }
         audience frees of accounts { who account trait plan = \"free\" }
         audience every of accounts { who account trait revenue >= 0 }
         audience y { who not member of frees include anonymous }
         audience z { who member of every include anonymous }",
    );
    let people = people(&engine, &example());
    for (audience, user, member, because) in [
        ("x", "u1", true, "the account group_id:acme of user_id:u1 is in pros"),
        ("x", "u2", true, "the account group_id:acme of user_id:u2 is in pros"),
        ("x", "u3", false, "user_id:u3 has no account, so none is in pros"),
        (
            "y",
            "u1",
            true,
            "the only account of user_id:u1, group_id:acme, is not in frees",
        ),
        ("y", "u2", false, "the account group_id:beta of user_id:u2 is in frees"),
        (
            "z",
            "u2",
            true,
            "the account group_id:acme of user_id:u2 is in every, and 1 other",
        ),
    ] {
        let profile = people.find("user_id", user).unwrap();
        let why = engine.among(&people).explain(audience, profile, now()).unwrap();
        assert_eq!(why.member, member, "{audience} {user}");
        assert_eq!(why.conditions.children[1].because, because);
    }
}

#[test]
fn the_wrong_kind_is_told_whom_to_ask_about() {
    let engine = engine("audience x { who member of pros }");
    let people = people(&engine, &example());
    let among = engine.among(&people);
    let (u2, u3) = (
        people.find("user_id", "u2").unwrap(),
        people.find("user_id", "u3").unwrap(),
    );
    let told = |error: Error| error.to_string();
    assert_eq!(
        told(among.explain("pros", u2, now()).unwrap_err()),
        "`pros` is an audience of accounts, so ask about an account: user_id:u2 has group_id:acme, group_id:beta"
    );
    assert_eq!(
        told(among.explain("pros", u3, now()).unwrap_err()),
        "`pros` is an audience of accounts, so ask about an account: user_id:u3 has none"
    );
    assert_eq!(
        told(among.explain_account("admins", "acme", now()).unwrap_err()),
        "`admins` is an audience of users, so ask about a user: group_id:acme has anonymous_id:a1, user_id:u1, user_id:u2"
    );
    assert_eq!(
        told(among.explain_account("pros", "nowhere", now()).unwrap_err()),
        "no account has group_id:nowhere"
    );
    // Alone, a profile does not say what its accounts are like.
    for audience in ["x", "pros"] {
        let error = engine.explain(audience, u2, now()).unwrap_err();
        assert!(
            matches!(&error, Error::NeedsAccounts(name) if name == audience),
            "{error}"
        );
    }
    assert!(!engine.explain("x", u3, now()).unwrap().member);
    assert!(!engine.explain("admins", u2, now()).unwrap().member);
}

// ---- agreement with a run

/// A condition on one user, in an audience of accounts or of users.
fn of_user() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        r#"performed "Order Completed""#,
        r#"trait role = "admin""#,
        "consent to Ads",
        "consent Ads is denied",
        "member of admins",
        "member of pros",
        "not member of pros",
    ]);
    (leaf.clone(), leaf, prop::sample::select(vec!["and", "or"]))
        .prop_map(|(a, b, joiner)| format!("({a} {joiner} {b})"))
}

fn of_account() -> impl Strategy<Value = String> {
    let quantified = (
        prop::sample::select(vec![
            "any user",
            "all users",
            "no user",
            "not any user",
            "not all users",
        ]),
        of_user(),
    )
        .prop_map(|(quantifier, inner)| format!("{quantifier} {inner}"));
    let own = prop::sample::select(vec![
        "member of pros".to_owned(),
        r#"account trait plan != "pro""#.to_owned(),
        "account trait revenue > 15".to_owned(),
    ]);
    let leaf = prop_oneof![3 => quantified, 1 => own];
    (leaf.clone(), leaf, prop::sample::select(vec!["and", "or"])).prop_map(|(a, b, joiner)| format!("{a} {joiner} {b}"))
}

fn person() -> impl Strategy<Value = (Vec<usize>, u8, Option<bool>)> {
    (
        prop::collection::vec(0..3usize, 0..3),
        any::<u8>(),
        any::<Option<bool>>(),
    )
}

proptest! {
    #[test]
    fn an_explanation_says_what_a_run_says(
        persons in prop::collection::vec(person(), 0..7),
        account in of_account(),
        user in of_user(),
        clauses in prop::sample::select(vec!["", "include anonymous", "consent to Ads"]),
    ) {
        let engine = engine(&format!(
            "audience x of accounts {{ who {account} {clauses} send to ads, crm }}
             audience y {{ who {user} and not member of x {clauses} send to ads }}"
        ));
        let mut events = Vec::new();
        for (at, (accounts, flags, ads)) in persons.iter().enumerate() {
            let name = format!("{}{at}", if flags & 1 == 0 { "u" } else { "a" });
            let role = if flags & 2 == 0 { "admin" } else { "user" };
            events.push(event("identify", &name, json!({"traits": {"role": role}})));
            for account in accounts {
                events.push(group(&name, &format!("g{account}"), json!({"plan": if *account == 0 { "pro" } else { "free" }})));
            }
            events.extend((flags & 4 == 0).then(|| order(&name, 10)));
            events.extend(ads.map(|ads| consent(&name, ads)));
        }
        let people = people(&engine, &events);
        let run = engine.run(&people, now()).unwrap();
        let among = engine.among(&people);
        let members = |name: &str| &run.audiences.iter().find(|audience| &*audience.name == name).unwrap().members;
        let is_in = |name: &str, label: &str| members(name).iter().any(|member| **member == *label);
        for id in people.accounts().keys() {
            let why = among.explain_account("x", id, now()).unwrap();
            prop_assert_eq!(why.member, is_in("x", &format!("group_id:{id}")));
            prop_assert_eq!(why.conditions.holds, Some(why.member), "{}", why);
            agrees(&why.conditions)?;
            let in_x: Vec<&str> = among.account_memberships(id, now()).unwrap();
            prop_assert_eq!(in_x.contains(&"x"), why.member);
            // Its users' deliveries, one by one.
            for destination in &why.destinations {
                let users = destination.users.as_ref().unwrap();
                let to = run.audiences.iter().find(|audience| &*audience.name == "x").unwrap();
                let to = to.destinations.iter().find(|to| *to.name == *destination.name).unwrap();
                let labels = among.account_users(id).unwrap();
                let delivered = labels.iter().filter(|label| to.delivered.iter().any(|other| **other == ***label)).count();
                let filtered = labels.iter().filter(|label| to.filtered.iter().any(|other| *other.profile == ***label)).count();
                if why.member {
                    prop_assert_eq!((users.delivered, users.filtered), (delivered, filtered));
                    prop_assert_eq!(users.delivered + users.filtered + users.left_out, labels.len());
                } else {
                    prop_assert_eq!((users.delivered, users.filtered), (0, 0));
                }
            }
        }
        for profile in people.users() {
            for audience in ["y", "admins"] {
                let why = among.explain(audience, profile, now()).unwrap();
                prop_assert_eq!(why.member, is_in(audience, &engine.label(profile)));
                prop_assert_eq!(why.conditions.holds, Some(why.member), "{}", why);
                agrees(&why.conditions)?;
            }
        }
    }
}

/// Groups hold as their parts do, and a quantifier as the user who tells for it.
fn agrees(condition: &Condition) -> Result<(), TestCaseError> {
    use volens::explain::Kind;
    let children: Vec<bool> = condition.children.iter().filter_map(|child| child.holds).collect();
    let expected = match condition.kind {
        Kind::And => Some(children.iter().all(|holds| *holds)),
        Kind::Or => Some(children.iter().any(|holds| *holds)),
        Kind::Not => children.first().map(|holds| !holds),
        Kind::Users if condition.source.starts_with("no user") => children.first().map(|holds| !holds),
        Kind::Users => children.first().copied(),
        _ => None,
    };
    if let Some(expected) = expected {
        prop_assert_eq!(condition.holds, Some(expected), "{}", condition.source);
    }
    condition.children.iter().try_for_each(agrees)
}
