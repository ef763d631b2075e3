//! Numbers as JSON has them: integers of 64 bits exactly, everything else as the nearest double.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest whole number up to which every integer is a double of the same value and text.
const EXACT_IN_DOUBLE: f64 = 9_007_199_254_740_992.0;

/// A JSON number: an integer from −2⁶³ to 2⁶⁴−1, or a finite double.
///
/// `==` and `Hash` are of the *representation* (so that interning keeps what was written); [`compare`](Number::compare)
/// is by mathematical value and is what conditions use. Whole doubles up to 2⁵³ are stored as integers, so up to there the
/// two agree.
#[derive(Debug, Clone, Copy)]
pub struct Number(Repr);

#[derive(Debug, Clone, Copy)]
enum Repr {
    Int(i64),
    /// Above `i64::MAX` only.
    Large(u64),
    /// Finite; not whole, or beyond 2⁵³.
    Double(f64),
}

impl Number {
    /// The double, or `None` for NaN and the infinities, which JSON does not have.
    pub fn from_f64(value: f64) -> Option<Number> {
        if !value.is_finite() {
            return None;
        }
        if value.trunc() == value && value.abs() <= EXACT_IN_DOUBLE {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within ±2⁵³")]
            return Some(Number(Repr::Int(value as i64)));
        }
        Some(Number(Repr::Double(value)))
    }

    /// A text that is exactly a JSON number: `49.90`, `-1e3`; not `007`, ` 5`, `1,000`, and nothing beyond the doubles.
    /// Allocates nothing, also where it is none.
    pub fn parse(text: &str) -> Option<Number> {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let whole = digits(unsigned);
        if whole == 0 || (whole > 1 && unsigned.starts_with('0')) {
            return None;
        }
        let mut rest = unsigned.get(whole..)?;
        if rest.is_empty()
            && let Some(integer) = text
                .parse()
                .map(i64::into)
                .or_else(|_| text.parse().map(u64::into))
                .ok()
        {
            return Some(integer);
        }
        if let Some(fraction) = rest.strip_prefix('.') {
            let length = digits(fraction);
            rest = fraction.get(length..).filter(|_| length > 0)?;
        }
        if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let length = digits(exponent);
            rest = exponent.get(length..).filter(|_| length > 0)?;
        }
        if !rest.is_empty() {
            return None;
        }
        text.parse().ok().and_then(Number::from_f64)
    }

    /// Compares by mathematical value, exactly: an integer beyond 2⁵³ is not rounded to meet a double.
    pub fn compare(self, other: Number) -> Ordering {
        match (self.0, other.0) {
            (Repr::Double(a), Repr::Double(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Repr::Double(a), _) => compare_double(a, other.whole()),
            (_, Repr::Double(b)) => compare_double(b, self.whole()).reverse(),
            _ => self.whole().cmp(&other.whole()),
        }
    }

    /// The nearest double.
    #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is asked for")]
    pub fn as_f64(self) -> f64 {
        match self.0 {
            Repr::Int(i) => i as f64,
            Repr::Large(u) => u as f64,
            Repr::Double(d) => d,
        }
    }

    /// The double of the same value, if there is one.
    pub(crate) fn exact(self) -> Option<f64> {
        match self.0 {
            Repr::Double(d) => Some(d),
            #[expect(clippy::cast_precision_loss, reason = "within ±2⁵³")]
            Repr::Int(i) if i.unsigned_abs() <= 1 << 53 => Some(i as f64),
            Repr::Int(_) | Repr::Large(_) => {
                let double = self.as_f64();
                compare_double(double, self.whole()).is_eq().then_some(double)
            }
        }
    }

    /// The integer, if it was written as one (or is a whole double up to 2⁵³).
    pub(crate) fn as_i128(self) -> Option<i128> {
        match self.0 {
            Repr::Int(_) | Repr::Large(_) => Some(self.whole()),
            Repr::Double(_) => None,
        }
    }

    /// The nearest double, and what it leaves of the number: 0 but for integers beyond 2⁵³. Numbers are in the order of these two.
    #[cfg(feature = "sql")]
    pub(crate) fn in_parts(self) -> (f64, i64) {
        let double = self.as_f64();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole, and within 65 bits, where the number is an integer"
        )]
        let rest = self.as_i128().map_or(0, |whole| whole - double as i128);
        // Doubles of 64 bits are 2048 apart at the most.
        (double, i64::try_from(rest).unwrap_or_default())
    }

    /// The canonical JSON text: RFC 8785, but integers of 64 bits in full. Written to the stack.
    pub fn text(self) -> NumberText {
        let mut text = NumberText {
            bytes: [0; NumberText::CAPACITY],
            length: 0,
        };
        match self.0 {
            Repr::Double(d) => text.push(ryu_js::Buffer::new().format_finite(d)),
            Repr::Int(_) | Repr::Large(_) => {
                let mut digits = [0u8; NumberText::CAPACITY];
                text.push(decimal(self.whole(), &mut digits));
            }
        }
        text
    }

    fn whole(self) -> i128 {
        match self.0 {
            Repr::Int(i) => i128::from(i),
            Repr::Large(u) => i128::from(u),
            #[expect(clippy::cast_possible_truncation, reason = "asked of integers only")]
            Repr::Double(d) => d as i128,
        }
    }

    /// What tells two representations apart: their kind and bits.
    fn key(self) -> (u8, u64) {
        match self.0 {
            Repr::Int(i) => (0, i.cast_unsigned()),
            Repr::Large(u) => (1, u),
            Repr::Double(d) => (2, d.to_bits()),
        }
    }
}

