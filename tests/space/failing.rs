//! A storage that fails: what was acknowledged is there once, and nothing is half done.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use volens::Engine;
use volens::space::{Journal, SpaceError};
use volens::store::{Batch, Change, Entry, Memory, Position, StoreError};

use super::generate::{LAST, event, minute, settings};
use super::*;

/// How a call fails.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Nothing was done.
    Nothing,
    /// It was done, and then nothing more is until it is opened again.
    Done,
    /// Of a rewriting, so many records were changed; anything else was not done.
    Part(usize),
}

/// A memory of which one call that writes fails.
#[derive(Debug)]
struct Failing {
    memory: Memory,
    /// How many calls come before it.
    before: Option<usize>,
    way: Way,
    failed: bool,
    broken: bool,
}

impl Failing {
    fn new(memory: Memory, before: Option<usize>, way: Way) -> Self {
        Failing {
            memory,
            before,
            way,
            failed: false,
            broken: false,
        }
    }

    /// Whether this call fails.
    fn fails(&mut self) -> Result<bool, StoreError> {
        if self.broken {
            return Err(StoreError::Poisoned { path: "memory".into() });
        }
        let fails = self.before == Some(0);
        self.before = self.before.and_then(|before| before.checked_sub(1));
        self.failed |= fails;
        self.broken = fails && matches!(self.way, Way::Done);
        Ok(fails)
    }

    fn error(&self) -> StoreError {
        let source = std::io::Error::other("it fails here");
        match self.way {
            Way::Done => StoreError::Unsure {
                path: "memory".into(),
                source,
            },
            Way::Nothing | Way::Part(_) => StoreError::Io {
                path: "memory".into(),
                doing: "write to",
                source,
            },
        }
    }
}

impl Storage for Failing {
    fn append(&mut self, batch: &Batch) -> Result<Vec<Position>, StoreError> {
        match (self.fails()?, self.way) {
            (false, _) => self.memory.append(batch),
            (true, Way::Done) => self.memory.append(batch).and(Err(self.error())),
            (true, _) => Err(self.error()),
        }
    }

    fn scan(&self, each: &mut dyn FnMut(Entry<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.memory.scan(each)
    }

    fn read(&self, position: Position, into: &mut Vec<u8>) -> Result<(u16, u8), StoreError> {
        self.memory.read(position, into)
    }

    fn rewrite(&mut self, change: &mut dyn FnMut(&Entry<'_>) -> Change) -> Result<(), StoreError> {
        let mut left = match (self.fails()?, self.way) {
            (false, _) => return self.memory.rewrite(change),
            (true, Way::Nothing) => 0,
            (true, Way::Done) => usize::MAX,
            (true, Way::Part(records)) => records,
        };
        self.memory.rewrite(&mut |entry| match left.checked_sub(1) {
            Some(fewer) => {
                left = fewer;
                change(entry)
            }
            None => Change::Keep,
        })?;
        Err(self.error())
    }

    fn note(&mut self, line: &str) -> Result<(), StoreError> {
        match (self.fails()?, self.way) {
            (false, _) => self.memory.note(line),
            (true, Way::Done) => self.memory.note(line).and(Err(self.error())),
            (true, _) => Err(self.error()),
        }
    }
}

/// Something that is done with a space.
#[derive(Clone, Debug)]
enum Act {
    Give(Vec<Json>),
    Forget(Index),
    Drop(u32),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        5 => vec(event(), 1..8).prop_map(Act::Give),
        2 => any::<Index>().prop_map(Act::Forget),
        1 => (0..=LAST).prop_map(Act::Drop),
    ];
    vec(act, 1..8)
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::Nothing), Just(Way::Done), (0..20usize).prop_map(Way::Part)]
}

fn run<S: Storage>(space: &mut Space<S>, act: &Act, now: Timestamp) -> Result<(), SpaceError> {
    match act {
        Act::Give(events) => {
            let mut intake = space.intake(now, now)?;
            for event in events {
                let _ = intake.event(event.clone().into());
            }
            intake.commit().map(drop)
        }
        Act::Forget(index) => {
            let profiles = space.profiles();
            if profiles.users().is_empty() {
                return Ok(());
            }
            let person = index.get(profiles.users());
            let (kind, value) = person.identifiers().iter().next().unwrap();
            space.forget(kind, value, now).map(drop)
        }
        Act::Drop(at) => {
            let engine = Engine::from_text("none.audience", "").unwrap();
            let length = volens::Duration::from_millis(now.as_millis() - minute(*at).as_millis());
            space.drop_history(engine.horizon(length, now).unwrap())
        }
    }
}

