//! A look through JSON text that takes what it is sure of and gives up on the rest.
//!
//! Of most texts only a little is wanted, and of that most is plain. So everything here answers `None` of what is no JSON or
//! would be refused as a value ([`parse`](super::parse)), and of what is rare besides: keys with escapes, characters in two
//! escapes, many containers in one another. Whoever is told `None` reads the text in the usual way, which alone says what
//! is wrong with it, if anything. What must never happen is that a text is taken that the usual way refuses, or read
//! differently.

use std::borrow::Cow;
use std::ops::Range;

use super::keys::{Keys, hash};
use super::{Number, Object, Value};

/// How many containers may stand in one another here; more are rare, and a call each.
const DEPTH: u32 = 32;
/// Up to how many keys each is compared with each, which for so few is faster than to put them in order.
const FEW: usize = 16;
/// The most digits that are a whole number which every double of its size has, and the powers of ten that doubles have.
const DIGITS: usize = 15;
const POWERS: [f64; DIGITS + 1] = [
    1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];
/// So many characters without an exponent are a number within the doubles.
const SHORT: usize = 300;

/// A place in a text.
#[derive(Debug)]
pub(crate) struct Scan<'t> {
    text: &'t str,
    at: usize,
    depth: u32,
    /// The keys so far of the objects that the place is in, the innermost last.
    keys: Vec<Key<'t>>,
}

/// A key, with a hash to compare and to look it up by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'t> {
    pub(crate) text: &'t [u8],
    pub(crate) hash: u64,
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.text == other.text
    }
}

impl<'t> Key<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        Key { text, hash: hash(text) }
    }
}

/// A number as it is written.
struct Written<'t> {
    text: &'t str,
    /// Its digits as one number, if there are few.
    digits: u64,
    /// How many there are, and how many of them stand behind the point.
    count: usize,
    decimals: usize,
    has_exponent: bool,
}

impl<'t> Scan<'t> {
    /// Begins at the beginning. The room for keys can be used again.
    pub(crate) fn new(text: &'t str) -> Self {
        Scan {
            text,
            at: 0,
            depth: 0,
            keys: Vec::with_capacity(2 * FEW),
        }
    }

    /// Where it is, to come back to within the same object.
    pub(crate) fn place(&self) -> usize {
        self.at
    }

    /// Goes on from a place where it was.
    pub(crate) fn go_to(&mut self, place: usize) {
        self.at = place;
    }

