//! A ledger with a workspace, and what it handed out.

use std::convert::Infallible;

use volens::deliver::{KeyReused, Ledger, Message, Moment, Notice, Person, Resync};
use volens::{ConsentState, Engine, Profile, Timestamp};

pub(crate) struct Desk {
    pub(crate) engine: Engine,
    pub(crate) ledger: Ledger,
    /// All that was handed out.
    pub(crate) sent: Vec<Message>,
    minute: i64,
}

pub(crate) fn instant(minute: i64) -> Timestamp {
    let start: Timestamp = "2026-06-30T10:00:00Z".parse().unwrap();
    Timestamp::from_millis(start.as_millis() + minute * 60_000)
}

/// Categories A and B; `ads` requires A, `crm` nothing, `both` A and B. The audience `buyers` goes everywhere.
pub(crate) const SHOP: &str = r#"
category A
category B
destination ads requires A
destination crm requires nothing
destination both requires A, B
audience buyers { send to ads, crm, both }
"#;

pub(crate) fn engine(text: &str) -> Engine {
    Engine::from_text("w.audience", text).unwrap_or_else(|error| panic!("{error}"))
}

/// `u1`, with these categories granted and these denied.
pub(crate) fn person(granted: &[&str], denied: &[&str]) -> Profile {
    let mut profile = Profile::builder().user_id("u1");
    for category in granted {
        profile = profile.consent(category, ConsentState::Granted);
    }
    for category in denied {
        profile = profile.consent(category, ConsentState::Denied);
    }
    profile.build()
}

impl Desk {
    pub(crate) fn new(text: &str) -> Self {
        let mut desk = Desk {
            engine: engine(text),
            ledger: Ledger::new(),
            sent: Vec::new(),
            minute: 0,
        };
        desk.workspace(text).unwrap();
        desk
    }

    /// Puts another workspace in the place of the one that there was.
    pub(crate) fn workspace(&mut self, text: &str) -> Result<Vec<Notice>, KeyReused> {
        self.engine = engine(text);
        self.ledger.declare(self.engine.program(), instant(self.minute), &[])
    }

    /// A minute later, hands out what is due about a person who is in these audiences; each message in a line.
    pub(crate) fn hand_out(&mut self, profile: &Profile, audiences: &[&str]) -> Vec<String> {
        self.hand_out_again(profile, audiences, Resync::No)
    }

    pub(crate) fn hand_out_again(&mut self, profile: &Profile, audiences: &[&str], resync: Resync<'_>) -> Vec<String> {
        let program = self.engine.program().clone();
        let reached = audiences.iter().filter_map(|name| program.audience(name));
        let reached: Vec<volens::ir::AudienceSlot> = reached.collect();
        let person = Person {
            profile,
            reached: &reached,
        };
        let identifiers: Vec<(&str, &str)> = profile.identifiers().iter().collect();
        self.hand_out_of(Some(person), &identifiers, resync)
    }

    /// A minute later, hands out what is due about identifiers that nobody has.
    pub(crate) fn hand_out_nobodys(&mut self, identifiers: &[(&str, &str)], resync: Resync<'_>) -> Vec<String> {
        self.hand_out_of(None, identifiers, resync)
    }

    pub(crate) fn hand_out_of(
        &mut self,
        person: Option<Person<'_>>,
        identifiers: &[(&str, &str)],
        resync: Resync<'_>,
    ) -> Vec<String> {
        self.minute += 1;
        let moment = Moment {
            resync,
            ..Moment::at(instant(self.minute))
        };
        let mut sent = Vec::new();
        let mut sink = |message: &Message| -> Result<(), Infallible> {
            sent.push(message.clone());
            Ok(())
        };
        let program = self.engine.program();
        let count = self
            .ledger
            .hand_out(program, &moment, person, identifiers.iter().copied(), &mut sink)
            .unwrap();
        assert_eq!(count, sent.len());
        let lines = sent.iter().map(line).collect();
        self.sent.extend(sent);
        lines
    }

    /// What the ledger says of an identifier, one destination in a line.
    pub(crate) fn holds(&self, kind: &str, value: &str) -> Vec<String> {
        let held = self.ledger.holds(kind, value);
        held.map(|(audience, destination, sent)| {
            let basis = sent.basis.join("+");
            format!("{audience} {destination} {:?} [{basis}] {}", sent.state, sent.times)
        })
        .collect()
    }
}

/// `entered buyers ads user_id:u1`.
pub(crate) fn line(message: &Message) -> String {
    let (kind, value) = message.identifier();
    format!(
        "{} {} {} {kind}:{value}",
        message.change(),
        message.audience(),
        message.destination()
    )
}
