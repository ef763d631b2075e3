//! Each form of message, as a destination gets it.

use insta::assert_snapshot;
use volens::deliver::{Change, Message, Moment, Person, Resync};
use volens::ir::MessageForm;
use volens::{ConsentState, Engine, Profile};

use crate::desk::{Desk, engine, instant};

const BIG: &[&str] = &["big_spenders"];

/// A destination that takes one form, and an audience that is sent there. `C` is switched off, and told all the same.
fn shop(form: &str) -> String {
    format!(
        r#"
        category A
        category B
        category C disabled
        destination ads requires A {{ type "Google Ads" message {form} }}
        audience big_spenders {{ include anonymous send to ads }}
        "#
    )
}

/// Somebody with an identifier of each type.
fn everything() -> Profile {
    let mut profile = Profile::builder()
        .consent("A", ConsentState::Granted)
        .consent("B", ConsentState::Conflicted)
        .consent("C", ConsentState::Granted);
    for (kind, value) in [
        ("user_id", "u1"),
        ("user_id", "u0"),
        ("email", "ann@acme.example"),
        ("anonymous_id", "anon"),
        ("android.id", "a-id"),
        ("android.idfa", "a-idfa"),
        ("android.push_token", "a-token"),
        ("ios.id", "i-id"),
        ("ios.idfa", "i-idfa"),
        ("ios.push_token", "i-token"),
        ("ga_client_id", "1.2"),
    ] {
        profile = profile.identifier(kind, value);
    }
    profile.build()
}

fn shown(messages: &[Message]) -> String {
    let shown = messages
        .iter()
        .map(|message| serde_json::to_string_pretty(message).unwrap());
    shown.collect::<Vec<_>>().join("\n")
}

fn sent(text: &str, profile: &Profile) -> Vec<Message> {
    let mut desk = Desk::new(text);
    desk.hand_out(profile, BIG);
    desk.sent
}

#[test]
fn an_entry_of_each_type_of_identifier() {
    assert_snapshot!("track", shown(&sent(&shop("track"), &everything())));
    assert_snapshot!("identify", shown(&sent(&shop("identify"), &everything())));
}

#[test]
fn who_has_no_user_id_is_called_by_what_follows_from_the_identifier() {
    let ann = |email: &str| {
        let profile = Profile::builder().email(email).identifier("anonymous_id", "anon");
        sent(&shop("track"), &profile.consent("A", ConsentState::Granted).build())
    };
    let messages = ann("ann@acme.example");
    let [anonymous, email] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert_snapshot!("without_user_id", shown(std::slice::from_ref(email)));
    assert_eq!(anonymous.anonymous_id(), Some("anon"));
    let derived = |messages: &[Message]| messages[1].anonymous_id().unwrap().to_owned();
    assert_eq!(derived(&messages), derived(&ann("ann@acme.example")));
    assert_ne!(derived(&messages), derived(&ann("bob@acme.example")));
    assert!(!derived(&messages).contains("anon"));
}

#[test]
fn exits_and_removals_of_both_forms() {
    let mut lines = Vec::new();
    for form in ["track", "identify"] {
        let ann = Profile::builder().email("ann@acme.example").user_id("u1");
        let granted = ann.consent("A", ConsentState::Granted).build();
        let denied = granted.to_builder().consent("A", ConsentState::Denied).build();
        for (profile, audiences) in [(&granted, &[] as &[&str]), (&denied, BIG)] {
            let mut desk = Desk::new(&shop(form));
            desk.hand_out(&granted, BIG);
            desk.hand_out(profile, audiences);
            lines.push(shown(&desk.sent[2..]));
        }
    }
    assert_snapshot!("exits_and_removals", lines.join("\n"));
}

#[test]
fn whoever_leaves_is_called_as_the_destination_knows_them() {
    let mut desk = Desk::new(&shop("track"));
    let entered = Profile::builder()
        .email("ann@acme.example")
        .user_id("u1")
        .consent("A", ConsentState::Granted)
        .build();
    desk.hand_out(&entered, BIG);
    let later = Profile::builder()
        .email("ann@acme.example")
        .user_id("a0")
        .user_id("u1")
        .consent("A", ConsentState::Granted)
        .build();
    desk.sent.clear();
    desk.hand_out(&later, &[]);
    assert_eq!(desk.sent[0].change(), Change::Exited);
    assert_eq!(desk.sent[0].user_id(), Some("u1"));
}

