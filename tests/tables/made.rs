//! People, and the tables that say the same of them.

use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array, StringArray, UInt64Array};
use volens::model::{Consent, History, Identifiers, PastEvent};
use volens::value::Object;
use volens::{ConsentState, Profile, Timestamp, Value};

use crate::dice::Dice;
use crate::make::{CATEGORIES, EVENTS, TEXTS};
use crate::write::{self, Kind};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_782_777_600_000);
const MINUTE: i64 = 60_000;

fn kind(dice: &mut Dice) -> Kind {
    match dice.below(13) {
        0 => Kind::Int32,
        1 => Kind::Int64,
        2 => Kind::UInt64,
        3 | 4 => Kind::Float64,
        5 => Kind::Decimal,
        6 => Kind::Bool,
        7 | 8 => Kind::Text,
        9 => Kind::Date,
        10 => Kind::Millis,
        11 => Kind::Micros,
        _ => Kind::Nanos,
    }
}

fn list(dice: &mut Dice) -> Kind {
    let item = match dice.below(3) {
        0 => Kind::Struct(vec![("p", kind(dice)), ("q", kind(dice)), ("item", Kind::Text)]),
        _ => kind(dice),
    };
    Kind::List(Box::new(item))
}

fn value(kind: &Kind, dice: &mut Dice) -> Value {
    if dice.below(5) == 0 {
        return Value::Null;
    }
    match kind {
        Kind::Int32 => Value::from(dice.signed(12) - 2),
        Kind::Int64 => match dice.below(4) {
            0 => Value::from(9_007_199_254_740_992_i64 + dice.signed(3)),
            1 => Value::from(*dice.pick(&[i64::MIN, i64::MAX, -1])),
            _ => Value::from(dice.signed(8)),
        },
        Kind::UInt64 => match dice.below(3) {
            0 => Value::from(u64::MAX - dice.below(2) as u64),
            _ => Value::from(dice.below(8) as u64),
        },
        Kind::Float64 => match dice.below(5) {
            0 => Value::from(*dice.pick(&[0.1 + 0.2, 1e-9, 4_194_304.37, 1e300, -0.0, 5e-324, 1e21])),
            _ => Value::from((dice.signed(1200) - 100) as f64 / 100.0),
        },
        Kind::Decimal => Value::from((dice.signed(1200) - 100) as f64 / 100.0),
        Kind::Bool => Value::from(dice.below(2) == 0),
        Kind::Text => match dice.below(4) {
            0 => Value::from(format!("{}{}", dice.pick(&TEXTS), dice.below(100_000))),
            _ => Value::from(*dice.pick(&TEXTS)),
        },
        Kind::Date => {
            let day = NOW.as_millis() + (dice.signed(9) - 4) * 86_400_000;
            Value::from(&Timestamp::from_millis(day).to_string()[..10])
        }
        Kind::Millis | Kind::Micros | Kind::Nanos => Value::from(instant(dice).to_string()),
        Kind::List(item) => Value::List((0..dice.below(4)).map(|_| value(item, dice)).collect()),
        Kind::Struct(fields) => {
            let object = fields.iter().map(|(name, kind)| (*name, value(kind, dice)));
            // In a struct what is NULL is just not there.
            Value::Object(object.filter(|(_, value)| *value != Value::Null).collect::<Object>())
        }
    }
}

fn instant(dice: &mut Dice) -> Timestamp {
    let age = *dice.pick(&[0, 60, 1440, 1500, 2880, 10_080]) * MINUTE;
    let way = dice.signed(2) * 2 - 1;
    Timestamp::from_millis(NOW.as_millis() + way * age + dice.signed(3) - 1)
}

struct Column {
    name: String,
    kind: Kind,
    values: Vec<Value>,
}

impl Column {
    fn array(&self) -> (String, ArrayRef) {
        (self.name.clone(), write::array(&self.kind, &self.values))
    }
}

fn columns(names: &[&str], rows: usize, dice: &mut Dice) -> Vec<Column> {
    let column = |name: &&str| {
        let kind = match *name {
            "l" => list(dice),
            "o" => Kind::Struct(vec![("a", kind(dice)), ("p", kind(dice))]),
            _ => kind(dice),
        };
        let values = (0..rows).map(|_| value(&kind, dice)).collect();
        Column {
            name: (*name).to_owned(),
            kind,
            values,
        }
    };
    names.iter().map(column).collect()
}

fn object(columns: &[Column], row: usize) -> Object {
    let entries = columns
        .iter()
        .map(|column| (column.name.as_str(), column.values[row].clone()));
    entries.filter(|(_, value)| *value != Value::Null).collect()
}

/// The column that names the profiles of rows.
type Naming = Box<dyn Fn(&[usize]) -> ArrayRef>;

/// What profiles are called: whole numbers one after the other, any of them, or texts.
fn ids(count: usize, dice: &mut Dice) -> Naming {
    let numbers: Vec<i64> = match dice.below(3) {
        0 => (0..).map(|n| n + 1000).take(count).collect(),
        1 => (0..).map(|n| n * 7 - 20).take(count).collect(),
        _ => dice.shuffled((0..).take(count).collect()),
    };
    let whole = numbers.clone();
    match dice.below(4) {
        0 | 1 => Box::new(move |rows: &[usize]| {
            Arc::new(rows.iter().map(|row| Some(whole[*row])).collect::<Int64Array>()) as ArrayRef
        }),
        2 => Box::new(move |rows: &[usize]| {
            let large = |row: &usize| Some(u64::MAX - 10_000 + u64::try_from(whole[*row] + 20).unwrap());
            Arc::new(rows.iter().map(large).collect::<UInt64Array>()) as ArrayRef
        }),
        _ => Box::new(move |rows: &[usize]| {
            let text = |row: &usize| Some(format!("id {}", whole[*row]));
            Arc::new(rows.iter().map(text).collect::<StringArray>()) as ArrayRef
        }),
    }
}