    /// Whether nothing stands behind this place.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.peek().is_none() && self.at == self.text.len()
    }

    /// An object: `each` is called behind every key, and must go on behind its value.
    #[inline]
    pub(crate) fn object(&mut self, mut each: impl FnMut(&mut Self, Key<'t>) -> Option<()>) -> Option<()> {
        let first = self.keys.len();
        self.fields(|scan, text| {
            let key = Key::new(text);
            let others = scan.keys.get(first..)?;
            if others.len() < FEW && others.contains(&key) {
                return None;
            }
            scan.keys.push(key);
            each(scan, key)
        })?;
        let keys = self.keys.get_mut(first..)?;
        if keys.len() > FEW {
            keys.sort_unstable_by_key(|key| key.text);
            if keys.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
                return None;
            }
        }
        self.keys.truncate(first);
        Some(())
    }

    /// The same, where `each` sees to it that no key stands there twice.
    #[inline]
    pub(crate) fn fields(&mut self, mut each: impl FnMut(&mut Self, &'t [u8]) -> Option<()>) -> Option<()> {
        self.open(b'{')?;
        if self.peek()? != b'}' {
            loop {
                let (key, is_plain) = self.quoted()?;
                if !is_plain {
                    return None;
                }
                let key = self.text.as_bytes().get(key)?;
                self.take(b':')?;
                each(self, key)?;
                match self.peek()? {
                    b',' => self.at += 1,
                    b'}' => break,
                    _ => return None,
                }
            }
        }
        self.close();
        Some(())
    }

    /// A list: `each` is called before every element, and must go on behind it.
    #[inline]
    pub(crate) fn list(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.open(b'[')?;
        if self.peek()? != b']' {
            loop {
                each(self)?;
                match self.peek()? {
                    b',' => self.at += 1,
                    b']' => break,
                    _ => return None,
                }
            }
        }
        self.close();
        Some(())
    }

    /// A string.
    #[inline]
    pub(crate) fn string(&mut self) -> Option<Cow<'t, str>> {
        self.peek()?;
        let start = self.at;
        let (text, is_plain) = self.quoted()?;
        if is_plain {
            return self.text.get(text).map(Cow::Borrowed);
        }
        let quoted = self.text.get(start..self.at)?;
        serde_json::from_str(quoted).ok().map(Cow::Owned)
    }

    /// A value; its keys are shared with those that were read before.
    pub(crate) fn value(&mut self, keys: &mut Keys) -> Option<Value> {
        Some(match self.peek()? {
            b'"' => Value::String(self.string()?.into()),
            b'-' | b'0'..=b'9' => Value::Number(self.written()?.number()?),
            b'{' => {
                let mut entries = Vec::new();
                self.object(|scan, key| {
                    entries.push((keys.shared(str::from_utf8(key.text).ok()?), scan.value(keys)?));
                    Some(())
                })?;
                Value::Object(Object::of_different(entries))
            }
            b'[' => {
                let mut items = Vec::new();
                self.list(|scan| {
                    items.push(scan.value(keys)?);
                    Some(())
                })?;
                Value::List(items)
            }
            b't' => self.word("true").map(|()| Value::Bool(true))?,
            b'f' => self.word("false").map(|()| Value::Bool(false))?,
            _ => self.word("null").map(|()| Value::Null)?,
        })
    }

    /// Passes over a value, which must be one that can be taken.
    pub(crate) fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.quoted().map(|_| ()),
            b'-' | b'0'..=b'9' => self.written()?.is_number(),
            b'{' => self.object(|scan, _| scan.skip()),
            b'[' => self.list(Self::skip),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            _ => self.word("null"),
        }
    }

    /// What comes next, behind white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            match byte {
                b'!'.. => return Some(byte),
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                _ => return None,
            }
        }
    }

    #[inline]
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn open(&mut self, bracket: u8) -> Option<()> {
        self.take(bracket)?;
        self.depth += 1;
        (self.depth <= DEPTH).then_some(())
    }

    /// Behind a bracket that was seen.
    fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        rest.starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    /// Where what stands in quotes begins and ends, and whether it stands there as it is: without escapes.
    #[inline(always)]
    fn quoted(&mut self) -> Option<(Range<usize>, bool)> {
        self.take(b'"')?;
        let start = self.at;
        let mut rest = self.text.as_bytes().get(start..)?;
        while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
            let word = u64::from_le_bytes(*chunk);
            let found = specials(word);
            if found != 0 {
                let bit = found.trailing_zeros() & !7;
                let end = self.at + bit as usize / 8;
                if (word >> bit) & 0xff != u64::from(b'"') {
                    break;
                }
                self.at = end + 1;
                return Some((start..end, true));
            }
            self.at += 8;
            rest = behind;
        }
        self.quoted_from(start)
    }

    /// The rest of one that has escapes, or stands at the end of the text.
    #[cold]
    #[inline(never)]
    fn quoted_from(&mut self, start: usize) -> Option<(Range<usize>, bool)> {
        let mut is_plain = true;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            match rest.first()? {
                b'"' => {
                    self.at += 1;
                    return Some((start..self.at - 1, is_plain));
                }
                b'\\' => {
                    is_plain = false;
                    self.escape()?;
                }
                ..b' ' => return None,
                _ => self.at += 1,
            }
        }
    }

    /// Passes over an escape that is a character by itself.
    fn escape(&mut self) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at + 1..)?;
        match rest.first()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'u' => {
                let digits = rest.get(1..5)?;
                let mut digits = digits.iter().map(|digit| char::from(*digit).to_digit(16));
                let unit = digits.try_fold(0, |unit, digit| Some(unit * 16 + digit?))?;
                char::from_u32(unit)?;
                self.at += 6;
            }
            _ => return None,
        }
        Some(())
    }

    /// A number in the form that JSON has.
    fn written(&mut self) -> Option<Written<'t>> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let unsigned = rest.strip_prefix(b"-").unwrap_or(rest);
        let (mut digits, mut count, mut decimals) = (0u64, 0, 0);
        let mut left = unsigned;
        while let Some((digit @ b'0'..=b'9', behind)) = left.split_first() {
            digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            count += 1;
            left = behind;
        }
        if count == 0 || (count > 1 && unsigned.starts_with(b"0")) {
            return None;
        }
        if let Some(mut fraction) = left.strip_prefix(b".") {
            while let Some((digit @ b'0'..=b'9', behind)) = fraction.split_first() {
                digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
                decimals += 1;
                fraction = behind;
            }
            if decimals == 0 {
                return None;
            }
            left = fraction;
        }
        let has_exponent = matches!(left.first(), Some(b'e' | b'E'));
        if has_exponent {
            let exponent = left.get(1..)?;
            let exponent = match exponent.first() {
                Some(b'+' | b'-') => exponent.get(1..)?,
                _ => exponent,
            };
            let length = exponent.iter().take_while(|byte| byte.is_ascii_digit()).count();
            left = exponent.get(length..).filter(|_| length > 0)?;
        }
        let start = self.at;
        self.at += rest.len() - left.len();
        Some(Written {
            text: self.text.get(start..self.at)?,
            digits,
            count: count + decimals,
            decimals,
            has_exponent,
        })
    }
}

