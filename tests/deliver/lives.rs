//! The promise over generated lives: people who grant, refuse, come and go and change their identifiers, in workspaces that
//! change, with destinations that fail and ledgers that are read back.
//!
//! What may be sent is told here from the workspace and the person alone, without looking at how the ledger decides.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use volens::deliver::{Change, Ledger, Message, Moment, Person, Resync, Scrubbed, State, scrub};
use volens::ir::AudienceSlot;
use volens::model::Identifiers;
use volens::{ConsentState, Engine, Profile};

use crate::desk::{engine, instant};

const CATEGORIES: [&str; 2] = ["A", "B"];
const DESTINATIONS: [&str; 3] = ["ads", "crm", "push"];
const AUDIENCES: [&str; 2] = ["buyers", "visitors"];
const IDENTIFIERS: [(&str, &str); 5] = [
    ("user_id", "u1"),
    ("user_id", "u2"),
    ("email", "a@acme.example"),
    ("anonymous_id", "anon"),
    ("ios.id", "device"),
];
const PEOPLE: usize = 2;

#[derive(Debug, Clone)]
struct Workspace {
    enforcement: bool,
    disabled: [bool; 2],
    /// By destination: whether it is declared, what it requires, whether removals are sent, and the form.
    destinations: [(bool, [bool; 2], bool, bool); 3],
    /// By audience: whether it is declared, whether it includes anonymous ids, and where it is sent.
    audiences: [(bool, bool, [bool; 3]); 2],
}

impl Workspace {
    fn engine(&self) -> Engine {
        let mut text = String::new();
        for (id, disabled) in CATEGORIES.iter().zip(self.disabled) {
            text += &format!("category {id}{}\n", if disabled { " disabled" } else { "" });
        }
        if !self.enforcement {
            text += "consent enforcement off\n";
        }
        for (name, (declared, requires, once, track)) in DESTINATIONS.iter().zip(self.destinations) {
            let requires: Vec<&str> = listed(&CATEGORIES, &requires);
            let requires = if requires.is_empty() {
                "nothing".to_owned()
            } else {
                requires.join(", ")
            };
            let removal = if once { "once" } else { "never" };
            let message = if track { "track" } else { "identify" };
            if declared {
                text += &format!("destination {name} requires {requires} {{ removal {removal} message {message} }}\n");
            }
        }
        for (name, (declared, anonymous, sent_to)) in AUDIENCES.iter().zip(self.audiences) {
            let declared_ones = self.destinations.map(|(declared, ..)| declared);
            let sent_to = [0, 1, 2].map(|at| sent_to[at] && declared_ones[at]);
            let sent_to = listed(&DESTINATIONS, &sent_to);
            let send = if sent_to.is_empty() {
                String::new()
            } else {
                format!("send to {}", sent_to.join(", "))
            };
            let anonymous = if anonymous { "include anonymous" } else { "" };
            if declared {
                text += &format!("audience {name} {{ {anonymous} {send} }}\n");
            }
        }
        engine(&text)
    }

    /// Whether all that a destination requires now is granted; of nobody nothing is.
    fn lets(&self, destination: &str, consent: Option<&[ConsentState; 2]>) -> bool {
        let at = DESTINATIONS.iter().position(|name| *name == destination).unwrap();
        let (_, requires, ..) = self.destinations[at];
        let granted = |at: usize| consent.is_some_and(|consent| consent[at] == ConsentState::Granted);
        !self.enforcement || (0..2).all(|at| !requires[at] || self.disabled[at] || granted(at))
    }

    fn is_sent(&self, audience: &str, destination: &str, anonymous: bool) -> bool {
        let audience = AUDIENCES.iter().position(|name| *name == audience).unwrap();
        let destination = DESTINATIONS.iter().position(|name| *name == destination).unwrap();
        let (declared, include_anonymous, sent_to) = self.audiences[audience];
        declared && sent_to[destination] && self.destinations[destination].0 && (include_anonymous || !anonymous)
    }

    fn removes(&self, destination: &str) -> bool {
        let at = DESTINATIONS.iter().position(|name| *name == destination).unwrap();
        self.destinations[at].2
    }
}

fn listed<'n>(names: &[&'n str], wanted: &[bool]) -> Vec<&'n str> {
    let named = names.iter().zip(wanted).filter(|(_, wanted)| **wanted);
    named.map(|(name, _)| *name).collect()
}

