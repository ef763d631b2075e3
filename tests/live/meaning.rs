//! What a live engine knows is what a run from nothing finds, at every step and at every boundary in between.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use volens::engine::Run;
use volens::live::{Change, Live, Options};
use volens::store::Memory;
use volens::{Engine, Profiles, Timestamp};

use crate::choices::{Choices, choices};
use crate::{cases, events, make};

type Members = BTreeMap<String, BTreeSet<String>>;

fn engine(text: &str) -> Engine {
    Engine::from_text("made.audience", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn found(run: &Run) -> Members {
    let audiences = run.audiences.iter();
    audiences
        .map(|audience| {
            let members = audience.members.iter().map(|label| label.to_string());
            (audience.name.to_string(), members.collect())
        })
        .collect()
}

fn as_of(engine: &Engine, profiles: &Profiles, now: Timestamp) -> Members {
    found(&engine.run(profiles, now).unwrap())
}

/// Follows the changes; each must be one.
fn follow(members: &mut Members, changes: &[Change]) {
    for change in changes {
        let audience = members.entry(change.audience.to_string()).or_default();
        let is_news = match change.entered {
            true => audience.insert(change.member.to_string()),
            false => audience.remove(&*change.member),
        };
        assert!(is_news, "{change:?} changes nothing");
    }
}

struct Seen {
    engine: Engine,
    live: Live<Memory>,
    followed: Members,
    taken: Vec<serde_json::Value>,
}

impl Seen {
    fn new(text: &str) -> Self {
        let engine = engine(text);
        let live = engine.live(Memory::new(), Options::new(Timestamp::MAX)).unwrap();
        Seen {
            followed: engine
                .program()
                .audiences
                .iter()
                .map(|audience| (audience.name.to_string(), BTreeSet::new()))
                .collect(),
            engine,
            live,
            taken: Vec::new(),
        }
    }

    /// What all events together lead to, as of now, from nothing.
    fn reference(&self) -> Members {
        let now = self.live.now();
        let mut ingestor = self.engine.ingestor(now, now);
        for event in &self.taken {
            let _ = ingestor.event(event.clone().into());
        }
        as_of(&self.engine, &ingestor.finish().profiles, now)
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        let reference = self.reference();
        let now = self.live.now();
        prop_assert_eq!(
            &as_of(&self.engine, &self.live.profiles(), now),
            &reference,
            "the profiles differ"
        );
        for (audience, members) in &reference {
            let live: BTreeSet<String> = self
                .live
                .members(audience)
                .unwrap()
                .iter()
                .map(|label| label.to_string())
                .collect();
            prop_assert_eq!(&live, members, "{} as of {}", audience, now);
        }
        prop_assert_eq!(&self.followed, &reference, "the changes do not lead there");
        if let Some(due) = self.live.due() {
            prop_assert!(due > now, "{} is due as of {}", due, now);
        }
        Ok(())
    }

    /// Lets time pass: what is found on the way is what a run finds, also a millisecond before and after.
    fn advance(&mut self, to: Timestamp) -> Result<(), TestCaseError> {
        // Before anything has come there is no instant to begin at.
        let from = self.live.now().max(events::EARLIEST.min(to));
        let profiles = self.live.profiles();
        let is_still = self.live.next_event().is_none_or(|next| next > to);
        let before = self.followed.clone();
        let changes = self.live.advance(to).unwrap();
        follow(&mut self.followed, &changes);
        prop_assert!(changes.is_sorted_by_key(|change| change.at));
        prop_assert!(changes.iter().all(|change| from < change.at && change.at <= to));
        // Where no event falls due, the profiles are the same all the way.
        if is_still {
            let mut probes: BTreeSet<Timestamp> = BTreeSet::new();
            for change in &changes {
                let at = change.at.as_millis();
                probes.extend([at - 1, at, at + 1].map(Timestamp::from_millis));
            }
            let length = to.as_millis() - from.as_millis();
            probes.extend((0..4).map(|part| Timestamp::from_millis(from.as_millis() + length / 4 * part)));
            for probe in probes.into_iter().filter(|probe| from <= *probe && *probe <= to) {
                let mut expected = before.clone();
                let until = changes.iter().take_while(|change| change.at <= probe);
                follow(&mut expected, &until.cloned().collect::<Vec<_>>());
                prop_assert_eq!(as_of(&self.engine, &profiles, probe), expected, "as of {}", probe);
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_live_engine_knows_what_a_run_finds(workspace in choices(500), world in choices(1500)) {
        let text = make::workspace(&mut Choices::new(workspace));
        let mut choices = Choices::new(world);
        let mut seen = Seen::new(&text);
        for number in 0..4 + choices.below(20) {
            if choices.once_in(4) {
                let to = events::later(&mut choices, seen.live.now());
                seen.advance(to)?;
            } else {
                let event = events::event(&mut choices, number);
                match seen.live.apply(event.clone().into(), Timestamp::MAX) {
                    Ok(changes) => follow(&mut seen.followed, &changes),
                    Err(error) => prop_assert!(error.to_string().contains("message_id_conflict"), "{}", error),
                }
                seen.taken.push(event);
            }
            if let Err(error) = seen.check() {
                let taken: Vec<String> = seen.taken.iter().map(|event| event.to_string()).collect();
                return Err(TestCaseError::fail(format!("{error}\n{text}\n{}", taken.join("\n"))));
            }
        }
        let far = Timestamp::from_millis(seen.live.now().max(events::EARLIEST).as_millis() + 30 * 24 * 3_600_000);
        if let Err(error) = seen.advance(far).and_then(|()| seen.check()) {
            let taken: Vec<String> = seen.taken.iter().map(|event| event.to_string()).collect();
            return Err(TestCaseError::fail(format!("{error}\n{text}\n{}", taken.join("\n"))));
        }
    }
}
