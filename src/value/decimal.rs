//! Sums that are exact to nine decimals (language.md, Computed traits): the same in every order and every executor.

use std::io::Write;

use super::Number;

/// Up to so many billionths, either way, their number is a double, and so is the number of units that they are nearest to.
pub(crate) const FEW_BILLIONTHS: i64 = 1 << 53;
/// Billionths in one.
const ONE: i128 = 1_000_000_000;
/// Values of this magnitude and more are skipped, so that no sum of fewer than 10¹¹ values overflows.
const BOUND: i128 = 1_000_000_000_000_000_000;

/// A number of billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal(i128);

impl Decimal {
    pub(crate) const ZERO: Decimal = Decimal(0);

    /// The number's exact value, rounded half-even to nine decimals; `None` for a magnitude of 10¹⁸ and more.
    pub(crate) fn round(number: Number) -> Option<Decimal> {
        match number.as_i128() {
            Some(whole) => (whole.abs() < BOUND).then(|| Decimal(whole * ONE)),
            None => round_double(number.as_f64()),
        }
    }

    /// So many units of 10^−scale; the scale is 9 at most.
    pub(crate) fn units(units: i128, scale: u8) -> Decimal {
        let mut billionths = units;
        for _ in scale..9 {
            billionths *= 10;
        }
        Decimal(billionths)
    }

    pub(crate) fn plus(self, other: Decimal) -> Decimal {
        Decimal(self.0.saturating_add(other.0))
    }

    /// So many billionths.
    pub(crate) fn of_billionths(billionths: i128) -> Decimal {
        Decimal(billionths)
    }

    /// Its billionths.
    #[cfg(feature = "sql")]
    pub(crate) fn all_billionths(self) -> i128 {
        self.0
    }

    /// Its billionths, if they fit into so many bits.
    pub(crate) fn billionths(self) -> Option<i64> {
        i64::try_from(self.0).ok()
    }

    /// Its billionths, if they are few.
    pub(crate) fn few_billionths(self) -> Option<i64> {
        let few = -FEW_BILLIONTHS..=FEW_BILLIONTHS;
        self.billionths().filter(|billionths| few.contains(billionths))
    }

    /// Divided, rounded half-even to nine decimals; `None` by 0.
    pub(crate) fn over(self, count: u64) -> Option<Decimal> {
        let count = i128::from(count);
        let (quotient, rest) = (self.0.checked_div_euclid(count)?, self.0.checked_rem_euclid(count)?);
        Some(Decimal(half_even(quotient, rest, count - rest)))
    }

    /// An integer if it is whole and has 64 bits, else the nearest double.
    pub(crate) fn number(self) -> Option<Number> {
        if let Some(billionths) = self.few_billionths() {
            // Both are doubles, and the quotient of two doubles is rounded correctly.
            #[expect(clippy::cast_precision_loss, reason = "within ±2⁵³")]
            return Number::from_f64(billionths as f64 / 1e9);
        }
        if self.0 % ONE == 0 {
            let whole = self.0 / ONE;
            let signed = i64::try_from(whole).map(Number::from);
            if let Ok(number) = signed.or_else(|_| u64::try_from(whole).map(Number::from)) {
                return Some(number);
            }
        }
        // Reading a decimal text rounds correctly, which dividing two doubles would not.
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, fraction) = (
            self.0.unsigned_abs() / ONE.unsigned_abs(),
            self.0.unsigned_abs() % ONE.unsigned_abs(),
        );
        // Of 128 bits no more than 39 digits, a sign and a point. On the stack, as evaluating allocates nothing.
        let mut text = [0; 48];
        let mut rest = text.as_mut_slice();
        write!(rest, "{sign}{whole}.{fraction:09}").ok()?;
        let free = rest.len();
        let text = std::str::from_utf8(text.get(..text.len() - free)?).ok()?;
        Number::from_f64(text.parse().ok()?)
    }
}

/// `quotient`, or the next one up, whichever is nearer: `below` and `above` are the distances.
fn half_even(quotient: i128, below: i128, above: i128) -> i128 {
    let up = below > above || below == above && quotient % 2 != 0;
    quotient + i128::from(up)
}