/// Writes tables, and gives the profiles that they mean.
pub(crate) fn tables(folder: &Path, seed: u64) -> Vec<Arc<Profile>> {
    let dice = &mut Dice::new(seed);
    let count = *dice.pick(&[0, 1, 5, 40, 120]);
    let ids = ids(count, dice);
    let id = |rows: &[usize]| ("profile_id".to_owned(), ids(rows));
    let all: Vec<usize> = (0..count).collect();
    write::somehow(folder, "profiles", &vec![id(&all)], None, dice);

    let mut identifiers: Vec<(usize, &str, String)> = Vec::new();
    for at in 0..count {
        for _ in 0..dice.below(3) {
            let kind = *dice.pick(&["user_id", "user_id", "anonymous_id", "email", "phone", "ios.idfa"]);
            let value = *dice.pick(&["u", "u", "u", " ", ""]);
            identifiers.push((
                at,
                kind,
                format!("{value}{}", if value == "u" { at.to_string() } else { String::new() }),
            ));
        }
    }
    let identifiers = dice.shuffled(identifiers);
    let rows: Vec<usize> = identifiers.iter().map(|(at, ..)| *at).collect();
    let of = |text: fn(&(usize, &str, String)) -> String| {
        identifiers.iter().map(|id| Some(text(id))).collect::<StringArray>()
    };
    let table = vec![
        id(&rows),
        write::column("type", of(|(_, kind, _)| (*kind).to_owned())),
        write::column("id", of(|(_, _, value)| value.clone())),
    ];
    write::somehow(folder, "identifiers", &table, Some("type"), dice);

    // Some profiles have no traits, and none has an order.
    let some = |dice: &mut Dice| {
        let some: Vec<usize> = (0..count).filter(|_| dice.below(8) > 0).collect();
        if dice.below(2) == 0 { some } else { dice.shuffled(some) }
    };
    let with_traits = some(dice);
    let traits = columns(&["a", "b", "c", "l", "n", "o"], with_traits.len(), dice);
    let mut table = vec![id(&with_traits)];
    table.extend(traits.iter().map(Column::array));
    write::somehow(folder, "traits", &dice.shuffled(table), None, dice);

    let with_consent = some(dice);
    let boolean = dice.below(2) == 0;
    let state = |dice: &mut Dice| match boolean {
        true => ConsentState::ALL[[0, 0, 1, 3][dice.below(4)]],
        false => ConsentState::ALL[[0, 0, 0, 1, 2, 3][dice.below(6)]],
    };
    let states: Vec<Vec<ConsentState>> = CATEGORIES
        .map(|_| with_consent.iter().map(|_| state(dice)).collect())
        .into();
    let mut table = vec![id(&with_consent)];
    for (category, states) in CATEGORIES.iter().zip(&states) {
        table.push(match boolean {
            true => {
                let granted = |state: &ConsentState| match state {
                    ConsentState::NotCollected => None,
                    state => Some(state.is_granted()),
                };
                write::column(category, states.iter().map(granted).collect::<BooleanArray>())
            }
            false => {
                let text = |state: &ConsentState| match state {
                    ConsentState::NotCollected if dice.below(2) == 0 => None,
                    state => Some(state.as_str()),
                };
                write::column(category, states.iter().map(text).collect::<StringArray>())
            }
        });
    }
    write::somehow(folder, "consent", &table, None, dice);

    let mut whose: Vec<usize> = all
        .iter()
        .flat_map(|at| vec![*at; [0, 0, 1, 3, 12][dice.below(5)]])
        .collect();
    if dice.below(2) == 0 {
        whose = dice.shuffled(whose);
    }
    let names: Vec<&str> = whose.iter().map(|_| *dice.pick(&EVENTS)).collect();
    let times: Vec<Timestamp> = whose.iter().map(|_| instant(dice)).collect();
    let properties = columns(&["p", "q", "l", "o"], whose.len(), dice);
    let time = match dice.below(4) {
        0 => (
            "time".to_owned(),
            Arc::new(times.iter().map(|time| Some(time.as_millis())).collect::<Int64Array>()) as ArrayRef,
        ),
        unit => {
            let times: Vec<Value> = times.iter().map(|time| Value::from(time.to_string())).collect();
            let kind = [Kind::Millis, Kind::Micros, Kind::Nanos][unit - 1].clone();
            ("time".to_owned(), write::array(&kind, &times))
        }
    };
    let mut table = vec![id(&whose), write::texts("name", &names), time];
    table.extend(properties.iter().map(Column::array));
    let order = write::somehow(folder, "events", &dice.shuffled(table), Some("name"), dice);

    let people = (0..count).map(|at| {
        let mut own = Identifiers::default();
        for (_, kind, value) in identifiers.iter().filter(|(whose, ..)| *whose == at) {
            own.insert(kind, value);
        }
        let row = with_traits.iter().position(|whose| *whose == at);
        let traits = row.map(|row| object(&traits, row)).unwrap_or_default();
        let mut consent = Consent::default();
        if let Some(row) = with_consent.iter().position(|whose| *whose == at) {
            for (category, states) in CATEGORIES.iter().zip(&states) {
                consent.set(category, states[row]);
            }
        }
        let mut history = History::default();
        for row in order.iter().copied().filter(|row| whose[*row] == at) {
            let past = PastEvent {
                timestamp: times[row],
                received_at: times[row],
                message_id: "".into(),
                properties: object(&properties, row).into(),
            };
            history.insert(names[row], past);
        }
        Arc::new(Profile::new(own, traits, Default::default(), consent, history))
    });
    people.collect()
}
