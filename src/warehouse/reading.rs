//! A value as each condition reads it, in one cell for each way.

use std::borrow::Cow;

use super::Reading;
use crate::value::{Decimal, Number, Text, Value};

/// What stands in a row of a table under a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'v> {
    /// Nothing.
    Null,
    /// An integer.
    Int(i64),
    /// A text.
    Text(Cow<'v, str>),
    /// A finite double; never −0.
    Double(f64),
    /// True or false.
    Boolean(bool),
    /// So many billionths; its magnitude is below 10²⁷.
    Decimal(i128),
}

impl<'v> Cell<'v> {
    pub(super) fn text(text: &'v str) -> Self {
        Cell::Text(text.into())
    }
}

/// The cells of a value, in the order of [`Reading::ALL`]; all of them are NULL where it is absent or null.
///
/// ```
/// use volens::warehouse::{Cell, readings};
/// use volens::Value;
///
/// let value = Value::from("49.90");
/// let [kind, text, number, rest, boolean, time, key, numeral, exact] = readings(Some(&value));
/// assert_eq!(kind, Cell::Text("string".into()));
/// assert_eq!(text, Cell::Text("49.90".into()));
/// assert_eq!((number, rest), (Cell::Double(49.9), Cell::Int(0)));
/// assert_eq!((boolean, time), (Cell::Null, Cell::Null));
/// assert_eq!((key, numeral), (Cell::Text("n49.9".into()), Cell::Text("49.90".into())));
/// assert_eq!(exact, Cell::Decimal(49_900_000_000));
/// ```
pub fn readings(value: Option<&Value>) -> [Cell<'_>; 9] {
    let Some(value) = value.and_then(Value::present) else {
        return Reading::ALL.map(|_| Cell::Null);
    };
    let number = value.read_number();
    // One look for each cell, in their order.
    Reading::ALL.map(|reading| {
        let cell = match reading {
            Reading::Kind => Some(Cell::text(kind(value))),
            Reading::Text => value.read_text().map(|text| match text {
                Text::Borrowed(text) => Cell::text(text),
                Text::Number(text) => Cell::Text(str::to_owned(&text).into()),
            }),
            Reading::Number => number.map(|number| Cell::Double(number.in_parts().0)),
            Reading::Rest => number.map(|number| Cell::Int(number.in_parts().1)),
            Reading::Boolean => value.read_bool().map(Cell::Boolean),
            Reading::Time => value
                .as_str()
                .and_then(crate::time::Timestamp::parse)
                .map(|time| Cell::Int(time.as_millis())),
            Reading::Key => key(value).map(|key| Cell::Text(key.into())),
            Reading::Numeral => number.and(value.as_str()).map(Cell::text),
            Reading::Exact => number
                .and_then(Decimal::round)
                .map(|exact| Cell::Decimal(exact.all_billionths())),
        };
        cell.unwrap_or(Cell::Null)
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::List(_) => "list",
        Value::Object(_) => "object",
    }
}

#[expect(clippy::cast_possible_truncation, reason = "asked of whole doubles within 65 bits")]
fn whole_double(double: f64) -> i128 {
    double as i128
}

/// A text by which a scalar meets others: two values that a reference can find equal have the same. It is `n` with the number
/// that the value is read as, else `b` with the boolean, else `s` with the string; `None` for lists, objects and null.
///
/// Values of one key may still differ to a condition: the strings `5` and `5.0` do, though each equals the number. They differ
/// in their [`Reading::Numeral`].
///
/// ```
/// use volens::{Value, warehouse::key};
///
/// assert_eq!(key(&Value::from("5.0")), key(&Value::from(5)));
/// assert_eq!(key(&Value::from("true")).as_deref(), Some("btrue"));
/// assert_eq!(key(&Value::List(vec![])), None);
/// ```
pub fn key(value: &Value) -> Option<String> {
    if let Some(number) = value.read_number() {
        return Some(number_key(number));
    }
    if let Some(boolean) = value.read_bool() {
        return Some(format!("b{boolean}"));
    }
    value.as_str().map(|text| format!("s{text}"))
}

/// Equal for numbers of the same mathematical value. The text of a double has no more digits than tell it from other doubles,
/// that of an integer has all of them; so whole doubles within the range of integers are written as those are.
fn number_key(number: Number) -> String {
    const LEAST: f64 = -9_223_372_036_854_775_808.0;
    const BEYOND: f64 = 18_446_744_073_709_551_616.0;
    let double = number.as_f64();
    if number.as_i128().is_none() && double.fract() == 0.0 && (LEAST..BEYOND).contains(&double) {
        return format!("n{}", whole_double(double));
    }
    format!("n{}", &*number.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::Number(Number::parse(text).unwrap())
    }

    /// All cells, as text with a blank between them; `-` for NULL.
    fn told(value: &Value) -> String {
        let cells = readings(Some(value)).map(|cell| match cell {
            Cell::Null => "-".to_owned(),
            Cell::Int(int) => int.to_string(),
            Cell::Text(text) => text.into_owned(),
            Cell::Double(double) => format!("{double:?}"),
            Cell::Boolean(boolean) => boolean.to_string(),
            Cell::Decimal(billionths) => format!("{billionths}e-9"),
        });
        cells.join(" ")
    }

    #[test]
    fn numbers_are_exact_in_their_double_and_its_rest() {
        for (text, cells) in [
            ("5", "number 5 5.0 0 - - n5 - 5000000000e-9"),
            ("5e0", "number 5 5.0 0 - - n5 - 5000000000e-9"),
            ("-0.0", "number 0 0.0 0 - - n0 - 0e-9"),
            ("-0", "number 0 0.0 0 - - n0 - 0e-9"),
            ("1e-400", "number 0 0.0 0 - - n0 - 0e-9"),
            ("0.1", "number 0.1 0.1 0 - - n0.1 - 100000000e-9"),
            (
                "9007199254740993",
                "number 9007199254740993 9007199254740992.0 1 - - n9007199254740993 - 9007199254740993000000000e-9",
            ),
            (
                "-9007199254740993",
                "number -9007199254740993 -9007199254740992.0 -1 - - n-9007199254740993 - -9007199254740993000000000e-9",
            ),
            (
                "9223372036854775807",
                "number 9223372036854775807 9.223372036854776e18 -1 - - n9223372036854775807 - -",
            ),
            (
                "-9223372036854775808",
                "number -9223372036854775808 -9.223372036854776e18 0 - - n-9223372036854775808 - -",
            ),
            (
                "18446744073709551615",
                "number 18446744073709551615 1.8446744073709552e19 -1 - - n18446744073709551615 - -",
            ),
            (
                "18446744073709551616",
                "number 18446744073709552000 1.8446744073709552e19 0 - - n18446744073709552000 - -",
            ),
            ("1e300", "number 1e+300 1e300 0 - - n1e+300 - -"),
            ("5e-324", "number 5e-324 5e-324 0 - - n5e-324 - 0e-9"),
            (
                "999999999999999999",
                "number 999999999999999999 1e18 -1 - - n999999999999999999 - 999999999999999999000000000e-9",
            ),
            ("0.0000000005", "number 5e-10 5e-10 0 - - n5e-10 - 1e-9"),
        ] {
            assert_eq!(told(&number(text)), cells, "{text}");
        }
    }

    #[test]
    fn numbers_of_one_value_have_one_key() {
        // 2⁶⁰: the double's own text is 1152921504606847000, which is another integer.
        for (a, b, same) in [
            ("1152921504606846976", "1152921504606846976.0", true),
            ("1152921504606847000", "1152921504606846976.0", false),
            ("-9223372036854775808", "-9223372036854775808.0", true),
            ("18446744073709549568", "18446744073709549568.0", true),
            ("18446744073709551615", "18446744073709551616", false),
            ("18446744073709551616", "18446744073709551616.0", true),
            ("9007199254740993", "9007199254740992.0", false),
            ("1", "1.0", true),
        ] {
            let (a, b) = (number(a), number(b));
            assert_eq!(key(&a) == key(&b), same, "{a:?} {b:?}");
            let compared = a.read_number().unwrap().compare(b.read_number().unwrap());
            assert_eq!(compared.is_eq(), same, "{a:?} {b:?}");
        }
    }

    #[test]
    fn strings_are_read_as_what_they_are_exactly() {
        for (text, cells) in [
            ("49.90", "string 49.90 49.9 0 - - n49.9 49.90 49900000000e-9"),
            ("007", "string 007 - - - - s007 - -"),
            (" 5", "string  5 - - - - s 5 - -"),
            ("1,000", "string 1,000 - - - - s1,000 - -"),
            ("5e0", "string 5e0 5.0 0 - - n5 5e0 5000000000e-9"),
            ("1e999", "string 1e999 - - - - s1e999 - -"),
            ("true", "string true - - true - btrue - -"),
            ("True", "string True - - - - sTrue - -"),
            ("", "string  - - - - s - -"),
            (
                "9007199254740993",
                "string 9007199254740993 9007199254740992.0 1 - - n9007199254740993 9007199254740993 9007199254740993000000000e-9",
            ),
            ("1970-01-02", "string 1970-01-02 - - - 86400000 s1970-01-02 - -"),
            (
                "1970-01-01T01:00+01:00",
                "string 1970-01-01T01:00+01:00 - - - 0 s1970-01-01T01:00+01:00 - -",
            ),
            (
                "1970-01-01T00:00:00.0019Z",
                "string 1970-01-01T00:00:00.0019Z - - - 1 s1970-01-01T00:00:00.0019Z - -",
            ),
            (
                "1970-01-01T00:00:00",
                "string 1970-01-01T00:00:00 - - - - s1970-01-01T00:00:00 - -",
            ),
            ("2026-02-30", "string 2026-02-30 - - - - s2026-02-30 - -"),
            (
                "1970-01-01T00:00+18:01",
                "string 1970-01-01T00:00+18:01 - - - - s1970-01-01T00:00+18:01 - -",
            ),
        ] {
            assert_eq!(told(&Value::from(text)), cells, "{text}");
        }
    }

    #[test]
    fn other_kinds_are_read_as_nothing_else() {
        for (json, cells) in [
            ("true", "boolean true - - true - btrue - -"),
            ("false", "boolean false - - false - bfalse - -"),
            ("[1]", "list - - - - - - - -"),
            (r#"{"a":1}"#, "object - - - - - - - -"),
            ("null", "- - - - - - - - -"),
        ] {
            assert_eq!(told(&crate::value::parse(json).unwrap()), cells, "{json}");
        }
        assert!(readings(None).iter().all(|cell| *cell == Cell::Null));
    }
}
