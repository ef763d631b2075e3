//! Makes profiles and accounts that sit on the edges of what [`make`](crate::make) asks about.

use std::collections::{BTreeMap, BTreeSet};

use volens::model::{Consent, History, Identifiers, PastEvent};
use volens::value::{Number, Object};
use volens::{ConsentState, Profile, Profiles, Timestamp, Value};

use crate::choices::Choices;
use crate::make::{CATEGORIES, EVENTS, TEXTS};

/// 2026-06-30T00:00:00Z, as of which all is asked.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_782_777_600_000);
const HOUR: i64 = 3_600_000;
/// How long before [`NOW`] events lie, a millisecond more or less; some an hour or a day behind others.
const AGES: [i64; 11] = [
    0,
    HOUR / 2,
    HOUR,
    24 * HOUR,
    25 * HOUR,
    48 * HOUR,
    2 * HOUR,
    168 * HOUR,
    26 * HOUR,
    49 * HOUR,
    72 * HOUR,
];
const NUMBERS: [&str; 14] = [
    "5",
    "5.5",
    "0",
    "-1",
    "0.1",
    "0.2",
    "1000",
    "9007199254740993",
    "9007199254740992",
    "1e20",
    "1",
    "0.0000000005",
    "999999999999999999",
    "-0.3",
];
const OTHER_TEXTS: [&str; 12] = [
    "5.50",
    "1e3",
    "007",
    " 5",
    "false",
    "product",
    "2026-06-29T00:00:00.000Z",
    "2026-06-30T00:00:00.001Z",
    "2026-06-28",
    "2026-06-30T00:00:00",
    "2026-07-01T00:00+00:01",
    "9007199254740993",
];

/// What else is wanted of the people.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// Anything.
    Free,
    /// At most one event of each name, and no list with more than one element.
    Single,
    /// One or two people with many events of few values within some hours.
    Busy,
    /// Anything, of up to a dozen people.
    Many,
}

struct Maker<'c> {
    choices: &'c mut Choices,
    form: Form,
    events: usize,
}

/// Some people and accounts. Each person has an identifier.
pub(crate) fn people(choices: &mut Choices, form: Form) -> Profiles {
    let mut maker = Maker {
        choices,
        form,
        events: 0,
    };
    let most = match form {
        Form::Free | Form::Single => 5,
        Form::Busy => 2,
        Form::Many => 12,
    };
    let how_many = 1 + maker.choices.below(most);
    let users = (0..how_many).map(|at| maker.profile(at).into()).collect();
    let mut accounts = BTreeMap::new();
    for id in ["g", "h", "i"] {
        if maker.choices.once_in(2) {
            accounts.insert(id.into(), maker.traits());
        }
    }
    Profiles::new(users, accounts)
}