fn compare_double(double: f64, integer: i128) -> Ordering {
    // Beyond ±2⁶⁵ every double is larger than every integer kept here, and the cast below is exact within.
    const BOUND: f64 = 36_893_488_147_419_103_232.0;
    if double >= BOUND {
        return Ordering::Greater;
    }
    if double <= -BOUND {
        return Ordering::Less;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within ±2⁶⁵")]
    let whole = double.trunc() as i128;
    whole
        .cmp(&integer)
        .then_with(|| double.fract().partial_cmp(&0.0).unwrap_or(Ordering::Equal))
}

fn decimal(value: i128, digits: &mut [u8; NumberText::CAPACITY]) -> &str {
    let mut rest = value.unsigned_abs();
    let mut at = digits.len();
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        at -= 1;
        if rest == 0 {
            break;
        }
    }
    if value < 0
        && let Some(slot) = at.checked_sub(1).and_then(|i| digits.get_mut(i))
    {
        *slot = b'-';
        at -= 1;
    }
    std::str::from_utf8(digits.get(at..).unwrap_or_default()).unwrap_or_default()
}

/// The text of a [`Number`], on the stack; read it as a `str`.
#[derive(Debug, Clone, Copy)]
pub struct NumberText {
    bytes: [u8; NumberText::CAPACITY],
    length: usize,
}

impl NumberText {
    /// RFC 8785's longest text of a double has 25 bytes, an integer of 64 bits 20.
    const CAPACITY: usize = 32;

    fn push(&mut self, text: &str) {
        if let Some(room) = self.bytes.get_mut(..text.len()) {
            room.copy_from_slice(text.as_bytes());
            self.length = text.len();
        }
    }
}

impl std::ops::Deref for NumberText {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(self.bytes.get(..self.length).unwrap_or_default()).unwrap_or_default()
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Number {}

impl std::hash::Hash for Number {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Number(Repr::Int(value))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Number(Repr::Large(value)), Number::from)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Repr::Int(i) => serializer.serialize_i64(i),
            Repr::Large(u) => serializer.serialize_u64(u),
            Repr::Double(d) => serializer.serialize_f64(d),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
                Ok(Number::from(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
                Ok(Number::from(value))
            }
            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Number, E> {
                Number::from_f64(value).ok_or_else(|| E::custom("a number beyond the doubles"))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> Number {
        Number::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn only_exact_json_numbers_are_read() {
        for bad in [
            "", "-", "007", "-01", "1e+", "1.e5", "1.5.5", "1e5e5", "1e5.5", "1 ", " 5", "5 ", "1,000", "+1", ".5",
            "5.", "1e", "0x1", "NaN", "Infinity", "1e999", "-1e999", "1_000", "٣", "--1", "1\n",
        ] {
            assert!(Number::parse(bad).is_none(), "{bad:?}");
        }
        assert_eq!(n("49.90").compare(n("49.9")), Ordering::Equal);
        assert_eq!(n("1e-400").compare(n("0")), Ordering::Equal);
        for good in [
            "0",
            "-0",
            "-0.0",
            "0.5",
            "10",
            "1E5",
            "1e+5",
            "-1.25e-7",
            "18446744073709551616",
        ] {
            let json: serde_json::Number = serde_json::from_str(good).unwrap();
            assert_eq!(Some(n(good).as_f64()), json.as_f64(), "{good}");
        }
    }

    #[test]
    fn canonical_text_is_rfc_8785_with_whole_integers() {
        for (written, text) in [
            ("5", "5"),
            ("1.0", "1"),
            ("-0", "0"),
            ("0.1", "0.1"),
            ("1e21", "1e+21"),
            ("1e-7", "1e-7"),
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("1e20", "100000000000000000000"),
            ("-123.5", "-123.5"),
        ] {
            assert_eq!(&*n(written).text(), text);
        }
    }

    #[test]
    fn comparison_is_by_exact_value() {
        assert_eq!(n("1").compare(n("1.0")), Ordering::Equal);
        assert_eq!(
            n("9007199254740993").compare(n("9007199254740992.0")),
            Ordering::Greater
        );
        assert_eq!(
            n("18446744073709551615").compare(n("18446744073709551616")),
            Ordering::Less
        );
        assert_eq!(n("-1.5").compare(n("-1")), Ordering::Less);
        assert_eq!(n("1.5").compare(n("1")), Ordering::Greater);
        assert_eq!(n("1e300").compare(n("18446744073709551615")), Ordering::Greater);
        assert_eq!(n("-1e300").compare(n("-9223372036854775808")), Ordering::Less);
    }
}
