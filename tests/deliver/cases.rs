//! Each case of what is sent, and of what is not.

use volens::deliver::{Ledger, Message, Moment, Person, Resync};
use volens::{ConsentState, Profile};

use crate::desk::{Desk, SHOP, instant, line, person};

const BUYERS: &[&str] = &["buyers"];
const NONE: [&str; 0] = [];

/// A workspace in which `ads` requires A, and goes on.
fn ads(settings: &str, rest: &str) -> String {
    format!("category A\ndestination ads requires A {{ {settings} }}\naudience buyers {{ send to ads }}\n{rest}")
}

#[test]
fn a_member_is_sent_where_consent_lets_it_and_once() {
    let mut desk = Desk::new(SHOP);
    let granted_a = person(&["A"], &["B"]);
    assert_eq!(
        desk.hand_out(&granted_a, BUYERS),
        ["entered buyers ads user_id:u1", "entered buyers crm user_id:u1"]
    );
    assert_eq!(desk.hand_out(&granted_a, BUYERS), NONE);
    assert_eq!(
        desk.holds("user_id", "u1"),
        ["buyers ads In [A] 1", "buyers crm In [] 1"]
    );
}

#[test]
fn who_was_never_a_member_is_not_spoken_of() {
    let mut desk = Desk::new(SHOP);
    assert_eq!(desk.hand_out(&person(&["A", "B"], &[]), &[]), NONE);
    assert!(desk.ledger.is_empty());
    assert!(desk.ledger.identifiers().next().is_none());
}

#[test]
fn a_grant_while_a_member_sends_the_entry() {
    let mut desk = Desk::new(SHOP);
    desk.hand_out(&person(&["A"], &[]), BUYERS);
    assert_eq!(
        desk.hand_out(&person(&["A", "B"], &[]), BUYERS),
        ["entered buyers both user_id:u1"]
    );
}

#[test]
fn every_state_but_granted_is_a_no() {
    for state in [
        ConsentState::Denied,
        ConsentState::Conflicted,
        ConsentState::NotCollected,
    ] {
        let mut desk = Desk::new(&ads("", ""));
        let before = Profile::builder()
            .user_id("u1")
            .consent("A", ConsentState::Granted)
            .build();
        let after = before.to_builder().consent("A", state).build();
        assert_eq!(desk.hand_out(&after, BUYERS), NONE, "{state}");
        desk.hand_out(&before, BUYERS);
        assert_eq!(
            desk.hand_out(&after, BUYERS),
            ["removed buyers ads user_id:u1"],
            "{state}"
        );
    }
}

#[test]
fn who_leaves_is_sent_as_an_exit_once_and_may_come_again() {
    let mut desk = Desk::new(&ads("", ""));
    let ann = person(&["A"], &[]);
    desk.hand_out(&ann, BUYERS);
    assert_eq!(desk.hand_out(&ann, &[]), ["exited buyers ads user_id:u1"]);
    assert_eq!(desk.hand_out(&ann, &[]), NONE);
    assert_eq!(desk.holds("user_id", "u1"), ["buyers ads Out [] 2"]);
    assert!(desk.ledger.identifiers().next().is_none());
    assert_eq!(desk.hand_out(&ann, BUYERS), ["entered buyers ads user_id:u1"]);
}

#[test]
fn a_revocation_is_answered_with_one_removal_then_silence_and_a_later_grant_enters() {
    for audiences in [BUYERS, &[]] {
        let mut desk = Desk::new(SHOP);
        desk.hand_out(&person(&["A", "B"], &[]), BUYERS);
        let revoked = person(&["A"], &["B"]);
        let sent = desk.hand_out(&revoked, audiences);
        assert!(sent.contains(&"removed buyers both user_id:u1".to_owned()), "{sent:?}");
        assert_eq!(desk.hand_out(&revoked, audiences), NONE);
        assert_eq!(
            desk.hand_out(&revoked, &[]).len(),
            if audiences.is_empty() { 0 } else { 2 }
        );
        let again = desk.hand_out(&person(&["A", "B"], &[]), BUYERS);
        assert!(again.contains(&"entered buyers both user_id:u1".to_owned()));
    }
}

