//! Makes many people of whom each value is of one kind, as in a store: numbers with few decimals, texts that repeat, texts
//! that do not, dates. Such values have forms of their own in columns.

use volens::model::{Consent, History, Identifiers, PastEvent};
use volens::value::Object;
use volens::{ConsentState, Profile, Profiles, Timestamp, Value};

use crate::choices::Choices;
use crate::make::{CATEGORIES, EVENTS, TEXTS};
use crate::people::NOW;

const MINUTE: i64 = 60_000;

/// Of which kind the values of a key are.
#[derive(Clone, Copy)]
enum Kind {
    Whole,
    Cents,
    /// Up to beyond 2⁵³, and with nine decimals.
    Wide,
    Few,
    Many,
    Date,
    List,
    /// Of any of these.
    Mixed,
}

const KINDS: [Kind; 8] = [
    Kind::Whole,
    Kind::Cents,
    Kind::Few,
    Kind::Many,
    Kind::Date,
    Kind::Wide,
    Kind::List,
    Kind::Mixed,
];

/// A small generator of its own (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn signed(&mut self, sides: u64) -> i64 {
        i64::try_from(self.below(sides)).unwrap()
    }

    fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    fn value(&mut self, kind: Kind) -> Value {
        match kind {
            Kind::Whole => Value::from(self.signed(12) - 2),
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            Kind::Cents => Value::from((self.signed(1200) - 100) as f64 / 100.0),
            Kind::Wide => match self.below(6) {
                0 => Value::from(9_007_199_254_740_992_i64 + self.signed(3)),
                1 => Value::from(0.1 + 0.2),
                2 => Value::from(1e-9),
                3 => Value::from(4_194_304.37),
                4 => Value::from(-12_345_678.9),
                _ => Value::from(self.signed(6)),
            },
            Kind::Few => Value::from(self.pick(&TEXTS)),
            Kind::Many => match self.below(3) {
                0 => Value::from(self.pick(&TEXTS)),
                _ => Value::from(format!("{}{}", self.pick(&TEXTS), self.below(100_000))),
            },
            Kind::Date => {
                let age = [0, 60, 1440, 1500, 2880, 10_080][usize::try_from(self.below(6)).unwrap()] * MINUTE;
                let way = self.signed(2) * 2 - 1;
                Value::from(Timestamp::from_millis(NOW.as_millis() + way * age + self.signed(3) - 1).to_string())
            }
            Kind::List => Value::List((0..self.below(4)).map(|_| self.value(Kind::Whole)).collect()),
            Kind::Mixed => {
                let kind = KINDS[usize::try_from(self.below(7)).unwrap()];
                self.value(kind)
            }
        }
    }
}

/// Up to some hundred people without accounts.
pub(crate) fn crowd(choices: &mut Choices) -> Profiles {
    let how_many = choices.below(300);
    let seed = (1..4_u64).fold(1_u64, |seed, at| {
        seed.wrapping_mul(65_537) + at + choices.below(65_536) as u64
    });
    let kinds: Vec<Kind> = (0..10).map(|_| KINDS[choices.below(KINDS.len())]).collect();
    let mut dice = Dice(seed);
    (0..how_many).map(|at| person(at, &mut dice, &kinds)).collect()
}

fn person(at: usize, dice: &mut Dice, kinds: &[Kind]) -> Profile {
    let mut identifiers = Identifiers::default();
    identifiers.insert(
        dice.pick(&["user_id", "user_id", "anonymous_id", "email", "phone"]),
        &format!("u{at}"),
    );
    let mut consent = Consent::default();
    for category in CATEGORIES {
        consent.set(
            category,
            ConsentState::ALL[[0, 0, 0, 1, 2, 3][usize::try_from(dice.below(6)).unwrap()]],
        );
    }
    let mut object = |keys: &[&str], kinds: &[Kind]| {
        let mut object = Object::default();
        for (key, kind) in keys.iter().zip(kinds) {
            if dice.below(6) > 0 {
                object.insert(*key, dice.value(*kind));
            }
        }
        (
            object,
            dice.below(14),
            dice.pick(&EVENTS),
            dice.signed(9),
            dice.signed(3),
        )
    };
    let (mut traits, events, ..) = object(&["a", "b", "c", "l", "n"], kinds);
    let (inner, ..) = object(&["a", "p"], kinds);
    traits.insert("o", Value::Object(inner));
    let mut history = History::default();
    for _ in 0..events {
        let (properties, _, name, half_days, off) = object(&["p", "q", "l"], &kinds[5..]);
        let timestamp = Timestamp::from_millis(NOW.as_millis() - half_days * 720 * MINUTE + off - 1);
        let past = PastEvent {
            timestamp,
            received_at: timestamp,
            message_id: "".into(),
            properties: properties.into(),
        };
        history.insert(name, past);
    }
    Profile::new(identifiers, traits, std::collections::BTreeSet::new(), consent, history)
}
