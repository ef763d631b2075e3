//! What destinations hold by the messages that were put out, and what they should hold.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader};

use serde_json::Value as Json;
use volens::{Engine, Timestamp};

use crate::events::{Mix, Part};

/// Destination, audience, identifier.
pub(crate) type Name = (String, String, String);

/// What was put out so far.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) messages: u64,
    pub(crate) held: BTreeSet<Name>,
}

impl Told {
    /// Reads messages to their end.
    pub(crate) fn read(&mut self, from: impl io::Read) -> io::Result<()> {
        for line in BufReader::new(from).lines() {
            let message: Json = serde_json::from_str(&line?)?;
            let (name, is_entry) = named(&message).ok_or_else(|| io::Error::other(format!("no message: {message}")))?;
            self.messages += 1;
            if is_entry {
                self.held.insert(name);
            } else {
                self.held.remove(&name);
            }
        }
        Ok(())
    }
}

fn named(message: &Json) -> Option<(Name, bool)> {
    let text = |at: &str| message.pointer(at).and_then(Json::as_str);
    let audience = text("/context/personas/computation_key")?;
    let is_entry = ["properties", "traits"].map(|of| message.get(of)?.get(audience)?.as_bool());
    // A message is about the email where it has one.
    let email = text("/context/traits/email").or(text("/traits/email"));
    let identifier = match (email, text("/userId"), text("/anonymousId")) {
        (Some(email), ..) => format!("email:{email}"),
        (None, Some(user_id), _) => format!("user_id:{user_id}"),
        (None, None, anonymous_id) => format!("anonymous_id:{}", anonymous_id?),
    };
    let name = (text("/destination")?.to_owned(), audience.to_owned(), identifier);
    Some((name, is_entry.into_iter().flatten().next()?))
}

/// What a full evaluation of the same events delivers, as of `now`, part by part so that they need not all be in memory.
pub(crate) fn expected(engine: &Engine, mix: Mix, count: u64, now: Timestamp) -> Result<BTreeSet<Name>, volens::Error> {
    const PARTS: i64 = 4;
    let mut expected = BTreeSet::new();
    for part in 0..PARTS {
        let lines = BufReader::new(Part::of(mix, count, (part, PARTS)));
        let profiles = engine.ingest(lines, now)?.profiles;
        let run = engine.run(&profiles, now)?;
        let users: BTreeMap<String, _> = profiles.users().iter().map(|user| (engine.label(user), user)).collect();
        for (audience, declared) in run.audiences.iter().zip(&engine.program().audiences) {
            for to in &audience.destinations {
                for user in to.delivered.iter().filter_map(|label| users.get(&**label)) {
                    let is_told = |kind: &str| declared.include_anonymous || kind != "anonymous_id";
                    let identifiers = user.identifiers().iter().filter(|(kind, _)| is_told(kind));
                    expected.extend(identifiers.map(|(kind, value)| {
                        (
                            to.name.to_string(),
                            audience.name.to_string(),
                            format!("{kind}:{value}"),
                        )
                    }));
                }
            }
        }
    }
    Ok(expected)
}
