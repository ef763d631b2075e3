//! The messages that `docs/delivery.md` shows are those that are sent.

use volens::deliver::Message;
use volens::{ConsentState, Profile};

use crate::desk::Desk;

/// The blocks of a page that have this tag.
fn blocks(page: &str, tag: &str) -> Vec<String> {
    let begin = format!("```{tag}\n");
    let parts = page.split(&begin).skip(1);
    parts.map(|part| part.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_messages_of_the_guide_are_sent() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/delivery.md");
    let page = std::fs::read_to_string(path).unwrap();
    let text = blocks(&page, "audience").concat();
    let granted = Profile::builder()
        .user_id("u1")
        .email("ann@acme.example")
        .consent("Advertising", ConsentState::Granted)
        .build();
    let revoked = granted
        .to_builder()
        .consent("Advertising", ConsentState::Denied)
        .build();
    let mut left = Desk::new(&text);
    left.hand_out(&granted, &["big_spenders"]);
    left.hand_out(&granted, &[]);
    let mut removed = Desk::new(&text);
    removed.hand_out(&granted, &["big_spenders"]);
    removed.hand_out(&revoked, &["big_spenders"]);
    let sent: Vec<String> = left.sent.iter().chain(&removed.sent).map(Message::to_json).collect();
    let compact = |block: &String| -> String {
        // The order of the keys is that of the page.
        let mut text = String::new();
        let mut quoted = false;
        for c in block.chars() {
            quoted ^= c == '"';
            if quoted || !c.is_whitespace() {
                text.push(c);
            }
        }
        text
    };
    let shown: Vec<String> = blocks(&page, "json").iter().map(compact).collect();
    assert_eq!(shown.len(), 4);
    for message in shown {
        assert!(sent.contains(&message), "{message}\nis none of\n{}", sent.join("\n"));
    }
}
