//! Audiences of accounts, from the text of a definition to deliveries (language.md, Conditions; AA-1 to AA-5, CT-8).

mod account_events;

use std::collections::{BTreeMap, BTreeSet};

use account_events::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use volens::{Engine, Error, Profiles};

fn order(user: &str, revenue: Value) -> Value {
    event(
        "track",
        user,
        json!({"event": "Order Completed", "properties": {"revenue": revenue}}),
    )
}

fn consent(user: &str, ads: bool) -> Value {
    let consent = json!({"consent": {"categoryPreferences": {"Ads": ads}}});
    event("track", user, json!({"event": "Seen", "context": consent}))
}

/// Acme has u1, u2 and a visitor; beta has u2; lonely has a visitor alone.
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
        order("u1", json!(10)),
        order("u2", json!("30.50")),
        order("u3", json!(1000)),
        consent("u1", true),
        consent("u2", false),
        consent("a1", true),
    ]
}

const DECLARED: &str = r#"
category Ads
destination ads requires Ads
destination crm requires nothing
trait orders = count of "Order Completed"
account trait revenue = sum of revenue from "Order Completed"
account trait biggest = maximum of revenue from "Order Completed" where (revenue <= trait limit)
audience admins { who trait role = "admin" }
audience pros of accounts { who account trait plan = "pro" }
"#;

