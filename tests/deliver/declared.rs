//! Keys of audiences that are gone, destinations that are gone, and what is told of them.

use insta::assert_snapshot;
use volens::deliver::{Ledger, Notice, State};

use crate::desk::{Desk, engine, instant, person};

fn audiences(names: &[&str]) -> String {
    let audiences = names.iter().map(|name| format!("audience {name} {{ send to crm }}\n"));
    format!("destination crm requires nothing\n{}", audiences.collect::<String>())
}

#[test]
fn a_key_that_was_deleted_is_not_used_again_unless_it_is_said() {
    let mut ledger = Ledger::new();
    let mut declare = |minute, names: &[&str], reuse: &[&str]| {
        ledger.declare(engine(&audiences(names)).program(), instant(minute), reuse)
    };
    assert_eq!(declare(0, &["a", "b"], &[]), Ok(vec![]));
    assert_eq!(declare(1, &["b"], &[]), Ok(vec![]));
    // The instant is that of the first time.
    assert_eq!(declare(2, &["b"], &[]), Ok(vec![]));
    let refused = declare(3, &["a", "b", "c"], &["c"]).unwrap_err();
    assert_eq!((&*refused.audience, refused.since), ("a", instant(1)));
    assert_snapshot!("key_reused", refused.to_string());
    // Nothing has changed: `c` was never there.
    assert_eq!(declare(4, &["b"], &[]), Ok(vec![]));
    assert_eq!(declare(5, &["b", "c"], &[]), Ok(vec![]));
    assert_eq!(declare(6, &["a", "b", "c"], &["a"]), Ok(vec![]));
    // From then on it is a key like any other.
    assert_eq!(declare(7, &["a", "b", "c"], &[]), Ok(vec![]));
    assert_eq!(declare(8, &["b", "c"], &[]), Ok(vec![]));
    assert_eq!(declare(9, &["a"], &[]).unwrap_err().since, instant(8));
}

#[test]
fn retired_keys_survive_in_the_records() {
    let mut ledger = Ledger::new();
    ledger
        .declare(engine(&audiences(&["a"])).program(), instant(0), &[])
        .unwrap();
    let first = ledger.changes().unwrap();
    ledger
        .declare(engine(&audiences(&["a"])).program(), instant(1), &[])
        .unwrap();
    assert_eq!(ledger.changes(), None);
    ledger
        .declare(engine(&audiences(&["b"])).program(), instant(2), &[])
        .unwrap();
    let second = ledger.changes().unwrap();
    let mut again = Ledger::new();
    again.read(&first).unwrap();
    again.read(&second).unwrap();
    assert_eq!(again, ledger);
    let refused = again.declare(engine(&audiences(&["a"])).program(), instant(3), &[]);
    assert_eq!(refused.unwrap_err().since, instant(2));
}

#[test]
fn what_is_still_held_for_audiences_that_are_gone_is_told() {
    let mut desk = Desk::new(&audiences(&["a", "b"]));
    let ann = person(&[], &[]).to_builder().email("ann@acme.example").build();
    desk.hand_out(&ann, &["a", "b"]);
    let notices = desk.workspace(&audiences(&["b"])).unwrap();
    assert_eq!(notices.len(), 1);
    assert!(matches!(&notices[0], Notice::AudienceGone { audience, identifiers: 2 } if audience == "a"));
    assert_snapshot!("audience_gone", notices[0].to_string());
    desk.hand_out(&ann, &["b"]);
    assert_eq!(desk.workspace(&audiences(&["b"])).unwrap(), []);
    assert!(
        desk.ledger
            .holds("user_id", "u1")
            .any(|(audience, _, sent)| audience == "a" && sent.state == State::Out)
    );
}

#[test]
fn what_destinations_that_are_gone_still_hold_is_told() {
    let text = |destination: &str| format!("destination {destination}\naudience buyers {{}}");
    let mut desk = Desk::new(
        "destination ads requires nothing { type \"Google Ads\" }\naudience buyers { send to ads }\naudience more { send to ads }",
    );
    let ann = person(&[], &[]);
    desk.hand_out(&ann, &["buyers", "more"]);
    let told = |desk: &mut Desk, text: &str| -> Vec<String> {
        let notices = desk.workspace(text).unwrap();
        notices.iter().map(Notice::to_string).collect()
    };
    // The audience `more` is gone, too; but nothing can be sent of it.
    let renamed = told(&mut desk, &text("google requires nothing { type \"Google Ads\" }"));
    let gone = told(&mut desk, &text("other requires nothing"));
    assert_eq!((renamed.len(), gone.len()), (1, 1));
    assert_snapshot!("destination_gone", [renamed, gone].concat().join("\n"));
    let back = "destination ads requires nothing\naudience buyers {}";
    let notices = desk.workspace(back).unwrap();
    assert!(matches!(&notices[..], [Notice::AudienceGone { audience, identifiers: 1 }] if audience == "more"));
}