#[derive(Debug, Clone)]
enum Deed {
    /// Somebody answers about a category.
    Answers(usize, usize, ConsentState),
    /// Somebody is in an audience, or not.
    Member(usize, usize, bool),
    /// An identifier comes to somebody, or to nobody.
    Moves(usize, Option<usize>),
    /// The workspace is another one.
    Changes(Box<Workspace>),
    /// Everybody is handed out; the destinations fail after so many messages.
    HandsOut(Option<usize>),
    /// The same as a resync of all, or of one audience.
    Resync(Option<usize>),
    /// What changed is written down.
    Writes,
    /// What was not written down is lost.
    Crashes,
}

fn workspace() -> impl Strategy<Value = Workspace> {
    let mostly = || prop::bool::weighted(0.8);
    let destination = (mostly(), any::<[bool; 2]>(), mostly(), any::<bool>());
    let audience = (mostly(), any::<bool>(), [mostly(), mostly(), mostly()]);
    let destinations = [destination; 3];
    let audiences = [audience; 2];
    (
        mostly(),
        [prop::bool::weighted(0.1), prop::bool::weighted(0.1)],
        destinations,
        audiences,
    )
        .prop_map(|(enforcement, disabled, destinations, audiences)| Workspace {
            enforcement,
            disabled,
            destinations,
            audiences,
        })
}

fn state() -> impl Strategy<Value = ConsentState> {
    prop_oneof![
        3 => Just(ConsentState::Granted),
        2 => select(ConsentState::ALL.to_vec()),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0..PEOPLE, 0..2usize, state()).prop_map(|(who, category, state)| Deed::Answers(who, category, state)),
        4 => (0..PEOPLE, 0..2usize, prop::bool::weighted(0.7)).prop_map(|(who, audience, is)| Deed::Member(who, audience, is)),
        2 => (0..IDENTIFIERS.len(), prop::option::weighted(0.8, 0..PEOPLE)).prop_map(|(id, who)| Deed::Moves(id, who)),
        2 => workspace().prop_map(|workspace| Deed::Changes(Box::new(workspace))),
        6 => prop::option::weighted(0.3, 0..4usize).prop_map(Deed::HandsOut),
        1 => prop::option::of(0..2usize).prop_map(Deed::Resync),
        2 => Just(Deed::Writes),
        1 => Just(Deed::Crashes),
    ]
}

/// An identifier, an audience and a destination.
type Key = (String, String, String);

struct World {
    workspace: Workspace,
    engine: Engine,
    consent: [[ConsentState; 2]; PEOPLE],
    member: [[bool; 2]; PEOPLE],
    /// Who has each identifier.
    owner: [Option<usize>; 5],
    ledger: Ledger,
    /// What was written down.
    records: Vec<Vec<u8>>,
    minute: i64,
    /// By key, the last that the destination was sent.
    last: BTreeMap<Key, Change>,
    ids: BTreeSet<String>,
    /// What the destination was sent when the last record was written.
    written: (BTreeMap<Key, Change>, i64),
}

impl World {
    fn new(workspace: Workspace) -> Self {
        World {
            engine: workspace.engine(),
            workspace,
            consent: [[ConsentState::NotCollected; 2]; PEOPLE],
            member: [[true; 2]; PEOPLE],
            owner: [Some(0), Some(1), Some(0), Some(0), Some(1)],
            ledger: Ledger::new(),
            records: Vec::new(),
            minute: 0,
            last: BTreeMap::new(),
            ids: BTreeSet::new(),
            written: (BTreeMap::new(), 0),
        }
    }

    fn profile(&self, who: usize) -> Profile {
        let mut profile = Profile::builder();
        for ((kind, value), owner) in IDENTIFIERS.iter().zip(self.owner) {
            if owner == Some(who) {
                profile = profile.identifier(kind, value);
            }
        }
        for (category, state) in CATEGORIES.iter().zip(self.consent[who]) {
            profile = profile.consent(category, state);
        }
        profile.build()
    }