impl Written<'_> {
    fn number(&self) -> Option<Number> {
        let power = POWERS.get(self.decimals);
        if let Some(power) = power.filter(|_| !self.has_exponent && self.count <= DIGITS) {
            let negative = self.text.starts_with('-');
            if self.decimals == 0 {
                let whole = i64::try_from(self.digits).ok()?;
                return Some(Number::from(if negative { -whole } else { whole }));
            }
            // Both are doubles, so what comes of dividing them is the nearest double.
            #[expect(clippy::cast_precision_loss, reason = "of fifteen digits at the most")]
            let value = self.digits as f64 / power;
            return Number::from_f64(if negative { -value } else { value });
        }
        Number::parse(self.text)
    }

    /// Whether it is within the doubles.
    fn is_number(&self) -> Option<()> {
        let is_within = !self.has_exponent && self.text.len() <= SHORT;
        (is_within || self.number().is_some()).then_some(())
    }
}

/// A bit in the lowest byte of the eight that is a quote, a backslash or a control character; what is above it says nothing.
fn specials(word: u64) -> u64 {
    const fn all(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    // Taking one from a zero, or 32 from less, sets the highest bit, which no ASCII character has.
    let quote = (word ^ all(b'"')).wrapping_sub(all(1));
    let backslash = (word ^ all(b'\\')).wrapping_sub(all(1));
    let control = word.wrapping_sub(all(b' '));
    (quote | backslash | control) & !word & all(0x80)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::parse;
    use super::*;

    fn value(text: &str) -> Option<Value> {
        let mut scan = Scan::new(text);
        let value = scan.value(&mut Keys::few())?;
        scan.is_at_end().then_some(value)
    }

    fn skip(text: &str) -> bool {
        let mut scan = Scan::new(text);
        scan.skip().is_some() && scan.is_at_end()
    }

    #[test]
    fn what_is_plain_is_taken() {
        for text in [
            r#" { "a" : [ 1 , -2.5e3 , "x\n\u00e9\/ü" , { } ] , "b" : { "a" : true , "c" : [ ] } } "#,
            r#"[0, -0, 0.1, 123456789012345, 12345678901234.5, 1234567890123456, 0.0000000000000001, 1e-400, 18446744073709551616]"#,
            "null",
            "false",
            r#""""#,
        ] {
            assert_eq!(value(text).map(Ok), Some(parse(text)), "{text}");
            assert!(skip(text), "{text}");
        }
        let many: Vec<String> = (0..100).map(|at| format!("\"key-{at}\":{at}")).collect();
        assert!(skip(&format!("{{{}}}", many.join(","))));
    }

    #[test]
    fn what_is_refused_as_a_value_is_not_taken() {
        let many: Vec<String> = (0..100).map(|at| format!("\"key-{}\":{at}", at % 99)).collect();
        let many = format!("{{{}}}", many.join(","));
        for bad in [
            "",
            "{} x",
            "1e999",
            "-",
            "01",
            "-01",
            "1.",
            ".5",
            "+1",
            "1e",
            "1e+",
            "nul",
            "[1,]",
            "[,1]",
            "{\"a\":1,}",
            "{'a':1}",
            "{\"a\" 1}",
            "{a:1}",
            r#""\ud800""#,
            r#""\u00""#,
            r#""\x""#,
            r#"""#,
            "\"\u{1}\"",
            "\"1234567\u{1f}\"",
            "[1}",
            "{\"a\":1]",
            "\u{feff}1",
            "1\u{a0}",
            "1\u{c}",
            r#"{"a":1,"a":2}"#,
            r#"[{"b":{"a":1,"b":2,"a":3}}]"#,
            &"9".repeat(400),
            &many,
        ] {
            assert!(parse(bad).is_err(), "{bad}");
            assert_eq!(value(bad), None, "{bad}");
            assert!(!skip(bad), "{bad}");
        }
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(skip(&nested(32)) && !skip(&nested(33)) && !skip(&nested(1_000_000)));
    }

    /// A text that is almost JSON.
    fn almost() -> impl Strategy<Value = String> {
        let parts = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\"a\"",
            "\"a\":",
            "\"b\":",
            "\"bcdefghijk\"",
            "0",
            "1",
            "-",
            ".",
            "5",
            "e",
            "E+",
            "true",
            "null",
            " ",
            "\n",
            "\\",
            "\\n",
            "\\u",
            "00e9",
            "d800",
            "ü",
            "{\"a\":1}",
            "[1.5]",
            "12345678",
            "9007199254740993",
        ]);
        prop::collection::vec(parts, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_taken_is_what_it_is_as_a_value(text in almost()) {
            let parsed = parse(&text);
            if let Some(value) = value(&text) {
                prop_assert_eq!(Ok(value), parsed.clone());
            }
            prop_assert!(!skip(&text) || parsed.is_ok(), "{}", text);
        }

        #[test]
        fn numbers_are_those_that_are_written(whole in "(0|[1-9][0-9]{0,20})", fraction in "(\\.[0-9]{1,20})?", exponent in "(e-?[0-9]{1,3})?") {
            for sign in ["", "-"] {
                let text = format!("{sign}{whole}{fraction}{exponent}");
                let parsed = parse(&text);
                prop_assert_eq!(value(&text), parsed.clone().ok(), "{}", text);
                prop_assert_eq!(skip(&text), parsed.is_ok(), "{}", text);
            }
        }
    }
}
