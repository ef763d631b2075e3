//! Records: read back, scrubbed, and refused.

use insta::assert_snapshot;
use volens::ConsentState;
use volens::deliver::{Ledger, RecordError, Resync, Scrubbed, scrub};

use crate::desk::{Desk, SHOP, instant, person};

const BUYERS: &[&str] = &["buyers"];

/// Somebody with two identifiers at three destinations, one of which is told no more.
fn desk() -> Desk {
    let mut desk = Desk::new(SHOP);
    let ann = person(&["A", "B"], &[]).to_builder().email("Ann@acme.example").build();
    desk.hand_out(&ann, BUYERS);
    desk.hand_out(&ann.to_builder().consent("B", ConsentState::Denied).build(), BUYERS);
    desk
}

fn text(record: &[u8]) -> &str {
    std::str::from_utf8(record).unwrap()
}

#[test]
fn a_record_is_one_line_of_json_and_says_each_entry_once() {
    let record = desk().ledger.changes().unwrap();
    assert_eq!(text(&record).lines().count(), 1);
    assert_snapshot!("record", text(&record));
    assert_eq!(desk().ledger.changes().unwrap(), record);
}

#[test]
fn what_was_given_is_not_given_again_and_only_what_changed_is() {
    let mut desk = desk();
    desk.ledger.changes().unwrap();
    assert_eq!(desk.ledger.changes(), None);
    let ann = person(&["A"], &["B"]).to_builder().email("ann@acme.example").build();
    desk.hand_out_of(None, &[("email", "ann@acme.example")], Resync::No);
    assert_snapshot!("record_of_changes", text(&desk.ledger.changes().unwrap()));
    desk.hand_out(&ann, BUYERS);
    assert!(desk.ledger.changes().is_some());
}

#[test]
fn the_records_in_their_order_give_the_same_ledger() {
    let mut desk = desk();
    let mut again = Ledger::new();
    assert_ne!(again, desk.ledger);
    again.read(&desk.ledger.changes().unwrap()).unwrap();
    assert_eq!(again, desk.ledger);
    desk.hand_out_of(None, &[("user_id", "u1")], Resync::No);
    assert_ne!(again, desk.ledger);
    again.read(&desk.ledger.changes().unwrap()).unwrap();
    assert_eq!(again, desk.ledger);
    assert_eq!(again.len(), desk.ledger.len());
    // What was read is written down already.
    assert_eq!(again.changes(), None);
}

#[test]
fn what_is_held_is_told() {
    let desk = desk();
    assert_eq!(
        desk.holds("email", " ANN@acme.example"),
        ["buyers ads In [A] 1", "buyers both Out [] 2", "buyers crm In [] 1"]
    );
    assert!(desk.holds("email", "nobody@acme.example").is_empty());
    assert!(desk.holds("phone", "555").is_empty());
    let (_, _, sent) = desk.ledger.holds("email", "ann@acme.example").next().unwrap();
    assert_eq!((sent.user_id, sent.at), (Some("u1"), instant(1)));
    let identifiers: Vec<_> = desk.ledger.identifiers().collect();
    assert_eq!(identifiers, [("user_id", "u1"), ("email", "ann@acme.example")]);
}

#[test]
fn what_is_no_record_is_refused_and_changes_nothing() {
    let mut desk = desk();
    let record = text(&desk.ledger.changes().unwrap()).to_owned();
    let before = desk.ledger.clone();
    let mut told = Vec::new();
    for bad in [
        "",
        "{}",
        "null",
        r#"{"format":2}"#,
        r#"{"format":2,"more":[]}"#,
        r#"{"format":1,"more":[]}"#,
        r#"{"format":1,"sent":[["phone","555",[]]]}"#,
        r#"{"format":1,"sent":[["email","a",[["k","d","gone",1,0,[],null]]]]}"#,
        r#"{"format":1,"sent":[["email","a",[["k","d","in",1,0,[5],null]]]]}"#,
        r#"{"format":1,"sent":[["email","a",[["k","d","in",-1,0,[],null]]]]}"#,
        r#"{"format":1,"sent":[["email","a",[["k","d","in",1,0,[]]]]]}"#,
        r#"{"format":1,"sent":[["email","a",[["k","d","in",1,0,[],null,5]]]]}"#,
        r#"{"format":1,"sent":[["email","b",[["k","d","in",1,0,[],null]]],["phone","555",[]]]}"#,
    ] {
        let error = desk.ledger.read(bad.as_bytes()).unwrap_err();
        assert_eq!(scrub(bad.as_bytes(), |_, _| false), Err(error.clone()), "{bad}");
        told.push(format!("{bad}\n    {error}"));
    }
    assert!(desk.ledger.read(&[0xff, 0xfe]).is_err());
    for end in 0..record.len() {
        assert!(desk.ledger.read(&record.as_bytes()[..end]).is_err(), "{end}");
    }
    assert_snapshot!("refused", told.join("\n"));
    assert_eq!(desk.ledger, before);
}

#[test]
fn who_is_forgotten_is_in_no_ledger_and_no_record() {
    let mut desk = desk();
    desk.hand_out(&volens::Profile::builder().user_id("u2").build(), BUYERS);
    let mut pending = desk.ledger.clone();
    let record = desk.ledger.changes().unwrap();
    let is_u1 = |kind: &str, value: &str| (kind, value) == ("user_id", "u1");

    let Scrubbed::Changed(left) = scrub(&record, is_u1).unwrap() else {
        panic!("the record says something of u1")
    };
    assert!(!text(&left).contains("u1"), "{}", text(&left));
    desk.ledger.forget(is_u1);
    assert_eq!(desk.ledger.changes(), None);
    let mut again = Ledger::new();
    again.read(&left).unwrap();
    assert_eq!(again, desk.ledger);
    assert!(desk.holds("user_id", "u1").is_empty());
    assert_eq!(desk.holds("user_id", "u2"), ["buyers crm In [] 1"]);
    // The email is somebody's: it stays, without the name that went along.
    assert_eq!(desk.holds("email", "ann@acme.example").len(), 3);
    assert!(
        desk.ledger
            .holds("email", "ann@acme.example")
            .all(|(_, _, sent)| sent.user_id.is_none())
    );
    // What was not yet written down never is.
    pending.forget(is_u1);
    assert_eq!(pending.changes().unwrap(), left);
}

#[test]
fn a_record_of_others_stays_as_it_is_and_one_of_nobody_else_goes() {
    let mut desk = desk();
    desk.ledger.changes().unwrap();
    desk.hand_out(&volens::Profile::builder().user_id("u2").build(), BUYERS);
    let record = desk.ledger.changes().unwrap();
    let is = |wanted: &'static str| move |_: &str, value: &str| value == wanted;
    assert_eq!(scrub(&record, is("u1")), Ok(Scrubbed::Same));
    assert_eq!(scrub(&record, is("u2")), Ok(Scrubbed::Empty));
    assert!(matches!(
        scrub(b"no record", is("u2")),
        Err(RecordError::Unknown { .. })
    ));
}