    /// Hands everybody out, and what nobody has; whatever is not allowed fails. Gives what was sent, and whether the
    /// destinations failed.
    fn hand_out(
        &mut self,
        resync: Resync<'_>,
        fails_after: Option<usize>,
    ) -> Result<(Vec<Message>, bool), TestCaseError> {
        self.minute += 1;
        let moment = Moment {
            resync,
            ..Moment::at(instant(self.minute))
        };
        let mut sent = Vec::new();
        let mut sink = |message: &Message| {
            if Some(sent.len()) == fails_after {
                return Err(());
            }
            sent.push(message.clone());
            Ok(())
        };
        let program = self.engine.program();
        let mut failed = false;
        for who in 0..PEOPLE {
            let profile = self.profile(who);
            let member = self.member[who];
            let are_in = AUDIENCES.iter().zip(member).filter(|(_, is)| *is);
            let reached: Vec<AudienceSlot> = are_in.filter_map(|(name, _)| program.audience(name)).collect();
            let person = Person {
                profile: &profile,
                reached: &reached,
            };
            let identifiers: &Identifiers = profile.identifiers();
            failed |= self
                .ledger
                .hand_out(program, &moment, Some(person), identifiers.iter(), &mut sink)
                .is_err();
        }
        let nobodys = IDENTIFIERS.iter().zip(self.owner).filter(|(_, owner)| owner.is_none());
        let nobodys: Vec<(&str, &str)> = nobodys.map(|(id, _)| *id).collect();
        failed |= self
            .ledger
            .hand_out(program, &moment, None, nobodys, &mut sink)
            .is_err();
        for message in &sent {
            self.is_allowed(message)?;
        }
        Ok((sent, failed))
    }

    fn is_allowed(&mut self, message: &Message) -> Result<(), TestCaseError> {
        let (kind, value) = message.identifier();
        let at = IDENTIFIERS.iter().position(|id| *id == (kind, value)).unwrap();
        let owner = self.owner[at];
        let consent = owner.map(|who| &self.consent[who]);
        let (audience, destination) = (message.audience(), message.destination());
        let key = (format!("{kind}:{value}"), audience.to_owned(), destination.to_owned());
        let before = self.last.insert(key, message.change());
        let held = before == Some(Change::Entered);
        let lets = self.workspace.lets(destination, consent);
        let json: serde_json::Value = serde_json::from_str(&message.to_json()).unwrap();
        match message.change() {
            Change::Entered => {
                prop_assert!(lets, "entered without consent: {json}");
                let audience_at = AUDIENCES.iter().position(|name| *name == audience).unwrap();
                prop_assert!(
                    owner.is_some_and(|who| self.member[who][audience_at]),
                    "no member: {json}"
                );
                prop_assert!(
                    self.workspace.is_sent(audience, destination, kind == "anonymous_id"),
                    "{json}"
                );
            }
            Change::Exited => {
                prop_assert!(lets, "exited without consent: {json}");
                prop_assert!(held, "left where it was not held: {json}");
            }
            Change::Removed => {
                prop_assert!(!lets, "removed with consent: {json}");
                prop_assert!(held, "removed where it was not held: {json}");
                prop_assert!(
                    self.workspace.removes(destination),
                    "removed where that is never sent: {json}"
                );
                prop_assert!(json["context"].get("consent").is_none(), "{json}");
            }
        }
        prop_assert!(self.ids.insert(message.message_id().to_owned()), "one id twice: {json}");
        let of = if json["type"] == "track" {
            "properties"
        } else {
            "traits"
        };
        prop_assert_eq!(&json[of][audience], message.change() == Change::Entered);
        prop_assert_eq!(
            &json["integrations"],
            &serde_json::json!({"All": false, destination: true})
        );
        Ok(())
    }

    /// What must hold once everything was handed out, whatever was there before.
    fn is_settled(&self) -> Result<(), TestCaseError> {
        for (at, (kind, value)) in IDENTIFIERS.iter().enumerate() {
            for audience in AUDIENCES {
                for (d, destination) in DESTINATIONS.iter().enumerate() {
                    if !self.workspace.destinations[d].0 {
                        continue;
                    }
                    let owner = self.owner[at];
                    let lets = self.workspace.lets(destination, owner.map(|who| &self.consent[who]));
                    let audience_at = AUDIENCES.iter().position(|name| *name == audience).unwrap();
                    let reached = owner.is_some_and(|who| self.member[who][audience_at])
                        && self.workspace.is_sent(audience, destination, *kind == "anonymous_id");
                    let key = (
                        format!("{kind}:{value}"),
                        audience.to_owned(),
                        (*destination).to_owned(),
                    );
                    let held = self.last.get(&key) == Some(&Change::Entered);
                    if lets {
                        prop_assert_eq!(held, reached, "{:?}", key);
                    }
                    let told = self.ledger.holds(kind, value);
                    let mut told = told.filter(|(a, d, _)| *a == audience && d == destination);
                    let state = told.next().map(|(_, _, sent)| sent.state);
                    prop_assert_eq!(held, matches!(state, Some(State::In | State::Silent)), "{:?}", key);
                }
            }
        }
        Ok(())
    }

