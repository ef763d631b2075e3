//! Order, repeats, batches and reopening leave no trace.

use proptest::collection::vec;
use proptest::prelude::*;
use volens::store::Memory;

use super::generate::{LAST, event, minute, settings};
use super::*;

/// How many orders each set of events is given in.
const ORDERS: usize = 20;

/// Numbers that follow from a seed (splitmix64), so that a case can be shrunk and told.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn minute(&mut self) -> Timestamp {
        minute(self.below(LAST as usize + 1) as u32)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// Gives events in some order, some of them twice, in batches of any size, with the space opened anew now and then.
fn give_in_some_order(settings: &Settings, events: &[Json], now: Timestamp, random: &mut Random) -> Space<Memory> {
    let mut order: Vec<&Json> = events.iter().collect();
    for _ in 0..events.len() / 4 {
        order.push(&events[random.below(events.len())]);
    }
    random.shuffle(&mut order);
    let opened = random.minute().min(now);
    let mut space = Space::open(Memory::new(), settings.clone(), opened).unwrap();
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        let size = if random.once_in(2) {
            1
        } else {
            1 + random.below(rest.len())
        };
        let (batch, others) = rest.split_at(size);
        let batch: Vec<Json> = batch.iter().map(|event| (*event).clone()).collect();
        give(&mut space, &batch, now);
        rest = others;
        if random.once_in(4) {
            let at = space.now().max(random.minute().min(now));
            space.advance(at).unwrap();
        }
        if random.once_in(8) {
            let at = space.now();
            space = Space::open(space.into_storage(), settings.clone(), at).unwrap();
        }
    }
    space.advance(now).unwrap();
    space
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(200), ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_arrival_leaves_no_trace(
        events in vec(event(), 1..24),
        settings in settings(),
        at in 0..=LAST,
        seed in any::<u64>(),
    ) {
        let now = minute(at);
        let mut expected = reference(&settings, &events, now);
        // Those are refused, and a space keeps no count of what was.
        expected.violations.remove("No matching identifiers on event");
        let mut random = Random(seed);
        for _ in 0..ORDERS {
            let space = give_in_some_order(&settings, &events, now, &mut random);
            prop_assert_eq!(dump(&space.profiles()), dump(&expected.profiles));
            prop_assert_eq!(space.violations(), expected.violations.clone());
            prop_assert_eq!(space.counts().applied, expected.counts.applied);
            for user in expected.profiles.users() {
                for (kind, value) in user.identifiers().iter() {
                    prop_assert!(space.find(kind, value).as_ref() == Some(user));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(100), ..ProptestConfig::default() })]

    /// A change of the identity rules or categories is one for all events.
    #[test]
    fn the_state_follows_from_the_rules_as_they_are_now(
        events in vec(event(), 1..24),
        before in settings(),
        after in settings(),
        seed in any::<u64>(),
    ) {
        let now = minute(LAST);
        let space = give_in_some_order(&before, &events, now, &mut Random(seed));
        let space = Space::open(space.into_storage(), after.clone(), now).unwrap();
        prop_assert_eq!(dump(&space.profiles()), dump(&reference(&after, &events, now).profiles));
    }
}

/// What reading a file into a space on so many threads comes to: the receipt, and all that is stored, in order.
fn read_on(threads: usize, file: &[u8]) -> (volens::space::Receipt, Vec<(u8, Vec<u8>)>) {
    let settings = Settings {
        identity: volens::model::IdentityRules::default(),
        categories: vec!["Advertising".into()],
    };
    let mut space = Space::open(Memory::new(), settings, minute(LAST)).unwrap();
    let mut intake = space.intake(minute(LAST), minute(LAST)).unwrap();
    intake.threads(std::num::NonZeroUsize::new(threads).unwrap());
    intake.read("events.jsonl", file).unwrap();
    let receipt = intake.commit().unwrap();
    let mut stored = Vec::new();
    let storage = space.into_storage();
    let scanned = storage.scan(&mut |entry| {
        stored.push((entry.kind, entry.payload.to_vec()));
        Ok(())
    });
    scanned.unwrap();
    // The key of each space is its own.
    stored.remove(0);
    (receipt, stored)
}

/// Many more events than are made durable together, some of them repeated or refused.
#[test]
fn the_number_of_threads_leaves_no_trace_in_what_is_stored() {
    let lines = (0..30_000_u32).map(|number| match number % 101 {
        0 => "no event".to_owned(),
        1 => r#"{"batch":[{"type":"track","event":"E","anonymousId":"a"},{"type":"track"}]}"#.to_owned(),
        _ => json!({
            "type": "track", "event": "E", "userId": format!("u{}", number % 700),
            "messageId": format!("m{}", number * 7919 % 29_000), "timestamp": "2026-01-01T00:00:00Z",
            "properties": {"n": number % 3},
        })
        .to_string(),
    });
    let file = lines.collect::<Vec<String>>().join("\n");
    let one = read_on(1, file.as_bytes());
    assert!(one.0.counts.duplicate > 0 && one.0.counts.rejected > 0);
    for threads in [2, 5] {
        assert!(read_on(threads, file.as_bytes()) == one, "{threads}");
    }
}