fn engine(definitions: &str) -> Engine {
    Engine::from_text("a.audience", &format!("{DECLARED}{definitions}")).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn each_sentence_about_accounts() {
    for (who, expected) in [
        // The account itself.
        ("account trait plan = \"pro\"", "acme lonely"),
        ("account trait seats > 5 or account trait plan = \"free\"", "acme beta"),
        ("not account trait plan exists", ""),
        ("any account trait plan (item = \"pro\")", ""),
        ("member of pros", "acme lonely"),
        ("not member of pros", "beta"),
        // Its users, anonymous visitors too; the quantifier covers one whole condition (AA-4).
        ("any user (performed \"Order Completed\")", "acme beta"),
        ("all users (performed \"Order Completed\")", "beta"),
        ("no user (performed \"Order Completed\")", "lonely"),
        ("any user (trait role = \"admin\" and trait orders >= 1)", "acme"),
        ("any user (trait role = \"user\" and consent to Ads)", ""),
        ("any user (trait role = \"user\") and any user (consent to Ads)", "acme"),
        ("no user (consent Ads is denied)", "lonely"),
        ("all users (consent Ads is not collected)", "lonely"),
        ("any user (member of admins)", "acme"),
        ("not any user (member of admins)", "beta lonely"),
        // About the account, inside a quantifier.
        (
            "any user (performed \"Order Completed\" and account trait plan = \"free\")",
            "beta",
        ),
        ("all users (member of pros)", "acme lonely"),
        // Computed over the events of all users, whatever account they have them in mind for (CT-8, AA-5).
        ("account trait revenue = 40.5", "acme"),
        ("account trait revenue = 30.5", "beta"),
        ("account trait revenue = 0", "lonely"),
        // A reference is to the account's trait outside a quantifier, to the user's inside.
        ("account trait biggest = 10", "acme"),
        ("account trait seats < trait limit", "acme"),
        (
            "any user (performed \"Order Completed\" where (revenue > trait limit))",
            "acme",
        ),
        ("any user (account trait limit < trait limit)", "acme"),
    ] {
        let engine = engine(&format!("audience x of accounts {{ who {who} }}"));
        let people = people(&engine, &example());
        let run = engine.run(&people, now()).unwrap();
        let found = &run.audiences.last().unwrap().members;
        let found: Vec<&str> = found
            .iter()
            .map(|label| label.strip_prefix("group_id:").unwrap())
            .collect();
        assert_eq!(found.join(" "), expected, "{who}");
    }
}

#[test]
fn what_is_delivered_are_the_users_each_once_and_by_their_own_consent() {
    for (clauses, delivered, filtered) in [
        ("", "user_id:u1", "user_id:u2"),
        ("include anonymous", "anonymous_id:a1 user_id:u1", "user_id:u2"),
        // Clauses restrict who is delivered; a user they leave out is in neither list.
        ("consent to Ads", "user_id:u1", ""),
        ("consent to Ads include anonymous", "anonymous_id:a1 user_id:u1", ""),
    ] {
        let who = "any user (performed \"Order Completed\")";
        let engine = engine(&format!(
            "audience x of accounts {{ who {who} {clauses} send to ads, crm }}"
        ));
        let people = people(&engine, &example());
        let run = engine.run(&people, now()).unwrap();
        let audience = run.audiences.last().unwrap();
        assert_eq!(audience.size, 2, "clauses never change which accounts match: {clauses}");
        let ads = &audience.destinations[0];
        assert_eq!(ads.delivered.join(" "), delivered, "{clauses}");
        let held: Vec<&str> = ads.filtered.iter().map(|filtered| &*filtered.profile).collect();
        assert_eq!(held.join(" "), filtered, "{clauses}");
        // u2 is a user of both accounts.
        let crm = &audience.destinations[1].delivered;
        assert_eq!(crm.iter().collect::<BTreeSet<_>>().len(), crm.len());
    }
}

#[test]
fn a_user_is_in_an_audience_of_accounts_if_any_account_is() {
    let text = "audience x { who member of pros } audience y { who not member of pros include anonymous }";
    let engine = engine(text);
    let people = people(&engine, &example());
    let run = engine.run(&people, now()).unwrap();
    let members = |at: usize| run.audiences[at].members.join(" ");
    assert_eq!(members(2), "user_id:u1 user_id:u2");
    assert_eq!(members(3), "user_id:u3");
    let u1 = people.find("user_id", "u1").unwrap();
    let among = engine.among(&people);
    assert!(among.is_member("x", u1, now()).unwrap() && among.is_member("pros", u1, now()).unwrap());
    assert_eq!(among.memberships(u1, now()).unwrap(), ["admins", "x"]);
}

#[test]
fn a_profile_alone_is_not_asked_about_its_accounts() {
    let engine = engine("audience x { who not member of pros }");
    let people = people(&engine, &example());
    let (u1, u3) = (
        people.find("user_id", "u1").unwrap(),
        people.find("user_id", "u3").unwrap(),
    );
    for audience in ["x", "pros"] {
        let error = engine.is_member(audience, u1, now()).unwrap_err();
        assert!(
            matches!(&error, Error::NeedsAccounts(name) if name == audience),
            "{error}"
        );
        assert!(engine.deliveries(audience, u1, now()).is_err());
    }
    assert!(engine.memberships(u1, now()).is_err());
    assert!(
        engine.is_member("admins", u1, now()).unwrap(),
        "no account is asked about"
    );
    // Without accounts, none of them is in an audience.
    assert!(engine.is_member("x", u3, now()).unwrap());
    assert_eq!(engine.memberships(u3, now()).unwrap(), ["admins", "x"]);
}

#[test]
fn a_profile_is_asked_about_as_it_stands_among_the_others() {
    let engine = engine("audience x { who member of pros send to ads }");
    let all = people(&engine, &example());
    let u1 = all.find("user_id", "u1").unwrap();
    // As it was before it was a user of a second account; and among others altogether.
    let mut events = example();
    events.push(group("u1", "beta", json!({})));
    let later = people(&engine, &events);
    for others in [&later, &Profiles::default()] {
        let error = engine.among(others).deliveries("x", u1, now()).unwrap_err();
        assert!(matches!(error, Error::NotAmong { .. }), "{error}");
    }
    let u3 = all.find("user_id", "u3").unwrap();
    assert!(
        !engine.among(&later).is_member("x", u3, now()).unwrap(),
        "it has no account"
    );
}

// ---- agreement with a plain reading of the rules

#[derive(Debug, Clone)]
struct Person {
    accounts: BTreeSet<usize>,
    ordered: bool,
    ads: Option<bool>,
    known: bool,
}

fn person() -> impl Strategy<Value = Person> {
    let accounts = prop::collection::btree_set(0..4usize, 0..3);
    (accounts, any::<bool>(), any::<Option<bool>>(), any::<bool>()).prop_map(|(accounts, ordered, ads, known)| Person {
        accounts,
        ordered,
        ads,
        known,
    })
}

proptest! {
    #[test]
    fn deliveries_are_what_a_plain_reading_gives(persons in prop::collection::vec(person(), 0..9), quantifier in 0..3usize) {
        let words = ["any user", "all users", "no user"][quantifier];
        let engine = engine(&format!(
            "audience x of accounts {{ who {words} (performed \"Order Completed\") send to ads, crm }}
             audience back {{ who member of x include anonymous }}"
        ));
        let name = |at: usize, person: &Person| format!("{}{at}", if person.known { "u" } else { "a" });
        let mut events = vec![event("identify", "u99", json!({}))];
        for (at, person) in persons.iter().enumerate() {
            let name = name(at, person);
            events.push(event("identify", &name, json!({})));
            events.extend(person.accounts.iter().map(|account| group(&name, &format!("g{account}"), json!({}))));
            events.extend(person.ordered.then(|| order(&name, json!(1))));
            events.extend(person.ads.map(|ads| consent(&name, ads)));
        }
        let people = people(&engine, &events);
        let run = engine.run(&people, now()).unwrap();

        let mut users: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, person) in persons.iter().enumerate() {
            person.accounts.iter().for_each(|account| users.entry(*account).or_default().push(at));
        }
        let matching: BTreeSet<usize> = users
            .iter()
            .filter(|(_, users)| {
                let ordered = users.iter().filter(|at| persons[**at].ordered).count();
                match quantifier {
                    0 => ordered > 0,
                    1 => ordered == users.len(),
                    _ => ordered == 0,
                }
            })
            .map(|(account, _)| *account)
            .collect();
        let label = |at: usize| {
            let kind = if persons[at].known { "user_id" } else { "anonymous_id" };
            format!("{kind}:{}", name(at, &persons[at]))
        };
        let inside = |at: &usize| persons[*at].accounts.intersection(&matching).next().is_some();
        let chosen = |keep: &dyn Fn(&Person) -> bool| {
            let all = (0..persons.len()).filter(inside).filter(|at| keep(&persons[*at]));
            let mut labels: Vec<String> = all.map(label).collect();
            labels.sort();
            labels
        };
        let strings = |labels: &[std::sync::Arc<str>]| labels.iter().map(|l| l.to_string()).collect::<Vec<_>>();
        let x = run.audiences.iter().find(|a| &*a.name == "x").unwrap();
        let accounts: Vec<String> = matching.iter().map(|account| format!("group_id:g{account}")).collect();
        prop_assert_eq!(strings(&x.members), accounts);
        prop_assert_eq!(strings(&x.destinations[0].delivered), chosen(&|p| p.known && p.ads == Some(true)));
        let filtered: Vec<String> = x.destinations[0].filtered.iter().map(|f| f.profile.to_string()).collect();
        prop_assert_eq!(filtered, chosen(&|p| p.known && p.ads != Some(true)));
        prop_assert_eq!(strings(&x.destinations[1].delivered), chosen(&|p| p.known));
        let back = run.audiences.iter().find(|a| &*a.name == "back").unwrap();
        prop_assert_eq!(strings(&back.members), chosen(&|_| true));
        // And one by one.
        for profile in people.users() {
            let wanted = back.members.iter().any(|label| **label == engine.label(profile));
            prop_assert_eq!(engine.among(&people).is_member("back", profile, now()).unwrap(), wanted);
            let delivered = engine.among(&people).deliveries("x", profile, now()).unwrap();
            let wanted = x.destinations[0].delivered.iter().any(|label| **label == engine.label(profile));
            prop_assert_eq!(delivered[0].is_delivered(), wanted);
            // All at once is what each gives.
            let all = engine.among(&people).all_deliveries(profile, now()).unwrap();
            for audience in &engine.program().audiences {
                let one = engine.among(&people).deliveries(&audience.name, profile, now()).unwrap();
                let found = all.iter().find(|(name, _)| **name == *audience.name).map(|(_, found)| found);
                let reached = one.iter().any(|delivery| delivery.outcome != volens::engine::Outcome::NotMember);
                prop_assert_eq!(found.filter(|_| reached), reached.then_some(&one));
            }
        }
    }
}