    /// What must have become of what was held without consent, and on what the rest is held.
    fn is_answered(&self, before: &Ledger) -> Result<(), TestCaseError> {
        for (at, (kind, value)) in IDENTIFIERS.iter().enumerate() {
            let consent = self.owner[at].map(|who| &self.consent[who]);
            for (audience, destination, after) in self.ledger.holds(kind, value) {
                let d = DESTINATIONS.iter().position(|name| *name == destination).unwrap();
                let (declared, requires, removes, _) = self.workspace.destinations[d];
                let mut earlier = before.holds(kind, value);
                let earlier = earlier.find(|(a, d, _)| (*a, *d) == (audience, destination));
                let Some((_, _, earlier)) = earlier.filter(|(_, _, earlier)| earlier.state == State::In) else {
                    continue;
                };
                if !declared {
                    prop_assert_eq!(after, earlier);
                    continue;
                }
                let required = |at: &usize| requires[*at] && !self.workspace.disabled[*at];
                let granted = |at: &usize| consent.is_some_and(|consent| consent[*at] == ConsentState::Granted);
                let named = |at: usize| CATEGORIES[at];
                if self.workspace.lets(destination, consent) {
                    if after.state == State::In {
                        // What was revoked of a category that is disabled is not forgotten.
                        let is_kept = |at: &usize| {
                            let kept = self.workspace.disabled[*at] && self.workspace.enforcement;
                            granted(at) || kept && earlier.basis.contains(&named(*at))
                        };
                        let basis: Vec<&str> = (0..2).filter(|at| requires[*at]).filter(is_kept).map(named).collect();
                        prop_assert_eq!(after.basis, basis);
                    }
                    continue;
                }
                let mut missing = (0..2).filter(required).filter(|at| !granted(at)).map(named);
                let revoked = match consent {
                    Some(_) => missing.any(|category| earlier.basis.contains(&category)),
                    None => !earlier.basis.is_empty(),
                };
                let state = match (revoked, removes) {
                    (false, _) => State::In,
                    (true, true) => State::Out,
                    (true, false) => State::Silent,
                };
                prop_assert_eq!(after.state, state, "{} {}", kind, destination);
            }
        }
        Ok(())
    }

    fn read_back(&self) -> Ledger {
        let mut ledger = Ledger::new();
        self.records.iter().for_each(|record| ledger.read(record).unwrap());
        ledger
    }

    fn writes(&mut self) -> Result<(), TestCaseError> {
        self.records.extend(self.ledger.changes());
        prop_assert_eq!(&self.read_back(), &self.ledger);
        self.written = (self.last.clone(), self.minute);
        Ok(())
    }

    fn does(&mut self, deed: &Deed) -> Result<(), TestCaseError> {
        match deed {
            Deed::Answers(who, category, state) => self.consent[*who][*category] = *state,
            Deed::Member(who, audience, is) => self.member[*who][*audience] = *is,
            Deed::Moves(id, who) => self.owner[*id] = *who,
            Deed::Changes(workspace) => {
                self.workspace = (**workspace).clone();
                self.engine = self.workspace.engine();
                self.ledger
                    .declare(self.engine.program(), instant(self.minute), &AUDIENCES)
                    .unwrap();
            }
            Deed::HandsOut(fails_after) => {
                let before = self.ledger.clone();
                let minute = self.minute;
                let (mut sent, failed) = self.hand_out(Resync::No, *fails_after)?;
                if failed {
                    // The same moment again: the rest and nothing else, as if nothing had failed.
                    self.minute = minute;
                    sent.extend(self.hand_out(Resync::No, None)?.0);
                }
                self.is_settled()?;
                self.is_answered(&before)?;
                let (ledger, last, ids) = (self.ledger.clone(), self.last.clone(), self.ids.clone());
                self.ledger = before;
                self.minute = minute;
                self.forget_what_was_sent(&sent);
                let (at_once, _) = self.hand_out(Resync::No, None)?;
                prop_assert!(same_messages(&sent, &at_once), "{:?}\n{:?}", sent, at_once);
                prop_assert_eq!(&self.ledger, &ledger);
                prop_assert_eq!(&self.ids, &ids);
                self.last = last;
                prop_assert!(
                    self.hand_out(Resync::No, None)?.0.is_empty(),
                    "all was handed out before"
                );
            }
            Deed::Resync(audience) => {
                let resync = audience.map_or(Resync::All, |at| Resync::Audience(AUDIENCES[at]));
                self.hand_out(resync, None)?;
                self.is_settled()?;
                self.is_clean(resync)?;
            }
            Deed::Writes => self.writes()?,
            Deed::Crashes => {
                // The messages since then went out, and may go out again, under an id of their own minute.
                self.ledger = self.read_back();
                self.last = self.written.0.clone();
            }
        }
        Ok(())
    }

