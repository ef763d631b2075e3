//! How a value is read, from the tables of language.md (Values) alone.

use std::cmp::Ordering;

use volens::Value;
use volens::syntax::ast::{Comparison, Literal, LiteralValue};
use volens::value::Number;

/// A value that is there; `null` is not.
pub(crate) fn there(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !matches!(value, Value::Null))
}

/// A number: one, or a text that is exactly a JSON number.
pub(crate) fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(*number),
        // What a JSON reader takes for a number, with nothing around it.
        Value::String(text) if !text.is_empty() && text.bytes().all(|b| b"+-.0123456789eE".contains(&b)) => {
            match serde_json::from_str(text).ok()? {
                serde_json::Value::Number(number) => match Value::from(serde_json::Value::Number(number)) {
                    Value::Number(number) => Some(number),
                    _ => None,
                },
                _ => None,
            }
        }
        _ => None,
    }
}

pub(crate) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if &**text == "true" => Some(true),
        Value::String(text) if &**text == "false" => Some(false),
        _ => None,
    }
}

pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.text().to_string()),
        Value::Null | Value::List(_) | Value::Object(_) => None,
    }
}

/// The milliseconds of a text that is a date with a zone, or a bare day.
pub(crate) fn date(value: &Value) -> Option<i64> {
    let Value::String(text) = value else { return None };
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, Some(time)),
        None => (&**text, None),
    };
    let [year, month, day] = digits(day, "-", &[4, 2, 2])?[..] else {
        return None;
    };
    let days = days_of(year, month, day)?;
    let Some(time) = time else {
        return Some(days * 86_400_000);
    };
    let zone = time.find(['Z', '+', '-'])?;
    let (time, zone) = time.split_at(zone);
    let (time, fraction) = match time.split_once('.') {
        Some((time, fraction)) => (time, Some(fraction)),
        None => (time, None),
    };
    let time = match digits(time, ":", &[2, 2, 2]) {
        Some(time) => time,
        None if fraction.is_none() => digits(time, ":", &[2, 2])?,
        None => return None,
    };
    let within = time[0] < 24 && time[1] < 60 && time.get(2).is_none_or(|second| *second < 60);
    let mut millis = time[0] * 3_600_000 + time[1] * 60_000 + time.get(2).unwrap_or(&0) * 1000;
    if let Some(fraction) = fraction {
        if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        millis += format!("{fraction:0<3}")[..3].parse::<i64>().ok()?;
    }
    if zone != "Z" {
        let offset = digits(&zone[1..], ":", &[2, 2])?;
        let minutes = offset[0] * 60 + offset[1];
        if offset[1] >= 60 || minutes > 18 * 60 {
            return None;
        }
        millis += if zone.starts_with('+') { -minutes } else { minutes } * 60_000;
    }
    within.then_some(days * 86_400_000 + millis)
}

/// Numbers of exactly so many digits, with a sign between them.
fn digits(text: &str, between: &str, lengths: &[usize]) -> Option<Vec<i64>> {
    let parts: Vec<&str> = text.split(between).collect();
    let fits = |(part, length): (&&str, &usize)| part.len() == *length && part.bytes().all(|b| b.is_ascii_digit());
    let sound = parts.len() == lengths.len() && parts.iter().zip(lengths).all(fits);
    sound.then(|| parts.iter().map(|part| part.parse().unwrap()).collect())
}

/// Days since 1970-01-01, counted year by year and month by month.
fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let february = if leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month = usize::try_from(month).ok()?.checked_sub(1)?;
    if day < 1 || day > *months.get(month)? {
        return None;
    }
    let length = |year| if leap(year) { 366 } else { 365 };
    let years: i64 = match year >= 1970 {
        true => (1970..year).map(length).sum(),
        false => -(year..1970).map(length).sum::<i64>(),
    };
    Some(years + months[..month].iter().sum::<i64>() + day - 1)
}

/// Whether a value is one that is there to compare with: no list, no object.
pub(crate) fn usable(reference: Option<&Value>) -> Option<&Value> {
    there(reference).filter(|value| !matches!(value, Value::List(_) | Value::Object(_)))
}