/// The records that are events.
fn stored(memory: &Memory) -> usize {
    let mut stored = 0;
    let scanned = memory.scan(&mut |entry| {
        stored += usize::from(entry.kind == 2);
        Ok(())
    });
    scanned.unwrap();
    stored
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(200), ..ProptestConfig::default() })]

    #[test]
    fn a_failure_at_any_call_leaves_everything_before_it_and_nothing_half(
        acts in acts(),
        settings in settings(),
        before in 0..24usize,
        way in way(),
        go_on in any::<bool>(),
    ) {
        let now = minute(LAST);
        let opened = Space::open(Failing::new(Memory::new(), Some(before), way), settings.clone(), now);
        let mut sound = Space::open(Memory::new(), settings.clone(), now).unwrap();
        let mut space = match opened {
            Ok(space) => space,
            // The founding record failed: what comes next founds it, if it was not done.
            Err(error) => {
                prop_assert!(before == 0 && matches!(error, SpaceError::Store(_)));
                return Ok(());
            }
        };
        for act in &acts {
            let was = dump(&sound.profiles());
            run(&mut sound, act, now).unwrap();
            let becomes = dump(&sound.profiles());
            let done = run(&mut space, act, now);
            if done.is_ok() {
                prop_assert_eq!(dump(&space.profiles()), becomes);
                continue;
            }
            // What can be seen now is what is there when it is opened again, unless nobody knows whether it is.
            let shown = dump(&space.profiles());
            if matches!(way, Way::Done) || !go_on {
                let memory = space.into_storage().memory;
                let again = Space::open(Failing::new(memory, None, Way::Nothing), settings.clone(), now).unwrap();
                let found = dump(&again.profiles());
                prop_assert!(found == was || found == becomes, "{found}\nis neither\n{was}\nnor\n{becomes}");
                if !matches!(way, Way::Done) {
                    prop_assert_eq!(&found, &shown);
                }
                // Nothing that is gone for readers is left for long.
                let mut journal = Journal::open(again.into_storage(), settings.identity.clone()).unwrap();
                if journal.finish_erasure().unwrap() {
                    prop_assert_eq!(stored(&journal.storage().memory), journal.len());
                }
                space = Space::open(journal.into_storage(), settings.clone(), now).unwrap();
                prop_assert_eq!(dump(&space.profiles()), found);
            } else {
                prop_assert!(shown == was || shown == becomes, "{shown}\nis neither\n{was}\nnor\n{becomes}");
            }
            // The same again, unless it was done: who was forgotten is nobody any more.
            if dump(&space.profiles()) != becomes || matches!(act, Act::Give(_) | Act::Drop(_)) {
                run(&mut space, act, now).unwrap();
            }
            prop_assert_eq!(dump(&space.profiles()), becomes);
        }
        let journal = space.journal().len();
        let mut again = Journal::open(space.into_storage(), settings.identity.clone()).unwrap();
        prop_assert_eq!(again.len(), journal);
        again.finish_erasure().unwrap();
        let again = Space::open(again.into_storage(), settings, now).unwrap();
        prop_assert_eq!(dump(&again.profiles()), dump(&sound.profiles()));
        prop_assert_eq!(again.journal().len(), sound.journal().len());
    }
}

/// Who goes on after an error that was told gets no receipt for what is not stored.
#[test]
fn a_receipt_counts_only_what_is_stored() {
    let now = minute(LAST);
    let event = |number: u32| {
        // Every tenth is there twice.
        let id = number - u32::from(number % 10 == 1);
        json!({"type": "track", "event": "E", "userId": "u1", "messageId": format!("m{id}"), "timestamp": minute(0)})
    };
    let lines: Vec<String> = (0..9000).map(|number| event(number).to_string()).collect();
    let storage = Failing::new(Memory::new(), Some(1), Way::Nothing);
    let mut journal = Journal::open(storage, volens::model::IdentityRules::default()).unwrap();
    let mut intake = journal.intake(now, now);
    let read = intake.read("events", lines.join("\n").as_bytes());
    assert!(matches!(read, Err(SpaceError::Store(StoreError::Io { .. }))));
    assert!(matches!(intake.commit(), Err(SpaceError::Failed)));
    assert_eq!(journal.len(), 0);
    let mut intake = journal.intake(now, now);
    intake.read("events", lines.join("\n").as_bytes()).unwrap();
    let receipt = intake.commit().unwrap();
    assert_eq!(
        (receipt.counts.read, receipt.counts.applied, receipt.counts.duplicate),
        (9000, 8100, 900)
    );
    assert_eq!(journal.len(), 8100);
}