    /// Lets ids be given again that belong to these messages.
    fn forget_what_was_sent(&mut self, sent: &[Message]) {
        for message in sent {
            self.ids.remove(message.message_id());
        }
        self.last.clear();
        let ledger = &self.ledger;
        for (kind, value) in IDENTIFIERS {
            for (audience, destination, told) in ledger.holds(kind, value) {
                let key = (format!("{kind}:{value}"), audience.to_owned(), destination.to_owned());
                let change = if told.state == State::Out {
                    Change::Exited
                } else {
                    Change::Entered
                };
                self.last.insert(key, change);
            }
        }
    }

    /// After a resync nobody is held without consent where removals are sent.
    fn is_clean(&self, resync: Resync<'_>) -> Result<(), TestCaseError> {
        for (at, (kind, value)) in IDENTIFIERS.iter().enumerate() {
            let consent = self.owner[at].map(|who| &self.consent[who]);
            for (audience, destination, sent) in self.ledger.holds(kind, value) {
                let concerned = match resync {
                    Resync::Audience(key) => key == audience,
                    _ => true,
                };
                let d = DESTINATIONS.iter().position(|name| *name == destination).unwrap();
                if concerned && self.workspace.destinations[d].0 && !self.workspace.lets(destination, consent) {
                    let clean = if self.workspace.removes(destination) {
                        State::Out
                    } else {
                        State::Silent
                    };
                    prop_assert!(
                        sent.state == clean || sent.state == State::Out,
                        "{} {}",
                        kind,
                        destination
                    );
                }
            }
        }
        Ok(())
    }
}

/// A failure lets people be handed out in another order, so the order is left aside.
fn same_messages(left: &[Message], right: &[Message]) -> bool {
    let sorted = |messages: &[Message]| {
        let mut json: Vec<String> = messages.iter().map(Message::to_json).collect();
        json.sort();
        json
    };
    sorted(left) == sorted(right)
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(400)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_sent_without_consent_but_one_removal(first in workspace(), deeds in vec(deed(), 1..40)) {
        let mut world = World::new(first);
        for deed in &deeds {
            world.does(deed)?;
        }
        world.writes()?;
    }

    #[test]
    fn who_is_forgotten_is_as_if_never_sent(
        first in workspace(),
        deeds in vec(deed(), 1..30),
        forgotten in vec(select(IDENTIFIERS.to_vec()), 1..4),
    ) {
        let mut world = World::new(first);
        for deed in &deeds {
            world.does(deed)?;
        }
        let is = |kind: &str, value: &str| forgotten.contains(&(kind, value));
        let mut unwritten = world.ledger.clone();
        unwritten.forget(is);
        let mut records = Vec::new();
        for record in &world.records {
            match scrub(record, is).unwrap() {
                Scrubbed::Same => records.push(record.clone()),
                Scrubbed::Changed(record) => records.push(record),
                Scrubbed::Empty => {}
            }
        }
        // What was not written down is written afterwards.
        records.extend(unwritten.changes());
        let mut read = Ledger::new();
        for record in &records {
            read.read(record).unwrap();
            for (_, value) in &forgotten {
                let quoted = format!("\"{value}\"");
                prop_assert!(!std::str::from_utf8(record).unwrap().contains(&quoted));
            }
        }
        prop_assert_eq!(&read, &unwritten);
        for (kind, value) in &forgotten {
            prop_assert!(read.holds(kind, value).next().is_none());
        }
    }
}
