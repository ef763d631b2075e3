//! language.md, Conditions, of accounts.

use crate::support::*;

const DECLARED: &str =
    "category A audience users_of { who trait x = 1 } audience accounts_of of accounts { who account trait p = 1 }\n";

#[test]
fn each_condition_stands_where_it_is_about_something() {
    let user_level = [
        "performed \"E\"",
        "performed \"E\" then performed \"F\"",
        "trait x = 1",
        "any trait l (item = 1)",
        "consent to A",
        "consent A is denied",
        "member of users_of",
    ];
    let of_accounts =
        |condition: &str| errors(&format!("{DECLARED}audience z of accounts {{ who {condition} }}")).len();
    let of_users = |condition: &str| errors(&format!("{DECLARED}audience z {{ who {condition} }}")).len();
    let explicit = |condition: &str| errors(&format!("{DECLARED}audience z of users {{ who {condition} }}")).len();
    for condition in user_level {
        assert_eq!((of_users(condition), explicit(condition)), (0, 0), "{condition}");
        assert_eq!(of_accounts(condition), 1, "{condition}");
        assert_eq!(
            of_accounts(&format!("account trait p = 1 and not ({condition})")),
            1,
            "{condition}"
        );
        for quantifier in ["any user", "all users", "no user"] {
            let inside = format!("{quantifier} ({condition})");
            assert_eq!(of_accounts(&inside), 0, "{inside}");
            assert_eq!(of_users(&inside), 1, "{inside}");
            for nested in ["any user", "all users", "no user"] {
                assert_eq!(of_accounts(&format!("{nested} (not {inside})")), 1, "{nested} {inside}");
            }
        }
    }
    for condition in [
        "account trait p = 1",
        "any account trait p (item = 1)",
        "member of accounts_of",
    ] {
        assert_eq!(of_accounts(condition), 0, "{condition}");
        assert_eq!(
            of_accounts(&format!("any user (trait x = 1 and {condition})")),
            0,
            "{condition}"
        );
        assert_eq!(of_accounts(&format!("no user (not {condition})")), 0, "{condition}");
    }
    assert_eq!(
        (
            of_users("account trait p = 1"),
            of_users("any account trait p (item = 1)")
        ),
        (1, 1)
    );
    assert_eq!(of_users("member of accounts_of"), 0);
}

fn by(user: &str, line: String) -> String {
    match user.strip_prefix('?') {
        Some(visitor) => line.replace("\"userId\":\"u1\"", &format!("\"anonymousId\":\"{visitor}\"")),
        None => line.replace("\"u1\"", &format!("\"{user}\"")),
    }
}

fn joins(user: &str, account: &str) -> String {
    by(
        user,
        call("group", -50 * DAY, &format!(r#""groupId":"{account}","traits":{{}}"#)),
    )
}

fn says(user: &str, ads: bool) -> String {
    by(
        user,
        call(
            "track",
            -40 * DAY,
            &format!(r#""event":"Seen","context":{{"consent":{{"categoryPreferences":{{"A":{ads}}}}}}}"#),
        ),
    )
}

/// The accounts of `a`, and who of them is delivered to `crm` and `ads`, and filtered at `ads`.
fn run(audience: &str, events: &[String]) -> [String; 4] {
    let engine = engine(&format!(
        "category A destination crm requires nothing destination ads requires A\n{audience}"
    ));
    let people = people(&engine, events);
    let run = engine.run(&people, now()).unwrap();
    let a = run.audiences.iter().find(|audience| &*audience.name == "a").unwrap();
    let [crm, ads] = &*a.destinations else {
        panic!("two destinations")
    };
    let filtered: Vec<&str> = ads.filtered.iter().map(|filtered| &*filtered.profile).collect();
    [
        a.members.join(" "),
        crm.delivered.join(" "),
        ads.delivered.join(" "),
        filtered.join(" "),
    ]
}

#[test]
fn users_of_an_account_and_what_is_delivered() {
    let events = [
        joins("u1", "g1"),
        joins("?v1", "g1"),
        joins("u2", "g1"),
        joins("u2", "g2"),
        joins("?v2", "g3"),
        by("u3", track("E", -1, "{}")),
        by("u1", track("E", -1, "{}")),
        by("?v2", track("E", -1, "{}")),
        says("u1", true),
        says("?v1", false),
        says("?v2", true),
    ];
    for (body, expected) in [
        // Everybody linked by a group call is a user, visitors too; without `include anonymous` they are not delivered.
        (
            "who any user (performed \"E\")",
            [
                "group_id:g1 group_id:g3",
                "user_id:u1 user_id:u2",
                "user_id:u1",
                "user_id:u2",
            ],
        ),
        (
            "who any user (performed \"E\") include anonymous",
            [
                "group_id:g1 group_id:g3",
                "anonymous_id:v1 anonymous_id:v2 user_id:u1 user_id:u2",
                "anonymous_id:v2 user_id:u1",
                "anonymous_id:v1 user_id:u2",
            ],
        ),
        ("who all users (performed \"E\")", ["group_id:g3", "", "", ""]),
        (
            "who no user (performed \"E\")",
            ["group_id:g2", "user_id:u2", "", "user_id:u2"],
        ),
        // A user of two member accounts is delivered once.
        (
            "",
            [
                "group_id:g1 group_id:g2 group_id:g3",
                "user_id:u1 user_id:u2",
                "user_id:u1",
                "user_id:u2",
            ],
        ),
        // The clauses restrict which users are delivered, never which accounts match; who is left out is in neither list.
        (
            "who no user (trait nothing exists) consent to A",
            ["group_id:g1 group_id:g2 group_id:g3", "user_id:u1", "user_id:u1", ""],
        ),
        (
            "consent to A include anonymous",
            [
                "group_id:g1 group_id:g2 group_id:g3",
                "anonymous_id:v2 user_id:u1",
                "anonymous_id:v2 user_id:u1",
                "",
            ],
        ),
    ] {
        let found = run(
            &format!("audience a of accounts {{ {body} send to crm, ads }}"),
            &events,
        );
        assert_eq!(found, expected, "{body}");
    }
    // In an audience of users: any account of the user.
    let pros = "audience g of accounts { who any user (performed \"E\") }";
    let found = run(
        &format!("{pros} audience a {{ who member of g send to crm, ads }}"),
        &events,
    );
    assert_eq!(found[0], "user_id:u1 user_id:u2");
    let found = run(
        &format!("{pros} audience a {{ who not member of g send to crm, ads }}"),
        &events,
    );
    assert_eq!(found[0], "user_id:u3");
}
