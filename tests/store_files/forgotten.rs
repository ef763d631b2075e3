//! Below the API, the files of a store have nothing of a person who was forgotten: no id, no trait value, and no hash of one
//! that anybody could make without the key.

use sha2::{Digest, Sha256};

use super::*;

const USER: &str = "user-gertrude";
const DEVICE: &str = "device-0a1b2c3d";
const EMAIL: &str = "Gertrude.Müller@example.com";
const SECOND_EMAIL: &str = "gm-private@example.org";

/// What the person said, or was said of them; and one event of somebody else that carries their email.
fn lines() -> Vec<String> {
    let grant = json!({"consent": {"categoryPreferences": {"Advertising": true, "Analytics": false}}});
    let events = [
        json!({"type": "identify", "userId": USER, "anonymousId": DEVICE, "messageId": "msg-identify", "timestamp": "2026-06-01T00:00:00Z",
            "traits": {"email": EMAIL, "lastName": "Mü\"ller", "city": "Oostduinkerke", "age": 58.25, "nested": {"pet": "Minoes"}}}),
        json!({"type": "track", "event": "Order Completed", "userId": USER, "messageId": "msg-order", "timestamp": "2026-06-02T00:00:00Z",
            "properties": {"revenue": 120.75, "note": "leave at the greengrocer"}}),
        // Takes the place of the next one, which has the same id.
        json!({"type": "track", "event": "Order Completed", "userId": USER, "messageId": "msg-twice", "timestamp": "2026-06-05T00:00:00Z",
            "properties": {"coupon": "LATERBODY"}}),
        json!({"type": "track", "event": "Order Completed", "userId": USER, "messageId": "msg-twice", "timestamp": "2026-06-03T00:00:00Z",
            "properties": {"coupon": "EARLIERBODY"}}),
        json!({"type": "group", "userId": USER, "groupId": "company-gm", "messageId": "msg-group", "timestamp": "2026-06-04T00:00:00Z",
            "traits": {"motto": "Gertrude bakes best"}}),
        json!({"type": "alias", "userId": USER, "previousId": "previous-gertrude", "messageId": "msg-alias", "timestamp": "2026-06-04T01:00:00Z"}),
        json!({"type": "track", "event": "Segment Consent Preference Updated", "anonymousId": DEVICE, "messageId": "msg-consent",
            "timestamp": "2026-06-04T02:00:00Z", "context": grant}),
        json!({"type": "page", "name": "Wheelchairs", "anonymousId": DEVICE, "timestamp": "2026-06-04T03:00:00Z",
            "properties": {"path": "/wheelchairs"}}),
        // Dated ahead.
        json!({"type": "track", "event": "Appointment Booked", "userId": USER, "messageId": "msg-ahead", "timestamp": "2027-03-01T00:00:00Z",
            "properties": {"with": "Dr. Vandenberghe"}}),
        json!({"type": "identify", "userId": USER, "messageId": "msg-second-email", "timestamp": "2026-06-06T00:00:00Z",
            "traits": {"email": SECOND_EMAIL}}),
        // Its device is that of somebody else, and is dropped from it.
        json!({"type": "track", "event": "Coffee Bought", "userId": "user-otto", "anonymousId": "device-otto", "messageId": "msg-otto-1",
            "timestamp": "2026-06-01T00:00:00Z"}),
        json!({"type": "track", "event": "Tea Bought", "userId": USER, "anonymousId": "device-otto", "messageId": "msg-at-ottos",
            "timestamp": "2026-06-07T00:00:00Z"}),
        // Somebody else with the person's emails, in every place and spelling.
        json!({"type": "identify", "userId": "user-otto", "messageId": "msg-otto-2", "timestamp": "2026-06-08T00:00:00Z",
            "traits": {"email": EMAIL.to_uppercase(), "nickname": "Otto the other"},
            "context": {"traits": {"email": EMAIL}, "externalIds":
                [{"type": "email", "id": SECOND_EMAIL, "collection": "users", "encoding": "none"}]}}),
        json!({"type": "track", "event": "Cake Bought", "userId": "user-otto", "messageId": "msg-otto-3", "timestamp": "2026-06-09T00:00:00Z",
            "properties": {"for": [EMAIL, "someone"]}, "context": {"traits": {"email": format!(" {EMAIL} ")}}}),
    ];
    events.iter().map(Json::to_string).collect()
}

/// What the person is known by, and what else only they have said.
fn secrets() -> Vec<String> {
    let ids = [
        USER,
        DEVICE,
        EMAIL,
        SECOND_EMAIL,
        "msg-identify",
        "msg-order",
        "msg-twice",
        "msg-group",
        "msg-alias",
        "msg-consent",
        "msg-ahead",
        "msg-second-email",
        "msg-at-ottos",
    ];
    let others = [
        "Mü\"ller",
        "Oostduinkerke",
        "58.25",
        "Minoes",
        "120.75",
        "greengrocer",
        "LATERBODY",
        "EARLIERBODY",
        "company-gm",
        "Gertrude bakes",
        "previous-gertrude",
        "Wheelchairs",
        "wheelchairs",
        "Appointment",
        "Vandenberghe",
        "Tea Bought",
    ];
    ids.iter().chain(&others).map(|secret| (*secret).to_owned()).collect()
}

