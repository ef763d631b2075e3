//! Whatever comes, in whatever order: nothing is sent without consent but the one removal after a revocation, and what is due is
//! sent.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use volens::deliver::{Change, Message};
use volens::ir::{Destination, Removal};
use volens::live::{Live, Options};
use volens::model::Profile;
use volens::store::Memory;
use volens::{Engine, Timestamp};

use crate::choices::{Choices, choices};
use crate::{cases, events, make};

/// What a destination was sent last, by destination, audience and identifier.
type Sent = BTreeMap<(String, String, String), Change>;

/// Whether a profile granted all that a destination requires; written anew here, so that it is not what it holds to account.
fn grants(engine: &Engine, destination: &Destination, profile: Option<&Profile>) -> bool {
    let program = engine.program();
    let categories = destination
        .requires
        .iter()
        .map(|slot| &program.categories[slot.index()]);
    let mut required = categories.filter(|category| category.enabled);
    !program.enforcement
        || required.all(|category| {
            profile.is_some_and(|profile| profile.consent().state(&category.id) == volens::ConsentState::Granted)
        })
}

fn destination<'e>(engine: &'e Engine, name: &str) -> &'e Destination {
    let mut destinations = engine.program().destinations.iter();
    destinations.find(|destination| &*destination.name == name).unwrap()
}

struct Watched {
    engine: Engine,
    live: Live<Memory>,
    sent: Sent,
    ids: BTreeSet<String>,
}

impl Watched {
    fn hand_out(&mut self) -> Result<(), TestCaseError> {
        let mut messages: Vec<Message> = Vec::new();
        self.live.deliver(&mut messages).unwrap();
        for message in messages {
            let (kind, value) = message.identifier();
            let holder = self.live.find(kind, value);
            let to = destination(&self.engine, message.destination());
            let granted = grants(&self.engine, to, holder.as_deref());
            let name = (
                message.destination().to_owned(),
                message.audience().to_owned(),
                format!("{kind}:{value}"),
            );
            let before = self.sent.insert(name, message.change());
            match message.change() {
                Change::Removed => {
                    prop_assert!(!granted, "{message:?} removes one who agrees");
                    prop_assert_eq!(before, Some(Change::Entered), "{:?} removes what is not held", message);
                    prop_assert_eq!(to.removal, Removal::Once, "{:?}", message);
                    // It says who leaves what, and nothing else.
                    let json = message.to_json();
                    prop_assert!(!json.contains("categoryPreferences"), "{}", json);
                }
                Change::Exited => {
                    prop_assert!(granted, "{message:?} without consent");
                    prop_assert_eq!(before, Some(Change::Entered), "{:?} exits from nothing", message);
                }
                Change::Entered => prop_assert!(granted, "{message:?} without consent"),
            }
            prop_assert!(
                self.ids.insert(message.message_id().to_owned()),
                "an id twice: {message:?}"
            );
            prop_assert_eq!(message.timestamp(), self.live.now());
        }
        self.complete()
    }

    /// Everybody whom a run delivers is held, and nobody is held who agrees and is not delivered.
    fn complete(&self) -> Result<(), TestCaseError> {
        let profiles = self.live.profiles();
        let run = self.engine.run(&profiles, self.live.now()).unwrap();
        for audience in &run.audiences {
            let declared = self
                .engine
                .program()
                .audiences
                .iter()
                .find(|other| other.name == audience.name)
                .unwrap();
            for to in &audience.destinations {
                for profile in profiles.users() {
                    let label = self.engine.label(profile);
                    let delivered = to.delivered.iter().any(|other| **other == *label);
                    let granted = grants(&self.engine, destination(&self.engine, &to.name), Some(profile));
                    for (kind, value) in profile.identifiers().iter() {
                        let is_sent = match kind {
                            "anonymous_id" => declared.include_anonymous,
                            kind => ["user_id", "email"].contains(&kind),
                        };
                        let name = (
                            to.name.to_string(),
                            audience.name.to_string(),
                            format!("{kind}:{value}"),
                        );
                        let held = self.sent.get(&name) == Some(&Change::Entered);
                        if delivered && is_sent {
                            prop_assert!(held, "{name:?} is not sent");
                        }
                        if !delivered && granted {
                            prop_assert!(!held, "{name:?} has left");
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

fn go(text: &str, world: Vec<u16>) -> Result<(), TestCaseError> {
    let mut choices = Choices::new(world);
    let engine = Engine::from_text("made.audience", text).unwrap();
    let mut none: Vec<Message> = Vec::new();
    let live = engine
        .live(Memory::new(), Options::new(Timestamp::MAX), &mut none)
        .unwrap();
    let mut watched = Watched {
        engine,
        live,
        sent: Sent::new(),
        ids: BTreeSet::new(),
    };
    for number in 0..6 + choices.below(30) {
        if choices.once_in(5) {
            let to = events::later(&mut choices, watched.live.now());
            watched.live.advance(to).unwrap();
        } else {
            let _ = watched
                .live
                .apply(events::event(&mut choices, number).into(), Timestamp::MAX);
        }
        // Several things may happen before anybody asks what is to be sent.
        if !choices.once_in(3) {
            watched.hand_out()?;
        }
    }
    watched.hand_out()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn nothing_is_sent_without_consent_but_one_removal(workspace in choices(500), world in choices(1500)) {
        let text = make::workspace(&mut Choices::new(workspace));
        go(&text, world).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
    }

    #[test]
    fn with_removal_never_nothing_at_all_is(workspace in choices(500), world in choices(1500)) {
        let text = make::workspace(&mut Choices::new(workspace));
        let text = text
            .replace("requires A\n", "requires A { removal never }\n")
            .replace("requires C { type", "requires C { removal never type");
        go(&text, world).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
    }
}