/// Whether a single value, read as the literal's type, equals it.
pub(crate) fn equals_literal(value: &Value, literal: &Literal) -> bool {
    match &literal.value {
        LiteralValue::Text(wanted) => text(value).is_some_and(|text| text == **wanted),
        LiteralValue::Number(wanted) => number(value).is_some_and(|number| number.compare(*wanted) == Ordering::Equal),
        LiteralValue::Boolean(wanted) => boolean(value) == Some(*wanted),
        LiteralValue::Date(wanted) => date(value) == Some(wanted.as_millis()),
    }
}

/// Whether two single values are equal: as numbers if either is one, as booleans if either is one, else as text.
pub(crate) fn equals_value(value: &Value, reference: &Value) -> bool {
    let either = |of: fn(&Value) -> bool| of(value) || of(reference);
    if matches!(value, Value::Null | Value::List(_) | Value::Object(_)) {
        false
    } else if either(|value| matches!(value, Value::Number(_))) {
        let (a, b) = (number(value), number(reference));
        a.zip(b).is_some_and(|(a, b)| a.compare(b) == Ordering::Equal)
    } else if either(|value| matches!(value, Value::Bool(_))) {
        boolean(value).is_some() && boolean(value) == boolean(reference)
    } else {
        text(value) == text(reference)
    }
}

pub(crate) fn compares(value: &Value, sign: Comparison, with: Option<Number>) -> bool {
    let Some((a, b)) = number(value).zip(with) else {
        return false;
    };
    let order = a.compare(b);
    match sign {
        Comparison::Less => order == Ordering::Less,
        Comparison::AtMost => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::AtLeast => order != Ordering::Less,
    }
}

/// The text of a literal, as `contains` and `starts with` take it.
pub(crate) fn literal_text(literal: &Literal) -> Option<String> {
    match &literal.value {
        LiteralValue::Text(text) => Some(text.to_string()),
        LiteralValue::Number(number) => Some(number.text().to_string()),
        LiteralValue::Boolean(value) => Some(value.to_string()),
        LiteralValue::Date(_) => None,
    }
}

/// Sums exact to nine decimals, in billionths.
pub(crate) mod exact {
    use volens::value::Number;

    const BILLION: i128 = 1_000_000_000;

    /// A number in billionths, half to even; `None` from 10¹⁸ on.
    pub(crate) fn billionths(number: Number) -> Option<i128> {
        let most = 1_000_000_000_000_000_000;
        if let Ok(whole) = number.text().parse::<i128>() {
            // All that is written as digits alone has few enough of them to be an integer, or is beyond the limit anyway.
            return (whole.abs() < most).then_some(whole * BILLION);
        }
        let double = number.as_f64();
        let bits = double.to_bits();
        let exponent = i32::try_from(bits >> 52 & 0x7ff).unwrap();
        let fraction = i128::from(bits & 0xf_ffff_ffff_ffff);
        let (mantissa, exponent) = match exponent {
            0 => (fraction, -1074),
            exponent => (fraction | 1 << 52, exponent - 1075),
        };
        let magnitude = match exponent {
            12.. => return None,
            0.. => mantissa << exponent,
            _ => {
                let (scaled, shift) = (mantissa * BILLION, -exponent);
                let rounded = if shift > 120 { 0 } else { half_even(scaled, 1 << shift) };
                return Some(if double < 0.0 { -rounded } else { rounded });
            }
        };
        let whole = if double < 0.0 { -magnitude } else { magnitude };
        (magnitude < most).then_some(whole * BILLION)
    }

    /// A quotient to the nearest whole number, half to even.
    pub(crate) fn half_even(of: i128, by: i128) -> i128 {
        let (down, rest) = (of.div_euclid(by), of.rem_euclid(by));
        let up = rest * 2 > by || (rest * 2 == by && down % 2 != 0);
        down + i128::from(up)
    }

    /// So many billionths as a number: a whole one within 64 bits as an integer, else the nearest double.
    pub(crate) fn number(billionths: i128) -> Number {
        let sign = if billionths < 0 { "-" } else { "" };
        let (whole, rest) = (billionths.abs() / BILLION, billionths.abs() % BILLION);
        let text = match rest {
            0 => format!("{sign}{whole}"),
            rest => format!("{sign}{whole}.{rest:09}"),
        };
        let number: serde_json::Number = serde_json::from_str(&text).unwrap();
        match volens::Value::from(serde_json::Value::Number(number)) {
            volens::Value::Number(number) => number,
            other => unreachable!("{other:?}"),
        }
    }
}