/// A text in every way in which it could be written or hashed without a key.
fn forms(secret: &str) -> Vec<(String, Vec<u8>)> {
    let mut plain: Vec<String> = vec![secret.to_owned(), secret.to_lowercase(), secret.to_uppercase()];
    let escaped = |text: &String| json!(text).to_string().trim_matches('"').to_owned();
    let ascii = |text: &String| -> String {
        let units = text.encode_utf16();
        units
            .map(|unit| {
                if unit < 128 {
                    char::from(unit as u8).to_string()
                } else {
                    format!("\\u{unit:04x}")
                }
            })
            .collect()
    };
    plain.extend(plain.clone().iter().flat_map(|text| [escaped(text), ascii(text)]));
    plain.sort();
    plain.dedup();
    let mut forms: Vec<(String, Vec<u8>)> = Vec::new();
    for text in &plain {
        forms.push((format!("`{text}`"), text.clone().into_bytes()));
        let kinds = [
            "user_id",
            "email",
            "anonymous_id",
            "message",
            "message_id",
            "identifier",
        ];
        let tagged = kinds
            .iter()
            .flat_map(|kind| [format!("{kind}:{text}"), format!("{kind}{text}")]);
        for hashed in tagged.chain([text.clone()]) {
            let hash = Sha256::digest(hashed.as_bytes());
            let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            forms.push((format!("the SHA-256 of `{hashed}`"), hash.to_vec()));
            // As the store keeps keyed ones: the first half.
            forms.push((format!("half the SHA-256 of `{hashed}`"), hash[..16].to_vec()));
            forms.push((
                format!("the hexadecimal SHA-256 of `{hashed}`"),
                hex.as_bytes()[..32].to_vec(),
            ));
            // Its four bytes by themselves could be anywhere by chance.
            let checksum = crc32fast::hash(hashed.as_bytes());
            forms.push((
                format!("the hexadecimal checksum of `{hashed}`"),
                format!("{checksum:08x}").into_bytes(),
            ));
        }
    }
    forms
}

/// The traces of some secrets in all bytes of a folder, and in the records as they are decoded.
fn traces(store: &Path, secrets: &[String]) -> Vec<(String, String)> {
    let mut places = files(store);
    let mut number = 0;
    let directory = Directory::open_read_only(store).unwrap();
    let scanned = directory.scan(&mut |entry| {
        number += 1;
        places.insert(format!("record {number}"), entry.payload.to_vec());
        Ok(())
    });
    scanned.unwrap();
    let mut traces = Vec::new();
    for secret in secrets {
        for (what, bytes) in forms(secret) {
            let found = places.iter().filter(|(_, place)| holds(place, &bytes));
            traces.extend(found.map(|(place, _)| (secret.clone(), format!("{what} in {place}"))));
        }
    }
    traces
}

#[test]
fn nothing_of_a_person_who_was_forgotten_is_in_the_files() {
    let scratch = Scratch::new("forgotten");
    let store = scratch.path("store");
    let mut all = events(40, 31);
    all.splice(20..20, lines());
    // In several runs, so that one event takes the place of another that is stored.
    for part in all.chunks(23) {
        ingest(&scratch, &store, part);
    }
    let all_secrets = secrets();
    let before = traces(&store, &all_secrets);
    for secret in &all_secrets {
        let found = before.iter().any(|(found, _)| found == secret);
        assert!(found, "{secret} is not found where it is");
    }
    let others = read(&store).unwrap();
    let otto = others.find("user_id", "user-otto").unwrap();

    let space = scratch.path("space.audience");
    let arguments = [
        "forget",
        text(&space),
        "--store",
        text(&store),
        "--profile",
        &format!("email:{EMAIL}"),
        "--now",
        NOW,
        "--format",
        "json",
    ];
    let (code, out, err) = done(&arguments);
    assert_eq!(code, 0, "{err}");
    assert_eq!(
        serde_json::from_str::<Json>(&out).unwrap(),
        json!({"forgotten": {"events": 10}})
    );
    assert_eq!(traces(&store, &all_secrets), []);
    let audit = String::from_utf8(files(&store)["audit.jsonl"].clone()).unwrap();
    let line: Json = serde_json::from_str(audit.trim()).unwrap();
    assert_eq!(line, json!({"time": NOW, "action": "forgotten", "events": 10}));

    // Nobody has anything of it; the others have what they had, but for what was the person's.
    let after = read(&store).unwrap();
    for (kind, id) in [
        ("user_id", USER),
        ("anonymous_id", DEVICE),
        ("email", EMAIL),
        ("email", SECOND_EMAIL),
    ] {
        assert!(after.find(kind, id).is_none(), "{kind}:{id}");
    }
    assert_eq!(after.profiles().users().len(), others.profiles().users().len() - 1);
    let found = after.find("user_id", "user-otto").unwrap();
    assert_eq!(json!(found.traits()), json!({"nickname": "Otto the other"}));
    assert_eq!(found.identifiers(), otto.identifiers());
    assert_eq!(found.consent(), otto.consent());

    // The same files again bring nothing of it back.
    let stored = files(&store)["events-00000001.log"].clone();
    for part in all.chunks(17) {
        ingest(&scratch, &store, part);
    }
    assert_eq!(files(&store)["events-00000001.log"], stored);
    assert_eq!(traces(&store, &all_secrets), []);
}