impl Maker<'_> {
    fn profile(&mut self, at: usize) -> Profile {
        let mut identifiers = Identifiers::default();
        let kind = ["user_id", "anonymous_id", "email", "ios.idfa", "phone", "android.idfa"][self.choices.below(6)];
        identifiers.insert(kind, &format!("u{at}"));
        if self.choices.once_in(4) {
            identifiers.insert("anonymous_id", &format!("v{at}"));
        }
        let mut consent = Consent::default();
        for category in CATEGORIES {
            let states = ConsentState::ALL;
            consent.set(category, states[self.choices.below(states.len())]);
        }
        let mut accounts = BTreeSet::new();
        for id in ["g", "h"] {
            if self.choices.once_in(2) {
                accounts.insert(id.into());
            }
        }
        let history = self.history();
        Profile::new(identifiers, self.traits(), accounts, consent, history)
    }

    fn history(&mut self) -> History {
        let mut history = History::default();
        match self.form {
            Form::Single => {
                for name in EVENTS {
                    if !self.choices.once_in(3) {
                        self.event(name, &mut history);
                    }
                }
            }
            Form::Busy => {
                for _ in 0..50 + self.choices.below(40) {
                    self.frequent(&mut history);
                }
            }
            Form::Free | Form::Many => {
                for _ in 0..self.choices.below(12) {
                    let name = self.choices.pick(&EVENTS);
                    self.event(name, &mut history);
                }
            }
        }
        history
    }

    /// One of many events: on a half-hour, a millisecond more or less, and with the few values that funnels compare.
    fn frequent(&mut self, history: &mut History) {
        let halves = i64::try_from(self.choices.below(8)).unwrap();
        let value = |choices: &mut Choices| match choices.below(8) {
            0..=2 => Value::from(5),
            3 | 4 => Value::from("5"),
            5 => Value::from("5.0"),
            6 => Value::from(choices.pick(&TEXTS)),
            _ => number(choices.pick(&NUMBERS)),
        };
        let mut properties = Object::default();
        for key in ["p", "q"] {
            if !self.choices.once_in(8) {
                properties.insert(key, value(self.choices));
            }
        }
        if self.choices.once_in(4) {
            properties.insert("o", Value::Object([("p", value(self.choices))].into_iter().collect()));
        }
        let age = halves * HOUR / 2 + [0, 1, -1][self.choices.below(3)];
        let name = self.choices.pick(&EVENTS);
        self.past(name, age, properties, history);
    }

    fn event(&mut self, name: &str, history: &mut History) {
        let age = AGES[self.choices.below(AGES.len())] + [0, 1, -1][self.choices.below(3)];
        let mut properties = self.object(&["p", "q", "l"]);
        if self.choices.once_in(2) {
            let inner = self.object(&["p", "q"]);
            properties.insert("o", Value::Object(inner));
        }
        self.past(name, age, properties, history);
    }

    /// Events of one instant count in the order of their ids, so each gets a greater one than those before.
    fn past(&mut self, name: &str, age: i64, properties: Object, history: &mut History) {
        self.events += 1;
        let timestamp = Timestamp::from_millis(NOW.as_millis() - age);
        let event = PastEvent {
            timestamp,
            received_at: timestamp,
            message_id: format!("m{:03}", self.events).into(),
            properties: properties.into(),
        };
        history.insert(name, event);
    }

    fn traits(&mut self) -> Object {
        let mut traits = self.object(&["a", "b", "c", "l", "n"]);
        if self.choices.once_in(2) {
            let inner = self.object(&["a", "p"]);
            traits.insert("o", Value::Object(inner));
        }
        traits
    }

    fn object(&mut self, keys: &[&str]) -> Object {
        let mut object = Object::default();
        for key in keys {
            if !self.choices.once_in(4) {
                object.insert(*key, self.value(2, *key == "l"));
            }
        }
        object
    }

    fn value(&mut self, depth: usize, list: bool) -> Value {
        let form = self.choices.below(13);
        let form = if list && form < 6 { 8 } else { form };
        match form {
            0..=2 => number(self.choices.pick(&NUMBERS)),
            3 | 4 => Value::from(self.choices.pick(&TEXTS)),
            5 => Value::from(self.choices.pick(&OTHER_TEXTS)),
            6 | 10 => Value::from(self.choices.once_in(2)),
            11 | 12 => {
                let age = AGES[self.choices.below(AGES.len())] + [0, 1, -1][self.choices.below(3)];
                let way = if self.choices.once_in(2) { 1 } else { -1 };
                Value::from(Timestamp::from_millis(NOW.as_millis() + way * age).to_string())
            }
            8 if depth > 0 => {
                let most = if self.form == Form::Single { 2 } else { 4 };
                let length = self.choices.below(most);
                Value::List((0..length).map(|_| self.value(depth - 1, false)).collect())
            }
            9 if depth > 0 => {
                let keys = ["p", "q", "item", "l"];
                let keys = keys
                    .iter()
                    .filter(|_| self.choices.once_in(2))
                    .copied()
                    .collect::<Vec<_>>();
                Value::Object(
                    keys.into_iter()
                        .map(|key| (key, self.value(depth - 1, false)))
                        .collect(),
                )
            }
            7..=9 => Value::Null,
            _ => Value::from("pro"),
        }
    }
}

fn number(text: &str) -> Value {
    Value::Number(Number::parse(text).unwrap())
}
