//! Whatever comes, in whatever order: nothing is sent without consent but the one removal after a revocation, and what is due is
//! sent.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use proptest::prelude::*;
use serde_json::Value as Json;
use volens::deliver::{Change, Message};
use volens::ir::{Destination, Removal};
use volens::live::{Live, Options, Outlet};
use volens::model::Profile;
use volens::store::Memory;
use volens::{Engine, Timestamp};

use crate::choices::{Choices, choices};
use crate::{cases, events, make};

/// What a destination was sent last, by destination, audience and identifier.
type Sent = BTreeMap<(String, String, String), Change>;

/// Whether a profile granted all that a destination requires; written anew here, so that it is not what it holds to account.
pub(crate) fn grants(engine: &Engine, destination: &Destination, profile: Option<&Profile>) -> bool {
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

pub(crate) fn destination<'e>(engine: &'e Engine, name: &str) -> &'e Destination {
    let mut destinations = engine.program().destinations.iter();
    destinations.find(|destination| &*destination.name == name).unwrap()
}

/// Whether all that is stored was acted upon when messages are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    All,
    NotAll,
}

/// Whether destinations are told of members of an audience by such an identifier. (`phone` and the like are not made here.)
pub(crate) fn is_sent(engine: &Engine, audience: &str, kind: &str) -> bool {
    let mut audiences = engine.program().audiences.iter();
    let audience = audiences.find(|other| &*other.name == audience).unwrap();
    match kind {
        "anonymous_id" => audience.include_anonymous,
        kind => ["user_id", "email"].contains(&kind),
    }
}

struct Watched {
    engine: Engine,
    live: Option<Live<Memory>>,
    sent: Sent,
    ids: BTreeSet<String>,
    /// What is written down.
    recorded: (Sent, BTreeSet<String>),
    /// It was opened again, so events may be taken up, of instants that nobody can look at from outside.
    takes_up: bool,
}

/// Takes so many messages and no more.
struct Room {
    room: usize,
    taken: Vec<Message>,
}

impl Outlet for Room {
    fn message(&mut self, message: &Message) -> io::Result<()> {
        if self.taken.len() == self.room {
            return Err(io::Error::other("no room"));
        }
        self.taken.push(message.clone());
        Ok(())
    }
}

impl Watched {
    fn live(&mut self) -> &mut Live<Memory> {
        self.live.as_mut().unwrap()
    }

    /// Hands out, to an outlet that may fail.
    fn hand_out(&mut self, room: usize) -> Result<(), TestCaseError> {
        let mut outlet = Room {
            room,
            taken: Vec::new(),
        };
        let done = self.live().deliver(&mut outlet).is_ok();
        let known = if done { Known::All } else { Known::NotAll };
        self.see(&outlet.taken, (self.takes_up, known))?;
        // What was taken is known from then on, also where more was to be.
        self.recorded = (self.sent.clone(), self.ids.clone());
        if done {
            self.takes_up = false;
            self.complete()?;
        }
        Ok(())
    }

    /// It ends, somebody else stores events, and it is opened again: what was not written down is not known.
    fn open_again(&mut self, meanwhile: Vec<Json>) -> Result<(), TestCaseError> {
        let storage = self.live.take().unwrap().into_storage();
        let mut journal = self.engine.journal(storage).unwrap();
        let mut intake = journal.intake(Timestamp::MAX, Timestamp::MAX);
        for event in meanwhile {
            let _ = intake.event(event.into());
        }
        intake.commit().unwrap();
        let storage = journal.into_storage();
        self.live = Some(self.engine.live(storage, Options::new(Timestamp::MAX)).unwrap());
        (self.sent, self.ids) = self.recorded.clone();
        self.takes_up = true;
        Ok(())
    }

    fn forget(&mut self, kind: &str, value: &str) -> Result<(), TestCaseError> {
        let mut outlet = Room {
            room: usize::MAX,
            taken: Vec::new(),
        };
        let Some(profile) = self.live().find(kind, value) else {
            return Ok(());
        };
        let at = self.live().now();
        // By what was left when it was opened again, nobody may have the identifier any more.
        let forgotten = self.live().forget(kind, value, at, &mut outlet);
        self.see(&outlet.taken, (true, Known::NotAll))?;
        if forgotten.is_err() {
            self.recorded = (self.sent.clone(), self.ids.clone());
            return Ok(());
        }
        for (kind, value) in profile.identifiers().iter() {
            // What was taken up first may have given it to somebody else.
            if self.live().find(kind, value).is_none() {
                self.sent
                    .retain(|(.., identifier), _| *identifier != format!("{kind}:{value}"));
            }
        }
        // Nobody remembers how many messages there were, so one of the same instant may bear an id that there was.
        self.ids.clear();
        self.recorded = (self.sent.clone(), self.ids.clone());
        Ok(())
    }