#[test]
fn where_removals_are_never_sent_a_revocation_is_silent() {
    let mut desk = Desk::new(&ads("removal never", ""));
    let (granted, revoked) = (person(&["A"], &[]), person(&[], &["A"]));
    desk.hand_out(&granted, BUYERS);
    assert_eq!(desk.hand_out(&revoked, BUYERS), NONE);
    assert_eq!(desk.holds("user_id", "u1"), ["buyers ads Silent [A] 1"]);
    assert_eq!(desk.hand_out(&revoked, &[]), NONE);
    assert_eq!(desk.hand_out_again(&revoked, BUYERS, Resync::All), NONE);
    // The destination holds it still: it is told as soon as it may be.
    assert_eq!(desk.ledger.identifiers().collect::<Vec<_>>(), [("user_id", "u1")]);
    let mut left = Desk::new(&ads("removal never", ""));
    left.ledger = desk.ledger.clone();
    assert_eq!(left.hand_out(&granted, &[]), ["exited buyers ads user_id:u1"]);
    assert_eq!(desk.hand_out(&granted, BUYERS), ["entered buyers ads user_id:u1"]);
}

#[test]
fn what_silence_left_behind_is_taken_out_by_a_resync_once_removals_may_be_sent() {
    let mut desk = Desk::new(&ads("removal never", ""));
    desk.hand_out(&person(&["A"], &[]), BUYERS);
    let revoked = person(&[], &["A"]);
    desk.hand_out(&revoked, BUYERS);
    desk.workspace(&ads("", "")).unwrap();
    assert_eq!(desk.hand_out(&revoked, BUYERS), NONE);
    assert_eq!(
        desk.hand_out_again(&revoked, BUYERS, Resync::All),
        ["removed buyers ads user_id:u1"]
    );
    assert_eq!(desk.hand_out_again(&revoked, BUYERS, Resync::All), NONE);
}

#[test]
fn who_was_delivered_before_enforcement_stays_until_a_resync_the_exit_included() {
    let off = ads("", "consent enforcement off");
    for audiences in [BUYERS, &[]] {
        let mut desk = Desk::new(&off);
        let nothing_said = person(&[], &[]);
        assert_eq!(desk.hand_out(&nothing_said, BUYERS), ["entered buyers ads user_id:u1"]);
        assert_eq!(desk.holds("user_id", "u1"), ["buyers ads In [] 1"]);
        desk.workspace(&ads("", "")).unwrap();
        let denied = person(&[], &["A"]);
        assert_eq!(desk.hand_out(&denied, audiences), NONE);
        assert_eq!(desk.holds("user_id", "u1"), ["buyers ads In [] 1"]);
        assert_eq!(
            desk.hand_out_again(&denied, audiences, Resync::All),
            ["removed buyers ads user_id:u1"]
        );
        assert_eq!(desk.hand_out_again(&denied, audiences, Resync::All), NONE);
    }
}

#[test]
fn with_enforcement_off_a_revocation_is_silently_noted() {
    let off = ads("", "consent enforcement off");
    let mut desk = Desk::new(&off);
    desk.hand_out(&person(&["A"], &[]), BUYERS);
    assert_eq!(desk.holds("user_id", "u1"), ["buyers ads In [A] 1"]);
    let revoked = person(&[], &["A"]);
    assert_eq!(desk.hand_out(&revoked, BUYERS), NONE);
    assert_eq!(desk.holds("user_id", "u1"), ["buyers ads In [] 1"]);
    desk.workspace(&ads("", "")).unwrap();
    assert_eq!(desk.hand_out(&revoked, BUYERS), NONE);
}

#[test]
fn a_requirement_that_is_added_later_is_no_revocation_until_it_was_granted_and_withdrawn() {
    let with = |requires: &str| {
        format!("category A\ncategory B\ndestination ads requires {requires}\naudience buyers {{ send to ads }}")
    };
    let mut desk = Desk::new(&with("A"));
    let first = person(&["A"], &[]);
    desk.hand_out(&first, BUYERS);
    desk.workspace(&with("A, B")).unwrap();
    assert_eq!(desk.hand_out(&first, BUYERS), NONE);
    assert_eq!(desk.hand_out(&person(&["A", "B"], &[]), BUYERS), NONE);
    assert_eq!(desk.holds("user_id", "u1"), ["buyers ads In [A+B] 1"]);
    assert_eq!(
        desk.hand_out(&person(&["A"], &["B"]), BUYERS),
        ["removed buyers ads user_id:u1"]
    );
}

#[test]
fn a_change_of_the_basis_alone_is_written_down() {
    let mut desk = Desk::new(&ads("", "consent enforcement off"));
    desk.hand_out(&person(&[], &[]), BUYERS);
    desk.ledger.changes().unwrap();
    desk.hand_out(&person(&[], &[]), BUYERS);
    assert_eq!(desk.ledger.changes(), None);
    desk.hand_out(&person(&["A"], &[]), BUYERS);
    assert!(desk.ledger.changes().is_some());
}