fn round_double(value: f64) -> Option<Decimal> {
    // A double is ± mantissa · 2^exponent.
    const MANTISSA_BITS: u32 = 52;
    let bits = value.to_bits();
    let biased = i32::try_from(bits >> MANTISSA_BITS & 0x7ff).ok()?;
    let fraction = i128::from(bits & ((1 << MANTISSA_BITS) - 1));
    // Subnormal doubles have no implicit one, and the exponent of the smallest normal ones.
    let mantissa = if biased == 0 {
        fraction
    } else {
        fraction | 1 << MANTISSA_BITS
    };
    let exponent = biased.max(1) - 1075;
    // Below 2⁵³ · 2³⁰, so nothing overflows.
    let scaled = mantissa * ONE;
    let magnitude = if exponent >= 0 {
        // 10¹⁸ < 2⁶⁰: what is larger than that by far must not be shifted.
        if exponent > 8 || mantissa << exponent >= BOUND {
            return None;
        }
        scaled << exponent
    } else if exponent <= -100 {
        // Less than 2⁸³ / 2¹⁰⁰ billionths.
        0
    } else {
        let unit = 1i128 << exponent.unsigned_abs();
        let rest = scaled & (unit - 1);
        half_even(scaled >> exponent.unsigned_abs(), rest, unit - rest)
    };
    Some(Decimal(if value < 0.0 { -magnitude } else { magnitude }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn billionths(text: &str) -> Option<i128> {
        Decimal::round(Number::parse(text).unwrap()).map(|decimal| decimal.0)
    }

    #[test]
    fn doubles_are_rounded_by_their_exact_value() {
        for (text, expected) in [
            ("0", 0),
            ("0.1", 100_000_000),
            ("-0.1", -100_000_000),
            ("49.90", 49_900_000_000),
            // 2⁻¹⁰ = 0.0009765625: a tie, to the even neighbour.
            ("0.0009765625", 976_562),
            ("-0.0009765625", -976_562),
            // 3 · 2⁻¹⁰ = 0.0029296875: a tie, to the even neighbour above.
            ("0.0029296875", 2_929_688),
            // No ties in binary: these doubles are a little above …5, below it, and above.
            ("0.0000000005", 1),
            ("0.0000000015", 1),
            ("0.0000000025", 3),
            ("0.00000000049", 0),
            ("1e-300", 0),
            ("5e-324", 0),
            ("9007199254740993.5", 9_007_199_254_740_994 * ONE),
            ("999999999999999872.0", 999_999_999_999_999_872 * ONE),
        ] {
            assert_eq!(billionths(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_magnitude_of_ten_to_the_eighteenth_is_skipped() {
        for text in [
            "1e18",
            "-1e18",
            "1000000000000000000",
            "18446744073709551615",
            "1e19",
            "1e300",
        ] {
            assert_eq!(billionths(text), None, "{text}");
        }
        assert_eq!(billionths("999999999999999999"), Some(999_999_999_999_999_999 * ONE));
        assert_eq!(billionths("-999999999999999999"), Some(-999_999_999_999_999_999 * ONE));
    }

    #[test]
    fn quotients_are_rounded_half_even() {
        for (units, count, expected) in [
            (1, 2, 0),
            (3, 2, 2),
            (5, 2, 2),
            (-1, 2, 0),
            (-3, 2, -2),
            (-5, 2, -2),
            (2, 3, 1),
            (1, 3, 0),
            (-2, 3, -1),
            (7, 1, 7),
        ] {
            assert_eq!(Decimal(units).over(count), Some(Decimal(expected)), "{units} / {count}");
        }
        assert_eq!(Decimal(1).over(0), None);
    }

    #[test]
    fn results_are_integers_or_the_nearest_double() {
        let text = |units: i128| Decimal(units).number().unwrap().text().to_string();
        assert_eq!(text(300_000_000), "0.3");
        assert_eq!(text(-300_000_000), "-0.3");
        assert_eq!(text(5 * ONE), "5");
        assert_eq!(text(i128::from(u64::MAX) * ONE), "18446744073709551615");
        assert_eq!(text(i128::from(i64::MIN) * ONE), "-9223372036854775808");
        assert_eq!(text((i128::from(u64::MAX) + 1) * ONE), "18446744073709552000");
        assert_eq!(text(1), "1e-9");
        // The last that are divided, and the first whose text is read.
        for units in [1 << 53, (1 << 53) + 1] {
            assert_eq!(text(units), "9007199.254740993");
            assert_eq!(text(-units), "-9007199.254740993");
        }
        assert_eq!(text(i128::MIN), "-1.7014118346046924e+29");
    }
}