    /// Holds messages to those before, and to what is known as of now, but for those that are of another instant or of somebody of
    /// whom nothing is known any more. What was stored before counts in any case, whenever its turn comes.
    fn see(&mut self, messages: &[Message], (of_another, known): (bool, Known)) -> Result<(), TestCaseError> {
        let is_lenient = known == Known::NotAll && of_another;
        for message in messages {
            let (kind, value) = message.identifier();
            let holder = self.live().find(kind, value);
            let now = self.live().now();
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
                    prop_assert!(!granted || of_another, "{message:?} removes one who agrees");
                    prop_assert_eq!(before, Some(Change::Entered), "{:?} removes what is not held", message);
                    prop_assert_eq!(to.removal, Removal::Once, "{:?}", message);
                    // It says who leaves what, and nothing else.
                    let json = message.to_json();
                    prop_assert!(!json.contains("categoryPreferences"), "{}", json);
                }
                Change::Exited => {
                    prop_assert!(granted || is_lenient, "{message:?} without consent");
                    prop_assert_eq!(before, Some(Change::Entered), "{:?} exits from nothing", message);
                }
                Change::Entered => prop_assert!(granted || is_lenient, "{message:?} without consent"),
            }
            prop_assert!(
                self.ids.insert(message.message_id().to_owned()),
                "an id twice: {message:?}"
            );
            prop_assert!(message.timestamp() == now || of_another);
        }
        Ok(())
    }

    /// Everybody whom a run delivers is held, and nobody is held who agrees and is not delivered.
    fn complete(&mut self) -> Result<(), TestCaseError> {
        let profiles = self.live().profiles();
        let now = self.live().now();
        let run = self.engine.run(&profiles, now).unwrap();
        for audience in &run.audiences {
            for to in &audience.destinations {
                for profile in profiles.users() {
                    let label = self.engine.label(profile);
                    let delivered = to.delivered.iter().any(|other| **other == *label);
                    let granted = grants(&self.engine, destination(&self.engine, &to.name), Some(profile));
                    for (kind, value) in profile.identifiers().iter() {
                        let name = (
                            to.name.to_string(),
                            audience.name.to_string(),
                            format!("{kind}:{value}"),
                        );
                        let held = self.sent.get(&name) == Some(&Change::Entered);
                        if delivered && is_sent(&self.engine, &audience.name, kind) {
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
    let live = engine.live(Memory::new(), Options::new(Timestamp::MAX)).unwrap();
    let mut watched = Watched {
        engine,
        live: Some(live),
        sent: Sent::new(),
        ids: BTreeSet::new(),
        recorded: Default::default(),
        takes_up: false,
    };
    for number in 0..6 + choices.below(30) {
        match choices.below(10) {
            0 | 1 => {
                let to = events::later(&mut choices, watched.live().now());
                // What was left when it was opened again may lie behind that.
                let _ = watched.live().advance(to);
            }
            2 => {
                let meanwhile = 0..choices.below(5);
                let meanwhile = meanwhile.map(|more| events::event(&mut choices, 100 * (number + 1) + more));
                let meanwhile = meanwhile.collect();
                watched.open_again(meanwhile)?;
            }
            3 if choices.once_in(3) => {
                let user = ["u1", "u2", "u3"][choices.below(3)];
                watched.forget("user_id", user)?;
            }
            _ => {
                let event = events::event(&mut choices, number);
                let _ = watched.live().apply(event.into(), Timestamp::MAX);
            }
        }
        // Several things may happen before anybody asks what is to be sent, and not all may be taken.
        match choices.below(6) {
            0 | 1 => {}
            2 => watched.hand_out(choices.below(4))?,
            _ => watched.hand_out(usize::MAX)?,
        }
    }
    watched.hand_out(usize::MAX)
}

proptest! {
    #![proptest_config(cases(200))]

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