#[test]
fn a_resync_sends_members_again_for_all_or_for_one_audience() {
    let text = "destination crm requires nothing\naudience a { send to crm }\naudience b { send to crm }";
    let mut desk = Desk::new(text);
    let ann = person(&[], &[]);
    let both: &[&str] = &["a", "b"];
    desk.hand_out(&ann, both);
    assert_eq!(
        desk.hand_out_again(&ann, both, Resync::Audience("b")),
        ["entered b crm user_id:u1"]
    );
    assert_eq!(desk.hand_out_again(&ann, both, Resync::All).len(), 2);
    assert_eq!(desk.holds("user_id", "u1"), ["a crm In [] 2", "b crm In [] 3"]);
    let ids: std::collections::BTreeSet<&str> = desk.sent.iter().map(Message::message_id).collect();
    assert_eq!(ids.len(), 5);
}

#[test]
fn an_audience_that_is_gone_or_is_sent_elsewhere_exits() {
    let text = |audiences: &str| {
        format!("category A\ndestination ads requires A\ndestination crm requires nothing\n{audiences}")
    };
    let mut before = Desk::new(&text("audience a { send to ads, crm } audience b { send to ads, crm }"));
    let ann = person(&["A"], &[]);
    before.hand_out(&ann, &["a", "b"]);

    for after in [
        text("audience b { send to crm }"),
        text("audience c {} audience b { send to crm }"),
    ] {
        let mut desk = Desk::new(SHOP);
        desk.ledger = before.ledger.clone();
        desk.workspace(&after).unwrap();
        // Declared audiences first, then the others.
        assert_eq!(
            desk.hand_out(&ann, &["b", "c"]),
            [
                "exited b ads user_id:u1",
                "exited a ads user_id:u1",
                "exited a crm user_id:u1"
            ]
        );
    }
    before.workspace(&text("audience b { send to crm }")).unwrap();
    assert_eq!(
        before.hand_out(&person(&[], &["A"]), &["b"]),
        [
            "removed b ads user_id:u1",
            "removed a ads user_id:u1",
            "exited a crm user_id:u1"
        ]
    );
}

#[test]
fn to_a_destination_that_is_gone_nothing_is_sent_and_nothing_is_lost() {
    let mut desk = Desk::new(SHOP);
    let ann = person(&["A"], &[]);
    desk.hand_out(&ann, BUYERS);
    desk.workspace("category A\ndestination other requires A\naudience buyers {}")
        .unwrap();
    assert_eq!(desk.hand_out(&person(&[], &["A"]), &[]), NONE);
    assert_eq!(desk.hand_out_again(&person(&[], &["A"]), &[], Resync::All), NONE);
    desk.workspace(SHOP).unwrap();
    assert_eq!(
        desk.hand_out(&person(&[], &["A"]), &[]),
        ["removed buyers ads user_id:u1", "exited buyers crm user_id:u1"]
    );
}

#[test]
fn an_identifier_that_nobody_has_any_more_leaves() {
    let mut desk = Desk::new(SHOP);
    desk.hand_out(&person(&["A", "B"], &[]), BUYERS);
    let nobodys = [("user_id", "u1")];
    assert_eq!(
        desk.hand_out_nobodys(&nobodys, Resync::No),
        [
            "removed buyers ads user_id:u1",
            "exited buyers crm user_id:u1",
            "removed buyers both user_id:u1"
        ]
    );
    assert_eq!(desk.hand_out_nobodys(&nobodys, Resync::All), NONE);
}

#[test]
fn so_does_one_that_the_person_does_not_have() {
    let mut desk = Desk::new(SHOP);
    desk.hand_out(&person(&["A", "B"], &[]), BUYERS);
    let other = Profile::builder()
        .user_id("u2")
        .consent("A", ConsentState::Granted)
        .consent("B", ConsentState::Granted)
        .build();
    let somebody = Person {
        profile: &other,
        reached: &[volens::ir::AudienceSlot(0)],
    };
    let sent = desk.hand_out_of(Some(somebody), &[("user_id", "u1")], Resync::No);
    assert_eq!(sent.len(), 3);
    assert!(!sent.iter().any(|line| line.starts_with("entered")), "{sent:?}");
}

#[test]
fn what_nobody_has_and_was_delivered_without_consent_stays_until_a_resync() {
    let mut desk = Desk::new(&ads("", "consent enforcement off"));
    desk.hand_out(&person(&[], &[]), BUYERS);
    let nobodys = [("user_id", "u1")];
    desk.workspace(&ads("", "")).unwrap();
    assert_eq!(desk.hand_out_nobodys(&nobodys, Resync::No), NONE);
    assert_eq!(
        desk.hand_out_nobodys(&nobodys, Resync::All),
        ["removed buyers ads user_id:u1"]
    );
    // Its requirements have changed, and what it was delivered on is known of nobody any more.
    let with = |requires: &str| {
        format!("category A\ncategory B\ndestination ads requires {requires}\naudience buyers {{ send to ads }}")
    };
    let mut desk = Desk::new(&with("A"));
    desk.hand_out(&person(&["A"], &[]), BUYERS);
    desk.workspace(&with("B")).unwrap();
    assert_eq!(
        desk.hand_out_nobodys(&nobodys, Resync::No),
        ["removed buyers ads user_id:u1"]
    );
}