#[test]
fn nobody_leaves_by_an_identifier_that_is_somebody_elses() {
    let mut desk = Desk::new(&shop("track"));
    let granted = |profile: volens::model::ProfileBuilder| profile.consent("A", ConsentState::Granted).build();
    desk.hand_out(
        &granted(Profile::builder().email("ann@acme.example").user_id("u1")),
        BIG,
    );
    // The address is another's now, and u1 stays.
    desk.sent.clear();
    desk.hand_out(
        &granted(Profile::builder().email("ann@acme.example").user_id("u2")),
        &[],
    );
    let exits: Vec<_> = desk
        .sent
        .iter()
        .map(|message| (message.user_id(), message.anonymous_id().is_some()))
        .collect();
    assert_eq!(exits, [(None, true)]);
}

#[test]
fn the_first_sync_is_one_message_for_each_member() {
    let mut desk = Desk::new(
        "destination crm requires nothing\naudience everybody { send to crm }\naudience some { send to crm }",
    );
    let people = ["u1", "u2", "u3"].map(|id| Profile::builder().user_id(id).build());
    let mut lines = Vec::new();
    for (at, profile) in people.iter().enumerate() {
        let audiences: &[&str] = if at == 1 {
            &["everybody", "some"]
        } else {
            &["everybody"]
        };
        lines.extend(desk.hand_out(profile, audiences));
    }
    assert_snapshot!("first_sync", lines.join("\n"));
}

#[test]
fn a_message_tells_what_it_is() {
    let messages = sent(&shop("track"), &everything());
    let email = messages
        .iter()
        .find(|message| message.identifier().0 == "email")
        .unwrap();
    assert_eq!(email.form(), MessageForm::Track);
    assert_eq!(email.change(), Change::Entered);
    assert_eq!(email.event(), Some("Audience Entered"));
    assert_eq!(email.identifier(), ("email", "ann@acme.example"));
    assert_eq!(email.audience(), "big_spenders");
    assert_eq!(email.destination(), "ads");
    assert_eq!(email.user_id(), Some("u0"));
    assert_eq!(email.anonymous_id(), None);
    assert_eq!(email.timestamp(), instant(1));
    let json: serde_json::Value = serde_json::from_str(&email.to_json()).unwrap();
    assert_eq!(json["messageId"], email.message_id());
    assert_eq!(email.to_json().lines().count(), 1);
}

#[test]
fn the_space_is_called_as_the_caller_says() {
    let engine: Engine = engine(&shop("track"));
    let profile = everything();
    let person = Person {
        profile: &profile,
        reached: &[volens::ir::AudienceSlot(0)],
    };
    let moment = Moment {
        space: "spa_shop",
        resync: Resync::No,
        ..Moment::at(instant(0))
    };
    let mut sent = Vec::new();
    let mut sink = |message: &Message| {
        sent.push(serde_json::to_value(message).unwrap());
        Ok::<(), ()>(())
    };
    let mut ledger = volens::deliver::Ledger::new();
    ledger
        .hand_out(engine.program(), &moment, Some(person), [("user_id", "u1")], &mut sink)
        .unwrap();
    assert_eq!(sent[0]["context"]["personas"]["space_id"], "spa_shop");
    assert_eq!(sent[0]["context"]["personas"]["namespace"], "spa_shop");
}

#[test]
fn keys_that_collide_or_are_odd_never_lose_the_answer() {
    let text = |form: &str, key: &str| {
        let key = serde_json::to_string(key).unwrap();
        format!(
            "destination \"All\" requires nothing {{ type \"All\" message {form} }}\naudience {key} {{ send to \"All\" }}"
        )
    };
    let odd = [
        "audience_key",
        "email",
        "All",
        "__proto__",
        "a.b",
        "q\"\\u0000\\n",
        "é 🦀",
    ];
    for key in odd {
        for form in ["track", "identify"] {
            let mut desk = Desk::new(&text(form, key));
            let ann = Profile::builder().email("ann@acme.example").build();
            desk.hand_out(&ann, &[key]);
            desk.hand_out(&ann, &[]);
            assert_eq!(desk.sent.len(), 2, "{key}");
            for (message, answer) in desk.sent.iter().zip([true, false]) {
                let json: serde_json::Value = serde_json::from_str(&message.to_json()).unwrap();
                let of = if form == "track" { "properties" } else { "traits" };
                assert_eq!(json[of][key], answer, "{json}");
                assert_eq!(json["context"]["personas"]["computation_key"], key);
                // Nobody else is to have it, whatever the destination is called.
                assert_eq!(json["integrations"]["All"], false);
                let email = if form == "identify" && key != "email" {
                    &json["traits"]["email"]
                } else {
                    &json["context"]["traits"]["email"]
                };
                assert_eq!(email, "ann@acme.example", "{json}");
            }
        }
    }
}