#[test]
fn each_value_of_a_default_identifier_is_sent_and_no_other() {
    let mut desk = Desk::new("destination crm requires nothing\naudience buyers { send to crm }");
    let ann = Profile::builder()
        .user_id("u1")
        .email("a@acme.example")
        .email("b@acme.example")
        .identifier("anonymous_id", "anon")
        .identifier("phone", "555")
        .identifier("group_id", "acme")
        .identifier("ios.idfa", "idfa")
        .build();
    assert_eq!(
        desk.hand_out(&ann, BUYERS),
        [
            "entered buyers crm email:a@acme.example",
            "entered buyers crm email:b@acme.example",
            "entered buyers crm ios.idfa:idfa",
            "entered buyers crm user_id:u1",
        ]
    );
    // A new one is sent by itself (AO-10).
    let more = ann.to_builder().email("c@acme.example").build();
    assert_eq!(
        desk.hand_out(&more, BUYERS),
        ["entered buyers crm email:c@acme.example"]
    );
}

#[test]
fn anonymous_ids_are_sent_for_audiences_that_include_them() {
    let with = |clause: &str| {
        format!(
            "destination crm requires nothing\naudience open {{ include anonymous send to crm }}\naudience buyers {{ {clause} send to crm }}"
        )
    };
    let mut desk = Desk::new(&with("include anonymous"));
    let visitor = Profile::builder().identifier("anonymous_id", "anon").build();
    let both: &[&str] = &["open", "buyers"];
    assert_eq!(desk.hand_out(&visitor, both).len(), 2);
    desk.workspace(&with("")).unwrap();
    assert_eq!(desk.hand_out(&visitor, both), ["exited buyers crm anonymous_id:anon"]);
}

#[test]
fn a_merge_and_an_unmerge_send_only_what_differs() {
    let mut desk = Desk::new(SHOP);
    let granted = |profile: volens::model::ProfileBuilder| profile.consent("A", ConsentState::Granted).build();
    let (first, second) = (
        granted(Profile::builder().user_id("u1").email("a@acme.example")),
        granted(Profile::builder().user_id("u2")),
    );
    desk.hand_out(&first, BUYERS);
    let merged = granted(Profile::builder().user_id("u1").user_id("u2").email("a@acme.example"));
    assert_eq!(
        desk.hand_out(&merged, BUYERS),
        ["entered buyers ads user_id:u2", "entered buyers crm user_id:u2"]
    );
    // The second was in no audience alone.
    assert_eq!(
        desk.hand_out(&second, &[]),
        ["exited buyers ads user_id:u2", "exited buyers crm user_id:u2"]
    );
    assert_eq!(desk.hand_out(&first, BUYERS), NONE);
}

#[test]
fn a_sink_that_fails_loses_nothing_and_doubles_nothing() {
    let mut desk = Desk::new(SHOP);
    let ann = person(&["A", "B"], &[]).to_builder().email("a@acme.example").build();
    let whole = desk.hand_out(&ann, BUYERS);
    assert_eq!(whole.len(), 6);
    for fails_at in 0..whole.len() {
        let mut ledger = Ledger::new();
        let person = Person {
            profile: &ann,
            reached: &[volens::ir::AudienceSlot(0)],
        };
        let mut sent = Vec::new();
        let mut hand_out = |most: usize, sent: &mut Vec<String>| {
            let mut sink = |message: &Message| {
                if sent.len() == most {
                    return Err("full");
                }
                sent.push(line(message));
                Ok(())
            };
            ledger.hand_out(
                desk.engine.program(),
                &Moment::at(instant(1)),
                Some(person),
                ann.identifiers().iter(),
                &mut sink,
            )
        };
        assert_eq!(hand_out(fails_at, &mut sent), Err("full"));
        assert_eq!(sent.len(), fails_at);
        assert_eq!(hand_out(usize::MAX, &mut sent), Ok(whole.len() - fails_at));
        assert_eq!(sent, whole);
        assert_eq!(ledger.len(), desk.ledger.len());
    }
}

#[test]
fn the_same_moment_gives_the_same_bytes() {
    let ann = person(&["A", "B"], &[]);
    let json = || -> Vec<String> {
        let mut again = Desk::new(SHOP);
        again.hand_out(&ann, BUYERS);
        again.sent.iter().map(Message::to_json).collect()
    };
    assert_eq!(json(), json());
}
